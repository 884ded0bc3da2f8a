//! What is offered: every command with its leave or what blocks it, until when, and each precondition by its name.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, ServiceMethod};
use chrono::NaiveDate;

fn until(desk: &Desk, command: CommandKind) -> Option<NaiveDate> {
    desk.permit(command).unwrap_or_else(|refusal| panic!("{command:?} is not offered: {refusal:?}")).until
}

#[test]
fn every_command_but_receiving_is_listed_once_with_the_answer_it_would_get() {
    let desk = Desk::registered("2024-03-01").at("2024-03-04");
    let actor = holding(&[Role::Clerk]);
    let context = Context { actor: &actor, today: desk.today, calendar: Calendar::national(), rules: &desk.rules };
    let listed = actions(desk.case(), &context);
    let commands: Vec<CommandKind> = listed.iter().map(|action| action.command).collect();
    let others: Vec<CommandKind> =
        CommandKind::ALL.iter().copied().filter(|command| *command != CommandKind::Receive).collect();
    assert_eq!(commands, others);
    for action in &listed {
        assert_eq!(action.permit, permit(action.command, desk.case(), &context), "{:?}", action.command);
    }
    let offered = listed.iter().filter(|action| action.permit.is_ok()).count();
    assert!((5..listed.len()).contains(&offered), "{offered} offered");
}

#[test]
fn each_command_is_offered_until_its_own_last_day() {
    let desk = Desk::registered("2024-03-01").at("2024-03-04");
    for (command, last) in [
        (CommandKind::RequestCorrection, Some(day("2024-03-12"))),
        (CommandKind::Extend, Some(day("2024-03-29"))),
        (CommandKind::ProposeOutcome, Some(day("2024-03-29"))),
        (CommandKind::NotifyFee, Some(day("2024-03-29"))),
        (CommandKind::Assign, None),
        (CommandKind::OpenConsultation, None),
        (CommandKind::Link, None),
    ] {
        assert_eq!(until(&desk, command), last, "{command:?}");
    }
}

#[test]
fn what_others_owe_is_offered_until_the_day_they_were_set() {
    let mut corrected = Desk::registered("2024-03-01").at("2024-03-12");
    corrected.accept(RequestCorrection {
        on: day("2024-03-12"),
        items: vec!["文号".into()],
        respond_days: 10,
        served_on: Some(day("2024-03-12")),
    });
    assert_eq!(until(&corrected, CommandKind::ReceiveCorrection), Some(day("2024-03-26")));

    let mut excessive = Desk::registered("2024-03-01").at("2024-03-08");
    excessive.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    assert_eq!(until(&excessive, CommandKind::ReceiveJustification), Some(day("2024-03-15")));

    let mut charged = Desk::registered("2024-03-01").at("2024-03-12");
    charged.accept(NotifyFee {
        on: day("2024-03-12"),
        basis: FeeBasis::ByPage,
        count: 68,
        counted_before: 0,
        served_on: Some(day("2024-03-12")),
    });
    assert_eq!(until(&charged, CommandKind::PayFee), Some(day("2024-04-10")));
}

#[test]
fn the_nearest_of_several_tasks_and_remedies_is_the_day_told() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    desk.accept(Assign { on: day("2024-03-04"), department_id: DEPARTMENT, handler_id: None, days: Some(7) });
    desk.accept(Assign { on: day("2024-03-05"), department_id: DEPARTMENT, handler_id: None, days: Some(3) });
    assert_eq!(until(&desk, CommandKind::AnswerTask), Some(day("2024-03-08")));
    desk.accept(AnswerTask { task: 2, on: day("2024-03-05"), opinion: "可以公开".into() });
    assert_eq!(until(&desk, CommandKind::AnswerTask), Some(day("2024-03-13")));
    for (received_on, simplified) in [(day("2024-03-04"), false), (day("2024-03-05"), true)] {
        let kind = RemedyKind::Reconsideration;
        desk.accept(OpenRemedy { kind, received_on, reference: "〔2024〕1号".into(), simplified });
    }
    // Ten working days from the 4th, five from the 5th.
    assert_eq!(until(&desk, CommandKind::RespondRemedy), Some(day("2024-03-12")));
    desk.accept(RespondRemedy { remedy: 2, on: day("2024-03-05") });
    assert_eq!(until(&desk, CommandKind::RespondRemedy), Some(day("2024-03-18")));
}

#[test]
fn a_reply_is_to_be_sent_by_the_last_day_and_once_sent_has_none() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    desk.accept(proposal(crate::law::Outcome::Provided, day("2024-03-20"))).approve_all(day("2024-03-20"));
    assert_eq!(until(&desk, CommandKind::IssueReply), Some(day("2024-03-29")));
    desk.accept(IssueReply { on: day("2024-03-20") });
    assert_eq!(until(&desk, CommandKind::Dispatch), Some(day("2024-03-29")));
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: day("2024-03-20"), carrier, tracking_number: None });
    assert_eq!(until(&desk, CommandKind::ProveService), None);
}

#[test]
fn reasons_and_fees_are_not_under_order_492() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-05");
    for command in [CommandKind::RequestJustification, CommandKind::NotifyFee] {
        let command = plain(command, desk.case.as_ref(), desk.today);
        assert_eq!(desk.refused(command).0, "not_under_order_492");
    }
}

#[test]
fn an_opinion_is_waited_for_on_the_article_of_its_kind_and_its_order() {
    use crate::law::ConsultationKind::{JointProducer, OtherOrgan, SecrecyAuthority, ThirdParty};
    for (kind, of_711, of_492) in [
        (ThirdParty, "《条例》第三十二条", "《条例》（2007年）第二十三条"),
        (JointProducer, "《条例》第三十四条", "机关内部工作制度"),
        (OtherOrgan, "《条例》第三十三条", "《条例》（2007年）第二十四条"),
        (SecrecyAuthority, "《条例》第十七条", "《条例》（2007年）第十四条"),
    ] {
        for (year, article) in [("2024", of_711), ("2018", of_492)] {
            let on = day(&format!("{year}-03-05"));
            let mut desk = Desk::registered(&format!("{year}-03-01")).at(&format!("{year}-03-05"));
            desk.accept(OpenConsultation { kind, ..third_party(on) });
            let offered = desk.permit(CommandKind::ReturnConsultation).unwrap().article;
            let refused = desk.refused(proposal(crate::law::Outcome::Withdrawn, on));
            assert_eq!((offered, refused), (article, ("consultation_open", Some(article))), "{kind:?} {year}");
        }
    }
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    desk.accept(third_party(day("2024-03-05")));
    desk.accept(OpenConsultation { kind: SecrecyAuthority, ..third_party(day("2024-03-05")) });
    let both = desk.permit(CommandKind::ServeConsultation).unwrap().article;
    assert_eq!(both, "《条例》第三十三条", "of two kinds: what they have in common");
}

#[test]
fn a_lapse_rests_on_the_notice_that_was_not_answered() {
    for (ask, article) in [
        (CommandKind::RequestCorrection, "《条例》第三十条"),
        (CommandKind::NotifyFee, "《政府信息公开信息处理费管理办法》（国办函〔2020〕109号）第六条"),
    ] {
        let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
        desk.accept(plain(ask, desk.case.as_ref(), desk.today));
        if desk.permit(CommandKind::ServeNotice).is_ok() {
            desk.accept(plain(CommandKind::ServeNotice, desk.case.as_ref(), desk.today));
        }
        let late = desk.at("2024-06-03");
        assert_eq!(late.permit(CommandKind::Lapse).unwrap().article, article, "{ask:?}");
    }
}

#[test]
fn the_service_of_a_notice_is_recorded_once() {
    for ask in [CommandKind::RequestCorrection, CommandKind::RequestJustification, CommandKind::NotifyFee] {
        let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
        desk.accept(plain(ask, desk.case.as_ref(), desk.today));
        let served = plain(CommandKind::ServeNotice, desk.case.as_ref(), desk.today);
        desk.accept(served.clone());
        assert_eq!(desk.permit(CommandKind::ServeNotice).unwrap_err().code, "notice_already_served");
        assert_eq!(desk.refused(served).0, "notice_already_served");
    }
}

#[test]
fn the_service_of_a_letter_is_recorded_while_its_opinion_is_awaited() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    assert_eq!(desk.permit(CommandKind::ServeConsultation).unwrap_err().code, "no_open_consultation");
    desk.accept(third_party(day("2024-03-04")));
    assert!(desk.permit(CommandKind::ServeConsultation).is_ok());
    desk.accept(plain(CommandKind::ReturnConsultation, desk.case.as_ref(), desk.today));
    assert_eq!(desk.permit(CommandKind::ServeConsultation).unwrap_err().code, "no_open_consultation");
    let mut served = Desk::registered("2024-03-01").at("2024-03-05");
    served.accept(OpenConsultation { served_on: Some(day("2024-03-05")), ..third_party(day("2024-03-04")) });
    assert_eq!(served.permit(CommandKind::ServeConsultation).unwrap_err().code, "no_open_consultation");
}

#[test]
fn a_decision_that_orders_nothing_leaves_the_reply_as_it_is() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    desk.accept(proposal(crate::law::Outcome::Provided, day("2024-03-20"))).approve_all(day("2024-03-20"));
    for command in [CommandKind::IssueReply, CommandKind::Dispatch, CommandKind::OpenRemedy] {
        desk.accept(plain(command, desk.case.as_ref(), desk.today));
    }
    let before = (desk.case().stage, desk.case().outcome, desk.case().reply.clone());
    let result = RemedyResult::Upheld;
    desk.accept(DecideRemedy { remedy: 1, on: desk.today, result, orders_reply_within: None });
    assert_eq!((desk.case().stage, desk.case().outcome, desk.case().reply.clone()), before);
    assert!(desk.case().remedies[0].decision.is_some());
}
