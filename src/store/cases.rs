//! The row of a case, as queries and lists need it. It is derived from the log and written in the same transaction.

pub mod applicant_versions;
pub mod applicants;
pub mod counters;
pub mod events;
pub(super) mod filter;
pub(in crate::store) mod log_form;
pub mod obligations;
mod order;
pub mod tags;
pub mod transfers;

pub use crate::store::supervision::watch::{
    NamedCase, changed_since, count_in_gap, count_open, late_replies, latest_open_due, maybe_recorded_late,
    named_late_replies, open_as_of, open_due_until, open_or_closed_since, received_in, stop_ran_out, stopped_before,
    warned_until,
};
pub use filter::{CaseFilter, InStage, WarnedIn, Warning, count, count_by_stage};
pub use order::{CaseCursor, CaseKey, CaseOrder, list, ordered};

use filter::of_organ;

use chrono::NaiveDate;
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Nullable};

use super::{ApplicantId, CaseId, DepartmentId, OrganId, StoreError, Ts, UserId};
use crate::case::Stage;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{cases, obligations as obligation_table, organs as organ_table};
use crate::store::database::sqltypes::UuidT;
use crate::store::database::verbatim::{Verbatim, verbatim};
use crate::store::people::organs::{self, OrganRow, Seat};

/// A row of `cases`. Codes are those of `case` and `law`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = cases, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct CaseRow {
    /// Id.
    pub id: CaseId,
    /// The organ that has to answer.
    pub organ_id: OrganId,
    /// 受理编号, from registration on.
    pub number: Option<String>,
    /// The front-desk system that filed it.
    pub source: Option<String>,
    /// The case's number in that system.
    pub external_number: Option<String>,
    /// The applicant.
    pub applicant_id: ApplicantId,
    /// Name of the applicant, for lists and search.
    pub applicant_name: String,
    /// 申请人类型.
    pub applicant_kind: String,
    /// 申请内容 in one line.
    pub title: String,
    /// 渠道.
    pub channel: String,
    /// `492` or `711`. Known once the day of receipt is fixed.
    pub regime: Option<String>,
    /// Stage.
    pub stage: String,
    /// Whether anything remains to be done.
    pub is_open: bool,
    /// State of the reply period.
    pub clock_status: String,
    /// Day on which the applicant submitted the request.
    pub submitted_on: NaiveDate,
    /// 收到申请之日.
    pub received_on: Option<NaiveDate>,
    /// Day 0 of the running period.
    pub start_on: Option<NaiveDate>,
    /// Last day of the running period.
    pub due_on: Option<NaiveDate>,
    /// Last day of a suspension whose statutory limit is known.
    pub resumes_on: Option<NaiveDate>,
    /// Day of the reply.
    pub replied_on: Option<NaiveDate>,
    /// Day on which the case was closed.
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
    /// The calendar version its dates were computed with.
    pub calendar_version: String,
    /// Seq of its last event.
    pub version: i64,
    /// When it was added.
    pub created_at: Ts,
    /// When it last changed.
    pub updated_at: Ts,
    /// The day that drives the warnings of an open case.
    pub warns_on: Option<NaiveDate>,
    /// The latest possible last day, while a holiday notice is not published. `warns_on` is the earliest.
    pub latest_on: Option<NaiveDate>,
    /// The organ it was filed with, if it went over to another since.
    pub filed_with: Option<OrganId>,
    /// The organ that gave its number, if it went over to another since.
    pub numbered_by: Option<OrganId>,
    /// The day of the letter that stopped the period of an open case, if the day on which it runs again is not known.
    pub stopped_on: Option<NaiveDate>,
}

/// Adds a case.
///
/// # Errors
/// [`StoreError::Conflict`] if the organ already has a case with this number, or with this source and external number.
pub fn insert(db: &mut Db, row: &CaseRow) -> Result<(), StoreError> {
    diesel::insert_into(cases::table).values(row).execute(db)?;
    Ok(())
}

/// Overwrites the row, provided that its version is still `expected`.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs, [`StoreError::NotFound`] if the case does not exist.
pub fn update(db: &mut Db, row: &CaseRow, expected: i64) -> Result<(), StoreError> {
    let current = cases::table.filter(cases::id.eq(row.id)).filter(cases::version.eq(expected));
    if diesel::update(current).set(row).execute(db)? == 1 {
        return Ok(());
    }
    find(db, row.id)?;
    Err(StoreError::Conflict)
}

/// How many cases have this applicant's record: several after a split.
pub fn with_applicant(db: &mut Db, applicant: ApplicantId) -> Result<i64, StoreError> {
    Ok(cases::table.filter(cases::applicant_id.eq(applicant)).count().get_result(db)?)
}

/// The cases that have this applicant's record, by id.
pub fn sharing(db: &mut Db, applicant: ApplicantId) -> Result<Vec<CaseId>, StoreError> {
    Ok(cases::table.filter(cases::applicant_id.eq(applicant)).order(cases::id).select(cases::id).load(db)?)
}

/// Loads a case by id, without any check of access.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist.
pub fn find(db: &mut Db, id: CaseId) -> Result<CaseRow, StoreError> {
    Ok(cases::table.find(id).select(CaseRow::as_select()).first(db)?)
}

/// What is stored beside the row of a case and loaded with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredBeside {
    /// Subject tags, sorted.
    pub tags: Vec<String>,
    /// Whether the applicant's identity number is recorded as the paper has it, unverified.
    pub identity_is_unverified: bool,
    /// The applicant's contacts, agents and guardian, and the co-applicants, sealed.
    pub contact_sealed: Option<Vec<u8>>,
}

/// Loads a case with what is stored beside it and its organ in one statement.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist.
pub fn find_with_seat(db: &mut Db, id: CaseId) -> Result<(CaseRow, StoredBeside, Seat), StoreError> {
    let (row, tags, (is_unverified, contact_sealed), organ, here, nationally) = cases::table
        .inner_join(organ_table::table.on(organ_table::id.eq(cases::organ_id)))
        .filter(cases::id.eq(id))
        .select((
            <CaseRow as Selectable<MultiBackend>>::construct_selection(),
            tags::beside("t.case_id = cases.id"),
            (
                verbatim::<Nullable<Bool>>(
                    "(SELECT a.identity_is_unverified FROM applicants a WHERE a.id = cases.applicant_id)",
                ),
                verbatim::<Nullable<Binary>>(
                    "(SELECT a.contact_sealed FROM applicants a WHERE a.id = cases.applicant_id)",
                ),
            ),
            <OrganRow as Selectable<MultiBackend>>::construct_selection(),
            organs::version_here(),
            organs::version_nationally(),
        ))
        .first(db)?;
    let identity_is_unverified: Option<bool> = is_unverified;
    let identity_is_unverified = identity_is_unverified.unwrap_or(false);
    let beside = StoredBeside { tags: tags::of_lines(tags), identity_is_unverified, contact_sealed };
    Ok((row, beside, Seat::new(organ, here, nationally)))
}

/// Loads cases by id, in any order.
pub fn many(db: &mut Db, of: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
    let mut found = Vec::with_capacity(of.len());
    for some in of.chunks(500) {
        let theirs = cases::table.filter(cases::id.eq_any(some));
        let rows: Vec<CaseRow> = theirs.select(CaseRow::as_select()).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Loads a case by id if it belongs to one of these organs.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist or belongs to another organ. The two look the same, so that a
/// caller without access cannot probe for ids.
pub fn find_within(db: &mut Db, id: CaseId, organs: &[OrganId]) -> Result<CaseRow, StoreError> {
    let theirs = cases::table.find(id).filter(cases::organ_id.eq_any(organs));
    Ok(theirs.select(CaseRow::as_select()).first(db)?)
}

/// Loads a case by id and locks its row until the transaction ends. A transaction that waited here sees the writes of
/// the one before, so all late commands get the same answer.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist; [`StoreError::Busy`] if the wait times out.
pub fn lock(db: &mut Db, id: CaseId) -> Result<CaseRow, StoreError> {
    let one = cases::table.find(id);
    match db {
        Db::Pg(connection) => Ok(one.for_update().select(CaseRow::as_select()).first(connection)?),
        // On SQLite the write transaction already excludes every other writer.
        Db::Lite(connection) => Ok(one.select(CaseRow::as_select()).first(connection)?),
    }
}

/// Like [`lock`], but does not wait: `None` if the row is locked by another transaction or does not exist.
pub fn try_lock(db: &mut Db, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
    let one = cases::table.find(id);
    Ok(match db {
        Db::Pg(db) => one.for_update().skip_locked().select(CaseRow::as_select()).first(db).optional()?,
        Db::Lite(db) => one.select(CaseRow::as_select()).first(db).optional()?,
    })
}

/// Open cases of an organ whose calendar version differs from `version`, by id, after `after`.
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

/// Open cases whose clock is running, in a gap or waiting for a correction and that have no `warns_on`, by id, after
/// `after`.
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

/// Whether an organ has at least one case.
pub fn any_of(db: &mut Db, organ: OrganId) -> Result<bool, StoreError> {
    let one: Option<CaseId> = of_organ(organ).select(cases::id).limit(1).load(db)?.pop();
    Ok(one.is_some())
}

/// Open cases of an organ, by id, after `after`.
pub fn open_by_id(db: &mut Db, organ: OrganId, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = of_organ(organ).filter(cases::is_open);
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// Closed cases of an organ with a duty still open (proof of service, answer to a remedy), by id, after `after`.
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
pub fn page_by_id(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = cases::table.into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(CaseRow::as_select()).limit(limit).load(db)?)
}

/// Loads a case of an organ by its 受理编号.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ has no case with this number.
pub fn find_by_number(db: &mut Db, organ: OrganId, number: &str) -> Result<CaseRow, StoreError> {
    let named = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.eq(number));
    // A case that went over may have the number too: the organ's own first.
    Ok(named.order((cases::numbered_by.is_not_null(), cases::id)).select(CaseRow::as_select()).first(db)?)
}

/// Whether the organ has a case with this 受理编号.
pub fn has_number(db: &mut Db, organ: OrganId, number: &str) -> Result<bool, StoreError> {
    let named = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.eq(number));
    Ok(named.select(cases::id).first::<CaseId>(db).optional()?.is_some())
}

/// The case that is not void and has the number of `row`, or the number of its filing. A void case keeps both.
pub fn in_place_of(db: &mut Db, row: &CaseRow) -> Result<Option<CaseRow>, StoreError> {
    let numbered_with = verbatim::<UuidT>("coalesce(cases.numbered_by, cases.organ_id)");
    let others = cases::table.filter(cases::stage.ne(Stage::Void.code())).filter(cases::id.ne(row.id));
    if let Some(number) = &row.number {
        let same =
            others.filter(numbered_with.eq(row.numbered_by.unwrap_or(row.organ_id))).filter(cases::number.eq(number));
        if let Some(found) = same.select(CaseRow::as_select()).first(db).optional()? {
            return Ok(Some(found));
        }
    }
    let (Some(source), Some(number)) = (&row.source, &row.external_number) else { return Ok(None) };
    let same = others
        .filter(filed_with().eq(row.filed_with.unwrap_or(row.organ_id)))
        .filter(cases::source.eq(source))
        .filter(cases::external_number.eq(number));
    Ok(same.select(CaseRow::as_select()).first(db).optional()?)
}

/// The organ a case was filed with, next to a row of `cases`.
pub(in crate::store) fn filed_with() -> Verbatim<UuidT> {
    verbatim("coalesce(cases.filed_with, cases.organ_id)")
}

/// Loads a case by the organ and front-desk system it was filed with and its number there: the one that is not void, else
/// the latest void one.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such filing.
pub fn find_by_external(db: &mut Db, organ: OrganId, source: &str, number: &str) -> Result<CaseRow, StoreError> {
    let filed = cases::table
        .filter(filed_with().eq(organ))
        .filter(cases::source.eq(source))
        .filter(cases::external_number.eq(number));
    let is_void = cases::stage.eq(Stage::Void.code());
    Ok(filed.order((is_void, cases::created_at.desc())).select(CaseRow::as_select()).first(db)?)
}

/// Makes the rows of cases void after one more event was appended to each of their logs.
///
/// # Errors
/// As every write.
pub fn make_void(db: &mut Db, of: &[CaseId], at: Ts) -> Result<(), StoreError> {
    for some in of.chunks(500) {
        let theirs = cases::table.filter(cases::id.eq_any(some));
        let nothing = None::<chrono::NaiveDate>;
        let dates = (
            cases::received_on.eq(nothing),
            cases::start_on.eq(nothing),
            cases::due_on.eq(nothing),
            cases::resumes_on.eq(nothing),
            cases::replied_on.eq(nothing),
            cases::closed_on.eq(nothing),
            cases::warns_on.eq(nothing),
            cases::latest_on.eq(nothing),
            cases::stopped_on.eq(nothing),
        );
        let rest = (
            cases::stage.eq(Stage::Void.code()),
            cases::is_open.eq(false),
            cases::clock_status.eq("none"),
            cases::is_late.eq(false),
            cases::is_extended.eq(false),
            cases::outcome.eq(None::<String>),
            cases::version.eq(cases::version + 1),
            cases::updated_at.eq(at),
        );
        diesel::update(theirs).set((dates, rest)).execute(db)?;
    }
    Ok(())
}
