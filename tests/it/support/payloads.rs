//! A request that works for every route of the table: the thing in the right state, the right person, the right body.
//! Bodies carry every documented member, so that each can be spoilt.

use gongkai::api::http::route::{Access, Route, Verb};
use gongkai::case::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::bureau::CaseAt;
use crate::support::house::House;
use crate::support::openapi::Document;
use crate::support::service::{PASSWORD, Reply};

/// A request, ready to be sent or to be spoilt first.
#[derive(Clone)]
pub struct Call {
    pub route: &'static Route,
    /// The path's parameters by name.
    pub parameters: Vec<(&'static str, String)>,
    /// The query, with its question mark, or nothing.
    pub query: String,
    pub token: String,
    pub etag: Option<String>,
    pub wants_key: bool,
    pub body: Option<Value>,
    /// Where what was sent can be read afterwards, and by whom.
    pub shown_at: Vec<(String, String)>,
}

/// Members that a request has in place of another: route, the member, the one it excludes, a good value.
const EXCLUDING: &[(&str, &str, &str, &str)] = &[("/outcome", "right_organ_unknown", "right_organ", "无法确定")];

impl Call {
    /// The path with its parameters.
    pub fn path(&self) -> String {
        let fill = |path: String, (name, value): &(&str, String)| path.replace(&format!("{{{name}}}"), value);
        let path = self.parameters.iter().fold(self.route.path.to_owned(), fill);
        assert!(!path.contains('{'), "{path}");
        path
    }

    /// The same with another value of a parameter of the path.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        let parameter = other.parameters.iter_mut().find(|(known, _)| *known == name);
        parameter.unwrap().1 = value.to_owned();
        other
    }

    /// The good body with `value` at this member. Of two members that exclude each other the other one is left out.
    pub fn body_with(&self, pointer: &str, value: Value) -> Value {
        let mut body = self.body_for(pointer);
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("{:?}: say something in {pointer}", self.route)) = value;
        body
    }

    /// The good body that has this member.
    pub fn body_for(&self, pointer: &str) -> Value {
        let mut body = self.body.clone().unwrap();
        for (path, member, excluded, good) in EXCLUDING {
            if self.route.path.trim_end_matches("/preview").ends_with(path) && pointer == format!("/{member}") {
                body.as_object_mut().unwrap().remove(*excluded);
                body[*member] = json!(good);
            }
        }
        body
    }

    /// The headers it needs; `token` may be empty for none.
    pub fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if !token.is_empty() {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        if let Some(etag) = &self.etag {
            headers.push(("if-match", etag.clone()));
        }
        if self.wants_key {
            headers.push(("idempotency-key", Uuid::new_v4().to_string()));
        }
        if self.body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        headers
    }

    /// Sends it as it is, as somebody.
    pub fn send_as(&self, house: &House, token: &str) -> Reply {
        let body = self.body.as_ref().map(Value::to_string);
        self.send_raw(house, &self.headers(token), body.as_deref().map(str::as_bytes))
    }

    /// Sends it as it is.
    pub fn send(&self, house: &House) -> Reply {
        self.send_as(house, &self.token)
    }

    /// Sends it with other headers and bytes.
    pub fn send_raw(&self, house: &House, headers: &[(&'static str, String)], body: Option<&[u8]>) -> Reply {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        house.service().send(self.route.verb.name(), &format!("{}{}", self.path(), self.query), &headers, body)
    }

    /// Sends other bytes as its body.
    pub fn send_bytes(&self, house: &House, body: &[u8]) -> Reply {
        self.send_raw(house, &self.headers(&self.token), Some(body))
    }
}

/// What the table below knows of a route: whose request, about what, saying what.
struct Plan {
    parameters: Vec<(&'static str, String)>,
    token: String,
    etag: Option<String>,
    body: Option<Value>,
    shown_at: Vec<(String, String)>,
}

/// A request to the bureau that is accepted; everything it needs has been done before.
pub fn call_for(house: &House, document: &Document, route: &'static Route) -> Call {
    let plan = if route.verb == Verb::Get { reading(house, route) } else { changing(house, route) };
    let operation = document.operation(route);
    let wants = |header: &str| operation.header_names().iter().any(|name| name.eq_ignore_ascii_case(header));
    assert_eq!(wants("if-match"), plan.etag.is_some(), "{route:?}: If-Match in the document and in the table");
    assert_eq!(operation.body().is_some(), plan.body.is_some(), "{route:?}: a body in the document and in the table");
    let required = operation.query().into_iter().filter(|parameter| parameter.is_required);
    let query: Vec<String> =
        required.map(|parameter| format!("{}={}", parameter.name, value_of(&parameter.name))).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let Plan { parameters, token, etag, body, shown_at } = plan;
    Call { route, parameters, query, token, etag, wants_key: wants("idempotency-key"), body, shown_at }
}

/// A good value of a query parameter that must be given.
fn value_of(name: &str) -> &'static str {
    match name {
        "from" => "2024-03-01",
        "n" => "20",
        other => panic!("no value for the required parameter {other}: add it to tests/it/payloads.rs"),
    }
}

/// The first of the roles that a route takes, in the bureau.
fn allowed(house: &House, route: &Route) -> String {
    let roles = match route.access {
        Access::Roles(roles) => roles,
        Access::Authenticated | Access::Public => &[Role::Clerk],
    };
    house.token(house.bureau.organ, &roles[..1])
}

/// A year whose report is published.
fn published(house: &House) -> String {
    let path = format!("/api/v1/organs/{}/annual-reports", house.bureau.organ.0);
    // Once; a second time it is there already.
    house.service().create(&path, &house.bureau.clerk, json!({ "year": 2008, "published_on": "2009-03-30" }));
    "2008".to_owned()
}

fn reading(house: &House, route: &'static Route) -> Plan {
    let bureau = &house.bureau;
    let is_of_published = ["/published", "/adjustments"].iter().any(|end| route.path.ends_with(end));
    let year = if is_of_published { published(house) } else { "2024".to_owned() };
    let known = [
        ("organ_id", bureau.organ.0.to_string()),
        ("case_id", house.case.clone()),
        ("user_id", bureau.clerk_id.0.to_string()),
        ("department_id", bureau.department.clone()),
        ("year", year),
        ("external_number", house.filed.clone()),
        ("order_id", house.order.clone()),
        ("mail_id", house.mail.clone()),
        ("token", house.feed.clone()),
    ];
    let names = route.path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
    let parameters = names.map(|name| {
        let found = known.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no value for {{{name}}} of {route:?}: add it to tests/it/payloads.rs")).clone()
    });
    Plan {
        parameters: parameters.collect(),
        token: allowed(house, route),
        etag: None,
        body: None,
        shown_at: Vec::new(),
    }
}

/// A plan of a route that needs no version.
fn plain(house: &House, route: &Route, parameters: Vec<(&'static str, String)>, body: Value) -> Plan {
    Plan { parameters, token: allowed(house, route), etag: None, body: Some(body), shown_at: Vec::new() }
}

fn changing(house: &House, route: &'static Route) -> Plan {
    if route.path == "/api/v1/cases/{case_id}/tags" {
        return tags(house, route);
    }
    if let Some(segment) = route.path.strip_prefix("/api/v1/cases/{case_id}/") {
        return on_case(house, segment);
    }
    if let Some(segment) = route.path.strip_prefix("/api/v1/supervision/orders/{order_id}/") {
        return on_order(house, route, segment);
    }
    let organ = house.bureau.organ.0.to_string();
    let admin = house.token(house.bureau.organ, &[Role::Admin]);
    let seen = |path: &str| house.service().get(path, &admin).header("etag").to_owned();
    match (route.verb, route.path) {
        (Verb::Post, "/api/v1/auth/token") => {
            let name = house.fresh("denglu");
            house.service().user(&name, house.bureau.organ, &[Role::Clerk]);
            Plan {
                token: String::new(),
                ..plain(house, route, vec![], json!({ "username": name, "password": PASSWORD }))
            }
        }
        (Verb::Post, "/api/v1/auth/refresh") => {
            let login = login(house);
            Plan {
                token: String::new(),
                ..plain(house, route, vec![], json!({ "refresh_token": login["refresh_token"] }))
            }
        }
        (Verb::Post, "/api/v1/auth/logout") => {
            let login = login(house);
            let token = login["access_token"].as_str().unwrap().to_owned();
            Plan { token, ..plain(house, route, vec![], json!({ "refresh_token": login["refresh_token"] })) }
        }
        (Verb::Put, "/api/v1/auth/password") => {
            let token = login(house)["access_token"].as_str().unwrap().to_owned();
            let body = json!({ "current_password": PASSWORD, "new_password": "Lake-Mountain-2026" });
            Plan { token, ..plain(house, route, vec![], body) }
        }
        (Verb::Post, "/api/v1/organs") => {
            let body = json!({
                "code": house.fresh("xj"), "name": "下级局", "parent_id": organ, "reports_to": organ, "region": "",
                "settings": { "task_days": 5 }
            });
            plain(house, route, vec![], body)
        }
        (Verb::Patch, "/api/v1/organs/{organ_id}") => {
            let path = format!("/api/v1/organs/{organ}");
            let body = json!({
                "name": "自然资源局", "parent_id": house.above.0, "reports_to": house.above.0, "region": "",
                "settings": { "task_days": 6 }, "reason": "名称与机构编制批复不一致"
            });
            Plan {
                etag: Some(seen(&path)),
                shown_at: vec![(path, admin.clone())],
                ..plain(house, route, vec![("organ_id", organ.clone())], body)
            }
        }
        (Verb::Put, "/api/v1/organs/{organ_id}/counters/{kind}/{year}") => {
            // A year that has no series yet.
            let year = (2008 + house.number() % 900).to_string();
            let parameters = vec![("organ_id", organ), ("kind", "notice".to_owned()), ("year", year)];
            plain(house, route, parameters, json!({ "next": 48, "reason": "启用本系统以前已编至47号" }))
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/ledger/imports/{import_id}/undo") => {
            let content = ledger(house);
            let (base, clerk) = (format!("/api/v1/organs/{organ}/ledger"), &house.bureau.clerk);
            let shown = Some(json!({ "content": content }));
            let seen = house.service().call("POST", &format!("{base}/preview"), clerk, shown);
            let body = json!({ "content": content, "confirmation": seen.json["confirmation"] });
            let made = house.service().create(&format!("{base}/imports"), clerk, body);
            let import = made.json["import_id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
            let shown_at = vec![(format!("{base}/imports?limit=200"), clerk.clone())];
            let parameters = vec![("organ_id", organ.clone()), ("import_id", import)];
            Plan { shown_at, ..plain(house, route, parameters, json!({ "reason": "导错机关" })) }
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/predecessors") => {
            let ended = json!({ "code": house.fresh("jg"), "name": "旧局", "parent_id": organ });
            let ended = house.service().create("/api/v1/organs", &admin, ended);
            let body = json!({
                "predecessor_id": ended.json["id"], "ended_on": "2024-03-25", "reason": "机构改革，职责并入本机关",
                "basis": "某市机构改革方案"
            });
            plain(house, route, vec![("organ_id", organ)], body)
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/departments") => {
            let body = json!({ "code": house.fresh("ks"), "name": house.fresh("新设科") });
            plain(house, route, vec![("organ_id", organ)], body)
        }
        (Verb::Patch, "/api/v1/organs/{organ_id}/departments/{department_id}") => {
            let path = format!("/api/v1/organs/{organ}/departments");
            let body = json!({ "code": house.fresh("ks"), "name": house.fresh("旧名科") });
            let made = house.service().create(&path, &admin, body);
            let id = made.json["id"].as_str().unwrap().to_owned();
            Plan {
                etag: Some(made.header("etag").to_owned()),
                shown_at: vec![(format!("{path}?limit=200"), admin.clone())],
                ..plain(
                    house,
                    route,
                    vec![("organ_id", organ), ("department_id", id)],
                    json!({ "name": house.fresh("新名科"), "is_active": true, "head_id": house.bureau.clerk_id.0 }),
                )
            }
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/users") => {
            let body = json!({
                "username": house.fresh("xinren"), "display_name": "新人", "email": "xin@example.cn", "kind": "person",
                "department_id": house.bureau.department, "roles": ["clerk"]
            });
            plain(house, route, vec![("organ_id", organ)], body)
        }
        (Verb::Put, "/api/v1/organs/{organ_id}/users/{user_id}/roles") => {
            let (id, etag) = somebody(house);
            Plan {
                etag,
                ..plain(house, route, vec![("organ_id", organ), ("user_id", id)], json!({ "roles": ["leader"] }))
            }
        }
        (Verb::Patch, "/api/v1/users/{user_id}") => {
            let (id, etag) = somebody(house);
            let body = json!({
                "display_name": "改名", "email": "gai@example.cn", "department_id": house.bureau.department, "is_active": true,
                "leave_as_is": false
            });
            let shown_at = vec![(format!("/api/v1/users/{id}"), admin.clone())];
            Plan { etag, shown_at, ..plain(house, route, vec![("user_id", id)], body) }
        }
        (Verb::Post, "/api/v1/users/{user_id}/password-reset") => {
            let (id, _) = somebody(house);
            Plan { body: None, ..plain(house, route, vec![("user_id", id)], Value::Null) }
        }
        (Verb::Put, "/api/v1/calendar/{year}") => {
            // 2017 is the year whose last days belong to another year's holiday; the first entry says everything.
            let mut body = house.service().get("/api/v1/calendar/2017", &admin).json;
            body["off"].as_array_mut().unwrap().reverse();
            body["off"][0]["implied"] = json!(false);
            body["amendments"] = json!(["国务院办公厅关于调整2017年部分节假日安排的通知"]);
            plain(house, route, vec![("year", "2017".to_owned())], body)
        }
        (Verb::Put, "/api/v1/organs/{organ_id}/reminder-settings") => {
            let path = format!("/api/v1/organs/{organ}/reminder-settings");
            let onset = |when: &str, days: u16| json!({ "when": when, "days": days });
            let body = json!({
                "policies": [{
                    "kind": "reply", "lead_days": [house.number() % 50, 0], "repeat_every": 1, "repeat_until": 10,
                    "black_days": 30,
                    "recipients": {
                        "handler": onset("before", 60), "section_head": onset("before", 5),
                        "office_head": onset("before", 3), "leader": onset("before", 0), "supervisor": onset("after", 1)
                    }
                }],
                "window": { "from_hour": 8, "until_hour": 18, "working_days_only": true }
            });
            Plan { etag: Some(seen(&path)), ..plain(house, route, vec![("organ_id", organ)], body) }
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/ledger/preview") => {
            plain(house, route, vec![("organ_id", organ)], json!({ "content": ledger(house) }))
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/ledger/imports") => {
            let content = ledger(house);
            let path = format!("/api/v1/organs/{organ}/ledger/preview");
            let token = allowed(house, route);
            let seen = house.service().call("POST", &path, &token, Some(json!({ "content": content })));
            let body = json!({ "content": content, "confirmation": seen.json["confirmation"], "partial": false, "file_name": "台账.csv" });
            let shown_at = vec![(format!("/api/v1/organs/{organ}/ledger/imports"), token)];
            Plan { shown_at, ..plain(house, route, vec![("organ_id", organ)], body) }
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/annual-reports") => {
            let path = format!("/api/v1/organs/{organ}/annual-reports?limit=200");
            let known = house.service().get(&path, &admin);
            let is_known = |year: &i64| known.json["items"].as_array().unwrap().iter().any(|one| one["year"] == *year);
            let year = (2009..=2023).rev().find(|year| !is_known(year)).unwrap();
            plain(house, route, vec![("organ_id", organ)], json!({ "year": year, "published_on": "2024-01-30" }))
        }
        (Verb::Put, "/api/v1/organs/{organ_id}/annual-reports/{year}/figures") => {
            let path = format!("/api/v1/organs/{organ}/annual-reports/2024/figures");
            let body = json!({
                "table2": { "行政许可": { "本年处理决定数量": house.number() } },
                "part_one": "总体情况", "part_five": "存在的主要问题", "part_six": "无其他事项"
            });
            let parameters = vec![("organ_id", organ), ("year", "2024".to_owned())];
            let clerk = house.bureau.clerk.clone();
            let etag = || house.service().get(&path, &clerk).header("etag").to_owned();
            if etag() == "\"1\"" {
                let (seen, first) = (etag(), json!({ "table2": {} }));
                house.service().call_with("PUT", &path, &clerk, &[("if-match", &seen)], Some(first));
            }
            let etag = etag();
            let shown_at = vec![(path, clerk)];
            Plan { etag: Some(etag), shown_at, ..plain(house, route, parameters, body) }
        }
        (Verb::Post, "/api/v1/reports/check") => plain(
            house,
            route,
            vec![],
            json!({ "reports": [{ "org": "某局", "year": 2023, "narrative": "收到申请1件" }] }),
        ),
        (Verb::Put, "/api/v1/me/mail-preferences") => {
            let name = house.fresh("lixiu");
            let token = house.service().user_token(&name, house.bureau.organ, &[Role::Clerk]);
            let etag = house.service().get("/api/v1/me/mail-preferences", &token).header("etag").to_owned();
            Plan { token, etag: Some(etag), ..plain(house, route, vec![], preferences(house)) }
        }
        (Verb::Put, "/api/v1/users/{user_id}/mail-preferences") => {
            let (id, _) = somebody(house);
            let etag = seen(&format!("/api/v1/users/{id}/mail-preferences"));
            Plan { etag: Some(etag), ..plain(house, route, vec![("user_id", id)], preferences(house)) }
        }
        (Verb::Post, "/api/v1/supervision/orders") => {
            plain(house, route, vec![], house.order_body(&house.registered().id))
        }
        (Verb::Post, "/api/v1/mail/{mail_id}/release") => {
            Plan { body: None, ..plain(house, route, vec![("mail_id", house.parked_mail())], Value::Null) }
        }
        (Verb::Post | Verb::Delete, "/api/v1/me/feed") => {
            let token = login(house)["access_token"].as_str().unwrap().to_owned();
            if route.verb == Verb::Delete {
                house.service().feed(&token);
            }
            Plan { body: None, token, ..plain(house, route, vec![], Value::Null) }
        }
        (Verb::Post, "/api/v1/cases/preview") => plain(house, route, vec![], house.application()),
        (Verb::Post, "/api/v1/cases") => plain(house, route, vec![], house.application()),
        (Verb::Post, "/api/v1/intake/applications") => plain(house, route, vec![], house.filing(&house.fresh("SQ"))),
        _ => panic!("no request for {route:?}: add one to tests/it/payloads.rs"),
    }
}

/// A ledger of one row that is not there yet, in Base64.
fn ledger(house: &House) -> String {
    let number = house.fresh("旧件");
    let text = format!("受理编号,收到日期,申请人类型,申请内容\n{number},2024-03-01,自然人,某路批复\n");
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

/// How somebody of the bureau wants the mail, away for a week.
fn preferences(house: &House) -> Value {
    let deputy = house.bureau.clerk_id.0;
    json!({ "digest": true, "absence": { "from": "2024-04-15", "until": "2024-04-22", "deputy_id": deputy } })
}

/// The answer to the login of somebody new.
fn login(house: &House) -> Value {
    let name = house.fresh("denglu");
    house.service().user(&name, house.bureau.organ, &[Role::Clerk]);
    house.service().sign_in(&name, PASSWORD).json
}

/// A new user of the bureau and its version.
fn somebody(house: &House) -> (String, Option<String>) {
    let id = house.service().user(&house.fresh("renyuan"), house.bureau.organ, &[Role::Clerk]);
    (id.0.to_string(), Some("\"1\"".to_owned()))
}

/// Tags on a case that has none.
fn tags(house: &House, route: &'static Route) -> Plan {
    let case = house.registered();
    let etag = house.service().get(&case.path("tags"), &house.bureau.clerk).header("etag").to_owned();
    let shown_at = vec![(case.path("tags"), house.bureau.clerk.clone())];
    let parameters = vec![("case_id", case.id.clone())];
    Plan { etag: Some(etag), shown_at, ..plain(house, route, parameters, json!({ "tags": ["征地批复"] })) }
}

/// A 督办单 in which the step is due, of the person whose step it is.
fn on_order(house: &House, route: &'static Route, segment: &str) -> Plan {
    let (id, mut etag) = house.ordered();
    let path = format!("/api/v1/supervision/orders/{id}");
    if matches!(segment, "return" | "close") {
        let body = Some(json!({ "text": "正在办理" }));
        let answer = format!("{path}/answer");
        let headers = [("if-match", etag.as_str())];
        let answered = house.service().call_with("POST", &answer, &house.bureau.clerk, &headers, body);
        assert_eq!(answered.status, 200, "{answered:?}");
        etag = answered.header("etag").to_owned();
    }
    let body = match segment {
        "answer" => json!({ "text": "已于期限内答复申请人" }),
        "return" => json!({ "reason": "没有说明原因", "due_on": "2024-04-22" }),
        "close" => json!({ "comment": "同意" }),
        "cancel" => json!({ "reason": "重复签发" }),
        other => panic!("no body for the step {other}: add one to tests/it/payloads.rs"),
    };
    let shown_at = vec![(path, house.bureau.clerk.clone())];
    Plan { etag: Some(etag), shown_at, ..plain(house, route, vec![("order_id", id)], body) }
}

fn on_case(house: &House, segment: &str) -> Plan {
    if let Some(command) = segment.strip_suffix("/preview") {
        // A preview takes the body of its command, and no version.
        return Plan { etag: None, shown_at: Vec::new(), ..on_case(house, command) };
    }
    let (case, token) = case_for(house, segment);
    let bureau = &house.bureau;
    let is_command = segment != "applicant/reveal";
    let shown_at = ["", "events"].map(|below| (case.path(below), bureau.clerk.clone())).to_vec();
    Plan {
        etag: is_command.then(|| case.etag()),
        parameters: [("case_id", case.id.clone()), ("number", "1".to_owned())]
            .into_iter()
            .filter(|(name, _)| *name == "case_id" || segment.contains(name))
            .collect(),
        token,
        body: Some(case_body(house, segment)),
        shown_at,
    }
}

/// A case in which the command is due, and the token of who gives it.
fn case_for<'a>(house: &'a House, segment: &str) -> (CaseAt<'a>, String) {
    let bureau = &house.bureau;
    let clerk = || bureau.clerk.clone();
    let registered = || house.registered();
    let after = |steps: &[&str]| {
        let mut case = registered();
        for step in steps {
            case.clerk(step, case_body(house, step));
        }
        case
    };
    let unserved = |step: &str| {
        let mut case = registered();
        let mut body = case_body(house, step);
        body.as_object_mut().unwrap().remove("served_on");
        case.clerk(step, body);
        case
    };
    let proposed = || {
        let mut case = registered();
        case.clerk("items", case_body(house, "items")).clerk("outcome", case_body(house, "outcome"));
        case
    };
    let approved = || {
        let mut case = proposed();
        case.approve("2024-03-21");
        case
    };
    let case = match segment {
        "registration" => bureau.file(bureau.application("2024-03-01")),
        "confirmation" => {
            let mut application = bureau.application("2024-03-01");
            application["channel"] = json!("ordinary_mail");
            bureau.file(application)
        }
        "applicant" | "applicant/reveal" | "contacts" | "items" | "corrections" | "tasks" | "assignments"
        | "searches" | "consultations" | "justifications" | "fee" | "withdrawal" | "merge" | "split" | "links"
        | "remedies" => registered(),
        "amendments/{number}/confirmation" => {
            // It is overdue, so that the leader has to confirm that it is void.
            let mut case = registered();
            let head = bureau.head.clone();
            case.command(&head, "void", json!({ "reason": "误立案" }));
            return (case, bureau.leader.clone());
        }
        "extensions" | "closure" | "redactions" | "amendments" | "void" => return (registered(), bureau.head.clone()),
        "notice-services" => unserved("corrections"),
        "corrected-application" | "lapse" => after(&["corrections"]),
        "task-answers" | "task-withdrawals" => after(&["tasks"]),
        "consultation-services" => unserved("consultations"),
        "consultation-returns" => after(&["consultations"]),
        "justification-answers" => after(&["justifications"]),
        "delay" => return (after(&["justifications", "justification-answers"]), bureau.head.clone()),
        "fee-payment" => after(&["fee"]),
        "outcome" => after(&["items"]),
        "outcome-recall" => proposed(),
        "reviews" => return (proposed(), bureau.reviewer.clone()),
        "reply" => approved(),
        "dispatches" | "service-proofs" | "reply-recall" => {
            let mut case = approved();
            case.clerk("reply", case_body(house, "reply"));
            if segment == "service-proofs" {
                case.clerk("dispatches", case_body(house, "dispatches"));
            }
            case
        }
        "reply-revocation" => {
            let mut case = approved();
            case.clerk("reply", case_body(house, "reply"));
            case.clerk("dispatches", case_body(house, "dispatches"));
            return (case, bureau.head.clone());
        }
        "archive" => after(&["withdrawal"]),
        "remedy-responses" | "remedy-decisions" => after(&["remedies"]),
        other => panic!("no case for the command {other}: add one to tests/it/payloads.rs"),
    };
    (case, clerk())
}

/// What each command says. All of it happened after the application (2024-03-01) and before its last day (2024-03-29),
/// but for what must come later.
pub fn case_body(house: &House, segment: &str) -> Value {
    let on = "2024-03-20";
    match segment.trim_end_matches("/preview") {
        "applicant" => json!({ "reason": "按身份证更正", "change": { "name": "王晓明" } }),
        "applicant/reveal" => json!({ "reason": "寄送答复书" }),
        "redactions" => json!({ "seq": 1, "pointer": "/request", "reason": "标题中误录了证件号码" }),
        "amendments" => json!({
            "reason": "登记日期录错", "evidence": "登记簿",
            "entries": [{ "seq": 3, "change": { "on": "2024-03-04" }, "void": false }]
        }),
        "amendments/{number}/confirmation" => json!({ "approve": true, "comment": "同意" }),
        "void" => json!({ "reason": "重复录入", "replaced_by": house.registered().id }),
        "contacts" => json!({ "on": on, "means": "电话", "result": "reached", "note": "约定补充材料" }),
        "confirmation" => json!({ "on": on, "evidence": "电话录音" }),
        "registration" => json!({ "on": "2024-03-01" }),
        "items" => json!({ "on": on, "items": [{ "text": "征收批复" }] }),
        "corrections" => {
            json!({ "on": "2024-03-05", "items": ["请写明文号"], "respond_days": 10, "served_on": "2024-03-05" })
        }
        "notice-services" => json!({ "notice": "correction", "on": "2024-03-06" }),
        "corrected-application" => json!({ "on": on, "request": "公开某文号批复" }),
        "lapse" => json!({ "on": "2024-03-25", "reason": "期满未补正，无正当理由" }),
        "tasks" => {
            let handler = house.bureau.clerk_id.0;
            json!({ "on": on, "department_id": house.bureau.department, "handler_id": handler, "days": 5 })
        }
        "task-withdrawals" => json!({ "task": 1, "on": "2024-03-21", "reason": "分办错科室" }),
        "assignments" => {
            let handler = house.bureau.clerk_id.0;
            json!({ "on": on, "department_id": house.bureau.department, "handler_id": handler, "reason": "经办人调离" })
        }
        "task-answers" => json!({ "task": 1, "on": on, "opinion": "可以公开" }),
        "searches" => json!({
            "on": on, "places": ["档案室"], "terms": ["征收批复"], "searched_by": "王科员", "found": false
        }),
        "consultations" => json!({
            "kind": "third_party", "party": "某公司", "subject": "协议文本", "sent_on": "2024-03-11",
            "served_on": "2024-03-12", "applicant_told_on": "2024-03-11"
        }),
        "consultation-services" => json!({ "consultation": 1, "on": on }),
        "consultation-returns" => {
            json!({ "consultation": 1, "on": on, "opinion": "objects_with_reason", "reasons": "涉及商业秘密" })
        }
        "justifications" => json!({
            "on": "2024-03-05", "facts": "一月内申请四十件", "respond_days": 10, "served_on": "2024-03-05"
        }),
        "justification-answers" => json!({ "on": "2024-03-11", "reasonable": true, "reasons": "确有需要" }),
        "delay" => json!({ "on": on, "until": "2024-06-28", "reason": "数量较大" }),
        "fee" => json!({ "on": on, "basis": "by_page", "count": 68, "counted_before": 0, "served_on": on }),
        "fee-payment" => json!({ "on": "2024-03-22" }),
        "extensions" => json!({ "days": 10, "reason": "情况复杂", "approved_on": on, "notified_on": on }),
        "outcome" => json!({
            // A partial disclosure on every ground that takes a member of its own.
            "on": on, "outcome": "partially_disclosed", "reasons": "依法可以部分公开",
            "items": [{ "item": 1, "outcome": "partially_disclosed" }],
            "withheld": [
                "refused.state_secret", "refused.prohibited_by_law", "refused.security_and_stability",
                "refused.internal_affairs", "refused.deliberative_process", "refused.enforcement_file",
                "unavailable.other_authority", "not_processed.repeat"
            ],
            "right_organ": { "name": "某局", "contact": "010-12345678" },
            "earlier_reply_number": "〔2023〕1号", "earlier_reply_before_system": true,
            "public_location": "网站公开栏", "legal_basis": "某条例",
            "secret": { "level": "secret", "marking": "机密★10年", "term": "10年" },
            "adverse_effect": "危及公共安全",
            "process": {
                "kind": "draft", "made_on": "2024-03-01", "decision": "某批复", "decided_on": "2024-03-04"
            },
            "internal_affairs": "personnel", "file_paper": "询问笔录",
            "publication": { "on": "2024-03-01", "place": "网站公开栏", "url": "https://example.cn/1" }
        }),
        "outcome-recall" => json!({ "on": "2024-03-21", "reason": "补充核实" }),
        "reviews" => json!({ "kind": "section_head", "on": "2024-03-21", "approve": true, "comment": "同意" }),
        "reply" => json!({ "on": "2024-03-22" }),
        "reply-recall" => json!({ "on": "2024-03-22", "reason": "答复书引用法条有误" }),
        "reply-revocation" => json!({ "on": "2024-03-25", "reason": "适用条款有误，自行纠正" }),
        "dispatches" => {
            json!({ "method": "post", "on": "2024-03-22", "carrier": "中国邮政", "tracking_number": "EX1" })
        }
        "service-proofs" => json!({ "on": "2024-03-25", "result": "signed", "signatory": "王小明（本人）" }),
        "archive" => json!({ "on": "2024-03-25", "file_number": "2024-001" }),
        "withdrawal" => json!({ "on": on, "identity_checked": true }),
        "closure" => json!({ "on": on, "reason": "申请人死亡" }),
        "merge" => json!({ "on": on, "into_case": house.registered().id, "reason": "同一申请" }),
        "split" => {
            let part = |text: &str| json!({ "title": text, "request": text });
            json!({ "on": on, "parts": [part("甲地块批复"), part("乙地块批复")] })
        }
        "links" => json!({ "on": on, "other_case": house.registered().id, "relation": "related" }),
        "remedies" => json!({
            "kind": "reconsideration", "received_on": on, "reference": "〔2024〕复1号", "simplified": false
        }),
        "remedy-responses" => json!({ "remedy": 1, "on": "2024-03-22" }),
        "remedy-decisions" => json!({
            "remedy": 1, "on": "2024-03-25", "result": "corrected", "orders_reply_within": { "days": 20 }
        }),
        other => panic!("no body for the command {other}: add one to tests/it/payloads.rs"),
    }
}
