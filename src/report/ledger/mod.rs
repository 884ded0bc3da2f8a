//! 台账: a ledger of applications as offices keep it in a spreadsheet. One table of columns serves the reader, the
//! template and the export.

mod asides;
mod cell;
mod columns;
mod dates;
mod heading_words;
mod headings;
mod masks;
mod merged;
mod outcomes;
mod read;
mod source;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod variants;
mod words;
mod write;

pub use asides::Aside;
pub use cell::{RawCell, half_width};
pub use columns::{COLUMNS, Field, LedgerColumn};
pub use headings::{Heading, Headings, Meaning, SheetHeadings};
pub use merged::Merged;
pub use outcomes::{name_of, outcome_of};
pub use read::LedgerReader;
pub use source::{Fault, LedgerFile, MOST_BYTES, RawRow, Source, Unreadable};
pub use write::{ledger_sheet, template_sheets};

use crate::case::historical::{Past, Remark};
use crate::case::{IdentityKind, NotAllowed};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A row that was read successfully.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its sheet, in a workbook with several.
    pub sheet: Option<Arc<str>>,
    /// Its row number, as a spreadsheet shows it.
    pub line: u32,
    /// The facts of the case.
    pub past: Past,
    /// The applicant.
    pub person: Person,
    /// 承办科室, by name or code.
    pub department: Option<String>,
    /// What was assumed because the row does not say.
    pub remarks: Vec<Remark>,
    /// Values that only an export writes.
    pub derived: Derived,
}

/// Values of a case that only an export fills in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// 环节.
    pub stage: Option<&'static str>,
    /// The day on which the applicant submitted it.
    pub submitted_on: Option<NaiveDate>,
    /// 登记日期.
    pub registered_on: Option<NaiveDate>,
    /// 承办人.
    pub handler: Option<String>,
    /// 邮件号 of the reply.
    pub mail_number: Option<String>,
    /// The last day for the reply.
    pub due_on: Option<NaiveDate>,
    /// Note on the range of the last day, while a holiday notice is missing.
    pub estimate: Option<String>,
    /// Working days left or overdue: 3, 逾期2.
    pub remaining: Option<String>,
    /// 预警.
    pub warning: Option<&'static str>,
    /// 审批: each step with its date.
    pub approvals: Option<String>,
    /// 复议、诉讼, each with its result.
    pub remedies: Option<String>,
    /// 归档号.
    pub file_number: Option<String>,
    /// 补录: each step that was recorded late, with its mark.
    pub recorded_late: Option<String>,
}

/// The applicant, as far as the ledger says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// 姓名 or 名称; empty if the ledger has none.
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
    /// 工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
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
    /// Converts the refusal of a row's facts, and names the column of the fact.
    #[must_use]
    pub fn of(sheet: Option<&str>, line: u32, refusal: NotAllowed) -> Self {
        let column = refusal.pointer.and_then(Field::at).map_or("", Field::heading);
        Self {
            sheet: sheet.map(str::to_owned),
            line,
            column: column.to_owned(),
            found: None,
            code: refusal.code.to_owned(),
            detail: refusal.detail,
            article: refusal.article.map(str::to_owned),
        }
    }
}

/// 有内容而没有读取的工作表或者列
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unread {
    /// 工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 列名；整个工作表没有读取的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// 代码
    pub code: String,
    /// 为什么没有读取，怎样改
    pub detail: String,
    /// 这一列有内容的行数
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<u64>,
}

/// A label that is not understood, with the first row that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unmapped {
    /// 列名
    pub column: String,
    /// 不能识别的说法
    pub label: String,
    /// 出现的次数
    pub count: u32,
    /// 首次出现的工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 首次出现的行
    pub line: u32,
}
