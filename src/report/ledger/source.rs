//! The bytes of a ledger as rows of cells: CSV in the encodings offices save it in, or XLSX. Rows are given one by one, as
//! often as somebody wants to go through them; the file is in memory, its rows are not.

use super::cell::RawCell;
use calamine::{DataRef, Reader, Xlsx, XlsxError};
use std::borrow::Cow;
use std::io::Cursor;
use std::io::Read;

/// Largest file, bytes.
pub const MOST_BYTES: usize = 256 << 20;
/// Most bytes a workbook may unfold to, and most times its own size.
const MOST_UNFOLDED: u64 = 1 << 30;
const MOST_RATIO: u64 = 200;
/// A small workbook may unfold to this much whatever its ratio.
const ALWAYS_UNFOLDED: u64 = 64 << 20;
/// Most columns of a row; what stands behind is not read.
const MOST_COLUMNS: u32 = 256;
/// Longest text of a cell, characters: that of a spreadsheet.
const LONGEST: usize = 32_767;

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// A file that can be gone through.
#[derive(Debug)]
pub enum Source<'a> {
    /// Separated text.
    Csv {
        /// The text, decoded.
        text: Cow<'a, str>,
        /// What separates the cells.
        delimiter: u8,
        /// The name of the encoding.
        encoding: &'static str,
    },
    /// A workbook, of which the first sheet with anything in it is read.
    Xlsx(&'a [u8]),
}

/// A row: its number in the file as a spreadsheet shows it, and its cells.
pub type RawRow = (u32, Vec<RawCell>);

impl<'a> Source<'a> {
    /// Looks what kind of file it is.
    ///
    /// # Errors
    /// [`Unreadable`], saying what to do.
    pub fn of(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        if bytes.len() > MOST_BYTES {
            return Err(Unreadable::new(format!("文件超过{}MB，请分成几个文件", MOST_BYTES >> 20)));
        }
        if bytes.starts_with(b"PK\x03\x04") {
            check_unfolding(bytes)?;
            return Ok(Self::Xlsx(bytes));
        }
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err(Unreadable::new("是旧版 Excel（.xls）或者加密的文件，请另存为 .xlsx 或者 CSV"));
        }
        let (text, encoding) = decode(bytes)?;
        if text.trim().is_empty() {
            return Err(Unreadable::new("文件是空的"));
        }
        if text.contains('\0') {
            return Err(Unreadable::new("不是 CSV 或者 XLSX 文件"));
        }
        let first = text.lines().next().unwrap_or_default();
        let count = |mark: char| first.matches(mark).count();
        let delimiter = match () {
            () if count('\t') > count(',') => b'\t',
            () if count(';') > count(',') => b';',
            () => b',',
        };
        Ok(Self::Csv { text, delimiter, encoding })
    }

    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Csv { encoding, .. } => format!("CSV（{encoding}）"),
            Self::Xlsx(_) => "XLSX".to_owned(),
        }
    }

    /// Goes through the rows that have anything in them, until `each` fails.
    ///
    /// # Errors
    /// What `each` returns, or [`Unreadable`] for a file that is broken.
    pub fn rows<E: From<Unreadable>>(&self, each: impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Csv { text, delimiter, .. } => csv_rows(text, *delimiter, each),
            Self::Xlsx(bytes) => xlsx_rows(bytes, each),
        }
    }
}

/// UTF-8 with or without its mark, UTF-16 with its mark, else GB18030.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), Unreadable> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, had_errors) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return if had_errors { Err(broken(encoding.name())) } else { Ok((text, encoding.name())) };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((Cow::Borrowed(text), "UTF-8"));
    }
    let (text, had_errors) = encoding_rs::GB18030.decode_without_bom_handling(bytes);
    if had_errors { Err(broken("UTF-8 或者 GB18030")) } else { Ok((text, "GB18030")) }
}

fn broken(encoding: &str) -> Unreadable {
    Unreadable::new(format!("不是完好的 {encoding} 文字，请用 UTF-8 另存为 CSV，或者用 XLSX"))
}

fn csv_rows<E: From<Unreadable>>(
    text: &str,
    delimiter: u8,
    mut each: impl FnMut(RawRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut row: u32 = 0;
    loop {
        let from = reader.position().byte();
        let is_more =
            reader.read_record(&mut record).map_err(|error| Unreadable::new(format!("CSV 已损坏：{error}")))?;
        if !is_more {
            return Ok(());
        }
        row = row.saturating_add(blank_lines(text, from)).saturating_add(1);
        give(row, record.iter().map(|cell| text_cell(cell.to_owned())).collect(), &mut each)?;
    }
}

/// Empty lines that the reader passes over from a byte on: a spreadsheet shows them as rows.
fn blank_lines(text: &str, from: u64) -> u32 {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let (before, rest) = text.split_at_checked(from).unwrap_or((text, ""));
    // The other half of a line's end is no line of its own.
    let rest = if before.ends_with('\r') { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
    let run = rest.split(|letter| letter != '\r' && letter != '\n').next().unwrap_or_default();
    u32::try_from(run.matches('\n').count()).unwrap_or(u32::MAX)
}

fn text_cell(mut text: String) -> RawCell {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    RawCell::Text(text)
}

fn give<E>(line: u32, cells: Vec<RawCell>, each: &mut impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
    if cells.iter().all(RawCell::is_empty) { Ok(()) } else { each((line, cells)) }
}

fn xlsx_rows<E: From<Unreadable>>(bytes: &[u8], mut each: impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
    let unreadable = |error: XlsxError| Unreadable::new(format!("XLSX 不能读取：{error}"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    for name in book.sheet_names() {
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
        let mut row: Option<(u32, Vec<RawCell>)> = None;
        let mut is_empty = true;
        while let Some(cell) = cells.next_cell().map_err(unreadable)? {
            let (at, column) = cell.get_position();
            if column >= MOST_COLUMNS {
                continue;
            }
            let value = value(cell.get_value());
            if value.is_empty() {
                continue;
            }
            is_empty = false;
            if row.as_ref().is_some_and(|(line, _)| *line != at) {
                let (line, cells) = row.take().unwrap_or_default();
                give(line.saturating_add(1), cells, &mut each)?;
            }
            let (_, line) = row.get_or_insert_with(|| (at, Vec::new()));
            let place = usize::try_from(column).unwrap_or_default();
            if line.len() <= place {
                line.resize(place + 1, RawCell::EMPTY);
            }
            if let Some(slot) = line.get_mut(place) {
                *slot = value;
            }
        }
        if let Some((line, cells)) = row {
            give(line.saturating_add(1), cells, &mut each)?;
        }
        if !is_empty {
            return Ok(());
        }
    }
    Ok(())
}

fn value(data: &DataRef<'_>) -> RawCell {
    match data {
        DataRef::Empty => RawCell::EMPTY,
        DataRef::String(text) => text_cell(text.clone()),
        DataRef::SharedString(text) => text_cell((*text).to_owned()),
        DataRef::Int(number) => RawCell::Text(number.to_string()),
        DataRef::Float(number) => RawCell::Number(*number),
        DataRef::Bool(is) => RawCell::Text(if *is { "是" } else { "否" }.to_owned()),
        DataRef::DateTime(moment) => match moment.as_datetime() {
            Some(moment) => RawCell::Date(moment.date()),
            None => RawCell::Unusable(moment.to_string()),
        },
        DataRef::DateTimeIso(text) => RawCell::Text(text.clone()),
        DataRef::DurationIso(text) => RawCell::Unusable(text.clone()),
        DataRef::Error(error) => RawCell::Unusable(error.to_string()),
    }
}

/// A workbook is an archive, and a small archive can hold a flood: every part is unfolded once and counted, whatever size
/// it claims.
pub(in crate::report) fn check_unfolding(bytes: &[u8]) -> Result<(), Unreadable> {
    let damaged = |error: &dyn std::fmt::Display| Unreadable::new(format!("XLSX 已损坏：{error}"));
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let most = MOST_UNFOLDED.min(size.saturating_mul(MOST_RATIO).max(ALWAYS_UNFOLDED));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut left = most;
    let mut buffer = [0_u8; 16 << 10];
    for place in 0..archive.len() {
        let mut part = archive.by_index(place).map_err(|error| damaged(&error))?;
        loop {
            let read = part.read(&mut buffer).map_err(|error| damaged(&error))?;
            if read == 0 {
                break;
            }
            left = left
                .checked_sub(u64::try_from(read).unwrap_or(u64::MAX))
                .ok_or_else(|| Unreadable::new(format!("XLSX 展开后超过{}MB，不予读取", most >> 20)))?;
        }
    }
    Ok(())
}
