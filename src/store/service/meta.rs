//! Small facts about the database itself, by name.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::meta;
use crate::store::mail::outbox::{instant, later};
use crate::store::{StoreError, Ts};

/// The value of `key`.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn get(db: &mut Db, key: &str) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(key).select(meta::value).first(db).optional()?)
}

/// Sets the value of `key`, new or not.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn set(db: &mut Db, key: &str, value: &str) -> Result<(), StoreError> {
    let row = (meta::key.eq(key), meta::value.eq(value));
    let upsert =
        diesel::insert_into(meta::table).values(row).on_conflict(meta::key).do_update().set(meta::value.eq(value));
    Both(upsert).execute(db)?;
    Ok(())
}

/// Who does a piece of work that one instance at a time may do, and until when by the database's clock.
#[derive(Debug, Serialize, Deserialize)]
struct Lease {
    owner: String,
    until: Ts,
}

/// Gives `owner` the lease `key` for `term`. `false`: another holds it. A lease whose holder died is free when its term
/// is over.
///
/// # Errors
/// As every write; [`StoreError::Corrupt`] when the record cannot be read.
pub fn take_lease(db: &mut Db, key: &str, owner: &str, term: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let Some((seen, held)) = lease(db, key)? else {
        let row = (meta::key.eq(key), meta::value.eq(lease_text(owner, later(now, term))?));
        let insert = diesel::insert_into(meta::table).values(row).on_conflict(meta::key).do_nothing();
        return Ok(Both(insert).execute(db)? == 1);
    };
    if held.until > now { Ok(false) } else { replace(db, key, &seen, &lease_text(owner, later(now, term))?) }
}

/// Lets `owner` keep the lease for `term` from now on. `false`: it was lost to another.
///
/// # Errors
/// As [`take_lease`].
pub fn renew_lease(db: &mut Db, key: &str, owner: &str, term: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    match lease(db, key)?.filter(|(_, held)| held.owner == owner) {
        Some((seen, _)) => replace(db, key, &seen, &lease_text(owner, later(now, term))?),
        None => Ok(false),
    }
}

/// Gives the lease back, if `owner` still has it.
///
/// # Errors
/// As [`take_lease`].
pub fn end_lease(db: &mut Db, key: &str, owner: &str) -> Result<(), StoreError> {
    if let Some((seen, _)) = lease(db, key)?.filter(|(_, held)| held.owner == owner) {
        diesel::delete(meta::table.find(key).filter(meta::value.eq(seen))).execute(db)?;
    }
    Ok(())
}

/// The record of a lease as it is written, and what it says.
fn lease(db: &mut Db, key: &str) -> Result<Option<(String, Lease)>, StoreError> {
    let Some(text) = get(db, key)? else { return Ok(None) };
    let read = serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(format!("meta '{key}'")))?;
    Ok(Some((text, read)))
}

fn lease_text(owner: &str, until: Ts) -> Result<String, StoreError> {
    let lease = Lease { owner: owner.to_owned(), until };
    serde_json::to_string(&lease).map_err(|cause| StoreError::Corrupt(cause.to_string()))
}

/// Writes `next` over `seen`. `false`: another was faster.
fn replace(db: &mut Db, key: &str, seen: &str, next: &str) -> Result<bool, StoreError> {
    let unchanged = meta::table.find(key).filter(meta::value.eq(seen));
    Ok(diesel::update(unchanged).set(meta::value.eq(next)).execute(db)? == 1)
}
