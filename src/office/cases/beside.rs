//! What is stored beside the row of a case, as far as its view shows it.

use super::applicants::Applicant;

/// What is stored beside the row of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Subject tags, sorted.
    pub tags: Vec<String>,
    /// Whether the applicant's identity number is recorded as the paper has it, unverified.
    pub identity_is_unverified: bool,
    /// Whether somebody acts for the applicant under a mandate.
    pub has_agent: bool,
    /// Whether the applicant has a guardian.
    pub has_guardian: bool,
    /// How many apply beside the first applicant.
    pub co_applicants: usize,
}

impl Beside {
    /// That of a case that was just filed, without tags.
    pub(in crate::office) fn of(applicant: &Applicant) -> Self {
        Self {
            tags: Vec::new(),
            identity_is_unverified: applicant.identity.as_ref().is_some_and(|identity| identity.is_unverified),
            has_agent: !applicant.agents.is_empty() || applicant.contact.agent.is_some(),
            has_guardian: applicant.guardian.is_some(),
            co_applicants: applicant.co_applicants.len(),
        }
    }
}
