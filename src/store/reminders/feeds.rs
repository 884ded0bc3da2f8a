//! Private calendar feeds: only the hashes of their tokens are stored.

use diesel::prelude::*;

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::feeds;
use crate::store::{StoreError, Ts, UserId};

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
