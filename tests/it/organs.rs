//! Organs, departments and people change while cases run: a new parent, a closed department, a person who leaves.

mod succession;

use gongkai::case::Role;
use gongkai::office::people::users::UserDraft;
use gongkai::store::evidence::audit::{self, AuditFilter};
use gongkai::store::people::users::UserKind;
use gongkai::store::{Db, DepartmentId, OrganId, UserId};
use serde_json::{Value, json};

use crate::support::bureau::Bureau;
use crate::support::service::{PASSWORD, Reply, Service};
use crate::support::{day, on_both_databases};

/// Changes a thing as it is now.
fn patch(service: &Service, path: &str, token: &str, body: Value) -> Reply {
    let etag = service.get(path, token).header("etag").to_owned();
    service.call_with("PATCH", path, token, &[("if-match", &etag)], Some(body))
}

fn path_of(organ: OrganId) -> String {
    format!("/api/v1/organs/{}", organ.0)
}

/// What the last audit entry of an action says.
fn audited(service: &Service, action: &str) -> Value {
    let list = |db: &mut Db| audit::list(db, &AuditFilter::default(), None, 500);
    let entries = service.office.store().read(list).unwrap();
    let entry = entries.into_iter().find(|entry| entry.action == action).unwrap();
    serde_json::from_str(&entry.detail).unwrap()
}

/// What the check of the whole database finds.
fn findings(service: &Service) -> Vec<String> {
    let mut found = Vec::new();
    service.office.evidence().verify(None, None, &mut |finding| found.push(format!("{finding:?}"))).unwrap();
    found
}

/// A city with two bureaus, and two organs in a line below the first.
struct City {
    top: OrganId,
    first: OrganId,
    second: OrganId,
    middle: OrganId,
    lowest: OrganId,
    admin: String,
}

impl City {
    fn on(service: &Service) -> Self {
        let top = service.organ("shi", None);
        let (first, second) = (service.organ("jia", Some(top)), service.organ("yi", Some(top)));
        let middle = service.organ("zhong", Some(first));
        let lowest = service.organ("di", Some(middle));
        Self { top, first, second, middle, lowest, admin: service.user_token("zongguan", top, &[Role::Admin]) }
    }
}

const REASON: &str = "登记时主管机关填写有误";

fn open_case(service: &Service, bureau_like: &Value, organ: OrganId, clerk: &str) -> String {
    let mut application = bureau_like.clone();
    application["organ_id"] = json!(organ.0);
    let made = service.create("/api/v1/cases", clerk, application);
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().unwrap().to_owned()
}

fn application() -> Value {
    json!({
        "applicant": { "kind": "natural_person", "name": "王小明" },
        "title": "某地块征收土地批复", "request": "公开某地块征收土地批复文件", "channel": "in_person",
        "submitted_on": "2024-03-01", "delivery": { "form": "paper", "way": "post", "accepts_other": true }
    })
}

#[test]
fn an_organ_moves_with_those_below_it_and_supervision_lists_and_reports_follow() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2024-03-01"));
        let city = City::on(&service);
        let before = service.user_token("jianjia", city.first, &[Role::Supervisor]);
        let after = service.user_token("jianyi", city.second, &[Role::Supervisor]);
        let clerk = service.user_token("jingban", city.lowest, &[Role::Clerk]);
        let case = format!("/api/v1/cases/{}", open_case(&service, &application(), city.lowest, &clerk));
        let received = |organ: OrganId, token: &str| {
            let path = format!("/api/v1/reports/annual?year=2024&organ={}&with_subordinates=true", organ.0);
            let report = service.get(&path, token);
            report.json["table3"]["一、本年新收政府信息公开申请数量"]["总计"].as_u64()
        };
        assert_eq!((service.get(&case, &before).status, service.get(&case, &after).status), (200, 404));
        assert_eq!((received(city.first, &before), received(city.second, &after)), (Some(1), Some(0)));

        let body = json!({ "parent_id": city.second.0, "reason": REASON });
        let moved = patch(&service, &path_of(city.middle), &city.admin, body);
        assert_eq!((moved.status, &moved.json["parent_id"]), (200, &json!(city.second.0)), "{moved:?}");

        assert_eq!((service.get(&case, &before).status, service.get(&case, &after).status), (404, 200));
        assert_eq!((received(city.first, &before), received(city.second, &after)), (Some(0), Some(1)));
        let tree = service.get(&format!("{}/tree", path_of(city.second)), &after);
        let codes: Vec<&str> =
            tree.json["items"].as_array().unwrap().iter().map(|organ| organ["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["yi", "zhong", "di"]);
        let overdue = |token: &str| {
            let path = format!("/api/v1/supervision/overview?organ={}&with_subordinates=true", city.second.0);
            service.get(&path, token).json["total"]["open"].clone()
        };
        assert!(!overdue(&after).is_null());
        let entry = audited(&service, "organ.changed");
        assert_eq!(entry["parent_id"], json!({ "from": city.first.0, "to": city.second.0 }));
        assert_eq!((&entry["organs_moved"], &entry["reason"]), (&json!(2), &json!(REASON)));
        assert_eq!(findings(&service), [""; 0]);
        // The clerk still works where the case is.
        assert_eq!(service.get(&case, &clerk).status, 200);
    });
}

#[test]
fn a_forgotten_parent_is_mended() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2024-03-01"));
        let (top, lost) = (service.organ("shi", None), service.organ("ju", None));
        let admin = service.user("zongguan", top, &[Role::Admin]);
        service.grant(admin, lost, &[Role::Admin]);
        let admin = service.token("zongguan");
        let supervisor = service.user_token("jiandu", top, &[Role::Supervisor]);
        assert_eq!(service.get(&path_of(lost), &supervisor).status, 404);
        let moved = patch(&service, &path_of(lost), &admin, json!({ "parent_id": top.0, "reason": REASON }));
        assert_eq!(moved.status, 200, "{moved:?}");
        assert_eq!(service.get(&path_of(lost), &supervisor).status, 200);
    });
}

#[test]
fn a_new_parent_needs_a_reason_both_administrators_rights_and_makes_no_circle() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2024-03-01"));
        let city = City::on(&service);
        let fields = |organ: OrganId, token: &str, body: Value| {
            let reply = patch(&service, &path_of(organ), token, body);
            let faults: Vec<(String, String)> =
                reply.fields().into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
            (reply.status, faults)
        };
        let is = |at: &str, code: &str| (422, vec![(at.to_owned(), code.to_owned())]);
        let to = |organ: OrganId| json!({ "parent_id": organ.0, "reason": REASON });
        let admin = city.admin.as_str();
        assert_eq!(fields(city.middle, admin, json!({ "parent_id": city.second.0 })), is("/reason", "required"));
        let vague = json!({ "parent_id": city.second.0, "reason": "x" });
        assert_eq!(fields(city.middle, admin, vague), is("/reason", "too_vague"));
        assert_eq!(fields(city.first, admin, to(city.first)), is("/parent_id", "circle"));
        assert_eq!(fields(city.first, admin, to(city.lowest)), is("/parent_id", "circle"));
        assert_eq!(fields(city.first, admin, to(OrganId::new())), is("/parent_id", "not_found"));
        // Whoever administers only one side can neither take an organ nor give it away.
        let own = service.user("zhongguan", city.middle, &[Role::Admin]);
        service.grant(own, city.second, &[Role::Admin]);
        let own = service.token("zhongguan");
        let refused = patch(&service, &path_of(city.middle), &own, to(city.second));
        assert_eq!(refused.problem(), (403, "role_required"));
        let side = service.user_token("jiaguan", city.first, &[Role::Admin]);
        assert_eq!(fields(city.middle, &side, to(city.second)), is("/parent_id", "not_found"));
        // The present parent once more is no change.
        let same = patch(&service, &path_of(city.middle), &own, json!({ "parent_id": city.first.0, "name": "中局" }));
        assert_eq!(same.status, 200, "{same:?}");
        assert_eq!(service.get(&path_of(city.middle), admin).json["parent_id"], json!(city.first.0));
    });
}

#[test]
fn a_reporting_line_is_corrected_and_ends_somewhere() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2024-03-01"));
        let city = City::on(&service);
        let set = |organ: OrganId, to: Value| {
            patch(&service, &path_of(organ), &city.admin, json!({ "reports_to": to, "reason": REASON }))
        };
        let corrected = set(city.middle, json!(city.second.0));
        assert_eq!((corrected.status, &corrected.json["reports_to"]), (200, &json!(city.second.0)));
        let entry = audited(&service, "organ.changed");
        assert_eq!(entry["reports_to"], json!({ "from": null, "to": city.second.0 }));
        for (organ, to) in [(city.middle, city.middle), (city.second, city.lowest), (city.top, city.lowest)] {
            let refused = set(organ, json!(to.0));
            assert_eq!(refused.fields(), [("/reports_to", "circle")], "{refused:?}");
        }
        let undone = set(city.middle, Value::Null);
        assert_eq!((undone.status, &undone.json["reports_to"]), (200, &Value::Null));
    });
}

/// A bureau with a handler who has an open case of the department, and an administrator.
fn busy(bureau: &Bureau) -> (UserId, String) {
    let handler = bureau.service.user("chengban", bureau.organ, &[Role::Handler]);
    let admin = bureau.service.user_token("guanli", bureau.organ, &[Role::Admin]);
    let mut case = bureau.registered("2024-03-01");
    let body = json!({ "on": "2024-03-01", "department_id": bureau.department, "handler_id": handler.0, "days": 5 });
    case.clerk("tasks", body);
    (handler, admin)
}

#[test]
fn a_person_with_open_cases_is_disabled_only_when_they_are_left_on_purpose() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let (handler, admin) = busy(&bureau);
        let path = format!("/api/v1/users/{}", handler.0);
        for body in [json!({ "is_active": false }), json!({ "is_active": false, "leave_as_is": false })] {
            let refused = patch(service, &path, &admin, body);
            assert_eq!(refused.problem(), (422, "user_has_open_cases"));
            let detail = refused.json["detail"].as_str().unwrap();
            assert!(detail.contains("未结案件1件（依申请〔2024〕1号）") && detail.contains("leave_as_is"), "{detail}");
        }
        assert_eq!(service.get(&path, &admin).json["is_active"], json!(true));
        let done = patch(service, &path, &admin, json!({ "is_active": false, "leave_as_is": true }));
        assert_eq!((done.status, &done.json["is_active"]), (200, &json!(false)));
        assert_eq!(audited(service, "user.deactivated")["left_open_cases"], json!(1));
        // Nobody who has nothing in hand is asked about it.
        let free = service.user("xianren", bureau.organ, &[Role::Handler]);
        let done = patch(service, &format!("/api/v1/users/{}", free.0), &admin, json!({ "is_active": false }));
        assert_eq!(done.status, 200, "{done:?}");
    });
}

#[test]
fn a_department_with_open_tasks_is_not_closed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let (_, admin) = busy(&bureau);
        let departments = format!("{}/departments", path_of(bureau.organ));
        let close = |id: &str| {
            let list = service.get(&departments, &admin);
            let rows = list.json["items"].as_array().unwrap();
            let etag = rows.iter().find(|row| row["id"] == id).unwrap()["etag"].as_str().unwrap().to_owned();
            let (path, etag) = (format!("{departments}/{id}"), format!("\"{etag}\""));
            service.call_with("PATCH", &path, &admin, &[("if-match", &etag)], Some(json!({ "is_active": false })))
        };
        let refused = close(&bureau.department);
        assert_eq!(refused.problem(), (422, "department_has_open_tasks"));
        assert!(refused.json["detail"].as_str().unwrap().contains("未结案件1件（依申请〔2024〕1号）"), "{refused:?}");
        let other = service.create(&departments, &admin, json!({ "code": "fg", "name": "法规科" }));
        let other = other.json["id"].as_str().unwrap().to_owned();
        let order = json!({ "department_id": other, "text": "请说明办理进度", "due_on": "2024-03-08" });
        let issued = service.create("/api/v1/supervision/orders", &bureau.supervisor, order);
        assert_eq!(issued.status, 201, "{issued:?}");
        let refused = close(&other);
        assert_eq!(refused.problem(), (422, "department_has_open_tasks"));
        assert!(refused.json["detail"].as_str().unwrap().contains("未办结的督办单1件"), "{refused:?}");
        let idle = service.create(&departments, &admin, json!({ "code": "bg", "name": "办公室" }));
        assert_eq!(close(idle.json["id"].as_str().unwrap()).status, 200);
    });
}

#[test]
fn two_active_departments_do_not_have_one_name() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let admin = service.user_token("guanli", bureau.organ, &[Role::Admin]);
        let departments = format!("{}/departments", path_of(bureau.organ));
        let add = |code: &str, name: &str| service.create(&departments, &admin, json!({ "code": code, "name": name }));
        let change = |row: &Reply, body: Value| {
            let path = format!("{departments}/{}", row.json["id"].as_str().unwrap());
            service.call_with("PATCH", &path, &admin, &[("if-match", row.header("etag"))], Some(body))
        };
        assert_eq!(add("gd2", " 耕地保护科 ").problem(), (409, "already_exists"));
        let second = add("gd2", "耕地科");
        assert_eq!(change(&second, json!({ "name": "耕地保护科" })).problem(), (409, "already_exists"));
        // A closed department keeps its name; it does not come back beside its namesake.
        let closed = change(&second, json!({ "is_active": false }));
        let renamed = change(&closed, json!({ "name": "耕地保护科" }));
        assert_eq!(renamed.status, 200, "{renamed:?}");
        assert_eq!(change(&renamed, json!({ "is_active": true })).problem(), (409, "already_exists"));
        assert_eq!(change(&renamed, json!({ "is_active": true, "name": "耕地二科" })).status, 200);
        // The own name once more is no other's.
        let third = add("fg", "法规科");
        assert_eq!(change(&third, json!({ "name": "法规科" })).status, 200);
    });
}

#[test]
fn everybody_in_an_organ_sees_who_works_there_and_who_is_away_but_no_login_and_no_mailbox() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (service, organ) = (&bureau.service, bureau.organ);
        let department = DepartmentId(bureau.department.parse().unwrap());
        let add = |login: &str, name: &str, kind: UserKind, department_id, roles: &[Role]| {
            let draft = UserDraft {
                username: login.into(),
                display_name: name.into(),
                email: Some(format!("{login}@example.cn")),
                kind,
                department_id,
                roles: roles.to_vec(),
            };
            let hash = service.office.passwords().hash(PASSWORD).unwrap();
            service.office.store().write(|db| service.office.people().add_user(db, organ, &draft, &hash)).unwrap().user
        };
        let person = UserKind::Person;
        let handler = add("login-a", "甲", person, Some(department), &[Role::Reviewer, Role::Handler]);
        let deputy = add("login-b", "乙", person, None, &[Role::Handler]);
        let twin = add("login-c", "乙", person, None, &[Role::Auditor]);
        add("login-d", "门户网站", UserKind::Machine, None, &[Role::Intake]);
        let gone = add("login-e", "离职人员", person, None, &[Role::Handler]);
        let admin = service.user_token("guanli", organ, &[Role::Admin]);
        let left = patch(service, &format!("/api/v1/users/{}", gone.id.0), &admin, json!({ "is_active": false }));
        assert_eq!(left.status, 200, "{left:?}");
        let away = |login: &str, from: &str, until: &str, deputy: Option<UserId>| {
            let (path, token) = ("/api/v1/me/mail-preferences", service.token(login));
            let etag = service.get(path, &token).header("etag").to_owned();
            let absence = json!({ "from": from, "until": until, "deputy_id": deputy.map(|id| id.0) });
            let body = Some(json!({ "digest": false, "absence": absence }));
            let set = service.call_with("PUT", path, &token, &[("if-match", &etag)], body);
            assert_eq!(set.status, 200, "{set:?}");
        };
        away("login-a", "2026-03-02", "2026-03-06", Some(deputy.id));
        away("login-c", "2026-03-04", "2026-03-04", Some(handler.id));

        let path = format!("{}/directory", path_of(organ));
        let list = service.get(&path, &bureau.clerk);
        let of = |reply: &Reply, id: UserId| {
            let items = reply.json["items"].as_array().unwrap();
            items.iter().find(|item| item["id"] == json!(id.0)).cloned().unwrap()
        };
        let labels = json!([
            { "code": "handler", "label": Role::Handler.label() }, { "code": "reviewer", "label": Role::Reviewer.label() }
        ]);
        let expected = json!({
            "id": handler.id.0, "name": "甲", "department_id": department.0, "department": "耕地保护科", "roles": labels,
            "away": { "until": "2026-03-06", "deputy_id": deputy.id.0, "deputy": "乙" }
        });
        assert_eq!(of(&list, handler.id), expected);
        assert_eq!(of(&list, deputy.id)["away"], Value::Null);
        assert_eq!(of(&list, twin.id)["department"], Value::Null);
        for hidden in ["login-", "@example.cn", "门户网站", "离职人员"] {
            assert!(!list.text.contains(hidden), "{hidden}: {list:?}");
        }
        bureau.on("2026-03-04");
        let later = service.get(&path, &bureau.clerk);
        let nobody = json!({ "until": "2026-03-04", "deputy_id": null, "deputy": null });
        assert_eq!(of(&later, twin.id)["away"], nobody, "the deputy is away too");

        let whole = list.json["items"].as_array().unwrap();
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = service.get(&format!("{path}{query}"), &bureau.supervisor);
            seen.extend(page.json["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            query = format!("?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, whole.iter().map(|item| item["id"].clone()).collect::<Vec<_>>());
        let names: Vec<&str> = whole.iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted() && names.iter().filter(|name| **name == "乙").count() == 2, "{names:?}");
    });
}
