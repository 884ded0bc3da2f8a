//! Users, their roles, organs, departments, and what shows who asks.

pub mod access;
pub mod departments;
pub mod directory;
pub mod effective;
pub mod holding;
pub mod known_networks;
pub mod organs;
pub mod staffing;
pub mod successions;
pub mod tokens;
pub mod users;
