//! Receipt, registration, split and merge.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Channel, Regime};
use uuid::Uuid;

#[test]
fn handed_in_at_the_counter_is_received_that_day() {
    let desk = Desk::registered("2024-03-01");
    assert_eq!(desk.case().receipt.map(|r| r.on), Some(day("2024-03-01")));
    assert_eq!(desk.due(), Some(day("2024-03-29")));
}

#[test]
fn registered_mail_counts_from_the_organs_signature_not_from_the_gatehouse_hand_over() {
    let mut desk = Desk::on("2024-03-20");
    let mut mail = received(Channel::RegisteredMail, day("2024-02-28"));
    mail.signed_on = Some(day("2024-03-01"));
    mail.arrived_on = Some(day("2024-03-19"));
    desk.accept(mail);
    assert_eq!(desk.due(), Some(day("2024-03-29")));
}

#[test]
fn registered_mail_without_its_signing_day_is_refused() {
    let mut desk = Desk::on("2024-03-20");
    let (code, article) = desk.refused(received(Channel::RegisteredMail, day("2024-03-01")));
    assert_eq!(code, "signing_day_required");
    assert!(article.is_some_and(|article| article.contains("第三十一条")));
}

#[test]
fn ordinary_mail_waits_for_confirmation_and_an_unreachable_applicant_starts_nothing() {
    let mut desk = Desk::on("2024-03-01");
    desk.accept(received(Channel::OrdinaryMail, day("2024-03-01")));
    assert_eq!(desk.case().stage, Stage::AwaitingConfirmation);
    assert_eq!(desk.due(), None);
    let mut desk = desk.at("2024-03-08");
    desk.accept(LogContact {
        on: day("2024-03-08"),
        means: "电话".into(),
        result: ContactResult::Unreachable,
        note: None,
    });
    assert_eq!(desk.refused(Register { on: day("2024-03-08") }).0, "wrong_stage");
    let mut desk = desk.at("2024-03-11");
    desk.accept(ConfirmReceipt { on: day("2024-03-11"), evidence: "电话恢复联系".into() });
    assert_eq!(desk.case().receipt.map(|r| r.on), Some(day("2024-03-11")));
    assert_eq!(desk.due(), Some(day("2024-04-09")));
}

#[test]
fn the_portals_own_success_notice_is_the_confirmation() {
    let mut desk = Desk::on("2024-03-04");
    let mut online = received(Channel::Online, day("2024-03-01"));
    online.acknowledged_on = Some(day("2024-03-01"));
    desk.accept(online);
    assert_eq!(desk.case().receipt.map(|r| r.on), Some(day("2024-03-01")));
}

#[test]
fn guiding_case_26_portal_success_is_receipt_whatever_the_network_inside() {
    let mut desk = Desk::on("2011-06-30");
    let mut online = received(Channel::Online, day("2011-06-01"));
    online.acknowledged_on = Some(day("2011-06-01"));
    desk.accept(online);
    assert_eq!(desk.case().regime, Some(Regime::Order492));
    assert_eq!(desk.due(), Some(day("2011-06-23")));
}

#[test]
fn a_fact_may_be_entered_late_but_not_before_it_happened_nor_before_the_law() {
    let mut desk = Desk::on("2024-03-04");
    assert_eq!(desk.refused(at_counter(day("2024-03-05"))).0, "date_in_future");
    assert_eq!(desk.refused(at_counter(day("2008-04-30"))).0, "date_before_the_law");
    let mut mail = received(Channel::RegisteredMail, day("2024-03-01"));
    mail.signed_on = Some(day("2024-02-29"));
    assert_eq!(desk.refused(mail).0, "date_before_fact");
    desk.accept(at_counter(day("2024-02-20")));
    assert_eq!(desk.refused(Register { on: day("2024-02-19") }).0, "date_before_fact");
}

#[test]
fn an_application_must_say_what_it_asks_for() {
    let mut desk = Desk::on("2024-03-04");
    let mut empty = at_counter(day("2024-03-04"));
    empty.request = "  ".into();
    assert_eq!(desk.refused(empty).0, "text_required");
}

#[test]
fn nothing_happens_to_a_case_that_was_not_received() {
    assert_eq!(Desk::on("2024-03-04").refused(Register { on: day("2024-03-04") }).0, "not_received");
}

#[test]
fn a_split_ends_the_case_and_needs_two_parts_at_least() {
    let mut desk = Desk::registered("2024-03-01");
    let part = SplitPart { title: "其一".into(), request: "其一".into() };
    assert_eq!(desk.refused(Split { on: day("2024-03-01"), parts: vec![part.clone()] }).0, "split_needs_parts");
    desk.accept(Split { on: day("2024-03-01"), parts: vec![part.clone(), part] });
    assert_eq!(desk.case().stage, Stage::Split);
}

#[test]
fn a_merged_case_ends_and_the_same_tie_is_made_once() {
    let mut desk = Desk::registered("2024-03-01");
    let tie = Link { on: day("2024-03-01"), other_case: Uuid::from_u128(5), relation: LinkRelation::Earlier };
    desk.accept(tie.clone());
    assert_eq!(desk.refused(tie).0, "already_linked");
    desk.accept(Merge { on: day("2024-03-01"), into_case: Uuid::from_u128(5), reason: "同一申请".into() });
    assert_eq!(desk.case().stage, Stage::Merged);
    assert_eq!(desk.status(), "ended");
}

#[test]
fn each_command_wants_its_role() {
    let desk = Desk::registered("2024-03-01");
    for kind in CommandKind::ALL.iter().filter(|kind| **kind != CommandKind::Receive) {
        let auditor = holding(&[Role::Auditor, Role::Supervisor, Role::Admin]);
        let refusal = desk.try_as(&auditor, &plain(*kind, desk.case.as_ref(), desk.today)).expect_err("no right");
        assert_eq!(refusal.code, "role_required", "{kind:?}");
    }
    let refusal = Desk::on("2024-03-01")
        .try_as(&holding(&[Role::Admin]), &at_counter(day("2024-03-01")).into())
        .expect_err("an administrator decides no case");
    assert_eq!(refusal.code, "role_required");
}
