//! What must be on the case before a category may be chosen, and where the refusal points.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, ConsultationKind, Outcome, Requirement};

const TODAY: &str = "2024-03-20";

fn in_progress() -> Desk {
    Desk::registered("2024-03-01").at(TODAY)
}

fn of(outcome: Outcome) -> ProposeOutcome {
    proposal(outcome, day(TODAY))
}

/// Code and pointer of the refusal; `None` when it is accepted.
fn judged(desk: &Desk, proposal: ProposeOutcome) -> Option<(&'static str, &'static str)> {
    let refusal = desk.try_command(&proposal.into()).err()?;
    Some((refusal.code, refusal.pointer.unwrap_or_default()))
}

/// A third party was asked and answered so.
fn answered(desk: &mut Desk, opinion: Opinion) {
    desk.accept(third_party(day("2024-03-11")));
    let consultation = u16::try_from(desk.case().consultations.len()).unwrap();
    desk.accept(ReturnConsultation { consultation, on: day("2024-03-18"), opinion, reasons: None });
}

#[test]
fn what_is_missing_is_pointed_at_in_the_proposal_or_at_the_category() {
    let desk = in_progress();
    for (outcome, expected) in [
        (Outcome::OtherAuthority, ("right_organ_required", "/right_organ")),
        (Outcome::Repeat, ("earlier_reply_number_required", "/earlier_reply_number")),
        (Outcome::AlreadyPublic, ("access_path_required", "/public_location")),
        (Outcome::SpecialRegister, ("legal_basis_required", "/legal_basis")),
        (Outcome::DoesNotExist, ("search_record_required", "/outcome")),
        (Outcome::StillUnclear, ("correction_made_required", "/outcome")),
        (Outcome::ThirdPartyRights, ("third_party_consulted_required", "/outcome")),
        (Outcome::Excessive, ("justification_unreasonable_required", "/outcome")),
    ] {
        assert_eq!(judged(&desk, of(outcome)), Some(expected), "{outcome:?}");
    }
}

#[test]
fn what_is_missing_is_wanted_by_the_article_of_the_order() {
    for (received, outcome, article) in [
        ("2024-03-01", Outcome::DoesNotExist, Requirement::SearchRecord.article()),
        ("2018-03-01", Outcome::O492DoesNotExist, "《条例》（2007年）第二十一条"),
    ] {
        let mut desk = Desk::registered(received);
        let refused = desk.refused(proposal(outcome, day(received)));
        assert_eq!(refused, ("search_record_required", Some(article)), "{outcome:?}");
    }
}

#[test]
fn what_is_said_with_blanks_is_not_said() {
    let desk = in_progress();
    let blank = || Some(" ".to_owned());
    let said = || Some("有".to_owned());
    let place = |public_location| ProposeOutcome { public_location, ..of(Outcome::AlreadyPublic) };
    let law = |legal_basis| ProposeOutcome { legal_basis, ..of(Outcome::SpecialRegister) };
    let number = |earlier_reply_number| ProposeOutcome { earlier_reply_number, ..of(Outcome::Repeat) };
    let organ = |name: &str, contact: &str| ProposeOutcome {
        right_organ: Some(Box::new(RightOrgan { name: name.into(), contact: contact.into() })),
        ..of(Outcome::OtherAuthority)
    };
    let unknown = |right_organ_unknown| ProposeOutcome { right_organ_unknown, ..of(Outcome::OtherAuthority) };
    for refused in
        [place(blank()), law(blank()), number(blank()), organ("某局", " "), organ(" ", "某路1号"), unknown(blank())]
    {
        assert!(judged(&desk, refused.clone()).is_some(), "{refused:?}");
    }
    for accepted in [place(said()), law(said()), number(said()), organ("某局", "某路1号"), unknown(said())] {
        assert_eq!(judged(&desk, accepted.clone()), None, "{accepted:?}");
    }
}

#[test]
fn only_a_search_that_found_nothing_of_the_corrected_request_proves_that_nothing_is_there() {
    let mut desk = in_progress();
    desk.accept(RecordSearch { found: true, ..search(day("2024-03-04")) });
    let missing = Some(("search_record_required", "/outcome"));
    assert_eq!(judged(&desk, of(Outcome::DoesNotExist)), missing, "it was found");
    desk.accept(search(day("2024-03-04")));
    assert_eq!(judged(&desk, of(Outcome::DoesNotExist)), None);
    desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2024-03-05")));
    desk.accept(ReceiveCorrection { on: day("2024-03-12"), request: "补正".into() });
    assert_eq!(judged(&desk, of(Outcome::DoesNotExist)), missing, "of the request as it was before");
    desk.accept(search(day("2024-03-12")));
    assert_eq!(judged(&desk, of(Outcome::DoesNotExist)), None, "on the day the correction came");
}

#[test]
fn a_correction_that_was_only_asked_for_was_not_made() {
    let mut desk = in_progress();
    desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2024-03-05")));
    let actor = holding(&[]);
    let (rules, calendar) = (desk.rules.clone(), Calendar::national());
    let context = Context { actor: &actor, today: desk.today, calendar, rules: &rules };
    let missing = |desk: &Desk| missing_evidence(desk.case(), &of(Outcome::StillUnclear), &context);
    assert_eq!(missing(&desk), Some(Requirement::CorrectionMade));
    desk.accept(ReceiveCorrection { on: day("2024-03-12"), request: "补正".into() });
    assert_eq!(missing(&desk), None);
}

#[test]
fn reasons_are_unreasonable_when_judged_so_or_not_given_in_time() {
    let asked = || {
        let mut desk = Desk::registered("2024-03-01").at("2024-03-08");
        desk.accept(RequestJustification {
            on: day("2024-03-08"),
            facts: "当月已申请六十件".into(),
            respond_days: 5,
            served_on: Some(day("2024-03-08")),
        });
        desk
    };
    let missing = |desk: &Desk, today: &str| {
        let actor = holding(&[]);
        let context = Context { actor: &actor, today: day(today), calendar: Calendar::national(), rules: &desk.rules };
        missing_evidence(desk.case(), &of(Outcome::Excessive), &context)
    };
    let silent = asked();
    assert_eq!(missing(&silent, "2024-03-15"), Some(Requirement::JustificationUnreasonable), "the last day");
    assert_eq!(missing(&silent, "2024-03-16"), None);
    for (reasonable, expected) in [(true, Some(Requirement::JustificationUnreasonable)), (false, None)] {
        let mut desk = asked();
        desk.accept(ReceiveJustification { on: day("2024-03-08"), reasonable, reasons: "课题".into() });
        assert_eq!(missing(&desk, TODAY), expected);
    }
    assert_eq!(missing(&Desk::registered("2024-03-01"), TODAY), Some(Requirement::JustificationUnreasonable));
}

#[test]
fn a_third_partys_rights_are_those_of_a_third_party_that_was_asked_and_not_recalled() {
    let consulted = Some(("third_party_consulted_required", "/outcome"));
    let mut other = in_progress();
    other.accept(OpenConsultation { kind: ConsultationKind::OtherOrgan, ..third_party(day("2024-03-11")) });
    other.accept(ReturnConsultation {
        consultation: 1,
        on: day("2024-03-18"),
        opinion: Opinion::ObjectsWithReason,
        reasons: None,
    });
    assert_eq!(judged(&other, of(Outcome::ThirdPartyRights)), consulted, "another organ is no third party");
    let mut recalled = in_progress();
    answered(&mut recalled, Opinion::Recalled);
    assert_eq!(judged(&recalled, of(Outcome::ThirdPartyRights)), consulted);
    for opinion in [Opinion::ObjectsWithReason, Opinion::ObjectsWithoutReason, Opinion::Stated] {
        let mut desk = in_progress();
        answered(&mut desk, opinion);
        assert_eq!(judged(&desk, of(Outcome::ThirdPartyRights)), None, "{opinion:?}");
    }
}

#[test]
fn public_interest_overrides_an_objection_and_nothing_else() {
    for (opinion, expected) in [
        (Opinion::ObjectsWithReason, None),
        (Opinion::ObjectsWithoutReason, None),
        (Opinion::Stated, Some(("consultation_objected_required", "/outcome"))),
        (Opinion::Consents, Some(("consultation_objected_required", "/outcome"))),
    ] {
        let mut desk = in_progress();
        answered(&mut desk, opinion);
        assert_eq!(judged(&desk, of(Outcome::PublicInterest)), expected, "{opinion:?}");
    }
}

#[test]
fn what_all_third_parties_consent_to_is_withheld_on_other_grounds_only() {
    let mut desk = in_progress();
    answered(&mut desk, Opinion::Consents);
    assert_eq!(judged(&desk, of(Outcome::ThirdPartyRights)), Some(("third_party_consented", "/outcome")));
    assert_eq!(judged(&desk, of(Outcome::InternalAffairs)), None, "not for their sake");
    answered(&mut desk, Opinion::ObjectsWithoutReason);
    assert_eq!(judged(&desk, of(Outcome::ThirdPartyRights)), None, "one of two");
}

#[test]
fn an_objection_with_good_reason_forbids_to_simply_disclose() {
    for (opinion, expected) in [
        (Opinion::ObjectsWithReason, Some(("third_party_objected", "/outcome"))),
        (Opinion::ObjectsWithoutReason, None),
        (Opinion::Stated, None),
        (Opinion::Consents, None),
        (Opinion::Recalled, None),
    ] {
        let mut desk = in_progress();
        answered(&mut desk, opinion);
        assert_eq!(judged(&desk, of(Outcome::Provided)), expected, "{opinion:?}");
        assert_eq!(judged(&desk, of(Outcome::InternalAffairs)), None, "{opinion:?}: nothing is disclosed");
    }
}

#[test]
fn grounds_to_withhold_are_refusals_of_the_same_order() {
    let desk = in_progress();
    let partial =
        |withheld: &[Outcome]| ProposeOutcome { withheld: withheld.to_vec(), ..of(Outcome::PartiallyDisclosed) };
    let no_ground = Some(("not_a_ground_to_withhold", "/withheld"));
    assert_eq!(judged(&desk, partial(&[])), Some(("withheld_grounds_required", "/withheld")));
    assert_eq!(judged(&desk, partial(&[Outcome::InternalAffairs, Outcome::O492TradeSecret])), no_ground);
    assert_eq!(judged(&desk, partial(&[Outcome::Provided])), no_ground);
    assert_eq!(judged(&desk, partial(&[Outcome::InternalAffairs, Outcome::EnforcementFile])), None);
    assert_eq!(judged(&desk, of(Outcome::InternalAffairs)), None, "a refusal of the whole is its own ground");
}

/// A case of two items.
fn of_two() -> Desk {
    let mut desk = in_progress();
    let items = vec![ItemText { text: "批复".into() }, ItemText { text: "协议".into() }];
    desk.accept(DefineItems { on: day("2024-03-04"), items });
    desk
}

fn itemised(outcome: Outcome, items: &[(u16, Outcome)], withheld: &[Outcome]) -> ProposeOutcome {
    let items = items.iter().map(|(item, outcome)| ItemOutcome { item: *item, outcome: *outcome }).collect();
    ProposeOutcome { items, withheld: withheld.to_vec(), ..of(outcome) }
}

#[test]
fn each_item_has_one_result_and_no_other_has_any() {
    let desk = of_two();
    let incomplete = Some(("items_incomplete", "/items"));
    let given = Outcome::Provided;
    for items in
        [&[(1, given)][..], &[(1, given), (1, given)], &[(1, given), (2, given), (2, given)], &[(1, given), (3, given)]]
    {
        assert_eq!(judged(&desk, itemised(given, items, &[])), incomplete, "{items:?}");
    }
    assert_eq!(judged(&desk, itemised(given, &[(2, given), (1, given)], &[])), None);
}

#[test]
fn the_grounds_to_withhold_are_told_by_whole_items_or_by_name() {
    let desk = of_two();
    let (given, partial, internal) = (Outcome::Provided, Outcome::PartiallyDisclosed, Outcome::InternalAffairs);
    assert_eq!(judged(&desk, itemised(partial, &[(1, given), (2, internal)], &[])), None);
    let halves = [(1, given), (2, partial)];
    assert_eq!(judged(&desk, itemised(partial, &halves, &[])), Some(("withheld_grounds_required", "/withheld")));
    assert_eq!(judged(&desk, itemised(partial, &halves, &[internal])), None);
}

#[test]
fn of_several_refusals_the_organ_names_the_main_one_of_those_given() {
    let desk = of_two();
    let (internal, file) = (Outcome::InternalAffairs, Outcome::EnforcementFile);
    let both = [(1, internal), (2, file)];
    assert_eq!(judged(&desk, itemised(internal, &both, &[])), None);
    assert_eq!(judged(&desk, itemised(file, &both, &[])), None);
    let differently = Some(("items_roll_up_differently", "/outcome"));
    assert_eq!(judged(&desk, itemised(Outcome::DeliberativeProcess, &both, &[])), differently, "none of those given");
    assert_eq!(judged(&desk, itemised(internal, &[(1, internal), (2, Outcome::Provided)], &[])), differently);
    let halves = [(1, Outcome::PartiallyDisclosed), (2, internal)];
    assert_eq!(judged(&desk, itemised(internal, &halves, &[internal])), differently, "something was disclosed");
    let granted = [(1, Outcome::Provided), (2, Outcome::Provided)];
    assert_eq!(judged(&desk, itemised(internal, &granted, &[])), differently);
}

const SINCE_THE_RULE: &str = "2025-06-20";

fn proved(outcome: Outcome) -> ProposeOutcome {
    ProposeOutcome { public_location: Some("网站公开栏".into()), ..proposal(outcome, day(SINCE_THE_RULE)) }
}

fn in_2025() -> Desk {
    Desk::registered("2025-06-03").at(SINCE_THE_RULE)
}

fn process() -> ProcessRecord {
    ProcessRecord {
        kind: ProcessKind::Draft,
        made_on: day("2025-03-03"),
        decision: "某批复".into(),
        decided_on: Some(day("2025-03-04")),
    }
}

/// 法释〔2025〕8号: what a court wants proved of each ground.
#[test]
fn what_a_court_wants_proved_is_named_in_the_proposal() {
    let desk = in_2025();
    let secret = SecretMarking { level: SecrecyLevel::Secret, marking: "机密★10年".into(), term: "10年".into() };
    let published = Publication { on: day("2025-01-02"), place: "网站公开栏".into(), url: None };
    let with = |outcome, change: &dyn Fn(&mut ProposeOutcome)| {
        let mut proposal = proved(outcome);
        change(&mut proposal);
        proposal
    };
    type Change<'a> = &'a dyn Fn(&mut ProposeOutcome);
    let cases: [(Outcome, &str, &str, Change<'_>, Change<'_>); 6] = [
        (
            Outcome::StateSecret,
            "secret_marking_required",
            "/secret",
            &|one| one.secret = Some(Box::new(SecretMarking { term: " ".into(), ..secret.clone() })),
            &|one| one.secret = Some(Box::new(secret.clone())),
        ),
        (
            Outcome::SecurityAndStability,
            "adverse_effect_required",
            "/adverse_effect",
            &|one| one.adverse_effect = Some(" ".into()),
            &|one| one.adverse_effect = Some("危及公共安全".into()),
        ),
        (
            Outcome::DeliberativeProcess,
            "process_record_required",
            "/process",
            &|one| one.process = Some(Box::new(ProcessRecord { decision: " ".into(), ..process() })),
            &|one| one.process = Some(Box::new(process())),
        ),
        (
            Outcome::InternalAffairs,
            "internal_affairs_kind_required",
            "/internal_affairs",
            &|one| one.file_paper = Some("笔录".into()),
            &|one| one.internal_affairs = Some(InternalAffairs::Logistics),
        ),
        (
            Outcome::EnforcementFile,
            "file_paper_required",
            "/file_paper",
            &|one| one.file_paper = Some(" ".into()),
            &|one| one.file_paper = Some("询问笔录".into()),
        ),
        (
            Outcome::AlreadyPublic,
            "publication_required",
            "/publication",
            &|one| one.publication = Some(Box::new(Publication { place: " ".into(), ..published.clone() })),
            &|one| one.publication = Some(Box::new(published.clone())),
        ),
    ];
    for (outcome, code, pointer, half, whole) in cases {
        assert_eq!(judged(&desk, proved(outcome)), Some((code, pointer)), "{outcome:?} bare");
        assert_eq!(judged(&desk, with(outcome, half)), Some((code, pointer)), "{outcome:?} half said");
        assert_eq!(judged(&desk, with(outcome, whole)), None, "{outcome:?}");
        let refusal = desk.try_command(&proved(outcome).into()).unwrap_err();
        assert!(refusal.article.unwrap().ends_with("法释〔2025〕8号"), "{refusal:?}");
    }
}

#[test]
fn before_the_interpretation_was_in_force_nothing_more_is_wanted() {
    let desk = Desk::registered("2025-05-12").at("2025-06-01");
    let on = |date: &str| proposal(Outcome::InternalAffairs, day(date));
    assert_eq!(judged(&desk, on("2025-05-31")), None);
    assert_eq!(judged(&desk, on("2025-06-01")), Some(("internal_affairs_kind_required", "/internal_affairs")));
}

#[test]
fn what_only_a_part_is_withheld_on_is_proved_too() {
    let desk = in_2025();
    let partial = ProposeOutcome { withheld: vec![Outcome::EnforcementFile], ..proved(Outcome::PartiallyDisclosed) };
    assert_eq!(judged(&desk, partial.clone()), Some(("file_paper_required", "/file_paper")));
    assert_eq!(judged(&desk, ProposeOutcome { file_paper: Some("询问笔录".into()), ..partial }), None);
}

#[test]
fn a_part_needs_what_the_whole_would_need() {
    let desk = in_2025();
    for (ground, code) in [
        (Outcome::DoesNotExist, "search_record_required"),
        (Outcome::ThirdPartyRights, "third_party_consulted_required"),
        (Outcome::ProhibitedByLaw, "legal_basis_required"),
        (Outcome::OtherAuthority, "right_organ_required"),
        (Outcome::StillUnclear, "correction_made_required"),
        (Outcome::Repeat, "earlier_reply_number_required"),
    ] {
        let partial = ProposeOutcome { withheld: vec![ground], ..proved(Outcome::PartiallyDisclosed) };
        assert_eq!(judged(&desk, partial).map(|(code, _)| code), Some(code), "{ground:?}");
    }
}

#[test]
fn under_order_492_secrets_security_and_publication_are_proved_alike() {
    let desk = Desk::registered("2018-03-01").at(SINCE_THE_RULE);
    for (outcome, expected) in [
        (Outcome::O492StateSecret, Some(("secret_marking_required", "/secret"))),
        (Outcome::O492SecurityAndStability, Some(("adverse_effect_required", "/adverse_effect"))),
        (Outcome::O492AlreadyPublic, Some(("publication_required", "/publication"))),
        (Outcome::O492NotGovernmentInformation, None),
    ] {
        assert_eq!(judged(&desk, proved(outcome)), expected, "{outcome:?}");
    }
}

#[test]
fn a_paper_of_the_process_precedes_its_decision_and_what_is_public_was_published() {
    let desk = in_2025();
    let process_of = |made_on: &str, decided_on: Option<&str>| {
        let process = ProcessRecord { made_on: day(made_on), decided_on: decided_on.map(day), ..process() };
        judged(&desk, ProposeOutcome { process: Some(Box::new(process)), ..proved(Outcome::DeliberativeProcess) })
    };
    assert_eq!(process_of("2025-03-04", Some("2025-03-04")), None, "on the same day");
    assert_eq!(process_of("2025-03-04", None), None, "the decision is still to come");
    assert_eq!(process_of("2025-03-05", Some("2025-03-04")), Some(("made_after_the_decision", "/process/made_on")));
    assert_eq!(process_of("2025-06-21", None), Some(("implausible_day", "/process/made_on")), "after the proposal");
    assert_eq!(process_of("1949-09-30", None), Some(("implausible_day", "/process/made_on")));
    assert_eq!(process_of("1949-10-01", None), None);
    let later = Publication { on: day("2025-06-21"), place: "网站".into(), url: None };
    let later = ProposeOutcome { publication: Some(Box::new(later)), ..proved(Outcome::AlreadyPublic) };
    assert_eq!(judged(&desk, later), Some(("implausible_day", "/publication/on")));
}

#[test]
fn a_proposal_of_an_earlier_release_is_read_without_what_it_could_not_say() {
    let old = r#"{"on":"2024-03-20","outcome":"refused.state_secret","reasons":"经审查"}"#;
    let read: ProposeOutcome = serde_json::from_str(old).unwrap();
    assert_eq!((read.secret, read.publication, read.process), (None, None, None));
}
