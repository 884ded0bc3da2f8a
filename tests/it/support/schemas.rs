//! JSON Schema, as far as our document uses it: what in a value is not as a schema says. A member that no schema names is a
//! fault too: an answer says nothing that is not in the document.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// What is wrong with the value, each with its place.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    judge(document, schema, value, "", &mut found);
    strangers(document, schema, value, "", &mut found);
    found
}

fn behind<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => behind(document, document.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn list<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema[name].as_array().map_or(&[], Vec::as_slice)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("a type these tests do not know: {other}"),
    }
}

fn judge(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = behind(document, schema);
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is_of(kind, value)) {
        found.push(format!("{at}: {value:.60} is not {types:?}"));
        return;
    }
    let choices = list(schema, "enum");
    if !choices.is_empty() && !choices.contains(value) {
        found.push(format!("{at}: {value} is none of {choices:?}"));
    }
    for part in list(schema, "allOf") {
        judge(document, part, value, at, found);
    }
    let ways: Vec<&Value> = list(schema, "oneOf").iter().chain(list(schema, "anyOf")).collect();
    if !ways.is_empty() && !ways.iter().any(|way| faults(document, way, value).is_empty()) {
        found.push(format!("{at}: {value:.60} fits none of its {} schemas", ways.len()));
    }
    match value {
        Value::String(text) => judge_text(schema, text, at, found),
        Value::Number(number) => {
            let (number, bound) = (number.as_f64().unwrap(), |name: &str| schema[name].as_f64());
            if bound("minimum").is_some_and(|least| number < least)
                || bound("maximum").is_some_and(|most| number > most)
            {
                found.push(format!("{at}: {number} is out of bounds"));
            }
        }
        Value::Array(items) => {
            let bound = |name: &str| schema[name].as_u64().map(|bound| usize::try_from(bound).unwrap());
            if bound("minItems").is_some_and(|least| items.len() < least)
                || bound("maxItems").is_some_and(|most| items.len() > most)
            {
                found.push(format!("{at}: {} items", items.len()));
            }
            if schema["items"].is_object() {
                let judged = items.iter().enumerate();
                judged
                    .for_each(|(index, item)| judge(document, &schema["items"], item, &format!("{at}/{index}"), found));
            }
        }
        Value::Object(members) => {
            for name in list(schema, "required").iter().filter_map(Value::as_str) {
                if !members.contains_key(name) {
                    found.push(format!("{at}/{name} is missing"));
                }
            }
            for (name, member) in members {
                let named = &schema["properties"][name];
                let named = if named.is_object() { named } else { &schema["additionalProperties"] };
                if named.is_object() {
                    judge(document, named, member, &format!("{at}/{name}"), found);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn judge_text(schema: &Value, text: &str, at: &str, found: &mut Vec<String>) {
    let is_good = match schema["format"].as_str() {
        Some("date") => text.parse::<NaiveDate>().is_ok(),
        Some("date-time") => DateTime::parse_from_rfc3339(text).is_ok(),
        Some("uuid") => text.parse::<uuid::Uuid>().is_ok(),
        Some(_) | None => true,
    };
    let is_long =
        schema["maxLength"].as_u64().is_some_and(|most| text.chars().count() > usize::try_from(most).unwrap());
    if !is_good || is_long {
        found.push(format!("{at}: {text:.60} is not as its schema says"));
    }
}

/// The members that the schema names; none where it takes any.
fn named(document: &Value, schema: &Value, value: &Value, names: &mut BTreeSet<String>) -> bool {
    let schema = behind(document, schema);
    let is_closed = schema["properties"].is_object() && !schema["additionalProperties"].is_object();
    names.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    let ways = list(schema, "oneOf").iter().chain(list(schema, "anyOf")).filter(|way| {
        let mut found = Vec::new();
        judge(document, way, value, "", &mut found);
        found.is_empty()
    });
    let parts: Vec<bool> =
        list(schema, "allOf").iter().chain(ways).map(|part| named(document, part, value, names)).collect();
    if parts.is_empty() { is_closed } else { parts.into_iter().all(|part| part) }
}

fn strangers(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = behind(document, schema);
    match value {
        Value::Object(members) => {
            let mut names = BTreeSet::new();
            if named(document, schema, value, &mut names) {
                let unknown = members.keys().filter(|name| !names.contains(*name));
                found.extend(unknown.map(|name| format!("{at}/{name} is not in the document")));
            }
            for (name, member) in members {
                for within in places(document, schema, name) {
                    strangers(document, within, member, &format!("{at}/{name}"), found);
                }
            }
        }
        Value::Array(items) if schema["items"].is_object() => {
            let judged = items.iter().enumerate();
            judged
                .for_each(|(index, item)| strangers(document, &schema["items"], item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The schemas of a member, in the schema itself and in the parts it is made of.
fn places<'a>(document: &'a Value, schema: &'a Value, name: &str) -> Vec<&'a Value> {
    let schema = behind(document, schema);
    let own = &schema["properties"][name];
    let mut found = if own.is_object() { vec![own] } else { Vec::new() };
    for part in list(schema, "allOf") {
        found.extend(places(document, part, name));
    }
    found
}

#[test]
fn a_value_that_is_not_as_its_schema_says_is_found() {
    use serde_json::json;
    let document = json!({ "named": { "type": "object", "required": ["on"], "properties": {
        "on": { "type": "string", "format": "date" }, "n": { "type": ["integer", "null"], "maximum": 3 },
        "kind": { "type": "string", "enum": ["a", "b"] }
    } } });
    let schema = json!({ "$ref": "#/named" });
    let found = |value: Value| faults(&document, &schema, &value);
    assert_eq!(found(json!({ "on": "2024-03-01", "n": null, "kind": "a" })), Vec::<String>::new());
    for bad in [
        json!([]),
        json!({}),
        json!({ "on": "2024-02-30" }),
        json!({ "on": "2024-03-01", "n": 4 }),
        json!({ "on": "2024-03-01", "n": 1.5 }),
        json!({ "on": "2024-03-01", "kind": "A" }),
        json!({ "on": "2024-03-01", "more": 1 }),
    ] {
        assert_eq!(found(bad.clone()).len(), 1, "{bad}");
    }
}
