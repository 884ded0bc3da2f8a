//! Numbers without a gap: one series per organ, year and kind of number.

use diesel::prelude::*;

use crate::store::database::db::{Both, Db, on_each};
use crate::store::database::schema::counters;
use crate::store::{OrganId, StoreError};

/// Takes the next number of a series, from 1.
///
/// The number belongs to the caller's transaction: rolled back, it is given to the next. The series stays locked until
/// then, so take it last.
///
/// # Errors
/// [`StoreError::Busy`] when another transaction holds the series too long; [`StoreError::Corrupt`] when the stored
/// number is negative or has no successor.
pub fn next(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    let first =
        (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(1_i64));
    // The database must not do this sum where it has no result: it would fail, or give a number out of range.
    let has_next = counters::last.ge(0).and(counters::last.lt(i64::MAX));
    let rise = diesel::insert_into(counters::table)
        .values(first)
        .on_conflict((counters::organ_id, counters::year, counters::kind))
        .do_update()
        .set(counters::last.eq(counters::last + 1));
    // Named in full: imported, this `filter` would hide that of the tables.
    let rise = diesel::query_dsl::methods::FilterDsl::filter(rise, has_next);
    let number: Option<i64> = on_each!(db => rise.returning(counters::last).get_result(db).optional())?;
    number.ok_or_else(|| damaged(year, kind))
}

/// The last number taken of a series, 0 when none was; the series stays locked until the caller's transaction ends, so
/// that nobody else takes the numbers after it.
///
/// # Errors
/// As [`last`]; [`StoreError::Busy`] when another transaction holds the series too long.
pub fn hold(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    let none =
        (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(0_i64));
    let last = on_each!(db => diesel::insert_into(counters::table)
        .values(none)
        .on_conflict((counters::organ_id, counters::year, counters::kind))
        .do_update()
        .set(counters::last.eq(counters::last))
        .returning(counters::last)
        .get_result(db))?;
    checked(last, year, kind)
}

/// The last number taken of a series, 0 when none was.
///
/// # Errors
/// [`StoreError::Corrupt`] when the stored number is negative.
pub fn last(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    let last = counters::table.find((organ, year, kind)).select(counters::last).first(db).optional()?;
    checked(last.unwrap_or(0), year, kind)
}

/// Raises a series to at least `number`: for numbers that were given before this system.
///
/// # Errors
/// [`StoreError::Busy`] when another transaction holds the series too long.
pub fn raise_to(db: &mut Db, organ: OrganId, year: i32, kind: &str, number: i64) -> Result<(), StoreError> {
    let row =
        (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(number));
    Both(diesel::insert_into(counters::table).values(row).on_conflict_do_nothing()).execute(db)?;
    let behind = counters::table.find((organ, year, kind)).filter(counters::last.lt(number));
    diesel::update(behind).set(counters::last.eq(number)).execute(db)?;
    Ok(())
}

fn checked(last: i64, year: i32, kind: &str) -> Result<i64, StoreError> {
    if last >= 0 { Ok(last) } else { Err(damaged(year, kind)) }
}

fn damaged(year: i32, kind: &str) -> StoreError {
    StoreError::Corrupt(format!("counters.last of {kind} {year}"))
}
