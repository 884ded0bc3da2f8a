//! The route table: every route of the service with its access rule. Registration, authorisation and the OpenAPI
//! document all read this table; a handler outside it cannot be reached.

use crate::api::http::problem::Problem;
use crate::api::{
    calendar,
    cases::{self, commands},
    http::guard,
    intake, law, ledger, mail,
    people::{auth, departments, organs, users},
    reminders::{self, feeds},
    reports::{self, annual_reports, topics},
    service::health,
    supervision::{orders, overdue, overview},
};
use crate::case::Role;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

/// An HTTP method that routes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Verb {
    /// The name of the method in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a token.
    Public,
    /// Anyone with a valid token; inside a scope, with any role there.
    Authenticated,
    /// Users with one of these roles in the scope; without a scope, in any organ.
    Roles(&'static [Role]),
}

/// What the path names. A caller without a role there gets 404, as if it did not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing that belongs to an organ.
    None,
    /// `{organ_id}`.
    Organ,
    /// `{case_id}`: the organ of the case.
    Case,
    /// `{order_id}`: the organ that must answer the 督办单.
    Order,
    /// `{user_id}`: an organ in which that user holds a role.
    User,
    /// `{mail_id}`: the organ the mail is about.
    Mail,
}

impl Scope {
    /// The path parameter that names the thing.
    #[must_use]
    pub const fn parameter(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Organ => Some("organ_id"),
            Self::Case => Some("case_id"),
            Self::Order => Some("order_id"),
            Self::User => Some("user_id"),
            Self::Mail => Some("mail_id"),
        }
    }
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// Method.
    pub verb: Verb,
    /// Path template, from the root.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The object its path names.
    pub scope: Scope,
    handler: fn() -> actix_web::Route,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?} {:?}", self.verb.name(), self.path, self.access, self.scope)
    }
}

impl Route {
    /// A route; `handler` is `|| web::to(the_function)`.
    #[must_use]
    pub const fn new(
        verb: Verb,
        path: &'static str,
        access: Access,
        scope: Scope,
        handler: fn() -> actix_web::Route,
    ) -> Self {
        Self { verb, path, access, scope, handler }
    }
}

/// The tables of the features.
pub const TABLES: &[&[Route]] = &[
    auth::ROUTES,
    organs::ROUTES,
    departments::ROUTES,
    users::ROUTES,
    calendar::ROUTES,
    intake::ROUTES,
    cases::ROUTES,
    commands::ROUTES,
    overdue::ROUTES,
    reminders::ROUTES,
    annual_reports::ROUTES,
    reports::ROUTES,
    overview::ROUTES,
    orders::ROUTES,
    topics::ROUTES,
    mail::ROUTES,
    feeds::ROUTES,
    ledger::ROUTES,
    law::ROUTES,
    health::ROUTES,
];

/// Every route of the table. `/`, `/docs` and `/metrics` are public and registered elsewhere.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().flat_map(|table| table.iter())
}

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
            let handler = (route.handler)().method(route.verb.method());
            resource = resource.route(
                handler.wrap(actix_web::middleware::from_fn(move |request, next| guard::admit(route, request, next))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_is_listed_twice_and_each_scope_has_its_parameter() {
        let mut seen = std::collections::BTreeSet::new();
        for route in all() {
            assert!(seen.insert((route.path, route.verb)), "{route:?} twice");
            let names_scope = route.scope.parameter().is_none_or(|name| route.path.contains(&format!("{{{name}}}")));
            assert!(names_scope, "{route:?} has no parameter for its scope");
            assert!(route.access != Access::Public || route.scope == Scope::None, "{route:?} is public inside a scope");
        }
    }

    #[test]
    fn only_the_login_and_what_shows_nothing_is_public() {
        let public: Vec<String> =
            all().filter(|r| r.access == Access::Public).map(|r| format!("{} {}", r.verb.name(), r.path)).collect();
        assert_eq!(
            public,
            [
                "POST /api/v1/auth/token",
                "POST /api/v1/auth/refresh",
                "GET /api/v1/feeds/{token}.ics",
                "GET /health/live",
                "GET /health/ready",
                "GET /api/v1/openapi.json"
            ]
        );
    }
}
