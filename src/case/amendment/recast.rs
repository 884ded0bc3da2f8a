//! From a recorded step back to the command that recorded it, and forward again.

use crate::case::command::{
    ConfirmReceipt, IssueReply, Reassign, RecallReply, Register, RevokeReply, Void, WithdrawTask,
};
use crate::case::decide::{Drawn, made_by};
use crate::case::event::Event;
use crate::case::{Command, CommandKind};

/// The command that recorded these events. `None` for what no command records, or none by itself: what the program notes, the
/// tie that a step in another case caused, the division into parts, what an old ledger alone knows.
pub(super) fn command_of(events: &[Event]) -> Option<Command> {
    let command = match events.first()? {
        Event::Received(receive) => receive.clone().into(),
        Event::ReceiptFixed { on, evidence, .. } => ConfirmReceipt { on: *on, evidence: evidence.clone()? }.into(),
        Event::ContactLogged(it) => it.clone().into(),
        Event::Registered { on, .. } => Register { on: *on }.into(),
        Event::ItemsDefined(it) => it.clone().into(),
        Event::CorrectionRequested { notice, .. } => notice.clone().into(),
        Event::NoticeServed(it) => it.clone().into(),
        Event::CorrectionReceived { correction, .. } => correction.clone().into(),
        Event::Lapsed { lapse, .. } => lapse.clone().into(),
        Event::TaskAssigned { assign, .. } => assign.clone().into(),
        Event::TaskAnswered(it) => it.clone().into(),
        Event::TaskWithdrawn { task, on, reason } => {
            WithdrawTask { task: *task, on: Some(*on), reason: reason.clone() }.into()
        }
        Event::Reassigned { on, department_id, handler_id, reason } => {
            Reassign { on: Some(*on), department_id: *department_id, handler_id: *handler_id, reason: reason.clone() }
                .into()
        }
        Event::SearchRecorded(it) => it.clone().into(),
        Event::ConsultationOpened { opened, .. } => opened.clone().into(),
        Event::ConsultationServed(it) => it.clone().into(),
        Event::ConsultationReturned(it) => it.clone().into(),
        Event::JustificationRequested(it) => it.clone().into(),
        Event::JustificationReceived(it) => it.clone().into(),
        Event::ReplyDelayed(it) => it.clone().into(),
        Event::FeeNotified { fee, .. } => fee.clone().into(),
        Event::FeePaid(it) => it.clone().into(),
        Event::Extended(it) => it.clone().into(),
        Event::OutcomeProposed { proposal, .. } => proposal.clone().into(),
        Event::ProposalRecalled(it) => it.clone().into(),
        Event::Reviewed { review, .. } => review.clone().into(),
        Event::ReplyIssued { on, replied_on: None, .. } => IssueReply { on: *on }.into(),
        Event::ReplyRevoked { on, reason, .. } => RevokeReply { on: *on, reason: reason.clone() }.into(),
        Event::ReplyRecalled { on, reason, .. } => RecallReply { on: Some(*on), reason: reason.clone() }.into(),
        Event::Dispatched { dispatch, .. } => dispatch.clone().into(),
        Event::ServiceProved { proof, .. } => proof.clone().into(),
        Event::Archived(it) => it.clone().into(),
        Event::Withdrawn(it) => it.clone().into(),
        Event::Closed(it) => it.clone().into(),
        Event::Merged(it) => it.clone().into(),
        Event::Linked(it) if made_by(it.relation).is_none() => it.clone().into(),
        Event::RemedyOpened { remedy, .. } => remedy.clone().into(),
        Event::RemedyResponded(it) => it.clone().into(),
        Event::RemedyDecided(it) => it.clone().into(),
        Event::Voided { reason, replaced_by, .. } => Void { reason: reason.clone(), replaced_by: *replaced_by }.into(),
        Event::ReplyIssued { replied_on: Some(_), .. }
        | Event::Linked(_)
        | Event::Split { .. }
        | Event::CalendarApplied { .. }
        | Event::Redacted { .. }
        | Event::Amended(_)
        | Event::AmendmentProposed(_)
        | Event::AmendmentRefused(_)
        | Event::ApplicantCorrected { .. } => return None,
    };
    Some(command)
}

/// What was drawn when the step was recorded: it keeps its number.
pub(super) fn drawn_for(events: &[Event]) -> Drawn {
    let number = events.iter().find_map(|event| match event {
        Event::Registered { number, .. } => Some(number.clone()),
        Event::ReplyIssued { document_number, .. } => Some(document_number.clone()),
        _ => None,
    });
    Drawn { number, parts: Vec::new() }
}

/// Gives newly decided events what the recorded ones keep: the number of a task, an opinion or a remedy, by which later
/// steps name it, and the day of a void.
pub(super) fn keep_numbers(recorded: &[Event], decided: &mut [Event]) {
    let Some((before, after)) = recorded.first().zip(decided.first_mut()) else { return };
    match (before, after) {
        (Event::TaskAssigned { task: kept, .. }, Event::TaskAssigned { task: number, .. })
        | (
            Event::ConsultationOpened { consultation: kept, .. },
            Event::ConsultationOpened { consultation: number, .. },
        )
        | (Event::RemedyOpened { number: kept, .. }, Event::RemedyOpened { number, .. }) => *number = *kept,
        (Event::Voided { on: kept, .. }, Event::Voided { on, .. }) => *on = *kept,
        _ => {}
    }
}

/// The members of a receipt that an amendment may change. The applicant is corrected in the applicant's own record, the
/// organ not at all.
pub(super) const OF_RECEIPT: [&str; 11] = [
    "applicant_kind",
    "title",
    "request",
    "channel",
    "misdirected",
    "submitted_on",
    "signed_on",
    "arrived_on",
    "acknowledged_on",
    "confirmed_on",
    "delivery",
];

/// Whether the payload of the command has a member of this name.
pub(super) fn may_change(command: CommandKind, member: &str) -> bool {
    command != CommandKind::Receive || OF_RECEIPT.contains(&member)
}
