//! “…26件，其中A件、B件…”: the parts may not be more than the whole. A list may divide the same whole in several ways, by ways
//! in, by applicants, by results: each division is added up by itself.

use super::super::finding::{Finding, Rule};
use super::bounds;
use super::numerals::MORE;

/// One part with its words.
struct Part {
    words: String,
    number: u64,
}

/// What a part divides its whole by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Division {
    Channel,
    Applicant,
    State,
    Result,
}

const DIVISIONS: [(Division, &[&str]); 3] = [
    (
        Division::Channel,
        &[
            "网络", "网上", "网站", "平台", "信函", "来信", "信件", "邮寄", "邮件", "邮箱", "传真", "当面", "现场",
            "窗口", "口头", "线上", "线下", "系统", "书面",
        ],
    ),
    (
        Division::Applicant,
        &["自然人", "法人", "企业", "科研", "公益", "法律服务", "律师", "公民", "其他组织", "社会组织", "个人申请"],
    ),
    (
        Division::State,
        &[
            "办结",
            "已答复",
            "按期答复",
            "按时答复",
            "在办",
            "正在办理",
            "未办结",
            "结转",
            "延期",
            "逾期",
            "新收",
            "审核中",
        ],
    ),
];

impl Division {
    fn of(words: &str) -> Self {
        let found = DIVISIONS.iter().find(|(_, any)| any.iter().any(|word| words.contains(word)));
        found.map_or(Self::Result, |(division, _)| *division)
    }
}

/// Words behind which a part is divided itself.
const DIVIDED: [&str; 4] = ["包括", "包含", "分别", "具体"];
/// Words of a comparison, of another year or of a sum: no part.
const NO_PART: [&str; 13] =
    ["同比", "较上", "较去", "比上", "比去", "增加", "减少", "去年", "上年同期", "合计", "共计", "总计", "小计"];

/// Words of steps, which are no results and are counted with them by mistake.
const STEPS: [&str; 6] = ["补正", "更改", "补充", "延期", "征求", "征询"];

pub(super) fn check(text: &str) -> Vec<Finding> {
    let text: String = without_brackets(text).chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut found = Vec::new();
    let mut before = String::new();
    for piece in text.split("其中").collect::<Vec<_>>().windows(2) {
        let [head, tail] = piece else { continue };
        before.push_str(head);
        let wholes = wholes(&before);
        let list = tail.split(['。', '；', ';']).next().unwrap_or_default();
        // What divides a part further is no part of this whole.
        let own = list.split(['，', ',', '、']).take_while(|words| !DIVIDED.iter().any(|word| words.contains(word)));
        let parts: Vec<Part> = own.filter_map(part).collect();
        for division in [Division::Channel, Division::Applicant, Division::State, Division::Result] {
            let of: Vec<&Part> = parts.iter().filter(|part| Division::of(&part.words) == division).collect();
            found.extend(too_many(&wholes, &of));
        }
    }
    found
}

fn too_many(wholes: &[u64], parts: &[&Part]) -> Option<Finding> {
    let sum = parts.iter().map(|part| part.number).fold(0, u64::saturating_add);
    let largest = *wholes.iter().max()?;
    if parts.len() < 2 || sum <= largest {
        return None;
    }
    let excess = sum - largest;
    let terms: Vec<String> = parts.iter().map(|part| part.number.to_string()).collect();
    let detail = format!("各分项之和{}＝{sum}，多于总数{largest}，多{excess}件", terms.join("＋"));
    let finding = Finding::new(Rule::Enumeration, super::TABLE, detail).figures(Some(sum), Some(largest));
    Some(finding.because(surplus(parts, excess)))
}

/// The part that is as large as the excess; a step that was counted as a result before any other.
fn surplus(parts: &[&Part], excess: u64) -> Option<String> {
    let same: Vec<&Part> = parts.iter().copied().filter(|part| part.number == excess).collect();
    let is_step = |part: &&&Part| STEPS.iter().any(|step| part.words.contains(step));
    let likely = same.iter().find(is_step).or(same.first().filter(|_| same.len() == 1))?;
    let why = if is_step(&likely) { "（补正、延期等是办理步骤，不是办理结果）" } else { "" };
    let mut cause = format!("最可能是多计了“{}”{excess}件{why}", likely.words);
    let others: Vec<String> =
        same.iter().filter(|part| !std::ptr::eq(**part, *likely)).map(|part| format!("“{}”", part.words)).collect();
    if !others.is_empty() {
        cause += &format!("；{}也是{excess}件", others.join("、"));
    }
    Some(cause)
}

/// The numbers of the sentence before “其中”, or of the sentence before that; and their sum. None where one of them is only a
/// bound: 近20件，其中予以公开…
fn wholes(before: &str) -> Vec<u64> {
    let fragments = |sentence: &str| sentence.split(['，', ',', '、', '；']).map(str::to_owned).collect::<Vec<_>>();
    if before.rsplit('。').next().is_some_and(|sentence| fragments(sentence).iter().any(|words| is_bound(words))) {
        return Vec::new();
    }
    let numbers = |sentence: &str| -> Vec<u64> {
        fragments(sentence).iter().filter_map(|words| part(words)).map(|part| part.number).collect()
    };
    let found = before.rsplit('。').map(numbers).take(2).find(|numbers| !numbers.is_empty()).unwrap_or_default();
    let sum = (!found.is_empty()).then(|| found.iter().copied().fold(0, u64::saturating_add));
    found.into_iter().chain(sum).collect()
}

/// `…72件` or `部分公开67`: the words and the number; nothing for shares and years.
fn part(fragment: &str) -> Option<Part> {
    if fragment.contains('%') || fragment.contains('％') || NO_PART.iter().any(|word| fragment.contains(word)) {
        return None;
    }
    let (start, length) = last_number(fragment)?;
    let (words, rest) = fragment.split_at_checked(start)?;
    let (digits, rest) = rest.split_at_checked(length)?;
    let is_count = (rest.is_empty() || rest.starts_with(['件', '份'])) && !is_bound(fragment);
    let words = if words.is_empty() { rest.trim_start_matches(['件', '份']) } else { words };
    is_count.then_some(Part { words: words.trim_end_matches('的').to_owned(), number: digits.parse().ok()? })
}

/// Whether the last number of a fragment is no exact one: 近20件, 200余件.
fn is_bound(fragment: &str) -> bool {
    let Some((start, length)) = last_number(fragment) else { return false };
    let Some((before, behind)) = fragment.split_at_checked(start) else { return false };
    let behind = behind.get(length..).unwrap_or_default();
    behind.trim_start_matches(MORE).starts_with(['件', '份']) && !bounds::claim(0, before, behind).0.is_exact()
}

/// Where the last run of digits begins, and how long it is, bytes.
fn last_number(text: &str) -> Option<(usize, usize)> {
    let end = text.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let head = text.get(..end)?;
    let start = head
        .rfind(|letter: char| !letter.is_ascii_digit())
        .map_or(0, |at| at + head.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    Some((start, end - start))
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in text.chars() {
        match letter {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_make_the_whole_or_less_are_in_order() {
        for text in [
            "收到176件,其中,当面申请的72件,来信申请的69件,网上申请的35件。",
            "共收到1499件。其中,通过网络申请1303件,占86.92%;通过信函申请172件。",
            "新收317件,上年结转3件。其中,予以公开184件,部分公开67,结转69件。",
            "受理267件，答复263件，上升1.52%。其中同意公开共81件,公开率为30.80%。",
            "其中甲3件，乙4件。",
            "收到20件，其中网络申请15件，信函申请5件，自然人18件，法人2件，予以公开12件，不予公开8件。",
            "办结20件，其中予以公开12件，不予公开8件，包括国家秘密5件、个人隐私3件。",
            "收到20件，其中已办结17件，未办结3件，予以公开15件，无法提供2件。",
            "收到20件，其中征地类12件，规划类8件，较上年增加5件。",
            "行政复议2件。收到近20件，其中予以公开12件，部分公开9件。",
            "行政复议2件。收到20余件，其中予以公开18件，部分公开9件。",
            "收到20件，其中予以公开15件，部分公开5件，合计20件。",
        ] {
            assert_eq!(check(text), [], "{text}");
        }
    }

    #[test]
    fn too_many_parts_are_found_with_the_step_among_them() {
        let found = check("办结26件（含延期1件），其中公开20件，重复申请2件，告知更改补充2件，不存在4件。");
        let [finding] = found.as_slice() else { unreachable!("{found:?}") };
        assert_eq!((finding.found, finding.expected), (Some(28), Some(26)));
        let cause = finding.cause.as_deref().unwrap();
        assert!(cause.contains("“告知更改补充”2件") && cause.ends_with("“重复申请”也是2件"), "{cause}");
    }
}
