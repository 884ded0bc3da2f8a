//! The office's mailroom: its store, its settings, its calendars, its cases.

use super::Office;
use crate::mail::Mailroom;
use crate::mail::schedule::{Dossier, MailError};
use crate::store::{CaseId, Db, StoreError};
use std::sync::Arc;

impl Office {
    /// What queues this office's reminders.
    ///
    /// # Errors
    /// [`MailError`] when the sender in the settings is no mailbox or a built-in template is broken.
    pub fn mailroom(&self) -> Result<Mailroom, MailError> {
        let (office, settings) = (self.clone(), self.settings());
        let calendar_of = move |db: &mut Db, region: &str| {
            office.calendar(db, region).map_err(|cause| StoreError::Corrupt(cause.to_string()))
        };
        let office = self.clone();
        let dossier_of = move |db: &mut Db, case: CaseId| {
            let file = office.open_file(db, case).map_err(|cause| StoreError::Corrupt(cause.to_string()))?;
            Ok(Dossier { case: file.case, rules: file.desk.rules })
        };
        let room = Mailroom::new(self.store().clone(), &settings.smtp, &settings.reminders, Arc::new(calendar_of))?;
        Ok(room.with_dossiers(Arc::new(dossier_of)))
    }
}
