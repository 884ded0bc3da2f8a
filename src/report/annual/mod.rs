//! The annual report's tables: the three official forms, published tables as they were printed, and the checker of both.

mod book;
pub mod check;
pub mod count;
mod document;
pub mod figures;
pub mod form;
#[cfg(test)]
mod formats;
pub mod layout;
pub mod mix;
mod page;
mod prose;
pub mod published;
mod records;
pub mod sheet;
#[cfg(test)]
mod tests;
mod whole;

pub use book::{book, title};
pub use check::{Checked, Finding, Rule, check, check_years};
pub use count::{Line, Period, Selector, Table, When, is_in_remedy_cell, selector, table_four, table_three};
pub use document::document;
pub use figures::OwnFigures;
pub use form::Form;
pub use mix::{Mix, TopicCount};
pub use page::page;
pub use published::{Figure, Published, Unreadable};
pub use records::{csv, read_file, read_file_within};
pub use whole::{Counted, OrganName, Parts, Previous, Report};
