//! The stored form of an event, version 1.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::amended::Amendment;
use super::members::{self as m, Carry};
use crate::case::event::Event;
use crate::case::vocabulary::{ApplicantMember, ReviewKind};
use crate::law::{Outcome, ReceiptRule, Regime};

/// The payload of one event. The tag `event` repeats the kind of the row, so that a payload can be read by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Payload {
    Received(m::Receive),
    ReceiptFixed {
        on: NaiveDate,
        rule: ReceiptRule,
        regime: Regime,
        evidence: Option<String>,
    },
    ContactLogged(m::LogContact),
    Registered {
        on: NaiveDate,
        number: String,
    },
    ItemsDefined(m::DefineItems),
    CorrectionRequested {
        notice: m::RequestCorrection,
        late: bool,
    },
    NoticeServed(m::ServeNotice),
    CorrectionReceived {
        correction: m::ReceiveCorrection,
        regime: Regime,
    },
    Lapsed {
        lapse: m::Lapse,
        outcome: Outcome,
    },
    TaskAssigned {
        task: u16,
        assign: m::Assign,
    },
    TaskAnswered(m::AnswerTask),
    TaskWithdrawn {
        task: u16,
        on: NaiveDate,
        reason: String,
    },
    Reassigned {
        on: NaiveDate,
        department_id: Uuid,
        #[serde(default)]
        handler_id: Option<Uuid>,
        reason: String,
    },
    SearchRecorded(m::RecordSearch),
    ConsultationOpened {
        consultation: u16,
        opened: m::OpenConsultation,
    },
    ConsultationServed(m::ServeConsultation),
    ConsultationReturned(m::ReturnConsultation),
    JustificationRequested(m::RequestJustification),
    JustificationReceived(m::ReceiveJustification),
    ReplyDelayed(m::DelayReply),
    FeeNotified {
        fee: m::NotifyFee,
        amount_yuan: u64,
    },
    FeePaid(m::PayFee),
    Extended(m::Extend),
    OutcomeProposed {
        proposal: m::ProposeOutcome,
        proposed_by: Uuid,
        chain: Vec<ReviewKind>,
    },
    ProposalRecalled(m::RecallProposal),
    Reviewed {
        review: m::Review,
        reviewed_by: Uuid,
    },
    ReplyIssued {
        on: NaiveDate,
        document_number: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replied_on: Option<NaiveDate>,
    },
    ReplyRevoked {
        on: NaiveDate,
        document_number: String,
        reason: String,
    },
    ReplyRecalled {
        on: NaiveDate,
        document_number: String,
        reason: String,
    },
    Dispatched {
        dispatch: m::Dispatch,
        replied_on: Option<NaiveDate>,
    },
    ServiceProved {
        proof: m::ProveService,
        replied_on: Option<NaiveDate>,
    },
    Archived(m::Archive),
    Withdrawn(m::Withdraw),
    Closed(m::Close),
    Merged(m::Merge),
    Split {
        on: NaiveDate,
        parts: Vec<Uuid>,
    },
    Linked(m::Link),
    RemedyOpened {
        number: u16,
        remedy: m::OpenRemedy,
    },
    RemedyResponded(m::RespondRemedy),
    RemedyDecided(m::DecideRemedy),
    CalendarApplied {
        on: NaiveDate,
        from_version: String,
        to_version: String,
        moved: Vec<m::MovedDuty>,
    },
    Redacted {
        on: NaiveDate,
        seq: i32,
        pointer: String,
        reason: String,
        digest: String,
    },
    Amended(Amendment),
    AmendmentProposed(m::ProposedAmendment),
    AmendmentRefused(m::RefusedAmendment),
    Voided {
        on: NaiveDate,
        reason: String,
        #[serde(default)]
        replaced_by: Option<Uuid>,
    },
    ApplicantCorrected {
        on: NaiveDate,
        changed: Vec<ApplicantMember>,
        reason: String,
        #[serde(default)]
        through: Option<Uuid>,
    },
    /// A kind that this release does not know.
    #[serde(other)]
    Unknown,
}

impl From<Event> for Payload {
    fn from(event: Event) -> Self {
        match event {
            Event::Received(it) => Self::Received(it.carry()),
            Event::ReceiptFixed { on, rule, regime, evidence } => Self::ReceiptFixed { on, rule, regime, evidence },
            Event::ContactLogged(it) => Self::ContactLogged(it.carry()),
            Event::Registered { on, number } => Self::Registered { on, number },
            Event::ItemsDefined(it) => Self::ItemsDefined(it.carry()),
            Event::CorrectionRequested { notice, late } => Self::CorrectionRequested { notice: notice.carry(), late },
            Event::NoticeServed(it) => Self::NoticeServed(it.carry()),
            Event::CorrectionReceived { correction, regime } => {
                Self::CorrectionReceived { correction: correction.carry(), regime }
            }
            Event::Lapsed { lapse, outcome } => Self::Lapsed { lapse: lapse.carry(), outcome },
            Event::TaskAssigned { task, assign } => Self::TaskAssigned { task, assign: assign.carry() },
            Event::TaskAnswered(it) => Self::TaskAnswered(it.carry()),
            Event::TaskWithdrawn { task, on, reason } => Self::TaskWithdrawn { task, on, reason },
            Event::Reassigned { on, department_id, handler_id, reason } => {
                Self::Reassigned { on, department_id, handler_id, reason }
            }
            Event::SearchRecorded(it) => Self::SearchRecorded(it.carry()),
            Event::ConsultationOpened { consultation, opened } => {
                Self::ConsultationOpened { consultation, opened: opened.carry() }
            }
            Event::ConsultationServed(it) => Self::ConsultationServed(it.carry()),
            Event::ConsultationReturned(it) => Self::ConsultationReturned(it.carry()),
            Event::JustificationRequested(it) => Self::JustificationRequested(it.carry()),
            Event::JustificationReceived(it) => Self::JustificationReceived(it.carry()),
            Event::ReplyDelayed(it) => Self::ReplyDelayed(it.carry()),
            Event::FeeNotified { fee, amount_yuan } => Self::FeeNotified { fee: fee.carry(), amount_yuan },
            Event::FeePaid(it) => Self::FeePaid(it.carry()),
            Event::Extended(it) => Self::Extended(it.carry()),
            Event::OutcomeProposed { proposal, proposed_by, chain } => {
                Self::OutcomeProposed { proposal: proposal.carry(), proposed_by, chain }
            }
            Event::ProposalRecalled(it) => Self::ProposalRecalled(it.carry()),
            Event::Reviewed { review, reviewed_by } => Self::Reviewed { review: review.carry(), reviewed_by },
            Event::ReplyIssued { on, document_number, replied_on } => {
                Self::ReplyIssued { on, document_number, replied_on }
            }
            Event::ReplyRecalled { on, document_number, reason } => Self::ReplyRecalled { on, document_number, reason },
            Event::ReplyRevoked { on, document_number, reason } => Self::ReplyRevoked { on, document_number, reason },
            Event::Dispatched { dispatch, replied_on } => Self::Dispatched { dispatch: dispatch.carry(), replied_on },
            Event::ServiceProved { proof, replied_on } => Self::ServiceProved { proof: proof.carry(), replied_on },
            Event::Archived(it) => Self::Archived(it.carry()),
            Event::Withdrawn(it) => Self::Withdrawn(it.carry()),
            Event::Closed(it) => Self::Closed(it.carry()),
            Event::Merged(it) => Self::Merged(it.carry()),
            Event::Split { on, parts } => Self::Split { on, parts },
            Event::Linked(it) => Self::Linked(it.carry()),
            Event::RemedyOpened { number, remedy } => Self::RemedyOpened { number, remedy: remedy.carry() },
            Event::RemedyResponded(it) => Self::RemedyResponded(it.carry()),
            Event::RemedyDecided(it) => Self::RemedyDecided(it.carry()),
            Event::CalendarApplied { on, from_version, to_version, moved } => {
                Self::CalendarApplied { on, from_version, to_version, moved: moved.carry() }
            }
            Event::Redacted { on, seq, pointer, reason, digest } => Self::Redacted { on, seq, pointer, reason, digest },
            Event::Amended(it) => Self::Amended(it.into()),
            Event::AmendmentProposed(it) => Self::AmendmentProposed(it.carry()),
            Event::AmendmentRefused(it) => Self::AmendmentRefused(it.carry()),
            Event::Voided { on, reason, replaced_by } => Self::Voided { on, reason, replaced_by },
            Event::ApplicantCorrected { on, changed, reason, through } => {
                Self::ApplicantCorrected { on, changed, reason, through }
            }
        }
    }
}

impl Payload {
    /// The event. `None` for a kind that this release does not know.
    pub(super) fn into_event(self) -> Option<Event> {
        Some(match self {
            Self::Received(it) => Event::Received(it.carry()),
            Self::ReceiptFixed { on, rule, regime, evidence } => Event::ReceiptFixed { on, rule, regime, evidence },
            Self::ContactLogged(it) => Event::ContactLogged(it.carry()),
            Self::Registered { on, number } => Event::Registered { on, number },
            Self::ItemsDefined(it) => Event::ItemsDefined(it.carry()),
            Self::CorrectionRequested { notice, late } => Event::CorrectionRequested { notice: notice.carry(), late },
            Self::NoticeServed(it) => Event::NoticeServed(it.carry()),
            Self::CorrectionReceived { correction, regime } => {
                Event::CorrectionReceived { correction: correction.carry(), regime }
            }
            Self::Lapsed { lapse, outcome } => Event::Lapsed { lapse: lapse.carry(), outcome },
            Self::TaskAssigned { task, assign } => Event::TaskAssigned { task, assign: assign.carry() },
            Self::TaskAnswered(it) => Event::TaskAnswered(it.carry()),
            Self::TaskWithdrawn { task, on, reason } => Event::TaskWithdrawn { task, on, reason },
            Self::Reassigned { on, department_id, handler_id, reason } => {
                Event::Reassigned { on, department_id, handler_id, reason }
            }
            Self::SearchRecorded(it) => Event::SearchRecorded(it.carry()),
            Self::ConsultationOpened { consultation, opened } => {
                Event::ConsultationOpened { consultation, opened: opened.carry() }
            }
            Self::ConsultationServed(it) => Event::ConsultationServed(it.carry()),
            Self::ConsultationReturned(it) => Event::ConsultationReturned(it.carry()),
            Self::JustificationRequested(it) => Event::JustificationRequested(it.carry()),
            Self::JustificationReceived(it) => Event::JustificationReceived(it.carry()),
            Self::ReplyDelayed(it) => Event::ReplyDelayed(it.carry()),
            Self::FeeNotified { fee, amount_yuan } => Event::FeeNotified { fee: fee.carry(), amount_yuan },
            Self::FeePaid(it) => Event::FeePaid(it.carry()),
            Self::Extended(it) => Event::Extended(it.carry()),
            Self::OutcomeProposed { proposal, proposed_by, chain } => {
                Event::OutcomeProposed { proposal: proposal.carry(), proposed_by, chain }
            }
            Self::ProposalRecalled(it) => Event::ProposalRecalled(it.carry()),
            Self::Reviewed { review, reviewed_by } => Event::Reviewed { review: review.carry(), reviewed_by },
            Self::ReplyIssued { on, document_number, replied_on } => {
                Event::ReplyIssued { on, document_number, replied_on }
            }
            Self::ReplyRecalled { on, document_number, reason } => Event::ReplyRecalled { on, document_number, reason },
            Self::ReplyRevoked { on, document_number, reason } => Event::ReplyRevoked { on, document_number, reason },
            Self::Dispatched { dispatch, replied_on } => Event::Dispatched { dispatch: dispatch.carry(), replied_on },
            Self::ServiceProved { proof, replied_on } => Event::ServiceProved { proof: proof.carry(), replied_on },
            Self::Archived(it) => Event::Archived(it.carry()),
            Self::Withdrawn(it) => Event::Withdrawn(it.carry()),
            Self::Closed(it) => Event::Closed(it.carry()),
            Self::Merged(it) => Event::Merged(it.carry()),
            Self::Split { on, parts } => Event::Split { on, parts },
            Self::Linked(it) => Event::Linked(it.carry()),
            Self::RemedyOpened { number, remedy } => Event::RemedyOpened { number, remedy: remedy.carry() },
            Self::RemedyResponded(it) => Event::RemedyResponded(it.carry()),
            Self::RemedyDecided(it) => Event::RemedyDecided(it.carry()),
            Self::CalendarApplied { on, from_version, to_version, moved } => {
                Event::CalendarApplied { on, from_version, to_version, moved: moved.carry() }
            }
            Self::Redacted { on, seq, pointer, reason, digest } => Event::Redacted { on, seq, pointer, reason, digest },
            Self::Amended(it) => Event::Amended(it.read()?),
            Self::AmendmentProposed(it) => Event::AmendmentProposed(it.carry()),
            Self::AmendmentRefused(it) => Event::AmendmentRefused(it.carry()),
            Self::Voided { on, reason, replaced_by } => Event::Voided { on, reason, replaced_by },
            Self::ApplicantCorrected { on, changed, reason, through } => {
                Event::ApplicantCorrected { on, changed, reason, through }
            }
            Self::Unknown => return None,
        })
    }
}
