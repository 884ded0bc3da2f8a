//! Outgoing mail over HTTP: who sees what of it, a parked one on its way again, and the figures of `/metrics`.

use gongkai::case::Role;
use gongkai::store::evidence::audit::{self, AuditFilter};
use gongkai::store::mail::outbox::{self, NewMail, Unsent};
use gongkai::store::{Db, OrganId, StoreError, UserId};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::service::{Reply, Service};
use crate::support::{day, on_both_databases};

const MINUTE: Duration = Duration::from_secs(60);

/// Queues a mail.
fn queue(service: &Service, key: &str, organ: OrganId, to: UserId) {
    let mail = NewMail {
        dedupe_key: key.into(),
        organ_id: Some(organ),
        case_id: None,
        recipient_id: Some(to),
        to_address: "zhang.san@example.cn".into(),
        subject: key.into(),
        message_id: format!("<{key}@example.cn>"),
        message: b"Subject: x\r\n\r\nx\r\n".to_vec(),
        not_before: None,
        not_after: None,
    };
    assert!(service.office.store().write(|db| outbox::enqueue(db, &mail)).unwrap());
}

/// A mail server refuses whatever is waiting, first for now, then for good.
fn refuse_all(service: &Service) {
    let refuse = |db: &mut Db| -> Result<(), StoreError> {
        for claim in outbox::claim(db, "w", 100, MINUTE)? {
            outbox::retry(db, &claim, "451 4.2.0 <zhang.san@example.cn> greylisted", Duration::ZERO, Unsent::Later)?;
        }
        for claim in outbox::claim(db, "w", 100, MINUTE)? {
            outbox::park(db, &claim, "550 5.1.1 <Zhang.San@example.cn> unknown")?;
        }
        Ok(())
    };
    service.office.store().write(refuse).unwrap();
}

struct House {
    service: Service,
    organ: OrganId,
    person: UserId,
    admin: String,
}

fn house(database: &crate::support::TestDatabase) -> House {
    let service = Service::start(database, day("2024-03-01"));
    let above = service.organ("shi", None);
    let organ = service.organ("zrzy", Some(above));
    let person = service.user("zhang", organ, &[Role::Clerk]);
    let admin = service.user_token("guanli", organ, &[Role::Admin]);
    service.user("shangji", above, &[Role::Supervisor]);
    service.user("shenji", organ, &[Role::Auditor]);
    House { service, organ, person, admin }
}

fn subjects(reply: &Reply) -> Vec<&str> {
    reply.json["items"].as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap()).collect()
}

fn find<'a>(reply: &'a Reply, subject: &str) -> &'a Value {
    reply.json["items"].as_array().unwrap().iter().find(|mail| mail["subject"] == subject).unwrap()
}

#[test]
fn an_administrator_sees_addresses_and_who_only_watches_does_not() {
    on_both_databases(|database| {
        let House { service, organ, person, admin } = house(database);
        queue(&service, "refused", organ, person);
        refuse_all(&service);
        let listed = service.get("/api/v1/mail", &admin);
        let mail = find(&listed, "refused");
        assert_eq!(mail["to_address"], "zhang.san@example.cn");
        assert_eq!(mail["state"], json!({ "code": "parked", "label": "待人工处理" }));
        assert_eq!(
            (&mail["attempts"], &mail["is_suspect"], &mail["next_attempt_at"]),
            (&json!(2), &json!(false), &Value::Null)
        );
        assert_eq!(mail["last_reply"], "550 5.1.1 <Zhang.San@example.cn> unknown");
        let path = format!("/api/v1/mail/{}", mail["id"].as_str().unwrap());
        let said = |reply: &Reply| -> Vec<(i64, String, String)> {
            let answers = reply.json["answers"].as_array().unwrap();
            let one = |answer: &Value| {
                let text = |name: &str| answer[name].as_str().unwrap().to_owned();
                (answer["attempt"].as_i64().unwrap(), text("outcome"), text("reply"))
            };
            answers.iter().map(one).collect()
        };
        let answer = |attempt, outcome: &str, reply: &str| (attempt, outcome.to_owned(), reply.to_owned());
        assert_eq!(
            said(&service.get(&path, &admin)),
            [
                answer(2, "parked", "550 5.1.1 <Zhang.San@example.cn> unknown"),
                answer(1, "retry", "451 4.2.0 <zhang.san@example.cn> greylisted"),
            ]
        );
        for watcher in ["shangji", "shenji"] {
            let token = service.token(watcher);
            let listed = service.get("/api/v1/mail", &token);
            assert_eq!(find(&listed, "refused")["to_address"], "z***@example.cn", "{watcher}");
            let shown = service.get(&path, &token);
            assert_eq!(said(&shown)[0].2, "550 5.1.1 <z***@example.cn> unknown", "{watcher}");
            for reply in [&listed, &shown] {
                assert!(!reply.text.to_lowercase().contains("zhang.san"), "{watcher}: {reply:?}");
            }
        }
    });
}

#[test]
fn the_list_is_filtered_and_paged_and_ends_at_ones_own_organs() {
    on_both_databases(|database| {
        let House { service, organ, person, admin } = house(database);
        let beside = service.organ("jtj", None);
        let stranger = service.user("linju", beside, &[Role::Admin]);
        queue(&service, "theirs", beside, stranger);
        for n in 0..3 {
            queue(&service, &format!("parked-{n}"), organ, person);
        }
        refuse_all(&service);
        let other = service.user("li", organ, &[Role::Clerk]);
        queue(&service, "waiting", organ, other);
        let list = |query: &str| service.get(&format!("/api/v1/mail{query}"), &admin);
        assert_eq!(subjects(&list("")), ["waiting", "parked-2", "parked-1", "parked-0"]);
        assert_eq!(subjects(&list("?state=queued")), ["waiting"]);
        assert_eq!(subjects(&list("?state=sent")), [""; 0]);
        assert_eq!(subjects(&list(&format!("?recipient={}", person.0))), ["parked-2", "parked-1", "parked-0"]);
        assert_eq!(subjects(&list(&format!("?organ={}&state=parked&limit=1", organ.0))), ["parked-2"]);
        let first = list("?limit=2");
        let next = list(&format!("?limit=2&cursor={}", first.json["next_cursor"].as_str().unwrap()));
        assert_eq!((subjects(&first), subjects(&next)), (vec!["waiting", "parked-2"], vec!["parked-1", "parked-0"]));
        assert_eq!(next.json["next_cursor"], Value::Null);
        assert_eq!(list(&format!("?organ={}", beside.0)).problem(), (404, "not_found"));
        assert_eq!(list("?state=lost").problem(), (400, "invalid_query"));
        let theirs = service.get("/api/v1/mail", &service.token("linju"));
        assert_eq!(subjects(&theirs), ["theirs"]);
        let id = find(&theirs, "theirs")["id"].as_str().unwrap();
        assert_eq!(list(&format!("/{id}")).problem(), (404, "not_found"));
        let release = service.call("POST", &format!("/api/v1/mail/{id}/release"), &admin, None);
        assert_eq!(release.problem(), (404, "not_found"));
    });
}

#[test]
fn a_parked_mail_is_sent_on_its_way_again_once_and_that_is_on_record() {
    on_both_databases(|database| {
        let House { service, organ, person, admin } = house(database);
        queue(&service, "k", organ, person);
        refuse_all(&service);
        let listed = service.get("/api/v1/mail", &admin);
        let id = find(&listed, "k")["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/mail/{id}/release");
        let watched = service.call("POST", &path, &service.token("shenji"), None);
        assert_eq!(watched.problem(), (403, "role_required"));
        let released = service.call("POST", &path, &admin, None);
        assert_eq!((released.status, &released.json["state"]["code"]), (200, &json!("queued")), "{released:?}");
        assert_eq!(released.json["attempts"], 0);
        assert!(released.json["released_at"].is_string() && released.json["next_attempt_at"].is_string());
        let again = service.call("POST", &path, &admin, None);
        assert_eq!(again.problem(), (409, "mail_not_parked"));
        let filter = AuditFilter { action: Some(gongkai::case::AuditAction::MailReleased), ..AuditFilter::default() };
        let noted = service.office.store().read(|db| audit::list(db, &filter, None, 10)).unwrap();
        assert_eq!(noted.len(), 1, "what was refused is not on record as done");
        assert_eq!((noted[0].organ_id, noted[0].detail.contains(&id)), (Some(organ), true));
        let taken = service.office.store().write(|db| outbox::claim(db, "w", 5, MINUTE)).unwrap();
        assert_eq!(taken[0].message, b"Subject: x\r\n\r\nx\r\n", "the same bytes");
    });
}

#[test]
fn metrics_show_what_waits_how_long_and_whether_the_relay_works() {
    on_both_databases(|database| {
        let House { service, organ, person, .. } = house(database);
        let figure = |name: &str| -> f64 {
            let reply = service.send("GET", "/metrics", &[], None);
            let line = reply.text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            line.unwrap_or_else(|| panic!("no {name} in {}", reply.text)).trim().parse().unwrap()
        };
        assert_eq!(figure("gongkai_outbox_state{state=\"parked\"}"), 0.0);
        assert_eq!(figure("gongkai_outbox_oldest_seconds"), 0.0);
        assert_eq!(figure("gongkai_figures_fresh"), 1.0);
        queue(&service, "parked", organ, person);
        refuse_all(&service);
        queue(&service, "waiting", organ, person);
        service.office.store().write(|db| outbox::open_circuit(db, "535 wrong password", MINUTE)).unwrap();
        // A figure is at most a second old.
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(figure("gongkai_outbox_state{state=\"parked\"}"), 1.0);
        assert_eq!(figure("gongkai_outbox_state{state=\"queued\"}"), 1.0);
        assert_eq!(figure("gongkai_mail_relay_down"), 1.0);
        assert!((1.0..60.0).contains(&figure("gongkai_outbox_oldest_seconds")));
        // No pass was ever made: at ten it is late since eight.
        assert_eq!(figure("gongkai_reminder_lag_seconds"), 7_200.0);
        let text = service.send("GET", "/metrics", &[], None).text;
        assert!(!text.contains("zhang") && !text.contains("wrong password"), "{text}");
    });
}

#[test]
fn a_parked_reminder_that_is_out_of_date_is_withdrawn_instead_of_sent() {
    on_both_databases(|database| {
        let bureau = crate::support::bureau::Bureau::open(database, "2024-03-01");
        let admin = bureau.service.user_token("guanli", bureau.organ, &[Role::Admin]);
        bureau.registered("2024-03-01");
        bureau.on("2024-03-15");
        bureau.service.office.reminders().mailroom().unwrap().remind(day("2024-03-15"), None).unwrap();
        refuse_all(&bureau.service);
        let parked = bureau.service.get("/api/v1/mail?state=parked", &admin);
        let id = parked.json["items"][0]["id"].as_str().unwrap().to_owned();
        let release = || bureau.service.call("POST", &format!("/api/v1/mail/{id}/release"), &admin, None);
        let state = || bureau.service.get(&format!("/api/v1/mail/{id}"), &admin).json["state"]["code"].clone();
        assert_eq!(release().status, 200, "on its own day it may go out");
        refuse_all(&bureau.service);
        bureau.on("2024-03-18");
        assert_eq!(release().problem(), (409, "mail_outdated"));
        assert_eq!(state(), "cancelled");
        assert_eq!(release().problem(), (409, "mail_not_parked"));
        let told = bureau.service.office.reminders().mailroom().unwrap().remind(day("2024-03-18"), None).unwrap();
        assert_eq!(told.queued.len(), 1, "a current one is written instead");
    });
}

#[test]
fn mails_about_no_single_organ_are_seen_and_released_at_the_top() {
    on_both_databases(|database| {
        let House { service, person, admin, .. } = house(database);
        let top = service.organ("sheng", None);
        let chief = service.user_token("chief", top, &[Role::Admin]);
        service.user("dingji", top, &[Role::Auditor]);
        let mail = NewMail {
            dedupe_key: "digest".into(),
            organ_id: None,
            case_id: None,
            recipient_id: Some(person),
            to_address: "zhang.san@example.cn".into(),
            subject: "digest".into(),
            message_id: "<digest@example.cn>".into(),
            message: b"Subject: x\r\n\r\nx\r\n".to_vec(),
            not_before: None,
            not_after: None,
        };
        assert!(service.office.store().write(|db| outbox::enqueue(db, &mail)).unwrap());
        refuse_all(&service);
        let seen = service.get("/api/v1/mail", &chief);
        assert_eq!(find(&seen, "digest")["to_address"], "zhang.san@example.cn");
        let audited = service.get("/api/v1/mail", &service.token("dingji"));
        assert_eq!(find(&audited, "digest")["to_address"], "z***@example.cn");
        let id = find(&seen, "digest")["id"].as_str().unwrap();
        let path = format!("/api/v1/mail/{id}");
        for stranger in [&admin, &service.token("shangji")] {
            assert!(subjects(&service.get("/api/v1/mail", stranger)).is_empty(), "below the top, or a supervisor");
            assert_eq!(service.get(&path, stranger).problem(), (404, "not_found"));
        }
        let release = |token: &str| service.call("POST", &format!("{path}/release"), token, None);
        assert_eq!(release(&service.token("dingji")).problem(), (403, "role_required"));
        assert_eq!(release(&chief).status, 200);
    });
}
