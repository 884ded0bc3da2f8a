//! What must be on the case before a category may be chosen: the outcome table names it, here it is looked for.

use crate::case::articles;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::grounds::{grounds, is_ground};
use crate::case::refusal::NotAllowed;
use crate::case::state::{Case, Consultation, Justification};
use crate::case::vocabulary::{Notice, Opinion};
use crate::law::{ConsultationKind, Outcome, Regime, Requirement, roll_up};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// No administrative organ made or published anything before that day.
const FIRST_ORGANS: NaiveDate = match NaiveDate::from_ymd_opt(1949, 10, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The first thing the law wants on the case or in the proposal for this category and does not find.
#[must_use]
pub fn missing_evidence(case: &Case, proposal: &c::ProposeOutcome, context: &Context<'_>) -> Option<Requirement> {
    let own = proposal.outcome.requirements().iter();
    // What only a part is withheld on is proved like what the whole is refused on.
    let grounds = proposal.withheld.iter().filter(|_| is_partial(proposal.outcome));
    let of_a_part = grounds.flat_map(|ground| ground.requirements());
    own.chain(of_a_part)
        .copied()
        .filter(|requirement| requirement.since().is_none_or(|since| proposal.on >= since))
        .find(|requirement| !is_met(*requirement, case, proposal, context))
}

pub(super) fn check_evidence(
    case: &Case,
    proposal: &c::ProposeOutcome,
    context: &Context<'_>,
) -> Result<(), NotAllowed> {
    let outcome = proposal.outcome;
    if matches!(outcome, Outcome::CorrectionLapsed | Outcome::FeeLapsed | Outcome::Withdrawn) {
        return Err(NotAllowed::new(
            "not_a_reply",
            format!("“{}”不是答复种类，请用相应的办理步骤（视为放弃、撤回）终结案件", outcome.label()),
        )
        .at("/outcome"));
    }
    let regime = case.regime.unwrap_or(Regime::Order711);
    if !outcome.is_of(regime) {
        return Err(NotAllowed::by_law(
            "outcome_of_other_order",
            regime.reply_article(),
            format!("本案适用{}，不能使用“{}”（{}）", regime.label(), outcome.label(), outcome.code()),
        )
        .at("/outcome"));
    }
    third_party_has_not_consented(case, outcome, "/outcome")?;
    for ground in &proposal.withheld {
        third_party_has_not_consented(case, *ground, "/withheld")?;
    }
    let whole_items = proposal.items.iter().all(|item| !is_partial(item.outcome));
    let is_told_by_items = !proposal.items.is_empty() && whole_items;
    if outcome == Outcome::PartiallyDisclosed && proposal.withheld.is_empty() && !is_told_by_items {
        return Err(NotAllowed::by_law(
            "withheld_grounds_required",
            "《条例》第三十七条；《行政复议法》第二十三条",
            "部分公开须写明不予公开部分的理由种类（withheld），救济告知随之不同",
        )
        .at("/withheld"));
    }
    if let Some(ground) = proposal.withheld.iter().find(|ground| !is_ground(**ground, regime)) {
        let detail = format!(
            "本案适用{}，“{}”不是不予提供部分信息的理由，可以填写：{}",
            regime.label(),
            ground.label(),
            grounds(regime).join("、")
        );
        let brief = format!("“{}”不是不予提供部分信息的理由", ground.label());
        return Err(NotAllowed::new("not_a_ground_to_withhold", detail).at("/withheld").briefly(brief));
    }
    match missing_evidence(case, proposal, context) {
        None => Ok(()),
        Some(requirement) => Err(NotAllowed::by_law(
            refusal_code(requirement),
            if regime == Regime::Order492 && !requirement.is_court_proof() {
                articles::REPLIES_492
            } else {
                requirement.article()
            },
            format!("选择“{}”之前，案件须有：{}", outcome.label(), requirement.label()),
        )
        .at(pointer(requirement))),
    }
}

/// What the third party agrees to disclose is disclosed (Art. 15; Order 492, Art. 14).
fn third_party_has_not_consented(case: &Case, outcome: Outcome, pointer: &'static str) -> Result<(), NotAllowed> {
    let protects = matches!(outcome, Outcome::ThirdPartyRights | Outcome::O492TradeSecret | Outcome::O492Privacy);
    let consents = |consultation: &Consultation| {
        consultation.returned.as_ref().is_some_and(|returned| returned.opinion == Opinion::Consents)
    };
    if protects && third_parties(case).next().is_some() && third_parties(case).all(consents) {
        let article = if outcome == Outcome::ThirdPartyRights {
            "《条例》第十五条"
        } else {
            "《条例》（2007年）第十四条"
        };
        return Err(NotAllowed::by_law(
            "third_party_consented",
            article,
            "被征求意见的第三方均已同意公开，应当予以公开，不能以保护第三方合法权益为由不予公开",
        )
        .at(pointer));
    }
    Ok(())
}

/// What a third party objects to with good reason is not simply disclosed (Art. 32; Order 492, Art. 23: a refusal is
/// enough). Public interest is a category of its own under Order 711; Order 492 has one category for both, so there the
/// proposal has to say on what the disclosure rests.
pub(super) fn third_party_has_not_objected(case: &Case, proposal: &c::ProposeOutcome) -> Result<(), NotAllowed> {
    let is_492 = case.regime == Some(Regime::Order492);
    let objected = |consultation: &Consultation| {
        consultation.returned.as_ref().is_some_and(|returned| match returned.opinion {
            Opinion::ObjectsWithReason => true,
            Opinion::ObjectsWithoutReason => is_492,
            Opinion::Consents | Opinion::Stated | Opinion::Recalled => false,
        })
    };
    let objected = third_parties(case).any(objected);
    let rests_on_interest = proposal.legal_basis.as_deref().is_some_and(is_said);
    if proposal.outcome == Outcome::O492Disclosed && objected && !rests_on_interest {
        return Err(NotAllowed::by_law(
            "third_party_objected",
            articles::THIRD_PARTY_492,
            "第三方不同意公开的，不得公开；认为不公开可能对公共利益造成重大影响而公开的，须在 legal_basis 写明理由，\
             并将决定公开的内容和理由书面通知第三方",
        )
        .at("/legal_basis"));
    }
    if proposal.outcome == Outcome::Provided && objected {
        return Err(NotAllowed::by_law(
            "third_party_objected",
            articles::under(articles::THIRD_PARTY, case.regime),
            format!(
                "第三方不同意公开且有合理理由的，不予公开；认为不公开可能对公共利益造成重大影响的，请选“{}”（{}）并书面告知\
                 第三方，能区分处理的选“{}”（{}）",
                Outcome::PublicInterest.label(),
                Outcome::PublicInterest.code(),
                Outcome::PartiallyDisclosed.label(),
                Outcome::PartiallyDisclosed.code(),
            ),
        )
        .at("/outcome"));
    }
    Ok(())
}

const fn refusal_code(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::SearchRecord => "search_record_required",
        Requirement::RightOrgan => "right_organ_required",
        Requirement::EarlierReplyNumber => "earlier_reply_number_required",
        Requirement::ThirdPartyConsulted => "third_party_consulted_required",
        Requirement::ConsultationObjected => "consultation_objected_required",
        Requirement::CorrectionMade => "correction_made_required",
        Requirement::JustificationUnreasonable => "justification_unreasonable_required",
        Requirement::CorrectionOverdue => "correction_overdue_required",
        Requirement::FeeOverdue => "fee_overdue_required",
        Requirement::Withdrawn => "withdrawal_required",
        Requirement::AccessPath => "access_path_required",
        Requirement::SpecialLaw => "legal_basis_required",
        Requirement::Reasons => "reasons_required",
        Requirement::SecretMarking => "secret_marking_required",
        Requirement::AdverseEffect => "adverse_effect_required",
        Requirement::ProcessRecord => "process_record_required",
        Requirement::InternalAffairsKind => "internal_affairs_kind_required",
        Requirement::FilePaper => "file_paper_required",
        Requirement::Publication => "publication_required",
    }
}

const fn pointer(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::RightOrgan => "/right_organ",
        Requirement::EarlierReplyNumber => "/earlier_reply_number",
        Requirement::AccessPath => "/public_location",
        Requirement::SpecialLaw => "/legal_basis",
        Requirement::Reasons => "/reasons",
        Requirement::SecretMarking => "/secret",
        Requirement::AdverseEffect => "/adverse_effect",
        Requirement::ProcessRecord => "/process",
        Requirement::InternalAffairsKind => "/internal_affairs",
        Requirement::FilePaper => "/file_paper",
        Requirement::Publication => "/publication",
        Requirement::SearchRecord
        | Requirement::ThirdPartyConsulted
        | Requirement::ConsultationObjected
        | Requirement::CorrectionMade
        | Requirement::JustificationUnreasonable
        | Requirement::CorrectionOverdue
        | Requirement::FeeOverdue
        | Requirement::Withdrawn => "/outcome",
    }
}

fn is_met(requirement: Requirement, case: &Case, proposal: &c::ProposeOutcome, context: &Context<'_>) -> bool {
    match requirement {
        // A search made for the request as it was before its correction proves nothing about the corrected one.
        Requirement::SearchRecord => {
            let since = case.correction.as_ref().and_then(|correction| correction.received_on);
            case.searches.iter().any(|search| !search.found && since.is_none_or(|since| search.on >= since))
        }
        Requirement::RightOrgan => {
            let named =
                proposal.right_organ.as_ref().is_some_and(|organ| is_said(&organ.name) && is_said(&organ.contact));
            named || proposal.right_organ_unknown.as_deref().is_some_and(is_said)
        }
        Requirement::EarlierReplyNumber => proposal.earlier_reply_number.as_deref().is_some_and(is_said),
        Requirement::ThirdPartyConsulted => third_parties(case).next().is_some(),
        Requirement::ConsultationObjected => third_parties(case).any(objects),
        Requirement::CorrectionMade => case.correction.as_ref().is_some_and(|c| c.received_on.is_some()),
        Requirement::JustificationUnreasonable => {
            case.justification.as_ref().is_some_and(|justification| is_unreasonable(case, justification, context))
        }
        Requirement::AccessPath => proposal.public_location.as_deref().is_some_and(is_said),
        Requirement::SpecialLaw => proposal.legal_basis.as_deref().is_some_and(is_said),
        Requirement::Reasons => is_said(&proposal.reasons),
        Requirement::SecretMarking => {
            proposal.secret.as_ref().is_some_and(|secret| is_said(&secret.marking) && is_said(&secret.term))
        }
        Requirement::AdverseEffect => proposal.adverse_effect.as_deref().is_some_and(is_said),
        Requirement::ProcessRecord => proposal.process.as_ref().is_some_and(|process| is_said(&process.decision)),
        Requirement::InternalAffairsKind => proposal.internal_affairs.is_some(),
        Requirement::FilePaper => proposal.file_paper.as_deref().is_some_and(is_said),
        Requirement::Publication => proposal.publication.as_ref().is_some_and(|published| is_said(&published.place)),
        // These belong to ends without a reply; their own commands see to them.
        Requirement::CorrectionOverdue | Requirement::FeeOverdue | Requirement::Withdrawn => false,
    }
}

/// Whether a proposal on this case could meet the requirement: what only the case can prove must be on it. What the
/// proposal says itself is not asked.
pub(in crate::case) fn may_be_met(requirement: Requirement, case: &Case) -> bool {
    match requirement {
        Requirement::SearchRecord => case.searches.iter().any(|search| !search.found),
        Requirement::ThirdPartyConsulted => third_parties(case).next().is_some(),
        Requirement::ConsultationObjected => third_parties(case).any(objects),
        Requirement::CorrectionMade => case.correction.as_ref().is_some_and(|c| c.received_on.is_some()),
        Requirement::JustificationUnreasonable => case
            .justification
            .as_ref()
            .is_some_and(|asked| asked.received.as_ref().is_none_or(|received| !received.reasonable)),
        Requirement::CorrectionOverdue | Requirement::FeeOverdue | Requirement::Withdrawn => false,
        Requirement::RightOrgan
        | Requirement::EarlierReplyNumber
        | Requirement::AccessPath
        | Requirement::SpecialLaw
        | Requirement::Reasons
        | Requirement::SecretMarking
        | Requirement::AdverseEffect
        | Requirement::ProcessRecord
        | Requirement::InternalAffairsKind
        | Requirement::FilePaper
        | Requirement::Publication => true,
    }
}

fn is_said(text: &str) -> bool {
    crate::case::text::is_visible(text)
}

fn third_parties(case: &Case) -> impl Iterator<Item = &Consultation> {
    case.consultations.iter().filter(|consultation| {
        let recalled = consultation.returned.as_ref().is_some_and(|returned| returned.opinion == Opinion::Recalled);
        consultation.opened.kind == ConsultationKind::ThirdParty && !recalled
    })
}

fn objects(consultation: &Consultation) -> bool {
    consultation
        .returned
        .as_ref()
        .is_some_and(|returned| matches!(returned.opinion, Opinion::ObjectsWithReason | Opinion::ObjectsWithoutReason))
}

/// Judged unreasonable, or not answered within the period set.
fn is_unreasonable(case: &Case, justification: &Justification, context: &Context<'_>) -> bool {
    match &justification.received {
        Some(received) => !received.reasonable,
        None => case.notice_due(Notice::Justification, context.calendar).is_some_and(|last| context.today > last),
    }
}

/// What is said of days must be possible: a paper of the process precedes its decision, and what is public was published.
pub(super) fn check_days(proposal: &c::ProposeOutcome) -> Result<(), NotAllowed> {
    let process = proposal.process.as_deref();
    let published = proposal.publication.as_deref();
    let told = [
        ("/process/made_on", process.map(|process| process.made_on), "材料形成日期"),
        ("/process/decided_on", process.and_then(|process| process.decided_on), "决定日期（尚未作出的不填）"),
        ("/publication/on", published.map(|published| published.on), "公开日期"),
    ];
    for (pointer, day, what) in told {
        let Some(day) = day.filter(|day| *day < FIRST_ORGANS || *day > proposal.on) else { continue };
        let detail = format!("{what}（{day}）应在1949年10月1日至拟办日期（{}）之间", proposal.on);
        return Err(NotAllowed::new("implausible_day", detail).at(pointer));
    }
    let Some(process) = process else { return Ok(()) };
    match process.decided_on.filter(|decided_on| *decided_on < process.made_on) {
        Some(decided_on) => Err(NotAllowed::by_law(
            "made_after_the_decision",
            Requirement::ProcessRecord.article(),
            format!("材料形成于{}，决定已于{decided_on}作出：决定之后形成的不是过程性信息", process.made_on),
        )
        .at("/process/made_on")),
        None => Ok(()),
    }
}

/// One category an item; together they must give the category of the whole (C-9).
pub(super) fn check_items(case: &Case, proposal: &c::ProposeOutcome, context: &Context<'_>) -> Result<(), NotAllowed> {
    if proposal.items.is_empty() {
        return Ok(());
    }
    let given: BTreeSet<u16> = proposal.items.iter().map(|item| item.item).collect();
    let wanted: BTreeSet<u16> = (1..).take(case.items.len()).collect();
    if given != wanted || given.len() != proposal.items.len() {
        return Err(NotAllowed::new(
            "items_incomplete",
            format!("每一申请事项须有且只有一个处理结果：本案共{}项", case.items.len()),
        )
        .at("/items"));
    }
    let outcomes: Vec<Outcome> = proposal.items.iter().map(|item| item.outcome).collect();
    for outcome in &outcomes {
        let alone = c::ProposeOutcome { outcome: *outcome, ..proposal.clone() };
        check_evidence(case, &alone, context).map_err(|refusal| refusal.at("/items"))?;
    }
    let rolled = roll_up(&outcomes);
    // When nothing is granted the organ picks the main one of those given.
    let picked =
        rolled.is_some_and(|one| !one.is_granted() && !is_partial(one)) && outcomes.contains(&proposal.outcome);
    if rolled == Some(proposal.outcome) || picked {
        return Ok(());
    }
    let expected = rolled.map_or("", Outcome::label);
    Err(NotAllowed::by_law(
        "items_roll_up_differently",
        articles::REPLIES,
        format!("各事项的结果汇总应为“{expected}”：部分公开的只计部分公开，不重复计数"),
    )
    .at("/outcome"))
}

const fn is_partial(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::PartiallyDisclosed | Outcome::O492PartiallyDisclosed)
}
