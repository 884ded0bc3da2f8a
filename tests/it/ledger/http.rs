//! A ledger over HTTP: looked at, confirmed, fetched.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gongkai::case::Role;
use serde_json::{Value, json};

use super::{MIXED, TODAY};
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use crate::support::service::Reply;

struct Desk {
    bureau: Bureau,
    base: String,
}

impl Desk {
    fn preview(&self, text: &str) -> Reply {
        let body = json!({ "content": STANDARD.encode(text) });
        self.bureau.service.call("POST", &format!("{}/preview", self.base), &self.bureau.clerk, Some(body))
    }

    fn import(&self, text: &str, confirmation: &Value, partial: bool) -> Reply {
        let body = json!({ "content": STANDARD.encode(text), "confirmation": confirmation, "partial": partial });
        self.bureau.service.create(&format!("{}/imports", self.base), &self.bureau.clerk, body)
    }
}

fn on_desks(test: impl Fn(Desk)) {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        let base = format!("/api/v1/organs/{}/ledger", bureau.organ.0);
        test(Desk { bureau, base });
    });
}

#[test]
fn what_was_shown_is_what_is_taken_in_and_then_worked_on() {
    on_desks(|desk| {
        let shown = desk.preview(MIXED);
        assert_eq!(shown.status, 200, "{shown:?}");
        let import = &shown.json["import"];
        assert_eq!((&import["created"], &import["is_written"]), (&json!(11), &json!(false)));
        let line = &import["lines"][3];
        assert_eq!(
            (&line["line"], &line["status"], &line["remarks"]),
            (&json!(5), &json!("created"), &json!(["逾期答复"]))
        );
        let none = desk.bureau.service.get("/api/v1/cases", &desk.bureau.clerk);
        assert_eq!(none.json["items"], json!([]), "a preview makes nothing");

        let done = desk.import(MIXED, &shown.json["confirmation"], false);
        assert_eq!((done.status, &done.json["created"]), (201, &json!(11)), "{done:?}");
        let late = desk.import(MIXED, &shown.json["confirmation"], false);
        assert_eq!(late.problem(), (409, "preview_outdated"), "the cases are there by now");
        let again = desk.preview(MIXED);
        assert_eq!((&again.json["import"]["created"], &again.json["import"]["existing"]), (&json!(0), &json!(11)));

        let open = desk.bureau.service.get("/api/v1/cases?q=%E6%97%A72025-1", &desk.bureau.clerk);
        let id = open.json["items"][0]["id"].as_str().unwrap().to_owned();
        let case = desk.bureau.service.get(&format!("/api/v1/cases/{id}"), &desk.bureau.clerk);
        let command = |segment: &str, etag: &str, body: Value| {
            let path = format!("/api/v1/cases/{id}/{segment}");
            desk.bureau.service.call_with("POST", &path, &desk.bureau.clerk, &[("if-match", etag)], Some(body))
        };
        let outcome = json!({ "on": TODAY, "outcome": "disclosed.provided", "reasons": "依法可以公开" });
        let proposed = command("outcome", case.header("etag"), outcome);
        assert_eq!((proposed.status, &proposed.json["stage"]["code"]), (200, &json!("in_review")), "{proposed:?}");
    });
}

#[test]
fn a_bad_row_refuses_the_whole_file_and_names_its_line() {
    on_desks(|desk| {
        let text = "收到日期,申请人类型,申请内容\n2024-3-1,外星人,甲\n2024-3-1,自然人,乙\n";
        let shown = desk.preview(text);
        let import = &shown.json["import"];
        assert_eq!((&import["created"], &import["rejected"]), (&json!(1), &json!(1)));
        assert_eq!(import["unmapped"][0]["label"], "外星人");
        let refused = desk.import(text, &shown.json["confirmation"], false);
        assert_eq!(refused.problem(), (422, "invalid"), "{refused:?}");
        assert_eq!(refused.fields(), [("/content/2", "unknown_label")]);
        let kept = desk.import(text, &shown.json["confirmation"], true);
        assert_eq!((kept.status, &kept.json["created"]), (201, &json!(1)), "{kept:?}");
        for (content, code) in [("***", "invalid_value"), ("5Zg=", "unreadable_file")] {
            let path = format!("{}/preview", desk.base);
            let reply =
                desk.bureau.service.call("POST", &path, &desk.bureau.clerk, Some(json!({ "content": content })));
            assert_eq!(reply.fields(), [("/content", code)]);
        }
        let long = format!("收到日期,申请人类型,申请内容\n{}", "2024-3-1,自然人,乙\n".repeat(5_001));
        assert_eq!(desk.preview(&long).problem(), (422, "too_many_rows"));
    });
}

#[test]
fn the_ledger_is_fetched_masked_or_with_a_reason_and_by_who_keeps_it() {
    on_desks(|desk| {
        let shown = desk.preview(MIXED);
        desk.import(MIXED, &shown.json["confirmation"], false);
        let (service, clerk) = (&desk.bureau.service, &desk.bureau.clerk);
        let masked = service.get(&desk.base, clerk);
        assert!(masked.text.contains("张**") && !masked.text.contains("张三"), "{masked:?}");
        let silent = service.get(&format!("{}?personal_data=true", desk.base), clerk);
        assert_eq!(silent.fields(), [("?reason", "required")]);
        let clear = service.get(
            &format!("{}?personal_data=true&reason=%E7%A7%BB%E4%BA%A4%E6%A1%A3%E6%A1%88%E9%A6%86", desk.base),
            clerk,
        );
        assert!(clear.text.contains("张三") && clear.text.contains("11010519491231002X"));
        let (kind, book) = service.download(&format!("{}?format=xlsx", desk.base), clerk, "");
        assert!(kind.contains("spreadsheetml") && book.starts_with(b"PK"));
        let (_, template) = service.download(&format!("{}/template?format=xlsx", desk.base), clerk, "");
        assert!(template.starts_with(b"PK"));
        for role in [Role::Admin, Role::Supervisor, Role::Leader, Role::Handler, Role::Intake] {
            let token = service.user_token(&format!("ren-{}", role.code()), desk.bureau.organ, &[role]);
            assert_eq!(service.get(&desk.base, &token).problem(), (403, "role_required"), "{role:?}");
        }
    });
}

#[test]
fn a_column_that_is_not_read_refuses_the_file_unless_the_rest_alone_is_wanted() {
    on_desks(|desk| {
        let text = "受理编号,收到日期,申请人类型,申请内容,领导批示\n甲1,2024-3-1,自然人,甲,已阅\n";
        let shown = desk.preview(text);
        let unread = &shown.json["import"]["unread"][0];
        assert_eq!((&unread["column"], &unread["cells"]), (&json!("领导批示"), &json!(1)), "{shown:?}");
        let refused = desk.import(text, &shown.json["confirmation"], false);
        assert_eq!(refused.problem(), (422, "invalid"), "{refused:?}");
        assert_eq!(refused.fields(), [("/content", "unknown_column")]);
        let kept = desk.import(text, &shown.json["confirmation"], true);
        assert_eq!((kept.status, &kept.json["created"]), (201, &json!(1)), "{kept:?}");
        let page = desk.preview("<html><table><tr><td>收到日期</td></tr></table></html>");
        assert_eq!(page.fields(), [("/content", "unreadable_file")]);
        assert!(page.text.contains("网页") && page.text.contains(".xlsx"), "{page:?}");
    });
}
