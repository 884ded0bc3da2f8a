//! The derivation as a clerk, an applicant or a court reads it: every number can be added up again on paper.

use super::answer::{ClockAnswer, ClockStatus, DueIfReturned, StartRule, Step, StepKind};
use super::{Fact, Timeline};
use crate::law::calendar::{Calendar, is_weekend};
use crate::law::dates::weekday;
use chrono::{Datelike, NaiveDate};
use std::fmt::Write;

/// The derivation of one answer, in Chinese.
#[must_use]
pub fn explain(timeline: &Timeline, answer: &ClockAnswer, calendar: &Calendar) -> String {
    let mut text = String::from("答复期限计算说明\n\n");
    let mut section = Sections::default();
    section.write(&mut text, "适用", &[timeline.regime.label().to_owned()]);
    section.write(&mut text, "起算与经过", &course(answer));
    section.write(&mut text, "逐段计算", &spans(timeline, answer, calendar));
    section.write(&mut text, "结论", &conclusion(answer, calendar));
    section.write(&mut text, "工作日依据", &notices(answer, calendar));
    text
}

#[derive(Default)]
struct Sections {
    written: usize,
}

impl Sections {
    fn write(&mut self, text: &mut String, title: &str, lines: &[String]) {
        const NUMBERS: [&str; 5] = ["一", "二", "三", "四", "五"];
        if lines.is_empty() {
            return;
        }
        let number = NUMBERS.get(self.written).copied().unwrap_or("");
        self.written += 1;
        let _ = writeln!(text, "{number}、{title}");
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
    }
}

/// Start, restarts and notices by date.
fn course(answer: &ClockAnswer) -> Vec<String> {
    let mut steps: Vec<&Step> = answer.derivation.iter().collect();
    steps.sort_by_key(|step| step.from);
    steps.into_iter().filter_map(course_line).collect()
}

fn course_line(step: &Step) -> Option<String> {
    let on = step.from;
    let days = step.days.unwrap_or(0);
    let line = match step.kind {
        StepKind::Start => format!("{on} 收到申请，为第0日，自次日起计算；期限{days}个工作日"),
        StepKind::Restart => match (step.rule, step.through, step.days) {
            ("D3", _, _) => format!("{on} 收到补正，期限重新计算{days}个工作日，此日为第0日"),
            ("C-7", _, _) => format!("{on} 收到更改、补充后的申请，作为新的申请计算{days}个工作日，此日为第0日"),
            ("D12", _, _) => format!("{on} 完成缴费，期限自次日起重新计算{days}个工作日"),
            (_, Some(until), _) => format!("{on} 决定或裁判责令答复，限{until}前（含当日）答复"),
            (_, None, _) => format!("{on} 决定或裁判责令答复，期限{days}个工作日，此日为第0日"),
        },
        StepKind::Voided => match step.through {
            Some(until) => format!("{on} 延迟至{until}答复的告知，因期限重新计算而失效"),
            None => format!("{on} 延长{days}个工作日的告知，因期限重新计算而失效"),
        },
        StepKind::NoStop => {
            format!("{on} 征求意见（{}），依该条不停止计算", step.consultations.join("、"))
        }
        StepKind::Extended => format!("{on} 告知延长{days}个工作日，期限未届满，有效"),
        StepKind::Delayed => {
            let until = step.through.unwrap_or(on);
            format!("{on} 告知延迟至{until}答复")
        }
        StepKind::Ineffective => {
            let reason = step.reason.map_or("", |reason| reason.label());
            let what = match step.rule {
                "D3" => "补正",
                "D5" | "D5b" => "延期告知",
                "D8" => "征求意见",
                "D9" => "延迟答复告知",
                "D10" => "收费通知",
                "D12" => "缴费",
                _ => "事项",
            };
            format!("{on} {what}不影响期限：{reason}")
        }
        StepKind::Waiting if step.rule == "C-7" => match step.through {
            Some(received) => format!("{on} 告知更改、补充，{received} 收到；其间不计算在期限内"),
            None => format!("{on} 告知更改、补充，至收到之日止不计算在期限内"),
        },
        StepKind::Waiting if step.rule == "D1" => format!("{on} 告知补正，收到补正后期限重新计算"),
        StepKind::Waiting => format!("{on} 通知缴费，完成缴费后期限重新计算"),
        StepKind::Counted
        | StepKind::Excluded
        | StepKind::Suspended
        | StepKind::Gap
        | StepKind::Due
        | StepKind::Replied
        | StepKind::Ended => return None,
    };
    Some(with_source(line, step))
}

fn with_source(line: String, step: &Step) -> String {
    match (step.article.is_empty(), step.rule.is_empty()) {
        (true, _) => line,
        (false, true) => format!("{line}（{}）", step.article),
        (false, false) => format!("{line}（{}；规则{}）", step.article, step.rule),
    }
}

/// Every span with its number of working days and the running total.
fn spans(timeline: &Timeline, answer: &ClockAnswer, calendar: &Calendar) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sum = 0;
    for step in &answer.derivation {
        let days = step.days.unwrap_or(0);
        let span = || range(step.from, step.through.unwrap_or(step.from));
        match step.kind {
            StepKind::Counted => {
                sum += days;
                let special = special_days(calendar, step.from, step.through.unwrap_or(step.from));
                lines.push(format!("{} 计入{days}个工作日，累计{sum}{special}", span()));
            }
            StepKind::Excluded => {
                let whom = whom(timeline, &step.consultations);
                let special = special_days(calendar, step.from, step.through.unwrap_or(step.from));
                lines.push(format!("{} 不计{days}个工作日：{whom}（{}）{special}", span(), step.article));
            }
            StepKind::Suspended => {
                let whom = whom(timeline, &step.consultations);
                lines.push(format!("{} 起停止计算：{whom}，尚未收到（{}）", step.from, step.article));
            }
            StepKind::Gap => lines.push(format!("{} 起无放假通知，不能继续计算", step.from)),
            StepKind::Start
            | StepKind::Restart
            | StepKind::Voided
            | StepKind::NoStop
            | StepKind::Extended
            | StepKind::Delayed
            | StepKind::Ineffective
            | StepKind::Waiting
            | StepKind::Due
            | StepKind::Replied
            | StepKind::Ended => {}
        }
    }
    lines
}

fn range(from: NaiveDate, through: NaiveDate) -> String {
    if from == through { from.to_string() } else { format!("{from} 至 {through}") }
}

fn whom(timeline: &Timeline, ids: &[String]) -> String {
    if ids.is_empty() {
        return "等候申请人更改、补充申请".to_owned();
    }
    let name = |id: &String| {
        let kind = timeline.facts.iter().find_map(|fact| match fact {
            Fact::ConsultationSent { id: known, kind, .. } if known == id => Some(kind.label()),
            _ => None,
        });
        format!("征求{}意见（{id}）", kind.unwrap_or("有关方面"))
    };
    ids.iter().map(name).collect::<Vec<_>>().join("、")
}

/// Weekdays of rest and weekend days of work, which a reader with a plain calendar would miss.
fn special_days(calendar: &Calendar, from: NaiveDate, through: NaiveDate) -> String {
    let (mut off, mut work) = (Vec::new(), Vec::new());
    for day in from.iter_days().take_while(|day| *day <= through) {
        match calendar.is_working_day(day) {
            Ok(false) if !is_weekend(day) => off.push(day),
            Ok(true) if is_weekend(day) => work.push(day),
            Ok(_) | Err(_) => {}
        }
    }
    let list = |days: &[NaiveDate]| {
        days.iter().map(|day| format!("{}月{}日", day.month(), day.day())).collect::<Vec<_>>().join("、")
    };
    match (off.is_empty(), work.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("；放假：{}", list(&off)),
        (true, false) => format!("；周末上班：{}", list(&work)),
        (false, false) => format!("；放假：{}；周末上班：{}", list(&off), list(&work)),
    }
}

fn conclusion(answer: &ClockAnswer, calendar: &Calendar) -> Vec<String> {
    let status = match answer.overdue_days {
        Some(_) if answer.status == ClockStatus::Running => "已逾期",
        Some(_) | None => answer.status.label(),
    };
    let mut lines = vec![format!("状态：{status}")];
    let start = match answer.start_rule {
        StartRule::Receipt => "收到申请之日",
        StartRule::Correction => "收到补正之日",
        StartRule::FeePayment => "完成缴费之日",
        StartRule::Order => "决定、裁判生效之日",
    };
    lines.push(format!("第0日：{}（{start}）", answer.start));
    lines.extend(on_a_day_of_rest(answer, calendar));
    if let Some(due) = answer.due {
        lines.push(format!("答复期限届满日：{}（当日24时止）", with_weekday(due)));
    }
    if let (Some(total), Some(excluded)) = (answer.total, answer.excluded) {
        lines.push(match excluded {
            0 => format!("共{total}个工作日"),
            _ => format!("共{total}个工作日，另有{excluded}个工作日不计算在内"),
        });
    }
    if let (Some(used), Some(remaining)) = (answer.used, answer.remaining) {
        lines.push(format!("已计{used}个工作日，尚余{remaining}个工作日"));
    }
    if let (Some(days), Some(working)) = (answer.overdue_days, answer.overdue_working_days) {
        lines.push(match working {
            0 => format!("已过届满日{days}日，其间没有工作日"),
            _ => format!("逾期{days}日（{working}个工作日）"),
        });
    }
    match answer.due_if_returned_today {
        Some(DueIfReturned::On(day)) => lines.push(format!("如意见今日收到，届满日为{}", with_weekday(day))),
        Some(DueIfReturned::Gap) => lines.push("如意见今日收到，届满日须待下一年度放假通知".to_owned()),
        None => {}
    }
    if let Some(day) = answer.resumes_on {
        lines.push(match answer.due_if_silent {
            Some(DueIfReturned::On(due)) => format!("如无人答复，停止计算至{day}止，届满日为{}", with_weekday(due)),
            Some(DueIfReturned::Gap) | None => format!("如无人答复，停止计算至{day}止"),
        });
    }
    if let Some(day) = answer.risk_resumes_on {
        lines.push(format!("如补正告知被认定不产生重新计算的效力，且无人答复，停止计算至{day}止"));
    }
    if let Some(day) = answer.risk_due {
        lines.push(format!("如补正告知被认定不产生重新计算的效力，届满日为{}", with_weekday(day)));
    }
    if let Some(missing) = answer.missing {
        lines.push(format!("{missing}所在年度的放假通知尚未载入，不能得出届满日"));
    }
    lines.extend(answer.estimate());
    for step in &answer.derivation {
        match step.kind {
            StepKind::Replied if answer.status == ClockStatus::MetLate => {
                lines.push(format!("{} 答复，已逾期（{}）", step.from, step.article));
            }
            StepKind::Replied => lines.push(with_source(format!("{} 答复", step.from), step)),
            StepKind::Ended => lines.push(format!("{} 终结", step.from)),
            _ => {}
        }
    }
    if matches!(answer.status, ClockStatus::Met | ClockStatus::MetLate) {
        lines.push(REPLY_DAY.to_owned());
    }
    lines
}

/// Which day counts as that of the reply (D13, D14, C-8).
const REPLY_DAY: &str = "答复之日：直接送达、委托送达以签收之日为准，邮寄送达以交邮之日为准，\
                         电子送达以成功发送之日为准；被退回的不是发送（规则D13、D14、C-8）";

/// A receipt on a day of rest stays one; one court began a working day later (C-2).
fn on_a_day_of_rest(answer: &ClockAnswer, calendar: &Calendar) -> Option<String> {
    let is_receipt = matches!(answer.start_rule, StartRule::Receipt | StartRule::Correction);
    if !is_receipt || calendar.is_working_day(answer.start) != Ok(false) {
        return None;
    }
    let later = answer.due.and_then(|due| calendar.add_working_days(due, 1).ok());
    let later = later.map_or_else(String::new, |day| format!("，届满日为{day}；恰在{day}答复的，此处按逾期计"));
    Some(format!(
        "第0日是休息日：仍为收到之日，自下一工作日起计入（规则C-2）。有一例裁判另以下一工作日为第0日（2017-06-18收到、2017-07-10交邮，\
         认定按期）{later}"
    ))
}

fn with_weekday(day: NaiveDate) -> String {
    format!("{day} 星期{}", weekday(day))
}

/// The notices of the years that were counted, and the calendar's version.
fn notices(answer: &ClockAnswer, calendar: &Calendar) -> Vec<String> {
    let counted = answer.derivation.iter().filter(|step| matches!(step.kind, StepKind::Counted | StepKind::Excluded));
    let days = counted.flat_map(|step| [Some(step.from), step.through]).flatten();
    let (first, last) = days.fold((None, None), |(first, last): (Option<i32>, Option<i32>), day| {
        let year = day.year();
        (Some(first.map_or(year, |known| known.min(year))), Some(last.map_or(year, |known| known.max(year))))
    });
    let used = |year: i32| first.is_some_and(|first| first <= year) && last.is_some_and(|last| year <= last);
    let mut lines: Vec<String> = calendar
        .years()
        .iter()
        .filter(|year| used(year.year))
        .flat_map(|year| std::iter::once(&year.notice).chain(&year.amendments))
        .cloned()
        .collect();
    lines.push(format!("日历版本 {}", answer.calendar_version));
    lines
}
