//! A relay that cannot be used is left alone: one record for all instances, one try at a time.
//!
//! While the circuit is open no mail is claimed. When its pause is over, one sender takes one mail as a probe; what the
//! relay says to it closes the circuit or opens it again.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{instant, later, shortened};
use crate::store::database::schema::meta;
use crate::store::{Db, StoreError, Ts, service::meta as facts};

/// The key in `meta`.
const KEY: &str = "mail.relay_circuit";

/// An open circuit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// Since when the relay cannot be used.
    pub since: Ts,
    /// When it is tried next.
    pub until: Ts,
    /// What it said, or what went wrong before it could.
    pub reason: String,
}

/// Whether mails may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// The relay is thought to work.
    Free,
    /// One mail may be tried, by whoever gets [`take_probe`].
    Probe(Circuit),
    /// Not now.
    Shut,
}

/// The open circuit, if there is one.
///
/// # Errors
/// As every read; [`StoreError::Corrupt`] when the record cannot be read.
pub fn relay_circuit(db: &mut Db) -> Result<Option<Circuit>, StoreError> {
    let Some(text) = facts::get(db, KEY)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|_| StoreError::Corrupt(format!("meta '{KEY}'")))
}

/// Whether mails may be claimed.
///
/// # Errors
/// As [`relay_circuit`].
pub fn gate(db: &mut Db) -> Result<Gate, StoreError> {
    let Some(circuit) = relay_circuit(db)? else { return Ok(Gate::Free) };
    Ok(if circuit.until <= instant(db)? { Gate::Probe(circuit) } else { Gate::Shut })
}

/// Makes the caller the one who tries: for `pause` nobody else may. `false`: another was faster.
///
/// # Errors
/// As every write.
pub fn take_probe(db: &mut Db, seen: &Circuit, pause: Duration) -> Result<bool, StoreError> {
    let until = later(instant(db)?, pause);
    let next = Circuit { until, ..seen.clone() };
    let unchanged = meta::table.filter(meta::key.eq(KEY)).filter(meta::value.eq(text(seen)?));
    Ok(diesel::update(unchanged).set(meta::value.eq(text(&next)?)).execute(db)? == 1)
}

/// The relay could not be used: nobody tries it for `pause`.
///
/// # Errors
/// As every write.
pub fn open(db: &mut Db, reason: &str, pause: Duration) -> Result<(), StoreError> {
    let now = instant(db)?;
    let since = relay_circuit(db)?.map_or(now, |known| known.since);
    let circuit = Circuit { since, until: later(now, pause), reason: shortened(reason) };
    facts::set(db, KEY, &text(&circuit)?)
}

/// The relay answered: it may be used again.
///
/// # Errors
/// As every write.
pub fn close(db: &mut Db) -> Result<(), StoreError> {
    diesel::delete(meta::table.filter(meta::key.eq(KEY))).execute(db)?;
    Ok(())
}

fn text(circuit: &Circuit) -> Result<String, StoreError> {
    serde_json::to_string(circuit).map_err(|cause| StoreError::Corrupt(cause.to_string()))
}
