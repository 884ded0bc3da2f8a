//! 沧州 2017: twenty-six cases, the sheet of 2014, and the sentence of the report as it should have been.

use gongkai::report::annual::{Published, check};
use serde_json::{Value, json};

use super::annual::ask;
use super::docket::reply;
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

/// What the report says it did, each with its outcome and what the outcome needs; two of the twenty-six were asked to amend and then
/// answered, which the report counted a second time.
fn answers() -> Vec<(usize, Value)> {
    vec![
        (6, json!({ "outcome": "o492.disclosed" })),
        (2, json!({ "outcome": "o492.already_public", "public_location": "市局门户网站" })),
        (8, json!({ "outcome": "o492.does_not_exist" })),
        (3, json!({ "outcome": "o492.other_authority", "right_organ_unknown": "不能确定" })),
        (1, json!({ "outcome": "o492.refused.not_government_information" })),
        (3, json!({ "outcome": "o492.refused.other_statutory" })),
        (2, json!({ "outcome": "o492.other_channel", "public_location": "见此前答复" })),
        (1, json!({ "outcome": "o492.partially_disclosed", "withheld": ["o492.does_not_exist"] })),
    ]
}

#[test]
fn twenty_six_cases_make_the_sheet_of_2014_and_a_sentence_that_adds_up() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2017-03-01");
        for (count, proposal) in answers() {
            for _ in 0..count {
                let mut case = bureau.registered("2017-03-01");
                if ["o492.does_not_exist", "o492.partially_disclosed"].iter().any(|needs| proposal["outcome"] == *needs)
                {
                    let search = json!({ "on": "2017-03-01", "places": ["档案室"], "terms": ["批复"], "searched_by": "王科员", "found": false });
                    case.clerk("searches", search);
                }
                if proposal["outcome"] == "o492.partially_disclosed" {
                    let extension = json!({ "days": 15, "reason": "事项较复杂", "approved_on": "2017-03-01", "notified_on": "2017-03-01" });
                    case.command(&bureau.head, "extensions", extension);
                }
                reply(&mut case, "2017-03-10", proposal.clone());
            }
        }
        bureau.on("2018-01-10");
        let report = ask(&bureau, "year=2017");
        assert_eq!(report["format"], "2014");
        let number = |row: &str| report["table3"][row]["总计"].as_u64().unwrap();
        let rows = [
            ("（一）收到申请数", 26),
            ("（一）1.当面申请数", 26),
            ("（二）申请办结数", 26),
            ("（二）1.按时办结数", 25),
            ("（二）2.延期办结数", 1),
            ("（三）申请答复数", 26),
            ("（三）1.属于已主动公开范围数", 2),
            ("（三）2.同意公开答复数", 6),
            ("（三）3.同意部分公开答复数", 1),
            ("（三）4.不同意公开答复数", 4),
            ("（三）5.不属于本行政机关公开数", 3),
            ("（三）6.申请信息不存在数", 8),
            ("（三）7.告知作出更改补充数", 0),
            ("（三）8.告知通过其他途径办理数", 2),
        ];
        for (row, count) in rows {
            assert_eq!(number(row), count, "{row}");
        }
        let sentence = "办结答复政府信息公开申请26件，其中已主动公开2件，同意公开6件，同意部分公开1件，不同意公开4件（不是《条例》所指政府信息1件、法律法规规定的其他情形（含与“三需要”无关）3件），不属于本行政机关公开3件，申请信息不存在8件，告知通过其他途径办理2件。按时办结25件，延期办结1件。";
        let narrative = report["narrative"].as_str().unwrap();
        assert!(narrative.contains(sentence), "{narrative}");
        let ours = check(&Published::from_value(&report).unwrap());
        assert_eq!(ours.findings, [], "ours adds up");

        let path = format!("{}/tests/data/tables/seed000_cangzhou_land_2017.json", env!("CARGO_MANIFEST_DIR"));
        let theirs = check(&Published::from_json(&std::fs::read_to_string(path).unwrap()).unwrap());
        let [finding] = theirs.findings.as_slice() else { panic!("{theirs:?}") };
        assert_eq!((finding.rule.code(), finding.found, finding.expected), ("enumeration", Some(28), Some(26)));
    });
}
