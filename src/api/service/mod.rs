//! Health, metrics, and how expensive work is shared out.

pub(super) mod flight;
pub(super) mod health;
pub(super) mod lanes;
pub(super) mod metrics;
