//! Middleware around all routes: request id, access log, and problem+json for every error.

use super::guard::caller_of;
use super::origin;
use super::problem::Problem;
use super::security_headers::protect;
use crate::api::people::auth::signing_in;
use crate::api::state::Api;
use crate::office::Origin;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use std::net::IpAddr;
use std::time::Instant;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Path of the readable documentation. Only its pages run scripts, all served by this program.
pub(in crate::api) const DOCS: &str = "/docs";

/// Path prefix of sign-in and sign-out.
const AUTH: &str = "/api/v1/auth/";

/// Wraps every request.
pub(in crate::api) async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let is_docs = request.path().starts_with(DOCS);
    let origin = Origin { address: client_address(&request), request_id: Some(id.clone()) };
    // The log needs the address only for sign-in and sign-out.
    let address = origin.address.filter(|_| request.path().starts_with(AUTH)).map(|address| address.to_string());
    request.extensions_mut().insert(origin);
    let answer = next.call(request).await?.map_into_boxed_body();
    let mut answer = with_problem(answer, &id);
    // The template, never the path or the query: those contain ids and search terms.
    let route = answer.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let user_id = caller_of(answer.request()).or_else(|| signing_in(answer.request())).map(|id| id.to_string());
    let (status, elapsed_ms) =
        (answer.status().as_u16(), u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    tracing::info!(request_id = id, %method, route, status, elapsed_ms, user_id, address, "request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    protect(answer.headers_mut(), is_docs);
    Ok(answer)
}

fn client_address(request: &ServiceRequest) -> Option<IpAddr> {
    let api = request.app_data::<web::Data<Api>>();
    let trusted = api.map_or(&[][..], |api| &api.office().settings().server.trusted_proxies);
    origin::client_address(request.peer_addr().map(|peer| peer.ip()), request.headers(), trusted)
}

/// The client's request id if it is well-formed, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |id: &&str| {
        (8..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_plain);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Turns every error into a problem that carries the request id.
fn with_problem(answer: ServiceResponse, id: &str) -> ServiceResponse {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let ours = answer.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    if ours.is_none() && is_problem(answer.headers()) {
        return answer;
    }
    let mut problem = ours.unwrap_or_else(|| Problem::of_status(status));
    problem.instance = Some(format!("urn:request:{id}"));
    answer.into_response(problem.error_response())
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"))
}
