//! The caller's roles and the organs a thing belongs to: the input of every authorisation decision.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::effective::effective_roles;
use super::organs::{self, OrganRow, Seat};
use super::users::{UserRow, parse_role};
use crate::case::Role;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{cases, organs as organ_table, outbox, supervision_orders, user_roles, users};
use crate::store::database::sqltypes::UuidT;
use crate::store::{CaseId, OrderId, OrganId, OutboxId, StoreError, UserId};

/// A thing that belongs to an organ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An organ itself.
    Organ(OrganId),
    /// A case.
    Case(CaseId),
    /// A 督办单, in the organ that has to answer it.
    Order(OrderId),
    /// A user, in the organs where they hold roles.
    User(UserId),
    /// A mail, in the organ it is about.
    Mail(OutboxId),
}

/// A user with all their roles, and the organs a thing belongs to.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The user.
    pub user: UserRow,
    /// Every role with its organ, ordered.
    pub roles: Vec<(OrganId, Role)>,
    /// The organs of the thing, ordered by path. Empty if the thing does not exist or is a mail about no single organ.
    pub seats: Vec<Seat>,
}

type Row = (UserRow, Option<(OrganId, String)>, Option<OrganRow>, Option<String>, Option<String>);

/// Selects a user's roles, cross-joined with the organs that satisfy `$belongs`.
macro_rules! asking {
    ($user:expr, $belongs:expr) => {
        users::table
            // The id twice: SQLite hands only what does not depend on another table down into the view.
            .left_join(
                effective_roles::table
                    .on(effective_roles::user_id.eq(users::id).and(effective_roles::user_id.eq($user))),
            )
            .left_join(organ_table::table.on($belongs))
            .filter(users::id.eq($user))
            .order((effective_roles::organ_id, effective_roles::role, organ_table::path))
            .select((
                <UserRow as Selectable<MultiBackend>>::construct_selection(),
                (effective_roles::organ_id, effective_roles::role).nullable(),
                <Option<OrganRow> as Selectable<MultiBackend>>::construct_selection(),
                organs::version_here(),
                organs::version_nationally(),
            ))
    };
}

/// Loads the user, their roles and the organs of a thing in one statement. `None` if the user does not exist.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown to this program.
pub fn asking(db: &mut Db, user: UserId, thing: Option<Thing>) -> Result<Option<Asking>, StoreError> {
    let rows: Vec<Row> = match thing {
        None => asking!(user, organ_table::id.is_null()).load(db)?,
        Some(Thing::Organ(id)) => asking!(user, organ_table::id.eq(id)).load(db)?,
        Some(Thing::Case(id)) => {
            let theirs = cases::table.filter(cases::id.eq(id)).select(cases::organ_id);
            asking!(user, organ_table::id.eq_any(theirs)).load(db)?
        }
        Some(Thing::Order(id)) => {
            let orders = supervision_orders::table.filter(supervision_orders::id.eq(id));
            asking!(user, organ_table::id.eq_any(orders.select(supervision_orders::organ_id))).load(db)?
        }
        Some(Thing::User(id)) => {
            // These are the roles of another user than the caller. Plain SQL, because diesel would confuse the two uses
            // of `user_roles`.
            let theirs = sql::<Bool>("organs.id IN (SELECT held.organ_id FROM user_roles held WHERE held.user_id = ");
            asking!(user, theirs.bind::<UuidT, _>(id).sql(")")).load(db)?
        }
        Some(Thing::Mail(id)) => {
            let mails = outbox::table.filter(outbox::id.eq(id)).filter(outbox::organ_id.is_not_null());
            asking!(user, organ_table::id.eq_any(mails.select(outbox::organ_id.assume_not_null()))).load(db)?
        }
    };
    put_together(rows)
}

/// Folds the rows, each of which pairs one role with one organ.
fn put_together(rows: Vec<Row>) -> Result<Option<Asking>, StoreError> {
    let mut found: Option<Asking> = None;
    for (user, role, organ, here, nationally) in rows {
        let asking = found.get_or_insert_with(|| Asking { user, roles: Vec::new(), seats: Vec::new() });
        if let Some((organ, code)) = role {
            let role = (organ, parse_role(&code)?);
            if asking.roles.last() != Some(&role) {
                asking.roles.push(role);
            }
        }
        let is_new = |organ: &OrganRow| asking.seats.iter().all(|seat| seat.organ.id != organ.id);
        if let Some(organ) = organ.filter(is_new) {
            asking.seats.push(Seat::new(organ, here, nationally));
        }
    }
    Ok(found)
}

/// An organ and its place in the tree (`/root/…/organ/`).
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OrganPlace {
    /// The organ.
    pub organ_id: OrganId,
    /// Its path.
    pub path: String,
}

impl From<&Seat> for OrganPlace {
    fn from(seat: &Seat) -> Self {
        Self { organ_id: seat.organ.id, path: seat.organ.path.clone() }
    }
}

const PLACE: (organ_table::id, organ_table::path) = (organ_table::id, organ_table::path);

/// The place of an organ.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist.
pub fn of_organ(db: &mut Db, id: OrganId) -> Result<OrganPlace, StoreError> {
    Ok(organ_table::table.filter(organ_table::id.eq(id)).select(PLACE).first(db)?)
}

/// The place of a case, which is the place of its organ.
///
/// # Errors
/// [`StoreError::NotFound`] if the case does not exist.
pub fn of_case(db: &mut Db, id: CaseId) -> Result<OrganPlace, StoreError> {
    let theirs = cases::table.inner_join(organ_table::table.on(organ_table::id.eq(cases::organ_id)));
    Ok(theirs.filter(cases::id.eq(id)).select(PLACE).first(db)?)
}

/// The place of a 督办单, which is the place of the organ that has to answer it.
///
/// # Errors
/// [`StoreError::NotFound`] if the order does not exist.
pub fn of_order(db: &mut Db, id: OrderId) -> Result<OrganPlace, StoreError> {
    let theirs =
        supervision_orders::table.inner_join(organ_table::table.on(organ_table::id.eq(supervision_orders::organ_id)));
    Ok(theirs.filter(supervision_orders::id.eq(id)).select(PLACE).first(db)?)
}

/// The place of the organ a mail is about. `None` for a mail about no single organ.
///
/// # Errors
/// [`StoreError::NotFound`] if the mail does not exist.
pub fn of_mail(db: &mut Db, id: OutboxId) -> Result<Option<OrganPlace>, StoreError> {
    let organ: Option<OrganId> = outbox::table.filter(outbox::id.eq(id)).select(outbox::organ_id).first(db)?;
    organ.map(|organ| of_organ(db, organ)).transpose()
}

/// The root organs, ordered by path.
pub fn at_top(db: &mut Db) -> Result<Vec<OrganPlace>, StoreError> {
    let top = organ_table::table.filter(organ_table::parent_id.is_null());
    Ok(top.order(organ_table::path).select(PLACE).load(db)?)
}

/// The places of all organs in which a user holds a role.
pub fn of_user(db: &mut Db, id: UserId) -> Result<Vec<OrganPlace>, StoreError> {
    let organ_ids = user_roles::table.filter(user_roles::user_id.eq(id)).select(user_roles::organ_id);
    let theirs = organ_table::table.filter(organ_table::id.eq_any(organ_ids));
    Ok(theirs.order(organ_table::path).select(PLACE).load(db)?)
}
