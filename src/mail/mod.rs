//! What leaves the house by mail: reminders, rendering, the outbox worker.
//!
//! `case::reminder_policy` says who is owed which reminder on a day, `case::reminder_window` when it may go out. `people`
//! finds them and who stands in, `render` makes the message, `schedule` asks the store for duties and queues what is owed,
//! `worker` takes it to the mail server that `smtp` knows.

pub mod alarm;
pub mod duty;
pub mod notice;
pub mod order_notice;
pub mod people;
pub mod render;
pub mod schedule;
pub mod settings;
pub mod smtp;
pub mod worker;

use crate::store::{Store, StoreError};
use chrono::NaiveDateTime;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use schedule::{Mailroom, Moment, RemindReport};

/// The reminder schedule and the sender of a running service.
#[derive(Debug)]
pub struct MailHandle {
    cancel: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    is_sending: bool,
}

impl MailHandle {
    /// Whether a mail server is configured. Without one mail is queued and stays so.
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.is_sending
    }

    /// Asks the tasks to end and waits for the delivery in hand.
    pub async fn stop(self) {
        self.cancel.cancel();
        for task in self.tasks {
            if let Err(cause) = task.await {
                tracing::error!(%cause, "a mail task ended badly");
            }
        }
    }
}

/// Starts the reminder schedule (unless switched off) and the sender (if a mail server is configured). `office_time` tells
/// what the clock on the office's wall shows. Must be called within a tokio runtime.
///
/// # Errors
/// [`smtp::SetupError`] when the settings give no usable relay.
pub fn start(
    room: &Mailroom,
    settings: &crate::config::Settings,
    office_time: impl Fn() -> NaiveDateTime + Send + Sync + 'static,
) -> Result<MailHandle, smtp::SetupError> {
    let cancel = CancellationToken::new();
    let mut tasks = Vec::new();
    let office_time: schedule::OfficeTime = Arc::new(office_time);
    let relay = room.relay(settings, &office_time)?;
    let is_sending = relay.is_some();
    match relay {
        Some(relay) => {
            let owner = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4());
            let (room, day, cancel) = (room.clone(), office_time().date(), cancel.clone());
            tasks.push(tokio::spawn(async move {
                // First things first: what is out of date since the service stopped must not go out now.
                let withdrawn = tokio::task::spawn_blocking({
                    let room = room.clone();
                    move || {
                        room.settle();
                        room.withdraw_outdated(day)
                    }
                });
                if !matches!(withdrawn.await, Ok(Ok(_))) {
                    tracing::error!("mails that are out of date could not be withdrawn before sending begins");
                }
                worker::run(room.store().clone(), relay, owner, cancel).await;
            }));
        }
        None => tracing::warn!("smtp.host is empty: mail is queued and not sent"),
    }
    if settings.reminders.enabled {
        let hour = u32::from(settings.reminders.hour);
        tasks.push(tokio::spawn(schedule::run(room.clone(), office_time, hour, cancel.clone())));
    }
    Ok(MailHandle { cancel, tasks, is_sending })
}

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
