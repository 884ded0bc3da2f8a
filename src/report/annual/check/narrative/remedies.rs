//! The figures of table four that words name: a block, or one result of it.

use super::clause::{Clause, Subject, Words, ends_clause, has, speaks_of_applications};

/// Blocks of table four together, and one of their results if the words name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remedies {
    /// By the beginning of their label.
    pub blocks: &'static [&'static str],
    /// The column; `None` for 总计.
    pub result: Option<&'static str>,
}

impl Remedies {
    /// The whole that it is a part of; `None` for a whole.
    pub(super) fn whole(self) -> Option<Self> {
        let is_kind_of_suit = self.blocks == DIRECT || self.blocks == AFTER;
        match self.result {
            Some(_) => Some(Self { result: None, ..self }),
            None => is_kind_of_suit.then_some(Self { blocks: SUITS, result: None }),
        }
    }
}

const BOTH: &[&str] = &["行政复议", "行政诉讼"];
const RECONSIDERATION: &[&str] = &["行政复议"];
const SUITS: &[&str] = &["行政诉讼"];
const DIRECT: &[&str] = &["行政诉讼-未经复议直接起诉"];
const AFTER: &[&str] = &["行政诉讼-复议后起诉"];

/// Words of a suit without reconsideration before it.
const OF_DIRECT: &[&str] = &["未经行政复议", "未经复议", "直接提起行政诉讼", "直接提起诉讼", "直接起诉"];
/// Words of a suit after reconsideration.
const OF_AFTER: &[&str] = &[
    "经行政复议后",
    "经复议后",
    "行政复议后起诉",
    "复议后起诉",
    "行政复议后提起",
    "复议后提起",
    "复议后诉讼",
    "复议后再",
    "复议后又",
];
/// Words that name blocks, the longer first.
pub(super) const WORDS: &[&str] = &[
    "未经行政复议",
    "未经复议",
    "直接提起行政诉讼",
    "直接提起诉讼",
    "直接起诉",
    "行政复议后",
    "复议后",
    "行政复议",
    "行政诉讼",
    "复议",
    "诉讼",
    "起诉",
    "相关案件",
];
/// Results with their words, the longer first.
const RESULTS: [(&str, &str); 12] = [
    ("结果维持", "结果维持"),
    ("维持", "结果维持"),
    ("结果纠正", "结果纠正"),
    ("被依法纠错", "结果纠正"),
    ("被依法纠正", "结果纠正"),
    ("被纠错", "结果纠正"),
    ("被纠正", "结果纠正"),
    ("纠错", "结果纠正"),
    ("纠正", "结果纠正"),
    ("其他结果", "其他结果"),
    ("尚未审结", "尚未审结"),
    ("未审结", "尚未审结"),
];
/// How a remedy ended, or how far it is, in words that are no column of the table.
const PARTS: &[&str] = &[
    "纠",
    "驳回",
    "撤诉",
    "撤销",
    "答复",
    "通知书",
    "意见书",
    "材料",
    "新增",
    "上年",
    "撤回",
    "终止",
    "终结",
    "审结",
    "未结",
    "结案",
    "败诉",
    "胜诉",
    "确认违法",
    "责令",
    "调解",
    "无行政",
    "一审",
    "二审",
    "再审",
    "应诉",
    "答辩",
    "结转",
    "行政机关负责人",
    "出庭",
    "其他类",
    "公益",
    "民事",
    "刑事",
    "赔偿",
];

/// The blocks that words name.
pub(super) fn blocks(text: &str) -> Option<&'static [&'static str]> {
    let (direct, after) = (has(text, OF_DIRECT), has(text, OF_AFTER));
    let mut rest = text.to_owned();
    remove(&mut rest, OF_DIRECT);
    remove(&mut rest, OF_AFTER);
    // 行政复议和复议后起诉: one figure for both.
    let is_more = rest.contains("复议");
    match (direct, after) {
        (true, _) | (_, true) if is_more => None,
        (true, true) => Some(SUITS),
        (true, false) => Some(DIRECT),
        (false, true) => Some(AFTER),
        (false, false) => match (text.contains("复议"), text.contains("诉讼")) {
            (true, true) => Some(BOTH),
            (true, false) => Some(RECONSIDERATION),
            (false, true) => Some(SUITS),
            (false, false) => text.contains("相关案件").then_some(BOTH),
        },
    }
}

fn remove(text: &mut String, words: &[&str]) {
    for word in words {
        *text = text.replace(word, "");
    }
}

/// The result that words name, and the words without it; `None` for none or several.
pub(super) fn result(text: &str) -> Option<(&'static str, String)> {
    let mut rest = text.to_owned();
    let mut found = Vec::new();
    for (word, column) in RESULTS {
        if rest.contains(word) {
            rest = rest.replace(word, "");
            found.push(column);
        }
    }
    found.dedup();
    let [column] = found.as_slice() else { return None };
    Some((*column, rest))
}

/// Whether the words before a number speak of remedies, or of how one ended in a sentence about remedies.
pub(super) fn are_meant(words: Words<'_>) -> bool {
    let is_named = |text: &str| blocks(text).is_some() || has(text, &["复议", "诉讼"]);
    is_named(words.before) || result(words.before).is_some() && is_named(words.sentence)
}

/// What a number of reconsiderations or suits counts; sure only where the sentence speaks of information, or in the words of
/// the form.
pub(super) fn placed(words: Words<'_>, earlier: &[Clause]) -> Option<(Subject, bool)> {
    let Words { before, after, sentence, period, .. } = words;
    let (result, rest) = result(before).map_or((None, before.to_owned()), |(column, rest)| (Some(column), rest));
    if has(&rest, PARTS) || has(after, &["维持", "纠", "驳回", "撤", "尚未"]) || has(&rest, &["咨询", "工单", "收费"])
    {
        return None;
    }
    let blocks = blocks(before).or_else(|| of_sentence(sentence, earlier))?;
    // 因政府信息公开被申请行政复议1件；被提起行政诉讼2件.
    let is_of_information = speaks_of_applications(period);
    let remedies = Remedies { blocks, result };
    let is_kind_of_suit = result.is_none() && remedies.whole().is_some();
    // 行政诉讼37件，其中未经复议直接起诉30件: all suits of the office, perhaps.
    let has_whole = earlier
        .iter()
        .any(|clause| matches!(clause.subject, Some(Subject::Remedies(of)) if Some(of) == remedies.whole()));
    let is_part = sentence.contains("其中") && result.is_none() && !is_kind_of_suit;
    let is_sure = is_kind_of_suit && !has_whole || is_of_information && !is_part;
    Some((Subject::Remedies(remedies), is_sure))
}

/// The blocks of a result that names none: those of the words before its bracket, or of the sentence if it speaks of only one
/// kind.
fn of_sentence(sentence: &str, earlier: &[Clause]) -> Option<&'static [&'static str]> {
    let open = sentence.rfind(['（', '(']).filter(|open| sentence.rfind(['）', ')']).is_none_or(|close| close < *open));
    if let Some(found) = open.and_then(|open| sentence.get(..open)?.rsplit(ends_clause).next().and_then(blocks)) {
        return Some(found);
    }
    let mut found: Vec<&'static [&'static str]> = sentence.split(ends_clause).filter_map(blocks).collect();
    for clause in earlier {
        if let Some(Subject::Remedies(remedies)) = clause.subject {
            found.push(remedies.blocks);
        }
    }
    found.sort_unstable();
    found.dedup();
    let [blocks] = found.as_slice() else { return None };
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_a_block_and_its_result() {
        for (text, expected) in [
            ("行政复议", Some(RECONSIDERATION)),
            ("引发的行政诉讼", Some(SUITS)),
            ("行政复议和行政诉讼", Some(BOTH)),
            ("未经复议直接起诉", Some(DIRECT)),
            ("未经行政复议直接提起行政诉讼", Some(DIRECT)),
            ("复议后起诉", Some(AFTER)),
            ("经行政复议后提起行政诉讼", Some(AFTER)),
            ("未经复议直接起诉和复议后起诉", Some(SUITS)),
            ("行政复议和复议后起诉", None),
            ("收到申请", None),
        ] {
            assert_eq!(blocks(text), expected, "{text}");
        }
        assert_eq!(result("行政复议结果维持"), Some(("结果维持", "行政复议".to_owned())));
        assert_eq!(result("维持和纠正"), None);
        assert_eq!(result("驳回"), None);
    }
}
