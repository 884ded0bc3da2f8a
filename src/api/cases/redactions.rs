//! Erasing a text from the log of a case.

use crate::api::cases::view::CaseView;
use crate::api::http::body::Body;
use crate::api::http::etag::{IfMatch, Rendered};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::Caller;
use crate::office::cases::redactions::{REDACTORS, Redaction};
use crate::store::CaseId;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Post, "/api/v1/cases/{case_id}/redactions", Access::Roles(REDACTORS), Scope::Case, || {
        web::to(redact)
    })];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(redact))]
pub struct Doc;

/// 删除记录中的一处文字（个人信息保护法第四十七条）：办理过程、列表、导出和待发邮件中均以“〔已删除〕”代替，删除本身留有记录
#[utoipa::path(post, path = "/api/v1/cases/{case_id}/redactions", operation_id = "redact_case", tag = "cases",
    params(("case_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = Redaction, responses((status = 200, body = CaseView)))]
async fn redact(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    version: IfMatch,
    body: Body<Redaction>,
) -> Result<HttpResponse, Problem> {
    let answer = api
        .run(move |office| {
            let view = office.cases().redact(&caller, CaseId(*id), &body.value, version.0, CaseView::new)?;
            Ok(Rendered::new(&view)?.version(view.version))
        })
        .await?;
    Ok(answer.answer())
}
