//! Bad input, for every route of the table: the answer is a problem with a code, the database stays as it was. What is
//! tried comes from the OpenAPI document; a new member of a body is tried as soon as it is documented.

use gongkai::api::http::route::{Access, Route, Verb};
use gongkai::api::routes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::support::house::{House, difference};
use crate::support::on_both_databases;
use crate::support::openapi::{Document, Kind, Member, Parameter};
use crate::support::payloads::{Call, call_for};
use crate::support::service::Reply;
use crate::support::spoiling::{Expect, MARK, Probe, RARE, broken, flaw, probes};

/// Routes that change something and take no body.
const WITHOUT_BODY: &[&str] =
    &["/api/v1/users/{user_id}/password-reset", "/api/v1/mail/{mail_id}/release", "/api/v1/me/feed"];

/// The front desk's form, in which blank text is as good as a member that is not there.
const BLANK_IS_NOTHING: &str = "/api/v1/intake/applications";

/// Text that is taken and shown to nobody in the clear: route, member, why.
const HIDDEN: &[(&str, &str, &str)] = &[
    ("/api/v1/cases/{case_id}/service-proofs", "/signatory", "a person's name: masked"),
    ("/api/v1/cases/{case_id}/applicant/reveal", "/reason", "kept in the audit log"),
    ("/api/v1/organs/{organ_id}/counters/{kind}/{year}", "/reason", "kept in the audit log"),
    ("/api/v1/organs/{organ_id}", "/reason", "kept in the audit log"),
    ("/api/v1/auth/password", "/new_password", "a secret"),
    ("/api/v1/calendar/{year}", "/notice", "a preview keeps nothing"),
    ("/api/v1/calendar/{year}", "/amendments/0", "a preview keeps nothing"),
    ("/api/v1/calendar/{year}", "/off/0/name", "a preview keeps nothing"),
    ("/api/v1/auth/logout", "/refresh_token", "a secret; one that is none ends nothing"),
];

/// How many rows each table gained and lost.
type Tables = BTreeMap<String, Vec<String>>;

fn gained(before: &Tables, after: &Tables) -> BTreeMap<String, (usize, usize)> {
    let count = |table: &String| {
        let (old, new) = (&before[table], &after[table]);
        let lost = old.iter().filter(|row| !new.contains(row)).count();
        let made = new.iter().filter(|row| !old.contains(row)).count();
        (table.clone(), (lost, made))
    };
    before.keys().map(count).filter(|(_, count)| *count != (0, 0)).collect()
}

fn spoilt(call: &Call, pointer: &str, value: &Value) -> Vec<u8> {
    call.body_with(pointer, value.clone()).to_string().into_bytes()
}

/// Whether some string of the value is just this one.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        Value::Object(members) => members.values().any(|member| says(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// One route under test, and what was found wrong so far.
struct Bench<'a> {
    house: &'a House,
    document: &'a Document,
    route: &'static Route,
    call: Call,
    flaws: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(house: &'a House, document: &'a Document, route: &'static Route) -> Self {
        Self { house, document, route, call: call_for(house, document, route), flaws: Vec::new() }
    }

    fn note(&mut self, what: &str, flaw: String) {
        self.flaws.push(format!("{} {} {what}: {flaw}", self.route.verb.name(), self.route.path));
    }

    /// Judges an answer that must be a refusal; after another the thing is made anew, to go on from.
    fn refused(&mut self, what: &str, reply: &Reply) {
        if let Some(flaw) = flaw(reply) {
            self.note(what, flaw);
            if reply.status < 300 {
                self.call = call_for(self.house, self.document, self.route);
            }
        }
    }

    /// Whatever stands where a body, its type, its version or its key should stand.
    fn envelope(&mut self) {
        let good = self.call.body.as_ref().unwrap().to_string();
        for bytes in broken(&good) {
            let reply = self.call.send_bytes(self.house, &bytes);
            let shown: String = String::from_utf8_lossy(&bytes).chars().take(60).collect();
            self.refused(&format!("body {shown:?}"), &reply);
        }
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "x"]
        {
            let reply = self.with_header("content-type", Some(kind), good.as_bytes());
            self.refused(&format!("content type {kind}"), &reply);
            if reply.status != 415 {
                self.note(kind, format!("{}", reply.status));
            }
        }
        let large = format!("{{\"{MARK}\":\"{}\"}}", "x".repeat(10 << 20));
        let reply = self.call.send_bytes(self.house, large.as_bytes());
        self.refused("10 MB", &reply);
        if (reply.status, reply.json["code"].as_str()) != (413, Some("payload_too_large")) {
            self.note("10 MB", format!("{}", reply.status));
        }
        self.preconditions(good.as_bytes());
    }

    fn preconditions(&mut self, good: &[u8]) {
        if self.call.etag.is_some() {
            let tags = [
                (None, 428),
                (Some("\"999999\""), 412),
                (Some("\"0\""), 412),
                (Some("\"-1\""), 412),
                (Some("\"99999999999999999999\""), 412),
                (Some("\"zzqx\""), 412),
                (Some("1"), 400),
                (Some("zzqx"), 400),
                (Some("*"), 400),
                (Some("W/\"1\""), 400),
                (Some("\"1\", \"2\""), 400),
                (Some(""), 400),
            ];
            for (tag, status) in tags {
                let reply = self.with_header("if-match", tag, good);
                self.refused(&format!("If-Match {tag:?}"), &reply);
                if reply.status != status {
                    self.note(&format!("If-Match {tag:?}"), format!("{} instead of {status}", reply.status));
                }
            }
        }
        if self.call.wants_key {
            let long = "k".repeat(129);
            for key in [None, Some(""), Some("two words"), Some(long.as_str())] {
                let reply = self.with_header("idempotency-key", key, good);
                self.refused(&format!("Idempotency-Key {key:?}"), &reply);
                if reply.status != 400 {
                    self.note(&format!("Idempotency-Key {key:?}"), format!("{}", reply.status));
                }
            }
        }
    }

    fn with_header(&self, name: &'static str, value: Option<&str>, body: &[u8]) -> Reply {
        let mut headers = self.call.headers(&self.call.token);
        headers.retain(|(known, _)| *known != name);
        headers.extend(value.map(|value| (name, value.to_owned())));
        self.call.send_raw(self.house, &headers, Some(body))
    }

    /// Everything that must be refused in place of a member.
    fn wrong(&mut self, member: &Member, probe: &Probe) {
        let body = spoilt(&self.call, &member.pointer, &probe.value);
        let reply = self.call.send_bytes(self.house, &body);
        let shown: String = probe.value.to_string().chars().take(60).collect();
        self.refused(&format!("{} = {shown}", member.pointer), &reply);
    }

    /// What may be taken: then it is there to be read, and no more has changed than for a good request.
    fn perhaps(&mut self, member: &Member, probe: &Probe, usual: &BTreeMap<String, (usize, usize)>) {
        let before = self.house.dump();
        let body = spoilt(&self.call, &member.pointer, &probe.value);
        let reply = self.call.send_bytes(self.house, &body);
        let shown: String = probe.value.to_string().chars().take(60).collect();
        let what = format!("{} = {shown}", member.pointer);
        let after = self.house.dump();
        if !(200..300).contains(&reply.status) {
            self.refused(&what, &reply);
            let changed = difference(&before, &after);
            if !changed.is_empty() {
                self.note(&what, format!("refused, yet {changed:?}"));
            }
            return;
        }
        if probe.expect == Expect::Kept {
            let changed = gained(&before, &after);
            if changed != *usual {
                self.note(&what, format!("changed {changed:?} instead of {usual:?}"));
            }
            if !self.is_hidden(member) && !self.is_shown(&reply, probe.value.as_str().unwrap()) {
                self.note(&what, "taken, but not to be read again as it was sent".to_owned());
            }
        }
        self.call = call_for(self.house, self.document, self.route);
    }

    fn is_hidden(&self, member: &Member) -> bool {
        HIDDEN.iter().any(|(path, pointer, _)| (*path, *pointer) == (self.route.path, member.pointer.as_str()))
    }

    /// Read where the route says it is shown, at the address of what was made, and for an applicant in the clear.
    fn is_shown(&self, reply: &Reply, text: &str) -> bool {
        let service = self.house.service();
        let mut places = self.call.shown_at.clone();
        let location = reply.header("location");
        if !location.is_empty() && !location.contains("/departments/") {
            places.push((location.to_owned(), self.call.token.clone()));
        } else if !location.is_empty() {
            let list = location.rsplit_once('/').unwrap().0;
            places.push((format!("{list}?limit=200"), self.call.token.clone()));
        }
        let read = places.iter().map(|(path, token)| service.get(path, token));
        let mut shown: Vec<Reply> = read.collect();
        let id = reply.json["case_id"]
            .as_str()
            .or_else(|| reply.json["stage"].is_object().then(|| reply.json["id"].as_str())?);
        if let (Some(id), Verb::Post, false) = (id, self.route.verb, self.route.path.contains("{case_id}")) {
            let clerk = &self.house.bureau.clerk;
            shown.push(service.get(&format!("/api/v1/cases/{id}"), clerk));
            let reason = Some(json!({ "reason": "核对申请人信息" }));
            shown.push(service.call("POST", &format!("/api/v1/cases/{id}/applicant/reveal"), clerk, reason));
        }
        if self.route.path.ends_with("/split") {
            shown.push(service.get("/api/v1/cases?limit=200", &self.house.bureau.clerk));
            let list = shown.last().unwrap();
            let latest = list.json["items"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter().take(2);
            let parts: Vec<String> =
                latest.map(|item| format!("/api/v1/cases/{}", item["id"].as_str().unwrap())).collect();
            shown.extend(parts.iter().map(|path| service.get(path, &self.house.bureau.clerk)));
        }
        assert!(shown.iter().all(|reply| reply.status == 200), "{shown:?}");
        shown.iter().any(|reply| says(&reply.json, text))
    }

    /// Everything for a route with a body.
    fn run(&mut self) {
        let members = self.document.operation(self.route).members();
        for member in &members {
            let body = self.call.body_for(&member.pointer);
            assert!(
                body.pointer(&member.pointer).is_some_and(|value| !value.is_null()),
                "{:?}: say something in {}",
                self.route,
                member.pointer
            );
        }
        let before = self.house.dump();
        self.envelope();
        let mut later = Vec::new();
        for member in &members {
            let good = self.call.body_for(&member.pointer);
            for probe in probes(member, good.pointer(&member.pointer).unwrap()) {
                if self.route.path == BLANK_IS_NOTHING && probe.value == "" && member.is_optional {
                    continue;
                }
                if probe.expect == Expect::Refused {
                    self.wrong(member, &probe);
                } else {
                    later.push((member, probe));
                }
            }
        }
        if !self.flaws.is_empty() {
            return;
        }
        let changed = difference(&before, &self.house.dump());
        assert_eq!(changed, Vec::<String>::new(), "{:?}: refused, yet something changed", self.route);
        // The control, and the measure of what a good request changes.
        let before = self.house.dump();
        let done = self.call.send(self.house);
        assert!((200..300).contains(&done.status), "{:?}: {done:?}", self.route);
        let usual = gained(&before, &self.house.dump());
        self.call = call_for(self.house, self.document, self.route);
        for (member, probe) in later {
            self.perhaps(member, &probe, &usual);
        }
    }
}

fn report(flaws: &[String]) {
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

#[test]
fn a_bad_body_is_always_a_problem_with_a_code_and_changes_nothing() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let mut flaws = Vec::new();
        let mut tried = 0;
        // A preview takes the body of its command by the same extractor, and what it took cannot be read again.
        let is_tried = |route: &&Route| {
            let is_preview = route.path.starts_with("/api/v1/cases/") && route.path.ends_with("/preview");
            route.verb != Verb::Get && !is_preview
        };
        for route in routes::all().filter(is_tried) {
            if WITHOUT_BODY.contains(&route.path) {
                assert!(document.operation(route).body().is_none(), "{route:?} has a body after all");
                continue;
            }
            assert!(
                document.operation(route).body().is_some(),
                "{route:?} changes something by what? see WITHOUT_BODY"
            );
            let mut bench = Bench::new(&house, &document, route);
            bench.run();
            flaws.append(&mut bench.flaws);
            tried += 1;
        }
        assert!(tried >= 45, "only {tried} tried");
        report(&flaws);
    });
}

/// What is tried in place of a query parameter.
fn bad_values(parameter: &Parameter) -> Vec<String> {
    let raw: &[&str] = match (parameter.kind.clone(), parameter.name.as_str()) {
        (Kind::Day, _) => &[
            "",
            "zzqx",
            "2024-02-30",
            "0000-01-01",
            "-0001-01-01",
            "-262143-01-01",
            "%2B262142-12-31",
            "%2B12024-03-20",
            "9999-12-31",
            "2024-03-20T00:00:00Z",
            "2024-3-20x",
        ],
        (Kind::Id, _) => &["", "zzqx", "1", "%27%20OR%201=1", "00000000-0000-0000-0000-000000000000x"],
        (Kind::Number, "limit") => &["0", "1000000000", "-1", "", "zzqx", "1.5", "4294967296", "18446744073709551616"],
        (Kind::Number, _) => &["-1", "", "zzqx", "1.5", "4294967295", "18446744073709551616"],
        (Kind::Flag, _) => &["", "zzqx", "1", "TRUE"],
        (_, "cursor") => &["zzqx", "0", "00", "ff", "7a7a7178", "273b44524f50205441424c45"],
        (Kind::Text | Kind::Choice, _) => {
            &["zzqx", "%27;DROP%20TABLE%20cases;--", "%3Cscript%3E", "%F0%9F%98%80", "%00", "%ff"]
        }
        (Kind::Array | Kind::Object | Kind::Open, _) => &["zzqx"],
    };
    raw.iter().map(|value| (*value).to_owned()).collect()
}

/// Parameters that take any text, and days that may be any day of the calendar.
fn may_be_anything(path: &str, parameter: &Parameter, value: &str) -> bool {
    let is_text = matches!(parameter.name.as_str(), "q" | "tag");
    // The cursor of a list by name is a name: any text is a place in it. That of the others is parsed.
    let is_place = parameter.name == "cursor"
        && path.contains("organs")
        && matches!(value, "7a7a7178" | "273b44524f50205441424c45");
    (is_text && !value.contains("%00") && !value.contains("%ff")) || is_place
}

/// Days that exist but lie far off: a filter by them finds nothing or everything, and breaks nothing.
const FAR_DAYS: [&str; 6] =
    ["0000-01-01", "-0001-01-01", "-262143-01-01", "%2B262142-12-31", "%2B12024-03-20", "9999-12-31"];

#[test]
fn a_bad_query_is_always_a_problem_with_a_code_and_changes_nothing() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let mut flaws = Vec::new();
        let mut tried = 0;
        for route in routes::all().filter(|route| route.access != Access::Public) {
            let call = call_for(&house, &document, route);
            let before = house.dump();
            let unknown = Call {
                query: format!(
                    "{}{MARK}=1",
                    if call.query.is_empty() { "?".to_owned() } else { format!("{}&", call.query) }
                ),
                ..call.clone()
            };
            let reply = unknown.send(&house);
            if (reply.status, reply.json["code"].as_str()) != (400, Some("invalid_query")) {
                flaws.push(format!("{route:?} unknown parameter: {} {}", reply.status, reply.text));
            }
            for parameter in document.operation(route).query() {
                for value in bad_values(&parameter) {
                    let rest = call.query.trim_start_matches('?').split('&');
                    let rest: Vec<&str> = rest
                        .filter(|one| !one.is_empty() && !one.starts_with(&format!("{}=", parameter.name)))
                        .collect();
                    let query = [rest, vec![&format!("{}={value}", parameter.name)]].concat().join("&");
                    let reply = Call { query: format!("?{query}"), ..call.clone() }.send(&house);
                    tried += 1;
                    let is_far = FAR_DAYS.contains(&value.as_str()) || value == "%ff";
                    let is_fine = reply.status == 200 && (is_far || may_be_anything(route.path, &parameter, &value));
                    if let (false, Some(flaw)) = (is_fine, flaw(&reply)) {
                        flaws.push(format!("{} ?{query}: {flaw}", route.path));
                    }
                }
            }
            let mut changed = difference(&before, &house.dump());
            // That a clerk searched among names is on record, whatever was searched for.
            changed.retain(|row| !row.contains("applicants.searched"));
            assert_eq!(changed, Vec::<String>::new(), "{route:?}");
        }
        assert!(tried >= 200, "only {tried} tried");
        report(&flaws);
    });
}

#[test]
fn a_path_that_names_nothing_is_not_found_and_changes_nothing() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let long = "a".repeat(5_000);
        let rubbish = [
            "1",
            "zzqx",
            "%00",
            "%ff%fe",
            "%2e%2e%2f",
            "..%2f..%2fetc%2fpasswd",
            "..",
            "%252e%252e",
            "%E4%BD%A0%F0%9F%98%80",
            "%27%20OR%201=1--",
            "%3Cscript%3E",
            "00000000-0000-0000-0000-00000000000",
            "0x7f",
            "99999999999999999999",
            "%0d%0aX:y",
            "zzqx;a=b",
            &long,
        ];
        let mut flaws = Vec::new();
        let mut tried = 0;
        for route in routes::all().filter(|route| route.path.contains('{')) {
            let call = call_for(&house, &document, route);
            let before = house.dump();
            for (name, _) in &call.parameters {
                for value in rubbish {
                    if (*name, value) == ("number", "1") {
                        continue;
                    }
                    let reply = call.with(name, value).send(&house);
                    tried += 1;
                    // `..` leads out of the path template: then another route may be meant, of another method.
                    let is_elsewhere = value == ".." && reply.status == 405;
                    if let Some(flaw) = flaw(&reply) {
                        flaws.push(format!("{} {name}={:.60}: {flaw}", route.path, value));
                    } else if reply.status != 404 && !is_elsewhere {
                        flaws.push(format!("{} {name}={:.60}: {}", route.path, value, reply.status));
                    }
                }
            }
            assert_eq!(difference(&before, &house.dump()), Vec::<String>::new(), "{route:?}");
        }
        for path in [
            "/api/v1/../v1/cases",
            "/api/v1/cases/",
            "//",
            "/api/v1/%2e%2e/me",
            "/docs/../api/v1/me",
            "/docs/%2e%2e%2fCargo.toml",
            "/docs/..%2f..%2fetc%2fpasswd",
        ] {
            let reply = house.service().get(path, &house.bureau.clerk);
            if reply.status != 404 || flaw(&reply).is_some() {
                flaws.push(format!("{path}: {} {:.200}", reply.status, reply.text));
            }
        }
        assert!(tried >= 700, "only {tried} tried");
        report(&flaws);
    });
}

#[test]
fn settings_of_an_organ_cannot_be_such_that_its_cases_cannot_be_read() {
    on_both_databases(|database| {
        let house = House::on(database);
        let admin = house.token(house.bureau.organ, &[gongkai::case::Role::Admin]);
        let path = format!("/api/v1/organs/{}", house.bureau.organ.0);
        let service = house.service();
        let extremes = [
            json!({ "black_days": u32::MAX }),
            json!({ "yellow_days": u32::MAX }),
            json!({ "task_days": u16::MAX }),
            json!({ "task_days": 0 }),
            json!({ "number_pattern": "同号" }),
            json!({ "document_pattern": "" }),
            json!({ "review_chain": [] }),
            json!({ "review_chain": ["leader", "leader"] }),
            json!({ "number_pattern": RARE }),
            json!({ "court": "法".repeat(10_000) }),
            json!({ "court": RARE }),
        ];
        let mut flaws = Vec::new();
        for settings in extremes {
            let tag = service.get(&path, &admin).header("etag").to_owned();
            let body = Some(json!({ "settings": settings }));
            let set = service.call_with("PATCH", &path, &admin, &[("if-match", &tag)], body);
            let shown: String = settings.to_string().chars().take(80).collect();
            if set.status != 200 {
                flaws.extend(flaw(&set).map(|flaw| format!("{shown}: {flaw}")));
                continue;
            }
            let organ = house.bureau.organ.0;
            let reads = [
                format!("/api/v1/cases?organ={organ}&warning=black"),
                format!("/api/v1/cases?organ={organ}&warning=red"),
                format!("/api/v1/cases?organ={organ}&warning=yellow"),
                format!("/api/v1/cases/{}", house.case),
                format!("/api/v1/cases/{}/clock", house.case),
                format!("/api/v1/cases/{}/actions", house.case),
                "/api/v1/overdue".to_owned(),
            ];
            for read in reads {
                let reply = service.get(&read, &house.bureau.supervisor);
                if reply.status != 200 {
                    flaws.push(format!("{shown}: {read}: {} {:.200}", reply.status, reply.text));
                }
            }
            // Two registrations, one reply: what the settings are for.
            for _ in 0..2 {
                let case = house.bureau.file(house.bureau.application("2024-03-01"));
                let reply = case.try_command(&house.bureau.clerk, "registration", json!({ "on": "2024-03-01" }));
                if reply.status != 200 {
                    flaws.push(format!("{shown}: registration: {} {:.200}", reply.status, reply.text));
                }
            }
        }
        report(&flaws);
    });
}
