//! What the work needs every day: the calendar, mail, reminders, backups, people.

use super::records::minute;
use super::{Check, Examination, Topic, days_between};
use crate::law::Calendar;
use crate::office::OfficeError;
use crate::office::calendar::national_calendar;
use crate::office::reminders::is_november_before;
use crate::store::cases::{self, obligations};
use crate::store::mail::outbox::{self, MailPause, OutboxFigures};
use crate::store::people::staffing::{Staffing, staffing};
use crate::store::service::inspection::{self, Inspection};
use crate::store::{Ts, carry, reminders as passes};
use chrono::{Datelike, NaiveDate};
use std::time::Duration;

/// Days after which a backup is old.
const BACKUP_DAYS: i64 = 7;
/// How long a mail may wait before something is wrong.
const LONG_WAIT: Duration = Duration::from_secs(24 * 3600);

pub(super) fn calendar(of: &Examination<'_>, open: &mut Inspection) -> Result<Check, OfficeError> {
    let directory = &of.settings.calendar.directory;
    let (calendar, in_gap) =
        open.read(|db| Ok::<_, OfficeError>((national_calendar(db, directory)?, cases::count_in_gap(db)?)))?;
    Ok(judge_calendar(&calendar, in_gap, of.clock.today()))
}

fn judge_calendar(calendar: &Calendar, in_gap: i64, today: NaiveDate) -> Check {
    let topic = Topic::Calendar;
    let last = calendar.last_day();
    let year = last.succ_opt().unwrap_or(last).year();
    let advice = format!("国务院办公厅公布 {year} 年放假安排后录入：gongkai calendar import（见 docs/operations.md）");
    let found = format!("可以计算到 {last}");
    if today > last {
        return Check::fault(topic, format!("{found}，今天没有日历，期限不能计算"), advice);
    }
    if in_gap > 0 {
        return Check::notice(topic, format!("{found}，{in_gap} 件案件的期限超出日历"), advice);
    }
    if is_november_before(year, today) {
        return Check::notice(topic, format!("{found}，还没有 {year} 年的放假安排"), advice);
    }
    Check::ok(topic, found)
}

pub(super) fn mail_queue(open: &mut Inspection) -> Result<Check, OfficeError> {
    let (figures, pause) = open.read(|db| Ok::<_, OfficeError>((outbox::figures(db)?, outbox::paused(db)?)))?;
    Ok(judge_mail(figures, pause.as_ref()))
}

fn judge_mail(figures: OutboxFigures, pause: Option<&MailPause>) -> Check {
    let topic = Topic::MailQueue;
    let OutboxFigures { queued, sending, parked, oldest, .. } = figures;
    let waiting = queued + sending;
    if let Some(MailPause { since, reason }) = pause {
        let found = format!("自 {} 起暂停发送（{reason}），等待 {waiting} 封", minute(*since));
        let advice = "确认原来的服务不再发信之后，运行 gongkai mail resume";
        return Check::notice(topic, found, advice);
    }
    let found = format!("等待 {waiting} 封，最久 {} 小时，搁置 {parked} 封", oldest.as_secs() / 3600);
    if oldest > LONG_WAIT {
        return Check::fault(
            topic,
            found,
            "确认 gongkai serve 在运行、邮件服务器可用；见 docs/operations.md“邮件没有发出”",
        );
    }
    if parked > 0 {
        return Check::notice(topic, found, "管理员查看搁置的邮件（GET /api/v1/mail），改正地址后重新发送或者撤回");
    }
    Check::ok(topic, found)
}

pub(super) fn reminders(of: &Examination<'_>, open: &mut Inspection) -> Result<Check, OfficeError> {
    let (done, latest) =
        open.read(|db| Ok::<_, OfficeError>((passes::pass_done(db)?, obligations::latest_due(db)?)))?;
    Ok(judge_pass(done, latest.is_some(), of.clock.today()))
}

/// `has_duties`: whether there is anything to be reminded of.
fn judge_pass(done: Option<NaiveDate>, has_duties: bool, today: NaiveDate) -> Check {
    let topic = Topic::Reminders;
    let advice = "确认 gongkai serve 在运行；当天的提醒也可以用 gongkai remind 补发";
    match done {
        _ if !has_duties => Check::ok(topic, "没有待提醒的事项"),
        None => Check::notice(topic, "有待办事项，提醒从未运行", advice),
        Some(day) if Some(day) < today.pred_opt() => {
            Check::fault(topic, format!("最近一次提醒在 {day}，昨天和今天都没有运行"), advice)
        }
        Some(day) => Check::ok(topic, format!("最近一次提醒在 {day}")),
    }
}

pub(super) fn backup(of: &Examination<'_>, open: &mut Inspection) -> Result<Check, OfficeError> {
    let (last, cases) = open.read(|db| Ok::<_, OfficeError>((carry::last_backup(db)?, inspection::case_count(db)?)))?;
    Ok(judge_backup(last, cases, of.clock.now()))
}

fn judge_backup(last: Option<Ts>, cases: i64, now: Ts) -> Check {
    let topic = Topic::Backup;
    let advice = "运行 gongkai backup，并设为每夜自动运行，备份转存到另一台机器";
    match last {
        None if cases == 0 => Check::ok(topic, "没有案件，尚未备份"),
        None => Check::fault(topic, format!("已有 {cases} 件案件，从未备份"), advice),
        Some(at) if days_between(at, now) >= BACKUP_DAYS => {
            let days = days_between(at, now);
            Check::notice(topic, format!("最近一次备份在 {days} 天前（{}）", minute(at)), advice)
        }
        Some(at) => Check::ok(topic, format!("最近一次备份 {}", minute(at))),
    }
}

pub(super) fn people(open: &mut Inspection) -> Result<Check, OfficeError> {
    Ok(judge_people(&open.read(staffing)?))
}

fn judge_people(who: &Staffing) -> Check {
    let topic = Topic::People;
    let mut found = Vec::new();
    let mut advice = Vec::new();
    if !who.has_administrator {
        found.push("没有一个在用的系统管理员".to_owned());
        advice.push("运行 gongkai user add … --role admin 新设");
    } else if !who.without_administrator.is_empty() {
        found.push(format!("有在办案件而没有系统管理员的机关：{}", who.without_administrator.join("、")));
        advice.push("由上级机关的管理员指定，或者运行 gongkai user add … --role admin");
    }
    if !who.without_office_head.is_empty() {
        found.push(format!("有在办案件而没有公开工作机构负责人的机关：{}", who.without_office_head.join("、")));
        advice.push("由管理员设负责人（office_head），否则不能批准延期、终结案件");
    }
    if !found.is_empty() {
        return Check::fault(topic, found.join("；"), advice.join("；"));
    }
    if !who.inactive_handlers.is_empty() {
        let names = who.inactive_handlers.join("、");
        return Check::notice(topic, format!("已停用的用户还有在办案件：{names}"), "把这些案件改派给其他承办人");
    }
    Check::ok(topic, "管理员、负责人齐备，在办案件都有在用的承办人")
}
