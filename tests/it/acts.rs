//! What is recorded of a case: only what can have happened, what belongs to it, and what every list then says alike.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;

/// A case received on 2026-09-10, due on 2026-10-14, with its reply issued on 2026-09-11.
fn issued(bureau: &Bureau) -> CaseAt<'_> {
    bureau.on("2026-09-10");
    let mut case = bureau.registered("2026-09-10");
    bureau.on("2026-09-11");
    case.clerk("outcome", json!({ "on": "2026-09-11", "outcome": "disclosed.provided", "reasons": "依法公开" }));
    case.approve("2026-09-11");
    case.clerk("reply", json!({ "on": "2026-09-11" }));
    case
}

/// The one fault of a refusal: code, pointer, what it says there, what it says of the whole.
fn fault(case: &CaseAt<'_>, segment: &str, body: Value) -> (String, String, String, String) {
    let reply = case.try_command(&case.bureau.clerk, segment, body);
    assert_eq!(reply.status, 422, "{reply:?}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = reply.json["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{reply:?}");
    let (at, said) = (text(&errors[0]["pointer"]), text(&errors[0]["detail"]));
    (text(&errors[0]["code"]), at, said, text(&reply.json["detail"]))
}

/// C-8: a message that came back in the next year was no reply in the year before, on no day and in no list.
#[test]
fn a_message_that_came_back_is_no_reply_on_any_day_in_clock_list_overview_and_report() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-12-01");
        let service = &bureau.service;
        // Received on 2025-12-01, due on 2025-12-29.
        let mut case = bureau.registered("2025-12-01");
        bureau.on("2025-12-30");
        case.clerk("outcome", json!({ "on": "2025-12-26", "outcome": "disclosed.provided", "reasons": "依法公开" }));
        case.approve("2025-12-26");
        case.clerk("reply", json!({ "on": "2025-12-26" }));
        case.clerk("dispatches", json!({ "method": "electronic", "on": "2025-12-26" }));
        case.is("replied", "met", Some("2025-12-29"));
        bureau.on("2026-01-06");
        case.clerk("service-proofs", json!({ "on": "2026-01-05", "result": "returned" }));
        for day in ["2025-12-27", "2025-12-31", "2026-01-06"] {
            let clock = service.get(&case.path(&format!("clock?as_of={day}")), &bureau.clerk).json;
            assert_eq!(clock["status"]["code"], "running", "{day} {clock}");
            let lists = service.get(&format!("/api/v1/overdue?as_of={day}"), &bureau.supervisor).json;
            let overdue = u64::from(day > "2025-12-29");
            assert_eq!(lists["overdue_open"]["total"], overdue, "{day} {lists}");
            assert_eq!(lists["replied_late"]["total"], 0, "{day} {lists}");
        }
        // Nothing was concluded in 2025: what came in is carried over.
        let report = |row: &str| {
            let path = format!("/api/v1/reports/annual?organ={}&year=2025", bureau.organ.0);
            let read = service.get(&path, &bureau.clerk);
            assert_eq!(read.status, 200, "{read:?}");
            let table = read.json["table3"].as_object().unwrap();
            table.iter().find(|(name, _)| name.contains(row)).unwrap().1["总计"].clone()
        };
        assert_eq!((report("予以公开"), report("结转下年度")), (json!(0), json!(1)));
        case.clerk("dispatches", json!({ "method": "post", "on": "2026-01-06", "carrier": "EMS" }));
        case.is("replied", "met_late", Some("2025-12-29"));
        assert_eq!((report("予以公开"), report("结转下年度")), (json!(0), json!(1)), "answered in 2026");
        let lists = service.get("/api/v1/overdue?as_of=2025-12-31", &bureau.supervisor).json;
        assert_eq!(lists["overdue_open"]["total"], 1, "sent again later: {lists}");
        let explanation = service.get(&case.path("clock?as_of=2025-12-31"), &bureau.clerk).json["explanation"].clone();
        assert!(explanation.as_str().unwrap().contains("状态：已逾期"), "{explanation}");
    });
}

#[test]
fn a_withdrawal_and_a_closure_rest_on_the_return_of_the_message() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let mut case = issued(&bureau);
        bureau.on("2026-09-22");
        case.clerk("dispatches", json!({ "method": "electronic", "on": "2026-09-18" }));
        case.clerk("service-proofs", json!({ "on": "2026-09-21", "result": "returned" }));
        let withdrawal = |on: &str| json!({ "on": on, "identity_checked": true });
        let (code, at, said, _) = fault(&case, "withdrawal", withdrawal("2026-09-20"));
        assert_eq!((code.as_str(), at.as_str()), ("date_before_fact", "/on"));
        assert!(said.contains("答复退回日期 2026-09-21"), "{said}");
        let close = json!({ "on": "2026-09-20", "reason": "申请人死亡" });
        assert_eq!(case.refused(&bureau.head, "closure", close).0, "date_before_fact");
        case.clerk("withdrawal", withdrawal("2026-09-21"));
        assert_eq!(
            (&case.last.json["stage"]["code"], &case.last.json["ended_on"]),
            (&json!("withdrawn"), &json!("2026-09-21"))
        );
        let clock = bureau.service.get(&case.path("clock?as_of=2026-09-20"), &bureau.clerk).json;
        assert_eq!(clock["status"]["code"], "running", "{clock}");
    });
}

#[test]
fn a_proof_that_does_not_fit_the_way_of_service_is_refused_and_the_fitting_ones_are_named() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        for (method, result, allowed) in [
            ("direct", "electronic_receipt", "签收（signed）、留置送达（left）、退回（returned）"),
            ("entrusted", "electronic_receipt", "签收（signed）、留置送达（left）、退回（returned）"),
            ("post", "electronic_receipt", "签收（signed）、退回（returned）"),
            ("post", "left", "签收（signed）、退回（returned）"),
            ("electronic", "left", "电子送达成功（electronic_receipt）、签收（signed）、退回（returned）"),
        ] {
            let mut case = issued(&bureau);
            case.clerk("dispatches", json!({ "method": method, "on": "2026-09-11" }));
            let (code, at, said, _) = fault(&case, "service-proofs", json!({ "on": "2026-09-11", "result": result }));
            assert_eq!((code.as_str(), at.as_str()), ("proof_does_not_fit", "/result"), "{method} {result}");
            assert!(said.contains(allowed), "{method} {result}: {said}");
            let (_, _, words, _) = fault(&case, "service-proofs", json!({ "on": "2026-09-11", "result": "x" }));
            assert_eq!(words.matches('、').count(), allowed.matches('、').count(), "{method}: {words}");
            case.clerk("service-proofs", json!({ "on": "2026-09-11", "result": "signed" }));
        }
        let case = issued(&bureau);
        let by = |carrier: &str| json!({ "method": "post", "on": "2026-09-11", "carrier": carrier });
        let (code, at, ..) = fault(&case, "dispatches", by("京东物流（EMS合作）"));
        assert_eq!((code.as_str(), at.as_str()), ("service_method_refused", "/carrier"));
    });
}

#[test]
fn a_proposal_says_what_belongs_to_its_category_once_and_without_contradiction() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let mut case = bureau.registered("2026-09-10");
        bureau.on("2026-09-11");
        let with = |outcome: &str, more: Value| {
            let mut body = json!({ "on": "2026-09-11", "outcome": outcome, "reasons": "经审查" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let public = |on: &str, url: Value| {
            let publication = json!({ "on": on, "place": "网站公开栏", "url": url });
            with("disclosed.already_public", json!({ "public_location": "网站", "publication": publication }))
        };
        let secret = |level: &str, term: &str| {
            let secret = json!({ "level": level, "marking": "机密★10年", "term": term });
            with("refused.state_secret", json!({ "secret": secret }))
        };
        let process = json!({ "kind": "draft", "made_on": "2026-09-11", "decision": "某批复" });
        let twice = json!(["refused.internal_affairs", "refused.internal_affairs"]);
        let organ = json!({ "name": "某局", "contact": "010-1" });
        for (body, code, at) in [
            (public("2026-01-02", json!("javascript:alert(1)")), "invalid_url", "/publication/url"),
            (public("2026-09-11", json!(null)), "published_after_receipt", "/publication/on"),
            (
                with("refused.deliberative_process", json!({ "process": process })),
                "made_after_receipt",
                "/process/made_on",
            ),
            (secret("top_secret", "10年"), "secret_marking_contradicts", "/secret/marking"),
            (secret("secret", "至2026年9月10日"), "secret_term_over", "/secret/term"),
            (with("disclosed.provided", json!({ "file_paper": "笔录" })), "member_of_other_category", "/file_paper"),
            (
                with("partially_disclosed", json!({ "withheld": twice, "internal_affairs": "logistics" })),
                "ground_repeated",
                "/withheld",
            ),
            (
                with("unavailable.other_authority", json!({ "right_organ": organ, "right_organ_unknown": "不详" })),
                "right_organ_contradicts",
                "/right_organ_unknown",
            ),
        ] {
            let (found, pointer, ..) = fault(&case, "outcome", body);
            assert_eq!((found.as_str(), pointer.as_str()), (code, at));
        }
        // A wrong word is answered with the categories of this case, a wrong ground with its list said once.
        let (_, _, words, _) = fault(&case, "outcome", with("provided", json!({})));
        assert!(words.contains("disclosed.provided") && !words.contains("does_not_exist"), "{words}");
        let wrong = json!({ "withheld": ["disclosed.provided"] });
        let (_, _, brief, whole) = fault(&case, "outcome", with("partially_disclosed", wrong));
        assert!(whole.contains("refused.state_secret") && !brief.contains("refused.state_secret"), "{brief} {whole}");
        case.clerk("outcome", public("2026-09-10", json!("https://www.example.gov.cn/1.html")));
    });
}

#[test]
fn a_number_of_a_series_of_this_service_is_no_reply_from_before_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let first = issued(&bureau);
        let number = first.last.json["reply"]["document_number"].as_str().unwrap().to_owned();
        let mut case = bureau.registered("2026-09-11");
        let repeat = |number: &str, is_before: bool| {
            json!({
                "on": "2026-09-11", "outcome": "not_processed.repeat", "reasons": "重复",
                "earlier_reply_number": number, "earlier_reply_before_system": is_before,
            })
        };
        let refused = |number: &str| {
            let reply = case.try_command(&bureau.clerk, "outcome", repeat(number, true));
            assert_eq!(reply.status, 422, "{reply:?}");
            (reply.fields()[0].0.to_owned(), reply.fields()[0].1.to_owned())
        };
        let at = "/earlier_reply_before_system".to_owned();
        assert_eq!(refused(&number), (at.clone(), "reply_is_here".into()));
        assert_eq!(refused("公开复〔2026〕77号"), (at, "number_of_own_series".into()));
        // Of a year in which this service gave no number, and in another form.
        case.clerk("outcome", repeat("公开复〔2019〕3号", true));
        case.clerk("outcome-recall", json!({ "on": "2026-09-11", "reason": "改" }));
        case.clerk("outcome", repeat("宿自然资复〔2026〕3号", true));
    });
}

#[test]
fn a_ledger_row_keeps_its_identity_number_and_says_what_was_assumed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let text = "受理编号,收到日期,申请方式,申请人类型,申请内容,申请人,证件号码,处理结果,答复日期,送达方式\n\
                    旧1,2026-3-2,网站,自然人,甲,王小明,身份证：110105 19491231 002X,予以公开,2026-3-20,直接送达\n\
                    旧2,2026-3-2,网站,自然人,乙,王小明,11010519491231002X13800138000,予以公开,2026-3-20,邮寄\n\
                    旧3,2026-3-2,网站,自然人,丙,王小明,11010519491231002X、440524188001010014,,,\n";
        let base = format!("/api/v1/organs/{}/ledger", bureau.organ.0);
        let content = STANDARD.encode(text);
        let preview = json!({ "content": content });
        let shown = bureau.service.call("POST", &format!("{base}/preview"), &bureau.clerk, Some(preview)).json;
        let remarks: Vec<(&str, u64, u64)> = shown["import"]["remarks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                (one["code"].as_str().unwrap(), one["count"].as_u64().unwrap(), one["lines"][0].as_u64().unwrap())
            })
            .collect();
        assert_eq!(remarks, [("service_day_assumed", 1, 2), ("identity_unclear", 1, 4)], "{shown}");
        let import = json!({ "content": content, "confirmation": shown["confirmation"], "partial": false });
        let done = bureau.service.create(&format!("{base}/imports"), &bureau.clerk, import);
        assert_eq!((done.status, &done.json["created"]), (201, &json!(3)), "{done:?}");
        for (title, identity) in [
            ("甲", json!({ "kind": "id_card", "number": "11010519491231002X", "is_unverified": false })),
            ("乙", json!({ "kind": "id_card", "number": "11010519491231002X", "is_unverified": false })),
            ("丙", Value::Null),
        ] {
            let cases = bureau.service.get("/api/v1/cases", &bureau.clerk).json;
            let items = cases["items"].as_array().unwrap();
            let id = items.iter().find(|item| item["title"] == title).unwrap()["id"].as_str().unwrap().to_owned();
            let path = format!("/api/v1/cases/{id}/applicant/reveal");
            let body = Some(json!({ "reason": "核对证件号码" }));
            let revealed = bureau.service.call("POST", &path, &bureau.clerk, body).json;
            assert_eq!(revealed["identity"], identity, "{title} {revealed}");
        }
        // Taken in again it is the same ledger.
        let again = json!({ "content": content });
        let again = bureau.service.call("POST", &format!("{base}/preview"), &bureau.clerk, Some(again)).json;
        assert_eq!((&again["import"]["created"], &again["import"]["existing"]), (&json!(0), &json!(3)), "{again}");
    });
}

#[test]
fn a_missing_header_is_answered_with_what_to_send() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-09-10");
        let case = bureau.registered("2026-09-10");
        let body = || Some(json!({ "on": "2026-09-10", "identity_checked": true }));
        let without = bureau.service.call("POST", &case.path("withdrawal"), &bureau.clerk, body());
        assert_eq!(without.problem(), (428, "if_match_required"));
        assert!(without.json["detail"].as_str().unwrap().contains("ETag"), "{without:?}");
        let filing = || Some(bureau.application("2026-09-10"));
        let without = bureau.service.call("POST", "/api/v1/cases", &bureau.clerk, filing());
        assert_eq!(without.problem(), (400, "idempotency_key_required"));
        assert!(without.json["detail"].as_str().unwrap().contains("Idempotency-Key"), "{without:?}");
        let headers = [("idempotency-key", "two words")];
        let malformed = bureau.service.call_with("POST", "/api/v1/cases", &bureau.clerk, &headers, filing());
        assert_eq!(malformed.problem(), (400, "idempotency_key_invalid"));
        assert!(malformed.json["detail"].as_str().unwrap().contains("128"), "{malformed:?}");
    });
}
