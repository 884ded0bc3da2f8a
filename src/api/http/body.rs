//! Extractors for request bodies and query parameters. Every error becomes a problem that points at the field.

use super::problem::Problem;
use super::strict::{Strict, TWICE, Unique};
use super::texts::{self, escaped};
use crate::api::state::{Api, FileTurn};
use crate::config::Server;
use crate::office::{Caller, FieldError};
use crate::report::files::{Allowance, Caps, check_json};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike, NaiveDate};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::cell::Cell;
use std::future::{Future, Ready, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;

/// How much of a body that is too large is read and discarded. A client that is cut off while sending may never see the
/// answer.
const DRAIN_LIMIT_BYTES: usize = 64 << 20;

/// A JSON body of type `T`; give `T` `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Body<T> {
    /// The parsed body.
    pub value: T,
    /// SHA-256 of the bytes, hexadecimal. Distinguishes a retry from another request with the same key.
    pub fingerprint: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let received = received(request, payload, |server| server.body_limit_bytes);
        Box::pin(async move {
            let bytes = received.await?;
            Ok(Self { value: parse(&bytes)?, fingerprint: fingerprint(&bytes) })
        })
    }
}

/// Name of the members that hold a file.
pub(in crate::api) const FILE: &str = "content";

/// A JSON body that carries files. Members named [`FILE`] are exempt from the text limits; the whole body is limited by
/// `upload_limit_bytes`.
#[derive(Debug)]
pub struct Upload<T> {
    /// The parsed body.
    pub value: T,
    /// As [`Body::fingerprint`].
    pub fingerprint: String,
    /// The place to read the files, for [`Api::run_file`].
    pub turn: FileTurn,
}

impl<T: DeserializeOwned + Send + 'static> FromRequest for Upload<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let received = received(request, payload, |server| server.upload_limit_bytes);
        let api = request.app_data::<web::Data<Api>>().cloned();
        let caller = Caller::extract(request);
        Box::pin(async move {
            let person = caller.await?.user_id;
            let bytes = received.await?;
            let api = api.ok_or_else(|| Problem::internal("no office behind the route"))?;
            // Parsing takes far more memory than the received bytes, so wait for a place first.
            let turn = api.file_turn(person).await?;
            // Parsing megabytes of JSON here would block other requests on this thread.
            let parsed = web::block(move || uploaded(bytes)).await;
            let (value, fingerprint) = parsed.map_err(|_| Problem::busy())??;
            Ok(Self { value, fingerprint, turn })
        })
    }
}

/// Parses a body that carries files, and computes its fingerprint. Drops the bytes as soon as they are parsed.
fn uploaded<T: DeserializeOwned>(bytes: Vec<u8>) -> Result<(T, String), Problem> {
    check_json(&bytes, &Allowance::new(Caps::REPORTS)).map_err(|_| {
        let most = Caps::REPORTS.cells;
        Problem::new("payload_too_large").detail(format!("请求中的值超过{most}个，请分几次提交"))
    })?;
    let mut document = document(&bytes)?;
    let fingerprint = fingerprint(&bytes);
    drop(bytes);
    let value = serde_path_to_error::deserialize(Strict(&document)).map_err(|error| fault(&error))?;
    remove_files(&mut document);
    // The texts of an upload are evaluated, not stored, so the rules for single members do not apply.
    texts::check(&document, |_, text| texts::free(text))?;
    Ok((value, fingerprint))
}

fn remove_files(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(remove_files),
        Value::Object(members) => {
            members.remove(FILE);
            members.values_mut().for_each(remove_files);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A JSON body without a schema, for a form that validates every member itself and reports all errors at once.
#[derive(Debug)]
pub struct Form {
    /// The parsed body.
    pub value: Value,
    /// As [`Body::fingerprint`].
    pub fingerprint: String,
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let received = received(request, payload, |server| server.body_limit_bytes);
        Box::pin(async move {
            let bytes = received.await?;
            let value = document(&bytes)?;
            texts::check(&value, |_, text| texts::unstorable(text))?;
            Ok(Self { value, fingerprint: fingerprint(&bytes) })
        })
    }
}

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Whether the request body is still arriving. A deadline that passes meanwhile is the client's fault (408).
#[derive(Debug, Clone)]
struct OnItsWay(Rc<Cell<bool>>);

/// Whether an extractor is still waiting for the rest of the body.
pub(in crate::api) fn is_body_on_its_way(request: &HttpRequest) -> bool {
    request.extensions().get::<OnItsWay>().is_some_and(|body| body.0.get())
}

/// Reads the bytes of a JSON body, up to the limit from the settings.
fn received(request: &HttpRequest, payload: &mut Payload, limit: fn(&Server) -> usize) -> Reading<Vec<u8>> {
    let limit = request.app_data::<web::Data<Api>>().map_or(0, |api| limit(&api.office().settings().server));
    let is_json = is_json(request);
    let payload = payload.take();
    let on_its_way = OnItsWay(Rc::new(Cell::new(true)));
    request.extensions_mut().insert(on_its_way.clone());
    Box::pin(async move {
        let bytes = read(payload, limit).await?;
        on_its_way.0.set(false);
        if is_json { Ok(bytes) } else { Err(Problem::new("unsupported_media_type")) }
    })
}

fn fingerprint(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// Whether the content type is JSON. A missing `Content-Type` counts as JSON, because no other type is accepted.
fn is_json(request: &HttpRequest) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return true };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

async fn read(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    let mut size = 0_usize;
    while let Some(chunk) = poll_fn(|context| Pin::new(&mut payload).poll_next(context)).await {
        let chunk = chunk.map_err(|_| Problem::new("malformed_request"))?;
        size = size.saturating_add(chunk.len());
        if size <= limit {
            body.extend_from_slice(&chunk);
        } else if size > DRAIN_LIMIT_BYTES {
            break;
        }
    }
    if size > limit {
        return Err(Problem::new("payload_too_large").detail(format!("请求内容不得超过 {limit} 字节")));
    }
    Ok(body)
}

/// Decodes a file given as Base64 in the member at `pointer`. Ignores line breaks.
///
/// # Errors
/// `invalid_value` at `pointer` if the content is not valid Base64.
pub fn file_bytes(content: &str, pointer: &str) -> Result<Vec<u8>, FieldError> {
    let bytes = STANDARD.decode(content.trim().replace(['\r', '\n'], ""));
    bytes.map_err(|_| FieldError::new(pointer, "invalid_value", "应为文件内容的 Base64 编码"))
}

/// Parses a JSON document strictly.
///
/// # Errors
/// `malformed_json`; `unknown_field` or `invalid_value` with the JSON pointer of the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let document = document(bytes)?;
    let value = serde_path_to_error::deserialize(Strict(&document)).map_err(|error| fault(&error))?;
    texts::check(&document, texts::of_member)?;
    Ok(value)
}

fn document(bytes: &[u8]) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Unique(document) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| fault(&error))?;
    deserializer.end().map_err(|_| Problem::new("malformed_json"))?;
    Ok(document)
}

fn fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if !inner.is_data() {
        let place = format!("第 {} 行第 {} 列", inner.line(), inner.column());
        return Problem::new("malformed_json").detail(place);
    }
    let text = inner.to_string();
    let at = pointer(error.path());
    if let Some(name) = quoted_after(&text, "unknown field `") {
        let at = below(&at, name);
        return Problem::new("unknown_field").field(at, "unknown_field", "不认识的字段");
    }
    if let Some(name) = quoted_after(&text, "missing field `") {
        return Problem::new("invalid_value").field(below(&at, name), "required", "必须填写");
    }
    // serde lists the choices last, as "expected one of `a`, `b`" or, for two, "expected `a` or `b`". That part never
    // repeats the input.
    let expected = text.rsplit_once(", expected ").filter(|_| text.starts_with("unknown variant"));
    let detail = match (form_of(&at), expected) {
        (Some(form), _) => format!("应为{form}"),
        (None, Some((_, choices))) => {
            let choices: Vec<&str> = choices.split('`').skip(1).step_by(2).collect();
            one_of(&choices)
        }
        (None, None) if text.contains(TWICE) => "同一字段写了两次".to_owned(),
        (None, None) => "值的类型或格式不正确".to_owned(),
    };
    Problem::new("invalid_value").field(at, "invalid_value", detail)
}

/// Prefix of the detail of an unknown enum value. [`narrowed`] finds these errors by it.
const ONE_OF: &str = "应为以下之一：";

/// Detail of an unknown enum value.
fn one_of(choices: &[&str]) -> String {
    format!("{ONE_OF}{}", choices.join("、"))
}

/// Narrows the choices listed for unknown enum values. `applies` returns the words allowed for a member, named by the
/// first segment of the pointer, or `None` to keep the list.
pub(in crate::api) fn narrowed(mut problem: Problem, applies: impl Fn(&str) -> Option<Vec<&'static str>>) -> Problem {
    for error in problem.errors.iter_mut().filter(|error| error.detail.starts_with(ONE_OF)) {
        let member = error.pointer.split('/').nth(1).unwrap_or_default();
        if let Some(choices) = applies(member) {
            error.detail = format!("在本案中{}", one_of(&choices));
        }
    }
    problem
}

/// Whether the problem lists choices that [`narrowed`] can replace.
pub(in crate::api) fn names_choices(problem: &Problem) -> bool {
    problem.errors.iter().any(|error| error.detail.starts_with(ONE_OF))
}

/// Formats of members that are objects, by the last segment of the pointer.
const FORMS: [(&str, &str); 1] = [(
    "orders_reply_within",
    "以下两种之一：{\"days\": 20}（自收到裁决之日起的工作日数），或者 {\"until\": \"2026-12-31\"}（最后一日）；没有责令答复的，不填",
)];

fn form_of(pointer: &str) -> Option<&'static str> {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    FORMS.iter().find(|(member, _)| *member == last).map(|(_, form)| *form)
}

fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)?.split('`').next()
}

/// Appends `name` to the pointer `at`, unless `at` already ends in it.
fn below(at: &str, name: &str) -> String {
    let last = format!("/{}", escaped(name));
    if at.ends_with(&last) { at.to_owned() } else { format!("{at}{last}") }
}

fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

/// Query parameters of type `T`; give `T` `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if request.query_string().contains("%00") {
            return ready(Err(Problem::new("invalid_query").detail("参数不得包含空字符")));
        }
        if let Some(problem) = far_day(request.query_string()) {
            return ready(Err(problem));
        }
        let parsed = web::Query::<T>::from_query(request.query_string());
        ready(parsed.map(|query| Self(query.into_inner())).map_err(|error| query_fault(&error.to_string())))
    }
}

/// Rejects a date outside 1900 to 2200. It is a typing error, and PostgreSQL cannot store every date that chrono
/// parses.
fn far_day(query: &str) -> Option<Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).ok()?;
    let far = pairs
        .iter()
        .find(|(_, value)| value.parse::<NaiveDate>().is_ok_and(|day| !(1900..=2200).contains(&day.year())));
    far.map(|(name, _)| {
        Problem::new("invalid_query").field(format!("?{name}"), "out_of_range", "日期应在1900年至2200年之间")
    })
}

/// Maps an error of serde_urlencoded, which names the parameter only if it is unknown or missing.
fn query_fault(text: &str) -> Problem {
    let text = text.rsplit_once("error: ").map_or(text, |(_, rest)| rest);
    let problem = Problem::new("invalid_query");
    if let Some(name) = quoted_after(text, "unknown field `") {
        return problem.field(format!("?{name}"), "unknown_field", "不认识的参数");
    }
    if let Some(name) = quoted_after(text, "missing field `") {
        return problem.field(format!("?{name}"), "required", "必须填写");
    }
    problem.detail("参数的类型或格式不正确")
}

/// Distinguishes a member that is null (`Some(None)`) from a missing one (`None`, by `#[serde(default)]`).
pub(in crate::api) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        name: String,
        #[expect(dead_code, reason = "only parsed")]
        items: Vec<Inner>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        on: chrono::NaiveDate,
        #[expect(dead_code, reason = "only parsed")]
        role: Option<crate::case::Role>,
        #[expect(dead_code, reason = "only parsed")]
        within: Option<crate::law::ReopenedPeriod>,
    }

    fn faults(json: &str) -> (String, Vec<(String, String)>) {
        let problem = parse::<Outer>(json.as_bytes()).unwrap_err();
        let errors = problem.errors.iter().map(|e| (e.pointer.clone(), e.code.to_string())).collect();
        (problem.code.to_string(), errors)
    }

    #[test]
    fn every_fault_points_at_its_field() {
        let one =
            |code: &str, pointer: &str, field: &str| (code.to_owned(), vec![(pointer.to_owned(), field.to_owned())]);
        assert_eq!(faults("{"), ("malformed_json".to_owned(), vec![]));
        assert_eq!(faults(""), ("malformed_json".to_owned(), vec![]));
        assert_eq!(faults(r#"{"name":"a","items":[]} x"#), ("malformed_json".to_owned(), vec![]));
        assert_eq!(faults(r#"{"name":"a","items":[],"x~y/z":1}"#), one("unknown_field", "/x~0y~1z", "unknown_field"));
        assert_eq!(
            faults(r#"{"name":"a","items":[{"on":"2025-01-01","status":1}]}"#),
            one("unknown_field", "/items/0/status", "unknown_field")
        );
        assert_eq!(faults(r#"{"items":[]}"#), one("invalid_value", "/name", "required"));
        assert_eq!(faults(r#"{"name":3,"items":[]}"#), one("invalid_value", "/name", "invalid_value"));
        assert_eq!(
            faults(r#"{"name":"a","items":[{"on":"2025-02-30"}]}"#),
            one("invalid_value", "/items/0/on", "invalid_value")
        );
        assert_eq!(
            faults(r#"{"name":"a","items":[{"on":"2025-02-28","role":"king"}]}"#),
            one("invalid_value", "/items/0/role", "invalid_value")
        );
    }

    #[test]
    fn an_unknown_choice_is_answered_with_the_choices_and_no_value_is_repeated() {
        let json = r#"{"name":"a","items":[{"on":"2025-02-28","role":"110101199003070011"}]}"#;
        let problem = parse::<Outer>(json.as_bytes()).unwrap_err();
        assert!(problem.errors[0].detail.starts_with("应为以下之一：intake、clerk"), "{problem:?}");
        assert!(!serde_json::to_string(&problem).unwrap().contains("110101"));
        let two = r#"{"name":"a","items":[{"on":"2025-02-28","within":{"weeks":3}}]}"#;
        let problem = parse::<Outer>(two.as_bytes()).unwrap_err();
        assert_eq!(problem.errors[0].detail, "应为以下之一：days、until");
    }

    #[test]
    fn an_unknown_query_parameter_is_named() {
        let problem = query_fault("Query deserialize error: unknown field `colour`, expected `limit`");
        assert_eq!((problem.errors[0].pointer.as_str(), problem.status), ("?colour", 400));
    }
}
