//! Over HTTP, what the law refuses and `e2e` does not meet on its way: each with its code and the article it rests on.

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;
use serde_json::{Value, json};

const TODAY: &str = "2024-03-20";

/// A case received on 2024-03-01, due on 2024-03-29, on 2024-03-20.
fn fresh(bureau: &Bureau) -> CaseAt<'_> {
    let case = bureau.registered("2024-03-01");
    bureau.on(TODAY);
    case
}

fn proposal(outcome: &str) -> Value {
    json!({ "on": TODAY, "outcome": outcome, "reasons": "经审查，依法作出本答复" })
}

/// Refuses the clerk with this code; the article contains this.
#[track_caller]
fn refuses(case: &CaseAt<'_>, segment: &str, body: Value, code: &str, article: &str) {
    refuses_to(case, &case.bureau.clerk, segment, body, code, article);
}

#[track_caller]
fn refuses_to(case: &CaseAt<'_>, token: &str, segment: &str, body: Value, code: &str, article: &str) {
    let got = case.refused(token, segment, body);
    assert_eq!(got.0, code, "{segment}");
    assert!(got.1.contains(article), "{segment} {code}: {}", got.1);
}

fn correction(on: &str, respond_days: u16) -> Value {
    json!({ "on": on, "items": ["文号"], "respond_days": respond_days })
}

fn fee(on: &str) -> Value {
    json!({ "on": on, "basis": "by_page", "count": 68 })
}

fn consulted<'a>(bureau: &'a Bureau, opinion: &str) -> CaseAt<'a> {
    let mut case = fresh(bureau);
    let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-11" });
    case.clerk("consultations", third);
    let reasons = if opinion == "consents" { Value::Null } else { json!("涉及商业秘密") };
    let returned = json!({ "consultation": 1, "on": TODAY, "opinion": opinion, "reasons": reasons });
    case.clerk("consultation-returns", returned);
    case
}

#[test]
fn a_category_without_what_it_rests_on_is_refused() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = fresh(&bureau);
        for (outcome, code, article) in [
            ("disclosed.already_public", "access_path_required", "第三十六条第（一）项"),
            ("refused.special_register", "legal_basis_required", "第三十六条第（七）项"),
            ("unavailable.still_unclear", "correction_made_required", "第三十条"),
            ("partially_disclosed", "withheld_grounds_required", "第三十七条"),
        ] {
            refuses(&case, "outcome", proposal(outcome), code, article);
        }
        let empty =
            json!({ "on": TODAY, "places": [], "terms": ["征收批复"], "searched_by": "王科员", "found": false });
        refuses(&case, "searches", empty, "search_not_described", "第三十六条第（四）项");
    });
}

#[test]
fn what_third_parties_said_is_heeded() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let consents = consulted(&bureau, "consents");
        refuses(&consents, "outcome", proposal("refused.third_party_rights"), "third_party_consented", "第十五条");
        let public_interest = proposal("disclosed.public_interest");
        refuses(&consents, "outcome", public_interest, "consultation_objected_required", "第三十二条");
        let mut objects = consulted(&bureau, "objects_with_reason");
        refuses(&objects, "outcome", proposal("disclosed.provided"), "third_party_objected", "第三十二条");
        objects.clerk("outcome", proposal("disclosed.public_interest"));
        let mut vague = consulted(&bureau, "objects_without_reason");
        vague.clerk("outcome", proposal("disclosed.provided"));
    });
}

#[test]
fn the_items_of_an_application_name_their_grounds_and_give_its_one_category() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = fresh(&bureau);
        case.clerk("items", json!({ "on": TODAY, "items": [{ "text": "批复" }, { "text": "合同" }] }));
        let with_items = |outcome: &str, second: &str, withheld: Value| {
            let mut body = proposal(outcome);
            body["items"] = json!([{ "item": 1, "outcome": "disclosed.provided" }, { "item": 2, "outcome": second }]);
            body["withheld"] = withheld;
            body
        };
        let wrong = with_items("disclosed.provided", "refused.internal_affairs", json!([]));
        refuses(&case, "outcome", wrong, "items_roll_up_differently", "第三十六条");
        let unnamed = with_items("partially_disclosed", "partially_disclosed", json!([]));
        refuses(&case, "outcome", unnamed, "withheld_grounds_required", "第三十七条");
        let named = with_items("partially_disclosed", "partially_disclosed", json!(["refused.internal_affairs"]));
        case.clerk("outcome", named);
        assert!(
            case.last.json["remedies_text"].as_str().unwrap().contains("应当先"),
            "{:?}",
            case.last.json["remedies_text"]
        );
    });
}

#[test]
fn what_is_asked_of_the_applicant_is_asked_once_in_time_and_reasonably() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = fresh(&bureau);
        let nothing = json!({ "on": TODAY, "items": [], "respond_days": 10 });
        refuses(&case, "corrections", nothing, "items_required", "第三十条");
        refuses(&case, "corrections", correction(TODAY, 61), "unreasonable_period", "第三十条");

        let mut charged = fresh(&bureau);
        charged.clerk("fee", fee(TODAY)).clerk("fee-payment", json!({ "on": TODAY }));
        refuses(&charged, "fee", fee(TODAY), "fee_once", "第四十二条");

        let late = fresh(&bureau);
        bureau.on("2024-04-01");
        refuses(&late, "corrections", correction("2024-04-01", 10), "correction_after_due", "第三十三条");
        refuses(&late, "fee", fee("2024-04-01"), "fee_after_due", "第六条");
        let other = bureau.registered("2024-04-01");
        let merge = json!({ "on": "2024-04-01", "into_case": other.id, "reason": "内容相同" });
        refuses(&late, "merge", merge, "merge_after_due", "第三十三条");

        let early = bureau.registered("2020-12-21");
        refuses(&early, "fee", fee("2020-12-21"), "fee_rules_not_in_force", "第四十二条");
        let old = bureau.registered("2018-03-01");
        let reasons = json!({ "on": "2018-03-01", "facts": "当月已申请六十件", "respond_days": 5 });
        refuses(&old, "justifications", reasons, "not_under_order_492", "第三十五条");
    });
}

#[test]
fn reasons_a_delay_and_an_order_each_bind_the_period() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let head = bureau.head.clone();
        let mut case = fresh(&bureau);
        let until = |day: &str| json!({ "on": TODAY, "until": day, "reason": "数量大" });
        refuses_to(&case, &head, "delay", until("2024-06-28"), "reasons_not_accepted", "第三十五条");
        let asked = json!({ "on": TODAY, "facts": "当月已申请六十件", "respond_days": 5 });
        case.clerk("justifications", asked.clone());
        case.clerk("justification-answers", json!({ "on": TODAY, "reasonable": true, "reasons": "课题研究" }));
        refuses(&case, "justifications", asked, "justification_once", "第三十五条");
        refuses_to(&case, &head, "delay", until("2026-06-28"), "unreasonable_period", "第三十五条");
        case.command(&head, "delay", until("2024-06-28"));
        refuses_to(&case, &head, "delay", until("2024-07-28"), "delay_once", "第三十五条");
        let extend = json!({ "days": 5, "reason": "复杂", "approved_on": TODAY, "notified_on": TODAY });
        refuses_to(&case, &head, "extensions", extend.clone(), "period_set_by_delay", "第三十五条");

        let mut sued = fresh(&bureau);
        let remedy = json!({ "kind": "litigation", "received_on": "2024-03-18", "reference": "（2024）行初1号" });
        sued.clerk("remedies", remedy);
        let decided = |days: u16| json!({ "remedy": 1, "on": TODAY, "result": "corrected", "orders_reply_within": { "days": days } });
        refuses(&sued, "remedy-decisions", decided(61), "ordered_period_out_of_range", "第五十一条");
        sued.clerk("remedy-decisions", decided(15));
        refuses_to(&sued, &head, "extensions", extend, "period_set_by_order", "第五十一条");
    });
}

#[test]
fn splitting_and_archiving_have_their_conditions() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = fresh(&bureau);
        let part = json!({ "title": "甲地块批复", "request": "甲地块批复" });
        let parts = |count: usize| json!({ "on": TODAY, "parts": vec![part.clone(); count] });
        refuses(&case, "split", parts(1), "split_needs_parts", "");
        case.clerk("corrections", correction(TODAY, 10));
        case.clerk("corrected-application", json!({ "on": TODAY, "request": "某文号" }));
        refuses(&case, "split", parts(2), "period_already_moved", "");
        case.clerk("outcome", proposal("disclosed.provided")).approve(TODAY).clerk("reply", json!({ "on": TODAY }));
        case.clerk("dispatches", json!({ "method": "post", "on": TODAY, "carrier": "中国邮政EMS" }));
        let archive = json!({ "on": TODAY, "file_number": "2024-001" });
        refuses(&case, "archive", archive, "service_not_proved", "235号");
    });
}

#[test]
fn what_is_not_received_has_no_remedy_and_what_is_sent_is_not_withdrawn() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut letter = bureau.application("2024-03-01");
        letter["channel"] = json!("ordinary_mail");
        letter["arrived_on"] = json!("2024-03-01");
        let unconfirmed = bureau.file(letter);
        let remedy = json!({ "kind": "reconsideration", "received_on": "2024-03-01", "reference": "〔2024〕1号" });
        refuses(&unconfirmed, "remedies", remedy, "receipt_not_fixed", "第三十一条");
        let mut case = fresh(&bureau);
        case.clerk("outcome", proposal("disclosed.provided")).approve(TODAY).clerk("reply", json!({ "on": TODAY }));
        case.clerk("dispatches", json!({ "method": "entrusted", "on": TODAY }));
        let withdrawal =
            case.try_command(&bureau.clerk, "withdrawal", json!({ "on": TODAY, "identity_checked": true }));
        assert_eq!(withdrawal.problem(), (409, "already_dispatched"));
        assert!(withdrawal.json["article"].as_str().unwrap().contains("撤回"), "{withdrawal:?}");
    });
}

#[test]
fn beyond_the_calendar_nothing_lapses() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-12-14");
        let mut case = bureau.registered("2026-12-14");
        bureau.on("2026-12-22");
        case.clerk("corrections", correction("2026-12-22", 10));
        case.clerk("notice-services", json!({ "notice": "correction", "on": "2026-12-22" }));
        bureau.on("2027-01-20");
        let lapse = json!({ "on": "2027-01-20", "reason": "未补正" });
        refuses(&case, "lapse", lapse, "calendar_gap", "第三十条");
    });
}

/// The one field error of an answer: pointer, code, detail.
#[track_caller]
fn only_fault(reply: &crate::support::service::Reply) -> (String, String, String) {
    let [fault] = reply.json["errors"].as_array().unwrap().as_slice() else { panic!("{reply:?}") };
    let text = |name: &str| fault[name].as_str().unwrap().to_owned();
    (text("pointer"), text("code"), text("detail"))
}

#[test]
fn an_ordered_period_in_another_form_is_answered_with_the_two_forms() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = fresh(&bureau);
        let remedy = json!({ "kind": "reconsideration", "received_on": TODAY, "reference": "〔2024〕1号" });
        case.clerk("remedies", remedy);
        let decision =
            |within: Value| json!({ "remedy": 1, "on": TODAY, "result": "corrected", "orders_reply_within": within });
        for wrong in [
            json!(20),
            json!("20"),
            json!("2024-04-20"),
            json!([20]),
            json!({ "weeks": 3 }),
            json!({ "days": "20" }),
            json!({ "days": 20, "until": "2024-04-20" }),
            json!({}),
        ] {
            let refused = case.try_command(&bureau.clerk, "remedy-decisions", decision(wrong.clone()));
            assert_eq!(refused.problem(), (422, "invalid_value"), "{wrong}");
            let (pointer, _, detail) = only_fault(&refused);
            assert_eq!(pointer, "/orders_reply_within", "{wrong}");
            assert!(detail.contains(r#"{"days": 20}"#) && detail.contains(r#"{"until": "2026-12-31"}"#), "{detail}");
        }
        case.clerk("remedy-decisions", decision(json!({ "until": "2024-04-20" })));
    });
}

#[test]
fn an_earlier_reply_is_one_of_this_organs_or_older_than_the_service() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut first = fresh(&bureau);
        first.clerk("outcome", proposal("disclosed.provided"));
        first.approve(TODAY);
        first.clerk("reply", json!({ "on": TODAY }));
        let number = first.last.json["reply"]["document_number"].as_str().unwrap().to_owned();
        let repeat = |number: &str, more: Value| {
            let mut body = proposal("not_processed.repeat");
            body["earlier_reply_number"] = json!(number);
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let mut second = fresh(&bureau);
        for invented in ["不存在的号", "公开复〔2024〕", "%", &number[..number.len() - 3]] {
            let refused = second.try_command(&bureau.clerk, "outcome", repeat(invented, json!({})));
            let (pointer, code, detail) = only_fault(&refused);
            assert_eq!((pointer.as_str(), code.as_str()), ("/earlier_reply_number", "not_found"), "{invented}");
            assert!(detail.contains("earlier_reply_before_system"), "{detail}");
        }
        // Another organ's reply of the same number is none of this organ's.
        let service = &bureau.service;
        let other = service.organ("sthj", None);
        let clerk = service.user_token("linju", other, &[gongkai::case::Role::Clerk]);
        let mut application = bureau.application("2024-03-01");
        application["organ_id"] = json!(other.0);
        let made = service.create("/api/v1/cases", &clerk, application);
        let path = format!("/api/v1/cases/{}", made.json["id"].as_str().unwrap());
        let etag = [("if-match", made.header("etag"))];
        let registered =
            service.call_with("POST", &format!("{path}/registration"), &clerk, &etag, Some(json!({ "on": TODAY })));
        let etag = [("if-match", registered.header("etag"))];
        let refused =
            service.call_with("POST", &format!("{path}/outcome"), &clerk, &etag, Some(repeat(&number, json!({}))));
        assert_eq!(refused.fields(), [("/earlier_reply_number", "not_found")], "{refused:?}");
        // This organ's is found, and what is older than the service is marked.
        second.clerk("outcome", repeat(&format!(" {number} "), json!({})));
        assert_eq!(second.last.json["proposal"]["proposal"].get("earlier_reply_before_system"), None);
        second.clerk("outcome-recall", json!({ "on": TODAY, "reason": "改" }));
        second.clerk("outcome", repeat("宿自然资复〔2015〕3号", json!({ "earlier_reply_before_system": true })));
        assert_eq!(second.last.json["proposal"]["proposal"]["earlier_reply_before_system"], true);
    });
}

#[test]
fn a_word_that_is_none_is_answered_with_those_that_this_case_may_have() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = fresh(&bureau);
        let detail = |case: &CaseAt<'_>, segment: &str, body: Value| {
            only_fault(&case.try_command(&bureau.clerk, segment, body)).2
        };
        let partial = |ground: &str| {
            let mut body = proposal("partially_disclosed");
            body["withheld"] = json!([ground]);
            body
        };
        let grounds = detail(&case, "outcome", partial("secret"));
        assert!(
            grounds.contains("refused.state_secret") && grounds.contains("unavailable.does_not_exist"),
            "{grounds}"
        );
        for foreign in ["o492.", "disclosed.", "partially_disclosed", "closed."] {
            assert!(!grounds.contains(foreign), "{foreign} in {grounds}");
        }
        // A word that is one, but no ground: told the same list.
        let refused = case.try_command(&bureau.clerk, "outcome", partial("disclosed.provided"));
        assert_eq!(refused.code(), "not_a_ground_to_withhold");
        let told = refused.json["detail"].as_str().unwrap();
        assert!(told.contains("refused.state_secret") && !told.contains("o492."), "{told}");
        let outcomes = detail(&case, "outcome", proposal("provided"));
        assert!(outcomes.contains("disclosed.provided") && !outcomes.contains("o492."), "{outcomes}");
        // Under Order 492 those of that Order.
        let old = bureau.registered("2018-03-01");
        let outcomes = detail(&old, "outcome", proposal("provided"));
        assert!(outcomes.contains("o492.disclosed") && !outcomes.contains("disclosed.provided"), "{outcomes}");
        // What only a command enters, and what 235号 refuses, is not offered either.
        bureau.on(TODAY);
        let tie = detail(&case, "links", json!({ "on": TODAY, "other_case": case.id, "relation": "x" }));
        assert!(tie.contains("related") && !tie.contains("split") && !tie.contains("merged"), "{tie}");
        let mut sent = fresh(&bureau);
        sent.clerk("outcome", proposal("disclosed.provided"));
        let step = detail(&sent, "outcome", proposal("provided"));
        assert!(step.contains("disclosed.provided"), "{step}");
        let review = json!({ "kind": "x", "on": TODAY, "approve": true });
        let refused = sent.try_command(&bureau.reviewer, "reviews", review);
        assert_eq!(only_fault(&refused).2, "在本案中应为以下之一：section_head");
        sent.approve(TODAY);
        sent.clerk("reply", json!({ "on": TODAY }));
        let ways = detail(&sent, "dispatches", json!({ "method": "x", "on": TODAY }));
        assert_eq!(ways, "在本案中应为以下之一：direct、entrusted、post、electronic");
        // A choice of two is told as well.
        let mut application = bureau.application(TODAY);
        application["delivery"]["form"] = json!("x");
        let refused = bureau.service.create("/api/v1/cases", &bureau.clerk, application);
        assert_eq!(only_fault(&refused).2, "应为以下之一：paper、electronic");
    });
}
