//! Looking at cases: lists, what may be done next, the log, the clock as of any day and under suppositions.

use super::access::standing;
use super::files::{CaseFile, actor, nobody, read_log};
use super::{Caller, Office, OfficeError, Thing};
use crate::case::Event;
use crate::case::{Action, Case, Obligation, Role, actions, obligations};
use crate::law::{ClockAnswer, Fact, Timeline, reply_clock};
use crate::store::cases::{CaseCursor, CaseFilter, CaseRow};
use crate::store::events::{self, EventRow};
use crate::store::{CaseId, Db, OrganId, cases, organs};
use chrono::NaiveDate;

/// Who may look at cases: everybody who works on them or watches them. The intake system sees its own filings elsewhere.
pub const READERS: &[Role] =
    &[Role::Clerk, Role::Handler, Role::Reviewer, Role::OfficeHead, Role::Leader, Role::Supervisor, Role::Auditor];

/// "What if": facts that have not happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Every open opinion came back on this day.
    pub returned_on: Option<NaiveDate>,
    /// The period were extended by so many working days, told on the day asked about.
    pub extended_by: Option<u32>,
}

impl Office {
    /// A page of cases in the organs the caller may read, and in those organs only.
    ///
    /// # Errors
    /// What every read may meet.
    pub fn list_cases(
        &self,
        db: &mut Db,
        filter: &CaseFilter,
        after: Option<CaseCursor>,
        limit: i64,
    ) -> Result<Vec<CaseRow>, OfficeError> {
        Ok(cases::list(db, filter, after, limit)?)
    }

    /// The organs whose cases the caller may read, restricted to `organ` and, if wanted, the organs below it.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] for an organ in which the caller reads nothing.
    pub fn readable_organs(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: Option<OrganId>,
        with_subordinates: bool,
    ) -> Result<Vec<OrganId>, OfficeError> {
        let readable: Vec<_> = organs::all(db)?
            .into_iter()
            .filter(|row| caller.roles_at(&row.path).iter().any(|role| READERS.contains(role)))
            .collect();
        let Some(organ) = organ else { return Ok(readable.iter().map(|row| row.id).collect()) };
        let root = readable.iter().find(|row| row.id == organ).ok_or(OfficeError::NotFound)?;
        let below =
            |row: &&organs::OrganRow| row.id == organ || (with_subordinates && row.path.starts_with(&root.path));
        Ok(readable.iter().filter(below).map(|row| row.id).collect())
    }

    /// What the caller may do next on a case, and what blocks the rest.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`].
    pub fn actions(&self, db: &mut Db, caller: &Caller, file: &CaseFile) -> Result<Vec<Action>, OfficeError> {
        let standing = standing(db, caller, Thing::Case(file.row.id))?;
        let person = actor(caller, &standing.roles);
        Ok(actions(&file.case, &file.context(&person, self.clock().today())))
    }

    /// The log of a case, each row with its event.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] for a log that cannot be read.
    pub fn log(&self, db: &mut Db, id: CaseId) -> Result<Vec<(EventRow, Event)>, OfficeError> {
        let rows = events::load(db, id)?;
        let read = read_log(&rows)?;
        Ok(rows.into_iter().zip(read).collect())
    }

    /// The reply clock as of a day, with facts supposed on top; `None` until the day of receipt is fixed.
    ///
    /// # Errors
    /// [`OfficeError::Refused`] with `what_if_impossible` for a supposition the law does not allow.
    pub fn clock_of(
        &self,
        file: &CaseFile,
        as_of: NaiveDate,
        what_if: WhatIf,
    ) -> Result<Option<ClockAnswer>, OfficeError> {
        let Some(mut timeline) = file.case.timeline(&file.desk.calendar, &file.desk.rules) else { return Ok(None) };
        suppose(&mut timeline, &file.case, as_of, what_if);
        // A supposed return may lie ahead: the answer is then the one of that day.
        let day = what_if.returned_on.map_or(as_of, |returned| returned.max(as_of));
        reply_clock(&timeline, &file.desk.calendar, Some(day)).map(Some).map_err(|error| OfficeError::Refused {
            code: "what_if_impossible".into(),
            article: None,
            detail: error.to_string(),
            errors: Vec::new(),
        })
    }
}

/// Puts supposed facts on a timeline.
fn suppose(timeline: &mut Timeline, case: &Case, as_of: NaiveDate, what_if: WhatIf) {
    if let Some(on) = what_if.returned_on {
        let open = case.consultations.iter().filter(|consultation| consultation.returned.is_none());
        timeline.facts.extend(open.map(|c| Fact::ConsultationReturned { id: c.number.to_string(), on }));
    }
    if let Some(days) = what_if.extended_by {
        timeline.facts.push(Fact::Extension { on: as_of, days });
    }
}

/// What a view may be derived with when nobody in particular asks.
#[must_use]
pub fn duties_of(file: &CaseFile, today: NaiveDate) -> Vec<Obligation> {
    let nobody = nobody();
    obligations(&file.case, &file.context(&nobody, today))
}
