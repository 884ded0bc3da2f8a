//! Until when a reply can be challenged: the day of service decides, and the law of that day.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Outcome, ServiceMethod};

fn all(desk: &Desk) -> Vec<Challenge> {
    let actor = holding(&[]);
    challenges(
        desk.case(),
        &Context { actor: &actor, today: desk.today, calendar: Calendar::national(), rules: &desk.rules },
    )
}

fn way(desk: &Desk, way: ChallengeWay) -> Challenge {
    all(desk).into_iter().find(|challenge| challenge.way == way).unwrap()
}

/// Day 0, the last day and its rule.
fn told(desk: &Desk, of: ChallengeWay) -> Option<(String, String, &'static str)> {
    let challenge = way(desk, of);
    challenge.term.map(|term| (term.from.day().to_string(), term.last.warns_on().to_string(), challenge.rule))
}

fn expect(from: &str, until: &str, rule: &'static str) -> Option<(String, String, &'static str)> {
    Some((from.to_owned(), until.to_owned(), rule))
}

/// Replied on `sent`; `proof` is what came back.
fn replied(received: &str, method: ServiceMethod, sent: &str, proof: Option<(&str, ServiceResult)>) -> Desk {
    of_outcome(proposal(Outcome::Provided, day(sent)), received, method, sent, proof)
}

fn of_outcome(
    outcome: ProposeOutcome,
    received: &str,
    method: ServiceMethod,
    sent: &str,
    proof: Option<(&str, ServiceResult)>,
) -> Desk {
    let on = day(sent);
    let mut desk = Desk::registered(received).at(sent);
    desk.accept(outcome).approve_all(on);
    desk.accept(IssueReply { on });
    desk.accept(Dispatch { method, on, carrier: None, tracking_number: None });
    if let Some((on, result)) = proof {
        desk = desk.at(on);
        desk.accept(ProveService { on: day(on), result, signatory: None });
    }
    desk
}

#[test]
fn a_posted_reply_is_challenged_from_the_addressees_signing_not_from_the_posting() {
    let signed = |on| replied("2026-04-07", ServiceMethod::Post, "2026-04-28", Some((on, ServiceResult::Signed)));
    let may = signed("2026-05-01");
    assert_eq!(told(&may, ChallengeWay::Reconsideration), expect("2026-05-01", "2026-06-30", "D18"));
    assert_eq!(told(&may, ChallengeWay::Suit), expect("2026-05-01", "2026-11-02", "D19"), "2026-11-01 is a Sunday");
    assert_eq!(way(&may, ChallengeWay::Suit).article, "《行政诉讼法》第四十六条；法释〔2026〕3号第二条");
    let april = signed("2026-04-30");
    assert_eq!(told(&april, ChallengeWay::Suit), expect("2026-04-30", "2026-10-30", "D19"));
    assert_eq!(way(&april, ChallengeWay::Suit).article, "《行政诉讼法》第四十六条");
    let said = way(&april, ChallengeWay::Suit).why;
    assert_eq!(said, "2026-04-30签收，为第0日；自次日起6个月，最后一日是休息日的顺延，至2026-10-30届满");
}

#[test]
fn from_july_2026_the_implementing_regulations_say_from_which_day_reconsideration_runs() {
    let served = |on, result| replied("2026-06-08", ServiceMethod::Direct, "2026-06-29", Some((on, result)));
    let before = served("2026-06-30", ServiceResult::Signed);
    assert_eq!(told(&before, ChallengeWay::Reconsideration), expect("2026-06-30", "2026-08-31", "D18"));
    assert_eq!(way(&before, ChallengeWay::Reconsideration).article, "《行政复议法》第二十条");
    let refused = served("2026-07-01", ServiceResult::Left);
    assert_eq!(told(&refused, ChallengeWay::Reconsideration), expect("2026-07-01", "2026-08-31", "D18"));
    let challenge = way(&refused, ChallengeWay::Reconsideration);
    assert_eq!(challenge.article, "《行政复议法》第二十条；《行政复议法实施条例》（国令第836号）第二十三条");
    assert!(challenge.why.starts_with("2026-07-01拒绝签收，留置送达，为第0日；自次日起60日"), "{}", challenge.why);
}

#[test]
fn without_a_day_of_service_there_is_no_date_and_a_reason() {
    for (method, reason) in [
        (ServiceMethod::Post, "自收件人签收之日，交邮之日只决定答复是否按期起算"),
        (ServiceMethod::Electronic, "自到达申请人指定系统之日起算"),
    ] {
        let told = all(&replied("2026-06-08", method, "2026-06-29", None));
        assert_eq!(told.iter().map(|challenge| challenge.way).collect::<Vec<_>>(), ChallengeWay::ALL, "{method:?}");
        for challenge in told {
            assert_eq!((challenge.term, challenge.rule), (None, ""), "{method:?}");
            assert_eq!(challenge.why, format!("尚未登记送达日期，不能计算：{reason}"));
        }
    }
    let on_its_way = replied("2026-06-08", ServiceMethod::Direct, "2026-06-29", None);
    assert_eq!(all(&on_its_way), [], "what is handed over is a reply from its signature on, and the period still runs");
    let returned =
        replied("2026-06-08", ServiceMethod::Post, "2026-06-29", Some(("2026-07-03", ServiceResult::Returned)));
    let told: Vec<_> =
        all(&returned).into_iter().map(|challenge| (challenge.way, challenge.term, challenge.why)).collect();
    let expected = ChallengeWay::ALL.iter().map(|way| (*way, None, "2026-07-03退回，未送达，不能计算".to_owned()));
    assert_eq!(told, expected.collect::<Vec<_>>(), "a returned letter serves nothing");
}

#[test]
fn a_refusal_under_articles_14_to_16_has_no_suit_of_its_own() {
    let refusal = ProposeOutcome {
        internal_affairs: Some(InternalAffairs::Personnel),
        ..proposal(Outcome::InternalAffairs, day("2026-04-28"))
    };
    let proof = Some(("2026-05-06", ServiceResult::Signed));
    let desk = of_outcome(refusal, "2026-04-07", ServiceMethod::Post, "2026-04-28", proof);
    assert_eq!(told(&desk, ChallengeWay::Reconsideration), expect("2026-05-06", "2026-07-06", "D18"));
    let suit = way(&desk, ChallengeWay::Suit);
    assert_eq!((suit.term, suit.article), (None, "《行政复议法》第二十三条第一款第（四）项"));
    assert!(suit.why.contains("自收到行政复议决定书之日起15日内"), "{}", suit.why);
}

#[test]
fn no_reply_is_challenged_from_the_end_of_the_reply_period_and_not_before_it() {
    // Due on 2026-06-30 and 2026-07-01.
    for (received, due, until, article) in [
        ("2026-06-01", "2026-06-30", "2026-08-31", "《行政复议法实施条例》（2007年）第十六条第一款第（一）项"),
        ("2026-06-02", "2026-07-01", "2026-08-31", "《行政复议法实施条例》（国令第836号）第二十四条第一款第（一）项"),
    ] {
        let desk = Desk::registered(received).at(due);
        assert_eq!(desk.due(), Some(day(due)));
        assert_eq!(all(&desk), [], "the last day is not over");
        let over = desk.at("2026-07-02");
        assert_eq!(told(&over, ChallengeWay::Reconsideration), expect(due, until, "D18b"));
        assert_eq!(way(&over, ChallengeWay::Reconsideration).article, article);
        assert_eq!(way(&over, ChallengeWay::Suit).rule, "D19b");
    }
    assert_eq!(all(&Desk::registered("2026-06-01").at("2026-06-10")), [], "the period runs");
}
