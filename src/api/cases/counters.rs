//! The series of numbers of an organ: what comes next, and setting it.

use crate::api::http::body::{Body, Params};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{NumberKind, Role};
use crate::office::cases::counters::{COUNTER_READERS, Counter, CounterSetting};
use crate::office::{Authority, Caller};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/organs/{organ_id}/counters";
const ONE: &str = "/api/v1/organs/{organ_id}/counters/{kind}/{year}";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LIST, Access::Roles(COUNTER_READERS), Scope::Organ, || web::to(list)),
    Route::new(Verb::Put, ONE, Access::Roles(&[Role::Admin]), Scope::Organ, || web::to(set)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, set), components(schemas(NumberKind)))]
pub struct Doc;

/// 设定下一个号码
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNext {
    /// 下一个号码，须在有效使用的号码之后
    #[schema(minimum = 1, maximum = 999_999_999)]
    next: i64,
    /// 理由，将被记录
    #[schema(max_length = 200)]
    reason: String,
}

/// 本机关各类编号的序列：本年的全部，此前各年用过的；最近的年度在前
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/counters", operation_id = "list_counters", tag = "organs",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Counter>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let mut all = api.run(move |office| office.cases().counters(authority.organ_id)).await?;
    if let Some(after) = after {
        let place = all.iter().position(|one| key(one) == after);
        let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
        all.drain(..=place.ok_or_else(bad)?);
    }
    Ok(HttpResponse::Ok().json(Page::cut(all, limit, key)))
}

fn key(counter: &Counter) -> String {
    format!("{}/{}", counter.year, counter.kind.code)
}

/// 设定一类编号一年的下一个号码：启用时接着原来的编号，或者改正误录造成的跳号
#[utoipa::path(put, path = "/api/v1/organs/{organ_id}/counters/{kind}/{year}", operation_id = "set_counter", tag = "organs",
    params(("organ_id" = Uuid, Path), ("kind" = NumberKind, Path), ("year" = i32, Path)),
    request_body = NewNext, responses((status = 200, body = Counter)))]
async fn set(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    path: web::Path<(Uuid, String, i32)>,
    body: Body<NewNext>,
) -> Result<HttpResponse, Problem> {
    let (_, kind, year) = path.into_inner();
    let kind = NumberKind::from_code(&kind).ok_or_else(|| Problem::new("not_found"))?;
    let NewNext { next, reason } = body.value;
    let setting = CounterSetting { next, reason };
    let organ = authority.organ_id;
    let counter = api.run(move |office| office.cases().set_counter(&caller, organ, (kind, year), &setting)).await?;
    Ok(HttpResponse::Ok().json(counter))
}
