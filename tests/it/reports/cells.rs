//! The cases behind each number.

use serde_json::Value;
use std::collections::BTreeSet;

use super::annual::ask;
use super::docket::{docket, end};
use crate::corrupt_logs::spoil_with;
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use gongkai::store::CaseId;

fn path(form: &str, year: i32, row: &str, column: &str, more: &str) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    format!("/api/v1/reports/annual/cells?year={year}&form={form}&row={}&column={}{more}", encode(row), encode(column))
}

#[track_caller]
fn listed(bureau: &Bureau, path: &str) -> Value {
    let answer = bureau.service.get(path, &bureau.clerk);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json
}

#[test]
fn every_number_of_every_form_names_as_many_cases() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let mut named = 0;
        for year in 2022..=2024 {
            for form in ["2014", "2019", "2021"] {
                let report = ask(&bureau, &format!("year={year}&form={form}"));
                for table in ["table3", "table4"] {
                    for (row, cells) in report[table].as_object().unwrap() {
                        for (column, count) in cells.as_object().unwrap() {
                            let count = count.as_u64().unwrap();
                            let list = listed(&bureau, &path(form, year, row, column, "&limit=200"));
                            let items = list["items"].as_array().unwrap();
                            let of = |case: &Value| case["remedies"].as_u64().unwrap_or(1);
                            assert_eq!(items.iter().map(of).sum::<u64>(), count, "{year} {form} {row} {column}");
                            named += items.len();
                        }
                    }
                }
            }
        }
        assert!(named > 100, "{named}");
    });
}

#[test]
fn pages_of_one_make_the_whole_list_and_names_are_masked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let row = "一、本年新收政府信息公开申请数量";
        let whole = listed(&bureau, &path("2021", 2023, row, "总计", ""));
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = listed(&bureau, &path("2021", 2023, row, "总计", &format!("&limit=1{cursor}")));
            seen.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(&seen, whole["items"].as_array().unwrap());
        assert_eq!(whole["is_complete"], true);
        let case = CaseId(seen[0]["case_id"].as_str().unwrap().parse().unwrap());
        spoil_with(&bureau.service.office, case, "remedy_opened");
        assert_eq!(listed(&bureau, &path("2021", 2023, row, "总计", ""))["is_complete"], false);
        assert_eq!(seen.len(), 6);
        let names: BTreeSet<&str> = seen.iter().map(|case| case["applicant"].as_str().unwrap()).collect();
        assert!(names.contains("王**") && !names.contains("王小明"), "{names:?}");
    });
}

#[test]
fn a_case_set_aside_later_is_named_with_the_outcome_its_year_counted() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let list = listed(&bureau, &path("2021", 2022, "三(三)不予公开-5.属于三类内部事务信息", "自然人", ""));
        let case = &list["items"][0];
        assert_eq!(
            (&case["outcome"]["code"], &case["concluded_on"]),
            (&"refused.internal_affairs".into(), &"2022-11-01".into())
        );
        assert_eq!(case["stage"]["code"], "replied", "its second reply");
    });
}

#[test]
fn a_row_or_column_the_form_has_not_is_refused_by_name() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let refused = |path: String| {
            let answer = bureau.service.get(&path, &bureau.clerk);
            answer.fields().first().map(|(at, code)| (answer.status, (*at).to_owned(), (*code).to_owned()))
        };
        let is = |at: &str| Some((422, at.to_owned(), "invalid_value".to_owned()));
        assert_eq!(refused(path("2021", 2023, "三(六)其他处理", "总计", "")), is("?row"));
        assert_eq!(refused(path("2021", 2023, "三(一)予以公开", "个人", "")), is("?column"));
        assert_eq!(refused(path("2014", 2023, "（三）申请答复数", "自然人", "")), is("?column"));
        assert_eq!(refused(path("2021", 2023, "行政复议", "驳回", "")), is("?column"));
    });
}
