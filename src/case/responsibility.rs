//! Whose delay: with whom the counted working days of a reply period lay, and the days after it.
//!
//! A day belongs to whoever had the case when it began: the day of a fact still belongs to the holder before it, as the day
//! a letter is sent still counts (C-4). The days that count are the law's own: those its derivation counts, and every
//! working day after the last one.

use super::event::Event;
use super::evolve::as_it_stood;
use super::state::Case;
use crate::case::vocabulary::{Notice, ReviewKind, Stage};
use crate::law::{Calendar, ClockAnswer, ClockStatus, StepKind};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Who has a case in hand. Of several departments asked at once, the one asked first and still silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Received, and not yet given to anybody.
    Nobody,
    /// The disclosure office itself.
    Office,
    /// A department whose answer is outstanding.
    Department(Uuid),
    /// A step of the review chain.
    Review(ReviewKind),
    /// Somebody asked for an opinion, on days that count all the same.
    Consulted,
    /// The applicant: a correction, reasons or a fee are outstanding.
    Applicant,
}

impl Holder {
    /// The code in JSON; a department or a step of the review has its own beside it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Office => "office",
            Self::Department(_) => "department",
            Self::Review(_) => "review",
            Self::Consulted => "consulted",
            Self::Applicant => "applicant",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nobody => "尚未分办",
            Self::Office => "公开工作机构",
            Self::Department(_) => "承办科室",
            Self::Review(kind) => kind.label(),
            Self::Consulted => "征求意见（期限未停）",
            Self::Applicant => "申请人",
        }
    }

    fn of(case: &Case, calendar: &Calendar, day: NaiveDate) -> Self {
        let is_consulting = case.consultations.iter().any(|one| case.awaits(one, calendar, day));
        // After the applicant's own last day the office may go on, and the days are the office's.
        let is_over = |notice| case.notice_due(notice, calendar).is_some_and(|last| day > last);
        let addressee = |notice| if is_over(notice) { Self::Office } else { Self::Applicant };
        match case.stage {
            Stage::AwaitingCorrection => addressee(Notice::Correction),
            Stage::AwaitingJustification => addressee(Notice::Justification),
            Stage::AwaitingFee => addressee(Notice::Fee),
            Stage::AwaitingConfirmation | Stage::Received => Self::Nobody,
            Stage::Registered => passed_on(case).map_or(Self::Nobody, Self::Department),
            Stage::InProgress => {
                let asked = case.tasks.iter().filter(|task| task.is_owed());
                match asked.min_by_key(|task| (task.assign.on, task.number)) {
                    Some(task) => Self::Department(task.assign.department_id),
                    None if is_consulting => Self::Consulted,
                    None => passed_on(case).map_or(Self::Office, Self::Department),
                }
            }
            // A review waits for an opinion that is outstanding.
            Stage::InReview if is_consulting => Self::Consulted,
            Stage::InReview => {
                case.proposal.as_ref().and_then(|proposal| proposal.next_review()).map_or(Self::Office, Self::Review)
            }
            Stage::Approved
            | Stage::Replied
            | Stage::Served
            | Stage::Lapsed
            | Stage::Withdrawn
            | Stage::Merged
            | Stage::Split
            | Stage::Closed
            | Stage::Archived
            | Stage::Void => Self::Office,
        }
    }
}

/// The department that the case was passed on to without a task (改派), until it has answered one.
fn passed_on(case: &Case) -> Option<Uuid> {
    let last = case.assignments.last().filter(|last| last.task.is_none())?;
    let has_answered = case.tasks.iter().any(|task| {
        task.assign.department_id == last.department_id
            && task.answer.as_ref().is_some_and(|answer| answer.on >= last.on)
    });
    (!has_answered).then_some(last.department_id)
}

/// Consecutive days with one holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Who had the case.
    pub holder: Holder,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub through: NaiveDate,
    /// Counted working days in it.
    pub working_days: u32,
    /// Whether they lie behind the last day for the reply.
    pub is_overdue: bool,
}

/// The counted working days of a period, each with its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delay {
    /// In order, without a day twice; stretches without a working day are left out.
    pub stretches: Vec<Stretch>,
}

impl Delay {
    /// Working days by holder.
    #[must_use]
    pub fn by_holder(&self) -> BTreeMap<Holder, u32> {
        let mut days = BTreeMap::new();
        for stretch in &self.stretches {
            *days.entry(stretch.holder).or_default() += stretch.working_days;
        }
        days
    }

    /// All working days.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.stretches.iter().map(|stretch| stretch.working_days).sum()
    }
}

/// Days `(after, through]`.
#[derive(Debug, Clone, Copy)]
struct Span {
    after: NaiveDate,
    through: NaiveDate,
}

/// Counted working days of the running period up to `day`, or to the reply or the end, those after the due date included.
/// Days beyond the published calendar are not counted: which of them are working days is not known yet.
///
/// A reply given while the period stood still used the days before the stop.
#[must_use]
pub fn used(case: &Case, answer: &ClockAnswer, day: NaiveDate, calendar: &Calendar) -> u32 {
    spans(case, answer, day, calendar).into_iter().map(|span| working_days(span, calendar)).sum()
}

/// The log without the tasks that were taken back: no day counts for a department that should not have been asked.
fn without_withdrawn(log: &[Event]) -> Cow<'_, [Event]> {
    let withdrawn: BTreeSet<u16> = log
        .iter()
        .filter_map(|event| match event {
            Event::TaskWithdrawn { task, .. } => Some(*task),
            _ => None,
        })
        .collect();
    if withdrawn.is_empty() {
        return Cow::Borrowed(log);
    }
    let was_given = |event: &&Event| !matches!(event, Event::TaskAssigned { task, .. } if withdrawn.contains(task));
    Cow::Owned(log.iter().filter(was_given).cloned().collect())
}

/// Whose each of the days of [`used`] was. A task that was taken back, on whatever day, was never given.
#[must_use]
pub fn delay(log: &[Event], case: &Case, answer: &ClockAnswer, day: NaiveDate, calendar: &Calendar) -> Delay {
    let due = measured_by(case, answer);
    let log = &*without_withdrawn(log);
    let mut turns: BTreeSet<NaiveDate> = log.iter().map(Event::on).collect();
    turns.extend(case.consultations.iter().filter_map(|one| case.silent_until(one, calendar)));
    let notices = [Notice::Correction, Notice::Justification, Notice::Fee];
    turns.extend(notices.iter().filter_map(|notice| case.notice_due(*notice, calendar)));
    turns.extend(due);
    let mut delay = Delay::default();
    for span in spans(case, answer, day, calendar) {
        let inner =
            turns.iter().copied().filter(|turn| (span.after..span.through).contains(turn) && *turn > span.after);
        let ends: Vec<NaiveDate> = inner.chain([span.through]).collect();
        let mut after = span.after;
        for through in ends {
            let working_days = working_days(Span { after, through }, calendar);
            if working_days > 0 {
                let from = after.succ_opt().unwrap_or(after);
                // Before a split the case was its parent's: the office's business.
                let holder = as_it_stood(log, after).map_or(Holder::Office, |stood| Holder::of(&stood, calendar, from));
                let is_overdue = due.is_some_and(|due| after >= due);
                delay.push(Stretch { holder, from, through, working_days, is_overdue });
            }
            after = through;
        }
    }
    delay
}

impl Delay {
    /// Neighbours with the same holder become one.
    fn push(&mut self, stretch: Stretch) {
        match self.stretches.last_mut() {
            Some(last)
                if (last.holder, last.is_overdue, last.through.succ_opt())
                    == (stretch.holder, stretch.is_overdue, Some(stretch.from)) =>
            {
                last.through = stretch.through;
                last.working_days += stretch.working_days;
            }
            Some(_) | None => self.stretches.push(stretch),
        }
    }
}

fn working_days(span: Span, calendar: &Calendar) -> u32 {
    calendar.count_working_days(span.after, span.through).unwrap_or(0)
}

fn measured_by(case: &Case, answer: &ClockAnswer) -> Option<NaiveDate> {
    case.warns_on(answer)
}

/// The days that count, in order.
fn spans(case: &Case, answer: &ClockAnswer, day: NaiveDate, calendar: &Calendar) -> Vec<Span> {
    let end = case.replied_on().or(case.ended_on).map_or(day, |ended| ended.min(day)).min(calendar.last_day());
    let is_waiting = matches!(answer.status, ClockStatus::AwaitingCorrection | ClockStatus::AwaitingFee);
    let waits = answer.derivation.iter().find(|step| step.kind == StepKind::Waiting && step.through.is_none());
    let pauses_since = waits.filter(|step| step.rule == "C-7").map(|step| step.from);
    // A day that was fixed, and a correction notice that may not hold: no stop moves either, every working day counts; but
    // none of those in which the period is stopped for a correction (C-7).
    let mut spans = if answer.total.is_none() || is_waiting {
        vec![Span { after: answer.start, through: pauses_since.map_or(end, |since| since.min(end)) }]
    } else {
        let counted = answer.derivation.iter().filter(|step| step.kind == StepKind::Counted);
        let before = |day: NaiveDate| day.pred_opt().unwrap_or(day);
        let mut spans: Vec<Span> = counted
            .map(|step| Span { after: before(step.from), through: step.through.unwrap_or(step.from).min(end) })
            .collect();
        spans.extend(answer.due.map(|due| Span { after: due, through: end }));
        spans
    };
    spans.retain(|span| span.through > span.after);
    spans
}
