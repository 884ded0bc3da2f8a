//! The content of a ledger's cell: text, or a date or number in the spreadsheet's own format.

use super::dates::{chinese_number, day_of};
use chrono::NaiveDate;

/// A cell as read from the file.
#[derive(Debug, Clone, PartialEq)]
pub enum RawCell {
    /// Text; empty for an empty cell.
    Text(String),
    /// A number without a date format.
    Number(f64),
    /// A number with a date format.
    Date(NaiveDate),
    /// Content without a usable value, such as an error, with its text.
    Unusable(String),
    /// A formula without a stored value.
    Uncomputed,
    /// Content of its own that a merged cell hides.
    Hidden(String),
}

impl RawCell {
    /// An empty cell.
    pub const EMPTY: Self = Self::Text(String::new());

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Date(_) | Self::Unusable(_) | Self::Uncomputed | Self::Hidden(_) => false,
        }
    }

    /// The visible text, trimmed, without the apostrophe that protects a text from being read as a formula.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => {
                let text = text.trim();
                match text.strip_prefix('\'').filter(|rest| super::super::safe(rest).len() > rest.len()) {
                    Some(formula) => formula.to_owned(),
                    None => text.to_owned(),
                }
            }
            Self::Number(number) => number.to_string(),
            Self::Date(day) => day.to_string(),
            Self::Unusable(text) | Self::Hidden(text) => text.clone(),
            Self::Uncomputed => "公式".to_owned(),
        }
    }

    /// The day it means, in any of the formats that `dates` parses.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Date(day) => Some(*day),
            Self::Number(number) => day_of(&number.to_string()),
            Self::Text(text) => day_of(text),
            Self::Unusable(_) | Self::Uncomputed | Self::Hidden(_) => None,
        }
    }

    /// Why the cell cannot be read; `None` if it can.
    #[must_use]
    pub const fn flaw(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Text(_) | Self::Number(_) | Self::Date(_) => None,
            Self::Unusable(_) => Some(("unusable_cell", "单元格中是错误值，请改为内容本身")),
            Self::Uncomputed => Some((
                "formula_without_value",
                "是公式，而文件中没有保存计算结果；请用 Excel 或者 WPS 打开、重新计算后保存，或者把公式粘贴为数值",
            )),
            Self::Hidden(_) => {
                Some(("hidden_under_merged_cell", "被合并单元格盖住，而其下另有内容；请取消合并，填写本行的内容"))
            }
        }
    }

    /// The whole number it means, with or without a unit.
    #[must_use]
    pub fn count(&self) -> Option<u16> {
        let text = half_width(self.text().trim());
        let digits = text.trim_end_matches(|letter: char| "个工作日天内".contains(letter)).trim();
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        digits.parse().ok().or_else(|| u16::try_from(chinese_number(digits)?).ok())
    }
}

/// Converts full-width characters to half-width ones.
#[must_use]
pub fn half_width(text: &str) -> String {
    let narrow = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    };
    text.chars().map(narrow).collect()
}
