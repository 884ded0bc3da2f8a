//! What those who watch are told: where a case stands, how cases add up, with whom the days lay.

use super::support::{DEPARTMENT, Desk, at_counter, day, plain, proposal, third_party};
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, ClockAnswer, ClockStatus, Outcome, ServiceMethod};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn calendar() -> &'static Calendar {
    Calendar::national()
}

/// The case of a log and the law's answer, as of a day; `None` before it came in.
fn stood(desk: &Desk, on: NaiveDate) -> Option<(Case, Option<ClockAnswer>, Position)> {
    let case = as_it_stood(&desk.log, on)?;
    let answer = case.reply_clock(calendar(), &desk.rules, Some(on)).expect("a clock");
    let position = position(&case, answer.as_ref(), on, &desk.rules.warning_thresholds(), calendar());
    Some((case, answer, position))
}

fn standing(desk: &Desk, on: &str) -> Standing {
    stood(desk, day(on)).expect("a case").2.standing
}

fn delay_on(desk: &Desk, on: &str) -> Delay {
    let (case, answer, _) = stood(desk, day(on)).expect("a case");
    delay(&desk.log, &case, &answer.expect("an answer"), day(on), calendar())
}

fn dispatch(on: NaiveDate) -> Dispatch {
    Dispatch { method: ServiceMethod::Post, on, carrier: Some("EMS".into()), tracking_number: None }
}

#[test]
fn days_of_a_correction_that_pauses_lay_with_nobody() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-12");
    desk.rules.correction_pauses_492 = true;
    let items = vec!["文号".into()];
    desk.accept(RequestCorrection { on: day("2018-03-12"), items, respond_days: 10, served_on: None });
    let desk = desk.at("2018-03-20");
    let (case, answer, _) = stood(&desk, day("2018-03-20")).unwrap();
    // 2 March to 12 March: seven working days; none of those after it.
    assert_eq!(used(&case, &answer.unwrap(), day("2018-03-20"), calendar()), 7);
    assert_eq!(delay_on(&desk, "2018-03-20").total(), 7);
}

#[test]
fn a_case_goes_from_place_to_place_on_its_days() {
    let desk = Desk::registered("2025-02-20");
    let at = |on: &str| standing(&desk, on);
    assert!(stood(&desk, day("2025-02-19")).is_none(), "nothing has come in");
    assert_eq!(at("2025-03-12"), Standing::Running);
    assert_eq!(at("2025-03-13"), Standing::DueSoon);
    assert_eq!(at("2025-03-20"), Standing::DueToday);
    assert_eq!(at("2025-03-21"), Standing::Overdue);
    assert_eq!(at("2025-04-18"), Standing::Overdue, "29 days");
    assert_eq!(at("2025-04-19"), Standing::LongOverdue, "30 days");
}

#[test]
fn a_suspended_case_is_late_on_no_day_of_its_stop() {
    let mut desk = Desk::registered("2025-02-20").at("2025-03-17");
    desk.accept(third_party(day("2025-03-17")));
    assert_eq!(standing(&desk, "2025-03-17"), Standing::Suspended, "sent: the next day does not count");
    assert_eq!(standing(&desk, "2025-06-30"), Standing::Suspended);
    assert_eq!(standing(&desk, "2025-03-16"), Standing::DueSoon, "the day before is as it was");
}

#[test]
fn a_late_correction_notice_may_not_hold_and_the_old_last_day_warns_on() {
    let mut desk = Desk::registered("2025-02-20").at("2025-03-10");
    desk.accept(RequestCorrection {
        on: day("2025-03-10"),
        items: vec!["文号".into()],
        respond_days: 10,
        served_on: None,
    });
    assert_eq!(standing(&desk, "2025-03-10"), Standing::AwaitingApplicant, "not near yet");
    assert_eq!(standing(&desk, "2025-03-20"), Standing::DueToday);
    assert_eq!(standing(&desk, "2025-03-21"), Standing::Overdue);
    let delay = delay_on(&desk, "2025-03-21");
    assert_eq!(delay.by_holder(), BTreeMap::from([(Holder::Nobody, 12), (Holder::Applicant, 9)]));
    let in_time = {
        let mut desk = Desk::registered("2025-02-20").at("2025-02-27");
        desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2025-02-27")));
        desk
    };
    assert_eq!(standing(&in_time, "2025-06-30"), Standing::AwaitingApplicant);
}

#[test]
fn after_the_applicants_own_last_day_the_days_are_the_offices() {
    let mut desk = Desk::registered("2025-02-20").at("2025-03-10");
    desk.accept(RequestCorrection {
        on: day("2025-03-10"),
        items: vec!["文号".into()],
        respond_days: 10,
        served_on: Some(day("2025-03-10")),
    });
    // Ten working days after 10 March end on the 24th.
    assert_eq!(delay_on(&desk, "2025-03-24").by_holder()[&Holder::Applicant], 10);
    let later = delay_on(&desk, "2025-03-31").by_holder();
    assert_eq!((later[&Holder::Applicant], later[&Holder::Office]), (10, 5));
}

#[test]
fn the_days_of_a_late_reply_lie_with_those_who_had_the_case() {
    // Twenty working days from 2025-02-20 end on 2025-03-20. Day by day: 02-21 to 02-25 nobody, 02-26 to 03-14 the
    // department, 03-17 to 03-19 the office, the review chain until 03-26 with the weekend between, then the office.
    let mut desk = Desk::registered("2025-02-20").at("2025-02-25");
    desk.accept(Assign { on: day("2025-02-25"), department_id: DEPARTMENT, handler_id: None, days: None });
    desk = desk.at("2025-03-14");
    desk.accept(AnswerTask { task: 1, on: day("2025-03-14"), opinion: "可以公开".into() });
    desk = desk.at("2025-03-19");
    desk.accept(proposal(Outcome::Provided, day("2025-03-19")));
    let chain = desk.rules.review_chain.clone();
    for (kind, on) in chain.into_iter().zip(["2025-03-20", "2025-03-24", "2025-03-24", "2025-03-26"]) {
        desk = desk.at(on);
        desk.accept(Review { kind, on: day(on), approve: true, comment: None });
    }
    desk = desk.at("2025-03-27");
    desk.accept(IssueReply { on: day("2025-03-27") });
    desk = desk.at("2025-03-28");
    desk.accept(dispatch(day("2025-03-28")));

    let late = delay_on(&desk, "2025-06-01");
    let stretch = |holder, from, through, working_days, is_overdue| Stretch {
        holder,
        from: day(from),
        through: day(through),
        working_days,
        is_overdue,
    };
    assert_eq!(
        late.stretches,
        [
            stretch(Holder::Nobody, "2025-02-21", "2025-02-25", 3, false),
            stretch(Holder::Department(DEPARTMENT), "2025-02-26", "2025-03-14", 13, false),
            stretch(Holder::Office, "2025-03-15", "2025-03-19", 3, false),
            stretch(Holder::Review(ReviewKind::SectionHead), "2025-03-20", "2025-03-20", 1, false),
            stretch(Holder::Review(ReviewKind::Secrecy), "2025-03-21", "2025-03-24", 2, true),
            stretch(Holder::Review(ReviewKind::Leader), "2025-03-25", "2025-03-26", 2, true),
            stretch(Holder::Office, "2025-03-27", "2025-03-28", 2, true),
        ]
    );
    assert_eq!(late.total(), 26, "20 of the period and 6 after it");
    let open = delay_on(&desk, "2025-03-21");
    assert_eq!(open.total(), 21, "as it stood on the first day of lateness");
    assert_eq!(open.stretches.last().map(|last| last.holder), Some(Holder::Review(ReviewKind::Secrecy)));
}

#[test]
fn days_taken_out_of_the_period_are_nobodys() {
    let mut desk = Desk::registered("2025-02-20").at("2025-02-24");
    desk.accept(third_party(day("2025-02-24")));
    desk = desk.at("2025-03-24");
    desk.accept(ReturnConsultation {
        consultation: 1,
        on: day("2025-03-24"),
        opinion: Opinion::Consents,
        reasons: None,
    });
    // Two days used, twenty out; the other eighteen end on 2025-04-18 (Qingming on 04-04).
    let late = delay_on(&desk, "2025-04-21");
    assert_eq!(late.by_holder(), BTreeMap::from([(Holder::Nobody, 2), (Holder::Office, 19)]));
    let first = late.stretches.iter().find(|stretch| stretch.holder == Holder::Office).expect("the office");
    assert_eq!((first.from, late.stretches.len()), (day("2025-03-25"), 3));
}

#[test]
fn of_two_departments_asked_the_first_one_still_silent_has_the_case() {
    let second = Uuid::from_u128(0xE);
    let mut desk = Desk::registered("2025-02-20");
    let ask = |department_id, on| Assign { on: day(on), department_id, handler_id: None, days: None };
    desk.accept(ask(DEPARTMENT, "2025-02-20"));
    desk = desk.at("2025-02-26");
    desk.accept(ask(second, "2025-02-26"));
    desk = desk.at("2025-03-03");
    desk.accept(AnswerTask { task: 1, on: day("2025-03-03"), opinion: "无".into() });
    let late = delay_on(&desk, "2025-03-21");
    let days = BTreeMap::from([(Holder::Department(DEPARTMENT), 7), (Holder::Department(second), 14)]);
    assert_eq!(late.by_holder(), days);
}

#[test]
fn nearest_rank_gives_a_value_that_occurred() {
    let of = |days: &[u32]| {
        let mut tally = Tally::default();
        for used in days {
            tally.add(Entry { standing: Standing::OnTime, used: Some(*used), is_extended: false, is_corrected: false });
        }
        (tally.percentile_used(90), tally.average_used().map(|tenths| tenths.0))
    };
    assert_eq!(of(&[]), (None, None));
    assert_eq!(of(&[7]), (Some(7), Some(70)));
    assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), (Some(9), Some(55)), "the ninth of ten");
    assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50]), (Some(10), Some(95)), "the tenth of eleven: ⌈9.9⌉");
    assert_eq!(of(&[20, 1, 1]), (Some(20), Some(73)), "7.33…");
    assert_eq!(of(&[20, 1, 1, 1, 1, 1, 1, 1, 1, 1]), (Some(1), Some(29)));
}

#[test]
fn what_is_counted_twice_is_twice_as_much_and_percentages_are_of_all() {
    let entry = |standing, is_extended, is_corrected| Entry { standing, used: None, is_extended, is_corrected };
    let mut tally = Tally::default();
    tally.add(entry(Standing::Running, true, true));
    tally.add(entry(Standing::Late, true, false));
    tally.add(entry(Standing::OnTime, false, false));
    let once = tally.figures();
    assert_eq!((once.total, once.extended, once.corrected), (3, 2, 1));
    let tenths = |found: Option<Tenths>| found.map(|tenths| (tenths.0, tenths.value()));
    assert_eq!(tenths(once.extension_percent), Some((667, 66.7)));
    assert_eq!(tenths(once.correction_percent), Some((333, 33.3)));
    let other = tally.clone();
    tally.merge(&other);
    let twice = tally.figures();
    assert_eq!((twice.total, twice.extended, twice.corrected), (6, 4, 2));
    assert_eq!(twice.extension_percent, once.extension_percent);
}

#[test]
fn a_case_is_replied_or_late_by_where_it_stands() {
    let those = |is: fn(Standing) -> bool| Standing::ALL.iter().copied().filter(|one| is(*one)).collect::<Vec<_>>();
    assert_eq!(those(Standing::is_replied), [Standing::OnTime, Standing::Late, Standing::Unjudged]);
    assert_eq!(
        those(Standing::is_late),
        [Standing::Overdue, Standing::LongOverdue, Standing::RenewingLate, Standing::Late]
    );
}

#[test]
fn tenths_are_rounded_half_up() {
    let ratio = |part, whole| Tenths::ratio(part, whole).map(|tenths| tenths.0);
    assert_eq!(
        [ratio(1, 3), ratio(2, 3), ratio(1, 4), ratio(7, 20), ratio(0, 5), ratio(0, 0)],
        [Some(3), Some(7), Some(3), Some(4), Some(0), None]
    );
}

/// A history of accepted commands: of those accepted on a day one is taken, so that walks get to an end.
#[derive(Debug, Clone)]
struct History {
    start: u64,
    /// Days, times the pace, to wait before each command, and which.
    steps: Vec<(u64, usize)>,
    pace: u64,
}

fn history() -> impl Strategy<Value = History> {
    let steps = prop::collection::vec((prop_oneof![2 => Just(0), 1 => Just(1), 1 => Just(2u64)], 0..997usize), 1..30);
    (0..1_500u64, 1..6u64, steps).prop_map(|(start, pace, steps)| History { start, steps, pace })
}

/// What mostly happens, in an order in which what is not possible yields to what leads on; now and then it is any command.
const USUAL: [CommandKind; 10] = [
    CommandKind::OpenConsultation,
    CommandKind::Register,
    CommandKind::Assign,
    CommandKind::AnswerTask,
    CommandKind::Review,
    CommandKind::Review,
    CommandKind::IssueReply,
    CommandKind::Dispatch,
    CommandKind::ReturnConsultation,
    CommandKind::ProposeOutcome,
];

/// Plays a history, each command on the day it is given. The second value: where it stood at the end of each of its days,
/// as the log then was.
fn play(history: &History) -> (Desk, Vec<(NaiveDate, Position)>) {
    let start = day("2018-03-05") + Days::new(history.start);
    let mut desk = Desk::on("2018-03-05");
    desk.today = start;
    desk.accept(at_counter(start));
    let mut seen: BTreeMap<NaiveDate, Position> = BTreeMap::new();
    for (wait, choice) in &history.steps {
        for _ in 0..wait * history.pace {
            seen.extend(stood(&desk, desk.today).map(|(_, _, position)| (desk.today, position)));
            desk.today = desk.today + Days::new(1);
        }
        let kinds: &[CommandKind] = if choice % 8 == 0 { CommandKind::ALL } else { &USUAL };
        let rotated = kinds.iter().cycle().skip(choice / 8 % kinds.len()).take(kinds.len());
        for kind in rotated {
            let command = plain(*kind, desk.case.as_ref(), desk.today);
            // A void case never came in, whatever day is asked about.
            if !matches!(kind, CommandKind::Receive | CommandKind::Void) && desk.give(&command).is_ok() {
                break;
            }
        }
    }
    seen.extend(stood(&desk, desk.today).map(|(_, _, position)| (desk.today, position)));
    (desk, seen.into_iter().collect())
}

/// A day of a history or soon after it.
fn some_day(desk: &Desk, share: u64) -> NaiveDate {
    let first = desk.log.first().map_or(desk.today, Event::on);
    let length = u64::try_from((desk.today - first).num_days()).unwrap_or(0) + 60;
    first + Days::new(share * length / 1_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn where_a_case_stood_does_not_depend_on_what_came_later(history in history()) {
        let (desk, seen) = play(&history);
        for (on, then) in seen {
            let now = stood(&desk, on).map(|(_, _, position)| position);
            prop_assert_eq!(now, Some(then), "{}", on);
        }
    }

    #[test]
    fn counted_days_are_the_laws_and_each_lies_with_just_one_holder(history in history(), share in 0..1_000u64) {
        let (desk, _) = play(&history);
        let on = some_day(&desk, share);
        let Some((case, Some(answer), position)) = stood(&desk, on) else { return Ok(()) };
        let whole = used(&case, &answer, on, calendar());
        let delay = delay(&desk.log, &case, &answer, on, calendar());
        prop_assert_eq!(delay.total(), whole);
        prop_assert_eq!(delay.by_holder().values().sum::<u32>(), whole);
        let mut last = answer.start;
        for stretch in &delay.stretches {
            prop_assert!(last < stretch.from && stretch.from <= stretch.through, "{:?}", delay);
            let all = calendar().count_working_days(stretch.from.pred_opt().unwrap(), stretch.through).unwrap();
            prop_assert_eq!(stretch.working_days, all);
            last = stretch.through;
        }
        // Where the law itself gives the figure, it is the same.
        let after_due = match (answer.status, answer.due, case.ended_on) {
            (ClockStatus::Ended, Some(due), Some(ended)) => calendar().count_working_days(due, ended).unwrap(),
            _ => answer.overdue_working_days.unwrap_or(0),
        };
        if let Some(counted) = answer.used {
            prop_assert_eq!(whole, counted + after_due, "{:?}", answer);
        }
        let overdue: u32 = delay.stretches.iter().filter(|one| one.is_overdue).map(|one| one.working_days).sum();
        if answer.status == ClockStatus::AwaitingCorrection {
            prop_assert!(overdue == 0 || position.standing.is_late(), "{:?}", position);
        } else {
            prop_assert_eq!(overdue, after_due, "{:?} {:?}", position, answer);
        }
    }
}

/// A case of a department and handler in an organ of the tree.
#[derive(Debug, Clone)]
struct Filed {
    organ: usize,
    department: u8,
    handler: u8,
    history: History,
}

/// The tree: two roots, one of them with two levels below it.
const TREE: [&str; 5] = ["/a/", "/a/b/", "/a/b/c/", "/a/d/", "/e/"];

fn filed() -> impl Strategy<Value = Filed> {
    (0..TREE.len(), 0..3u8, 0..3u8, history()).prop_map(|(organ, department, handler, history)| Filed {
        organ,
        department,
        handler,
        history,
    })
}

fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    tallies.into_iter().fold(Tally::default(), |mut whole, part| {
        whole.merge(part);
        whole
    })
}

/// Every place of the table once.
fn places(figures: &Figures) -> u32 {
    let open = figures.not_started
        + figures.running
        + figures.due_soon
        + figures.due_today
        + figures.overdue_red
        + figures.overdue_black
        + figures.suspended
        + figures.awaiting_applicant
        + figures.reply_revoked;
    let closed = figures.replied_on_time + figures.replied_late + figures.replied_unjudged + figures.closed_otherwise;
    assert_eq!((figures.open, figures.closed), (open, closed));
    assert_eq!(figures.overdue, figures.overdue_red + figures.overdue_black);
    open + closed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_parts_make_the_whole_for_both_ways_of_counting(
        filed in prop::collection::vec(filed(), 1..14),
        offset in 0..1_700u64,
        length in 1..900u64,
    ) {
        let as_of = day("2018-03-05") + Days::new(offset);
        let period = (as_of - Days::new(length))..=as_of;
        let played: Vec<(&Filed, Desk)> = filed.iter().map(|one| (one, play(&one.history).0)).collect();
        for counting in [Counting::Receipt, Counting::Closing] {
            let mut own: Vec<(&str, Tally)> = TREE.iter().map(|path| (*path, Tally::default())).collect();
            let mut departments: BTreeMap<(usize, u8), Tally> = BTreeMap::new();
            let mut handlers: BTreeMap<(usize, u8), Tally> = BTreeMap::new();
            let mut flat = Tally::default();
            let mut expected = 0;
            for (one, desk) in &played {
                let Some((case, answer, position)) = stood(desk, as_of) else { continue };
                prop_assert_eq!(position.standing.is_open(), case.stage.is_open(), "{:?}", position);
                // Said once more in plain words: which cases the period has.
                let received = desk.log.first().map(Event::on).unwrap();
                let is_meant = match counting {
                    Counting::Receipt => period.contains(&received),
                    Counting::Closing => case.stage.is_open() || case.ended_on.is_some_and(|on| period.contains(&on)),
                };
                prop_assert_eq!(counting.has(&case, &period), is_meant);
                if !is_meant {
                    continue;
                }
                expected += 1;
                let days = answer.filter(|_| position.standing.is_replied());
                let entry = Entry {
                    standing: position.standing,
                    used: days.map(|answer| used(&case, &answer, as_of, calendar())),
                    is_extended: case.extension.is_some(),
                    is_corrected: case.correction.is_some(),
                };
                own[one.organ].1.add(entry);
                departments.entry((one.organ, one.department)).or_default().add(entry);
                handlers.entry((one.organ, one.handler)).or_default().add(entry);
                flat.add(entry);
            }
            prop_assert_eq!(flat.total(), expected);
            for whole in [sum(own.iter().map(|(_, tally)| tally)), sum(departments.values()), sum(handlers.values())] {
                prop_assert_eq!(&whole, &flat);
            }
            let rolled = add_up_the_tree(&own);
            for (place, path) in TREE.iter().enumerate() {
                let of = |parts: &BTreeMap<(usize, u8), Tally>| {
                    sum(parts.iter().filter(|((organ, _), _)| *organ == place).map(|(_, tally)| tally))
                };
                prop_assert_eq!(&of(&departments), &own[place].1);
                prop_assert_eq!(&of(&handlers), &own[place].1);
                let figures = rolled[place].figures();
                prop_assert_eq!(places(&figures), figures.total, "{}", path);
                let mut parts: Vec<&Tally> = vec![&own[place].1];
                // Its own and its children's, each with what is below them.
                let depth = path.matches('/').count();
                for (child, below) in TREE.iter().enumerate() {
                    if below.starts_with(path) && below.matches('/').count() == depth + 1 {
                        parts.push(&rolled[child]);
                    }
                }
                prop_assert_eq!(&sum(parts), &rolled[place], "{}", path);
            }
            let roots = sum([&rolled[0], &rolled[4]]);
            prop_assert_eq!(roots.figures(), flat.figures());
            let mut backwards = own.clone();
            backwards.reverse();
            prop_assert_eq!(sum(backwards.iter().map(|(_, tally)| tally)), flat, "in any order");
        }
    }
}

#[test]
fn histories_come_to_every_place_of_the_table() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let history = history().new_tree(&mut runner).unwrap().current();
        let (desk, days) = play(&history);
        seen.extend(days.into_iter().map(|(_, position)| position.standing));
        seen.extend(stood(&desk, some_day(&desk, 999)).map(|(_, _, position)| position.standing));
    }
    // Not reached: what waits for both sides' confirmation (all come in at the counter), and what no calendar judges.
    let unreached = [Standing::NotStarted, Standing::Unjudged];
    let expected: BTreeSet<Standing> =
        Standing::ALL.iter().copied().filter(|standing| !unreached.contains(standing)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn before_both_sides_confirm_nothing_runs_and_beyond_the_calendar_nothing_is_judged() {
    let mut desk = Desk::on("2025-02-20");
    desk.accept(super::support::received(crate::law::Channel::Fax, day("2025-02-20")));
    assert_eq!(standing(&desk, "2025-06-30"), Standing::NotStarted);
    desk = desk.at("2025-03-03");
    desk.accept(Withdraw { on: day("2025-03-03"), identity_checked: true });
    assert_eq!(standing(&desk, "2025-03-03"), Standing::ClosedOtherwise);

    let mut desk = Desk::registered("2026-12-04").at("2027-02-01");
    desk.accept(proposal(Outcome::Provided, day("2027-02-01"))).approve_all(day("2027-02-01"));
    desk.accept(IssueReply { on: day("2027-02-01") }).accept(dispatch(day("2027-02-01")));
    assert_eq!(standing(&desk, "2027-02-01"), Standing::Unjudged, "nobody knows yet whether it was in time");
    let (case, answer, _) = stood(&desk, day("2027-02-01")).unwrap();
    assert_eq!(used(&case, &answer.unwrap(), day("2027-02-01"), calendar()), 19, "to the end of the calendar");
}
