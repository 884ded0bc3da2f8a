//! Whose figure a sentence gives. A report of one office also tells what the bodies below it did: 区教育局收到15件.

use super::clause::{ends_clause, has};

/// Whose figure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The figure of the reporting office, or of all it reports on.
    Own,
    /// The figure of another body, or of a part of the office. The table does not show it.
    Another,
    /// The sentence names a body, and the report does not say who reports.
    Unknown,
}

/// Words for a whole region: all that the report of its government covers, and more than that of a bureau does.
const REGION: &[&str] = &["全市", "全县", "全区", "全省", "全州", "全旗"];
/// Words for all that a report covers.
const WHOLE: &[&str] = &["全系统", "全局", "全委", "全厅", "全街道", "全镇", "全乡", "及所属", "及下属", "及各"];
/// Words for the parts of it.
const PARTS: &[&str] = &[
    "各镇",
    "各街",
    "各乡",
    "各部门",
    "各单位",
    "各科",
    "各处",
    "各股",
    "各分局",
    "各局",
    "各委",
    "各办",
    "各区",
    "各县",
    "各市",
    "各级",
    "各有关",
    "各相关",
    "各地",
    "各所",
    "各成员",
    "各直属",
    "各下属",
    "各基层",
    "各职能",
    "各行政机关",
    "下属",
    "所属",
    "下级",
    "基层",
    "直属",
    "乡镇",
    "镇街",
    "街镇",
    "局机关",
    "委机关",
    "厅机关",
    "机关本级",
];
/// Words by which the office speaks of itself.
const SELF: &[&str] = &[
    "我",
    "本机关",
    "本局",
    "本委",
    "本厅",
    "本办",
    "本单位",
    "本部门",
    "本中心",
    "本街道",
    "本镇",
    "本乡",
    "本区",
    "本县",
    "本市",
    "本级",
];
/// What a body did, or what its figure counts: its name ends before the first of these.
const DEEDS: &[&str] = &[
    "收到",
    "受理",
    "接收",
    "接到",
    "新收",
    "未收",
    "没有",
    "办理",
    "办结",
    "办复",
    "答复",
    "处理",
    "承办",
    "完成",
    "发生",
    "未发生",
    "因",
    "被",
    "无行政",
    "无因",
    "无政府",
    "予以",
    "不予",
    "部分公开",
    "同意公开",
    "其他处理",
    "行政复议",
    "行政诉讼",
    "复议",
    "诉讼",
    "结转",
    "上年",
    "政府信息",
    "信息公开",
    "依申请",
    "作出",
    "申请",
];
/// How the name of a body ends.
const ENDS: &[&str] = &[
    "局",
    "委",
    "厅",
    "办",
    "镇",
    "乡",
    "街道",
    "政府",
    "办公室",
    "办事处",
    "委员会",
    "中心",
    "大队",
    "支队",
    "部门",
    "单位",
    "科室",
    "处",
    "所",
    "站",
    "公司",
    "学校",
    "医院",
    "集团",
    "科",
    "股",
    "区",
    "县",
    "市",
    "旗",
    "省",
];
/// Words between a name and what the body did.
const BETWEEN: &[&str] =
    &["共", "累计", "总共", "一共", "已", "均", "全年", "本年度", "本年", "今年", "年度", "依法", "新"];

/// Whose figure is at the end of a sentence, in the report of `org`. What a body did goes on until another is named.
pub(super) fn whose(sentence: &str, org: &str) -> Whose {
    let mut pieces = sentence.rsplit(|letter| ends_clause(letter) && letter != '、');
    pieces.find_map(|piece| named(piece, org)).unwrap_or(Whose::Own)
}

/// Whose figure a piece gives; `None` where it names no body that does something.
fn named(piece: &str, org: &str) -> Option<Whose> {
    let at = DEEDS.iter().filter_map(|deed| piece.find(deed)).min()?;
    let subject = piece.get(..at)?;
    if has(subject, WHOLE) {
        return Some(Whose::Own);
    }
    if has(subject, REGION) {
        return Some(if is_of_a_region(org) { Whose::Own } else { Whose::Another });
    }
    if has(subject, PARTS) {
        return Some(Whose::Another);
    }
    let name = subject.rsplit(['年', '月', '日', '、']).next().unwrap_or_default();
    let name = trimmed(name);
    // 代市政府, 代表市政府: on behalf of another, by the office itself.
    if !ENDS.iter().any(|end| name.ends_with(end)) || name.contains('代') {
        return None;
    }
    if has(name, SELF) || is_short_for(name, org) {
        return Some(Whose::Own);
    }
    // 向区教育局, 对市级部门: those to whom something was done.
    if name.starts_with(['向', '对', '与', '同', '会', '督', '协', '请', '转', '交']) {
        return None;
    }
    Some(if ENDS.iter().any(|end| org.ends_with(end)) { Whose::Another } else { Whose::Unknown })
}

/// Whether the report is that of a region, or does not say whose it is.
fn is_of_a_region(org: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| org.ends_with(end));
    org.contains("政府") || ends(&["省", "市", "州", "区", "县", "旗"]) || !ends(ENDS)
}

fn trimmed(name: &str) -> &str {
    let shorter = BETWEEN.iter().find_map(|word| name.strip_suffix(word));
    let shorter =
        shorter.or_else(|| ["其中", "度", "由", "经", "全年"].iter().find_map(|word| name.strip_prefix(word)));
    shorter.map_or(name, trimmed)
}

/// Whether the full name has the letters of a name in the same order: 市科委, 上海市科学技术委员会.
pub(super) fn is_short_for(name: &str, full: &str) -> bool {
    let mut letters = full.chars();
    !name.is_empty() && name.chars().all(|letter| letters.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_belongs_to_the_body_that_the_sentence_names_last() {
        for (sentence, org, expected) in [
            ("区教育局收到政府信息公开申请", "淮安市洪泽区人民政府", Whose::Another),
            ("其中，区教育局共收到政府信息公开申请", "洪泽区人民政府", Whose::Another),
            ("区教育局收到申请15件，办结", "洪泽区人民政府", Whose::Another),
            ("区教育局收到申请15件，我局收到申请", "某局", Whose::Own),
            ("各镇街共收到申请", "洪泽区人民政府", Whose::Another),
            ("各部门办理政府信息公开申请", "洪泽区人民政府", Whose::Another),
            ("各部门密切配合，全年收到申请", "洪泽区人民政府", Whose::Own),
            ("全区各职能部门、镇街共收到申请", "某区", Whose::Own),
            ("2024年，区政府收到申请", "淮安市洪泽区人民政府", Whose::Own),
            ("2024年县自然资源局收到依申请公开", "苍溪县自然资源局", Whose::Own),
            ("全年市科委共受理申请", "上海市科学技术委员会", Whose::Own),
            ("2024年，我局共收到政府信息公开申请", "某局", Whose::Own),
            ("本机关收到政府信息公开申请", "某局", Whose::Own),
            ("洪泽区人民政府及所属各机关收到政府信息公开申请", "洪泽区人民政府", Whose::Own),
            ("市政府办公厅代表市政府共受理政府信息公开申请", "上海市人民政府办公厅", Whose::Own),
            ("区教育局收到政府信息公开申请", "report", Whose::Unknown),
            ("全年收到政府信息公开申请", "某局", Whose::Own),
            ("全市收到依申请公开", "上海市科学技术委员会", Whose::Another),
            ("全市共受理政府信息公开申请", "上海市人民政府", Whose::Own),
            ("全市收到依申请公开340件，本委收到", "上海市科学技术委员会", Whose::Own),
        ] {
            assert_eq!(whose(sentence, org), expected, "{sentence} {org}");
        }
    }
}
