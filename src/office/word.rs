//! A code with the Chinese a clerk reads.

use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// 代码及其中文
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Word {
    /// 代码
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// 中文
    #[schema(value_type = String)]
    pub label: Cow<'static, str>,
}

impl Word {
    /// A word of a vocabulary.
    #[must_use]
    pub const fn of(code: &'static str, label: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), label: Cow::Borrowed(label) }
    }

    /// A word whose code was read from the database.
    #[must_use]
    pub fn stored(code: &str, label: &'static str) -> Self {
        Self { code: Cow::Owned(code.to_owned()), label: Cow::Borrowed(label) }
    }
}
