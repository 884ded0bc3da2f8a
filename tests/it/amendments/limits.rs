//! What an amendment may not do: refer to what is not there, go around a review, or hide lateness.

use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::codes;
use crate::support::on_both_databases;

fn refused_at(case: &CaseAt<'_>, entries: Value) -> (u16, String, String) {
    let body = json!({ "reason": "录入有误", "evidence": "登记簿", "entries": entries });
    let reply = case.try_command(&case.bureau.head, "amendments", body);
    let fault = &reply.json["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (reply.status, text(&fault["pointer"]), text(&fault["code"]))
}

#[test]
fn a_changed_step_refers_only_to_what_is_there_as_its_own_route_does() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let nobody = "01a22e6f-0000-7000-8000-000000000001";
        let other = bureau.registered("2026-11-02").id;
        let mut case = bureau.registered("2026-11-02");
        case.clerk("links", json!({ "on": "2026-11-02", "other_case": other, "relation": "related" }));
        case.clerk("tasks", json!({ "on": "2026-11-02", "department_id": bureau.department }));
        let at = |pointer: &str, code: &str| (422, pointer.to_owned(), code.to_owned());
        assert_eq!(
            refused_at(&case, json!([{ "seq": 4, "change": { "other_case": nobody } }])),
            at("/entries/0/change/other_case", "not_found")
        );
        let both = json!([{ "seq": 4, "change": { "relation": "earlier" } }, { "seq": 5, "change": { "department_id": nobody } }]);
        assert_eq!(refused_at(&case, both), at("/entries/1/change/department_id", "not_found"));
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        let repeat =
            json!({ "outcome": "not_processed.repeat", "reasons": "重复", "earlier_reply_number": "不存在的号" });
        assert_eq!(
            refused_at(&case, json!([{ "seq": 6, "change": repeat }])),
            at("/entries/0/change/earlier_reply_number", "not_found")
        );
        let mut merged = bureau.registered("2026-11-02");
        merged.clerk("merge", json!({ "on": "2026-11-02", "into_case": other, "reason": "同一申请" }));
        assert_eq!(
            refused_at(&merged, json!([{ "seq": 4, "change": { "into_case": case.id } }])),
            at("/entries/0", "merge_target_is_fixed")
        );
        let into = bureau.service.get(&format!("/api/v1/cases/{other}"), &bureau.head);
        let into = CaseAt { bureau: &bureau, id: other, last: into };
        let void = json!({ "reason": "误立案" });
        assert_eq!(into.refused(&bureau.head, "void", void).0, "merged_cases_first");
        bureau.verified();
    });
}

#[test]
fn a_proposal_that_was_reviewed_is_another_one_only_with_the_leader() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        case.approve("2026-11-02");
        let head = bureau.head.clone();
        let change = json!({ "outcome": "not_processed.petition", "reasons": "属于信访事项" });
        let body = json!({ "reason": "处理结果录错", "entries": [{ "seq": 4, "change": change }] });
        case.command(&head, "amendments", body);
        assert_eq!(codes(&case.last.json["amendments"][0]["because"]), json!(["reviewed_proposal_changes"]));
        assert_eq!(case.last.json["proposal"]["proposal"]["outcome"], "disclosed.provided", "not in effect yet");
    });
}

#[test]
fn a_step_keeps_the_chain_of_reviews_it_was_recorded_with() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let admin = bureau.service.user_token("guanli", bureau.organ, &[gongkai::case::Role::Admin]);
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        case.approve("2026-11-02");
        let path = format!("/api/v1/organs/{}", bureau.organ.0);
        let seen = bureau.service.get(&path, &admin);
        let settings = json!({ "settings": { "review_chain": ["section_head", "leader"] } });
        let headers = [("if-match", seen.header("etag"))];
        let changed = bureau.service.call_with("PATCH", &path, &admin, &headers, Some(settings));
        assert_eq!(changed.status, 200, "{changed:?}");
        let head = bureau.head.clone();
        let entries = json!([{ "seq": 1, "change": { "submitted_on": "2026-10-30" } }]);
        case.command(&head, "amendments", json!({ "reason": "收到日期录错", "entries": entries }));
        assert_eq!(case.last.json["receipt"]["on"], "2026-10-30");
    });
}

#[test]
fn a_notice_that_was_served_cannot_be_made_not_to_have_been_given() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let notice = json!({ "on": "2026-11-02", "items": ["文号"], "respond_days": 10, "served_on": "2026-11-02" });
        case.clerk("corrections", notice);
        let body = json!({ "reason": "误发", "evidence": "登记簿", "entries": [{ "seq": 4, "void": true }] });
        assert_eq!(case.refused(&bureau.head, "amendments", body).0, "notice_left_house");
    });
}

#[test]
fn ending_an_overdue_case_first_does_not_spare_the_leader_when_it_becomes_void() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-11-03");
        let head = bureau.head.clone();
        case.command(&head, "closure", json!({ "on": "2026-11-03", "reason": "误立案" }));
        case.command(&head, "void", json!({ "reason": "误立案" }));
        assert_eq!(codes(&case.last.json["amendments"][0]["because"]), json!(["overdue_becomes_void"]));
        assert_eq!(case.last.json["stage"]["code"], "closed");
        let mut twice = bureau.registered("2026-11-03");
        let first = bureau.registered("2026-11-03");
        let (one, two) = (first.id.clone(), twice.id.clone());
        twice.command(&head, "void", json!({ "reason": "误立案" }));
        let into_void = json!({ "reason": "重复录入", "replaced_by": two });
        let refused = first.try_command(&head, "void", into_void);
        assert_eq!(refused.json["errors"][0]["code"], "is_void", "{one}: {refused:?}");
    });
}

#[test]
fn a_void_case_is_put_right_only_after_it_came_back_so_that_no_lateness_is_lost_on_the_way() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        let first = bureau.registered("2026-09-01").id;
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-11-03");
        let head = bureau.head.clone();
        case.command(&head, "void", json!({ "reason": "重复录入", "replaced_by": first }));
        assert_eq!(case.last.json["stage"]["code"], "void");
        let at = |code: &str| (422, "/entries/0".to_owned(), code.to_owned());
        let later = json!([{ "seq": 1, "change": { "submitted_on": "2026-11-02" } }]);
        assert_eq!(refused_at(&case, later), at("case_is_void"));
        let both = json!([{ "seq": 1, "change": { "submitted_on": "2026-11-02" } }, { "seq": 4, "void": true }]);
        assert_eq!(refused_at(&case, both), at("case_is_void"));
        let elsewhere = json!([{ "seq": 4, "change": { "replaced_by": case.id } }]);
        assert_eq!(refused_at(&case, elsewhere), at("void_is_fixed"));
        let order = json!({ "case_id": case.id, "text": "请尽快办理", "due_on": "2026-11-10" });
        let order = bureau.service.create("/api/v1/supervision/orders", &bureau.supervisor, order);
        assert_eq!(order.status, 422, "{order:?}");
    });
}

#[test]
fn a_duplicate_of_another_applicants_case_needs_the_leader_who_finds_it_among_the_actions() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        let mut other = bureau.application("2026-09-01");
        other["applicant"] = json!({ "kind": "enterprise", "name": "某公司" });
        let other = bureau.file(other).id;
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-11-03");
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        case.command(&head, "void", json!({ "reason": "重复录入", "replaced_by": other }));
        assert_eq!(codes(&case.last.json["amendments"][0]["because"]), json!(["overdue_becomes_void"]));
        let offered = |token: &str| -> Vec<(String, String)> {
            let actions = bureau.service.get(&case.path("actions"), token).json["allowed"].clone();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let one = |action: &Value| (text(&action["command"]["label"]), text(&action["href"]));
            actions.as_array().unwrap().iter().map(one).collect()
        };
        let href = case.path("amendments/1/confirmation");
        assert!(offered(&leader).contains(&("确认作废".into(), href.clone())), "{:?}", offered(&leader));
        assert!(offered(&head).contains(&("收回提请的作废".into(), href.clone())), "{:?}", offered(&head));
        assert!(!offered(&bureau.clerk).iter().any(|(_, to)| *to == href));
        // Another case is merged into it meanwhile: its application would be nowhere.
        let mut merged = bureau.registered("2026-11-03");
        merged.clerk("merge", json!({ "on": "2026-11-03", "into_case": case.id, "reason": "同一申请" }));
        case.now();
        assert_eq!(case.refused(&leader, "amendments/1/confirmation", json!({})).0, "merged_cases_first");
        // The merge is undone; it can be made again, not put back.
        merged.command(&head, "amendments", json!({ "reason": "并案有误", "entries": [{ "seq": 4, "void": true }] }));
        let back = refused_at(&merged, json!([{ "seq": 4, "change": {} }]));
        assert_eq!(back, (422, "/entries/0".to_owned(), "merge_again".to_owned()));
        case.now();
        case.command(&leader, "amendments/1/confirmation", json!({}));
        assert_eq!(case.last.json["stage"]["code"], "void");
        bureau.verified();
    });
}
