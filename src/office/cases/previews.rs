//! What a command, a filing or an amendment would come to. Nothing is written.

use super::amendments::Amend;
use super::beside::Beside;
use super::{CaseFile, blank_row, check_merge, check_references, received};
use crate::case::command::{Receive, RevokeReply, Void};
use crate::case::{
    AmendmentCause, Command, Context, Drawn, Event, MovedDuty, Role, Stage, decide, evolve, moved_duties,
};
use crate::office::cases::Application;
use crate::office::cases::applicants::check_applicant;
use crate::office::cases::case_file::{actor, derive_row, read_log, steps_of};
use crate::office::cases::queries::Shown;
use crate::office::people::access::{Authority, Readmitted, Thing, readmit};
use crate::office::reports::publish::ReportMove;
use crate::office::{Caller, Cases, OfficeError};
use crate::store::cases::events::EventRow;
use crate::store::mail::outbox;
use crate::store::{ApplicantId, CaseId, Db, OrganId, reminders};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// The number that a preview shows in the place of one that would be drawn.
const NOT_DRAWN: &str = "（办理时编号）";

/// What would be.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The case as it is. `None` for a filing.
    pub before: Option<CaseFile>,
    /// The case as it would be.
    pub after: Shown,
    /// Running duties with another last day.
    pub duties: Vec<MovedDuty>,
    /// Cells of the annual reports that the case would leave and enter.
    pub cells: Vec<ReportMove>,
    /// Subjects of the waiting mails that would be withdrawn.
    pub mails: Vec<String>,
    /// Why the leader would have to confirm it.
    pub because: Vec<AmendmentCause>,
}

impl Cases<'_> {
    /// What a filing by hand would come to.
    ///
    /// # Errors
    /// As [`Cases::file_by_hand`], and the errors of `show`.
    pub fn preview_filing<T>(
        &self,
        caller: &Caller,
        application: &Application,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().read(|db| {
            let Readmitted { caller, authority, seat } =
                self.admit_filing(db, caller, OrganId(application.organ_id))?;
            check_applicant(&application.applicant)?;
            let receive: Receive = received(application, ApplicantId::new());
            let name = application.applicant.name.trim();
            let row = blank_row(seat.organ.id, &receive, name, None, self.clock().recorded_at());
            let desk = self.desk_of(db, seat)?;
            let person = actor(&caller, &authority.roles);
            let context =
                Context { actor: &person, today: self.clock().today(), calendar: &desk.calendar, rules: &desk.rules };
            let events = decide(None, &Command::Receive(receive), &context, &Drawn::default())?;
            let after = self.unwritten(row, desk, &events)?;
            let after = CaseFile { beside: Some(Beside::of(&application.applicant)), ..after };
            let cells = self.reports().moved_by(db, &after.row, &[], &events)?;
            let duties = moved_duties(&[], &after.duties(self.clock().today()));
            let after = self.shown(&caller, &authority.roles, after, Vec::new());
            show(&Preview { before: None, after, duties, cells, mails: Vec::new(), because: Vec::new() })
        })
    }

    /// What a command would come to.
    ///
    /// # Errors
    /// As [`Cases::command`], and the errors of `show`.
    pub fn preview_command<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        command: &Command,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        if let Command::Void(void) = command {
            return self.preview_void(caller, id, void, show);
        }
        if let Command::RevokeReply(revoke) = command {
            return self.preview_revocation(caller, id, revoke, show);
        }
        self.previewing(caller, id, show, |db, caller, authority, before, log| {
            check_references(db, &before, command)?;
            if let Command::Merge(merge) = command {
                let target = self.open_file(db, CaseId(merge.into_case))?;
                check_merge(db, &before, &target)?;
            }
            let events = self.decided(&before, caller, &authority.roles, command)?;
            let mut effective = read_log(log)?;
            effective.extend(events.iter().cloned());
            let after = self.after(&before, &events)?;
            Ok(Change { before, after, effective, is_amended: false, because: Vec::new() })
        })
    }

    /// What an amendment would come to.
    ///
    /// # Errors
    /// As [`Cases::amend`], and the errors of `show`.
    pub fn preview_amendment<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &Amend,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.previewing(caller, id, show, |db, caller, authority, file, log| {
            let plan = self.plan_of(db, caller, authority, file, &steps_of(log)?, request)?;
            Ok(Change {
                effective: plan.redecided.events,
                because: plan.because,
                before: plan.before,
                after: plan.after,
                is_amended: true,
            })
        })
    }

    fn preview_void<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        void: &Void,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.previewing(caller, id, show, |db, caller, authority, before, log| {
            let (events, because) = self.void_of(db, caller, authority, &before, &steps_of(log)?, void)?;
            let after = self.after(&before, &events)?;
            let mut effective = read_log(log)?;
            effective.extend(events);
            Ok(Change { before, after, effective, is_amended: true, because })
        })
    }

    fn preview_revocation<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &RevokeReply,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.previewing(caller, id, show, |_, caller, authority, before, log| {
            let (events, because) = self.revocation_of(caller, authority, &before, request)?;
            let after = self.after(&before, &events)?;
            let mut effective = read_log(log)?;
            effective.extend(events);
            Ok(Change { before, after, effective, is_amended: false, because })
        })
    }

    /// Opens a case, works out what `change` makes of it, and shows that.
    fn previewing<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        show: impl FnOnce(&Preview) -> Result<T, OfficeError>,
        change: impl FnOnce(&mut Db, &Caller, &Authority, CaseFile, &[EventRow]) -> Result<Change, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().read(|db| {
            let Readmitted { caller, authority, .. } = readmit(db, caller, Thing::Case(id))?;
            let (file, log) = self.open_file_with_log(db, id)?;
            let Change { before, after, effective, is_amended, because } = change(db, &caller, &authority, file, &log)?;
            let today = self.clock().today();
            let duties = moved_duties(&before.duties(today), &after.duties(today));
            let cells = self.reports().moved_by(db, &before.row, &read_log(&log)?, &effective)?;
            let mails = if is_amended {
                let keys = reminders::mails_about(db, id)?;
                outbox::waiting_subjects(db, &keys)?
            } else {
                Vec::new()
            };
            let orders = self.supervision().pending_orders(db, before.row.organ_id, id)?;
            let after = self.shown(&caller, &authority.roles, after, orders);
            show(&Preview { before: Some(before), after, duties, cells, mails, because })
        })
    }

    /// The events that a command would record, with stand-ins for what would be drawn.
    fn decided(
        &self,
        file: &CaseFile,
        caller: &Caller,
        roles: &BTreeSet<Role>,
        command: &Command,
    ) -> Result<Vec<Event>, OfficeError> {
        let parts = match command {
            Command::Split(split) => split.parts.iter().map(|_| CaseId::new().0).collect(),
            _ => Vec::new(),
        };
        let drawn = Drawn { number: Some(NOT_DRAWN.to_owned()), parts };
        let person = actor(caller, roles);
        Ok(decide(Some(&file.case), command, &file.context(&person, self.clock().today()), &drawn)?)
    }

    /// The case after these events.
    fn after(&self, before: &CaseFile, events: &[Event]) -> Result<CaseFile, OfficeError> {
        let case = events.iter().fold(Some(before.case.clone()), evolve);
        let case = case.ok_or_else(|| OfficeError::Internal("a log without its first event".into()))?;
        let mut after = CaseFile { case, ..before.clone() };
        if !before.case.stage.is_open() && after.case.stage.is_open() {
            after.desk.calendar = std::sync::Arc::clone(&after.running);
        }
        derive_row(&mut after, self.clock().today());
        Ok(after)
    }
}

/// A case, what it would be, and the log that would be in effect.
struct Change {
    before: CaseFile,
    after: CaseFile,
    effective: Vec<Event>,
    is_amended: bool,
    because: Vec<AmendmentCause>,
}

impl Preview {
    /// The day of the preview.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.after.today
    }

    /// Whether the case would count nowhere.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.after.file.case.stage == Stage::Void
    }
}
