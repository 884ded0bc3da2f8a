//! The dated duties of a case: what the service reminds people of. Derived from the facts, never entered.

use super::clock::{remedy_response_due, task_due};
use super::context::Context;
use super::state::{
    CameBack, Case, CaseAmendment, Consultation, Correction, EarlierReply, FeeDemand, Justification, Remedy,
};
use crate::case::vocabulary::{AmendmentStatus, Notice, RemedyKind, ReviewKind, Stage};
use crate::case::{Role, articles};
use crate::law::{Calendar, Channel, ClockStatus, ConsultationKind, DueRange, LastDay, ReceiptRule, Regime, period};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Working days after dispatch in which the proof of service should be back; the organ's own care, no statute.
pub(super) const SERVICE_PROOF_DAYS: u32 = 10;

/// Working days after which the office looks after a letter whose service is not on record, or an opinion that no statute
/// limits: without a day of its own such a duty would sleep for ever. The organ's own care, no statute.
const FOLLOW_UP_DAYS: u32 = 10;

/// Working days in which the leader should decide on an amendment; the organ's own care, no statute.
const CONFIRMATION_DAYS: u32 = 3;

/// Working days after the revocation of a reply in which another one should be given; the organ's own care, no statute.
const RENEWED_REPLY_DAYS: u32 = 20;

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
    /// Another reply in the place of one that the organ revoked; the organ's own care, no statute.
    RenewedReply = "renewed_reply", "撤销后重新答复";
    /// The correction notice (D1).
    CorrectionNotice = "correction_notice", "告知补正";
    /// The applicant's correction (D4).
    CorrectionResponse = "correction_response", "申请人补正";
    /// A third party's opinion (D6).
    ThirdPartyOpinion = "third_party_opinion", "第三方意见";
    /// A co-producer's opinion (D7).
    OrganOpinion = "organ_opinion", "其他机关意见";
    /// An opinion for which the law sets no period: looked after, never late.
    OpinionFollowUp = "opinion_follow_up", "跟进征求意见";
    /// Recording when the applicant or a party got a letter: the period it sets runs from that day.
    ServiceDate = "service_date", "登记送达日期";
    /// The applicant's reasons (D9).
    JustificationResponse = "justification_response", "申请人说明理由";
    /// Payment of the fee (D11).
    FeePayment = "fee_payment", "申请人缴费";
    /// A department's opinion (internal).
    DepartmentTask = "department_task", "科室反馈";
    /// The next step of the review chain. Its last day is that of the reply.
    Review = "review", "审核";
    /// The leader's step of the review chain. Its last day is that of the reply.
    Approval = "approval", "领导签批";
    /// The leader's decision on an amendment, a void or a revocation.
    AmendmentConfirmation = "amendment_confirmation", "确认更正、作废或者撤销";
    /// Confirming receipt with the applicant on the day itself (R3, R4).
    ReceiptConfirmation = "receipt_confirmation", "与申请人确认收到申请";
    /// The same of an application whose day of arrival is not recorded: which day it should have been, no record says.
    ReceiptFollowUp = "receipt_follow_up", "与申请人确认收到申请（到达日期未登记）";
    /// Getting the proof of service back.
    ServiceProof = "service_proof", "取得送达凭证";
    /// Serving a reply once more that came back.
    Redelivery = "redelivery", "重新送达";
    /// Responding to reconsideration or suit (D21, D22).
    RemedyResponse = "remedy_response", "复议诉讼答辩";
    /// The annual report (D17).
    AnnualReport = "annual_report", "年度报告";
    /// Answering a 督办单; it is no fact of a case, so [`obligations`] never derives it (see [`super::order`]).
    SupervisionOrder = "supervision_order", "督办单答复";
}

impl ObligationKind {
    /// Whether its day is only the day on which the office looks after it. No law and no notice sets a period, nothing is late
    /// after that day and nothing follows from it.
    #[must_use]
    pub const fn is_follow_up(self) -> bool {
        match self {
            Self::OpinionFollowUp
            | Self::ServiceDate
            | Self::ReceiptFollowUp
            | Self::ServiceProof
            | Self::Redelivery
            | Self::AmendmentConfirmation => true,
            Self::Reply
            | Self::Review
            | Self::Approval
            | Self::RenewedReply
            | Self::CorrectionNotice
            | Self::CorrectionResponse
            | Self::ThirdPartyOpinion
            | Self::OrganOpinion
            | Self::JustificationResponse
            | Self::FeePayment
            | Self::DepartmentTask
            | Self::ReceiptConfirmation
            | Self::RemedyResponse
            | Self::AnnualReport
            | Self::SupervisionOrder => false,
        }
    }

    /// The role whose holders do it, independent of the handler of the case. `None`: the handler, the department or the office does
    /// it. A head of the office may take the step of a section head too.
    #[must_use]
    pub const fn acting_role(self) -> Option<Role> {
        match self {
            Self::Review => Some(Role::Reviewer),
            Self::Approval | Self::AmendmentConfirmation => Some(Role::Leader),
            _ => None,
        }
    }

    /// Whether it waits for somebody outside the organ.
    #[must_use]
    pub const fn is_of_others(self) -> bool {
        matches!(
            self,
            Self::CorrectionResponse
                | Self::JustificationResponse
                | Self::FeePayment
                | Self::ThirdPartyOpinion
                | Self::OrganOpinion
        )
    }
}

/// The status of a duty.
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
    /// The last day; `None` while it is unknown or does not run. Of a follow-up ([`ObligationKind::is_follow_up`]) the day to
    /// look after it.
    pub due_on: Option<NaiveDate>,
    /// While a notice is not out: the latest that day can be, `due_on` being the earliest. Reminders go by the earliest.
    pub latest_on: Option<NaiveDate>,
    /// Its status.
    pub status: ObligationStatus,
    /// 承办人, when one is named.
    pub owner: Option<Uuid>,
    /// 承办科室, when one is named.
    pub department: Option<Uuid>,
    /// Since when it waits: the day of the fact that made it a duty.
    pub since: Option<NaiveDate>,
    /// The person who may not do it, although the role allows it: the proposer of what is reviewed, or who asked for what is
    /// confirmed.
    pub not_by: Option<Uuid>,
    /// The article it rests on.
    pub article: &'static str,
}

/// Every duty the case has or had, as of `context.today`.
#[must_use]
pub fn obligations(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let mut list = Vec::new();
    if case.stage == Stage::Void {
        return list;
    }
    list.extend(receipt_confirmation(case));
    list.extend(reply(case, context));
    list.extend(renewed_replies(case, context));
    list.extend(correction_notice(case, context));
    list.extend(responses(case, context));
    list.extend(case.consultations.iter().map(|consultation| opinion(case, consultation, context)));
    list.extend(service_dates(case, context));
    list.extend(tasks(case, context));
    list.extend(service_proof(case, context));
    list.extend(redeliveries(case));
    list.extend(remedies(case, context));
    list.extend(reviews(case, context, &list));
    list.extend(confirmations(case, context));
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
        since: None,
        not_by: None,
        article,
    }
}

/// A duty of the disclosure office itself, independent of the handler.
fn of_office(key: String, kind: ObligationKind, due: LastDay, article: &'static str) -> Obligation {
    Obligation {
        key,
        kind,
        due_on: Some(due.warns_on()),
        latest_on: due.latest(),
        status: ObligationStatus::Open,
        owner: None,
        department: None,
        since: None,
        not_by: None,
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
    let intake = &case.intake;
    // A letter is on its way for days, and what another unit got is passed on: only the office's own mailbox and machine
    // have it on the day it was sent.
    let is_by_post = matches!(intake.channel, Channel::OrdinaryMail | Channel::RegisteredMail);
    let arrival_is_known = intake.arrived_on.is_some() || !(is_by_post || intake.misdirected);
    let kind = if arrival_is_known { ObligationKind::ReceiptConfirmation } else { ObligationKind::ReceiptFollowUp };
    let due = LastDay::Certain(intake.arrived_on.unwrap_or(intake.submitted_on));
    Some(Obligation {
        since: Some(intake.arrived_on.unwrap_or(intake.submitted_on)),
        key: ObligationKind::ReceiptConfirmation.code().to_owned(),
        status: status(case.receipt.is_some(), case.stage.is_open()),
        ..duty(case, kind, Some(due), receipt_article(case))
    })
}

/// The Order the application will be under if the day that makes it late is the day of its receipt.
fn receipt_article(case: &Case) -> &'static str {
    let regime = case.regime.unwrap_or_else(|| Regime::for_receipt(case.intake.submitted_on));
    articles::under(articles::RECEIPT, Some(regime))
}

fn reply(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let answer = case.reply_clock(context.calendar, context.rules, Some(context.today)).ok().flatten()?;
    let source = if case.order().is_some() { articles::REMEDY } else { articles::REPLY_PERIOD };
    let article = articles::under(source, case.regime);
    let since = Some(answer.start);
    let mut obligation = Obligation { since, ..duty(case, ObligationKind::Reply, answer.last_day(), article) };
    // A notice sent too late may fail: reminders then go by the date that holds without it (C-7b).
    if let Some(risk) = case.risk_due(&answer) {
        let at_risk = duty(case, ObligationKind::Reply, Some(LastDay::Certain(risk)), article);
        return Some(Obligation { since, ..at_risk });
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

/// The last day for another reply after `revoked`: 20 working days from the day of the revocation (day 0).
pub(super) fn renewed_reply_due(revoked: &EarlierReply, calendar: &Calendar) -> LastDay {
    working_days_after(revoked.set_aside_on, RENEWED_REPLY_DAYS, calendar)
}

/// Each revoked reply is followed by another one. One that was revoked in its turn was given all the same.
fn renewed_replies(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let revoked = case.earlier_replies.iter().enumerate().filter(|(_, earlier)| earlier.revoked_because.is_some());
    (1_u16..)
        .zip(revoked)
        .map(|(number, (place, earlier))| Obligation {
            key: format!("{}:{number}", ObligationKind::RenewedReply.code()),
            status: renewed_reply_status(case, place, earlier),
            since: Some(earlier.set_aside_on),
            ..duty(
                case,
                ObligationKind::RenewedReply,
                Some(renewed_reply_due(earlier, context.calendar)),
                articles::under(articles::WORKING_RULES, case.regime),
            )
        })
        .collect()
}

fn renewed_reply_status(case: &Case, place: usize, revoked: &EarlierReply) -> ObligationStatus {
    if place + 1 < case.earlier_replies.len() {
        return ObligationStatus::Met;
    }
    let is_given = case.reply.as_ref().is_some_and(|reply| reply.replied_on.is_some());
    // An order that sets a period of its own takes the place of the organ's own care.
    status(is_given && revoked.answers_period, revoked.answers_period && case.stage.is_open())
}

/// Until the handling of the case starts it is not settled whether the application is clear.
fn correction_notice(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    if case.regime != Some(Regime::Order711) {
        return None;
    }
    let due = context.calendar.last_day_of(|calendar| case.correction_notice_due(calendar))?;
    let mut obligation = duty(case, ObligationKind::CorrectionNotice, Some(due), articles::CORRECTION);
    // After its last day the notice can no longer be given in time: the service sends no reminder of it.
    let unexamined = matches!(case.stage, Stage::Received | Stage::Registered) && context.today <= due.warns_on();
    obligation.status = status(case.correction.is_some(), unexamined);
    obligation.since = case.receipt.map(|receipt| receipt.on);
    Some(obligation)
}

/// What the applicant owes: correction, reasons, payment. The period runs from the day the applicant got the notice; while
/// that is not recorded there is no last day ([`service_dates`]).
fn responses(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let due = |notice| context.calendar.last_day_of(|calendar| case.notice_due(notice, calendar));
    let mut list = Vec::new();
    if let Some(correction) = &case.correction {
        let article = articles::under(articles::CORRECTION, case.regime);
        let mut obligation = duty(case, ObligationKind::CorrectionResponse, due(Notice::Correction), article);
        obligation.status = status(correction.received_on.is_some(), case.stage == Stage::AwaitingCorrection);
        obligation.since = Some(correction.notice.on);
        list.push(obligation);
    }
    if let Some(justification) = &case.justification {
        let due = due(Notice::Justification);
        let mut obligation = duty(case, ObligationKind::JustificationResponse, due, articles::EXCESSIVE);
        obligation.status = status(justification.received.is_some(), case.stage == Stage::AwaitingJustification);
        obligation.since = Some(justification.request.on);
        list.push(obligation);
    }
    if let Some(fee) = &case.fee {
        let mut obligation = duty(case, ObligationKind::FeePayment, due(Notice::Fee), articles::FEE_PAYMENT);
        obligation.status = status(fee.paid_on.is_some(), case.stage == Stage::AwaitingFee);
        obligation.since = Some(fee.notice.on);
        list.push(obligation);
    }
    list
}

const fn opinion_kind(kind: ConsultationKind) -> ObligationKind {
    match kind {
        ConsultationKind::ThirdParty => ObligationKind::ThirdPartyOpinion,
        ConsultationKind::JointProducer | ConsultationKind::OtherOrgan | ConsultationKind::SecrecyAuthority => {
            ObligationKind::OrganOpinion
        }
    }
}

/// An opinion that is awaited. Where the law limits the silence (C-6) the last day follows from the party's own receipt, and
/// is unknown until that is recorded ([`service_dates`]). Where it does not, the office looks after it and nothing is late.
fn opinion(case: &Case, consultation: &Consultation, context: &Context<'_>) -> Obligation {
    let opened = &consultation.opened;
    let usual = opinion_kind(opened.kind);
    let (kind, due) = if case.silence_ends(opened.kind) {
        (usual, context.calendar.last_day_of(|calendar| case.silent_until(consultation, calendar)))
    } else {
        let since = opened.served_on.unwrap_or(opened.sent_on);
        (ObligationKind::OpinionFollowUp, Some(working_days_after(since, FOLLOW_UP_DAYS, context.calendar)))
    };
    let status = status(consultation.returned.is_some(), is_awaited_opinion(case, consultation, context));
    let key = format!("{}:{}", usual.code(), consultation.number);
    let since = Some(opened.sent_on);
    match due {
        Some(due) if kind == ObligationKind::OpinionFollowUp => {
            let article = articles::under(articles::WORKING_RULES, case.regime);
            Obligation { status, since, ..of_office(key, kind, due, article) }
        }
        due => Obligation {
            key,
            status,
            since,
            ..duty(case, kind, due, articles::of_consultation(opened.kind, case.regime))
        },
    }
}

fn is_awaited_opinion(case: &Case, consultation: &Consultation, context: &Context<'_>) -> bool {
    case.stage.is_open() && case.awaits(consultation, context.calendar, context.today)
}

/// The letters whose period runs from the day of their delivery: that day has to be recorded.
fn service_dates(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let mut list = Vec::new();
    let mut add = |letter: &str, sent_on: NaiveDate, served_on: Option<NaiveDate>, is_awaited: bool| {
        let due = working_days_after(sent_on, FOLLOW_UP_DAYS, context.calendar);
        let key = format!("{}:{letter}", ObligationKind::ServiceDate.code());
        let article = articles::under(articles::WORKING_RULES, case.regime);
        let status = status(served_on.is_some(), is_awaited);
        let duty = of_office(key, ObligationKind::ServiceDate, due, article);
        list.push(Obligation { status, since: Some(sent_on), ..duty });
    };
    if let Some(Correction { notice, .. }) = &case.correction {
        add(Notice::Correction.code(), notice.on, notice.served_on, case.stage == Stage::AwaitingCorrection);
    }
    if let Some(Justification { request, .. }) = &case.justification {
        add(Notice::Justification.code(), request.on, request.served_on, case.stage == Stage::AwaitingJustification);
    }
    if let Some(FeeDemand { notice, .. }) = &case.fee {
        add(Notice::Fee.code(), notice.on, notice.served_on, case.stage == Stage::AwaitingFee);
    }
    for consultation in case.consultations.iter().filter(|found| case.silence_ends(found.opened.kind)) {
        let opened = &consultation.opened;
        let letter = format!("consultation:{}", consultation.number);
        add(&letter, opened.sent_on, opened.served_on, is_awaited_opinion(case, consultation, context));
    }
    list
}

fn tasks(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    case.tasks
        .iter()
        .map(|task| Obligation {
            key: format!("{}:{}", ObligationKind::DepartmentTask.code(), task.number),
            status: status(task.answer.is_some(), case.stage.is_open() && task.is_owed()),
            owner: task.assign.handler_id,
            since: Some(task.assign.on),
            department: Some(task.assign.department_id),
            ..duty(
                case,
                ObligationKind::DepartmentTask,
                context.calendar.last_day_of(|calendar| task_due(task, context.rules, calendar)),
                articles::under(articles::WORKING_RULES, case.regime),
            )
        })
        .collect()
}

/// The steps of the review chain up to the open one. The key of a step has the day of the step before it: a proposal that was sent
/// back and made again gives other duties. The last day of the open step is that of the reply; a step that was taken has none.
fn reviews(case: &Case, context: &Context<'_>, others: &[Obligation]) -> Vec<Obligation> {
    let Some(proposal) = case.proposal.as_ref().filter(|_| matches!(case.stage, Stage::InReview | Stage::Approved))
    else {
        return Vec::new();
    };
    let is_awaited = |kind: ObligationKind| matches!(kind, ObligationKind::Reply | ObligationKind::RenewedReply);
    let runs = |duty: &&Obligation| matches!(duty.status, ObligationStatus::Open | ObligationStatus::Suspended);
    let reply = others.iter().filter(|duty| is_awaited(duty.kind)).rfind(runs);
    let is_consulting = case.consultations.iter().any(|one| is_awaited_opinion(case, one, context));
    let mut since = proposal.proposal.on;
    let mut list = Vec::new();
    for (place, step) in proposal.chain.iter().enumerate().take(proposal.approvals.len() + 1) {
        let kind = match step {
            ReviewKind::Leader => ObligationKind::Approval,
            ReviewKind::SectionHead | ReviewKind::Secrecy | ReviewKind::Legal => ObligationKind::Review,
        };
        let approval = proposal.approvals.get(place);
        let own = articles::under(articles::WORKING_RULES, case.regime);
        let mut obligation = duty(case, kind, None, reply.map_or(own, |reply| reply.article));
        obligation.key = format!("{}:{}:{since}", kind.code(), step.code());
        obligation.not_by = Some(proposal.proposed_by);
        obligation.since = Some(since);
        obligation.status = status(approval.is_some(), case.stage == Stage::InReview);
        if obligation.status == ObligationStatus::Open {
            obligation.due_on = reply.and_then(|reply| reply.due_on);
            obligation.latest_on = reply.and_then(|reply| reply.latest_on);
            if is_consulting {
                obligation.status = ObligationStatus::Suspended;
            }
        }
        list.push(obligation);
        since = approval.map_or(since, |approval| approval.on);
    }
    list
}

/// The decisions of the leader that were asked for. No statute sets a day; the check day is the organ's own. The duty ends with
/// the decision, because the case then equals one that was recorded so from the start.
fn confirmations(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    let waiting = case.amendments.iter().filter(|amendment| amendment.status == AmendmentStatus::Proposed);
    let duty = |amendment: &CaseAmendment| {
        let kind = ObligationKind::AmendmentConfirmation;
        let due = working_days_after(amendment.on, CONFIRMATION_DAYS, context.calendar);
        let article = articles::under(articles::WORKING_RULES, case.regime);
        let key = format!("{}:{}", kind.code(), amendment.number);
        let not_by = Some(amendment.asked_by);
        Obligation { not_by, since: Some(amendment.on), ..of_office(key, kind, due, article) }
    };
    waiting.map(duty).collect()
}

fn service_proof(case: &Case, context: &Context<'_>) -> Option<Obligation> {
    let reply = case.reply.as_ref()?;
    let sent = reply.dispatches.last()?;
    let due = working_days_after(sent.on, SERVICE_PROOF_DAYS, context.calendar);
    let mut obligation = duty(case, ObligationKind::ServiceProof, Some(due), articles::SERVICE);
    // Without a proof only an old case of a ledger is put away: no proof is looked for any more. What came back has none.
    let is_owed = case.stage != Stage::Archived && !reply.is_back();
    obligation.status = status(reply.is_served(), is_owed);
    obligation.since = Some(sent.on);
    Some(obligation)
}

/// Each reply that came back is served once more. No law says by when; the office looks after it at once.
fn redeliveries(case: &Case) -> Vec<Obligation> {
    let Some(reply) = &case.reply else { return Vec::new() };
    let is_owed = matches!(case.stage, Stage::Approved | Stage::Replied);
    let duty = |(number, back): (u16, &CameBack)| {
        let key = format!("{}:{number}", ObligationKind::Redelivery.code());
        let is_done = reply.dispatches.len() > usize::from(back.dispatch);
        let duty = of_office(key, ObligationKind::Redelivery, LastDay::Certain(back.on), articles::SERVICE);
        Obligation { status: status(is_done, is_owed), since: Some(back.on), ..duty }
    };
    (1_u16..).zip(&reply.came_back).map(duty).collect()
}

fn remedies(case: &Case, context: &Context<'_>) -> Vec<Obligation> {
    case.remedies
        .iter()
        .map(|remedy| Obligation {
            key: format!("{}:{}", ObligationKind::RemedyResponse.code(), remedy.number),
            status: status(remedy.responded_on.is_some(), remedy.decision.is_none()),
            since: Some(remedy.opened.received_on),
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
