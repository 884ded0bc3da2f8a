//! The departments of an organ.

use crate::api::http::body::{Body, Params, given};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::etag::{IfMatch, versioned};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::Role;
use crate::office::people::organs::DepartmentChange;
use crate::office::{Authority, Caller};
use crate::store::people::departments::DepartmentRow;
use crate::store::{DepartmentId, UserId};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/organs/{organ_id}/departments";
const ONE: &str = "/api/v1/organs/{organ_id}/departments/{department_id}";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LIST, Access::Authenticated, Scope::Organ, || web::to(list)),
    Route::new(Verb::Post, LIST, Access::Roles(&[Role::Admin]), Scope::Organ, || web::to(add)),
    Route::new(Verb::Patch, ONE, Access::Roles(&[Role::Admin]), Scope::Organ, || web::to(change)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, add, change))]
pub struct Doc;

/// 承办科室
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Department {
    /// 标识
    id: Uuid,
    /// 所属机关
    organ_id: Uuid,
    /// 科室代码
    code: String,
    /// 科室名称
    name: String,
    /// 是否启用
    is_active: bool,
    /// 科室负责人；期限临近时提醒
    head_id: Option<Uuid>,
    /// 版本，即 ETag
    etag: String,
}

impl From<DepartmentRow> for Department {
    fn from(row: DepartmentRow) -> Self {
        let DepartmentRow { id, organ_id, code, name, is_active, head_id, version } = row;
        let head_id = head_id.map(|id| id.0);
        Self { id: id.0, organ_id: organ_id.0, code, name, is_active, head_id, etag: version.to_string() }
    }
}

/// 新增科室
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDepartment {
    /// 科室代码，本机关内唯一
    #[schema(max_length = 40)]
    code: String,
    /// 科室名称
    #[schema(max_length = 100)]
    name: String,
}

/// 修改科室；未列出的不变
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DepartmentPatch {
    /// 科室名称
    #[schema(max_length = 100)]
    name: Option<String>,
    /// 是否启用
    is_active: Option<bool>,
    /// 科室负责人，须在本机关任职；null 为清除
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    head_id: Option<Option<Uuid>>,
}

/// 本机关的科室，按代码排列
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/departments", operation_id = "list_departments", tag = "organs",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Department>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let mut rows = api.run(move |office| office.people().departments(authority.organ_id)).await?;
    rows.sort_by(|one, other| one.code.cmp(&other.code));
    rows.retain(|row| after.as_deref().is_none_or(|after| row.code.as_str() > after));
    let page = Page::cut(rows.into_iter().map(Department::from).collect(), limit, |row| row.code.clone());
    Ok(HttpResponse::Ok().json(page))
}

/// 新增科室
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/departments", operation_id = "add_department", tag = "organs",
    params(("organ_id" = Uuid, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewDepartment, responses((status = 201, body = Department)))]
async fn add(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    key: Key,
    body: Body<NewDepartment>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let NewDepartment { code, name } = body.value;
    let (answer, is_replay) = api
        .run(move |office| {
            office.service().once(&once, admitted, |db, ()| {
                let organ = authority.organ_id;
                let row = Department::from(office.people().add_department(db, &caller, organ, &code, &name)?);
                let location = format!("/api/v1/organs/{}/departments/{}", organ.0, row.id);
                made(&location, Some(row.etag.clone()), &row)
            })
        })
        .await?;
    Ok(created(answer, is_replay))
}

/// 修改科室的名称、负责人或启用状态
#[utoipa::path(patch, path = "/api/v1/organs/{organ_id}/departments/{department_id}", operation_id = "change_department", tag = "organs",
    params(("organ_id" = Uuid, Path), ("department_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = DepartmentPatch, responses((status = 200, body = Department)))]
async fn change(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    path: web::Path<(Uuid, Uuid)>,
    version: IfMatch,
    body: Body<DepartmentPatch>,
) -> Result<HttpResponse, Problem> {
    let id = DepartmentId(path.into_inner().1);
    let patch = body.value;
    let change = DepartmentChange {
        name: patch.name,
        head_id: patch.head_id.map(|head| head.map(UserId)),
        is_active: patch.is_active,
    };
    let organ = authority.organ_id;
    let row = api.run(move |office| office.people().change_department(&caller, organ, id, version.0, &change)).await?;
    let department = Department::from(row);
    Ok(versioned(&department.etag, &department))
}
