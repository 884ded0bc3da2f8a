//! Creating requests that may be retried without creating twice.

use crate::office::{OfficeError, Service};
use crate::store::service::idempotency::{self, RequestKey, Seen};
use crate::store::{Db, StoreError, Ts, UserId, people::tokens};

/// Names one creating request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Who asks.
    pub user_id: UserId,
    /// Method and path.
    pub route: String,
    /// The client's key.
    pub key: String,
    /// SHA-256 of the body: the same key with another body is a mistake, not a retry.
    pub fingerprint: String,
}

/// What a creating request was answered with. It is kept, so it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// ETag of what was made, with its quotes.
    pub etag: Option<String>,
    /// Its address.
    pub location: Option<String>,
    /// JSON.
    pub body: String,
}

impl Service<'_> {
    /// Forgets expired logins, counts of failed ones, and answers kept long enough.
    ///
    /// # Errors
    /// What every write may meet.
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

    /// Does `work` once: in one transaction it is done and its answer kept, or an earlier answer is given again (then
    /// the second member is true). Either way the caller must pass `admit` first: a kept answer shows a thing, and a
    /// caller who has lost the right to make it must not see it again. What `admit` found is for `work`.
    ///
    /// # Errors
    /// [`OfficeError::KeyReused`] when the key came with another body before; what `admit` and `work` return, nothing kept
    /// then.
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
            match idempotency::begin(db, request, &once.fingerprint)? {
                Seen::Before(kept) => Ok((from_kept(kept)?, true)),
                Seen::WithOtherBody => Err(OfficeError::KeyReused),
                Seen::Never => {
                    let answer = work(db, admitted)?;
                    idempotency::store(db, request, &once.fingerprint, &to_kept(&answer), now)?;
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
