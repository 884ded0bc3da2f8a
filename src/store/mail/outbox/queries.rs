//! The outbox as shown to users and to metrics.

use crate::store::database::verbatim::verbatim;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{MailState, instant};
use crate::store::database::schema::{mail_answers, outbox};
use crate::store::service::tallies;
use crate::store::{CaseId, Db, OrganId, OutboxId, StoreError, Ts, UserId};

/// The most attempts shown for one mail.
const ANSWERS_MAX: i64 = 100;

/// A mail as shown to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailView {
    /// The row.
    pub id: OutboxId,
    /// Its key.
    pub dedupe_key: String,
    /// The organ it is about.
    pub organ_id: Option<OrganId>,
    /// The case it is about.
    pub case_id: Option<CaseId>,
    /// The person it goes to.
    pub recipient_id: Option<UserId>,
    /// The address it goes to.
    pub to_address: String,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its state.
    pub state: MailState,
    /// Attempts so far, since it was queued or last released.
    pub attempts: i32,
    /// Whether the recipient may receive two copies.
    pub suspect: bool,
    /// When the next attempt is due.
    pub next_attempt_at: Ts,
    /// The server's last reply.
    pub last_reply: Option<String>,
    /// When it was queued.
    pub created_at: Ts,
    /// When the server accepted it.
    pub sent_at: Option<Ts>,
    /// When a person last released it.
    pub released_at: Option<Ts>,
}

/// Filter for mails. A `None` field does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// Mails about these organs. Excludes mails about no single organ, unless `with_general`.
    pub organs: Option<Vec<OrganId>>,
    /// Includes mails about no single organ.
    pub with_general: bool,
    /// In this state.
    pub state: Option<MailState>,
    /// To this person.
    pub recipient: Option<UserId>,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct MailAnswer {
    /// When it was recorded.
    pub at: Ts,
    /// The number of the attempt.
    pub attempt: i32,
    /// `sent`, `retry`, `broken`, `no_relay` or `parked`.
    pub outcome: String,
    /// The server's reply, or the error that prevented one.
    pub reply: String,
}

/// The number of mails in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// Waiting.
    pub queued: i64,
    /// Leased.
    pub sending: i64,
    /// Accepted.
    pub sent: i64,
    /// Parked until a person decides.
    pub parked: i64,
    /// Withdrawn before they were sent.
    pub cancelled: i64,
}

/// Figures of the mails not yet sent, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxFigures {
    /// Waiting.
    pub queued: i64,
    /// Leased.
    pub sending: i64,
    /// Parked until a person decides.
    pub parked: i64,
    /// Age of the oldest mail that may be sent already. Zero while no mail waits.
    pub oldest: Duration,
    /// Unsent mails that the recipient may already have.
    pub suspect: i64,
}

macro_rules! columns {
    () => {
        (
            (outbox::id, outbox::dedupe_key, outbox::organ_id, outbox::case_id, outbox::recipient_id),
            (outbox::to_address, outbox::subject, outbox::message_id, outbox::state, outbox::attempts, outbox::suspect),
            (outbox::next_attempt_at, outbox::last_reply, outbox::created_at, outbox::sent_at, outbox::released_at),
        )
    };
}

type Row = (
    (OutboxId, String, Option<OrganId>, Option<CaseId>, Option<UserId>),
    (String, String, String, String, i32, bool),
    (Ts, Option<String>, Ts, Option<Ts>, Option<Ts>),
);

fn shown((of, what, when): Row) -> Result<MailView, StoreError> {
    let (id, dedupe_key, organ_id, case_id, recipient_id) = of;
    let (to_address, subject, message_id, state, attempts, suspect) = what;
    let (next_attempt_at, last_reply, created_at, sent_at, released_at) = when;
    let state = MailState::read(&state)?;
    Ok(MailView {
        id,
        dedupe_key,
        organ_id,
        case_id,
        recipient_id,
        to_address,
        subject,
        message_id,
        state,
        attempts,
        suspect,
        next_attempt_at,
        last_reply,
        created_at,
        sent_at,
        released_at,
    })
}

/// Mails older than `before`, newest first.
pub fn list(
    db: &mut Db,
    filter: &MailFilter,
    before: Option<OutboxId>,
    limit: i64,
) -> Result<Vec<MailView>, StoreError> {
    let mut query = outbox::table.select(columns!()).into_boxed();
    if let Some(organs) = &filter.organs {
        let theirs = outbox::organ_id.eq_any(organs.iter().copied().map(Some).collect::<Vec<_>>());
        query = if filter.with_general {
            query.filter(theirs.or(outbox::organ_id.is_null()))
        } else {
            query.filter(theirs)
        };
    }
    if let Some(state) = filter.state {
        query = query.filter(outbox::state.eq(state.code()));
    }
    if let Some(recipient) = filter.recipient {
        query = query.filter(outbox::recipient_id.eq(Some(recipient)));
    }
    if let Some(before) = before {
        query = query.filter(outbox::id.lt(before));
    }
    let rows: Vec<Row> = query.order(outbox::id.desc()).limit(limit).load(db)?;
    rows.into_iter().map(shown).collect()
}

/// Loads a mail by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the mail does not exist; [`StoreError::Corrupt`] if its state is unknown.
pub fn find(db: &mut Db, id: OutboxId) -> Result<MailView, StoreError> {
    shown(outbox::table.filter(outbox::id.eq(id)).select(columns!()).first(db)?)
}

/// The results of its attempts, latest first. An attempt without one ended with its sender.
pub fn answers(db: &mut Db, id: OutboxId) -> Result<Vec<MailAnswer>, StoreError> {
    Ok(mail_answers::table
        .filter(mail_answers::mail_id.eq(id))
        .order(mail_answers::at.desc())
        .limit(ANSWERS_MAX)
        .select((mail_answers::at, mail_answers::attempt, mail_answers::outcome, mail_answers::reply))
        .load(db)?)
}

/// The number of mails in each state.
pub fn counts(db: &mut Db) -> Result<MailCounts, StoreError> {
    let all = outbox::table.group_by(outbox::state).select((outbox::state, diesel::dsl::count_star()));
    counted(all.load(db)?)
}

/// The number of sent and cancelled mails. These counts only ever grow, and are kept as [`tallies`].
pub fn settled(db: &mut Db) -> Result<MailCounts, StoreError> {
    let sent = tallies::total(db, tallies::MAIL_SENT)?;
    let cancelled = tallies::total(db, tallies::MAIL_CANCELLED)?;
    Ok(MailCounts { sent, cancelled, ..MailCounts::default() })
}

fn counted(rows: Vec<(String, i64)>) -> Result<MailCounts, StoreError> {
    let mut counts = MailCounts::default();
    for (state, n) in rows {
        match MailState::read(&state)? {
            MailState::Queued => counts.queued = n,
            MailState::Sending => counts.sending = n,
            MailState::Sent => counts.sent = n,
            MailState::Parked => counts.parked = n,
            MailState::Cancelled => counts.cancelled = n,
        }
    }
    Ok(counts)
}

/// The figures for metrics. `oldest` ignores mails that may not be sent yet.
pub fn figures(db: &mut Db) -> Result<OutboxFigures, StoreError> {
    let now = instant(db)?;
    let unsent = || outbox::table.filter(verbatim::<Bool>("state IN ('queued', 'sending')"));
    let due = outbox::attempts.gt(0).or(outbox::next_attempt_at.le(now));
    let times: Option<(Ts, Option<Ts>)> = unsent()
        .filter(due)
        .order(verbatim::<super::TsT>("coalesce(released_at, created_at)"))
        .select((outbox::created_at, outbox::released_at))
        .first(db)
        .optional()?;
    let oldest = times.map(|(created_at, released_at)| now.0 - released_at.unwrap_or(created_at).0);
    let suspect = unsent().filter(outbox::suspect.eq(true)).count().get_result(db)?;
    let waiting = outbox::table.filter(verbatim::<Bool>("state IN ('queued', 'sending', 'parked')"));
    let MailCounts { queued, sending, parked, .. } =
        counted(waiting.group_by(outbox::state).select((outbox::state, diesel::dsl::count_star())).load(db)?)?;
    let oldest = oldest.and_then(|age| age.to_std().ok()).unwrap_or_default();
    Ok(OutboxFigures { queued, sending, parked, oldest, suspect })
}
