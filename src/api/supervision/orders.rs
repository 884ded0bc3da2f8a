//! 督办单: issuing, listing, and the steps until closure.

use crate::api::cases::codes;
use crate::api::cases::view::Word;
use crate::api::http::body::{Body, Params};
use crate::api::http::precondition::{IfMatch, Key, Page, created, cursor_key, page_limit, versioned};
use crate::api::http::problem::Problem;
use crate::api::people::organs::{made, once};
use crate::api::routes::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{OrderAct, OrderCommand, OrderStatus, Role};
use crate::office::Caller;
use crate::office::cases::queries::READERS;
use crate::office::supervision::orders::{ANSWERERS, ISSUERS, NewOrder, OrderFile, is_overdue};
use crate::store::supervision::orders::{NamedOrder, OrderFilter, StepRow};
use crate::store::{CaseId, DepartmentId, OrderId, OrganId};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/supervision/orders";
const ONE: &str = "/api/v1/supervision/orders/{order_id}";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, LIST, Access::Roles(ISSUERS), Scope::None, || web::to(issue)),
    Route::new(Verb::Get, LIST, Access::Roles(READERS), Scope::None, || web::to(list)),
    Route::new(Verb::Get, ONE, Access::Roles(READERS), Scope::Order, || web::to(show)),
    Route::new(
        Verb::Post,
        "/api/v1/supervision/orders/{order_id}/answer",
        Access::Roles(ANSWERERS),
        Scope::Order,
        || web::to(answer),
    ),
    Route::new(
        Verb::Post,
        "/api/v1/supervision/orders/{order_id}/return",
        Access::Roles(ISSUERS),
        Scope::Order,
        || web::to(send_back),
    ),
    Route::new(Verb::Post, "/api/v1/supervision/orders/{order_id}/close", Access::Roles(ISSUERS), Scope::Order, || {
        web::to(close)
    }),
    Route::new(
        Verb::Post,
        "/api/v1/supervision/orders/{order_id}/cancel",
        Access::Roles(ISSUERS),
        Scope::Order,
        || web::to(cancel),
    ),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(issue, list, show, answer, send_back, close, cancel))]
pub struct Doc;

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
            status: Word::new(&row.status, OrderStatus::from_code(&row.status).map_or("", OrderStatus::label)),
            issuer_role: Word::new(&row.issuer_role, Role::from_code(&row.issuer_role).map_or("", Role::label)),
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
    fn new((row, actor): (StepRow, String)) -> Self {
        Self {
            seq: row.seq,
            act: Word::new(&row.act, OrderAct::from_code(&row.act).map_or("", OrderAct::label)),
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
    fn new(file: OrderFile, today: NaiveDate) -> Self {
        let steps = file.steps.into_iter().map(OrderStep::new).collect();
        Self { order: OrderLine::new(file.order, today), steps }
    }
}

/// 答复督办单
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderAnswer {
    /// 办理情况、原因和下一步安排
    #[schema(max_length = 2000)]
    text: String,
}

/// 退回答复
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderReturn {
    /// 理由
    #[schema(max_length = 2000)]
    reason: String,
    /// 新的答复日期，今天或者以后的工作日
    due_on: NaiveDate,
}

/// 认可答复，办结督办单
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderClose {
    /// 意见
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// 撤销督办单
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderCancel {
    /// 理由
    #[schema(max_length = 2000)]
    reason: String,
}

/// 签发督办单
#[utoipa::path(post, path = "/api/v1/supervision/orders", operation_id = "issue_order", tag = "supervision",
    params(("Idempotency-Key" = String, Header)), request_body = NewOrder, responses((status = 201, body = OrderView)))]
async fn issue(api: web::Data<Api>, caller: Caller, key: Key, body: Body<NewOrder>) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let new = body.value;
    let (answer, is_replay) = api
        .run(move |office| {
            office.service().once(
                &once,
                |db| office.supervision().admit_order(db, &caller, &new),
                |db, ()| {
                    let view =
                        OrderView::new(office.supervision().issue_order(db, &caller, &new)?, office.clock().today());
                    let version = Some(view.order.version.to_string());
                    made(&format!("{LIST}/{}", view.order.id), version, &view)
                },
            )
        })
        .await?;
    Ok(created(answer, is_replay))
}

/// 督办单的筛选
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OrderParams {
    /// 被督办的机关；不填为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 连同下级机关
    with_subordinates: Option<bool>,
    /// 状态：open、answered、closed、cancelled，可用逗号分隔多个
    status: Option<String>,
    /// 督办的案件
    case: Option<Uuid>,
    /// 指明的科室
    department: Option<Uuid>,
    /// 答复日期不早于
    due_from: Option<NaiveDate>,
    /// 答复日期不晚于
    due_until: Option<NaiveDate>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
}

/// 督办单一览，新签发的在前
#[utoipa::path(get, path = "/api/v1/supervision/orders", operation_id = "list_orders", tag = "supervision", params(OrderParams),
    responses((status = 200, body = Page<OrderLine>)))]
async fn list(api: web::Data<Api>, caller: Caller, params: Params<OrderParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = page_limit(&api, params.limit)?;
    let after = cursor(params.cursor.as_deref())?;
    let place = (params.organ.map(OrganId), params.with_subordinates.unwrap_or(false));
    let filter = OrderFilter {
        organs: Vec::new(),
        statuses: codes("?status", params.status, OrderStatus::ALL.iter().map(|status| status.code()))?,
        case: params.case.map(CaseId),
        department: params.department.map(DepartmentId),
        due_from: params.due_from,
        due_until: params.due_until,
    };
    let page = api
        .run(move |office| {
            let today = office.clock().today();
            let rows = office.supervision().list_orders(&caller, place, &filter, after, limit.saturating_add(1))?;
            let lines = rows.into_iter().map(|order| OrderLine::new(order, today)).collect();
            Ok(Page::cut(lines, limit, |line: &OrderLine| line.id.to_string()))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

fn cursor(text: Option<&str>) -> Result<Option<OrderId>, Problem> {
    let bad = |_| Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    cursor_key(text)?.map(|key| key.parse::<OrderId>().map_err(bad)).transpose()
}

/// 一份督办单及其办理过程
#[utoipa::path(get, path = "/api/v1/supervision/orders/{order_id}", operation_id = "show_order", tag = "supervision",
    params(("order_id" = Uuid, Path)), responses((status = 200, body = OrderView)))]
async fn show(api: web::Data<Api>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let view = api
        .run(move |office| {
            let file = office.supervision().show_order(OrderId(*id))?;
            Ok(OrderView::new(file, office.clock().today()))
        })
        .await?;
    Ok(versioned(view.order.version, &view))
}

/// Executes the command and responds with the order.
async fn act(
    api: web::Data<Api>,
    caller: Caller,
    id: OrderId,
    version: IfMatch,
    command: OrderCommand,
) -> Result<HttpResponse, Problem> {
    let view = api
        .run(move |office| {
            let file = office.supervision().act_on_order(&caller, id, &command, version.0)?;
            Ok(OrderView::new(file, office.clock().today()))
        })
        .await?;
    Ok(versioned(view.order.version, &view))
}

macro_rules! steps {
    ($($handler:ident $id:literal $body:ident $path:literal $summary:literal $command:expr;)*) => { $(
        #[utoipa::path(post, path = $path, operation_id = $id, tag = "supervision", summary = $summary,
            params(("order_id" = Uuid, Path), ("If-Match" = String, Header)), request_body = $body,
            responses((status = 200, body = OrderView)))]
        async fn $handler(
            api: web::Data<Api>,
            caller: Caller,
            id: web::Path<Uuid>,
            version: IfMatch,
            body: Body<$body>,
        ) -> Result<HttpResponse, Problem> {
            let command: fn($body) -> OrderCommand = $command;
            act(api, caller, OrderId(*id), version, command(body.value)).await
        }
    )* };
}

steps! {
    answer "answer_order" OrderAnswer "/api/v1/supervision/orders/{order_id}/answer" "答复督办单"
        |body| OrderCommand::Answer { text: body.text };
    send_back "return_order" OrderReturn "/api/v1/supervision/orders/{order_id}/return" "退回答复，另定答复日期（签发人）"
        |body| OrderCommand::Return { reason: body.reason, due_on: body.due_on };
    close "close_order" OrderClose "/api/v1/supervision/orders/{order_id}/close" "认可答复，办结督办单（签发人）"
        |body| OrderCommand::Close { comment: body.comment };
    cancel "cancel_order" OrderCancel "/api/v1/supervision/orders/{order_id}/cancel" "撤销督办单（签发人）"
        |body| OrderCommand::Cancel { reason: body.reason };
}
