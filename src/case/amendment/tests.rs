//! A log amended at a step is the log in which the right facts were recorded there from the start.

use super::redecide::Basis;
use super::{Ask, Asked, Fault, Recorded, Step, effective, redecide, steps};
use crate::case::amendment::Amendment;
use crate::case::command::*;
use crate::case::tests::exhaustive::next_step;
use crate::case::tests::support::{DEPARTMENT, Desk, at_counter, day, extension, plain, received, third_party};
use crate::case::*;
use crate::law::{Calendar, Channel};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// The log of a desk as rows: each command is an entry.
fn rows(desk: &Desk, entries: &[usize]) -> Vec<Recorded> {
    let of = |(place, event): (usize, &Event)| Recorded {
        seq: i32::try_from(place + 1).unwrap(),
        entry: i32::try_from(entries[place]).unwrap(),
        actor: Some(Uuid::from_u128(match event {
            Event::Reviewed { .. } => 0xB,
            _ => 0xA,
        })),
        recorded_on: desk.today,
        event: event.clone(),
    };
    desk.log.iter().enumerate().map(of).collect()
}

/// A desk with what was asked of it, command by command.
#[derive(Clone)]
struct Course {
    desk: Desk,
    commands: Vec<Command>,
    /// Of each event, the command that recorded it.
    entries: Vec<usize>,
}

impl Course {
    fn new(today: &str) -> Self {
        Self { desk: Desk::on(today), commands: Vec::new(), entries: Vec::new() }
    }

    fn give(&mut self, command: &Command) -> bool {
        if self.desk.give(command).is_err() {
            return false;
        }
        self.commands.push(command.clone());
        self.entries.resize(self.desk.log.len(), self.commands.len());
        true
    }

    fn accept(mut self, command: impl Into<Command>) -> Self {
        let command = command.into();
        if let Err(refusal) = self.desk.try_command(&command) {
            panic!("{command:?}: {refusal:?}");
        }
        self.give(&command);
        self
    }

    fn steps(&self) -> Vec<Step> {
        steps(rows(&self.desk, &self.entries)).unwrap()
    }

    /// The events in effect after an amendment, stored and read again.
    fn amended(&self, asked: &Asked) -> Result<Vec<Event>, Fault> {
        let basis = Basis { today: self.desk.today, calendar: Calendar::national(), rules: &self.desk.rules };
        let redecided = redecide(&self.steps(), asked, &basis)?;
        let amendment = Event::Amended(Amendment {
            number: 1,
            on: self.desk.today,
            reason: "录错".into(),
            evidence: None,
            asked_by: Uuid::nil(),
            confirmed_by: None,
            comment: None,
            entries: redecided.entries,
            moved: Vec::new(),
        });
        let mut log = rows(&self.desk, &self.entries);
        let stored = log::encode(&amendment).unwrap();
        let read = log::decode("amended", &stored).unwrap();
        assert_eq!(read, amendment);
        let last = log.last().unwrap().clone();
        log.push(Recorded { seq: last.seq + 1, entry: last.entry + 1, event: read, ..last });
        let mut events = effective(log).unwrap();
        assert_eq!(events.pop().unwrap(), amendment);
        assert_eq!(events, redecided.events, "what is stored is what was decided");
        Ok(events)
    }

    /// The log in which the commands were given as they should have been: each at the end of the day on which the log is
    /// amended. `None` if one of them would have been refused.
    fn given_from_the_start(&self, commands: &[Option<Command>]) -> Option<Vec<Event>> {
        let mut desk = Desk { log: Vec::new(), case: None, ..self.desk.clone() };
        let mut numbers = Numbers::default();
        for (before, command) in self.commands.iter().zip(commands) {
            numbers.count(before, command.is_some());
            let Some(command) = command else { continue };
            desk.give(&numbers.renumbered(command)?).ok()?;
        }
        Some(desk.log)
    }
}

/// What the sub-records that never happened do to the numbers of those after them.
#[derive(Default)]
struct Numbers {
    tasks: Vec<bool>,
    consultations: Vec<bool>,
    remedies: Vec<bool>,
}

impl Numbers {
    fn count(&mut self, command: &Command, is_kept: bool) {
        match command {
            Command::Assign(_) => self.tasks.push(is_kept),
            Command::OpenConsultation(_) => self.consultations.push(is_kept),
            Command::OpenRemedy(_) => self.remedies.push(is_kept),
            _ => {}
        }
    }

    /// The command with the number that its sub-record has without those before it that never happened. `None` if the
    /// sub-record itself never happened.
    fn renumbered(&self, command: &Command) -> Option<Command> {
        let number = |kept: &[bool], number: u16| {
            let place = usize::from(number) - 1;
            let before = kept.get(..place)?;
            kept.get(place).filter(|kept| **kept)?;
            Some(u16::try_from(before.iter().filter(|kept| **kept).count()).unwrap() + 1)
        };
        let mut command = command.clone();
        match &mut command {
            Command::AnswerTask(it) => it.task = number(&self.tasks, it.task)?,
            Command::ServeConsultation(it) => it.consultation = number(&self.consultations, it.consultation)?,
            Command::ReturnConsultation(it) => it.consultation = number(&self.consultations, it.consultation)?,
            Command::RespondRemedy(it) => it.remedy = number(&self.remedies, it.remedy)?,
            Command::DecideRemedy(it) => it.remedy = number(&self.remedies, it.remedy)?,
            _ => {}
        }
        Some(command)
    }
}

/// Kind, day, latest day, status, owner and article of a duty.
type Duty = (ObligationKind, Option<NaiveDate>, Option<NaiveDate>, ObligationStatus, Option<Uuid>, &'static str);

/// Everything that follows from a log: row, clock, duties, course for the annual report, positions on every day, remedies,
/// fees. Numbers of sub-records aside.
#[derive(Debug, PartialEq)]
struct Derived {
    row: Summary,
    duties: Vec<Duty>,
    course: Option<Course2>,
    positions: Vec<Option<Position>>,
    remedies: Vec<RemedyCourse>,
    fees: Vec<(NaiveDate, u64)>,
}

type Course2 = crate::case::Course;

fn derived(events: &[Event], desk: &Desk) -> Derived {
    let case = fold(events).unwrap();
    let actor = crate::case::tests::support::holding(&[]);
    let calendar = Calendar::national();
    let context = Context { actor: &actor, today: desk.today, calendar, rules: &desk.rules };
    let thresholds = desk.rules.warning_thresholds();
    let first = events.iter().map(Event::on).min().unwrap();
    let days = (0..120).map(|later| first + Days::new(later));
    let positions = days.map(|day| {
        let case = as_it_stood(events, day)?;
        let answer = case.reply_clock(calendar, &desk.rules, Some(day)).unwrap();
        Some(position(&case, answer.as_ref(), day, &thresholds, calendar))
    });
    let duties = obligations(&case, &context);
    Derived {
        row: summary(&case, &context),
        duties: duties
            .into_iter()
            .map(|duty| (duty.kind, duty.due_on, duty.latest_on, duty.status, duty.owner, duty.article))
            .collect(),
        course: course(events),
        positions: positions.collect(),
        remedies: remedy_courses(events),
        fees: fees_paid(events),
    }
}

fn change(seq: i32, patch: serde_json::Value) -> Asked {
    Asked::from([(seq, Ask::Change(patch))])
}

#[test]
fn a_day_of_receipt_mistyped_by_nine_days_is_put_right_and_the_due_date_is_that_of_the_true_day() {
    let course =
        Course::new("2026-11-12").accept(at_counter(day("2026-10-12"))).accept(Register { on: day("2026-10-21") });
    let events = course.amended(&change(1, json!({"submitted_on": "2026-10-21"}))).unwrap();
    let case = fold(&events).unwrap();
    assert_eq!(case.receipt.unwrap().on, day("2026-10-21"));
    let clock = case.reply_clock(Calendar::national(), &course.desk.rules, Some(course.desk.today)).unwrap().unwrap();
    assert_eq!(clock.due, Some(day("2026-11-18")));
}

#[test]
fn a_consultation_on_the_wrong_case_excludes_no_day_once_it_is_void() {
    // usertest.md C, finding 2: received 2026-11-02, due 2026-11-30; the mistaken letter made it 2026-12-02.
    let course = Course::new("2026-11-12")
        .accept(at_counter(day("2026-11-02")))
        .accept(Register { on: day("2026-11-02") })
        .accept(OpenConsultation { served_on: Some(day("2026-11-11")), ..third_party(day("2026-11-10")) })
        .accept(ReturnConsultation {
            consultation: 1,
            on: day("2026-11-12"),
            opinion: Opinion::Consents,
            reasons: None,
        });
    assert_eq!(course.desk.due(), Some(day("2026-12-02")));
    let both = Asked::from([(4, Ask::Void), (5, Ask::Void)]);
    let events = course.amended(&both).unwrap();
    let case = fold(&events).unwrap();
    let clock = case.reply_clock(Calendar::national(), &course.desk.rules, Some(course.desk.today)).unwrap().unwrap();
    assert_eq!(clock.due, Some(day("2026-11-30")));
    // The letter alone cannot be void while its answer stands.
    let fault = course.amended(&Asked::from([(4, Ask::Void)])).unwrap_err();
    let Fault::LaterDoesNotHold(seq, label, on, refusal) = fault else { panic!("{fault:?}") };
    assert_eq!((seq, label, on, refusal.code), (5, "收到意见", day("2026-11-12"), "no_open_consultation"));
}

#[test]
fn an_extension_of_two_days_for_twenty_is_put_right() {
    let course = Course::new("2026-11-24")
        .accept(at_counter(day("2026-10-26")))
        .accept(Register { on: day("2026-10-26") })
        .accept(extension(2, day("2026-11-20")));
    assert_eq!(course.desk.due(), Some(day("2026-11-25")));
    let events = course.amended(&change(4, json!({"days": 20}))).unwrap();
    let case = fold(&events).unwrap();
    let clock = case.reply_clock(Calendar::national(), &course.desk.rules, Some(course.desk.today)).unwrap().unwrap();
    assert_eq!(clock.due, Some(day("2026-12-21")));
}

#[test]
fn a_lapse_by_mistake_is_reopened_and_the_correction_is_recorded_on_its_true_day() {
    // usertest.md C, finding 7: the correction lay in the mail room from 10-20; the case lapsed on 10-26.
    let course = Course::new("2026-10-27")
        .accept(at_counter(day("2026-09-28")))
        .accept(Register { on: day("2026-09-28") })
        .accept(RequestCorrection {
            on: day("2026-09-29"),
            items: vec!["文号".into()],
            respond_days: 10,
            served_on: Some(day("2026-09-30")),
        })
        .accept(Lapse { on: day("2026-10-26"), reason: "逾期未补正".into() });
    let events = course.amended(&Asked::from([(5, Ask::Void)])).unwrap();
    let case = fold(&events).unwrap();
    assert_eq!(case.stage, Stage::AwaitingCorrection);
    let mut desk = Desk { log: events, case: Some(case), ..course.desk.clone() };
    desk.accept(ReceiveCorrection { on: day("2026-10-20"), request: "补正后的内容".into() });
    assert_eq!((desk.case().stage, desk.due()), (Stage::InProgress, Some(day("2026-11-17"))));
}

#[test]
fn a_step_that_no_longer_holds_refuses_the_amendment_and_both_can_be_amended_in_one() {
    let course =
        Course::new("2026-11-12").accept(at_counter(day("2026-10-12"))).accept(Register { on: day("2026-10-13") });
    let fault = course.amended(&change(1, json!({"submitted_on": "2026-10-21"}))).unwrap_err();
    let Fault::LaterDoesNotHold(seq, label, on, refusal) = fault else { panic!("{fault:?}") };
    assert_eq!((seq, label, on, refusal.code), (3, "登记编号", day("2026-10-13"), "date_before_fact"));
    let both = Asked::from([
        (1, Ask::Change(json!({"submitted_on": "2026-10-21"}))),
        (3, Ask::Change(json!({"on": "2026-10-22"}))),
    ]);
    assert_eq!(fold(&course.amended(&both).unwrap()).unwrap().registered_on, Some(day("2026-10-22")));
}

#[test]
fn what_cannot_be_amended_is_refused_with_what_to_do() {
    let course =
        Course::new("2026-11-12").accept(at_counter(day("2026-10-12"))).accept(Register { on: day("2026-10-12") });
    let code = |asked: &Asked| match course.amended(asked).unwrap_err() {
        Fault::Fixed(_, refusal) | Fault::Refused(_, refusal) => refusal.code.to_owned(),
        Fault::Malformed(_, pointer, detail) => format!("{pointer} {detail}"),
        other => format!("{other:?}"),
    };
    assert_eq!(code(&Asked::from([(1, Ask::Void)])), "void_the_case");
    assert_eq!(
        code(&change(2, json!({"on": "2026-10-13"}))),
        "NoStep(2)",
        "the day of receipt follows from the receipt"
    );
    assert_eq!(code(&change(1, json!({"submitted_on": "2026-11-13"}))), "date_in_future");
    assert_eq!(
        code(&change(1, json!({"applicant_id": Uuid::nil()}))),
        "/applicant_id 收件的这一项不在更正之列：可以更正的是申请人类型、标题、内容、申请方式、各个日期和提供方式"
    );
    assert_eq!(
        code(&change(1, json!({"submitted_on": 3}))),
        "/submitted_on “收件”：值的类型或格式不正确，或者缺少必需的成员"
    );
    assert_eq!(code(&change(3, json!({"number": "9"}))), "/number “登记编号”：没有这一项");
    assert_eq!(code(&change(3, json!([]))), " 应为对象：只写要改的成员");
}

#[test]
fn a_void_case_never_came_in_whatever_day_is_asked_about() {
    let mut desk = Desk::registered("2026-10-12").at("2026-11-12");
    assert!(as_it_stood(&desk.log, day("2026-11-10")).is_some());
    desk.accept(Void { reason: "误立案".into(), replaced_by: None });
    for on in ["2026-10-12", "2026-11-10", "2026-11-12", "2026-12-31"] {
        assert_eq!(as_it_stood(&desk.log, day(on)), None, "{on}");
    }
    assert_eq!(crate::case::course(&desk.log), None);
}

#[test]
fn a_department_that_a_case_was_passed_on_to_has_its_days() {
    // usertest.md C, finding 6: the wrong department's task is withdrawn, the case passed on to another one.
    let other = Uuid::from_u128(0xE);
    let mut desk = Desk::registered("2026-10-12").at("2026-11-20");
    desk.accept(Assign { on: day("2026-10-13"), department_id: DEPARTMENT, handler_id: None, days: None });
    desk.accept(WithdrawTask { task: 1, on: Some(day("2026-10-26")), reason: "分办有误".into() });
    desk.accept(Reassign {
        on: Some(day("2026-10-26")),
        department_id: other,
        handler_id: None,
        reason: "分办有误".into(),
    });
    let case = desk.case();
    let answer = case.reply_clock(Calendar::national(), &desk.rules, Some(desk.today)).unwrap().unwrap();
    let days = delay(&desk.log, case, &answer, desk.today, Calendar::national()).by_holder();
    assert_eq!(days, [(Holder::Nobody, 10), (Holder::Department(other), 19)].into());
}

/// One step of a walk, as in the walks of `case::tests::random`.
fn walks() -> impl Strategy<Value = Vec<(u64, usize, u64)>> {
    prop::collection::vec((0..6u64, 0..2 * CommandKind::ALL.len(), 0..6u64), 3..40)
}

fn walked(start: NaiveDate, channel: Channel, steps: &[(u64, usize, u64)]) -> Course {
    let mut course = Course::new("2022-01-04");
    course.desk.today = start;
    let mut receive = received(channel, start);
    receive.signed_on = (channel == Channel::RegisteredMail).then_some(start);
    course.give(&receive.into());
    // A registered case, so that the walk comes to something.
    course.give(&Register { on: start }.into());
    for (wait, command, back) in steps {
        course.desk.today = course.desk.today + Days::new(*wait);
        // Half of the steps lead on to a reply.
        let kind = match (CommandKind::ALL.get(*command), course.desk.case.is_some()) {
            (Some(kind), _) => *kind,
            (None, true) => next_step(&course.desk),
            (None, false) => continue,
        };
        // What ends a case by other means has tests of its own.
        if matches!(kind, CommandKind::Split | CommandKind::Void) {
            continue;
        }
        course.give(&plain(kind, course.desk.case.as_ref(), course.desk.today - Days::new(*back)));
    }
    course
}

/// The first event of a command's step, by the place of the command.
fn seq_of(course: &Course, place: usize) -> i32 {
    i32::try_from(course.entries.iter().position(|entry| *entry == place + 1).unwrap() + 1).unwrap()
}

/// A change of the command: its first date moves by so many days, or its other values change.
fn moved(command: &Command, days: i64) -> Option<(serde_json::Value, Command)> {
    let payload = command.payload();
    let (name, on) = payload.as_object()?.iter().find_map(|(name, value)| {
        let on: NaiveDate = value.as_str()?.parse().ok()?;
        Some((name.clone(), on))
    })?;
    let patch = json!({ name: on + chrono::TimeDelta::days(days) });
    let mut after = payload;
    log::merge(&mut after, &patch);
    Some((patch, Command::of_payload(command.kind(), after).ok()?))
}

fn check_as_if_from_the_start(course: &Course, place: usize, days: Option<i64>) -> bool {
    let mut commands: Vec<Option<Command>> = course.commands.iter().cloned().map(Some).collect();
    let ask = match days {
        None if place == 0 => return false,
        None => {
            commands[place] = None;
            Ask::Void
        }
        Some(days) => {
            let Some((patch, command)) = moved(&course.commands[place], days) else { return false };
            commands[place] = Some(command);
            Ask::Change(patch)
        }
    };
    let asked = Asked::from([(seq_of(course, place), ask)]);
    match (course.amended(&asked), course.given_from_the_start(&commands)) {
        (Ok(events), Some(right)) => {
            assert_eq!(
                derived(&events, &course.desk),
                derived(&right, &course.desk),
                "{asked:?}\n{:#?}",
                course.desk.log
            );
            true
        }
        (Err(Fault::Refused(..) | Fault::LaterDoesNotHold(..)), None) => false,
        (Ok(_), None) => {
            // Only a step whose rules refuse it either way today may stay.
            let all: Vec<Option<Command>> = course.commands.iter().cloned().map(Some).collect();
            assert_eq!(
                course.given_from_the_start(&all),
                None,
                "{asked:?} was accepted, and from the start it is refused"
            );
            false
        }
        (Err(fault), right) => panic!("{fault:?} against {right:?} for {asked:?}\n{:#?}", course.desk.log),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_log_amended_at_a_step_is_the_log_in_which_the_right_facts_were_recorded_from_the_start(
        offset in 0..900u64,
        channel in prop::sample::select(Channel::ALL.to_vec()),
        steps in walks(),
        place in any::<prop::sample::Index>(),
        days in prop::option::of(-6..7i64),
    ) {
        let course = walked(day("2021-06-01") + Days::new(offset), channel, &steps);
        let place = place.index(course.commands.len());
        check_as_if_from_the_start(&course, place, days);
    }
}

/// Courses that hold each command once and more, for the tests of each command.
fn courses() -> Vec<Course> {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let registered =
        || Course::new("2022-06-30").accept(at_counter(day("2022-03-01"))).accept(Register { on: day("2022-03-01") });
    let lapsed = registered()
        .accept(RequestCorrection {
            on: day("2022-03-02"),
            items: vec!["文号".into()],
            respond_days: 10,
            served_on: Some(day("2022-03-03")),
        })
        .accept(Lapse { on: day("2022-04-01"), reason: "逾期未补正".into() });
    let delayed = registered()
        .accept(RequestJustification {
            on: day("2022-03-02"),
            facts: "一年内申请百余件".into(),
            respond_days: 5,
            served_on: None,
        })
        .accept(ReceiveJustification { on: day("2022-03-07"), reasonable: true, reasons: "办理需要".into() })
        .accept(DelayReply { on: day("2022-03-09"), until: day("2022-05-31"), reason: "数量大".into() });
    (0..3_000)
        .map(|n| {
            let steps = walks().new_tree(&mut runner).unwrap().current();
            let channel = Channel::ALL[n % Channel::ALL.len()];
            walked(day("2021-06-01") + Days::new(u64::try_from(n).unwrap() % 900), channel, &steps)
        })
        .chain([lapsed, delayed])
        .collect()
}

#[test]
fn every_command_is_amended_as_if_it_had_been_right_from_the_start() {
    let mut changed = std::collections::BTreeSet::new();
    let mut voided = std::collections::BTreeSet::new();
    for course in courses() {
        for (place, command) in course.commands.iter().enumerate() {
            let kind = command.kind();
            for days in [1, -1] {
                if !changed.contains(&kind) && check_as_if_from_the_start(&course, place, Some(days)) {
                    changed.insert(kind);
                }
            }
            if !voided.contains(&kind) && check_as_if_from_the_start(&course, place, None) {
                voided.insert(kind);
            }
        }
    }
    let all: std::collections::BTreeSet<CommandKind> = CommandKind::ALL.iter().copied().collect();
    let missing = |done: &std::collections::BTreeSet<CommandKind>| all.difference(done).copied().collect::<Vec<_>>();
    assert_eq!(missing(&changed), [CommandKind::Split, CommandKind::Void], "changed by a day");
    assert_eq!(missing(&voided), [CommandKind::Receive, CommandKind::Split, CommandKind::Void], "made void");
}
