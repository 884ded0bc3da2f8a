//! What is offered and what blocks it, asked of the permission alone: a command that was never offered is never typed in.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Outcome, Regime};
use uuid::Uuid;

#[track_caller]
fn blocked(desk: &Desk, command: CommandKind) -> &'static str {
    desk.permit(command).expect_err("must be blocked").code
}

fn excessive() -> Desk {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-08");
    desk.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    desk
}

#[test]
fn a_second_correction_is_refused_with_the_answer_each_order_has_instead() {
    for (received, regime, instead) in [
        ("2024-03-01", Regime::Order711, "unavailable.still_unclear"),
        ("2018-03-01", Regime::Order492, "o492.amend_requested"),
    ] {
        let mut desk = Desk::registered(received);
        desk.rules.correction_pauses_492 = true;
        let today = desk.today;
        desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), today));
        desk.accept(plain(CommandKind::ReceiveCorrection, desk.case.as_ref(), today));
        let refusal = desk.permit(CommandKind::RequestCorrection).unwrap_err();
        assert_eq!((refusal.code, desk.case().regime), ("correction_only_once", Some(regime)));
        assert!(refusal.detail.contains(instead), "{}", refusal.detail);
    }
}

#[test]
fn giving_up_is_offered_from_the_day_after_the_last_one_and_not_on_an_unknown_day() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    let notice = |on: &str, respond_days| RequestCorrection {
        on: day(on),
        items: vec!["文号".into()],
        respond_days,
        served_on: Some(day(on)),
    };
    desk.accept(notice("2024-03-12", 10));
    assert_eq!(blocked(&desk.clone().at("2024-03-26"), CommandKind::Lapse), "period_still_running");
    assert!(desk.at("2024-03-27").permit(CommandKind::Lapse).is_ok());
    let mut gap = Desk::registered("2026-12-25");
    gap.accept(notice("2026-12-25", 10));
    assert_eq!(blocked(&gap, CommandKind::Lapse), "calendar_gap");
}

#[test]
fn while_an_opinion_is_awaited_neither_a_proposal_nor_a_review_is_offered() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    desk.accept(proposal(Outcome::Provided, day("2024-03-05")));
    assert!(desk.permit(CommandKind::Review).is_ok());
    desk.accept(third_party(day("2024-03-05")));
    assert_eq!(blocked(&desk, CommandKind::Review), "consultation_open");
    let mut early = Desk::registered("2024-03-01").at("2024-03-05");
    early.accept(third_party(day("2024-03-05")));
    assert_eq!(blocked(&early, CommandKind::ProposeOutcome), "consultation_open");
}

#[test]
fn a_proposal_is_recalled_by_who_made_it_and_by_the_office() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-04");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: None });
    let handler = Actor { department: Some(DEPARTMENT), ..holding(&[Role::Handler]) };
    let events = desk.try_as(&handler, &proposal(Outcome::Provided, day("2024-03-04")).into()).unwrap();
    desk.case = events.iter().fold(desk.case.take(), evolve);
    let recall = Command::from(RecallProposal { on: day("2024-03-04"), reason: "重拟".into() });
    assert!(desk.try_as(&handler, &recall).is_ok(), "the proposer");
    assert!(desk.try_as(&holding(&[Role::Clerk]), &recall).is_ok(), "the office");
    let colleague = Actor { user: Uuid::from_u128(0xF), ..handler };
    assert_eq!(desk.try_as(&colleague, &recall).unwrap_err().code, "not_your_department");
}

#[test]
fn as_excessive_a_request_is_judged_from_the_day_after_its_reasons_were_due() {
    let desk = excessive();
    assert_eq!(blocked(&desk.clone().at("2024-03-15"), CommandKind::ProposeOutcome), "period_still_running");
    assert!(desk.at("2024-03-16").permit(CommandKind::ProposeOutcome).is_ok());
}

#[test]
fn what_ended_without_a_reply_is_put_on_file_without_a_proof_of_service() {
    let mut desk = Desk::registered("2024-03-01");
    desk.accept(Withdraw { on: day("2024-03-01"), identity_checked: true });
    desk.accept(Archive { on: day("2024-03-01"), file_number: "2024-1".into() });
    assert_eq!(desk.case().stage, Stage::Archived);
}
