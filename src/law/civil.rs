//! PURE. The civil day and time at the seat of every office: Asia/Shanghai.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// Asia/Shanghai has kept +08:00 without summer time since 1991, longer than any disclosure law.
const SHANGHAI_SECONDS_EAST: i32 = 8 * 3600;

/// The civil day of an instant in Asia/Shanghai.
#[must_use]
pub fn civil_day(instant: DateTime<Utc>) -> NaiveDate {
    civil_time(instant).date()
}

/// What the clock shows in Asia/Shanghai at an instant.
#[must_use]
pub fn civil_time(instant: DateTime<Utc>) -> NaiveDateTime {
    FixedOffset::east_opt(SHANGHAI_SECONDS_EAST)
        .map_or_else(|| instant.naive_utc(), |shanghai| instant.with_timezone(&shanghai).naive_local())
}

/// The instant at which the clock in Asia/Shanghai shows `at`.
#[must_use]
pub fn instant_of(at: NaiveDateTime) -> DateTime<Utc> {
    (at - TimeDelta::seconds(i64::from(SHANGHAI_SECONDS_EAST))).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_turns_at_midnight_in_shanghai_not_in_greenwich() {
        let day = |text: &str| civil_day(text.parse().unwrap()).to_string();
        assert_eq!(day("2025-03-20T15:59:59Z"), "2025-03-20");
        assert_eq!(day("2025-03-20T16:00:00Z"), "2025-03-21");
    }

    #[test]
    fn noon_in_shanghai_is_four_in_the_morning_in_greenwich() {
        let noon: NaiveDateTime = "2025-03-20T12:00:00".parse().unwrap();
        assert_eq!(instant_of(noon).to_rfc3339(), "2025-03-20T04:00:00+00:00");
        assert_eq!(civil_time(instant_of(noon)), noon);
    }
}
