//! What was given out too early is taken back before it does harm: a numbered reply, a department's task, a handler.

use gongkai::case::Role;
use gongkai::store::UserId;
use gongkai::store::people::departments;
use gongkai::store::people::users::{self, UserChange};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;

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
            "答复已签发编号，不能只撤回拟办；答复有误的，请撤回答复，原文号作废；无误的，请发出答复"
        );
        let early = json!({ "on": "2026-11-09", "reason": "引用法条有误" });
        assert_eq!(case.refused(&clerk, "reply-recall", early).0, "date_before_fact");
        let handler = bureau.service.user_token("chengban", bureau.organ, &[Role::Handler]);
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
        bureau.verified();
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
        bureau.verified();
    });
}

/// A second department, 确权登记科.
fn wrong_department(bureau: &Bureau) -> String {
    let add = |db: &mut _| departments::insert(db, bureau.organ, "qq", "确权登记科");
    bureau.service.office.store().write(add).unwrap().id.0.to_string()
}

/// A handler of the organ, changed as said.
fn handler(bureau: &Bureau, name: &str, change: &UserChange) -> UserId {
    let id = bureau.service.user(name, bureau.organ, &[Role::Handler]);
    let changed = |db: &mut _| {
        let seen = users::find(db, id)?;
        users::update(db, &seen, change)
    };
    bureau.service.office.store().write(changed).unwrap();
    id
}

/// What of a case is shown of whose delay it is.
fn delay(bureau: &Bureau, case: &CaseAt<'_>) -> String {
    let reply = bureau.service.get(&case.path("delay"), &bureau.head);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text
}

#[test]
fn a_task_of_the_wrong_department_is_taken_back_and_no_day_is_booked_on_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let wrong = wrong_department(&bureau);
        let mut case = bureau.registered("2026-11-02");
        case.clerk("tasks", json!({ "on": "2026-11-02", "department_id": wrong }));
        bureau.on("2026-11-10");
        case.clerk("tasks", json!({ "on": "2026-11-10", "department_id": bureau.department }));
        assert!(delay(&bureau, &case).contains("确权登记科"));
        assert_eq!(duty(&case.last.json, "department_task:1"), "open");
        case.clerk("task-withdrawals", json!({ "task": 1, "reason": "分办错科室" }));
        let shown = case.last.json.clone();
        assert_eq!(shown["tasks"][0]["withdrawn"], json!({ "on": "2026-11-10", "reason": "分办错科室" }));
        assert_eq!(duty(&shown, "department_task:1"), "cancelled");
        assert_eq!(duty(&shown, "department_task:2"), "open");
        assert_eq!(shown["department_id"], bureau.department.as_str());
        assert_eq!(shown["assignments"].as_array().unwrap().len(), 1);
        bureau.on("2026-11-12");
        let told = delay(&bureau, &case);
        assert!(!told.contains("确权登记科"), "{told}");
        assert!(told.contains("耕地保护科"), "{told}");
        let clerk = bureau.clerk.clone();
        let again = case.try_command(&clerk, "task-withdrawals", json!({ "task": 1, "reason": "分办错科室" }));
        assert_eq!((again.status, again.code()), (404, "no_such_task"));
        case.clerk("task-withdrawals", json!({ "task": 2, "reason": "由公开办自己办" }));
        assert_eq!((&case.last.json["department_id"], &case.last.json["handler_id"]), (&Value::Null, &Value::Null));
        let none = json!({ "task": 2, "reason": "分办错科室" });
        assert_eq!(case.refused(&clerk, "task-withdrawals", none).0, "no_open_task");
        bureau.verified();
    });
}

#[test]
fn a_case_in_review_passes_to_another_handler_of_the_organ_and_to_nobody_else() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let other = wrong_department(&bureau);
        let of = |department: &str| Some(Some(department.parse::<uuid::Uuid>().unwrap().into()));
        let mine = handler(
            &bureau,
            "chengban",
            &UserChange { department_id: of(&bureau.department), ..UserChange::default() },
        );
        let theirs = handler(&bureau, "queqian", &UserChange { department_id: of(&other), ..UserChange::default() });
        let left = handler(&bureau, "lizhi", &UserChange { is_active: Some(false), ..UserChange::default() });
        let elsewhere = bureau.service.organ("other", None);
        let stranger = bureau.service.user("waidanwei", elsewhere, &[Role::Handler]);
        let add = |db: &mut _| departments::insert(db, elsewhere, "wk", "外科室");
        let foreign = bureau.service.office.store().write(add).unwrap().id.0.to_string();
        let mut case = bureau.registered("2026-11-02");
        let clerk = bureau.clerk.clone();
        let to = |department: &str, handler: UserId| json!({ "department_id": department, "handler_id": handler.0, "reason": "经办人调离" });
        let task = |department: &str, handler: UserId| json!({ "on": "2026-11-02", "department_id": department, "handler_id": handler.0 });
        let refused = |case: &CaseAt<'_>, segment: &str, body: Value| {
            let reply = case.try_command(&clerk, segment, body);
            assert_eq!(reply.status, 422, "{reply:?}");
            let error = &reply.json["errors"][0];
            format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
        };
        for (department, handler, expected) in [
            (&foreign, stranger, "/department_id not_found"),
            (&bureau.department, stranger, "/handler_id not_found"),
            (&bureau.department, left, "/handler_id user_disabled"),
            (&bureau.department, theirs, "/handler_id other_department"),
        ] {
            assert_eq!(refused(&case, "tasks", task(department, handler)), expected);
            assert_eq!(refused(&case, "assignments", to(department, handler)), expected);
        }
        case.clerk("tasks", task(&other, theirs));
        case.clerk(
            "outcome",
            json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "依法可以公开" }),
        );
        bureau.on("2026-11-03");
        case.clerk("assignments", to(&bureau.department, mine));
        case.is("in_review", "running", Some("2026-11-30"));
        let shown = case.last.json.clone();
        assert_eq!(shown["department_id"], bureau.department.as_str());
        assert_eq!(shown["handler_id"], mine.0.to_string());
        assert_eq!(shown["tasks"].as_array().unwrap().len(), 1, "no new task");
        assert_eq!(shown["tasks"][0]["assign"]["handler_id"], mine.0.to_string(), "what is owed passes on");
        assert_eq!(shown["assignments"][1]["reason"], "经办人调离");
        case.approve("2026-11-03").clerk("assignments", to(&other, theirs));
        assert_eq!(case.last.json["handler_id"], theirs.0.to_string());
        let reviewer = bureau.reviewer.clone();
        assert_eq!(case.try_command(&reviewer, "assignments", to(&other, theirs)).status, 403);
        bureau.verified();
    });
}
