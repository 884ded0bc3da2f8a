//! The anchor of a day is outside the database: a database that was written anew, chains and all, does not agree with it.

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use gongkai::case::Role;
use gongkai::office::evidence::finding::Finding;
use gongkai::office::{Office, OfficeError};
use gongkai::store::cases::events;
use gongkai::store::{CaseId, Db};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use super::{lines, unguard};
use crate::support::bureau::Bureau;
use crate::support::{TestDatabase, on_both_databases};

fn with_anchors(database: &TestDatabase, file: &Path) -> (Bureau, Office) {
    let bureau = Bureau::open(database, "2026-03-02");
    let mut settings = bureau.service.office.settings().clone();
    settings.evidence.anchor_file = file.display().to_string();
    let office = Office::with_store(database.open(), settings, bureau.service.office.clock().clone()).unwrap();
    (bureau, office)
}

fn found(office: &Office, file: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |one: Finding| {
        let seq = one.seq.map_or_else(String::new, |seq| format!(" #{seq}"));
        found.push(format!("{} {}{seq}", one.kind.code(), one.table));
    };
    office.evidence().verify(None, Some(file), &mut note).unwrap();
    found
}

fn file_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("anchors")
}

/// Writes the log of a case anew with another title, each hash computed as the service does, and the row with it.
fn write_anew(database: &TestDatabase, case: CaseId) {
    let mut raw = database.raw();
    unguard(&mut raw);
    let is_postgres = matches!(raw, Db::Pg(_));
    let blob = |bytes: &[u8]| {
        let digits = hex::encode(bytes);
        if is_postgres { format!("'\\x{digits}'") } else { format!("X'{digits}'") }
    };
    let mut before = events::GENESIS.to_vec();
    let log = database.open().read(|db| events::load(db, case)).unwrap();
    for mut event in log {
        event.body = event.body.replace("某地块", "他地块");
        event.prev_hash = before;
        event.digest = event.computed_digest().unwrap();
        event.hash = event.computed_hash().unwrap();
        let (digest, prev, hash) = (blob(&event.digest), blob(&event.prev_hash), blob(&event.hash));
        let body = &event.body;
        let sql = format!(
            "UPDATE case_events SET body = '{body}', digest = {digest}, prev_hash = {prev}, hash = {hash}
             WHERE case_id = '{case}' AND seq = {}",
            event.seq
        );
        raw.batch_execute(&sql).unwrap();
        before = event.hash;
    }
    raw.batch_execute(&format!("UPDATE cases SET title = replace(title, '某地块', '他地块') WHERE id = '{case}'"))
        .unwrap();
}

#[test]
fn a_database_that_was_written_anew_is_found_by_the_line_outside_it() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = file_in(&directory);
        let (bureau, office) = with_anchors(database, &file);
        let case = CaseId(bureau.registered("2026-03-02").id.parse().unwrap());
        bureau.registered("2026-03-02");
        let line: Value = serde_json::from_str(&office.evidence().anchor().unwrap().unwrap()).unwrap();
        assert_eq!(
            (&line["v"], &line["day"], &line["cases"], &line["before"]),
            (&json!(1), &json!("2026-03-02"), &json!(2), &json!(""))
        );
        assert_eq!(found(&office, &file), Vec::<String>::new());

        write_anew(database, case);
        assert_eq!(found(&office, &file), ["anchor_changed case_events #3"], "the row of the anchor names the case");
        let mut raw = database.raw();
        unguard(&mut raw);
        let row = format!(
            "UPDATE case_anchors SET hash = (SELECT hash FROM case_events e WHERE e.case_id = '{case}' AND e.seq = 3)
             WHERE case_id = '{case}'"
        );
        raw.batch_execute(&row).unwrap();
        assert_eq!(found(&office, &file), ["anchor_broken case_events #1"], "that row was changed too");
    });
}

#[test]
fn each_day_has_one_line_that_follows_the_one_before_and_covers_what_is_new() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = file_in(&directory);
        let (bureau, office) = with_anchors(database, &file);
        let mut case = bureau.registered("2026-03-02");
        bureau.registered("2026-03-02");
        assert!(office.evidence().anchor().unwrap().is_some());
        assert_eq!(office.evidence().anchor().unwrap(), None, "one a day");
        bureau.on("2026-03-03");
        case.clerk("contacts", json!({ "on": "2026-03-03", "means": "电话", "result": "reached" }));
        assert!(office.evidence().anchor().unwrap().is_some());
        let written = std::fs::read_to_string(&file).unwrap();
        let days: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(days.iter().map(|day| day["cases"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(found(&office, &file), Vec::<String>::new());

        std::fs::write(&file, written.lines().nth(1).unwrap()).unwrap();
        assert_eq!(found(&office, &file), ["anchor_missing anchors #1"], "the first line was taken away");
        std::fs::write(&file, format!("{}\n", written.lines().next().unwrap())).unwrap();
        assert_eq!(found(&office, &file), ["anchor_missing anchors #1"], "the last line was taken away");
        assert_eq!(office.evidence().anchor().unwrap(), None);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "a line that the file lacks is written again");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(found(&office, &file), ["anchor_missing anchors #0"]);
        let refused = office.evidence().anchor();
        assert!(
            matches!(&refused, Err(OfficeError::Conflict { code, .. }) if code == "anchor_file_missing"),
            "{refused:?}"
        );
        assert!(!file.exists(), "what is lost is not made up");
        assert_eq!(office.evidence().begin_anchor_file().unwrap(), None);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
        let noted = lines(&mut database.raw(), "SELECT detail AS line FROM audit_log WHERE action = 'anchors.begun'");
        assert_eq!(noted, [r#"{"had_file":false,"lines":2}"#]);
    });
}

/// A backup of Monday is restored on Wednesday: the file knows a Tuesday that the database does not.
#[test]
fn a_database_that_is_older_than_the_file_is_said_to_be_so_until_a_new_file_is_begun() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = file_in(&directory);
        let (bureau, office) = with_anchors(database, &file);
        bureau.registered("2026-03-02");
        office.evidence().anchor().unwrap();
        let monday = std::fs::read_to_string(&file).unwrap();
        bureau.on("2026-03-04");
        let tuesday = monday.replace("2026-03-02", "2026-03-03");
        std::fs::write(&file, format!("{monday}{tuesday}")).unwrap();
        assert_eq!(found(&office, &file), ["anchor_ahead anchors #2"]);
        let refused = office.evidence().anchor();
        assert!(
            matches!(&refused, Err(OfficeError::Conflict { code, .. }) if code == "anchor_file_ahead"),
            "{refused:?}"
        );
        let put_away = office.evidence().begin_anchor_file().unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(put_away).unwrap(), format!("{monday}{tuesday}"));
        let days = std::fs::read_to_string(&file).unwrap().lines().count();
        assert_eq!((days, found(&office, &file)), (2, Vec::new()), "Monday and Wednesday");
    });
}

#[test]
fn a_case_that_was_deleted_whole_and_a_cut_audit_log_are_found_by_the_anchor() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = file_in(&directory);
        let (bureau, office) = with_anchors(database, &file);
        let case = bureau.registered("2026-03-02").id;
        let reason = json!({ "reason": "寄送答复书" });
        let path = format!("/api/v1/cases/{case}/applicant/reveal");
        assert_eq!(bureau.service.call("POST", &path, &bureau.clerk, Some(reason)).status, 200);
        office.evidence().anchor().unwrap();
        let mut raw = database.raw();
        unguard(&mut raw);
        for table in ["obligations", "case_events"] {
            raw.batch_execute(&format!("DELETE FROM {table} WHERE case_id = '{case}'")).unwrap();
        }
        raw.batch_execute(&format!("DELETE FROM cases WHERE id = '{case}'")).unwrap();
        let last = "(SELECT max(seq) FROM audit_log WHERE organ_id IS NOT NULL)";
        raw.batch_execute(&format!("DELETE FROM audit_log WHERE organ_id IS NOT NULL AND seq = {last}")).unwrap();
        let found = found(&office, &file);
        assert!(found.contains(&"anchor_changed case_events #3".to_owned()), "{found:?}");
        assert!(found.iter().any(|one| one.starts_with("anchor_broken audit_log")), "{found:?}");
    });
}

#[test]
fn the_night_checks_once_and_mails_the_line_to_every_auditor() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let (bureau, office) = with_anchors(database, &file_in(&directory));
        let auditor = bureau.service.user("shenji", bureau.organ, &[Role::Auditor]);
        let case = bureau.registered("2026-03-02").id;
        let at = |text: &str| office.clock().set_time(text.parse::<NaiveDateTime>().unwrap());
        at("2026-03-03T02:59:00");
        assert_eq!(office.evidence().nightly().unwrap(), None, "not yet");
        let mut raw = database.raw();
        unguard(&mut raw);
        raw.batch_execute(&format!("UPDATE cases SET title = '别的' WHERE id = '{case}'")).unwrap();
        at("2026-03-03T03:00:00");
        let done = office.evidence().nightly().unwrap().unwrap();
        assert_eq!((done.cases, done.findings), (1, 1));
        assert_eq!(office.evidence().nightly().unwrap(), None, "once a day");
        // The anchor of a night that failed after the check is made by the next call.
        raw.batch_execute("DELETE FROM meta WHERE key = 'evidence.anchor/2026-03-03'").unwrap();
        std::fs::remove_file(file_in(&directory)).unwrap();
        assert_eq!(office.evidence().nightly().unwrap(), None);
        let days = lines(&mut raw, "SELECT key AS line FROM meta WHERE key LIKE 'evidence.anchor/%'");
        assert_eq!(days, ["evidence.anchor/2026-03-03"]);
        assert_eq!(office.evidence().last_verification().unwrap().unwrap().findings, 1);
        let metrics = bureau.service.send("GET", "/metrics", &[], None).text;
        assert!(metrics.contains("gongkai_audit_findings 1\n"), "{metrics}");
        let mails = lines(&mut raw, "SELECT dedupe_key AS line FROM outbox WHERE dedupe_key LIKE 'anchor/%'");
        assert_eq!(mails, [format!("anchor/2026-03-03/{}", auditor.0)]);
    });
}
