//! The dated duties of a case, step by step: what is owed, until when, by whom, on which article.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Channel, ConsultationKind, Outcome, ServiceMethod};
use chrono::NaiveDate;
use uuid::Uuid;

const HANDLER: Uuid = Uuid::from_u128(0xE);

/// One line a duty.
fn duties(desk: &Desk) -> String {
    let who = |id: Option<Uuid>| match id {
        None => "无",
        Some(id) if id == HANDLER => "承办人",
        Some(id) if id == DEPARTMENT => "科室",
        Some(_) => "他人",
    };
    let lines = desk.obligations().into_iter().map(|duty| {
        let mut due = duty.due_on.map_or_else(|| "未定".to_owned(), |due| due.to_string());
        if duty.is_estimated() {
            due.push_str("（暂定）");
        }
        let (owner, department) = (who(duty.owner), who(duty.department));
        format!("  {} {due} {} {owner} {department} {}", duty.key, duty.status.code(), duty.article)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes down the duties after each step.
#[derive(Default)]
struct Story(String);

impl Story {
    fn tell(&mut self, step: &str, desk: &Desk) {
        self.0.push_str(&format!("{} {step}\n{}\n", desk.today, duties(desk)));
    }
}

fn assigned(on: &str) -> Assign {
    Assign { on: day(on), department_id: DEPARTMENT, handler_id: Some(HANDLER), days: None }
}

#[test]
fn duties_of_a_letter_that_is_consulted_on_and_answered() {
    let mut story = Story::default();
    let mut desk = Desk::on("2024-03-01");
    desk.accept(Receive { arrived_on: Some(day("2024-03-01")), ..received(Channel::OrdinaryMail, day("2024-02-28")) });
    story.tell("平信到达，待确认", &desk);
    let mut desk = desk.at("2024-03-04");
    desk.accept(ConfirmReceipt { on: day("2024-03-04"), evidence: "电话记录".into() });
    story.tell("确认收到", &desk);
    desk.accept(Register { on: day("2024-03-04") });
    desk.accept(assigned("2024-03-04"));
    story.tell("登记并分办", &desk);
    for (kind, served) in [
        (ConsultationKind::ThirdParty, Some("2024-03-06")),
        (ConsultationKind::JointProducer, Some("2024-03-07")),
        (ConsultationKind::OtherOrgan, None),
        (ConsultationKind::SecrecyAuthority, None),
    ] {
        let served_on = served.map(day);
        let mut desk_then = desk.clone().at("2024-03-07");
        desk_then.accept(OpenConsultation { kind, served_on, ..third_party(day("2024-03-05")) });
        desk = desk_then;
    }
    story.tell("征求四方意见", &desk);
    let mut desk = desk.at("2024-03-11");
    let opinion = Opinion::Consents;
    desk.accept(ReturnConsultation { consultation: 1, on: day("2024-03-11"), opinion, reasons: None });
    desk.accept(AnswerTask { task: 1, on: day("2024-03-11"), opinion: "可以公开".into() });
    story.tell("第三方同意，科室反馈", &desk);
    let mut desk = desk.at("2024-03-29");
    story.tell("共同制作机关期满未答复", &desk);
    for consultation in [3, 4] {
        desk.accept(ReturnConsultation { consultation, on: day("2024-03-29"), opinion, reasons: None });
    }
    desk.accept(proposal(Outcome::Provided, day("2024-03-29"))).approve_all(day("2024-03-29"));
    desk.accept(IssueReply { on: day("2024-03-29") });
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: day("2024-03-29"), carrier, tracking_number: None });
    story.tell("邮寄答复", &desk);
    desk.accept(ProveService { on: day("2024-03-29"), result: ServiceResult::Signed, signatory: None });
    desk.accept(plain(CommandKind::OpenRemedy, desk.case.as_ref(), desk.today));
    story.tell("取得凭证，收到复议", &desk);
    desk.accept(RespondRemedy { remedy: 1, on: day("2024-03-29") });
    story.tell("提交答复", &desk);
    insta::assert_snapshot!("duties_answered", story.0);
}

#[test]
fn duties_of_what_is_asked_of_the_applicant() {
    let mut story = Story::default();
    let asked = [CommandKind::RequestCorrection, CommandKind::RequestJustification, CommandKind::NotifyFee];
    let answered = [CommandKind::ReceiveCorrection, CommandKind::ReceiveJustification, CommandKind::PayFee];
    for (ask, answer) in asked.into_iter().zip(answered) {
        let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
        desk.accept(plain(ask, desk.case.as_ref(), desk.today));
        story.tell(&format!("{}，未登记送达", ask.label()), &desk);
        let mut served = desk.clone().at("2024-03-06");
        served.accept(plain(CommandKind::ServeNotice, served.case.as_ref(), served.today));
        story.tell("已登记送达", &served);
        served.accept(plain(answer, served.case.as_ref(), served.today));
        story.tell(answer.label(), &served);
    }
    let mut late = Desk::registered("2024-03-01").at("2024-03-13");
    late.accept(plain(CommandKind::RequestCorrection, late.case.as_ref(), late.today));
    story.tell("第八个工作日才告知补正", &late);
    insta::assert_snapshot!("duties_of_the_applicant", story.0);
}

#[test]
fn duties_end_with_the_case_and_order_492_has_its_own_articles() {
    let mut story = Story::default();
    let mut desk = Desk::registered("2018-03-01").at("2018-03-05");
    desk.accept(assigned("2018-03-05"));
    desk.accept(OpenConsultation { served_on: Some(day("2018-03-05")), ..third_party(day("2018-03-05")) });
    story.tell("2007年条例：征求第三方意见", &desk);
    desk.accept(Withdraw { on: day("2018-03-05"), identity_checked: true });
    story.tell("撤回", &desk);
    let mut post = Desk::on("2024-03-01");
    post.accept(received(Channel::Online, day("2024-03-01")));
    story.tell("网站提交，无回执", &post);
    post.accept(Withdraw { on: day("2024-03-01"), identity_checked: true });
    story.tell("确认前撤回", &post);
    let mut gap = Desk::registered("2026-12-30");
    story.tell("期限落在尚无放假通知的年度", &gap);
    gap.accept(assigned("2026-12-30"));
    gap.accept(OpenConsultation { served_on: Some(day("2026-12-30")), ..third_party(day("2026-12-30")) });
    for (kind, simplified) in
        [(RemedyKind::Reconsideration, false), (RemedyKind::Reconsideration, true), (RemedyKind::Litigation, false)]
    {
        let (received_on, reference) = (day("2026-12-30"), "案号".into());
        gap.accept(OpenRemedy { kind, received_on, reference, simplified });
    }
    story.tell("各项期限均按估算提醒", &gap);
    insta::assert_snapshot!("duties_ended", story.0);
}

/// Key, status and last day of the steps of a review.
fn steps(desk: &Desk) -> Vec<(String, ObligationStatus, Option<NaiveDate>)> {
    let reviews = [ObligationKind::Review, ObligationKind::Approval];
    let duties = desk.obligations().into_iter().filter(|duty| reviews.contains(&duty.kind));
    duties.map(|duty| (duty.key, duty.status, duty.due_on)).collect()
}

#[test]
fn a_step_of_the_review_is_due_with_the_reply_waits_since_the_step_before_it_and_is_not_the_proposers() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    assert_eq!(steps(&desk), []);
    desk.accept(proposal(Outcome::Provided, day("2024-03-10")));
    let (open, met) = (ObligationStatus::Open, ObligationStatus::Met);
    let due = Some(day("2024-03-29"));
    assert_eq!(desk.due(), due);
    assert_eq!(steps(&desk), [("review:section_head:2024-03-10".to_owned(), open, due)]);
    let proposer = desk.case().proposal.as_ref().map(|proposal| proposal.proposed_by);
    let duty = desk.obligations().into_iter().find(|duty| duty.kind == ObligationKind::Review).expect("a duty");
    assert_eq!((duty.not_by, duty.since), (proposer, Some(day("2024-03-10"))));
    let review = |kind, on: &str| Review { kind, on: day(on), approve: true, comment: None };
    desk.accept(review(ReviewKind::SectionHead, "2024-03-12"));
    let second = ("review:secrecy:2024-03-12".to_owned(), open, due);
    assert_eq!(steps(&desk), [("review:section_head:2024-03-10".to_owned(), met, None), second]);
    desk.accept(review(ReviewKind::Secrecy, "2024-03-12")).accept(review(ReviewKind::Legal, "2024-03-13"));
    assert_eq!(steps(&desk).last(), Some(&("approval:leader:2024-03-13".to_owned(), open, due)));
    desk.accept(review(ReviewKind::Leader, "2024-03-14"));
    assert!(steps(&desk).iter().all(|(_, status, due)| (*status, *due) == (met, None)), "{:?}", steps(&desk));
    assert_eq!(steps(&desk).len(), 4);
}

#[test]
fn a_review_waits_while_an_opinion_is_awaited() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-20");
    desk.accept(proposal(Outcome::Provided, day("2024-03-10")));
    desk.accept(third_party(day("2024-03-20")));
    let stopped = ("review:section_head:2024-03-10".to_owned(), ObligationStatus::Suspended, None);
    assert_eq!(steps(&desk), [stopped], "the period is stopped, so it has no last day");
}
