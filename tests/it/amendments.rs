//! What was recorded wrongly is put right, and everything that follows from it follows.

mod confirmations;
mod mistakes;
mod voids;

pub use mistakes::verified;
