//! Who may amend what: whoever recorded a step, on the same day and while nothing rests on it; the head of the office after
//! that; a decision of the review only whoever made it.

use super::plan::at_entry;
use crate::case::amendment::{Ask, EntryChange, Step, is_amendable};
use crate::case::{CaseAmendment, Event, LinkRelation, NotAllowed, Role, Stage};
use crate::office::cases::case_file::CaseFile;
use crate::office::people::access::Authority;
use crate::office::{Caller, Cases, OfficeError};
use crate::store::reminders::preferences;
use crate::store::{CaseId, Db, UserId, cases};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

impl Cases<'_> {
    /// Whether the caller may amend every step that is asked for.
    pub(super) fn may_amend_all(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        steps: &[Step],
        entries: &[EntryChange],
    ) -> Result<(), OfficeError> {
        let mut stands_in = BTreeMap::new();
        for (place, step) in
            steps.iter().enumerate().filter(|(_, step)| entries.iter().any(|entry| entry.seq == step.seq()))
        {
            if let Some(decided_by) = reviewed_by(step) {
                stands_in.insert(decided_by, self.stands_in_for(db, caller.user_id, decided_by)?);
            }
            let is_last = steps.iter().skip(place + 1).all(|later| !later.is_effective() || is_beside_the_facts(later));
            let right = Right { caller, authority, today: self.clock().today(), stands_in: &stands_in };
            right.to(step, is_last).map_err(|refusal| at_entry(&refusal, step.seq(), entries))?;
        }
        Ok(())
    }

    /// For each step of a log whether the caller may amend it, or why not.
    pub(in crate::office) fn amendable(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        steps: &[Step],
    ) -> Result<Vec<Result<(), NotAllowed>>, OfficeError> {
        let mut stands_in = BTreeMap::new();
        for decided_by in steps.iter().filter_map(reviewed_by).collect::<BTreeSet<_>>() {
            stands_in.insert(decided_by, self.stands_in_for(db, caller.user_id, decided_by)?);
        }
        let right = Right { caller, authority, today: self.clock().today(), stands_in: &stands_in };
        let is_last = |place: usize| {
            steps.iter().skip(place + 1).all(|later| !later.is_effective() || is_beside_the_facts(later))
        };
        let of_step = |(place, step): (usize, &Step)| {
            let recorded: Vec<Event> = step.recorded.iter().map(|one| one.event.clone()).collect();
            is_amendable(&recorded, &Ask::Change(serde_json::Value::Null))?;
            right.to(step, is_last(place))
        };
        Ok(steps.iter().enumerate().map(of_step).collect())
    }

    fn stands_in_for(&self, db: &mut Db, caller: UserId, person: UserId) -> Result<bool, OfficeError> {
        if caller == person {
            return Ok(true);
        }
        let choice = preferences::find(db, person)?;
        Ok(choice.is_some_and(|row| row.deputy_id == Some(caller) && row.is_absent(self.clock().today())))
    }

    pub(super) fn may_make_void(
        &self,
        caller: &Caller,
        authority: &Authority,
        steps: &[Step],
    ) -> Result<(), OfficeError> {
        let today = self.clock().today();
        let is_own_of_today = steps.iter().all(|step| {
            is_beside_the_facts(step)
                || (step.actor() == Some(caller.user_id.0)
                    && step.recorded.first().is_some_and(|first| first.recorded_on == today))
        });
        if !authority.roles.contains(&Role::OfficeHead) && !is_own_of_today {
            return Err(needs_head("作废").into());
        }
        Ok(())
    }
}

/// Requires that no other case is left without one that carries its application on.
///
/// # Errors
/// `merged_cases_first`, `parts_first`.
pub(super) fn can_be_void(db: &mut Db, file: &CaseFile) -> Result<(), OfficeError> {
    if file.case.links.iter().any(|link| link.relation == LinkRelation::MergedFrom) {
        let detail = "另有案件并入本案，作废以后其申请便没有着落：请先更正那一件的并案";
        return Err(NotAllowed::new("merged_cases_first", detail).into());
    }
    if file.case.stage == Stage::Split {
        let parts = file.case.links.iter().filter(|link| link.relation == LinkRelation::SplitInto);
        for part in parts {
            if cases::find(db, CaseId(part.other_case))?.stage != Stage::Void.code() {
                return Err(OfficeError::Refused {
                    code: "parts_first".into(),
                    article: None,
                    detail: "本案已拆分，请先将拆分形成的各案作废".into(),
                    errors: Vec::new(),
                });
            }
        }
    }
    Ok(())
}

/// Who may amend a step.
struct Right<'a> {
    caller: &'a Caller,
    authority: &'a Authority,
    today: NaiveDate,
    /// For the reviewers who decided something, whether the caller is that person or stands in for him.
    stands_in: &'a BTreeMap<UserId, bool>,
}

impl Right<'_> {
    /// # Errors
    /// `decided_by_other`, `amendment_needs_head`.
    fn to(&self, step: &Step, is_last: bool) -> Result<(), NotAllowed> {
        if let Some(decided_by) = reviewed_by(step) {
            return match self.stands_in.get(&decided_by) {
                Some(true) => Ok(()),
                _ => Err(NotAllowed::new("decided_by_other", decided_by_other(step))),
            };
        }
        if self.authority.roles.contains(&Role::OfficeHead) {
            return Ok(());
        }
        let is_own = step.actor() == Some(self.caller.user_id.0);
        let is_of_today = step.recorded.first().is_some_and(|first| first.recorded_on == self.today);
        if is_own && is_of_today && is_last { Ok(()) } else { Err(needs_head("更正")) }
    }
}

/// Why another person's decision cannot be amended, and what to do.
fn decided_by_other(step: &Step) -> &'static str {
    if step.recorded.iter().any(|one| matches!(one.event, Event::ReplyRevoked { .. })) {
        return "撤销原答复只能由确认的机关负责人本人更正，本人离岗的由其代理人更正；请提请其更正";
    }
    "审核意见只能由作出的本人更正，本人离岗的由其代理人更正；请提请其更正，或者退回重新审核"
}

pub(in crate::office) fn needs_head(what: &str) -> NotAllowed {
    let detail = format!(
        "登记人可以在登记的当日、其后没有办理其他事项时自行{what}；其余须由公开工作机构负责人办理，请提请负责人"
    );
    NotAllowed::new("amendment_needs_head", detail)
}

/// The reviewer or leader who decided this step.
fn reviewed_by(step: &Step) -> Option<UserId> {
    step.recorded.iter().find_map(|one| match &one.event {
        Event::Reviewed { reviewed_by, .. } => Some(UserId(*reviewed_by)),
        // The leader who confirmed the revocation.
        Event::ReplyRevoked { .. } => one.actor.map(UserId),
        _ => None,
    })
}

/// Whether the step concerns no fact of the case: the program noted it, or the applicant's record was corrected.
fn is_beside_the_facts(step: &Step) -> bool {
    step.recorded.iter().all(|one| {
        matches!(
            one.event,
            Event::CalendarApplied { .. }
                | Event::Redacted { .. }
                | Event::Amended(_)
                | Event::AmendmentProposed(_)
                | Event::AmendmentRefused(_)
                | Event::ApplicantCorrected { .. }
        )
    })
}

pub(super) fn may_confirm(caller: &Caller, authority: &Authority, known: &CaseAmendment) -> Result<(), OfficeError> {
    if !authority.roles.contains(&Role::Leader) {
        return Err(OfficeError::RoleRequired { roles: vec![Role::Leader] });
    }
    if known.asked_by == caller.user_id.0 {
        return Err(NotAllowed::new("own_amendment", "提请人不能确认自己提请的更正，请由其他机关负责人确认").into());
    }
    Ok(())
}
