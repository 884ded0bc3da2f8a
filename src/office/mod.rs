//! The use cases: load, decide and commit in one transaction, authorisation, and the clock.

pub mod calendar;
pub mod cases;
pub mod clock;
mod error;
pub mod evidence;
mod handles;
pub mod intake;
pub mod ledger;
pub mod mail;
pub mod people;
pub mod reminders;
pub mod reports;
pub mod service;
pub mod supervision;
mod word;

pub use calendar::Calendars;
pub use clock::Clock;
pub use error::{FieldError, OfficeError, Unread};
pub use handles::{
    Cases, Evidence, Intake, Ledgers, OutgoingMail, People, Reminders, Reports, Service, Supervision, WorkCalendars,
};
pub use people::access::{Admission, Authority, Thing, authority_at};
pub use people::access_token::{Proof, Signer};
pub use people::auth::{SignIn, TokenPair};
pub use people::caller::Caller;
pub use people::passwords::Passwords;
pub use service::idempotency::{Answer, Once};
pub use service::origin::Origin;
pub use service::preflight::check_settings;
pub use service::readiness::{CalendarReach, MailPaused, Readiness, advice};
pub use word::Word;

use crate::config::Settings;
use crate::mail::render::Templates;
use crate::mail::samples;
use crate::store::{DatabaseOptions, Store, StoreError};
use std::sync::Arc;

/// Everything a use case needs. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Office {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    settings: Settings,
    passwords: Passwords,
    signer: Signer,
    calendars: Calendars,
    templates: Arc<Templates>,
}

impl Office {
    /// Opens the configured database. Runs no migrations.
    ///
    /// # Errors
    /// [`StoreError::Refused`] or [`StoreError::Unavailable`] as [`Store::open`], with a text for the operator.
    pub fn open(settings: Settings, clock: Clock) -> Result<Self, StoreError> {
        Self::open_with(settings, clock, false)
    }

    /// Like [`Office::open`], but does not create a missing database.
    ///
    /// # Errors
    /// As [`Office::open`]; [`StoreError::Refused`] also if there is no database, or one without tables.
    pub fn open_existing(settings: Settings, clock: Clock) -> Result<Self, StoreError> {
        Self::open_with(settings, clock, true)
    }

    fn open_with(settings: Settings, clock: Clock, must_exist: bool) -> Result<Self, StoreError> {
        let store = Store::open(&DatabaseOptions { must_exist, ..database_options(&settings) })?;
        Self::with_store(store, settings, clock).map_err(|error| StoreError::Refused(error.to_string()))
    }

    /// Creates an office on an open store.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if Argon2 rejects its parameters or a built-in mail template is broken.
    pub fn with_store(store: Store, settings: Settings, clock: Clock) -> Result<Self, OfficeError> {
        let passwords = Passwords::new(&settings.security)?;
        let signer = Signer::new(&settings.security, store.sealer());
        let calendars = Calendars::new(&settings.calendar.directory);
        let templates = Templates::load(&settings.reminders.templates, samples::of);
        let templates = Arc::new(templates.map_err(|error| OfficeError::Internal(error.to_string()))?);
        Ok(Self { inner: Arc::new(Inner { store, clock, settings, passwords, signer, calendars, templates }) })
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Hashes and verifies passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// The cache of calendars. Use [`WorkCalendars::calendar`] instead.
    fn calendar_cache(&self) -> &Calendars {
        &self.inner.calendars
    }

    /// The mail templates: built-in, or from the configured directory.
    fn templates(&self) -> &Arc<Templates> {
        &self.inner.templates
    }

    /// Issues and checks access tokens.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.inner.signer
    }
}

impl From<StoreError> for OfficeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Conflict => Self::Stale,
            StoreError::Dangling => {
                Self::Conflict { code: "conflict".into(), detail: "所引用的对象不存在".into() }
            }
            StoreError::Busy => Self::Busy,
            StoreError::OutOfTime => Self::OutOfTime,
            StoreError::Storage(fault, said) => {
                tracing::error!(code = fault.code(), said, "the storage of the database cannot be used");
                Self::Storage(fault)
            }
            StoreError::Unavailable(reason) => {
                tracing::warn!(reason, "the database is not available");
                Self::Busy
            }
            StoreError::Corrupt(reason) => Self::unreadable(reason),
            StoreError::Refused(reason) | StoreError::Database(reason) => Self::Internal(reason),
        }
    }
}

impl From<OfficeError> for StoreError {
    /// For the mail sender, which calls the office ([`crate::mail::smtp::Wait`]). Preserves the kind of error: a full
    /// pool stays `Busy`, and only damaged data becomes `Corrupt`.
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::NotFound => Self::NotFound,
            OfficeError::Stale => Self::Conflict,
            OfficeError::Busy => Self::Busy,
            OfficeError::OutOfTime => Self::OutOfTime,
            OfficeError::Storage(fault) => Self::Storage(fault, String::new()),
            OfficeError::Unreadable(why) => Self::Corrupt(why.to_string()),
            OfficeError::Internal(reason) => Self::Database(reason),
            other @ (OfficeError::Unauthenticated
            | OfficeError::WrongCredentials
            | OfficeError::Throttled { .. }
            | OfficeError::TooOften { .. }
            | OfficeError::RoleRequired { .. }
            | OfficeError::Conflict { .. }
            | OfficeError::Refused { .. }
            | OfficeError::Invalid(_)
            | OfficeError::KeyReused) => Self::Database(other.to_string()),
        }
    }
}

impl From<diesel::result::Error> for OfficeError {
    fn from(error: diesel::result::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// The database of the settings.
#[must_use]
pub fn database_options(settings: &Settings) -> DatabaseOptions {
    DatabaseOptions {
        url: settings.database.url.expose().to_owned(),
        pool_size: settings.database.pool_size,
        pool_timeout_ms: settings.database.pool_timeout_ms,
        sealing_key: Some(settings.security.sealing_key.expose().to_owned()).filter(|key| !key.is_empty()),
        ..DatabaseOptions::default()
    }
}

/// Fills `bytes` with random data from the operating system.
fn random(bytes: &mut [u8]) -> Result<(), OfficeError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| OfficeError::Internal("no randomness".into()))
}
