//! Takes mails out of the outbox and hands them to the relay.
//!
//! One step, [`deliver_once`], is all there is to know: claim, hold the lease, send, write down what the server said.
//! A mail is marked sent after the server accepted it, never before: a crash between the two sends the same bytes again
//! and the row says so (`suspect`); the other order would lose the mail.

use super::alarm;
use super::smtp::{Failure, Relay};
use crate::store::mail::outbox::{self, Claimed, Gate, Unsent};
use crate::store::{Db, Store, StoreError, reminders};
use chrono::{NaiveDate, TimeDelta};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails claimed at a time.
const BATCH: i64 = 5;
/// How often an empty outbox, or one whose relay cannot be used, is looked at.
const IDLE: Duration = Duration::from_secs(2);
/// How long a database that does not answer is left alone.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);
/// So many deliveries in a row that broke off mean that the relay is at fault and not the mails.
const BREAKS: usize = 3;
/// A mail the server keeps refusing for now (4xx) is given up after so many days (RFC 5321, 4.5.4.1); so is the mail in
/// hand of a mailbox that has refused everything for so long.
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
    /// The lease was lost to another sender, or the recipient has lost the organ and the mail was withdrawn.
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

/// The pause after attempt number `attempts`: the one of `retries` in that place or the last, up to a fifth more or
/// less, so that mails that failed together do not come back together. The same row and attempt always give the same
/// pause.
#[must_use]
pub fn pause(retries: &[Duration], attempts: i32, row: uuid::Uuid) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(retries.len().saturating_sub(1));
    let base = retries.get(index).copied().unwrap_or(IDLE);
    // The tail of a version 7 identity is random.
    let [.., a, b] = row.into_bytes();
    let draw = u32::from(u16::from_be_bytes([a, b]).rotate_left(u32::try_from(index).unwrap_or(0)));
    base * 4 / 5 + base * 2 / 5 * draw / u32::from(u16::MAX)
}

/// Mails in hand.
struct Batch {
    claims: Vec<Claimed>,
    /// The one mail by which a relay is tried that could not be used.
    is_probe: bool,
}

/// Takes the mails whose time has come (a handful), sends them, records the answers.
///
/// # Errors
/// The database's. What was claimed and not recorded comes back when its lease ends.
pub async fn deliver_once(store: &Store, relay: &Relay, owner: &str) -> Result<Outcome, StoreError> {
    let (lease, relay_pause, name) = (relay.pace().lease, relay.pace().relay_pause, owner.to_owned());
    let office_day = relay.today();
    let taken = write(store, move |db| take(db, office_day, &name, lease, relay_pause)).await?;
    let Some(Batch { claims, is_probe }) = taken else {
        return Ok(Outcome { relay_down: true, ..Outcome::default() });
    };
    let (mut outcome, mut breaks) = (Outcome::default(), 0);
    let mut waiting = claims.into_iter();
    while let Some(claim) = waiting.next() {
        relay.turn().await;
        let held = claim.clone();
        let is_ours = move |db: &mut Db| Ok(outbox::renew(db, &held, lease)? && reminders::may_still_go(db, &held)?);
        if !write(store, is_ours).await? {
            outcome.lost += 1;
            continue;
        }
        let answer = relay.send(&claim.to_address, &claim.message).await;
        breaks = if matches!(answer, Err(Failure::Unknown(_))) { breaks + 1 } else { 0 };
        let relay_news = match &answer {
            Err(Failure::NoRelay(reason)) => RelayNews::Down(reason.clone()),
            Err(Failure::Unknown(reason)) if breaks >= BREAKS => RelayNews::Down(reason.clone()),
            Err(Failure::Unknown(_)) => RelayNews::None,
            Ok(_) | Err(Failure::Later(_) | Failure::Never(_)) if is_probe => RelayNews::Works,
            Ok(_) | Err(Failure::Later(_) | Failure::Never(_)) => RelayNews::None,
        };
        outcome.add(record(store, relay, claim, answer, relay_news).await?);
        if outcome.relay_down {
            break;
        }
        // The rest has waited; its lease must not run out behind a slow delivery.
        let rest: Vec<Claimed> = waiting.as_slice().to_vec();
        write(store, move |db| rest.iter().try_for_each(|claim| outbox::renew(db, claim, lease).map(|_| ()))).await?;
    }
    for claim in waiting {
        write(store, move |db| outbox::hand_back(db, &claim)).await?;
        outcome.handed_back += 1;
    }
    Ok(outcome)
}

/// Claims what is ready; while the relay is left alone nothing, and when its pause is over one mail to try it by.
fn take(
    db: &mut Db,
    office_day: NaiveDate,
    owner: &str,
    lease: Duration,
    relay_pause: Duration,
) -> Result<Option<Batch>, StoreError> {
    let claim = |db: &mut Db, limit: i64| outbox::claim_on(db, office_day, owner, limit, lease);
    match outbox::gate(db)? {
        Gate::Free => Ok(Some(Batch { claims: claim(db, BATCH)?, is_probe: false })),
        Gate::Shut => Ok(None),
        Gate::Probe(circuit) => {
            let claims = claim(db, 1)?;
            if let Some(claim) = claims.first()
                && !outbox::take_probe(db, &circuit, relay_pause)?
            {
                outbox::hand_back(db, claim)?;
                return Ok(None);
            }
            Ok(Some(Batch { claims, is_probe: true }))
        }
    }
}

/// What a delivery says of the relay itself.
enum RelayNews {
    Down(String),
    Works,
    None,
}

/// Writes down what came of one delivery, and whoever has to know of it, in one transaction.
async fn record(
    store: &Store,
    relay: &Relay,
    claim: Claimed,
    answer: Result<String, Failure>,
    news: RelayNews,
) -> Result<Outcome, StoreError> {
    let (id, pace, relay) = (claim.id, relay.pace().clone(), relay.clone());
    let is_old = |waited: TimeDelta| waited.num_days() >= GIVE_UP_AFTER_DAYS;
    let relay_down = matches!(news, RelayNews::Down(_));
    let (done, step) = write(store, move |db| {
        match news {
            RelayNews::Down(reason) => {
                tracing::error!(reason, "the mail server cannot be used; mail stays queued");
                outbox::open_circuit(db, &reason, pace.relay_pause)?;
            }
            RelayNews::Works => {
                tracing::info!("the mail server can be used again");
                outbox::close_circuit(db)?;
            }
            RelayNews::None => {}
        }
        let retried = Outcome { retried: 1, ..Outcome::default() };
        let again = pause(&pace.retries, claim.attempts, id.0);
        match answer {
            Ok(reply) => Ok((outbox::mark_sent(db, &claim, &reply)?, Outcome { sent: 1, ..Outcome::default() })),
            Err(Failure::Never(reply)) => give_up(db, &relay, &claim, &reply),
            Err(Failure::Later(reply)) if is_old(claim.age) || is_old(outbox::refused_for(db, &claim.to_address)?) => {
                give_up(db, &relay, &claim, &reply)
            }
            Err(Failure::Later(reply)) => Ok((retry(db, &relay, &claim, &reply, again, Unsent::Later)?, retried)),
            Err(Failure::NoRelay(reply)) => Ok((retry(db, &relay, &claim, &reply, again, Unsent::NoRelay)?, retried)),
            Err(Failure::Unknown(reply)) => {
                tracing::warn!(mail = %id.0, reply, "delivery broke off; the mail is sent again and marked suspect");
                Ok((outbox::retry(db, &claim, &reply, again, Unsent::Broken)?, retried))
            }
        }
    })
    .await?;
    if done {
        return Ok(Outcome { relay_down, ..step });
    }
    tracing::warn!(mail = %id.0, "the lease was lost before the answer could be recorded");
    Ok(Outcome { lost: 1, relay_down, ..Outcome::default() })
}

/// Queues the mail again after the pause, and out of hours for the next opening. What a receiver may already hold is not
/// held back: its copy must come while the receiver's server still knows the first.
fn retry(
    db: &mut Db,
    relay: &Relay,
    claim: &Claimed,
    reply: &str,
    again: Duration,
    what: Unsent,
) -> Result<bool, StoreError> {
    let again = if claim.suspect { again } else { relay.wait(db, claim.organ_id, again) };
    outbox::retry(db, claim, reply, again, what)
}

/// Parks the mail and tells those who can do something about it.
fn give_up(db: &mut Db, relay: &Relay, claim: &Claimed, reply: &str) -> Result<(bool, Outcome), StoreError> {
    let done = outbox::park(db, claim, reply)?;
    if done {
        tracing::error!(mail = %claim.id.0, "mail refused for good, or for days, and parked");
        alarm::parked(db, relay, claim, reply)?;
    }
    Ok((done, Outcome { parked: 1, ..Outcome::default() }))
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
            Ok(step) if step.claimed() > 0 => continue,
            Ok(_) => IDLE,
            Err(cause) => {
                tracing::error!(%cause, "the outbox cannot be read");
                DATABASE_PAUSE
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
    work: impl FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    super::blocking(store, move |store| store.write(work)).await
}
