//! What follows from a log follows its amendments: mails, published reports, what is masked.

use serde_json::{Value, json};

use super::mistakes::amend;
use crate::support::bureau::Bureau;
use crate::support::codes;
use crate::support::{day, on_both_databases};

/// The subjects of the mails in a state.
fn mails(bureau: &Bureau, admin: &str, state: &str) -> Vec<String> {
    let reply = bureau.service.get(&format!("/api/v1/mail?state={state}&limit=200"), admin);
    assert_eq!(reply.status, 200, "{reply:?}");
    let items = reply.json["items"].as_array().unwrap().clone();
    items.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_mail_that_waits_and_names_a_wrong_day_is_withdrawn_and_the_reminders_follow_the_right_day() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-10-12");
        let mut case = bureau.file(bureau.application("2026-10-12"));
        bureau.on("2026-10-21");
        case.clerk("registration", json!({ "on": "2026-10-21" }));
        // Two working days before the wrong last day, 2026-11-09.
        bureau.on("2026-11-05");
        let admin = bureau.service.user_token("guanli", bureau.organ, &[gongkai::case::Role::Admin]);
        let room = bureau.service.office.reminders().mailroom().unwrap();
        room.remind(day("2026-11-05"), None).unwrap();
        let queued = mails(&bureau, &admin, "queued");
        assert!(queued.iter().any(|subject| subject.contains("2026年11月9日")), "{queued:?}");
        let entries = json!([{ "seq": 1, "change": { "submitted_on": "2026-10-21" } }]);
        let body = json!({ "reason": "收到日期录错", "entries": entries });
        let shown = case.try_command(&bureau.head, "amendments/preview", body);
        let withdrawn = shown.json["mails_withdrawn"].as_array().unwrap().len();
        assert_eq!(withdrawn, queued.len(), "{shown:?}");
        amend(&mut case, entries);
        assert_eq!(mails(&bureau, &admin, "cancelled").len(), queued.len());
        room.remind(day("2026-11-05"), None).unwrap();
        assert_eq!(mails(&bureau, &admin, "queued"), Vec::<String>::new(), "ten working days are left");
        bureau.on("2026-11-16");
        room.remind(day("2026-11-16"), None).unwrap();
        let queued = mails(&bureau, &admin, "queued");
        assert!(!queued.is_empty() && queued.iter().all(|subject| subject.contains("2026年11月18日")), "{queued:?}");
    });
}

#[test]
fn a_void_case_that_was_carried_over_is_an_adjustment_of_both_published_years() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2023-12-01");
        let mut case = bureau.registered("2023-12-01");
        let head = bureau.head.clone();
        bureau.on("2023-12-20");
        case.command(
            &head,
            "extensions",
            json!({ "days": 20, "reason": "情况复杂", "approved_on": "2023-12-20", "notified_on": "2023-12-20" }),
        );
        bureau.on("2024-01-22");
        let mut body = json!({ "on": "2024-01-22", "outcome": "disclosed.provided", "reasons": "可以公开" });
        case.clerk("outcome", body.take());
        case.approve("2024-01-22");
        case.clerk("reply", json!({ "on": "2024-01-22" }));
        case.clerk("dispatches", json!({ "on": "2024-01-22", "method": "post", "carrier": "EMS" }));
        let organ = bureau.organ.0;
        let annual = |year: i32, what: &str| {
            bureau.service.get(&format!("/api/v1/organs/{organ}/annual-reports/{year}/{what}"), &bureau.clerk).json
        };
        bureau.on("2025-01-20");
        for year in [2023, 2024] {
            let body = json!({ "year": year, "published_on": "2025-01-20" });
            let path = format!("/api/v1/organs/{organ}/annual-reports");
            assert_eq!(bureau.service.create(&path, &bureau.clerk, body).status, 201);
        }
        let published = [annual(2023, "published"), annual(2024, "published")];
        case.command(&head, "void", json!({ "reason": "误立案" }));
        assert_eq!(codes(&case.last.json["amendments"][0]["because"]), json!(["replied_becomes_void"]));
        assert_eq!(
            (annual(2023, "adjustments")["cells"].clone(), annual(2024, "adjustments")["cells"].clone()),
            (json!([]), json!([]))
        );
        let leader = bureau.leader.clone();
        case.command(&leader, "amendments/1/confirmation", json!({}));
        assert_eq!([annual(2023, "published"), annual(2024, "published")], published, "what was published stays");
        let moved = |year: i32| -> Vec<String> {
            let adjusted = annual(year, "adjustments");
            assert_eq!(adjusted["cases"][0]["case_id"], json!(case.id), "{adjusted:#}");
            let events = adjusted["cases"][0]["events"].as_array().unwrap().clone();
            assert!(events.iter().any(|event| event["label"] == "案件作废"), "{adjusted:#}");
            let total = |cell: &&Value| cell["column"] == "总计";
            let cells = adjusted["cells"].as_array().unwrap().clone();
            let text =
                |cell: &Value| format!("{} {}→{}", cell["row"].as_str().unwrap(), cell["published"], cell["now"]);
            cells.iter().filter(total).map(text).collect()
        };
        assert_eq!(moved(2023), ["一、本年新收政府信息公开申请数量 1→0", "四、结转下年度继续办理 1→0"]);
        assert_eq!(moved(2024), ["二、上年结转政府信息公开申请数量 1→0", "三(一)予以公开 1→0", "三(七)总计 1→0"]);
        bureau.verified();
    });
}

#[test]
fn the_name_of_who_signed_is_masked_in_what_an_amendment_says_too() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        case.clerk("outcome", json!({ "on": "2026-11-02", "outcome": "disclosed.provided", "reasons": "可以公开" }));
        case.approve("2026-11-02");
        case.clerk("reply", json!({ "on": "2026-11-02" }));
        case.clerk("dispatches", json!({ "on": "2026-11-02", "method": "post", "carrier": "EMS" }));
        case.clerk("service-proofs", json!({ "on": "2026-11-02", "result": "signed", "signatory": "王小明（本人）" }));
        amend(&mut case, json!([{ "seq": 11, "change": { "signatory": "李大为（同住成年家属）" } }]));
        let log = bureau.service.get(&case.path("events"), &bureau.head);
        assert!(log.text.contains("同住成年家属") && !log.text.contains("李大为"), "{}", log.text);
        let shown = bureau.service.get(&case.path(""), &bureau.head);
        assert!(!shown.text.contains("李大为"), "{}", shown.text);
    });
}

#[test]
fn an_erased_text_is_readable_in_no_amendment() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        amend(&mut case, json!([{ "seq": 1, "change": { "title": "王某110105199003071230的材料" } }]));
        let head = bureau.head.clone();
        let pointer = "/entries/0/events/0/patch/title";
        case.command(&head, "redactions", json!({ "seq": 4, "pointer": pointer, "reason": "标题中误录了证件号码" }));
        for path in ["", "events"] {
            let shown = bureau.service.get(&case.path(path), &head);
            assert!(!shown.text.contains("110105199003071230"), "{path}: {}", shown.text);
        }
        assert_eq!(case.last.json["title"], "〔已删除〕");
        bureau.verified();
    });
}

#[test]
fn an_erased_text_goes_from_every_amendment_that_carried_it_on() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let secret = "13800138000存放处";
        let search = json!({ "on": "2026-11-02", "places": ["档案室", secret], "terms": ["批复"], "searched_by": "王科员", "found": true });
        case.clerk("searches", search);
        amend(&mut case, json!([{ "seq": 4, "change": { "places": ["档案库", secret] } }]));
        amend(&mut case, json!([{ "seq": 4, "change": { "terms": ["征收批复"] } }]));
        let head = bureau.head.clone();
        case.command(&head, "redactions", json!({ "seq": 4, "pointer": "/places/1", "reason": "误录了电话号码" }));
        for path in ["", "events"] {
            let shown = bureau.service.get(&case.path(path), &head);
            assert!(!shown.text.contains(secret), "{path}: {}", shown.text);
        }
        assert_eq!(case.last.json["searches"][0]["places"], json!(["档案库", "〔已删除〕"]));
        assert_eq!(case.last.json["searches"][0]["terms"], json!(["征收批复"]));
        bureau.verified();
    });
}
