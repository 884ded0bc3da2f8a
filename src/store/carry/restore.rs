//! `gongkai restore`: a backup becomes a database, in an empty place and of this release.

use std::path::Path;

use diesel::connection::SimpleConnection;

use super::chains::{self, Verified};
use super::place::{Kind, Unfinished};
use super::target::{analyse, empty_database, empty_file, key_at_hand, refuse_other_restore, require_known};
use super::{Contents, archive, not_a_backup, pause_mail, sqlite, tools};
use crate::store::database::db::{Begin, ConnectionRole, Db, Manager, Session, on_each, transaction};
use crate::store::database::foreign::UNFINISHED;
use crate::store::database::migrate;
use crate::store::database::options::Address;
use crate::store::database::seal::Sealer;
use crate::store::evidence::upgrade::STEPS;
use crate::store::{DatabaseOptions, StoreError};

/// A restored database.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The database, for display.
    pub database: String,
    /// What the backup held.
    pub contents: Contents,
    /// The migrations that were run, because the backup was of an older release.
    pub migrated: Vec<String>,
    /// The check of all chains.
    pub verified: Verified,
}

/// Makes the database of `options` from the backup `file`. The place must be empty: no file, or a database without
/// tables. Until everything is checked nothing is there, or on PostgreSQL a database that every command refuses.
///
/// # Errors
/// [`StoreError::Refused`] if the place is not empty, the backup is of the other kind of database, incomplete, of
/// another program or of a newer release, or the sealing key at hand is not the one it was sealed with.
pub fn restore(options: &DatabaseOptions, file: &Path) -> Result<Restored, StoreError> {
    let address = Address::parse(&options.url)?;
    let kind = Kind::of(file)?.ok_or_else(|| not_a_backup(file))?;
    let backup = Source { file, key: options.sealing_key.as_deref() };
    match (&address, kind) {
        (Address::Sqlite(path), Kind::Sqlite) => backup.make_file(&address, path),
        (Address::Postgres(url), Kind::Postgres) => backup.fill_server(&address, url),
        (Address::Sqlite(_), Kind::Postgres) | (Address::Postgres(_), Kind::Sqlite) => {
            let kind = kind.name();
            Err(StoreError::Refused(format!(
                "{} 是 {kind} 数据库的备份，不能恢复到 {address}：请先恢复到一个空的 {kind} 数据库，再用 \
                 gongkai copy --from … --to … 复制（wrong_kind）",
                file.display()
            )))
        }
    }
}

/// A backup, and the configured sealing key.
struct Source<'a> {
    file: &'a Path,
    key: Option<&'a str>,
}

impl Source<'_> {
    fn make_file(&self, address: &Address, path: &Path) -> Result<Restored, StoreError> {
        let is_there = empty_file(path)?;
        let mut unfinished = Unfinished::beside(path)?;
        unfinished.copy_from(self.file)?;
        let contents = sqlite::contents(unfinished.path()).map_err(|cause| self.named(cause, unfinished.path()))?;
        let sealer = self.checked(address, &contents)?;
        let place = Address::Sqlite(unfinished.path().to_owned());
        let mut db = Manager::new(place, Session::MIGRATION, ConnectionRole::Writer).open()?;
        transaction(&mut db, Begin::Write, |db| self.pause(db))?;
        let migrated = migrate::run(&mut db, sealer.check(), STEPS)?;
        let verified = chains::verify(&mut db)?;
        sqlite::close(db)?;
        unfinished.put_in_place(path, is_there)?;
        Ok(Restored { database: address.to_string(), contents, migrated, verified })
    }

    fn fill_server(&self, address: &Address, url: &str) -> Result<Restored, StoreError> {
        let mut db = empty_database(address)?;
        let Db::Pg(connection) = &mut db else {
            return Err(StoreError::Database("the connection is not of the kind of its address".into()));
        };
        refuse_other_restore(connection)?;
        let readers = tools::fitting("pg_restore", tools::server_major(connection)?)?;
        let (contents, reader) = archive::contents(&readers, self.file)?;
        let sealer = self.checked(address, &contents)?;
        let mark = format!("CREATE TABLE IF NOT EXISTS {UNFINISHED} (since TIMESTAMPTZ NOT NULL DEFAULT now())");
        connection.batch_execute(&mark)?;
        // After a failure the mark stays. The `pg_restore` of a restore that was killed may be at work still, and what it
        // commits must not be opened. A restore into a database with nothing but the mark is possible.
        archive::restore_to(&reader, url, self.file)?;
        // Once its mail is paused the database may be opened.
        transaction(&mut db, Begin::Write, |db| {
            self.pause(db)?;
            on_each!(db => db.batch_execute(&format!("DROP TABLE IF EXISTS {UNFINISHED}")))?;
            Ok::<(), StoreError>(())
        })?;
        let migrated = migrate::run(&mut db, sealer.check(), STEPS)?;
        analyse(&mut db)?;
        let verified = chains::verify(&mut db)?;
        Ok(Restored { database: address.to_string(), contents, migrated, verified })
    }

    /// The key for a backup that this release can restore.
    fn checked(&self, address: &Address, contents: &Contents) -> Result<Sealer, StoreError> {
        let is_sqlite = contents.kind == Kind::Sqlite;
        require_known(&contents.migrations, is_sqlite, &self.file.display().to_string())?;
        let known = contents.key_check.as_deref().ok_or_else(|| not_a_backup(self.file))?;
        key_at_hand(address, self.key, known)
    }

    fn pause(&self, db: &mut Db) -> Result<(), StoreError> {
        let name = self.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        pause_mail(db, format!("本数据库由备份 {name} 恢复"))
    }

    /// The error with the name of the backup in place of that of its copy.
    fn named(&self, cause: StoreError, copy: &Path) -> StoreError {
        match cause {
            StoreError::Refused(said) => {
                StoreError::Refused(said.replace(&copy.display().to_string(), &self.file.display().to_string()))
            }
            other => other,
        }
    }
}
