//! What was recorded long after it happened (补录).

use super::amendment::Step;
use super::decide::made_by;
use super::event::Event;
use crate::case::vocabulary::LinkRelation;
use crate::law::Calendar;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Working days within which a fact is recorded in time, not counting the day it happened.
pub const RECORDED_WITHIN_DAYS: u32 = 3;

/// The working days from the day something happened to the day it was recorded. `None` if they are no more than
/// [`RECORDED_WITHIN_DAYS`].
#[must_use]
pub fn late_by(happened_on: NaiveDate, recorded_on: NaiveDate, calendar: &Calendar) -> Option<u32> {
    Some(calendar.count_estimated(happened_on, recorded_on)).filter(|days| *days > RECORDED_WITHIN_DAYS)
}

/// The mark of what was recorded late, in words.
#[must_use]
pub fn late_mark(days: u32) -> String {
    format!("补录，晚{days}个工作日")
}

/// How late each step of a log was recorded, by the day it happened as it is known by now. `None` for what was recorded in
/// time, never happened, or was recorded by the program; and for the receipt of a part, which a split copies from the
/// application it was split off.
#[must_use]
pub fn late_steps(steps: &[Step], calendar: &Calendar) -> Vec<Option<u32>> {
    let split_off: BTreeSet<i32> = steps.iter().filter(|step| is_split_off(step)).filter_map(entry).collect();
    steps
        .iter()
        .map(|step| {
            let is_copied = entry(step).is_some_and(|entry| split_off.contains(&entry));
            let first = step.recorded.first().filter(|first| first.actor.is_some() && !is_copied)?;
            let (_, event) = step.events.first()?;
            if is_mirror(event) {
                return None;
            }
            late_by(event.on(), first.recorded_on, calendar)
        })
        .collect()
}

/// A tie that a merge or a split in another case wrote.
fn is_mirror(event: &Event) -> bool {
    matches!(event, Event::Linked(link) if made_by(link.relation).is_some())
}

fn entry(step: &Step) -> Option<i32> {
    step.recorded.first().map(|first| first.entry)
}

fn is_split_off(step: &Step) -> bool {
    let is_link = |event: &Event| matches!(event, Event::Linked(link) if link.relation == LinkRelation::SplitFrom);
    step.recorded.iter().any(|one| is_link(&one.event))
}
