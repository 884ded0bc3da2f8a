//! Imports of ledgers: each has an id, and its cases are the ledger rows that name it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::cases::CaseRow;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{cases, ledger_imports, ledger_rows};
use crate::store::database::verbatim::verbatim;
use crate::store::{CaseId, ImportId, OrganId, StoreError, Ts, UserId};

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

/// When these cases were imported from a ledger. Cases that were recorded here are absent.
pub fn imported_at(db: &mut Db, of: &[CaseId]) -> Result<HashMap<CaseId, Ts>, StoreError> {
    let mut known = HashMap::new();
    for some in of.chunks(500) {
        let theirs = ledger_rows::table.filter(ledger_rows::case_id.eq_any(some));
        let rows: Vec<(CaseId, Ts)> = theirs.select((ledger_rows::case_id, ledger_rows::imported_at)).load(db)?;
        known.extend(rows);
    }
    Ok(known)
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

/// An import of an organ. Locks its row until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ has no such import.
pub fn lock(db: &mut Db, organ: OrganId, id: ImportId) -> Result<ImportRow, StoreError> {
    let one = ledger_imports::table.find(id).filter(ledger_imports::organ_id.eq(organ));
    match db {
        Db::Pg(db) => Ok(one.select(ImportRow::as_select()).for_update().first(db)?),
        // The writer's transaction holds the whole database.
        Db::Lite(db) => Ok(one.select(ImportRow::as_select()).first(db)?),
    }
}

/// A page of the cases of an import, by id, after `after`: each with the version it was imported with.
///
/// # Errors
/// As every read.
pub fn cases_of(
    db: &mut Db,
    import: ImportId,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<(CaseRow, Option<i64>)>, StoreError> {
    let mut theirs = cases::table
        .inner_join(ledger_rows::table.on(ledger_rows::case_id.eq(cases::id)))
        .filter(ledger_rows::import_id.eq(Some(import)))
        .select((<CaseRow as Selectable<MultiBackend>>::construct_selection(), ledger_rows::version))
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        theirs = theirs.filter(cases::id.gt(after));
    }
    Ok(theirs.order(cases::id).limit(limit).load(db)?)
}

/// Gives up the fingerprints of the rows that these cases were made of, because the cases became void at `at`: the same
/// rows can be imported again. The rows stay: they say which import made a case.
///
/// # Errors
/// As every write.
pub fn give_up(db: &mut Db, of: &[CaseId], at: Ts) -> Result<(), StoreError> {
    let prefix = format!("void:{}:", at.0.timestamp_micros());
    let theirs = ledger_rows::table.filter(ledger_rows::case_id.eq_any(of));
    let changed = prefix.into_sql::<Text>().concat(ledger_rows::fingerprint);
    diesel::update(theirs).set(ledger_rows::fingerprint.eq(changed)).execute(db)?;
    Ok(())
}

/// Records that an import was undone.
///
/// # Errors
/// As every write.
pub fn undone(db: &mut Db, id: ImportId, by: Option<UserId>, at: Ts, reason: &str) -> Result<(), StoreError> {
    let set = (
        ledger_imports::undone_by.eq(by),
        ledger_imports::undone_at.eq(Some(at)),
        ledger_imports::undone_reason.eq(Some(reason)),
    );
    diesel::update(ledger_imports::table.find(id)).set(set).execute(db)?;
    Ok(())
}
