//! The authenticated user of a request.

use crate::case::Role;
use crate::office::Origin;
use crate::store::{DepartmentId, OrganId, UserId};
use std::collections::BTreeSet;

/// An authenticated user, as loaded for this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Id.
    pub user_id: UserId,
    /// The login name.
    pub username: String,
    /// The name shown to others.
    pub display_name: String,
    /// The department, for handlers.
    pub department_id: Option<DepartmentId>,
    /// The roles of the user, each with its organ.
    pub roles: Vec<(OrganId, Role)>,
    /// The origin of the request. Empty until the request sets it.
    pub origin: Origin,
}

impl Caller {
    /// The caller's roles at the organ with this path (`/root/…/organ/`): those held in it, and of those held in organs
    /// above it the ones that reach down. Empty if the caller has no access.
    #[must_use]
    pub fn roles_at(&self, organ_path: &str) -> BTreeSet<Role> {
        let own = |id: &OrganId| organ_path.ends_with(&format!("/{}/", id.0));
        let above = |id: &OrganId| organ_path.contains(&format!("/{}/", id.0));
        self.roles
            .iter()
            .filter(|(organ, role)| own(organ) || (reaches_down(*role) && above(organ)))
            .map(|(_, role)| *role)
            .collect()
    }

    /// The organs in which the caller holds the role itself.
    #[must_use]
    pub fn organs_as(&self, role: Role) -> Vec<OrganId> {
        self.roles.iter().filter(|(_, held)| *held == role).map(|(organ, _)| *organ).collect()
    }
}

/// Whether a role also counts in the organs below its own. True for roles that supervise or administer, false for those
/// that decide cases.
#[must_use]
pub const fn reaches_down(role: Role) -> bool {
    role.reaches_down()
}
