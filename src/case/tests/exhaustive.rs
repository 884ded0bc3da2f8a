//! Every command from every state that can be reached: the walk ends because a state is known by what may follow from it.

use super::support::{Desk, day, plain};
use crate::case::*;
use crate::law::Calendar;
use chrono::Days;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;

/// What a state is known by: everything the guards look at, without dates and texts.
fn key(desk: &Desk) -> String {
    let Some(case) = &desk.case else { return "nothing".into() };
    let permits: Vec<&str> = CommandKind::ALL
        .iter()
        .filter(|kind| **kind != CommandKind::Receive && desk.permit(**kind).is_ok())
        .map(|kind| kind.code())
        .collect();
    let reviews = case.proposal.as_ref().map_or(0, |proposal| proposal.approvals.len());
    format!("{} {} {} {permits:?}", case.stage.code(), reviews, case.consultations.len().min(1))
}

type Reached = (BTreeMap<String, Desk>, BTreeSet<CommandKind>);

fn reachable() -> &'static Reached {
    static REACHED: LazyLock<Reached> = LazyLock::new(walk);
    &REACHED
}

/// Walks breadth first; each state once, with its first way there.
fn walk() -> Reached {
    let mut seen = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    let mut queue = VecDeque::new();
    let start = Desk::on("2022-03-01");
    let mut post = start.clone();
    post.accept(super::support::received(crate::law::Channel::OrdinaryMail, day("2022-03-01")));
    for desk in [start, post] {
        seen.insert(key(&desk), desk.clone());
        queue.push_back(desk);
    }
    while let Some(desk) = queue.pop_front() {
        for kind in CommandKind::ALL {
            for wait in [1, 40] {
                let mut next = desk.clone();
                next.today = next.today + Days::new(wait);
                let command = plain(*kind, next.case.as_ref(), next.today);
                if next.give(&command).is_err() {
                    continue;
                }
                accepted.insert(*kind);
                let name = key(&next);
                // Ties, contacts and remedies can be repeated without end; the bound keeps the dates inside the calendar.
                if next.today < day("2025-06-30") && !seen.contains_key(&name) {
                    seen.insert(name, next.clone());
                    queue.push_back(next);
                }
            }
        }
    }
    (seen, accepted)
}

/// The natural next command of a stage on the way to a reply or an end.
pub(crate) fn next_step(desk: &Desk) -> CommandKind {
    let case = desk.case();
    let awaited = case.consultations.iter().any(|c| case.awaits(c, Calendar::national(), desk.today));
    match case.stage {
        Stage::AwaitingConfirmation => CommandKind::ConfirmReceipt,
        Stage::Received => CommandKind::Register,
        Stage::Registered | Stage::InProgress | Stage::InReview | Stage::Approved if awaited => {
            CommandKind::ReturnConsultation
        }
        Stage::Registered | Stage::InProgress => CommandKind::ProposeOutcome,
        Stage::AwaitingCorrection => CommandKind::ReceiveCorrection,
        Stage::AwaitingJustification => CommandKind::ReceiveJustification,
        Stage::AwaitingFee => CommandKind::PayFee,
        Stage::InReview => CommandKind::Review,
        Stage::Approved if case.reply.is_none() => CommandKind::IssueReply,
        Stage::Approved => CommandKind::Dispatch,
        Stage::Replied if case.reply.as_ref().is_some_and(|reply| reply.proof.is_none()) => CommandKind::ProveService,
        Stage::Replied
        | Stage::Served
        | Stage::Lapsed
        | Stage::Withdrawn
        | Stage::Merged
        | Stage::Split
        | Stage::Closed
        | Stage::Archived
        | Stage::Void => CommandKind::Archive,
    }
}

#[test]
fn every_reachable_open_state_has_a_lawful_way_to_an_end() {
    let (states, _) = reachable();
    assert!(states.len() > 60, "only {} states reached", states.len());
    for (name, desk) in states {
        if desk.case.is_none() {
            continue;
        }
        let mut desk = desk.clone();
        for _ in 0..25 {
            if matches!(desk.case().stage, Stage::Archived | Stage::Void) {
                break;
            }
            desk.today = desk.today + Days::new(1);
            let command = plain(next_step(&desk), desk.case.as_ref(), desk.today);
            desk.accept(command);
        }
        assert!(matches!(desk.case().stage, Stage::Archived | Stage::Void), "from {name}");
    }
}

#[test]
fn every_stage_is_reached_and_every_command_accepted_somewhere() {
    let (states, accepted) = reachable();
    let stages: BTreeSet<Stage> =
        states.values().filter_map(|desk| desk.case.as_ref()).map(|case| case.stage).collect();
    assert_eq!(stages, Stage::ALL.iter().copied().collect());
    assert_eq!(*accepted, CommandKind::ALL.iter().copied().collect());
}

#[test]
fn an_ended_case_has_exactly_one_category_and_an_open_one_has_none() {
    for (name, desk) in &reachable().0 {
        let Some(case) = &desk.case else { continue };
        let has_ended = !case.stage.is_open() && case.stage != Stage::Void;
        assert_eq!(case.outcome.is_some(), has_ended, "{name}");
        assert_eq!(case.ended_on.is_some(), has_ended, "{name}");
    }
}

#[test]
fn what_is_offered_is_accepted_and_what_is_blocked_is_refused_for_the_same_reason() {
    for (name, desk) in &reachable().0 {
        let Some(case) = &desk.case else { continue };
        for kind in CommandKind::ALL.iter().filter(|kind| **kind != CommandKind::Receive) {
            let command = plain(*kind, Some(case), desk.today);
            if let Err(blocked) = desk.permit(*kind) {
                assert_eq!(desk.try_command(&command).expect_err("blocked"), blocked, "{name} {kind:?}");
            }
        }
    }
}

#[test]
fn every_event_is_written_under_its_own_code_with_its_own_label_and_the_day_it_happened() {
    let mut words: BTreeMap<&str, &str> = BTreeMap::new();
    for desk in reachable().0.values() {
        for event in &desk.log {
            let written: serde_json::Value = serde_json::from_str(&log::encode(event).expect("JSON")).expect("JSON");
            assert_eq!((written["event"].as_str(), written["v"].as_u64()), (Some(event.kind()), Some(1)));
            assert_eq!(*words.entry(event.kind()).or_insert(event.label()), event.label());
            let possible = day("2022-03-01")..=desk.today;
            assert!(possible.contains(&event.on()), "{event:?} on {}", event.on());
        }
    }
    let labels: BTreeSet<&str> = words.values().copied().collect();
    assert_eq!(labels.len(), words.len(), "{words:?}");
    assert!(words.len() >= 30, "only {} kinds of events reached", words.len());
    assert!(labels.iter().all(|label| label.chars().all(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))));
}

#[test]
fn replaying_the_written_log_gives_the_same_case() {
    for (name, desk) in &reachable().0 {
        let Some(case) = &desk.case else { continue };
        let again = |event: &Event| log::decode(event.kind(), &log::encode(event).expect("JSON")).expect("an event");
        let read: Vec<Event> = desk.log.iter().map(again).collect();
        assert_eq!(read, desk.log, "{name}");
        assert_eq!(fold(&read).as_ref(), Some(case), "{name}");
    }
}
