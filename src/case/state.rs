//! The state of a case, folded from its log.

use super::command as c;
use crate::case::vocabulary::{AmendmentCause, AmendmentKind, AmendmentStatus, ReviewKind, ServiceResult, Stage};
use crate::law::{Outcome, ReceiptRule, Regime, ServiceMethod};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The day of receipt and the rule that fixed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FixedReceipt)]
pub struct Receipt {
    /// 收到申请之日.
    pub on: NaiveDate,
    /// R1 to R4c.
    pub rule: ReceiptRule,
}

/// The one correction of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Correction {
    /// The notice.
    pub notice: c::RequestCorrection,
    /// Sent after the seventh working day (C-7b).
    pub late: bool,
    /// The day the corrected application was received.
    pub received_on: Option<NaiveDate>,
}

/// A department's task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// From 1.
    pub number: u16,
    /// What was asked of whom.
    pub assign: c::Assign,
    /// The answer.
    pub answer: Option<c::AnswerTask>,
    /// That it was taken back: it counts as never given.
    pub withdrawn: Option<WithdrawnTask>,
    /// Whether the case was replied to while it was open, and the reply was set aside or revoked since: nothing is owed on it
    /// any more.
    #[serde(skip)]
    pub ended_with_reply: bool,
}

impl Task {
    /// Whether the department can still answer it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.answer.is_none() && self.withdrawn.is_none()
    }

    /// Whether the department still owes its answer.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        self.is_open() && !self.ended_with_reply
    }
}

/// Why a task was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithdrawnTask {
    /// The day.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// With whom a case was, since when. The last one says with whom it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assignment {
    /// The day.
    pub on: NaiveDate,
    /// The task it came with; none for one that passed the case on.
    pub task: Option<u16>,
    /// 承办科室.
    pub department_id: Uuid,
    /// 承办人.
    pub handler_id: Option<Uuid>,
    /// Why the case passed on; none for a task.
    pub reason: Option<String>,
}

/// An opinion asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Consultation {
    /// From 1.
    pub number: u16,
    /// The letter.
    pub opened: c::OpenConsultation,
    /// The opinion.
    pub returned: Option<c::ReturnConsultation>,
}

/// Reasons asked for under Art. 35.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Justification {
    /// The notice.
    pub request: c::RequestJustification,
    /// The answer.
    pub received: Option<c::ReceiveJustification>,
}

/// A fee asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeeDemand {
    /// The notice.
    pub notice: c::NotifyFee,
    /// Whole yuan.
    pub amount_yuan: u64,
    /// The day it was paid.
    pub paid_on: Option<NaiveDate>,
}

/// A proposal on its way through the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Proposal {
    /// What is proposed.
    pub proposal: c::ProposeOutcome,
    /// By whom: never an approver.
    pub proposed_by: Uuid,
    /// The whole chain.
    pub chain: Vec<ReviewKind>,
    /// The steps taken, in order.
    pub approvals: Vec<c::Review>,
}

impl Proposal {
    /// The step that is next, if one is left.
    #[must_use]
    pub fn next_review(&self) -> Option<ReviewKind> {
        self.chain.get(self.approvals.len()).copied()
    }

    /// The day of the last step, or of the proposal.
    #[must_use]
    pub fn last_on(&self) -> NaiveDate {
        self.approvals.last().map_or(self.proposal.on, |review| review.on)
    }
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reply {
    /// The day on the document.
    pub issued_on: NaiveDate,
    /// 文号.
    pub document_number: String,
    /// Every attempt to send it.
    pub dispatches: Vec<c::Dispatch>,
    /// The day that counts (235号).
    pub replied_on: Option<NaiveDate>,
    /// The attempt that day rests on: its place in `dispatches`. `None`: the day comes from an old ledger.
    #[serde(skip)]
    pub counts_from: Option<usize>,
    /// The proof of service, or that the last attempt came back.
    pub proof: Option<c::ProveService>,
    /// Every attempt that came back.
    pub came_back: Vec<CameBack>,
}

/// A reply that was taken back before it was sent. Its number is void and never given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecalledReply {
    /// 文号.
    pub document_number: String,
    /// The day on the document.
    pub issued_on: NaiveDate,
    /// The day it was taken back.
    pub recalled_on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// A reply that was sent and counts no more, with the category it was given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierReply {
    /// The reply.
    pub reply: Reply,
    /// Its category.
    pub outcome: Outcome,
    /// The day it was set aside or revoked.
    pub set_aside_on: NaiveDate,
    /// Why the organ itself revoked it. `None`: a court or a reconsideration organ ordered another reply.
    pub revoked_because: Option<String>,
    /// Whether its day still answers the reply period of the case: that of a revoked reply does, until an order sets
    /// another period.
    pub answers_period: bool,
}

/// An attempt to send a reply that came back: nothing was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CameBack {
    /// Which attempt, from 1.
    pub dispatch: u16,
    /// The day it came back.
    pub on: NaiveDate,
}

impl Reply {
    /// Whether the applicant got it.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.result != ServiceResult::Returned)
    }

    /// Whether the last attempt came back, and no other was made since.
    #[must_use]
    pub fn is_back(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.result == ServiceResult::Returned)
    }

    /// Whether anybody tried to send it or to hand it over, whatever became of it.
    #[must_use]
    pub fn was_dispatched(&self) -> bool {
        !self.dispatches.is_empty() || self.proof.is_some() || self.replied_on.is_some()
    }

    /// Whether it left the house. An electronic message that came back was not sent (C-8); a letter that came back was.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        let bounced = |number: u16| self.came_back.iter().any(|back| back.dispatch == number);
        let sent =
            |(number, dispatch): (u16, &c::Dispatch)| dispatch.method != ServiceMethod::Electronic || !bounced(number);
        (1_u16..).zip(&self.dispatches).any(sent)
    }

    /// The day that counts if the last attempt comes back: one by post still counts from its posting (D14), an electronic one
    /// was not sent at all (C-8).
    #[must_use]
    pub fn replied_on_if_returned(&self) -> Option<NaiveDate> {
        let last = self.dispatches.len().checked_sub(1);
        let is_electronic = self.dispatches.last().is_some_and(|last| last.method == ServiceMethod::Electronic);
        self.replied_on.filter(|_| !is_electronic || self.counts_from != last)
    }
}

/// Reconsideration or suit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remedy {
    /// From 1.
    pub number: u16,
    /// What reached the organ.
    pub opened: c::OpenRemedy,
    /// The day it responded.
    pub responded_on: Option<NaiveDate>,
    /// The decision.
    pub decision: Option<c::DecideRemedy>,
}

/// An amendment of the log, as the case knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseAmendment {
    /// From 1.
    pub number: u16,
    /// What became of it.
    pub status: AmendmentStatus,
    /// The day it was asked for, or took effect.
    pub on: NaiveDate,
    /// Who asked for it.
    pub asked_by: Uuid,
    /// Why.
    pub reason: String,
    /// What proves the right facts.
    pub evidence: Option<String>,
    /// The steps that it was asked for. Empty: the reply is revoked, or the whole case is void.
    pub seqs: Vec<i32>,
    /// The day on which the organ revokes its reply. `None` for anything else.
    pub revoked_on: Option<NaiveDate>,
    /// Why it needs the leader; empty if it does not.
    pub because: Vec<AmendmentCause>,
    /// The leader who confirmed it.
    pub confirmed_by: Option<Uuid>,
    /// What the leader said with the decision.
    pub comment: Option<String>,
}

impl CaseAmendment {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> AmendmentKind {
        match self.revoked_on {
            Some(_) => AmendmentKind::Revocation,
            None if self.seqs.is_empty() => AmendmentKind::Void,
            None => AmendmentKind::Amendment,
        }
    }
}

/// Why a case counts nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VoidCase {
    /// The day it was made void.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// The case that carries the application on.
    pub replaced_by: Option<Uuid>,
}

/// A case, folded from its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its stage.
    pub stage: Stage,
    /// How it came in.
    pub intake: c::Receive,
    /// The day of receipt and its rule, once fixed.
    pub receipt: Option<Receipt>,
    /// The Order its reply period follows.
    pub regime: Option<Regime>,
    /// Attempts to reach the applicant.
    pub contacts: Vec<c::LogContact>,
    /// 受理编号.
    pub number: Option<String>,
    /// The day of registration.
    pub registered_on: Option<NaiveDate>,
    /// 申请事项.
    pub items: Vec<c::ItemText>,
    /// The one correction.
    pub correction: Option<Correction>,
    /// With whom the case was, in the order it was recorded. Withdrawn tasks are not among them.
    pub assignments: Vec<Assignment>,
    /// 承办科室 of the last assignment.
    pub department_id: Option<Uuid>,
    /// 承办人 of the last assignment.
    pub handler_id: Option<Uuid>,
    /// Tasks of departments.
    pub tasks: Vec<Task>,
    /// Searches.
    pub searches: Vec<c::RecordSearch>,
    /// Opinions asked for.
    pub consultations: Vec<Consultation>,
    /// Reasons asked for.
    pub justification: Option<Justification>,
    /// A fee asked for.
    pub fee: Option<FeeDemand>,
    /// The one extension.
    pub extension: Option<c::Extend>,
    /// The delayed date of Art. 35.
    pub delay: Option<c::DelayReply>,
    /// The proposal in review or approved.
    pub proposal: Option<Proposal>,
    /// The reply to the current period.
    pub reply: Option<Reply>,
    /// The one category, once the case has ended.
    pub outcome: Option<Outcome>,
    /// The day it ended: the day that counts for a reply, else the day of the end.
    pub ended_on: Option<NaiveDate>,
    /// The file number.
    pub archive: Option<c::Archive>,
    /// Ties to other cases.
    pub links: Vec<c::Link>,
    /// Reconsiderations and suits.
    pub remedies: Vec<Remedy>,
    /// Replies that an order set aside or the organ revoked, in order.
    pub earlier_replies: Vec<EarlierReply>,
    /// Replies that were taken back before they were sent.
    pub recalled_replies: Vec<RecalledReply>,
    /// Amendments of the log, and voids that waited for the leader, in the order of their numbers.
    pub amendments: Vec<CaseAmendment>,
    /// Why the case counts nowhere, if it is void.
    pub void: Option<VoidCase>,
    /// Number of events folded: the version a change has to name.
    pub version: u32,
}

impl Case {
    /// The order of a court or reconsideration organ that set the current period, if one did.
    #[must_use]
    pub fn order(&self) -> Option<&c::DecideRemedy> {
        self.remedies
            .iter()
            .filter_map(|remedy| remedy.decision.as_ref())
            .filter(|decision| decision.orders_reply_within.is_some())
            .max_by_key(|decision| decision.on)
    }

    /// The first day of the running period: the day of receipt, of the correction, of payment, or of an order.
    #[must_use]
    pub fn period_start(&self) -> Option<NaiveDate> {
        let receipt = self.receipt.map(|receipt| receipt.on);
        let correction = self.correction.as_ref().and_then(|correction| correction.received_on);
        let fee = self.fee.as_ref().and_then(|fee| fee.paid_on);
        let order = self.order().map(|order| order.on);
        [receipt, correction, fee, order].into_iter().flatten().max()
    }

    /// Whether the reply under this 文号 stands: neither taken back nor revoked nor set aside by an order. On it a repeated
    /// application can be refused (Art. 36(6)).
    #[must_use]
    pub fn has_reply_numbered(&self, number: &str) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.document_number == number)
    }

    /// The day that answers the reply period (235号): that of the first reply that was really sent, whether the organ revoked
    /// it later or not.
    #[must_use]
    pub fn replied_on(&self) -> Option<NaiveDate> {
        let revoked = self.earlier_replies.iter().find(|earlier| earlier.answers_period);
        revoked.map(|earlier| &earlier.reply).or(self.reply.as_ref()).and_then(|reply| reply.replied_on)
    }

    /// The revoked reply in whose place the organ still owes another one, or has given it.
    #[must_use]
    pub fn revoked_reply(&self) -> Option<&EarlierReply> {
        self.earlier_replies.last().filter(|earlier| earlier.answers_period)
    }
}
