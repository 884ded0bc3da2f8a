//! Outgoing mail: written in the transaction that made it necessary, sent later by whoever holds the lease.
//!
//! A row is handed out under a lease that ends by the database's clock and carries a fence (owner and number of the
//! attempt): who lost the lease writes nothing any more. A row taken over from a sender that did not report back is
//! `suspect`: the receiver may already hold a copy, byte for byte the same.

mod circuit;
mod shown;

pub use circuit::{Circuit, Gate, close as close_circuit, gate, open as open_circuit, relay_circuit, take_probe};
pub use shown::{Figures, MailAnswer, MailCounts, MailFilter, MailView, answers, counts, figures, find, list, settled};

use std::collections::HashSet;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{NaiveDate, TimeDelta};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db::on_each;
use super::schema::{mail_answers, outbox, reminder_steps};
use super::sqltypes::TsT;
use super::{CaseId, Db, OrganId, OutboxId, StoreError, Ts, UserId};

/// The longest answer of a mail server that is kept, in characters.
const REPLY_MAX_CHARS: usize = 500;

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Waits for its next attempt.
    Queued,
    /// Leased by a sender.
    Sending,
    /// Accepted by the mail server.
    Sent,
    /// Refused for good, or too old: waits for a person.
    Parked,
    /// Withdrawn before it was sent: what it was about is settled, or a later mail says it.
    Cancelled,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sending, Self::Sent, Self::Parked, Self::Cancelled];

    /// The code in the row.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "待发",
            Self::Sending => "发送中",
            Self::Sent => "已送出",
            Self::Parked => "待人工处理",
            Self::Cancelled => "已撤回",
        }
    }

    /// The state of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    fn read(code: &str) -> Result<Self, StoreError> {
        Self::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("outbox.state '{code}'")))
    }
}

/// What became of an attempt that did not get the mail accepted and is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// The server refused it for now.
    Later,
    /// The conversation broke off: the server may have stored the mail.
    Broken,
    /// The relay could not be used at all.
    NoRelay,
}

impl Unsent {
    const fn code(self) -> &'static str {
        match self {
            Self::Later => "retry",
            Self::Broken => "broken",
            Self::NoRelay => "no_relay",
        }
    }
}

/// A mail to be queued. `message` is the whole mail with its Message-ID and Date: every attempt sends these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Unique for ever: the guarantee of "once".
    pub dedupe_key: String,
    /// The organ it is about.
    pub organ_id: Option<OrganId>,
    /// The case it is about.
    pub case_id: Option<CaseId>,
    /// The person it goes to.
    pub recipient_id: Option<UserId>,
    /// The address it goes to.
    pub to_address: String,
    /// Its subject, readable.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its bytes.
    pub message: Vec<u8>,
    /// Not sent before this instant; `None`: at once.
    pub not_before: Option<Ts>,
    /// Not sent from this instant on, unless a receiver may already hold it; `None`: whenever it can be.
    pub not_after: Option<Ts>,
}

/// A row as its present sender holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The row.
    pub id: OutboxId,
    /// Who holds it.
    pub owner: String,
    /// The number of this attempt; with `owner` it is the fence.
    pub attempts: i32,
    /// Whether an earlier sender may have got it through.
    pub suspect: bool,
    /// Its key.
    pub dedupe_key: String,
    /// The organ it is about.
    pub organ_id: Option<OrganId>,
    /// The address it goes to.
    pub to_address: String,
    /// Its subject.
    pub subject: String,
    /// The bytes to send.
    pub message: Vec<u8>,
    /// How long it has been waiting, by the database's clock: since it was queued or last released by a person.
    pub age: TimeDelta,
}

/// The database's instant, so that instances whose clocks differ agree on every lease.
pub(super) fn instant(db: &mut Db) -> Result<Ts, StoreError> {
    match db {
        Db::Pg(db) => Ok(diesel::select(sql::<TsT>("clock_timestamp()")).get_result(db)?),
        Db::Lite(_) => Ok(super::now()),
    }
}

pub(super) fn later(at: Ts, by: Duration) -> Ts {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    Ts(at.0.checked_add_signed(by).unwrap_or(at.0))
}

fn shortened(reply: &str) -> String {
    reply.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REPLY_MAX_CHARS).collect()
}

/// Queues a mail unless its key is known. Answers whether it is new.
///
/// # Errors
/// As every write.
pub fn enqueue(db: &mut Db, mail: &NewMail) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let row = (
        outbox::id.eq(OutboxId::new()),
        outbox::dedupe_key.eq(&mail.dedupe_key),
        outbox::organ_id.eq(mail.organ_id),
        outbox::case_id.eq(mail.case_id),
        outbox::recipient_id.eq(mail.recipient_id),
        outbox::to_address.eq(&mail.to_address),
        outbox::subject.eq(&mail.subject),
        outbox::message_id.eq(&mail.message_id),
        outbox::message.eq(&mail.message),
        outbox::state.eq(MailState::Queued.code()),
        outbox::attempts.eq(0),
        outbox::suspect.eq(false),
        outbox::next_attempt_at.eq(mail.not_before.map_or(now, |opens| opens.max(now))),
        outbox::not_after.eq(mail.not_after),
        outbox::created_at.eq(now),
    );
    let inserted = on_each!(db => diesel::insert_into(outbox::table)
        .values(row)
        .on_conflict(outbox::dedupe_key)
        .do_nothing()
        .execute(db))?;
    Ok(inserted == 1)
}

/// Which of `keys` are in the outbox, in whatever state.
///
/// # Errors
/// As every read.
pub fn known(db: &mut Db, keys: &[String]) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for some in keys.chunks(200) {
        let rows: Vec<String> =
            outbox::table.filter(outbox::dedupe_key.eq_any(some)).select(outbox::dedupe_key).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

type Ready = ((OutboxId, String, i32, bool), (String, Option<OrganId>, String, String, Vec<u8>), (Ts, Option<Ts>));

/// Takes up to `limit` rows whose time has come, for `lease`. Rows of a sender whose lease ran out are among them and
/// become suspect. Runs in a write transaction: senders that ask at the same time get different rows.
///
/// # Errors
/// As every write.
pub fn claim(db: &mut Db, owner: &str, limit: i64, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
    // No reminder was ever written for an earlier day than this.
    claim_on(db, NaiveDate::default(), owner, limit, lease)
}

/// As [`claim`], but reminders written for a day before `office_day` stay where they are: what they say ("due today") is
/// no longer so, and the next pass withdraws them. So do mails whose window has closed. What a receiver may already hold
/// is not held back.
///
/// # Errors
/// As every write.
pub fn claim_on(
    db: &mut Db,
    office_day: NaiveDate,
    owner: &str,
    limit: i64,
    lease: Duration,
) -> Result<Vec<Claimed>, StoreError> {
    let now = instant(db)?;
    let outdated = reminder_steps::table
        .filter(reminder_steps::mail_key.eq(outbox::dedupe_key))
        .filter(reminder_steps::told_for.lt(office_day))
        .select(reminder_steps::key);
    let is_in_window = outbox::not_after.is_null().or(outbox::not_after.gt(now).assume_not_null());
    let may_go = outbox::suspect
        .eq(true)
        .or(outbox::state.eq(MailState::Sending.code()))
        .or(is_in_window.and(diesel::dsl::not(diesel::dsl::exists(outdated))));
    // A leased row carries the end of its lease as its next attempt: one condition, one index. The states are spelt out
    // because SQLite uses a partial index only for the literal condition.
    let ready = outbox::table
        .filter(sql::<Bool>("state IN ('queued', 'sending')"))
        .filter(outbox::next_attempt_at.le(now))
        .filter(may_go)
        .order((outbox::next_attempt_at, outbox::id))
        .limit(limit)
        .select((
            (outbox::id, outbox::state, outbox::attempts, outbox::suspect),
            (outbox::dedupe_key, outbox::organ_id, outbox::to_address, outbox::subject, outbox::message),
            (outbox::created_at, outbox::released_at),
        ));
    let rows: Vec<Ready> = match db {
        Db::Pg(db) => ready.for_update().skip_locked().load(db)?,
        Db::Lite(db) => ready.load(db)?,
    };
    let until = later(now, lease);
    rows.into_iter()
        .map(|((id, state, attempts, suspect), what, (created_at, released_at))| {
            let attempts = attempts.saturating_add(1);
            let suspect = suspect || MailState::read(&state)? == MailState::Sending;
            let (dedupe_key, organ_id, to_address, subject, message) = what;
            diesel::update(outbox::table.filter(outbox::id.eq(id)))
                .set((
                    outbox::state.eq(MailState::Sending.code()),
                    outbox::attempts.eq(attempts),
                    outbox::suspect.eq(suspect),
                    outbox::lease_owner.eq(Some(owner)),
                    outbox::lease_until.eq(Some(until)),
                    outbox::next_attempt_at.eq(until),
                ))
                .execute(db)?;
            let age = now.0.signed_duration_since(released_at.unwrap_or(created_at).0);
            let owner = owner.to_owned();
            Ok(Claimed { id, owner, attempts, suspect, dedupe_key, organ_id, to_address, subject, message, age })
        })
        .collect()
}

/// The row of a claim, if it is still held by it.
macro_rules! held {
    ($claim:expr) => {
        outbox::table
            .filter(outbox::id.eq($claim.id))
            .filter(outbox::state.eq(MailState::Sending.code()))
            .filter(outbox::lease_owner.eq(&$claim.owner))
            .filter(outbox::attempts.eq($claim.attempts))
    };
}

/// Prolongs the lease. `false`: it has ended or is somebody else's, and the mail must not be sent by the caller.
///
/// # Errors
/// As every write.
pub fn renew(db: &mut Db, claim: &Claimed, lease: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let until = later(now, lease);
    let renewed = diesel::update(held!(claim).filter(outbox::lease_until.gt(now)))
        .set((outbox::lease_until.eq(Some(until)), outbox::next_attempt_at.eq(until)))
        .execute(db)?;
    Ok(renewed == 1)
}

/// The server accepted the mail. `false`: the row is somebody else's by now and was left alone.
///
/// # Errors
/// As every write.
pub fn mark_sent(db: &mut Db, claim: &Claimed, reply: &str) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let marked = diesel::update(held!(claim))
        .set((
            outbox::state.eq(MailState::Sent.code()),
            outbox::sent_at.eq(Some(now)),
            outbox::last_reply.eq(Some(shortened(reply))),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Ts>),
        ))
        .execute(db)?;
    answered(db, claim, now, "sent", reply, marked)
}

/// The attempt failed and another follows after `pause`.
///
/// # Errors
/// As every write.
pub fn retry(db: &mut Db, claim: &Claimed, reply: &str, pause: Duration, what: Unsent) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let marked = diesel::update(held!(claim))
        .set((
            outbox::state.eq(MailState::Queued.code()),
            outbox::next_attempt_at.eq(later(now, pause)),
            outbox::suspect.eq(claim.suspect || what == Unsent::Broken),
            outbox::last_reply.eq(Some(shortened(reply))),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Ts>),
        ))
        .execute(db)?;
    answered(db, claim, now, what.code(), reply, marked)
}

/// Hands a row back that was not tried: the attempt does not count.
///
/// # Errors
/// As every write.
pub fn hand_back(db: &mut Db, claim: &Claimed) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let marked = diesel::update(held!(claim))
        .set((
            outbox::state.eq(MailState::Queued.code()),
            outbox::attempts.eq(claim.attempts.saturating_sub(1)),
            outbox::next_attempt_at.eq(now),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Ts>),
        ))
        .execute(db)?;
    Ok(marked == 1)
}

/// For how long the mailbox has answered "not now" without taking or losing a mail in between: since the first such answer
/// after the last mail to it that was accepted or given up. Counts over all its mails: a reminder is replaced every day,
/// so none of them grows old.
///
/// # Errors
/// As every read.
pub fn refused_for(db: &mut Db, address: &str) -> Result<TimeDelta, StoreError> {
    let now = instant(db)?;
    let theirs = || {
        mail_answers::table
            .inner_join(outbox::table.on(outbox::id.eq(mail_answers::mail_id)))
            .filter(outbox::to_address.eq(address))
    };
    let settled: Option<Ts> = theirs()
        .filter(mail_answers::outcome.eq_any(["sent", "parked"]))
        .select(diesel::dsl::max(mail_answers::at))
        .first(db)?;
    let refused = theirs().filter(mail_answers::outcome.eq(Unsent::Later.code()));
    let since: Option<Ts> = match settled {
        Some(settled) => {
            refused.filter(mail_answers::at.gt(settled)).select(diesel::dsl::min(mail_answers::at)).first(db)?
        }
        None => refused.select(diesel::dsl::min(mail_answers::at)).first(db)?,
    };
    Ok(since.map_or_else(TimeDelta::zero, |since| now.0.signed_duration_since(since.0)))
}

/// Gives up until a person decides.
///
/// # Errors
/// As every write.
pub fn park(db: &mut Db, claim: &Claimed, reply: &str) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let marked = diesel::update(held!(claim))
        .set((
            outbox::state.eq(MailState::Parked.code()),
            outbox::last_reply.eq(Some(shortened(reply))),
            outbox::lease_owner.eq(None::<String>),
            outbox::lease_until.eq(None::<Ts>),
        ))
        .execute(db)?;
    answered(db, claim, now, "parked", reply, marked)
}

/// Keeps what became of the attempt, if the row was still held by who made it. Answers whether it was.
fn answered(
    db: &mut Db,
    claim: &Claimed,
    at: Ts,
    outcome: &str,
    reply: &str,
    marked: usize,
) -> Result<bool, StoreError> {
    if marked == 0 {
        return Ok(false);
    }
    let row = (
        mail_answers::mail_id.eq(claim.id),
        mail_answers::at.eq(at),
        mail_answers::attempt.eq(claim.attempts),
        mail_answers::outcome.eq(outcome),
        mail_answers::reply.eq(shortened(reply)),
    );
    diesel::insert_into(mail_answers::table).values(row).execute(db)?;
    Ok(true)
}

/// Withdraws a mail that nobody holds and no receiver can have, or that is parked; its key is free again. `false`: it is
/// on its way, or was sent, or may have been.
///
/// # Errors
/// As every write.
pub fn withdraw(db: &mut Db, key: &str) -> Result<bool, StoreError> {
    let waiting = outbox::table
        .filter(outbox::dedupe_key.eq(key))
        .filter(
            outbox::state
                .eq(MailState::Parked.code())
                .or(outbox::state.eq(MailState::Queued.code()).and(outbox::suspect.eq(false))),
        )
        .select(outbox::id);
    let found: Option<OutboxId> = match db {
        Db::Pg(db) => waiting.for_update().first(db).optional()?,
        Db::Lite(db) => waiting.first(db).optional()?,
    };
    let Some(id) = found else { return Ok(false) };
    diesel::update(outbox::table.filter(outbox::id.eq(id)))
        .set((
            outbox::state.eq(MailState::Cancelled.code()),
            outbox::dedupe_key.eq(format!("{key}/withdrawn/{}", id.0)),
        ))
        .execute(db)?;
    Ok(true)
}

/// Takes the bytes of up to `limit` mails that were sent, or queued and withdrawn, longer than `age` ago. The rest of the row
/// stays, with the SHA-256 of the bytes. Answers how many mails there were.
///
/// # Errors
/// As every write.
pub fn take_bytes(db: &mut Db, age: TimeDelta, limit: i64) -> Result<usize, StoreError> {
    let Some(before) = instant(db)?.0.checked_sub_signed(age) else { return Ok(0) };
    // Spelt out for the partial index. The states that are not meant: of those that are SQLite would read all.
    let settled_at = || sql::<TsT>("coalesce(sent_at, created_at)");
    let old: Vec<(OutboxId, Vec<u8>)> = outbox::table
        .filter(sql::<Bool>("state NOT IN ('queued', 'sending', 'parked') AND message_sha256 IS NULL"))
        .filter(settled_at().lt(Ts(before)))
        .order(settled_at())
        .limit(limit)
        .select((outbox::id, outbox::message))
        .load(db)?;
    for (id, message) in &old {
        // Another instance may have been faster: the digest of nothing must not take the place of that of the bytes.
        let row = outbox::table.filter(outbox::id.eq(id)).filter(outbox::message_sha256.is_null());
        let digest = hex::encode(digest(&SHA256, message).as_ref());
        diesel::update(row)
            .set((outbox::message.eq(Vec::<u8>::new()), outbox::message_sha256.eq(Some(digest))))
            .execute(db)?;
    }
    Ok(old.len())
}

/// Queues a parked mail again, the same bytes, whatever its window: a person wants it sent. `false`: it is not parked.
///
/// # Errors
/// As every write.
pub fn release(db: &mut Db, id: OutboxId) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let parked = outbox::table.filter(outbox::id.eq(id)).filter(outbox::state.eq(MailState::Parked.code()));
    let released = diesel::update(parked)
        .set((
            outbox::state.eq(MailState::Queued.code()),
            outbox::attempts.eq(0),
            outbox::next_attempt_at.eq(now),
            outbox::released_at.eq(Some(now)),
            outbox::not_after.eq(None::<Ts>),
        ))
        .execute(db)?;
    Ok(released == 1)
}
