//! 国家秘密: whether the marking fits the level, and whether the term has run out (《保守国家秘密法》).

use super::command::{ProposeOutcome, SecretMarking};
use super::refusal::NotAllowed;
use crate::case::vocabulary::SecrecyLevel;
use crate::law::Requirement;
use chrono::{Datelike, Months, NaiveDate};

/// Whether what the proposal says of a secret can be so on `on`; a term that has run out is pointed at `pointer`.
///
/// # Errors
/// `secret_marking_contradicts`, `secret_term_over`.
pub(super) fn check(proposal: &ProposeOutcome, on: NaiveDate, pointer: &'static str) -> Result<(), NotAllowed> {
    let Some(secret) = proposal.secret.as_deref() else { return Ok(()) };
    let article = Requirement::SecretMarking.article();
    if let Some(other) = other_level(secret) {
        let detail = format!(
            "密级为“{}”，密级标识“{}”写的是“{}”，请按文件上的标识核对",
            secret.level.label(),
            secret.marking.trim(),
            other.label()
        );
        return Err(NotAllowed::by_law("secret_marking_contradicts", article, detail).at("/secret/marking"));
    }
    match last_day(&secret.term).filter(|last| *last < on) {
        Some(last) => {
            let detail = format!(
                "保密期限已于{last}届满，{on}不再是国家秘密，不能以此不予公开；已延长保密期限的，请填延长后的期限，否则请另选处理结果"
            );
            Err(NotAllowed::by_law("secret_term_over", article, detail).at(pointer))
        }
        None => Ok(()),
    }
}

/// The level that the marking names in place of the one that was chosen.
fn other_level(secret: &SecretMarking) -> Option<SecrecyLevel> {
    // 国家秘密 is the word for all levels.
    let marking = secret.marking.replace("国家秘密", "");
    let names = |level: SecrecyLevel| marking.contains(level.label());
    let others = SecrecyLevel::ALL.iter().copied().filter(|level| *level != secret.level);
    others.into_iter().find(|level| names(*level))
}

/// The last day that a term names: the latest of its days, or so many years or months after the day it begins on. `None`: it names
/// a length without its first day, a condition, an extension, or a day of which it does not say that it is the last.
fn last_day(term: &str) -> Option<NaiveDate> {
    if OPEN_ENDED.iter().any(|word| term.contains(word)) || is_length_in_words(term) {
        return None;
    }
    let numbers = numbers(term);
    let mut days: Vec<NaiveDate> = Vec::new();
    let mut at = 0;
    while let Some([year, month, day]) = numbers.get(at..at + 3) {
        match date(year, month, day) {
            Some(date) => {
                days.push(date);
                at += 3;
            }
            None => at += 1,
        }
    }
    let counted = |unit: &str| {
        let length = numbers.iter().find(|number| number.value < 100 && number.unit.starts_with(unit))?;
        Some(length.value)
    };
    let months = match (counted("年"), counted("个月")) {
        (Some(years), _) => Some(years * 12),
        (None, months) => months,
    };
    match (days.as_slice(), months) {
        ([first], Some(months)) if is_a_beginning(term) => first.checked_add_months(Months::new(months)),
        ([only], None) if !is_a_beginning(term) => Some(*only),
        ([_, .., _], None) => days.into_iter().max(),
        _ => None,
    }
}

/// Words of terms whose last day is not the one they name.
const OPEN_ENDED: [&str; 7] = ["长期", "延长", "变更", "定密", "确定", "印发", "产生"];

/// Whether the term has a length that is not written in digits: 二十年, 六个月. Days in words are read as no days.
fn is_length_in_words(term: &str) -> bool {
    let letters: Vec<char> = term.chars().collect();
    letters
        .windows(2)
        .any(|pair| matches!(pair, [number, '年' | '个'] if "〇零一二两三四五六七八九十百".contains(*number)))
}

/// Whether the one day of the term is its first.
fn is_a_beginning(term: &str) -> bool {
    term.contains('自') || term.contains('起') || term.contains('从')
}

/// A number of the text, and what follows it up to the next.
#[derive(Debug, PartialEq, Eq)]
struct Number {
    value: u32,
    unit: String,
}

fn numbers(text: &str) -> Vec<Number> {
    let mut numbers: Vec<Number> = Vec::new();
    let mut is_in_number = false;
    for letter in text.chars() {
        match letter.to_digit(10) {
            Some(digit) if is_in_number => {
                if let Some(number) = numbers.last_mut() {
                    number.value = number.value.saturating_mul(10).saturating_add(digit);
                }
            }
            Some(digit) => numbers.push(Number { value: digit, unit: String::new() }),
            None => {
                if let Some(number) = numbers.last_mut() {
                    number.unit.extend(Some(letter).filter(|letter| !letter.is_whitespace()));
                }
            }
        }
        is_in_number = letter.is_ascii_digit();
    }
    numbers
}

/// Three numbers that are written as a day: 2030年5月1日, 2030-05-01, 2030/5/1, 2030.5.1.
fn date(year: &Number, month: &Number, day: &Number) -> Option<NaiveDate> {
    let is_chinese =
        year.unit == "年" && month.unit == "月" && (day.unit.starts_with('日') || day.unit.starts_with('号'));
    let is_signed = year.unit == month.unit && matches!(year.unit.as_str(), "-" | "/" | "." | "－" | "／" | "．");
    let year = i32::try_from(year.value).ok()?;
    let date = NaiveDate::from_ymd_opt(year, month.value, day.value)?;
    Some(date).filter(|date| (1949..=2200).contains(&date.year()) && (is_chinese || is_signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_that_names_its_last_day_is_read_and_another_is_not() {
        let of = |term: &str| last_day(term).map(|day| day.to_string());
        for (term, expected) in [
            ("至2020年5月1日", Some("2020-05-01")),
            ("2020-05-01", Some("2020-05-01")),
            ("2020/5/1前", Some("2020-05-01")),
            ("2010.5.1至2020.5.1", Some("2020-05-01")),
            ("2010年5月1日—2020年5月1日", Some("2020-05-01")),
            ("自2010年5月1日起10年", Some("2020-05-01")),
            ("2010年5月1日起，期限10年", Some("2020-05-01")),
            ("自2019年11月1日起6个月", Some("2020-05-01")),
            ("10年", None),
            ("自2010年5月1日起", None),
            ("长期", None),
            ("至本项目验收之日", None),
            ("2020年13月1日", None),
            ("20年（1份）", None),
            ("1年（自2020年5月1日起）", Some("2021-05-01")),
            ("10年，自2010年5月1日起", Some("2020-05-01")),
            ("20年（2015年5月1日定密）", None),
            ("2015年5月1日确定，二十年", None),
            ("2015年5月1日，五年", None),
            ("2015年5月1日，六个月", None),
            ("长期，2015年5月1日确定", None),
            ("2015年5月1日 至 长期", None),
            ("原至2020年5月1日，2020年4月1日延长10年", None),
            ("2015年5月1日印发，保密期限30年，变更于2020年5月1日", None),
            ("2015年5月1日，20年", None),
        ] {
            assert_eq!(of(term).as_deref(), expected, "{term}");
        }
    }

    #[test]
    fn the_word_for_all_secrets_names_no_level() {
        let of = |level: SecrecyLevel, marking: &str| {
            other_level(&SecretMarking { level, marking: marking.into(), term: "20年".into() })
        };
        for level in SecrecyLevel::ALL.iter().copied() {
            for marking in [format!("国家秘密 {}★20年", level.label()), format!("{}★20年", level.label())] {
                assert_eq!(of(level, &marking), None, "{marking}");
            }
            assert_eq!(of(level, "国家秘密"), None, "{level:?}");
        }
        assert_eq!(of(SecrecyLevel::TopSecret, "国家秘密·机密"), SecrecyLevel::ALL.get(1).copied());
    }
}
