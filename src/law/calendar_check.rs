//! What a holiday notice cannot say. A slip in typing one (2024-02-12 for 2024-12-02) moves deadlines for months unseen.

use super::calendar::{Calendar, CalendarYear, is_weekend};
use chrono::{Datelike, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// Why a calendar is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not JSON, or not of the expected form.
    #[error("日历文件无法读取：{detail}")]
    Unreadable {
        /// What and where.
        detail: String,
    },
    /// No year at all.
    #[error("日历中没有任何年份")]
    Empty,
    /// A year between two others is missing.
    #[error("缺少 {year} 年的日历")]
    MissingYear {
        /// The year.
        year: i32,
    },
    /// A year is given twice.
    #[error("{year} 年的日历重复")]
    RepeatedYear {
        /// The year.
        year: i32,
    },
    /// A year without a notice would be a guess.
    #[error("{year} 年没有放假通知的依据")]
    NoNotice {
        /// The year.
        year: i32,
    },
    /// A date of another year.
    #[error("{date} 不属于 {year} 年")]
    WrongYear {
        /// The year of the file.
        year: i32,
        /// The date.
        date: NaiveDate,
    },
    /// The same date twice.
    #[error("{date} 重复")]
    RepeatedDate {
        /// The date.
        date: NaiveDate,
    },
    /// A day cannot be both.
    #[error("{date} 既放假又上班")]
    OffAndWork {
        /// The date.
        date: NaiveDate,
    },
    /// Only weekend days are worked in exchange.
    #[error("{date} 不是周六或周日，不能作为调休上班日")]
    WorkOnWeekday {
        /// The date.
        date: NaiveDate,
    },
    /// A holiday of fixed date is missing.
    #[error("{date} 是法定节假日，未列为放假")]
    HolidayNotOff {
        /// The date.
        date: NaiveDate,
    },
    /// Days of one holiday lie too far apart.
    #[error("{date}（{name}）离同一节日的其他放假日过远，疑为日期误写")]
    StrayDay {
        /// The date.
        date: NaiveDate,
        /// The holiday.
        name: String,
    },
    /// A worked weekend day far from any holiday.
    #[error("{date} 前后没有假期，不会是调休上班日，疑为日期误写")]
    StrayWorkDay {
        /// The date.
        date: NaiveDate,
    },
    /// The number of working days is not one a year can have.
    #[error("{year} 年共 {days} 个工作日，不合常理")]
    ImplausibleYear {
        /// The year.
        year: i32,
        /// Its working days.
        days: u32,
    },
    /// A date outside the calendar it is laid upon.
    #[error("{date} 不在日历范围内")]
    OutsideCalendar {
        /// The date.
        date: NaiveDate,
    },
    /// A day worked in exchange that is worked anyway.
    #[error("{date} 本来就是工作日")]
    WorkedAlready {
        /// The date.
        date: NaiveDate,
    },
    /// An overlay needs a name.
    #[error("地方日历没有名称")]
    OverlayWithoutRegion,
}

/// A holiday with its exchanged weekends is never longer.
const LONGEST_HOLIDAY_DAYS: i64 = 12;
/// A weekend worked in exchange lies this near to the holiday it pays for.
const EXCHANGE_REACH_DAYS: i64 = 21;
/// 2008-2026 have 248 to 251 working days a year.
const PLAUSIBLE_WORKING_DAYS: std::ops::RangeInclusive<u32> = 244..=255;

pub(super) fn check_years(years: &[CalendarYear]) -> Result<(), CalendarError> {
    check_sequence(years)?;
    for year in years {
        check_dates(year)?;
        check_holidays(year)?;
    }
    check_exchanges(years)
}

/// Years follow one another and each rests on a notice.
fn check_sequence(years: &[CalendarYear]) -> Result<(), CalendarError> {
    let mut expected = years.first().ok_or(CalendarError::Empty)?.year;
    for year in years {
        if year.year < expected {
            return Err(CalendarError::RepeatedYear { year: year.year });
        }
        if year.year > expected {
            return Err(CalendarError::MissingYear { year: expected });
        }
        if year.notice.trim().is_empty() {
            return Err(CalendarError::NoNotice { year: year.year });
        }
        expected = expected.saturating_add(1);
    }
    Ok(())
}

/// Every date belongs to the year and is named once; worked days are weekend days.
fn check_dates(year: &CalendarYear) -> Result<(), CalendarError> {
    let mut off = BTreeSet::new();
    for date in year.off.iter().map(|day| day.date) {
        check_year(year.year, date)?;
        if !off.insert(date) {
            return Err(CalendarError::RepeatedDate { date });
        }
    }
    let mut work = BTreeSet::new();
    for date in year.work.iter().copied() {
        check_year(year.year, date)?;
        if off.contains(&date) {
            return Err(CalendarError::OffAndWork { date });
        }
        if !is_weekend(date) {
            return Err(CalendarError::WorkOnWeekday { date });
        }
        if !work.insert(date) {
            return Err(CalendarError::RepeatedDate { date });
        }
    }
    Ok(())
}

fn check_year(year: i32, date: NaiveDate) -> Result<(), CalendarError> {
    if date.year() == year { Ok(()) } else { Err(CalendarError::WrongYear { year, date }) }
}

/// Holidays of fixed date are off, and the days of one holiday lie together.
fn check_holidays(year: &CalendarYear) -> Result<(), CalendarError> {
    let fixed = NaiveDate::from_yo_opt(year.year, 1).into_iter().flat_map(|first| {
        first.iter_days().take_while(move |day| day.year() == first.year()).filter(|day| is_fixed_holiday(*day))
    });
    for date in fixed {
        if !year.off.iter().any(|day| day.date == date) {
            return Err(CalendarError::HolidayNotOff { date });
        }
    }
    let mut starts: BTreeMap<(&str, Option<i32>), NaiveDate> = BTreeMap::new();
    let mut days: Vec<_> = year.off.iter().collect();
    days.sort_by_key(|day| day.date);
    for day in days {
        let start = *starts.entry((&day.name, day.notice_year)).or_insert(day.date);
        if (day.date - start).num_days() >= LONGEST_HOLIDAY_DAYS {
            return Err(CalendarError::StrayDay { date: day.date, name: day.name.clone() });
        }
    }
    Ok(())
}

/// A worked weekend pays for a holiday near it. At both ends of the calendar that holiday may lie in a year not loaded.
fn check_exchanges(years: &[CalendarYear]) -> Result<(), CalendarError> {
    let first = years.first().and_then(|year| NaiveDate::from_yo_opt(year.year, 1)).unwrap_or(NaiveDate::MIN);
    let last = years.last().and_then(|year| NaiveDate::from_ymd_opt(year.year, 12, 31)).unwrap_or(NaiveDate::MAX);
    let near = |a: NaiveDate, b: NaiveDate| (a - b).num_days().abs() <= EXCHANGE_REACH_DAYS;
    let weekdays_off: Vec<_> =
        years.iter().flat_map(|year| year.off.iter().map(|day| day.date)).filter(|day| !is_weekend(*day)).collect();
    for date in years.iter().flat_map(|year| year.work.iter().copied()) {
        if !near(date, first) && !near(date, last) && !weekdays_off.iter().any(|off| near(date, *off)) {
            return Err(CalendarError::StrayWorkDay { date });
        }
    }
    Ok(())
}

pub(super) fn check_totals(calendar: &Calendar) -> Result<(), CalendarError> {
    for year in calendar.years().iter().map(|year| year.year) {
        let (Some(first), Some(last)) = (NaiveDate::from_yo_opt(year, 1), NaiveDate::from_ymd_opt(year, 12, 31)) else {
            return Err(CalendarError::MissingYear { year });
        };
        let new_year = u32::from(calendar.is_working_day(first) == Ok(true));
        let days = calendar.count_working_days(first, last).unwrap_or(0) + new_year;
        if !PLAUSIBLE_WORKING_DAYS.contains(&days) {
            return Err(CalendarError::ImplausibleYear { year, days });
        }
    }
    Ok(())
}

/// Holidays whose date does not depend on the moon: New Year, Labour Day (two days from 2025), National Day
/// (全国年节及纪念日放假办法, Art. 2).
pub(super) fn is_fixed_holiday(day: NaiveDate) -> bool {
    match (day.month(), day.day()) {
        (1, 1) | (5, 1) | (10, 1..=3) => true,
        (5, 2) => day.year() >= 2025,
        _ => false,
    }
}
