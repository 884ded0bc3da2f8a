//! The row of a case: what queries and lists need. It is folded from the log and written in the same transaction.

pub mod applicants;
pub mod counters;
pub mod events;
pub(super) mod filter;
pub mod obligations;
pub mod tags;

pub use crate::store::supervision::watch::{
    NamedCase, count_in_gap, count_open, late_replies, latest_open_due, named_late_replies, open_as_of, open_due_until,
    open_or_closed_since, received_in, stop_ran_out, stopped_before, warned_until,
};
pub use filter::{CaseCursor, CaseFilter, Warning, count, list};

use filter::of_organ;

use chrono::NaiveDate;
use diesel::dsl::not;
use diesel::prelude::*;

use super::{ApplicantId, CaseId, DepartmentId, OrganId, StoreError, Ts, UserId};
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{cases, obligations as obligation_table, organs as organ_table};
use crate::store::people::organs::{self, OrganRow, Seat};

/// A row of `cases`; codes are those of `case` and `law`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = cases, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct CaseRow {
    /// Id.
    pub id: CaseId,
    /// The organ that was asked.
    pub organ_id: OrganId,
    /// 受理编号, from registration on.
    pub number: Option<String>,
    /// The front-desk system that filed it.
    pub source: Option<String>,
    /// Its number in that system.
    pub external_number: Option<String>,
    /// Who asks.
    pub applicant_id: ApplicantId,
    /// Name of the applicant, for lists and search.
    pub applicant_name: String,
    /// 申请人类型.
    pub applicant_kind: String,
    /// 申请内容 in one line.
    pub title: String,
    /// 渠道.
    pub channel: String,
    /// `492` or `711`, known once the day of receipt is.
    pub regime: Option<String>,
    /// Stage.
    pub stage: String,
    /// Whether anything is left to be done.
    pub is_open: bool,
    /// State of the reply period.
    pub clock_status: String,
    /// Day on which the applicant handed it in.
    pub submitted_on: NaiveDate,
    /// 收到申请之日.
    pub received_on: Option<NaiveDate>,
    /// Day 0 of the running period.
    pub start_on: Option<NaiveDate>,
    /// Last day of the running period.
    pub due_on: Option<NaiveDate>,
    /// Last day of a stop whose statutory limit is known.
    pub resumes_on: Option<NaiveDate>,
    /// Day of the reply.
    pub replied_on: Option<NaiveDate>,
    /// Day on which it ended.
    pub closed_on: Option<NaiveDate>,
    /// Whether the reply was late.
    pub is_late: bool,
    /// Whether the period was extended.
    pub is_extended: bool,
    /// The statutory category it ended in.
    pub outcome: Option<String>,
    /// 承办科室.
    pub department_id: Option<DepartmentId>,
    /// 经办人.
    pub handler_id: Option<UserId>,
    /// The calendar its dates were computed with.
    pub calendar_version: String,
    /// Seq of its last event.
    pub version: i64,
    /// When it was added.
    pub created_at: Ts,
    /// When it last changed.
    pub updated_at: Ts,
    /// The day an open case is warned by.
    pub warns_on: Option<NaiveDate>,
    /// While a notice is not out: the latest its last day can be; `warns_on` is the earliest.
    pub latest_on: Option<NaiveDate>,
}

/// Adds a case.
///
/// # Errors
/// [`StoreError::Conflict`] when the number, or the filing of that front-desk system, is there already.
pub fn insert(db: &mut Db, row: &CaseRow) -> Result<(), StoreError> {
    diesel::insert_into(cases::table).values(row).execute(db)?;
    Ok(())
}

/// Writes the row over the one of version `expected`.
///
/// # Errors
/// [`StoreError::Conflict`] when the version is another by now, [`StoreError::NotFound`] when the case is not there.
pub fn update(db: &mut Db, row: &CaseRow, expected: i64) -> Result<(), StoreError> {
    let current = cases::table.filter(cases::id.eq(row.id)).filter(cases::version.eq(expected));
    if diesel::update(current).set(row).execute(db)? == 1 {
        return Ok(());
    }
    find(db, row.id)?;
    Err(StoreError::Conflict)
}

/// The case of an id, whoever asks.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find(db: &mut Db, id: CaseId) -> Result<CaseRow, StoreError> {
    Ok(cases::table.find(id).select(CaseRow::as_select()).first(db)?)
}

/// The case of an id with its subject tags, and the organ that was asked, in one statement.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find_with_seat(db: &mut Db, id: CaseId) -> Result<(CaseRow, Vec<String>, Seat), StoreError> {
    let (row, tags, organ, here, nationally) = cases::table
        .inner_join(organ_table::table.on(organ_table::id.eq(cases::organ_id)))
        .filter(cases::id.eq(id))
        .select((
            <CaseRow as Selectable<MultiBackend>>::construct_selection(),
            tags::beside("t.case_id = cases.id"),
            <OrganRow as Selectable<MultiBackend>>::construct_selection(),
            organs::version_here(),
            organs::version_nationally(),
        ))
        .first(db)?;
    Ok((row, tags::of_lines(tags), Seat::new(organ, here, nationally)))
}

/// The cases of these ids, in any order.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn many(db: &mut Db, of: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
    let mut found = Vec::with_capacity(of.len());
    for some in of.chunks(500) {
        let theirs = cases::table.filter(cases::id.eq_any(some));
        let rows: Vec<CaseRow> = theirs.select(CaseRow::as_select()).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The case of an id, if it is one of these organs'.
///
/// # Errors
/// [`StoreError::NotFound`], also when it is another organ's: who may not see it does not learn that it exists.
pub fn find_within(db: &mut Db, id: CaseId, organs: &[OrganId]) -> Result<CaseRow, StoreError> {
    let theirs = cases::table.find(id).filter(cases::organ_id.eq_any(organs));
    Ok(theirs.select(CaseRow::as_select()).first(db)?)
}

/// The case of an id, held against other writers until the transaction ends: who waits here sees what the one before
/// wrote, so that all who come late are told the same.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Busy`] when it is held too long.
pub fn lock(db: &mut Db, id: CaseId) -> Result<CaseRow, StoreError> {
    let one = cases::table.find(id);
    match db {
        Db::Pg(connection) => Ok(one.for_update().select(CaseRow::as_select()).first(connection)?),
        // The write transaction holds the whole database.
        Db::Lite(connection) => Ok(one.select(CaseRow::as_select()).first(connection)?),
    }
}

/// As [`lock`], without waiting: `None` when somebody else holds the case just now.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn try_lock(db: &mut Db, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
    let one = cases::table.find(id);
    Ok(match db {
        Db::Pg(db) => one.for_update().skip_locked().select(CaseRow::as_select()).first(db).optional()?,
        Db::Lite(db) => one.select(CaseRow::as_select()).first(db).optional()?,
    })
}

/// Open cases of an organ that were computed by another calendar than `version`, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn of_other_calendar(
    db: &mut Db,
    organ: OrganId,
    version: &str,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    let mut query = of_organ(organ).filter(cases::is_open).filter(cases::calendar_version.ne(version));
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(cases::id).limit(limit).load(db)?)
}

/// Open cases that run or wait for a correction and have no day to be warned by, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn without_warning(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    let mut query = cases::table
        .into_boxed::<MultiBackend>()
        .filter(cases::is_open)
        .filter(cases::warns_on.is_null())
        .filter(cases::clock_status.eq_any(["gap", "awaiting_correction", "running"]));
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(cases::id).limit(limit).load(db)?)
}

/// Whether an organ has any case.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn any_of(db: &mut Db, organ: OrganId) -> Result<bool, StoreError> {
    let one: Option<CaseId> = of_organ(organ).select(cases::id).limit(1).load(db)?.pop();
    Ok(one.is_some())
}

/// Open cases of an organ, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn open_by_id(db: &mut Db, organ: OrganId, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = of_organ(organ).filter(cases::is_open);
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// Cases of an organ that have ended and still have a duty that runs (proof of service, an answer to a remedy), by id,
/// after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn ended_with_duties(
    db: &mut Db,
    organ: OrganId,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let running = obligation_table::table
        .filter(obligation_table::case_id.eq(cases::id.nullable()))
        .filter(obligation_table::status.eq(obligations::OPEN));
    let mut query = of_organ(organ).filter(not(cases::is_open)).filter(diesel::dsl::exists(running));
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// A page of all cases, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn page_by_id(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = cases::table.into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// The case of a 受理编号.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find_by_number(db: &mut Db, organ: OrganId, number: &str) -> Result<CaseRow, StoreError> {
    let named = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.eq(number));
    Ok(named.select(CaseRow::as_select()).first(db)?)
}

/// Whether a case of the organ has this 受理编号.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn has_number(db: &mut Db, organ: OrganId, number: &str) -> Result<bool, StoreError> {
    let named = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.eq(number));
    Ok(named.select(cases::id).first::<CaseId>(db).optional()?.is_some())
}

/// The case that a front-desk system filed under its own number.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find_by_external(db: &mut Db, organ: OrganId, source: &str, number: &str) -> Result<CaseRow, StoreError> {
    let filed = cases::table
        .filter(cases::organ_id.eq(organ))
        .filter(cases::source.eq(source))
        .filter(cases::external_number.eq(number));
    Ok(filed.select(CaseRow::as_select()).first(db)?)
}
