//! The front desk over HTTP, on both databases: filed once, every fault at once, its own filings and nobody else's,
//! nothing personal in rows, answers or logs.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::case::Role;
use gongkai::store::Db;
use gongkai::store::schema::{applicants, audit_log, case_events, cases, idempotency_keys, obligations};
use serde_json::{Value, json};

use crate::desk::Bureau;
use crate::service::{Reply, Service};
use crate::support::{TestDatabase, on_both_databases};

const APPLICATIONS: &str = "/api/v1/intake/applications";

/// A bureau with the machine user `menhu`, which files there.
struct FrontDesk {
    bureau: Bureau,
    token: String,
}

impl FrontDesk {
    fn open(database: &TestDatabase, today: &str) -> Self {
        let bureau = Bureau::open(database, today);
        let token = bureau.service.user_token("menhu", bureau.organ, &[Role::Intake]);
        Self { bureau, token }
    }

    fn service(&self) -> &Service {
        &self.bureau.service
    }

    fn file(&self, body: Value) -> Reply {
        self.service().create(APPLICATIONS, &self.token, body)
    }

    fn file_under(&self, key: &str, body: Value) -> Reply {
        self.service().call_with("POST", APPLICATIONS, &self.token, &[("idempotency-key", key)], Some(body))
    }

    fn state(&self, number: &str) -> Reply {
        self.service().get(&format!("{APPLICATIONS}/{number}"), &self.token)
    }

    /// Gives the case a command with the version the front desk sees.
    #[track_caller]
    fn command(&self, number: &str, token: &str, segment: &str, body: Value) {
        let state = self.state(number);
        let path = format!("/api/v1/cases/{}/{segment}", state.json["case_id"].as_str().unwrap());
        let done = self.service().call_with("POST", &path, token, &[("if-match", state.header("etag"))], Some(body));
        assert_eq!(done.status, 200, "{segment}: {done:?}");
    }
}

/// A form as a portal sends it, filled in to the last box.
fn form(number: &str) -> Value {
    json!({
        "organ": "zrzy",
        "external_number": number,
        "applicant": {
            "kind": "natural_person",
            "name": "王小明",
            "identity": { "kind": "id_card", "number": "11010519491231002X" },
            "contact": {
                "telephone": "13800138000", "email": "wang@example.cn", "address": "某市某路1号", "postcode": "222000",
                "workplace": "某公司", "contact_person": "王小红", "agent": "赵律师"
            }
        },
        "request": "某地块征收土地批复\n文号：不详",
        "channel": "in_person",
        "submitted_on": "2025-02-20",
        "delivery": { "form": "paper", "way": "post", "accepts_other": true }
    })
}

/// The form with members changed or (by null) left out.
fn form_with(number: &str, changes: Value) -> Value {
    let mut form = form(number);
    for (pointer, value) in changes.as_object().unwrap() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        form.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    form
}

/// How many rows a filing could have left, table by table.
fn rows(database: &TestDatabase) -> [i64; 6] {
    let mut db: Db = database.raw();
    [
        cases::table.count().get_result(&mut db).unwrap(),
        applicants::table.count().get_result(&mut db).unwrap(),
        case_events::table.count().get_result(&mut db).unwrap(),
        obligations::table.count().get_result(&mut db).unwrap(),
        idempotency_keys::table.count().get_result(&mut db).unwrap(),
        audit_log::table.count().get_result(&mut db).unwrap(),
    ]
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_filing_becomes_a_case_with_its_receipt_rule_and_its_period() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let made = desk.file(form("SQ-2025-0001"));
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(
            names(&made.json),
            [
                "applicant_to_do",
                "awaiting",
                "case_id",
                "changed_at",
                "clock",
                "duplicate",
                "external_number",
                "finished_on",
                "is_overdue",
                "number",
                "organ",
                "outcome",
                "receipt",
                "replied_on",
                "stage",
                "version"
            ]
        );
        assert_eq!(made.json["duplicate"], false);
        assert_eq!((&made.json["organ"], &made.json["external_number"]), (&json!("zrzy"), &json!("SQ-2025-0001")));
        assert_eq!(made.json["stage"], json!({ "code": "received", "label": "收到" }));
        assert_eq!(
            made.json["receipt"],
            json!({
                "on": "2025-02-20", "rule": "R1", "article": "《条例》第三十一条第（一）项",
                "why": "当面提交（含口头代填），提交之日为收到申请之日"
            })
        );
        assert_eq!(made.json["awaiting"], Value::Null);
        let clock = &made.json["clock"];
        assert_eq!(clock["status"], json!({ "code": "running", "label": "计算中" }));
        assert_eq!((&clock["start"], &clock["due"]), (&json!("2025-02-20"), &json!("2025-03-20")));
        assert_eq!((&clock["total"], &clock["remaining"]), (&json!(20), &json!(19)));
        assert_eq!((&clock["is_provisional"], &clock["provisional_due"]), (&json!(false), &Value::Null));
        assert_eq!(made.header("etag"), format!("\"{}\"", made.json["version"]));
        assert_eq!(made.header("location"), "/api/v1/intake/applications/SQ-2025-0001?organ=zrzy");

        let mut found = desk.service().get(made.header("location"), &desk.token);
        assert_eq!((found.status, found.header("etag")), (200, made.header("etag")), "{found:?}");
        found.json["duplicate"] = json!(false);
        assert_eq!(found.json, made.json);
        let path = format!("/api/v1/cases/{}", made.json["case_id"].as_str().unwrap());
        let case = desk.service().get(&path, &desk.bureau.clerk);
        assert_eq!(case.json["title"], "某地块征收土地批复", "made of the first line of the request");
        assert_eq!(desk.service().get(&path, &desk.token).problem(), (403, "role_required"));
    });
}

/// Channel and dates; then rule, day of receipt and due date, or what is missing and when to act.
const RECEIPTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        r#"{"/channel":"registered_mail","/submitted_on":"2022-09-28","/signed_on":"2022-09-30"}"#,
        "R2",
        "2022-09-30",
        "2022-11-02",
        "第（二）项",
    ),
    (
        r#"{"/channel":"online","/submitted_on":"2011-06-01","/acknowledged_on":"2011-06-01"}"#,
        "R4b",
        "2011-06-01",
        "2011-06-23",
        "指导案例26号",
    ),
    (r#"{"/channel":"email","/submitted_on":"2018-06-01"}"#, "R4c", "2018-06-01", "2018-06-25", "207号"),
    (
        r#"{"/channel":"online","/submitted_on":"2025-02-20","/acknowledged_on":"2025-02-20"}"#,
        "R4",
        "2025-02-20",
        "2025-03-20",
        "第（三）项",
    ),
    (
        r#"{"/channel":"fax","/submitted_on":"2025-02-18","/confirmed_on":"2025-02-20"}"#,
        "R4",
        "2025-02-20",
        "2025-03-20",
        "第（三）项",
    ),
    (
        r#"{"/channel":"ordinary_mail","/submitted_on":"2025-02-18","/arrived_on":"2025-02-19"}"#,
        "confirmed_on",
        "2025-02-19",
        "",
        "第（二）项",
    ),
    (r#"{"/channel":"online","/submitted_on":"2025-02-20"}"#, "confirmed_on", "2025-02-20", "", "第（三）项"),
    (
        r#"{"/channel":"registered_mail","/misdirected":true,"/submitted_on":"2025-02-18","/signed_on":"2025-02-19"}"#,
        "confirmed_on",
        "2025-02-18",
        "",
        "第（二）项",
    ),
];

#[test]
fn each_channel_gives_its_rule_or_says_what_is_missing_and_what_to_do() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        for (at, (changes, rule, day, due, article)) in RECEIPTS.iter().enumerate() {
            let made = desk.file(form_with(&format!("SQ-{at}"), serde_json::from_str(changes).unwrap()));
            assert_eq!(made.status, 201, "{made:?}");
            let (receipt, awaiting) = (&made.json["receipt"], &made.json["awaiting"]);
            let told = if due.is_empty() { awaiting } else { receipt };
            assert!(told["article"].as_str().unwrap().contains(article), "{made:?}");
            if due.is_empty() {
                assert_eq!((receipt, &made.json["clock"]), (&Value::Null, &Value::Null));
                assert_eq!(made.json["stage"]["code"], "awaiting_confirmation");
                assert_eq!((&awaiting["missing"], &awaiting["alert_on"]), (&json!(rule), &json!(day)));
                assert!(awaiting["what_to_do"].as_str().unwrap().contains("双方确认日期"), "{made:?}");
            } else {
                assert_eq!(awaiting, &Value::Null);
                assert_eq!((&receipt["rule"], &receipt["on"]), (&json!(rule), &json!(day)));
                assert_eq!(made.json["clock"]["due"], *due, "{changes}");
                assert_eq!(made.json["is_overdue"], *due < "2025-02-21");
            }
        }
        let confirm = json!({ "on": "2025-02-21", "evidence": "电话录音 0221-3" });
        desk.command("SQ-5", &desk.token, "confirmation", confirm);
        let confirmed = desk.state("SQ-5").json;
        assert_eq!((&confirmed["receipt"]["rule"], &confirmed["receipt"]["on"]), (&json!("R3"), &json!("2025-02-21")));
        assert_eq!((&confirmed["awaiting"], &confirmed["clock"]["due"]), (&Value::Null, &json!("2025-03-21")));
    });
}

#[test]
fn beyond_the_last_holiday_notice_the_date_is_marked_provisional() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2026-12-21");
        let made = desk.file(form_with("SQ-1", json!({ "/submitted_on": "2026-12-21" })));
        let clock = &made.json["clock"];
        assert_eq!((made.status, &clock["status"]["code"], &clock["due"]), (201, &json!("gap"), &Value::Null));
        assert_eq!((&clock["is_provisional"], &clock["missing"]), (&json!(true), &json!("2027-01-01")));
        // 22 to 31 December are eight working days; twelve more from Monday 4 January 2027.
        assert_eq!(clock["provisional_due"], "2027-01-19");
        assert_eq!(made.json["is_overdue"], false);
    });
}

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
        "request": "文".repeat(5001),
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

#[test]
fn a_filing_sent_again_makes_no_second_case() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let first = desk.file_under("k-1", form("SQ-1"));
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""), "{first:?}");
        let made = rows(database);

        let replayed = desk.file_under("k-1", form("SQ-1"));
        assert_eq!((replayed.status, &replayed.text), (201, &first.text), "the same key: the same answer");
        assert_eq!(replayed.header("idempotent-replayed"), "true");
        assert_eq!(rows(database), made);
        assert_eq!(desk.file_under("k-1", form("SQ-2")).problem(), (422, "idempotency_key_reused"));

        let again = desk.file_under("k-2", form("SQ-1"));
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, ""), "{again:?}");
        assert_eq!((&again.json["duplicate"], &again.json["case_id"]), (&json!(true), &first.json["case_id"]));
        assert_eq!(again.header("location"), first.header("location"));
        // The same in another spelling: blanks around, members that say nothing, the organ by its id.
        let spelt = json!({
            "/applicant/name": " 王小明 ", "/misdirected": false, "/signed_on": null, "/title": "",
            "/applicant/identity/number": "11010519491231002x", "/organ": desk.bureau.organ.0
        });
        assert_eq!(desk.file(form_with("SQ-1", spelt)).json["duplicate"], true);
        assert_eq!(rows(database)[..4], made[..4], "only the answers were kept");

        desk.command("SQ-1", &desk.bureau.clerk, "registration", json!({ "on": "2025-02-21" }));
        let later = desk.file(form("SQ-1"));
        assert_eq!((later.status, &later.json["stage"]["code"]), (200, &json!("registered")), "the case moved on");
        assert_eq!(later.json["number"], "依申请〔2025〕1号");
    });
}

#[test]
fn a_number_used_for_another_content_is_a_conflict_that_tells_nothing() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        assert_eq!(desk.file(form("SQ-1")).status, 201);
        let made = rows(database);
        for changes in [
            json!({ "/request": "另一份批复" }),
            json!({ "/title": "另一个标题" }),
            json!({ "/submitted_on": "2025-02-19" }),
            json!({ "/acknowledged_on": "2025-02-20" }),
            json!({ "/channel": "oral" }),
            json!({ "/delivery/accepts_other": false }),
            json!({ "/delivery": null }),
            json!({ "/applicant/kind": "other_org" }),
            json!({ "/applicant/name": "李小明" }),
            json!({ "/applicant/identity/number": "110101199003070935" }),
            json!({ "/applicant/identity": { "kind": "other", "number": "11010519491231002X" } }),
            json!({ "/applicant/identity": null }),
            json!({ "/applicant/contact/telephone": "13900139000" }),
            json!({ "/applicant/contact": null }),
        ] {
            let refused = desk.file(form_with("SQ-1", changes.clone()));
            assert_eq!(refused.problem(), (409, "external_number_reused"), "{changes}");
            for personal in ["王小明", "李小明", "1380013", "1390013", "1101", "批复"] {
                assert!(!refused.text.contains(personal), "{}", refused.text);
            }
        }
        assert_eq!(rows(database), made, "nothing was written");
        assert_eq!(desk.file(form_with("SQ-2", json!({ "/request": "另一份批复" }))).status, 201);
    });
}

#[test]
fn of_eight_equal_filings_at_once_one_makes_the_case() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        for round in 0..3 {
            let number = format!("SQ-{round}");
            let before = rows(database);
            let replies: Vec<Reply> = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| desk.file(form(&number)))).collect();
                tries.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201], "{replies:?}");
            assert!(replies.iter().all(|reply| reply.json["case_id"] == replies[0].json["case_id"]));
            let after = rows(database);
            assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 1), "one case, one applicant");
        }
    });
}

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
fn the_state_follows_the_case_to_its_end() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-20");
        let bureau = &desk.bureau;
        desk.file(form("SQ-1"));
        let clerk = |segment: &str, body| desk.command("SQ-1", &bureau.clerk, segment, body);
        clerk("registration", json!({ "on": "2025-02-20" }));
        bureau.on("2025-02-24");
        clerk("corrections", json!({ "on": "2025-02-24", "items": ["请写明文号"], "respond_days": 10 }));
        let state = desk.state("SQ-1").json;
        let mut to_do = json!([{
            "kind": { "code": "correction_response", "label": "申请人补正" }, "due_on": null,
            "article": "《条例》第三十条", "items": ["请写明文号"], "amount_yuan": null
        }]);
        assert_eq!((&state["stage"]["code"], &state["applicant_to_do"]), (&json!("awaiting_correction"), &to_do));
        assert_eq!(
            (&state["clock"]["status"]["code"], &state["clock"]["due"]),
            (&json!("awaiting_correction"), &Value::Null)
        );
        clerk("notice-services", json!({ "notice": "correction", "on": "2025-02-24" }));
        to_do[0]["due_on"] = json!("2025-03-10");
        assert_eq!(desk.state("SQ-1").json["applicant_to_do"], to_do, "ten working days from service");

        bureau.on("2025-03-03");
        let corrected = json!({ "on": "2025-03-03", "request": "某文号批复" });
        desk.command("SQ-1", &desk.token, "corrected-application", corrected);
        let state = desk.state("SQ-1").json;
        assert_eq!((&state["applicant_to_do"], &state["receipt"]["on"]), (&json!([]), &json!("2025-02-20")));
        assert_eq!((&state["clock"]["start"], &state["clock"]["due"]), (&json!("2025-03-03"), &json!("2025-03-31")));
        assert_eq!(desk.file(form("SQ-1")).json["duplicate"], true, "the first text is what was filed");

        clerk("fee", json!({ "on": "2025-03-03", "basis": "by_page", "count": 68, "served_on": "2025-03-03" }));
        let state = desk.state("SQ-1").json;
        let fee = &state["applicant_to_do"][0];
        assert_eq!((&fee["kind"]["code"], &fee["amount_yuan"]), (&json!("fee_payment"), &json!(380)), "{state}");
        assert_eq!((&state["stage"]["code"], &fee["items"]), (&json!("awaiting_fee"), &json!([])));
        assert!(fee["due_on"].is_string(), "{state}");
        clerk("fee-payment", json!({ "on": "2025-03-03" }));

        bureau.on("2025-04-01");
        let late = desk.state("SQ-1").json;
        assert_eq!((&late["clock"]["due"], &late["is_overdue"]), (&json!("2025-03-31"), &json!(true)));
        clerk(
            "searches",
            json!({ "on": "2025-04-01", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": true }),
        );
        clerk("outcome", json!({ "on": "2025-04-01", "outcome": "disclosed.provided", "reasons": "经审查，予以公开" }));
        for kind in ["section_head", "secrecy", "legal"] {
            let review = json!({ "kind": kind, "on": "2025-04-01", "approve": true });
            desk.command("SQ-1", &bureau.reviewer, "reviews", review);
        }
        desk.command(
            "SQ-1",
            &bureau.leader,
            "reviews",
            json!({ "kind": "leader", "on": "2025-04-01", "approve": true }),
        );
        assert_eq!(desk.state("SQ-1").json["outcome"], Value::Null, "not before it is sent");
        clerk("reply", json!({ "on": "2025-04-01" }));
        clerk(
            "dispatches",
            json!({ "method": "post", "on": "2025-04-01", "carrier": "中国邮政EMS", "tracking_number": "EX1" }),
        );
        let state = desk.state("SQ-1").json;
        assert_eq!(state["stage"], json!({ "code": "replied", "label": "答复" }));
        assert_eq!(state["outcome"]["code"], "disclosed.provided");
        assert_eq!((&state["replied_on"], &state["finished_on"]), (&json!("2025-04-01"), &json!("2025-04-01")));
        assert_eq!(state["clock"]["status"], json!({ "code": "met_late", "label": "逾期答复" }));
        assert_eq!((&state["is_overdue"], &state["number"]), (&json!(true), &json!("依申请〔2025〕1号")));
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

#[test]
fn text_of_any_kind_is_kept_to_the_letter() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let texts = [
            "'; DROP TABLE cases; --",
            "<script>alert(1)</script>",
            "$1 ? :x %s {} {{7*7}}",
            "100% _ \\ \" ' ` 𠮷 😀 \u{202e}",
        ];
        for (at, text) in texts.iter().enumerate() {
            let changes = json!({
                "/title": text, "/request": format!("第一行\n\t{text}"), "/applicant/kind": "enterprise",
                "/applicant/name": text, "/applicant/contact/address": text
            });
            let made = desk.file(form_with(&format!("SQ-{at}"), changes.clone()));
            assert_eq!(made.status, 201, "{made:?}");
            assert_eq!(desk.file(form_with(&format!("SQ-{at}"), changes)).json["duplicate"], true);
            let path = format!("/api/v1/cases/{}", made.json["case_id"].as_str().unwrap());
            let case = desk.service().get(&path, &desk.bureau.clerk);
            assert_eq!(case.json["title"], *text);
            assert_eq!(case.json["request"], format!("第一行\n\t{text}"));
            assert_eq!(case.json["applicant"]["name"], *text, "an organisation's name is shown");
        }
        let number = "（2025）沪 7号?#&%41";
        let made = desk.file(form(number));
        assert_eq!(made.json["external_number"], number);
        assert_eq!(desk.service().get(made.header("location"), &desk.token).json["case_id"], made.json["case_id"]);
    });
}

/// What the service logged during this run of the tests.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Logged;

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps every log line of this crate, down to the finest level.
fn listen_to_the_log() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let log = tracing_subscriber::fmt().json().with_env_filter("gongkai=trace,actix=trace,diesel=trace");
        log.with_writer(|| Logged).try_init().unwrap();
    });
}

/// Everything the database holds: the bytes of the SQLite files, or every row of every table as text.
fn everything(database: &TestDatabase) -> Vec<u8> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    match database.raw() {
        Db::Lite(_) => {
            let path = database.options.url.strip_prefix("sqlite:").unwrap().to_owned();
            let files = [path.clone(), format!("{path}-wal")];
            files.into_iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
        }
        Db::Pg(mut connection) => {
            let tables = "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'";
            let tables: Vec<Line> = diesel::sql_query(tables).load(&mut connection).unwrap();
            assert!(tables.iter().any(|table| table.line == "applicants"));
            let mut text = String::new();
            for table in tables {
                let rows = format!("SELECT t::text AS line FROM \"{}\" t", table.line);
                let rows: Vec<Line> = diesel::sql_query(rows).load(&mut connection).unwrap();
                rows.into_iter().for_each(|row| text.push_str(&row.line));
            }
            text.into_bytes()
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_identifies_a_person_is_in_no_row_no_answer_and_no_log() {
    listen_to_the_log();
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let sealed = ["110101199003070935", "13912345678", "kanari@example.cn", "金丝雀路7号", "金丝雀公司", "雀代理"];
        let name = "金丝雀甲乙丙";
        let canary = json!({
            "/applicant/name": name,
            "/applicant/identity/number": sealed[0],
            "/applicant/contact": {
                "telephone": sealed[1], "email": sealed[2], "address": sealed[3], "workplace": sealed[4], "agent": sealed[5]
            }
        });
        let made = desk.file(form_with("SQ-1", canary.clone()));
        let again = desk.file(form_with("SQ-1", canary.clone()));
        let mut conflicting = form_with("SQ-1", canary.clone());
        conflicting["request"] = json!("别的");
        let mut wrong = form_with("SQ-2", canary);
        wrong["applicant"]["identity"]["number"] = json!("110101199003070936");
        wrong["applicant"]["contact"]["telephone"] = json!([sealed[1]]);
        let answers = [
            made,
            again,
            desk.file(conflicting),
            desk.file(wrong),
            desk.state("SQ-1"),
            desk.service().get(APPLICATIONS, &desk.token),
        ];
        assert_eq!(answers.each_ref().map(|answer| answer.status), [201, 200, 409, 422, 200, 200]);
        let id = answers[0].header("x-request-id").to_owned();
        let log = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(holds(&log, &id), "the log is being listened to");
        let kept = everything(database);
        assert!(holds(&kept, "SQ-1"), "and the database is being read");
        for text in sealed {
            assert!(!holds(&kept, text), "{text} stands in the database in clear");
            assert!(!holds(&kept, &hex::encode(text)), "{text} stands in the database as plain bytes");
        }
        for text in sealed.into_iter().chain([name, "11010119900307093", "金丝雀"]) {
            assert!(answers.iter().all(|answer| !answer.text.contains(text)), "{text} was answered");
            assert!(!holds(&log, text), "{text} was logged");
        }
    });
}
