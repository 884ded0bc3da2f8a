//! The office's mailroom: its store, its settings, its calendars, its cases.

use super::cases::ended_by_themselves;
use super::{Office, OfficeError};
use crate::mail::notice::{self, MissingYear, MovedCase, Post};
use crate::mail::schedule::{Dossier, ForeseenDuties, MailError};
use crate::mail::{Mailroom, smtp};
use crate::store::cases::CaseRow;
use crate::store::obligations::OPEN;
use crate::store::{CaseId, Db, OrganId, Ts, cases, obligations};
use chrono::{Datelike, NaiveDate, TimeDelta};
use std::sync::Arc;

impl Office {
    /// What queues this office's reminders.
    ///
    /// # Errors
    /// [`MailError`] when the sender in the settings is no mailbox or a built-in template is broken.
    pub fn mailroom(&self) -> Result<Mailroom, MailError> {
        let (office, settings) = (self.clone(), self.settings());
        let calendar_of = move |db: &mut Db, region: &str| Ok(office.calendar(db, region)?);
        let office = self.clone();
        let dossier_of = move |db: &mut Db, case: CaseId| {
            let file = office.open_file(db, case)?;
            Ok(Dossier { case: file.case, rules: file.desk.rules })
        };
        let office = self.clone();
        let settles = move || {
            office.resume_silent()?;
            Ok(())
        };
        let (store, templates) = (self.store().clone(), Arc::clone(self.templates()));
        let room = Mailroom::new(store, &settings.smtp, &settings.reminders, templates, Arc::new(calendar_of))?;
        let office = self.clone();
        let foresees = move |db: &mut Db, day: NaiveDate| Ok(office.foreseen(db, day)?);
        let room = room.with_dossiers(Arc::new(dossier_of)).with_settling(Arc::new(settles));
        Ok(room.with_foresight(Arc::new(foresees)))
    }

    /// The duties that will stand otherwise on `day` because something ended by itself before it. Nothing is written.
    fn foreseen(&self, db: &mut Db, day: NaiveDate) -> Result<ForeseenDuties, OfficeError> {
        let mut foreseen = ForeseenDuties::new();
        let mut after: Option<CaseId> = None;
        loop {
            let ids = ended_by_themselves(db, day, after)?;
            let Some(last) = ids.last() else { return Ok(foreseen) };
            after = Some(*last);
            let rows = cases::many(db, &ids)?;
            self.foresee(db, rows, day, &mut foreseen)?;
        }
    }

    fn foresee(
        &self,
        db: &mut Db,
        rows: Vec<CaseRow>,
        day: NaiveDate,
        foreseen: &mut ForeseenDuties,
    ) -> Result<(), OfficeError> {
        for (row, file) in self.files_of(db, rows)? {
            let duties = match file {
                Ok(file) => file.written_duties(day),
                Err(error) => {
                    tracing::error!(case = %row.id.0, %error, "a case is not foreseen: it cannot be read");
                    continue;
                }
            };
            for row in obligations::of_case(db, row.id)? {
                let Some(duty) = duties.iter().find(|duty| duty.key == row.key) else { continue };
                let (is_open, will_be_open) = (row.status == OPEN, duty.status == OPEN);
                if (is_open || will_be_open) && (row.due_on, is_open) != (duty.due_on, will_be_open) {
                    foreseen.insert(row.id, duty.due_on.filter(|_| will_be_open));
                }
            }
        }
        Ok(())
    }

    /// Queues the mails about duties that moved with the calendar, all of one organ, in the transaction that moved them.
    pub(super) fn tell_owners(&self, db: &mut Db, moved: &[MovedCase]) -> Result<(), OfficeError> {
        if moved.is_empty() {
            return Ok(());
        }
        match smtp::sender(&self.settings().smtp) {
            Ok(from) => {
                let opens = moved.first().map(|case| self.mail_opens(db, Some(case.organ_id))).transpose()?.flatten();
                let post = Post { templates: self.templates(), from: &from, today: self.clock().today(), opens };
                notice::tell_owners(db, &post, moved)?;
            }
            // `serve` does not start with such a setting; a command at the machine must still keep the law's dates.
            Err(cause) => tracing::error!(%cause, "nobody is told of the calendar: the sender is no mailbox"),
        }
        Ok(())
    }

    /// When mail about `organ` (none: about the whole house) may go out that is written now; `None`: at once.
    pub(super) fn mail_opens(&self, db: &mut Db, organ: Option<OrganId>) -> Result<Option<Ts>, OfficeError> {
        let room = self.mailroom().map_err(|cause| match cause {
            MailError::Store(cause) => cause.into(),
            MailError::Setup(_) | MailError::Render(_) => OfficeError::Internal(cause.to_string()),
        })?;
        let wait = room.wait(db, organ, self.clock().office_time())?;
        let opens = self.clock().now().0.checked_add_signed(wait).map(Ts);
        Ok(opens.filter(|_| wait > TimeDelta::zero()))
    }

    /// Reminds the administrators, once a week from 1 November on, of a year that running duties need and the calendar has
    /// not. Answers how many mails were queued.
    ///
    /// # Errors
    /// As every write.
    pub fn remind_of_missing_year(&self) -> Result<usize, OfficeError> {
        let today = self.clock().today();
        let missing = self.store().read(|db| self.missing_year(db, today))?;
        let Some(missing) = missing.filter(|missing| is_november_before(missing.year, today)) else { return Ok(0) };
        match smtp::sender(&self.settings().smtp) {
            Ok(from) => {
                let opens = self.store().read(|db| self.mail_opens(db, None))?;
                let post = Post { templates: self.templates(), from: &from, today, opens };
                Ok(self.store().write(|db| notice::remind_of_year(db, &post, missing))?)
            }
            Err(cause) => Err(OfficeError::Internal(cause.to_string())),
        }
    }

    fn missing_year(&self, db: &mut Db, today: NaiveDate) -> Result<Option<MissingYear>, OfficeError> {
        let last_day = self.calendar(db, "")?.last_day();
        let latest = obligations::latest_due(db)?;
        let in_gap = cases::count_in_gap(db)?;
        let Some(first_missing) = last_day.succ_opt() else { return Ok(None) };
        let is_needed = in_gap > 0 || latest >= Some(first_missing);
        let latest = latest.unwrap_or(first_missing).max(today);
        Ok(is_needed.then_some(MissingYear { year: first_missing.year(), in_gap, latest }))
    }
}

/// Notices come out in November at the latest; before that nobody can do anything about it.
fn is_november_before(year: i32, today: NaiveDate) -> bool {
    today.year() >= year || (today.year() + 1 == year && today.month() >= 11)
}
