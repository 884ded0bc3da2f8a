//! Numbers of applications and documents: their kinds, how a pattern writes one, and how it is read back.

use super::vocabulary::words;
use serde::{Deserialize, Serialize};
use std::iter::once;
use utoipa::ToSchema;

words! {
    /// A kind of number. Each kind has a series per organ and year; kinds of documents with one pattern share one.
    NumberKind {
        /// The number of an application.
        Registration = "registration", "受理编号";
        /// The number of a reply.
        Reply = "reply", "答复文号";
        /// The number of a notice to correct the application.
        Correction = "correction", "补正告知文号";
        /// The number of a notice that the reply is extended.
        Extension = "extension", "延期告知文号";
        /// The number of a letter that asks a third party or an organ for its opinion.
        Consultation = "consultation", "征求意见文号";
        /// The number of a notice of a fee.
        Fee = "fee", "收费通知文号";
        /// The number of any other notice.
        Notice = "notice", "其他告知文号";
    }
}

impl NumberKind {
    /// Whether it is the number of a document, which has a word (文种).
    #[must_use]
    pub const fn is_document(self) -> bool {
        match self {
            Self::Registration => false,
            Self::Reply | Self::Correction | Self::Extension | Self::Consultation | Self::Fee | Self::Notice => true,
        }
    }
}

/// The word of each kind of document, in place of `{word}` in the pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentWords {
    /// Of replies.
    #[schema(max_length = 20)]
    pub reply: String,
    /// Of notices to correct an application.
    #[schema(max_length = 20)]
    pub correction: String,
    /// Of notices that the reply is extended.
    #[schema(max_length = 20)]
    pub extension: String,
    /// Of letters that ask a third party or an organ for its opinion.
    #[schema(max_length = 20)]
    pub consultation: String,
    /// Of notices of a fee.
    #[schema(max_length = 20)]
    pub fee: String,
    /// Of other notices.
    #[schema(max_length = 20)]
    pub notice: String,
}

impl Default for DocumentWords {
    fn default() -> Self {
        Self {
            reply: "公开复".to_owned(),
            correction: "公开补".to_owned(),
            extension: "公开延".to_owned(),
            consultation: "公开询".to_owned(),
            fee: "公开费".to_owned(),
            notice: "公开告".to_owned(),
        }
    }
}

impl DocumentWords {
    /// The word of a kind. `None` for the number of an application, which has none.
    #[must_use]
    pub fn of(&self, kind: NumberKind) -> Option<&str> {
        match kind {
            NumberKind::Registration => None,
            NumberKind::Reply => Some(&self.reply),
            NumberKind::Correction => Some(&self.correction),
            NumberKind::Extension => Some(&self.extension),
            NumberKind::Consultation => Some(&self.consultation),
            NumberKind::Fee => Some(&self.fee),
            NumberKind::Notice => Some(&self.notice),
        }
    }
}

impl DocumentWords {
    /// Each word with its pointer among the settings.
    pub(super) fn members(&self) -> [(&'static str, &str); 6] {
        [
            ("document_words/reply", &self.reply),
            ("document_words/correction", &self.correction),
            ("document_words/extension", &self.extension),
            ("document_words/consultation", &self.consultation),
            ("document_words/fee", &self.fee),
            ("document_words/notice", &self.notice),
        ]
    }
}

/// The place of the word in a pattern.
pub const WORD: &str = "{word}";

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    /// With the least number of digits.
    Seq(usize),
    Letter(char),
}

/// The first part of a pattern and the rest of it. Braces that enclose no known place are letters.
fn first_part(pattern: &str) -> Option<(Part, &str)> {
    if let Some(rest) = pattern.strip_prefix("{year}") {
        return Some((Part::Year, rest));
    }
    if let Some(rest) = pattern.strip_prefix("{seq}") {
        return Some((Part::Seq(1), rest));
    }
    if let Some((width, rest)) = pattern.strip_prefix("{seq:").and_then(width) {
        return Some((Part::Seq(width), rest));
    }
    let letter = pattern.chars().next()?;
    Some((Part::Letter(letter), pattern.strip_prefix(letter)?))
}

/// A width of one digit, from 1 to 9, and what follows its brace.
fn width(rest: &str) -> Option<(usize, &str)> {
    let digit = rest.chars().next()?;
    let width = usize::try_from(digit.to_digit(10)?).ok().filter(|width| *width > 0)?;
    Some((width, rest.strip_prefix(digit)?.strip_prefix('}')?))
}

fn parts(pattern: &str) -> impl Iterator<Item = Part> + '_ {
    let mut rest = pattern;
    std::iter::from_fn(move || {
        let (part, left) = first_part(rest)?;
        rest = left;
        Some(part)
    })
}

/// Whether a pattern without `{word}` has both the year and the number, and no other braces.
#[must_use]
pub fn is_pattern(pattern: &str) -> bool {
    let has_year = parts(pattern).any(|part| part == Part::Year);
    let has_seq = parts(pattern).any(|part| matches!(part, Part::Seq(_)));
    has_year && has_seq && !parts(pattern).any(|part| matches!(part, Part::Letter('{' | '}')))
}

/// Writes a number. A number with fewer digits than the width of its place gets zeros in front, one with more is written
/// in full.
#[must_use]
pub fn numbered(pattern: &str, year: i32, seq: i64) -> String {
    let write = |part| match part {
        Part::Year => year.to_string(),
        Part::Seq(width) => padded(&seq.to_string(), width),
        Part::Letter(letter) => letter.to_string(),
    };
    parts(pattern).map(write).collect()
}

fn padded(seq: &str, width: usize) -> String {
    format!("{seq:0>width$}")
}

/// Reads year and number back, if the text follows the pattern. Zeros in front of the number do not matter, whatever the
/// width. [`i64::MAX`] for a number with more digits than fit.
#[must_use]
pub fn place_of(pattern: &str, number: &str) -> Option<(i32, i64)> {
    let (year, seq) = digits_of(pattern, number, (None, None))?;
    // Contains only digits, so parsing can only fail because there are too many.
    Some((year.parse().ok()?, seq.parse().unwrap_or(i64::MAX)))
}

/// The year and the number as written. A repeated year must have the same digits, a repeated number the same value.
fn digits_of<'a>(
    pattern: &str,
    number: &'a str,
    (year, seq): (Option<&'a str>, Option<&'a str>),
) -> Option<(&'a str, &'a str)> {
    const YEAR_DIGITS: usize = 4;
    let Some((part, rest)) = first_part(pattern) else { return year.zip(seq).filter(|_| number.is_empty()) };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    match (part, year, seq) {
        (Part::Year, Some(found), _) => digits_of(rest, number.strip_prefix(found)?, (year, seq)),
        (Part::Year, None, _) => {
            let found = number.get(..YEAR_DIGITS).filter(|_| digits >= YEAR_DIGITS)?;
            digits_of(rest, number.strip_prefix(found)?, (Some(found), seq))
        }
        (Part::Seq(width), _, Some(found)) => {
            let again = padded(found.trim_start_matches('0'), width);
            let same = once(found).chain(once(again.as_str()).filter(|again| *again != found));
            same.filter_map(|text| number.strip_prefix(text)).find_map(|left| digits_of(rest, left, (year, seq)))
        }
        (Part::Seq(_), _, None) => (1..=digits).rev().find_map(|end| {
            let (found, left) = number.split_at_checked(end)?;
            digits_of(rest, left, (year, Some(found)))
        }),
        (Part::Letter(letter), ..) => digits_of(rest, number.strip_prefix(letter)?, (year, seq)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_the_width_of_its_pattern() {
        assert_eq!(numbered("依申请〔{year}〕{seq}号", 2026, 7), "依申请〔2026〕7号");
        assert_eq!(numbered("依申请〔{year}〕第{seq:3}号", 2026, 1), "依申请〔2026〕第001号");
        assert_eq!(numbered("依申请〔{year}〕第{seq:3}号", 2026, 1234), "依申请〔2026〕第1234号");
        assert_eq!(numbered("{seq:1}-{year}-{seq:9}", 2026, 48), "48-2026-000000048");
        assert_eq!(numbered("{seq:0}{seq:10}{x}{year}", 2026, 48), "{seq:0}{seq:10}{x}2026", "no places");
    }

    #[test]
    fn a_pattern_has_year_and_number_and_no_other_braces() {
        for good in ["{year}{seq}", "〔{year}〕第{seq:3}号", "{seq:9}/{year}/{seq}"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            "{year}",
            "{seq}",
            "{year}{seq:03}",
            "{year}{seq:0}",
            "{year}{seq:10}",
            "{year}{seq3}",
            "{year}{seq:}",
            "{year}{seq:0>3}",
            "{year}{seq}{word}",
            "{year}{seq}}",
            "{year}{seq}{",
            "{year}{seq}{month}",
            "{year}{seq:３}",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn the_place_in_the_series_is_read_from_a_number_written_as_the_organ_writes_it() {
        let pattern = "依申请〔{year}〕{seq}号";
        assert_eq!(place_of(pattern, "依申请〔2024〕17号"), Some((2024, 17)));
        assert_eq!(place_of(pattern, "依申请〔2024〕999999999999号"), Some((2024, 999_999_999_999)));
        assert_eq!(place_of(pattern, "依申请〔2024〕9223372036854775808号"), Some((2024, i64::MAX)));
        assert_eq!(place_of(pattern, &format!("依申请〔2024〕{}号", "9".repeat(300))), Some((2024, i64::MAX)));
        assert_eq!(place_of("{year}{seq}", "20240017"), Some((2024, 17)));
        assert_eq!(place_of("{seq}{year}", "172024"), Some((2024, 17)), "the place before the year");
        assert_eq!(place_of("{year}年{year}-{seq}/{seq}", "2024年2024-17/17"), Some((2024, 17)), "each twice");
        assert_eq!(place_of("{year}年{year}-{seq}/{seq}", "2024年2023-17/17"), None);
        for other in
            ["依申请〔2024〕甲号", "依申请〔2024〕号", "旧2024-1", "依申请〔2024〕17号之一", "依申请〔24〕17号", ""]
        {
            assert_eq!(place_of(pattern, other), None, "{other}");
        }
    }

    #[test]
    fn a_number_is_read_whatever_the_width_and_written_again_as_it_was() {
        let pattern = "依申请〔{year}〕第{seq:3}号";
        for (text, seq) in [("001", 1), ("1", 1), ("0001", 1), ("048", 48), ("1234", 1234)] {
            assert_eq!(place_of(pattern, &format!("依申请〔2026〕第{text}号")), Some((2026, seq)), "{text}");
        }
        for pattern in
            ["{seq:3}{year}", "{year}{seq:4}", "{seq}-{year}-{seq:3}", "{seq:3}{seq:5}/{year}", "{seq:2}{year}{seq}"]
        {
            for seq in [1, 9, 10, 99, 100, 123_456] {
                assert_eq!(place_of(pattern, &numbered(pattern, 2026, seq)), Some((2026, seq)), "{pattern} {seq}");
            }
        }
        assert_eq!(place_of("{seq}-{year}-{seq:3}", "7-2026-008"), None, "two numbers that differ");
    }

    #[test]
    fn a_pattern_of_nothing_but_places_is_read_in_no_time() {
        let pattern = "{seq}".repeat(11) + "{year}";
        assert_eq!(place_of(&pattern, &"1".repeat(200)), None);
        assert_eq!(place_of(&pattern, &("12".repeat(11) + "2024")), Some((2024, 12)));
        let pattern = "{seq:1}{seq:2}{seq:3}{seq:4}{seq:5}".to_owned() + "{seq:9}{year}";
        assert_eq!(place_of(&pattern, &("0".repeat(200) + "号")), None);
    }
}
