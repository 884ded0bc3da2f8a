//! The grounds on which part of the information may be withheld.

use crate::law::{Outcome, Regime};

/// Whether part of the information may be withheld on this ground under that Order.
pub(super) fn is_ground(outcome: Outcome, regime: Regime) -> bool {
    let is_partial = matches!(outcome, Outcome::PartiallyDisclosed | Outcome::O492PartiallyDisclosed);
    outcome.is_of(regime) && !outcome.is_granted() && !outcome.is_closed_without_reply() && !is_partial
}

/// The grounds on which part of the information may be withheld.
pub(super) fn grounds(regime: Regime) -> Vec<&'static str> {
    Outcome::all().filter(|outcome| is_ground(*outcome, regime)).map(Outcome::code).collect()
}
