//! Numbers of a report's prose with what they count.

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// 一.
    Received,
    /// 二.
    Carried,
    /// （七）.
    Results,
    /// 四.
    Pending,
    /// Groups of results, by the beginning of their label.
    Outcomes(&'static [&'static str]),
    /// 自然人 (true), or the legal persons and other organisations together.
    Kinds(bool),
    /// Blocks of table four, by the beginning of their label.
    Remedies(&'static [&'static str]),
}

impl Subject {
    /// The groups of rows it is the sum of.
    pub(super) const fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Outcomes(groups) => groups,
            Self::Received | Self::Carried | Self::Results | Self::Pending | Self::Kinds(_) | Self::Remedies(_) => &[],
        }
    }
}

/// A number with the words around it, up to the next punctuation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub before: String,
    pub number: u32,
    pub subject: Option<Subject>,
    /// 信息处理费, yuan.
    pub is_fee: bool,
}

/// What words mean, the more particular first: any of the words, and none of the others.
const WORDS: [(&[&str], &[&str], Subject); 15] = [
    (&["复议、诉讼", "复议和诉讼", "相关案件"], &[], Subject::Remedies(&["行政复议", "行政诉讼"])),
    (&["诉讼"], &["维持", "纠", "起诉", "无行政诉讼"], Subject::Remedies(&["行政诉讼"])),
    (&["复议"], &["维持", "纠", "诉讼", "起诉"], Subject::Remedies(&["行政复议"])),
    (&["予以公开及部分公开", "公开或部分公开", "公开和部分公开"], &[], Subject::Outcomes(&["三(一)", "三(二)"])),
    (&["部分公开"], &[], Subject::Outcomes(&["三(二)"])),
    (&["不予公开", "不同意公开"], &[], Subject::Outcomes(&["三(三)"])),
    (&["不予处理"], &[], Subject::Outcomes(&["三(五)"])),
    (&["无法提供"], &[], Subject::Outcomes(&["三(四)"])),
    (&["其他处理"], &[], Subject::Outcomes(&["三(六)"])),
    (&["予以公开", "同意公开"], &["不"], Subject::Outcomes(&["三(一)"])),
    (&["结转下", "转下", "顺延到下"], &[], Subject::Pending),
    (&["结转"], &["下"], Subject::Carried),
    (&["自然人申请"], &[], Subject::Kinds(true)),
    (&["法人或其他组织申请", "法人和其他组织申请"], &[], Subject::Kinds(false)),
    (&["办结", "答复", "共办理", "完成"], &["复议", "诉讼", "维持"], Subject::Results),
];

const RECEIVING: [&str; 4] = ["收到", "受理", "接收", "新收"];
const NOT_RECEIVING: [&str; 8] = ["未收到", "复议", "诉讼", "当面", "网", "信函", "来信", "举报"];

fn subject(before: &str, after: &str) -> Option<Subject> {
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    if before.contains("申请") && has(before, &RECEIVING) && !has(before, &NOT_RECEIVING) {
        return Some(Subject::Received);
    }
    let meant = |text: &str| {
        WORDS.iter().find(|(any, none, _)| has(text, any) && !has(text, none)).map(|(.., subject)| *subject)
    };
    meant(before).or_else(|| meant(after).filter(|subject| *subject == Subject::Pending))
}

fn ends_clause(letter: char) -> bool {
    "，。；、：！？…,;:!?（）()“”".contains(letter)
}

/// Every number of 件, 份 or 元 in the prose.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let letters: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let digits = letters.iter().skip(at).take_while(|letter| letter.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let end = at + digits;
        let is_fraction =
            letters.get(end) == Some(&'.') || at.checked_sub(1).and_then(|before| letters.get(before)) == Some(&'.');
        let unit = letters.get(end).copied().unwrap_or(' ');
        let number: Option<u32> = letters.iter().skip(at).take(digits).collect::<String>().parse().ok();
        if let Some(number) = number.filter(|_| !is_fraction && "件份元".contains(unit)) {
            let start = letters.iter().take(at).rposition(|letter| ends_clause(*letter)).map_or(0, |mark| mark + 1);
            let before: String = letters.iter().take(at).skip(start).collect();
            let after: String = letters.iter().skip(end + 1).take_while(|letter| !ends_clause(**letter)).collect();
            let is_money = unit == '元';
            let subject = if is_money { None } else { subject(&before, &after) };
            found.push(Clause { is_fee: is_money && before.contains("处理费"), before, number, subject });
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_what_the_words_before_it_say() {
        for (text, number, expected) in [
            ("全年收到政府信息公开申请 34 件", 34, Some(Subject::Received)),
            ("2024年县局收到依申请公开5件", 5, Some(Subject::Received)),
            ("接收到申请书55份", 55, Some(Subject::Received)),
            ("通过网络申请1303件", 1303, None),
            ("共收到行政复议案件1件", 1, Some(Subject::Remedies(&["行政复议"]))),
            ("维持具体行政行为1件", 1, None),
            ("（含上年度结转申请18件", 18, Some(Subject::Carried)),
            ("(含2022年结转的3件)", 3, Some(Subject::Carried)),
            ("另有72件申请按照《条例》顺延到下年度答复）", 72, Some(Subject::Pending)),
            ("结转下一年 31 件", 31, Some(Subject::Pending)),
            ("1件结转下一年度继续办理外", 1, Some(Subject::Pending)),
            ("所有办结的信息公开申请中同意公开答复 9 件", 9, Some(Subject::Outcomes(&["三(一)"]))),
            ("无法提供的 10 件", 10, Some(Subject::Outcomes(&["三(四)"]))),
            ("答复政府信息公开申请805件", 805, Some(Subject::Results)),
            ("主动公开200件", 200, None),
        ] {
            let found = clauses(text);
            assert_eq!(
                found.iter().map(|clause| (clause.number, clause.subject)).collect::<Vec<_>>(),
                [(number, expected)],
                "{text}"
            );
        }
    }

    #[test]
    fn shares_years_and_other_units_are_no_counts() {
        assert_eq!(clauses("占86.92%，2022年，12.3%，12.5件，收到申请1条"), []);
        let fee = clauses("全年收取政府信息公开信息处理费380元");
        assert!(fee.iter().all(|clause| clause.is_fee && clause.number == 380) && fee.len() == 1);
    }
}
