//! What an office enters for its report.

use serde_json::{Value, json};

use super::annual::ask;
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use crate::support::service::Reply;

fn path(bureau: &Bureau, year: i32) -> String {
    format!("/api/v1/organs/{}/annual-reports/{year}/figures", bureau.organ.0)
}

fn put(bureau: &Bureau, year: i32, etag: &str, body: Value) -> Reply {
    bureau.service.call_with("PUT", &path(bureau, year), &bureau.clerk, &[("if-match", etag)], Some(body))
}

#[test]
fn what_is_entered_stands_in_the_report_and_each_change_needs_the_version_seen() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-01-10");
        let empty = bureau.service.get(&path(&bureau, 2023), &bureau.clerk);
        assert_eq!((empty.header("etag"), &empty.json["table2"]), ("\"1\"", &json!({})));
        let body = json!({
            "table2": { "行政许可": { "本年处理决定数量": 68 }, "行政事业性收费": { "本年收费金额（单位：万元）": 640.49 } },
            "part_five": "一是主动公开还不够及时。", "part_six": "无其他需要报告的事项。"
        });
        let first = put(&bureau, 2023, "\"1\"", body.clone());
        assert_eq!((first.status, first.header("etag")), (200, "\"2\""), "{first:?}");
        let report = ask(&bureau, "year=2023");
        assert_eq!(report["table2"], body["table2"]);
        assert_eq!(report["parts"]["five"], body["part_five"]);
        assert!(report["part_six"].as_str().unwrap().ends_with("无其他需要报告的事项。"));
        assert_eq!(ask(&bureau, "year=2023&period=q1")["table2"], json!({}), "a quarter has no table two");
        assert_eq!(ask(&bureau, "year=2022")["table2"], json!({}));

        assert_eq!(put(&bureau, 2023, "\"1\"", body.clone()).problem(), (412, "stale"));
        let second = put(&bureau, 2023, "\"2\"", json!({ "table2": {} }));
        assert_eq!((second.status, second.header("etag")), (200, "\"3\""));
        assert_eq!(ask(&bureau, "year=2023")["parts"]["five"], "", "what is not listed is taken away");
    });
}

#[test]
fn figures_that_are_not_of_the_form_of_the_year_are_all_named() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-01-10");
        let body = json!({ "table2": { "规范性文件": { "本年新制作数量": 1 }, "规章": { "本年制发件数": 1.5 } } });
        let refused = put(&bureau, 2023, "\"1\"", body);
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(
            refused.fields(),
            [("/table2/规章/本年制发件数", "invalid_value"), ("/table2/规范性文件", "invalid_value")]
        );
        let wrong_year = put(&bureau, 2007, "\"1\"", json!({ "table2": {} }));
        assert_eq!(wrong_year.problem(), (404, "not_found"));
        let good = put(&bureau, 2020, "\"1\"", json!({ "table2": { "规范性文件": { "本年新制作数量": 1 } } }));
        assert_eq!(good.status, 200, "{good:?}");
    });
}

#[test]
fn the_sheet_of_2014_takes_what_the_office_enters_around_the_counted_parts() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2018-01-10");
        let figures =
            json!({ "六、举报投诉数量": { "统计数": 2 }, "七、依申请公开信息收取的费用": { "统计数": 0.25 } });
        let done = put(&bureau, 2017, "\"1\"", json!({ "table2": figures }));
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!(ask(&bureau, "year=2017")["table2"], figures);
        let (_, csv) = bureau.service.download("/api/v1/reports/annual?year=2017&format=csv", &bureau.clerk, "*/*");
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains("\r\n表二,七、依申请公开信息收取的费用,0.25"), "{csv}");
        let refused = put(&bureau, 2017, "\"2\"", json!({ "table2": { "（一）收到申请数": { "统计数": 26 } } }));
        assert_eq!(refused.fields(), [("/table2/（一）收到申请数", "invalid_value")], "that is counted");
    });
}
