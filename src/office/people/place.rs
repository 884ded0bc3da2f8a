//! An organ under another parent, or on another reporting line.

use super::access::authority_at;
use super::organs::OrganChange;
use super::reason;
use crate::case::Role;
use crate::office::service::validation::Checks;
use crate::office::{Caller, OfficeError, People, Thing};
use crate::store::people::organs::{self, OrganRow};
use crate::store::{Db, OrganId, reminders};
use std::collections::{BTreeSet, HashMap};

/// A good reason for a new parent.
const GIVEN_AGAIN: &str = "登记时漏填主管机关，现予更正";

/// Parent and reporting line of an organ.
type Place = (Option<OrganId>, Option<OrganId>);

/// The reason of a change, which a new parent needs: supervision, lists and reports follow it.
///
/// # Errors
/// [`OfficeError::Invalid`] at `/reason` if it is missing for a new parent, or too vague.
pub(super) fn reason_of<'a>(change: &'a OrganChange, row: &OrganRow) -> Result<Option<&'a str>, OfficeError> {
    let is_new = change.parent_id.is_some_and(|parent| Some(parent) != row.parent_id);
    match change.reason.as_deref() {
        None if !is_new => Ok(None),
        given => Ok(Some(reason::checked("/reason", given.unwrap_or(""), "修改机关", GIVEN_AGAIN)?)),
    }
}

/// Checks the reporting line of an organ as `row` has it: it must end at an organ without a superior.
///
/// # Errors
/// Errors of the database. A circle is a fault of `checks`.
pub(super) fn reported(checks: &mut Checks, db: &mut Db, row: &OrganRow) -> Result<(), OfficeError> {
    let all = organs::all(db)?;
    let lines: HashMap<OrganId, Option<OrganId>> =
        all.iter().map(|one| (one.id, one.reports_to.or(one.parent_id))).collect();
    let mut passed = BTreeSet::from([row.id]);
    let mut next = row.reports_to.or(row.parent_id);
    while let Some(organ) = next {
        if !passed.insert(organ) {
            let pointer = if row.reports_to.is_some() { "/reports_to" } else { "/parent_id" };
            checks.fault(pointer, "circle", "报送关系成环：该机关的年度报告最终又报送到本机关，请另填报送机关");
            return Ok(());
        }
        next = lines.get(&organ).copied().flatten();
    }
    Ok(())
}

impl People<'_> {
    /// Puts the organ under another parent, in `row` only. The caller must administer the present parent and the new
    /// one, so that nobody takes an organ out of the sight of those above it.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] at `/parent_id` if the new parent does not exist for the caller;
    /// [`OfficeError::RoleRequired`] if the caller administers only one of the two. A parent below the organ is a fault
    /// of `checks`.
    pub(super) fn moved(
        &self,
        db: &mut Db,
        caller: &Caller,
        checks: &mut Checks,
        row: &mut OrganRow,
        parent: OrganId,
    ) -> Result<(), OfficeError> {
        if row.parent_id == Some(parent) {
            return Ok(());
        }
        self.admit_organ(db, caller, Some(parent))?;
        if let Some(present) = row.parent_id {
            let authority = authority_at(db, caller, Thing::Organ(present)).map_err(|error| match error {
                OfficeError::NotFound => OfficeError::RoleRequired { roles: vec![Role::Admin] },
                other => other,
            })?;
            self.require(caller, Some(&authority), &[Role::Admin])?;
        }
        let above = organs::find(db, parent)?;
        if above.path.starts_with(&row.path) {
            checks.fault("/parent_id", "circle", "主管机关不能是本机关，也不能是本机关的下级机关，请另填主管机关");
            return Ok(());
        }
        row.parent_id = Some(parent);
        Ok(())
    }

    /// After a change of place: moves the organs below along, and has today's reminders looked at again, because others
    /// supervise now. A mail that waits for somebody who no longer does is withdrawn when its turn comes.
    pub(super) fn settle_place(
        &self,
        db: &mut Db,
        before: Place,
        row: OrganRow,
        detail: &mut serde_json::Value,
    ) -> Result<OrganRow, OfficeError> {
        if before == (row.parent_id, row.reports_to) {
            return Ok(row);
        }
        if before.0 != row.parent_id {
            detail["parent_id"] = serde_json::json!({ "from": before.0, "to": row.parent_id });
            detail["organs_moved"] = organs::move_below(db, &row)?.into();
        }
        if before.1 != row.reports_to {
            detail["reports_to"] = serde_json::json!({ "from": before.1, "to": row.reports_to });
        }
        reminders::pass_again(db, self.clock().today())?;
        Ok(organs::find(db, row.id)?)
    }
}
