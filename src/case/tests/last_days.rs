//! Every last day that is stated is one on which the service itself acts: on the day itself the period still runs, the day
//! after it is over. Asked of `decide` and of the clock, for random histories.

use super::exhaustive::next_step;
use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Channel, ClockStatus, ConsultationKind, Outcome, ServiceMethod};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;

/// One step: how many days pass, which command if not the natural next one, and what it says.
#[derive(Debug, Clone)]
struct Step {
    wait: u64,
    command: Option<usize>,
    choice: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..12u64, prop::option::weighted(0.5, 0..CommandKind::ALL.len()), 0..1000usize)
        .prop_map(|(wait, command, choice)| Step { wait, command, choice });
    prop::collection::vec(step, 1..40)
}

/// The plain command, in the kinds that matter for a last day: served or not, of every party, by every way, come back or not.
fn varied(kind: CommandKind, desk: &Desk, choice: usize) -> Command {
    let on = desk.today;
    let served_on = choice.is_multiple_of(2).then_some(on);
    match plain(kind, desk.case.as_ref(), on) {
        Command::RequestCorrection(notice) => RequestCorrection { served_on, ..notice }.into(),
        Command::RequestJustification(request) => RequestJustification { served_on, ..request }.into(),
        Command::NotifyFee(notice) => NotifyFee { served_on, ..notice }.into(),
        Command::OpenConsultation(opened) => {
            let kinds = [
                ConsultationKind::ThirdParty,
                ConsultationKind::JointProducer,
                ConsultationKind::OtherOrgan,
                ConsultationKind::SecrecyAuthority,
            ];
            OpenConsultation { kind: kinds[choice / 2 % 4], served_on, ..opened }.into()
        }
        Command::Dispatch(sent) => {
            let ways = [ServiceMethod::Post, ServiceMethod::Electronic, ServiceMethod::Direct];
            Dispatch { method: ways[choice % 3], ..sent }.into()
        }
        Command::ProveService(proof) => {
            let result = if choice % 5 < 2 { ServiceResult::Returned } else { ServiceResult::Signed };
            ProveService { result, ..proof }.into()
        }
        other => other,
    }
}

/// Where a period that has a last day stands on `day`, as the service itself has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Period {
    Runs,
    IsOver,
}

impl Period {
    fn over(is_over: bool) -> Self {
        if is_over { Self::IsOver } else { Self::Runs }
    }
}

/// What the service would do on `day` about a running duty, if nothing happens until then. `None`: it is not asked, because
/// another thing stands in the way.
fn on_day(desk: &Desk, duty: &Obligation, day: NaiveDate) -> Option<Period> {
    let then = Desk { today: day, ..desk.clone() };
    let case = then.case();
    let last_clock = || case.reply_clock(Calendar::national(), &then.rules, Some(day)).expect("a clock");
    match duty.kind {
        ObligationKind::CorrectionResponse | ObligationKind::FeePayment => {
            match then.try_command(&Lapse { on: day, reason: "无正当理由".into() }.into()) {
                Ok(_) => Some(Period::IsOver),
                Err(refusal) => (refusal.code == "period_still_running").then_some(Period::Runs),
            }
        }
        ObligationKind::JustificationResponse => match then.try_command(&proposal(Outcome::Excessive, day).into()) {
            Ok(_) => Some(Period::IsOver),
            Err(refusal) => (refusal.code == "period_still_running").then_some(Period::Runs),
        },
        ObligationKind::ThirdPartyOpinion | ObligationKind::OrganOpinion => {
            let number = duty.key.rsplit(':').next().and_then(|number| number.parse::<u16>().ok())?;
            let consultation = case.consultations.iter().find(|found| found.number == number)?;
            Some(Period::over(!case.awaits(consultation, Calendar::national(), day)))
        }
        ObligationKind::Reply => {
            let answer = last_clock()?;
            match answer.status {
                // The day that stands if a correction notice sent too late does not hold (C-7b).
                ClockStatus::AwaitingCorrection => answer.risk_due.map(|risk| Period::over(day > risk)),
                _ => Some(Period::over(answer.overdue_days.is_some_and(|days| days > 0))),
            }
        }
        ObligationKind::CorrectionNotice => {
            let notice = plain(CommandKind::RequestCorrection, Some(case), day);
            match then.try_command(&notice).ok()?.into_iter().next()? {
                Event::CorrectionRequested { late, .. } => Some(Period::over(late)),
                _ => None,
            }
        }
        ObligationKind::RenewedReply => {
            let until = then.permit(CommandKind::ProposeOutcome).ok()?.until?;
            Some(Period::over(day > until))
        }
        // The organ's own: its base is a recorded fact, and its length is the organ's or the law's.
        ObligationKind::DepartmentTask => {
            let until = then.permit(CommandKind::AnswerTask).ok()?.until?;
            (case.tasks.iter().filter(|task| task.answer.is_none()).count() == 1).then(|| Period::over(day > until))
        }
        ObligationKind::RemedyResponse => {
            let until = then.permit(CommandKind::RespondRemedy).ok()?.until?;
            let open = case.remedies.iter().filter(|remedy| remedy.responded_on.is_none()).count();
            (open == 1).then(|| Period::over(day > until))
        }
        ObligationKind::ReceiptConfirmation => {
            let intake = &case.intake;
            let is_late = |on: NaiveDate| day > on;
            Some(Period::over(is_late(intake.arrived_on.unwrap_or(intake.submitted_on))))
        }
        ObligationKind::OpinionFollowUp
        | ObligationKind::ServiceDate
        | ObligationKind::ReceiptFollowUp
        // Their day is the reply's.
        | ObligationKind::Review
        | ObligationKind::Approval
        | ObligationKind::AmendmentConfirmation
        | ObligationKind::ServiceProof
        | ObligationKind::Redelivery
        | ObligationKind::AnnualReport
        | ObligationKind::SupervisionOrder => None,
    }
}

/// How often each kind was asked while its period runs, and when it is over.
type Asked = std::collections::BTreeMap<(&'static str, Period), usize>;

fn check(desk: &Desk, asked: &mut Asked) {
    let case = desk.case();
    for duty in desk.obligations() {
        let runs = duty.status == ObligationStatus::Open;
        let base_is_known = base_is_known(case, &duty);
        assert!(!(runs && duty.due_on.is_some() && !base_is_known), "{duty:?} has a last day and no base");
        let Some(last) = duty.due_on.filter(|_| runs && !duty.is_estimated() && !duty.kind.is_follow_up()) else {
            continue;
        };
        // Facts are not told before they happen: the day is looked at from today on.
        for (day, expected) in [(last, Period::Runs), (last + Days::new(1), Period::IsOver)] {
            if let Some(stands) = on_day(desk, &duty, day).filter(|_| day >= desk.today) {
                assert_eq!(stands, expected, "{duty:?} on {day}, today {}", desk.today);
                *asked.entry((duty.kind.code(), stands)).or_default() += 1;
            }
        }
    }
}

/// Whether the day that the period runs from is on record.
fn base_is_known(case: &Case, duty: &Obligation) -> bool {
    let consultation = || {
        let number = duty.key.rsplit(':').next()?.parse::<u16>().ok()?;
        case.consultations.iter().find(|found| found.number == number)
    };
    match duty.kind {
        ObligationKind::CorrectionResponse => case.correction.as_ref().is_some_and(|c| c.notice.served_on.is_some()),
        ObligationKind::JustificationResponse => {
            case.justification.as_ref().is_some_and(|j| j.request.served_on.is_some())
        }
        ObligationKind::FeePayment => case.fee.as_ref().is_some_and(|fee| fee.notice.served_on.is_some()),
        ObligationKind::ThirdPartyOpinion | ObligationKind::OrganOpinion => {
            consultation().is_some_and(|found| found.opened.served_on.is_some())
        }
        ObligationKind::ReceiptConfirmation => {
            case.intake.arrived_on.is_some() || case.intake.channel != Channel::OrdinaryMail
        }
        _ => true,
    }
}

/// A random history: the day it starts, the way in, whether a correction pauses the period under Order 492 (C-7), its steps.
type History = (NaiveDate, Channel, bool, Vec<Step>);

fn walk((start, channel, correction_pauses_492, steps): &History) -> Asked {
    let mut asked = Asked::new();
    let mut desk = Desk::on("2022-01-04");
    desk.today = *start;
    desk.rules.correction_pauses_492 = *correction_pauses_492;
    let mut receive = received(*channel, *start);
    receive.signed_on = (*channel == Channel::RegisteredMail).then_some(*start);
    desk.accept(receive);
    for step in steps {
        desk.today = desk.today + Days::new(step.wait);
        let kind = match step.command {
            Some(kind) => CommandKind::ALL[kind],
            None => next_step(&desk),
        };
        let command = varied(kind, &desk, step.choice);
        let _ = desk.give(&command);
        check(&desk, &mut asked);
        the_log_and_the_case_say_the_same_day(&desk);
    }
    asked
}

/// The day of the reply as each event of its service has it is the day of the case after that event.
fn the_log_and_the_case_say_the_same_day(desk: &Desk) {
    let mut case = None;
    for event in &desk.log {
        case = evolve(case, event);
        if let Event::Dispatched { replied_on, .. } | Event::ServiceProved { replied_on, .. } = event {
            let reply = case.as_ref().and_then(|case| case.reply.as_ref());
            assert_eq!(*replied_on, reply.and_then(|reply| reply.replied_on), "{event:?}");
        }
    }
    // What came back by the electronic way was not sent: the reply counts from none of those days.
    if let Some(reply) = &desk.case().reply {
        let bounced = |at: usize| reply.came_back.iter().any(|back| usize::from(back.dispatch) == at + 1);
        if let Some(at) = reply.counts_from {
            let is_electronic = reply.dispatches[at].method == ServiceMethod::Electronic;
            assert!(!(is_electronic && bounced(at)), "{reply:?}");
        }
        let is_replied = matches!(desk.case().stage, Stage::Replied);
        let owed = desk.obligations().iter().any(|duty| {
            duty.kind == ObligationKind::Redelivery && duty.status == ObligationStatus::Open && duty.due_on.is_some()
        });
        // What was only sent by a message that came back may still be taken back by the applicant, and is then not owed.
        if reply.is_back() && matches!(desk.case().stage, Stage::Approved | Stage::Replied) {
            assert!(owed, "what came back is to be served again: {reply:?}");
            assert!(desk.permit(CommandKind::Dispatch).is_ok() && desk.permit(CommandKind::Archive).is_err());
        }
        assert!(!is_replied || desk.permit(CommandKind::Archive).is_err(), "unserved: {reply:?}");
    }
}

/// Walks random histories; how often each kind was asked about.
fn asked_of(cases: u32, input: &impl Strategy<Value = History>) -> Asked {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases));
    let asked = std::cell::RefCell::new(Asked::new());
    let walked = runner.run(input, |history| {
        for (kind, count) in walk(&history) {
            *asked.borrow_mut().entry(kind).or_default() += count;
        }
        Ok(())
    });
    walked.unwrap_or_else(|fault| panic!("{fault}"));
    asked.into_inner()
}

/// A kind that was never asked about would pass unseen.
fn each_was_asked_about(asked: &Asked, kinds: &[ObligationKind]) {
    for kind in kinds {
        for period in [Period::Runs, Period::IsOver] {
            let count = asked.get(&(kind.code(), period)).copied().unwrap_or_default();
            assert!(count > 5, "{} {period:?} in {asked:?}", kind.code());
        }
    }
}

#[test]
fn every_last_day_is_one_on_which_the_service_acts_the_day_after() {
    let start = (0..900u64).prop_map(|offset| day("2021-06-01") + Days::new(offset));
    let asked = asked_of(4_000, &(start, prop::sample::select(Channel::ALL.to_vec()), Just(false), steps()));
    each_was_asked_about(
        &asked,
        &[
            ObligationKind::Reply,
            ObligationKind::CorrectionNotice,
            ObligationKind::CorrectionResponse,
            ObligationKind::ThirdPartyOpinion,
            ObligationKind::OrganOpinion,
            ObligationKind::JustificationResponse,
            ObligationKind::FeePayment,
            ObligationKind::DepartmentTask,
            ObligationKind::ReceiptConfirmation,
            ObligationKind::RemedyResponse,
        ],
    );
}

#[test]
fn under_order_492_every_last_day_holds_as_well() {
    let start = (0..600u64).prop_map(|offset| day("2016-06-01") + Days::new(offset));
    let asked = asked_of(4_000, &(start, Just(Channel::InPerson), any::<bool>(), steps()));
    each_was_asked_about(
        &asked,
        &[
            ObligationKind::Reply,
            ObligationKind::CorrectionResponse,
            ObligationKind::DepartmentTask,
            ObligationKind::RemedyResponse,
        ],
    );
    // Order 492 sets these no period (D1b, D6b).
    for kind in [ObligationKind::CorrectionNotice, ObligationKind::ThirdPartyOpinion, ObligationKind::OrganOpinion] {
        assert!(asked.keys().all(|(asked, _)| *asked != kind.code()), "{} in {asked:?}", kind.code());
    }
}
