//! Idempotency: creating requests that may be retried without creating twice.

use crate::office::{OfficeError, Service};
use crate::store::service::idempotency::{self, RequestKey, Seen};
use crate::store::{Db, StoreError, Ts, UserId, people::tokens};

/// Identifies a creating request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The caller.
    pub user_id: UserId,
    /// Method and path.
    pub route: String,
    /// The client's key.
    pub key: String,
    /// SHA-256 of the body: the same key with another body is a mistake, not a retry.
    pub fingerprint: String,
}

/// The answer to a creating request. It is stored, so it must not contain secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// ETag of the created thing, with quotes.
    pub etag: Option<String>,
    /// Address of the created thing.
    pub location: Option<String>,
    /// JSON.
    pub body: String,
}

impl Service<'_> {
    /// Deletes expired logins, old counters of failed logins, and answers past their retention.
    pub fn forget_expired(&self) -> Result<(), OfficeError> {
        let now = self.clock().now();
        let yesterday = Ts(now.0 - chrono::TimeDelta::days(1));
        self.store().write(|db| {
            self.people().end_lockouts(db)?;
            tokens::forget_before(db, yesterday)?;
            idempotency::purge(db, now)?;
            Ok(())
        })
    }

    /// Executes `work` once per key, in one transaction with storing its answer. If the key was used before, returns
    /// the stored answer and `true`. `admit` runs first in either case, because a caller who has lost the right to
    /// create the thing must not see it in a stored answer. Its result is passed to `work`.
    ///
    /// # Errors
    /// [`OfficeError::KeyReused`] if the key was used with another body; the errors of `admit` and `work`, in which
    /// case nothing is stored.
    pub fn once<T>(
        &self,
        once: &Once,
        admit: impl FnOnce(&mut Db) -> Result<T, OfficeError>,
        work: impl FnOnce(&mut Db, T) -> Result<Answer, OfficeError>,
    ) -> Result<(Answer, bool), OfficeError> {
        let now = self.clock().now();
        self.store().write(|db| {
            let admitted = admit(db)?;
            let request = RequestKey { user: once.user_id, route: &once.route, key: &once.key };
            // Keyed, so that a text that is erased later cannot be guessed back from it.
            let fingerprint = self.store().sealer().blind_index("idempotency", &once.fingerprint);
            match idempotency::begin(db, request, &fingerprint)? {
                Seen::Before(kept) => Ok((from_kept(kept)?, true)),
                // A release before kept the fingerprint without a key.
                Seen::WithOtherBody => match idempotency::begin(db, request, &once.fingerprint)? {
                    Seen::Before(kept) => Ok((from_kept(kept)?, true)),
                    Seen::WithOtherBody | Seen::Never => Err(OfficeError::KeyReused),
                },
                Seen::Never => {
                    let answer = work(db, admitted)?;
                    idempotency::store(db, request, &fingerprint, &to_kept(&answer), now)?;
                    Ok((answer, false))
                }
            }
        })
    }
}

fn to_kept(answer: &Answer) -> idempotency::Answer {
    idempotency::Answer {
        status: i32::from(answer.status),
        etag: answer.etag.clone(),
        location: answer.location.clone(),
        body: answer.body.clone(),
    }
}

fn from_kept(kept: idempotency::Answer) -> Result<Answer, StoreError> {
    let status = u16::try_from(kept.status).map_err(|_| StoreError::Corrupt("idempotency_keys.status".into()))?;
    Ok(Answer { status, etag: kept.etag, location: kept.location, body: kept.body })
}
