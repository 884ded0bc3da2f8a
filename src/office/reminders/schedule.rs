//! The mailroom: one pass of the reminders, and the clockwork that runs it in the service.
//!
//! A pass may run at any time, any number of times, in any number of instances: it asks what is owed and not yet told,
//! and each step of each duty is told to each person once.

use super::foresight::ForeseenDuties;
use super::pass::Pass;
use crate::case::reminder_days::Days;
use crate::case::reminder_policy::{DayKind, Rule, Standing};
use crate::config::Settings;
use crate::law::Calendar;
use crate::mail::because::Because;
use crate::mail::render::BrokenTemplate;
use crate::mail::smtp::{self, Mailbox, OfficeHours, Relay, SetupError};
use crate::office::Reminders;
use crate::office::clock::instant_on;
use crate::office::{Office, OfficeError};
use crate::store::reminders::{self, After, Which};
use crate::store::{Db, ObligationId, OrganId, Store, StoreError, Ts};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
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

/// Tells what the clock on the office's wall shows.
pub type OfficeTime = Arc<dyn Fn() -> NaiveDateTime + Send + Sync>;

/// When a pass looks: the office's day, and the time of the day where mail has to mind the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub day: NaiveDate,
    /// The time in Asia/Shanghai; `None`: mail may go out at once, whatever the window.
    pub time: Option<NaiveTime>,
}

impl Moment {
    pub(super) fn at(self) -> Option<NaiveDateTime> {
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
    /// What the pass asked of the office.
    #[error(transparent)]
    Office(#[from] OfficeError),
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
    /// What its date is.
    pub day: DayKind,
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
        let (day, due_on, standing) = (self.day.name(), self.due_on, self.day.standing(self.standing));
        match &self.estimate {
            Some(estimate) => format!("{day}最早{due_on}  {standing}（{estimate}）"),
            None => format!("{day}{due_on}  {standing}"),
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

/// An office that queues its reminders, and the mailbox they come from.
#[derive(Debug, Clone)]
pub struct Mailroom {
    office: Office,
    from: Mailbox,
}

impl Reminders<'_> {
    /// What queues this office's reminders.
    ///
    /// # Errors
    /// [`MailError::Setup`] when the sender in the settings is no mailbox.
    pub fn mailroom(&self) -> Result<Mailroom, MailError> {
        Ok(Mailroom { office: Office::clone(self), from: smtp::sender(&self.settings().smtp)? })
    }
}

impl Mailroom {
    /// Ends the duties that ended by themselves. A case that cannot be brought up to date must not silence the others.
    pub fn settle(&self) {
        if let Err(cause) = self.office.cases().resume_silent() {
            tracing::error!(%cause, "duties that ended by themselves could not be ended before the reminders");
        }
    }

    /// The relay of the settings, sending in this office's hours and words; `None` when no host is set.
    ///
    /// # Errors
    /// [`SetupError`] names the setting.
    pub fn relay(&self, settings: &Settings, office_time: &OfficeTime) -> Result<Option<Relay>, SetupError> {
        let (office, clock) = (self.office.clone(), office_time.clone());
        let wait = move |db: &mut Db, organ: Option<OrganId>, pause: Duration| {
            let pause = TimeDelta::from_std(pause).unwrap_or_default();
            let wait = pause + office.reminders().mail_wait(db, organ, clock() + pause)?;
            Ok(wait.to_std().unwrap_or_default())
        };
        let clock = office_time.clone();
        let hours = OfficeHours { today: Arc::new(move || clock().date()), wait: Arc::new(wait) };
        let relay = Relay::from_settings(&settings.smtp)?;
        Ok(relay.map(|relay| relay.with_office(hours, Arc::clone(self.office.templates()))))
    }

    /// The store it works on.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.office.store()
    }

    /// The office's own templates that cannot be used.
    #[must_use]
    pub fn broken_templates(&self) -> &[BrokenTemplate] {
        self.office.templates().broken()
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
        let mut pass = Pass::new(&self.office, &self.from, moment, false)?;
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
        let mut pass = Pass::new(&self.office, &self.from, moment, true)?;
        pass.annual_reports()?;
        let foreseen = self.office.store().read(|db| self.office.reminders().foreseen(db, moment.day))?;
        self.all(&mut pass, Which::All, &foreseen)?;
        let horizon = self.horizon(&pass);
        for (id, due_on) in foreseen {
            if let Some(due_on) = due_on.filter(|due_on| *due_on <= horizon) {
                let duty = self.office.store().read(|db| reminders::as_if_due(db, id, due_on))?;
                pass.one(&duty)?;
            }
        }
        let mut report = pass.finish()?;
        report.withdrawn = self.office.store().read(|db| reminders::outdated_mails(db, moment.day))?.len();
        Ok(report)
    }

    /// Withdraws the waiting mails that would say on `today` what is no longer so, and answers how many, and of which
    /// duties: those that still stand are owed their reminder again.
    ///
    /// # Errors
    /// The database's.
    pub fn withdraw_outdated(&self, today: NaiveDate) -> Result<(usize, Vec<ObligationId>), MailError> {
        let outdated = self.office.store().read(|db| reminders::outdated_mails(db, today))?;
        let (mut withdrawn, mut freed) = (0, Vec::new());
        for key in outdated {
            if let Some(duties) = self.office.store().write(|db| reminders::withdraw(db, &key))? {
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
            let page = self.office.store().read(|db| reminders::open_duties(db, horizon, which, after, PAGE))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(After(last.due_on, last.id));
            for duty in page.iter().filter(|duty| !but.contains_key(&duty.id)) {
                match pass.one(duty) {
                    // One row that cannot be read must not keep everybody else from being reminded.
                    Err(
                        MailError::Store(StoreError::Corrupt(why)) | MailError::Office(OfficeError::Unreadable(why)),
                    ) => {
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
        let done = self.office.store().read(reminders::pass_done)?;
        if done.is_some_and(|done| done >= moment.day) {
            return self.remind(moment, last_look).map(Some);
        }
        if !is_hour_come {
            self.withdraw_outdated(moment.day)?;
            return Ok(None);
        }
        let report = self.remind(moment, None)?;
        self.office.store().write(|db| reminders::record_pass(db, moment.day))?;
        Ok(Some(report))
    }

    fn horizon(&self, pass: &Pass<'_>) -> NaiveDate {
        let day = Days::new(Calendar::national()).after(pass.moment().day, u32::from(pass.longest_lead()));
        day.checked_add_signed(HORIZON_MARGIN).unwrap_or(day)
    }
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
