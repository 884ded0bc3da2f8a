//! Query parameters that lists share.

use super::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// 分页
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct PageParams {
    /// 条数，默认 50，最多 200
    pub(in crate::api) limit: Option<u32>,
    /// 上一页给出的 next_cursor
    pub(in crate::api) cursor: Option<String>,
}

/// Splits a comma-separated parameter. Every code must be known.
pub(in crate::api) fn codes(
    name: &'static str,
    given: Option<String>,
    known: impl Iterator<Item = &'static str>,
) -> Result<Vec<String>, Problem> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let known: Vec<&str> = known.collect();
    let given: Vec<String> = given.split(',').map(|code| code.trim().to_owned()).collect();
    if given.iter().all(|code| known.contains(&code.as_str())) {
        return Ok(given);
    }
    let detail = format!("应为以下代码，可用逗号分隔多个：{}", known.join("、"));
    Err(Problem::new("invalid_query").field(name, "invalid_value", detail))
}
