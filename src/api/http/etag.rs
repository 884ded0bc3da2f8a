//! Versions: `If-Match` of a request, `ETag` of an answer.

use super::problem::Problem;
use crate::office::OfficeError;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use std::future::{Ready, ready};

/// The version the caller last saw, from `If-Match: "<version>"`. Missing: 428. Not a quoted tag: 400. Not a version as
/// the service writes it: 412.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tag(request).and_then(|tag| version(&tag).map(Self).ok_or_else(|| Problem::new("stale"))))
    }
}

/// Detail of the answer to a missing `If-Match`.
const IF_MATCH: &str = "请先读取要修改的内容，把应答中 ETag 的值原样填入 If-Match 请求头，例如 If-Match: \"3\"";

/// Parses a tag as a version. Accepts only the spelling the service uses, so `02` is not a version.
fn version(tag: &str) -> Option<i64> {
    tag.parse().ok().filter(|version: &i64| version.to_string() == tag)
}

/// The tag from `If-Match` as text, for resources whose version is not a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatchTag(pub String);

impl FromRequest for IfMatchTag {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tag(request).map(Self))
    }
}

fn tag(request: &HttpRequest) -> Result<String, Problem> {
    let missing = || Problem::new("if_match_required").detail(IF_MATCH);
    let value = request.headers().get(header::IF_MATCH).ok_or_else(missing)?;
    let text = value.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains('"'));
    let malformed = || Problem::new("if_match_invalid").detail("应为读取时 ETag 的值，例如 \"3\"");
    inner.map(str::to_owned).ok_or_else(malformed)
}

/// ETag of a resource without a version: a digest of its content.
#[must_use]
pub fn content_tag(look: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, look.as_bytes());
    hex::encode(digest.as_ref().split_at(8).0)
}

/// A JSON response with its version as ETag.
pub fn versioned<T: Serialize>(version: impl ToString, body: &T) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", version.to_string()))).json(body)
}

/// A JSON response that is serialised inside the use case. A case with long texts is megabytes of JSON: serialising it
/// on an async worker would block the other requests of that worker.
#[derive(Debug)]
pub struct Rendered {
    etag: Option<String>,
    body: Vec<u8>,
}

impl Rendered {
    /// Serialises `body`, without a version.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the serialisation fails.
    pub fn new(body: &impl Serialize) -> Result<Self, OfficeError> {
        let body = serde_json::to_vec(body).map_err(|error| OfficeError::Internal(error.to_string()))?;
        Ok(Self { etag: None, body })
    }

    /// Sets the version, which becomes the ETag.
    #[must_use]
    pub fn version(self, version: impl ToString) -> Self {
        Self { etag: Some(format!("\"{}\"", version.to_string())), ..self }
    }

    /// Builds the HTTP response.
    pub fn answer(self) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(etag) = self.etag {
            response.insert_header((header::ETAG, etag));
        }
        response.content_type("application/json").body(self.body)
    }
}
