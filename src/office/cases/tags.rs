//! Subject tags, by which clerks mark what a case is about, to find cases on the same matter together.

use crate::case::{AuditAction, Role};
use crate::office::service::validation::Checks;
use crate::office::{Caller, Cases, OfficeError};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::{
    CaseId,
    cases::{self, tags},
};

/// The roles that may set tags.
pub const TAGGERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// Maximum number of tags per case.
const MOST_TAGS: usize = 10;
/// Maximum length of a tag, in characters.
pub const TAG_MAX_CHARS: usize = 20;

impl Cases<'_> {
    /// The subject tags of a case, sorted.
    pub fn tags(&self, id: CaseId) -> Result<Vec<String>, OfficeError> {
        self.store().read(|db| Ok(tags::of_case(db, id)?))
    }

    /// Replaces the tags of a case, if `is_as_seen` accepts the stored ones. Returns the new tags, sorted.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for an invalid, duplicate or excess tag; [`OfficeError::Stale`] if `is_as_seen` rejects
    /// the stored ones; [`OfficeError::NotFound`] if the case does not exist.
    pub fn set_tags(
        &self,
        caller: &Caller,
        id: CaseId,
        given: &[String],
        is_as_seen: impl FnOnce(&[String]) -> bool,
    ) -> Result<Vec<String>, OfficeError> {
        self.store().write(|db| {
            let row = cases::lock(db, id)?;
            let before = tags::of_case(db, id)?;
            if !is_as_seen(&before) {
                return Err(OfficeError::Stale);
            }
            let after = checked(given)?;
            let missing = |from: &[String], tag: &String| !from.contains(tag);
            let off: Vec<String> = before.iter().filter(|tag| missing(&after, tag)).cloned().collect();
            let on: Vec<String> = after.iter().filter(|tag| missing(&before, tag)).cloned().collect();
            if off.is_empty() && on.is_empty() {
                return Ok(after);
            }
            let now = self.clock().now();
            tags::change(db, id, &off, &on, caller.user_id, now)?;
            let detail = serde_json::json!({ "on": on, "off": off }).to_string();
            let entry = NewAudit {
                actor_id: Some(caller.user_id),
                organ_id: Some(row.organ_id),
                case_id: Some(id),
                action: AuditAction::CaseTagged,
                detail: &detail,
            };
            audit::append(db, entry, now)?;
            Ok(after)
        })
    }
}

/// Validates the tags. Returns them trimmed and sorted.
fn checked(given: &[String]) -> Result<Vec<String>, OfficeError> {
    let mut checks = Checks::new();
    if given.len() > MOST_TAGS {
        checks.fault("/tags", "too_many", format!("一件案件最多{MOST_TAGS}个标签"));
    }
    let mut tags: Vec<String> = Vec::with_capacity(given.len().min(MOST_TAGS));
    for (place, tag) in given.iter().take(MOST_TAGS).enumerate() {
        let pointer = format!("/tags/{place}");
        let tag = checks.line(&pointer, tag, TAG_MAX_CHARS);
        if tags.contains(&tag) {
            checks.fault(&pointer, "duplicate", "标签重复");
        }
        tags.push(tag);
    }
    checks.done()?;
    tags.sort_unstable();
    Ok(tags)
}
