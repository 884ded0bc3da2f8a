//! The statutory outcomes, from the table in `law`.

use super::http::route::{Access, Route, Scope, Verb};
use crate::api::http::body::Params;
use crate::api::http::problem::Problem;
use crate::law::{Outcome, Regime, RemedyText, Requirement};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/law/outcomes", Access::Authenticated, Scope::None, || web::to(outcomes))];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(outcomes))]
pub struct Doc;

/// 条例版本
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OutcomeParams {
    /// 711 或 492；不填为全部
    #[param(value_type = Option<String>)]
    regime: Option<Regime>,
}

/// 一种法定办理结果
#[derive(Serialize, ToSchema)]
struct OutcomeRow {
    /// 代码
    outcome: Outcome,
    /// 名称
    #[schema(value_type = String)]
    label: &'static str,
    /// 依据
    #[schema(value_type = Vec<String>)]
    articles: &'static [&'static str],
    /// 适用的条例
    regimes: Vec<Regime>,
    /// 答复书的类型；不答复的为空
    reply_kind: Option<u8>,
    /// 在三种年度报告表中的行
    rows: ReportRows,
    /// 救济告知
    remedy: RemedyText,
    /// 选用前必须具备的材料
    requirements: Vec<RequirementRow>,
}

/// 在三种年度报告表中的行；表中没有的为空
#[derive(Serialize, ToSchema)]
struct ReportRows {
    #[serde(rename = "2014")]
    #[schema(value_type = Option<String>)]
    form_2014: Option<&'static str>,
    #[serde(rename = "2019")]
    #[schema(value_type = Option<String>)]
    form_2019: Option<&'static str>,
    #[serde(rename = "2021")]
    #[schema(value_type = Option<String>)]
    form_2021: Option<&'static str>,
}

/// 一项必须具备的材料
#[derive(Serialize, ToSchema)]
struct RequirementRow {
    requirement: Requirement,
    #[schema(value_type = String)]
    label: &'static str,
    #[schema(value_type = String)]
    article: &'static str,
    /// 自这一日起的拟办须具备；为空的，一直须具备
    since: Option<NaiveDate>,
}

/// 全部结果
#[derive(Serialize, ToSchema)]
struct OutcomeTable {
    items: Vec<OutcomeRow>,
}

/// 法定办理结果：依据、报表行、救济告知和前置材料
#[utoipa::path(get, path = "/api/v1/law/outcomes", operation_id = "list_outcomes", tag = "law", params(OutcomeParams),
    responses((status = 200, body = OutcomeTable)))]
async fn outcomes(params: Params<OutcomeParams>) -> Result<HttpResponse, Problem> {
    let wanted = |outcome: &Outcome| params.0.regime.is_none_or(|regime| outcome.is_of(regime));
    let items = Outcome::all().filter(wanted).map(row).collect();
    Ok(HttpResponse::Ok().json(OutcomeTable { items }))
}

fn row(outcome: Outcome) -> OutcomeRow {
    let requirement = |requirement: &Requirement| RequirementRow {
        requirement: *requirement,
        label: requirement.label(),
        article: requirement.article(),
        since: requirement.since(),
    };
    OutcomeRow {
        outcome,
        label: outcome.label(),
        articles: outcome.articles(),
        regimes: [Regime::Order492, Regime::Order711].into_iter().filter(|regime| outcome.is_of(*regime)).collect(),
        reply_kind: outcome.reply_kind(),
        rows: ReportRows {
            form_2014: outcome.row_2014(),
            form_2019: outcome.row_2019(),
            form_2021: outcome.row_2021(),
        },
        remedy: outcome.remedy(),
        requirements: outcome.requirements().iter().map(requirement).collect(),
    }
}
