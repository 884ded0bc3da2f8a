//! Amending the log of a case.

use crate::api::cases::previews::PreviewView;
use crate::api::cases::view::CaseView;
use crate::api::http::body::Body;
use crate::api::http::etag::{IfMatch, Rendered};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::cases::amendments::{AMENDERS, Amend, CONFIRMERS, Confirmation};
use crate::office::{Caller, Office};
use crate::store::CaseId;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, "/api/v1/cases/{case_id}/amendments", Access::Roles(AMENDERS), Scope::Case, || {
        web::to(amend)
    }),
    Route::new(Verb::Post, "/api/v1/cases/{case_id}/amendments/preview", Access::Roles(AMENDERS), Scope::Case, || {
        web::to(preview)
    }),
    Route::new(
        Verb::Post,
        "/api/v1/cases/{case_id}/amendments/{number}/confirmation",
        Access::Roles(CONFIRMERS),
        Scope::Case,
        || web::to(confirm),
    ),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(amend, preview, confirm))]
pub struct Doc;

/// 更正记录：原来的记录保留，期限、列表、提醒和报表按更正后的记录；须由机关负责人确认的，确认后生效
#[utoipa::path(post, path = "/api/v1/cases/{case_id}/amendments", operation_id = "amend_case", tag = "cases",
    params(("case_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = Amend, responses((status = 200, body = CaseView)))]
async fn amend(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    version: IfMatch,
    body: Body<Amend>,
) -> Result<HttpResponse, Problem> {
    let answer = api
        .run(move |office| {
            let view = office.cases().amend(&caller, CaseId(*id), &body.value, version.0, CaseView::new)?;
            Ok(Rendered::new(&view)?.version(view.version))
        })
        .await?;
    Ok(answer.answer())
}

/// 试办更正：更正前后的期限、环节、处理结果、是否按期，报表的增减，撤回的邮件；什么也不改动
#[utoipa::path(post, path = "/api/v1/cases/{case_id}/amendments/preview", operation_id = "preview_amendment", tag = "cases",
    params(("case_id" = Uuid, Path)), request_body = Amend, responses((status = 200, body = PreviewView)))]
async fn preview(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: Body<Amend>,
) -> Result<HttpResponse, Problem> {
    let preview =
        move |office: &Office| office.cases().preview_amendment(&caller, CaseId(*id), &body.value, PreviewView::new);
    Ok(HttpResponse::Ok().json(api.run(preview).await?))
}

/// 机关负责人对提请的更正或者作废作出决定；提请人可以收回
#[utoipa::path(post, path = "/api/v1/cases/{case_id}/amendments/{number}/confirmation", operation_id = "confirm_amendment",
    tag = "cases", params(("case_id" = Uuid, Path), ("number" = u16, Path), ("If-Match" = String, Header)),
    request_body = Confirmation, responses((status = 200, body = CaseView)))]
async fn confirm(
    api: web::Data<Api>,
    caller: Caller,
    path: web::Path<(Uuid, u16)>,
    version: IfMatch,
    body: Body<Confirmation>,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let answer = api
        .run(move |office| {
            let decision = (number, &body.value);
            let view = office.cases().confirm_amendment(&caller, CaseId(id), decision, version.0, CaseView::new)?;
            Ok(Rendered::new(&view)?.version(view.version))
        })
        .await?;
    Ok(answer.answer())
}
