//! `gongkai backup`: one consistent state of a database that is in use, in one file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::place::{BESIDE, Kind, Unfinished, with_suffix};
use super::{Contents, archive, sqlite, tools};
use crate::store::database::db::{Begin, ConnectionRole, Db, Manager, Session, transaction};
use crate::store::database::foreign;
use crate::store::database::migrate::key_check;
use crate::store::database::options::{Address, key_file};
use crate::store::service::meta;
use crate::store::{DatabaseOptions, StoreError, Ts, now};

/// The record of the last backup in `meta`.
const LAST: &str = "backup.last";

/// A finished backup.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The database, for display.
    pub database: String,
    /// What the file holds.
    pub contents: Contents,
    /// When it was begun.
    pub at: Ts,
    /// The file with the sealing key, on SQLite. `None` if the key comes from the settings.
    pub key_file: Option<String>,
    /// Whether the database remembers this backup. It does not if it cannot be written to.
    pub is_remembered: bool,
}

/// Writes a backup of the database to `file`, readable by its owner only. Needs no sealing key and does not disturb a
/// running service. The file appears under its name when it is complete and has been read back.
///
/// `is_replacing` permits replacing an earlier backup, but no other file.
///
/// # Errors
/// [`StoreError::Refused`] if there is no database, the file must not be replaced or cannot be written, or the programs
/// of PostgreSQL are missing; [`StoreError::Unavailable`] if the database does not answer.
pub fn backup(options: &DatabaseOptions, file: &Path, is_replacing: bool) -> Result<Backup, StoreError> {
    let address = Address::parse(&options.url)?;
    address.require_file()?;
    foreign::refuse(&address, true)?;
    let is_there = replaceable(&address, file, is_replacing)?;
    let mut db = Manager::new(address.clone(), Session::MIGRATION, ConnectionRole::Writer).open()?;
    foreign::refuse_unfinished(&mut db)?;
    if key_check(&mut db)?.is_none() {
        return Err(address.holds_nothing());
    }
    let at = now();
    let unfinished = Unfinished::beside(file)?;
    let contents = written(&address, &mut db, unfinished.path())?;
    unfinished.put_in_place(file, is_there)?;
    let is_remembered = remember(&mut db, file, at, &contents).inspect_err(|cause| {
        tracing::warn!(%cause, "the database does not remember this backup");
    });
    let key_file = match &address {
        Address::Sqlite(path) if options.sealing_key.is_none() => Some(key_file(&absolute(path)).display().to_string()),
        Address::Sqlite(_) | Address::Postgres(_) => None,
    };
    let database = address.to_string();
    Ok(Backup { database, contents, at, key_file, is_remembered: is_remembered.is_ok() })
}

/// When the last backup was begun that the database remembers.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored record cannot be parsed.
pub fn last_backup(db: &mut Db) -> Result<Option<Ts>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Record {
        at: Ts,
    }
    let Some(text) = meta::get(db, LAST)? else { return Ok(None) };
    let record: Record = serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(format!("meta '{LAST}'")))?;
    Ok(Some(record.at))
}

/// The whole path, for the operator.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether there is a file to be replaced.
///
/// # Errors
/// [`StoreError::Refused`] if there is one that must not be replaced: without permission, a database in use, or anything
/// that is no backup (the key file).
fn replaceable(address: &Address, file: &Path, is_replacing: bool) -> Result<bool, StoreError> {
    let Ok(there) = std::fs::symlink_metadata(file) else { return Ok(false) };
    if !is_replacing {
        let file = file.display();
        return Err(StoreError::Refused(format!("{file} 已经存在，没有改动；要覆盖旧备份请加 --force")));
    }
    let is_database = match address {
        Address::Sqlite(path) => {
            std::fs::metadata(path).is_ok_and(|db| (db.dev(), db.ino()) == (there.dev(), there.ino()))
        }
        Address::Postgres(_) => false,
    };
    let is_in_use = BESIDE.iter().any(|suffix| with_suffix(file, suffix).exists());
    if is_database || is_in_use || !there.is_file() || Kind::of(file)?.is_none() {
        return Err(StoreError::Refused(format!("{} 不是备份，不覆盖：请换一个文件名", file.display())));
    }
    Ok(true)
}

/// Writes the backup and reads it back.
fn written(address: &Address, db: &mut Db, file: &Path) -> Result<Contents, StoreError> {
    match (address, db) {
        (Address::Postgres(url), Db::Pg(connection)) => {
            let server = tools::server_major(connection)?;
            let readers = tools::fitting("pg_restore", server)?;
            let mut failure = None;
            for writer in tools::fitting("pg_dump", server)? {
                match archive::write_to(&writer, url, file) {
                    Ok(()) => return archive::contents(&readers, file).map(|(contents, _)| contents),
                    Err(cause) => failure = failure.or(Some(cause)),
                }
            }
            Err(failure.unwrap_or_else(|| StoreError::Refused("没有可用的 pg_dump".into())))
        }
        (Address::Sqlite(_), Db::Lite(connection)) => {
            sqlite::write_to(connection, file)?;
            sqlite::contents(file)
        }
        (Address::Postgres(_), Db::Lite(_)) | (Address::Sqlite(_), Db::Pg(_)) => {
            Err(StoreError::Database("the connection is not of the kind of its address".into()))
        }
    }
}

/// Records the time of the backup in the database, for whoever asks how old the last one is.
fn remember(db: &mut Db, file: &Path, at: Ts, contents: &Contents) -> Result<(), StoreError> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let record = json!({ "at": at, "file": name, "sha256": contents.sha256, "size_bytes": contents.size_bytes });
    transaction(db, Begin::Write, |db| meta::set(db, LAST, &record.to_string()))
}
