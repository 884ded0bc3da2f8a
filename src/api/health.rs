//! Whether the service lives and is ready, and its own description.

use super::fixed::Fixed;
use super::openapi;
use super::problem::Problem;
use super::routes::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::office::Readiness;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::sync::LazyLock;
use utoipa::{OpenApi, ToSchema};

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/health/live", Access::Public, Scope::None, || web::to(live)),
    Route::new(Verb::Get, "/health/ready", Access::Public, Scope::None, || web::to(ready)),
    Route::new(Verb::Get, "/api/v1/openapi.json", Access::Public, Scope::None, || web::to(document)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(live, ready, document))]
pub struct Doc;

/// 存活
#[derive(Serialize, ToSchema)]
struct Alive {
    /// 恒为 alive
    #[schema(value_type = String)]
    status: &'static str,
}

/// 进程存活（不访问数据库）
#[utoipa::path(get, path = "/health/live", tag = "ops", responses((status = 200, body = Alive)))]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "alive" })
}

/// 可以办理业务：数据库可写、迁移已完成；工作日历不足以覆盖在办期限的，说明自哪一天起缺少
#[utoipa::path(get, path = "/health/ready", tag = "ops",
    responses((status = 200, body = Readiness), (status = 503, body = Problem, content_type = "application/problem+json")))]
async fn ready(api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    let readiness = api.run(|office| Ok(office.readiness())).await?;
    if readiness.is_ready {
        return Ok(HttpResponse::Ok().json(readiness));
    }
    let mut problem = Problem::new("not_ready").retry_after(5);
    if !readiness.is_database_writable {
        problem = problem.field("database", "unavailable", "数据库不可写");
    }
    if !readiness.pending_migrations.is_empty() {
        problem = problem.field("migrations", "pending", "有尚未执行的迁移");
    }
    Err(problem)
}

/// 本文档（OpenAPI 3.1）
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "ops",
    responses((status = 200), (status = 304, description = "与 If-None-Match 所给的相同")))]
async fn document(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static DOCUMENT: LazyLock<Option<Fixed>> = LazyLock::new(|| {
        let text = serde_json::to_vec(&openapi::document()).ok()?;
        Fixed::new("application/json", text).ok()
    });
    let document = DOCUMENT.as_ref().ok_or_else(|| Problem::internal("no OpenAPI document"))?;
    Ok(document.answer(&request))
}
