//! What the organ asks of the applicant: correction, reasons, a fee; and the applicant's withdrawal.

use super::answer::not_before_it_came_back;
use super::receipt_day;
use crate::case::articles;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::preconditions::lapsing_notice;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::Case;
use crate::case::vocabulary::{FeeBasis, Notice};
use crate::law::{Outcome, Regime, fee};
use chrono::NaiveDate;

/// The first day of the fee rules (国办函〔2020〕109号).
const FEE_RULES_IN_FORCE: NaiveDate = match NaiveDate::from_ymd_opt(2021, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// No notice asks for an answer within zero days, and none may wait for ever.
const RESPOND_DAYS: std::ops::RangeInclusive<u16> = 1..=60;

fn respond_days(days: u16, article: &'static str) -> Result<(), NotAllowed> {
    if RESPOND_DAYS.contains(&days) {
        return Ok(());
    }
    Err(NotAllowed::by_law("unreasonable_period", article, "给申请人的期限应合理：1至60个工作日").at("/respond_days"))
}

fn served_after(served_on: Option<NaiveDate>, sent: NaiveDate, context: &Context<'_>) -> Result<(), NotAllowed> {
    let Some(served_on) = served_on else { return Ok(()) };
    not_after_today("/served_on", served_on, context.today)?;
    not_before("/served_on", served_on, sent, "通知发出日期")
}

pub(super) fn request_correction(
    case: &Case,
    payload: &c::RequestCorrection,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    served_after(payload.served_on, payload.on, context)?;
    let article = articles::under(articles::CORRECTION, case.regime);
    respond_days(payload.respond_days, article)?;
    if payload.items.is_empty() || payload.items.iter().any(|item| item.trim().is_empty()) {
        return Err(NotAllowed::by_law("items_required", article, "须一次性列明全部需要补正的事项").at("/items"));
    }
    // After the seventh working day the notice may still be given (C-7b; Order 492 sets it no day of its own, D1b); once
    // the whole period is over there is nothing left that it could stop or start anew.
    if let Some(due) = case.due(context).filter(|due| payload.on > *due) {
        return Err(NotAllowed::by_law(
            "correction_after_due",
            articles::under(articles::REPLY_PERIOD, case.regime),
            format!("答复期限已于{due}届满，其后的告知不能停止或者重新计算期限；请尽快答复"),
        )
        .at("/on"));
    }
    let late = case.correction_notice_due(context.calendar).is_some_and(|last| payload.on > last);
    Ok(vec![Event::CorrectionRequested { notice: payload.clone(), late }])
}

pub(super) fn serve_notice(
    case: &Case,
    payload: &c::ServeNotice,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let sent = match payload.notice {
        Notice::Correction => case
            .correction
            .as_ref()
            .filter(|c| c.notice.served_on.is_none() && c.received_on.is_none())
            .map(|c| c.notice.on),
        Notice::Justification => case
            .justification
            .as_ref()
            .filter(|j| j.request.served_on.is_none() && j.received.is_none())
            .map(|j| j.request.on),
        Notice::Fee => {
            case.fee.as_ref().filter(|f| f.notice.served_on.is_none() && f.paid_on.is_none()).map(|f| f.notice.on)
        }
    };
    let Some(sent) = sent else {
        return Err(
            NotAllowed::new("no_such_notice", format!("没有待登记送达的{}", payload.notice.label())).at("/notice")
        );
    };
    not_before("/on", payload.on, sent, "通知发出日期")?;
    Ok(vec![Event::NoticeServed(payload.clone())])
}

pub(super) fn receive_correction(
    case: &Case,
    payload: &c::ReceiveCorrection,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/request", &payload.request, "补正后的申请内容")?;
    not_after_today("/on", payload.on, context.today)?;
    if let Some(correction) = &case.correction {
        not_before("/on", payload.on, correction.notice.on, "补正通知发出日期")?;
    }
    // Where the period only stood still the application stays the one that was received (C-7).
    let regime = match case.regime {
        Some(regime) if context.rules.clock_options().correction_pauses(regime) => regime,
        Some(_) | None => Regime::for_receipt(payload.on),
    };
    Ok(vec![Event::CorrectionReceived { correction: payload.clone(), regime }])
}

pub(super) fn lapse(case: &Case, payload: &c::Lapse, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "认定无正当理由的情况")?;
    not_after_today("/on", payload.on, context.today)?;
    let (notice, article) = lapsing_notice(case);
    let last = case.notice_due(notice, context.calendar);
    if last.is_none_or(|last| payload.on <= last) {
        return Err(NotAllowed::by_law("period_still_running", article, "期满前不能视为放弃").at("/on"));
    }
    let outcome = match notice {
        Notice::Fee => Outcome::FeeLapsed,
        // Under Order 492 the notice itself is a reply, and stays it when nothing follows (C-7).
        Notice::Correction | Notice::Justification if case.regime == Some(Regime::Order492) => {
            Outcome::O492AmendRequested
        }
        Notice::Correction | Notice::Justification => Outcome::CorrectionLapsed,
    };
    Ok(vec![Event::Lapsed { lapse: payload.clone(), outcome }])
}

pub(super) fn request_justification(
    case: &Case,
    payload: &c::RequestJustification,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/facts", &payload.facts, "申请数量、频次的事实")?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    served_after(payload.served_on, payload.on, context)?;
    respond_days(payload.respond_days, articles::EXCESSIVE)?;
    Ok(vec![Event::JustificationRequested(payload.clone())])
}

pub(super) fn receive_justification(
    case: &Case,
    payload: &c::ReceiveJustification,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reasons", &payload.reasons, "申请人说明的理由及审查意见")?;
    not_after_today("/on", payload.on, context.today)?;
    if let Some(justification) = &case.justification {
        not_before("/on", payload.on, justification.request.on, "要求说明理由的日期")?;
    }
    Ok(vec![Event::JustificationReceived(payload.clone())])
}

pub(super) fn notify_fee(case: &Case, payload: &c::NotifyFee, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, case.period_start().unwrap_or(receipt_day(case)?), "本次答复期限起算日")?;
    served_after(payload.served_on, payload.on, context)?;
    if payload.on < FEE_RULES_IN_FORCE {
        return Err(NotAllowed::by_law(
            "fee_rules_not_in_force",
            articles::FEE,
            "信息处理费管理办法自2021年1月1日起施行",
        )
        .at("/on"));
    }
    if let Some(due) = case.due(context).filter(|due| payload.on > *due) {
        return Err(NotAllowed::by_law(
            "fee_after_due",
            articles::FEE_PAYMENT,
            format!("收费通知应当在申请处理期限内发出，期限已于{due}届满"),
        )
        .at("/on"));
    }
    let amount_yuan = charge(payload);
    if amount_yuan == 0 {
        return Err(NotAllowed::by_law(
            "nothing_to_charge",
            articles::FEE,
            "按所填件数或页数，未超出免费范围（每月10件、每件30页），不得收费",
        )
        .at("/count"));
    }
    Ok(vec![Event::FeeNotified { fee: payload.clone(), amount_yuan }])
}

/// The charge for this application: by the piece what the month's scale gives more with it than before it.
fn charge(payload: &c::NotifyFee) -> u64 {
    match payload.basis {
        FeeBasis::ByItem => {
            let pieces = |count: u32| fee::by_item(u16::try_from(count).unwrap_or(u16::MAX)).amount_yuan;
            pieces(payload.count).saturating_sub(pieces(payload.counted_before))
        }
        FeeBasis::ByPage => fee::by_page(payload.count).amount_yuan,
    }
}

pub(super) fn pay_fee(case: &Case, payload: &c::PayFee, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    if let Some(fee) = &case.fee {
        not_before("/on", payload.on, fee.notice.on, "收费通知发出日期")?;
    }
    Ok(vec![Event::FeePaid(payload.clone())])
}

pub(super) fn withdraw(case: &Case, payload: &c::Withdraw, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, case.period_start().unwrap_or(case.intake.submitted_on), "收到日期")?;
    if !payload.identity_checked {
        return Err(NotAllowed::by_law(
            "identity_not_checked",
            articles::WITHDRAWAL,
            "撤回须为书面并经核对身份；未核对身份的，原申请继续办理",
        )
        .at("/identity_checked"));
    }
    not_before_it_came_back(case, payload.on)?;
    Ok(vec![Event::Withdrawn(payload.clone())])
}
