//! Storage faults that only an operator can fix: a full disk, a damaged page, a database file that was moved or
//! replaced.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::InstrumentationEvent;
use diesel::result::Error;

use crate::store::StoreError;

/// How often damaged tables are read again, to see whether they were repaired.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A storage fault that only an operator can fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageFault {
    /// The disk is full.
    Full,
    /// A page is corrupt, or the file is not a database.
    Damaged,
    /// The disk cannot be read or written.
    Io,
    /// The file was renamed or deleted. Further writes would be lost with it.
    FileGone,
    /// Another file is at the path of the one that was opened.
    FileReplaced,
}

impl StorageFault {
    /// Stable code, as used in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full => "storage_full",
            Self::Damaged => "database_damaged",
            Self::Io => "storage_io",
            Self::FileGone => "database_file_gone",
            Self::FileReplaced => "database_file_replaced",
        }
    }

    /// Classifies a message of either database.
    pub(in crate::store) fn in_message(message: &str) -> Option<Self> {
        const FULL: [&str; 3] = ["database or disk is full", "No space left on device", "设备上没有空间"];
        const DAMAGED: [&str; 6] = [
            "database disk image is malformed",
            "file is not a database",
            "malformed database schema",
            "invalid page in block",
            "missing chunk number",
            "unexpected zero page",
        ];
        const IO: [&str; 2] = ["disk I/O error", "could not read block"];
        let is_about = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if is_about(&FULL) {
            Some(Self::Full)
        } else if is_about(&DAMAGED) {
            Some(Self::Damaged)
        } else if is_about(&IO) {
            Some(Self::Io)
        } else {
            None
        }
    }
}

thread_local! {
    /// The damage a statement of this thread met that is not yet recorded.
    static MET: RefCell<Option<String>> = const { RefCell::new(None) };
    /// How many statements of this thread failed on PostgreSQL.
    static FAILED: Cell<u64> = const { Cell::new(0) };
}

/// How many statements of this thread failed on PostgreSQL so far.
pub(in crate::store) fn failed() -> u64 {
    FAILED.get()
}

/// Keeps the message of a damage error of this thread, for [`Health::note_met`].
///
/// diesel's instrumentation does not report how a SELECT on SQLite failed, so the error is caught where it is
/// converted.
pub(in crate::store) fn met(said: &str) {
    MET.set(Some(said.to_owned()));
}

/// Damage met by statements, kept for the probe, which reports it on every run until it is repaired.
#[derive(Debug, Default)]
pub(in crate::store) struct Health {
    damage: Mutex<Option<Damage>>,
    /// Statements sent so far, over all connections.
    statements: AtomicU64,
}

/// Damage met by a statement.
#[derive(Debug, Clone)]
pub(in crate::store) struct Damage {
    /// The words of the failed statements, table names among them. On SQLite the statement is unknown, so there is no
    /// table name.
    pub(in crate::store) names: BTreeSet<String>,
    /// The database's message.
    pub(in crate::store) said: String,
    looked_at: Option<Instant>,
}

impl Health {
    /// Records damage that statements of this thread met on SQLite, in an unknown table.
    pub(in crate::store) fn note_met(&self) {
        if let Some(said) = MET.take() {
            self.note("", &said);
        }
    }

    /// Counts the statements of a connection, including BEGIN, COMMIT and pings.
    pub(in crate::store) fn count(&self, event: &InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { .. } = event {
            self.statements.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of statements sent so far.
    pub(in crate::store) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Counts the statements of a PostgreSQL connection, and records their failures.
    pub(in crate::store) fn heard(&self, event: &InstrumentationEvent<'_>) {
        self.count(event);
        let InstrumentationEvent::FinishQuery { query, error: Some(error), .. } = event else { return };
        FAILED.set(FAILED.get().wrapping_add(1));
        let Error::DatabaseError(_, information) = error else { return };
        if StorageFault::in_message(information.message()) == Some(StorageFault::Damaged) {
            self.note(&query.to_string(), information.message());
        }
    }

    fn note(&self, statement: &str, said: &str) {
        // diesel appends the bound values to the statement. They are personal data and are not kept.
        let words = statement.split("-- binds").next().unwrap_or_default();
        let names = words.split(|letter: char| !letter.is_alphanumeric() && letter != '_').map(str::to_owned);
        let mut damage = lock(&self.damage);
        match damage.as_mut() {
            Some(known) => known.names.extend(names),
            None => {
                tracing::error!(said, "the database is damaged");
                *damage = Some(Damage { names: names.collect(), said: said.to_owned(), looked_at: None });
            }
        }
    }

    /// The recorded damage, unless it was seen repaired.
    pub(in crate::store) fn damage(&self) -> Option<Damage> {
        lock(&self.damage).clone()
    }

    /// Records that the damaged tables were just read again.
    pub(in crate::store) fn looked_again(&self, is_whole: bool) {
        let mut damage = lock(&self.damage);
        if is_whole {
            *damage = None;
        } else if let Some(known) = damage.as_mut() {
            known.looked_at = Some(Instant::now());
        }
    }
}

impl Damage {
    /// Whether the tables are due to be read again.
    pub(in crate::store) fn is_due(&self) -> bool {
        self.looked_at.is_none_or(|at| at.elapsed() >= LOOK_AGAIN)
    }
}

/// The identity of the opened database file and of its `-wal` and `-shm`, to detect that another file has taken their
/// place. Committed data is in `-wal` first: if that file is deleted, the data is lost with the last open handle.
#[derive(Debug)]
pub(in crate::store) struct DatabaseFile {
    path: PathBuf,
    identity: (u64, u64),
    beside: [Beside; 2],
}

/// A file that SQLite creates with its first connection and removes with its last.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    /// Known once the file was seen.
    identity: Mutex<Option<(u64, u64)>>,
}

impl Beside {
    fn of(database: &Path, suffix: &str) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        Self { path: PathBuf::from(name), identity: Mutex::default() }
    }

    fn check(&self) -> Result<(), StoreError> {
        let mut known = lock(&self.identity);
        match (identity(&self.path), *known) {
            (Ok(found), None) => *known = Some(found),
            (Ok(found), Some(known)) if found == known => {}
            (Ok(_), Some(_)) => {
                return Err(StoreError::Storage(StorageFault::FileReplaced, self.path.display().to_string()));
            }
            (Err(StoreError::Storage(StorageFault::FileGone, _)), None) => {}
            (Err(fault), _) => return Err(fault),
        }
        Ok(())
    }
}

impl DatabaseFile {
    /// The present identity of the file at `path`.
    pub(in crate::store) fn of(path: &Path) -> Result<Self, StoreError> {
        let beside = [Beside::of(path, "-wal"), Beside::of(path, "-shm")];
        Ok(Self { path: path.to_owned(), identity: identity(path)?, beside })
    }

    /// Whether the database itself, regardless of `-wal` and `-shm`, is the file that was opened.
    pub(in crate::store) fn is_in_place(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Forgets the files beside the database: SQLite removes them with the last connection and creates new ones with
    /// the next.
    pub(in crate::store) fn forget_beside(&self) {
        for file in &self.beside {
            *lock(&file.identity) = None;
        }
    }

    /// Refuses if a path leads to another file or to none. Reads only the file's metadata: closing any handle on the
    /// file would drop SQLite's locks.
    pub(in crate::store) fn check(&self) -> Result<(), StoreError> {
        if identity(&self.path)? != self.identity {
            return Err(StoreError::Storage(StorageFault::FileReplaced, self.path.display().to_string()));
        }
        self.beside.iter().try_for_each(Beside::check)
    }
}

/// Device and inode number of the file.
pub(in crate::store) fn identity(path: &Path) -> Result<(u64, u64), StoreError> {
    match std::fs::metadata(path) {
        Ok(file) => Ok((file.dev(), file.ino())),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::Storage(StorageFault::FileGone, path.display().to_string()))
        }
        Err(cause) => Err(StoreError::Storage(StorageFault::Io, format!("{}: {cause}", path.display()))),
    }
}

/// The disk that holds an SQLite file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its mount point.
    pub mount: PathBuf,
    /// Bytes available to the service.
    pub free: u64,
}

impl Disk {
    /// The disk that holds the directory of `path`. `None` if it cannot be determined.
    pub(in crate::store) fn of(path: &Path) -> Option<Self> {
        let directory = std::fs::canonicalize(
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        )
        .ok()?;
        let device = |place: &Path| std::fs::metadata(place).ok().map(|found| found.dev());
        let own = device(&directory)?;
        let mount = directory.ancestors().take_while(|place| device(place) == Some(own)).last()?.to_owned();
        let state = rustix::fs::statvfs(&directory).ok()?;
        Some(Self { mount, free: state.f_bavail.saturating_mul(state.f_frsize) })
    }
}

/// Ignores poisoning: the guarded values are never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_the_storage_is_told_by_what_either_database_says() {
        for (said, fault) in [
            ("database or disk is full", Some(StorageFault::Full)),
            ("could not extend file \"base/1/2\": No space left on device", Some(StorageFault::Full)),
            ("database disk image is malformed", Some(StorageFault::Damaged)),
            ("file is not a database", Some(StorageFault::Damaged)),
            ("invalid page in block 3 of relation base/1/2", Some(StorageFault::Damaged)),
            ("disk I/O error", Some(StorageFault::Io)),
            ("database is locked", None),
        ] {
            assert_eq!(StorageFault::in_message(said), fault, "{said}");
        }
    }

    #[test]
    fn the_names_in_a_statement_that_met_damage_are_kept_and_its_values_are_not() {
        let health = Health::default();
        health.note("SELECT \"cases\".\"title\" FROM \"cases\" WHERE x = $1 -- binds: [王某]", "invalid page");
        health.note("SELECT \"organs\".\"id\" FROM \"organs\"", "invalid page");
        let damage = health.damage().unwrap();
        assert_eq!(["cases", "organs", "王某"].map(|name| damage.names.contains(name)), [true, true, false]);
        assert!(damage.is_due());
        health.looked_again(false);
        assert!(!health.damage().unwrap().is_due(), "not in a loop");
        health.looked_again(true);
        assert!(health.damage().is_none());
    }

    #[test]
    fn a_file_that_is_moved_or_replaced_is_no_longer_the_one_that_was_opened() {
        let directory = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (directory.path().join("a.db"), directory.path().join("b.db"));
        std::fs::write(&path, "x").unwrap();
        let file = DatabaseFile::of(&path).unwrap();
        file.check().unwrap();
        std::fs::rename(&path, &elsewhere).unwrap();
        assert!(matches!(file.check(), Err(StoreError::Storage(StorageFault::FileGone, _))));
        std::fs::write(&path, "x").unwrap();
        assert!(matches!(file.check(), Err(StoreError::Storage(StorageFault::FileReplaced, _))));
        std::fs::rename(&elsewhere, &path).unwrap();
        file.check().unwrap();
        assert!(Disk::of(&path).unwrap().free > 0);
    }
}
