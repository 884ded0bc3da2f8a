//! The category, its evidence, the reviews, the reply and its service, remedies.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Outcome, ReopenedPeriod, ServiceMethod};

fn in_progress() -> Desk {
    Desk::registered("2024-03-01").at("2024-03-20")
}

fn approved(outcome: Outcome) -> Desk {
    let mut desk = in_progress();
    desk.accept(search(day("2024-03-18")));
    desk.accept(proposal(outcome, day("2024-03-20"))).approve_all(day("2024-03-20"));
    desk
}

fn sent(method: ServiceMethod, on: &str) -> Dispatch {
    Dispatch { method, on: day(on), carrier: Some("邮政EMS".into()), tracking_number: Some("EX1".into()) }
}

#[test]
fn under_order_492_an_objection_is_enough_and_public_interest_has_to_be_said() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-12");
    desk.accept(third_party(day("2018-03-05")));
    let returned = |opinion| ReturnConsultation { consultation: 1, on: day("2018-03-12"), opinion, reasons: None };
    let disclosed = proposal(Outcome::O492Disclosed, day("2018-03-12"));
    let mut agreed = desk.clone();
    agreed.accept(returned(Opinion::Consents)).accept(disclosed.clone());
    desk.accept(returned(Opinion::ObjectsWithoutReason));
    let objected = ("third_party_objected", Some("《条例》（2007年）第二十三条"));
    assert_eq!(desk.refused(disclosed.clone()), objected);
    assert_eq!(desk.refused(ProposeOutcome { legal_basis: Some(" ".into()), ..disclosed.clone() }), objected);
    let legal_basis = Some("不公开可能对公共利益造成重大影响".into());
    desk.accept(ProposeOutcome { legal_basis, ..disclosed });
}

#[test]
fn nothing_does_not_exist_without_a_search_record() {
    let mut desk = in_progress();
    let nothing = proposal(Outcome::DoesNotExist, day("2024-03-20"));
    let (code, article) = desk.refused(nothing.clone());
    assert_eq!(code, "search_record_required");
    assert!(article.is_some());
    desk.accept(search(day("2024-03-18"))).accept(nothing);
}

#[test]
fn another_organ_is_named_or_it_is_said_that_it_cannot_be() {
    let mut desk = in_progress();
    let other = proposal(Outcome::OtherAuthority, day("2024-03-20"));
    assert_eq!(desk.refused(other.clone()).0, "right_organ_required");
    let nameless = RightOrgan { name: " ".into(), contact: "".into() };
    assert_eq!(
        desk.refused(ProposeOutcome { right_organ: Some(Box::new(nameless)), ..other.clone() }).0,
        "right_organ_required"
    );
    desk.accept(ProposeOutcome { right_organ_unknown: Some("无法确定制作机关".into()), ..other.clone() });
    let mut desk = in_progress();
    let right = RightOrgan { name: "某区自然资源局".into(), contact: "某路1号".into() };
    desk.accept(ProposeOutcome { right_organ: Some(Box::new(right)), ..other });
}

#[test]
fn a_repeat_names_the_earlier_reply() {
    let mut desk = in_progress();
    let repeat = proposal(Outcome::Repeat, day("2024-03-20"));
    assert_eq!(desk.refused(repeat.clone()).0, "earlier_reply_number_required");
    desk.accept(ProposeOutcome { earlier_reply_number: Some("公开复〔2023〕7号".into()), ..repeat });
}

#[test]
fn third_party_rights_are_refused_only_after_the_third_party_was_asked() {
    let mut desk = in_progress();
    let refusal = proposal(Outcome::ThirdPartyRights, day("2024-03-20"));
    assert_eq!(desk.refused(refusal.clone()).0, "third_party_consulted_required");
    desk.accept(third_party(day("2024-03-11")));
    desk.accept(ReturnConsultation {
        consultation: 1,
        on: day("2024-03-18"),
        opinion: Opinion::ObjectsWithReason,
        reasons: Some("商业秘密".into()),
    });
    desk.accept(refusal);
}

#[test]
fn still_unclear_needs_a_correction_that_was_made() {
    let mut desk = in_progress();
    let unclear = proposal(Outcome::StillUnclear, day("2024-03-20"));
    assert_eq!(desk.refused(unclear.clone()).0, "correction_made_required");
    desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2024-03-11")));
    desk.accept(ReceiveCorrection { on: day("2024-03-18"), request: "还是不清楚".into() });
    desk.accept(unclear);
}

#[test]
fn a_step_is_never_an_outcome_and_each_order_has_its_own_categories() {
    let mut desk = in_progress();
    for closed in [Outcome::Withdrawn, Outcome::CorrectionLapsed, Outcome::FeeLapsed] {
        assert_eq!(desk.refused(proposal(closed, day("2024-03-20"))).0, "not_a_reply", "{closed:?}");
    }
    assert_eq!(desk.refused(proposal(Outcome::O492Disclosed, day("2024-03-20"))).0, "outcome_of_other_order");
    let mut old = Desk::registered("2018-03-01");
    assert_eq!(old.refused(proposal(Outcome::Provided, day("2018-03-01"))).0, "outcome_of_other_order");
    old.accept(proposal(Outcome::O492Disclosed, day("2018-03-01")));
}

#[test]
fn the_items_of_an_application_roll_up_to_its_one_category() {
    let mut desk = in_progress();
    let item = |text: &str| ItemText { text: text.into() };
    desk.accept(DefineItems { on: day("2024-03-04"), items: vec![item("批复"), item("协议")] });
    let item = |item, outcome| ItemOutcome { item, outcome };
    let mixed = ProposeOutcome {
        items: vec![item(1, Outcome::Provided), item(2, Outcome::InternalAffairs)],
        ..proposal(Outcome::Provided, day("2024-03-20"))
    };
    assert_eq!(desk.refused(mixed.clone()).0, "items_roll_up_differently");
    let missing = ProposeOutcome { items: vec![item(1, Outcome::Provided)], ..mixed.clone() };
    assert_eq!(desk.refused(missing).0, "items_incomplete");
    desk.accept(ProposeOutcome { outcome: Outcome::PartiallyDisclosed, ..mixed });
}

#[test]
fn the_proposer_is_never_the_reviewer_and_the_chain_keeps_its_order() {
    let mut desk = in_progress();
    desk.accept(proposal(Outcome::Provided, day("2024-03-20")));
    let proposer = desk.case().proposal.as_ref().map(|p| p.proposed_by).expect("a proposer");
    let step = Review { kind: ReviewKind::SectionHead, on: day("2024-03-20"), approve: true, comment: None };
    let refusal = desk.try_as(&everyone(proposer), &step.clone().into()).expect_err("own proposal");
    assert_eq!(refusal.code, "proposer_cannot_review");
    let ahead = Review { kind: ReviewKind::Leader, ..step.clone() };
    assert_eq!(desk.refused(ahead).0, "wrong_review_step");
    desk.accept(step);
    assert_eq!(desk.case().stage, Stage::InReview);
    let reviewer_only = holding(&[Role::Reviewer]);
    desk.accept(Review { kind: ReviewKind::Secrecy, on: day("2024-03-20"), approve: true, comment: None });
    desk.accept(Review { kind: ReviewKind::Legal, on: day("2024-03-20"), approve: true, comment: None });
    let last = Review { kind: ReviewKind::Leader, on: day("2024-03-20"), approve: true, comment: None };
    assert_eq!(desk.try_as(&reviewer_only, &last.clone().into()).expect_err("not the leader").code, "role_required");
    desk.accept(last);
    assert_eq!(desk.case().stage, Stage::Approved);
}

#[test]
fn what_is_sent_back_says_why_and_starts_the_chain_again() {
    let mut desk = in_progress();
    desk.accept(proposal(Outcome::Provided, day("2024-03-20")));
    let back = Review { kind: ReviewKind::SectionHead, on: day("2024-03-20"), approve: false, comment: None };
    assert_eq!(desk.refused(back.clone()).0, "text_required");
    desk.accept(Review { comment: Some("依据不足".into()), ..back });
    assert_eq!((desk.case().stage, desk.case().proposal.is_none()), (Stage::InProgress, true));
}

#[test]
fn a_posted_reply_counts_from_the_day_it_was_posted() {
    let mut desk = approved(Outcome::Provided).at("2024-04-02");
    desk.accept(IssueReply { on: day("2024-03-28") });
    assert_eq!(desk.case().stage, Stage::Approved, "signed is not sent");
    desk.accept(sent(ServiceMethod::Post, "2024-03-29"));
    desk.accept(ProveService { on: day("2024-04-02"), result: ServiceResult::Signed, signatory: None });
    assert_eq!((desk.case().replied_on(), desk.status()), (Some(day("2024-03-29")), "met"));
    assert_eq!(desk.case().outcome, Some(Outcome::Provided));
    desk.accept(Archive { on: day("2024-04-02"), file_number: "2024-1".into() });
}

#[test]
fn a_reply_handed_over_counts_from_the_applicants_signature() {
    let mut desk = approved(Outcome::Provided).at("2024-04-01");
    desk.accept(IssueReply { on: day("2024-03-28") });
    desk.accept(sent(ServiceMethod::Direct, "2024-03-29"));
    assert_eq!((desk.case().stage, desk.status()), (Stage::Approved, "running"), "not signed for yet");
    desk.accept(ProveService { on: day("2024-04-01"), result: ServiceResult::Signed, signatory: None });
    assert_eq!((desk.case().stage, desk.status()), (Stage::Served, "met_late"));
}

#[test]
fn a_proof_without_a_dispatch_is_a_handing_over_and_names_who_signed() {
    let mut desk = approved(Outcome::Provided).at("2024-03-28");
    desk.accept(IssueReply { on: day("2024-03-28") });
    let proof = |signatory: Option<&str>| ProveService {
        on: day("2024-03-28"),
        result: ServiceResult::Signed,
        signatory: signatory.map(str::to_owned),
    };
    for nobody in [None, Some(""), Some(" ")] {
        assert_eq!(desk.refused(proof(nobody)).0, "signatory_required", "{nobody:?}");
    }
    let receipt = ProveService { result: ServiceResult::ElectronicReceipt, ..proof(Some("邮件")) };
    assert_eq!(desk.refused(receipt).0, "not_dispatched");
    desk.accept(proof(Some("王小明（本人）")));
    assert_eq!((desk.case().stage, desk.status()), (Stage::Served, "met"));
}

#[test]
fn a_reply_that_comes_back_is_sent_again_without_changing_the_day_that_counts() {
    let mut desk = approved(Outcome::Provided).at("2024-04-10");
    desk.accept(IssueReply { on: day("2024-03-28") });
    desk.accept(sent(ServiceMethod::Post, "2024-03-29"));
    assert_eq!(desk.refused(sent(ServiceMethod::Post, "2024-04-01")).0, "already_dispatched");
    assert_eq!(desk.refused(Archive { on: day("2024-04-10"), file_number: "1".into() }).0, "service_not_proved");
    desk.accept(ProveService { on: day("2024-04-08"), result: ServiceResult::Returned, signatory: None });
    assert_eq!(desk.case().stage, Stage::Replied);
    desk.accept(sent(ServiceMethod::Post, "2024-04-10"));
    assert_eq!(desk.case().replied_on(), Some(day("2024-03-29")));
}

#[test]
fn a_private_courier_may_not_carry_a_decision() {
    let mut desk = approved(Outcome::Provided).at("2024-03-29");
    desk.accept(IssueReply { on: day("2024-03-28") });
    let (code, article) = desk.refused(sent(ServiceMethod::PrivateCourier, "2024-03-29"));
    assert_eq!((code, article), ("service_method_refused", Some("国办公开办函〔2016〕235号")));
}

#[test]
fn a_late_reply_is_recorded_as_late_not_refused() {
    let mut desk = approved(Outcome::Provided).at("2024-04-01");
    desk.accept(IssueReply { on: day("2024-04-01") });
    desk.accept(sent(ServiceMethod::Post, "2024-04-01"));
    assert_eq!(desk.status(), "met_late");
}

#[test]
fn a_court_that_orders_an_answer_sets_the_period_anew() {
    let mut desk = Desk::registered("2025-02-20").at("2025-08-29");
    assert_eq!(desk.due(), Some(day("2025-03-20")));
    desk.accept(OpenRemedy {
        kind: RemedyKind::Litigation,
        received_on: day("2025-05-06"),
        reference: "（2025）行初1号".into(),
        simplified: false,
    });
    desk.accept(DecideRemedy {
        remedy: 1,
        on: day("2025-08-29"),
        result: RemedyResult::Corrected,
        orders_reply_within: Some(ReopenedPeriod::Days(20)),
    });
    assert_eq!(desk.due(), Some(day("2025-09-26")));
    assert_eq!(desk.refused(extension(5, day("2025-08-29"))).0, "period_set_by_order");
}

#[test]
fn an_ended_case_is_reopened_by_an_order_and_keeps_its_first_reply_on_record() {
    let mut desk = approved(Outcome::InternalAffairs).at("2024-09-02");
    desk.accept(IssueReply { on: day("2024-03-28") });
    desk.accept(sent(ServiceMethod::Post, "2024-03-29"));
    desk.accept(plain(CommandKind::OpenRemedy, desk.case.as_ref(), day("2024-05-06")));
    let decision = DecideRemedy {
        remedy: 1,
        on: day("2024-09-02"),
        result: RemedyResult::Upheld,
        orders_reply_within: Some(ReopenedPeriod::Days(20)),
    };
    assert_eq!(desk.refused(decision.clone()).0, "upheld_orders_nothing");
    desk.accept(DecideRemedy { result: RemedyResult::Corrected, ..decision });
    assert_eq!((desk.case().stage, desk.case().outcome), (Stage::InProgress, None));
    assert_eq!(desk.case().earlier_replies.len(), 1);
    assert_eq!(desk.due(), Some(day("2024-09-30")));
}

#[test]
fn the_organ_responds_to_reconsideration_within_its_own_period() {
    let mut desk = in_progress();
    desk.accept(plain(CommandKind::OpenRemedy, desk.case.as_ref(), day("2024-03-11")));
    let duty = |desk: &Desk| {
        desk.obligations().into_iter().find(|o| o.kind == ObligationKind::RemedyResponse).expect("a duty")
    };
    assert_eq!((duty(&desk).due_on, duty(&desk).status), (Some(day("2024-03-25")), ObligationStatus::Open));
    desk.accept(RespondRemedy { remedy: 1, on: day("2024-03-20") });
    assert_eq!(duty(&desk).status, ObligationStatus::Met);
}

#[test]
fn an_issued_reply_is_not_recalled() {
    let mut desk = approved(Outcome::Provided);
    desk.accept(IssueReply { on: day("2024-03-20") });
    let refusal = desk
        .try_command(&RecallProposal { on: day("2024-03-20"), reason: "改".into() }.into())
        .expect_err("it has its number");
    assert_eq!(refusal.code, "reply_issued");
    assert!(refusal.detail.contains("撤回答复"), "{}", refusal.detail);
}

fn recall_of_reply(on: Option<&str>) -> RecallReply {
    RecallReply { on: on.map(day), reason: "引用法条有误".into() }
}

#[test]
fn a_numbered_reply_is_taken_back_before_it_is_sent_and_its_number_stays_void() {
    let mut desk = approved(Outcome::Provided);
    let before = desk.due();
    desk.accept(IssueReply { on: day("2024-03-20") });
    desk.today = day("2024-03-22");
    assert_eq!(desk.refused(recall_of_reply(Some("2024-03-19"))).0, "date_before_fact");
    assert_eq!(desk.refused(RecallReply { on: None, reason: " ".into() }).0, "text_required");
    let today = desk.today;
    assert_eq!(
        desk.refused(RecallReply { on: Some(today + chrono::Days::new(1)), reason: "改".into() }).0,
        "date_in_future"
    );
    desk.accept(recall_of_reply(None));
    assert_eq!(
        desk.case().recalled_replies,
        [RecalledReply {
            document_number: "1".into(),
            issued_on: day("2024-03-20"),
            recalled_on: today,
            reason: "引用法条有误".into()
        }]
    );
    let case = desk.case();
    assert_eq!(
        (case.stage, &case.proposal, &case.reply, case.has_reply_numbered("1")),
        (Stage::InProgress, &None, &None, false)
    );
    assert_eq!(desk.due(), before, "the period runs as before");
    // As the log says of the day before: it stood.
    let stood = as_it_stood(&desk.log, day("2024-03-20")).expect("a case");
    assert_eq!((stood.stage, stood.has_reply_numbered("1")), (Stage::Approved, true));
    // The new proposal rests on the recall.
    assert_eq!(desk.refused(proposal(Outcome::Provided, today - chrono::Days::new(1))).0, "date_before_fact");
    desk.accept(proposal(Outcome::Provided, today)).approve_all(today).accept(IssueReply { on: today });
    assert_eq!(desk.case().stage, Stage::Approved);
    assert_eq!(desk.case().recalled_replies.len(), 1);
}

#[test]
fn a_reply_that_anybody_outside_may_have_seen_is_not_taken_back() {
    let mut desk = approved(Outcome::Provided);
    assert_eq!(desk.refused(recall_of_reply(None)).0, "reply_not_issued");
    desk.accept(IssueReply { on: day("2024-03-20") });
    let mut sent = desk.clone();
    sent.accept(plain(CommandKind::Dispatch, sent.case.as_ref(), day("2024-03-20")));
    assert_eq!(sent.refused(recall_of_reply(None)).0, "reply_was_dispatched");
    let mut handed = desk.clone();
    handed.accept(plain(CommandKind::ProveService, handed.case.as_ref(), day("2024-03-20")));
    assert_eq!(handed.refused(recall_of_reply(None)).0, "reply_was_dispatched");
    let mut bounced = desk.clone();
    let method = ServiceMethod::Electronic;
    let back = ProveService { on: day("2024-03-20"), result: ServiceResult::Returned, signatory: None };
    bounced.accept(Dispatch { method, on: day("2024-03-20"), carrier: None, tracking_number: None }).accept(back);
    assert!(!bounced.case().reply.as_ref().is_some_and(Reply::is_sent));
    let refusal = bounced.try_command(&recall_of_reply(None).into()).expect_err("it was on its way");
    assert_eq!(refusal.code, "reply_was_dispatched");
    assert!(refusal.detail.contains("重新发出"), "{}", refusal.detail);
    desk.accept(plain(CommandKind::Withdraw, desk.case.as_ref(), day("2024-03-20")));
    assert_eq!(desk.refused(recall_of_reply(None)).0, "case_has_ended");
}

#[test]
fn what_every_third_party_consented_to_is_not_refused_for_their_sake() {
    let mut desk = in_progress();
    desk.accept(third_party(day("2024-03-11")));
    desk.accept(ReturnConsultation {
        consultation: 1,
        on: day("2024-03-18"),
        opinion: Opinion::Consents,
        reasons: None,
    });
    let refusal = proposal(Outcome::ThirdPartyRights, day("2024-03-20"));
    assert_eq!(desk.refused(refusal), ("third_party_consented", Some("《条例》第十五条")));
}

#[test]
fn each_item_needs_the_evidence_of_its_own_category() {
    let mut desk = in_progress();
    let item = |text: &str| ItemText { text: text.into() };
    desk.accept(DefineItems { on: day("2024-03-04"), items: vec![item("批复"), item("协议")] });
    let mixed = |second| ProposeOutcome {
        items: vec![ItemOutcome { item: 1, outcome: Outcome::Provided }, ItemOutcome { item: 2, outcome: second }],
        ..proposal(Outcome::PartiallyDisclosed, day("2024-03-20"))
    };
    assert_eq!(desk.refused(mixed(Outcome::DoesNotExist)).0, "search_record_required");
    assert_eq!(desk.refused(mixed(Outcome::O492TradeSecret)).0, "outcome_of_other_order");
    assert_eq!(desk.refused(mixed(Outcome::FeeLapsed)).0, "not_a_reply");
    desk.accept(search(day("2024-03-18"))).accept(mixed(Outcome::DoesNotExist));
}

#[test]
fn a_partial_disclosure_says_on_which_grounds_the_rest_is_withheld() {
    let mut desk = in_progress();
    let partial = |withheld| ProposeOutcome { withheld, ..proposal(Outcome::PartiallyDisclosed, day("2024-03-20")) };
    assert_eq!(desk.refused(partial(vec![])).0, "withheld_grounds_required");
    assert_eq!(desk.refused(partial(vec![Outcome::Provided])).0, "not_a_ground_to_withhold");
    desk.accept(partial(vec![Outcome::InternalAffairs]));
}

#[test]
fn gave_no_reasons_cannot_be_said_before_the_period_for_them_is_over() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-18");
    desk.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    assert_eq!(desk.refused(proposal(Outcome::Excessive, day("2024-03-15"))).0, "period_still_running");
    desk.accept(proposal(Outcome::Excessive, day("2024-03-18")));
}

#[test]
fn what_was_sent_is_neither_withdrawn_nor_closed() {
    let mut desk = approved(Outcome::Provided).at("2024-04-01");
    desk.accept(IssueReply { on: day("2024-03-28") });
    desk.accept(sent(ServiceMethod::Entrusted, "2024-03-29"));
    let withdrawal = Withdraw { on: day("2024-04-01"), identity_checked: true };
    assert_eq!(desk.refused(withdrawal).0, "already_dispatched");
    assert_eq!(desk.refused(Close { on: day("2024-04-01"), reason: "误登记".into() }).0, "already_dispatched");
}

#[test]
fn a_reply_sent_again_needs_a_proof_of_its_own() {
    let mut desk = approved(Outcome::Provided).at("2024-04-10");
    desk.accept(IssueReply { on: day("2024-03-28") });
    desk.accept(sent(ServiceMethod::Post, "2024-03-29"));
    desk.accept(ProveService { on: day("2024-04-08"), result: ServiceResult::Returned, signatory: None });
    desk.accept(sent(ServiceMethod::Post, "2024-04-10"));
    assert_eq!(desk.refused(Archive { on: day("2024-04-10"), file_number: "1".into() }).0, "service_not_proved");
    let proof = desk.obligations().into_iter().find(|o| o.kind == ObligationKind::ServiceProof).expect("a duty");
    assert_eq!((proof.status, proof.due_on), (ObligationStatus::Open, Some(day("2024-04-24"))));
}

#[test]
fn post_means_china_post() {
    let mut desk = approved(Outcome::Provided).at("2024-03-29");
    desk.accept(IssueReply { on: day("2024-03-28") });
    let courier = Dispatch { carrier: Some("某快递".into()), ..sent(ServiceMethod::Post, "2024-03-29") };
    assert_eq!(desk.refused(courier).0, "service_method_refused");
}
