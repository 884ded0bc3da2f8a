//! Who acts: the roles that a command or a step of a review takes.

use super::context::Actor;
use super::refusal::NotAllowed;
use super::role::Role;
use crate::case::vocabulary::ReviewKind;

/// The disclosure office itself.
pub(super) const OFFICE: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// # Errors
/// `role_required`.
pub(super) fn has_role(actor: &Actor, roles: &[Role]) -> Result<(), NotAllowed> {
    if roles.iter().any(|role| actor.roles.contains(role)) {
        return Ok(());
    }
    let names: Vec<&str> = roles.iter().map(|role| role.label()).collect();
    Err(NotAllowed::new("role_required", format!("此操作须由{}办理", names.join("、"))))
}

/// Whether the actor works in the disclosure office itself, which may enter what a department wrote on paper.
pub(super) fn is_office(actor: &Actor) -> bool {
    OFFICE.iter().any(|role| actor.roles.contains(role))
}

/// Who takes a step of the chain.
#[must_use]
pub const fn review_roles(kind: ReviewKind) -> &'static [Role] {
    match kind {
        ReviewKind::SectionHead => &[Role::Reviewer, Role::OfficeHead],
        ReviewKind::Secrecy | ReviewKind::Legal => &[Role::Reviewer],
        ReviewKind::Leader => &[Role::Leader],
    }
}
