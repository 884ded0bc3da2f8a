//! `gongkai copy`: everything, from one kind of database to the other and back.

use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection;
use gongkai::config::Settings;
use gongkai::mail::smtp::Relay;
use gongkai::mail::worker::{SendOutcome, deliver_ready};
use gongkai::store::StoreError;
use gongkai::store::carry::{Copied, copy};
use gongkai::store::mail::outbox::{enqueue, paused};
use gongkai::store::service::tallies;
use serde_json::Value;

use super::whole::{
    TODAY, count, dump, full, mail, names_in, office, path_of, schema, tables, wait_until_nobody_is_connected,
};
use crate::support::service::Service;
use crate::support::smtp_sink::Sink;
use crate::support::{SEALING_KEY, TestDatabase, day};

fn copied(from: &TestDatabase, to: &TestDatabase) -> Copied {
    copy(&from.options.url, &to.options.url, Some(SEALING_KEY)).unwrap()
}

fn refused(from: &TestDatabase, to: &TestDatabase) -> String {
    match copy(&from.options.url, &to.options.url, Some(SEALING_KEY)) {
        Err(StoreError::Refused(said)) => said,
        other => panic!("not refused: {other:?}"),
    }
}

/// What a supervisor sees over HTTP: lists, cases, the overview, the annual report with its tables, fees.
fn seen(database: &TestDatabase, username: &str, password: &str) -> Vec<(String, Value)> {
    let service = Service::start(database, day(TODAY));
    let signed_in = service.sign_in(username, password);
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let token = signed_in.json["access_token"].as_str().unwrap().to_owned();
    let get = |path: String| {
        let reply = service.get(&path, &token);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        (path, reply.json)
    };
    let organs = get("/api/v1/organs".to_owned());
    let cases = get("/api/v1/cases?limit=100".to_owned());
    let mut seen = Vec::new();
    for organ in organs.1["items"].as_array().unwrap() {
        let id = organ["id"].as_str().unwrap();
        for year in [2024, 2025, 2026] {
            seen.push(get(format!("/api/v1/reports/annual?organ={id}&year={year}")));
        }
        seen.push(get(format!("/api/v1/supervision/overview?organ={id}")));
        seen.push(get(format!("/api/v1/overdue?organ={id}")));
    }
    for case in cases.1["items"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        seen.push(get(format!("/api/v1/cases/{id}")));
        seen.push(get(format!("/api/v1/cases/{id}/events")));
    }
    seen.push(get("/api/v1/supervision/orders".to_owned()));
    seen.push(organs);
    seen.push(cases);
    seen
}

#[test]
fn a_database_moved_to_postgresql_and_back_is_equal_in_every_row_and_in_what_is_seen_of_it() {
    let [first, server] = [TestDatabase::sqlite(), TestDatabase::empty_postgres()];
    let last = TestDatabase::empty_sqlite();
    let loaded = full(&first);
    let supervisor = loaded.house.logins.iter().find(|login| login.username == "supervisor").unwrap();
    let see = |database: &TestDatabase| seen(database, &supervisor.username, &supervisor.password);
    let out = copied(&first, &server);
    let back = copied(&server, &last);
    // The row by which the mail of the first copy is paused comes along.
    assert_eq!((out.tables, out.rows + 1), (back.tables, back.rows));
    assert_eq!(out.verified, back.verified);
    let cases = u64::try_from(count(&mut first.raw(), "cases")).unwrap();
    assert_eq!((out.verified.broken, out.verified.cases), (0, cases));
    assert_eq!(dump(&first), dump(&last));
    assert_eq!(schema(&first), schema(&last));
    let fresh = TestDatabase::postgres();
    assert_eq!(schema(&server), schema(&fresh), "triggers and foreign keys are in force again");
    // The same on the server: out and back gives the rows as the server writes them.
    let second = TestDatabase::empty_postgres();
    copied(&last, &second);
    assert_eq!(dump(&server), dump(&second));
    let (before, after) = (see(&first), see(&server));
    assert!(before.len() > 100, "{}", before.len());
    assert_eq!(before, after);
    assert_eq!(before, see(&last));
}

#[test]
fn a_copy_goes_on_where_its_source_stood() {
    let [source, target] = [TestDatabase::sqlite(), TestDatabase::empty_postgres()];
    full(&source);
    copied(&source, &target);
    let (before, after) = (source.open(), target.open());
    let sent = |store: &gongkai::store::Store| store.read(|db| tallies::total(db, tallies::MAIL_SENT)).unwrap();
    assert_eq!((sent(&before), sent(&after)), (1, 1), "triggers counted no row a second time");
    // Identity columns continue behind the rows that came: a trigger adds one.
    target.raw().batch_execute("UPDATE outbox SET state = 'sent' WHERE dedupe_key = 'waits'").unwrap();
    after.write(tallies::sum_up).unwrap();
    assert_eq!(sent(&after), 2);
    let service = Service::start(&target, day(TODAY));
    let organ = service.organ("new", None);
    let clerk = service.user_token("new-clerk", organ, &[gongkai::case::Role::Clerk]);
    let application = serde_json::json!({
        "organ_id": organ.0, "applicant": { "kind": "natural_person", "name": "王小明" }, "title": "某信息",
        "request": "某信息", "channel": "in_person", "submitted_on": TODAY
    });
    assert_eq!(service.create("/api/v1/cases", &clerk, application).status, 201);
    let mut raw = target.raw();
    assert!(raw.batch_execute("DELETE FROM case_events").is_err(), "the log is append-only again");
    assert!(raw.batch_execute("UPDATE cases SET handler_id = id").is_err(), "foreign keys are checked again");
}

#[test]
fn a_target_with_tables_is_refused_and_stays_as_it_is() {
    let source = TestDatabase::sqlite();
    for target in TestDatabase::both() {
        let before = dump(&target);
        assert!(refused(&source, &target).contains("not_empty"), "{}", target.name);
        assert_eq!(dump(&target), before);
    }
    let directory = path_of(&source).parent().unwrap().to_owned();
    let left: Vec<_> = names_in(&directory).into_iter().filter(|name| name.contains("unfinished")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_table_or_column_that_this_release_does_not_know_is_refused_and_not_left_out() {
    for (statement, named) in [
        ("CREATE TABLE notes (id TEXT)", "多出表 notes"),
        ("ALTER TABLE cases ADD COLUMN note TEXT", "多出列 cases.note"),
        ("DROP TABLE feeds", "缺少表 feeds"),
        ("ALTER TABLE feeds DROP COLUMN created_at", "缺少列 feeds.created_at"),
        ("CREATE TABLE odd (id REAL)", "odd.id"),
    ] {
        for (source, target) in [
            (TestDatabase::sqlite(), TestDatabase::empty_postgres()),
            (TestDatabase::postgres(), TestDatabase::empty_sqlite()),
        ] {
            source.raw().batch_execute(statement).unwrap();
            let said = refused(&source, &target);
            assert!(said.contains(named), "{}: {said}", source.name);
            match target.name {
                "sqlite" => assert_eq!(names_in(path_of(&target).parent().unwrap()), Vec::<String>::new()),
                _ => assert_eq!(tables(&mut target.raw()), Vec::<String>::new()),
            }
        }
    }
}

#[test]
fn a_source_of_another_release_and_another_key_are_refused() {
    for (source, target) in [
        (TestDatabase::sqlite(), TestDatabase::empty_postgres()),
        (TestDatabase::postgres(), TestDatabase::empty_sqlite()),
    ] {
        let key = copy(&source.options.url, &target.options.url, Some(&SEALING_KEY.replace("00", "ff")));
        assert!(key.unwrap_err().to_string().contains("sealing_key_differs"));
        let none = copy(&source.options.url, &target.options.url, None);
        assert!(none.unwrap_err().to_string().contains("sealing_key_missing"));
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
        source.raw().batch_execute(newer).unwrap();
        let said = refused(&source, &target);
        assert!(said.contains("newer_release") && said.contains("99999999999999"), "{said}");
        let older = "DELETE FROM __diesel_schema_migrations WHERE version > '00000000000018'";
        source.raw().batch_execute(older).unwrap();
        assert!(refused(&source, &target).contains("pending_migrations"));
    }
}

#[test]
fn a_copied_database_sends_nothing_until_mail_is_resumed() {
    for (source, target) in [
        (TestDatabase::sqlite(), TestDatabase::empty_postgres()),
        (TestDatabase::postgres(), TestDatabase::empty_sqlite()),
    ] {
        source.open().write(|db| enqueue(db, &mail("k"))).unwrap();
        copied(&source, &target);
        let office = office(&target);
        let reason = office.store().read(paused).unwrap().unwrap().reason;
        assert!(reason.contains("复制而来"), "{reason}");
        let service = Service::start(&target, day(TODAY));
        let ready = service.later_ready();
        assert_eq!((ready.status, ready.json["mail_paused"]["reason"].as_str()), (200, Some(reason.as_str())));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sink = Sink::plain().await;
            let relay = relay(sink.port);
            let deliver = || deliver_ready(office.store(), &relay, "w");
            assert_eq!(deliver().await.unwrap(), SendOutcome::default());
            assert_eq!((sink.connections(), sink.mails().len()), (0, 0));
            assert_eq!(office.mail().resume().unwrap().unwrap().reason, reason);
            assert_eq!(deliver().await.unwrap(), SendOutcome { sent: 1, ..SendOutcome::default() });
            assert_eq!(sink.mails()[0].to, ["a@gov.example"]);
        });
        assert_eq!(office.mail().resume().unwrap(), None);
        let resumed = "SELECT action FROM audit_log WHERE action = 'mail.resumed'";
        assert_eq!(count(&mut target.raw(), &format!("({resumed}) a")), 1, "who asks later finds it in the audit log");
        assert_eq!(service.later_ready().json["mail_paused"], Value::Null);
    }
}

fn relay(port: u16) -> Relay {
    let port = port.to_string();
    let variables = [
        ("GONGKAI_SMTP__HOST", "localhost"),
        ("GONGKAI_SMTP__PORT", port.as_str()),
        ("GONGKAI_SMTP__TLS", "none"),
        ("GONGKAI_SMTP__FROM", "office@gov.example"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Relay::from_settings(&Settings::load(None, variables).unwrap().smtp).unwrap().unwrap()
}

/// Killed at any moment a copy leaves the target empty, or complete with its mail paused; the next run then succeeds or
/// is refused.
#[test]
fn a_copy_that_is_killed_leaves_an_empty_target_or_a_complete_one() {
    let source = TestDatabase::sqlite();
    full(&source);
    for (to, pauses_ms) in [("sqlite", [30, 120, 300]), ("postgres", [60, 250, 700])] {
        for pause_ms in pauses_ms {
            let target = if to == "sqlite" { TestDatabase::empty_sqlite() } else { TestDatabase::empty_postgres() };
            let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
            command.args(["copy", "--from", &source.options.url, "--to", &target.options.url]);
            command.env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY).stdout(Stdio::null()).stderr(Stdio::null());
            let mut running = command.spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(pause_ms));
            running.kill().unwrap();
            running.wait().unwrap();
            wait_until_nobody_is_connected(&target);
            let is_complete = match to {
                "sqlite" => path_of(&target).exists(),
                _ => !tables(&mut target.raw()).is_empty(),
            };
            eprintln!("{to} after {pause_ms} ms: complete {is_complete}");
            if is_complete {
                assert!(refused(&source, &target).contains("not_empty"));
                assert!(target.open().read(paused).unwrap().is_some());
            } else {
                copied(&source, &target);
            }
            assert_eq!(dump(&source)["case_events"].len(), dump(&target)["case_events"].len());
            if to == "sqlite" {
                let names = names_in(path_of(&target).parent().unwrap());
                assert!(names.iter().all(|name| !name.contains("unfinished")), "{names:?}");
            }
        }
    }
}
