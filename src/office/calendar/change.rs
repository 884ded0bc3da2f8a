//! A change of the calendar: previewed, then put in force, then applied to every case it concerns.
//!
//! Putting in force is one small transaction. Afterwards the cases follow in batches. Event, row, duties and notices of
//! a case commit together; until then the case is shown under the calendar its row names. A command on a case that was
//! not yet updated updates it first. [`WorkCalendars::apply_calendar`] completes a change that a stopped process left
//! unfinished.

mod preview;

pub use preview::{CalendarPreview, ChangedDay, MOST_SHOWN, ShownCase};

use crate::case::{AuditAction, Event, MovedDuty, Role, moved_duties};
use crate::law::{Calendar, CalendarYear};
use crate::mail::notice::MovedCase;
use crate::office::calendar::self_check::ClockCheck;
use crate::office::cases::case_file::{CaseFile, derive_row};
use crate::office::{Caller, OfficeError, WorkCalendars};
use crate::store::cases::obligations::Vanished;
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::{CaseId, Db, OrganId, calendar, cases, people::organs, service::meta};
use aws_lc_rs::digest;
use preview::{confirmation, invalid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Cases of one organ updated in one transaction: few enough for a clerk waiting for one of them.
const BATCH: i64 = 100;
/// How often locked cases are tried before they are left to the next run.
const PATIENCE: u32 = 50;
/// The pause between two tries.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
/// The key in `meta` for the mark of the calendars that were applied to all cases.
const APPLIED: &str = "calendar.applied";

/// The result of applying the calendar in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Cases updated.
    pub cases: usize,
    /// Cases among these in which a duty moved.
    pub moved: usize,
    /// Cases left to the next run because they were locked. At least one if another calendar came into force in the
    /// meantime.
    pub pending: usize,
    /// Cases skipped because their log is unreadable. The self-check lists them.
    pub unreadable: usize,
}

/// The calendar versions in force for all organs at one moment, and a mark that identifies them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    organs: Vec<(OrganId, String)>,
    /// The number of calendar versions put in force until then.
    changes: i64,
    mark: String,
}

impl InForce {
    /// The version in force for an organ.
    pub(in crate::office) fn version_of(&self, organ: OrganId) -> Option<&str> {
        self.organs.iter().find(|(id, _)| *id == organ).map(|(_, version)| version.as_str())
    }

    /// Whether no calendar was put in force since. One cheap query.
    pub(in crate::office) fn is_latest(&self, db: &mut Db) -> Result<bool, OfficeError> {
        Ok(calendar::changes(db)? == self.changes)
    }

    /// Whether it was applied to every case.
    pub(in crate::office) fn is_applied(&self, db: &mut Db) -> Result<bool, OfficeError> {
        Ok(meta::get(db, APPLIED)?.as_deref() == Some(self.mark.as_str()))
    }
}

/// Marks every case for recalculation on the next run.
pub(in crate::office) fn look_again(db: &mut Db) -> Result<(), OfficeError> {
    Ok(meta::set(db, APPLIED, "")?)
}

impl WorkCalendars<'_> {
    /// Puts `year` in force as previewed, and applies it to every case it concerns.
    ///
    /// # Errors
    /// As [`WorkCalendars::put_calendar_in_force`]. If applying fails, the change stays in force and the next run continues
    /// it.
    pub fn activate_calendar(
        &self,
        caller: Option<&Caller>,
        year: &CalendarYear,
        shown: &str,
    ) -> Result<CalendarPreview, OfficeError> {
        let mut preview = self.put_calendar_in_force(caller, year, shown)?;
        let applied = self.apply_calendar()?;
        preview.cases_pending = applied.pending;
        preview.cases_unreadable = applied.unreadable;
        Ok(preview)
    }

    /// Puts `year` in force as previewed: the first, atomic half of an activation; [`WorkCalendars::apply_calendar`] is the
    /// second. Idempotent for the most recent change, so that a client without an answer may repeat the request.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if `shown` is not the confirmation of a preview of exactly this change;
    /// [`OfficeError::RoleRequired`] if the caller is not an administrator of a root organ, because the calendar
    /// concerns every organ; [`OfficeError::Invalid`] as in [`WorkCalendars::preview_calendar`].
    pub fn put_calendar_in_force(
        &self,
        caller: Option<&Caller>,
        year: &CalendarYear,
        shown: &str,
    ) -> Result<CalendarPreview, OfficeError> {
        let (mut preview, before) = self.store().read(|db| {
            self.require_top(db, caller)?;
            Ok::<_, OfficeError>((self.preview_calendar(db, caller, year)?, calendar::version_before(db, "")?))
        })?;
        let is_in_force = preview.version_in_force == preview.version_after;
        if is_in_force && before.is_some_and(|before| confirmation(&before, &preview.version_after) == shown) {
            preview.is_active = true;
            return Ok(preview);
        }
        if preview.confirmation != shown {
            return Err(OfficeError::Stale);
        }
        self.store().write(|db| {
            calendar::change_in_force(db)?;
            self.adopt_within(db)?;
            self.record_change(db, caller, year, &preview)
        })?;
        preview.is_active = true;
        preview.cases_pending = preview.cases_looked_at;
        Ok(preview)
    }

    fn require_top(&self, db: &mut Db, caller: Option<&Caller>) -> Result<(), OfficeError> {
        let Some(caller) = caller else { return Ok(()) };
        let tops: Vec<OrganId> =
            organs::all(db)?.iter().filter(|organ| organ.parent_id.is_none()).map(|organ| organ.id).collect();
        let is_top = caller.roles.iter().any(|(organ, role)| *role == Role::Admin && tops.contains(organ));
        if is_top { Ok(()) } else { Err(OfficeError::RoleRequired { roles: vec![Role::Admin] }) }
    }

    fn record_change(
        &self,
        db: &mut Db,
        caller: Option<&Caller>,
        year: &CalendarYear,
        preview: &CalendarPreview,
    ) -> Result<(), OfficeError> {
        let by = caller.map(|caller| caller.user_id);
        let in_force = self.calendar(db, "")?;
        if in_force.version() != preview.version_in_force {
            return Err(OfficeError::Stale);
        }
        if preview.version_in_force == preview.version_after {
            return Ok(());
        }
        let national = in_force.with_year(year).map_err(|faults| invalid(year, faults))?;
        let revision = self.record_year(db, year, calendar::IMPORTED, by)?;
        self.put_in_force(db, &national, by, true)?;
        let detail = serde_json::json!({
            "year": year.year, "revision": revision, "notice": preview.notice, "from": preview.version_in_force,
            "to": preview.version_after, "cases_moved": preview.cases_moved
        })
        .to_string();
        let entry = NewAudit {
            actor_id: by,
            organ_id: None,
            case_id: None,
            action: AuditAction::CalendarActivated,
            detail: &detail,
        };
        audit::append(db, entry, self.clock().now())?;
        Ok(())
    }

    /// Applies the calendar in force to every case, unless that was done. Cheap if it was, so any number of instances
    /// may call it often.
    ///
    /// # Errors
    /// An error of the database. Committed batches stay, and the next run continues from there.
    pub fn apply_calendar(&self) -> Result<Applied, OfficeError> {
        let (target, is_applied) = self.store().read(|db| {
            let target = self.in_force_everywhere(db)?;
            let is_applied = target.is_applied(db)?;
            Ok::<_, OfficeError>((target, is_applied))
        })?;
        if is_applied { Ok(Applied::default()) } else { self.apply_in_force(&target) }
    }

    /// Applies the calendars in force at the time of `target` to every case. Ends early in organs where another
    /// calendar came into force since; the next run applies that one.
    ///
    /// # Errors
    /// As [`WorkCalendars::apply_calendar`].
    pub fn apply_in_force(&self, target: &InForce) -> Result<Applied, OfficeError> {
        let mut done = Applied::default();
        let mut unreadable = BTreeSet::new();
        for (organ, version) in &target.organs {
            self.apply_to_open(*organ, version, &mut done, &mut unreadable)?;
            self.apply_to_ended(*organ, &mut done, &mut unreadable)?;
        }
        done.unreadable = unreadable.len();
        if done.pending == 0 {
            self.store().write(|db| {
                calendar::keep_in_force(db)?;
                if self.in_force_everywhere(db)?.mark == target.mark {
                    meta::set(db, APPLIED, &target.mark)?;
                }
                Ok::<_, OfficeError>(())
            })?;
        }
        if done.cases > 0 {
            let Applied { cases, moved, pending, unreadable } = done;
            tracing::info!(cases, moved, pending, unreadable, "cases follow the calendar in force");
        }
        Ok(done)
    }

    /// The calendar tasks of every minute: completing an unfinished change, reminding of a missing year, and the
    /// nightly check, whose result is returned. The tasks are independent: a failure is logged and does not stop the
    /// others.
    #[must_use]
    pub fn keep_calendar(&self) -> Option<ClockCheck> {
        if let Err(error) = self.apply_calendar() {
            tracing::warn!(%error, "a change of the calendar is not applied to all cases");
        }
        if let Err(error) = self.reminders().remind_of_missing_year() {
            tracing::warn!(%error, "no reminder of a missing calendar year");
        }
        if let Err(error) = self.cases().scrub_if_due() {
            tracing::warn!(%error, "the database file is not written anew after an erasure");
        }
        self.check_clocks_nightly().unwrap_or_else(|error| {
            tracing::warn!(%error, "the dates are not checked");
            None
        })
    }

    /// The versions in force for all organs. The mark changes with every change, even when an earlier calendar comes
    /// back, because cases may have followed the one in between.
    ///
    /// # Errors
    /// As [`WorkCalendars::calendar`].
    pub fn in_force_everywhere(&self, db: &mut Db) -> Result<InForce, OfficeError> {
        let mut of_organs = Vec::new();
        let mut of_regions: BTreeMap<String, String> = BTreeMap::new();
        let changes = calendar::changes(db)?;
        let mut text = format!("{changes};");
        for organ in organs::all(db)? {
            let version = match of_regions.get(&organ.region) {
                Some(known) => known.clone(),
                None => {
                    let version = self.calendar(db, &organ.region)?.version().to_owned();
                    of_regions.entry(organ.region).or_insert(version).clone()
                }
            };
            text.push_str(&format!("{}={version};", organ.id.0));
            of_organs.push((organ.id, version));
        }
        Ok(InForce { organs: of_organs, changes, mark: short_hash(&text) })
    }

    fn apply_to_open(
        &self,
        organ: OrganId,
        version: &str,
        done: &mut Applied,
        unreadable: &mut BTreeSet<CaseId>,
    ) -> Result<(), OfficeError> {
        let mut after: Option<CaseId> = None;
        let (mut held, mut patience) = (0, PATIENCE);
        loop {
            let batch = self.store().write(|db| {
                calendar::keep_in_force(db)?;
                let region = organs::find(db, organ)?.region;
                if self.calendar(db, &region)?.version() != version {
                    return Ok(None);
                }
                let ids = cases::of_other_calendar(db, organ, version, after, BATCH)?;
                Ok::<_, OfficeError>(Some((ids.last().copied(), self.bring_up_to_date(db, &ids, unreadable)?)))
            })?;
            let Some((last, written)) = batch else {
                done.pending += 1;
                return Ok(());
            };
            done.cases += written.cases;
            done.moved += written.moved;
            held += written.pending;
            after = last;
            if last.is_none() {
                patience -= 1;
                if held == 0 || patience == 0 {
                    done.pending += held;
                    return Ok(());
                }
                held = 0;
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Updates the remaining duties of closed cases.
    fn apply_to_ended(
        &self,
        organ: OrganId,
        done: &mut Applied,
        unreadable: &mut BTreeSet<CaseId>,
    ) -> Result<(), OfficeError> {
        let mut after: Option<CaseId> = None;
        loop {
            let (last, written) = self.store().write(|db| {
                calendar::keep_in_force(db)?;
                let page = cases::ended_with_duties(db, organ, after, BATCH)?;
                let ids: Vec<CaseId> = page.iter().map(|row| row.id).collect();
                Ok::<_, OfficeError>((ids.last().copied(), self.bring_up_to_date(db, &ids, unreadable)?))
            })?;
            done.cases += written.moved;
            done.moved += written.moved;
            done.pending += written.pending;
            match last {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Updates cases of one organ and notifies their owners. Skips locked cases. Skips unreadable ones too and adds
    /// them to `unreadable`.
    fn bring_up_to_date(
        &self,
        db: &mut Db,
        ids: &[CaseId],
        unreadable: &mut BTreeSet<CaseId>,
    ) -> Result<Applied, OfficeError> {
        let mut done = Applied::default();
        let mut told = Vec::new();
        for id in ids {
            if unreadable.contains(id) {
                continue;
            }
            let Some(row) = cases::try_lock(db, *id)? else {
                done.pending += 1;
                continue;
            };
            let file = match self.cases().file_of(db, row) {
                Ok(file) => file,
                // An unreadable log must not block the other cases.
                Err(OfficeError::Unreadable(reason)) => {
                    tracing::error!(case = %id.0, %reason, "a case cannot be brought up to date with the calendar");
                    unreadable.insert(*id);
                    continue;
                }
                Err(other) => return Err(other),
            };
            let (_, moved) = self.put_under(db, file)?;
            done.cases += 1;
            done.moved += usize::from(moved.is_some());
            told.extend(moved);
        }
        self.reminders().tell_owners(db, &told)?;
        Ok(done)
    }

    /// Brings a case under the calendar in force, and notifies its owners if a duty moved. Must run before any other
    /// change of a case, so that a command does not overtake a pending activation.
    pub(in crate::office) fn under_calendar_in_force(
        &self,
        db: &mut Db,
        file: CaseFile,
    ) -> Result<CaseFile, OfficeError> {
        let (file, moved) = self.put_under(db, file)?;
        if let Some(moved) = moved {
            self.reminders().tell_owners(db, &[moved])?;
        }
        Ok(file)
    }

    /// Brings a locked case under the calendar in force. Appends an event if a duty moved; otherwise only updates the
    /// row and the duties.
    fn put_under(&self, db: &mut Db, file: CaseFile) -> Result<(CaseFile, Option<MovedCase>), OfficeError> {
        let to = Arc::clone(&file.in_force);
        let is_open = file.case.stage.is_open();
        if is_open && file.row.calendar_version == to.version() {
            return Ok((file, None));
        }
        // The remaining duties of a closed case were computed with the calendar in force when they were last written.
        let from = Arc::clone(&file.desk.calendar);
        let (mut after, mut moved) = self.recomputed(file, &to);
        if !is_open {
            moved = self.moved_since_written(db, &after)?;
        }
        if moved.is_empty() {
            if is_open {
                derive_row(&mut after, self.clock().today());
                cases::update(db, &after.row, after.row.version)?;
                self.cases().commit_duties(db, &after, Vanished::MetStay)?;
            }
            return Ok((after, None));
        }
        let event = Event::CalendarApplied {
            on: self.clock().today(),
            from_version: from.version().to_owned(),
            to_version: to.version().to_owned(),
            moved: moved.clone(),
        };
        let after = self.cases().commit(db, after, &[event], None)?;
        let told = MovedCase {
            case_id: after.row.id,
            seq: after.row.version,
            organ_id: after.row.organ_id,
            organ_name: after.desk.organ.name.clone(),
            number: after.row.number.clone(),
            notices: changed_notices(&from, &to),
            duties: after.duties(self.clock().today()).into_iter().filter_map(|duty| with_move(duty, &moved)).collect(),
        };
        Ok((after, Some(told)))
    }

    /// The file under another calendar, and the running duties that move with it. A closed case keeps its own calendar.
    fn recomputed(&self, file: CaseFile, to: &Arc<Calendar>) -> (CaseFile, Vec<MovedDuty>) {
        let today = self.clock().today();
        let before = file.duties(today);
        let mut after = file.clone();
        after.running = Arc::clone(to);
        if after.case.stage.is_open() {
            after.desk.calendar = Arc::clone(to);
        }
        let moved = moved_duties(&before, &after.duties(today));
        (after, moved)
    }

    /// The running duties of a closed case whose stored last day differs from that of the calendar in force.
    fn moved_since_written(&self, db: &mut Db, file: &CaseFile) -> Result<Vec<MovedDuty>, OfficeError> {
        let written = crate::store::cases::obligations::of_case(db, file.row.id)?;
        let now = file.duties(self.clock().today());
        let known_until = Some(self.calendar_before(db, &file.desk.organ.region)?.last_day());
        let moved =
            written.into_iter().filter(|row| row.status == crate::store::cases::obligations::OPEN).filter_map(|row| {
                let duty = now
                    .iter()
                    .find(|duty| duty.key == row.key && (duty.due_on, duty.latest_on) != (row.due_on, row.latest_on))?;
                Some(MovedDuty {
                    key: row.key,
                    kind: duty.kind,
                    due_before: row.due_on,
                    was_provisional: row.latest_on.is_some() || row.due_on > known_until,
                    due_after: duty.due_on,
                    is_provisional: duty.is_estimated(),
                })
            });
        Ok(moved.collect())
    }
}

fn with_move(duty: crate::case::Obligation, moved: &[MovedDuty]) -> Option<(crate::case::Obligation, MovedDuty)> {
    let found = moved.iter().find(|moved| moved.key == duty.key)?.clone();
    Some((duty, found))
}

/// The notices of the years that differ between the two.
fn changed_notices(before: &Calendar, after: &Calendar) -> Vec<String> {
    let is_new = |year: &&CalendarYear| !before.years().contains(year);
    let changed = after.years().iter().filter(is_new);
    changed
        .map(|year| year.amendments.last().unwrap_or(&year.notice).clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn short_hash(text: &str) -> String {
    let mut hash = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
    hash.truncate(16);
    hash
}
