//! The place of a case on a day in the table of those who watch many: exactly one.

use super::state::Case;
use super::summary::Summary;
use crate::case::vocabulary::{Stage, words};
use crate::law::{
    Calendar, ClockAnswer, ClockStatus, WarningLevel, WarningThresholds, warning_level, warning_level_between,
    warning_level_of_due,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

words! {
    /// The place of a case on a day. Every case has exactly one.
    Standing {
        /// The day of receipt is not fixed: no period runs yet.
        NotStarted = "not_started", "待确认收到";
        /// The period runs, and more than the yellow days are left.
        Running = "running", "期限内";
        /// Few working days are left.
        DueSoon = "due_soon", "即将到期";
        /// Due on this day.
        DueToday = "due_today", "今日到期";
        /// Overdue, not for long.
        Overdue = "overdue_red", "逾期未办（红）";
        /// Overdue for long.
        LongOverdue = "overdue_black", "严重逾期未办（黑）";
        /// An opinion is awaited: the period is stopped.
        Suspended = "suspended", "征求意见，停止计算";
        /// A correction or payment is awaited.
        AwaitingApplicant = "awaiting_applicant", "待补正、待缴费";
        /// The reply, which came in time, was revoked: another one is owed, but the period was answered.
        Renewing = "reply_revoked", "原答复已撤销，重新答复中";
        /// The same of a reply that came too late.
        RenewingLate = "late_reply_revoked", "原答复逾期且已撤销，重新答复中";
        /// Replied in time.
        OnTime = "replied_on_time", "按期答复";
        /// Replied late.
        Late = "replied_late", "逾期答复";
        /// Replied; whether in time needs a year whose calendar is not published.
        Unjudged = "replied_unjudged", "已答复，日历未公布不能判断是否按期";
        /// Ended without a reply.
        ClosedOtherwise = "closed_otherwise", "未经答复终结";
    }
}

impl Standing {
    /// Whether a reply is still owed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::NotStarted
            | Self::Running
            | Self::DueSoon
            | Self::DueToday
            | Self::Overdue
            | Self::LongOverdue
            | Self::Suspended
            | Self::AwaitingApplicant
            | Self::Renewing
            | Self::RenewingLate => true,
            Self::OnTime | Self::Late | Self::Unjudged | Self::ClosedOtherwise => false,
        }
    }

    /// Whether a reply was given.
    #[must_use]
    pub const fn is_replied(self) -> bool {
        matches!(self, Self::OnTime | Self::Late | Self::Unjudged)
    }

    /// Whether the reply is, or came, too late.
    #[must_use]
    pub const fn is_late(self) -> bool {
        matches!(self, Self::Overdue | Self::LongOverdue | Self::Late | Self::RenewingLate)
    }

    /// Of a case whose period was answered in time. Open again means that the reply was revoked.
    const fn in_time(stage: Stage) -> Self {
        if stage.is_open() { Self::Renewing } else { Self::OnTime }
    }

    /// The same of a period that was answered late.
    const fn late(stage: Stage) -> Self {
        if stage.is_open() { Self::RenewingLate } else { Self::Late }
    }

    const fn of_level(level: WarningLevel) -> Self {
        match level {
            WarningLevel::None | WarningLevel::Blue => Self::Running,
            WarningLevel::Yellow => Self::DueSoon,
            WarningLevel::Orange => Self::DueToday,
            WarningLevel::Red => Self::Overdue,
            WarningLevel::Black => Self::LongOverdue,
        }
    }
}

/// The place of a case, and the dates it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Where.
    pub standing: Standing,
    /// How urgent; of a late reply: as it was on the day of the reply.
    pub level: WarningLevel,
    /// The last day it is measured by: the due date, or the earliest it can be; else that of a correction notice sent too
    /// late, which may not hold (C-7b).
    pub due_on: Option<NaiveDate>,
    /// While a notice is not out: the latest that day can be.
    pub latest_on: Option<NaiveDate>,
    /// The day it is measured on: the day asked about, or that of the reply.
    pub on: NaiveDate,
}

/// Where `case`, as it stood on `day`, stood then. `answer` is the law's for the same case and day, `None` as long as the
/// day of receipt is not fixed.
#[must_use]
pub fn position(
    case: &Case,
    answer: Option<&ClockAnswer>,
    day: NaiveDate,
    thresholds: &WarningThresholds,
    calendar: &Calendar,
) -> Position {
    let Some(answer) = answer else {
        let standing = if case.stage.is_open() { Standing::NotStarted } else { Standing::ClosedOtherwise };
        return Position { standing, level: WarningLevel::None, due_on: None, latest_on: None, on: day };
    };
    let risk = case.risk_due(answer);
    let latest_on = answer.range.map(|range| range.latest);
    let due_on = case.warns_on(answer);
    let at = |standing, level, on| Position { standing, level, due_on, latest_on, on };
    match answer.status {
        ClockStatus::Gap if !case.stage.is_open() => at(Standing::Unjudged, WarningLevel::None, day),
        ClockStatus::Running | ClockStatus::Gap => {
            let level = warning_level(answer, day, thresholds, calendar);
            at(Standing::of_level(level), level, day)
        }
        ClockStatus::AwaitingCorrection => {
            let level = risk.map(|due| warning_level_of_due(due, day, thresholds, calendar));
            match level.map(|level| (Standing::of_level(level), level)) {
                Some((Standing::Running, _)) | None => at(Standing::AwaitingApplicant, WarningLevel::None, day),
                Some((standing, level)) => at(standing, level, day),
            }
        }
        ClockStatus::AwaitingFee => at(Standing::AwaitingApplicant, WarningLevel::None, day),
        ClockStatus::Suspended => at(Standing::Suspended, WarningLevel::None, day),
        ClockStatus::Met => at(Standing::in_time(case.stage), WarningLevel::None, day),
        ClockStatus::MetLate => {
            let on = case.replied_on().unwrap_or(day);
            // How late it was when it went out: the level the open case had on that day.
            let open = ClockAnswer { status: ClockStatus::Running, ..answer.clone() };
            at(Standing::late(case.stage), warning_level(&open, on, thresholds, calendar), on)
        }
        ClockStatus::Ended => at(Standing::ClosedOtherwise, WarningLevel::None, day),
    }
}

impl Summary {
    /// The position of the case on `day` by its row. It equals [`position`] by the log on every day from the one the
    /// row was derived on to the last day of a stop (`resumes_on`). The last day of a reply that cannot be judged is not in
    /// the row.
    #[must_use]
    pub fn position(&self, day: NaiveDate, thresholds: &WarningThresholds, calendar: &Calendar) -> Position {
        let Some(status) = self.clock_status else {
            let standing = if self.stage.is_open() { Standing::NotStarted } else { Standing::ClosedOtherwise };
            return Position { standing, level: WarningLevel::None, due_on: None, latest_on: None, on: day };
        };
        let due_on = self.warns_on.or(self.due_on);
        let at = |standing, level, on| Position { standing, level, due_on, latest_on: self.latest_on, on };
        let quiet = |standing| at(standing, WarningLevel::None, day);
        match status {
            ClockStatus::Gap if !self.stage.is_open() => quiet(Standing::Unjudged),
            ClockStatus::Running | ClockStatus::Gap => {
                let level = self.level(day, thresholds, calendar);
                at(Standing::of_level(level), level, day)
            }
            ClockStatus::AwaitingCorrection => {
                let level = self.warns_on.map(|due| warning_level_of_due(due, day, thresholds, calendar));
                match level.map(|level| (Standing::of_level(level), level)) {
                    Some((Standing::Running, _)) | None => quiet(Standing::AwaitingApplicant),
                    Some((standing, level)) => at(standing, level, day),
                }
            }
            ClockStatus::AwaitingFee => quiet(Standing::AwaitingApplicant),
            ClockStatus::Suspended => quiet(Standing::Suspended),
            ClockStatus::Met => quiet(Standing::in_time(self.stage)),
            ClockStatus::MetLate => {
                let on = self.replied_on.unwrap_or(day);
                at(Standing::late(self.stage), self.level(on, thresholds, calendar), on)
            }
            ClockStatus::Ended => quiet(Standing::ClosedOtherwise),
        }
    }

    /// The level of the period on a day on which it runs.
    fn level(&self, day: NaiveDate, thresholds: &WarningThresholds, calendar: &Calendar) -> WarningLevel {
        if self.start_on.is_some_and(|start| day < start) {
            return WarningLevel::None;
        }
        let Some(earliest) = self.warns_on.or(self.due_on) else { return WarningLevel::Blue };
        let certain = self.due_on.or(self.latest_on).unwrap_or(earliest);
        warning_level_between(earliest, certain, day, thresholds, calendar)
    }
}
