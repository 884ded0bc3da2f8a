//! Real phrasings of annual reports, each with its verdict against one table: 一 20, 二 3, （七） 18, 四 5; of the results 10 are
//! 予以公开, 2 部分公开, 3 不予公开 (2 国家秘密, 1 行政查询), 2 无法提供 (不掌握), 0 不予处理, 1 其他处理; 18 of the 20 came from 自然人;
//! 4 行政复议 (3 维持, 1 纠正), 2 行政诉讼 (1 direct, 1 after 复议).

use crate::report::annual::check::check;
use crate::report::annual::published::Published;
use serde_json::{Value, json};

/// The year of the report.
const YEAR: i32 = 2024;

/// The table of the corpus, with a text.
fn report(narrative: &str) -> Published {
    let mut table = serde_json::Map::new();
    for row in crate::report::annual::Form::Form2021.rows() {
        table.insert(row.to_owned(), cells(0, 0));
    }
    for (begin, natural, enterprise) in [
        ("一、", 18, 2),
        ("二、", 3, 0),
        ("三(一)", 10, 0),
        ("三(二)", 2, 0),
        ("三(三)不予公开-1", 2, 0),
        ("三(三)不予公开-8", 1, 0),
        ("三(四)无法提供-1", 2, 0),
        ("三(六)其他处理-3", 1, 0),
        ("三(七)", 18, 0),
        ("四、", 3, 2),
    ] {
        let row = table.keys().find(|row| row.starts_with(begin)).unwrap().clone();
        table.insert(row, cells(natural, enterprise));
    }
    let remedies = |cells: [u32; 5]| json!({"结果维持": cells[0], "结果纠正": cells[1], "其他结果": cells[2], "尚未审结": cells[3], "总计": cells[4]});
    let table4 = json!({
        "行政复议": remedies([3, 1, 0, 0, 4]),
        "行政诉讼-未经复议直接起诉": remedies([1, 0, 0, 0, 1]),
        "行政诉讼-复议后起诉": remedies([1, 0, 0, 0, 1]),
    });
    let all = json!({"org": "某局", "year": YEAR, "format": "2021", "table3": table, "table4": table4, "narrative": narrative});
    Published::from_value(&all).unwrap()
}

fn cells(natural: u32, enterprise: u32) -> Value {
    json!({"自然人": natural, "商业企业": enterprise, "科研机构": 0, "社会公益组织": 0, "法律服务机构": 0, "其他": 0, "总计": natural + enterprise})
}

/// The table is in order: what is found is found in the text.
#[test]
fn the_table_of_the_corpus_is_in_order() {
    let checked = check(&report(""));
    assert_eq!((checked.findings, checked.notices), (vec![], vec![]));
}

/// Verdict on each: nothing; a fault (`!` number, cell); a notice (`?` number, cell); several in their order.
const CORPUS: &[(&str, &[&str])] = &[
    // Right, in the words of many offices.
    ("2024年，我局收到政府信息公开申请20件，办结18件，结转至2025年5件。", &[]),
    ("2024年，我局共收到政府信息公开申请20件，上年结转3件，已办结18件，未办结5件。", &[]),
    (
        "全年新收政府信息公开申请20件，上年结转政府信息公开申请3件。其中，予以公开10件，部分公开2件，不予公开3件，无法提供2件，其他处理1件，结转下年度继续办理5件。",
        &[],
    ),
    ("2024年1月1日至12月31日，共受理依申请公开20件，均依法办理。", &[]),
    ("截至2024年12月31日，共收到政府信息公开申请20件，办结18件，结转下一年5件。", &[]),
    ("2024年度共受理政府信息公开申请23件，其中自然人申请21件，法人或其他组织申请2件。", &["?23 20", "?21 18"]),
    ("收到政府信息公开申请20件（其中自然人申请18件，法人或其他组织申请2件）。", &[]),
    ("办结政府信息公开申请18件（含2023年结转的3件）。", &[]),
    ("全年办结政府信息公开申请18件，5件结转下一年度继续办理。", &[]),
    ("另有5件申请按照规定顺延到下年度答复。", &[]),
    ("结转到2025年办理的5件。", &[]),
    ("转入2025年继续办理5件。", &[]),
    ("因政府信息公开申请引发行政复议4件，行政诉讼2件。", &[]),
    ("全年办理因政府信息公开申请引发的行政复议4起，行政诉讼2起。", &[]),
    ("信息公开类行政复议4件，均维持。", &[]),
    ("所有办结的信息公开申请中同意公开答复10件，部分公开答复2件。", &[]),
    ("答复政府信息公开申请18件。", &[]),
    // Wrong, and the table says so.
    ("2024年，我局收到政府信息公开申请21件。", &["!21 20"]),
    ("2024年共受理政府信息公开申请19件，办结17件。", &["!19 20", "!17 18"]),
    ("收到政府信息公开申请20件，办结18件，结转至2025年2件。", &["!2 5"]),
    ("收到政府信息公开申请20件，上年结转4件。", &["!4 3"]),
    ("办结政府信息公开申请18件（含2023年结转的2件）。", &["!2 3"]),
    ("1件结转下一年度继续办理。", &["!1 5"]),
    ("收到政府信息公开申请20件，其中予以公开11件，部分公开2件。", &["!11 10"]),
    ("办结18件，其中予以公开10件，部分公开3件，不予公开3件。", &["!3 2"]),
    ("因本机关不掌握等原因无法提供3件。", &["!3 2"]),
    ("不予处理1件。", &["!1 0"]),
    ("其他处理0件。", &["!0 1"]),
    ("予以公开及部分公开10件。", &["!10 12"]),
    ("因政府信息公开申请引发行政复议5件。", &["!5 4"]),
    ("政府信息公开行政诉讼案件3件。", &["!3 2"]),
    ("收到政府信息公开申请20件，其中自然人申请17件。", &["!17 18"]),
    (
        "收到政府信息公开申请20件，办结18件，其中予以公开10件，部分公开2件，不予公开3件，无法提供2件，其他处理4件。",
        &["!4 1"],
    ),
    // Other figures: of time kept or not, and of steps.
    ("收到政府信息公开申请20件，按期答复15件，延期答复3件。", &[]),
    ("按时办结率100%，按期办结17件，逾期答复1件。", &[]),
    ("依法延期办理政府信息公开申请6件。", &[]),
    ("在法定期限内答复申请16件。", &[]),
    ("政府信息公开申请当场答复7件，提前办结9件。", &[]),
    ("向申请人发出补正告知书6件，征求第三方意见4件。", &[]),
    ("全年超期未答复政府信息公开申请0件。", &[]),
    ("及时答复政府信息公开申请14件。", &[]),
    // Other figures: of ways in.
    ("通过依申请公开平台收到申请12件，信函收到申请8件。", &[]),
    ("收到政府信息公开申请20件，其中通过网络收到申请12件，当面受理申请8件。", &[]),
    ("通过政府门户网站受理政府信息公开申请11件。", &[]),
    ("线上收到政府信息公开申请13件、线下收到申请7件。", &[]),
    // Other figures: of other years and of parts of the year.
    ("上一年度收到政府信息公开申请31件。", &[]),
    ("2023年收到政府信息公开申请31件；2024年收到申请20件。", &[]),
    ("2023年，我局共收到政府信息公开申请31件，办结30件。", &[]),
    ("较2023年增加5件，收到政府信息公开申请20件。", &[]),
    ("与2023年相比减少11件。", &[]),
    ("同比增加政府信息公开申请4件。", &[]),
    ("去年同期收到政府信息公开申请9件。", &[]),
    ("2024年上半年收到政府信息公开申请9件。", &[]),
    ("2024年第一季度受理政府信息公开申请4件。", &[]),
    ("2024年3月收到政府信息公开申请6件。", &[]),
    ("截至2024年6月30日，共收到政府信息公开申请8件。", &[]),
    ("2025年1月收到政府信息公开申请2件。", &[]),
    ("近三年累计受理政府信息公开申请88件。", &[]),
    ("平均每月受理政府信息公开申请2件。", &[]),
    // Other figures: of other business.
    ("全年答复群众咨询560件。", &[]),
    ("办理12345热线工单1200件，办结率100%。", &[]),
    ("接受政府信息公开咨询35件次。", &[]),
    ("办结人大代表建议12件、政协提案9件。", &[]),
    ("受理行政许可申请300件。", &[]),
    ("收到不动产登记申请900件。", &[]),
    ("主动公开政府信息1500件。", &[]),
    ("全年公开规范性文件8件，发布政策解读12件。", &[]),
    ("受理信访投诉举报45件。", &[]),
    ("接待来访查阅20件次。", &[]),
    // Other figures: of a part of the table.
    ("因属于国家秘密不予公开2件，属于行政查询事项不予公开1件。", &[]),
    ("其中，区教育局收到政府信息公开申请6件。", &[]),
    ("收到政府信息公开申请20件，其中涉及征地类申请12件。", &[]),
    ("申请人撤回申请1件，重复申请0件。", &[]),
    ("办结上年结转申请2件。", &["?2 3"]),
    ("行政复议维持3件，纠正1件。", &[]),
    ("行政诉讼未经复议直接起诉1件，复议后起诉1件。", &[]),
    ("行政复议案件中被纠错1件，尚未审结0件。", &[]),
    // What cannot be placed is left alone or noticed.
    ("结转申请7件。", &[]),
    ("未办结7件。", &["?7 5"]),
    ("尚未办结5件。", &[]),
    ("正在办理5件。", &[]),
    ("未答复2件。", &["?2 5"]),
    ("共办理政府信息公开申请23件。", &[]),
    ("共办理政府信息公开申请25件。", &["?25 18"]),
    ("答复政府信息公开申请17件。", &["?17 18"]),
    ("2024年收到申请30件。", &["?30 20"]),
    ("全年办结120件。", &["?120 18"]),
    ("全年办理行政复议案件37件。", &["?37 4"]),
    ("全市法院审理行政诉讼案件12件。", &["?12 2"]),
    ("本局未收到政府信息公开申请0件。", &[]),
    // Told in parts.
    ("局机关受理政府信息公开申请8件，各分局受理政府信息公开申请12件。", &[]),
    ("以本机关名义受理政府信息公开申请8件，代市政府受理政府信息公开申请11件。", &["?8 20", "?11 20"]),
    ("网络申请8件，其中予以公开4件；信函申请12件，其中予以公开6件。", &[]),
    ("收到政府信息公开申请20件，网络申请8件，其中予以公开4件，部分公开1件。", &[]),
    ("办结政府信息公开申请18件，予以公开10件，其中自然人申请9件。", &[]),
    ("2025年1月转办政府信息公开申请3件。", &[]),
    ("转下属单位办理4件，转下级机关办理2件。", &[]),
    ("3个工作日内答复政府信息公开申请12件。", &[]),
    ("政府信息公开行政复议答复5件，行政应诉答辩3件。", &[]),
    ("办理上年结转申请2件。", &["?2 3"]),
    ("与2023年相比，2024年收到政府信息公开申请数量减少，共收到申请20件。", &[]),
    ("根据国办公开办函〔2021〕30号，收到政府信息公开申请20件。", &[]),
];

#[test]
fn the_checker_accuses_only_what_contradicts_the_table() {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let mut wrong = Vec::new();
    for (text, expected) in CORPUS {
        let checked = check(&report(text));
        let told = |mark: &'static str| {
            move |finding: &crate::report::annual::check::Finding| match finding.rule.code() {
                "narrative" | "narrative_unplaced" | "received_with_carry_over" => {
                    format!("{mark}{} {}", number(finding.found), number(finding.expected))
                }
                other => other.to_owned(),
            }
        };
        let found: Vec<String> =
            checked.findings.iter().map(told("!")).chain(checked.notices.iter().map(told("?"))).collect();
        if found != *expected {
            wrong.push(format!("{text}\n    expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CORPUS.len(), wrong.join("\n"));
    assert!(CORPUS.len() >= 80);
}

#[test]
fn the_reports_of_offices_that_were_accused_wrongly_are_in_order() {
    for name in ["A14_pingtan_area_2025.json", "P9_unfinished.json"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases").join(name);
        let checked = check(&Published::from_json(&std::fs::read_to_string(path).unwrap()).unwrap());
        assert_eq!((checked.findings, checked.notices), (vec![], vec![]), "{name}");
    }
}
