//! Who may file where, and that each system sees its own filings and no others.

use gongkai::case::Role;
use serde_json::{Value, json};

use super::{APPLICATIONS, FrontDesk, form, form_with, rows};
use crate::support::on_both_databases;
use crate::support::service::Reply;

#[test]
fn only_the_front_desk_files_and_only_where_it_has_the_role() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let service = desk.service();
        let other = service.organ("sthj", None);
        let below = service.organ("zrzy-1", Some(desk.bureau.organ));
        let bureau = &desk.bureau;
        for token in [&bureau.clerk, &bureau.head, &bureau.reviewer, &bureau.leader, &bureau.supervisor] {
            assert_eq!(service.create(APPLICATIONS, token, form("SQ-1")).problem(), (403, "role_required"));
            assert_eq!(service.get(APPLICATIONS, token).problem(), (403, "role_required"));
            assert_eq!(service.get(&format!("{APPLICATIONS}/SQ-1"), token).problem(), (403, "role_required"));
        }
        for (verb, path) in [("POST", APPLICATIONS), ("GET", APPLICATIONS)] {
            assert_eq!(service.call(verb, path, "x", Some(form("SQ-1"))).problem(), (401, "unauthenticated"));
        }
        for organ in [json!("sthj"), json!(other.0), json!("zrzy-1"), json!(below.0)] {
            let refused = desk.file(form_with("SQ-1", json!({ "/organ": organ })));
            assert_eq!((refused.problem(), refused.fields()), ((422, "invalid"), vec![("/organ", "not_found")]));
        }
        let unknown = desk.file(form_with("SQ-1", json!({ "/organ": "x" })));
        let others = desk.file(form_with("SQ-1", json!({ "/organ": "sthj" })));
        assert_eq!(unknown.problem_body(), others.problem_body(), "another's organ is as unknown as none");
        assert_eq!(rows(database)[0], 0);
    });
}

#[test]
fn what_another_system_filed_does_not_exist() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let service = desk.service();
        let window = service.user_token("chuangkou", desk.bureau.organ, &[Role::Intake]);
        let made = desk.file(form("SQ-1"));
        let path = format!("{APPLICATIONS}/SQ-1");
        assert_eq!(service.get(&path, &window).problem(), (404, "not_found"));
        assert_eq!(service.get(&format!("{path}?organ=zrzy"), &window).problem(), (404, "not_found"));
        assert_eq!(service.get(APPLICATIONS, &window).json["items"], json!([]));
        let case = made.json["case_id"].as_str().unwrap();
        let contact = json!({ "on": "2025-02-21", "means": "电话", "result": "reached" });
        let command = service.call_with(
            "POST",
            &format!("/api/v1/cases/{case}/contacts"),
            &window,
            &[("if-match", made.header("etag"))],
            Some(contact),
        );
        assert_eq!(command.problem(), (404, "not_found"));

        let own = service.create(APPLICATIONS, &window, form("SQ-1"));
        assert_eq!((own.status, &own.json["duplicate"]), (201, &json!(false)), "each system has its own numbers");
        assert_ne!(own.json["case_id"], made.json["case_id"]);
        assert_eq!(service.get(&path, &window).json["case_id"], own.json["case_id"]);
        assert_eq!(service.get(&path, &desk.token).json["case_id"], made.json["case_id"]);
        for nothing in ["SQ-2", "SQ-1%00", "%27%20OR%201=1", "%F0%9F%98%80"] {
            assert_eq!(desk.state(nothing).problem(), (404, "not_found"), "{nothing}");
        }
        assert_eq!(desk.state("SQ-1?organ=sthj").problem(), (404, "not_found"));
        assert_eq!(desk.state("SQ-1?colour=red").problem(), (400, "invalid_query"));
    });
}

#[test]
fn a_number_filed_at_two_organs_asks_which_is_meant() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let service = desk.service();
        let other = service.organ("sthj", None);
        let user = service.user("liangchu", desk.bureau.organ, &[Role::Intake]);
        service.grant(user, other, &[Role::Intake]);
        let both = service.token("liangchu");
        let file = |organ: &str| service.create(APPLICATIONS, &both, form_with("SQ-1", json!({ "/organ": organ })));
        let (here, there) = (file("zrzy"), file("sthj"));
        assert_eq!((here.status, there.status), (201, 201));
        let ask = |query: &str| service.get(&format!("{APPLICATIONS}/SQ-1{query}"), &both);
        assert_eq!((ask("").problem(), ask("").fields()), ((422, "invalid"), vec![("?organ", "required")]));
        assert_eq!(ask("?organ=zrzy").json["case_id"], here.json["case_id"]);
        assert_eq!(ask(&format!("?organ={}", other.0)).json["case_id"], there.json["case_id"]);
        assert_eq!(service.get(there.header("location"), &both).json["organ"], "sthj");
    });
}

#[test]
fn changes_are_listed_in_their_order_page_by_page_and_since_an_instant() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let service = desk.service();
        let window = service.user_token("chuangkou", desk.bureau.organ, &[Role::Intake]);
        for number in ["SQ-1", "SQ-2", "SQ-3"] {
            assert_eq!(desk.file(form(number)).status, 201);
        }
        service.create(APPLICATIONS, &window, form("W-1"));
        desk.bureau.file(desk.bureau.application("2025-02-21"));
        desk.command("SQ-1", &desk.bureau.clerk, "registration", json!({ "on": "2025-02-21" }));

        let numbers = |reply: &Reply| -> Vec<String> {
            let items = reply.json["items"].as_array().unwrap();
            items.iter().map(|item| item["external_number"].as_str().unwrap().to_owned()).collect()
        };
        let list = |query: &str| service.get(&format!("{APPLICATIONS}?{query}"), &desk.token);
        let all = list("");
        assert_eq!(numbers(&all), ["SQ-2", "SQ-3", "SQ-1"], "SQ-1 changed last; nothing of another's");
        assert_eq!(all.json["items"][2], desk.state("SQ-1").json, "the same as asked for alone");
        assert_eq!(all.json["next_cursor"], Value::Null);

        let first = list("limit=2");
        assert_eq!(numbers(&first), ["SQ-2", "SQ-3"]);
        let second = list(&format!("limit=2&cursor={}", first.json["next_cursor"].as_str().unwrap()));
        assert_eq!((numbers(&second), &second.json["next_cursor"]), (vec!["SQ-1".to_owned()], &Value::Null));

        let last = all.json["items"][2]["changed_at"].as_str().unwrap();
        assert_eq!(numbers(&list(&format!("since={last}"))), ["SQ-1"], "that instant and later");
        let next = all.json["next_since"].as_str().unwrap();
        assert!(next < last, "the last minute is told again");
        assert_eq!(numbers(&list(&format!("since={next}"))).len(), 3);
        assert_eq!(numbers(&list("since=2099-01-01T00:00:00%2B08:00")), Vec::<String>::new());
        for bad in ["since=2025-02-30T00:00:00Z", "since=yesterday", "limit=0", "limit=201", "cursor=00", "cursor=ab"] {
            assert_eq!(list(bad).problem(), (400, "invalid_query"), "{bad}");
        }
    });
}

/// What the front desk may do besides filing and asking: record a contact, confirm receipt, hand in the correction. Every other
/// command is the office's, and none of a case that it did not file exists for it.
#[test]
fn of_the_commands_the_front_desk_gives_three_and_only_in_what_it_filed() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let service = desk.service();
        let made = desk.file(form_with("SQ-1", json!({ "/channel": "ordinary_mail", "/arrived_on": "2025-02-21" })));
        assert_eq!(made.status, 201, "{made:?}");
        let of_others = desk.bureau.file(desk.bureau.application("2025-02-21"));
        let commands: Vec<&str> = gongkai::api::routes::all()
            .filter(|route| route.verb == gongkai::api::http::route::Verb::Post)
            .filter_map(|route| route.path.strip_prefix("/api/v1/cases/{case_id}/"))
            .collect();
        assert!(commands.len() >= 33, "{commands:?}");
        let give = |case: &str, segment: &str, etag: &str, body: Value| {
            let path = format!("/api/v1/cases/{case}/{segment}");
            service.call_with("POST", &path, &desk.token, &[("if-match", etag)], Some(body))
        };
        let own = made.json["case_id"].as_str().unwrap();
        let mut admitted: Vec<&str> = Vec::new();
        for segment in &commands {
            let reply = give(own, segment, "\"1\"", json!({}));
            if (reply.status, reply.json["code"].as_str()) != (403, Some("role_required")) {
                admitted.push(segment);
            }
        }
        admitted.sort_unstable();
        assert_eq!(admitted, ["confirmation", "contacts", "corrected-application"]);
        let contact = json!({ "on": "2025-02-21", "means": "电话", "result": "reached" });
        let confirmation = json!({ "on": "2025-02-21", "evidence": "电话记录" });
        let correction = json!({ "on": "2025-02-21", "request": "补正后的内容" });
        for (segment, body) in [
            ("contacts", contact.clone()),
            ("confirmation", confirmation),
            ("corrected-application", correction.clone()),
        ] {
            let refused = give(&of_others.id, segment, "\"2\"", body);
            assert_eq!(refused.problem(), (404, "not_found"), "{segment}: {refused:?}");
        }
        // In its own filing: done, and nothing of the case is told beside the version.
        let etag = |number: &str| desk.state(number).header("etag").to_owned();
        let done = give(own, "contacts", &etag("SQ-1"), contact);
        assert_eq!((done.status, done.text.as_str()), (204, ""), "{done:?}");
        let done = give(own, "confirmation", &etag("SQ-1"), json!({ "on": "2025-02-21", "evidence": "电话记录" }));
        assert_eq!((done.status, done.text.as_str()), (204, ""), "{done:?}");
        desk.command("SQ-1", &desk.bureau.clerk, "registration", json!({ "on": "2025-02-21" }));
        let notice = json!({ "on": "2025-02-21", "items": ["文号"], "respond_days": 10, "served_on": "2025-02-21" });
        desk.command("SQ-1", &desk.bureau.clerk, "corrections", notice);
        let done = give(own, "corrected-application", &etag("SQ-1"), correction);
        assert_eq!((done.status, done.text.as_str()), (204, ""), "{done:?}");
    });
}
