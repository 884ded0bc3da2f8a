//! Who did what, and who read what.

pub mod audit;
