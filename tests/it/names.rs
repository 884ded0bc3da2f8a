//! `q` finds a name only for whoever may read it in the clear, and that search is on record.

use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::store::database::schema::audit_log;
use gongkai::store::{OrganId, StoreError, UserId};
use serde_json::{Value, json};

use crate::support::bureau::Bureau;
use crate::support::service::Reply;
use crate::support::{TestDatabase, on_both_databases};

const TODAY: &str = "2024-04-15";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The titles that a search finds, with a format of its own.
fn search(bureau: &Bureau, token: &str, text: &str, more: &str) -> Reply {
    let reply = bureau.service.get(&format!("/api/v1/cases?q={}{more}", encoded(text)), token);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}

fn titles(bureau: &Bureau, token: &str, text: &str) -> Vec<String> {
    let found = search(bureau, token, text, "");
    let title = |item: &Value| item["title"].as_str().unwrap().to_owned();
    found.json["items"].as_array().unwrap().iter().map(title).collect()
}

/// Who searched for names, where, and what the record says of it.
fn recorded(bureau: &Bureau) -> Vec<(Option<UserId>, Option<OrganId>, String)> {
    let read = |db: &mut _| -> Result<Vec<_>, StoreError> {
        let searches = audit_log::table.filter(audit_log::action.eq("applicants.searched"));
        let rows = searches.select((audit_log::actor_id, audit_log::organ_id, audit_log::detail));
        Ok(rows.order((audit_log::at, audit_log::id)).load(db)?)
    };
    bureau.service.office.store().read(read).unwrap()
}

/// A case of a person and one of a company.
fn filed(database: &TestDatabase) -> Bureau {
    let bureau = Bureau::open(database, TODAY);
    bureau.registered(TODAY);
    let mut of_company = bureau.application(TODAY);
    of_company["title"] = json!("某道路合同");
    of_company["applicant"] = json!({ "kind": "enterprise", "name": "王小明公司" });
    bureau.file(of_company);
    bureau
}

#[test]
fn a_masked_name_is_found_only_by_who_may_read_it_in_the_clear() {
    on_both_databases(|database| {
        let bureau = filed(database);
        let (person, company) = ("某地块征收土地批复", "某道路合同");
        assert_eq!(titles(&bureau, &bureau.clerk, "王小明"), [company, person]);
        assert_eq!(titles(&bureau, &bureau.head, "王小明"), [company, person]);
        let handler = bureau.service.user_token("chengban", bureau.organ, &[Role::Handler]);
        let auditor = bureau.service.user_token("shenji", bureau.organ, &[Role::Auditor]);
        for token in [&bureau.supervisor, &bureau.reviewer, &bureau.leader, &handler, &auditor] {
            // The company's name is shown to all of them.
            assert_eq!(titles(&bureau, token, "王小明"), [company], "{}", database.name);
            assert_eq!(titles(&bureau, token, "小明"), [company]);
            for hidden in ["王小明", "小明", "明"] {
                let sheet = search(&bureau, token, hidden, "&format=csv");
                assert!(!sheet.text.contains(person), "{}: {}", database.name, sheet.text);
            }
            assert_eq!(titles(&bureau, token, "征收土地"), [person], "a title is found by all");
            assert_eq!(titles(&bureau, token, "依申请〔2024〕1号"), [person], "a number is found by all");
        }
    });
}

#[test]
fn a_clerk_of_two_organs_who_watches_a_third_finds_names_only_where_the_clerk_is_one() {
    on_both_databases(|database| {
        let bureau = filed(database);
        let service = &bureau.service;
        let other = service.organ("jtj", None);
        let linju = service.user_token("linju", other, &[Role::Clerk]);
        let mut application = bureau.application(TODAY);
        application["organ_id"] = json!(other.0);
        application["title"] = json!("邻局的案件");
        assert_eq!(service.create("/api/v1/cases", &linju, application).status, 201);
        let both = service.user("liangbian", other, &[Role::Clerk]);
        service.grant(both, bureau.organ, &[Role::Supervisor]);
        let both = service.token("liangbian");
        assert_eq!(titles(&bureau, &both, "王小明"), ["邻局的案件", "某道路合同"], "{}", database.name);
    });
}

#[test]
fn a_search_among_names_is_on_record_without_the_name() {
    on_both_databases(|database| {
        let bureau = filed(database);
        assert_eq!(recorded(&bureau), []);
        titles(&bureau, &bureau.supervisor, "王小明");
        assert_eq!(recorded(&bureau), [], "nobody's name was searched");
        titles(&bureau, &bureau.clerk, "王小明");
        search(&bureau, &bureau.clerk, "王小明", "&format=csv");
        titles(&bureau, &bureau.clerk, "李四");
        bureau.service.get("/api/v1/cases", &bureau.clerk);
        let found = recorded(&bureau);
        assert_eq!(found.len(), 3, "{found:?}");
        for (actor, organ, detail) in &found {
            assert_eq!((*actor, *organ), (Some(bureau.clerk_id), Some(bureau.organ)));
            assert!(!detail.contains("王小明") && !detail.contains("李四"), "{detail}");
        }
        assert_eq!(found[0].2, found[1].2, "the same name is seen to be the same");
        assert_ne!(found[0].2, found[2].2);
    });
}
