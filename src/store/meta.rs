//! Small facts about the database itself, by name.

use diesel::prelude::*;

use super::StoreError;
use super::db::{Both, Db};
use super::schema::meta;

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
