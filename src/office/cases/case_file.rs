//! Opening a case, and committing decisions: log, row and obligations, all in the caller's transaction.

use crate::case::amendment::{Recorded, Step, effective, steps};
use crate::case::log;
use crate::case::{
    Actor, Case, Context, Event, Obligation, OrganRules, Role, Stage, Summary, fold, obligations_under, summary,
};
use crate::law::{Calendar, ClockStatus, Outcome, Regime, civil_day};
use crate::office::cases::beside::Beside;
use crate::office::clock::instant_on;
use crate::office::{Caller, Cases, Office, OfficeError, Unread};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow, LogEnd, NewEvent};
use crate::store::cases::transfers::HandOver;
use crate::store::cases::{
    obligations as duties,
    obligations::{CurrentDuty, ObligationRow, Vanished},
};
use crate::store::people::organs::{OrganRow, Seat};
use crate::store::{CaseId, Db, DepartmentId, OrganId, UserId, calendar, cases, people::organs, supervision::orders};
use chrono::NaiveDate;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A row with its file, or the error that prevented opening it.
pub(in crate::office) type FileOrFault = (CaseRow, Result<CaseFile, OfficeError>);

/// A cache of desks for lists and passes over several organs.
#[derive(Debug, Default)]
pub(in crate::office) struct OrganContexts {
    /// Organs already loaded whose desk was not requested yet.
    seats: HashMap<OrganId, Seat>,
    made: HashMap<OrganId, Result<OrganContext, String>>,
}

impl OrganContexts {
    /// Starts with organs already loaded. Others are loaded on request.
    pub(in crate::office) fn of_seats(seats: Vec<Seat>) -> Self {
        Self { seats: seats.into_iter().map(|seat| (seat.organ.id, seat)).collect(), made: HashMap::new() }
    }

    /// Loads the organs of these cases in one statement.
    pub(in crate::office) fn of_rows(db: &mut Db, rows: &[CaseRow]) -> Result<Self, OfficeError> {
        let ids: BTreeSet<OrganId> = rows.iter().map(|row| row.organ_id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self::of_seats(organs::seats_of(db, &ids.into_iter().collect::<Vec<_>>())?))
    }

    /// The desk of an organ, or the reason why it is unreadable. Unreadable settings concern one organ only and must
    /// not fail the whole list. The reason is logged once.
    ///
    /// # Errors
    /// Any error except [`OfficeError::Unreadable`], which is the inner `Err`.
    pub(in crate::office) fn of(
        &mut self,
        office: &Office,
        db: &mut Db,
        organ: OrganId,
    ) -> Result<Result<&OrganContext, &str>, OfficeError> {
        let desk = match self.made.entry(organ) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match office.cases().desk_among(db, &mut self.seats, organ) {
                Ok(desk) => Ok(desk),
                Err(OfficeError::Unreadable(reason)) => {
                    tracing::error!(organ = %organ.0, %reason, "an organ is passed over: its settings cannot be read");
                    Err(reason.to_string())
                }
                Err(other) => return Err(other),
            }),
        };
        Ok(desk.as_ref().map_err(String::as_str))
    }
}

/// The basis of an organ's decisions.
#[derive(Debug, Clone)]
pub struct OrganContext {
    /// The organ.
    pub organ: OrganRow,
    /// Its settings.
    pub rules: OrganRules,
    /// Its calendar.
    pub calendar: Arc<Calendar>,
}

/// An opened case: its row, the state folded from its log, and the basis of the organ's decisions.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The row.
    pub row: CaseRow,
    /// The case.
    pub case: Case,
    /// The organ's settings, with the calendar the case is computed with, which its row names.
    pub desk: OrganContext,
    /// The calendar of running duties: for an open case its own, for a closed case the one in force.
    pub running: Arc<Calendar>,
    /// The calendar in force for the organ.
    pub in_force: Arc<Calendar>,
    /// Size of the loaded events in bytes.
    pub log_bytes: usize,
    /// The end of the log.
    pub log_end: LogEnd,
    /// What is stored beside the row, if it was loaded with it. Only files opened individually have it.
    pub beside: Option<Beside>,
}

impl CaseFile {
    /// The context for `case` functions that decide what may be done from now on.
    #[must_use]
    pub fn context<'a>(&'a self, actor: &'a Actor, today: NaiveDate) -> Context<'a> {
        Context { actor, today, calendar: &self.running, rules: &self.desk.rules }
    }

    /// The context for `case` functions that compute the case's dates, with its own calendar.
    #[must_use]
    pub fn own_context<'a>(&'a self, actor: &'a Actor, today: NaiveDate) -> Context<'a> {
        Context { actor, today, calendar: &self.desk.calendar, rules: &self.desk.rules }
    }

    /// The present and past duties of the case, as of `today`.
    #[must_use]
    pub fn duties(&self, today: NaiveDate) -> Vec<Obligation> {
        let actor = actor_without_roles();
        obligations_under(&self.case, &self.own_context(&actor, today), &self.context(&actor, today))
    }

    /// The same duties as rows.
    #[must_use]
    pub fn written_duties(&self, today: NaiveDate) -> Vec<CurrentDuty> {
        let written = |duty: Obligation| CurrentDuty {
            key: duty.key,
            kind: duty.kind.code().to_owned(),
            due_on: duty.due_on,
            latest_on: duty.latest_on,
            status: duty.status.code().to_owned(),
            owner_id: duty.owner.map(UserId),
            department_id: duty.department.map(DepartmentId),
            not_by_id: duty.not_by.map(UserId),
            article: duty.article.to_owned(),
        };
        self.duties(today).into_iter().map(written).collect()
    }
}

/// An actor without identity or roles, for derivations that decide nothing.
#[must_use]
pub fn actor_without_roles() -> Actor {
    Actor { user: uuid::Uuid::nil(), roles: BTreeSet::new(), department: None }
}

/// The caller as actor with these roles.
#[must_use]
pub fn actor(caller: &Caller, roles: &BTreeSet<Role>) -> Actor {
    Actor { user: caller.user_id.0, roles: roles.clone(), department: caller.department_id.map(|id| id.0) }
}

impl Cases<'_> {
    /// Loads settings and calendar of an organ.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ does not exist; [`OfficeError::Unreadable`] if its settings or its
    /// calendar cannot be read.
    pub fn desk(&self, db: &mut Db, organ: OrganId) -> Result<OrganContext, OfficeError> {
        let seat = organs::seat(db, organ)?;
        self.desk_of(db, seat)
    }

    /// Like [`Cases::desk`], for an organ already loaded.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the settings or the calendar cannot be read.
    pub(in crate::office) fn desk_of(&self, db: &mut Db, seat: Seat) -> Result<OrganContext, OfficeError> {
        let Seat { organ, in_force } = seat;
        let rules = crate::store::stored_object(&organ.settings)
            .map_err(|error| OfficeError::unreadable(format!("settings of organ {}: {error}", organ.code)))?;
        let calendar = self.calendars().calendar_by(db, &organ.region, &in_force)?;
        Ok(OrganContext { organ, rules, calendar })
    }

    fn desk_among(
        &self,
        db: &mut Db,
        seats: &mut HashMap<OrganId, Seat>,
        organ: OrganId,
    ) -> Result<OrganContext, OfficeError> {
        match seats.remove(&organ) {
            Some(seat) => self.desk_of(db, seat),
            None => self.desk(db, organ),
        }
    }

    /// Opens a case by id and folds its log.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the case does not exist; [`OfficeError::Unreadable`] if its log, or the settings or
    /// calendar of its organ, cannot be read.
    pub fn open_file(&self, db: &mut Db, id: CaseId) -> Result<CaseFile, OfficeError> {
        self.open_file_with_log(db, id).map(|(file, _)| file)
    }

    /// Like [`Cases::open_file`], and locks the case's row until the transaction ends.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub fn lock_file(&self, db: &mut Db, id: CaseId) -> Result<CaseFile, OfficeError> {
        calendar::keep_in_force(db)?;
        let row = cases::lock(db, id)?;
        self.file_of(db, row)
    }

    /// Like [`Cases::lock_file`], for an organ loaded in this transaction after the calendar was locked.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub(in crate::office) fn lock_file_at(&self, db: &mut Db, id: CaseId, seat: Seat) -> Result<CaseFile, OfficeError> {
        self.lock_file_with_log(db, id, seat).map(|(file, _)| file)
    }

    /// Like [`Cases::lock_file_at`]. Also returns the rows of the log.
    pub(in crate::office) fn lock_file_with_log(
        &self,
        db: &mut Db,
        id: CaseId,
        seat: Seat,
    ) -> Result<(CaseFile, Vec<EventRow>), OfficeError> {
        let row = cases::lock(db, id)?;
        // Loaded after the lock, because its previous holder may have changed the tags.
        let (log, beside) = events::load_with_beside(db, id)?;
        let beside = self.beside(row.applicant_id, beside)?;
        let desk = self.desk_of(db, seat)?;
        let file = self.put_together(db, (row, Some(beside)), &log, desk)?;
        Ok((file, log))
    }

    /// Opens a case without locking it. Also returns the rows of the log.
    pub(in crate::office) fn open_file_with_log(
        &self,
        db: &mut Db,
        id: CaseId,
    ) -> Result<(CaseFile, Vec<EventRow>), OfficeError> {
        let (row, beside, seat) = cases::find_with_seat(db, id)?;
        let beside = self.beside(row.applicant_id, beside)?;
        let log = events::load(db, id)?;
        let desk = self.desk_of(db, seat)?;
        let file = self.put_together(db, (row, Some(beside)), &log, desk)?;
        Ok((file, log))
    }

    /// The file of a loaded row.
    pub(in crate::office) fn file_of(&self, db: &mut Db, row: CaseRow) -> Result<CaseFile, OfficeError> {
        let log = events::load(db, row.id)?;
        let desk = self.desk(db, row.organ_id)?;
        self.put_together(db, (row, None), &log, desk)
    }

    /// The files of loaded rows, with one query for the logs and one for the organs. An unreadable log or unreadable settings of an organ yield [`OfficeError::Unreadable`] for the cases concerned only; any other error fails the
    /// call.
    pub(in crate::office) fn files_of(&self, db: &mut Db, rows: Vec<CaseRow>) -> Result<Vec<FileOrFault>, OfficeError> {
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let logs = events::load_many(db, &ids)?;
        self.files_of_logs(db, rows, &logs)
    }

    /// Like [`Cases::files_of`], with the logs already loaded.
    pub(in crate::office) fn files_of_logs(
        &self,
        db: &mut Db,
        rows: Vec<CaseRow>,
        logs: &HashMap<CaseId, Vec<EventRow>>,
    ) -> Result<Vec<FileOrFault>, OfficeError> {
        let mut desks = OrganContexts::of_rows(db, &rows)?;
        let mut files = Vec::with_capacity(rows.len());
        for row in rows {
            let log = logs.get(&row.id).map_or(&[][..], Vec::as_slice);
            let file = match desks.of(self, db, row.organ_id)? {
                Ok(desk) => self.put_together(db, (row.clone(), None), log, desk.clone()),
                Err(reason) => Err(OfficeError::unreadable(reason.to_owned())),
            };
            match file {
                Ok(_) | Err(OfficeError::Unreadable(_)) => files.push((row, file)),
                Err(other) => return Err(other),
            }
        }
        Ok(files)
    }

    pub(super) fn put_together(
        &self,
        db: &mut Db,
        (row, beside): (CaseRow, Option<Beside>),
        log: &[EventRow],
        mut desk: OrganContext,
    ) -> Result<CaseFile, OfficeError> {
        let case = folded(log)?;
        let own = self.calendars().calendar_of(db, &row, &desk)?;
        let in_force = std::mem::replace(&mut desk.calendar, Arc::clone(&own));
        let running = if case.stage.is_open() { own } else { Arc::clone(&in_force) };
        let log_bytes = log.iter().map(|event| event.body.len()).sum();
        Ok(CaseFile { row, case, desk, running, in_force, log_bytes, log_end: LogEnd::of(log), beside })
    }

    /// Writes decided events, the row (with a version check) and the obligations. `actor` is the user who recorded
    /// them.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the case changed in the meantime.
    pub fn commit(
        &self,
        db: &mut Db,
        file: CaseFile,
        events: &[Event],
        actor: Option<UserId>,
    ) -> Result<CaseFile, OfficeError> {
        let was_open = file.case.stage.is_open();
        self.commit_with(db, (file, was_open), events, actor, Vanished::MetStay)
    }

    /// Like [`Cases::commit`], after earlier events were amended: `file.case` is folded from the log in effect, and
    /// `was_open` says whether it was open before. Duties that were met and that this log does not give are cancelled.
    ///
    /// # Errors
    /// As [`Cases::commit`].
    pub(in crate::office) fn commit_anew(
        &self,
        db: &mut Db,
        (file, was_open): (CaseFile, bool),
        events: &[Event],
        actor: Option<UserId>,
    ) -> Result<CaseFile, OfficeError> {
        self.commit_with(db, (file, was_open), events, actor, Vanished::AllCancelled)
    }

    fn commit_with(
        &self,
        db: &mut Db,
        (file, was_open): (CaseFile, bool),
        events: &[Event],
        actor: Option<UserId>,
        vanished: Vanished,
    ) -> Result<CaseFile, OfficeError> {
        let after = events.iter().fold(Some(file.case), crate::case::evolve);
        let case = after.ok_or_else(|| OfficeError::Internal("a log without its first event".into()))?;
        let now = self.clock().recorded_at();
        let before = file.row.version;
        if i64::from(file.log_end.seq) != before {
            return Err(OfficeError::Stale);
        }
        let written = written(events)?;
        let log_end = events::append_after(db, file.row.id, file.log_end, &written, actor, now)?;
        let log_bytes = file.log_bytes.saturating_add(bytes_of(&written));
        let seq = i64::from(log_end.seq);
        let mut file = CaseFile { case, log_bytes, log_end, ..file };
        if !was_open && file.case.stage.is_open() {
            // Reopened by an order: the new period uses the calendar now in force.
            file.desk.calendar = Arc::clone(&file.running);
        }
        derive_row(&mut file, self.clock().today());
        file.row.version = seq;
        file.row.updated_at = now;
        cases::update(db, &file.row, before)?;
        self.commit_duties(db, &file, vanished)?;
        match file.desk.organ.successor_id {
            Some(successor) if !was_open && file.case.stage.is_open() => self.follow(db, file, successor),
            _ => Ok(file),
        }
    }

    /// Gives a case that was reopened after its organ had ended to the organ that answers for it.
    fn follow(&self, db: &mut Db, file: CaseFile, successor: OrganId) -> Result<CaseFile, OfficeError> {
        let reason = format!("{}撤并后重新办理", file.desk.organ.name);
        let why = HandOver { on: self.clock().today(), reason, by: None, at: self.clock().now() };
        self.hand_over(db, file.row.id, successor, &why)?;
        let row = cases::find(db, file.row.id)?;
        let beside = file.beside;
        Ok(CaseFile { beside, ..self.file_of(db, row)? })
    }

    /// Updates the stored obligations of a case as of today. Returns how many changed.
    pub(in crate::office) fn commit_duties(
        &self,
        db: &mut Db,
        file: &CaseFile,
        vanished: Vanished,
    ) -> Result<usize, OfficeError> {
        let known = duties::of_case(db, file.row.id)?;
        let changed = self.replace_duties(db, file, &known, vanished)?;
        if known.iter().any(|row| row.status == duties::OPEN && row.key.starts_with(duties::ORDER)) {
            let owner = orders::Owner { user: file.row.handler_id, department: file.row.department_id };
            orders::follow_case(db, file.row.id, owner, self.clock().now())?;
        }
        Ok(changed)
    }

    /// Replaces the obligations `known` by those of the case as of today. `known` is empty for a new case.
    pub(in crate::office) fn replace_duties(
        &self,
        db: &mut Db,
        file: &CaseFile,
        known: &[ObligationRow],
        vanished: Vanished,
    ) -> Result<usize, OfficeError> {
        let owed = file.written_duties(self.clock().today());
        let since = instant_on(self.clock().today());
        Ok(duties::replace_known(db, (file.row.organ_id, file.row.id), known, &owed, since, vanished)?)
    }
}

/// Derives the computed columns of the row, as of `today`.
pub(in crate::office) fn derive_row(file: &mut CaseFile, today: NaiveDate) {
    let actor = actor_without_roles();
    let derived: Summary = summary(&file.case, &file.own_context(&actor, today));
    let row = &mut file.row;
    let intake = &file.case.intake;
    intake.title.trim().clone_into(&mut row.title);
    intake.applicant_kind.code().clone_into(&mut row.applicant_kind);
    intake.channel.code().clone_into(&mut row.channel);
    row.submitted_on = intake.submitted_on;
    row.number = derived.number;
    row.stage = derived.stage.code().to_owned();
    row.is_open = derived.stage.is_open();
    row.regime = derived.regime.map(|regime| regime.code().to_owned());
    row.clock_status = derived.clock_status.map_or("none", crate::law::ClockStatus::code).to_owned();
    row.received_on = derived.received_on;
    row.start_on = derived.start_on;
    row.due_on = derived.due_on;
    row.resumes_on = derived.resumes_on;
    row.stopped_on = derived.stopped_on;
    row.warns_on = derived.warns_on;
    row.latest_on = derived.latest_on;
    row.replied_on = derived.replied_on;
    row.closed_on = derived.closed_on;
    row.is_late = derived.is_late;
    row.is_extended = derived.is_extended;
    row.outcome = derived.outcome.map(|outcome| outcome.code().to_owned());
    row.department_id = derived.department_id.map(DepartmentId);
    row.handler_id = derived.handler_id.map(UserId);
    row.calendar_version = file.desk.calendar.version().to_owned();
}

/// The summary stored in a row, the inverse of [`derive_row`].
///
/// # Errors
/// [`OfficeError::Unreadable`] if a stored code is unknown.
pub(in crate::office) fn derived_of(row: &CaseRow) -> Result<Summary, OfficeError> {
    let unknown = |what: &str| OfficeError::unreadable(format!("{what} of case {}", row.id.0));
    let stage = Stage::from_code(&row.stage).ok_or_else(|| unknown("stage"))?;
    let clock_status = match row.clock_status.as_str() {
        "none" => None,
        code => Some(ClockStatus::from_code(code).ok_or_else(|| unknown("clock status"))?),
    };
    let regime =
        row.regime.as_deref().map(|code| Regime::from_code(code).ok_or_else(|| unknown("regime"))).transpose()?;
    let outcome = row.outcome.as_deref().map(|code| Outcome::from_code(code).ok_or_else(|| unknown("outcome")));
    Ok(Summary {
        number: row.number.clone(),
        stage,
        regime,
        clock_status,
        received_on: row.received_on,
        start_on: row.start_on,
        due_on: row.due_on,
        resumes_on: row.resumes_on,
        stopped_on: row.stopped_on,
        replied_on: row.replied_on,
        warns_on: row.warns_on,
        latest_on: row.latest_on,
        closed_on: row.closed_on,
        is_late: row.is_late,
        is_extended: row.is_extended,
        outcome: outcome.transpose()?,
        department_id: row.department_id.map(|id| id.0),
        handler_id: row.handler_id.map(|id| id.0),
    })
}

/// The events of a log that are in effect, in order: every step as its last amendment left it. Of rows that were read in
/// part, those of what was read.
///
/// # Errors
/// [`OfficeError::Unreadable`] if an event is malformed, or a newer release recorded it and this one does not know it.
pub fn read_log(log: &[EventRow]) -> Result<Vec<Event>, OfficeError> {
    let case = log.first().map(|row| row.case_id.0);
    effective(recorded(log)?).map_err(|why| unreadable_amendment(case, &why))
}

/// The recorded events of a log, as they were recorded.
///
/// # Errors
/// As [`read_log`].
pub(in crate::office) fn recorded(log: &[EventRow]) -> Result<Vec<Recorded>, OfficeError> {
    let one = |row: &EventRow| {
        let event = read_event(row)?;
        let actor = row.actor_id.map(|id| id.0);
        Ok(Recorded { seq: row.seq, entry: row.entry, actor, recorded_on: civil_day(row.recorded_at.0), event })
    };
    log.iter().map(one).collect()
}

/// The steps of a log.
///
/// # Errors
/// As [`read_log`].
pub(in crate::office) fn steps_of(log: &[EventRow]) -> Result<Vec<Step>, OfficeError> {
    let case = log.first().map(|row| row.case_id.0);
    steps(recorded(log)?).map_err(|why| unreadable_amendment(case, &why))
}

fn unreadable_amendment(case: Option<uuid::Uuid>, why: &log::Unread) -> OfficeError {
    OfficeError::unreadable(format!("an amendment in case {}: {why:?}", case.unwrap_or_default()))
}

/// Parses an event of a log.
///
/// # Errors
/// As [`read_log`].
pub(in crate::office) fn read_event(row: &EventRow) -> Result<Event, OfficeError> {
    log::decode(&row.kind, &row.body).map_err(|why| match why {
        log::Unread::Newer => OfficeError::Unreadable(Unread::Newer { case: row.case_id.0, seq: row.seq }),
        log::Unread::OtherKind(found) => {
            let what = format!("event {} of case {}: {found} in a row of kind {}", row.seq, row.case_id.0, row.kind);
            OfficeError::unreadable(what)
        }
        log::Unread::Malformed(error) => {
            OfficeError::unreadable(format!("event {} of case {}: {error}", row.seq, row.case_id.0))
        }
    })
}

/// Folds a log to its case.
///
/// # Errors
/// [`OfficeError::Unreadable`] if an event is unknown or malformed, or the log is empty.
pub fn folded(log: &[EventRow]) -> Result<Case, OfficeError> {
    let mut case = fold(&read_log(log)?).ok_or_else(|| OfficeError::unreadable("a case without a log"))?;
    // Amendments take events away and add some; the version counts what was recorded.
    case.version = u32::try_from(log.len()).unwrap_or(u32::MAX);
    Ok(case)
}

/// Above this size a log accepts only short entries: longer texts belong in files, and every reader of the case loads
/// the complete log.
const LONG_LOG_BYTES: usize = 1 << 20;
/// Maximum size of a short entry: any step with a page of reasons.
const SHORT_ENTRY_BYTES: usize = 8 << 10;
/// Above this size a log accepts only entries that move the case to another stage, so that it can still be closed.
const FULL_LOG_BYTES: usize = 2 << 20;

/// The size of events in the log, in bytes.
pub(in crate::office) fn bytes_of(events: &[NewEvent]) -> usize {
    events.iter().map(|event| event.body.len()).sum()
}

/// Refuses entries that are too long for a log of this size. Each request loads the complete case, so without a limit a
/// few requests for one huge case could saturate all cores.
///
/// # Errors
/// [`OfficeError::Refused`] `case_too_long`.
pub(in crate::office) fn refuse_endless_log(file: &CaseFile, events: &[Event]) -> Result<(), OfficeError> {
    if file.log_bytes <= LONG_LOG_BYTES {
        return Ok(());
    }
    let is_short = bytes_of(&written(events)?) <= SHORT_ENTRY_BYTES;
    let moves_on = || {
        let after = events.iter().fold(Some(file.case.clone()), crate::case::evolve);
        after.is_some_and(|after| after.stage != file.case.stage)
    };
    if is_short && (file.log_bytes <= FULL_LOG_BYTES || moves_on()) {
        return Ok(());
    }
    let detail = "本案的记录过长（超过1MB后只能录入简短的记录，超过2MB后只能办理进入下一环节的事项）：请缩短文字，长的材料另行归卷";
    Err(OfficeError::Refused { code: "case_too_long".into(), article: None, detail: detail.into(), errors: Vec::new() })
}

/// Serialises the events for the log.
pub(in crate::office) fn written(events: &[Event]) -> Result<Vec<NewEvent>, OfficeError> {
    events
        .iter()
        .map(|event| {
            let body = log::encode(event).map_err(|error| OfficeError::Internal(error.to_string()))?;
            Ok(NewEvent { kind: event.kind().to_owned(), occurred_on: event.on(), body })
        })
        .collect()
}
