//! The recipients of reminders: active persons with an e-mail address, by their part in a duty.

use diesel::prelude::*;

use crate::case::Role;
use crate::store::database::schema::{departments, organs, user_roles, users};
use crate::store::people::effective::{self, effective_roles};
use crate::store::{Db, DepartmentId, OrganId, StoreError, UserId};
use std::collections::BTreeSet;

/// A person with an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// The person.
    pub user_id: UserId,
    /// The name used to address the person.
    pub display_name: String,
    /// The e-mail address.
    pub email: String,
    /// The person's department.
    pub department_id: Option<DepartmentId>,
}

type Row = (UserId, String, Option<String>, Option<DepartmentId>);

fn recipients(rows: Vec<Row>) -> Vec<Recipient> {
    rows.into_iter()
        .filter_map(|(user_id, display_name, email, department_id)| {
            let email = email.map(|email| email.trim().to_owned()).filter(|email| !email.is_empty())?;
            Some(Recipient { user_id, display_name, email, department_id })
        })
        .collect()
}

/// Active persons (not machine users), ordered by user name.
macro_rules! persons {
    ($filter:expr) => {
        users::table
            .filter(users::is_active.eq(true))
            .filter(users::kind.eq("person"))
            .filter($filter)
            .order(users::username)
            .select((users::id, users::display_name, users::email, users::department_id))
    };
}

/// The part in which a recipient works on a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// The named owner.
    Owner,
    /// A handler of the duty's department.
    Department,
    /// A clerk of the disclosure office.
    Office,
}

/// The persons who work on a duty: its owner, if still a member of the organ and reachable; else the handlers of its
/// department; else the clerks of the organ.
pub fn handlers(
    db: &mut Db,
    organ: OrganId,
    owner: Option<UserId>,
    department: Option<DepartmentId>,
) -> Result<(Worker, Vec<Recipient>), StoreError> {
    if let Some(owner) = owner {
        let found = recipients(persons!(users::id.eq(owner).and(users::id.eq_any(members(organ)))).load(db)?);
        if !found.is_empty() {
            return Ok((Worker::Owner, found));
        }
    }
    if let Some(department) = department {
        let handlers = holders(Role::Handler, vec![organ]);
        let of_department = users::department_id.eq(Some(department)).and(users::id.eq_any(handlers));
        let found = recipients(persons!(of_department).load(db)?);
        if !found.is_empty() {
            return Ok((Worker::Department, found));
        }
    }
    Ok((Worker::Office, with_role(db, organ, Role::Clerk)?))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn holders(role: Role, organs: Vec<OrganId>) -> _ {
    let code: &'static str = role.code();
    effective_roles::table
        .filter(effective_roles::organ_id.eq_any(organs))
        .filter(effective_roles::role.eq(code))
        .select(effective_roles::user_id)
}

/// Users with a role in the organ itself that receives reminders.
#[diesel::dsl::auto_type(no_type_alias)]
fn members(organ: OrganId) -> _ {
    let hearing: Vec<&'static str> = hearing();
    effective_roles::table
        .filter(effective_roles::organ_id.eq(organ))
        .filter(effective_roles::role.eq_any(hearing))
        .select(effective_roles::user_id)
}

fn hearing() -> Vec<&'static str> {
    Role::ALL.into_iter().filter(|role| role.hears_of_duties()).map(Role::code).collect()
}

/// Whether the person is active and holds, in the organ itself, a role that receives reminders. Anyone else no longer
/// works on its duties.
pub fn works_in(db: &mut Db, user: UserId, organ: OrganId) -> Result<bool, StoreError> {
    let active = users::table.filter(users::id.eq(user)).filter(users::is_active.eq(true));
    let found: Option<UserId> =
        active.filter(users::id.eq_any(members(organ))).select(users::id).first(db).optional()?;
    Ok(found.is_some())
}

/// Whether the person may receive mail about the duties of the organ: active, and either with a role in it
/// ([`works_in`]) or with a supervising or administrating role above it or above the organ it reports to.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist; [`StoreError::Corrupt`] if an organ's path is invalid or a
/// stored role is unknown.
pub fn hears_of(db: &mut Db, user: UserId, organ: OrganId) -> Result<bool, StoreError> {
    if works_in(db, user, organ)? {
        return Ok(true);
    }
    if !crate::store::people::users::is_active(db, user)? {
        return Ok(false);
    }
    let above = at_or_above(db, organ)?;
    let held = effective::roles(db, user)?;
    Ok(held.iter().any(|(of, role)| role.reaches_down() && above.contains(of)))
}

/// Like [`hears_of`], and locks the answer until the transaction ends: a transaction that removes the person's roles
/// waits, and then finds the mail this one queued. Call it before queueing a mail.
///
/// # Errors
/// As [`hears_of`].
pub fn still_hears_of(db: &mut Db, user: UserId, organ: OrganId) -> Result<bool, StoreError> {
    if let Db::Pg(db) = &mut *db {
        let row = users::table.filter(users::id.eq(user)).select(users::id);
        let _: Option<UserId> = row.for_share().first(db).optional()?;
    }
    hears_of(db, user, organ)
}

/// Persons who hold `role` in the organ itself.
pub fn with_role(db: &mut Db, organ: OrganId, role: Role) -> Result<Vec<Recipient>, StoreError> {
    Ok(recipients(persons!(users::id.eq_any(holders(role, vec![organ]))).load(db)?))
}

/// Persons who hold `role` in any organ.
pub fn everywhere_with_role(db: &mut Db, role: Role) -> Result<Vec<Recipient>, StoreError> {
    let theirs = user_roles::table.filter(user_roles::role.eq(role.code())).select(user_roles::user_id);
    Ok(recipients(persons!(users::id.eq_any(theirs)).load(db)?))
}

/// A person by id, if active and with an e-mail address.
pub fn person(db: &mut Db, id: UserId) -> Result<Option<Recipient>, StoreError> {
    Ok(recipients(persons!(users::id.eq(id)).load(db)?).into_iter().next())
}

/// 科室负责人 of a department, if still a member of its organ and reachable.
pub fn section_head(db: &mut Db, department: DepartmentId) -> Result<Option<Recipient>, StoreError> {
    let row = departments::table.find(department).select((departments::head_id, departments::organ_id));
    let found: Option<(Option<UserId>, OrganId)> = row.first(db).optional()?;
    let Some((Some(head), organ)) = found else { return Ok(None) };
    if works_in(db, head, organ)? { person(db, head) } else { Ok(None) }
}

/// The roles a person holds in the organ itself.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown.
pub fn roles(db: &mut Db, user: UserId, organ: OrganId) -> Result<BTreeSet<Role>, StoreError> {
    let held = effective::roles(db, user)?;
    Ok(held.into_iter().filter(|(of, _)| *of == organ).map(|(_, role)| role).collect())
}

/// The supervisors of the organ: those in it, in the organ it reports to, and in every organ above either.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist; [`StoreError::Corrupt`] if an organ's path is invalid.
pub fn supervisors(db: &mut Db, organ: OrganId) -> Result<Vec<Recipient>, StoreError> {
    let above = at_or_above(db, organ)?;
    Ok(recipients(persons!(users::id.eq_any(holders(Role::Supervisor, above))).load(db)?))
}

/// The organ, the one it reports to, and every organ above either.
fn at_or_above(db: &mut Db, organ: OrganId) -> Result<Vec<OrganId>, StoreError> {
    let place = |db: &mut Db, organ: OrganId| -> Result<(Option<OrganId>, String), StoreError> {
        let row = organs::table.filter(organs::id.eq(organ));
        Ok(row.select((organs::reports_to, organs::path)).first(db)?)
    };
    let (reports_to, mut paths) = place(db, organ)?;
    if let Some(other) = reports_to {
        paths.push_str(&place(db, other)?.1);
    }
    let mut above = Vec::new();
    for part in paths.split('/').filter(|part| !part.is_empty()) {
        let id = uuid::Uuid::parse_str(part).map_err(|_| StoreError::Corrupt(format!("organs.path '{paths}'")))?;
        above.push(OrganId(id));
    }
    above.sort_unstable();
    above.dedup();
    Ok(above)
}

/// The reachable administrators nearest to the organ: in it, or else in the closest organ above that has one. Without
/// an organ, the administrators of the root organs.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist; [`StoreError::Corrupt`] if its path is invalid.
pub fn administrators(db: &mut Db, organ: Option<OrganId>) -> Result<Vec<Recipient>, StoreError> {
    let Some(organ) = organ else {
        let roots: Vec<OrganId> = organs::table.filter(organs::parent_id.is_null()).select(organs::id).load(db)?;
        return Ok(recipients(persons!(users::id.eq_any(holders(Role::Admin, roots))).load(db)?));
    };
    let path: String = organs::table.filter(organs::id.eq(organ)).select(organs::path).first(db)?;
    for part in path.rsplit('/').filter(|part| !part.is_empty()) {
        let id = uuid::Uuid::parse_str(part).map_err(|_| StoreError::Corrupt(format!("organs.path '{path}'")))?;
        let found = with_role(db, OrganId(id), Role::Admin)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
