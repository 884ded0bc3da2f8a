//! What no case tells: table two and the parts an office writes itself.

use super::form::Form;
use crate::report::annual::form_2014;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A block of table two: 第二十条第（一）项 … with its rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// 第二十条第（几）项.
    pub heading: &'static str,
    /// The rows.
    pub rows: &'static [&'static str],
    /// The columns.
    pub columns: &'static [&'static str],
}

const PROJECTS: &[&str] = &["上一年项目数量", "本年增/减", "处理决定数量"];

const TABLE_2019: &[Block] = &[
    Block {
        heading: "第二十条第（一）项",
        rows: &["规章", "规范性文件"],
        columns: &["本年新制作数量", "本年新公开数量", "对外公开总数量"],
    },
    Block {
        heading: "第二十条第（五）项", rows: &["行政许可", "其他对外管理服务事项"], columns: PROJECTS
    },
    Block { heading: "第二十条第（六）项", rows: &["行政处罚", "行政强制"], columns: PROJECTS },
    Block {
        heading: "第二十条第（八）项", rows: &["行政事业性收费"], columns: &["上一年项目数量", "本年增/减"]
    },
    Block {
        heading: "第二十条第（九）项",
        rows: &["政府集中采购"],
        columns: &["采购项目数量", "采购总金额（单位：万元）"],
    },
];

const TABLE_2021: &[Block] = &[
    Block {
        heading: "第二十条第（一）项",
        rows: &["规章", "行政规范性文件"],
        columns: &["本年制发件数", "本年废止件数", "现行有效件数"],
    },
    Block { heading: "第二十条第（五）项", rows: &["行政许可"], columns: &["本年处理决定数量"] },
    Block {
        heading: "第二十条第（六）项", rows: &["行政处罚", "行政强制"], columns: &["本年处理决定数量"]
    },
    Block {
        heading: "第二十条第（八）项", rows: &["行政事业性收费"], columns: &["本年收费金额（单位：万元）"]
    },
];

impl Form {
    /// The blocks of table two; the 2014 sheet has [`Form::indicators`] instead.
    #[must_use]
    pub const fn table_two(self) -> &'static [Block] {
        match self {
            Self::Sheet2014 => &[],
            Self::Form2019 => TABLE_2019,
            Self::Form2021 => TABLE_2021,
        }
    }
}

/// 机关填写的数字与文字
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnFigures {
    /// 表二：行 → 栏目 → 数；未填的不写
    #[serde(default)]
    #[schema(value_type = HashMap<String, HashMap<String, f64>>)]
    pub table2: BTreeMap<String, BTreeMap<String, Amount>>,
    /// 一、总体情况
    #[serde(default)]
    pub part_one: Option<String>,
    /// 五、存在的主要问题及改进情况
    #[serde(default)]
    pub part_five: Option<String>,
    /// 六、其他需要报告的事项，收取信息处理费的情况除外
    #[serde(default)]
    pub part_six: Option<String>,
}

/// A number of table two, in hundredths: amounts of money are in 万元 with two decimals, growth may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// As a spreadsheet takes it.
    #[must_use]
    pub fn value(self) -> f64 {
        self.to_string().parse().unwrap_or_default()
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0 / 100, (self.0 % 100).abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        match part {
            0 => write!(out, "{whole}"),
            part if part % 10 == 0 => write!(out, "{sign}{whole}.{}", part / 10),
            part => write!(out, "{sign}{whole}.{part:02}"),
        }
    }
}

impl std::str::FromStr for Amount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "应为数字，最多两位小数";
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > 2 || whole.len() > 12 {
            return Err(WRONG);
        }
        let hundredths: i64 = format!("{whole}{part:0<2}").parse().map_err(|_| WRONG)?;
        Ok(Self(sign * hundredths))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: serde_json::Number = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map_err(serde::de::Error::custom)
    }
}

/// What is wrong with a figure: its JSON pointer and why.
pub type Fault = (String, &'static str);

impl OwnFigures {
    /// The figures that do not belong into the form.
    #[must_use]
    pub fn faults(&self, form: Form) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (row, cells) in &self.table2 {
            let block = form.table_two().iter().find(|block| block.rows.contains(&row.as_str()));
            let indicator = form.indicator(row);
            let columns = match (block, indicator) {
                (Some(block), _) => block.columns,
                (None, Some(_)) => &[form_2014::FIGURE],
                (None, None) => {
                    faults.push((format!("/table2/{row}"), "该年度格式没有由机关填写的这一行，请按格式的行名填写"));
                    continue;
                }
            };
            let is_money = |column: &str| {
                column.contains("金额") || indicator.is_some_and(|indicator| indicator.unit == form_2014::MONEY)
            };
            for (column, amount) in cells {
                let at = format!("/table2/{row}/{}", column.replace('~', "~0").replace('/', "~1"));
                if !columns.contains(&column.as_str()) {
                    faults.push((at, "该行没有这一栏，请按格式的栏目填写"));
                } else if amount.0 < 0 && column != "本年增/减" {
                    faults.push((at, "不能小于0"));
                } else if amount.0 % 100 != 0 && !is_money(column) {
                    faults.push((at, "应为整数"));
                }
            }
        }
        faults
    }

    /// The figure in a cell, if it was entered.
    #[must_use]
    pub fn get(&self, row: &str, column: &str) -> Option<Amount> {
        self.table2.get(row)?.get(column).copied()
    }

    /// What the organs of a group entered, added up; the words are the first one's.
    #[must_use]
    pub fn sum(own: Self, others: &[Self]) -> Self {
        let mut sum = own;
        for other in others {
            for (row, cells) in &other.table2 {
                for (column, amount) in cells {
                    let cell = sum.table2.entry(row.clone()).or_default().entry(column.clone()).or_insert(Amount(0));
                    cell.0 = cell.0.saturating_add(amount.0);
                }
            }
        }
        sum
    }
}

impl Serialize for OwnFigures {
    /// The table alone, row → column → number: the words are in the report's parts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_map(Some(self.table2.len()))?;
        for (row, cells) in &self.table2 {
            rows.serialize_entry(row, cells)?;
        }
        rows.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> OwnFigures {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_amount_keeps_its_two_decimals() {
        for text in ["0", "640.49", "-3", "-0.5", "18", "12.3", "0.05"] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        }
        for text in ["1.234", "\"3\"", "9999999999999"] {
            assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn figures_belong_into_the_form_of_their_year() {
        let own = read(
            r#"{"table2": {"行政许可": {"本年处理决定数量": 68}, "行政事业性收费": {"本年收费金额（单位：万元）": 3.25}}}"#,
        );
        assert_eq!(own.faults(Form::Form2021), []);
        assert_eq!(own.faults(Form::Form2019).len(), 2);
        let wrong = read(
            r#"{"table2": {"行政许可": {"本年处理决定数量": 6.5, "处理决定数量": 1}, "规章": {"本年制发件数": -1}, "别的": {}}}"#,
        );
        let places: Vec<String> = wrong.faults(Form::Form2021).into_iter().map(|(at, _)| at).collect();
        assert_eq!(
            places,
            [
                "/table2/别的",
                "/table2/行政许可/处理决定数量",
                "/table2/行政许可/本年处理决定数量",
                "/table2/规章/本年制发件数"
            ]
        );
        let sheet = read(
            r#"{"table2": {"六、举报投诉数量": {"统计数": 2}, "七、依申请公开信息收取的费用": {"统计数": 0.25}, "2.兼职人员数": {"统计数": 1.5}, "八、机构建设和保障经费情况": {"统计数": 1}, "（二）举办各类培训班数": {"次数": 3}}}"#,
        );
        let places: Vec<String> = sheet.faults(Form::Sheet2014).into_iter().map(|(at, _)| at).collect();
        assert_eq!(
            places,
            [
                "/table2/2.兼职人员数/统计数",
                "/table2/八、机构建设和保障经费情况",
                "/table2/（二）举办各类培训班数/次数"
            ]
        );
        let growth = read(r#"{"table2": {"行政强制": {"本年增/减": -2}}}"#);
        assert_eq!(growth.faults(Form::Form2019), []);
    }

    #[test]
    fn what_several_organs_entered_adds_up_and_the_words_are_the_first_ones() {
        let one = read(r#"{"table2": {"规章": {"本年制发件数": 1}}, "part_five": "一是"}"#);
        let two = read(r#"{"table2": {"规章": {"本年制发件数": 2, "现行有效件数": 5}}, "part_five": "二是"}"#);
        let sum = OwnFigures::sum(one, &[two]);
        assert_eq!(serde_json::to_string(&sum).unwrap(), r#"{"规章":{"本年制发件数":3,"现行有效件数":5}}"#);
        assert_eq!(sum.part_five.as_deref(), Some("一是"));
    }
}
