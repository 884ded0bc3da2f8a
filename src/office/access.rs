//! Authorisation: what a caller is where a thing belongs.

use super::mails::OF_ALL_ORGANS;
use super::{Caller, Office, OfficeError};
use crate::case::Role;
use crate::store::{CaseId, Db, OrderId, OrganId, OutboxId, StoreError, UserId, access};
use std::collections::BTreeSet;

/// A thing that belongs to an organ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An organ itself.
    Organ(OrganId),
    /// A case.
    Case(CaseId),
    /// A 督办单, in the organ that has to answer it.
    Order(OrderId),
    /// A user, in the organs where it holds roles.
    User(UserId),
    /// A mail, in the organ it is about.
    Mail(OutboxId),
}

/// What a caller is where a thing belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The organ; for a user one of its organs in which the caller has a role.
    pub organ_id: OrganId,
    /// The organ's path in the tree.
    pub organ_path: String,
    /// The caller's roles there, never empty.
    pub roles: BTreeSet<Role>,
}

impl Standing {
    /// Whether any of the roles is held.
    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

impl Office {
    /// What the caller is where the thing belongs.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] when there is no such thing, and just so when the caller has no role there.
    pub fn standing(&self, caller: &Caller, thing: Thing) -> Result<Standing, OfficeError> {
        self.store().read_reserved(|db| standing(db, caller, thing))
    }

    /// Demands one of the roles: in the scope if there is one, else in any organ.
    ///
    /// # Errors
    /// [`OfficeError::RoleRequired`].
    pub fn require(&self, caller: &Caller, standing: Option<&Standing>, allowed: &[Role]) -> Result<(), OfficeError> {
        let is_allowed = match standing {
            Some(standing) => standing.has_any(allowed),
            None => caller.roles.iter().any(|(_, role)| allowed.contains(role)),
        };
        if is_allowed { Ok(()) } else { Err(OfficeError::RoleRequired { roles: allowed.to_vec() }) }
    }
}

/// As [`Office::standing`], inside a transaction.
///
/// # Errors
/// As [`Office::standing`].
pub fn standing(db: &mut Db, caller: &Caller, thing: Thing) -> Result<Standing, OfficeError> {
    let places = match thing {
        Thing::Organ(id) => vec![access::of_organ(db, id)?],
        Thing::Case(id) => vec![access::of_case(db, id)?],
        Thing::Order(id) => vec![access::of_order(db, id)?],
        Thing::User(id) => access::of_user(db, id)?,
        Thing::Mail(id) => match access::of_mail(db, id)? {
            Some(place) => vec![place],
            None => return at_top(db, caller),
        },
    };
    let mut found: Option<Standing> = None;
    for place in places {
        let roles = caller.roles_at(&place.path);
        match &mut found {
            Some(standing) => standing.roles.extend(roles),
            None if roles.is_empty() => {}
            None => found = Some(Standing { organ_id: place.organ_id, organ_path: place.path, roles }),
        }
    }
    found.ok_or_else(|| StoreError::NotFound.into())
}

/// Who administers or audits an organ at the top is that to the mails about no single organ.
fn at_top(db: &mut Db, caller: &Caller) -> Result<Standing, OfficeError> {
    for place in access::at_top(db)? {
        let mut roles = caller.roles_at(&place.path);
        roles.retain(|role| OF_ALL_ORGANS.contains(role));
        if !roles.is_empty() {
            return Ok(Standing { organ_id: place.organ_id, organ_path: place.path, roles });
        }
    }
    Err(StoreError::NotFound.into())
}

/// The person must hold a role in the organ.
///
/// # Errors
/// [`OfficeError::Invalid`] pointing at `pointer`.
pub(super) fn require_member(db: &mut Db, user: UserId, organ: OrganId, pointer: &str) -> Result<(), OfficeError> {
    let roles = crate::store::users::roles(db, user)?;
    if roles.iter().any(|(held_in, _)| *held_in == organ) {
        return Ok(());
    }
    Err(OfficeError::invalid(pointer, "not_found", "本机关没有这个人员"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn caller(roles: &[(u128, Role)]) -> Caller {
        Caller {
            user_id: UserId(Uuid::from_u128(99)),
            username: "u".into(),
            display_name: "U".into(),
            department_id: None,
            roles: roles.iter().map(|(organ, role)| (OrganId(Uuid::from_u128(*organ)), *role)).collect(),
            origin: crate::office::Origin::default(),
        }
    }

    fn path(organs: &[u128]) -> String {
        organs.iter().fold("/".to_owned(), |path, organ| format!("{path}{}/", Uuid::from_u128(*organ)))
    }

    #[test]
    fn watching_and_administering_reach_down_deciding_does_not() {
        for role in Role::ALL {
            let caller = caller(&[(1, role)]);
            let below = caller.roles_at(&path(&[1, 2]));
            let reaches = matches!(role, Role::Supervisor | Role::Auditor | Role::Admin);
            assert_eq!(below.contains(&role), reaches, "{role:?}");
            assert!(caller.roles_at(&path(&[1])).contains(&role), "{role:?} in its own organ");
        }
    }

    #[test]
    fn nothing_reaches_up_or_sideways() {
        let caller = caller(&[(2, Role::Admin), (2, Role::Supervisor)]);
        assert!(caller.roles_at(&path(&[1])).is_empty());
        assert!(caller.roles_at(&path(&[1, 3])).is_empty());
        assert_eq!(caller.roles_at(&path(&[1, 2, 4])).len(), 2);
    }
}
