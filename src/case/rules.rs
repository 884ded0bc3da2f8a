//! The settings that an organ may choose where the law leaves room.

use super::numbering::{DocumentWords, NumberKind, WORD, is_pattern};
use super::text;
use crate::case::vocabulary::ReviewKind;
use crate::law::{ClockOptions, Regime, WarningThresholds};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// Which annual report an organ owes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnualReport {
    /// A department's, by 31 January.
    #[default]
    Department,
    /// A government's, by 31 March.
    Government,
    /// None of its own.
    None,
}

/// Settings an organ may choose where the law leaves room; the defaults are the readings of law.md (c).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OrganRules {
    /// Working days a department has for its opinion.
    #[schema(minimum = 1, maximum = 20)]
    pub task_days: u16,
    /// Steps a proposal has to pass, in order.
    pub review_chain: Vec<ReviewKind>,
    /// Whether the day an opinion comes back counts again (C-4; default: it does not).
    pub count_return_day: bool,
    /// Whether an organ's opinion stops the clock under Order 492 (default: third parties only).
    pub organ_stops_492: bool,
    /// Under Order 492 a correction notice stops the clock until the correction arrives (default: it is a reply, and the
    /// corrected text a new application; C-7).
    pub correction_pauses_492: bool,
    /// Yellow from this many working days left.
    #[schema(maximum = 365)]
    pub yellow_days: u32,
    /// Black from this many calendar days overdue.
    #[schema(maximum = 365)]
    pub black_days: u32,
    /// How a 受理编号 is written: {year}, and {seq} or, with at least three digits, {seq:3}.
    #[schema(max_length = 60)]
    pub number_pattern: String,
    /// How the number of a document is written: {year}, {seq} or {seq:3}, and {word} for the word of its kind.
    #[schema(max_length = 60)]
    pub document_pattern: String,
    /// The word of each kind of document. Kinds with one word share one series.
    pub document_words: DocumentWords,
    /// Which annual report the organ owes.
    pub annual_report: AnnualReport,
    /// Court named in the remedies paragraph.
    #[schema(max_length = 100)]
    pub court: String,
    /// Reconsideration organ named in the remedies paragraph.
    #[schema(max_length = 100)]
    pub reconsideration_organ: String,
    /// Where reconsideration is applied for online; named in replies that are served online (《行政复议法》第二十二条第二款).
    /// Empty: nowhere.
    #[schema(max_length = 100)]
    pub reconsideration_online: String,
}

impl Default for OrganRules {
    fn default() -> Self {
        Self {
            task_days: 7,
            review_chain: vec![ReviewKind::SectionHead, ReviewKind::Secrecy, ReviewKind::Legal, ReviewKind::Leader],
            count_return_day: false,
            organ_stops_492: false,
            correction_pauses_492: false,
            yellow_days: 5,
            black_days: 30,
            number_pattern: "依申请〔{year}〕{seq}号".to_owned(),
            document_pattern: DOCUMENT_PATTERN.to_owned(),
            document_words: DocumentWords::default(),
            annual_report: AnnualReport::Department,
            court: "有管辖权的人民法院".to_owned(),
            reconsideration_organ: "本级人民政府".to_owned(),
            reconsideration_online: String::new(),
        }
    }
}

/// The pattern of documents whose own pattern has no place for the word.
const DOCUMENT_PATTERN: &str = "{word}〔{year}〕{seq}号";

/// The longest a threshold or an internal period may be, days.
const LONGEST: u32 = 365;

/// Whether numbers of this pattern differ. `word` is the place that may stand in it beside year and number.
fn is_good_pattern(pattern: &str, word: &str) -> bool {
    let rest = if word.is_empty() { pattern.to_owned() } else { pattern.replace(word, "") };
    is_pattern(&rest) && pattern.chars().count() <= 60
}

fn is_good_word(word: &str) -> bool {
    let is_line = text::line_flaw(word).is_none() && text::is_visible(word);
    is_line && word.chars().count() <= 20 && !word.contains(['{', '}'])
}

/// The longest a setting of one line may be, characters.
const LONGEST_LINE: usize = 100;

impl OrganRules {
    /// The settings that no case could be decided by, each with what is wrong.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        if !(1..=20).contains(&self.task_days) {
            faults.push(("task_days", "科室反馈期限为1至20个工作日"));
        }
        if self.yellow_days > LONGEST {
            faults.push(("yellow_days", "不得超过365"));
        }
        if !(1..=LONGEST).contains(&self.black_days) {
            faults.push(("black_days", "应为1至365"));
        }
        let mut steps = self.review_chain.clone();
        steps.sort_unstable();
        steps.dedup();
        if steps.is_empty() || steps.len() != self.review_chain.len() {
            faults.push(("review_chain", "至少一个审核环节，且不得重复：拟办人不得自行审定"));
        }
        for (member, line) in self.lines() {
            if text::line_flaw(line).is_some() || line.chars().count() > LONGEST_LINE {
                faults.push((member, "应为一行，不超过100字，不得包含换行和看不见的字符：它会写入编号、信函和日历"));
            }
        }
        if !is_good_pattern(&self.number_pattern, "") {
            let detail = "须含 {year} 和 {seq}（或者写明至少几位的 {seq:3}，1至9位），不得有其他花括号，不超过60字，否则编号会重复";
            faults.push(("number_pattern", detail));
        }
        if !is_good_pattern(&self.document_pattern, WORD) {
            let detail = "须含 {year} 和 {seq}（或者写明至少几位的 {seq:3}，1至9位），文种字用 {word}，不得有其他花括号，\
                          不超过60字，否则编号会重复";
            faults.push(("document_pattern", detail));
        }
        for (member, word) in self.document_words.members() {
            if !is_good_word(word) {
                faults.push((member, "文种字应为1至20个字的一行，不得包含花括号、换行和看不见的字符：它会写入文号"));
            }
        }
        faults
    }

    /// The pattern of a kind of number, with its word in place. Documents other than replies take the default pattern
    /// where the organ's has no `{word}`: the number would be that of a reply.
    #[must_use]
    pub fn pattern_of(&self, kind: NumberKind) -> Cow<'_, str> {
        let Some(word) = self.document_words.of(kind) else { return Cow::Borrowed(&self.number_pattern) };
        let has_word = kind == NumberKind::Reply || self.document_pattern.contains(WORD);
        let pattern = if has_word { self.document_pattern.as_str() } else { DOCUMENT_PATTERN };
        Cow::Owned(pattern.replace(WORD, word))
    }

    /// The kind under which a kind of number is counted: the first kind of document with the same pattern, so that one
    /// word has one series.
    #[must_use]
    pub fn series_of(&self, kind: NumberKind) -> NumberKind {
        let pattern = self.pattern_of(kind);
        let shares = |other: &NumberKind| other.is_document() && self.pattern_of(*other) == pattern;
        let first = NumberKind::ALL.iter().copied().find(shares);
        first.filter(|_| kind.is_document()).unwrap_or(kind)
    }

    /// The settings that are one line of text.
    fn lines(&self) -> [(&'static str, &str); 5] {
        [
            ("number_pattern", &self.number_pattern),
            ("document_pattern", &self.document_pattern),
            ("court", &self.court),
            ("reconsideration_organ", &self.reconsideration_organ),
            ("reconsideration_online", &self.reconsideration_online),
        ]
    }

    /// The clock's settings.
    #[must_use]
    pub const fn clock_options(&self) -> ClockOptions {
        ClockOptions {
            count_return_day: self.count_return_day,
            organ_stops_492: self.organ_stops_492,
            correction_pauses_492: self.correction_pauses_492,
        }
    }

    /// Whether a correction can be asked for within the procedure (C-7): under Order 492 only where the organ says so.
    #[must_use]
    pub const fn has_correction(&self, regime: Regime) -> bool {
        match regime {
            Regime::Order492 => self.correction_pauses_492,
            Regime::Order711 => true,
        }
    }

    /// The thresholds of the warning levels.
    #[must_use]
    pub const fn warning_thresholds(&self) -> WarningThresholds {
        WarningThresholds { yellow_days: self.yellow_days, black_days: self.black_days }
    }
}
