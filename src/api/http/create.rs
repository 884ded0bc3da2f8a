//! What requests that create something share: the idempotency key, the admission, and the 201 answer.

use super::problem::Problem;
use crate::office::{Answer, Caller, OfficeError, Once};
use crate::store::Db;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use std::future::{Ready, ready};

/// Detail of the answer to a missing or malformed `Idempotency-Key`.
const KEY: &str =
    "Idempotency-Key 请求头应为1至128个可见的 ASCII 字符（不含空格），例如 UUID：每次新建用新的，重试时用原来的";

/// The client's key for one creating request, from `Idempotency-Key`: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key itself.
    pub value: String,
    /// Method and path of the request. The same key on another route is independent.
    pub route: String,
}

impl FromRequest for Key {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get("idempotency-key") else {
            return ready(Err(Problem::new("idempotency_key_required").detail(KEY)));
        };
        let value = value.to_str().unwrap_or_default().trim().to_owned();
        let is_good = (1..=128).contains(&value.len()) && value.chars().all(|c| c.is_ascii_graphic());
        let route = format!("{} {}", request.method(), request.path());
        ready(if is_good {
            Ok(Self { value, route })
        } else {
            Err(Problem::new("idempotency_key_invalid").detail(KEY))
        })
    }
}

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

/// The response to a creating request. A replay is marked with `Idempotent-Replayed: true`.
pub fn created(answer: Answer, is_replay: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::CREATED);
    let mut response = HttpResponse::build(status);
    if let Some(etag) = answer.etag {
        response.insert_header((header::ETAG, etag));
    }
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if is_replay {
        response.insert_header(("idempotent-replayed", "true"));
    }
    response.content_type("application/json").body(answer.body)
}
