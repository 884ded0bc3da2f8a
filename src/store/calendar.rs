//! The holiday arrangements of each year, and the calendars built from them. Both are only ever added: the highest
//! revision is in force, and every earlier one stays readable, because cases were decided by it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::max;
use diesel::prelude::*;

use super::{StoreError, Ts, UserId};
use crate::store::database::db::Db;
use crate::store::database::schema::{calendar_versions, calendar_years};

/// Source of an arrangement that ships with the program or was read from the configured directory.
pub const FROM_PROGRAM: &str = "program";
/// Source of an arrangement that an administrator imported.
pub const IMPORTED: &str = "import";

/// Key of the PostgreSQL advisory lock that guards changes of the calendar in force ("calendar" in ASCII).
const CHANGING: i64 = 0x6361_6c65_6e64_6172;

/// A row of `calendar_years`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_years, treat_none_as_default_value = false)]
pub struct CalendarYearRow {
    /// Name of the overlay. Empty for the national calendar.
    pub region: String,
    /// The year.
    pub year: i32,
    /// 1, 2, 3 …
    pub revision: i32,
    /// 通知文号 of the notice it comes from.
    pub notice: String,
    /// JSON of the days.
    pub content: String,
    /// The user who entered it. `None` for the program itself.
    pub created_by: Option<UserId>,
    /// When it was entered.
    pub created_at: Ts,
    /// [`FROM_PROGRAM`] or [`IMPORTED`].
    pub source: String,
}

/// A new revision of a year.
#[derive(Debug, Clone, Copy)]
pub struct NewCalendarYear<'a> {
    /// Name of the overlay. Empty for the national calendar.
    pub region: &'a str,
    /// The year.
    pub year: i32,
    /// 通知文号.
    pub notice: &'a str,
    /// JSON of the days.
    pub content: &'a str,
    /// The user who enters it. `None` for the program itself.
    pub created_by: Option<UserId>,
    /// [`FROM_PROGRAM`] or [`IMPORTED`].
    pub source: &'a str,
}

/// Adds the next revision of a year and returns it.
///
/// # Errors
/// [`StoreError::Conflict`] if another transaction added the same revision first.
pub fn add(db: &mut Db, new: NewCalendarYear<'_>, at: Ts) -> Result<CalendarYearRow, StoreError> {
    let last: Option<i32> = calendar_years::table
        .filter(calendar_years::region.eq(new.region))
        .filter(calendar_years::year.eq(new.year))
        .select(max(calendar_years::revision))
        .first(db)?;
    let row = CalendarYearRow {
        region: new.region.to_owned(),
        year: new.year,
        revision: last.unwrap_or(0) + 1,
        notice: new.notice.to_owned(),
        content: new.content.to_owned(),
        created_by: new.created_by,
        created_at: at,
        source: new.source.to_owned(),
    };
    diesel::insert_into(calendar_years::table).values(&row).execute(db)?;
    Ok(row)
}

/// The revision in force of every region and year, ordered by region and year.
pub fn in_force(db: &mut Db) -> Result<Vec<CalendarYearRow>, StoreError> {
    let order = (calendar_years::region, calendar_years::year, calendar_years::revision);
    let rows: Vec<CalendarYearRow> =
        calendar_years::table.order(order).select(CalendarYearRow::as_select()).load(db)?;
    let latest: BTreeMap<_, _> = rows.into_iter().map(|row| ((row.region.clone(), row.year), row)).collect();
    Ok(latest.into_values().collect())
}

/// Every revision of a year, newest first.
pub fn history(db: &mut Db, region: &str, year: i32) -> Result<Vec<CalendarYearRow>, StoreError> {
    Ok(calendar_years::table
        .filter(calendar_years::region.eq(region))
        .filter(calendar_years::year.eq(year))
        .order(calendar_years::revision.desc())
        .select(CalendarYearRow::as_select())
        .load(db)?)
}

/// A row of `calendar_versions`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_versions, treat_none_as_default_value = false)]
pub struct CalendarVersionRow {
    /// Name of the overlay. Empty for the national calendar.
    pub region: String,
    /// 1, 2, 3 …
    pub revision: i32,
    /// The version name that cases refer to.
    pub version: String,
    /// JSON of years and overlays.
    pub content: String,
    /// The day from which it is in force.
    pub applied_on: NaiveDate,
    /// The user who put it in force. `None` for the program itself.
    pub created_by: Option<UserId>,
    /// When it was put in force.
    pub created_at: Ts,
}

/// A calendar to be put in force.
#[derive(Debug, Clone, Copy)]
pub struct NewCalendarVersion<'a> {
    /// Name of the overlay. Empty for the national calendar.
    pub region: &'a str,
    /// The version name that cases refer to.
    pub version: &'a str,
    /// JSON of years and overlays.
    pub content: &'a str,
    /// The day from which it is in force.
    pub applied_on: NaiveDate,
    /// The user who puts it in force. `None` for the program itself.
    pub created_by: Option<UserId>,
}

/// Puts a calendar in force.
pub fn put_in_force(db: &mut Db, new: NewCalendarVersion<'_>, at: Ts) -> Result<(), StoreError> {
    let of_region = calendar_versions::table.filter(calendar_versions::region.eq(new.region));
    let last: Option<i32> = of_region.select(max(calendar_versions::revision)).first(db)?;
    let row = CalendarVersionRow {
        region: new.region.to_owned(),
        revision: last.unwrap_or(0) + 1,
        version: new.version.to_owned(),
        content: new.content.to_owned(),
        applied_on: new.applied_on,
        created_by: new.created_by,
        created_at: at,
    };
    diesel::insert_into(calendar_versions::table).values(&row).execute(db)?;
    Ok(())
}

/// The versions of the calendars in force for an organ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The version of the organ's region. `None` if that region never had a calendar.
    pub here: Option<String>,
    /// The national version. `None` if no national calendar was ever put in force.
    pub nationally: Option<String>,
}

/// The version in force in a region. `None` if the region never had a calendar.
pub fn version_in_force(db: &mut Db, region: &str) -> Result<Option<String>, StoreError> {
    Ok(calendar_versions::table
        .filter(calendar_versions::region.eq(region))
        .order(calendar_versions::revision.desc())
        .select(calendar_versions::version)
        .first(db)
        .optional()?)
}

/// The version in force in a region before the present one.
pub fn version_before(db: &mut Db, region: &str) -> Result<Option<String>, StoreError> {
    Ok(calendar_versions::table
        .filter(calendar_versions::region.eq(region))
        .order(calendar_versions::revision.desc())
        .select(calendar_versions::version)
        .limit(1)
        .offset(1)
        .load(db)?
        .pop())
}

/// The number of calendar versions ever put in force, over all regions.
pub fn changes(db: &mut Db) -> Result<i64, StoreError> {
    Ok(calendar_versions::table.count().get_result(db)?)
}

/// The regions that ever had a calendar of their own.
pub fn regions(db: &mut Db) -> Result<Vec<String>, StoreError> {
    Ok(calendar_versions::table.select(calendar_versions::region).distinct().load(db)?)
}

/// The version in force in a region at the end of `day`. Before the first version, returns the first.
pub fn version_on(db: &mut Db, region: &str, day: NaiveDate) -> Result<Option<String>, StoreError> {
    let by_then: Option<String> = calendar_versions::table
        .filter(calendar_versions::region.eq(region))
        .filter(calendar_versions::applied_on.le(day))
        .order(calendar_versions::revision.desc())
        .select(calendar_versions::version)
        .first(db)
        .optional()?;
    if by_then.is_some() {
        return Ok(by_then);
    }
    Ok(calendar_versions::table
        .filter(calendar_versions::region.eq(region))
        .order(calendar_versions::revision)
        .select(calendar_versions::version)
        .first(db)
        .optional()?)
}

/// The content of a version, if that version was ever in force.
pub fn content_of(db: &mut Db, version: &str) -> Result<Option<String>, StoreError> {
    let named = calendar_versions::table.filter(calendar_versions::version.eq(version));
    Ok(named.select(calendar_versions::content).first(db).optional()?)
}

/// Locks the calendar in force (shared) until the transaction ends. Call this before computing dates to be stored, so
/// that no date of an earlier calendar is written after a change.
///
/// # Errors
/// [`StoreError::Busy`] if the lock on a change in progress times out.
pub fn keep_in_force(db: &mut Db) -> Result<(), StoreError> {
    // On SQLite the write transaction already excludes every other writer.
    if let Db::Pg(connection) = db {
        diesel::sql_query("SELECT pg_advisory_xact_lock_shared($1)")
            .bind::<diesel::sql_types::BigInt, _>(CHANGING)
            .execute(connection)?;
    }
    Ok(())
}

/// Locks the calendar in force exclusively until the transaction ends: waits for the transactions that hold
/// [`keep_in_force`] and blocks new ones.
///
/// # Errors
/// [`StoreError::Busy`] if the wait times out.
pub fn change_in_force(db: &mut Db) -> Result<(), StoreError> {
    if let Db::Pg(connection) = db {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<diesel::sql_types::BigInt, _>(CHANGING)
            .execute(connection)?;
    }
    Ok(())
}
