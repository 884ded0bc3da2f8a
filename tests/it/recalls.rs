//! What was given out too early is taken back before it does harm: a numbered reply, a department's task, a handler.

use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;

/// Nothing that is stored contradicts anything else.
#[track_caller]
fn verified(bureau: &Bureau) {
    let mut found = Vec::new();
    bureau.service.office.evidence().verify(None, None, &mut |finding| found.push(format!("{finding:?}"))).unwrap();
    assert_eq!(found, Vec::<String>::new());
}

/// The status of a duty by its key.
fn duty(case: &Value, key: &str) -> Value {
    let duties = case["obligations"].as_array().unwrap();
    duties.iter().find(|duty| duty["key"] == key).map_or(Value::Null, |duty| duty["status"].clone())
}

/// A reply signed and numbered on a day; gives its number.
fn numbered(case: &mut CaseAt<'_>, on: &str) -> String {
    case.clerk("outcome", json!({ "on": on, "outcome": "disclosed.provided", "reasons": "依法可以公开" }));
    case.approve(on).clerk("reply", json!({ "on": on }));
    case.last.json["reply"]["document_number"].as_str().unwrap().to_owned()
}

#[test]
fn a_numbered_reply_is_taken_back_and_the_next_one_has_a_number_of_its_own() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let again = bureau.registered("2026-11-02");
        bureau.on("2026-11-10");
        let first = numbered(&mut case, "2026-11-10");
        assert_eq!(first, "公开复〔2026〕1号");
        bureau.on("2026-11-11");
        let clerk = bureau.clerk.clone();
        let recalled = case.try_command(&clerk, "outcome-recall", json!({ "on": "2026-11-11", "reason": "有误" }));
        assert_eq!((recalled.status, recalled.code()), (422, "reply_issued"));
        assert_eq!(
            recalled.json["detail"],
            "答复已签发编号，不能只撤回拟办；答复有误的，请撤回答复（reply-recall），原文号作废；无误的，请发出答复"
        );
        let early = json!({ "on": "2026-11-09", "reason": "引用法条有误" });
        assert_eq!(case.refused(&clerk, "reply-recall", early).0, "date_before_fact");
        let handler = bureau.service.user_token("chengban", bureau.organ, &[gongkai::case::Role::Handler]);
        assert_eq!(case.try_command(&handler, "reply-recall", json!({ "reason": "引用法条有误" })).status, 403);

        case.clerk("reply-recall", json!({ "reason": "引用法条有误" }));
        case.is("in_progress", "running", Some("2026-11-30"));
        let shown = case.last.json.clone();
        assert_eq!((&shown["reply"], &shown["proposal"]), (&Value::Null, &Value::Null));
        assert_eq!(
            shown["recalled_replies"],
            json!([{ "document_number": first, "issued_on": "2026-11-10", "recalled_on": "2026-11-11", "reason": "引用法条有误" }])
        );
        assert_eq!(duty(&shown, "reply"), "open");
        assert_eq!(case.refused(&clerk, "reply-recall", json!({ "reason": "再撤" })).0, "reply_not_issued");
        let repeat = |number: &str| json!({ "on": "2026-11-12", "outcome": "not_processed.repeat", "reasons": "重复申请", "earlier_reply_number": number });
        bureau.on("2026-11-12");
        let refused = again.try_command(&clerk, "outcome", repeat(&first));
        assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!("/earlier_reply_number")));

        let second = numbered(&mut case, "2026-11-12");
        assert_eq!(second, "公开复〔2026〕2号");
        case.clerk("dispatches", json!({ "method": "post", "on": "2026-11-12", "carrier": "中国邮政" }));
        assert_eq!(case.last.json["recalled_replies"].as_array().unwrap().len(), 1);
        let late = case.try_command(&clerk, "reply-recall", json!({ "reason": "引用法条有误" }));
        assert_eq!((late.status, late.code()), (422, "reply_was_dispatched"));
        assert!(late.json["detail"].as_str().unwrap().contains("更正那一步的记录"), "{late:?}");
        assert_eq!(again.try_command(&clerk, "outcome", repeat(&second)).status, 200);
        verified(&bureau);
    });
}

#[test]
fn a_recall_that_did_not_happen_is_put_right_and_the_number_stands_again() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let again = bureau.registered("2026-11-02");
        bureau.on("2026-11-10");
        let number = numbered(&mut case, "2026-11-10");
        case.clerk("reply-recall", json!({ "reason": "录错案件" }));
        let seq = case.last.json["version"].as_i64().unwrap();
        let head = bureau.head.clone();
        let void = json!({ "reason": "录错案件", "entries": [{ "seq": seq, "void": true }] });
        case.command(&head, "amendments", void);
        case.is("approved", "running", Some("2026-11-30"));
        assert_eq!(case.last.json["reply"]["document_number"], number.as_str());
        assert_eq!(case.last.json["recalled_replies"], json!([]));
        let repeat = json!({
            "on": "2026-11-10", "outcome": "not_processed.repeat", "reasons": "重复申请", "earlier_reply_number": number
        });
        assert_eq!(again.try_command(&bureau.clerk, "outcome", repeat).status, 200);
        verified(&bureau);
    });
}
