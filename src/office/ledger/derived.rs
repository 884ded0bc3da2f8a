//! The derived columns of an export, which an import ignores: stage, owner, time left.

use crate::case::{Case, Event, Position, late_mark, position};
use crate::law::{Calendar, ClockAnswer};
use crate::office::OfficeError;
use crate::office::cases::case_file::{OrganContext, steps_of};
use crate::office::cases::late_records::late_records_of;
use crate::report::ledger::Derived;
use crate::store::cases::CaseRow;
use crate::store::cases::events::EventRow;
use crate::store::{Db, StoreError, Ts, UserId, people::users};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;

/// Separates several approvals or remedies in a cell.
const BETWEEN: &str = "；";

/// The basis for the derived columns of one export.
#[derive(Debug)]
pub(super) struct Deriving {
    desk: OrganContext,
    today: NaiveDate,
    names: HashMap<Uuid, Option<String>>,
}

impl Deriving {
    pub(super) fn new(desk: OrganContext, today: NaiveDate) -> Self {
        Self { desk, today, names: HashMap::new() }
    }

    /// The derived columns of a case.
    pub(super) fn of(
        &mut self,
        db: &mut Db,
        row: &CaseRow,
        case: &Case,
        log: &[Event],
    ) -> Result<Derived, OfficeError> {
        let (calendar, rules) = (&self.desk.calendar, &self.desk.rules);
        let answer = case.reply_clock(calendar, rules, Some(self.today));
        // `audit clocks` reports a log whose clock cannot be computed. The export still contains its facts.
        let answer = answer.unwrap_or_default();
        let position = position(case, answer.as_ref(), self.today, &rules.warning_thresholds(), calendar);
        let remaining = remaining(&position, answer.as_ref(), self.today, calendar);
        let handler = match case.handler_id {
            Some(id) => self.name(db, id)?,
            None => None,
        };
        Ok(Derived {
            stage: Some(case.stage.label()),
            submitted_on: Some(case.intake.submitted_on),
            registered_on: case.registered_on,
            handler,
            mail_number: case
                .reply
                .as_ref()
                .and_then(|reply| reply.dispatches.iter().rev().find_map(|dispatch| dispatch.tracking_number.clone())),
            due_on: row.due_on,
            estimate: answer.as_ref().filter(|_| case.stage.is_open()).and_then(ClockAnswer::estimate),
            remaining,
            warning: Some(position.standing.label()),
            approvals: self.approvals(db, log)?,
            remedies: remedies(case),
            file_number: case.archive.as_ref().map(|archive| archive.file_number.clone()),
            recorded_late: None,
        })
    }

    /// The steps of a case that were recorded late, each with its mark. `None` without any.
    pub(super) fn recorded_late(
        &self,
        rows: &[EventRow],
        imported_at: Option<Ts>,
    ) -> Result<Option<String>, OfficeError> {
        let steps = steps_of(rows)?;
        let late = steps.iter().zip(late_records_of(rows, &steps, &self.desk.calendar, imported_at));
        let marks = late.filter_map(|(step, late)| {
            let (_, event) = step.events.first()?;
            Some(format!("{}：{}", event.label(), late_mark(late?)))
        });
        Ok(Some(marks.collect::<Vec<_>>().join(BETWEEN)).filter(|marks| !marks.is_empty()))
    }

    fn name(&mut self, db: &mut Db, id: Uuid) -> Result<Option<String>, OfficeError> {
        if let Some(known) = self.names.get(&id) {
            return Ok(known.clone());
        }
        let name = match users::find(db, UserId(id)) {
            Ok(user) => Some(user.display_name),
            // An import from the command line has no user.
            Err(StoreError::NotFound) => None,
            Err(other) => return Err(other.into()),
        };
        self.names.insert(id, name.clone());
        Ok(name)
    }

    /// The approvals of the last proposal, each with reviewer and day.
    fn approvals(&mut self, db: &mut Db, log: &[Event]) -> Result<Option<String>, OfficeError> {
        let mut told: Vec<String> = Vec::new();
        for event in log {
            if matches!(event, Event::OutcomeProposed { .. }) {
                told.clear();
            }
            if let Event::Reviewed { review, reviewed_by } = event
                && review.approve
            {
                let name = self.name(db, *reviewed_by)?.unwrap_or_default();
                told.push(format!("{}{name}{}", review.kind.label(), review.on));
            }
        }
        Ok(Some(told.join(BETWEEN)).filter(|told| !told.is_empty()))
    }
}

/// Working days until the last day, or since it.
fn remaining(
    position: &Position,
    answer: Option<&ClockAnswer>,
    today: NaiveDate,
    calendar: &Calendar,
) -> Option<String> {
    let due = position.due_on.filter(|_| position.standing.is_open())?;
    if today <= due {
        return Some(calendar.count_estimated(today, due).to_string());
    }
    let certain = answer.and_then(|answer| answer.due).or(position.latest_on).unwrap_or(due);
    if today <= certain {
        return Some("已过最早的届满日".to_owned());
    }
    match calendar.count_estimated(certain, today) {
        0 => Some("已过届满日".to_owned()),
        over => Some(format!("逾期{over}")),
    }
}

fn remedies(case: &Case) -> Option<String> {
    let told = case.remedies.iter().map(|remedy| {
        let result = remedy.decision.as_ref().map_or("尚未审结", |decision| decision.result.label());
        format!("{}{}（{result}）", remedy.opened.kind.label(), remedy.opened.reference)
    });
    let told: Vec<String> = told.collect();
    Some(told.join(BETWEEN)).filter(|told| !told.is_empty())
}
