//! Outgoing mail.

pub mod outbox;
