//! A table before it has a format.

use crate::case::text::{is_ignorable, is_outside_xml};
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

/// The content of a cell.
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

impl From<&Cow<'_, str>> for Cell {
    fn from(text: &Cow<'_, str>) -> Self {
        Self::Text(text.clone().into_owned())
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

/// Text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe in front, whatever invisible
/// characters precede it. The full-width signs begin a formula too where East Asian input methods are used. What no XML file
/// can hold is replaced.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    let is_risky =
        |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let text = for_xml(text);
    let first = text.chars().find(|letter| !is_ignorable(*letter));
    if first.is_some_and(is_risky) { Cow::Owned(format!("'{text}")) } else { text }
}

/// Text that an XML file can hold: a character it cannot becomes U+FFFD. New text has none; this is for what a database held
/// before.
#[must_use]
pub fn for_xml(text: &str) -> Cow<'_, str> {
    if text.contains(is_outside_xml) {
        Cow::Owned(text.replace(is_outside_xml, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
