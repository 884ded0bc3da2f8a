//! The mailroom: a reminder pass, and the schedule that runs it in the service.
//!
//! A pass may run at any time, any number of times, in any number of instances: it queues only steps not yet sent, and
//! each step of each duty is sent to each person once.

use super::foresight::ForeseenDuties;
use super::pass::Pass;
use crate::case::reminder_days::Days;
use crate::case::reminder_policy::{DayKind, DutyTiming, ReminderRule};
use crate::config::Settings;
use crate::law::Calendar;
use crate::mail::because::Because;
use crate::mail::render::BrokenTemplate;
use crate::mail::smtp::{self, Mailbox, OfficeHours, Relay, SetupError};
use crate::office::clock::instant_on;
use crate::office::{Office, OfficeError, Reminders};
use crate::store::reminders::{self, After, Which};
use crate::store::{Db, ObligationId, OrganId, Store, StoreError, Ts};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Duties read per page.
const PAGE: i64 = 200;
/// The interval of the schedule.
const TICK: Duration = Duration::from_secs(60);
/// How far before the last run changes are looked for, to allow for clock differences and transactions in flight.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// Added to the longest lead, so that no region's holidays push a duty out of range.
const HORIZON_MARGIN: TimeDelta = TimeDelta::days(15);

/// Returns the current local time in Asia/Shanghai.
pub type OfficeTime = Arc<dyn Fn() -> NaiveDateTime + Send + Sync>;

/// The moment of a pass: the office's day, and the time if sending windows apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub day: NaiveDate,
    /// The time in Asia/Shanghai. `None` to ignore the sending windows.
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

/// The error of a pass.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail settings are invalid.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A use case failed.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// A database access failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One step of one duty for one person, as queued by a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// 受理编号, if there is one.
    pub case_number: Option<String>,
    /// The name of the duty.
    pub duty: &'static str,
    /// The kind of its date.
    pub day: DayKind,
    /// Its date.
    pub due_on: NaiveDate,
    /// The line with the range of the date, while a holiday notice is not published.
    pub estimate: Option<String>,
    /// The duty's state relative to its date.
    pub standing: DutyTiming,
    /// The rule that caused the mail.
    pub rule: ReminderRule,
    /// The missed reminder days that this mail makes up for.
    pub missed: Vec<NaiveDate>,
    /// The recipient's name.
    pub person: String,
    /// The recipient's address.
    pub to: String,
    /// The reason for choosing this recipient.
    pub because: Because,
    /// When its window opens, in local time. `None` if it may be sent at once.
    pub opens: Option<NaiveDateTime>,
    /// Whether it is part of a digest.
    pub is_in_digest: bool,
}

/// A mail that is due but cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// 受理编号, if there is one.
    pub case_number: Option<String>,
    /// The name of the duty.
    pub duty: &'static str,
    /// Its date.
    pub due_on: NaiveDate,
    /// The intended recipient, if there is one.
    pub person: Option<String>,
    /// The obstacle.
    pub why: String,
}

/// The result of a pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemindReport {
    /// Open duties within range.
    pub looked_at: usize,
    /// Steps queued, each in a mail of its own or in a digest.
    pub queued: Vec<Queued>,
    /// Due steps that were sent before or wait for the next digest.
    pub known: usize,
    /// Queued mails withdrawn because they were out of date.
    pub withdrawn: usize,
    /// Duties without a recipient, and recipients with an invalid address.
    pub unreachable: Vec<Unreachable>,
}

impl Queued {
    /// The date and state of the duty, as one line of a list.
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
    /// The number of missed reminder days that the queued mails make up for.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.queued.iter().map(|line| line.missed.len()).sum()
    }
}

/// Queues the reminders of an office, from a fixed sender.
#[derive(Debug, Clone)]
pub struct Mailroom {
    office: Office,
    from: Mailbox,
}

impl Reminders<'_> {
    /// Creates the mailroom of this office.
    ///
    /// # Errors
    /// [`MailError::Setup`] if the configured sender is not a valid mailbox.
    pub fn mailroom(&self) -> Result<Mailroom, MailError> {
        Ok(Mailroom { office: Office::clone(self), from: smtp::sender(&self.settings().smtp)? })
    }
}

impl Mailroom {
    /// Closes obligations whose last day has passed (see [`Cases::resume_silent`]). Logs a failure instead of
    /// returning it, because the reminders must go out.
    pub fn settle(&self) {
        if let Err(cause) = self.office.cases().resume_silent() {
            tracing::error!(%cause, "duties that ended by themselves could not be ended before the reminders");
        }
    }

    /// Creates the relay, with this office's sending windows and templates. `None` if no host is configured.
    ///
    /// # Errors
    /// [`SetupError`] naming the invalid setting.
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

    /// The store of the office.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.office.store()
    }

    /// The configured templates that cannot be used.
    #[must_use]
    pub fn broken_templates(&self) -> &[BrokenTemplate] {
        self.office.templates().broken()
    }

    /// Queues every due reminder not yet sent; with `changed_since`, only those of duties changed since then. First
    /// withdraws queued mails that are out of date. Without `changed_since`, also closes expired obligations and
    /// updates the organs' annual-report duties.
    ///
    /// # Errors
    /// [`MailError::Store`] or [`MailError::Office`] if the database fails. Mails already queued stay, and the next
    /// pass continues from there.
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

    /// The reminders that [`Mailroom::remind`] would queue at that moment. Changes nothing.
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

    /// Cancels queued mails whose content is out of date. Returns how many, and the obligations to remind again.
    ///
    /// # Errors
    /// [`MailError::Store`] if the database fails.
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

    /// Processes every duty except those in `but`.
    fn all(&self, pass: &mut Pass<'_>, which: Which<'_>, but: &ForeseenDuties) -> Result<(), MailError> {
        let horizon = self.horizon(pass);
        let mut after = None;
        loop {
            let page = self.office.store().read(|db| reminders::open_duties(db, horizon, which, after, PAGE))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(After(last.due_on, last.id));
            for duty in page.iter().filter(|duty| !but.contains_key(&duty.id)) {
                match pass.one(duty) {
                    // An unreadable row must not stop the reminders of all others.
                    Err(MailError::Store(StoreError::Corrupt(why))) => pass.pass_over(duty, why),
                    Err(MailError::Office(OfficeError::Unreadable(why))) => pass.pass_over(duty, why.to_string()),
                    done => done?,
                }
            }
        }
    }

    /// The work of every minute: the daily pass once the hour has come, unless an instance has done it; afterwards only
    /// duties changed since `last_look`. Withdraws outdated mails at any hour. Returns the report, if reminders were
    /// processed.
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

/// Runs the schedule every minute until cancelled. The daily pass may run from `hour`; a service started later runs it
/// at once.
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
