//! What holds for every timeline.

use super::naive::{d, due, works};
use super::*;
use chrono::Days;
use proptest::prelude::*;

fn day(offset: u64) -> NaiveDate {
    d("2019-05-15") + Days::new(offset)
}

fn timeline(received: NaiveDate, facts: Vec<Fact>) -> Timeline {
    Timeline { regime: Regime::Order711, received, facts, options: ClockOptions::default() }
}

fn answer(timeline: &Timeline, as_of: Option<NaiveDate>) -> ClockAnswer {
    reply_clock(timeline, Calendar::national(), as_of).unwrap()
}

/// Consultations as (days from receipt to sending, days out), sent under ids of their place.
fn consultations(received: NaiveDate, spans: &[(u64, u64)]) -> (Vec<Fact>, Vec<(NaiveDate, NaiveDate)>) {
    let stops: Vec<_> = spans
        .iter()
        .map(|(after, length)| (received + Days::new(*after), received + Days::new(after + length)))
        .collect();
    let facts = stops.iter().enumerate().flat_map(|(place, (sent, returned))| {
        let id = format!("c{place}");
        let kind = ConsultationKind::ALL[place % 4];
        [
            Fact::ConsultationSent { id: id.clone(), kind, on: *sent, silent_until: None },
            Fact::ConsultationReturned { id, on: *returned },
        ]
    });
    (facts.collect(), stops)
}

/// A possible history of any shape, with the day it begins.
fn history() -> impl Strategy<Value = (NaiveDate, Vec<Fact>)> {
    let spans = prop::collection::vec((0u64..60, 0u64..40), 0..4);
    let correction = prop::option::of((0u64..20, 0u64..30));
    let fee = prop::option::of((0u64..40, 0u64..30));
    let extension = prop::option::of((0u64..60, 1u32..=20));
    let reply = prop::option::of(0u64..90);
    (600u64..2300, spans, correction, fee, extension, reply).prop_map(
        |(start, spans, correction, fee, extension, reply)| {
            let received = day(start);
            let (mut facts, _) = consultations(received, &spans);
            if let Some((asked, took)) = correction {
                facts.push(Fact::CorrectionRequested { on: received + Days::new(asked) });
                facts.push(Fact::CorrectionReceived { on: received + Days::new(asked + took) });
            }
            if let Some((asked, took)) = fee {
                facts.push(Fact::FeeNotified { on: received + Days::new(asked) });
                facts.push(Fact::FeePaid { on: received + Days::new(asked + took) });
            }
            if let Some((on, days)) = extension {
                facts.push(Fact::Extension { on: received + Days::new(on), days });
            }
            if let Some(on) = reply {
                facts.push(Fact::Replied { on: received + Days::new(on) });
            }
            (received, facts)
        },
    )
}

#[test]
fn the_due_date_of_every_start_day_2019_to_2026_is_that_of_counting_day_by_day() {
    for received in d("2019-01-01").iter_days().take_while(|day| *day <= d("2026-12-31")) {
        let regime = Regime::for_receipt(received);
        let plain = Timeline { regime, ..timeline(received, vec![]) };
        let expected = due(received, regime.reply_days(), &[]).map(|(due, _)| due);
        let answer = answer(&plain, None);
        assert_eq!(answer.due, expected, "{received}");
        assert_eq!(answer.status == ClockStatus::Gap, expected.is_none(), "{received}");
    }
}

#[test]
fn every_pair_of_stop_days_around_spring_festival_agrees_with_counting_day_by_day() {
    let received = d("2024-01-29");
    for sent in 0..40 {
        for length in 0..30 {
            let (facts, stops) = consultations(received, &[(sent, length)]);
            let answer = answer(&timeline(received, facts), None);
            let (expected, excluded) = due(received, 20, &stops).unwrap();
            assert_eq!((answer.due, answer.excluded), (Some(expected), Some(excluded)), "{sent} {length}");
        }
    }
}

proptest! {
    #[test]
    fn any_number_of_consultations_agrees_with_counting_day_by_day(
        start in 0u64..2300, spans in prop::collection::vec((0u64..60, 0u64..40), 0..6)
    ) {
        let (facts, stops) = consultations(day(start), &spans);
        let answer = answer(&timeline(day(start), facts), None);
        let (expected, excluded) = due(day(start), 20, &stops).unwrap();
        prop_assert_eq!((answer.due, answer.excluded), (Some(expected), Some(excluded)));
    }

    #[test]
    fn overlapping_consultations_equal_their_union(
        start in 0u64..2300, sent in 0u64..25, first in 0u64..30, overlap in 0u64..30, second in 0u64..30
    ) {
        let overlap = overlap.min(first);
        let two = [(sent, first), (sent + first - overlap, second)];
        let union = [(sent, first.max(first - overlap + second))];
        let of = |spans: &[(u64, u64)]| {
            let answer = answer(&timeline(day(start), consultations(day(start), spans).0), None);
            (answer.due, answer.excluded)
        };
        prop_assert_eq!(of(&two), of(&union));
    }

    #[test]
    fn a_consultation_in_two_adjoining_parts_equals_the_whole(
        start in 0u64..2300, sent in 0u64..25, first in 0u64..30, second in 0u64..30
    ) {
        let of = |spans: &[(u64, u64)]| {
            let answer = answer(&timeline(day(start), consultations(day(start), spans).0), None);
            (answer.due, answer.excluded)
        };
        prop_assert_eq!(of(&[(sent, first), (sent + first, second)]), of(&[(sent, first + second)]));
    }

    /// T8: nothing is lost or won by extending in two steps.
    #[test]
    fn extension_a_then_b_is_extension_of_a_plus_b(
        start in 0u64..2300, spans in prop::collection::vec((0u64..30, 0u64..20), 0..3), a in 1u32..=19, b in 1u32..=19
    ) {
        let b = b.min(20 - a);
        let of = |extensions: &[u32]| {
            let (mut facts, _) = consultations(day(start), &spans);
            facts.extend(extensions.iter().map(|days| Fact::Extension { on: day(start), days: *days }));
            let answer = answer(&timeline(day(start), facts), None);
            (answer.due, answer.total, answer.excluded)
        };
        prop_assert_eq!(of(&[a, b]), of(&[a + b]));
    }

    #[test]
    fn an_extension_adds_its_days_after_the_due_date_of_a_running_period(start in 0u64..2300, days in 1u32..=20) {
        let plain = answer(&timeline(day(start), vec![]), None).due.unwrap();
        let extended = answer(&timeline(day(start), vec![Fact::Extension { on: plain, days }]), None).due.unwrap();
        prop_assert_eq!(Calendar::national().add_working_days(plain, days), Ok(extended));
    }

    #[test]
    fn the_answer_is_a_function_of_the_set_of_facts_not_of_the_order_of_typing(
        (received, facts, shuffled) in history().prop_flat_map(|(received, facts)| {
            (Just(received), Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        as_of in prop::option::of(0u64..120)
    ) {
        let as_of = as_of.map(|days| received + Days::new(days));
        prop_assert_eq!(answer(&timeline(received, facts), as_of), answer(&timeline(received, shuffled), as_of));
    }

    /// T9, T12: the state on a day does not depend on what was typed in for later days, nor on earlier computations.
    #[test]
    fn what_happens_later_does_not_change_the_state_on_a_day((received, facts) in history(), days in 0u64..120) {
        let as_of = received + Days::new(days);
        let known = facts.iter().filter(|fact| fact.on() <= as_of).cloned().collect();
        prop_assert_eq!(answer(&timeline(received, facts), Some(as_of)), answer(&timeline(received, known), Some(as_of)));
    }

    /// T17: the days used and the days left make the period.
    #[test]
    fn used_and_remaining_make_the_total((received, facts) in history(), days in 0u64..120) {
        let answer = answer(&timeline(received, facts), Some(received + Days::new(days)));
        if let (Some(total), Some(used), Some(remaining)) = (answer.total, answer.used, answer.remaining) {
            prop_assert_eq!(used + remaining, total);
        }
        if answer.overdue_days.is_some() && answer.status == ClockStatus::Running {
            prop_assert_eq!(answer.remaining, Some(0));
        }
    }

    /// A court can add it up again: the spans join without a hole, and their days are those of the calendar.
    #[test]
    fn the_derivation_adds_up((received, facts) in history()) {
        let answer = answer(&timeline(received, facts), None);
        let spans: Vec<_> = answer
            .derivation
            .iter()
            .filter(|step| matches!(step.kind, StepKind::Counted | StepKind::Excluded))
            .collect();
        let mut next = answer.start.succ_opt().unwrap();
        for span in &spans {
            prop_assert_eq!(span.from, next);
            let through = span.through.unwrap();
            let days = span.from.iter_days().take_while(|day| *day <= through).filter(|day| works(*day).unwrap()).count();
            prop_assert_eq!(usize::try_from(span.days.unwrap()).unwrap(), days);
            next = through.succ_opt().unwrap();
        }
        let sum = |kind| spans.iter().filter(|step| step.kind == kind).filter_map(|step| step.days).sum::<u32>();
        if let (Some(due), Some(total)) = (answer.due, answer.total) {
            prop_assert_eq!(spans.last().and_then(|span| span.through), Some(due));
            prop_assert_eq!(Some(sum(StepKind::Counted)), Some(total));
            prop_assert_eq!(Some(sum(StepKind::Excluded)), answer.excluded);
        }
    }

    #[test]
    fn no_due_date_lies_before_its_start_and_none_on_a_day_of_rest((received, facts) in history()) {
        let answer = answer(&timeline(received, facts), None);
        if let Some(due) = answer.due {
            prop_assert!(due > answer.start);
            prop_assert_eq!(works(due), Some(true));
        }
    }

    /// T12: overdue, on time, suspended and closed are parts of the whole: each answer is in exactly one list.
    #[test]
    fn every_case_is_in_exactly_one_list((received, facts) in history(), days in 0u64..150) {
        let today = received + Days::new(days);
        let answer = answer(&timeline(received, facts), Some(today));
        let lists = [
            answer.overdue_days.is_some() && answer.status.is_open(),
            answer.status == ClockStatus::Running && answer.due.is_some_and(|due| today <= due),
            matches!(answer.status, ClockStatus::Suspended | ClockStatus::AwaitingCorrection | ClockStatus::AwaitingFee),
            answer.status == ClockStatus::Gap,
            !answer.status.is_open(),
        ];
        prop_assert_eq!(lists.iter().filter(|is_in| **is_in).count(), 1, "{:?}", answer);
    }

    #[test]
    fn an_open_consultation_returned_today_gives_the_date_that_was_foretold(
        start in 0u64..2300, sent in 0u64..25, out in 0u64..30
    ) {
        let received = day(start);
        let (facts, _) = consultations(received, &[(sent, out)]);
        let back = received + Days::new(sent + out);
        let open = answer(&timeline(received, facts[..1].to_vec()), Some(back));
        let returned = answer(&timeline(received, facts), Some(back));
        match open.status {
            ClockStatus::Suspended => {
                prop_assert_eq!(open.due_if_returned_today, returned.due.map(DueIfReturned::On));
            }
            _ => prop_assert_eq!((open.status, open.due), (ClockStatus::Running, returned.due)),
        }
    }
}
