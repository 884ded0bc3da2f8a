//! Runs before every handler: authenticates the caller, checks the caller's roles, and enforces the deadline.

use super::body::is_body_on_its_way;
use super::problem::Problem;
use crate::api::http::route::{Access, Route, Scope};
use crate::api::state::Api;
use crate::office::{Admission, Authority, Caller, OfficeError, Thing};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use std::future::{Ready, ready};
use std::time::Duration;
use uuid::Uuid;

/// Passes the request on to its handler, or answers in its place. The deadline covers both steps.
///
/// A query string on a route without query parameters (`takes_query` is false) is refused: silently ignoring a
/// parameter would look like success.
pub(in crate::api) async fn admit(
    route: &'static Route,
    takes_query: bool,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let Some(api) = request.app_data::<web::Data<Api>>().cloned() else {
        return Ok(request.error_response(Problem::internal("no office behind the route")));
    };
    if request.uri().path().contains("%00") {
        return Ok(request.error_response(Problem::new("not_found")));
    }
    let http = request.request().clone();
    let deadline = Duration::from_millis(api.office().settings().server.request_deadline_ms);
    let answer = tokio::time::timeout(deadline, async {
        match admission(route, request.request(), &api).await {
            Ok(Some(_)) if !takes_query && !request.request().query_string().is_empty() => {
                let problem = Problem::new("invalid_query").detail("此接口没有查询参数，请去掉地址中“?”及其后的内容");
                Ok(request.error_response(problem))
            }
            Ok(Some(admission)) => {
                request.extensions_mut().insert(admission);
                next.call(request).await
            }
            Ok(None) => next.call(request).await,
            Err(problem) => Ok(request.error_response(problem)),
        }
    });
    match answer.await {
        Ok(answer) => answer,
        Err(_) if is_body_on_its_way(&http) => {
            let detail = "请求内容没有在时限内收齐，未办理任何事项；请检查网络后重新提交";
            let mut response = Problem::new("request_timeout").detail(detail).error_response();
            response.head_mut().set_connection_type(ConnectionType::Close);
            Ok(ServiceResponse::new(http, response))
        }
        Err(_) => Ok(ServiceResponse::new(http, Problem::out_of_time().error_response())),
    }
}

async fn admission(
    route: &'static Route,
    request: &HttpRequest,
    api: &web::Data<Api>,
) -> Result<Option<Admission>, Problem> {
    if route.access == Access::Public {
        return Ok(None);
    }
    let token = bearer(request).ok_or_else(|| Problem::new("unauthenticated"))?;
    // A malformed id is reported as 404, after authentication, so it reveals nothing.
    let thing = route.scope.parameter().map(|name| request.match_info().query(name).parse::<Uuid>());
    let admission = api.run(move |office| {
        let Some(named) = thing.transpose().ok() else {
            office.people().admit(&token, None)?;
            return Err(OfficeError::NotFound);
        };
        let admission = office.people().admit(&token, named.and_then(|id| thing_of(route.scope, id)))?;
        match route.access {
            Access::Public | Access::Authenticated => {}
            Access::Roles(allowed) => {
                office.people().require(&admission.caller, admission.authority.as_ref(), allowed)?
            }
        }
        Ok(admission)
    });
    admission.await.map(Some)
}

fn thing_of(scope: Scope, id: Uuid) -> Option<Thing> {
    match scope {
        Scope::None => None,
        Scope::Organ => Some(Thing::Organ(id.into())),
        Scope::Case => Some(Thing::Case(id.into())),
        Scope::Order => Some(Thing::Order(id.into())),
        Scope::User => Some(Thing::User(id.into())),
        Scope::Mail => Some(Thing::Mail(id.into())),
    }
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Id of the admitted caller, for the access log.
pub(in crate::api) fn caller_of(request: &HttpRequest) -> Option<Uuid> {
    request.extensions().get::<Admission>().map(|admission| admission.caller.user_id.0)
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Admission>().map(|admission| admission.caller.clone());
        let caller = caller.map(|caller| Self { origin: super::origin::of(request), ..caller });
        ready(caller.ok_or_else(|| Problem::new("unauthenticated")))
    }
}

impl FromRequest for Authority {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let authority = request.extensions().get::<Admission>().and_then(|admission| admission.authority.clone());
        ready(authority.ok_or_else(|| Problem::new("not_found")))
    }
}
