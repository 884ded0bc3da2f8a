//! No date lies before its reasons, and each command leaves the event it is about.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{ConsultationKind, Outcome, ReopenedPeriod, ServiceMethod};
use uuid::Uuid;

/// The refusal's words, which name the fact the date lies before.
#[track_caller]
fn before(desk: &Desk, command: impl Into<Command>) -> String {
    let refusal = desk.try_command(&command.into()).expect_err("must be refused");
    assert_eq!(refusal.code, "date_before_fact", "{refusal:?}");
    refusal.detail
}

#[test]
fn an_outcome_is_proposed_on_or_after_the_latest_fact_it_rests_on() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    let on = |on: &str| proposal(Outcome::Provided, day(on));
    assert!(before(&desk, on("2024-02-29")).contains("本次答复期限起算日"));
    desk.accept(search(day("2024-03-01")));
    assert!(before(&desk, on("2024-02-29")).contains("本次答复期限起算日"), "of one day: what came first");
    desk.accept(search(day("2024-03-05"))).accept(search(day("2024-03-04")));
    assert!(before(&desk, on("2024-03-04")).contains("检索日期"));
    desk.accept(third_party(day("2024-03-04")));
    let opinion = Opinion::Consents;
    desk.accept(ReturnConsultation { consultation: 1, on: day("2024-03-06"), opinion, reasons: None });
    assert!(before(&desk, on("2024-03-05")).contains("收到意见的日期"));
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: None });
    desk.accept(AnswerTask { task: 1, on: day("2024-03-07"), opinion: "可以公开".into() });
    assert!(before(&desk, on("2024-03-06")).contains("科室反馈日期"));
    desk.accept(on("2024-03-07"));

    let mut excessive = Desk::registered("2024-03-01").at("2024-03-20");
    excessive.accept(plain(CommandKind::RequestJustification, excessive.case.as_ref(), day("2024-03-04")));
    excessive.accept(ReceiveJustification { on: day("2024-03-08"), reasonable: false, reasons: "无".into() });
    assert!(before(&excessive, proposal(Outcome::Excessive, day("2024-03-07"))).contains("收到理由说明的日期"));
}

#[test]
fn each_review_follows_the_one_before_it_and_the_reply_the_last() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    desk.accept(proposal(Outcome::Provided, day("2024-03-10")));
    let review = |kind, on: &str| Review { kind, on: day(on), approve: true, comment: None };
    before(&desk, review(ReviewKind::SectionHead, "2024-03-09"));
    desk.accept(review(ReviewKind::SectionHead, "2024-03-12"));
    before(&desk, review(ReviewKind::Secrecy, "2024-03-11"));
    desk.accept(review(ReviewKind::Secrecy, "2024-03-12")).accept(review(ReviewKind::Legal, "2024-03-13"));
    desk.accept(review(ReviewKind::Leader, "2024-03-14"));
    before(&desk, IssueReply { on: day("2024-03-13") });
    desk.accept(IssueReply { on: day("2024-03-14") });
}

#[test]
fn what_restarts_the_period_is_the_day_nothing_of_it_may_lie_before() {
    let mut corrected = Desk::registered("2024-03-01").at("2024-03-20");
    corrected.accept(plain(CommandKind::RequestCorrection, corrected.case.as_ref(), day("2024-03-05")));
    corrected.accept(ReceiveCorrection { on: day("2024-03-12"), request: "补正".into() });
    let mut paid = Desk::registered("2024-03-01").at("2024-03-20");
    paid.accept(plain(CommandKind::NotifyFee, paid.case.as_ref(), day("2024-03-05")));
    paid.accept(PayFee { on: day("2024-03-12") });
    for mut desk in [corrected, paid] {
        assert_eq!(desk.case().period_start(), Some(day("2024-03-12")));
        before(&desk, proposal(Outcome::Provided, day("2024-03-11")));
        before(&desk, extension(5, day("2024-03-11")));
        before(&desk, Withdraw { on: day("2024-03-11"), identity_checked: true });
        before(&desk, Close { on: day("2024-03-11"), reason: "误登记".into() });
        desk.accept(extension(5, day("2024-03-12"))).accept(proposal(Outcome::Provided, day("2024-03-12")));
    }
}

#[test]
fn a_recalled_proposal_leaves_its_reason_in_the_log_and_the_case_in_progress() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-06");
    desk.accept(proposal(Outcome::Provided, day("2024-03-05")));
    let recall = |on: &str| RecallProposal { on: day(on), reason: "重拟".into() };
    before(&desk, recall("2024-03-04"));
    desk.accept(recall("2024-03-06"));
    assert_eq!(desk.log.last(), Some(&Event::ProposalRecalled(recall("2024-03-06"))));
    assert_eq!((desk.case().stage, desk.case().proposal.is_none()), (Stage::InProgress, true));
}

#[test]
fn a_file_is_closed_on_or_after_the_proof_of_service_and_the_end_of_the_case() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-29");
    desk.accept(proposal(Outcome::Provided, day("2024-03-20"))).approve_all(day("2024-03-20"));
    desk.accept(IssueReply { on: day("2024-03-20") });
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: day("2024-03-21"), carrier, tracking_number: None });
    desk.accept(ProveService { on: day("2024-03-25"), result: ServiceResult::Signed, signatory: None });
    let archive = |on: &str| Archive { on: day(on), file_number: "2024-1".into() };
    before(&desk, archive("2024-03-24"));
    desk.accept(archive("2024-03-25"));
    let mut withdrawn = Desk::registered("2024-03-01").at("2024-03-29");
    withdrawn.accept(Withdraw { on: day("2024-03-06"), identity_checked: true });
    before(&withdrawn, archive("2024-03-05"));
    withdrawn.accept(archive("2024-03-06"));
}

#[test]
fn the_applicant_is_given_between_one_and_sixty_working_days() {
    let desk = Desk::registered("2024-03-01");
    let correction = |respond_days| {
        Command::from(RequestCorrection {
            on: day("2024-03-01"),
            items: vec!["文号".into()],
            respond_days,
            served_on: None,
        })
    };
    let reasons = |respond_days| {
        Command::from(RequestJustification {
            on: day("2024-03-01"),
            facts: "四十件".into(),
            respond_days,
            served_on: None,
        })
    };
    let asks: [&dyn Fn(u16) -> Command; 2] = [&correction, &reasons];
    for ask in asks {
        for days in [0, 61] {
            assert_eq!(desk.try_command(&ask(days)).unwrap_err().code, "unreasonable_period", "{days}");
        }
        for days in [1, 60] {
            assert!(desk.try_command(&ask(days)).is_ok(), "{days}");
        }
    }
}

#[test]
fn a_notice_is_served_between_its_day_and_today() {
    let desk = Desk::registered("2024-03-01").at("2024-03-06");
    for kind in [CommandKind::RequestCorrection, CommandKind::RequestJustification, CommandKind::NotifyFee] {
        let served = |on: &str| {
            let mut notice = serde_json::to_value(plain(kind, desk.case.as_ref(), day("2024-03-05"))).unwrap();
            notice["served_on"] = on.into();
            serde_json::from_value::<Command>(notice).unwrap()
        };
        before(&desk, served("2024-03-04"));
        assert_eq!(desk.try_command(&served("2024-03-07")).unwrap_err().code, "date_in_future", "{kind:?}");
        assert!(desk.try_command(&served("2024-03-06")).is_ok(), "{kind:?}");
    }
}

#[test]
fn each_thing_to_be_corrected_is_named() {
    let mut desk = Desk::registered("2024-03-01");
    for items in [vec![], vec![" ".to_owned()], vec!["文号".to_owned(), String::new()]] {
        let notice = RequestCorrection { on: day("2024-03-01"), items, respond_days: 10, served_on: None };
        assert_eq!(desk.refused(notice), ("items_required", Some("《条例》第三十条")));
    }
}

/// A notice that was answered, or whose service is known, has no service to be entered: asked of a case that waits for another one.
#[test]
fn the_service_of_a_notice_is_entered_while_it_is_unknown_and_unanswered() {
    let served = |notice, desk: &Desk| {
        desk.try_command(&ServeNotice { notice, on: desk.today }.into()).map_err(|refusal| refusal.code)
    };
    let no_such = Err("no_such_notice");
    let correction = (CommandKind::RequestCorrection, CommandKind::ReceiveCorrection, Notice::Correction);
    let reasons = (CommandKind::RequestJustification, CommandKind::ReceiveJustification, Notice::Justification);
    let fee = (CommandKind::NotifyFee, CommandKind::PayFee, Notice::Fee);
    for (first, second) in [(correction, reasons), (reasons, fee), (fee, correction)] {
        let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
        desk.accept(plain(first.0, desk.case.as_ref(), day("2024-03-05")));
        assert!(served(first.2, &desk).is_ok());
        assert_eq!(served(second.2, &desk), no_such, "not sent");
        desk.accept(plain(first.1, desk.case.as_ref(), day("2024-03-05")));
        desk.accept(plain(second.0, desk.case.as_ref(), day("2024-03-05")));
        assert_eq!(served(first.2, &desk), no_such, "answered, though nobody knows when it was served");
        assert!(served(second.2, &desk).is_ok());
        desk.accept(ServeNotice { notice: second.2, on: desk.today });
        assert_eq!(served(second.2, &desk), Err("notice_already_served"));
    }
}

#[test]
fn a_fee_is_notified_within_the_period_and_from_its_rules_first_day_on() {
    let fee = |on: &str| plain(CommandKind::NotifyFee, None, day(on));
    let mut desk = Desk::registered("2024-03-01").at("2024-04-01");
    before(&desk, fee("2024-02-29"));
    assert_eq!(desk.refused(fee("2024-04-01")).0, "fee_after_due");
    desk.accept(fee("2024-03-29"));
    let mut early = Desk::registered("2020-12-31").at("2021-01-04");
    assert_eq!(early.refused(fee("2020-12-31")).0, "fee_rules_not_in_force");
    early.accept(fee("2021-01-01"));
}

#[test]
fn a_correction_under_order_492_that_does_not_pause_comes_under_the_order_of_its_day() {
    let corrected = |pauses| {
        let mut desk = Desk::registered("2019-05-06").at("2019-05-20");
        desk.rules.correction_pauses_492 = true;
        desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2019-05-10")));
        desk.rules.correction_pauses_492 = pauses;
        desk.accept(ReceiveCorrection { on: day("2019-05-20"), request: "补正".into() });
        desk.case().regime
    };
    assert_eq!(corrected(true), Some(crate::law::Regime::Order492));
    assert_eq!(corrected(false), Some(crate::law::Regime::Order711));
}

#[test]
fn a_task_has_between_one_and_twenty_working_days_and_is_answered_by_its_own_department() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    let assign = |days, department: u128| Assign {
        on: day("2024-03-04"),
        department_id: Uuid::from_u128(department),
        handler_id: None,
        days: Some(days),
    };
    for days in [0, 21] {
        assert_eq!(desk.refused(assign(days, 0xD)).0, "task_days_out_of_range", "{days}");
    }
    desk.accept(assign(1, 0xD)).accept(assign(20, 0xE));
    let handler = Actor { department: Some(DEPARTMENT), ..holding(&[Role::Handler]) };
    let answer = |task, on: &str| Command::from(AnswerTask { task, on: day(on), opinion: "可以公开".into() });
    let code = |actor: &Actor, command: &Command| desk.try_as(actor, command).map_err(|refusal| refusal.code);
    assert_eq!(code(&handler, &answer(2, "2024-03-05")), Err("not_your_department"));
    assert_eq!(code(&handler, &answer(3, "2024-03-05")), Err("no_such_task"));
    assert_eq!(code(&handler, &answer(1, "2024-03-03")), Err("date_before_fact"));
    assert!(code(&handler, &answer(1, "2024-03-05")).is_ok());
    assert!(code(&holding(&[Role::Clerk]), &answer(2, "2024-03-05")).is_ok(), "the office enters what came on paper");
    desk.accept(answer(1, "2024-03-05"));
    assert_eq!(desk.refused(answer(1, "2024-03-05")).0, "no_such_task", "answered already");
}

#[test]
fn a_reply_is_delayed_by_a_year_at_most_and_told_within_the_period() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-01");
    desk.accept(plain(CommandKind::RequestJustification, desk.case.as_ref(), day("2024-03-04")));
    desk.accept(ReceiveJustification { on: day("2024-03-08"), reasonable: true, reasons: "课题".into() });
    let delay = |on: &str, until: &str| DelayReply { on: day(on), until: day(until), reason: "数量大".into() };
    before(&desk, delay("2024-03-07", "2024-06-28"));
    before(&desk, delay("2024-03-29", "2024-03-28"));
    assert_eq!(desk.refused(delay("2024-04-01", "2024-06-28")).0, "extension_after_due");
    assert_eq!(desk.refused(delay("2024-03-27", "2025-03-31")).0, "unreasonable_period");
    desk.accept(delay("2024-03-27", "2025-03-28"));
    assert_eq!(desk.due(), Some(day("2025-03-28")));
}

#[test]
fn a_case_is_merged_within_its_period_and_tied_to_another_once_in_each_way() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-01");
    let merge = |on: &str| plain(CommandKind::Merge, None, day(on));
    before(&desk, merge("2024-02-29"));
    assert_eq!(desk.refused(merge("2024-04-01")).0, "merge_after_due");
    let tie = |on: &str, other, relation| Link { on: day(on), other_case: Uuid::from_u128(other), relation };
    before(&desk, tie("2024-02-29", 5, LinkRelation::Earlier));
    desk.accept(tie("2024-03-05", 5, LinkRelation::Earlier));
    assert_eq!(desk.refused(tie("2024-03-05", 5, LinkRelation::Earlier)).0, "already_linked");
    desk.accept(tie("2024-03-05", 5, LinkRelation::Related)).accept(tie("2024-03-05", 6, LinkRelation::Earlier));
    desk.accept(merge("2024-03-29"));
}

#[test]
fn a_tie_that_a_command_makes_is_not_entered_by_hand() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    for relation in LinkRelation::ALL.iter().copied() {
        let tie = Link { on: day("2024-03-05"), other_case: Uuid::from_u128(9), relation };
        if matches!(
            relation,
            LinkRelation::MergedFrom | LinkRelation::MergedInto | LinkRelation::SplitFrom | LinkRelation::SplitInto
        ) {
            assert_eq!(desk.refused(tie).0, "link_by_command", "{relation:?}");
        } else {
            desk.accept(tie);
        }
    }
}

#[test]
fn an_application_is_not_older_than_the_law() {
    let mut desk = Desk::on("2008-05-10");
    assert_eq!(desk.refused(at_counter(day("2008-04-30"))).0, "date_before_the_law");
    desk.accept(at_counter(day("2008-05-01")));
}

#[test]
fn a_remedy_is_answered_and_decided_by_its_number_in_the_order_of_its_days() {
    let mut desk = Desk::registered("2024-03-01").at("2024-05-06");
    for received_on in ["2024-03-11", "2024-03-12"] {
        let (kind, received_on) = (RemedyKind::Reconsideration, day(received_on));
        desk.accept(OpenRemedy { kind, received_on, reference: "〔2024〕1号".into(), simplified: false });
    }
    let respond = |remedy, on: &str| RespondRemedy { remedy, on: day(on) };
    let decide = |remedy, on: &str, orders_reply_within| DecideRemedy {
        remedy,
        on: day(on),
        result: RemedyResult::Corrected,
        orders_reply_within,
    };
    before(&desk, respond(2, "2024-03-11"));
    assert_eq!(desk.refused(respond(3, "2024-03-20")).0, "no_such_remedy");
    desk.accept(respond(2, "2024-03-20"));
    assert_eq!(desk.refused(respond(2, "2024-03-21")).0, "no_such_remedy", "answered already");
    assert_eq!(desk.case().remedies[0].responded_on, None);
    before(&desk, decide(1, "2024-03-10", None));
    before(&desk, decide(2, "2024-03-19", None));
    assert_eq!(desk.refused(decide(3, "2024-04-20", None)).0, "no_such_remedy");
    for period in [
        ReopenedPeriod::Days(0),
        ReopenedPeriod::Days(61),
        ReopenedPeriod::Until(day("2024-04-22")),
        ReopenedPeriod::Until(day("2025-04-24")),
    ] {
        assert_eq!(desk.refused(decide(2, "2024-04-22", Some(period))).0, "ordered_period_out_of_range", "{period:?}");
    }
    for period in [
        ReopenedPeriod::Days(1),
        ReopenedPeriod::Days(60),
        ReopenedPeriod::Until(day("2024-04-23")),
        ReopenedPeriod::Until(day("2025-04-23")),
    ] {
        assert!(desk.try_command(&decide(2, "2024-04-22", Some(period)).into()).is_ok(), "{period:?}");
    }
    desk.accept(decide(2, "2024-04-22", None));
    assert_eq!(desk.refused(decide(2, "2024-04-23", None)).0, "no_such_remedy", "decided already");
    assert!(desk.case().remedies[0].decision.is_none() && desk.case().remedies[1].decision.is_some());
}

#[test]
fn an_order_to_answer_is_not_older_than_the_reply_it_sets_aside() {
    let mut desk = Desk::registered("2024-03-01").at("2024-05-06");
    let kind = RemedyKind::Litigation;
    desk.accept(OpenRemedy { kind, received_on: day("2024-03-11"), reference: "案号".into(), simplified: false });
    desk.accept(Withdraw { on: day("2024-04-10"), identity_checked: true });
    let order = |on: &str| DecideRemedy {
        remedy: 1,
        on: day(on),
        result: RemedyResult::Corrected,
        orders_reply_within: Some(ReopenedPeriod::Days(20)),
    };
    before(&desk, order("2024-04-09"));
    desk.accept(order("2024-04-10"));
    assert_eq!(desk.case().stage, Stage::InProgress);
}

#[test]
fn a_letter_is_answered_by_its_number_and_told_between_its_day_and_today() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-06");
    let told = |served: Option<&str>, told: Option<&str>| OpenConsultation {
        served_on: served.map(day),
        applicant_told_on: told.map(day),
        kind: ConsultationKind::ThirdParty,
        ..third_party(day("2024-03-05"))
    };
    before(&desk, told(Some("2024-03-04"), None));
    before(&desk, told(None, Some("2024-03-04")));
    for command in [told(Some("2024-03-07"), None), told(None, Some("2024-03-07"))] {
        assert_eq!(desk.refused(command).0, "date_in_future");
    }
    desk.accept(told(Some("2024-03-06"), Some("2024-03-06")));
    let opinion = Opinion::Consents;
    let back = |consultation, on: &str| ReturnConsultation { consultation, on: day(on), opinion, reasons: None };
    before(&desk, back(1, "2024-03-05"));
    desk.accept(told(None, None));
    before(&desk, ServeConsultation { consultation: 2, on: day("2024-03-04") });
    assert_eq!(desk.refused(ServeConsultation { consultation: 1, on: day("2024-03-06") }).0, "already_served");
    desk.accept(back(2, "2024-03-05"));
    assert_eq!(desk.refused(back(2, "2024-03-06")).0, "no_such_consultation");
}
