//! The words for each kind of duty in a mail: its name and the next steps.
//!
//! The words describe lawful steps. Whether a step is allowed in a given case is decided by `case`, not here.

use crate::case::reminder_policy::DayKind;
use crate::case::{CommandKind, ObligationKind};

/// The words for one kind of duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyWords {
    /// Its name.
    pub label: &'static str,
    /// The next steps while the day has not passed.
    pub in_time: &'static [&'static str],
    /// The next steps once it has passed.
    pub overdue: &'static [&'static str],
    /// Whether its day is only a date on which the office follows up, not a deadline.
    pub is_follow_up: bool,
}

/// For a kind this version does not know. The reminder is sent all the same: silence would be the worst failure.
const UNKNOWN: DutyWords = DutyWords {
    label: "办理期限",
    in_time: &["打开案件，按系统列出的下一步办理。"],
    overdue: &["打开案件，立即按系统列出的下一步办理，并如实登记实际日期。"],
    is_follow_up: false,
};

impl DutyWords {
    /// The words for a code of `obligations.kind`. A code this version does not know gets general words.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let kind = ObligationKind::ALL.iter().find(|kind| kind.code() == code);
        kind.map_or(UNKNOWN, |kind| Self::of_kind(*kind))
    }

    /// The words for a kind.
    #[must_use]
    pub const fn of_kind(kind: ObligationKind) -> Self {
        let (in_time, overdue) = steps(kind);
        Self { label: kind.label(), in_time, overdue, is_follow_up: kind.is_follow_up() }
    }

    /// The kind of its day. `is_at_risk`: the day holds only if a late correction notice does not restart the period
    /// (C-7b).
    #[must_use]
    pub const fn day(&self, is_at_risk: bool) -> DayKind {
        match (self.is_follow_up, is_at_risk) {
            (true, _) => DayKind::FollowUp,
            (false, true) => DayKind::Risk,
            (false, false) => DayKind::LastDay,
        }
    }
}

type Steps = &'static [&'static str];

/// The next steps while the day has not passed, and once it has.
const fn steps(kind: ObligationKind) -> (Steps, Steps) {
    match kind {
        ObligationKind::Reply => (
            &["在期限当日或者之前作出并发出答复（当面送达以签收日为准，邮寄以交邮日为准），随即登记。"],
            &[
                "立即作出并发出答复，按实际日期登记；期限届满后不能再办理延期。",
                "如已答复而未登记，请按实际答复日期补登。",
            ],
        ),
        ObligationKind::RenewedReply => (
            &[
                "原答复已经撤销，请在期限当日或者之前重新作出并发出答复，另编文号，重新告知救济途径。",
                NO_PERIOD_AFTER_REVOCATION,
            ],
            &[
                "立即重新作出并发出答复，按实际日期登记；已经重新答复的，按实际答复日期补登。",
                NO_PERIOD_AFTER_REVOCATION,
            ],
        ),
        ObligationKind::CorrectionNotice => (
            &[
                "申请内容不明确的，一次性书面告知需要补正的全部事项和合理的补正期限，并登记发出日期。",
                "不需要补正的，直接转入办理。",
            ],
            &["告知补正的时限已过：仍需补正的，尽快一次性告知并如实登记；能够办理的，直接转入办理。"],
        ),
        ObligationKind::CorrectionResponse => (
            &["收到补正的，当日登记收到日期，答复期限自收到之日起重新计算。"],
            &[
                "收到补正的，登记收到日期；无正当理由逾期不补正的，登记为视为放弃申请并结案。",
                "申请人说明正当理由的，记入案卷后继续办理。",
            ],
        ),
        ObligationKind::ThirdPartyOpinion => (
            &["收到意见的，登记收到日期和内容，答复期限自次日起继续计算。"],
            &[
                "第三方逾期未提出意见的，由本机关依法决定是否公开，并登记征求意见结束。",
                "意见已收到的，按实际收到日期补登。",
            ],
        ),
        ObligationKind::OrganOpinion => (
            &["收到意见的，登记收到日期和内容，答复期限自次日起继续计算。"],
            &["共同制作机关逾期未提出意见的，视为同意公开，并登记征求意见结束；意见已收到的，按实际收到日期补登。"],
        ),
        ObligationKind::JustificationResponse => (
            &["收到说明的，登记收到日期，并记录理由是否合理。"],
            &["未收到说明或者理由不合理的，提出处理意见报批；理由合理的，记入案卷后继续办理。"],
        ),
        ObligationKind::FeePayment => (
            &["缴费完成的，登记缴费日期，答复期限重新计算。"],
            &["已缴费的，按实际日期登记；逾期未缴的，登记为视为放弃申请并结案。"],
        ),
        ObligationKind::DepartmentTask => (
            &["在反馈期限内提出办理意见，连同有关材料退回公开工作机构。"],
            &["立即反馈办理意见；需要协调的，与公开工作机构联系。"],
        ),
        ObligationKind::Review => (
            &["审核拟办意见，登记通过或者退回；退回的写明理由。", NO_DAY_OF_ITS_OWN],
            &["立即审核：答复期限已过，答复须在审核、签批以后才能签发、发出。"],
        ),
        ObligationKind::Approval => (
            &["签批拟办意见，登记通过或者退回；退回的写明理由。", NO_DAY_OF_ITS_OWN],
            &["立即签批：答复期限已过，答复须在签批以后才能签发、发出。"],
        ),
        ObligationKind::AmendmentConfirmation => (
            &["核对提请的更正、作废或者撤销及其理由、凭据，确认或者不同意；在此之前案件照原来的记录办理。"],
            &["请即决定：确认或者不同意。在此之前案件照原来的记录办理，期限、预警也照原来的记录计算。"],
        ),
        ObligationKind::ReceiptConfirmation => (
            &["与申请人联系并确认收到申请，登记确认日期和方式。", "联系不上的，逐次登记联系的时间、方式和结果。"],
            &["尽快与申请人确认收到申请；此前每次联系的时间、方式和结果均应登记。"],
        ),
        ObligationKind::ReceiptFollowUp => (
            &[
                "与申请人联系并确认收到申请，登记确认日期和方式；确认之日为收到申请之日。",
                "联系不上的，逐次登记联系的时间、方式和结果。",
            ],
            &["尽快与申请人确认收到申请；此前每次联系的时间、方式和结果均应登记。"],
        ),
        ObligationKind::OpinionFollowUp => (
            &["收到意见的，登记收到日期和内容。", NO_PERIOD],
            &["催问对方；意见已收到的，按实际收到日期补登；不再需要的，登记撤回征求。", NO_PERIOD],
        ),
        ObligationKind::ServiceDate => (
            &["查询文书是否已经送达，登记送达日期；对方的期限自送达之日起算，登记之前没有届满日。"],
            &[
                "尽快查明并登记送达日期：未登记的，对方的期限无从起算，不能视为放弃、无意见或者未说明理由。",
                "没有送达的，重新送达并登记。",
            ],
        ),
        ObligationKind::ServiceProof => (
            &["取得签收回执或者交邮凭证，登记送达方式和日期。"],
            &["向邮政企业或者申请人查询送达情况，取得凭证后登记；未送达的，登记退回并重新送达。"],
        ),
        ObligationKind::Redelivery => (
            &["答复被退回，没有送达：核实地址或者改用其他送达方式，重新送达并登记发出日期。"],
            &[
                "答复被退回，没有送达：核实地址或者改用其他送达方式，立即重新送达并登记发出日期。",
                "电子送达被退回的，不算已经答复，以重新发出之日或者签收之日为答复日期；邮寄的仍以交邮日为答复日期。",
            ],
        ),
        ObligationKind::RemedyResponse => (
            &["在期限内向复议机关或者人民法院提交答复（答辩）和证据、依据材料，并登记提交日期。"],
            &["立即提交答复（答辩）和证据、依据材料，并说明逾期原因；已提交的，按实际日期补登。"],
        ),
        ObligationKind::SupervisionOrder => (
            &[
                "在答复日期当日或者之前登记对督办单的书面答复，写明办理情况、原因和下一步安排。",
                "督办单不改变对申请人的法定答复期限，案件照常依法办理。",
            ],
            &["立即登记对督办单的答复，并说明逾期原因；案件已经办结的，也要答复。"],
        ),
        ObligationKind::AnnualReport => (
            &["在规定日期前向本级政府信息公开工作主管部门提交年度报告并向社会公布，登记公布日期。"],
            &["立即提交并公布年度报告，登记实际公布日期。"],
        ),
    }
}

/// Note for duties without a statutory period.
const NO_PERIOD: &str = "《条例》没有规定这类征求意见的期限：核查日只是本机关的提醒，不是届满日。";

/// Note for the steps of the review chain.
const NO_DAY_OF_ITS_OWN: &str = "审核、签批没有单独的期限：所列日期是答复申请人的期限，答复须在该日或者之前发出。";

/// Note for the reply that follows a revoked one.
const NO_PERIOD_AFTER_REVOCATION: &str =
    "《条例》没有规定撤销原答复以后重新答复的期限：20个工作日是本机关的要求；答复是否按期，以首次发出的答复为准。";

/// The commands that complete a duty, in their usual order. Whether one is allowed in a case is decided by `case`.
#[must_use]
pub const fn commands(kind: ObligationKind) -> &'static [CommandKind] {
    match kind {
        ObligationKind::Reply => &[
            CommandKind::Register,
            CommandKind::ReturnConsultation,
            CommandKind::ProposeOutcome,
            CommandKind::Review,
            CommandKind::IssueReply,
            CommandKind::Dispatch,
            // A reply that is handed over counts from the day it was signed for.
            CommandKind::ProveService,
            CommandKind::Assign,
            CommandKind::RecordSearch,
            CommandKind::Extend,
            CommandKind::OpenConsultation,
            CommandKind::DelayReply,
        ],
        ObligationKind::RenewedReply => &[
            CommandKind::ReturnConsultation,
            CommandKind::ProposeOutcome,
            CommandKind::Review,
            CommandKind::IssueReply,
            CommandKind::Dispatch,
            CommandKind::ProveService,
            CommandKind::OpenConsultation,
        ],
        ObligationKind::CorrectionNotice => {
            &[CommandKind::Register, CommandKind::RequestCorrection, CommandKind::Assign]
        }
        ObligationKind::CorrectionResponse => {
            &[CommandKind::ReceiveCorrection, CommandKind::ServeNotice, CommandKind::Lapse]
        }
        ObligationKind::ThirdPartyOpinion | ObligationKind::OrganOpinion | ObligationKind::OpinionFollowUp => {
            &[CommandKind::ReturnConsultation, CommandKind::ServeConsultation]
        }
        ObligationKind::ServiceDate => &[CommandKind::ServeNotice, CommandKind::ServeConsultation],
        ObligationKind::JustificationResponse => {
            &[CommandKind::ReceiveJustification, CommandKind::ServeNotice, CommandKind::ProposeOutcome]
        }
        ObligationKind::FeePayment => &[CommandKind::PayFee, CommandKind::ServeNotice, CommandKind::Lapse],
        ObligationKind::DepartmentTask => {
            &[CommandKind::AnswerTask, CommandKind::RecordSearch, CommandKind::ProposeOutcome]
        }
        ObligationKind::ReceiptConfirmation | ObligationKind::ReceiptFollowUp => {
            &[CommandKind::ConfirmReceipt, CommandKind::LogContact]
        }
        ObligationKind::Review | ObligationKind::Approval => &[CommandKind::Review],
        ObligationKind::ServiceProof => &[CommandKind::ProveService, CommandKind::Dispatch],
        ObligationKind::Redelivery => &[CommandKind::Dispatch],
        ObligationKind::RemedyResponse => &[CommandKind::RespondRemedy, CommandKind::DecideRemedy],
        ObligationKind::AmendmentConfirmation | ObligationKind::AnnualReport | ObligationKind::SupervisionOrder => &[],
    }
}
