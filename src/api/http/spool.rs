//! Long tables as files: written row by row to an unnamed temporary file, then sent from it. No list is held in memory,
//! and an error is found before the first byte is sent.

use super::export::{Format, MOST_ROWS, too_many};
use crate::office::OfficeError;
use crate::report::{Cell, LongBook, Sheet, csv, csv_rows};
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use tokio_util::io::ReaderStream;

/// Bytes read from the file at once while it is sent.
const CHUNK: usize = 65_536;

/// A table that is being written.
pub(in crate::api) struct LongTable {
    out: Out,
    rows: usize,
}

enum Out {
    Csv(BufWriter<File>),
    Xlsx(Box<LongBook>),
}

/// A finished file, ready to be sent.
pub(in crate::api) struct Spool {
    file: File,
    bytes: u64,
}

fn failed(error: &std::io::Error) -> OfficeError {
    OfficeError::Internal(format!("a temporary file for an export: {error}"))
}

impl LongTable {
    /// Starts a table with the heading and the rows of `sheet`: XLSX if that is the format, else CSV.
    ///
    /// # Errors
    /// As [`LongTable::append`]; [`OfficeError::Internal`] if the temporary file cannot be created.
    pub(in crate::api) fn begin(format: Format, sheet: &Sheet) -> Result<Self, OfficeError> {
        let heading = Sheet { rows: Vec::new(), name: sheet.name, columns: sheet.columns.clone() };
        let out = if format == Format::Xlsx {
            Out::Xlsx(Box::new(LongBook::begin(&heading)?))
        } else {
            let mut out = BufWriter::new(tempfile::tempfile().map_err(|error| failed(&error))?);
            out.write_all(&csv(&heading)?).map_err(|error| failed(&error))?;
            Out::Csv(out)
        };
        let mut table = Self { out, rows: 0 };
        table.append(&sheet.rows)?;
        Ok(table)
    }

    /// Appends rows.
    ///
    /// # Errors
    /// `too_many_rows` beyond [`MOST_ROWS`]; [`OfficeError::Internal`] if the file cannot be written.
    pub(in crate::api) fn append(&mut self, rows: &[Vec<Cell>]) -> Result<(), OfficeError> {
        self.rows = self.rows.saturating_add(rows.len());
        if self.rows > MOST_ROWS {
            return Err(too_many());
        }
        match &mut self.out {
            Out::Csv(out) => out.write_all(&csv_rows(rows)?).map_err(|error| failed(&error)),
            Out::Xlsx(book) => Ok(book.append(rows)?),
        }
    }

    /// Finishes the table.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the file cannot be written.
    pub(in crate::api) fn finish(self) -> Result<Spool, OfficeError> {
        let written = match self.out {
            Out::Csv(out) => out.into_inner().map_err(|error| failed(error.error()))?,
            Out::Xlsx(book) => {
                let file = tempfile::tempfile().map_err(|error| failed(&error))?;
                book.finish_into(&file)?;
                file
            }
        };
        Spool::of(written).map_err(|error| failed(&error))
    }
}

impl Spool {
    fn of(mut file: File) -> std::io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok(Self { file, bytes })
    }
}

impl Format {
    /// The response that streams a finished file.
    pub(in crate::api) fn send(self, name: &str, spool: Spool) -> HttpResponse {
        let Spool { file, bytes } = spool;
        let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK);
        self.response(name).body(SizedStream::new(bytes, stream))
    }
}
