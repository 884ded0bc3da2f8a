//! The values that the templates receive.

use super::{Addressee, Item, Next, NextAction, Parked};
use crate::case::AT_RISK;
use crate::case::reminder_policy::{Audience, DayKind};
use crate::law::{chinese_date, weekday};
use crate::mail::because::Because;
use crate::mail::duty::DutyWords;
use chrono::NaiveDate;
use minijinja::{Value, context};

/// Longest case title in a mail, characters.
const TITLE_MAX_CHARS: usize = 120;

/// The page about one duty.
pub(in crate::mail) fn reminder(addressee: Addressee<'_>, item: &Item) -> Value {
    context! { person => one_line(addressee.person), ..duty(item) }
}

/// The page about a parked mail.
pub(in crate::mail) fn parked(addressee: Addressee<'_>, parked: &Parked<'_>) -> Value {
    context! {
        person => one_line(addressee.person),
        address => one_line(parked.address),
        about => one_line(parked.subject),
        reply => one_line(parked.reply),
        at => parked.at.format("%Y年%-m月%-d日 %H:%M").to_string(),
        mail_id => parked.mail_id,
    }
}

pub(super) fn day_of(item: &Item) -> DayKind {
    DutyWords::of(&item.kind).day(item.is_at_risk)
}

pub(super) fn duty(item: &Item) -> Value {
    let duty = DutyWords::of(&item.kind);
    let day = day_of(item);
    let overdue = item.standing.is_overdue() && day == DayKind::LastDay;
    let has_passed = item.standing.is_overdue();
    let number = match (&item.case_number, &item.case_title) {
        (Some(number), _) => one_line(number),
        (None, Some(_)) => "（尚未编号）".to_owned(),
        (None, None) => String::new(),
    };
    let is_own = item.because.is_own_work();
    context! {
        organ => one_line(&item.organ),
        case_number => number,
        case_title => item.case_title.as_deref().map(|title| cut(&one_line(title))),
        applicant => item.applicant.as_deref().map(one_line),
        duty => duty.label,
        next_title => if is_own { "下一步" } else { urge(item) },
        next_steps => match (day, has_passed) {
            (DayKind::Risk, _) => &AT_RISK_STEPS,
            (DayKind::LastDay | DayKind::FollowUp, true) => duty.overdue,
            (DayKind::LastDay | DayKind::FollowUp, false) => duty.in_time,
        }.to_vec(),
        actions_title => item.next.as_ref().and_then(actions_title),
        actions => item.next.as_ref().map(|next| actions(next, item.as_of)).unwrap_or_default(),
        other_actions => item.next.as_ref().map(|next| next.others.join("、")).unwrap_or_default(),
        article => one_line(&item.article),
        due_long => match item.latest_on {
            Some(latest) => format!("最早{}，最晚{}", long_date(item.due_on), long_date(latest)),
            None => long_date(item.due_on),
        },
        due_short => format!("{}{}", if item.latest_on.is_some() { "最早" } else { "" }, chinese_date(item.due_on)),
        day => day.name(),
        day_wide => wide(day),
        is_follow_up => duty.is_follow_up,
        standing => day.standing(item.standing),
        as_of => chinese_date(item.as_of),
        overdue => overdue,
        passed => has_passed,
        in_charge => item.in_hand.as_deref().map(one_line),
        in_hand => item.in_hand.as_deref().filter(|_| !is_own).map(one_line),
        black => item.is_black,
        missed => missed(&item.missed, day.name()),
        approximate => item.estimate.clone().or(item.unknown_year.map(unknown_year)),
        risk => item.is_at_risk.then_some(AT_RISK),
        reason => one_line(&item.because.text()),
    }
}

/// Next steps while the correction is awaited after a late notice.
const AT_RISK_STEPS: [&str; 2] =
    ["收到补正后随即登记、抓紧办理，尽早答复；在此之前不能拟办。", "补正期限届满仍未补正的，登记视为放弃。"];

/// The name of the day, padded to the width of the other headings of a mail.
const fn wide(day: DayKind) -> &'static str {
    match day {
        DayKind::LastDay => "期　　限",
        DayKind::Risk => "风 险 日",
        DayKind::FollowUp => "核 查 日",
    }
}

/// The request to recipients who do not do the work themselves.
fn urge(item: &Item) -> &'static str {
    let is_above = match &item.because {
        Because::Is(audience, _) | Because::StandsIn(audience, ..) | Because::DeputyElsewhere(audience) => {
            matches!(audience, Audience::Leader | Audience::Supervisor)
        }
        Because::HandlerLeft(_) => return "请您另行指定承办人员，并督促办理",
        Because::ForDepartment(_) => return "请您转告并督促承办科室",
        Because::OfDepartment(_)
        | Because::OfOffice
        | Because::Decides
        | Because::NobodyDecides
        | Because::DecidesFor(..)
        | Because::HandlerAway(..)
        | Because::NobodyElse => false,
    };
    match (item.is_black && !item.is_at_risk, is_above) {
        (true, true) => "逾期已达黑色预警，请您督办：责令承办人员立即办理，并查明逾期原因",
        (true, false) => "逾期已达黑色预警，请您立即督促承办人员并报告逾期原因",
        (false, true | false) => "请您督促承办人员",
    }
}

fn actions_title(next: &Next) -> Option<&'static str> {
    if next.steps.is_empty() && next.others.is_empty() {
        return None;
    }
    Some(if next.is_for_reader {
        "按案件目前的状态，您可以办理"
    } else {
        "按案件目前的状态，承办人员可以办理"
    })
}

fn actions(next: &Next, as_of: NaiveDate) -> Vec<String> {
    let line = |action: &NextAction| match action.until.filter(|until| *until >= as_of) {
        Some(until) => format!("{}（最迟{}；{}）", action.label, chinese_date(until), action.article),
        None => format!("{}（{}）", action.label, action.article),
    };
    next.steps.iter().map(line).collect()
}

fn missed(days: &[NaiveDate], counted_from: &str) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let which = match days.len() {
        1 => format!("按{counted_from}推算应于{}发出的提醒", chinese_date(*first)),
        n => {
            let (first, last) = (chinese_date(*first), chinese_date(*last));
            format!("按{counted_from}推算应于{first}至{last}发出的{n}次提醒")
        }
    };
    Some(format!(
        "{which}没有在当日发出（服务未运行，或者事项、期限、承办人员在其后才登记），合并为这一封，不再逐封补发。"
    ))
}

fn unknown_year(year: i32) -> String {
    format!(
        "系统尚未载入{year}年的放假安排，涉及{year}年的期限和工作日暂按周一至周五（不含法定节假日）推算，请以国务院办公厅通知为准，宜提前办理。"
    )
}

/// A date in official style, with the day of the week.
fn long_date(day: NaiveDate) -> String {
    format!("{}（星期{}）", chinese_date(day), weekday(day))
}

/// Replaces every character that could end a line, in a header or in the layout of the text.
pub(in crate::mail) fn one_line(text: &str) -> String {
    let flat: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    flat.trim().to_owned()
}

fn cut(title: &str) -> String {
    if title.chars().count() <= TITLE_MAX_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_MAX_CHARS).chain(std::iter::once('…')).collect()
}
