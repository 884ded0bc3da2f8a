//! What requests that create something share: the idempotency key, the admission, and the 201 answer.

use super::precondition::Key;
use crate::office::{Answer, Caller, OfficeError, Once};
use crate::store::Db;
use serde::Serialize;

/// The admission check of a creating request whose path names the organ: the guard has already admitted the caller.
#[expect(clippy::unnecessary_wraps, reason = "the shape of every admission")]
pub(in crate::api) const fn admitted(_: &mut Db) -> Result<(), OfficeError> {
    Ok(())
}

/// The identity of a creating request of this caller.
pub(in crate::api) fn once(caller: &Caller, key: Key, fingerprint: String) -> Once {
    Once { user_id: caller.user_id, route: key.route, key: key.value, fingerprint }
}

/// The 201 answer for a new resource.
pub(in crate::api) fn made<T: Serialize>(
    location: &str,
    version: Option<String>,
    body: &T,
) -> Result<Answer, OfficeError> {
    Ok(Answer {
        status: 201,
        etag: version.map(|version| format!("\"{version}\"")),
        location: Some(location.to_owned()),
        body: serde_json::to_string(body).map_err(|error| OfficeError::Internal(error.to_string()))?,
    })
}
