//! The dated duties of a case: what somebody is reminded of. Derived from the facts, never entered.

use super::basis;
use super::clock::{remedy_response_due, task_due};
use super::record::{Notice, Stage};
use super::rules::Context;
use super::state::{Case, Consultation, Remedy};
use crate::law::{ClockStatus, ConsultationKind, ReceiptRule, Regime};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Working days after dispatch in which the proof of service should be back; the organ's own care, no statute.
const SERVICE_PROOF_DAYS: u32 = 10;

/// Working days after which somebody looks after a letter whose service is not on record, or an opinion that no statute
/// limits: without a day of its own such a duty would sleep for ever. The organ's own care, no statute.
const FOLLOW_UP_DAYS: u32 = 10;

/// Working days of D1, D11 and of the simplified D21, by which a duty is estimated while its year has no notice: nothing
/// is reminded of later than the law may want it.
const CORRECTION_NOTICE_DAYS: u32 = 7;
const FEE_PAYMENT_DAYS: u32 = 20;
const REMEDY_DAYS: u32 = 5;

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

fn duty(case: &Case, kind: ObligationKind, due_on: Option<NaiveDate>, article: &'static str) -> Obligation {
    Obligation {
        key: kind.code().to_owned(),
        kind,
        due_on,
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
    let mut obligation = duty(case, ObligationKind::ReceiptConfirmation, Some(due_on), basis::RECEIPT);
    obligation.status = status(case.receipt.is_some(), case.stage.is_open());
    Some(obligation)
}

fn reply(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let answer = case.reply_clock(context.calendar, context.rules, Some(context.today)).ok().flatten()?;
    let article = if case.regime == Some(Regime::Order492) { basis::REPLY_PERIOD_492 } else { basis::REPLY_PERIOD };
    // Beyond the calendar the provisional date keeps the reminders going; the case itself says that it is provisional.
    let mut obligation = duty(case, ObligationKind::Reply, answer.due.or(answer.provisional_due), article);
    // A notice sent too late may fail: the date that stands then is the one to be reminded of (C-7b).
    if let Some(risk) = case.risk_due(&answer) {
        obligation.due_on = Some(risk);
        return Some(obligation);
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
    let receipt = case.receipt?;
    let due_on = case
        .correction_notice_due(context.calendar)
        .unwrap_or_else(|| context.calendar.add_estimated(receipt.on, CORRECTION_NOTICE_DAYS));
    let mut obligation = duty(case, ObligationKind::CorrectionNotice, Some(due_on), basis::CORRECTION);
    // After its last day the notice can no longer be given in time: nobody is reminded of what cannot be done.
    let unexamined = matches!(case.stage, Stage::Received | Stage::Registered) && context.today <= due_on;
    obligation.status = status(case.correction.is_some(), unexamined);
    Some(obligation)
}

/// The day to look after something that has no last day of its own.
fn follow_up(since: NaiveDate, context: &Context<'_>) -> NaiveDate {
    context.calendar.add_estimated(since, FOLLOW_UP_DAYS)
}

/// The last day of a notice; where it needs an unpublished year its estimate, so that nobody is left without a reminder;
/// and while nobody knows that the applicant has it, a day to look after it.
fn notice_due(
    case: &Case,
    notice: Notice,
    sent_on: NaiveDate,
    served: Option<(NaiveDate, u32)>,
    context: &Context<'_>,
) -> NaiveDate {
    case.notice_due(notice, context.calendar).unwrap_or_else(|| match served {
        Some((on, days)) => context.calendar.add_estimated(on, days),
        None => follow_up(sent_on, context),
    })
}

/// What the applicant owes: correction, reasons, payment.
fn responses(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let mut list = Vec::new();
    if let Some(correction) = &case.correction {
        let notice = &correction.notice;
        let served = notice.served_on.map(|on| (on, u32::from(notice.respond_days)));
        let due_on = notice_due(case, Notice::Correction, notice.on, served, context);
        let article = basis::under(basis::CORRECTION, case.regime);
        let mut obligation = duty(case, ObligationKind::CorrectionResponse, Some(due_on), article);
        obligation.status = status(correction.received_on.is_some(), case.stage == Stage::AwaitingCorrection);
        list.push(obligation);
    }
    if let Some(justification) = &case.justification {
        let request = &justification.request;
        let served = request.served_on.map(|on| (on, u32::from(request.respond_days)));
        let due_on = notice_due(case, Notice::Justification, request.on, served, context);
        let mut obligation = duty(case, ObligationKind::JustificationResponse, Some(due_on), basis::EXCESSIVE);
        obligation.status = status(justification.received.is_some(), case.stage == Stage::AwaitingJustification);
        list.push(obligation);
    }
    if let Some(fee) = &case.fee {
        let served = fee.notice.served_on.map(|on| (on, FEE_PAYMENT_DAYS));
        let due_on = notice_due(case, Notice::Fee, fee.notice.on, served, context);
        let mut obligation = duty(case, ObligationKind::FeePayment, Some(due_on), basis::FEE_PAYMENT);
        obligation.status = status(fee.paid_on.is_some(), case.stage == Stage::AwaitingFee);
        list.push(obligation);
    }
    list
}

fn opinion(case: &Case, consultation: &Consultation, context: &Context<'_>) -> Obligation {
    let (kind, article) = match consultation.opened.kind {
        ConsultationKind::ThirdParty if case.regime == Some(Regime::Order492) => {
            (ObligationKind::ThirdPartyOpinion, basis::THIRD_PARTY_492)
        }
        ConsultationKind::ThirdParty => (ObligationKind::ThirdPartyOpinion, basis::THIRD_PARTY),
        ConsultationKind::JointProducer => (ObligationKind::OrganOpinion, basis::JOINT_PRODUCER),
        ConsultationKind::OtherOrgan => (ObligationKind::OrganOpinion, basis::REPLY_PERIOD),
        ConsultationKind::SecrecyAuthority => (ObligationKind::OrganOpinion, basis::SECRECY),
    };
    let known = consultation.opened.served_on.unwrap_or(consultation.opened.sent_on);
    let due_on = case.silent_until(consultation, context.calendar).unwrap_or_else(|| follow_up(known, context));
    let awaited = case.stage.is_open() && case.awaits(consultation, context.calendar, context.today);
    Obligation {
        key: format!("{}:{}", kind.code(), consultation.number),
        status: status(consultation.returned.is_some(), awaited),
        ..duty(case, kind, Some(due_on), article)
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
                task_due(task, context.rules, context.calendar).or_else(|| {
                    let days = u32::from(task.assign.days.unwrap_or(context.rules.task_days));
                    Some(context.calendar.add_estimated(task.assign.on, days))
                }),
                basis::under(basis::WORKING_RULES, case.regime),
            )
        })
        .collect()
}

fn service_proof(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let reply = case.reply.as_ref()?;
    let sent = reply.dispatches.last()?;
    let due_on = context.calendar.add_estimated(sent.on, SERVICE_PROOF_DAYS);
    let mut obligation = duty(case, ObligationKind::ServiceProof, Some(due_on), basis::SERVICE);
    obligation.status = status(reply.proof.is_some(), true);
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

fn remedy_duty(case: &Case, remedy: &Remedy, context: &Context<'_>) -> Obligation {
    let due = remedy_response_due(remedy, context.calendar);
    let article = due.as_ref().map_or(basis::REMEDY, |due| due.article);
    // Beyond the calendar the shortest of these periods keeps the reminders going.
    let estimate = || context.calendar.add_estimated(remedy.opened.received_on, REMEDY_DAYS);
    duty(case, ObligationKind::RemedyResponse, Some(due.map_or_else(estimate, |due| due.on)), article)
}
