//! What was served, what came back, and what has a last day because of it.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{ConsultationKind, Outcome, ServiceMethod};
use chrono::NaiveDate;

/// The running duties: key, last day, day to look after it.
fn open(desk: &Desk) -> Vec<(String, Option<NaiveDate>, Option<NaiveDate>)> {
    let open = desk.obligations().into_iter().filter(|duty| duty.status == ObligationStatus::Open);
    let days = |duty: Obligation| {
        let is_follow_up = duty.kind.is_follow_up();
        (duty.key, duty.due_on.filter(|_| !is_follow_up), duty.due_on.filter(|_| is_follow_up))
    };
    open.map(days).collect()
}

/// One of them.
#[track_caller]
fn duty(desk: &Desk, key: &str) -> Obligation {
    let found = desk.obligations().into_iter().find(|duty| duty.key == key);
    found.unwrap_or_else(|| panic!("no duty {key} in {:?}", desk.obligations()))
}

#[test]
fn without_a_service_date_the_applicant_has_no_last_day_and_the_office_records_the_date() {
    for (command, notice, response) in [
        (CommandKind::RequestCorrection, "correction", "correction_response"),
        (CommandKind::RequestJustification, "justification", "justification_response"),
        (CommandKind::NotifyFee, "fee", "fee_payment"),
    ] {
        let mut desk = Desk::registered("2026-09-10");
        desk.accept(plain(command, desk.case.as_ref(), day("2026-09-10")));
        assert_eq!(duty(&desk, response).due_on, None, "{response}");
        let recording = duty(&desk, &format!("service_date:{notice}"));
        assert_eq!((recording.kind, recording.status), (ObligationKind::ServiceDate, ObligationStatus::Open));
        assert_eq!(
            (recording.due_on, recording.owner),
            (Some(day("2026-09-23")), None),
            "ten working days, the office's"
        );
        assert_eq!(recording.article, "《条例》第四十五条", "no period of the law");
        let mut desk = desk.at("2026-09-14");
        desk.accept(plain(CommandKind::ServeNotice, desk.case.as_ref(), day("2026-09-14")));
        assert_eq!(duty(&desk, &format!("service_date:{notice}")).status, ObligationStatus::Met);
        assert!(duty(&desk, response).due_on.is_some(), "{response}");
    }
}

#[test]
fn without_a_service_date_a_third_party_and_a_co_producer_have_no_last_day() {
    for (kind, key) in
        [(ConsultationKind::ThirdParty, "third_party_opinion:1"), (ConsultationKind::JointProducer, "organ_opinion:1")]
    {
        let mut desk = Desk::registered("2026-09-10");
        desk.accept(OpenConsultation { kind, ..third_party(day("2026-09-10")) });
        assert_eq!((duty(&desk, key).due_on, duty(&desk, key).status), (None, ObligationStatus::Open));
        let recording = duty(&desk, "service_date:consultation:1");
        assert_eq!((recording.due_on, recording.status), (Some(day("2026-09-23")), ObligationStatus::Open));
        let mut desk = desk.at("2026-09-14");
        desk.accept(ServeConsultation { consultation: 1, on: day("2026-09-14") });
        assert_eq!(duty(&desk, "service_date:consultation:1").status, ObligationStatus::Met);
        // Fifteen working days from 14 September, over Mid-Autumn and National Day; Saturday 10 October is worked.
        assert_eq!(duty(&desk, key).due_on, Some(day("2026-10-10")));
    }
}

#[test]
fn an_organ_without_a_period_has_no_last_day_served_or_not() {
    for (kind, served_on, looks) in [
        (ConsultationKind::OtherOrgan, None, "2026-09-23"),
        (ConsultationKind::OtherOrgan, Some(day("2026-09-14")), "2026-09-28"),
        (ConsultationKind::SecrecyAuthority, None, "2026-09-23"),
    ] {
        let mut desk = Desk::registered("2026-09-10").at("2026-09-14");
        desk.accept(OpenConsultation { kind, served_on, ..third_party(day("2026-09-10")) });
        let opinion = duty(&desk, "organ_opinion:1");
        assert_eq!((opinion.kind, opinion.due_on), (ObligationKind::OpinionFollowUp, Some(day(looks))), "{kind:?}");
        assert_eq!((opinion.article, opinion.owner), ("《条例》第四十五条", None), "Article 33 sets no such period");
        assert!(desk.obligations().iter().all(|duty| duty.kind != ObligationKind::ServiceDate));
    }
    // Order 492 sets the third party no period either (D6b).
    let mut old = Desk::registered("2018-03-01");
    old.accept(OpenConsultation { served_on: Some(day("2018-03-01")), ..third_party(day("2018-03-01")) });
    assert_eq!(duty(&old, "third_party_opinion:1").kind, ObligationKind::OpinionFollowUp);
}

#[test]
fn a_letter_whose_arrival_is_not_recorded_has_no_day_on_which_its_receipt_was_to_be_confirmed() {
    let mut unknown = Desk::on("2024-03-01");
    unknown.accept(received(crate::law::Channel::OrdinaryMail, day("2024-02-26")));
    assert_eq!(open(&unknown), [("receipt_confirmation".into(), None, Some(day("2024-02-26")))]);
    let mut known = Desk::on("2024-03-01");
    let arrived_on = Some(day("2024-02-29"));
    known.accept(Receive { arrived_on, ..received(crate::law::Channel::OrdinaryMail, day("2024-02-26")) });
    assert_eq!(open(&known), [("receipt_confirmation".into(), arrived_on, None)]);
    let mut online = Desk::on("2024-03-01");
    online.accept(received(crate::law::Channel::Online, day("2024-02-29")));
    assert_eq!(open(&online), [("receipt_confirmation".into(), Some(day("2024-02-29")), None)]);
}

/// A case received on 2026-09-10, due on 2026-10-14, with its reply issued on 2026-09-11.
fn issued() -> Desk {
    let mut desk = Desk::registered("2026-09-10").at("2026-09-11");
    desk.accept(proposal(Outcome::Provided, day("2026-09-11"))).approve_all(day("2026-09-11"));
    desk.accept(IssueReply { on: day("2026-09-11") });
    desk
}

fn sent(method: ServiceMethod, on: &str) -> Dispatch {
    Dispatch { method, on: day(on), carrier: None, tracking_number: None }
}

fn proved(result: ServiceResult, on: &str) -> ProveService {
    ProveService { on: day(on), result, signatory: None }
}

#[test]
fn a_letter_that_came_back_is_not_served_and_the_case_is_not_put_away_until_another_is() {
    let mut desk = issued();
    desk.accept(sent(ServiceMethod::Post, "2026-09-11"));
    let mut desk = desk.at("2026-12-01");
    desk.accept(proved(ServiceResult::Returned, "2026-09-20"));
    // Its timeliness is judged by the day of posting (D14): the reply was given. It was not served.
    assert_eq!((desk.case().stage, desk.case().replied_on()), (Stage::Replied, Some(day("2026-09-11"))));
    assert_eq!(desk.status(), "met");
    assert_eq!(duty(&desk, "redelivery:1").due_on, Some(day("2026-09-20")));
    assert_eq!(open(&desk), [("redelivery:1".into(), None, Some(day("2026-09-20")))]);
    assert_eq!(desk.refused(Archive { on: day("2026-12-01"), file_number: "1".into() }).0, "service_not_proved");
    let why = desk.permit(CommandKind::Archive).unwrap_err();
    assert!(why.detail.contains("退回") && why.detail.contains("重新送达"), "{why:?}");
    // Without another attempt there is nothing that could have arrived.
    assert_eq!(desk.refused(proved(ServiceResult::Signed, "2026-09-21")).0, "redelivery_required");
    desk.accept(sent(ServiceMethod::Post, "2026-09-22"));
    assert_eq!(duty(&desk, "redelivery:1").status, ObligationStatus::Met);
    assert_eq!(open(&desk), [("service_proof".into(), None, Some(day("2026-10-13")))]);
    assert_eq!(desk.case().replied_on(), Some(day("2026-09-11")), "the first posting counts");
    // Once more, and then it arrives.
    desk.accept(proved(ServiceResult::Returned, "2026-09-30")).accept(sent(ServiceMethod::Direct, "2026-10-09"));
    desk.accept(proved(ServiceResult::Signed, "2026-10-09"));
    assert_eq!((open(&desk), desk.case().stage), (vec![], Stage::Served));
    assert_eq!(desk.case().replied_on(), Some(day("2026-09-11")));
    desk.accept(Archive { on: day("2026-12-01"), file_number: "1".into() });
}

#[test]
fn a_message_that_came_back_was_not_sent_and_the_period_runs_on() {
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Electronic, "2026-09-18"));
    assert_eq!((desk.case().stage, desk.status()), (Stage::Replied, "met"));
    desk.accept(proved(ServiceResult::Returned, "2026-09-21"));
    let case = desk.case();
    assert_eq!((case.stage, case.replied_on(), case.outcome, case.ended_on), (Stage::Approved, None, None, None));
    assert_eq!((desk.status(), desk.due()), ("running", Some(day("2026-10-14"))));
    assert_eq!(
        open(&desk),
        [("reply".into(), Some(day("2026-10-14")), None), ("redelivery:1".into(), None, Some(day("2026-09-21")))]
    );
    // What was not sent may still be withdrawn (C-18).
    assert!(desk.permit(CommandKind::Withdraw).is_ok());
    // The one that arrives is late, and log and case say so with the same day.
    desk.accept(sent(ServiceMethod::Electronic, "2026-10-16"));
    desk.accept(proved(ServiceResult::ElectronicReceipt, "2026-10-19"));
    assert_eq!((desk.case().replied_on(), desk.status()), (Some(day("2026-10-16")), "met_late"));
    assert_eq!(desk.case().stage, Stage::Served);
    let told = |event: &Event| match event {
        Event::Dispatched { replied_on, .. } | Event::ServiceProved { replied_on, .. } => Some(*replied_on),
        _ => None,
    };
    let told: Vec<Option<NaiveDate>> = desk.log.iter().filter_map(told).collect();
    assert_eq!(told, [Some(day("2026-09-18")), None, Some(day("2026-10-16")), Some(day("2026-10-16"))]);
}

#[test]
fn a_message_that_came_back_does_not_undo_a_letter_that_was_posted_before_it() {
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Post, "2026-09-14")).accept(proved(ServiceResult::Returned, "2026-09-18"));
    desk.accept(sent(ServiceMethod::Electronic, "2026-09-18")).accept(proved(ServiceResult::Returned, "2026-09-18"));
    assert_eq!((desk.case().stage, desk.case().replied_on()), (Stage::Replied, Some(day("2026-09-14"))));
    assert!(matches!(
        desk.log.last(),
        Some(Event::ServiceProved { replied_on: Some(on), .. }) if *on == day("2026-09-14")
    ));
}

#[test]
fn the_yearly_statistics_count_a_reply_in_the_year_in_which_it_was_really_sent() {
    let mut desk = Desk::registered("2024-12-05").at("2025-01-20");
    desk.accept(proposal(Outcome::Provided, day("2024-12-26"))).approve_all(day("2024-12-26"));
    desk.accept(IssueReply { on: day("2024-12-26") });
    desk.accept(sent(ServiceMethod::Electronic, "2024-12-27"));
    assert_eq!(course(&desk.log).unwrap().concluded.unwrap().on, day("2024-12-27"));
    desk.accept(proved(ServiceResult::Returned, "2025-01-02"));
    assert_eq!(course(&desk.log).unwrap().concluded, None);
    desk.accept(sent(ServiceMethod::Post, "2025-01-03"));
    assert_eq!(course(&desk.log).unwrap().concluded.unwrap().on, day("2025-01-03"));
}

#[test]
fn a_log_of_an_earlier_release_says_the_same_as_a_new_one() {
    // Written as `prove_service` wrote it before: the day of the dispatch, though it came back.
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Electronic, "2026-09-18"));
    let on = Some(day("2026-09-18"));
    let back = Event::ServiceProved { proof: proved(ServiceResult::Returned, "2026-09-21"), replied_on: on };
    let mut log = desk.log.clone();
    log.push(back);
    let case = fold(&log).unwrap();
    assert_eq!((case.stage, case.replied_on()), (Stage::Approved, None));
    // Put away all the same, as it then could be: it stays what it was.
    log.push(Event::Archived(Archive { on: day("2026-09-22"), file_number: "1".into() }));
    let case = fold(&log).unwrap();
    assert_eq!((case.stage, case.outcome, case.ended_on), (Stage::Archived, Some(Outcome::Provided), on));
    assert!(!obligations(&case, &context_of(&desk)).iter().any(|duty| duty.status == ObligationStatus::Open));
}

fn context_of(desk: &Desk) -> Context<'_> {
    static NOBODY: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(|| holding(&[]));
    Context { actor: &NOBODY, today: desk.today, calendar: crate::law::Calendar::national(), rules: &desk.rules }
}

/// C-8 in a ledger: the sending that came back is no reply, and the case read back from the line is late as it is here.
#[test]
fn a_ledger_tells_the_sending_by_which_the_reply_counts() {
    let line = |desk: &Desk| {
        let line = crate::case::historical::recorded(desk.case(), &desk.log);
        (line.replied_on, line.method)
    };
    let mut bounced = issued().at("2026-10-20");
    bounced.accept(sent(ServiceMethod::Electronic, "2026-09-18"));
    bounced.accept(proved(ServiceResult::Returned, "2026-09-21"));
    bounced.accept(sent(ServiceMethod::Post, "2026-10-19"));
    assert_eq!(line(&bounced), (Some(day("2026-10-19")), Some(ServiceMethod::Post)));
    let mut returned = issued().at("2026-10-20");
    returned.accept(sent(ServiceMethod::Post, "2026-09-14"));
    returned.accept(proved(ServiceResult::Returned, "2026-09-21"));
    returned.accept(sent(ServiceMethod::Post, "2026-10-19"));
    assert_eq!(line(&returned), (Some(day("2026-09-14")), Some(ServiceMethod::Post)), "the posting counts");
}

/// C-8: what came back was never sent. On every day, also before it came back, case, clock and report say the same.
#[test]
fn no_day_has_a_reply_that_came_back_later() {
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Electronic, "2026-09-18"));
    let stood = |desk: &Desk, on: &str| {
        let case = as_it_stood(&desk.log, day(on)).unwrap();
        (case.stage, case.replied_on(), case.outcome)
    };
    let replied = (Stage::Replied, Some(day("2026-09-18")), Some(Outcome::Provided));
    assert_eq!(stood(&desk, "2026-09-19"), replied, "nothing has come back");
    desk.accept(proved(ServiceResult::Returned, "2026-09-21"));
    for on in ["2026-09-18", "2026-09-20", "2026-09-21", "2026-10-20"] {
        assert_eq!(stood(&desk, on), (Stage::Approved, None, None), "{on}");
    }
    let clock = |desk: &Desk, on: &str| {
        let case = as_it_stood(&desk.log, day(on)).unwrap();
        let calendar = crate::law::Calendar::national();
        let of_that_day = case.reply_clock(calendar, &desk.rules, Some(day(on))).unwrap().unwrap().status;
        let of_today = desk.case().reply_clock(calendar, &desk.rules, Some(day(on))).unwrap().unwrap().status;
        assert_eq!(of_that_day, of_today, "{on}");
        of_today.code()
    };
    assert_eq!(clock(&desk, "2026-09-19"), "running");
    desk.accept(sent(ServiceMethod::Post, "2026-10-16"));
    assert_eq!((clock(&desk, "2026-09-19"), clock(&desk, "2026-10-16")), ("running", "met_late"));
    assert_eq!(stood(&desk, "2026-10-16").1, Some(day("2026-10-16")));
    assert_eq!(course(&desk.log).unwrap().concluded.unwrap().on, day("2026-10-16"));
}

/// D14: a letter that came back was posted, and counts on every day from its posting.
#[test]
fn a_letter_that_came_back_later_was_a_reply_on_every_day_since_its_posting() {
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Post, "2026-09-18")).accept(proved(ServiceResult::Returned, "2026-09-21"));
    for on in ["2026-09-18", "2026-09-20", "2026-09-21"] {
        assert_eq!(as_it_stood(&desk.log, day(on)).unwrap().replied_on(), Some(day("2026-09-18")), "{on}");
    }
}

/// C-18: only what was not sent is withdrawn, and that it was not sent is known from the day the message came back.
#[test]
fn a_case_whose_message_came_back_is_withdrawn_or_closed_on_that_day_at_the_earliest() {
    let mut desk = issued().at("2026-10-20");
    desk.accept(sent(ServiceMethod::Electronic, "2026-09-18")).accept(proved(ServiceResult::Returned, "2026-09-21"));
    let withdrawal = |on: &str| Withdraw { on: day(on), identity_checked: true };
    for on in ["2026-09-17", "2026-09-20"] {
        let refusal = desk.try_command(&withdrawal(on).into()).unwrap_err();
        assert_eq!((refusal.code, refusal.pointer), ("date_before_fact", Some("/on")), "{on}");
        assert!(refusal.detail.contains("答复退回日期 2026-09-21"), "{refusal:?}");
        assert_eq!(desk.refused(Close { on: day(on), reason: "申请人死亡".into() }).0, "date_before_fact");
    }
    desk.accept(withdrawal("2026-09-21"));
    let stood = |on: &str| {
        let case = as_it_stood(&desk.log, day(on)).unwrap();
        (case.stage, case.replied_on(), case.ended_on)
    };
    assert_eq!(stood("2026-09-20"), (Stage::Approved, None, None));
    assert_eq!(stood("2026-09-21"), (Stage::Withdrawn, None, Some(day("2026-09-21"))));
    assert_eq!(course(&desk.log).unwrap().concluded.unwrap().on, day("2026-09-21"));
    assert_eq!(desk.status(), "ended");
}

/// 235号 for what is handed over or posted; the applicant's system for what is sent (C-8).
#[test]
fn each_way_of_service_has_its_own_proofs() {
    use ServiceMethod::{Direct, Electronic, Entrusted, Post};
    use ServiceResult::{ElectronicReceipt, Left, Returned, Signed};
    let all = [Signed, ElectronicReceipt, Left, Returned];
    for (method, fitting) in [
        (Direct, &[Signed, Left, Returned][..]),
        (Entrusted, &[Signed, Left, Returned]),
        (Post, &[Signed, Returned]),
        (Electronic, &[Signed, ElectronicReceipt, Returned]),
    ] {
        for result in all {
            let mut desk = issued();
            desk.accept(sent(method, "2026-09-11"));
            let named = choices(CommandKind::ProveService, "result", desk.case()).unwrap();
            let proof = proved(result, "2026-09-11");
            if fitting.contains(&result) {
                desk.accept(proof);
            } else {
                let refusal = desk.try_command(&proof.into()).unwrap_err();
                assert_eq!((refusal.code, refusal.pointer), ("proof_does_not_fit", Some("/result")), "{method:?}");
                assert!(named.iter().all(|code| refusal.detail.contains(code)), "{refusal:?}");
                assert!(refusal.article.unwrap().starts_with("国办公开办函〔2016〕235号"), "{refusal:?}");
            }
            assert_eq!(named.contains(&result.code()), fitting.contains(&result), "{method:?} {result:?}");
        }
    }
    let mut handed = issued();
    assert_eq!(choices(CommandKind::ProveService, "result", handed.case()).unwrap(), ["signed", "left"]);
    handed.accept(ProveService { signatory: Some("本人".into()), ..proved(Left, "2026-09-11") });
}

/// 235号第二条: a decision goes by the postal enterprise, and what another courier carries is not called anything else.
#[test]
fn a_courier_is_neither_post_nor_any_other_way() {
    let by = |method, carrier: &str| Dispatch { carrier: Some(carrier.into()), ..sent(method, "2026-09-11") };
    for carrier in ["京东物流（EMS合作）", "顺丰速运", "某公司"] {
        assert_eq!(issued().refused(by(ServiceMethod::Post, carrier)).0, "service_method_refused", "{carrier}");
    }
    for method in [ServiceMethod::Direct, ServiceMethod::Entrusted, ServiceMethod::Electronic] {
        let refusal = issued().try_command(&by(method, "顺丰速运").into()).unwrap_err();
        assert_eq!((refusal.code, refusal.pointer), ("service_method_refused", Some("/carrier")));
        // The advice is not the way that the next rule refuses.
        assert!(refusal.detail.contains("请交邮政企业重新寄出"), "{refusal:?}");
        assert!(!refusal.detail.contains("private_courier"), "{refusal:?}");
        issued().accept(by(method, "某县自然资源局"));
    }
    for carrier in ["中国邮政EMS", "挂号信", "南京邮政", "快递（EMS）"] {
        issued().accept(by(ServiceMethod::Post, carrier));
    }
}
