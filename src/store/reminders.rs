//! Open duties as the reminder pass reads them, and the record that a day's pass is done.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::schema::{cases, obligations, organs};
use super::{CaseId, Db, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId, meta};

/// The key in `meta` of the last day whose pass is done.
const PASS_DONE: &str = "reminders.pass_done";

/// An open duty with a date, and what a mail says of it. No applicant's data are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRow {
    /// The obligation.
    pub id: ObligationId,
    /// Its organ.
    pub organ_id: OrganId,
    /// The organ's name.
    pub organ_name: String,
    /// The organ's calendar overlay.
    pub region: String,
    /// Its case; an annual report has none.
    pub case_id: Option<CaseId>,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// What the application is about.
    pub case_title: Option<String>,
    /// What kind of duty it is.
    pub kind: String,
    /// Its date.
    pub due_on: NaiveDate,
    /// Whose it is.
    pub owner_id: Option<UserId>,
    /// Whose department's.
    pub department_id: Option<DepartmentId>,
    /// On which article.
    pub article: String,
    /// Since when it stands as it stands.
    pub updated_at: Ts,
}

type Row = (
    (ObligationId, OrganId, String, String),
    (Option<CaseId>, Option<String>, Option<String>),
    (String, Option<NaiveDate>, Option<UserId>, Option<DepartmentId>, String, Ts),
);

/// Where a page of duties ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub NaiveDate, pub ObligationId);

/// Up to `limit` open duties due on or before `horizon`, the earliest first, after `after`; with `changed_since`, only
/// those that changed at that instant or later. Met, cancelled and suspended duties are not among them.
///
/// # Errors
/// As every read.
pub fn open_duties(
    db: &mut Db,
    horizon: NaiveDate,
    changed_since: Option<Ts>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<DutyRow>, StoreError> {
    let mut query = obligations::table
        .inner_join(organs::table.on(organs::id.eq(obligations::organ_id)))
        .left_join(cases::table.on(obligations::case_id.eq(cases::id.nullable())))
        // Spelt out, not bound: SQLite uses the partial index only for the literal condition.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("obligations.status = 'open'"))
        .filter(obligations::due_on.le(Some(horizon)))
        .select((
            (obligations::id, obligations::organ_id, organs::name, organs::region),
            (obligations::case_id, cases::number.nullable(), cases::title.nullable()),
            (
                obligations::kind,
                obligations::due_on,
                obligations::owner_id,
                obligations::department_id,
                obligations::article,
                obligations::updated_at,
            ),
        ))
        .into_boxed();
    if let Some(since) = changed_since {
        query = query.filter(obligations::updated_at.ge(since));
    }
    if let Some(After(due_on, id)) = after {
        let same_day = obligations::due_on.eq(Some(due_on)).and(obligations::id.gt(id));
        query = query.filter(obligations::due_on.gt(Some(due_on)).or(same_day));
    }
    let rows: Vec<Row> = query.order((obligations::due_on, obligations::id)).limit(limit).load(db)?;
    Ok(rows.into_iter().filter_map(duty).collect())
}

fn duty((of, case, what): Row) -> Option<DutyRow> {
    let (id, organ_id, organ_name, region) = of;
    let (case_id, case_number, case_title) = case;
    let (kind, due_on, owner_id, department_id, article, updated_at) = what;
    let due_on = due_on?;
    Some(DutyRow {
        id,
        organ_id,
        organ_name,
        region,
        case_id,
        case_number,
        case_title,
        kind,
        due_on,
        owner_id,
        department_id,
        article,
        updated_at,
    })
}

/// Whether the duty is still open and due on `due_on`. On PostgreSQL it stays so until the transaction ends: a command
/// that closes it waits, so no reminder is queued after the closing.
///
/// # Errors
/// As every read.
pub fn still_stands(db: &mut Db, id: ObligationId, due_on: NaiveDate) -> Result<bool, StoreError> {
    let same = obligations::table
        .filter(obligations::id.eq(id))
        .filter(obligations::status.eq(super::obligations::OPEN))
        .filter(obligations::due_on.eq(Some(due_on)))
        .select(obligations::id);
    let found: Option<ObligationId> = match db {
        Db::Pg(db) => same.for_share().first(db).optional()?,
        Db::Lite(db) => same.first(db).optional()?,
    };
    Ok(found.is_some())
}

/// The last day whose pass is done.
///
/// # Errors
/// As every read; [`StoreError::Corrupt`] when the record is no date.
pub fn pass_done(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    let value = meta::get(db, PASS_DONE)?;
    value
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("meta '{PASS_DONE}' = '{text}'"))))
        .transpose()
}

/// Records that the pass of `day` is done.
///
/// # Errors
/// As every write.
pub fn record_pass(db: &mut Db, day: NaiveDate) -> Result<(), StoreError> {
    meta::set(db, PASS_DONE, &day.to_string())
}
