//! What happened to a case. Events are facts: written once, never changed, folded by [`super::evolve`].
//!
//! They hold no identity or contact data of the applicant: those stand in the applicant's record, which can be erased by
//! itself. Nor do they hold a date that can be computed: last days follow from the facts and the calendar in force. The one
//! exception is the change of that calendar: what moved is recorded as the mails to those concerned said it.

mod amended;

use super::command as c;
use crate::case::calendar_shift::MovedDuty;
use crate::case::vocabulary::{ApplicantMember, ReviewKind};
use crate::law::{Outcome, ReceiptRule, Regime};
pub use amended::{AmendedEntry, AmendedEvent, Amendment, EntryChange, ProposedAmendment, RefusedAmendment};
use chrono::NaiveDate;
use uuid::Uuid;

/// One fact of a case's log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of a variant are named after what its line says")]
pub enum Event {
    /// The application came in.
    Received(c::Receive),
    /// The day of receipt is fixed, with its rule.
    ReceiptFixed { on: NaiveDate, rule: ReceiptRule, regime: Regime, evidence: Option<String> },
    /// Somebody tried to reach the applicant.
    ContactLogged(c::LogContact),
    /// The case has its number.
    Registered { on: NaiveDate, number: String },
    /// The application was written down as items.
    ItemsDefined(c::DefineItems),
    /// The correction notice went out; `late` when after seven working days (C-7b).
    CorrectionRequested { notice: c::RequestCorrection, late: bool },
    /// The applicant got a notice.
    NoticeServed(c::ServeNotice),
    /// The corrected application arrived: restart; `regime` by the new day of receipt (C-10).
    CorrectionReceived { correction: c::ReceiveCorrection, regime: Regime },
    /// The application was given up.
    Lapsed { lapse: c::Lapse, outcome: Outcome },
    /// A department was asked.
    TaskAssigned { task: u16, assign: c::Assign },
    /// A department answered.
    TaskAnswered(c::AnswerTask),
    /// A task was taken back: it was never given.
    TaskWithdrawn { task: u16, on: NaiveDate, reason: String },
    /// The case passed to another department or handler.
    Reassigned { on: NaiveDate, department_id: Uuid, handler_id: Option<Uuid>, reason: String },
    /// A search was recorded.
    SearchRecorded(c::RecordSearch),
    /// An opinion was asked for.
    ConsultationOpened { consultation: u16, opened: c::OpenConsultation },
    /// The party got the letter.
    ConsultationServed(c::ServeConsultation),
    /// The opinion arrived.
    ConsultationReturned(c::ReturnConsultation),
    /// Reasons were asked for.
    JustificationRequested(c::RequestJustification),
    /// Reasons arrived.
    JustificationReceived(c::ReceiveJustification),
    /// A delayed date was fixed.
    ReplyDelayed(c::DelayReply),
    /// A fee was asked for.
    FeeNotified { fee: c::NotifyFee, amount_yuan: u64 },
    /// It was paid: restart.
    FeePaid(c::PayFee),
    /// The period was extended; who approved is the event's actor.
    Extended(c::Extend),
    /// A category was proposed, with the chain it has to pass.
    OutcomeProposed { proposal: c::ProposeOutcome, proposed_by: Uuid, chain: Vec<ReviewKind> },
    /// The proposal was taken back.
    ProposalRecalled(c::RecallProposal),
    /// A step of the chain was taken.
    Reviewed { review: c::Review, reviewed_by: Uuid },
    /// The reply was signed and numbered; `replied_on` when the day that counts is known without its dispatch, as an old
    /// ledger knows it.
    ReplyIssued { on: NaiveDate, document_number: String, replied_on: Option<NaiveDate> },
    /// The reply was taken back before it was sent; its number is void.
    ReplyRecalled { on: NaiveDate, document_number: String, reason: String },
    /// A reply that was sent is revoked by the organ itself.
    ReplyRevoked { on: NaiveDate, document_number: String, reason: String },
    /// The reply left the house; `replied_on` is the day that counts from then on (235号), if one does.
    Dispatched { dispatch: c::Dispatch, replied_on: Option<NaiveDate> },
    /// Its service was proved, or it came back; `replied_on` is the day that counts from then on (235号), if one does.
    ServiceProved { proof: c::ProveService, replied_on: Option<NaiveDate> },
    /// The file was put away.
    Archived(c::Archive),
    /// The applicant took it back.
    Withdrawn(c::Withdraw),
    /// It ended for another reason.
    Closed(c::Close),
    /// Another case carries it on.
    Merged(c::Merge),
    /// Several cases carry it on.
    Split { on: NaiveDate, parts: Vec<Uuid> },
    /// It was tied to another case.
    Linked(c::Link),
    /// A remedy reached the organ.
    RemedyOpened { number: u16, remedy: c::OpenRemedy },
    /// The organ responded.
    RemedyResponded(c::RespondRemedy),
    /// It was decided; a new reply may be ordered.
    RemedyDecided(c::DecideRemedy),
    /// Another calendar is in force, and duties of the case moved with it.
    CalendarApplied { on: NaiveDate, from_version: String, to_version: String, moved: Vec<MovedDuty> },
    /// A text of an earlier event was erased. `digest` is the salted digest of that event's payload as it reads since, in
    /// hexadecimal, so that the rest of it stays protected.
    Redacted { on: NaiveDate, seq: i32, pointer: String, reason: String, digest: String },
    /// Earlier steps were recorded wrongly. What they are from now on; see [`crate::case::amendment`].
    Amended(Amendment),
    /// An amendment, or the void of the case, was asked for and waits for the leader.
    AmendmentProposed(ProposedAmendment),
    /// The leader refused it, or it was taken back.
    AmendmentRefused(RefusedAmendment),
    /// The case was recorded by mistake, or twice: it counts nowhere.
    Voided { on: NaiveDate, reason: String, replaced_by: Option<Uuid> },
    /// Parts of the applicant's record were corrected. What they say stands in that record, and what they said before is kept
    /// with it. `through` is the case in which it was done, where several share the record.
    ApplicantCorrected { on: NaiveDate, changed: Vec<ApplicantMember>, reason: String, through: Option<Uuid> },
}

impl Event {
    /// The day the fact happened.
    #[must_use]
    pub fn on(&self) -> NaiveDate {
        match self {
            Self::Received(receive) => receive.came_in_on(),
            Self::ContactLogged(contact) => contact.on,
            Self::ReceiptFixed { on, .. }
            | Self::Registered { on, .. }
            | Self::ReplyIssued { on, .. }
            | Self::ReplyRecalled { on, .. }
            | Self::ReplyRevoked { on, .. }
            | Self::TaskWithdrawn { on, .. }
            | Self::Reassigned { on, .. }
            | Self::Split { on, .. }
            | Self::CalendarApplied { on, .. }
            | Self::Redacted { on, .. }
            | Self::Voided { on, .. }
            | Self::ApplicantCorrected { on, .. } => *on,
            Self::Amended(amendment) => amendment.on,
            Self::AmendmentProposed(proposed) => proposed.on,
            Self::AmendmentRefused(refused) => refused.on,
            Self::ItemsDefined(items) => items.on,
            Self::CorrectionRequested { notice, .. } => notice.on,
            Self::NoticeServed(notice) => notice.on,
            Self::CorrectionReceived { correction, .. } => correction.on,
            Self::Lapsed { lapse, .. } => lapse.on,
            Self::TaskAssigned { assign, .. } => assign.on,
            Self::TaskAnswered(answer) => answer.on,
            Self::SearchRecorded(search) => search.on,
            Self::ConsultationOpened { opened, .. } => opened.sent_on,
            Self::ConsultationServed(served) => served.on,
            Self::ConsultationReturned(returned) => returned.on,
            Self::JustificationRequested(request) => request.on,
            Self::JustificationReceived(received) => received.on,
            Self::ReplyDelayed(delay) => delay.on,
            Self::FeeNotified { fee, .. } => fee.on,
            Self::FeePaid(paid) => paid.on,
            Self::Extended(extension) => extension.notified_on,
            Self::OutcomeProposed { proposal, .. } => proposal.on,
            Self::ProposalRecalled(recall) => recall.on,
            Self::Reviewed { review, .. } => review.on,
            Self::Dispatched { dispatch, .. } => dispatch.on,
            Self::ServiceProved { proof, .. } => proof.on,
            Self::Archived(archive) => archive.on,
            Self::Withdrawn(withdrawal) => withdrawal.on,
            Self::Closed(close) => close.on,
            Self::Merged(merge) => merge.on,
            Self::Linked(link) => link.on,
            Self::RemedyOpened { remedy, .. } => remedy.received_on,
            Self::RemedyResponded(response) => response.on,
            Self::RemedyDecided(decision) => decision.on,
        }
    }

    /// The code of the event in the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.words().0
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.words().1
    }

    const fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Received(_) => ("received", "收件"),
            Self::ReceiptFixed { .. } => ("receipt_fixed", "确定收到申请之日"),
            Self::ContactLogged(_) => ("contact_logged", "联系申请人"),
            Self::Registered { .. } => ("registered", "登记编号"),
            Self::ItemsDefined(_) => ("items_defined", "分列申请事项"),
            Self::CorrectionRequested { .. } => ("correction_requested", "告知补正"),
            Self::NoticeServed(_) => ("notice_served", "通知送达申请人"),
            Self::CorrectionReceived { .. } => ("correction_received", "收到补正的申请"),
            Self::Lapsed { .. } => ("lapsed", "视为放弃申请"),
            Self::TaskAssigned { .. } => ("task_assigned", "分办"),
            Self::TaskAnswered(_) => ("task_answered", "科室反馈"),
            Self::TaskWithdrawn { .. } => ("task_withdrawn", "撤回分办"),
            Self::Reassigned { .. } => ("reassigned", "改派"),
            Self::SearchRecorded(_) => ("search_recorded", "登记检索"),
            Self::ConsultationOpened { .. } => ("consultation_opened", "发出征求意见书"),
            Self::ConsultationServed(_) => ("consultation_served", "征求意见书送达"),
            Self::ConsultationReturned(_) => ("consultation_returned", "收到意见"),
            Self::JustificationRequested(_) => ("justification_requested", "要求说明理由"),
            Self::JustificationReceived(_) => ("justification_received", "收到理由说明"),
            Self::ReplyDelayed(_) => ("reply_delayed", "确定延迟答复期限"),
            Self::FeeNotified { .. } => ("fee_notified", "发出收费通知"),
            Self::FeePaid(_) => ("fee_paid", "完成缴费"),
            Self::Extended(_) => ("extended", "延长答复期限"),
            Self::OutcomeProposed { .. } => ("outcome_proposed", "拟办"),
            Self::ProposalRecalled(_) => ("proposal_recalled", "撤回拟办"),
            Self::Reviewed { .. } => ("reviewed", "审核"),
            Self::ReplyIssued { .. } => ("reply_issued", "签发答复"),
            Self::ReplyRecalled { .. } => ("reply_recalled", "撤回答复"),
            Self::ReplyRevoked { .. } => ("reply_revoked", "撤销原答复"),
            Self::Dispatched { .. } => ("dispatched", "发出答复"),
            Self::ServiceProved { .. } => ("service_proved", "登记送达"),
            Self::Archived(_) => ("archived", "归档"),
            Self::Withdrawn(_) => ("withdrawn", "申请人撤回"),
            Self::Closed(_) => ("closed", "其他终结"),
            Self::Merged(_) => ("merged", "并案"),
            Self::Split { .. } => ("split", "拆分"),
            Self::Linked(_) => ("linked", "关联案件"),
            Self::RemedyOpened { .. } => ("remedy_opened", "收到复议诉讼材料"),
            Self::RemedyResponded(_) => ("remedy_responded", "提交答辩"),
            Self::RemedyDecided(_) => ("remedy_decided", "收到裁决"),
            Self::CalendarApplied { .. } => ("calendar_applied", "工作日历变动"),
            Self::Redacted { .. } => ("redacted", "删除记录中的文字"),
            // The void or the revocation that the leader confirmed is the next event.
            Self::Amended(amendment) if amendment.entries.is_empty() => ("amended", "机关负责人确认"),
            Self::Amended(_) => ("amended", "更正记录"),
            Self::AmendmentProposed(proposed) if proposed.revoked_on.is_some() => {
                ("amendment_proposed", "提请撤销原答复")
            }
            Self::AmendmentProposed(proposed) if proposed.entries.is_empty() => ("amendment_proposed", "提请作废"),
            Self::AmendmentProposed(_) => ("amendment_proposed", "提请更正记录"),
            Self::AmendmentRefused(_) => ("amendment_refused", "提请的事项未获同意"),
            Self::Voided { .. } => ("voided", "案件作废"),
            Self::ApplicantCorrected { .. } => ("applicant_corrected", "更正申请人信息"),
        }
    }
}
