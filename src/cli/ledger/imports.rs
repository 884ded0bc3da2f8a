//! `gongkai ledger imports` and `gongkai ledger undo`: what was imported, and when; an import that never should have been.

use super::{explain, organ_of};
use crate::cli::common::ConfigArgs;
use crate::cli::out::bytes;
use crate::law::civil_time;
use crate::office::ledger::{Import, ImportPerson, LedgerUndo};
use crate::office::{Clock, OfficeError};
use crate::store::{ImportId, OrganId, Ts};

/// Imports read at once.
const PAGE: i64 = 200;

/// Prints every import of an organ, the newest first.
pub(super) fn list(config: &ConfigArgs, code: &str, json: bool) -> Result<(), String> {
    let office = config.office_to_read(Clock::system())?;
    let told = |error| explain(error, code);
    let organ: OrganId = office.store().read(|db| organ_of(db, code)).map_err(told)?;
    let mut all: Vec<Import> = Vec::new();
    let mut before: Option<ImportId> = None;
    loop {
        let page = office.ledger().imports(organ, before, PAGE).map_err(told)?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        all.extend(page);
    }
    let text = if json {
        serde_json::to_string_pretty(&all).map_err(|error| error.to_string())? + "\n"
    } else if all.is_empty() {
        "没有导入记录（升级以前的导入没有标识，不在其中）\n".to_owned()
    } else {
        all.iter().map(line).collect()
    };
    bytes(text.as_bytes())
}

/// Undoes an import, and prints what became of its cases.
pub(super) fn undo(config: &ConfigArgs, code: &str, import: ImportId, reason: &str, json: bool) -> Result<(), String> {
    let office = config.office(Clock::system())?;
    let organ: OrganId = office.store().read(|db| organ_of(db, code)).map_err(|error| explain(error, code))?;
    let done = office.ledger().undo_import(None, organ, import, reason).map_err(|error| match error {
        OfficeError::NotFound => format!("{code} 没有标识为 {} 的导入，见 gongkai ledger imports", import.0),
        OfficeError::Conflict { detail, .. } => detail,
        OfficeError::Stale => "撤销期间另有人办理了其中的案件，没有改动，请重试".to_owned(),
        other => explain(other, code),
    })?;
    let text = if json {
        serde_json::to_string_pretty(&done).map_err(|error| error.to_string())? + "\n"
    } else {
        let LedgerUndo { voided, mails_withdrawn, kept_total, kept, .. } = &done;
        let mut text = format!("已撤销：作废{voided}件，撤回待发邮件{mails_withdrawn}封\n");
        if *kept_total > 0 {
            text += &format!("导入以后已有办理记录、没有作废的{kept_total}件，请逐件作废：\n");
            text.extend(kept.iter().map(|kept| {
                format!(
                    "  {}  {}  {}  {}\n",
                    kept.case_id,
                    kept.number.as_deref().unwrap_or("（未编号）"),
                    kept.stage,
                    kept.title
                )
            }));
        }
        text
    };
    bytes(text.as_bytes())
}

fn line(import: &Import) -> String {
    let Import { id, file_name, format, cases, untouched, imported_by, imported_at, undone, .. } = import;
    let name = file_name.as_deref().unwrap_or("（没有文件名）");
    let undone = undone.as_ref().map_or_else(String::new, |undone| {
        format!("；{}由{}撤销：{}", time(undone.at), person(undone.by.as_ref()), undone.reason)
    });
    let (at, by) = (time(*imported_at), person(imported_by.as_ref()));
    format!("{}  {at}  {by}  {name}（{format}）  案件{cases}件，其中没有办理记录的{untouched}件{undone}\n", id.0)
}

fn time(at: Ts) -> String {
    civil_time(at.0).format("%Y-%m-%d %H:%M").to_string()
}

fn person(person: Option<&ImportPerson>) -> &str {
    person.map_or("运维人员", |person| person.display_name.as_str())
}
