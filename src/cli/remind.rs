//! `gongkai remind`: one pass of the reminders for a day, then what is ready is sent.

use crate::config::Settings;
use crate::mail::RemindReport;
use crate::mail::schedule::{MailError, Queued, Unreachable};
use crate::mail::smtp::Relay;
use crate::mail::worker::{self, Outcome};
use crate::office::{Clock, Office};
use crate::store::{StoreError, outbox};
use chrono::NaiveDate;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// 配置文件
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let settings = match Settings::from_process(args.config.as_deref()) {
        Ok(settings) => settings,
        Err(cause) => {
            eprintln!("{cause}");
            return ExitCode::from(super::WRONG_USAGE);
        }
    };
    match remind(settings, args.as_of, !args.no_send) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("提醒未能完成：{cause}");
            ExitCode::from(FAILED)
        }
    }
}

fn remind(settings: Settings, as_of: Option<NaiveDate>, is_sending: bool) -> Result<(), MailError> {
    let office = Office::open(settings, Clock::system())?;
    office.store().migrate()?;
    // A calendar that cannot be used must not keep anybody from being reminded.
    if let Err(cause) = office.adopt_calendars().and_then(|()| office.apply_calendar()) {
        eprintln!("工作日历未能更新：{cause}");
    }
    office.resume_silent().map_err(|cause| StoreError::Unavailable(cause.to_string()))?;
    let as_of = as_of.unwrap_or_else(|| office.clock().today());
    let report = office.mailroom()?.remind(as_of, None)?;
    print(as_of, &report);
    if is_sending {
        send(&office)?;
    }
    let waiting = office.store().read(outbox::counts)?;
    println!(
        "队列：待发 {} 封，发送中 {} 封，待人工处理 {} 封，累计送出 {} 封",
        waiting.queued, waiting.sending, waiting.parked, waiting.sent
    );
    Ok(())
}

/// Sends what is ready and says what came of it.
pub(super) fn send(office: &Office) -> Result<(), MailError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| StoreError::Unavailable(cause.to_string()))?;
    runtime.block_on(async {
        let Some(relay) = Relay::from_settings(&office.settings().smtp)? else {
            println!("未配置邮件服务器（smtp.host）：邮件保留在队列中");
            return Ok(());
        };
        let owner = format!("remind-{}", uuid::Uuid::new_v4());
        let Outcome { sent, retried, parked, relay_down, .. } =
            worker::deliver_ready(office.store(), &relay, &owner).await?;
        relay.close().await;
        println!("发送：送出 {sent} 封，稍后重试 {retried} 封，退信待处理 {parked} 封");
        if relay_down {
            println!("邮件服务器暂时无法使用，其余邮件保留在队列中");
        }
        Ok(())
    })
}

fn print(as_of: NaiveDate, report: &RemindReport) {
    let (looked_at, queued, known) = (report.looked_at, report.queued.len(), report.known);
    println!("{as_of} 提醒：临近或者已过期限的事项 {looked_at} 项，新排入 {queued} 封，此前已排入 {known} 封");
    for line in &report.queued {
        println!("{}", queued_line(line));
    }
    for line in &report.unreachable {
        println!("{}", unreachable_line(line));
    }
}

fn queued_line(line: &Queued) -> String {
    let number = line.case_number.as_deref().unwrap_or("（无编号）");
    let caught_up = if line.missed.is_empty() { String::new() } else { format!("，补发{}次", line.missed.len()) };
    format!(
        "  {number}  {}  期限{}  {}  [{}{caught_up}]  → {} <{}>  {}",
        line.duty,
        line.due_on,
        line.standing.label(),
        line.rule.code(),
        line.person,
        line.to,
        line.because.text()
    )
}

fn unreachable_line(line: &Unreachable) -> String {
    let number = line.case_number.as_deref().unwrap_or("（无编号）");
    let person = line.person.as_deref().unwrap_or("");
    format!("  {number}  {}  期限{}  无法发送：{person} {}", line.duty, line.due_on, line.why)
}
