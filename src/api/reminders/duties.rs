//! Lists of duties: one's own, and those of the organs one supervises.

use crate::api::cases::commands::href;
use crate::api::http::body::Params;
use crate::api::http::page::{Page, codes, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{Action, ObligationKind, ReviewKind};
use crate::mail::duty::DutyWords;
use crate::office::reminders::duties::{
    DutyCase, DutyCounts, DutyLine, DutyOrgans, DutyPage, DutyTotal, NoDay, WORKERS, WaitsFor,
};
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::office::{Caller, Word};
use crate::store::ObligationId;
use crate::store::cases::obligations::ObligationRow;
use crate::store::reminders::duties::{After, DutyFilter, Group};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const MINE: &str = "/api/v1/me/duties";
const BELOW: &str = "/api/v1/supervision/duties";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, MINE, Access::Roles(WORKERS), Scope::None, || web::to(mine)),
    Route::new(Verb::Get, BELOW, Access::Roles(OVERDUE_READERS), Scope::None, || web::to(below)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(mine, below))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DutyParams {
    /// 只看这个机关；默认为全部
    organ: Option<Uuid>,
    /// 只看这些事项，可用逗号分隔多个
    kind: Option<String>,
    /// 只看这一组：now、near、later、waiting
    group: Option<String>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
}

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DutiesBelowParams {
    /// 只看这个机关；默认为本人监督的全部机关
    organ: Option<Uuid>,
    /// 指定机关时，是否包括其下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 只看这些事项，可用逗号分隔多个
    kind: Option<String>,
    /// 只看这一组：now、near、later、waiting
    group: Option<String>,
    /// 只看这个科室承办的
    department: Option<Uuid>,
    /// 只看这个人员承办的
    owner: Option<Uuid>,
    /// true：只看已过期限的（核查日不算期限）；默认 false，看全部
    is_overdue: Option<bool>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
}

/// 待办事项
#[derive(Debug, Serialize, ToSchema)]
struct DutyView {
    /// 事项编号
    id: Uuid,
    /// 机关
    organ_id: Uuid,
    /// 机关的名称
    organ: String,
    /// 事项
    kind: Word,
    /// 组：今天及逾期、三个工作日内、以后、等待他人
    group: Word,
    /// 案件；机关本身的事项（年度报告、不涉及案件的督办单）没有
    case: Option<DutyCaseView>,
    /// 期限；核查日见 `is_follow_up`
    due_on: Option<NaiveDate>,
    /// 节假日安排尚未公布时，期限最晚可能的日期；`due_on` 为最早的日期
    latest_on: Option<NaiveDate>,
    /// 节假日安排尚未公布时，对两个日期的说明
    estimate: Option<String>,
    /// 没有期限的，原因
    no_day: Option<Word>,
    /// 所列日期只是核查日，不是期限
    is_follow_up: bool,
    /// 预警级别；没有期限的、核查日没有
    warning: Option<Word>,
    /// 依据
    article: String,
    /// 从哪一日起等待办理
    since: Option<NaiveDate>,
    /// 等待谁：申请人、被征求意见的一方、审核或者签批人员、机关负责人、承办人员、承办科室、公开工作机构
    waits_for: WaitsForView,
    /// 承办科室
    department: Option<String>,
    /// 承办人员
    owner: Option<String>,
    /// 本人能够办理的操作，通常的在前；没有的，见 `waits_for`
    settled_by: Vec<SettlingView>,
}

/// 待办事项所在的案件
#[derive(Debug, Serialize, ToSchema)]
struct DutyCaseView {
    /// 案件
    id: Uuid,
    /// 受理编号；尚未编号的没有
    number: Option<String>,
    /// 标题
    title: String,
    /// 申请人；个人的姓名不全部显示
    applicant: String,
    /// 答复期限（停止计算时没有）
    reply_due_on: Option<NaiveDate>,
}

/// 等待谁
#[derive(Debug, Serialize, ToSchema)]
struct WaitsForView {
    /// 代码
    code: &'static str,
    /// 中文
    label: &'static str,
    /// 名称
    name: Option<String>,
}

/// 能够办理这一事项的操作
#[derive(Debug, Serialize, ToSchema)]
struct SettlingView {
    /// 操作
    command: Word,
    /// 应在哪一日前办理
    until: Option<NaiveDate>,
    /// 提交的地址
    href: String,
}

/// 各组的件数，不受 `group` 限制
#[derive(Debug, Serialize, ToSchema)]
struct CountsView {
    /// 今天及逾期
    now: i64,
    /// 三个工作日内
    near: i64,
    /// 以后，以及没有期限的
    later: i64,
    /// 等待他人
    waiting: i64,
}

/// 本人的待办事项
#[derive(Debug, Serialize, ToSchema)]
struct MyDuties {
    /// 截至
    as_of: NaiveDate,
    /// 各组的件数，不受 `group` 限制
    counts: CountsView,
    /// 事项，按期限排列，没有期限的在后
    items: Vec<DutyView>,
    /// 下一页的 cursor；没有下一页的为空
    next_cursor: Option<String>,
}

/// 监督范围内的待办事项
#[derive(Debug, Serialize, ToSchema)]
struct DutiesBelow {
    /// 截至
    as_of: NaiveDate,
    /// 各组的件数，不受 `group` 限制
    counts: CountsView,
    /// 按机关、科室、人员合计，逾期多的在前；不受 `group` 限制，不计等待审核、签批、确认的
    totals: Vec<DutyTotalView>,
    /// 事项，按期限排列，没有期限的在后
    items: Vec<DutyView>,
    /// 下一页的 cursor；没有下一页的为空
    next_cursor: Option<String>,
}

/// 一个机关、科室、人员的合计
#[derive(Debug, Serialize, ToSchema)]
struct DutyTotalView {
    /// 机关
    organ: String,
    /// 承办科室；公开工作机构的没有
    department: Option<String>,
    /// 承办人员；未指定的没有
    owner: Option<String>,
    /// 未办结的事项
    open: i64,
    /// 其中已过期限的
    overdue: i64,
}

/// 本人的待办事项：本人、本科室、本机构承办的，等待本人审核、签批、确认的，负责人为本机关全部
#[utoipa::path(get, path = "/api/v1/me/duties", operation_id = "list_my_duties", tag = "reminders", params(DutyParams),
    responses((status = 200, body = MyDuties)))]
async fn mine(api: web::Data<Api>, caller: Caller, params: Params<DutyParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = page_limit(&api, params.limit)?;
    let after = after(params.cursor.as_deref())?;
    let filter =
        DutyFilter { kinds: kinds(params.kind)?, group: group(params.group.as_deref())?, ..DutyFilter::default() };
    let organ = params.organ.map(Into::into);
    let page = api.run(move |office| office.reminders().my_duties(&caller, organ, &filter, after, limit + 1)).await?;
    let DutyPage { lines, counts, today } = page;
    let Page { items, next_cursor } = views(lines, today, limit);
    Ok(HttpResponse::Ok().json(MyDuties { as_of: today, counts: counts.into(), items, next_cursor }))
}

/// 监督范围内的待办事项：任何事项，可以只看逾期的，按机关、科室、人员合计
#[utoipa::path(get, path = "/api/v1/supervision/duties", operation_id = "list_duties_below", tag = "supervision",
    params(DutiesBelowParams), responses((status = 200, body = DutiesBelow)))]
async fn below(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<DutiesBelowParams>,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = page_limit(&api, params.limit)?;
    let after = after(params.cursor.as_deref())?;
    let filter = DutyFilter {
        kinds: kinds(params.kind)?,
        department: params.department.map(Into::into),
        owner: params.owner.map(Into::into),
        group: group(params.group.as_deref())?,
        is_overdue: params.is_overdue.unwrap_or(false),
    };
    let organs = DutyOrgans {
        organ: params.organ.map(Into::into),
        with_subordinates: params.with_subordinates.unwrap_or(false),
    };
    let read =
        api.run(move |office| office.reminders().duties_below(&caller, organs, &filter, after, limit + 1)).await?;
    let (DutyPage { lines, counts, today }, totals) = read;
    let Page { items, next_cursor } = views(lines, today, limit);
    let totals = totals.into_iter().map(DutyTotalView::from).collect();
    Ok(HttpResponse::Ok().json(DutiesBelow { as_of: today, counts: counts.into(), totals, items, next_cursor }))
}

fn kinds(given: Option<String>) -> Result<Vec<String>, Problem> {
    codes("?kind", given, ObligationKind::ALL.iter().map(|kind| kind.code()))
}

const GROUPS: [(Group, &str, &str); 4] = [
    (Group::Now, "now", "今天及逾期"),
    (Group::Near, "near", "三个工作日内"),
    (Group::Later, "later", "以后"),
    (Group::Waiting, "waiting", "等待他人"),
];

fn group(given: Option<&str>) -> Result<Option<Group>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let found = GROUPS.into_iter().find(|(_, code, _)| *code == given);
    let (group, ..) = found.ok_or_else(|| {
        Problem::new("invalid_query").field("?group", "invalid_value", "应为 now、near、later、waiting 之一")
    })?;
    Ok(Some(group))
}

fn after(cursor: Option<&str>) -> Result<Option<After>, Problem> {
    let Some(key) = cursor_key(cursor)? else { return Ok(None) };
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let (day, id) = key.split_once(' ').ok_or_else(bad)?;
    let day = match day {
        "-" => None,
        day => Some(
            day.parse()
                .ok()
                .filter(|parsed: &NaiveDate| day.len() == 10 && parsed.to_string() == day)
                .ok_or_else(bad)?,
        ),
    };
    Ok(Some(After(day, ObligationId(id.parse().map_err(|_| bad())?))))
}

fn views(lines: Vec<DutyLine>, today: NaiveDate, limit: i64) -> Page<DutyView> {
    Page::cut(lines.into_iter().map(|line| DutyView::of(line, today)).collect(), limit, |view: &DutyView| {
        format!("{} {}", view.due_on.map_or_else(|| "-".to_owned(), |day| day.to_string()), view.id)
    })
}

impl From<DutyCounts> for CountsView {
    fn from(counts: DutyCounts) -> Self {
        let DutyCounts { now, near, later, waiting } = counts;
        Self { now, near, later, waiting }
    }
}

impl From<DutyTotal> for DutyTotalView {
    fn from(total: DutyTotal) -> Self {
        let DutyTotal { organ, department, owner, open, overdue } = total;
        Self { organ, department, owner, open, overdue }
    }
}

impl From<DutyCase> for DutyCaseView {
    fn from(case: DutyCase) -> Self {
        let DutyCase { id, number, title, applicant, reply_due_on } = case;
        Self { id: id.0, number, title, applicant, reply_due_on }
    }
}

impl DutyView {
    fn of(line: DutyLine, today: NaiveDate) -> Self {
        let words = DutyWords::of(&line.row.kind);
        let waits_for = waits_for(&line);
        let case_id = line.case.as_ref().map(|case| case.id.0);
        let (_, code, label) = GROUPS.into_iter().find(|(group, ..)| *group == line.group).unwrap_or(GROUPS[2]);
        let mut settled_by: Vec<SettlingView> = case_id
            .into_iter()
            .flat_map(|id| line.settled_by.iter().map(move |action| settling(id, action, today)))
            .collect();
        let confirms = line.amendment.filter(|_| line.group != Group::Waiting).zip(case_id);
        settled_by.extend(confirms.map(|(number, id)| SettlingView {
            command: Word::of("confirm_amendment", "确认或者不同意"),
            until: None,
            href: format!("/api/v1/cases/{id}/amendments/{number}/confirmation"),
        }));
        settled_by.extend(line.order.map(|order| SettlingView {
            command: Word::of("answer_order", "答复督办单"),
            until: None,
            href: format!("/api/v1/supervision/orders/{order}/answer"),
        }));
        Self {
            id: line.row.id.0,
            organ_id: line.row.organ_id.0,
            organ: line.organ,
            kind: Word::stored(&line.row.kind, label_of(&line.row, words.label)),
            group: Word::of(code, label),
            case: line.case.map(DutyCaseView::from),
            due_on: line.row.due_on,
            latest_on: line.row.latest_on,
            estimate: line.estimate,
            no_day: line.no_day.map(word_of_no_day),
            is_follow_up: words.is_follow_up,
            warning: line.level.map(|level| Word::of(level.code(), level.label())),
            article: line.row.article,
            since: line.since,
            waits_for,
            department: line.department,
            owner: line.owner,
            settled_by,
        }
    }
}

/// The step of a review by its own name, every other duty by that of its kind.
fn label_of(row: &ObligationRow, of_kind: &'static str) -> &'static str {
    let step = row.key.split(':').nth(1).filter(|_| row.kind == ObligationKind::Review.code());
    step.and_then(ReviewKind::from_code).map_or(of_kind, ReviewKind::label)
}

/// A day that has passed is left out: the action is possible all the same.
fn settling(case_id: Uuid, action: &Action, today: NaiveDate) -> SettlingView {
    SettlingView {
        command: Word::of(action.command.code(), action.command.label()),
        until: action.permit.as_ref().ok().and_then(|permit| permit.until).filter(|until| *until >= today),
        href: href(case_id, action.command),
    }
}

const fn word_of_no_day(no_day: NoDay) -> Word {
    match no_day {
        NoDay::Stopped => Word::of("stopped", "停止计算"),
        NoDay::NotServed => Word::of("not_served", "送达日期未登记，期限没有起算"),
        NoDay::Unknown => Word::of("unknown", "没有期限"),
    }
}

fn waits_for(line: &DutyLine) -> WaitsForView {
    let applicant = || line.case.as_ref().map(|case| case.applicant.clone());
    let (code, label, name) = match &line.waits_for {
        Some(WaitsFor::Applicant) => ("applicant", "申请人", applicant()),
        Some(WaitsFor::Asked(name)) => ("asked", "被征求意见的一方", Some(name.clone())),
        Some(WaitsFor::Role(role)) => (role.code(), role.label(), None),
        None if line.owner.is_some() => ("owner", "承办人员", line.owner.clone()),
        None if line.department.is_some() => ("department", "承办科室", line.department.clone()),
        Some(WaitsFor::Office) | None => ("office", "公开工作机构", None),
    };
    WaitsForView { code, label, name }
}
