//! Every fault at once, with pointer, code and reason.

use serde_json::{Value, json};

use super::{APPLICATIONS, FrontDesk, form, form_with, rows};
use crate::support::on_both_databases;

/// Everything wrong at once, in every box of the form.
fn all_wrong() -> Value {
    json!({
        "organ": "nirgends",
        "external_number": "A/7",
        "applicant": {
            "kind": "king",
            "identity": { "kind": "id_card", "number": "110105194912310021" },
            "contact": { "telephone": 13800138000_u64, "email": "wang", "address": "某".repeat(201), "mobile": "1" },
            "sex": "m"
        },
        "title": "一\u{7}二",
        "request": "文".repeat(10_001),
        "channel": "pigeon",
        "misdirected": "yes",
        "submitted_on": "2025-02-20",
        "signed_on": "2025-02-30",
        "arrived_on": "2025-02-19",
        "acknowledged_on": "2025-02-22",
        "confirmed_on": "2008-04-30",
        "delivery": { "way": 3 },
        "purpose": "科研",
        "source": "other"
    })
}

/// Pointer and code of each fault of [`all_wrong`], in the order of the form.
const ALL_FAULTS: &[(&str, &str)] = &[
    ("/applicant/kind", "unknown_value"),
    ("/applicant/name", "required"),
    ("/applicant/contact/telephone", "invalid_type"),
    ("/applicant/contact/address", "too_long"),
    ("/title", "invalid_value"),
    ("/request", "too_long"),
    ("/channel", "unknown_value"),
    ("/misdirected", "invalid_type"),
    ("/signed_on", "invalid_date"),
    ("/delivery/form", "required"),
    ("/delivery/way", "invalid_type"),
    ("/applicant/contact/mobile", "unknown_field"),
    ("/applicant/sex", "unknown_field"),
    ("/purpose", "unknown_field"),
    ("/source", "unknown_field"),
    ("/applicant/identity/number", "invalid_identity_number"),
    ("/applicant/contact/email", "invalid_email"),
    ("/external_number", "invalid_value"),
    ("/arrived_on", "date_before_fact"),
    ("/acknowledged_on", "date_in_future"),
    ("/confirmed_on", "date_before_the_law"),
    ("/organ", "not_found"),
];

#[test]
fn every_fault_is_told_at_once_with_pointer_code_and_reason_and_no_value_is_repeated() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let before = rows(database);
        let refused = desk.file(all_wrong());
        assert_eq!(refused.problem(), (422, "invalid"));
        assert_eq!(refused.fields(), ALL_FAULTS);
        let errors = refused.json["errors"].as_array().unwrap();
        let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        assert!(errors.iter().all(|error| is_chinese(error["detail"].as_str().unwrap())), "{refused:?}");
        let channel = errors.iter().find(|error| error["pointer"] == "/channel").unwrap();
        assert_eq!(
            channel["detail"],
            "应为以下之一：in_person、registered_mail、ordinary_mail、online、email、fax、oral"
        );
        for value in ["nirgends", "A/7", "king", "1101051949", "13800138000", "pigeon", "2025-02-30", "科研", "某某"]
        {
            assert!(!refused.text.contains(value), "{value} is repeated: {}", refused.text);
        }
        assert_eq!(rows(database), before, "nothing was written");
    });
}

/// One change of a good form, and the faults it makes.
const SINGLE_FAULTS: &[(&str, &[(&str, &str)])] = &[
    (r#"{"/channel":"registered_mail"}"#, &[("/signed_on", "signing_day_required")]),
    (r#"{"/channel":"registered_mail","/signed_on":" "}"#, &[("/signed_on", "signing_day_required")]),
    (r#"{"/channel":"registered_mail","/signed_on":"2025-13-01"}"#, &[("/signed_on", "invalid_date")]),
    (
        r#"{"/channel":"registered_mail","/signed_on":"2025-02-21","/arrived_on":"2025-02-20"}"#,
        &[("/arrived_on", "date_before_fact")],
    ),
    (r#"{"/submitted_on":"2025-02-22"}"#, &[("/submitted_on", "date_in_future")]),
    (r#"{"/submitted_on":"2008-04-30"}"#, &[("/submitted_on", "date_before_the_law")]),
    (r#"{"/submitted_on":"2025-2-3"}"#, &[("/submitted_on", "invalid_date")]),
    (r#"{"/submitted_on":"2025-02-20T00:00:00Z"}"#, &[("/submitted_on", "invalid_date")]),
    (r#"{"/submitted_on":20250220}"#, &[("/submitted_on", "invalid_type")]),
    (r#"{"/confirmed_on":"2025-02-19"}"#, &[("/confirmed_on", "date_before_fact")]),
    (r#"{"/applicant":[]}"#, &[("/applicant", "invalid_type")]),
    (r#"{"/applicant":null}"#, &[("/applicant", "required")]),
    (
        r#"{"/applicant/identity":{}}"#,
        &[("/applicant/identity/kind", "required"), ("/applicant/identity/number", "required")],
    ),
    (r#"{"/applicant/identity/number":"1"}"#, &[("/applicant/identity/number", "invalid_identity_number")]),
    (r#"{"/request":" \n "}"#, &[("/request", "required")]),
    (r#"{"/external_number":"."}"#, &[("/external_number", "invalid_value")]),
    (r#"{"/external_number":null,"/organ":null}"#, &[("/organ", "required"), ("/external_number", "required")]),
    (r#"{"/x~y":{"a":1}}"#, &[("/x~0y", "unknown_field")]),
    (r#"{"/organ":"zrzy'; DROP TABLE cases; --"}"#, &[("/organ", "not_found")]),
];

#[test]
fn each_fault_alone_points_at_its_member() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let before = rows(database);
        for (changes, faults) in SINGLE_FAULTS {
            let refused = desk.file(form_with("SQ-1", serde_json::from_str(changes).unwrap()));
            assert_eq!(refused.problem(), (422, "invalid"), "{changes}");
            assert_eq!(refused.fields(), *faults, "{changes}");
        }
        for (body, problem) in [
            ("[]", (422, "invalid")),
            ("\"x\"", (422, "invalid")),
            ("{", (400, "malformed_json")),
            (r#"{"organ":"\u0000"}"#, (422, "invalid_value")),
        ] {
            let bearer = format!("Bearer {}", desk.token);
            let headers =
                [("authorization", bearer.as_str()), ("idempotency-key", "k"), ("content-type", "application/json")];
            let refused = desk.service().send("POST", APPLICATIONS, &headers, Some(body.as_bytes()));
            assert_eq!(refused.problem(), problem, "{body}");
        }
        let huge = desk.file(form_with("SQ-1", json!({ "/request": "文".repeat(3 << 20) })));
        assert_eq!(huge.problem(), (413, "payload_too_large"));
        let without_key = desk.service().call("POST", APPLICATIONS, &desk.token, Some(form("SQ-1")));
        assert_eq!(without_key.problem(), (400, "idempotency_key_required"));
        assert_eq!(rows(database), before, "nothing was written");
    });
}
