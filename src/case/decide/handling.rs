//! Work inside the organ and with others: tasks, searches, consultations, delay and extension.

use super::{next_number, receipt_day};
use crate::case::articles;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::{Case, Consultation};
use crate::law::Regime;
use chrono::{NaiveDate, TimeDelta};

/// The most working days a department may be given: more than the whole period makes no sense.
const TASK_DAYS: std::ops::RangeInclusive<u16> = 1..=20;

pub(super) fn assign(case: &Case, payload: &c::Assign, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    let days = payload.days.unwrap_or(context.rules.task_days);
    if !TASK_DAYS.contains(&days) {
        return Err(NotAllowed::new("task_days_out_of_range", "科室反馈期限为1至20个工作日").at("/days"));
    }
    let assign = c::Assign { days: Some(days), ..payload.clone() };
    Ok(vec![Event::TaskAssigned { task: next_number(case.tasks.iter().map(|one| one.number)), assign }])
}

pub(super) fn answer_task(
    case: &Case,
    payload: &c::AnswerTask,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/opinion", &payload.opinion, "会办意见")?;
    not_after_today("/on", payload.on, context.today)?;
    let Some(task) = case.tasks.iter().find(|task| task.number == payload.task && task.is_open()) else {
        return Err(NotAllowed::new("no_such_task", format!("没有待反馈的第{}号分办事项", payload.task)).at("/task"));
    };
    let of_office = crate::case::actors::is_office(context.actor);
    if !of_office && context.actor.department != Some(task.assign.department_id) {
        return Err(NotAllowed::new("not_your_department", "该事项分办给其他科室，须由该科室反馈").at("/task"));
    }
    not_before("/on", payload.on, task.assign.on, "分办日期")?;
    Ok(vec![Event::TaskAnswered(payload.clone())])
}

pub(super) fn withdraw_task(
    case: &Case,
    payload: &c::WithdrawTask,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "撤回分办的理由")?;
    let on = payload.on.unwrap_or(context.today);
    not_after_today("/on", on, context.today)?;
    let Some(task) = case.tasks.iter().find(|task| task.number == payload.task && task.is_open()) else {
        let detail =
            format!("没有待反馈的第{}号分办事项；已经反馈的不能撤回，反馈有误的请更正那一步的记录", payload.task);
        return Err(NotAllowed::new("no_such_task", detail).at("/task"));
    };
    not_before("/on", on, task.assign.on, "分办日期")?;
    Ok(vec![Event::TaskWithdrawn { task: payload.task, on, reason: payload.reason.clone() }])
}

pub(super) fn reassign(case: &Case, payload: &c::Reassign, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "改派的理由")?;
    let on = payload.on.unwrap_or(context.today);
    not_after_today("/on", on, context.today)?;
    not_before("/on", on, case.intake.came_in_on(), "收件日期")?;
    if let Some(last) = case.assignments.iter().map(|assignment| assignment.on).max() {
        not_before("/on", on, last, "上次分办或者改派的日期")?;
    }
    let c::Reassign { department_id, handler_id, reason, .. } = payload.clone();
    Ok(vec![Event::Reassigned { on, department_id, handler_id, reason }])
}

pub(super) fn record_search(
    case: &Case,
    payload: &c::RecordSearch,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/searched_by", &payload.searched_by, "检索人")?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    for (pointer, list, what) in [("/places", &payload.places, "检索范围"), ("/terms", &payload.terms, "检索用语")]
    {
        if list.is_empty() || list.iter().any(|entry| entry.trim().is_empty()) {
            return Err(NotAllowed::by_law(
                "search_not_described",
                articles::SEARCH,
                format!("检索记录须写明{what}，以证明已尽充分合理的查找、检索义务"),
            )
            .at(pointer));
        }
    }
    Ok(vec![Event::SearchRecorded(payload.clone())])
}

pub(super) fn open_consultation(
    case: &Case,
    payload: &c::OpenConsultation,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/party", &payload.party, "征求意见对象")?;
    said("/subject", &payload.subject, "征求意见的内容")?;
    not_after_today("/sent_on", payload.sent_on, context.today)?;
    not_before("/sent_on", payload.sent_on, receipt_day(case)?, "收到日期")?;
    for (pointer, day) in [("/served_on", payload.served_on), ("/applicant_told_on", payload.applicant_told_on)] {
        if let Some(day) = day {
            not_after_today(pointer, day, context.today)?;
            not_before(pointer, day, payload.sent_on, "征求意见书发出日期")?;
        }
    }
    Ok(vec![Event::ConsultationOpened {
        consultation: next_number(case.consultations.iter().map(|one| one.number)),
        opened: payload.clone(),
    }])
}

fn unreturned(case: &Case, number: u16) -> Result<&Consultation, NotAllowed> {
    case.consultations.iter().find(|found| found.number == number && found.returned.is_none()).ok_or_else(|| {
        NotAllowed::new("no_such_consultation", format!("没有尚未收到意见的第{number}号征求意见")).at("/consultation")
    })
}

pub(super) fn serve_consultation(
    case: &Case,
    payload: &c::ServeConsultation,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    let consultation = unreturned(case, payload.consultation)?;
    if consultation.opened.served_on.is_some() {
        return Err(NotAllowed::new("already_served", "该征求意见书的送达日期已登记").at("/consultation"));
    }
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, consultation.opened.sent_on, "征求意见书发出日期")?;
    Ok(vec![Event::ConsultationServed(payload.clone())])
}

pub(super) fn return_consultation(
    case: &Case,
    payload: &c::ReturnConsultation,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    let consultation = unreturned(case, payload.consultation)?;
    not_after_today("/on", payload.on, context.today)?;
    not_before(
        "/on",
        payload.on,
        consultation.opened.served_on.unwrap_or(consultation.opened.sent_on),
        "征求意见书发出或送达日期",
    )?;
    Ok(vec![Event::ConsultationReturned(payload.clone())])
}

/// A notice is in time on or before the due date of that day.
fn in_time(
    pointer: &'static str,
    on: NaiveDate,
    due: Option<NaiveDate>,
    article: &'static str,
) -> Result<(), NotAllowed> {
    match due {
        Some(due) if on > due => Err(NotAllowed::by_law(
            "extension_after_due",
            article,
            format!("答复期限已于{due}届满，{on}才告知申请人的延长不发生效力；请尽快答复"),
        )
        .at(pointer)),
        _ => Ok(()),
    }
}

/// The article wants a reasonable delay and names no length; what exceeds a year is a slip of the pen.
const LONGEST_DELAY: TimeDelta = TimeDelta::days(366);

pub(super) fn delay_reply(
    case: &Case,
    payload: &c::DelayReply,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "延迟答复的理由")?;
    not_after_today("/on", payload.on, context.today)?;
    if let Some(received) = case.justification.as_ref().and_then(|j| j.received.as_ref()) {
        not_before("/on", payload.on, received.on, "收到理由说明的日期")?;
    }
    let due = case.due(context);
    in_time("/on", payload.on, due, articles::EXCESSIVE)?;
    not_before("/until", payload.until, due.unwrap_or(payload.on), "现答复期限届满日")?;
    if payload.until - payload.on > LONGEST_DELAY {
        return Err(NotAllowed::by_law(
            "unreasonable_period",
            articles::EXCESSIVE,
            "延迟答复的期限应当合理；自告知之日起超过一年的，系统按笔误处理，请核对",
        )
        .at("/until"));
    }
    // Of a year whose notice is not out: rest days of the week and statutory holidays are no working days either.
    if !context.calendar.is_estimated_working_day(payload.until) {
        let instead = context.calendar.add_estimated(payload.until, 1);
        let detail = format!("{}不是工作日，可以改为{instead}", payload.until);
        return Err(NotAllowed::by_law("not_a_working_day", articles::EXCESSIVE, detail).at("/until"));
    }
    Ok(vec![Event::ReplyDelayed(payload.clone())])
}

pub(super) fn extend(case: &Case, payload: &c::Extend, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "延长答复期限的理由")?;
    let regime = case.regime.unwrap_or(Regime::Order711);
    let most = regime.extension_max_days();
    if payload.days == 0 || u32::from(payload.days) > most {
        return Err(NotAllowed::by_law(
            "extension_days_out_of_range",
            regime.reply_article(),
            format!("延长的期限为1至{most}个工作日，所填为{}个", payload.days),
        )
        .at("/days"));
    }
    not_after_today("/approved_on", payload.approved_on, context.today)?;
    not_after_today("/notified_on", payload.notified_on, context.today)?;
    let start = case.period_start().unwrap_or(receipt_day(case)?);
    not_before("/approved_on", payload.approved_on, start, "本次答复期限起算日")?;
    not_before("/notified_on", payload.notified_on, payload.approved_on, "负责人同意日期")?;
    in_time("/notified_on", payload.notified_on, case.due(context), regime.reply_article())?;
    Ok(vec![Event::Extended(payload.clone())])
}
