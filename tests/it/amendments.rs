//! What was recorded wrongly is put right, and everything that follows from it follows.

mod confirmations;
mod limits;
mod mistakes;
mod voids;

pub use mistakes::verified;
