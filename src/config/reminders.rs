//! The section `reminders`.

use super::list::list;
use crate::case::ObligationKind;
use crate::case::reminder_policy::{Policies, Policy, Recipients};
use crate::case::reminder_window::Window;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How much of the applicant's name a mail shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantInMail {
    /// Nothing.
    None,
    /// The first character of a natural person's name; other names in full.
    Initial,
    /// The full name.
    Full,
}

/// The reminder schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// Whether `serve` runs the schedule.
    pub enabled: bool,
    /// Hour of the daily pass, Asia/Shanghai.
    pub hour: u8,
    /// Whether a person who chose nothing gets one mail a day with all reminders. `false`: a mail for each.
    pub digest: bool,
    /// How much of the applicant's name the body shows.
    pub applicant: ApplicantInMail,
    /// Directory whose files replace the built-in templates. Empty for none.
    pub templates: PathBuf,
    /// The sending window, unless an organ has its own.
    pub window: Window,
    /// The reminder policy for each kind of duty, unless an organ has its own.
    #[serde(deserialize_with = "policies")]
    pub policies: Policies,
}

impl Reminders {
    /// What does not hold of the section.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.hour > 23 {
            faults.push("reminders.hour: 0-23".to_owned());
        }
        if !self.window.is_sound() {
            faults.push("reminders.window: from_hour < until_hour <= 24".to_owned());
        }
        for kind in ObligationKind::ALL {
            let Some(policy) = self.policies.get(kind) else {
                faults.push(format!("reminders.policies.{}: 缺少 / missing", kind.code()));
                continue;
            };
            let wrong = policy.faults(*kind);
            faults.extend(wrong.iter().map(|(name, why)| format!("reminders.policies.{}.{name}: {why}", kind.code())));
        }
        faults
    }
}

/// The format of a [`Policy`] in the settings.
#[derive(Deserialize)]
#[serde(remote = "Policy", deny_unknown_fields)]
struct PolicySettings {
    #[serde(deserialize_with = "list")]
    lead_days: Vec<u16>,
    repeat_every: u16,
    repeat_until: u16,
    black_days: u16,
    recipients: Recipients,
}

/// Deserialises one policy for each kind of duty.
fn policies<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Policies, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(with = "PolicySettings")] Policy);
    let written = BTreeMap::<ObligationKind, Written>::deserialize(deserializer)?;
    Ok(written.into_iter().map(|(kind, Written(policy))| (kind, policy)).collect())
}
