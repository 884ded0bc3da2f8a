//! The imports of an organ's ledgers.

use crate::office::{Ledgers, OfficeError};
use crate::store::ledger::imports::{self, ImportRow};
use crate::store::{Db, ImportId, OrganId, Ts, UserId, people::users};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// 导入人或者撤销人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportPerson {
    /// 标识
    pub id: UserId,
    /// 姓名
    pub display_name: String,
}

/// 一次导入
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Import {
    /// 标识
    pub id: ImportId,
    /// 文件名；导入时没有给出的没有
    pub file_name: Option<String>,
    /// 文件格式
    pub format: String,
    /// 文件中的案件行数，导入的和没有导入的都在内
    pub rows: i64,
    /// 导入的案件
    pub cases: i64,
    /// 其中此后没有任何办理记录的案件
    pub untouched: i64,
    /// 导入人；由运维人员用命令导入的没有
    pub imported_by: Option<ImportPerson>,
    /// 导入时间
    pub imported_at: Ts,
    /// 撤销；没有撤销的没有
    pub undone: Option<UndoneImport>,
}

/// 导入的撤销
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UndoneImport {
    /// 撤销时间
    pub at: Ts,
    /// 撤销人；由运维人员用命令撤销的没有
    pub by: Option<ImportPerson>,
    /// 撤销的理由
    pub reason: String,
}

impl Ledgers<'_> {
    /// A page of the imports of an organ, the newest first, older than `before`. Imports of releases that gave them no id
    /// are not among them.
    ///
    /// # Errors
    /// An error of the database.
    pub fn imports(&self, organ: OrganId, before: Option<ImportId>, limit: i64) -> Result<Vec<Import>, OfficeError> {
        self.store().read(|db| {
            let rows = imports::page(db, organ, before, limit)?;
            listed(db, rows)
        })
    }
}

/// The imports with their cases and the names of their persons.
fn listed(db: &mut Db, rows: Vec<ImportRow>) -> Result<Vec<Import>, OfficeError> {
    let ids: Vec<ImportId> = rows.iter().map(|row| row.id).collect();
    let cases = imports::counted(db, &ids)?;
    let people: Vec<UserId> = rows.iter().flat_map(|row| [row.imported_by, row.undone_by]).flatten().collect();
    let names: HashMap<UserId, String> = users::names(db, &people)?.into_iter().collect();
    let person = |id: UserId| ImportPerson { id, display_name: names.get(&id).cloned().unwrap_or_default() };
    let counted = |id: ImportId| cases.get(&id).copied().unwrap_or_default();
    let of = |row: ImportRow| Import {
        id: row.id,
        file_name: row.file_name,
        format: row.format,
        rows: row.file_rows,
        cases: counted(row.id).all,
        untouched: counted(row.id).untouched,
        imported_by: row.imported_by.map(person),
        imported_at: row.imported_at,
        undone: row.undone_at.map(|at| UndoneImport {
            at,
            by: row.undone_by.map(person),
            reason: row.undone_reason.unwrap_or_default(),
        }),
    };
    Ok(rows.into_iter().map(of).collect())
}
