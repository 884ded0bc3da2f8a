//! Access tokens: HS256, short-lived, checked against the user's epoch on every request.

use crate::config::Security;
use crate::office::OfficeError;
use crate::store::{Sealer, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Issuer and audience of our tokens.
const ISSUER: &str = "gongkai";
const AUDIENCE: &str = "gongkai-api";
/// The `typ` claim of an access token. Tokens of any other type are rejected.
const KIND: &str = "access";

/// The claims of a token. We are the only issuer, so an unknown claim marks a forgery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    typ: String,
    epoch: i32,
    iat: i64,
    exp: i64,
}

/// The content of a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The user it was issued to.
    pub user_id: UserId,
    /// The user's epoch when it was issued.
    pub epoch: i32,
}

/// Issues and checks access tokens.
#[derive(Clone)]
pub struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    life_s: u32,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("life_s", &self.life_s).finish_non_exhaustive()
    }
}

impl Signer {
    /// Uses the configured secret. On SQLite without one, derives a secret from the sealing key.
    #[must_use]
    pub fn new(security: &Security, sealer: &Sealer) -> Self {
        let configured = security.token_secret.expose();
        // A keyed hash under its own label: as strong as the sealing key, and it reveals nothing about that key.
        let secret = if configured.is_empty() {
            sealer.blind_index("gongkai/access-token/1", "")
        } else {
            configured.to_owned()
        };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = u64::from(security.token_leeway_s);
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iat", "sub", "aud", "iss"]);
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            life_s: security.access_token_s,
        }
    }

    /// Lifetime of a token in seconds.
    #[must_use]
    pub fn life_s(&self) -> u32 {
        self.life_s
    }

    /// Issues a token for the user, valid from `now` (Unix seconds).
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if signing fails.
    pub fn issue(&self, user_id: UserId, epoch: i32, now: i64) -> Result<String, OfficeError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id.0,
            typ: KIND.to_owned(),
            epoch,
            iat: now,
            exp: now.saturating_add(i64::from(self.life_s)),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|cause| OfficeError::Internal(format!("token not signed: {cause}")))
    }

    /// Checks the token itself. The caller must compare its epoch with the user's.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`] if any check fails.
    pub fn check(&self, token: &str, now: i64) -> Result<Proof, OfficeError> {
        let good = || {
            let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
            let claims = data.claims;
            // We never write a key id, embedded key, key URL or critical extension, so a header with any of these is
            // not ours.
            let is_our_header = data.header == Header::new(Algorithm::HS256);
            let leeway = i64::try_from(self.validation.leeway).unwrap_or(0);
            let is_our_span = claims.iat <= now.saturating_add(leeway)
                && claims.exp.saturating_sub(claims.iat) == i64::from(self.life_s);
            (is_our_header && is_our_span && claims.typ == KIND)
                .then_some(Proof { user_id: UserId(claims.sub), epoch: claims.epoch })
        };
        good().ok_or(OfficeError::Unauthenticated)
    }
}
