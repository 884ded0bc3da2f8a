//! Reconsideration and suits over the case; an order to answer sets the period anew.

use super::{next_number, receipt_day};
use crate::case::articles;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::Case;
use crate::case::vocabulary::RemedyResult;
use crate::law::ReopenedPeriod;
use chrono::TimeDelta;

pub(super) fn open(case: &Case, payload: &c::OpenRemedy, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reference", &payload.reference, "案号")?;
    not_after_today("/received_on", payload.received_on, context.today)?;
    not_before("/received_on", payload.received_on, receipt_day(case)?, "收到申请之日")?;
    Ok(vec![Event::RemedyOpened {
        number: next_number(case.remedies.iter().map(|one| one.number)),
        remedy: payload.clone(),
    }])
}

pub(super) fn respond(
    case: &Case,
    payload: &c::RespondRemedy,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let found = case.remedies.iter().find(|remedy| remedy.number == payload.remedy && remedy.responded_on.is_none());
    let Some(remedy) = found else {
        return Err(
            NotAllowed::new("no_such_remedy", format!("没有待答辩的第{}号复议或诉讼", payload.remedy)).at("/remedy")
        );
    };
    not_before("/on", payload.on, remedy.opened.received_on, "收到复议诉讼材料的日期")?;
    Ok(vec![Event::RemedyResponded(payload.clone())])
}

pub(super) fn decide(case: &Case, payload: &c::DecideRemedy, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let found = case.remedies.iter().find(|remedy| remedy.number == payload.remedy && remedy.decision.is_none());
    let Some(remedy) = found else {
        return Err(
            NotAllowed::new("no_such_remedy", format!("没有待裁决的第{}号复议或诉讼", payload.remedy)).at("/remedy")
        );
    };
    let base = remedy.responded_on.unwrap_or(remedy.opened.received_on);
    not_before("/on", payload.on, base, "收到复议诉讼材料或答辩的日期")?;
    if let Some(order) = payload.orders_reply_within {
        check_order(case, payload, order)?;
    }
    Ok(vec![Event::RemedyDecided(payload.clone())])
}

/// No decision gives an organ longer than that.
const LONGEST_ORDER: TimeDelta = TimeDelta::days(366);

fn check_order(case: &Case, payload: &c::DecideRemedy, order: ReopenedPeriod) -> Result<(), NotAllowed> {
    if payload.result == RemedyResult::Upheld {
        return Err(
            NotAllowed::new("upheld_orders_nothing", "结果维持的，不会责令重新答复，请核对").at("/orders_reply_within")
        );
    }
    let sensible = match order {
        ReopenedPeriod::Days(days) => (1..=60).contains(&days),
        ReopenedPeriod::Until(until) => until > payload.on && until - payload.on <= LONGEST_ORDER,
    };
    if !sensible {
        return Err(NotAllowed::by_law(
            "ordered_period_out_of_range",
            articles::under(articles::REMEDY, case.regime),
            "责令答复的期限应晚于收到裁决之日，或为1至60个工作日；超过一年的，系统按笔误处理，请对照裁决书核对",
        )
        .at("/orders_reply_within"));
    }
    if let Some(ended) = case.ended_on {
        not_before("/on", payload.on, ended, "原答复或终结日期")?;
    }
    Ok(())
}
