//! Cases of several years that ended in every way that makes counting hard.

use gongkai::case::Event;
use gongkai::office::Office;
use gongkai::report::annual::TableLine;
use gongkai::store::{
    CaseId, Db,
    cases::{self, events},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::day;

/// Replies to a case on a day.
pub fn reply(case: &mut CaseAt<'_>, on: &str, proposal: Value) {
    case.bureau.on(on);
    let mut body = json!({ "on": on, "outcome": "disclosed.provided", "reasons": "经审查" });
    for (name, value) in proposal.as_object().unwrap() {
        body[name] = value.clone();
    }
    case.clerk("outcome", body).approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
}

/// An application of a kind, registered on the day it came.
pub fn from<'a>(bureau: &'a Bureau, on: &str, kind: &str) -> CaseAt<'a> {
    bureau.on(on);
    let mut application = bureau.application(on);
    application["applicant"]["kind"] = json!(kind);
    if kind != "natural_person" {
        application["applicant"]["name"] = json!("某某有限公司");
        application["applicant"]["identity"] = json!({ "kind": "credit_code", "number": "91110000MA01234567" });
    }
    let reply = bureau.service.create("/api/v1/cases", &bureau.clerk, application);
    assert_eq!(reply.status, 201, "{reply:?}");
    let mut case = CaseAt { bureau, id: reply.json["id"].as_str().unwrap().to_owned(), last: reply };
    case.clerk("registration", json!({ "on": on }));
    case
}

/// Reconsideration that sets the reply aside and orders a new one.
pub fn set_aside(case: &mut CaseAt<'_>, on: &str) {
    case.bureau.on(on);
    case.now();
    let remedy =
        json!({ "kind": "reconsideration", "received_on": on, "reference": "〔2023〕1号", "simplified": false });
    case.clerk("remedies", remedy);
    let decision = json!({ "remedy": 1, "on": on, "result": "corrected", "orders_reply_within": { "days": 20 } });
    case.clerk("remedy-decisions", decision);
}

/// Cases of 2022 to 2024: replied in each group of the form, extended, withdrawn, merged, split in their year and later, set aside
/// in their year and later, and still open.
pub fn docket(bureau: &Bureau) -> Vec<String> {
    let mut ids = Vec::new();
    let mut done = |case: CaseAt<'_>| ids.push(case.id);
    let mut provided = from(bureau, "2022-03-01", "natural_person");
    reply(&mut provided, "2022-03-10", json!({}));
    done(provided);
    let mut partly = from(bureau, "2022-12-20", "enterprise");
    reply(
        &mut partly,
        "2023-01-04",
        json!({ "outcome": "partially_disclosed", "withheld": ["refused.deliberative_process"] }),
    );
    done(partly);
    let mut refused = from(bureau, "2023-02-01", "legal_service");
    refused.bureau.on("2023-02-10");
    refused.command(
        &bureau.head,
        "extensions",
        json!({ "days": 10, "reason": "情况复杂", "approved_on": "2023-02-10", "notified_on": "2023-02-10" }),
    );
    reply(&mut refused, "2023-03-10", json!({ "outcome": "refused.internal_affairs" }));
    done(refused);
    let mut aside_later = from(bureau, "2022-10-10", "natural_person");
    reply(&mut aside_later, "2022-11-01", json!({ "outcome": "refused.internal_affairs" }));
    set_aside(&mut aside_later, "2023-02-20");
    reply(&mut aside_later, "2023-03-06", json!({}));
    done(aside_later);
    let mut aside_within = from(bureau, "2023-09-01", "natural_person");
    reply(&mut aside_within, "2023-09-12", json!({ "outcome": "refused.internal_affairs" }));
    set_aside(&mut aside_within, "2023-12-20");
    reply(&mut aside_within, "2024-01-08", json!({}));
    done(aside_within);
    let mut withdrawn = from(bureau, "2023-04-03", "natural_person");
    withdrawn.clerk("withdrawal", json!({ "on": "2023-04-03", "identity_checked": true }));
    done(withdrawn);
    let parts = json!([{ "title": "其一", "request": "甲" }, { "title": "其二", "request": "乙" }]);
    let mut split_within = from(bureau, "2023-05-04", "natural_person");
    split_within.clerk("split", json!({ "on": "2023-05-04", "parts": parts }));
    done(split_within);
    let mut split_later = from(bureau, "2023-12-25", "natural_person");
    bureau.on("2024-01-05");
    split_later.clerk("split", json!({ "on": "2024-01-05", "parts": parts }));
    done(split_later);
    let into = from(bureau, "2024-02-01", "natural_person");
    let mut merged = from(bureau, "2024-02-01", "natural_person");
    merged.clerk("merge", json!({ "on": "2024-02-01", "into_case": into.id, "reason": "同一申请" }));
    done(merged);
    done(into);
    let mut late = from(bureau, "2024-03-01", "research_institution");
    reply(&mut late, "2024-05-20", json!({}));
    bureau.on("2024-06-03");
    late.now();
    let suit = json!({ "kind": "litigation", "received_on": "2024-06-03", "reference": "（2024）行初1号", "simplified": false });
    late.clerk("remedies", suit);
    done(late);
    ids
}

/// What the logs of all cases of the database say, one line a case.
pub fn lines(office: &Office) -> BTreeMap<CaseId, TableLine> {
    let read = |db: &mut Db| -> Result<_, gongkai::office::OfficeError> {
        let mut lines = BTreeMap::new();
        for row in cases::page_by_id(db, None, 10_000)? {
            let log: Vec<Event> = events::load(db, row.id)?
                .iter()
                .map(|event| gongkai::case::log::decode(&event.kind, &event.body).unwrap())
                .collect();
            if let Some(course) = gongkai::case::course(&log) {
                lines.insert(row.id, TableLine { course, is_late: row.is_late, count: 1 });
            }
        }
        Ok(lines)
    };
    office.store().read(read).unwrap()
}

/// The day after everything.
pub fn end(bureau: &Bureau) {
    bureau.service.office.clock().set(day("2025-01-15"));
}
