//! Reading the audit log over HTTP and on the command line: who may, by which conditions, in pages and as a file.

use std::process::Command;

use gongkai::case::Role;
use serde_json::{Value, json};

use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use crate::support::{SEALING_KEY, TestDatabase};

const AUDIT: &str = "/api/v1/audit";

/// A bureau in which three cases were revealed and one organ below it changed.
struct Scene {
    bureau: Bureau,
    cases: Vec<String>,
    auditor: String,
    below: String,
}

impl Scene {
    fn open(database: &TestDatabase) -> Self {
        let bureau = Bureau::open(database, "2026-03-02");
        let cases: Vec<String> = (0..3).map(|_| bureau.registered("2026-03-02").id).collect();
        for case in &cases {
            let path = format!("/api/v1/cases/{case}/applicant/reveal");
            let seen = bureau.service.call("POST", &path, &bureau.clerk, Some(json!({ "reason": "核对邮寄地址" })));
            assert_eq!(seen.status, 200, "{seen:?}");
        }
        let below = bureau.service.organ("xian", Some(bureau.organ));
        let clerk = bureau.service.user_token("xianjingban", below, &[Role::Clerk]);
        let mut application = bureau.application("2026-03-02");
        application["organ_id"] = json!(below.0);
        let filed = bureau.service.create("/api/v1/cases", &clerk, application);
        let path = format!("/api/v1/cases/{}/applicant/reveal", filed.json["id"].as_str().unwrap());
        let seen = bureau.service.call("POST", &path, &clerk, Some(json!({ "reason": "核对邮寄地址" })));
        assert_eq!(seen.status, 200, "{seen:?}");
        let auditor = bureau.service.user_token("shenji", bureau.organ, &[Role::Auditor]);
        Self { cases, auditor, below: below.0.to_string(), bureau }
    }

    fn get(&self, query: &str) -> Value {
        let reply = self.bureau.service.get(&format!("{AUDIT}{query}"), &self.auditor);
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        reply.json
    }

    /// How many entries a query gives.
    fn count(&self, query: &str) -> usize {
        self.get(query)["items"].as_array().unwrap().len()
    }
}

#[test]
fn an_auditor_reads_the_entries_of_the_organ_and_of_those_below_it_by_every_condition() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let (organ, case, clerk) = (scene.bureau.organ.0, &scene.cases[0], scene.bureau.clerk_id.0);
        let revealed = "?action=applicant.revealed";
        assert_eq!(scene.count(revealed), 4);
        assert_eq!(scene.count(&format!("{revealed}&organ={organ}")), 3);
        assert_eq!(scene.count(&format!("{revealed}&organ={organ}&with_subordinates=true")), 4);
        assert_eq!(scene.count(&format!("{revealed}&organ={}", scene.below)), 1);
        assert_eq!(scene.count(&format!("{revealed}&actor={clerk}")), 3);
        assert_eq!(scene.count(&format!("?case={case}")), 1);
        assert_eq!(scene.count("?action=case.tagged"), 0);
        let today = gongkai::law::civil_day(gongkai::store::now().0);
        let [before, after] = [today.pred_opt().unwrap(), today.succ_opt().unwrap()];
        assert_eq!(scene.count(&format!("{revealed}&from={before}&until={after}")), 4);
        assert_eq!(scene.count(&format!("{revealed}&until={}", before.pred_opt().unwrap())), 0);
        assert_eq!(scene.count(&format!("{revealed}&from={}", after.succ_opt().unwrap())), 0);
        let entry = &scene.get(&format!("?case={case}"))["items"][0];
        assert_eq!(entry["action"], json!({ "code": "applicant.revealed", "label": "查看个人信息" }));
        assert_eq!(entry["actor"]["username"], "jingban");
        assert_eq!(entry["organ_name"], "zrzy局");
        assert_eq!(entry["detail"]["reason"], "核对邮寄地址");
        assert!(entry["seq"].as_i64().unwrap() >= 1 && entry["hash"].as_str().unwrap().len() == 64, "{entry}");
        // Signing in concerns no organ: an auditor of the top sees it.
        assert!(scene.count("?action=sign_in.succeeded") >= 5);
    });
}

#[test]
fn pages_follow_each_other_without_a_gap_and_cost_the_same_however_many_entries_there_are() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let all: Vec<Value> = scene.get("?limit=200")["items"].as_array().unwrap().clone();
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = scene.get(&format!("?limit=3{cursor}"));
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, all);
        let store = scene.bureau.service.office.store();
        let statements = |query: &str| {
            let before = store.statements();
            scene.get(query);
            store.statements() - before
        };
        assert_eq!((statements("?limit=1"), statements("?limit=200")), (5, 5));
    });
}

#[test]
fn only_auditors_and_supervisors_read_the_log_and_what_is_asked_must_exist() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let get = |query: &str, token: &str| scene.bureau.service.get(&format!("{AUDIT}{query}"), token);
        for token in [&scene.bureau.clerk, &scene.bureau.head, &scene.bureau.leader] {
            assert_eq!(get("", token).problem(), (403, "role_required"));
        }
        let supervised = get("?limit=200", &scene.bureau.supervisor);
        let items = supervised.json["items"].as_array().unwrap();
        assert!(items.len() >= 4 && items.iter().all(|entry| !entry["organ_id"].is_null()), "{items:?}");
        let unknown = get("?action=applicant.seen", &scene.auditor);
        assert_eq!(unknown.problem(), (400, "invalid_query"));
        assert_eq!(unknown.fields(), [("?action", "invalid_value")]);
        assert!(unknown.json["errors"][0]["detail"].as_str().unwrap().contains("applicant.revealed"), "{unknown:?}");
        assert_eq!(get("?cursor=00", &scene.auditor).problem(), (400, "invalid_query"));
        let other = scene.bureau.service.organ("jtj", None);
        assert_eq!(get(&format!("?organ={}", other.0), &scene.auditor).problem(), (404, "not_found"));
        let far = get("?from=-262143-01-01&until=9999-12-31", &scene.auditor);
        assert!(matches!(far.status, 200 | 400), "{far:?}");
    });
}

#[test]
fn the_entries_are_exported_as_csv_and_xlsx() {
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let path = |format: &str| format!("{AUDIT}?action=applicant.revealed&format={format}");
        let (kind, bytes) = scene.bureau.service.download(&path("csv"), &scene.auditor, "");
        let text = String::from_utf8(bytes).unwrap();
        assert!(kind.starts_with("text/csv"), "{kind}");
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("查看个人信息") && text.contains("jingban") && text.contains("核对邮寄地址"), "{text}");
        let (kind, bytes) = scene.bureau.service.download(&path("xlsx"), &scene.auditor, "");
        assert!(kind.contains("spreadsheetml") && bytes.starts_with(b"PK"));
    });
}

fn gongkai(database: &TestDatabase, arguments: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(arguments)
        .env_clear()
        .env("GONGKAI_DATABASE_URL", &database.options.url)
        .env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY)
        .env("GONGKAI_SECURITY__TOKEN_SECRET", "Qm7vXr2pLk9sTd4wYb6nHc1jGf8zEa5u-test")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn the_commands_list_the_log_and_tell_a_clean_database_from_a_changed_one() {
    use diesel::connection::SimpleConnection;
    on_both_databases(|database| {
        let scene = Scene::open(database);
        let (code, out, err) =
            gongkai(database, &["audit", "log", "--organ", "zrzy", "--action", "applicant.revealed"]);
        assert_eq!((code, out.lines().count()), (0, 3), "{out}{err}");
        assert!(out.contains("jingban某（jingban）  查看个人信息（applicant.revealed）"), "{out}");
        let by = ["audit", "log", "--organ", "zrzy", "--with-subordinates", "--actor", "xianjingban", "--json"];
        let (code, out, err) = gongkai(database, &by);
        let entries: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((code, entries.len()), (0, 1), "{out}{err}");
        assert_eq!((&entries[0]["label"], &entries[0]["actor"]), (&json!("查看个人信息"), &json!("xianjingban")));
        assert_eq!(gongkai(database, &["audit", "log", "--limit", "2"]).1.lines().count(), 2);
        assert_eq!(gongkai(database, &["audit", "log", "--organ", "nichts"]).0, 2);
        assert_eq!(gongkai(database, &["audit", "log", "--action", "x"]).0, 2);

        let case = &scene.cases[0];
        // The machine's day is not that of the scene; a case by itself differs only in what the day gives.
        let (code, out, err) = gongkai(database, &["audit", "verify", "--json", "--case", case]);
        assert_eq!((code, out.as_str()), (0, ""), "{err}");
        let (code, out, err) = gongkai(database, &["audit", "verify"]);
        assert_eq!((code, out.lines().count()), (0, 1), "{out}{err}");
        assert!(out.contains("不符 0 处"), "{out}");
        database.raw().batch_execute(&format!("UPDATE cases SET title = '别的' WHERE id = '{case}'")).unwrap();
        let (code, out, _) = gongkai(database, &["audit", "verify", "--json"]);
        let found: Value = serde_json::from_str(out.trim()).unwrap();
        assert_eq!((code, &found["kind"], &found["id"]), (1, &json!("case_changed"), &json!(case)));
        assert_eq!((&found["table"], &found["what"]), (&json!("cases"), &json!("title")));
        let (code, out, _) = gongkai(database, &["audit", "verify"]);
        assert!(code == 1 && out.contains("案件与其记录不符（case_changed）") && out.contains("不符 1 处"), "{out}");
        assert_eq!(gongkai(database, &["audit", "verify", "--case", &uuid::Uuid::new_v4().to_string()]).0, 2);
        assert_eq!(gongkai(database, &["audit", "verify", "--case", "x"]).0, 2);
    });
}
