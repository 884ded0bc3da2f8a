//! Organs that ended, and who took their place.

use crate::api::http::body::{Body, Params};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::Role;
use crate::office::people::succession::{NewSuccession, WentOver};
use crate::office::{Authority, Caller};
use crate::store::OrganId;
use crate::store::people::successions::SuccessionRow;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/organs/{organ_id}/predecessors";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LIST, Access::Authenticated, Scope::Organ, || web::to(list)),
    Route::new(Verb::Post, LIST, Access::Roles(&[Role::Admin]), Scope::Organ, || web::to(add)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, add))]
pub struct Doc;

/// 由本机关承继职权的机关
#[derive(Debug, Serialize, ToSchema)]
struct Predecessor {
    /// 被撤并的机关
    organ_id: Uuid,
    /// 被撤并机关的名称
    name: String,
    /// 承继其职权的机关
    successor_id: Uuid,
    /// 撤并日期
    ended_on: NaiveDate,
    /// 理由
    reason: String,
    /// 依据的文件
    basis: Option<String>,
    /// 登记人
    recorded_by: Uuid,
    /// 登记时间
    recorded_at: DateTime<Utc>,
}

impl Predecessor {
    fn new((row, name): (SuccessionRow, String)) -> Self {
        Self {
            organ_id: row.organ_id.0,
            name,
            successor_id: row.successor_id.0,
            ended_on: row.ended_on,
            reason: row.reason,
            basis: row.basis,
            recorded_by: row.recorded_by.0,
            recorded_at: row.recorded_at.0,
        }
    }
}

/// 登记的撤并及随之移交的数量
#[derive(Debug, Serialize, ToSchema)]
struct AddedPredecessor {
    #[serde(flatten)]
    predecessor: Predecessor,
    /// 移交的未结案件
    cases: usize,
    /// 移交的科室
    departments: usize,
    /// 转入的用户
    users: usize,
    /// 移交的对科室的督办单；对案件的随案件移交
    orders: usize,
}

/// 登记一个机关撤并、由本机关承继其职权
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPredecessor {
    /// 被撤并的机关
    predecessor_id: Uuid,
    /// 撤并日期，不晚于今天
    ended_on: NaiveDate,
    /// 理由
    #[schema(max_length = 200)]
    reason: String,
    /// 依据的文件名称、文号
    #[schema(max_length = 200)]
    basis: Option<String>,
}

/// 由本机关承继职权的机关，按撤并日期排列
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/predecessors", operation_id = "list_predecessors", tag = "organs",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Predecessor>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let rows = api.run(move |office| office.people().predecessors(authority.organ_id)).await?;
    let mut items: Vec<Predecessor> = rows.into_iter().map(Predecessor::new).collect();
    items.retain(|item| after.as_deref().is_none_or(|after| key(item).as_str() > after));
    Ok(HttpResponse::Ok().json(Page::cut(items, limit, key)))
}

fn key(item: &Predecessor) -> String {
    format!("{}/{}", item.ended_on, item.organ_id)
}

/// 登记一个机关撤并、由本机关承继：其未结案件、督办单、科室和用户一并转入本机关，已结案件仍在原机关
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/predecessors", operation_id = "add_predecessor", tag = "organs",
    params(("organ_id" = Uuid, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewPredecessor, responses((status = 201, body = AddedPredecessor)))]
async fn add(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    key: Key,
    body: Body<NewPredecessor>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let NewPredecessor { predecessor_id, ended_on, reason, basis } = body.value;
    let new = NewSuccession { predecessor: OrganId(predecessor_id), ended_on, reason, basis };
    let (answer, is_replay) = api
        .run(move |office| {
            office.service().once(&once, admitted, |db, ()| {
                let organ = authority.organ_id;
                let (row, name, went) = office.people().succeed(db, &caller, organ, &new)?;
                let WentOver { cases, departments, users, orders } = went;
                let predecessor = Predecessor::new((row, name));
                let added = AddedPredecessor { predecessor, cases, departments, users, orders };
                made(&format!("/api/v1/organs/{}/predecessors", organ.0), None, &added)
            })
        })
        .await?;
    Ok(created(answer, is_replay))
}
