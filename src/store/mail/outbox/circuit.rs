//! The circuit breaker of the mail relay, shared by all instances.
//!
//! While the circuit is open no mail is claimed. After its pause, one sender claims one mail as a probe. The relay's
//! reply to it closes the circuit or opens it again.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::pause::{self, MailPause};
use super::{instant, later, shortened};
use crate::store::database::schema::meta;
use crate::store::{Db, StoreError, Ts, service::meta as facts};

/// The key in `meta`.
const KEY: &str = "mail.relay_circuit";

/// An open circuit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// Since when the relay has been unusable.
    pub since: Ts,
    /// When the next probe may run.
    pub until: Ts,
    /// The relay's reply, or the error that prevented one.
    pub reason: String,
}

/// Whether mails may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// The circuit is closed.
    Free,
    /// The pause is over. One mail may be tried by the sender whose [`take_probe`] succeeds.
    Probe(Circuit),
    /// The circuit is open.
    Shut,
    /// All mail is paused.
    Paused(MailPause),
}

/// The open circuit. `None` if it is closed.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored record cannot be parsed.
pub fn relay_circuit(db: &mut Db) -> Result<Option<Circuit>, StoreError> {
    facts::get(db, KEY)?.map(|text| read(&text)).transpose()
}

fn read(text: &str) -> Result<Circuit, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(format!("meta '{KEY}'")))
}

/// Whether mails may be claimed.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored record cannot be parsed.
pub fn gate(db: &mut Db) -> Result<Gate, StoreError> {
    match obstacles(db)? {
        (Some(pause), _) => Ok(Gate::Paused(pause)),
        (None, None) => Ok(Gate::Free),
        (None, Some(circuit)) if circuit.until <= instant(db)? => Ok(Gate::Probe(circuit)),
        (None, Some(_)) => Ok(Gate::Shut),
    }
}

/// The pause of all mail and the open circuit, in one statement. `None` for what is not in the way.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored record cannot be parsed.
pub fn obstacles(db: &mut Db) -> Result<(Option<MailPause>, Option<Circuit>), StoreError> {
    let either = meta::table.filter(meta::key.eq_any([KEY, pause::KEY]));
    let records: Vec<(String, String)> = either.select((meta::key, meta::value)).load(db)?;
    let record = |key: &str| records.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str());
    Ok((record(pause::KEY).map(pause::read).transpose()?, record(KEY).map(read).transpose()?))
}

/// Reserves the probe for the caller and postpones the next one by `pause`. `false` if another sender reserved it
/// first.
pub fn take_probe(db: &mut Db, seen: &Circuit, pause: Duration) -> Result<bool, StoreError> {
    let until = later(instant(db)?, pause);
    let next = Circuit { until, ..seen.clone() };
    let unchanged = meta::table.filter(meta::key.eq(KEY)).filter(meta::value.eq(text(seen)?));
    Ok(diesel::update(unchanged).set(meta::value.eq(text(&next)?)).execute(db)? == 1)
}

/// Opens the circuit for `pause` because the relay was unusable. Keeps the start of an ongoing outage.
pub fn open(db: &mut Db, reason: &str, pause: Duration) -> Result<(), StoreError> {
    let now = instant(db)?;
    let since = relay_circuit(db)?.map_or(now, |known| known.since);
    let circuit = Circuit { since, until: later(now, pause), reason: shortened(reason) };
    facts::set(db, KEY, &text(&circuit)?)
}

/// Closes the circuit.
pub fn close(db: &mut Db) -> Result<(), StoreError> {
    diesel::delete(meta::table.filter(meta::key.eq(KEY))).execute(db)?;
    Ok(())
}

fn text(circuit: &Circuit) -> Result<String, StoreError> {
    serde_json::to_string(circuit).map_err(|cause| StoreError::Corrupt(cause.to_string()))
}
