//! Histories of many cases over several years, by the commands an office gives; and what must hold of their tables.

use super::check::check;
use super::form::{CARRIED, PENDING, RECEIVED, RESULTS, TOTAL};
use super::*;
use crate::case::command::{ConfirmReceipt, Link};
use crate::case::tests::support::{Desk, day, plain, received};
use crate::case::{
    ApplicantKind, Command, CommandKind, Course, Event, LinkRelation, RemedyKind, Stage, course, remedy_courses,
};
use crate::law::{Channel, Outcome, Regime};
use chrono::{Datelike, Days, NaiveDate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use uuid::Uuid;

/// What happens to one case: when it comes, how, from whom, and the steps with the days between them.
#[derive(Debug, Clone)]
struct History {
    offset: u64,
    kind: ApplicantKind,
    channel: Channel,
    outcome: usize,
    is_split_off: bool,
    steps: Vec<(u64, Option<usize>)>,
}

const FIRST_DAY: &str = "2017-11-01";
const YEARS: std::ops::RangeInclusive<i32> = 2017..=2026;

/// What may come in between; the most frequent step of a history is the next one on the way to the reply.
const STEPS: [CommandKind; 12] = [
    CommandKind::ProveService,
    CommandKind::Archive,
    CommandKind::Extend,
    CommandKind::RequestCorrection,
    CommandKind::ReceiveCorrection,
    CommandKind::Lapse,
    CommandKind::Withdraw,
    CommandKind::Merge,
    CommandKind::Split,
    CommandKind::OpenRemedy,
    CommandKind::OpenRemedy,
    CommandKind::DecideRemedy,
];

/// The next step on the way to the reply.
fn on_the_way(desk: &Desk) -> CommandKind {
    match desk.case.as_ref().map(|case| (case.stage, case.reply.is_some())) {
        Some((Stage::InReview, _)) => CommandKind::Review,
        Some((Stage::Approved, false)) => CommandKind::IssueReply,
        Some((Stage::Approved, true)) => CommandKind::Dispatch,
        Some((Stage::AwaitingCorrection, _)) => CommandKind::ReceiveCorrection,
        Some((Stage::Replied | Stage::Served, _)) => CommandKind::OpenRemedy,
        _ => CommandKind::ProposeOutcome,
    }
}

fn histories() -> impl Strategy<Value = Vec<History>> {
    let history = (
        0..2_200_u64,
        prop::sample::select(ApplicantKind::ALL.to_vec()),
        prop::sample::select(Channel::ALL.to_vec()),
        0..Outcome::all().count(),
        prop::bool::weighted(0.1),
        prop::collection::vec((0..40_u64, prop::option::weighted(0.15, 0..STEPS.len())), 0..24),
    )
        .prop_map(|(offset, kind, channel, outcome, is_split_off, steps)| History {
            offset,
            kind,
            channel,
            outcome,
            is_split_off,
            steps,
        });
    prop::collection::vec(history, 0..12)
}

/// The log that comes of a history: refused steps leave nothing.
fn log(history: &History) -> Vec<Event> {
    let start = day(FIRST_DAY) + Days::new(history.offset);
    let mut desk = Desk::on("2017-11-01");
    desk.today = start;
    let mut receive = received(history.channel, start);
    receive.applicant_kind = history.kind;
    receive.signed_on = (history.channel == Channel::RegisteredMail).then_some(start);
    desk.accept(receive);
    let _ = desk.give(&ConfirmReceipt { on: start, evidence: "电话".into() }.into());
    let _ = desk.give(&plain(CommandKind::Register, desk.case.as_ref(), start));
    if history.is_split_off {
        // As the log of a part has it: received with its parent, split off some days later.
        desk.today = start + Days::new(20);
        let link = Link { on: desk.today, other_case: Uuid::from_u128(3), relation: LinkRelation::SplitFrom };
        let event = Event::Linked(link);
        desk.case = crate::case::evolve(desk.case.take(), &event);
        desk.log.push(event);
    }
    for (wait, step) in &history.steps {
        desk.today = desk.today + Days::new(*wait);
        let kind = step.map_or_else(|| on_the_way(&desk), |step| STEPS[step]);
        let mut command = plain(kind, desk.case.as_ref(), desk.today);
        if let Command::ProposeOutcome(proposal) = &mut command {
            // One that needs no evidence will do where the chosen one is refused.
            let chosen = Outcome::all().nth(history.outcome);
            let old = desk.case.as_ref().and_then(|case| case.regime) == Some(Regime::Order492);
            proposal.outcome = if old { Outcome::O492Disclosed } else { Outcome::Provided };
            let mut wanted = command.clone();
            if let (Command::ProposeOutcome(wanted), Some(chosen)) = (&mut wanted, chosen) {
                wanted.outcome = chosen;
            }
            if desk.give(&wanted).is_err() {
                let _ = desk.give(&command);
            }
            continue;
        }
        let _ = desk.give(&command);
    }
    desk.log
}

fn line(course: Course) -> TableLine {
    TableLine { course, is_late: course.entered_on.to_string().ends_with('3'), count: 1 }
}

/// Table and list of one cell.
fn listed(form: Form, row: &str, column: &str, period: &Period, lines: &[TableLine]) -> usize {
    let selector = selector(form, row, column).unwrap();
    lines.iter().filter(|line| selector.takes(line, period)).count()
}

/// A table of ours as a published one.
fn printed(form: Form, year: i32, three: &Table, four: &Table) -> Published {
    let json = |table: &Table| -> serde_json::Value {
        let row = |cells: &Vec<u32>| -> serde_json::Map<String, serde_json::Value> {
            table.columns.iter().zip(cells).map(|(column, count)| ((*column).to_owned(), (*count).into())).collect()
        };
        table
            .rows
            .iter()
            .map(|(label, cells)| ((*label).to_owned(), row(cells).into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let value = serde_json::json!({"org": "某局", "year": year, "format": form.code(), "table3": json(three), "table4": json(four)});
    Published::from_value(&value).unwrap()
}

fn quarters(year: i32) -> [Period; 4] {
    let first = |month| NaiveDate::from_ymd_opt(year, month, 1).unwrap();
    let last = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let ends = [last(3, 31), last(6, 30), last(9, 30), last(12, 31)];
    [1, 4, 7, 10]
        .map(first)
        .into_iter()
        .zip(ends)
        .map(|(from, until)| Period { from, until })
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happened_every_form_balances_every_year_hands_on_and_every_list_is_as_long_as_its_cell(histories in histories()) {
        let logs: Vec<Vec<Event>> = histories.iter().map(log).collect();
        let lines: Vec<TableLine> = logs.iter().filter_map(|log| course(log)).map(line).collect();
        let remedies: Vec<_> = logs.iter().flat_map(remedy_courses).collect();
        let mut handed_on: Option<Vec<u32>> = None;
        for year in YEARS {
            let period = Period::year(year).unwrap();
            for form in Form::ALL {
                let (three, four) = (table_three(form, &period, &lines), table_four(form, &period, &remedies));
                prop_assert_eq!(&check(&printed(form, year, &three, &four)).findings, &Vec::new());
                for (row, cells) in &three.rows {
                    for (column, count) in three.columns.iter().zip(cells) {
                        prop_assert_eq!(usize::try_from(*count).unwrap(), listed(form, row, column, &period, &lines), "{} {}", row, column);
                    }
                }
                for (block, cells) in &four.rows {
                    for (column, count) in four.columns.iter().zip(cells) {
                        let listed = remedies.iter().filter(|remedy| is_in_remedy_cell(form, block, column, remedy, &period)).count();
                        prop_assert_eq!(usize::try_from(*count).unwrap(), listed, "{} {}", block, column);
                    }
                }
            }
            let three = table_three(Form::Form2021, &period, &lines);
            let row = |label: &str| three.rows.iter().find(|(row, _)| *row == label).unwrap().1.clone();
            if let Some(handed_on) = &handed_on {
                prop_assert_eq!(&row(CARRIED), handed_on, "{} takes over what the year before handed on", year);
            }
            handed_on = Some(row(PENDING));
            // Quarters are parts of the year: what came and what went add up, and each hands on to the next.
            let parts = quarters(year).map(|quarter| table_three(Form::Form2021, &quarter, &lines));
            for label in [RECEIVED, RESULTS, "三(一)予以公开", "三(六)其他处理-3.其他"] {
                let sum: u32 = parts.iter().map(|part| part.get(label, TOTAL).unwrap()).sum();
                prop_assert_eq!(three.get(label, TOTAL).unwrap(), sum, "{}", label);
            }
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].get(PENDING, TOTAL), pair[1].get(CARRIED, TOTAL));
            }
        }
        // Each application in stock was counted as new in one year, and as ended at most once.
        let over_years = |label: &str| -> u32 {
            YEARS.map(|year| table_three(Form::Form2019, &Period::year(year).unwrap(), &lines).get(label, TOTAL).unwrap()).sum()
        };
        prop_assert_eq!(usize::try_from(over_years(RECEIVED)).unwrap(), lines.len());
        prop_assert_eq!(usize::try_from(over_years(RESULTS)).unwrap(), lines.iter().filter(|line| line.course.concluded.is_some()).count());
    }

    #[test]
    fn what_is_recorded_of_a_later_year_changes_no_earlier_one(history in histories()) {
        for log in history.iter().map(log) {
            for year in YEARS {
                let end = NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
                let then: Vec<Event> = log.iter().filter(|event| event.on() <= end).cloned().collect();
                let period = Period::year(year).unwrap();
                let table = |log: &[Event]| table_three(Form::Form2021, &period, &course(log).map(line).into_iter().collect::<Vec<_>>());
                let is_part = log.iter().any(|event| matches!(event, Event::Linked(link) if link.relation == LinkRelation::SplitFrom && link.on > end));
                if !is_part {
                    prop_assert_eq!(table(&then), table(&log), "{} {:?}", year, log);
                }
            }
        }
    }
}

/// A case replied to on that day under the Order of its day of receipt.
fn replied(received: &str, on: &str, outcome: Outcome) -> Desk {
    let mut desk = Desk::registered(received).at(on);
    desk.accept(crate::case::tests::support::proposal(outcome, day(on)));
    desk.approve_all(day(on));
    for kind in [CommandKind::IssueReply, CommandKind::Dispatch] {
        desk.accept(plain(kind, desk.case.as_ref(), day(on)));
    }
    desk
}

fn numbers(form: Form, year: i32, desks: &[&Desk]) -> Vec<(&'static str, u32)> {
    let lines: Vec<TableLine> = desks
        .iter()
        .filter_map(|desk| course(&desk.log))
        .map(|course| TableLine { course, is_late: false, count: 1 })
        .collect();
    let table = table_three(form, &Period::year(year).unwrap(), &lines);
    let total = table.columns.len() - 1;
    table.rows.into_iter().map(|(row, cells)| (row, cells[total])).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_case_received_under_the_old_order_and_answered_under_the_new_form_is_in_the_row_of_the_new_form() {
    let desk = replied("2018-12-20", "2019-01-08", Outcome::O492Disclosed);
    assert_eq!(numbers(Form::Sheet2014, 2018, &[&desk]), [("（一）收到申请数", 1), ("（一）1.当面申请数", 1)]);
    assert_eq!(numbers(Form::Form2019, 2019, &[&desk]), [(CARRIED, 1), ("三(一)予以公开", 1), (RESULTS, 1)]);
}

#[test]
fn a_reply_set_aside_in_a_later_year_was_counted_and_is_not_counted_again() {
    let mut desk = replied("2023-11-01", "2023-11-20", Outcome::Provided);
    let other = |desk: &mut Desk, on: &str, kinds: &[CommandKind]| {
        desk.today = day(on);
        for kind in kinds {
            desk.accept(plain(*kind, desk.case.as_ref(), day(on)));
        }
    };
    other(&mut desk, "2024-02-05", &[CommandKind::OpenRemedy, CommandKind::DecideRemedy]);
    assert_eq!(desk.case().stage, Stage::InProgress);
    let first = [(RECEIVED, 1), ("三(一)予以公开", 1), (RESULTS, 1)];
    assert_eq!(numbers(Form::Form2021, 2023, &[&desk]), first);
    assert_eq!(numbers(Form::Form2021, 2024, &[&desk]), []);
    let four = table_four(Form::Form2021, &Period::year(2024).unwrap(), &remedy_courses(&desk.log));
    assert_eq!((four.get("行政复议", "结果纠正"), four.get("行政复议", TOTAL)), (Some(1), Some(1)));
}

#[test]
fn a_reply_set_aside_within_the_year_is_in_stock_again_and_ends_once() {
    let mut desk = replied("2023-03-01", "2023-03-20", Outcome::Provided);
    desk.today = day("2023-06-05");
    for kind in [CommandKind::OpenRemedy, CommandKind::DecideRemedy] {
        desk.accept(plain(kind, desk.case.as_ref(), day("2023-06-05")));
    }
    assert_eq!(numbers(Form::Form2021, 2023, &[&desk]), [(RECEIVED, 1), (PENDING, 1)]);
    let mut again = desk.at("2024-01-10");
    again.accept(crate::case::tests::support::proposal(Outcome::Provided, day("2024-01-10")));
    again.approve_all(day("2024-01-10"));
    for kind in [CommandKind::IssueReply, CommandKind::Dispatch] {
        again.accept(plain(kind, again.case.as_ref(), day("2024-01-10")));
    }
    assert_eq!(numbers(Form::Form2021, 2023, &[&again]), [(RECEIVED, 1), (PENDING, 1)]);
    assert_eq!(numbers(Form::Form2021, 2024, &[&again]), [(CARRIED, 1), ("三(一)予以公开", 1), (RESULTS, 1)]);
}

#[test]
fn a_case_split_in_its_year_gives_way_to_its_parts_and_one_split_later_ends_as_other() {
    let split = |on: &str| {
        let mut desk = Desk::registered("2023-12-20").at(on);
        desk.accept(plain(CommandKind::Split, desk.case.as_ref(), day(on)));
        desk
    };
    assert_eq!(course(&split("2023-12-25").log), None);
    let later = split("2024-01-03");
    assert_eq!(numbers(Form::Form2021, 2023, &[&later]), [(RECEIVED, 1), (PENDING, 1)]);
    assert_eq!(numbers(Form::Form2021, 2024, &[&later]), [(CARRIED, 1), ("三(六)其他处理-3.其他", 1), (RESULTS, 1)]);
}

#[test]
fn a_case_merged_into_another_was_received_and_ends_as_other() {
    let mut desk = Desk::registered("2023-12-20").at("2023-12-25");
    desk.accept(plain(CommandKind::Merge, desk.case.as_ref(), day("2023-12-25")));
    assert_eq!(numbers(Form::Form2021, 2023, &[&desk]), [(RECEIVED, 1), ("三(六)其他处理-3.其他", 1), (RESULTS, 1)]);
}

#[test]
fn steps_are_no_results() {
    let mut desk = Desk::registered("2023-03-01");
    desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2023-03-01")));
    assert_eq!(numbers(Form::Form2021, 2023, &[&desk]), [(RECEIVED, 1), (PENDING, 1)], "a correction asked for");
    let mut desk = Desk::registered("2023-03-01");
    desk.accept(plain(CommandKind::OpenConsultation, desk.case.as_ref(), day("2023-03-01")));
    desk.accept(plain(CommandKind::Extend, desk.case.as_ref(), day("2023-03-01")));
    assert_eq!(numbers(Form::Form2021, 2023, &[&desk]), [(RECEIVED, 1), (PENDING, 1)], "consulted and extended");
}

#[test]
fn what_is_not_received_yet_is_not_in_stock() {
    let mut desk = Desk::on("2023-12-20");
    desk.accept(received(Channel::Email, day("2023-12-20")));
    assert_eq!(course(&desk.log), None);
}

#[test]
fn a_suit_is_undecided_at_the_end_of_each_year_until_it_is_decided() {
    let mut desk = replied("2022-03-01", "2022-03-10", Outcome::Provided).at("2022-09-01");
    let mut command = plain(CommandKind::OpenRemedy, desk.case.as_ref(), day("2022-09-01"));
    if let Command::OpenRemedy(remedy) = &mut command {
        remedy.kind = RemedyKind::LitigationAfterReconsideration;
    }
    desk.accept(command);
    desk.today = day("2024-05-06");
    desk.accept(plain(CommandKind::DecideRemedy, desk.case.as_ref(), day("2024-05-06")));
    let cells = |year: i32| {
        let table = table_four(Form::Form2021, &Period::year(year).unwrap(), &remedy_courses(&desk.log));
        table.rows.into_iter().map(|(_, cells)| cells).collect::<Vec<_>>()
    };
    let none = vec![0; 5];
    let pending = vec![none.clone(), none.clone(), vec![0, 0, 0, 1, 1]];
    assert_eq!(
        [2021, 2022, 2023, 2024, 2025].map(cells),
        [
            vec![none.clone(); 3],
            pending.clone(),
            pending,
            vec![none.clone(), none.clone(), vec![0, 1, 0, 0, 1]],
            vec![none; 3]
        ]
    );
}

/// The property tests would prove little of histories in which nothing happens.
#[test]
fn the_histories_have_replies_orders_splits_and_cases_carried_over() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut replies, mut turned, mut carried, mut undecided) = (0, 0, 0, 0);
    for _ in 0..100 {
        let histories = histories().new_tree(&mut runner).unwrap().current();
        for log in histories.iter().map(log) {
            turned += usize::from(crate::case::is_turned(&log));
            undecided += remedy_courses(&log).iter().filter(|remedy| remedy.decided.is_none()).count();
            let Some(Course { entered_on, concluded: Some(end), .. }) = course(&log) else { continue };
            replies += usize::from(!end.outcome.is_closed_without_reply());
            carried += usize::from(end.on.year() > entered_on.year());
        }
    }
    assert!(replies > 100 && turned > 30 && carried > 30 && undecided > 30, "{replies} {turned} {carried} {undecided}");
}
