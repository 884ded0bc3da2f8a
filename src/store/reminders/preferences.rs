//! Mail preferences: digest or single mails, absence and deputy.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::mail_preferences;
use crate::store::{StoreError, UserId};

/// A row of `mail_preferences`. A person without one gets mail as the house has it and counts as present.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail_preferences, treat_none_as_default_value = false)]
pub struct PreferenceRow {
    /// The person.
    pub user_id: UserId,
    /// One digest a day instead of single mails.
    pub is_digest: bool,
    /// First day of the last absence.
    pub absent_from: Option<NaiveDate>,
    /// Last day of the last absence.
    pub absent_until: Option<NaiveDate>,
    /// The deputy during absences.
    pub deputy_id: Option<UserId>,
}

impl PreferenceRow {
    /// A person who is present and gets a mail for each reminder.
    #[must_use]
    pub const fn usual(user_id: UserId) -> Self {
        Self { user_id, is_digest: false, absent_from: None, absent_until: None, deputy_id: None }
    }

    /// Whether the person is away on `day`.
    #[must_use]
    pub fn is_absent(&self, day: NaiveDate) -> bool {
        self.absent_from.is_some_and(|from| from <= day) && self.absent_until.is_some_and(|until| day <= until)
    }
}

/// A person's preferences. `None` if the person chose nothing.
pub fn find(db: &mut Db, user: UserId) -> Result<Option<PreferenceRow>, StoreError> {
    Ok(mail_preferences::table.find(user).select(PreferenceRow::as_select()).first(db).optional()?)
}

/// All stored preferences.
pub fn all(db: &mut Db) -> Result<Vec<PreferenceRow>, StoreError> {
    Ok(mail_preferences::table.select(PreferenceRow::as_select()).load(db)?)
}

/// Inserts or replaces a person's preferences.
///
/// # Errors
/// [`StoreError::Dangling`] if the person or the deputy does not exist.
pub fn put(db: &mut Db, row: &PreferenceRow) -> Result<(), StoreError> {
    let values = (
        mail_preferences::user_id.eq(row.user_id),
        mail_preferences::is_digest.eq(row.is_digest),
        mail_preferences::absent_from.eq(row.absent_from),
        mail_preferences::absent_until.eq(row.absent_until),
        mail_preferences::deputy_id.eq(row.deputy_id),
    );
    let change = (
        mail_preferences::is_digest.eq(row.is_digest),
        mail_preferences::absent_from.eq(row.absent_from),
        mail_preferences::absent_until.eq(row.absent_until),
        mail_preferences::deputy_id.eq(row.deputy_id),
    );
    let upsert = diesel::insert_into(mail_preferences::table)
        .values(values)
        .on_conflict(mail_preferences::user_id)
        .do_update()
        .set(change);
    Both(upsert).execute(db)?;
    Ok(())
}

/// The persons who have named `deputy` as their deputy.
pub fn of_deputy(db: &mut Db, deputy: UserId) -> Result<Vec<UserId>, StoreError> {
    let theirs = mail_preferences::table.filter(mail_preferences::deputy_id.eq(Some(deputy)));
    Ok(theirs.order(mail_preferences::user_id).select(mail_preferences::user_id).load(db)?)
}

/// Removes a person's deputy.
pub fn drop_deputy(db: &mut Db, user: UserId) -> Result<(), StoreError> {
    let row = mail_preferences::table.filter(mail_preferences::user_id.eq(user));
    diesel::update(row).set(mail_preferences::deputy_id.eq(None::<UserId>)).execute(db)?;
    Ok(())
}
