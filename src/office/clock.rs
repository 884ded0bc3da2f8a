//! The one clock: the civil day at the office's seat and the instant things are recorded.

use crate::law::{civil_day, civil_time, instant_of};
use crate::store;
use crate::store::database::sqltypes::Ts;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use std::sync::{Arc, PoisonError, RwLock};

/// What a fixed clock shows unless it gets a time: an hour at which every office is open.
const FIXED_HOUR: i64 = 10;

/// Tells the legal day. Days follow Asia/Shanghai; instants are UTC.
///
/// A fixed clock changes the day, and what the clock on the office's wall shows: ten in the morning, or the time it is set to. Tokens, leases and
/// "recorded at" follow the real instant even in a demonstration of another year.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    shown: Option<Arc<RwLock<NaiveDateTime>>>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { shown: None }
    }

    /// A clock that says `day` until [`Clock::set`] changes it: for tests and the demonstration.
    #[must_use]
    pub fn fixed(day: NaiveDate) -> Self {
        Self { shown: Some(Arc::new(RwLock::new(morning(day)))) }
    }

    /// Moves a fixed clock (and all its clones) to `day`; the system clock cannot be moved and stays.
    pub fn set(&self, day: NaiveDate) {
        self.set_time(morning(day));
    }

    /// As [`Clock::set`], to a time of the day.
    pub fn set_time(&self, at: NaiveDateTime) {
        if let Some(shared) = &self.shown {
            *shared.write().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// Today in Asia/Shanghai.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.office_time().date()
    }

    /// What the clock on the office's wall shows: today's date and the time in Asia/Shanghai.
    #[must_use]
    pub fn office_time(&self) -> NaiveDateTime {
        match &self.shown {
            Some(shown) => *shown.read().unwrap_or_else(PoisonError::into_inner),
            None => civil_time(self.now().0),
        }
    }

    /// This instant, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Ts {
        store::now()
    }
}

/// The time at which a fixed clock stands on a day.
fn morning(day: NaiveDate) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::hours(FIXED_HOUR)
}

/// The instant under which a fact of the office's `day` is stored: now, or noon of that day when the office's clock shows
/// another day. So the age of a duty counts in the office's days, whatever the machine's date is.
#[must_use]
pub fn instant_on(day: NaiveDate) -> Ts {
    let now = store::now();
    if civil_day(now.0) == day {
        return now;
    }
    Ts(instant_of(day.and_time(NaiveTime::MIN) + TimeDelta::hours(12)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_with_all_its_clones() {
        let clock = Clock::fixed(NaiveDate::from_ymd_opt(2025, 3, 20).unwrap());
        let clone = clock.clone();
        clock.set(NaiveDate::from_ymd_opt(2025, 3, 21).unwrap());
        assert_eq!(clone.today().to_string(), "2025-03-21");
        assert_eq!(clone.office_time().to_string(), "2025-03-21 10:00:00");
    }
}
