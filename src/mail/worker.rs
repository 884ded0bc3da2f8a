//! Takes mails from the outbox and hands them to the relay.
//!
//! [`deliver_once`] is the whole procedure: claim, renew the lease, send, record the answer of the server. A mail is
//! marked sent only after the server accepted it. After a crash in between, the same bytes are sent again and the row
//! is marked `suspect`. The other order would lose the mail.

use super::alarm;
use super::smtp::{Failure, Relay};
use crate::store::mail::outbox::{self, Claimed, Gate, Unsent};
use crate::store::{Db, Store, StoreError, reminders};
use chrono::{NaiveDate, TimeDelta};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails claimed at once.
const BATCH: i64 = 5;
/// Pause while the outbox is empty or the relay cannot be used.
const IDLE: Duration = Duration::from_secs(2);
/// Pause after a database error.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);
/// After this many broken deliveries in a row, the relay is considered at fault, not the mails.
const BREAKS: usize = 3;
/// Days after which a mail is parked that the server keeps refusing temporarily (4xx; RFC 5321, 4.5.4.1). Also parks
/// the claimed mail of a mailbox that has refused everything for so long.
const GIVE_UP_AFTER_DAYS: i64 = 5;

/// Result of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendOutcome {
    /// Accepted by the server.
    pub sent: usize,
    /// To be tried again.
    pub retried: usize,
    /// Given up: needs a person.
    pub parked: usize,
    /// Not tried, because the relay became unusable first.
    pub handed_back: usize,
    /// The lease was lost to another sender, or the recipient lost access to the organ and the mail was withdrawn.
    pub lost: usize,
    /// The relay cannot be used now.
    pub relay_down: bool,
}

impl SendOutcome {
    /// Number of mails claimed.
    #[must_use]
    pub const fn claimed(&self) -> usize {
        self.sent + self.retried + self.parked + self.handed_back + self.lost
    }

    /// Adds the figures of another step.
    pub const fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.retried += other.retried;
        self.parked += other.parked;
        self.handed_back += other.handed_back;
        self.lost += other.lost;
        self.relay_down |= other.relay_down;
    }
}

/// The pause after attempt number `attempts`: the matching entry of `retries`, or the last one. It varies by up to a
/// fifth, so that mails that failed together are not retried together. The same row and attempt always give the same
/// pause.
#[must_use]
pub fn pause(retries: &[Duration], attempts: i32, row: uuid::Uuid) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(retries.len().saturating_sub(1));
    let base = retries.get(index).copied().unwrap_or(IDLE);
    // The last bytes of a version 7 UUID are random.
    let [.., a, b] = row.into_bytes();
    let draw = u32::from(u16::from_be_bytes([a, b]).rotate_left(u32::try_from(index).unwrap_or(0)));
    base * 4 / 5 + base * 2 / 5 * draw / u32::from(u16::MAX)
}

/// Claimed mails.
struct Batch {
    claims: Vec<Claimed>,
    /// Whether this is the single mail that probes a relay that could not be used.
    is_probe: bool,
}

/// What may be sent now.
enum Taken {
    Mails(Batch),
    RelayDown,
    /// All mail is paused.
    Paused,
}

/// Claims a few ready mails, sends them, and records the answers. Claims none while all mail is paused.
///
/// # Errors
/// [`StoreError`] of the database. A mail that was claimed and not recorded is claimed again when its lease ends.
pub async fn deliver_once(store: &Store, relay: &Relay, owner: &str) -> Result<SendOutcome, StoreError> {
    let (lease, relay_pause, name) = (relay.pace().lease, relay.pace().relay_pause, owner.to_owned());
    let office_day = relay.today();
    let taken = write(store, move |db| take(db, office_day, &name, lease, relay_pause)).await?;
    let Batch { claims, is_probe } = match taken {
        Taken::Mails(batch) => batch,
        Taken::RelayDown => return Ok(SendOutcome { relay_down: true, ..SendOutcome::default() }),
        Taken::Paused => return Ok(SendOutcome::default()),
    };
    let (mut outcome, mut breaks) = (SendOutcome::default(), 0);
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
        // Renew the leases of the remaining mails, so that they do not expire behind a slow delivery.
        let rest: Vec<Claimed> = waiting.as_slice().to_vec();
        write(store, move |db| rest.iter().try_for_each(|claim| outbox::renew(db, claim, lease).map(|_| ()))).await?;
    }
    for claim in waiting {
        write(store, move |db| outbox::hand_back(db, &claim)).await?;
        outcome.handed_back += 1;
    }
    Ok(outcome)
}

/// Claims ready mails: none while mail is paused or the circuit is open, one as a probe when it is half-open.
fn take(
    db: &mut Db,
    office_day: NaiveDate,
    owner: &str,
    lease: Duration,
    relay_pause: Duration,
) -> Result<Taken, StoreError> {
    let claim = |db: &mut Db, limit: i64| outbox::claim_on(db, office_day, owner, limit, lease);
    match outbox::gate(db)? {
        Gate::Free => Ok(Taken::Mails(Batch { claims: claim(db, BATCH)?, is_probe: false })),
        Gate::Shut => Ok(Taken::RelayDown),
        Gate::Paused(_) => Ok(Taken::Paused),
        Gate::Probe(circuit) => {
            let claims = claim(db, 1)?;
            if let Some(claim) = claims.first()
                && !outbox::take_probe(db, &circuit, relay_pause)?
            {
                outbox::hand_back(db, claim)?;
                return Ok(Taken::RelayDown);
            }
            Ok(Taken::Mails(Batch { claims, is_probe: true }))
        }
    }
}

/// What a delivery shows about the relay.
enum RelayNews {
    Down(String),
    Works,
    None,
}

/// Records the result of one delivery, and queues the warnings it causes, in one transaction.
async fn record(
    store: &Store,
    relay: &Relay,
    claim: Claimed,
    answer: Result<String, Failure>,
    news: RelayNews,
) -> Result<SendOutcome, StoreError> {
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
        let retried = SendOutcome { retried: 1, ..SendOutcome::default() };
        let again = pause(&pace.retries, claim.attempts, id.0);
        match answer {
            Ok(reply) => {
                Ok((outbox::mark_sent(db, &claim, &reply)?, SendOutcome { sent: 1, ..SendOutcome::default() }))
            }
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
        return Ok(SendOutcome { relay_down, ..step });
    }
    tracing::warn!(mail = %id.0, "the lease was lost before the answer could be recorded");
    Ok(SendOutcome { lost: 1, relay_down, ..SendOutcome::default() })
}

/// Queues the mail again after the pause, and out of hours for the next opening. A mail that the receiver may already
/// hold is not delayed: its copy must arrive while the receiver's server still remembers the first one.
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

/// Parks the mail and notifies the administrators.
fn give_up(db: &mut Db, relay: &Relay, claim: &Claimed, reply: &str) -> Result<(bool, SendOutcome), StoreError> {
    let done = outbox::park(db, claim, reply)?;
    if done {
        tracing::error!(mail = %claim.id.0, "mail refused for good, or for days, and parked");
        alarm::parked(db, relay, claim, reply)?;
    }
    Ok((done, SendOutcome { parked: 1, ..SendOutcome::default() }))
}

/// Sends until no mail is ready or the relay cannot be used.
///
/// # Errors
/// As [`deliver_once`].
pub async fn deliver_ready(store: &Store, relay: &Relay, owner: &str) -> Result<SendOutcome, StoreError> {
    let mut total = SendOutcome::default();
    loop {
        let step = deliver_once(store, relay, owner).await?;
        total.add(step);
        if step.claimed() == 0 || step.relay_down {
            return Ok(total);
        }
    }
}

/// Sends until cancelled. A step in progress is finished.
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

/// Runs a write transaction on the blocking thread pool.
async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    super::blocking(store, move |store| store.write(work)).await
}
