//! PURE. What an organ has settled about its reminders, and what then counts in it.

use crate::case::reminder_policy::{Policies, PolicyChange};
use crate::case::reminder_window::Window;
use crate::config::Reminders;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An organ's own settings on top of the house's; what is left out is as in the house.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganReminders {
    /// The kinds of duty that are spoken of differently, each once.
    pub policies: Vec<PolicyChange>,
    /// When its mail may go out.
    pub window: Option<Window>,
}

/// What counts in an organ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// One policy for each kind.
    pub policies: Policies,
    /// When its mail may go out.
    pub window: Window,
}

impl Effective {
    /// What counts where nothing else is settled.
    #[must_use]
    pub fn of_house(house: &Reminders) -> Self {
        Self { policies: house.policies.clone(), window: house.window }
    }
}

impl OrganReminders {
    /// What counts in the organ.
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

    /// What is wrong with the settings: pointer into them, and detail.
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
