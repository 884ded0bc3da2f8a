//! Files from outside: workbooks and separated text, read within caps. Decompressed bytes and the content kept in
//! memory are counted while a file is read. No file can exceed its caps, whatever sizes it claims.

mod areas;
mod caps;
mod cells;
mod foreign;
mod package;
mod styles;
#[cfg(test)]
mod tests;
mod text;
mod workbook;

pub use areas::Area;
pub use caps::{Allowance, Caps, Fault, GivenUp, TOO_LARGE, Unreadable};
pub use cells::{Value, column_name};
pub use foreign::foreign;
pub use package::is_zip;
pub use text::{check_json, check_separated};
pub use workbook::Workbook;

/// Longest text of a cell, characters. ECMA-376 sets no limit, but all spreadsheet programs have this one.
pub const LONGEST_TEXT: usize = 32_767;

/// Error message for an old or encrypted file.
pub const OLE_DETAIL: &str = "是旧版 Excel（.xls）或者加密的文件，请另存为不加密的 .xlsx 或者 CSV";
