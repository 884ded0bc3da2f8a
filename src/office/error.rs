//! Why a use case did not happen.

use crate::case::{NotAllowed, Role};
use crate::report::files::TOO_LARGE;
use crate::store::StorageFault;
use serde::Serialize;
use std::borrow::Cow;

/// One field of the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer into the request body, e.g. `/applicant/name`; `?name` for a query parameter.
    pub pointer: String,
    /// Stable code.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// What is wrong, in Chinese; never repeats the value.
    pub detail: String,
}

impl FieldError {
    /// A field error.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// Why a use case did not happen; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// There is no such thing, or the caller may not know that there is.
    #[error("not found")]
    NotFound,
    /// The token is missing, wrong, expired or revoked.
    #[error("unauthenticated")]
    Unauthenticated,
    /// User name or password is wrong, or the account is not active.
    #[error("wrong credentials")]
    WrongCredentials,
    /// Too many failed logins.
    #[error("too many attempts")]
    Throttled {
        /// Seconds until the next attempt is looked at.
        retry_after_s: u64,
    },
    /// The caller did this too often.
    #[error("too often: {code}")]
    TooOften {
        /// Stable code.
        code: Cow<'static, str>,
        /// Seconds until it may be done again.
        retry_after_s: u64,
        /// How often it may be done, in Chinese.
        detail: String,
    },
    /// The caller belongs to the organ but holds none of the roles this takes.
    #[error("role required")]
    RoleRequired {
        /// Any one of these would do.
        roles: Vec<Role>,
    },
    /// The version the caller saw is no longer the current one.
    #[error("stale")]
    Stale,
    /// Something of this name or state is there already.
    #[error("conflict: {code}")]
    Conflict {
        /// Stable code.
        code: Cow<'static, str>,
        /// What is in the way, in Chinese.
        detail: String,
    },
    /// A rule of law or of the office forbids it.
    #[error("refused: {code}")]
    Refused {
        /// Stable code.
        code: Cow<'static, str>,
        /// The article that is the reason.
        article: Option<Cow<'static, str>>,
        /// Why, in Chinese.
        detail: String,
        /// The fields concerned, if any.
        errors: Vec<FieldError>,
    },
    /// Fields of the request are wrong; all of them are listed.
    #[error("invalid")]
    Invalid(Vec<FieldError>),
    /// The same idempotency key came with other content.
    #[error("idempotency key reused")]
    KeyReused,
    /// No connection within the time allowed, or the database is locked; trying again may help.
    #[error("busy")]
    Busy,
    /// The work went on beyond the request's deadline and was ended; nothing has changed.
    #[error("out of time")]
    OutOfTime,
    /// The storage under the database cannot be used until an operator does something.
    #[error("storage: {}", .0.code())]
    Storage(StorageFault),
    /// Something stored is not what this program would have written: a log, settings, contacts, a calendar. It is never
    /// taken for empty and never replaced by a default. The text is for the log, never for the caller.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// A fault of ours. The text is for the log, never for the caller.
    #[error("internal: {0}")]
    Internal(String),
}

impl OfficeError {
    /// One wrong field.
    pub fn invalid(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A file that holds more than it may.
    pub fn too_large(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldError::new(pointer, TOO_LARGE, detail.clone())];
        Self::Refused { code: TOO_LARGE.into(), article: None, detail, errors }
    }
}

impl From<FieldError> for OfficeError {
    fn from(fault: FieldError) -> Self {
        Self::Invalid(vec![fault])
    }
}

impl From<NotAllowed> for OfficeError {
    fn from(refusal: NotAllowed) -> Self {
        let NotAllowed { code, article, detail, pointer, brief } = refusal;
        let field = |pointer: &str| FieldError::new(pointer, code, brief.unwrap_or_else(|| detail.clone()));
        let errors = pointer.map(field).into_iter().collect();
        Self::Refused { code: code.into(), article: article.map(Into::into), detail, errors }
    }
}
