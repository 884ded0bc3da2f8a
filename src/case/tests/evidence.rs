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
    let part = ProposeOutcome { withheld: vec![Outcome::ThirdPartyRights], ..of(Outcome::PartiallyDisclosed) };
    assert_eq!(judged(&desk, part), Some(("third_party_consented", "/withheld")));
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
    let is_public = matches!(outcome, Outcome::AlreadyPublic | Outcome::O492AlreadyPublic);
    let public_location = is_public.then(|| "网站公开栏".to_owned());
    ProposeOutcome { public_location, ..proposal(outcome, day(SINCE_THE_RULE)) }
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

/// A case of 2025 that may end in any category that needs nothing of the case itself, and what the proposal says of it.
fn said(outcome: Outcome) -> ProposeOutcome {
    let text = || Some("有".to_owned());
    let mut said = proved(outcome);
    match outcome {
        Outcome::StateSecret => {
            let secret =
                SecretMarking { level: SecrecyLevel::Secret, marking: "机密★10年".into(), term: "10年".into() };
            said.secret = Some(Box::new(secret));
        }
        Outcome::SecurityAndStability => said.adverse_effect = text(),
        Outcome::DeliberativeProcess => said.process = Some(Box::new(process())),
        Outcome::InternalAffairs => said.internal_affairs = Some(InternalAffairs::Logistics),
        Outcome::EnforcementFile => said.file_paper = text(),
        Outcome::SpecialRegister | Outcome::ProhibitedByLaw => said.legal_basis = text(),
        Outcome::OtherAuthority => said.right_organ_unknown = text(),
        Outcome::Repeat => said.earlier_reply_number = text(),
        Outcome::AlreadyPublic => said.publication = Some(Box::new(published("2025-01-02", None))),
        Outcome::PartiallyDisclosed => {
            said.withheld = vec![Outcome::InternalAffairs];
            said.internal_affairs = Some(InternalAffairs::Logistics);
        }
        _ => {}
    }
    said
}

fn published(on: &str, url: Option<&str>) -> Publication {
    Publication { on: day(on), place: "网站公开栏".into(), url: url.map(str::to_owned) }
}

#[test]
fn a_member_that_does_not_belong_to_the_category_is_refused_and_those_that_do_are_named() {
    let desk = in_2025();
    type Change = fn(&mut ProposeOutcome);
    let strange: [(Outcome, &str, Change); 12] = [
        (Outcome::Provided, "/withheld", |one| {
            (one.withheld, one.internal_affairs) = (vec![Outcome::InternalAffairs], Some(InternalAffairs::Personnel));
        }),
        (Outcome::InternalAffairs, "/right_organ", |one| {
            one.right_organ = Some(Box::new(RightOrgan { name: "某局".into(), contact: "1".into() }));
        }),
        (Outcome::Provided, "/right_organ_unknown", |one| one.right_organ_unknown = Some("不能确定".into())),
        (Outcome::OtherAuthority, "/earlier_reply_number", |one| one.earlier_reply_number = Some("1".into())),
        (Outcome::Provided, "/earlier_reply_before_system", |one| one.earlier_reply_before_system = true),
        (Outcome::InternalAffairs, "/public_location", |one| one.public_location = Some("网站".into())),
        (Outcome::InternalAffairs, "/legal_basis", |one| one.legal_basis = Some("某法".into())),
        (Outcome::Provided, "/secret", |one| one.secret = said(Outcome::StateSecret).secret),
        (Outcome::InternalAffairs, "/adverse_effect", |one| one.adverse_effect = Some("危及".into())),
        (Outcome::Provided, "/process", |one| one.process = Some(Box::new(process()))),
        (Outcome::EnforcementFile, "/internal_affairs", |one| one.internal_affairs = Some(InternalAffairs::Personnel)),
        (Outcome::Repeat, "/publication", |one| one.publication = Some(Box::new(published("2025-01-02", None)))),
    ];
    for (outcome, pointer, change) in strange {
        assert_eq!(judged(&desk, said(outcome)), None, "{outcome:?}");
        let mut strange = said(outcome);
        change(&mut strange);
        assert_eq!(judged(&desk, strange), Some(("member_of_other_category", pointer)), "{outcome:?}");
    }
    // Neither the secret nor the third party of a ground is asked for where nothing is withheld in part.
    for (outcome, ground) in
        [(Outcome::Provided, Outcome::StateSecret), (Outcome::InternalAffairs, Outcome::ThirdPartyRights)]
    {
        let strange = ProposeOutcome { withheld: vec![ground], ..said(outcome) };
        let refusal = desk.try_command(&strange.into()).unwrap_err();
        assert_eq!(refusal.code, "member_of_other_category", "{outcome:?}");
        assert!(!refusal.detail.contains("secret"), "{}", refusal.detail);
    }
    let mut two = said(Outcome::OtherAuthority);
    (two.file_paper, two.adverse_effect) = (Some("笔录".into()), Some("危及".into()));
    let refusal = desk.try_command(&two.into()).unwrap_err();
    assert_eq!(
        refusal.detail,
        "“不属于本机关负责公开”（unavailable.other_authority）没有 adverse_effect、file_paper，请删去；这一种类可以填写：\
         right_organ、right_organ_unknown"
    );
    assert_eq!(refusal.article, Some("《条例》第三十六条"));
}

/// Art. 36(2), 36(7), 39(1): a reply may tell the way to what is disclosed, to a register, to the office for petitions.
#[test]
fn what_a_reply_may_say_of_the_way_to_the_information_is_taken() {
    let desk = in_2025();
    for outcome in [Outcome::Provided, Outcome::SpecialRegister, Outcome::Petition, Outcome::PartiallyDisclosed] {
        let with = ProposeOutcome { public_location: Some("政务大厅三楼".into()), ..said(outcome) };
        assert_eq!(judged(&desk, with), None, "{outcome:?}");
    }
}

/// C-9: what belongs to an item, or to a ground on which a part is withheld, belongs to the whole.
#[test]
fn a_member_of_an_item_or_of_a_ground_belongs_to_the_proposal() {
    let mut desk = in_2025();
    let items = vec![ItemText { text: "批复".into() }, ItemText { text: "协议".into() }];
    desk.accept(DefineItems { on: day("2025-06-04"), items });
    let items = [Outcome::AlreadyPublic, Outcome::EnforcementFile];
    let items = (1..).zip(items).map(|(item, outcome)| ItemOutcome { item, outcome }).collect();
    let both = ProposeOutcome {
        items,
        public_location: Some("网站公开栏".into()),
        publication: Some(Box::new(published("2025-01-02", Some("https://example.gov.cn/1")))),
        file_paper: Some("询问笔录".into()),
        ..proposal(Outcome::PartiallyDisclosed, day(SINCE_THE_RULE))
    };
    assert_eq!(judged(&desk, both), None);
}

#[test]
fn a_ground_stands_once_and_the_right_organ_is_known_or_unknown() {
    let desk = in_2025();
    let twice = ProposeOutcome {
        withheld: vec![Outcome::InternalAffairs, Outcome::InternalAffairs],
        ..said(Outcome::PartiallyDisclosed)
    };
    assert_eq!(judged(&desk, twice), Some(("ground_repeated", "/withheld")));
    let organ = RightOrgan { name: "某局".into(), contact: "010-1".into() };
    let both = ProposeOutcome { right_organ: Some(Box::new(organ)), ..said(Outcome::OtherAuthority) };
    assert_eq!(judged(&desk, both.clone()), Some(("right_organ_contradicts", "/right_organ_unknown")));
    assert_eq!(judged(&desk, ProposeOutcome { right_organ_unknown: None, ..both }), None);
}

#[test]
fn a_publication_has_an_address_that_can_be_opened() {
    let desk = in_2025();
    let at = |url| {
        let publication = Some(Box::new(published("2025-01-02", Some(url))));
        judged(&desk, ProposeOutcome { publication, ..said(Outcome::AlreadyPublic) })
    };
    assert_eq!(at("https://www.example.gov.cn/art/1.html"), None);
    for url in ["javascript:alert(1)", "", "https://", "www.example.gov.cn"] {
        assert_eq!(at(url), Some(("invalid_url", "/publication/url")), "{url}");
    }
}

/// Art. 36(1): what was published after the application came was not public when it was asked for. Art. 16(2): a paper made
/// after it is not the one that was asked for.
#[test]
fn what_was_published_or_made_after_the_application_came_is_not_what_was_asked_for() {
    let mut desk = in_2025();
    let published_on = |desk: &Desk, on| {
        let publication = Some(Box::new(published(on, None)));
        judged(desk, ProposeOutcome { publication, ..said(Outcome::AlreadyPublic) })
    };
    let made_on = |desk: &Desk, on: &str| {
        let process = ProcessRecord { made_on: day(on), decided_on: None, ..process() };
        judged(desk, ProposeOutcome { process: Some(Box::new(process)), ..said(Outcome::DeliberativeProcess) })
    };
    assert_eq!((published_on(&desk, "2025-06-03"), made_on(&desk, "2025-06-03")), (None, None), "the day of receipt");
    assert_eq!(published_on(&desk, "2025-06-04"), Some(("published_after_receipt", "/publication/on")));
    assert_eq!(made_on(&desk, "2025-06-04"), Some(("made_after_receipt", "/process/made_on")));
    // The corrected application is the one that is answered.
    desk.accept(RequestCorrection {
        on: day("2025-06-04"),
        items: vec!["文号".into()],
        respond_days: 10,
        served_on: None,
    });
    desk.accept(ReceiveCorrection { on: day("2025-06-10"), request: "补正".into() });
    assert_eq!((published_on(&desk, "2025-06-10"), made_on(&desk, "2025-06-10")), (None, None));
    assert_eq!(published_on(&desk, "2025-06-11"), Some(("published_after_receipt", "/publication/on")));
}

#[test]
fn a_secret_has_the_level_of_its_marking_and_a_term_that_runs() {
    let desk = in_2025();
    let of = |level, marking: &str, term: &str| {
        let secret = SecretMarking { level, marking: marking.into(), term: term.into() };
        judged(&desk, ProposeOutcome { secret: Some(Box::new(secret)), ..said(Outcome::StateSecret) })
    };
    let (secret, top) = (SecrecyLevel::Secret, SecrecyLevel::TopSecret);
    assert_eq!(of(secret, "机密★10年", "10年"), None);
    assert_eq!(of(top, "机密★10年", "10年"), Some(("secret_marking_contradicts", "/secret/marking")));
    assert_eq!(of(secret, "秘密★5年", "5年"), Some(("secret_marking_contradicts", "/secret/marking")));
    assert_eq!(of(secret, "机密★", "至2025年6月20日"), None, "its last day is the day of the proposal");
    assert_eq!(of(secret, "机密★", "至2025年6月19日"), Some(("secret_term_over", "/secret/term")));
    assert_eq!(of(secret, "机密★", "自2015年6月1日起10年"), Some(("secret_term_over", "/secret/term")));
}

#[test]
fn a_secret_whose_term_ends_before_the_reply_is_signed_is_no_reply() {
    let mut desk = in_2025();
    let secret =
        SecretMarking { level: SecrecyLevel::Secret, marking: "机密★".into(), term: "至2025年6月22日".into() };
    desk.accept(ProposeOutcome { secret: Some(Box::new(secret)), ..said(Outcome::StateSecret) });
    let mut desk = desk.at("2025-06-23");
    desk.approve_all(day("2025-06-20"));
    let refusal = desk.try_command(&IssueReply { on: day("2025-06-23") }.into()).unwrap_err();
    assert_eq!((refusal.code, refusal.pointer), ("secret_term_over", Some("/on")));
    assert!(desk.permit(CommandKind::RecallProposal).is_ok(), "the proposal can be taken back");
    desk.accept(IssueReply { on: day("2025-06-22") });
}

/// An unknown word is answered by the categories that this case can end in.
#[test]
fn the_categories_of_a_case_are_those_whose_proof_is_on_it() {
    let mut desk = in_progress();
    let possible = |desk: &Desk| choices(CommandKind::ProposeOutcome, "outcome", desk.case()).unwrap();
    let always = [
        "disclosed.provided",
        "disclosed.already_public",
        "partially_disclosed",
        "refused.state_secret",
        "refused.prohibited_by_law",
        "refused.security_and_stability",
        "refused.internal_affairs",
        "refused.deliberative_process",
        "refused.enforcement_file",
        "refused.special_register",
        "unavailable.other_authority",
        "not_processed.petition",
        "not_processed.repeat",
        "not_processed.publication",
        "not_processed.reconfirmation",
        "closed.other",
    ];
    assert_eq!(possible(&desk), always);
    desk.accept(search(day("2024-03-04")));
    answered(&mut desk, Opinion::ObjectsWithReason);
    let more: Vec<&str> = possible(&desk).into_iter().filter(|code| !always.contains(code)).collect();
    let proved = [
        "disclosed.public_interest",
        "refused.third_party_rights",
        "unavailable.does_not_exist",
        "unavailable.requires_creation",
    ];
    assert_eq!(more, proved);
}
