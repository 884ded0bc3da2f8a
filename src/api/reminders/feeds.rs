//! A person's private calendar feed (RFC 5545): its address and its content.

use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::Caller;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

const MINE: &str = "/api/v1/me/feed";
const FEED: &str = "/api/v1/feeds/{token}.ics";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, MINE, Access::Authenticated, Scope::None, || web::to(renew)),
    Route::new(Verb::Delete, MINE, Access::Authenticated, Scope::None, || web::to(end)),
    Route::new(Verb::Get, FEED, Access::Public, Scope::None, || web::to(read)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(renew, end, read))]
pub struct Doc;

/// 日历订阅地址，只显示这一次
#[derive(Debug, Serialize, ToSchema)]
struct FeedAddress {
    /// 相对于本系统的地址；知道此地址的人不需登录即可读取，请勿转发
    path: String,
}

/// 取得本人的日历订阅地址；再次取得即更换，原地址随即失效
#[utoipa::path(post, path = "/api/v1/me/feed", operation_id = "renew_feed", tag = "feeds", responses((status = 200, body = FeedAddress)))]
async fn renew(api: web::Data<Api>, caller: Caller) -> Result<HttpResponse, Problem> {
    let token = api.run(move |office| office.reminders().renew_feed(&caller)).await?;
    Ok(HttpResponse::Ok().json(FeedAddress { path: FEED.replace("{token}", &token) }))
}

/// 撤销本人的日历订阅地址
#[utoipa::path(delete, path = "/api/v1/me/feed", operation_id = "end_feed", tag = "feeds", responses((status = 204)))]
async fn end(api: web::Data<Api>, caller: Caller) -> Result<HttpResponse, Problem> {
    api.run(move |office| office.reminders().end_feed(&caller)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// 日历订阅（iCalendar）：本人的待办期限，每项一个全天事件，不含申请人信息；地址即凭证
#[utoipa::path(get, path = "/api/v1/feeds/{token}.ics", operation_id = "read_feed", tag = "feeds",
    params(("token" = String, Path, description = "订阅地址中的凭证")),
    responses((status = 200, body = String, content_type = "text/calendar")))]
async fn read(api: web::Data<Api>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let token = path.into_inner();
    let calendar = api.run(move |office| office.reminders().feed(&token)).await?;
    Ok(HttpResponse::Ok().content_type("text/calendar; charset=utf-8").body(calendar))
}
