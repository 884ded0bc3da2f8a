//! Tables and pages from values: CSV, XLSX, printable HTML. Pure rendering: knows neither the office nor the database.

pub mod annual;
mod csv;
pub mod files;
pub mod ledger;
mod page;
mod sheet;
#[cfg(test)]
mod tests;
mod xlsx;

pub use csv::{csv, csv_rows};
pub use page::overview_page;
pub use sheet::{Cell, Column, Sheet, for_xml, safe};
pub use xlsx::{LongBook, xlsx};

/// What the forms of 2019 and 2021 print behind “（二）部分公开”; it is no part of the row's name.
const PARTIAL_NOTE: &str = "（区分处理的，只计这一情形，不计其他情形）";

/// Why a table or page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The workbook cannot be written.
    #[error("xlsx: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The CSV cannot be written.
    #[error("csv: {0}")]
    Csv(#[from] ::csv::Error),
    /// The JSON cannot be written.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The document cannot be packed.
    #[error("docx: {0}")]
    Document(String),
    /// The template is broken.
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
}
