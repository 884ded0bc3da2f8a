//! CSV as spreadsheets open it: UTF-8 with its mark, lines ended by CR LF.

use super::ReportError;
use super::sheet::{Cell, Sheet, safe};
use std::borrow::Cow;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// The table as CSV.
///
/// # Errors
/// [`ReportError::Csv`] when a row is not as long as the heading.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, ReportError> {
    let mut builder = csv::WriterBuilder::new();
    let mut writer = builder.terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
    writer.write_record(sheet.columns.iter().map(|column| column.heading))?;
    write(writer, &sheet.rows)
}

/// More rows of a table whose heading is written already: for tables that are too long to be held.
///
/// # Errors
/// [`ReportError::Csv`] when the rows are not equally long.
pub fn csv_rows(rows: &[Vec<Cell>]) -> Result<Vec<u8>, ReportError> {
    write(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new()), rows)
}

fn write(mut writer: csv::Writer<Vec<u8>>, rows: &[Vec<Cell>]) -> Result<Vec<u8>, ReportError> {
    for row in rows {
        writer.write_record(row.iter().map(|cell| text(cell).into_owned().into_bytes()))?;
    }
    writer.into_inner().map_err(|error| ReportError::Csv(error.into_error().into()))
}

fn text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => safe(text),
        Cell::Count(count) => Cow::Owned(count.to_string()),
        Cell::Tenths(tenths) => Cow::Owned(format!("{}.{}", tenths / 10, tenths % 10)),
        Cell::Date(day) => Cow::Owned(day.to_string()),
    }
}
