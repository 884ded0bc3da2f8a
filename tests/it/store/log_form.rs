//! Logs that an earlier release wrote come over to the form of today, whole and verified.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::case::log::decode;
use gongkai::store::cases::events::{self, EventRow};
use gongkai::store::{CaseId, Db, Store, Ts, UserId};
use serde_json::Value;

use crate::support::{Bureau, TestDatabase, add_bureau, case_row, day, on_both_databases};

const FIRST_GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The events that the release before versions stored, one of each kind at least.
fn golden() -> Vec<(String, String)> {
    include_str!("../../data/events.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["kind"].as_str().unwrap().to_owned(), line["payload"].as_str().unwrap().to_owned()))
        .filter(|(_, payload)| !payload.starts_with("{\"v\":"))
        .collect()
}

/// Takes a migrated database back to the form of the log that the release before wrote.
fn back_to_first_form(database: &TestDatabase) {
    let kind = if database.name == "sqlite" { "sqlite" } else { "postgres" };
    let folder = format!("{}/migrations/{kind}", env!("CARGO_MANIFEST_DIR"));
    let mut since: Vec<String> = std::fs::read_dir(folder.as_str())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.as_str() >= "00000000000022")
        .collect();
    since.sort();
    let mut raw = database.raw();
    for name in since.iter().rev() {
        raw.batch_execute(&std::fs::read_to_string(format!("{folder}/{name}/down.sql")).unwrap()).unwrap();
    }
    raw.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version >= '00000000000022'").unwrap();
}

/// The hash of the first form, computed apart from the service: SHA-256 over a layout byte and length-prefixed fields.
fn first_hash(case: CaseId, seq: i32, kind: &str, body: &str, actor: UserId, at: Ts, prev: &str) -> String {
    let mut bytes = vec![1_u8];
    let micros = at.0.timestamp_micros().to_be_bytes();
    let parts: [&[u8]; 8] = [
        case.0.as_bytes(),
        &seq.to_be_bytes(),
        kind.as_bytes(),
        b"2026-11-02",
        body.as_bytes(),
        actor.0.as_bytes(),
        &micros,
        prev.as_bytes(),
    ];
    for part in parts {
        bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
    }
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes))
}

/// Adds a case whose log, in the first form, is the golden events; two events an instant, as a command writes them.
fn add_first_log(raw: &mut Db, bureau: &Bureau) -> CaseId {
    let golden = golden();
    let version = i64::try_from(golden.len()).unwrap();
    let row = case_row(bureau);
    let case = row.id;
    // In SQL, because the table has fewer columns yet than the program knows.
    let sql = format!(
        "INSERT INTO cases (id, organ_id, applicant_id, applicant_name, applicant_kind, title, channel, stage, is_open,
           clock_status, submitted_on, is_late, is_extended, calendar_version, version, created_at, updated_at)
         VALUES ('{case}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', {}, '{}', '{}', {}, {}, '{}', {version}, '{}', '{}')",
        row.organ_id,
        row.applicant_id,
        row.applicant_name,
        row.applicant_kind,
        row.title,
        row.channel,
        row.stage,
        row.is_open,
        row.clock_status,
        row.submitted_on,
        row.is_late,
        row.is_extended,
        row.calendar_version,
        row.created_at,
        row.updated_at,
    );
    raw.batch_execute(&sql).unwrap();
    let began: Ts = Ts("2026-11-02T01:00:00.000456Z".parse().unwrap());
    let mut prev = FIRST_GENESIS.to_owned();
    for (seq, (kind, body)) in (1..).zip(golden) {
        let at = Ts(began.0 + chrono::Duration::seconds(i64::from((seq - 1) / 2)));
        let hash = first_hash(case, seq, &kind, &body, bureau.user, at, &prev);
        let sql =
            "INSERT INTO case_events (case_id, seq, kind, occurred_on, body, actor_id, recorded_at, prev_hash, hash) ";
        let values = format!(
            "VALUES ('{case}', {seq}, '{kind}', '2026-11-02', '{}', '{}', '{at}', '{prev}', '{hash}')",
            body.replace('\'', "''"),
            bureau.user
        );
        raw.batch_execute(&format!("{sql}{values}")).unwrap();
        prev = hash;
    }
    case
}

fn log(store: &Store, case: CaseId) -> Vec<EventRow> {
    store.read(|db| events::load(db, case)).unwrap()
}

#[test]
fn a_log_of_the_release_before_comes_over_event_by_event_and_verifies() {
    on_both_databases(|database| {
        let bureau = add_bureau(&database.open(), "A", None);
        back_to_first_form(database);
        let store = database.open();
        let case = add_first_log(&mut database.raw(), &bureau);
        store.migrate().unwrap();
        let rows = log(&store, case);
        assert_eq!(store.read(|db| events::verify(db, case)).unwrap(), None);
        let kept: Vec<(String, String)> = rows.iter().map(|row| (row.kind.clone(), row.body.clone())).collect();
        assert_eq!(kept, golden(), "byte for byte, in order");
        assert!(rows.iter().all(|row| row.actor_id == Some(bureau.user) && row.occurred_on == day("2026-11-02")));
        assert_eq!(rows.iter().map(|row| row.entry).collect::<Vec<_>>()[..5], [1, 1, 2, 2, 3]);
        for row in &rows {
            assert!(decode(&row.kind, &row.body).is_ok(), "{}", row.kind);
            assert_eq!((row.salt.len(), row.digest.len(), row.hash.len()), (16, 32, 32));
        }
        let salts: std::collections::BTreeSet<_> = rows.iter().map(|row| row.salt.clone()).collect();
        assert_eq!(salts.len(), rows.len(), "a salt of its own for every payload");
    });
}

#[test]
fn a_log_that_did_not_verify_before_the_upgrade_does_not_verify_after_it_and_breaks_at_the_same_event() {
    on_both_databases(|database| {
        let bureau = add_bureau(&database.open(), "A", None);
        back_to_first_form(database);
        let store = database.open();
        let mut raw = database.raw();
        let [intact, changed, gap, cut] = std::array::from_fn(|_| add_first_log(&mut raw, &bureau));
        raw.batch_execute(match raw {
            Db::Pg(_) => "ALTER TABLE case_events DISABLE TRIGGER case_events_append_only",
            Db::Lite(_) => "DROP TRIGGER case_events_no_update; DROP TRIGGER case_events_no_delete",
        })
        .unwrap();
        for sql in [
            format!("UPDATE case_events SET body = body || ' ' WHERE case_id = '{changed}' AND seq = 7"),
            format!("DELETE FROM case_events WHERE case_id = '{gap}' AND seq = 4"),
            format!("DELETE FROM case_events WHERE case_id = '{cut}' AND seq > 20"),
        ] {
            raw.batch_execute(&sql).unwrap();
        }
        if matches!(raw, Db::Lite(_)) {
            let refuse = "BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;";
            let guards = format!(
                "CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events {refuse}
                 CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events {refuse}"
            );
            raw.batch_execute(&guards).unwrap();
        }
        store.migrate().unwrap();
        let found = |case: CaseId| store.read(|db| events::verify(db, case)).unwrap();
        assert_eq!([found(intact), found(changed), found(gap), found(cut)], [None, Some(7), Some(4), Some(21)]);
    });
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[test]
fn nothing_of_the_first_form_is_left_after_the_upgrade() {
    on_both_databases(|database| {
        let bureau = add_bureau(&database.open(), "A", None);
        back_to_first_form(database);
        let store = database.open();
        add_first_log(&mut database.raw(), &bureau);
        store.migrate().unwrap();
        let sql = match database.raw() {
            Db::Lite(_) => "SELECT name FROM sqlite_schema WHERE name LIKE '%before%'",
            Db::Pg(_) => "SELECT relname::text AS name FROM pg_class WHERE relname LIKE '%before%'",
        };
        let left: Vec<Name> = match &mut database.raw() {
            Db::Lite(db) => diesel::sql_query(sql).load(db).unwrap(),
            Db::Pg(db) => diesel::sql_query(sql).load(db).unwrap(),
        };
        assert_eq!(left.into_iter().map(|found| found.name).collect::<Vec<_>>(), Vec::<String>::new());
    });
}
