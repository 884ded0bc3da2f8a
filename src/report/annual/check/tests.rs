//! Every published table is judged as its `reconciliation` says; and what no published table shows.

use super::super::Form;
use super::*;
use std::path::Path;

fn published(name: &str) -> Published {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables").join(name);
    Published::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// rule | row | column | found | expected, one line each.
fn lines(findings: &[Finding]) -> Vec<String> {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let line = |finding: &Finding| {
        let (row, column) = (text(&finding.row), text(&finding.column));
        format!("{} {row}|{column} {} {}", finding.rule.code(), number(finding.found), number(finding.expected))
    };
    findings.iter().map(line).collect()
}

/// File, faults, notices: what its `reconciliation` says, no more and no less. Its remarks on what the tables do not hold
/// (section numbers, a label already set right, the period a mirror printed) are not to be found in the figures.
const JUDGED: &[(&str, &[&str], &[&str])] = &[
    ("abaga_nr_2023", &[], &[]),
    ("anji_dipu_2024", &[], &[]),
    ("beijing_culture_2009", &[], &[]),
    ("cangxi_nr_2024", &[], &[]),
    ("chaoyang_nr_2025", &[], &[]),
    ("district_2022_channels", &[], &["implied_carry_over 四、结转下年度继续办理| - 76"]),
    ("dongtou_nr_2021", &[], &[]),
    ("dongyang_nr_2023", &[], &["implied_carry_over 四、结转下年度继续办理| - 2"]),
    ("fuyuan_nr_2022_partial", &[], &[]),
    (
        "hongze_district_2023",
        &["remedy_total 行政复议|总计 0 11", "remedy_total 行政诉讼-复议后起诉|总计 0 5"],
        &["form_rows 三(六)其他处理| - -"],
    ),
    ("hongze_district_2024", &[], &["form_rows 三(六)其他处理| - -"]),
    ("huaian_nr_2021", &[], &[]),
    ("langxi_nr_2021", &["narrative_contradiction | 2 1"], &[]),
    ("lantian_nr_2021", &[], &[]),
    ("longgang_dept_2024_partial", &[], &[]),
    ("nbhtz_nr_2020", &[], &[]),
    ("putuo_2022h1", &[], &[]),
    ("seed000_cangzhou_land_2017", &["enumeration | 28 26"], &[]),
    ("seed001_meihekou_land_2017", &[], &[]),
    ("seed002_pingliang_land_2015", &[], &[]),
    (
        "seed003_zhuoni_nr_2020",
        &[
            "balance 一、本年新收政府信息公开申请数量|自然人 1 0",
            "balance 一、本年新收政府信息公开申请数量|总计 1 0",
            "remedy_cells | 5 15",
        ],
        &["row_label 三(四)无法提供-1.本机关不掌握相关政府信息| - -", "blank_cells | 2 0", "unplaced_cells | 22 0"],
    ),
    ("seed004_linyi_nr_2020", &[], &[]),
    (
        "sh_gov_office_2019",
        &[
            "blank_total 三(一)予以公开|总计 - 272",
            "blank_total 三(二)部分公开|总计 - 3",
            "blank_total 三(三)不予公开-1.属于国家秘密|总计 - 14",
            "blank_total 三(三)不予公开-5.属于三类内部事务信息|总计 - 5",
            "blank_total 三(三)不予公开-6.属于四类过程性信息|总计 - 4",
            "blank_total 三(三)不予公开-8.属于行政查询事项|总计 - 12",
            "blank_total 三(四)无法提供-1.本机关不掌握相关政府信息|总计 - 265",
            "blank_total 三(四)无法提供-2.没有现成信息需要另行制作|总计 - 47",
            "blank_total 三(四)无法提供-3.补正后申请内容仍不明确|总计 - 25",
            "blank_total 三(五)不予处理-1.信访举报投诉类申请|总计 - 149",
            "blank_total 三(五)不予处理-2.重复申请|总计 - 9",
            "narrative | 258 275",
            "narrative | 265 337",
        ],
        &["blank_cells | 126 0", "blank_cells | 9 0"],
    ),
    (
        "sh_stcsm_2024",
        &["blank_total 四、结转下年度继续办理|总计 - 1"],
        &["blank_cells | 1 0", "not_checkable 一、本年新收政府信息公开申请数量|总计 - -"],
    ),
    ("shuyang_county_2025", &[], &["received_with_carry_over | 749 713", "received_with_carry_over | 741 705"]),
    ("shuyang_drc_2023", &[], &[]),
    ("suqian_city_2023", &[], &[]),
    ("suqian_city_2025_partial", &[], &[]),
    ("xinfeng_land_2017", &[], &[]),
    ("yinchuan_nr_2022", &[], &[]),
];

#[test]
fn every_published_table_is_judged_as_its_reconciliation_says() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables");
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, JUDGED.iter().map(|(name, ..)| format!("{name}.json")).collect::<Vec<_>>());
    for (name, findings, notices) in JUDGED {
        let checked = check(&published(&format!("{name}.json")));
        assert_eq!(lines(&checked.findings), *findings, "{name}");
        assert_eq!(lines(&checked.notices), *notices, "{name}");
    }
}

/// The reconciliation in the file is the judge of [`JUDGED`]: a report without findings there has no fault here.
#[test]
fn a_file_whose_reconciliation_finds_nothing_has_no_fault_and_no_notice_but_of_blanks() {
    for (name, findings, notices) in JUDGED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/tables/{name}.json"));
        let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let said = file["reconciliation"]["findings"].as_array().unwrap();
        if said.is_empty() {
            assert_eq!((findings.len(), notices.len()), (0, 0), "{name}");
        }
    }
}

#[test]
fn each_finding_says_why_where_it_can_be_told() {
    let causes = |name: &str| -> Vec<String> {
        check(&published(name)).findings.into_iter().filter_map(|finding| finding.cause).collect()
    };
    assert_eq!(
        causes("seed000_cangzhou_land_2017.json"),
        [
            "最可能是多计了“告知作出更改补充”2件（补正、延期等是办理步骤，不是办理结果）；“已主动公开”、“重复申请”也是2件"
        ]
    );
    assert_eq!(causes("seed003_zhuoni_nr_2020.json"), ["有1件既没有计入办理结果，也没有结转下年度"; 2]);
    assert_eq!(
        causes("hongze_district_2023.json"),
        ["总计一格应为11：各结果已填，总计未填", "总计一格应为5：各结果已填，总计未填"]
    );
    assert_eq!(
        causes("sh_gov_office_2019.json"),
        ["文字只计了“三(一)予以公开”的“自然人”栏", "文字只计了“三(四)无法提供-1.本机关不掌握相关政府信息”一行"]
    );
}

/// A clean table with one cell set wrong.
fn spoilt(row: &str, column: usize, number: u32) -> Published {
    let mut report = published("suqian_city_2023.json");
    let line = report.table3.iter_mut().find(|line| line.row == Some(row)).unwrap();
    line.cells[column] = Some(super::super::published::Figure::Number(number));
    report
}

#[test]
fn any_one_cell_set_wrong_is_found_and_named_with_the_number_it_should_be() {
    let clean = published("suqian_city_2023.json");
    for line in &clean.table3 {
        for (column, cell) in line.cells.iter().enumerate() {
            let right = cell.unwrap().number().unwrap();
            let checked = check(&spoilt(line.row.unwrap(), column, right + 7));
            assert!(!checked.findings.is_empty(), "{} {column}", line.label);
            let name = format!("“{}”的“{}”栏应为{right}：", line.label, Form::Form2021.columns()[column]);
            for finding in &checked.findings {
                let cause = finding.cause.as_deref().unwrap_or_default();
                assert!(cause.starts_with(&name), "{name} {finding:?}");
            }
        }
    }
}

#[test]
fn a_row_that_is_not_there_is_missed_in_a_whole_table_only() {
    let mut report = published("suqian_city_2023.json");
    report.table3.retain(|line| line.row != Some("三(三)不予公开-8.属于行政查询事项"));
    assert_eq!(lines(&check(&report).findings)[0], "row_missing 三(三)不予公开-8.属于行政查询事项| - -");
    report.table3.retain(|line| line.row != Some(super::super::form::RESULTS));
    assert_eq!(check(&report).findings, []);
}

#[test]
fn what_one_year_hands_on_the_next_takes_over_in_every_column() {
    let (before, mut after) = (published("hongze_district_2023.json"), published("hongze_district_2024.json"));
    let judged = |reports: &[Published]| lines(&check_years(reports)[1].findings);
    assert_eq!(judged(&[before.clone(), after.clone()]), Vec::<String>::new());
    let carried = after.table3.iter_mut().find(|line| line.row == Some(super::super::form::CARRIED)).unwrap();
    carried.cells[0] = Some(super::super::published::Figure::Number(3));
    let found = judged(&[before.clone(), after.clone()]);
    assert!(found.contains(&"carry_over 二、上年结转政府信息公开申请数量|自然人 3 0".to_owned()), "{found:?}");
    after.org = "另一个机关".to_owned();
    assert!(!judged(&[before, after]).iter().any(|line| line.starts_with("carry_over")));
}

#[test]
fn five_times_as_many_as_the_year_before_is_pointed_out_and_no_fault() {
    let year = |year, count: u32| {
        let text = format!(
            r#"{{"org":"某局","year":{year},"format":"2021","table3":{{"一、本年新收政府信息公开申请数量":{{"总计":{count}}}}}}}"#
        );
        Published::from_json(&text).unwrap()
    };
    let notices = |then, now| lines(&check_years(&[year(2023, then), year(2024, now)])[1].notices);
    assert_eq!(notices(10, 50), Vec::<String>::new());
    assert_eq!(notices(10, 51), ["ratio 一、本年新收政府信息公开申请数量|总计 51 10"]);
    assert_eq!(notices(51, 10), ["ratio 一、本年新收政府信息公开申请数量|总计 10 51"]);
    assert_eq!(notices(0, 51), Vec::<String>::new());
}

#[test]
fn a_fee_that_part_six_is_silent_about_and_an_empty_part_five_are_faults() {
    let report = |six: &str, five: &str| {
        let narrative = "2025 年有 1 件政府信息公开申请案件收取信息处理费 380 元。";
        let text = serde_json::json!({"year": 2025, "narrative": narrative, "part_six": six, "part_five": five});
        lines(&check(&Published::from_value(&text).unwrap()).findings)
    };
    assert_eq!(report("本机关无其他需要报告的事项。", "一是……"), ["fee_unreported | 0 380"]);
    assert_eq!(report("2025年收取信息处理费380元。", "无。"), ["part_five_empty | - -"]);
    assert_eq!(report("2025年收取信息处理费380元。", "一是……"), Vec::<String>::new());
}

#[test]
fn the_sums_of_the_2014_sheet_are_checked() {
    let sheet = |answered: u32| {
        let mut table = serde_json::Map::new();
        for row in Form::Sheet2014.rows() {
            table.insert(row.to_owned(), serde_json::json!({"总计": 0}));
        }
        for (row, number) in [
            ("（一）收到申请数", 3),
            ("（一）3.网络申请数", 3),
            ("（三）申请答复数", answered),
            ("（三）4.不同意公开答复数", 2),
            ("（三）4.不同意公开答复数-涉及个人隐私", 2),
            ("（三）6.申请信息不存在数", 1),
        ] {
            table.insert(row.to_owned(), serde_json::json!({"总计": number}));
        }
        Published::from_value(&serde_json::json!({"year": 2017, "format": "2014", "table3": table})).unwrap()
    };
    assert_eq!(check(&sheet(3)).findings, []);
    assert_eq!(lines(&check(&sheet(5)).findings), ["sheet_sum （三）申请答复数|总计 5 3"]);
}

#[test]
fn a_blank_total_that_hides_an_imbalance_is_still_out_of_balance() {
    let mut report = published("sh_stcsm_2024.json");
    let pending = report.table3.iter_mut().find(|line| line.row == Some(super::super::form::PENDING)).unwrap();
    pending.cells[0] = Some(super::super::published::Figure::Number(2));
    let found = lines(&check(&report).findings);
    assert!(found.contains(&"balance 一、本年新收政府信息公开申请数量|总计 36 37".to_owned()), "{found:?}");
}

#[test]
fn totals_taken_from_prose_obey_the_same_relations() {
    let judged = |totals: serde_json::Value| {
        let report = Published::from_value(&serde_json::json!({"year": 2023, "totals": totals})).unwrap();
        lines(&check(&report).findings)
    };
    assert_eq!(judged(serde_json::json!({"一": 10, "二": 1, "(七)总计": 9, "四": 2})), Vec::<String>::new());
    assert_eq!(judged(serde_json::json!({"一": 10, "二": 1, "(七)总计": 9, "四": 1})), ["balance | 11 10"]);
    assert_eq!(judged(serde_json::json!({"一": 10, "二": 1, "(七)总计": 12, "四": null})), ["balance | 11 12"]);
    assert_eq!(judged(serde_json::json!({"一": 10, "渠道": {"网络": 7, "信函": 2}})), ["channels | 10 9"]);
}

#[test]
fn figures_larger_than_any_count_are_added_up_without_wrapping() {
    let judged = |report: serde_json::Value| lines(&check(&Published::from_value(&report).unwrap()).findings);
    let narrative = format!("收到申请5件，其中，予以公开{}件，不予公开1件。", u64::MAX);
    let found = judged(serde_json::json!({"year": 2023, "narrative": narrative}));
    assert!(found.contains(&format!("enumeration | {} 5", u64::MAX)), "{found:?}");
    let most = u32::MAX;
    let cells = serde_json::json!({"_published_cells": [most, most, most, most, 0]});
    assert_eq!(judged(serde_json::json!({"year": 2023, "table4": cells})), ["remedy_cells | 5 15"]);
    let columns = Form::Form2021.columns();
    let (_, kinds) = columns.split_last().unwrap();
    let row: serde_json::Map<_, _> = kinds.iter().map(|kind| ((*kind).to_owned(), most.into())).collect();
    let mut row = serde_json::Value::Object(row);
    row["总计"] = serde_json::Value::Null;
    let table = serde_json::json!({"year": 2023, "table3": {"一、本年新收政府信息公开申请数量": row}});
    let checked = check(&Published::from_value(&table).unwrap());
    let found = [lines(&checked.findings), lines(&checked.notices)].concat();
    let sum = "一、本年新收政府信息公开申请数量|总计 - 25769803770";
    assert!(found.iter().any(|line| line.ends_with(sum)), "{found:?}");
}

#[test]
fn every_rule_has_its_own_code_and_name() {
    let codes: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    assert!(Rule::ALL.iter().all(|rule| !rule.label().is_empty()));
}
