//! Reminders: the settings of organs, the pass that queues due mails, and the schedule that runs it.
//!
//! `case::reminder_policy` (pure) determines the step due on a day, and `case::reminder_window` when mail may be sent.
//! `recipients` finds the recipients and their deputies, `pass` queues the due mails of each duty, `schedule` runs the
//! pass, and `service` starts it next to the sender in `mail`.

pub mod duties;
pub mod feeds;
mod foresight;
mod next_steps;
mod notices;
mod organ_settings;
mod pass;
mod recipients;
mod schedule;
mod service;
mod settings;

pub(in crate::office) use notices::is_november_before;
pub use organ_settings::{Effective, OrganReminders};
pub use schedule::{MailError, Mailroom, Moment, OfficeTime, Queued, RemindReport, Unreachable, run};
pub use service::{MailHandle, start};
pub use settings::{Absence, MailChoice, ReminderSettings};
