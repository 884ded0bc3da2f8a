//! What came back was not served: the duty comes back with it, and everybody is told the same day of the reply.

use gongkai::store::cases;
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::{day, on_both_databases};

/// A case received on 2026-09-10, due on 2026-10-14, with its reply issued on 2026-09-11.
fn issued(bureau: &Bureau) -> CaseAt<'_> {
    let mut case = bureau.registered("2026-09-10");
    bureau.on("2026-09-11");
    case.clerk("outcome", json!({ "on": "2026-09-11", "outcome": "disclosed.provided", "reasons": "依法公开" }));
    case.approve("2026-09-11");
    case.clerk("reply", json!({ "on": "2026-09-11" }));
    case
}

fn returned(on: &str) -> Value {
    json!({ "on": on, "result": "returned" })
}

/// A running duty of the case as its reader sees it: last day, day to look after it.
fn open(case: &mut CaseAt<'_>, key: &str) -> Option<(Value, Value)> {
    case.now();
    let found = case.last.json["obligations"].as_array().unwrap().iter().find(|duty| duty["key"] == key)?.clone();
    (found["status"] == "open").then(|| (found["due_on"].clone(), found["follow_up_on"].clone()))
}

/// What a pass of that day would tell of the case: duty and where it stands.
fn told(bureau: &Bureau, on: &str) -> Vec<String> {
    bureau.on(on);
    let seen = bureau.service.office.reminders().mailroom().unwrap().preview(day(on)).unwrap();
    let mut lines: Vec<String> = seen.queued.iter().map(|line| format!("{} {}", line.duty, line.says())).collect();
    lines.dedup();
    lines
}

#[test]
fn a_returned_letter_is_owed_again_until_it_is_served() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let mut case = issued(&bureau);
        case.clerk("dispatches", json!({ "method": "post", "on": "2026-09-11", "carrier": "EMS" }));
        bureau.on("2026-09-20");
        case.clerk("service-proofs", returned("2026-09-20"));
        assert_eq!(open(&mut case, "redelivery:1"), Some((Value::Null, json!("2026-09-20"))));
        assert_eq!(open(&mut case, "service_proof"), None);
        assert_eq!(case.last.json["reply"]["came_back"], json!([{ "dispatch": 1, "on": "2026-09-20" }]));
        // Weeks later it is still told of, and the file is not put away.
        let lines = told(&bureau, "2026-12-01");
        assert!(lines.iter().any(|line| line.starts_with("重新送达 核查日2026-09-20")), "{lines:?}");
        let archive = json!({ "on": "2026-12-01", "file_number": "1" });
        assert_eq!(case.refused(&bureau.clerk, "archive", archive.clone()).0, "service_not_proved");
        let proof = json!({ "on": "2026-12-01", "result": "signed" });
        assert_eq!(case.refused(&bureau.clerk, "service-proofs", proof.clone()).0, "redelivery_required");
        let feed = bureau.service.feed(&bureau.head);
        let shown = bureau.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None).text;
        let shown = shown.replace("\r\n ", "");
        assert!(shown.contains("SUMMARY:重新送达") && shown.contains("核查日：2026-09-20"), "{shown}");
        case.clerk("dispatches", json!({ "method": "post", "on": "2026-12-01", "carrier": "EMS" }));
        assert_eq!(open(&mut case, "redelivery:1"), None);
        assert_eq!(open(&mut case, "service_proof"), Some((Value::Null, json!("2026-12-15"))));
        case.clerk("service-proofs", proof);
        case.clerk("archive", archive);
        // For its timeliness the day of the first posting counts (D14).
        assert_eq!(case.last.json["reply"]["replied_on"], "2026-09-11");
    });
}

#[test]
fn a_bounced_message_is_no_reply_and_case_log_clock_lists_and_report_say_so() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let service = &bureau.service;
        let mut case = issued(&bureau);
        bureau.on("2026-10-09");
        case.clerk("dispatches", json!({ "method": "electronic", "on": "2026-10-08" }));
        case.is("replied", "met", Some("2026-10-14"));
        case.clerk("service-proofs", returned("2026-10-09"));
        case.is("approved", "running", Some("2026-10-14"));
        assert_eq!(open(&mut case, "reply"), Some((json!("2026-10-14"), Value::Null)));
        assert_eq!(open(&mut case, "redelivery:1"), Some((Value::Null, json!("2026-10-09"))));
        bureau.on("2026-10-15");
        let late = service.get("/api/v1/overdue", &bureau.supervisor).json;
        assert_eq!(late["overdue_open"]["total"], 1, "{late}");
        case.clerk("dispatches", json!({ "method": "electronic", "on": "2026-10-15" }));
        bureau.on("2026-10-23");
        case.clerk("service-proofs", json!({ "on": "2026-10-23", "result": "electronic_receipt" }));
        case.is("served", "met_late", Some("2026-10-14"));
        assert_eq!(case.last.json["reply"]["replied_on"], "2026-10-15");
        assert_eq!(case.last.json["ended_on"], "2026-10-15");
        let id = gongkai::store::CaseId(case.id.parse().unwrap());
        let row = service.office.store().read(|db| cases::find(db, id)).unwrap();
        assert_eq!(
            (row.replied_on, row.closed_on, row.is_late),
            (Some(day("2026-10-15")), Some(day("2026-10-15")), true)
        );
        let log = service.get(&case.path("events"), &bureau.clerk).json;
        let said: Vec<(&str, &Value)> = log
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["body"].get("replied_on").is_some())
            .map(|event| (event["kind"]["code"].as_str().unwrap(), &event["body"]["replied_on"]))
            .collect();
        let (first, last) = (json!("2026-10-08"), json!("2026-10-15"));
        assert_eq!(
            said,
            [
                ("dispatched", &first),
                ("service_proved", &Value::Null),
                ("dispatched", &last),
                ("service_proved", &last)
            ]
        );
        let late = service.get("/api/v1/overdue", &bureau.supervisor).json;
        assert_eq!(late["replied_late"]["items"][0]["replied_on"], "2026-10-15", "{late}");
        // Computed again from the log it is the same.
        assert_eq!(service.office.calendars().check_clocks().unwrap().1, vec![]);
    });
}

#[test]
fn on_a_day_of_rest_after_the_last_day_nothing_is_zero_working_days_late() {
    on_both_databases(|database| {
        // Due on Friday 2024-03-29.
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let lines = told(&bureau, "2024-03-31");
        let reply: Vec<&String> = lines.iter().filter(|line| line.starts_with("答复申请人")).collect();
        assert_eq!(reply, ["答复申请人 期限2024-03-29  已过届满日，今天不是工作日"]);
        let feed = bureau.service.feed(&bureau.head);
        let shown = bureau.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None).text;
        assert!(shown.replace("\r\n ", "").contains("已过届满日，今天不是工作日"), "{shown}");
        let clock = bureau.service.get(&case.path("clock"), &bureau.clerk).text;
        assert!(clock.contains("已过届满日2日，其间没有工作日") && !clock.contains("（0个工作日）"), "{clock}");
    });
}

#[test]
fn who_signed_is_read_with_a_reason_and_elsewhere_only_the_relation_is_shown() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let mut case = issued(&bureau);
        case.clerk("dispatches", json!({ "method": "direct", "on": "2026-09-11" }));
        let proof = json!({ "on": "2026-09-11", "result": "signed", "signatory": "王大明 母亲 代收" });
        case.clerk("service-proofs", proof);
        for reader in [&bureau.clerk, &bureau.supervisor] {
            let seen = bureau.service.get(&case.path(""), reader);
            assert_eq!(seen.json["reply"]["proof"]["signatory"], "** 母亲 代收", "{seen:?}");
            let log = bureau.service.get(&case.path("events"), reader);
            assert!(!log.text.contains("王大明") && log.text.contains("** 母亲 代收"), "{log:?}");
        }
        let path = case.path("applicant/reveal");
        let body = json!({ "reason": "应诉举证：送达回证" });
        let revealed = bureau.service.call("POST", &path, &bureau.clerk, Some(body.clone()));
        assert_eq!(
            revealed.json["signatories"],
            json!([{ "on": "2026-09-11", "result": "signed", "signatory": "王大明 母亲 代收" }]),
            "{revealed:?}"
        );
        assert_eq!(revealed.json["name"], "王小明");
        for other in [&bureau.supervisor, &bureau.reviewer, &bureau.leader] {
            let refused = bureau.service.call("POST", &path, other, Some(body.clone()));
            assert_eq!(refused.problem(), (403, "role_required"));
        }
        let entries = bureau.service.office.store().read(|db| {
            use gongkai::store::evidence::audit::{AuditFilter, list};
            list(
                db,
                &AuditFilter { action: Some(gongkai::case::AuditAction::ApplicantRevealed), ..Default::default() },
                None,
                10,
            )
        });
        assert_eq!(entries.unwrap().len(), 1, "each reading is recorded");
    });
}

#[test]
fn a_split_case_shows_its_parts_and_a_merged_one_where_it_went() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut parent = bureau.registered("2024-03-01");
        let part = |title: &str| json!({ "title": title, "request": format!("公开{title}") });
        parent.clerk("split", json!({ "on": "2024-03-01", "parts": [part("批复"), part("协议")] }));
        let links = parent.last.json["links"].as_array().unwrap().clone();
        assert_eq!(links.len(), 2, "{links:?}");
        for link in &links {
            assert_eq!((&link["relation"], &link["on"]), (&json!("split_into"), &json!("2024-03-01")));
            let path = format!("/api/v1/cases/{}", link["other_case"].as_str().unwrap());
            let back = bureau.service.get(&path, &bureau.clerk).json["links"].clone();
            assert_eq!(back, json!([{ "on": "2024-03-01", "other_case": parent.id, "relation": "split_from" }]));
        }
        let (target, mut merged) = (bureau.registered("2024-03-01"), bureau.registered("2024-03-01"));
        merged.clerk("merge", json!({ "on": "2024-03-01", "into_case": target.id, "reason": "同一申请" }));
        let tie = json!([{ "on": "2024-03-01", "other_case": target.id, "relation": "merged_into" }]);
        assert_eq!(merged.last.json["links"], tie);
        // Neither is entered by hand.
        let other = bureau.registered("2024-03-01");
        for relation in ["split_into", "merged_into"] {
            let tie = json!({ "on": "2024-03-01", "other_case": target.id, "relation": relation });
            assert_eq!(other.refused(&bureau.clerk, "links", tie).0, "link_by_command");
        }
    });
}
