use super::*;
use crate::law::Regime;
use std::collections::BTreeSet;

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn nation() -> &'static Calendar {
    Calendar::national()
}

/// The calendar as it was before the notice of `year`, and estimates by the notices of all the other years.
fn before_the_notice_of(year: i32) -> (Calendar, Estimates) {
    let mut known: Vec<_> = nation().years().iter().filter(|known| known.year < year).cloned().collect();
    let last = known.last_mut().unwrap();
    last.off.retain(|day| day.notice_year != Some(year));
    last.work.retain(|day| (day.month(), day.day()) < (12, 25));
    let calendar = Calendar::build(known, Vec::new());
    let others: Vec<_> = nation().years().iter().filter(|other| other.year != year).cloned().collect();
    let estimates = Estimates::new(&calendar, &others);
    (calendar, estimates)
}

fn estimated(calendar: &Calendar, estimates: &Estimates, from: NaiveDate, n: u32) -> LastDay {
    let period = |calendar: &Calendar| calendar.add_working_days(from, n).ok();
    estimates.last_day(period(calendar), period).unwrap()
}

/// What an estimate would have said, and what came.
struct Trial {
    from: NaiveDate,
    last: LastDay,
    truth: NaiveDate,
}

impl Trial {
    fn is_late(&self) -> bool {
        self.last.warns_on() > self.truth
    }

    fn ends_too_early(&self) -> bool {
        self.last.latest().unwrap_or(self.last.warns_on()) < self.truth
    }

    fn span(&self) -> i64 {
        self.last.latest().map_or(0, |latest| (latest - self.last.warns_on()).num_days())
    }
}

/// Every start day from `(month, day)` of the year before, over `days` days, whose period of `n` working days ends on a day that the
/// left-out notice governs.
fn trials(n: u32, (month, day): (u32, u32), days: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    for year in 2010..=2026 {
        let (calendar, estimates) = before_the_notice_of(year);
        let first = NaiveDate::from_ymd_opt(year - 1, month, day).unwrap();
        for from in first.iter_days().take(days) {
            let Ok(truth) = nation().add_working_days(from, n) else { continue };
            if truth >= estimates.from && truth.year() <= year {
                trials.push(Trial { from, last: estimated(&calendar, &estimates, from, n), truth });
            }
        }
    }
    trials
}

/// A line of figures; the median, the 90th percentile and the most days between the two dates.
fn figures(what: &str, trials: &[Trial]) -> (String, i64, i64, i64) {
    let mut spans: Vec<_> = trials.iter().map(Trial::span).collect();
    spans.sort_unstable();
    let at = |share: usize| spans[(spans.len() * share / 100).min(spans.len() - 1)];
    let late = trials.iter().filter(|trial| trial.is_late()).count();
    let early = trials.iter().filter(|trial| trial.ends_too_early()).count();
    let (median, p90, most) = (at(50), at(90), at(100));
    let count = trials.len();
    let line =
        format!("{what}: {count} start days, 最早 late {late}, 最晚 early {early}, span {median}/{p90}/{most} days\n");
    (line, median, p90, most)
}

fn years_that_end_too_early(trials: &[Trial]) -> BTreeSet<i32> {
    trials.iter().filter(|trial| trial.ends_too_early()).map(|trial| trial.truth.year()).collect()
}

/// The holidays that were lengthened in mid-year: 3 September 2015, and Spring Festival 2020.
const LENGTHENED: [i32; 2] = [2015, 2020];

/// Law.md chapter 9: applications of December to February, the months in which a notice may be missing.
#[test]
fn leave_one_year_out_the_earliest_is_never_late_and_the_latest_never_early() {
    let mut lines = String::new();
    for n in [5, 7, 10, 15, 20, 40] {
        let trials = trials(n, (12, 1), 31 + 31 + 28);
        let (line, median, p90, _) = figures(&format!("{n} working days, December to February"), &trials);
        lines += &line;
        assert!(trials.len() > 1_000, "{n}: {}", trials.len());
        let late: Vec<_> = trials.iter().filter(|trial| trial.is_late()).map(|trial| trial.from).collect();
        assert_eq!(late, [], "{n}");
        assert!(years_that_end_too_early(&trials).is_subset(&BTreeSet::from([2020])), "{n}: the holiday of 2020 grew");
        assert!(n == 40 || (median <= 3 && p90 <= 10), "{n}: median {median}, p90 {p90}");
    }
    insta::assert_snapshot!("figures_of_the_winter", lines);
}

#[test]
fn leave_one_year_out_no_start_day_of_the_whole_year_is_late_for_a_reply() {
    let trials = trials(20, (10, 1), 426);
    let (line, median, p90, most) = figures("20 working days, all year", &trials);
    insta::assert_snapshot!("figures_of_the_year", line);
    assert!(trials.len() > 6_000);
    assert_eq!(trials.iter().filter(|trial| trial.is_late()).count(), 0);
    let early = years_that_end_too_early(&trials);
    assert!(early.is_subset(&BTreeSet::from(LENGTHENED)), "{early:?}");
    assert!(median <= 3 && p90 <= 10 && most <= 20, "{median}/{p90}/{most}");
}

/// The control: what stood here before, Monday to Friday without the statutory holidays.
#[test]
fn counting_by_the_days_of_the_week_alone_is_late_before_spring_festival() {
    let late = (2010..=2026).flat_map(|year| {
        let (calendar, _) = before_the_notice_of(year);
        let starts = NaiveDate::from_ymd_opt(year - 1, 12, 1).unwrap().iter_days().take(90);
        starts.filter(move |from| calendar.add_estimated(*from, 20) > nation().add_working_days(*from, 20).unwrap())
    });
    assert!(late.count() > 80);
}

/// 2011-12-31 was worked, 2018-12-29 worked and 12-31 off by the notices of the years after.
#[test]
fn the_last_days_of_a_published_year_are_not_certain_until_the_next_notice_is_in() {
    let reply = |calendar: &Calendar, estimates: &Estimates, from: &str| {
        let known = calendar.add_working_days(d(from), Regime::Order711.reply_days()).unwrap();
        (known, estimated(calendar, estimates, d(from), 20))
    };
    let (calendar, estimates) = before_the_notice_of(2019);
    assert_eq!(estimates.from, d("2018-12-28"), "three days before 2011-12-31, with 2018 itself left out");
    let (known, last) = reply(&calendar, &estimates, "2018-12-03");
    let truth = nation().add_working_days(d("2018-12-03"), 20).unwrap();
    assert_eq!((known, truth), (d("2018-12-31"), d("2018-12-29")));
    assert!(last.warns_on() <= truth && last.latest().unwrap() >= known, "{last:?}");
    let (known, last) = reply(&calendar, &estimates, "2018-11-29");
    assert_eq!((known, last), (d("2018-12-27"), LastDay::Certain(d("2018-12-27"))));

    let (calendar, estimates) = before_the_notice_of(2012);
    assert_eq!(estimates.from, d("2011-12-26"));
    let (known, last) = reply(&calendar, &estimates, "2011-12-03");
    let truth = nation().add_working_days(d("2011-12-03"), 20).unwrap();
    assert_eq!((known, truth), (d("2011-12-30"), d("2011-12-30")));
    assert!(last.latest().is_some() && last.warns_on() <= truth);
    let of = |from: &str| nation().add_working_days(d(from), 20).unwrap();
    for from in ["2011-12-04", "2011-12-05", "2011-12-06", "2011-12-31"] {
        let last = estimated(&calendar, &estimates, d(from), 20);
        assert!(last.warns_on() <= of(from) && of(from) <= last.latest().unwrap(), "{from} {last:?}");
    }
}

#[test]
fn the_calendar_in_force_is_certain_up_to_christmas_and_estimated_after_it() {
    let reply = |from: &str| nation().last_day_of(|calendar| calendar.add_working_days(d(from), 20).ok()).unwrap();
    assert_eq!(reply("2022-09-30"), LastDay::Certain(d("2022-11-02")));
    assert_eq!(reply("2022-12-05"), LastDay::Certain(d("2023-01-03")), "the notice of 2023 is out");
    assert_eq!(reply("2026-11-27"), LastDay::Certain(d("2026-12-25")));
    let range = |from: &str| {
        let last = reply(from);
        (last.warns_on().to_string(), last.latest().map(|day| day.to_string()).unwrap_or_default())
    };
    let told = ["2026-11-30", "2026-12-03", "2026-12-04", "2026-12-18", "2026-12-31", "2027-01-11"].map(range);
    insta::assert_debug_snapshot!("ranges_2027", told);
    assert_eq!(nation().last_day_of(|calendar| calendar.add_working_days(d("2007-01-04"), 20).ok()), None);
    assert_eq!(nation().last_day(), d("2026-12-31"), "the calendar itself has not grown");
}

#[test]
fn what_is_certain_in_2027_is_no_working_day_in_any_estimate() {
    let estimates = nation().estimates();
    for calendar in [&estimates.earliest, &estimates.latest] {
        for day in ["2027-01-01", "2027-02-05", "2027-02-08", "2027-04-05", "2027-06-09", "2027-09-15", "2027-10-01"] {
            assert_eq!(calendar.is_working_day(d(day)), Ok(false), "{day}");
        }
        for day in ["2027-01-12", "2027-03-10", "2027-07-14"] {
            assert_eq!(calendar.is_working_day(d(day)), Ok(true), "{day}: far from any holiday");
        }
        assert_eq!(calendar.is_working_day(d("2027-03-13")), Ok(false), "a Saturday far from any holiday");
    }
    assert_eq!(estimates.earliest.is_working_day(d("2027-01-31")), Ok(true), "a Sunday that may be worked");
    assert_eq!(estimates.latest.is_working_day(d("2027-01-31")), Ok(false));
}

#[test]
fn an_estimate_is_said_in_one_line() {
    let said = |earliest: &str, latest: &str| DueRange { earliest: d(earliest), latest: d(latest) }.said(2027);
    let expected = "2027年放假安排未公布，届满日估算：最早2027年1月29日、最晚2月4日；按最早提醒";
    assert_eq!(said("2027-01-29", "2027-02-04"), expected);
    let over_the_year = "2027年放假安排未公布，届满日估算：最早2026年12月30日、最晚2027年1月4日；按最早提醒";
    assert_eq!(said("2026-12-30", "2027-01-04"), over_the_year);
    let one_day = "2027年放假安排未公布，届满日估算为2027年1月19日；按最早提醒";
    assert_eq!(said("2027-01-19", "2027-01-19"), one_day);
}

#[test]
fn a_regions_own_days_stay_where_the_days_are_estimated() {
    let region = crate::law::Overlay { off: vec![d("2026-12-25")], ..crate::law::Overlay::known()[0].clone() };
    let region = crate::law::Overlay { work: Vec::new(), ..region };
    let local = nation().with_overlay(&region).unwrap();
    let period = |calendar: &Calendar| calendar.add_working_days(d("2026-12-14"), 20).ok();
    let (there, here) = (local.last_day_of(period).unwrap(), nation().last_day_of(period).unwrap());
    assert!(there.warns_on() > here.warns_on(), "{there:?} {here:?}");
}

#[test]
fn a_period_in_calendar_days_that_ends_where_days_are_estimated_rolls_by_both() {
    // The sixtieth day after 2026-12-01 is Saturday 2027-01-30, which may be worked before Spring Festival.
    let last = nation()
        .last_day_of(|calendar| crate::law::period::court_answer_due(d("2027-01-15"), calendar).ok().map(|due| due.on));
    let LastDay::Estimated(range) = last.unwrap() else { panic!("{last:?}") };
    assert_eq!((range.earliest, range.latest), (d("2027-01-30"), d("2027-02-01")));
}

#[test]
fn within_the_calendar_an_estimate_is_the_notice() {
    assert_eq!(nation().add_estimated(d("2022-09-30"), 20), d("2022-11-02"));
    assert_eq!(nation().subtract_estimated(d("2022-11-02"), 20), d("2022-09-30"));
    assert_eq!(nation().count_estimated(d("2022-09-30"), d("2022-11-02")), 20);
    assert!(nation().is_estimated_working_day(d("2022-10-08")), "a Saturday that is worked");
}

#[test]
fn what_is_counted_for_reminders_beyond_it_is_monday_to_friday_without_statutory_holidays() {
    // 2026-12-31 is a Thursday and known; 2027-01-01 a Friday; the next working day is Monday.
    assert_eq!(nation().add_estimated(d("2026-12-30"), 2), d("2027-01-04"));
    assert_eq!(nation().subtract_estimated(d("2027-01-05"), 2), d("2026-12-31"));
    assert_eq!(nation().count_estimated(d("2026-12-30"), d("2027-01-05")), 3);
    assert!(!nation().is_estimated_working_day(d("2027-02-08")), "正月初三");
    assert!(!nation().is_estimated_working_day(d("2027-10-01")));
}
