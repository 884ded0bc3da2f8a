use super::*;
use std::collections::BTreeSet;

#[test]
fn the_table_has_one_row_for_each_outcome_in_its_place() {
    for (place, entry) in TABLE.iter().enumerate() {
        assert_eq!(entry.outcome.place(), place, "{}", entry.code);
        assert_eq!(Outcome::from_code(entry.code), Some(entry.outcome));
        assert_eq!(serde_json::to_value(entry.outcome).unwrap(), entry.code);
        assert_eq!(serde_json::from_value::<Outcome>(entry.code.into()).unwrap(), entry.outcome);
        assert!(!entry.label.is_empty());
    }
    assert_eq!(TABLE.iter().map(|entry| entry.code).collect::<BTreeSet<_>>().len(), 38);
    assert_eq!(Outcome::from_code("disclosed"), None);
}

#[test]
fn every_outcome_has_a_row_in_the_2019_and_2021_forms_and_every_result_row_an_outcome() {
    let rows = |row: fn(Outcome) -> Option<&'static str>| Outcome::all().filter_map(row).collect::<BTreeSet<_>>();
    assert!(Outcome::all().all(|outcome| outcome.row_2019().is_some() && outcome.row_2021().is_some()));
    assert_eq!(rows(Outcome::row_2019).len(), 19, "1 + 1 + 8 + 3 + 5 + 1");
    assert_eq!(rows(Outcome::row_2021).len(), 21, "1 + 1 + 8 + 3 + 5 + 3");
    assert_eq!(rows(Outcome::row_2014).len(), 13, "8 kinds of reply, the fourth in 6");
}

#[test]
fn only_the_undivided_row_six_differs_between_the_2019_and_2021_forms() {
    for outcome in Outcome::all().filter(|outcome| outcome.row_2019() != outcome.row_2021()) {
        assert_eq!(outcome.row_2019(), Some("三(六)其他处理"), "{}", outcome.code());
    }
}

#[test]
fn a_case_that_ends_without_a_reply_is_no_reply_of_the_2014_sheet() {
    for outcome in Outcome::all() {
        assert_eq!(outcome.row_2014().is_none(), outcome.code().starts_with("closed."), "{}", outcome.code());
        assert_eq!(outcome.is_closed_without_reply(), outcome.code().starts_with("closed."));
    }
}

#[test]
fn granted_means_row_one_of_the_annual_table() {
    for outcome in Outcome::all() {
        assert_eq!(outcome.is_granted(), outcome.row_2021() == Some("三(一)予以公开"), "{}", outcome.code());
    }
}

#[test]
fn an_outcome_belongs_to_its_order_by_its_code() {
    for outcome in Outcome::all() {
        let old = outcome.code().starts_with("o492.");
        let both = matches!(outcome, Outcome::Withdrawn | Outcome::ClosedOther);
        assert_eq!(outcome.is_of(Regime::Order492), old || both, "{}", outcome.code());
        assert_eq!(outcome.is_of(Regime::Order711), !old, "{}", outcome.code());
    }
}

#[test]
fn the_seven_replies_of_article_36_are_all_there() {
    let kinds: BTreeSet<_> = Outcome::all().filter_map(Outcome::reply_kind).collect();
    assert_eq!(kinds, (1..=7).collect());
}

#[test]
fn reconsideration_comes_first_for_refusals_under_articles_14_to_16_and_for_nothing_else() {
    for outcome in Outcome::all().filter(|outcome| outcome.is_of(Regime::Order711)) {
        let row = outcome.row_2021().unwrap_or_default();
        let refusal = row.starts_with("三(三)") && !row.contains("-8.");
        assert_eq!(outcome.remedy() == RemedyText::ReconsiderationFirst, refusal, "{}", outcome.code());
    }
    assert_eq!(Outcome::SpecialRegister.remedy(), RemedyText::Ordinary, "C-15");
    assert_eq!(Outcome::PartiallyDisclosed.remedy(), RemedyText::OrdinaryUnlessWithheld);
}

#[test]
fn what_must_be_on_the_case_before_an_outcome_may_be_chosen() {
    let needs = |outcome: Outcome, requirement| outcome.requirements().contains(&requirement);
    assert!(needs(Outcome::DoesNotExist, Requirement::SearchRecord));
    assert!(needs(Outcome::O492DoesNotExist, Requirement::SearchRecord));
    assert!(needs(Outcome::OtherAuthority, Requirement::RightOrgan));
    assert!(needs(Outcome::Repeat, Requirement::EarlierReplyNumber));
    assert!(needs(Outcome::ThirdPartyRights, Requirement::ThirdPartyConsulted));
    assert!(needs(Outcome::PublicInterest, Requirement::ConsultationObjected));
    assert!(needs(Outcome::StillUnclear, Requirement::CorrectionMade));
    assert!(needs(Outcome::Excessive, Requirement::JustificationUnreasonable));
    assert!(needs(Outcome::CorrectionLapsed, Requirement::CorrectionOverdue));
    assert!(needs(Outcome::FeeLapsed, Requirement::FeeOverdue));
    assert!(needs(Outcome::Withdrawn, Requirement::Withdrawn));
    assert!(needs(Outcome::SpecialRegister, Requirement::SpecialLaw));
    assert_eq!(Outcome::Provided.requirements(), &[]);
    for outcome in Outcome::all().filter(|outcome| outcome.code().contains("refused.")) {
        assert!(needs(outcome, Requirement::Reasons) || outcome == Outcome::SpecialRegister, "{}", outcome.code());
    }
}

#[test]
fn every_requirement_is_asked_by_some_outcome_and_says_where_it_stands() {
    for requirement in Requirement::ALL {
        assert!(Outcome::all().any(|outcome| outcome.requirements().contains(&requirement)), "{requirement:?}");
        assert!(!requirement.label().is_empty() && !requirement.article().is_empty());
    }
}

#[test]
fn items_roll_up_to_one_outcome() {
    use Outcome::*;
    let cases: &[(&[Outcome], Option<Outcome>)] = &[
        (&[], None),
        (&[DoesNotExist], Some(DoesNotExist)),
        (&[AlreadyPublic, AlreadyPublic], Some(AlreadyPublic)),
        (&[AlreadyPublic, Provided], Some(Provided)),
        (&[Provided, PublicInterest], Some(PublicInterest)),
        (&[Provided, DoesNotExist], Some(PartiallyDisclosed)),
        (&[StateSecret, AlreadyPublic], Some(PartiallyDisclosed)),
        (&[DoesNotExist, PartiallyDisclosed], Some(PartiallyDisclosed)),
        (&[DoesNotExist, StateSecret], Some(DoesNotExist)),
        (&[Withdrawn, Provided], Some(Provided)),
        (&[Withdrawn, DoesNotExist, Provided], Some(PartiallyDisclosed)),
        (&[Withdrawn, CorrectionLapsed], Some(Withdrawn)),
        (&[O492PartiallyDisclosed, O492DoesNotExist, O492AlreadyPublic], Some(O492PartiallyDisclosed)),
        (&[O492Disclosed, O492AlreadyPublic], Some(O492Disclosed)),
        (&[O492DoesNotExist, O492Disclosed], Some(O492PartiallyDisclosed)),
        (&[O492OtherChannel, O492DoesNotExist], Some(O492OtherChannel)),
    ];
    for (items, expected) in cases {
        assert_eq!(roll_up(items), *expected, "{items:?}");
    }
}
