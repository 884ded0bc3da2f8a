//! `gongkai init`: makes the database if needed and adds an organ, without a question. A second run changes nothing.

use super::common::{ConfigArgs, finish};
use crate::cli::out::say;
use crate::office::people::organs::OrganDraft;
use crate::office::{Clock, FieldError, Office, OfficeError, advice};
use crate::store::people::organs::{self, OrganRow};
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
    let office = args.config.office_or_new(Clock::system())?;
    let (row, done) = office.store().write(|db| add(&office, db, args)).map_err(|error| explain(&error))?;
    let what = match done {
        Done::Added => "已新增行政机关 / organ added",
        Done::Named => {
            "首次启动时建立的行政机关已改用此代码和名称 / the organ made by the first start has this code and name now"
        }
        Done::Existed => "行政机关已存在 / organ exists",
    };
    say!("{what}: {} {} ({})", row.code, row.name, row.id.0);
    Ok(())
}

enum Done {
    Added,
    Named,
    Existed,
}

fn add(office: &Office, db: &mut Db, args: &Args) -> Result<(OrganRow, Done), OfficeError> {
    if let Some(row) = found(organs::find_by_code(db, args.organ.trim()))? {
        return Ok((row, Done::Existed));
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
    if let Some(row) = office.people().name_first_organ(db, &draft)? {
        return Ok((row, Done::Named));
    }
    let row = office.people().insert_organ(db, &draft)?;
    if parent_id.is_none() {
        office.people().grant_first_administrator(db, row.id)?;
    }
    Ok((row, Done::Added))
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
        OfficeError::Conflict { detail, .. }
        | OfficeError::Refused { detail, .. }
        | OfficeError::TooOften { detail, .. } => detail.clone(),
        OfficeError::Busy => "数据库繁忙 / the database is busy".to_owned(),
        OfficeError::Storage(fault) => advice(*fault).to_owned(),
        OfficeError::NotFound
        | OfficeError::Unauthenticated
        | OfficeError::WrongCredentials
        | OfficeError::Throttled { .. }
        | OfficeError::RoleRequired { .. }
        | OfficeError::Stale
        | OfficeError::KeyReused
        | OfficeError::OutOfTime
        | OfficeError::Unreadable(_)
        | OfficeError::Internal(_) => error.to_string(),
    }
}
