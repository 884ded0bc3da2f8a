//! Sign-in and sign-out: passwords, access tokens, refresh tokens. All state is in the database, so that every instance
//! counts and revokes alike. Each step is recorded in the audit log.

use crate::case::AuditAction;
use crate::office::{Caller, OfficeError, Origin, People};
use crate::store::people::users::UserRow;
use crate::store::{
    Db, FamilyId, TokenId, Ts, UserId,
    people::{tokens, users},
};
use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

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

/// The result of an attempt to sign in.
pub struct SignIn {
    /// The account with that name, for the request log. `None` if the attempt was throttled or there is no such
    /// account.
    pub user_id: Option<UserId>,
    /// The tokens, or [`OfficeError::WrongCredentials`] or [`OfficeError::Throttled`].
    pub result: Result<TokenPair, OfficeError>,
}

/// The result of exchanging a refresh token.
enum Exchange {
    Done { user_id: UserId, epoch: i32, refresh_token: String },
    Refused,
}

impl People<'_> {
    /// Records an action of the caller on a user's account.
    pub(in crate::office) fn note_about(
        &self,
        db: &mut Db,
        caller: &Caller,
        user: UserId,
        action: AuditAction,
        detail: &Value,
    ) -> Result<(), OfficeError> {
        self.service().record(db, &caller.origin, action, Some(caller.user_id), Some(user), detail)?;
        Ok(())
    }

    /// Signs in. `office/throttle.rs` describes the throttle.
    ///
    /// An unknown name costs the same work and gets the same answer as a wrong password.
    pub fn sign_in(&self, username: &str, password: &str, origin: &Origin) -> SignIn {
        let mut user_id = None;
        let result = self.try_sign_in(username, password, origin, &mut user_id);
        SignIn { user_id, result }
    }

    fn try_sign_in(
        &self,
        username: &str,
        password: &str,
        origin: &Origin,
        user_id: &mut Option<UserId>,
    ) -> Result<TokenPair, OfficeError> {
        let username = normal_name(username);
        let admission = self.store().write(|db| self.begin_sign_in(db, &username, origin))?;
        let attempt = admission.open()?;
        *user_id = attempt.user.as_ref().map(|user| user.id);
        let hash = attempt.user.as_ref().map(|user| user.password_hash.as_str());
        let is_right = self.passwords().verify(password, hash);
        let Some(user) = attempt.user.as_ref().filter(|user| is_right && user.is_active) else {
            self.store().write(|db| self.record_failure(db, &username, attempt.user.as_ref(), is_right, origin))?;
            return Err(OfficeError::WrongCredentials);
        };
        let now = self.clock().now();
        let (epoch, refresh_token) = self.store().write::<_, OfficeError>(|db| {
            // The password was verified outside this transaction: check that it has not changed, and lock the user so
            // that no login is issued while all logins are being ended.
            users::lock(db, user.id)?;
            let still = users::find(db, user.id)?;
            if !still.is_active || still.password_hash != user.password_hash {
                return Err(OfficeError::WrongCredentials);
            }
            self.end_sign_in(db, user.id, &attempt, origin)?;
            let life = TimeDelta::seconds(i64::from(self.settings().security.refresh_token_s));
            let (row, token) = new_refresh(user.id, FamilyId(Uuid::now_v7()), now, Ts(now.0 + life))?;
            tokens::insert(db, &row)?;
            self.service().record(db, origin, AuditAction::SignedIn, Some(user.id), Some(user.id), &json!({}))?;
            Ok((still.token_epoch, token))
        })?;
        self.pair(user.id, epoch, refresh_token)
    }

    /// Records an unknown name only as a keyed hash: it may be a password typed into the wrong field.
    fn record_failure(
        &self,
        db: &mut Db,
        username: &str,
        user: Option<&UserRow>,
        is_right: bool,
        origin: &Origin,
    ) -> Result<(), OfficeError> {
        let detail = match user {
            Some(_) if is_right => json!({ "why": "inactive" }),
            Some(_) => json!({ "why": "wrong_password" }),
            None => {
                let name = self.store().sealer().blind_index("gongkai/login-name/1", username);
                json!({ "why": "unknown_name", "name_hash": name })
            }
        };
        self.service().record(db, origin, AuditAction::SignInFailed, None, user.map(|user| user.id), &detail)?;
        Ok(())
    }

    /// Exchanges a refresh token for the next pair. A token exchanged before is stolen or stale: its login and every
    /// access token of the user are revoked.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`] if the token is unknown, expired, revoked or already used, or the user is
    /// inactive.
    pub fn refresh(&self, refresh_token: &str, origin: &Origin) -> Result<TokenPair, OfficeError> {
        let hash = digest(refresh_token);
        let now = self.clock().now();
        let exchange = self.store().write::<_, OfficeError>(|db| {
            let Some(user_id) = tokens::find(db, &hash)?.map(|row| row.user_id) else { return Ok(Exchange::Refused) };
            users::lock(db, user_id)?;
            // Loaded again, because the transaction that held the lock before may have revoked it.
            let Some(row) = tokens::find(db, &hash)? else { return Ok(Exchange::Refused) };
            let user = users::find(db, row.user_id)?;
            if row.revoked_at.is_some() || row.expires_at <= now || !user.is_active {
                return Ok(Exchange::Refused);
            }
            if row.used_at.is_some() || !tokens::mark_used(db, row.id, now)? {
                tokens::revoke_family(db, row.family, now)?;
                users::bump_epoch(db, row.user_id)?;
                self.service().record(
                    db,
                    origin,
                    AuditAction::RefreshTokenReused,
                    None,
                    Some(row.user_id),
                    &json!({}),
                )?;
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

    /// Ends the login of `refresh_token`, or every login of the caller if it is missing or not the caller's. In
    /// either case revokes all access tokens of the caller; other logins refresh theirs.
    pub fn sign_out(&self, caller: &Caller, refresh_token: Option<&str>) -> Result<(), OfficeError> {
        let now = self.clock().now();
        self.store().write(|db| {
            users::lock(db, caller.user_id)?;
            let row = match refresh_token {
                Some(token) => tokens::find(db, &digest(token))?.filter(|row| row.user_id == caller.user_id),
                None => None,
            };
            let detail = json!({ "every_login": row.is_none() });
            match row {
                Some(row) => tokens::revoke_family(db, row.family, now)?,
                None => tokens::revoke_all(db, caller.user_id, now)?,
            }
            users::bump_epoch(db, caller.user_id)?;
            self.note_about(db, caller, caller.user_id, AuditAction::SignedOut, &detail)
        })
    }

    /// Changes the caller's password and ends every login.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if the current password is wrong, or the new one breaks the policy or equals the
    /// current one; [`OfficeError::Throttled`] after too many attempts; [`OfficeError::Unauthenticated`] if the
    /// password was changed concurrently.
    pub fn change_password(&self, caller: &Caller, current: &str, new: &str) -> Result<(), OfficeError> {
        let id = caller.user_id;
        self.store().write(|db| self.begin_password_change(db, id, &caller.origin))?.open()?;
        let user = self.store().read::<_, OfficeError>(|db| Ok(users::find(db, id)?))?;
        if !self.passwords().verify(current, Some(&user.password_hash)) {
            self.store().write(|db| self.note_about(db, caller, id, AuditAction::PasswordChangeFailed, &json!({})))?;
            return Err(OfficeError::invalid("/current_password", "wrong_password", "现口令不正确"));
        }
        self.store().write(|db| self.end_password_change(db, id))?;
        self.passwords().judge(new, &user.username, "/new_password")?;
        if current == new {
            return Err(OfficeError::invalid("/new_password", "password_unchanged", "新口令不得与现口令相同"));
        }
        let hash = self.passwords().hash(new)?;
        let now = self.clock().now();
        self.store().write(|db| {
            // An administrator may have reset the password since it was verified. That password stays.
            users::lock(db, id)?;
            if users::find(db, id)?.password_hash != user.password_hash {
                return Err(OfficeError::Unauthenticated);
            }
            users::set_password(db, id, &hash)?;
            tokens::revoke_all(db, id, now)?;
            self.note_about(db, caller, id, AuditAction::PasswordChanged, &json!({}))
        })
    }

    fn pair(&self, user_id: UserId, epoch: i32, refresh_token: String) -> Result<TokenPair, OfficeError> {
        let access_token = self.signer().issue(user_id, epoch, self.clock().now().0.timestamp())?;
        Ok(TokenPair { access_token, token_type: "Bearer", expires_in: self.signer().life_s(), refresh_token })
    }
}

/// Normalises a login name: trimmed and in lower case.
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
    crate::office::random(&mut bytes)?;
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

/// SHA-256 in hexadecimal. Tokens of 256 random bits need no slow hash.
pub(in crate::office) fn digest(text: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
}
