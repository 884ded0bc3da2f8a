//! The overdue lists, for those responsible for deadlines and for supervisors.

use crate::api::http::body::Params;
use crate::api::http::export::{self, Format};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::http::spool::LongTable;
use crate::api::state::Api;
use crate::office::cases::exports::overdue_sheet;
use crate::office::supervision::overdue::{MOST_ROWS, OverdueQuery, OverdueReport};
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::office::{Caller, Office};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

/// Rows of each list if the request gives no limit.
const ROWS: usize = 200;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/overdue", Access::Roles(OVERDUE_READERS), Scope::None, || web::to(list))];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OverdueParams {
    /// 截止日，今天或者过去某日；默认今天。晚于此日的事实视为尚未发生
    as_of: Option<NaiveDate>,
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容视为不知道
    known_on: Option<NaiveDate>,
    /// 只看这个机关；默认为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 指定机关时，是否包括其下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 只看这个科室
    department: Option<Uuid>,
    /// 逾期已办的起始日；默认为截止日前 365 日
    late_from: Option<NaiveDate>,
    /// 每个清单的条数，默认 200，最多 1000；件数合计不受此限。导出为文件的不受此限，列全部
    limit: Option<usize>,
    /// 格式：json（默认）、csv、xlsx；也可以用 Accept
    format: Option<String>,
}

/// 督办清单：即将逾期、逾期未办、逾期已办，按机关、科室合计
#[utoipa::path(get, path = "/api/v1/overdue", operation_id = "list_overdue", tag = "cases", params(OverdueParams),
    responses((status = 200, body = OverdueReport)))]
async fn list(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<OverdueParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let format = Format::asked(&request, params.format.as_deref(), Format::TABLE)?;
    let limit = params.limit.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        let detail = format!("应为 1 至 {MOST_ROWS}");
        return Err(Problem::new("invalid_query").field("?limit", "out_of_range", detail));
    }
    let query = OverdueQuery {
        as_of: params.as_of,
        known_on: params.known_on,
        organ: params.organ.map(Into::into),
        with_subordinates: params.with_subordinates.unwrap_or(false),
        department: params.department.map(Into::into),
        late_from: params.late_from,
        limit: if format == Format::Json { limit } else { export::MOST_ROWS },
    };
    let person = caller.user_id;
    if format == Format::Json {
        let read = move |office: &Office| office.supervision().overdue_lists(&caller, &query);
        let report = api.run_heavy(person, read).await?;
        return Ok(HttpResponse::Ok().json(report));
    }
    let (name, spool) = api
        .run_heavy(person, move |office| {
            let report = office.supervision().overdue_lists(&caller, &query)?;
            let sheet = overdue_sheet(&report);
            if !report.is_complete {
                return Err(export::incomplete());
            }
            if sheet.rows.len() > export::MOST_ROWS || report.is_capped() {
                return Err(export::too_many());
            }
            let name = on_what("overdue", report.as_of, query.known_on);
            Ok((name, LongTable::begin(format, &sheet)?.finish()?))
        })
        .await?;
    Ok(format.send(&name, spool))
}

/// The name of a file about a day: `overdue-2026-09-20`, with `-known-2026-09-10` if that was asked for.
pub(super) fn on_what(name: &str, as_of: NaiveDate, known_on: Option<NaiveDate>) -> String {
    known_on.map_or_else(|| format!("{name}-{as_of}"), |known_on| format!("{name}-{as_of}-known-{known_on}"))
}
