//! Signing in and out.

use crate::api::http::body::Body;
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::Role;
use crate::office::{Caller, Origin, TokenPair};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, "/api/v1/auth/token", Access::Public, Scope::None, || web::to(sign_in)),
    Route::new(Verb::Post, "/api/v1/auth/refresh", Access::Public, Scope::None, || web::to(refresh)),
    Route::new(Verb::Post, "/api/v1/auth/logout", Access::Authenticated, Scope::None, || web::to(sign_out)),
    Route::new(Verb::Put, "/api/v1/auth/password", Access::Authenticated, Scope::None, || web::to(change_password)),
    Route::new(Verb::Get, "/api/v1/me", Access::Authenticated, Scope::None, || web::to(me)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(sign_in, refresh, sign_out, change_password, me))]
pub struct Doc;

/// 登录
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// 用户名
    username: String,
    /// 口令
    password: String,
}

/// 刷新令牌
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    /// 上次得到的刷新令牌，只能使用一次
    refresh_token: String,
}

/// 退出
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogoutBody {
    /// 给出则只结束这一次登录，不给则结束全部登录
    refresh_token: Option<String>,
}

/// 修改口令
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// 现口令
    current_password: String,
    /// 新口令
    #[schema(max_length = 256)]
    new_password: String,
}

/// 本人
#[derive(Serialize, ToSchema)]
struct Me {
    id: Uuid,
    username: String,
    display_name: String,
    department_id: Option<Uuid>,
    roles: Vec<HeldRole>,
}

/// 在某机关的一个角色
#[derive(Serialize, ToSchema)]
struct HeldRole {
    organ_id: Uuid,
    role: Role,
    #[schema(value_type = String)]
    label: &'static str,
}

/// 登录，取得令牌
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "auth", request_body = Credentials,
    responses((status = 200, body = TokenPair)))]
async fn sign_in(
    api: web::Data<Api>,
    request: HttpRequest,
    origin: Origin,
    body: Body<Credentials>,
) -> Result<HttpResponse, Problem> {
    let Credentials { username, password } = body.value;
    let done = api.run_hashing(move |office| Ok(office.people().sign_in(&username, &password, &origin))).await?;
    if let Some(id) = done.user_id {
        request.extensions_mut().insert(SigningIn(id.0));
    }
    Ok(HttpResponse::Ok().json(done.result?))
}

/// Account that a sign-in request names, for the access log.
struct SigningIn(Uuid);

/// Account that a sign-in request names. `None` if the user name is unknown or the attempt was throttled.
pub(in crate::api) fn signing_in(request: &HttpRequest) -> Option<Uuid> {
    request.extensions().get::<SigningIn>().map(|account| account.0)
}

/// 用刷新令牌换取新的令牌
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh_token", tag = "auth", request_body = RefreshBody,
    responses((status = 200, body = TokenPair)))]
async fn refresh(api: web::Data<Api>, origin: Origin, body: Body<RefreshBody>) -> Result<HttpResponse, Problem> {
    let pair = api.run(move |office| office.people().refresh(&body.value.refresh_token, &origin)).await?;
    Ok(HttpResponse::Ok().json(pair))
}

/// 退出登录，访问令牌立即失效
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", request_body = LogoutBody,
    responses((status = 204)))]
async fn sign_out(api: web::Data<Api>, caller: Caller, body: Body<LogoutBody>) -> Result<HttpResponse, Problem> {
    api.run(move |office| office.people().sign_out(&caller, body.value.refresh_token.as_deref())).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// 修改本人口令，全部登录随即失效
#[utoipa::path(put, path = "/api/v1/auth/password", tag = "auth", request_body = PasswordBody,
    responses((status = 204)))]
async fn change_password(
    api: web::Data<Api>,
    caller: Caller,
    body: Body<PasswordBody>,
) -> Result<HttpResponse, Problem> {
    let PasswordBody { current_password, new_password } = body.value;
    api.run_hashing(move |office| office.people().change_password(&caller, &current_password, &new_password)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// 本人的账号与角色
#[utoipa::path(get, path = "/api/v1/me", operation_id = "show_me", tag = "auth", responses((status = 200, body = Me)))]
async fn me(caller: Caller) -> HttpResponse {
    let roles =
        caller.roles.iter().map(|(organ, role)| HeldRole { organ_id: organ.0, role: *role, label: role.label() });
    HttpResponse::Ok().json(Me {
        id: caller.user_id.0,
        roles: roles.collect(),
        username: caller.username,
        display_name: caller.display_name,
        department_id: caller.department_id.map(|id| id.0),
    })
}
