//! One connection type for both databases, its set-up, and the meaning of a transaction on each.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, InstrumentationEvent, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::{Integer, Text};

use super::deadline;
use super::health::{self, Health, identity};
use super::options::{Address, for_each_host, for_libpq};
use crate::store::StoreError;

pub use connection::{Db, MultiBackend};

mod connection {
    #![expect(missing_docs, reason = "diesel's derive writes public items of its own")]

    /// A connection to either database. Most statements run on it directly. Upserts, batch inserts and row locks need
    /// the inner connection, through `on_each!` or a `match`.
    #[derive(diesel::MultiConnection)]
    pub enum Db {
        /// PostgreSQL.
        Pg(diesel::PgConnection),
        /// SQLite.
        Lite(diesel::SqliteConnection),
    }
}

/// Runs the same expression on the inner connection of either kind.
macro_rules! on_each {
    ($db:ident => $run:expr) => {
        match $db {
            $crate::store::database::db::Db::Pg($db) => $run,
            $crate::store::database::db::Db::Lite($db) => $run,
        }
    };
}
pub(crate) use on_each;

/// A statement that both databases support but diesel's multi-connection does not (`ON CONFLICT`).
#[derive(Debug, Clone, Copy)]
pub struct Both<T>(pub T);

impl<T> QueryFragment<MultiBackend> for Both<T>
where
    T: QueryFragment<diesel::pg::Pg> + QueryFragment<diesel::sqlite::Sqlite>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<T: QueryId> QueryId for Both<T> {
    type QueryId = T::QueryId;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}

impl<T: diesel::query_builder::Query> diesel::query_builder::Query for Both<T> {
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<Db> for Both<T> {}

/// The time-outs of a session.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Session {
    pub(in crate::store) lock_timeout: Duration,
    pub(in crate::store) statement_timeout: Duration,
}

impl Session {
    /// Long enough to wait for another instance's migration.
    pub(in crate::store) const MIGRATION: Self =
        Self { lock_timeout: Duration::from_secs(120), statement_timeout: Duration::from_secs(600) };
}

/// The purpose of a connection. On SQLite a reader cannot write; on PostgreSQL every connection is a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum ConnectionRole {
    Writer,
    Reader,
}

/// Opens connections. diesel's own manager tries PostgreSQL first and would then create an SQLite file named after an
/// invalid address.
#[derive(Debug, Clone)]
pub(in crate::store) struct Manager {
    address: Address,
    session: Session,
    role: ConnectionRole,
    health: Arc<Health>,
    /// Which of several PostgreSQL hosts answered last, as its place in the address. Clones share it: after a failover
    /// one pool alone waits for the host that is gone.
    answered_last: Arc<AtomicUsize>,
}

impl Manager {
    pub(in crate::store) fn new(address: Address, session: Session, role: ConnectionRole) -> Self {
        Self { address, session, role, health: Arc::default(), answered_last: Arc::default() }
    }

    /// Returns this manager with its connections reporting to `health`.
    pub(in crate::store) fn reporting_to(mut self, health: &Arc<Health>) -> Self {
        self.health = Arc::clone(health);
        self
    }

    /// The health record its connections report to.
    pub(in crate::store) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Opens a connection, sets it up and checks it.
    pub(in crate::store) fn open(&self) -> Result<Db, StoreError> {
        let mut db = self.connected()?;
        let health = Arc::clone(&self.health);
        match &mut db {
            Db::Pg(connection) => {
                connection.set_instrumentation(move |event: InstrumentationEvent<'_>| health.heard(&event));
            }
            Db::Lite(connection) => {
                connection.set_instrumentation(move |event: InstrumentationEvent<'_>| health.count(&event));
            }
        }
        Ok(db)
    }

    fn connected(&self) -> Result<Db, StoreError> {
        match &self.address {
            Address::Postgres(url) => {
                let mut connection = self.first_that_answers(&for_each_host(url))?;
                set_up_postgres(&mut connection, self.session)?;
                Ok(Db::Pg(connection))
            }
            Address::Sqlite(path) => {
                let path = path.to_str().ok_or_else(|| StoreError::Refused("the path is not UTF-8".into()))?;
                // SQLite would create an empty file in place of one that was moved away.
                identity(path.as_ref())?;
                let mut connection = SqliteConnection::establish(path)?;
                set_up_sqlite(&mut connection, self.session, self.role)?;
                Ok(Db::Lite(connection))
            }
        }
    }
}

impl Manager {
    /// Connects to the first of `hosts` that accepts, beginning with the one that answered last. The error names the
    /// cause of each.
    fn first_that_answers(&self, hosts: &[String]) -> Result<PgConnection, StoreError> {
        let first = self.answered_last.load(Ordering::Relaxed);
        let in_turn = hosts.iter().enumerate().cycle().skip(first).take(hosts.len());
        let mut causes = Vec::new();
        for (place, host) in in_turn {
            match PgConnection::establish(&for_libpq(host)) {
                Ok(connection) => {
                    self.answered_last.store(place, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(cause) => causes.push(cause),
            }
        }
        let said: Vec<String> = causes.iter().map(ToString::to_string).collect();
        match causes.pop() {
            Some(only) if causes.is_empty() => Err(only.into()),
            Some(_) | None => Err(diesel::ConnectionError::BadConnection(said.join("; ")).into()),
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Db;
    type Error = StoreError;

    fn connect(&self) -> Result<Db, StoreError> {
        self.open()
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), StoreError> {
        Ok(db.ping()?)
    }

    fn has_broken(&self, db: &mut Db) -> bool {
        std::thread::panicking() || db.is_broken()
    }
}

/// Sets UTC, time-outs and, where the server permits, English messages: errors are classified by their text.
fn set_up_postgres(connection: &mut PgConnection, session: Session) -> Result<(), StoreError> {
    let (lock, statement) = (session.lock_timeout.as_millis(), session.statement_timeout.as_millis());
    connection.batch_execute(&format!(
        "SET TIME ZONE 'UTC'; SET application_name = 'gongkai'; SET lock_timeout = {lock};
         SET statement_timeout = {statement}; SET idle_in_transaction_session_timeout = '60s';
         DO $$ BEGIN SET lc_messages = 'C'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;"
    ))?;
    Ok(())
}

/// Sets durable commits (`synchronous=FULL`, because a legal act must survive a power cut), enforced foreign keys and a
/// bounded WAL.
fn set_up_sqlite(connection: &mut SqliteConnection, session: Session, role: ConnectionRole) -> Result<(), StoreError> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", session.lock_timeout.as_millis()))?;
    switch_to_wal(connection, session.lock_timeout)?;
    connection.batch_execute(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    if role == ConnectionRole::Reader {
        connection.batch_execute("PRAGMA query_only = ON")?;
    }
    deadline::register(connection)?;
    check_sqlite(connection)
}

/// Writes the SQLite file anew without free pages, and empties the WAL. Does nothing on PostgreSQL.
pub(in crate::store) fn scrub(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Lite(connection) => Ok(connection.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?),
        Db::Pg(_) => Ok(()),
    }
}

/// Copies the WAL into the database file, as far as readers permit. Does nothing on PostgreSQL.
pub(in crate::store) fn checkpoint(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Lite(connection) => Ok(connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?),
        Db::Pg(_) => Ok(()),
    }
}

/// Switches to WAL mode. Retries on locks, because several instances may open a new file at once and `busy_timeout`
/// does not cover this switch.
fn switch_to_wal(connection: &mut SqliteConnection, patience: Duration) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut left = patience.as_millis() / PAUSE.as_millis();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL").map_err(StoreError::from) {
            Err(StoreError::Busy) if left > 0 => {
                left -= 1;
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// SQLite's version and settings, as read back.
#[derive(Debug, QueryableByName)]
struct SqliteState {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    journal_mode: String,
    #[diesel(sql_type = Integer)]
    synchronous: i32,
    #[diesel(sql_type = Integer)]
    foreign_keys: i32,
    #[diesel(sql_type = Integer)]
    trusted_schema: i32,
}

/// Verifies that the settings took effect: a file system without shared memory or an unsuitable library may ignore
/// them.
fn check_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let state: SqliteState = diesel::sql_query(
        "SELECT sqlite_version() AS version, j.journal_mode, s.synchronous, f.foreign_keys, t.trusted_schema
         FROM pragma_journal_mode j, pragma_synchronous s, pragma_foreign_keys f, pragma_trusted_schema t",
    )
    .get_result(connection)?;
    if !is_safe_version(&state.version) {
        return Err(StoreError::Refused(format!(
            "SQLite {} can lose committed data in WAL mode: 3.51.3 or newer is needed",
            state.version
        )));
    }
    let flags = (state.synchronous, state.foreign_keys, state.trusted_schema);
    if state.journal_mode != "wal" || flags != (2, 1, 0) {
        return Err(StoreError::Refused(format!("SQLite did not take its settings: {state:?}")));
    }
    Ok(())
}

/// Versions 3.7.0 to 3.51.2 can lose committed transactions when a WAL is reset (fixed in 3.51.3).
fn is_safe_version(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= (3, 51, 3)
}

/// The kind of transaction to begin.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Begin {
    /// Read-only, with one consistent state of the database for all statements.
    Snapshot,
    /// May write. SQLite takes the write lock at once, because upgrading a read lock later fails instead of waiting.
    Write,
}

/// Runs `work` between BEGIN and COMMIT. Rolls back on error.
pub(in crate::store) fn transaction<T, E>(
    db: &mut Db,
    begin: Begin,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError>,
{
    self::begin(db, begin)?;
    transaction_begun(db, begin, work)
}

/// The first half of [`transaction`]: begins it.
pub(in crate::store) fn begin(db: &mut Db, begin: Begin) -> Result<(), StoreError> {
    deadline::check()?;
    let begun = match (&mut *db, begin) {
        (Db::Pg(c), Begin::Snapshot) => {
            let begin = within_limit("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            AnsiTransactionManager::begin_transaction_sql(c, &begin)
        }
        (Db::Pg(c), Begin::Write) => {
            AnsiTransactionManager::begin_transaction_sql(c, &within_limit("BEGIN ISOLATION LEVEL READ COMMITTED"))
        }
        (Db::Lite(c), Begin::Snapshot) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN"),
        (Db::Lite(c), Begin::Write) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
    };
    Ok(begun?)
}

/// The BEGIN of a PostgreSQL transaction, with `statement_timeout` set to the remaining time of the thread's limit.
fn within_limit(begin: &'static str) -> Cow<'static, str> {
    match deadline::remaining() {
        None => Cow::Borrowed(begin),
        // 0 would mean no limit.
        Some(left) => Cow::Owned(format!("{begin}; SET LOCAL statement_timeout = {}", left.as_millis().max(1))),
    }
}

/// The second half of [`transaction`]: runs `work`, then commits or rolls back.
pub(in crate::store) fn transaction_begun<T, E>(
    db: &mut Db,
    begin: Begin,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<StoreError>,
{
    let failed_before = health::failed();
    let result = work(db).and_then(|value| match begin {
        // A read acknowledges nothing, so the check is skipped.
        Begin::Snapshot => Ok(value),
        // Only a failed statement aborts a transaction.
        Begin::Write if health::failed() == failed_before => Ok(value),
        Begin::Write => {
            refuse_aborted(db)?;
            Ok(value)
        }
    });
    match result {
        Ok(value) => {
            <Db as Connection>::TransactionManager::commit_transaction(db).map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            // SQLite rolls back by itself when the disk is full, and after a lost connection there is nothing to roll
            // back: the connection counts as broken and is dropped. The first error is the one to report.
            if let Err(cause) = <Db as Connection>::TransactionManager::rollback_transaction(db) {
                tracing::debug!(%cause, "rollback failed, the connection is dropped");
            }
            Err(error)
        }
    }
}

/// PostgreSQL answers COMMIT of a failed transaction with a silent rollback. If `work` swallowed an error and went on,
/// this statement fails, so that lost writes are not acknowledged.
fn refuse_aborted(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Pg(c) => Ok(c.batch_execute("SELECT 1")?),
        Db::Lite(_) => Ok(()),
    }
}

/// Whether libpq supports TLS. Without TLS it refuses `sslmode=require` before it looks for a server, so the socket
/// named here need not exist.
pub(in crate::store) fn libpq_has_tls() -> bool {
    match PgConnection::establish("postgres:///x?host=/nonexistent&sslmode=require") {
        Ok(_) => true,
        Err(cause) => !cause.to_string().contains("not compiled in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_older_than_3_51_3_is_refused() {
        for version in ["3.40.1", "3.51.2", "3.7.0", "2.99.99", ""] {
            assert!(!is_safe_version(version), "{version}");
        }
        for version in ["3.51.3", "3.53.2", "3.52.0", "4.0.0"] {
            assert!(is_safe_version(version), "{version}");
        }
    }
}
