//! What was recorded late (补录) in logs and lists. An old ledger that was imported is not: it is a witness of the past,
//! and its cases are marked as imported.

use super::case_file::{OrganContexts, steps_of};
use crate::case::amendment::Step;
use crate::case::{RECORDED_WITHIN_DAYS, late_steps};
use crate::law::{Calendar, civil_day};
use crate::office::{Cases, OfficeError};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow};
use crate::store::ledger::imports;
use crate::store::{CaseId, Db, Ts, cases};
use chrono::{Days, NaiveDate};
use std::collections::HashMap;

/// How late each step of a log was recorded. `imported_at` is the instant at which the case was imported from a ledger.
pub(in crate::office) fn late_records_of(
    rows: &[EventRow],
    steps: &[Step],
    calendar: &Calendar,
    imported_at: Option<Ts>,
) -> Vec<Option<u32>> {
    let is_imported = |step: &Step| {
        let first = rows.iter().find(|row| row.seq == step.seq());
        imported_at.is_some() && first.map(|row| row.recorded_at) == imported_at
    };
    let late = steps.iter().zip(late_steps(steps, calendar));
    late.map(|(step, late)| late.filter(|_| !is_imported(step))).collect()
}

impl Cases<'_> {
    /// How late the steps of a loaded log were recorded, by the calendar in force for its organ. Asks for the organ, and
    /// whether the case was imported, only if a step looks late. Of an organ whose settings cannot be read, nothing is.
    pub(in crate::office) fn late_records_in(
        &self,
        db: &mut Db,
        rows: &[EventRow],
        steps: &[Step],
    ) -> Result<Vec<Option<u32>>, OfficeError> {
        let in_time = || Ok(steps.iter().map(|_| None).collect());
        let Some(first) = rows.first().filter(|_| steps.iter().any(step_looks_late)) else { return in_time() };
        let organ = cases::find(db, first.case_id)?.organ_id;
        let desk = match self.desk(db, organ) {
            Ok(desk) => desk,
            Err(OfficeError::Unreadable(_)) => return in_time(),
            Err(other) => return Err(other),
        };
        let imported = imports::imported_at(db, &[first.case_id])?;
        Ok(late_records_of(rows, steps, &desk.calendar, imported.get(&first.case_id).copied()))
    }

    /// How late the receipts of these cases were recorded; those recorded in time are absent. Reads the logs only of
    /// cases that look late by their rows. A log that cannot be read says nothing here.
    pub(in crate::office) fn late_receipts(
        &self,
        db: &mut Db,
        rows: &[CaseRow],
        desks: &mut OrganContexts,
    ) -> Result<HashMap<CaseId, u32>, OfficeError> {
        let looks_late: Vec<&CaseRow> = rows.iter().filter(|row| looks_late(row)).collect();
        if looks_late.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<CaseId> = looks_late.iter().map(|row| row.id).collect();
        let imported = imports::imported_at(db, &ids)?;
        let filed: Vec<CaseId> = ids.into_iter().filter(|id| !imported.contains_key(id)).collect();
        let logs = events::load_many(db, &filed)?;
        let mut late = HashMap::new();
        for row in looks_late {
            let Some(log) = logs.get(&row.id) else { continue };
            let Ok(desk) = desks.of(self, db, row.organ_id)? else { continue };
            let steps = match steps_of(log) {
                Ok(steps) => steps,
                Err(OfficeError::Unreadable(_)) => continue,
                Err(other) => return Err(other),
            };
            let receipt = late_records_of(log, &steps, &desk.calendar, None).first().copied().flatten();
            late.extend(receipt.map(|days| (row.id, days)));
        }
        Ok(late)
    }
}

/// Whether a step may have been recorded late, by the days alone.
fn step_looks_late(step: &Step) -> bool {
    let days = step.events.first().zip(step.recorded.first());
    days.is_some_and(|((_, event), first)| is_long_after(event.on(), first.recorded_on))
}

/// Whether the receipt may have been recorded late, by the row.
fn looks_late(row: &CaseRow) -> bool {
    let came_in = row.received_on.map_or(row.submitted_on, |received| received.min(row.submitted_on));
    is_long_after(came_in, civil_day(row.created_at.0))
}

/// Whether a day is so many days after another that there may be more than [`RECORDED_WITHIN_DAYS`] working days between.
fn is_long_after(happened_on: NaiveDate, recorded_on: NaiveDate) -> bool {
    happened_on.checked_add_days(Days::new(u64::from(RECORDED_WITHIN_DAYS))).is_some_and(|last| last < recorded_on)
}
