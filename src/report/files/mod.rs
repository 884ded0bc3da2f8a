//! Files that come from outside: workbooks and separated text, read within caps. What a file unfolds to, and what is kept of
//! it in memory, is counted while it is read, so no file can take more than its caps allow, whatever it claims of itself.

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

/// Longest text of a cell, characters: that of a spreadsheet (ECMA-376 names no limit, all programs have this one).
pub const LONGEST_TEXT: usize = 32_767;

/// What is said of an old or encrypted file.
pub const OLE_DETAIL: &str = "是旧版 Excel（.xls）或者加密的文件，请另存为不加密的 .xlsx 或者 CSV";
