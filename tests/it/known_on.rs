//! What was known when: lists, cases and logs as they were known on a day, and what was recorded late.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use gongkai::case::Role;
use gongkai::store::CaseId;

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::{copied_logs, copies, on_both_databases};

#[track_caller]
fn get(bureau: &Bureau, path: &str) -> Value {
    let reply = bureau.service.get(&format!("/api/v1{path}"), &bureau.head);
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json
}

const LISTS: [&str; 3] = ["due_soon", "overdue_open", "replied_late"];

/// The cases of the lists, each as list and due date.
fn listed(report: &Value) -> Vec<(&'static str, String)> {
    let of = |list: &'static str| {
        let rows = report[list]["items"].as_array().unwrap().iter();
        rows.map(move |row| (list, row["due_on"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    LISTS.into_iter().flat_map(of).collect()
}

/// Takes the mark of what changed since out of the rows, and counts it.
fn take_marks(report: &mut Value) -> usize {
    let mut marks = 0;
    for list in LISTS {
        for row in report[list]["items"].as_array_mut().unwrap() {
            marks += usize::from(row.as_object_mut().unwrap().remove("has_changed_since") == Some(json!(true)));
        }
    }
    marks
}

/// What the supervisor saw on a day stays provable whatever is recorded afterwards: today's view of the day changes, the
/// view as known on the day is the whole answer that was given on it, with the changed rows marked.
#[track_caller]
fn the_day_stays_provable(bureau: &Bureau, day: &str, recorded_on: &str, record: impl FnOnce()) {
    bureau.on(day);
    let (on_the_day, overview) = (get(bureau, "/overdue"), get(bureau, "/supervision/overview"));
    assert_eq!(on_the_day["known_on"], day);
    bureau.on(recorded_on);
    let before = get(bureau, &format!("/overdue?as_of={day}"));
    assert_eq!(listed(&before), listed(&on_the_day));
    record();
    let as_of = get(bureau, &format!("/overdue?as_of={day}"));
    assert_ne!(listed(&as_of), listed(&before), "what is known now of that day");
    assert_eq!(as_of["known_on"], recorded_on);
    let mut known = get(bureau, &format!("/overdue?as_of={day}&known_on={day}"));
    assert_eq!(take_marks(&mut known), 1, "{known}");
    assert_eq!(known, on_the_day, "what was answered on that day");
    let path = |known_on: &str| format!("/supervision/overview?as_of={day}{known_on}");
    assert_ne!(get(bureau, &path(""))["total"], overview["total"]);
    assert_eq!(get(bureau, &path(&format!("&known_on={day}"))), overview);
    bureau.verified();
}

/// One case that nobody touches any more, so that every list has a row that did not change.
fn untouched(bureau: &Bureau) {
    bureau.registered("2026-09-02");
}

#[test]
fn a_reply_recorded_after_its_day_changes_the_past_list_and_not_what_was_known() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        untouched(&bureau);
        let mut case = bureau.registered("2026-09-01");
        the_day_stays_provable(&bureau, "2026-10-13", "2026-10-20", || {
            let on = "2026-09-28";
            case.clerk("items", json!({ "on": on, "items": [{ "text": "征收批复" }] }));
            let outcome = json!({ "on": on, "outcome": "disclosed.provided", "reasons": "可以公开" });
            case.clerk("outcome", outcome).approve(on);
            case.clerk("reply", json!({ "on": on }));
            case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
        });
    });
}

#[test]
fn an_amendment_changes_the_past_list_and_not_what_was_known() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        untouched(&bureau);
        bureau.on("2026-09-21");
        // Handed in on the 21st, typed in as the 1st.
        let mut case = bureau.file(bureau.application("2026-09-01"));
        case.clerk("registration", json!({ "on": "2026-09-21" }));
        the_day_stays_provable(&bureau, "2026-10-13", "2026-10-14", || {
            let head = bureau.head.clone();
            let entries = json!([{ "seq": 1, "change": { "submitted_on": "2026-09-21", "title": "改过的标题" } }]);
            case.command(&head, "amendments", json!({ "reason": "录错", "entries": entries }));
            let leader = bureau.leader.clone();
            case.command(&leader, "amendments/1/confirmation", json!({}));
        });
    });
}

#[test]
fn a_case_made_void_leaves_the_past_list_and_not_what_was_known() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        untouched(&bureau);
        let mut case = bureau.registered("2026-09-01");
        the_day_stays_provable(&bureau, "2026-10-13", "2026-10-14", || {
            let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
            case.command(&head, "void", json!({ "reason": "误立案" }));
            case.command(&leader, "amendments/1/confirmation", json!({}));
        });
    });
}

#[test]
fn a_case_is_shown_as_it_was_known_with_its_log_its_clock_and_its_days() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-21");
        let mut case = bureau.file(bureau.application("2026-09-01"));
        case.clerk("registration", json!({ "on": "2026-09-21" }));
        let path = |below: &str| format!("/cases/{}{below}", case.id);
        let (shown, clock) = (get(&bureau, &path("")), get(&bureau, &path("/clock")));
        let (log, delay) = (get(&bureau, &path("/events")), get(&bureau, &path("/delay")));
        bureau.on("2026-09-22");
        let head = bureau.head.clone();
        let entries = json!([{ "seq": 1, "change": { "submitted_on": "2026-09-21", "title": "改过的标题" } }]);
        let id = case.id.clone();
        case.command(&head, "amendments", json!({ "reason": "录错", "entries": entries }));
        let path = |below: &str| format!("/cases/{id}{below}");
        let day = "as_of=2026-09-21&known_on=2026-09-21";
        let mut known = get(&bureau, &path(&format!("?{day}")));
        assert_eq!((&known["as_of"], &known["known_on"]), (&json!("2026-09-21"), &json!("2026-09-21")));
        let mut shown = shown;
        for (view, of_today) in [(&mut known, false), (&mut shown, true)] {
            let view = view.as_object_mut().unwrap();
            assert_eq!(view.remove("as_of").is_none(), of_today);
            view.remove("known_on");
            assert_eq!(view.remove("actions").unwrap().as_array().unwrap().is_empty(), !of_today);
        }
        assert_eq!(known, shown);
        let now = get(&bureau, &path("?as_of=2026-09-21"));
        assert_eq!((&now["title"], &now["clock"]["due"]), (&json!("改过的标题"), &json!("2026-10-26")));
        assert_eq!((&known["title"], &known["clock"]["due"]), (&json!("某地块征收土地批复"), &clock["due"]));
        assert_eq!(get(&bureau, &path(&format!("/clock?{day}"))), clock);
        assert_eq!(get(&bureau, &path(&format!("/delay?{day}"))), delay);
        let mut known_log = get(&bureau, &path("/events?known_on=2026-09-21"));
        let mut log = log;
        for event in known_log.as_array_mut().unwrap().iter_mut().chain(log.as_array_mut().unwrap()) {
            event.as_object_mut().unwrap().retain(|name, _| !name.contains("amendable"));
        }
        assert_eq!(known_log, log);
        assert_eq!(get(&bureau, &path("/events")).as_array().unwrap().len(), log.as_array().unwrap().len() + 1);
        // A past view has no version to send back.
        let reply = bureau.service.get(&format!("/api/v1{}", path("?known_on=2026-09-21")), &bureau.head);
        assert!(reply.headers.get("etag").is_none(), "{reply:?}");
        // Known on a day about a later one: what was expected of it.
        let ahead = get(&bureau, &path("/clock?as_of=2026-09-22&known_on=2026-09-21"));
        assert_eq!((&ahead["due"], &ahead["known_on"]), (&clock["due"], &json!("2026-09-21")));
    });
}

#[test]
fn before_it_was_recorded_there_was_no_case_and_tomorrows_knowledge_is_refused() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-21");
        let case = bureau.file(bureau.application("2026-09-01"));
        let service = &bureau.service;
        for below in ["", "/clock", "/events", "/delay"] {
            let path = |known_on: &str| format!("/api/v1/cases/{}{below}?known_on={known_on}", case.id);
            assert_eq!(service.get(&path("2026-09-20"), &bureau.head).problem(), (404, "not_found"), "{below}");
            assert_eq!(service.get(&path("2026-09-21"), &bureau.head).status, 200, "{below}");
            let ahead = service.get(&path("2026-09-22"), &bureau.head);
            assert_eq!((ahead.status, ahead.fields()), (422, vec![("?known_on", "in_the_future")]), "{below}");
        }
        for path in ["/api/v1/overdue", "/api/v1/supervision/overview"] {
            let ahead = service.get(&format!("{path}?known_on=2026-09-22"), &bureau.head);
            assert_eq!((ahead.status, ahead.fields()), (422, vec![("?known_on", "in_the_future")]), "{path}");
        }
        let ahead = service.get(&format!("/api/v1/cases/{}?as_of=2026-09-22", case.id), &bureau.head);
        assert_eq!((ahead.status, ahead.fields()), (422, vec![("?as_of", "in_the_future")]));
        // It had come in on the first, and nobody knew.
        let of = |query: &str| {
            get(&bureau, &format!("/supervision/overview?as_of=2026-09-18{query}"))["total"]["open"].clone()
        };
        assert_eq!((of(""), of("&known_on=2026-09-18")), (json!(1), json!(0)));
    });
}

#[test]
fn what_was_known_is_read_with_the_same_number_of_statements_however_many_cases_changed_since() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        bureau.service.office.calendars().adopt_calendars().unwrap();
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-10-20");
        case.clerk("contacts", json!({ "on": "2026-10-20", "means": "电话", "result": "reached" }));
        let store = bureau.service.office.store();
        let count = |path: &str| {
            let before = store.statements();
            let report = get(&bureau, path);
            (store.statements() - before, report["totals"]["overdue_open"].clone())
        };
        let (list, overview) = (
            "/overdue?as_of=2026-10-13&known_on=2026-10-13",
            "/supervision/overview?as_of=2026-10-13&known_on=2026-10-13",
        );
        count(list);
        let one = (count(list), count(overview).0);
        assert_eq!(one.0.1, 1);
        let mut raw = database.raw();
        copies(&mut raw, CaseId(case.id.parse().unwrap()), bureau.organ, 70, None);
        copied_logs(&mut raw, CaseId(case.id.parse().unwrap()), 70);
        let many = (count(list), count(overview).0);
        assert_eq!(many.0.1, 71);
        assert_eq!((one.0.0, one.1), (many.0.0, many.1));
        assert!(one.0.0 <= 15 && one.1 <= 11, "{one:?}");
    });
}

/// Two applications typed in late around the holidays of the National Day 2026, one in time.
fn typed_in_late(bureau: &Bureau) -> Vec<CaseAt<'_>> {
    bureau.on("2026-10-08");
    let in_time = bureau.file(bureau.application("2026-09-28"));
    bureau.on("2026-10-09");
    let late = bureau.file(bureau.application("2026-09-28"));
    let mut later = bureau.file(bureau.application("2026-09-25"));
    later.clerk("registration", json!({ "on": "2026-10-09" }));
    vec![in_time, late, later]
}

#[test]
fn what_is_typed_in_more_than_three_working_days_late_is_marked_in_the_log_and_in_the_files_of_cases_and_ledger() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-28");
        let cases = typed_in_late(&bureau);
        let marks = |case: &CaseAt<'_>| -> Vec<Value> {
            let log = get(&bureau, &format!("/cases/{}/events", case.id));
            log.as_array().unwrap().iter().map(|event| event["recorded_late"].clone()).collect()
        };
        let (none, four) = (Value::Null, json!("补录，晚4个工作日"));
        assert_eq!(marks(&cases[0]), [none.clone(), none.clone()], "the third working day, after the holidays");
        assert_eq!(marks(&cases[1]), [four.clone(), four.clone()], "the receipt and the day that follows from it");
        assert_eq!(marks(&cases[2])[2], none, "registered on its day");
        assert!(marks(&cases[2])[0].as_str().unwrap().starts_with("补录，晚"));
        let csv = |path: &str| {
            let (_, bytes) = bureau.service.download(path, &bureau.clerk, "text/csv");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let exported = csv("/api/v1/cases?format=csv");
        assert_eq!(exported.matches("补录，晚").count(), 2, "{exported}");
        let ledger = csv(&format!("/api/v1/organs/{}/ledger?format=csv", bureau.organ.0));
        assert_eq!(ledger.matches("收件：补录，晚").count(), 2, "{ledger}");
    });
}

/// Imports a ledger, so that its cases are there.
#[track_caller]
fn import(bureau: &Bureau, text: &str) {
    let (content, base) = (STANDARD.encode(text), format!("/api/v1/organs/{}/ledger", bureau.organ.0));
    let body = json!({ "content": content });
    let shown = bureau.service.call("POST", &format!("{base}/preview"), &bureau.clerk, Some(body));
    let body = json!({ "content": content, "confirmation": shown.json["confirmation"] });
    let imported = bureau.service.create(&format!("{base}/imports"), &bureau.clerk, body);
    assert_eq!((imported.status, &imported.json["created"]), (201, &json!(1)), "{imported:?}");
}

#[test]
fn late_records_are_counted_by_organ_and_by_person_and_imports_and_void_cases_are_none() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-28");
        let mut cases = typed_in_late(&bureau);
        import(&bureau, "收到日期,申请人类型,申请内容\n2026-09-01,自然人,某信息\n");
        let list = get(&bureau, "/cases");
        let lines = list["items"].as_array().unwrap();
        let (_, file) = bureau.service.download("/api/v1/cases?format=csv", &bureau.clerk, "text/csv");
        let marked = String::from_utf8_lossy(&file).matches("补录，晚").count();
        assert_eq!((lines.len(), marked), (4, 2), "what was imported is not marked");
        let imported = lines.iter().find(|line| line["received_on"] == "2026-09-01").unwrap()["id"].as_str().unwrap();
        for event in get(&bureau, &format!("/cases/{imported}/events")).as_array().unwrap() {
            assert_eq!(event["recorded_late"], Value::Null, "{event}");
        }
        let report = get(&bureau, "/supervision/late-records");
        assert_eq!((&report["from"], &report["until"]), (&json!("2026-01-01"), &json!("2026-10-09")));
        assert_eq!(
            (&report["total"], &report["is_complete"], &report["is_capped"]),
            (&json!(2), &json!(true), &json!(false))
        );
        let organ = &report["organs"][0];
        assert_eq!((&organ["organ_code"], &organ["total"], &organ["cases"]), (&json!("zrzy"), &json!(2), &json!(2)));
        let person = &report["people"][0];
        assert_eq!((&person["recorded_by_id"], &person["total"]), (&json!(bureau.clerk_id.0), &json!(2)));
        let items = report["items"].as_array().unwrap();
        let row = items.iter().find(|row| row["case_id"] == cases[1].id.as_str()).unwrap();
        assert_eq!(
            (&row["on"], &row["recorded_on"], &row["late_by"], &row["recorded_late"], &row["kind"]["label"]),
            (&json!("2026-09-28"), &json!("2026-10-09"), &json!(4), &json!("补录，晚4个工作日"), &json!("收件"))
        );
        assert_eq!(row["recorded_by"], person["recorded_by"]);
        let total = |query: &str| get(&bureau, &format!("/supervision/late-records{query}"))["total"].clone();
        assert_eq!(total("?until=2026-10-08"), 0, "nothing was recorded late by then");
        assert_eq!(total("?from=2026-10-09"), 2);
        assert_eq!(get(&bureau, "/supervision/late-records?limit=1")["items"].as_array().unwrap().len(), 1);
        let fields = |query: &str| {
            let reply = bureau.service.get(&format!("/api/v1/supervision/late-records{query}"), &bureau.head);
            let fields: Vec<String> = reply.fields().iter().map(|(at, code)| format!("{at} {code}")).collect();
            (reply.status, fields)
        };
        assert_eq!(fields("?until=2026-10-10"), (422, vec!["?until in_the_future".to_owned()]));
        assert_eq!(fields("?from=2026-10-09&until=2026-10-08"), (422, vec!["?from after_until".to_owned()]));
        // A void case is in no list.
        let head = bureau.head.clone();
        cases[1].command(&head, "void", json!({ "reason": "误立案" }));
        assert_eq!(total(""), 1);
        let handler = bureau.service.user_token("chengban", bureau.organ, &[Role::Handler]);
        let reply = bureau.service.get("/api/v1/supervision/late-records", &handler);
        assert_eq!(reply.json["total"].as_u64(), None, "{reply:?}");
    });
}

#[test]
fn late_records_are_read_with_the_same_number_of_statements_however_many_there_are() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-28");
        bureau.service.office.calendars().adopt_calendars().unwrap();
        bureau.on("2026-10-09");
        let late = bureau.file(bureau.application("2026-09-28"));
        let store = bureau.service.office.store();
        let count = |path: &str| {
            let before = store.statements();
            let report = get(&bureau, path);
            (store.statements() - before, report)
        };
        let path = "/supervision/late-records";
        count(path);
        let (one, list) = (count(path), count("/cases").0);
        assert_eq!(one.1["total"], 1);
        let mut raw = database.raw();
        copies(&mut raw, CaseId(late.id.parse().unwrap()), bureau.organ, 70, None);
        copied_logs(&mut raw, CaseId(late.id.parse().unwrap()), 70);
        let many = count(path);
        assert_eq!(many.1["total"], 71);
        assert_eq!((one.0, list), (many.0, count("/cases").0));
        assert!(one.0 <= 11 && list <= 8, "{} {list}", one.0);
    });
}
