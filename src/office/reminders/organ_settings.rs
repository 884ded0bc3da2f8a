//! PURE. The reminder settings of an organ, and the effective settings that result.

use crate::case::reminder_policy::{Policies, PolicyChange};
use crate::case::reminder_window::Window;
use crate::config::Reminders;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An organ's own settings, on top of the configured ones. Missing members keep the configured values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganReminders {
    /// The kinds of duty with a different policy, each at most once.
    pub policies: Vec<PolicyChange>,
    /// The sending window.
    pub window: Option<Window>,
}

/// The effective settings of an organ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// One policy for each kind of duty.
    pub policies: Policies,
    /// The sending window.
    pub window: Window,
}

impl Effective {
    /// The configured settings alone.
    #[must_use]
    pub fn of_house(house: &Reminders) -> Self {
        Self { policies: house.policies.clone(), window: house.window }
    }
}

impl OrganReminders {
    /// The effective settings of the organ.
    #[must_use]
    pub fn over(&self, house: &Reminders) -> Effective {
        let mut effective = Effective::of_house(house);
        for change in &self.policies {
            if let Some(policy) = effective.policies.get_mut(&change.kind) {
                change.apply(policy);
            }
        }
        effective.window = self.window.unwrap_or(effective.window);
        effective
    }

    /// The faults of the settings: JSON pointer and detail.
    #[must_use]
    pub fn faults(&self, house: &Reminders) -> Vec<(String, &'static str)> {
        let mut faults = Vec::new();
        let effective = self.over(house);
        let mut seen = BTreeSet::new();
        for (at, change) in self.policies.iter().enumerate() {
            if !seen.insert(change.kind) {
                faults.push((format!("/policies/{at}/kind"), "同一类期限只能列一次"));
            }
            let policy = effective.policies.get(&change.kind);
            let wrong = policy.map(|policy| policy.faults(change.kind)).unwrap_or_default();
            faults.extend(wrong.into_iter().map(|(member, detail)| (format!("/policies/{at}/{member}"), detail)));
        }
        if !effective.window.is_sound() {
            faults.push(("/window".to_owned(), "起始时刻须早于结束时刻，结束时刻至多为24"));
        }
        faults
    }
}
