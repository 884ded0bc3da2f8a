//! Where a case stands for those who watch, and what its row says of it.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Outcome, ServiceMethod, WarningLevel, WarningThresholds};

fn stands(desk: &Desk) -> Position {
    let calendar = Calendar::national();
    let answer = desk.case().reply_clock(calendar, &desk.rules, Some(desk.today)).unwrap();
    position(desk.case(), answer.as_ref(), desk.today, &WarningThresholds::default(), calendar)
}

fn row(desk: &Desk) -> Summary {
    let actor = holding(&[]);
    let context = Context { actor: &actor, today: desk.today, calendar: Calendar::national(), rules: &desk.rules };
    summary(desk.case(), &context)
}

/// Received on the first day, answered by post on the second.
fn answered(received: &str, on: &str) -> Desk {
    let mut desk = Desk::registered(received).at(on);
    desk.accept(proposal(Outcome::Provided, day(on))).approve_all(day(on));
    desk.accept(IssueReply { on: day(on) });
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: day(on), carrier, tracking_number: None });
    desk
}

#[test]
fn a_late_reply_keeps_the_level_it_went_out_with() {
    let late = stands(&answered("2024-03-01", "2024-04-01").at("2024-09-02"));
    let expected = Position {
        standing: Standing::Late,
        level: WarningLevel::Red,
        due_on: Some(day("2024-03-29")),
        latest_on: None,
        on: day("2024-04-01"),
    };
    assert_eq!(late, expected);
    assert_eq!(stands(&answered("2024-03-01", "2024-04-28")).level, WarningLevel::Black, "thirty days");
    let in_time = stands(&answered("2024-03-01", "2024-03-29").at("2024-09-02"));
    assert_eq!((in_time.standing, in_time.level), (Standing::OnTime, WarningLevel::None));
}

#[test]
fn an_estimated_day_is_one_where_no_other_is_known() {
    let gap = Desk::registered("2026-12-14").at("2026-12-28");
    let open = stands(&gap);
    assert!(open.latest_on.is_some() && open.due_on.is_some(), "{open:?}");
    assert_eq!((open.standing, open.level), (Standing::Running, WarningLevel::Blue));
    let ended = stands(&answered("2026-12-14", "2027-01-05"));
    assert_eq!((ended.standing, ended.level), (Standing::Unjudged, WarningLevel::None));
    let mut corrected = Desk::registered("2024-03-01").at("2024-03-12");
    corrected.accept(plain(CommandKind::RequestCorrection, corrected.case.as_ref(), day("2024-03-12")));
    let waiting = stands(&corrected);
    assert_eq!((waiting.standing, waiting.due_on, waiting.latest_on), (Standing::AwaitingApplicant, None, None));
}

#[test]
fn a_row_says_whether_the_reply_was_late_and_whether_its_own_period_was_extended() {
    assert!(row(&answered("2024-03-01", "2024-04-01")).is_late);
    assert!(!row(&answered("2024-03-01", "2024-03-29")).is_late);
    let mut extended = Desk::registered("2024-03-01").at("2024-03-12");
    assert!(!row(&extended).is_extended);
    extended.accept(extension(5, day("2024-03-05")));
    assert!(row(&extended).is_extended);
    extended.accept(plain(CommandKind::RequestCorrection, extended.case.as_ref(), day("2024-03-06")));
    extended.accept(ReceiveCorrection { on: day("2024-03-12"), request: "补正".into() });
    assert!(!row(&extended).is_extended, "the extension was of the period that the correction ended");
    let mut same_day = Desk::registered("2024-03-01");
    same_day.accept(extension(5, day("2024-03-01")));
    assert!(row(&same_day).is_extended, "told on the day of receipt");
}

#[test]
fn the_row_of_a_late_correction_knows_when_a_silent_third_party_ends_the_stop() {
    let mut desk = Desk::registered("2021-06-01").at("2021-06-15");
    desk.accept(third_party(day("2021-06-15")));
    desk.accept(ServeConsultation { consultation: 1, on: day("2021-06-15") });
    let desk = &mut desk.at("2021-06-18");
    desk.accept(plain(CommandKind::RequestCorrection, desk.case.as_ref(), day("2021-06-18")));
    assert!(desk.case().correction.as_ref().is_some_and(|notice| notice.late));
    let waiting = row(desk);
    assert_eq!((waiting.warns_on, waiting.resumes_on), (None, Some(day("2021-07-06"))), "fifteen working days");
    let ended = row(&desk.clone().at("2021-07-07"));
    assert_eq!((ended.warns_on, ended.resumes_on), (Some(day("2021-07-21")), None), "the period without the restart");
    let mut in_time = Desk::registered("2021-06-01").at("2021-06-07");
    in_time.accept(third_party(day("2021-06-07")));
    in_time.accept(ServeConsultation { consultation: 1, on: day("2021-06-07") });
    in_time.accept(plain(CommandKind::RequestCorrection, in_time.case.as_ref(), day("2021-06-07")));
    let waiting = row(&in_time);
    assert_eq!((waiting.warns_on, waiting.resumes_on), (None, None), "the period starts anew with the correction");
    let answer = in_time.case().reply_clock(Calendar::national(), &in_time.rules, Some(in_time.today));
    let answer = answer.unwrap().unwrap();
    assert_eq!((answer.resumes_on, answer.risk_resumes_on), (None, Some(day("2021-06-29"))), "a risk, not a stop");
    let timeline = in_time.case().timeline(Calendar::national(), &in_time.rules).unwrap();
    let said = crate::law::explain(&timeline, &answer, Calendar::national());
    assert!(said.contains("如补正告知被认定不产生重新计算的效力，且无人答复，停止计算至2021-06-29止"), "{said}");
}
