//! The OpenAPI 3.1 document, built from the descriptions of the handlers and the route table.

mod answers;
pub(super) mod docs;
mod examples;
mod limits;
pub(super) mod serve;
mod vocabulary;

use super::routes;
use crate::api::http::problem::Details;
use crate::api::http::route::{Access, Route, Verb};
use crate::api::{
    calendar,
    cases::{self, amendments, commands, counters, list, redactions},
    evidence, intake, law, ledger, mail,
    people::{auth, departments, directory, organs, successions, users},
    reminders::{self, duties, feeds},
    reports::{self, annual_reports, topics},
    service::health,
    supervision::{late_records, orders, overdue, overview},
};
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr};

const BEARER: &str = "bearer";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "gongkai 依申请公开办件系统",
        description = "错误一律为 application/problem+json：code 供程序判断，title 与 detail 为中文说明，article 为法条依据。\n\n\
                       修改须带 If-Match（读取时的 ETag），新建须带 Idempotency-Key。日期均为北京时间的日历日。",
        license(name = "MIT")
    ),
    components(schemas(Details)),
    tags(
        (name = "auth", description = "登录"),
        (name = "organs", description = "行政机关与科室"),
        (name = "users", description = "用户与角色"),
        (name = "intake", description = "收件系统（窗口、网站）提交申请和查询办理情况"),
        (name = "calendar", description = "工作日历"),
        (name = "cases", description = "案件：收件、办理、查询"),
        (name = "ledger", description = "台账：导入旧件，导出案件"),
        (name = "supervision", description = "监督：概览、逾期责任、督办单、申请较为集中的信息"),
        (name = "reports", description = "年度报告与统计：由案件计算，每个数字可查到案件；核对已公布的报告"),
        (name = "mail", description = "邮件：状态、服务器答复、重新发送"),
        (name = "audit", description = "审计记录：谁做了什么、看了什么"),
        (name = "feeds", description = "日历订阅（iCalendar）"),
        (name = "law", description = "法定分类"),
        (name = "reminders", description = "提醒设置、离岗代理、年度报告"),
        (name = "ops", description = "运行状态")
    )
)]
struct Base;

/// The documents of the feature modules; each lists the handlers of its routes.
fn parts() -> Vec<Document> {
    vec![
        auth::Doc::openapi(),
        organs::Doc::openapi(),
        successions::Doc::openapi(),
        departments::Doc::openapi(),
        directory::Doc::openapi(),
        users::Doc::openapi(),
        intake::Doc::openapi(),
        calendar::Doc::openapi(),
        cases::Doc::openapi(),
        list::Doc::openapi(),
        commands::Doc::openapi(),
        amendments::Doc::openapi(),
        redactions::Doc::openapi(),
        counters::Doc::openapi(),
        law::Doc::openapi(),
        late_records::Doc::openapi(),
        overdue::Doc::openapi(),
        reminders::Doc::openapi(),
        annual_reports::Doc::openapi(),
        reports::Doc::openapi(),
        overview::Doc::openapi(),
        orders::Doc::openapi(),
        topics::Doc::openapi(),
        mail::Doc::openapi(),
        evidence::Doc::openapi(),
        duties::Doc::openapi(),
        feeds::Doc::openapi(),
        ledger::Doc::openapi(),
        health::Doc::openapi(),
        serve::Doc::openapi(),
    ]
}

/// Builds the whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = Base::openapi();
    for part in parts() {
        document.merge(part);
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let mut components = document.components.take().unwrap_or_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    answers::add_refusals(&mut components);
    vocabulary::label(&mut components);
    let mut bodies = BTreeSet::new();
    for route in routes::all() {
        if let Some(operation) = operation(&mut document, route) {
            complete(operation, route);
            answers::describe(operation, route, &components);
            examples::add(operation, route);
            limits::parts_of(operation, &components, &mut bodies);
        }
    }
    for name in &bodies {
        if let Some(schema) = components.schemas.get_mut(name) {
            limits::bound(schema, "");
        }
    }
    document.components = Some(components);
    document
}

/// Whether the route has query parameters.
pub(super) fn takes_query(route: &Route) -> bool {
    static WITH_QUERY: LazyLock<HashSet<(Verb, &'static str)>> = LazyLock::new(|| {
        let mut document = document();
        let has_query = |route: &&Route| {
            let parameters = operation(&mut document, route).and_then(|operation| operation.parameters.as_ref());
            parameters.is_some_and(|some| {
                some.iter().any(|one| matches!(one, RefOr::T(one) if one.parameter_in == ParameterIn::Query))
            })
        };
        routes::all().filter(has_query).map(|route| (route.verb, route.path)).collect()
    });
    WITH_QUERY.contains(&(route.verb, route.path))
}

fn operation<'a>(document: &'a mut Document, route: &Route) -> Option<&'a mut Operation> {
    let item = document.paths.paths.get_mut(route.path)?;
    match method(route) {
        HttpMethod::Get => item.get.as_mut(),
        HttpMethod::Post => item.post.as_mut(),
        HttpMethod::Put => item.put.as_mut(),
        HttpMethod::Patch => item.patch.as_mut(),
        HttpMethod::Delete => item.delete.as_mut(),
        _ => None,
    }
}

fn method(route: &Route) -> HttpMethod {
    match route.verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

/// Adds what the route table knows: authentication and roles.
fn complete(operation: &mut Operation, route: &Route) {
    if route.access != Access::Public {
        operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    }
    if let Access::Roles(roles) = route.access {
        let labels: Vec<&str> = roles.iter().map(|role| role.label()).collect();
        let roles = format!("需要角色：{}", labels.join("、"));
        let description =
            operation.description.take().map_or_else(|| roles.clone(), |text| format!("{text}\n\n{roles}"));
        operation.description = Some(description);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_lists_exactly_the_routes_of_the_table() {
        let document = serde_json::to_value(document()).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for verb in item.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", verb.to_uppercase()));
            }
        }
        let table: BTreeSet<String> =
            routes::all().map(|route| format!("{} {}", route.verb.name(), route.path)).collect();
        assert_eq!(described, table);
    }

    #[test]
    fn the_document_names_nothing_outside_and_every_reference_is_there() {
        let text = serde_json::to_string(&document()).unwrap();
        assert!(!text.contains("http://") && !text.contains("https://"), "an outside address");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for reference in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"].get(reference).is_some(), "{reference} is not described");
        }
    }
}
