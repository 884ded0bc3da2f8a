//! Preconditions of a request (`If-Match`, `Idempotency-Key`), pages with their cursors, and the responses to match.

use super::problem::Problem;
use crate::api::state::Api;
use crate::office::{Answer, OfficeError};
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
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

/// Detail of the answer to a missing or malformed `Idempotency-Key`.
const KEY: &str =
    "Idempotency-Key 请求头应为1至128个可见的 ASCII 字符（不含空格），例如 UUID：每次新建用新的，重试时用原来的";

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

/// The page size: `asked`, or the default from the settings.
///
/// # Errors
/// `invalid_query` if `asked` is 0 or above `page_max`.
pub fn page_limit(api: &Api, asked: Option<u32>) -> Result<i64, Problem> {
    let server = &api.office().settings().server;
    let limit = asked.unwrap_or(server.page_default);
    if (1..=server.page_max).contains(&limit) {
        return Ok(i64::from(limit));
    }
    let detail = format!("应为 1 至 {}", server.page_max);
    Err(Problem::new("invalid_query").field("?limit", "out_of_range", detail))
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows, in a stable order.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` rows from up to `limit + 1` rows. `key` returns the sort key of a row.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| has_more).map(|row| hex::encode(key(row)));
        Self { items, next_cursor }
    }
}

/// Decodes a cursor made by [`Page::cut`] into its sort key.
///
/// # Errors
/// `invalid_query` if the cursor is not hexadecimal UTF-8, or contains U+0000.
pub fn cursor_key(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let decode = |cursor: &str| hex::decode(cursor).ok().and_then(text).ok_or_else(bad);
    cursor.map(decode).transpose()
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

/// Maps a malformed path id to 404.
pub(in crate::api) fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| Problem::new("not_found").into())
}
