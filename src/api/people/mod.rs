//! Signing in, users, organs and their departments over HTTP.

pub mod auth;
pub(super) mod departments;
pub(super) mod directory;
pub(super) mod organs;
pub(super) mod successions;
pub(super) mod users;
