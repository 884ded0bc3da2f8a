//! The line of a ledger for a case of the log: what the columns have room for.

use super::log::{LEDGER, NOTE};
use super::{Past, PastConsultation, PastCorrection, PastExtension, PastFee, Term};
use crate::case::command::Dispatch;
use crate::case::event::Event;
use crate::case::state::{Case, EarlierReply, Reply};
use crate::case::vocabulary::ServiceResult;
use crate::law::ServiceMethod;

/// What a ledger says of a case.
///
/// Reasons given, delays, remedies and ties to other cases have no column. Replies that were revoked or set aside are in the
/// note: the columns have the reply that counts.
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
        note: note(case, log),
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

/// What the ledger that was imported said, and which replies came before the one in the columns.
fn note(case: &Case, log: &[Event]) -> Option<String> {
    let imported = log.iter().find_map(|event| {
        let Event::ReceiptFixed { evidence: Some(evidence), .. } = event else { return None };
        evidence.strip_prefix(LEDGER)?.strip_prefix(NOTE).map(str::to_owned)
    });
    let parts: Vec<String> = imported.into_iter().chain(case.earlier_replies.iter().map(earlier)).collect();
    (!parts.is_empty()).then(|| parts.join("；"))
}

fn earlier(earlier: &EarlierReply) -> String {
    let sent_on = told_on(&earlier.reply).map_or_else(String::new, |on| format!("，{on}发出"));
    let why = if earlier.revoked_because.is_some() { "本机关撤销" } else { "依决定、判决重新答复" };
    format!(
        "原答复{}（{}{sent_on}）于{}{why}",
        earlier.reply.document_number,
        earlier.outcome.label(),
        earlier.set_aside_on
    )
}
