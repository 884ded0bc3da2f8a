//! Warning levels: how near or how far past its due date a case is.

use super::answer::ClockAnswer;
use crate::law::calendar::Calendar;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// From nothing to 30 days overdue. The order is that of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    /// Nothing is owed, or not yet.
    None,
    /// The period has started.
    Blue,
    /// Few working days are left.
    Yellow,
    /// Due today.
    Orange,
    /// Overdue.
    Red,
    /// Overdue for long.
    Black,
}

impl WarningLevel {
    /// Every level.
    pub const ALL: [Self; 6] = [Self::None, Self::Blue, Self::Yellow, Self::Orange, Self::Red, Self::Black];

    /// The code used in rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Black => "black",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "无",
            Self::Blue => "蓝：已开始计算",
            Self::Yellow => "黄：即将到期",
            Self::Orange => "橙：今日到期",
            Self::Red => "红：已逾期",
            Self::Black => "黑：严重逾期",
        }
    }

    /// The level of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

/// When a level begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WarningThresholds {
    /// Yellow from so many working days before the due date.
    pub yellow_days: u32,
    /// Black from so many calendar days after the due date.
    pub black_days: u32,
}

impl Default for WarningThresholds {
    fn default() -> Self {
        Self { yellow_days: 5, black_days: 30 }
    }
}

/// The level of a case on a day, from the answer computed for that day. While a notice is not out, the earliest day the period may
/// end on warns.
#[must_use]
pub fn warning_level(
    answer: &ClockAnswer,
    today: NaiveDate,
    thresholds: &WarningThresholds,
    calendar: &Calendar,
) -> WarningLevel {
    if !answer.status.is_open() || today < answer.start {
        return WarningLevel::None;
    }
    let Some(day) = answer.warns_on() else { return WarningLevel::Blue };
    let certain = answer.due.or(answer.range.map(|range| range.latest));
    warning_level_between(day, certain.unwrap_or(day), today, thresholds, calendar)
}

/// The level of a period that warns from `earliest` and is certainly over only after `certain`: its due date by the notices that are
/// out, else the latest it can be.
#[must_use]
pub fn warning_level_between(
    earliest: NaiveDate,
    certain: NaiveDate,
    today: NaiveDate,
    thresholds: &WarningThresholds,
    calendar: &Calendar,
) -> WarningLevel {
    if earliest <= today && today <= certain {
        return WarningLevel::Orange;
    }
    let day = if today < earliest { earliest } else { certain };
    warning_level_of_due(day, today, thresholds, calendar)
}

/// The level of a period that runs to `due`, for lists that hold no more than its last day. Working days beyond the
/// calendar are estimated.
#[must_use]
pub fn warning_level_of_due(
    due: NaiveDate,
    today: NaiveDate,
    thresholds: &WarningThresholds,
    calendar: &Calendar,
) -> WarningLevel {
    let overdue = (today - due).num_days();
    if overdue >= i64::from(thresholds.black_days).max(1) {
        return WarningLevel::Black;
    }
    match overdue {
        1.. => WarningLevel::Red,
        0 => WarningLevel::Orange,
        _ if calendar.count_estimated(today, due) <= thresholds.yellow_days => WarningLevel::Yellow,
        _ => WarningLevel::Blue,
    }
}
