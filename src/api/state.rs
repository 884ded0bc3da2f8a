//! State shared by all handlers: the office, and limits on how much of its work runs at once.

use crate::api::http::problem::Problem;
use crate::api::service::lanes::{Lane, LanePlace};
use crate::office::{Office, OfficeError};
use crate::report::files::GivenUp;
use crate::store::UserId;
use actix_web::web;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Handle on the office behind the API. Clones share everything.
#[derive(Debug, Clone)]
pub struct Api {
    office: Office,
    /// Limits password hashing: each hash takes a core and 19 MiB, so logins must not starve other requests.
    hashing: Arc<Semaphore>,
    /// Limits expensive reads.
    heavy: Arc<Lane>,
    /// Limits the reading of uploaded files.
    files: Arc<Lane>,
}

/// How long a request with a file waits for a place.
const FILE_PATIENCE: Duration = Duration::from_secs(2);

/// A place to read an uploaded file. Dropping it frees the place.
#[derive(Debug)]
pub struct FileTurn {
    _place: LanePlace,
}

/// Sets the flag when dropped: when the request has ended, also if it was cancelled.
struct Waiting(GivenUp);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Api {
    /// Wraps an office.
    #[must_use]
    pub fn new(office: Office) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let database = &office.settings().database;
        let heavy = Lane::of(database.pool_size, Duration::from_millis(database.pool_timeout_ms));
        let files = Lane::of_files(FILE_PATIENCE);
        Self { office, hashing: Arc::new(Semaphore::new(cores)), heavy, files }
    }

    /// The office itself, for calls that do not block.
    #[must_use]
    pub fn office(&self) -> &Office {
        &self.office
    }

    /// Runs a use case on the blocking thread pool (diesel and Argon2 block).
    ///
    /// # Errors
    /// The error of the use case as a [`Problem`]; `busy` if the blocking task panicked or was cancelled.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Office) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let office = self.office.clone();
        let done = web::block(move || work(&office)).await;
        done.map_err(|_| Problem::busy())?.map_err(Problem::from)
    }

    /// Like [`Api::run`], for reads of many cases: few at once, one or two per person, and aborted after the request
    /// deadline.
    ///
    /// # Errors
    /// As [`Api::run`]; `busy` if no place in the lane came free in time; `deadline_exceeded`.
    pub async fn run_heavy<T: Send + 'static>(
        &self,
        person: UserId,
        work: impl FnOnce(&Office) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let until = Instant::now() + Duration::from_millis(self.office.settings().server.request_deadline_ms);
        let place = self.heavy.enter(person.0).await?;
        self.run(move |office| {
            let result = office.store().until(until, || work(office));
            drop(place);
            result
        })
        .await
    }

    /// Like [`Api::run`], for work that hashes passwords: at most one per core at once.
    ///
    /// # Errors
    /// As [`Api::run`].
    pub async fn run_hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Office) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| Problem::busy())?;
        // The permit moves into the work: a client that disconnects must not make room for another hash.
        self.run(move |office| {
            let result = work(office);
            drop(permit);
            result
        })
        .await
    }

    /// Waits for a place to read the file that this person's request carries.
    ///
    /// # Errors
    /// `busy` if no place came free in time, because other requests of this person or of others are reading files.
    pub async fn file_turn(&self, person: UserId) -> Result<FileTurn, Problem> {
        Ok(FileTurn { _place: self.files.enter(person.0).await? })
    }

    /// Like [`Api::run`], for work that reads a file. The `GivenUp` flag is set when the client disconnects or the
    /// deadline ends the request, so that the work can stop. The place is held until the work ends, not until the
    /// request does.
    ///
    /// # Errors
    /// As [`Api::run`].
    pub async fn run_file<T: Send + 'static>(
        &self,
        turn: FileTurn,
        work: impl FnOnce(&Office, GivenUp) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let waiting = Waiting(GivenUp::default());
        let given_up = Arc::clone(&waiting.0);
        let done = self.run(move |office| {
            let result = work(office, given_up);
            drop(turn);
            result
        });
        let result = done.await;
        drop(waiting);
        result
    }
}
