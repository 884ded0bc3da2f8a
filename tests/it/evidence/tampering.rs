//! Each way to change the database behind the service is found and named: by raw SQL, with the guards taken away, as
//! somebody would who may change the file.

use diesel::connection::SimpleConnection;
use gongkai::office::OfficeError;
use gongkai::store::CaseId;

use super::lines;
use super::scene::Scene;
use crate::support::on_both_databases;

#[test]
fn a_changed_removed_inserted_or_swapped_event_is_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        let one = "WHERE case_id = '{a}' AND seq = 2";
        for (column, value, more) in [
            ("occurred_on", "'2026-02-27'", &["event_mismatch case_events occurred_on #2"][..]),
            ("kind", "'withdrawn'", &["event_mismatch case_events kind #2"]),
            ("actor_id", "NULL", &[]),
            ("recorded_at", "'2026-01-01T00:00:00.000000Z'", &["event_time case_events recorded_at #2"]),
        ] {
            let mut expected = vec!["event_changed case_events hash #2"];
            expected.extend(more);
            scene.finds(column, &format!("UPDATE case_events SET {column} = {value} {one}"), &expected);
        }
        let digest = ["event_changed case_events body #2", "event_changed case_events hash #2"];
        scene.finds("digest", &format!("UPDATE case_events SET digest = prev_hash {one}"), &digest);
        let entry = [
            "event_changed case_events hash #2",
            "event_misplaced case_events entry #2",
            "event_misplaced case_events entry #3",
        ];
        scene.finds("entry", &format!("UPDATE case_events SET entry = 7 {one}"), &entry);
        for change in ["body = body || ' '", "salt = prev_hash"] {
            let expected = ["event_changed case_events body #2"];
            scene.finds(change, &format!("UPDATE case_events SET {change} {one}"), &expected);
        }
        let unreadable = ["event_changed case_events body #2", "event_unreadable case_events body #2"];
        scene.finds("payload", &format!("UPDATE case_events SET body = '{{}}' {one}"), &unreadable);
        let hash = ["event_changed case_events hash #2", "event_misplaced case_events prev_hash #3"];
        scene.finds("hash", &format!("UPDATE case_events SET hash = prev_hash {one}"), &hash);
        let contact = "WHERE case_id = '{b}' AND seq";
        let last = lines(
            &mut scene.raw,
            &format!("SELECT CAST(max(seq) AS TEXT) AS line FROM case_events WHERE case_id = '{}'", scene.cases[1]),
        );
        let last = &last[0];
        let cut = scene.after(&format!("DELETE FROM case_events {contact} = {last}"));
        assert!(cut.contains(&format!("event_missing case_events #{last}")), "{cut:?}");
        assert!(cut.contains(&"case_changed cases version".to_owned()), "{cut:?}");
        let gone = scene.after(&format!("DELETE FROM case_events {contact} = 2"));
        assert!(gone.contains(&"event_missing case_events #2".to_owned()), "{gone:?}");
        let swapped = scene.after(
            "UPDATE case_events SET seq = -1 WHERE case_id = '{a}' AND seq = 2;
             UPDATE case_events SET seq = 2 WHERE case_id = '{a}' AND seq = 3;
             UPDATE case_events SET seq = 3 WHERE case_id = '{a}' AND seq = -1",
        );
        for seq in [2, 3] {
            assert!(swapped.contains(&format!("event_changed case_events hash #{seq}")), "{swapped:?}");
            assert!(swapped.contains(&format!("event_misplaced case_events prev_hash #{seq}")), "{swapped:?}");
        }
        let columns = "entry, kind, occurred_on, body, salt, digest, actor_id, recorded_at, prev_hash, hash";
        let inserted = scene.after(&format!(
            "INSERT INTO case_events (case_id, seq, {columns})
             SELECT case_id, 9, {columns} FROM case_events WHERE case_id = '{{a}}' AND seq = 1"
        ));
        assert!(inserted.contains(&"event_changed case_events hash #9".to_owned()), "{inserted:?}");
        let orphan = scene.after(&format!(
            "INSERT INTO case_events (case_id, seq, {columns})
             SELECT '00000000-0000-7000-8000-000000000001', seq, {columns}
             FROM case_events WHERE case_id = '{{a}}' AND seq = 1"
        ));
        assert_eq!(orphan, ["event_orphan case_events"]);
    });
}

/// The chain is computed anew behind the change, so that only what follows from the log gives it away.
#[test]
fn a_log_whose_chain_was_computed_anew_is_found_by_its_columns_and_by_the_row() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        let case: CaseId = scene.cases[0].parse().unwrap();
        let mut forged = |change: &str| -> Vec<String> {
            let rows = scene.office().store().read(|db| gongkai::store::cases::events::load(db, case)).unwrap();
            scene.raw.batch_execute(&change.replace("{a}", &scene.cases[0])).unwrap();
            let changed = scene.office().store().read(|db| gongkai::store::cases::events::load(db, case)).unwrap();
            assert_ne!(rows, changed);
            let is_postgres = matches!(scene.raw, gongkai::store::Db::Pg(_));
            let blob = |bytes: &[u8]| {
                let digits = hex::encode(bytes);
                if is_postgres { format!("'\\x{digits}'") } else { format!("X'{digits}'") }
            };
            let mut before = gongkai::store::cases::events::GENESIS.to_vec();
            let mut sql = String::new();
            for mut row in changed {
                row.prev_hash = before;
                row.digest = row.computed_digest().unwrap();
                let hash = row.computed_hash().unwrap();
                let (digest, prev, new) = (blob(&row.digest), blob(&row.prev_hash), blob(&hash));
                sql += &format!(
                    "UPDATE case_events SET digest = {digest}, prev_hash = {prev}, hash = {new}
                     WHERE case_id = '{}' AND seq = {};",
                    case.0, row.seq
                );
                before = hash;
            }
            scene.after(&sql)
        };
        let title = "UPDATE case_events SET body = replace(body, '某地块', '他地块') WHERE case_id = '{a}' AND seq = 1";
        assert_eq!(forged(title), ["case_changed cases title"]);
        let kind = "UPDATE case_events SET kind = 'linked' WHERE case_id = '{a}' AND seq = 1";
        assert_eq!(forged(kind), ["event_mismatch case_events kind #1"]);
        let early =
            "UPDATE case_events SET recorded_at = '2026-01-01T00:00:00.000000Z' WHERE case_id = '{a}' AND seq = 1";
        assert_eq!(forged(early), ["case_changed cases created_at"]);
    });
}

#[test]
fn every_column_of_a_case_and_a_row_too_few_or_too_many_is_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        for (column, value) in [
            ("title", "'别的'"),
            ("applicant_kind", "'enterprise'"),
            ("channel", "'online'"),
            ("submitted_on", "'2026-02-27'"),
            ("regime", "'492'"),
            ("stage", "'withdrawn'"),
            ("clock_status", "'met'"),
            ("received_on", "'2026-02-27'"),
            ("start_on", "'2026-02-27'"),
            ("due_on", "'2027-12-31'"),
            ("resumes_on", "'2026-03-03'"),
            ("replied_on", "'2026-03-03'"),
            ("closed_on", "'2026-03-03'"),
            ("outcome", "'refused.state_secret'"),
            ("warns_on", "'2026-03-03'"),
            ("latest_on", "'2026-03-03'"),
            ("number", "'别的'"),
            ("calendar_version", "'别的'"),
            ("version", "2"),
            ("created_at", "'2026-01-01T00:00:00.000000Z'"),
            ("updated_at", "'2026-01-01T00:00:00.000000Z'"),
            ("source", "'别的'"),
        ] {
            let found = scene.after(&format!("UPDATE cases SET {column} = {value} WHERE id = '{{a}}'"));
            let expected = format!("case_changed cases {column}");
            assert!(found.contains(&expected), "{column}: {found:?}");
        }
        let name = ["applicant_changed applicants name"];
        scene.finds("applicant_name", "UPDATE cases SET applicant_name = '李某' WHERE id = '{a}'", &name);
        for column in ["is_open", "is_late", "is_extended"] {
            let found = scene.after(&format!("UPDATE cases SET {column} = NOT {column} WHERE id = '{{a}}'"));
            assert!(found.contains(&format!("case_changed cases {column}")), "{found:?}");
        }
        for (column, of) in [("department_id", "departments"), ("handler_id", "users")] {
            let sql =
                format!("UPDATE cases SET {column} = (SELECT max(CAST(id AS TEXT)) FROM {of}) WHERE id = '{{a}}'");
            let sql =
                if database.name == "postgres" { sql.replace("AS TEXT)) FROM", "AS TEXT))::uuid FROM") } else { sql };
            let found = scene.after(&sql);
            assert_eq!(found, [format!("case_changed cases {column}")]);
        }
        let row = scene.after("DELETE FROM cases WHERE id = '{a}'");
        assert!(row.contains(&"event_orphan case_events".to_owned()), "{row:?}");
        let empty = scene.after("DELETE FROM case_events WHERE case_id = '{a}'");
        assert!(empty.contains(&"case_without_log cases".to_owned()), "{empty:?}");
        assert!(empty.contains(&"event_missing case_events #1".to_owned()), "{empty:?}");
        let whole = "DELETE FROM case_events WHERE case_id = '{b}'; DELETE FROM obligations WHERE case_id = '{b}';
                     DELETE FROM applicants WHERE id = (SELECT applicant_id FROM cases WHERE id = '{b}');
                     DELETE FROM audit_log WHERE case_id = '{b}'; DELETE FROM outbox WHERE case_id = '{b}';
                     DELETE FROM reminder_steps WHERE mail_key NOT IN (SELECT dedupe_key FROM outbox);
                     DELETE FROM cases WHERE id = '{b}'";
        let whole = scene.after(whole);
        assert!(whole.contains(&"counter_changed counters registration 2026".to_owned()), "{whole:?}");
        assert!(whole.contains(&"number_missing cases #2".to_owned()), "{whole:?}");
    });
}

#[test]
fn a_duty_or_an_applicant_that_was_changed_removed_or_added_is_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        let reply = "WHERE case_id = '{a}' AND key = 'reply'";
        for sql in ["due_on = '2027-12-31'", "status = 'met'", "article = '别的'", "kind = 'task'"] {
            let found = ["duty_changed obligations reply"];
            scene.finds("duty", &format!("UPDATE obligations SET {sql} {reply}"), &found);
        }
        let missing = scene.after(&format!("DELETE FROM obligations {reply}"));
        assert!(missing.contains(&"duty_missing obligations reply".to_owned()), "{missing:?}");
        for status in ["open", "met", "cancelled"] {
            let id = "00000000-0000-7000-8000-000000000001";
            let sql = format!(
                "INSERT INTO obligations (id, organ_id, case_id, key, kind, due_on, status, article, updated_at)
                 SELECT '{id}', organ_id, case_id, 'other', kind, due_on, '{status}', article, updated_at
                 FROM obligations {reply}"
            );
            scene.finds(status, &sql, &["duty_extra obligations other"]);
        }
        let theirs = "WHERE id = (SELECT applicant_id FROM cases WHERE id = '{a}')";
        let name = ["applicant_changed applicants name"];
        scene.finds("name", &format!("UPDATE applicants SET name = '李某' {theirs}"), &name);
        let kind = ["applicant_changed applicants kind"];
        scene.finds("kind", &format!("UPDATE applicants SET kind = 'enterprise' {theirs}"), &kind);
        let index = ["applicant_unsound applicants identity_index"];
        scene.finds("index", &format!("UPDATE applicants SET identity_index = 'x' {theirs}"), &index);
        let sealed = ["applicant_unsound applicants identity_sealed"];
        let sql = format!("UPDATE applicants SET identity_sealed = contact_sealed {theirs}");
        scene.finds("sealed", &sql, &sealed);
        let contact = ["applicant_unsound applicants contact_sealed"];
        let sql = format!("UPDATE applicants SET contact_sealed = identity_sealed {theirs}");
        scene.finds("contact", &sql, &contact);
        let gone = scene.after(&format!("DELETE FROM applicants {theirs}"));
        assert_eq!(gone, ["applicant_missing applicants"]);
        let sql = "INSERT INTO applicants (id, organ_id, kind, name, created_at)
                   SELECT '00000000-0000-7000-8000-000000000001', organ_id, kind, name, created_at
                   FROM applicants WHERE id = (SELECT applicant_id FROM cases WHERE id = '{a}')";
        scene.finds("added", sql, &["applicant_orphan applicants"]);
    });
}

#[test]
fn a_counter_that_is_not_where_its_numbers_put_it_is_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        for (kind, year) in
            [("registration", 2026), ("reply", 2026), ("supervision_order", 2026), ("registration", 2024)]
        {
            let found = format!("counter_changed counters {kind} {year}");
            for change in ["last + 5", "last - 1"] {
                let sql = format!("UPDATE counters SET last = {change} WHERE kind = '{kind}' AND year = {year}");
                scene.finds(kind, &sql, &[&found]);
            }
            let sql = format!("DELETE FROM counters WHERE kind = '{kind}' AND year = {year}");
            scene.finds(kind, &sql, &[&found]);
        }
        let imported = scene.after("DELETE FROM ledger_rows");
        assert!(imported.contains(&"import_missing ledger_rows".to_owned()), "{imported:?}");
        let import = scene.after("DELETE FROM ledger_imports");
        assert_eq!(import, ["import_missing ledger_imports"]);
        let moved = scene.after("UPDATE ledger_rows SET import_id = NULL");
        assert_eq!(moved, ["import_missing ledger_imports"]);
    });
}

#[test]
fn the_audit_log_shows_each_change_of_itself() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        let organ = scene.bureau.organ.0;
        let of = |seq: &str| format!("WHERE organ_id = '{organ}' AND seq = {seq}");
        for sql in ["actor_id = NULL", "detail = '{}'", "action = 'order.closed'", "at = '2026-01-01T00:00:00.000000Z'"]
        {
            let sql = format!("UPDATE audit_log SET {sql} {}", of("2"));
            let found = scene.after(&sql);
            assert_eq!(found, ["audit_changed audit_log hash #2"], "{sql}");
        }
        scene.finds("deleted", &format!("DELETE FROM audit_log {}", of("2")), &["audit_missing audit_log #2"]);
        let first = ["audit_missing audit_log #1"];
        scene.finds("the first", &format!("DELETE FROM audit_log {}", of("1")), &first);
        let cut = scene.after(&format!("DELETE FROM audit_log WHERE organ_id = '{organ}' AND seq >= 4"));
        assert!(cut.contains(&"audit_missing audit_log #4".to_owned()), "{cut:?}");
        let all = scene.after("DELETE FROM audit_log");
        assert!(all.contains(&"audit_missing audit_log #1".to_owned()), "{all:?}");
        let swapped = format!(
            "UPDATE audit_log SET seq = -1 {}; UPDATE audit_log SET seq = 2 {}; UPDATE audit_log SET seq = 3 {}",
            of("2"),
            of("3"),
            of("-1")
        );
        let swapped = scene.after(&swapped);
        for seq in [2, 3] {
            assert!(swapped.contains(&format!("audit_changed audit_log hash #{seq}")), "{swapped:?}");
            assert!(swapped.contains(&format!("audit_misplaced audit_log prev_hash #{seq}")), "{swapped:?}");
        }
        let inserted = format!(
            "INSERT INTO audit_log (id, at, organ_id, action, detail, seq, prev_hash, hash)
             SELECT '00000000-0000-7000-8000-000000000001', at, organ_id, action, detail, seq, prev_hash, hash
             FROM audit_log {}",
            of("2")
        );
        let found = ["audit_changed audit_log hash #2", "audit_misplaced audit_log seq #2"];
        assert_eq!(scene.after(&inserted), found);
        let loose = format!(
            "INSERT INTO audit_log (id, at, organ_id, action, detail)
             SELECT '00000000-0000-7000-8000-000000000001', at, organ_id, action, detail FROM audit_log {}",
            of("2")
        );
        scene.finds("without a hash", &loose, &["audit_unchained audit_log hash"]);
        scene.finds("head removed", "DELETE FROM audit_heads", &["audit_head audit_heads"]);
        scene.finds("head set back", "UPDATE audit_heads SET seq = seq - 1", &["audit_head audit_heads"]);
        let lost = "INSERT INTO audit_heads (chain, seq, hash)
                    SELECT '00000000-0000-7000-8000-000000000001', 1, hash FROM audit_heads LIMIT 1";
        scene.finds("head without rows", lost, &["audit_missing audit_log #1"]);
    });
}

#[test]
fn mails_steps_and_figures_that_contradict_themselves_are_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        let one = "WHERE id = (SELECT min(CAST(id AS TEXT)) FROM outbox)";
        let one =
            if database.name == "postgres" { one.replace("AS TEXT))", "AS TEXT))::uuid") } else { one.to_owned() };
        let sent = scene.after(&format!("UPDATE outbox SET state = 'sent' {one}"));
        let contradictions = ["attempts", "sent_at", "state"].map(|column| format!("mail_state outbox {column}"));
        assert_eq!((&sent[..3], sent[3].as_str()), (&contradictions[..], "tally tallies mail.sent"));
        let queued = format!("UPDATE outbox SET sent_at = created_at {one}");
        scene.finds("queued and sent", &queued, &["mail_state outbox sent_at"]);
        let unknown = format!("UPDATE outbox SET state = 'x' {one}");
        scene.finds("state", &unknown, &["mail_state outbox state"]);
        let leased = format!("UPDATE outbox SET lease_owner = 'x' {one}");
        scene.finds("lease", &leased, &["mail_state outbox lease_owner"]);
        let address = format!("UPDATE outbox SET to_address = 'x@example.org' {one}");
        scene.finds("address", &address, &["mail_bytes outbox to_address"]);
        let digest = format!("UPDATE outbox SET message_sha256 = '{}' {one}", "0".repeat(64));
        scene.finds("digest", &digest, &["mail_bytes outbox message", "mail_bytes outbox message_sha256"]);
        let steps = scene.after("DELETE FROM outbox WHERE dedupe_key IN (SELECT mail_key FROM reminder_steps)");
        assert_eq!(steps, ["dangling reminder_steps mail_key"]);
        let missed = scene.after("UPDATE reminder_steps SET missed = missed + 1");
        assert_eq!(missed, ["tally tallies reminders.missed"]);
        let alarms = "INSERT INTO tallies (name, n) VALUES ('personal_data.alarms', 1)";
        scene.finds("alarms", alarms, &["tally tallies personal_data.alarms"]);
    });
}

#[test]
fn orders_reports_and_the_duties_of_organs_are_found_when_they_differ_from_their_record() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        for (column, value) in [("text", "'别的'"), ("issued_on", "'2026-03-01'"), ("article", "'别的'")] {
            let found = format!("order_changed supervision_orders {column}");
            scene.finds(column, &format!("UPDATE supervision_orders SET {column} = {value}"), &[&found]);
        }
        let status = ["duty_changed", "order_changed supervision_orders status"];
        let found = scene.after("UPDATE supervision_orders SET status = 'open'");
        assert!(found.iter().any(|line| line == status[1]) && found.iter().any(|line| line.starts_with(status[0])));
        let due = scene.after("UPDATE supervision_orders SET due_on = '2027-01-04'");
        assert!(due.contains(&"order_changed supervision_orders due_on".to_owned()), "{due:?}");
        let step = scene.after("DELETE FROM supervision_order_steps WHERE seq = 2");
        assert!(step.contains(&"order_changed supervision_orders steps".to_owned()), "{step:?}");
        let gone = scene.after("DELETE FROM supervision_orders");
        assert!(gone.contains(&"counter_changed counters supervision_order 2026".to_owned()), "{gone:?}");
        assert!(gone.contains(&"dangling supervision_order_steps order_id".to_owned()), "{gone:?}");
        let body = "UPDATE report_snapshots SET body = replace(body, '2025', '2024')";
        scene.finds("snapshot", body, &["snapshot_changed report_snapshots body"]);
        scene.finds("snapshot gone", "DELETE FROM report_snapshots", &["snapshot_missing report_snapshots"]);
        let published = scene.after("DELETE FROM annual_reports");
        assert!(published.contains(&"dangling report_snapshots annual_reports".to_owned()), "{published:?}");
    });
}

#[test]
fn one_case_is_checked_by_itself_and_one_that_never_was_is_not_found() {
    on_both_databases(|database| {
        let mut scene = Scene::open(database);
        scene.raw.batch_execute("UPDATE cases SET title = '别的'").unwrap();
        let mut found = Vec::new();
        let case: CaseId = scene.cases[0].parse().unwrap();
        let done = scene.office().evidence().verify(Some(case), None, &mut |finding| found.push(finding)).unwrap();
        assert_eq!((done.cases, done.findings, found.len()), (1, 1, 1), "{found:?}");
        assert_eq!(found[0].id.as_deref(), Some(scene.cases[0].as_str()));
        assert_eq!((found[0].written.as_str(), found[0].expected.as_str()), ("别的", "某地块征收土地批复"));
        let none = scene.office().evidence().verify(Some(CaseId::new()), None, &mut |_| {});
        assert!(matches!(none, Err(OfficeError::NotFound)), "{none:?}");
    });
}
