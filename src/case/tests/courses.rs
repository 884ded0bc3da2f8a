//! What the yearly statistics count of a case.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Channel, Outcome, ReopenedPeriod, ServiceMethod};
use uuid::Uuid;

/// Answered by post on the desk's day.
fn answer(desk: &mut Desk, outcome: Outcome) {
    let today = desk.today;
    desk.accept(proposal(outcome, today)).approve_all(today).accept(IssueReply { on: today });
    let carrier = Some("EMS".into());
    desk.accept(Dispatch { method: ServiceMethod::Post, on: today, carrier, tracking_number: None });
}

/// Received on 1 March 2023, refused on the 10th.
fn refused() -> Desk {
    let mut desk = Desk::registered("2023-03-01").at("2023-03-10");
    answer(&mut desk, Outcome::InternalAffairs);
    desk
}

/// A reconsideration that came and was decided on these days.
fn decided(desk: Desk, received_on: &str, on: &str, orders: bool) -> Desk {
    let mut desk = desk.at(on);
    let (kind, reference) = (RemedyKind::Reconsideration, "〔2023〕1号".into());
    desk.accept(OpenRemedy { kind, received_on: day(received_on), reference, simplified: false });
    let remedy = u16::try_from(desk.case().remedies.len()).unwrap();
    let orders_reply_within = orders.then_some(ReopenedPeriod::Days(20));
    desk.accept(DecideRemedy { remedy, on: day(on), result: RemedyResult::Corrected, orders_reply_within });
    desk
}

fn concluded(desk: &Desk) -> Option<(String, Outcome, bool)> {
    let end = course(&desk.log).expect("in stock").concluded?;
    Some((end.on.to_string(), end.outcome, end.is_extended))
}

#[test]
fn an_application_is_counted_as_it_came_and_as_it_ended() {
    let mut extended = Desk::registered("2023-03-01").at("2023-03-10");
    extended.accept(extension(5, day("2023-03-10")));
    answer(&mut extended, Outcome::Provided);
    let expected = Course {
        applicant_kind: ApplicantKind::NaturalPerson,
        channel: Channel::InPerson,
        entered_on: day("2023-03-01"),
        concluded: Some(Conclusion { on: day("2023-03-10"), outcome: Outcome::Provided, is_extended: true }),
    };
    assert_eq!(course(&extended.log), Some(expected));
    assert_eq!(concluded(&refused()), Some(("2023-03-10".into(), Outcome::InternalAffairs, false)));
    assert_eq!(concluded(&Desk::registered("2023-03-01")), None);
    let mut unconfirmed = Desk::on("2023-03-01");
    unconfirmed.accept(received(Channel::OrdinaryMail, day("2023-03-01")));
    assert_eq!((course(&unconfirmed.log), course(&[])), (None, None), "no day of receipt, no application in stock");
}

#[test]
fn an_order_of_the_same_year_puts_it_back_into_stock_and_one_of_a_later_year_does_not() {
    let same = decided(refused(), "2023-05-08", "2023-06-12", true);
    assert_eq!(concluded(&same), None);
    let mut again = same.at("2023-06-20");
    answer(&mut again, Outcome::Provided);
    assert_eq!(concluded(&again), Some(("2023-06-20".into(), Outcome::Provided, false)));
    let mut later = decided(refused(), "2023-12-04", "2024-01-15", true).at("2024-01-22");
    answer(&mut later, Outcome::Provided);
    assert_eq!(concluded(&later), Some(("2023-03-10".into(), Outcome::InternalAffairs, false)), "reported for 2023");
}

#[test]
fn what_is_split_in_its_year_leaves_its_parts_in_its_place_and_later_it_has_ended() {
    let split = |today: &str| {
        let mut desk = Desk::registered("2023-12-20").at(today);
        desk.accept(plain(CommandKind::Split, desk.case.as_ref(), day(today)));
        desk
    };
    assert_eq!(course(&split("2023-12-25").log), None);
    assert_eq!(concluded(&split("2024-01-05")).map(|(on, ..)| on), Some("2024-01-05".into()));
    let tied = |relation| {
        let mut desk = Desk::registered("2023-12-20").at("2024-01-05");
        desk.log.push(Event::Linked(Link { on: day("2024-01-05"), other_case: Uuid::from_u128(5), relation }));
        course(&desk.log).map(|course| course.entered_on)
    };
    assert_eq!(tied(LinkRelation::SplitFrom), Some(day("2024-01-05")), "until then it was its parent's business");
    assert_eq!(tied(LinkRelation::Earlier), Some(day("2023-12-20")));
}

#[test]
fn each_remedy_has_its_own_decision() {
    let first = decided(refused(), "2023-05-08", "2023-06-12", false).at("2023-07-03");
    let mut both = first;
    let (kind, reference) = (RemedyKind::Litigation, "（2023）行初1号".into());
    both.accept(OpenRemedy { kind, received_on: day("2023-07-03"), reference, simplified: false });
    let expected = [
        RemedyCourse {
            kind: RemedyKind::Reconsideration,
            opened_on: day("2023-05-08"),
            decided: Some((day("2023-06-12"), RemedyResult::Corrected)),
        },
        RemedyCourse { kind: RemedyKind::Litigation, opened_on: day("2023-07-03"), decided: None },
    ];
    assert_eq!(remedy_courses(&both.log), expected);
    let result = RemedyResult::Upheld;
    both.accept(DecideRemedy { remedy: 2, on: day("2023-07-03"), result, orders_reply_within: None });
    let decisions: Vec<_> = remedy_courses(&both.log).into_iter().map(|course| course.decided).collect();
    assert_eq!(decisions, [expected[0].decided, Some((day("2023-07-03"), RemedyResult::Upheld))]);
}

#[test]
fn a_fee_counts_on_the_day_it_is_paid() {
    let mut desk = Desk::registered("2023-03-01").at("2023-03-10");
    desk.accept(plain(CommandKind::NotifyFee, desk.case.as_ref(), day("2023-03-06")));
    assert_eq!(fees_paid(&desk.log), []);
    desk.accept(PayFee { on: day("2023-03-10") });
    assert_eq!(fees_paid(&desk.log), [(day("2023-03-10"), 380)]);
}

#[test]
fn the_log_is_only_read_of_cases_that_were_set_aside_or_divided() {
    assert!(!is_turned(&refused().log));
    assert!(!is_turned(&decided(refused(), "2023-05-08", "2023-06-12", false).log), "it orders nothing");
    assert!(is_turned(&decided(refused(), "2023-05-08", "2023-06-12", true).log));
    let mut split = Desk::registered("2023-12-20");
    split.accept(plain(CommandKind::Split, split.case.as_ref(), split.today));
    assert!(is_turned(&split.log));
    for (relation, expected) in [(LinkRelation::SplitFrom, true), (LinkRelation::Related, false)] {
        let mut tied = Desk::registered("2023-12-20");
        tied.log.push(Event::Linked(Link { on: tied.today, other_case: Uuid::from_u128(5), relation }));
        assert_eq!(is_turned(&tied.log), expected, "{relation:?}");
    }
}

#[test]
fn a_title_is_the_first_line_that_says_something_cut_to_sixty_characters() {
    assert_eq!(title_of("\n  \n 某地块征收批复\t及公告 \n第二行"), "某地块征收批复 及公告");
    assert_eq!(title_of(""), "");
    let sixty = "字".repeat(60);
    assert_eq!(title_of(&sixty), sixty);
    assert_eq!(title_of(&"字".repeat(61)), format!("{}…", "字".repeat(59)));
}
