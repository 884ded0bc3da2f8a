//! Limits password guessing in three ways: by account and network, by account, and by network. From a network where the
//! user has signed in before, only the first limit applies: guesses from elsewhere do not lock out the account's owner,
//! and one guesser in an office does not lock out colleagues.
//!
//! An attempt is counted before its password is verified, so that concurrent attempts cannot exceed the limit.

use super::auth::digest;
use crate::case::AuditAction;
use crate::office::service::origin::Origin;
use crate::office::{OfficeError, People};
use crate::store::people::tokens::{self, CountedFailures, Lockout};
use crate::store::people::users::{self, UserRow};
use crate::store::{Db, Ts, UserId, evidence::audit, people::known_networks};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

/// A limit: the key under which attempts are counted, their maximum, and its name in the audit log.
struct ThrottleLimit {
    key: String,
    most: u32,
    name: &'static str,
}

/// An attempt whose password may be verified.
pub(in crate::office) struct Attempt {
    /// The account with that name, if there is one.
    pub user: Option<UserRow>,
    /// The limit of account and network.
    pair: ThrottleLimit,
    /// The limits that apply if the network is not known for the account.
    others: Vec<ThrottleLimit>,
}

/// Whether an attempt may continue.
pub(in crate::office) enum ThrottleDecision<T> {
    Open(T),
    Closed { retry_after_s: u64 },
}

impl<T> ThrottleDecision<T> {
    /// The attempt, or [`OfficeError::Throttled`] (429).
    pub fn open(self) -> Result<T, OfficeError> {
        match self {
            Self::Open(attempt) => Ok(attempt),
            Self::Closed { retry_after_s } => Err(OfficeError::Throttled { retry_after_s }),
        }
    }
}

impl People<'_> {
    /// Counts an attempt to sign in. Unknown names are counted like any other.
    pub(in crate::office) fn begin_sign_in(
        &self,
        db: &mut Db,
        username: &str,
        origin: &Origin,
    ) -> Result<ThrottleDecision<Attempt>, OfficeError> {
        let security = &self.settings().security;
        let user = users::find_by_username(db, username)?;
        let id = user.as_ref().map(|user| user.id);
        let network = origin.network();
        let pair = pair(username, &network, security.login_failures);
        let mut others = Vec::new();
        // Queried for an unknown name too, so that both cases take the same time.
        if !self.is_known_network(db, id.unwrap_or(UserId(Uuid::nil())), &network)? {
            others.push(account(username, security.login_failures_per_account));
            let (key, most) = (format!("address:{network}"), security.login_failures_per_address);
            others.push(ThrottleLimit { key, most, name: "address" });
        }
        let limits: Vec<&ThrottleLimit> = std::iter::once(&pair).chain(&others).collect();
        Ok(match self.count(db, &limits, id, origin)? {
            ThrottleDecision::Open(()) => ThrottleDecision::Open(Attempt { user, pair, others }),
            ThrottleDecision::Closed { retry_after_s } => ThrottleDecision::Closed { retry_after_s },
        })
    }

    /// Takes back the attempt after a correct password, and remembers the network for the user.
    pub(in crate::office) fn end_sign_in(
        &self,
        db: &mut Db,
        user: UserId,
        attempt: &Attempt,
        origin: &Origin,
    ) -> Result<(), OfficeError> {
        // Forgives the owner's own mistakes from here. Guesses from elsewhere still count.
        let ended = tokens::clear_attempts(db, &attempt.pair.key)?;
        self.record_ended(db, ended)?;
        for limit in &attempt.others {
            tokens::uncount_attempt(db, &limit.key)?;
        }
        let network = self.network_hash(user, &origin.network());
        Ok(known_networks::remember(db, user, &network, self.clock().now())?)
    }

    /// Counts an attempt to enter the current password when changing it.
    pub(in crate::office) fn begin_password_change(
        &self,
        db: &mut Db,
        user: UserId,
        origin: &Origin,
    ) -> Result<ThrottleDecision<()>, OfficeError> {
        self.count(db, &[&password(user, self.settings().security.login_failures)], Some(user), origin)
    }

    /// Takes back that attempt after a correct password.
    pub(in crate::office) fn end_password_change(&self, db: &mut Db, user: UserId) -> Result<(), OfficeError> {
        let ended = tokens::clear_attempts(db, &password(user, 0).key)?;
        self.record_ended(db, ended)
    }

    /// Unlocks an account. With an address, also makes that address known for it, from where its owner can sign in
    /// whatever is guessed elsewhere. For the operator on the command line.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if there is no user with this name.
    pub fn unlock(&self, username: &str, address: Option<std::net::IpAddr>) -> Result<(), OfficeError> {
        let username = super::auth::normal_name(username);
        self.store().write(|db| {
            let user = users::find_by_username(db, &username)?.ok_or(OfficeError::NotFound)?;
            let origin = Origin { address, request_id: None };
            let mut keys = vec![account(&username, 0).key, password(user.id, 0).key];
            if address.is_some() {
                keys.push(pair(&username, &origin.network(), 0).key);
                let network = self.network_hash(user.id, &origin.network());
                known_networks::remember(db, user.id, &network, self.clock().now())?;
            }
            for key in keys {
                let ended = tokens::clear_attempts(db, &key)?;
                self.record_ended(db, ended)?;
            }
            self.service().record(db, &origin, AuditAction::SignInUnlocked, None, Some(user.id), &json!({}))?;
            Ok(())
        })
    }

    /// Records the lock-outs whose window has ended, and deletes networks no longer known.
    pub(in crate::office) fn end_lockouts(&self, db: &mut Db) -> Result<(), OfficeError> {
        let security = &self.settings().security;
        let now = self.clock().now();
        let window = TimeDelta::seconds(i64::from(security.login_window_s));
        for lockout in tokens::take_ended_lockouts(db, Ts(now.0 - window))? {
            self.record_ended(db, Some(lockout))?;
        }
        Ok(known_networks::forget_before(db, self.known_since(now))?)
    }

    /// Counts an attempt under every key. If one key refuses it, takes it back from the others.
    fn count(
        &self,
        db: &mut Db,
        limits: &[&ThrottleLimit],
        subject: Option<UserId>,
        origin: &Origin,
    ) -> Result<ThrottleDecision<()>, OfficeError> {
        let window = TimeDelta::seconds(i64::from(self.settings().security.login_window_s));
        let now = self.clock().now();
        let mut counted = Vec::new();
        for limit in limits {
            let one = tokens::count_attempt(db, &limit.key, limit.most, Ts(now.0 - window), now)?;
            self.record_ended(db, one.ended)?;
            counted.push((limit, one));
        }
        if counted.iter().all(|(_, one)| one.is_open) {
            return Ok(ThrottleDecision::Open(()));
        }
        let mut until = now.0;
        for (limit, one) in counted {
            if one.is_open {
                tokens::uncount_attempt(db, &limit.key)?;
            } else {
                until = until.max(one.since.0 + window);
                self.record_lockout(db, limit, &one, one.since.0 + window, subject, origin)?;
            }
        }
        let left = u64::try_from((until - now.0).num_seconds()).unwrap_or(0);
        Ok(ThrottleDecision::Closed { retry_after_s: left.saturating_add(1) })
    }

    /// Writes one entry per key and window, however many attempts follow, so that a flood cannot fill the log.
    fn record_lockout(
        &self,
        db: &mut Db,
        limit: &ThrottleLimit,
        counted: &CountedFailures,
        until: DateTime<Utc>,
        subject: Option<UserId>,
        origin: &Origin,
    ) -> Result<(), OfficeError> {
        if counted.is_recorded {
            return Ok(());
        }
        // The lock-out of a network does not concern a single account.
        let subject = subject.filter(|_| limit.name != "address");
        let detail = json!({ "limit": limit.name, "after": limit.most, "until": Ts(until).to_string() });
        let entry = self.service().record(db, origin, AuditAction::SignInLocked, None, subject, &detail)?;
        Ok(tokens::note_lockout(db, &limit.key, entry)?)
    }

    /// Records the number of refused attempts, which is known only once the lock-out has ended.
    fn record_ended(&self, db: &mut Db, ended: Option<Lockout>) -> Result<(), OfficeError> {
        let Some(Lockout { audit_id, refused }) = ended else { return Ok(()) };
        let began = audit::find(db, audit_id)?;
        let origin = Origin { address: began.address.and_then(|text| text.parse().ok()), request_id: None };
        let detail = json!({ "locked": audit_id.0, "refused": refused });
        self.service().record(db, &origin, AuditAction::SignInLockEnded, None, began.subject_id, &detail)?;
        Ok(())
    }

    fn is_known_network(&self, db: &mut Db, user: UserId, network: &str) -> Result<bool, OfficeError> {
        let since = self.known_since(self.clock().now());
        Ok(known_networks::is_known(db, user, &self.network_hash(user, network), since)?)
    }

    fn known_since(&self, now: Ts) -> Ts {
        Ts(now.0 - TimeDelta::days(i64::from(self.settings().security.known_address_days)))
    }

    /// A keyed hash, so that the table does not reveal where people work.
    fn network_hash(&self, user: UserId, network: &str) -> String {
        self.store().sealer().blind_index("gongkai/known-network/1", &format!("{} {network}", user.0))
    }
}

/// The name is hashed, because people type passwords into the name field.
fn pair(username: &str, network: &str, most: u32) -> ThrottleLimit {
    ThrottleLimit {
        key: format!("user:{}", digest(&format!("{username}\n{network}"))),
        most,
        name: "account_and_address",
    }
}

fn account(username: &str, most: u32) -> ThrottleLimit {
    ThrottleLimit { key: format!("account:{}", digest(username)), most, name: "account" }
}

fn password(user: UserId, most: u32) -> ThrottleLimit {
    ThrottleLimit { key: format!("password:{}", user.0), most, name: "password_change" }
}
