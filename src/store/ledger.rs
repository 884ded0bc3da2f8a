//! Ledger import and export: rows imported earlier, batch inserts of cases, and the cases of an organ in ledger order.

pub mod imports;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::cases::CaseRow;
use super::{CaseId, ImportId, OrganId, StoreError, Ts};
use crate::case::Stage;
use crate::store::cases::applicants::ApplicantRow;
use crate::store::cases::events::EventRow;
use crate::store::cases::obligations::ObligationRow;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::deadline;
use crate::store::database::schema::{
    applicants, case_events, cases, departments, ledger_imports, ledger_rows, obligations,
};
use crate::store::ledger::imports::NewImport;
use crate::store::people::departments::DepartmentRow;

/// A row of `ledger_rows`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger_rows, treat_none_as_default_value = false)]
pub struct LedgerRowRow {
    /// The organ the ledger belongs to.
    pub organ_id: OrganId,
    /// Keyed hash of the row's content and of its ordinal among identical rows.
    pub fingerprint: String,
    /// The case created from the row.
    pub case_id: CaseId,
    /// When it was imported.
    pub imported_at: Ts,
    /// The import. `None` for a row of a release that gave imports no id.
    pub import_id: Option<ImportId>,
    /// The version of the case as it was imported. `None` as for `import_id`.
    pub version: Option<i64>,
}

/// Cases to be written, with all rows that belong to them.
#[derive(Debug, Default)]
pub struct Batch {
    /// The import, in its first batch.
    pub imports: Vec<NewImport>,
    /// New departments.
    pub departments: Vec<DepartmentRow>,
    /// Applicants.
    pub applicants: Vec<ApplicantRow>,
    /// Cases.
    pub cases: Vec<CaseRow>,
    /// Their logs.
    pub events: Vec<EventRow>,
    /// Their duties.
    pub duties: Vec<ObligationRow>,
    /// The ledger rows they were created from.
    pub rows: Vec<LedgerRowRow>,
}

/// How the tables grew under the batches of one import.
#[derive(Debug, Default)]
pub struct Growth {
    /// Cases written so far.
    written: usize,
    /// The number of cases at which PostgreSQL's statistics are refreshed next.
    look_at: usize,
}

/// The tables a batch adds rows to.
const GROWING: &str = "cases, applicants, ledger_rows, case_events, obligations";
/// The growth factor between two refreshes of the statistics.
const GROWTH: usize = 4;

/// Bound values per statement of SQLite, whose limit is 32,766.
const MOST_VALUES: usize = 30_000;
/// Values queried per statement.
const ASKED: usize = 500;

/// PostgreSQL takes the rows by COPY: no statement to read, no value to bind. SQLite has none, and reads little of a statement.
macro_rules! insert_all {
    ($db:ident, $table:expr, $rows:expr, $columns:literal) => {
        match $db {
            _ if $rows.is_empty() => {}
            Db::Pg(db) => {
                diesel::copy_from($table).from_insertable(&$rows[..]).execute(db)?;
            }
            Db::Lite(db) => {
                for some in $rows.chunks(MOST_VALUES / $columns) {
                    diesel::insert_into($table).values(some).execute(db)?;
                }
            }
        }
    };
}

impl Batch {
    /// Writes all rows.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a number or a ledger row already exists.
    pub fn write(self, db: &mut Db, growth: &mut Growth) -> Result<(), StoreError> {
        Ok(self.put(db, growth)?)
    }

    /// Writes all rows on another thread, and does `work` on this one meanwhile.
    ///
    /// # Errors
    /// As [`Batch::write`]; [`StoreError::Unavailable`] if no thread can be started.
    pub fn write_beside<T>(self, db: &mut Db, growth: &mut Growth, work: impl FnOnce() -> T) -> Result<T, StoreError> {
        std::thread::scope(|scope| {
            let put = move || self.put(db, growth);
            let writing = std::thread::Builder::new().spawn_scoped(scope, put);
            let writing = writing.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let done = work();
            // The conversion to `StoreError` happens on this thread, which notes damage for the probe.
            writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(done)
        })
    }

    fn put(self, db: &mut Db, growth: &mut Growth) -> QueryResult<()> {
        insert_all!(db, ledger_imports::table, self.imports, 7);
        insert_all!(db, departments::table, self.departments, 7);
        insert_all!(db, applicants::table, self.applicants, 10);
        insert_all!(db, cases::table, self.cases, 33);
        insert_all!(db, case_events::table, self.events, 12);
        insert_all!(db, obligations::table, self.duties, 13);
        insert_all!(db, ledger_rows::table, self.rows, 6);
        growth.written += self.cases.len();
        if growth.written >= growth.look_at {
            growth.look_at = growth.written * GROWTH;
            look_again(db)?;
        }
        Ok(())
    }
}

/// Refreshes PostgreSQL's statistics. Within one transaction autovacuum does not, so the planner would keep scanning
/// whole tables it believes small: twice the rows would take four times as long. SQLite needs no statistics for these
/// plans.
fn look_again(db: &mut Db) -> QueryResult<()> {
    if let Db::Pg(db) = db {
        diesel::sql_query(format!("ANALYZE {GROWING}")).execute(db)?;
    }
    Ok(())
}

/// The fingerprints among these that were imported earlier.
pub fn known(db: &mut Db, organ: OrganId, fingerprints: &[String]) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for some in fingerprints.chunks(ASKED) {
        let theirs = ledger_rows::table
            .filter(ledger_rows::organ_id.eq(organ))
            .filter(ledger_rows::fingerprint.eq_any(some))
            .select(ledger_rows::fingerprint);
        found.extend(theirs.load::<String>(db)?);
    }
    Ok(found)
}

/// The cases of an organ by number, for these numbers. Void cases are not among them.
pub fn numbered(db: &mut Db, organ: OrganId, numbers: &[String]) -> Result<HashMap<String, CaseId>, StoreError> {
    let mut found = HashMap::new();
    for some in numbers.chunks(ASKED) {
        let theirs = cases::table
            .filter(cases::organ_id.eq(organ))
            .filter(cases::number.eq_any(some.iter().map(Some)))
            .filter(cases::stage.ne(Stage::Void.code()))
            .select((cases::number.assume_not_null(), cases::id));
        found.extend(theirs.load::<(String, CaseId)>(db)?);
    }
    Ok(found)
}

/// A page of the cases of an organ received in `from..=until`, by day of receipt, after `after`. Omits cases whose day
/// of receipt is not fixed.
pub fn page(
    db: &mut Db,
    organ: OrganId,
    (from, until): (Option<NaiveDate>, Option<NaiveDate>),
    after: Option<(NaiveDate, CaseId)>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = cases::table
        .into_boxed::<MultiBackend>()
        .filter(cases::organ_id.eq(organ))
        .filter(cases::received_on.is_not_null());
    deadline::check()?;
    if let Some(from) = from {
        query = query.filter(cases::received_on.ge(from));
    }
    if let Some(until) = until {
        query = query.filter(cases::received_on.le(until));
    }
    if let Some((day, id)) = after {
        let received_on = cases::received_on.assume_not_null();
        query = query.filter(received_on.gt(day).or(received_on.eq(day).and(cases::id.gt(id))));
    }
    Ok(query.order((cases::received_on, cases::id)).limit(limit).select(CaseRow::as_select()).load(db)?)
}

/// A page of the cases of an organ submitted in `from..=until` whose day of receipt is not fixed yet, by day of
/// submission, after `after`. Void cases, which have no day of receipt either, are not among them.
pub fn unconfirmed(
    db: &mut Db,
    organ: OrganId,
    (from, until): (Option<NaiveDate>, Option<NaiveDate>),
    after: Option<(NaiveDate, CaseId)>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = cases::table
        .into_boxed::<MultiBackend>()
        .filter(cases::organ_id.eq(organ))
        .filter(cases::received_on.is_null())
        .filter(cases::stage.ne(Stage::Void.code()));
    deadline::check()?;
    if let Some(from) = from {
        query = query.filter(cases::submitted_on.ge(from));
    }
    if let Some(until) = until {
        query = query.filter(cases::submitted_on.le(until));
    }
    if let Some((day, id)) = after {
        query = query.filter(cases::submitted_on.gt(day).or(cases::submitted_on.eq(day).and(cases::id.gt(id))));
    }
    Ok(query.order((cases::submitted_on, cases::id)).limit(limit).select(CaseRow::as_select()).load(db)?)
}

/// The cases of an organ without a number. Void cases are not among them.
pub fn unnumbered(db: &mut Db, organ: OrganId) -> Result<Vec<CaseId>, StoreError> {
    let theirs = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.is_null());
    let theirs = theirs.filter(cases::stage.ne(Stage::Void.code()));
    Ok(theirs.select(cases::id).load(db)?)
}
