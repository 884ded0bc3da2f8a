//! The networks each user has signed in from, as keyed hashes.

use diesel::prelude::*;

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::known_networks;
use crate::store::{StoreError, Ts, UserId};

/// The most networks kept per user. Each has its own allowance of failed sign-ins, so this bounds the total number of
/// guesses.
const MOST: i64 = 10;

/// Whether the user has signed in from this network since `since`.
pub fn is_known(db: &mut Db, user: UserId, network: &str, since: Ts) -> Result<bool, StoreError> {
    let row = known_networks::table.find((user, network)).filter(known_networks::last_at.ge(since));
    Ok(row.select(known_networks::last_at).first::<Ts>(db).optional()?.is_some())
}

/// Records a sign-in from this network. Drops the oldest networks beyond the maximum.
pub fn remember(db: &mut Db, user: UserId, network: &str, at: Ts) -> Result<(), StoreError> {
    let row = (known_networks::user_id.eq(user), known_networks::network.eq(network), known_networks::last_at.eq(at));
    let upsert = diesel::insert_into(known_networks::table)
        .values(row)
        .on_conflict((known_networks::user_id, known_networks::network))
        .do_update()
        .set(known_networks::last_at.eq(at));
    Both(upsert).execute(db)?;
    let of_user = known_networks::table.filter(known_networks::user_id.eq(user));
    let latest = of_user.order(known_networks::last_at.desc()).select(known_networks::last_at);
    if let Some(oldest) = latest.offset(MOST - 1).first::<Ts>(db).optional()? {
        diesel::delete(of_user.filter(known_networks::last_at.lt(oldest))).execute(db)?;
    }
    Ok(())
}

/// Deletes the networks last used for a sign-in before `instant`.
pub fn forget_before(db: &mut Db, instant: Ts) -> Result<(), StoreError> {
    diesel::delete(known_networks::table.filter(known_networks::last_at.lt(instant))).execute(db)?;
    Ok(())
}
