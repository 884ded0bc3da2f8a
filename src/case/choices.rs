//! Which words a member of a command may have in a case: the answer to any other word names exactly these.

use super::command::CommandKind;
use super::decide::{made_by, may_be_met};
use super::grounds::grounds;
use super::proof::proofs_of;
use super::state::Case;
use crate::case::vocabulary::{LinkRelation, Notice, ServiceResult, Stage};
use crate::law::{Outcome, Regime, ServiceMethod, refuses_couriers};

/// The codes that `member` of the command may have in this case; `None`: its words are the same in every case.
#[must_use]
pub fn choices(command: CommandKind, member: &str, case: &Case) -> Option<Vec<&'static str>> {
    let regime = case.regime.unwrap_or(Regime::Order711);
    match (command, member) {
        (CommandKind::ProposeOutcome, "outcome" | "items") => {
            let possible = |outcome: &Outcome| is_reply(*outcome, regime) && is_provable(*outcome, case);
            Some(codes(Outcome::all().filter(possible), Outcome::code))
        }
        (CommandKind::ProposeOutcome, "withheld") => Some(grounds(regime)),
        (CommandKind::Review, "kind") => {
            let next = case.proposal.as_ref().and_then(|proposal| proposal.next_review());
            next.map(|next| vec![next.code()])
        }
        (CommandKind::ServeNotice, "notice") => {
            let awaits = [
                (Stage::AwaitingCorrection, Notice::Correction),
                (Stage::AwaitingJustification, Notice::Justification),
                (Stage::AwaitingFee, Notice::Fee),
            ];
            awaits.into_iter().find(|(stage, _)| *stage == case.stage).map(|(_, notice)| vec![notice.code()])
        }
        (CommandKind::Dispatch, "method") => {
            let may_be_private = case.receipt.is_some_and(|receipt| !refuses_couriers(receipt.on));
            let ways = ServiceMethod::ALL.into_iter();
            let lawful = ways.filter(|way| may_be_private || *way != ServiceMethod::PrivateCourier);
            Some(codes(lawful, ServiceMethod::code))
        }
        (CommandKind::ProveService, "result") => {
            let last = case.reply.as_ref().and_then(|reply| reply.dispatches.last());
            let proofs = match last {
                Some(last) => proofs_of(last.method),
                // Nothing was sent: it can only be handed over.
                None => &[ServiceResult::Signed, ServiceResult::Left],
            };
            Some(codes(proofs.iter().copied(), ServiceResult::code))
        }
        (CommandKind::Link, "relation") => {
            let entered = LinkRelation::ALL.iter().copied().filter(|relation| made_by(*relation).is_none());
            Some(codes(entered, LinkRelation::code))
        }
        _ => None,
    }
}

fn codes<T>(words: impl Iterator<Item = T>, code: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    words.map(code).collect()
}

/// Whether a proposal under that Order may have this category. Ends without a reply have commands of their own.
fn is_reply(outcome: Outcome, regime: Regime) -> bool {
    let ends_otherwise = matches!(outcome, Outcome::CorrectionLapsed | Outcome::FeeLapsed | Outcome::Withdrawn);
    outcome.is_of(regime) && !ends_otherwise
}

/// Whether the case holds what the category wants on it: a search, a third party's answer, a correction, judged reasons.
fn is_provable(outcome: Outcome, case: &Case) -> bool {
    outcome.requirements().iter().all(|requirement| may_be_met(*requirement, case))
}
