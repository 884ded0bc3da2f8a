//! Users, organs and their departments: signing in, roles, and what a caller may see and do.

pub(super) mod access;
pub(super) mod access_token;
pub mod auth;
pub(super) mod caller;
pub mod directory;
pub(super) mod holding;
pub(super) mod indispensable;
pub(super) mod leaving;
pub mod organs;
pub(super) mod passwords;
pub(super) mod place;
pub(super) mod reading_limits;
pub(super) mod reason;
pub mod succession;
pub(super) mod throttle;
pub mod users;
