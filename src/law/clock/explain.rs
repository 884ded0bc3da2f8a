//! The derivation as a person or a court reads it.

use super::Timeline;
use super::answer::ClockAnswer;
use crate::law::calendar::Calendar;

/// The derivation of one answer, in Chinese.
#[must_use]
pub fn explain(_timeline: &Timeline, _answer: &ClockAnswer, _calendar: &Calendar) -> String {
    String::new()
}
