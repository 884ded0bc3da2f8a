//! A case that was recorded by mistake, or twice, counts nowhere.

use serde_json::json;

use super::mistakes::{overdue, report};
use crate::support::bureau::Bureau;
use crate::support::codes;
use crate::support::on_both_databases;

#[test]
fn a_case_recorded_twice_is_in_no_list_and_in_no_report_and_keeps_its_number() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let first = bureau.registered("2026-11-02");
        let (one, lists) = (report(&bureau), overdue(&bureau, "2026-11-02"));
        let mut twice = bureau.registered("2026-11-02");
        assert_ne!(report(&bureau), one);
        let head = bureau.head.clone();
        bureau.on("2026-11-03");
        let clerk = bureau.clerk.clone();
        let void = json!({ "reason": "重复录入", "replaced_by": first.id });
        assert_eq!(twice.refused(&clerk, "void", void.clone()).0, "amendment_needs_head");
        let other = json!({ "reason": "重复录入", "replaced_by": twice.id });
        assert_eq!(twice.try_command(&head, "void", other).json["errors"][0]["pointer"], "/replaced_by");
        twice.command(&head, "void", void.clone());
        let shown = &twice.last.json;
        assert_eq!((&shown["stage"]["code"], &shown["stage"]["label"]), (&json!("void"), &json!("作废")));
        assert_eq!((&shown["void"]["replaced_by"], &shown["clock"]), (&json!(first.id), &json!(null)));
        assert_eq!(shown["number"].as_str(), Some("依申请〔2026〕2号"));
        assert_eq!(shown["obligations"], json!([]));
        assert_eq!((report(&bureau), overdue(&bureau, "2026-11-02")), (one, lists));
        let list = |query: &str| {
            let reply = bureau.service.get(&format!("/api/v1/cases{query}"), &head);
            assert_eq!(reply.status, 200, "{reply:?}");
            reply.json["items"].as_array().unwrap().len()
        };
        assert_eq!((list(""), list("?stage=void"), list("?open=false")), (1, 1, 0));
        assert_eq!(
            twice.refused(&clerk, "contacts", json!({ "on": "2026-11-03", "means": "电话", "result": "reached" })).0,
            "case_is_void"
        );
        // A void by mistake never happened either.
        let again = json!({ "reason": "作废有误", "entries": [{ "seq": 4, "void": true }] });
        bureau.on("2026-11-04");
        twice.command(&head, "amendments", again);
        let leader = bureau.leader.clone();
        twice.command(&leader, "amendments/1/confirmation", json!({}));
        twice.is("registered", "running", Some("2026-11-30"));
        bureau.verified();
    });
}

#[test]
fn a_case_that_is_overdue_or_was_replied_to_becomes_void_only_with_the_leader() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-11-03");
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        let overdue_now = overdue(&bureau, "2026-11-03")["overdue_open"]["items"].as_array().unwrap().len();
        assert_eq!(overdue_now, 1);
        case.command(&head, "void", json!({ "reason": "误立案" }));
        let waits = &case.last.json["amendments"][0];
        assert_eq!(
            (&waits["status"]["code"], &codes(&waits["because"])),
            (&json!("proposed"), &json!(["overdue_becomes_void"]))
        );
        assert_eq!(case.last.json["stage"]["code"], "registered");
        case.command(&leader, "amendments/1/confirmation", json!({}));
        assert_eq!(case.last.json["stage"]["code"], "void");
        assert_eq!(overdue(&bureau, "2026-11-03")["overdue_open"]["items"], json!([]));
        assert_eq!(overdue(&bureau, "2026-10-20")["overdue_open"]["items"], json!([]), "nor on any day before");
        // Recorded twice: the other one is as late, so nothing is hidden.
        let one = bureau.registered("2026-09-01");
        let mut twice = bureau.registered("2026-09-02");
        bureau.on("2026-11-03");
        twice.command(&head, "void", json!({ "reason": "重复录入", "replaced_by": one.id }));
        assert_eq!(twice.last.json["stage"]["code"], "void");
        let mut later = bureau.registered("2026-09-01");
        let other = bureau.registered("2026-09-03").id;
        bureau.on("2026-11-03");
        later.command(&head, "void", json!({ "reason": "重复录入", "replaced_by": other }));
        assert_eq!(codes(&later.last.json["amendments"][0]["because"]), json!(["overdue_becomes_void"]));
        bureau.verified();
    });
}

#[test]
fn a_merge_by_mistake_is_reopened_and_both_cases_lose_the_tie() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let into = bureau.registered("2026-11-02").id;
        let mut merged = bureau.registered("2026-11-02");
        merged.clerk("merge", json!({ "on": "2026-11-02", "into_case": into, "reason": "同一申请" }));
        let head = bureau.head.clone();
        merged.command(&head, "amendments", json!({ "reason": "并案有误", "entries": [{ "seq": 4, "void": true }] }));
        merged.is("registered", "running", Some("2026-11-30"));
        assert_eq!(merged.last.json["links"], json!([]));
        let other = bureau.service.get(&format!("/api/v1/cases/{into}"), &head).json;
        assert_eq!(other["links"], json!([]));
        assert_eq!(other["amendments"][0]["status"]["code"], "effective");
        bureau.verified();
    });
}
