//! Expensive reads have a lane of their own: few at once, one or two a person, and all others are served meanwhile.

use std::io::Cursor;
use std::time::{Duration, Instant};

use calamine::{Reader, Xlsx};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gongkai::case::Role;
use gongkai::law::Calendar;
use gongkai::office::Clock;
use gongkai::office::ledger::ImportOptions;
use gongkai::store::Db;
use serde_json::json;

use crate::support::bureau::Bureau;
use crate::support::service::{Reply, Service};
use crate::support::{TestDatabase, day, on_both_databases};

/// What the lane says when it is full.
const CROWDED: &str = "查询、统计和导出同时进行的过多，请稍后再试；同一人员同时只能进行一两项";

const EVERYTHING: &[Role] =
    &[Role::Clerk, Role::OfficeHead, Role::Supervisor, Role::Leader, Role::Auditor, Role::Admin];

fn is_crowded(reply: &Reply) -> bool {
    reply.status == 503 && reply.json["detail"] == CROWDED && !reply.header("retry-after").is_empty()
}

/// A service with one place in its lane, and a case.
fn with_one_place(database: &TestDatabase) -> (Service, String, String, String) {
    let service = Service::start_with(database, Clock::fixed(day("2026-03-02")), |settings| {
        settings.database.pool_size = 3;
        settings.database.pool_timeout_ms = 100;
        settings.server.request_deadline_ms = 60_000;
    });
    let organ = service.organ("z", None);
    let (first, second) =
        (service.user_token("first", organ, EVERYTHING), service.user_token("second", organ, EVERYTHING));
    let organ = organ.0.to_string();
    (service, first, second, organ)
}

/// How many sessions of the database wait for a lock.
fn waiting_for_locks(db: &mut Db) -> i64 {
    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let own = "SELECT count(*) AS count FROM pg_locks JOIN pg_database d ON d.oid = database
               WHERE NOT granted AND datname = current_database()";
    diesel::sql_query(own).get_result::<Waiting>(db).unwrap().count
}

/// PostgreSQL can hold a read up: another session has the table of events for itself.
#[test]
fn every_expensive_read_waits_for_the_lane_and_no_other_request_does() {
    let mut database = TestDatabase::postgres();
    database.options.lock_timeout_ms = 60_000;
    let (service, first, second, organ) = with_one_place(&database);
    let application = json!({
        "organ_id": organ, "channel": "in_person", "submitted_on": "2026-03-02", "title": "某信息",
        "request": "公开某信息", "delivery": { "form": "paper", "way": "post", "accepts_other": true },
        "applicant": { "kind": "natural_person", "name": "王小明", "contact": { "telephone": "13800138000" } },
    });
    let filed = service.create("/api/v1/cases", &second, application);
    assert_eq!(filed.status, 201, "{filed:?}");
    let case = filed.json["id"].as_str().unwrap();
    let mut other = database.raw();
    other.batch_execute("BEGIN; LOCK TABLE case_events IN ACCESS EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| service.get("/api/v1/supervision/overview", &first));
        let began = Instant::now();
        while waiting_for_locks(&mut other) == 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "the overview never took its place");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(is_crowded(&service.get("/api/v1/supervision/topics", &first)), "one person has one place");
        for path in [
            "/api/v1/supervision/overview".to_owned(),
            "/api/v1/supervision/overview?as_of=2026-02-27&format=xlsx".to_owned(),
            "/api/v1/overdue".to_owned(),
            "/api/v1/overdue?as_of=2026-02-27".to_owned(),
            "/api/v1/overdue?format=csv".to_owned(),
            "/api/v1/supervision/topics".to_owned(),
            format!("/api/v1/cases/{case}/similar"),
            "/api/v1/cases?q=%E6%97%A0".to_owned(),
            "/api/v1/cases?format=xlsx".to_owned(),
            format!("/api/v1/organs/{organ}/ledger"),
            format!("/api/v1/reports/annual?organ={organ}&year=2025"),
            format!("/api/v1/reports/annual/cells?organ={organ}&year=2025"),
            format!("/api/v1/organs/{organ}/annual-reports/2025/adjustments"),
        ] {
            let reply = service.get(&path, &second);
            assert!(is_crowded(&reply), "{path}: {reply:?}");
        }
        let year = Calendar::national().years().iter().find(|year| year.year == 2026).unwrap();
        let preview = service.call("PUT", "/api/v1/calendar/2026", &second, Some(json!(year)));
        assert!(is_crowded(&preview), "the preview of a calendar: {preview:?}");
        let published = json!({ "year": 2025, "published_on": "2026-02-27" });
        let published = service.create(&format!("/api/v1/organs/{organ}/annual-reports"), &second, published);
        assert!(is_crowded(&published), "the figures of a publication: {published:?}");
        for path in ["/api/v1/me".to_owned(), "/api/v1/organs".to_owned(), "/api/v1/cases".to_owned()] {
            let asked = Instant::now();
            assert_eq!(service.get(&path, &second).status, 200, "{path}");
            assert!(asked.elapsed() < Duration::from_secs(2), "{path}: {:?}", asked.elapsed());
        }
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(held.join().unwrap().status, 200, "what had its place was carried to its end");
    });
    assert_eq!(service.get("/api/v1/overdue", &second).status, 200, "the place is free again");
}

#[test]
fn an_expensive_read_that_meets_its_deadline_is_ended_and_gives_its_connection_back() {
    let mut database = TestDatabase::postgres();
    // Only the deadline of the request ends a wait for the lock.
    (database.options.lock_timeout_ms, database.options.statement_timeout_ms) = (60_000, 60_000);
    let service = Service::start_with(&database, Clock::fixed(day("2026-03-02")), |settings| {
        settings.database.pool_size = 3;
        settings.server.request_deadline_ms = 1_500;
    });
    let organ = service.organ("z", None);
    let token = service.user_token("one", organ, EVERYTHING);
    let mut other = database.raw();
    other.batch_execute("BEGIN; LOCK TABLE cases IN ACCESS EXCLUSIVE MODE").unwrap();
    for _ in 0..4 {
        let reply = service.get("/api/v1/supervision/overview", &token);
        assert_eq!(reply.problem(), (503, "deadline_exceeded"));
    }
    // While the table is still locked: no read waits for it any more, and every connection is idle.
    let began = Instant::now();
    loop {
        let (waiting, pool) = (waiting_for_locks(&mut other), service.office.store().pool_state());
        if waiting == 0 && pool.idle == pool.connections {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "a read goes on after its deadline: {waiting}, {pool:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    other.batch_execute("COMMIT").unwrap();
    let reply = service.get("/api/v1/supervision/overview", &token);
    assert_eq!(reply.status, 200, "four reads that ran out of time hold neither lane nor connection: {reply:?}");
}

#[test]
fn a_long_list_goes_out_whole_and_in_the_order_of_its_pages() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let heading = "受理编号,收到日期,申请人类型,申请人,申请内容\n";
        let row = |number: u32| format!("依申请〔2025〕{number}号,2025-03-05,自然人,申请人{number},某信息{number}\n");
        let ledger: String = std::iter::once(heading.to_owned()).chain((1..=1_234).map(row)).collect();
        let office = &bureau.service.office;
        let options = ImportOptions::default();
        let import = |db: &mut Db| {
            office.ledger().import_ledger(db, None, bureau.organ, ledger.as_bytes(), options, &mut |_, _| {})
        };
        assert_eq!(office.store().write(import).unwrap().created, 1_234);
        let numbers = |rows: Vec<String>| {
            let mut sorted = rows.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!((rows.len(), sorted.len()), (1_234, 1_234), "each case once");
            rows
        };
        let (kind, bytes) = bureau.service.download("/api/v1/cases?format=csv", &bureau.clerk, "");
        assert_eq!(kind, "text/csv; charset=utf-8");
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let by_csv = numbers(reader.records().map(|row| row.unwrap()[0].to_owned()).collect());
        let (_, bytes) = bureau.service.download("/api/v1/cases?format=xlsx", &bureau.clerk, "");
        let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let by_xlsx = numbers(range.rows().skip(1).map(|row| row[0].to_string()).collect());
        let mut by_pages = Vec::new();
        let mut path = "/api/v1/cases?limit=200".to_owned();
        loop {
            let page = bureau.service.get(&path, &bureau.clerk).json;
            let items = page["items"].as_array().unwrap();
            by_pages.extend(items.iter().map(|case| case["number"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/cases?limit=200&cursor={cursor}");
        }
        assert_eq!(by_csv, numbers(by_pages));
        assert_eq!(by_xlsx, by_csv);
    });
}
