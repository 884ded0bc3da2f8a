//! 督办单: issuing, listing, and the steps until closure.

use super::order_view::{OrderLine, OrderView};
use crate::api::http::body::{Body, Params};
use crate::api::http::create::{Key, created, made, once};
use crate::api::http::etag::{IfMatch, versioned};
use crate::api::http::page::{Page, codes, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{OrderCommand, OrderStatus};
use crate::office::Caller;
use crate::office::cases::queries::CASE_READERS;
use crate::office::supervision::orders::{ANSWERERS, ISSUERS, NewOrder};
use crate::store::supervision::orders::OrderFilter;
use crate::store::{CaseId, DepartmentId, OrderId, OrganId};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/supervision/orders";
const ONE: &str = "/api/v1/supervision/orders/{order_id}";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, LIST, Access::Roles(ISSUERS), Scope::None, || web::to(issue)),
    Route::new(Verb::Get, LIST, Access::Roles(CASE_READERS), Scope::None, || web::to(list)),
    Route::new(Verb::Get, ONE, Access::Roles(CASE_READERS), Scope::Order, || web::to(show)),
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
