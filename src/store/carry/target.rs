//! The place where a restored or copied database comes to be: empty, and with the sealing key at hand.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::place::with_suffix;
use crate::store::StoreError;
use crate::store::database::db::{ConnectionRole, Db, Manager, Session};
use crate::store::database::foreign::{UNFINISHED, is_without_tables, refuse_unfinished};
use crate::store::database::migrate;
use crate::store::database::options::{Address, key_file};
use crate::store::database::seal::{self, Sealer};

/// An arbitrary number for the lock of a restore or copy into a PostgreSQL database.
const LOCK: &str = "SELECT pg_try_advisory_lock(7110493) AS is_free";

fn not_empty(place: &dyn std::fmt::Display) -> StoreError {
    StoreError::Refused(format!(
        "{place} 已经有数据，没有改动：只能恢复、复制到空的地方，请在 GONGKAI_DATABASE_URL（--to）中另写一个（not_empty）"
    ))
}

/// Whether there is a file at the place of a new SQLite database already: an empty one, to be replaced.
///
/// # Errors
/// [`StoreError::Refused`] if there is any other file, or the log of a database that was moved away, which SQLite would
/// take for part of the new one.
pub(super) fn empty_file(path: &Path) -> Result<bool, StoreError> {
    for suffix in ["-wal", "-journal"] {
        let log = with_suffix(path, suffix);
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(not_empty(&log.display()));
        }
    }
    match std::fs::symlink_metadata(path) {
        Err(_) => Ok(false),
        Ok(_) if is_without_tables(path) => Ok(true),
        Ok(_) => Err(not_empty(&path.display())),
    }
}

/// A connection to a PostgreSQL database without tables, which no other restore or copy uses while this one is open.
///
/// # Errors
/// [`StoreError::Refused`] if there is no such database, it has tables, or another process fills it.
pub(super) fn empty_database(address: &Address) -> Result<Db, StoreError> {
    let opened = Manager::new(address.clone(), Session::MIGRATION, ConnectionRole::Writer).open();
    let mut db = opened.map_err(|cause| match cause {
        StoreError::Unavailable(said) => StoreError::Refused(format!(
            "{address} 不能连接：{}；数据库还没有建的，请先建空库（createdb --encoding=UTF8 --template=template0 库名）",
            said.trim()
        )),
        other => other,
    })?;
    if let Db::Pg(connection) = &mut db {
        #[derive(QueryableByName)]
        struct Free {
            #[diesel(sql_type = Bool)]
            is_free: bool,
        }
        let lock: Free = diesel::sql_query(LOCK).get_result(connection)?;
        if !lock.is_free {
            return Err(StoreError::Refused(format!("{address} 正由另一个进程写入，请等它结束")));
        }
        if relations(connection)? > 0 {
            refuse_unfinished(&mut db)?;
            return Err(not_empty(address));
        }
    }
    Ok(db)
}

/// Refuses while a `pg_restore` is connected: it goes on after the restore that started it was killed.
///
/// # Errors
/// [`StoreError::Refused`] with what to do.
pub(super) fn refuse_other_restore(db: &mut PgConnection) -> Result<(), StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let count: Count = diesel::sql_query(
        "SELECT count(*) AS n FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'pg_restore'",
    )
    .get_result(db)?;
    if count.n == 0 {
        return Ok(());
    }
    Err(StoreError::Refused("此数据库正由 pg_restore 写入（可能是被中断的上一次恢复）：请等它结束，再重新运行".into()))
}

/// Tables, views and sequences, except those of extensions and of the server.
fn relations(db: &mut PgConnection) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let count: Count = diesel::sql_query(format!(
        "SELECT count(*) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
           AND c.relname <> '{UNFINISHED}'
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
    ))
    .get_result(db)?;
    Ok(count.n)
}

/// The key for the new database, which must be the one that its content was sealed with. `known` is the check value of
/// that one.
///
/// # Errors
/// [`StoreError::Refused`] with what to do if no key is at hand, or another one.
pub(super) fn key_at_hand(address: &Address, configured: Option<&str>, known: &str) -> Result<Sealer, StoreError> {
    let (wanted, here) = match (address, configured) {
        (_, Some(_)) => (None, "配置中的 security.sealing_key（GONGKAI_SECURITY__SEALING_KEY）".to_owned()),
        (Address::Sqlite(path), None) => {
            let key = key_file(path);
            let shown = key.display().to_string();
            (Some(format!("请先把原来的密钥文件放到 {shown}（权限 600）")).filter(|_| !key.exists()), shown)
        }
        (Address::Postgres(_), None) => {
            let name = "GONGKAI_SECURITY__SEALING_KEY";
            (
                Some(format!("请设置 {name}：原来数据库的密钥，或者原来 SQLite 数据库旁边 .key 文件的内容")),
                name.to_owned(),
            )
        }
    };
    if let Some(wanted) = wanted {
        return Err(StoreError::Refused(format!(
            "手头没有密钥，没有改动：身份证件号码和联系方式要用原来的密钥才能打开。{wanted}，再重新运行（sealing_key_missing）"
        )));
    }
    let sealer = seal::load(address, configured, None)?;
    if sealer.check() == known {
        return Ok(sealer);
    }
    Err(StoreError::Refused(format!(
        "手头的密钥不是封存这些数据的密钥，没有改动：请把 {here} 换成原来的密钥，再重新运行（sealing_key_differs）"
    )))
}

/// Refuses what a newer release wrote.
///
/// # Errors
/// [`StoreError::Refused`] with the migrations that this release does not know.
pub(super) fn require_known(migrations: &[String], is_sqlite: bool, what: &str) -> Result<(), StoreError> {
    let ours = migrate::of_release(is_sqlite)?;
    let newer: Vec<&str> = migrations.iter().filter(|one| !ours.contains(one)).map(String::as_str).collect();
    if newer.is_empty() {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "{what} 来自更新的版本，没有改动：本版本（{}）没有迁移 {}；请使用更新的 gongkai（newer_release）",
        env!("CARGO_PKG_VERSION"),
        newer.join("、")
    )))
}

/// Gathers the statistics that PostgreSQL plans by.
pub(super) fn analyse(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Pg(connection) => Ok(connection.batch_execute("ANALYZE")?),
        Db::Lite(_) => Ok(()),
    }
}
