//! A preview decides and writes nothing.

use serde_json::{Value, json};

use crate::support::codes;
use crate::support::house::{House, difference};
use crate::support::on_both_databases;

#[test]
fn a_preview_shows_what_would_be_and_changes_nothing() {
    on_both_databases(|database| {
        let house = House::on(database);
        let bureau = &house.bureau;
        bureau.on("2026-11-09");
        let mut case = bureau.file(bureau.application("2026-10-12"));
        case.clerk("registration", json!({ "on": "2026-11-09" }));
        bureau.on("2026-11-11");
        let before = house.dump();
        let ask = |segment: &str, token: &str, body: Value| {
            let reply = bureau.service.call("POST", &case.path(&format!("{segment}/preview")), token, Some(body));
            assert_eq!(reply.status, 200, "{segment}: {reply:?}");
            reply.json
        };
        let due = |view: &Value| view["due"].as_str().unwrap_or("-").to_owned();
        let code = |view: &Value, member: &str| view[member]["code"].as_str().unwrap_or("-").to_owned();

        let entries = json!([{ "seq": 1, "change": { "submitted_on": "2026-10-21", "applicant_kind": "enterprise" } }]);
        let amended = ask("amendments", &bureau.head, json!({ "reason": "收到日期录错", "entries": entries }));
        assert_eq!((due(&amended["before"]), due(&amended["after"])), ("2026-11-09".into(), "2026-11-18".into()));
        let standings = [&amended["before"], &amended["after"]].map(|view| code(view, "standing"));
        assert_eq!(standings, ["overdue_red", "due_soon"]);
        assert_eq!(codes(&amended["needs_confirmation"]), json!(["late_becomes_in_time"]));
        let cells: Vec<String> = amended["report_cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| format!("{} {} {} {}", cell["year"], cell["row"], cell["column"], cell["change"]))
            .collect();
        assert_eq!(
            cells,
            [
                r#"2026 "一、本年新收政府信息公开申请数量" "自然人" -1"#,
                r#"2026 "四、结转下年度继续办理" "自然人" -1"#,
                r#"2026 "一、本年新收政府信息公开申请数量" "商业企业" 1"#,
                r#"2026 "四、结转下年度继续办理" "商业企业" 1"#,
            ]
        );
        let reply = amended["duties"].as_array().unwrap().iter().find(|duty| duty["kind"] == "reply").unwrap().clone();
        assert_eq!((&reply["due_before"], &reply["due_after"]), (&json!("2026-11-09"), &json!("2026-11-18")));

        let void = ask("void", &bureau.head, json!({ "reason": "误立案" }));
        assert_eq!((code(&void["after"], "stage"), void["after"]["standing"].clone()), ("void".into(), Value::Null));
        assert_eq!(codes(&void["needs_confirmation"]), json!(["overdue_becomes_void"]));
        assert_eq!(void["report_cells"].as_array().unwrap().len(), 2, "{void}");

        let search = json!({ "on": "2026-11-11", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": true });
        let searched = ask("searches", &bureau.clerk, search);
        assert_eq!(
            [&searched["before"], &searched["after"]].map(|view| code(view, "stage")),
            ["registered", "in_progress"]
        );
        assert_eq!((&searched["report_cells"], &searched["duties"]), (&json!([]), &json!([])));
        assert_eq!(searched["case"]["version"], case.last.json["version"], "the version to change is the one that is");

        let refused = bureau.service.call(
            "POST",
            &case.path("fee-payment/preview"),
            &bureau.clerk,
            Some(json!({ "on": "2026-11-11" })),
        );
        assert_eq!(refused.problem(), (409, "wrong_stage"), "what the law refuses, its preview refuses");

        let filed =
            bureau.service.call("POST", "/api/v1/cases/preview", &bureau.clerk, Some(bureau.application("2026-11-10")));
        assert_eq!((filed.status, &filed.json["before"]), (200, &Value::Null), "{filed:?}");
        assert_eq!(due(&filed.json["after"]), "2026-12-08");
        assert_eq!(difference(&before, &house.dump()), Vec::<String>::new());
    });
}
