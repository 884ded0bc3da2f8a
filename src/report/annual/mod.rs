//! The annual report's tables: the three official forms, published tables as they were printed, and the checker of both.

pub mod breakdown;
pub mod check;
pub mod count;
mod csv;
mod docx;
pub mod figures;
pub mod form;
pub mod form_2014;
#[cfg(test)]
mod formats;
mod html;
pub mod layout;
mod prose;
pub mod published;
mod report;
#[cfg(test)]
mod tests;
mod xlsx;

pub use breakdown::{Mix, TopicCount};
pub use check::{Checked, Finding, Rule, check, check_years};
pub use count::{Period, Selector, Table, TableLine, When, is_in_remedy_cell, selector, table_four, table_three};
pub use csv::{csv, read_file, read_file_within};
pub use docx::docx;
pub use figures::OwnFigures;
pub use form::Form;
pub use html::html;
pub use published::{Figure, Published, UnreadableReport};
pub use report::{Counted, OrganName, Parts, Previous, Report};
pub use xlsx::{title, xlsx};
