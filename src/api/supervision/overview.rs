//! The supervisor's overview, and who held a case for how many days.

use crate::api::http::body::Params;
use crate::api::http::export::{Format, incomplete};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::api::supervision::overdue::on_what;
use crate::case::Counting;
use crate::office::Caller;
use crate::office::cases::exports::overview_sheets;
use crate::office::supervision::overview::{CaseDelay, OVERSEERS, Overview, OverviewQuery};
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::report::overview_page;
use crate::store::CaseId;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/supervision/overview", Access::Roles(OVERSEERS), Scope::None, || web::to(overview)),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}/delay", Access::Roles(OVERDUE_READERS), Scope::Case, || {
        web::to(delay)
    }),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(overview, delay))]
pub struct Doc;

/// 概览的条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OverviewParams {
    /// 截止日，今天或者过去某日；默认今天。晚于此日的事实视为尚未发生
    as_of: Option<NaiveDate>,
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容视为不知道
    known_on: Option<NaiveDate>,
    /// 期间的首日；默认为末日所在年份的1月1日
    from: Option<NaiveDate>,
    /// 期间的末日；默认为截止日
    until: Option<NaiveDate>,
    /// 期间按什么计算：closing（默认）期间内办结的，加上截至当日仍在办的全部；receipt 期间内收到的
    by: Option<String>,
    /// 只看这个机关；默认为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 指定机关时，是否包括其下级机关；默认 true
    with_subordinates: Option<bool>,
    /// 格式：json（默认）、csv、xlsx、html（供打印）；也可以用 Accept
    format: Option<String>,
}

/// 监督概览：各机关（本级、含下级）、各科室、各承办人的件数、用时与逾期责任
#[utoipa::path(get, path = "/api/v1/supervision/overview", operation_id = "show_overview", tag = "supervision", params(OverviewParams),
    responses((status = 200, body = Overview)))]
async fn overview(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<OverviewParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let format = Format::asked(&request, params.format.as_deref(), Format::PAGE)?;
    let counting = match params.by.as_deref() {
        None => Counting::Closing,
        Some(code) => Counting::from_code(code).ok_or_else(|| {
            Problem::new("invalid_query").field("?by", "invalid_value", "应为以下之一：receipt、closing")
        })?,
    };
    let query = OverviewQuery {
        as_of: params.as_of,
        known_on: params.known_on,
        from: params.from,
        until: params.until,
        counting,
        organ: params.organ.map(Into::into),
        with_subordinates: params.with_subordinates.unwrap_or(true),
    };
    let answer = api
        .run_heavy(caller.user_id, move |office| {
            let overview = office.supervision().show_overview(&caller, &query)?;
            let name = on_what("overview", overview.as_of, query.known_on);
            Ok(match format {
                Format::Json => HttpAnswer::Json(Box::new(overview)),
                Format::Html => HttpAnswer::File(name, overview_page(&overview)?.into_bytes()),
                // The other formats show that cases are missing; CSV has no place for it.
                Format::Csv if !overview.is_complete => return Err(incomplete()),
                Format::Csv | Format::Xlsx | Format::Docx => {
                    HttpAnswer::File(name, format.write(&overview_sheets(&overview))?)
                }
            })
        })
        .await?;
    Ok(match answer {
        HttpAnswer::Json(overview) => HttpResponse::Ok().json(overview),
        HttpAnswer::File(name, bytes) => format.answer(&name, bytes),
    })
}

enum HttpAnswer {
    Json(Box<Overview>),
    File(String, Vec<u8>),
}

/// 截止日，和按哪一日所知
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DelayParams {
    /// 截止日，今天或者过去某日；默认今天
    as_of: Option<NaiveDate>,
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容视为不知道
    known_on: Option<NaiveDate>,
}

/// 逾期责任：用去的工作日各在谁手中
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/delay", operation_id = "show_delay", tag = "supervision",
    params(("case_id" = Uuid, Path), DelayParams), responses((status = 200, body = CaseDelay)))]
async fn delay(api: web::Data<Api>, id: web::Path<Uuid>, params: Params<DelayParams>) -> Result<HttpResponse, Problem> {
    let DelayParams { as_of, known_on } = params.0;
    let delay = api.run(move |office| office.supervision().case_delay(CaseId(*id), as_of, known_on)).await?;
    Ok(HttpResponse::Ok().json(delay))
}
