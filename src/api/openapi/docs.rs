//! The readable page of the documentation. Its scripts are compiled into the binary.

use crate::api::http::fixed::Fixed;
use crate::api::http::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use utoipa_swagger_ui::Config;

/// Path of the OpenAPI document.
const OPENAPI: &str = "/api/v1/openapi.json";

/// Files requested so far, each built once. Only existing files are kept, about ten, so the map stays small.
static FILES: LazyLock<Mutex<HashMap<String, Arc<Fixed>>>> = LazyLock::new(Mutex::default);

/// Registers the page and the redirects to it.
pub(in crate::api) fn register(config: &mut web::ServiceConfig) {
    config.service(web::resource("/docs/{_:.*}").guard(guard::Get()).to(file));
    config.service(web::redirect("/docs", "/docs/"));
    config.service(web::redirect("/", "/docs/"));
}

async fn file(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = match files.get(path.as_str()) {
        Some(known) => Arc::clone(known),
        None => {
            let made = Arc::new(made(&path)?);
            files.insert(path.into_inner(), Arc::clone(&made));
            made
        }
    };
    drop(files);
    Ok(known.answer(&request))
}

fn made(path: &str) -> Result<Fixed, Problem> {
    let config = Config::new([OPENAPI]).validator_url("none").use_base_layout().display_request_duration(true);
    let found =
        utoipa_swagger_ui::serve(path, Arc::new(config)).map_err(|cause| Problem::internal(&cause.to_string()))?;
    let file = found.ok_or_else(|| Problem::new("not_found"))?;
    let made = if file.gzpipped {
        Fixed::of_gzip(file.content_type, &file.bytes)
    } else {
        Fixed::new(file.content_type, file.bytes.into_owned())
    };
    made.map_err(|cause| Problem::internal(&cause.to_string()))
}
