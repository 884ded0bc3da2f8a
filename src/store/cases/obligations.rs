//! Every dated duty, with its day, its state and who owns it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;

use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::obligations;
use crate::store::{CaseId, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId};

/// Status of a duty that runs.
pub const OPEN: &str = "open";
/// Status of a duty whose period is stopped.
pub const SUSPENDED: &str = "suspended";
/// Status of a duty that was done.
pub const MET: &str = "met";
/// Status of a duty that is no more.
pub const CANCELLED: &str = "cancelled";

/// What the key of a duty begins with that rests on a 督办单 and not on the facts of the case: [`replace`] leaves it
/// alone, `store::orders` writes it.
pub const ORDER: &str = "order:";

/// A row of `obligations`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = obligations, treat_none_as_default_value = false)]
pub struct ObligationRow {
    /// Id.
    pub id: ObligationId,
    /// The organ whose duty it is.
    pub organ_id: OrganId,
    /// The case; none: a duty of the organ itself (年度报告).
    pub case_id: Option<CaseId>,
    /// What it is within its case: `reply`, `third_party_opinion:<consultation>` …
    pub key: String,
    /// Kind of duty, as a code.
    pub kind: String,
    /// Last day; none: not known yet.
    pub due_on: Option<NaiveDate>,
    /// [`OPEN`], [`SUSPENDED`], [`MET`] or [`CANCELLED`].
    pub status: String,
    /// Who has to do it.
    pub owner_id: Option<UserId>,
    /// The department that has to do it.
    pub department_id: Option<DepartmentId>,
    /// The article it rests on.
    pub article: String,
    /// When the row last changed.
    pub updated_at: Ts,
    /// While a notice is not out: the latest the last day can be, `due_on` being the earliest.
    pub latest_on: Option<NaiveDate>,
}

/// A duty as the case now has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// What it is within its case.
    pub key: String,
    /// Kind of duty, as a code.
    pub kind: String,
    /// Last day.
    pub due_on: Option<NaiveDate>,
    /// While a notice is not out: the latest it can be, `due_on` being the earliest.
    pub latest_on: Option<NaiveDate>,
    /// [`OPEN`], [`SUSPENDED`], [`MET`] or [`CANCELLED`].
    pub status: String,
    /// Who has to do it.
    pub owner_id: Option<UserId>,
    /// The department that has to do it.
    pub department_id: Option<DepartmentId>,
    /// The article it rests on.
    pub article: String,
}

impl Duty {
    fn is(&self, row: &ObligationRow) -> bool {
        (&self.kind, self.due_on, self.latest_on, &self.status, self.owner_id, self.department_id, &self.article)
            == (&row.kind, row.due_on, row.latest_on, &row.status, row.owner_id, row.department_id, &row.article)
    }
}

/// Makes the duties of a case these: adds new ones, changes those that differ, cancels those that vanished (a duty that
/// was met stays met). A duty keeps its id as long as its key. Duties of orders ([`ORDER`]) are not touched: an order
/// ends by its answer, not because the case went on. Returns the number of rows written.
///
/// # Errors
/// [`StoreError::Dangling`] when a duty names a person or department that is not there.
pub fn replace(db: &mut Db, organ: OrganId, case: CaseId, duties: &[Duty], at: Ts) -> Result<usize, StoreError> {
    let known = of_case(db, case)?;
    replace_known(db, (organ, case), &known, duties, at)
}

/// As [`replace`], for a case whose duties were read in this transaction: all of them are `known`.
///
/// # Errors
/// As [`replace`].
pub fn replace_known(
    db: &mut Db,
    (organ, case): (OrganId, CaseId),
    known: &[ObligationRow],
    duties: &[Duty],
    at: Ts,
) -> Result<usize, StoreError> {
    let derived = known.iter().filter(|row| !row.key.starts_with(ORDER));
    let mut known: BTreeMap<&str, &ObligationRow> = derived.map(|row| (row.key.as_str(), row)).collect();
    let mut rows = Vec::new();
    for duty in duties {
        match known.remove(duty.key.as_str()) {
            None => rows.push(new_row(organ, case, duty, at)),
            Some(row) if duty.is(row) => {}
            Some(row) => rows.push(ObligationRow { id: row.id, ..new_row(organ, case, duty, at) }),
        }
    }
    let vanished = known.into_values().filter(|row| row.status == OPEN || row.status == SUSPENDED);
    rows.extend(vanished.map(|row| ObligationRow { status: CANCELLED.to_owned(), updated_at: at, ..row.clone() }));
    put(db, &rows)?;
    Ok(rows.len())
}

/// Writes rows, new ones and those that are there, in one statement.
fn put(db: &mut Db, rows: &[ObligationRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let set = (
        obligations::kind.eq(excluded(obligations::kind)),
        obligations::due_on.eq(excluded(obligations::due_on)),
        obligations::latest_on.eq(excluded(obligations::latest_on)),
        obligations::status.eq(excluded(obligations::status)),
        obligations::owner_id.eq(excluded(obligations::owner_id)),
        obligations::department_id.eq(excluded(obligations::department_id)),
        obligations::article.eq(excluded(obligations::article)),
        obligations::updated_at.eq(excluded(obligations::updated_at)),
    );
    on_each!(db => diesel::insert_into(obligations::table)
        .values(rows)
        .on_conflict(obligations::id)
        .do_update()
        .set(set)
        .execute(db))?;
    Ok(())
}

/// Every duty of a case, by key.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn of_case(db: &mut Db, case: CaseId) -> Result<Vec<ObligationRow>, StoreError> {
    let theirs = obligations::table.filter(obligations::case_id.eq(case));
    Ok(theirs.order(obligations::key).select(ObligationRow::as_select()).load(db)?)
}

/// Every duty of several cases, by case and key.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn of_cases(db: &mut Db, of: &[CaseId]) -> Result<Vec<ObligationRow>, StoreError> {
    let mut found = Vec::new();
    for some in of.chunks(500) {
        let theirs = obligations::table.filter(obligations::case_id.eq_any(some.iter().copied().map(Some)));
        let rows: Vec<ObligationRow> =
            theirs.order((obligations::case_id, obligations::key)).select(ObligationRow::as_select()).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Cases with a running duty of one of these kinds whose last day is before `day`, each once, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn past(
    db: &mut Db,
    kinds: &[&str],
    day: NaiveDate,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    let mut query = obligations::table
        .filter(sql::<Bool>("obligations.status = 'open'"))
        .filter(obligations::due_on.lt(day))
        .filter(obligations::kind.eq_any(kinds))
        .filter(obligations::case_id.is_not_null())
        .select(obligations::case_id)
        .distinct()
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(obligations::case_id.gt(after));
    }
    let rows: Vec<Option<CaseId>> = query.order(obligations::case_id).limit(limit).load(db)?;
    Ok(rows.into_iter().flatten().collect())
}

/// The latest last day of a running duty, of any kind and organ: the calendar should reach beyond it.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn latest_due(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    let running = obligations::table.filter(sql::<Bool>("obligations.status = 'open'"));
    Ok(running.select(diesel::dsl::max(obligations::due_on)).first(db)?)
}

/// The running duties whose last day is in `from..=until` (without `from`: all that are due by `until`, however late),
/// by day. `after` is day and id of the last one of the page before.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn due(
    db: &mut Db,
    from: Option<NaiveDate>,
    until: NaiveDate,
    after: Option<(NaiveDate, ObligationId)>,
    limit: i64,
) -> Result<Vec<ObligationRow>, StoreError> {
    // Written out, not bound: a partial index is only used when the planner can see the value.
    let running = sql::<Bool>("obligations.status = 'open'");
    let mut query = obligations::table
        .filter(running)
        .filter(obligations::due_on.le(until))
        .select(ObligationRow::as_select())
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(obligations::due_on.ge(from));
    }
    if let Some((day, id)) = after {
        query = query.filter(obligations::due_on.gt(day).or(obligations::due_on.eq(day).and(obligations::id.gt(id))));
    }
    Ok(query.order((obligations::due_on, obligations::id)).limit(limit).load(db)?)
}

/// The row of a duty that is new, not yet written.
#[must_use]
pub fn new_row(organ: OrganId, case: CaseId, duty: &Duty, at: Ts) -> ObligationRow {
    ObligationRow {
        id: ObligationId::new(),
        organ_id: organ,
        case_id: Some(case),
        key: duty.key.clone(),
        kind: duty.kind.clone(),
        due_on: duty.due_on,
        latest_on: duty.latest_on,
        status: duty.status.clone(),
        owner_id: duty.owner_id,
        department_id: duty.department_id,
        article: duty.article.clone(),
        updated_at: at,
    }
}
