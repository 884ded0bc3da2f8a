//! A time limit for blocking work. After a request's deadline the client no longer waits, so the work behind it stops:
//! PostgreSQL ends a statement by `statement_timeout`, SQLite by [`in_time`], and [`check`] ends the work between
//! statements.
//!
//! The limit is thread-local: blocking work runs on one thread from its first statement to its last.

use std::cell::Cell;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use crate::store::{Store, StoreError};

/// The error SQLite reports for a statement that [`in_time`] ended.
pub(in crate::store) const OUT_OF_TIME: &str = "gongkai: out of time";

#[derive(Debug, Clone, Copy)]
struct Limit {
    until: Instant,
    is_sqlite: bool,
}

thread_local! {
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
}

/// Restores the previous limit on drop, even after a panic, because threads are reused.
struct Restore(Option<Limit>);

impl Drop for Restore {
    fn drop(&mut self) {
        LIMIT.set(self.0);
    }
}

impl Store {
    /// Runs `work` on this thread. After `until`, reads from this store fail with [`StoreError::OutOfTime`].
    pub fn until<T>(&self, until: Instant, work: impl FnOnce() -> T) -> T {
        let limit = Limit { until, is_sqlite: self.inner.writer.is_some() };
        let _restore = Restore(LIMIT.replace(Some(limit)));
        work()
    }
}

/// The remaining time. `None` without a limit.
pub(in crate::store) fn remaining() -> Option<Duration> {
    LIMIT.get().map(|limit| limit.until.saturating_duration_since(Instant::now()))
}

/// Whether the limit has passed.
pub(in crate::store) fn is_over() -> bool {
    remaining().is_some_and(|left| left.is_zero())
}

/// Checks the limit between the statements and batches of long work.
///
/// # Errors
/// [`StoreError::OutOfTime`] if the limit has passed.
pub(in crate::store) fn check() -> Result<(), StoreError> {
    if is_over() { Err(StoreError::OutOfTime) } else { Ok(()) }
}

/// Whether long statements need [`in_time`] as a condition (SQLite with a limit set).
pub(in crate::store) fn is_interruptible() -> bool {
    LIMIT.get().is_some_and(|limit| limit.is_sqlite)
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// True until the thread's limit, then an error. SQLite evaluates it for each row of a scan.
    #[sql_name = "gongkai_in_time"]
    fn in_time() -> Bool;
}

/// The return value of [`in_time`].
#[derive(Debug)]
struct InTime;

impl ToSql<Bool, Sqlite> for InTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> diesel::serialize::Result {
        if is_over() {
            return Err(OUT_OF_TIME.into());
        }
        out.set_value(1_i32);
        Ok(IsNull::No)
    }
}

/// Registers [`in_time`] on a connection.
pub(in crate::store) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    in_time_utils::register_nondeterministic_impl(connection, || InTime)
}
