//! Numbers of a report's prose with what they count. A number is judged only where its words leave no doubt what it counts:
//! reports also tell of other years, of parts of the year, of ways in, of steps, and of business that is no application.

use super::bodies::{self, Whose};
use super::bounds::{self, Claim};
use super::numerals::{MORE, Plain, is_unit};
use super::remedies::{self, Remedies};
use super::rows;

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// 一.
    Received,
    /// 二.
    Carried,
    /// （七）.
    Results,
    /// 四.
    Pending,
    /// Rows and groups of results together, by the beginning of their label.
    Outcomes(Vec<&'static str>),
    /// Every application that has ended, of which the prose says that it ended in one of these rows or groups.
    Entire(Vec<&'static str>),
    /// 自然人 (true), or the legal persons and other organisations together.
    Kinds(bool),
    /// Figures of table four.
    Remedies(Remedies),
}

impl Subject {
    /// The rows and groups it is the sum of, by the beginning of their label.
    pub(super) fn labels(&self) -> &[&'static str] {
        match self {
            Self::Outcomes(labels) | Self::Entire(labels) => labels,
            Self::Received | Self::Carried | Self::Results | Self::Pending | Self::Kinds(_) | Self::Remedies(_) => &[],
        }
    }
}

/// A number with the words around it, up to the next punctuation marks; or a statement in words: 未发生行政复议.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// Where the number begins, in letters.
    pub at: usize,
    /// Where it ends, with its unit.
    pub end: usize,
    /// The words before it, behind any number before it.
    pub before: String,
    /// The number as the source prints it, with its unit; empty for a statement in words.
    pub printed: String,
    /// The number.
    pub number: u32,
    /// What the number claims: 200余件 claims less than 200件.
    pub claim: Claim,
    /// What it counts, as far as its words say.
    pub subject: Option<Subject>,
    /// Whether it can count nothing else: then it must be that of the table.
    pub is_sure: bool,
    /// The number it is a part of: 行政复议2件，其中维持1件.
    pub whole: Option<u32>,
    /// Whether it says nought, or all, in words.
    pub is_worded: bool,
    /// 信息处理费, yuan.
    pub is_fee: bool,
}

/// The words around a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    /// Before it, up to a punctuation mark or another number.
    pub before: &'a str,
    /// As `before`, but past the marks of a list: 予以公开、部分公开.
    pub list: &'a str,
    /// Behind it, up to a punctuation mark.
    pub after: &'a str,
    /// The sentence up to the number.
    pub sentence: &'a str,
    /// As `sentence`, but past semicolons.
    pub period: &'a str,
    /// The year of the report.
    pub year: i32,
}

/// Words of a comparison: the number is a difference, a share or a mean.
pub(super) const COMPARED: &[&str] = &[
    "同比", "环比", "相比", "较上", "较去", "较前", "比上", "比去", "比前", "增加", "减少", "增长", "下降", "上升",
    "回落", "平均", "占", "多于", "少于", "超过", "以上", "近年", "历年", "累计", "分别",
];
/// Words of other years. 上年结转 is recognised before these.
pub(super) const OTHER_YEARS: &[&str] = &[
    "上年",
    "上一年",
    "去年",
    "前年",
    "上年度",
    "同期",
    "往年",
    "历年",
    "近三年",
    "近两年",
    "三年来",
    "以来累计",
    "次年",
    "下年",
    "明年",
];
/// Words of a part of the year.
pub(super) const PARTS_OF_YEAR: &[&str] = &["上半年", "下半年", "季度", "当月", "每月", "月均", "年初", "年中"];
/// Words of time kept or not, of ways in and of steps: their numbers are not in the table.
pub(super) const NOT_IN_TABLE: &[&str] = &[
    "逾期",
    "超期",
    "超时",
    "延期",
    "延长",
    "按期",
    "按时",
    "如期",
    "及时",
    "工作日",
    "期限内",
    "时限内",
    "期内",
    "提前",
    "当场",
    "即时",
    "当日",
    "当天",
    "通过",
    "平台",
    "网",
    "系统",
    "信函",
    "来信",
    "信件",
    "邮寄",
    "邮件",
    "邮箱",
    "传真",
    "当面",
    "现场",
    "窗口",
    "来访",
    "来电",
    "电话",
    "口头",
    "线上",
    "线下",
    "咨询",
    "补正",
    "更改",
    "补充",
    "征求",
    "征询",
    "收费",
    "缴费",
    "转办",
    "移送",
    "移交",
    "协查",
    "会商",
    "沟通",
    "回访",
    "重点",
    "涉及",
    "关于",
    "主要",
    "热点",
    "疑难",
    "复杂",
    "批量",
];
/// Words of other business.
pub(super) const OTHER_BUSINESS: &[&str] = &[
    "工单",
    "热线",
    "来访",
    "信访件",
    "建议",
    "提案",
    "议案",
    "留言",
    "信箱",
    "投诉",
    "举报",
    "咨询",
    "许可",
    "审批",
    "文件",
    "公文",
    "政策",
    "解读",
    "稿件",
    "公报",
    "公告",
    "督办",
    "处罚",
    "检查",
    "登记申请",
    "不动产",
    "行政确认",
    "执行",
    "仲裁",
    "赔偿",
    "国家赔偿",
    "听证",
    "证明",
    "主动公开",
    "公开目录",
    "公开指南",
    "问卷",
    "查询",
    "查阅",
];
/// Words by which prose speaks of applications for information.
const OF_APPLICATIONS: &[&str] = &["信息公开", "依申请", "公开申请", "信息依申请", "申请公开", "信息申请"];

pub(super) const RECEIVING: [&str; 5] = ["收到", "受理", "接收", "新收", "接到"];
/// Words behind which a list divides what has ended, or what is left.
const ENDED: &[&str] = &["办结", "结转", "答复", "未办结"];

/// Words of some applicants: their part of a result is a cell of its row.
const APPLICANTS: &[&str] = &["自然人", "法人", "企业", "公民", "律师", "科研机构", "公益组织"];
/// Words behind a number that make it no count of applications: 办理十件实事.
const OF_DEEDS: &[&str] = &["实事", "大事", "民生"];

pub(super) fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Whether words speak of applications for information.
pub(super) fn speaks_of_applications(text: &str) -> bool {
    has(text, OF_APPLICATIONS)
}

/// What a number counts, and whether it can count nothing else.
fn placed(words: Words<'_>, earlier: &[Clause]) -> Option<(Subject, bool)> {
    let Words { before, after, list, sentence, year, .. } = words;
    if has(before, COMPARED) || has(after, OF_DEEDS) || is_of_another_time(sentence, year) {
        return None;
    }
    if remedies::are_meant(words) {
        return remedies::placed(words, earlier);
    }
    if let Some(found) = handed_on(before, year).or_else(|| handed_on_behind(after, year)) {
        return Some(found);
    }
    if is_of_a_part(sentence) {
        return None;
    }
    if let Some(named) = rows::named(list, sentence) {
        let is_other = is_of_other_things(&named.rest) || has(&named.rest, APPLICANTS) || named.labels.is_empty();
        return (!is_other).then_some((Subject::Outcomes(named.labels), named.is_sure));
    }
    if is_of_other_things(before) || rows::has_ground(before) {
        return None;
    }
    kinds(words).or_else(|| stage(words))
}

/// Words of other years, of steps and ways in, or of other business.
pub(super) fn is_of_other_things(text: &str) -> bool {
    has(text, OTHER_YEARS) || has(text, NOT_IN_TABLE) || has(text, OTHER_BUSINESS)
}

/// Whether a sentence speaks of another year, or of a part of one.
pub(super) fn is_of_another_time(sentence: &str, year: i32) -> bool {
    speaks_of_another_year(sentence, year) || has(sentence, PARTS_OF_YEAR) || is_part_of_year(sentence)
}

/// 自然人, and all other applicants.
fn kinds(words: Words<'_>) -> Option<(Subject, bool)> {
    let Words { before, sentence, .. } = words;
    let is_natural = before.contains("自然人申请") || before.ends_with("自然人");
    if !is_natural && !has(before, &["法人或其他组织申请", "法人和其他组织申请", "法人或者其他组织申请"])
    {
        return None;
    }
    // 予以公开10件，其中自然人9件 divides a result.
    let is_of_received = !has(sentence, ENDED) && rows::named(sentence, sentence).is_none();
    is_of_received.then_some((Subject::Kinds(is_natural), speaks_of_applications(sentence)))
}

/// What came in, is open or has ended.
fn stage(words: Words<'_>) -> Option<(Subject, bool)> {
    let Words { before, after, sentence, .. } = words;
    let is_of_applications = speaks_of_applications(sentence);
    let is_part = sentence.contains("其中");
    let is_divided =
        before.contains("自然人") || has(before, &["法人或其他组织申请", "法人和其他组织申请", "法人或者其他组织申请"]);
    if is_divided || has(before, &["未收到", "没有收到", "未接到"]) {
        return None;
    }
    if has(before, &RECEIVING) && (before.contains("申请") || APPLICATIONS.contains(&after)) {
        // What one office of several received, or a kind of application.
        return (!is_part).then_some((Subject::Received, is_of_applications || speaks_of_applications(after)));
    }
    if has(before, &["未办结", "未办理", "未答复", "未完成", "正在办理", "在办", "办理中", "尚在", "待办"])
    {
        return Some((Subject::Pending, false));
    }
    if is_part {
        return None;
    }
    if has(before, &["办结", "办理完毕", "办复"]) {
        return Some((Subject::Results, is_of_applications));
    }
    // What is answered, or handled, may leave out what ended without a reply, or hold what is still open.
    has(before, &["答复", "共办理", "完成"]).then_some((Subject::Results, false))
}

/// What follows the number where the words before it only say that something came: 收到20件政府信息公开申请.
const APPLICATIONS: [&str; 9] = [
    "申请",
    "政府信息公开申请",
    "信息公开申请",
    "依申请公开申请",
    "政府信息依申请公开申请",
    "政府信息公开的申请",
    "依申请公开",
    "政府信息依申请公开",
    "依申请公开件",
];

/// Whether 其中 divides a figure that is not in the table: 网络申请8件，其中予以公开4件.
fn is_of_a_part(sentence: &str) -> bool {
    let Some((head, _)) = sentence.rsplit_once("其中") else { return false };
    let head = head.trim_end_matches(ends_clause);
    let whole = head.rsplit(ends_clause).next().unwrap_or_default();
    // 上年结转3件，其中予以公开2件; but 收到20件，上年结转3件，其中予以公开10件 divides both.
    let is_of_carried = whole.contains("结转") && !has(head, &RECEIVING) && !has(head, &["办结"]);
    has(whole, NOT_IN_TABLE) || has(whole, OTHER_BUSINESS) || has(whole, &["自然人", "法人", "企业"]) || is_of_carried
}

/// Words of what is left to the next year.
const FORWARD: &[&str] = &[
    "结转下",
    "结转至下",
    "结转到下",
    "结转入下",
    "转下年",
    "转下一年",
    "转入下年",
    "转入下一年",
    "转至下年",
    "转至下一年",
    "顺延到下",
    "顺延至下",
    "结转次年",
    "结转至次年",
    "结转明年",
    "结转到明年",
];
/// Words that need the next year beside them.
const TURNED: &[&str] = &["结转", "转入", "转至", "转到", "顺延"];

/// 上年结转, 结转下年: rows two and four.
pub(super) fn handed_on(before: &str, year: i32) -> Option<(Subject, bool)> {
    let next = year.saturating_add(1).to_string();
    let last = year.saturating_sub(1).to_string();
    let is_forward = has(before, FORWARD) || (has(before, TURNED) && before.contains(&next));
    if is_forward {
        return Some((Subject::Pending, true));
    }
    if !before.contains("结转") {
        return None;
    }
    let is_back = has(before, &["上年", "上一年", "去年", "以前年度", "往年"]) || before.contains(&last);
    // Of those carried over so many were closed by then: a part.
    let is_part = has(before, &["办结", "答复", "办理", "完成", "其中"]) && !has(before, &["包括", "含"]);
    is_back.then_some((Subject::Carried, !is_part))
}

/// 1件结转下年, 72件申请按照《条例》顺延到下年度答复.
fn handed_on_behind(after: &str, year: i32) -> Option<(Subject, bool)> {
    let (subject, is_sure) = handed_on(after, year).filter(|(subject, _)| *subject == Subject::Pending)?;
    Some((subject, is_sure && !has(after, &["上年", "上一年"])))
}

/// Whether the last year that the sentence names before the number is not that of the report. Years of a carry-over and of a
/// document do not count.
fn speaks_of_another_year(sentence: &str, year: i32) -> bool {
    let mut last = None;
    for (at, _) in sentence.match_indices('年') {
        let Some(digits) = sentence.get(..at).and_then(|head| head.get(head.len().checked_sub(4)?..)) else { continue };
        let Ok(named) = digits.parse::<i32>() else { continue };
        let behind = sentence.get(at..).unwrap_or_default();
        let head = sentence.get(..at.saturating_sub(4)).unwrap_or_default();
        let is_carry = behind.trim_start_matches(['年', '度', '底', '末']).starts_with("结转")
            || head.ends_with(['至', '到', '入', '转'])
            || head.ends_with("结转");
        // 与2022年相比: the sentence goes on with the year of the report.
        let is_compared = head.ends_with(['与', '较', '比', '同']);
        if !is_carry && !is_compared {
            last = Some(named);
        }
    }
    last.is_some_and(|named| named != year)
}

/// 1月至6月, 5月份, 截至3月31日; but 1月1日至12月31日 is the whole year.
fn is_part_of_year(sentence: &str) -> bool {
    let whole = sentence
        .replace("1月1日", "")
        .replace("12月31日", "")
        .replace("1月至12月", "")
        .replace("1至12月", "")
        .replace("1-12月", "")
        .replace("12月底", "");
    let is_month = |(at, _): (usize, &str)| {
        whole.get(..at).is_some_and(|head| head.ends_with(|letter: char| letter.is_ascii_digit()))
    };
    whole.match_indices('月').any(is_month)
}

pub(super) fn ends_clause(letter: char) -> bool {
    "，。；、：！？…,;:!?（）()“”".contains(letter)
}

pub(super) fn ends_sentence(letter: char) -> bool {
    "。；！？;!?".contains(letter)
}

/// Letters read before a number. People write no longer sentences.
pub(super) const CONTEXT: usize = 1000;

/// Where a clause begins, for a number at a place.
struct Edges {
    /// Behind the last number.
    number: usize,
    clause: usize,
    /// As `clause`, but past the marks of a list.
    list: usize,
    sentence: usize,
    /// As `sentence`, but past semicolons.
    period: usize,
}

impl Edges {
    fn of(letters: &[char], at: usize, behind: usize) -> Self {
        let nearest = at.saturating_sub(CONTEXT);
        let edge = |from: usize, ends: &dyn Fn(char) -> bool| {
            let near = letters.get(nearest..from).unwrap_or_default();
            near.iter().rposition(|letter| ends(*letter)).map_or(nearest, |mark| nearest + mark + 1)
        };
        let from = bracket_of_remedies(letters, at, behind).unwrap_or(at);
        Self {
            number: behind,
            clause: edge(from, &ends_clause).max(behind),
            list: edge(from, &|letter| ends_clause(letter) && letter != '、').max(behind),
            sentence: edge(at, &ends_sentence),
            period: edge(at, &|letter| ends_sentence(letter) && letter != '；' && letter != ';'),
        }
    }
}

/// Where the bracket directly before a number begins, if it tells suits apart: 行政诉讼（未经复议直接起诉）1件.
fn bracket_of_remedies(letters: &[char], at: usize, behind: usize) -> Option<usize> {
    let close = at.checked_sub(1).filter(|close| matches!(letters.get(*close), Some('）' | ')')))?;
    let open = letters.iter().take(close).rposition(|letter| matches!(letter, '（' | '('))?;
    let inside: String = letters.get(open + 1..close)?.iter().collect();
    (open >= behind && remedies::blocks(&inside).is_some()).then_some(open)
}

/// Every number of 件, 份, 起, 宗 or 元 in the prose of a report.
pub(super) fn clauses(plain: &Plain, year: i32, org: &str) -> Vec<Clause> {
    let letters = &plain.letters;
    let mut found: Vec<Clause> = Vec::new();
    // Where the words before the next number begin: behind the last one.
    let (mut at, mut behind) = (0, 0);
    while at < letters.len() {
        let digits = letters.iter().skip(at).take_while(|letter| letter.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        if let Some((number, end)) = count(letters, at, at + digits) {
            let edges = Edges::of(letters, at, behind);
            let printed = plain.printed(at, digits, end);
            let clause = clause(plain, &Number { number, at, digits_end: at + digits, end }, &edges, year, org, &found);
            found.push(Clause { printed, ..clause });
            behind = end;
        }
        at += digits;
    }
    found
}

/// A number in the text.
struct Number {
    number: u32,
    at: usize,
    digits_end: usize,
    /// Behind its unit.
    end: usize,
}

/// The number of a run of digits, and where its unit ends; `None` for a fraction, for 件次 and for other units.
fn count(letters: &[char], at: usize, digits_end: usize) -> Option<(u32, usize)> {
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    if letters.get(digits_end) == Some(&'.') || before == Some(&'.') {
        return None;
    }
    let is_more = letters.get(digits_end).is_some_and(|letter| MORE.contains(letter));
    let unit = digits_end + usize::from(is_more);
    // 件次 counts doings, not applications.
    let is_count = letters.get(unit).is_some_and(|unit| is_unit(*unit)) && letters.get(unit + 1) != Some(&'次');
    let number: String = letters.get(at..digits_end)?.iter().collect();
    is_count.then(|| number.parse().ok().map(|number| (number, unit + 1))).flatten()
}

fn clause(plain: &Plain, number: &Number, edges: &Edges, year: i32, org: &str, found: &[Clause]) -> Clause {
    let Number { number, at, digits_end, end } = *number;
    let letters = &plain.letters;
    let before = plain.slice(edges.clause, at);
    let behind: String = letters.iter().skip(digits_end).take_while(|letter| !ends_clause(**letter)).collect();
    let after: String = letters.iter().skip(end).take_while(|letter| !ends_clause(**letter)).collect();
    let sentence = plain.slice(edges.sentence, at);
    let period = plain.slice(edges.period, at);
    let list = list(plain, edges, at);
    let (claim, unbounded) = bounds::claim(number, &before, &behind);
    let is_money = letters.get(end.saturating_sub(1)) == Some(&'元');
    let whose = bodies::whose(&sentence, org);
    let earlier = found.get(found.partition_point(|clause| clause.at < edges.sentence)..).unwrap_or_default();
    let words = Words { before: unbounded, list: &list, after: &after, sentence: &sentence, period: &period, year };
    let placed = placed(words, earlier).filter(|_| !is_money && claim.is_claim() && whose != Whose::Another);
    let (subject, is_sure) = placed.unzip();
    let whole = subject.as_ref().and_then(|subject| whole(subject, earlier));
    Clause {
        at,
        end,
        number,
        claim,
        printed: String::new(),
        is_sure: is_sure.unwrap_or(false) && whose == Whose::Own,
        subject,
        whole,
        is_worded: false,
        is_fee: is_money && before.contains("处理费"),
        before,
    }
}

/// The words of a list before a number, without its bound; with the clause before it where that gives the ground:
/// 因涉及国家秘密，依法不予公开2件.
fn list(plain: &Plain, edges: &Edges, at: usize) -> String {
    let wide = plain.slice(edges.sentence.max(edges.number), at);
    let gives_ground = has(&wide, &["因", "由于", "鉴于", "属于", "涉及"]) && rows::has_ground(&wide);
    let list = if gives_ground { wide } else { plain.slice(edges.list, at) };
    let (_, unbounded) = bounds::claim(0, &list, "件");
    unbounded.to_owned()
}

/// The number of reconsiderations or suits that a result is a part of.
fn whole(subject: &Subject, earlier: &[Clause]) -> Option<u32> {
    let Subject::Remedies(remedies) = subject else { return None };
    let whole = Subject::Remedies(remedies.whole()?);
    earlier.iter().rev().find(|clause| clause.subject.as_ref() == Some(&whole)).map(|clause| clause.number)
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
            ("共收到行政复议案件1件", 1, Some(Subject::Remedies(Remedies { blocks: &["行政复议"], result: None }))),
            ("维持具体行政行为1件", 1, None),
            ("（含上年度结转申请18件", 18, Some(Subject::Carried)),
            ("(含2023年结转的3件)", 3, Some(Subject::Carried)),
            ("另有72件申请按照《条例》顺延到下年度答复）", 72, Some(Subject::Pending)),
            ("结转下一年 31 件", 31, Some(Subject::Pending)),
            ("结转至2025年6件", 6, Some(Subject::Pending)),
            ("1件结转下一年度继续办理外", 1, Some(Subject::Pending)),
            ("所有办结的信息公开申请中同意公开答复 9 件", 9, Some(Subject::Outcomes(vec!["三(一)"]))),
            ("无法提供的 10 件", 10, Some(Subject::Outcomes(vec!["三(四)"]))),
            ("答复政府信息公开申请805件", 805, Some(Subject::Results)),
            ("主动公开200件", 200, None),
        ] {
            let found = clauses(&Plain::new(text), 2024, "");
            assert_eq!(
                found.into_iter().map(|clause| (clause.number, clause.subject)).collect::<Vec<_>>(),
                [(number, expected)],
                "{text}"
            );
        }
    }

    #[test]
    fn shares_years_and_other_units_are_no_counts() {
        let other = Plain::new("占86.92%，2022年，12.3%，12.5件，收到申请1条，咨询20件次");
        assert_eq!(clauses(&other, 2024, ""), []);
        let fee = clauses(&Plain::new("全年收取政府信息公开信息处理费380元"), 2024, "");
        assert!(fee.iter().all(|clause| clause.is_fee && clause.number == 380) && fee.len() == 1);
    }
}
