//! Putting right what was recorded wrongly.
//!
//! The log is never rewritten. An amendment is one more event: it names the steps it changes, as the log records them, and
//! says what each of them is from now on. The case is the fold of the *effective* log ([`effective`]): every step as its
//! last amendment left it, without the steps that never happened.
//!
//! A step is what one command recorded: one event, or the receipt of an application with the day of receipt that follows
//! from it. Its `seq` is that of its first event.

mod known;
#[cfg(test)]
mod known_tests;
mod recast;
mod redecide;
mod steps;
#[cfg(test)]
mod tests;

pub use super::event::{AmendedEntry, AmendedEvent, Amendment, EntryChange, ProposedAmendment, RefusedAmendment};
pub use known::known_by;
pub use redecide::{Ask, Asked, Basis, Fault, Redecided, is_amendable, redecide};
pub use steps::{Recorded, Step, effective, steps};
