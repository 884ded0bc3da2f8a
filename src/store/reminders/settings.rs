//! What an organ has settled about its reminders, as JSON; no row: everything by default.

use diesel::prelude::*;

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::reminder_settings;
use crate::store::{OrganId, StoreError};

/// The settings of an organ, if it has any.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn find(db: &mut Db, organ: OrganId) -> Result<Option<String>, StoreError> {
    Ok(reminder_settings::table.find(organ).select(reminder_settings::content).first(db).optional()?)
}

/// Those of every organ that has any.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn all(db: &mut Db) -> Result<Vec<(OrganId, String)>, StoreError> {
    Ok(reminder_settings::table.select((reminder_settings::organ_id, reminder_settings::content)).load(db)?)
}

/// Writes the settings of an organ.
///
/// # Errors
/// [`StoreError::Dangling`] when there is no such organ.
pub fn put(db: &mut Db, organ: OrganId, content: &str) -> Result<(), StoreError> {
    let row = (reminder_settings::organ_id.eq(organ), reminder_settings::content.eq(content));
    let upsert = diesel::insert_into(reminder_settings::table)
        .values(row)
        .on_conflict(reminder_settings::organ_id)
        .do_update()
        .set(reminder_settings::content.eq(content));
    Both(upsert).execute(db)?;
    Ok(())
}
