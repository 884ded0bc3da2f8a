//! The OpenAPI document as a route.

use crate::api::http::fixed::Fixed;
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::OpenApi;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/openapi.json", Access::Public, Scope::None, || web::to(document))];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(document))]
pub struct Doc;

/// The document, made and compressed once; `None` if it could not be written.
pub(in crate::api) struct Served(Option<Fixed>);

impl Served {
    pub(in crate::api) fn new(document: &utoipa::openapi::OpenApi) -> Self {
        let text = serde_json::to_vec(document).ok();
        Self(text.and_then(|text| Fixed::new("application/json", text).ok()))
    }
}

/// 本文档（OpenAPI 3.1）
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "show_document", tag = "ops",
    responses((status = 200, description = "OpenAPI 3.1", body = Object), (status = 304, description = "与 If-None-Match 所给的相同")))]
async fn document(request: HttpRequest, served: web::Data<Served>) -> Result<HttpResponse, Problem> {
    let document = served.0.as_ref().ok_or_else(|| Problem::internal("no OpenAPI document"))?;
    Ok(document.answer(&request))
}
