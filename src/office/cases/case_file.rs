//! Opening a case and committing what was decided: log, row, obligations, all in the caller's transaction.

use crate::case::{
    Actor, Case, Context, Event, Obligation, OrganRules, Role, Stage, Summary, as_it_stood, fold, obligations_under,
    summary,
};
use crate::law::{Calendar, ClockStatus, Outcome, Regime};
use crate::office::Cases;
use crate::office::clock::instant_on;
use crate::office::{Caller, Office, OfficeError};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow, LogEnd, NewEvent};
use crate::store::cases::{
    obligations as duties,
    obligations::{Duty, ObligationRow},
};
use crate::store::people::organs::{OrganRow, Seat};
use crate::store::{CaseId, Db, DepartmentId, OrganId, UserId, calendar, cases, people::organs, supervision::orders};
use chrono::NaiveDate;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A row, with its file or why there is none.
pub(in crate::office) type FileOrFault = (CaseRow, Result<CaseFile, OfficeError>);

/// The desks of the organs that a list or a pass meets, each made once.
#[derive(Debug, Default)]
pub(in crate::office) struct Desks {
    /// Organs that were read and whose desk was not asked for yet.
    seats: HashMap<OrganId, Seat>,
    made: HashMap<OrganId, Result<Desk, String>>,
}

impl Desks {
    /// Desks of organs that were read already; those of others are read when they are asked for.
    pub(in crate::office) fn of_seats(seats: Vec<Seat>) -> Self {
        Self { seats: seats.into_iter().map(|seat| (seat.organ.id, seat)).collect(), made: HashMap::new() }
    }

    /// The desks of the organs of these cases, read in one statement.
    ///
    /// # Errors
    /// What every read may meet.
    pub(in crate::office) fn of_rows(db: &mut Db, rows: &[CaseRow]) -> Result<Self, OfficeError> {
        let ids: BTreeSet<OrganId> = rows.iter().map(|row| row.organ_id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self::of_seats(organs::seats_of(db, &ids.into_iter().collect::<Vec<_>>())?))
    }

    /// The desk of an organ, or why it cannot be read: that is the trouble of one organ, the others go on. It is logged
    /// once.
    ///
    /// # Errors
    /// What every read may meet, but not [`OfficeError::Unreadable`].
    pub(in crate::office) fn of(
        &mut self,
        office: &Office,
        db: &mut Db,
        organ: OrganId,
    ) -> Result<Result<&Desk, &str>, OfficeError> {
        let desk = match self.made.entry(organ) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match office.cases().desk_among(db, &mut self.seats, organ) {
                Ok(desk) => Ok(desk),
                Err(OfficeError::Unreadable(reason)) => {
                    tracing::error!(organ = %organ.0, reason, "an organ is passed over: its settings cannot be read");
                    Err(reason)
                }
                Err(other) => return Err(other),
            }),
        };
        Ok(desk.as_ref().map_err(String::as_str))
    }
}

/// What an organ decides by.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The organ.
    pub organ: OrganRow,
    /// Its settings.
    pub rules: OrganRules,
    /// Its calendar.
    pub calendar: Arc<Calendar>,
}

/// An open case: its row, the case its log folds to, and what its organ decides by.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The row.
    pub row: CaseRow,
    /// The case.
    pub case: Case,
    /// The organ's settings; the calendar is the one the case is computed by, which its row names.
    pub desk: Desk,
    /// The calendar of what still runs: for an open case its own, for one that has ended the one in force.
    pub running: Arc<Calendar>,
    /// The calendar in force for the organ.
    pub in_force: Arc<Calendar>,
    /// Bytes of the events that were read.
    pub log_bytes: usize,
    /// Where the log ends.
    pub log_end: LogEnd,
    /// Subject tags, if they were read with the row: those of a file that was opened by itself.
    pub tags: Option<Vec<String>>,
}

impl CaseFile {
    /// What `case` functions are told besides the case, to say what may be done from now on.
    #[must_use]
    pub fn context<'a>(&'a self, actor: &'a Actor, today: NaiveDate) -> Context<'a> {
        Context { actor, today, calendar: &self.running, rules: &self.desk.rules }
    }

    /// What `case` functions are told besides the case, to say what its dates are: the calendar is its own.
    #[must_use]
    pub fn own_context<'a>(&'a self, actor: &'a Actor, today: NaiveDate) -> Context<'a> {
        Context { actor, today, calendar: &self.desk.calendar, rules: &self.desk.rules }
    }

    /// Every duty the case has or had, on `today`.
    #[must_use]
    pub fn duties(&self, today: NaiveDate) -> Vec<Obligation> {
        let nobody = nobody();
        obligations_under(&self.case, &self.own_context(&nobody, today), &self.context(&nobody, today))
    }

    /// The same duties as they are written.
    #[must_use]
    pub fn written_duties(&self, today: NaiveDate) -> Vec<Duty> {
        let written = |duty: Obligation| Duty {
            key: duty.key,
            kind: duty.kind.code().to_owned(),
            due_on: duty.due_on,
            latest_on: duty.latest_on,
            status: duty.status.code().to_owned(),
            owner_id: duty.owner.map(UserId),
            department_id: duty.department.map(DepartmentId),
            article: duty.article.to_owned(),
        };
        self.duties(today).into_iter().map(written).collect()
    }
}

/// Nobody in particular: for what is derived, not decided.
#[must_use]
pub fn nobody() -> Actor {
    Actor { user: uuid::Uuid::nil(), roles: BTreeSet::new(), department: None }
}

/// The caller with these roles.
#[must_use]
pub fn actor(caller: &Caller, roles: &BTreeSet<Role>) -> Actor {
    Actor { user: caller.user_id.0, roles: roles.clone(), department: caller.department_id.map(|id| id.0) }
}

impl Cases<'_> {
    /// Settings and calendar of an organ.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`]; [`OfficeError::Unreadable`] when its settings or its calendar cannot be read.
    pub fn desk(&self, db: &mut Db, organ: OrganId) -> Result<Desk, OfficeError> {
        let seat = organs::seat(db, organ)?;
        self.desk_of(db, seat)
    }

    /// As [`Cases::desk`], of an organ that was read.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`], as [`Cases::desk`].
    pub(in crate::office) fn desk_of(&self, db: &mut Db, seat: Seat) -> Result<Desk, OfficeError> {
        let Seat { organ, in_force } = seat;
        let rules = crate::store::stored_object(&organ.settings)
            .map_err(|error| OfficeError::Unreadable(format!("settings of organ {}: {error}", organ.code)))?;
        let calendar = self.calendars().calendar_by(db, &organ.region, &in_force)?;
        Ok(Desk { organ, rules, calendar })
    }

    fn desk_among(&self, db: &mut Db, seats: &mut HashMap<OrganId, Seat>, organ: OrganId) -> Result<Desk, OfficeError> {
        match seats.remove(&organ) {
            Some(seat) => self.desk_of(db, seat),
            None => self.desk(db, organ),
        }
    }

    /// The case of an id, folded from its log.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`]; [`OfficeError::Unreadable`] for a log that cannot be read.
    pub fn open_file(&self, db: &mut Db, id: CaseId) -> Result<CaseFile, OfficeError> {
        let (row, tags, seat) = cases::find_with_seat(db, id)?;
        let log = events::load(db, id)?;
        let desk = self.desk_of(db, seat)?;
        self.put_together(db, (row, Some(tags)), &log, desk)
    }

    /// As [`Cases::open_file`], held against other writers until the transaction ends.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub fn lock_file(&self, db: &mut Db, id: CaseId) -> Result<CaseFile, OfficeError> {
        calendar::keep_in_force(db)?;
        let row = cases::lock(db, id)?;
        self.file_of(db, row)
    }

    /// As [`Cases::lock_file`], of an organ that was read in this transaction after the calendar was held.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub(in crate::office) fn lock_file_at(&self, db: &mut Db, id: CaseId, seat: Seat) -> Result<CaseFile, OfficeError> {
        let row = cases::lock(db, id)?;
        // After the lock: who held it before may have changed the tags.
        let (log, tags) = events::load_with_tags(db, id)?;
        let desk = self.desk_of(db, seat)?;
        self.put_together(db, (row, Some(tags)), &log, desk)
    }

    /// The case as it stood at the end of a day: what is dated later has not happened, so that a later order cannot hide
    /// the reply that was given by then.
    ///
    /// # Errors
    /// As [`Cases::open_file`]; [`OfficeError::NotFound`] for a day before it came in.
    pub fn open_file_as_of(&self, db: &mut Db, id: CaseId, day: NaiveDate) -> Result<CaseFile, OfficeError> {
        let (row, tags, seat) = cases::find_with_seat(db, id)?;
        let log = events::load(db, id)?;
        let desk = self.desk_of(db, seat)?;
        let mut file = self.put_together(db, (row, Some(tags)), &log, desk)?;
        file.case = as_it_stood(&read_log(&log)?, day).ok_or(OfficeError::NotFound)?;
        file.desk.calendar = self.calendars().calendar_as_of(db, &file.row, &file.desk, day)?;
        Ok(file)
    }

    /// The file of a row in hand.
    pub(in crate::office) fn file_of(&self, db: &mut Db, row: CaseRow) -> Result<CaseFile, OfficeError> {
        let log = events::load(db, row.id)?;
        let desk = self.desk(db, row.organ_id)?;
        self.put_together(db, (row, None), &log, desk)
    }

    /// The files of rows in hand: one query for their logs, one for their organs. A log, or the settings of an organ, that cannot be read is
    /// the error of its own cases, [`OfficeError::Unreadable`]; any other error is everybody's.
    pub(in crate::office) fn files_of(&self, db: &mut Db, rows: Vec<CaseRow>) -> Result<Vec<FileOrFault>, OfficeError> {
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let logs = events::load_many(db, &ids)?;
        let mut desks = Desks::of_rows(db, &rows)?;
        let mut files = Vec::with_capacity(rows.len());
        for row in rows {
            let log = logs.get(&row.id).map_or(&[][..], Vec::as_slice);
            let file = match desks.of(self, db, row.organ_id)? {
                Ok(desk) => self.put_together(db, (row.clone(), None), log, desk.clone()),
                Err(reason) => Err(OfficeError::Unreadable(reason.to_owned())),
            };
            match file {
                Ok(_) | Err(OfficeError::Unreadable(_)) => files.push((row, file)),
                Err(other) => return Err(other),
            }
        }
        Ok(files)
    }

    fn put_together(
        &self,
        db: &mut Db,
        (row, tags): (CaseRow, Option<Vec<String>>),
        log: &[EventRow],
        mut desk: Desk,
    ) -> Result<CaseFile, OfficeError> {
        let case = folded(log)?;
        let own = self.calendars().calendar_of(db, &row, &desk)?;
        let in_force = std::mem::replace(&mut desk.calendar, Arc::clone(&own));
        let running = if case.stage.is_open() { own } else { Arc::clone(&in_force) };
        let log_bytes = log.iter().map(|event| event.body.len()).sum();
        Ok(CaseFile { row, case, desk, running, in_force, log_bytes, log_end: LogEnd::of(log), tags })
    }

    /// Writes what was decided: events, row (version checked), obligations. `actor` is who recorded it.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] when somebody else was first.
    pub fn commit(
        &self,
        db: &mut Db,
        file: CaseFile,
        events: &[Event],
        actor: Option<UserId>,
    ) -> Result<CaseFile, OfficeError> {
        let was_open = file.case.stage.is_open();
        let after = events.iter().fold(Some(file.case), crate::case::evolve);
        let case = after.ok_or_else(|| OfficeError::Internal("a log without its first event".into()))?;
        let now = self.clock().now();
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
            // Reopened by an order: the new period is one of today's calendar.
            file.desk.calendar = Arc::clone(&file.running);
        }
        derive_row(&mut file, self.clock().today());
        file.row.version = seq;
        file.row.updated_at = now;
        cases::update(db, &file.row, before)?;
        self.commit_duties(db, &file)?;
        Ok(file)
    }

    /// Writes the obligations of a case as they stand today, and says how many changed.
    pub(in crate::office) fn commit_duties(&self, db: &mut Db, file: &CaseFile) -> Result<usize, OfficeError> {
        let known = duties::of_case(db, file.row.id)?;
        let changed = self.replace_duties(db, file, &known)?;
        if known.iter().any(|row| row.status == duties::OPEN && row.key.starts_with(duties::ORDER)) {
            let owner = orders::Owner { user: file.row.handler_id, department: file.row.department_id };
            orders::follow_case(db, file.row.id, owner, self.clock().now())?;
        }
        Ok(changed)
    }

    /// Writes the obligations of a case in place of those that are `known`, none for a new case.
    pub(in crate::office) fn replace_duties(
        &self,
        db: &mut Db,
        file: &CaseFile,
        known: &[ObligationRow],
    ) -> Result<usize, OfficeError> {
        let owed = file.written_duties(self.clock().today());
        let since = instant_on(self.clock().today());
        Ok(duties::replace_known(db, (file.row.organ_id, file.row.id), known, &owed, since)?)
    }
}

/// The derived columns of the row, as of `today`.
pub(in crate::office) fn derive_row(file: &mut CaseFile, today: NaiveDate) {
    let nobody = nobody();
    let derived: Summary = summary(&file.case, &file.own_context(&nobody, today));
    let row = &mut file.row;
    row.number = derived.number;
    row.stage = derived.stage.code().to_owned();
    row.is_open = derived.stage.is_open();
    row.regime = derived.regime.map(|regime| regime.code().to_owned());
    row.clock_status = derived.clock_status.map_or("none", crate::law::ClockStatus::code).to_owned();
    row.received_on = derived.received_on;
    row.start_on = derived.start_on;
    row.due_on = derived.due_on;
    row.resumes_on = derived.resumes_on;
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

/// What a row says of its case: [`derive_row`] the other way round.
///
/// # Errors
/// [`OfficeError::Unreadable`] for a code this program does not know.
pub(in crate::office) fn derived_of(row: &CaseRow) -> Result<Summary, OfficeError> {
    let unknown = |what: &str| OfficeError::Unreadable(format!("{what} of case {}", row.id.0));
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

/// The events of a log, read back.
///
/// # Errors
/// [`OfficeError::Unreadable`] for an event this program does not know.
pub fn read_log(log: &[EventRow]) -> Result<Vec<Event>, OfficeError> {
    log.iter()
        .map(|row| {
            serde_json::from_str(&row.body).map_err(|error| {
                OfficeError::Unreadable(format!("event {} of case {}: {error}", row.seq, row.case_id.0))
            })
        })
        .collect()
}

/// The case a log folds to.
///
/// # Errors
/// As [`read_log`]; [`OfficeError::Unreadable`] for an empty log.
pub fn folded(log: &[EventRow]) -> Result<Case, OfficeError> {
    fold(&read_log(log)?).ok_or_else(|| OfficeError::Unreadable("a case without a log".into()))
}

/// From here on a log takes only short entries: what is longer belongs in a file, and every reader of the case reads all.
const LONG_LOG_BYTES: usize = 1 << 20;
/// An entry that is short: any step with a page of reasons.
const SHORT_ENTRY_BYTES: usize = 8 << 10;
/// From here on a log takes only entries that bring the case to another stage, so that it can still be ended.
const FULL_LOG_BYTES: usize = 2 << 20;

/// Bytes that events take in the log.
pub(in crate::office) fn bytes_of(events: &[NewEvent]) -> usize {
    events.iter().map(|event| event.body.len()).sum()
}

/// A case is read whole with each request for it. Without an end of its log, a few requests for one case would take the
/// cores from everybody else.
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

/// The events as they are written.
pub(in crate::office) fn written(events: &[Event]) -> Result<Vec<NewEvent>, OfficeError> {
    events
        .iter()
        .map(|event| {
            let body = serde_json::to_string(event).map_err(|error| OfficeError::Internal(error.to_string()))?;
            Ok(NewEvent { kind: event.kind().to_owned(), occurred_on: event.on(), body })
        })
        .collect()
}
