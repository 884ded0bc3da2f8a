//! Working days beyond the calendar, estimated. Never a due date: only warnings, reminders and the marked provisional date
//! rest on it, because none of them may fall silent while next year's notice is not out.
//!
//! Where the calendar knows a day it decides; elsewhere Monday to Friday count, without the holidays of fixed date.

use super::calendar::{Calendar, is_weekend};
use super::calendar_check::is_fixed_holiday;
use chrono::NaiveDate;

/// Days looked at one by one, at most: whatever lies beyond is as good as never.
const LONGEST_LOOK: usize = 50 * 366;

impl Calendar {
    /// Whether a day is a working day, by the notice or by estimate.
    #[must_use]
    pub fn is_estimated_working_day(&self, day: NaiveDate) -> bool {
        self.is_working_day(day).unwrap_or_else(|_| !is_weekend(day) && !is_fixed_holiday(day))
    }

    /// The `n`-th working day after `from`.
    #[must_use]
    pub fn add_estimated(&self, from: NaiveDate, n: u32) -> NaiveDate {
        self.add_working_days(from, n).unwrap_or_else(|_| self.walk_estimated(from, n, NaiveDate::succ_opt))
    }

    /// The `n`-th working day before `from`.
    #[must_use]
    pub fn subtract_estimated(&self, from: NaiveDate, n: u32) -> NaiveDate {
        self.subtract_working_days(from, n).unwrap_or_else(|_| self.walk_estimated(from, n, NaiveDate::pred_opt))
    }

    /// Working days in `(after, through]`; no more than those of the first fifty years.
    #[must_use]
    pub fn count_estimated(&self, after: NaiveDate, through: NaiveDate) -> u32 {
        self.count_working_days(after, through).unwrap_or_else(|_| {
            let days = after.iter_days().skip(1).take(LONGEST_LOOK).take_while(|day| *day <= through);
            days.filter(|day| self.is_estimated_working_day(*day)).fold(0, |n, _| n + 1)
        })
    }

    fn walk_estimated(&self, from: NaiveDate, n: u32, step: impl Fn(&NaiveDate) -> Option<NaiveDate>) -> NaiveDate {
        let (mut day, mut left) = (from, n);
        while left > 0 {
            let Some(next) = step(&day) else { return day };
            day = next;
            if self.is_estimated_working_day(day) {
                left -= 1;
            }
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn within_the_calendar_an_estimate_is_the_notice() {
        let calendar = Calendar::national();
        assert_eq!(calendar.add_estimated(d("2022-09-30"), 20), d("2022-11-02"));
        assert_eq!(calendar.subtract_estimated(d("2022-11-02"), 20), d("2022-09-30"));
        assert_eq!(calendar.count_estimated(d("2022-09-30"), d("2022-11-02")), 20);
        assert!(calendar.is_estimated_working_day(d("2022-10-08")), "a Saturday that is worked");
    }

    #[test]
    fn beyond_it_weekends_and_holidays_of_fixed_date_are_left_out() {
        let calendar = Calendar::national();
        // 2026-12-31 is a Thursday and known; 2027-01-01 a Friday; the next working day is Monday.
        assert_eq!(calendar.add_estimated(d("2026-12-30"), 2), d("2027-01-04"));
        assert_eq!(calendar.subtract_estimated(d("2027-01-05"), 2), d("2026-12-31"));
        assert_eq!(calendar.count_estimated(d("2026-12-30"), d("2027-01-05")), 3);
        assert!(!calendar.is_estimated_working_day(d("2027-10-01")));
        assert!(!calendar.is_estimated_working_day(d("2027-05-02")));
    }
}
