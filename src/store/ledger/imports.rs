//! Imports of ledgers: each has an id, and its cases are the ledger rows that name it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{cases, ledger_imports, ledger_rows};
use crate::store::database::verbatim::verbatim;
use crate::store::{ImportId, OrganId, StoreError, Ts, UserId};

/// An import that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = ledger_imports, treat_none_as_default_value = false)]
pub struct NewImport {
    /// Id.
    pub id: ImportId,
    /// The organ the ledger belongs to.
    pub organ_id: OrganId,
    /// The name of the file, if it was given.
    pub file_name: Option<String>,
    /// The format of the file, in words.
    pub format: String,
    /// Rows of the file that are cases, imported or not.
    pub file_rows: i64,
    /// Who imported it. `None` for the command line.
    pub imported_by: Option<UserId>,
    /// When.
    pub imported_at: Ts,
}

/// A row of `ledger_imports`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = ledger_imports)]
pub struct ImportRow {
    /// Id.
    pub id: ImportId,
    /// The organ the ledger belongs to.
    pub organ_id: OrganId,
    /// The name of the file, if it was given.
    pub file_name: Option<String>,
    /// The format of the file, in words.
    pub format: String,
    /// Rows of the file that are cases, imported or not.
    pub file_rows: i64,
    /// Who imported it. `None` for the command line.
    pub imported_by: Option<UserId>,
    /// When.
    pub imported_at: Ts,
    /// Who undid it. `None` for the command line, or if it was not undone.
    pub undone_by: Option<UserId>,
    /// When it was undone. `None` if it was not.
    pub undone_at: Option<Ts>,
    /// Why it was undone.
    pub undone_reason: Option<String>,
}

/// The cases of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCases {
    /// Cases it made.
    pub all: i64,
    /// Those whose log has nothing but what the import wrote.
    pub untouched: i64,
}

/// A page of the imports of an organ, the newest first, older than `before`.
///
/// # Errors
/// As every read.
pub fn page(db: &mut Db, organ: OrganId, before: Option<ImportId>, limit: i64) -> Result<Vec<ImportRow>, StoreError> {
    let mut query = ledger_imports::table
        .filter(ledger_imports::organ_id.eq(organ))
        .select(ImportRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(before) = before {
        query = query.filter(ledger_imports::id.lt(before));
    }
    Ok(query.order(ledger_imports::id.desc()).limit(limit).load(db)?)
}

/// The cases of these imports, counted. An import without a case is missing.
///
/// # Errors
/// As every read.
pub fn counted(db: &mut Db, of: &[ImportId]) -> Result<HashMap<ImportId, ImportCases>, StoreError> {
    let is_untouched = verbatim::<BigInt>("count(CASE WHEN cases.version = ledger_rows.version THEN 1 END)");
    let rows: Vec<(Option<ImportId>, i64, i64)> = ledger_rows::table
        .inner_join(cases::table.on(cases::id.eq(ledger_rows::case_id)))
        .filter(ledger_rows::import_id.eq_any(of.iter().map(|id| Some(*id))))
        .group_by(ledger_rows::import_id)
        .select((ledger_rows::import_id, diesel::dsl::count_star(), is_untouched))
        .load(db)?;
    let counts = |(id, all, untouched): (Option<ImportId>, i64, i64)| Some((id?, ImportCases { all, untouched }));
    Ok(rows.into_iter().filter_map(counts).collect())
}
