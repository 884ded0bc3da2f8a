//! Private calendar addresses (only their hashes), and the open duties a calendar shows.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db::{Both, Db};
use super::schema::{cases, feeds, obligations};
use super::{CaseId, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId};
use crate::case::ObligationKind;

/// Gives a person an address; the one before is gone.
///
/// # Errors
/// As every write.
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

/// Takes a person's address away. `false`: there was none.
///
/// # Errors
/// As every write.
pub fn remove(db: &mut Db, user: UserId) -> Result<bool, StoreError> {
    Ok(diesel::delete(feeds::table.filter(feeds::user_id.eq(user))).execute(db)? == 1)
}

/// Whose address it is.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn owner(db: &mut Db, token_hash: &str) -> Result<UserId, StoreError> {
    Ok(feeds::table.filter(feeds::token_hash.eq(token_hash)).select(feeds::user_id).first(db)?)
}

/// Whose duties a calendar shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// Those this person owns, in the organs of `own_in`.
    pub owner: Option<UserId>,
    /// Those without an owner in these departments, in the organs of `own_in`.
    pub departments: Vec<DepartmentId>,
    /// The organs in which the person holds a role today.
    pub own_in: Vec<OrganId>,
    /// Those without an owner and a department in these organs.
    pub unassigned_in: Vec<OrganId>,
    /// All of these organs.
    pub all_in: Vec<OrganId>,
    /// Those of these organs that are overdue.
    pub overdue_in: Vec<OrganId>,
}

/// An open duty with a date. No applicant's data are read.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OpenDuty {
    /// The obligation.
    pub id: ObligationId,
    /// Its organ.
    pub organ_id: OrganId,
    /// Its case; none for the organ's own duties (annual report, an order to a department).
    pub case_id: Option<CaseId>,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// What kind of duty it is.
    pub kind: String,
    /// Its date.
    pub due_on: Option<NaiveDate>,
    /// While a notice is not out: the latest that date can be.
    pub latest_on: Option<NaiveDate>,
    /// On which article.
    pub article: String,
    /// Since when it stands as it stands.
    pub updated_at: Ts,
}

/// Up to `limit` open duties, the earliest first.
///
/// # Errors
/// As every read.
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
        // Spelt out, not bound: SQLite uses the partial index only for the literal condition.
        .filter(sql::<Bool>("obligations.status = 'open'"))
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
