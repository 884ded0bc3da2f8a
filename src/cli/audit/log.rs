//! `gongkai audit log`: the audit log, for the operator at the machine.

use crate::case::AuditAction;
use crate::cli::common::ConfigArgs;
use crate::cli::out::say;
use crate::law::civil_time;
use crate::office::evidence::log::{AuditQuery, action_label};
use crate::office::{Clock, Office, OfficeError};
use crate::store::CaseId;
use crate::store::evidence::audit::NamedAudit;
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

/// Entries read at once.
const PAGE: i64 = 500;

#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 机关代码；默认全部，包括与具体机关无关的
    #[arg(long)]
    organ: Option<String>,
    /// 包括该机关的下级机关
    #[arg(long, requires = "organ")]
    with_subordinates: bool,
    /// 操作人的用户名
    #[arg(long)]
    actor: Option<String>,
    /// 案件标识
    #[arg(long, value_name = "ID")]
    case: Option<Uuid>,
    /// 操作的代码，例如 applicant.revealed
    #[arg(long, value_parser = action)]
    action: Option<AuditAction>,
    /// 起始日（YYYY-MM-DD）
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// 截止日（YYYY-MM-DD），含当日
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// 至多列出的条数；默认全部
    #[arg(long, value_name = "N")]
    limit: Option<i64>,
    /// 按 JSON 输出，每行一条
    #[arg(long)]
    json: bool,
}

fn action(code: &str) -> Result<AuditAction, String> {
    let known: Vec<&str> = AuditAction::ALL.iter().map(|action| action.code()).collect();
    AuditAction::from_code(code).ok_or_else(|| format!("应为以下之一：{}", known.join(" ")))
}

/// Lists the entries.
///
/// # Errors
/// A text for the operator.
pub(super) fn run(args: &LogArgs) -> Result<(), String> {
    let office = args.config.office_to_read(Clock::system())?;
    let named = office.evidence().named(args.organ.as_deref(), args.actor.as_deref()).map_err(explain)?;
    let query = AuditQuery {
        organ: named.0,
        with_subordinates: args.with_subordinates,
        actor: named.1,
        case: args.case.map(CaseId),
        action: args.action,
        from: args.from,
        until: args.until,
    };
    print(&office, &query, args.limit.unwrap_or(i64::MAX), args.json)
}

fn print(office: &Office, query: &AuditQuery, most: i64, json: bool) -> Result<(), String> {
    let (mut after, mut left) = (None, most);
    while left > 0 {
        let page = office.evidence().all_entries(query, after, PAGE.min(left)).map_err(explain)?;
        let Some(last) = page.last() else { break };
        after = Some((last.row.at, last.row.id));
        left = left.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        for entry in &page {
            say!("{}", if json { as_json(entry).to_string() } else { line(entry) });
        }
    }
    Ok(())
}

fn explain(error: OfficeError) -> String {
    match error {
        OfficeError::Invalid(errors) => errors.into_iter().map(|field| field.detail).collect::<Vec<_>>().join("；"),
        other => other.to_string(),
    }
}

fn as_json(entry: &NamedAudit) -> Value {
    let NamedAudit { row, actor, organ_name, case_number } = entry;
    let detail = serde_json::from_str(&row.detail).unwrap_or_else(|_| Value::String(row.detail.clone()));
    json!({
        "id": row.id.0, "at": row.at.0, "action": row.action, "label": action_label(&row.action),
        "actor_id": row.actor_id.map(|id| id.0), "actor": actor.as_ref().map(|(username, _)| username),
        "organ_id": row.organ_id.map(|id| id.0), "organ_name": organ_name,
        "case_id": row.case_id.map(|id| id.0), "case_number": case_number,
        "subject_id": row.subject_id.map(|id| id.0), "detail": detail, "address": row.address,
        "request_id": row.request_id, "seq": row.seq, "hash": row.hash.as_ref().map(hex::encode),
    })
}

fn line(entry: &NamedAudit) -> String {
    let row = &entry.row;
    let at = civil_time(row.at.0).format("%Y-%m-%d %H:%M:%S");
    let who =
        entry.actor.as_ref().map_or("（系统）".to_owned(), |(username, name)| format!("{name}（{username}）"));
    let organ = entry.organ_name.as_deref().unwrap_or("（无机关）");
    let case = match (&entry.case_number, row.case_id) {
        (Some(number), _) => number.clone(),
        (None, Some(id)) => id.0.to_string(),
        (None, None) => "（无案件）".to_owned(),
    };
    format!("{at}  {organ}  {who}  {}（{}）  {case}  {}", action_label(&row.action), row.action, row.detail)
}
