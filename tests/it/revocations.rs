//! 撤销原答复: the organ corrects a reply that it has sent. The first reply still answers the period, the new one has a duty of
//! its own, and the case is counted by its state on 31 December.

use gongkai::case::Role;
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::codes;
use crate::support::on_both_databases;

/// A reply of a day, sent by post on the same day.
fn reply(case: &mut CaseAt<'_>, on: &str, outcome: &str) {
    case.clerk("outcome", json!({ "on": on, "outcome": outcome, "reasons": "依法办理" }));
    case.approve(on).clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政" }));
}

/// A case received on 2 November 2026 and replied to by post on the 10th.
fn replied(bureau: &Bureau) -> CaseAt<'_> {
    let mut case = bureau.registered("2026-11-02");
    bureau.on("2026-11-10");
    reply(&mut case, "2026-11-10", "disclosed.provided");
    case
}

/// The head revokes the reply on a day, and the leader confirms it on the same day.
fn revoke(case: &mut CaseAt<'_>, on: &str) {
    let (head, leader) = (case.bureau.head.clone(), case.bureau.leader.clone());
    case.command(&head, "reply-revocation", json!({ "on": on, "reason": "适用条款有误，自行纠正" }));
    let number = case.last.json["amendments"].as_array().unwrap().len();
    case.command(&leader, &format!("amendments/{number}/confirmation"), json!({ "comment": "同意" }));
}

fn duty(case: &Value, key: &str) -> Value {
    let duties = case["obligations"].as_array().unwrap();
    duties.iter().find(|duty| duty["key"] == key).map_or(Value::Null, |duty| json!([duty["status"], duty["due_on"]]))
}

/// New, carried over, ended, still open, and disclosed of a year.
#[track_caller]
fn counted(bureau: &Bureau, year: i32) -> [u64; 5] {
    let reply = bureau.service.get(&format!("/api/v1/reports/annual?year={year}&form=2021"), &bureau.head);
    assert_eq!(reply.status, 200, "{reply:?}");
    [
        "一、本年新收政府信息公开申请数量",
        "二、上年结转政府信息公开申请数量",
        "三(七)总计",
        "四、结转下年度继续办理",
        "三(一)予以公开",
    ]
    .map(|row| reply.json["table3"][row]["总计"].as_u64().unwrap_or_else(|| panic!("{row}: {}", reply.json["table3"])))
}

#[test]
fn a_sent_reply_is_revoked_with_the_leader_and_another_follows_with_its_own_number_duty_and_remedies() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let (head, leader, clerk) = (bureau.head.clone(), bureau.leader.clone(), bureau.clerk.clone());
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-10");
        let request = json!({ "on": "2026-11-16", "reason": "适用条款有误，自行纠正" });
        assert_eq!(case.refused(&head, "reply-revocation", request.clone()).0, "reply_not_issued");
        reply(&mut case, "2026-11-10", "disclosed.provided");
        bureau.on("2026-11-12");
        case.clerk("service-proofs", json!({ "on": "2026-11-12", "result": "signed", "signatory": "王小明（本人）" }));
        bureau.on("2026-11-16");
        assert_eq!(case.try_command(&clerk, "reply-revocation", request.clone()).status, 403);
        let early = json!({ "on": "2026-11-09", "reason": "适用条款有误" });
        assert_eq!(case.refused(&head, "reply-revocation", early).0, "date_before_fact");
        let preview = case.try_command(&head, "reply-revocation/preview", request.clone());
        assert_eq!(preview.status, 200, "{preview:?}");
        assert_eq!(codes(&preview.json["needs_confirmation"]), json!(["reply_is_revoked"]));
        assert_eq!(
            (&preview.json["before"]["stage"]["code"], &preview.json["after"]["stage"]["code"]),
            (&json!("served"), &json!("in_progress"))
        );

        // Nothing moves until the leader confirms.
        case.command(&head, "reply-revocation", request.clone());
        let waits = case.last.json["amendments"][0].clone();
        let offered = |case: &CaseAt<'_>, token: &str, code: &str| {
            let shown = bureau.service.get(&case.path(""), token).json;
            let actions = shown["actions"].as_array().unwrap();
            actions.iter().find(|action| action["command"]["code"] == code).map(|one| one["command"]["label"].clone())
        };
        assert_eq!(offered(&case, &leader, "confirm_amendment"), Some(json!("确认撤销原答复")));
        assert_eq!(offered(&case, &head, "take_back_amendment"), Some(json!("收回提请的撤销原答复")));
        assert_eq!(
            json!([waits["kind"]["code"], waits["status"]["code"], codes(&waits["because"]), waits["revoked_on"]]),
            json!(["revocation", "proposed", ["reply_is_revoked"], "2026-11-16"])
        );
        case.is("served", "met", Some("2026-11-30"));
        assert_eq!(case.try_command(&head, "amendments/1/confirmation", json!({ "approve": true })).status, 403);
        case.command(&leader, "amendments/1/confirmation", json!({ "comment": "同意" }));

        case.is("in_progress", "met", Some("2026-11-30"));
        let shown = case.last.json.clone();
        let earlier = &shown["earlier_replies"][0];
        assert_eq!(
            json!([
                earlier["reply"]["document_number"],
                earlier["reply"]["replied_on"],
                earlier["reply"]["proof"]["signatory"],
                earlier["outcome"]["code"],
                earlier["set_aside_by"]["code"],
                earlier["set_aside_on"],
                earlier["reason"]
            ]),
            json!([
                "公开复〔2026〕1号",
                "2026-11-10",
                "**（本人）",
                "disclosed.provided",
                "revoked",
                "2026-11-16",
                "适用条款有误，自行纠正"
            ])
        );
        assert_eq!(
            (&shown["reply"], &shown["outcome"], &shown["ended_on"]),
            (&json!(null), &json!(null), &json!(null))
        );
        assert_eq!(duty(&shown, "reply"), json!(["met", "2026-11-30"]));
        assert_eq!(duty(&shown, "renewed_reply:1"), json!(["open", "2026-12-14"]), "20 working days, the organ's own");
        assert_eq!(counted(&bureau, 2026), [1, 0, 0, 1, 0], "open again within the year");
        let extension =
            json!({ "days": 10, "reason": "情况复杂", "approved_on": "2026-11-16", "notified_on": "2026-11-16" });
        assert_eq!(case.refused(&head, "extensions", extension).0, "period_was_answered");
        let early = json!({ "on": "2026-11-13", "outcome": "disclosed.provided", "reasons": "依法可以公开" });
        assert_eq!(case.refused(&clerk, "outcome", early).0, "date_before_fact");
        let overdue = bureau.service.get("/api/v1/overdue", &head).json;
        assert_eq!((&overdue["overdue_open"]["items"], &overdue["due_soon"]["items"]), (&json!([]), &json!([])));

        bureau.on("2026-11-18");
        reply(&mut case, "2026-11-18", "not_processed.petition");
        let shown = case.last.json.clone();
        assert_eq!(shown["reply"]["document_number"], "公开复〔2026〕2号");
        assert_eq!(duty(&shown, "renewed_reply:1"), json!(["met", "2026-12-14"]));
        assert_eq!((&shown["clock"]["status"]["code"], &shown["ended_on"]), (&json!("met"), &json!("2026-11-18")));
        assert_eq!(counted(&bureau, 2026), [1, 0, 1, 0, 0], "once, in the category of the reply that stands");
        bureau.on("2026-11-20");
        case.clerk("service-proofs", json!({ "on": "2026-11-20", "result": "signed", "signatory": "王小明（本人）" }));
        assert_eq!(case.last.json["challenges"][0]["from"], "2026-11-20", "the remedies start anew");
        bureau.verified();
    });
}

#[test]
fn the_first_reply_that_was_really_sent_says_whether_the_case_was_answered_in_time() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut late = bureau.registered("2026-11-02");
        let mut in_time = bureau.registered("2026-11-02");
        bureau.on("2026-11-27");
        reply(&mut in_time, "2026-11-27", "disclosed.provided");
        bureau.on("2026-12-02");
        reply(&mut late, "2026-12-02", "disclosed.provided");
        bureau.on("2026-12-03");
        revoke(&mut late, "2026-12-03");
        late.is("in_progress", "met_late", Some("2026-11-30"));
        revoke(&mut in_time, "2026-12-03");
        bureau.on("2026-12-10");
        reply(&mut in_time, "2026-12-10", "disclosed.provided");
        in_time.is("replied", "met", Some("2026-11-30"));
        let lists = |query: &str| {
            let reply = bureau.service.get(&format!("/api/v1/overdue{query}"), &bureau.head);
            assert_eq!(reply.status, 200, "{reply:?}");
            reply.json["replied_late"]["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| json!([row["case_id"], row["replied_on"]]))
                .collect::<Vec<_>>()
        };
        let open_late = json!([late.id, "2026-12-02"]);
        assert_eq!(lists(""), std::slice::from_ref(&open_late));
        assert_eq!(lists("?as_of=2026-12-09"), std::slice::from_ref(&open_late), "by the logs as well");
        bureau.on("2026-12-11");
        reply(&mut late, "2026-12-11", "disclosed.provided");
        late.is("replied", "met_late", Some("2026-11-30"));
        assert_eq!(lists(""), std::slice::from_ref(&open_late));
        bureau.verified();
    });
}

#[test]
fn a_revoked_case_is_counted_by_its_state_on_31_december() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-12-01");
        let mut counted_before = bureau.registered("2025-12-01");
        let mut carried = bureau.registered("2025-12-01");
        bureau.on("2025-12-19");
        reply(&mut counted_before, "2025-12-19", "disclosed.provided");
        reply(&mut carried, "2025-12-19", "disclosed.provided");
        bureau.on("2025-12-29");
        revoke(&mut carried, "2025-12-29");
        bureau.on("2026-01-05");
        assert_eq!(counted(&bureau, 2025), [2, 0, 1, 1, 1], "revoked and not answered anew on 31 December");
        let published = counted(&bureau, 2025);
        revoke(&mut counted_before, "2026-01-05");
        bureau.on("2026-01-15");
        reply(&mut counted_before, "2026-01-15", "not_processed.petition");
        reply(&mut carried, "2026-01-15", "not_processed.petition");
        assert_eq!(counted(&bureau, 2025), published, "the year was reported as it was");
        assert_eq!(counted(&bureau, 2026), [0, 1, 1, 0, 0], "what was counted is not counted again");
        bureau.verified();
    });
}

#[test]
fn a_court_order_after_a_revocation_sets_a_period_of_its_own() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-01");
        let mut case = bureau.registered("2026-09-01");
        bureau.on("2026-09-10");
        reply(&mut case, "2026-09-10", "disclosed.provided");
        bureau.on("2026-09-14");
        case.clerk(
            "remedies",
            json!({ "kind": "reconsideration", "received_on": "2026-09-14", "reference": "府复〔2026〕7号" }),
        );
        bureau.on("2026-09-15");
        revoke(&mut case, "2026-09-15");
        assert_eq!(
            duty(&case.last.json, "renewed_reply:1"),
            json!(["open", "2026-10-19"]),
            "9月20日、10月10日上班，国庆放假"
        );
        bureau.on("2026-10-09");
        let decision = json!({
            "remedy": 1, "on": "2026-10-09", "result": "corrected", "orders_reply_within": { "days": 10 }
        });
        case.clerk("remedy-decisions", decision);
        case.is("in_progress", "running", Some("2026-10-22"));
        assert_eq!(duty(&case.last.json, "renewed_reply:1"), json!(["cancelled", "2026-10-19"]));
        assert_eq!(duty(&case.last.json, "reply"), json!(["open", "2026-10-22"]));
        let duties = case.last.json["obligations"].as_array().unwrap();
        let article = duties.iter().find(|duty| duty["key"] == "reply").unwrap()["article"].as_str().unwrap();
        assert!(article.contains("第五十一条"), "the period is the order's: {article}");
        bureau.verified();
    });
}

#[test]
fn a_revocation_that_did_not_happen_is_put_right_by_the_leader_who_confirmed_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        let mut case = replied(&bureau);
        let number = case.last.json["reply"]["document_number"].clone();
        bureau.on("2026-11-16");
        revoke(&mut case, "2026-11-16");
        let seq = case.last.json["version"].as_i64().unwrap();
        let void = json!({ "reason": "撤错案件", "entries": [{ "seq": seq, "void": true }] });
        assert_eq!(case.refused(&head, "amendments", void.clone()).0, "decided_by_other");
        case.command(&leader, "amendments", void);
        case.is("replied", "met", Some("2026-11-30"));
        assert_eq!(case.last.json["reply"]["document_number"], number);
        assert_eq!(case.last.json["earlier_replies"], json!([]));
        assert_eq!(duty(&case.last.json, "renewed_reply:1"), json!(null));
        assert_eq!(counted(&bureau, 2026), [1, 0, 1, 0, 1]);
        bureau.verified();
    });
}

#[test]
fn the_leader_refuses_a_revocation_and_the_head_takes_one_back() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let (head, leader) = (bureau.head.clone(), bureau.leader.clone());
        let mut case = replied(&bureau);
        let request = json!({ "on": "2026-11-10", "reason": "适用条款有误，自行纠正" });
        case.command(&head, "reply-revocation", request.clone());
        assert_eq!(case.refused(&head, "reply-revocation", request.clone()).0, "amendment_waits");
        case.command(&leader, "amendments/1/confirmation", json!({ "approve": false, "comment": "答复无误" }));
        case.command(&head, "reply-revocation", request);
        case.command(&head, "amendments/2/confirmation", json!({ "approve": false }));
        case.is("replied", "met", Some("2026-11-30"));
        let status = |at: usize| case.last.json["amendments"][at]["status"]["code"].clone();
        assert_eq!((status(0), status(1)), (json!("refused"), json!("refused")));
        bureau.verified();
    });
}

#[test]
fn what_a_revoked_reply_said_is_another_thing_only_with_the_leader() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-12-01");
        let head = bureau.head.clone();
        let mut case = bureau.registered("2025-12-01");
        bureau.on("2025-12-15");
        let proposed = case.last.json["version"].as_i64().unwrap() + 1;
        reply(&mut case, "2025-12-15", "disclosed.provided");
        bureau.on("2026-01-12");
        revoke(&mut case, "2026-01-12");
        let before = counted(&bureau, 2025);
        let other = json!({
            "reason": "处理结果录错", "evidence": "答复书",
            "entries": [{ "seq": proposed, "change": { "outcome": "not_processed.petition" } }]
        });
        case.command(&head, "amendments", other);
        let waits = &case.last.json["amendments"][1];
        assert_eq!(waits["status"]["code"], "proposed");
        assert_eq!(codes(&waits["because"]), json!(["reviewed_proposal_changes", "outcome_changes_after_dispatch"]));
        assert_eq!(counted(&bureau, 2025), before);
        bureau.verified();
    });
}

#[test]
fn nothing_is_merged_into_a_case_whose_period_was_answered_and_its_letter_is_followed_no_more() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let (clerk, leader) = (bureau.clerk.clone(), bureau.leader.clone());
        let mut revoked = bureau.registered("2026-11-02");
        let live = bureau.registered("2026-11-02");
        bureau.on("2026-11-20");
        let answer = json!({ "on": "2026-11-20", "outcome": "disclosed.provided", "reasons": "依法可以公开" });
        revoked.clerk("outcome", answer).approve("2026-11-20").clerk("reply", json!({ "on": "2026-11-20" }));
        revoked.clerk("dispatches", json!({ "method": "electronic", "on": "2026-11-20" }));
        bureau.on("2026-11-24");
        revoke(&mut revoked, "2026-11-24");
        let merge = json!({ "on": "2026-11-24", "into_case": revoked.id, "reason": "同一申请" });
        let refused = live.try_command(&clerk, "merge", merge);
        assert_eq!(
            (refused.status, &refused.json["errors"][0]["code"]),
            (422, &json!("period_was_answered")),
            "{refused:?}"
        );
        // The message had come back: then nothing was sent (C-8), and there was nothing to revoke.
        bureau.on("2026-12-01");
        let back = json!({ "on": "2026-11-25", "result": "returned" });
        let said = revoked.try_command(&clerk, "service-proofs", back.clone());
        assert_eq!((said.status, said.code()), (422, "reply_was_revoked"), "{said:?}");
        let seq = revoked.last.json["version"].as_i64().unwrap();
        revoked.command(
            &leader,
            "amendments",
            json!({ "reason": "邮件被退回", "entries": [{ "seq": seq, "void": true }] }),
        );
        revoked.clerk("service-proofs", back);
        revoked.is("approved", "running", Some("2026-11-30"));
        assert_eq!(revoked.last.json["clock"]["warning"]["code"], "red");
        bureau.verified();
    });
}

#[test]
fn a_letter_in_the_post_may_be_revoked_before_it_arrives_and_the_overview_has_the_case_among_the_open_ones() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-20");
        reply(&mut case, "2026-11-20", "disclosed.provided");
        bureau.on("2026-11-25");
        case.clerk("service-proofs", json!({ "on": "2026-11-25", "result": "signed", "signatory": "王小明（本人）" }));
        revoke(&mut case, "2026-11-23");
        assert_eq!(duty(&case.last.json, "renewed_reply:1"), json!(["open", "2026-12-21"]));
        let overview = bureau.service.get("/api/v1/supervision/overview", &bureau.head).json;
        let figures = &overview["total"];
        assert_eq!(
            json!([figures["total"], figures["open"], figures["reply_revoked"], figures["closed"]]),
            json!([1, 1, 1, 0])
        );
        let listed = |query: &str| {
            let list = bureau.service.get(&format!("/api/v1/cases{query}"), &bureau.head).json;
            list["items"].as_array().unwrap().iter().map(|line| line["warning"]["code"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(listed(""), ["none"]);
        assert_eq!(listed("?warning=none"), ["none"]);
        bureau.on("2026-12-02");
        case.clerk("contacts", json!({ "on": "2026-12-02", "means": "电话", "result": "reached" }));
        for level in ["blue", "yellow", "orange", "red", "black"] {
            assert_eq!(listed(&format!("?warning={level}")), Vec::<Value>::new(), "{level}");
        }
        let preview = case.try_command(
            &bureau.clerk,
            "withdrawal/preview",
            json!({ "on": "2026-12-02", "identity_checked": true }),
        );
        assert_eq!(preview.json["before"]["warning"]["code"], "none", "{preview:?}");
    });
}

#[test]
fn nobody_is_refused_as_a_repeat_on_a_reply_that_was_revoked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = replied(&bureau);
        let number = case.last.json["reply"]["document_number"].clone();
        let again = bureau.registered("2026-11-12");
        let is_offered = || {
            let similar = bureau.service.get(&again.path("similar"), &bureau.clerk).json;
            similar["items"][0]["may_be_repeat"].clone()
        };
        assert_eq!(is_offered(), true);
        bureau.on("2026-11-16");
        revoke(&mut case, "2026-11-16");
        assert_eq!(is_offered(), false);
        let repeat = json!({
            "on": "2026-11-16", "outcome": "not_processed.repeat", "reasons": "重复申请", "earlier_reply_number": number
        });
        let refused = again.try_command(&bureau.clerk, "outcome", repeat);
        assert_eq!(refused.fields(), [("/earlier_reply_number", "not_found")]);
        bureau.on("2026-11-18");
        reply(&mut case, "2026-11-18", "disclosed.provided");
        assert_eq!(is_offered(), true);
    });
}

#[test]
fn the_front_desk_reads_no_day_of_a_reply_that_was_revoked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let desk = bureau.service.user_token("chuangkou", bureau.organ, &[Role::Intake]);
        let filing = json!({
            "organ": "zrzy", "external_number": "CK-1", "applicant": { "kind": "natural_person", "name": "王小明" },
            "request": "某地块规划条件", "channel": "in_person", "submitted_on": "2026-11-02"
        });
        let filed = bureau.service.create("/api/v1/intake/applications", &desk, filing);
        assert_eq!(filed.status, 201, "{filed:?}");
        let id = filed.json["case_id"].as_str().unwrap().to_owned();
        let last = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.clerk);
        let mut case = CaseAt { bureau: &bureau, id, last };
        case.clerk("registration", json!({ "on": "2026-11-02" }));
        bureau.on("2026-11-10");
        reply(&mut case, "2026-11-10", "disclosed.provided");
        let seen = || {
            let state = bureau.service.get("/api/v1/intake/applications/CK-1", &desk).json;
            let outcome = &state["outcome"]["code"];
            json!([
                state["stage"]["code"],
                state["replied_on"],
                state["reply_revoked_on"],
                outcome,
                state["is_overdue"]
            ])
        };
        assert_eq!(seen(), json!(["replied", "2026-11-10", null, "disclosed.provided", false]));
        revoke(&mut case, "2026-11-10");
        assert_eq!(seen(), json!(["in_progress", null, "2026-11-10", null, false]));
    });
}

#[test]
fn a_repeat_that_was_proposed_on_a_reply_revoked_since_does_not_go_out() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let clerk = bureau.clerk.clone();
        let mut case = replied(&bureau);
        let number = case.last.json["reply"]["document_number"].clone();
        let repeat = |on: &str| json!({ "on": on, "outcome": "not_processed.repeat", "reasons": "重复申请", "earlier_reply_number": number });
        let mut proposed = bureau.registered("2026-11-12");
        proposed.clerk("outcome", repeat("2026-11-12")).approve("2026-11-12");
        let mut numbered = bureau.registered("2026-11-12");
        numbered
            .clerk("outcome", repeat("2026-11-12"))
            .approve("2026-11-12")
            .clerk("reply", json!({ "on": "2026-11-12" }));
        bureau.on("2026-11-16");
        revoke(&mut case, "2026-11-16");
        let (code, article) = proposed.refused(&clerk, "reply", json!({ "on": "2026-11-16" }));
        assert_eq!((code.as_str(), article.as_str()), ("earlier_reply_gone", "《条例》第三十六条第（六）项"));
        let post = json!({ "method": "post", "on": "2026-11-16", "carrier": "中国邮政" });
        assert_eq!(numbered.refused(&clerk, "dispatches", post.clone()).0, "earlier_reply_gone");
        numbered.clerk("reply-recall", json!({ "reason": "原答复已经撤销" }));
        // One that is out already may be sent again.
        bureau.on("2026-11-18");
        reply(&mut case, "2026-11-18", "disclosed.provided");
        let second = case.last.json["reply"]["document_number"].clone();
        let again = json!({
            "on": "2026-11-18", "outcome": "not_processed.repeat", "reasons": "重复申请", "earlier_reply_number": second
        });
        numbered.clerk("outcome", again).approve("2026-11-18").clerk("reply", json!({ "on": "2026-11-18" }));
        let post = json!({ "method": "post", "on": "2026-11-18", "carrier": "中国邮政" });
        numbered.clerk("dispatches", post.clone());
        bureau.on("2026-11-20");
        revoke(&mut case, "2026-11-20");
        numbered.clerk("service-proofs", json!({ "on": "2026-11-20", "result": "returned" }));
        let again = json!({ "method": "post", "on": "2026-11-20", "carrier": "中国邮政" });
        numbered.clerk("dispatches", again);
    });
}

#[test]
fn what_was_never_sent_is_not_revoked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let head = bureau.head.clone();
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-10");
        let answer = json!({ "on": "2026-11-10", "outcome": "disclosed.provided", "reasons": "依法可以公开" });
        case.clerk("outcome", answer).approve("2026-11-10").clerk("reply", json!({ "on": "2026-11-10" }));
        let request = json!({ "on": "2026-11-10", "reason": "适用条款有误，自行纠正" });
        assert_eq!(case.refused(&head, "reply-revocation", request.clone()).0, "reply_not_sent");
        case.clerk("dispatches", json!({ "method": "electronic", "on": "2026-11-10" }));
        case.clerk("service-proofs", json!({ "on": "2026-11-10", "result": "returned" }));
        assert_eq!(case.refused(&head, "reply-revocation", request).0, "reply_not_sent");
    });
}

#[test]
fn a_task_that_was_open_when_the_case_was_replied_to_is_owed_no_more() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        case.clerk("tasks", json!({ "on": "2026-11-02", "department_id": bureau.department }));
        bureau.on("2026-11-10");
        reply(&mut case, "2026-11-10", "disclosed.provided");
        bureau.on("2026-11-30");
        revoke(&mut case, "2026-11-30");
        assert_eq!(duty(&case.last.json, "department_task:1"), json!(["cancelled", "2026-11-11"]));
        case.clerk("tasks", json!({ "on": "2026-11-30", "department_id": bureau.department }));
        assert_eq!(duty(&case.last.json, "department_task:2"), json!(["open", "2026-12-09"]), "given anew");
        case.clerk("task-answers", json!({ "task": 1, "on": "2026-11-30", "opinion": "可以公开" }));
        assert_eq!(
            duty(&case.last.json, "department_task:1"),
            json!(["met", "2026-11-11"]),
            "its answer is still taken"
        );
    });
}

#[test]
fn the_explanation_and_the_ledger_name_the_reply_that_was_revoked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = replied(&bureau);
        bureau.on("2026-11-16");
        revoke(&mut case, "2026-11-16");
        let clock = bureau.service.get(&case.path("clock"), &bureau.clerk).json;
        let said = clock["explanation"].as_str().unwrap();
        assert!(
            said.contains("原答复（公开复〔2026〕1号）于2026-11-16由本机关撤销，应于2026-12-14前重新答复（本机关的要求，20个工作日，不是法定期限）"),
            "{said}"
        );
        let before = bureau.service.get(&case.path("clock?as_of=2026-11-13"), &bureau.clerk).json;
        assert!(!before["explanation"].as_str().unwrap().contains("撤销原答复"));
        bureau.on("2026-11-18");
        reply(&mut case, "2026-11-18", "not_processed.petition");
        let mut void = bureau.registered("2026-11-18");
        void.command(&bureau.head.clone(), "void", json!({ "reason": "误立案" }));
        let path = format!("/api/v1/organs/{}/ledger?format=csv", bureau.organ.0);
        let (_, ledger) = bureau.service.download(&path, &bureau.clerk, "text/csv");
        let ledger = String::from_utf8_lossy(&ledger).into_owned();
        assert!(
            ledger.contains("原答复公开复〔2026〕1号（予以公开，2026-11-10发出）于2026-11-16本机关撤销"),
            "{ledger}"
        );
        assert_eq!(ledger.lines().count(), 2, "a void case is in no ledger: {ledger}");
    });
}
