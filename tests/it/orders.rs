//! 督办单: a duty like any other, answered on record, ended by its issuer and by nothing else.

use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::store::cases::obligations::{self, ObligationRow};
use gongkai::store::database::schema::supervision_order_steps;
use gongkai::store::evidence::audit::{self, AuditFilter};
use gongkai::store::mail::outbox::{self, MailFilter, MailView};
use gongkai::store::{
    DepartmentId, StoreError,
    people::{departments, users},
};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;
use crate::support::service::Reply;

const ORDERS: &str = "/api/v1/supervision/orders";

impl Bureau {
    #[track_caller]
    fn order(&self, token: &str, body: Value) -> Reply {
        let reply = self.service.create(ORDERS, token, body);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply
    }

    fn try_step(&self, order: &Reply, token: &str, step: &str, body: Value) -> Reply {
        let path = format!("{ORDERS}/{}/{step}", order.json["id"].as_str().unwrap());
        self.service.call_with("POST", &path, token, &[("if-match", order.header("etag"))], Some(body))
    }

    #[track_caller]
    fn step(&self, order: &Reply, token: &str, step: &str, body: Value) -> Reply {
        let reply = self.try_step(order, token, step, body);
        assert_eq!(reply.status, 200, "{step}: {reply:?}");
        reply
    }

    /// The duty of the only order on a case.
    fn duty(&self, case: &str) -> ObligationRow {
        let of_case = |db: &mut _| obligations::of_case(db, case.parse().unwrap());
        let rows = self.service.office.store().read(of_case).unwrap();
        let mut orders = rows.into_iter().filter(|row| row.key.starts_with("order:"));
        let found = orders.next().unwrap();
        assert_eq!(orders.next(), None);
        found
    }

    /// Mails about orders, oldest first: receiver and subject.
    fn notices(&self) -> Vec<(String, String)> {
        let mut found = self.mails();
        found.retain(|mail| mail.dedupe_key.starts_with("order/"));
        found.sort_by_key(|mail| (mail.created_at, mail.id));
        found.into_iter().map(|mail| (mail.to_address, mail.subject)).collect()
    }

    fn mails(&self) -> Vec<MailView> {
        self.service.office.store().read(|db| outbox::list(db, &MailFilter::default(), None, 1_000)).unwrap()
    }

    /// The reminders of orders that a pass of that day queues: receiver, rule.
    fn reminded(&self, on: &str) -> Vec<(String, String)> {
        let report = self.service.office.reminders().mailroom().unwrap().remind(crate::support::day(on), None).unwrap();
        assert_eq!(report.unreachable, []);
        let orders = report.queued.into_iter().filter(|queued| queued.duty == "督办单答复");
        orders.map(|queued| (queued.to, queued.rule.code())).collect()
    }
}

fn on(case: &CaseAt<'_>, due_on: &str) -> Value {
    json!({ "case_id": case.id, "text": "请说明办理进度和逾期的原因", "due_on": due_on })
}

fn statuses(case: &mut CaseAt<'_>) -> Vec<String> {
    case.now();
    let orders = case.last.json["orders"].as_array().unwrap();
    orders.iter().map(|order| order["status"]["code"].as_str().unwrap().to_owned()).collect()
}

fn reply_on(case: &mut CaseAt<'_>, on: &str) {
    case.clerk("outcome", json!({ "on": on, "outcome": "disclosed.provided", "reasons": "可以公开" })).approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
}

#[test]
fn an_order_is_a_duty_that_is_reminded_of_until_it_is_answered_and_again_when_the_answer_is_returned() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let mut case = bureau.registered("2026-03-02");
        bureau.on("2026-03-16");
        let issued = bureau.order(&bureau.supervisor, on(&case, "2026-03-20"));
        assert_eq!(issued.json["number"], "督办〔2026〕1号");
        assert_eq!(issued.json["article"], "《条例》第四十五条（工作制度）");
        assert_eq!(
            (&issued.json["status"]["code"], &issued.json["case_number"]),
            (&json!("open"), &json!("依申请〔2026〕1号"))
        );
        assert_eq!(statuses(&mut case), ["open"]);
        let duty = bureau.duty(&case.id);
        assert_eq!((duty.kind.as_str(), duty.status.as_str()), ("supervision_order", "open"));
        assert_eq!(duty.due_on, Some("2026-03-20".parse().unwrap()));
        assert_eq!(duty.article, "督办〔2026〕1号，《条例》第四十五条（工作制度）");
        let told = [("jingban@example.cn", "请答复"), ("fuze@example.cn", "请答复")];
        let subject = |words: &str| format!("【依申请公开】督办〔2026〕1号：{words}");
        assert_eq!(bureau.notices(), told.map(|(to, words)| (to.to_owned(), subject(words))));

        let due = bureau.reminded("2026-03-20");
        let people: Vec<&str> = due.iter().map(|(to, _)| to.as_str()).collect();
        assert!(people.contains(&"jingban@example.cn") && people.contains(&"fuze@example.cn"), "{due:?}");
        assert!(due.iter().all(|(_, rule)| rule == "due_today"), "{due:?}");

        bureau.on("2026-03-20");
        let answered = bureau.step(&issued, &bureau.clerk, "answer", json!({ "text": "正在征求第三方意见" }));
        assert_eq!(answered.json["status"]["code"], "answered");
        assert_eq!(bureau.duty(&case.id).status, "met");
        assert_eq!(bureau.notices().last(), Some(&("jiandu@example.cn".to_owned(), subject("已有答复"))));
        assert_eq!(bureau.reminded("2026-03-23"), [], "an answered order is silent");
        assert_eq!(statuses(&mut case), ["answered"]);

        bureau.on("2026-03-23");
        let back = json!({ "reason": "没有说明何时答复申请人", "due_on": "2026-03-25" });
        let returned = bureau.step(&answered, &bureau.supervisor, "return", back);
        assert_eq!(
            (&returned.json["status"]["code"], &returned.json["due_on"]),
            (&json!("open"), &json!("2026-03-25"))
        );
        let duty = bureau.duty(&case.id);
        assert_eq!((duty.status.as_str(), duty.due_on), ("open", Some("2026-03-25".parse().unwrap())));
        assert_ne!(bureau.reminded("2026-03-25"), [], "a returned one is a duty again");

        let again = bureau.step(&returned, &bureau.head, "answer", json!({ "text": "3月30日前答复" }));
        let closed = bureau.step(&again, &bureau.supervisor, "close", json!({ "comment": "同意" }));
        assert_eq!(closed.json["status"]["code"], "closed");
        assert_eq!(bureau.duty(&case.id).status, "met");
        assert_eq!(statuses(&mut case), Vec::<String>::new(), "what has ended is not shown with the case");
        let steps: Vec<_> = closed.json["steps"].as_array().unwrap().iter().map(|step| &step["act"]["code"]).collect();
        assert_eq!(steps, ["issue", "answer", "return", "answer", "close"]);
        assert_eq!(closed.json["steps"][2]["text"], "没有说明何时答复申请人");

        let entries = |db: &mut _| {
            audit::list(db, &AuditFilter { case: Some(case.id.parse().unwrap()), ..AuditFilter::default() }, None, 50)
        };
        let mut actions: Vec<String> =
            bureau.service.office.store().read(entries).unwrap().into_iter().map(|entry| entry.action).collect();
        actions.retain(|action| action.starts_with("order."));
        assert_eq!(actions, ["order.closed", "order.answered", "order.returned", "order.answered", "order.issued"]);
    });
}

#[test]
fn a_notice_waits_for_the_window_and_goes_to_the_deputy_of_who_is_away() {
    use gongkai::store::reminders::preferences::{self, PreferenceRow};
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.registered("2026-03-02");
        let deputy = bureau.service.user("daili", bureau.organ, &[Role::Clerk]);
        let away = PreferenceRow {
            absent_from: Some("2026-03-09".parse().unwrap()),
            absent_until: Some("2026-03-31".parse().unwrap()),
            deputy_id: Some(deputy),
            ..PreferenceRow::usual(bureau.clerk_id)
        };
        bureau.service.office.store().write(|db| preferences::put(db, &away)).unwrap();
        // A Saturday, at whatever hour: the window opens on Monday.
        bureau.on("2026-03-14");
        bureau.order(&bureau.supervisor, on(&case, "2026-03-20"));
        let to: Vec<String> = bureau.notices().into_iter().map(|(to, _)| to).collect();
        assert_eq!(to, ["daili@example.cn", "fuze@example.cn"]);
        for mail in bureau.mails().iter().filter(|mail| mail.dedupe_key.starts_with("order/")) {
            let waits = mail.next_attempt_at.0 - mail.created_at.0;
            assert!(waits.num_hours() >= 31, "{waits}");
        }
    });
}

#[test]
fn an_order_outlives_the_reply_of_its_case_and_is_still_owed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let mut case = bureau.registered("2026-03-02");
        bureau.on("2026-03-16");
        let issued = bureau.order(&bureau.head, on(&case, "2026-03-20"));
        bureau.on("2026-03-17");
        reply_on(&mut case, "2026-03-17");
        assert_eq!(case.now().0, "replied");
        assert_eq!(statuses(&mut case), ["open"], "the reply to the applicant is no answer to the issuer");
        assert_eq!(bureau.duty(&case.id).status, "open");
        bureau.on("2026-03-23");
        let listed = bureau.service.get(&format!("{ORDERS}?status=open"), &bureau.supervisor).json;
        assert_eq!(listed["items"][0]["is_overdue"], true);
        assert!(bureau.reminded("2026-03-23").iter().all(|(_, rule)| rule == "overdue_1"));
        assert_ne!(bureau.reminded("2026-03-24"), []);
        let cancelled = bureau.step(&issued, &bureau.head, "cancel", json!({ "reason": "案件已答复，不再需要" }));
        assert_eq!(cancelled.json["status"]["code"], "cancelled");
        assert_eq!(bureau.duty(&case.id).status, "cancelled");
        case.clerk("service-proofs", json!({ "on": "2026-03-20", "result": "signed", "signatory": "王小明" }));
        assert_eq!(bureau.duty(&case.id).status, "cancelled", "nor does the case bring a cancelled one back");
    });
}

#[test]
fn a_duty_goes_with_the_case_unless_the_issuer_named_a_department() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let handler = bureau.service.user("chengban", bureau.organ, &[Role::Handler]);
        let mut case = bureau.registered("2026-03-02");
        bureau.order(&bureau.head, on(&case, "2026-03-20"));
        assert_eq!((bureau.duty(&case.id).owner_id, bureau.duty(&case.id).department_id), (None, None));
        let gd: DepartmentId = bureau.department.parse().unwrap();
        let task =
            json!({ "on": "2026-03-02", "department_id": bureau.department, "handler_id": handler.0, "days": 5 });
        case.clerk("tasks", task);
        assert_eq!((bureau.duty(&case.id).owner_id, bureau.duty(&case.id).department_id), (Some(handler), Some(gd)));

        let other = bureau.registered("2026-03-02");
        let add = |db: &mut _| departments::insert(db, bureau.organ, "fg", "法规科");
        let fg = bureau.service.office.store().write(add).unwrap().id;
        let mut body = on(&other, "2026-03-20");
        body["department_id"] = json!(fg.0);
        bureau.order(&bureau.head, body);
        let mut other = other;
        other.clerk(
            "tasks",
            json!({ "on": "2026-03-02", "department_id": bureau.department, "handler_id": handler.0, "days": 5 }),
        );
        assert_eq!((bureau.duty(&other.id).owner_id, bureau.duty(&other.id).department_id), (None, Some(fg)));
    });
}

#[test]
fn the_organ_answers_the_issuing_side_judges_and_nobody_does_both() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let service = &bureau.service;
        let gd: DepartmentId = bureau.department.parse().unwrap();
        let handler = |name: &str, department: Option<DepartmentId>| {
            let id = service.user(name, bureau.organ, &[Role::Handler]);
            let change = users::UserChange { department_id: Some(department), ..users::UserChange::default() };
            let set = |db: &mut _| -> Result<(), StoreError> {
                let seen = users::find(db, id)?;
                users::update(db, &seen, &change)
            };
            service.office.store().write(set).unwrap();
            service.token(name)
        };
        let (inside, outside) = (handler("gengbao", Some(gd)), handler("waike", None));
        let body =
            json!({ "department_id": bureau.department, "text": "本季度三件逾期，请说明原因", "due_on": "2026-03-06" });
        let issued = bureau.order(&bureau.head, body);
        assert_eq!((&issued.json["case_id"], &issued.json["department_name"]), (&Value::Null, &json!("耕地保护科")));
        let answer = json!({ "text": "人手不足，已增派" });
        let refused = |token: &str, step: &str, body: &Value| {
            let reply = bureau.try_step(&issued, token, step, body.clone());
            (reply.status, reply.code().to_owned())
        };
        assert_eq!(refused(&bureau.head, "answer", &answer), (403, "issuer_cannot_answer".to_owned()));
        assert_eq!(refused(&outside, "answer", &answer), (403, "not_your_department".to_owned()));
        assert_eq!(refused(&bureau.supervisor, "answer", &answer), (403, "role_required".to_owned()));
        assert_eq!(
            refused(&bureau.supervisor, "cancel", &json!({ "reason": "x" })),
            (403, "not_the_issuer".to_owned())
        );
        assert_eq!(refused(&bureau.head, "close", &json!({})), (409, "order_status".to_owned()));
        let answered = bureau.step(&issued, &inside, "answer", answer.clone());
        let stale = bureau.try_step(&issued, &bureau.head, "close", json!({}));
        assert_eq!(stale.problem(), (412, "stale"));
        let successor = service.user_token("xinfuze", bureau.organ, &[Role::OfficeHead]);
        let closed = bureau.step(&answered, &successor, "close", json!({}));
        assert_eq!(closed.json["status"]["code"], "closed", "who took over the issuer's part may judge");
        let over = bureau.try_step(&closed, &bureau.clerk, "answer", answer);
        assert_eq!(over.problem(), (409, "order_status"));
    });
}

#[test]
fn nobody_judges_the_own_answer() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.registered("2026-03-02");
        let issued = bureau.order(&bureau.head, on(&case, "2026-03-06"));
        let deputy = bureau.service.user_token("fufuze", bureau.organ, &[Role::OfficeHead]);
        let answered = bureau.step(&issued, &deputy, "answer", json!({ "text": "正在办理" }));
        let back = json!({ "reason": "不具体", "due_on": "2026-03-09" });
        for (step, body) in [("close", json!({})), ("return", back.clone())] {
            assert_eq!(bureau.try_step(&answered, &deputy, step, body).problem(), (403, "own_answer"), "{step}");
        }
        let returned = bureau.step(&answered, &bureau.head, "return", back);
        let again = bureau.step(&returned, &bureau.clerk, "answer", json!({ "text": "3月9日答复" }));
        let closed = bureau.step(&again, &deputy, "close", json!({}));
        assert_eq!(closed.json["status"]["code"], "closed", "another's answer may be judged");
    });
}

#[test]
fn an_order_from_above_has_the_numbers_of_its_issuer_and_the_article_of_supervision() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let service = &bureau.service;
        let county = service.organ("xian", Some(bureau.organ));
        let add = |db: &mut _| departments::insert(db, county, "bg", "办公室");
        let department = service.office.store().write(add).unwrap().id;
        service.user("xianjingban", county, &[Role::Clerk]);
        let body = json!({ "department_id": department.0, "text": "请按期公布年度报告", "due_on": "2026-03-06" });
        let issued = bureau.order(&bureau.supervisor, body.clone());
        assert_eq!(issued.json["article"], "《条例》第四十七条第一款（监督检查）");
        assert_eq!(issued.json["organ_id"], json!(county.0));
        assert_eq!(issued.json["issuer_organ_id"], json!(bureau.organ.0));
        let case = bureau.registered("2026-03-02");
        assert_eq!(bureau.order(&bureau.head, on(&case, "2026-03-06")).json["number"], "督办〔2026〕2号", "one series");
        assert_eq!(
            bureau.notices().first(),
            Some(&("xianjingban@example.cn".to_owned(), "【依申请公开】督办〔2026〕1号：请答复".to_owned()))
        );
        // An office head decides in the own organ only, and is told of no other.
        let reply = service.create(ORDERS, &bureau.head, body.clone());
        assert_eq!((reply.status, reply.fields()), (422, vec![("/department_id", "not_found")]));
        let county_head = service.user_token("xianfuze", county, &[Role::OfficeHead]);
        let reply = service.create(ORDERS, &county_head, on(&case, "2026-03-06"));
        assert_eq!((reply.status, reply.fields()), (422, vec![("/case_id", "not_found")]), "nobody urges those above");
        assert_eq!(bureau.order(&county_head, body).json["number"], "督办〔2026〕1号", "a series of its own");
        let of_county = service.get(&format!("{ORDERS}?organ={}", county.0), &bureau.supervisor).json;
        assert_eq!(of_county["items"].as_array().unwrap().len(), 2);
        let path = format!("{ORDERS}/{}", issued.json["id"].as_str().unwrap());
        assert_eq!(
            service.get(&path, &bureau.clerk).problem(),
            (404, "not_found"),
            "the bureau's clerk reads no county"
        );
    });
}

#[test]
fn an_order_that_cannot_be_kept_is_refused_and_takes_no_number() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.registered("2026-03-02");
        let refused = |body: Value| {
            let reply = bureau.service.create(ORDERS, &bureau.supervisor, body);
            assert_eq!(reply.status, 422, "{reply:?}");
            (reply.code().to_owned(), reply.json["errors"][0]["pointer"].as_str().unwrap().to_owned())
        };
        let is = |code: &str, pointer: &str| (code.to_owned(), pointer.to_owned());
        assert_eq!(refused(on(&case, "2026-02-27")), is("due_in_past", "/due_on"));
        assert_eq!(refused(on(&case, "2026-03-07")), is("due_no_working_day", "/due_on"));
        assert_eq!(refused(json!({ "text": "请说明", "due_on": "2026-03-06" })), is("invalid", "/case_id"));
        assert_eq!(
            refused(json!({ "case_id": case.id, "text": " ", "due_on": "2026-03-06" })),
            is("text_required", "/text")
        );
        assert_eq!(bureau.order(&bureau.supervisor, on(&case, "2026-03-06")).json["number"], "督办〔2026〕1号");
    });
}

#[test]
fn a_list_goes_page_by_page_and_by_what_is_asked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (one, other) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        for (case, due_on) in [(&one, "2026-03-04"), (&one, "2026-03-05"), (&other, "2026-03-06")] {
            bureau.order(&bureau.supervisor, on(case, due_on));
        }
        let numbers = |query: &str| {
            let reply = bureau.service.get(&format!("{ORDERS}{query}"), &bureau.clerk);
            assert_eq!(reply.status, 200, "{reply:?}");
            let items = reply.json["items"].as_array().unwrap().iter();
            let numbers: Vec<String> = items.map(|item| item["number"].as_str().unwrap().to_owned()).collect();
            (numbers, reply.json["next_cursor"].as_str().map(str::to_owned))
        };
        let (first, cursor) = numbers("?limit=2");
        assert_eq!(first, ["督办〔2026〕3号", "督办〔2026〕2号"]);
        assert_eq!(
            numbers(&format!("?limit=2&cursor={}", cursor.unwrap())),
            (vec!["督办〔2026〕1号".to_owned()], None)
        );
        assert_eq!(numbers(&format!("?case={}", other.id)).0, ["督办〔2026〕3号"]);
        assert_eq!(numbers("?due_until=2026-03-04").0, ["督办〔2026〕1号"]);
        assert_eq!(numbers("?due_from=2026-03-05&due_until=2026-03-05").0, ["督办〔2026〕2号"]);
        assert_eq!(numbers("?status=answered,closed").0, Vec::<String>::new());
        assert_eq!(numbers(&format!("?department={}", bureau.department)).0, Vec::<String>::new());
        let bad = bureau.service.get(&format!("{ORDERS}?status=done"), &bureau.clerk);
        assert_eq!(bad.problem(), (400, "invalid_query"));
    });
}

#[test]
fn mails_of_an_order_hold_nothing_of_the_applicant_and_the_record_cannot_be_changed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.registered("2026-03-02");
        let issued = bureau.order(&bureau.supervisor, on(&case, "2026-03-06"));
        bureau.step(&issued, &bureau.clerk, "answer", json!({ "text": "按期办理" }));
        let mut db = database.raw();
        let messages: Vec<Vec<u8>> = gongkai::store::database::schema::outbox::table
            .select(gongkai::store::database::schema::outbox::message)
            .load(&mut db)
            .unwrap();
        assert_eq!(messages.len(), 3);
        for message in messages {
            let mail = mail_parser::MessageParser::default().parse(&message).unwrap();
            let all = format!("{:?}{}{}", mail.subject(), mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
            assert!(all.contains("督办〔2026〕1号"), "{all}");
            for secret in ["王小明", "11010519491231002X", "13800138000", "某路1号"] {
                assert!(!all.contains(secret), "{secret} in {all}");
            }
        }
        let refused = |result: Result<usize, StoreError>| match result {
            Err(StoreError::Database(message)) => assert_eq!(message, "supervision_order_steps is append-only"),
            other => panic!("not refused: {other:?}"),
        };
        let store = bureau.service.office.store();
        refused(store.write(|db| {
            let all = diesel::update(supervision_order_steps::table);
            Ok(all.set(supervision_order_steps::text.eq(Some("改写"))).execute(db)?)
        }));
        refused(store.write(|db| Ok(diesel::delete(supervision_order_steps::table).execute(db)?)));
    });
}
