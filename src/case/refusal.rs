//! Why something is not allowed: a stable code, the rule that says so, and what to do.

use chrono::NaiveDate;

/// A refusal; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed {
    /// Stable code for machines.
    pub code: &'static str,
    /// The article, where a rule of law is the reason.
    pub article: Option<&'static str>,
    /// What was wrong and what to do, in Chinese.
    pub detail: String,
    /// JSON pointer to the member of the payload that is wrong, when one is.
    pub pointer: Option<&'static str>,
    /// What is said at that member, where `detail` is long: a list is given once.
    pub brief: Option<String>,
}

impl NotAllowed {
    /// A refusal by the service's own order of things.
    #[must_use]
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, article: None, detail: detail.into(), pointer: None, brief: None }
    }

    /// A refusal that rests on an article.
    #[must_use]
    pub fn by_law(code: &'static str, article: &'static str, detail: impl Into<String>) -> Self {
        Self { code, article: Some(article), detail: detail.into(), pointer: None, brief: None }
    }

    /// Points at the member that is wrong.
    #[must_use]
    pub const fn at(mut self, pointer: &'static str) -> Self {
        self.pointer = Some(pointer);
        self
    }

    /// Says less at the member than in the detail.
    #[must_use]
    pub fn briefly(mut self, brief: impl Into<String>) -> Self {
        self.brief = Some(brief.into());
        self
    }
}

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for NotAllowed {}

/// A fact may be entered late but not before it happened.
///
/// # Errors
/// `date_in_future`.
pub(super) fn not_after_today(pointer: &'static str, on: NaiveDate, today: NaiveDate) -> Result<(), NotAllowed> {
    if on > today {
        return Err(NotAllowed::new("date_in_future", format!("日期 {on} 晚于今天 {today}，不能登记尚未发生的事实"))
            .at(pointer));
    }
    Ok(())
}

/// A fact may not lie before one it rests on.
///
/// # Errors
/// `date_before_fact`, naming the earlier fact.
pub(super) fn not_before(
    pointer: &'static str,
    on: NaiveDate,
    base: NaiveDate,
    base_label: &str,
) -> Result<(), NotAllowed> {
    if on < base {
        return Err(NotAllowed::new(
            "date_before_fact",
            format!("日期 {on} 早于其所依据的事实：{base_label} {base}，请核对"),
        )
        .at(pointer));
    }
    Ok(())
}

/// Free text that a letter or a court will need must say something.
///
/// # Errors
/// `text_required`.
pub(super) fn said(pointer: &'static str, text: &str, what: &str) -> Result<(), NotAllowed> {
    if !super::text::is_visible(text) {
        return Err(NotAllowed::new("text_required", format!("请填写{what}")).at(pointer));
    }
    Ok(())
}
