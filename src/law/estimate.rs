//! Working days beyond the calendar, estimated. Never a due date: only warnings, reminders and the marked provisional date
//! rest on it, because none of them may fall silent while next year's notice is not out.
//!
//! Where the calendar knows a day it decides; elsewhere Monday to Friday count, without the holidays of fixed date.

use super::calendar::{Calendar, CalendarYear, OffDay, is_weekend};
use super::calendar_check::is_fixed_holiday;
use chrono::{Datelike, NaiveDate};

/// Days looked at one by one, at most: whatever lies beyond is as good as never.
const LONGEST_LOOK: usize = 50 * 366;

/// Years estimated after the last one known: more than any period of the law can reach into.
const ESTIMATED_YEARS: i32 = 3;

impl Calendar {
    /// What a period of the law gives by this calendar; where it needs a year whose notice is not out, what it gives with the
    /// years after estimated, and `true`. `None` where it gives nothing by either.
    pub fn known_or_estimated<T>(&self, period: impl Fn(&Self) -> Option<T>) -> Option<(T, bool)> {
        let known = period(self).map(|answer| (answer, false));
        known.or_else(|| period(self.extended()).map(|answer| (answer, true)))
    }

    fn extended(&self) -> &Self {
        self.extended.get_or_init(|| {
            let last = self.years().last().map(|year| year.year);
            let after = last.into_iter().flat_map(|last| (1..=ESTIMATED_YEARS).map(move |n| estimated_year(last + n)));
            let years = self.years().iter().cloned().chain(after).collect();
            Box::new(Self::build(years, self.overlays().to_vec()))
        })
    }

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

/// A year of which only the holidays of fixed date are known.
fn estimated_year(year: i32) -> CalendarYear {
    let first = NaiveDate::from_yo_opt(year, 1);
    let days = first.into_iter().flat_map(|first| first.iter_days().take_while(move |day| day.year() == year));
    let off = |date| OffDay { date, name: "固定日期的节日".to_owned(), implied: false, notice_year: None };
    CalendarYear {
        year,
        notice: "估算".to_owned(),
        amendments: Vec::new(),
        off: days.filter(|day| is_fixed_holiday(*day)).map(off).collect(),
        work: Vec::new(),
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

    #[test]
    fn a_period_that_ends_within_the_calendar_is_no_estimate() {
        let due =
            |from, n| Calendar::national().known_or_estimated(|calendar| calendar.add_working_days(d(from), n).ok());
        assert_eq!(due("2022-09-30", 20), Some((d("2022-11-02"), false)));
        assert_eq!(due("2026-12-30", 1), Some((d("2026-12-31"), false)));
        assert_eq!(due("2007-01-04", 20), None, "before the Regulations there is nothing to estimate");
    }

    #[test]
    fn a_period_beyond_the_calendar_is_estimated_as_day_by_day() {
        let calendar = Calendar::national();
        for n in [2, 15, 20, 40, 250, 700] {
            let due = calendar.known_or_estimated(|known| known.add_working_days(d("2026-12-30"), n).ok());
            assert_eq!(due, Some((calendar.add_estimated(d("2026-12-30"), n), true)), "{n} working days");
            assert_eq!(due.map(|(due, _)| calendar.count_estimated(d("2026-12-30"), due)), Some(n), "and back");
        }
        assert_eq!(Calendar::national().last_day(), d("2026-12-31"), "the calendar itself has not grown");
    }
}
