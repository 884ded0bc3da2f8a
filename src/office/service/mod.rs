//! What every use case shares: retries, validation, readiness, and where a request came from.

pub mod doctor;
pub(super) mod idempotency;
pub(super) mod origin;
pub(super) mod preflight;
pub(super) mod readiness;
pub mod validation;
