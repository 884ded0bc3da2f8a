//! Numbers of a report's prose with what they count. A number is judged only where its words leave no doubt what it counts:
//! reports also tell of other years, of parts of the year, of ways in, of steps, and of business that is no application.

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
    /// The words before it, behind any number before it.
    pub before: String,
    /// The number.
    pub number: u32,
    /// What it counts, as far as its words say.
    pub subject: Option<Subject>,
    /// Whether it can count nothing else: then it must be that of the table.
    pub is_sure: bool,
    /// 信息处理费, yuan.
    pub is_fee: bool,
}

/// What stands around a number.
#[derive(Debug, Clone, Copy)]
struct Words<'a> {
    /// Before it, up to a punctuation mark or another number.
    before: &'a str,
    /// Behind it, up to a punctuation mark.
    after: &'a str,
    /// The sentence up to the number.
    sentence: &'a str,
    /// The year of the report.
    year: i32,
}

/// Words of a comparison: the number is a difference, a share or a mean.
const COMPARED: &[&str] = &[
    "同比", "环比", "相比", "较上", "较去", "较前", "比上", "比去", "比前", "增加", "减少", "增长", "下降", "上升",
    "回落", "平均", "占", "多于", "少于", "超过", "以上", "近年", "历年", "累计",
];
/// Words of other years. 上年结转 is told apart before.
const OTHER_YEARS: &[&str] = &[
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
const PARTS_OF_YEAR: &[&str] = &["上半年", "下半年", "季度", "当月", "每月", "月均", "年初", "年中"];
/// Words of time kept or not, of ways in and of steps: their numbers are not in the table.
const NOT_IN_TABLE: &[&str] = &[
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
const OTHER_BUSINESS: &[&str] = &[
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

const RECEIVING: [&str; 5] = ["收到", "受理", "接收", "新收", "接到"];
/// What a group of results is called, the more particular first; and what may not stand with it.
const OUTCOMES: [(&[&str], &[&str], Subject); 7] = [
    (
        &["予以公开及部分公开", "予以公开和部分公开", "公开或部分公开", "公开和部分公开", "公开及部分公开"],
        &["不"],
        Subject::Outcomes(&["三(一)", "三(二)"]),
    ),
    (&["部分公开"], &["不予公开"], Subject::Outcomes(&["三(二)"])),
    (&["不予公开", "不同意公开"], &[], Subject::Outcomes(&["三(三)"])),
    (&["不予处理"], &[], Subject::Outcomes(&["三(五)"])),
    (&["无法提供"], &[], Subject::Outcomes(&["三(四)"])),
    (&["其他处理"], &[], Subject::Outcomes(&["三(六)"])),
    (&["予以公开", "同意公开"], &["不"], Subject::Outcomes(&["三(一)"])),
];
/// Grounds: the number is that of a row, or of a part of one, unless 等 follows.
const GROUNDS: &[&str] = &[
    "秘密",
    "安全",
    "隐私",
    "第三方",
    "内部",
    "过程性",
    "执法案卷",
    "行政查询",
    "不掌握",
    "不存在",
    "现成信息",
    "另行制作",
    "加工",
    "不明确",
    "信访",
    "重复",
    "出版物",
    "大量",
    "重新出具",
    "逾期不补正",
    "撤回",
    "撤销",
    "非本机关",
    "不属于",
    "已主动公开",
    "主动公开",
];
/// How a remedy ended, or where it stands: the number is that of a cell.
const REMEDY_PARTS: &[&str] = &[
    "维持",
    "纠",
    "驳回",
    "撤诉",
    "答复",
    "通知书",
    "意见书",
    "材料",
    "新增",
    "上年",
    "撤回",
    "终止",
    "终结",
    "未审结",
    "审结",
    "未结",
    "结案",
    "败诉",
    "胜诉",
    "确认违法",
    "责令",
    "调解",
    "其他结果",
    "无行政",
    "一审",
    "二审",
    "再审",
    "应诉",
    "答辩",
    "结转",
    "未经复议",
    "复议后",
    "直接起诉",
    "行政机关负责人",
    "出庭",
    "其他类",
];

/// Words behind which a list divides what has ended, or what is left.
const ENDED: &[&str] = &["办结", "结转", "答复", "未办结"];

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What a number counts, and whether it can count nothing else.
fn placed(words: Words<'_>) -> Option<(Subject, bool)> {
    let Words { before, after, sentence, year } = words;
    if has(before, COMPARED)
        || speaks_of_another_year(words)
        || has(sentence, PARTS_OF_YEAR)
        || is_part_of_year(sentence)
    {
        return None;
    }
    if before.contains("复议") || before.contains("诉讼") || before.contains("相关案件") {
        return remedy(words);
    }
    if let Some(found) = handed_on(before, year).or_else(|| handed_on_behind(after, year)) {
        return Some(found);
    }
    if has(before, OTHER_YEARS) || has(before, NOT_IN_TABLE) || has(before, OTHER_BUSINESS) {
        return None;
    }
    if is_of_a_part(sentence) {
        return None;
    }
    let is_of_applications = has(sentence, OF_APPLICATIONS);
    if let Some((.., subject)) = OUTCOMES.iter().find(|(any, none, _)| has(before, any) && !has(before, none)) {
        // 因属于国家秘密不予公开: one ground. 因本机关不掌握等原因无法提供: the whole group.
        return (!has(before, GROUNDS) || before.contains('等')).then_some((*subject, true));
    }
    if has(before, GROUNDS) {
        return None;
    }
    let is_part = sentence.contains("其中") || has(before, &["其中"]);
    let is_natural = before.contains("自然人申请") || before.ends_with("自然人");
    if is_natural || has(before, &["法人或其他组织申请", "法人和其他组织申请", "法人或者其他组织申请"])
    {
        // 予以公开10件，其中自然人9件 divides a result.
        let is_of_received = !has(sentence, ENDED) && !OUTCOMES.iter().any(|(any, ..)| has(sentence, any));
        return is_of_received.then_some((Subject::Kinds(is_natural), is_of_applications));
    }
    if has(before, &["未收到", "没有收到", "未接到"]) {
        return None;
    }
    if before.contains("申请") && has(before, &RECEIVING) {
        // What one office of several received, or a kind of application.
        return (!is_part).then_some((Subject::Received, is_of_applications));
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

/// Whether 其中 divides a figure that is not in the table: 网络申请8件，其中予以公开4件.
fn is_of_a_part(sentence: &str) -> bool {
    let Some((head, _)) = sentence.rsplit_once("其中") else { return false };
    let head = head.trim_end_matches(ends_clause);
    let whole = head.rsplit(ends_clause).next().unwrap_or_default();
    has(whole, NOT_IN_TABLE) || has(whole, OTHER_BUSINESS) || has(whole, &["自然人", "法人", "企业"])
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
fn handed_on(before: &str, year: i32) -> Option<(Subject, bool)> {
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

/// Suits and reconsiderations, told from how they ended; sure only where the sentence speaks of information.
fn remedy(words: Words<'_>) -> Option<(Subject, bool)> {
    let Words { before, after, sentence, .. } = words;
    if has(before, REMEDY_PARTS)
        || has(after, &["维持", "纠", "驳回", "撤", "尚未"])
        || has(before, &["咨询", "工单", "收费"])
    {
        return None;
    }
    let both: &[&str] = &["行政复议", "行政诉讼"];
    let blocks: &[&str] = match (before.contains("复议"), before.contains("诉讼")) {
        (true, false) => &["行政复议"],
        (false, true) => &["行政诉讼"],
        (true, true) | (false, false) => both,
    };
    let is_of_information = has(sentence, OF_APPLICATIONS);
    let is_part = sentence.contains("其中");
    Some((Subject::Remedies(blocks), is_of_information && !is_part))
}

/// Whether the last year that the sentence names before the number is not that of the report. Years of a carry-over and of a
/// document do not count.
fn speaks_of_another_year(words: Words<'_>) -> bool {
    let Words { sentence, year, .. } = words;
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
        .replace("1-12月", "")
        .replace("12月底", "");
    let is_month = |(at, _): (usize, &str)| {
        whole.get(..at).is_some_and(|head| head.ends_with(|letter: char| letter.is_ascii_digit()))
    };
    whole.match_indices('月').any(is_month)
}

fn ends_clause(letter: char) -> bool {
    "，。；、：！？…,;:!?（）()“”".contains(letter)
}

fn ends_sentence(letter: char) -> bool {
    "。；！？;!?".contains(letter)
}

/// Every number of 件, 份, 起, 宗 or 元 in the prose of the report of a year.
pub(super) fn clauses(text: &str, year: i32) -> Vec<Clause> {
    let letters: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let slice = |from: usize, to: usize| letters.get(from..to).unwrap_or_default().iter().collect::<String>();
    let mut found = Vec::new();
    // Where the words before the next number begin: behind the last one.
    let (mut at, mut behind) = (0, 0);
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
        // 件次 counts doings, not applications.
        let is_of_times = letters.get(end + 1) == Some(&'次');
        let number: Option<u32> = slice(at, end).parse().ok();
        if let Some(number) = number.filter(|_| !is_fraction && !is_of_times && "件份起宗元".contains(unit)) {
            let edge = |ends: fn(char) -> bool| {
                letters.iter().take(at).rposition(|letter| ends(*letter)).map_or(0, |mark| mark + 1)
            };
            let before = slice(edge(ends_clause).max(behind), at);
            let after: String = letters.iter().skip(end + 1).take_while(|letter| !ends_clause(**letter)).collect();
            let sentence = slice(edge(ends_sentence), at);
            let is_money = unit == '元';
            let words = Words { before: &before, after: &after, sentence: &sentence, year };
            let (subject, is_sure) = placed(words).filter(|_| !is_money).unzip();
            found.push(Clause {
                is_fee: is_money && before.contains("处理费"),
                number,
                subject,
                is_sure: is_sure.unwrap_or(false),
                before,
            });
            behind = end + 1;
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
            ("(含2023年结转的3件)", 3, Some(Subject::Carried)),
            ("另有72件申请按照《条例》顺延到下年度答复）", 72, Some(Subject::Pending)),
            ("结转下一年 31 件", 31, Some(Subject::Pending)),
            ("结转至2025年6件", 6, Some(Subject::Pending)),
            ("1件结转下一年度继续办理外", 1, Some(Subject::Pending)),
            ("所有办结的信息公开申请中同意公开答复 9 件", 9, Some(Subject::Outcomes(&["三(一)"]))),
            ("无法提供的 10 件", 10, Some(Subject::Outcomes(&["三(四)"]))),
            ("答复政府信息公开申请805件", 805, Some(Subject::Results)),
            ("主动公开200件", 200, None),
        ] {
            let found = clauses(text, 2024);
            assert_eq!(
                found.iter().map(|clause| (clause.number, clause.subject)).collect::<Vec<_>>(),
                [(number, expected)],
                "{text}"
            );
        }
    }

    #[test]
    fn shares_years_and_other_units_are_no_counts() {
        assert_eq!(clauses("占86.92%，2022年，12.3%，12.5件，收到申请1条，咨询20件次", 2024), []);
        let fee = clauses("全年收取政府信息公开信息处理费380元", 2024);
        assert!(fee.iter().all(|clause| clause.is_fee && clause.number == 380) && fee.len() == 1);
    }
}
