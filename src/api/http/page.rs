//! Pages of lists: their parameters, their cursors, and the page itself.

use super::problem::Problem;
use crate::api::state::Api;
use serde::{Deserialize, Serialize};
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

/// The page size: `asked`, or the default from the settings.
///
/// # Errors
/// `invalid_query` if `asked` is 0 or above `page_max`.
pub fn page_limit(api: &Api, asked: Option<u32>) -> Result<i64, Problem> {
    let server = &api.office().settings().server;
    let limit = asked.unwrap_or(server.page_default);
    if (1..=server.page_max).contains(&limit) {
        return Ok(i64::from(limit));
    }
    let detail = format!("应为 1 至 {}", server.page_max);
    Err(Problem::new("invalid_query").field("?limit", "out_of_range", detail))
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows, in a stable order.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` rows from up to `limit + 1` rows. `key` returns the sort key of a row.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| has_more).map(|row| hex::encode(key(row)));
        Self { items, next_cursor }
    }
}

/// Decodes a cursor made by [`Page::cut`] into its sort key.
///
/// # Errors
/// `invalid_query` if the cursor is not hexadecimal UTF-8, or contains U+0000.
pub fn cursor_key(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let decode = |cursor: &str| hex::decode(cursor).ok().and_then(text).ok_or_else(bad);
    cursor.map(decode).transpose()
}
