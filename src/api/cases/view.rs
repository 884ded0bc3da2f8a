//! Views of a case. Personal data is masked; a route of its own reveals it.

use super::action_view::{ActionView, ActionsView};
use super::amendment_view::AmendmentView;
use super::reply_view::{EarlierReplyView, masked_reply};
use crate::api::supervision::order_view::OrderLine;
use crate::case::{
    Assignment, Case, Challenge, Consultation, Correction, FeeDemand, Justification, Obligation, Proposal,
    RecalledReply, Remedy, Reply, Stage, Task, VoidCase, challenges, command as payload,
};
use crate::law::{Calendar, ClockAnswer, LetterTitle, Outcome, Regime, RemedyBodies, WarningThresholds, remedies};
use crate::office::cases::applicants::masked_name;
use crate::office::cases::beside::Beside;
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::queries::{ListedCase, Shown, duties_of};
use crate::office::{OfficeError, Word};
use crate::store::cases::transfers::NamedTransfer;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// 答复期限的状态
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClockView {
    /// 状态
    pub status: Word,
    /// 预警级别
    pub warning: Word,
    /// 计算结果；推导过程见 derivation_url
    #[serde(flatten)]
    pub answer: ClockSummary,
    /// 推导过程的地址
    pub derivation_url: String,
}

/// 期限计算的结果，不含推导过程
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClockSummary {
    /// 起算日（不计入）
    pub start: NaiveDate,
    /// 期限届满日；中止、待补正、待缴费或日历不足时为空
    pub due: Option<NaiveDate>,
    /// 期限长度，工作日
    pub total: Option<u32>,
    /// 已计工作日
    pub used: Option<u32>,
    /// 剩余工作日
    pub remaining: Option<u32>,
    /// 未计入的工作日
    pub excluded: Option<u32>,
    /// 逾期工作日
    pub overdue_working_days: Option<u32>,
    /// 中止期间的法定最后一日
    pub resumes_on: Option<NaiveDate>,
    /// 日历尚未公布时的暂定日期（即最早的届满日），不是届满日
    pub provisional_due: Option<NaiveDate>,
    /// 放假安排未公布、届满日不能确定时，最早的届满日；预警和提醒以此为准
    pub due_earliest: Option<NaiveDate>,
    /// 放假安排未公布、届满日不能确定时，最晚的届满日
    pub due_latest: Option<NaiveDate>,
    /// 放假安排未公布时的说明，一行
    pub estimate: Option<String>,
    /// 日历缺少的第一天
    pub missing: Option<NaiveDate>,
    /// 待补正时，如不重新起算的届满日
    pub risk_due: Option<NaiveDate>,
    /// 日历版本
    pub calendar_version: String,
}

impl From<&ClockAnswer> for ClockSummary {
    fn from(answer: &ClockAnswer) -> Self {
        Self {
            start: answer.start,
            due: answer.due,
            total: answer.total,
            used: answer.used,
            remaining: answer.remaining,
            excluded: answer.excluded,
            overdue_working_days: answer.overdue_working_days,
            resumes_on: answer.resumes_on,
            provisional_due: answer.provisional_due,
            due_earliest: answer.range.map(|range| range.earliest),
            due_latest: answer.range.map(|range| range.latest),
            estimate: answer.estimate(),
            missing: answer.missing,
            risk_due: answer.risk_due,
            calendar_version: answer.calendar_version.clone(),
        }
    }
}

/// 收到申请之日及其依据
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptView {
    /// 收到申请之日
    pub on: NaiveDate,
    /// 规则代码
    pub rule: String,
    /// 依据
    pub article: String,
    /// 说明
    pub why: String,
}

/// 申请人（遮掩后）
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicantView {
    /// 申请人类型
    pub kind: Word,
    /// 姓名的首字或者名称
    pub name: String,
    /// 证件号码照申请书所写登记，未核验
    pub identity_is_unverified: bool,
    /// 有代理人；是谁、有何权限，见申请人信息
    pub has_agent: bool,
    /// 有监护人
    pub has_guardian: bool,
    /// 共同申请人的人数，不计第一申请人；姓名、证件见申请人信息
    pub co_applicants: usize,
}

/// 处理结果
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutcomeView {
    /// 代码
    pub code: String,
    /// 名称
    pub label: String,
    /// 依据条款
    pub article: String,
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        Self { code: outcome.code().to_owned(), label: outcome.label().to_owned(), article: outcome.article() }
    }
}

/// 有期限的事项
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObligationView {
    /// 事项标识，在案件内唯一
    pub key: String,
    /// 种类
    pub kind: Word,
    /// 最后一日；没有法定或者指定的期限的，以及起算日期尚未登记的，为空
    pub due_on: Option<NaiveDate>,
    /// 没有期限的事项，本机关核查的日期；不是最后一日
    pub follow_up_on: Option<NaiveDate>,
    /// 年度放假通知尚未公布，最后一日是暂定的：due_on 为最早
    pub is_provisional: bool,
    /// 最后一日是暂定时，最晚的最后一日
    pub latest_on: Option<NaiveDate>,
    /// 状态：open、suspended、met、cancelled
    pub status: String,
    /// 依据
    pub article: String,
}

impl From<Obligation> for ObligationView {
    fn from(obligation: Obligation) -> Self {
        let is_follow_up = obligation.kind.is_follow_up();
        Self {
            kind: Word::of(obligation.kind.code(), obligation.kind.label()),
            due_on: obligation.due_on.filter(|_| !is_follow_up),
            follow_up_on: obligation.due_on.filter(|_| is_follow_up),
            is_provisional: obligation.is_estimated(),
            latest_on: obligation.latest_on,
            status: obligation.status.code().to_owned(),
            article: obligation.article.to_owned(),
            key: obligation.key,
        }
    }
}

/// 一种救济途径及其期限
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChallengeView {
    /// 途径：reconsideration 行政复议，suit 行政诉讼
    pub way: Word,
    /// 第0日：送达之日，或者未作答复时答复期限届满之日；尚不能计算的为空
    pub from: Option<NaiveDate>,
    /// 届满日；放假安排未公布的为最早；尚不能计算的为空
    pub until: Option<NaiveDate>,
    /// 届满日不能确定时，最晚的届满日
    pub latest_on: Option<NaiveDate>,
    /// 规则代码
    pub rule: Option<String>,
    /// 依据
    pub article: Option<String>,
    /// 推算过程，或者尚不能计算的原因
    pub why: String,
}

impl From<Challenge> for ChallengeView {
    fn from(challenge: Challenge) -> Self {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            way: Word::of(challenge.way.code(), challenge.way.label()),
            from: challenge.term.map(|term| term.from.day()),
            until: challenge.term.map(|term| term.last.warns_on()),
            latest_on: challenge.term.and_then(|term| term.last.latest()),
            rule: said(challenge.rule),
            article: said(challenge.article),
            why: challenge.why,
        }
    }
}

/// 案件由被撤并的机关移交承继其职权的机关
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransferView {
    /// 原机关
    pub from_organ_id: Uuid,
    /// 原机关的名称
    pub from_organ: String,
    /// 承继机关
    pub to_organ_id: Uuid,
    /// 承继机关的名称
    pub to_organ: String,
    /// 移交日期
    pub on: NaiveDate,
    /// 理由
    pub reason: String,
    /// 登记时间
    pub recorded_at: DateTime<Utc>,
}

impl TransferView {
    fn new(transfer: &NamedTransfer) -> Self {
        let NamedTransfer { row, from_name, to_name } = transfer;
        Self {
            from_organ_id: row.from_organ_id.0,
            from_organ: from_name.clone(),
            to_organ_id: row.to_organ_id.0,
            to_organ: to_name.clone(),
            on: row.transferred_on,
            reason: row.reason.clone(),
            recorded_at: row.recorded_at.0,
        }
    }
}

/// 案件
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseView {
    /// 标识
    pub id: Uuid,
    /// 截止日：晚于此日的事实视为尚未发生；看过去的情形时才有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<NaiveDate>,
    /// 按哪一日所知：此日以后登记、更正的内容不计；看过去的情形时才有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_on: Option<NaiveDate>,
    /// 机关
    pub organ_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 收件系统
    pub source: Option<String>,
    /// 收件系统的编号
    pub external_number: Option<String>,
    /// 标题
    pub title: String,
    /// 申请内容
    pub request: String,
    /// 申请人
    pub applicant: ApplicantView,
    /// 申请方式
    pub channel: Word,
    /// 环节
    pub stage: Word,
    /// 是否在办
    pub is_open: bool,
    /// 适用的条例：492 或 711
    #[schema(value_type = Option<String>)]
    pub regime: Option<Regime>,
    /// 收到申请之日；待确认、已作废时为空
    pub receipt: Option<ReceiptView>,
    /// 登记日期
    pub registered_on: Option<NaiveDate>,
    /// 答复期限；收到日期未确定时为空
    pub clock: Option<ClockView>,
    /// 提供方式、获取途径
    pub delivery: Option<crate::case::Delivery>,
    /// 申请事项
    pub items: Vec<payload::ItemText>,
    /// 联系记录
    pub contacts: Vec<payload::LogContact>,
    /// 承办科室
    pub department_id: Option<Uuid>,
    /// 承办人
    pub handler_id: Option<Uuid>,
    /// 补正
    pub correction: Option<Correction>,
    /// 分办
    pub tasks: Vec<Task>,
    /// 分办、改派的经过；撤回的分办除外，最后一项即现承办科室、承办人
    pub assignments: Vec<Assignment>,
    /// 检索
    pub searches: Vec<payload::RecordSearch>,
    /// 征求意见
    pub consultations: Vec<Consultation>,
    /// 说明理由
    pub justification: Option<Justification>,
    /// 信息处理费
    pub fee: Option<FeeDemand>,
    /// 延长
    pub extension: Option<payload::Extend>,
    /// 延迟答复
    pub delay: Option<payload::DelayReply>,
    /// 拟办与审核
    pub proposal: Option<Proposal>,
    /// 答复
    pub reply: Option<Reply>,
    /// 发出以后不再作数的答复：本机关自行撤销的，法院、复议机关责令重新答复的
    pub earlier_replies: Vec<EarlierReplyView>,
    /// 未发出即撤回的答复，文号已经作废
    pub recalled_replies: Vec<RecalledReply>,
    /// 答复书应附的救济告知
    pub remedies_text: Option<String>,
    /// 答复（或者逾期未答复）可以申请行政复议、提起行政诉讼至哪一日，或者尚不能计算的原因
    pub challenges: Vec<ChallengeView>,
    /// 处理结果
    pub outcome: Option<OutcomeView>,
    /// 办结日期
    pub ended_on: Option<NaiveDate>,
    /// 归档
    pub archive: Option<payload::Archive>,
    /// 关联案件
    pub links: Vec<payload::Link>,
    /// 复议、诉讼
    pub remedies: Vec<Remedy>,
    /// 更正，包括等候机关负责人确认的作废
    pub amendments: Vec<AmendmentView>,
    /// 作废的理由；没有作废的为空
    pub void: Option<VoidCase>,
    /// 有期限的事项
    pub obligations: Vec<ObligationView>,
    /// 主题标签
    pub tags: Vec<String>,
    /// 尚未办结的督办单
    pub orders: Vec<OrderLine>,
    /// 本人接下来可以办理的事
    pub actions: Vec<ActionView>,
    /// 由被撤并的机关移交的经过；编号、文号不变
    pub transfers: Vec<TransferView>,
    /// 版本，即 ETag
    pub version: i64,
    /// 新增时间
    pub created_at: DateTime<Utc>,
    /// 最近变动时间
    pub updated_at: DateTime<Utc>,
}

impl CaseView {
    /// Builds the view of a case for the caller.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the reply clock cannot be computed from the event log; [`OfficeError::Internal`]
    /// if the file was loaded without what is stored beside it.
    pub fn new(shown: &Shown) -> Result<Self, OfficeError> {
        let Shown { file, actions, amending, orders, transfers, today, known_on } = shown;
        let today = *today;
        let CaseFile { row, case, desk, beside, .. } = file;
        let Some(Beside { tags, identity_is_unverified, has_agent, has_guardian, co_applicants }) = beside else {
            return Err(OfficeError::Internal("what is stored beside the case was not read".into()));
        };
        let clock = case
            .reply_clock(&desk.calendar, &desk.rules, Some(today))
            .map_err(|error| OfficeError::unreadable(format!("clock of case {}: {error}", row.id.0)))?;
        Ok(Self {
            id: row.id.0,
            as_of: known_on.map(|_| today),
            known_on: *known_on,
            organ_id: row.organ_id.0,
            number: row.number.clone(),
            source: row.source.clone(),
            external_number: row.external_number.clone(),
            title: case.intake.title.clone(),
            request: case.intake.request.clone(),
            applicant: ApplicantView {
                kind: Word::of(case.intake.applicant_kind.code(), case.intake.applicant_kind.label()),
                name: masked_name(&row.applicant_kind, &row.applicant_name),
                identity_is_unverified: *identity_is_unverified,
                has_agent: *has_agent,
                has_guardian: *has_guardian,
                co_applicants: *co_applicants,
            },
            channel: Word::of(case.intake.channel.code(), case.intake.channel.label()),
            stage: Word::of(case.stage.code(), case.stage.label()),
            is_open: case.stage.is_open(),
            regime: case.regime,
            receipt: receipt_view(case),
            registered_on: case.registered_on,
            clock: clock.map(|answer| {
                let thresholds = desk.rules.warning_thresholds();
                clock_view(row.id.0, case, &answer, today, &thresholds, &desk.calendar)
            }),
            delivery: case.intake.delivery,
            items: case.items.clone(),
            contacts: case.contacts.clone(),
            department_id: case.department_id,
            handler_id: case.handler_id,
            correction: case.correction.clone(),
            tasks: case.tasks.clone(),
            assignments: case.assignments.clone(),
            searches: case.searches.clone(),
            consultations: case.consultations.clone(),
            justification: case.justification.clone(),
            fee: case.fee.clone(),
            extension: case.extension.clone(),
            delay: case.delay.clone(),
            proposal: case.proposal.clone(),
            reply: case.reply.clone().map(masked_reply),
            earlier_replies: case.earlier_replies.iter().map(EarlierReplyView::new).collect(),
            recalled_replies: case.recalled_replies.clone(),
            remedies_text: remedies_text(file, today),
            challenges: challenges_of(file, today),
            outcome: case.outcome.map(OutcomeView::from),
            ended_on: case.ended_on,
            archive: case.archive.clone(),
            links: case.links.clone(),
            remedies: case.remedies.clone(),
            amendments: case.amendments.iter().map(AmendmentView::from).collect(),
            void: case.void.clone(),
            obligations: duties_of(file, today).into_iter().map(ObligationView::from).collect(),
            tags: tags.clone(),
            orders: orders.iter().map(|order| OrderLine::new(order.clone(), today)).collect(),
            actions: ActionsView::new(row.id.0, actions.clone(), amending).allowed,
            transfers: transfers.iter().map(TransferView::new).collect(),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

fn receipt_view(case: &Case) -> Option<ReceiptView> {
    let receipt = case.receipt.filter(|_| case.void.is_none())?;
    let regime = Regime::for_receipt(case.intake.submitted_on);
    Some(ReceiptView {
        on: receipt.on,
        rule: receipt.rule.code().to_owned(),
        article: receipt.rule.article(regime).to_owned(),
        why: receipt.rule.why().to_owned(),
    })
}

/// The clock with its warning level on the day `on`.
#[must_use]
pub fn clock_view(
    case_id: Uuid,
    case: &Case,
    answer: &ClockAnswer,
    on: NaiveDate,
    thresholds: &WarningThresholds,
    calendar: &Calendar,
) -> ClockView {
    let level = case.warning(answer, on, thresholds, calendar);
    ClockView {
        status: Word::of(answer.status.code(), answer.status.label()),
        warning: Word::of(level.code(), level.label()),
        answer: ClockSummary::from(answer),
        derivation_url: format!("/api/v1/cases/{case_id}/clock"),
    }
}

/// The paragraph about remedies for the reply, by the proposed outcome and the law on the day of issue (or today).
fn remedies_text(file: &CaseFile, today: NaiveDate) -> Option<String> {
    let proposal = &file.case.proposal.as_ref()?.proposal;
    let items = proposal.items.iter().map(|item| item.outcome);
    let withheld: Vec<Outcome> = proposal.withheld.iter().copied().chain(items).collect();
    let outcome = proposal.outcome;
    let on = file.case.reply.as_ref().map_or(today, |reply| reply.issued_on);
    let rules = &file.desk.rules;
    let bodies = RemedyBodies {
        letter: LetterTitle::default(),
        government: &rules.reconsideration_organ,
        superior: "上一级主管部门",
        court: &rules.court,
        online_channel: Some(rules.reconsideration_online.as_str()).filter(|place| !place.is_empty()),
    };
    remedies(outcome, &withheld, on, &bodies)
}

fn challenges_of(file: &CaseFile, today: NaiveDate) -> Vec<ChallengeView> {
    let actor = crate::office::cases::case_file::actor_without_roles();
    challenges(&file.case, &file.context(&actor, today)).into_iter().map(ChallengeView::from).collect()
}

/// 案件一览中的一行
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseLine {
    /// 标识
    pub id: Uuid,
    /// 机关
    pub organ_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 标题
    pub title: String,
    /// 申请人姓名的首字或者名称
    pub applicant: String,
    /// 申请人类型
    pub applicant_kind: String,
    /// 申请方式
    pub channel: String,
    /// 环节
    pub stage: Word,
    /// 期限状态
    pub clock_status: String,
    /// 收到申请之日
    pub received_on: Option<NaiveDate>,
    /// 期限届满日；放假安排未公布而不能确定的为空
    pub due_on: Option<NaiveDate>,
    /// 放假安排未公布、届满日不能确定时，最早的届满日；预警和提醒以此为准
    pub due_earliest: Option<NaiveDate>,
    /// 放假安排未公布、届满日不能确定时，最晚的届满日
    pub due_latest: Option<NaiveDate>,
    /// 放假安排未公布时的说明，一行
    pub estimate: Option<String>,
    /// 中止期间的法定最后一日
    pub resumes_on: Option<NaiveDate>,
    /// 预警级别；机关的设置或者日历不能读取的为空
    pub warning: Option<Word>,
    /// 答复日期
    pub replied_on: Option<NaiveDate>,
    /// 是否逾期答复
    pub is_late: bool,
    /// 处理结果
    pub outcome: Option<String>,
    /// 承办科室
    pub department_id: Option<Uuid>,
    /// 承办人
    pub handler_id: Option<Uuid>,
    /// 版本
    pub version: i64,
    /// 新增时间
    pub created_at: DateTime<Utc>,
    /// 最近变动的时间
    pub updated_at: DateTime<Utc>,
}

impl From<ListedCase> for CaseLine {
    fn from(line: ListedCase) -> Self {
        let ListedCase { row, warning, estimate } = line;
        let stage = Stage::from_code(&row.stage).map_or("", Stage::label);
        Self {
            id: row.id.0,
            organ_id: row.organ_id.0,
            applicant: masked_name(&row.applicant_kind, &row.applicant_name),
            stage: Word::stored(&row.stage, stage),
            warning: warning.map(|level| Word::of(level.code(), level.label())),
            number: row.number,
            title: row.title,
            applicant_kind: row.applicant_kind,
            channel: row.channel,
            clock_status: row.clock_status,
            received_on: row.received_on,
            due_on: row.due_on,
            due_earliest: row.warns_on.filter(|_| row.latest_on.is_some()),
            due_latest: row.latest_on,
            estimate,
            resumes_on: row.resumes_on,
            replied_on: row.replied_on,
            is_late: row.is_late,
            outcome: row.outcome,
            department_id: row.department_id.map(|id| id.0),
            handler_id: row.handler_id.map(|id| id.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}
