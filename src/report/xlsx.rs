//! XLSX: headings that stay in sight, dates that are dates, numbers that are numbers.

use super::ReportError;
use super::sheet::{Cell, Column, Sheet, safe};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet};
use std::io::Cursor;
use std::io::Seek;
use std::io::Write;

/// Height of a line of the heading.
const LINE_POINTS: u16 = 16;

/// Longest text of a cell, characters.
const LONGEST: usize = 32_767;

/// One worksheet a table, printed across on paper.
///
/// # Errors
/// [`ReportError::Workbook`] for a name or a size no workbook can have.
pub fn xlsx(sheets: &[Sheet]) -> Result<Vec<u8>, ReportError> {
    let mut workbook = Workbook::new();
    let formats = Formats::new();
    for sheet in sheets {
        write(workbook.add_worksheet(), sheet, &formats)?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// A workbook of one worksheet that is as long as it likes: its rows wait in a temporary file, not in memory.
pub struct LongBook {
    workbook: Workbook,
    formats: Formats,
    columns: usize,
    lines: u32,
}

impl LongBook {
    /// With the headings and the rows of `sheet`.
    ///
    /// # Errors
    /// As [`xlsx`].
    pub fn begin(sheet: &Sheet) -> Result<Self, ReportError> {
        let (mut workbook, formats) = (Workbook::new(), Formats::new());
        head(workbook.add_worksheet_with_constant_memory()?, sheet, &formats)?;
        let mut book = Self { workbook, formats, columns: sheet.columns.len(), lines: 0 };
        book.append(&sheet.rows)?;
        Ok(book)
    }

    /// Further rows.
    ///
    /// # Errors
    /// As [`xlsx`]; a worksheet has 1,048,576 lines.
    pub fn append(&mut self, rows: &[Vec<Cell>]) -> Result<(), ReportError> {
        let page = self.workbook.worksheet_from_index(0)?;
        self.lines = put_rows(page, self.lines, rows, &self.formats)?;
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    /// As [`xlsx`].
    pub fn finish(self) -> Result<Vec<u8>, ReportError> {
        let mut bytes = Cursor::new(Vec::new());
        self.finish_into(&mut bytes)?;
        Ok(bytes.into_inner())
    }

    /// The whole file, into `out`.
    ///
    /// # Errors
    /// As [`xlsx`].
    pub fn finish_into(mut self, out: impl Write + Seek + Send) -> Result<(), ReportError> {
        filter(self.workbook.worksheet_from_index(0)?, self.lines, self.columns)?;
        Ok(self.workbook.save_to_writer(out)?)
    }
}

struct Formats {
    heading: Format,
    text: Format,
    count: Format,
    tenths: Format,
    date: Format,
}

impl Formats {
    fn new() -> Self {
        let cell = || Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::Top);
        Self {
            heading: cell().set_bold().set_text_wrap().set_background_color("#E8EDF3").set_align(FormatAlign::Center),
            text: cell().set_text_wrap(),
            count: cell().set_num_format("0"),
            tenths: cell().set_num_format("0.0"),
            date: cell().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Center),
        }
    }
}

fn write(page: &mut Worksheet, sheet: &Sheet, formats: &Formats) -> Result<(), ReportError> {
    head(page, sheet, formats)?;
    let lines = put_rows(page, 0, &sheet.rows, formats)?;
    filter(page, lines, sheet.columns.len())
}

fn head(page: &mut Worksheet, sheet: &Sheet, formats: &Formats) -> Result<(), ReportError> {
    page.set_name(sheet.name)?;
    page.set_freeze_panes(1, 0)?;
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    page.set_row_height(0, LINE_POINTS * heading_lines(sheet))?;
    for (at, column) in (0_u16..).zip(&sheet.columns) {
        page.set_column_width(at, column.width)?;
        page.write_string_with_format(0, at, column.heading, &formats.heading)?;
    }
    Ok(())
}

/// Puts rows below the `before` that are there; how many there are then.
fn put_rows(page: &mut Worksheet, before: u32, rows: &[Vec<Cell>], formats: &Formats) -> Result<u32, ReportError> {
    let mut line = before;
    for row in rows {
        line = line.saturating_add(1);
        for (at, cell) in (0_u16..).zip(row) {
            put(page, line, at, cell, formats)?;
        }
    }
    Ok(line)
}

fn filter(page: &mut Worksheet, lines: u32, columns: usize) -> Result<(), ReportError> {
    let last_column = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
    page.autofilter(0, 0, lines, last_column)?;
    Ok(())
}

/// Lines the longest heading needs in its column.
fn heading_lines(sheet: &Sheet) -> u16 {
    let lines = |column: &Column| {
        let digits = column.heading.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<u16>();
        digits.div_ceil(column.width.max(1))
    };
    sheet.columns.iter().map(lines).max().unwrap_or(1).max(1)
}

fn put(page: &mut Worksheet, line: u32, at: u16, cell: &Cell, formats: &Formats) -> Result<(), ReportError> {
    match cell {
        Cell::Empty => page.write_blank(line, at, &formats.text)?,
        Cell::Text(text) => {
            let text: String = safe(text).chars().take(LONGEST).collect();
            page.write_string_with_format(line, at, text, &formats.text)?
        }
        Cell::Count(count) => page.write_number_with_format(line, at, *count, &formats.count)?,
        Cell::Tenths(tenths) => page.write_number_with_format(line, at, f64::from(*tenths) / 10.0, &formats.tenths)?,
        Cell::Date(day) => page.write_datetime_with_format(line, at, *day, &formats.date)?,
    };
    Ok(())
}
