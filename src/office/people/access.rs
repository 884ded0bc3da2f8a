//! Authorisation: the caller's roles at the organ a thing belongs to.

use crate::case::Role;
use crate::office::{Caller, OfficeError, Origin, People};
use crate::store::people::access::{self, Asking, OrganPlace};
use crate::store::people::organs::{self, Seat};
use crate::store::people::users::UserRow;
use crate::store::{Db, OrganId, StoreError, UserId};
use std::collections::BTreeSet;

/// The roles that, at a root organ, may also see mails about no single organ: digests over several organs, reminders of
/// a missing year.
pub const OF_ALL_ORGANS: &[Role] = &[Role::Admin, Role::Auditor];

pub use crate::store::people::access::Thing;

/// The caller's roles at the organ a thing belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The organ. For a user, one of its organs in which the caller has a role.
    pub organ_id: OrganId,
    /// The organ's path in the tree.
    pub organ_path: String,
    /// The caller's roles there. Never empty.
    pub roles: BTreeSet<Role>,
}

impl Authority {
    /// Whether the caller holds any of these roles there.
    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// An authenticated caller and their authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The caller.
    pub caller: Caller,
    /// The authority at the requested thing. `None` for a request that names no thing.
    pub authority: Option<Authority>,
}

/// A caller checked again inside a write transaction, because roles may have been removed since admission.
#[derive(Debug, Clone)]
pub(in crate::office) struct Readmitted {
    /// The caller with the present roles.
    pub caller: Caller,
    /// The authority at the requested thing.
    pub authority: Authority,
    /// The organ of the thing, with the calendars in force for it.
    pub seat: Seat,
}

impl People<'_> {
    /// Authenticates an access token and loads the caller's present roles and authority, in one statement.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`] if the token is invalid or of an older epoch, or the user is inactive;
    /// [`OfficeError::NotFound`] if the thing does not exist or the caller has no role there, which look the same.
    pub fn admit(&self, access_token: &str, thing: Option<Thing>) -> Result<Admission, OfficeError> {
        let proof = self.signer().check(access_token, self.clock().now().0.timestamp())?;
        self.store().ask_reserved(|db| {
            let asking = access::asking(db, proof.user_id, thing)?.ok_or(OfficeError::Unauthenticated)?;
            if asking.user.token_epoch != proof.epoch {
                return Err(OfficeError::Unauthenticated);
            }
            let (caller, seats) = caller_of(asking, Origin::default())?;
            let authority = thing.map(|thing| authority_in(db, &caller, thing, &seats)).transpose()?;
            Ok(Admission { caller, authority })
        })
    }

    /// Requires one of the roles: at the authority if there is one, else in any organ.
    ///
    /// # Errors
    /// [`OfficeError::RoleRequired`] if the caller holds none of them.
    pub fn require(&self, caller: &Caller, authority: Option<&Authority>, allowed: &[Role]) -> Result<(), OfficeError> {
        let is_allowed = match authority {
            Some(authority) => authority.has_any(allowed),
            None => caller.roles.iter().any(|(_, role)| allowed.contains(role)),
        };
        if is_allowed { Ok(()) } else { Err(OfficeError::RoleRequired { roles: allowed.to_vec() }) }
    }
}

/// Splits a loaded row into the caller and the organs of the thing.
fn caller_of(asking: Asking, origin: Origin) -> Result<(Caller, Vec<Seat>), OfficeError> {
    let Asking { user, roles, seats } = asking;
    if !user.is_active {
        return Err(OfficeError::Unauthenticated);
    }
    let UserRow { id, username, display_name, department_id, .. } = user;
    Ok((Caller { user_id: id, username, display_name, department_id, roles, origin }, seats))
}

/// Checks the caller of an admitted request again in a write transaction. `thing` must be a case or an organ.
///
/// # Errors
/// [`OfficeError::Unauthenticated`] if the user no longer exists or is inactive; [`OfficeError::NotFound`] if the thing
/// does not exist or the caller no longer has a role there.
pub(in crate::office) fn readmit(db: &mut Db, caller: &Caller, thing: Thing) -> Result<Readmitted, OfficeError> {
    let asking = access::asking(db, caller.user_id, Some(thing))?.ok_or(OfficeError::Unauthenticated)?;
    let (caller, seats) = caller_of(asking, caller.origin.clone())?;
    let authority = authority_in(db, &caller, thing, &seats)?;
    let seat = seats.into_iter().find(|seat| seat.organ.id == authority.organ_id).ok_or(OfficeError::NotFound)?;
    Ok(Readmitted { caller, authority, seat })
}

/// The caller's authority at a thing whose organs were already loaded.
fn authority_in(db: &mut Db, caller: &Caller, thing: Thing, seats: &[Seat]) -> Result<Authority, OfficeError> {
    if let (Thing::Mail(id), []) = (thing, seats) {
        // Either a mail about no single organ, or an unknown mail.
        return authority_at(db, caller, Thing::Mail(id));
    }
    authority_among(caller, seats.iter().map(OrganPlace::from))
}

/// The caller's authority at a thing, by the roles loaded at admission.
///
/// # Errors
/// [`OfficeError::NotFound`] if the thing does not exist or the caller has no role there, which look the same.
pub fn authority_at(db: &mut Db, caller: &Caller, thing: Thing) -> Result<Authority, OfficeError> {
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
    authority_among(caller, places)
}

fn authority_among(caller: &Caller, places: impl IntoIterator<Item = OrganPlace>) -> Result<Authority, OfficeError> {
    let mut found: Option<Authority> = None;
    for place in places {
        let roles = caller.roles_at(&place.path);
        match &mut found {
            Some(authority) => authority.roles.extend(roles),
            None if roles.is_empty() => {}
            None => found = Some(Authority { organ_id: place.organ_id, organ_path: place.path, roles }),
        }
    }
    found.ok_or(OfficeError::NotFound)
}

/// The authority at a mail about no single organ: administrators and auditors of a root organ have access to these.
fn at_top(db: &mut Db, caller: &Caller) -> Result<Authority, OfficeError> {
    for place in access::at_top(db)? {
        let mut roles = caller.roles_at(&place.path);
        roles.retain(|role| OF_ALL_ORGANS.contains(role));
        if !roles.is_empty() {
            return Ok(Authority { organ_id: place.organ_id, organ_path: place.path, roles });
        }
    }
    Err(StoreError::NotFound.into())
}

/// The organs in which the caller holds one of `roles`, with the calendars in force. With `organ`, only that organ and,
/// if requested, those below it.
///
/// # Errors
/// [`OfficeError::NotFound`] if `organ` is not among the caller's organs.
pub(in crate::office) fn seats_with(
    db: &mut Db,
    caller: &Caller,
    roles: &[Role],
    organ: Option<OrganId>,
    with_subordinates: bool,
) -> Result<Vec<Seat>, OfficeError> {
    let mut seats = organs::seats(db)?;
    seats.retain(|seat| caller.roles_at(&seat.organ.path).iter().any(|role| roles.contains(role)));
    let Some(wanted) = organ else { return Ok(seats) };
    let root = seats.iter().find(|seat| seat.organ.id == wanted).ok_or(OfficeError::NotFound)?.organ.path.clone();
    seats.retain(|seat| seat.organ.id == wanted || (with_subordinates && seat.organ.path.starts_with(&root)));
    Ok(seats)
}

/// Requires that the person holds a role in the organ.
///
/// # Errors
/// [`OfficeError::Invalid`] at `pointer` if the person does not.
pub(in crate::office) fn require_member(
    db: &mut Db,
    user: UserId,
    organ: OrganId,
    pointer: &str,
) -> Result<(), OfficeError> {
    let roles = crate::store::people::users::roles(db, user)?;
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
