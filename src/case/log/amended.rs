//! The stored form of an amendment. It holds events, so it is converted by hand.

use super::members::{Carry, MovedDuty};
use super::payload::Payload;
use crate::case::event as case;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amendment {
    number: u16,
    on: NaiveDate,
    reason: String,
    #[serde(default)]
    evidence: Option<String>,
    asked_by: Uuid,
    #[serde(default)]
    confirmed_by: Option<Uuid>,
    #[serde(default)]
    comment: Option<String>,
    entries: Vec<AmendedEntry>,
    moved: Vec<MovedDuty>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AmendedEntry {
    seqs: Vec<i32>,
    is_asked: bool,
    events: Vec<AmendedEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum AmendedEvent {
    Recorded {
        seq: i32,
        #[serde(default)]
        patch: Option<Value>,
    },
    Added {
        added: Box<Payload>,
    },
}

impl From<case::Amendment> for Amendment {
    fn from(from: case::Amendment) -> Self {
        let case::Amendment { number, on, reason, evidence, asked_by, confirmed_by, comment, entries, moved } = from;
        let entries = entries.into_iter().map(AmendedEntry::from).collect();
        Self { number, on, reason, evidence, asked_by, confirmed_by, comment, entries, moved: moved.carry() }
    }
}

impl From<case::AmendedEntry> for AmendedEntry {
    fn from(from: case::AmendedEntry) -> Self {
        let event = |event| match event {
            case::AmendedEvent::Recorded { seq, patch } => AmendedEvent::Recorded { seq, patch },
            case::AmendedEvent::Added(event) => AmendedEvent::Added { added: Box::new(Payload::from(*event)) },
        };
        Self { seqs: from.seqs, is_asked: from.is_asked, events: from.events.into_iter().map(event).collect() }
    }
}

impl Amendment {
    /// The amendment. `None` if it holds an event of a kind that this release does not know.
    pub(super) fn read(self) -> Option<case::Amendment> {
        let Self { number, on, reason, evidence, asked_by, confirmed_by, comment, entries, moved } = self;
        let entries = entries.into_iter().map(AmendedEntry::read).collect::<Option<Vec<_>>>()?;
        Some(case::Amendment {
            number,
            on,
            reason,
            evidence,
            asked_by,
            confirmed_by,
            comment,
            entries,
            moved: moved.carry(),
        })
    }
}

impl AmendedEntry {
    fn read(self) -> Option<case::AmendedEntry> {
        let event = |event| match event {
            AmendedEvent::Recorded { seq, patch } => Some(case::AmendedEvent::Recorded { seq, patch }),
            AmendedEvent::Added { added } => added.into_event().map(|event| case::AmendedEvent::Added(Box::new(event))),
        };
        let events = self.events.into_iter().map(event).collect::<Option<Vec<_>>>()?;
        Some(case::AmendedEntry { seqs: self.seqs, is_asked: self.is_asked, events })
    }
}
