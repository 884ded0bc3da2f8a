//! Types the docket in: each fact on its day, by the person whose task it is, through the office's commands.

use super::docket::{Agenda, Deed, Entry};
use super::house::{House, wrong};
use crate::case::Command;
use crate::office::cases::{Application, FilingOrigin};
use crate::office::{Caller, Office, OfficeError};
use crate::store::{CaseId, Db, cases};
use chrono::NaiveDate;
use serde_json::Value;
use std::collections::BTreeMap;

/// The cases typed in, by their key.
pub(super) type Ids = BTreeMap<String, CaseId>;

/// Types everything in, in the order of the days; the office's clock shows the day of each fact. `after_day` is
/// called at the end of every day on which something was typed in.
///
/// # Errors
/// What the office refused, and where in the docket.
pub(super) fn type_in(
    office: &Office,
    house: &House,
    agenda: &Agenda,
    after_day: &mut dyn FnMut(&House, NaiveDate),
) -> Result<Ids, String> {
    let mut ids = Ids::new();
    let mut entries = agenda.entries.iter().peekable();
    while let Some(entry) = entries.next() {
        office.clock().set(entry.day);
        let done = office.store().write(|db| enter(office, db, house, &mut ids, entry));
        done.map_err(|error| format!("{} {} {:?}: {}", entry.day, entry.case, entry.deed, said(&error)))?;
        if entries.peek().is_none_or(|next| next.day > entry.day) {
            after_day(house, entry.day);
        }
    }
    Ok(ids)
}

fn enter(office: &Office, db: &mut Db, house: &House, ids: &mut Ids, entry: &Entry) -> Result<(), OfficeError> {
    let caller = house.on_duty(&entry.organ, &entry.by)?;
    match &entry.deed {
        Deed::Receive { application, external_number } => {
            let mut application = application.clone();
            if let Some(members) = application.as_object_mut() {
                members.insert("organ_id".to_owned(), Value::String(house.organ(&entry.organ)?.0.to_string()));
            }
            let application: Application =
                serde_json::from_value(application).map_err(|error| wrong("application", &error))?;
            let origin = external_number.as_ref().map(|number| origin(caller, number));
            let file = office.cases().receive(db, caller, &application, origin.as_ref())?;
            ids.insert(entry.case.clone(), file.row.id);
        }
        Deed::Give(command) => {
            let mut command = command.clone();
            name_things(&mut command, house, &entry.organ, ids)?;
            let command: Command = serde_json::from_value(command).map_err(|error| wrong("command", &error))?;
            let id = ids.get(&entry.case).copied().ok_or_else(|| wrong("case", &entry.case))?;
            let seen = cases::find(db, id)?.version;
            office.cases().execute(db, caller, id, &command, seen)?;
        }
    }
    Ok(())
}

fn origin(caller: &Caller, number: &str) -> FilingOrigin {
    FilingOrigin { source: caller.username.clone(), external_number: number.to_owned() }
}

/// Puts ids in the place of names.
fn name_things(value: &mut Value, house: &House, organ: &str, ids: &Ids) -> Result<(), OfficeError> {
    match value {
        Value::String(text) => {
            let named = text.strip_prefix('@').and_then(|rest| rest.split_once(':'));
            let Some((kind, name)) = named else { return Ok(()) };
            *value = match kind {
                "department" => Value::String(house.department(organ, name)?.0.to_string()),
                "handler" => house
                    .handler(organ, name)?
                    .map_or(Value::Null, |handler| Value::String(handler.user_id.0.to_string())),
                "case" => {
                    let id = ids.get(name).ok_or_else(|| wrong("case", &name))?;
                    Value::String(id.0.to_string())
                }
                other => return Err(wrong("name", &other)),
            };
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| name_things(item, house, organ, ids))?,
        Value::Object(members) => {
            members.values_mut().try_for_each(|member| name_things(member, house, organ, ids))?;
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn said(error: &OfficeError) -> String {
    format!("{error}: {}", crate::cli::init::explain(error))
}
