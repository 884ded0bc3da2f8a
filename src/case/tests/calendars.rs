//! One case under two calendars: what moves when the calendar of a year comes or is changed.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Outcome, ServiceMethod};

/// The calendar as it was before the notice for 2025 came out.
fn without_2025() -> Calendar {
    let years = Calendar::national().years().iter().filter(|year| year.year < 2025).cloned().collect();
    Calendar::from_years(years).unwrap()
}

fn duties(desk: &Desk, calendar: &Calendar) -> Vec<Obligation> {
    let actor = holding(&[]);
    obligations(desk.case(), &Context { actor: &actor, today: desk.today, calendar, rules: &desk.rules })
}

#[test]
fn a_duty_whose_day_was_an_estimate_is_told_with_both_days_and_the_rest_is_not() {
    let mut desk = Desk::registered("2024-12-10").at("2024-12-20");
    desk.accept(Assign { on: day("2024-12-20"), department_id: DEPARTMENT, handler_id: None, days: Some(3) });
    let (before, after) = (duties(&desk, &without_2025()), duties(&desk, Calendar::national()));
    assert!(before.len() > 1, "{before:?}");
    let moved = MovedDuty {
        key: "reply".into(),
        kind: ObligationKind::Reply,
        due_before: Some(day("2025-01-07")),
        was_provisional: true,
        due_after: Some(day("2025-01-08")),
        is_provisional: false,
    };
    assert_eq!(moved_duties(&before, &after), [moved]);
    assert_eq!(moved_duties(&after, &after), []);
    let mut gone = after.clone();
    gone.retain(|duty| duty.key != "reply");
    let told = moved_duties(&after, &gone);
    let days = told.iter().map(|duty| (duty.key.as_str(), duty.due_before, duty.due_after)).collect::<Vec<_>>();
    assert_eq!(days, [("reply", Some(day("2025-01-08")), None)], "a duty that only one of them has");
    let mut done = after.clone();
    done.iter_mut().for_each(|duty| duty.status = ObligationStatus::Met);
    assert_eq!(
        moved_duties(&done, &gone.iter().filter(|_| false).cloned().collect::<Vec<_>>()),
        [],
        "what is done moves no more"
    );
}

#[test]
fn what_an_ended_case_still_owes_runs_by_the_calendar_in_force_and_the_rest_stays_as_decided() {
    let mut desk = Desk::registered("2024-12-02").at("2024-12-23");
    desk.accept(proposal(Outcome::Provided, day("2024-12-23"))).approve_all(day("2024-12-23"));
    desk.accept(IssueReply { on: day("2024-12-23") });
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: day("2024-12-23"), carrier, tracking_number: None });
    let (old, actor) = (without_2025(), holding(&[]));
    let context = |calendar| Context { actor: &actor, today: desk.today, calendar, rules: &desk.rules };
    let (own, running) = (context(&old), context(Calendar::national()));
    let estimated = |duties: Vec<Obligation>| {
        duties.into_iter().map(|duty| (duty.kind, duty.status, duty.is_estimated())).collect::<Vec<_>>()
    };
    let reply = (ObligationKind::Reply, ObligationStatus::Met);
    let proof = (ObligationKind::ServiceProof, ObligationStatus::Open);
    let by_own = estimated(obligations(desk.case(), &own));
    assert!(by_own.contains(&(proof.0, proof.1, true)), "{by_own:?}");
    let now = estimated(obligations_under(desk.case(), &own, &running));
    assert!(now.contains(&(proof.0, proof.1, false)), "the proof is looked for by the new calendar: {now:?}");
    assert!(now.contains(&(reply.0, reply.1, false)), "{now:?}");
    assert_eq!(estimated(obligations_under(desk.case(), &own, &own)), by_own);

    let open = Desk::registered("2024-12-10").at("2024-12-20");
    let by_own = duties(&open, &old);
    assert_eq!(obligations_under(open.case(), &own, &running), by_own, "an open case has one calendar");
}
