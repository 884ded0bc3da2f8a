//! An order (督办单) as its readers see it.

use crate::case::{OrderAct, OrderStatus, Role};
use crate::office::Word;
use crate::office::supervision::orders::{OrderFile, is_overdue};
use crate::store::supervision::orders::{NamedOrder, OrderStepRow};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// 督办单
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderLine {
    /// 标识
    pub id: Uuid,
    /// 督办单编号，按签发机关、年度连续编
    pub number: String,
    /// 被督办的机关
    pub organ_id: Uuid,
    /// 被督办机关的名称
    pub organ_name: String,
    /// 督办的案件
    pub case_id: Option<Uuid>,
    /// 案件的受理编号
    pub case_number: Option<String>,
    /// 指明的科室
    pub department_id: Option<Uuid>,
    /// 指明的科室的名称
    pub department_name: Option<String>,
    /// 签发人
    pub issuer: String,
    /// 签发机关
    pub issuer_organ_id: Uuid,
    /// 签发人据以签发的角色
    pub issuer_role: Word,
    /// 督办事项和要求
    pub text: String,
    /// 依据
    pub article: String,
    /// 签发日期
    pub issued_on: NaiveDate,
    /// 答复日期；由签发人确定，不是法定期限
    pub due_on: NaiveDate,
    /// 状态
    pub status: Word,
    /// 今天是否已过答复日期而没有答复
    pub is_overdue: bool,
    /// 版本，即 ETag
    pub version: i64,
    /// 签发时间
    pub created_at: DateTime<Utc>,
    /// 最近变动时间
    pub updated_at: DateTime<Utc>,
}

impl OrderLine {
    /// The view of an order on a day.
    #[must_use]
    pub fn new(order: NamedOrder, today: NaiveDate) -> Self {
        let NamedOrder { row, organ_name, case_number, department_name, issuer_name } = order;
        Self {
            id: row.id.0,
            is_overdue: is_overdue(&row, today),
            status: Word::stored(&row.status, OrderStatus::from_code(&row.status).map_or("", OrderStatus::label)),
            issuer_role: Word::stored(&row.issuer_role, Role::from_code(&row.issuer_role).map_or("", Role::label)),
            number: row.number,
            organ_id: row.organ_id.0,
            organ_name,
            case_id: row.case_id.map(|id| id.0),
            case_number,
            department_id: row.department_id.map(|id| id.0),
            department_name,
            issuer: issuer_name,
            issuer_organ_id: row.issuer_organ_id.0,
            text: row.text,
            article: row.article,
            issued_on: row.issued_on,
            due_on: row.due_on,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// 督办单办理过程中的一步
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderStep {
    /// 序号
    pub seq: i32,
    /// 办理
    pub act: Word,
    /// 日期
    pub on: NaiveDate,
    /// 办理人
    pub actor: String,
    /// 内容
    pub text: Option<String>,
    /// 这一步定的答复日期
    pub due_on: Option<NaiveDate>,
    /// 登记时间
    pub recorded_at: DateTime<Utc>,
}

impl OrderStep {
    fn new((row, actor): (OrderStepRow, String)) -> Self {
        Self {
            seq: row.seq,
            act: Word::stored(&row.act, OrderAct::from_code(&row.act).map_or("", OrderAct::label)),
            on: row.acted_on,
            actor,
            text: row.text,
            due_on: row.due_on,
            recorded_at: row.recorded_at.0,
        }
    }
}

/// 督办单及其办理过程
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderView {
    /// 督办单
    #[serde(flatten)]
    pub order: OrderLine,
    /// 办理过程，按顺序
    pub steps: Vec<OrderStep>,
}

impl OrderView {
    pub(super) fn new(file: OrderFile, today: NaiveDate) -> Self {
        let steps = file.steps.into_iter().map(OrderStep::new).collect();
        Self { order: OrderLine::new(file.order, today), steps }
    }
}
