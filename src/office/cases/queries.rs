//! Views of cases: lists, possible actions, the log, and the clock as of any day and under hypothetical facts.

use super::amendments::{Amending, amending, needs_head};
use super::applicants::REVEALERS;
use crate::case::amendment::known_by;
use crate::case::{
    Action, AuditAction, Case, CommandKind, Event, NotAllowed, Obligation, Role, actions, extension_is_possible,
};
use crate::law::{
    Calendar, ClockAnswer, DueRange, Fact, Timeline, WarningLevel, WarningThresholds, civil_day, warning_level_between,
};
use crate::office::cases::as_of::Viewpoint;
use crate::office::cases::case_file::{CaseFile, OrganContext, OrganContexts, actor, read_event, steps_of};
use crate::office::people::access::seats_with;
use crate::office::{Authority, Caller, Cases, OfficeError, Unread};
use crate::store::cases::events::{self, EventRow};
use crate::store::cases::transfers::{self, NamedTransfer, TransferRow};
use crate::store::cases::{CaseCursor, CaseFilter, CaseOrder, CaseRow, InStage, WarnedIn, Warning};
use crate::store::supervision::orders::NamedOrder;
use crate::store::{CaseId, Db, OrganId, cases};
use chrono::{Days, NaiveDate};
use std::collections::BTreeSet;

/// The roles that may read cases: everyone who works on them or supervises them. The intake system has its own view of
/// its filings.
pub const CASE_READERS: &[Role] =
    &[Role::Clerk, Role::Handler, Role::Reviewer, Role::OfficeHead, Role::Leader, Role::Supervisor, Role::Auditor];

/// Hypothetical facts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Every open consultation is returned on this day.
    pub returned_on: Option<NaiveDate>,
    /// The period is extended by this many working days, notified on the day asked about.
    pub extended_by: Option<u32>,
}

/// A case as a caller sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The case, opened individually, so that its tags are loaded.
    pub file: CaseFile,
    /// The actions of the caller, with the reasons that block them.
    pub actions: Vec<Action>,
    /// What the caller may do about what was recorded.
    pub amending: Vec<Amending>,
    /// The 督办单 on it that are not closed or cancelled, newest first.
    pub orders: Vec<NamedOrder>,
    /// How it went over from organ to organ, in order.
    pub transfers: Vec<NamedTransfer>,
    /// The day of the view.
    pub today: NaiveDate,
    /// The day whose knowledge the view shows. `None`: the case as it is now.
    pub known_on: Option<NaiveDate>,
}

/// A query for cases.
#[derive(Debug, Clone, Default)]
pub struct CaseQuery {
    /// Restricts to this organ. `None` for all the caller may read.
    pub organ: Option<OrganId>,
    /// Includes the organs below it.
    pub with_subordinates: bool,
    /// At this warning level today.
    pub warning: Option<WarningLevel>,
    /// The other filters. Its `organs` and `warned` are set by the query.
    pub filter: CaseFilter,
    /// The order of the list.
    pub order: CaseOrder,
}

/// How many cases a query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCounts {
    /// By stage and by whether they are open.
    pub by_stage: Vec<InStage>,
    /// At each warning level today. An open case of an organ with unreadable settings counts at every level, as it is
    /// listed at every level.
    pub by_warning: Vec<(WarningLevel, i64)>,
}

/// An event of a log as a caller sees it.
#[derive(Debug, Clone)]
pub struct LoggedEvent {
    /// Its row.
    pub row: EventRow,
    /// What it says. `None`: a newer release recorded it, and this one does not know its kind.
    pub event: Option<Event>,
    /// The `seq` of the first event of its step, by which an amendment names it.
    pub step: i32,
    /// Whether its step is in effect.
    pub is_effective: bool,
    /// The amendments that changed its step, by number.
    pub amended_by: Vec<u16>,
    /// Whether the caller may amend its step, or why not.
    pub amendable: Result<(), NotAllowed>,
    /// What it says since it was amended. `None`: as it was recorded, or nothing.
    pub now: Option<Event>,
    /// Working days by which its step was recorded late. `None`: in time.
    pub late_by: Option<u32>,
}

impl LoggedEvent {
    /// An event of a log that this release cannot read as a whole.
    fn newer(row: EventRow, event: Option<Event>) -> Self {
        let detail = "本案有较新版本登记的内容，本版本不能更正；请管理员升级";
        let amendable = Err(NotAllowed::new("newer_log", detail));
        let step = row.seq;
        Self { row, event, step, is_effective: true, amended_by: Vec::new(), amendable, now: None, late_by: None }
    }
}

/// A case in a list.
#[derive(Debug, Clone)]
pub struct ListedCase {
    /// Its row.
    pub row: CaseRow,
    /// Its warning level today. `None` if the settings of the organ or the calendar of the case cannot be read.
    pub warning: Option<WarningLevel>,
    /// The line with the range of the due date, while a holiday notice is not published.
    pub estimate: Option<String>,
}

impl Cases<'_> {
    /// Like [`Cases::list_cases`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Cases::list_cases`].
    pub fn page_of_cases(
        &self,
        caller: &Caller,
        query: &CaseQuery,
        after: Option<&CaseCursor>,
        limit: i64,
    ) -> Result<Vec<ListedCase>, OfficeError> {
        self.store().read(|db| self.list_cases(db, caller, query, after, limit))
    }

    /// A page of cases in the organs the caller may read, each with its warning level today, in the order of the query.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read the requested organ.
    pub fn list_cases(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &CaseQuery,
        after: Option<&CaseCursor>,
        limit: i64,
    ) -> Result<Vec<ListedCase>, OfficeError> {
        let seats = seats_with(db, caller, CASE_READERS, query.organ, query.with_subordinates)?;
        let organs: Vec<OrganId> = seats.iter().map(|seat| seat.organ.id).collect();
        let mut desks = OrganContexts::of_seats(seats);
        let warned = match query.warning {
            None => Vec::new(),
            Some(level) => self.warned_at(db, level, &mut desks, &organs)?,
        };
        let filter = CaseFilter { organs, warned, ..query.filter.clone() };
        let rows = cases::ordered(db, &filter, query.order, after, limit)?;
        let today = self.clock().today();
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let (warning, estimate) = match desks.of(self, db, row.organ_id)? {
                Ok(desk) => match self.calendars().calendar_of(db, &row, desk) {
                    Ok(calendar) => (Some(row_level(&row, today, desk, &calendar)), estimate_of(&row, &calendar)),
                    Err(OfficeError::Unreadable(reason)) => {
                        tracing::error!(case = %row.id.0, %reason, "the warning level of a case is unknown");
                        (None, None)
                    }
                    Err(other) => return Err(other),
                },
                Err(_) => (None, None),
            };
            lines.push(ListedCase { row, warning, estimate });
        }
        Ok(lines)
    }

    /// Extends a text query to the names of natural persons, in the organs where the caller may read them in clear
    /// text. Records this in the audit log with a keyed hash of the text, which identifies equal searches without
    /// revealing the name. Must be called before reading.
    ///
    /// # Errors
    /// As [`Cases::list_cases`].
    pub fn among_names(&self, caller: &Caller, mut query: CaseQuery) -> Result<CaseQuery, OfficeError> {
        let Some(text) = &query.filter.text else { return Ok(query) };
        let may_read =
            |organ: &OrganId| caller.roles.iter().any(|(held_in, role)| held_in == organ && REVEALERS.contains(role));
        let mut organs: Vec<OrganId> =
            self.store().read(|db| self.readable_organs(db, caller, query.organ, query.with_subordinates))?;
        organs.retain(may_read);
        if !organs.is_empty() {
            let index = self.store().sealer().blind_index("name_search", &text.trim().to_lowercase());
            let detail = serde_json::json!({ "text_index": index });
            self.store().write(|db| {
                organs.iter().try_for_each(|organ| {
                    self.people().note(db, caller, Some(*organ), AuditAction::ApplicantsSearched, &detail)
                })
            })?;
        }
        query.filter.names_in = organs;
        Ok(query)
    }

    /// The condition of a warning level today. Each organ has its own thresholds and calendar; organs that share them
    /// are one group. Of an organ with unreadable settings every open case matches, because it may be at that level.
    fn warned_at(
        &self,
        db: &mut Db,
        level: WarningLevel,
        desks: &mut OrganContexts,
        organs: &[OrganId],
    ) -> Result<Vec<WarnedIn>, OfficeError> {
        let today = self.clock().today();
        let mut groups: Vec<WarnedIn> = Vec::new();
        for organ in organs {
            let desk = desks.of(self, db, *organ)?.ok();
            let level = desk.map(|desk| rows_at(level, today, desk.rules.warning_thresholds(), &desk.calendar));
            match groups.iter_mut().find(|group| group.level == level) {
                Some(group) => group.organs.push(*organ),
                None => groups.push(WarnedIn { organs: vec![*organ], level }),
            }
        }
        Ok(groups)
    }

    /// How many cases [`Cases::list_cases`] lists for the query, by stage and by warning level, in one read transaction.
    ///
    /// # Errors
    /// As [`Cases::list_cases`].
    pub fn count_cases(&self, caller: &Caller, query: &CaseQuery) -> Result<CaseCounts, OfficeError> {
        self.store().read(|db| {
            let seats = seats_with(db, caller, CASE_READERS, query.organ, query.with_subordinates)?;
            let organs: Vec<OrganId> = seats.iter().map(|seat| seat.organ.id).collect();
            let mut desks = OrganContexts::of_seats(seats);
            let mut filter = CaseFilter { organs, ..query.filter.clone() };
            let mut by_warning = Vec::with_capacity(WarningLevel::ALL.len());
            for level in WarningLevel::ALL {
                let mut warned = self.warned_at(db, level, &mut desks, &filter.organs)?;
                if query.warning.is_some_and(|asked| asked != level) {
                    // No case is at two levels, but for those that may be at any.
                    warned.retain(|group| group.level.is_none());
                }
                let is_any = !warned.is_empty();
                let count = if is_any { cases::count(db, &CaseFilter { warned, ..filter.clone() })? } else { 0 };
                by_warning.push((level, count));
            }
            if let Some(level) = query.warning {
                filter.warned = self.warned_at(db, level, &mut desks, &filter.organs)?;
            }
            Ok(CaseCounts { by_stage: cases::count_by_stage(db, &filter)?, by_warning })
        })
    }

    /// The organs whose cases the caller may read, restricted to `organ` and, if requested, those below it.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read `organ`.
    pub fn readable_organs(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: Option<OrganId>,
        with_subordinates: bool,
    ) -> Result<Vec<OrganId>, OfficeError> {
        let seats = seats_with(db, caller, CASE_READERS, organ, with_subordinates)?;
        Ok(seats.into_iter().map(|seat| seat.organ.id).collect())
    }

    /// Returns the result of `show` for a case as the caller sees it, in one read transaction.
    ///
    /// # Errors
    /// As [`Cases::open_file`]; the errors of `show`.
    pub fn show_case<T>(
        &self,
        caller: &Caller,
        authority: &Authority,
        id: CaseId,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().read(|db| {
            let file = self.open_file(db, id)?;
            show(&self.shown_whole(db, caller, &authority.roles, file)?)
        })
    }

    /// The view of an opened case for a caller with these roles there.
    pub(in crate::office) fn shown(
        &self,
        caller: &Caller,
        roles: &BTreeSet<Role>,
        file: CaseFile,
        orders: Vec<NamedOrder>,
    ) -> Shown {
        let today = self.clock().today();
        let actions = self.actions_on(caller, roles, &file);
        let amending = amending(caller, roles, &file.case);
        Shown { file, actions, amending, orders, transfers: Vec::new(), today, known_on: None }
    }

    /// Like [`Cases::shown`], with what is stored beside the case.
    pub(in crate::office) fn shown_whole(
        &self,
        db: &mut Db,
        caller: &Caller,
        roles: &BTreeSet<Role>,
        file: CaseFile,
    ) -> Result<Shown, OfficeError> {
        let orders = self.supervision().pending_orders(db, file.row.organ_id, file.row.id)?;
        let went_over = file.row.filed_with.is_some();
        let transfers = if went_over { transfers::of_case(db, file.row.id)? } else { Vec::new() };
        Ok(Shown { transfers, ..self.shown(caller, roles, file, orders) })
    }

    /// The actions of the caller on a case, with the reasons that block them.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub fn actions(
        &self,
        caller: &Caller,
        authority: &Authority,
        id: CaseId,
    ) -> Result<(Vec<Action>, Vec<Amending>), OfficeError> {
        let file = self.case(id)?;
        let amending = amending(caller, &authority.roles, &file.case);
        Ok((self.actions_on(caller, &authority.roles, &file), amending))
    }

    fn actions_on(&self, caller: &Caller, roles: &BTreeSet<Role>, file: &CaseFile) -> Vec<Action> {
        let person = actor(caller, roles);
        let today = self.clock().today();
        let mut actions = actions(&file.case, &file.context(&person, today));
        // Whoever filed a case makes it void on the same day while nothing rests on it; after that the head does.
        let is_fresh = civil_day(file.row.created_at.0) == today && file.case.registered_on.is_none();
        if !roles.contains(&Role::OfficeHead) && !is_fresh {
            let void = actions.iter_mut().filter(|action| action.command == CommandKind::Void && action.permit.is_ok());
            void.for_each(|action| action.permit = Err(needs_head("作废")));
        }
        actions
    }

    /// Opens a case in its own read transaction.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub fn case(&self, id: CaseId) -> Result<CaseFile, OfficeError> {
        self.store().read(|db| self.open_file(db, id))
    }

    /// Opens a case as of the end of a day and as it was known, in its own read transaction.
    ///
    /// # Errors
    /// As [`Cases::open_file_at`].
    pub fn case_at(&self, id: CaseId, at: Viewpoint) -> Result<CaseFile, OfficeError> {
        self.store().read(|db| self.open_file_at(db, id, at))
    }

    /// Returns the result of `show` for a case as it stood on a day and as it was known, in one read transaction. It
    /// offers no actions and shows no 督办单, because both are of today.
    ///
    /// # Errors
    /// As [`Cases::open_file_at`]; the errors of `show`.
    pub fn show_case_at<T>(
        &self,
        id: CaseId,
        at: Viewpoint,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().read(|db| {
            let mut file = self.open_file_at(db, id, at)?;
            let today = self.clock().today();
            let known_on = at.known_on(today);
            if at.known_on.is_some() {
                self.name_as_known(db, &mut file, known_on)?;
            }
            let went_over = file.row.filed_with.is_some();
            let mut transfers = if went_over { transfers::of_case(db, file.row.id)? } else { Vec::new() };
            let was_known =
                |row: &TransferRow| row.transferred_on <= at.as_of && civil_day(row.recorded_at.0) <= known_on;
            transfers.retain(|transfer| was_known(&transfer.row));
            show(&Shown {
                file,
                actions: Vec::new(),
                amending: Vec::new(),
                orders: Vec::new(),
                transfers,
                today: at.as_of,
                known_on: Some(known_on),
            })
        })
    }

    /// The log of a case as a caller sees it, as far as it was known on a day (`None` for today), in its own read
    /// transaction. Nothing is amendable in the log of an earlier day.
    ///
    /// # Errors
    /// As [`Cases::log`]; [`OfficeError::NotFound`] if the case was not yet recorded on that day.
    pub fn case_log(
        &self,
        caller: &Caller,
        authority: &Authority,
        id: CaseId,
        known_on: Option<NaiveDate>,
    ) -> Result<Vec<LoggedEvent>, OfficeError> {
        self.store().read(|db| {
            let mut log = self.log(db, id)?;
            if let Some(day) = known_on {
                let known = known_by(&log, day, |(row, _)| civil_day(row.recorded_at.0)).len();
                log.truncate(known);
                if log.is_empty() {
                    return Err(OfficeError::NotFound);
                }
            }
            if log.iter().any(|(_, event)| event.is_none()) {
                // What an event of a newer release changes is not known here.
                return Ok(log.into_iter().map(|(row, event)| LoggedEvent::newer(row, event)).collect());
            }
            let (rows, events): (Vec<EventRow>, Vec<Option<Event>>) = log.into_iter().unzip();
            let steps = steps_of(&rows)?;
            let amendable = match known_on {
                None => self.amendable(db, caller, authority, &steps)?,
                Some(_) => steps.iter().map(|_| Err(of_an_earlier_day())).collect(),
            };
            let late = self.late_records_in(db, &rows, &steps)?;
            let of_steps = steps.iter().zip(amendable).zip(late).flat_map(|((step, amendable), late_by)| {
                step.recorded.iter().map(move |one| {
                    let now = step.events.iter().find(|(seq, _)| *seq == Some(one.seq)).map(|(_, event)| event.clone());
                    (step.seq(), step.is_effective(), step.amended_by.clone(), amendable.clone(), (now, late_by))
                })
            });
            let logged = rows.into_iter().zip(events).zip(of_steps);
            Ok(logged
                .map(|((row, event), (step, is_effective, amended_by, amendable, (now, late_by)))| {
                    let now = now.filter(|now| event.as_ref() != Some(now));
                    LoggedEvent { row, event, step, is_effective, amended_by, amendable, now, late_by }
                })
                .collect())
        })
    }

    /// The log of a case, each row with its parsed event: `None` if a newer release recorded it and this one does not
    /// know its kind. Empty if the case does not exist.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if an event cannot be parsed.
    pub fn log(&self, db: &mut Db, id: CaseId) -> Result<Vec<(EventRow, Option<Event>)>, OfficeError> {
        let with_event = |row| match read_event(&row) {
            Ok(event) => Ok((row, Some(event))),
            Err(OfficeError::Unreadable(Unread::Newer { .. })) => Ok((row, None)),
            Err(other) => Err(other),
        };
        events::load(db, id)?.into_iter().map(with_event).collect()
    }

    /// The reply clock as of a day, with hypothetical facts added, and the facts it was computed from.
    ///
    /// # Errors
    /// [`OfficeError::Refused`]: `receipt_not_fixed` if no period is running yet, `what_if_impossible` for facts the
    /// law does not allow, `extension_once` and similar if the case cannot be extended.
    pub fn clock_of(
        &self,
        file: &CaseFile,
        as_of: NaiveDate,
        what_if: WhatIf,
    ) -> Result<(Timeline, ClockAnswer), OfficeError> {
        let refused = |code: &'static str, detail: String| OfficeError::Refused {
            code: code.into(),
            article: None,
            detail,
            errors: Vec::new(),
        };
        let mut timeline = file
            .case
            .timeline(&file.desk.calendar, &file.desk.rules)
            .ok_or_else(|| refused("receipt_not_fixed", "收到申请之日尚未确定，答复期限未起算".into()))?;
        if what_if.extended_by.is_some() {
            extension_is_possible(&file.case)?;
        }
        suppose(&mut timeline, &file.case, as_of, what_if);
        // A hypothetical return may be in the future. The answer is then as of that day.
        let day = what_if.returned_on.map_or(as_of, |returned| returned.max(as_of));
        let answer = file
            .case
            .answer_of(&timeline, &file.desk.calendar, Some(day))
            .map_err(|error| refused("what_if_impossible", error.to_string()))?;
        Ok((timeline, answer))
    }
}

/// Why nothing in the log of an earlier day can be amended.
fn of_an_earlier_day() -> NotAllowed {
    NotAllowed::new("earlier_knowledge", "这是以前某日所知的记录，不能据此更正；请查看现在的记录")
}

/// The range of an uncertain due date, in words. `None` if it is certain.
pub(in crate::office) fn estimate_of(row: &CaseRow, calendar: &Calendar) -> Option<String> {
    let range = DueRange { earliest: row.warns_on?, latest: row.latest_on? };
    Some(range.said(calendar.awaited_year()))
}

/// The warning level of a row, by its `warns_on`.
fn row_level(row: &CaseRow, today: NaiveDate, desk: &OrganContext, calendar: &Calendar) -> WarningLevel {
    // Of an open case whose reply was revoked the period was answered.
    if !row.is_open || row.received_on.is_none() || row.replied_on.is_some() {
        return WarningLevel::None;
    }
    row.warns_on.map_or(WarningLevel::Blue, |day| {
        let certain = row.due_on.or(row.latest_on).unwrap_or(day);
        warning_level_between(day, certain, today, &desk.rules.warning_thresholds(), calendar)
    })
}

/// The condition that selects the rows at a level. The inverse of [`row_level`].
fn rows_at(level: WarningLevel, today: NaiveDate, thresholds: WarningThresholds, calendar: &Calendar) -> Warning {
    let black_days = u64::from(thresholds.black_days.max(1));
    let black_until = today.checked_sub_days(Days::new(black_days)).unwrap_or(NaiveDate::MIN);
    let yellow_until = last_day_with_left(calendar, today, thresholds.yellow_days);
    match level {
        WarningLevel::Black => Warning::Over(None, black_until),
        WarningLevel::Red => Warning::Over(Some(next(black_until)), previous(today)),
        WarningLevel::Orange => Warning::Reached(today),
        WarningLevel::Yellow => Warning::Within(next(today), yellow_until),
        WarningLevel::Blue => Warning::After(yellow_until.max(today)),
        WarningLevel::None => Warning::Silent,
    }
}

/// The last day that is at most `days` working days after `today`. Includes the rest days that follow, because they add
/// no working day.
pub(in crate::office) fn last_day_with_left(calendar: &Calendar, today: NaiveDate, days: u32) -> NaiveDate {
    previous(calendar.add_estimated(today, days.saturating_add(1)))
}

fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

fn previous(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(day)
}

/// Adds hypothetical facts to a timeline.
fn suppose(timeline: &mut Timeline, case: &Case, as_of: NaiveDate, what_if: WhatIf) {
    if let Some(on) = what_if.returned_on {
        let open = case.consultations.iter().filter(|consultation| consultation.returned.is_none());
        timeline.facts.extend(open.map(|c| Fact::ConsultationReturned { id: c.number.to_string(), on }));
    }
    if let Some(days) = what_if.extended_by {
        timeline.facts.push(Fact::Extension { on: as_of, days });
    }
}

/// The duties of a case, as of `today`.
#[must_use]
pub fn duties_of(file: &CaseFile, today: NaiveDate) -> Vec<Obligation> {
    file.duties(today)
}
