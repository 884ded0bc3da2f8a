//! Backups of SQLite databases: how they are made and what is in them.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::place::{BESIDE, Kind, fingerprint, with_suffix};
use super::{Contents, not_a_backup};
use crate::store::StoreError;
use crate::store::database::db::Db;
use crate::store::database::foreign::read_only;

/// How many faults of a damaged file are reported.
const FAULTS: i32 = 5;

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Writes one consistent state of the database to `file`, which must be empty. Does not wait for the service, nor does
/// the service wait for it.
pub(super) fn write_to(db: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    let name = file.to_str().ok_or_else(|| StoreError::Refused("备份文件的路径不是 UTF-8".into()))?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(name).execute(db)?;
    Ok(())
}

/// Checks a backup whole and reads what is in it. Creates no file beside it.
///
/// # Errors
/// [`StoreError::Refused`] if it is damaged, incomplete, or of another program.
pub(super) fn contents(file: &Path) -> Result<Contents, StoreError> {
    for suffix in BESIDE {
        let beside = with_suffix(file, suffix);
        if suffix != "-shm" && std::fs::metadata(&beside).is_ok_and(|beside| beside.len() > 0) {
            return Err(StoreError::Refused(format!(
                "{} 旁边有 {}：这是正在使用或者未正常关闭的数据库，不是备份；请用 gongkai backup 生成备份",
                file.display(),
                beside.display()
            )));
        }
    }
    let (size_bytes, sha256) = fingerprint(file)?;
    let damaged = |cause: &dyn std::fmt::Display| {
        StoreError::Refused(format!("{} 不完整或者已损坏（damaged_backup）：{cause}", file.display()))
    };
    let mut db = read_only(file, "immutable=1").map_err(|cause| damaged(&cause))?;
    let read = |db: &mut SqliteConnection, sql: &str| -> Result<Vec<String>, StoreError> {
        let rows: Vec<Words> = diesel::sql_query(sql).load(db).map_err(|cause| damaged(&cause))?;
        Ok(rows.into_iter().map(|row| row.word).collect())
    };
    // Not as `pragma_integrity_check(…)`, which takes a number for the name of a table.
    let check = diesel::sql_query(format!("PRAGMA integrity_check({FAULTS})"));
    let found: Vec<Fault> = check.load(&mut db).map_err(|cause| damaged(&cause))?;
    let found: Vec<String> = found.into_iter().map(|fault| fault.integrity_check).collect();
    if found != ["ok"] {
        return Err(damaged(&found.join("; ")));
    }
    let tables = read(&mut db, "SELECT name AS word FROM sqlite_schema WHERE type = 'table'")?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !["meta", "cases", "case_events", "__diesel_schema_migrations"].into_iter().all(has) {
        return Err(not_a_backup(file));
    }
    let migrations = read(&mut db, "SELECT version AS word FROM __diesel_schema_migrations ORDER BY version")?;
    let keys = read(&mut db, "SELECT value AS word FROM meta WHERE key = 'sealing_key_check'")?;
    let mut count = |table: &str| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        let count: Count = diesel::sql_query(sql).get_result(&mut db).map_err(|cause| damaged(&cause))?;
        Ok(u64::try_from(count.n).unwrap_or_default())
    };
    let (cases, events) = (count("cases")?, count("case_events")?);
    let key_check = keys.into_iter().next();
    Ok(Contents { kind: Kind::Sqlite, size_bytes, sha256, migrations, cases, events, key_check })
}

/// Brings everything into the database file itself, so that the file alone is the database. Ends the connection.
pub(super) fn close(mut db: Db) -> Result<(), StoreError> {
    match &mut db {
        Db::Lite(connection) => Ok(connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?),
        Db::Pg(_) => Ok(()),
    }
}
