//! What happens to the storage under a running service: it says so, takes nothing that would be lost, and goes on when
//! the storage is mended.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::store::{Store, StoreError};
use serde_json::json;

use crate::support::TestDatabase;
use crate::support::bureau::Bureau;
use crate::support::service::{Reply, Service};

fn path_of(database: &TestDatabase) -> PathBuf {
    PathBuf::from(database.options.url.strip_prefix("sqlite:").unwrap())
}

fn file_one(bureau: &Bureau) -> Reply {
    bureau.service.create("/api/v1/cases", &bureau.clerk, bureau.application("2026-03-02"))
}

/// The readiness as soon as it is what is expected, at the latest after so long.
fn ready_within(service: &Service, patience: Duration, is_expected: impl Fn(&Reply) -> bool) -> Reply {
    let begun = Instant::now();
    loop {
        let reply = service.send("GET", "/health/ready", &[], None);
        if is_expected(&reply) || begun.elapsed() > patience {
            return reply;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn is_unready(reply: &Reply) -> bool {
    reply.status == 503
}

fn is_ready(reply: &Reply) -> bool {
    reply.status == 200
}

const SOON: Duration = Duration::from_secs(4);

/// So many connections at once, one in the hand of the other.
fn hold(store: &Store, connections: u32) -> Result<(), StoreError> {
    match connections.checked_sub(1) {
        Some(rest) => store.read(|_| hold(store, rest)),
        None => Ok(()),
    }
}

#[test]
fn a_file_that_is_moved_or_replaced_takes_no_filing_and_is_named_by_the_readiness() {
    let database = TestDatabase::sqlite();
    let (path, elsewhere) = (path_of(&database), path_of(&database).with_extension("away"));
    let bureau = Bureau::open(&database, "2026-03-02");
    assert_eq!((file_one(&bureau).status, bureau.service.later_ready().status), (201, 200));

    std::fs::rename(&path, &elsewhere).unwrap();
    let refused = file_one(&bureau);
    assert_eq!(refused.problem(), (503, "database_file_gone"));
    assert!(refused.json["detail"].as_str().unwrap().contains("放回原处"), "{refused:?}");
    let unready = ready_within(&bureau.service, SOON, is_unready);
    assert_eq!((unready.problem(), unready.fields()), ((503, "not_ready"), vec![("database", "database_file_gone")]));
    let store = bureau.service.office.store();
    assert!(hold(store, store.pool_state().connections + 1).is_err(), "no connection is opened to what is not there");
    assert!(!path.exists(), "no new file in its place");

    // By another process: to close a handle on the file in this one would drop the locks of SQLite.
    assert!(Command::new("cp").args([&elsewhere, &path]).status().unwrap().success());
    assert_eq!(file_one(&bureau).problem(), (503, "database_file_replaced"));
    let unready = ready_within(&bureau.service, SOON, |reply| reply.text.contains("replaced"));
    assert_eq!(unready.fields(), [("database", "database_file_replaced")]);

    std::fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(file_one(&bureau).status, 201, "the file is back");
    assert_eq!(ready_within(&bureau.service, SOON, is_ready).status, 200);
}

#[test]
fn a_log_file_removed_beside_the_database_takes_no_filing_is_named_and_loses_nothing_acknowledged() {
    for suffix in ["-wal", "-shm"] {
        let database = TestDatabase::sqlite();
        let path = path_of(&database);
        let beside = PathBuf::from(format!("{}{suffix}", path.display()));
        let bureau = Bureau::open(&database, "2026-03-02");
        let filed = file_one(&bureau);
        assert_eq!(filed.status, 201);

        std::fs::remove_file(&beside).unwrap();
        assert_eq!(file_one(&bureau).problem(), (503, "database_file_gone"), "{suffix}");
        let unready = ready_within(&bureau.service, SOON, is_unready);
        assert_eq!(unready.fields(), [("database", "database_file_gone")], "{suffix}");

        // What a process that is killed now leaves: the database file alone.
        let left = path.with_extension("left");
        assert!(Command::new("cp").args([&path, &left]).status().unwrap().success());
        let mut copy = SqliteConnection::establish(left.to_str().unwrap()).unwrap();
        let rows: i64 = gongkai::store::database::schema::cases::table.count().get_result(&mut copy).unwrap();
        assert_eq!(rows, 1, "{suffix}");
    }
}

#[test]
fn a_key_without_its_database_stops_the_start() {
    let mut database = TestDatabase::sqlite();
    database.options.sealing_key = None;
    let path = path_of(&database).with_file_name("own.db");
    database.options.url = format!("sqlite:{}", path.display());
    database.open().migrate().unwrap();
    std::fs::rename(&path, path.with_extension("away")).unwrap();
    let refused = Store::open(&database.options);
    assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("own.db.key")), "{refused:?}");
    assert!(!path.exists(), "and no empty house is made");
    std::fs::rename(path.with_extension("away"), &path).unwrap();
    assert_eq!(database.open().pending_migrations().unwrap(), Vec::<String>::new());
}

/// Copies one page of a file.
fn copy_page(from: &Path, skip: i64, to: &Path, seek: i64) {
    let arguments = [
        format!("if={}", from.display()),
        format!("of={}", to.display()),
        "bs=4096".into(),
        "count=1".into(),
        format!("skip={skip}"),
        format!("seek={seek}"),
        "conv=notrunc".into(),
    ];
    assert!(Command::new("dd").args(arguments).arg("status=none").status().unwrap().success());
}

/// The first page of a table, after everything was moved from the log to the file.
fn page_of(database: &TestDatabase, table: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Page {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        page: i64,
    }
    let mut raw = database.raw();
    raw.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let query = format!("SELECT rootpage AS page FROM sqlite_schema WHERE name = '{table}'");
    let Page { page } = diesel::sql_query(query).get_result(&mut raw).unwrap();
    page - 1
}

/// `cases` is read by the probe itself; of `departments` it learns only from the request that read it.
#[test]
fn a_damaged_page_makes_the_service_unready_whoever_meets_it_until_it_reads_whole_again() {
    for table in ["cases", "departments"] {
        let database = TestDatabase::sqlite();
        let bureau = Bureau::open(&database, "2026-03-02");
        assert_eq!((file_one(&bureau).status, bureau.service.later_ready().status), (201, 200));
        let (path, kept) = (path_of(&database), path_of(&database).with_extension("page"));
        let page = page_of(&database, table);
        copy_page(&path, page, &kept, 0);
        copy_page(Path::new("/dev/zero"), 0, &path, page);

        if table == "departments" {
            // A write elsewhere, so that no connection goes on with the page it remembers.
            bureau.service.later_ready();
            let below = format!("/api/v1/organs/{}/departments", bureau.organ.0);
            assert_eq!(bureau.service.get(&below, &bureau.clerk).problem(), (503, "database_damaged"));
        }
        let unready = ready_within(&bureau.service, SOON, is_unready);
        assert_eq!(unready.fields(), [("database", "database_damaged")], "{table}: {unready:?}");
        assert!(unready.json["errors"][0]["detail"].as_str().unwrap().contains("从备份恢复"), "{unready:?}");

        copy_page(&kept, 0, &path, page);
        let again = ready_within(&bureau.service, Duration::from_secs(15), is_ready);
        assert_eq!(again.status, 200, "{table}: {again:?}");
    }
}

/// A file system of its own that is full after eight megabytes. Only root may make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let own = Command::new("id").arg("-u").output().unwrap().stdout;
        let directory = tempfile::tempdir().unwrap();
        if String::from_utf8_lossy(&own).trim() != "0" {
            eprintln!("not root: a full disk is not tried");
            return None;
        }
        let mount = ["-t", "tmpfs", "-o", "size=8m", "tmpfs"];
        assert!(Command::new("mount").args(mount).arg(directory.path()).status().unwrap().success());
        Some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_named_to_who_files_and_by_the_readiness_and_ends_without_a_restart() {
    let Some(disk) = SmallDisk::new() else { return };
    let mut database = TestDatabase::sqlite();
    database.options.url = format!("sqlite:{}", disk.0.path().join("gongkai.db").display());
    database.open().migrate().unwrap();
    let bureau = Bureau::open(&database, "2026-03-02");
    let mut acknowledged = vec![file_one(&bureau).json["id"].clone()];
    assert_eq!(bureau.service.later_ready().status, 200);

    let ballast = disk.0.path().join("ballast");
    assert!(std::fs::write(&ballast, vec![7; 8 << 20]).is_err(), "what was free is taken");
    let refused = loop {
        let reply = file_one(&bureau);
        if reply.status != 201 {
            break reply;
        }
        acknowledged.push(reply.json["id"].clone());
        assert!(acknowledged.len() < 2_000, "the disk is never full");
    };
    assert_eq!(refused.problem(), (503, "storage_full"));
    assert!(refused.json["title"].as_str().unwrap().contains("磁盘已满"), "{refused:?}");
    let unready = ready_within(&bureau.service, SOON, is_unready);
    assert_eq!(unready.fields(), [("database", "storage_full")], "{unready:?}");
    let detail = unready.json["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(disk.0.path().to_str().unwrap()) && detail.contains("剩余 0 MiB"), "{detail}");

    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(file_one(&bureau).status, 201);
    assert_eq!(ready_within(&bureau.service, SOON, is_ready).status, 200);
    for id in acknowledged {
        let path = format!("/api/v1/cases/{}", id.as_str().unwrap());
        assert_eq!(bureau.service.get(&path, &bureau.clerk).status, 200, "acknowledged and there");
    }
}

#[test]
fn readiness_and_metrics_of_a_database_that_hangs_are_answered_in_time_and_asked_once() {
    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut database = TestDatabase::postgres();
    // The service itself gives up: the database does not end a wait for a lock in time.
    (database.options.lock_timeout_ms, database.options.statement_timeout_ms) = (60_000, 60_000);
    let bureau = Bureau::open(&database, "2026-03-02");
    assert_eq!(bureau.service.later_ready().status, 200);
    let mut raw = database.raw();
    raw.batch_execute("BEGIN; LOCK TABLE meta, outbox IN ACCESS EXCLUSIVE MODE").unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    let ask = |path: &str| {
        let begun = Instant::now();
        let reply = bureau.service.send("GET", path, &[], None);
        (reply, begun.elapsed())
    };
    std::thread::scope(|scope| {
        let readiness: Vec<_> = (0..10).map(|_| scope.spawn(|| ask("/health/ready"))).collect();
        let metrics: Vec<_> = (0..10).map(|_| scope.spawn(|| ask("/metrics"))).collect();
        std::thread::sleep(Duration::from_millis(1_500));
        let waiting = "SELECT count(*) AS n FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let Waiting { n } = diesel::sql_query(waiting).get_result(&mut raw).unwrap();
        assert!((1..=3).contains(&n), "one question for the readiness, two for the figures: {n}");
        for one in readiness {
            let (reply, took) = one.join().unwrap();
            assert_eq!(reply.problem(), (503, "not_ready"), "{reply:?}");
            assert!(took < Duration::from_secs(5), "{took:?}");
            assert_eq!(reply.fields(), [("database", "no_answer")], "{reply:?}");
        }
        for one in metrics {
            let (reply, took) = one.join().unwrap();
            assert!(took < Duration::from_secs(5), "{took:?}");
            assert!(reply.text.contains("\ngongkai_figures_fresh 0\n"), "{}", reply.text);
            assert!(reply.text.contains("gongkai_database_pool{what=\"switches\"} 0\n"), "{}", reply.text);
        }
    });
    raw.batch_execute("ROLLBACK").unwrap();
    let again = ready_within(&bureau.service, Duration::from_secs(8), is_ready);
    assert_eq!((again.status, &again.json["is_ready"]), (200, &json!(true)));
}

#[test]
fn the_document_and_the_files_of_its_page_are_asked_for_again_only_when_they_changed() {
    let database = TestDatabase::sqlite();
    let service = Service::start(&database, crate::support::day("2026-03-02"));
    for path in ["/api/v1/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/"] {
        let plain = service.send("GET", path, &[("accept-encoding", "identity")], None);
        let gzip = service.send("GET", path, &[], None);
        assert_eq!((plain.status, gzip.status), (200, 200), "{path}");
        assert_eq!((plain.header("cache-control"), plain.header("vary")), ("no-cache", "accept-encoding"));
        let tag = plain.header("etag");
        assert!(tag.len() > 32, "{tag}");
        let known = [("accept-encoding", "identity"), ("if-none-match", tag)];
        let again = service.send("GET", path, &known, None);
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag), "{path}");
        let older = [("accept-encoding", "identity"), ("if-none-match", "\"of-an-older-release\"")];
        let changed = service.send("GET", path, &older, None);
        assert_eq!((changed.status, &changed.text), (200, &plain.text), "{path}");
    }
    assert_eq!(service.send("GET", "/docs/nothing.js", &[], None).problem(), (404, "not_found"));
}
