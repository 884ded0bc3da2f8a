//! One reminder pass: finds for each duty the recipients with an unsent step, then writes the digests.

mod yearly;

use super::next_steps::{others, settling};
use super::organ_settings::{Effective, OrganReminders};
use super::recipients::{ChosenRecipient, People};
use super::schedule::{MailError, Moment, Queued, RemindReport, Unreachable};
use crate::case::reminder_days::Days;
use crate::case::reminder_policy::{self, DutyTiming, Owed, Policy, ReminderRule, ReminderStep};
use crate::case::{Action, Actor, Case, Context, ObligationKind, Role, Stage, actions};
use crate::config::ApplicantInMail;
use crate::law::{Calendar, civil_day};
use crate::mail::duty::DutyWords;
use crate::mail::render::{Addressee, Item, Next, NextAction, RenderError, Rendered};
use crate::mail::smtp::Mailbox;
use crate::office::cases::case_file::CaseFile;
use crate::office::{Office, OfficeError};
use crate::store;
use crate::store::database::seal::mask_name;
use crate::store::mail::outbox::{self, NewMail};
use crate::store::reminders::recipients::{self, Recipient};
use crate::store::reminders::{self, DutyRow, ReminderStepRow};
use crate::store::{Db, OrganId, StoreError, Ts, UserId, reminders::settings};
use chrono::{NaiveDate, NaiveDateTime};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Mails written in one transaction.
const BATCH: usize = 25;

/// A pass in progress.
pub(super) struct Pass<'a> {
    office: &'a Office,
    from: &'a Mailbox,
    moment: Moment,
    is_preview: bool,
    people: People<'a>,
    house: Effective,
    of_organs: HashMap<OrganId, Effective>,
    /// Organs whose own settings cannot be read. Their duties are skipped, not reminded of by the configured settings.
    unreadable: HashSet<OrganId>,
    calendars: HashMap<String, Arc<Calendar>>,
    digests: BTreeMap<(UserId, NaiveDate), Vec<ReminderLine>>,
    /// Rendered mails not yet written. Batched, because a commit costs more than a row.
    pending: Vec<(ReminderLine, NewMail)>,
    report: RemindReport,
}

/// One step for one person, ready for a mail.
#[derive(Clone)]
struct ReminderLine {
    duty: DutyRow,
    person: Recipient,
    item: Item,
    step: ReminderStepRow,
    queued: Queued,
    closes: Option<NaiveDateTime>,
}

/// The part of a mail that depends on the present state of the case.
struct CaseNow {
    next: Option<Next>,
    in_hand: Option<String>,
    is_at_risk: bool,
}

/// Whether the date of the duty is the one that applies if a late correction notice is held ineffective (C-7b).
fn is_at_risk(duty: &DutyRow, case: &Case) -> bool {
    let is_late = case.correction.as_ref().is_some_and(|correction| correction.late);
    duty.kind == ObligationKind::Reply.code() && case.stage == Stage::AwaitingCorrection && is_late
}

/// The day a mail is written for, and its window in the office's local time.
#[derive(Clone, Copy)]
struct Sending {
    day: NaiveDate,
    opens: Option<NaiveDateTime>,
    closes: Option<NaiveDateTime>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        office: &'a Office,
        from: &'a Mailbox,
        moment: Moment,
        is_preview: bool,
    ) -> Result<Self, StoreError> {
        let reminders = &office.settings().reminders;
        let house = Effective::of_house(reminders);
        let (mut of_organs, mut unreadable) = (HashMap::new(), HashSet::new());
        for (organ, content) in office.store().read(settings::all)? {
            match store::stored_object::<OrganReminders>(&content) {
                Ok(own) => drop(of_organs.insert(organ, own.over(reminders))),
                Err(cause) => {
                    tracing::error!(organ = %organ.0, %cause, "an organ is not reminded: its reminder settings cannot be read");
                    unreadable.insert(organ);
                }
            }
        }
        let people = People::new(office.store())?;
        let (calendars, digests) = (HashMap::new(), BTreeMap::new());
        let report = RemindReport::default();
        let pending = Vec::new();
        Ok(Self {
            office,
            from,
            moment,
            is_preview,
            people,
            house,
            of_organs,
            unreadable,
            calendars,
            digests,
            pending,
            report,
        })
    }

    pub(super) const fn moment(&self) -> Moment {
        self.moment
    }

    /// The longest lead of any policy, in working days.
    pub(super) fn longest_lead(&self) -> u16 {
        let all = std::iter::once(&self.house).chain(self.of_organs.values());
        let leads = all.flat_map(|effective| effective.policies.values()).flat_map(|policy| policy.lead_days.iter());
        leads.copied().max().unwrap_or(0)
    }

    /// Queues the due mails of one duty.
    pub(super) fn one(&mut self, duty: &DutyRow) -> Result<(), MailError> {
        self.report.looked_at += 1;
        if self.unreadable.contains(&duty.organ_id) {
            self.unreachable(duty, None, format!("{}的提醒设置不能读取，没有按默认设置提醒", duty.organ_name));
            return Ok(());
        }
        let calendar = self.calendar(&duty.region)?;
        let days = Days::new(&calendar);
        let policy = self.policy(duty);
        let sending = self.sending(duty.organ_id, &days);
        let steps = reminder_policy::steps_between(&days, &policy, duty.due_on, duty.latest_on, sending.day);
        let Some(latest) = steps.last().copied() else { return Ok(()) };
        let people = self.people.of(duty, &policy, latest.rule, sending.day)?;
        if people.is_empty() {
            self.unreachable(duty, None, "没有任何能够收到邮件的人员".to_owned());
            return Ok(());
        }
        let told = self.told(duty, &steps, &people)?;
        let mut file = None;
        for someone in people {
            let is_told = |rule: ReminderRule| told.contains(&key(duty, rule, &someone.person));
            let since = self.since(duty, &someone);
            let hears = |rule: ReminderRule| someone.audience.hears(&policy, rule);
            let Some(owed) = reminder_policy::owed(&steps, hears, since, sending.day, is_told) else {
                self.report.known += 1;
                continue;
            };
            let file = match &file {
                Some(known) => known,
                None => file.insert(self.file(duty)?),
            };
            let case = CaseNow {
                next: self.next(duty, file.as_ref(), &calendar, &someone, sending.day)?,
                in_hand: self.people.in_hand(duty)?,
                is_at_risk: file.as_ref().is_some_and(|file| is_at_risk(duty, &file.case)),
            };
            let line = self.line(duty, &days, &policy, sending, someone, owed, case);
            self.put(line)?;
        }
        Ok(())
    }

    /// An unknown kind of duty uses the policy of the reply: a reminder must never be omitted.
    fn policy(&self, duty: &DutyRow) -> Policy {
        let effective = self.of_organs.get(&duty.organ_id).unwrap_or(&self.house);
        let kind = ObligationKind::ALL.iter().find(|kind| kind.code() == duty.kind);
        let found = effective.policies.get(kind.unwrap_or(&ObligationKind::Reply));
        found.or_else(|| effective.policies.get(&ObligationKind::Reply)).cloned().unwrap_or_default()
    }

    /// A mail that has to wait for another day is written for that day, because its content must be true when it is
    /// sent.
    fn sending(&self, organ: OrganId, days: &Days<'_>) -> Sending {
        let Some(at) = self.moment.at() else { return Sending { day: self.moment.day, opens: None, closes: None } };
        let window = self.of_organs.get(&organ).unwrap_or(&self.house).window;
        let opens = window.opening(days, at);
        let closes = Some(window.closing(opens));
        Sending { day: opens.date(), opens: Some(opens).filter(|opens| *opens > at), closes }
    }

    /// The calendar of a region. Falls back to the built-in one if it is damaged: the last days of duties are stored,
    /// and an inexact count of days must not suppress a reminder. If the database is busy, the next pass retries.
    fn calendar(&mut self, region: &str) -> Result<Arc<Calendar>, OfficeError> {
        if let Some(known) = self.calendars.get(region) {
            return Ok(known.clone());
        }
        let calendar = match self.office.store().read(|db| self.office.calendars().calendar(db, region)) {
            Ok(calendar) => calendar,
            Err(OfficeError::Unreadable(cause)) => {
                tracing::error!(
                    %cause,
                    region,
                    "no calendar for the region: reminders follow the built-in national one"
                );
                Arc::new(Calendar::national().clone())
            }
            Err(other) => return Err(other),
        };
        self.calendars.insert(region.to_owned(), calendar.clone());
        Ok(calendar)
    }

    /// The day since which the duty has been unchanged and the person has had this part in it. For a pass of an earlier
    /// day there is no such limit.
    fn since(&self, duty: &DutyRow, someone: &ChosenRecipient) -> NaiveDate {
        let since = Some(civil_day(duty.updated_at.0)).filter(|since| *since <= self.moment.day);
        since.into_iter().chain(someone.since).max().unwrap_or(NaiveDate::MIN)
    }

    /// The steps of the duty that were already sent. For most persons only the latest has to be looked up.
    fn told(
        &self,
        duty: &DutyRow,
        steps: &[ReminderStep],
        people: &[ChosenRecipient],
    ) -> Result<HashSet<String>, StoreError> {
        let Some(latest) = steps.last() else { return Ok(HashSet::new()) };
        let (store, today) = (self.office.store(), self.moment.day);
        let newest: Vec<String> = people.iter().map(|told| key(duty, latest.rule, &told.person)).collect();
        let mut known = store.read(|db| reminders::told(db, &newest, today))?;
        let behind = people.iter().filter(|told| !known.contains(&key(duty, latest.rule, &told.person)));
        let earlier: Vec<String> =
            behind.flat_map(|told| steps.iter().map(|step| key(duty, step.rule, &told.person))).collect();
        known.extend(store.read(|db| reminders::told(db, &earlier, today))?);
        Ok(known)
    }

    fn file(&self, duty: &DutyRow) -> Result<Option<CaseFile>, OfficeError> {
        let Some(case) = duty.case_id else { return Ok(None) };
        match self.office.store().read(|db| self.office.cases().open_file(db, case)) {
            Ok(file) => Ok(Some(file)),
            Err(OfficeError::Unreadable(cause)) => {
                tracing::error!(%cause, case = %case.0, "a case cannot be read: its reminder names no lawful steps");
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// The possible actions in the case: those of the recipient, or else those of the persons working on it.
    fn next(
        &self,
        duty: &DutyRow,
        file: Option<&CaseFile>,
        calendar: &Calendar,
        someone: &ChosenRecipient,
        today: NaiveDate,
    ) -> Result<Option<Next>, StoreError> {
        let Some(file) = file else { return Ok(None) };
        let person = &someone.person;
        let roles = self.office.store().read(|db| recipients::roles(db, person.user_id, duty.organ_id))?;
        let reader = Actor { user: person.user_id.0, roles, department: person.department_id.map(|id| id.0) };
        let lawful = |actor: &Actor| {
            let context = Context { actor, today, calendar, rules: &file.desk.rules };
            split(duty, &actions(&file.case, &context), today)
        };
        let own = lawful(&reader);
        if !own.0.is_empty() || someone.because.is_own_work() {
            return Ok(Some(Next { steps: own.0, others: own.1, is_for_reader: true }));
        }
        let workers = Actor {
            user: duty.owner_id.map(|id| id.0).unwrap_or_default(),
            roles: BTreeSet::from([Role::Clerk, Role::Handler]),
            department: duty.department_id.map(|id| id.0),
        };
        let theirs = lawful(&workers);
        Ok(Some(Next { steps: theirs.0, others: theirs.1, is_for_reader: false }))
    }

    #[expect(clippy::too_many_arguments, reason = "everything a line of a mail is made of, put together in one place")]
    fn line(
        &self,
        duty: &DutyRow,
        days: &Days<'_>,
        policy: &Policy,
        sending: Sending,
        someone: ChosenRecipient,
        owed: Owed,
        case: CaseNow,
    ) -> ReminderLine {
        let standing = reminder_policy::standing_between(days, duty.due_on, duty.latest_on, sending.day);
        let words = DutyWords::of(&duty.kind);
        let ChosenRecipient { person, because, .. } = someone;
        let (case_title, applicant) = self.subject_matter(duty);
        let item = Item {
            organ: duty.organ_name.clone(),
            case_number: duty.case_number.clone(),
            case_title,
            applicant,
            kind: duty.kind.clone(),
            article: duty.article.clone(),
            due_on: duty.due_on,
            latest_on: duty.latest_on,
            standing,
            is_black: reminder_policy::is_black(policy, duty.latest_on.unwrap_or(duty.due_on), sending.day)
                && !words.is_follow_up,
            as_of: sending.day,
            missed: owed.missed.clone(),
            estimate: duty.latest_on.map(|latest| days.estimate(duty.due_on, latest)),
            unknown_year: days.first_unknown_year(sending.day, duty.due_on),
            because: because.clone(),
            is_at_risk: case.is_at_risk,
            in_hand: case.in_hand,
            next: case.next,
        };
        let key = key(duty, owed.rule, &person);
        let step = ReminderStepRow {
            mail_key: key.clone(),
            key,
            obligation_id: duty.id,
            due_on: duty.due_on,
            told_for: sending.day,
            missed: i32::try_from(owed.missed.len()).unwrap_or(i32::MAX),
        };
        let queued = Queued {
            case_number: duty.case_number.clone(),
            duty: words.label,
            day: words.day(item.is_at_risk),
            due_on: duty.due_on,
            estimate: item.estimate.clone(),
            standing,
            rule: owed.rule,
            missed: owed.missed,
            person: person.display_name.clone(),
            to: person.email.clone(),
            because,
            opens: sending.opens,
            is_in_digest: false,
        };
        ReminderLine { duty: duty.clone(), person, item, step, queued, closes: sending.closes }
    }

    /// Title and applicant as far as mail may name them. Also masks a natural person's name within the title.
    fn subject_matter(&self, duty: &DutyRow) -> (Option<String>, Option<String>) {
        let title = duty.case_title.clone();
        let Some((kind, name)) = &duty.applicant else { return (title, None) };
        if self.office.settings().reminders.applicant == ApplicantInMail::Full {
            return (title, Some(name.clone()));
        }
        let masked = mask_name(kind, name);
        let is_name = name.chars().count() > 1;
        let title = title.map(|title| if is_name { title.replace(name.as_str(), &masked) } else { title });
        (title, Some(masked).filter(|_| self.office.settings().reminders.applicant == ApplicantInMail::Initial))
    }

    /// Puts the line into a mail of its own or into the person's digest.
    fn put(&mut self, line: ReminderLine) -> Result<(), MailError> {
        if !self.people.gets_digest(line.person.user_id, self.office.settings().reminders.digest) {
            return self.single(line);
        }
        self.digests.entry((line.person.user_id, line.step.told_for)).or_default().push(line);
        Ok(())
    }

    fn single(&mut self, line: ReminderLine) -> Result<(), MailError> {
        if self.is_preview {
            self.report.queued.push(line.queued);
            return Ok(());
        }
        let addressee = Addressee { person: &line.person.display_name, to: &line.person.email };
        let (id, at) = (uuid::Uuid::now_v7(), store::now());
        let rendered = match self.office.templates().reminder(addressee, &line.item, self.from, id, at.0) {
            Ok(rendered) => rendered,
            Err(cause) => {
                self.unreachable(&line.duty, Some(line.person.display_name.clone()), cause.to_string());
                return Ok(());
            }
        };
        let mail = self.mail(line.step.key.clone(), std::slice::from_ref(&line), rendered, at);
        self.pending.push((line, mail));
        if self.pending.len() < BATCH {
            return Ok(());
        }
        self.flush()
    }

    /// Writes the rendered mails, each only if its duty is unchanged and it was not queued before.
    fn flush(&mut self) -> Result<(), MailError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(());
        }
        let queue = |db: &mut Db, line: &ReminderLine, mail: &NewMail| -> Result<bool, StoreError> {
            if !still_holds(db, line)? || !outbox::enqueue(db, mail)? {
                return Ok(false);
            }
            reminders::record_steps(db, std::slice::from_ref(&line.step))?;
            Ok(true)
        };
        let new = self.office.store().write(|db| -> Result<Vec<bool>, StoreError> {
            pending.iter().map(|(line, mail)| queue(db, line, mail)).collect()
        })?;
        for ((line, _), is_new) in pending.into_iter().zip(new) {
            if is_new {
                self.report.queued.push(line.queued);
            } else {
                self.report.known += 1;
            }
        }
        Ok(())
    }

    /// Writes the digests and ends the pass.
    pub(super) fn finish(mut self) -> Result<RemindReport, MailError> {
        self.flush()?;
        for ((user, day), lines) in std::mem::take(&mut self.digests) {
            self.digest(user, day, lines)?;
        }
        self.flush()?;
        Ok(self.report)
    }

    /// Writes the digest of a person and day. If it exists already, a step that comes up later waits for the next day's
    /// digest, unless the duty is due today; that one gets a mail of its own.
    fn digest(&mut self, user: UserId, day: NaiveDate, lines: Vec<ReminderLine>) -> Result<(), MailError> {
        let key = format!("digest/{}/{day}", user.0);
        let known = self.office.store().read(|db| outbox::known(db, std::slice::from_ref(&key)))?;
        if !known.is_empty() {
            for line in lines {
                if matches!(
                    line.queued.standing,
                    DutyTiming::Today | DutyTiming::EarliestToday | DutyTiming::LastWorkingDay
                ) {
                    self.single(line)?;
                } else {
                    self.report.known += 1;
                }
            }
            return Ok(());
        }
        let lines: Vec<ReminderLine> = lines
            .into_iter()
            .map(|line| ReminderLine {
                step: ReminderStepRow { mail_key: key.clone(), ..line.step },
                queued: Queued { is_in_digest: true, ..line.queued },
                ..line
            })
            .collect();
        if self.is_preview {
            self.report.queued.extend(lines.into_iter().map(|line| line.queued));
            return Ok(());
        }
        match self.office.store().write(|db| self.write_digest(db, &key, day, &lines))? {
            Ok(told) => {
                self.report.known += lines.len() - told.len();
                self.report.queued.extend(told);
            }
            Err(cause) => {
                for line in &lines {
                    self.unreachable(&line.duty, Some(line.person.display_name.clone()), cause.to_string());
                }
            }
        }
        Ok(())
    }

    /// Writes the digest of the lines that still hold in this transaction. Returns its steps, or the error that
    /// prevented rendering.
    fn write_digest(
        &self,
        db: &mut Db,
        key: &str,
        day: NaiveDate,
        lines: &[ReminderLine],
    ) -> Result<Result<Vec<Queued>, RenderError>, StoreError> {
        let mut standing = Vec::new();
        for line in lines {
            if still_holds(db, line)? {
                standing.push(line.clone());
            }
        }
        let Some(first) = standing.first() else { return Ok(Ok(Vec::new())) };
        let addressee = Addressee { person: &first.person.display_name, to: &first.person.email };
        let items: Vec<Item> = standing.iter().map(|line| line.item.clone()).collect();
        let (id, at) = (uuid::Uuid::now_v7(), store::now());
        let rendered = match self.office.templates().digest(addressee, &items, day, self.from, id, at.0) {
            Ok(rendered) => rendered,
            Err(cause) => return Ok(Err(cause)),
        };
        if !outbox::enqueue(db, &self.mail(key.to_owned(), &standing, rendered, at))? {
            return Ok(Ok(Vec::new()));
        }
        let steps: Vec<ReminderStepRow> = standing.iter().map(|line| line.step.clone()).collect();
        reminders::record_steps(db, &steps)?;
        Ok(Ok(standing.into_iter().map(|line| line.queued).collect()))
    }

    /// Builds the mail of these lines, all for one person. Sets organ and case only if all lines share them.
    fn mail(&self, dedupe_key: String, lines: &[ReminderLine], rendered: Rendered, now: Ts) -> NewMail {
        let one = |values: Vec<Option<uuid::Uuid>>| {
            let first = values.first().copied().flatten()?;
            values.iter().all(|value| *value == Some(first)).then_some(first)
        };
        let organ = one(lines.iter().map(|line| Some(line.duty.organ_id.0)).collect());
        let case = one(lines.iter().map(|line| line.duty.case_id.map(|id| id.0)).collect());
        let opens = lines.iter().filter_map(|line| line.queued.opens).max();
        // With windows of several organs, the one that closes first after all have opened counts.
        let closes = lines.iter().filter_map(|line| line.closes).filter(|closes| Some(*closes) > opens).min();
        let instant = |time: Option<NaiveDateTime>| {
            let wait = time.zip(self.moment.at()).map(|(time, at)| time.signed_duration_since(at));
            wait.and_then(|wait| now.0.checked_add_signed(wait)).map(Ts)
        };
        NewMail {
            dedupe_key,
            organ_id: organ.map(OrganId),
            case_id: case.map(store::CaseId),
            recipient_id: lines.first().map(|line| line.person.user_id),
            to_address: lines.first().map(|line| line.person.email.clone()).unwrap_or_default(),
            subject: rendered.subject,
            message_id: rendered.message_id,
            message: rendered.bytes,
            not_before: instant(opens),
            not_after: instant(closes),
        }
    }

    /// Leaves out a duty whose data cannot be read, so that it does not stop the reminders of all others.
    pub(super) fn pass_over(&mut self, duty: &DutyRow, why: String) {
        tracing::error!(obligation = %duty.id.0, why, "a duty is passed over: its data cannot be read");
        self.unreachable(duty, None, why);
    }

    pub(super) fn unreachable(&mut self, duty: &DutyRow, person: Option<String>, why: String) {
        tracing::warn!(obligation = %duty.id.0, "a reminder is owed and cannot be sent: no usable mailbox");
        self.report.unreachable.push(Unreachable {
            case_number: duty.case_number.clone(),
            duty: DutyWords::of(&duty.kind).label,
            due_on: duty.due_on,
            person,
            why,
        });
    }
}

/// Whether the duty is unchanged and the person still receives its mail, locked until the transaction ends.
fn still_holds(db: &mut Db, line: &ReminderLine) -> Result<bool, StoreError> {
    let duty = &line.duty;
    Ok(reminders::still_stands(db, duty.id, duty.case_id, duty.due_on)?
        && recipients::still_hears_of(db, line.person.user_id, duty.organ_id)?)
}

/// The identity of a step: obligation, rule, due date and person.
fn key(duty: &DutyRow, rule: ReminderRule, person: &Recipient) -> String {
    format!("remind/{}/{}/{}/{}", duty.id.0, rule.code(), duty.due_on, person.user_id.0)
}

/// The lawful actions that complete the duty, and the names of the others.
fn split(row: &DutyRow, actions: &[Action], today: NaiveDate) -> (Vec<NextAction>, Vec<&'static str>) {
    let kind = ObligationKind::ALL.iter().copied().find(|kind| kind.code() == row.kind);
    let settling = kind.map_or_else(Vec::new, |kind| settling(kind, actions, today));
    let steps = settling.iter().filter_map(|action| {
        let permit = action.permit.as_ref().ok()?;
        Some(NextAction { label: action.command.label(), until: permit.until, article: permit.article })
    });
    (steps.collect(), others(kind, actions, today))
}
