//! The same tables when a random half of their cases was carried through the service, step by step, instead of imported.
//!
//! `GONGKAI_TEST_FULL=1` makes it every complete table; without it those of at most a hundred cases.

use chrono::{Days, NaiveDate};
use gongkai::law::{Outcome, Regime, Requirement};
use gongkai::report::ledger::outcome_of;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::tables::{Entry, Published, ledger};
use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;

/// Carried tables have at most so many cases, as each is ten requests, unless all are asked for.
const MOST: usize = 100;

/// Carries a case to its end, everything entered on the day after it was over.
fn carry(bureau: &Bureau, entry: &Entry) {
    let received = entry.received_on.to_string();
    let mut application = bureau.application(&received);
    application["applicant"] = json!({ "kind": entry.kind.code(), "name": "某申请人" });
    let mut case = bureau.file(application);
    case.clerk("registration", json!({ "on": received }));
    let Some((label, on)) = &entry.end else { return };
    let outcome = outcome_of(label, Regime::for_receipt(entry.received_on)).unwrap();
    let (mid, end) = (entry.received_on + Days::new(1), *on);
    match outcome {
        Outcome::Withdrawn => {
            case.clerk("withdrawal", json!({ "on": end, "identity_checked": true }));
        }
        Outcome::CorrectionLapsed => {
            let notice = json!({ "on": mid, "items": ["文号"], "respond_days": 1, "served_on": mid });
            case.clerk("corrections", notice).clerk("lapse", json!({ "on": end, "reason": "无正当理由" }));
        }
        Outcome::FeeLapsed => {
            let notice = json!({ "on": mid, "basis": "by_page", "count": 68, "served_on": mid });
            let over = end + Days::new(40);
            case.clerk("fee", notice).clerk("lapse", json!({ "on": over, "reason": "未缴费" }));
        }
        _ => answer(&mut case, outcome, mid, end),
    }
}

/// What the law wants on the case first, then the proposal, its reviews, the reply and its dispatch.
fn answer(case: &mut CaseAt<'_>, outcome: Outcome, mid: NaiveDate, end: NaiveDate) {
    let mut proposal = json!({ "on": end, "outcome": outcome.code(), "reasons": "经审查" });
    if outcome == Outcome::PartiallyDisclosed {
        proposal["withheld"] = json!(["refused.internal_affairs"]);
    }
    for requirement in outcome.requirements() {
        prepare(case, *requirement, mid, &mut proposal);
    }
    case.clerk("outcome", proposal);
    case.approve(&end.to_string());
    case.clerk("reply", json!({ "on": end }));
    case.clerk("dispatches", json!({ "method": "post", "on": end, "carrier": "EMS" }));
}

fn prepare(case: &mut CaseAt<'_>, requirement: Requirement, on: NaiveDate, proposal: &mut Value) {
    match requirement {
        Requirement::SearchRecord => {
            let search =
                json!({ "on": on, "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": false });
            case.clerk("searches", search);
        }
        Requirement::ThirdPartyConsulted => {
            let letter = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": on });
            let opinion =
                json!({ "consultation": 1, "on": on, "opinion": "objects_with_reason", "reasons": "商业秘密" });
            case.clerk("consultations", letter).clerk("consultation-returns", opinion);
        }
        Requirement::CorrectionMade => {
            case.clerk("corrections", json!({ "on": on, "items": ["文号"], "respond_days": 10, "served_on": on }));
            case.clerk("corrected-application", json!({ "on": on, "request": "仍不明确" }));
        }
        Requirement::JustificationUnreasonable => {
            case.clerk("justifications", json!({ "on": on, "facts": "四十件", "respond_days": 5, "served_on": on }));
            case.clerk("justification-answers", json!({ "on": on, "reasonable": false, "reasons": "无" }));
        }
        Requirement::RightOrgan => proposal["right_organ"] = json!({ "name": "某局", "contact": "010-12345678" }),
        Requirement::EarlierReplyNumber => {
            proposal["earlier_reply_number"] = json!("〔2023〕1号");
            proposal["earlier_reply_before_system"] = json!(true);
        }
        Requirement::AccessPath => proposal["public_location"] = json!("网站公开栏"),
        Requirement::SpecialLaw => proposal["legal_basis"] = json!("某法"),
        Requirement::SecretMarking => {
            proposal["secret"] = json!({ "level": "secret", "marking": "机密★10年", "term": "10年" });
        }
        Requirement::AdverseEffect => proposal["adverse_effect"] = json!("危及公共安全"),
        Requirement::ProcessRecord => {
            proposal["process"] = json!({ "kind": "draft", "made_on": "2008-05-04", "decision": "某批复" });
        }
        Requirement::InternalAffairsKind => proposal["internal_affairs"] = json!("personnel"),
        Requirement::FilePaper => proposal["file_paper"] = json!("询问笔录"),
        Requirement::Publication => proposal["publication"] = json!({ "on": "2008-05-04", "place": "网站公开栏" }),
        // The opinion above objects; reasons are given to every proposal; the rest are ends without a reply.
        Requirement::ConsultationObjected
        | Requirement::Reasons
        | Requirement::CorrectionOverdue
        | Requirement::FeeOverdue
        | Requirement::Withdrawn => {}
    }
}

/// A random half, the same in every run.
fn halves(entries: &[Entry]) -> (Vec<Entry>, Vec<Entry>) {
    let mut runner = TestRunner::deterministic();
    let (mut carried, mut imported) = (Vec::new(), Vec::new());
    for entry in entries {
        if proptest::bool::ANY.new_tree(&mut runner).unwrap().current() {
            carried.push(entry.clone());
        } else {
            imported.push(entry.clone());
        }
    }
    (carried, imported)
}

#[test]
fn half_imported_and_half_carried_by_hand_make_the_same_table() {
    let is_full = std::env::var_os("GONGKAI_TEST_FULL").is_some();
    let is_carried = |table: &Published| is_full || table.entries().len() <= MOST;
    let tables: Vec<Published> = Published::all().into_iter().filter(is_carried).collect();
    assert!(tables.len() >= if is_full { 6 } else { 3 }, "only {} tables", tables.len());
    for table in tables {
        on_both_databases(|database| {
            let bureau = Bureau::open(database, "2026-06-30");
            let (carried, imported) = halves(&table.entries());
            assert!(carried.len() > 5 && imported.len() > 5, "{}", table.name);
            for entry in &carried {
                carry(&bureau, entry);
            }
            let office = &bureau.service.office;
            let take = |db: &mut _| {
                let text = ledger(&imported);
                office.ledger().import_ledger(
                    db,
                    None,
                    bureau.organ,
                    text.as_bytes(),
                    Default::default(),
                    &mut |_, _| {},
                )
            };
            let report = office.store().write(take).unwrap();
            assert_eq!((report.faults, report.created), (Vec::new(), u64::try_from(imported.len()).unwrap()));
            table.is_reported(office, "zrzy");
            eprintln!("{} {}: {} carried, {} imported", database.name, table.name, carried.len(), imported.len());
        });
    }
}
