//! PURE. Working days for reminders: the calendar where it knows, a marked estimate where it does not.
//!
//! A due date must never be estimated; a reminder must never fall silent because next year's notice is not out yet. So
//! where the calendar has a gap, Monday to Friday without the statutory holidays of fixed date count as working days,
//! and the mail says so.

use crate::law::Calendar;
use chrono::{Datelike, NaiveDate, Weekday};

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
        let known = self.calendar.subtract_working_days(day, u32::from(n));
        known.unwrap_or_else(|_| self.walk(day, u32::from(n), NaiveDate::pred_opt))
    }

    /// The `n`-th working day after `day`.
    #[must_use]
    pub fn after(&self, day: NaiveDate, n: u32) -> NaiveDate {
        self.calendar.add_working_days(day, n).unwrap_or_else(|_| self.walk(day, n, NaiveDate::succ_opt))
    }

    /// Working days in `(after, through]`.
    #[must_use]
    pub fn count(&self, after: NaiveDate, through: NaiveDate) -> u32 {
        let known = self.calendar.count_working_days(after, through);
        known.unwrap_or_else(|_| {
            let days = after.iter_days().skip(1).take_while(|day| *day <= through);
            days.filter(|day| self.works(*day)).fold(0, |n, _| n + 1)
        })
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
        self.calendar.is_working_day(day).unwrap_or_else(|_| is_estimated_working_day(day))
    }

    fn walk(&self, from: NaiveDate, n: u32, step: impl Fn(&NaiveDate) -> Option<NaiveDate>) -> NaiveDate {
        let mut day = from;
        let mut left = n;
        while left > 0 {
            let Some(next) = step(&day) else { return day };
            day = next;
            if self.works(day) {
                left -= 1;
            }
        }
        day
    }
}

/// Monday to Friday, except New Year's Day, Labour Day and National Day as the holiday regulations fix them.
fn is_estimated_working_day(day: NaiveDate) -> bool {
    let is_holiday = matches!((day.month(), day.day()), (1, 1) | (5, 1 | 2) | (10, 1..=3));
    !is_holiday && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}
