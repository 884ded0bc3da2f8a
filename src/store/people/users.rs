//! Users and the roles they hold in organs.

use diesel::prelude::*;

use crate::case::Role;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{user_roles, users};
use crate::store::{DepartmentId, OrganId, StoreError, Ts, UserId};

/// The kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// A member of staff.
    Person,
    /// Another system, such as the front desk.
    Machine,
}

impl UserKind {
    /// The code in the database and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Person, Self::Machine].into_iter().find(|kind| kind.code() == code)
    }
}

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct UserRow {
    /// Id.
    pub id: UserId,
    /// The login name, unique and in lower case.
    pub username: String,
    /// The name shown to others.
    pub display_name: String,
    /// The address for reminders.
    pub email: Option<String>,
    /// [`UserKind`] as its code.
    pub kind: String,
    /// Argon2id hash in PHC format.
    pub password_hash: String,
    /// The department, for handlers.
    pub department_id: Option<DepartmentId>,
    /// Whether the user may sign in.
    pub is_active: bool,
    /// Tokens of an older epoch are invalid.
    pub token_epoch: i32,
    /// When it was added.
    pub created_at: Ts,
    /// Incremented by each change.
    pub version: i64,
}

/// Changes of a user. A `None` field keeps the stored value.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// New display name.
    pub display_name: Option<String>,
    /// New address. `Some(None)` removes it.
    pub email: Option<Option<String>>,
    /// New department. `Some(None)` removes it.
    pub department_id: Option<Option<DepartmentId>>,
    /// Whether the user may sign in.
    pub is_active: Option<bool>,
}

fn columns() -> <UserRow as Selectable<MultiBackend>>::SelectExpression {
    <UserRow as Selectable<MultiBackend>>::construct_selection()
}

/// Adds a user.
///
/// # Errors
/// [`StoreError::Conflict`] if the login name is taken.
pub fn insert(db: &mut Db, user: &UserRow) -> Result<(), StoreError> {
    diesel::insert_into(users::table).values(user).execute(db)?;
    Ok(())
}

/// Loads a user by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the user does not exist.
pub fn find(db: &mut Db, id: UserId) -> Result<UserRow, StoreError> {
    Ok(users::table.filter(users::id.eq(id)).select(columns()).first(db)?)
}

/// Locks a user's row until the transaction ends. Other transactions may still add rows that refer to the user.
///
/// Issuing a login and ending all logins both lock the user first, so that a login issued at the same time is not
/// missed.
///
/// # Errors
/// [`StoreError::NotFound`] if the user does not exist; [`StoreError::Busy`] if the wait times out.
pub fn lock(db: &mut Db, id: UserId) -> Result<(), StoreError> {
    let row = users::table.filter(users::id.eq(id)).select(users::id);
    let _: UserId = match db {
        Db::Pg(db) => row.for_no_key_update().first(db)?,
        Db::Lite(db) => row.first(db)?,
    };
    Ok(())
}

/// The display names of these users, in any order.
pub fn names(db: &mut Db, of: &[UserId]) -> Result<Vec<(UserId, String)>, StoreError> {
    Ok(users::table.filter(users::id.eq_any(of)).select((users::id, users::display_name)).load(db)?)
}

/// The user with this login name, if there is one.
pub fn find_by_username(db: &mut Db, username: &str) -> Result<Option<UserRow>, StoreError> {
    Ok(users::table.filter(users::username.eq(username)).select(columns()).first(db).optional()?)
}

/// Whether the user exists and may sign in.
pub fn is_active(db: &mut Db, id: UserId) -> Result<bool, StoreError> {
    let found: Option<bool> = users::table.filter(users::id.eq(id)).select(users::is_active).first(db).optional()?;
    Ok(found == Some(true))
}

/// Whether there is any user.
pub fn any(db: &mut Db) -> Result<bool, StoreError> {
    Ok(users::table.select(users::id).limit(1).first::<UserId>(db).optional()?.is_some())
}

/// Users with a role in `organ`, by login name, after the name `after`.
pub fn page(db: &mut Db, organ: OrganId, after: Option<&str>, limit: i64) -> Result<Vec<UserRow>, StoreError> {
    let members = user_roles::table.filter(user_roles::organ_id.eq(organ)).select(user_roles::user_id);
    let mut query = users::table.filter(users::id.eq_any(members)).select(columns()).into_boxed();
    if let Some(after) = after {
        query = query.filter(users::username.gt(after.to_owned()));
    }
    Ok(query.order(users::username).limit(limit).load(db)?)
}

/// Updates a user whose version is still that of `seen`.
///
/// Increments the stored epoch instead of writing one derived from `seen`: a sign-out in the meantime raises the epoch
/// without a new version, and the tokens it revoked must stay invalid.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs, [`StoreError::Dangling`] if the department does not exist.
pub fn update(db: &mut Db, seen: &UserRow, change: &UserChange) -> Result<(), StoreError> {
    let is_active = change.is_active.unwrap_or(seen.is_active);
    let raised = i32::from(is_active != seen.is_active);
    let changed = diesel::update(users::table.filter(users::id.eq(seen.id)).filter(users::version.eq(seen.version)))
        .set((
            users::display_name.eq(change.display_name.clone().unwrap_or_else(|| seen.display_name.clone())),
            users::email.eq(change.email.clone().unwrap_or_else(|| seen.email.clone())),
            users::department_id.eq(change.department_id.unwrap_or(seen.department_id)),
            users::is_active.eq(is_active),
            users::token_epoch.eq(users::token_epoch + raised),
            users::version.eq(users::version + 1),
        ))
        .execute(db)?;
    one_row(changed)
}

/// Records a change of the user's roles: increments version and epoch, which invalidates every token issued so far.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs.
pub fn touch(db: &mut Db, id: UserId, version: i64) -> Result<(), StoreError> {
    let changed = diesel::update(users::table.filter(users::id.eq(id)).filter(users::version.eq(version)))
        .set((users::token_epoch.eq(users::token_epoch + 1), users::version.eq(users::version + 1)))
        .execute(db)?;
    one_row(changed)
}

/// Invalidates every access token issued to the user so far.
///
/// # Errors
/// [`StoreError::NotFound`] if the user does not exist.
pub fn bump_epoch(db: &mut Db, id: UserId) -> Result<(), StoreError> {
    let changed = diesel::update(users::table.filter(users::id.eq(id)))
        .set(users::token_epoch.eq(users::token_epoch + 1))
        .execute(db)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Removes the user's department. The caller must have counted the change ([`touch`]).
pub fn drop_department(db: &mut Db, id: UserId) -> Result<(), StoreError> {
    let row = users::table.filter(users::id.eq(id));
    diesel::update(row).set(users::department_id.eq(None::<DepartmentId>)).execute(db)?;
    Ok(())
}

/// Stores a new password hash and invalidates every token issued so far.
///
/// # Errors
/// [`StoreError::NotFound`] if the user does not exist.
pub fn set_password(db: &mut Db, id: UserId, hash: &str) -> Result<(), StoreError> {
    let changed = diesel::update(users::table.filter(users::id.eq(id)))
        .set((
            users::password_hash.eq(hash),
            users::token_epoch.eq(users::token_epoch + 1),
            users::version.eq(users::version + 1),
        ))
        .execute(db)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// The roles of a user, ordered by organ and code.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown.
pub fn roles(db: &mut Db, id: UserId) -> Result<Vec<(OrganId, Role)>, StoreError> {
    let rows: Vec<(OrganId, String)> = user_roles::table
        .filter(user_roles::user_id.eq(id))
        .order((user_roles::organ_id, user_roles::role))
        .select((user_roles::organ_id, user_roles::role))
        .load(db)?;
    rows.into_iter().map(|(organ, code)| Ok((organ, parse_role(&code)?))).collect()
}

/// Whether the user is active, and their department. `None`: the user has no role in the organ.
///
/// # Errors
/// As every read.
pub fn member(db: &mut Db, id: UserId, organ: OrganId) -> Result<Option<(bool, Option<DepartmentId>)>, StoreError> {
    let held = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::user_id.eq(id))
        .filter(user_roles::organ_id.eq(organ));
    Ok(held.select((users::is_active, users::department_id)).first(db).optional()?)
}

/// Whether an active user other than `but` holds a role in one of these organs.
pub fn is_held_by_another(db: &mut Db, organs: &[OrganId], role: Role, but: UserId) -> Result<bool, StoreError> {
    let others = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::organ_id.eq_any(organs))
        .filter(user_roles::role.eq(role.code()))
        .filter(users::id.ne(but))
        .filter(users::is_active);
    let found: Option<UserId> = others.select(users::id).first(db).optional()?;
    Ok(found.is_some())
}

/// Replaces the user's roles in one organ.
///
/// # Errors
/// [`StoreError::Dangling`] if the user or the organ does not exist.
pub fn set_roles(db: &mut Db, id: UserId, organ: OrganId, roles: &[Role]) -> Result<(), StoreError> {
    diesel::delete(user_roles::table.filter(user_roles::user_id.eq(id)).filter(user_roles::organ_id.eq(organ)))
        .execute(db)?;
    for role in roles {
        let row =
            (user_roles::user_id.eq(id), user_roles::organ_id.eq(organ), user_roles::role.eq(role.code().to_owned()));
        diesel::insert_into(user_roles::table).values(row).execute(db)?;
    }
    Ok(())
}

/// The active users who hold `role` in `organ`, by login name.
pub fn holders(db: &mut Db, organ: OrganId, role: Role) -> Result<Vec<UserRow>, StoreError> {
    let members = user_roles::table
        .filter(user_roles::organ_id.eq(organ))
        .filter(user_roles::role.eq(role.code().to_owned()))
        .select(user_roles::user_id);
    Ok(users::table
        .filter(users::id.eq_any(members))
        .filter(users::is_active.eq(true))
        .select(columns())
        .order(users::username)
        .load(db)?)
}

pub(in crate::store) fn parse_role(code: &str) -> Result<Role, StoreError> {
    Role::from_code(code).ok_or_else(|| StoreError::Corrupt("user_roles.role".into()))
}

fn one_row(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
