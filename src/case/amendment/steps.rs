//! The steps of a log, and the log that is in effect.

use crate::case::event::{AmendedEntry, AmendedEvent, Amendment, Event};
use crate::case::log::{self, Unread};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;

/// A recorded event with what its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log.
    pub seq: i32,
    /// The command that recorded it.
    pub entry: i32,
    /// Who recorded it. `None`: the program itself.
    pub actor: Option<Uuid>,
    /// The day it was recorded.
    pub recorded_on: NaiveDate,
    /// What it says.
    pub event: Event,
}

/// What one command recorded, and what it is by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The recorded events, in order.
    pub recorded: Vec<Recorded>,
    /// The events in effect, each with its `seq` unless an amendment added it. Empty: it never happened.
    pub events: Vec<(Option<i32>, Event)>,
    /// The amendments that changed it, by number, in order.
    pub amended_by: Vec<u16>,
}

impl Step {
    /// The `seq` that names the step.
    #[must_use]
    pub fn seq(&self) -> i32 {
        self.recorded.first().map_or(0, |first| first.seq)
    }

    /// The places of its recorded events.
    #[must_use]
    pub fn seqs(&self) -> Vec<i32> {
        self.recorded.iter().map(|one| one.seq).collect()
    }

    /// Whether it is in effect.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        !self.events.is_empty()
    }

    /// Who recorded it.
    #[must_use]
    pub fn actor(&self) -> Option<Uuid> {
        self.recorded.first().and_then(|first| first.actor)
    }
}

/// Divides a log into its steps. Of a log that was read in part, the steps of what was read.
///
/// # Errors
/// [`Unread`] if an amendment makes of an event what cannot be read.
pub fn steps(log: Vec<Recorded>) -> Result<Vec<Step>, Unread> {
    let mut last: HashMap<i32, AmendedEntry> = HashMap::new();
    let mut numbers: HashMap<i32, Vec<u16>> = HashMap::new();
    for Amendment { number, entries, .. } in log.iter().filter_map(|one| match &one.event {
        Event::Amended(amendment) => Some(amendment),
        _ => None,
    }) {
        for entry in entries {
            for seq in &entry.seqs {
                last.insert(*seq, entry.clone());
                numbers.entry(*seq).or_default().push(*number);
            }
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    for one in log {
        match steps
            .last_mut()
            .and_then(|step| step.recorded.last().is_some_and(|last| goes_on(last, &one)).then_some(step))
        {
            Some(step) => step.recorded.push(one),
            None => steps.push(Step { recorded: vec![one], events: Vec::new(), amended_by: Vec::new() }),
        }
    }
    for step in &mut steps {
        let seq = step.seq();
        step.amended_by = numbers.remove(&seq).unwrap_or_default();
        step.events = match last.get(&seq) {
            None => step.recorded.iter().map(|one| (Some(one.seq), one.event.clone())).collect(),
            Some(entry) => amended(step, entry)?,
        };
    }
    Ok(steps)
}

/// Whether `next` belongs to the step of `last`: the day of receipt that one command recorded with the receipt.
fn goes_on(last: &Recorded, next: &Recorded) -> bool {
    last.entry == next.entry && matches!((&last.event, &next.event), (Event::Received(_), Event::ReceiptFixed { .. }))
}

/// The events of a step as the amendment left them. An event that was not read, because only some kinds were, stays out.
fn amended(step: &Step, entry: &AmendedEntry) -> Result<Vec<(Option<i32>, Event)>, Unread> {
    let mut events = Vec::with_capacity(entry.events.len());
    for event in &entry.events {
        match event {
            AmendedEvent::Added(event) => events.push((None, (**event).clone())),
            AmendedEvent::Recorded { seq, patch } => {
                let Some(one) = step.recorded.iter().find(|one| one.seq == *seq) else { continue };
                let event = match patch {
                    None => one.event.clone(),
                    Some(patch) => log::patched(&one.event, patch)?,
                };
                events.push((Some(*seq), event));
            }
        }
    }
    Ok(events)
}

/// The events of a log that are in effect, in their order.
///
/// # Errors
/// As [`steps`].
pub fn effective(log: Vec<Recorded>) -> Result<Vec<Event>, Unread> {
    if !log.iter().any(|one| matches!(one.event, Event::Amended(_))) {
        return Ok(log.into_iter().map(|one| one.event).collect());
    }
    Ok(steps(log)?.into_iter().flat_map(|step| step.events).map(|(_, event)| event).collect())
}
