//! The log of a case: append-only and hash-chained, so that any changed, removed, inserted or reordered event, or a
//! truncated log, is detected.
//!
//! The chain holds a salted digest of each payload and not the payload. A text can therefore be erased together with its
//! salt, and cannot be guessed back from what remains: identity numbers are few enough to be tried one by one.

use crate::store::database::verbatim::verbatim;
use std::collections::HashMap;

use aws_lc_rs::rand;
use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Nullable, Text};
use serde::Deserialize;
use uuid::Uuid;

use super::{StoredBeside, tags};
use crate::store::database::db::{Db, MultiBackend, on_each};
use crate::store::database::deadline;
use crate::store::database::schema::{case_events, cases};
use crate::store::evidence::chain::{self, HASH_BYTES};
use crate::store::{CaseId, OrganId, StoreError, Ts, UserId};

/// The predecessor hash of a case's first event.
pub const GENESIS: [u8; HASH_BYTES] = chain::NOTHING;

/// Bytes of the salt of a payload's digest.
const SALT_BYTES: usize = 16;

/// First byte of the data hashed for an event. Names algorithm (SHA-256) and layout, so that both can change later.
/// Layout 1 had the payload itself, and no entry.
const LAYOUT: u8 = 2;

/// First byte of the data hashed for the digest of a payload.
const DIGEST_LAYOUT: u8 = 1;

/// Cases queried per statement.
const BATCH: usize = 500;

/// Whether this 文号 was ever given to a reply of the organ, whatever became of the reply: the number is never given again.
pub fn has_reply(db: &mut Db, organ: OrganId, number: &str) -> Result<bool, StoreError> {
    Ok(!numbered_replies(db, organ, number, CaseId(Uuid::nil()), 1)?.is_empty())
}

/// The cases of the organ other than `but`, at most `limit`, in which a reply was issued under this 文号. The reply may have
/// been taken back since.
///
/// # Errors
/// As every read.
pub fn numbered_replies(
    db: &mut Db,
    organ: OrganId,
    number: &str,
    but: CaseId,
    limit: i64,
) -> Result<Vec<CaseId>, StoreError> {
    // The member exactly as `serde_json` writes it in the body.
    let member = format!("\"document_number\":{}", serde_json::Value::from(number));
    // A literal, so that the partial index applies.
    let is_reply = verbatim::<Bool>("case_events.kind = 'reply_issued'");
    let says = match db {
        Db::Pg(_) => sql::<Bool>("strpos(case_events.body, "),
        Db::Lite(_) => sql::<Bool>("instr(case_events.body, "),
    };
    let found = case_events::table
        .inner_join(cases::table.on(cases::id.eq(case_events::case_id)))
        .filter(is_reply)
        .filter(cases::organ_id.eq(organ))
        .filter(cases::id.ne(but))
        .filter(says.bind::<Text, _>(member).sql(") > 0"))
        .select(cases::id)
        .limit(limit)
        .load(db)?;
    Ok(found)
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
    /// The command that recorded it, numbered from 1 within the case. Events of one command share it.
    pub entry: i32,
    /// Kind of event, as a code.
    pub kind: String,
    /// The day it happened.
    pub occurred_on: NaiveDate,
    /// JSON, as written.
    pub body: String,
    /// Random bytes that the digest of the body begins with.
    pub salt: Vec<u8>,
    /// The salted SHA-256 of the body.
    pub digest: Vec<u8>,
    /// The user who recorded it. `None` for the program itself.
    pub actor_id: Option<UserId>,
    /// When it was recorded.
    pub recorded_at: Ts,
    /// Hash of the previous event.
    pub prev_hash: Vec<u8>,
    /// SHA-256 of this event.
    pub hash: Vec<u8>,
}

impl EventRow {
    /// Computes the expected hash of this event.
    ///
    /// SHA-256 over the layout byte and then each field, prefixed with its length (four bytes, big endian): case id (16
    /// bytes), seq (4), entry (4), kind, day as `YYYY-MM-DD`, digest of the body (32), actor (16 bytes, or empty), instant
    /// in microseconds since 1970 (8), previous hash (32).
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
    pub fn computed_hash(&self) -> Result<Vec<u8>, StoreError> {
        let day = self.occurred_on.format("%Y-%m-%d").to_string();
        let actor = self.actor_id.map(|id| id.0);
        let fields: [&[u8]; 9] = [
            self.case_id.0.as_bytes(),
            &self.seq.to_be_bytes(),
            &self.entry.to_be_bytes(),
            self.kind.as_bytes(),
            day.as_bytes(),
            &self.digest,
            actor.as_ref().map_or(&[], |id| id.as_bytes()),
            &self.recorded_at.0.timestamp_micros().to_be_bytes(),
            &self.prev_hash,
        ];
        Ok(chain::digest(LAYOUT, &fields.map(Some))?.to_vec())
    }

    /// Computes the expected digest of the body.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the body is 4 GiB or longer.
    pub fn computed_digest(&self) -> Result<Vec<u8>, StoreError> {
        digest_of(&self.salt, &self.body)
    }

    /// Whether the event may follow one of this entry: it belongs to the same command or to the next. The first event of
    /// a log follows entry 0 and is of entry 1.
    #[must_use]
    pub const fn follows_entry(&self, before: i32) -> bool {
        self.entry == before + 1 || (before > 0 && self.entry == before)
    }

    /// Whether the body is the one that was recorded, or the one that is left since a text in it was erased.
    /// `after_erasure` is of [`digests_after_erasure`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the body is 4 GiB or longer.
    pub fn has_its_payload(&self, after_erasure: &HashMap<i32, String>) -> Result<bool, StoreError> {
        let digest = self.computed_digest()?;
        Ok(match after_erasure.get(&self.seq) {
            Some(since) => *since == hex::encode(digest),
            None => self.digest == digest,
        })
    }

    /// Links a row to the event before it: digest and hash of what the row says.
    pub(super) fn link(&mut self, prev_hash: Vec<u8>) -> Result<(), StoreError> {
        self.prev_hash = prev_hash;
        self.digest = self.computed_digest()?;
        self.hash = self.computed_hash()?;
        Ok(())
    }
}

/// The salted digest of a payload.
fn digest_of(salt: &[u8], body: &str) -> Result<Vec<u8>, StoreError> {
    Ok(chain::digest(DIGEST_LAYOUT, &[Some(salt), Some(body.as_bytes())])?.to_vec())
}

/// A new salt.
///
/// # Errors
/// [`StoreError::Unavailable`] if the operating system gives no random bytes.
pub(super) fn new_salt() -> Result<Vec<u8>, StoreError> {
    let mut salt = vec![0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| StoreError::Unavailable("no random bytes for a salt".into()))?;
    Ok(salt)
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// The seq of the last event, 0 for an empty log.
    pub seq: i32,
    /// The entry of the last event, 0 for an empty log.
    pub entry: i32,
    /// The hash of the last event, [`GENESIS`] for an empty log.
    pub hash: Vec<u8>,
}

impl LogEnd {
    /// The end of an empty log.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self { seq: 0, entry: 0, hash: GENESIS.to_vec() }
    }

    /// The end of a loaded log.
    #[must_use]
    pub fn of(log: &[EventRow]) -> Self {
        log.last().map_or_else(Self::of_nothing, Self::at)
    }

    /// The end of a log whose last event is `row`.
    fn at(row: &EventRow) -> Self {
        Self { seq: row.seq, entry: row.entry, hash: row.hash.clone() }
    }
}

/// Appends the events of one command to a log and returns its new end. The log must have been read in this transaction with its case
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
    let rows = chained(case, &end, events, actor, at)?;
    let Some(last) = rows.last() else { return Ok(end) };
    let end = LogEnd::at(last);
    on_each!(db => diesel::insert_into(case_events::table).values(&rows).execute(db))?;
    Ok(end)
}

/// Appends the events of one command to the log of a case whose last seq is `after` (0 for an empty log). Returns the new last seq, which
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
    let last: Option<(i32, i32, Vec<u8>)> = case_events::table
        .filter(case_events::case_id.eq(case))
        .order(case_events::seq.desc())
        .select((case_events::seq, case_events::entry, case_events::hash))
        .first(db)
        .optional()?;
    let end = last.map_or_else(LogEnd::of_nothing, |(seq, entry, hash)| LogEnd { seq, entry, hash });
    if i64::from(end.seq) != after {
        return Err(StoreError::Conflict);
    }
    Ok(i64::from(append_after(db, case, end, events, actor, at)?.seq))
}

/// Builds the rows of the events of one command, without writing them. They follow `after`.
///
/// # Errors
/// [`StoreError::Corrupt`] if a field is 4 GiB or longer; [`StoreError::Unavailable`] without random bytes.
pub fn chained(
    case: CaseId,
    after: &LogEnd,
    events: &[NewEvent],
    actor: Option<UserId>,
    at: Ts,
) -> Result<Vec<EventRow>, StoreError> {
    let mut end = after.clone();
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let mut row = EventRow {
            case_id: case,
            seq: end.seq + 1,
            entry: after.entry + 1,
            kind: event.kind.clone(),
            occurred_on: event.occurred_on,
            body: event.body.clone(),
            salt: new_salt()?,
            digest: Vec::new(),
            actor_id: actor,
            recorded_at: at,
            prev_hash: Vec::new(),
            hash: Vec::new(),
        };
        row.link(end.hash)?;
        end = LogEnd::at(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// The complete log of a case, in order.
pub fn load(db: &mut Db, case: CaseId) -> Result<Vec<EventRow>, StoreError> {
    let theirs = case_events::table.filter(case_events::case_id.eq(case));
    Ok(theirs.order(case_events::seq).select(EventRow::as_select()).load(db)?)
}

/// Tags, whether the identity number is unverified, and the sealed contacts: on the first event only.
type Aside = (Option<String>, Option<bool>, Option<Vec<u8>>);

/// Like [`load`], with the case's subject tags. If the caller has locked the case's row, both are current.
pub fn load_with_beside(db: &mut Db, case: CaseId) -> Result<(Vec<EventRow>, StoredBeside), StoreError> {
    let theirs = case_events::table.filter(case_events::case_id.eq(case));
    let rows: Vec<(EventRow, Aside)> = theirs
        .order(case_events::seq)
        .select((
            <EventRow as Selectable<MultiBackend>>::construct_selection(),
            (
                tags::beside("t.case_id = case_events.case_id AND case_events.seq = 1"),
                verbatim::<Nullable<Bool>>(
                    "(SELECT a.identity_is_unverified FROM cases c JOIN applicants a ON a.id = c.applicant_id
                     WHERE c.id = case_events.case_id AND case_events.seq = 1)",
                ),
                verbatim::<Nullable<Binary>>(
                    "(SELECT a.contact_sealed FROM cases c JOIN applicants a ON a.id = c.applicant_id
                     WHERE c.id = case_events.case_id AND case_events.seq = 1)",
                ),
            ),
        ))
        .load(db)?;
    let (lines, is_unverified, contact_sealed) = rows.first().map(|(_, aside)| aside.clone()).unwrap_or_default();
    let identity_is_unverified = is_unverified.unwrap_or(false);
    let beside = StoredBeside { tags: tags::of_lines(lines), identity_is_unverified, contact_sealed };
    Ok((rows.into_iter().map(|(row, ..)| row).collect(), beside))
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

/// An erased text: the event that it stood in, and what the chain knows of that event since.
#[derive(Debug, Deserialize)]
struct Erasure {
    /// The event whose payload changed.
    seq: i32,
    /// The salted digest of its payload as it reads since, in hexadecimal.
    digest: String,
}

/// The kind of the event that records an erased text.
const REDACTED: &str = "redacted";

/// Replaces the payload of an event after a text in it was erased, with a new salt. Returns the salted digest of the new
/// payload, in hexadecimal, for the event that records the erasure. The chain keeps the digest of the payload before.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such event; [`StoreError::Unavailable`] without random bytes.
pub fn overwrite(db: &mut Db, case: CaseId, seq: i32, body: &str) -> Result<String, StoreError> {
    let salt = new_salt()?;
    let digest = digest_of(&salt, body)?;
    let one = case_events::table.filter(case_events::case_id.eq(case)).filter(case_events::seq.eq(seq));
    let changed = diesel::update(one).set((case_events::body.eq(body), case_events::salt.eq(&salt))).execute(db)?;
    if changed == 0 { Err(StoreError::NotFound) } else { Ok(hex::encode(digest)) }
}

/// The digests that payloads of a log have since texts in them were erased, by seq: the last one of each.
#[must_use]
pub fn digests_after_erasure(rows: &[EventRow]) -> HashMap<i32, String> {
    let erasures = rows.iter().filter(|row| row.kind == REDACTED);
    let read = erasures.filter_map(|row| {
        let erasure: Erasure = serde_json::from_str(&row.body).ok()?;
        (erasure.seq < row.seq).then_some((erasure.seq, erasure.digest))
    });
    read.collect()
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
    let mut end = LogEnd::of_nothing();
    let after_erasure = digests_after_erasure(rows);
    for row in rows {
        let seq = end.seq + 1;
        let follows = (row.case_id, row.seq, &row.prev_hash) == (case, seq, &end.hash);
        let holds = row.has_its_payload(&after_erasure)? && row.hash == row.computed_hash()?;
        if i64::from(seq) > version || !follows || !row.follows_entry(end.entry) || !holds {
            return Ok(Some(seq));
        }
        end = LogEnd::at(row);
    }
    Ok((i64::from(end.seq) != version).then_some(end.seq + 1))
}

/// Appends the same event to the logs of several cases, each of which ends at the version it is given with.
///
/// # Errors
/// [`StoreError::Conflict`] if a log does not end there.
pub fn append_to_each(
    db: &mut Db,
    of: &[(CaseId, i64)],
    event: &NewEvent,
    actor: Option<UserId>,
    at: Ts,
) -> Result<(), StoreError> {
    let ids: Vec<CaseId> = of.iter().map(|(id, _)| *id).collect();
    let mut ends: HashMap<CaseId, LogEnd> = HashMap::new();
    for batch in ids.chunks(BATCH) {
        let last = case_events::table
            .inner_join(cases::table.on(cases::id.eq(case_events::case_id)))
            .filter(case_events::case_id.eq_any(batch))
            .filter(verbatim::<Bool>("case_events.seq = cases.version"))
            .select(EventRow::as_select());
        ends.extend(last.load(db)?.iter().map(|row: &EventRow| (row.case_id, LogEnd::at(row))));
    }
    let mut rows = Vec::with_capacity(of.len());
    for (id, version) in of {
        let end = ends.get(id).filter(|end| i64::from(end.seq) == *version).ok_or(StoreError::Conflict)?;
        rows.extend(chained(*id, end, std::slice::from_ref(event), actor, at)?);
    }
    for some in rows.chunks(BATCH) {
        on_each!(db => diesel::insert_into(case_events::table).values(some).execute(db))?;
    }
    Ok(())
}
