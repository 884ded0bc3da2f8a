//! Detects SQLite files of other programs without writing to them: opening one as our database would already change its
//! journal mode.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::db::Db;
use super::migrate::table_exists;
use super::options::Address;
use crate::store::StoreError;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Tables present in every release.
const OURS: [&str; 2] = ["meta", "case_events"];
/// diesel's migration table, which remains after all migrations are reverted.
const MIGRATIONS: &str = "__diesel_schema_migrations";

/// The content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// The tables of this program.
    Ours,
    /// No tables.
    Nothing,
    /// The tables of another program.
    Foreign,
}

/// Whether a file is an SQLite database without tables. `false` also for a file that cannot be read.
pub(in crate::store) fn is_without_tables(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() == 0 && file.is_file())
        || (is_database(path) && holds(path) == Some(Holds::Nothing))
}

/// Refuses a file with the tables of another program, and an empty one if `must_exist`. An unreadable file passes:
/// opening it will report the cause.
///
/// # Errors
/// [`StoreError::Refused`] in both cases.
pub(in crate::store) fn refuse(address: &Address, must_exist: bool) -> Result<(), StoreError> {
    let Address::Sqlite(path) = address else { return Ok(()) };
    if !is_database(path) {
        return Ok(());
    }
    match holds(path) {
        Some(Holds::Foreign) => Err(StoreError::Refused(format!(
            "{address} 是其他程序的数据库，没有改动：请核对 GONGKAI_DATABASE_URL / the database of another program, left as it is: \
             check GONGKAI_DATABASE_URL"
        ))),
        Some(Holds::Nothing) if must_exist => Err(address.holds_nothing()),
        Some(Holds::Ours | Holds::Nothing) | None => Ok(()),
    }
}

fn is_database(path: &Path) -> bool {
    let mut begins = [0_u8; MAGIC.len()];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begins)).is_ok() && begins == *MAGIC
}

/// The content of the file. `None` if it cannot be read.
fn holds(path: &Path) -> Option<Holds> {
    // `immutable=1` keeps SQLite from creating files beside the database.
    let of_file = tables(path, "immutable=1").map(|tables| judged(&tables));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    if of_file == Some(Holds::Ours) || !has_log {
        return of_file;
    }
    // The latest writes are still in the WAL.
    tables(path, "cache=private").map(|tables| judged(&tables)).or(of_file)
}

fn judged(tables: &[String]) -> Holds {
    let is_there = |name: &&str| tables.iter().any(|table| table == name);
    if OURS.iter().all(is_there) {
        Holds::Ours
    } else if tables.iter().all(|table| table == MIGRATIONS || table.starts_with("sqlite_")) {
        Holds::Nothing
    } else {
        Holds::Foreign
    }
}

/// The names of the tables and views, read without writing.
fn tables(path: &Path, how: &str) -> Option<Vec<String>> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut connection = read_only(path, how).ok()?;
    let query = diesel::sql_query("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')");
    let rows: Vec<Named> = query.load(&mut connection).ok()?;
    Some(rows.into_iter().map(|row| row.name).collect())
}

/// Opens a file that is not trusted, without writing to it. `how` is a parameter of SQLite's URI: `immutable=1` for a
/// file that has no log beside it.
pub(in crate::store) fn read_only(path: &Path, how: &str) -> Result<SqliteConnection, StoreError> {
    let path = std::path::absolute(path).map_err(|cause| StoreError::Refused(cause.to_string()))?;
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    let mut connection = SqliteConnection::establish(&format!("{uri}?{how}&mode=ro"))?;
    connection.batch_execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
    Ok(connection)
}

/// The table that a restore into PostgreSQL makes first and drops last.
pub(in crate::store) const UNFINISHED: &str = "gongkai_unfinished_restore";

/// Refuses a PostgreSQL database whose restore did not finish: it may be incomplete, and would send mail.
///
/// # Errors
/// [`StoreError::Refused`] with what to do.
pub(in crate::store) fn refuse_unfinished(db: &mut Db) -> Result<(), StoreError> {
    if matches!(db, Db::Lite(_)) || !table_exists(db, UNFINISHED)? {
        return Ok(());
    }
    Err(StoreError::Refused(
        "此数据库的恢复没有完成，不能使用：请删除此数据库，另建空库，重新运行 gongkai restore / its restore did not finish: drop \
         the database, create it anew and run `gongkai restore` again"
            .to_owned(),
    ))
}
