//! What an application may end in: exactly one statutory category.

mod table;

use super::regime::Regime;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use table::TABLE;

/// The category an application ends in. One row of one table holds everything about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Outcome {
    /// 予以公开.
    #[serde(rename = "disclosed.provided")]
    Provided,
    /// 已主动公开，告知获取方式途径.
    #[serde(rename = "disclosed.already_public")]
    AlreadyPublic,
    /// 基于公共利益公开（第三方不同意）.
    #[serde(rename = "disclosed.public_interest")]
    PublicInterest,
    /// 部分公开.
    #[serde(rename = "partially_disclosed")]
    PartiallyDisclosed,
    /// 不予公开：国家秘密.
    #[serde(rename = "refused.state_secret")]
    StateSecret,
    /// 不予公开：法律、行政法规禁止公开.
    #[serde(rename = "refused.prohibited_by_law")]
    ProhibitedByLaw,
    /// 不予公开：危及“三安全一稳定”.
    #[serde(rename = "refused.security_and_stability")]
    SecurityAndStability,
    /// 不予公开：保护第三方合法权益.
    #[serde(rename = "refused.third_party_rights")]
    ThirdPartyRights,
    /// 不予公开：内部事务信息.
    #[serde(rename = "refused.internal_affairs")]
    InternalAffairs,
    /// 不予公开：过程性信息.
    #[serde(rename = "refused.deliberative_process")]
    DeliberativeProcess,
    /// 不予公开：行政执法案卷信息.
    #[serde(rename = "refused.enforcement_file")]
    EnforcementFile,
    /// 行政查询事项：依照有关法律、行政法规办理.
    #[serde(rename = "refused.special_register")]
    SpecialRegister,
    /// 信息不存在.
    #[serde(rename = "unavailable.does_not_exist")]
    DoesNotExist,
    /// 不属于本机关负责公开.
    #[serde(rename = "unavailable.other_authority")]
    OtherAuthority,
    /// 没有现成信息，需要加工、分析.
    #[serde(rename = "unavailable.requires_creation")]
    RequiresCreation,
    /// 补正后申请内容仍不明确.
    #[serde(rename = "unavailable.still_unclear")]
    StillUnclear,
    /// 信访、投诉、举报类申请.
    #[serde(rename = "not_processed.petition")]
    Petition,
    /// 重复申请，不予重复处理.
    #[serde(rename = "not_processed.repeat")]
    Repeat,
    /// 要求提供公开出版物.
    #[serde(rename = "not_processed.publication")]
    Publication,
    /// 无正当理由大量反复申请.
    #[serde(rename = "not_processed.excessive")]
    Excessive,
    /// 要求确认或重新出具已获取信息.
    #[serde(rename = "not_processed.reconfirmation")]
    Reconfirmation,
    /// 逾期不补正，视为放弃申请.
    #[serde(rename = "closed.correction_lapsed")]
    CorrectionLapsed,
    /// 逾期未缴费，视为放弃申请.
    #[serde(rename = "closed.fee_lapsed")]
    FeeLapsed,
    /// 申请人撤回申请.
    #[serde(rename = "closed.withdrawn")]
    Withdrawn,
    /// 其他处理.
    #[serde(rename = "closed.other")]
    ClosedOther,
    /// 已主动公开.
    #[serde(rename = "o492.already_public")]
    O492AlreadyPublic,
    /// 同意公开.
    #[serde(rename = "o492.disclosed")]
    O492Disclosed,
    /// 同意部分公开.
    #[serde(rename = "o492.partially_disclosed")]
    O492PartiallyDisclosed,
    /// 不同意公开：涉及国家秘密.
    #[serde(rename = "o492.refused.state_secret")]
    O492StateSecret,
    /// 不同意公开：涉及商业秘密.
    #[serde(rename = "o492.refused.trade_secret")]
    O492TradeSecret,
    /// 不同意公开：涉及个人隐私.
    #[serde(rename = "o492.refused.privacy")]
    O492Privacy,
    /// 不同意公开：危及国家安全、公共安全、经济安全和社会稳定.
    #[serde(rename = "o492.refused.security_and_stability")]
    O492SecurityAndStability,
    /// 不同意公开：不是《条例》所指政府信息.
    #[serde(rename = "o492.refused.not_government_information")]
    O492NotGovernmentInformation,
    /// 不同意公开：法律法规规定的其他情形（含与“三需要”无关）.
    #[serde(rename = "o492.refused.other_statutory")]
    O492OtherStatutory,
    /// 不属于本行政机关公开.
    #[serde(rename = "o492.other_authority")]
    O492OtherAuthority,
    /// 申请信息不存在.
    #[serde(rename = "o492.does_not_exist")]
    O492DoesNotExist,
    /// 告知作出更改、补充.
    #[serde(rename = "o492.amend_requested")]
    O492AmendRequested,
    /// 告知通过其他途径办理.
    #[serde(rename = "o492.other_channel")]
    O492OtherChannel,
}

/// Which remedies paragraph a reply carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemedyText {
    /// A refusal under Arts. 14-16: reconsideration comes first since 2024-01-01.
    ReconsiderationFirst,
    /// As above where a part was withheld under Arts. 14-16, otherwise the choice.
    OrdinaryUnlessWithheld,
    /// Reconsideration or suit, at the applicant's choice.
    Ordinary,
    /// No decision that anybody could contest.
    None,
}

/// What must be on the case before an outcome may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// 检索记录: where, by what words, when, by whom.
    SearchRecord,
    /// The organ that is responsible, with name and contact, or that it cannot be determined.
    RightOrgan,
    /// The number of the earlier reply.
    EarlierReplyNumber,
    /// A third party was consulted in writing.
    ThirdPartyConsulted,
    /// The third party did not agree.
    ConsultationObjected,
    /// The application was corrected after a notice.
    CorrectionMade,
    /// The applicant gave reasons, or none, and they were judged unreasonable.
    JustificationUnreasonable,
    /// The correction period ran out.
    CorrectionOverdue,
    /// The payment period ran out.
    FeeOverdue,
    /// A written withdrawal by the applicant.
    Withdrawn,
    /// How and where the applicant gets it.
    AccessPath,
    /// The law or regulation that governs or forbids it.
    SpecialLaw,
    /// 说明理由.
    Reasons,
    /// 国家秘密: 密级标识 and 保密期限.
    SecretMarking,
    /// 三安全一稳定: the adverse effect.
    AdverseEffect,
    /// 过程性信息: which of the four kinds, and that it precedes the decision.
    ProcessRecord,
    /// 内部事务信息: which of the three kinds.
    InternalAffairsKind,
    /// 行政执法案卷信息: what kind of paper.
    FilePaper,
    /// 已主动公开: the fact of publication.
    Publication,
}

/// 法释〔2025〕8号 in force: from then on a proposal names what a court wants proved.
const COURT_PROOF_IN_FORCE: NaiveDate = match NaiveDate::from_ymd_opt(2025, 6, 1) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// One row of the table.
#[derive(Debug)]
pub(super) struct OutcomeEntry {
    pub outcome: Outcome,
    pub code: &'static str,
    pub label: &'static str,
    pub articles: &'static [&'static str],
    pub regimes: &'static [Regime],
    pub reply_kind: Option<u8>,
    pub row_2014: Option<&'static str>,
    pub row_2019: Option<&'static str>,
    pub row_2021: Option<&'static str>,
    pub remedy: RemedyText,
    pub requirements: &'static [Requirement],
}

impl Outcome {
    /// Every outcome, in the order of the annual table; Order 711 first.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.outcome)
    }

    /// The outcome of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.code == code).map(|entry| entry.outcome)
    }

    /// The code used in rows, JSON and ledgers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.entry().code
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.entry().label
    }

    /// The articles the reply rests on; empty where no article names the category.
    #[must_use]
    pub const fn articles(self) -> &'static [&'static str] {
        self.entry().articles
    }

    /// The articles in one line.
    #[must_use]
    pub fn article(self) -> String {
        self.articles().join("、")
    }

    /// Whether it may be chosen under that Order.
    #[must_use]
    pub fn is_of(self, regime: Regime) -> bool {
        self.entry().regimes.contains(&regime)
    }

    /// Number of the reply in Art. 36 of Order 711, where it is one of the seven.
    #[must_use]
    pub const fn reply_kind(self) -> Option<u8> {
        self.entry().reply_kind
    }

    /// Row in the sheet of 国办发〔2014〕32号, for reports up to 2018. None: it was not counted as a reply.
    #[must_use]
    pub const fn row_2014(self) -> Option<&'static str> {
        self.entry().row_2014
    }

    /// Row in table 三 of the 2019 form, for reports on 2019 and 2020.
    #[must_use]
    pub const fn row_2019(self) -> Option<&'static str> {
        self.entry().row_2019
    }

    /// Row in table 三 of the 2021 form, for reports on 2021 and later.
    #[must_use]
    pub const fn row_2021(self) -> Option<&'static str> {
        self.entry().row_2021
    }

    /// Which remedies paragraph the reply carries.
    #[must_use]
    pub const fn remedy(self) -> RemedyText {
        self.entry().remedy
    }

    /// What must be on the case before it may be chosen.
    #[must_use]
    pub const fn requirements(self) -> &'static [Requirement] {
        self.entry().requirements
    }

    /// The applicant gets all that was asked for, or the reply says where it is public.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(
            self,
            Self::Provided | Self::AlreadyPublic | Self::PublicInterest | Self::O492AlreadyPublic | Self::O492Disclosed
        )
    }

    /// The case ends without a reply on the substance.
    #[must_use]
    pub const fn is_closed_without_reply(self) -> bool {
        matches!(self, Self::CorrectionLapsed | Self::FeeLapsed | Self::Withdrawn | Self::ClosedOther)
    }

    const fn entry(self) -> &'static OutcomeEntry {
        &TABLE[self.place()]
    }

    const fn place(self) -> usize {
        match self {
            Self::Provided => 0,
            Self::AlreadyPublic => 1,
            Self::PublicInterest => 2,
            Self::PartiallyDisclosed => 3,
            Self::StateSecret => 4,
            Self::ProhibitedByLaw => 5,
            Self::SecurityAndStability => 6,
            Self::ThirdPartyRights => 7,
            Self::InternalAffairs => 8,
            Self::DeliberativeProcess => 9,
            Self::EnforcementFile => 10,
            Self::SpecialRegister => 11,
            Self::DoesNotExist => 12,
            Self::OtherAuthority => 13,
            Self::RequiresCreation => 14,
            Self::StillUnclear => 15,
            Self::Petition => 16,
            Self::Repeat => 17,
            Self::Publication => 18,
            Self::Excessive => 19,
            Self::Reconfirmation => 20,
            Self::CorrectionLapsed => 21,
            Self::FeeLapsed => 22,
            Self::Withdrawn => 23,
            Self::ClosedOther => 24,
            Self::O492AlreadyPublic => 25,
            Self::O492Disclosed => 26,
            Self::O492PartiallyDisclosed => 27,
            Self::O492StateSecret => 28,
            Self::O492TradeSecret => 29,
            Self::O492Privacy => 30,
            Self::O492SecurityAndStability => 31,
            Self::O492NotGovernmentInformation => 32,
            Self::O492OtherStatutory => 33,
            Self::O492OtherAuthority => 34,
            Self::O492DoesNotExist => 35,
            Self::O492AmendRequested => 36,
            Self::O492OtherChannel => 37,
        }
    }
}

impl Requirement {
    /// Every requirement.
    pub const ALL: [Self; 19] = [
        Self::SearchRecord,
        Self::RightOrgan,
        Self::EarlierReplyNumber,
        Self::ThirdPartyConsulted,
        Self::ConsultationObjected,
        Self::CorrectionMade,
        Self::JustificationUnreasonable,
        Self::CorrectionOverdue,
        Self::FeeOverdue,
        Self::Withdrawn,
        Self::AccessPath,
        Self::SpecialLaw,
        Self::Reasons,
        Self::SecretMarking,
        Self::AdverseEffect,
        Self::ProcessRecord,
        Self::InternalAffairsKind,
        Self::FilePaper,
        Self::Publication,
    ];

    /// Whether it is what a court wants proved of a category (法释〔2025〕8号), also where only a part is withheld on it.
    #[must_use]
    pub const fn is_court_proof(self) -> bool {
        match self {
            Self::SecretMarking
            | Self::AdverseEffect
            | Self::ProcessRecord
            | Self::InternalAffairsKind
            | Self::FilePaper
            | Self::Publication => true,
            Self::SearchRecord
            | Self::RightOrgan
            | Self::EarlierReplyNumber
            | Self::ThirdPartyConsulted
            | Self::ConsultationObjected
            | Self::CorrectionMade
            | Self::JustificationUnreasonable
            | Self::CorrectionOverdue
            | Self::FeeOverdue
            | Self::Withdrawn
            | Self::AccessPath
            | Self::SpecialLaw
            | Self::Reasons => false,
        }
    }

    /// The first day of a proposal that has to meet it; none: it always had to be met.
    #[must_use]
    pub fn since(self) -> Option<NaiveDate> {
        self.is_court_proof().then_some(COURT_PROOF_IN_FORCE)
    }

    /// What a clerk has to add.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SearchRecord => "检索记录（检索范围、关键词、时间、人员）",
            Self::RightOrgan => "负责公开的行政机关名称、联系方式（不能确定的，注明）",
            Self::EarlierReplyNumber => "此前答复的文号",
            Self::ThirdPartyConsulted => "书面征求第三方意见的记录",
            Self::ConsultationObjected => "第三方不同意公开的意见",
            Self::CorrectionMade => "补正告知及收到的补正",
            Self::JustificationUnreasonable => "要求说明理由的告知及理由不合理的认定",
            Self::CorrectionOverdue => "补正期限已届满而未补正",
            Self::FeeOverdue => "缴费期限已届满而未缴费",
            Self::Withdrawn => "申请人的书面撤回申请",
            Self::AccessPath => "获取的方式、途径",
            Self::SpecialLaw => "所依据的法律、行政法规",
            Self::Reasons => "说明理由",
            Self::SecretMarking => "国家秘密的密级、密级标识和保密期限",
            Self::AdverseEffect => "公开会造成的不利影响（危及国家安全、公共安全、经济安全、社会稳定）",
            Self::ProcessRecord => {
                "属于四类过程性信息中的哪一类（讨论记录、过程稿、磋商信函、请示报告），何时形成，形成于哪一决定之前"
            }
            Self::InternalAffairsKind => "属于三类内部事务信息中的哪一类（人事管理、后勤管理、内部工作流程）",
            Self::FilePaper => "行政执法案卷中的哪一种材料",
            Self::Publication => "主动公开的事实：何时、在何处公开（有网址的，写明网址）",
        }
    }

    /// The article of the requirement.
    #[must_use]
    pub const fn article(self) -> &'static str {
        match self {
            Self::SearchRecord => "《条例》第三十六条第（四）项；最高人民法院指导案例101号",
            Self::RightOrgan => "《条例》第三十六条第（五）项",
            Self::EarlierReplyNumber => "《条例》第三十六条第（六）项",
            Self::ThirdPartyConsulted | Self::ConsultationObjected => "《条例》第三十二条",
            Self::CorrectionMade | Self::CorrectionOverdue => "《条例》第三十条",
            Self::JustificationUnreasonable => "《条例》第三十五条",
            Self::FeeOverdue => "《政府信息公开信息处理费管理办法》第六条",
            Self::Withdrawn => "申请人撤回申请（书面、核验身份）",
            Self::AccessPath => "《条例》第三十六条第（一）项、第三十九条第二款",
            Self::SpecialLaw => "《条例》第十四条、第三十六条第（七）项",
            Self::Reasons => "《条例》第三十六条第（三）项、第三十七条",
            Self::SecretMarking | Self::AdverseEffect => "《条例》第十四条；法释〔2025〕8号",
            Self::ProcessRecord | Self::FilePaper => "《条例》第十六条第二款；法释〔2025〕8号",
            Self::InternalAffairsKind => "《条例》第十六条第一款；法释〔2025〕8号",
            Self::Publication => "《条例》第三十六条第（一）项；法释〔2025〕8号",
        }
    }
}

/// The one outcome of an application of several items (C-9); none for no item.
///
/// All granted is granted; something granted and something not is partial disclosure, counted once. Otherwise the first item's
/// outcome stands for all until the organ picks another. Items withdrawn or abandoned do not weigh against answered ones.
#[must_use]
pub fn roll_up(items: &[Outcome]) -> Option<Outcome> {
    let answered: Vec<Outcome> = items.iter().copied().filter(|item| !item.is_closed_without_reply()).collect();
    let Some(first) = answered.first().copied() else { return items.first().copied() };
    let (partial, granted) = match first.is_of(Regime::Order711) {
        true => (Outcome::PartiallyDisclosed, [Outcome::PublicInterest, Outcome::Provided, Outcome::AlreadyPublic]),
        false => (
            Outcome::O492PartiallyDisclosed,
            [Outcome::O492Disclosed, Outcome::O492Disclosed, Outcome::O492AlreadyPublic],
        ),
    };
    let grants = |item: &Outcome| item.is_granted();
    if answered.iter().all(grants) {
        return granted.into_iter().find(|kind| answered.contains(kind)).or(Some(first));
    }
    if answered.iter().any(|item| item.is_granted() || *item == partial) {
        return Some(partial);
    }
    Some(first)
}

#[cfg(test)]
mod tests;
