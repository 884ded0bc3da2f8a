//! What was recorded long after it happened, for those who supervise.

use crate::api::http::body::Params;
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::supervision::late_records::{LateRecords, LateRecordsQuery};
use crate::office::supervision::overdue::MOST_ROWS;
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::office::{Caller, Office};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

/// Rows if the request gives no limit.
const ROWS: usize = 200;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/supervision/late-records", Access::Roles(OVERDUE_READERS), Scope::None, || {
        web::to(list)
    })];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LateParams {
    /// 只看这个机关；默认为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 指定机关时，是否包括其下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 登记的首日；默认为末日所在年份的1月1日
    from: Option<NaiveDate>,
    /// 登记的末日，今天或者过去某日；默认今天
    until: Option<NaiveDate>,
    /// 条数，默认 200，最多 1000；合计不受此限
    limit: Option<usize>,
}

/// 补录：期间内登记的、比发生晚三个工作日以上的各项，按机关、登记人合计；导入的台账、作废的案件不在内
#[utoipa::path(get, path = "/api/v1/supervision/late-records", operation_id = "list_late_records", tag = "supervision",
    params(LateParams), responses((status = 200, body = LateRecords)))]
async fn list(api: web::Data<Api>, caller: Caller, params: Params<LateParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = params.limit.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        let detail = format!("应为 1 至 {MOST_ROWS}");
        return Err(Problem::new("invalid_query").field("?limit", "out_of_range", detail));
    }
    let query = LateRecordsQuery {
        organ: params.organ.map(Into::into),
        with_subordinates: params.with_subordinates.unwrap_or(false),
        from: params.from,
        until: params.until,
        limit,
    };
    let person = caller.user_id;
    let read = move |office: &Office| office.supervision().show_late_records(&caller, &query);
    Ok(HttpResponse::Ok().json(api.run_heavy(person, read).await?))
}
