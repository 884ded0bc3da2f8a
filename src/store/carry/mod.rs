//! The database as a whole: backed up, restored, and copied between SQLite and PostgreSQL.
//!
//! Nothing here needs an open [`super::Store`]: a backup is possible without the sealing key, and a restored or copied
//! database is only opened when it is complete. What comes out of [`restore`] or [`copy`] sends no mail before
//! `gongkai mail resume`: it may be a second copy of a database that is still at work.

mod archive;
mod backup;
mod catalog;
mod chains;
mod copy;
mod new_key;
mod place;
mod rekey;
mod restore;
mod rows;
mod sqlite;
mod target;
mod tools;
mod unchecked;

pub use backup::{Backup, backup, last_backup};
pub use chains::{Broken, Verified};
pub use copy::{Copied, copy};
pub use place::Kind;
pub use rekey::{Rekeyed, rekey};
pub use restore::{Restored, restore};

use std::path::Path;

use super::{Db, StoreError, now};
use crate::store::mail::outbox::{MailPause, pause};

/// What a backup holds, as read back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The kind of database it is a backup of.
    pub kind: Kind,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The versions of the applied migrations, oldest first.
    pub migrations: Vec<String>,
    /// Cases.
    pub cases: u64,
    /// Events in the logs of the cases.
    pub events: u64,
    /// The check value of the sealing key. `None` if the database has none yet.
    key_check: Option<String>,
}

/// The error for a file of another program.
fn not_a_backup(file: &Path) -> StoreError {
    StoreError::Refused(format!("{} 不是 gongkai 的备份（not_a_backup）", file.display()))
}

/// Pauses the mail of a database that was restored or copied.
fn pause_mail(db: &mut Db, reason: String) -> Result<(), StoreError> {
    pause(db, &MailPause { since: now(), reason })
}
