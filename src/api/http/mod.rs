//! What every route shares: admission, bodies, problems, files, and the request log.

pub mod body;
pub mod create;
mod disposition;
pub mod etag;
pub(super) mod export;
pub(super) mod fixed;
pub(super) mod guard;
pub(super) mod origin;
pub mod page;
pub mod problem;
pub(super) mod request_log;
pub mod route;
mod security_headers;
pub(super) mod spool;
pub(super) mod strict;
pub(super) mod texts;
