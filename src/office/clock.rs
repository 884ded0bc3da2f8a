//! The clock of the service: the civil day in Asia/Shanghai, and the instant of recording.

use crate::law::{civil_day, civil_time, instant_of};
use crate::store;
use crate::store::database::sqltypes::Ts;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The hour of a fixed clock without an explicit time. Every office is open at it.
const FIXED_HOUR: i64 = 10;

/// Returns the civil day in Asia/Shanghai, and instants in UTC.
///
/// A fixed clock changes the civil day and time, to ten in the morning or to the time set, and the instants at which
/// facts of cases are recorded. Tokens and leases follow the real instant even then.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    shown: Option<Arc<RwLock<NaiveDateTime>>>,
    /// Instants given by a fixed clock so far, so that no two are equal.
    given: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock fixed on `day` until [`Clock::set`] changes it, for tests and the demonstration.
    #[must_use]
    pub fn fixed(day: NaiveDate) -> Self {
        Self { shown: Some(Arc::new(RwLock::new(morning(day)))), given: Arc::default() }
    }

    /// Moves a fixed clock and all its clones to `day`. Has no effect on the system clock.
    pub fn set(&self, day: NaiveDate) {
        self.set_time(morning(day));
    }

    /// Like [`Clock::set`], with a time of day.
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

    /// The current local time in Asia/Shanghai.
    #[must_use]
    pub fn office_time(&self) -> NaiveDateTime {
        match &self.shown {
            Some(shown) => *shown.read().unwrap_or_else(PoisonError::into_inner),
            None => civil_time(self.now().0),
        }
    }

    /// The instant at which a fact of a case is recorded now: on the office's day, and later than every instant this
    /// gave before on that day.
    #[must_use]
    pub fn recorded_at(&self) -> Ts {
        if self.shown.is_none() {
            return self.now();
        }
        let later = TimeDelta::microseconds(self.given.fetch_add(1, Ordering::Relaxed).saturating_add(1));
        Ts(instant_of(self.office_time()) + later)
    }

    /// The current instant, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Ts {
        store::now()
    }
}

/// The time of a fixed clock on a day.
fn morning(day: NaiveDate) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::hours(FIXED_HOUR)
}

/// The instant at which a day in Asia/Shanghai is over.
#[must_use]
pub fn end_of(day: NaiveDate) -> Ts {
    let next = day.succ_opt().unwrap_or(day);
    Ts(instant_of(next.and_time(NaiveTime::MIN)))
}

/// The instant stored for a fact of the office's `day`: now, or noon of that day if the office's clock is on another
/// day. Thus the age of a duty counts in the office's days, whatever the machine's date.
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
