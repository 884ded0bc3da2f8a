//! Refresh tokens (only their hashes) and the count of failed logins, shared by all instances.

use diesel::prelude::*;

use super::db::{Db, MultiBackend, on_each};
use super::schema::{login_attempts, refresh_tokens};
use super::{FamilyId, StoreError, TokenId, Ts, UserId};

/// A row of `refresh_tokens`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
pub struct RefreshRow {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// One login; a token used twice revokes its whole family.
    pub family: FamilyId,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// When it was given out.
    pub issued_at: Ts,
    /// The end of the login; the same for the whole family.
    pub expires_at: Ts,
    /// When it was exchanged for its successor.
    pub used_at: Option<Ts>,
    /// When the family was revoked.
    pub revoked_at: Option<Ts>,
}

/// Adds a token.
///
/// # Errors
/// What every write may meet.
pub fn insert(db: &mut Db, token: &RefreshRow) -> Result<(), StoreError> {
    diesel::insert_into(refresh_tokens::table).values(token).execute(db)?;
    Ok(())
}

/// The token of a hash, if there is one.
///
/// # Errors
/// What every read may meet.
pub fn find(db: &mut Db, hash: &str) -> Result<Option<RefreshRow>, StoreError> {
    let columns = <RefreshRow as Selectable<MultiBackend>>::construct_selection();
    Ok(refresh_tokens::table.filter(refresh_tokens::token_hash.eq(hash)).select(columns).first(db).optional()?)
}

/// Marks a token as exchanged; false when somebody else has done it already.
///
/// # Errors
/// What every write may meet.
pub fn mark_used(db: &mut Db, id: TokenId, at: Ts) -> Result<bool, StoreError> {
    let unused = refresh_tokens::table
        .filter(refresh_tokens::id.eq(id))
        .filter(refresh_tokens::used_at.is_null())
        .filter(refresh_tokens::revoked_at.is_null());
    Ok(diesel::update(unused).set(refresh_tokens::used_at.eq(Some(at))).execute(db)? == 1)
}

/// Revokes every token of one login.
///
/// # Errors
/// What every write may meet.
pub fn revoke_family(db: &mut Db, family: FamilyId, at: Ts) -> Result<(), StoreError> {
    let open =
        refresh_tokens::table.filter(refresh_tokens::family.eq(family)).filter(refresh_tokens::revoked_at.is_null());
    diesel::update(open).set(refresh_tokens::revoked_at.eq(Some(at))).execute(db)?;
    Ok(())
}

/// Revokes every token of a user.
///
/// # Errors
/// What every write may meet.
pub fn revoke_all(db: &mut Db, user: UserId, at: Ts) -> Result<(), StoreError> {
    let open =
        refresh_tokens::table.filter(refresh_tokens::user_id.eq(user)).filter(refresh_tokens::revoked_at.is_null());
    diesel::update(open).set(refresh_tokens::revoked_at.eq(Some(at))).execute(db)?;
    Ok(())
}

/// Forgets tokens and counts that no longer matter.
///
/// # Errors
/// What every write may meet.
pub fn forget_before(db: &mut Db, instant: Ts) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.lt(instant))).execute(db)?;
    diesel::delete(login_attempts::table.filter(login_attempts::window_started_at.lt(instant))).execute(db)?;
    Ok(())
}

/// Counts one attempt under `key` and returns how many there are in the window, with its start. A window that began
/// before `oldest` is over: counting starts again at `at`.
///
/// # Errors
/// What every write may meet.
pub fn count_attempt(db: &mut Db, key: &str, oldest: Ts, at: Ts) -> Result<(i32, Ts), StoreError> {
    let fresh = (login_attempts::key.eq(key), login_attempts::window_started_at.eq(at), login_attempts::failures.eq(0));
    on_each!(db => diesel::insert_into(login_attempts::table).values(fresh).on_conflict_do_nothing().execute(db))?;
    let row = login_attempts::table.filter(login_attempts::key.eq(key));
    diesel::update(row.filter(login_attempts::window_started_at.lt(oldest)))
        .set((login_attempts::window_started_at.eq(at), login_attempts::failures.eq(0)))
        .execute(db)?;
    diesel::update(row).set(login_attempts::failures.eq(login_attempts::failures + 1)).execute(db)?;
    Ok(row.select((login_attempts::failures, login_attempts::window_started_at)).first(db)?)
}

/// Forgets the attempts under `key`: the password was right.
///
/// # Errors
/// What every write may meet.
pub fn clear_attempts(db: &mut Db, key: &str) -> Result<(), StoreError> {
    diesel::delete(login_attempts::table.filter(login_attempts::key.eq(key))).execute(db)?;
    Ok(())
}

/// Takes one attempt back under `key`: the password was right, so it was no failure of this address.
///
/// # Errors
/// What every write may meet.
pub fn uncount_attempt(db: &mut Db, key: &str) -> Result<(), StoreError> {
    let row = login_attempts::table.filter(login_attempts::key.eq(key)).filter(login_attempts::failures.gt(0));
    diesel::update(row).set(login_attempts::failures.eq(login_attempts::failures - 1)).execute(db)?;
    Ok(())
}
