//! 年度报告与统计: counted from the cases, with the cases behind each number; checks of published reports.

pub(super) mod annual_reports;
pub(super) mod topics;

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::http::body::{Body, Params, Upload, file_bytes};
use crate::api::http::etag::{IfMatch, versioned};
use crate::api::http::export::Format;
use crate::api::http::page::{Page, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::office::reports::{Adjustments, CellCase, CellQuery, FIGURE_WRITERS, FiguresView, REPORTERS, ReportQuery};
use crate::office::{Authority, Caller, FieldError, Office, OfficeError};
use crate::report::annual::{
    Checked, Form, OwnFigures, Published, Report, check_years, csv, docx, html, read_file_within, xlsx,
};
use crate::report::files::{Allowance, Caps, GivenUp, TOO_LARGE};
use crate::store::CaseId;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const FIGURES: &str = "/api/v1/organs/{organ_id}/annual-reports/{year}/figures";
const PUBLISHED: &str = "/api/v1/organs/{organ_id}/annual-reports/{year}/published";
const ADJUSTMENTS: &str = "/api/v1/organs/{organ_id}/annual-reports/{year}/adjustments";
const REPORT_READERS: Access = Access::Roles(REPORTERS);
const WRITERS: Access = Access::Roles(FIGURE_WRITERS);
const CELLS: &str = "/api/v1/reports/annual/cells";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/reports/annual", REPORT_READERS, Scope::None, || web::to(annual)),
    Route::new(Verb::Get, CELLS, REPORT_READERS, Scope::None, || web::to(cells)),
    Route::new(Verb::Post, "/api/v1/reports/check", REPORT_READERS, Scope::None, || web::to(check)),
    Route::new(Verb::Get, PUBLISHED, REPORT_READERS, Scope::Organ, || web::to(published)),
    Route::new(Verb::Get, ADJUSTMENTS, REPORT_READERS, Scope::Organ, || web::to(adjustments)),
    Route::new(Verb::Get, FIGURES, REPORT_READERS, Scope::Organ, || web::to(figures)),
    Route::new(Verb::Put, FIGURES, WRITERS, Scope::Organ, || web::to(set_figures)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(annual, cells, check, published, adjustments, figures, set_figures))]
pub struct Doc;

/// 哪一份报告
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportParams {
    /// 机关；默认为本人所在的机关
    organ: Option<Uuid>,
    /// 年度；默认为上一年
    year: Option<i32>,
    /// 年度或者其中的一段：year（默认）、h1、h2、q1至q4、m1至m12
    period: Option<String>,
    /// 格式：2014、2019、2021；默认为该年度应当使用的
    form: Option<String>,
    /// 是否连同下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 是否附上一个同样长的期间以便比较；默认半年、季度、月度附，年度不附
    with_previous: Option<bool>,
    /// 文件格式：json（默认）、csv、xlsx、docx、html（供打印）；也可以用 Accept
    format: Option<String>,
}

impl ReportParams {
    fn query(&self, api: &Api) -> Result<ReportQuery, Problem> {
        let form = self.form.as_deref().map(|code| {
            let known = Form::from_code(code);
            known.ok_or_else(|| {
                Problem::new("invalid_query").field("?form", "invalid_value", "应为以下之一：2014、2019、2021")
            })
        });
        Ok(ReportQuery {
            year: self.year.unwrap_or_else(|| api.office().reports().last_year()),
            part: self.period.clone().unwrap_or_else(|| "year".to_owned()),
            form: form.transpose()?,
            with_subordinates: self.with_subordinates.unwrap_or(false),
            with_previous: self.with_previous,
        })
    }
}

/// 年度报告：表二至表四与各部分的文字，由案件计算；也可以是半年、季度、月度统计
#[utoipa::path(get, path = "/api/v1/reports/annual", operation_id = "show_report", tag = "reports", params(ReportParams),
    responses((status = 200, body = Report)))]
async fn annual(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<ReportParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = params.0.query(&api)?;
    let format = Format::asked(&request, params.0.format.as_deref(), Format::REPORT)?;
    let organ = params.0.organ.map(Into::into);
    let (name, bytes) = api
        .run_heavy(caller.user_id, move |office| {
            let report = office.reports().report(&caller, organ, &query)?;
            let name = format!("report-{}-{}-{}", report.organ_code, report.year, query.part);
            Ok::<_, OfficeError>((name, written(&report, format)?))
        })
        .await?;
    Ok(match format {
        Format::Json => HttpResponse::Ok().content_type("application/json").body(bytes),
        Format::Csv | Format::Xlsx | Format::Docx | Format::Html => format.answer(&name, bytes),
    })
}

fn written(report: &Report, format: Format) -> Result<Vec<u8>, OfficeError> {
    Ok(match format {
        Format::Json => serde_json::to_vec(report).map_err(|error| OfficeError::Internal(error.to_string()))?,
        Format::Csv => csv(report)?,
        Format::Xlsx => xlsx(report)?,
        Format::Docx => docx(report)?,
        Format::Html => html(report)?.into_bytes(),
    })
}

/// 哪一格
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CellParams {
    /// 机关；默认为本人所在的机关
    organ: Option<Uuid>,
    /// 年度；默认为上一年
    year: Option<i32>,
    /// 年度或者其中的一段：year（默认）、h1、h2、q1至q4、m1至m12
    period: Option<String>,
    /// 格式：2014、2019、2021；默认为该年度应当使用的
    form: Option<String>,
    /// 是否连同下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 行：报告中表三的行名，或者表四的栏名；默认为表三的第一行
    row: Option<String>,
    /// 栏目：报告中的栏名；默认为总计
    column: Option<String>,
    /// 每页件数
    limit: Option<u32>,
    /// 上一页给出的游标
    cursor: Option<String>,
}

/// 报告中一格的各件案件
#[derive(Debug, Serialize, ToSchema)]
struct CellPage {
    /// 各件案件
    items: Vec<CellCase>,
    /// 下一页；最后一页为空
    next_cursor: Option<String>,
    /// 是否已查遍全部案件；false 表示有案件的记录不能读取（见服务日志），报告中的数字和各件案件都没有计入
    is_complete: bool,
}

/// 报告中一个数字背后的各件案件；件数与该数字相同
#[utoipa::path(get, path = "/api/v1/reports/annual/cells", operation_id = "list_cell", tag = "reports", params(CellParams),
    responses((status = 200, body = CellPage)))]
async fn cells(api: web::Data<Api>, caller: Caller, params: Params<CellParams>) -> Result<HttpResponse, Problem> {
    let CellParams { organ, year, period, form, with_subordinates, row, column, limit, cursor } = params.0;
    let report =
        ReportParams { organ, year, period, form, with_subordinates, with_previous: None, format: None }.query(&api)?;
    let limit = page_limit(&api, limit)?;
    let first = || report.form.unwrap_or(Form::of_year(report.year)).rows().first().map(|row| (*row).to_owned());
    let query = CellQuery {
        row: row.or_else(first).unwrap_or_default(),
        column: column.unwrap_or_else(|| crate::report::annual::form::TOTAL.to_owned()),
        after: after(cursor.as_deref())?,
        limit: usize::try_from(limit).unwrap_or(0),
        report,
    };
    let (organ, person) = (organ.map(Into::into), caller.user_id);
    let read = move |office: &Office| office.reports().report_cell(&caller, organ, &query);
    let (items, is_complete) = api.run_heavy(person, read).await?;
    let Page { items, next_cursor } = Page::cut(items, limit, |case| case.case_id.to_string());
    Ok(HttpResponse::Ok().json(CellPage { items, next_cursor, is_complete }))
}

fn after(cursor: Option<&str>) -> Result<Option<CaseId>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let key = cursor_key(cursor)?;
    key.map(|key| Uuid::parse_str(&key).map(CaseId).map_err(|_| bad())).transpose()
}

/// 要核对的报告
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CheckRequest {
    /// 各份报告。同一机关上下两年的一并核对结转。每份或者只有 content：本系统写出的 XLSX、CSV 或者 JSON 文件的内容（Base64）；或者有
    ///
    /// - year：报告年度，必填
    /// - org：机关名称
    /// - format：格式，2014、2019、2021；只有文字的不填
    /// - table3、table4：行 → 栏目 → 数字或者 null，行名如报告所印
    /// - totals：没有表的，文字中的各项数字
    /// - narrative、part_five、part_six：文字
    /// - fee_yuan：收取的信息处理费，元
    #[schema(value_type = Vec<HashMap<String, serde_json::Value>>, min_items = 1, max_items = 100)]
    reports: Vec<serde_json::Value>,
}

/// 核对结果
#[derive(Debug, Serialize, ToSchema)]
struct CheckResult {
    /// 各份报告的差错与提示，顺序与请求相同
    reports: Vec<Checked>,
}

/// Limit of reports per request.
const MOST_REPORTS: usize = 100;

/// 核对已公布的年度报告：勾稽关系、合计、表四、文字与表、上下年度；不保存
#[utoipa::path(post, path = "/api/v1/reports/check", operation_id = "check_reports", tag = "reports", request_body = CheckRequest,
    responses((status = 200, body = CheckResult)))]
async fn check(api: web::Data<Api>, body: Upload<CheckRequest>) -> Result<HttpResponse, Problem> {
    let Upload { value: CheckRequest { reports: given }, turn, .. } = body;
    let reports = api.run_file(turn, move |_, given_up| judged(given, given_up)).await?;
    Ok(HttpResponse::Ok().json(CheckResult { reports }))
}

fn judged(given: Vec<serde_json::Value>, given_up: GivenUp) -> Result<Vec<Checked>, OfficeError> {
    if given.is_empty() || given.len() > MOST_REPORTS {
        let detail = format!("应为1至{MOST_REPORTS}份报告");
        return Err(OfficeError::invalid("/reports", "out_of_range", detail));
    }
    let allowance = Allowance::until(Caps::REPORTS, given_up);
    let mut faults = Vec::new();
    let mut reports = Vec::with_capacity(given.len());
    for (at, value) in given.into_iter().enumerate() {
        match report_given(&value, &format!("/reports/{at}"), &allowance) {
            Ok(report) => reports.push(report),
            // The files share one allowance: once it is used up, the next file fails too.
            Err(fault) if fault.code == TOO_LARGE => {
                let detail = format!("第{}份报告：{}", at + 1, fault.detail);
                return Err(OfficeError::too_large(fault.pointer, detail));
            }
            Err(fault) => faults.push(fault),
        }
        if allowance.go_on().is_err() {
            return Err(OfficeError::Busy);
        }
    }
    if faults.is_empty() { Ok(check_years(&reports)) } else { Err(OfficeError::Invalid(faults)) }
}

/// Parses a report from the members of `value`, or from the file that is its only member.
fn report_given(value: &serde_json::Value, at: &str, allowance: &Allowance) -> Result<Published, FieldError> {
    let file = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("content"));
    let Some(file) = file else {
        return Published::from_value(value).map_err(|error| {
            FieldError::new(format!("{at}{}", error.place.trim_end_matches('/')), error.code, error.detail)
        });
    };
    let at = format!("{at}/content");
    // A value that is not text is reported like invalid Base64.
    let bytes = file_bytes(file.as_str().unwrap_or("?"), &at)?;
    read_file_within(&bytes, allowance).map_err(|error| FieldError::new(at, error.code, error.to_string()))
}

/// 机关填写的内容
#[derive(Debug, Serialize, ToSchema)]
struct FiguresBody {
    /// 表二：行 → 栏目 → 数
    #[schema(value_type = HashMap<String, HashMap<String, f64>>)]
    table2: OwnFigures,
    /// 一、总体情况
    part_one: Option<String>,
    /// 五、存在的主要问题及改进情况
    part_five: Option<String>,
    /// 六、其他需要报告的事项
    part_six: Option<String>,
    /// 版本，即 ETag；1 为尚未填写
    version: i64,
}

impl From<FiguresView> for FiguresBody {
    fn from(view: FiguresView) -> Self {
        let FiguresView { own, version } = view;
        let (part_one, part_five, part_six) = (own.part_one.clone(), own.part_five.clone(), own.part_six.clone());
        Self { table2: own, part_one, part_five, part_six, version }
    }
}

/// The organ and the year of the path.
type Place = web::Path<(Uuid, i32)>;

/// 公布的年度报告，公布时的数字与文字
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/annual-reports/{year}/published", operation_id = "show_published_report", tag = "reports",
    params(("organ_id" = Uuid, Path), ("year" = i32, Path)), responses((status = 200, body = Report)))]
async fn published(api: web::Data<Api>, authority: Authority, place: Place) -> Result<HttpResponse, Problem> {
    let (_, year) = place.into_inner();
    let report = api.run(move |office| office.reports().published_report(authority.organ_id, year)).await?;
    Ok(HttpResponse::Ok().json(report))
}

/// 公布之后的调整：变动的各格，使其变动的案件和登记的事项
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/annual-reports/{year}/adjustments", operation_id = "list_adjustments", tag = "reports",
    params(("organ_id" = Uuid, Path), ("year" = i32, Path)), responses((status = 200, body = Adjustments)))]
async fn adjustments(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    place: Place,
) -> Result<HttpResponse, Problem> {
    let (_, year) = place.into_inner();
    let read = move |office: &Office| office.reports().adjustments(authority.organ_id, year);
    let found = api.run_heavy(caller.user_id, read).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// 某年度报告中由机关填写的数字与文字
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/annual-reports/{year}/figures", operation_id = "show_figures", tag = "reports",
    params(("organ_id" = Uuid, Path), ("year" = i32, Path)), responses((status = 200, body = FiguresBody)))]
async fn figures(api: web::Data<Api>, authority: Authority, place: Place) -> Result<HttpResponse, Problem> {
    let (_, year) = place.into_inner();
    let view = api.run(move |office| office.reports().report_figures(authority.organ_id, year)).await?;
    Ok(versioned(view.version, &FiguresBody::from(view)))
}

/// 填写某年度报告中的表二、第一、五、六部分；未列出的将去掉，已经公布的年度不能再改
#[utoipa::path(put, path = "/api/v1/organs/{organ_id}/annual-reports/{year}/figures", tag = "reports",
    params(("organ_id" = Uuid, Path), ("year" = i32, Path), ("If-Match" = String, Header)),
    request_body = OwnFigures, responses((status = 200, body = FiguresBody)))]
async fn set_figures(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    place: Place,
    seen: IfMatch,
    body: Body<OwnFigures>,
) -> Result<HttpResponse, Problem> {
    let (_, year) = place.into_inner();
    let own = body.value;
    let view = api
        .run(move |office| {
            let place = (authority.organ_id, year);
            office.reports().set_report_figures(&caller, place, own, seen.0)
        })
        .await?;
    Ok(versioned(view.version, &FiguresBody::from(view)))
}
