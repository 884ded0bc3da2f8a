//! Duties with a due date, status and owner.

use crate::store::database::verbatim::verbatim;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;

use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::obligations;
use crate::store::{CaseId, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId};

/// Status of a running duty.
pub const OPEN: &str = "open";
/// Status of a duty whose period is suspended.
pub const SUSPENDED: &str = "suspended";
/// Status of a completed duty.
pub const MET: &str = "met";
/// Status of a duty that no longer applies.
pub const CANCELLED: &str = "cancelled";

/// Key prefix of duties that come from a 督办单 and not from the facts of the case. `store::orders` writes them and
/// [`replace`] leaves them alone.
pub const ORDER: &str = "order:";

/// A row of `obligations`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = obligations, treat_none_as_default_value = false)]
pub struct ObligationRow {
    /// Id.
    pub id: ObligationId,
    /// The organ whose duty it is.
    pub organ_id: OrganId,
    /// The case. `None` for a duty of the organ itself (年度报告, an order without a case).
    pub case_id: Option<CaseId>,
    /// Its key within the case: `reply`, `third_party_opinion:<consultation>` …
    pub key: String,
    /// Kind of duty, as a code.
    pub kind: String,
    /// Last day. `None` if not known yet.
    pub due_on: Option<NaiveDate>,
    /// [`OPEN`], [`SUSPENDED`], [`MET`] or [`CANCELLED`].
    pub status: String,
    /// The person in charge.
    pub owner_id: Option<UserId>,
    /// The department in charge.
    pub department_id: Option<DepartmentId>,
    /// The article it rests on.
    pub article: String,
    /// When the row last changed.
    pub updated_at: Ts,
    /// The latest possible last day, while a holiday notice is not published. `due_on` is then the earliest.
    pub latest_on: Option<NaiveDate>,
    /// The person who may not do it, whatever the role: who proposed what is reviewed.
    pub not_by_id: Option<UserId>,
}

/// A duty as derived from the present state of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentDuty {
    /// Its key within the case.
    pub key: String,
    /// Kind of duty, as a code.
    pub kind: String,
    /// Last day.
    pub due_on: Option<NaiveDate>,
    /// The latest possible last day, while a holiday notice is not published. `due_on` is then the earliest.
    pub latest_on: Option<NaiveDate>,
    /// [`OPEN`], [`SUSPENDED`], [`MET`] or [`CANCELLED`].
    pub status: String,
    /// The person in charge.
    pub owner_id: Option<UserId>,
    /// The department in charge.
    pub department_id: Option<DepartmentId>,
    /// The person who may not do it, whatever the role: who proposed what is reviewed.
    pub not_by_id: Option<UserId>,
    /// The article it rests on.
    pub article: String,
}

impl CurrentDuty {
    fn is(&self, row: &ObligationRow) -> bool {
        let own = (&self.kind, self.due_on, self.latest_on, &self.status, &self.article);
        let theirs = (&row.kind, row.due_on, row.latest_on, &row.status, &row.article);
        let people = (self.owner_id, self.department_id, self.not_by_id);
        own == theirs && people == (row.owner_id, row.department_id, row.not_by_id)
    }
}

/// What becomes of duties that the case no longer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vanished {
    /// Running ones are cancelled, met ones stay met.
    MetStay,
    /// All are cancelled: what they rested on never happened.
    AllCancelled,
}

/// Makes `duties` the duties of a case: inserts new ones, updates changed ones and cancels those no longer present (a
/// met duty stays met). A duty is identified by its key and keeps its id. Does not touch duties of orders ([`ORDER`]),
/// because an order ends with its answer, whatever happens to the case. Returns the number of rows written.
///
/// # Errors
/// [`StoreError::Dangling`] if a duty names a person or department that does not exist.
pub fn replace(db: &mut Db, organ: OrganId, case: CaseId, duties: &[CurrentDuty], at: Ts) -> Result<usize, StoreError> {
    let known = of_case(db, case)?;
    replace_known(db, (organ, case), &known, duties, at, Vanished::MetStay)
}

/// Like [`replace`], for a case whose duties were all read in this transaction as `known`.
///
/// # Errors
/// [`StoreError::Dangling`] if a duty names a person or department that does not exist.
pub fn replace_known(
    db: &mut Db,
    (organ, case): (OrganId, CaseId),
    known: &[ObligationRow],
    duties: &[CurrentDuty],
    at: Ts,
    vanished: Vanished,
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
    let ends = |row: &&ObligationRow| match row.status.as_str() {
        OPEN | SUSPENDED => true,
        MET => vanished == Vanished::AllCancelled,
        _ => false,
    };
    rows.extend(known.into_values().filter(ends).map(|row| ObligationRow {
        status: CANCELLED.to_owned(),
        updated_at: at,
        ..row.clone()
    }));
    put(db, &rows)?;
    Ok(rows.len())
}

/// Upserts rows in one statement.
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
        obligations::not_by_id.eq(excluded(obligations::not_by_id)),
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

/// The duties of a case, by key.
pub fn of_case(db: &mut Db, case: CaseId) -> Result<Vec<ObligationRow>, StoreError> {
    let theirs = obligations::table.filter(obligations::case_id.eq(case));
    Ok(theirs.order(obligations::key).select(ObligationRow::as_select()).load(db)?)
}

/// The duties of several cases, by case and key.
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

/// Cases with a running duty of one of these kinds whose last day is before `day`: each case once, by id, after
/// `after`.
pub fn past(
    db: &mut Db,
    kinds: &[&str],
    day: NaiveDate,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    let mut query = obligations::table
        .filter(verbatim::<Bool>("obligations.status = 'open'"))
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

/// The latest last day of all running duties. The calendar should reach beyond it.
pub fn latest_due(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    let running = obligations::table.filter(verbatim::<Bool>("obligations.status = 'open'"));
    Ok(running.select(diesel::dsl::max(obligations::due_on)).first(db)?)
}

/// The running duties whose last day is in `from..=until`, by day. Without `from`, all that are due by `until`, however
/// late. `after` holds day and id of the last row of the previous page.
pub fn due(
    db: &mut Db,
    from: Option<NaiveDate>,
    until: NaiveDate,
    after: Option<(NaiveDate, ObligationId)>,
    limit: i64,
) -> Result<Vec<ObligationRow>, StoreError> {
    // A literal, not bound: a partial index is used only if the planner can see the value.
    let running = verbatim::<Bool>("obligations.status = 'open'");
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

/// Builds the row of a new duty without writing it.
#[must_use]
pub fn new_row(organ: OrganId, case: CaseId, duty: &CurrentDuty, at: Ts) -> ObligationRow {
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
        not_by_id: duty.not_by_id,
        article: duty.article.clone(),
        updated_at: at,
    }
}

/// Cancels the duties of cases that never were: those that run and those that were met. Duties of orders stay.
///
/// # Errors
/// As every write.
pub fn cancel_all(db: &mut Db, of: &[CaseId], at: Ts) -> Result<(), StoreError> {
    for some in of.chunks(500) {
        let theirs = obligations::table
            .filter(obligations::case_id.eq_any(some.iter().copied().map(Some)))
            .filter(obligations::status.ne(CANCELLED))
            .filter(not(obligations::key.like(format!("{ORDER}%"))));
        let set = (obligations::status.eq(CANCELLED), obligations::updated_at.eq(at));
        diesel::update(theirs).set(set).execute(db)?;
    }
    Ok(())
}
