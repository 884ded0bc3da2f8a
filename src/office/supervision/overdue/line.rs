//! A case as a line of the supervision lists: the list it belongs to, and its distance from the last day.

use super::LONG_STOP_DAYS;
use super::report::{OverdueRow, StoppedRow};
use crate::case::{Position, Stage, Standing, Summary};
use crate::law::{Calendar, ClockStatus, Outcome};
use crate::office::Word;
use crate::office::cases::as_of::CaseAsOf;
use crate::office::cases::case_file::OrganContext;
use crate::office::cases::queries::estimate_of;
use crate::store::cases::CaseRow;
use crate::store::{DepartmentId, OrganId, UserId};
use chrono::NaiveDate;
use uuid::Uuid;

/// The list a case belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverdueKind {
    DueSoon,
    OverdueOpen,
    RepliedLate,
}

/// A case that belongs to a list.
#[derive(PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: OverdueKind,
    pub(super) organ: OrganId,
    pub(super) department: Option<DepartmentId>,
    pub(super) handler: Option<UserId>,
    pub(super) row: OverdueRow,
}

/// A case on a day, by its row or by its log.
pub(super) struct OverdueLine<'a> {
    row: &'a CaseRow,
    desk: &'a OrganContext,
    calendar: &'a Calendar,
    position: Position,
    number: Option<&'a str>,
    title: &'a str,
    stage: Stage,
    received_on: NaiveDate,
    status: ClockStatus,
    /// The due date, if it is certain.
    due: Option<NaiveDate>,
    /// The line with the range of the due date, while a holiday notice is not published.
    estimate: Option<String>,
    department: Option<Uuid>,
    handler: Option<Uuid>,
    outcome: Option<Outcome>,
    replied_on: Option<NaiveDate>,
}

impl<'a> OverdueLine<'a> {
    /// `None` if the day of receipt is not fixed.
    pub(super) fn of_log(stood: &CaseAsOf<'a>) -> Option<Self> {
        let CaseAsOf { row, case, desk, calendar, answer, position, .. } = *stood;
        let answer = answer?;
        Some(Self {
            row,
            desk,
            calendar,
            position,
            number: case.number.as_deref(),
            title: case.intake.title.trim(),
            stage: case.stage,
            received_on: case.receipt?.on,
            status: answer.status,
            due: answer.due,
            estimate: answer.estimate(),
            department: case.department_id,
            handler: case.handler_id,
            outcome: case.outcome,
            replied_on: case.replied_on(),
        })
    }

    /// `None` if the day of receipt is not fixed.
    pub(super) fn of_row(
        row: &'a CaseRow,
        says: &'a Summary,
        desk: &'a OrganContext,
        calendar: &'a Calendar,
        position: Position,
    ) -> Option<Self> {
        Some(Self {
            row,
            desk,
            calendar,
            position,
            number: says.number.as_deref(),
            title: &row.title,
            stage: says.stage,
            received_on: says.received_on?,
            status: says.clock_status?,
            due: says.due_on,
            estimate: estimate_of(row, calendar),
            department: says.department_id,
            handler: says.handler_id,
            outcome: says.outcome,
            replied_on: says.replied_on,
        })
    }
}

/// The list a case belongs to, with its row. `None` if it belongs to none.
pub(super) fn placed(line: &OverdueLine<'_>, late_from: NaiveDate) -> Option<Found> {
    let OverdueLine { row, desk, calendar, .. } = line;
    let Position { level, due_on, latest_on, on, standing } = line.position;
    let (kind, due_on) = (kind_of(standing)?, due_on?);
    if kind == OverdueKind::RepliedLate && on < late_from {
        return None;
    }
    let is_closed = kind == OverdueKind::RepliedLate;
    let left = (on <= due_on)
        .then(|| Distance { working_days: calendar.count_estimated(on, due_on), days: days_between(on, due_on) });
    let passed = match kind {
        OverdueKind::DueSoon => None,
        // An open case is certainly overdue only after its latest possible day.
        OverdueKind::OverdueOpen => line.due.or(latest_on).or(Some(due_on)),
        OverdueKind::RepliedLate => Some(due_on),
    };
    let passed = passed
        .map(|since| Distance { working_days: calendar.count_estimated(since, on), days: days_between(since, on) });
    Some(Found {
        kind,
        organ: row.organ_id,
        department: line.department.map(DepartmentId),
        handler: line.handler.map(UserId),
        row: OverdueRow {
            case_id: row.id.0,
            number: line.number.map(str::to_owned),
            organ_id: row.organ_id.0,
            organ_code: desk.organ.code.clone(),
            organ_name: desk.organ.name.clone(),
            department_id: line.department,
            department: None,
            handler_id: line.handler,
            handler: None,
            title: line.title.to_owned(),
            stage: Word::of(line.stage.code(), line.stage.label()),
            received_on: line.received_on,
            due_on,
            is_provisional: latest_on.is_some(),
            latest_on,
            is_at_risk: line.status == ClockStatus::AwaitingCorrection,
            estimate: line.estimate.clone().filter(|_| latest_on.is_some()),
            clock_status: Word::of(line.status.code(), line.status.label()),
            remaining_working_days: left.map(|left| left.working_days),
            remaining_days: left.map(|left| left.days),
            overdue_working_days: passed.map(|passed| passed.working_days),
            overdue_days: passed.map(|passed| passed.days),
            warning: Word::of(level.code(), level.label()),
            outcome: line.outcome.filter(|_| is_closed).map(|outcome| Word::of(outcome.code(), outcome.label())),
            replied_on: line.replied_on.filter(|_| is_closed),
            has_changed_since: false,
        },
    })
}

/// The row of a case that was stopped at least [`LONG_STOP_DAYS`] working days ago and does not run again by itself. `None` for any
/// other case.
pub(super) fn stopped(stood: &CaseAsOf<'_>, on: NaiveDate) -> Option<StoppedRow> {
    let CaseAsOf { row, case, desk, calendar, answer, .. } = *stood;
    let asked = case.stopped_by(answer.filter(|_| case.stage.is_open())?, calendar, on)?;
    let since = asked.opened.sent_on;
    let working_days = calendar.count_estimated(since, on);
    (working_days >= LONG_STOP_DAYS).then(|| StoppedRow {
        case_id: row.id.0,
        number: case.number.clone(),
        organ_id: row.organ_id.0,
        organ_code: desk.organ.code.clone(),
        organ_name: desk.organ.name.clone(),
        department_id: case.department_id,
        department: None,
        handler_id: case.handler_id,
        handler: None,
        title: case.intake.title.trim().to_owned(),
        stage: Word::of(case.stage.code(), case.stage.label()),
        received_on: case.receipt.map(|receipt| receipt.on),
        party: asked.opened.party.clone(),
        party_kind: Word::of(asked.opened.kind.code(), asked.opened.kind.label()),
        is_served: asked.opened.served_on.is_some(),
        since,
        working_days,
        has_changed_since: false,
    })
}

/// The distance between two days.
#[derive(Clone, Copy)]
struct Distance {
    working_days: u32,
    days: u32,
}

fn days_between(first: NaiveDate, last: NaiveDate) -> u32 {
    u32::try_from((last - first).num_days()).unwrap_or(0)
}

const fn kind_of(standing: Standing) -> Option<OverdueKind> {
    match standing {
        Standing::DueSoon | Standing::DueToday => Some(OverdueKind::DueSoon),
        Standing::Overdue | Standing::LongOverdue => Some(OverdueKind::OverdueOpen),
        Standing::Late | Standing::RenewingLate => Some(OverdueKind::RepliedLate),
        Standing::NotStarted
        | Standing::Running
        | Standing::Suspended
        | Standing::AwaitingApplicant
        | Standing::Renewing
        | Standing::OnTime
        | Standing::Unjudged
        | Standing::ClosedOtherwise => None,
    }
}

/// The sort key: open cases by due date; late replies by reply date, latest first. The case id makes the order stable.
pub(super) fn urgency(found: &Found) -> (NaiveDate, std::cmp::Reverse<Option<NaiveDate>>, NaiveDate, Uuid) {
    let row = &found.row;
    let first = if found.kind == OverdueKind::RepliedLate { NaiveDate::MIN } else { row.due_on };
    (first, std::cmp::Reverse(row.replied_on), row.due_on, row.case_id)
}
