//! One pass of the reminders, and the clockwork that runs it in the service.
//!
//! A pass may run at any time, any number of times, in any number of instances: it asks what is owed and not yet in the
//! outbox, and the outbox keeps each key once.

use super::days::Days;
use super::duty::Duty;
use super::policy::{self, Audience, Rule, Standing, Step};
use super::render::{Because, Reminder, RenderError, Templates};
use super::smtp::{self, SetupError};
use crate::case::Role;
use crate::config::{Reminders, Smtp};
use crate::law::Calendar;
use crate::store::outbox::{self, NewMail};
use crate::store::recipients::{self, Recipient};
use crate::store::reminders::{self, After, DutyRow};
use crate::store::{self, Db, OrganId, Store, StoreError, Ts};
use chrono::{FixedOffset, NaiveDate, TimeDelta, Timelike};
use lettre::message::Mailbox;
use std::collections::HashMap;
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

/// One mail that a pass queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// 受理编号, or nothing.
    pub case_number: Option<String>,
    /// What the duty is called.
    pub duty: &'static str,
    /// Its date.
    pub due_on: NaiveDate,
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
    /// Mails queued.
    pub queued: Vec<Queued>,
    /// Mails owed that were queued before.
    pub known: usize,
    /// Duties nobody can be told of, or persons whose address is none.
    pub unreachable: Vec<Unreachable>,
}

/// What a pass needs: the store, the calendars, the sender, the lead days, the templates.
#[derive(Clone)]
pub struct Mailroom {
    store: Store,
    calendar_of: CalendarOf,
    from: Mailbox,
    leads: Vec<u16>,
    templates: Arc<Templates>,
}

impl std::fmt::Debug for Mailroom {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Mailroom").field("from", &self.from).field("leads", &self.leads).finish_non_exhaustive()
    }
}

impl Mailroom {
    /// A mailroom of the settings.
    ///
    /// # Errors
    /// [`MailError::Setup`] when the sender is no mailbox, [`MailError::Render`] when a template is broken.
    pub fn new(store: Store, smtp: &Smtp, reminders: &Reminders, calendar_of: CalendarOf) -> Result<Self, MailError> {
        let from = smtp::sender(smtp)?;
        let templates = Arc::new(Templates::embedded()?);
        Ok(Self { store, calendar_of, from, leads: reminders.lead_days.clone(), templates })
    }

    /// The store it works on.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Queues every reminder owed on `as_of` that is not in the outbox yet; with `changed_since`, only those of duties
    /// that changed since.
    ///
    /// # Errors
    /// The database's; what was queued before stays queued, and the next pass goes on from there.
    pub fn remind(&self, as_of: NaiveDate, changed_since: Option<Ts>) -> Result<RemindReport, MailError> {
        let (calendars, people) = (HashMap::new(), HashMap::new());
        let mut pass = Pass { room: self, as_of, calendars, people, report: RemindReport::default() };
        let horizon = self.horizon(as_of);
        let mut after = None;
        loop {
            let page = self.store.read(|db| reminders::open_duties(db, horizon, changed_since, after, PAGE))?;
            let Some(last) = page.last() else { break };
            after = Some(After(last.due_on, last.id));
            for duty in &page {
                pass.one(duty)?;
            }
        }
        Ok(pass.report)
    }

    /// What the service does every minute: the day's pass once the hour has come, if no instance has done it; after
    /// that only what changed since `last_look`. Answers what was done, if anything.
    ///
    /// # Errors
    /// As [`Mailroom::remind`].
    pub fn tick(
        &self,
        today: NaiveDate,
        is_hour_come: bool,
        last_look: Option<Ts>,
    ) -> Result<Option<RemindReport>, MailError> {
        let done = self.store.read(reminders::pass_done)?;
        if done.is_some_and(|done| done >= today) {
            return self.remind(today, last_look).map(Some);
        }
        if !is_hour_come {
            return Ok(None);
        }
        let report = self.remind(today, None)?;
        self.store.write(|db| reminders::record_pass(db, today))?;
        Ok(Some(report))
    }

    fn horizon(&self, as_of: NaiveDate) -> NaiveDate {
        let longest = self.leads.iter().copied().max().unwrap_or(0);
        let day = Days::new(Calendar::national()).after(as_of, u32::from(longest));
        day.checked_add_signed(HORIZON_MARGIN).unwrap_or(day)
    }
}

/// A pass under way.
struct Pass<'a> {
    room: &'a Mailroom,
    as_of: NaiveDate,
    calendars: HashMap<String, Arc<Calendar>>,
    people: HashMap<(OrganId, Audience), Vec<Recipient>>,
    report: RemindReport,
}

impl Pass<'_> {
    /// Queues what is owed for one duty.
    fn one(&mut self, duty: &DutyRow) -> Result<(), MailError> {
        self.report.looked_at += 1;
        let calendar = self.calendar(&duty.region);
        let days = Days::new(&calendar);
        let steps = policy::steps(&days, &self.room.leads, duty.due_on, self.as_of);
        let Some(latest) = steps.last().copied() else { return Ok(()) };
        let people = self.people_for(duty, latest.rule)?;
        if people.is_empty() {
            self.unreachable(duty, None, "没有任何能够收到邮件的人员".to_owned());
            return Ok(());
        }
        let known = self.known(duty, &steps, &people)?;
        let mut mails = Vec::new();
        for (person, audience, because) in people {
            let is_sent = |rule: Rule| known.contains(&key(duty, rule, &person));
            let Some(owed) = policy::owed(&steps, audience, self.since(duty), self.as_of, is_sent) else {
                self.report.known += 1;
                continue;
            };
            let queued = self.queued(duty, &days, &person, because, owed);
            match self.mail(duty, &days, &person, &queued) {
                Ok(mail) => mails.push((mail, queued)),
                Err(cause) => self.unreachable(duty, Some(person.display_name), cause.to_string()),
            }
        }
        self.enqueue(duty, mails)
    }

    /// The region's calendar; if it cannot be read, the built-in one: a reminder must not fall silent over it.
    fn calendar(&mut self, region: &str) -> Arc<Calendar> {
        if let Some(known) = self.calendars.get(region) {
            return known.clone();
        }
        let found = self.room.store.read(|db| (self.room.calendar_of)(db, region));
        let calendar = found.unwrap_or_else(|cause| {
            tracing::error!(%cause, region, "no calendar for the region: reminders follow the built-in national one");
            Arc::new(Calendar::national().clone())
        });
        self.calendars.insert(region.to_owned(), calendar.clone());
        calendar
    }

    /// From which day the duty has stood as it stands; a pass for a day before that looks at it as if it always had.
    fn since(&self, duty: &DutyRow) -> NaiveDate {
        let since = civil_day(duty.updated_at);
        if since > self.as_of { NaiveDate::MIN } else { since }
    }

    fn enqueue(&mut self, duty: &DutyRow, mails: Vec<(NewMail, Queued)>) -> Result<(), MailError> {
        if mails.is_empty() {
            return Ok(());
        }
        let new = self.room.store.write(|db| -> Result<Vec<bool>, StoreError> {
            if !reminders::still_stands(db, duty.id, duty.due_on)? {
                return Ok(Vec::new());
            }
            mails.iter().map(|(mail, _)| outbox::enqueue(db, mail)).collect()
        })?;
        for ((_, queued), is_new) in mails.into_iter().zip(new) {
            if is_new {
                self.report.queued.push(queued);
            } else {
                self.report.known += 1;
            }
        }
        Ok(())
    }

    /// Who is told at this step, each person once, the reason nearest to the work first.
    fn people_for(&mut self, duty: &DutyRow, rule: Rule) -> Result<Vec<(Recipient, Audience, Because)>, MailError> {
        let mut told: Vec<(Recipient, Audience, Because)> = Vec::new();
        let own =
            self.room.store.read(|db| recipients::handlers(db, duty.organ_id, duty.owner_id, duty.department_id))?;
        let mut tell = |people: Vec<Recipient>, audience: Audience, because: Because| {
            for person in people {
                if !told.iter().any(|(known, ..)| known.user_id == person.user_id) {
                    told.push((person, audience, because));
                }
            }
        };
        if own.is_empty() {
            let mut others = self.holders(duty.organ_id, Audience::OfficeHead)?;
            if others.is_empty() {
                others = self.holders(duty.organ_id, Audience::Supervisor)?;
            }
            tell(others, Audience::Handler, Because::NobodyElse);
        } else {
            tell(own, Audience::Handler, Because::Is(Audience::Handler));
        }
        for audience in [Audience::OfficeHead, Audience::Supervisor] {
            if audience.hears(rule) {
                tell(self.holders(duty.organ_id, audience)?, audience, Because::Is(audience));
            }
        }
        Ok(told)
    }

    fn holders(&mut self, organ: OrganId, audience: Audience) -> Result<Vec<Recipient>, MailError> {
        if let Some(found) = self.people.get(&(organ, audience)) {
            return Ok(found.clone());
        }
        let found = self.room.store.read(|db| match audience {
            Audience::Handler => recipients::with_role(db, organ, Role::Clerk),
            Audience::OfficeHead => recipients::with_role(db, organ, Role::OfficeHead),
            Audience::Supervisor => recipients::supervisors(db, organ),
        })?;
        self.people.insert((organ, audience), found.clone());
        Ok(found)
    }

    /// Which reminders of the duty are in the outbox: of most persons only the latest step has to be looked up.
    fn known(
        &self,
        duty: &DutyRow,
        steps: &[Step],
        people: &[(Recipient, Audience, Because)],
    ) -> Result<std::collections::HashSet<String>, MailError> {
        let Some(latest) = steps.last() else { return Ok(std::collections::HashSet::new()) };
        let newest: Vec<String> = people.iter().map(|(person, ..)| key(duty, latest.rule, person)).collect();
        let store = &self.room.store;
        let mut known = store.read(|db| outbox::known(db, &newest))?;
        let behind = people.iter().filter(|(person, ..)| !known.contains(&key(duty, latest.rule, person)));
        let earlier: Vec<String> =
            behind.flat_map(|(person, ..)| steps.iter().map(|step| key(duty, step.rule, person))).collect();
        known.extend(store.read(|db| outbox::known(db, &earlier))?);
        Ok(known)
    }

    fn queued(
        &self,
        duty: &DutyRow,
        days: &Days<'_>,
        person: &Recipient,
        because: Because,
        owed: policy::Owed,
    ) -> Queued {
        Queued {
            case_number: duty.case_number.clone(),
            duty: Duty::of(&duty.kind).label,
            due_on: duty.due_on,
            standing: policy::standing(days, duty.due_on, self.as_of),
            rule: owed.rule,
            missed: owed.missed,
            person: person.display_name.clone(),
            to: person.email.clone(),
            because,
        }
    }

    fn mail(
        &self,
        duty: &DutyRow,
        days: &Days<'_>,
        person: &Recipient,
        queued: &Queued,
    ) -> Result<NewMail, RenderError> {
        let reminder = Reminder {
            person: &person.display_name,
            to: &person.email,
            organ: &duty.organ_name,
            case_number: duty.case_number.as_deref(),
            case_title: duty.case_title.as_deref(),
            kind: &duty.kind,
            article: &duty.article,
            due_on: duty.due_on,
            standing: queued.standing,
            as_of: self.as_of,
            missed: &queued.missed,
            unknown_year: days.first_unknown_year(self.as_of, duty.due_on),
            because: queued.because,
        };
        let id = uuid::Uuid::now_v7();
        let rendered = self.room.templates.reminder(&reminder, &self.room.from, id, store::now().0)?;
        Ok(NewMail {
            dedupe_key: key(duty, queued.rule, person),
            organ_id: Some(duty.organ_id),
            case_id: duty.case_id,
            recipient_id: Some(person.user_id),
            to_address: person.email.clone(),
            subject: rendered.subject,
            message_id: rendered.message_id,
            message: rendered.bytes,
            not_before: None,
        })
    }

    fn unreachable(&mut self, duty: &DutyRow, person: Option<String>, why: String) {
        tracing::warn!(obligation = %duty.id.0, "a reminder is owed and cannot be sent: no usable mailbox");
        self.report.unreachable.push(Unreachable {
            case_number: duty.case_number.clone(),
            duty: Duty::of(&duty.kind).label,
            due_on: duty.due_on,
            person,
            why,
        });
    }
}

/// What makes a reminder the same: the obligation, the rule, the due date, the person.
fn key(duty: &DutyRow, rule: Rule, person: &Recipient) -> String {
    format!("remind/{}/{}/{}/{}", duty.id.0, rule.code(), duty.due_on, person.user_id.0)
}

fn civil_day(at: Ts) -> NaiveDate {
    office_time(at).date_naive()
}

/// An instant as the clock on the office wall shows it.
pub(super) fn office_time(at: Ts) -> chrono::DateTime<FixedOffset> {
    let east = FixedOffset::east_opt(SECONDS_EAST);
    east.map_or_else(|| at.0.fixed_offset(), |east| at.0.with_timezone(&east))
}

/// Runs the schedule until cancelled: every minute one look. `hour` is the hour of the day from which the day's pass
/// may run; a service that starts later runs it at once.
pub async fn run(
    room: Mailroom,
    today: Arc<dyn Fn() -> NaiveDate + Send + Sync>,
    hour: u32,
    cancel: CancellationToken,
) {
    let mut last_look: Option<Ts> = None;
    while !cancel.is_cancelled() {
        let began = store::now();
        let is_hour_come = office_time(began).hour() >= hour;
        let (passing, day, since) = (room.clone(), today(), last_look);
        let pass = tokio::task::spawn_blocking(move || passing.tick(day, is_hour_come, since)).await;
        match pass {
            Ok(Ok(report)) => {
                last_look = report.is_some().then(|| Ts(began.0 - OVERLAP)).or(last_look);
                if let Some(report) = report.filter(|report| !report.queued.is_empty()) {
                    tracing::info!(looked_at = report.looked_at, queued = report.queued.len(), "reminders queued");
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
