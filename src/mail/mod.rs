//! What leaves the house by mail: its words, its rendering, the outbox worker.
//!
//! `office::reminders` says who is owed which mail and queues it. `render` makes a message, `because` says why a person gets
//! it, `deputies` who gets it when the recipient is away. `worker` takes queued mail to the mail server that `smtp` knows.

pub mod alarm;
pub mod because;
pub mod deputies;
pub mod duty;
pub mod notice;
pub mod order_notice;
pub mod render;
pub mod smtp;
pub mod worker;

use crate::store::{Store, StoreError};

/// Whether a mail can be addressed to `text`.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.unwrap_or_else(|cause| Err(StoreError::Unavailable(cause.to_string())))
}
