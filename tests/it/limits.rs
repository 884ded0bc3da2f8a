//! The longest text of each member, as the document says it: that long is taken, one character more is refused.

use gongkai::api::routes;
use serde_json::Value;

use crate::support::house::House;
use crate::support::on_both_databases;
use crate::support::openapi::document;
use crate::support::payloads::{Call, call_for};

/// The good request with another text of a member.
fn saying(call: &Call, pointer: &str, length: usize) -> Call {
    let mut other = call.clone();
    other.body = Some(call.body_with(pointer, Value::from("文".repeat(length))));
    other
}

#[test]
fn one_character_more_than_the_document_allows_is_refused_at_its_member() {
    on_both_databases(|database| {
        let house = House::on(database);
        let mut flaws = Vec::new();
        let mut tried = 0;
        for route in routes::all() {
            let operation = document().operation(route);
            if operation.body().is_none() {
                continue;
            }
            let call = call_for(&house, document(), route);
            for (pointer, most) in operation.longest_texts() {
                if !call.body_for(&pointer).pointer(&pointer).is_some_and(Value::is_string) {
                    flaws.push(format!("{route:?}: say something in {pointer}"));
                    continue;
                }
                let reply = saying(&call, &pointer, most + 1).send(&house);
                tried += 1;
                // The sign-in answers alike whatever is wrong.
                let is_told = reply.json["errors"][0]["pointer"] == pointer.as_str() || reply.status == 401;
                if !(400..500).contains(&reply.status) || !is_told {
                    flaws.push(format!("{route:?} {pointer} of {}: {} {:.200}", most + 1, reply.status, reply.text));
                }
            }
        }
        assert!(flaws.is_empty(), "{}", flaws.join("\n"));
        assert!(tried >= 60, "only {tried} tried");
    });
}

#[test]
fn a_text_as_long_as_the_document_allows_is_taken() {
    const WORDS: &[&str] = &[
        "/title",
        "/request",
        "/applicant/name",
        "/applicant/contact/address",
        "/parts/0/title",
        "/parts/0/request",
        "/reason",
        "/reasons",
        "/text",
        "/subject",
        "/display_name",
        "/name",
        "/part_one",
        "/opinion",
        "/comment",
    ];
    on_both_databases(|database| {
        let house = House::on(database);
        let mut taken = std::collections::BTreeMap::new();
        for route in routes::all() {
            let operation = document().operation(route);
            // A reason to look at an applicant's data, to erase a text, to set a series, to change an organ or to put a
            // record right must say something.
            let of_words = [
                "/reveal",
                "/applicant",
                "/redactions",
                "/counters/{kind}/{year}",
                "/amendments",
                "/void",
                "/reply-revocation",
                "/organs/{organ_id}",
                "/predecessors",
                "/undo",
            ];
            let wants_words = of_words.iter().any(|end| route.path.trim_end_matches("/preview").ends_with(end));
            if operation.body().is_none() {
                continue;
            }
            for (pointer, most) in operation.longest_texts() {
                if !WORDS.contains(&pointer.as_str()) || (wants_words && pointer == "/reason") {
                    continue;
                }
                let mut call = saying(&call_for(&house, document(), route), &pointer, most);
                if route.verb == gongkai::api::http::route::Verb::Patch && pointer == "/name" {
                    // Two departments have no one name.
                    let other = call.body_with(&pointer, Value::from("科".repeat(most)));
                    call.body = Some(other);
                }
                let reply = call.send(&house);
                assert!(
                    (200..300).contains(&reply.status),
                    "{route:?} {pointer} of {most}: {} {:.200}",
                    reply.status,
                    reply.text
                );
                taken.entry(pointer).or_insert_with(Vec::new).push(most);
            }
        }
        assert_eq!(taken["/title"], [200, 200, 200], "the clerk's, its preview and the front desk's");
        assert_eq!(taken["/request"], [10_000; 5], "and the corrected one with its preview");
        assert_eq!(taken.len(), WORDS.len(), "{taken:?}");
    });
}
