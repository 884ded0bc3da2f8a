use super::*;
use crate::case::ObligationKind;
use crate::config::Settings;
use crate::law::Calendar;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn national() -> Days<'static> {
    Days::new(Calendar::national())
}

/// The policies an office has on day one.
fn house() -> Policies {
    Settings::load(None, []).unwrap().reminders.policies
}

fn of_reply() -> Policy {
    house()[&ObligationKind::Reply].clone()
}

/// The policy of the reply with other leads.
fn with_leads(leads: &[u16]) -> Policy {
    Policy { lead_days: leads.to_vec(), black_days: 0, ..of_reply() }
}

/// What one person got: on which day, by which rule, standing where, with how many missed days.
type Got = (NaiveDate, ReminderRule, DutyTiming, usize);

/// Passes on `days`, each repeated three times, as one person sees them.
fn passes(
    days: impl IntoIterator<Item = NaiveDate>,
    audience: Audience,
    due_on: NaiveDate,
    since: NaiveDate,
) -> Vec<Got> {
    let calendar = national();
    let policy = of_reply();
    let mut sent = HashSet::new();
    let mut got = Vec::new();
    for today in days {
        let steps = steps(&calendar, &policy, due_on, today);
        for _ in 0..3 {
            let hears = |rule| audience.hears(&policy, rule);
            if let Some(owed) = owed(&steps, hears, since, today, |rule| sent.contains(&rule)) {
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

macro_rules! notices {
    ($($year:literal),*) => { [$(include_str!(concat!("../../../config/calendar/cn-", $year, ".json"))),*] };
}

/// The calendar files of 2018 to 2026.
const NOTICES: [&str; 9] = notices!("2018", "2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026");

/// The working days of 2018 to 2026 read off the calendar files as they lie on disk, day by day: not by the calendar
/// under test.
fn naive_working_days() -> BTreeSet<NaiveDate> {
    let mut working = BTreeSet::new();
    for (year, notice) in (2018..).zip(NOTICES) {
        let notice: serde_json::Value = serde_json::from_str(notice).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let off: HashSet<String> = notice["off"].as_array().unwrap().iter().map(|off| text(&off["date"])).collect();
        let work: HashSet<String> = notice["work"].as_array().unwrap().iter().map(text).collect();
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        for day in first.iter_days().take_while(|day| chrono::Datelike::year(day) == year) {
            let is_weekday = chrono::Datelike::weekday(&day).num_days_from_monday() < 5;
            let name = day.to_string();
            if work.contains(&name) || (is_weekday && !off.contains(&name)) {
                working.insert(day);
            }
        }
    }
    working
}

/// What `audience` is told under `policy` of a duty due on `due_on`, in `(eve, last]`: each day asked by itself how many
/// working days lie between it and the due day, or the last working day before that.
fn naive_mails(
    working: &BTreeSet<NaiveDate>,
    policy: &Policy,
    audience: Audience,
    due_on: NaiveDate,
    eve: NaiveDate,
    last: NaiveDate,
) -> Vec<(NaiveDate, ReminderRule)> {
    let Some(onset) = audience.onset(policy) else { return Vec::new() };
    let last_day = *working.range(..=due_on).next_back().unwrap();
    let mut told = Vec::new();
    let mut is_black = policy.black_days == 0;
    for day in eve.iter_days().skip(1).take_while(|day| *day <= last) {
        let works = working.contains(&day);
        if day < last_day && works {
            let left = u16::try_from(working.range(day..last_day).count()).unwrap();
            let is_early_enough = onset.when == When::Before && left <= onset.days;
            if policy.lead_days.contains(&left) && left > 0 && is_early_enough {
                told.push((day, ReminderRule::Lead(left)));
            }
        } else if day == last_day && policy.lead_days.contains(&0) && onset.when == When::Before {
            told.push((day, ReminderRule::DueToday));
        } else if day > due_on && works {
            let passed = working.range(due_on..=day).filter(|d| **d > due_on).count();
            let passed = u16::try_from(passed).unwrap();
            let is_repeated = policy.repeat_every > 0
                && (passed - 1) % policy.repeat_every == 0
                && (policy.repeat_until == 0 || passed <= policy.repeat_until);
            let is_late_enough = onset.when == When::Before || passed >= onset.days;
            let turns_black = !is_black && (day - due_on).num_days() >= i64::from(policy.black_days);
            is_black |= turns_black;
            if is_repeated && is_late_enough {
                told.push((day, ReminderRule::Overdue(u32::from(passed))));
            }
            if turns_black {
                told.push((day, ReminderRule::Black));
            }
        }
    }
    told
}

#[test]
fn golden_weeks_for_every_due_date_2019_to_2026_every_policy_equals_a_naive_reference() {
    let working = naive_working_days();
    let (first, last) = (day("2019-01-01"), day("2026-12-31"));
    let (policies, calendar) = (house(), national());
    let mut compared = BTreeMap::new();
    for due_on in first.iter_days().take_while(|d| *d <= last) {
        let (eve, end) = (due_on - TimeDelta::days(40), (due_on + TimeDelta::days(40)).min(last));
        for (kind, policy) in &policies {
            let all = steps(&calendar, policy, due_on, end);
            for audience in Audience::ALL {
                let heard = all.iter().filter(|step| audience.hears(policy, step.rule));
                let got: Vec<(NaiveDate, ReminderRule)> = heard.map(|step| (step.on, step.rule)).collect();
                let expected = naive_mails(&working, policy, audience, due_on, eve, end);
                assert_eq!(got, expected, "{kind:?} due {due_on}, {audience:?}");
                *compared.entry(*kind).or_insert(0) += expected.len();
            }
        }
    }
    assert_eq!(compared.len(), ObligationKind::ALL.len());
    assert!(compared.values().all(|n| *n > 2900), "{compared:?}");
}

#[test]
fn golden_weeks_every_lead_falls_on_the_day_a_naive_reference_says() {
    let working: Vec<NaiveDate> = naive_working_days().into_iter().collect();
    let (first, last) = (day("2019-01-01"), day("2026-12-31"));
    for due_on in first.iter_days().take_while(|d| *d <= last) {
        let before = working.partition_point(|d| *d < due_on);
        for lead in 1..=60_u16 {
            assert_eq!(national().before(due_on, lead), working[before - usize::from(lead)], "{lead} before {due_on}");
        }
    }
}

#[test]
fn golden_weeks_day_by_day_each_person_gets_each_step_on_its_day_once() {
    let working = naive_working_days();
    let (first, last) = (day("2019-01-01"), day("2026-12-31"));
    let policy = of_reply();
    for due_on in first.iter_days().take_while(|d| *d <= last) {
        let (eve, end) = (due_on - TimeDelta::days(26), (due_on + TimeDelta::days(12)).min(last));
        for audience in [Audience::Handler, Audience::Supervisor] {
            let got = passes(eve.iter_days().skip(1).take_while(|d| *d <= end), audience, due_on, eve);
            assert!(got.iter().all(|(.., missed)| *missed == 0), "{due_on}: {got:?}");
            let got: Vec<(NaiveDate, ReminderRule)> = got.into_iter().map(|(on, rule, ..)| (on, rule)).collect();
            let expected = naive_mails(&working, &policy, audience, due_on, eve, end);
            assert_eq!(got, expected, "due {due_on}, {audience:?}");
        }
    }
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
            (day("2025-09-05"), ReminderRule::Lead(10), DutyTiming::Left(10), 0),
            (day("2025-09-12"), ReminderRule::Lead(5), DutyTiming::Left(5), 0),
            (day("2025-09-18"), ReminderRule::Lead(1), DutyTiming::Left(1), 1),
            (day("2025-09-19"), ReminderRule::DueToday, DutyTiming::Today, 0),
            (day("2025-09-22"), ReminderRule::Overdue(1), DutyTiming::Overdue(1), 0),
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
            (day("2025-09-20"), ReminderRule::DueToday, DutyTiming::Overdue(0), 2),
            (day("2025-09-22"), ReminderRule::Overdue(1), DutyTiming::Overdue(1), 0),
            (day("2025-09-23"), ReminderRule::Overdue(2), DutyTiming::Overdue(2), 0),
        ]
    );
    assert_eq!(got[3].2.label(), "已过届满日，今天不是工作日");
}

#[test]
fn what_came_before_the_duty_stood_was_not_missed() {
    // Entered on 09-17 with two working days left: the step of three days has come, those before it are no loss.
    let got = passes(span("2025-09-17", "2025-09-19"), Audience::Handler, day("2025-09-19"), day("2025-09-17"));
    assert_eq!(got[0], (day("2025-09-17"), ReminderRule::Lead(3), DutyTiming::Left(2), 1));
    // Entered with seven working days left: the step of ten came before it and is not told, that of five will be.
    let got = passes(span("2025-09-10", "2025-09-15"), Audience::Handler, day("2025-09-19"), day("2025-09-10"));
    assert_eq!(got, [(day("2025-09-12"), ReminderRule::Lead(5), DutyTiming::Left(5), 0)]);
    // Entered on the very day of a step: nothing is late.
    let got = passes(span("2025-09-18", "2025-09-18"), Audience::Handler, day("2025-09-19"), day("2025-09-18"));
    assert_eq!(got, [(day("2025-09-18"), ReminderRule::Lead(1), DutyTiming::Left(1), 0)]);
}

#[test]
fn t24_equality_at_every_boundary() {
    let due_on = day("2025-09-19");
    let on = |today: &str| standing(&national(), due_on, day(today));
    assert_eq!(on("2025-09-18"), DutyTiming::Left(1));
    assert_eq!(on("2025-09-19"), DutyTiming::Today);
    assert_eq!(on("2025-09-20"), DutyTiming::Overdue(0));
    assert_eq!(on("2025-09-21"), DutyTiming::Overdue(0));
    assert_eq!(on("2025-09-22"), DutyTiming::Overdue(1));
    let at = |today: &str| steps(&national(), &of_reply(), due_on, day(today)).last().map(|step| step.rule.code());
    assert_eq!(at("2025-09-04"), None);
    assert_eq!(at("2025-09-05").as_deref(), Some("lead_10"));
    assert_eq!(at("2025-09-19").as_deref(), Some("due_today"));
    assert_eq!(at("2025-09-21").as_deref(), Some("due_today"));
    assert_eq!(at("2025-09-22").as_deref(), Some("overdue_1"));
}

#[test]
fn recipients_come_in_by_distance() {
    let policy = of_reply();
    let hear = |rule: ReminderRule| Audience::ALL.map(|audience| audience.hears(&policy, rule));
    assert_eq!(hear(ReminderRule::Lead(10)), [true, false, false, false, false]);
    assert_eq!(hear(ReminderRule::Lead(5)), [true, true, false, false, false]);
    assert_eq!(hear(ReminderRule::Lead(3)), [true, true, true, false, false]);
    assert_eq!(hear(ReminderRule::DueToday), [true, true, true, true, false]);
    assert_eq!(hear(ReminderRule::Overdue(1)), [true; 5]);
    assert_eq!(hear(ReminderRule::Black), [true; 5]);
    let late = Policy {
        recipients: Recipients { leader: Some(Onset { when: When::After, days: 5 }), ..Recipients::default() },
        ..policy
    };
    let hears = |rule| Audience::Leader.hears(&late, rule);
    assert_eq!(
        [hears(ReminderRule::DueToday), hears(ReminderRule::Overdue(4)), hears(ReminderRule::Overdue(5))],
        [false, false, true]
    );
    assert!(
        hears(ReminderRule::Black) && !Audience::Handler.hears(&late, ReminderRule::Black),
        "who is not listed never hears"
    );
}

#[test]
fn no_lead_of_zero_means_no_mail_on_the_day_itself() {
    let rules = |policy: &Policy, today: &str| -> Vec<String> {
        steps(&national(), policy, day("2025-09-19"), day(today)).iter().map(|step| step.rule.code()).collect()
    };
    assert_eq!(rules(&with_leads(&[2, 2, 7]), "2025-09-23"), ["lead_7", "lead_2", "overdue_1", "overdue_2"]);
    assert_eq!(rules(&with_leads(&[]), "2025-09-23"), ["overdue_1", "overdue_2"]);
}

#[test]
fn repetition_goes_by_working_days_and_ends_when_the_policy_says() {
    let policy = |repeat_every, repeat_until| Policy { repeat_every, repeat_until, ..with_leads(&[]) };
    // Due Friday 2025-09-19; the 8th working day after it is 09-30, the 9th (after the holiday) 10-09, the 10th 10-10.
    let told = |policy: &Policy, today: &str| -> Vec<(String, String)> {
        let all = steps(&national(), policy, day("2025-09-19"), day(today));
        all.into_iter().map(|step| (step.rule.code(), step.on.to_string())).collect()
    };
    let expect = |rule: &str, on: &str| (rule.to_owned(), on.to_owned());
    let every_five = [expect("overdue_1", "2025-09-22"), expect("overdue_6", "2025-09-28")];
    assert_eq!(told(&policy(5, 0), "2025-10-10"), every_five);
    assert_eq!(told(&policy(5, 6), "2026-10-10"), every_five);
    assert_eq!(told(&policy(5, 5), "2026-10-10"), every_five[..1]);
    assert_eq!(told(&policy(0, 0), "2026-10-10"), []);
}

#[test]
fn the_black_level_comes_on_the_first_working_day_from_the_thirtieth_on_and_says_that_day_alone() {
    // Due 2025-09-05: the thirtieth day after it, 10-05, is in the holiday; 10-09 is the first working day.
    let (due_on, policy) = (day("2025-09-05"), of_reply());
    assert!(!is_black(&policy, due_on, day("2025-10-04")) && is_black(&policy, due_on, day("2025-10-05")));
    let got = passes(span("2025-09-30", "2025-10-10"), Audience::Leader, due_on, day("2025-09-30"));
    let got: Vec<_> = got.into_iter().map(|(on, rule, _, missed)| (on.to_string(), rule.code(), missed)).collect();
    let expect = |on: &str, rule: &str| (on.to_owned(), rule.to_owned(), 0);
    assert_eq!(
        got,
        [expect("2025-09-30", "overdue_18"), expect("2025-10-09", "black"), expect("2025-10-10", "overdue_20"),]
    );
}

#[test]
fn a_policy_that_lets_a_day_pass_in_silence_is_none() {
    assert!(house().iter().all(|(kind, policy)| policy.faults(*kind).is_empty()));
    let names = |policy: Policy, kind: ObligationKind| {
        policy.faults(kind).into_iter().map(|(member, _)| member).collect::<Vec<_>>()
    };
    let named = |policy: Policy| names(policy, ObligationKind::Reply);
    let good = of_reply();
    assert_eq!(named(Policy { lead_days: vec![], ..good.clone() }), ["lead_days"]);
    assert_eq!(named(Policy { lead_days: vec![60], ..good.clone() }), ["lead_days"], "nothing on the day itself");
    assert_eq!(named(Policy { lead_days: vec![61, 0], ..good.clone() }), ["lead_days"]);
    let ends = Policy { repeat_every: 0, ..good.clone() };
    assert_eq!(named(ends.clone()), ["repeat_every"], "nothing after it");
    assert_eq!(names(ends, ObligationKind::CorrectionNotice), Vec::<&str>::new());
    assert_eq!(
        named(Policy { repeat_every: 61, repeat_until: 1001, ..good.clone() }),
        ["repeat_every", "repeat_until"]
    );
    let late = Some(Onset { when: When::After, days: 1 });
    let only_late = Recipients { supervisor: late, ..Recipients::default() };
    assert_eq!(named(Policy { recipients: only_late, ..good.clone() }), ["recipients"]);
    let far = Recipients { leader: Some(Onset { when: When::After, days: 1001 }), ..good.recipients };
    assert_eq!(named(Policy { recipients: far, ..good }), ["recipients"]);
}

#[test]
fn a_year_without_a_notice_is_estimated_and_never_silent() {
    let days = national();
    // 2027 is not out: Friday 1 January is New Year's Day, 2 and 3 a weekend, the 4th to the 8th Monday to Friday.
    let due_on = day("2027-01-08");
    let got: Vec<_> = steps(&days, &of_reply(), due_on, day("2027-01-12"))
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
    assert_eq!(standing(&days, due_on, day("2026-12-31")), DutyTiming::Left(5));
}

#[test]
fn a_duty_due_on_a_rest_day_is_told_on_the_last_working_day_and_label_and_lead_agree() {
    // Saturday 31 January 2026.
    let due_on = day("2026-01-31");
    let got = passes(span("2026-01-12", "2026-02-02"), Audience::Handler, due_on, day("2026-01-01"));
    assert_eq!(
        got,
        [
            (day("2026-01-16"), ReminderRule::Lead(10), DutyTiming::Left(10), 0),
            (day("2026-01-23"), ReminderRule::Lead(5), DutyTiming::Left(5), 0),
            (day("2026-01-27"), ReminderRule::Lead(3), DutyTiming::Left(3), 0),
            (day("2026-01-29"), ReminderRule::Lead(1), DutyTiming::Left(1), 0),
            (day("2026-01-30"), ReminderRule::DueToday, DutyTiming::LastWorkingDay, 0),
            (day("2026-02-02"), ReminderRule::Overdue(1), DutyTiming::Overdue(1), 0),
        ]
    );
    assert_eq!(DutyTiming::LastWorkingDay.label(), "今天是期限前最后一个工作日");
    assert_eq!(standing(&national(), due_on, due_on), DutyTiming::Today);
    // 2 and 3 October 2026 are holidays: no working day is left.
    assert_eq!(standing(&national(), day("2026-10-03"), day("2026-10-02")).label(), "期限前已没有工作日");
}

#[test]
fn years_overdue_look_back_sixty_steps_only() {
    let steps = steps(&national(), &of_reply(), day("2011-06-23"), day("2026-03-02"));
    assert_eq!(steps.len(), 5 + 60 + 1, "the leads, the latest repetitions, the black level");
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
            if matches!(rule, ReminderRule::Overdue(_)) {
                prop_assert!(*on > due_on);
            }
        }
        let Some(last) = days.last() else { return Ok(()) };
        // A step on the day of a later one is said by that.
        let all: Vec<ReminderStep> = steps(&national(), &of_reply(), due_on, *last)
            .into_iter().filter(|step| who.hears(&of_reply(), step.rule)).collect();
        let heard: Vec<ReminderStep> = all.iter().enumerate()
            .filter(|(at, step)| all.get(at + 1).is_none_or(|next| next.on > step.on)).map(|(_, step)| *step).collect();
        let latest = heard.last().filter(|step| step.on >= from || step.rule.is_close());
        let told = got.last().map(|(_, rule, ..)| *rule);
        prop_assert_eq!(latest.map(|step| step.rule).or(told), told, "the latest step is told");
        // Each step since the duty stands was told on its day or is counted as missed, once.
        let on_its_day = got.iter().filter(|(on, rule, ..)| heard.contains(&ReminderStep { rule: *rule, on: *on })).count();
        let missed: usize = got.iter().map(|(.., missed)| missed).sum();
        let before = got.iter().filter(|(_, rule, ..)| heard.iter().any(|step| step.rule == *rule && step.on < from)).count();
        prop_assert_eq!(on_its_day + missed - before, heard.iter().filter(|step| step.on >= from).count());
    }
}

#[test]
fn black_counts_from_the_latest_day_in_the_step_and_in_the_mark() {
    let policy = Policy { black_days: 30, ..of_reply() };
    let (due_on, latest) = (day("2026-02-02"), day("2026-02-06"));
    let black = |latest_on, today: &str| {
        let steps = steps_between(&national(), &policy, due_on, latest_on, day(today));
        steps.iter().find(|step| step.rule == ReminderRule::Black).map(|step| step.on)
    };
    assert_eq!(black(None, "2026-03-20"), Some(day("2026-03-04")));
    assert_eq!(black(Some(latest), "2026-03-06"), None);
    assert_eq!(black(Some(latest), "2026-03-20"), Some(day("2026-03-09")), "30 days after the latest is a Sunday");
    assert!(is_black(&policy, latest, day("2026-03-08")) && !is_black(&policy, latest, day("2026-03-07")));
}

#[test]
fn what_a_day_is_decides_how_it_is_spoken_of() {
    let said =
        |kind: DayKind| (kind.name(), kind.standing(DutyTiming::Overdue(3)), kind.rule(ReminderRule::Overdue(3)));
    assert_eq!(said(DayKind::LastDay), ("期限", "已逾期3个工作日".into(), "逾期第3个工作日".into()));
    assert_eq!(said(DayKind::Risk), ("风险日", "风险日已过3个工作日".into(), "风险日后第3个工作日".into()));
    assert_eq!(
        said(DayKind::FollowUp),
        ("核查日", "核查日已过3个工作日，仍未办理".into(), "核查日后第3个工作日".into())
    );
}

#[test]
fn between_the_earliest_and_the_latest_last_day_nothing_is_overdue_yet() {
    let calendar = national();
    let on = |today: &str| standing_between(&calendar, day("2026-12-27"), Some(day("2026-12-28")), day(today));
    assert_eq!(on("2026-12-27"), DutyTiming::EarliestToday);
    assert_eq!(on("2026-12-27").label(), "今天是最早的届满日，请今天办理");
    assert_eq!(on("2026-12-28"), DutyTiming::Between);
    assert!(!on("2026-12-28").is_overdue());
    assert_eq!(on("2026-12-28").label(), "已过最早的届满日，未过最晚的届满日，请立即办理");
    assert!(on("2026-12-29").is_overdue());
    assert!(standing_between(&calendar, day("2026-12-25"), None, day("2026-12-28")).is_overdue());
}
