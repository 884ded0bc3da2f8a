//! What a holiday notice cannot say. A slip in typing one (2024-02-12 for 2024-12-02) moves deadlines for months unseen.

use crate::law::calendar::{CalendarYear, OffDay, is_weekend};
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
    /// A rest day between two others of its holiday is missing.
    #[error("{date}（{name}）与同一节日的其他放假日不相连")]
    HolidayInterrupted {
        /// The date that lies apart.
        date: NaiveDate,
        /// The holiday.
        name: String,
    },
    /// A statutory holiday that the notice does not name.
    #[error("{year} 年没有{name}的放假安排")]
    MissingHoliday {
        /// The year.
        year: i32,
        /// The holiday.
        name: &'static str,
    },
    /// A name that is no statutory holiday, without a later notice that would explain it.
    #[error("{name}不是法定节日的名称")]
    UnknownHoliday {
        /// The name.
        name: String,
    },
    /// A holiday at a time of the year at which it cannot be.
    #[error("{date} 前后不会是{name}")]
    OutOfSeason {
        /// Its first day.
        date: NaiveDate,
        /// The holiday.
        name: &'static str,
    },
    /// Only weekend days are off without being named.
    #[error("{date} 不是周六或周日，通知不会不写明")]
    ImpliedWeekday {
        /// The date.
        date: NaiveDate,
    },
    /// Days off from Monday to Friday must be statutory holidays or worked for on a weekend.
    #[error(
        "{year} 年周一至周五放假 {off} 天、周末上班 {work} 天，二者之差应为法定节假日 {expected} 天：有遗漏或者多列"
    )]
    Unbalanced {
        /// The year.
        year: i32,
        /// Days off from Monday to Friday.
        off: i32,
        /// Weekend days worked.
        work: i32,
        /// What their difference must be.
        expected: i32,
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

impl CalendarError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Empty => "empty",
            Self::MissingYear { .. } => "missing_year",
            Self::RepeatedYear { .. } => "repeated_year",
            Self::NoNotice { .. } => "no_notice",
            Self::WrongYear { .. } => "wrong_year",
            Self::RepeatedDate { .. } => "repeated_date",
            Self::OffAndWork { .. } => "off_and_work",
            Self::WorkOnWeekday { .. } => "work_on_weekday",
            Self::HolidayNotOff { .. } => "holiday_not_off",
            Self::StrayDay { .. } => "stray_day",
            Self::StrayWorkDay { .. } => "stray_work_day",
            Self::ImplausibleYear { .. } => "implausible_year",
            Self::HolidayInterrupted { .. } => "holiday_interrupted",
            Self::MissingHoliday { .. } => "missing_holiday",
            Self::UnknownHoliday { .. } => "unknown_holiday",
            Self::OutOfSeason { .. } => "out_of_season",
            Self::ImpliedWeekday { .. } => "implied_weekday",
            Self::Unbalanced { .. } => "unbalanced",
            Self::OutsideCalendar { .. } => "outside_calendar",
            Self::WorkedAlready { .. } => "worked_already",
            Self::OverlayWithoutRegion => "overlay_without_region",
        }
    }
}

/// What is wrong at one place of a year's arrangement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFault {
    /// JSON pointer into the arrangement, e.g. `/off/3/date`; empty: the whole.
    pub pointer: String,
    /// What is wrong.
    pub error: CalendarError,
}

impl CalendarFault {
    /// What a clerk reads; where day and month exchanged would give a date that fits, that date too.
    #[must_use]
    pub fn detail(&self, year: &CalendarYear) -> String {
        match self.meant(year) {
            Some(meant) => format!("{}；是否应为 {meant}（日、月颠倒）", self.error),
            None => self.error.to_string(),
        }
    }

    /// The date that was meant, if day and month were exchanged.
    fn meant(&self, year: &CalendarYear) -> Option<NaiveDate> {
        let index = self.pointer.split('/').nth(2)?.parse::<usize>().ok()?;
        let is_work = self.pointer.starts_with("/work/");
        let typed = if is_work { *year.work.get(index)? } else { year.off.get(index)?.date };
        let meant = NaiveDate::from_ymd_opt(typed.year(), typed.day(), typed.month()).filter(|day| *day != typed)?;
        let near = |reach: i64, day: &OffDay| day.date != typed && (day.date - meant).num_days().abs() <= reach;
        let is_listed = year.off.iter().any(|day| day.date == meant) || year.work.contains(&meant);
        let fits = if is_work {
            is_weekend(meant) && year.off.iter().any(|day| near(EXCHANGE_REACH_DAYS, day))
        } else {
            let name = &year.off.get(index)?.name;
            year.off.iter().any(|day| day.name == *name && near(1, day))
        };
        (fits && !is_listed).then_some(meant)
    }
}

/// A holiday with its exchanged weekends is never longer.
const LONGEST_HOLIDAY_DAYS: i64 = 12;
/// A weekend worked in exchange lies this near to the holiday it pays for; in 2008-2026 it was six days at most.
const EXCHANGE_REACH_DAYS: i64 = 10;
/// 2008-2026 have 248 to 251 working days a year.
const PLAUSIBLE_WORKING_DAYS: std::ops::RangeInclusive<i32> = 244..=255;
/// From this day of December on a worked weekend pays for the next New Year.
const NEW_YEAR_EXCHANGE_FROM: u32 = 25;
/// The year from which 除夕 and 2 May are statutory too (办法 as revised in 2024): thirteen days instead of eleven.
const THIRTEEN_DAYS_FROM: i32 = 2025;

/// Month and day.
type MonthDay = (u32, u32);

/// The statutory holidays, each with the first and last day of a span of which it must contain a day.
const HOLIDAYS: [(&str, MonthDay, MonthDay); 7] = [
    ("元旦", (1, 1), (1, 1)),
    ("春节", (1, 21), (2, 21)),
    ("清明节", (4, 4), (4, 6)),
    ("劳动节", (5, 1), (5, 1)),
    ("端午节", (5, 25), (6, 25)),
    ("中秋节", (9, 7), (10, 9)),
    ("国庆节", (10, 1), (10, 3)),
];

/// The first fault of a calendar's years, which must be in order.
pub(in crate::law) fn check_years(years: &[CalendarYear]) -> Result<(), CalendarError> {
    check_sequence(years)?;
    let mut faults: Vec<CalendarFault> = years.iter().flat_map(|year| [dates(year), holidays(year)].concat()).collect();
    faults.extend(years.iter().flat_map(|year| exchanges(year, years)));
    faults.extend(years.iter().flat_map(|year| [totals(year), structure(year), balance(year, years)].concat()));
    faults.into_iter().next().map_or(Ok(()), |fault| Err(fault.error))
}

/// Every fault of the year `of` among its neighbours.
pub(in crate::law) fn faults_of(years: &[CalendarYear], of: i32) -> Vec<CalendarFault> {
    let Some(year) = years.iter().find(|year| year.year == of) else {
        return vec![fault("/year", CalendarError::MissingYear { year: of })];
    };
    let mut faults = Vec::new();
    if let Err(error) = check_sequence(years) {
        let pointer = if matches!(error, CalendarError::NoNotice { .. }) { "/notice" } else { "/year" };
        faults.push(fault(pointer, error));
    }
    faults.extend([dates(year), holidays(year), structure(year), exchanges(year, years)].concat());
    // A wrong date makes every count wrong: only a year whose entries are good is counted.
    if faults.is_empty() {
        faults.extend([totals(year), balance(year, years)].concat());
    }
    faults
}

fn fault(pointer: impl Into<String>, error: CalendarError) -> CalendarFault {
    CalendarFault { pointer: pointer.into(), error }
}

fn off_at(index: usize) -> String {
    format!("/off/{index}/date")
}

fn work_at(index: usize) -> String {
    format!("/work/{index}")
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
        expected = year.year.saturating_add(1);
    }
    Ok(())
}

/// Each date is of the year, occurs once, and worked days are weekend days.
fn dates(year: &CalendarYear) -> Vec<CalendarFault> {
    let mut faults = Vec::new();
    let mut off = BTreeSet::new();
    for (index, day) in year.off.iter().enumerate() {
        let date = day.date;
        if date.year() != year.year {
            faults.push(fault(off_at(index), CalendarError::WrongYear { year: year.year, date }));
        } else if !off.insert(date) {
            faults.push(fault(off_at(index), CalendarError::RepeatedDate { date }));
        } else if day.implied && !is_weekend(date) {
            faults.push(fault(off_at(index), CalendarError::ImpliedWeekday { date }));
        }
    }
    let mut work = BTreeSet::new();
    for (index, date) in year.work.iter().copied().enumerate() {
        let error = if date.year() != year.year {
            CalendarError::WrongYear { year: year.year, date }
        } else if off.contains(&date) {
            CalendarError::OffAndWork { date }
        } else if !is_weekend(date) {
            CalendarError::WorkOnWeekday { date }
        } else if !work.insert(date) {
            CalendarError::RepeatedDate { date }
        } else {
            continue;
        };
        faults.push(fault(work_at(index), error));
    }
    faults
}

/// Holidays of fixed date are off, and the days of one holiday lie together.
fn holidays(year: &CalendarYear) -> Vec<CalendarFault> {
    let fixed = NaiveDate::from_yo_opt(year.year, 1).into_iter().flat_map(|first| {
        first.iter_days().take_while(move |day| day.year() == first.year()).filter(|day| is_fixed_holiday(*day))
    });
    let mut faults: Vec<CalendarFault> = fixed
        .filter(|date| !year.off.iter().any(|day| day.date == *date))
        .map(|date| fault("/off", CalendarError::HolidayNotOff { date }))
        .collect();
    for holiday in by_holiday(year).values() {
        let run = longest_run(holiday);
        let apart: Vec<_> = holiday.iter().filter(|(_, day)| !run.contains(&day.date)).collect();
        let distance = |day: &OffDay| run.iter().map(|other| (day.date - *other).num_days().abs()).min().unwrap_or(0);
        let is_stray = |day: &OffDay| distance(day) >= LONGEST_HOLIDAY_DAYS;
        // The gap that a misplaced day leaves is no fault of its own.
        let has_stray = apart.iter().any(|(_, day)| is_stray(day));
        for (index, day) in apart {
            let (date, name) = (day.date, day.name.clone());
            if is_stray(day) {
                faults.push(fault(off_at(*index), CalendarError::StrayDay { date, name }));
            } else if !has_stray {
                faults.push(fault(off_at(*index), CalendarError::HolidayInterrupted { date, name }));
            }
        }
    }
    faults
}

type Entries<'a> = Vec<(usize, &'a OffDay)>;

/// The entries of each holiday, by date.
fn by_holiday(year: &CalendarYear) -> BTreeMap<(&str, Option<i32>), Entries<'_>> {
    let mut holidays: BTreeMap<_, Entries<'_>> = BTreeMap::new();
    for (index, day) in year.off.iter().enumerate() {
        holidays.entry((day.name.as_str(), day.notice_year)).or_default().push((index, day));
    }
    for entries in holidays.values_mut() {
        entries.sort_by_key(|(_, day)| day.date);
    }
    holidays
}

/// The longest run of days that follow one another.
fn longest_run(entries: &[(usize, &OffDay)]) -> Vec<NaiveDate> {
    let mut runs: Vec<Vec<NaiveDate>> = Vec::new();
    for (_, day) in entries {
        match runs.last_mut().filter(|run| run.last().and_then(NaiveDate::succ_opt) == Some(day.date)) {
            Some(run) => run.push(day.date),
            None => runs.push(vec![day.date]),
        }
    }
    runs.into_iter().rev().max_by_key(Vec::len).unwrap_or_default()
}

/// Every statutory holiday is there, under its name and in its season; 国庆节、中秋节 may be one.
fn structure(year: &CalendarYear) -> Vec<CalendarFault> {
    let mut faults = Vec::new();
    let mut named = BTreeSet::new();
    for ((names, notice_year), entries) in by_holiday(year) {
        let run = longest_run(&entries);
        let first = entries.first().map_or(0, |(index, _)| *index);
        for name in names.split('、') {
            let known = HOLIDAYS.iter().find(|(known, ..)| *known == name);
            match known {
                // A later notice may add a day of its own, as that of 3 September 2015 did.
                None if year.amendments.is_empty() => {
                    let error = CalendarError::UnknownHoliday { name: name.to_owned() };
                    faults.push(fault(format!("/off/{first}/name"), error));
                }
                None => {}
                Some((name, from, until)) if notice_year.is_none() => {
                    named.insert(*name);
                    let in_season = |day: &NaiveDate| (*from..=*until).contains(&(day.month(), day.day()));
                    if let Some(date) = run.first().copied().filter(|_| !run.iter().any(in_season)) {
                        faults.push(fault(off_at(first), CalendarError::OutOfSeason { date, name }));
                    }
                }
                Some(_) => {}
            }
        }
    }
    let missing = HOLIDAYS.iter().filter(|(name, ..)| !named.contains(name));
    faults.extend(missing.map(|(name, ..)| fault("/off", CalendarError::MissingHoliday { year: year.year, name })));
    faults
}

/// A worked weekend pays for a holiday near it. At both ends of the calendar that holiday may lie in a year not loaded.
fn exchanges(year: &CalendarYear, years: &[CalendarYear]) -> Vec<CalendarFault> {
    let first = years.first().and_then(|year| NaiveDate::from_yo_opt(year.year, 1)).unwrap_or(NaiveDate::MIN);
    let last = years.last().and_then(|year| NaiveDate::from_ymd_opt(year.year, 12, 31)).unwrap_or(NaiveDate::MAX);
    let near = |a: NaiveDate, b: NaiveDate| (a - b).num_days().abs() <= EXCHANGE_REACH_DAYS;
    let weekdays_off: Vec<_> =
        years.iter().flat_map(|year| year.off.iter().map(|day| day.date)).filter(|day| !is_weekend(*day)).collect();
    let is_stray =
        |date: NaiveDate| !near(date, first) && !near(date, last) && !weekdays_off.iter().any(|off| near(date, *off));
    let work = year.work.iter().copied().enumerate().filter(|(_, date)| is_stray(*date));
    work.map(|(index, date)| fault(work_at(index), CalendarError::StrayWorkDay { date })).collect()
}

/// Days off from Monday to Friday, and weekend days worked.
fn counts(year: &CalendarYear) -> (i32, i32) {
    let off = year.off.iter().filter(|day| !is_weekend(day.date)).fold(0, |count, _| count + 1);
    let work = year.work.iter().fold(0, |count, _| count + 1);
    (off, work)
}

fn totals(year: &CalendarYear) -> Vec<CalendarFault> {
    let weekdays = NaiveDate::from_yo_opt(year.year, 1).map_or(0, |first| {
        let days = first.iter_days().take_while(|day| day.year() == year.year);
        days.filter(|day| !is_weekend(*day)).fold(0, |count, _| count + 1)
    });
    let (off, work) = counts(year);
    let days = weekdays - off + work;
    if PLAUSIBLE_WORKING_DAYS.contains(&days) {
        return Vec::new();
    }
    vec![fault("/off", CalendarError::ImplausibleYear { year: year.year, days: u32::try_from(days).unwrap_or(0) })]
}

/// A notice only moves rest about: what is off from Monday to Friday beyond the statutory days is worked for on weekends.
/// Days at the end of December belong to the next New Year; a later notice (2015, 2020) may give more.
fn balance(year: &CalendarYear, years: &[CalendarYear]) -> Vec<CalendarFault> {
    let Some(before) = years.iter().find(|other| other.year.checked_add(1) == Some(year.year)) else {
        return Vec::new();
    };
    let statutory = if year.year >= THIRTEEN_DAYS_FROM { 13 } else { 11 };
    let expected = statutory + for_next_year(year) - for_next_year(before);
    let (off, work) = counts(year);
    if off - work == expected || !year.amendments.is_empty() {
        return Vec::new();
    }
    vec![fault("/work", CalendarError::Unbalanced { year: year.year, off, work, expected })]
}

/// Weekdays off less weekend days worked at the end of a year, for the next New Year.
fn for_next_year(year: &CalendarYear) -> i32 {
    let next = year.year.checked_add(1);
    let off = year.off.iter().filter(|day| day.notice_year == next);
    let off = off.filter(|day| !is_weekend(day.date)).fold(0, |count, _| count + 1);
    let is_exchange = |day: &&NaiveDate| day.month() == 12 && day.day() >= NEW_YEAR_EXCHANGE_FROM;
    off - year.work.iter().filter(is_exchange).fold(0, |count, _| count + 1)
}

/// Holidays whose date does not depend on the moon: New Year, Labour Day (two days from 2025), National Day
/// (全国年节及纪念日放假办法, Art. 2).
pub(in crate::law) fn is_fixed_holiday(day: NaiveDate) -> bool {
    match (day.month(), day.day()) {
        (1, 1) | (5, 1) | (10, 1..=3) => true,
        (5, 2) => day.year() >= 2025,
        _ => false,
    }
}
