//! A case of the past, as a ledger has it in one line: from the line to the events of the log, and back again.
//!
//! Old cases are taken as they happened. What the law of their day did not want is recorded and remarked upon (a late reply
//! is a late reply); what cannot have happened is refused with its article. Evidence that a ledger does not keep (searches,
//! reviews, reasons) is not asked for.

mod check;
mod log;
mod recorded;

pub use recorded::recorded;

use super::context::Context;
use super::event::Event;
use super::refusal::NotAllowed;
use super::state::Case;
use crate::case::vocabulary::{ApplicantKind, words};
use crate::law::{Channel, ClockOptions, ConsultationKind, Fact, Outcome, Regime, ServiceMethod, Timeline};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Pointers to the facts of a [`Past`]: what a refusal is about.
pub mod at {
    #![expect(missing_docs, reason = "each names a member of `Past`")]
    pub const NUMBER: &str = "/number";
    pub const RECEIVED_ON: &str = "/received_on";
    pub const CHANNEL: &str = "/channel";
    pub const APPLICANT_KIND: &str = "/applicant_kind";
    pub const REQUEST: &str = "/request";
    pub const CORRECTION_ON: &str = "/correction/on";
    pub const CORRECTION_TERM: &str = "/correction/term";
    pub const CORRECTION_RECEIVED_ON: &str = "/correction/received_on";
    pub const CONSULTATION_PARTY: &str = "/consultations/party";
    pub const CONSULTATION_KIND: &str = "/consultations/kind";
    pub const CONSULTATION_SENT_ON: &str = "/consultations/sent_on";
    pub const CONSULTATION_RETURNED_ON: &str = "/consultations/returned_on";
    pub const EXTENSION_DAYS: &str = "/extension/days";
    pub const EXTENSION_ON: &str = "/extension/on";
    pub const FEE_ON: &str = "/fee/on";
    pub const FEE_PAID_ON: &str = "/fee/paid_on";
    pub const REPLIED_ON: &str = "/replied_on";
    pub const OUTCOME: &str = "/outcome";
    pub const DOCUMENT_NUMBER: &str = "/document_number";
    pub const METHOD: &str = "/method";
    pub const SERVED_ON: &str = "/served_on";
    pub const NOTE: &str = "/note";
}

/// What a ledger knows of a case. Dates are civil days at the organ's seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// 受理编号, where the case has one.
    pub number: Option<String>,
    /// 收到申请之日, as the office of the day fixed it; the day it was handed in while nothing has been confirmed.
    pub received_on: NaiveDate,
    /// Whether its receipt is still to be confirmed: then nothing else has happened.
    pub awaits_confirmation: bool,
    /// The way it came.
    pub channel: Channel,
    /// The column of the annual report.
    pub applicant_kind: ApplicantKind,
    /// What was asked for.
    pub request: String,
    /// The correction notice.
    pub correction: Option<PastCorrection>,
    /// Opinions asked for, in the order of the ledger.
    pub consultations: Vec<PastConsultation>,
    /// The extension.
    pub extension: Option<PastExtension>,
    /// The fee notice.
    pub fee: Option<PastFee>,
    /// The day of the reply, or of the end without one; none: still open.
    pub replied_on: Option<NaiveDate>,
    /// The category; none: still open.
    pub outcome: Option<Outcome>,
    /// 文号 of the reply.
    pub document_number: Option<String>,
    /// The way it was served.
    pub method: Option<ServiceMethod>,
    /// The day the applicant got it.
    pub served_on: Option<NaiveDate>,
    /// 备注.
    pub note: Option<String>,
}

/// A correction notice of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastCorrection {
    /// The day of the notice.
    pub on: NaiveDate,
    /// What it set the applicant.
    pub term: Option<Term>,
    /// The day the corrected application came.
    pub received_on: Option<NaiveDate>,
}

/// The period a correction notice sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Working days from the day the applicant has the notice.
    Days(u16),
    /// A day.
    Until(NaiveDate),
}

/// An opinion asked for in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastConsultation {
    /// Whom.
    pub party: String,
    /// What they are to the information.
    pub kind: ConsultationKind,
    /// The day of the letter.
    pub sent_on: NaiveDate,
    /// The day the opinion came.
    pub returned_on: Option<NaiveDate>,
}

/// An extension of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastExtension {
    /// Working days.
    pub days: u16,
    /// The day the applicant was notified.
    pub on: NaiveDate,
}

/// A fee notice of the past; ledgers do not say how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastFee {
    /// The day of the notice.
    pub on: NaiveDate,
    /// The day it was paid.
    pub paid_on: Option<NaiveDate>,
}

words! {
    /// What the import takes in and remarks upon.
    Remark {
        /// The reply came after the last day.
        ReplyLate = "reply_late", "逾期答复";
        /// The correction notice came after the seventh working day (C-7b).
        CorrectionNoticeLate = "correction_notice_late", "补正告知晚于收到申请后7个工作日";
        /// The applicant was notified of the extension after the last day: it extends nothing.
        ExtensionIneffective = "extension_ineffective", "延期告知晚于期限届满日，不发生延长的效力";
        /// A fee notice from before the fee rules: it moves no period.
        FeeBeforeRules = "fee_before_rules", "收费通知早于2021年1月1日，不影响答复期限";
        /// Sent by another courier than the postal enterprise after that was forbidden.
        PrivateCourier = "private_courier", "未经邮政企业寄送";
        /// Given up, and the ledger has no notice whose period ran out.
        LapseWithoutNotice = "lapse_without_notice", "视为放弃，但未填补正或者收费通知的日期";
        /// No way of applying was given.
        ChannelAssumed = "channel_assumed", "未填申请方式，按当面提交记录";
        /// An opinion was asked for, and not said of whom.
        ConsultationKindAssumed = "consultation_kind_assumed", "未填征求意见类型，按第三方记录";
        /// Sent by a courier, and not said by whose.
        CourierAssumed = "courier_assumed", "送达方式只填“快递”，按邮政企业寄送记录；由其他快递企业寄出的，请填“其他快递”";
        /// Handed over, and not said when it was signed for.
        ServiceDayAssumed = "service_day_assumed", "直接送达、委托送达未填送达日期，按答复日期签收记录；签收日期不同的，请补填";
        /// The identity number is wrong.
        IdentityNotTaken = "identity_not_taken", "证件号码的校验码不符，未导入";
        /// It is not clear which identity number is meant.
        IdentityUnclear = "identity_unclear", "证件号码不清（号码不全、校验码不符或者有几个号码），未导入；请只填一个号码";
        /// The identity number is masked.
        IdentityMasked = "identity_masked", "证件号码已遮盖，未导入";
        /// A spreadsheet has rounded the identity number.
        IdentityRounded = "identity_rounded", "证件号码被电子表格取整（只保留15位），未导入；请把该列改为文本，重新填写号码";
        /// A contact is masked or rounded.
        ContactNotTaken = "contact_not_taken", "联系电话、电子邮件或者联系地址已遮盖或者被取整，未导入";
        /// The name is masked.
        NameMasked = "name_masked", "姓名或者名称已遮盖，照所填记录";
    }
}

/// A case of the past as a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLog {
    /// The log, in the order of its days.
    pub events: Vec<Event>,
    /// What it folds to.
    pub case: Case,
    /// What was taken in all the same.
    pub remarks: Vec<Remark>,
}

/// What the service draws or finds for a line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside<'a> {
    /// The applicant's record.
    pub applicant: Uuid,
    /// 承办科室.
    pub department: Option<Uuid>,
    /// The number it is registered under when the ledger has none.
    pub number: &'a str,
}

impl Past {
    /// The Order it was handled under (C-10).
    #[must_use]
    pub fn regime(&self, options: ClockOptions) -> Regime {
        let corrected = self.correction.and_then(|correction| correction.received_on);
        regime_of(self.received_on, corrected, options)
    }

    /// The day it ended: for a notice to change the application under Order 492 that was the reply, the notice's own day.
    #[must_use]
    pub fn end(&self) -> Option<NaiveDate> {
        let notice = self.correction.filter(|_| self.outcome == Some(Outcome::O492AmendRequested));
        self.replied_on.or(notice.map(|correction| correction.on))
    }
}

/// The Order of an application received, and corrected, on these days (C-10).
#[must_use]
pub fn regime_of(received_on: NaiveDate, corrected_on: Option<NaiveDate>, options: ClockOptions) -> Regime {
    let facts: Vec<Fact> = corrected_on.map(|on| Fact::CorrectionReceived { on }).into_iter().collect();
    Timeline::regime_for(received_on, &facts, None, options)
}

/// The log of a case of the past, as of `context.today`, recorded by `context.actor`.
///
/// # Errors
/// Everything that cannot have happened, each pointing at its fact ([`at`]).
pub fn past_log(past: &Past, beside: &Beside<'_>, context: &Context<'_>) -> Result<PastLog, Vec<NotAllowed>> {
    check::check(past, context)?;
    let events = log::log(past, beside, context)?;
    let case = super::evolve::fold(&events)
        .ok_or_else(|| vec![NotAllowed::new("nothing_received", "没有收到申请的记录").at(at::RECEIVED_ON)])?;
    let remarks = check::remarks(past, &case, context)?;
    Ok(PastLog { events, case, remarks })
}
