//! Samples of every mail, to try a template of the office's own before it is used.

use super::because::Because;
use super::render::day_page::digest;
use super::render::page::{parked, reminder};
use super::render::{Addressee, Item, Next, NextAction, Parked};
use super::{alarm, notice, order_notice};
use crate::case::ObligationKind;
use crate::case::reminder_policy::DutyTiming;
use chrono::{NaiveDate, NaiveTime};
use minijinja::Value;

/// Sample pages that together contain everything the template of that name may receive.
#[must_use]
pub fn of(template: &str) -> Vec<Value> {
    let addressee = Addressee { person: "某某", to: "a@localhost" };
    match template.split('.').next() {
        Some("digest") => samples().iter().map(|one| digest(addressee, std::slice::from_ref(one), one.as_of)).collect(),
        Some("notice") => order_notice::sample_pages(),
        Some("calendar_moved") => vec![notice::sample_moved()],
        Some("calendar_missing") => notice::sample_missing(),
        Some("in_the_clear") => alarm::sample_in_the_clear(),
        Some("parked") => {
            let at = NaiveDate::MIN.and_time(NaiveTime::MIN);
            let sample = Parked { address: "a@localhost", subject: "某事", reply: "550", at, mail_id: "1" };
            vec![parked(addressee, &sample)]
        }
        Some(_) | None => samples().iter().map(|one| reminder(addressee, one)).collect(),
    }
}

/// Sample duties that together fill every value a page may contain, and leave out every optional one.
fn samples() -> [Item; 3] {
    let full = Item {
        organ: "某机关".to_owned(),
        case_number: Some("1号".to_owned()),
        case_title: Some("某信息".to_owned()),
        applicant: Some("某**".to_owned()),
        kind: ObligationKind::Reply.code().to_owned(),
        article: "某条".to_owned(),
        due_on: NaiveDate::MIN,
        latest_on: Some(NaiveDate::MAX),
        standing: DutyTiming::Overdue(30),
        is_black: true,
        as_of: NaiveDate::MIN,
        missed: vec![NaiveDate::MIN],
        estimate: Some("某年放假安排未公布".to_owned()),
        unknown_year: Some(1),
        because: Because::HandlerLeft("某某".to_owned()),
        is_at_risk: true,
        in_hand: Some("某科".to_owned()),
        next: Some(Next {
            steps: vec![NextAction { label: "某事", until: Some(NaiveDate::MIN), article: "某条" }],
            others: vec!["他事"],
            is_for_reader: true,
        }),
    };
    let bare = Item {
        case_number: None,
        case_title: None,
        applicant: None,
        kind: ObligationKind::AnnualReport.code().to_owned(),
        latest_on: None,
        standing: DutyTiming::Left(1),
        is_black: false,
        missed: Vec::new(),
        estimate: None,
        unknown_year: None,
        because: Because::NobodyElse,
        is_at_risk: false,
        in_hand: None,
        next: None,
        ..full.clone()
    };
    let follow_up = Item { kind: ObligationKind::ServiceDate.code().to_owned(), ..full.clone() };
    [full, bare, follow_up]
}
