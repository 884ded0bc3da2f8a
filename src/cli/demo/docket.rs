//! The dockets of the demonstration as they stand in `config/demo/*.json`, and what is typed in from them on which day.
//!
//! A date is written out, or relative to the day of the demonstration: `@today`, or `@W5` for the fifth working day
//! before it (`@W0`: the day itself, or the last working day before). `@case:KEY`, `@department:CODE` and
//! `@handler:CODE` name what gets its id only when it is typed in.

use crate::case::{OrganRules, ReviewKind};
use crate::law::{Calendar, Gap};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The real docket, and the one around the day of the demonstration.
const FILES: [(&str, &str); 3] = [
    ("courts.json", include_str!("../../../config/demo/courts.json")),
    ("cangzhou_2017.json", include_str!("../../../config/demo/cangzhou_2017.json")),
    ("today.json", include_str!("../../../config/demo/today.json")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Docket {
    source: String,
    cases: Vec<Script>,
}

/// One case, from its receipt on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    key: String,
    organ: String,
    /// Who takes it in.
    #[serde(default = "clerk")]
    by: String,
    #[serde(default)]
    external_number: Option<String>,
    application: Value,
    #[serde(default)]
    registered_on: Option<String>,
    #[serde(default)]
    department: Option<String>,
    /// The day of assignment, when not that of registration.
    #[serde(default)]
    assigned_on: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
    /// From the proposal to the file: the days of the stages it gets to, and what goes into the proposal.
    #[serde(default)]
    answer: Map<String, Value>,
    /// What happens after the answer.
    #[serde(default)]
    after: Vec<Step>,
}

/// A command and whose it is: a duty in the organ, such as `clerk`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    by: String,
    give: Value,
}

fn clerk() -> String {
    "clerk".to_owned()
}

/// Something to type in.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The day it happened and is typed in.
    pub(super) day: NaiveDate,
    /// The case, by its key.
    pub(super) case: String,
    /// The organ, by its key.
    pub(super) organ: String,
    /// Who, by duty.
    pub(super) by: String,
    /// What.
    pub(super) deed: Deed,
}

/// What is typed in; names of things that get their id later are still in it.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// An application, all but its organ.
    Receive { application: Value, external_number: Option<String> },
    /// A command.
    Give(Value),
}

/// Everything to be typed in, in the order of the days, and what could not be dated.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    pub(super) entries: Vec<Entry>,
    /// Where each file's cases come from.
    pub(super) sources: Vec<String>,
    /// Files left out, each with the reason.
    pub(super) left_out: Vec<String>,
}

/// Reads the dockets and dates them as of `today`.
///
/// # Errors
/// A text for the operator when a file is not what it should be.
pub(super) fn agenda(today: NaiveDate, calendar: &Calendar) -> Result<Agenda, String> {
    let mut agenda = Agenda::default();
    for (name, text) in FILES {
        let docket: Docket = serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?;
        let days = Days { today, calendar };
        match docket.cases.iter().map(|script| script.entries(&days)).collect::<Result<Vec<_>, _>>() {
            Ok(entries) => {
                agenda.entries.extend(entries.into_iter().flatten());
                agenda.sources.push(docket.source);
            }
            Err(Undated::Gap(gap)) => agenda.left_out.push(format!("{}：未录入，{gap}", docket.source)),
            Err(Undated::Wrong(what)) => return Err(format!("{name}: {what}")),
        }
    }
    agenda.entries.sort_by_key(|entry| entry.day);
    Ok(agenda)
}

/// Why a day could not be computed.
enum Undated {
    Gap(Gap),
    Wrong(String),
}

/// Turns what is written for a day into the day.
struct Days<'a> {
    today: NaiveDate,
    calendar: &'a Calendar,
}

impl Days<'_> {
    fn day(&self, text: &str) -> Result<NaiveDate, Undated> {
        if text == "@today" {
            return Ok(self.today);
        }
        let wrong = || Undated::Wrong(format!("{text:?} is no day"));
        let Some(back) = text.strip_prefix("@W") else { return text.parse().map_err(|_| wrong()) };
        let back: u32 = back.parse().map_err(|_| wrong())?;
        self.working_day(back).map_err(Undated::Gap)
    }

    fn working_day(&self, back: u32) -> Result<NaiveDate, Gap> {
        let is_working = self.calendar.is_working_day(self.today)?;
        let last = if is_working { self.today } else { self.calendar.subtract_working_days(self.today, 1)? };
        self.calendar.subtract_working_days(last, back)
    }

    /// Puts the day in the place of every relative one, at any depth.
    fn put_into(&self, value: &mut Value) -> Result<(), Undated> {
        match value {
            Value::String(text) if text == "@today" || text.starts_with("@W") => {
                *text = self.day(text)?.to_string();
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.put_into(item))?,
            Value::Object(members) => members.values_mut().try_for_each(|member| self.put_into(member))?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(())
    }

    fn dated(&self, value: &Value) -> Result<Value, Undated> {
        let mut value = value.clone();
        self.put_into(&mut value)?;
        Ok(value)
    }
}

/// The latest day among the members: the day by which all of it has happened.
fn latest(value: &Value) -> Option<NaiveDate> {
    value.as_object()?.values().filter_map(Value::as_str).filter_map(|text| text.parse().ok()).max()
}

impl Script {
    fn entries(&self, days: &Days<'_>) -> Result<Vec<Entry>, Undated> {
        let mut deeds: Vec<(String, Deed)> = Vec::new();
        let application = days.dated(&self.application)?;
        deeds.push((self.by.clone(), Deed::Receive { application, external_number: self.external_number.clone() }));
        let mut give = |by: &str, command: Value| deeds.push((by.to_owned(), Deed::Give(command)));
        if let Some(on) = &self.registered_on {
            give("clerk", json!({"command": "register", "on": on}));
            if let Some(department) = &self.department {
                // A day of its own is sorted in between the steps below.
                let on = self.assigned_on.as_ref().unwrap_or(on);
                let (department_id, handler_id) =
                    (format!("@department:{department}"), format!("@handler:{department}"));
                let assign =
                    json!({"command": "assign", "on": on, "department_id": department_id, "handler_id": handler_id});
                give("clerk", assign);
            }
        }
        let steps = self.steps.iter().map(|step| (step.by.clone(), Deed::Give(step.give.clone())));
        let after = self.after.iter().map(|step| (step.by.clone(), Deed::Give(step.give.clone())));
        deeds.extend(steps.chain(self.answer_deeds()).chain(after));
        let mut entries = Vec::new();
        for (by, deed) in deeds {
            let (day, deed) = match deed {
                Deed::Receive { .. } => (latest_of(&deed)?, deed),
                Deed::Give(command) => {
                    let command = days.dated(&command)?;
                    // A command without a day is given on the day of the one before it.
                    let before = entries.last().map(|entry: &Entry| entry.day);
                    let day = latest(&command).or(before);
                    let command = Deed::Give(command);
                    (day.map_or_else(|| latest_of(&command), Ok)?, command)
                }
            };
            entries.push(Entry { day, case: self.key.clone(), organ: self.organ.clone(), by, deed });
        }
        entries.sort_by_key(|entry| entry.day);
        Ok(entries)
    }

    /// The commands of the answer, as far as it gets.
    fn answer_deeds(&self) -> Vec<(String, Deed)> {
        let mut deeds = Vec::new();
        let mut proposal = self.answer.clone();
        let Some(proposed_on) = proposal.remove("proposed_on") else { return deeds };
        let mut give = |by: &str, command: Value| deeds.push((by.to_owned(), Deed::Give(command)));
        let [search, approved_on, sent_on, method, served_on, archived_on] =
            ["search", "approved_on", "sent_on", "method", "served_on", "archived_on"]
                .map(|name| proposal.remove(name));
        if let Some(mut search) = search {
            search["command"] = json!("record_search");
            search["on"] = proposed_on.clone();
            search["searched_by"] = json!("档案员");
            search["found"] = json!(false);
            give("clerk", search);
        }
        proposal.insert("command".to_owned(), json!("propose_outcome"));
        proposal.insert("on".to_owned(), proposed_on);
        give("clerk", Value::Object(proposal));
        if let Some(on) = approved_on {
            for kind in OrganRules::default().review_chain {
                let by = if kind == ReviewKind::Leader { "leader" } else { "reviewer" };
                give(by, json!({"command": "review", "kind": kind, "on": on, "approve": true}));
            }
        }
        if let Some(on) = sent_on {
            give("clerk", json!({"command": "issue_reply", "on": on}));
            give("clerk", json!({"command": "dispatch", "on": on, "method": method, "carrier": "中国邮政EMS"}));
        }
        if let Some(on) = served_on {
            give("clerk", json!({"command": "prove_service", "on": on, "result": "signed"}));
        }
        if let Some(on) = archived_on {
            give("clerk", json!({"command": "archive", "on": on, "file_number": format!("演示-{}", self.key)}));
        }
        deeds
    }
}

fn latest_of(deed: &Deed) -> Result<NaiveDate, Undated> {
    let (Deed::Receive { application: value, .. } | Deed::Give(value)) = deed;
    latest(value).ok_or_else(|| Undated::Wrong(format!("no day in {value}")))
}
