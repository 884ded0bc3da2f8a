//! What those who watch read of a case: the words of its log, who had it on which day, a past day as it stood.

use super::support::{DEPARTMENT, Desk, day, plain, proposal, third_party};
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, ConsultationKind, Outcome};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Days by holder as of the desk's today.
fn held(desk: &Desk) -> (BTreeMap<&'static str, u32>, Delay, u32) {
    let calendar = Calendar::national();
    let answer = desk.case().reply_clock(calendar, &desk.rules, Some(desk.today)).unwrap().unwrap();
    let delay = delay(&desk.log, desk.case(), &answer, desk.today, calendar);
    let days = delay.by_holder().into_iter().map(|(holder, days)| (holder.code(), days)).collect();
    (days, delay, used(desk.case(), &answer, desk.today, calendar))
}

#[test]
fn each_event_has_in_the_log_the_word_it_has_in_json_and_one_a_clerk_reads() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    for command in [CommandKind::RequestCorrection, CommandKind::ReceiveCorrection, CommandKind::RecordSearch] {
        desk.accept(plain(command, desk.case.as_ref(), desk.today));
    }
    desk.accept(Assign { on: desk.today, department_id: DEPARTMENT, handler_id: None, days: None });
    desk.accept(third_party(desk.today));
    for command in [CommandKind::ReturnConsultation, CommandKind::AnswerTask] {
        desk.accept(plain(command, desk.case.as_ref(), desk.today));
    }
    let today = desk.today;
    desk.accept(proposal(Outcome::Provided, today)).approve_all(today);
    for command in [CommandKind::IssueReply, CommandKind::Dispatch, CommandKind::ProveService, CommandKind::OpenRemedy]
    {
        desk.accept(plain(command, desk.case.as_ref(), desk.today));
    }
    for event in &desk.log {
        let json: serde_json::Value = serde_json::from_str(&log::encode(event).unwrap()).unwrap();
        assert_eq!(json["event"], event.kind(), "{json}");
    }
    let mut labels: Vec<&str> = desk.log.iter().map(Event::label).collect();
    labels.dedup();
    assert_eq!(
        labels,
        [
            "收件",
            "确定收到申请之日",
            "登记编号",
            "告知补正",
            "收到补正的申请",
            "登记检索",
            "分办",
            "发出征求意见书",
            "收到意见",
            "科室反馈",
            "拟办",
            "审核",
            "签发答复",
            "发出答复",
            "登记送达",
            "收到复议诉讼材料"
        ]
    );
}

#[test]
fn every_holder_has_its_code_and_its_word() {
    let words: Vec<_> = [
        Holder::Nobody,
        Holder::Office,
        Holder::Department(DEPARTMENT),
        Holder::Review(ReviewKind::Legal),
        Holder::Consulted,
        Holder::Applicant,
    ]
    .map(|holder| (holder.code(), holder.label()))
    .to_vec();
    assert_eq!(
        words,
        [
            ("nobody", "尚未分办"),
            ("office", "公开工作机构"),
            ("department", "承办科室"),
            ("review", ReviewKind::Legal.label()),
            ("consulted", "征求意见（期限未停）"),
            ("applicant", "申请人"),
        ]
    );
}

#[test]
fn days_that_count_while_an_opinion_is_awaited_lie_with_who_was_asked() {
    // Under Order 492 another organ's opinion stops nothing (C-5).
    let asks = |desk: &mut Desk| {
        let kind = ConsultationKind::OtherOrgan;
        desk.accept(OpenConsultation { kind, ..third_party(desk.today) });
    };
    let mut working = Desk::registered("2018-03-01").at("2018-03-05");
    asks(&mut working);
    // 2 and 5 March before the letter was out, 6 to 8 March after it.
    assert_eq!(held(&working.clone().at("2018-03-08")).0, [("nobody", 2), ("consulted", 3)].into());
    let mut reviewed = Desk::registered("2018-03-01").at("2018-03-05");
    reviewed.accept(proposal(Outcome::O492Disclosed, day("2018-03-05")));
    reviewed = reviewed.at("2018-03-06");
    asks(&mut reviewed);
    assert_eq!(held(&reviewed.at("2018-03-08")).0, [("nobody", 2), ("review", 1), ("consulted", 2)].into());
}

#[test]
fn a_stretch_without_a_working_day_is_left_out() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-08");
    desk.accept(Assign { on: day("2024-03-08"), department_id: DEPARTMENT, handler_id: None, days: None });
    desk = desk.at("2024-03-10");
    desk.accept(AnswerTask { task: 1, on: day("2024-03-10"), opinion: "可以公开".into() });
    let (_, delay, _) = held(&desk.at("2024-03-12"));
    let told: Vec<_> = delay.stretches.iter().map(|one| (one.holder.code(), one.working_days)).collect();
    // From Friday to Sunday the department had it: no working day.
    assert_eq!(told, [("nobody", 5), ("office", 2)]);
}

#[test]
fn when_the_day_was_fixed_every_working_day_counts() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    desk.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    desk.accept(ReceiveJustification { on: day("2024-03-12"), reasonable: true, reasons: "课题研究".into() });
    desk.accept(DelayReply { on: day("2024-03-12"), until: day("2024-06-28"), reason: "数量大".into() });
    assert_eq!(held(&desk.at("2024-03-29")).2, 20);
}

#[test]
fn a_part_is_there_from_the_day_of_the_split_and_any_other_link_hides_nothing() {
    let linked = |relation: LinkRelation| {
        let mut log = Desk::registered("2024-03-01").log;
        log.push(Event::Linked(Link { on: day("2024-03-08"), other_case: Uuid::nil(), relation }));
        ["2024-03-07", "2024-03-08", "2024-03-09"].map(|on| as_it_stood(&log, day(on)).is_some())
    };
    assert_eq!(linked(LinkRelation::SplitFrom), [false, true, true]);
    assert_eq!(linked(LinkRelation::Related), [true, true, true]);
}

#[test]
fn a_report_is_a_duty_of_its_year() {
    assert_eq!(annual_report_key(2025), "annual_report:2025");
}
