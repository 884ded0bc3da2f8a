//! A database seen from outside: without its sealing key, whatever its migrations, and without making anything. For a
//! diagnosis of an installation that does not start.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::database::db::{Begin, ConnectionRole, Db, Manager, transaction};
use crate::store::database::health::Disk;
use crate::store::database::options::{Address, key_file};
use crate::store::database::schema::{audit_log, case_events, cases};
use crate::store::database::{foreign, migrate, seal};
use crate::store::mail::outbox::instant;
use crate::store::service::write_check;
use crate::store::{CaseId, DatabaseOptions, StoreError, Ts};

/// An open database. Whoever has one may run every statement of the store that needs no sealing key.
pub struct Inspection {
    address: Address,
    db: Db,
}

/// Migrations of the database and of this release that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationGap {
    /// Those of this release that are not applied.
    pub pending: Vec<String>,
    /// Those that are applied and that this release does not know: a newer release was here.
    pub unknown: Vec<String>,
}

/// What is on the disk of an SQLite database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesOnDisk {
    /// The disk. `None` if it cannot be determined.
    pub disk: Option<Disk>,
    /// Size of the database with its WAL in bytes.
    pub size_bytes: u64,
    /// The files, key file included, that others than the owner may read or write.
    pub open_to_others: Vec<PathBuf>,
}

impl std::fmt::Debug for Inspection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Inspection").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Inspection {
    /// Opens the database at `url`, which must exist. Runs no migrations and reads no key.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the address is unknown, or leads to no database or to one of another program;
    /// [`StoreError::Storage`] if the file is damaged; [`StoreError::Unavailable`] if the database does not answer.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        address.require_file()?;
        foreign::refuse(&address, true)?;
        let session = DatabaseOptions::default().session();
        let mut db = Manager::new(address.clone(), session, ConnectionRole::Writer).open()?;
        foreign::refuse_unfinished(&mut db)?;
        if migrate::key_check(&mut db)?.is_none() {
            return Err(address.holds_nothing());
        }
        Ok(Self { address, db })
    }

    /// The location of the database for display, without any password.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Runs `work` on a consistent snapshot.
    ///
    /// # Errors
    /// The errors of `work` and of the database.
    pub fn read<T, E>(&mut self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        transaction(&mut self.db, Begin::Snapshot, work)
    }

    /// Kind and version of the database program, for display.
    pub fn program(&mut self) -> Result<String, StoreError> {
        let sql = match &self.db {
            Db::Lite(_) => "SELECT 'SQLite ' || sqlite_version() AS said",
            Db::Pg(_) => "SELECT 'PostgreSQL ' || current_setting('server_version') AS said",
        };
        Ok(said(&mut self.db, sql)?.unwrap_or_default())
    }

    /// The migrations that the database and this release do not share.
    pub fn migration_gap(&mut self) -> Result<MigrationGap, StoreError> {
        let ours = migrate::of_release(matches!(self.db, Db::Lite(_)))?;
        let applied = migrate::applied(&mut self.db)?;
        let pending = ours.iter().filter(|version| !applied.contains(version)).cloned().collect();
        let unknown = applied.into_iter().filter(|version| !ours.contains(version)).collect();
        Ok(MigrationGap { pending, unknown })
    }

    /// Writes as much as a filing does, as the probe of a running service.
    ///
    /// # Errors
    /// [`StoreError::Storage`] if the disk is full or the file cannot be written; [`StoreError::Busy`] if another
    /// transaction holds the lock.
    pub fn write_probe(&mut self) -> Result<(), StoreError> {
        transaction(&mut self.db, Begin::Write, write_check::write)
    }

    /// The first fault in the structure of an SQLite file. `None` if there is none, and on PostgreSQL.
    pub fn structural_fault(&mut self) -> Result<Option<String>, StoreError> {
        match &self.db {
            Db::Pg(_) => Ok(None),
            Db::Lite(_) => {
                let first = "SELECT quick_check AS said FROM pragma_quick_check LIMIT 1";
                Ok(said(&mut self.db, first)?.filter(|said| said != "ok"))
            }
        }
    }

    /// Whether the key opens this database: the configured one, or the file beside the database.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the key is missing, has another form, or is another one; [`StoreError::Unavailable`]
    /// if the key file cannot be read.
    pub fn check_key(&mut self, configured: Option<&str>) -> Result<(), StoreError> {
        // With a known check value no key file is made.
        let known = migrate::key_check(&mut self.db)?.ok_or_else(|| self.address.holds_nothing())?;
        seal::load(&self.address, configured, Some(&known)).map(drop)
    }

    /// The present instant by the clock of the database: of the server, or of this machine for an SQLite file.
    pub fn now(&mut self) -> Result<Ts, StoreError> {
        instant(&mut self.db)
    }
}

/// The files of an SQLite database. `None` for PostgreSQL and for an address that is not understood.
#[must_use]
pub fn files(url: &str) -> Option<FilesOnDisk> {
    let Ok(Address::Sqlite(path)) = Address::parse(url) else { return None };
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    let is_open = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    let data = [path.clone(), beside("-wal")];
    let size_bytes = data.iter().map(length).sum();
    let open_to_others = data.into_iter().chain([key_file(&path)]).filter(is_open).collect();
    Some(FilesOnDisk { disk: Disk::of(&path), size_bytes, open_to_others })
}

/// When the newest event of a case or the newest entry of the audit log was recorded. `None` if there is neither.
pub fn newest_record(db: &mut Db) -> Result<Option<Ts>, StoreError> {
    let event: Option<Ts> = case_events::table.select(diesel::dsl::max(case_events::recorded_at)).first(db)?;
    let entry: Option<Ts> = audit_log::table.select(diesel::dsl::max(audit_log::at)).first(db)?;
    Ok(event.max(entry))
}

/// The ids of the newest cases, newest first.
pub fn newest_cases(db: &mut Db, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    Ok(cases::table.order(cases::id.desc()).select(cases::id).limit(limit).load(db)?)
}

/// The number of cases.
pub fn case_count(db: &mut Db) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let Count { n } = diesel::sql_query("SELECT count(*) AS n FROM cases").get_result(db)?;
    Ok(n)
}

fn said(db: &mut Db, sql: &str) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Said {
        #[diesel(sql_type = Text)]
        said: String,
    }
    let row: Option<Said> = diesel::sql_query(sql).get_result(db).optional()?;
    Ok(row.map(|row| row.said))
}
