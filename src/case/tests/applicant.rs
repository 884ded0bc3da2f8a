//! Correction, reasons, fee, withdrawal.

use super::support::*;
use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Outcome, Regime};

fn correction(on: &str) -> RequestCorrection {
    RequestCorrection { on: day(on), items: vec!["请写明文号".into()], respond_days: 10, served_on: Some(day(on)) }
}

#[test]
fn reply_period_restarts_on_corrected_application() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    desk.accept(correction("2024-03-12"));
    assert_eq!((desk.status(), desk.due()), ("awaiting_correction", None));
    let mut desk = desk.at("2024-03-25");
    desk.accept(ReceiveCorrection { on: day("2024-03-25"), request: "某文号批复".into() });
    assert_eq!((desk.status(), desk.due()), ("running", Some(day("2024-04-23"))));
    assert_eq!(desk.case().intake.request, "某文号批复");
}

#[test]
fn correction_is_asked_for_once_and_only_once() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    desk.accept(correction("2024-03-12"));
    desk.accept(ReceiveCorrection { on: day("2024-03-12"), request: "补正".into() });
    let (code, article) = desk.refused(correction("2024-03-12"));
    assert_eq!((code, article), ("correction_only_once", Some("《条例》第三十条")));
}

#[test]
fn a_notice_after_the_seventh_working_day_is_allowed_but_flagged() {
    let late = |on: &str| {
        let mut desk = Desk::registered("2024-03-01").at(on);
        desk.accept(correction(on));
        desk.case().correction.as_ref().expect("a correction").late
    };
    assert!(!late("2024-03-12"), "the seventh working day is in time");
    assert!(late("2024-03-13"));
}

/// The day the row of the case is warned by.
fn warns_on(desk: &Desk) -> Option<chrono::NaiveDate> {
    let actor = everyone(uuid::Uuid::nil());
    let calendar = crate::law::Calendar::national();
    summary(desk.case(), &Context { actor: &actor, today: desk.today, calendar, rules: &desk.rules }).warns_on
}

#[test]
fn a_case_is_warned_by_its_last_day_or_by_what_stands_in_for_it() {
    let running = Desk::registered("2024-03-01").at("2024-03-12");
    assert_eq!(warns_on(&running), Some(day("2024-03-29")));
    let mut in_time = running.clone();
    in_time.accept(correction("2024-03-12"));
    assert_eq!(warns_on(&in_time), None, "the period has stopped for certain");
    let mut late = running.clone().at("2024-03-13");
    late.accept(correction("2024-03-13"));
    assert_eq!(warns_on(&late), Some(day("2024-03-29")), "the restart may not hold");
    // 2026-12-31 is the last day the calendar knows: nineteen of the twenty days are counted by estimate.
    let gap = Desk::registered("2026-12-30");
    assert_eq!((gap.status(), gap.due(), warns_on(&gap)), ("gap", None, Some(day("2027-01-27"))), "the earliest");
    let mut ended = running;
    ended.accept(Withdraw { on: day("2024-03-12"), identity_checked: true });
    assert_eq!(warns_on(&ended), None);
}

#[test]
fn under_order_492_asking_for_a_change_is_a_reply_not_a_step() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-05");
    let (code, article) = desk.refused(correction("2018-03-05"));
    assert_eq!(code, "correction_is_a_reply_492");
    assert!(article.is_some_and(|article| article.contains("2007年")));
}

#[test]
fn under_order_492_an_organ_may_choose_that_a_correction_stops_the_period() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-12");
    desk.rules.correction_pauses_492 = true;
    desk.accept(correction("2018-03-12"));
    assert_eq!((desk.status(), desk.due()), ("awaiting_correction", None));
    let mut desk = desk.at("2018-03-20");
    desk.accept(ReceiveCorrection { on: day("2018-03-20"), request: "某文号批复".into() });
    assert_eq!((desk.status(), desk.due()), ("running", Some(day("2018-03-30"))));
    assert_eq!(desk.refused(correction("2018-03-20")).0, "correction_only_once");
}

#[test]
fn a_paused_application_stays_under_order_492_whenever_its_correction_comes() {
    let mut desk = Desk::registered("2019-05-06").at("2019-05-20");
    desk.rules.correction_pauses_492 = true;
    desk.accept(correction("2019-05-10"));
    desk.accept(ReceiveCorrection { on: day("2019-05-20"), request: "补正".into() });
    assert_eq!((desk.case().regime, desk.due()), (Some(Regime::Order492), Some(day("2019-06-04"))));
}

#[test]
fn a_correction_under_order_492_must_be_asked_for_within_the_period() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-23");
    desk.rules.correction_pauses_492 = true;
    let (code, article) = desk.refused(correction("2018-03-23"));
    assert_eq!((code, article), ("correction_after_due", Some("《条例》（2007年）第二十四条")));
    desk.accept(correction("2018-03-22"));
}

#[test]
fn a_notice_after_the_whole_period_hides_no_lateness() {
    let mut desk = Desk::registered("2024-03-01").at("2024-06-03");
    let (code, article) = desk.refused(correction("2024-06-03"));
    assert_eq!((code, article), ("correction_after_due", Some("《条例》第三十三条")));
    desk.accept(correction("2024-03-29"));
    assert_eq!(desk.status(), "awaiting_correction");
}

#[test]
fn after_a_late_notice_the_date_without_the_restart_stays_in_sight() {
    let risk = |desk: &Desk| {
        let clock = desk.case().reply_clock(Calendar::national(), &desk.rules, Some(desk.today)).unwrap().unwrap();
        (clock.due, clock.risk_due)
    };
    let mut desk = Desk::registered("2024-03-01").at("2024-03-18");
    desk.accept(correction("2024-03-13"));
    assert_eq!(risk(&desk), (None, Some(day("2024-03-29"))), "while it is awaited");
    desk.accept(ReceiveCorrection { on: day("2024-03-18"), request: "补正".into() });
    assert_eq!(risk(&desk), (Some(day("2024-04-16")), Some(day("2024-03-29"))), "and when it has come");
    let mut timely = Desk::registered("2024-03-01").at("2024-03-18");
    timely.accept(correction("2024-03-12"));
    timely.accept(ReceiveCorrection { on: day("2024-03-18"), request: "补正".into() });
    assert_eq!(risk(&timely), (Some(day("2024-04-16")), None), "a notice in time leaves no risk");
}

#[test]
fn an_application_under_order_492_whose_correction_never_came_lapses_where_it_pauses() {
    let mut desk = Desk::registered("2018-03-01").at("2018-03-26");
    desk.rules.correction_pauses_492 = true;
    desk.accept(correction("2018-03-12"));
    let lapse = |on: &str| Lapse { on: day(on), reason: "无正当理由".into() };
    assert_eq!(desk.refused(lapse("2018-03-26")).0, "period_still_running");
    let mut desk = desk.at("2018-03-27");
    desk.accept(lapse("2018-03-27"));
    assert_eq!((desk.case().stage, desk.case().outcome), (Stage::Lapsed, Some(Outcome::O492AmendRequested)));
}

#[test]
fn a_correction_received_under_the_new_order_counts_by_it() {
    let mut desk = Desk::registered("2019-05-20").at("2019-06-28");
    desk.accept(correction("2019-05-27"));
    desk.accept(ReceiveCorrection { on: day("2019-06-03"), request: "补正".into() });
    assert_eq!(desk.case().regime, Some(Regime::Order711));
}

#[test]
fn an_application_is_given_up_only_after_the_last_day_of_its_correction() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-26");
    desk.accept(correction("2024-03-12"));
    let lapse = |on: &str| Lapse { on: day(on), reason: "无正当理由".into() };
    assert_eq!(desk.refused(lapse("2024-03-26")).0, "period_still_running");
    let mut desk = desk.at("2024-03-27");
    assert_eq!(desk.refused(lapse("2024-03-26")).0, "period_still_running");
    desk.accept(lapse("2024-03-27"));
    assert_eq!(desk.case().outcome, Some(Outcome::CorrectionLapsed));
    assert_eq!(desk.case().stage, Stage::Lapsed);
}

#[test]
fn nobody_gives_up_what_a_notice_that_was_never_served_asks_for() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    desk.accept(RequestCorrection { served_on: None, ..correction("2024-03-12") });
    let mut desk = desk.at("2024-06-03");
    let (code, article) = desk.refused(Lapse { on: day("2024-06-03"), reason: "无正当理由".into() });
    assert_eq!((code, article), ("notice_not_served", Some("《条例》第三十条")));
    desk.accept(ServeNotice { notice: Notice::Correction, on: day("2024-03-14") });
    desk.accept(Lapse { on: day("2024-06-03"), reason: "无正当理由".into() });
}

#[test]
fn reply_period_restarts_when_the_fee_is_paid() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-08");
    desk.accept(NotifyFee {
        on: day("2024-03-11"),
        basis: FeeBasis::ByPage,
        count: 68,
        counted_before: 0,
        served_on: Some(day("2024-03-12")),
    });
    assert_eq!(desk.case().fee.as_ref().map(|fee| fee.amount_yuan), Some(380));
    assert_eq!(desk.status(), "awaiting_fee");
    let payment = desk.obligations().into_iter().find(|o| o.kind == ObligationKind::FeePayment).expect("a duty");
    assert_eq!(payment.due_on, Some(day("2024-04-10")));
    desk.accept(PayFee { on: day("2024-04-08") });
    assert_eq!(desk.due(), Some(day("2024-05-08")));
}

#[test]
fn an_unpaid_fee_ends_the_case_after_twenty_working_days() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-10");
    let fee = NotifyFee {
        on: day("2024-03-11"),
        basis: FeeBasis::ByItem,
        count: 35,
        counted_before: 34,
        served_on: Some(day("2024-03-12")),
    };
    desk.accept(fee);
    assert_eq!(desk.case().fee.as_ref().map(|fee| fee.amount_yuan), Some(200), "the thirty-fifth piece of the month");
    assert_eq!(desk.refused(Lapse { on: day("2024-04-10"), reason: "未缴".into() }).0, "period_still_running");
    let mut desk = desk.at("2024-04-11");
    desk.accept(Lapse { on: day("2024-04-11"), reason: "未缴".into() });
    assert_eq!(desk.case().outcome, Some(Outcome::FeeLapsed));
}

#[test]
fn within_the_free_scale_nothing_may_be_charged_and_nothing_after_the_due_date() {
    let mut desk = Desk::registered("2024-03-01").at("2024-04-10");
    let fee =
        |count, on: &str| NotifyFee { on: day(on), basis: FeeBasis::ByPage, count, counted_before: 0, served_on: None };
    assert_eq!(desk.refused(fee(30, "2024-03-11")).0, "nothing_to_charge");
    assert_eq!(desk.refused(fee(31, "2024-04-01")).0, "fee_after_due");
    let mut old = Desk::registered("2020-12-01").at("2020-12-10");
    assert_eq!(old.refused(fee(31, "2020-12-10")).0, "fee_rules_not_in_force");
}

#[test]
fn asking_for_reasons_does_not_stop_the_clock() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-08");
    desk.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    assert_eq!((desk.case().stage, desk.due()), (Stage::AwaitingJustification, Some(day("2024-03-29"))));
    assert_eq!(desk.refused(proposal(Outcome::Excessive, day("2024-03-08"))).0, "period_still_running");
    let mut desk = desk.at("2024-03-18");
    desk.accept(proposal(Outcome::Excessive, day("2024-03-18")));
}

#[test]
fn reasonable_reasons_allow_a_delayed_date_and_forbid_refusing_as_excessive() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-12");
    desk.accept(RequestJustification {
        on: day("2024-03-08"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2024-03-08")),
    });
    let delay = DelayReply { on: day("2024-03-12"), until: day("2024-06-28"), reason: "数量大".into() };
    assert_eq!(desk.refused(delay.clone()).0, "wrong_stage");
    desk.accept(ReceiveJustification { on: day("2024-03-12"), reasonable: true, reasons: "课题研究".into() });
    assert_eq!(desk.refused(proposal(Outcome::Excessive, day("2024-03-12"))).0, "justification_unreasonable_required");
    let holiday = DelayReply { until: day("2024-06-10"), ..delay.clone() };
    assert_eq!(desk.refused(holiday).0, "not_a_working_day", "端午节");
    let endless = DelayReply { until: day("2025-03-14"), ..delay.clone() };
    assert_eq!(desk.refused(endless).0, "unreasonable_period");
    desk.accept(delay);
    assert_eq!(desk.due(), Some(day("2024-06-28")));
}

/// D9, Art. 35: the delayed date is the organ's to choose, and certain. A year without a notice has its holidays and weekends too.
#[test]
fn a_delayed_date_in_a_year_without_a_notice_is_neither_a_weekend_nor_a_statutory_holiday() {
    let mut desk = Desk::registered("2026-12-01").at("2026-12-07");
    desk.accept(RequestJustification {
        on: day("2026-12-03"),
        facts: "当月已申请六十件".into(),
        respond_days: 5,
        served_on: Some(day("2026-12-03")),
    });
    desk.accept(ReceiveJustification { on: day("2026-12-07"), reasonable: true, reasons: "课题研究".into() });
    let until = |until: &str| DelayReply { on: day("2026-12-07"), until: day(until), reason: "数量大".into() };
    for (rest_day, what) in
        [("2027-01-01", "元旦"), ("2027-02-06", "初一"), ("2027-10-01", "国庆"), ("2027-01-30", "星期六")]
    {
        assert_eq!(desk.refused(until(rest_day)).0, "not_a_working_day", "{what}");
    }
    desk.accept(until("2027-01-29"));
    assert_eq!(desk.due(), Some(day("2027-01-29")));
}

#[test]
fn a_withdrawal_is_in_writing_with_the_identity_checked_and_before_the_reply_is_sent() {
    let mut desk = Desk::registered("2024-03-01").at("2024-03-05");
    let withdrawal = |checked| Withdraw { on: day("2024-03-05"), identity_checked: checked };
    assert_eq!(desk.refused(withdrawal(false)).0, "identity_not_checked");
    desk.accept(withdrawal(true));
    assert_eq!(desk.case().outcome, Some(Outcome::Withdrawn));
    assert_eq!(desk.refused(withdrawal(true)).0, "wrong_stage");
}
