//! The record of an applicant is corrected, and what it said before stays provable (个人信息保护法第四十六条).

mod forms;
mod kept;
mod others;

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::store::Db;
use serde_json::{Value, json};

use crate::support::TestDatabase;
use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::Reply;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The texts that a statement gives in its column `line`.
fn lines(db: &mut Db, sql: &str) -> Vec<String> {
    let found: Vec<Line> = diesel::sql_query(sql).load(db).unwrap();
    found.into_iter().map(|line| line.line).collect()
}

/// Asks for a correction with the version last seen.
fn asked(case: &CaseAt<'_>, token: &str, reason: &str, change: Value) -> Reply {
    let etag = case.etag();
    let body = json!({ "reason": reason, "change": change });
    case.bureau.service.call_with("PATCH", &case.path("applicant"), token, &[("if-match", &etag)], Some(body))
}

/// Corrects the record as the clerk; the answer must be 200.
#[track_caller]
fn correct(case: &mut CaseAt<'_>, change: Value) -> Value {
    let token = case.bureau.clerk.clone();
    let reply = asked(case, &token, "按身份证更正", change);
    assert_eq!(reply.status, 200, "{reply:?}");
    case.last = reply;
    case.last.json.clone()
}

/// Reads the record in clear text.
#[track_caller]
fn revealed(case: &CaseAt<'_>) -> Value {
    let body = json!({ "reason": "寄送答复书需核对地址" });
    let reply = case.bureau.service.call("POST", &case.path("applicant/reveal"), &case.bureau.clerk, Some(body));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

/// Code, pointer and code of the first fault of a refusal.
fn refused(case: &CaseAt<'_>, token: &str, change: Value) -> (u16, String, String) {
    let reply = asked(case, token, "按身份证更正", change);
    let fault = &reply.json["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match fault.is_null() {
        true => (reply.status, reply.code().to_owned(), String::new()),
        false => (reply.status, text(&fault["pointer"]), text(&fault["code"])),
    }
}

/// The events of a case of the kind that corrects its applicant, as the log shows them.
fn corrections(bureau: &Bureau, id: &str) -> Vec<Value> {
    let log = bureau.service.get(&format!("/api/v1/cases/{id}/events"), &bureau.clerk);
    let events = log.json.as_array().unwrap().iter();
    events.filter(|event| event["kind"]["code"] == "applicant_corrected").cloned().collect()
}

/// What the tables of logs and of the audit hold of a text.
fn in_clear(database: &TestDatabase, text: &str) -> Vec<String> {
    let sql = format!(
        "SELECT 'case_events' AS line FROM case_events WHERE body LIKE '%{text}%'
         UNION SELECT 'audit_log' FROM audit_log WHERE detail LIKE '%{text}%'
         UNION SELECT 'applicants' FROM applicants WHERE name LIKE '%{text}%'
         UNION SELECT 'cases' FROM cases WHERE applicant_name LIKE '%{text}%'"
    );
    lines(&mut database.raw(), &sql)
}
