//! PURE. Working days for reminders: the calendar where it knows, a marked estimate where it does not.
//!
//! A due date must never be estimated; a reminder must never fall silent because next year's notice is not out yet. So
//! where the calendar has a gap the law's estimate takes its place, and the mail says so.

use crate::law::{Calendar, DueRange};
use chrono::{Datelike, NaiveDate};

/// The days of a calendar, with an estimate beyond its end.
#[derive(Debug, Clone, Copy)]
pub struct Days<'a> {
    calendar: &'a Calendar,
}

impl<'a> Days<'a> {
    /// The days of `calendar`.
    #[must_use]
    pub const fn new(calendar: &'a Calendar) -> Self {
        Self { calendar }
    }

    /// The `n`-th working day before `day`.
    #[must_use]
    pub fn before(&self, day: NaiveDate, n: u16) -> NaiveDate {
        self.calendar.subtract_estimated(day, u32::from(n))
    }

    /// The `n`-th working day after `day`.
    #[must_use]
    pub fn after(&self, day: NaiveDate, n: u32) -> NaiveDate {
        self.calendar.add_estimated(day, n)
    }

    /// Working days in `(after, through]`.
    #[must_use]
    pub fn count(&self, after: NaiveDate, through: NaiveDate) -> u32 {
        self.calendar.count_estimated(after, through)
    }

    /// What a mail says of a last day that is not certain, `latest` being the latest it can be.
    #[must_use]
    pub fn estimate(&self, earliest: NaiveDate, latest: NaiveDate) -> String {
        DueRange { earliest, latest }.said(self.calendar.awaited_year())
    }

    /// The first year between two days (in either order) that the calendar does not know.
    #[must_use]
    pub fn first_unknown_year(&self, a: NaiveDate, b: NaiveDate) -> Option<i32> {
        let (from, to) = if a <= b { (a, b) } else { (b, a) };
        if from < self.calendar.first_day() {
            return Some(from.year());
        }
        let last = self.calendar.last_day();
        if to <= last {
            return None;
        }
        Some(if from > last { from.year() } else { last.succ_opt()?.year() })
    }

    /// Whether `day` is a working day.
    #[must_use]
    pub fn works(&self, day: NaiveDate) -> bool {
        self.calendar.is_estimated_working_day(day)
    }
}
