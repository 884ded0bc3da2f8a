//! The supervision lists: cases due soon, overdue cases, late replies, and cases that were stopped long ago, as of any day up to
//! today.
//!
//! Today's lists come from the rows, which are derived from the logs. Only a case whose suspension expired since its
//! row was written is computed from its log. For a past day, every case is computed from its log: facts dated later are
//! ignored, and the rows only select the cases that were open then. As known on a past day, what was recorded later is
//! ignored too. A row may then say something else in every column, so every case that changed since is computed.

mod line;
mod report;

pub use report::{
    DepartmentCounts, OrganCounts, OverdueCounts, OverdueList, OverdueReport, OverdueRow, StoppedList, StoppedRow,
};

use super::watched::{OVERDUE_READERS, check_department, ids_of, merged};
use crate::office::cases::as_of::Viewpoint;
use crate::office::cases::case_file::{OrganContext, OrganContexts, derived_of};
use crate::office::cases::queries::last_day_with_left;
use crate::office::clock::end_of;
use crate::office::people::access::seats_with;
use crate::office::{Caller, OfficeError, Supervision};
use crate::store::cases::{CaseRow, NamedCase};
use crate::store::people::organs::Seat;
use crate::store::{
    CaseId, Db, DepartmentId, OrganId, UserId, cases,
    people::{departments, users},
};
use chrono::{Days, NaiveDate};
use line::{Found, OverdueLine, placed, stopped, urgency};
use report::{Judged, Names, report};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Default maximum number of rows per list. The counts cover all cases.
pub const MOST_ROWS: usize = 1_000;

/// Maximum number of cases per answer. Beyond it, the answer is marked as incomplete.
const MOST_CASES: i64 = 10_000;

/// Working days since the letter that stopped the period, from which on the case is listed. The day of the letter is not counted.
pub const LONG_STOP_DAYS: u32 = 15;

/// Default period of the late replies, in days.
const LATE_DAYS: u64 = 365;

/// A query for the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverdueQuery {
    /// The day. `None` for today.
    pub as_of: Option<NaiveDate>,
    /// The day whose knowledge the lists show. `None` for today's.
    pub known_on: Option<NaiveDate>,
    /// Restricts to this organ …
    pub organ: Option<OrganId>,
    /// … and the organs below it.
    pub with_subordinates: bool,
    /// Restricts to this department.
    pub department: Option<DepartmentId>,
    /// First day of the late replies. `None` for 365 days before `as_of`.
    pub late_from: Option<NaiveDate>,
    /// Maximum number of rows per list.
    pub limit: usize,
}

impl OverdueQuery {
    /// Everything visible to the caller, today.
    #[must_use]
    pub const fn today() -> Self {
        Self {
            as_of: None,
            known_on: None,
            organ: None,
            with_subordinates: true,
            department: None,
            late_from: None,
            limit: MOST_ROWS,
        }
    }

    /// Everything visible to the caller, on a day.
    #[must_use]
    pub const fn on(day: NaiveDate) -> Self {
        Self { as_of: Some(day), ..Self::today() }
    }
}

/// How cases are selected and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By their rows, for today.
    Rows,
    /// By the logs of all cases open on the day.
    Logs,
}

impl Supervision<'_> {
    /// Like [`Supervision::overdue`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Supervision::overdue`].
    pub fn overdue_lists(&self, caller: &Caller, query: &OverdueQuery) -> Result<OverdueReport, OfficeError> {
        self.store().read(|db| self.overdue(db, caller, query))
    }

    /// The lists for the organs the caller supervises.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ or department is not visible to the caller; [`OfficeError::Invalid`] for
    /// a future day.
    pub fn overdue(&self, db: &mut Db, caller: &Caller, query: &OverdueQuery) -> Result<OverdueReport, OfficeError> {
        let today = self.clock().today();
        let is_today = |day: Option<NaiveDate>| day.is_none_or(|day| day == today);
        let way = if is_today(query.as_of) && is_today(query.known_on) { Way::Rows } else { Way::Logs };
        self.overdue_by(db, caller, query, way)
    }

    /// Like [`Supervision::overdue`], but computed from the logs even for today. Both must give the same result.
    ///
    /// # Errors
    /// As [`Supervision::overdue`].
    pub fn overdue_from_logs(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &OverdueQuery,
    ) -> Result<OverdueReport, OfficeError> {
        self.overdue_by(db, caller, query, Way::Logs)
    }

    fn overdue_by(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &OverdueQuery,
        way: Way,
    ) -> Result<OverdueReport, OfficeError> {
        let today = self.clock().today();
        let at = Viewpoint::asked(query.as_of, query.known_on, today)?;
        let as_of = at.as_of;
        let late_from = query.late_from.unwrap_or_else(|| earlier(as_of, LATE_DAYS));
        let watched = seats_with(db, caller, OVERDUE_READERS, query.organ, query.with_subordinates)?;
        check_department(db, &watched, query.department)?;
        let mut judged = match way {
            Way::Rows => self.judge_rows(db, &watched, as_of, late_from)?,
            Way::Logs => self.judge_logs(db, &watched, at, late_from)?,
        };
        judged.found.retain(|one| query.department.is_none_or(|wanted| one.department == Some(wanted)));
        judged.stopped.retain(|one| query.department.is_none_or(|wanted| one.department_id == Some(wanted.0)));
        judged.found.sort_by_key(urgency);
        judged.stopped.sort_by_key(|one| (one.since, one.case_id));
        Ok(report(&watched, judged, (as_of, at.known_on(today)), late_from, query.limit))
    }

    /// Today's lists by the rows: cases with `warns_on` within the yellow days, late replies, and cases whose
    /// suspension expired since their row was written. The last are computed from their logs.
    fn judge_rows(
        &self,
        db: &mut Db,
        watched: &[Seat],
        today: NaiveDate,
        late_from: NaiveDate,
    ) -> Result<Judged, OfficeError> {
        let ids = ids_of(watched);
        let mut desks = OrganContexts::of_seats(watched.to_vec());
        let mut until = today;
        for id in &ids {
            // Its cases, if any, are left out below, which marks the answer as incomplete.
            let Ok(OrganContext { rules, calendar, .. }) = desks.of(self, db, *id)? else { continue };
            until = until.max(last_day_with_left(calendar, today, rules.yellow_days));
        }
        let most = MOST_CASES + 1;
        // As many working days take at least as many days.
        let stopped_until = earlier(today, u64::from(LONG_STOP_DAYS));
        let parts = [
            cases::warned_until(db, &ids, until, (today, stopped_until), most)?,
            cases::named_late_replies(db, &ids, late_from, today, most)?,
        ];
        let (cases, mut is_complete) = merged(parts, MOST_CASES, |one| one.row.id.0);
        let mut names = Names::default();
        let mut found = Vec::new();
        // Those whose stop ran out, and those that were stopped long ago: the party is in the log alone.
        let mut by_log = Vec::new();
        let mut stopped = Vec::new();
        for NamedCase { row, department, handler } in cases {
            names.departments.extend(row.department_id.zip(department));
            names.people.extend(row.handler_id.zip(handler));
            if row.is_open && (row.resumes_on.is_some_and(|last| last < today) || row.stopped_on.is_some()) {
                by_log.push(row);
                continue;
            }
            match self.placed_by_row(db, &mut desks, &row, today, late_from) {
                Ok(placed) => found.extend(placed),
                Err(OfficeError::Unreadable(reason)) => {
                    tracing::error!(case = %row.id.0, %reason, "a case is left out of the lists: its row cannot be read");
                    is_complete = false;
                }
                Err(other) => return Err(other),
            }
        }
        if !by_log.is_empty() {
            let read = self.placed_by_log(db, &by_log, Viewpoint::known_today(today), late_from)?;
            found.extend(read.found);
            stopped = read.stopped;
            is_complete &= read.is_complete;
        }
        Ok(Judged { found, stopped, names, is_complete })
    }

    fn placed_by_row(
        &self,
        db: &mut Db,
        desks: &mut OrganContexts,
        row: &CaseRow,
        today: NaiveDate,
        late_from: NaiveDate,
    ) -> Result<Option<Found>, OfficeError> {
        let desk = match desks.of(self, db, row.organ_id)? {
            Ok(desk) => desk,
            Err(reason) => return Err(OfficeError::unreadable(reason.to_owned())),
        };
        let calendar = self.calendars().calendar_of(db, row, desk)?;
        let says = derived_of(row)?;
        let position = says.position(today, &desk.rules.warning_thresholds(), &calendar);
        let line = OverdueLine::of_row(row, &says, desk, &calendar, position);
        Ok(line.and_then(|line| placed(&line, late_from)))
    }

    /// The cases whose logs go on after `known_on`, which what was known must be read from. None for today's knowledge.
    pub(super) fn changed_since_known(
        &self,
        db: &mut Db,
        organs: &[OrganId],
        known_on: Option<NaiveDate>,
        most: i64,
    ) -> Result<Vec<CaseRow>, OfficeError> {
        match known_on {
            None => Ok(Vec::new()),
            Some(day) => Ok(cases::changed_since(db, organs, end_of(day), most)?),
        }
    }

    /// The cases that belong to a list, by their logs. Returns whether all could be read.
    fn placed_by_log(
        &self,
        db: &mut Db,
        rows: &[CaseRow],
        at: Viewpoint,
        late_from: NaiveDate,
    ) -> Result<Judged, OfficeError> {
        let mut judged = Judged { is_complete: true, ..Judged::default() };
        judged.is_complete = self.cases().each_as_it_stood(db, rows, at, |stood| {
            judged.found.extend(OverdueLine::of_log(stood).and_then(|line| placed(&line, late_from)));
            judged.stopped.extend(stopped(stood, at.as_of));
        })?;
        Ok(judged)
    }

    /// The lists of a day by the logs of the cases that were open on it or were replied to late by then, or that changed
    /// since the day whose knowledge is asked for.
    fn judge_logs(
        &self,
        db: &mut Db,
        watched: &[Seat],
        at: Viewpoint,
        late_from: NaiveDate,
    ) -> Result<Judged, OfficeError> {
        let ids = ids_of(watched);
        let most = MOST_CASES + 1;
        let changed = self.changed_since_known(db, &ids, at.known_on, most)?;
        let known_anew: BTreeSet<CaseId> = changed.iter().map(|row| row.id).collect();
        let parts = [
            cases::open_as_of(db, &ids, at.as_of, most)?,
            cases::late_replies(db, &ids, late_from, at.as_of, most)?,
            changed,
        ];
        let (rows, mut is_complete) = merged(parts, MOST_CASES, |row| row.id.0);
        let Judged { mut found, mut stopped, is_complete: is_read, .. } =
            self.placed_by_log(db, &rows, at, late_from)?;
        is_complete &= is_read;
        let mut shown: BTreeSet<Uuid> = found.iter().map(|one| one.row.case_id).collect();
        shown.extend(stopped.iter().map(|one| one.case_id));
        let shown_anew: Vec<CaseRow> =
            rows.into_iter().filter(|row| known_anew.contains(&row.id) && shown.contains(&row.id.0)).collect();
        let by_today = self.placed_by_log(db, &shown_anew, Viewpoint::known_today(at.as_of), late_from)?;
        is_complete &= by_today.is_complete;
        let known_anew: BTreeSet<Uuid> = shown_anew.iter().map(|row| row.id.0).collect();
        for one in stopped.iter_mut().filter(|one| known_anew.contains(&one.case_id)) {
            one.has_changed_since = !by_today.stopped.contains(one);
        }
        mark_changed(&mut found, &known_anew, by_today.found);
        let departments = departments::naming(db, &ids)?.into_iter().map(|row| (row.id, row.name)).collect();
        let mut handlers: BTreeSet<UserId> = found.iter().filter_map(|one| one.handler).collect();
        handlers.extend(stopped.iter().filter_map(|one| one.handler_id).map(UserId));
        let people = users::names(db, &handlers.into_iter().collect::<Vec<_>>())?.into_iter().collect();
        Ok(Judged { found, stopped, names: Names { departments, people }, is_complete })
    }
}

/// Marks the cases found that are known today in another way, or not at all, as of the same day.
fn mark_changed(found: &mut [Found], known_anew: &BTreeSet<Uuid>, by_today: Vec<Found>) {
    let by_today: HashMap<Uuid, Found> = by_today.into_iter().map(|one| (one.row.case_id, one)).collect();
    for one in found.iter_mut().filter(|one| known_anew.contains(&one.row.case_id)) {
        one.row.has_changed_since = by_today.get(&one.row.case_id) != Some(one);
    }
}

fn earlier(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}
