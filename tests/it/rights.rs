//! No right outlives itself: what a person had in an organ ends with the next request after the role is gone.

use diesel::prelude::*;
use gongkai::case::command::LogContact;
use gongkai::case::{Command, ContactResult, Role};
use gongkai::office::cases::Application;
use gongkai::office::{Answer, Once, Thing};
use gongkai::store::database::schema::reminder_steps;
use gongkai::store::evidence::audit::{self, AuditFilter};
use gongkai::store::mail::outbox::{self, MailFilter, MailState, MailView};
use gongkai::store::reminders::preferences::{self, PreferenceRow};
use gongkai::store::{CaseId, Db, OrganId, StoreError, UserId, people::users, reminders};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::{Reply, Service};
use crate::support::{TestDatabase, day, on_both_databases};

const NO_ROLES: &[Role] = &[];

/// A handler of the bureau, an administrator of it and of a second organ, and that organ.
struct Scene {
    bureau: Bureau,
    west: OrganId,
    handler: UserId,
    admin: String,
}

impl Scene {
    fn open(database: &TestDatabase) -> Self {
        let bureau = Bureau::open(database, "2024-03-01");
        let west = bureau.service.organ("west", None);
        let handler = bureau.service.user("chengban", bureau.organ, &[Role::Handler]);
        let admin = bureau.service.user("guanli", bureau.organ, &[Role::Admin]);
        bureau.service.grant(admin, west, &[Role::Admin]);
        let admin = bureau.service.token("guanli");
        Self { bureau, west, handler, admin }
    }

    fn service(&self) -> &Service {
        &self.bureau.service
    }

    /// A case whose handler is the handler, due on 2024-03-29.
    fn assigned(&self) -> CaseAt<'_> {
        let mut case = self.bureau.registered("2024-03-01");
        let department = &self.bureau.department;
        let body = json!({ "on": "2024-03-01", "department_id": department, "handler_id": self.handler.0, "days": 5 });
        case.clerk("tasks", body);
        case
    }

    /// The administrator gives a user these roles in an organ.
    fn set_roles(&self, organ: OrganId, user: UserId, roles: &[Role]) -> Reply {
        let etag = self.service().get(&format!("/api/v1/users/{}", user.0), &self.admin).header("etag").to_owned();
        let path = format!("/api/v1/organs/{}/users/{}/roles", organ.0, user.0);
        let codes: Vec<&str> = roles.iter().map(|role| role.code()).collect();
        let headers = [("if-match", etag.as_str())];
        let reply = self.service().call_with("PUT", &path, &self.admin, &headers, Some(json!({ "roles": codes })));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }

    /// The handler leaves the bureau for the west.
    fn move_west(&self) {
        self.set_roles(self.west, self.handler, &[Role::Clerk]);
        self.set_roles(self.bureau.organ, self.handler, NO_ROLES);
    }

    fn set_active(&self, user: UserId, is_active: bool) {
        let path = format!("/api/v1/users/{}", user.0);
        let etag = self.service().get(&path, &self.admin).header("etag").to_owned();
        let body = json!({ "is_active": is_active, "leave_as_is": true });
        let reply = self.service().call_with("PATCH", &path, &self.admin, &[("if-match", &etag)], Some(body));
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    fn remind(&self, on: &str) {
        self.bureau.on(on);
        self.service().office.reminders().mailroom().unwrap().remind(day(on), None).unwrap();
    }

    /// The mails to a mailbox, the newest first.
    fn mails_to(&self, mailbox: &str) -> Vec<MailView> {
        let list = |db: &mut Db| outbox::list(db, &MailFilter::default(), None, 1000);
        let mut all = self.service().office.store().read(list).unwrap();
        all.retain(|mail| mail.to_address == format!("{mailbox}@example.cn"));
        all
    }

    /// How many of them are in a state.
    fn count(&self, mailbox: &str, state: MailState) -> usize {
        self.mails_to(mailbox).iter().filter(|mail| mail.state == state).count()
    }

    fn steps_of(&self, user: UserId) -> i64 {
        let read = |db: &mut Db| -> Result<i64, StoreError> {
            let told = reminder_steps::table.filter(reminder_steps::key.like(format!("%/{}", user.0)));
            Ok(told.count().get_result(db)?)
        };
        self.service().office.store().read(read).unwrap()
    }

    /// What the last audit entry of an action says.
    fn audited(&self, action: &str) -> Value {
        let list = |db: &mut Db| audit::list(db, &AuditFilter::default(), None, 200);
        let entries = self.service().office.store().read(list).unwrap();
        let entry = entries.into_iter().find(|entry| entry.action == action).unwrap();
        serde_json::from_str(&entry.detail).unwrap()
    }
}

fn feed(service: &Service, token: &str) -> Reply {
    service.send("GET", &format!("/api/v1/feeds/{token}.ics"), &[], None)
}

fn events(reply: &Reply) -> usize {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text.matches("BEGIN:VEVENT").count()
}

#[test]
fn only_who_manages_every_organ_of_a_person_settles_the_absence_of_that_person() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2026-03-02"));
        let root = service.organ("shi", None);
        let (city, east) = (service.organ("city", Some(root)), service.organ("east", Some(root)));
        let person = service.user("kuaji", city, &[Role::Clerk]);
        service.grant(person, east, &[Role::Clerk]);
        let deputy = service.user("daili", east, &[Role::Clerk]);
        let both = service.user("shuangtou", city, &[Role::OfficeHead]);
        service.grant(both, east, &[Role::OfficeHead]);
        let mixed = service.user("hunhe", city, &[Role::OfficeHead]);
        service.grant(mixed, east, &[Role::Admin]);
        let path = format!("/api/v1/users/{}/mail-preferences", person.0);
        let put = |path: &str, token: &str, until: &str| {
            let etag = service.get(path, token).header("etag").to_owned();
            let absence = json!({ "from": "2026-03-03", "until": until, "deputy_id": deputy.0 });
            let body = json!({ "digest": false, "absence": absence });
            service.call_with("PUT", path, token, &[("if-match", &etag)], Some(body))
        };
        let before = service.get(&path, &service.user_token("dongtou", east, &[Role::OfficeHead])).json;
        for (name, organ, role) in [
            ("dongtou2", east, Role::OfficeHead),
            ("dongguan", east, Role::Admin),
            ("shitou", city, Role::OfficeHead),
            ("shiguan", city, Role::Admin),
        ] {
            let token = service.user_token(name, organ, &[role]);
            let refused = put(&path, &token, "2026-03-10");
            assert_eq!(refused.problem(), (403, "member_of_other_organs"), "{name}");
            assert!(refused.json["detail"].as_str().unwrap().contains("由本人登记"), "{refused:?}");
            assert_eq!(service.get(&path, &token).json, before, "{name}: nothing changed");
        }
        let top = service.user_token("zongguan", root, &[Role::Admin]);
        for (token, until) in
            [(top, "2026-03-11"), (service.token("shuangtou"), "2026-03-12"), (service.token("hunhe"), "2026-03-13")]
        {
            let done = put(&path, &token, until);
            assert_eq!((done.status, &done.json["absence"]["until"]), (200, &json!(until)), "{done:?}");
        }
        let own = put("/api/v1/me/mail-preferences", &service.token("kuaji"), "2026-03-14");
        assert_eq!((own.status, &own.json["absence"]["deputy_id"]), (200, &json!(deputy.0)), "{own:?}");
    });
}

#[test]
fn who_leaves_an_organ_loses_its_calendar_and_its_mail_with_the_next_request() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let case = scene.assigned();
        let token = service.token("chengban");
        let address = service.feed(&token);
        assert_eq!(service.get(&case.path(""), &token).status, 200);
        assert!(events(&feed(service, &address)) >= 2, "the reply and the task");
        scene.remind("2024-03-22");
        let waiting = scene.count("chengban", MailState::Queued);
        assert!(waiting >= 1, "{:?}", scene.mails_to("chengban"));
        assert!(scene.steps_of(scene.handler) >= 1);
        service.office.store().write(|db| reminders::record_pass(db, day("2024-03-22"))).unwrap();

        scene.move_west();
        let token = service.token("chengban");
        assert_eq!(service.get(&case.path(""), &token).problem(), (404, "not_found"));
        assert_eq!(events(&feed(service, &address)), 0, "nothing of the organ that was left");
        assert_eq!(scene.count("chengban", MailState::Queued), 0);
        assert_eq!(scene.count("chengban", MailState::Cancelled), waiting);
        assert_eq!(scene.steps_of(scene.handler), 0, "nothing was said");
        assert_eq!(scene.audited("user.roles_set")["taken_back"]["mails"], waiting);
        let done = service.office.store().read(reminders::pass_done).unwrap();
        assert_eq!(done, Some(day("2024-03-21")), "the pass of the day is made again for the others");
        // The head of the office gets now what the old handler got.
        let heads = scene.mails_to("fuze").len();
        scene.remind("2024-03-22");
        assert_eq!(scene.count("chengban", MailState::Queued), 0, "no new mail either");
        assert!(scene.mails_to("fuze").len() > heads, "the head has to name another handler");
        let bytes = service.office.store().read(|db: &mut Db| -> Result<Vec<u8>, StoreError> {
            use gongkai::store::database::schema::outbox as table;
            let newest = table::table.filter(table::to_address.eq("fuze@example.cn")).order(table::id.desc());
            Ok(newest.select(table::message).first(db)?)
        });
        let text =
            mail_parser::MessageParser::default().parse(&bytes.unwrap()).unwrap().body_text(0).unwrap().into_owned();
        assert!(text.contains("案件所列承办人员chengban某在本机关已没有角色"), "{text}");
    });
}

#[test]
fn a_parked_mail_to_a_person_who_left_can_not_be_sent_on_its_way_again() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        scene.assigned();
        scene.remind("2024-03-22");
        let parked = scene.mails_to("chengban").remove(0);
        let park = |db: &mut Db| -> Result<usize, StoreError> {
            use gongkai::store::database::schema::outbox as table;
            Ok(diesel::update(table::table.find(parked.id)).set(table::state.eq("parked")).execute(db)?)
        };
        scene.service().office.store().write(park).unwrap();
        scene.move_west();
        let path = format!("/api/v1/mail/{}/release", parked.id.0);
        let released = scene.service().call("POST", &path, &scene.admin, None);
        assert_eq!(released.problem(), (409, "mail_not_parked"));
        assert_eq!(scene.count("chengban", MailState::Cancelled), scene.mails_to("chengban").len());
    });
}

#[test]
fn a_locked_account_loses_its_calendar_address_for_ever_and_its_mail() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        scene.assigned();
        let old = service.feed(&service.token("chengban"));
        scene.remind("2024-03-22");
        let waiting = scene.count("chengban", MailState::Queued);
        assert!(waiting >= 1);
        let away = PreferenceRow { deputy_id: Some(scene.handler), ..PreferenceRow::usual(scene.bureau.clerk_id) };
        service.office.store().write(|db| preferences::put(db, &away)).unwrap();

        scene.set_active(scene.handler, false);
        assert_eq!(feed(service, &old).problem(), (404, "not_found"));
        assert_eq!(scene.count("chengban", MailState::Cancelled), waiting);
        let taken = &scene.audited("user.deactivated")["taken_back"];
        assert_eq!(taken, &json!({ "is_feed_ended": true, "mails": waiting, "deputies": 1, "headed": 0 }));
        scene.set_active(scene.handler, true);
        assert_eq!(feed(service, &old).problem(), (404, "not_found"), "reactivation revives no address");
        let kept = service.office.store().read(|db| preferences::find(db, scene.bureau.clerk_id)).unwrap();
        assert_eq!(kept.unwrap().deputy_id, None, "and no deputy");
        let new = service.feed(&service.token("chengban"));
        assert!(new != old && events(&feed(service, &new)) >= 2);
        // Locked or without a role by whatever way, and the address still there: it shows nothing, not even that it is one.
        let set_active = |is_active: bool| {
            use gongkai::store::database::schema::users as rows;
            let row = diesel::update(rows::table.find(scene.handler)).set(rows::is_active.eq(is_active));
            row.execute(&mut database.raw()).unwrap();
        };
        set_active(false);
        assert_eq!(feed(service, &new).problem(), (404, "not_found"));
        set_active(true);
        assert!(events(&feed(service, &new)) >= 2);
        service.grant(scene.handler, scene.bureau.organ, NO_ROLES);
        assert_eq!(feed(service, &new).problem(), (404, "not_found"));
    });
}

#[test]
fn a_password_reset_ends_the_calendar_address_with_the_logins() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let old = service.feed(&service.token("chengban"));
        assert_eq!(feed(service, &old).status, 200);
        let person = scene.handler.0;
        let reset = service.call("POST", &format!("/api/v1/users/{person}/password-reset"), &scene.admin, None);
        assert_eq!(reset.status, 200, "{reset:?}");
        assert_eq!(feed(service, &old).problem(), (404, "not_found"));
    });
}

#[test]
fn who_leaves_an_organ_is_no_deputy_and_heads_no_department_there_even_after_a_return() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let (organ, department) = (scene.bureau.organ, scene.bureau.department.clone());
        let path = format!("/api/v1/users/{}", scene.handler.0);
        let etag = service.get(&path, &scene.admin).header("etag").to_owned();
        let body = json!({ "department_id": department });
        assert_eq!(service.call_with("PATCH", &path, &scene.admin, &[("if-match", &etag)], Some(body)).status, 200);
        let list = format!("/api/v1/organs/{}/departments", organ.0);
        let etag = service.get(&list, &scene.admin).json["items"][0]["etag"].as_str().unwrap().to_owned();
        let headers = [("if-match", format!("\"{etag}\""))];
        let headers = [(headers[0].0, headers[0].1.as_str())];
        let body = json!({ "head_id": scene.handler.0 });
        let headed = service.call_with("PATCH", &format!("{list}/{department}"), &scene.admin, &headers, Some(body));
        assert_eq!(headed.status, 200, "{headed:?}");
        let mine = "/api/v1/me/mail-preferences";
        let etag = service.get(mine, &scene.bureau.clerk).header("etag").to_owned();
        let absence = json!({ "from": "2024-03-01", "until": "2024-03-31", "deputy_id": scene.handler.0 });
        let body = json!({ "digest": false, "absence": absence });
        assert_eq!(service.call_with("PUT", mine, &scene.bureau.clerk, &[("if-match", &etag)], Some(body)).status, 200);

        scene.move_west();
        scene.set_roles(organ, scene.handler, &[Role::Handler]);
        assert_eq!(service.get(&path, &scene.admin).json["department_id"], Value::Null);
        assert_eq!(service.get(&list, &scene.admin).json["items"][0]["head_id"], Value::Null);
        let preferences = service.get(mine, &scene.bureau.clerk).json;
        assert_eq!(preferences["absence"]["deputy_id"], Value::Null);
        assert_eq!(preferences["absence"]["until"], "2024-03-31", "the absence stays");
    });
}

#[test]
fn a_mail_of_the_day_over_two_organs_is_taken_back_whole_and_written_anew_without_the_one_that_was_left() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let (city, west) = (scene.bureau.organ, scene.west);
        let person = service.user("meiri", city, &[Role::Clerk]);
        service.grant(person, west, &[Role::Clerk]);
        let digest = PreferenceRow { is_digest: true, ..PreferenceRow::usual(person) };
        service.office.store().write(|db| preferences::put(db, &digest)).unwrap();
        scene.bureau.registered("2024-03-01");
        let mut application = scene.bureau.application("2024-03-01");
        application["organ_id"] = json!(west.0);
        assert_eq!(service.create("/api/v1/cases", &service.token("meiri"), application).status, 201);
        scene.remind("2024-03-22");
        let first = scene.mails_to("meiri");
        assert_eq!((first.len(), first[0].organ_id), (1, None), "{first:?}");
        scene.set_roles(west, person, NO_ROLES);
        assert_eq!(scene.count("meiri", MailState::Cancelled), 1);
        scene.remind("2024-03-22");
        let again: Vec<MailView> =
            scene.mails_to("meiri").into_iter().filter(|mail| mail.state == MailState::Queued).collect();
        assert_eq!((again.len(), again[0].organ_id), (1, Some(city)), "{again:?}");
    });
}

#[test]
fn a_kept_answer_is_given_again_only_to_who_may_still_make_the_request() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let (city, west) = (scene.bureau.organ, scene.west);
        let case = scene.bureau.registered("2024-03-01").id;
        let person = service.user("liangdi", city, &[Role::Clerk]);
        let (all, none) = ([Role::Clerk, Role::Supervisor, Role::Admin, Role::Intake], NO_ROLES);
        service.grant(person, west, &all);
        // Straight into the table: the token stays good, so that only the right is gone.
        let roles = |roles: &[Role]| service.grant(person, city, roles);
        roles(&all);
        let token = service.token("liangdi");
        let filing = json!({
            "organ": "zrzy", "external_number": "SQ-1", "applicant": { "kind": "enterprise", "name": "某公司" },
            "request": "某批复", "channel": "in_person", "submitted_on": "2024-03-01"
        });
        let requests = [
            ("/api/v1/cases".to_owned(), scene.bureau.application("2024-03-01")),
            (
                "/api/v1/supervision/orders".to_owned(),
                json!({ "case_id": case, "text": "请说明办理进度", "due_on": "2024-03-08" }),
            ),
            (
                "/api/v1/supervision/orders".to_owned(),
                json!({ "department_id": scene.bureau.department, "text": "请说明", "due_on": "2024-03-08" }),
            ),
            ("/api/v1/organs".to_owned(), json!({ "code": "xin", "name": "新局", "parent_id": city.0 })),
            (format!("/api/v1/organs/{}/departments", city.0), json!({ "code": "xin", "name": "新科" })),
            ("/api/v1/intake/applications".to_owned(), filing),
        ];
        for (at, (path, body)) in requests.iter().enumerate() {
            let send =
                |key: &str| service.call_with("POST", path, &token, &[("idempotency-key", key)], Some(body.clone()));
            let key = format!("key-{at}");
            let first = send(&key);
            assert_eq!(first.status, 201, "{}: {first:?}", path);
            roles(none);
            let (again, fresh) = (send(&key), send(&format!("fresh-{at}")));
            assert!(matches!(again.status, 404 | 422), "{}: {again:?}", path);
            assert_eq!(again.problem_body(), fresh.problem_body(), "{}: as a new request", path);
            roles(&[Role::Handler]);
            let (again, fresh) = (send(&key), send(&format!("fresh-{at}")));
            assert!(matches!(again.status, 403 | 422), "{}: {again:?}", path);
            assert_eq!(again.problem_body(), fresh.problem_body(), "{}: as a new request", path);
            roles(&all);
            let back = send(&key);
            assert_eq!((back.status, back.header("idempotent-replayed")), (201, "true"));
            assert_eq!(back.text, first.text, "and for who may it is the same to the letter");
        }
    });
}

#[test]
fn an_answer_to_an_order_is_told_to_the_issuer_only_while_the_issuer_holds_that_part() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let service = scene.service();
        let case = scene.bureau.registered("2024-03-01").id;
        let issue = || {
            let body = json!({ "case_id": case, "text": "请说明办理进度", "due_on": "2024-03-08" });
            let issued = service.create("/api/v1/supervision/orders", &service.token("jiandu"), body);
            assert_eq!(issued.status, 201, "{issued:?}");
            (issued.json["id"].as_str().unwrap().to_owned(), issued.header("etag").to_owned())
        };
        let answer = |(id, etag): (String, String)| {
            let path = format!("/api/v1/supervision/orders/{id}/answer");
            let body = json!({ "text": "已答复" });
            let done = service.call_with("POST", &path, &scene.bureau.clerk, &[("if-match", &etag)], Some(body));
            assert_eq!(done.status, 200, "{done:?}");
        };
        let (first, second) = (issue(), issue());
        service.user("jiandu2", scene.bureau.organ, &[Role::Supervisor]);
        answer(first);
        assert_eq!((scene.mails_to("jiandu").len(), scene.mails_to("jiandu2").len()), (1, 0));
        let issuer = users_named(service, "jiandu");
        scene.set_roles(scene.west, issuer, &[Role::Supervisor]);
        scene.set_roles(scene.bureau.organ, issuer, NO_ROLES);
        answer(second);
        assert_eq!(scene.count("jiandu", MailState::Queued), 0, "the first is withdrawn, a second not written");
        assert_eq!(scene.mails_to("jiandu2").len(), 1, "the other supervisor gets it");
    });
}

fn users_named(service: &Service, name: &str) -> UserId {
    service.office.store().read(|db| users::find_by_username(db, name)).unwrap().unwrap().id
}

/// A request that was admitted before the role went, and writes after it.
#[test]
fn a_role_that_is_lost_between_admission_and_write_is_lost_for_the_write() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let Bureau { organ, clerk, clerk_id, .. } = &scene.bureau;
        let office = &scene.service().office;
        let case = scene.bureau.registered("2024-03-01");
        let id = CaseId(case.id.parse().unwrap());
        let version = case.last.json["version"].as_i64().unwrap();
        let contact =
            LogContact { on: day("2024-03-01"), means: "电话".into(), result: ContactResult::Reached, note: None };
        let command = Command::from(contact);
        let application: Application = serde_json::from_value(scene.bureau.application("2024-03-01")).unwrap();
        let once = |key: &str| Once {
            user_id: *clerk_id,
            route: "POST /api/v1/cases".into(),
            key: key.into(),
            fingerprint: String::new(),
        };
        let answer = || Ok(Answer { status: 201, etag: None, location: None, body: String::new() });
        let admission = office.people().admit(clerk, Some(Thing::Case(id))).unwrap();
        assert_eq!(admission.authority.unwrap().roles.into_iter().collect::<Vec<_>>(), [Role::Clerk]);
        let caller = admission.caller;
        let write =
            || office.cases().command(&caller, id, &command, version, |_| Ok(())).map_err(|error| error.to_string());
        let file = |key: &str| {
            let filed = office.cases().file_by_hand(&once(key), &caller, &application, |_| answer());
            filed.map(drop).map_err(|error| error.to_string())
        };
        file("before").unwrap();

        scene.service().grant(*clerk_id, *organ, &[Role::Reviewer]);
        assert_eq!((write(), file("before"), file("after")), three("refused: role_required", "role required"));
        scene.service().grant(*clerk_id, *organ, NO_ROLES);
        assert_eq!((write(), file("before"), file("after")), three("not found", "not found"));
        scene.service().grant(*clerk_id, *organ, &[Role::Clerk]);
        let deactivate = |db: &mut Db| -> Result<(), StoreError> {
            let user = users::find(db, *clerk_id)?;
            users::update(db, &user, &users::UserChange { is_active: Some(false), ..users::UserChange::default() })
        };
        office.store().write(deactivate).unwrap();
        assert_eq!((write(), file("before"), file("after")), three("unauthenticated", "unauthenticated"));
    });
}

type Refusals = (Result<(), String>, Result<(), String>, Result<(), String>);

/// A command and two filings that are refused.
fn three(command: &str, filing: &str) -> Refusals {
    (Err(command.into()), Err(filing.into()), Err(filing.into()))
}
