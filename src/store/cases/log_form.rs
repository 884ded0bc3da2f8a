//! Brings logs of the first form over to the form of today, once, between migrations 22 and 23.
//!
//! The first form chained the payloads themselves, in hexadecimal, and had no entries. Events that one user recorded in the
//! same microsecond become one entry: a command writes all its events with one instant.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::events::{self, EventRow, GENESIS};
use crate::store::database::db::Db;
use crate::store::database::schema::{case_events, cases};
use crate::store::evidence::chain::{self, HASH_BYTES};
use crate::store::{CaseId, StoreError, Ts, UserId};

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    case_events_before (case_id, seq) {
        case_id -> UuidT,
        seq -> Integer,
        kind -> Text,
        occurred_on -> Date,
        body -> Text,
        actor_id -> Nullable<UuidT>,
        recorded_at -> TsT,
        prev_hash -> Text,
        hash -> Text,
    }
}

/// Cases brought over at a time: memory does not grow with the database.
const BATCH: i64 = 500;
/// Rows an INSERT of SQLite takes: twelve values a row, of at most 32,766.
const SQLITE_ROWS: usize = 2_500;
/// First byte of the data hashed in the first form.
const FIRST_LAYOUT: u8 = 1;
/// The predecessor hash of the first event in the first form.
const FIRST_GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The hash of an event at which the first form did not hold. No event has it, so that the break stays to be found.
const UNPROVED: [u8; HASH_BYTES] = [0; HASH_BYTES];

/// An event in the first form.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = case_events_before)]
struct FirstRow {
    case_id: CaseId,
    seq: i32,
    kind: String,
    occurred_on: NaiveDate,
    body: String,
    actor_id: Option<UserId>,
    recorded_at: Ts,
    prev_hash: String,
    hash: String,
}

impl FirstRow {
    fn computed_hash(&self) -> Result<String, StoreError> {
        let day = self.occurred_on.format("%Y-%m-%d").to_string();
        let actor = self.actor_id.map(|id| id.0);
        let fields: [&[u8]; 8] = [
            self.case_id.0.as_bytes(),
            &self.seq.to_be_bytes(),
            self.kind.as_bytes(),
            day.as_bytes(),
            self.body.as_bytes(),
            actor.as_ref().map_or(&[], |id| id.as_bytes()),
            &self.recorded_at.0.timestamp_micros().to_be_bytes(),
            self.prev_hash.as_bytes(),
        ];
        Ok(hex::encode(chain::digest(FIRST_LAYOUT, &fields.map(Some))?))
    }
}

/// Writes every log in its new form. A log whose chain did not hold comes over with the break at the same event, and a
/// warning names its case: an upgrade neither mends nor hides it.
///
/// # Errors
/// [`StoreError::Corrupt`] if a log verifies otherwise after the change than before it.
pub(in crate::store) fn bring_over(db: &mut Db) -> Result<(), StoreError> {
    let mut after: Option<CaseId> = None;
    loop {
        let mut next = cases::table.into_boxed().order(cases::id).limit(BATCH).select((cases::id, cases::version));
        if let Some(id) = after {
            next = next.filter(cases::id.gt(id));
        }
        let batch: Vec<(CaseId, i64)> = next.load(db)?;
        let Some((last, _)) = batch.last() else { return Ok(()) };
        after = Some(*last);
        let renewed = brought_over(db, &batch)?;
        write(db, &renewed)?;
    }
}

/// The logs of these cases with their versions, in the new form.
fn brought_over(db: &mut Db, batch: &[(CaseId, i64)]) -> Result<Vec<EventRow>, StoreError> {
    let ids: Vec<CaseId> = batch.iter().map(|(id, _)| *id).collect();
    let rows: Vec<FirstRow> = case_events_before::table
        .filter(case_events_before::case_id.eq_any(&ids))
        .order((case_events_before::case_id, case_events_before::seq))
        .select(FirstRow::as_select())
        .load(db)?;
    let mut logs: HashMap<CaseId, Vec<FirstRow>> = HashMap::new();
    for row in rows {
        logs.entry(row.case_id).or_default().push(row);
    }
    let mut all = Vec::new();
    for (case, version) in batch {
        let log = logs.remove(case).unwrap_or_default();
        let broken_at = first_break(*version, &log)?;
        let renewed = renewed(log, broken_at)?;
        if events::first_break(*case, *version, &renewed)? != broken_at {
            return Err(StoreError::Corrupt(format!("the log of case {} verifies otherwise in its new form", case.0)));
        }
        if let Some(seq) = broken_at {
            tracing::warn!(case = %case.0, seq, "the log of this case did not verify before the upgrade");
        }
        all.extend(renewed);
    }
    Ok(all)
}

/// The first seq at which a log of the first form fails verification.
fn first_break(version: i64, log: &[FirstRow]) -> Result<Option<i32>, StoreError> {
    let (mut seq, mut prev_hash) = (0, FIRST_GENESIS);
    for row in log {
        seq += 1;
        let follows = (row.seq, row.prev_hash.as_str()) == (seq, prev_hash);
        if i64::from(seq) > version || !follows || row.hash != row.computed_hash()? {
            return Ok(Some(seq));
        }
        prev_hash = &row.hash;
    }
    Ok((i64::from(seq) != version).then_some(seq + 1))
}

fn renewed(log: Vec<FirstRow>, broken_at: Option<i32>) -> Result<Vec<EventRow>, StoreError> {
    let mut renewed: Vec<EventRow> = Vec::with_capacity(log.len());
    for (place, row) in (1..).zip(log) {
        let entry = match renewed.last() {
            Some(last) if (last.recorded_at, last.actor_id) == (row.recorded_at, row.actor_id) => last.entry,
            Some(last) => last.entry + 1,
            None => 1,
        };
        let prev_hash = renewed.last().map_or_else(|| GENESIS.to_vec(), |last| last.hash.clone());
        let mut event = EventRow {
            case_id: row.case_id,
            seq: row.seq,
            entry,
            kind: row.kind,
            occurred_on: row.occurred_on,
            body: row.body,
            salt: events::new_salt()?,
            digest: Vec::new(),
            actor_id: row.actor_id,
            recorded_at: row.recorded_at,
            prev_hash: Vec::new(),
            hash: Vec::new(),
        };
        event.link(prev_hash)?;
        if broken_at == Some(place) {
            event.hash = UNPROVED.to_vec();
        }
        renewed.push(event);
    }
    Ok(renewed)
}

fn write(db: &mut Db, rows: &[EventRow]) -> Result<(), StoreError> {
    match db {
        _ if rows.is_empty() => {}
        Db::Pg(db) => {
            diesel::copy_from(case_events::table).from_insertable(rows).execute(db)?;
        }
        Db::Lite(db) => {
            for some in rows.chunks(SQLITE_ROWS) {
                diesel::insert_into(case_events::table).values(some).execute(db)?;
            }
        }
    }
    Ok(())
}
