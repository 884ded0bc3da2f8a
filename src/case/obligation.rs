//! The dated duties of a case: what somebody is reminded of. Derived from the facts, never entered.

use super::basis;
use super::clock::{remedy_response_due, task_due};
use super::record::{Notice, RemedyKind, Stage};
use super::rules::Context;
use super::state::{Case, Consultation, Remedy};
use crate::law::{Calendar, ClockStatus, ConsultationKind, DueRange, LastDay, ReceiptRule, Regime, period};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Working days after dispatch in which the proof of service should be back; the organ's own care, no statute.
pub(super) const SERVICE_PROOF_DAYS: u32 = 10;

/// Working days after which somebody looks after a letter whose service is not on record, or an opinion that no statute
/// limits: without a day of its own such a duty would sleep for ever. The organ's own care, no statute.
const FOLLOW_UP_DAYS: u32 = 10;

macro_rules! duties {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $label:literal;)*) => {
        /// A kind of dated duty (design vocabulary).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ObligationKind { $($(#[$doc])* $name,)* }
        impl ObligationKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The code in rows and JSON.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// What a clerk reads.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$name => $label,)* } }
        }
    };
}

duties! {
    /// The reply itself (D2, D2b).
    Reply = "reply", "答复申请人";
    /// The correction notice (D1).
    CorrectionNotice = "correction_notice", "告知补正";
    /// The applicant's correction (D4).
    CorrectionResponse = "correction_response", "申请人补正";
    /// A third party's opinion (D6).
    ThirdPartyOpinion = "third_party_opinion", "第三方意见";
    /// Another organ's opinion (D7).
    OrganOpinion = "organ_opinion", "其他机关意见";
    /// The applicant's reasons (D9).
    JustificationResponse = "justification_response", "申请人说明理由";
    /// Payment of the fee (D11).
    FeePayment = "fee_payment", "申请人缴费";
    /// A department's opinion (internal).
    DepartmentTask = "department_task", "科室反馈";
    /// Confirming receipt with the applicant on the day itself (R3, R4).
    ReceiptConfirmation = "receipt_confirmation", "与申请人确认收到申请";
    /// Getting the proof of service back.
    ServiceProof = "service_proof", "取得送达凭证";
    /// Responding to reconsideration or suit (D21, D22).
    RemedyResponse = "remedy_response", "复议诉讼答辩";
    /// The annual report (D17).
    AnnualReport = "annual_report", "年度报告";
    /// Answering a 督办单; it is no fact of a case, so [`obligations`] never derives it (see [`super::order`]).
    SupervisionOrder = "supervision_order", "督办单答复";
}

/// Where a duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObligationStatus {
    /// To be done.
    Open,
    /// Its clock does not run.
    Suspended,
    /// Done.
    Met,
    /// No longer owed.
    Cancelled,
}

impl ObligationStatus {
    /// The code in rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "suspended",
            Self::Met => "met",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One dated duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// What it is within its case; stable over the case's life.
    pub key: String,
    /// Its kind.
    pub kind: ObligationKind,
    /// The last day; `None` while it is unknown or does not run.
    pub due_on: Option<NaiveDate>,
    /// While a notice is not out: the latest that day can be, `due_on` being the earliest. Reminders go by the earliest.
    pub latest_on: Option<NaiveDate>,
    /// Where it stands.
    pub status: ObligationStatus,
    /// 承办人, when one is named.
    pub owner: Option<Uuid>,
    /// 承办科室, when one is named.
    pub department: Option<Uuid>,
    /// The article it rests on.
    pub article: &'static str,
}

/// Every duty the case has or had, as of `context.today`.
#[must_use]
pub fn obligations(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let mut list = Vec::new();
    list.extend(receipt_confirmation(case));
    list.extend(reply(case, context));
    list.extend(correction_notice(case, context));
    list.extend(responses(case, context));
    list.extend(case.consultations.iter().map(|consultation| opinion(case, consultation, context)));
    list.extend(tasks(case, context));
    list.extend(service_proof(case, context));
    list.extend(remedies(case, context));
    list
}

/// The duties of a case that was decided by the calendar of `own`, while that of `running` is in force: what is done or
/// over stays as it was decided; what a case that has ended still owes (proof of service, an answer to a remedy) runs by the
/// calendar in force. An open case has one calendar: `own`.
#[must_use]
pub fn obligations_under(case: &Case, own: &Context<'_>, running: &Context<'_>) -> Vec<Obligation> {
    let decided = obligations(case, own);
    if case.stage.is_open() || own.calendar.version() == running.calendar.version() {
        return decided;
    }
    let now = obligations(case, running);
    let runs = |duty: &&Obligation| matches!(duty.status, ObligationStatus::Open | ObligationStatus::Suspended);
    let current =
        |duty: Obligation| now.iter().filter(runs).find(|other| other.key == duty.key).cloned().unwrap_or(duty);
    decided.into_iter().map(current).collect()
}

impl Obligation {
    /// Whether its last day is an estimate (暂定), for want of a notice.
    #[must_use]
    pub const fn is_estimated(&self) -> bool {
        self.latest_on.is_some()
    }
}

/// So many working days after `since`: a day the organ sets itself, so it has one in any year.
fn working_days_after(since: NaiveDate, days: u32, calendar: &Calendar) -> LastDay {
    let usual = calendar.add_estimated(since, days);
    calendar
        .last_day_of(|calendar| calendar.add_working_days(since, days).ok())
        .unwrap_or(LastDay::Estimated(DueRange { earliest: usual, latest: usual }))
}

fn duty(case: &Case, kind: ObligationKind, due: Option<LastDay>, article: &'static str) -> Obligation {
    Obligation {
        key: kind.code().to_owned(),
        kind,
        due_on: due.map(LastDay::warns_on),
        latest_on: due.and_then(LastDay::latest),
        status: ObligationStatus::Open,
        owner: case.handler_id,
        department: case.department_id,
        article,
    }
}

/// Done, else cancelled once the case has ended, else open.
fn status(done: bool, still_owed: bool) -> ObligationStatus {
    match (done, still_owed) {
        (true, _) => ObligationStatus::Met,
        (false, true) => ObligationStatus::Open,
        (false, false) => ObligationStatus::Cancelled,
    }
}

fn receipt_confirmation(case: &Case) -> Option<Obligation> {
    let confirmed_later = case.intake.confirmed_on.is_none()
        && case.receipt.is_some_and(|receipt| matches!(receipt.rule, ReceiptRule::R3 | ReceiptRule::R4));
    if case.receipt.is_some() && !confirmed_later {
        return None;
    }
    let due_on = case.intake.arrived_on.unwrap_or(case.intake.submitted_on);
    let mut obligation =
        duty(case, ObligationKind::ReceiptConfirmation, Some(LastDay::Certain(due_on)), receipt_article(case));
    obligation.status = status(case.receipt.is_some(), case.stage.is_open());
    Some(obligation)
}

/// The Order the application will be under if the day that makes it late is the day of its receipt.
fn receipt_article(case: &Case) -> &'static str {
    let regime = case.regime.unwrap_or_else(|| Regime::for_receipt(case.intake.submitted_on));
    basis::under(basis::RECEIPT, Some(regime))
}

fn reply(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let answer = case.reply_clock(context.calendar, context.rules, Some(context.today)).ok().flatten()?;
    let article = basis::under(basis::REPLY_PERIOD, case.regime);
    let mut obligation = duty(case, ObligationKind::Reply, answer.last_day(), article);
    // A notice sent too late may fail: the date that stands then is the one to be reminded of (C-7b).
    if let Some(risk) = case.risk_due(&answer) {
        return Some(duty(case, ObligationKind::Reply, Some(LastDay::Certain(risk)), article));
    }
    obligation.status = match answer.status {
        ClockStatus::Running | ClockStatus::Gap => ObligationStatus::Open,
        ClockStatus::Suspended | ClockStatus::AwaitingCorrection | ClockStatus::AwaitingFee => {
            ObligationStatus::Suspended
        }
        ClockStatus::Met | ClockStatus::MetLate => ObligationStatus::Met,
        ClockStatus::Ended => ObligationStatus::Cancelled,
    };
    Some(obligation)
}

/// Until somebody starts handling the case it is not settled whether the application is clear.
fn correction_notice(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    if case.regime != Some(Regime::Order711) {
        return None;
    }
    let due = context.calendar.last_day_of(|calendar| case.correction_notice_due(calendar))?;
    let mut obligation = duty(case, ObligationKind::CorrectionNotice, Some(due), basis::CORRECTION);
    // After its last day the notice can no longer be given in time: nobody is reminded of what cannot be done.
    let unexamined = matches!(case.stage, Stage::Received | Stage::Registered) && context.today <= due.warns_on();
    obligation.status = status(case.correction.is_some(), unexamined);
    Some(obligation)
}

/// The day to look after something that has no last day of its own.
fn follow_up(since: NaiveDate, context: &Context<'_>) -> LastDay {
    working_days_after(since, FOLLOW_UP_DAYS, context.calendar)
}

/// The last day of a notice; while nobody knows that the applicant has it, a day to look after it.
fn notice_due(case: &Case, notice: Notice, sent_on: NaiveDate, context: &Context<'_>) -> LastDay {
    let due = context.calendar.last_day_of(|calendar| case.notice_due(notice, calendar));
    due.unwrap_or_else(|| follow_up(sent_on, context))
}

/// What the applicant owes: correction, reasons, payment.
fn responses(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let mut list = Vec::new();
    if let Some(correction) = &case.correction {
        let due = notice_due(case, Notice::Correction, correction.notice.on, context);
        let article = basis::under(basis::CORRECTION, case.regime);
        let mut obligation = duty(case, ObligationKind::CorrectionResponse, Some(due), article);
        obligation.status = status(correction.received_on.is_some(), case.stage == Stage::AwaitingCorrection);
        list.push(obligation);
    }
    if let Some(justification) = &case.justification {
        let due = notice_due(case, Notice::Justification, justification.request.on, context);
        let mut obligation = duty(case, ObligationKind::JustificationResponse, Some(due), basis::EXCESSIVE);
        obligation.status = status(justification.received.is_some(), case.stage == Stage::AwaitingJustification);
        list.push(obligation);
    }
    if let Some(fee) = &case.fee {
        let due = notice_due(case, Notice::Fee, fee.notice.on, context);
        let mut obligation = duty(case, ObligationKind::FeePayment, Some(due), basis::FEE_PAYMENT);
        obligation.status = status(fee.paid_on.is_some(), case.stage == Stage::AwaitingFee);
        list.push(obligation);
    }
    list
}

fn opinion(case: &Case, consultation: &Consultation, context: &Context<'_>) -> Obligation {
    let kind = match consultation.opened.kind {
        ConsultationKind::ThirdParty => ObligationKind::ThirdPartyOpinion,
        ConsultationKind::JointProducer | ConsultationKind::OtherOrgan | ConsultationKind::SecrecyAuthority => {
            ObligationKind::OrganOpinion
        }
    };
    let article = basis::of_consultation(consultation.opened.kind, case.regime);
    let known = consultation.opened.served_on.unwrap_or(consultation.opened.sent_on);
    let due = context.calendar.last_day_of(|calendar| case.silent_until(consultation, calendar));
    let due = due.unwrap_or_else(|| follow_up(known, context));
    let awaited = case.stage.is_open() && case.awaits(consultation, context.calendar, context.today);
    Obligation {
        key: format!("{}:{}", kind.code(), consultation.number),
        status: status(consultation.returned.is_some(), awaited),
        ..duty(case, kind, Some(due), article)
    }
}

fn tasks(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    case.tasks
        .iter()
        .map(|task| Obligation {
            key: format!("{}:{}", ObligationKind::DepartmentTask.code(), task.number),
            status: status(task.answer.is_some(), case.stage.is_open()),
            owner: task.assign.handler_id,
            department: Some(task.assign.department_id),
            ..duty(
                case,
                ObligationKind::DepartmentTask,
                context.calendar.last_day_of(|calendar| task_due(task, context.rules, calendar)),
                basis::under(basis::WORKING_RULES, case.regime),
            )
        })
        .collect()
}

fn service_proof(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let reply = case.reply.as_ref()?;
    let sent = reply.dispatches.last()?;
    let due = working_days_after(sent.on, SERVICE_PROOF_DAYS, context.calendar);
    let mut obligation = duty(case, ObligationKind::ServiceProof, Some(due), basis::SERVICE);
    // Without a proof only an old case of a ledger is put away: nobody looks for it any more.
    obligation.status = status(reply.proof.is_some(), case.stage != Stage::Archived);
    Some(obligation)
}

fn remedies(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    case.remedies
        .iter()
        .map(|remedy| Obligation {
            key: format!("{}:{}", ObligationKind::RemedyResponse.code(), remedy.number),
            status: status(remedy.responded_on.is_some(), remedy.decision.is_none()),
            ..remedy_duty(case, remedy, context)
        })
        .collect()
}

const fn remedy_response_article(remedy: &Remedy) -> &'static str {
    match remedy.opened.kind {
        RemedyKind::Reconsideration => period::reconsideration_response_article(remedy.opened.simplified),
        RemedyKind::Litigation | RemedyKind::LitigationAfterReconsideration => period::COURT_ANSWER_ARTICLE,
    }
}

fn remedy_duty(case: &Case, remedy: &Remedy, context: &Context<'_>) -> Obligation {
    let due = context.calendar.last_day_of(|calendar| remedy_response_due(remedy, calendar).map(|due| due.on));
    duty(case, ObligationKind::RemedyResponse, due, remedy_response_article(remedy))
}
