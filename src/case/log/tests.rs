//! What was stored once is read for ever.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Unread, decode, encode};

/// One event a line: the release that stored it, the kind of its row, the payload byte for byte. Lines are only added.
const GOLDEN: &str = include_str!("../../../tests/data/events.jsonl");

struct Line {
    kind: String,
    payload: String,
}

fn golden() -> Vec<Line> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    GOLDEN
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| Line { kind: text(&line["kind"]), payload: text(&line["payload"]) })
        .collect()
}

/// The kinds of `case::Event`, from the table of their words.
fn kinds() -> BTreeSet<String> {
    let source = include_str!("../event.rs");
    let words = source.split("fn words").nth(1).unwrap();
    words.split("=> (\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn the_golden_events_hold_every_kind_without_and_with_a_version() {
    let (before, versioned): (Vec<Line>, Vec<Line>) =
        golden().into_iter().partition(|line| !line.payload.starts_with("{\"v\":"));
    let of = |lines: &[Line]| lines.iter().map(|line| line.kind.clone()).collect::<BTreeSet<_>>();
    let since_versions = [
        "redacted",
        "amended",
        "amendment_proposed",
        "amendment_refused",
        "voided",
        "reply_recalled",
        "reply_revoked",
        "task_withdrawn",
        "reassigned",
        "applicant_corrected",
    ]
    .map(str::to_owned)
    .into();
    assert!(kinds().len() >= 42, "{:?}", kinds());
    assert_eq!(of(&before), &kinds() - &since_versions, "the release before versions");
    assert_eq!(of(&versioned), kinds(), "version 1");
}

#[test]
fn every_golden_event_reads_as_the_kind_of_its_row_and_is_written_again_with_the_same_members() {
    for Line { kind, payload } in golden() {
        let event = decode(&kind, &payload).unwrap_or_else(|why| panic!("{kind}: {why:?}: {payload}"));
        assert_eq!(event.kind(), kind);
        let again = encode(&event).unwrap();
        assert_eq!(decode(&kind, &again).unwrap(), event, "{kind}");
        let mut stored: Value = serde_json::from_str(&payload).unwrap();
        stored["v"] = json!(1);
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), stored, "{kind}");
    }
}

#[test]
fn a_payload_of_version_one_is_written_byte_for_byte_as_it_was() {
    for Line { kind, payload } in golden().into_iter().filter(|line| line.payload.starts_with("{\"v\":1,")) {
        assert_eq!(encode(&decode(&kind, &payload).unwrap()).unwrap(), payload, "{kind}");
    }
}

#[test]
fn members_that_a_newer_release_added_are_ignored_at_every_depth() {
    for Line { kind, payload } in golden() {
        let event = decode(&kind, &payload).unwrap();
        let mut value: Value = serde_json::from_str(&payload).unwrap();
        add_unknown_members(&mut value);
        let with_more = value.to_string();
        assert!(with_more.contains("added_later"));
        assert_eq!(decode(&kind, &with_more).unwrap(), event, "{kind}: {with_more}");
    }
}

/// Adds an unknown member to every object, except to those that name one of several variants by their only member.
fn add_unknown_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // A patch is what a person wrote, and no record of this program.
            let records = members.iter_mut().filter(|(name, _)| *name != "patch" && *name != "change");
            records.for_each(|(_, value)| add_unknown_members(value));
            let is_variant = members.len() == 1 && members.keys().all(|key| key == "days" || key == "until");
            if !is_variant {
                members.insert("added_later".into(), json!({"by": "a newer release"}));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(add_unknown_members),
        _ => {}
    }
}

#[test]
fn kinds_and_versions_of_a_newer_release_are_said_to_be_newer() {
    let unknown_kind = r#"{"v":1,"event":"of_another_release","seq":3}"#;
    assert_eq!(decode("of_another_release", unknown_kind), Err(Unread::Newer));
    for version in ["2", "10", "99999999999999999999"] {
        let payload = format!(r#"{{"v":{version},"event":"fee_paid","on":"2026-11-02"}}"#);
        assert_eq!(decode("fee_paid", &payload), Err(Unread::Newer), "{payload}");
    }
}

#[test]
fn a_damaged_payload_is_malformed_and_never_an_event() {
    for payload in [
        "",
        "{",
        "[]",
        "{\"v\":1}",
        r#"{"v":1,"event":"fee_paid"}"#,
        r#"{"v":1,"event":"fee_paid","on":"2026-02-30"}"#,
        r#"{"v":1,"event":"fee_paid","on":20261102}"#,
    ] {
        assert!(matches!(decode("fee_paid", payload), Err(Unread::Malformed(_))), "{payload}");
    }
    let other_kind = decode("archived", r#"{"v":1,"event":"fee_paid","on":"2026-11-02"}"#);
    assert_eq!(other_kind, Err(Unread::OtherKind("fee_paid".into())));
    let unknown_in_a_known_row = decode("archived", r#"{"v":1,"event":"of_another_release"}"#);
    assert_eq!(unknown_in_a_known_row, Err(Unread::OtherKind("of_another_release".into())));
}
