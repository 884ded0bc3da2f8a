//! Calendar years that were entered or corrected here. A revision is added, never changed: the highest is in force.

use std::collections::BTreeMap;

use diesel::dsl::max;
use diesel::prelude::*;

use super::db::Db;
use super::schema::calendar_years;
use super::{StoreError, Ts, UserId};

/// A row of `calendar_years`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_years, treat_none_as_default_value = false)]
pub struct CalendarYearRow {
    /// Name of the overlay; empty: the whole country.
    pub region: String,
    /// The year.
    pub year: i32,
    /// 1, 2, 3 …
    pub revision: i32,
    /// 通知文号 of the notice it comes from.
    pub notice: String,
    /// JSON of the days.
    pub content: String,
    /// Who entered it; none: the program.
    pub created_by: Option<UserId>,
    /// When it was entered.
    pub created_at: Ts,
}

/// What is entered for a year.
#[derive(Debug, Clone, Copy)]
pub struct NewCalendarYear<'a> {
    /// Name of the overlay; empty: the whole country.
    pub region: &'a str,
    /// The year.
    pub year: i32,
    /// 通知文号.
    pub notice: &'a str,
    /// JSON of the days.
    pub content: &'a str,
    /// Who enters it.
    pub created_by: Option<UserId>,
}

/// Adds the next revision of a year and returns it.
///
/// # Errors
/// [`StoreError::Conflict`] when two are entered at once: one of them was first.
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
    };
    diesel::insert_into(calendar_years::table).values(&row).execute(db)?;
    Ok(row)
}

/// The revision in force of every region and year, by region, then year.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn in_force(db: &mut Db) -> Result<Vec<CalendarYearRow>, StoreError> {
    let order = (calendar_years::region, calendar_years::year, calendar_years::revision);
    let rows: Vec<CalendarYearRow> =
        calendar_years::table.order(order).select(CalendarYearRow::as_select()).load(db)?;
    let latest: BTreeMap<_, _> = rows.into_iter().map(|row| ((row.region.clone(), row.year), row)).collect();
    Ok(latest.into_values().collect())
}

/// Every revision of a year, the newest first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn history(db: &mut Db, region: &str, year: i32) -> Result<Vec<CalendarYearRow>, StoreError> {
    Ok(calendar_years::table
        .filter(calendar_years::region.eq(region))
        .filter(calendar_years::year.eq(year))
        .order(calendar_years::revision.desc())
        .select(CalendarYearRow::as_select())
        .load(db)?)
}
