//! The directory of an organ, for everybody there.

use crate::api::http::body::Params;
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::people::directory::{Away, Listed};
use crate::office::{Authority, Word};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/organs/{organ_id}/directory", Access::Authenticated, Scope::Organ, || {
        web::to(list)
    })];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

/// 通讯录中的一人
#[derive(Debug, Serialize, ToSchema)]
struct DirectoryEntry {
    /// 标识
    id: Uuid,
    /// 姓名
    name: String,
    /// 所在科室；不在本机关科室的为空
    department_id: Option<Uuid>,
    /// 所在科室的名称
    department: Option<String>,
    /// 在本机关的角色
    roles: Vec<Word>,
    /// 今天离岗；在岗的为空
    away: Option<AwayToday>,
}

/// 今天离岗
#[derive(Debug, Serialize, ToSchema)]
struct AwayToday {
    /// 离岗的最后一天
    until: NaiveDate,
    /// 代理人；没有指定的、代理人也离岗的为空
    deputy_id: Option<Uuid>,
    /// 代理人的姓名
    deputy: Option<String>,
}

impl From<Listed> for DirectoryEntry {
    fn from(listed: Listed) -> Self {
        let (department_id, department) = listed.department.map(|(id, name)| (id.0, name)).unzip();
        let away = listed.away.map(|Away { until, deputy }| {
            let (deputy_id, deputy) = deputy.map(|(id, name)| (id.0, name)).unzip();
            AwayToday { until, deputy_id, deputy }
        });
        let roles = listed.roles.into_iter().map(|role| Word::of(role.code(), role.label())).collect();
        Self { id: listed.id.0, name: listed.name, department_id, department, roles, away }
    }
}

/// 本机关的人员，按姓名排列：科室、角色、是否在岗；没有用户名和邮箱。停用的账号、对接的系统不在内
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/directory", operation_id = "list_directory", tag = "organs",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<DirectoryEntry>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let people = api.run(move |office| office.people().directory(authority.organ_id)).await?;
    let mut items: Vec<DirectoryEntry> = people.into_iter().map(DirectoryEntry::from).collect();
    items.retain(|entry| after.as_deref().is_none_or(|after| key(entry).as_str() > after));
    Ok(HttpResponse::Ok().json(Page::cut(items, limit, key)))
}

/// Its place in the list. The id separates people of one name.
fn key(entry: &DirectoryEntry) -> String {
    format!("{}\u{1}{}", entry.name, entry.id)
}
