//! Which calendar shows a past day.

use crate::office::OfficeError;
use crate::store::cases::CaseRow;
use crate::store::{Db, calendar};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The day on which the case of a row ended. `None` if it is open.
pub(in crate::office) fn row_end(row: &CaseRow) -> Option<NaiveDate> {
    row.closed_on.filter(|_| !row.is_open)
}

/// The versions of calendars that were looked up, by region and day.
#[derive(Debug, Default)]
pub(in crate::office) struct VersionsOn(HashMap<(String, NaiveDate), Option<String>>);

impl VersionsOn {
    /// The version in force in a region on a day. `None` if no calendar was in force yet.
    pub(in crate::office) fn version(
        &mut self,
        db: &mut Db,
        region: &str,
        day: NaiveDate,
    ) -> Result<Option<String>, OfficeError> {
        match self.0.entry((region.to_owned(), day)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(place) => Ok(place.insert(calendar::version_on(db, region, day)?).clone()),
        }
    }
}
