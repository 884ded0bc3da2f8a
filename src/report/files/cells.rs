//! The cells of a worksheet, row by row. Only one row is in memory, up to its last cell with content.

use super::caps::{Allowance, Unreadable};
use super::package::{Node, Part, attribute};
use super::styles::{Shown, day_of};
use super::workbook::{Context, plain_text, rich_text, unescaped};
use chrono::NaiveDate;
use quick_xml::events::BytesStart;

/// Rows of a worksheet in all spreadsheet programs.
const LAST_ROW: u32 = 1_048_576;
/// Columns of a worksheet in all spreadsheet programs (XFD).
const LAST_COLUMN: u32 = 16_384;
/// Longest text of a whole row, bytes.
const MOST_ROW_TEXT: usize = 512 << 10;

/// The content of a cell. For a formula, the value stored when the file was saved.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number; always finite.
    Number(f64),
    /// A number that is shown as a date, a time or a duration, and the day it would be as a date, if there is one.
    Moment(f64, Option<NaiveDate>),
    /// True or false.
    Is(bool),
    /// Content without a usable value, such as an error or an infinite number, with its text.
    Unusable(String),
    /// A formula without a stored value, written by a program that does not compute.
    Uncomputed,
}

/// How a cell stores its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No type, or `n`.
    Number {
        is_named: bool,
    },
    Shared,
    Inline,
    /// Text: `str` is a formula's result, `d` a date as text.
    Text,
    Bool,
    Error,
}

impl Kind {
    fn of(name: Option<&str>) -> Option<Self> {
        Some(match name {
            None => Self::Number { is_named: false },
            Some("n") => Self::Number { is_named: true },
            Some("s") => Self::Shared,
            Some("inlineStr" | "is") => Self::Inline,
            Some("str" | "d") => Self::Text,
            Some("b") => Self::Bool,
            Some("e") => Self::Error,
            Some(_) => return None,
        })
    }
}

/// The row being read.
#[derive(Debug, Default)]
struct Row {
    number: u32,
    /// Whether the row element states its number.
    is_numbered: bool,
    /// The column of the last cell, counted from 1.
    column: u32,
    text: usize,
    cells: Vec<Option<Value>>,
}

/// Implements [`super::Workbook::each_row`].
pub(super) fn read_rows<E: From<Unreadable>>(
    mut part: Part<'_>,
    context: &Context,
    allowance: &Allowance,
    mut each: impl FnMut(u32, Vec<Option<Value>>) -> Result<(), E>,
) -> Result<bool, E> {
    let mut sheet: Option<u32> = None;
    let mut row = Row::default();
    let mut has_any = false;
    let mut text = String::new();
    loop {
        match part.next()? {
            Node::Open(start, depth) => match (start.local_name().as_ref(), sheet) {
                ("sheetData", None) => sheet = Some(depth),
                ("row", Some(outer)) if depth == outer + 1 => row = begun(&start, row.number)?,
                ("c", Some(outer)) if depth == outer + 2 => {
                    let cell = Head::of(&start, &row)?;
                    row.place(&cell)?;
                    if let Some(value) = cell.value(&mut part, context, &mut text)? {
                        row.put(&cell, value, allowance)?;
                    }
                }
                _ => {}
            },
            Node::Close(depth) if sheet.is_some_and(|outer| depth == outer + 1) => {
                if !row.cells.is_empty() {
                    has_any = true;
                    allowance.row()?;
                    each(row.number, std::mem::take(&mut row.cells))?;
                }
            }
            Node::Close(_) | Node::Text(_) => {}
            // Only a part that was read to its end is known to be complete.
            Node::End if sheet.is_some() => return Ok(has_any),
            Node::End => return Err(part.fault(&"不是工作表").into()),
        }
    }
}

fn broken(why: String) -> Unreadable {
    Unreadable::new(format!("XLSX 已损坏，请用 Excel 或者 WPS 打开后重新另存：{why}"))
}

/// Starts the row after row `last`.
fn begun(start: &BytesStart<'_>, last: u32) -> Result<Row, Unreadable> {
    let given = attribute(start, "r")?;
    let number = match &given {
        Some(given) => given.parse().ok().filter(|number| (1..=LAST_ROW).contains(number)).ok_or_else(|| {
            let given: String = given.chars().take(20).collect();
            broken(format!("没有第“{given}”行，工作表至多{LAST_ROW}行"))
        })?,
        None => last.saturating_add(1),
    };
    if number <= last || number > LAST_ROW {
        return Err(broken(format!("第{number}行出现在第{last}行之后")));
    }
    Ok(Row { number, is_numbered: given.is_some(), ..Row::default() })
}

/// The attributes of a cell element.
#[derive(Debug)]
struct Head {
    row: u32,
    /// Counted from 1.
    column: u32,
    kind: Kind,
    style: Option<usize>,
}

impl Head {
    fn of(start: &BytesStart<'_>, row: &Row) -> Result<Self, Unreadable> {
        let (at, column) = match attribute(start, "r")? {
            Some(given) => place_of(&given).ok_or_else(|| {
                let given: String = given.chars().take(20).collect();
                broken(format!("没有单元格“{given}”"))
            })?,
            None => (row.number, row.column.saturating_add(1)),
        };
        let kind = attribute(start, "t")?;
        let kind = Kind::of(kind.as_deref()).ok_or_else(|| broken(format!("第{at}行有单元格的类型不明")))?;
        let style = attribute(start, "s")?.and_then(|style| style.parse().ok());
        Ok(Self { row: at, column, kind, style })
    }

    /// Reads the content of the cell, up to the end of its element.
    fn value(&self, part: &mut Part<'_>, context: &Context, text: &mut String) -> Result<Option<Value>, Unreadable> {
        let outer = part.depth();
        let mut value = None;
        let (mut is_formula, mut is_text) = (false, false);
        loop {
            let is_inline = match part.next()? {
                Node::Open(start, depth) if depth == outer + 1 => match start.local_name().as_ref() {
                    "v" if self.kind != Kind::Inline => false,
                    "is" => true,
                    "f" => {
                        is_formula = true;
                        continue;
                    }
                    // Elements of later editions of the format are skipped.
                    _ => continue,
                },
                // An empty text is a formula's value too.
                Node::Close(depth) if depth == outer && is_formula && !is_text => {
                    return Ok(value.or(Some(Value::Uncomputed)));
                }
                Node::Close(depth) if depth == outer => return Ok(value),
                Node::Open(..) | Node::Close(_) | Node::Text(_) => continue,
                Node::End => return Err(part.fault(&"没有写完")),
            };
            value = if is_inline {
                text.clear();
                rich_text(part, text)?;
                (!text.is_empty()).then(|| Value::Text(text.clone()))
            } else {
                plain_text(part, text)?;
                is_text = matches!(self.kind, Kind::Text | Kind::Shared);
                self.said(text, context)?
            };
        }
    }

    /// The value that the text of a `v` element stands for.
    fn said(&self, text: &str, context: &Context) -> Result<Option<Value>, Unreadable> {
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self.kind {
            Kind::Number { is_named } => self.number(text, is_named, context),
            Kind::Shared => {
                let string = text.trim().parse().ok().and_then(|at| context.strings.get(at));
                let string = string.ok_or_else(|| broken(format!("第{}行引用了没有的共享字符串", self.row)))?;
                if string.is_empty() {
                    return Ok(None);
                }
                Value::Text(string.to_owned())
            }
            Kind::Inline => return Ok(None),
            Kind::Text => Value::Text(unescaped(text)),
            Kind::Bool => match text.trim().to_ascii_lowercase().as_str() {
                "1" | "true" => Value::Is(true),
                "0" | "false" => Value::Is(false),
                other => Value::Unusable(other.to_owned()),
            },
            Kind::Error => Value::Unusable(text.to_owned()),
        }))
    }

    fn number(&self, text: &str, is_named: bool, context: &Context) -> Value {
        let shown = context.styles.shown(self.style);
        match text.trim().parse::<f64>() {
            Ok(number) if !number.is_finite() => Value::Unusable(text.to_owned()),
            Ok(number) if shown == Shown::Number => Value::Number(number),
            Ok(number) => Value::Moment(number, day_of(number, context.is_1904)),
            Err(_) if is_named => Value::Unusable(text.to_owned()),
            Err(_) => Value::Text(text.to_owned()),
        }
    }
}

impl Row {
    /// Moves on to a cell, which must be behind the last one.
    fn place(&mut self, cell: &Head) -> Result<(), Unreadable> {
        if !self.is_numbered && self.column == 0 && cell.row > self.number {
            self.number = cell.row;
        }
        if cell.row != self.number || cell.column <= self.column {
            let name = cell_name(cell.column, cell.row);
            return Err(broken(format!("单元格{name}重复，或者次序颠倒")));
        }
        self.column = cell.column;
        Ok(())
    }

    fn put(&mut self, cell: &Head, value: Value, allowance: &Allowance) -> Result<(), Unreadable> {
        let most = allowance.caps().columns;
        if cell.column > most {
            let (name, last) = (cell_name(cell.column, cell.row), column_name(most));
            let detail = format!("单元格{name}有内容，只读取前{most}列（至{last}列），请删去后面的列");
            return Err(Unreadable::too_large(detail));
        }
        allowance.cells(1)?;
        if let Value::Text(text) | Value::Unusable(text) = &value {
            allowance.cell_text(text.len())?;
            self.text = self.text.saturating_add(text.len());
        }
        if self.text > MOST_ROW_TEXT {
            let detail = format!("第{}行的文字超过{}KB，请缩短", self.number, MOST_ROW_TEXT >> 10);
            return Err(Unreadable::too_large(detail));
        }
        let place = usize::try_from(cell.column.saturating_sub(1)).unwrap_or_default();
        self.cells.resize_with(place, || None);
        self.cells.push(Some(value));
        Ok(())
    }
}

/// Row and column, both counted from 1, of a cell name such as `B7`.
pub(super) fn place_of(name: &str) -> Option<(u32, u32)> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = name.split_at_checked(letters)?;
    if !(1..=3).contains(&column.len()) || row.len() > 7 || !row.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digit = |letter: u8| u32::from(letter.to_ascii_uppercase() - b'A') + 1;
    let column = column.bytes().fold(0, |column, letter| column * 26 + digit(letter));
    let row: u32 = row.parse().ok()?;
    ((1..=LAST_ROW).contains(&row) && column <= LAST_COLUMN).then_some((row, column))
}

/// The letters of a column number, counted from 1.
#[must_use]
pub fn column_name(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while let Some(last) = rest.checked_sub(1) {
        letters.extend(char::from_digit(last % 26 + 10, 36));
        rest = last / 26;
    }
    letters.iter().rev().map(char::to_ascii_uppercase).collect()
}

fn cell_name(column: u32, row: u32) -> String {
    format!("{}{row}", column_name(column))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn cells_have_the_names_of_spreadsheets_and_no_others() {
        for (name, place) in [("A1", (1, 1)), ("b7", (7, 2)), ("AA10", (10, 27)), ("XFD1048576", (1_048_576, 16_384))] {
            assert_eq!(place_of(name), Some(place));
            assert_eq!(cell_name(place.1, place.0), name.to_ascii_uppercase());
        }
        for none in
            ["", "A", "1", "A0", "A1048577", "XFE1", "AAAA1", "A99999999999", "A-1", "A1B", "$A$1", "甲1", "A１"]
        {
            assert_eq!(place_of(none), None, "{none}");
        }
    }
}
