//! Receiving and reading cases.

mod action_view;
mod amendment_view;
pub(super) mod amendments;
pub(super) mod commands;
pub(super) mod counters;
mod event_view;
pub(super) mod list;
mod previews;
pub(super) mod redactions;
mod reply_view;
pub(super) mod view;

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::cases::action_view::ActionsView;
use crate::api::cases::event_view::EventView;
use crate::api::cases::previews::PreviewView;
use crate::api::cases::view::{CaseView, clock_view};
use crate::api::http::body::{Body, Params};
use crate::api::http::create::{Key, created, made, once};
use crate::api::http::etag::{IfMatch, Rendered};
use crate::api::http::problem::Problem;
use crate::case::{ObligationKind, Role};
use crate::law::explain;
use crate::office::cases::Application;
use crate::office::cases::applicants::correction::{ApplicantCorrection, CORRECTORS};
use crate::office::cases::applicants::{REVEALERS, Revealed};
use crate::office::cases::as_of::{Viewpoint, known_on_of};
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::queries::{CASE_READERS, WhatIf};
use crate::office::{Authority, Caller, Office};
use crate::store::CaseId;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// Roles that may file an application by hand.
const FILERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, "/api/v1/cases", Access::Roles(FILERS), Scope::None, || web::to(receive)),
    Route::new(Verb::Post, "/api/v1/cases/preview", Access::Roles(FILERS), Scope::None, || web::to(preview)),
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
#[openapi(paths(receive, preview, show, clock, log, actions, reveal, correct))]
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
