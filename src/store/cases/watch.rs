//! What those who watch ask of many cases: what is due, what stood open on a day, what was late.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Nullable};

use super::CaseRow;
use super::filter::of_organs;
use crate::store::db::{Db, MultiBackend};
use crate::store::deadline;
use crate::store::schema::{cases, departments, users};
use crate::store::{CaseId, OrganId, StoreError};

/// A case of a list with the names of its department and its 经办人.
#[derive(Debug, Clone)]
pub struct NamedCase {
    /// The case.
    pub row: CaseRow,
    /// The name of the department that has it.
    pub department: Option<String>,
    /// The name of the person who has it.
    pub handler: Option<String>,
}

/// Cases of organs with the names of who has them.
macro_rules! named_cases {
    ($organs:expr) => {{
        let mut query = cases::table
            .left_join(departments::table.on(cases::department_id.eq(departments::id.nullable())))
            .left_join(users::table.on(cases::handler_id.eq(users::id.nullable())))
            .select((
                <CaseRow as Selectable<MultiBackend>>::construct_selection(),
                departments::name.nullable(),
                users::display_name.nullable(),
            ))
            .into_boxed::<MultiBackend>();
        query = match $organs {
            [one] => query.filter(cases::organ_id.eq(one)),
            many => query.filter(cases::organ_id.eq_any(many)),
        };
        if deadline::is_interruptible() { query.filter(deadline::in_time()) } else { query }
    }};
}

fn named(rows: Vec<(CaseRow, Option<String>, Option<String>)>) -> Vec<NamedCase> {
    rows.into_iter().map(|(row, department, handler)| NamedCase { row, department, handler }).collect()
}

/// Open cases that are warned by a day up to `until` (the last day, the earliest it can be, or the risk day), the most urgent first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn open_due_until(
    db: &mut Db,
    organs: &[OrganId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<NamedCase>, StoreError> {
    let query = named_cases!(organs).filter(cases::is_open).filter(cases::warns_on.le(until));
    Ok(named(query.order((cases::warns_on, cases::id)).limit(limit).load(db)?))
}

/// Cases that had come in by the end of `day` and had not ended by then. Their rows show today: what they looked like
/// on that day is in their logs.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn open_as_of(db: &mut Db, organs: &[OrganId], day: NaiveDate, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let not_ended = cases::is_open.or(cases::closed_on.is_not_null().and(cases::closed_on.assume_not_null().gt(day)));
    Ok(of_organs(organs)
        .filter(cases::submitted_on.le(day))
        .filter(not_ended)
        .order((cases::due_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// Cases that were received in `from..=until`, or may have been: those handed in by then whose day of receipt is not fixed
/// today. Which they are, and what they looked like on a day, is in their logs.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn received_in(
    db: &mut Db,
    organs: &[OrganId],
    from: NaiveDate,
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    Ok(of_organs(organs)
        .filter(cases::submitted_on.le(until))
        .filter(cases::received_on.is_null().or(cases::received_on.assume_not_null().ge(from)))
        .order((cases::submitted_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// Cases that had come in by the end of `day` and are open today or ended on `since` or later: with `since` not after
/// `day`, all that were open on `day` or ended between the two. What they looked like is in their logs.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn open_or_closed_since(
    db: &mut Db,
    organs: &[OrganId],
    since: NaiveDate,
    day: NaiveDate,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let not_before =
        cases::is_open.or(cases::closed_on.is_not_null().and(cases::closed_on.assume_not_null().ge(since)));
    Ok(of_organs(organs)
        .filter(cases::submitted_on.le(day))
        .filter(not_before)
        .order((cases::submitted_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// Open cases that are warned by a day up to `until` (the last day, the earliest it can be, or the risk day), or whose stop had its last
/// lawful day before `today`, the most urgent first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn warned_until(
    db: &mut Db,
    organs: &[OrganId],
    until: NaiveDate,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<NamedCase>, StoreError> {
    if let Db::Lite(_) = db {
        // Of the two conditions together SQLite would read every case of the organs.
        let mut rows = open_due_until(db, organs, until, limit)?;
        let is_later = cases::warns_on.is_null().or(cases::warns_on.assume_not_null().gt(until));
        let ran_out = named_cases!(organs).filter(cases::is_open).filter(cases::resumes_on.lt(today)).filter(is_later);
        rows.extend(named(ran_out.order((cases::warns_on, cases::id)).limit(limit).load(db)?));
        return Ok(rows);
    }
    let query =
        named_cases!(organs).filter(cases::is_open).filter(cases::warns_on.le(until).or(cases::resumes_on.lt(today)));
    Ok(named(query.order((cases::warns_on, cases::id)).limit(limit).load(db)?))
}

/// As [`late_replies`], with the names.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn named_late_replies(
    db: &mut Db,
    organs: &[OrganId],
    from: NaiveDate,
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<NamedCase>, StoreError> {
    let query = named_cases!(organs).filter(cases::is_late).filter(cases::replied_on.between(from, until));
    Ok(named(query.order((cases::replied_on, cases::id)).limit(limit).load(db)?))
}

/// Cases whose reply was late and went out in `from..=until`, by day.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn late_replies(
    db: &mut Db,
    organs: &[OrganId],
    from: NaiveDate,
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    Ok(of_organs(organs)
        .filter(cases::is_late)
        .filter(cases::replied_on.between(from, until))
        .order((cases::replied_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// Open cases of these organs whose stop had its last lawful day before `day`: their period runs again.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn stop_ran_out(db: &mut Db, organs: &[OrganId], day: NaiveDate, limit: i64) -> Result<Vec<NamedCase>, StoreError> {
    let query = named_cases!(organs).filter(cases::is_open).filter(cases::resumes_on.lt(day));
    Ok(named(query.order((cases::resumes_on, cases::id)).limit(limit).load(db)?))
}

/// Open cases of any organ whose stop had its last lawful day before `day`, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn stopped_before(
    db: &mut Db,
    day: NaiveDate,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    let mut query = cases::table.into_boxed::<MultiBackend>().filter(cases::is_open).filter(cases::resumes_on.lt(day));
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(cases::id).limit(limit).load(db)?)
}

/// The latest day on which an open case is due: the calendar must reach beyond it.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn latest_open_due(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    #[derive(QueryableByName)]
    struct Latest {
        #[diesel(sql_type = Nullable<Date>)]
        latest: Option<NaiveDate>,
    }
    // Organ by organ, each by the end of its index.
    let of_each = "SELECT max(c.due_on) FROM cases c WHERE c.is_open AND c.organ_id = o.id";
    let Latest { latest } =
        diesel::sql_query(format!("SELECT max(({of_each})) AS latest FROM organs o")).get_result(db)?;
    Ok(latest)
}

/// How many open cases need a year whose calendar is not published: their clock is in `gap`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn count_in_gap(db: &mut Db) -> Result<i64, StoreError> {
    // Spelt out, not bound: a partial index is only used when the planner can see the value.
    let gap = cases::table.filter(cases::is_open).filter(sql::<Bool>("cases.clock_status = 'gap'"));
    Ok(gap.count().get_result(db)?)
}

/// How many cases are open, for metrics.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn count_open(db: &mut Db) -> Result<i64, StoreError> {
    Ok(cases::table.filter(cases::is_open).count().get_result(db)?)
}
