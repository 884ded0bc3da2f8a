//! What cannot have happened, and what should not have.

use super::{Past, Remark, at};
use crate::case::articles;
use crate::case::context::Context;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::Case;
use crate::law::{
    ClockAnswer, ClockError, ClockStatus, IneffectiveReason, Outcome, Regime, ServiceError, ServiceMethod, StepKind,
    replied_on,
};
use chrono::NaiveDate;

/// One category, the law and nothing else: a row of the annual table.
const ONE_CATEGORY: &str = "《条例》第三十六条；国办公开办函〔2021〕30号（每件申请有且只有一个处理结果）";

struct Check<'a> {
    context: &'a Context<'a>,
    regime: Regime,
    faults: Vec<NotAllowed>,
}

impl Check<'_> {
    fn fault(&mut self, fault: NotAllowed) {
        self.faults.push(fault);
    }

    /// A day that has come, under an Order, not before what it rests on, not after what ended it.
    fn day(
        &mut self,
        (pointer, label): (&'static str, &str),
        article: &'static str,
        on: Option<NaiveDate>,
        after: &[(Option<NaiveDate>, &str)],
        until: Option<NaiveDate>,
    ) {
        let Some(on) = on else { return };
        let article = articles::under(article, Some(self.regime));
        let by_law = |fault: NotAllowed| NotAllowed { article: Some(article), ..fault };
        let mut result = not_after_today(pointer, on, self.context.today);
        for (base, label) in after {
            let base = base.unwrap_or(on);
            result = result.and_then(|()| not_before(pointer, on, base, label));
        }
        if let Some(ended) = until.filter(|ended| on > *ended) {
            let detail = format!("{label}{on}晚于答复或者终结的日期{ended}，请核对");
            result = result.and(Err(NotAllowed::new("date_after_end", detail).at(pointer)));
        }
        self.faults.extend(result.err().map(by_law));
    }
}

/// Refuses what cannot have happened.
pub(super) fn check(past: &Past, context: &Context<'_>) -> Result<(), Vec<NotAllowed>> {
    let regime = past.regime(context.rules.clock_options());
    let mut check = Check { context, regime, faults: Vec::new() };
    check.faults.extend(said(at::REQUEST, &past.request, "申请内容").err());
    receipt(&mut check, past);
    if past.awaits_confirmation {
        nothing_further(&mut check, past);
        return if check.faults.is_empty() { Ok(()) } else { Err(check.faults) };
    }
    let received = [(Some(past.received_on), "收到日期")];
    if let Some(correction) = &past.correction {
        let sent = [received[0], (Some(correction.on), "补正通知日期")];
        check.day(
            (at::CORRECTION_ON, "补正通知日期"),
            articles::CORRECTION,
            Some(correction.on),
            &received,
            past.end(),
        );
        check.day(
            (at::CORRECTION_RECEIVED_ON, "补正收到日期"),
            articles::CORRECTION,
            correction.received_on,
            &sent,
            past.end(),
        );
    }
    for consultation in &past.consultations {
        let sent = [(Some(consultation.sent_on), "征求意见发出日期")];
        check.faults.extend(said(at::CONSULTATION_PARTY, &consultation.party, "征求意见对象").err());
        check.day(
            (at::CONSULTATION_SENT_ON, "征求意见发出日期"),
            articles::REPLY_PERIOD,
            Some(consultation.sent_on),
            &received,
            past.end(),
        );
        check.day(
            (at::CONSULTATION_RETURNED_ON, "征求意见收到日期"),
            articles::REPLY_PERIOD,
            consultation.returned_on,
            &sent,
            None,
        );
    }
    let told = past.extension.map(|extension| extension.on);
    check.day((at::EXTENSION_ON, "延期告知日期"), articles::REPLY_PERIOD, told, &received, past.end());
    if let Some(fee) = &past.fee {
        let sent = [(Some(fee.on), "收费通知日期")];
        check.day((at::FEE_ON, "收费通知日期"), articles::FEE_PAYMENT, Some(fee.on), &received, past.end());
        check.day((at::FEE_PAID_ON, "缴费日期"), articles::FEE_PAYMENT, fee.paid_on, &sent, past.end());
    }
    end(&mut check, past);
    one_question_at_a_time(&mut check, past);
    if check.faults.is_empty() { Ok(()) } else { Err(check.faults) }
}

fn receipt(check: &mut Check<'_>, past: &Past) {
    check.day((at::RECEIVED_ON, "收到日期"), articles::RECEIPT, Some(past.received_on), &[], None);
    if past.received_on < articles::FIRST_DAY_IN_FORCE {
        let first = articles::FIRST_DAY_IN_FORCE;
        let detail = format!("收到日期{}早于《政府信息公开条例》施行之日（{first}），请核对", past.received_on);
        check.fault(NotAllowed::by_law("date_before_the_law", articles::RECEIPT, detail).at(at::RECEIVED_ON));
    }
}

/// Nothing can have been done about an application whose receipt is still to be confirmed.
fn nothing_further(check: &mut Check<'_>, past: &Past) {
    let bare = Past {
        number: None,
        received_on: past.received_on,
        awaits_confirmation: true,
        channel: past.channel,
        applicant_kind: past.applicant_kind,
        request: past.request.clone(),
        correction: None,
        consultations: Vec::new(),
        extension: None,
        fee: None,
        replied_on: None,
        outcome: None,
        document_number: None,
        method: None,
        served_on: None,
        note: None,
    };
    if *past != bare {
        let detail = "尚未确认收到的申请没有受理编号、补正、征求意见、延期、收费、答复和备注；已经确认的，请填收到日期";
        check.fault(NotAllowed::by_law("receipt_not_fixed", articles::RECEIPT, detail).at(at::RECEIVED_ON));
    }
}

fn end(check: &mut Check<'_>, past: &Past) {
    let regime = check.regime;
    let received = [(Some(past.received_on), "收到日期")];
    check.day((at::REPLIED_ON, "答复日期"), articles::REPLY_PERIOD, past.replied_on, &received, None);
    check.day((at::SERVED_ON, "送达日期"), articles::SERVICE, past.served_on, &[(past.end(), "答复日期")], None);
    match (past.outcome, past.end()) {
        (None, None) if past.document_number.is_none() && past.method.is_none() && past.served_on.is_none() => {}
        (None, _) => {
            let detail = "已填答复的日期、文号或者送达情况，而未填处理结果；仍在办理的，这几项都应为空";
            check.fault(NotAllowed::by_law("outcome_required", ONE_CATEGORY, detail).at(at::OUTCOME));
        }
        (Some(outcome), None) => {
            let detail = format!("处理结果为“{}”而未填答复日期（未经答复终结的，填终结的日期）", outcome.label());
            check.fault(NotAllowed::by_law("reply_date_required", regime.reply_article(), detail).at(at::REPLIED_ON));
        }
        (Some(_), Some(_)) => {}
    }
    if let Some(outcome) = past.outcome.filter(|outcome| !outcome.is_of(regime)) {
        let detail = format!("收到日期适用{}，没有“{}”（{}）", regime.label(), outcome.label(), outcome.code());
        check.fault(NotAllowed::by_law("outcome_of_other_order", regime.reply_article(), detail).at(at::OUTCOME));
    }
}

/// An open case waits for one thing of the applicant, the one its stage names: an answer to the other could not be entered.
fn one_question_at_a_time(check: &mut Check<'_>, past: &Past) {
    let (Some(correction), Some(fee), None) = (past.correction, past.fee, past.end()) else { return };
    let is_correction_hidden =
        correction.received_on.is_none() && fee.paid_on.is_none_or(|paid_on| paid_on >= correction.on);
    let is_fee_hidden = fee.paid_on.is_none() && correction.received_on.is_none_or(|received_on| received_on > fee.on);
    if is_correction_hidden || is_fee_hidden {
        let detail = "在办案件不能同时等候补正和缴费；请填补正收到日期、缴费日期，或者删去其中一项";
        check.fault(NotAllowed::by_law("correction_outstanding", articles::CORRECTION, detail).at(at::FEE_ON));
    }
}

/// What was taken in all the same; facts that the clock cannot read are refused.
pub(super) fn remarks(past: &Past, case: &Case, context: &Context<'_>) -> Result<Vec<Remark>, Vec<NotAllowed>> {
    let clock = case.reply_clock(context.calendar, context.rules, Some(context.today)).map_err(impossible)?;
    let mut remarks = Vec::new();
    if clock.as_ref().is_some_and(|clock| clock.status == ClockStatus::MetLate) {
        remarks.push(Remark::ReplyLate);
    }
    if case.correction.as_ref().is_some_and(|correction| correction.late) {
        remarks.push(Remark::CorrectionNoticeLate);
    }
    if clock.as_ref().is_some_and(|clock| is_ineffective(clock, IneffectiveReason::AfterDue)) {
        remarks.push(Remark::ExtensionIneffective);
    }
    if clock.as_ref().is_some_and(|clock| is_ineffective(clock, IneffectiveReason::FeeRulesNotInForce)) {
        remarks.push(Remark::FeeBeforeRules);
    }
    let courier = past.method.filter(|method| *method == ServiceMethod::PrivateCourier);
    if courier.is_some_and(|method| {
        matches!(replied_on(method, past.replied_on, None), Err(ServiceError::PrivateCourier { .. }))
    }) {
        remarks.push(Remark::PrivateCourier);
    }
    if is_signing_assumed(past) {
        remarks.push(Remark::ServiceDayAssumed);
    }
    let is_noticed = match past.outcome {
        Some(Outcome::CorrectionLapsed) => past.correction.is_some(),
        Some(Outcome::FeeLapsed) => past.fee.is_some(),
        Some(_) | None => true,
    };
    if !is_noticed {
        remarks.push(Remark::LapseWithoutNotice);
    }
    Ok(remarks)
}

/// Whether the day of signing, which is the day of the reply (D13), is taken from the day the ledger calls that of the reply.
fn is_signing_assumed(past: &Past) -> bool {
    let is_handed_over = match past.method {
        Some(ServiceMethod::Direct | ServiceMethod::Entrusted) => true,
        Some(ServiceMethod::Post | ServiceMethod::PrivateCourier | ServiceMethod::Electronic) | None => false,
    };
    let ended_otherwise =
        matches!(past.outcome, Some(Outcome::CorrectionLapsed | Outcome::FeeLapsed | Outcome::Withdrawn));
    is_handed_over && past.served_on.is_none() && past.outcome.is_some() && !ended_otherwise
}

fn is_ineffective(clock: &ClockAnswer, reason: IneffectiveReason) -> bool {
    clock.derivation.iter().any(|step| step.kind == StepKind::Ineffective && step.reason == Some(reason))
}

fn impossible(error: ClockError) -> Vec<NotAllowed> {
    let pointer = match error {
        ClockError::ExtensionDays { .. } => at::EXTENSION_DAYS,
        ClockError::CorrectionNotRequested { .. } => at::CORRECTION_RECEIVED_ON,
        ClockError::FeeNotNotified { .. } => at::FEE_PAID_ON,
        ClockError::UnknownConsultation { .. }
        | ClockError::DuplicateConsultation { .. }
        | ClockError::ReturnedBeforeSent { .. } => at::CONSULTATION_RETURNED_ON,
        ClockError::FactBeforeReceipt { .. }
        | ClockError::AsOfBeforeReceipt { .. }
        | ClockError::DelayedIntoPast { .. }
        | ClockError::OrderPeriod { .. } => at::RECEIVED_ON,
    };
    let mut fault = NotAllowed::new(error.code(), error.to_string()).at(pointer);
    fault.article = error.article();
    vec![fault]
}
