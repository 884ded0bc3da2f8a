//! Persistence with diesel. The only module that knows SQL and the kind of database.
//!
//! A [`Store`] has two main methods: [`Store::read`], a consistent snapshot, and [`Store::write`], one transaction. The
//! work inside them calls typed functions of the feature modules (`cases`, `events`, `obligations`, …), which take
//! `&mut Db`. Differences between the two databases are confined to `db`, `writer`, `migrate` and a few `match db` in
//! the feature modules.

pub mod calendar;
pub mod carry;
pub mod cases;
pub mod database;
mod error;
pub mod evidence;
pub mod intake;
pub mod ledger;
pub mod mail;
pub mod people;
pub mod reminders;
pub mod reports;
pub mod service;
pub mod supervision;

use std::sync::Arc;
use std::time::Duration;

use chrono::{SubsecRound, Utc};

pub use database::db::Db;
pub use database::health::{Disk, StorageFault};
pub use database::json::stored_object;
pub use database::options::{DatabaseOptions, is_on_this_machine};
pub use database::pool::PoolState;
pub use database::seal::{Place, Sealer, Secret};
pub use database::sqltypes::{
    ApplicantId, ApplicantVersionId, AuditId, CaseId, DepartmentId, FamilyId, ImportId, ObligationId, OrderId, OrganId,
    OutboxId, TokenId, Ts, UserId,
};
pub use error::StoreError;

use database::db::{ConnectionRole, Manager, transaction, transaction_begun};
use database::health::{DatabaseFile, Health};
use database::options::Address;
use database::pool::GuardedPool;
use database::writer::Writer;

/// Connections reserved for admission and probes, in addition to `pool_size`.
pub const RESERVED: u32 = 2;

/// The current instant, truncated to microseconds so that a value reads back equal from both databases.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock of instants; days come from office::Clock")]
pub fn now() -> Ts {
    Ts(Utc::now().trunc_subsecs(6))
}

/// An open database: pools, write queue and sealing key. Clones share the same database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    /// All connections on PostgreSQL, the readers on SQLite.
    pool: GuardedPool,
    /// A few separate connections for admission and probes, so that these work even if all others are busy.
    reserved: GuardedPool,
    /// The single writer of SQLite. `None` on PostgreSQL.
    writer: Option<Writer>,
    /// The identity of the SQLite file when it was opened.
    file: Option<DatabaseFile>,
    health: Arc<Health>,
    sealer: Sealer,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("address", &self.inner.address).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `options.url`. Creates a missing SQLite file and key file, unless `options.must_exist`.
    /// Runs no migrations: see [`Store::migrate`] (`evidence/upgrade.rs`).
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the configuration is not acceptable: unknown address, missing or wrong sealing key,
    /// SQLite older than 3.51.3, unencrypted PostgreSQL over a network, no database although `must_exist`, an SQLite
    /// file of another program;
    /// [`StoreError::Unavailable`] if the database does not answer or a file cannot be opened.
    pub fn open(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let address = Address::parse(&options.url)?;
        if options.must_exist {
            address.require_file()?;
        }
        database::foreign::refuse(&address, options.must_exist)?;
        let timeout = Duration::from_millis(options.pool_timeout_ms);
        let session = options.session();
        let health = Arc::<Health>::default();
        let manager = |role| Manager::new(address.clone(), session, role).reporting_to(&health);
        let (writer, file) = match &address {
            Address::Sqlite(path) => {
                database::options::create_private(path)?;
                (Some(Writer::open(manager(ConnectionRole::Writer), timeout)?), Some(DatabaseFile::of(path)?))
            }
            Address::Postgres(_) => (None, None),
        };
        let role = if writer.is_some() { ConnectionRole::Reader } else { ConnectionRole::Writer };
        let manager = manager(role);
        let mut first = manager.open()?;
        database::foreign::refuse_unfinished(&mut first)?;
        let known = database::migrate::key_check(&mut first)?;
        drop(first);
        if options.must_exist && known.is_none() {
            return Err(address.holds_nothing());
        }
        let sealer = database::seal::load(&address, options.sealing_key.as_deref(), known.as_deref())?;
        let statement_timeout = Some(session.statement_timeout).filter(|_| writer.is_none());
        let pool_of = |size| GuardedPool::new(manager.clone(), size, timeout, statement_timeout);
        let (pool, reserved) = (pool_of(options.pool_size), pool_of(RESERVED));
        Ok(Self { inner: Arc::new(Inner { address, pool, reserved, writer, file, health, sealer }) })
    }

    /// The location of the database for display: the absolute path of a file, without any password.
    #[must_use]
    pub fn address(&self) -> String {
        self.inner.address.to_string()
    }

    /// Reverts every migration, newest first, and thereby deletes every row. For tests of the migrations' way back.
    ///
    /// # Errors
    /// [`StoreError::Database`] if a migration fails. Everything is rolled back.
    pub fn revert_all(&self) -> Result<Vec<String>, StoreError> {
        let mut db = self.migration_connection()?;
        database::migrate::revert_all(&mut db)
    }

    /// The versions of the migrations that are not applied yet.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if no reserved connection became free in time, [`StoreError::Unavailable`] if none could be
    /// opened.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        self.read_reserved(database::migrate::pending)
    }

    /// Runs `work` on a consistent snapshot that cannot write.
    ///
    /// # Errors
    /// The errors of `work`; [`StoreError::Busy`] if no connection became free in time; [`StoreError::Unavailable`] if
    /// none could be opened.
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        let mut db = self.inner.pool.begin(database::db::Begin::Snapshot)?;
        self.noting(|| transaction_begun(&mut db, database::db::Begin::Snapshot, work))
    }

    /// Runs `work`, a single read-only statement, without a transaction. Runs it a second time if the connection turns
    /// out to be lost, so `work` must be repeatable.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn ask<T, E>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        self.noting(|| self.inner.pool.ask(work))
    }

    /// Like [`Store::ask`], on the connections reserved for admission and probes.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn ask_reserved<T, E>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        self.noting(|| self.inner.reserved.ask(work))
    }

    /// Like [`Store::read`], on the connections reserved for admission and probes. Only for a few short statements.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_reserved<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        let mut db = self.inner.reserved.begin(database::db::Begin::Snapshot)?;
        self.noting(|| transaction_begun(&mut db, database::db::Begin::Snapshot, work))
    }

    /// Runs `work` and records any damage it met in an SQLite file.
    fn noting<T>(&self, work: impl FnOnce() -> T) -> T {
        let result = work();
        if self.inner.file.is_some() {
            self.inner.health.note_met();
        }
        result
    }

    /// Runs `work` in one write transaction: commits on `Ok`, rolls back on `Err`. On SQLite, writers run one at a time
    /// in the order of their calls.
    ///
    /// # Errors
    /// The errors of `work`; [`StoreError::Busy`] if the turn or a connection did not become free in time;
    /// [`StoreError::Storage`] if the SQLite files are not those that were opened.
    pub fn write<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        match &self.inner.writer {
            Some(writer) => writer.with(|db, is_new| {
                self.check_file(db, is_new)?;
                self.noting(|| transaction(db, database::db::Begin::Write, work))
            }),
            None => {
                let mut db = self.inner.pool.begin(database::db::Begin::Write)?;
                transaction_begun(&mut db, database::db::Begin::Write, work)
            }
        }
    }

    /// Refuses if the SQLite files are not those that were opened. If only `-wal` or `-shm` is missing or replaced,
    /// first checkpoints through the handle this connection still has: the deleted WAL may hold acknowledged commits
    /// that would be lost with the process.
    fn check_file(&self, db: &mut Db, is_new: bool) -> Result<(), StoreError> {
        let Some(file) = &self.inner.file else { return Ok(()) };
        if is_new {
            file.forget_beside();
        }
        let found = file.check();
        if found.is_err() && file.is_in_place() {
            let done = database::db::checkpoint(db);
            tracing::error!(
                is_saved = done.is_ok(),
                "a file beside the database is gone; what it held was brought over"
            );
        }
        found
    }

    /// Writes the SQLite file anew, so that its free pages hold nothing of what was deleted, and empties the WAL. Does
    /// nothing on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError`] of the database, for example if the disk has no room for a second copy.
    pub fn scrub(&self) -> Result<(), StoreError> {
        match &self.inner.writer {
            Some(writer) => writer.with(|db, is_new| {
                self.check_file(db, is_new)?;
                self.noting(|| database::db::scrub(db))
            }),
            None => Ok(()),
        }
    }

    /// Encrypts identity numbers and contacts.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// `sqlite` or `postgres`, for logs and metrics.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.inner.address {
            Address::Sqlite(_) => "sqlite",
            Address::Postgres(_) => "postgres",
        }
    }

    /// The state of both pools together, for metrics.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        self.inner.pool.state().and(self.inner.reserved.state())
    }

    /// The number of statements sent so far, including BEGIN and COMMIT. Tests measure the cost of a request as a
    /// difference.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.inner.health.statements()
    }

    /// A separate connection with time-outs long enough to wait for another instance's migration.
    fn migration_connection(&self) -> Result<Db, StoreError> {
        Manager::new(self.inner.address.clone(), database::db::Session::MIGRATION, ConnectionRole::Writer).open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_opens_migrates_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("case.db");
        let options = DatabaseOptions { url: format!("sqlite:{}", path.display()), ..DatabaseOptions::default() };
        let store = Store::open(&options).unwrap();
        let pending = store.pending_migrations().unwrap();
        assert_eq!(pending[0], "00000000000001");
        assert_eq!(store.migrate().unwrap(), pending);
        assert_eq!(store.migrate().unwrap(), Vec::<String>::new());
        assert_eq!(store.pending_migrations().unwrap(), Vec::<String>::new());
        for file in ["case.db", "case.db.key", "case.db-wal"] {
            let mode = std::fs::metadata(directory.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        Store::open(&options).unwrap();
        std::fs::remove_file(directory.path().join("case.db.key")).unwrap();
        assert!(matches!(Store::open(&options), Err(StoreError::Refused(_))), "a lost key is not replaced in silence");
        let other = DatabaseOptions { sealing_key: Some("ab".repeat(32)), ..options };
        assert!(matches!(Store::open(&other), Err(StoreError::Refused(_))), "another key is refused");
    }
}
