//! Who did what, and who read what; and what shows that nothing stored was changed behind the service.

pub mod anchors;
pub mod audit;
pub mod chain;
pub mod checks;
pub mod numbers;
pub(in crate::store) mod upgrade;
