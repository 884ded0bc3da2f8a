//! Outgoing mail. A mail is queued in the transaction that requires it and sent later by the instance that leases it.
//!
//! A lease ends by the database's clock and carries a fence (owner and attempt number), so a sender that lost its lease
//! can no longer change the row. A row taken over from a sender that did not report back is `suspect`: the recipient
//! may already have received a byte-identical copy.

mod circuit;
mod pause;
mod queries;

pub use circuit::{
    Circuit, Gate, close as close_circuit, gate, obstacles, open as open_circuit, relay_circuit, take_probe,
};
pub use pause::{MailPause, pause, paused, resume};
pub use queries::{
    MailAnswer, MailCounts, MailFilter, MailView, OutboxFigures, answers, counts, figures, find, list, settled,
};

use crate::store::database::verbatim::verbatim;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::store::database::db::on_each;
use crate::store::database::schema::{mail_answers, outbox, reminder_steps};
use crate::store::database::sqltypes::TsT;
use crate::store::{CaseId, Db, OrganId, OutboxId, StoreError, Ts, UserId};

/// The longest stored reply of a mail server, in characters.
const REPLY_MAX_CHARS: usize = 500;

/// Keys queried per statement.
const KEYS_A_STATEMENT: usize = 500;

/// The states that a mail never leaves. Only there its bytes may be deleted.
const SETTLED: [&str; 2] = [MailState::Sent.code(), MailState::Cancelled.code()];

/// The state of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Waits for its next attempt.
    Queued,
    /// Leased by a sender.
    Sending,
    /// Accepted by the mail server.
    Sent,
    /// Rejected permanently, or too old: needs a person's decision.
    Parked,
    /// Withdrawn before it was sent, because its content is out of date or covered by a later mail.
    Cancelled,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sending, Self::Sent, Self::Parked, Self::Cancelled];

    /// The code in the database.
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

    /// The label for display.
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

    /// The state with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    fn read(code: &str) -> Result<Self, StoreError> {
        Self::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("outbox.state '{code}'")))
    }
}

/// The result of a failed attempt that will be retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// The server rejected it temporarily.
    Later,
    /// The connection broke: the server may have accepted the mail.
    Broken,
    /// The relay was unusable.
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

/// A mail to queue. `message` is the complete mail with Message-ID and Date, so every attempt sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Unique among all mails. Guarantees that nothing is queued twice.
    pub dedupe_key: String,
    /// The organ it is about.
    pub organ_id: Option<OrganId>,
    /// The case it is about.
    pub case_id: Option<CaseId>,
    /// The person it goes to.
    pub recipient_id: Option<UserId>,
    /// The address it goes to.
    pub to_address: String,
    /// Its subject in clear text.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its bytes.
    pub message: Vec<u8>,
    /// Earliest instant of sending. `None` for at once.
    pub not_before: Option<Ts>,
    /// End of the sending window, ignored for mails the recipient may already have. `None` for no end.
    pub not_after: Option<Ts>,
}

/// A row leased by a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The row.
    pub id: OutboxId,
    /// The holder of the lease.
    pub owner: String,
    /// The number of this attempt. Together with `owner` it is the fence.
    pub attempts: i32,
    /// Whether an earlier sender may have delivered it.
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
    /// Its age by the database's clock, since it was queued or last released by a person.
    pub age: TimeDelta,
}

/// The current instant. On PostgreSQL by the server's clock, so that instances whose clocks differ agree on every
/// lease.
pub(in crate::store) fn instant(db: &mut Db) -> Result<Ts, StoreError> {
    match db {
        Db::Pg(db) => Ok(diesel::select(verbatim::<TsT>("clock_timestamp()")).get_result(db)?),
        Db::Lite(_) => Ok(crate::store::now()),
    }
}

pub(in crate::store) fn later(at: Ts, by: Duration) -> Ts {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    Ts(at.0.checked_add_signed(by).unwrap_or(at.0))
}

fn shortened(reply: &str) -> String {
    reply.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REPLY_MAX_CHARS).collect()
}

/// Queues a mail unless its key exists. Returns whether it was inserted.
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

/// The keys among these that are in the outbox, in any state.
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

/// Leases up to `limit` ready rows for the duration `lease`. Includes rows whose previous lease expired, and marks them
/// suspect. Concurrent senders get different rows. Must run in a write transaction.
pub fn claim(db: &mut Db, owner: &str, limit: i64, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
    // No reminder was ever written for an earlier day.
    claim_on(db, NaiveDate::default(), owner, limit, lease)
}

/// Like [`claim`], but skips reminders written for a day before `office_day`, because their text ("due today") is out
/// of date and the next pass withdraws them. Also skips mails whose window has closed. Never skips a mail that the
/// recipient may already have.
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
    // For a leased row `next_attempt_at` is the end of its lease, so one condition and one index cover both states. The
    // states are literals because SQLite uses a partial index only for the literal condition.
    let ready = outbox::table
        .filter(verbatim::<Bool>("state IN ('queued', 'sending')"))
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

/// The row of a claim, if the claim still holds it.
macro_rules! held {
    ($claim:expr) => {
        outbox::table
            .filter(outbox::id.eq($claim.id))
            .filter(outbox::state.eq(MailState::Sending.code()))
            .filter(outbox::lease_owner.eq(&$claim.owner))
            .filter(outbox::attempts.eq($claim.attempts))
    };
}

/// Extends the lease. `false` if it expired or was taken over: the caller must not send the mail.
pub fn renew(db: &mut Db, claim: &Claimed, lease: Duration) -> Result<bool, StoreError> {
    let now = instant(db)?;
    let until = later(now, lease);
    let renewed = diesel::update(held!(claim).filter(outbox::lease_until.gt(now)))
        .set((outbox::lease_until.eq(Some(until)), outbox::next_attempt_at.eq(until)))
        .execute(db)?;
    Ok(renewed == 1)
}

/// Records that the server accepted the mail. `false` if the claim was lost; the row is then unchanged.
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

/// Records a failed attempt and schedules the next one after `pause`. `false` if the claim was lost.
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

/// Returns an untried row to the queue. The attempt does not count. `false` if the claim was lost.
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

/// How long the address has been rejecting mail temporarily: the time since the first such reply after the last mail to
/// it that was accepted or parked. Counted over all mails to the address, because reminders are replaced daily and no
/// single one grows old.
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

/// Parks the mail until a person decides. `false` if the claim was lost.
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

/// Stores the result of an attempt if the claim was still held. Returns whether it was.
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

/// Withdraws a mail that is parked, or queued without suspicion of delivery, and frees its key. `false` if it is being
/// sent, was sent, or is queued and may have been delivered.
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

/// Deletes the bytes of up to `limit` mails that were sent, or queued and withdrawn, longer than `age` ago. The rest of
/// the row stays, with the SHA-256 of the bytes. Returns the number of those mails.
pub fn take_bytes(db: &mut Db, age: TimeDelta, limit: i64) -> Result<usize, StoreError> {
    let Some(before) = instant(db)?.0.checked_sub_signed(age) else { return Ok(0) };
    // The condition of the partial index. A state that this release does not know keeps its bytes all the same.
    let settled_at = || verbatim::<TsT>("coalesce(sent_at, created_at)");
    let old: Vec<(OutboxId, Vec<u8>)> = outbox::table
        .filter(verbatim::<Bool>("state NOT IN ('queued', 'sending', 'parked') AND message_sha256 IS NULL"))
        .filter(outbox::state.eq_any(SETTLED))
        .filter(verbatim::<Bool>("length(message) > 0"))
        .filter(settled_at().lt(Ts(before)))
        .order(settled_at())
        .limit(limit)
        .select((outbox::id, outbox::message))
        .load(db)?;
    for (id, message) in &old {
        // Another instance may have been faster: the digest of nothing must not take the place of that of the bytes.
        empty(db, *id, message)?;
    }
    Ok(old.len())
}

/// Puts the SHA-256 of a settled mail's bytes in their place, unless another instance did.
fn empty(db: &mut Db, id: OutboxId, message: &[u8]) -> Result<(), StoreError> {
    let row = outbox::table
        .filter(outbox::id.eq(id))
        .filter(outbox::state.eq_any(SETTLED))
        .filter(outbox::message_sha256.is_null());
    let digest = hex::encode(digest(&SHA256, message).as_ref());
    diesel::update(row)
        .set((outbox::message.eq(Vec::<u8>::new()), outbox::message_sha256.eq(Some(digest))))
        .execute(db)?;
    Ok(())
}

/// The mails about a case: those that name it, and those with one of these keys.
pub fn about(db: &mut Db, case: CaseId, keys: &BTreeSet<String>) -> Result<Vec<OutboxId>, StoreError> {
    let theirs = outbox::table.filter(outbox::case_id.eq(Some(case))).select(outbox::id);
    let mut found: BTreeSet<OutboxId> = theirs.load(db)?.into_iter().collect();
    for some in keys.iter().collect::<Vec<_>>().chunks(KEYS_A_STATEMENT) {
        let keyed = outbox::table.filter(outbox::dedupe_key.eq_any(some)).select(outbox::id);
        found.extend(keyed.load::<OutboxId>(db)?);
    }
    Ok(found.into_iter().collect())
}

/// The subjects of the mails about a case that are withdrawn with its duties: those with these keys that wait.
pub fn waiting_subjects(db: &mut Db, keys: &BTreeSet<String>) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for some in keys.iter().collect::<Vec<_>>().chunks(KEYS_A_STATEMENT) {
        let waiting = outbox::table
            .filter(outbox::dedupe_key.eq_any(some))
            .filter(outbox::state.eq_any([MailState::Queued.code(), MailState::Parked.code()]));
        found.extend(waiting.order(outbox::id).select(outbox::subject).load::<String>(db)?);
    }
    Ok(found)
}

/// Erases texts from these mails: `by` takes their place in the subjects, and of those that will not be sent any more
/// only the SHA-256 of the bytes stays. Returns the keys of the others, whose bytes may hold a text.
pub fn erase(db: &mut Db, mails: &[OutboxId], texts: &[String], by: &str) -> Result<Vec<String>, StoreError> {
    let mut left = Vec::new();
    for id in mails {
        let row = outbox::table.find(id);
        let (key, state, subject, message): (String, String, String, Vec<u8>) =
            row.select((outbox::dedupe_key, outbox::state, outbox::subject, outbox::message)).first(db)?;
        let erased = texts.iter().fold(subject.clone(), |subject, text| subject.replace(text.as_str(), by));
        if erased != subject {
            diesel::update(row).set(outbox::subject.eq(erased)).execute(db)?;
        }
        if !SETTLED.contains(&state.as_str()) {
            left.push(key);
        } else if !message.is_empty() {
            empty(db, *id, &message)?;
        }
    }
    Ok(left)
}

/// Queues a parked mail again with the same bytes and no window, because a person asked for it. `false` if it is not
/// parked.
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
