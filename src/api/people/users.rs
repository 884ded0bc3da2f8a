//! Users and their roles.

use crate::api::http::body::{Body, Params, given};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::etag::{IfMatch, versioned};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{AuditAction, Role};
use crate::office::people::users::{UserDraft, UserWithRoles};
use crate::office::{Answer, Authority, Caller, OfficeError, Passwords};
use crate::store::people::users::{UserChange, UserKind};
use crate::store::{DepartmentId, UserId};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const ADMIN: Access = Access::Roles(&[Role::Admin]);
const OF_ORGAN: &str = "/api/v1/organs/{organ_id}/users";
const ROLES: &str = "/api/v1/organs/{organ_id}/users/{user_id}/roles";
const ONE: &str = "/api/v1/users/{user_id}";
const RESET: &str = "/api/v1/users/{user_id}/password-reset";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, OF_ORGAN, ADMIN, Scope::Organ, || web::to(list)),
    Route::new(Verb::Post, OF_ORGAN, ADMIN, Scope::Organ, || web::to(add)),
    Route::new(Verb::Put, ROLES, ADMIN, Scope::Organ, || web::to(set_roles)),
    Route::new(Verb::Get, ONE, ADMIN, Scope::User, || web::to(show)),
    Route::new(Verb::Patch, ONE, ADMIN, Scope::User, || web::to(change)),
    Route::new(Verb::Post, RESET, ADMIN, Scope::User, || web::to(reset_password)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, add, set_roles, show, change, reset_password))]
pub struct Doc;

/// 用户
#[derive(Debug, Serialize, ToSchema)]
struct User {
    /// 标识
    id: Uuid,
    /// 用户名
    username: String,
    /// 姓名
    display_name: String,
    /// 接收提醒的电子邮箱
    email: Option<String>,
    /// 人员或系统
    kind: Kind,
    /// 所在科室
    department_id: Option<Uuid>,
    /// 账号是否启用
    is_active: bool,
    /// 在各机关的角色
    roles: Vec<RoleInOrgan>,
    /// 版本，即 ETag
    version: i64,
}

/// 在某机关的一个角色
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleInOrgan)]
struct RoleInOrgan {
    organ_id: Uuid,
    role: Role,
}

/// 人员或系统
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// 人员
    #[default]
    Person,
    /// 对接的系统
    Machine,
}

impl From<UserWithRoles> for User {
    fn from(UserWithRoles { user, roles }: UserWithRoles) -> Self {
        let is_machine = UserKind::from_code(&user.kind) == Some(UserKind::Machine);
        Self {
            id: user.id.0,
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            kind: if is_machine { Kind::Machine } else { Kind::Person },
            department_id: user.department_id.map(|id| id.0),
            is_active: user.is_active,
            roles: roles.into_iter().map(|(organ, role)| RoleInOrgan { organ_id: organ.0, role }).collect(),
            version: user.version,
        }
    }
}

/// 新增用户；口令由系统生成
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// 用户名，全系统唯一，不分大小写
    #[schema(max_length = 60)]
    username: String,
    /// 姓名
    #[schema(max_length = 60)]
    display_name: String,
    /// 接收提醒的电子邮箱
    #[schema(max_length = 254)]
    email: Option<String>,
    /// 人员或系统；不填为人员
    #[serde(default)]
    kind: Kind,
    /// 所在科室
    department_id: Option<Uuid>,
    /// 在本机关的角色，至少一个
    #[schema(min_items = 1)]
    roles: Vec<Role>,
}

/// 修改用户；未列出的不变
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserPatch {
    /// 姓名
    #[schema(max_length = 60)]
    display_name: Option<String>,
    /// 电子邮箱；null 为清除
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Option<Option<String>>,
    /// 所在科室；null 为清除
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    /// false 停用账号，全部登录随即失效
    is_active: Option<bool>,
    /// 停用时仍有未结案件的，true 表示案件仍记在此人名下；不填或者 false 则不能停用
    #[serde(default)]
    leave_as_is: bool,
}

/// 用户在本机关的全部角色
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RolesBody {
    /// 空为取消在本机关的全部角色
    roles: Vec<Role>,
}

/// 新增的用户
#[derive(Serialize, ToSchema)]
struct AddedUser {
    #[serde(flatten)]
    user: User,
    /// 初始口令，只在首次应答中给出，系统不保存
    initial_password: Option<String>,
}

/// 生成的口令，只显示这一次
#[derive(Serialize, ToSchema)]
struct GeneratedPassword {
    /// 口令
    password: String,
}

/// 在本机关任职的用户，按用户名排列
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/users", operation_id = "list_users", tag = "users",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<User>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let rows = api.run(move |office| office.people().users(authority.organ_id, after.as_deref(), limit + 1)).await?;
    let page = Page::cut(rows.into_iter().map(User::from).collect(), limit, |user| user.username.clone());
    Ok(HttpResponse::Ok().json(page))
}

/// 新增用户。口令由系统生成，只在首次应答的 initial_password 中给出；重试的应答不再给出，可用重置口令取得
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/users", operation_id = "add_user", tag = "users",
    params(("organ_id" = Uuid, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewUser, responses((status = 201, body = AddedUser)))]
async fn add(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    key: Key,
    body: Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let draft = draft(body.value);
    let (answer, is_replay, password) = api
        .run_hashing(move |office| {
            let password = Passwords::generate()?;
            let hash = office.passwords().hash(&password)?;
            let (answer, is_replay) = office.service().once(&once, admitted, |db, ()| {
                let made_user = office.people().add_user(db, authority.organ_id, &draft, &hash)?;
                let detail = serde_json::json!({ "user_id": made_user.user.id.0 });
                office.people().note(db, &caller, Some(authority.organ_id), AuditAction::UserAdded, &detail)?;
                let user = User::from(made_user);
                made(&format!("/api/v1/users/{}", user.id), Some(user.version.to_string()), &user)
            })?;
            Ok((answer, is_replay, password))
        })
        .await?;
    Ok(created(if is_replay { answer } else { with_password(answer, &password)? }, is_replay))
}

/// Adds the password to an answer after it was stored for retries without it.
fn with_password(answer: Answer, password: &str) -> Result<Answer, OfficeError> {
    let mut user: serde_json::Value =
        serde_json::from_str(&answer.body).map_err(|error| OfficeError::Internal(error.to_string()))?;
    user["initial_password"] = password.into();
    Ok(Answer { body: user.to_string(), ..answer })
}

fn draft(new: NewUser) -> UserDraft {
    UserDraft {
        username: new.username,
        display_name: new.display_name,
        email: new.email,
        kind: match new.kind {
            Kind::Person => UserKind::Person,
            Kind::Machine => UserKind::Machine,
        },
        department_id: new.department_id.map(DepartmentId),
        roles: new.roles,
    }
}

/// 设定用户在本机关的角色，该用户的全部访问令牌随即失效
#[utoipa::path(put, path = "/api/v1/organs/{organ_id}/users/{user_id}/roles", tag = "users",
    params(("organ_id" = Uuid, Path), ("user_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = RolesBody, responses((status = 200, body = User)))]
async fn set_roles(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    path: web::Path<(Uuid, Uuid)>,
    version: IfMatch,
    body: Body<RolesBody>,
) -> Result<HttpResponse, Problem> {
    let id = UserId(path.into_inner().1);
    let roles = body.value.roles;
    let user =
        api.run(move |office| office.people().set_roles(&caller, authority.organ_id, id, version.0, &roles)).await?;
    let user = User::from(user);
    Ok(versioned(user.version, &user))
}

/// 一个用户
#[utoipa::path(get, path = "/api/v1/users/{user_id}", operation_id = "show_user", tag = "users", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = User)))]
async fn show(api: web::Data<Api>, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = UserId(path.into_inner());
    let user = User::from(api.run(move |office| office.people().user(id)).await?);
    Ok(versioned(user.version, &user))
}

/// 修改用户的姓名、邮箱、科室，启用或停用账号
#[utoipa::path(patch, path = "/api/v1/users/{user_id}", operation_id = "change_user", tag = "users",
    params(("user_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = UserPatch, responses((status = 200, body = User)))]
async fn change(
    api: web::Data<Api>,
    caller: Caller,
    path: web::Path<Uuid>,
    version: IfMatch,
    body: Body<UserPatch>,
) -> Result<HttpResponse, Problem> {
    let id = UserId(path.into_inner());
    let patch = body.value;
    let leave_as_is = patch.leave_as_is;
    let change = UserChange {
        display_name: patch.display_name,
        email: patch.email,
        department_id: patch.department_id.map(|department| department.map(DepartmentId)),
        is_active: patch.is_active,
    };
    let changed =
        api.run(move |office| office.people().change_user(&caller, id, version.0, change, leave_as_is)).await?;
    let user = User::from(changed);
    Ok(versioned(user.version, &user))
}

/// 为用户生成新口令，其全部登录随即失效
#[utoipa::path(post, path = "/api/v1/users/{user_id}/password-reset", tag = "users",
    params(("user_id" = Uuid, Path)), responses((status = 200, body = GeneratedPassword)))]
async fn reset_password(api: web::Data<Api>, caller: Caller, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = UserId(path.into_inner());
    let password = api.run_hashing(move |office| office.people().reset_password(&caller, id)).await?;
    Ok(HttpResponse::Ok().json(GeneratedPassword { password }))
}
