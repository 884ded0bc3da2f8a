//! The form in which events are stored, to be read for decades.
//!
//! A payload is a JSON object. Its first member is `v`, the version of the form; payloads without it are older than the
//! versions and have the form of version 1. The rules that keep every log readable:
//!
//! - a kind, a member or a code that was written once keeps its name and its meaning;
//! - a new member is optional, and an event without it means what it meant before;
//! - a change that an older release must not overlook, because dates or categories follow from it, gets a new kind or a
//!   new version of the kind;
//! - members that this release does not know are ignored, kinds and versions that it does not know are [`Unread::Newer`].
//!
//! `tests/data/events.jsonl` holds a line of each kind as each release stored it; lines are only added.

mod amended;
mod members;
mod patch;
mod payload;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::event::Event;
pub use patch::{difference, merge, patched};
use payload::Payload;

/// The version of the form that this release writes.
pub const VERSION: u32 = 1;

/// How every payload of a version begins.
const VERSION_MEMBER: &str = "{\"v\":";

/// Why a stored event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// A newer release wrote a kind or a version that this one does not know.
    Newer,
    /// The payload is of this kind, and the row says another.
    OtherKind(String),
    /// The payload is damaged. Says where.
    Malformed(String),
}

#[derive(Serialize)]
struct Versioned {
    v: u32,
    #[serde(flatten)]
    payload: Payload,
}

/// The payload of an event, as it is stored and hashed.
///
/// # Errors
/// What `serde_json` says; it refuses none of these types.
pub fn encode(event: &Event) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Versioned { v: VERSION, payload: event.clone().into() })
}

/// The event that a row of the log with this kind and payload records.
///
/// # Errors
/// [`Unread::Newer`] for a kind or version of a newer release; [`Unread::OtherKind`] if the payload is of another kind than
/// its row; [`Unread::Malformed`] if it is no JSON, lacks a member, or has a value of another type.
pub fn decode(kind: &str, payload: &str) -> Result<Event, Unread> {
    if version_of(payload) > VERSION {
        return Err(Unread::Newer);
    }
    let read: Payload = serde_json::from_str(payload).map_err(|error| Unread::Malformed(error.to_string()))?;
    let event = read.into_event();
    let found = event.as_ref().map_or_else(|| kind_of(payload), |event| event.kind().to_owned());
    if found != kind {
        return Err(Unread::OtherKind(found));
    }
    event.ok_or(Unread::Newer)
}

/// The kind that a payload says it is of, empty if it says none.
fn kind_of(payload: &str) -> String {
    #[derive(Deserialize)]
    struct Tag {
        event: String,
    }
    serde_json::from_str(payload).map_or_else(|_| String::new(), |tag: Tag| tag.event)
}

/// The version of a payload, 0 for one that is older than the versions. A version too large for the type counts as the
/// largest.
fn version_of(payload: &str) -> u32 {
    let Some(rest) = payload.strip_prefix(VERSION_MEMBER) else { return 0 };
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(u32::MAX)
}
