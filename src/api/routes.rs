//! The route table: every route of the service with its access rule. Registration, authorisation and the OpenAPI
//! document all read this table; a handler outside it cannot be reached.

use crate::api::http::route::Route;
use crate::api::{
    calendar,
    cases::{self, amendments, commands, counters, list, redactions},
    evidence, intake, law, ledger, mail,
    openapi::serve,
    people::{auth, departments, directory, organs, successions, users},
    reminders::{self, duties, feeds},
    reports::{self, annual_reports, topics},
    service::health,
    supervision::{late_records, orders, overdue, overview},
};

/// The tables of the features.
pub const TABLES: &[&[Route]] = &[
    auth::ROUTES,
    organs::ROUTES,
    successions::ROUTES,
    departments::ROUTES,
    directory::ROUTES,
    users::ROUTES,
    calendar::ROUTES,
    intake::ROUTES,
    cases::ROUTES,
    list::ROUTES,
    commands::ROUTES,
    amendments::ROUTES,
    redactions::ROUTES,
    counters::ROUTES,
    late_records::ROUTES,
    overdue::ROUTES,
    reminders::ROUTES,
    annual_reports::ROUTES,
    reports::ROUTES,
    overview::ROUTES,
    orders::ROUTES,
    topics::ROUTES,
    mail::ROUTES,
    evidence::ROUTES,
    duties::ROUTES,
    feeds::ROUTES,
    ledger::ROUTES,
    law::ROUTES,
    health::ROUTES,
    serve::ROUTES,
];

/// Every route of the table. `/`, `/docs` and `/metrics` are public and registered elsewhere.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::http::route::{Access, Scope};

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
