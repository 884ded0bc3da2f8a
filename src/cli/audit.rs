//! `gongkai audit`: whether what is stored is what it must be, and the audit log. Exit code 1 when something was found.

mod log;

use super::common::ConfigArgs;
use crate::cli::init::explain;
use crate::cli::out::{note, say};
use crate::office::calendar::self_check::Difference;
use crate::office::evidence::finding::Finding;
use crate::office::{Clock, OfficeError};
use crate::store::CaseId;
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Exit code when something was found.
const FINDINGS: u8 = 1;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 重新计算每个案件、每个事项的期限，列出与库中不一致的各处
    Clocks {
        #[command(flatten)]
        config: ConfigArgs,
        /// 按 JSON 输出，每行一处
        #[arg(long)]
        json: bool,
    },
    /// 核对全部记录：案件记录链、案件、事项、申请人、编号、审计链、邮件、督办单、公布的报告；只读，不改动数据
    Verify {
        #[command(flatten)]
        config: ConfigArgs,
        /// 只核对这件案件（案件标识）
        #[arg(long, value_name = "ID")]
        case: Option<Uuid>,
        /// 各日锚定的文件；不填则用配置的 evidence.anchor_file
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
        /// 按 JSON 输出，每行一处
        #[arg(long)]
        json: bool,
    },
    /// 锚定：把当日全部新增记录的总哈希写入锚定文件，并发给审计人员（服务每夜自动进行）
    Anchor {
        #[command(flatten)]
        config: ConfigArgs,
        /// 另起锚定文件：原文件改名保存；用于由备份恢复之后，记入审计
        #[arg(long)]
        begin: bool,
    },
    /// 列出审计记录，最近的在前
    Log(log::LogArgs),
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let found = match args.command {
        Command::Clocks { config, json } => clocks(&config, json),
        Command::Verify { config, case, anchors, json } => verify(&config, case.map(CaseId), anchors, json),
        Command::Anchor { config, begin } => anchor(&config, begin).map(|()| 0),
        Command::Log(args) => log::run(&args).map(|()| 0),
    };
    match found {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FINDINGS),
        Err(reason) => {
            note!("{reason}");
            ExitCode::from(super::WRONG_USAGE)
        }
    }
}

fn clocks(config: &ConfigArgs, json: bool) -> Result<u64, String> {
    let office = config.office_to_read(Clock::system())?;
    let (check, listed) = office.calendars().check_clocks().map_err(|error| error.to_string())?;
    for one in &listed {
        say!("{}", if json { serde_json::to_string(one).map_err(|error| error.to_string())? } else { line(one) });
    }
    if !json {
        let (cases, duties, differences) = (check.cases, check.duties, check.differences);
        say!("{} 自查：案件 {cases} 件，事项 {duties} 项，不一致 {differences} 处", check.checked_on);
    }
    Ok(check.differences)
}

fn anchor(config: &ConfigArgs, begin: bool) -> Result<(), String> {
    let office = config.office(Clock::system())?;
    if begin {
        match office.evidence().begin_anchor_file().map_err(|error| explain(&error))? {
            Some(put_away) => note!("原锚定文件改名为 {}", put_away.display()),
            None => note!("没有原锚定文件"),
        }
    }
    match office.evidence().anchor().map_err(|error| explain(&error))? {
        Some(line) => say!("{line}"),
        None => note!("今天已经锚定（每日一行，服务当日首次运行或者凌晨三点后自动进行）"),
    }
    Ok(())
}

fn verify(config: &ConfigArgs, case: Option<CaseId>, anchors: Option<PathBuf>, json: bool) -> Result<u64, String> {
    let office = config.office_to_read(Clock::system())?;
    if let Some(Err(error)) = anchors.as_ref().map(std::fs::read_to_string) {
        return Err(format!("锚定文件不能读取：{error}；请核对 --anchors 的路径，应为各日锚定值逐行存成的文本文件"));
    }
    let anchors = anchors.or_else(|| office.evidence().expected_anchors());
    if case.is_none() && anchors.is_none() {
        note!("没有锚定文件：没有与库外的锚定核对");
    }
    let mut print = |finding: Finding| {
        // A finding holds only texts and numbers, so it can be serialised.
        let text = if json { serde_json::to_string(&finding).unwrap_or_default() } else { finding_line(&finding) };
        say!("{text}");
    };
    let done = office.evidence().verify(case, anchors.as_deref(), &mut print).map_err(|error| match error {
        OfficeError::NotFound => "没有这件案件，也没有它的记录".to_owned(),
        other => format!("核对没有完成：{other}"),
    })?;
    if !json {
        say!(
            "核对：案件 {} 件，案件记录 {} 条，事项 {} 项，督办单 {} 份，邮件 {} 封，审计记录 {} 条，不符 {} 处",
            done.cases,
            done.events,
            done.duties,
            done.orders,
            done.mails,
            done.audit_entries,
            done.findings
        );
    }
    Ok(done.findings)
}

fn finding_line(finding: &Finding) -> String {
    let number = finding.number.as_deref().unwrap_or("（无编号）");
    let id = finding.id.as_deref().unwrap_or("（无标识）");
    let seq = finding.seq.map_or_else(String::new, |seq| format!("  第{seq}条"));
    let what = finding.what.as_ref().map_or_else(String::new, |what| format!("  {what}"));
    let (label, code, table) = (finding.label, finding.kind.code(), finding.table);
    let (written, expected) = (&finding.written, &finding.expected);
    format!("  {label}（{code}）  {table}  {number}  {id}{seq}{what}：库中 {written}，应为 {expected}")
}

fn line(one: &Difference) -> String {
    let number = one.number.as_deref().unwrap_or("（无编号）");
    let case = one.case_id.map_or_else(|| "（无案件）".to_owned(), |id| id.to_string());
    format!("  {number}  {case}  {}：库中 {}，重新计算 {}", one.what, one.written, one.computed)
}
