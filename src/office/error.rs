//! The errors of the use cases.

use crate::case::{NotAllowed, Role};
use crate::report::files::TOO_LARGE;
use crate::store::StorageFault;
use serde::Serialize;
use std::borrow::Cow;
use uuid::Uuid;

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
    /// Creates a field error.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// Why stored data cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is damaged. The text is for the log, never for the caller.
    #[error("{0}")]
    Damaged(String),
    /// A newer release recorded an event of a case, and this release does not know its kind. Dates computed without it
    /// could be wrong.
    #[error("event {seq} of case {case} was recorded by a newer release")]
    Newer {
        /// The case.
        case: Uuid,
        /// The first such event.
        seq: i32,
    },
}

/// The error of a use case. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The thing does not exist, or the caller may not learn that it does.
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
        /// Seconds until the next attempt is accepted.
        retry_after_s: u64,
    },
    /// The caller exceeded a rate limit.
    #[error("too often: {code}")]
    TooOften {
        /// Stable code.
        code: Cow<'static, str>,
        /// Seconds until the action is allowed again.
        retry_after_s: u64,
        /// The limit, in Chinese.
        detail: String,
    },
    /// The caller has access to the organ but holds none of the required roles.
    #[error("role required")]
    RoleRequired {
        /// The roles, any one of which would suffice.
        roles: Vec<Role>,
    },
    /// The version the caller saw is not the current one.
    #[error("stale")]
    Stale,
    /// A name is taken or the state conflicts.
    #[error("conflict: {code}")]
    Conflict {
        /// Stable code.
        code: Cow<'static, str>,
        /// The cause of the conflict, in Chinese.
        detail: String,
    },
    /// A rule of law or of the office forbids the action.
    #[error("refused: {code}")]
    Refused {
        /// Stable code.
        code: Cow<'static, str>,
        /// The article it rests on.
        article: Option<Cow<'static, str>>,
        /// The reason, in Chinese.
        detail: String,
        /// The fields concerned, if any.
        errors: Vec<FieldError>,
    },
    /// Fields of the request are invalid. All of them are listed.
    #[error("invalid")]
    Invalid(Vec<FieldError>),
    /// The idempotency key was used before with another body.
    #[error("idempotency key reused")]
    KeyReused,
    /// No connection became free in time, or the database is locked. A retry may succeed.
    #[error("busy")]
    Busy,
    /// The work passed the request's deadline and was stopped. Nothing was changed.
    #[error("out of time")]
    OutOfTime,
    /// The storage under the database is unusable until an operator intervenes.
    #[error("storage: {}", .0.code())]
    Storage(StorageFault),
    /// Stored data (a log, settings, contacts, a calendar) is not what this program writes. It is never treated as
    /// empty or replaced by a default.
    #[error("unreadable: {0}")]
    Unreadable(Unread),
    /// A bug or a failure of the environment. The text is for the log, never for the caller.
    #[error("internal: {0}")]
    Internal(String),
}

impl OfficeError {
    /// The error for one invalid field.
    pub fn invalid(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// The error for damaged data. The text is for the log, never for the caller.
    pub fn unreadable(what: impl Into<String>) -> Self {
        Self::Unreadable(Unread::Damaged(what.into()))
    }

    /// The error for a file that exceeds a limit.
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
