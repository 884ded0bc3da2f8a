//! Who may amend what, and what the leader confirms.

use serde_json::json;

use super::mistakes::{overdue, report};
use crate::support::bureau::Bureau;
use crate::support::codes;
use crate::support::on_both_databases;

const RIGHT_DAY: &str = "2026-10-21";

#[test]
fn whoever_recorded_a_step_amends_it_on_the_same_day_while_nothing_rests_on_it_and_the_head_afterwards() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.file(bureau.application("2026-10-30"));
        let clerk = bureau.clerk.clone();
        let entries =
            |day: &str| json!({ "reason": "录错", "entries": [{ "seq": 1, "change": { "submitted_on": day } }] });
        case.command(&clerk, "amendments", entries("2026-11-02"));
        assert_eq!(case.last.json["receipt"]["on"], "2026-11-02");
        case.clerk("registration", json!({ "on": "2026-11-02" }));
        assert_eq!(case.refused(&clerk, "amendments", entries("2026-10-30")).0, "amendment_needs_head");
        assert_eq!(case.try_command(&bureau.reviewer, "amendments", entries("2026-10-30")).status, 422);
        assert_eq!(case.try_command(&bureau.supervisor, "amendments", entries("2026-10-30")).status, 403);
        bureau.on("2026-11-03");
        assert_eq!(case.refused(&clerk, "amendments", entries("2026-10-30")).0, "amendment_needs_head");
        let head = bureau.head.clone();
        case.command(&head, "amendments", entries("2026-10-30"));
        assert_eq!(case.last.json["receipt"]["on"], "2026-10-30");
        // The log says of each step whether it may be amended, and by what it was.
        let log = bureau.service.get(&case.path("events"), &clerk).json;
        assert_eq!((&log[0]["amended_by"], &log[0]["is_effective"]), (&json!([1, 2]), &json!(true)));
        assert_eq!(
            (&log[0]["body"]["submitted_on"], &log[0]["now"]["submitted_on"]),
            (&json!("2026-10-30"), &json!(null))
        );
        assert_eq!((&log[1]["body"]["on"], &log[1]["amendable"]), (&json!("2026-10-30"), &json!(false)));
        assert_eq!(log[3]["not_amendable"]["code"], "amendment_needs_head", "{log}");
        let of_head = bureau.service.get(&case.path("events"), &head).json;
        assert_eq!((&of_head[3]["amendable"], &of_head[3]["not_amendable"]), (&json!(true), &json!(null)));
        assert_eq!(of_head[2]["not_amendable"]["code"], "amendment_is_fixed");
        bureau.verified();
    });
}

#[test]
fn what_turns_late_into_in_time_waits_for_the_leader_and_moves_nothing_until_then() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-10-21");
        let mut case = bureau.file(bureau.application("2026-10-12"));
        case.clerk("registration", json!({ "on": "2026-10-21" }));
        bureau.on("2026-11-11");
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        let body =
            json!({ "reason": "收到日期录错", "entries": [{ "seq": 1, "change": { "submitted_on": RIGHT_DAY } }] });
        case.command(&head, "amendments", body.clone());
        let waits = &case.last.json["amendments"][0];
        assert_eq!(
            (&waits["status"]["code"], &codes(&waits["because"])),
            (&json!("proposed"), &json!(["late_becomes_in_time"]))
        );
        assert_eq!(case.last.json["clock"]["due"], "2026-11-09");
        assert_eq!(overdue(&bureau, "2026-11-11")["overdue_open"]["items"].as_array().unwrap().len(), 1);
        assert_eq!(case.refused(&head, "amendments", body.clone()).0, "amendment_waits");
        assert_eq!(case.try_command(&head, "amendments/1/confirmation", json!({})).status, 403);
        assert_eq!(case.try_command(&leader, "amendments/2/confirmation", json!({})).status, 404);
        let no = case.try_command(&leader, "amendments/1/confirmation", json!({ "approve": false }));
        assert_eq!((no.status, no.json["errors"][0]["pointer"].as_str()), (422, Some("/comment")), "{no:?}");
        case.command(&leader, "amendments/1/confirmation", json!({ "approve": false, "comment": "证据不足" }));
        assert_eq!(case.last.json["amendments"][0]["status"]["code"], "refused");
        case.command(&head, "amendments", body.clone());
        case.command(&head, "amendments/2/confirmation", json!({ "approve": false }));
        assert_eq!(case.last.json["amendments"][1]["comment"], "提请人收回");
        case.command(&head, "amendments", body);
        case.command(&leader, "amendments/3/confirmation", json!({}));
        let shown = &case.last.json;
        assert_eq!(
            (&shown["clock"]["due"], &shown["amendments"][2]["status"]["code"]),
            (&json!("2026-11-18"), &json!("effective"))
        );
        assert_eq!(overdue(&bureau, "2026-11-11")["overdue_open"]["items"], json!([]));
        assert_eq!(case.try_command(&leader, "amendments/3/confirmation", json!({})).status, 409);
        bureau.verified();
    });
}

#[test]
fn nobody_confirms_an_amendment_of_ones_own() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-10-21");
        let roles = [gongkai::case::Role::OfficeHead, gongkai::case::Role::Leader];
        let both = bureau.service.user_token("jianren", bureau.organ, &roles);
        let mut case = bureau.file(bureau.application("2026-10-12"));
        bureau.on("2026-11-11");
        let entries = json!([{ "seq": 1, "change": { "submitted_on": RIGHT_DAY } }]);
        case.command(&both, "amendments", json!({ "reason": "收到日期录错", "entries": entries }));
        assert_eq!(case.refused(&both, "amendments/1/confirmation", json!({})).0, "own_amendment");
        let leader = bureau.leader.clone();
        case.command(&leader, "amendments/1/confirmation", json!({ "comment": "已核对登记簿" }));
        assert_eq!(case.last.json["amendments"][0]["comment"], "已核对登记簿");
    });
}

#[test]
fn whoever_stands_in_for_an_absent_reviewer_amends_what_that_person_decided() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let reviewer = bureau.service.user("fushen", bureau.organ, &[gongkai::case::Role::Reviewer]);
        let (token, deputy) = (
            bureau.service.token("fushen"),
            bureau.service.user_token("daishen", bureau.organ, &[gongkai::case::Role::Reviewer]),
        );
        let _ = reviewer;
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        case.command(&token, "reviews", json!({ "kind": "section_head", "on": "2026-11-02", "approve": true }));
        let void = json!({ "reason": "审核有误", "entries": [{ "seq": 5, "void": true }] });
        assert_eq!(case.refused(&deputy, "amendments", void.clone()).0, "decided_by_other");
        let me = bureau.service.get("/api/v1/me", &deputy).json["id"].clone();
        let absence =
            json!({ "digest": false, "absence": { "from": "2026-11-02", "until": "2026-11-06", "deputy_id": me } });
        let seen = bureau.service.get("/api/v1/me/mail-preferences", &token);
        let headers = [("if-match", seen.header("etag"))];
        let set = bureau.service.call_with("PUT", "/api/v1/me/mail-preferences", &token, &headers, Some(absence));
        assert!((200..300).contains(&set.status), "{set:?}");
        case.command(&deputy, "amendments", void);
        assert_eq!(case.last.json["proposal"]["approvals"], json!([]));
    });
}

#[test]
fn what_a_reviewer_decided_is_amended_by_that_person_alone() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        let (head, reviewer) = (bureau.head.clone(), bureau.reviewer.clone());
        case.command(&reviewer, "reviews", json!({ "kind": "section_head", "on": "2026-11-02", "approve": true }));
        let void = json!({ "reason": "审核有误", "entries": [{ "seq": 5, "void": true }] });
        assert_eq!(case.refused(&head, "amendments", void.clone()).0, "decided_by_other");
        bureau.on("2026-11-03");
        case.command(&reviewer, "amendments", void);
        assert_eq!(case.last.json["proposal"]["approvals"], json!([]));
        bureau.verified();
    });
}

#[test]
fn a_wrong_outcome_after_dispatch_is_put_right_with_the_leader_and_the_report_counts_the_right_one() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let row = |name: &str| {
            let three = &report(&bureau)["three"];
            let rows = three.as_object().unwrap();
            let (_, row) = rows.iter().find(|(row, _)| row.contains(name)).unwrap();
            row["总计"].as_u64().unwrap()
        };
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        case.approve("2026-11-02");
        case.clerk("reply", json!({ "on": "2026-11-02" }));
        bureau.on("2026-11-03");
        case.clerk("dispatches", json!({ "on": "2026-11-03", "method": "post", "carrier": "EMS" }));
        assert_eq!((row("予以公开"), row("信访举报投诉")), (1, 0));
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        let change = json!({ "outcome": "unavailable.does_not_exist", "reasons": "经检索没有" });
        let body = json!({ "reason": "处理结果录错", "entries": [{ "seq": 4, "change": change }] });
        let (code, _) = case.refused(&head, "amendments", body);
        assert_eq!(code, "search_record_required", "the right category wants its evidence too");
        let change = json!({ "outcome": "not_processed.petition", "reasons": "属于信访事项，告知其向信访机构提出" });
        let body = json!({ "reason": "处理结果录错", "entries": [{ "seq": 4, "change": change }] });
        case.command(&head, "amendments", body);
        let waits = &case.last.json["amendments"][0];
        assert_eq!(
            (&waits["status"]["code"], &codes(&waits["because"])),
            (&json!("proposed"), &json!(["reviewed_proposal_changes", "outcome_changes_after_dispatch"]))
        );
        case.command(&leader, "amendments/1/confirmation", json!({}));
        assert_eq!(case.last.json["outcome"]["code"], "not_processed.petition");
        assert_eq!(case.last.json["reply"]["replied_on"], "2026-11-03");
        assert_eq!((row("予以公开"), row("信访举报投诉")), (0, 1));
        bureau.verified();
    });
}
