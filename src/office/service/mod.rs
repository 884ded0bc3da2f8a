//! What every use case shares: retries, validation, readiness, and where a request came from.

pub mod checks;
pub(super) mod once;
pub(super) mod origin;
pub(super) mod preflight;
pub(super) mod readiness;
