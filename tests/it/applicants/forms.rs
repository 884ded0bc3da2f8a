//! What an application on paper may say of its applicant: a number that fails its check, an agent with his authority, a
//! guardian, several applicants.

use serde_json::{Value, json};

use super::{asked, correct, in_clear, refused, revealed};
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

/// Fifteen digits, as identity cards had them before 1999.
const OLD: &str = "110105491231002";

fn filed(bureau: &Bureau, applicant: Value) -> crate::support::service::Reply {
    let mut application = bureau.application("2026-11-02");
    for (name, value) in applicant.as_object().unwrap() {
        application["applicant"][name] = value.clone();
    }
    bureau.service.create("/api/v1/cases", &bureau.clerk, application)
}

#[test]
fn a_number_is_recorded_as_the_paper_has_it_only_if_it_is_marked_unverified() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let plain = filed(&bureau, json!({ "identity": { "kind": "id_card", "number": OLD } }));
        assert_eq!(plain.fields(), [("/applicant/identity/number", "invalid_identity_number")]);
        let paper = json!({ "identity": { "kind": "id_card", "number": OLD, "is_unverified": true } });
        let marked = filed(&bureau, paper.clone());
        assert_eq!((marked.status, &marked.json["applicant"]["identity_is_unverified"]), (201, &json!(true)));
        let mut case = bureau.registered("2026-11-02");
        assert_eq!(case.last.json["applicant"]["identity_is_unverified"], false);
        let shown = correct(&mut case, paper);
        assert_eq!(shown["applicant"]["identity_is_unverified"], true);
        assert_eq!(revealed(&case)["identity"], json!({ "kind": "id_card", "number": OLD, "is_unverified": true }));
        let read = bureau.service.get(&case.path(""), &bureau.clerk);
        assert_eq!(read.json["applicant"]["identity_is_unverified"], true);
        // It is verified by recording the number of the document.
        let unchecked = json!({ "identity": { "is_unverified": false } });
        assert_eq!(refused(&case, &bureau.clerk, unchecked).2, "invalid_identity_number");
        let right = json!({ "identity": { "number": "11010519491231002X", "is_unverified": false } });
        assert_eq!(correct(&mut case, right)["applicant"]["identity_is_unverified"], false);
        bureau.verified();
    });
}

#[test]
fn an_unverified_number_makes_nobody_the_same_applicant_with_certainty_and_nobody_another_one() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut first = bureau.registered("2026-11-02");
        let mut second = bureau.registered("2026-11-02");
        let by = |case: &crate::support::bureau::CaseAt<'_>| {
            let found = bureau.service.get(&case.path("similar"), &bureau.clerk);
            found.json["items"].as_array().unwrap().iter().map(|one| one["same_by"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(by(&second), ["identity"]);
        let paper = json!({ "identity": { "number": OLD, "is_unverified": true } });
        correct(&mut first, paper.clone());
        assert_eq!(by(&second), ["name"], "one of them is unverified");
        correct(&mut second, paper.clone());
        assert_eq!(by(&second), ["name"], "the same digits on paper, both unverified");
        let mut other = bureau.registered("2026-11-02");
        let changed = json!({ "name": "李四", "identity": { "number": OLD, "is_unverified": true } });
        correct(&mut other, changed);
        assert_eq!(by(&other), Vec::<Value>::new(), "another name with the same unverified number");
        let merge = json!({ "on": "2026-11-02", "into_case": first.id, "reason": "同一申请" });
        assert_eq!(
            other.try_command(&bureau.clerk, "merge", merge.clone()).fields(),
            [("/into_case", "other_applicant")]
        );
        let other_digits = json!({ "identity": { "number": "110105491231003", "is_unverified": true } });
        correct(&mut second, other_digits);
        second.clerk("merge", merge);
        bureau.verified();
    });
}

#[test]
fn agents_a_guardian_and_co_applicants_are_filed_and_corrected_and_only_sealed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let people = json!({
            "agents": [{ "name": "赵律师", "authority": "特别授权", "telephone": "13700137000",
                "identity": { "kind": "id_card", "number": "110101199003071233" } }],
            "guardian": { "name": "王大明", "relation": "父亲", "telephone": "13600136000" },
            "co_applicants": [{ "name": "李小红", "identity": { "kind": "passport", "number": "E12345678" } },
                { "kind": "enterprise", "name": "某某公司" }]
        });
        let reply = filed(&bureau, people);
        assert_eq!(reply.status, 201, "{reply:?}");
        let id = reply.json["id"].as_str().unwrap().to_owned();
        let mut case = crate::support::bureau::CaseAt { bureau: &bureau, id, last: reply };
        let now = revealed(&case);
        assert_eq!(
            (&now["agents"][0]["authority"], &now["guardian"]["relation"]),
            (&json!("特别授权"), &json!("父亲"))
        );
        assert_eq!(
            now["co_applicants"][1],
            json!({ "kind": "enterprise", "name": "某某公司", "identity": null, "telephone": null })
        );
        for text in ["赵律师", "特别授权", "王大明", "李小红", "E12345678", "13700137000", "某某公司"]
        {
            assert_eq!(in_clear(database, text), Vec::<String>::new(), "{text}");
            assert!(!case.last.text.contains(text), "{text} in {}", case.last.text);
        }
        let agents = json!([{ "name": "钱律师", "authority": "一般代理" }]);
        correct(&mut case, json!({ "agents": agents, "guardian": null }));
        let now = revealed(&case);
        assert_eq!((&now["agents"][0]["name"], &now["guardian"]), (&json!("钱律师"), &Value::Null));
        assert_eq!(now["co_applicants"].as_array().unwrap().len(), 2, "they stay");
        let was = &now["earlier"][0]["applicant"];
        assert_eq!((&was["agents"][0]["name"], &was["guardian"]["name"]), (&json!("赵律师"), &json!("王大明")));
        let log = super::corrections(&bureau, &case.id);
        assert_eq!(log[0]["body"]["changed"], json!(["agents", "guardian"]));
        bureau.verified();
    });
}

#[test]
fn each_person_of_a_record_is_checked_at_its_place() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let case = bureau.registered("2026-11-02");
        let bad = json!({ "kind": "id_card", "number": OLD });
        let at = |pointer: &str, code: &str| (422, pointer.to_owned(), code.to_owned());
        let agent = json!([{ "name": "赵律师", "authority": "一般代理", "identity": bad }]);
        let clerk = &bureau.clerk;
        let number = "invalid_identity_number";
        assert_eq!(refused(&case, clerk, json!({ "agents": agent })), at("/change/agents/0/identity/number", number));
        let without = json!([{ "name": "赵律师" }]);
        assert_eq!(refused(&case, clerk, json!({ "agents": without })), at("/change/agents/0/authority", "required"));
        let blank = json!([{ "name": "赵律师", "authority": " " }]);
        assert_eq!(refused(&case, clerk, json!({ "agents": blank })), at("/change/agents/0/authority", "required"));
        let guardian = json!({ "name": "王大明", "relation": "父亲", "identity": bad });
        assert_eq!(
            refused(&case, clerk, json!({ "guardian": guardian })),
            at("/change/guardian/identity/number", number)
        );
        let others = json!([{ "name": "李小红" }, { "name": "" }]);
        assert_eq!(
            refused(&case, clerk, json!({ "co_applicants": others })),
            at("/change/co_applicants/1/name", "required")
        );
        let many: Vec<Value> = (0..101).map(|n| json!({ "name": format!("第{n}人") })).collect();
        assert_eq!(refused(&case, clerk, json!({ "co_applicants": many })), at("/change/co_applicants", "too_many"));
        let reply = filed(&bureau, json!({ "agents": [{ "name": "", "authority": "一般代理" }] }));
        assert_eq!(reply.fields(), [("/applicant/agents/0/name", "required")]);
        let told = asked(
            &case,
            clerk,
            "代理人电话13700137000",
            json!({ "agents": [{ "name": "赵律师", "authority": "一般代理", "telephone": "13700137000" }] }),
        );
        assert_eq!(told.fields(), [("/reason", "repeats_text")]);
    });
}

#[test]
fn a_case_shows_that_others_act_or_apply_and_another_number_is_checked_unless_it_is_said_to_be_unverified_anew() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        let shown = |case: &Value| {
            let of = &case["applicant"];
            json!([of["has_agent"], of["has_guardian"], of["co_applicants"], of["identity_is_unverified"]])
        };
        assert_eq!(shown(&case.last.json), json!([false, false, 0, false]));
        let change = json!({
            "identity": { "number": "110105491231002", "is_unverified": true },
            "agents": [{ "name": "赵律师", "authority": "一般代理" }],
            "guardian": { "name": "王大明", "relation": "父" },
            "co_applicants": [{ "name": "李小红" }, { "name": "钱小蓝" }]
        });
        assert_eq!(shown(&correct(&mut case, change)), json!([true, true, 2, true]));
        let read = bureau.service.get(&case.path(""), &bureau.clerk);
        assert_eq!(shown(&read.json), json!([true, true, 2, true]));
        case.clerk("contacts", json!({ "on": "2026-11-02", "means": "电话", "result": "reached" }));
        assert_eq!(shown(&case.last.json), json!([true, true, 2, true]), "after a command too");
        let wrong = json!({ "identity": { "number": "110105194912310021" } });
        assert_eq!(
            asked(&case, &bureau.clerk, "按身份证更正", wrong).fields(),
            [("/change/identity/number", "invalid_identity_number")]
        );
        let right = json!({ "identity": { "number": "11010519491231002X" }, "guardian": null });
        assert_eq!(shown(&correct(&mut case, right)), json!([true, false, 2, false]));
    });
}
