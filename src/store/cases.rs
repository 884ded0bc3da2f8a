//! The row of a case: what queries and lists need. It is folded from the log and written in the same transaction.

use chrono::NaiveDate;
use diesel::dsl::{count_star, max, not};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::db::{Db, MultiBackend};
use super::schema::{case_tags, cases, obligations};
use super::{ApplicantId, CaseId, DepartmentId, OrganId, StoreError, Ts, UserId};

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
}

/// A warning level, as what rows show of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Open, and warned by a day within these bounds (both inclusive).
    Within(Option<NaiveDate>, Option<NaiveDate>),
    /// Open, the period begun, and no day to be warned by, or one later than this.
    After(NaiveDate),
    /// Ended, or not begun.
    Silent,
}

/// Which cases. `organs` is what the caller may see and always restricts: empty means none. Of the rest, what is empty
/// or `None` does not restrict.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Of these organs.
    pub organs: Vec<OrganId>,
    /// In one of these stages.
    pub stages: Vec<String>,
    /// With one of these clock states.
    pub clock_statuses: Vec<String>,
    /// Due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Due on this day or earlier.
    pub due_until: Option<NaiveDate>,
    /// At one of these departments.
    pub departments: Vec<DepartmentId>,
    /// With this 经办人.
    pub handler: Option<UserId>,
    /// By one of these channels.
    pub channels: Vec<String>,
    /// From one of these kinds of applicants.
    pub applicant_kinds: Vec<String>,
    /// Ended in one of these categories.
    pub outcomes: Vec<String>,
    /// Received on this day or later.
    pub received_from: Option<NaiveDate>,
    /// Received on this day or earlier.
    pub received_until: Option<NaiveDate>,
    /// Open or closed.
    pub is_open: Option<bool>,
    /// Filed by this front-desk system.
    pub source: Option<String>,
    /// Of one of these applicants (the same person may be there several times).
    pub applicants: Vec<ApplicantId>,
    /// With this subject tag.
    pub tag: Option<String>,
    /// Contained in number, title or applicant name.
    pub text: Option<String>,
    /// At this warning level.
    pub warning: Option<Warning>,
}

/// The last case of a page: the next page starts behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCursor {
    /// When it was added.
    pub created_at: Ts,
    /// Its id.
    pub id: CaseId,
}

impl From<&CaseRow> for CaseCursor {
    fn from(row: &CaseRow) -> Self {
        Self { created_at: row.created_at, id: row.id }
    }
}

type Query<'a> = cases::BoxedQuery<'a, MultiBackend>;

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

/// Open cases that wait for a correction or for an unpublished year and have no day to be warned by, by id, after `after`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn without_warning(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    let mut query = cases::table
        .into_boxed::<MultiBackend>()
        .filter(cases::is_open)
        .filter(cases::warns_on.is_null())
        .filter(cases::clock_status.eq_any(["gap", "awaiting_correction"]));
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
    let running = obligations::table
        .filter(obligations::case_id.eq(cases::id.nullable()))
        .filter(obligations::status.eq(super::obligations::OPEN));
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

/// A page of cases, the newest first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn list(
    db: &mut Db,
    filter: &CaseFilter,
    after: Option<CaseCursor>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let mut query = filtered(filter);
    if let Some(CaseCursor { created_at, id }) = after {
        query =
            query.filter(cases::created_at.lt(created_at).or(cases::created_at.eq(created_at).and(cases::id.lt(id))));
    }
    let page = query.order((cases::created_at.desc(), cases::id.desc())).limit(limit);
    Ok(page.select(CaseRow::as_select()).load(db)?)
}

/// How many cases a filter has.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn count(db: &mut Db, filter: &CaseFilter) -> Result<i64, StoreError> {
    Ok(filtered(filter).select(count_star()).first(db)?)
}

fn filtered(filter: &CaseFilter) -> Query<'_> {
    let mut query = of_organs(&filter.organs);
    // A bare column, not a bound value: a partial index is only used when the planner can see the condition.
    query = match filter.is_open {
        Some(true) => query.filter(cases::is_open),
        Some(false) => query.filter(not(cases::is_open)),
        None => query,
    };
    query = by_codes(query, filter);
    query = by_days(query, filter);
    if !filter.departments.is_empty() {
        query = query.filter(cases::department_id.eq_any(&filter.departments));
    }
    if !filter.applicants.is_empty() {
        query = query.filter(cases::applicant_id.eq_any(&filter.applicants));
    }
    if let Some(warning) = filter.warning {
        query = by_warning(query, warning);
    }
    if let Some(handler) = filter.handler {
        query = query.filter(cases::handler_id.eq(handler));
    }
    if let Some(source) = &filter.source {
        query = query.filter(cases::source.eq(source));
    }
    if let Some(tag) = &filter.tag {
        let tagged = case_tags::table.filter(case_tags::tag.eq(tag)).select(case_tags::case_id);
        query = query.filter(cases::id.eq_any(tagged));
    }
    match &filter.text {
        Some(text) => by_text(query, text),
        None => query,
    }
}

/// One organ is compared, not looked for in a list: PostgreSQL then reads the page in the order of the index.
fn of_organs(organs: &[OrganId]) -> Query<'_> {
    match organs {
        [one] => cases::table.into_boxed().filter(cases::organ_id.eq(one)),
        many => cases::table.into_boxed().filter(cases::organ_id.eq_any(many)),
    }
}

fn of_organ(organ: OrganId) -> Query<'static> {
    cases::table.into_boxed().filter(cases::organ_id.eq(organ))
}

fn by_codes<'a>(mut query: Query<'a>, filter: &'a CaseFilter) -> Query<'a> {
    if !filter.stages.is_empty() {
        query = query.filter(cases::stage.eq_any(&filter.stages));
    }
    if !filter.clock_statuses.is_empty() {
        query = query.filter(cases::clock_status.eq_any(&filter.clock_statuses));
    }
    if !filter.channels.is_empty() {
        query = query.filter(cases::channel.eq_any(&filter.channels));
    }
    if !filter.applicant_kinds.is_empty() {
        query = query.filter(cases::applicant_kind.eq_any(&filter.applicant_kinds));
    }
    if !filter.outcomes.is_empty() {
        query = query.filter(cases::outcome.eq_any(&filter.outcomes));
    }
    query
}

fn by_days<'a>(mut query: Query<'a>, filter: &CaseFilter) -> Query<'a> {
    if let Some(day) = filter.due_from {
        query = query.filter(cases::due_on.ge(day));
    }
    if let Some(day) = filter.due_until {
        query = query.filter(cases::due_on.le(day));
    }
    if let Some(day) = filter.received_from {
        query = query.filter(cases::received_on.ge(day));
    }
    if let Some(day) = filter.received_until {
        query = query.filter(cases::received_on.le(day));
    }
    query
}

fn by_warning(query: Query<'_>, warning: Warning) -> Query<'_> {
    match warning {
        Warning::Within(from, until) => {
            let mut query = query.filter(cases::is_open).filter(cases::warns_on.is_not_null());
            if let Some(from) = from {
                query = query.filter(cases::warns_on.ge(from));
            }
            match until {
                Some(until) => query.filter(cases::warns_on.le(until)),
                None => query,
            }
        }
        Warning::After(day) => query
            .filter(cases::is_open)
            .filter(cases::received_on.is_not_null())
            .filter(cases::warns_on.is_null().or(cases::warns_on.assume_not_null().gt(day))),
        Warning::Silent => query.filter(not(cases::is_open).or(cases::received_on.is_null())),
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The text in small letters.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

fn by_text<'a>(query: Query<'a>, text: &str) -> Query<'a> {
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    // Without regard to case in ASCII on both databases: SQLite's LIKE never minds it, PostgreSQL's does.
    let pattern = format!("%{}%", literal.to_ascii_lowercase());
    query.filter(
        lower(cases::title)
            .like(pattern.clone())
            .escape('\\')
            .or(lower(cases::applicant_name).like(pattern.clone()).escape('\\'))
            .or(cases::number.is_not_null().and(lower(cases::number.assume_not_null()).like(pattern).escape('\\'))),
    )
}

/// Open cases that are warned by a day up to `until` (their last day, or what stands in for it), the most urgent first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn open_due_until(
    db: &mut Db,
    organs: &[OrganId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    Ok(of_organs(organs)
        .filter(cases::is_open)
        .filter(cases::warns_on.le(until))
        .order((cases::warns_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
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

/// Open cases whose stop had its last lawful day before `day`: their period runs again.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn stop_ran_out(db: &mut Db, day: NaiveDate, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    Ok(cases::table
        .filter(cases::is_open)
        .filter(cases::resumes_on.lt(day))
        .order((cases::resumes_on, cases::id))
        .limit(limit)
        .select(CaseRow::as_select())
        .load(db)?)
}

/// The latest day on which an open case is due: the calendar must reach beyond it.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn latest_open_due(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    Ok(cases::table.filter(cases::is_open).select(max(cases::due_on)).first(db)?)
}

/// How many open cases need a year whose calendar is not published: their clock is in `gap`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn count_in_gap(db: &mut Db) -> Result<i64, StoreError> {
    let gap = cases::table.filter(cases::is_open).filter(cases::clock_status.eq("gap"));
    Ok(gap.count().get_result(db)?)
}

/// How many cases are open, for metrics.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn count_open(db: &mut Db) -> Result<i64, StoreError> {
    Ok(cases::table.filter(cases::is_open).count().get_result(db)?)
}
