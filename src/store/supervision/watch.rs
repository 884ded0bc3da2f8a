//! Queries over many cases for supervision: cases due, cases open on a day, late replies.

use crate::store::database::verbatim::verbatim;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Nullable};

use crate::store::cases::CaseRow;
use crate::store::cases::filter::of_organs;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::deadline;
use crate::store::database::schema::{case_events, cases, departments, users};
use crate::store::{CaseId, OrganId, StoreError, Ts};

/// The kind of the events that change what earlier events say.
const AMENDED: &str = "amended";

/// A case with the names of its department and its 经办人.
#[derive(Debug, Clone)]
pub struct NamedCase {
    /// The case.
    pub row: CaseRow,
    /// The name of the department in charge.
    pub department: Option<String>,
    /// The name of the person in charge.
    pub handler: Option<String>,
}

/// Selects the cases of these organs with the names of department and handler.
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

/// Open cases with `warns_on` on or before `until` (the last day, the earliest possible last day, or the risk day),
/// most urgent first.
pub fn open_due_until(
    db: &mut Db,
    organs: &[OrganId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<NamedCase>, StoreError> {
    let query = named_cases!(organs).filter(cases::is_open).filter(cases::warns_on.le(until));
    Ok(named(query.order((cases::warns_on, cases::id)).limit(limit).load(db)?))
}

/// Cases submitted by the end of `day` and not closed by then. The rows show today's values; the values of that day are
/// in the logs.
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

/// Cases recorded before `since` that have an event recorded at `since` or later, whatever it says: what was known of
/// them until then may differ from their rows in every column. A case that this does not return is known today as it was
/// then.
pub fn changed_since(db: &mut Db, organs: &[OrganId], since: Ts, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    Ok(of_organs(organs)
        .filter(cases::created_at.lt(since))
        .filter(cases::updated_at.ge(since))
        .order((cases::updated_at, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// Cases of these organs that may have a step recorded in `from..until` that was recorded late (补录), by id: by a user, on
/// a civil day more than three days after the event; or any step, if an amendment since may have changed its day.
/// The logs decide.
pub fn maybe_recorded_late(
    db: &mut Db,
    organs: &[OrganId],
    from: Ts,
    until: Ts,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    let is_long_after = verbatim::<Bool>(match db {
        Db::Pg(_) => {
            "case_events.occurred_on < CAST((case_events.recorded_at AT TIME ZONE 'UTC') + interval '8 hours' AS date) - 3"
        }
        Db::Lite(_) => "case_events.occurred_on < date(case_events.recorded_at, '+8 hours', '-3 days')",
    });
    let recorded = case_events::recorded_at.lt(until).and(case_events::actor_id.is_not_null()).and(is_long_after);
    let theirs = cases::table
        .filter(cases::organ_id.eq_any(organs))
        .filter(cases::created_at.lt(until))
        .filter(cases::updated_at.ge(from))
        .select(cases::id);
    let query = case_events::table
        .filter(case_events::case_id.eq_any(theirs))
        .filter(case_events::recorded_at.ge(from))
        .filter(recorded.or(case_events::kind.eq(AMENDED)))
        .select(case_events::case_id)
        .distinct()
        .order(case_events::case_id)
        .limit(limit)
        .into_boxed::<MultiBackend>();
    Ok(if deadline::is_interruptible() { query.filter(deadline::in_time()).load(db)? } else { query.load(db)? })
}

/// Cases that were or may have been received in `from..=until`: includes those submitted by `until` whose day of
/// receipt is not fixed today. The logs decide which of them count, and hold the values of that day.
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

/// Cases submitted by the end of `day` that are open today or were closed on `since` or later. With `since` on or
/// before `day`, these are all cases that were open on `day` or closed between the two. The values of that day are in
/// the logs.
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

/// Open cases with `warns_on` on or before `until` (see [`open_due_until`]), or whose suspension had its last lawful
/// day before `today`, or whose `stopped_on` is on or before `stopped_until`; most urgent first.
/// On SQLite this may return up to twice `limit` rows, each half ordered separately.
pub fn warned_until(
    db: &mut Db,
    organs: &[OrganId],
    until: NaiveDate,
    (today, stopped_until): (NaiveDate, NaiveDate),
    limit: i64,
) -> Result<Vec<NamedCase>, StoreError> {
    let stops = cases::resumes_on.lt(today).or(cases::stopped_on.le(stopped_until));
    if let Db::Lite(_) = db {
        // With the two conditions combined, SQLite would read every case of the organs.
        let mut rows = open_due_until(db, organs, until, limit)?;
        let is_later = cases::warns_on.is_null().or(cases::warns_on.assume_not_null().gt(until));
        let stopped = named_cases!(organs).filter(cases::is_open).filter(stops).filter(is_later);
        rows.extend(named(stopped.order((cases::warns_on, cases::id)).limit(limit).load(db)?));
        return Ok(rows);
    }
    let query = named_cases!(organs).filter(cases::is_open).filter(cases::warns_on.le(until).or(stops));
    Ok(named(query.order((cases::warns_on, cases::id)).limit(limit).load(db)?))
}

/// Like [`late_replies`], with the names of department and handler.
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

/// Cases whose late reply went out in `from..=until`, by day.
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

/// Open cases of these organs whose suspension had its last lawful day before `day`. Their period is running again.
pub fn stop_ran_out(db: &mut Db, organs: &[OrganId], day: NaiveDate, limit: i64) -> Result<Vec<NamedCase>, StoreError> {
    let query = named_cases!(organs).filter(cases::is_open).filter(cases::resumes_on.lt(day));
    Ok(named(query.order((cases::resumes_on, cases::id)).limit(limit).load(db)?))
}

/// Open cases of any organ whose suspension had its last lawful day before `day`, by id, after `after`.
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

/// The latest due date of all open cases. The calendar must reach beyond it.
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

/// Counts open cases whose clock is in `gap`: they need a year whose calendar is not published.
pub fn count_in_gap(db: &mut Db) -> Result<i64, StoreError> {
    // Spelt out, not bound: a partial index is only used when the planner can see the value.
    let gap = cases::table.filter(cases::is_open).filter(verbatim::<Bool>("cases.clock_status = 'gap'"));
    Ok(gap.count().get_result(db)?)
}

/// Counts open cases, for metrics.
pub fn count_open(db: &mut Db) -> Result<i64, StoreError> {
    Ok(cases::table.filter(cases::is_open).count().get_result(db)?)
}
