//! Access tokens: HS256, short, checked against the user's epoch at every request.

use crate::config::Security;
use crate::office::OfficeError;
use crate::store::{Sealer, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who issues and who accepts.
const ISSUER: &str = "gongkai";
const AUDIENCE: &str = "gongkai-api";
/// What an access token says it is; nothing else is accepted as one.
const KIND: &str = "access";

/// What a token says. We are the only issuer: a claim we did not write makes the token a forgery.
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

/// What a good token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whose token it is.
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
    /// Takes the configured secret, or on SQLite without one a secret derived from the key file beside the database.
    #[must_use]
    pub fn new(security: &Security, sealer: &Sealer) -> Self {
        let configured = security.token_secret.expose();
        // A keyed hash under a name of its own: as good a key as the file's, and it reveals nothing about that.
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

    /// Seconds a token lives.
    #[must_use]
    pub fn life_s(&self) -> u32 {
        self.life_s
    }

    /// A token for the user, from `now` (Unix seconds) on.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] when signing fails.
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

    /// Checks everything a token says by itself; whether its epoch is still the user's is for the caller to look up.
    ///
    /// # Errors
    /// [`OfficeError::Unauthenticated`], whatever is wrong.
    pub fn check(&self, token: &str, now: i64) -> Result<Proof, OfficeError> {
        let good = || {
            let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
            let claims = data.claims;
            // A key id, a key, an address of keys, a critical extension: we never write one, so we follow none.
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
