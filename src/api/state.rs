//! What every handler reaches: the office, on a thread where blocking is allowed.

use crate::api::http::problem::Problem;
use crate::api::service::lanes::{Lane, Place};
use crate::office::{Office, OfficeError};
use crate::report::files::GivenUp;
use crate::store::UserId;
use actix_web::web;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The office behind the API. A clone is another handle on the same.
#[derive(Debug, Clone)]
pub struct Api {
    office: Office,
    /// Password hashes under way: each takes a core and 19 MiB, so logins must not starve the rest.
    hashing: Arc<Semaphore>,
    /// Expensive reads under way.
    heavy: Arc<Lane>,
    /// Files that are being read.
    files: Arc<Lane>,
}

/// How long a request with a file waits for its turn.
const FILE_PATIENCE: Duration = Duration::from_secs(2);

/// The turn of a request that carries a file. It ends when this is dropped.
#[derive(Debug)]
pub struct FileTurn {
    _place: Place,
}

/// Sets the flag when the request ends, however it ends.
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

    /// The office itself, for what does not block.
    #[must_use]
    pub fn office(&self) -> &Office {
        &self.office
    }

    /// Runs a use case on a thread where it may block (diesel and Argon2 do).
    ///
    /// # Errors
    /// The use case's own, as a problem; `busy` when no thread could finish it.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Office) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let office = self.office.clone();
        let done = web::block(move || work(&office)).await;
        done.map_err(|_| Problem::busy())?.map_err(Problem::from)
    }

    /// As [`Api::run`], for reads that look at many cases: few at once, one or two a person, ended at the request's
    /// deadline.
    ///
    /// # Errors
    /// As [`Api::run`]; `busy` when no place in the lane came free; `deadline_exceeded`.
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

    /// As [`Api::run`], for work that hashes passwords: as many at once as there are cores.
    ///
    /// # Errors
    /// As [`Api::run`].
    pub async fn run_hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Office) -> Result<T, OfficeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| Problem::busy())?;
        // The permit moves with the work: a client that gives up does not make room for one more hash.
        self.run(move |office| {
            let result = work(office);
            drop(permit);
            result
        })
        .await
    }

    /// Waits until this person's request may read the file it carries.
    ///
    /// # Errors
    /// `busy` when others, or other requests of this person, read files all the while.
    pub async fn file_turn(&self, person: UserId) -> Result<FileTurn, Problem> {
        Ok(FileTurn { _place: self.files.enter(person.0).await? })
    }

    /// As [`Api::run`], for work that reads a file. The flag is set when the client or the deadline ends the request.
    /// The turn ends with the work, not with the request.
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
