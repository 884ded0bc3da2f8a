//! Who is told of a duty: active persons with a mailbox, by their part in it.

use diesel::prelude::*;

use super::schema::{organs, user_roles, users};
use super::{Db, DepartmentId, OrganId, StoreError, UserId};
use crate::case::Role;

/// A person who can be written to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// The person.
    pub user_id: UserId,
    /// How the person is addressed.
    pub display_name: String,
    /// The mailbox.
    pub email: String,
}

type Row = (UserId, String, Option<String>);

fn recipients(rows: Vec<Row>) -> Vec<Recipient> {
    rows.into_iter()
        .filter_map(|(user_id, display_name, email)| {
            let email = email.map(|email| email.trim().to_owned()).filter(|email| !email.is_empty())?;
            Some(Recipient { user_id, display_name, email })
        })
        .collect()
}

/// Active persons (no machine users), in the order of their user names.
macro_rules! persons {
    ($filter:expr) => {
        users::table
            .filter(users::is_active.eq(true))
            .filter(users::kind.eq("person"))
            .filter($filter)
            .order(users::username)
            .select((users::id, users::display_name, users::email))
    };
}

/// Whose work a duty is: its owner; where there is none who can be reached, the handlers of its department; where there
/// is none either, the clerks of the organ.
///
/// # Errors
/// As every read.
pub fn handlers(
    db: &mut Db,
    organ: OrganId,
    owner: Option<UserId>,
    department: Option<DepartmentId>,
) -> Result<Vec<Recipient>, StoreError> {
    if let Some(owner) = owner {
        let found = recipients(persons!(users::id.eq(owner)).load(db)?);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if let Some(department) = department {
        let handlers = holders(Role::Handler, vec![organ]);
        let of_department = users::department_id.eq(Some(department)).and(users::id.eq_any(handlers));
        let found = recipients(persons!(of_department).load(db)?);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    with_role(db, organ, Role::Clerk)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn holders(role: Role, organs: Vec<OrganId>) -> _ {
    let code: &'static str = role.code();
    user_roles::table
        .filter(user_roles::organ_id.eq_any(organs))
        .filter(user_roles::role.eq(code))
        .select(user_roles::user_id)
}

/// Who holds `role` in the organ itself.
///
/// # Errors
/// As every read.
pub fn with_role(db: &mut Db, organ: OrganId, role: Role) -> Result<Vec<Recipient>, StoreError> {
    Ok(recipients(persons!(users::id.eq_any(holders(role, vec![organ]))).load(db)?))
}

/// A person, if there is one who can be written to.
///
/// # Errors
/// As every read.
pub fn person(db: &mut Db, user: UserId) -> Result<Option<Recipient>, StoreError> {
    Ok(recipients(persons!(users::id.eq(user)).load(db)?).into_iter().next())
}

/// Who supervises the organ: supervisors in it, in the organ it reports to, and in every organ above it.
///
/// # Errors
/// As every read; [`StoreError::Corrupt`] when the organ's path cannot be read.
pub fn supervisors(db: &mut Db, organ: OrganId) -> Result<Vec<Recipient>, StoreError> {
    let (reports_to, path): (Option<OrganId>, String) =
        organs::table.filter(organs::id.eq(organ)).select((organs::reports_to, organs::path)).first(db)?;
    let mut above = vec![organ];
    above.extend(reports_to);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let id = uuid::Uuid::parse_str(part).map_err(|_| StoreError::Corrupt(format!("organs.path '{path}'")))?;
        above.push(OrganId(id));
    }
    above.sort_unstable();
    above.dedup();
    Ok(recipients(persons!(users::id.eq_any(holders(Role::Supervisor, above))).load(db)?))
}

/// Who administers the organ and can be written to: those nearest to it, in it or in an organ above; for no organ those
/// of the organs without one above.
///
/// # Errors
/// As [`supervisors`].
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
