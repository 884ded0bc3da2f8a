//! Numbers without a gap: one series per organ, year and kind of number.

use diesel::prelude::*;

use super::db::{Both, Db, on_each};
use super::schema::counters;
use super::{OrganId, StoreError};

/// Takes the next number of a series, from 1.
///
/// The number belongs to the caller's transaction: rolled back, it is given to the next. The series stays locked until
/// then, so take it last.
///
/// # Errors
/// [`StoreError::Busy`] when another transaction holds the series too long.
pub fn next(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i32, StoreError> {
    let first = (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(1));
    let number = on_each!(db => diesel::insert_into(counters::table)
        .values(first)
        .on_conflict((counters::organ_id, counters::year, counters::kind))
        .do_update()
        .set(counters::last.eq(counters::last + 1))
        .returning(counters::last)
        .get_result(db))?;
    Ok(number)
}

/// The last number taken of a series, 0 when none was; the series stays locked until the caller's transaction ends, so
/// that nobody else takes the numbers after it.
///
/// # Errors
/// As [`next`].
pub fn hold(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i32, StoreError> {
    let none = (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(0));
    let last = on_each!(db => diesel::insert_into(counters::table)
        .values(none)
        .on_conflict((counters::organ_id, counters::year, counters::kind))
        .do_update()
        .set(counters::last.eq(counters::last))
        .returning(counters::last)
        .get_result(db))?;
    Ok(last)
}

/// The last number taken of a series, 0 when none was.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn last(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i32, StoreError> {
    let last = counters::table.find((organ, year, kind)).select(counters::last).first(db).optional()?;
    Ok(last.unwrap_or(0))
}

/// Raises a series to at least `number`: for numbers that were given before this system.
///
/// # Errors
/// As [`next`].
pub fn raise_to(db: &mut Db, organ: OrganId, year: i32, kind: &str, number: i32) -> Result<(), StoreError> {
    let row =
        (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(number));
    Both(diesel::insert_into(counters::table).values(row).on_conflict_do_nothing()).execute(db)?;
    let behind = counters::table.find((organ, year, kind)).filter(counters::last.lt(number));
    diesel::update(behind).set(counters::last.eq(number)).execute(db)?;
    Ok(())
}
