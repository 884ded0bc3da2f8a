//! 年度报告: when each is due and when it was published.

use crate::api::http::body::{Body, Params};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::Role;
use crate::office::reports::annual_reports::AnnualReportLine;
use crate::office::{Authority, Caller};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

const LIST: &str = "/api/v1/organs/{organ_id}/annual-reports";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LIST, Access::Authenticated, Scope::Organ, || web::to(list)),
    Route::new(Verb::Post, LIST, Access::Roles(&[Role::Clerk, Role::OfficeHead]), Scope::Organ, || web::to(publish)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, publish))]
pub struct Doc;

/// 年度报告的公布
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnnualReportEntry)]
struct Report {
    /// 报告年度
    year: i32,
    /// 公布的最后日期；不单独发布年度报告的机关为空
    due_on: Option<NaiveDate>,
    /// 依据
    article: Option<String>,
    /// 公布日期；空为尚未登记
    published_on: Option<NaiveDate>,
    /// 是否逾期公布
    is_late: bool,
}

impl From<AnnualReportLine> for Report {
    fn from(line: AnnualReportLine) -> Self {
        let AnnualReportLine { year, due_on, article, published_on } = line;
        let is_late = due_on.zip(published_on).is_some_and(|(due_on, published_on)| published_on > due_on);
        Self { year, due_on, article, published_on, is_late }
    }
}

/// 登记年度报告已经公布
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReportPublication)]
#[serde(deny_unknown_fields)]
struct Publication {
    /// 报告年度
    year: i32,
    /// 公布日期
    published_on: NaiveDate,
}

/// 本机关的年度报告：应当公布的和已经公布的，按年度排列
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/annual-reports", operation_id = "list_annual_reports", tag = "reminders",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Report>)))]
async fn list(api: web::Data<Api>, authority: Authority, params: Params<PageParams>) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor_key(params.0.cursor.as_deref())?;
    let mut lines = api.run(move |office| office.reports().annual_reports(authority.organ_id)).await?;
    lines.retain(|line| after.as_deref().is_none_or(|after| line.year.to_string().as_str() > after));
    let page = Page::cut(lines.into_iter().map(Report::from).collect(), limit, |report| report.year.to_string());
    Ok(HttpResponse::Ok().json(page))
}

/// 登记年度报告的公布日期，该项期限随即办结
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/annual-reports", operation_id = "publish_annual_report", tag = "reminders",
    params(("organ_id" = Uuid, Path), ("Idempotency-Key" = String, Header)),
    request_body = Publication, responses((status = 201, body = Report)))]
async fn publish(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    key: Key,
    body: Body<Publication>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let Publication { year, published_on } = body.value;
    let (answer, is_replay) = api
        .run_heavy(caller.user_id, move |office| {
            office.service().once(&once, admitted, |db, ()| {
                let organ = authority.organ_id;
                let line = office.reports().publish_annual_report(db, &caller, organ, year, published_on)?;
                made(&format!("/api/v1/organs/{}/annual-reports", organ.0), None, &Report::from(line))
            })
        })
        .await?;
    Ok(created(answer, is_replay))
}
