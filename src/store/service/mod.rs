//! Rows that serve the service itself: kept answers, facts about the database, the write check of a probe.

pub mod idempotency;
pub mod inspection;
pub mod meta;
pub mod tallies;
pub(super) mod write_check;
