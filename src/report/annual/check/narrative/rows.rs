//! The rows of results in table three that words name: a group, one row of it, or several together.

use super::clause::{has, speaks_of_applications};

/// What words name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The rows and groups, by the beginning of their label; none where the words name a ground that is no row.
    pub labels: Vec<&'static str>,
    /// Whether the words leave no doubt that the figure is that of these rows together.
    pub is_sure: bool,
    /// The words that name nothing.
    pub rest: String,
}

/// Groups of results; where one word holds another the longer comes first.
const GROUPS: [(&str, &str); 16] = [
    ("不予以公开", "三(三)"),
    ("不予公开", "三(三)"),
    ("不同意公开", "三(三)"),
    ("公开或部分公开", BOTH),
    ("公开和部分公开", BOTH),
    ("公开及部分公开", BOTH),
    ("公开与部分公开", BOTH),
    ("公开或者部分公开", BOTH),
    ("部分公开", "三(二)"),
    ("部分予以公开", "三(二)"),
    ("不予处理", "三(五)"),
    ("无法提供", "三(四)"),
    ("不能提供", "三(四)"),
    ("其他处理", "三(六)"),
    ("予以公开", "三(一)"),
    ("同意公开", "三(一)"),
];
/// 公开或部分公开: the first two groups, of which the first may have its 予以 or 同意 before it.
const BOTH: &str = "三(一)三(二)";

/// Rows by the words that belong to no other; where one holds another the longer comes first.
const ROWS: [(&str, &str); 37] = [
    ("涉及国家秘密", "三(三)不予公开-1"),
    ("国家秘密", "三(三)不予公开-1"),
    ("其他法律行政法规禁止公开", "三(三)不予公开-2"),
    ("法律行政法规禁止公开", "三(三)不予公开-2"),
    ("危及三安全一稳定", "三(三)不予公开-3"),
    ("三安全一稳定", "三(三)不予公开-3"),
    ("保护第三方合法权益", "三(三)不予公开-4"),
    ("损害第三方合法权益", "三(三)不予公开-4"),
    ("第三方合法权益", "三(三)不予公开-4"),
    ("三类内部事务信息", "三(三)不予公开-5"),
    ("内部事务信息", "三(三)不予公开-5"),
    ("四类过程性信息", "三(三)不予公开-6"),
    ("过程性信息", "三(三)不予公开-6"),
    ("行政执法案卷信息", "三(三)不予公开-7"),
    ("行政执法案卷", "三(三)不予公开-7"),
    ("行政查询事项", "三(三)不予公开-8"),
    ("不掌握相关政府信息", "三(四)无法提供-1"),
    ("不掌握相关信息", "三(四)无法提供-1"),
    ("不掌握", "三(四)无法提供-1"),
    ("没有现成信息需要另行制作", "三(四)无法提供-2"),
    ("没有现成信息", "三(四)无法提供-2"),
    ("无现成信息", "三(四)无法提供-2"),
    ("需要另行制作", "三(四)无法提供-2"),
    ("需另行制作", "三(四)无法提供-2"),
    ("补正后申请内容仍不明确", "三(四)无法提供-3"),
    ("补正后内容仍不明确", "三(四)无法提供-3"),
    ("补正后仍不明确", "三(四)无法提供-3"),
    ("信访举报投诉类", "三(五)不予处理-1"),
    ("要求提供公开出版物", "三(五)不予处理-3"),
    ("无正当理由大量反复申请", "三(五)不予处理-4"),
    ("要求行政机关确认或重新出具已获取信息", "三(五)不予处理-5"),
    ("确认或重新出具已获取信息", "三(五)不予处理-5"),
    ("无正当理由逾期不补正", "三(六)其他处理-1"),
    ("逾期不补正", "三(六)其他处理-1"),
    ("逾期未按收费通知要求缴纳费用", "三(六)其他处理-2"),
    ("逾期未缴纳费用", "三(六)其他处理-2"),
    ("逾期未缴费", "三(六)其他处理-2"),
];
/// Rows by words that also mean something else: they are meant only beside 不予处理.
const AMBIGUOUS: [(&str, &str); 1] = [("重复申请", "三(五)不予处理-2")];

/// Grounds that are no row by themselves: a part of one, or of another law; and words of an answer given anew.
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
    "责令",
    "改为",
    "重新答复",
    "重新作出",
];
/// Words that bind several results into one figure.
const TOGETHER: &[&str] = &["合计", "共", "总计", "和", "及", "与", "或", "加"];
/// Words of a row with so many letters are the words of the form: they mean nothing else.
const OF_FORM: usize = 8;
/// Words by which a shorter one is named as a ground.
const AS_A_GROUND: &[&str] = &["属于", "因", "由于", "政府信息", "不予", "无法", "申请"];

/// Whether words speak of a ground.
pub(super) fn has_ground(text: &str) -> bool {
    has(text, GROUNDS) || ROWS.iter().any(|(word, _)| text.contains(word))
}

/// The results that the words before a number name; `None` where they name none.
pub(super) fn named(text: &str, sentence: &str) -> Option<Named> {
    let mut rest = text.to_owned();
    let mut groups = take(&mut rest, &GROUPS);
    let mut rows = take(&mut rest, &ROWS);
    if text.contains("不予处理") || sentence.contains("不予处理") {
        rows.extend(take(&mut rest, &AMBIGUOUS));
    }
    if groups.is_empty() && rows.is_empty() {
        return None;
    }
    if groups.contains(&BOTH) {
        rest = rest.replace("予以", "").replace("同意", "");
        groups.retain(|group| *group != BOTH);
        groups.extend(["三(一)", "三(二)"]);
    }
    groups.sort_unstable();
    groups.dedup();
    rows.sort_unstable();
    rows.dedup();
    let is_negated = groups.contains(&"三(一)") && rest.contains(['不', '未', '非']);
    // 因本机关不掌握等原因无法提供: 等 before the group. 予以公开等: of which groups is open.
    let behind = text.rsplit_once('等').map(|(_, behind)| behind);
    let is_open = behind.is_some();
    let is_open_end = behind.is_some_and(|behind| !GROUPS.iter().any(|(word, _)| behind.contains(word)));
    let is_unclear = is_negated || is_open_end || has(&rest, GROUNDS) && (!is_open || groups.is_empty());
    let labels: Vec<&'static str> = if is_unclear {
        Vec::new()
    } else if is_open {
        // 因本机关不掌握等原因无法提供: the whole group. 不掌握等情形: no row.
        groups
    } else {
        // 因属于国家秘密不予公开: the row, not its group.
        groups.retain(|group| !rows.iter().any(|row| row.starts_with(group)));
        groups.into_iter().chain(rows.iter().copied()).collect()
    };
    let is_together = labels.len() < 2 || has(text, TOGETHER);
    let is_of_form = ROWS.iter().any(|(word, _)| word.chars().count() >= OF_FORM && text.contains(word));
    let is_ground = rows.is_empty() || is_of_form || has(text, AS_A_GROUND) || speaks_of_applications(sentence);
    Some(Named { is_sure: is_together && is_ground, labels, rest })
}

/// Takes the words out of a text; what they name.
fn take(text: &mut String, words: &[(&str, &'static str)]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (word, label) in words {
        if text.contains(word) {
            *text = text.replace(word, "");
            found.push(*label);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_rows_groups_or_several_of_them() {
        for (text, labels, is_sure) in [
            ("予以公开", &["三(一)"][..], true),
            ("不予公开", &["三(三)"], true),
            ("予以公开、部分公开合计", &["三(一)", "三(二)"], true),
            ("予以公开和部分公开", &["三(一)", "三(二)"], true),
            ("同意公开或部分公开共", &["三(一)", "三(二)"], true),
            ("予以公开、部分公开", &["三(一)", "三(二)"], false),
            ("不予公开、无法提供共", &["三(三)", "三(四)"], true),
            ("因属于国家秘密不予公开", &["三(三)不予公开-1"], true),
            ("属于国家秘密", &["三(三)不予公开-1"], true),
            ("国家秘密", &["三(三)不予公开-1"], false),
            ("不掌握相关政府信息", &["三(四)无法提供-1"], true),
            ("因本机关不掌握等原因无法提供", &["三(四)"], true),
            ("因属于国家秘密、个人隐私不予公开", &[], true),
            ("因商业秘密不予公开", &[], true),
            ("未予以公开", &[], true),
            ("予以公开、部分公开等共", &[], true),
            ("不予公开、不掌握共", &["三(三)", "三(四)无法提供-1"], true),
        ] {
            let named = named(text, text).unwrap();
            assert_eq!((named.labels.as_slice(), named.is_sure), (labels, is_sure), "{text}");
        }
        assert_eq!(named("收到政府信息公开申请", ""), None);
        assert_eq!(named("重复申请", "重复申请"), None);
        assert_eq!(named("重复申请", "不予处理2件，其中重复申请").unwrap().labels, ["三(五)不予处理-2"]);
    }
}
