//! Lists of cases and how many cases are in one.

use crate::api::cases::view::CaseLine;
use crate::api::http::body::Params;
use crate::api::http::export::Format;
use crate::api::http::page::{Page, codes, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::http::spool::LongTable;
use crate::api::state::Api;
use crate::case::text::line_flaw;
use crate::case::{ApplicantKind, Stage};
use crate::law::{Channel, ClockStatus, Outcome, WarningLevel};
use crate::office::cases::exports::case_table;
use crate::office::cases::queries::{CASE_READERS, CaseCounts, CaseQuery};
use crate::office::{Caller, Office, Word};
use crate::store::cases::{CaseCursor, CaseKey, CaseOrder};
use crate::store::{CaseId, DepartmentId, OrganId, Ts, UserId};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// Page size for reading the cases of an export.
const EXPORT_PAGE: i64 = 500;

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/cases", Access::Roles(CASE_READERS), Scope::None, || web::to(list)),
    Route::new(Verb::Get, "/api/v1/cases/counts", Access::Roles(CASE_READERS), Scope::None, || web::to(counts)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, counts))]
pub struct Doc;

/// Declares the parameters of a route that takes the filters of cases, with `$own` beside them.
macro_rules! filters {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $own:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        struct $name {
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
            /// 答复日期不早于
            replied_from: Option<NaiveDate>,
            /// 答复日期不晚于
            replied_until: Option<NaiveDate>,
            /// 在办（true）或已办结（false）
            open: Option<bool>,
            /// 主题标签
            tag: Option<String>,
            /// 编号、标题、申请人名称中含有的文字；自然人的姓名只有本机关的经办人、公开工作机构负责人可以查找，查找将被记录
            q: Option<String>,
            $($(#[$doc])* $own: $kind,)*
        }

        impl $name {
            /// The query that the filters make.
            fn query(&mut self) -> Result<CaseQuery, Problem> {
                let mut query = CaseQuery {
                    organ: self.organ.map(OrganId),
                    with_subordinates: self.with_subordinates.unwrap_or(false),
                    warning: self.warning.take().map(|code| level(&code)).transpose()?,
                    ..CaseQuery::default()
                };
                let filter = &mut query.filter;
                filter.stages = codes("?stage", self.stage.take(), Stage::ALL.iter().map(|stage| stage.code()))?;
                let statuses = ClockStatus::ALL.iter().map(|status| status.code());
                filter.clock_statuses = codes("?clock_status", self.clock_status.take(), statuses)?;
                let channels = Channel::ALL.iter().map(|channel| channel.code());
                filter.channels = codes("?channel", self.channel.take(), channels)?;
                let kinds = ApplicantKind::ALL.iter().map(|kind| kind.code());
                filter.applicant_kinds = codes("?applicant_kind", self.applicant_kind.take(), kinds)?;
                filter.outcomes = codes("?outcome", self.outcome.take(), Outcome::all().map(Outcome::code))?;
                filter.due_from = self.due_from;
                filter.due_until = self.due_until;
                filter.departments = self.department.map(DepartmentId).into_iter().collect();
                filter.handler = self.handler.map(UserId);
                filter.received_from = self.received_from;
                filter.received_until = self.received_until;
                filter.replied_from = self.replied_from;
                filter.replied_until = self.replied_until;
                filter.is_open = self.open;
                filter.tag = self.tag.take().map(|tag| tag.trim().to_owned());
                filter.text = self.q.take().filter(|text| !text.trim().is_empty()).map(searched).transpose()?;
                Ok(query)
            }
        }
    };
}

filters! {
    /// 案件的筛选、排列
    ListParams {
        /// 排列：received 收到日期，新的在前；number 受理编号；due 届满日，早的在前，尚不能确定的以最早的届满日为准；
        /// changed 最近变动的在前。没有该项日期、编号的在最后；不填为新增的在前
        order: Option<String>,
        /// 条数，默认 50，最多 200
        limit: Option<u32>,
        /// 上一页给出的 next_cursor；排列须与上一页相同
        cursor: Option<String>,
        /// 格式：json（默认）、csv、xlsx；也可以用 Accept。导出为文件的列出全部，不分页
        format: Option<String>,
    }
}

filters! {
    /// 案件的筛选
    CountParams {}
}

/// Longest search text, characters: as long as the longest title.
const LONGEST_SEARCH: usize = 200;

/// 案件一览；不指定排列的，新增的在前
#[utoipa::path(get, path = "/api/v1/cases", operation_id = "list_cases", tag = "cases", params(ListParams),
    responses((status = 200, body = Page<CaseLine>)))]
async fn list(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<ListParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut params = params.0;
    let format = Format::asked(&request, params.format.as_deref(), Format::TABLE)?;
    let limit = page_limit(&api, params.limit)?;
    let order = params.order.take().map(|code| order_of(&code)).transpose()?.unwrap_or_default();
    let after = cursor(order, params.cursor.as_deref())?;
    let query = CaseQuery { order, ..params.query()? };
    let query = named(&api, &caller, query).await?;
    if format != Format::Json {
        return export(&api, caller, query, format).await;
    }
    let (person, is_heavy) = (caller.user_id, reads_all(&query));
    let read = move |office: &Office| {
        let rows = office.cases().page_of_cases(&caller, &query, after.as_ref(), limit.saturating_add(1))?;
        let page = Page::cut(rows, limit, |line| key_of(&CaseCursor::of(order, &line.row)));
        let items = page.items.into_iter().map(CaseLine::from).collect();
        Ok(Page { items, next_cursor: page.next_cursor })
    };
    let page = if is_heavy { api.run_heavy(person, read).await? } else { api.run(read).await? };
    Ok(HttpResponse::Ok().json(page))
}

/// Whether no index supports the query, so that it reads every case of the organs: a substring search, most orders.
fn reads_all(query: &CaseQuery) -> bool {
    let is_in_order = match query.order {
        CaseOrder::Added => true,
        CaseOrder::Due => query.filter.is_open == Some(true),
        CaseOrder::Received | CaseOrder::Number | CaseOrder::Changed => false,
    };
    query.filter.text.is_some() || !is_in_order
}

/// 件数
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// 全部
    total: i64,
    /// 在办的
    open: i64,
    /// 各环节，依办理的顺序
    by_stage: Vec<Counted>,
    /// 各预警级别，由轻到重
    by_warning: Vec<Counted>,
}

/// 一个环节或者一个预警级别的件数
#[derive(Debug, Serialize, ToSchema)]
struct Counted {
    #[serde(flatten)]
    word: Word,
    /// 件数
    count: i64,
}

impl From<CaseCounts> for Counts {
    fn from(CaseCounts { by_stage, by_warning }: CaseCounts) -> Self {
        let in_stage = |stage: &Stage| {
            let count = by_stage.iter().filter(|some| some.stage == stage.code()).map(|some| some.count).sum();
            Counted { word: Word::of(stage.code(), stage.label()), count }
        };
        let at_level =
            |(level, count): (WarningLevel, i64)| Counted { word: Word::of(level.code(), level.label()), count };
        Self {
            total: by_stage.iter().map(|some| some.count).sum(),
            open: by_stage.iter().filter(|some| some.is_open).map(|some| some.count).sum(),
            by_stage: Stage::ALL.iter().map(in_stage).collect(),
            by_warning: by_warning.into_iter().map(at_level).collect(),
        }
    }
}

/// 案件的件数：总数、在办、各环节、各预警级别；筛选与案件一览相同
#[utoipa::path(get, path = "/api/v1/cases/counts", operation_id = "count_cases", tag = "cases", params(CountParams),
    responses((status = 200, body = Counts)))]
async fn counts(api: web::Data<Api>, caller: Caller, params: Params<CountParams>) -> Result<HttpResponse, Problem> {
    let mut params = params.0;
    let query = named(&api, &caller, params.query()?).await?;
    let counts = api.run_heavy(caller.user_id, move |office| office.cases().count_cases(&caller, &query)).await?;
    Ok(HttpResponse::Ok().json(Counts::from(counts)))
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

/// The text in a cursor for a day or number that a case does not have.
const NONE: &str = "-";

/// The text of a cursor. That of the usual order begins with the instant, that of another one with its code; a number,
/// which may hold a blank, comes last.
fn key_of(CaseCursor { key, id }: &CaseCursor) -> String {
    let id = id.0;
    let day = |day: &Option<NaiveDate>| day.map_or_else(|| NONE.to_owned(), |day| day.to_string());
    match key {
        CaseKey::Added(at) => format!("{} {id}", at.0.to_rfc3339()),
        CaseKey::Received(on) => format!("received {id} {}", day(on)),
        CaseKey::Due(on) => format!("due {id} {}", day(on)),
        CaseKey::Changed(at) => format!("changed {id} {}", at.0.to_rfc3339()),
        CaseKey::Number(None) => format!("number {id} {NONE}"),
        CaseKey::Number(Some(number)) => format!("number {id} +{number}"),
    }
}

/// Reads what [`key_of`] wrote.
///
/// # Errors
/// `invalid_query` if it is no cursor, or one of another order.
fn cursor(order: CaseOrder, text: Option<&str>) -> Result<Option<CaseCursor>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统按这一排列给出的游标");
    let Some(text) = cursor_key(text)? else { return Ok(None) };
    let (id, key) = if order == CaseOrder::Added {
        let (at, id) = text.split_once(' ').ok_or_else(bad)?;
        (id, at)
    } else {
        let (code, rest) = text.split_once(' ').ok_or_else(bad)?;
        rest.split_once(' ').filter(|_| code == order.code()).ok_or_else(bad)?
    };
    let id = CaseId(id.parse().map_err(|_| bad())?);
    let instant = || chrono::DateTime::parse_from_rfc3339(key).map(|at| Ts(at.with_timezone(&chrono::Utc)));
    let day = || if key == NONE { Ok(None) } else { key.parse::<NaiveDate>().map(Some) };
    let key = match order {
        CaseOrder::Added => CaseKey::Added(instant().map_err(|_| bad())?),
        CaseOrder::Changed => CaseKey::Changed(instant().map_err(|_| bad())?),
        CaseOrder::Received => CaseKey::Received(day().map_err(|_| bad())?),
        CaseOrder::Due => CaseKey::Due(day().map_err(|_| bad())?),
        CaseOrder::Number if key == NONE => CaseKey::Number(None),
        CaseOrder::Number => CaseKey::Number(Some(key.strip_prefix('+').ok_or_else(bad)?.to_owned())),
    };
    Ok(Some(CaseCursor { key, id }))
}

fn order_of(code: &str) -> Result<CaseOrder, Problem> {
    CaseOrder::from_code(code).ok_or_else(|| {
        let codes: Vec<&str> = CaseOrder::NAMED.iter().map(|order| order.code()).collect();
        Problem::new("invalid_query").field("?order", "invalid_value", format!("应为 {} 之一", codes.join("、")))
    })
}

fn level(code: &str) -> Result<WarningLevel, Problem> {
    WarningLevel::from_code(code).ok_or_else(|| {
        let codes: Vec<&str> = WarningLevel::ALL.iter().map(|level| level.code()).collect();
        Problem::new("invalid_query").field("?warning", "invalid_value", format!("应为 {} 之一", codes.join("、")))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_what_it_was_made_of_and_is_none_of_another_order() {
        let at = Ts(chrono::DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap());
        let day = NaiveDate::from_ymd_opt(2026, 12, 1);
        let keys = [
            (CaseOrder::Added, CaseKey::Added(at)),
            (CaseOrder::Changed, CaseKey::Changed(at)),
            (CaseOrder::Received, CaseKey::Received(day)),
            (CaseOrder::Received, CaseKey::Received(None)),
            (CaseOrder::Due, CaseKey::Due(day)),
            (CaseOrder::Due, CaseKey::Due(None)),
            (CaseOrder::Number, CaseKey::Number(Some("依申请 〔2026〕 3号".to_owned()))),
            (CaseOrder::Number, CaseKey::Number(Some(NONE.to_owned()))),
            (CaseOrder::Number, CaseKey::Number(None)),
        ];
        let orders = [CaseOrder::NAMED.as_slice(), &[CaseOrder::Added]].concat();
        for (order, key) in keys {
            let made = CaseCursor { key, id: CaseId(Uuid::from_u128(7)) };
            let text = hex::encode(key_of(&made));
            assert_eq!(cursor(order, Some(&text)).unwrap(), Some(made));
            for other in orders.iter().filter(|other| **other != order) {
                let refused = cursor(*other, Some(&text)).unwrap_err();
                assert_eq!(refused.code, "invalid_query", "{order:?} as {other:?}");
            }
        }
    }
}
