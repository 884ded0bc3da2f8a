//! The responses of each route: descriptions of the successful ones, and every problem it may return.

use crate::api::http::export::Format;
use crate::api::http::problem::codes_of;
use crate::api::http::route::{Access, Route, Verb};
use std::collections::BTreeSet;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, Content, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

/// Every status of a problem, with its description.
const REFUSALS: &[(u16, &str)] = &[
    (400, "请求有错，应修改程序"),
    (401, "未登录，或者登录已失效"),
    (403, "没有办理此事的角色"),
    (404, "没有找到，或者不能查看"),
    (408, "请求内容没有及时收齐，未办理任何事项"),
    (409, "与现有状态冲突"),
    (412, "内容已被他人修改，请重新读取"),
    (413, "请求内容过大"),
    (415, "请求内容应为 application/json"),
    (422, "内容不符合要求，或者依法不能办理；依法不能办理的，code 为所依据的规则，article 为法条"),
    (428, "缺少 If-Match 请求头"),
    (429, "过于频繁，请在 Retry-After 秒后再试"),
    (500, "系统内部错误，没有作任何改动"),
    (503, "暂时不能办理，没有作任何改动，请在 Retry-After 秒后以同样的请求再试"),
];

/// Statuses of single routes. 429: sign-in, and routes that show personal data, are rate-limited. 412: the query of the
/// calendar route carries a confirmation that may be out of date.
const ALSO: &[(Verb, &str, u16)] = &[
    (Verb::Post, "/api/v1/auth/token", 429),
    (Verb::Put, "/api/v1/auth/password", 429),
    (Verb::Post, "/api/v1/cases/{case_id}/applicant/reveal", 429),
    (Verb::Get, "/api/v1/organs/{organ_id}/ledger", 429),
    (Verb::Put, "/api/v1/calendar/{year}", 412),
];

/// Routes that can also respond with a file, with its formats.
const FILES: &[(&str, &[Format])] = &[
    ("/api/v1/cases", Format::TABLE),
    ("/api/v1/overdue", Format::TABLE),
    ("/api/v1/audit", Format::TABLE),
    ("/api/v1/supervision/overview", Format::PAGE),
    ("/api/v1/reports/annual", Format::REPORT),
    ("/api/v1/organs/{organ_id}/ledger", &[Format::Csv, Format::Xlsx]),
    ("/api/v1/organs/{organ_id}/ledger/template", &[Format::Csv, Format::Xlsx]),
];

/// Public routes that check credentials or a token in the body.
const SIGN_IN: &[&str] = &["/api/v1/auth/token", "/api/v1/auth/refresh"];

/// Adds the shared descriptions of the problems.
pub(super) fn add_refusals(components: &mut Components) {
    for (status, what) in REFUSALS {
        let codes: Vec<String> = codes_of(*status).map(|(code, title)| format!("- `{code}` {title}")).collect();
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let text = || RefOr::T(Schema::from(ObjectBuilder::new().schema_type(Type::String).build()));
        let mut response = ResponseBuilder::new()
            .description(format!("{what}\n\n{}", codes.join("\n")))
            .content("application/problem+json", problem);
        if matches!(status, 429 | 503) {
            let header = HeaderBuilder::new().schema(Some(text())).description(Some("多少秒后再试")).build();
            response = response.header("Retry-After", header);
        }
        components.responses.insert(name_of(*status), RefOr::T(response.build()));
    }
}

fn name_of(status: u16) -> String {
    format!("Problem{status}")
}

/// The problem statuses that the route may return.
fn refusals(route: &Route, operation: &Operation) -> BTreeSet<u16> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let (mut has_path, mut has_query, mut has_version, mut has_key) = (false, false, false, false);
    for parameter in parameters {
        match parameter.parameter_in {
            ParameterIn::Path => has_path = true,
            ParameterIn::Query | ParameterIn::QueryString => has_query = true,
            ParameterIn::Header if parameter.name == "If-Match" => has_version = true,
            ParameterIn::Header if parameter.name == "Idempotency-Key" => has_key = true,
            ParameterIn::Header | ParameterIn::Cookie => {}
        }
    }
    let has_body = operation.request_body.is_some();
    let is_changing = route.verb != Verb::Get && route.access != Access::Public;
    let rules: [(bool, &[u16]); 9] = [
        (true, &[400, 500, 503]),
        (route.access != Access::Public, &[401, 403]),
        (SIGN_IN.contains(&route.path), &[401]),
        (has_path, &[404]),
        (has_query, &[404, 422]),
        (has_body, &[404, 408, 413, 415, 422]),
        (is_changing, &[404, 409, 422]),
        (has_version || has_key, &[412]),
        (has_version, &[428]),
    ];
    let mut found: BTreeSet<u16> =
        rules.iter().filter(|(holds, _)| *holds).flat_map(|(_, some)| *some).copied().collect();
    let own = ALSO.iter().filter(|(verb, path, _)| (*verb, *path) == (route.verb, route.path));
    found.extend(own.map(|(_, _, status)| *status));
    found
}

/// Describes every response of the route.
pub(super) fn describe(operation: &mut Operation, route: &Route, components: &Components) {
    let refusals = refusals(route, operation);
    let answers = &mut operation.responses.responses;
    for status in refusals {
        let refusal = || RefOr::Ref(Ref::from_response_name(name_of(status)));
        answers.entry(status.to_string()).or_insert_with(refusal);
    }
    let files = FILES.iter().filter(|(path, _)| route.verb == Verb::Get && *path == route.path);
    for format in files.flat_map(|(_, formats)| *formats) {
        if let Some(RefOr::T(answer)) = answers.get_mut("200") {
            let file = || RefOr::T(Content::new(None::<RefOr<Schema>>));
            answer.content.entry(format.media_type().to_owned()).or_insert_with(file);
        }
    }
    for (status, answer) in answers.iter_mut() {
        if let RefOr::T(answer) = answer
            && answer.description.is_empty()
        {
            answer.description = described(status, answer, components);
        }
    }
}

/// The first line of the description of the response's schema.
fn described(status: &str, answer: &Response, components: &Components) -> String {
    let schema = answer.content.values().find_map(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    let about = schema.and_then(|schema| about(schema, components));
    about.unwrap_or_else(|| if status == "204" { "已办理，没有内容" } else { "办理结果" }.to_owned())
}

fn about(schema: &RefOr<Schema>, components: &Components) -> Option<String> {
    let description = match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            return about(components.schemas.get(name)?, components);
        }
        RefOr::T(Schema::Object(object)) => object.description.as_ref(),
        RefOr::T(Schema::Array(array)) => array.description.as_ref(),
        RefOr::T(Schema::OneOf(one)) => one.description.as_ref(),
        RefOr::T(Schema::AllOf(all)) => all.description.as_ref(),
        RefOr::T(Schema::AnyOf(any)) => any.description.as_ref(),
        RefOr::T(_) => None,
    };
    description.and_then(|text| text.lines().next()).map(str::to_owned)
}
