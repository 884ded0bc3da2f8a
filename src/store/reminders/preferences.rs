//! How a person wants the mail, and who stands in while the person is away.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::database::db::{Both, Db};
use crate::store::database::schema::mail_preferences;
use crate::store::{StoreError, UserId};

/// A row of `mail_preferences`. Who has none gets single mails and is there.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail_preferences, treat_none_as_default_value = false)]
pub struct PreferenceRow {
    /// The person.
    pub user_id: UserId,
    /// One mail a day instead of single ones.
    pub is_digest: bool,
    /// First day of the last absence.
    pub absent_from: Option<NaiveDate>,
    /// Its last day.
    pub absent_until: Option<NaiveDate>,
    /// Who stands in.
    pub deputy_id: Option<UserId>,
}

impl PreferenceRow {
    /// What holds of a person who has chosen nothing.
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

/// What a person has chosen; the usual where nothing.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn find(db: &mut Db, user: UserId) -> Result<PreferenceRow, StoreError> {
    let found = mail_preferences::table.find(user).select(PreferenceRow::as_select()).first(db).optional()?;
    Ok(found.unwrap_or_else(|| PreferenceRow::usual(user)))
}

/// Everybody's.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn all(db: &mut Db) -> Result<Vec<PreferenceRow>, StoreError> {
    Ok(mail_preferences::table.select(PreferenceRow::as_select()).load(db)?)
}

/// Writes what a person has chosen.
///
/// # Errors
/// [`StoreError::Dangling`] when the person or the deputy is not there.
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

/// Those who have named `deputy` to stand in.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn of_deputy(db: &mut Db, deputy: UserId) -> Result<Vec<UserId>, StoreError> {
    let theirs = mail_preferences::table.filter(mail_preferences::deputy_id.eq(Some(deputy)));
    Ok(theirs.order(mail_preferences::user_id).select(mail_preferences::user_id).load(db)?)
}

/// The person has no deputy any more.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn drop_deputy(db: &mut Db, user: UserId) -> Result<(), StoreError> {
    let row = mail_preferences::table.filter(mail_preferences::user_id.eq(user));
    diesel::update(row).set(mail_preferences::deputy_id.eq(None::<UserId>)).execute(db)?;
    Ok(())
}
