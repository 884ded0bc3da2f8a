//! Figures over all history. Triggers of the tables add a row for each change, so that no read counts millions of rows
//! and no two transactions wait for one counter. The rows are summed up hourly.

use crate::store::database::verbatim::verbatim;
use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::store::StoreError;
use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::tallies;

/// Mails that a server accepted.
pub const MAIL_SENT: &str = "mail.sent";
/// Mails that were withdrawn.
pub const MAIL_CANCELLED: &str = "mail.cancelled";
/// Reminder days that were made good by later mails.
pub const REMINDERS_MISSED: &str = "reminders.missed";
/// Alarms about people who read personal data often.
pub const PERSONAL_DATA_ALARMS: &str = "personal_data.alarms";

/// A figure; 0 when nothing was counted under this name.
///
/// # Errors
/// As every read.
pub fn total(db: &mut Db, name: &str) -> Result<i64, StoreError> {
    let sum = verbatim::<Nullable<BigInt>>("CAST(sum(n) AS BIGINT)");
    let total: Option<i64> = tallies::table.filter(tallies::name.eq(name)).select(sum).first(db)?;
    Ok(total.unwrap_or(0))
}

/// Replaces the rows of each figure by one row with their sum. Two instances may do so at once: each row is taken by one of
/// them.
///
/// # Errors
/// As every write.
pub fn sum_up(db: &mut Db) -> Result<(), StoreError> {
    let rows: Vec<(String, i64)> =
        on_each!(db => diesel::delete(tallies::table).returning((tallies::name, tallies::n)).load(db))?;
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (name, n) in rows {
        let sum = sums.entry(name).or_default();
        *sum = sum.saturating_add(n);
    }
    for (name, n) in sums {
        diesel::insert_into(tallies::table).values((tallies::name.eq(name), tallies::n.eq(n))).execute(db)?;
    }
    Ok(())
}
