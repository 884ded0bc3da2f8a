//! The log of a case: its chain, and its columns against its payloads.

use super::Checker;
use crate::case::log::{self, Unread};
use crate::office::OfficeError;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow, GENESIS};
use chrono::TimeDelta;

/// By how much an event may seem to be recorded before the one before it: the clocks of two instances differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

impl Checker<'_> {
    /// Checks the chain of a log that was loaded in order.
    pub(super) fn chain(&mut self, row: &CaseRow, log: &[EventRow]) -> Result<(), OfficeError> {
        let number = row.number.as_deref();
        let finding = |kind| Finding::new(kind, "case_events").of(row.id.0).numbered(number);
        let (mut before, mut next) = (GENESIS.to_vec(), 1_i64);
        let mut entry = 0;
        let after_erasure = events::digests_after_erasure(log);
        for event in log {
            self.verified.events += 1;
            let seq = i64::from(event.seq);
            if seq > next {
                let range = format!("第{next}至{}条", seq - 1);
                self.note(finding(FindingKind::EventMissing).at(next).says("-", range));
            } else if seq < next {
                let order = (seq.to_string(), next.to_string());
                self.note(finding(FindingKind::EventMisplaced).at(seq).on("seq").says(order.0, order.1));
            } else if event.prev_hash != before {
                let hashes = (hex::encode(&event.prev_hash), hex::encode(before));
                self.note(finding(FindingKind::EventMisplaced).at(seq).on("prev_hash").says(hashes.0, hashes.1));
            }
            if !event.follows_entry(entry) {
                let expected = (entry + 1).to_string();
                self.note(
                    finding(FindingKind::EventMisplaced).at(seq).on("entry").says(event.entry.to_string(), expected),
                );
            }
            if !event.has_its_payload(&after_erasure)? {
                let (written, computed) = (hex::encode(&event.digest), hex::encode(event.computed_digest()?));
                self.note(finding(FindingKind::EventChanged).at(seq).on("body").says(written, computed));
            }
            let computed = event.computed_hash()?;
            if event.hash != computed {
                let hashes = (hex::encode(&event.hash), hex::encode(computed));
                self.note(finding(FindingKind::EventChanged).at(seq).on("hash").says(hashes.0, hashes.1));
            }
            (before, next, entry) = (event.hash.clone(), seq.saturating_add(1), event.entry);
        }
        if next <= row.version {
            let range = format!("第{next}至{}条", row.version);
            self.note(finding(FindingKind::EventMissing).at(next).says("-", range));
        }
        Ok(())
    }

    /// Checks the columns of events against their payloads, and the order in which they were recorded. Returns whether
    /// every payload can be read.
    pub(super) fn payloads(&mut self, row: &CaseRow, events: &[EventRow]) -> bool {
        let number = row.number.as_deref();
        let mut is_readable = true;
        let clock = self.office.clock();
        let latest = clock.now().max(clock.recorded_at()).0 + CLOCKS_DIFFER;
        let mut before: Option<&EventRow> = None;
        for event in events {
            let finding = |kind| Finding::new(kind, "case_events").of(row.id.0).numbered(number).at(event.seq);
            match log::decode(&event.kind, &event.body) {
                // What a newer release recorded is for its own check. The chain holds it all the same.
                Err(Unread::Newer) => is_readable = false,
                Err(Unread::OtherKind(found)) => {
                    is_readable = false;
                    self.note(finding(FindingKind::EventMismatch).on("kind").says(&event.kind, found));
                }
                Err(Unread::Malformed(error)) => {
                    is_readable = false;
                    self.note(finding(FindingKind::EventUnreadable).on("body").says(error, "-"));
                }
                Ok(read) => {
                    if event.occurred_on != read.on() {
                        let days = (event.occurred_on.to_string(), read.on().to_string());
                        self.note(finding(FindingKind::EventMismatch).on("occurred_on").says(days.0, days.1));
                    }
                }
            }
            let at = event.recorded_at;
            let earliest = before.map(|before| before.recorded_at);
            let is_early = earliest.is_some_and(|earliest| at.0 + CLOCKS_DIFFER < earliest.0);
            if is_early || at.0 > latest {
                let bound = if is_early { earliest.map(|at| format!("不早于 {at}")) } else { None };
                let expected = bound.unwrap_or_else(|| "不晚于现在".to_owned());
                self.note(finding(FindingKind::EventTime).on("recorded_at").says(at.to_string(), expected));
            }
            before = Some(event);
        }
        is_readable
    }
}
