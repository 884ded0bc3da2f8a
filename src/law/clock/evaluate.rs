//! From the period that runs to the answer.

use super::answer::{ClockAnswer, ClockStatus, DueIfReturned, IneffectiveReason, Step, StepKind};
use super::error::ClockError;
use super::history::{Change, ClockPeriod, change_source, fee_notice_article};
use super::stops::{Stop, Unanswered, resumes_on, stops};
use super::walk::{End, Walk, range, walk};
use super::{ClockOptions, ReopenedPeriod};
use crate::law::calendar::Calendar;
use crate::law::regime::Regime;
use chrono::NaiveDate;

/// Length or end of the period after its extensions and delays.
#[derive(Clone, Copy)]
enum Length {
    WorkingDays(u32),
    Until(NaiveDate),
}

pub(super) fn evaluate(
    mut period: ClockPeriod<'_>,
    options: ClockOptions,
    calendar: &Calendar,
    as_of: Option<NaiveDate>,
) -> Result<ClockAnswer, ClockError> {
    note_consultations_that_do_not_stop(&mut period, options);
    let stops = stops(&period, options, as_of.map_or(Unanswered::Timeless, Unanswered::AsOf));
    let length = length(&mut period, calendar, &stops)?;
    let mut answer = ClockAnswer {
        start: period.start,
        start_rule: period.start_rule,
        due: None,
        status: ClockStatus::Running,
        total: None,
        excluded: None,
        used: None,
        remaining: None,
        due_if_returned_today: None,
        resumes_on: None,
        due_if_silent: None,
        counted: None,
        missing: None,
        provisional_due: None,
        range: None,
        risk_due: None,
        risk_resumes_on: None,
        overdue_working_days: None,
        overdue_days: None,
        derivation: std::mem::take(&mut period.steps),
        calendar_version: calendar.version().to_owned(),
    };
    let day = period.closed.map_or(as_of, |closed| Some(closed.on));
    if !wait_for_applicant(&mut answer, &period, options, calendar, length, &stops, day) {
        match length {
            Length::Until(until) => run_until(&mut answer, calendar, until, day),
            Length::WorkingDays(total) => {
                let walk = walk(calendar, period.start, total, &stops);
                run(&mut answer, calendar, period.regime, total, &walk, &stops, day);
                match (walk.end, as_of) {
                    (End::Suspended { .. }, Some(day)) => what_if(&mut answer, &period, options, calendar, total, day),
                    (End::Suspended { .. }, None) => {}
                    (End::Due(_) | End::Gap { .. }, _) => {
                        answer.range = range(calendar, walk.end, period.start, total, &stops);
                    }
                }
            }
        }
    }
    close(&mut answer, &period, calendar);
    judge_range(&mut answer);
    overdue(&mut answer, calendar, day);
    Ok(answer)
}

/// Under Order 492 the text takes out the time of third parties only (C-5).
fn note_consultations_that_do_not_stop(period: &mut ClockPeriod<'_>, options: ClockOptions) {
    let article = period.regime.stop_article();
    for known in period.consultations.iter().filter(|known| !known.kind.stops(period.regime, options)) {
        let mut step = Step::new(StepKind::NoStop, known.sent, "C-5", article);
        step.consultations.push(known.id.to_owned());
        period.steps.push(step);
    }
}

/// Applies extensions and delays in the order of their notices. A notice after the then-current due date comes too late.
fn length(period: &mut ClockPeriod<'_>, calendar: &Calendar, stops: &[Stop<'_>]) -> Result<Length, ClockError> {
    let mut length = match period.order {
        Some(ReopenedPeriod::Days(days)) => return Ok(Length::WorkingDays(days)),
        Some(ReopenedPeriod::Until(until)) => return Ok(Length::Until(until)),
        None => Length::WorkingDays(period.regime.reply_days()),
    };
    let mut extended = 0;
    for change in std::mem::take(&mut period.changes) {
        let (rule, article) = change_source(change, period.regime);
        let (on, kind) = match change {
            Change::Extension { on, .. } => (on, StepKind::Extended),
            Change::Delayed { on, .. } => (on, StepKind::Delayed),
        };
        let step = Step::new(kind, on, rule, article);
        let too_late = match length {
            Length::Until(until) => on > until,
            Length::WorkingDays(total) => {
                matches!(walk(calendar, period.start, total, stops).end, End::Due(due) if on > due)
            }
        };
        period.steps.push(match (change, length) {
            _ if too_late => Step::new(StepKind::Ineffective, on, rule, article).because(IneffectiveReason::AfterDue),
            (Change::Extension { .. }, Length::Until(_)) => {
                Step::new(StepKind::Ineffective, on, rule, article).because(IneffectiveReason::PeriodFixed)
            }
            (Change::Extension { days, .. }, Length::WorkingDays(total)) => {
                let max = period.regime.extension_max_days();
                extended += days;
                if extended > max {
                    return Err(ClockError::ExtensionDays { days: extended, max, article });
                }
                length = Length::WorkingDays(total + days);
                step.days(days)
            }
            (Change::Delayed { until, .. }, Length::Until(_) | Length::WorkingDays(_)) => {
                length = Length::Until(until);
                step.through(until)
            }
        });
    }
    Ok(length)
}

/// True when the applicant has the word and no due date can be said.
fn wait_for_applicant(
    answer: &mut ClockAnswer,
    period: &ClockPeriod<'_>,
    options: ClockOptions,
    calendar: &Calendar,
    length: Length,
    stops: &[Stop<'_>],
    day: Option<NaiveDate>,
) -> bool {
    let (status, since, rule, article) = match (period.awaiting_correction, period.awaiting_fee) {
        (Some(since), _) => {
            let pauses = options.correction_pauses(period.regime);
            let (rule, article) = period.regime.correction_source("D1", pauses);
            (ClockStatus::AwaitingCorrection, since, rule, article)
        }
        (None, Some(since)) => (ClockStatus::AwaitingFee, since, "D10", fee_notice_article()),
        (None, None) => return false,
    };
    answer.status = status;
    answer.derivation.push(Step::new(StepKind::Waiting, since, rule, article));
    if status == ClockStatus::AwaitingCorrection {
        match length {
            Length::Until(until) => answer.risk_due = Some(until),
            Length::WorkingDays(total) => match walk(calendar, period.start, total, stops).end {
                End::Due(due) => answer.risk_due = Some(due),
                End::Suspended { .. } => answer.risk_resumes_on = day.and_then(|day| resumes_on(period, options, day)),
                End::Gap { .. } => {}
            },
        }
    }
    true
}

fn run_until(answer: &mut ClockAnswer, calendar: &Calendar, until: NaiveDate, day: Option<NaiveDate>) {
    answer.due = Some(until);
    answer.remaining = day.and_then(|day| calendar.count_working_days(day.max(answer.start), until).ok());
    answer.derivation.push(Step::new(StepKind::Due, until, "", ""));
}

fn run(
    answer: &mut ClockAnswer,
    calendar: &Calendar,
    regime: Regime,
    total: u32,
    walk: &Walk,
    stops: &[Stop<'_>],
    day: Option<NaiveDate>,
) {
    answer.total = Some(total);
    push_spans(answer, regime, walk, stops);
    match walk.end {
        End::Due(due) => {
            answer.due = Some(due);
            answer.excluded = Some(walk.excluded());
            answer.used = day.and_then(|day| walk.used_through(calendar, day));
            answer.derivation.push(Step::new(StepKind::Due, due, "", ""));
        }
        End::Suspended { stop, used } => {
            answer.status = ClockStatus::Suspended;
            answer.used = Some(used);
            if let Some(stop) = stops.get(stop) {
                let (rule, article) = stop.source(regime);
                let mut step = Step::new(StepKind::Suspended, stop.from, rule, article);
                step.consultations = stop.ids.iter().map(|id| (*id).to_owned()).collect();
                answer.derivation.push(step);
            }
        }
        End::Gap { counted, missing } => {
            answer.status = ClockStatus::Gap;
            answer.counted = Some(counted);
            answer.missing = Some(missing);
            answer.used = day.and_then(|day| walk.used_through(calendar, day));
            answer.derivation.push(Step::new(StepKind::Gap, missing, "", HOLIDAY_NOTICE));
        }
    }
    answer.remaining = answer.used.map(|used| total - used);
}

const SERVICE: &str = "国办公开办函〔2016〕235号第四条";
const HOLIDAY_NOTICE: &str = "国务院办公厅关于部分节假日安排的通知";

fn push_spans(answer: &mut ClockAnswer, regime: Regime, walk: &Walk, stops: &[Stop<'_>]) {
    for span in &walk.spans {
        let stop = span.stop.and_then(|place| stops.get(place));
        let (kind, (rule, article)) = match stop {
            Some(stop) => (StepKind::Excluded, stop.source(regime)),
            None => (StepKind::Counted, ("C-1", "")),
        };
        let mut step = Step::new(kind, span.from, rule, article).through(span.through).days(span.days);
        if let Some(stop) = stop {
            step.consultations = stop.ids.iter().map(|id| (*id).to_owned()).collect();
        }
        answer.derivation.push(step);
    }
}

/// Suspended: the due date if the opinions came back today, and if no opinion ever comes.
fn what_if(
    answer: &mut ClockAnswer,
    period: &ClockPeriod<'_>,
    options: ClockOptions,
    calendar: &Calendar,
    total: u32,
    day: NaiveDate,
) {
    let due = |unanswered| match walk(calendar, period.start, total, &stops(period, options, unanswered)).end {
        End::Due(due) => DueIfReturned::On(due),
        End::Suspended { .. } | End::Gap { .. } => DueIfReturned::Gap,
    };
    answer.due_if_returned_today = Some(due(Unanswered::ReturnedOn(day)));
    answer.resumes_on = resumes_on(period, options, day);
    answer.due_if_silent = answer.resumes_on.map(|_| due(Unanswered::Timeless));
}

/// A reply ends the period: in time on or before the due date, or while it stood still.
fn close(answer: &mut ClockAnswer, period: &ClockPeriod<'_>, calendar: &Calendar) {
    let Some(closed) = period.closed else { return };
    let (kind, article) = if closed.replied { (StepKind::Replied, SERVICE) } else { (StepKind::Ended, "") };
    answer.derivation.push(Step::new(kind, closed.on, "", article));
    let beyond_the_calendar = answer.status == ClockStatus::Gap && closed.on > calendar.last_day();
    answer.status = match answer.due {
        _ if !closed.replied => ClockStatus::Ended,
        Some(due) if closed.on > due => ClockStatus::MetLate,
        None if beyond_the_calendar => ClockStatus::Gap,
        Some(_) | None => ClockStatus::Met,
    };
}

/// The range belongs to a reply that is owed, or one that cannot be judged without the notice. A due date that no notice can move has
/// none.
fn judge_range(answer: &mut ClockAnswer) {
    answer.range = answer.range.filter(|_| answer.status.is_open());
    if answer.due.is_none() {
        answer.provisional_due = answer.range.map(|range| range.earliest);
    }
}

fn overdue(answer: &mut ClockAnswer, calendar: &Calendar, day: Option<NaiveDate>) {
    let late = match answer.status {
        ClockStatus::Running | ClockStatus::MetLate => true,
        ClockStatus::Suspended
        | ClockStatus::AwaitingCorrection
        | ClockStatus::AwaitingFee
        | ClockStatus::Gap
        | ClockStatus::Met
        | ClockStatus::Ended => false,
    };
    if let Some((due, day)) = answer.due.zip(day).filter(|(due, day)| late && day > due) {
        answer.overdue_days = u32::try_from((day - due).num_days()).ok();
        answer.overdue_working_days = calendar.count_working_days(due, day).ok();
    }
}
