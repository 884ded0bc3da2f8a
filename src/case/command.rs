//! What a person may ask of a case. A payload is also the body of its route: dates are civil days at the organ's seat.
//!
//! `on` is always the day the thing happened, never the day it was typed in.

use super::text::{self, is_line_break};
use crate::case::vocabulary::{
    ApplicantKind, ContactResult, Delivery, FeeBasis, InternalAffairs, LinkRelation, Notice, Opinion, ProcessKind,
    RemedyKind, RemedyResult, ReviewKind, SecrecyLevel, ServiceResult,
};
use crate::law::{Channel, ConsultationKind, Outcome, ReceiptFacts, ReopenedPeriod, ServiceMethod};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An application comes in (Art. 29, 31). The applicant's data stand elsewhere, under `applicant_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receive {
    /// The applicant's record.
    pub applicant_id: Uuid,
    /// For the columns of the annual report.
    pub applicant_kind: ApplicantKind,
    /// What the application is about, in one line.
    pub title: String,
    /// What is asked for, in the applicant's words.
    pub request: String,
    /// The way it came.
    pub channel: Channel,
    /// Sent to another unit or person than the disclosure office (R3).
    pub misdirected: bool,
    /// The day the applicant sent or handed it in.
    pub submitted_on: NaiveDate,
    /// The day the organ signed for it (registered mail).
    pub signed_on: Option<NaiveDate>,
    /// The day it really reached the disclosure office.
    pub arrived_on: Option<NaiveDate>,
    /// The day the system or the mail server confirmed success by itself (C-3).
    pub acknowledged_on: Option<NaiveDate>,
    /// The day both sides confirmed.
    pub confirmed_on: Option<NaiveDate>,
    /// The form in which the information is wanted.
    pub delivery: Option<Delivery>,
}

impl Receive {
    /// The day it came into the house, as far as that is known: it arrived, was signed for, or was handed in.
    #[must_use]
    pub fn came_in_on(&self) -> NaiveDate {
        self.arrived_on.or(self.signed_on).unwrap_or(self.submitted_on)
    }

    /// What fixes the day of receipt.
    #[must_use]
    pub const fn receipt_facts(&self) -> ReceiptFacts {
        ReceiptFacts {
            channel: self.channel,
            misdirected: self.misdirected,
            submitted_on: self.submitted_on,
            arrived_on: self.arrived_on,
            acknowledged_on: self.acknowledged_on,
            confirmed_on: self.confirmed_on,
            signed_on: self.signed_on,
        }
    }
}

/// Characters of a title that is made from the request.
const MADE_TITLE: usize = 60;

/// A title for a request without one: its first line that says something, shortened.
#[must_use]
pub fn title_of(request: &str) -> String {
    let line = request.lines().map(str::trim).find(|line| text::is_visible(line)).unwrap_or_default();
    let line = text::without_hidden(line).replace(|letter: char| letter.is_control() || is_line_break(letter), " ");
    if line.chars().count() <= MADE_TITLE {
        return line;
    }
    line.chars().take(MADE_TITLE - 1).chain(['…']).collect()
}

/// An attempt to reach the applicant: 207号 asks for this log when the applicant does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogContact {
    /// The day of the attempt.
    pub on: NaiveDate,
    /// By which means: 电话, 短信, 电子邮件 ...
    pub means: String,
    /// Whether the applicant was reached.
    pub result: ContactResult,
    /// What was said.
    #[serde(default)]
    pub note: Option<String>,
}

/// Both sides confirm that the application was received (R3, R4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmReceipt {
    /// The day of confirmation: it becomes the day of receipt.
    pub on: NaiveDate,
    /// How it was confirmed; the evidence a court will ask for.
    pub evidence: String,
}

/// The application gets its number. The number itself is drawn by the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The day of registration.
    pub on: NaiveDate,
}

/// One piece of information asked for within the application (C-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemText {
    /// What is asked for.
    pub text: String,
}

/// Writes the application down as items, so that each can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefineItems {
    /// The day.
    pub on: NaiveDate,
    /// At least one item; replaces what was there.
    #[schema(min_items = 1)]
    pub items: Vec<ItemText>,
}

/// The one single notice to correct (Art. 30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCorrection {
    /// The day the notice was sent; after seven working days it is allowed but flagged (C-7b).
    pub on: NaiveDate,
    /// Everything that has to be corrected, at once.
    #[schema(min_items = 1)]
    pub items: Vec<String>,
    /// Working days to correct in, from the day the applicant gets the notice.
    #[schema(minimum = 1, maximum = 60)]
    pub respond_days: u16,
    /// The day the applicant got the notice, when already known.
    #[serde(default)]
    pub served_on: Option<NaiveDate>,
}

/// The corrected application arrives: the reply period starts anew (Art. 30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveCorrection {
    /// The day it is received, by the rules of Art. 31.
    pub on: NaiveDate,
    /// The corrected wording.
    pub request: String,
}

/// When the applicant got a notice: the base of the period it sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeNotice {
    /// Which notice.
    pub notice: Notice,
    /// The day the applicant got it.
    pub on: NaiveDate,
}

/// A period the applicant let pass: the application is treated as given up (Art. 30; fee rules 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lapse {
    /// The day the organ closes it; after the last day of the period.
    pub on: NaiveDate,
    /// Why there is no good reason for the delay.
    pub reason: String,
}

/// A department is asked for its opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// The day.
    pub on: NaiveDate,
    /// 承办科室.
    pub department_id: Uuid,
    /// 承办人, when one is named.
    #[serde(default)]
    pub handler_id: Option<Uuid>,
    /// Working days the department has; the organ's setting when absent.
    #[serde(default)]
    pub days: Option<u16>,
}

/// The department answers its task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerTask {
    /// The task, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub task: u16,
    /// The day.
    pub on: NaiveDate,
    /// 会办意见.
    pub opinion: String,
}

/// A task that a department was given by mistake is taken back while it is open: it counts as never given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawTask {
    /// The task, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub task: u16,
    /// The day; today when absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// Why.
    pub reason: String,
}

/// The case passes to another department or handler without a new task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reassign {
    /// The day; today when absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// 承办科室.
    pub department_id: Uuid,
    /// 承办人, when one is named.
    #[serde(default)]
    pub handler_id: Option<Uuid>,
    /// Why.
    pub reason: String,
}

/// Where, by what words and by whom was searched: without it nothing "does not exist" (Art. 36(4); 指导案例101号).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSearch {
    /// The day.
    pub on: NaiveDate,
    /// Archives, systems, rooms.
    pub places: Vec<String>,
    /// Words searched for.
    pub terms: Vec<String>,
    /// Who searched.
    pub searched_by: String,
    /// Whether anything was found.
    pub found: bool,
}

/// An opinion is asked for in writing (Art. 32, 33, 34, 17): the reply period stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenConsultation {
    /// Whom: the rules of silence differ.
    pub kind: ConsultationKind,
    /// Name of the party.
    pub party: String,
    /// What it is asked about.
    pub subject: String,
    /// The day the letter was sent; this day still counts, the next does not (C-4).
    pub sent_on: NaiveDate,
    /// The day the party got the letter, when already known (C-6).
    #[serde(default)]
    pub served_on: Option<NaiveDate>,
    /// The day the applicant was notified of it.
    #[serde(default)]
    pub applicant_told_on: Option<NaiveDate>,
}

/// The party got the letter: its fifteen working days run from this day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeConsultation {
    /// The consultation, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub consultation: u16,
    /// The day the party got the letter.
    pub on: NaiveDate,
}

/// The opinion arrived: the period runs again from the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnConsultation {
    /// The consultation, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub consultation: u16,
    /// The day the opinion was received; it does not count itself (C-4).
    pub on: NaiveDate,
    /// What it says.
    pub opinion: Opinion,
    /// Its reasons.
    #[serde(default)]
    pub reasons: Option<String>,
}

/// The applicant is asked to give reasons for an excessive number of requests (Art. 35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestJustification {
    /// The day the notice was sent.
    pub on: NaiveDate,
    /// The facts: how many, how often.
    pub facts: String,
    /// Working days to answer in, from the day the applicant gets the notice.
    #[schema(minimum = 1, maximum = 60)]
    pub respond_days: u16,
    /// The day the applicant got the notice, when already known.
    #[serde(default)]
    pub served_on: Option<NaiveDate>,
}

/// The applicant's reasons arrived (Art. 35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveJustification {
    /// The day.
    pub on: NaiveDate,
    /// Whether the organ finds them reasonable.
    pub reasonable: bool,
    /// The reasons, and why they are found so.
    pub reasons: String,
}

/// Reasonable but too much for the period: the organ fixes a delayed date and notifies the applicant (Art. 35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelayReply {
    /// The day the applicant was notified; on or before the current due date.
    pub on: NaiveDate,
    /// The last day of the delayed period.
    pub until: NaiveDate,
    /// Why it is needed.
    pub reason: String,
}

/// The fee notice (Art. 42; fee rules 3-6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyFee {
    /// The day the notice was sent; within the current reply period.
    pub on: NaiveDate,
    /// By the piece or by the page, never both.
    pub basis: FeeBasis,
    /// Pieces of this applicant in the calendar month with this one, or pages of this application.
    pub count: u32,
    /// Pieces of the month already charged for; the fee is the difference of the two scales' values.
    #[serde(default)]
    pub counted_before: u32,
    /// The day the applicant got the notice, when already known.
    #[serde(default)]
    pub served_on: Option<NaiveDate>,
}

/// The fee is paid: the reply period starts anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayFee {
    /// The day payment was complete.
    pub on: NaiveDate,
}

/// The one extension, approved by the head of the disclosure office and notified to the applicant (Art. 33).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// Working days, 1 to 20 (Order 492: 1 to 15).
    #[schema(minimum = 1, maximum = 20)]
    pub days: u16,
    /// Why: goes into the notice.
    pub reason: String,
    /// The day the head agreed.
    pub approved_on: NaiveDate,
    /// The day the applicant was notified; on or before the current due date.
    pub notified_on: NaiveDate,
}

/// The organ that is responsible instead (Art. 36(5)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightOrgan {
    /// Its name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
}

/// What one item comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemOutcome {
    /// The item, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub item: u16,
    /// Its category.
    pub outcome: Outcome,
}

/// 拟办意见: one statutory category for the application, with what the law wants beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeOutcome {
    /// The day.
    pub on: NaiveDate,
    /// The category; one of GET /law/outcomes.
    pub outcome: Outcome,
    /// Why it is this one: goes into the reply.
    pub reasons: String,
    /// One category an item, when the application has items; they must roll up to `outcome`.
    #[serde(default)]
    pub items: Vec<ItemOutcome>,
    /// For a partial disclosure: the grounds on which the rest is withheld; they decide which remedies paragraph it carries.
    #[serde(default)]
    pub withheld: Vec<Outcome>,
    /// For `unavailable.other_authority`: the right organ, where it can be determined.
    #[serde(default)]
    pub right_organ: Option<Box<RightOrgan>>,
    /// For `unavailable.other_authority`: that the right organ cannot be determined, and why.
    #[serde(default)]
    pub right_organ_unknown: Option<String>,
    /// For `not_processed.repeat`: the number of the earlier reply, which is one of this organ's.
    #[serde(default)]
    pub earlier_reply_number: Option<String>,
    /// That the earlier reply was given before this service was used, so that its number is not to be found here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier_reply_before_system: bool,
    /// For `disclosed.already_public` and publications: where and how to get it.
    #[serde(default)]
    pub public_location: Option<String>,
    /// For prohibitions and special registers: the law or administrative regulation.
    #[serde(default)]
    pub legal_basis: Option<String>,
    /// For state secrets: what a court wants proved of them.
    #[serde(default)]
    pub secret: Option<Box<SecretMarking>>,
    /// For `refused.security_and_stability`: the adverse effect of disclosure.
    #[serde(default)]
    pub adverse_effect: Option<String>,
    /// For `refused.deliberative_process`: what it is, and what decision it precedes.
    #[serde(default)]
    pub process: Option<Box<ProcessRecord>>,
    /// For `refused.internal_affairs`: which of the three kinds.
    #[serde(default)]
    pub internal_affairs: Option<InternalAffairs>,
    /// For `refused.enforcement_file`: what kind of paper of the file.
    #[serde(default)]
    pub file_paper: Option<String>,
    /// For `disclosed.already_public`: the fact of publication; `public_location` is what the reply says to the applicant.
    #[serde(default)]
    pub publication: Option<Box<Publication>>,
}

/// What makes information a state secret: the marking on the paper and the term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretMarking {
    /// 密级.
    pub level: SecrecyLevel,
    /// 密级标识, as it is written on the carrier.
    pub marking: String,
    /// 保密期限, or the condition on which it ends.
    pub term: String,
}

/// What makes information part of a process: its kind, and that it was made before the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessRecord {
    /// Which of the four kinds.
    pub kind: ProcessKind,
    /// The day it was made.
    pub made_on: NaiveDate,
    /// The decision it was made for.
    pub decision: String,
    /// The day of that decision; none: it is still to come.
    #[serde(default)]
    pub decided_on: Option<NaiveDate>,
}

/// That something was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// The day.
    pub on: NaiveDate,
    /// Where: the column of the portal, the gazette, the reading room.
    pub place: String,
    /// 网址, where there is one.
    #[serde(default)]
    pub url: Option<String>,
}

/// The proposal is taken back for more work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallProposal {
    /// The day.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// One step of the organ's review chain; never by the proposer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The step; the next of the chain.
    pub kind: ReviewKind,
    /// The day.
    pub on: NaiveDate,
    /// Agreed, or sent back.
    pub approve: bool,
    /// 审核意见; wanted when it is sent back.
    #[serde(default)]
    pub comment: Option<String>,
}

/// The reply is signed and numbered. The number is drawn by the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueReply {
    /// The day on the document.
    pub on: NaiveDate,
}

/// A reply that has its number and was never sent is taken back: its 文号 is void for ever, and the case is handled again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallReply {
    /// The day; today when absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// Why.
    pub reason: String,
}

/// The organ itself corrects a reply that it has sent (自行纠正): the reply is revoked, and another one follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeReply {
    /// The day of the revocation, day 0 of the organ's own period for the new reply.
    pub on: NaiveDate,
    /// Why.
    #[schema(max_length = 200)]
    pub reason: String,
}

/// The reply leaves the house (235号).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dispatch {
    /// The way.
    pub method: ServiceMethod,
    /// The day it was handed to the post, to the organ that serves it, or sent.
    pub on: NaiveDate,
    /// Postal enterprise or courier.
    #[serde(default)]
    pub carrier: Option<String>,
    /// 邮件号.
    #[serde(default)]
    pub tracking_number: Option<String>,
}

/// 送达回证: the applicant got it, or could not be given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveService {
    /// The day.
    pub on: NaiveDate,
    /// What came back.
    pub result: ServiceResult,
    /// 收件人签名 and the relation to the applicant, as on the paper; counts as personal data and is not shown in lists.
    #[serde(default)]
    pub signatory: Option<String>,
}

/// The file is closed and put away (Art. 45).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The day.
    pub on: NaiveDate,
    /// 归档号.
    pub file_number: String,
}

/// The applicant takes the application back, in writing, before the reply is sent (C-18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// The day the withdrawal was received.
    pub on: NaiveDate,
    /// Whether the identity was checked; a withdrawal is not accepted without.
    pub identity_checked: bool,
}

/// The case ends for another reason: the applicant died or ceased to exist, a registration by mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The day.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// Ends this case because another one carries the same application on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The day.
    pub on: NaiveDate,
    /// The case that goes on.
    pub into_case: Uuid,
    /// Why.
    pub reason: String,
}

/// One of the applications a case is split into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitPart {
    /// In one line.
    pub title: String,
    /// What is asked for.
    pub request: String,
}

/// Ends this case and makes one application of each part, with a notice to the applicant (一事一申请).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The day the applicant was notified.
    pub on: NaiveDate,
    /// Two or more.
    #[schema(min_items = 2)]
    pub parts: Vec<SplitPart>,
}

/// Ties the case to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The day.
    pub on: NaiveDate,
    /// The other case.
    pub other_case: Uuid,
    /// What it is to this one.
    pub relation: LinkRelation,
}

/// Reconsideration or a suit over this case reached the organ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRemedy {
    /// Which.
    pub kind: RemedyKind,
    /// The day the organ received the copy: its own period to respond runs from it.
    pub received_on: NaiveDate,
    /// 案号.
    pub reference: String,
    /// Reconsideration by the simplified procedure (five instead of ten working days).
    #[serde(default)]
    pub simplified: bool,
}

/// The organ handed in its response and evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RespondRemedy {
    /// The remedy, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub remedy: u16,
    /// The day.
    pub on: NaiveDate,
}

/// The decision; one that orders a new reply reopens the case with the period it sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRemedy {
    /// The remedy, numbered from 1 within the case.
    #[schema(minimum = 1)]
    pub remedy: u16,
    /// The day the organ received the decision: an ordered period runs from it.
    pub on: NaiveDate,
    /// 维持, 纠正, 其他.
    pub result: RemedyResult,
    /// The period for the new reply, when one is ordered.
    #[serde(default)]
    pub orders_reply_within: Option<ReopenedPeriod>,
}

/// Records that the case was registered by mistake, or twice (误立案、重复录入): it counts nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Void {
    /// Why.
    #[schema(max_length = 200)]
    pub reason: String,
    /// The case that carries the same application, when there is one.
    #[serde(default)]
    pub replaced_by: Option<Uuid>,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($payload:ty) = $code:literal, $label:literal;)*) => {
        /// A command with its payload.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        pub enum Command { $($(#[$doc])* $name($payload),)* }

        /// Which command, without its payload.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum CommandKind { $($(#[$doc])* $name,)* }

        impl CommandKind {
            /// Every command, in the order of a case's life.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The code in JSON.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// What a clerk reads.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$name => $label,)* } }
        }

        impl Command {
            /// Which command this is.
            #[must_use]
            pub const fn kind(&self) -> CommandKind { match self { $(Self::$name(_) => CommandKind::$name,)* } }

            /// The payload as JSON. A member that is absent is null.
            #[must_use]
            pub fn payload(&self) -> Value {
                match self { $(Self::$name(payload) => serde_json::to_value(payload).unwrap_or_default(),)* }
            }

            /// The command with this payload.
            ///
            /// # Errors
            /// The path to the member that is wrong, and what serde says of it.
            pub fn of_payload(kind: CommandKind, payload: Value) -> Result<Self, (String, String)> {
                match kind { $(CommandKind::$name => {
                    let read: Result<$payload, _> = serde_path_to_error::deserialize(payload);
                    read.map(Self::$name).map_err(|error| (error.path().to_string(), error.inner().to_string()))
                })* }
            }
        }

        $(impl From<$payload> for Command { fn from(payload: $payload) -> Self { Self::$name(payload) } })*
    };
}

commands! {
    /// See [`Receive`].
    Receive(Receive) = "receive", "收件";
    /// See [`LogContact`].
    LogContact(LogContact) = "log_contact", "记录联系";
    /// See [`ConfirmReceipt`].
    ConfirmReceipt(ConfirmReceipt) = "confirm_receipt", "确认收到";
    /// See [`Register`].
    Register(Register) = "register", "登记编号";
    /// See [`DefineItems`].
    DefineItems(DefineItems) = "define_items", "分列事项";
    /// See [`RequestCorrection`].
    RequestCorrection(RequestCorrection) = "request_correction", "告知补正";
    /// See [`ServeNotice`].
    ServeNotice(ServeNotice) = "serve_notice", "登记通知送达";
    /// See [`ReceiveCorrection`].
    ReceiveCorrection(ReceiveCorrection) = "receive_correction", "收到补正";
    /// See [`Lapse`].
    Lapse(Lapse) = "lapse", "视为放弃";
    /// See [`Assign`].
    Assign(Assign) = "assign", "分办";
    /// See [`AnswerTask`].
    AnswerTask(AnswerTask) = "answer_task", "科室反馈";
    /// See [`WithdrawTask`].
    WithdrawTask(WithdrawTask) = "withdraw_task", "撤回分办";
    /// See [`Reassign`].
    Reassign(Reassign) = "reassign", "改派";
    /// See [`RecordSearch`].
    RecordSearch(RecordSearch) = "record_search", "登记检索";
    /// See [`OpenConsultation`].
    OpenConsultation(OpenConsultation) = "open_consultation", "征求意见";
    /// See [`ServeConsultation`].
    ServeConsultation(ServeConsultation) = "serve_consultation", "登记征求意见书送达";
    /// See [`ReturnConsultation`].
    ReturnConsultation(ReturnConsultation) = "return_consultation", "收到意见";
    /// See [`RequestJustification`].
    RequestJustification(RequestJustification) = "request_justification", "要求说明理由";
    /// See [`ReceiveJustification`].
    ReceiveJustification(ReceiveJustification) = "receive_justification", "收到理由说明";
    /// See [`DelayReply`].
    DelayReply(DelayReply) = "delay_reply", "确定延迟答复期限";
    /// See [`NotifyFee`].
    NotifyFee(NotifyFee) = "notify_fee", "收费通知";
    /// See [`PayFee`].
    PayFee(PayFee) = "pay_fee", "登记缴费";
    /// See [`Extend`].
    Extend(Extend) = "extend", "延长答复期限";
    /// See [`ProposeOutcome`].
    ProposeOutcome(ProposeOutcome) = "propose_outcome", "拟办";
    /// See [`RecallProposal`].
    RecallProposal(RecallProposal) = "recall_proposal", "撤回拟办";
    /// See [`Review`].
    Review(Review) = "review", "审核";
    /// See [`IssueReply`].
    IssueReply(IssueReply) = "issue_reply", "签发答复";
    /// See [`RecallReply`].
    RecallReply(RecallReply) = "recall_reply", "撤回答复";
    /// See [`RevokeReply`].
    RevokeReply(RevokeReply) = "revoke_reply", "撤销原答复";
    /// See [`Dispatch`].
    Dispatch(Dispatch) = "dispatch", "发出答复";
    /// See [`ProveService`].
    ProveService(ProveService) = "prove_service", "登记送达";
    /// See [`Archive`].
    Archive(Archive) = "archive", "归档";
    /// See [`Withdraw`].
    Withdraw(Withdraw) = "withdraw", "申请人撤回";
    /// See [`Close`].
    Close(Close) = "close", "其他终结";
    /// See [`Merge`].
    Merge(Merge) = "merge", "并案";
    /// See [`Split`].
    Split(Split) = "split", "拆分";
    /// See [`Link`].
    Link(Link) = "link", "关联案件";
    /// See [`OpenRemedy`].
    OpenRemedy(OpenRemedy) = "open_remedy", "登记复议诉讼";
    /// See [`RespondRemedy`].
    RespondRemedy(RespondRemedy) = "respond_remedy", "提交答辩";
    /// See [`DecideRemedy`].
    DecideRemedy(DecideRemedy) = "decide_remedy", "登记裁决";
    /// See [`Void`].
    Void(Void) = "void", "作废";
}
