//! Rules of the clock, one test each.

mod said;

use super::naive::d;
use super::*;

fn sent(id: &str, kind: ConsultationKind, on: &str) -> Fact {
    Fact::ConsultationSent { id: id.to_owned(), kind, on: d(on), silent_until: None }
}

fn asked(id: &str, on: &str) -> Fact {
    sent(id, ConsultationKind::ThirdParty, on)
}

fn asked_until(id: &str, on: &str, silent_until: &str) -> Fact {
    let silent_until = Some(d(silent_until));
    Fact::ConsultationSent { id: id.to_owned(), kind: ConsultationKind::ThirdParty, on: d(on), silent_until }
}

fn returned(id: &str, on: &str) -> Fact {
    Fact::ConsultationReturned { id: id.to_owned(), on: d(on) }
}

fn extended(on: &str, days: u32) -> Fact {
    Fact::Extension { on: d(on), days }
}

fn correction(on: &str) -> Fact {
    Fact::CorrectionRequested { on: d(on) }
}

fn corrected(on: &str) -> Fact {
    Fact::CorrectionReceived { on: d(on) }
}

fn fee(on: &str) -> Fact {
    Fact::FeeNotified { on: d(on) }
}

fn paid(on: &str) -> Fact {
    Fact::FeePaid { on: d(on) }
}

fn delayed(on: &str, until: &str) -> Fact {
    Fact::DelayedReply { on: d(on), until: d(until) }
}

fn replied(on: &str) -> Fact {
    Fact::Replied { on: d(on) }
}

fn ended(on: &str) -> Fact {
    Fact::Ended { on: d(on) }
}

fn ordered(on: &str, days: u32) -> Fact {
    Fact::Reopened { on: d(on), due: ReopenedPeriod::Days(days) }
}

fn timeline(received: &str, facts: &[Fact]) -> Timeline {
    let received = d(received);
    let regime = Timeline::regime_for(received, facts, None, ClockOptions::default());
    Timeline { regime, received, facts: facts.to_vec(), options: ClockOptions::default() }
}

fn clock(received: &str, facts: &[Fact]) -> ClockAnswer {
    reply_clock(&timeline(received, facts), Calendar::national(), None).unwrap()
}

fn clock_as_of(received: &str, facts: &[Fact], as_of: &str) -> ClockAnswer {
    reply_clock(&timeline(received, facts), Calendar::national(), Some(d(as_of))).unwrap()
}

fn refused(received: &str, facts: &[Fact]) -> ClockError {
    reply_clock(&timeline(received, facts), Calendar::national(), None).unwrap_err()
}

fn due(received: &str, facts: &[Fact]) -> NaiveDate {
    clock(received, facts).due.unwrap()
}

fn kinds(answer: &ClockAnswer) -> Vec<StepKind> {
    answer.derivation.iter().map(|step| step.kind).collect()
}

fn ineffective(answer: &ClockAnswer) -> Vec<(NaiveDate, Option<IneffectiveReason>)> {
    let steps = answer.derivation.iter().filter(|step| step.kind == StepKind::Ineffective);
    steps.map(|step| (step.from, step.reason)).collect()
}

#[test]
fn d2_the_day_of_receipt_is_day_zero() {
    let answer = clock("2024-03-01", &[]);
    assert_eq!(
        (answer.start, answer.due, answer.start_rule),
        (d("2024-03-01"), Some(d("2024-03-29")), StartRule::Receipt)
    );
    assert_eq!((answer.total, answer.excluded, answer.status), (Some(20), Some(0), ClockStatus::Running));
    assert_eq!(kinds(&answer), [StepKind::Start, StepKind::Counted, StepKind::Due]);
    assert_eq!(answer.calendar_version, Calendar::national().version());
}

/// T17: the day after receipt is the first that may be used.
#[test]
fn the_day_of_receipt_uses_nothing_and_the_next_working_day_uses_one() {
    let used = |as_of| {
        let answer = clock_as_of("2024-03-01", &[], as_of);
        (answer.used, answer.remaining)
    };
    assert_eq!(used("2024-03-01"), (Some(0), Some(20)));
    assert_eq!(used("2024-03-03"), (Some(0), Some(20)), "Sunday");
    assert_eq!(used("2024-03-04"), (Some(1), Some(19)));
    assert_eq!(used("2024-03-28"), (Some(19), Some(1)));
    assert_eq!(used("2024-03-29"), (Some(20), Some(0)));
    assert_eq!(used("2024-04-10"), (Some(20), Some(0)));
}

/// T22: the last day is valid to its end, also when it is recorded later.
#[test]
fn a_reply_on_the_due_date_is_in_time_and_one_the_day_after_is_late() {
    let answer = clock("2024-03-01", &[replied("2024-03-29")]);
    assert_eq!((answer.status, answer.overdue_days), (ClockStatus::Met, None));
    let late = clock_as_of("2024-03-01", &[replied("2024-04-01")], "2024-06-01");
    assert_eq!(late.status, ClockStatus::MetLate);
    assert_eq!((late.overdue_days, late.overdue_working_days), (Some(3), Some(1)));
}

/// T24: on the due date itself nothing is overdue.
#[test]
fn overdue_begins_the_day_after_the_due_date() {
    assert_eq!(clock_as_of("2024-03-01", &[], "2024-03-29").overdue_days, None);
    let answer = clock_as_of("2024-03-01", &[], "2024-03-30");
    assert_eq!((answer.overdue_days, answer.overdue_working_days), (Some(1), Some(0)), "a Saturday");
}

#[test]
fn d8_days_after_the_sending_day_up_to_the_return_do_not_count() {
    let answer = clock("2024-03-01", &[asked("c1", "2024-03-11"), returned("c1", "2024-03-29")]);
    assert_eq!((answer.due, answer.excluded), (Some(d("2024-04-19")), Some(14)));
}

#[test]
fn c4_the_organ_may_choose_to_count_the_return_day() {
    let mut case = timeline("2024-03-01", &[asked("c1", "2024-03-11"), returned("c1", "2024-03-29")]);
    case.options.count_return_day = true;
    let answer = reply_clock(&case, Calendar::national(), None).unwrap();
    assert_eq!((answer.due, answer.excluded), (Some(d("2024-04-18")), Some(13)));
}

/// T7: a pause after the deadline gave ten new days elsewhere.
#[test]
fn pausing_after_the_deadline_gives_no_new_days() {
    let facts = [asked("c1", "2024-04-08"), returned("c1", "2024-04-19")];
    let answer = clock_as_of("2024-03-01", &facts, "2024-04-22");
    assert_eq!((answer.due, answer.excluded, answer.status), (Some(d("2024-03-29")), Some(0), ClockStatus::Running));
    assert_eq!(answer.overdue_days, Some(24));
    let open = clock_as_of("2024-03-01", &facts[..1], "2024-04-10");
    assert_eq!((open.status, open.due, open.overdue_days), (ClockStatus::Running, Some(d("2024-03-29")), Some(12)));
}

#[test]
fn pausing_on_the_deadline_itself_gives_no_new_days() {
    let open = clock_as_of("2024-03-01", &[asked("c1", "2024-03-29")], "2024-04-10");
    assert_eq!((open.status, open.due), (ClockStatus::Running, Some(d("2024-03-29"))));
    let day_before = clock_as_of("2024-03-01", &[asked("c1", "2024-03-28")], "2024-04-10");
    assert_eq!((day_before.status, day_before.remaining), (ClockStatus::Suspended, Some(1)));
}

/// T11: several pauses on one day, over a weekend, beginning and ending on days of rest.
#[test]
fn several_pauses_on_one_day_and_pauses_over_rest_days_are_each_counted_once() {
    let same_day = [
        asked("a", "2024-03-11"),
        returned("a", "2024-03-11"),
        asked("b", "2024-03-11"),
        returned("b", "2024-03-12"),
        asked("c", "2024-03-12"),
        returned("c", "2024-03-13"),
    ];
    assert_eq!(clock("2024-03-01", &same_day).excluded, Some(2));
    let weekend = [asked("a", "2024-03-15"), returned("a", "2024-03-17")];
    assert_eq!((clock("2024-03-01", &weekend).excluded, due("2024-03-01", &weekend)), (Some(0), d("2024-03-29")));
    let holiday = [asked("a", "2024-10-01"), returned("a", "2024-10-07")];
    assert_eq!(
        (clock("2024-09-18", &holiday).excluded, due("2024-09-18", &holiday)),
        (Some(0), due("2024-09-18", &[]))
    );
    let worked_sunday = [asked("a", "2024-09-28"), returned("a", "2024-09-29")];
    assert_eq!(clock("2024-09-18", &worked_sunday).excluded, Some(1));
}

#[test]
fn c5_all_four_kinds_stop_the_clock_of_order_711() {
    for kind in ConsultationKind::ALL {
        let facts = [sent("c1", kind, "2024-03-11"), returned("c1", "2024-03-29")];
        assert_eq!(due("2024-03-01", &facts), d("2024-04-19"), "{}", kind.code());
    }
}

#[test]
fn c5_under_order_492_only_a_third_party_stops_the_clock_unless_the_organ_chose_otherwise() {
    for kind in ConsultationKind::ALL {
        let mut case = timeline("2018-03-01", &[sent("c1", kind, "2018-03-12"), returned("c1", "2018-03-16")]);
        let answer = reply_clock(&case, Calendar::national(), None).unwrap();
        let third_party = kind == ConsultationKind::ThirdParty;
        let expected = if third_party { (Some(d("2018-03-28")), Some(4)) } else { (Some(d("2018-03-22")), Some(0)) };
        assert_eq!((answer.due, answer.excluded), expected, "{}", kind.code());
        assert_eq!(kinds(&answer).contains(&StepKind::NoStop), !third_party, "{}", kind.code());
        case.options.organ_stops_492 = true;
        let answer = reply_clock(&case, Calendar::national(), None).unwrap();
        assert_eq!((answer.due, answer.excluded), (Some(d("2018-03-28")), Some(4)), "{}", kind.code());
    }
}

#[test]
fn an_open_consultation_that_does_not_stop_leaves_the_clock_running() {
    let facts = [sent("c1", ConsultationKind::OtherOrgan, "2018-03-12")];
    let answer = clock_as_of("2018-03-01", &facts, "2018-03-14");
    assert_eq!((answer.status, answer.due), (ClockStatus::Running, Some(d("2018-03-22"))));
}

#[test]
fn c6_a_silent_third_party_stops_the_clock_up_to_its_last_day_only() {
    let facts = [asked_until("c1", "2024-03-11", "2024-04-03")];
    let open = clock_as_of("2024-03-01", &facts, "2024-04-03");
    assert_eq!((open.status, open.due, open.resumes_on), (ClockStatus::Suspended, None, Some(d("2024-04-03"))));
    assert_eq!(open.due_if_silent, Some(DueIfReturned::On(d("2024-04-24"))));
    let over = clock_as_of("2024-03-01", &facts, "2024-04-04");
    assert_eq!((over.status, over.due, over.excluded), (ClockStatus::Running, Some(d("2024-04-24")), Some(17)));
    assert_eq!(due("2024-03-01", &facts), d("2024-04-24"), "without a day asked about the last day is taken");
}

#[test]
fn c6_the_earlier_of_the_opinion_and_the_last_day_ends_the_stop() {
    let early = [asked_until("c1", "2024-03-11", "2024-04-03"), returned("c1", "2024-03-29")];
    assert_eq!(due("2024-03-01", &early), d("2024-04-19"));
    let late = [asked_until("c1", "2024-03-11", "2024-04-03"), returned("c1", "2024-04-22")];
    assert_eq!(due("2024-03-01", &late), d("2024-04-24"));
}

#[test]
fn the_stop_has_no_known_end_while_one_open_consultation_has_none() {
    let facts = [asked_until("c1", "2024-03-11", "2024-04-03"), asked("c2", "2024-03-12")];
    let open = clock_as_of("2024-03-01", &facts, "2024-03-20");
    assert_eq!((open.status, open.resumes_on, open.due_if_silent), (ClockStatus::Suspended, None, None));
    let both = [asked_until("c1", "2024-03-11", "2024-04-03"), asked_until("c2", "2024-03-12", "2024-04-08")];
    let open = clock_as_of("2024-03-01", &both, "2024-03-20");
    assert_eq!(open.resumes_on, Some(d("2024-04-08")));
    let one_over = clock_as_of("2024-03-01", &both, "2024-04-05");
    assert_eq!((one_over.status, one_over.resumes_on), (ClockStatus::Suspended, Some(d("2024-04-08"))));
}

#[test]
fn d3_a_correction_restarts_the_period_on_the_day_it_is_received() {
    let answer = clock("2024-03-01", &[correction("2024-03-12"), corrected("2024-03-25")]);
    assert_eq!((answer.start, answer.due), (d("2024-03-25"), Some(d("2024-04-23"))));
    assert_eq!((answer.start_rule, answer.total), (StartRule::Correction, Some(20)));
}

#[test]
fn c7b_while_a_correction_is_awaited_there_is_no_due_date_but_the_old_one_is_shown_as_risk() {
    let answer = clock("2024-03-01", &[correction("2024-03-12")]);
    assert_eq!((answer.status, answer.due), (ClockStatus::AwaitingCorrection, None));
    assert_eq!(answer.risk_due, Some(d("2024-03-29")));
    assert_eq!(kinds(&answer), [StepKind::Start, StepKind::Waiting]);
}

#[test]
fn c7_under_order_492_the_corrected_text_is_a_new_application_with_its_own_period() {
    let answer = clock("2018-03-01", &[correction("2018-03-12"), corrected("2018-03-20")]);
    assert_eq!((answer.start, answer.due, answer.total), (d("2018-03-20"), Some(d("2018-04-11")), Some(15)));
    let restart = answer.derivation.iter().find(|step| step.kind == StepKind::Restart).unwrap();
    assert_eq!((restart.rule, restart.article), ("C-7", "《条例》（2007年）第二十一条第（四）项"));
}

fn paused(received: &str, facts: &[Fact]) -> Timeline {
    let options = ClockOptions { correction_pauses_492: true, ..ClockOptions::default() };
    Timeline { regime: Regime::Order492, options, ..timeline(received, facts) }
}

#[test]
fn c7_where_the_organ_says_so_a_correction_under_order_492_stops_the_period_and_starts_none() {
    let facts = [correction("2018-03-12"), corrected("2018-03-20")];
    let answer = reply_clock(&paused("2018-03-01", &facts), Calendar::national(), None).unwrap();
    // 3-13 to 3-20 are six working days; had they counted, the fifteenth day would have been 3-22.
    assert_eq!((answer.start, answer.due, answer.total), (d("2018-03-01"), Some(d("2018-03-30")), Some(15)));
    assert_eq!(answer.excluded, Some(6));
    let stop = answer.derivation.iter().find(|step| step.kind == StepKind::Excluded).unwrap();
    assert_eq!((stop.from, stop.through, stop.rule), (d("2018-03-13"), Some(d("2018-03-20")), "C-7"));
    assert_eq!(stop.article, "本机关设置（依地方规定）；《条例》（2007年）第二十一条第（四）项");
    let text = explain(&paused("2018-03-01", &facts), &answer, Calendar::national());
    assert!(text.contains("2018-03-13 至 2018-03-20 不计6个工作日：等候申请人更改、补充申请"), "{text}");
    assert!(text.contains("2018-03-12 告知更改、补充，2018-03-20 收到；其间不计算在期限内"), "{text}");
}

#[test]
fn c7_a_paused_correction_that_is_awaited_shows_the_date_without_it_and_voids_no_extension() {
    let waiting = paused("2018-03-01", &[correction("2018-03-12")]);
    let answer = reply_clock(&waiting, Calendar::national(), Some(d("2018-03-15"))).unwrap();
    assert_eq!((answer.status, answer.due), (ClockStatus::AwaitingCorrection, None));
    assert_eq!(answer.risk_due, Some(d("2018-03-22")));
    let extended =
        [Fact::Extension { on: d("2018-03-09"), days: 5 }, correction("2018-03-12"), corrected("2018-03-20")];
    let answer = reply_clock(&paused("2018-03-01", &extended), Calendar::national(), None).unwrap();
    assert_eq!((answer.due, answer.total), (Some(d("2018-04-09")), Some(20)));
}

#[test]
fn c7_a_pause_and_a_consultation_that_overlap_are_one_and_order_711_knows_no_pause() {
    let both = [
        correction("2018-03-12"),
        corrected("2018-03-20"),
        sent("a", ConsultationKind::ThirdParty, "2018-03-15"),
        returned("a", "2018-03-23"),
    ];
    let answer = reply_clock(&paused("2018-03-01", &both), Calendar::national(), None).unwrap();
    assert_eq!((answer.due, answer.excluded), (Some(d("2018-04-04")), Some(9)));
    let later = Timeline {
        options: ClockOptions { correction_pauses_492: true, ..ClockOptions::default() },
        ..timeline("2024-03-01", &[correction("2024-03-12"), corrected("2024-03-25")])
    };
    assert_eq!(reply_clock(&later, Calendar::national(), None).unwrap().due, Some(d("2024-04-23")));
}

#[test]
fn c10_the_order_follows_the_effective_date_of_receipt() {
    let facts = [correction("2019-05-05"), corrected("2019-05-27")];
    assert_eq!(Timeline::regime_for(d("2019-04-28"), &facts, None, ClockOptions::default()), Regime::Order711);
    assert_eq!(
        Timeline::regime_for(d("2019-04-28"), &facts, Some(d("2019-05-26")), ClockOptions::default()),
        Regime::Order492
    );
    assert_eq!(Timeline::regime_for(d("2019-05-14"), &[], None, ClockOptions::default()), Regime::Order492);
    assert_eq!(Timeline::regime_for(d("2019-05-15"), &[], None, ClockOptions::default()), Regime::Order711);
    assert_eq!(due("2019-04-28", &facts), d("2019-06-25"));
}

#[test]
fn c7_a_correction_that_only_stops_the_period_leaves_the_case_under_its_order() {
    let facts = [correction("2019-05-10"), corrected("2019-05-20")];
    let pauses = ClockOptions { correction_pauses_492: true, ..ClockOptions::default() };
    assert_eq!(Timeline::regime_for(d("2019-05-06"), &facts, None, pauses), Regime::Order492);
    assert_eq!(Timeline::regime_for(d("2019-05-06"), &facts, None, ClockOptions::default()), Regime::Order711);
}

#[test]
fn c10_the_order_may_be_overridden() {
    let case = Timeline { regime: Regime::Order711, ..timeline("2019-05-14", &[]) };
    assert_eq!(reply_clock(&case, Calendar::national(), None).unwrap().due, Some(d("2019-06-12")));
}

#[test]
fn d12_a_payment_restarts_the_period() {
    let facts = [fee("2024-03-12"), paid("2024-04-08")];
    let answer = clock("2024-03-01", &facts);
    assert_eq!(
        (answer.start, answer.due, answer.start_rule),
        (d("2024-04-08"), Some(d("2024-05-08")), StartRule::FeePayment)
    );
    let waiting = clock_as_of("2024-03-01", &facts, "2024-04-07");
    assert_eq!((waiting.status, waiting.due, waiting.risk_due), (ClockStatus::AwaitingFee, None, None));
}

#[test]
fn a_fee_from_before_the_fee_rules_does_not_move_the_period() {
    let answer = clock("2020-03-02", &[fee("2020-03-10"), paid("2020-03-20")]);
    assert_eq!((answer.due, answer.status), (Some(due("2020-03-02", &[])), ClockStatus::Running));
    let reason = Some(IneffectiveReason::FeeRulesNotInForce);
    assert_eq!(ineffective(&answer), [(d("2020-03-10"), reason), (d("2020-03-20"), reason)]);
    let over_new_year = clock("2020-12-25", &[fee("2020-12-31"), paid("2021-01-04")]);
    assert_eq!(over_new_year.start, d("2020-12-25"), "the notice had no basis");
    assert_eq!(clock("2020-12-25", &[fee("2021-01-01"), paid("2021-01-01")]).start, d("2021-01-01"));
}

#[test]
fn a_restart_voids_the_extension_before_it_and_keeps_the_one_after() {
    let facts = [extended("2024-03-05", 20), correction("2024-03-12"), corrected("2024-03-25")];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.due, answer.total), (Some(d("2024-04-23")), Some(20)));
    let voided = answer.derivation.iter().find(|step| step.kind == StepKind::Voided).unwrap();
    assert_eq!((voided.from, voided.days, voided.rule), (d("2024-03-05"), Some(20), "D5"));
    let again = [facts.as_slice(), &[extended("2024-04-23", 20)]].concat();
    assert_eq!(clock("2024-03-01", &again).total, Some(40), "the new period may be extended anew");
    let same_day = [correction("2024-03-12"), corrected("2024-03-25"), extended("2024-03-25", 5)];
    assert_eq!(clock("2024-03-01", &same_day).total, Some(25), "the restart comes first on its day");
}

#[test]
fn a_consultation_over_a_restart_takes_out_only_the_days_after_it() {
    let facts =
        [asked("c1", "2024-03-04"), returned("c1", "2024-03-15"), correction("2024-03-06"), corrected("2024-03-12")];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.due, answer.excluded), (Some(d("2024-04-15")), Some(3)));
}

#[test]
fn a_correction_may_be_asked_and_answered_on_one_day_and_asked_again_on_the_day_of_an_answer() {
    assert_eq!(clock("2024-03-01", &[correction("2024-03-05"), corrected("2024-03-05")]).start, d("2024-03-05"));
    let again = [correction("2024-03-05"), corrected("2024-03-11"), correction("2024-03-11")];
    let answer = clock("2024-03-01", &again);
    assert_eq!((answer.status, answer.start), (ClockStatus::AwaitingCorrection, d("2024-03-11")));
    let twice = [again.as_slice(), &[corrected("2024-03-20")]].concat();
    assert_eq!(
        (clock("2024-03-01", &twice).status, clock("2024-03-01", &twice).start),
        (ClockStatus::Running, d("2024-03-20"))
    );
}

#[test]
fn of_two_questions_the_correction_is_waited_for_first() {
    let facts = [correction("2024-03-05"), fee("2024-03-06")];
    assert_eq!(clock("2024-03-01", &facts).status, ClockStatus::AwaitingCorrection);
    let facts = [correction("2024-03-05"), fee("2024-03-06"), corrected("2024-03-08")];
    assert_eq!(clock("2024-03-01", &facts).status, ClockStatus::AwaitingFee);
}

#[test]
fn d5_an_extension_notified_on_the_due_date_counts_and_one_the_day_after_does_not() {
    let on_the_day = clock("2024-03-01", &[extended("2024-03-29", 20)]);
    assert_eq!((on_the_day.due, on_the_day.total), (Some(d("2024-04-28")), Some(40)), "04-28 is a worked Sunday");
    let too_late = clock("2024-03-01", &[extended("2024-03-30", 20)]);
    assert_eq!((too_late.due, too_late.total), (Some(d("2024-03-29")), Some(20)));
    assert_eq!(ineffective(&too_late), [(d("2024-03-30"), Some(IneffectiveReason::AfterDue))]);
}

#[test]
fn c12_stops_apply_to_base_and_extension_alike() {
    let facts = [asked("c1", "2024-03-11"), returned("c1", "2024-03-29"), extended("2024-04-19", 20)];
    assert_eq!(due("2024-03-01", &facts), d("2024-05-20"));
    let within = [extended("2024-03-29", 20), asked("c1", "2024-04-01"), returned("c1", "2024-04-10")];
    assert_eq!((due("2024-03-01", &within), clock("2024-03-01", &within).excluded), (d("2024-05-09"), Some(6)));
}

#[test]
fn an_extension_given_while_the_clock_stands_counts() {
    let facts = [asked("c1", "2024-03-11"), extended("2024-04-10", 10), returned("c1", "2024-04-12")];
    assert_eq!(clock("2024-03-01", &facts).total, Some(30));
    let open = clock_as_of("2024-03-01", &facts[..2], "2024-04-11");
    assert_eq!(
        (open.status, open.total, open.used, open.remaining),
        (ClockStatus::Suspended, Some(30), Some(6), Some(24))
    );
}

/// T10: the cap holds on every path.
#[test]
fn extensions_together_may_not_exceed_the_maximum() {
    let article = "《条例》第三十三条第二款";
    let error = |days| ClockError::ExtensionDays { days, max: 20, article };
    assert_eq!(refused("2024-03-01", &[extended("2024-03-10", 21)]), error(21));
    assert_eq!(refused("2024-03-01", &[extended("2024-03-10", 0)]), error(0));
    assert_eq!(refused("2024-03-01", &[extended("2024-03-10", 15), extended("2024-03-11", 6)]), error(21));
    assert_eq!(clock("2024-03-01", &[extended("2024-03-10", 15), extended("2024-03-11", 5)]).total, Some(40));
    assert_eq!(error(21).article(), Some(article));
    let old = refused("2018-03-01", &[extended("2018-03-10", 16)]);
    assert_eq!(old, ClockError::ExtensionDays { days: 16, max: 15, article: "《条例》（2007年）第二十四条第二款" });
}

#[test]
fn an_extension_without_effect_does_not_use_up_the_maximum() {
    let facts = [extended("2024-03-29", 20), extended("2024-05-06", 5)];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.total, ineffective(&answer).len()), (Some(40), 1));
}

/// T9: taking an extension away keeps the paused days.
#[test]
fn removing_an_extension_keeps_the_paused_days() {
    let paused = [asked("c1", "2024-03-11"), returned("c1", "2024-03-29")];
    let extended = [paused.as_slice(), &[extended("2024-04-01", 10)]].concat();
    assert_eq!(clock("2024-03-01", &extended).excluded, Some(14));
    assert_eq!(due("2024-03-01", &paused), d("2024-04-19"));
}

#[test]
fn d9_a_delayed_date_told_in_time_replaces_the_due_date() {
    let answer = clock_as_of("2024-03-01", &[delayed("2024-03-29", "2024-06-28")], "2024-06-24");
    assert_eq!((answer.due, answer.status), (Some(d("2024-06-28")), ClockStatus::Running));
    assert_eq!((answer.total, answer.remaining), (None, Some(4)));
    let too_late = clock("2024-03-01", &[delayed("2024-04-01", "2024-06-28")]);
    assert_eq!((too_late.due, ineffective(&too_late).len()), (Some(d("2024-03-29")), 1));
    let then_extended = clock("2024-03-01", &[delayed("2024-03-29", "2024-06-28"), extended("2024-06-03", 10)]);
    assert_eq!(then_extended.due, Some(d("2024-06-28")));
    assert_eq!(ineffective(&then_extended), [(d("2024-06-03"), Some(IneffectiveReason::PeriodFixed))]);
    let restarted = [delayed("2024-03-05", "2024-06-28"), correction("2024-03-06"), corrected("2024-03-11")];
    assert_eq!(due("2024-03-01", &restarted), d("2024-04-09"));
}

#[test]
fn a_decision_that_orders_a_reply_starts_its_own_period() {
    let facts = [ordered("2025-06-03", 20)];
    let answer = clock("2025-02-20", &facts);
    assert_eq!(
        (answer.start, answer.due, answer.start_rule),
        (d("2025-06-03"), Some(d("2025-07-01")), StartRule::Order)
    );
    let before = clock_as_of("2025-02-20", &facts, "2025-06-02");
    assert_eq!((before.due, before.overdue_days), (Some(d("2025-03-20")), Some(74)));
}

#[test]
fn the_period_of_a_decision_is_moved_by_nothing_but_another_decision() {
    let facts = [
        replied("2024-03-20"),
        ordered("2024-06-03", 10),
        asked("c1", "2024-06-04"),
        extended("2024-06-05", 10),
        correction("2024-06-06"),
        fee("2024-06-06"),
        delayed("2024-06-07", "2024-09-01"),
    ];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.due, answer.total, answer.status), (Some(d("2024-06-18")), Some(10), ClockStatus::Running));
    assert_eq!(ineffective(&answer).len(), 5);
    assert!(ineffective(&answer).iter().all(|(_, reason)| *reason == Some(IneffectiveReason::PeriodFixed)));
    let until = Fact::Reopened { on: d("2024-06-10"), due: ReopenedPeriod::Until(d("2024-07-05")) };
    let again = [facts.as_slice(), &[until]].concat();
    assert_eq!(clock("2024-03-01", &again).due, Some(d("2024-07-05")));
}

/// T27: a reopened case runs again, and its new reply is judged by the new period.
#[test]
fn a_reopened_case_runs_again_until_the_new_reply() {
    let facts = [replied("2024-03-20"), ordered("2024-06-03", 10)];
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-05-31").status, ClockStatus::Met);
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-06-03").status, ClockStatus::Running);
    let met = [facts.as_slice(), &[replied("2024-06-18")]].concat();
    assert_eq!(clock("2024-03-01", &met).status, ClockStatus::Met);
    let late = [facts.as_slice(), &[replied("2024-06-19")]].concat();
    assert_eq!(clock("2024-03-01", &late).status, ClockStatus::MetLate);
}

#[test]
fn what_follows_the_reply_moves_nothing() {
    let facts =
        [replied("2024-03-20"), asked("c1", "2024-03-21"), extended("2024-03-22", 10), correction("2024-03-22")];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.status, answer.due, answer.total), (ClockStatus::Met, Some(d("2024-03-29")), Some(20)));
    assert!(ineffective(&answer).iter().all(|(_, reason)| *reason == Some(IneffectiveReason::AfterClose)));
    assert_eq!(ineffective(&answer).len(), 3);
}

#[test]
fn a_reply_while_a_consultation_is_out_ends_the_stop_on_its_day() {
    let facts = [asked("c1", "2024-03-11"), replied("2024-04-12")];
    let answer = clock("2024-03-01", &facts);
    assert_eq!((answer.status, answer.excluded, answer.used), (ClockStatus::Met, Some(23), Some(6)));
    let opinion_after = [facts.as_slice(), &[returned("c1", "2024-05-20")]].concat();
    assert_eq!(clock("2024-03-01", &opinion_after).due, answer.due);
}

#[test]
fn a_reply_without_waiting_for_the_correction_is_in_time() {
    let answer = clock("2024-03-01", &[correction("2024-03-05"), replied("2024-04-12")]);
    assert_eq!((answer.status, answer.due, answer.risk_due), (ClockStatus::Met, None, Some(d("2024-03-29"))));
}

#[test]
fn a_case_that_ended_owes_nothing() {
    let answer = clock_as_of("2024-03-01", &[correction("2024-03-05"), ended("2024-04-02")], "2024-09-01");
    assert_eq!((answer.status, answer.overdue_days), (ClockStatus::Ended, None));
    let overdue = clock_as_of("2024-03-01", &[ended("2024-04-02")], "2024-09-01");
    assert_eq!((overdue.status, overdue.overdue_days), (ClockStatus::Ended, None));
}

#[test]
fn facts_after_the_day_asked_about_have_not_happened() {
    let facts =
        [asked("c1", "2024-03-11"), returned("c1", "2024-03-29"), extended("2024-04-01", 20), replied("2024-04-30")];
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-03-10").due, Some(d("2024-03-29")));
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-03-28").status, ClockStatus::Suspended);
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-03-29").due, Some(d("2024-04-19")));
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-04-01").total, Some(40));
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-04-29").status, ClockStatus::Running);
    assert_eq!(clock_as_of("2024-03-01", &facts, "2024-04-30").status, ClockStatus::Met);
}

/// T3: computed before or years after, the date is the same.
#[test]
fn an_old_case_recomputed_years_later_has_the_same_due_date() {
    let facts = [asked("c1", "2021-12-22"), returned("c1", "2022-01-05")];
    let then = clock_as_of("2021-12-20", &facts, "2022-01-05");
    let now = clock_as_of("2021-12-20", &facts, "2026-11-20");
    assert_eq!((then.due, now.due), (now.due, Some(d("2022-01-29"))));
}

#[test]
fn a_due_date_beyond_the_calendar_is_a_gap_with_a_marked_provisional_date() {
    let answer = clock("2026-12-31", &[]);
    assert_eq!((answer.status, answer.due, answer.counted), (ClockStatus::Gap, None, Some(0)));
    assert_eq!((answer.missing, answer.provisional_due), (Some(d("2027-01-01")), Some(d("2027-01-29"))));
    assert_eq!(kinds(&answer), [StepKind::Start, StepKind::Gap]);
    let partly = clock_as_of("2026-12-14", &[], "2026-12-21");
    assert_eq!((partly.counted, partly.used, partly.remaining), (Some(13), Some(5), Some(15)));
    let beyond = clock("2027-04-20", &[]);
    assert_eq!((beyond.missing, beyond.counted), (Some(d("2027-04-20")), Some(0)));
    let range = |answer: &ClockAnswer| answer.range.map(|range| (range.earliest, range.latest));
    assert_eq!(range(&answer), Some((d("2027-01-29"), d("2027-02-01"))));
    assert_eq!(range(&beyond), Some((d("2027-05-17"), d("2027-05-24"))));
    let in_2028 = clock("2028-04-24", &[]);
    assert_eq!(range(&in_2028), Some((d("2028-05-22"), d("2028-05-25"))));
    assert_eq!(in_2028.provisional_due, Some(d("2028-05-22")), "the earliest");
    let before = clock("2007-12-31", &[]);
    assert_eq!((before.status, before.missing), (ClockStatus::Gap, Some(d("2007-12-31"))));
}

/// 2011-12-31 and 2018-12-29 to 31 came with the notice of the year after.
#[test]
fn a_due_date_at_the_end_of_the_last_published_year_stands_and_is_marked() {
    let certain = clock("2026-11-27", &[]);
    assert_eq!((certain.due, certain.range), (Some(d("2026-12-25")), None));
    let answer = clock("2026-11-30", &[]);
    assert_eq!(
        (answer.status, answer.due, answer.provisional_due),
        (ClockStatus::Running, Some(d("2026-12-28")), None)
    );
    let range = answer.range.unwrap();
    assert_eq!((range.earliest, range.latest), (d("2026-12-27"), d("2026-12-28")));
    assert_eq!(answer.warns_on(), Some(d("2026-12-27")));
    assert_eq!(clock("2026-11-30", &[replied("2026-12-28")]).range, None, "answered and judged");
    let once_published = clock("2025-11-30", &[]);
    assert_eq!((once_published.due, once_published.range), (Some(d("2025-12-26")), None));
}

#[test]
fn a_stop_that_reaches_beyond_the_calendar_is_a_gap_and_the_provisional_date_leaves_it_out() {
    let facts = [asked("c1", "2026-12-25"), returned("c1", "2027-01-08")];
    let answer = clock("2026-12-18", &facts);
    assert_eq!((answer.status, answer.counted, answer.missing), (ClockStatus::Gap, Some(5), Some(d("2027-01-01"))));
    assert_eq!(answer.range.map(|range| (range.earliest, range.latest)), Some((d("2027-01-28"), d("2027-01-29"))));
    let open = clock_as_of("2026-12-18", &facts[..1], "2026-12-31");
    assert_eq!((open.status, open.due_if_returned_today), (ClockStatus::Suspended, Some(DueIfReturned::Gap)));
}

#[test]
fn a_stop_that_begins_beyond_the_calendar_does_not_hide_a_due_date_within_it() {
    let (received, due) = ("2026-06-20", Some(d("2026-07-17")));
    for facts in [vec![asked("c", "2027-12-21")], vec![asked("c", "2027-12-21"), returned("c", "2028-01-04")]] {
        let answer = clock(received, &facts);
        assert_eq!((answer.status, answer.due, answer.excluded), (ClockStatus::Running, due, Some(0)));
        let late = clock_as_of(received, &facts, "2028-02-01");
        assert_eq!((late.status, late.due, late.used, late.remaining), (ClockStatus::Running, due, Some(20), Some(0)));
        assert_eq!((late.overdue_days, late.overdue_working_days, late.missing), (Some(564), None, None));
    }
    let answer = clock(received, &[asked("c", "2027-12-21"), replied("2028-02-01")]);
    assert_eq!((answer.status, answer.due), (ClockStatus::MetLate, due));
    let asked_in_time = clock("2026-12-18", &[asked("c", "2027-01-04")]);
    assert_eq!((asked_in_time.status, asked_in_time.counted), (ClockStatus::Gap, Some(9)), "nor does it invent one");
}

#[test]
fn a_reply_known_to_be_in_time_is_met_though_the_due_date_is_a_gap() {
    let answer = clock("2026-12-14", &[replied("2026-12-30")]);
    assert_eq!((answer.status, answer.due), (ClockStatus::Met, None));
    assert_eq!(clock("2026-12-14", &[replied("2027-01-05")]).status, ClockStatus::Gap, "nobody can say yet");
    assert_eq!(clock("2026-12-14", &[ended("2027-01-05")]).status, ClockStatus::Ended);
}

/// T27: a calendar without years makes no dates.
#[test]
fn an_answer_from_a_calendar_that_does_not_reach_is_a_gap() {
    let years = Calendar::national().years().iter().filter(|year| year.year == 2020).cloned().collect();
    let only_2020 = Calendar::from_years(years).unwrap();
    let answer = reply_clock(&timeline("2024-03-01", &[]), &only_2020, Some(d("2024-06-01"))).unwrap();
    assert_eq!((answer.status, answer.due, answer.missing), (ClockStatus::Gap, None, Some(d("2024-03-01"))));
}

#[test]
fn impossible_facts_are_refused_with_their_code() {
    let code = |facts: &[Fact]| refused("2024-03-01", facts).code();
    assert_eq!(code(&[asked("c1", "2024-02-29")]), "fact_before_receipt");
    assert_eq!(code(&[replied("2024-02-29")]), "fact_before_receipt");
    assert_eq!(code(&[asked("c1", "2024-03-11"), returned("c1", "2024-03-08")]), "returned_before_sent");
    assert_eq!(code(&[asked_until("c1", "2024-03-11", "2024-03-10")]), "returned_before_sent");
    assert_eq!(code(&[returned("c1", "2024-03-08")]), "unknown_consultation");
    assert_eq!(code(&[asked("c1", "2024-03-11"), returned("c2", "2024-03-12")]), "unknown_consultation");
    assert_eq!(code(&[asked("c1", "2024-03-11"), asked("c1", "2024-03-12")]), "duplicate_consultation");
    let twice = [asked("c1", "2024-03-11"), returned("c1", "2024-03-12"), returned("c1", "2024-03-13")];
    assert_eq!(code(&twice), "duplicate_consultation");
    assert_eq!(code(&[corrected("2024-03-11")]), "correction_not_requested");
    assert_eq!(code(&[correction("2024-03-12"), corrected("2024-03-11")]), "correction_not_requested");
    assert_eq!(code(&[paid("2024-03-11")]), "fee_not_notified");
    assert_eq!(code(&[delayed("2024-03-11", "2024-03-10")]), "delayed_into_past");
    assert_eq!(code(&[ordered("2024-06-03", 0)]), "order_period");
    assert_eq!(code(&[ordered("2024-06-03", 367)]), "order_period");
    let into_the_past = Fact::Reopened { on: d("2024-06-03"), due: ReopenedPeriod::Until(d("2024-06-02")) };
    assert_eq!(code(&[into_the_past]), "order_period");
}

#[test]
fn the_same_day_is_not_before() {
    let facts = [
        asked_until("c1", "2024-03-01", "2024-03-01"),
        returned("c1", "2024-03-01"),
        delayed("2024-03-01", "2024-03-01"),
    ];
    assert_eq!(due("2024-03-01", &facts), d("2024-03-01"));
    assert_eq!(clock("2024-03-01", &[ordered("2024-06-03", 1)]).due, Some(d("2024-06-04")));
    assert!(clock("2024-03-01", &[ordered("2024-06-03", 366)]).due.is_some());
}

#[test]
fn an_impossible_fact_is_refused_even_when_it_lies_after_the_day_asked_about() {
    let facts = [asked("c1", "2024-03-11"), returned("c1", "2024-03-08")];
    let answer = reply_clock(&timeline("2024-03-01", &facts), Calendar::national(), Some(d("2024-03-05")));
    assert_eq!(answer.unwrap_err().code(), "returned_before_sent");
}

#[test]
fn a_day_before_receipt_cannot_be_asked_about() {
    let answer = reply_clock(&timeline("2024-03-01", &[]), Calendar::national(), Some(d("2024-02-29")));
    let expected = ClockError::AsOfBeforeReceipt { as_of: d("2024-02-29"), received: d("2024-03-01") };
    assert_eq!(answer.unwrap_err(), expected);
}

#[test]
fn a_second_delay_told_on_the_last_day_holds_and_a_day_later_it_does_not() {
    let first = delayed("2025-03-03", "2025-03-31");
    assert_eq!(due("2025-02-20", &[first.clone(), delayed("2025-03-31", "2025-04-15")]), d("2025-04-15"));
    let late = clock("2025-02-20", &[first, delayed("2025-04-01", "2025-04-15")]);
    assert_eq!(late.due, Some(d("2025-03-31")));
    assert_eq!(ineffective(&late), [(d("2025-04-01"), Some(IneffectiveReason::AfterDue))]);
}

#[test]
fn a_reply_on_the_last_day_of_the_calendar_is_in_time_and_one_beyond_it_cannot_be_judged() {
    let status = |on: &str| clock("2026-12-14", &[replied(on)]).status;
    assert_eq!(status("2026-12-31"), ClockStatus::Met, "thirteen of twenty days");
    assert_eq!(status("2027-01-01"), ClockStatus::Gap);
}

#[test]
fn a_fee_is_notified_from_the_first_day_of_its_rules_on() {
    assert_eq!(clock("2020-12-28", &[fee("2021-01-01")]).status, ClockStatus::AwaitingFee);
    assert_eq!(clock("2020-12-28", &[fee("2020-12-31")]).status, ClockStatus::Running);
}

#[test]
fn a_correction_asked_for_twice_is_awaited_since_the_first_time() {
    let facts = [correction("2024-03-05"), correction("2024-03-08")];
    let waiting = clock("2024-03-01", &facts).derivation.into_iter().find(|step| step.kind == StepKind::Waiting);
    assert_eq!(waiting.map(|step| step.from), Some(d("2024-03-05")));
}

#[test]
fn a_calendar_that_ends_says_what_it_counted_and_the_first_day_it_lacks() {
    let year = Calendar::national().years().iter().find(|year| year.year == 2025).cloned().unwrap();
    let calendar = Calendar::from_years(vec![year]).unwrap();
    let counted = |start: &str, days: u32| {
        let answer = reply_clock(&timeline(start, &[ordered(start, days)]), &calendar, None).unwrap();
        assert_eq!(answer.status, ClockStatus::Gap);
        (answer.counted, answer.missing)
    };
    // 2025 has 248 working days, the first of them 2 January.
    assert_eq!(counted("2025-01-01", 300), (Some(248), Some(d("2026-01-01"))));
    assert_eq!(counted("2025-12-31", 20), (Some(0), Some(d("2026-01-01"))));
    assert_eq!(counted("2024-12-31", 20), (Some(0), Some(d("2024-12-31"))));
    assert_eq!(counted("2026-01-01", 20), (Some(0), Some(d("2026-01-01"))));
}

#[test]
fn a_stop_that_begins_after_the_calendar_excludes_no_day_of_it() {
    let facts = [asked_until("c1", "2026-12-31", "2027-01-22")];
    let answer = clock("2026-12-14", &facts);
    assert_eq!((answer.status, answer.counted, answer.missing), (ClockStatus::Gap, Some(13), Some(d("2027-01-01"))));
    assert!(!kinds(&answer).contains(&StepKind::Excluded), "{:?}", answer.derivation);
    let earlier = clock("2026-12-14", &[asked_until("c1", "2026-12-30", "2027-01-22")]);
    let excluded = earlier.derivation.iter().find(|step| step.kind == StepKind::Excluded).unwrap();
    assert_eq!((excluded.from, excluded.through, excluded.days), (d("2026-12-31"), Some(d("2026-12-31")), Some(1)));
}
