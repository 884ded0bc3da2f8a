//! The line of a ledger for a case of the log: what the columns have room for.

use super::log::{LEDGER, NOTE};
use super::{Past, PastConsultation, PastCorrection, PastExtension, PastFee, Term};
use crate::case::command::Dispatch;
use crate::case::event::Event;
use crate::case::state::{Case, Reply};
use crate::case::vocabulary::ServiceResult;
use crate::law::ServiceMethod;

/// What a ledger says of a case.
///
/// Reasons given, delays, remedies, ties to other cases and earlier replies have no column.
#[must_use]
pub fn recorded(case: &Case, log: &[Event]) -> Past {
    let correction = case.correction.as_ref().map(|correction| PastCorrection {
        on: correction.notice.on,
        term: Some(Term::Days(correction.notice.respond_days)),
        received_on: correction.received_on,
    });
    let consultations = case.consultations.iter().map(|one| PastConsultation {
        party: one.opened.party.clone(),
        kind: one.opened.kind,
        sent_on: one.opened.sent_on,
        returned_on: one.returned.as_ref().map(|returned| returned.on),
    });
    // What was issued and did not go out yet is still the office's own business.
    let reply = case.reply.as_ref().filter(|reply| reply.replied_on.is_some());
    Past {
        number: case.number.clone(),
        received_on: case.receipt.map_or(case.intake.submitted_on, |receipt| receipt.on),
        awaits_confirmation: case.receipt.is_none(),
        channel: case.intake.channel,
        applicant_kind: case.intake.applicant_kind,
        request: case.intake.request.clone(),
        correction,
        consultations: consultations.collect(),
        extension: case
            .extension
            .as_ref()
            .map(|extension| PastExtension { days: extension.days, on: extension.notified_on }),
        fee: case.fee.as_ref().map(|fee| PastFee { on: fee.notice.on, paid_on: fee.paid_on }),
        replied_on: reply.map_or(case.ended_on, told_on),
        outcome: case.outcome,
        document_number: reply.map(|reply| reply.document_number.clone()).filter(|number| !number.is_empty()),
        method: reply.and_then(method),
        served_on: reply.and_then(served_on),
        note: note(log),
    }
}

/// The day the reply went out: that of a letter handed over is not the day it counts.
fn told_on(reply: &Reply) -> Option<chrono::NaiveDate> {
    sending(reply).map(|sending| sending.on).or(reply.replied_on)
}

fn method(reply: &Reply) -> Option<ServiceMethod> {
    sending(reply).map(|sending| sending.method)
}

/// The sending by which the reply counts: one that came back before did not count (C-8), one after it changed nothing.
fn sending(reply: &Reply) -> Option<&Dispatch> {
    let counts = |sending: &&Dispatch| reply.replied_on.is_none_or(|replied_on| sending.on <= replied_on);
    reply.dispatches.iter().rev().find(counts)
}

fn served_on(reply: &Reply) -> Option<chrono::NaiveDate> {
    reply.proof.as_ref().filter(|proof| proof.result != ServiceResult::Returned).map(|proof| proof.on)
}

fn note(log: &[Event]) -> Option<String> {
    log.iter().find_map(|event| {
        let Event::ReceiptFixed { evidence: Some(evidence), .. } = event else { return None };
        evidence.strip_prefix(LEDGER)?.strip_prefix(NOTE).map(str::to_owned)
    })
}
