//! Registers the route table with actix-web, each route behind its guard.

use crate::api::http::guard;
use crate::api::http::problem::Problem;
use crate::api::http::route::Verb;
use crate::api::openapi;
use crate::api::routes::all;
use actix_web::{HttpRequest, HttpResponse, middleware, web};

/// Registers every route of the table behind its guard. Other methods on its path get 405.
pub(super) fn register(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = all().map(|route| route.path).collect();
    paths.sort_unstable();
    paths.dedup();
    // Fixed segments before parameters: `/calendar/version` must not match as a year.
    paths.sort_by_key(|path| path.matches('{').count());
    for path in paths {
        let mut resource = web::resource(path);
        for route in all().filter(|route| route.path == path) {
            let takes_query = openapi::takes_query(route);
            let handler = (route.handler)().method(route.verb.method());
            resource = resource.route(
                handler.wrap(middleware::from_fn(move |request, next| guard::admit(route, takes_query, request, next))),
            );
        }
        config.service(resource.default_service(web::to(wrong_method)));
    }
}

async fn wrong_method(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let pattern = request.match_pattern();
    let mut verbs: Vec<Verb> =
        all().filter(|route| Some(route.path) == pattern.as_deref()).map(|route| route.verb).collect();
    verbs.sort_unstable();
    let allow: Vec<&str> = verbs.into_iter().map(Verb::name).collect();
    Err(Problem::new("method_not_allowed").allow(allow.join(", ")))
}

/// Maps a malformed path id to 404.
pub(super) fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| Problem::new("not_found").into())
}
