//! Maps what a ledger calls the end of a case to an [`Outcome`]: a code, a label, a row of an annual form, or the words
//! offices use, with or without the number and the group in front. The Order in force on the day of receipt selects one
//! of two sets of categories. A name that covers several categories means the first of them. The heading of a group
//! alone has no meaning.

use super::words::plain;
use crate::law::{Outcome, Regime};
use crate::report::PARTIAL_NOTE;
use Outcome as O;

/// Words of offices, with their category under Order 711 and under Order 492 (`None`: no category under that Order).
const WORDS: &[(&[&str], Option<Outcome>, Option<Outcome>)] = &[
    (
        &[
            "予以公开",
            "公开",
            "同意公开",
            "全部公开",
            "准予公开",
            "依申请公开",
            "提供",
            "已提供",
            "依法公开",
            "属于公开范围",
            "属于依申请公开范围并依法公开",
            "同意公开答复",
            "予公开",
            "可以公开",
            "依法予以公开",
            "予以提供",
            "全部予以公开",
            "准予提供",
            "同意提供",
        ],
        Some(O::Provided),
        Some(O::O492Disclosed),
    ),
    (
        &[
            "主动公开",
            "已主动公开",
            "属于主动公开范围",
            "属于已主动公开范围",
            "告知已主动公开",
            "告知获取方式和途径",
            "告知获取方式途径",
            "已经主动公开",
            "主动公开告知",
            "告知主动公开",
            "信息已主动公开",
            "已公开告知获取途径",
            "属于主动公开",
            "告知查询途径",
            "属主动公开范围",
        ],
        Some(O::AlreadyPublic),
        Some(O::O492AlreadyPublic),
    ),
    (
        &["公共利益公开", "基于公共利益公开", "涉及商业秘密、个人隐私公开"],
        Some(O::PublicInterest),
        Some(O::O492Disclosed),
    ),
    (
        &[
            "部分公开",
            "同意部分公开",
            "区分处理",
            "部分公开、部分不予公开",
            "部分公开、部分不存在",
            "部分予以公开",
            "部分不予公开",
            "部分提供",
            "部分公开部分不公开",
            "区分处理部分公开",
        ],
        Some(O::PartiallyDisclosed),
        Some(O::O492PartiallyDisclosed),
    ),
    (
        &[
            "国家秘密",
            "属于国家秘密",
            "涉及国家秘密",
            "国家秘密不予公开",
            "不予公开（国家秘密）",
            "涉密",
            "涉密不予公开",
            "涉及国家秘密不予公开",
            "属于国家秘密不予公开",
            "依法确定为国家秘密",
        ],
        Some(O::StateSecret),
        Some(O::O492StateSecret),
    ),
    (
        &[
            "法律、行政法规禁止公开",
            "法律法规禁止公开",
            "其他法律行政法规禁止公开",
            "禁止公开",
            "法律法规禁止公开不予公开",
            "其他法律、法规禁止公开",
        ],
        Some(O::ProhibitedByLaw),
        Some(O::O492OtherStatutory),
    ),
    (
        &[
            "三安全一稳定",
            "危及三安全一稳定",
            "三安全一稳定不予公开",
            "安全稳定",
            "可能危及三安全一稳定",
            "危及国家安全、公共安全、经济安全、社会稳定",
        ],
        Some(O::SecurityAndStability),
        Some(O::O492SecurityAndStability),
    ),
    (
        &[
            "第三方权益",
            "保护第三方合法权益",
            "第三方合法权益",
            "涉及第三方权益",
            "损害第三方合法权益",
            "第三方不同意",
            "第三方不同意公开",
            "侵害第三方合法权益",
            "涉及第三方合法权益",
            "第三方不同意不予公开",
            "会对第三方合法权益造成损害",
        ],
        Some(O::ThirdPartyRights),
        Some(O::O492TradeSecret),
    ),
    (
        &[
            "商业秘密",
            "涉及商业秘密",
            "商业秘密不予公开",
            "不予公开（商业秘密）",
            "属于商业秘密",
            "涉及商业秘密不予公开",
        ],
        Some(O::ThirdPartyRights),
        Some(O::O492TradeSecret),
    ),
    (
        &[
            "个人隐私",
            "涉及个人隐私",
            "个人隐私不予公开",
            "不予公开（个人隐私）",
            "属于个人隐私",
            "涉及个人隐私不予公开",
        ],
        Some(O::ThirdPartyRights),
        Some(O::O492Privacy),
    ),
    (
        &[
            "内部事务信息",
            "内部事务",
            "属于内部事务信息",
            "三类内部事务信息",
            "内部管理信息",
            "内部管理",
            "内部管理、过程性信息不予公开",
            "三类内部事务",
            "内部事务信息不予公开",
            "属于内部事务",
            "属于三类内部事务",
            "人事管理、后勤管理、内部工作流程",
        ],
        Some(O::InternalAffairs),
        Some(O::O492NotGovernmentInformation),
    ),
    (
        &[
            "过程性信息",
            "属于过程性信息",
            "四类过程性信息",
            "过程性",
            "属于过程信息",
            "过程信息",
            "过程性信息不予公开",
            "四类过程信息",
            "讨论记录、过程稿、磋商信函、请示报告",
        ],
        Some(O::DeliberativeProcess),
        Some(O::O492NotGovernmentInformation),
    ),
    (
        &[
            "行政执法案卷",
            "执法案卷",
            "行政执法案卷信息",
            "属于行政执法案卷",
            "行政执法案卷不予公开",
            "执法案卷信息",
            "属于行政执法案卷信息",
        ],
        Some(O::EnforcementFile),
        None,
    ),
    (
        &[
            "行政查询事项",
            "属于行政查询事项",
            "工商登记查询",
            "不动产登记查询",
            "不动产登记资料",
            "房地产登记事项",
            "其他法律法规另有规定（其他）",
            "行政查询",
            "属于不动产登记资料",
            "不动产登记资料查询",
            "工商登记资料",
            "工商、不动产登记资料",
            "依照有关法律、行政法规的规定办理",
        ],
        Some(O::SpecialRegister),
        Some(O::O492OtherChannel),
    ),
    (
        &[
            "不存在",
            "信息不存在",
            "政府信息不存在",
            "申请信息不存在",
            "本机关不掌握",
            "未制作",
            "未获取",
            "经检索不存在",
            "未检索到",
            "未查询到",
            "未查到相关信息",
            "经查找不存在",
            "本机关未制作",
            "本机关未获取",
            "未制作或未获取",
            "未制作、未获取",
            "未制作或者获取",
            "未保存",
            "不掌握",
            "本机关不掌握相关信息",
            "未掌握",
            "所申请信息不存在",
            "该信息不存在",
            "申请公开的信息不存在",
            "未找到",
        ],
        Some(O::DoesNotExist),
        Some(O::O492DoesNotExist),
    ),
    (
        &[
            "非本机关",
            "不属于本机关",
            "非本机关公开",
            "非本机关公开职权范围",
            "不属于本机关公开",
            "不属于本机关负责公开",
            "不属于本行政机关公开",
            "非本机关职责",
            "不属于受理机关掌握范围",
            "不属于本机关职责",
            "不属于本机关负责",
            "不属本机关公开",
            "非本机关负责公开",
            "不属于本机关掌握",
            "不属于本单位公开",
            "不属于我局公开",
            "非本机关掌握",
            "告知向其他机关申请",
            "不属于本机关负责公开的信息",
            "非本机关信息",
            "不属于本机关公开范围",
            "非本行政机关公开",
        ],
        Some(O::OtherAuthority),
        Some(O::O492OtherAuthority),
    ),
    (
        &[
            "需要加工",
            "加工分析",
            "需要加工、分析",
            "需要另行制作",
            "没有现成信息",
            "需汇总、加工",
            "需要制作、加工",
            "另行制作",
            "没有现成信息，需要另行制作",
            "需要汇总加工",
            "需对现有信息进行加工、分析",
        ],
        Some(O::RequiresCreation),
        Some(O::O492NotGovernmentInformation),
    ),
    (
        &[
            "补正后仍不明确",
            "仍不明确",
            "内容不明确",
            "申请内容不明确",
            "补正后仍不清楚",
            "补正后内容仍不明确",
            "经补正仍不明确",
            "补正后申请仍不明确",
        ],
        Some(O::StillUnclear),
        Some(O::O492AmendRequested),
    ),
    (
        &[
            "信访",
            "信访事项",
            "信访投诉举报",
            "信访举报投诉",
            "投诉举报",
            "举报投诉",
            "咨询",
            "以政府信息公开申请形式进行信访、投诉、举报",
            "信访类",
            "投诉举报类",
            "信访举报",
            "属于信访事项",
            "信访投诉举报类申请",
            "以信息公开名义信访",
            "告知信访渠道",
        ],
        Some(O::Petition),
        Some(O::O492OtherChannel),
    ),
    (
        &[
            "重复申请",
            "重复",
            "重复申请不予答复处理",
            "不予重复处理",
            "重复申请不予重复处理",
            "属于重复申请",
            "重复申请不予处理",
            "已答复，不重复处理",
            "重复提出申请",
        ],
        Some(O::Repeat),
        Some(O::O492OtherChannel),
    ),
    (
        &[
            "公开出版物",
            "要求提供公开出版物",
            "政府公报、报刊、书籍等公开出版物",
            "要求提供政府公报、报刊、书籍等公开出版物",
            "属于公开出版物",
        ],
        Some(O::Publication),
        Some(O::O492OtherChannel),
    ),
    (
        &[
            "大量反复申请",
            "无正当理由大量反复申请",
            "申请数量、频次明显超过合理范围",
            "反复申请",
            "频次明显超过合理范围",
        ],
        Some(O::Excessive),
        None,
    ),
    (
        &[
            "确认或重新出具",
            "要求确认或重新出具",
            "重新出具已获取信息",
            "要求行政机关确认或重新出具已获取信息",
            "要求确认",
            "重新出具",
            "确认已获取信息",
            "要求重新出具",
            "要求确认或者重新出具已获取信息",
            "要求对已获取信息进行确认或重新出具",
        ],
        Some(O::Reconfirmation),
        Some(O::O492OtherChannel),
    ),
    (
        &[
            "逾期不补正",
            "逾期未补正",
            "未补正，视为自动放弃",
            "未补正视为放弃",
            "视为放弃",
            "未补正",
            "逾期不补正视为放弃",
            "申请人无正当理由逾期不补正",
            "逾期未补正视为放弃",
            "逾期未补正视为放弃申请",
            "无正当理由逾期不补正",
            "未按期补正",
            "不补正",
            "申请人逾期不补正",
            "逾期不补正，不再处理",
            "视为放弃申请",
        ],
        Some(O::CorrectionLapsed),
        Some(O::O492AmendRequested),
    ),
    (
        &[
            "逾期未缴费",
            "未缴费",
            "逾期不缴费",
            "未缴费视为放弃",
            "逾期未缴费视为放弃",
            "逾期未缴纳费用",
            "不缴费",
            "未按期缴费",
            "申请人逾期未缴费",
            "逾期不缴纳费用",
        ],
        Some(O::FeeLapsed),
        None,
    ),
    (
        &[
            "撤回",
            "撤销",
            "申请人撤回",
            "撤回申请",
            "主动撤回",
            "申请人主动撤销",
            "申请人主动撤回",
            "撤销申请",
            "申请人撤回申请",
            "申请人自行撤回",
            "申请人撤销申请",
            "撤件",
            "自愿撤回",
            "申请撤回",
            "已撤回",
            "申请人主动撤回申请",
        ],
        Some(O::Withdrawn),
        Some(O::Withdrawn),
    ),
    (
        &["其他", "其它", "其他情形", "其它情形", "终止", "终结", "终止办理", "其他终结"],
        Some(O::ClosedOther),
        Some(O::ClosedOther),
    ),
    (
        &[
            "不属于政府信息",
            "非政府信息",
            "不是政府信息",
            "不属于信息公开范围",
            "非规定所指政府信息",
            "不是条例所指政府信息",
        ],
        Some(O::ClosedOther),
        Some(O::O492NotGovernmentInformation),
    ),
    (
        &[
            "三需要",
            "与三需要无关",
            "不符合三需要",
            "与申请人生产、生活等需要无关不予公开",
            "与申请人生产、生活、科研等特殊需要无关",
            "不足以证明三需要不予公开",
            "未补充证明三需要不予公开",
            "其他不予公开",
            "法律法规规定的其他情形",
        ],
        None,
        Some(O::O492OtherStatutory),
    ),
    (&["更改补充", "告知更改补充", "告知作出更改补充", "补正告知", "告知补正"], None, Some(O::O492AmendRequested)),
    (&["其他途径办理", "告知通过其他途径办理", "告知其他途径", "通过其他途径办理"], None, Some(O::O492OtherChannel)),
];

/// The category that `word` means for an application under `regime`. A code of the other Order is returned as it is:
/// the facts are checked later.
#[must_use]
pub fn outcome_of(word: &str, regime: Regime) -> Option<Outcome> {
    if let Some(outcome) = Outcome::from_code(word.trim()) {
        return Some(outcome);
    }
    whole(word, regime).or_else(|| {
        let (group, rest) = Group::apart(word);
        let found = whole(&rest, regime).filter(|_| !rest.is_empty())?;
        group.is_none_or(|group| group.covers(found)).then_some(found)
    })
}

/// The category that a name means without a number or a group.
fn whole(word: &str, regime: Regime) -> Option<Outcome> {
    let wanted = named(word);
    if wanted.is_empty() || GROUPS.iter().any(|group| group.names.contains(&wanted.as_str())) {
        return None;
    }
    let mut of_regime: Vec<Outcome> = Outcome::all().filter(|outcome| outcome.is_of(regime)).collect();
    let own = |outcome: &Outcome| named(outcome.label()) == wanted;
    let row = |outcome: &Outcome| rows(*outcome).iter().any(|row| named(row) == wanted);
    let by_row = of_regime.iter().copied().find(row);
    let by_words = WORDS.iter().find(|(names, ..)| names.iter().any(|name| named(name) == wanted));
    let by_words = by_words.and_then(|(_, new, old)| match regime {
        Regime::Order711 => *new,
        Regime::Order492 => *old,
    });
    let by_last_part =
        of_regime.iter().copied().find(|outcome| rows(*outcome).iter().any(|row| last_part(row) == wanted));
    of_regime.retain(own);
    of_regime.first().copied().or(by_row).or(by_words).or(by_last_part)
}

/// A group of rows of a form. Its heading covers several categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    /// The spellings of the heading.
    names: &'static [&'static str],
    /// How the names of its rows begin, in each form.
    rows: &'static [&'static str],
}

const GROUPS: &[Group] = &[
    Group { names: &["不予公开", "不公开"], rows: &["三(三)", "（三）4."] },
    Group { names: &["无法提供"], rows: &["三(四)"] },
    Group { names: &["不予处理"], rows: &["三(五)"] },
    Group { names: &["其他处理", "其它处理"], rows: &["三(六)"] },
    Group {
        names: &["不同意公开答复数", "不同意公开答复", "不同意公开", "不予同意公开"],
        rows: &["（三）4.", "三(三)"],
    },
];

/// Separators between a number, a group and a name.
const MARKS: &[char] = &['-', '—', '–', '_', ':', '/', '、', '.', '·', ',', ';', '>', '→', '|', '《', '》', '。', ' '];

impl Group {
    /// Splits a name into the group before or behind it, and the rest without numbers and brackets.
    fn apart(word: &str) -> (Option<&'static Self>, String) {
        let mut text = brackets(&plain(word)).replace(&brackets(&plain(PARTIAL_NOTE)), "");
        let mut group = None;
        loop {
            let begun = text.clone();
            text = text.trim_matches(MARKS).to_owned();
            text = unnumbered(&text).to_owned();
            text = unwrapped(&text).to_owned();
            if group.is_none()
                && let Some((found, rest)) = Self::before(&text).or_else(|| Self::behind(&text))
            {
                (group, text) = (Some(found), rest.to_owned());
            }
            if text == begun {
                return (group, text);
            }
        }
    }

    fn before(text: &str) -> Option<(&'static Self, &str)> {
        GROUPS.iter().find_map(|group| Some((group, group.names.iter().find_map(|name| text.strip_prefix(name))?)))
    }

    /// Splits off a group in brackets behind the name: 国家秘密（不予公开）.
    fn behind(text: &str) -> Option<(&'static Self, &str)> {
        let inner = text.strip_suffix(')')?;
        GROUPS.iter().find_map(|group| {
            let rest = group.names.iter().find_map(|name| inner.strip_suffix(name))?;
            Some((group, rest.strip_suffix('(')?))
        })
    }

    fn covers(&self, outcome: Outcome) -> bool {
        rows(outcome).iter().any(|row| self.rows.iter().any(|begin| row.starts_with(begin)))
    }
}

/// Replaces brackets of every kind by round ones.
fn brackets(text: &str) -> String {
    text.replace(['[', '【', '〔', '{', '〈', '﹙', '「', '『'], "(")
        .replace([']', '】', '〕', '}', '〉', '﹚', '」', '』'], ")")
}

/// Removes the number before a name: (一), 1., 3、, ①, ㈠, 三(三). A numeral that belongs to the word is kept: 三安全一稳定.
fn unnumbered(text: &str) -> &str {
    let is_numeral = |letter: char| letter.is_ascii_digit() || "一二三四五六七八九十".contains(letter);
    if let Some((number, rest)) = text.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        && !number.is_empty()
        && number.chars().all(is_numeral)
    {
        return rest;
    }
    let first = text.chars().next().unwrap_or(' ');
    // ①, ⑴, ⒈, ㈠, ㊀, Ⅰ: a single character is the number.
    if matches!(first, '\u{2460}'..='\u{249b}' | '\u{2160}'..='\u{217b}' | '\u{3220}'..='\u{3229}' | '\u{3280}'..='\u{3289}')
    {
        return text.get(first.len_utf8()..).unwrap_or(text);
    }
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if rest.len() < text.len() {
        return rest.trim_start_matches([')', '.', '、']);
    }
    let rest = text.trim_start_matches(is_numeral);
    let is_number = rest.len() < text.len() && rest.starts_with(['、', '.', '(', ':', ',', '-', ')']);
    if is_number { rest.trim_start_matches(')') } else { text }
}

/// Removes brackets around the whole name.
fn unwrapped(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(text)
}

/// The rows of the forms that an outcome belongs to, newest form first.
fn rows(outcome: Outcome) -> Vec<&'static str> {
    [outcome.row_2021(), outcome.row_2019(), outcome.row_2014()].into_iter().flatten().collect()
}

/// The last part of a row's name, without the block and the number before it: 属于国家秘密.
fn last_part(row: &str) -> String {
    let mut text = brackets(&plain(row.rsplit(['-', '：']).next().unwrap_or(row)));
    loop {
        let rest = unnumbered(text.trim_matches(MARKS)).to_owned();
        if rest == text {
            return named(&text);
        }
        text = rest;
    }
}

/// The name of an outcome in a ledger: its label, except for the one that is also the heading of a group.
#[must_use]
pub fn name_of(outcome: Outcome) -> &'static str {
    if outcome == Outcome::ClosedOther { "其他处理-其他" } else { outcome.label() }
}

/// A name without quotation marks, stops and the notes that forms add in brackets.
fn named(name: &str) -> String {
    let name = name.replace(PARTIAL_NOTE, "");
    let plain = plain(&name);
    plain.chars().filter(|letter| !matches!(letter, '“' | '”' | '"' | '、' | '《' | '》' | '「' | '」')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_labels_and_rows_mean_the_first_category_they_cover() {
        let (new, old) = (Regime::Order711, Regime::Order492);
        for outcome in Outcome::all() {
            assert_eq!(outcome_of(outcome.code(), new), Some(outcome));
            for regime in Regime::ALL.into_iter().filter(|regime| outcome.is_of(*regime)) {
                assert_eq!(outcome_of(name_of(outcome), regime), Some(outcome), "{}", name_of(outcome));
                for row in rows(outcome) {
                    let first = Outcome::all().find(|other| other.is_of(regime) && rows(*other).contains(&row));
                    assert_eq!(outcome_of(row, regime), first, "{row}");
                }
            }
        }
        assert_eq!(outcome_of("三(一)予以公开", new), Some(O::Provided));
        assert_eq!(outcome_of("三(四)无法提供-1.本机关不掌握相关政府信息", new), Some(O::DoesNotExist));
        assert_eq!(outcome_of("三(六)其他处理", new), Some(O::CorrectionLapsed));
        assert_eq!(outcome_of("（三）6.申请信息不存在数", old), Some(O::O492DoesNotExist));
        assert_eq!(outcome_of("三（三）不予公开-1.属于国家秘密", new), Some(O::StateSecret));
        assert_eq!(outcome_of("（六）其他处理", new), None, "the heading of three rows");
        assert_eq!(outcome_of("属于四类过程性信息", new), Some(O::DeliberativeProcess));
        assert_eq!(outcome_of("危及三安全一稳定", new), Some(O::SecurityAndStability));
    }

    #[test]
    fn what_offices_write_is_read_by_the_order_of_the_day() {
        for (word, new, old) in [
            ("信息不存在", O::DoesNotExist, O::O492DoesNotExist),
            ("个人隐私", O::ThirdPartyRights, O::O492Privacy),
            ("同意公开", O::Provided, O::O492Disclosed),
            ("重复申请", O::Repeat, O::O492OtherChannel),
            ("申请人主动撤销", O::Withdrawn, O::Withdrawn),
        ] {
            assert_eq!(outcome_of(word, Regime::Order711), Some(new), "{word}");
            assert_eq!(outcome_of(word, Regime::Order492), Some(old), "{word}");
        }
        assert_eq!(outcome_of("与“三需要”无关", Regime::Order492), Some(O::O492OtherStatutory));
        assert_eq!(outcome_of("与“三需要”无关", Regime::Order711), None, "no ground since 2019");
        for vague in ["不予公开", "无法提供", "不予处理", "已办结", "按时答复", ""] {
            assert_eq!(outcome_of(vague, Regime::Order711), None, "{vague}");
        }
    }

    #[test]
    fn no_word_stands_there_twice_and_none_means_a_category_of_the_other_order() {
        let mut seen = std::collections::BTreeSet::new();
        for (names, new, old) in WORDS {
            assert!(new.is_none_or(|outcome| outcome.is_of(Regime::Order711)), "{names:?}");
            assert!(old.is_none_or(|outcome| outcome.is_of(Regime::Order492)), "{names:?}");
            for name in *names {
                assert!(seen.insert(named(name)), "{name} stands there twice");
            }
        }
    }
}
