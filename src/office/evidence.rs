//! Evidence: reading the audit log, and checking that nothing stored was changed behind the service.

pub mod anchor;
mod anchor_mail;
pub mod finding;
pub mod log;
pub mod nightly;
pub mod verify;
