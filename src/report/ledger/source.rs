//! The rows of a ledger file: CSV in the encodings offices use, or all sheets of an XLSX. Rows are passed on one by
//! one, in as many passes as the reader needs. The file is in memory, its rows are not.

use super::cell::RawCell;
use super::merged::{Merged, Spread};
use crate::report::files::{Allowance, Area, Caps, Value, Workbook, check_separated, foreign, is_zip};
pub use crate::report::files::{Fault, Unreadable};
use std::borrow::Cow;

/// Largest file, bytes.
pub const MOST_BYTES: usize = Caps::COMMAND.bytes;

/// Limit of merged cells per file.
const MOST_MERGED: usize = 100_000;

/// A ledger file: its bytes, how much of them may be read, and its name.
#[derive(Debug)]
pub struct LedgerFile<'a> {
    /// The bytes of the file.
    pub bytes: &'a [u8],
    /// Limits of one pass.
    pub allowance: Allowance,
    /// The name of the file, if it is known. Only recorded.
    pub name: Option<&'a str>,
}

impl<'a> From<&'a [u8]> for LedgerFile<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, allowance: Allowance::new(Caps::COMMAND), name: None }
    }
}

impl<'a> From<&'a Vec<u8>> for LedgerFile<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

/// A file whose rows can be read.
#[derive(Debug)]
pub struct Source<'a> {
    kind: Kind<'a>,
    allowance: Allowance,
}

#[derive(Debug)]
enum Kind<'a> {
    /// Separated text.
    Csv {
        /// The text, decoded.
        text: Cow<'a, str>,
        /// The separator of the cells.
        delimiter: u8,
        /// The name of the encoding.
        encoding: &'static str,
    },
    /// A workbook.
    Xlsx {
        /// Its bytes.
        bytes: &'a [u8],
        /// Its worksheets: name and merged cells.
        sheets: Vec<(String, Vec<Area>)>,
    },
}

/// A row that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRow {
    /// Index of its worksheet, from 0.
    pub sheet: usize,
    /// Its number, as a spreadsheet shows it.
    pub line: u32,
    /// Its cells from column A on. A cell covered by a merged cell above has the value of that.
    pub cells: Vec<RawCell>,
    /// The merged cells that cover the row.
    pub merged: Vec<Merged>,
}

/// Why reading the first rows of a sheet ended early.
enum Head {
    Enough,
    Unreadable(Unreadable),
}

impl From<Unreadable> for Head {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl<'a> Source<'a> {
    /// Detects the format of a file and checks it against the caps.
    ///
    /// # Errors
    /// [`Unreadable`] if the file is broken, too large, or not a ledger format; its text says what to do.
    pub fn of(file: impl Into<LedgerFile<'a>>) -> Result<Self, Unreadable> {
        let LedgerFile { bytes, allowance, .. } = file.into();
        allowance.file(bytes.len())?;
        if is_zip(bytes) {
            let pass = allowance.renewed();
            let mut book = Workbook::open(bytes, &pass)?;
            let names: Vec<String> = book.sheet_names().map(str::to_owned).collect();
            let mut sheets = Vec::with_capacity(names.len());
            let mut merged = 0_usize;
            for (sheet, name) in names.into_iter().enumerate() {
                let areas = book.areas(sheet)?;
                merged = merged.saturating_add(areas.len());
                if merged > MOST_MERGED {
                    let detail = format!("XLSX 的合并单元格超过{MOST_MERGED}处，请取消合并");
                    return Err(Unreadable::too_large(detail));
                }
                sheets.push((name, areas));
            }
            return Ok(Self { kind: Kind::Xlsx { bytes, sheets }, allowance });
        }
        if let Some(detail) = foreign(bytes) {
            return Err(Unreadable::new(detail));
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
        check_separated(text.as_bytes(), delimiter, &allowance.renewed())?;
        Ok(Self { kind: Kind::Csv { text, delimiter, encoding }, allowance })
    }

    /// The format in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Csv { encoding, .. } => format!("CSV（{encoding}）"),
            Kind::Xlsx { .. } => "XLSX".to_owned(),
        }
    }

    /// The names of the sheets. Separated text is one sheet without a name.
    #[must_use]
    pub fn sheets(&self) -> Vec<Option<&str>> {
        match &self.kind {
            Kind::Csv { .. } => vec![None],
            Kind::Xlsx { sheets, .. } => sheets.iter().map(|(name, _)| Some(name.as_str())).collect(),
        }
    }

    /// The first rows of each sheet, at most `most`, without empty ones.
    ///
    /// # Errors
    /// [`Unreadable`] if the file is broken or exceeds the allowance.
    pub fn heads(&self, most: usize) -> Result<Vec<Vec<RawRow>>, Unreadable> {
        let mut heads = vec![Vec::new(); self.sheets().len()];
        self.by_sheet(&mut |row: RawRow| {
            let Some(head) = heads.get_mut(row.sheet) else { return Err(Head::Enough) };
            head.push(row);
            if head.len() < most { Ok(()) } else { Err(Head::Enough) }
        })?;
        Ok(heads)
    }

    /// Passes the rows of all sheets that are not empty to `each`, until it fails.
    ///
    /// # Errors
    /// The error of `each`; [`Unreadable`] if the file is broken or exceeds the allowance.
    pub fn rows<E: From<Unreadable>>(&self, mut each: impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
        match &self.kind {
            Kind::Csv { .. } => self.csv(&mut each),
            // Each pass decompresses the file again.
            Kind::Xlsx { bytes, sheets } => {
                let pass = self.allowance.renewed();
                let mut book = Workbook::open(bytes, &pass)?;
                sheets.iter().enumerate().try_for_each(|(sheet, (_, areas))| xlsx(&mut book, sheet, areas, &mut each))
            }
        }
    }

    /// Like [`Source::rows`], but [`Head::Enough`] ends only the current sheet.
    fn by_sheet(&self, each: &mut impl FnMut(RawRow) -> Result<(), Head>) -> Result<(), Unreadable> {
        let go_on = |ended: Result<(), Head>| match ended {
            Ok(()) | Err(Head::Enough) => Ok(()),
            Err(Head::Unreadable(why)) => Err(why),
        };
        match &self.kind {
            Kind::Csv { .. } => go_on(self.csv(each)),
            Kind::Xlsx { bytes, sheets } => {
                let pass = self.allowance.renewed();
                let mut book = Workbook::open(bytes, &pass)?;
                sheets.iter().enumerate().try_for_each(|(sheet, (_, areas))| go_on(xlsx(&mut book, sheet, areas, each)))
            }
        }
    }

    fn csv<E: From<Unreadable>>(&self, each: &mut impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
        let Kind::Csv { text, delimiter, .. } = &self.kind else { return Ok(()) };
        csv_rows(text, *delimiter, |row| {
            self.allowance.go_on()?;
            each(row)
        })
    }
}

fn xlsx<E: From<Unreadable>>(
    book: &mut Workbook<'_>,
    sheet: usize,
    areas: &[Area],
    each: &mut impl FnMut(RawRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut spread = Spread::new(areas);
    book.each_row(sheet, |line, cells| {
        let cells = cells.into_iter().map(|value| value.map_or(RawCell::EMPTY, raw_cell)).collect();
        let (cells, merged) = spread.row(line, cells)?;
        give(RawRow { sheet, line, cells, merged }, each)
    })?;
    Ok(())
}

/// Decodes UTF-8 with or without a byte order mark, UTF-16 with one, else GB18030.
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
        let cells = record.iter().map(|cell| RawCell::Text(cell.to_owned())).collect();
        give(RawRow { sheet: 0, line: row, cells, merged: Vec::new() }, &mut each)?;
    }
}

/// Number of empty lines from a byte on. The csv reader skips them, but a spreadsheet counts them as rows.
fn blank_lines(text: &str, from: u64) -> u32 {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let (before, rest) = text.split_at_checked(from).unwrap_or((text, ""));
    // The second half of a line end is not a line of its own.
    let rest = if before.ends_with('\r') { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
    let run = rest.split(|letter| letter != '\r' && letter != '\n').next().unwrap_or_default();
    u32::try_from(run.matches('\n').count()).unwrap_or(u32::MAX)
}

fn give<E>(row: RawRow, each: &mut impl FnMut(RawRow) -> Result<(), E>) -> Result<(), E> {
    if row.cells.iter().all(RawCell::is_empty) { Ok(()) } else { each(row) }
}

fn raw_cell(value: Value) -> RawCell {
    match value {
        Value::Text(text) => RawCell::Text(text),
        Value::Number(number) => RawCell::Number(number),
        Value::Moment(_, Some(day)) => RawCell::Date(day),
        Value::Moment(serial, None) => RawCell::Unusable(serial.to_string()),
        Value::Is(is) => RawCell::Text(if is { "是" } else { "否" }.to_owned()),
        Value::Unusable(text) => RawCell::Unusable(text),
        Value::Uncomputed => RawCell::Uncomputed,
    }
}
