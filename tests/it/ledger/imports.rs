//! Imports have an id: each is listed with its file, its person and its cases, worked on or not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::MIXED;
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use crate::support::service::Reply;

const TODAY: &str = "2025-06-30";

/// A ledger of open cases with these numbers.
fn open_cases(numbers: &[&str]) -> String {
    let row = |number: &&str| format!("{number},2025-06-25,自然人,某信息\n");
    "受理编号,收到日期,申请人类型,申请内容\n".to_owned() + &numbers.iter().map(row).collect::<String>()
}

fn path(bureau: &Bureau) -> String {
    format!("/api/v1/organs/{}/ledger", bureau.organ.0)
}

/// Imports a ledger over HTTP.
fn import(bureau: &Bureau, text: &str, name: Option<&str>) -> Reply {
    let content = STANDARD.encode(text);
    let preview = format!("{}/preview", path(bureau));
    let shown = bureau.service.call("POST", &preview, &bureau.clerk, Some(json!({ "content": content })));
    assert_eq!(shown.json["import"].get("import_id"), None, "a preview is no import");
    let mut body = json!({ "content": content, "confirmation": shown.json["confirmation"] });
    if let Some(name) = name {
        body["file_name"] = json!(name);
    }
    bureau.service.create(&format!("{}/imports", path(bureau)), &bureau.clerk, body)
}

fn list(bureau: &Bureau, query: &str) -> Value {
    let reply = bureau.service.get(&format!("{}/imports{query}", path(bureau)), &bureau.clerk);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

#[test]
fn each_import_is_listed_with_its_file_its_person_and_its_cases_worked_on_or_not() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        assert_eq!(list(&bureau, "")["items"], json!([]));
        let first = import(&bureau, &open_cases(&["甲-1", "甲-2", "甲-3"]), Some(" 2025年台账.csv "));
        assert_eq!(first.status, 201, "{first:?}");
        let second = import(&bureau, MIXED, None);
        let again = import(&bureau, MIXED, None);
        assert_eq!((again.status, again.json.get("import_id")), (201, None), "nothing was written, nothing to undo");
        let found = bureau.service.get("/api/v1/cases?q=%E7%94%B2-2", &bureau.clerk);
        let id = found.json["items"][0]["id"].as_str().unwrap().to_owned();
        let case = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.clerk);
        let task = json!({ "on": TODAY, "department_id": bureau.department });
        let headers = [("if-match", case.header("etag"))];
        let path = format!("/api/v1/cases/{id}/tasks");
        assert_eq!(bureau.service.call_with("POST", &path, &bureau.clerk, &headers, Some(task)).status, 200);

        let all = list(&bureau, "");
        let items = all["items"].as_array().unwrap();
        assert_eq!((items.len(), &all["next_cursor"]), (2, &Value::Null));
        assert_eq!(items[0]["id"], second.json["import_id"], "the newest first");
        let (rows, cases, untouched) = (&items[0]["rows"], &items[0]["cases"], &items[0]["untouched"]);
        assert_eq!(
            (&items[0]["file_name"], rows, cases, untouched),
            (&Value::Null, &json!(11), &json!(11), &json!(11))
        );
        let mut one = items[1].clone();
        let at = one.as_object_mut().unwrap().remove("imported_at");
        assert!(at.is_some_and(|at| at.as_str().unwrap().ends_with('Z')), "{one}");
        assert_eq!(
            one,
            json!({
                "id": first.json["import_id"], "file_name": "2025年台账.csv", "format": "CSV（UTF-8）", "rows": 3,
                "cases": 3, "untouched": 2, "undone": null,
                "imported_by": { "id": bureau.clerk_id.0, "display_name": one["imported_by"]["display_name"] }
            })
        );
        let page = list(&bureau, "?limit=1");
        let next = list(&bureau, &format!("?limit=1&cursor={}", page["next_cursor"].as_str().unwrap()));
        assert_eq!((&page["items"][0], &next["items"][0]), (&items[0], &items[1]));
        assert_eq!(next["next_cursor"], Value::Null);
    });
}

#[test]
fn the_name_of_an_imported_file_is_one_short_line() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        for (name, code) in [
            (" ".to_owned(), "required"),
            ("长".repeat(201), "too_long"),
            ("a\nb".into(), "invalid_value"),
            ("a\u{202e}b".into(), "hidden_character"),
        ] {
            let refused = import(&bureau, &open_cases(&["旧1"]), Some(&name));
            assert_eq!(refused.fields(), [("/file_name", code)], "{name:?}");
        }
        assert_eq!(list(&bureau, "")["items"], json!([]));
    });
}

/// Table three of the year and the overdue lists: what an import must not leave behind.
fn figures(bureau: &Bureau) -> (Value, Value) {
    let report = bureau.service.get("/api/v1/reports/annual?year=2025&form=2021", &bureau.head);
    let overdue = bureau.service.get(&format!("/api/v1/overdue?as_of={TODAY}"), &bureau.head);
    assert_eq!((report.status, overdue.status), (200, 200));
    (json!([report.json["table3"], report.json["table4"], report.json["fee_yuan"]]), overdue.json["totals"].clone())
}

fn undo(bureau: &Bureau, import: &Value, token: &str, reason: &str) -> Reply {
    let path = format!("{}/imports/{}/undo", path(bureau), import.as_str().unwrap());
    bureau.service.call("POST", &path, token, Some(json!({ "reason": reason })))
}

#[test]
fn an_import_into_the_wrong_organ_is_undone_and_the_same_file_is_imported_again() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        let before = figures(&bureau);
        let first = import(&bureau, MIXED, Some("台账.csv"));
        let id = &first.json["import_id"];
        let (imported, report) = (first.json["created"].as_u64().unwrap(), figures(&bureau));
        assert_ne!(report, before);
        assert_eq!(undo(&bureau, id, &bureau.clerk, "导错机关").problem(), (403, "role_required"));
        assert_eq!(undo(&bureau, id, &bureau.head, " ").problem(), (422, "invalid"));
        let done = undo(&bureau, id, &bureau.head, "导错机关");
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!((done.json["voided"].as_u64(), &done.json["kept_total"]), (Some(imported), &json!(0)), "{done:?}");
        assert_eq!(figures(&bureau), before, "as if it had never been imported");
        assert_eq!(bureau.service.get("/api/v1/cases", &bureau.head).json["items"], json!([]));
        let listed = &list(&bureau, "")["items"][0];
        assert_eq!(listed["undone"]["reason"], "导错机关");
        assert_eq!(undo(&bureau, id, &bureau.head, "导错机关").problem(), (409, "already_undone"));
        // The same file again, with the same numbers.
        let again = import(&bureau, MIXED, Some("台账.csv"));
        assert_eq!((again.status, again.json["created"].as_u64()), (201, Some(imported)), "{again:?}");
        assert_eq!(figures(&bureau), report);
        bureau.verified();
    });
}

#[test]
fn what_was_worked_on_since_an_import_stays_and_is_listed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        let first = import(&bureau, &open_cases(&["甲-1", "甲-2", "甲-3"]), None);
        let found = bureau.service.get("/api/v1/cases?q=%E7%94%B2-2", &bureau.clerk);
        let id = found.json["items"][0]["id"].as_str().unwrap().to_owned();
        let case = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.clerk);
        let task = json!({ "on": TODAY, "department_id": bureau.department });
        let headers = [("if-match", case.header("etag"))];
        let path = format!("/api/v1/cases/{id}/tasks");
        assert_eq!(bureau.service.call_with("POST", &path, &bureau.clerk, &headers, Some(task)).status, 200);
        let done = undo(&bureau, &first.json["import_id"], &bureau.head, "导错机关").json;
        assert_eq!((&done["voided"], &done["kept_total"]), (&json!(2), &json!(1)));
        assert_eq!((&done["kept"][0]["case_id"], &done["kept"][0]["number"]), (&json!(id), &json!("甲-2")));
        let left = bureau.service.get("/api/v1/cases", &bureau.head).json;
        assert_eq!(left["items"].as_array().unwrap().len(), 1);
        let voided = bureau.service.get("/api/v1/cases?stage=void", &bureau.head).json;
        let one = format!("/api/v1/cases/{}", voided["items"][0]["id"].as_str().unwrap());
        let shown = bureau.service.get(&one, &bureau.head).json;
        assert_eq!(shown["void"]["reason"], "撤销导入：导错机关");
        // The one that was kept is made void by hand; then the whole file is imported again.
        let kept = bureau.service.get(&format!("/api/v1/cases/{id}"), &bureau.head);
        let headers = [("if-match", kept.header("etag"))];
        let void = Some(json!({ "reason": "导错机关" }));
        let path = format!("/api/v1/cases/{id}/void");
        assert_eq!(bureau.service.call_with("POST", &path, &bureau.head, &headers, void).status, 200);
        let again = import(&bureau, &open_cases(&["甲-1", "甲-2", "甲-3"]), None);
        assert_eq!((again.status, &again.json["created"]), (201, &json!(3)), "{again:?}");
        // A case of the first import cannot come back while another one has its number.
        let old = bureau.service.get(&one, &bureau.head);
        let headers = [("if-match", old.header("etag"))];
        let log = bureau.service.get(&format!("{one}/events"), &bureau.head).json;
        let seq = log.as_array().unwrap().last().unwrap()["step"].clone();
        let body = json!({ "reason": "撤销有误", "entries": [{ "seq": seq, "void": true }] });
        for (path, headers) in [(format!("{one}/amendments"), &headers[..]), (format!("{one}/amendments/preview"), &[])]
        {
            let back = bureau.service.call_with("POST", &path, &bureau.head, headers, Some(body.clone()));
            assert_eq!(back.problem(), (422, "number_taken"), "{path}: {back:?}");
        }
        let done = undo(&bureau, &first.json["import_id"], &bureau.head, "导错机关");
        assert_eq!(done.problem(), (409, "already_undone"));
        bureau.verified();
    });
}
