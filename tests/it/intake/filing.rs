//! What a filing becomes: its receipt rule, its period, and its state to the end.

use serde_json::{Value, json};

use super::{FrontDesk, form, form_with};
use crate::support::on_both_databases;

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
                "reply_revoked_on",
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
        assert_eq!((&clock["provisional_due"], &clock["due_earliest"]), (&json!("2027-01-18"), &json!("2027-01-18")));
        assert_eq!(clock["due_latest"], "2027-01-21");
        let said = "2027年放假安排未公布，届满日估算：最早2027年1月18日、最晚1月21日；按最早提醒";
        assert_eq!(clock["estimate"], said);
        assert_eq!(made.json["is_overdue"], false);
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
fn text_of_any_kind_is_kept_to_the_letter() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let texts = [
            "'; DROP TABLE cases; --",
            "<script>alert(1)</script>",
            "$1 ? :x %s {} {{7*7}}",
            "100% _ \\ \" ' ` 𠮷 😀 葛\u{e0100}",
        ];
        for (at, text) in texts.iter().enumerate() {
            let changes = json!({
                "/title": text, "/request": format!("第一行\n\t{text}\u{202e}\u{200b}"), "/applicant/kind": "enterprise",
                "/applicant/name": text, "/applicant/contact/address": text
            });
            let made = desk.file(form_with(&format!("SQ-{at}"), changes.clone()));
            assert_eq!(made.status, 201, "{made:?}");
            assert_eq!(desk.file(form_with(&format!("SQ-{at}"), changes)).json["duplicate"], true);
            let path = format!("/api/v1/cases/{}", made.json["case_id"].as_str().unwrap());
            let case = desk.service().get(&path, &desk.bureau.clerk);
            assert_eq!(case.json["title"], *text);
            assert_eq!(case.json["request"], format!("第一行\n\t{text}\u{202e}\u{200b}"));
            assert_eq!(case.json["applicant"]["name"], *text, "an organisation's name is shown");
        }
        let number = "（2025）沪 7号?#&%41";
        let made = desk.file(form(number));
        assert_eq!(made.json["external_number"], number);
        assert_eq!(desk.service().get(made.header("location"), &desk.token).json["case_id"], made.json["case_id"]);
    });
}
