//! What supervisors ask of the database: rows to watch, and orders (督办单).

pub mod orders;
pub(super) mod watch;
