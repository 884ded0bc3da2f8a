//! The roles that count: those held in an organ are held in the organs it succeeded too, so that its people read and
//! finish what those left. A view of the database (`effective_roles`), for questions of access only.

use diesel::prelude::*;

use super::users::parse_role;
use crate::case::Role;
use crate::store::database::db::Db;
use crate::store::database::schema::{cases, departments, mail_preferences, organs, outbox, supervision_orders, users};
use crate::store::{OrganId, StoreError, UserId};

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    /// The view.
    effective_roles (user_id, organ_id, role) {
        /// The user.
        user_id -> UuidT,
        /// The organ in which the role counts.
        organ_id -> UuidT,
        /// The role, as a code.
        role -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(effective_roles, users);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, organs);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, cases);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, outbox);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, supervision_orders);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, departments);
diesel::allow_tables_to_appear_in_same_query!(effective_roles, mail_preferences);

/// The roles of a user that count, ordered by organ and code.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown.
pub fn roles(db: &mut Db, id: UserId) -> Result<Vec<(OrganId, Role)>, StoreError> {
    let rows: Vec<(OrganId, String)> = effective_roles::table
        .filter(effective_roles::user_id.eq(id))
        .order((effective_roles::organ_id, effective_roles::role))
        .select((effective_roles::organ_id, effective_roles::role))
        .load(db)?;
    rows.into_iter().map(|(organ, code)| Ok((organ, parse_role(&code)?))).collect()
}
