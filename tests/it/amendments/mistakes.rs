//! The mistakes that offices make (usertest.md part C): the mistake, the way back, and then due date, overdue list,
//! reminders and annual report as if it had not happened.

use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::codes;
use crate::support::{TestDatabase, on_both_databases};

/// Amends as the head of the office; the answer must be 200 and the amendment in effect.
#[track_caller]
pub fn amend(case: &mut CaseAt<'_>, entries: Value) -> Value {
    let head = case.bureau.head.clone();
    case.command(&head, "amendments", json!({ "reason": "录入有误", "entries": entries }));
    let json = case.last.json.clone();
    let last = json["amendments"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["status"]["code"], "effective", "{last}");
    json
}

/// Row 新收 (一、) of table three, and the whole report without what depends on the moment.
#[track_caller]
pub fn report(bureau: &Bureau) -> Value {
    let reply = bureau.service.get("/api/v1/reports/annual?year=2026&form=2021", &bureau.head);
    assert_eq!(reply.status, 200, "{reply:?}");
    json!({ "three": reply.json["table3"], "four": reply.json["table4"], "fee": reply.json["fee_yuan"] })
}

/// What a supervisor sees of the organ on a day, without the day whose knowledge it is.
#[track_caller]
pub fn overdue(bureau: &Bureau, on: &str) -> Value {
    let reply = bureau.service.get(&format!("/api/v1/overdue?as_of={on}"), &bureau.head);
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut lists = reply.json;
    lists.as_object_mut().unwrap().remove("known_on");
    lists
}

/// What an office keeps of a case: everything that the right facts decide.
fn kept(case: &mut CaseAt<'_>) -> Value {
    case.now();
    let mut json = case.last.json.clone();
    for member in ["id", "organ_id", "number", "version", "amendments", "created_at", "updated_at", "actions"] {
        json.as_object_mut().unwrap().remove(member);
    }
    if let Some(clock) = json["clock"].as_object_mut() {
        clock.remove("derivation_url");
    }
    for duty in json["obligations"].as_array_mut().into_iter().flatten() {
        duty.as_object_mut().unwrap().remove("key");
    }
    json
}

/// Plays a mistake with its way back in one office and the right course in another, on the same days: the case and the
/// report are the same then, the overdue lists of every day in between are equally long, and the evidence verifies.
fn as_if_it_had_not_happened(days: &[&str], wrong: impl Fn(&Bureau) -> String, right: impl Fn(&Bureau) -> String) {
    let play = |database: &TestDatabase, course: &dyn Fn(&Bureau) -> String| {
        let bureau = Bureau::open(database, "2026-11-02");
        let id = course(&bureau);
        bureau.on(days.last().unwrap());
        let last = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.head);
        let mut case = CaseAt { bureau: &bureau, id, last };
        let lists: Vec<(usize, usize)> = days
            .iter()
            .map(|day| {
                let list = overdue(&bureau, day);
                let length = |part: &str| list[part]["items"].as_array().unwrap().len();
                (length("overdue_open"), length("replied_late"))
            })
            .collect();
        bureau.verified();
        (kept(&mut case), report(&bureau), lists)
    };
    let found = std::sync::Mutex::new(std::collections::HashMap::new());
    on_both_databases(|database| {
        let came_to = play(database, &wrong);
        found.lock().unwrap().insert(database.name.to_string(), came_to);
    });
    on_both_databases(|database| {
        let came_to = found.lock().unwrap().remove(&database.name.to_string()).unwrap();
        assert_eq!(came_to, play(database, &right), "{}", database.name);
    });
}

#[test]
fn a_receipt_of_the_12th_for_the_21st_moves_no_legal_date_once_it_is_put_right() {
    as_if_it_had_not_happened(
        &["2026-11-10", "2026-11-12", "2026-11-19", "2026-11-20"],
        |bureau| {
            bureau.on("2026-10-21");
            let mut case = bureau.file(bureau.application("2026-10-12"));
            case.clerk("registration", json!({ "on": "2026-10-21" }));
            bureau.on("2026-11-09");
            let shown = amend(&mut case, json!([{ "seq": 1, "change": { "submitted_on": "2026-10-21" } }]));
            assert_eq!((&shown["clock"]["due"], &shown["receipt"]["on"]), (&json!("2026-11-18"), &json!("2026-10-21")));
            case.id
        },
        |bureau| {
            bureau.on("2026-10-21");
            let mut case = bureau.file(bureau.application("2026-10-21"));
            case.clerk("registration", json!({ "on": "2026-10-21" }));
            case.id
        },
    );
}

#[test]
fn the_kind_of_the_applicant_the_channel_and_the_title_are_put_right_in_the_report_and_the_lists() {
    as_if_it_had_not_happened(
        &["2026-11-03"],
        |bureau| {
            let mut case = bureau.registered("2026-11-02");
            amend(
                &mut case,
                json!([{ "seq": 1, "change": {
                    "applicant_kind": "enterprise", "channel": "fax", "confirmed_on": "2026-11-02", "title": "某协议文本" } }]),
            );
            case.id
        },
        |bureau| {
            bureau.on("2026-11-02");
            let mut application = bureau.application("2026-11-02");
            application["applicant"]["kind"] = json!("enterprise");
            application["applicant"]["identity"] = json!(null);
            application["channel"] = json!("fax");
            application["confirmed_on"] = json!("2026-11-02");
            application["title"] = json!("某协议文本");
            let mut case = bureau.file(application);
            case.clerk("registration", json!({ "on": "2026-11-02" }));
            case.id
        },
    );
}

#[test]
fn a_consultation_on_the_wrong_case_excludes_no_day_once_it_is_void() {
    let registered = |bureau: &Bureau| bureau.registered("2026-11-02").id;
    as_if_it_had_not_happened(
        &["2026-11-30", "2026-12-01", "2026-12-02"],
        |bureau| {
            let mut case = bureau.registered("2026-11-02");
            bureau.on("2026-11-12");
            case.clerk(
                "consultations",
                json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2026-11-10",
                    "served_on": "2026-11-11" }),
            );
            let back = json!({ "consultation": 1, "on": "2026-11-12", "opinion": "consents", "reasons": "录错案件" });
            case.clerk("consultation-returns", back);
            assert_eq!(case.last.json["clock"]["due"], "2026-12-02");
            let shown = amend(&mut case, json!([{ "seq": 4, "void": true }, { "seq": 5, "void": true }]));
            assert_eq!(shown["clock"]["due"], "2026-11-30");
            case.id
        },
        registered,
    );
}

#[test]
fn an_extension_of_2_days_for_20_and_a_correction_notice_by_mistake_are_put_right() {
    as_if_it_had_not_happened(
        &["2026-12-01", "2026-12-28", "2026-12-29"],
        |bureau| {
            let mut case = bureau.registered("2026-11-02");
            let head = bureau.head.clone();
            bureau.on("2026-11-09");
            case.clerk("corrections", json!({ "on": "2026-11-04", "items": ["文号"], "respond_days": 10 }));
            let void = json!([{ "seq": 4, "void": true }]);
            let unproved = case.try_command(&head, "amendments", json!({ "reason": "录入有误", "entries": void }));
            assert_eq!(unproved.json["errors"][0]["code"], "evidence_required", "{unproved:?}");
            case.command(
                &head,
                "amendments",
                json!({ "reason": "录入有误", "evidence": "发文登记簿上没有", "entries": void }),
            );
            bureau.on("2026-11-27");
            let days = |days: u16| json!({ "days": days, "reason": "需要检索", "approved_on": "2026-11-26", "notified_on": "2026-11-27" });
            case.command(&head, "extensions", days(2));
            assert_eq!(case.last.json["clock"]["due"], "2026-12-02");
            bureau.on("2026-11-30");
            let clerk = bureau.clerk.clone();
            let entries = json!([{ "seq": 6, "change": { "days": 20 } }]);
            let (code, _) = case.refused(&clerk, "amendments", json!({ "reason": "录入有误", "entries": entries }));
            assert_eq!(code, "amendment_needs_head", "the head recorded it");
            // His own entry of an earlier day: the leader confirms.
            case.command(
                &head,
                "amendments",
                json!({ "reason": "录入有误", "evidence": "延期通知", "entries": entries }),
            );
            assert_eq!(codes(&case.last.json["amendments"][1]["because"]), json!(["own_earlier_entry"]));
            assert_eq!(case.last.json["clock"]["due"], "2026-12-02", "not yet in effect");
            let leader = bureau.leader.clone();
            case.command(&leader, "amendments/2/confirmation", json!({}));
            assert_eq!(case.last.json["clock"]["due"], "2026-12-28");
            case.id
        },
        |bureau| {
            let mut case = bureau.registered("2026-11-02");
            let head = bureau.head.clone();
            bureau.on("2026-11-27");
            let days =
                json!({ "days": 20, "reason": "需要检索", "approved_on": "2026-11-26", "notified_on": "2026-11-27" });
            case.command(&head, "extensions", days);
            case.id
        },
    );
}

#[test]
fn a_fee_of_86_pages_for_68_is_put_right_in_part_six() {
    let asked = |bureau: &Bureau, pages: u32| {
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-03");
        case.clerk("fee", json!({ "on": "2026-11-03", "basis": "by_page", "count": pages }));
        let (id, etag) = (case.id.clone(), case.last.clone());
        (id, etag)
    };
    as_if_it_had_not_happened(
        &["2026-11-10"],
        |bureau| {
            let (id, last) = asked(bureau, 86);
            let mut case = CaseAt { bureau, id, last };
            amend(&mut case, json!([{ "seq": 4, "change": { "count": 68 } }]));
            case.clerk("fee-payment", json!({ "on": "2026-11-03" }));
            case.id
        },
        |bureau| {
            let (id, last) = asked(bureau, 68);
            let mut case = CaseAt { bureau, id, last };
            case.clerk("fee-payment", json!({ "on": "2026-11-03" }));
            case.id
        },
    );
}
