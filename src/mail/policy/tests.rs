use super::*;
use crate::law::Calendar;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn national() -> Days<'static> {
    Days::new(Calendar::national())
}

/// What one person got: on which day, by which rule, standing where, with how many missed days.
type Got = (NaiveDate, Rule, Standing, usize);

/// Passes on `days`, each repeated three times, as one person sees them.
fn passes(
    days: impl IntoIterator<Item = NaiveDate>,
    audience: Audience,
    due_on: NaiveDate,
    since: NaiveDate,
) -> Vec<Got> {
    let calendar = national();
    let mut sent = HashSet::new();
    let mut got = Vec::new();
    for today in days {
        for _ in 0..3 {
            let steps = steps(&calendar, &DEFAULT_LEADS, due_on, today);
            if let Some(owed) = owed(&steps, audience, since, today, |rule| sent.contains(&rule)) {
                assert!(sent.insert(owed.rule), "{:?} twice", owed.rule);
                got.push((today, owed.rule, standing(&calendar, due_on, today), owed.missed.len()));
            }
        }
    }
    got
}

fn span(from: &str, to: &str) -> Vec<NaiveDate> {
    let to = day(to);
    day(from).iter_days().take_while(|d| *d <= to).collect()
}

/// The working days of the embedded years, one by one from what the notices say: not by the calendar under test.
fn naive_working_days() -> BTreeSet<NaiveDate> {
    let mut working = BTreeSet::new();
    for year in Calendar::national().years() {
        let first = NaiveDate::from_ymd_opt(year.year, 1, 1).unwrap();
        for day in first.iter_days().take_while(|day| chrono::Datelike::year(day) == year.year) {
            let weekday = chrono::Datelike::weekday(&day).num_days_from_monday();
            let off = year.off.iter().any(|off| off.date == day);
            let worked = year.work.contains(&day);
            if worked || (weekday < 5 && !off) {
                working.insert(day);
            }
        }
    }
    working
}

#[test]
fn golden_weeks_for_every_due_date_2019_to_2026_the_mails_equal_a_naive_reference() {
    let working = naive_working_days();
    let (first, last) = (day("2019-01-01"), day("2026-12-31"));
    let mut compared = 0;
    for due_on in first.iter_days().take_while(|d| *d <= last) {
        let before: Vec<NaiveDate> = working.range(..due_on).rev().take(10).copied().collect();
        let after: Vec<NaiveDate> =
            working.range(due_on..).filter(|d| **d > due_on).take(7).filter(|d| **d <= last).copied().collect();
        let (start, end) = (before[9] - chrono::TimeDelta::days(3), after.last().copied().unwrap_or(due_on));
        for audience in Audience::ALL {
            let mut expected: Vec<(NaiveDate, Rule)> = Vec::new();
            for lead in [10, 5, 3, 1] {
                if audience == Audience::Handler || (audience == Audience::OfficeHead && lead <= 3) {
                    expected.push((before[usize::from(lead) - 1], Rule::Lead(lead)));
                }
            }
            if audience != Audience::Supervisor {
                expected.push((due_on, Rule::DueToday));
            }
            expected.extend(after.iter().zip(1..).map(|(d, n)| (*d, Rule::Overdue(n))));
            let every_day = start.iter_days().take_while(|d| *d <= end);
            let got = passes(every_day, audience, due_on, start);
            assert!(got.iter().all(|(.., missed)| *missed == 0), "{due_on}: {got:?}");
            let got: Vec<(NaiveDate, Rule)> = got.into_iter().map(|(on, rule, ..)| (on, rule)).collect();
            assert_eq!(got, expected, "due {due_on}, {audience:?}");
            compared += expected.len();
        }
    }
    assert!(compared > 60_000, "{compared}");
}

#[test]
fn t4_five_working_days_before_the_ninth_of_october_is_the_last_day_before_the_holiday() {
    // 2025: 1-8 October off, 28 September (Sunday) worked.
    assert_eq!(national().before(day("2025-10-09"), 1), day("2025-09-30"));
    let got = passes(span("2025-09-15", "2025-10-09"), Audience::Handler, day("2025-10-09"), day("2025-09-01"));
    let got: Vec<_> =
        got.into_iter().map(|(on, rule, standing, _)| (on.to_string(), rule.code(), standing.label())).collect();
    let expect = |on: &str, rule: &str, label: &str| (on.to_owned(), rule.to_owned(), label.to_owned());
    assert_eq!(
        got,
        [
            expect("2025-09-18", "lead_10", "还剩10个工作日"),
            expect("2025-09-25", "lead_5", "还剩5个工作日"),
            expect("2025-09-28", "lead_3", "还剩3个工作日"),
            expect("2025-09-30", "lead_1", "还剩1个工作日"),
            expect("2025-10-09", "due_today", "今天到期"),
        ]
    );
}

#[test]
fn t5_three_days_down_give_one_mail_each_that_names_the_missed_day() {
    // Due Friday 2025-09-19: reminders on 09-05, 09-12, 09-16, 09-18, 09-19. Down from the 15th to the 17th.
    let up = span("2025-09-01", "2025-09-14").into_iter().chain(span("2025-09-18", "2025-09-22"));
    let got = passes(up, Audience::Handler, day("2025-09-19"), day("2025-09-01"));
    assert_eq!(
        got,
        [
            (day("2025-09-05"), Rule::Lead(10), Standing::Left(10), 0),
            (day("2025-09-12"), Rule::Lead(5), Standing::Left(5), 0),
            (day("2025-09-18"), Rule::Lead(1), Standing::Left(1), 1),
            (day("2025-09-19"), Rule::DueToday, Standing::Today, 0),
            (day("2025-09-22"), Rule::Overdue(1), Standing::Overdue(1), 0),
        ]
    );
}

#[test]
fn down_over_the_due_day_the_mail_says_overdue_and_names_what_was_missed() {
    let up = span("2025-09-01", "2025-09-17").into_iter().chain(span("2025-09-20", "2025-09-23"));
    let got = passes(up, Audience::Handler, day("2025-09-19"), day("2025-09-01"));
    assert_eq!(
        got[3..],
        [
            // Saturday: the due day has passed, no working day since.
            (day("2025-09-20"), Rule::DueToday, Standing::Overdue(0), 2),
            (day("2025-09-22"), Rule::Overdue(1), Standing::Overdue(1), 0),
            (day("2025-09-23"), Rule::Overdue(2), Standing::Overdue(2), 0),
        ]
    );
    assert_eq!(got[3].2.label(), "期限已过");
}

#[test]
fn what_came_before_the_duty_stood_was_not_missed() {
    // Entered on 09-17 with two working days left: the step of three days has come, those before it are no loss.
    let got = passes(span("2025-09-17", "2025-09-19"), Audience::Handler, day("2025-09-19"), day("2025-09-17"));
    assert_eq!(got[0], (day("2025-09-17"), Rule::Lead(3), Standing::Left(2), 1));
    // Entered with seven working days left: the step of ten came before it and is not told, that of five will be.
    let got = passes(span("2025-09-10", "2025-09-15"), Audience::Handler, day("2025-09-19"), day("2025-09-10"));
    assert_eq!(got, [(day("2025-09-12"), Rule::Lead(5), Standing::Left(5), 0)]);
    // Entered on the very day of a step: nothing is late.
    let got = passes(span("2025-09-18", "2025-09-18"), Audience::Handler, day("2025-09-19"), day("2025-09-18"));
    assert_eq!(got, [(day("2025-09-18"), Rule::Lead(1), Standing::Left(1), 0)]);
}

#[test]
fn t24_equality_at_every_boundary() {
    let due_on = day("2025-09-19");
    let on = |today: &str| standing(&national(), due_on, day(today));
    assert_eq!(on("2025-09-18"), Standing::Left(1));
    assert_eq!(on("2025-09-19"), Standing::Today);
    assert_eq!(on("2025-09-20"), Standing::Overdue(0));
    assert_eq!(on("2025-09-21"), Standing::Overdue(0));
    assert_eq!(on("2025-09-22"), Standing::Overdue(1));
    let at = |today: &str| steps(&national(), &DEFAULT_LEADS, due_on, day(today)).last().map(|step| step.rule.code());
    assert_eq!(at("2025-09-04"), None);
    assert_eq!(at("2025-09-05").as_deref(), Some("lead_10"));
    assert_eq!(at("2025-09-19").as_deref(), Some("due_today"));
    assert_eq!(at("2025-09-21").as_deref(), Some("due_today"));
    assert_eq!(at("2025-09-22").as_deref(), Some("overdue_1"));
}

#[test]
fn recipients_come_in_by_distance() {
    let hear = |rule: Rule| Audience::ALL.map(|audience| audience.hears(rule));
    assert_eq!(hear(Rule::Lead(10)), [true, false, false]);
    assert_eq!(hear(Rule::Lead(4)), [true, false, false]);
    assert_eq!(hear(Rule::Lead(3)), [true, true, false]);
    assert_eq!(hear(Rule::DueToday), [true, true, false]);
    assert_eq!(hear(Rule::Overdue(1)), [true, true, true]);
}

#[test]
fn no_lead_of_zero_means_no_mail_on_the_day_itself() {
    let rules = |leads: &[u16]| -> Vec<String> {
        steps(&national(), leads, day("2025-09-19"), day("2025-09-23")).iter().map(|step| step.rule.code()).collect()
    };
    assert_eq!(rules(&[2, 2, 7]), ["lead_7", "lead_2", "overdue_1", "overdue_2"]);
    assert_eq!(rules(&[]), ["overdue_1", "overdue_2"]);
}

#[test]
fn a_year_without_a_notice_is_estimated_and_never_silent() {
    let days = national();
    // 2027 is not out: Friday 1 January is New Year's Day, 2 and 3 a weekend, the 4th to the 8th Monday to Friday.
    let due_on = day("2027-01-08");
    let got: Vec<_> = steps(&days, &DEFAULT_LEADS, due_on, day("2027-01-12"))
        .into_iter()
        .map(|step| (step.rule.code(), step.on.to_string()))
        .collect();
    let expect = |rule: &str, on: &str| (rule.to_owned(), on.to_owned());
    assert_eq!(
        got,
        [
            expect("lead_10", "2026-12-24"),
            expect("lead_5", "2026-12-31"),
            expect("lead_3", "2027-01-05"),
            expect("lead_1", "2027-01-07"),
            expect("due_today", "2027-01-08"),
            expect("overdue_1", "2027-01-11"),
            expect("overdue_2", "2027-01-12"),
        ]
    );
    assert_eq!(days.first_unknown_year(day("2026-12-24"), due_on), Some(2027));
    assert_eq!(days.first_unknown_year(day("2026-12-01"), day("2026-12-31")), None);
    assert_eq!(days.first_unknown_year(day("2028-02-01"), day("2027-12-31")), Some(2027));
    assert_eq!(standing(&days, due_on, day("2026-12-31")), Standing::Left(5));
}

#[test]
fn years_overdue_look_back_sixty_steps_only() {
    let steps = steps(&national(), &DEFAULT_LEADS, day("2011-06-23"), day("2026-03-02"));
    assert_eq!(steps.len(), 5 + 60);
    assert!(steps.is_sorted_by_key(|step| step.on));
    assert_eq!(steps.last().unwrap().on, day("2026-03-02"));
}

proptest! {
    /// Whatever days the service was up: at most one mail a day and person, each rule once, the latest step always
    /// told, nothing told as coming that has passed, missed days between the last mail and today.
    #[test]
    fn any_pattern_of_downtime_is_caught_up_with_single_mails(
        start in 0_i64..2500, up in prop::collection::vec(prop::bool::ANY, 50), lead in 5_i64..20,
        who in prop::sample::select(Audience::ALL.to_vec()),
    ) {
        let from = day("2019-03-01") + chrono::TimeDelta::days(start);
        let due_on = national().after(from, u32::try_from(lead).unwrap());
        let days: Vec<NaiveDate> = from.iter_days().zip(up).filter(|(_, up)| *up).map(|(day, _)| day).collect();
        let got = passes(days.iter().copied(), who, due_on, from);
        let mut previous = None;
        for (on, rule, standing, _) in &got {
            prop_assert!(previous < Some(*on));
            previous = Some(*on);
            prop_assert_eq!(standing.is_overdue(), *on > due_on);
            if matches!(rule, Rule::Overdue(_)) {
                prop_assert!(*on > due_on);
            }
        }
        let Some(last) = days.last() else { return Ok(()) };
        let heard: Vec<Step> = steps(&national(), &DEFAULT_LEADS, due_on, *last)
            .into_iter().filter(|step| who.hears(step.rule)).collect();
        let latest = heard.last().filter(|step| step.on >= from || Audience::OfficeHead.hears(step.rule));
        let told = got.last().map(|(_, rule, ..)| *rule);
        prop_assert_eq!(latest.map(|step| step.rule).or(told), told, "the latest step is told");
        // Each step since the duty stands was told on its day or is counted as missed, once.
        let on_its_day = got.iter().filter(|(on, rule, ..)| heard.contains(&Step { rule: *rule, on: *on })).count();
        let missed: usize = got.iter().map(|(.., missed)| missed).sum();
        let before = got.iter().filter(|(_, rule, ..)| heard.iter().any(|step| step.rule == *rule && step.on < from)).count();
        prop_assert_eq!(on_its_day + missed - before, heard.iter().filter(|step| step.on >= from).count());
    }
}
