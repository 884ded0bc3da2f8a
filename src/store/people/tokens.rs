//! Refresh tokens (only their hashes) and counters of failed logins, shared by all instances.

use diesel::prelude::*;

use crate::store::database::db::{Db, MultiBackend, on_each};
use crate::store::database::schema::{login_attempts, refresh_tokens};
use crate::store::{AuditId, FamilyId, StoreError, TokenId, Ts, UserId};

/// A row of `refresh_tokens`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
pub struct RefreshRow {
    /// Its id.
    pub id: TokenId,
    /// Its owner.
    pub user_id: UserId,
    /// The login it belongs to. A token used twice revokes its whole family.
    pub family: FamilyId,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// When it was issued.
    pub issued_at: Ts,
    /// The end of the login, the same for the whole family.
    pub expires_at: Ts,
    /// When it was exchanged for its successor.
    pub used_at: Option<Ts>,
    /// When the family was revoked.
    pub revoked_at: Option<Ts>,
}

/// Adds a token.
pub fn insert(db: &mut Db, token: &RefreshRow) -> Result<(), StoreError> {
    diesel::insert_into(refresh_tokens::table).values(token).execute(db)?;
    Ok(())
}

/// The token with this hash, if there is one.
pub fn find(db: &mut Db, hash: &str) -> Result<Option<RefreshRow>, StoreError> {
    let columns = <RefreshRow as Selectable<MultiBackend>>::construct_selection();
    Ok(refresh_tokens::table.filter(refresh_tokens::token_hash.eq(hash)).select(columns).first(db).optional()?)
}

/// Marks a token as exchanged. `false` if it was already exchanged or revoked.
pub fn mark_used(db: &mut Db, id: TokenId, at: Ts) -> Result<bool, StoreError> {
    let unused = refresh_tokens::table
        .filter(refresh_tokens::id.eq(id))
        .filter(refresh_tokens::used_at.is_null())
        .filter(refresh_tokens::revoked_at.is_null());
    Ok(diesel::update(unused).set(refresh_tokens::used_at.eq(Some(at))).execute(db)? == 1)
}

/// Revokes every token of one login.
pub fn revoke_family(db: &mut Db, family: FamilyId, at: Ts) -> Result<(), StoreError> {
    let open =
        refresh_tokens::table.filter(refresh_tokens::family.eq(family)).filter(refresh_tokens::revoked_at.is_null());
    diesel::update(open).set(refresh_tokens::revoked_at.eq(Some(at))).execute(db)?;
    Ok(())
}

/// Revokes every token of a user.
pub fn revoke_all(db: &mut Db, user: UserId, at: Ts) -> Result<(), StoreError> {
    let open =
        refresh_tokens::table.filter(refresh_tokens::user_id.eq(user)).filter(refresh_tokens::revoked_at.is_null());
    diesel::update(open).set(refresh_tokens::revoked_at.eq(Some(at))).execute(db)?;
    Ok(())
}

/// Deletes tokens that expired, and counters whose window began, before `instant`.
pub fn forget_before(db: &mut Db, instant: Ts) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.lt(instant))).execute(db)?;
    diesel::delete(login_attempts::table.filter(login_attempts::window_started_at.lt(instant))).execute(db)?;
    Ok(())
}

/// A lock-out of a key whose window has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// The audit entry that records the lock-out.
    pub audit_id: AuditId,
    /// The number of attempts refused without a check of the password.
    pub refused: i32,
}

/// The result of counting one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedFailures {
    /// When the window began.
    pub since: Ts,
    /// Whether the attempt is within the limit. If not, the password must not be checked.
    pub is_open: bool,
    /// Whether the audit log already records the lock-out.
    pub is_recorded: bool,
    /// The lock-out of the previous window, if this attempt began a new one.
    pub ended: Option<Lockout>,
}

type AttemptRow = (Ts, i32, i32, Option<AuditId>);

/// Counts an attempt under `key`: as a failure if there are fewer than `limit` in the window, else as refused. A window
/// that began before `oldest` is over and a new one begins at `at`. The row stays locked until the transaction ends.
pub fn count_attempt(db: &mut Db, key: &str, limit: u32, oldest: Ts, at: Ts) -> Result<CountedFailures, StoreError> {
    let fresh = (
        login_attempts::key.eq(key),
        login_attempts::window_started_at.eq(at),
        login_attempts::failures.eq(0),
        login_attempts::refused.eq(0),
    );
    on_each!(db => diesel::insert_into(login_attempts::table).values(fresh).on_conflict_do_nothing().execute(db))?;
    let row = login_attempts::table.filter(login_attempts::key.eq(key));
    let columns = (
        login_attempts::window_started_at,
        login_attempts::failures,
        login_attempts::refused,
        login_attempts::lockout_id,
    );
    let (mut since, mut failures, mut refused, mut lockout): AttemptRow = match db {
        Db::Pg(db) => row.select(columns).for_update().first(db)?,
        Db::Lite(db) => row.select(columns).first(db)?,
    };
    let mut ended = None;
    if since < oldest {
        ended = lockout.map(|audit_id| Lockout { audit_id, refused });
        (since, failures, refused, lockout) = (at, 0, 0, None);
    }
    let is_open = i64::from(failures) < i64::from(limit);
    let counter = if is_open { &mut failures } else { &mut refused };
    *counter = counter.saturating_add(1);
    diesel::update(row)
        .set((
            login_attempts::window_started_at.eq(since),
            login_attempts::failures.eq(failures),
            login_attempts::refused.eq(refused),
            login_attempts::lockout_id.eq(lockout),
        ))
        .execute(db)?;
    Ok(CountedFailures { since, is_open, is_recorded: lockout.is_some(), ended })
}

/// Records the audit entry of a lock-out.
pub fn note_lockout(db: &mut Db, key: &str, entry: AuditId) -> Result<(), StoreError> {
    let row = login_attempts::table.filter(login_attempts::key.eq(key));
    diesel::update(row).set(login_attempts::lockout_id.eq(Some(entry))).execute(db)?;
    Ok(())
}

/// Deletes the lock-outs whose window began before `oldest`, and returns them.
pub fn take_ended_lockouts(db: &mut Db, oldest: Ts) -> Result<Vec<Lockout>, StoreError> {
    let ended = login_attempts::table
        .filter(login_attempts::window_started_at.lt(oldest))
        .filter(login_attempts::lockout_id.is_not_null());
    let removed: Vec<(Option<AuditId>, i32)> = on_each!(db => {
        diesel::delete(ended).returning((login_attempts::lockout_id, login_attempts::refused)).load(db)
    })?;
    Ok(removed.into_iter().filter_map(|(id, refused)| Some(Lockout { audit_id: id?, refused })).collect())
}

/// Deletes the counter of `key`, after a correct password or when an administrator unlocks it. Returns the lock-out
/// that this ends.
pub fn clear_attempts(db: &mut Db, key: &str) -> Result<Option<Lockout>, StoreError> {
    let row = login_attempts::table.filter(login_attempts::key.eq(key));
    let removed: Vec<(Option<AuditId>, i32)> = on_each!(db => {
        diesel::delete(row).returning((login_attempts::lockout_id, login_attempts::refused)).load(db)
    })?;
    Ok(removed.into_iter().find_map(|(id, refused)| Some(Lockout { audit_id: id?, refused })))
}

/// Takes back one attempt under `key`, because the password was correct.
pub fn uncount_attempt(db: &mut Db, key: &str) -> Result<(), StoreError> {
    let row = login_attempts::table.filter(login_attempts::key.eq(key)).filter(login_attempts::failures.gt(0));
    diesel::update(row).set(login_attempts::failures.eq(login_attempts::failures - 1)).execute(db)?;
    Ok(())
}
