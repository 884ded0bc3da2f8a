//! The mailroom: one pass of the reminders, and the clockwork that runs it in the service.
//!
//! A pass may run at any time, any number of times, in any number of instances: it asks what is owed and not yet told,
//! and each step of each duty is told to each person once.

mod pass;

use super::people::Because;
use super::render::{BrokenTemplate, RenderError, Templates};
use super::settings::OrganReminders;
use super::smtp::{self, OfficeHours, Relay, SetupError};
use crate::case::reminder_days::Days;
use crate::case::reminder_policy::{Rule, Standing};
use crate::case::{Case, OrganRules};
use crate::config::{Reminders, Settings, Smtp};
use crate::law::Calendar;
use crate::store::reminders::{self, After, Which};
use crate::store::{self, CaseId, Db, ObligationId, OrganId, Store, StoreError, Ts, organs, reminder_settings};
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use lettre::message::Mailbox;
use pass::Pass;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Duties read at a time.
const PAGE: i64 = 200;
/// How often the service looks.
const TICK: Duration = Duration::from_secs(60);
/// Changes are looked for a little further back than the last look: another instance's clock, a transaction in flight.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// Beyond the longest lead, so that no region's holidays push a duty out of sight.
const HORIZON_MARGIN: TimeDelta = TimeDelta::days(15);
/// The office's clock: +08:00 all year.
const SECONDS_EAST: i32 = 8 * 3600;

/// Gives the calendar of a region ('' is the whole country).
pub type CalendarOf = Arc<dyn Fn(&mut Db, &str) -> Result<Arc<Calendar>, StoreError> + Send + Sync>;

/// Tells what the clock on the office's wall shows.
pub type OfficeTime = Arc<dyn Fn() -> NaiveDateTime + Send + Sync>;

/// Gives a case with its organ's settings, to see what may be done in it.
pub type DossierOf = Arc<dyn Fn(&mut Db, CaseId) -> Result<Dossier, StoreError> + Send + Sync>;

/// Ends the duties that ended by themselves as the days went by.
pub type Settles = Arc<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

/// Duties that will stand otherwise once settled, by id: their last day, or none when they are no longer owed.
pub type ForeseenDuties = BTreeMap<ObligationId, Option<NaiveDate>>;

/// Says what [`Settles`] would do on a day, and does not do it.
pub type Foresees = Arc<dyn Fn(&mut Db, NaiveDate) -> Result<ForeseenDuties, StoreError> + Send + Sync>;

/// A case and what its organ decides by.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The case.
    pub case: Case,
    /// The organ's settings.
    pub rules: OrganRules,
}

/// When a pass looks: the office's day, and the time of the day where mail has to mind the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub day: NaiveDate,
    /// The time in Asia/Shanghai; `None`: mail may go out at once, whatever the window.
    pub time: Option<NaiveTime>,
}

impl Moment {
    fn at(self) -> Option<NaiveDateTime> {
        self.time.map(|time| self.day.and_time(time))
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(at: NaiveDateTime) -> Self {
        Self { day: at.date(), time: Some(at.time()) }
    }
}

impl From<NaiveDate> for Moment {
    fn from(day: NaiveDate) -> Self {
        Self { day, time: None }
    }
}

/// Why a pass did not run.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings are not usable.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A template is broken.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One step that a pass tells somebody of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// 受理编号, or nothing.
    pub case_number: Option<String>,
    /// What the duty is called.
    pub duty: &'static str,
    /// Whether its date is no last day, only the day on which the office looks after it.
    pub is_follow_up: bool,
    /// Its date.
    pub due_on: NaiveDate,
    /// The line that says between which days the date lies, while a notice is not out.
    pub estimate: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// The rule that asked for the mail.
    pub rule: Rule,
    /// Reminder days that this mail makes good.
    pub missed: Vec<NaiveDate>,
    /// Who gets it.
    pub person: String,
    /// Where.
    pub to: String,
    /// Why this person.
    pub because: Because,
    /// When the window opens for it, by the office's clock; `None`: it may go out at once.
    pub opens: Option<NaiveDateTime>,
    /// Whether it is one of several in the person's mail of the day.
    pub is_in_digest: bool,
}

/// A mail that is owed and cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// 受理编号, or nothing.
    pub case_number: Option<String>,
    /// What the duty is called.
    pub duty: &'static str,
    /// Its date.
    pub due_on: NaiveDate,
    /// Who should have got it, if anybody could be found.
    pub person: Option<String>,
    /// What is in the way.
    pub why: String,
}

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemindReport {
    /// Open duties near enough to be looked at.
    pub looked_at: usize,
    /// Steps told, each in a mail of its own or in the mail of the day.
    pub queued: Vec<Queued>,
    /// Steps owed that were told before, or wait for the mail of the next day.
    pub known: usize,
    /// Waiting mails that were withdrawn because they were out of date.
    pub withdrawn: usize,
    /// Duties nobody can be told of, or persons whose address is none.
    pub unreachable: Vec<Unreachable>,
}

impl Queued {
    /// Its day and where it stands, as a line of a list says it.
    #[must_use]
    pub fn says(&self) -> String {
        let due_on = self.due_on;
        match self.is_follow_up {
            true => format!("核查日{due_on}  {}", self.standing.follow_up_label()),
            false => match &self.estimate {
                Some(estimate) => format!("期限最早{due_on}  {}（{estimate}）", self.standing.label()),
                None => format!("期限{due_on}  {}", self.standing.label()),
            },
        }
    }
}

impl RemindReport {
    /// Reminder days that the queued mails make good.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.queued.iter().map(|line| line.missed.len()).sum()
    }
}

/// What a pass needs: the store, the calendars, the sender, the policies, the templates.
#[derive(Clone)]
pub struct Mailroom {
    store: Store,
    calendar_of: CalendarOf,
    dossier_of: Option<DossierOf>,
    settles: Option<Settles>,
    foresees: Option<Foresees>,
    from: Mailbox,
    settings: Arc<Reminders>,
    templates: Arc<Templates>,
}

impl std::fmt::Debug for Mailroom {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Mailroom").field("from", &self.from).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Mailroom {
    /// A mailroom of the settings. It knows no case: see [`Mailroom::with_dossiers`].
    ///
    /// # Errors
    /// [`MailError::Setup`] when the sender is no mailbox.
    pub fn new(
        store: Store,
        smtp: &Smtp,
        reminders: &Reminders,
        templates: Arc<Templates>,
        calendar_of: CalendarOf,
    ) -> Result<Self, MailError> {
        let from = smtp::sender(smtp)?;
        let settings = Arc::new(reminders.clone());
        Ok(Self { store, calendar_of, dossier_of: None, settles: None, foresees: None, from, settings, templates })
    }

    /// The same, and its mails say what may be done in a case.
    #[must_use]
    pub fn with_dossiers(self, dossier_of: DossierOf) -> Self {
        Self { dossier_of: Some(dossier_of), ..self }
    }

    /// The same, and before a day's pass it brings duties up to date that ended by themselves.
    #[must_use]
    pub fn with_settling(self, settles: Settles) -> Self {
        Self { settles: Some(settles), ..self }
    }

    /// The same, and a preview sees the duties as settling would leave them.
    #[must_use]
    pub fn with_foresight(self, foresees: Foresees) -> Self {
        Self { foresees: Some(foresees), ..self }
    }

    /// Ends the duties that ended by themselves. A case that cannot be brought up to date must not silence the others.
    pub fn settle(&self) {
        if let Some(Err(cause)) = self.settles.as_ref().map(|settles| settles()) {
            tracing::error!(%cause, "duties that ended by themselves could not be ended before the reminders");
        }
    }

    /// The relay of the settings, sending in this office's hours and words; `None` when no host is set.
    ///
    /// # Errors
    /// [`SetupError`] names the setting.
    pub fn relay(&self, settings: &Settings, office_time: &OfficeTime) -> Result<Option<Relay>, SetupError> {
        let (room, clock) = (self.clone(), office_time.clone());
        let wait = move |db: &mut Db, organ: Option<OrganId>, pause: Duration| {
            let pause = TimeDelta::from_std(pause).unwrap_or_default();
            let wait = pause + room.wait(db, organ, clock() + pause)?;
            Ok(wait.to_std().unwrap_or_default())
        };
        let clock = office_time.clone();
        let hours = OfficeHours { today: Arc::new(move || clock().date()), wait: Arc::new(wait) };
        let relay = Relay::from_settings(&settings.smtp)?;
        Ok(relay.map(|relay| relay.with_office(hours, Arc::clone(&self.templates))))
    }

    /// How long mail about `organ` (none: about the whole house) has to wait at `at` for its window to open.
    ///
    /// # Errors
    /// As every read; settings that cannot be read are [`StoreError::Corrupt`].
    pub fn wait(&self, db: &mut Db, organ: Option<OrganId>, at: NaiveDateTime) -> Result<TimeDelta, StoreError> {
        let (own, region) = match organ {
            Some(organ) => (reminder_settings::find(db, organ)?, organs::find(db, organ)?.region),
            None => (None, String::new()),
        };
        let own = own.map(|content| store::stored_object::<OrganReminders>(&content)).transpose();
        let own = own.map_err(|cause| StoreError::Corrupt(cause.to_string()))?.unwrap_or_default();
        let calendar = (self.calendar_of)(db, &region)?;
        Ok(own.over(&self.settings).window.wait(&Days::new(&calendar), at))
    }

    /// The store it works on.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The office's own templates that cannot be used.
    #[must_use]
    pub fn broken_templates(&self) -> &[BrokenTemplate] {
        self.templates.broken()
    }

    /// Queues every reminder owed at that moment that is not told yet; with `changed_since`, only those of duties that
    /// changed since. Before that it withdraws the waiting mails that are out of date; without `changed_since` it first ends
    /// what ended by itself, and brings the organs' own yearly duties up to date.
    ///
    /// # Errors
    /// The database's; what was queued before stays queued, and the next pass goes on from there.
    pub fn remind(&self, moment: impl Into<Moment>, changed_since: Option<Ts>) -> Result<RemindReport, MailError> {
        let moment = moment.into();
        if changed_since.is_none() {
            self.settle();
        }
        let (withdrawn, freed) = self.withdraw_outdated(moment.day)?;
        let mut pass = Pass::new(self, moment, false)?;
        let nobody = ForeseenDuties::new();
        match changed_since {
            None => {
                pass.annual_reports()?;
                self.all(&mut pass, Which::All, &nobody)?;
            }
            Some(since) => {
                self.all(&mut pass, Which::Changed(since), &nobody)?;
                self.all(&mut pass, Which::These(&freed), &nobody)?;
            }
        }
        let mut report = pass.finish()?;
        report.withdrawn = withdrawn;
        Ok(report)
    }

    /// What [`Mailroom::remind`] would queue at that moment. Changes nothing.
    ///
    /// # Errors
    /// As every read.
    pub fn preview(&self, moment: impl Into<Moment>) -> Result<RemindReport, MailError> {
        let moment = moment.into();
        let mut pass = Pass::new(self, moment, true)?;
        pass.annual_reports()?;
        let foreseen = match &self.foresees {
            Some(foresees) => self.store.read(|db| foresees(db, moment.day))?,
            None => ForeseenDuties::new(),
        };
        self.all(&mut pass, Which::All, &foreseen)?;
        let horizon = self.horizon(&pass);
        for (id, due_on) in foreseen {
            if let Some(due_on) = due_on.filter(|due_on| *due_on <= horizon) {
                let duty = self.store.read(|db| reminders::as_if_due(db, id, due_on))?;
                pass.one(&duty)?;
            }
        }
        let mut report = pass.finish()?;
        report.withdrawn = self.store.read(|db| reminders::outdated_mails(db, moment.day))?.len();
        Ok(report)
    }

    /// Withdraws the waiting mails that would say on `today` what is no longer so, and answers how many, and of which
    /// duties: those that still stand are owed their reminder again.
    ///
    /// # Errors
    /// The database's.
    pub fn withdraw_outdated(&self, today: NaiveDate) -> Result<(usize, Vec<ObligationId>), MailError> {
        let outdated = self.store.read(|db| reminders::outdated_mails(db, today))?;
        let (mut withdrawn, mut freed) = (0, Vec::new());
        for key in outdated {
            if let Some(duties) = self.store.write(|db| reminders::withdraw(db, &key))? {
                withdrawn += 1;
                freed.extend(duties);
            }
        }
        Ok((withdrawn, freed))
    }

    /// Every duty but those `but` names.
    fn all(&self, pass: &mut Pass<'_>, which: Which<'_>, but: &ForeseenDuties) -> Result<(), MailError> {
        let horizon = self.horizon(pass);
        let mut after = None;
        loop {
            let page = self.store.read(|db| reminders::open_duties(db, horizon, which, after, PAGE))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(After(last.due_on, last.id));
            for duty in page.iter().filter(|duty| !but.contains_key(&duty.id)) {
                match pass.one(duty) {
                    // One row that cannot be read must not keep everybody else from being reminded.
                    Err(MailError::Store(StoreError::Corrupt(why))) => {
                        tracing::error!(obligation = %duty.id.0, why, "a duty is passed over: its data cannot be read");
                        pass.unreachable(duty, None, why);
                    }
                    done => done?,
                }
            }
        }
    }

    /// What the service does every minute: the day's pass once the hour has come, if no instance has done it; after
    /// that only what changed since `last_look`. Mails that are out of date are withdrawn at any hour. Answers what was
    /// done, if anything.
    ///
    /// # Errors
    /// As [`Mailroom::remind`].
    pub fn tick(
        &self,
        moment: impl Into<Moment>,
        is_hour_come: bool,
        last_look: Option<Ts>,
    ) -> Result<Option<RemindReport>, MailError> {
        let moment = moment.into();
        let done = self.store.read(reminders::pass_done)?;
        if done.is_some_and(|done| done >= moment.day) {
            return self.remind(moment, last_look).map(Some);
        }
        if !is_hour_come {
            self.withdraw_outdated(moment.day)?;
            return Ok(None);
        }
        let report = self.remind(moment, None)?;
        self.store.write(|db| reminders::record_pass(db, moment.day))?;
        Ok(Some(report))
    }

    fn horizon(&self, pass: &Pass<'_>) -> NaiveDate {
        let day = Days::new(Calendar::national()).after(pass.moment().day, u32::from(pass.longest_lead()));
        day.checked_add_signed(HORIZON_MARGIN).unwrap_or(day)
    }
}

fn civil_day(at: Ts) -> NaiveDate {
    on_the_wall(at).date_naive()
}

/// The instant at which something of the office's `day` is written down: now, or noon when the office's clock stands on
/// another day. Since when a duty stands is told in the office's days, whatever the machine's date.
#[must_use]
pub fn instant_on(day: NaiveDate) -> Ts {
    let now = store::now();
    if civil_day(now) == day {
        return now;
    }
    let noon = day.and_time(NaiveTime::MIN) + TimeDelta::hours(12) - TimeDelta::seconds(i64::from(SECONDS_EAST));
    Ts(noon.and_utc())
}

/// An instant as the clock on the office wall shows it.
pub(super) fn on_the_wall(at: Ts) -> chrono::DateTime<FixedOffset> {
    let east = FixedOffset::east_opt(SECONDS_EAST);
    east.map_or_else(|| at.0.fixed_offset(), |east| at.0.with_timezone(&east))
}

/// Runs the schedule until cancelled: every minute one look. `hour` is the hour of the day from which the day's pass
/// may run; a service that starts later runs it at once.
pub async fn run(room: Mailroom, office_time: OfficeTime, hour: u32, cancel: CancellationToken) {
    let mut last_look: Option<Ts> = None;
    while !cancel.is_cancelled() {
        let at = office_time();
        let began = instant_on(at.date());
        let (passing, since) = (room.clone(), last_look);
        let pass = tokio::task::spawn_blocking(move || passing.tick(at, at.hour() >= hour, since)).await;
        match pass {
            Ok(Ok(report)) => {
                last_look = report.is_some().then(|| Ts(began.0 - OVERLAP)).or(last_look);
                if let Some(report) = report.filter(|report| !report.queued.is_empty() || report.withdrawn > 0) {
                    let (queued, missed, withdrawn) = (report.queued.len(), report.missed(), report.withdrawn);
                    tracing::info!(looked_at = report.looked_at, queued, missed, withdrawn, "reminders queued");
                }
            }
            Ok(Err(cause)) => tracing::error!(%cause, "the reminder pass failed and is tried again"),
            Err(cause) => tracing::error!(%cause, "the reminder pass ended badly and is tried again"),
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
