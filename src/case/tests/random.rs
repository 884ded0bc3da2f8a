//! Random walks over commands and dates: whatever is accepted must make sense.

use super::support::{Desk, day, plain, received};
use crate::case::*;
use crate::law::{Calendar, Channel};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;

/// One step: how many days pass, which command, and how far its dates lie from today.
#[derive(Debug, Clone)]
struct Step {
    wait: u64,
    command: usize,
    back: u64,
    ahead: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..9u64, 0..CommandKind::ALL.len(), 0..25u64, prop::bool::weighted(0.05))
        .prop_map(|(wait, command, back, ahead)| Step { wait, command, back: back.saturating_sub(12), ahead });
    prop::collection::vec(step, 1..60)
}

fn walk(start: NaiveDate, channel: Channel, steps: &[Step]) -> Desk {
    let mut desk = Desk::on("2022-01-04");
    desk.today = start;
    let mut receive = received(channel, start);
    receive.signed_on = (channel == Channel::RegisteredMail).then_some(start);
    desk.accept(receive);
    for step in steps {
        desk.today = desk.today + Days::new(step.wait);
        let Some(kind) = CommandKind::ALL.get(step.command) else { continue };
        let on = if step.ahead { desk.today + Days::new(1) } else { desk.today - Days::new(step.back) };
        let command = plain(*kind, desk.case.as_ref(), on);
        let accepted = desk.give(&command).is_ok();
        let has_day = !matches!(kind, CommandKind::Receive | CommandKind::Void);
        assert!(!(accepted && step.ahead && has_day), "{command:?} lies in the future");
        check(&desk);
    }
    desk
}

/// What must hold after every accepted command.
/// From the day its row is derived on, row and log give the same position, unless a stop ended meanwhile.
fn check_row(desk: &Desk) {
    let (actor, calendar) = (super::support::holding(&[]), Calendar::national());
    let context = Context { actor: &actor, today: desk.today, calendar, rules: &desk.rules };
    let row = summary(desk.case(), &context);
    let thresholds = desk.rules.warning_thresholds();
    for later in 0..45 {
        let day = desk.today + Days::new(later);
        if row.resumes_on.is_some_and(|last| last < day) {
            break;
        }
        let answer = desk.case().reply_clock(calendar, &desk.rules, Some(day)).unwrap();
        let by_log = position(desk.case(), answer.as_ref(), day, &thresholds, calendar);
        let by_row = row.position(day, &thresholds, calendar);
        assert_eq!(
            (by_row.standing, by_row.level, by_row.on),
            (by_log.standing, by_log.level, by_log.on),
            "{day} {row:?}"
        );
        let is_listed = by_log.standing.is_late() || matches!(by_log.standing, Standing::DueSoon | Standing::DueToday);
        if is_listed {
            assert_eq!(by_row, by_log, "{day} {row:?}");
        }
    }
}

fn check(desk: &Desk) {
    check_row(desk);
    let case = desk.case();
    assert!(desk.log.iter().all(|event| event.on() <= desk.today), "a fact lies in the future");
    assert_eq!(case.outcome.is_some(), !case.stage.is_open() && case.stage != Stage::Void);
    assert!(case.reply_clock(Calendar::national(), &desk.rules, None).is_ok(), "the clock refuses an accepted log");
    assert_eq!(fold(&desk.log).as_ref(), Some(case));
    let rests = |later: Option<NaiveDate>, earlier: Option<NaiveDate>, what: &str| {
        if let (Some(later), Some(earlier)) = (later, earlier) {
            assert!(earlier <= later, "{what}: {later} rests on {earlier}");
        }
    };
    let receipt = case.receipt.map(|receipt| receipt.on);
    rests(receipt, Some(case.intake.submitted_on), "receipt");
    rests(case.registered_on, receipt, "registration");
    rests(case.correction.as_ref().map(|c| c.notice.on), receipt, "correction notice");
    rests(
        case.correction.as_ref().and_then(|c| c.received_on),
        case.correction.as_ref().map(|c| c.notice.on),
        "correction",
    );
    rests(case.fee.as_ref().and_then(|f| f.paid_on), case.fee.as_ref().map(|f| f.notice.on), "payment");
    for consultation in &case.consultations {
        rests(Some(consultation.opened.sent_on), receipt, "consultation");
        rests(consultation.returned.as_ref().map(|r| r.on), Some(consultation.opened.sent_on), "opinion");
    }
    let proposed = case.proposal.as_ref().map(|p| p.proposal.on);
    let approved = case.proposal.as_ref().map(Proposal::last_on);
    let issued = case.reply.as_ref().map(|r| r.issued_on);
    // An order to answer that arrives meanwhile does not undo a proposal already made.
    let corrected = case.correction.as_ref().and_then(|c| c.received_on);
    let paid = case.fee.as_ref().and_then(|f| f.paid_on);
    rests(proposed, receipt.max(corrected).max(paid), "proposal");
    rests(approved, proposed, "approval");
    rests(issued, approved, "reply");
    rests(case.replied_on(), issued, "dispatch");
    rests(case.reply.as_ref().and_then(|r| r.proof.as_ref()).map(|p| p.on), issued, "proof");
    rests(case.archive.as_ref().map(|a| a.on), case.ended_on, "archive");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_accepted_sequence_leaves_a_date_before_the_facts_it_rests_on(
        offset in 0..900u64,
        channel in prop::sample::select(Channel::ALL.to_vec()),
        steps in steps(),
    ) {
        walk(day("2021-06-01") + Days::new(offset), channel, &steps);
    }

    #[test]
    fn order_492_walks_hold_as_well(offset in 0..400u64, steps in steps()) {
        walk(day("2017-01-03") + Days::new(offset), Channel::InPerson, &steps);
    }
}
