//! Case counts for statistics, and the stored data of annual reports: figures entered by an office, and published
//! reports.

pub mod annual_reports;

use crate::store::database::verbatim::verbatim;
use chrono::NaiveDate;
use diesel::dsl::{count_star, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashMap;

use super::cases::CaseRow;
use super::{CaseId, DepartmentId, OrganId, StoreError, Ts, UserId};
use crate::case::{AMENDING_EVENTS, COUNTED_EVENTS};
use crate::store::cases::events::EventRow;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::deadline;
use crate::store::database::schema::{case_events, case_tags, cases, report_figures, report_snapshots};

/// Cases queried per statement.
const BATCH: usize = 500;

/// When cases were closed, by `closed_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Within these days (both inclusive).
    Within(NaiveDate, NaiveDate),
    /// After this day, or not yet.
    After(NaiveDate),
    /// On this day, later, or not yet.
    NotBefore(NaiveDate),
}

/// Filter for cases. `organs` always restricts: empty matches nothing. Every other field restricts only if it is
/// neither empty nor `None`.
#[derive(Debug, Clone)]
pub struct Stock {
    /// Of these organs.
    pub organs: Vec<OrganId>,
    /// Received on this day or later.
    pub received_from: Option<NaiveDate>,
    /// Received on this day or earlier.
    pub received_until: NaiveDate,
    /// When they were closed.
    pub ended: Ended,
    /// From this kind of applicant.
    pub kind: Option<String>,
    /// By one of these channels.
    pub channels: Vec<String>,
    /// With one of these outcomes.
    pub outcomes: Vec<String>,
    /// `true`: neither extended nor late. `false`: extended or late.
    pub is_in_time: Option<bool>,
}

/// A group of cases with equal statistical attributes, and its size.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct CountGroup {
    /// 申请人类型.
    pub applicant_kind: String,
    /// 渠道.
    pub channel: String,
    /// The outcome.
    pub outcome: Option<String>,
    /// Whether the period was extended.
    pub is_extended: bool,
    /// Whether the reply was late.
    pub is_late: bool,
    /// The department in charge.
    pub department: Option<DepartmentId>,
    /// The number of cases.
    pub count: i64,
}

/// The conditions of a [`Stock`] on a query over `cases`. A macro, because boxed queries with and without grouping
/// differ in type.
macro_rules! of_stock {
    ($query:expr, $stock:expr) => {{
        let stock: &Stock = $stock;
        let mut query =
            $query.filter(cases::organ_id.eq_any(&stock.organs)).filter(cases::received_on.le(stock.received_until));
        if let Some(from) = stock.received_from {
            query = query.filter(cases::received_on.ge(from));
        }
        query = match stock.ended {
            Ended::Within(from, until) => query.filter(cases::closed_on.between(from, until)),
            Ended::After(day) => {
                query.filter(cases::closed_on.is_null().or(cases::closed_on.assume_not_null().gt(day)))
            }
            Ended::NotBefore(day) => {
                query.filter(cases::closed_on.is_null().or(cases::closed_on.assume_not_null().ge(day)))
            }
        };
        if let Some(kind) = &stock.kind {
            query = query.filter(cases::applicant_kind.eq(kind));
        }
        if !stock.channels.is_empty() {
            query = query.filter(cases::channel.eq_any(&stock.channels));
        }
        if !stock.outcomes.is_empty() {
            query = query.filter(cases::outcome.eq_any(&stock.outcomes));
        }
        if deadline::is_interruptible() {
            query = query.filter(deadline::in_time());
        }
        match stock.is_in_time {
            Some(true) => query.filter(not(cases::is_extended)).filter(not(cases::is_late)),
            Some(false) => query.filter(cases::is_extended.or(cases::is_late)),
            None => query,
        }
    }};
}

/// Counts the cases in groups of equal statistical attributes.
pub fn groups(db: &mut Db, stock: &Stock) -> Result<Vec<CountGroup>, StoreError> {
    let alike = (
        cases::applicant_kind,
        cases::channel,
        cases::outcome,
        cases::is_extended,
        cases::is_late,
        cases::department_id,
    );
    let counted = cases::table
        .group_by(alike)
        .select((
            cases::applicant_kind,
            cases::channel,
            cases::outcome,
            cases::is_extended,
            cases::is_late,
            cases::department_id,
            count_star(),
        ))
        .into_boxed::<MultiBackend>();
    Ok(of_stock!(counted, stock).load(db)?)
}

/// The cases, by id, after `after`.
pub fn rows(db: &mut Db, stock: &Stock, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = of_stock!(cases::table.into_boxed::<MultiBackend>(), stock);
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// The rows of these cases, by id.
pub fn rows_of(db: &mut Db, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
    let mut rows = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        deadline::check()?;
        let some: Vec<CaseRow> = cases::table.filter(cases::id.eq_any(batch)).select(CaseRow::as_select()).load(db)?;
        rows.extend(some);
    }
    rows.sort_by_key(|row: &CaseRow| row.id);
    Ok(rows)
}

/// The events that make cases of these organs more than their rows show ([`COUNTED_EVENTS`]), each case's in order.
pub fn turning_events(db: &mut Db, organs: &[OrganId]) -> Result<HashMap<CaseId, Vec<EventRow>>, StoreError> {
    // A literal: the planner uses a partial index only if it can see the condition.
    let kinds: Vec<String> = COUNTED_EVENTS.iter().map(|kind| format!("'{kind}'")).collect();
    let is_turn = verbatim::<Bool>(format!("kind IN ({})", kinds.join(", ")));
    let theirs = cases::table.filter(cases::organ_id.eq_any(organs)).select(cases::id);
    let turns = case_events::table
        .filter(is_turn)
        .filter(case_events::case_id.eq_any(theirs))
        .order((case_events::case_id, case_events::seq))
        .select(EventRow::as_select())
        .into_boxed::<MultiBackend>();
    let rows: Vec<EventRow> =
        if deadline::is_interruptible() { turns.filter(deadline::in_time()).load(db)? } else { turns.load(db)? };
    let mut logs: HashMap<CaseId, Vec<EventRow>> = HashMap::new();
    for row in rows {
        logs.entry(row.case_id).or_default().push(row);
    }
    Ok(logs)
}

/// The cases of these organs with an event recorded after `since` that happened on or before `until`, or that changes what earlier events say.
pub fn recorded_since(db: &mut Db, organs: &[OrganId], since: Ts, until: NaiveDate) -> Result<Vec<CaseId>, StoreError> {
    let theirs = cases::table.filter(cases::organ_id.eq_any(organs)).select(cases::id);
    Ok(case_events::table
        .filter(case_events::recorded_at.gt(since))
        .filter(case_events::occurred_on.le(until).or(case_events::kind.eq_any(AMENDING_EVENTS)))
        .filter(case_events::case_id.eq_any(theirs))
        .order(case_events::case_id)
        .select(case_events::case_id)
        .distinct()
        .load(db)?)
}

/// The subject tags of cases received in these days, each with its number of cases, most frequent first.
pub fn tags(
    db: &mut Db,
    organs: &[OrganId],
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<(String, i64)>, StoreError> {
    let received = cases::table
        .filter(cases::organ_id.eq_any(organs))
        .filter(cases::received_on.between(from, until))
        .select(cases::id);
    let mut counted: Vec<(String, i64)> = case_tags::table
        .filter(case_tags::case_id.eq_any(received))
        .group_by(case_tags::tag)
        .select((case_tags::tag, count_star()))
        .load(db)?;
    // Sorted here, because the databases sort Chinese differently.
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(counted)
}

/// A row of `report_figures`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = report_figures, treat_none_as_default_value = false)]
pub struct FiguresRow {
    /// The organ.
    pub organ_id: OrganId,
    /// The year the report covers.
    pub year: i32,
    /// JSON.
    pub body: String,
    /// 1, 2, 3 …
    pub version: i64,
    /// The user who wrote it last.
    pub updated_by: UserId,
    /// When it was written last.
    pub updated_at: Ts,
}

/// The figures these organs entered for a year.
pub fn figures(db: &mut Db, organs: &[OrganId], year: i32) -> Result<Vec<FiguresRow>, StoreError> {
    let theirs = report_figures::table.filter(report_figures::organ_id.eq_any(organs));
    Ok(theirs.filter(report_figures::year.eq(year)).select(FiguresRow::as_select()).load(db)?)
}

/// Inserts figures (`expected` is `None`) or replaces those of version `expected`.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs, or if figures exist although `expected` is `None`.
pub fn put_figures(db: &mut Db, row: &FiguresRow, expected: Option<i64>) -> Result<(), StoreError> {
    let Some(expected) = expected else {
        diesel::insert_into(report_figures::table).values(row).execute(db)?;
        return Ok(());
    };
    let current = report_figures::table
        .filter(report_figures::organ_id.eq(row.organ_id))
        .filter(report_figures::year.eq(row.year))
        .filter(report_figures::version.eq(expected));
    match diesel::update(current).set(row).execute(db)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// A row of `report_snapshots`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_snapshots, treat_none_as_default_value = false)]
pub struct SnapshotRow {
    /// The organ.
    pub organ_id: OrganId,
    /// The year the report covers.
    pub year: i32,
    /// Whether the organs below are included.
    pub with_subordinates: bool,
    /// JSON of the complete report.
    pub body: String,
    /// The user who published it.
    pub taken_by: Option<UserId>,
    /// When it was published.
    pub taken_at: Ts,
}

/// Stores a published report.
///
/// # Errors
/// [`StoreError::Conflict`] if a report of that year is already stored.
pub fn keep(db: &mut Db, row: &SnapshotRow) -> Result<(), StoreError> {
    diesel::insert_into(report_snapshots::table).values(row).execute(db)?;
    Ok(())
}

/// The published report of a year, if there is one.
pub fn kept(db: &mut Db, organ: OrganId, year: i32) -> Result<Option<SnapshotRow>, StoreError> {
    let one = report_snapshots::table.find((organ, year));
    Ok(one.select(SnapshotRow::as_select()).first(db).optional()?)
}
