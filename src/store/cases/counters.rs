//! Gapless numbers: one series per organ, year and kind of number.

use diesel::prelude::*;

use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::counters;
use crate::store::{OrganId, StoreError};

/// Takes the next number of a series, starting from 1.
///
/// The number is part of the caller's transaction: after a rollback it is given out again. The series stays locked
/// until then, so call this as late as possible.
///
/// # Errors
/// [`StoreError::Busy`] if another transaction holds the series too long; [`StoreError::Corrupt`] if the stored number
/// is negative or `i64::MAX`.
pub fn next(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    let first =
        (counters::organ_id.eq(organ), counters::year.eq(year), counters::kind.eq(kind), counters::last.eq(1_i64));
    // Guards the addition, which would overflow or yield an invalid number in the database.
    let has_next = counters::last.ge(0).and(counters::last.lt(i64::MAX));
    let rise = diesel::insert_into(counters::table)
        .values(first)
        .on_conflict((counters::organ_id, counters::year, counters::kind))
        .do_update()
        .set(counters::last.eq(counters::last + 1));
    // Fully qualified, because importing this `filter` would shadow the one of tables.
    let rise = diesel::query_dsl::methods::FilterDsl::filter(rise, has_next);
    let number: Option<i64> = on_each!(db => rise.returning(counters::last).get_result(db).optional())?;
    number.ok_or_else(|| damaged(year, kind))
}

/// The last number taken from a series, 0 in a new series. Locks the series until the transaction ends, so that no
/// other transaction takes the following numbers.
///
/// # Errors
/// [`StoreError::Busy`] if another transaction holds the series too long; [`StoreError::Corrupt`] if the stored number
/// is negative.
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

/// The last number taken from a series, 0 in a new series.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored number is negative.
pub fn last(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    let last = counters::table.find((organ, year, kind)).select(counters::last).first(db).optional()?;
    checked(last.unwrap_or(0), year, kind)
}

/// Raises a series to at least `number`, for numbers assigned before this system was introduced. Returns the last
/// number before, or `None` if the series is that far already. The caller must record the raise in the audit log.
///
/// # Errors
/// As [`hold`].
pub fn raise_to(db: &mut Db, organ: OrganId, year: i32, kind: &str, number: i64) -> Result<Option<i64>, StoreError> {
    let before = hold(db, organ, year, kind)?;
    if before >= number {
        return Ok(None);
    }
    diesel::update(counters::table.find((organ, year, kind))).set(counters::last.eq(number)).execute(db)?;
    Ok(Some(before))
}

fn checked(last: i64, year: i32, kind: &str) -> Result<i64, StoreError> {
    if last >= 0 { Ok(last) } else { Err(damaged(year, kind)) }
}

fn damaged(year: i32, kind: &str) -> StoreError {
    StoreError::Corrupt(format!("counters.last of {kind} {year}"))
}
