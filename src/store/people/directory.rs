//! Who works in an organ, as everybody there may know it.

use diesel::prelude::*;

use super::effective::effective_roles;
use super::users::{UserKind, parse_role};
use crate::case::Role;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{departments, mail_preferences, users};
use crate::store::reminders::preferences::PreferenceRow;
use crate::store::{DepartmentId, OrganId, StoreError, UserId};

/// A person with a role in an organ. Holds no address and no login name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The person.
    pub id: UserId,
    /// The name shown to others.
    pub name: String,
    /// The person's department, if it is one of the organ.
    pub department: Option<(DepartmentId, String)>,
    /// The roles in the organ, ordered by code. Never empty.
    pub roles: Vec<Role>,
    /// Absence and deputy, if the person ever chose anything.
    pub preferences: Option<PreferenceRow>,
}

type Row = (UserId, String, String, Option<(DepartmentId, String)>, Option<PreferenceRow>);

/// The active persons with a role in the organ, by name; machine users are none.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown.
pub fn of_organ(db: &mut Db, organ: OrganId) -> Result<Vec<PersonRow>, StoreError> {
    let own = departments::id.nullable().eq(users::department_id).and(departments::organ_id.eq(organ));
    let rows: Vec<Row> = effective_roles::table
        .inner_join(users::table.on(users::id.eq(effective_roles::user_id)))
        .left_join(departments::table.on(own))
        .left_join(mail_preferences::table.on(mail_preferences::user_id.eq(users::id)))
        .filter(effective_roles::organ_id.eq(organ))
        .filter(users::is_active)
        .filter(users::kind.eq(UserKind::Person.code()))
        .order((users::id, effective_roles::role))
        .select((
            users::id,
            users::display_name,
            effective_roles::role,
            (departments::id, departments::name).nullable(),
            <Option<PreferenceRow> as Selectable<MultiBackend>>::construct_selection(),
        ))
        .load(db)?;
    let mut people: Vec<PersonRow> = Vec::new();
    for (id, name, role, department, preferences) in rows {
        let role = parse_role(&role)?;
        match people.last_mut().filter(|last| last.id == id) {
            Some(last) if last.roles.contains(&role) => {}
            Some(last) => last.roles.push(role),
            None => people.push(PersonRow { id, name, department, roles: vec![role], preferences }),
        }
    }
    // Not by the database, which may sort by another alphabet.
    people.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    Ok(people)
}
