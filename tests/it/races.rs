//! Two at once: what both read before either writes. The gate makes it certain instead of likely: it holds the tables
//! against writers until both requests have read what they go by and wait to write.

use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gongkai::api::http::route::{Route, Verb};
use gongkai::api::routes;
use gongkai::case::Role;
use gongkai::store::Db;
use serde_json::{Value, json};

use crate::support::house::House;
use crate::support::openapi::{Document, Kind};
use crate::support::payloads::{Call, call_for};
use crate::support::service::{PASSWORD, Reply, Service};
use crate::support::{TestDatabase, on_both_databases};

/// How often each route is raced.
const ROUNDS: usize = 3;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Holds tables against writers; readers pass. On SQLite it holds the whole database.
struct Gate {
    db: Db,
    shut_at: Instant,
}

impl Gate {
    /// Shuts it for every table.
    fn all(database: &TestDatabase) -> Self {
        let mut db = database.raw();
        let tables = match &mut db {
            Db::Lite(_) => Vec::new(),
            Db::Pg(db) => {
                let sql = "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'";
                diesel::sql_query(sql).load::<Name>(db).unwrap()
            }
        };
        let tables: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        Self::of(database, &tables)
    }

    /// Shuts it for some tables.
    fn of(database: &TestDatabase, tables: &[&str]) -> Self {
        let mut db = database.raw();
        match &mut db {
            Db::Lite(db) => db.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap(),
            Db::Pg(db) => {
                db.batch_execute(&format!("BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE", tables.join(", "))).unwrap();
            }
        }
        Self { db, shut_at: Instant::now() }
    }

    /// How many requests wait. SQLite does not say: after a while it is taken for granted.
    fn waiting(&mut self) -> i64 {
        match &mut self.db {
            Db::Lite(_) if self.shut_at.elapsed() > Duration::from_millis(50) => i64::MAX,
            Db::Lite(_) => 0,
            Db::Pg(db) => {
                // Within a transaction the server shows the state of the first look again and again.
                db.batch_execute("SELECT pg_stat_clear_snapshot()").unwrap();
                let sql = "SELECT count(*) AS count FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
                diesel::sql_query(sql).get_result::<Count>(db).unwrap().count
            }
        }
    }

    /// Waits until so many requests wait, or one of these is answered already.
    #[track_caller]
    fn until(&mut self, count: i64, sent: &[&ScopedJoinHandle<'_, Reply>]) {
        let began = Instant::now();
        self.shut_at = began;
        while self.waiting() < count && !sent.iter().any(|one| one.is_finished()) {
            assert!(began.elapsed() < Duration::from_secs(20), "fewer than {count} requests wait");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn open(mut self) {
        match &mut self.db {
            Db::Lite(db) => db.batch_execute("COMMIT").unwrap(),
            Db::Pg(db) => db.batch_execute("COMMIT").unwrap(),
        }
    }
}

/// A request that another thread can send.
#[derive(Debug, Clone)]
struct Sent {
    verb: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Sent {
    fn of(call: &Call) -> Self {
        Self {
            verb: call.route.verb.name(),
            path: format!("{}{}", call.path(), call.query),
            headers: call.headers(&call.token),
            body: call.body.as_ref().map(Value::to_string),
        }
    }

    fn new(verb: &'static str, path: &str, token: &str, etag: Option<&str>, body: Option<Value>) -> Self {
        let mut headers =
            vec![("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        headers.extend(etag.map(|etag| ("if-match", etag.to_owned())));
        headers.retain(|(name, _)| *name != "content-type" || body.is_some());
        Self { verb, path: path.to_owned(), headers, body: body.map(|body| body.to_string()) }
    }

    fn with_key(mut self) -> Self {
        self.headers.push(("idempotency-key", uuid::Uuid::new_v4().to_string()));
        self
    }

    fn send(&self, service: &Service) -> Reply {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        service.send(self.verb, &self.path, &headers, self.body.as_deref().map(str::as_bytes))
    }
}

/// Sends both, the first a little before the second, and opens the gate when both have read what they go by.
fn raced(mut gate: Gate, service: &Service, [first, second]: [&Sent; 2]) -> [Reply; 2] {
    std::thread::scope(|scope| {
        let one = scope.spawn(|| first.send(service));
        gate.until(1, &[&one]);
        let other = scope.spawn(|| second.send(service));
        gate.until(2, &[&one, &other]);
        gate.open();
        [one.join().unwrap(), other.join().unwrap()]
    })
}

/// Members that hold words of whoever writes them, and say them again when they are read.
const WORDS: &[&str] = &[
    "name",
    "display_name",
    "reason",
    "reasons",
    "note",
    "evidence",
    "request",
    "text",
    "opinion",
    "facts",
    "comment",
    "file_number",
    "reference",
    "subject",
    "carrier",
    "title",
    "part_one",
];

/// Commands that say nothing but what happened, or on which day: both requests are the same.
const WORDLESS: &[&str] = &[
    "registration",
    "notice-services",
    "consultation-services",
    "searches",
    "fee-payment",
    "withdrawal",
    "reply",
    "service-proofs",
    "links",
    "remedy-responses",
    "remedy-decisions",
];

/// The same request with other words, and those words.
fn with_other_words(call: &Call, document: &Document) -> (Call, Option<String>) {
    let mut other = call.clone();
    let body = other.body.as_mut().unwrap();
    let set = |body: &mut Value, pointer: &str, value: Value| *body.pointer_mut(pointer).unwrap() = value;
    let end = call.route.path.rsplit_once('/').unwrap().1;
    match end {
        "roles" => set(body, "/roles", json!(["reviewer"])),
        "tags" => set(body, "/tags", json!(["乙标签"])),
        "reminder-settings" => set(body, "/policies/0/black_days", json!(31)),
        "mail-preferences" => set(body, "/digest", json!(false)),
        "corrections" => set(body, "/items", json!(["请写明乙"])),
        "tasks" => set(body, "/days", json!(6)),
        "fee" => set(body, "/count", json!(69)),
        "split" => set(body, "/parts/0/title", json!("乙地块批复之一")),
        wordless if WORDLESS.contains(&wordless) => {}
        _ => {
            let members = document.operation(call.route).members();
            let spoken = members.iter().find(|member| {
                let name = member.pointer.rsplit_once('/').map_or("", |(_, name)| name);
                let is_text = member.kind == Kind::Text && WORDS.contains(&name);
                is_text && call.body.as_ref().unwrap().pointer(&member.pointer).is_some_and(Value::is_string)
            });
            let spoken = spoken.unwrap_or_else(|| {
                panic!("{:?}: nothing to tell two requests by; say it in tests/it/races.rs", call.route)
            });
            let words = format!("{}乙", body.pointer(&spoken.pointer).unwrap().as_str().unwrap());
            set(body, &spoken.pointer, json!(words));
            return (other, Some(words));
        }
    }
    (other, None)
}

/// Where that which a route changes is read: what is there now.
fn read_back(house: &House, call: &Call, winner: &Reply) -> Reply {
    let known = |name: &str| call.parameters.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let path = call.path();
    let read = match call.route.path {
        "/api/v1/organs/{organ_id}/users/{user_id}/roles" => format!("/api/v1/users/{}", known("user_id")),
        "/api/v1/organs/{organ_id}/departments/{department_id}" => {
            let listed = house.service().get(&format!("{}?limit=200", path.rsplit_once('/').unwrap().0), &call.token);
            let items = listed.json["items"].as_array().unwrap();
            let json = items.iter().find(|item| item["id"] == known("department_id")).unwrap().clone();
            return Reply { text: json.to_string(), json, headers: winner.headers.clone(), ..listed };
        }
        of_case if of_case.starts_with("/api/v1/cases/{case_id}/") && !of_case.ends_with("/tags") => {
            format!("/api/v1/cases/{}", known("case_id"))
        }
        of_order if of_order.starts_with("/api/v1/supervision/orders/{order_id}/") => {
            format!("/api/v1/supervision/orders/{}", known("order_id"))
        }
        same => {
            let is_read = routes::all().any(|route| (route.verb, route.path) == (Verb::Get, same));
            assert!(is_read, "{:?}: say in tests/it/races.rs where it is read", call.route);
            path
        }
    };
    house.service().get(&read, &call.token)
}

/// One race of a route: exactly one is done, and what is there then is what that one was told.
fn race(database: &TestDatabase, house: &House, document: &Document, route: &'static Route) {
    let call = call_for(house, document, route);
    let (other, words) = with_other_words(&call, document);
    let sent = [Sent::of(&call), Sent::of(&other)];
    let replies = raced(Gate::all(database), house.service(), [&sent[0], &sent[1]]);
    let statuses = [replies[0].status, replies[1].status];
    let (at, winner, loser) = match statuses {
        [200, _] => (0, &replies[0], &replies[1]),
        _ => (1, &replies[1], &replies[0]),
    };
    assert_eq!(winner.status, 200, "{route:?} on {}: {replies:?}", database.name);
    assert_eq!(loser.problem(), (412, "stale"), "{route:?} on {}: {statuses:?} {loser:?}", database.name);
    let now = read_back(house, &call, winner);
    assert_eq!(now.status, 200, "{route:?}: {now:?}");
    assert_eq!(now.header("etag"), winner.header("etag"), "{route:?} on {}", database.name);
    assert_eq!(now.json, winner.json, "{route:?} on {}: what is there is what the winner was told", database.name);
    assert_ne!(now.header("etag"), call.etag.as_deref().unwrap(), "{route:?}: nothing changed");
    if let Some(words) = words {
        let mut said = now.text;
        if let Some(id) = now.json["id"].as_str().filter(|_| route.path.starts_with("/api/v1/cases/")) {
            said += &house.service().get(&format!("/api/v1/cases/{id}/events"), &call.token).text;
        }
        assert_eq!(said.contains(&words), at == 1, "{route:?} on {}: {words} in {said}", database.name);
    }
}

/// The routes that want `If-Match`, by their documentation: a new one is raced without being named here.
fn with_version(document: &Document) -> Vec<&'static Route> {
    let wants = |route: &&Route| {
        document.operation(route).header_names().iter().any(|name| name.eq_ignore_ascii_case("if-match"))
    };
    routes::all().filter(wants).collect()
}

#[test]
fn of_two_requests_with_one_if_match_exactly_one_is_done() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let raced = with_version(&document);
        assert!(raced.len() >= 45, "only {} routes want a version", raced.len());
        for route in raced {
            for _ in 0..ROUNDS {
                race(database, &house, &document, route);
            }
        }
    });
}

/// A change of a person by somebody else, and what it says.
const CHANGES: &[(&str, &str, &str)] = &[
    ("PATCH", "/api/v1/users/{id}", r#"{"display_name":"改名"}"#),
    ("PATCH", "/api/v1/users/{id}", r#"{"email":"gai@example.cn"}"#),
    ("PATCH", "/api/v1/users/{id}", r#"{"is_active":false}"#),
    ("PUT", "/api/v1/organs/{organ}/users/{id}/roles", r#"{"roles":["clerk","reviewer"]}"#),
    ("POST", "/api/v1/users/{id}/password-reset", ""),
];

#[test]
fn a_token_revoked_while_the_person_is_changed_stays_revoked() {
    on_both_databases(|database| {
        let house = House::on(database);
        let (service, organ) = (house.service(), house.bureau.organ);
        let admin = house.token(organ, &[Role::Admin]);
        for (verb, path, body) in CHANGES {
            for is_first in [true, false] {
                let name = house.fresh("tuichu");
                let id = service.user(&name, organ, &[Role::Clerk]).0.to_string();
                let login = service.sign_in(&name, PASSWORD).json;
                let token = login["access_token"].as_str().unwrap();
                let logout = Sent::new("POST", "/api/v1/auth/logout", token, None, Some(json!({})));
                let path = path.replace("{id}", &id).replace("{organ}", &organ.0.to_string());
                let change = Sent::new(verb, &path, &admin, Some("\"1\""), serde_json::from_str(body).ok());
                let order = if is_first { [&logout, &change] } else { [&change, &logout] };
                let replies = raced(Gate::all(database), service, order);
                // Who is changed first may be signed out by that already.
                let is_fine = replies.iter().all(|reply| matches!(reply.status, 200 | 204));
                assert!(is_fine, "{verb} {path} {body} on {}: {replies:?}", database.name);
                let who = format!("{verb} {path} {body}, the logout first: {is_first}, on {}", database.name);
                let seen = service.get("/api/v1/me", token);
                assert_eq!(seen.problem(), (401, "unauthenticated"), "{who}");
                if body.contains("is_active") {
                    let user = service.get(&format!("/api/v1/users/{id}"), &admin);
                    let etag = [("if-match", user.header("etag"))];
                    let back = json!({ "is_active": true });
                    let back = service.call_with("PATCH", &format!("/api/v1/users/{id}"), &admin, &etag, Some(back));
                    assert_eq!(back.status, 200, "{back:?}");
                    assert_eq!(service.get("/api/v1/me", token).status, 401, "{who}: active again");
                }
                let refreshed = json!({ "refresh_token": login["refresh_token"] });
                let refreshed = service.call("POST", "/api/v1/auth/refresh", "", Some(refreshed));
                assert_eq!(refreshed.status, 401, "{who}");
            }
        }
    });
}

#[test]
fn a_login_renewed_or_made_while_it_is_ended_is_ended_too() {
    on_both_databases(|database| {
        let house = House::on(database);
        let (service, organ) = (house.service(), house.bureau.organ);
        let admin = house.token(organ, &[Role::Admin]);
        for round in 0..20 {
            let name = house.fresh("xudeng");
            let id = service.user(&name, organ, &[Role::Clerk]).0.to_string();
            let login = service.sign_in(&name, PASSWORD).json;
            let renewed = round % 2 == 0;
            let renew = if renewed {
                let body = json!({ "refresh_token": login["refresh_token"] });
                Sent::new("POST", "/api/v1/auth/refresh", "", None, Some(body))
            } else {
                let body = json!({ "username": name, "password": PASSWORD });
                Sent::new("POST", "/api/v1/auth/token", "", None, Some(body))
            };
            let renew = Sent { headers: renew.headers.into_iter().skip(1).collect(), ..renew };
            let reset = Sent::new("POST", &format!("/api/v1/users/{id}/password-reset"), &admin, None, None);
            let gate = Gate::of(database, &["refresh_tokens"]);
            let [renewal, reset] = raced(gate, service, [&renew, &reset]);
            assert_eq!(reset.status, 200, "{reset:?}");
            if renewal.status == 200 {
                let access = renewal.json["access_token"].as_str().unwrap();
                assert_eq!(service.get("/api/v1/me", access).status, 401, "round {round} on {}", database.name);
                let again = json!({ "refresh_token": renewal.json["refresh_token"] });
                let again = service.call("POST", "/api/v1/auth/refresh", "", Some(again));
                assert_eq!(again.status, 401, "round {round} on {}: the login outlived its password", database.name);
            } else {
                assert_eq!(renewal.status, 401, "{renewal:?}");
            }
        }
    });
}

#[test]
fn a_password_given_by_an_administrator_is_not_replaced_by_who_knew_the_old_one() {
    on_both_databases(|database| {
        let house = House::on(database);
        let (service, organ) = (house.service(), house.bureau.organ);
        let admin = house.token(organ, &[Role::Admin]);
        for _ in 0..ROUNDS {
            let name = house.fresh("kouling");
            let id = service.user(&name, organ, &[Role::Clerk]).0.to_string();
            let token = service.token(&name);
            let reset = Sent::new("POST", &format!("/api/v1/users/{id}/password-reset"), &admin, None, None);
            let own = json!({ "current_password": PASSWORD, "new_password": "Lake-Mountain-2026" });
            let own = Sent::new("PUT", "/api/v1/auth/password", &token, None, Some(own));
            let [reset, own] = raced(Gate::of(database, &["users"]), service, [&reset, &own]);
            assert_eq!(reset.status, 200, "{reset:?}");
            // Who comes first may change it; what the administrator gives comes after it and stays.
            assert!(matches!(own.status, 204 | 401 | 422), "{own:?} on {}", database.name);
            let given = reset.json["password"].as_str().unwrap();
            assert_eq!(service.sign_in(&name, given).status, 200, "{}", database.name);
            assert_eq!(service.sign_in(&name, "Lake-Mountain-2026").status, 401, "{}", database.name);
        }
    });
}

#[test]
fn figures_entered_while_the_report_is_published_are_in_it_or_refused() {
    on_both_databases(|database| {
        let house = House::on(database);
        let (service, clerk) = (house.service(), &house.bureau.clerk);
        let base = format!("/api/v1/organs/{}/annual-reports", house.bureau.organ.0);
        let table = |number: i32| Some(json!({ "table2": { "行政许可": { "本年处理决定数量": number } } }));
        for (year, is_figures_first) in [(2021, true), (2022, false), (2023, true)] {
            let path = format!("{base}/{year}/figures");
            let entered = service.call_with("PUT", &path, clerk, &[("if-match", "\"1\"")], table(1));
            assert_eq!(entered.status, 200, "{entered:?}");
            let figures = Sent::new("PUT", &path, clerk, Some(entered.header("etag")), table(2));
            let publication = json!({ "year": year, "published_on": "2024-01-30" });
            let publication = Sent::new("POST", &base, clerk, None, Some(publication)).with_key();
            let gate = Gate::of(database, &["report_figures", "report_snapshots"]);
            let order = if is_figures_first { [&figures, &publication] } else { [&publication, &figures] };
            let mut replies = raced(gate, service, order);
            if !is_figures_first {
                replies.reverse();
            }
            let [put, published] = replies;
            assert_eq!(published.status, 201, "{published:?}");
            assert!(put.status == 200 || put.problem() == (409, "report_published"), "{put:?}");
            let kept = service.get(&format!("{base}/{year}/published"), clerk).json;
            let now = service.get(&path, clerk).json;
            let who = format!("{year} on {}: {put:?}", database.name);
            assert_eq!(kept["table2"], now["table2"], "{who}");
            assert!(now["table2"].to_string().contains("本年处理决定数量"), "{who}: {now}");
        }
    });
}

#[test]
fn two_cases_merged_into_each_other_at_once_wait_for_each_other_in_one_order() {
    on_both_databases(|database| {
        let house = House::on(database);
        for _ in 0..ROUNDS {
            let (one, other) = (house.registered(), house.registered());
            let merge = |from: &crate::support::bureau::CaseAt<'_>, into: &str| {
                let body = json!({ "on": "2024-03-20", "into_case": into, "reason": "同一申请" });
                Sent::new("POST", &from.path("merge"), &house.bureau.clerk, Some(&from.etag()), Some(body))
            };
            let both = [merge(&one, &other.id), merge(&other, &one.id)];
            let replies = raced(Gate::of(database, &["cases"]), house.service(), [&both[0], &both[1]]);
            let mut statuses = replies.each_ref().map(|reply| reply.status);
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{replies:?} on {}", database.name);
        }
    });
}
