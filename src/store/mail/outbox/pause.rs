//! The pause of all mail: a restored or copied database sends nothing until somebody has decided that it may. Shared by
//! all instances.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::store::database::schema::meta;
use crate::store::{Db, StoreError, Ts, service::meta as facts};

/// The key in `meta`.
pub(super) const KEY: &str = "mail.paused";

/// A pause of all mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPause {
    /// Since when nothing is sent.
    pub since: Ts,
    /// Why, for the operator.
    pub reason: String,
}

/// The pause in force. `None` if mail is sent.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored record cannot be parsed.
pub fn paused(db: &mut Db) -> Result<Option<MailPause>, StoreError> {
    facts::get(db, KEY)?.map(|text| read(&text)).transpose()
}

/// Parses a stored pause.
pub(super) fn read(text: &str) -> Result<MailPause, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(format!("meta '{KEY}'")))
}

/// Pauses all mail. Replaces an earlier pause.
pub fn pause(db: &mut Db, pause: &MailPause) -> Result<(), StoreError> {
    let text = serde_json::to_string(pause).map_err(|cause| StoreError::Corrupt(cause.to_string()))?;
    facts::set(db, KEY, &text)
}

/// Ends the pause and returns it. `None` if there was none.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored record cannot be parsed.
pub fn resume(db: &mut Db) -> Result<Option<MailPause>, StoreError> {
    let Some(pause) = paused(db)? else { return Ok(None) };
    diesel::delete(meta::table.filter(meta::key.eq(KEY))).execute(db)?;
    Ok(Some(pause))
}
