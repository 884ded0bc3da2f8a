//! Private calendar feeds (only the hashes of their tokens are stored), and the open duties a feed shows.

use crate::store::database::verbatim::verbatim;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::case::ObligationKind;
use crate::store::database::db::{Both, Db};
use crate::store::database::schema::{cases, feeds, obligations};
use crate::store::{CaseId, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId};

/// Sets a person's feed token, replacing the previous one.
pub fn set(db: &mut Db, user: UserId, token_hash: &str, at: Ts) -> Result<(), StoreError> {
    let new = (feeds::token_hash.eq(token_hash), feeds::created_at.eq(at));
    let upsert = diesel::insert_into(feeds::table)
        .values((feeds::user_id.eq(user), feeds::token_hash.eq(token_hash), feeds::created_at.eq(at)))
        .on_conflict(feeds::user_id)
        .do_update()
        .set(new);
    Both(upsert).execute(db)?;
    Ok(())
}

/// Removes a person's feed token. `false` if there was none.
pub fn remove(db: &mut Db, user: UserId) -> Result<bool, StoreError> {
    Ok(diesel::delete(feeds::table.filter(feeds::user_id.eq(user))).execute(db)? == 1)
}

/// The owner of a feed token.
///
/// # Errors
/// [`StoreError::NotFound`] if the token is unknown.
pub fn owner(db: &mut Db, token_hash: &str) -> Result<UserId, StoreError> {
    Ok(feeds::table.filter(feeds::token_hash.eq(token_hash)).select(feeds::user_id).first(db)?)
}

/// Selects the duties a calendar shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// Duties owned by this person, in the organs of `own_in`.
    pub owner: Option<UserId>,
    /// Duties without an owner in these departments, in the organs of `own_in`.
    pub departments: Vec<DepartmentId>,
    /// The organs in which the person holds a role today.
    pub own_in: Vec<OrganId>,
    /// Duties with neither owner nor department in these organs.
    pub unassigned_in: Vec<OrganId>,
    /// All duties of these organs.
    pub all_in: Vec<OrganId>,
    /// Overdue duties of these organs.
    pub overdue_in: Vec<OrganId>,
}

/// An open duty with a date. Holds no data of the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OpenDuty {
    /// The obligation.
    pub id: ObligationId,
    /// Its organ.
    pub organ_id: OrganId,
    /// Its case. `None` for the organ's own duties (annual report, an order without a case).
    pub case_id: Option<CaseId>,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// The kind of duty, as a code.
    pub kind: String,
    /// Its last day.
    pub due_on: Option<NaiveDate>,
    /// The latest possible last day, while a holiday notice is not published.
    pub latest_on: Option<NaiveDate>,
    /// The article it rests on.
    pub article: String,
    /// When the row last changed.
    pub updated_at: Ts,
}

/// Up to `limit` open duties, earliest first.
pub fn duties(db: &mut Db, watch: &Watch, today: NaiveDate, limit: i64) -> Result<Vec<OpenDuty>, StoreError> {
    let organs: Vec<OrganId> = [&watch.own_in, &watch.unassigned_in, &watch.all_in, &watch.overdue_in]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let follow_ups = ObligationKind::ALL.iter().filter(|kind| kind.is_follow_up()).map(|kind| kind.code());
    let follow_ups: Vec<&str> = follow_ups.collect();
    let unowned = obligations::owner_id.is_null();
    let some = |ids: &[DepartmentId]| ids.iter().copied().map(Some).collect::<Vec<_>>();
    let theirs = obligations::owner_id
        .is_not_null()
        .and(obligations::owner_id.eq(watch.owner))
        .or(unowned.and(obligations::department_id.eq_any(some(&watch.departments))))
        .and(obligations::organ_id.eq_any(&watch.own_in))
        .or(unowned.and(obligations::department_id.is_null()).and(obligations::organ_id.eq_any(&watch.unassigned_in)))
        .or(obligations::organ_id.eq_any(&watch.all_in))
        .or(obligations::organ_id
            .eq_any(&watch.overdue_in)
            .and(obligations::due_on.lt(Some(today)))
            .and(obligations::kind.ne_all(follow_ups)));
    Ok(obligations::table
        .left_join(cases::table.on(obligations::case_id.eq(cases::id.nullable())))
        // A literal, not bound: SQLite uses the partial index only for the literal condition.
        .filter(verbatim::<Bool>("obligations.status = 'open'"))
        .filter(obligations::due_on.is_not_null())
        // Each of the alternatives is within these: with the organs alone the index serves them all.
        .filter(obligations::organ_id.eq_any(organs))
        .filter(theirs.assume_not_null())
        .order((obligations::due_on, obligations::id))
        .limit(limit)
        .select((
            obligations::id,
            obligations::organ_id,
            obligations::case_id,
            cases::number.nullable(),
            obligations::kind,
            obligations::due_on,
            obligations::latest_on,
            obligations::article,
            obligations::updated_at,
        ))
        .load(db)?)
}
