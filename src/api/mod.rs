//! actix-web: routes, request and response types, authentication, problem+json, OpenAPI. No rule of law, no SQL.
//!
//! A request passes through [`http::request_log`] (request id, access log, headers) and [`http::guard`] (authorisation by the [`routes`]
//! table, and the deadline) to its handler. A handler parses the request, calls one use case of the office, and
//! translates the result back.

mod calendar;
mod cases;
mod evidence;
pub mod http;
mod intake;
mod law;
mod ledger;
mod mail;
pub mod openapi;
pub mod people;
mod registration;
mod reminders;
mod reports;
pub mod routes;
mod service;
mod state;
mod supervision;

pub use state::Api;

use crate::office::Office;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpResponse, HttpServer, middleware, web};
use actix_web_prom::{PrometheusMetrics, PrometheusMetricsBuilder};
use http::problem::Problem;
use openapi::serve::Served;
use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::Duration;

/// Path of the Prometheus metrics.
pub const METRICS: &str = "/metrics";

/// Time limit for a client to send its request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds the whole application, for the server or for an in-process test.
///
/// One [`Api`] and one [`Metrics`] are shared by all workers.
pub fn app(
    api: &Api,
    metrics: &Metrics,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    static DOCUMENT: LazyLock<web::Data<Served>> = LazyLock::new(|| web::Data::new(Served::new(&openapi::document())));
    App::new()
        .app_data(DOCUMENT.clone())
        .app_data(web::Data::new(api.clone()))
        .app_data(metrics.gauges.clone())
        .app_data(metrics.readiness.clone())
        .app_data(registration::path_config())
        .configure(registration::register)
        .configure(openapi::docs::register)
        .default_service(web::to(nowhere))
        .wrap(middleware::from_fn(http::request_log::edge))
        .wrap(metrics.requests.clone())
        .wrap(middleware::from_fn(service::metrics::refresh))
        .wrap(middleware::Compress::default())
}

/// What all workers share besides the [`Api`]: request metrics, gauges, and the cached readiness answer.
#[derive(Clone)]
pub struct Metrics {
    requests: PrometheusMetrics,
    gauges: web::Data<service::metrics::Gauges>,
    readiness: web::Data<service::health::Watch>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Metrics").field("gauges", &self.gauges).finish_non_exhaustive()
    }
}

/// Builds the metrics served at [`METRICS`]: request counts and durations by route template, and gauges of mail and
/// reminders.
///
/// # Errors
/// [`std::io::Error`] if a metric cannot be registered.
pub fn metrics() -> std::io::Result<Metrics> {
    let failed = |cause: String| std::io::Error::other(cause);
    let requests = PrometheusMetricsBuilder::new("gongkai")
        .endpoint(METRICS)
        .mask_unmatched_patterns("unmatched")
        .build()
        .map_err(|cause| failed(cause.to_string()))?;
    let gauges = service::metrics::Gauges::register(&requests.registry).map_err(|cause| failed(cause.to_string()))?;
    Ok(Metrics { requests, gauges: web::Data::new(gauges), readiness: web::Data::new(service::health::watch()) })
}

/// Builds a server on an open listener. It runs when awaited and stops gracefully on SIGTERM and ctrl-c.
///
/// # Errors
/// [`std::io::Error`] if a metric cannot be registered or the listener cannot be used.
pub fn server(office: Office, listener: TcpListener) -> std::io::Result<Server> {
    let settings = office.settings().server.clone();
    let api = Api::new(office);
    let metrics = metrics()?;
    let mut server = HttpServer::new(move || app(&api, &metrics))
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(settings.shutdown_s);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    Ok(server.listen(listener)?.run())
}

async fn nowhere() -> Result<HttpResponse, Problem> {
    Err(Problem::new("not_found"))
}
