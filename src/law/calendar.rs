//! The working days of the State Council's notices.
//!
//! A day outside the loaded years is a [`Gap`]: whether it is a working day is not known yet, so no date is computed from it.

pub(super) mod check;
pub(super) mod envelope;
pub(super) mod estimate;
pub(super) mod holiday;
pub(super) mod overlay;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest;
use check::{CalendarError, CalendarFault};
use chrono::{Datelike, NaiveDate, Weekday};
use estimate::{Estimate, Estimates};
use overlay::Overlay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

/// One year's arrangement, as in `config/calendar/cn-YYYY.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarYear {
    /// The calendar year.
    pub year: i32,
    /// Number, title and date of the notice 《关于…年部分节假日安排的通知》.
    pub notice: String,
    /// Later notices that changed it.
    #[serde(default)]
    pub amendments: Vec<String>,
    /// Days of rest named by the notice, weekends among them.
    pub off: Vec<OffDay>,
    /// Saturdays and Sundays that are worked (调休).
    pub work: Vec<NaiveDate>,
}

/// A day of rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffDay {
    /// The day.
    pub date: NaiveDate,
    /// The holiday it belongs to.
    pub name: String,
    /// True for a weekend day that the notice includes without naming it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub implied: bool,
    /// The year of the notice, where it is another year's (New Year's holiday that begins in December).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_year: Option<i32>,
}

/// The answer needs a day whose notice is not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("工作日历缺少 {missing}：该年放假通知尚未载入")]
pub struct Gap {
    /// The first day that is missing.
    pub missing: NaiveDate,
}

/// A day that is another kind of day in another calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayChange {
    /// The day.
    pub date: NaiveDate,
    /// Whether it was worked; `None`: its year was not known.
    pub before: Option<bool>,
    /// Whether it is worked; `None`: its year is not known any more.
    pub after: Option<bool>,
}

/// All a calendar consists of: what its version is the hash of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    years: Vec<CalendarYear>,
    overlays: Vec<Overlay>,
}

/// Contiguous years of working days. Adding and counting are look-ups, whatever the distance.
#[derive(Debug, Clone)]
pub struct Calendar {
    years: Vec<CalendarYear>,
    overlays: Vec<Overlay>,
    version: String,
    /// Day number (from the Common Era) of the first day.
    first: i32,
    /// `worked[i]`: working days among the first `i` days. One longer than the calendar.
    worked: Vec<u32>,
    /// `nth[k]`: offset of the working day number `k`, counted from 0.
    nth: Vec<u32>,
    /// What it counts by where days are estimated; none in a calendar of notices alone.
    estimate: Option<Estimate>,
    /// This calendar continued by estimate ([`Self::last_day_of`]), made when it is first asked for.
    pub(super) estimates: OnceLock<Box<Estimates>>,
}

macro_rules! embedded_files {
    ($($year:literal),+) => { [$(include_str!(concat!("../../config/calendar/cn-", $year, ".json"))),+] };
}

/// The notices known when this was built.
pub(super) const EMBEDDED: [&str; 19] = embedded_files!(
    2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026
);

/// Should an embedded file ever be unreadable, there are no years and every answer is a gap: never a guess. A test reads them.
static YEARS: LazyLock<Vec<CalendarYear>> = LazyLock::new(|| {
    EMBEDDED.iter().map(|text| CalendarYear::from_json(text)).collect::<Result<_, _>>().unwrap_or_default()
});

static NATIONAL: LazyLock<Calendar> =
    LazyLock::new(|| Calendar::from_years(YEARS.clone()).unwrap_or_else(|_| Calendar::build(Vec::new(), Vec::new())));

/// The years of the embedded notices.
pub(super) fn embedded_years() -> &'static [CalendarYear] {
    &YEARS
}

impl Calendar {
    /// The embedded national calendar, 2008 to 2026, parsed once.
    #[must_use]
    pub fn national() -> &'static Self {
        &NATIONAL
    }

    /// A calendar of the given years, in any order.
    ///
    /// # Errors
    /// [`CalendarError`] when a year is missing between two others or given twice, has no notice, or contradicts what a notice
    /// can say: a date of another year, a day both off and worked, a worked day that is no weekend day, a statutory holiday that
    /// is not off, a stray day far from its holiday, an impossible number of working days, more or fewer days off than are
    /// statutory or worked for.
    pub fn from_years(mut years: Vec<CalendarYear>) -> Result<Self, CalendarError> {
        years.sort_by_key(|year| year.year);
        check::check_years(&years)?;
        Ok(Self::build(years, Vec::new()))
    }

    /// This calendar with another arrangement for one year: a known one, or the year after the last.
    ///
    /// # Errors
    /// Every fault of the arrangement, each with its place in it; a fault elsewhere (a neighbouring year, a region's days) with
    /// the place of the whole.
    pub fn with_year(&self, year: &CalendarYear) -> Result<Self, Vec<CalendarFault>> {
        let mut years: Vec<_> = self.years.iter().filter(|known| known.year != year.year).cloned().collect();
        years.push(year.clone());
        years.sort_by_key(|known| known.year);
        let faults = check::faults_of(&years, year.year);
        if !faults.is_empty() {
            return Err(faults);
        }
        let whole = |error: CalendarError| vec![CalendarFault { pointer: String::new(), error }];
        let national = Self::from_years(years).map_err(whole)?;
        self.overlays.iter().try_fold(national, |calendar, overlay| calendar.with_overlay(overlay)).map_err(whole)
    }

    /// The whole content, for keeping: [`Self::from_content`] gives the same calendar of the same version.
    #[must_use]
    pub fn content(&self) -> String {
        serde_json::json!({ "years": self.years, "overlays": self.overlays }).to_string()
    }

    /// A calendar that was kept. It was checked when it was made: later rules do not make it unreadable.
    ///
    /// # Errors
    /// [`CalendarError::Unreadable`] with the place in the text.
    pub fn from_content(text: &str) -> Result<Self, CalendarError> {
        let Content { years, overlays } =
            serde_json::from_str(text).map_err(|error| CalendarError::Unreadable { detail: error.to_string() })?;
        Ok(Self::build(years, overlays))
    }

    /// The days that are not the same kind of day in `after`, in order. A day whose year one of the two does not know is
    /// compared by the day of the week, so that of a new year only what its notice says is listed.
    #[must_use]
    pub fn changes_to(&self, after: &Self) -> Vec<DayChange> {
        let (first, last) = (self.first_day().min(after.first_day()), self.last_day().max(after.last_day()));
        let usual = |known: Option<bool>, day: NaiveDate| known.unwrap_or(!is_weekend(day));
        first
            .iter_days()
            .take_while(|day| *day <= last)
            .map(|date| DayChange {
                date,
                before: self.is_working_day(date).ok(),
                after: after.is_working_day(date).ok(),
            })
            .filter(|change| usual(change.before, change.date) != usual(change.after, change.date))
            .collect()
    }

    /// This calendar with a region's own days of rest and of work on top.
    ///
    /// # Errors
    /// [`CalendarError`] when the overlay names days outside the calendar, a day both off and worked, or works a day that is
    /// already worked.
    pub fn with_overlay(&self, overlay: &Overlay) -> Result<Self, CalendarError> {
        overlay.check(self)?;
        let overlays = self.overlays.iter().chain(std::iter::once(overlay)).cloned().collect();
        Ok(Self::build(self.years.clone(), overlays))
    }

    pub(super) fn build(years: Vec<CalendarYear>, overlays: Vec<Overlay>) -> Self {
        let version = version_of(&years, &overlays);
        let first = years.first().and_then(|year| NaiveDate::from_yo_opt(year.year, 1)).unwrap_or(NaiveDate::MAX);
        let end = years.last().and_then(|year| NaiveDate::from_yo_opt(year.year.saturating_add(1), 1)).unwrap_or(first);
        let (off, work) = exceptions(&years, &overlays);
        let mut worked = vec![0];
        let mut nth = Vec::new();
        let (mut count, mut offset) = (0u32, 0u32);
        for day in first.iter_days().take_while(|day| *day < end) {
            if work.contains(&day) || (!is_weekend(day) && !off.contains(&day)) {
                nth.push(offset);
                count += 1;
            }
            offset += 1;
            worked.push(count);
        }
        let first = first.num_days_from_ce();
        Self { years, overlays, version, first, worked, nth, estimate: None, estimates: OnceLock::new() }
    }

    /// Names the content: years, a hash of every date and notice, and the region overlays, e.g. `cn-2008-2026-0a1b2c3d4e5f`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// This calendar with Monday to Friday of so many years after it, counted by an estimate.
    pub(super) fn continued(&self, years: i32, estimate: Estimate) -> Self {
        let mut continued = Self { estimates: OnceLock::new(), ..self.clone() };
        let from = self.after_the_end();
        let until = from.year().saturating_add(years);
        let first = u32::try_from(self.length()).unwrap_or(u32::MAX);
        let days = from.iter_days().take_while(|day| !self.years.is_empty() && day.year() < until);
        for (offset, day) in (first..).zip(days) {
            if !is_weekend(day) {
                continued.nth.push(offset);
            }
            continued.worked.push(u32::try_from(continued.nth.len()).unwrap_or(u32::MAX));
        }
        continued.estimate = Some(estimate);
        continued
    }

    /// The notice of a year, if the year is loaded.
    #[must_use]
    pub fn notice(&self, year: i32) -> Option<&str> {
        self.years.iter().find(|known| known.year == year).map(|known| known.notice.as_str())
    }

    /// The days of regions laid on top.
    #[must_use]
    pub fn overlays(&self) -> &[Overlay] {
        &self.overlays
    }

    /// The years, oldest first.
    #[must_use]
    pub fn years(&self) -> &[CalendarYear] {
        &self.years
    }

    /// First day known.
    #[must_use]
    pub fn first_day(&self) -> NaiveDate {
        date(self.first)
    }

    /// Last day known; the day before [`Self::first_day`] when nothing is.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        date(self.first.saturating_add(self.length()).saturating_sub(1))
    }

    /// Whether organs work on that day.
    ///
    /// # Errors
    /// [`Gap`] when the day is not known.
    pub fn is_working_day(&self, day: NaiveDate) -> Result<bool, Gap> {
        let offset = self.offset(day)?;
        let usual = self.through(offset) > self.before(offset);
        Ok(self.estimate.as_ref().map_or(usual, |estimate| estimate.is_working_day(day, usual)))
    }

    /// The day `n` working days after `from`, which itself is day 0; `n = 0` gives `from`.
    ///
    /// # Errors
    /// [`Gap`] when `from` or the answer lies outside the calendar.
    pub fn add_working_days(&self, from: NaiveDate, n: u32) -> Result<NaiveDate, Gap> {
        let offset = self.offset(from)?;
        if n == 0 {
            return Ok(from);
        }
        if let Some(estimate) = &self.estimate {
            return estimate.add(from, n, self.after_the_end(), |after, through| self.count_usual(after, through));
        }
        let target = self.through(offset).checked_add(n - 1).and_then(|k| self.nth_day(k));
        target.ok_or(Gap { missing: self.after_the_end() })
    }

    /// The `n`-th working day before `from`; `n = 0` gives `from`.
    ///
    /// # Errors
    /// [`Gap`] when `from` or the answer lies outside the calendar.
    pub fn subtract_working_days(&self, from: NaiveDate, n: u32) -> Result<NaiveDate, Gap> {
        let offset = self.offset(from)?;
        if n == 0 {
            return Ok(from);
        }
        let target = self.before(offset).checked_sub(n).and_then(|k| self.nth_day(k));
        target.ok_or(Gap { missing: date(self.first.saturating_sub(1)) })
    }

    /// Working days in `(after, through]`; 0 when `through` is not later than `after`.
    ///
    /// # Errors
    /// [`Gap`] when a day between them is not known.
    pub fn count_working_days(&self, after: NaiveDate, through: NaiveDate) -> Result<u32, Gap> {
        let usual = self.count_usual(after, through)?;
        Ok(self.estimate.as_ref().map_or(usual, |estimate| estimate.with_gain(usual, after, through)))
    }

    /// Working days in `(after, through]` by the notices, and Monday to Friday beyond them.
    fn count_usual(&self, after: NaiveDate, through: NaiveDate) -> Result<u32, Gap> {
        if through <= after {
            return Ok(0);
        }
        let start = after.num_days_from_ce().saturating_add(1);
        if start < self.first || start >= self.first.saturating_add(self.length()) {
            return Err(Gap { missing: date(start) });
        }
        let end = self.offset(through).map_err(|_| Gap { missing: self.after_the_end() })?;
        Ok(self.through(end) - self.before(usize::try_from(start - self.first).unwrap_or(0)))
    }

    fn length(&self) -> i32 {
        i32::try_from(self.worked.len() - 1).unwrap_or(i32::MAX)
    }

    fn after_the_end(&self) -> NaiveDate {
        date(self.first.saturating_add(self.length()))
    }

    fn offset(&self, day: NaiveDate) -> Result<usize, Gap> {
        let offset = day.num_days_from_ce() - self.first;
        if offset < 0 || offset >= self.length() {
            return Err(Gap { missing: day });
        }
        usize::try_from(offset).map_err(|_| Gap { missing: day })
    }

    /// Working days before the day at `offset`.
    fn before(&self, offset: usize) -> u32 {
        self.worked.get(offset).copied().unwrap_or(0)
    }

    /// Working days up to and including the day at `offset`.
    fn through(&self, offset: usize) -> u32 {
        self.before(offset + 1)
    }

    fn nth_day(&self, k: u32) -> Option<NaiveDate> {
        let offset = *self.nth.get(usize::try_from(k).ok()?)?;
        NaiveDate::from_num_days_from_ce_opt(self.first.checked_add(i32::try_from(offset).ok()?)?)
    }
}

impl CalendarYear {
    /// Reads one `cn-YYYY.json`.
    ///
    /// # Errors
    /// [`CalendarError::Unreadable`] with the place in the text.
    pub fn from_json(text: &str) -> Result<Self, CalendarError> {
        serde_json::from_str(text).map_err(|error| CalendarError::Unreadable { detail: error.to_string() })
    }
}

fn exceptions(years: &[CalendarYear], overlays: &[Overlay]) -> (BTreeSet<NaiveDate>, BTreeSet<NaiveDate>) {
    let mut off: BTreeSet<_> = years.iter().flat_map(|year| year.off.iter().map(|day| day.date)).collect();
    let mut work: BTreeSet<_> = years.iter().flat_map(|year| year.work.iter().copied()).collect();
    for overlay in overlays {
        for day in &overlay.off {
            work.remove(day);
            off.insert(*day);
        }
        for day in &overlay.work {
            off.remove(day);
            work.insert(*day);
        }
    }
    (off, work)
}

fn version_of(years: &[CalendarYear], overlays: &[Overlay]) -> String {
    let content = serde_json::to_vec(&(years, overlays)).unwrap_or_default();
    let mut hash = hex::encode(digest::digest(&digest::SHA256, &content));
    hash.truncate(12);
    let span = match (years.first(), years.last()) {
        (Some(first), Some(last)) => format!("{}-{}", first.year, last.year),
        (None, _) | (_, None) => "none".to_owned(),
    };
    let regions: String = overlays.iter().map(|overlay| format!("+{}", overlay.region)).collect();
    format!("cn-{span}-{hash}{regions}")
}

pub(super) fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A day number as a date; numbers beyond what a date can hold end at the last one.
pub(super) fn date(day_number: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day_number).unwrap_or(NaiveDate::MAX)
}
