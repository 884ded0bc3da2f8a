//! `gongkai init`: makes the database if needed and adds an organ, without a question. A second run changes nothing.

use super::common::{ConfigArgs, finish};
use crate::office::organs::OrganDraft;
use crate::office::{Clock, FieldError, Office, OfficeError};
use crate::store::organs::{self, OrganRow};
use crate::store::{Db, StoreError};
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// 机关代码，全系统唯一
    #[arg(long)]
    organ: String,
    /// 机关名称
    #[arg(long)]
    name: String,
    /// 主管机关的代码；不填为顶级机关
    #[arg(long, value_name = "CODE")]
    parent: Option<String>,
    /// 地区工作日历；不填为全国日历
    #[arg(long, default_value = "")]
    region: String,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(init(&args))
}

fn init(args: &Args) -> Result<(), String> {
    let office = args.config.office(Clock::system())?;
    let (row, is_new) = office.store().write(|db| add(&office, db, args)).map_err(|error| explain(&error))?;
    let what = if is_new { "已新增行政机关 / organ added" } else { "行政机关已存在 / organ exists" };
    println!("{what}: {} {} ({})", row.code, row.name, row.id.0);
    Ok(())
}

fn add(office: &Office, db: &mut Db, args: &Args) -> Result<(OrganRow, bool), OfficeError> {
    if let Some(row) = found(organs::find_by_code(db, args.organ.trim()))? {
        return Ok((row, false));
    }
    let parent_id = match &args.parent {
        None => None,
        Some(code) => {
            let missing = || OfficeError::invalid("--parent", "not_found", format!("没有代码为 {code} 的机关"));
            Some(found(organs::find_by_code(db, code))?.ok_or_else(missing)?.id)
        }
    };
    let draft = OrganDraft {
        code: args.organ.clone(),
        name: args.name.clone(),
        parent_id,
        reports_to: None,
        region: args.region.clone(),
        settings: serde_json::json!({}),
    };
    let row = office.insert_organ(db, &draft)?;
    if parent_id.is_none() {
        office.grant_first_administrator(db, row.id)?;
    }
    Ok((row, true))
}

fn found(result: Result<OrganRow, StoreError>) -> Result<Option<OrganRow>, OfficeError> {
    match result {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// An error for a person at the command line.
pub(super) fn explain(error: &OfficeError) -> String {
    match error {
        OfficeError::Invalid(faults) => {
            let line = |fault: &FieldError| format!("{}: {}", fault.pointer, fault.detail);
            faults.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        OfficeError::Conflict { detail, .. } | OfficeError::Refused { detail, .. } => detail.clone(),
        OfficeError::Busy => "数据库繁忙 / the database is busy".to_owned(),
        OfficeError::NotFound
        | OfficeError::Unauthenticated
        | OfficeError::WrongCredentials
        | OfficeError::Throttled { .. }
        | OfficeError::RoleRequired { .. }
        | OfficeError::Stale
        | OfficeError::KeyReused
        | OfficeError::Unreadable(_)
        | OfficeError::Internal(_) => error.to_string(),
    }
}
