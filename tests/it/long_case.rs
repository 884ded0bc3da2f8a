//! A case is read whole with each request for it: its log has an end, and one case cannot take the service from others.

use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use serde_json::{Value, json};

/// A search record of some thirty kilobytes.
fn long_search(on: &str) -> Value {
    let text = "档".repeat(9_900);
    json!({ "on": on, "places": [text], "terms": ["档案"], "searched_by": "李某", "found": false })
}

fn contact(on: &str, words: usize) -> Value {
    json!({ "on": on, "means": "telephone", "result": "reached", "note": "话".repeat(words) })
}

#[test]
fn a_log_of_a_megabyte_takes_only_short_entries_and_one_of_two_only_what_brings_the_case_on() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let mut case = bureau.registered("2026-03-02");
        let mut taken = 0;
        let refused = loop {
            let reply = case.try_command(&bureau.clerk, "searches", long_search("2026-03-02"));
            if reply.status != 200 {
                break reply;
            }
            case.last = reply;
            taken += 1;
        };
        assert_eq!(refused.problem(), (422, "case_too_long"));
        assert!(refused.json["detail"].as_str().unwrap().contains("1MB"), "{refused:?}");
        assert_eq!(taken, 36, "a megabyte of entries of thirty kilobytes each");
        // Short entries go on, up to two megabytes.
        let mut short = 0;
        let refused = loop {
            let reply = case.try_command(&bureau.clerk, "contacts", contact("2026-03-02", 2_600));
            if reply.status != 200 {
                break reply;
            }
            case.last = reply;
            short += 1;
        };
        assert_eq!(refused.problem(), (422, "case_too_long"));
        assert!(short > 100, "{short}");
        assert_eq!(case.try_command(&bureau.clerk, "contacts", contact("2026-03-02", 1)).status, 422);
        // The case still comes to its end.
        case.clerk("withdrawal", json!({ "on": "2026-03-02", "identity_checked": true }));
        assert_eq!(case.last.json["stage"]["code"], "withdrawn");
        case.clerk("archive", json!({ "on": "2026-03-02", "file_number": "2026-1" }));
        assert_eq!(case.last.json["stage"]["code"], "archived");
    });
}

#[test]
fn a_split_makes_a_hundred_applications_at_most() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let mut case = bureau.registered("2026-03-02");
        let parts = |count: usize| -> Vec<Value> {
            (0..count).map(|number| json!({ "title": format!("第{number}件"), "request": "某信息" })).collect()
        };
        let refused = case.try_command(&bureau.clerk, "split", json!({ "on": "2026-03-02", "parts": parts(101) }));
        assert_eq!(refused.problem(), (422, "too_many_parts"), "{refused:?}");
        assert_eq!(refused.fields(), [("/parts", "too_many_parts")]);
        case.clerk("split", json!({ "on": "2026-03-02", "parts": parts(100) }));
        assert_eq!(case.last.json["stage"]["code"], "split");
    });
}

#[test]
fn a_version_is_only_the_tag_that_was_given() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.file(bureau.application("2026-03-02"));
        let body = json!({ "on": "2026-03-02" });
        let path = case.path("registration");
        let version = case.etag();
        let number = version.trim_matches('"');
        for tag in [format!("\"0{number}\""), format!("\"+{number}\"")] {
            let reply =
                bureau.service.call_with("POST", &path, &bureau.clerk, &[("if-match", &tag)], Some(body.clone()));
            assert_eq!(reply.problem(), (412, "stale"), "{tag}");
        }
        let reply = bureau.service.call_with("POST", &path, &bureau.clerk, &[("if-match", &version)], Some(body));
        assert_eq!(reply.status, 200, "{reply:?}");
    });
}

#[test]
fn two_codes_that_look_alike_are_not_two_codes() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let admin = bureau.service.user_token("guanli", bureau.organ, &[gongkai::case::Role::Admin]);
        let path = format!("/api/v1/organs/{}/users", bureau.organ.0);
        for (username, status) in
            [("ｊingban2", 422), ("jіngban2", 422), ("ß", 422), ("jingban-2", 201), ("经办二", 201)]
        {
            let body = json!({ "username": username, "display_name": "某某", "kind": "person", "roles": ["clerk"] });
            let reply = bureau.service.create(&path, &admin, body);
            assert_eq!(reply.status, status, "{username}: {reply:?}");
        }
    });
}

#[test]
fn what_is_searched_for_can_be_seen_and_is_no_longer_than_a_title() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let search = |text: &str| bureau.service.get(&format!("/api/v1/cases?q={text}"), &bureau.clerk);
        assert_eq!(search("%C2%AD").problem(), (400, "invalid_query"));
        assert_eq!(search(&"a".repeat(201)).fields(), [("?q", "too_long")]);
        assert_eq!(search(&"a".repeat(200)).status, 200);
    });
}
