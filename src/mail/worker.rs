//! Takes mails out of the outbox and hands them to the relay.
//!
//! One step, [`deliver_once`], is all there is to know: claim, hold the lease, send, write down what the server said.
//! A mail is marked sent after the server accepted it, never before: a crash between the two sends the same bytes again
//! and the row says so (`suspect`); the other order would lose the mail.

use super::smtp::{Failure, Relay};
use crate::store::outbox::{self, Claimed};
use crate::store::{Store, StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails claimed at a time.
const BATCH: i64 = 5;
/// What a lease has beyond the longest delivery.
const LEASE_MARGIN: Duration = Duration::from_secs(60);
/// How often an empty outbox is looked at.
const IDLE: Duration = Duration::from_secs(2);
/// How long a relay that cannot be used is left alone, for every mail.
const RELAY_PAUSE: Duration = Duration::from_secs(60);
/// Minutes between attempts; the last one repeats.
const PAUSES_MIN: [u64; 5] = [1, 2, 5, 15, 30];
/// A mail the server keeps refusing for now (4xx) is given up after so many days (RFC 5321, 4.5.4.1).
const GIVE_UP_AFTER_DAYS: i64 = 5;

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Accepted by the server.
    pub sent: usize,
    /// Will be tried again.
    pub retried: usize,
    /// Given up: a person has to look.
    pub parked: usize,
    /// Not tried: the relay was found unusable first.
    pub handed_back: usize,
    /// The lease was lost to another sender.
    pub lost: usize,
    /// The relay cannot be used now.
    pub relay_down: bool,
}

impl Outcome {
    /// Rows that were taken.
    #[must_use]
    pub const fn claimed(&self) -> usize {
        self.sent + self.retried + self.parked + self.handed_back + self.lost
    }

    /// Adds another step's figures.
    pub const fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.retried += other.retried;
        self.parked += other.parked;
        self.handed_back += other.handed_back;
        self.lost += other.lost;
        self.relay_down |= other.relay_down;
    }
}

/// The pause after attempt number `attempts`: 1, 2, 5, 15, then 30 minutes, up to a fifth more or less, so that mails
/// that failed together do not come back together. The same row and attempt always give the same pause.
#[must_use]
pub fn pause(attempts: i32, row: uuid::Uuid) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(PAUSES_MIN.len() - 1);
    let minutes = PAUSES_MIN.get(index).copied().unwrap_or(30);
    // The tail of a version 7 identity is random.
    let [.., a, b] = row.into_bytes();
    let draw = u64::from(u16::from_be_bytes([a, b]).rotate_left(u32::try_from(index).unwrap_or(0)));
    let base_ms = minutes * 60_000;
    Duration::from_millis(base_ms * 4 / 5 + base_ms * 2 / 5 * draw / u64::from(u16::MAX))
}

/// Takes the mails whose time has come (a handful), sends them, records the answers.
///
/// # Errors
/// The database's. What was claimed and not recorded comes back when its lease ends.
pub async fn deliver_once(store: &Store, relay: &Relay, owner: &str) -> Result<Outcome, StoreError> {
    let lease = relay.patience() + LEASE_MARGIN;
    let name = owner.to_owned();
    let claims = write(store, move |db| outbox::claim(db, &name, BATCH, lease)).await?;
    let mut outcome = Outcome::default();
    let mut waiting = claims.into_iter();
    while let Some(claim) = waiting.next() {
        let held = claim.clone();
        if !write(store, move |db| outbox::renew(db, &held, lease)).await? {
            outcome.lost += 1;
            continue;
        }
        let answer = relay.send(&claim.to_address, &claim.message).await;
        let step = record(store, claim, answer).await?;
        outcome.add(step);
        if outcome.relay_down {
            break;
        }
        // The rest has waited; its lease must not run out behind a slow delivery.
        let rest: Vec<Claimed> = waiting.as_slice().to_vec();
        write(store, move |db| rest.iter().try_for_each(|claim| outbox::renew(db, claim, lease).map(|_| ()))).await?;
    }
    for claim in waiting {
        write(store, move |db| outbox::hand_back(db, &claim, RELAY_PAUSE)).await?;
        outcome.handed_back += 1;
    }
    Ok(outcome)
}

/// Writes down what came of one delivery.
async fn record(store: &Store, claim: Claimed, answer: Result<String, Failure>) -> Result<Outcome, StoreError> {
    let id = claim.id;
    let again = pause(claim.attempts, id.0);
    let is_old = claim.age.num_days() >= GIVE_UP_AFTER_DAYS;
    let (done, outcome) = match answer {
        Ok(reply) => {
            let done = write(store, move |db| outbox::mark_sent(db, &claim, &reply)).await?;
            (done, Outcome { sent: 1, ..Outcome::default() })
        }
        Err(Failure::Never(reply)) => {
            tracing::error!(mail = %id.0, "mail refused for good and parked");
            let done = write(store, move |db| outbox::park(db, &claim, &reply)).await?;
            (done, Outcome { parked: 1, ..Outcome::default() })
        }
        Err(Failure::Later(reply)) if is_old => {
            tracing::error!(mail = %id.0, days = GIVE_UP_AFTER_DAYS, "mail refused for days and parked");
            let done = write(store, move |db| outbox::park(db, &claim, &reply)).await?;
            (done, Outcome { parked: 1, ..Outcome::default() })
        }
        Err(Failure::Later(reply)) => {
            let done = write(store, move |db| outbox::retry(db, &claim, &reply, again, false)).await?;
            (done, Outcome { retried: 1, ..Outcome::default() })
        }
        Err(Failure::NoRelay(reply)) => {
            tracing::error!(reply, "the mail server cannot be used; mail stays queued");
            let done = write(store, move |db| outbox::retry(db, &claim, &reply, again, false)).await?;
            (done, Outcome { retried: 1, relay_down: true, ..Outcome::default() })
        }
        Err(Failure::Unknown(reply)) => {
            tracing::warn!(mail = %id.0, reply, "delivery broke off; the mail is sent again and marked suspect");
            let done = write(store, move |db| outbox::retry(db, &claim, &reply, again, true)).await?;
            (done, Outcome { retried: 1, ..Outcome::default() })
        }
    };
    if done {
        return Ok(outcome);
    }
    tracing::warn!(mail = %id.0, "the lease was lost before the answer could be recorded");
    Ok(Outcome { lost: 1, ..Outcome::default() })
}

/// Sends until nothing is ready or the relay cannot be used.
///
/// # Errors
/// As [`deliver_once`].
pub async fn deliver_ready(store: &Store, relay: &Relay, owner: &str) -> Result<Outcome, StoreError> {
    let mut total = Outcome::default();
    loop {
        let step = deliver_once(store, relay, owner).await?;
        total.add(step);
        if step.claimed() == 0 || step.relay_down {
            return Ok(total);
        }
    }
}

/// Sends until cancelled. A step that has begun is finished.
pub async fn run(store: Store, relay: Relay, owner: String, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let rest = match deliver_once(&store, &relay, &owner).await {
            Ok(step) if step.relay_down => RELAY_PAUSE,
            Ok(step) if step.claimed() > 0 => continue,
            Ok(_) => IDLE,
            Err(cause) => {
                tracing::error!(%cause, "the outbox cannot be read");
                RELAY_PAUSE
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
    relay.close().await;
}

/// Runs a write transaction where it may block.
async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut crate::store::Db) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    super::blocking(store, move |store| store.write(work)).await
}
