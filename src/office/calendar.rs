//! The working-day calendars: the one in force in each region, the one in force on an earlier day, and the one a case
//! names.
//!
//! The database determines the calendar in force and is queried in each transaction, so that two instances never use
//! different calendars. The calendars shipped with the program (embedded years and the configured directory) are stored
//! as revisions in the database at start.

pub mod change;
pub(in crate::office) mod past;
pub mod self_check;

use self::past::{VersionsOn, row_end};
use super::{OfficeError, WorkCalendars};
use crate::law::{Calendar, CalendarYear, Overlay};
use crate::office::cases::case_file::OrganContext;
use crate::store::calendar::{InForce, NewCalendarVersion, NewCalendarYear};
use crate::store::cases::CaseRow;
use crate::store::{Db, UserId, calendar, people::organs};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Maximum number of calendars kept in memory. There is about one per notice.
const MOST_KEPT: usize = 64;

/// A cache of calendars by version. A version identifies its content, so no entry becomes stale.
#[derive(Debug)]
pub struct Calendars {
    directory: PathBuf,
    known: RwLock<BTreeMap<String, Arc<Calendar>>>,
}

impl Calendars {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf(), known: RwLock::new(BTreeMap::new()) }
    }

    fn get(&self, name: &str) -> Option<Arc<Calendar>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }

    fn keep(&self, name: &str, calendar: Calendar) -> Arc<Calendar> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        let calendar = Arc::new(calendar);
        known.insert(name.to_owned(), Arc::clone(&calendar));
        calendar
    }

    /// The years shipped with the program: the embedded ones, overridden by those of the directory.
    pub(super) fn brought_along(&self) -> Result<BTreeMap<i32, CalendarYear>, OfficeError> {
        let embedded = Calendar::national().years().iter().map(|year| (year.year, year.clone()));
        let mut years: BTreeMap<i32, CalendarYear> = embedded.collect();
        for year in years_in(&self.directory).map_err(|error| wrong("calendar directory", &error))? {
            years.insert(year.year, year);
        }
        Ok(years)
    }
}

fn wrong(what: &str, error: &dyn std::fmt::Display) -> OfficeError {
    OfficeError::unreadable(format!("{what}: {error}"))
}

impl WorkCalendars<'_> {
    /// The calendar in force in a region (empty for the national one). A region without an overlay uses the national
    /// calendar.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if a stored year or a file is unusable, because no date is better than a wrong one.
    pub fn calendar(&self, db: &mut Db, region: &str) -> Result<Arc<Calendar>, OfficeError> {
        let here = calendar::version_in_force(db, region)?;
        let nationally = if here.is_some() || region.is_empty() { None } else { calendar::version_in_force(db, "")? };
        self.calendar_by(db, region, &InForce { here, nationally })
    }

    /// Like [`WorkCalendars::calendar`], in its own read transaction.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub fn calendar_in(&self, region: &str) -> Result<Arc<Calendar>, OfficeError> {
        self.store().read(|db| self.calendar(db, region))
    }

    /// Like [`WorkCalendars::calendar`], for versions in force that were loaded together with the organ.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub(super) fn calendar_by(
        &self,
        db: &mut Db,
        region: &str,
        in_force: &InForce,
    ) -> Result<Arc<Calendar>, OfficeError> {
        if let Some(version) = &in_force.here {
            return self.calendar_in_force(db, version);
        }
        let national = match &in_force.nationally {
            Some(version) if !region.is_empty() => self.calendar_in_force(db, version)?,
            Some(_) | None => self.never_recorded(db)?,
        };
        let Some(overlay) = Overlay::of_region(region) else { return Ok(national) };
        let name = format!("{}/{region}", national.version());
        match self.calendar_cache().get(&name) {
            Some(known) => Ok(known),
            None => {
                let laid_upon = national.with_overlay(overlay).map_err(|error| wrong("calendar overlay", &error))?;
                Ok(self.calendar_cache().keep(&name, laid_upon))
            }
        }
    }

    fn calendar_in_force(&self, db: &mut Db, version: &str) -> Result<Arc<Calendar>, OfficeError> {
        self.calendar_named(db, version)?.ok_or_else(|| wrong("calendar in force", &version))
    }

    /// The national calendar of a database in which none was ever put in force.
    fn never_recorded(&self, db: &mut Db) -> Result<Arc<Calendar>, OfficeError> {
        const NAME: &str = "never recorded";
        let entered = entered_years(db)?;
        if let Some(known) = self.calendar_cache().get(NAME).filter(|_| entered.is_empty()) {
            return Ok(known);
        }
        let mut years = self.calendar_cache().brought_along()?;
        let is_as_brought = entered.is_empty();
        years.extend(entered);
        let calendar =
            Calendar::from_years(years.into_values().collect()).map_err(|error| wrong("calendar", &error))?;
        Ok(if is_as_brought { self.calendar_cache().keep(NAME, calendar) } else { Arc::new(calendar) })
    }

    /// The calendar of a version, if it was ever in force.
    pub(in crate::office) fn calendar_named(
        &self,
        db: &mut Db,
        version: &str,
    ) -> Result<Option<Arc<Calendar>>, OfficeError> {
        if let Some(known) = self.calendar_cache().get(version) {
            return Ok(Some(known));
        }
        let Some(content) = calendar::content_of(db, version)? else { return Ok(None) };
        let calendar = Calendar::from_content(&content).map_err(|error| wrong("calendar_versions", &error))?;
        if calendar.version() != version {
            return Err(wrong("calendar_versions: the content is not that of the version", &version));
        }
        Ok(Some(self.calendar_cache().keep(version, calendar)))
    }

    /// The calendar a case is computed with, as named by its row. Falls back to the one in force if that version was
    /// never in force here (a row of an earlier release).
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub fn calendar_of(&self, db: &mut Db, row: &CaseRow, desk: &OrganContext) -> Result<Arc<Calendar>, OfficeError> {
        if row.calendar_version == desk.calendar.version() {
            return Ok(Arc::clone(&desk.calendar));
        }
        Ok(self.calendar_named(db, &row.calendar_version)?.unwrap_or_else(|| Arc::clone(&desk.calendar)))
    }

    /// The calendar in force in a region before the present one, or the present one if there was none before.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub(super) fn calendar_before(&self, db: &mut Db, region: &str) -> Result<Arc<Calendar>, OfficeError> {
        let before = match calendar::version_before(db, region)? {
            Some(version) => self.calendar_named(db, &version)?,
            None => None,
        };
        before.map_or_else(|| self.calendar(db, region), Ok)
    }

    /// The calendar that shows a case as of a day. A case closed by that day uses its own, as does any case today;
    /// otherwise the one in force on that day, so that the view of that day is reproduced.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub fn calendar_as_of(
        &self,
        db: &mut Db,
        row: &CaseRow,
        desk: &OrganContext,
        day: NaiveDate,
    ) -> Result<Arc<Calendar>, OfficeError> {
        self.calendar_at(db, &mut VersionsOn::default(), (row, desk), row_end(row), day)
    }

    /// Like [`WorkCalendars::calendar_as_of`], for a case that ended on `ended_on` as it was known: the row may say
    /// otherwise by now. Looks up each version once in `seen`.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub(in crate::office) fn calendar_at(
        &self,
        db: &mut Db,
        seen: &mut VersionsOn,
        (row, desk): (&CaseRow, &OrganContext),
        ended_on: Option<NaiveDate>,
        day: NaiveDate,
    ) -> Result<Arc<Calendar>, OfficeError> {
        let own = self.calendar_of(db, row, desk)?;
        let had_ended = ended_on.is_some_and(|on| on <= day);
        let is_as_its_row = ended_on == row_end(row);
        let shown = match ended_on.filter(|_| had_ended && !is_as_its_row) {
            // What its row names is of a later end, or of none.
            Some(ended) => ended,
            None if had_ended || day >= self.clock().today() => return Ok(own),
            None => day,
        };
        match seen.version(db, &desk.organ.region, shown)? {
            Some(version) => Ok(self.calendar_named(db, &version)?.unwrap_or(own)),
            None => Ok(own),
        }
    }

    /// Stores the years shipped with the program: years not yet in the database, and newer arrangements of shipped
    /// years. Does not replace a year that an administrator imported, and does not put an earlier calendar back in
    /// force, so that two releases running side by side do not alternate. Call it at start, before any computation.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if a file or a stored year is unusable, even one that is no longer in force.
    pub fn adopt_calendars(&self) -> Result<(), OfficeError> {
        self.store().write(|db| {
            calendar::change_in_force(db)?;
            self.adopt_within(db)
        })
    }

    /// Like [`WorkCalendars::adopt_calendars`], in a transaction that holds `change_in_force`.
    pub(super) fn adopt_within(&self, db: &mut Db) -> Result<(), OfficeError> {
        for (number, year) in self.calendar_cache().brought_along()? {
            let history = calendar::history(db, "", number)?;
            let is_imported = history.first().is_some_and(|latest| latest.source == calendar::IMPORTED);
            // An unreadable revision might equal this year. Skipping it could put the year back in force by mistake.
            let known = history.iter().map(|row| CalendarYear::from_json(&row.content));
            let known: Vec<CalendarYear> =
                known.collect::<Result<_, _>>().map_err(|error| wrong("calendar_years", &error))?;
            if !is_imported && !known.contains(&year) {
                self.record_year(db, &year, calendar::FROM_PROGRAM, None)?;
            }
        }
        let years = entered_years(db)?.into_values().collect();
        let national = Calendar::from_years(years).map_err(|error| wrong("calendar", &error))?;
        self.put_in_force(db, &national, None, false)
    }

    /// Adds a revision of a year.
    pub(super) fn record_year(
        &self,
        db: &mut Db,
        year: &CalendarYear,
        source: &str,
        created_by: Option<UserId>,
    ) -> Result<i32, OfficeError> {
        let content = serde_json::to_string(year).map_err(|error| wrong("calendar year", &error))?;
        let (notice, number) = (year.notice.trim(), year.year);
        let new = NewCalendarYear { region: "", year: number, notice, content: &content, created_by, source };
        Ok(calendar::add(db, new, self.clock().now())?.revision)
    }

    /// Puts a national calendar in force, and the calendar built on it for each region that has or had an organ.
    /// Without `again`, skips calendars that were ever in force before.
    pub(super) fn put_in_force(
        &self,
        db: &mut Db,
        national: &Calendar,
        created_by: Option<UserId>,
        again: bool,
    ) -> Result<(), OfficeError> {
        let mut regions: BTreeSet<String> = organs::all(db)?.into_iter().map(|organ| organ.region).collect();
        regions.extend(calendar::regions(db)?);
        self.force(db, "", national, created_by, again)?;
        for region in regions {
            let Some(overlay) = Overlay::of_region(&region) else { continue };
            let laid_upon = national.with_overlay(overlay).map_err(|error| wrong("calendar overlay", &error))?;
            self.force(db, &region, &laid_upon, created_by, again)?;
        }
        Ok(())
    }

    fn force(
        &self,
        db: &mut Db,
        region: &str,
        calendar: &Calendar,
        created_by: Option<UserId>,
        again: bool,
    ) -> Result<(), OfficeError> {
        let version = calendar.version();
        let is_known = if again {
            calendar::version_in_force(db, region)?.as_deref() == Some(version)
        } else {
            calendar::content_of(db, version)?.is_some()
        };
        if is_known {
            return Ok(());
        }
        let (content, applied_on) = (calendar.content(), self.clock().today());
        let new = NewCalendarVersion { region, version, content: &content, applied_on, created_by };
        Ok(calendar::put_in_force(db, new, self.clock().now())?)
    }
}

/// The national calendar of a database, read without an open office: the one in force, or the years shipped with the
/// program (`directory` included) and those that were entered.
///
/// # Errors
/// [`OfficeError::Unreadable`] if it cannot be read.
pub(super) fn national_calendar(db: &mut Db, directory: &Path) -> Result<Calendar, OfficeError> {
    if let Some(version) = calendar::version_in_force(db, "")? {
        let content = calendar::content_of(db, &version)?.ok_or_else(|| wrong("calendar in force", &version))?;
        return Calendar::from_content(&content).map_err(|error| wrong("calendar_versions", &error));
    }
    let mut years = Calendars::new(directory).brought_along()?;
    years.extend(entered_years(db)?);
    Calendar::from_years(years.into_values().collect()).map_err(|error| wrong("calendar", &error))
}

/// The national years in the database.
fn entered_years(db: &mut Db) -> Result<BTreeMap<i32, CalendarYear>, OfficeError> {
    let rows = calendar::in_force(db)?;
    let national = rows.iter().filter(|row| row.region.is_empty());
    let read = national.map(|row| CalendarYear::from_json(&row.content).map(|year| (year.year, year)));
    read.collect::<Result<_, _>>().map_err(|error| wrong("calendar_years", &error))
}

/// The years of the files `cn-YYYY.json` in a directory. None for an empty path.
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
