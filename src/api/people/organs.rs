//! Administrative organs, and the helpers that creating requests share.

use crate::api::http::body::{Body, Params, given};
use crate::api::http::create::{Key, created, made, once};
use crate::api::http::etag::{IfMatch, versioned};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::Role;
use crate::office::people::organs::{OrganChange, OrganDraft};
use crate::office::{Authority, Caller, Office, OfficeError};
use crate::store::OrganId;
use crate::store::people::organs::OrganRow;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

/// Roles that may list the organs below.
const TREE_READERS: &[Role] = &[Role::Supervisor, Role::Auditor, Role::Admin];

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/organs", Access::Authenticated, Scope::None, || web::to(list)),
    Route::new(Verb::Post, "/api/v1/organs", Access::Roles(&[Role::Admin]), Scope::None, || web::to(add)),
    Route::new(Verb::Get, "/api/v1/organs/{organ_id}", Access::Authenticated, Scope::Organ, || web::to(show)),
    Route::new(Verb::Patch, "/api/v1/organs/{organ_id}", Access::Roles(&[Role::Admin]), Scope::Organ, || {
        web::to(change)
    }),
    Route::new(Verb::Get, "/api/v1/organs/{organ_id}/tree", Access::Roles(TREE_READERS), Scope::Organ, || {
        web::to(tree)
    }),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, add, show, change, tree))]
pub struct Doc;

/// 行政机关
#[derive(Debug, Serialize, ToSchema)]
pub struct Organ {
    /// 标识
    pub id: Uuid,
    /// 机关代码
    pub code: String,
    /// 机关名称
    pub name: String,
    /// 主管机关
    pub parent_id: Option<Uuid>,
    /// 报送年度报告的机关；空为主管机关
    pub reports_to: Option<Uuid>,
    /// 地区工作日历；空为全国日历
    pub region: String,
    /// 机关的设置；未列出的取默认值；不能读取的为空
    #[schema(value_type = Option<Object>)]
    pub settings: Value,
    /// 撤并日期；存续的为空
    pub ended_on: Option<chrono::NaiveDate>,
    /// 撤并后承继其职权的机关
    pub successor_id: Option<Uuid>,
    /// 新增时间
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// 版本，即 ETag
    pub version: i64,
}

impl From<OrganRow> for Organ {
    fn from(row: OrganRow) -> Self {
        Self {
            id: row.id.0,
            code: row.code,
            name: row.name,
            parent_id: row.parent_id.map(|id| id.0),
            reports_to: row.reports_to.map(|id| id.0),
            region: row.region,
            settings: serde_json::from_str(&row.settings).unwrap_or(Value::Null),
            ended_on: row.ended_on,
            successor_id: row.successor_id.map(|id| id.0),
            created_at: row.created_at.0,
            version: row.version,
        }
    }
}

/// 新增行政机关
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrgan {
    /// 机关代码，全系统唯一
    #[schema(max_length = 40)]
    code: String,
    /// 机关名称
    #[schema(max_length = 100)]
    name: String,
    /// 主管机关
    parent_id: Uuid,
    /// 报送年度报告的机关；不填为主管机关
    reports_to: Option<Uuid>,
    /// 地区工作日历；不填为全国日历
    #[serde(default)]
    region: String,
    /// 机关的设置
    #[serde(default = "empty_object")]
    #[schema(value_type = Option<crate::case::OrganRules>)]
    settings: Value,
}

/// 修改行政机关；未列出的不变
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganPatch {
    /// 机关名称
    #[schema(max_length = 100)]
    name: Option<String>,
    /// 主管机关，须同时管理原主管机关；下级机关一并划转
    parent_id: Option<Uuid>,
    /// 报送年度报告的机关；null 为主管机关
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    reports_to: Option<Option<Uuid>>,
    /// 地区工作日历
    region: Option<String>,
    /// 机关的全部设置；未列出的取默认值
    #[schema(value_type = Option<crate::case::OrganRules>)]
    settings: Option<Value>,
    /// 修改的理由；改主管机关时必填
    #[schema(max_length = 200)]
    reason: Option<String>,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

/// 本人任职的机关及可以查看的下级机关
#[utoipa::path(get, path = "/api/v1/organs", operation_id = "list_organs", tag = "organs", params(PageParams),
    responses((status = 200, body = Page<Organ>)))]
async fn list(api: web::Data<Api>, caller: Caller, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    page(&api, params.0, move |office| office.people().organs(&caller)).await
}

/// 本机关及全部下级机关，上级在前
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/tree", operation_id = "list_tree", tag = "organs",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Organ>)))]
async fn tree(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    page(&api, params.0, move |office| office.people().organ_tree(authority.organ_id)).await
}

async fn page(
    api: &Api,
    params: PageParams,
    rows: impl FnOnce(&Office) -> Result<Vec<OrganRow>, OfficeError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let limit = page_limit(api, params.limit)?;
    let after = cursor_key(params.cursor.as_deref())?;
    let mut rows = api.run(rows).await?;
    rows.retain(|row| after.as_deref().is_none_or(|after| row.path.as_str() > after));
    let page = Page::cut(rows, limit, |row| row.path.clone());
    let items = page.items.into_iter().map(Organ::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: page.next_cursor }))
}

/// 新增下级机关
#[utoipa::path(post, path = "/api/v1/organs", operation_id = "add_organ", tag = "organs", params(("Idempotency-Key" = String, Header)),
    request_body = NewOrgan, responses((status = 201, body = Organ)))]
async fn add(api: web::Data<Api>, caller: Caller, key: Key, body: Body<NewOrgan>) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let new = body.value;
    let draft = OrganDraft {
        code: new.code,
        name: new.name,
        parent_id: Some(OrganId(new.parent_id)),
        reports_to: new.reports_to.map(OrganId),
        region: new.region,
        settings: new.settings,
    };
    let (answer, is_replay) = api
        .run(move |office| {
            office.service().once(
                &once,
                |db| office.people().admit_organ(db, &caller, draft.parent_id),
                |db, ()| {
                    let organ = Organ::from(office.people().add_organ(db, &caller, &draft)?);
                    made(&format!("/api/v1/organs/{}", organ.id), Some(organ.version.to_string()), &organ)
                },
            )
        })
        .await?;
    Ok(created(answer, is_replay))
}

/// 一个行政机关
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}", operation_id = "show_organ", tag = "organs", params(("organ_id" = Uuid, Path)),
    responses((status = 200, body = Organ)))]
async fn show(api: web::Data<Api>, authority: Authority) -> Result<HttpResponse, Problem> {
    let organ = Organ::from(api.run(move |office| office.people().organ(authority.organ_id)).await?);
    Ok(versioned(organ.version, &organ))
}

/// 修改机关的名称、主管机关、报送关系、地区和设置
#[utoipa::path(patch, path = "/api/v1/organs/{organ_id}", operation_id = "change_organ", tag = "organs",
    params(("organ_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = OrganPatch, responses((status = 200, body = Organ)))]
async fn change(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    version: IfMatch,
    body: Body<OrganPatch>,
) -> Result<HttpResponse, Problem> {
    let patch = body.value;
    let change = OrganChange {
        name: patch.name,
        parent_id: patch.parent_id.map(OrganId),
        reason: patch.reason,
        reports_to: patch.reports_to.map(|organ| organ.map(OrganId)),
        region: patch.region,
        settings: patch.settings,
    };
    let row =
        api.run(move |office| office.people().change_organ(&caller, authority.organ_id, version.0, &change)).await?;
    let organ = Organ::from(row);
    Ok(versioned(organ.version, &organ))
}
