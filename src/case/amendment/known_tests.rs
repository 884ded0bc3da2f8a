//! What was known on a day against a reference that replays what was recorded, entry by entry.

use super::redecide::Basis;
use super::{Amendment, Ask, Asked, Recorded, effective, known_by, redecide, steps};
use crate::case::command::*;
use crate::case::tests::support::{Desk, at_counter, day, plain};
use crate::case::*;
use crate::law::Calendar;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// A case with its recorded log, and what the log in effect was after each entry.
struct Replay {
    desk: Desk,
    log: Vec<Recorded>,
    shown: Vec<(NaiveDate, Vec<Event>)>,
    amendments: u16,
}

impl Replay {
    fn starting(on: NaiveDate) -> Self {
        let desk = Desk { today: on, ..Desk::on("2022-01-04") };
        let mut replay = Self { desk, log: Vec::new(), shown: Vec::new(), amendments: 0 };
        replay.give(&at_counter(on).into());
        replay.give(&Register { on }.into());
        replay
    }

    /// Nothing yet, on a day.
    fn on(today: &str) -> Self {
        Self { desk: Desk::on(today), log: Vec::new(), shown: Vec::new(), amendments: 0 }
    }

    fn record(&mut self, events: &[Event]) {
        let entry = self.log.last().map_or(1, |last| last.entry + 1);
        for event in events {
            let seq = i32::try_from(self.log.len() + 1).unwrap();
            let actor = Some(Uuid::from_u128(0xA));
            self.log.push(Recorded { seq, entry, actor, recorded_on: self.desk.today, event: event.clone() });
        }
        self.shown.push((self.desk.today, self.desk.log.clone()));
    }

    fn give(&mut self, command: &Command) {
        let before = self.desk.log.len();
        if self.desk.give(command).is_ok() {
            let events = self.desk.log[before..].to_vec();
            self.record(&events);
        }
    }

    /// Amends one step, if its rules allow it.
    fn amend_one(&mut self, step: prop::sample::Index, days: Option<i64>) {
        let steps = steps(self.log.clone()).unwrap();
        let Some(step) = steps.get(step.index(steps.len())).filter(|step| step.is_effective()) else { return };
        let on = step.events[0].1.on();
        let ask = days.map_or(Ask::Void, |days| {
            let name = if matches!(step.events[0].1, Event::Received(_)) { "submitted_on" } else { "on" };
            Ask::Change(json!({ name: on + chrono::TimeDelta::days(days) }))
        });
        self.amend(&Asked::from([(step.seq(), ask)]));
    }

    /// Amends, if the rules allow it.
    fn amend(&mut self, asked: &Asked) {
        let steps = steps(self.log.clone()).unwrap();
        let basis = Basis { today: self.desk.today, calendar: Calendar::national(), rules: &self.desk.rules };
        let Ok(redecided) = redecide(&steps, asked, &basis) else { return };
        self.amendments += 1;
        let amendment = Event::Amended(Amendment {
            number: self.amendments,
            on: self.desk.today,
            reason: "录错".into(),
            evidence: None,
            asked_by: Uuid::nil(),
            confirmed_by: None,
            comment: None,
            entries: redecided.entries,
            moved: Vec::new(),
        });
        self.desk.log = redecided.events;
        self.desk.log.push(amendment.clone());
        self.desk.case = fold(&self.desk.log);
        self.record(&[amendment]);
    }

    /// The log in effect as it was known on a day.
    fn known(&self, on: NaiveDate) -> Vec<Event> {
        effective(known_by(&self.log, on, |one| one.recorded_on).to_vec()).unwrap()
    }

    /// What had last been shown by the end of that day.
    fn shown_on(&self, on: NaiveDate) -> Vec<Event> {
        let by_then = self.shown.iter().take_while(|(recorded_on, _)| *recorded_on <= on);
        by_then.last().map(|(_, log)| log.clone()).unwrap_or_default()
    }

    fn check(&self) {
        let (first, last) = (self.shown[0].0, self.desk.today);
        for on in first.pred_opt().unwrap().iter_days().take_while(|on| *on <= last) {
            let known = self.known(on);
            assert_eq!(known, self.shown_on(on), "known on {on}\n{:#?}", self.log);
            assert_eq!(fold(&known).is_some(), on >= first, "{on}");
        }
    }
}

/// What happens next: days that pass, then a command some days back, or an amendment of a step.
#[derive(Debug, Clone)]
enum Next {
    Command(u64, usize, u64),
    Amend(u64, prop::sample::Index, Option<i64>),
}

fn courses() -> impl Strategy<Value = Vec<Next>> {
    let command =
        (0..4u64, 0..CommandKind::ALL.len(), 0..6u64).prop_map(|(wait, kind, back)| Next::Command(wait, kind, back));
    let amend = (0..4u64, any::<prop::sample::Index>(), prop::option::of(-4..5i64))
        .prop_map(|(wait, step, days)| Next::Amend(wait, step, days));
    prop::collection::vec(prop_oneof![3 => command, 1 => amend], 1..40)
}

fn replayed(start: NaiveDate, course: &[Next]) -> Replay {
    let mut replay = Replay::starting(start);
    for next in course {
        match next {
            Next::Command(wait, kind, back) => {
                replay.desk.today = replay.desk.today + Days::new(*wait);
                let Some(kind) = CommandKind::ALL.get(*kind).filter(|kind| **kind != CommandKind::Split) else {
                    continue;
                };
                replay.give(&plain(*kind, replay.desk.case.as_ref(), replay.desk.today - Days::new(*back)));
            }
            Next::Amend(wait, step, days) => {
                replay.desk.today = replay.desk.today + Days::new(*wait);
                replay.amend_one(*step, *days);
            }
        }
    }
    replay
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_case_known_on_a_day_is_the_one_that_was_shown_on_that_day(offset in 0..900u64, course in courses()) {
        replayed(day("2021-06-01") + Days::new(offset), &course).check();
    }
}

#[test]
fn the_random_histories_hold_amendments_and_what_they_change() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut amended = 0;
    for _ in 0..200 {
        let replay = replayed(day("2022-03-01"), &courses().new_tree(&mut runner).unwrap().current());
        replay.check();
        amended += usize::from(replay.amendments);
    }
    assert!(amended > 50, "{amended}");
}

#[test]
fn before_a_mistyped_day_of_receipt_was_put_right_the_wrong_due_date_was_known() {
    // Received 2026-10-21, typed in as 10-12 on the 21st, put right on 11-12.
    let mut wrong = Replay::on("2026-10-21");
    wrong.give(&at_counter(day("2026-10-12")).into());
    wrong.desk.today = day("2026-11-12");
    wrong.amend(&Asked::from([(1, Ask::Change(json!({ "submitted_on": "2026-10-21" })))]));
    let received = |on: &str| fold(&wrong.known(day(on))).map(|case| case.receipt.unwrap().on);
    assert_eq!(received("2026-10-20"), None, "not yet recorded");
    assert_eq!(received("2026-10-21"), Some(day("2026-10-12")));
    assert_eq!(received("2026-11-11"), Some(day("2026-10-12")));
    assert_eq!(received("2026-11-12"), Some(day("2026-10-21")));
}

#[test]
fn what_follows_an_unknown_entry_is_unknown_though_the_clock_went_back() {
    let recorded = [day("2026-10-21"), day("2026-10-23"), day("2026-10-22")];
    assert_eq!(known_by(&recorded, day("2026-10-22"), |on| *on), [day("2026-10-21")]);
    assert_eq!(known_by(&recorded, day("2026-10-23"), |on| *on).len(), 3);
    assert_eq!(known_by(&recorded, day("2026-10-20"), |on| *on), Vec::<NaiveDate>::new());
}

/// How late the receipt of an application is, that was handed in and typed in on these days.
fn late(handed_in: &str, typed_in: &str) -> Option<u32> {
    let mut replay = Replay::on(typed_in);
    replay.give(&at_counter(day(handed_in)).into());
    late_steps(&steps(replay.log).unwrap(), Calendar::national())[0]
}

#[test]
fn what_is_recorded_more_than_three_working_days_after_it_happened_is_late_and_holidays_do_not_count() {
    // 2026-10-01 to 10-07 are the holidays of the National Day, 2026-09-20 and 10-10 are worked.
    assert_eq!(late("2026-09-28", "2026-09-28"), None);
    assert_eq!(late("2026-09-28", "2026-09-30"), None, "the second working day");
    assert_eq!(late("2026-09-28", "2026-10-08"), None, "the third working day, after the holidays");
    assert_eq!(late("2026-09-28", "2026-10-09"), Some(4));
    assert_eq!(late("2026-09-28", "2026-10-10"), Some(5), "a Saturday that is worked");
    assert_eq!(late_mark(4), "补录，晚4个工作日");
}

#[test]
fn a_day_put_right_is_no_late_record_any_more_and_what_the_program_records_never_is() {
    let mut replay = Replay::on("2026-10-21");
    replay.give(&at_counter(day("2026-10-12")).into());
    let marks = |log: &[Recorded]| late_steps(&steps(log.to_vec()).unwrap(), Calendar::national());
    assert_eq!(marks(&replay.log), [Some(7)]);
    let by_program: Vec<Recorded> = replay.log.iter().map(|one| Recorded { actor: None, ..one.clone() }).collect();
    assert_eq!(marks(&by_program), [None]);
    replay.desk.today = day("2026-11-12");
    replay.amend(&Asked::from([(1, Ask::Change(json!({ "submitted_on": "2026-10-21" })))]));
    assert_eq!(marks(&replay.log), [None, None]);
}

#[test]
fn the_receipt_that_a_split_copies_into_a_part_is_no_late_record() {
    let mut part = Replay::on("2026-10-21");
    part.give(&at_counter(day("2026-10-12")).into());
    let last = part.log.last().unwrap().clone();
    let link = Link { on: day("2026-10-21"), other_case: Uuid::nil(), relation: LinkRelation::SplitFrom };
    let marks = |log: &[Recorded]| late_steps(&steps(log.to_vec()).unwrap(), Calendar::national());
    let linked_later =
        Recorded { seq: last.seq + 1, entry: last.entry + 1, event: Event::Linked(link.clone()), ..last.clone() };
    let by_the_split = Recorded { entry: last.entry, ..linked_later.clone() };
    assert_eq!(marks(&[part.log.clone(), vec![by_the_split]].concat()), [None, None]);
    assert_eq!(marks(&[part.log, vec![linked_later]].concat()), [Some(7), None]);
}

#[test]
fn the_tie_that_a_late_merge_writes_into_the_other_case_is_no_late_record_but_a_tie_made_by_a_person_is() {
    let marks = |relation: LinkRelation| {
        let mut replay = Replay::on("2026-10-21");
        replay.give(&at_counter(day("2026-10-21")).into());
        let last = replay.log.last().unwrap().clone();
        let link = Link { on: day("2026-10-12"), other_case: Uuid::nil(), relation };
        let tie = Recorded { seq: last.seq + 1, entry: last.entry + 1, event: Event::Linked(link), ..last };
        late_steps(&steps([replay.log, vec![tie]].concat()).unwrap(), Calendar::national())[1]
    };
    assert_eq!(marks(LinkRelation::MergedFrom), None);
    assert_eq!(marks(LinkRelation::Related), Some(7));
}
