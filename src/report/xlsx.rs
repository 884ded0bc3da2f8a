//! XLSX: headings that stay in sight, dates that are dates, numbers that are numbers.

use super::ReportError;
use super::sheet::{Cell, Column, Sheet, safe};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet};

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
    page.set_name(sheet.name)?;
    page.set_freeze_panes(1, 0)?;
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    page.set_row_height(0, LINE_POINTS * heading_lines(sheet))?;
    for (at, column) in (0_u16..).zip(&sheet.columns) {
        page.set_column_width(at, column.width)?;
        page.write_string_with_format(0, at, column.heading, &formats.heading)?;
    }
    for (line, row) in (1_u32..).zip(&sheet.rows) {
        for (at, cell) in (0_u16..).zip(row) {
            put(page, line, at, cell, formats)?;
        }
    }
    let last_row = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
    let last_column = u16::try_from(sheet.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    page.autofilter(0, 0, last_row, last_column)?;
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
