//! The content of a cell of a ledger: text, or a date or number that a spreadsheet keeps as such.

use super::dates::{chinese_number, day_of};
use chrono::NaiveDate;

/// A cell as it was read.
#[derive(Debug, Clone, PartialEq)]
pub enum RawCell {
    /// Text; empty for an empty cell.
    Text(String),
    /// A number without a date format.
    Number(f64),
    /// A date of the spreadsheet.
    Date(NaiveDate),
    /// What cannot be a value: an error, a duration; with the words to show it by.
    Unusable(String),
    /// A formula whose value is not in the file.
    Uncomputed,
    /// Covered by a merged cell that hides other content.
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

    /// The text a person sees, without blanks around it and without the apostrophe that keeps a spreadsheet from taking it
    /// for a formula.
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

    /// The day it says, in any of the forms people type.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Date(day) => Some(*day),
            Self::Number(number) => day_of(&number.to_string()),
            Self::Text(text) => day_of(text),
            Self::Unusable(_) | Self::Uncomputed | Self::Hidden(_) => None,
        }
    }

    /// Why nothing can be read from it; none for what can.
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

    /// The whole number it says, with or without its unit.
    #[must_use]
    pub fn count(&self) -> Option<u16> {
        let text = half_width(self.text().trim());
        let digits = text.trim_end_matches(|letter: char| "个工作日天内".contains(letter)).trim();
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        digits.parse().ok().or_else(|| u16::try_from(chinese_number(digits)?).ok())
    }
}

/// Full-width digits and signs as half-width ones.
#[must_use]
pub fn half_width(text: &str) -> String {
    let narrow = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    };
    text.chars().map(narrow).collect()
}
