//! What was known of a case on a day.

use chrono::NaiveDate;

/// The part of a log that was known at the end of `day`: up to the first event that was recorded later. An amendment
/// recorded later is not in it, so the steps it changes are as they had been. Of a log whose recording clock once went
/// back, what follows an unknown event is unknown too, because it may rest on it.
#[must_use]
pub fn known_by<T>(log: &[T], day: NaiveDate, recorded_on: impl Fn(&T) -> NaiveDate) -> &[T] {
    let known = log.iter().take_while(|one| recorded_on(one) <= day).count();
    log.get(..known).unwrap_or_default()
}
