//! Key-value records about the database itself.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::meta;
use crate::store::mail::outbox::{instant, later};
use crate::store::{StoreError, Ts};

/// The value of `key`.
pub fn get(db: &mut Db, key: &str) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(key).select(meta::value).first(db).optional()?)
}

/// Keys and values of the keys that begin with `prefix`, by key.
pub fn beginning_with(db: &mut Db, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
    let theirs = meta::table.filter(meta::key.like(format!("{prefix}%"))).order(meta::key);
    Ok(theirs.select((meta::key, meta::value)).load(db)?)
}

/// Inserts or replaces the value of `key`.
pub fn set(db: &mut Db, key: &str, value: &str) -> Result<(), StoreError> {
    let row = (meta::key.eq(key), meta::value.eq(value));
    let upsert =
        diesel::insert_into(meta::table).values(row).on_conflict(meta::key).do_update().set(meta::value.eq(value));
    Both(upsert).execute(db)?;
    Ok(())
}

/// Deletes `key`.
pub fn remove(db: &mut Db, key: &str) -> Result<(), StoreError> {
    diesel::delete(meta::table.find(key)).execute(db)?;
    Ok(())
}

/// The holder of a lease and its end by the database's clock. Only the holder may do the work the lease guards.
#[derive(Debug, Serialize, Deserialize)]
struct Lease {
    owner: String,
    until: Ts,
}

/// Takes the lease `key` for `owner` for the given term. `false` if the lease is held, even by `owner`. A lease whose
/// holder died becomes free at the end of its term.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored lease cannot be parsed.
pub fn take_lease(db: &mut Db, key: &str, owner: &str, term: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let Some((seen, held)) = lease(db, key)? else {
        let row = (meta::key.eq(key), meta::value.eq(lease_text(owner, later(now, term))?));
        let insert = diesel::insert_into(meta::table).values(row).on_conflict(meta::key).do_nothing();
        return Ok(Both(insert).execute(db)? == 1);
    };
    if held.until > now { Ok(false) } else { replace(db, key, &seen, &lease_text(owner, later(now, term))?) }
}

/// Extends the lease of `owner` to `term` from now. `false` if `owner` no longer holds it.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored lease cannot be parsed.
pub fn renew_lease(db: &mut Db, key: &str, owner: &str, term: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    match lease(db, key)?.filter(|(_, held)| held.owner == owner) {
        Some((seen, _)) => replace(db, key, &seen, &lease_text(owner, later(now, term))?),
        None => Ok(false),
    }
}

/// Releases the lease if `owner` still holds it.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored lease cannot be parsed.
pub fn end_lease(db: &mut Db, key: &str, owner: &str) -> Result<(), StoreError> {
    if let Some((seen, _)) = lease(db, key)?.filter(|(_, held)| held.owner == owner) {
        diesel::delete(meta::table.find(key).filter(meta::value.eq(seen))).execute(db)?;
    }
    Ok(())
}

/// The lease as stored text and parsed.
fn lease(db: &mut Db, key: &str) -> Result<Option<(String, Lease)>, StoreError> {
    let Some(text) = get(db, key)? else { return Ok(None) };
    let read = serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(format!("meta '{key}'")))?;
    Ok(Some((text, read)))
}

fn lease_text(owner: &str, until: Ts) -> Result<String, StoreError> {
    let lease = Lease { owner: owner.to_owned(), until };
    serde_json::to_string(&lease).map_err(|cause| StoreError::Corrupt(cause.to_string()))
}

/// Replaces `seen` by `next`. `false` if the stored value is no longer `seen`.
fn replace(db: &mut Db, key: &str, seen: &str, next: &str) -> Result<bool, StoreError> {
    let unchanged = meta::table.find(key).filter(meta::value.eq(seen));
    Ok(diesel::update(unchanged).set(meta::value.eq(next)).execute(db)? == 1)
}
