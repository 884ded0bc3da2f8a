//! What the row of a case says: everything queries need, derived from the log alone.

use super::context::Context;
use super::state::Case;
use crate::case::vocabulary::Stage;
use crate::law::{ClockAnswer, ClockStatus, Outcome, Regime};
use chrono::NaiveDate;
use uuid::Uuid;

/// The derived part of a case's row, as of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// 受理编号.
    pub number: Option<String>,
    /// Its stage.
    pub stage: Stage,
    /// The Order.
    pub regime: Option<Regime>,
    /// The state of the reply period; `None` until receipt is fixed.
    pub clock_status: Option<ClockStatus>,
    /// The day of receipt.
    pub received_on: Option<NaiveDate>,
    /// Day 0 of the running period.
    pub start_on: Option<NaiveDate>,
    /// The last day for the reply, while the period runs or after it was met.
    pub due_on: Option<NaiveDate>,
    /// The last day of a stop whose statutory limit is known: the period runs again from the next day.
    pub resumes_on: Option<NaiveDate>,
    /// The day of the letter that stopped the period of an open case, if the day on which it runs again is not known.
    pub stopped_on: Option<NaiveDate>,
    /// The day that counts as the reply.
    pub replied_on: Option<NaiveDate>,
    /// The day an open case is warned by: its last day; the provisional one while that needs an unpublished year; the one
    /// that holds if a correction notice sent too late does not hold (C-7b).
    pub warns_on: Option<NaiveDate>,
    /// The latest day the period of an open case can end on, while a notice that may move it is not out; `warns_on` is the earliest.
    pub latest_on: Option<NaiveDate>,
    /// The day the case ended.
    pub closed_on: Option<NaiveDate>,
    /// Whether the reply came after the last day.
    pub is_late: bool,
    /// Whether the one extension was used.
    pub is_extended: bool,
    /// The category.
    pub outcome: Option<Outcome>,
    /// 承办科室.
    pub department_id: Option<Uuid>,
    /// 承办人.
    pub handler_id: Option<Uuid>,
}

/// The row of `case` on `context.today`.
#[must_use]
pub fn summary(case: &Case, context: &Context<'_>) -> Summary {
    let clock: Option<ClockAnswer> =
        case.reply_clock(context.calendar, context.rules, Some(context.today)).ok().flatten();
    let status = clock.as_ref().map(|answer| answer.status);
    // A case is open again after its reply was revoked, but its period was answered.
    let is_owed = |answer: &ClockAnswer| case.stage.is_open() && answer.status.is_open();
    Summary {
        number: case.number.clone(),
        stage: case.stage,
        regime: case.regime,
        clock_status: status,
        // A void case counts as received nowhere.
        received_on: case.receipt.map(|receipt| receipt.on).filter(|_| case.stage != Stage::Void),
        start_on: clock.as_ref().map(|answer| answer.start),
        due_on: clock.as_ref().and_then(|answer| answer.due),
        resumes_on: clock.as_ref().and_then(|answer| case.resumes_on(answer)),
        stopped_on: clock
            .as_ref()
            .filter(|_| case.stage.is_open())
            .and_then(|answer| case.stopped_by(answer, context.calendar, context.today))
            .map(|asked| asked.opened.sent_on),
        replied_on: case.replied_on().filter(|_| case.stage != Stage::Void),
        warns_on: clock.as_ref().filter(|answer| is_owed(answer)).and_then(|answer| case.warns_on(answer)),
        latest_on: clock
            .as_ref()
            .filter(|answer| is_owed(answer))
            .and_then(|answer| answer.range)
            .map(|range| range.latest),
        closed_on: case.ended_on,
        is_late: status == Some(ClockStatus::MetLate),
        // A restart voids the extension of the old period (D3); the case has had its one extension all the same.
        is_extended: case
            .extension
            .as_ref()
            .is_some_and(|e| clock.as_ref().is_none_or(|answer| e.notified_on >= answer.start))
            && case.stage != Stage::Void,
        outcome: case.outcome,
        department_id: case.department_id,
        handler_id: case.handler_id,
    }
}
