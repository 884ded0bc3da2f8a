//! The small words a case is described with: kinds, results, relations. One table each: code and label.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes an enum with the JSON code and the Chinese label of each member in one place.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $($(#[$doc:meta])* $member:ident = $code:literal, $label:literal;)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $code)] $member,)* }
        impl $name {
            /// Every member, in order.
            pub const ALL: &'static [Self] = &[$(Self::$member,)*];
            /// The code in JSON and rows.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$member => $code,)* } }
            /// What a clerk reads.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$member => $label,)* } }
            /// The member of a code, if there is one.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> { Self::ALL.iter().copied().find(|member| member.code() == code) }
        }
        // utoipa's derive takes no name out of a macro's literal: it would publish the Rust names.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::law::vocabulary(concat!($($about, "\n",)*), &[$(($code, $label),)*])
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

pub(super) use words;

words! {
    /// The stage of a case.
    Stage {
        /// Waiting for both sides to confirm receipt.
        AwaitingConfirmation = "awaiting_confirmation", "待确认收到";
        /// Received: the day of receipt is fixed.
        Received = "received", "收到";
        /// Registered under its number.
        Registered = "registered", "登记";
        /// Search, internal handling, consultations.
        InProgress = "in_progress", "办理";
        /// Waiting for the applicant to correct.
        AwaitingCorrection = "awaiting_correction", "待补正";
        /// Waiting for the applicant's reasons.
        AwaitingJustification = "awaiting_justification", "待说明理由";
        /// Waiting for payment.
        AwaitingFee = "awaiting_fee", "待缴费";
        /// In the review chain.
        InReview = "in_review", "审核";
        /// Approved, to be issued and sent.
        Approved = "approved", "待答复";
        /// The reply is sent.
        Replied = "replied", "答复";
        /// Its service is proved.
        Served = "served", "送达";
        /// Given up by letting a period pass.
        Lapsed = "lapsed", "视为放弃";
        /// Taken back by the applicant.
        Withdrawn = "withdrawn", "撤回";
        /// Carried on in another case.
        Merged = "merged", "已并案";
        /// Carried on in several cases.
        Split = "split", "已拆分";
        /// Ended for another reason.
        Closed = "closed", "其他终结";
        /// Put away.
        Archived = "archived", "归档";
        /// Recorded by mistake, or twice: counts nowhere.
        Void = "void", "作废";
    }
}

impl Stage {
    /// Whether the organ still owes the applicant something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::AwaitingConfirmation
            | Self::Received
            | Self::Registered
            | Self::InProgress
            | Self::AwaitingCorrection
            | Self::AwaitingJustification
            | Self::AwaitingFee
            | Self::InReview
            | Self::Approved => true,
            Self::Replied
            | Self::Served
            | Self::Lapsed
            | Self::Withdrawn
            | Self::Merged
            | Self::Split
            | Self::Closed
            | Self::Archived
            | Self::Void => false,
        }
    }
}

words! {
    /// Who applies: the columns of table three of the annual report.
    ApplicantKind {
        /// 自然人.
        NaturalPerson = "natural_person", "自然人";
        /// 商业企业.
        Enterprise = "enterprise", "商业企业";
        /// 科研机构.
        ResearchInstitution = "research_institution", "科研机构";
        /// 社会公益组织.
        PublicWelfareOrg = "public_welfare_org", "社会公益组织";
        /// 法律服务机构.
        LegalService = "legal_service", "法律服务机构";
        /// 其他.
        OtherOrg = "other_org", "其他";
    }
}

words! {
    /// 证件类型.
    IdentityKind {
        /// 居民身份证
        IdCard = "id_card", "居民身份证";
        /// 护照
        Passport = "passport", "护照";
        /// 统一社会信用代码
        CreditCode = "credit_code", "统一社会信用代码";
        /// 其他证件
        Other = "other", "其他证件";
    }
}

words! {
    /// A part of the applicant's record that can be corrected. The kind is not among them: a report counts it, so an
    /// amendment changes it.
    ApplicantMember {
        /// 姓名或者名称.
        Name = "name", "姓名或者名称";
        /// 证件.
        Identity = "identity", "证件";
        /// 联系电话.
        Telephone = "telephone", "联系电话";
        /// 电子邮箱.
        Email = "email", "电子邮箱";
        /// 联系地址.
        Address = "address", "联系地址";
        /// 邮政编码.
        Postcode = "postcode", "邮政编码";
        /// 工作单位.
        Workplace = "workplace", "工作单位";
        /// 法定代表人.
        LegalRepresentative = "legal_representative", "法定代表人";
        /// 联系人.
        ContactPerson = "contact_person", "联系人";
        /// 代理人, one line as a form or a ledger has it.
        Agent = "agent", "代理人（一行）";
        /// 代理人 with identity and authority.
        Agents = "agents", "代理人";
        /// 监护人.
        Guardian = "guardian", "监护人";
        /// 共同申请人.
        CoApplicants = "co_applicants", "共同申请人";
    }
}

words! {
    /// Whether the applicant was reached.
    ContactResult {
        /// Spoken to.
        Reached = "reached", "已联系上";
        /// Not reachable: the period does not start (207号 一.2).
        Unreachable = "unreachable", "无法接通";
    }
}

words! {
    /// 密级 (保守国家秘密法).
    SecrecyLevel {
        /// 绝密.
        TopSecret = "top_secret", "绝密";
        /// 机密.
        Secret = "secret", "机密";
        /// 秘密.
        Confidential = "confidential", "秘密";
    }
}

words! {
    /// The four kinds of 过程性信息 (Art. 16(2)).
    ProcessKind {
        /// 讨论记录.
        Minutes = "minutes", "讨论记录";
        /// 过程稿.
        Draft = "draft", "过程稿";
        /// 磋商信函.
        Correspondence = "correspondence", "磋商信函";
        /// 请示报告.
        Report = "report", "请示报告";
    }
}

words! {
    /// The three kinds of 内部事务信息 (Art. 16(1)).
    InternalAffairs {
        /// 人事管理.
        Personnel = "personnel", "人事管理";
        /// 后勤管理.
        Logistics = "logistics", "后勤管理";
        /// 内部工作流程.
        Procedure = "procedure", "内部工作流程";
    }
}

words! {
    /// A notice that sets the applicant a period.
    Notice {
        /// 补正告知书.
        Correction = "correction", "补正告知书";
        /// 说明理由告知书.
        Justification = "justification", "说明理由告知书";
        /// 收费通知书.
        Fee = "fee", "收费通知书";
    }
}

words! {
    /// What an opinion says.
    Opinion {
        /// Agrees to disclosure.
        Consents = "consents", "同意公开";
        /// Objects with good reasons (Art. 32).
        ObjectsWithReason = "objects_with_reason", "不同意公开且有合理理由";
        /// Objects without good reasons: the organ decides.
        ObjectsWithoutReason = "objects_without_reason", "不同意公开但无合理理由";
        /// An organ's or the secrecy authority's opinion in writing.
        Stated = "stated", "已书面答复";
        /// The organ took its question back.
        Recalled = "recalled", "本机关撤回征求";
    }
}

words! {
    /// A step of the review chain.
    ReviewKind {
        /// 科室复核.
        SectionHead = "section_head", "科室复核";
        /// 保密审查 (Art. 17).
        Secrecy = "secrecy", "保密审查";
        /// 法制审核.
        Legal = "legal", "法制审核";
        /// 分管领导签批.
        Leader = "leader", "分管领导签批";
    }
}

words! {
    /// By the piece or by the page, never both for one application (fee rules 3).
    FeeBasis {
        /// Pieces of one applicant in a calendar month.
        ByItem = "by_item", "按件计收";
        /// Pages provided in one application.
        ByPage = "by_page", "按量计收";
    }
}

words! {
    /// What came of serving the reply.
    ServiceResult {
        /// Signed for by the applicant or the legal representative.
        Signed = "signed", "签收";
        /// The electronic channel reported delivery.
        ElectronicReceipt = "electronic_receipt", "电子送达成功";
        /// Refused and left, with witnesses.
        Left = "left", "留置送达";
        /// Came back.
        Returned = "returned", "退回";
    }
}

words! {
    /// What another case is to this one.
    LinkRelation {
        /// An earlier application of the same applicant.
        Earlier = "earlier", "在先申请";
        /// The same request, answered before.
        RepeatOf = "repeat_of", "重复申请的原申请";
        /// The corrected text of a case closed under Order 492.
        CorrectedFrom = "corrected_from", "补充更改前的申请";
        /// A case that was merged into this one.
        MergedFrom = "merged_from", "并入的案件";
        /// The case into which this one was merged.
        MergedInto = "merged_into", "并入的目标案件";
        /// The case this one was split from.
        SplitFrom = "split_from", "拆分前的案件";
        /// A case that was split from this one.
        SplitInto = "split_into", "拆分后的案件";
        /// Anything else.
        Related = "related", "相关案件";
    }
}

words! {
    /// Reconsideration or suit: the three blocks of table four.
    RemedyKind {
        /// 行政复议.
        Reconsideration = "reconsideration", "行政复议";
        /// 未经复议直接起诉.
        Litigation = "litigation", "行政诉讼（未经复议直接起诉）";
        /// 复议后起诉.
        LitigationAfterReconsideration = "litigation_after_reconsideration", "行政诉讼（复议后起诉）";
    }
}

words! {
    /// How it ended.
    RemedyResult {
        /// 结果维持.
        Upheld = "upheld", "结果维持";
        /// 结果纠正.
        Corrected = "corrected", "结果纠正";
        /// 其他结果.
        Other = "other", "其他结果";
    }
}

words! {
    /// The form the applicant wants (载体).
    DeliveryForm {
        /// 纸质.
        Paper = "paper", "纸质";
        /// 电子.
        Electronic = "electronic", "电子数据";
    }
}

words! {
    /// The status of a 督办单.
    OrderStatus {
        /// To be answered.
        Open = "open", "待答复";
        /// Answered, the issuer has not judged the answer yet.
        Answered = "answered", "已答复";
        /// The answer was accepted.
        Closed = "closed", "已办结";
        /// Taken back by the issuer.
        Cancelled = "cancelled", "已撤销";
    }
}

words! {
    /// A step in the record of a 督办单.
    OrderAct {
        /// It was issued.
        Issue = "issue", "签发";
        /// The organ answered.
        Answer = "answer", "答复";
        /// The answer was sent back, with a new day.
        Return = "return", "退回";
        /// The answer was accepted.
        Close = "close", "办结";
        /// It was taken back.
        Cancel = "cancel", "撤销";
    }
}

words! {
    /// The way the applicant wants to get it (途径).
    DeliveryWay {
        /// 邮寄.
        Post = "post", "邮寄";
        /// 电子邮件.
        Email = "email", "电子邮件";
        /// 当面领取.
        InPerson = "in_person", "当面领取";
        /// 现场查阅、抄录.
        OnSite = "on_site", "现场查阅、抄录";
        /// 传真.
        Fax = "fax", "传真";
        /// 网上获取.
        Online = "online", "网上获取";
    }
}

/// The form and way wanted (Art. 29(3), 40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The carrier.
    pub form: DeliveryForm,
    /// The way.
    pub way: DeliveryWay,
    /// Whether another form will do if this one is not possible (Art. 40).
    #[serde(default)]
    pub accepts_other: bool,
}

words! {
    /// What became of an amendment.
    AmendmentStatus {
        /// It waits for the leader.
        Proposed = "proposed", "待确认";
        /// It is in effect.
        Effective = "effective", "已生效";
        /// The leader refused it, or it was taken back.
        Refused = "refused", "未生效";
    }
}

words! {
    /// What waits for the leader, or took effect.
    AmendmentKind {
        /// Steps of the log are other ones.
        Amendment = "amendment", "更正";
        /// The whole case is void.
        Void = "void", "作废";
        /// The organ revokes a reply that it has sent.
        Revocation = "revocation", "撤销原答复";
    }
}

words! {
    /// Why an amendment, the void of a case, or the revocation of a reply, needs the leader.
    AmendmentCause {
        /// The head of the office amends what he recorded on an earlier day.
        OwnEarlierEntry = "own_earlier_entry", "更正本人以前登记的";
        /// What was late would be in time.
        LateBecomesInTime = "late_becomes_in_time", "逾期变成按期";
        /// The reply went out, and its category would be another one.
        OutcomeChanges = "outcome_changes_after_dispatch", "答复发出以后处理结果变动";
        /// The proposal was reviewed, and would be another one.
        ReviewedProposalChanges = "reviewed_proposal_changes", "经过审核的拟办意见变动";
        /// The case is, or was when it ended, overdue.
        OverdueBecomesVoid = "overdue_becomes_void", "作废的案件已经逾期";
        /// The case was replied to.
        RepliedBecomesVoid = "replied_becomes_void", "作废的案件已经答复";
        /// The organ revokes a reply that it has sent.
        ReplyIsRevoked = "reply_is_revoked", "撤销已经发出的答复";
    }
}
