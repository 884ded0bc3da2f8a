//! The statutory holidays of each year: their first day and how many days they have.
//!
//! Which days these are follows from 全国年节及纪念日放假办法 and the almanac, without any notice. `config/calendar/holidays.json` says
//! which revision holds from which year, and how the lunar days were computed.

use crate::law::calendar::check::is_fixed_holiday;
use crate::law::calendar::is_weekend;
use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A statutory holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(in crate::law) enum HolidayKind {
    #[serde(rename = "元旦")]
    NewYear,
    #[serde(rename = "春节")]
    SpringFestival,
    #[serde(rename = "清明节")]
    Qingming,
    #[serde(rename = "劳动节")]
    LabourDay,
    #[serde(rename = "端午节")]
    DragonBoat,
    #[serde(rename = "中秋节")]
    MidAutumn,
    #[serde(rename = "国庆节")]
    NationalDay,
}

/// A holiday of one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::law) struct Holiday {
    pub kind: HolidayKind,
    /// Its first statutory day.
    pub first: NaiveDate,
    /// How many days the rule of that year gives it.
    pub days: u8,
}

impl Holiday {
    fn last(&self) -> NaiveDate {
        self.first.checked_add_days(Days::new(u64::from(self.days).saturating_sub(1))).unwrap_or(self.first)
    }

    /// Calendar days from its first day to `day`.
    pub fn offset(&self, day: NaiveDate) -> i64 {
        (day - self.first).num_days()
    }

    /// Calendar days between it and `day`; none on its own days.
    pub fn distance(&self, day: NaiveDate) -> i64 {
        (self.first - day).num_days().max((day - self.last()).num_days()).max(0)
    }

    fn contains(&self, day: NaiveDate) -> bool {
        self.distance(day) == 0
    }
}

#[derive(Deserialize)]
struct File {
    rules: Vec<HolidayRule>,
    years: Vec<Almanac>,
}

/// One revision of 全国年节及纪念日放假办法.
#[derive(Deserialize)]
struct HolidayRule {
    from: i32,
    days: BTreeMap<HolidayKind, u8>,
}

#[derive(Deserialize)]
struct Almanac {
    year: i32,
    first: BTreeMap<HolidayKind, NaiveDate>,
}

/// Should the embedded file ever be unreadable, no holiday is known and an estimate is wider. A test reads it.
static HOLIDAYS: LazyLock<BTreeMap<i32, Vec<Holiday>>> = LazyLock::new(|| {
    let file = serde_json::from_str(include_str!("../../../config/calendar/holidays.json"));
    file.map_or_else(
        |_| BTreeMap::new(),
        |file: File| file.years.iter().map(|year| holidays(year, &file.rules)).collect(),
    )
});

fn holidays(almanac: &Almanac, rules: &[HolidayRule]) -> (i32, Vec<Holiday>) {
    let rule = rules.iter().rev().find(|rule| rule.from <= almanac.year);
    let days = |kind: &HolidayKind| rule.and_then(|rule| rule.days.get(kind)).copied().unwrap_or(1);
    let list = almanac.first.iter().map(|(kind, first)| Holiday { kind: *kind, first: *first, days: days(kind) });
    (almanac.year, list.collect())
}

/// The seven holidays of a year; none where the almanac does not reach.
pub(in crate::law) fn holidays_of(year: i32) -> &'static [Holiday] {
    HOLIDAYS.get(&year).map_or(&[], Vec::as_slice)
}

/// The holiday a day off or a worked weekend day lies nearest to.
pub(in crate::law) fn nearest(day: NaiveDate) -> Option<Holiday> {
    let years = [day.year().saturating_sub(1), day.year(), day.year().saturating_add(1)];
    years.into_iter().flat_map(holidays_of).copied().min_by_key(|holiday| holiday.distance(day))
}

/// Whether the law itself makes it a holiday, whatever the notice says of the days around.
pub(in crate::law) fn is_statutory(day: NaiveDate) -> bool {
    is_fixed_holiday(day) || holidays_of(day.year()).iter().any(|holiday| holiday.contains(day))
}

/// Whether organs work that day as far as is known without a notice: Monday to Friday, except statutory holidays.
pub(in crate::law) fn is_usual_working_day(day: NaiveDate) -> bool {
    !is_weekend(day) && !is_statutory(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Calendar;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    const NAMES: [(HolidayKind, &str); 7] = [
        (HolidayKind::NewYear, "元旦"),
        (HolidayKind::SpringFestival, "春节"),
        (HolidayKind::Qingming, "清明"),
        (HolidayKind::LabourDay, "劳动"),
        (HolidayKind::DragonBoat, "端午"),
        (HolidayKind::MidAutumn, "中秋"),
        (HolidayKind::NationalDay, "国庆"),
    ];

    #[test]
    fn each_statutory_day_from_2008_to_2026_is_off_in_the_notice_under_its_name() {
        for year in Calendar::national().years() {
            let holidays = holidays_of(year.year);
            assert_eq!(holidays.len(), 7, "{}", year.year);
            for (holiday, (kind, name)) in holidays.iter().zip(NAMES) {
                assert_eq!(holiday.kind, kind);
                let found = year.off.iter().find(|day| day.date == holiday.first).map(|day| day.name.as_str());
                assert!(found.is_some_and(|found| found.contains(name)), "{name} {} {found:?}", holiday.first);
                let all = holiday.first.iter_days().take_while(|day| *day <= holiday.last());
                assert!(all.clone().all(|day| year.off.iter().any(|off| off.date == day)), "{name} {}", year.year);
                assert_eq!(all.count(), usize::from(holiday.days));
            }
        }
    }

    #[test]
    fn the_revisions_give_eleven_days_and_from_2025_thirteen_and_moved_the_spring_festival() {
        let total = |year: i32| holidays_of(year).iter().map(|holiday| u32::from(holiday.days)).sum::<u32>();
        assert_eq!([2008, 2013, 2014, 2024, 2025, 2027, 2040].map(total), [11, 11, 11, 11, 13, 13, 13]);
        let spring = |year: i32| holidays_of(year).iter().find(|one| one.kind == HolidayKind::SpringFestival).copied();
        let first = |year: i32| spring(year).map(|holiday| (holiday.first, holiday.days));
        assert_eq!(first(2013), Some((d("2013-02-09"), 3)), "除夕");
        assert_eq!(first(2014), Some((d("2014-01-31"), 3)), "正月初一");
        assert_eq!(first(2024), Some((d("2024-02-10"), 3)), "正月初一");
        assert_eq!(first(2025), Some((d("2025-01-28"), 4)), "除夕");
    }

    #[test]
    fn in_2027_they_fall_as_the_almanac_has_them() {
        let first: Vec<_> = holidays_of(2027).iter().map(|holiday| holiday.first).collect();
        let expected =
            ["2027-01-01", "2027-02-05", "2027-04-05", "2027-05-01", "2027-06-09", "2027-09-15", "2027-10-01"];
        assert_eq!(first, expected.map(d));
        assert!(is_statutory(d("2027-02-08")) && !is_statutory(d("2027-02-09")) && !is_statutory(d("2027-02-04")));
        assert!(is_statutory(d("2027-05-02")) && is_statutory(d("2041-10-03")) && !is_statutory(d("2027-10-04")));
    }

    #[test]
    fn an_exchanged_day_belongs_to_the_holiday_it_lies_nearest_to() {
        let of = |day: &str| nearest(d(day)).map(|holiday| (holiday.kind, holiday.offset(d(day))));
        assert_eq!(of("2018-12-29"), Some((HolidayKind::NewYear, -3)));
        assert_eq!(of("2026-02-28"), Some((HolidayKind::SpringFestival, 12)));
        assert_eq!(of("2020-01-31"), Some((HolidayKind::SpringFestival, 6)));
        assert_eq!(of("2026-09-20"), Some((HolidayKind::MidAutumn, -5)));
        assert_eq!(of("2026-10-10"), Some((HolidayKind::NationalDay, 9)));
    }
}
