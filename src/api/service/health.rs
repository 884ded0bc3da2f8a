//! Liveness and readiness.

use super::flight::{Flight, Seen};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::Readiness;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{OpenApi, ToSchema};

/// Readiness is public and costs a write, so the answer is cached for a second.
const FRESH: Duration = Duration::from_secs(1);
/// How long a request waits for the check: a database that hangs must not block monitoring.
const PATIENCE: Duration = Duration::from_secs(3);
/// `Retry-After` while the service is not ready, seconds.
const RETRY_S: u64 = 5;

/// The cached answer of `/health/ready`, shared by all workers.
pub(in crate::api) type Watch = Arc<Flight<Result<Readiness, Problem>>>;

/// An empty cache.
pub(in crate::api) fn watch() -> Watch {
    Flight::new(FRESH, PATIENCE)
}

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/health/live", Access::Public, Scope::None, || web::to(live)),
    Route::new(Verb::Get, "/health/ready", Access::Public, Scope::None, || web::to(ready)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(live, ready))]
pub struct Doc;

/// 存活
#[derive(Serialize, ToSchema)]
struct Alive {
    /// 恒为 alive
    #[schema(value_type = String)]
    status: &'static str,
}

/// 进程存活（不访问数据库）
#[utoipa::path(get, path = "/health/live", operation_id = "is_live", tag = "ops", responses((status = 200, body = Alive)))]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "alive" })
}

/// 可以办理业务：数据库可写可读、文件仍在原处、迁移已完成；不能办理的，逐项说明原因和处理办法；工作日历不足以覆盖在办期限的，说明自哪一天起缺少
#[utoipa::path(get, path = "/health/ready", operation_id = "is_ready", tag = "ops",
    responses((status = 200, body = Readiness), (status = 503, description = "不能办理业务：errors 逐项说明原因和处理办法", body = crate::api::http::problem::Details, content_type = "application/problem+json")))]
async fn ready(api: web::Data<Api>, watch: web::Data<Watch>) -> Result<HttpResponse, Problem> {
    let seen = watch.ask(|| async move { api.run(|office| Ok(office.service().readiness())).await }).await;
    let readiness = answer_of(&seen)?;
    Ok(HttpResponse::Ok().json(readiness))
}

fn answer_of(seen: &Seen<Result<Readiness, Problem>>) -> Result<&Readiness, Problem> {
    let problem = || Problem::new("not_ready").retry_after(RETRY_S);
    let last = seen.last.as_ref();
    if let Some(silent) = seen.silent {
        let before = match last.map(|(known, age)| (known.as_ref(), age.as_secs())) {
            None => "此前没有检查过".to_owned(),
            Some((Ok(readiness), age)) if readiness.is_ready => format!("{age} 秒前的检查正常"),
            Some((Ok(_) | Err(_), age)) => format!("{age} 秒前的检查不正常"),
        };
        let detail = format!("数据库 {} 秒没有应答；{before}。请检查数据库服务器、磁盘和网络", silent.as_secs());
        return Err(problem().field("database", "no_answer", detail));
    }
    match last.map(|(known, _)| known.as_ref()) {
        Some(Ok(readiness)) if readiness.is_ready => Ok(readiness),
        Some(Ok(readiness)) => {
            let mut problem = problem();
            problem.errors.clone_from(&readiness.faults);
            Err(problem)
        }
        Some(Err(cause)) => Err(cause.clone()),
        None => Err(problem()),
    }
}
