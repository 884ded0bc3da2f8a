//! The office's mailroom: its store, its settings, its calendars.

use super::Office;
use crate::mail::Mailroom;
use crate::mail::schedule::MailError;
use crate::store::{Db, StoreError};
use std::sync::Arc;

impl Office {
    /// What queues this office's reminders.
    ///
    /// # Errors
    /// [`MailError`] when the sender in the settings is no mailbox or a template is broken.
    pub fn mailroom(&self) -> Result<Mailroom, MailError> {
        let (office, settings) = (self.clone(), self.settings());
        let calendar_of = move |db: &mut Db, region: &str| {
            office.calendar(db, region).map_err(|cause| StoreError::Corrupt(cause.to_string()))
        };
        Mailroom::new(self.store().clone(), &settings.smtp, &settings.reminders, Arc::new(calendar_of))
    }
}
