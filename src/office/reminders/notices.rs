//! Mails about the calendar, and the earliest time for a new mail.

use crate::case::reminder_days::Days;
use crate::mail::notice::{self, MissingYear, MovedCase, Post};
use crate::mail::smtp;
use crate::office::{OfficeError, Reminders};
use crate::store::{
    Db, OrganId, Ts,
    cases::{self, obligations},
    people::organs,
};
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta};

impl Reminders<'_> {
    /// Queues the mails about duties of one organ that moved with the calendar, in the transaction that moved them.
    pub(in crate::office) fn tell_owners(&self, db: &mut Db, moved: &[MovedCase]) -> Result<(), OfficeError> {
        if moved.is_empty() {
            return Ok(());
        }
        match smtp::sender(&self.settings().smtp) {
            Ok(from) => {
                let opens = moved.first().map(|case| self.mail_opens(db, Some(case.organ_id))).transpose()?.flatten();
                let post = Post { templates: self.templates(), from: &from, today: self.clock().today(), opens };
                notice::tell_owners(db, &post, moved)?;
            }
            // `serve` refuses to start with such a setting. A command must still compute the correct dates.
            Err(cause) => tracing::error!(%cause, "the calendar change is not mailed: the sender is not a mailbox"),
        }
        Ok(())
    }

    /// The earliest instant for a new mail about `organ` (`None` for one about no single organ). `None` for at once.
    pub(in crate::office) fn mail_opens(&self, db: &mut Db, organ: Option<OrganId>) -> Result<Option<Ts>, OfficeError> {
        let wait = self.mail_wait(db, organ, self.clock().office_time())?;
        let opens = self.clock().now().0.checked_add_signed(wait).map(Ts);
        Ok(opens.filter(|_| wait > TimeDelta::zero()))
    }

    /// How long mail about `organ` (`None` for one about no single organ) has to wait at `at` until its window opens.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ does not exist; [`OfficeError::Unreadable`] if its reminder settings or
    /// the calendar cannot be read.
    pub fn mail_wait(&self, db: &mut Db, organ: Option<OrganId>, at: NaiveDateTime) -> Result<TimeDelta, OfficeError> {
        let (window, region) = match organ {
            Some(organ) => (self.stored_settings(db, organ)?.effective.window, organs::find(db, organ)?.region),
            None => (self.settings().reminders.window, String::new()),
        };
        let calendar = self.calendars().calendar(db, &region)?;
        Ok(window.wait(&Days::new(&calendar), at))
    }

    /// Reminds the administrators, weekly from 1 November, of a year that running duties need but the calendar does not
    /// have. Returns how many mails were queued.
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
        let last_day = self.calendars().calendar(db, "")?.last_day();
        let latest = obligations::latest_due(db)?;
        let in_gap = cases::count_in_gap(db)?;
        let Some(first_missing) = last_day.succ_opt() else { return Ok(None) };
        let is_needed = in_gap > 0 || latest >= Some(first_missing);
        let latest = latest.unwrap_or(first_missing).max(today);
        Ok(is_needed.then_some(MissingYear { year: first_missing.year(), in_gap, latest }))
    }
}

/// Notices are published by November. Before that there is nothing to enter.
pub(in crate::office) fn is_november_before(year: i32, today: NaiveDate) -> bool {
    today.year() >= year || (today.year() + 1 == year && today.month() >= 11)
}
