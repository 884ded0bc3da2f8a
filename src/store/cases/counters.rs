//! Gapless numbers: one series per organ, year and kind of number.

use diesel::prelude::*;

use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::counters;
use crate::store::{OrganId, StoreError};

/// A number taken from a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The number.
    pub number: i64,
    /// Whether the number may be in use, because the series was set back and this number was passed before.
    pub may_be_used: bool,
}

/// A row of `counters`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct CounterRow {
    /// The year of the series.
    pub year: i32,
    /// The kind of number.
    pub kind: String,
    /// The last number, 0 for none.
    pub last: i64,
    /// Where the series stood before it was set back. `None` if it never was.
    pub checked_to: Option<i64>,
}

/// Takes the next number of a series, starting from 1.
///
/// The number is part of the caller's transaction: after a rollback it is given out again. The series stays locked
/// until then, so call this as late as possible.
///
/// # Errors
/// [`StoreError::Busy`] if another transaction holds the series too long; [`StoreError::Corrupt`] if the stored number
/// is negative or `i64::MAX`.
pub fn next(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<i64, StoreError> {
    Ok(take(db, organ, year, kind)?.number)
}

/// Like [`next`]. Also returns whether the number may be in use.
///
/// # Errors
/// As [`next`].
pub fn take(db: &mut Db, organ: OrganId, year: i32, kind: &str) -> Result<Taken, StoreError> {
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
    let returned = (counters::last, counters::checked_to);
    let row: Option<(i64, Option<i64>)> = on_each!(db => rise.returning(returned).get_result(db).optional())?;
    let (number, checked_to) = row.ok_or_else(|| damaged(year, kind))?;
    Ok(Taken { number, may_be_used: checked_to.is_some_and(|checked| number <= checked) })
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

/// Sets the last number of a series. Returns the one before. Set back, the series remembers how far it was, so that
/// [`take`] tells of numbers that may be in use. The caller must record the change in the audit log.
///
/// # Errors
/// As [`hold`].
pub fn set(db: &mut Db, organ: OrganId, year: i32, kind: &str, last: i64) -> Result<i64, StoreError> {
    let before = hold(db, organ, year, kind)?;
    let row = counters::table.find((organ, year, kind));
    diesel::update(row).set(counters::last.eq(last)).execute(db)?;
    if last < before {
        let passed = counters::checked_to.is_null().or(counters::checked_to.lt(before));
        let row = counters::table
            .filter(counters::organ_id.eq(organ))
            .filter(counters::year.eq(year))
            .filter(counters::kind.eq(kind));
        diesel::update(row.filter(passed)).set(counters::checked_to.eq(before)).execute(db)?;
    }
    Ok(before)
}

/// The series of an organ, by year and kind.
///
/// # Errors
/// As every read.
pub fn of_organ(db: &mut Db, organ: OrganId) -> Result<Vec<CounterRow>, StoreError> {
    let rows = counters::table.filter(counters::organ_id.eq(organ)).order((counters::year, counters::kind));
    Ok(rows.select((counters::year, counters::kind, counters::last, counters::checked_to)).load(db)?)
}

fn checked(last: i64, year: i32, kind: &str) -> Result<i64, StoreError> {
    if last >= 0 { Ok(last) } else { Err(damaged(year, kind)) }
}

fn damaged(year: i32, kind: &str) -> StoreError {
    StoreError::Corrupt(format!("counters.last of {kind} {year}"))
}
