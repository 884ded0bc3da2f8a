//! The log of a case: append-only and hash-chained, so that any changed, removed, inserted or reordered entry, or a
//! truncated log, is detected.

use crate::store::database::verbatim::verbatim;
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::tags;
use crate::store::database::db::{Db, MultiBackend, on_each};
use crate::store::database::deadline;
use crate::store::database::schema::{case_events, cases};
use crate::store::evidence::chain;
use crate::store::{CaseId, OrganId, StoreError, Ts, UserId};

/// The predecessor hash of a case's first event.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// First byte of the hashed data. Names algorithm (SHA-256) and layout, so that both can change later.
const LAYOUT: u8 = 1;

/// Cases queried per statement.
const BATCH: usize = 500;

/// Whether a case of the organ other than `but` was ever answered under this 文号. For a case that a court sent back, the
/// earlier reply counts too.
pub fn has_reply(db: &mut Db, organ: OrganId, number: &str, but: CaseId) -> Result<bool, StoreError> {
    // The member exactly as `serde_json` writes it in the body.
    let member = format!("\"document_number\":{}", serde_json::Value::from(number));
    // A literal, so that the partial index applies.
    let is_reply = verbatim::<Bool>("case_events.kind = 'reply_issued'");
    let says = match db {
        Db::Pg(_) => sql::<Bool>("strpos(case_events.body, "),
        Db::Lite(_) => sql::<Bool>("instr(case_events.body, "),
    };
    let found: Option<CaseId> = case_events::table
        .inner_join(cases::table.on(cases::id.eq(case_events::case_id)))
        .filter(is_reply)
        .filter(cases::organ_id.eq(organ))
        .filter(cases::id.ne(but))
        .filter(says.bind::<Text, _>(member).sql(") > 0"))
        .select(cases::id)
        .first(db)
        .optional()?;
    Ok(found.is_some())
}

/// An event to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Kind of event, as a code.
    pub kind: String,
    /// The day it happened, in Asia/Shanghai.
    pub occurred_on: NaiveDate,
    /// JSON, stored byte for byte.
    pub body: String,
}

/// A row of `case_events`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_events, treat_none_as_default_value = false)]
pub struct EventRow {
    /// The case.
    pub case_id: CaseId,
    /// 1, 2, 3 … without a gap.
    pub seq: i32,
    /// Kind of event, as a code.
    pub kind: String,
    /// The day it happened.
    pub occurred_on: NaiveDate,
    /// JSON, as written.
    pub body: String,
    /// The user who recorded it. `None` for the program itself.
    pub actor_id: Option<UserId>,
    /// When it was recorded.
    pub recorded_at: Ts,
    /// Hash of the previous event.
    pub prev_hash: String,
    /// SHA-256 of this event, in hexadecimal.
    pub hash: String,
}

impl EventRow {
    /// Computes the expected hash of this event.
    ///
    /// SHA-256 over the layout byte and then each field, prefixed with its length (four bytes, big endian): case id (16
    /// bytes), seq (4), kind, day as `YYYY-MM-DD`, body, actor (16 bytes, or empty), instant in microseconds since 1970
    /// (8), previous hash in hexadecimal.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
    pub fn computed_hash(&self) -> Result<String, StoreError> {
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
        Ok(hex::encode(chain::digest(LAYOUT, &fields.map(Some))?))
    }
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// The seq of the last event, 0 for an empty log.
    pub seq: i32,
    /// The hash of the last event, [`GENESIS`] for an empty log.
    pub hash: String,
}

impl LogEnd {
    /// The end of an empty log.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }

    /// The end of a loaded log.
    #[must_use]
    pub fn of(log: &[EventRow]) -> Self {
        log.last().map_or_else(Self::of_nothing, |row| Self { seq: row.seq, hash: row.hash.clone() })
    }
}

/// Appends events to a log and returns its new end. The log must have been read in this transaction with its case
/// locked.
///
/// # Errors
/// [`StoreError::Conflict`] if the log does not end at `end`.
pub fn append_after(
    db: &mut Db,
    case: CaseId,
    end: LogEnd,
    events: &[NewEvent],
    actor: Option<UserId>,
    at: Ts,
) -> Result<LogEnd, StoreError> {
    let rows = chained(case, (end.seq, end.hash.clone()), events, actor, at)?;
    let Some(last) = rows.last() else { return Ok(end) };
    let end = LogEnd { seq: last.seq, hash: last.hash.clone() };
    on_each!(db => diesel::insert_into(case_events::table).values(&rows).execute(db))?;
    Ok(end)
}

/// Appends events to the log of a case whose last seq is `after` (0 for an empty log). Returns the new last seq, which
/// is the case's new version.
///
/// # Errors
/// [`StoreError::Conflict`] if the log does not end at `after`, because another transaction appended first.
pub fn append(
    db: &mut Db,
    case: CaseId,
    after: i64,
    events: &[NewEvent],
    actor: Option<UserId>,
    at: Ts,
) -> Result<i64, StoreError> {
    let last: Option<(i32, String)> = case_events::table
        .filter(case_events::case_id.eq(case))
        .order(case_events::seq.desc())
        .select((case_events::seq, case_events::hash))
        .first(db)
        .optional()?;
    let end = last.map_or_else(LogEnd::of_nothing, |(seq, hash)| LogEnd { seq, hash });
    if i64::from(end.seq) != after {
        return Err(StoreError::Conflict);
    }
    Ok(i64::from(append_after(db, case, end, events, actor, at)?.seq))
}

/// Builds the rows of events that follow the given seq and hash (0 and [`GENESIS`] for an empty log), without writing
/// them.
///
/// # Errors
/// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
pub fn chained(
    case: CaseId,
    (mut seq, mut prev_hash): (i32, String),
    events: &[NewEvent],
    actor: Option<UserId>,
    at: Ts,
) -> Result<Vec<EventRow>, StoreError> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        let mut row = EventRow {
            case_id: case,
            seq,
            kind: event.kind.clone(),
            occurred_on: event.occurred_on,
            body: event.body.clone(),
            actor_id: actor,
            recorded_at: at,
            prev_hash,
            hash: String::new(),
        };
        row.hash = row.computed_hash()?;
        prev_hash = row.hash.clone();
        rows.push(row);
    }
    Ok(rows)
}

/// The complete log of a case, in order.
pub fn load(db: &mut Db, case: CaseId) -> Result<Vec<EventRow>, StoreError> {
    let theirs = case_events::table.filter(case_events::case_id.eq(case));
    Ok(theirs.order(case_events::seq).select(EventRow::as_select()).load(db)?)
}

/// Like [`load`], with the case's subject tags. If the caller has locked the case's row, both are current.
pub fn load_with_tags(db: &mut Db, case: CaseId) -> Result<(Vec<EventRow>, Vec<String>), StoreError> {
    let theirs = case_events::table.filter(case_events::case_id.eq(case));
    let rows: Vec<(EventRow, Option<String>)> = theirs
        .order(case_events::seq)
        .select((
            <EventRow as Selectable<MultiBackend>>::construct_selection(),
            tags::beside("t.case_id = case_events.case_id AND case_events.seq = 1"),
        ))
        .load(db)?;
    let lines = rows.first().and_then(|(_, lines)| lines.clone());
    Ok((rows.into_iter().map(|(row, _)| row).collect(), tags::of_lines(lines)))
}

/// The complete logs of several cases, each in order. Cases without events are absent from the map.
pub fn load_many(db: &mut Db, of: &[CaseId]) -> Result<HashMap<CaseId, Vec<EventRow>>, StoreError> {
    let mut logs: HashMap<CaseId, Vec<EventRow>> = HashMap::new();
    for batch in of.chunks(BATCH) {
        deadline::check()?;
        let theirs = case_events::table.filter(case_events::case_id.eq_any(batch));
        let rows: Vec<EventRow> =
            theirs.order((case_events::case_id, case_events::seq)).select(EventRow::as_select()).load(db)?;
        for row in rows {
            logs.entry(row.case_id).or_default().push(row);
        }
    }
    Ok(logs)
}

/// The events of these kinds of several cases, each case's in order. Cases without such events are absent from the map.
pub fn load_kinds(db: &mut Db, of: &[CaseId], kinds: &[&str]) -> Result<HashMap<CaseId, Vec<EventRow>>, StoreError> {
    let mut logs: HashMap<CaseId, Vec<EventRow>> = HashMap::new();
    for batch in of.chunks(BATCH) {
        deadline::check()?;
        let theirs =
            case_events::table.filter(case_events::case_id.eq_any(batch)).filter(case_events::kind.eq_any(kinds));
        let rows: Vec<EventRow> =
            theirs.order((case_events::case_id, case_events::seq)).select(EventRow::as_select()).load(db)?;
        for row in rows {
            logs.entry(row.case_id).or_default().push(row);
        }
    }
    Ok(logs)
}

/// The first seq at which the log of a case fails verification, `None` if it is intact. A truncated log fails at the
/// first missing seq, because the case's version records its length.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist.
pub fn verify(db: &mut Db, case: CaseId) -> Result<Option<i32>, StoreError> {
    let version: i64 = cases::table.find(case).select(cases::version).first(db)?;
    let rows = load(db, case)?;
    first_break(case, version, &rows)
}

/// Like [`verify`], on rows already loaded.
///
/// # Errors
/// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
pub fn first_break(case: CaseId, version: i64, rows: &[EventRow]) -> Result<Option<i32>, StoreError> {
    let mut prev_hash = GENESIS;
    let mut seq = 0;
    for row in rows {
        seq += 1;
        let place = (row.case_id, row.seq, row.prev_hash.as_str());
        if i64::from(seq) > version || place != (case, seq, prev_hash) || row.hash != row.computed_hash()? {
            return Ok(Some(seq));
        }
        prev_hash = &row.hash;
    }
    Ok((i64::from(seq) != version).then_some(seq + 1))
}
