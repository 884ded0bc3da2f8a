//! Cases that share the record of an applicant follow its correction; the front desk's filing stays what it was.

use gongkai::case::Role;
use serde_json::{Value, json};

use super::{correct, corrections, refused, revealed};
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

#[test]
fn the_parts_of_a_split_case_and_the_case_itself_follow_a_correction_through_any_of_them() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut whole = bureau.registered("2026-11-02");
        let parts = json!([{ "title": "批复", "request": "批复" }, { "title": "红线图", "request": "红线图" }]);
        whole.clerk("split", json!({ "on": "2026-11-02", "parts": parts }));
        let links = whole.last.json["links"].as_array().unwrap();
        let ids: Vec<String> = links.iter().map(|link| link["other_case"].as_str().unwrap().to_owned()).collect();
        let open = |id: &str| {
            let last = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.head);
            crate::support::bureau::CaseAt { bureau: &bureau, id: id.to_owned(), last }
        };
        let mut second = open(&ids[1]);
        second.command(&bureau.head.clone(), "void", json!({ "reason": "重复录入" }));
        let mut first = open(&ids[0]);
        correct(&mut first, json!({ "name": "张晓明", "contact": { "telephone": "13900139000" } }));
        for id in [&whole.id, &ids[0], &ids[1]] {
            let case = open(id);
            assert_eq!(case.last.json["applicant"]["name"], "张**", "{id}");
            let [event] = &corrections(&bureau, id)[..] else { panic!("one event of {id}") };
            let through = if *id == ids[0] { Value::Null } else { json!(ids[0]) };
            assert_eq!(event["body"]["through"], through);
            assert_eq!(case.last.json["version"], event["seq"], "it raises the version");
            assert_eq!(revealed(&case)["earlier"].as_array().unwrap().len(), 1, "kept once, shown in each");
        }
        assert_eq!(open(&ids[1]).last.json["stage"]["code"], "void", "a part that is void stays void");
        assert_eq!(refused(&open(&ids[1]), &bureau.head, json!({ "name": "王晓明" })).1, "case_is_void");
        bureau.verified();
    });
}

#[test]
fn the_same_filing_sent_again_is_the_same_although_the_record_was_corrected_since() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let portal = bureau.service.user_token("menhu", bureau.organ, &[Role::Intake]);
        let form = json!({
            "organ": "zrzy", "external_number": "SQ-1",
            "applicant": { "kind": "natural_person", "name": "王小明",
                "identity": { "kind": "id_card", "number": "11010519491231002X" },
                "contact": { "telephone": "13800138000", "agent": "赵律师" } },
            "request": "某地块批复", "channel": "in_person", "submitted_on": "2026-11-02"
        });
        let send = |key: &str, form: &Value| {
            let headers = [("idempotency-key", key)];
            bureau.service.call_with("POST", "/api/v1/intake/applications", &portal, &headers, Some(form.clone()))
        };
        let filed = send("a", &form);
        assert_eq!(filed.status, 201, "{filed:?}");
        let id = filed.json["case_id"].as_str().unwrap().to_owned();
        let last = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.clerk);
        let mut case = crate::support::bureau::CaseAt { bureau: &bureau, id, last };
        correct(&mut case, json!({ "name": "张晓明", "identity": null, "contact": { "telephone": "13900139000" } }));
        let again = send("b", &form);
        assert_eq!((again.status, &again.json["case_id"]), (200, &json!(case.id)), "{again:?}");
        let mut other = form.clone();
        other["applicant"]["name"] = json!("张晓明");
        assert_eq!(send("c", &other).problem(), (409, "external_number_reused"));
    });
}
