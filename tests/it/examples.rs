//! Every example in the document is sent, and every operation answers one request as it should.

use gongkai::api::routes;
use serde_json::Value;

use crate::support::house::House;
use crate::support::on_both_databases;
use crate::support::openapi::document;
use crate::support::payloads::call_for;

/// Members of an example that are of one office: an id, a name that is taken once, a password, a token.
const OF_ONE_OFFICE: &[&str] = &[
    "code",
    "confirmation",
    "content",
    "current_password",
    "external_number",
    "password",
    "refresh_token",
    "username",
    "year",
];

/// The example with what is of this office, as the good request says it.
fn of_this_office(example: &Value, good: &Value, name: &str) -> Value {
    match (example, good) {
        (Value::Object(members), Value::Object(known)) => {
            let of = |(name, member): (&String, &Value)| {
                let known = known.get(name).unwrap_or(&Value::Null);
                (name.clone(), of_this_office(member, known, name))
            };
            members.iter().map(of).collect()
        }
        (Value::String(text), Value::String(known)) if text.parse::<uuid::Uuid>().is_ok() => known.clone().into(),
        (_, known) if OF_ONE_OFFICE.contains(&name) && !known.is_null() => known.clone(),
        _ => example.clone(),
    }
}

#[test]
fn every_example_in_the_document_is_taken() {
    on_both_databases(|database| {
        let house = House::on(database);
        let mut tried = 0;
        for route in routes::all() {
            let operation = document().operation(route);
            if operation.body().is_none() {
                continue;
            }
            let examples = operation.examples();
            assert!(!examples.is_empty(), "{route:?} has no example");
            for example in examples {
                let mut call = call_for(&house, document(), route);
                let good = call.body.take().unwrap();
                call.body = Some(of_this_office(example, &good, ""));
                let reply = call.send(&house);
                assert!((200..300).contains(&reply.status), "{route:?} {example}: {} {}", reply.status, reply.text);
                tried += 1;
            }
        }
        assert!(tried >= 75, "only {tried} examples");
    });
}

#[test]
fn every_operation_answers_a_good_request_as_the_document_says() {
    on_both_databases(|database| {
        let house = House::on(database);
        let reached = routes::all().filter(|route| {
            // The service checks each answer against the document: tests/it/service.rs.
            let reply = call_for(&house, document(), route).send(&house);
            assert!((200..300).contains(&reply.status), "{route:?}: {} {}", reply.status, reply.text);
            true
        });
        assert_eq!(reached.count(), routes::all().count());
    });
}
