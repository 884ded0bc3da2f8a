//! For any table: a true sentence is no fault, and the same sentence with another number is one.

use crate::report::annual::check::{Finding, check};
use crate::report::annual::form::{CARRIED, Form, PENDING, RECEIVED, RESULTS};
use crate::report::annual::published::Published;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The figures of a table in which all sums are right.
#[derive(Debug, Clone)]
struct Tables {
    carried: u32,
    pending: u32,
    /// Of each row of results.
    rows: Vec<u32>,
    /// Of each block of table four: 维持, 纠正, 其他, 尚未审结.
    remedies: [[u32; 4]; 3],
}

impl Tables {
    fn results(&self) -> u32 {
        self.rows.iter().sum()
    }

    /// More came in than was carried over, or as many applications are left as make it so.
    fn received(&self) -> u32 {
        self.results() + self.pending - self.carried
    }

    fn of(&self, labels: &[&str]) -> u32 {
        let rows = Form::Form2021.result_rows();
        let is_one = |row: &str| labels.iter().any(|label| row.starts_with(label));
        rows.iter().zip(&self.rows).filter(|(row, _)| is_one(row)).map(|(_, count)| count).sum()
    }

    fn report(&self, narrative: &str) -> Published {
        let cells = |count: u32| json!({"自然人": count, "商业企业": 0, "科研机构": 0, "社会公益组织": 0, "法律服务机构": 0, "其他": 0, "总计": count});
        let mut three = serde_json::Map::new();
        let sums =
            [(RECEIVED, self.received()), (CARRIED, self.carried), (RESULTS, self.results()), (PENDING, self.pending)];
        let rows = Form::Form2021.result_rows();
        for (row, count) in rows.into_iter().zip(self.rows.iter().copied()).chain(sums) {
            three.insert(row.to_owned(), cells(count));
        }
        let block = |cells: &[u32; 4]| -> Value {
            let [upheld, corrected, other, open] = cells;
            json!({"结果维持": upheld, "结果纠正": corrected, "其他结果": other, "尚未审结": open, "总计": cells.iter().sum::<u32>()})
        };
        let [reconsideration, direct, after] = &self.remedies;
        let four = json!({"行政复议": block(reconsideration), "行政诉讼-未经复议直接起诉": block(direct), "行政诉讼-复议后起诉": block(after)});
        let all = json!({"org": "洪泽区教育局", "year": 2024, "format": "2021", "table3": three, "table4": four, "narrative": narrative});
        Published::from_value(&all).unwrap()
    }
}

fn tables() -> impl Strategy<Value = Tables> {
    let rows = prop::collection::vec(prop_oneof![2 => Just(0), 3 => 1..400_u32], Form::Form2021.result_rows().len());
    let remedies = prop::array::uniform3(prop::array::uniform4(prop_oneof![Just(0), 1..30_u32]));
    (rows, 0..200_u32, 0..200_u32, remedies).prop_map(|(rows, carried, left, remedies)| {
        let results: u32 = rows.iter().sum();
        let pending = left + carried.saturating_sub(results);
        Tables { carried, pending, rows, remedies }
    })
}

/// A number in each spelling.
fn spellings(number: u32) -> Vec<String> {
    let digits = number.to_string();
    let wide = digits.chars().map(|digit| char::from_u32(u32::from(digit) + 0xFEE0).unwrap()).collect();
    let grouped = if number < 1000 { digits.clone() } else { format!("{},{:03}", number / 1000, number % 1000) };
    vec![digits, wide, grouped, numerals(number)]
}

/// 一千零五.
fn numerals(number: u32) -> String {
    let digit = |at: u32| "零一二三四五六七八九".chars().nth(usize::try_from(at).unwrap()).unwrap();
    if number == 0 {
        return "零".to_owned();
    }
    let mut text = String::new();
    let mut is_gap = false;
    for (power, name) in [(10_000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        match number / power % 10 {
            0 => is_gap = !text.is_empty(),
            worth => {
                if is_gap {
                    text.push('零');
                }
                is_gap = false;
                text.push(digit(worth));
                text += name;
            }
        }
    }
    if (10..20).contains(&number) { text.trim_start_matches('一').to_owned() } else { text }
}

/// What the number of a phrase counts.
type Counts = fn(&Tables) -> u32;

/// Phrases that give an exact figure, with 〇 for the number.
const EXACT: [(&str, Counts); 22] = [
    ("2024年，我局收到政府信息公开申请〇件。", Tables::received),
    ("全年共收到〇件政府信息公开申请。", Tables::received),
    ("区教育局收到政府信息公开申请〇件。", Tables::received),
    ("上年结转政府信息公开申请〇件。", |tables| tables.carried),
    ("结转下年度继续办理〇件。", |tables| tables.pending),
    ("办结政府信息公开申请〇件。", Tables::results),
    ("予以公开〇件。", |tables| tables.of(&["三(一)"])),
    ("部分公开〇件。", |tables| tables.of(&["三(二)"])),
    ("不予公开〇件。", |tables| tables.of(&["三(三)"])),
    ("无法提供〇件。", |tables| tables.of(&["三(四)"])),
    ("不予处理〇件。", |tables| tables.of(&["三(五)"])),
    ("其他处理〇件。", |tables| tables.of(&["三(六)"])),
    ("予以公开、部分公开合计〇件。", |tables| tables.of(&["三(一)", "三(二)"])),
    ("不予公开和无法提供〇件。", |tables| tables.of(&["三(三)", "三(四)"])),
    ("因属于国家秘密不予公开〇件。", |tables| tables.of(&["三(三)不予公开-1"])),
    ("本机关不掌握相关政府信息〇件。", |tables| tables.of(&["三(四)无法提供-1"])),
    ("要求提供公开出版物〇件。", |tables| tables.of(&["三(五)不予处理-3"])),
    ("因政府信息公开引发行政复议〇件。", |tables| tables.remedies[0].iter().sum()),
    ("因政府信息公开引发的行政复议维持〇件。", |tables| tables.remedies[0][0]),
    ("因政府信息公开引发的行政复议被纠错〇件。", |tables| tables.remedies[0][1]),
    ("未经复议直接起诉〇件。", |tables| tables.remedies[1].iter().sum()),
    ("复议后起诉〇件。", |tables| tables.remedies[2].iter().sum()),
];

/// Phrases that deny, and what they deny.
const DENIALS: [(&str, Counts); 10] = [
    ("全年未发生行政复议案件。", |tables| tables.remedies[0].iter().sum()),
    ("没有因政府信息公开被申请行政复议。", |tables| tables.remedies[0].iter().sum()),
    ("无行政诉讼。", |tables| tables.remedies[1].iter().chain(&tables.remedies[2]).sum()),
    ("未发生行政复议被纠错案件。", |tables| tables.remedies[0][1]),
    ("本年没有不予公开的申请。", |tables| tables.of(&["三(三)"])),
    ("无部分公开情况。", |tables| tables.of(&["三(二)"])),
    ("所有申请均予以公开。", |tables| tables.results() - tables.of(&["三(一)"])),
    ("未收到政府信息公开申请。", Tables::received),
    ("无上年结转申请。", |tables| tables.carried),
    ("没有结转下年度继续办理的申请。", |tables| tables.pending),
];

/// Phrases that claim no exact figure of this office, with 〇 for any number.
const SILENT: [&str; 8] = [
    "收到政府信息公开申请近〇件。",
    "收到政府信息公开申请约〇件。",
    "收到政府信息公开申请〇件左右。",
    "洪泽区司法局收到政府信息公开申请〇件，办结〇件。",
    "各镇街共收到政府信息公开申请〇件。",
    "各部门办结政府信息公开申请〇件，予以公开〇件。",
    "因商业秘密、个人隐私不予公开〇件。",
    "2023年收到政府信息公开申请〇件。",
];

fn findings(tables: &Tables, text: &str) -> Vec<Finding> {
    check(&tables.report(text)).findings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_true_figure_is_no_fault_in_any_spelling_and_another_one_is_a_fault(tables in tables(), wrong in 1..50_u32) {
        for (phrase, counts) in EXACT {
            let right = counts(&tables);
            for number in spellings(right) {
                let text = phrase.replace('〇', &number);
                prop_assert_eq!(findings(&tables, &text), vec![], "{}", text);
            }
            // What was carried over may be counted among what came in: that is only a notice.
            let other = right + wrong;
            if phrase.contains("收到") && other == right + tables.carried {
                continue;
            }
            for number in spellings(other) {
                let text = phrase.replace('〇', &number);
                let found: Vec<_> = findings(&tables, &text).iter().map(|finding| (finding.found, finding.expected)).collect();
                prop_assert_eq!(found, vec![(Some(other.into()), Some(right.into()))], "{}", text);
            }
        }
    }

    #[test]
    fn a_denial_is_a_fault_where_the_table_has_a_figure_and_no_fault_elsewhere(tables in tables()) {
        for (phrase, counts) in DENIALS {
            prop_assert_eq!(findings(&tables, phrase).is_empty(), counts(&tables) == 0, "{}", phrase);
        }
    }

    #[test]
    fn a_bound_is_a_fault_only_where_the_table_is_outside_of_it(tables in tables(), number in 1..2000_u32) {
        let received = tables.received();
        let is_possible = |least: u32, most: u32| {
            (least..=most).contains(&received) || (least..=most).contains(&(received + tables.carried))
        };
        for (phrase, least, most) in [
            ("收到政府信息公开申请逾〇件。", number, u32::MAX),
            ("收到政府信息公开申请〇件以上。", number, u32::MAX),
            ("收到政府信息公开申请不到〇件。", 0, number),
            ("收到政府信息公开申请不超过〇件。", 0, number),
        ] {
            let text = phrase.replace('〇', &number.to_string());
            prop_assert_eq!(findings(&tables, &text).is_empty(), is_possible(least, most), "{}", text);
        }
        let hundreds = number / 100 * 100 + 100;
        let text = format!("收到政府信息公开申请{hundreds}余件。");
        let zeros = if hundreds % 1000 == 0 { 1000 } else { 100 };
        prop_assert_eq!(findings(&tables, &text).is_empty(), is_possible(hundreds, hundreds + zeros - 1), "{}", text);
    }

    #[test]
    fn what_claims_no_figure_of_the_office_is_never_a_fault(tables in tables(), number in 0..2000_u32) {
        for phrase in SILENT {
            let text = phrase.replace('〇', &number.to_string());
            prop_assert_eq!(findings(&tables, &text), vec![], "{}", text);
        }
    }
}
