//! Ledgers: which rows were taken in before, many cases written at once, and the cases of an organ in the order of a ledger.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::applicants::ApplicantRow;
use super::cases::CaseRow;
use super::db::{Db, MultiBackend};
use super::deadline;
use super::departments::DepartmentRow;
use super::events::EventRow;
use super::obligations::ObligationRow;
use super::schema::{applicants, case_events, cases, departments, ledger_rows, obligations};
use super::{CaseId, OrganId, StoreError, Ts};

/// A row of `ledger_rows`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger_rows, treat_none_as_default_value = false)]
pub struct LedgerRowRow {
    /// The organ whose ledger it was.
    pub organ_id: OrganId,
    /// Keyed hash of what the row says, and of which of its equals it is.
    pub fingerprint: String,
    /// The case that was made of it.
    pub case_id: CaseId,
    /// When.
    pub imported_at: Ts,
}

/// Cases to be written, each with everything that belongs to it.
#[derive(Debug, Default)]
pub struct Batch {
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
    /// The rows they were made of.
    pub rows: Vec<LedgerRowRow>,
}

/// How the tables grew under the batches of one import.
#[derive(Debug, Default)]
pub struct Growth {
    /// Cases written so far.
    written: usize,
    /// So many, and PostgreSQL is to look again at how large its tables are.
    look_at: usize,
}

/// The tables a batch makes larger.
const GROWING: &str = "cases, applicants, ledger_rows, case_events, obligations";
/// How many times larger they are when they are looked at again.
const GROWTH: usize = 4;

/// Values a statement of SQLite may carry: it takes 32,766.
const MOST_VALUES: usize = 30_000;
/// How many are asked for in one statement.
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
    /// Writes everything.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a number, or a row of a ledger, is there already.
    pub fn write(self, db: &mut Db, growth: &mut Growth) -> Result<(), StoreError> {
        Ok(self.put(db, growth)?)
    }

    /// Writes everything, and meanwhile does `work` on this thread: what the one waits for keeps the other busy.
    ///
    /// # Errors
    /// As [`Batch::write`]; [`StoreError::Unavailable`] when there is no thread to be had.
    pub fn write_beside<T>(self, db: &mut Db, growth: &mut Growth, work: impl FnOnce() -> T) -> Result<T, StoreError> {
        std::thread::scope(|scope| {
            let put = move || self.put(db, growth);
            let writing = std::thread::Builder::new().spawn_scoped(scope, put);
            let writing = writing.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let done = work();
            // An error is told on this thread, which notes for the probe what it says of damage.
            writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(done)
        })
    }

    fn put(self, db: &mut Db, growth: &mut Growth) -> QueryResult<()> {
        insert_all!(db, departments::table, self.departments, 7);
        insert_all!(db, applicants::table, self.applicants, 9);
        insert_all!(db, cases::table, self.cases, 32);
        insert_all!(db, case_events::table, self.events, 9);
        insert_all!(db, obligations::table, self.duties, 12);
        insert_all!(db, ledger_rows::table, self.rows, 4);
        growth.written += self.cases.len();
        if growth.written >= growth.look_at {
            growth.look_at = growth.written * GROWTH;
            look_again(db)?;
        }
        Ok(())
    }
}

/// Within one transaction nobody else tells PostgreSQL that a table is no longer small, and it goes on reading whole tables to
/// find a few rows: an import would take four times as long for twice the rows. SQLite plans without figures.
fn look_again(db: &mut Db) -> QueryResult<()> {
    if let Db::Pg(db) = db {
        diesel::sql_query(format!("ANALYZE {GROWING}")).execute(db)?;
    }
    Ok(())
}

/// Which of these rows were taken in before.
///
/// # Errors
/// As every statement: [`StoreError`].
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

/// The cases of an organ that have one of these numbers.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn numbered(db: &mut Db, organ: OrganId, numbers: &[String]) -> Result<HashMap<String, CaseId>, StoreError> {
    let mut found = HashMap::new();
    for some in numbers.chunks(ASKED) {
        let theirs = cases::table
            .filter(cases::organ_id.eq(organ))
            .filter(cases::number.eq_any(some.iter().map(Some)))
            .select((cases::number.assume_not_null(), cases::id));
        found.extend(theirs.load::<(String, CaseId)>(db)?);
    }
    Ok(found)
}

/// A page of the cases of an organ whose day of receipt is fixed and lies in `from..=until`, by that day, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
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

/// A page of the cases of an organ whose day of receipt is not fixed yet and which were handed in in `from..=until`, by that
/// day, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
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
        .filter(cases::received_on.is_null());
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

/// The cases of an organ that have no number.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn unnumbered(db: &mut Db, organ: OrganId) -> Result<Vec<CaseId>, StoreError> {
    let theirs = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.is_null());
    Ok(theirs.select(cases::id).load(db)?)
}
