//! 台账: a ledger of applications as offices keep it in a spreadsheet, read and written. One table of columns serves the
//! reader, the template and the export.

mod cell;
mod columns;
mod outcomes;
mod read;
mod source;
#[cfg(test)]
mod tests;
mod words;
mod write;

pub use cell::{RawCell, half_width};
pub use columns::{COLUMNS, Field, LedgerColumn};
pub use outcomes::outcome_of;
pub use read::{Headings, LedgerReader};
pub(super) use source::check_unfolding;
pub use source::{MOST_BYTES, RawRow, Source, Unreadable};
pub use write::{ledger_sheet, template_sheets};

use crate::case::IdentityKind;
use crate::case::NotAllowed;
use crate::case::historical::{Past, Remark};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its number in the file, as a spreadsheet shows it.
    pub line: u32,
    /// What it says of the case.
    pub past: Past,
    /// Who asked.
    pub person: Person,
    /// 承办科室, by name or code.
    pub department: Option<String>,
    /// What was assumed where the row says nothing.
    pub remarks: Vec<Remark>,
}

/// Who asked, as far as the ledger says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// 姓名 or 名称; empty when the ledger has none.
    pub name: String,
    /// 证件.
    pub identity: Option<(IdentityKind, String)>,
    /// 联系电话.
    pub telephone: Option<String>,
    /// 电子邮件.
    pub email: Option<String>,
    /// 联系地址.
    pub address: Option<String>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowFault {
    /// 行号，与电子表格所示相同
    pub line: u32,
    /// 列名
    pub column: String,
    /// 单元格中的内容；个人信息不重复
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// 错误代码
    pub code: String,
    /// 错在哪里，怎样改
    pub detail: String,
    /// 依据
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
}

impl RowFault {
    /// A refusal of a row's facts, in the words of the ledger.
    #[must_use]
    pub fn of(line: u32, refusal: NotAllowed) -> Self {
        let column = refusal.pointer.and_then(Field::at).map_or("", Field::heading);
        Self {
            line,
            column: column.to_owned(),
            found: None,
            code: refusal.code.to_owned(),
            detail: refusal.detail,
            article: refusal.article.map(str::to_owned),
        }
    }
}

/// A label that nobody understands, with the first row it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unmapped {
    /// 列名
    pub column: String,
    /// 不能识别的说法
    pub label: String,
    /// 出现的次数
    pub count: u32,
    /// 首次出现的行
    pub line: u32,
}
