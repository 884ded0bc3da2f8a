//! 台账: importing earlier cases from a spreadsheet, and exporting cases to one.

mod derived;
mod export;
mod import;
mod import_report;
mod imports;
mod series;
mod undo;

pub use export::{ExportQuery, Personal};
pub use imports::{Import, ImportPerson, UndoneImport};
pub(super) use series::own_place;
pub use undo::{KeptCase, LedgerUndo};

use super::OfficeError;
use crate::case::Role;
use crate::case::historical::Remark;
use crate::report::ledger::{Fault, RowFault, Unmapped, Unread, Unreadable};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The roles that may import or export a ledger: those who work on the organ's cases.
pub const LEDGER_KEEPERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// Maximum number of faults listed. All are counted.
pub const MOST_FAULTS: usize = 1_000;

/// Options of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Reports the result without writing anything.
    pub dry_run: bool,
    /// Imports the valid rows and skips the invalid ones. Otherwise all or nothing.
    pub partial: bool,
    /// Maximum number of rows reported individually.
    pub lines: usize,
    /// Refuses files with more rows than this. `None` for no limit.
    pub most_rows: Option<u64>,
}

/// 台账导入的结果
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerImport {
    /// 本次导入的标识；没有写入的没有
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<Uuid>,
    /// 文件格式
    pub format: String,
    /// 有内容的行数，不含表头
    pub rows: u64,
    /// 新建（预览时为将要新建）的案件
    pub created: u64,
    /// 其中仍在办理的
    pub created_open: u64,
    /// 此前已经导入或者已在库中、内容相同的案件，不作改动
    pub existing: u64,
    /// 有错误而不能导入的行
    pub rejected: u64,
    /// 是否已经写入；预览、或者有错误而未指定只导入其余的，不写入
    pub is_written: bool,
    /// 如实记载而需要注意的情况
    pub remarks: Vec<RemarkCount>,
    /// 不认识或者含义不清的列，未读取
    pub unknown_headings: Vec<String>,
    /// 认识而不导入的列：由本系统计算，或者在案件上登记
    #[serde(default)]
    pub ignored_headings: Vec<String>,
    /// 有内容而没有读取的工作表和列；有一处而未指定只导入其余的，不写入
    #[serde(default)]
    pub unread: Vec<Unread>,
    /// 没有表头、也不像有案件的工作表，未读取
    #[serde(default)]
    pub other_sheets: Vec<String>,
    /// 表中不是案件的行（合计、附注、重复的表头等），至多100行
    #[serde(default)]
    pub asides: Vec<AsideRow>,
    /// 不能识别的说法
    pub unmapped: Vec<Unmapped>,
    /// 各处错误，至多1000处
    pub faults: Vec<RowFault>,
    /// 错误的处数
    pub faults_total: u64,
    /// 新建（预览时为将要新建）的科室
    pub departments: Vec<String>,
    /// 编号跳过了号码的各类、各年编号，每类每年一项，请核对
    #[serde(default)]
    pub jumps: Vec<SeriesJump>,
    /// 逐行的结果；命令行不列出
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineResult>,
}

/// 不是案件的一行
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsideRow {
    /// 工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 行号
    pub line: u32,
    /// 该行的开头
    pub text: String,
}

/// 一类编号一年中跳过的号码
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeriesJump {
    /// 编号的种类：registration 受理编号、reply 答复文号
    pub series: String,
    /// 名称
    pub label: String,
    /// 编号的年度
    pub year: i32,
    /// 跳过号码最多的一处：此前的号码，没有的为0
    pub after: i64,
    /// 该处：其后的号码
    pub number: i64,
    /// 该处所在的工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 该处所在的行
    pub line: u32,
    /// 该类该年共跳过多少号码
    pub missing: i64,
}

/// 需要注意的情况及其件数
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemarkCount {
    /// 代码
    pub code: Remark,
    /// 名称
    pub label: String,
    /// 件数
    pub count: u64,
    /// 首次出现的行，至多20行
    pub lines: Vec<u32>,
    /// 各行所在的工作表，次序与 lines 相同；只有一个工作表的为空
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<String>,
}

/// 一行的结果
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineResult {
    /// 工作表；只有一个工作表的不填
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 行号，与电子表格所示相同
    pub line: u32,
    /// 结果
    pub status: LineStatus,
    /// 受理编号；空为导入时编号
    pub number: Option<String>,
    /// 收到日期
    pub received_on: Option<NaiveDate>,
    /// 环节
    pub stage: Option<String>,
    /// 处理结果
    pub outcome: Option<String>,
    /// 答复或者终结的日期
    pub ended_on: Option<NaiveDate>,
    /// 答复期限届满日
    pub due_on: Option<NaiveDate>,
    /// 需要注意的情况
    pub remarks: Vec<String>,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// A case is made of it.
    Created,
    /// Its case is there.
    Existing,
    /// It is wrong.
    Rejected,
}

impl LedgerImport {
    /// Whether a row, column or sheet of the ledger is not imported.
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        self.rejected > 0 || !self.unread.is_empty()
    }

    /// Whether the import is incomplete and thus must be rolled back.
    #[must_use]
    pub const fn is_refused(&self, options: &ImportOptions) -> bool {
        self.is_incomplete() && !options.partial && !options.dry_run
    }
}

impl From<Unreadable> for OfficeError {
    fn from(why: Unreadable) -> Self {
        let code = why.code("unreadable_file");
        match why.kind {
            Fault::Damaged => Self::invalid("/content", code, why.detail),
            Fault::TooLarge => Self::too_large("/content", why.detail),
            Fault::GivenUp => Self::Busy,
        }
    }
}
