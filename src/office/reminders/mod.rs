//! Reminders: what an organ settles about them, the pass that queues what is owed, the schedule that runs it.
//!
//! `case::reminder_policy` (pure) says which step is owed on a day and `case::reminder_window` when mail may go out. `recipients`
//! finds the recipients and their deputies, `pass` queues what is owed for each duty, `schedule` runs the pass, and `service`
//! starts it beside the sender of `mail`.

pub mod feeds;
mod foresight;
mod notices;
mod organ_settings;
mod pass;
mod recipients;
mod schedule;
mod service;
mod settings;

pub use organ_settings::{Effective, OrganReminders};
pub use schedule::{MailError, Mailroom, Moment, OfficeTime, Queued, RemindReport, Unreachable, run};
pub use service::{MailHandle, start};
pub use settings::{Absence, MailChoice, ReminderSettings};
