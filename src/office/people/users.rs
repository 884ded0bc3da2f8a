//! Users: added, given roles, changed and deactivated by the administrators of their organs.

use super::auth::normal_name;
use super::holding::of_leaving_user;
use super::indispensable::refuse_last;
use super::leaving::organs_of;
use super::organs::taken;
use super::succession::refuse_ended;
use crate::case::{AuditAction, Role};
use crate::office::service::validation::{Checks, is_email};
use crate::office::{Caller, OfficeError, Passwords, People};
use crate::store::people::users::{self, UserChange, UserKind, UserRow};
use crate::store::{
    Db, DepartmentId, OrganId, StoreError, UserId,
    people::{access, departments, organs, tokens},
    reminders::feeds,
};

/// The values of a new user. The password is always generated: a chosen one would have to be transmitted and might be
/// reused.
#[derive(Debug, Clone)]
pub struct UserDraft {
    /// Login name.
    pub username: String,
    /// The name shown to others.
    pub display_name: String,
    /// The address for reminders.
    pub email: Option<String>,
    /// Person or machine.
    pub kind: UserKind,
    /// Department in the organ.
    pub department_id: Option<DepartmentId>,
    /// Roles in the organ. At least one.
    pub roles: Vec<Role>,
}

/// A user with all roles.
#[derive(Debug, Clone)]
pub struct UserWithRoles {
    /// The user.
    pub user: UserRow,
    /// Its roles.
    pub roles: Vec<(OrganId, Role)>,
}

impl People<'_> {
    /// Adds a user with roles in `organ`. `password_hash` comes from [`Passwords::hash`], computed before the
    /// transaction.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for invalid values, [`OfficeError::Conflict`] if the login name is taken.
    pub fn add_user(
        &self,
        db: &mut Db,
        organ: OrganId,
        draft: &UserDraft,
        password_hash: &str,
    ) -> Result<UserWithRoles, OfficeError> {
        let place = organs::find(db, organ)?;
        refuse_ended(db, &place)?;
        let mut checks = Checks::new();
        let username = normal_name(&checks.code("/username", &draft.username, 60));
        let display_name = checks.line("/display_name", &draft.display_name, 60);
        let email = check_email(&mut checks, draft.email.as_deref());
        check_department(&mut checks, db, organ, draft.department_id)?;
        check_roles(&mut checks, &draft.roles);
        checks.done()?;
        let user = UserRow {
            id: UserId::new(),
            username,
            display_name,
            email,
            kind: draft.kind.code().to_owned(),
            password_hash: password_hash.to_owned(),
            department_id: draft.department_id,
            is_active: true,
            token_epoch: 0,
            created_at: self.clock().now(),
            version: 1,
        };
        users::insert(db, &user).map_err(|error| taken(error, "用户名已被使用"))?;
        users::set_roles(db, user.id, organ, &distinct(&draft.roles))?;
        let roles = users::roles(db, user.id)?;
        Ok(UserWithRoles { user, roles })
    }

    /// The users with a role in an organ, by login name, after `after`.
    pub fn users(&self, organ: OrganId, after: Option<&str>, limit: i64) -> Result<Vec<UserWithRoles>, OfficeError> {
        self.store().read(|db| {
            let rows = users::page(db, organ, after, limit)?;
            rows.into_iter().map(|user| Ok(UserWithRoles { roles: users::roles(db, user.id)?, user })).collect()
        })
    }

    /// Loads a user by id.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the user does not exist.
    pub fn user(&self, id: UserId) -> Result<UserWithRoles, OfficeError> {
        self.store().read(|db| Ok(UserWithRoles { user: users::find(db, id)?, roles: users::roles(db, id)? }))
    }

    /// Changes a user. `version` is the version the caller saw. A user with roles in several organs may only be changed
    /// by an administrator of all of them, so that one organ cannot take over an account that another trusts.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller administers none of the user's organs, [`OfficeError::RoleRequired`] if
    /// only some; [`OfficeError::Stale`] if the version differs; [`OfficeError::Invalid`] for invalid values;
    /// [`OfficeError::Refused`] as [`refuse_last`], and `user_has_open_cases` for a deactivation unless `leave_as_is`.
    pub fn change_user(
        &self,
        caller: &Caller,
        id: UserId,
        version: i64,
        change: UserChange,
        leave_as_is: bool,
    ) -> Result<UserWithRoles, OfficeError> {
        self.store().write(|db| {
            require_admin_everywhere(db, caller, id)?;
            let user = users::find(db, id)?;
            if user.version != version {
                return Err(OfficeError::Stale);
            }
            let change = self.checked_change(db, &user, change)?;
            let mut detail = serde_json::json!({ "user_id": id.0 });
            if user.is_active && change.is_active == Some(false) {
                let lost = users::roles(db, id)?;
                refuse_last(db, id, &lost)?;
                detail["left_open_cases"] = of_leaving_user(db, id, leave_as_is)?.into();
            }
            users::update(db, &user, &change)?;
            if change.is_active == Some(false) {
                tokens::revoke_all(db, id, self.clock().now())?;
                let had = organs_of(db, id)?;
                detail["taken_back"] = serde_json::json!(self.take_back(db, &user, &had)?);
            }
            let action = match change.is_active {
                Some(false) if user.is_active => AuditAction::UserDeactivated,
                Some(true) if !user.is_active => AuditAction::UserReactivated,
                Some(_) | None => AuditAction::UserChanged,
            };
            self.note_about(db, caller, id, action, &detail)?;
            Ok(UserWithRoles { user: users::find(db, id)?, roles: users::roles(db, id)? })
        })
    }

    fn checked_change(&self, db: &mut Db, user: &UserRow, change: UserChange) -> Result<UserChange, OfficeError> {
        let mut checks = Checks::new();
        let display_name = change.display_name.map(|name| checks.line("/display_name", &name, 60));
        let email = change.email.map(|email| check_email(&mut checks, email.as_deref()));
        if let Some(Some(department)) = change.department_id {
            let of: Vec<OrganId> = users::roles(db, user.id)?.into_iter().map(|(organ, _)| organ).collect();
            let is_theirs = departments::list(db, &of)?.iter().any(|row| row.id == department && row.is_active);
            if !is_theirs {
                checks.fault("/department_id", "not_found", "没有这个科室");
            }
        }
        checks.done()?;
        Ok(UserChange { display_name, email, department_id: change.department_id, is_active: change.is_active })
    }

    /// Replaces a user's roles in `organ`. Invalidates every token of the user. Leaving an organ also revokes queued
    /// mail, department and deputyships there (see `leaving`). The last role cannot be removed: deactivate the user
    /// instead.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller administers none of the user's organs, [`OfficeError::Stale`] if the
    /// version differs, [`OfficeError::Refused`] `last_role` if no role would be left, and as [`refuse_last`].
    pub fn set_roles(
        &self,
        caller: &Caller,
        organ: OrganId,
        id: UserId,
        version: i64,
        roles: &[Role],
    ) -> Result<UserWithRoles, OfficeError> {
        self.store().write(|db| {
            let is_visible =
                access::of_user(db, id)?.iter().any(|place| caller.roles_at(&place.path).contains(&Role::Admin));
            if !is_visible {
                return Err(OfficeError::NotFound);
            }
            let place = organs::find(db, organ)?;
            refuse_ended(db, &place)?;
            users::touch(db, id, version)?;
            let (before, had) = (users::find(db, id)?, organs_of(db, id)?);
            if before.is_active {
                let mut lost = users::roles(db, id)?;
                lost.retain(|(place, role)| *place == organ && !roles.contains(role));
                refuse_last(db, id, &lost)?;
            }
            users::set_roles(db, id, organ, &distinct(roles))?;
            if organs_of(db, id)?.is_empty() {
                return Err(OfficeError::Refused {
                    code: "last_role".into(),
                    article: None,
                    detail: "不能取消用户的最后一个角色；离岗人员请停用账号".to_owned(),
                    errors: Vec::new(),
                });
            }
            let taken = self.take_back(db, &before, &had)?;
            let detail = serde_json::json!({ "user_id": id.0, "roles": roles, "taken_back": taken });
            self.note(db, caller, Some(organ), AuditAction::UserRolesSet, &detail)?;
            Ok(UserWithRoles { user: users::find(db, id)?, roles: users::roles(db, id)? })
        })
    }

    /// Sets a new generated password and ends every login. Returns the password, which is not stored.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller administers none of the user's organs, [`OfficeError::RoleRequired`] if
    /// only some.
    pub fn reset_password(&self, caller: &Caller, id: UserId) -> Result<String, OfficeError> {
        let password = Passwords::generate()?;
        let hash = self.passwords().hash(&password)?;
        let now = self.clock().now();
        self.store().write::<_, OfficeError>(|db| {
            // Locked first, so that no other organ can give the user a role between the check and the change.
            users::lock(db, id)?;
            require_admin_everywhere(db, caller, id)?;
            users::set_password(db, id, &hash)?;
            tokens::revoke_all(db, id, now)?;
            // A person who had the password may have the calendar address too.
            feeds::remove(db, id)?;
            self.note_about(db, caller, id, AuditAction::PasswordReset, &serde_json::json!({ "user_id": id.0 }))
        })?;
        Ok(password)
    }

    /// Creates the first administrator, and an organ if the database has none. `serve` calls it when there are no users.
    /// Returns name and password, or `None` if there are users.
    pub fn first_administrator(&self) -> Result<Option<(String, String)>, OfficeError> {
        if self.store().read::<_, OfficeError>(|db| Ok(users::any(db)?))? {
            return Ok(None);
        }
        let password = Passwords::generate()?;
        let hash = self.passwords().hash(&password)?;
        let made = self.store().write::<_, OfficeError>(|db| {
            if users::any(db)? {
                return Ok(false);
            }
            let roots = self.root_organs(db)?;
            let mut roots = roots.into_iter();
            let first = match roots.next() {
                Some(first) => first,
                None => self.insert_organ(db, &super::organs::first_organ())?.id,
            };
            let user = self.add_user(db, first, &administrator(), &hash)?;
            for root in roots {
                users::set_roles(db, user.user.id, root, &[Role::Admin])?;
            }
            Ok(true)
        });
        match made {
            Ok(true) => Ok(Some((ADMINISTRATOR.to_owned(), password))),
            // Another instance started on the same database at the same time and was first.
            Ok(false) | Err(OfficeError::Conflict { .. } | OfficeError::Stale) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The organs without a parent.
    fn root_organs(&self, db: &mut Db) -> Result<Vec<OrganId>, OfficeError> {
        Ok(organs::all(db)?.into_iter().filter(|row| row.parent_id.is_none()).map(|row| row.id).collect())
    }

    /// Makes the first administrator, if present, administrator of a further root organ.
    pub fn grant_first_administrator(&self, db: &mut Db, organ: OrganId) -> Result<(), OfficeError> {
        let Some(user) = users::find_by_username(db, ADMINISTRATOR)? else { return Ok(()) };
        Ok(users::set_roles(db, user.id, organ, &[Role::Admin])?)
    }
}

/// Login name of the first administrator.
pub const ADMINISTRATOR: &str = "admin";

fn administrator() -> UserDraft {
    UserDraft {
        username: ADMINISTRATOR.to_owned(),
        display_name: "系统管理员".to_owned(),
        email: None,
        kind: UserKind::Person,
        department_id: None,
        roles: vec![Role::Admin],
    }
}

/// Requires that the caller administers every organ in which the user holds a role.
fn require_admin_everywhere(db: &mut Db, caller: &Caller, id: UserId) -> Result<(), OfficeError> {
    let places = access::of_user(db, id)?;
    let administers = |place: &access::OrganPlace| caller.roles_at(&place.path).contains(&Role::Admin);
    if places.iter().all(administers) {
        Ok(())
    } else if places.iter().any(administers) {
        Err(OfficeError::RoleRequired { roles: vec![Role::Admin] })
    } else {
        Err(OfficeError::NotFound)
    }
}

fn check_roles(checks: &mut Checks, roles: &[Role]) {
    if roles.is_empty() {
        checks.fault("/roles", "required", "至少需要一个角色");
    }
}

fn check_email(checks: &mut Checks, email: Option<&str>) -> Option<String> {
    let email = checks.optional_line("/email", email, 254)?;
    if !is_email(&email) {
        checks.fault("/email", "invalid_value", "电子邮箱格式不正确");
    }
    Some(email)
}

fn check_department(
    checks: &mut Checks,
    db: &mut Db,
    organ: OrganId,
    department: Option<DepartmentId>,
) -> Result<(), OfficeError> {
    let Some(department) = department else { return Ok(()) };
    match departments::find(db, department) {
        Ok(row) if row.organ_id == organ && row.is_active => {}
        Ok(_) | Err(StoreError::NotFound) => checks.fault("/department_id", "not_found", "没有这个科室"),
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

fn distinct(roles: &[Role]) -> Vec<Role> {
    let set: std::collections::BTreeSet<Role> = roles.iter().copied().collect();
    set.into_iter().collect()
}
