//! Where a thing belongs: what authorisation asks before anything else is read.

use diesel::prelude::*;

use super::db::Db;
use super::schema::{cases, organs, outbox, supervision_orders, user_roles};
use super::{CaseId, OrderId, OrganId, OutboxId, StoreError, UserId};

/// An organ and its place in the tree (`/root/…/organ/`).
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OrganPlace {
    /// The organ.
    pub organ_id: OrganId,
    /// Its path.
    pub path: String,
}

/// The place of an organ.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn of_organ(db: &mut Db, id: OrganId) -> Result<OrganPlace, StoreError> {
    Ok(organs::table.filter(organs::id.eq(id)).select((organs::id, organs::path)).first(db)?)
}

/// The place of a case: that of its organ.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn of_case(db: &mut Db, id: CaseId) -> Result<OrganPlace, StoreError> {
    let organ: OrganId = cases::table.filter(cases::id.eq(id)).select(cases::organ_id).first(db)?;
    of_organ(db, organ)
}

/// The place of a 督办单: that of the organ that has to answer it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn of_order(db: &mut Db, id: OrderId) -> Result<OrganPlace, StoreError> {
    let organ: OrganId = supervision_orders::table.find(id).select(supervision_orders::organ_id).first(db)?;
    of_organ(db, organ)
}

/// The place of a mail: that of the organ it is about; `None` for a mail about no single organ.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn of_mail(db: &mut Db, id: OutboxId) -> Result<Option<OrganPlace>, StoreError> {
    let organ: Option<OrganId> = outbox::table.filter(outbox::id.eq(id)).select(outbox::organ_id).first(db)?;
    organ.map(|organ| of_organ(db, organ)).transpose()
}

/// The organs at the top.
///
/// # Errors
/// What every read may meet.
pub fn at_top(db: &mut Db) -> Result<Vec<OrganPlace>, StoreError> {
    let top = organs::table.filter(organs::parent_id.is_null());
    Ok(top.order(organs::path).select((organs::id, organs::path)).load(db)?)
}

/// The places of a user: every organ in which it holds a role.
///
/// # Errors
/// What every read may meet.
pub fn of_user(db: &mut Db, id: UserId) -> Result<Vec<OrganPlace>, StoreError> {
    let organ_ids = user_roles::table.filter(user_roles::user_id.eq(id)).select(user_roles::organ_id);
    Ok(organs::table
        .filter(organs::id.eq_any(organ_ids))
        .order(organs::path)
        .select((organs::id, organs::path))
        .load(db)?)
}
