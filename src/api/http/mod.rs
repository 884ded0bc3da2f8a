//! What every route shares: admission, bodies, problems, files, and the request log.

pub mod body;
pub(super) mod create;
mod disposition;
pub(super) mod export;
pub(super) mod fixed;
pub(super) mod guard;
pub(super) mod origin;
pub(super) mod page;
pub mod precondition;
pub mod problem;
pub(super) mod request_log;
pub mod route;
pub(super) mod spool;
pub(super) mod strict;
pub(super) mod texts;
