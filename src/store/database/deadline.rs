//! How long a piece of work may go on. An answer that comes after its request's deadline has no reader, so the work behind
//! it stops: PostgreSQL ends a statement by `statement_timeout`, SQLite by [`in_time`], and between statements
//! [`check`] ends the work.
//!
//! The limit belongs to the thread: blocking work stays on one thread from its first statement to its last.

use std::cell::Cell;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use crate::store::{Store, StoreError};

/// What SQLite reports of a statement that [`in_time`] ended.
pub(in crate::store) const OUT_OF_TIME: &str = "gongkai: out of time";

#[derive(Debug, Clone, Copy)]
struct Limit {
    until: Instant,
    is_sqlite: bool,
}

thread_local! {
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
}

/// Puts the limit before it back, also after a panic: threads are used again.
struct Restore(Option<Limit>);

impl Drop for Restore {
    fn drop(&mut self) {
        LIMIT.set(self.0);
    }
}

impl Store {
    /// Runs `work` on this thread; what it reads of this store ends with [`StoreError::OutOfTime`] after `until`.
    pub fn until<T>(&self, until: Instant, work: impl FnOnce() -> T) -> T {
        let limit = Limit { until, is_sqlite: self.inner.writer.is_some() };
        let _restore = Restore(LIMIT.replace(Some(limit)));
        work()
    }
}

/// The time that is left; `None` without a limit.
pub(in crate::store) fn remaining() -> Option<Duration> {
    LIMIT.get().map(|limit| limit.until.saturating_duration_since(Instant::now()))
}

/// Whether the limit has passed.
pub(in crate::store) fn is_over() -> bool {
    remaining().is_some_and(|left| left.is_zero())
}

/// Goes between the statements and batches of long work.
///
/// # Errors
/// [`StoreError::OutOfTime`] when the limit has passed.
pub(in crate::store) fn check() -> Result<(), StoreError> {
    if is_over() { Err(StoreError::OutOfTime) } else { Ok(()) }
}

/// Whether long statements need [`in_time`] among their conditions.
pub(in crate::store) fn is_interruptible() -> bool {
    LIMIT.get().is_some_and(|limit| limit.is_sqlite)
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// True until the limit of the thread, an error after it. SQLite asks it for each row of a scan.
    #[sql_name = "gongkai_in_time"]
    fn in_time() -> Bool;
}

/// What [`in_time`] gives back.
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

/// Makes [`in_time`] known to a connection.
pub(in crate::store) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    in_time_utils::register_nondeterministic_impl(connection, || InTime)
}
