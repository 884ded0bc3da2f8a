//! Revokes what depends on a user's roles: calendar feed, queued mail, deputyships, department.
//!
//! Runs in the transaction that removes the role, so that nothing outlives the role or revives with a later one.

use crate::office::{OfficeError, People};
use crate::store::people::users::UserRow;
use crate::store::{
    Db, OrganId, UserId,
    people::{departments, users},
    reminders::{self, feeds, preferences},
};
use serde::Serialize;

/// The revoked items, for the audit log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in crate::office) struct TakenBack {
    /// Whether the calendar feed was revoked.
    is_feed_ended: bool,
    /// The number of withdrawn mails.
    mails: usize,
    /// The number of people who lost this person as deputy.
    deputies: usize,
    /// The number of departments left without a head.
    headed: usize,
}

impl People<'_> {
    /// Revokes everything that the user's present roles and state no longer permit. `before` is the user's row before
    /// the change, `had` the organs in which the user held roles.
    pub(in crate::office) fn take_back(
        &self,
        db: &mut Db,
        before: &UserRow,
        had: &[OrganId],
    ) -> Result<TakenBack, OfficeError> {
        let id = before.id;
        let has = organs_of(db, id)?;
        let is_active = users::is_active(db, id)?;
        let left: Vec<OrganId> = had.iter().filter(|organ| !has.contains(organ)).copied().collect();
        let mut taken = TakenBack { mails: withdraw_mails(db, id)?, ..TakenBack::default() };
        if !is_active || has.is_empty() {
            taken.is_feed_ended = feeds::remove(db, id)?;
        }
        taken.deputies = end_standing_in(db, id, is_active, &has)?;
        if !left.is_empty() {
            taken.headed = departments::drop_head(db, id, &left)?;
            if let Some(department) = before.department_id
                && left.contains(&departments::find(db, department)?.organ_id)
            {
                users::drop_department(db, id)?;
            }
        }
        if !left.is_empty() || !is_active || taken.mails > 0 {
            // Others must be reminded of this person's duties, and today rather than tomorrow.
            reminders::pass_again(db, self.clock().today())?;
        }
        Ok(taken)
    }
}

/// The organs in which a user holds a role.
pub(in crate::office) fn organs_of(db: &mut Db, user: UserId) -> Result<Vec<OrganId>, OfficeError> {
    let mut organs: Vec<OrganId> = users::roles(db, user)?.into_iter().map(|(organ, _)| organ).collect();
    organs.dedup();
    Ok(organs)
}

fn withdraw_mails(db: &mut Db, user: UserId) -> Result<usize, OfficeError> {
    let mut withdrawn = 0;
    for mail in reminders::waiting_for(db, user)? {
        if !reminders::may_have(db, user, &mail)? && reminders::withdraw(db, &mail.0)?.is_some() {
            withdrawn += 1;
        }
    }
    Ok(withdrawn)
}

fn end_standing_in(db: &mut Db, deputy: UserId, is_active: bool, has: &[OrganId]) -> Result<usize, OfficeError> {
    let mut ended = 0;
    for user in preferences::of_deputy(db, deputy)? {
        if !is_active || !organs_of(db, user)?.iter().any(|organ| has.contains(organ)) {
            preferences::drop_deputy(db, user)?;
            ended += 1;
        }
    }
    Ok(ended)
}
