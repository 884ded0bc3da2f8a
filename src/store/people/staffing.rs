//! Who is missing at organs with open cases: without an administrator, without an office head, cases of people who may
//! no longer sign in.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::case::Role;
use crate::store::database::schema::{cases, user_roles, users};
use crate::store::people::organs;
use crate::store::{Db, OrganId, StoreError};

/// Who is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staffing {
    /// Whether any active user is an administrator.
    pub has_administrator: bool,
    /// Organs with open cases without an active administrator, also above them.
    pub without_administrator: Vec<String>,
    /// Organs with open cases without an active office head.
    pub without_office_head: Vec<String>,
    /// Users who may no longer sign in and still handle open cases.
    pub inactive_handlers: Vec<String>,
}

/// Finds who is missing. Organs are given by name, users by their user name.
pub fn staffing(db: &mut Db) -> Result<Staffing, StoreError> {
    let administrators = places(db, Role::Admin)?;
    let heads = places(db, Role::OfficeHead)?;
    let busy: Vec<OrganId> =
        cases::table.filter(cases::is_open.eq(true)).select(cases::organ_id).distinct().load(db)?;
    let rows = organs::list(db, &busy)?;
    let named = |is_missing: &dyn Fn(&organs::OrganRow) -> bool| {
        rows.iter().filter(|organ| is_missing(organ)).map(|organ| organ.name.clone()).collect()
    };
    let inactive_handlers = users::table
        .inner_join(cases::table.on(cases::handler_id.eq(users::id.nullable())))
        .filter(cases::is_open.eq(true))
        .filter(users::is_active.eq(false))
        .order(users::username)
        .select(users::username)
        .distinct()
        .load(db)?;
    Ok(Staffing {
        has_administrator: !administrators.is_empty(),
        without_administrator: named(&|organ| !organ.with_ancestors().iter().any(|one| administrators.contains(one))),
        without_office_head: named(&|organ| !heads.contains(&organ.id)),
        inactive_handlers,
    })
}

/// The organs where an active user holds the role.
fn places(db: &mut Db, role: Role) -> Result<BTreeSet<OrganId>, StoreError> {
    let held: Vec<OrganId> = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::role.eq(role.code()))
        .filter(users::is_active.eq(true))
        .select(user_roles::organ_id)
        .distinct()
        .load(db)?;
    Ok(held.into_iter().collect())
}
