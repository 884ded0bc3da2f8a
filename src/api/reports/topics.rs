//! Frequent topics, similar applications of one applicant, and the subject tags of cases.

use crate::api::http::body::{Body, Params};
use crate::api::http::etag::{IfMatchTag, versioned};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::office::cases::queries::CASE_READERS;
use crate::office::cases::repeat_requests::SimilarCases;
use crate::office::cases::tags::TAGGERS;
use crate::office::reports::topics::{TopicQuery, TopicReport};
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::office::{Caller, Office};
use crate::store::CaseId;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const TAGS: &str = "/api/v1/cases/{case_id}/tags";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, "/api/v1/supervision/topics", Access::Roles(OVERDUE_READERS), Scope::None, || {
        web::to(topics)
    }),
    Route::new(Verb::Get, "/api/v1/cases/{case_id}/similar", Access::Roles(CASE_READERS), Scope::Case, || {
        web::to(similar)
    }),
    Route::new(Verb::Get, TAGS, Access::Roles(CASE_READERS), Scope::Case, || web::to(tags_of)),
    Route::new(Verb::Put, TAGS, Access::Roles(TAGGERS), Scope::Case, || web::to(set_tags)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(topics, similar, tags_of, set_tags))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TopicParams {
    /// 只看这个机关；不填为本人可以查看的全部机关，每个机关分别归组
    organ: Option<Uuid>,
    /// 指定机关时，连同下级机关
    with_subordinates: Option<bool>,
    /// 收到申请之日不早于；不填为截止日前 365 日
    from: Option<NaiveDate>,
    /// 收到申请之日不晚于；不填为今天
    until: Option<NaiveDate>,
}

/// 申请较为集中的信息：按主题标签、按申请内容相似归组，提示可以考虑纳入主动公开的
#[utoipa::path(get, path = "/api/v1/supervision/topics", operation_id = "list_topics", tag = "supervision", params(TopicParams),
    responses((status = 200, body = TopicReport)))]
async fn topics(api: web::Data<Api>, caller: Caller, params: Params<TopicParams>) -> Result<HttpResponse, Problem> {
    let TopicParams { organ, with_subordinates, from, until } = params.0;
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(Problem::new("invalid_query").field("?until", "out_of_range", "不得早于起始日"));
    }
    let query =
        TopicQuery { organ: organ.map(Into::into), with_subordinates: with_subordinates.unwrap_or(false), from, until };
    let person = caller.user_id;
    let read = move |office: &Office| office.reports().topics(&caller, &query);
    let report: TopicReport = api.run_heavy(person, read).await?;
    Ok(HttpResponse::Ok().json(report))
}

/// 同一申请人此前的类似申请；仅供核对，是否属于重复申请由经办人判断
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/similar", operation_id = "list_similar", tag = "cases", params(("case_id" = Uuid, Path)),
    responses((status = 200, body = SimilarCases)))]
async fn similar(api: web::Data<Api>, caller: Caller, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let found = api.run_heavy(caller.user_id, move |office| office.cases().similar_cases(CaseId(*id))).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// 主题标签
#[derive(Debug, Serialize, ToSchema)]
struct TagsView {
    /// 标签
    tags: Vec<String>,
    /// 内容摘要，即 ETag
    etag: String,
}

impl TagsView {
    fn new(tags: Vec<String>) -> Self {
        Self { etag: tag(&tags), tags }
    }
}

/// Tags have no version, so a digest of them is the ETag.
fn tag(tags: &[String]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, tags.join("\n").as_bytes());
    hex::encode(digest.as_ref().split_at(8).0)
}

/// 设定主题标签；未列出的将去掉
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTags {
    /// 标签，最多 10 个，每个最多 20 个字
    #[schema(max_items = 10)]
    tags: Vec<String>,
}

/// 案件的主题标签
#[utoipa::path(get, path = "/api/v1/cases/{case_id}/tags", operation_id = "show_tags", tag = "cases", params(("case_id" = Uuid, Path)),
    responses((status = 200, body = TagsView)))]
async fn tags_of(api: web::Data<Api>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let found = api.run(move |office| office.cases().tags(CaseId(*id))).await?;
    let view = TagsView::new(found);
    Ok(versioned(&view.etag, &view))
}

/// 设定案件的主题标签
#[utoipa::path(put, path = "/api/v1/cases/{case_id}/tags", tag = "cases",
    params(("case_id" = Uuid, Path), ("If-Match" = String, Header)), request_body = NewTags,
    responses((status = 200, body = TagsView)))]
async fn set_tags(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatchTag,
    body: Body<NewTags>,
) -> Result<HttpResponse, Problem> {
    let given = body.value.tags;
    let set = api
        .run(move |office| {
            let is_as_seen = |tags: &[String]| tag(tags) == seen.0;
            office.cases().set_tags(&caller, CaseId(*id), &given, is_as_seen)
        })
        .await?;
    let view = TagsView::new(set);
    Ok(versioned(&view.etag, &view))
}
