//! PURE. When an organ's mail may go out: not at night, and if it wants, on working days only.

use super::reminder_days::Days;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days looked ahead for an opening: longer than any holiday.
const FURTHEST: usize = 40;

/// 发送时段（北京时间）
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// 只在工作日发送
    pub working_days_only: bool,
    /// 从几时起可以发送，0-23
    pub from_hour: u8,
    /// 到几时为止，1-24，须晚于起始
    pub until_hour: u8,
}

impl Window {
    /// Whether mail can go out at all, and within a day.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.from_hour < self.until_hour && self.until_hour <= 24
    }

    /// `at` itself when the window is open then, else the next opening.
    #[must_use]
    pub fn opening(&self, days: &Days<'_>, at: NaiveDateTime) -> NaiveDateTime {
        let may = |day: NaiveDate| !self.working_days_only || days.works(day);
        let opens = |day: NaiveDate| {
            let time = NaiveTime::from_hms_opt(u32::from(self.from_hour), 0, 0);
            day.and_time(time.unwrap_or(NaiveTime::MIN))
        };
        let (today, hour) = (at.date(), at.time().hour());
        if may(today) && hour < u32::from(self.until_hour) {
            return at.max(opens(today));
        }
        today.iter_days().skip(1).take(FURTHEST).find(|day| may(*day)).map_or(at, opens)
    }

    /// How long mail has to wait at `at`: until the next opening, not at all while the window is open.
    #[must_use]
    pub fn wait(&self, days: &Days<'_>, at: NaiveDateTime) -> TimeDelta {
        self.opening(days, at) - at
    }

    /// When the window that is open at `opening` closes.
    #[must_use]
    pub fn closing(&self, opening: NaiveDateTime) -> NaiveDateTime {
        opening.date().and_time(NaiveTime::MIN) + TimeDelta::hours(i64::from(self.until_hour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Calendar;

    fn opening(window: Window, at: &str) -> String {
        let days = Days::new(Calendar::national());
        window.opening(&days, at.parse().unwrap()).to_string()
    }

    #[test]
    fn mail_goes_out_at_once_in_the_window_and_waits_for_it_else() {
        let office = Window { from_hour: 8, until_hour: 18, working_days_only: true };
        for (at, opens) in [
            ("2025-09-19T08:00:00", "2025-09-19 08:00:00"),
            ("2025-09-19T17:59:59", "2025-09-19 17:59:59"),
            ("2025-09-19T06:30:00", "2025-09-19 08:00:00"),
            // Friday evening, Saturday: Monday.
            ("2025-09-19T18:00:00", "2025-09-22 08:00:00"),
            ("2025-09-20T12:00:00", "2025-09-22 08:00:00"),
            // Sunday 28 September is worked; after 30 September comes 9 October.
            ("2025-09-27T09:00:00", "2025-09-28 08:00:00"),
            ("2025-09-30T19:00:00", "2025-10-09 08:00:00"),
        ] {
            assert_eq!(opening(office, at), opens, "{at}");
        }
        let days = Days::new(Calendar::national());
        let wait = |at: &str| office.wait(&days, at.parse().unwrap()).num_minutes();
        assert_eq!((wait("2025-09-19T17:59:00"), wait("2025-09-20T23:30:00")), (0, 32 * 60 + 30));
        let every_day = Window { working_days_only: false, ..office };
        assert_eq!(opening(every_day, "2025-10-01T12:00:00"), "2025-10-01 12:00:00");
        assert_eq!(opening(every_day, "2025-10-01T23:00:00"), "2025-10-02 08:00:00");
        let always = Window { from_hour: 0, until_hour: 24, working_days_only: false };
        assert_eq!(opening(always, "2025-10-01T23:59:59"), "2025-10-01 23:59:59");
    }

    #[test]
    fn a_window_closes_on_the_day_it_is_open() {
        let closing = |until_hour, at: &str| {
            let window = Window { from_hour: 8, until_hour, working_days_only: true };
            window.closing(at.parse().unwrap()).to_string()
        };
        assert_eq!(closing(18, "2025-09-19T08:00:00"), "2025-09-19 18:00:00");
        assert_eq!(closing(18, "2025-09-19T17:59:59"), "2025-09-19 18:00:00");
        assert_eq!(closing(24, "2025-09-19T23:00:00"), "2025-09-20 00:00:00");
    }

    #[test]
    fn a_window_that_never_opens_is_none() {
        let window = |from_hour, until_hour| Window { from_hour, until_hour, working_days_only: false };
        assert!(window(8, 18).is_sound() && window(0, 24).is_sound() && window(23, 24).is_sound());
        assert!(!window(8, 8).is_sound() && !window(18, 8).is_sound() && !window(8, 25).is_sound());
    }
}
