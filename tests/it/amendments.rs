//! What was recorded wrongly is put right, and everything that follows from it follows.

mod confirmations;
mod followed;
mod limits;
mod mistakes;
mod previews;
mod voids;
