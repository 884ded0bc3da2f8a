//! The working-day calendar: reading it, and changing it after a preview of the dates that would move.

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::http::body::{Body, Params};
use crate::api::http::problem::Problem;
use crate::case::Role;
use crate::law::{Calendar, CalendarYear, OffDay};
use crate::office::calendar::change::CalendarPreview;
use crate::office::{Caller, Office, OfficeError};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, OpenApi, ToSchema};

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/calendar/version", Access::Authenticated, Scope::None, || web::to(version)),
    Route::new(Verb::Get, "/api/v1/calendar/workdays", Access::Authenticated, Scope::None, || web::to(workdays)),
    Route::new(Verb::Get, "/api/v1/calendar/{year}", Access::Authenticated, Scope::None, || web::to(year)),
    Route::new(Verb::Put, "/api/v1/calendar/{year}", Access::Roles(&[Role::Admin]), Scope::None, || web::to(change)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(version, workdays, year, change))]
pub struct Doc;

/// Years a calendar can have. The Regulations came into force in 2008.
const YEARS: std::ops::RangeInclusive<i32> = 2008..=2100;

/// 地区
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RegionParams {
    /// 地区；不填为全国
    #[serde(default)]
    region: String,
}

/// 工作日推算
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WorkdayParams {
    /// 起算日，当日为第 0 日
    from: NaiveDate,
    /// 工作日数，0 至 3650
    n: u32,
    /// 地区；不填为全国
    #[serde(default)]
    region: String,
}

/// 日历版本
#[derive(Serialize, ToSchema)]
struct CalendarVersion {
    /// 版本（内容的摘要）
    version: String,
    /// 第一天
    first_day: NaiveDate,
    /// 最后一天
    last_day: NaiveDate,
    /// 各年的放假通知
    notices: Vec<YearNotice>,
}

/// 一年的放假通知
#[derive(Serialize, ToSchema)]
struct YearNotice {
    year: i32,
    notice: String,
    amendments: Vec<String>,
}

/// 推算结果：date 与 gap 必居其一
#[derive(Serialize, ToSchema)]
struct Workday {
    /// 第 n 个工作日
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<NaiveDate>,
    /// 缺少放假通知的第一天
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<NaiveDate>,
    /// 所用日历的版本
    calendar_version: String,
}

/// Longest span that is accepted, working days.
const MAX_WORKDAYS: u32 = 3650;

async fn calendar(api: &Api, region: String) -> Result<Arc<Calendar>, Problem> {
    if !region.is_empty() && crate::law::Overlay::of_region(&region).is_none() {
        return Err(Problem::new("invalid_query").field("?region", "unknown_value", "没有这个地区的工作日历"));
    }
    api.run(move |office| office.calendars().calendar_in(&region)).await
}

/// 现行日历的版本、范围和依据
#[utoipa::path(get, path = "/api/v1/calendar/version", operation_id = "calendar_version", tag = "calendar", params(RegionParams),
    responses((status = 200, body = CalendarVersion)))]
async fn version(api: web::Data<Api>, params: Params<RegionParams>) -> Result<HttpResponse, Problem> {
    let calendar = calendar(&api, params.0.region).await?;
    let notices = calendar.years().iter().map(|year| YearNotice {
        year: year.year,
        notice: year.notice.clone(),
        amendments: year.amendments.clone(),
    });
    Ok(HttpResponse::Ok().json(CalendarVersion {
        version: calendar.version().to_owned(),
        first_day: calendar.first_day(),
        last_day: calendar.last_day(),
        notices: notices.collect(),
    }))
}

/// 自某日起第 n 个工作日
#[utoipa::path(get, path = "/api/v1/calendar/workdays", operation_id = "add_workdays", tag = "calendar", params(WorkdayParams),
    responses((status = 200, body = Workday)))]
async fn workdays(api: web::Data<Api>, params: Params<WorkdayParams>) -> Result<HttpResponse, Problem> {
    let WorkdayParams { from, n, region } = params.0;
    if n > MAX_WORKDAYS {
        let detail = format!("应为 0 至 {MAX_WORKDAYS}");
        return Err(Problem::new("invalid_query").field("?n", "out_of_range", detail));
    }
    let calendar = calendar(&api, region).await?;
    let calendar_version = calendar.version().to_owned();
    let answer = match calendar.add_working_days(from, n) {
        Ok(date) => Workday { date: Some(date), gap: None, calendar_version },
        Err(gap) => Workday { date: None, gap: Some(gap.missing), calendar_version },
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// 一年的放假安排与通知
#[utoipa::path(get, path = "/api/v1/calendar/{year}", operation_id = "show_calendar_year", tag = "calendar", params(("year" = i32, Path)),
    responses((status = 200, body = CalendarYear)))]
async fn year(api: web::Data<Api>, path: web::Path<i32>) -> Result<HttpResponse, Problem> {
    let wanted = path.into_inner();
    let calendar = calendar(&api, String::new()).await?;
    let found = calendar.years().iter().find(|year| year.year == wanted);
    let missing = || Problem::new("not_found").detail(format!("{wanted} 年的放假通知尚未载入"));
    Ok(HttpResponse::Ok().json(found.ok_or_else(missing)?))
}

/// 启用
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangeParams {
    /// 预览给出的 confirmation：填写则启用，不填为预览
    activate: Option<String>,
}

/// 预览或者启用一年的放假安排：不带 activate 为预览（不作任何改动）；启用须由最上级机关的管理员办理，随即重新计算在办案件的期限
#[utoipa::path(put, path = "/api/v1/calendar/{year}", operation_id = "change_calendar_year", tag = "calendar", params(("year" = i32, Path), ChangeParams),
    request_body = CalendarYear, responses((status = 200, body = CalendarPreview)))]
async fn change(
    api: web::Data<Api>,
    caller: Caller,
    path: web::Path<i32>,
    params: Params<ChangeParams>,
    body: Body<CalendarYear>,
) -> Result<HttpResponse, Problem> {
    let (number, year, person) = (path.into_inner(), body.value, caller.user_id);
    let is_preview = params.0.activate.is_none();
    let work = move |office: &Office| {
        if !YEARS.contains(&number) {
            return Err(OfficeError::NotFound);
        }
        // Only days of the New Year holiday that fall into the neighbouring year belong to another year's notice.
        let beside = |day: &OffDay| day.notice_year.is_none_or(|of| of.abs_diff(number) == 1);
        if let Some(index) = year.off.iter().position(|day| !beside(day)) {
            let pointer = format!("/off/{index}/notice_year");
            return Err(OfficeError::invalid(
                &pointer,
                "wrong_year",
                "只能是相邻的年份：元旦假期有落在上一年12月、由下一年通知安排的日子",
            ));
        }
        if year.year != number {
            return Err(OfficeError::invalid("/year", "wrong_year", format!("应为 {number}，与地址一致")));
        }
        match params.0.activate {
            Some(shown) => office.calendars().activate_calendar(Some(&caller), &year, &shown),
            None => office.calendars().preview_for(&caller, &year),
        }
    };
    // Not `run_heavy`: an activation must not be aborted at the deadline.
    let answer = if is_preview { api.run_heavy(person, work).await? } else { api.run(work).await? };
    Ok(HttpResponse::Ok().json(answer))
}
