//! diesel. The only place that knows SQL and which database it is.
//!
//! A [`Store`] gives two verbs: [`Store::read`], a consistent snapshot, and [`Store::write`], one transaction. What may
//! be done inside is in the feature files (`cases`, `events`, `obligations`, …): typed functions that take `&mut Db`.
//! What differs between the two databases stays in `db`, `writer`, `migrate` and the few `match db` in those files.

pub mod access;
pub mod annual_reports;
pub mod applicants;
pub mod audit;
pub mod calendars;
pub mod cases;
pub mod counters;
pub mod db;
mod deadline;
pub mod departments;
mod error;
pub mod events;
pub mod feeds;
pub mod filings;
mod foreign;
mod health;
pub mod idempotency;
mod json;
pub mod known_networks;
pub mod ledger;
pub mod meta;
mod migrate;
pub mod obligations;
mod options;
pub mod orders;
pub mod organs;
pub mod outbox;
mod pool;
pub mod preferences;
mod probe;
pub mod recipients;
pub mod reminder_settings;
pub mod reminders;
pub mod reports;
pub mod schema;
pub mod seal;
pub mod sqltypes;
pub mod tags;
pub mod tallies;
pub mod tokens;
pub mod users;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use chrono::{SubsecRound, Utc};

pub use db::Db;
pub use error::StoreError;
pub use health::{Disk, StorageFault};
pub use json::stored_object;
pub use options::{DatabaseOptions, is_on_this_machine};
pub use pool::PoolState;
pub use seal::{Place, Sealer, Secret};
pub use sqltypes::{
    ApplicantId, AuditId, CaseId, DepartmentId, FamilyId, ObligationId, OrderId, OrganId, OutboxId, TokenId, Ts, UserId,
};

use db::{Manager, Role, transaction, transaction_begun};
use health::{DatabaseFile, Health};
use options::Address;
use pool::GuardedPool;
use writer::Writer;

/// Connections kept for admission and probes, besides those of `pool_size`.
pub const RESERVED: u32 = 2;

/// The instant, truncated to microseconds so that what is written equals what is read back on both databases.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock of instants; days come from office::Clock")]
pub fn now() -> Ts {
    Ts(Utc::now().trunc_subsecs(6))
}

/// An open database: pool, write queue and sealing key. A clone is another handle on the same.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    /// Every connection on PostgreSQL, the readers on SQLite.
    pool: GuardedPool,
    /// A few connections apart, for admission and probes: whatever the rest does, the service answers who it is and
    /// how it is.
    reserved: GuardedPool,
    /// SQLite's one writer; PostgreSQL has none.
    writer: Option<Writer>,
    /// SQLite's file, as it was when it was opened.
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
    /// Opens the database of `options.url`, making the SQLite file (and its key file) when there is none, unless
    /// `options.must_exist`. Runs no migration: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the settings cannot be accepted (unknown address, missing or other sealing key,
    /// SQLite older than 3.51.3, plain text to a PostgreSQL over a network, no database where one must be, an SQLite file
    /// of another program);
    /// [`StoreError::Unavailable`] when nothing answers.
    pub fn open(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let address = Address::parse(&options.url)?;
        if options.must_exist {
            address.require_file()?;
        }
        foreign::refuse(&address, options.must_exist)?;
        let timeout = Duration::from_millis(options.pool_timeout_ms);
        let session = options.session();
        let health = Arc::<Health>::default();
        let manager = |role| Manager::new(address.clone(), session, role).reporting_to(&health);
        let (writer, file) = match &address {
            Address::Sqlite(path) => {
                options::create_private(path)?;
                (Some(Writer::open(manager(Role::Writer), timeout)?), Some(DatabaseFile::of(path)?))
            }
            Address::Postgres(_) => (None, None),
        };
        let role = if writer.is_some() { Role::Reader } else { Role::Writer };
        let manager = manager(role);
        let mut first = manager.open()?;
        let known = migrate::key_check(&mut first)?;
        drop(first);
        if options.must_exist && known.is_none() {
            return Err(address.holds_nothing());
        }
        let sealer = seal::load(&address, options.sealing_key.as_deref(), known.as_deref())?;
        let statement_timeout = Some(session.statement_timeout).filter(|_| writer.is_none());
        let pool_of = |size| GuardedPool::new(manager.clone(), size, timeout, statement_timeout);
        let (pool, reserved) = (pool_of(options.pool_size), pool_of(RESERVED));
        Ok(Self { inner: Arc::new(Inner { address, pool, reserved, writer, file, health, sealer }) })
    }

    /// Where the database is, for a person: the whole path of a file, no password.
    #[must_use]
    pub fn address(&self) -> String {
        self.inner.address.to_string()
    }

    /// Runs the migrations that are missing and returns their versions. Instances that start at once wait for each
    /// other: one migrates, the rest find nothing to do.
    ///
    /// # Errors
    /// [`StoreError::Database`] names the migration that failed; nothing of it stays.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let mut db = self.migration_connection()?;
        migrate::run(&mut db, self.inner.sealer.check())
    }

    /// Takes back every migration, the newest first, and with them every row. For tests and for the way back that each
    /// migration promises.
    ///
    /// # Errors
    /// As [`Store::migrate`].
    pub fn revert_all(&self) -> Result<Vec<String>, StoreError> {
        let mut db = self.migration_connection()?;
        migrate::revert_all(&mut db)
    }

    /// Versions of the migrations that this program has and the database has not.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and [`StoreError::Unavailable`] as every read.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        self.read_reserved(migrate::pending)
    }

    /// Runs `work` on a consistent snapshot that cannot write.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Busy`] when no connection came free in time.
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        let mut db = self.inner.pool.begin(db::Begin::Snapshot)?;
        self.noting(|| transaction_begun(&mut db, db::Begin::Snapshot, work))
    }

    /// Runs `work`, one statement that only reads, without a transaction around it. It is sent once more when the
    /// connection turned out to be lost.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn ask<T, E>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        self.noting(|| self.inner.pool.ask(work))
    }

    /// As [`Store::ask`], on the connections kept for admission and probes.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn ask_reserved<T, E>(&self, work: impl Fn(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        self.noting(|| self.inner.reserved.ask(work))
    }

    /// As [`Store::read`], on the connections kept for admission and probes. Only for a few short statements.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_reserved<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        let mut db = self.inner.reserved.begin(db::Begin::Snapshot)?;
        self.noting(|| transaction_begun(&mut db, db::Begin::Snapshot, work))
    }

    /// Runs `work` and notes what it met of damage in an SQLite file.
    fn noting<T>(&self, work: impl FnOnce() -> T) -> T {
        let result = work();
        if self.inner.file.is_some() {
            self.inner.health.note_met();
        }
        result
    }

    /// Runs `work` in one write transaction: all of it is kept when it returns `Ok`, nothing when it returns `Err`.
    /// On SQLite writers come one after the other, in the order in which they asked.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Busy`] when the turn or a connection did not come in time;
    /// [`StoreError::Storage`] when the SQLite file is not where it was opened.
    pub fn write<T, E>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        match &self.inner.writer {
            Some(writer) => writer.with(|db, is_new| {
                self.check_file(db, is_new)?;
                self.noting(|| transaction(db, db::Begin::Write, work))
            }),
            None => {
                let mut db = self.inner.pool.begin(db::Begin::Write)?;
                transaction_begun(&mut db, db::Begin::Write, work)
            }
        }
    }

    /// Refuses when the files of SQLite are not those that were opened. When one beside the database is gone, what it
    /// held is brought into the database first, through the handle that this connection still has on it: it was
    /// acknowledged and would be lost with the process.
    fn check_file(&self, db: &mut Db, is_new: bool) -> Result<(), StoreError> {
        let Some(file) = &self.inner.file else { return Ok(()) };
        if is_new {
            file.forget_beside();
        }
        let found = file.check();
        if found.is_err() && file.is_in_place() {
            let done = db::checkpoint(db);
            tracing::error!(
                is_saved = done.is_ok(),
                "a file beside the database is gone; what it held was brought over"
            );
        }
        found
    }

    /// What encrypts identity numbers and contacts.
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

    /// How the connections stand, those for admission and probes among them; for metrics.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        self.inner.pool.state().and(self.inner.reserved.state())
    }

    /// How many statements this store has sent so far, BEGIN and COMMIT among them: what a request costs is the difference.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.inner.health.statements()
    }

    /// A connection of its own, with time-outs long enough to wait for another instance's migration.
    fn migration_connection(&self) -> Result<Db, StoreError> {
        Manager::new(self.inner.address.clone(), db::Session::MIGRATION, Role::Writer).open()
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
