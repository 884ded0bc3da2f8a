//! What stands in a cell of a ledger: text, or a date or number that a spreadsheet keeps as such.

use chrono::{Datelike, NaiveDate, TimeDelta};

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
}

impl RawCell {
    /// An empty cell.
    pub const EMPTY: Self = Self::Text(String::new());

    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Date(_) | Self::Unusable(_) => false,
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
            Self::Unusable(text) => text.clone(),
        }
    }

    /// The day it says, in any of the forms people type.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Date(day) => Some(*day),
            Self::Number(number) => day_of(&number.to_string()),
            Self::Text(text) => day_of(text),
            Self::Unusable(_) => None,
        }
    }

    /// The whole number it says, with or without its unit.
    #[must_use]
    pub fn count(&self) -> Option<u16> {
        let text = half_width(self.text().trim());
        let digits = text.trim_end_matches(|letter: char| "个工作日天内".contains(letter)).trim();
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        digits.parse().ok()
    }
}

/// Days that a serial number of a spreadsheet may stand for: the Regulations are in force since 2008.
const SERIALS: std::ops::RangeInclusive<i64> = 39_448..=73_050;

/// 2017-3-5, 2017/3/5, 2017.3.5, 2017年3月5日, 20170305, each with or without a time behind it; or the serial number of a
/// spreadsheet.
fn day_of(text: &str) -> Option<NaiveDate> {
    let text = half_width(text.trim());
    let day = text.as_str();
    if day.chars().all(|letter| letter.is_ascii_digit()) && !day.is_empty() {
        return match day.len() {
            8 => NaiveDate::parse_from_str(day, "%Y%m%d").ok(),
            5 => {
                let serial = day.parse::<i64>().ok().filter(|serial| SERIALS.contains(serial))?;
                NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::days(serial))
            }
            _ => None,
        };
    }
    let parts: Vec<&str> = text.splitn(3, ['-', '/', '.', '年', '月']).collect();
    let [year, month, rest] = parts.as_slice() else { return None };
    let day: String = rest.trim().chars().take_while(char::is_ascii_digit).collect();
    let behind = rest.trim().get(day.len()..)?.trim_start_matches(['日', '号']);
    let is_time = behind.is_empty() || behind.starts_with([' ', 'T']);
    let year: i32 = year.trim().parse().ok().filter(|year| (1900..=9999).contains(year))?;
    let found = NaiveDate::from_ymd_opt(year, month.trim().parse().ok()?, day.parse().ok()?)?;
    (is_time && found.year() == year).then_some(found)
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
