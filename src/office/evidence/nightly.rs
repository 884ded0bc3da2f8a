//! Every night the whole database is checked, and the anchor of the day is made.

use super::finding::Finding;
use crate::office::{Evidence, OfficeError};
use crate::store::Db;
use crate::store::service::meta;
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The key in `meta` for the result of the last check.
const LAST: &str = "evidence.verified";
/// The key in `meta` for the lease of the check.
const LEASE: &str = "evidence.verified.lease";
/// The term of the lease. A check that takes longer may be done twice, which changes nothing.
const TERM: Duration = Duration::from_secs(3600);
/// The hour from which the check may run, by the office's clock: after the check of the dates.
const HOUR: u32 = 3;
/// Findings written to the log of the service, of a night.
const MOST_LOGGED: usize = 50;

/// What the last check of the whole database found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerification {
    /// The day, in Asia/Shanghai.
    pub checked_on: NaiveDate,
    /// When it ended.
    pub checked_at: DateTime<Utc>,
    /// The number of cases.
    pub cases: u64,
    /// The number of findings.
    pub findings: u64,
}

impl Evidence<'_> {
    /// The check of the night and the anchor, once a day from three o'clock by the office's clock. Only the instance that
    /// gets the lease does it. Returns what was found, `None` if nothing was due.
    ///
    /// # Errors
    /// As [`Evidence::verify`] and [`Evidence::anchor`]. The next try of the check follows when the lease expires, that of
    /// the anchor at the next call.
    pub fn nightly(&self) -> Result<Option<LastVerification>, OfficeError> {
        let at = self.clock().office_time();
        if at.hour() < HOUR {
            return Ok(None);
        }
        if self.last_verification()?.is_some_and(|last| last.checked_on >= at.date()) {
            // The anchor may have failed after the check. A line that only the file lacks waits for the next day.
            if !self.is_anchored()? {
                self.anchor()?;
            }
            return Ok(None);
        }
        let owner = Uuid::new_v4().to_string();
        if !self.store().write(|db| meta::take_lease(db, LEASE, &owner, TERM))? {
            return Ok(None);
        }
        let done = self.verify_and_log()?;
        let text = serde_json::to_string(&done).map_err(|error| OfficeError::Internal(error.to_string()))?;
        // First, so that the mail of the anchor says what was found.
        self.store().write(|db| meta::set(db, LAST, &text))?;
        let anchored = self.anchor();
        self.store().write(|db| meta::end_lease(db, LEASE, &owner))?;
        anchored?;
        Ok(Some(done))
    }

    /// The result of the last check, `None` if there was none or it cannot be read.
    ///
    /// # Errors
    /// An error of the database.
    pub fn last_verification(&self) -> Result<Option<LastVerification>, OfficeError> {
        self.store().read_reserved(last_verification)
    }

    fn verify_and_log(&self) -> Result<LastVerification, OfficeError> {
        let mut logged = 0;
        let mut log = |finding: Finding| {
            if logged < MOST_LOGGED {
                logged += 1;
                let Finding { kind, table, id, number, seq, what, .. } = finding;
                tracing::error!(kind = kind.code(), table, ?id, ?number, ?seq, ?what, "the stored data were changed");
            }
        };
        let done = self.verify(None, self.expected_anchors().as_deref(), &mut log)?;
        Ok(LastVerification {
            checked_on: self.clock().today(),
            checked_at: self.clock().now().0,
            cases: done.cases,
            findings: done.findings,
        })
    }
}

/// Like [`Evidence::last_verification`], in the transaction of the caller.
pub(in crate::office) fn last_verification(db: &mut Db) -> Result<Option<LastVerification>, OfficeError> {
    Ok(meta::get(db, LAST)?.and_then(|text| serde_json::from_str(&text).ok()))
}
