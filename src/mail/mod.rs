//! Outgoing mail: its words, its rendering, the outbox worker.
//!
//! `office::reminders` decides who gets which mail and queues it. `render` makes a message, `because` explains why a
//! person gets it, `deputies` replaces recipients who are away. `worker` takes queued mail to the mail server behind
//! `smtp`.

pub mod alarm;
pub mod because;
pub mod deputies;
pub mod duty;
pub mod notice;
pub mod order_notice;
pub mod render;
pub mod samples;
pub mod smtp;
pub mod worker;

use crate::store::{Store, StoreError};

/// Whether `text` is a valid e-mail address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// Runs `work` on the blocking thread pool.
async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.unwrap_or_else(|cause| Err(StoreError::Unavailable(cause.to_string())))
}
