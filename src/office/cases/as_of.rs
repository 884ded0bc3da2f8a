//! Cases as of a day, computed from their logs in batches. Facts dated after the day are ignored, and so is what was
//! recorded after the day whose knowledge is asked for.

use crate::case::amendment::known_by;
use crate::case::{Case, Event, Position, Stage, as_it_stood, fold, position};
use crate::law::{Calendar, ClockAnswer, civil_day};
use crate::office::calendar::past::{VersionsOn, row_end};
use crate::office::cases::case_file::{CaseFile, OrganContext, OrganContexts, derive_row, read_log};
use crate::office::{Cases, OfficeError};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow};
use crate::store::{CaseId, Db, cases};
use chrono::NaiveDate;
use std::sync::Arc;

/// Logs kept in memory at once.
const BATCH: usize = 500;

/// The day a view is about, and the day whose knowledge it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewpoint {
    /// Facts dated later have not happened.
    pub as_of: NaiveDate,
    /// What was recorded or amended later is unknown. `None`: everything that is known today. It may be earlier than
    /// `as_of`: then it shows what was expected of that day.
    pub known_on: Option<NaiveDate>,
}

impl Viewpoint {
    /// What is known today of a day.
    #[must_use]
    pub const fn known_today(as_of: NaiveDate) -> Self {
        Self { as_of, known_on: None }
    }

    /// The viewpoint of a query; each day that is not given is today.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] `in_the_future` at the query's `as_of` or `known_on`.
    pub fn asked(as_of: Option<NaiveDate>, known_on: Option<NaiveDate>, today: NaiveDate) -> Result<Self, OfficeError> {
        let as_of = as_of.unwrap_or(today);
        if as_of > today {
            return Err(OfficeError::invalid("?as_of", "in_the_future", "只能查询今天或者过去某日"));
        }
        Ok(Self { as_of, known_on: known_on_of(known_on, today)? })
    }

    /// The day whose knowledge it shows.
    #[must_use]
    pub fn known_on(&self, today: NaiveDate) -> NaiveDate {
        self.known_on.unwrap_or(today)
    }

    /// The part of a log that was known.
    #[must_use]
    pub fn known<'a>(&self, log: &'a [EventRow]) -> &'a [EventRow] {
        known_rows(log, self.known_on)
    }
}

/// The day whose knowledge a query asks for. `None` for today's.
///
/// # Errors
/// [`OfficeError::Invalid`] `in_the_future` at the query's `known_on`.
pub fn known_on_of(asked: Option<NaiveDate>, today: NaiveDate) -> Result<Option<NaiveDate>, OfficeError> {
    match asked {
        Some(day) if day > today => {
            Err(OfficeError::invalid("?known_on", "in_the_future", "只能查询今天或者过去某日所知"))
        }
        asked => Ok(asked.filter(|day| *day < today)),
    }
}

/// The part of a log that was known by the end of a day, by the days it was recorded on. `None`: all of it.
pub(in crate::office) fn known_rows(log: &[EventRow], known_on: Option<NaiveDate>) -> &[EventRow] {
    known_on.map_or(log, |day| known_by(log, day, |row| civil_day(row.recorded_at.0)))
}

/// A case as of a day.
pub(in crate::office) struct CaseAsOf<'a> {
    /// Its row. Only its immutable columns are valid for the day; the others show today.
    pub row: &'a CaseRow,
    /// The log in effect, as far as it was known.
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
    /// Opens the case as of the end of a day, as it was known. Events dated later are ignored, so that a later order
    /// cannot hide a reply given by then; events recorded later are unknown. The row of the file is derived anew: it
    /// shows the case as it was, with the number of its last known event as version.
    ///
    /// # Errors
    /// As [`Cases::open_file`]; [`OfficeError::NotFound`] also if the request had not come in on that day, or was not
    /// yet recorded.
    pub fn open_file_at(&self, db: &mut Db, id: CaseId, at: Viewpoint) -> Result<CaseFile, OfficeError> {
        let (row, beside, seat) = cases::find_with_seat(db, id)?;
        let beside = self.beside(row.applicant_id, beside)?;
        let log = events::load(db, id)?;
        let known = at.known(&log);
        let last = known.last().ok_or(OfficeError::NotFound)?;
        let desk = self.desk_of(db, seat)?;
        let mut file = self.put_together(db, (row, Some(beside)), known, desk)?;
        let effective = read_log(known)?;
        let ended_on = if known.len() == log.len() { row_end(&file.row) } else { ended_on(&effective) };
        if file.case.stage != Stage::Void {
            let version = file.case.version;
            file.case = as_it_stood(&effective, at.as_of).ok_or(OfficeError::NotFound)?;
            file.case.version = version;
        }
        let whose = (&file.row, &file.desk);
        let mut versions = VersionsOn::default();
        let calendar = self.calendars().calendar_at(db, &mut versions, whose, ended_on, at.as_of)?;
        if file.case.stage.is_open() {
            file.running = Arc::clone(&calendar);
        }
        file.desk.calendar = calendar;
        derive_row(&mut file, at.as_of);
        file.row.version = i64::from(last.seq);
        file.row.updated_at = last.recorded_at;
        Ok(file)
    }

    /// Passes each case that had come in by the end of the day to `show`, as of that day and as it was known. A case is
    /// logged and omitted if its log, its calendar or the settings of its organ cannot be read. Returns `false` if any
    /// was omitted.
    pub(in crate::office) fn each_as_it_stood(
        &self,
        db: &mut Db,
        rows: &[CaseRow],
        at: Viewpoint,
        mut show: impl FnMut(&CaseAsOf<'_>),
    ) -> Result<bool, OfficeError> {
        let as_of = at.as_of;
        let mut versions = VersionsOn::default();
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
                let recorded = logs.get(&row.id).map_or(&[][..], Vec::as_slice);
                let known = at.known(recorded);
                let log = match read_log(known) {
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
                let ended_on = if known.len() == recorded.len() { row_end(row) } else { ended_on(&log) };
                let followed = match self.calendars().calendar_at(db, &mut versions, (row, desk), ended_on, as_of) {
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

/// The day on which a case ended, by its log. `None` if it is open.
pub(in crate::office) fn ended_on(log: &[Event]) -> Option<NaiveDate> {
    fold(log).filter(|case| !case.stage.is_open()).and_then(|case| case.ended_on)
}
