use crate::law::calendar::check::{CalendarError, CalendarFault};
use crate::law::calendar::{Calendar, CalendarYear, DayChange, Gap, OffDay};
use crate::law::clock::naive::{d, works};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;

fn nation() -> &'static Calendar {
    Calendar::national()
}

fn year(year: i32) -> CalendarYear {
    nation().years().iter().find(|known| known.year == year).unwrap().clone()
}

fn refused(years: Vec<CalendarYear>) -> CalendarError {
    Calendar::from_years(years).unwrap_err()
}

#[test]
fn the_embedded_calendars_are_valid_and_reach_from_2008_to_2026() {
    assert_eq!((nation().first_day(), nation().last_day()), (d("2008-01-01"), d("2026-12-31")));
    assert_eq!(nation().years().len(), 19);
    let expected = "国办发明电〔2025〕7号 国务院办公厅关于2026年部分节假日安排的通知 2025-11-04";
    assert_eq!(nation().notice(2026), Some(expected));
    assert_eq!(nation().notice(2027), None);
}

#[test]
fn working_days_of_each_year_are_those_the_notices_give() {
    let days = |year: i32| {
        let (eve, last) = (d(&format!("{}-12-31", year - 1)), d(&format!("{year}-12-31")));
        nation().count_working_days(eve.max(d("2008-01-01")), last).unwrap()
    };
    let counted: Vec<u32> = (2015..=2026).map(days).collect();
    assert_eq!(counted, [249, 250, 249, 250, 250, 249, 250, 249, 249, 251, 248, 248]);
}

#[test]
fn every_day_from_2008_to_2026_is_what_the_files_say() {
    for day in d("2008-01-01").iter_days().take_while(|day| *day <= d("2026-12-31")) {
        assert_eq!(nation().is_working_day(day).ok(), works(day), "{day}");
    }
}

/// T1: holiday-only arithmetic is wrong for a third of the start days, weekday-only for half.
#[test]
fn every_start_day_2019_to_2026_agrees_with_counting_day_by_day_in_both_directions() {
    for start in d("2019-01-01").iter_days().take_while(|day| *day <= d("2026-12-31")) {
        let mut forward = start.iter_days().skip(1).take_while(|day| works(*day).is_some());
        let mut backward = start.pred_opt();
        for n in 1..=40 {
            let expected = forward.by_ref().find(|day| works(*day) == Some(true));
            assert_eq!(nation().add_working_days(start, n).ok(), expected, "{start} + {n}");
            while let Some(day) = backward.filter(|day| works(*day) != Some(true)) {
                backward = day.pred_opt();
            }
            assert_eq!(nation().subtract_working_days(start, n).ok(), backward, "{start} - {n}");
            backward = backward.and_then(|day| day.pred_opt());
        }
    }
}

#[test]
fn spring_festival_2025_with_its_worked_sunday_and_saturday() {
    assert_eq!(nation().add_working_days(d("2025-01-20"), 20), Ok(d("2025-02-21")));
}

/// T4: the reminder five working days before a day after the National Day holiday.
#[test]
fn a_lead_of_working_days_goes_back_over_holidays_and_worked_weekends() {
    assert_eq!(nation().subtract_working_days(d("2024-10-09"), 1), Ok(d("2024-10-08")));
    assert_eq!(nation().subtract_working_days(d("2024-10-09"), 5), Ok(d("2024-09-26")), "09-29 is a worked Sunday");
    assert_eq!(nation().subtract_working_days(d("2024-10-05"), 1), Ok(d("2024-09-30")), "from a day of rest");
    assert_eq!(nation().subtract_working_days(d("2024-10-05"), 0), Ok(d("2024-10-05")));
}

/// T3: a missing year is an error, never a year without holidays.
#[test]
fn a_missing_year_is_a_gap_and_never_a_guess() {
    let gap = |missing: &str| Gap { missing: d(missing) };
    assert_eq!(nation().add_working_days(d("2026-12-31"), 1), Err(gap("2027-01-01")));
    assert_eq!(nation().add_working_days(d("2026-12-30"), 1), Ok(d("2026-12-31")));
    assert_eq!(nation().add_working_days(d("2026-12-31"), 0), Ok(d("2026-12-31")));
    assert_eq!(nation().add_working_days(d("2027-03-01"), 0), Err(gap("2027-03-01")));
    assert_eq!(nation().add_working_days(d("2007-12-31"), 1), Err(gap("2007-12-31")), "day 0 is unknown");
    assert_eq!(nation().add_working_days(d("2026-01-01"), u32::MAX), Err(gap("2027-01-01")));
    assert_eq!(nation().subtract_working_days(d("2008-01-02"), 1), Err(gap("2007-12-31")));
    assert_eq!(nation().is_working_day(d("2027-01-01")), Err(gap("2027-01-01")));
    assert_eq!(nation().count_working_days(d("2026-12-30"), d("2027-01-01")), Err(gap("2027-01-01")));
    assert_eq!(nation().count_working_days(d("2026-12-31"), d("2027-02-01")), Err(gap("2027-01-01")));
    assert_eq!(nation().count_working_days(d("2007-12-30"), d("2008-01-05")), Err(gap("2007-12-31")));
    assert_eq!(nation().count_working_days(d("2007-12-31"), d("2008-01-04")), Ok(3), "day 0 itself is not counted");
    assert_eq!(nation().add_working_days(NaiveDate::MAX, 1), Err(Gap { missing: NaiveDate::MAX }));
}

#[test]
fn counting_backwards_is_no_days() {
    assert_eq!(nation().count_working_days(d("2024-03-08"), d("2024-03-08")), Ok(0));
    assert_eq!(nation().count_working_days(d("2024-03-08"), d("2024-03-01")), Ok(0));
    assert_eq!(nation().count_working_days(d("2024-03-08"), d("2007-03-01")), Ok(0));
}

#[test]
fn a_calendar_of_no_years_is_refused() {
    assert_eq!(refused(vec![]), CalendarError::Empty);
}

#[test]
fn years_may_come_in_any_order_but_none_missing_and_none_twice() {
    let calendar = Calendar::from_years(vec![year(2025), year(2024)]).unwrap();
    assert_eq!((calendar.first_day(), calendar.last_day()), (d("2024-01-01"), d("2025-12-31")));
    assert_eq!(refused(vec![year(2026), year(2024)]), CalendarError::MissingYear { year: 2025 });
    assert_eq!(refused(vec![year(2024), year(2024)]), CalendarError::RepeatedYear { year: 2024 });
}

#[test]
fn a_year_without_a_notice_is_refused() {
    let mut typed = year(2024);
    typed.notice = " ".to_owned();
    assert_eq!(refused(vec![typed]), CalendarError::NoNotice { year: 2024 });
}

/// T18: 2024-12-02 typed for 2024-02-12, in production for three months elsewhere.
#[test]
fn a_day_off_typed_with_day_and_month_exchanged_is_refused() {
    let mut typed = year(2024);
    typed.off.iter_mut().filter(|day| day.date == d("2024-02-12")).for_each(|day| day.date = d("2024-12-02"));
    assert_eq!(refused(vec![typed]), CalendarError::StrayDay { date: d("2024-12-02"), name: "春节".to_owned() });
}

#[test]
fn a_worked_day_far_from_any_holiday_or_on_a_weekday_is_refused() {
    let with_work = |day: &str| {
        let mut typed = year(2024);
        typed.work.push(d(day));
        refused(vec![typed])
    };
    assert_eq!(with_work("2024-07-20"), CalendarError::StrayWorkDay { date: d("2024-07-20") });
    assert_eq!(with_work("2024-07-19"), CalendarError::WorkOnWeekday { date: d("2024-07-19") });
    assert_eq!(with_work("2024-02-04"), CalendarError::RepeatedDate { date: d("2024-02-04") });
    assert_eq!(with_work("2024-02-10"), CalendarError::OffAndWork { date: d("2024-02-10") });
    assert_eq!(with_work("2025-01-26"), CalendarError::WrongYear { year: 2024, date: d("2025-01-26") });
}

#[test]
fn a_holiday_of_fixed_date_that_is_not_off_is_refused() {
    for missing in ["2025-01-01", "2025-05-01", "2025-05-02", "2025-10-01", "2025-10-03"] {
        let mut typed = year(2025);
        typed.off.retain(|day| day.date != d(missing));
        assert_eq!(refused(vec![typed]), CalendarError::HolidayNotOff { date: d(missing) });
    }
    let mut typed = year(2018);
    typed.off.retain(|day| day.date != d("2018-04-07"));
    assert!(Calendar::from_years(vec![typed]).is_ok(), "05-02 was no statutory holiday before 2025");
}

#[test]
fn a_day_off_of_another_year_or_named_twice_is_refused() {
    let mut typed = year(2024);
    typed.off[0].date = d("2023-01-01");
    assert_eq!(refused(vec![typed]), CalendarError::WrongYear { year: 2024, date: d("2023-01-01") });
    let mut typed = year(2024);
    typed.off[2].date = typed.off[1].date;
    assert_eq!(refused(vec![typed.clone()]), CalendarError::RepeatedDate { date: typed.off[1].date });
}

#[test]
fn a_year_with_an_impossible_number_of_working_days_is_refused() {
    let mut typed = year(2024);
    typed.work.clear();
    assert_eq!(refused(vec![typed]), CalendarError::ImplausibleYear { year: 2024, days: 243 });
}

#[test]
fn unreadable_files_are_refused_with_the_place() {
    let error =
        CalendarYear::from_json(r#"{"year": 2024, "notice": "x", "off": [{"date": "2024-13-01"}]}"#).unwrap_err();
    assert!(matches!(&error, CalendarError::Unreadable { detail } if detail.contains("line 1")), "{error}");
}

/// T20: a changed notice is another version.
#[test]
fn the_version_names_the_content() {
    let version = |years| Calendar::from_years(years).unwrap().version().to_owned();
    let two = version(vec![year(2024), year(2025)]);
    assert!(two.starts_with("cn-2024-2025-") && two.len() == "cn-2024-2025-".len() + 12, "{two}");
    assert_eq!(two, version(vec![year(2025), year(2024)]), "the order of the files does not matter");
    let mut amended = year(2025);
    amended.amendments.push("国办发明电〔2025〕99号".to_owned());
    assert_ne!(two, version(vec![year(2024), amended]));
}

/// T3, T20: the dates of old cases do not depend on which other years are loaded.
#[test]
fn later_years_do_not_change_earlier_answers() {
    let old = Calendar::from_years((2018..=2021).map(year).collect()).unwrap();
    for start in d("2018-01-01").iter_days().take_while(|day| *day <= d("2021-11-01")) {
        assert_eq!(old.add_working_days(start, 20), nation().add_working_days(start, 20), "{start}");
    }
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0u64..6_900).prop_map(|offset| d("2008-01-01") + Days::new(offset))
}

proptest! {
    #[test]
    fn adding_then_counting_are_inverse(from in any_day(), n in 1u32..400) {
        if let Ok(day) = nation().add_working_days(from, n) {
            prop_assert_eq!(nation().count_working_days(from, day), Ok(n));
            prop_assert_eq!(nation().is_working_day(day), Ok(true));
        }
    }

    #[test]
    fn counting_then_adding_gives_the_last_working_day(from in any_day(), length in 1u64..500) {
        let through = from + Days::new(length);
        if let Ok(n) = nation().count_working_days(from, through) {
            let day = nation().add_working_days(from, n).unwrap();
            prop_assert!(day <= through && (n == 0 || nation().is_working_day(day) == Ok(true)));
            prop_assert_eq!(nation().count_working_days(day, through), Ok(0));
        }
    }

    #[test]
    fn subtracting_undoes_adding_from_a_working_day(from in any_day(), n in 1u32..400) {
        if nation().is_working_day(from) == Ok(true) && let Ok(day) = nation().add_working_days(from, n) {
            prop_assert_eq!(nation().subtract_working_days(day, n), Ok(from));
        }
    }

    #[test]
    fn counts_of_adjoining_spans_add_up(from in any_day(), a in 0u64..200, b in 0u64..200) {
        let (middle, end) = (from + Days::new(a), from + Days::new(a + b));
        if let Ok(whole) = nation().count_working_days(from, end) {
            let parts = nation().count_working_days(from, middle).unwrap() + nation().count_working_days(middle, end).unwrap();
            prop_assert_eq!(whole, parts);
        }
    }
}

fn faults(typed: &CalendarYear) -> Vec<(String, &'static str)> {
    let faults = nation().with_year(typed).unwrap_err();
    faults.into_iter().map(|fault| (fault.pointer, fault.error.code())).collect()
}

/// T18: every fault at once, each with its place, and what was probably meant.
#[test]
fn every_slip_in_a_notice_is_told_at_once_with_its_place() {
    let mut typed = year(2026);
    let at = |typed: &CalendarYear, day: &str| typed.off.iter().position(|off| off.date == d(day)).unwrap();
    let (swapped, renamed) = (at(&typed, "2026-10-05"), at(&typed, "2026-06-19"));
    typed.off[swapped].date = d("2026-05-10");
    typed.off[renamed].name = "端阳节".to_owned();
    typed.work[1] = d("2026-02-13");
    typed.notice = " ".to_owned();
    let found = nation().with_year(&typed).unwrap_err();
    let told: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.error.code())).collect();
    let (swapped, renamed) = (format!("/off/{swapped}/date"), format!("/off/{renamed}/name"));
    assert_eq!(
        told,
        [
            ("/notice", "no_notice"),
            ("/work/1", "work_on_weekday"),
            (swapped.as_str(), "stray_day"),
            (renamed.as_str(), "unknown_holiday"),
        ]
    );
    let meant: Vec<_> = found.iter().map(|fault| fault.detail(&typed)).collect();
    assert_eq!(
        meant[2],
        "2026-05-10（国庆节）离同一节日的其他放假日过远，疑为日期误写；是否应为 2026-10-05（日、月颠倒）"
    );
}

/// Another date is only named when it fits: near the same holiday, on a weekend if it is worked, and not listed already.
#[test]
fn a_date_is_only_guessed_where_day_and_month_exchanged_would_fit() {
    let guess = |typed: &CalendarYear, pointer: String| {
        let detail = CalendarFault { pointer, error: CalendarError::MissingYear { year: 2026 } }.detail(typed);
        detail.split_once("；是否应为 ").map(|(_, rest)| rest.get(..10).unwrap_or_default().to_owned())
    };
    let off = |date: &str| {
        let mut typed = year(2026);
        let at = typed.off.iter().position(|off| off.date == d("2026-10-05")).unwrap();
        typed.off[at].date = d(date);
        guess(&typed, format!("/off/{at}/date"))
    };
    assert_eq!(off("2026-05-10").as_deref(), Some("2026-10-05"));
    assert_eq!(off("2026-03-06"), None, "3 June is no day of 国庆节");
    assert_eq!(off("2026-10-10"), None, "exchanged it is the same day");
    let mut twice = year(2026);
    let holiday = twice.off.iter().find(|off| off.date == d("2026-10-05")).cloned().unwrap();
    twice.off.push(OffDay { date: d("2026-05-10"), ..holiday });
    assert_eq!(guess(&twice, format!("/off/{}/date", twice.off.len() - 1)), None, "5 October is listed");

    let work = |date: &str| {
        let mut typed = year(2026);
        typed.work = vec![d(date)];
        guess(&typed, "/work/0".to_owned())
    };
    assert_eq!(work("2026-10-08"), None, "10 August is a Monday");
    assert_eq!(work("2026-08-10"), None, "8 October is a Thursday, if near the holiday");
    assert_eq!(work("2026-01-08"), None, "1 August is a Saturday, but far from any holiday");
    assert_eq!(work("2026-10-10"), None);
    assert_eq!(work("2026-11-10").as_deref(), Some("2026-10-11"), "a Sunday four days after the holiday");
}

/// T18: the slip of another country's ministry, for each day of 2026 whose day and month can be exchanged.
#[test]
fn no_day_of_a_notice_can_be_typed_with_day_and_month_exchanged() {
    let good = year(2026);
    let exchanged = |day: NaiveDate| {
        use chrono::Datelike;
        NaiveDate::from_ymd_opt(day.year(), day.day(), day.month()).filter(|other| *other != day)
    };
    let mut tried = 0;
    for index in 0..good.off.len() {
        let Some(other) = exchanged(good.off[index].date) else { continue };
        let mut typed = good.clone();
        typed.off[index].date = other;
        assert!(nation().with_year(&typed).is_err(), "{} for {}", other, good.off[index].date);
        tried += 1;
    }
    for index in 0..good.work.len() {
        let Some(other) = exchanged(good.work[index]) else { continue };
        let mut typed = good.clone();
        typed.work[index] = other;
        assert!(nation().with_year(&typed).is_err(), "{} for {}", other, good.work[index]);
        tried += 1;
    }
    assert_eq!(tried, 17, "days of 2026 whose day and month can be exchanged");
}

#[test]
fn a_day_forgotten_or_added_is_found_by_the_count() {
    for index in 0..year(2026).off.len() {
        let mut typed = year(2026);
        let gone = typed.off.remove(index);
        let is_weekend = crate::law::calendar::is_weekend(gone.date);
        let found = nation().with_year(&typed);
        // A weekend day at either end of a holiday is off with or without the notice.
        assert!(found.is_err() || is_weekend, "without {}", gone.date);
    }
    for index in 0..year(2026).work.len() {
        let mut typed = year(2026);
        typed.work.remove(index);
        assert_eq!(faults(&typed), [("/work".to_owned(), "unbalanced")]);
    }
    let mut typed = year(2026);
    typed.off.retain(|day| !day.name.contains("清明"));
    assert_eq!(faults(&typed), [("/off".to_owned(), "missing_holiday")]);
    let mut typed = year(2026);
    typed.off.retain(|day| day.date != d("2026-05-03"));
    assert_eq!(
        faults(&typed),
        [("/off/17/date".to_owned(), "holiday_interrupted"), ("/off/18/date".to_owned(), "holiday_interrupted")]
    );
}

#[test]
fn a_year_that_does_not_follow_the_last_is_refused() {
    let mut far = year(2026);
    far.year = 2031;
    let found = nation().with_year(&far).unwrap_err();
    assert_eq!(found[0].pointer, "/year");
    assert_eq!(found[0].error, CalendarError::MissingYear { year: 2027 });
}

#[test]
fn every_known_year_passes_among_its_neighbours() {
    for known in nation().years() {
        assert_eq!(nation().with_year(known).map(|same| same.version().to_owned()).as_deref(), Ok(nation().version()));
    }
}

/// T20: what a case was decided by can be shown for ever.
#[test]
fn a_kept_calendar_is_the_same_calendar() {
    let hubei = nation().with_overlay(super::overlay::Overlay::of_region("CN-HB").unwrap()).unwrap();
    for calendar in [nation(), &hubei] {
        let kept = Calendar::from_content(&calendar.content()).unwrap();
        assert_eq!(kept.version(), calendar.version());
        assert_eq!(kept.add_working_days(d("2020-01-17"), 20), calendar.add_working_days(d("2020-01-17"), 20));
    }
}

#[test]
fn the_difference_lists_the_days_that_change_their_kind() {
    let mut amended = year(2026);
    amended.amendments.push("补充通知".to_owned());
    amended.off.push(OffDay { date: d("2026-10-08"), name: "国庆节".to_owned(), implied: false, notice_year: None });
    let after = nation().with_year(&amended).unwrap();
    let changes = nation().changes_to(&after);
    assert_eq!(changes, [DayChange { date: d("2026-10-08"), before: Some(true), after: Some(false) }]);
    let without = Calendar::from_years((2008..=2025).map(year).collect()).unwrap();
    let new_year = without.changes_to(nation());
    assert_eq!(new_year.len(), 19 + 6, "weekdays off and weekends worked");
    assert!(new_year.iter().all(|change| change.before.is_none()));
}

#[test]
fn a_calendar_names_the_regions_on_it() {
    assert_eq!(nation().overlays(), []);
    let overlay = crate::law::Overlay::of_region("CN-BJ").unwrap();
    let regional = nation().with_overlay(overlay).unwrap();
    assert_eq!(regional.overlays(), std::slice::from_ref(overlay));
    assert_ne!(regional.version(), nation().version());
}
