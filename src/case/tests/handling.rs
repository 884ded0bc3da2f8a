//! Tasks, searches, consultations, extension.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, ConsultationKind, Outcome};
use uuid::Uuid;

fn returned(number: u16, on: &str) -> ReturnConsultation {
    ReturnConsultation { consultation: number, on: day(on), opinion: Opinion::Consents, reasons: None }
}

#[test]
fn a_consultation_stops_the_period_until_the_opinion_is_in() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-15");
    desk.accept(third_party(day("2024-03-11")));
    assert_eq!((desk.status(), desk.due()), ("suspended", None));
    let mut desk = desk.at("2024-03-29");
    desk.accept(returned(1, "2024-03-29"));
    assert_eq!((desk.status(), desk.due()), ("running", Some(day("2024-04-19"))));
}

#[test]
fn overlapping_consultations_count_once() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-29");
    desk.accept(third_party(day("2024-03-11")));
    desk.accept(OpenConsultation { kind: ConsultationKind::OtherOrgan, ..third_party(day("2024-03-15")) });
    desk.accept(returned(1, "2024-03-20"));
    assert_eq!(desk.status(), "suspended");
    desk.accept(returned(2, "2024-03-29"));
    assert_eq!(desk.due(), Some(day("2024-04-19")));
}

#[test]
fn a_silent_third_party_stops_the_period_for_fifteen_working_days_of_its_own() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-13");
    desk.accept(third_party(day("2024-03-11")));
    desk.accept(ServeConsultation { consultation: 1, on: day("2024-03-13") });
    let opinion = desk.obligations().into_iter().find(|o| o.kind == ObligationKind::ThirdPartyOpinion).expect("a duty");
    assert_eq!(opinion.due_on, Some(day("2024-04-03")));
    assert_eq!(desk.clone().at("2024-04-03").status(), "suspended");
    let mut desk = desk.at("2024-04-07");
    assert_eq!((desk.status(), desk.due()), ("running", Some(day("2024-04-24"))));
    desk.accept(search(day("2024-04-07")));
    desk.accept(proposal(Outcome::Provided, day("2024-04-07")));
}

#[test]
fn without_proof_of_service_the_stop_has_no_end_and_nothing_may_be_decided() {
    let mut desk = Desk::registered("2024-03-01").at("2024-05-31");
    desk.accept(third_party(day("2024-03-11")));
    let (code, article) = desk.refused(proposal(Outcome::Provided, day("2024-05-31")));
    assert_eq!((code, article), ("consultation_open", Some("《条例》第三十二条")));
    desk.accept(ReturnConsultation { opinion: Opinion::Recalled, ..returned(1, "2024-05-31") });
    desk.accept(proposal(Outcome::Provided, day("2024-05-31")));
}

#[test]
fn an_opinion_cannot_come_before_its_question_nor_twice() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-15");
    desk.accept(third_party(day("2024-03-11")));
    assert_eq!(desk.refused(returned(1, "2024-03-08")).0, "date_before_fact");
    assert_eq!(desk.refused(returned(2, "2024-03-12")).0, "no_such_consultation");
    desk.accept(returned(1, "2024-03-12"));
    assert_eq!(desk.refused(returned(1, "2024-03-12")).0, "no_open_consultation");
}

#[test]
fn the_office_head_extends_once_by_at_most_twenty_working_days() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-29");
    for days in [0, 21] {
        let (code, article) = desk.refused(extension(days, day("2024-03-29")));
        assert_eq!((code, article), ("extension_days_out_of_range", Some("《条例》第三十三条第二款")));
    }
    desk.accept(extension(20, day("2024-03-29")));
    assert_eq!(desk.due(), Some(day("2024-04-28")));
    let (code, article) = desk.refused(extension(1, day("2024-03-29")));
    assert_eq!((code, article), ("extension_once", Some("《条例》第三十三条")));
    let clerk = holding(&[Role::Clerk]);
    let fresh = Desk::registered("2024-03-01");
    let refusal = fresh.try_as(&clerk, &extension(5, day("2024-03-01")).into()).expect_err("not the head");
    assert_eq!(refusal.code, "role_required");
}

#[test]
fn an_extension_told_on_the_last_day_holds_and_a_day_later_it_does_not() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-01");
    let (code, _) = desk.refused(extension(10, day("2024-04-01")));
    assert_eq!(code, "extension_after_due");
    desk.accept(extension(10, day("2024-03-29")));
    assert_eq!(desk.due(), Some(day("2024-04-15")), "entered late, told in time");
}

#[test]
fn an_extension_is_told_after_it_was_approved() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    let told_first = Extend { notified_on: day("2024-03-18"), ..extension(5, day("2024-03-19")) };
    assert_eq!(desk.refused(told_first).0, "date_before_fact");
}

#[test]
fn order_492_extends_by_fifteen_at_most() {
    let mut desk = Desk::registered("2018-09-20").at("2018-10-17");
    assert_eq!(desk.refused(extension(16, day("2018-10-17"))).0, "extension_days_out_of_range");
    desk.accept(extension(15, day("2018-10-17")));
    assert_eq!(desk.due(), Some(day("2018-11-07")));
}

#[test]
fn a_department_answers_its_own_task_only() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-04");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: None });
    let answer = AnswerTask { task: 1, on: day("2024-03-04"), opinion: "可以公开".into() };
    let stranger = Actor { department: Some(Uuid::from_u128(0xE)), ..holding(&[Role::Handler]) };
    assert_eq!(desk.try_as(&stranger, &answer.clone().into()).expect_err("other department").code, "no_open_task");
    let own = Actor { department: Some(DEPARTMENT), ..holding(&[Role::Handler]) };
    assert!(desk.try_as(&own, &answer.clone().into()).is_ok());
    let task = desk.obligations().into_iter().find(|o| o.kind == ObligationKind::DepartmentTask).expect("a duty");
    assert_eq!(task.due_on, Some(day("2024-03-13")), "seven working days");
    desk.accept(answer.clone());
    assert_eq!(desk.refused(answer).0, "no_open_task");
}

#[test]
fn the_days_of_a_task_are_in_the_log_whatever_the_organ_sets_later() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-04");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: None });
    let Some(Event::TaskAssigned { assign, .. }) = desk.log.last() else { panic!("{:?}", desk.log) };
    assert_eq!(assign.days, Some(7));
    desk.rules.task_days = 3;
    let task = desk.obligations().into_iter().find(|duty| duty.kind == ObligationKind::DepartmentTask).unwrap();
    assert_eq!(task.due_on, Some(day("2024-03-13")));
}

#[test]
fn each_task_is_owed_by_its_own_department_and_its_own_handler() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-04");
    let (one, other) = (Uuid::from_u128(0xE1), Uuid::from_u128(0xE2));
    for (department_id, handler_id) in [(DEPARTMENT, Some(one)), (Uuid::from_u128(0xD2), Some(other))] {
        desk.accept(Assign { on: day("2024-03-04"), department_id, handler_id, days: None });
    }
    let tasks = desk.obligations().into_iter().filter(|duty| duty.kind == ObligationKind::DepartmentTask);
    let owed: Vec<_> = tasks.map(|duty| (duty.department, duty.owner)).collect();
    assert_eq!(owed, [(Some(DEPARTMENT), Some(one)), (Some(Uuid::from_u128(0xD2)), Some(other))]);
}

#[test]
fn internal_handling_never_moves_the_due_date() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-25");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: Some(20) });
    desk.accept(search(day("2024-03-22")));
    assert_eq!(desk.due(), Some(day("2024-03-29")));
}

#[test]
fn a_search_record_says_where_and_by_which_words() {
    let mut desk = Desk::registered("2024-03-01");
    let mut vague = search(day("2024-03-01"));
    vague.places.clear();
    let (code, article) = desk.refused(vague);
    assert_eq!(code, "search_not_described");
    assert!(article.is_some_and(|article| article.contains("指导案例101号")));
}

#[test]
fn the_correction_notice_is_owed_until_somebody_starts_handling() {
    let mut desk = Desk::registered("2024-03-01");
    let notice = |desk: &Desk| {
        desk.obligations().into_iter().find(|o| o.kind == ObligationKind::CorrectionNotice).expect("a duty")
    };
    assert_eq!((notice(&desk).due_on, notice(&desk).status), (Some(day("2024-03-12")), ObligationStatus::Open));
    desk.accept(search(day("2024-03-01")));
    assert_eq!(notice(&desk).status, ObligationStatus::Cancelled);
}

#[test]
fn a_department_works_only_on_the_cases_it_was_given() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-04");
    let handler = Actor { department: Some(DEPARTMENT), ..holding(&[Role::Handler]) };
    let found = Command::from(search(day("2024-03-04")));
    assert_eq!(desk.try_as(&handler, &found).expect_err("not given").code, "not_your_department");
    let outcome = Command::from(proposal(Outcome::Provided, day("2024-03-04")));
    assert_eq!(desk.try_as(&handler, &outcome).expect_err("not given").code, "not_your_department");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: None });
    assert!(desk.try_as(&handler, &found).is_ok() && desk.try_as(&handler, &outcome).is_ok());
    desk.accept(proposal(Outcome::Provided, day("2024-03-04")));
    let recall = Command::from(RecallProposal { on: day("2024-03-04"), reason: "重拟".into() });
    assert_eq!(desk.try_as(&handler, &recall).expect_err("not the proposer").code, "not_your_department");
}

#[test]
fn a_notice_to_correct_that_came_too_late_leaves_the_old_date_to_be_reminded_of() {
    let late = |sent: &str, today: &str| {
        let mut desk = Desk::registered("2024-03-01").at(sent);
        desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day(sent)));
        let desk = desk.at(today);
        let reply = desk.obligations().into_iter().find(|o| o.kind == ObligationKind::Reply).expect("a duty");
        (reply.due_on, reply.status)
    };
    assert_eq!(
        late("2024-03-12", "2024-04-08"),
        (None, ObligationStatus::Suspended),
        "sent in time: the period is void"
    );
    assert_eq!(late("2024-03-13", "2024-04-08"), (Some(day("2024-03-29")), ObligationStatus::Open));
}

#[test]
fn a_case_whose_period_was_moved_is_not_split() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-11");
    desk.accept(third_party(day("2024-03-11")));
    let split = plain(CommandKind::Split, desk.case.as_ref(), day("2024-03-11"));
    assert_eq!(desk.refused(split).0, "period_already_moved");
}

#[test]
fn an_overdue_case_is_answered_not_merged_away() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-01");
    let merge = plain(CommandKind::Merge, desk.case.as_ref(), day("2024-04-01"));
    assert_eq!(desk.refused(merge).0, "merge_after_due");
}

const OTHER: Uuid = Uuid::from_u128(0xE);
const HANDLER: Uuid = Uuid::from_u128(0xF);

fn assigned(department_id: Uuid, handler_id: Option<Uuid>, on: &str) -> Assign {
    Assign { on: day(on), department_id, handler_id, days: None }
}

fn withdrawn(task: u16, on: Option<&str>) -> WithdrawTask {
    WithdrawTask { task, on: on.map(day), reason: "分办错科室".into() }
}

fn days_of(desk: &Desk) -> Vec<(Holder, u32)> {
    let clock = desk.case().reply_clock(Calendar::national(), &desk.rules, Some(desk.today)).expect("a clock");
    let delay = delay(&desk.log, desk.case(), &clock.expect("an answer"), desk.today, Calendar::national());
    delay.by_holder().into_iter().collect()
}

fn duty_of_task(desk: &Desk, task: u16) -> Obligation {
    let key = format!("department_task:{task}");
    desk.obligations().into_iter().find(|duty| duty.key == key).expect("a duty")
}

#[test]
fn a_task_that_is_taken_back_was_never_given() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-15");
    desk.accept(assigned(OTHER, Some(HANDLER), "2024-03-04")).accept(assigned(DEPARTMENT, None, "2024-03-08"));
    assert_eq!(days_of(&desk), [(Holder::Nobody, 1), (Holder::Department(OTHER), 9)]);
    assert_eq!(desk.refused(withdrawn(1, Some("2024-03-03"))).0, "date_before_fact");
    assert_eq!(desk.refused(withdrawn(1, Some("2024-03-16"))).0, "date_in_future");
    assert_eq!(desk.refused(WithdrawTask { reason: " ".into(), ..withdrawn(1, None) }).0, "text_required");
    desk.accept(withdrawn(1, None));
    assert_eq!(
        desk.case().tasks[0].withdrawn,
        Some(WithdrawnTask { on: day("2024-03-15"), reason: "分办错科室".into() })
    );
    assert_eq!(duty_of_task(&desk, 1).status, ObligationStatus::Cancelled);
    assert_eq!(duty_of_task(&desk, 2).status, ObligationStatus::Open);
    assert_eq!((desk.case().department_id, desk.case().handler_id), (Some(DEPARTMENT), None));
    assert_eq!(days_of(&desk), [(Holder::Nobody, 5), (Holder::Department(DEPARTMENT), 5)]);
    assert_eq!(desk.refused(withdrawn(1, None)).0, "no_such_task");
    let answer = AnswerTask { task: 1, on: day("2024-03-15"), opinion: "可以公开".into() };
    assert_eq!(desk.refused(answer).0, "no_such_task");
    desk.accept(AnswerTask { task: 2, on: day("2024-03-15"), opinion: "可以公开".into() });
    assert_eq!(desk.refused(withdrawn(2, None)).0, "no_open_task");
    // The number is not given to another task.
    desk.accept(assigned(OTHER, None, "2024-03-15"));
    assert_eq!(desk.case().tasks[2].number, 3);
}

#[test]
fn the_case_is_with_the_department_of_the_last_task_that_was_not_taken_back() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-15");
    desk.accept(assigned(DEPARTMENT, Some(HANDLER), "2024-03-04")).accept(assigned(OTHER, None, "2024-03-08"));
    desk.accept(withdrawn(2, None));
    assert_eq!((desk.case().department_id, desk.case().handler_id), (Some(DEPARTMENT), Some(HANDLER)));
    desk.accept(withdrawn(1, None));
    assert_eq!((desk.case().department_id, desk.case().handler_id), (None, None));
    assert_eq!(days_of(&desk), [(Holder::Nobody, 10)]);
    let other = Actor { department: Some(OTHER), ..holding(&[Role::Handler]) };
    let refusal = desk.try_as(&other, &search(day("2024-03-15")).into()).expect_err("not theirs any more");
    assert_eq!(refusal.code, "not_your_department");
}

#[test]
fn a_case_passes_to_another_handler_in_every_open_stage_with_what_its_department_still_owes() {
    let to = |department_id, on: Option<&str>| Reassign {
        on: on.map(day),
        department_id,
        handler_id: Some(HANDLER),
        reason: "经办人调离".into(),
    };
    let mut desk = Desk::registered("2024-03-01").at("2024-03-15");
    let third = Uuid::from_u128(0x10);
    desk.accept(assigned(third, None, "2024-03-04")).accept(assigned(DEPARTMENT, None, "2024-03-05"));
    assert_eq!(desk.refused(to(OTHER, Some("2024-03-04"))).0, "date_before_fact");
    assert_eq!(desk.refused(Reassign { reason: " ".into(), ..to(OTHER, None) }).0, "text_required");
    desk.accept(to(OTHER, None));
    let owed = |desk: &Desk, task| (duty_of_task(desk, task).department, duty_of_task(desk, task).owner);
    assert_eq!(owed(&desk, 1), (Some(third), None), "another department that was asked keeps its task");
    assert_eq!(owed(&desk, 2), (Some(OTHER), Some(HANDLER)));
    let reply = desk.obligations().into_iter().find(|duty| duty.kind == ObligationKind::Reply).expect("a duty");
    assert_eq!((reply.department, reply.owner), (Some(OTHER), Some(HANDLER)));
    assert_eq!(desk.case().tasks.len(), 2);
    desk.accept(withdrawn(2, None));
    assert_eq!(desk.case().department_id, Some(OTHER), "the last one to have it");
    desk.accept(AnswerTask { task: 1, on: day("2024-03-15"), opinion: "可以公开".into() });
    desk.accept(proposal(Outcome::Provided, day("2024-03-15")));
    desk.accept(to(DEPARTMENT, None));
    assert_eq!((desk.case().stage, desk.case().department_id), (Stage::InReview, Some(DEPARTMENT)));
    desk.approve_all(day("2024-03-15")).accept(to(OTHER, None));
    assert_eq!((desk.case().stage, desk.case().department_id), (Stage::Approved, Some(OTHER)));
    desk.accept(IssueReply { on: day("2024-03-15") });
    desk.accept(plain(CommandKind::Dispatch, desk.case.as_ref(), day("2024-03-15")));
    assert_eq!(desk.refused(to(DEPARTMENT, None)).0, "wrong_stage");
}
