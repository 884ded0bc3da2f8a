//! What is published stays as it was; what is recorded later is an adjustment.

use serde_json::{Value, json};

use super::annual::ask;
use super::docket::{from, reply};
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

fn get(bureau: &Bureau, what: &str) -> crate::support::service::Reply {
    get_of(bureau, 2023, what)
}

fn get_of(bureau: &Bureau, year: i32, what: &str) -> crate::support::service::Reply {
    bureau.service.get(&format!("/api/v1/organs/{}/annual-reports/{year}/{what}", bureau.organ.0), &bureau.clerk)
}

fn publish(bureau: &Bureau) {
    publish_on(bureau, 2023, "2024-01-20");
}

fn publish_on(bureau: &Bureau, year: i32, on: &str) {
    let path = format!("/api/v1/organs/{}/annual-reports", bureau.organ.0);
    let body = json!({ "year": year, "published_on": on });
    let done = bureau.service.create(&path, &bureau.clerk, body);
    assert_eq!(done.status, 201, "{done:?}");
}

#[test]
fn a_published_year_is_kept_and_a_later_change_names_the_cells_it_moves() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2023-03-01");
        let mut answered = from(&bureau, "2023-03-01", "natural_person");
        reply(&mut answered, "2023-03-10", json!({}));
        let mut open = from(&bureau, "2023-12-01", "enterprise");
        bureau.on("2024-01-20");
        assert_eq!(get(&bureau, "published").problem(), (404, "not_found"));
        assert_eq!(get(&bureau, "adjustments").problem(), (404, "not_found"));
        publish(&bureau);
        let published = get(&bureau, "published").json;
        assert_eq!(published["table3"], ask(&bureau, "year=2023")["table3"]);
        let unmoved = get(&bureau, "adjustments").json;
        assert_eq!((&unmoved["cells"], &unmoved["cases"]), (&json!([]), &json!([])), "{unmoved:#}");

        // A withdrawal of December that was found in the post room in January.
        open.now();
        open.clerk("withdrawal", json!({ "on": "2023-12-20", "identity_checked": true }));
        // Something of the new year moves nothing of the old one.
        let remedy = json!({ "kind": "reconsideration", "received_on": "2024-01-19", "reference": "〔2024〕1号", "simplified": false });
        answered.now();
        answered.clerk("remedies", remedy);

        assert_eq!(get(&bureau, "published").json, published, "what was published stays");
        let adjusted = get(&bureau, "adjustments").json;
        let cells: Vec<String> = adjusted["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| {
                format!("{} {} {} {}→{}", cell["table"], cell["row"], cell["column"], cell["published"], cell["now"])
                    .replace('"', "")
            })
            .collect();
        let expected = [
            "三 三(六)其他处理-3.其他 商业企业 0→1",
            "三 三(六)其他处理-3.其他 总计 0→1",
            "三 三(七)总计 商业企业 0→1",
            "三 三(七)总计 总计 1→2",
            "三 四、结转下年度继续办理 商业企业 1→0",
            "三 四、结转下年度继续办理 总计 1→0",
        ];
        assert_eq!(cells, expected);
        let cases = adjusted["cases"].as_array().unwrap();
        let [case] = cases.as_slice() else { panic!("{cases:#?}") };
        assert_eq!((&case["case_id"], &case["column"]), (&Value::from(open.id.clone()), &json!("商业企业")));
        assert_eq!(case["from"], json!(["一、本年新收政府信息公开申请数量", "四、结转下年度继续办理"]));
        assert_eq!(case["to"], json!(["一、本年新收政府信息公开申请数量", "三(六)其他处理-3.其他"]));
        assert_eq!(
            (&case["events"][0]["label"], &case["events"][0]["occurred_on"]),
            (&json!("申请人撤回"), &json!("2023-12-20"))
        );
    });
}

#[test]
fn a_late_reply_that_is_found_later_moves_to_the_row_of_late_ones_in_the_sheet_of_2014() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2017-03-01");
        let open = from(&bureau, "2017-03-01", "natural_person");
        let also = from(&bureau, "2017-03-01", "natural_person");
        bureau.on("2018-01-10");
        publish_on(&bureau, 2017, "2018-01-10");
        // Due on 2017-03-22.
        for (mut case, on) in [(open, "2017-03-22"), (also, "2017-03-23")] {
            case.now();
            case.clerk("outcome", json!({ "on": on, "outcome": "o492.disclosed", "reasons": "经审查" })).approve(on);
            case.clerk("reply", json!({ "on": on }));
            case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
        }
        let cases = get_of(&bureau, 2017, "adjustments").json["cases"].as_array().unwrap().clone();
        let mut to: Vec<String> = cases.iter().map(|case| case["to"][1].as_str().unwrap().to_owned()).collect();
        to.sort();
        assert_eq!(to, ["（二）1.按时办结数", "（二）2.延期办结数"], "{cases:#?}");
    });
}

#[test]
fn the_figures_of_a_published_year_cannot_be_changed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-01-20");
        publish(&bureau);
        let path = format!("/api/v1/organs/{}/annual-reports/2023/figures", bureau.organ.0);
        let body = json!({ "table2": {} });
        let refused = bureau.service.call_with("PUT", &path, &bureau.clerk, &[("if-match", "\"1\"")], Some(body));
        assert_eq!(refused.problem(), (409, "report_published"), "{refused:?}");
    });
}

#[test]
fn a_part_of_a_year_has_the_part_before_it_beside_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2023-03-01");
        let mut answered = from(&bureau, "2023-03-01", "natural_person");
        reply(&mut answered, "2023-04-03", json!({}));
        bureau.on("2023-08-01");
        let quarter = ask(&bureau, "year=2023&period=q2");
        let total = |table: &Value, row: &str| table[row]["总计"].as_u64();
        assert_eq!(total(&quarter["table3"], "二、上年结转政府信息公开申请数量"), Some(1));
        let previous = &quarter["previous"];
        assert_eq!(previous["period"], "2023年第1季度");
        assert_eq!(total(&previous["table3"], "四、结转下年度继续办理"), Some(1));
        assert_eq!(ask(&bureau, "year=2023&period=h1&with_previous=true")["previous"]["period"], "2022年下半年");
        assert_eq!(ask(&bureau, "year=2008&with_previous=true")["previous"], Value::Null, "there was no law before");
        assert!(ask(&bureau, "year=2023").get("previous").is_none());
        assert!(ask(&bureau, "year=2023&period=q2&with_previous=false").get("previous").is_none());
        let path = "/api/v1/reports/annual?year=2023&period=q2&format=csv";
        let (_, csv) = bureau.service.download(path, &bureau.clerk, "*/*");
        let csv = String::from_utf8(csv).unwrap();
        for line in [
            "与上期比较,项目,本期,2023年第1季度,增减",
            "与上期比较,一、本年新收政府信息公开申请数量,0,1,减少1",
            "与上期比较,二、上年结转政府信息公开申请数量,1,0,增加1",
            "与上期比较,（一）予以公开,1,0,增加1",
            "与上期比较,（三）不予公开1.属于国家秘密,0,0,不变",
        ] {
            assert!(csv.contains(line), "{line}: {csv}");
        }
    });
}
