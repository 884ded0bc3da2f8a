//! Signing in and out: passwords, access tokens, refresh tokens, throttling. All state is in the database, so that
//! every instance counts and revokes the same.

use super::{Office, OfficeError};
use crate::case::Role;
use crate::store::{self, DepartmentId, FamilyId, OrganId, StoreError, TokenId, Ts, UserId, tokens, users};
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Who is asking, as the database knows it at this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its id.
    pub user_id: UserId,
    /// The login name.
    pub username: String,
    /// What others see.
    pub display_name: String,
    /// The department, for handlers.
    pub department_id: Option<DepartmentId>,
    /// Every role held, each with its organ.
    pub roles: Vec<(OrganId, Role)>,
}

impl Caller {
    /// The roles this caller has at the organ whose path (`/root/…/organ/`) this is: those held there, and of those held
    /// in an organ above the ones that reach down. Empty means: not the caller's business at all.
    #[must_use]
    pub fn roles_at(&self, organ_path: &str) -> BTreeSet<Role> {
        let own = |id: &OrganId| organ_path.ends_with(&format!("/{}/", id.0));
        let above = |id: &OrganId| organ_path.contains(&format!("/{}/", id.0));
        self.roles
            .iter()
            .filter(|(organ, role)| own(organ) || (reaches_down(*role) && above(organ)))
            .map(|(_, role)| *role)
            .collect()
    }

    /// The organs in which the caller holds the role.
    #[must_use]
    pub fn organs_as(&self, role: Role) -> Vec<OrganId> {
        self.roles.iter().filter(|(_, held)| *held == role).map(|(organ, _)| *organ).collect()
    }
}

/// Whether a role counts in the organs below its own: those that watch and administer, not those that decide cases.
#[must_use]
pub const fn reaches_down(role: Role) -> bool {
    match role {
        Role::Supervisor | Role::Auditor | Role::Admin => true,
        Role::Intake | Role::Clerk | Role::Handler | Role::Reviewer | Role::OfficeHead | Role::Leader => false,
    }
}

/// What a login gives.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct TokenPair {
    /// Goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = String)]
    pub token_type: &'static str,
    /// Seconds the access token lives.
    pub expires_in: u32,
    /// Exchanged once for the next pair.
    pub refresh_token: String,
}

/// What a refresh token turned out to be.
enum Exchange {
    Done { user_id: UserId, epoch: i32, refresh_token: String },
    Refused,
}

impl Office {
    /// Signs in. `address` is the client's, for throttling.
    ///
    /// An unknown name costs the same work and gets the same answer as a wrong password; attempts are counted before
    /// the password is looked at, so that a thousand at once are not a thousand guesses.
    ///
    /// # Errors
    /// [`OfficeError::WrongCredentials`], [`OfficeError::Throttled`].
    pub fn sign_in(&self, username: &str, password: &str, address: &str) -> Result<TokenPair, OfficeError> {
        let username = normal_name(username);
        let keys = AttemptKeys::new(&username, address);
        self.count_attempt(&keys)?;
        let user = self.store().read::<_, OfficeError>(|db| Ok(users::find_by_username(db, &username)?))?;
        let is_right = self.passwords().verify(password, user.as_ref().map(|user| user.password_hash.as_str()));
        let user = user.filter(|user| is_right && user.is_active).ok_or(OfficeError::WrongCredentials)?;
        let now = self.clock().now();
        let (epoch, refresh_token) = self.store().write::<_, OfficeError>(|db| {
            // The password was looked at before: it must still be the one, and no login may be given out while all end.
            users::lock(db, user.id)?;
            let still = users::find(db, user.id)?;
            if !still.is_active || still.password_hash != user.password_hash {
                return Err(OfficeError::WrongCredentials);
            }
            tokens::clear_attempts(db, &keys.pair)?;
            tokens::uncount_attempt(db, &keys.address)?;
            let life = TimeDelta::seconds(i64::from(self.settings().security.refresh_token_s));
            let (row, token) = new_refresh(user.id, FamilyId(Uuid::now_v7()), now, Ts(now.0 + life))?;
            tokens::insert(db, &row)?;
            Ok((still.token_epoch, token))
        })?;
        self.pair(user.id, epoch, refresh_token)
    }

    /// Exchanges a refresh token for the next pair. One that was exchanged before is stolen or stale: the whole login
    /// and every access token of the user end.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`].
    pub fn refresh(&self, refresh_token: &str) -> Result<TokenPair, OfficeError> {
        let hash = digest(refresh_token);
        let now = self.clock().now();
        let exchange = self.store().write::<_, OfficeError>(|db| {
            let Some(user_id) = tokens::find(db, &hash)?.map(|row| row.user_id) else { return Ok(Exchange::Refused) };
            users::lock(db, user_id)?;
            // Looked at again: who held the user before may have ended it.
            let Some(row) = tokens::find(db, &hash)? else { return Ok(Exchange::Refused) };
            let user = users::find(db, row.user_id)?;
            if row.revoked_at.is_some() || row.expires_at <= now || !user.is_active {
                return Ok(Exchange::Refused);
            }
            if row.used_at.is_some() || !tokens::mark_used(db, row.id, now)? {
                tokens::revoke_family(db, row.family, now)?;
                users::bump_epoch(db, row.user_id)?;
                tracing::warn!(user_id = %row.user_id.0, "refresh token used twice: login revoked");
                return Ok(Exchange::Refused);
            }
            let (next, refresh_token) = new_refresh(row.user_id, row.family, now, row.expires_at)?;
            tokens::insert(db, &next)?;
            Ok(Exchange::Done { user_id: row.user_id, epoch: user.token_epoch, refresh_token })
        })?;
        match exchange {
            Exchange::Done { user_id, epoch, refresh_token } => self.pair(user_id, epoch, refresh_token),
            Exchange::Refused => Err(OfficeError::Unauthenticated),
        }
    }

    /// Ends the login of `refresh_token`, or every login of the caller when none is given. Access tokens of the caller
    /// end at once in either case; other logins refresh theirs.
    ///
    /// # Errors
    /// What every write may meet.
    pub fn sign_out(&self, caller: &Caller, refresh_token: Option<&str>) -> Result<(), OfficeError> {
        let now = self.clock().now();
        self.store().write(|db| {
            users::lock(db, caller.user_id)?;
            let row = match refresh_token {
                Some(token) => tokens::find(db, &digest(token))?.filter(|row| row.user_id == caller.user_id),
                None => None,
            };
            match row {
                Some(row) => tokens::revoke_family(db, row.family, now)?,
                None => tokens::revoke_all(db, caller.user_id, now)?,
            }
            Ok(users::bump_epoch(db, caller.user_id)?)
        })
    }

    /// Gives the caller a new password and ends every login.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] when the current password is wrong or the new one breaks the policy,
    /// [`OfficeError::Throttled`].
    pub fn change_password(&self, caller: &Caller, current: &str, new: &str, address: &str) -> Result<(), OfficeError> {
        let keys = AttemptKeys::new(&caller.username, address);
        self.count_attempt(&keys)?;
        let user = self.store().read::<_, OfficeError>(|db| Ok(users::find(db, caller.user_id)?))?;
        if !self.passwords().verify(current, Some(&user.password_hash)) {
            return Err(OfficeError::invalid("/current_password", "wrong_password", "现口令不正确"));
        }
        self.store().write::<_, OfficeError>(|db| {
            tokens::uncount_attempt(db, &keys.address)?;
            Ok(tokens::clear_attempts(db, &keys.pair)?)
        })?;
        self.passwords().judge(new, &user.username, "/new_password")?;
        if current == new {
            return Err(OfficeError::invalid("/new_password", "password_unchanged", "新口令不得与现口令相同"));
        }
        let hash = self.passwords().hash(new)?;
        let now = self.clock().now();
        self.store().write(|db| {
            // An administrator may have given a new one since the old one was looked at: that one stays.
            users::lock(db, user.id)?;
            if users::find(db, user.id)?.password_hash != user.password_hash {
                return Err(OfficeError::Unauthenticated);
            }
            users::set_password(db, user.id, &hash)?;
            Ok(tokens::revoke_all(db, user.id, now)?)
        })
    }

    /// The caller behind an access token, with today's roles.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`] when the token is bad, of an older epoch, or the user is no longer active.
    pub fn caller(&self, access_token: &str) -> Result<Caller, OfficeError> {
        let proof = self.signer().check(access_token, self.clock().now().0.timestamp())?;
        self.store().read(|db| {
            let user = match users::find(db, proof.user_id) {
                Err(StoreError::NotFound) => return Err(OfficeError::Unauthenticated),
                found => found?,
            };
            if !user.is_active || user.token_epoch != proof.epoch {
                return Err(OfficeError::Unauthenticated);
            }
            let roles = users::roles(db, user.id)?;
            let store::users::UserRow { id, username, display_name, department_id, .. } = user;
            Ok(Caller { user_id: id, username, display_name, department_id, roles })
        })
    }

    fn pair(&self, user_id: UserId, epoch: i32, refresh_token: String) -> Result<TokenPair, OfficeError> {
        let access_token = self.signer().issue(user_id, epoch, self.clock().now().0.timestamp())?;
        Ok(TokenPair { access_token, token_type: "Bearer", expires_in: self.signer().life_s(), refresh_token })
    }

    /// Counts one attempt before it is looked at.
    fn count_attempt(&self, keys: &AttemptKeys) -> Result<(), OfficeError> {
        let security = &self.settings().security;
        let window = TimeDelta::seconds(i64::from(security.login_window_s));
        let now = self.clock().now();
        let oldest = Ts(now.0 - window);
        let limits = [(&keys.pair, security.login_failures), (&keys.address, security.login_failures_per_address)];
        self.store()
            .write::<_, OfficeError>(|db| {
                let mut refused_until = None;
                for (key, limit) in limits {
                    let (attempts, since) = tokens::count_attempt(db, key, oldest, now)?;
                    if i64::from(attempts) > i64::from(limit) {
                        refused_until = refused_until.max(Some(since.0 + window));
                    }
                }
                Ok(refused_until)
            })
            .and_then(|refused_until| match refused_until {
                None => Ok(()),
                Some(until) => {
                    let left = (until - now.0).num_seconds().max(0);
                    Err(OfficeError::Throttled { retry_after_s: u64::try_from(left).unwrap_or(0).saturating_add(1) })
                }
            })
    }
}

/// Under what an attempt is counted. The name is hashed: people type passwords into the name field.
struct AttemptKeys {
    pair: String,
    address: String,
}

impl AttemptKeys {
    fn new(username: &str, address: &str) -> Self {
        Self {
            pair: format!("user:{}", digest(&format!("{username}\n{address}"))),
            address: format!("address:{address}"),
        }
    }
}

/// Login names are compared without regard to case and surrounding blanks.
#[must_use]
pub fn normal_name(username: &str) -> String {
    username.trim().to_lowercase()
}

fn new_refresh(
    user_id: UserId,
    family: FamilyId,
    now: Ts,
    expires_at: Ts,
) -> Result<(tokens::RefreshRow, String), OfficeError> {
    let mut bytes = [0_u8; 32];
    super::random(&mut bytes)?;
    let token = hex::encode(bytes);
    let row = tokens::RefreshRow {
        id: TokenId(Uuid::now_v7()),
        user_id,
        family,
        token_hash: digest(&token),
        issued_at: now,
        expires_at,
        used_at: None,
        revoked_at: None,
    };
    Ok((row, token))
}

/// SHA-256, hexadecimal: tokens of 256 random bits need no slow hash.
pub(super) fn digest(text: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
}
