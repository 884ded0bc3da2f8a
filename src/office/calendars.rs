//! The working-day calendars in force: the embedded years, those of a directory, those entered in the database, and a
//! region's own days on top.

use super::{Office, OfficeError};
use crate::law::{Calendar, CalendarYear, Overlay};
use crate::store::{Db, calendars};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a loaded calendar is used before the database is asked again: another instance may have taken a notice in.
const FRESH: Duration = Duration::from_secs(30);

/// Calendars by region, loaded when first asked for.
#[derive(Debug)]
pub struct Calendars {
    directory: PathBuf,
    loaded: RwLock<BTreeMap<String, (Instant, Arc<Calendar>)>>,
}

impl Calendars {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf(), loaded: RwLock::new(BTreeMap::new()) }
    }

    fn fresh(&self, region: &str) -> Option<Arc<Calendar>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.get(region).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, calendar)| Arc::clone(calendar))
    }

    fn load(&self, db: &mut Db, region: &str) -> Result<Calendar, OfficeError> {
        let wrong = |what: &str, error: &dyn std::fmt::Display| OfficeError::Internal(format!("{what}: {error}"));
        let embedded = Calendar::national().years().iter().map(|year| (year.year, year.clone()));
        let mut years: BTreeMap<i32, CalendarYear> = embedded.collect();
        for year in years_in(&self.directory).map_err(|error| wrong("calendar directory", &error))? {
            years.insert(year.year, year);
        }
        for row in calendars::in_force(db)?.iter().filter(|row| row.region.is_empty()) {
            let year = CalendarYear::from_json(&row.content).map_err(|error| wrong("calendar_years", &error))?;
            years.insert(year.year, year);
        }
        let national =
            Calendar::from_years(years.into_values().collect()).map_err(|error| wrong("calendar", &error))?;
        match Overlay::of_region(region) {
            Some(overlay) => national.with_overlay(overlay).map_err(|error| wrong("calendar overlay", &error)),
            None => Ok(national),
        }
    }
}

impl Office {
    /// The calendar of a region (empty: the national one); an unknown region has the national one.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] when a stored year or a file is unusable: no date is better than a wrong one.
    pub fn calendar(&self, db: &mut Db, region: &str) -> Result<Arc<Calendar>, OfficeError> {
        if let Some(calendar) = self.calendars().fresh(region) {
            return Ok(calendar);
        }
        let calendar = Arc::new(self.calendars().load(db, region)?);
        let mut loaded = self.calendars().loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.insert(region.to_owned(), (Instant::now(), Arc::clone(&calendar)));
        Ok(calendar)
    }
}

/// The years of the files `cn-YYYY.json` in a directory; an empty path names none.
fn years_in(directory: &Path) -> Result<Vec<CalendarYear>, String> {
    if directory.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let mut years = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("cn-") && name.ends_with(".json") {
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            years.push(CalendarYear::from_json(&text).map_err(|error| format!("{name}: {error}"))?);
        }
    }
    Ok(years)
}
