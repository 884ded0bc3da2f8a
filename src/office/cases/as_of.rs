//! Cases as of a day, computed from their logs in batches. Facts dated after the day are ignored.

use crate::case::{Case, Event, Position, as_it_stood, position};
use crate::law::{Calendar, ClockAnswer};
use crate::office::cases::case_file::{OrganContext, OrganContexts, read_log};
use crate::office::{Cases, OfficeError};
use crate::store::cases::CaseRow;
use crate::store::{CaseId, Db, cases::events};
use chrono::NaiveDate;

/// Logs kept in memory at once.
const BATCH: usize = 500;

/// A case as of a day.
pub(in crate::office) struct CaseAsOf<'a> {
    /// Its row. Only its immutable columns are valid for the day; the others show today.
    pub row: &'a CaseRow,
    /// The complete log.
    pub log: &'a [Event],
    /// The case as of the day.
    pub case: &'a Case,
    /// The basis of its organ's decisions.
    pub desk: &'a OrganContext,
    /// The calendar of its dates.
    pub calendar: &'a Calendar,
    /// The state of the reply period. `None` if the day of receipt was not fixed.
    pub answer: Option<&'a ClockAnswer>,
    /// Its position relative to the due date.
    pub position: Position,
}

impl Cases<'_> {
    /// Passes each case that had come in by the end of `as_of` to `show`, as of that day. A case is logged and omitted
    /// if its log, its calendar or the settings of its organ cannot be read. Returns `false` if any was omitted.
    pub(in crate::office) fn each_as_it_stood(
        &self,
        db: &mut Db,
        rows: &[CaseRow],
        as_of: NaiveDate,
        mut show: impl FnMut(&CaseAsOf<'_>),
    ) -> Result<bool, OfficeError> {
        let mut is_complete = true;
        let mut left_out = |id: CaseId, reason: &str| {
            tracing::error!(case = %id.0, reason, "a case is left out of the lists: it cannot be computed");
            is_complete = false;
        };
        let mut desks = OrganContexts::of_rows(db, rows)?;
        for batch in rows.chunks(BATCH) {
            let ids: Vec<CaseId> = batch.iter().map(|row| row.id).collect();
            let logs = events::load_many(db, &ids)?;
            for row in batch {
                let log = match read_log(logs.get(&row.id).map_or(&[][..], Vec::as_slice)) {
                    Ok(log) => log,
                    Err(error) => {
                        left_out(row.id, &error.to_string());
                        continue;
                    }
                };
                let Some(case) = as_it_stood(&log, as_of) else { continue };
                let desk = match desks.of(self, db, row.organ_id)? {
                    Ok(desk) => desk,
                    Err(reason) => {
                        left_out(row.id, reason);
                        continue;
                    }
                };
                let followed = match self.calendars().calendar_as_of(db, row, desk, as_of) {
                    Ok(calendar) => calendar,
                    Err(OfficeError::Unreadable(reason)) => {
                        left_out(row.id, &reason.to_string());
                        continue;
                    }
                    Err(other) => return Err(other),
                };
                let calendar: &Calendar = &followed;
                let answer = match case.reply_clock(calendar, &desk.rules, Some(as_of)) {
                    Ok(answer) => answer,
                    Err(error) => {
                        left_out(row.id, &error.to_string());
                        continue;
                    }
                };
                let position = position(&case, answer.as_ref(), as_of, &desk.rules.warning_thresholds(), calendar);
                show(&CaseAsOf { row, log: &log, case: &case, desk, calendar, answer: answer.as_ref(), position });
            }
        }
        Ok(is_complete)
    }
}
