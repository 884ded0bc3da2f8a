//! Who reaches what: every route of the table, every role, from every place in the tree of organs. Nothing here names a
//! route but the two lists that cannot be read off the table; a route that is missing from them fails the test.

use gongkai::api::http::route::{Access, Route, Scope, Verb};
use gongkai::api::routes;
use gongkai::case::Role;
use gongkai::office::ledger::ImportOptions;
use gongkai::store::OrganId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::support::house::{House, difference};
use crate::support::on_both_databases;
use crate::support::openapi::{Document, Kind};
use crate::support::payloads::{Call, call_for};

/// Where a caller's roles are held, seen from the bureau the request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Own,
    Above,
    Beside,
    Below,
}

struct Caller {
    place: Place,
    roles: Vec<Role>,
    token: String,
}

impl Caller {
    fn new(house: &House, place: Place, roles: &[Role]) -> Self {
        let organ = match place {
            Place::Own => house.bureau.organ,
            Place::Above => house.above,
            Place::Beside => house.beside.organ,
            Place::Below => house.below,
        };
        Self { place, roles: roles.to_vec(), token: house.token(organ, roles) }
    }

    /// The roles that count in the bureau: watching and administering reach down, nothing reaches up or sideways.
    fn roles_there(&self) -> Vec<Role> {
        let reaches_down = |role: &&Role| matches!(role, Role::Supervisor | Role::Auditor | Role::Admin);
        match self.place {
            Place::Own => self.roles.clone(),
            Place::Above => self.roles.iter().filter(reaches_down).copied().collect(),
            Place::Beside | Place::Below => Vec::new(),
        }
    }
}

/// Each role alone and all together, in each place.
fn callers(house: &House) -> Vec<Caller> {
    let mut found = Vec::new();
    for place in [Place::Own, Place::Above, Place::Beside, Place::Below] {
        found.extend(Role::ALL.iter().map(|role| Caller::new(house, place, &[*role])));
        found.push(Caller::new(house, place, &Role::ALL));
    }
    found
}

/// Whoever holds all roles but these in the bureau.
fn all_but(house: &House, allowed: &[Role]) -> Option<Caller> {
    let others: Vec<Role> = Role::ALL.into_iter().filter(|role| !allowed.contains(role)).collect();
    (!others.is_empty()).then(|| Caller::new(house, Place::Own, &others))
}

/// The parameter of the path that the scope names.
fn scope_parameter(call: &Call) -> &'static str {
    call.route.scope.parameter().unwrap()
}

/// That the guard lets the caller pass, seen without any effect: a body that is none is refused by the handler.
#[track_caller]
fn reaches(house: &House, call: &Call, caller: &Caller) {
    let who = format!("{:?} as {:?} {:?}", call.route, caller.place, caller.roles);
    match (call.route.verb, &call.body) {
        (Verb::Get, _) => {
            let reply = call.send_as(house, &caller.token);
            // The front desk sees only what it filed itself.
            let is_a_strangers = call.route.path.contains("{external_number}") && caller.token != call.token;
            let expected = if is_a_strangers { 404 } else { 200 };
            assert_eq!(reply.status, expected, "{who}: {reply:?}");
        }
        (_, Some(_)) => {
            let reply = call.send_raw(house, &call.headers(&caller.token), Some(b"{"));
            assert_eq!(reply.problem(), (400, "malformed_json"), "{who}");
        }
        // Without a body nothing but the deed itself shows it: done once, at the end, by whom it is for.
        (_, None) => {}
    }
}

/// Tries every caller on a route whose path says what it is about.
fn scoped(house: &House, call: &Call, callers: &[Caller]) -> usize {
    let name = scope_parameter(call);
    for caller in callers {
        let who = format!("{:?} as {:?} {:?}", call.route, caller.place, caller.roles);
        let roles = caller.roles_there();
        let is_allowed = match call.route.access {
            Access::Public | Access::Authenticated => true,
            Access::Roles(allowed) => roles.iter().any(|role| allowed.contains(role)),
        };
        if roles.is_empty() {
            let hidden = call.send_as(house, &caller.token);
            assert_eq!(hidden.problem(), (404, "not_found"), "{who}");
            let missing = call.with(name, &Uuid::new_v4().to_string()).send_as(house, &caller.token);
            assert_eq!((hidden.status, hidden.problem_body()), (missing.status, missing.problem_body()), "{who}");
        } else if is_allowed {
            reaches(house, call, caller);
        } else {
            assert_eq!(call.send_as(house, &caller.token).problem(), (403, "role_required"), "{who}");
        }
    }
    callers.len()
}

/// How a route without a scope says which organ it is about.
enum Aim {
    /// A member of the body holds the organ's id.
    Body(&'static str),
    /// A member of the body names a thing of the organ, as the request has it.
    BodyThing(&'static str),
    /// A parameter of the query holds it; without it the answer is the caller's own.
    Query(&'static str),
    /// It says nothing: everybody sees their own.
    Own,
    /// It reads nothing that is stored: what was sent is judged.
    Sent,
    /// The path names one thing of the caller's own; this is its parameter.
    Thing(&'static str),
}

/// The routes that take a role but whose path names no organ.
const AIMED: &[(Verb, &str, Aim)] = &[
    (Verb::Post, "/api/v1/organs", Aim::Body("parent_id")),
    (Verb::Put, "/api/v1/calendar/{year}", Aim::Own),
    (Verb::Post, "/api/v1/cases", Aim::Body("organ_id")),
    (Verb::Post, "/api/v1/cases/preview", Aim::Body("organ_id")),
    (Verb::Get, "/api/v1/cases", Aim::Query("organ")),
    (Verb::Get, "/api/v1/cases/counts", Aim::Query("organ")),
    (Verb::Get, "/api/v1/overdue", Aim::Query("organ")),
    (Verb::Get, "/api/v1/me/duties", Aim::Query("organ")),
    (Verb::Get, "/api/v1/supervision/duties", Aim::Query("organ")),
    (Verb::Get, "/api/v1/supervision/overview", Aim::Query("organ")),
    (Verb::Get, "/api/v1/supervision/late-records", Aim::Query("organ")),
    (Verb::Get, "/api/v1/reports/annual", Aim::Query("organ")),
    (Verb::Get, "/api/v1/reports/annual/cells", Aim::Query("organ")),
    (Verb::Post, "/api/v1/reports/check", Aim::Sent),
    (Verb::Post, "/api/v1/supervision/orders", Aim::BodyThing("case_id")),
    (Verb::Get, "/api/v1/supervision/orders", Aim::Query("organ")),
    (Verb::Get, "/api/v1/supervision/topics", Aim::Query("organ")),
    (Verb::Get, "/api/v1/mail", Aim::Query("organ")),
    (Verb::Get, "/api/v1/audit", Aim::Query("organ")),
    (Verb::Post, "/api/v1/intake/applications", Aim::Body("organ")),
    (Verb::Get, "/api/v1/intake/applications", Aim::Own),
    (Verb::Get, "/api/v1/intake/applications/{external_number}", Aim::Thing("external_number")),
];

/// Tries every caller on a route that takes a role in any organ: who has the role elsewhere must not get at the bureau.
fn unscoped(house: &House, call: &Call, allowed: &[Role], callers: &[Caller]) {
    let own = callers.iter().filter(|caller| caller.place == Place::Own && caller.roles.len() == 1);
    for caller in own {
        if allowed.contains(&caller.roles[0]) {
            reaches(house, call, caller);
        } else {
            let reply = call.send_as(house, &caller.token);
            assert_eq!(reply.problem(), (403, "role_required"), "{:?} as {:?}", call.route, caller.roles);
        }
    }
    let deciding: Vec<Role> = Role::ALL[..6].to_vec();
    let strangers = [
        Caller::new(house, Place::Beside, &Role::ALL),
        Caller::new(house, Place::Below, &Role::ALL),
        Caller::new(house, Place::Above, &deciding),
    ];
    let aim = AIMED.iter().find(|(verb, path, _)| (*verb, *path) == (call.route.verb, call.route.path));
    let (.., aim) =
        aim.unwrap_or_else(|| panic!("{:?} takes a role without a scope: say in AIMED how it is aimed", call.route));
    for caller in strangers {
        if !caller.roles.iter().any(|role| allowed.contains(role)) {
            assert_eq!(call.send_as(house, &caller.token).problem(), (403, "role_required"), "{:?}", call.route);
            continue;
        }
        let aimed_at = |organ: Uuid| match aim {
            Aim::Body(member) => {
                let mut aimed = call.clone();
                let members = aimed.body.as_mut().unwrap().as_object_mut().unwrap();
                assert!(members.insert((*member).to_owned(), json!(organ)).is_some(), "{:?}", call.route);
                aimed.send_as(house, &caller.token)
            }
            Aim::BodyThing(_) if organ == house.bureau.organ.0 => call.send_as(house, &caller.token),
            Aim::BodyThing(member) => {
                let mut aimed = call.clone();
                aimed.body.as_mut().unwrap()[*member] = json!(organ);
                aimed.send_as(house, &caller.token)
            }
            Aim::Query(name) => {
                Call { query: format!("?{name}={organ}"), ..call.clone() }.send_as(house, &caller.token)
            }
            Aim::Own | Aim::Sent => call.send_as(house, &caller.token),
            Aim::Thing(name) if organ == house.bureau.organ.0 => {
                assert!(call.parameters.iter().any(|(known, _)| known == name));
                call.send_as(house, &caller.token)
            }
            Aim::Thing(name) => call.with(name, "SQ-0").send_as(house, &caller.token),
        };
        let who = format!("{:?} as {:?}", call.route, caller.place);
        let hidden = aimed_at(house.bureau.organ.0);
        for ours in [&house.case, &house.filed, &house.order, &house.bureau.organ.0.to_string()] {
            assert!(!hidden.text.contains(ours.as_str()), "{who} shows {ours}: {hidden:?}");
        }
        if matches!(aim, Aim::Own) {
            assert_eq!((hidden.status, &hidden.json["items"]), (200, &json!([])), "{who}");
            continue;
        }
        if matches!(aim, Aim::Sent) {
            assert_eq!(hidden.status, 200, "{who}");
            continue;
        }
        assert!(matches!(hidden.status, 403 | 404 | 422), "{who}: {hidden:?}");
        if hidden.status == 422 {
            assert!(hidden.fields().iter().all(|(_, code)| *code == "not_found"), "{who}: {hidden:?}");
        }
        assert_eq!(hidden.problem_body(), aimed_at(Uuid::new_v4()).problem_body(), "{who}");
        if matches!(aim, Aim::Query(_)) {
            let plain = call.send_as(house, &caller.token);
            assert_eq!(plain.status, 200, "{who}: {plain:?}");
            assert!(!plain.text.contains(&house.case) && !plain.text.contains("依申请〔2024〕"), "{who}: {plain:?}");
        }
    }
}

#[test]
fn every_route_admits_its_roles_and_hides_everything_from_other_organs() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let callers = callers(&house);
        let mut tried = 0;
        for route in routes::all() {
            let call = call_for(&house, &document, route);
            if let Access::Roles(allowed) = route.access {
                // Made before the dump: making a user is a change.
                all_but(&house, allowed);
            }
            let _ = Caller::new(&house, Place::Above, &Role::ALL[..6]);
            let before = house.dump();
            let nobody = call.send_as(&house, "");
            if route.access == Access::Public {
                assert_ne!(nobody.status, 401, "{route:?}");
            } else {
                assert_eq!(nobody.problem(), (401, "unauthenticated"), "{route:?}");
            }
            match (route.scope, route.access) {
                (Scope::None, Access::Public) => {}
                (Scope::None, Access::Authenticated) => {
                    for caller in callers.iter().filter(|_| route.verb == Verb::Get) {
                        assert_eq!(call.send_as(&house, &caller.token).status, 200, "{route:?} as {:?}", caller.roles);
                    }
                }
                (Scope::None, Access::Roles(allowed)) => unscoped(&house, &call, allowed, &callers),
                (Scope::Organ | Scope::Case | Scope::Order | Scope::User | Scope::Mail, _) => {
                    tried += scoped(&house, &call, &callers);
                }
            }
            if let Access::Roles(allowed) = route.access
                && let Some(caller) = all_but(&house, allowed)
            {
                let reply = call.send_as(&house, &caller.token);
                assert_eq!(reply.problem(), (403, "role_required"), "{route:?} as {:?}", caller.roles);
            }
            if route.access != Access::Public {
                assert_eq!(difference(&before, &house.dump()), Vec::<String>::new(), "{route:?}");
            }
            // The control: the same request of the right person is done. (Public: it was, above.)
            if route.access != Access::Public {
                let done = call.send(&house);
                assert!((200..300).contains(&done.status), "{route:?}: {done:?}");
                // Without `activate` a new calendar is only shown; tests/it/calendar_change.rs activates one.
                let looks = [(Verb::Put, "/api/v1/calendar/{year}"), (Verb::Post, "/api/v1/reports/check")];
                let is_preview = route.path.ends_with("/preview");
                let only_shows = route.verb == Verb::Get || is_preview || looks.contains(&(route.verb, route.path));
                assert_eq!(house.dump() == before, only_shows, "{route:?} changes something, a GET nothing");
            } else {
                assert_eq!(nobody.status, 200, "{route:?}: {nobody:?}");
            }
        }
        assert!(tried >= 40 * 45, "only {tried} tried");
    });
}

/// Whom an id in a body belongs to at the neighbour's; `None`: any organ of the house may be named.
fn foreign(house: &House, member: &str) -> Option<String> {
    match member {
        "organ_id" | "parent_id" | "predecessor_id" => Some(house.beside.organ.0.to_string()),
        "department_id" => Some(house.beside.department.clone()),
        "handler_id" | "user_id" | "head_id" | "deputy_id" => Some(house.beside.user.0.to_string()),
        "case_id" | "other_case" | "into_case" | "replaced_by" => Some(house.beside.case.clone()),
        "import_id" => {
            let office = &house.service().office;
            let text = format!("收到日期,申请人类型,申请内容\n2024-03-01,自然人,{}\n", house.fresh("某路批复"));
            let write = |db: &mut _| {
                let options = ImportOptions::default();
                office.ledger().import_ledger(db, None, house.beside.organ, text.as_bytes(), options, &mut |_, _| {})
            };
            Some(office.store().write(write).unwrap().import_id.unwrap().to_string())
        }
        // A report may go to any organ: that of another branch, or a government.
        "reports_to" => None,
        other => panic!("whose is the id in {other}? say it in tests/it/routes.rs"),
    }
}

#[test]
fn a_thing_of_another_organ_is_not_there_for_a_request_to_ones_own() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let mut tried = BTreeSet::new();
        for route in routes::all() {
            let call = call_for(&house, &document, route);
            let scope = route.scope.parameter();
            let named = call.parameters.iter().map(|(name, _)| *name);
            let named = named.filter(|name| Some(*name) != scope && name.ends_with("_id"));
            let theirs: Vec<(&str, String)> = named.map(|name| (name, foreign(&house, name).unwrap())).collect();
            let before = house.dump();
            for (name, theirs) in &theirs {
                let theirs = call.with(name, theirs).send(&house);
                let missing = call.with(name, &Uuid::new_v4().to_string()).send(&house);
                assert_eq!(theirs.problem(), (404, "not_found"), "{route:?} {name}");
                assert_eq!(theirs.problem_body(), missing.problem_body(), "{route:?} {name}");
                tried.insert((*name).to_owned());
            }
            let members = if call.body.is_some() { document.operation(route).members() } else { Vec::new() };
            for member in members.iter().filter(|member| member.kind == Kind::Id) {
                let name = member.pointer.rsplit_once('/').unwrap().1;
                let Some(theirs) = foreign(&house, name) else { continue };
                let with = |id: &str| {
                    let mut other = call.clone();
                    *other.body.as_mut().unwrap().pointer_mut(&member.pointer).unwrap() = Value::from(id);
                    other.send(&house)
                };
                let (theirs, missing) = (with(&theirs), with(&Uuid::new_v4().to_string()));
                assert!(matches!(theirs.status, 404 | 422), "{route:?} {name}: {theirs:?}");
                assert_eq!(theirs.problem_body(), missing.problem_body(), "{route:?} {name}");
                tried.insert(name.to_owned());
            }
            assert_eq!(difference(&before, &house.dump()), Vec::<String>::new(), "{route:?}");
        }
        let expected = [
            "case_id",
            "department_id",
            "deputy_id",
            "handler_id",
            "head_id",
            "import_id",
            "into_case",
            "organ_id",
            "other_case",
            "parent_id",
            "predecessor_id",
            "replaced_by",
            "user_id",
        ]
        .map(String::from);
        assert_eq!(tried, BTreeSet::from(expected));
    });
}

#[test]
fn only_these_routes_need_no_token() {
    let public: Vec<(Verb, &str)> = routes::all()
        .filter(|route: &&Route| route.access == Access::Public)
        .map(|route| (route.verb, route.path))
        .collect();
    assert_eq!(
        public,
        [
            (Verb::Post, "/api/v1/auth/token"),
            (Verb::Post, "/api/v1/auth/refresh"),
            (Verb::Get, "/api/v1/feeds/{token}.ics"),
            (Verb::Get, "/health/live"),
            (Verb::Get, "/health/ready"),
            (Verb::Get, "/api/v1/openapi.json"),
        ]
    );
}

#[test]
fn a_supervisor_of_the_organ_above_reads_a_case_and_decides_nothing() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let watcher = house.token(house.above, &[Role::Supervisor]);
        let (mut read, mut refused) = (0, 0);
        for route in routes::all().filter(|route| route.scope == Scope::Case) {
            let call = call_for(&house, &document, route);
            let reply = call.send_as(&house, &watcher);
            if route.verb == Verb::Get {
                assert_eq!(reply.status, 200, "{route:?}");
                read += 1;
            } else {
                assert_eq!(reply.problem(), (403, "role_required"), "{route:?}");
                refused += 1;
            }
        }
        assert!(read >= 4 && refused >= 35, "{read} read, {refused} refused");
        let of_child = |organ: OrganId| format!("/api/v1/cases?limit=200&organ={}", organ.0);
        let listed = house.service().get(&of_child(house.bureau.organ), &watcher);
        assert!(listed.text.contains(&house.case), "{listed:?}");
    });
}
