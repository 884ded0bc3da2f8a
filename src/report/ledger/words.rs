//! The words offices use, and their meaning. Codes and labels of the service's own vocabularies are always understood;
//! the tables here add to them.

use super::cell::half_width;
use crate::case::{ApplicantKind, IdentityKind};
use crate::law::{Channel, ConsultationKind, ServiceMethod};

const CHANNELS: &[(Channel, &[&str])] = &[
    (
        Channel::InPerson,
        &[
            "现场",
            "现场申请",
            "现场提交",
            "现场登记",
            "当面申请",
            "当面提交",
            "窗口",
            "窗口提交",
            "上门",
            "当面送交",
            "当面递交",
            "现场办理",
            "来访",
        ],
    ),
    (
        Channel::RegisteredMail,
        &[
            "邮寄",
            "信函",
            "信件",
            "来信",
            "挂号信",
            "挂号",
            "EMS",
            "特快专递",
            "邮政快递",
            "快递",
            "邮政",
            "书面邮寄",
            "信函申请",
            "邮寄申请",
            "邮政EMS",
            "邮政特快专递",
            "信函邮寄",
            "国内挂号信",
        ],
    ),
    (Channel::OrdinaryMail, &["普通信函", "普通邮件", "普通信件", "平常信函", "平信函"]),
    (
        Channel::Online,
        &[
            "网络",
            "网上",
            "网上申请",
            "网络申请",
            "网站申请",
            "门户网站",
            "政府网站",
            "平台",
            "在线",
            "在线申请",
            "互联网",
            "网络平台",
            "政务服务网",
            "依申请公开平台",
            "依申请公开系统",
            "线上",
            "省平台",
            "政府门户网站",
            "网上平台",
            "在线平台",
            "网页",
        ],
    ),
    (Channel::Email, &["电子邮件", "邮箱", "EMAIL", "E-MAIL", "电邮"]),
    (Channel::Fax, &["传真申请"]),
    (Channel::Oral, &["口头代填", "口头申请"]),
];

const APPLICANT_KINDS: &[(ApplicantKind, &[&str])] = &[
    (ApplicantKind::NaturalPerson, &["公民", "个人", "居民", "群众", "公民个人", "村民"]),
    (ApplicantKind::Enterprise, &["企业", "公司", "工商企业", "企业法人", "有限公司", "法人或其他组织-商业企业"]),
    (ApplicantKind::ResearchInstitution, &["科研院所", "科研单位", "高校", "高等院校", "法人或其他组织-科研机构"]),
    (ApplicantKind::PublicWelfareOrg, &["公益组织", "社会组织", "社会团体", "基金会", "法人或其他组织-社会公益组织"]),
    (ApplicantKind::LegalService, &["律师事务所", "律所", "法律服务组织", "法人或其他组织-法律服务机构"]),
    (
        ApplicantKind::OtherOrg,
        &[
            "其他组织",
            "村委会",
            "事业单位",
            "机关",
            "行政机关",
            "其它",
            "单位",
            "法人",
            "法人或其他组织",
            "法人或者其他组织",
            "法人及其他组织",
            "法人或其他组织-其他",
        ],
    ),
];

const IDENTITY_KINDS: &[(IdentityKind, &[&str])] = &[
    (IdentityKind::IdCard, &["身份证", "二代身份证"]),
    (IdentityKind::CreditCode, &["信用代码", "社会信用代码", "营业执照", "统一社会信用代码证"]),
    (
        IdentityKind::Other,
        &[
            "其他",
            "其它",
            "组织机构代码",
            "组织机构代码证",
            "军官证",
            "港澳通行证",
            "户口簿",
            "台胞证",
            "律师证",
            "律师执业证",
            "港澳居民来往内地通行证",
        ],
    ),
];

const CONSULTATION_KINDS: &[(ConsultationKind, &[&str])] = &[
    (ConsultationKind::ThirdParty, &["权利人", "利害关系人", "第三人", "相关权利人", "第三方权利人"]),
    (ConsultationKind::JointProducer, &["共同制作", "联合制作机关", "联合发文机关", "联合发文"]),
    (
        ConsultationKind::OtherOrgan,
        &["其他行政机关", "行政机关", "有关机关", "相关部门", "有关部门", "其他部门", "相关单位"],
    ),
    (ConsultationKind::SecrecyAuthority, &["保密部门", "保密行政部门", "保密局", "保密审查"]),
];

const METHODS: &[(ServiceMethod, &[&str])] = &[
    (
        ServiceMethod::Direct,
        &[
            "直接",
            "当面",
            "当面送达",
            "当面领取",
            "自行领取",
            "自取",
            "现场领取",
            "现场",
            "面交",
            "当场送达",
            "本人领取",
        ],
    ),
    (ServiceMethod::Entrusted, &["委托", "委托其他机关送达", "代为送达"]),
    (
        ServiceMethod::Post,
        &[
            "邮寄送达",
            "邮寄",
            "邮政",
            "EMS",
            "邮政EMS",
            "邮政特快专递",
            "邮政挂号信",
            "挂号信",
            "挂号",
            "特快专递",
            "邮政快递",
            "快递",
            "信函",
        ],
    ),
    (
        ServiceMethod::PrivateCourier,
        &[
            "其他快递",
            "快递企业",
            "快递公司",
            "商业快递",
            "顺丰",
            "顺丰速运",
            "中通",
            "圆通",
            "申通",
            "韵达",
            "京东快递",
        ],
    ),
    (
        ServiceMethod::Electronic,
        &[
            "电子",
            "电子邮件",
            "电子邮箱",
            "邮箱",
            "网上",
            "网站",
            "网络",
            "平台",
            "在线",
            "传真",
            "网上答复",
            "网上送达",
            "依申请公开平台",
            "EMAIL",
            "E-MAIL",
        ],
    ),
];

/// The state of a case, as far as a word expresses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Its receipt is not confirmed yet.
    Unconfirmed,
    /// It is being worked on.
    Open,
    /// It has ended.
    Ended,
}

const STATUSES: &[(Status, &[&str])] = &[
    (Status::Unconfirmed, &["待确认收到", "待确认"]),
    (
        Status::Open,
        &[
            "收到",
            "登记",
            "办理",
            "在办",
            "办理中",
            "正在办理",
            "未办结",
            "未办理",
            "待办",
            "待办理",
            "处理中",
            "正在处理",
            "待处理",
            "待补正",
            "补正中",
            "待说明理由",
            "待缴费",
            "审核",
            "审核中",
            "待审核",
            "待签发",
            "待答复",
            "未答复",
            "征求意见中",
            "征询中",
            "延期中",
            "已延期",
            "已受理",
            "受理",
            "已登记",
            "待认领",
            "尚未答复",
            "结转",
            "结转下年",
            "结转下年度",
            "结转下年度继续办理",
        ],
    ),
    (
        Status::Ended,
        &[
            "办结",
            "已办结",
            "答复",
            "已答复",
            "送达",
            "已送达",
            "归档",
            "已归档",
            "已完成",
            "完成",
            "结案",
            "已结案",
            "终结",
            "已终结",
            "视为放弃",
            "撤回",
            "已撤回",
            "已并案",
            "已拆分",
            "其他终结",
            "按时办结",
            "按期办结",
            "按期答复",
            "按时答复",
            "逾期答复",
            "超期答复",
            "延期答复",
            "延期后答复",
            "是",
        ],
    ),
];

/// The state of a case that a word means; `None` for an unknown word.
pub(super) fn status(word: &str) -> Option<Status> {
    meant(word, std::iter::empty(), STATUSES)
}

/// Normalises a word for comparison: half-width, upper case, without blanks and punctuation.
pub(super) fn plain(word: &str) -> String {
    let kept = |letter: &char| !letter.is_whitespace() && !matches!(letter, '。' | ';' | ',');
    half_width(word).chars().filter(kept).flat_map(char::to_uppercase).collect()
}

/// The member whose code, label or other name is `word`.
fn meant<T: Copy + PartialEq>(
    word: &str,
    own: impl Iterator<Item = (T, &'static str, &'static str)>,
    others: &[(T, &[&str])],
) -> Option<T> {
    let word = plain(word);
    let mut own = own.filter(|(_, code, label)| plain(code) == word || plain(label) == word);
    let other = || others.iter().find(|(_, names)| names.iter().any(|name| plain(name) == word));
    own.next().map(|(member, ..)| member).or_else(|| other().map(|(member, _)| *member))
}

pub(super) fn channel(word: &str) -> Option<Channel> {
    meant(word, Channel::ALL.into_iter().map(|channel| (channel, channel.code(), channel.label())), CHANNELS)
}

pub(super) fn applicant_kind(word: &str) -> Option<ApplicantKind> {
    meant(word, ApplicantKind::ALL.iter().map(|kind| (*kind, kind.code(), kind.label())), APPLICANT_KINDS)
}

pub(super) fn identity_kind(word: &str) -> Option<IdentityKind> {
    meant(word, IdentityKind::ALL.iter().map(|kind| (*kind, kind.code(), kind.label())), IDENTITY_KINDS)
}

pub(super) fn consultation_kind(word: &str) -> Option<ConsultationKind> {
    meant(word, ConsultationKind::ALL.into_iter().map(|kind| (kind, kind.code(), kind.label())), CONSULTATION_KINDS)
}

pub(super) fn method(word: &str) -> Option<ServiceMethod> {
    meant(word, ServiceMethod::ALL.into_iter().map(|method| (method, method.code(), method.label())), METHODS)
}

/// Whether the word names a courier without saying which one. Only the postal enterprise may carry a decision (235号).
pub(super) fn leaves_courier_open(word: &str) -> bool {
    plain(word) == "快递"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that no word has two meanings.
    fn distinct<T: Copy + PartialEq + std::fmt::Debug>(own: Vec<(T, &'static str)>, others: &[(T, &[&str])]) {
        let mut seen: Vec<(String, T)> = own.into_iter().map(|(member, label)| (plain(label), member)).collect();
        for (member, name) in others.iter().flat_map(|(member, names)| names.iter().map(move |name| (*member, name))) {
            let name = plain(name);
            assert!(seen.iter().all(|(other, _)| *other != name), "{name} stands there twice ({member:?})");
            seen.push((name, member));
        }
    }

    #[test]
    fn no_word_stands_for_two_things() {
        distinct(Channel::ALL.map(|member| (member, member.label())).to_vec(), CHANNELS);
        distinct(ApplicantKind::ALL.iter().map(|member| (*member, member.label())).collect(), APPLICANT_KINDS);
        distinct(IdentityKind::ALL.iter().map(|member| (*member, member.label())).collect(), IDENTITY_KINDS);
        distinct(ConsultationKind::ALL.map(|member| (member, member.label())).to_vec(), CONSULTATION_KINDS);
        distinct(ServiceMethod::ALL.map(|member| (member, member.label())).to_vec(), METHODS);
    }

    #[test]
    fn codes_labels_and_the_words_of_offices_are_understood_however_they_are_written() {
        for word in ["email", "电子邮箱", "电子邮件", "E-mail", "ｅ－ｍａｉｌ", " 邮箱 "] {
            assert_eq!(channel(word), Some(Channel::Email), "{word}");
        }
        assert_eq!(channel("EMS"), Some(Channel::RegisteredMail));
        assert_eq!(channel("飞鸽"), None);
        assert_eq!(applicant_kind("公民"), Some(ApplicantKind::NaturalPerson));
        assert_eq!(applicant_kind("legal_service"), Some(ApplicantKind::LegalService));
        assert_eq!(applicant_kind("律师 事务所"), Some(ApplicantKind::LegalService));
        assert_eq!(identity_kind("身份证"), Some(IdentityKind::IdCard));
        assert_eq!(consultation_kind("第三方"), Some(ConsultationKind::ThirdParty));
        assert_eq!(method("邮寄送达(邮政企业)"), Some(ServiceMethod::Post));
        assert_eq!(method("挂号信"), Some(ServiceMethod::Post));
    }
}
