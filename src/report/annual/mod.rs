//! The annual report's tables: the three official forms, published tables as they were printed, and the checker of both.

pub mod check;
pub mod form;
pub mod published;

pub use check::{Checked, Finding, Rule, check, check_years};
pub use form::Form;
pub use published::{Figure, Published, Unreadable};
