//! Receiving, listing and reading cases.

mod amendment_view;
pub(super) mod amendments;
pub(super) mod commands;
pub(super) mod counters;
mod previews;
pub(super) mod redactions;
mod reply_view;
pub(super) mod view;

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::cases::previews::PreviewView;
use crate::api::cases::view::{ActionsView, CaseLine, CaseView, EventView, clock_view};
use crate::api::http::body::{Body, Params};
use crate::api::http::create::{Key, created, made, once};
use crate::api::http::etag::{IfMatch, Rendered};
use crate::api::http::export::Format;
use crate::api::http::page::{Page, codes, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::spool::LongTable;
use crate::case::text::line_flaw;
use crate::case::{ObligationKind, Role};
use crate::law::{WarningLevel, explain};
use crate::office::cases::Application;
use crate::office::cases::applicants::correction::{ApplicantCorrection, CORRECTORS};
use crate::office::cases::applicants::{REVEALERS, Revealed};
use crate::office::cases::as_of::{Viewpoint, known_on_of};
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::exports::case_table;
use crate::office::cases::queries::{CASE_READERS, CaseQuery, WhatIf};
use crate::office::{Authority, Caller, Office};
use crate::store::cases::CaseCursor;
use crate::store::{CaseId, DepartmentId, OrganId, UserId};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// Page size for reading the cases of an export.
const EXPORT_PAGE: i64 = 500;

/// Roles that may file an application by hand.
const FILERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, "/api/v1/cases", Access::Roles(FILERS), Scope::None, || web::to(receive)),
    Route::new(Verb::Post, "/api/v1/cases/preview", Access::Roles(FILERS), Scope::None, || web::to(preview)),
    Route::new(Verb::Get, "/api/v1/cases", Access::Roles(CASE_READERS), Scope::None, || web::to(list)),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}", Access::Roles(CASE_READERS), Scope::Case, || web::to(show)),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}/clock", Access::Roles(CASE_READERS), Scope::Case, || web::to(clock)),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}/events", Access::Roles(CASE_READERS), Scope::Case, || web::to(log)),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}/actions", Access::Roles(CASE_READERS), Scope::Case, || {
        web::to(actions)
    }),
    Route::new(Verb::Post, "/api/v1/cases/{case_id}/applicant/reveal", Access::Roles(REVEALERS), Scope::Case, || {
        web::to(reveal)
    }),
    Route::new(Verb::Patch, "/api/v1/cases/{case_id}/applicant", Access::Roles(CORRECTORS), Scope::Case, || {
        web::to(correct)
    }),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(receive, preview, list, show, clock, log, actions, reveal, correct))]
pub struct Doc;

/// 收件（经办人手工登记；窗口系统用 /intake/applications）
#[utoipa::path(post, path = "/api/v1/cases", operation_id = "file_case", tag = "cases", params(("Idempotency-Key" = String, Header)),
    request_body = Application, responses((status = 201, body = CaseView)))]
async fn receive(
    api: web::Data<Api>,
    caller: Caller,
    key: Key,
    body: Body<Application>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let application = body.value;
    let (answer, is_replay) = api
        .run(move |office| {
            office.cases().file_by_hand(&once, &caller, &application, |shown| {
                let view = CaseView::new(shown)?;
                made(&format!("/api/v1/cases/{}", view.id), Some(view.version.to_string()), &view)
            })
        })
        .await?;
    Ok(created(answer, is_replay))
}

/// 试办收件：收到日期、期限，报表的增减；什么也不改动
#[utoipa::path(post, path = "/api/v1/cases/preview", operation_id = "preview_filing", tag = "cases",
    request_body = Application, responses((status = 200, body = PreviewView)))]
async fn preview(api: web::Data<Api>, caller: Caller, body: Body<Application>) -> Result<HttpResponse, Problem> {
    let preview = move |office: &Office| office.cases().preview_filing(&caller, &body.value, PreviewView::new);
    Ok(HttpResponse::Ok().json(api.run(preview).await?))
}

/// 案件的筛选
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// 机关；不填为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 连同下级机关
    with_subordinates: Option<bool>,
    /// 环节，可用逗号分隔多个
    stage: Option<String>,
    /// 期限状态，可用逗号分隔多个
    clock_status: Option<String>,
    /// 预警级别：none、blue、yellow、orange、red、black
    warning: Option<String>,
    /// 届满日不早于
    due_from: Option<NaiveDate>,
    /// 届满日不晚于
    due_until: Option<NaiveDate>,
    /// 承办科室
    department: Option<Uuid>,
    /// 承办人
    handler: Option<Uuid>,
    /// 申请方式，可用逗号分隔多个
    channel: Option<String>,
    /// 申请人类型，可用逗号分隔多个
    applicant_kind: Option<String>,
    /// 处理结果，可用逗号分隔多个
    outcome: Option<String>,
    /// 收到日期不早于
    received_from: Option<NaiveDate>,
    /// 收到日期不晚于
    received_until: Option<NaiveDate>,
    /// 在办（true）或已办结（false）
    open: Option<bool>,
    /// 主题标签
    tag: Option<String>,
    /// 编号、标题、申请人名称中含有的文字；自然人的姓名只有本机关的经办人、公开工作机构负责人可以查找，查找将被记录
    q: Option<String>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
    /// 格式：json（默认）、csv、xlsx；也可以用 Accept。导出为文件的列出全部，不分页
    format: Option<String>,
}

/// Longest search text, characters: as long as the longest title.
const LONGEST_SEARCH: usize = 200;

/// 案件一览，新收的在前
#[utoipa::path(get, path = "/api/v1/cases", operation_id = "list_cases", tag = "cases", params(ListParams),
    responses((status = 200, body = Page<CaseLine>)))]
async fn list(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<ListParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let format = Format::asked(&request, params.0.format.as_deref(), Format::TABLE)?;
    let limit = page_limit(&api, params.0.limit)?;
    let after = cursor(params.0.cursor.as_deref())?;
    let query = query(params.0)?;
    let query = named(&api, &caller, query).await?;
    if format != Format::Json {
        return export(&api, caller, query, format).await;
    }
    let (person, is_search) = (caller.user_id, query.filter.text.is_some());
    let read = move |office: &Office| {
        let rows = office.cases().page_of_cases(&caller, &query, after, limit.saturating_add(1))?;
        let page = Page::cut(rows, limit, |line| format!("{} {}", line.row.created_at.0.to_rfc3339(), line.row.id.0));
        let items = page.items.into_iter().map(CaseLine::from).collect();
        Ok(Page { items, next_cursor: page.next_cursor })
    };
    // No index supports a substring search: it reads every case of the organs.
    let page = if is_search { api.run_heavy(person, read).await? } else { api.run(read).await? };
    Ok(HttpResponse::Ok().json(page))
}

/// Extends a text search to applicants' names in the organs where the caller may read them.
async fn named(api: &Api, caller: &Caller, query: CaseQuery) -> Result<CaseQuery, Problem> {
    if query.filter.text.is_none() {
        return Ok(query);
    }
    let caller = caller.clone();
    api.run(move |office| office.cases().among_names(&caller, query)).await
}

/// Exports all cases of a query as a file.
async fn export(api: &Api, caller: Caller, query: CaseQuery, format: Format) -> Result<HttpResponse, Problem> {
    let (today, spool) = api
        .run_heavy(caller.user_id, move |office| {
            let mut table = LongTable::begin(format, &case_table())?;
            office.cases().each_page_of_case_rows(&caller, &query, EXPORT_PAGE, |rows| table.append(rows))?;
            Ok((office.clock().today(), table.finish()?))
        })
        .await?;
    Ok(format.send(&format!("cases-{today}"), spool))
}

fn cursor(text: Option<&str>) -> Result<Option<CaseCursor>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let Some(key) = cursor_key(text)? else { return Ok(None) };
    let (at, id) = key.split_once(' ').ok_or_else(bad)?;
    let created_at = chrono::DateTime::parse_from_rfc3339(at).map_err(|_| bad())?.with_timezone(&chrono::Utc);
    let id = id.parse().map_err(|_| bad())?;
    Ok(Some(CaseCursor { created_at: created_at.into(), id }))
}

fn query(params: ListParams) -> Result<CaseQuery, Problem> {
    let warning = match params.warning.as_deref() {
        None => None,
        Some(code) => Some(WarningLevel::from_code(code).ok_or_else(|| {
            Problem::new("invalid_query").field(
                "?warning",
                "invalid_value",
                "应为 none、blue、yellow、orange、red、black 之一",
            )
        })?),
    };
    let mut query = CaseQuery { organ: params.organ.map(OrganId), warning, ..CaseQuery::default() };
    query.with_subordinates = params.with_subordinates.unwrap_or(false);
    let filter = &mut query.filter;
    filter.stages = codes("?stage", params.stage, crate::case::Stage::ALL.iter().map(|stage| stage.code()))?;
    filter.clock_statuses =
        codes("?clock_status", params.clock_status, crate::law::ClockStatus::ALL.iter().map(|status| status.code()))?;
    filter.channels = codes("?channel", params.channel, crate::law::Channel::ALL.iter().map(|channel| channel.code()))?;
    filter.applicant_kinds = codes(
        "?applicant_kind",
        params.applicant_kind,
        crate::case::ApplicantKind::ALL.iter().map(|kind| kind.code()),
    )?;
    filter.outcomes = codes("?outcome", params.outcome, crate::law::Outcome::all().map(crate::law::Outcome::code))?;
    filter.due_from = params.due_from;
    filter.due_until = params.due_until;
    filter.departments = params.department.map(DepartmentId).into_iter().collect();
    filter.handler = params.handler.map(UserId);
    filter.received_from = params.received_from;
    filter.received_until = params.received_until;
    filter.is_open = params.open;
    filter.tag = params.tag.map(|tag| tag.trim().to_owned());
    filter.text = params.q.filter(|text| !text.trim().is_empty()).map(searched).transpose()?;
    Ok(query)
}

/// Validates a search text: not too long, one line, visible characters only.
fn searched(text: String) -> Result<String, Problem> {
    let too_long = || ("too_long", format!("不得超过 {LONGEST_SEARCH} 个字"));
    let flaw = (text.chars().count() > LONGEST_SEARCH).then(too_long).or_else(|| line_flaw(&text));
    match flaw {
        None => Ok(text),
        Some((code, detail)) => Err(Problem::new("invalid_query").field("?q", code, detail)),
    }
}

/// 看哪一日的案件，按哪一日所知
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ShowParams {
    /// 截止日，今天或者过去某日；晚于此日的事实视为尚未发生。与 known_on 都不填的，为案件现状
    as_of: Option<NaiveDate>,
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容视为不知道
    known_on: Option<NaiveDate>,
}

/// 一个案件；可以看过去某日的情形、按过去某日所知的情形，此时没有 ETag，不列可以办理的事和督办单
#[utoipa::path(get, path = "/api/v1/cases/{case_id}", operation_id = "show_case", tag = "cases",
    params(("case_id" = Uuid, Path), ShowParams), responses((status = 200, body = CaseView)))]
async fn show(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    id: web::Path<Uuid>,
    params: Params<ShowParams>,
) -> Result<HttpResponse, Problem> {
    let ShowParams { as_of, known_on } = params.0;
    let view = api
        .run(move |office| {
            if as_of.is_some() || known_on.is_some() {
                let at = Viewpoint::asked(as_of, known_on, office.clock().today())?;
                return Rendered::new(&office.cases().show_case_at(CaseId(*id), at, CaseView::new)?);
            }
            let view = office.cases().show_case(&caller, &authority, CaseId(*id), CaseView::new)?;
            Ok(Rendered::new(&view)?.version(view.version))
        })
        .await?;
    Ok(view.answer())
}

/// 期限的查询与推演
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ClockParams {
    /// 按哪一日计算；不填为今天
    as_of: Option<NaiveDate>,
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容视为不知道
    known_on: Option<NaiveDate>,
    /// 推演：假如未收到的意见都在这一日收到
    returned_on: Option<NaiveDate>,
    /// 推演：假如延长若干工作日
    extended_by: Option<u32>,
}

/// 期限及其推导
#[derive(Debug, Serialize, ToSchema)]
struct ClockDetail {
    /// 按哪一日计算
    as_of: NaiveDate,
    /// 按哪一日所知：此日以后登记、更正的内容不计
    known_on: NaiveDate,
    /// 是否为推演
    is_simulation: bool,
    /// 状态与预警
    #[serde(flatten)]
    view: crate::api::cases::view::ClockView,
    /// 推导过程的每一步
    derivation: Vec<crate::law::Step>,
    /// 推导过程，供人阅读、可以提交法庭
    explanation: String,
}

/// 答复期限及其推导；可以按任何一日计算，可以推演
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/clock", operation_id = "show_clock", tag = "cases",
    params(("case_id" = Uuid, Path), ClockParams), responses((status = 200, body = ClockDetail)))]
async fn clock(api: web::Data<Api>, id: web::Path<Uuid>, params: Params<ClockParams>) -> Result<HttpResponse, Problem> {
    let ClockParams { as_of, known_on, returned_on, extended_by } = params.0;
    let what_if = WhatIf { returned_on, extended_by };
    let detail = api
        .run(move |office| {
            let today = office.clock().today();
            let as_of = as_of.unwrap_or(today);
            let at = Viewpoint { as_of, known_on: known_on_of(known_on, today)? };
            let file = office.cases().case_at(CaseId(*id), at)?;
            let (timeline, answer) = office.cases().clock_of(&file, as_of, what_if)?;
            let thresholds = file.desk.rules.warning_thresholds();
            Ok(ClockDetail {
                as_of,
                known_on: at.known_on(today),
                is_simulation: what_if != WhatIf::default(),
                view: clock_view(*id, &file.case, &answer, as_of, &thresholds, &file.desk.calendar),
                explanation: explain(&timeline, &answer, &file.desk.calendar) + &renewed(&file, as_of),
                derivation: answer.derivation,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(detail))
}

/// What follows the explanation of the period once the reply was revoked. Empty otherwise.
fn renewed(file: &CaseFile, as_of: NaiveDate) -> String {
    let Some(revoked) = file.case.revoked_reply() else { return String::new() };
    let duties = file.duties(as_of);
    let open = duties.iter().rev().find(|duty| duty.kind == ObligationKind::RenewedReply);
    let due = open.and_then(|duty| duty.due_on).map_or_else(String::new, |due| format!("，应于{due}前重新答复"));
    format!(
        "\n六、撤销原答复\n    原答复（{}）于{}由本机关撤销{due}（本机关的要求，20个工作日，不是法定期限）。答复是否按期，以首次发出的答复为准。\n",
        revoked.reply.document_number, revoked.set_aside_on
    )
}

/// 按哪一日所知
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LogParams {
    /// 按哪一日所知，今天或者过去某日；默认今天。此日以后登记、更正的内容不列
    known_on: Option<NaiveDate>,
}

/// 办理过程：按顺序的每一步，哈希相连
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/events", operation_id = "list_events", tag = "cases",
    params(("case_id" = Uuid, Path), LogParams), responses((status = 200, body = [EventView])))]
async fn log(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    id: web::Path<Uuid>,
    params: Params<LogParams>,
) -> Result<HttpResponse, Problem> {
    let events = api
        .run(move |office| {
            let known_on = known_on_of(params.0.known_on, office.clock().today())?;
            let log = office.cases().case_log(&caller, &authority, CaseId(*id), known_on)?;
            Rendered::new(&log.into_iter().map(EventView::from).collect::<Vec<_>>())
        })
        .await?;
    Ok(events.answer())
}

/// 本人接下来可以办理什么，什么不能办理、为什么
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/actions", operation_id = "list_actions", tag = "cases", params(("case_id" = Uuid, Path)),
    responses((status = 200, body = ActionsView)))]
async fn actions(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let case = *id;
    let (actions, amending) = api.run(move |office| office.cases().actions(&caller, &authority, CaseId(case))).await?;
    Ok(HttpResponse::Ok().json(ActionsView::new(case, actions, &amending)))
}

/// 查看的理由
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevealBody {
    /// 理由，将被记录
    #[schema(max_length = 200)]
    reason: String,
}

/// 查看申请人的证件号码、联系方式、历次更正以前的内容和送达回证的签收人（每次查看均记录）
#[utoipa::path(post, path = "/api/v1/cases/{case_id}/applicant/reveal", operation_id = "reveal_applicant", tag = "cases",
    params(("case_id" = Uuid, Path)), request_body = RevealBody, responses((status = 200, body = Revealed)))]
async fn reveal(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    body: Body<RevealBody>,
) -> Result<HttpResponse, Problem> {
    let reason = body.value.reason;
    let applicant = api.run(move |office| office.cases().reveal_applicant(&caller, CaseId(*id), &reason)).await?;
    Ok(HttpResponse::Ok().json(applicant))
}

/// 更正申请人信息（个人信息保护法第四十六条）：原来的内容加密保存，办理过程中记录更正了哪些项目、理由，不记录内容；拆分形成的各案一并更正
#[utoipa::path(patch, path = "/api/v1/cases/{case_id}/applicant", operation_id = "correct_applicant", tag = "cases",
    params(("case_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = ApplicantCorrection, responses((status = 200, body = CaseView)))]
async fn correct(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    version: IfMatch,
    body: Body<ApplicantCorrection>,
) -> Result<HttpResponse, Problem> {
    let answer = api
        .run(move |office| {
            let corrected =
                office.cases().correct_applicant(&caller, CaseId(*id), &body.value, version.0, CaseView::new);
            let view = corrected?;
            Ok(Rendered::new(&view)?.version(view.version))
        })
        .await?;
    Ok(answer.answer())
}
