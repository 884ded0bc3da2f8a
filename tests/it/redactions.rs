//! A text that should not be in a log is erased from it and from everything made of it, and the chain still verifies
//! (个人信息保护法第四十七条).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::store::cases::events;
use gongkai::store::{CaseId, Db};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::{TestDatabase, day, on_both_databases};

/// What was typed into the title by mistake.
const NUMBER: &str = "110105199003071230";

fn title() -> String {
    format!("王某（身份证号{NUMBER}）申请公开拆迁补偿方案")
}

fn filed<'a>(bureau: &'a Bureau, key: &str) -> (CaseAt<'a>, Value) {
    let mut application = bureau.application("2024-03-01");
    application["title"] = json!(title());
    let sent = bureau.service.call_with(
        "POST",
        "/api/v1/cases",
        &bureau.clerk,
        &[("idempotency-key", key)],
        Some(application.clone()),
    );
    assert_eq!(sent.status, 201, "{sent:?}");
    let mut case = CaseAt { bureau, id: sent.json["id"].as_str().unwrap().to_owned(), last: sent };
    case.clerk("registration", json!({ "on": "2024-03-01" }));
    (case, application)
}

fn key_of(case: &CaseAt<'_>) -> CaseId {
    CaseId(case.id.parse().unwrap())
}

/// Erases a text as the head; the answer must be 200.
#[track_caller]
fn erase(case: &mut CaseAt<'_>, pointer: &str) -> Value {
    let head = case.bureau.head.clone();
    let body = json!({ "seq": 1, "pointer": pointer, "reason": "标题中误录了证件号码" });
    case.command(&head, "redactions", body);
    case.last.json.clone()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Everything the database holds: of SQLite the bytes of its files, free pages included; of PostgreSQL every row.
fn holds(database: &TestDatabase, text: &str) -> Vec<String> {
    if let Some(path) = database.options.url.strip_prefix("sqlite:") {
        let has = |name: &String| {
            let bytes = std::fs::read(name).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        return [path.to_owned(), format!("{path}-wal")].into_iter().filter(has).collect();
    }
    let Db::Pg(mut db) = database.raw() else { unreachable!() };
    let tables: Vec<Line> =
        diesel::sql_query("SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'")
            .load(&mut db)
            .unwrap();
    let mut found = Vec::new();
    for Line { line: table } in tables {
        let sql = format!("SELECT '{table}' AS line FROM \"{table}\" t WHERE strpos(t::text, '{text}') > 0");
        found.extend(diesel::sql_query(sql).load::<Line>(&mut db).unwrap().into_iter().map(|row| row.line));
    }
    found
}

#[test]
fn an_erased_text_is_nowhere_in_the_database_and_the_chain_verifies() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (mut case, application) = filed(&bureau, "once");
        assert!(!holds(database, NUMBER).is_empty());
        let shown = erase(&mut case, "/title");
        assert_eq!((&shown["title"], &shown["version"]), (&json!("〔已删除〕"), &json!(4)));
        let id = key_of(&case);
        let store = bureau.service.office.store();
        assert_eq!(store.read(|db| events::verify(db, id)).unwrap(), None);
        let log = store.read(|db| events::load(db, id)).unwrap();
        assert!(log[0].body.contains("\"title\":\"〔已删除〕\""), "{}", log[0].body);
        assert_eq!(holds(database, NUMBER), Vec::<String>::new());
        // The answer to the same filing is repeated without the text.
        let again = bureau.service.call_with(
            "POST",
            "/api/v1/cases",
            &bureau.clerk,
            &[("idempotency-key", "once")],
            Some(application),
        );
        assert_eq!((again.status, again.json["id"].as_str()), (201, Some(case.id.as_str())), "{again:?}");
        assert_eq!(again.json["title"], "〔已删除〕");
        for path in [case.path(""), case.path("events"), "/api/v1/cases".to_owned()] {
            let shown = bureau.service.get(&path, &bureau.head);
            assert_eq!(shown.status, 200, "{path}: {shown:?}");
            assert!(!shown.text.contains(NUMBER) && shown.text.contains("〔已删除〕"), "{path}: {}", shown.text);
        }
        let organ = bureau.organ.0;
        let export = bureau.service.get(&format!("/api/v1/organs/{organ}/ledger?format=csv"), &bureau.head);
        assert!(export.status == 200 && !export.text.contains(NUMBER), "{export:?}");
        // An archive of PostgreSQL is compressed; it is made of the rows that were looked through above.
        if database.name == "sqlite" {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("after.bak");
            gongkai::store::carry::backup(&database.options, &file, false).unwrap();
            let bytes = std::fs::read(&file).unwrap();
            assert!(
                !bytes.windows(NUMBER.len()).any(|window| window == NUMBER.as_bytes()),
                "in a backup made after it"
            );
        }
        let events = bureau.service.get(&case.path("events"), &bureau.head).json;
        let last = events.as_array().unwrap().last().unwrap();
        assert_eq!((&last["kind"]["code"], &last["body"]["pointer"]), (&json!("redacted"), &json!("/title")));
        assert_eq!(last["body"]["reason"], "标题中误录了证件号码");
    });
}

/// The answer to a filing is found again by a keyed hash of its body. A bare one would let the text be guessed back.
#[test]
fn no_bare_hash_of_a_body_is_kept() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (_, application) = filed(&bureau, "once");
        let sql = "SELECT fingerprint AS line FROM idempotency_keys WHERE key = 'once'";
        let kept: Vec<Line> = match database.raw() {
            Db::Lite(mut db) => diesel::sql_query(sql).load(&mut db).unwrap(),
            Db::Pg(mut db) => diesel::sql_query(sql).load(&mut db).unwrap(),
        };
        let bare = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, application.to_string().as_bytes());
        assert_eq!(kept.len(), 1);
        assert_ne!(kept[0].line, hex::encode(bare));
    });
}

/// A title that was made of the request goes with it, from the subjects of mails as well.
#[test]
fn a_request_is_erased_with_the_title_that_was_made_of_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut application = bureau.application("2024-03-01");
        application["request"] = json!(format!("{}\n另附材料", title()));
        application["title"] = json!(title());
        let mut case = bureau.file(application);
        case.clerk("registration", json!({ "on": "2024-03-01" }));
        bureau.on("2024-03-27");
        bureau.service.office.reminders().mailroom().unwrap().remind(day("2024-03-27"), None).unwrap();
        let shown = erase(&mut case, "/request");
        assert_eq!((&shown["title"], &shown["request"]), (&json!("〔已删除〕"), &json!("〔已删除〕")));
        assert_eq!(holds(database, NUMBER), Vec::<String>::new());
    });
}

#[test]
fn the_dates_of_a_case_are_the_same_after_an_erasure_and_it_can_be_worked_on() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (mut case, _) = filed(&bureau, "once");
        let before = bureau.service.get(&case.path(""), &bureau.clerk).json;
        erase(&mut case, "/request");
        let after = bureau.service.get(&case.path(""), &bureau.clerk).json;
        for member in ["clock", "receipt", "number", "stage", "title"] {
            assert_eq!(after[member], before[member], "{member}");
        }
        case.last = bureau.service.get(&case.path(""), &bureau.clerk);
        case.clerk("contacts", json!({ "on": "2024-03-01", "means": "电话", "result": "reached" }));
        assert_eq!(bureau.service.office.store().read(|db| events::verify(db, key_of(&case))).unwrap(), None);
    });
}

#[test]
fn a_mail_that_waits_is_withdrawn_and_written_anew_without_the_text() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (mut case, _) = filed(&bureau, "once");
        bureau.on("2024-03-27");
        let room = bureau.service.office.reminders().mailroom().unwrap();
        room.remind(day("2024-03-27"), None).unwrap();
        let mails = |state: &str| {
            let sql = format!("SELECT subject AS line FROM outbox WHERE state = '{state}'");
            let lines: Vec<Line> = match database.raw() {
                Db::Lite(mut db) => diesel::sql_query(sql).load(&mut db).unwrap(),
                Db::Pg(mut db) => diesel::sql_query(sql).load(&mut db).unwrap(),
            };
            lines.into_iter().map(|found| found.line).collect::<Vec<_>>()
        };
        let queued = mails("queued").len();
        assert!(queued > 0, "a duty is due soon");
        erase(&mut case, "/title");
        let noted = "SELECT detail AS line FROM audit_log WHERE action = 'case.redacted'";
        let noted: Vec<Line> = match database.raw() {
            Db::Lite(mut db) => diesel::sql_query(noted).load(&mut db).unwrap(),
            Db::Pg(mut db) => diesel::sql_query(noted).load(&mut db).unwrap(),
        };
        let erased = json!({ "withdrawn_mails": queued, "mails_left": 0, "answers": 1 });
        let expected = json!({ "seq": 1, "pointer": "/title", "erased": erased });
        assert_eq!(noted.iter().map(|row| row.line.parse::<Value>().unwrap()).collect::<Vec<_>>(), [expected]);
        assert_eq!((mails("queued").len(), mails("cancelled").len()), (0, queued));
        assert_eq!(holds(database, NUMBER), Vec::<String>::new());
        let bytes: Vec<Line> = match database.raw() {
            Db::Lite(mut db) => {
                diesel::sql_query("SELECT dedupe_key AS line FROM outbox WHERE length(message) > 0").load(&mut db)
            }
            Db::Pg(mut db) => {
                diesel::sql_query("SELECT dedupe_key AS line FROM outbox WHERE length(message) > 0").load(&mut db)
            }
        }
        .unwrap();
        assert!(bytes.is_empty(), "of withdrawn mails only the digest stays");
        room.remind(day("2024-03-27"), None).unwrap();
        assert_eq!(mails("queued").len(), queued, "the same people are told again");
    });
}

#[test]
fn only_free_text_of_an_event_of_this_case_can_be_erased_by_the_head_who_saw_the_last_version() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (case, _) = filed(&bureau, "once");
        let before = bureau.service.get(&case.path("events"), &bureau.head).text;
        let ask = |token: &str, seq: i32, pointer: &str, reason: &str| {
            case.try_command(token, "redactions", json!({ "seq": seq, "pointer": pointer, "reason": reason }))
        };
        let head = bureau.head.as_str();
        for (seq, pointer, reason, field) in [
            (1, "/submitted_on", "误录了证件号码", ("/pointer", "not_free_text")),
            (1, "/channel", "误录了证件号码", ("/pointer", "not_free_text")),
            (3, "/number", "误录了证件号码", ("/pointer", "not_free_text")),
            (1, "/misdirected", "误录了证件号码", ("/pointer", "no_text")),
            (1, "/nothing", "误录了证件号码", ("/pointer", "no_text")),
            (9, "/title", "误录了证件号码", ("/seq", "unknown_event")),
            (1, "/title", " ", ("/reason", "required")),
            (1, "/title", "误", ("/reason", "too_vague")),
        ] {
            let reply = ask(head, seq, pointer, reason);
            assert_eq!((reply.status, reply.fields()), (422, vec![field]), "{pointer}: {reply:?}");
        }
        let part = ask(head, 1, "/title", "标题中误录了071230");
        assert_eq!(part.fields(), [("/reason", "repeats_text")], "the part that tells a person");
        let repeats = ask(head, 1, "/title", &format!("删除误录的“{}”", title()));
        assert_eq!(repeats.fields(), [("/reason", "repeats_text")]);
        assert_eq!(ask(&bureau.clerk, 1, "/title", "误录了证件号码").problem(), (403, "role_required"));
        let other = bureau.service.organ("other", None);
        let stranger = bureau.service.user_token("stranger", other, &[gongkai::case::Role::OfficeHead]);
        assert_eq!(ask(&stranger, 1, "/title", "误录了证件号码").problem(), (404, "not_found"));
        let stale = bureau.service.call_with(
            "POST",
            &case.path("redactions"),
            head,
            &[("if-match", "\"1\"")],
            Some(json!({ "seq": 1, "pointer": "/title", "reason": "误录证件号码" })),
        );
        assert_eq!(stale.problem(), (412, "stale"));
        assert_eq!(bureau.service.get(&case.path("events"), head).text, before, "nothing changed");
    });
}

#[test]
fn a_payload_that_is_changed_after_an_erasure_is_found() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (mut case, _) = filed(&bureau, "once");
        erase(&mut case, "/title");
        let id = key_of(&case);
        let found = |sql: &str| {
            let mut raw = database.raw();
            raw.batch_execute(match raw {
                Db::Pg(_) => "ALTER TABLE case_events DISABLE TRIGGER USER",
                Db::Lite(_) => {
                    "DROP TRIGGER IF EXISTS case_events_no_update; DROP TRIGGER IF EXISTS case_events_no_delete"
                }
            })
            .unwrap();
            let mut found = None;
            let _ = raw.transaction::<(), diesel::result::Error, _>(|db| {
                db.batch_execute(sql)?;
                found = Some(events::verify(db, id).unwrap());
                Err(diesel::result::Error::RollbackTransaction)
            });
            found.unwrap()
        };
        for change in [
            "UPDATE case_events SET body = replace(body, '2024-03-01', '2024-03-04') WHERE seq = 1",
            "UPDATE case_events SET body = replace(body, '〔已删除〕', '别的标题') WHERE seq = 1",
            "UPDATE case_events SET salt = prev_hash WHERE seq = 1",
        ] {
            assert_eq!(found(change), Some(1), "{change}");
        }
        assert_eq!(found("DELETE FROM case_events WHERE seq = 4"), Some(1), "the erasure itself was removed");
    });
}

#[test]
fn the_database_refuses_every_other_change_of_an_event() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let (case, _) = filed(&bureau, "once");
        let id = &case.id;
        for set in [
            "body = '{}'",
            "kind = 'closed'",
            "entry = 7",
            "recorded_at = '2024-01-01T00:00:00.000000Z'",
            "actor_id = NULL",
        ] {
            let sql = format!("UPDATE case_events SET {set} WHERE case_id = '{id}' AND seq = 1");
            let refused = database.raw().batch_execute(&sql).unwrap_err().to_string();
            assert!(refused.contains("case_events is append-only"), "{set}: {refused}");
        }
    });
}
