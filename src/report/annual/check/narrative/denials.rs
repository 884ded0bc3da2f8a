//! Statements in words: that there was nothing of a kind (未发生行政复议), or that all ended in one way (均予以公开). They are read
//! only where every word of the clause is known: 未发生行政复议被纠错案件 says less than 未发生行政复议.

use super::bodies::{self, Whose};
use super::bounds::Claim;
use super::clause::{
    CONTEXT, Clause, RECEIVING, Subject, ends_sentence, handed_on, has, is_of_another_time, is_of_other_things,
};
use super::numerals::{Plain, is_unit};
use super::remedies::{self, Remedies};
use super::rows;

/// Words of denial.
const DENIAL: &[&str] = &["没有", "不存在", "为零", "为0", "零发生", "无一", "未", "无"];
/// Words around what is denied that do not narrow it; the longer first where one holds another.
const PLAIN: &[&str] = &[
    "公民、法人或其他组织",
    "公民、法人和其他组织",
    "公民、法人或者其他组织",
    "政府信息公开",
    "政府信息",
    "信息公开",
    "依申请公开",
    "依申请",
    "申请公开",
    "继续办理",
    "下一年度",
    "下年度",
    "下一年",
    "下年",
    "上一年度",
    "上年度",
    "上一年",
    "上年",
    "结转",
    "工作",
    "事项",
    "事务",
    "业务",
    "方面",
    "相关",
    "有关",
    "案件",
    "情况",
    "情形",
    "现象",
    "引发",
    "引起",
    "导致",
    "产生",
    "发生",
    "出现",
    "收到",
    "接到",
    "受理",
    "新收",
    "涉及",
    "存在",
    "属于",
    "因",
    "由",
    "而",
    "被",
    "向",
    "提起",
    "提出",
    "申诉",
    "申请",
    "答复",
    "决定",
    "作出",
    "公开",
    "办理",
    "任何",
    "数量",
    "一起",
    "1起",
    "一件",
    "1件",
    "曾",
    "过",
    "案",
    "类",
    "件",
    "的",
    "和",
    "或者",
    "或",
    "以及",
    "及",
    "与",
    "均",
    "都",
    "也",
    "亦",
    "尚",
    "暂",
    "有",
    "我局",
    "我委",
    "我办",
    "我厅",
    "我街道",
    "我镇",
    "我乡",
    "我单位",
    "本局",
    "本机关",
    "本单位",
    "全年",
    "本年度",
    "本年",
    "年度",
    "行政",
    "、",
    "（",
    "）",
    "(",
    ")",
];
/// Words of a rule, an aim or an exception: the clause tells no fact of the year.
const NO_FACT: &[&str] = &[
    "其中",
    "除",
    "如",
    "若",
    "凡",
    "应",
    "确保",
    "争取",
    "力争",
    "避免",
    "防止",
    "做到",
    "努力",
    "目标",
    "没有未",
    "无未",
    "并非",
    "不是",
    "未受理的",
    "未收到的",
];
/// Words of the whole.
const ALL: &[&str] = &["均", "全部", "一律", "所有", "都"];
/// Words beside the result in a statement about all, which do not narrow it.
const OF_ALL: &[&str] = &[
    "政府信息公开",
    "政府信息",
    "信息公开",
    "依申请公开",
    "申请人",
    "申请",
    "上述",
    "以上",
    "办结",
    "收到",
    "受理",
    "法定期限内",
    "规定期限内",
    "期限内",
    "依法依规",
    "依法",
    "依规",
    "按时",
    "按期",
    "及时",
    "按规定",
    "法院",
    "复议机关",
    "结果",
    "进行",
    "作出",
    "给予",
    "答复",
    "全年",
    "本年度",
    "本年",
    "我局",
    "我委",
    "本机关",
    "案件",
    "件",
    "对",
    "其",
    "在",
    "向",
    "已",
    "被",
    "获",
    "予",
    "为",
    "的",
    "了",
];

/// A clause of the text, up to a mark that is no mark of a list or a bracket.
struct Piece<'a> {
    from: usize,
    text: &'a str,
    /// The sentence up to its beginning.
    head: &'a str,
}

/// The statements of a text, whose numbers are `counted`.
pub(super) fn statements(plain: &Plain, year: i32, org: &str, counted: &[Clause]) -> Vec<Clause> {
    let letters = &plain.letters;
    let mut found = Vec::new();
    let (mut from, mut sentence_from) = (0, 0);
    while from < letters.len() {
        let length = letters.iter().skip(from).take_while(|letter| !ends_piece(**letter)).count();
        let to = from + length;
        let start = sentence_from.max(from.saturating_sub(CONTEXT));
        let (sentence, head) = (plain.slice(start, to), plain.slice(start, from));
        let text = without_count(&plain.slice(from, to));
        let piece = Piece { from, text: &text, head: &head };
        if bodies::whose(&sentence, org) == Whose::Own && !is_of_another_time(&sentence, year) {
            found.extend(nothing(&piece, year, org));
            found.extend(all(&piece, counted, start));
        }
        if letters.get(to).is_some_and(|letter| ends_sentence(*letter)) {
            sentence_from = to + 1;
        }
        from = to + 1;
    }
    found
}

fn ends_piece(letter: char) -> bool {
    "，。；：！？…,;:!?".contains(letter)
}

/// 未发生一起行政复议 says no more than 未发生行政复议.
const NOT_ONE: [&str; 6] = ["未发生", "没有发生", "没有", "未收到", "没有收到", "无"];

/// A clause without the part of its list that has a number: 无行政复议、行政诉讼2件.
fn without_count(piece: &str) -> String {
    let not_one =
        NOT_ONE.iter().flat_map(|denial| ["1起", "1件", "1宗"].map(|one| (format!("{denial}{one}"), *denial)));
    let piece = not_one.fold(piece.to_owned(), |piece, (words, denial)| piece.replace(&words, denial));
    let letters: Vec<char> = piece.chars().collect();
    let is_counted = |pair: &[char]| matches!(pair, [digit, unit] if digit.is_ascii_digit() && is_unit(*unit));
    let Some(at) = letters.windows(2).position(is_counted) else { return piece };
    let mark = letters.iter().take(at).rposition(|letter| *letter == '、').unwrap_or(0);
    letters.iter().take(mark).collect()
}

/// That there was nothing of one kind, or of several.
fn nothing(piece: &Piece<'_>, year: i32, org: &str) -> Vec<Clause> {
    let subjects = denied(piece, year, org).unwrap_or_default();
    subjects.into_iter().map(|subject| stated(piece, subject, true, None)).collect()
}

/// What a clause denies; `None` where it denies nothing, or says more than is understood.
fn denied(piece: &Piece<'_>, year: i32, org: &str) -> Option<Vec<Subject>> {
    if !has(piece.text, DENIAL) || has(piece.text, NO_FACT) || has(piece.head, &["其中", "除"]) {
        return None;
    }
    let (subjects, rest) = subjects(piece, year)?;
    // The subject is denied: a denial is left when its own words are gone.
    let at = rest.find(SUBJECT).into_iter().chain(DENIAL.iter().filter_map(|word| rest.find(word))).min()?;
    let (head, tail) = rest.split_at_checked(at)?;
    let is_denied = has(tail, DENIAL);
    let tail = without(tail, &[&[SUBJECT_WORD], DENIAL, PLAIN]);
    (is_denied && tail.is_empty() && is_whole_office(head, org)).then_some(subjects)
}

/// Words before what is denied that name the year, or all that the report covers.
const OF_YEAR: &[&str] = &[
    "报告期",
    "截至",
    "目前",
    "以来",
    "所属各机关",
    "所属机关",
    "各机关",
    "全市",
    "全县",
    "全区",
    "全省",
    "今年",
    "年",
    "月",
    "日",
    "底",
    "至",
    "度",
    "内",
    "本",
    "我",
    "其",
    "故",
    "且",
    "但",
];

/// Whether the words before what is denied narrow nothing: they are the year and the name of the office.
fn is_whole_office(head: &str, org: &str) -> bool {
    let name: String = without(head, &[PLAIN, OF_YEAR]).chars().filter(|letter| !letter.is_ascii_digit()).collect();
    name.is_empty() || bodies::is_short_for(&name, org)
}

/// Replaces the words of the subject.
const SUBJECT: char = '※';
const SUBJECT_WORD: &str = "※";

/// What a clause speaks of, and the clause with a mark for it.
fn subjects(piece: &Piece<'_>, year: i32) -> Option<(Vec<Subject>, String)> {
    if has(piece.text, &["复议", "诉讼", "起诉"]) {
        let (result, rest) = remedies::result(piece.text)
            .map_or((None, piece.text.to_owned()), |(column, rest)| (Some(column), format!("{rest}{SUBJECT}")));
        let blocks = remedies::blocks(&rest)?;
        let rest = remedies::WORDS.iter().fold(rest, |rest, word| rest.replace(word, SUBJECT_WORD));
        // Of each block by itself nothing: together they would be nought too, but one of them is named.
        let single = blocks.iter().map(std::slice::from_ref);
        return Some((single.map(|blocks| Subject::Remedies(Remedies { blocks, result })).collect(), rest));
    }
    if let Some(named) = rows::named(piece.text, piece.text) {
        let label = |label| Subject::Outcomes(vec![label]);
        let subjects: Vec<Subject> = named.labels.into_iter().map(label).collect();
        return (!subjects.is_empty()).then(|| (subjects, format!("{}{SUBJECT}", named.rest)));
    }
    if let Some((subject, _)) = handed_on(piece.text, year).filter(|(_, is_sure)| *is_sure) {
        let rest = piece.text.replace(&format!("{}年", year.saturating_add(1)), "下年");
        let rest = rest.replace(&format!("{}年", year.saturating_sub(1)), "上年");
        return Some((vec![subject], format!("{}{SUBJECT}", rest.replace(['至', '到', '入'], ""))));
    }
    let is_of_step = has(piece.text, &["答复", "办理", "决定"]);
    let is_received = has(piece.text, &RECEIVING) && piece.text.contains("申请") && !is_of_step;
    is_received.then(|| (vec![Subject::Received], format!("{}{SUBJECT}", piece.text)))
}

/// A text without words, the words of each list after the other.
fn without(text: &str, lists: &[&[&str]]) -> String {
    lists.iter().flat_map(|words| words.iter()).fold(text.to_owned(), |text, word| text.replace(word, ""))
}

/// That all applications ended in one way, or that no reconsideration was lost: 均予以公开, 均维持.
fn all(piece: &Piece<'_>, counted: &[Clause], sentence_from: usize) -> Option<Clause> {
    if !has(piece.text, ALL) || has(piece.text, NO_FACT) || has(piece.head, &["其中", "除"]) {
        return None;
    }
    // The number directly before, behind a comma.
    let counted = counted.get(..counted.partition_point(|clause| clause.at < piece.from)).unwrap_or_default();
    let before = counted.last().filter(|clause| clause.end + 1 == piece.from);
    let is_remedy = |clause: &&Clause| matches!(clause.subject, Some(Subject::Remedies(_)));
    let earlier = counted.iter().rev().take_while(|clause| clause.at >= sentence_from);
    let is_only = earlier.filter(is_remedy).count() == 1;
    if let Some((column, rest)) = remedies::result(piece.text) {
        let before = before.filter(|_| column == "结果维持" && is_only && without(&rest, &[ALL, OF_ALL]).is_empty())?;
        let Some(Subject::Remedies(remedies)) = before.subject else { return None };
        let lost = Remedies { result: Some("结果纠正"), ..remedies };
        return Some(stated(piece, Subject::Remedies(lost), before.is_sure, Some(before.number)));
    }
    let named = rows::named(piece.text, piece.text)?;
    let names_all = piece.text.contains("申请");
    let is_of_applications =
        |clause: &Clause| clause.is_sure && matches!(clause.subject, Some(Subject::Received | Subject::Results));
    let follows = before.is_some_and(is_of_applications);
    let is_of_all = (names_all || follows) && !is_of_other_things(piece.head) && !has(piece.head, &["复议", "诉讼"]);
    let is_understood = without(&named.rest, &[ALL, OF_ALL]).is_empty() && !named.labels.is_empty();
    (is_of_all && is_understood).then(|| stated(piece, Subject::Entire(named.labels), true, None))
}

fn stated(piece: &Piece<'_>, subject: Subject, is_sure: bool, whole: Option<u32>) -> Clause {
    Clause {
        at: piece.from,
        end: piece.from,
        before: piece.text.to_owned(),
        printed: String::new(),
        number: 0,
        claim: Claim::exact(0),
        subject: Some(subject),
        is_sure,
        whole,
        is_worded: true,
        is_fee: false,
    }
}
