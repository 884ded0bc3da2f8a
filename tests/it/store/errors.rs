//! What the two servers really say, and what it is taken for. diesel hides the SQLSTATE of most errors, so that their texts
//! decide (`store/error.rs`): a server that says it in other words fails here first.

use std::sync::Barrier;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::office::{Clock, Office, OfficeError};
use gongkai::store::{DatabaseOptions, Db, StorageFault, Store, StoreError};

use crate::support::{TestDatabase, at_nine, day, on_both_databases};

fn run(db: &mut Db, sql: &str) {
    db.batch_execute(sql).unwrap_or_else(|cause| panic!("{sql}: {cause}"));
}

/// What a statement that fails is taken for.
#[track_caller]
fn fault(db: &mut Db, sql: &str) -> StoreError {
    match db.batch_execute(sql) {
        Ok(()) => panic!("it was to fail: {sql}"),
        Err(cause) => StoreError::from(cause),
    }
}

#[track_caller]
fn is_busy(found: &StoreError) {
    assert!(matches!(found, StoreError::Busy), "{found:?}");
}

#[track_caller]
fn is_away(found: &StoreError, why: &str) {
    assert!(matches!(found, StoreError::Unavailable(text) if text.contains(why)), "{found:?}");
}

const TABLES: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY, note TEXT NOT NULL CHECK (note <> '超时'));
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (id) ON DELETE RESTRICT);
    INSERT INTO parent VALUES (1, 'a'), (2, 'b');
    INSERT INTO child VALUES (1, 1)";

/// SQLSTATE 23505, 23503 (23001 from PostgreSQL 18 on), 23502, 23514.
#[test]
fn rules_of_the_schema_are_told_apart_by_kind_and_never_by_a_word_in_their_text() {
    on_both_databases(|database| {
        let mut db = database.raw();
        if let Db::Lite(_) = db {
            run(&mut db, "PRAGMA foreign_keys = ON");
        }
        run(&mut db, TABLES);
        assert!(matches!(fault(&mut db, "INSERT INTO parent VALUES (1, 'c')"), StoreError::Conflict));
        assert!(matches!(fault(&mut db, "INSERT INTO child VALUES (2, 9)"), StoreError::Dangling));
        assert!(matches!(fault(&mut db, "DELETE FROM parent WHERE id = 1"), StoreError::Dangling));
        for rule in ["INSERT INTO parent VALUES (3, NULL)", "INSERT INTO parent VALUES (3, '超时')"] {
            let found = fault(&mut db, rule);
            assert!(matches!(found, StoreError::Database(_)), "{rule}: {found:?}");
        }
    });
}

/// SQLSTATE 40001.
#[test]
fn a_transaction_that_lost_against_another_is_busy() {
    let database = TestDatabase::postgres();
    let [mut one, mut other] = [database.raw(), database.raw()];
    run(&mut one, TABLES);
    run(&mut one, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM parent");
    run(&mut other, "UPDATE parent SET note = 'c' WHERE id = 1");
    is_busy(&fault(&mut one, "UPDATE parent SET note = 'd' WHERE id = 1"));
}

/// SQLSTATE 55P03, waited for in vain and not waited for; 57014; on SQLite SQLITE_BUSY.
#[test]
fn a_lock_that_does_not_come_and_a_statement_that_takes_too_long_are_busy() {
    on_both_databases(|database| {
        let [mut one, mut other] = [database.raw(), database.raw()];
        run(&mut one, TABLES);
        match other {
            Db::Lite(_) => {
                run(&mut one, "BEGIN IMMEDIATE");
                run(&mut other, "PRAGMA busy_timeout = 50");
                is_busy(&fault(&mut other, "UPDATE parent SET note = 'c'"));
            }
            Db::Pg(_) => {
                run(&mut one, "BEGIN; UPDATE parent SET note = 'c' WHERE id = 1");
                run(&mut other, "SET lock_timeout = 50");
                is_busy(&fault(&mut other, "UPDATE parent SET note = 'd' WHERE id = 1"));
                is_busy(&fault(&mut other, "SELECT * FROM parent FOR UPDATE NOWAIT"));
                run(&mut other, "SET statement_timeout = 50");
                is_busy(&fault(&mut other, "SELECT pg_sleep(5)"));
            }
        }
    });
}

/// A server that does not let us choose its language: what it says in Chinese is understood, if it speaks it at all.
#[test]
fn what_postgres_says_in_chinese_is_understood() {
    let database = TestDatabase::postgres();
    let mut db = database.raw();
    if db.batch_execute("SET lc_messages = 'zh_CN.UTF-8'").is_err() {
        eprintln!("the server has no Chinese locale");
        return;
    }
    run(&mut db, "SET statement_timeout = 50");
    is_busy(&fault(&mut db, "SELECT pg_sleep(5)"));
}

/// SQLSTATE 40P01.
#[test]
fn of_two_that_wait_for_each_other_one_is_busy() {
    let database = TestDatabase::postgres();
    run(&mut database.raw(), TABLES);
    let barrier = Barrier::new(2);
    let cross = |first: i32, second: i32| {
        let mut db = database.raw();
        run(&mut db, &format!("SET deadlock_timeout = 100; BEGIN; UPDATE parent SET note = 'c' WHERE id = {first}"));
        barrier.wait();
        let done = db.batch_execute(&format!("UPDATE parent SET note = 'c' WHERE id = {second}; COMMIT"));
        done.map_err(StoreError::from)
    };
    let done = std::thread::scope(|scope| {
        let all = [scope.spawn(|| cross(1, 2)), scope.spawn(|| cross(2, 1))];
        all.map(|one| one.join().unwrap())
    });
    let lost: Vec<_> = done.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(lost.len(), 1, "{done:?}");
    is_busy(lost[0]);
}

/// SQLSTATE 57P01, 25P03, and a socket that is closed.
#[test]
fn a_connection_that_is_ended_is_away() {
    let database = TestDatabase::postgres();
    let mut idle = database.raw();
    run(&mut idle, "SET idle_in_transaction_session_timeout = 50; BEGIN");
    std::thread::sleep(Duration::from_millis(500));
    is_away(&fault(&mut idle, "SELECT 1"), "connection");
    let mut cut = database.raw();
    run(
        &mut database.raw(),
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    is_away(&fault(&mut cut, "SELECT 1"), "connection");
    is_away(&fault(&mut cut, "SELECT 1"), "connection");
}

/// SQLSTATE 53300, 3D000 and nothing that listens: all of them before there is a session.
#[test]
fn a_server_that_lets_nobody_in_is_away() {
    let database = TestDatabase::postgres();
    let role = format!("gongkai_nobody_{}", uuid::Uuid::now_v7().simple());
    run(&mut database.raw(), &format!("CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 0"));
    let (_, rest) = database.options.url.split_once("://").unwrap();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let full = PgConnection::establish(&format!("postgres://{role}:x@{rest}")).map(drop).map_err(StoreError::from);
    run(&mut database.raw(), &format!("DROP ROLE {role}"));
    is_away(&full.unwrap_err(), "too many connections");
    let nowhere = PgConnection::establish("postgres://nobody@127.0.0.1:1/x").map(drop).map_err(StoreError::from);
    is_away(&nowhere.unwrap_err(), "connection");
}

/// SQLITE_LOCKED, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_IOERR.
#[test]
fn what_sqlite_says_of_locks_disks_and_files_is_understood() {
    let open = |url: &str| Db::Lite(SqliteConnection::establish(url).unwrap());
    let shared = "file:errors_in_shared_cache?mode=memory&cache=shared";
    let [mut one, mut other] = [open(shared), open(shared)];
    run(&mut one, TABLES);
    run(&mut one, "BEGIN IMMEDIATE; UPDATE parent SET note = 'c'");
    is_busy(&fault(&mut other, "UPDATE parent SET note = 'd'"));
    is_busy(&fault(&mut other, "SELECT * FROM parent; CREATE TABLE other (id INTEGER)"));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let mut db = open(path.to_str().unwrap());
    run(&mut db, "PRAGMA journal_mode = DELETE");
    run(&mut db, TABLES);
    run(&mut db, "PRAGMA max_page_count = 5");
    let full = fault(&mut db, "INSERT INTO parent VALUES (9, hex(zeroblob(100000)))");
    assert!(matches!(full, StoreError::Storage(StorageFault::Full, _)), "{full:?}");
    run(&mut db, "PRAGMA max_page_count = 1000000");
    std::fs::create_dir(directory.path().join("x.db-journal")).unwrap();
    let broken = fault(&mut db, "INSERT INTO parent VALUES (9, 'x')");
    assert!(matches!(broken, StoreError::Storage(StorageFault::Io, _)), "{broken:?}");

    let path = directory.path().join("y.db");
    let mut db = open(path.to_str().unwrap());
    run(&mut db, "PRAGMA journal_mode = WAL");
    run(&mut db, TABLES);
    drop(db);
    std::fs::create_dir(directory.path().join("y.db-wal")).unwrap();
    let mut db = open(path.to_str().unwrap());
    is_away(&fault(&mut db, "SELECT * FROM parent"), "unable to open database file");
}

/// A calendar that is locked: the office and the mailroom say that the database is busy, not that the calendar is damaged.
#[test]
fn a_busy_database_stays_busy_on_its_way_through_office_and_mail() {
    let database = TestDatabase::postgres();
    let store = Store::open(&DatabaseOptions { lock_timeout_ms: 100, ..database.options.clone() }).unwrap();
    let settings = gongkai::config::Settings::for_tests(&database.options.url).unwrap();
    let office = Office::with_store(store, settings, Clock::fixed(day("2026-03-02"))).unwrap();
    let wait = || office.store().read(|db| office.reminders().mail_wait(db, None, at_nine("2026-03-02")));
    assert!(wait().is_ok());
    let mut other = database.raw();
    run(&mut other, "BEGIN; LOCK TABLE calendar_versions IN ACCESS EXCLUSIVE MODE");
    let asked: Result<_, OfficeError> = office.store().read(|db| office.calendars().calendar(db, ""));
    assert!(matches!(asked, Err(OfficeError::Busy)), "{asked:?}");
    let waited = wait();
    assert!(matches!(waited, Err(OfficeError::Busy)), "{waited:?}");
    // As the sender of mail hears it.
    let heard = waited.map_err(StoreError::from);
    assert!(matches!(heard, Err(StoreError::Busy)), "{heard:?}");
}
