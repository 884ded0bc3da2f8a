//! Evidence: reading the audit log, and checking that nothing stored was changed behind the service.

pub mod finding;
pub mod log;
pub mod verify;
