//! `gongkai ledger imports`: what was imported, and when.

use super::{explain, organ_of};
use crate::cli::common::ConfigArgs;
use crate::cli::out::bytes;
use crate::law::civil_time;
use crate::office::Clock;
use crate::office::ledger::{Import, ImportPerson};
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
