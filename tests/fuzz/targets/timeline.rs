//! A line of `gongkai deadline`: the timeline in JSON and the laws of its answer.
#![no_main]

use chrono::{Datelike, NaiveDate};
use gongkai::cli::deadline::{answered, explained, read};
use gongkai::law::{Calendar, ClockAnswer, ClockStatus, StepKind, Timeline, reply_clock};
use gongkai_fuzz::memory;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    memory::limited(|| check(bytes));
});

fn check(line: &[u8]) {
    let calendar = Calendar::national();
    let answer = answered(line, calendar);
    let text = explained(line, calendar);
    let Ok((timeline, today)) = read(line) else {
        assert!(answer.is_err() && text.is_err());
        return;
    };
    same_in_any_order(&timeline, today);
    the_future_counts_for_nothing(&timeline, today);
    let answer = match (answer, text) {
        (Ok(answer), Ok(text)) => {
            assert!(!text.is_empty(), "an answer can be explained");
            answer
        }
        (Err(error), Err(other)) => {
            assert_eq!(error, other);
            assert!(!error.code.is_empty() && !error.detail.is_empty());
            return;
        }
        (answer, text) => panic!("{answer:?} but {text:?}"),
    };
    let written: Value = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
    let due = written["due"].as_str().map(|day| day.parse::<NaiveDate>().unwrap());
    assert_eq!(due, answer.due, "the date that is printed is the date");
    sums_up(&answer, today, calendar);
    is_in_one_list(&answer, today);
}

/// The answer is a function of the set of facts, not of the order in which they are typed.
fn same_in_any_order(timeline: &Timeline, today: Option<NaiveDate>) {
    let mut turned = timeline.clone();
    turned.facts.reverse();
    let calendar = Calendar::national();
    assert_eq!(reply_clock(timeline, calendar, today), reply_clock(&turned, calendar, today));
}

/// What is dated after the day asked about has not happened; but a set of facts that is impossible is refused on any day.
fn the_future_counts_for_nothing(timeline: &Timeline, today: Option<NaiveDate>) {
    let Some(today) = today else { return };
    let Ok(answer) = reply_clock(timeline, Calendar::national(), Some(today)) else { return };
    let mut known = timeline.clone();
    known.facts.retain(|fact| fact.on() <= today);
    assert_eq!(reply_clock(&known, Calendar::national(), Some(today)), Ok(answer));
}

/// A court can add it up again.
fn sums_up(answer: &ClockAnswer, today: Option<NaiveDate>, calendar: &Calendar) {
    if let (Some(total), Some(used), Some(remaining)) = (answer.total, answer.used, answer.remaining) {
        assert_eq!(used + remaining, total);
    }
    if let (Some(due), Some(_)) = (answer.due, answer.total) {
        assert!(due > answer.start);
        assert_eq!(calendar.is_working_day(due), Ok(true), "a counted period ends on a working day");
    }
    if today.is_some() {
        return; // the spans end on the day asked about
    }
    let spans = answer.derivation.iter().filter(|step| matches!(step.kind, StepKind::Counted | StepKind::Excluded));
    let mut next = answer.start.succ_opt();
    let (mut counted, mut excluded, mut end) = (0, 0, None);
    for span in spans {
        assert_eq!(Some(span.from), next, "the spans join");
        let (through, days) = (span.through.unwrap(), span.days.unwrap());
        let before = span.from.pred_opt().unwrap();
        assert_eq!(calendar.count_working_days(before, through), Ok(days));
        let sum = if span.kind == StepKind::Counted { &mut counted } else { &mut excluded };
        *sum += days;
        (next, end) = (through.succ_opt(), Some(through));
    }
    if let (Some(due), Some(total)) = (answer.due, answer.total) {
        assert_eq!((end, counted, Some(excluded)), (Some(due), total, answer.excluded));
    }
}

/// Overdue, in time, waiting, without a calendar and closed are parts of the whole.
fn is_in_one_list(answer: &ClockAnswer, today: Option<NaiveDate>) {
    let Some(today) = today.filter(|day| day.year() < 9999) else { return };
    let lists = [
        answer.overdue_days.is_some() && answer.status.is_open(),
        answer.status == ClockStatus::Running && answer.due.is_some_and(|due| today <= due),
        matches!(answer.status, ClockStatus::Suspended | ClockStatus::AwaitingCorrection | ClockStatus::AwaitingFee),
        answer.status == ClockStatus::Gap,
        !answer.status.is_open(),
    ];
    assert_eq!(lists.iter().filter(|is_in| **is_in).count(), 1, "{answer:?}");
}
