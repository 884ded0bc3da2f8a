//! What every handler reaches: the office, on a thread where blocking is allowed.

use super::problem::Problem;
use crate::office::{Office, OfficeError};
use actix_web::web;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The office behind the API. A clone is another handle on the same.
#[derive(Debug, Clone)]
pub struct Api {
    office: Office,
    /// Password hashes under way: each takes a core and 19 MiB, so logins must not starve the rest.
    hashing: Arc<Semaphore>,
}

impl Api {
    /// Wraps an office.
    #[must_use]
    pub fn new(office: Office) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { office, hashing: Arc::new(Semaphore::new(cores)) }
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
}
