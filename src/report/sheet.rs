//! A table before it has a format.

use chrono::NaiveDate;
use std::borrow::Cow;

/// A table with its heading line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Name, at most 31 characters and without `[]:*?/\`.
    pub name: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as the columns are.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// Its width, in digits of the standard font; a Chinese character takes two.
    pub width: u16,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Count(u32),
    /// A number with one decimal, in tenths.
    Tenths(u32),
    /// A civil day.
    Date(NaiveDate),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Date(day)
    }
}

impl From<bool> for Cell {
    fn from(is: bool) -> Self {
        Self::from(if is { "是" } else { "否" })
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe in front. The full-width signs
/// begin a formula too where East Asian input methods are used.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    let is_risky =
        |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(is_risky) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}
