//! `gongkai remind`: one pass of the reminders for a day, then what is ready is sent.

use super::carried::mail_pause;
use super::common::{checked, open_existing, require_current};
use super::init::explain;
use crate::cli::out::{note, say};
use crate::config::Settings;
use crate::mail::worker::{self, SendOutcome};
use crate::office::reminders::{MailError, Mailroom, Moment, OfficeTime, Queued, RemindReport, Unreachable};
use crate::office::{Clock, Office};
use crate::store::{StoreError, mail::outbox};
use chrono::NaiveDate;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code when the pass could not be run.
const FAILED: u8 = 1;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 按哪一天计算（YYYY-MM-DD），默认今天
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// 只排入队列，不发送
    #[arg(long)]
    no_send: bool,
    /// 只列出将向谁发送什么、为什么，不作任何改动
    #[arg(long)]
    dry_run: bool,
    /// 配置文件
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let read = Settings::from_process(args.config.as_deref()).map_err(|cause| cause.to_string());
    let opened = read.and_then(checked).and_then(|settings| open_existing(settings, Clock::system()));
    let office = match opened.and_then(|office| if args.dry_run { current(office) } else { Ok(office) }) {
        Ok(office) => office,
        Err(cause) => {
            note!("{cause}");
            return ExitCode::from(super::WRONG_USAGE);
        }
    };
    let done = if args.dry_run { preview(&office, args.as_of) } else { remind(&office, args.as_of, !args.no_send) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            note!("提醒未能完成：{}", said(&cause));
            ExitCode::from(FAILED)
        }
    }
}

/// Why the reminders were not queued or sent.
fn said(cause: &MailError) -> String {
    match cause {
        MailError::Office(error) => explain(error),
        MailError::Setup(_) | MailError::Store(_) => cause.to_string(),
    }
}

/// The office, if its database is up to date: a preview changes nothing.
fn current(office: Office) -> Result<Office, String> {
    require_current(&office).map(|()| office)
}

fn remind(office: &Office, as_of: Option<NaiveDate>, is_sending: bool) -> Result<(), MailError> {
    office.store().migrate()?;
    // A calendar that cannot be used must not keep anybody from being reminded.
    if let Err(cause) = office.calendars().adopt_calendars().and_then(|()| office.calendars().apply_calendar()) {
        note!("工作日历未能更新：{cause}");
    }
    let moment = moment(office, as_of);
    let room = office.reminders().mailroom()?;
    let report = room.remind(moment, None)?;
    tell_broken(&room);
    let (looked_at, queued, known) = (report.looked_at, report.queued.len(), report.known);
    let day = moment.day;
    say!("{day} 提醒：临近或者已过期限的事项 {looked_at} 项，新排入 {queued} 项，此前已排入 {known} 项");
    print(&report);
    if is_sending {
        let time = office.clock().office_time().time();
        let office_time: OfficeTime = Arc::new(move || day.and_time(time));
        send(&room, office.settings(), &office_time)?;
    }
    let waiting = office.store().read(outbox::counts)?;
    say!(
        "队列：待发 {} 封，发送中 {} 封，待人工处理 {} 封，累计送出 {} 封",
        waiting.queued,
        waiting.sending,
        waiting.parked,
        waiting.sent
    );
    Ok(())
}

/// Sends what is ready at the office's time and says what came of it.
pub(super) fn send(room: &Mailroom, settings: &Settings, office_time: &OfficeTime) -> Result<(), MailError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| StoreError::Unavailable(cause.to_string()))?;
    if let Some(pause) = room.store().read(outbox::paused)? {
        say!("{}", mail_pause(&pause));
        return Ok(());
    }
    runtime.block_on(async {
        let Some(relay) = room.relay(settings, office_time)? else {
            say!("未配置邮件服务器（smtp.host）：邮件保留在队列中");
            return Ok(());
        };
        let owner = format!("remind-{}", uuid::Uuid::new_v4());
        let SendOutcome { sent, retried, parked, relay_down, .. } =
            worker::deliver_ready(room.store(), &relay, &owner).await?;
        relay.close().await;
        say!("发送：送出 {sent} 封，稍后重试 {retried} 封，退信待处理 {parked} 封");
        if relay_down {
            say!("邮件服务器暂时无法使用，其余邮件保留在队列中");
        }
        Ok(())
    })
}

/// Today at this hour, when mail has to mind the hours; another day as a whole.
fn moment(office: &Office, as_of: Option<NaiveDate>) -> Moment {
    match as_of {
        Some(day) => day.into(),
        None => office.clock().office_time().into(),
    }
}

/// Lists what a pass would queue. Nothing is changed.
fn preview(office: &Office, as_of: Option<NaiveDate>) -> Result<(), MailError> {
    let moment = moment(office, as_of);
    let room = office.reminders().mailroom()?;
    let report = room.preview(moment)?;
    tell_broken(&room);
    let (looked_at, queued, known) = (report.looked_at, report.queued.len(), report.known);
    let day = moment.day;
    say!(
        "{day} 提醒预览（未作任何改动）：临近或者已过期限的事项 {looked_at} 项，将排入 {queued} 项，此前已排入 {known} 项"
    );
    print(&report);
    Ok(())
}

fn tell_broken(room: &Mailroom) {
    for broken in room.broken_templates() {
        note!("{broken}");
    }
}

fn print(report: &RemindReport) {
    if report.withdrawn > 0 {
        say!("  过时而尚未发出的邮件撤回 {} 封", report.withdrawn);
    }
    for line in &report.queued {
        say!("{}", queued_line(line));
    }
    for line in &report.unreachable {
        say!("{}", unreachable_line(line));
    }
}

fn queued_line(line: &Queued) -> String {
    let number = line.case_number.as_deref().unwrap_or("（无编号）");
    let caught_up = if line.missed.is_empty() { String::new() } else { format!("，补发{}次", line.missed.len()) };
    let digest = if line.is_in_digest { "，每日汇总" } else { "" };
    let opens = line.opens.map(|opens| format!("  {}起发送", opens.format("%Y-%m-%d %H:%M"))).unwrap_or_default();
    format!(
        "  {number}  {}  {}  [{}{caught_up}{digest}]  → {} <{}>  {}{opens}",
        line.duty,
        line.says(),
        line.day.rule(line.rule),
        line.person,
        line.to,
        line.because.text()
    )
}

fn unreachable_line(line: &Unreachable) -> String {
    let number = line.case_number.as_deref().unwrap_or("（无编号）");
    let person = line.person.as_deref().unwrap_or("");
    format!("  {number}  {}（{}）  无法发送：{person} {}", line.duty, line.due_on, line.why)
}
