//! What another calendar moves in a case: a comparison of its duties under both, nothing entered.

use super::obligation::{Obligation, ObligationKind, ObligationStatus};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A running duty whose last day is another one under another calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedDuty {
    /// What it is within its case.
    pub key: String,
    /// Its kind.
    pub kind: ObligationKind,
    /// The last day until now.
    pub due_before: Option<NaiveDate>,
    /// Whether that was an estimate, for want of a notice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_provisional: bool,
    /// The last day from now on.
    pub due_after: Option<NaiveDate>,
    /// Whether this is an estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_provisional: bool,
}

/// The duties of one case that run under either calendar and have another last day under the other, or the same one for
/// certain that was an estimate. `before` and `after` are its duties under the two.
#[must_use]
pub fn moved_duties(before: &[Obligation], after: &[Obligation]) -> Vec<MovedDuty> {
    let runs = |duty: &&Obligation| matches!(duty.status, ObligationStatus::Open | ObligationStatus::Suspended);
    let find = |list: &'_ [Obligation], key: &str| list.iter().find(|duty| duty.key == key).cloned();
    let mut keys: Vec<&str> = Vec::new();
    for duty in before.iter().filter(runs).chain(after.iter().filter(runs)) {
        if !keys.contains(&duty.key.as_str()) {
            keys.push(&duty.key);
        }
    }
    keys.into_iter()
        .filter_map(|key| {
            let (old, new) = (find(before, key), find(after, key));
            let kind = new.as_ref().or(old.as_ref())?.kind;
            let estimated = |duty: &Option<Obligation>| duty.as_ref().is_some_and(Obligation::is_estimated);
            let (was_provisional, is_provisional) = (estimated(&old), estimated(&new));
            let moved = MovedDuty {
                key: key.to_owned(),
                kind,
                due_before: old.and_then(|duty| duty.due_on),
                was_provisional,
                due_after: new.and_then(|duty| duty.due_on),
                is_provisional,
            };
            let is_same = (moved.due_before, moved.was_provisional) == (moved.due_after, moved.is_provisional);
            (!is_same).then_some(moved)
        })
        .collect()
}
