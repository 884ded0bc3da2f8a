//! Predicts which duties will have changed by a day because something expired, so that a preview shows what the pass of
//! that day will find.

use crate::office::cases::ended_by_themselves;
use crate::office::{OfficeError, Reminders};
use crate::store::cases::CaseRow;
use crate::store::cases::obligations::OPEN;
use crate::store::{
    CaseId, Db, ObligationId,
    cases::{self, obligations},
};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Duties that will differ, by id: their last day, or `None` if they will no longer be owed.
pub(super) type ForeseenDuties = BTreeMap<ObligationId, Option<NaiveDate>>;

impl Reminders<'_> {
    /// The duties that will differ on `day` because something expired before it. Writes nothing.
    pub(super) fn foreseen(&self, db: &mut Db, day: NaiveDate) -> Result<ForeseenDuties, OfficeError> {
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
        for (row, file) in self.cases().files_of(db, rows)? {
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
}
