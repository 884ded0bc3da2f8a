//! Starts the reminder schedule and the mail sender with the service.

use super::schedule::{self, Mailroom, OfficeTime};
use crate::config::Settings;
use crate::mail::smtp::SetupError;
use crate::mail::worker;
use chrono::NaiveDateTime;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The running reminder schedule and mail sender.
#[derive(Debug)]
pub struct MailHandle {
    cancel: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    is_sending: bool,
}

impl MailHandle {
    /// Whether a mail server is configured. Without one, mail stays queued.
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.is_sending
    }

    /// Stops the tasks and waits for a delivery in progress.
    pub async fn stop(self) {
        self.cancel.cancel();
        for task in self.tasks {
            if let Err(cause) = task.await {
                tracing::error!(%cause, "a mail task ended badly");
            }
        }
    }
}

/// Starts the reminder schedule (unless disabled) and the mail sender (if a mail server is configured). `office_time`
/// returns the current local time in Asia/Shanghai. Must be called within a tokio runtime.
///
/// # Errors
/// [`SetupError`] if the mail settings are invalid.
pub fn start(
    room: &Mailroom,
    settings: &Settings,
    office_time: impl Fn() -> NaiveDateTime + Send + Sync + 'static,
) -> Result<MailHandle, SetupError> {
    let cancel = CancellationToken::new();
    let mut tasks = Vec::new();
    let office_time: OfficeTime = Arc::new(office_time);
    let relay = room.relay(settings, &office_time)?;
    let is_sending = relay.is_some();
    match relay {
        Some(relay) => {
            let owner = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4());
            let (room, day, cancel) = (room.clone(), office_time().date(), cancel.clone());
            tasks.push(tokio::spawn(async move {
                // Mails that became outdated while the service was stopped must be withdrawn before sending begins.
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
