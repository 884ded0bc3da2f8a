//! Cases of the past: from a ledger's line to a lawful case, and back.

use super::support::*;
use crate::case::command::*;
use crate::case::historical::*;
use crate::case::*;
use crate::law::{Calendar, Channel, ClockOptions, ClockStatus, ConsultationKind, Outcome, Regime, ServiceMethod};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use uuid::Uuid;

const BESIDE: Beside<'_> = Beside { applicant: Uuid::from_u128(1), department: None, number: "补号" };

fn past(received_on: &str) -> Past {
    Past {
        number: Some("旧2020-1".into()),
        received_on: day(received_on),
        awaits_confirmation: false,
        channel: Channel::Online,
        applicant_kind: ApplicantKind::NaturalPerson,
        request: "某地块征收批复".into(),
        correction: None,
        consultations: Vec::new(),
        extension: None,
        fee: None,
        replied_on: None,
        outcome: None,
        document_number: None,
        method: None,
        served_on: None,
        note: None,
    }
}

fn ended(received_on: &str, replied_on: &str, outcome: Outcome) -> Past {
    Past { replied_on: Some(day(replied_on)), outcome: Some(outcome), ..past(received_on) }
}

fn try_told(past: &Past, beside: &Beside<'_>, today: &str) -> Result<PastLog, Vec<NotAllowed>> {
    let rules = OrganRules::default();
    let actor = holding(&[]);
    past_log(past, beside, &Context { actor: &actor, today: day(today), calendar: Calendar::national(), rules: &rules })
}

#[track_caller]
fn tell(past: &Past) -> PastLog {
    try_told(past, &BESIDE, "2025-06-30").unwrap_or_else(|faults| panic!("{past:?}: {faults:?}"))
}

/// The faults as (code, pointer), each of which must name its article.
fn faults(past: &Past) -> Vec<(&'static str, &'static str)> {
    let faults = try_told(past, &BESIDE, "2025-06-30").expect_err("must be refused");
    assert!(faults.iter().all(|fault| fault.article.is_some()), "{faults:?}");
    faults.into_iter().map(|fault| (fault.code, fault.pointer.unwrap_or_default())).collect()
}

fn on_desk(past_log: PastLog, today: &str) -> Desk {
    Desk { rules: OrganRules::default(), today: day(today), log: past_log.events, case: Some(past_log.case) }
}

#[test]
fn a_reply_in_time_and_a_late_one_are_both_taken_and_told_apart() {
    let in_time = tell(&ended("2024-03-01", "2024-03-29", Outcome::Provided));
    assert_eq!((in_time.case.stage, in_time.case.outcome), (Stage::Replied, Some(Outcome::Provided)));
    assert_eq!((in_time.case.ended_on, in_time.remarks), (Some(day("2024-03-29")), Vec::new()));
    assert_eq!(in_time.case.number.as_deref(), Some("旧2020-1"));
    let late = tell(&ended("2024-03-01", "2024-04-01", Outcome::Provided));
    assert_eq!(late.remarks, [Remark::ReplyLate]);
}

/// D13: the day of signing is the day of the reply. Where the ledger does not say it, the import does.
#[test]
fn the_day_of_signing_that_a_ledger_does_not_say_is_assumed_and_told() {
    let handed = |method, served_on: Option<&str>| Past {
        method: Some(method),
        served_on: served_on.map(day),
        ..ended("2024-03-01", "2024-03-20", Outcome::Provided)
    };
    for method in [ServiceMethod::Direct, ServiceMethod::Entrusted] {
        let silent = tell(&handed(method, None));
        assert_eq!(silent.remarks, [Remark::ServiceDayAssumed], "{method:?}");
        assert_eq!(silent.case.replied_on(), Some(day("2024-03-20")));
        let said = tell(&handed(method, Some("2024-03-21")));
        assert_eq!((said.remarks, said.case.replied_on()), (vec![], Some(day("2024-03-21"))), "{method:?}");
    }
    for method in [ServiceMethod::Post, ServiceMethod::Electronic] {
        assert_eq!(tell(&handed(method, None)).remarks, [], "{method:?}: its day of sending counts");
    }
    let withdrawn = Past { outcome: Some(Outcome::Withdrawn), ..handed(ServiceMethod::Direct, None) };
    assert_eq!(tell(&withdrawn).remarks, [], "nothing was signed for");
}

#[test]
fn each_order_judges_its_own_days() {
    // Fifteen working days before 2019-05-15, twenty since.
    let of_492 = ended("2018-03-01", "2018-03-23", Outcome::O492Disclosed);
    assert_eq!(tell(&of_492).remarks, [Remark::ReplyLate]);
    assert_eq!(tell(&of_492).case.regime, Some(Regime::Order492));
    assert_eq!(tell(&ended("2024-03-01", "2024-03-25", Outcome::Provided)).remarks, []);
    for (received, outcome) in [("2018-03-01", Outcome::Provided), ("2024-03-01", Outcome::O492Disclosed)] {
        assert_eq!(faults(&ended(received, "2024-03-20", outcome)), [("outcome_of_other_order", at::OUTCOME)]);
    }
}

#[test]
fn what_cannot_have_happened_is_refused_at_its_fact_with_its_article() {
    let open = past("2024-03-01");
    let done = ended("2024-03-01", "2024-03-20", Outcome::Provided);
    let some = |text| Some(day(text));
    let corrected = |on, received_on| Some(PastCorrection { on: day(on), term: None, received_on });
    let asked = |sent, returned_on| {
        vec![PastConsultation {
            party: "甲公司".into(),
            kind: ConsultationKind::ThirdParty,
            sent_on: day(sent),
            returned_on,
        }]
    };
    for (impossible, expected) in [
        (past("2025-07-01"), ("date_in_future", at::RECEIVED_ON)),
        (past("2008-04-30"), ("date_before_the_law", at::RECEIVED_ON)),
        (Past { replied_on: some("2024-02-29"), ..done.clone() }, ("date_before_fact", at::REPLIED_ON)),
        (Past { replied_on: some("2025-07-01"), ..done.clone() }, ("date_in_future", at::REPLIED_ON)),
        (Past { replied_on: None, ..done.clone() }, ("reply_date_required", at::REPLIED_ON)),
        (Past { outcome: None, ..done.clone() }, ("outcome_required", at::OUTCOME)),
        (Past { served_on: some("2024-03-05"), ..open.clone() }, ("outcome_required", at::OUTCOME)),
        (Past { served_on: some("2024-03-19"), ..done.clone() }, ("date_before_fact", at::SERVED_ON)),
        (Past { correction: corrected("2024-02-01", None), ..open.clone() }, ("date_before_fact", at::CORRECTION_ON)),
        (
            Past { correction: corrected("2024-03-05", some("2024-03-04")), ..open.clone() },
            ("date_before_fact", at::CORRECTION_RECEIVED_ON),
        ),
        (
            Past { correction: corrected("2024-03-05", some("2024-03-21")), ..done.clone() },
            ("date_after_end", at::CORRECTION_RECEIVED_ON),
        ),
        (
            Past { consultations: asked("2024-03-05", some("2024-03-04")), ..open.clone() },
            ("date_before_fact", at::CONSULTATION_RETURNED_ON),
        ),
        (
            Past { consultations: asked("2024-03-21", None), ..done.clone() },
            ("date_after_end", at::CONSULTATION_SENT_ON),
        ),
        (
            Past { extension: Some(PastExtension { days: 21, on: day("2024-03-20") }), ..open.clone() },
            ("extension_days", at::EXTENSION_DAYS),
        ),
        (
            Past { extension: Some(PastExtension { days: 5, on: day("2024-03-21") }), ..done.clone() },
            ("date_after_end", at::EXTENSION_ON),
        ),
        (
            Past { fee: Some(PastFee { on: day("2024-03-05"), paid_on: some("2024-03-04") }), ..open.clone() },
            ("date_before_fact", at::FEE_PAID_ON),
        ),
        (
            Past {
                correction: corrected("2024-03-05", None),
                fee: Some(PastFee { on: day("2024-03-06"), paid_on: None }),
                ..open.clone()
            },
            ("correction_outstanding", at::FEE_ON),
        ),
    ] {
        assert_eq!(faults(&impossible), [expected], "{impossible:?}");
    }
    let twice = Past { replied_on: some("2024-02-29"), served_on: some("2024-02-01"), ..done };
    assert_eq!(faults(&twice).len(), 2, "everything is told at once");
}

#[test]
fn what_should_not_have_happened_is_taken_and_remarked_upon() {
    let late_notice = PastCorrection { on: day("2024-03-20"), term: None, received_on: Some(day("2024-03-25")) };
    let noticed = Past { correction: Some(late_notice), ..ended("2024-03-01", "2024-04-10", Outcome::Provided) };
    assert_eq!(tell(&noticed).remarks, [Remark::CorrectionNoticeLate]);
    let told_late = PastExtension { days: 20, on: day("2024-04-01") };
    let extended = Past { extension: Some(told_late), ..ended("2024-03-01", "2024-04-10", Outcome::Provided) };
    assert_eq!(tell(&extended).remarks, [Remark::ReplyLate, Remark::ExtensionIneffective]);
    let fee = PastFee { on: day("2020-03-10"), paid_on: Some(day("2020-03-12")) };
    let charged = Past { fee: Some(fee), ..ended("2020-03-02", "2020-03-20", Outcome::Provided) };
    assert_eq!(tell(&charged).remarks, [Remark::FeeBeforeRules]);
    let courier =
        Past { method: Some(ServiceMethod::PrivateCourier), ..ended("2024-03-01", "2024-03-20", Outcome::Provided) };
    assert_eq!(tell(&courier).remarks, [Remark::PrivateCourier]);
    let given_up = ended("2024-03-01", "2024-03-20", Outcome::CorrectionLapsed);
    assert_eq!(tell(&given_up).remarks, [Remark::LapseWithoutNotice]);
    assert_eq!(tell(&given_up).case.stage, Stage::Lapsed);
}

#[test]
fn the_way_of_service_says_which_day_counts_and_what_is_still_owed() {
    let sent = |method, served_on: Option<&str>| {
        let base = ended("2025-05-20", "2025-06-10", Outcome::Provided);
        tell(&Past { method, served_on: served_on.map(day), ..base })
    };
    let posted = sent(Some(ServiceMethod::Post), Some("2025-06-13"));
    assert_eq!((posted.case.ended_on, posted.case.stage), (Some(day("2025-06-10")), Stage::Served));
    let handed = sent(Some(ServiceMethod::Direct), Some("2025-06-13"));
    assert_eq!((handed.case.ended_on, handed.case.stage), (Some(day("2025-06-13")), Stage::Served), "D13");
    let owes = |past_log: PastLog| {
        let desk = on_desk(past_log, "2025-06-30");
        let owed = desk.obligations().into_iter().filter(|duty| duty.status == ObligationStatus::Open);
        owed.map(|duty| duty.kind).collect::<Vec<_>>()
    };
    assert_eq!(owes(sent(None, None)), [], "a ledger without a way of service owes no proof of it");
    let recent = Past { method: Some(ServiceMethod::Post), ..ended("2025-05-20", "2025-06-24", Outcome::Provided) };
    assert_eq!(owes(tell(&recent)), [ObligationKind::ServiceProof]);
    let old = sent(Some(ServiceMethod::Post), None);
    assert_eq!(old.case.stage, Stage::Archived, "nobody looks for the proof of an old letter any more");
    assert_eq!(owes(old), []);
}

#[test]
fn an_open_row_is_a_case_that_can_be_worked_on_from_where_it_stands() {
    let today = "2025-06-30";
    let open = past("2025-06-16");
    let mut plain = on_desk(tell(&open), today);
    assert_eq!(plain.case().stage, Stage::Registered);
    plain.accept(proposal(Outcome::Provided, day(today)));

    let awaited = PastCorrection { on: day("2025-06-18"), term: Some(Term::Days(10)), received_on: None };
    let mut corrected = on_desk(tell(&Past { correction: Some(awaited), ..open.clone() }), today);
    assert_eq!(corrected.case().stage, Stage::AwaitingCorrection);
    corrected.accept(ServeNotice { notice: Notice::Correction, on: day("2025-06-19") });
    corrected.accept(ReceiveCorrection { on: day(today), request: "补正后".into() });

    let asked = PastConsultation {
        party: "甲公司".into(),
        kind: ConsultationKind::ThirdParty,
        sent_on: day("2025-06-18"),
        returned_on: None,
    };
    let mut consulted = on_desk(tell(&Past { consultations: vec![asked], ..open.clone() }), today);
    assert_eq!((consulted.case().stage, consulted.status()), (Stage::InProgress, "suspended"));
    consulted.accept(ReturnConsultation { consultation: 1, on: day(today), opinion: Opinion::Consents, reasons: None });

    let billed = PastFee { on: day("2025-06-18"), paid_on: None };
    let mut charged = on_desk(tell(&Past { fee: Some(billed), ..open.clone() }), today);
    assert_eq!(charged.case().stage, Stage::AwaitingFee);
    charged.accept(PayFee { on: day(today) });

    let extended = Past { extension: Some(PastExtension { days: 20, on: day("2025-06-27") }), ..open.clone() };
    assert_eq!(on_desk(tell(&extended), today).refused(extension(1, day(today))).0, "extension_once");

    let beside = Beside { department: Some(DEPARTMENT), ..BESIDE };
    let given = on_desk(try_told(&open, &beside, today).unwrap(), today);
    let task = given.obligations().into_iter().find(|duty| duty.kind == ObligationKind::DepartmentTask).unwrap();
    assert_eq!(task.due_on, Some(day("2025-07-09")), "the department has its days from today");
}

#[test]
fn under_order_492_the_notice_to_change_the_application_is_the_reply() {
    let notice = PastCorrection { on: day("2017-03-10"), term: None, received_on: None };
    let mut asked = ended("2017-03-01", "2017-03-10", Outcome::O492AmendRequested);
    asked.replied_on = None;
    asked.correction = Some(notice);
    let past_log = tell(&asked);
    assert_eq!((past_log.case.ended_on, past_log.case.outcome), (Some(day("2017-03-10")), asked.outcome));
    // An office that went on with the corrected text: the period starts anew with it, under the Order of that day.
    let corrected = PastCorrection { on: day("2019-05-10"), term: None, received_on: Some(day("2019-05-16")) };
    let over = Past { correction: Some(corrected), ..ended("2019-05-06", "2019-06-14", Outcome::Provided) };
    assert_eq!(over.regime(ClockOptions::default()), Regime::Order711);
    assert_eq!((tell(&over).case.regime, tell(&over).remarks), (Some(Regime::Order711), Vec::new()));
}

#[test]
fn a_row_without_a_number_gets_the_one_that_was_drawn_and_keeps_its_note() {
    let bare = Past { number: None, note: Some("原件在档案室".into()), ..past("2024-03-01") };
    let past_log = tell(&bare);
    assert_eq!(past_log.case.number.as_deref(), Some("补号"));
    assert_eq!(recorded(&past_log.case, &past_log.events).note, bare.note);
}

#[test]
fn an_open_row_waits_for_one_thing_of_the_applicant() {
    let asked = |correction: (&str, Option<&str>), fee: (&str, Option<&str>)| Past {
        correction: Some(PastCorrection { on: day(correction.0), term: None, received_on: correction.1.map(day) }),
        fee: Some(PastFee { on: day(fee.0), paid_on: fee.1.map(day) }),
        ..past("2025-06-02")
    };
    let (fifth, sixth, ninth) = ("2025-06-05", "2025-06-06", "2025-06-09");
    for (correction, fee) in [
        ((fifth, None), (sixth, None)),
        ((sixth, None), (sixth, None)),
        ((sixth, None), (fifth, None)),
        ((fifth, Some(ninth)), (sixth, None)),
        ((sixth, Some(ninth)), (fifth, None)),
        ((fifth, None), (fifth, Some(fifth))),
        ((fifth, None), (fifth, Some(sixth))),
    ] {
        let expected = [("correction_outstanding", at::FEE_ON)];
        assert_eq!(faults(&asked(correction, fee)), expected, "{correction:?} {fee:?}");
    }
    for (correction, fee, stage) in [
        ((fifth, Some(sixth)), (sixth, None), Stage::AwaitingFee),
        ((sixth, None), (fifth, Some(fifth)), Stage::AwaitingCorrection),
        ((fifth, Some(ninth)), (sixth, Some(sixth)), Stage::InProgress),
        ((sixth, Some(sixth)), (fifth, Some(ninth)), Stage::InProgress),
    ] {
        assert_eq!(tell(&asked(correction, fee)).case.stage, stage, "{correction:?} {fee:?}");
    }
    let paid = Past {
        replied_on: Some(day("2025-06-20")),
        outcome: Some(Outcome::Provided),
        ..asked((fifth, None), (sixth, None))
    };
    assert_eq!(tell(&paid).case.stage, Stage::Replied, "what has ended waits for nothing");
}

#[test]
fn each_way_of_coming_in_is_received_on_the_ledgers_day() {
    for channel in Channel::ALL.iter().copied() {
        let past_log = tell(&Past { channel, ..past("2025-06-16") });
        assert_eq!(past_log.case.receipt.map(|receipt| receipt.on), Some(day("2025-06-16")), "{channel:?}");
        let intake = &past_log.case.intake;
        assert_eq!(intake.signed_on.is_some(), channel == Channel::RegisteredMail, "{channel:?}");
        let by_talk = [Channel::OrdinaryMail, Channel::Online, Channel::Email, Channel::Fax];
        assert_eq!(intake.confirmed_on.is_some(), by_talk.contains(&channel), "{channel:?}");
    }
    assert_eq!(tell(&past("2008-05-01")).case.stage, Stage::Registered, "the first day of the Order");
}

#[test]
fn a_notice_to_correct_on_the_seventh_working_day_is_no_late_one() {
    let remarks = |on: &str| {
        let notice = PastCorrection { on: day(on), term: None, received_on: Some(day("2024-03-18")) };
        tell(&Past { correction: Some(notice), ..ended("2024-03-01", "2024-04-10", Outcome::Provided) }).remarks
    };
    assert_eq!(remarks("2024-03-12"), []);
    assert_eq!(remarks("2024-03-13"), [Remark::CorrectionNoticeLate]);
}

#[test]
fn an_old_case_was_answered_if_anything_of_a_reply_is_on_record() {
    let other = ended("2024-03-01", "2024-03-20", Outcome::ClosedOther);
    assert_eq!(tell(&other).case.stage, Stage::Closed);
    let numbered = Past { document_number: Some("〔2024〕5号".into()), ..other.clone() };
    let sent = Past { method: Some(ServiceMethod::Electronic), ..other.clone() };
    let served = Past { served_on: Some(day("2024-03-21")), ..other };
    for (past, stage) in [(numbered.clone(), Stage::Replied), (sent, Stage::Archived), (served, Stage::Served)] {
        let past_log = tell(&past);
        assert_eq!((past_log.case.stage, past_log.case.outcome), (stage, Some(Outcome::ClosedOther)), "{past:?}");
    }
    let line = |past: &Past| {
        let past_log = tell(past);
        recorded(&past_log.case, &past_log.events).document_number
    };
    assert_eq!(line(&numbered), numbered.document_number);
    assert_eq!(
        line(&ended("2024-03-01", "2024-03-20", Outcome::Provided)),
        None,
        "no number is none, not an empty one"
    );
    let provided = ended("2024-03-01", "2024-03-20", Outcome::Provided);
    assert_eq!(
        tell(&provided).case.stage,
        Stage::Replied,
        "another category without anything of a reply is one all the same"
    );
}

#[test]
fn an_old_letter_is_put_away_when_the_day_to_look_after_its_service_is_over() {
    let posted = Past { method: Some(ServiceMethod::Post), ..ended("2025-05-20", "2025-06-10", Outcome::Provided) };
    let stage = |past: &Past, today: &str| try_told(past, &BESIDE, today).unwrap().case.stage;
    assert_eq!(stage(&posted, "2025-06-24"), Stage::Replied, "the tenth working day");
    assert_eq!(stage(&posted, "2025-06-25"), Stage::Archived);
    let proved = Past { served_on: Some(day("2025-06-12")), ..posted };
    assert_eq!(stage(&proved, "2025-06-25"), Stage::Served);
}

fn days_after(day: NaiveDate, days: Option<u64>) -> Option<NaiveDate> {
    days.map(|days| day + Days::new(days))
}

prop_compose! {
    fn any_past()(
        received in 0_u64..6_100,
        correction in proptest::option::of((0_u64..20, proptest::option::of(0_u64..20))),
        consultations in proptest::collection::vec((0_u64..15, proptest::option::of(0_u64..30)), 0..3),
        extension in proptest::option::of((1_u16..=15, 0_u64..60)),
        fee in proptest::option::of((0_u64..20, proptest::option::of(0_u64..20))),
        end in proptest::option::of((0_u64..120, 0_usize..38)),
        served in proptest::option::of(0_u64..30),
        channel in 0_usize..7,
        method in proptest::option::of(0_usize..5),
        kinds in 0_usize..4,
    ) -> Past {
        let received_on = day("2008-05-01") + Days::new(received);
        let of = |days: u64| received_on + Days::new(days);
        let replied_on = days_after(received_on, end.map(|(days, _)| days));
        Past {
            channel: Channel::ALL[channel],
            correction: correction.map(|(on, back)| PastCorrection {
                on: of(on), term: Some(Term::Days(10)), received_on: days_after(of(on), back),
            }),
            consultations: consultations.into_iter().map(|(on, back)| PastConsultation {
                party: "甲公司".into(), kind: ConsultationKind::ALL[kinds], sent_on: of(on),
                returned_on: days_after(of(on), back),
            }).collect(),
            extension: extension.map(|(days, on)| PastExtension { days, on: of(on) }),
            fee: fee.map(|(on, paid)| PastFee { on: of(on), paid_on: days_after(of(on), paid) }),
            replied_on,
            outcome: end.and_then(|(_, place)| Outcome::all().nth(place)),
            method: method.filter(|_| end.is_some()).map(|place| ServiceMethod::ALL[place]),
            served_on: replied_on.and_then(|on| days_after(on, served)),
            ..past("2024-03-01")
        }
        .at(received_on)
    }
}

impl Past {
    fn at(self, received_on: NaiveDate) -> Self {
        Self { received_on, ..self }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_is_a_lawful_case_and_its_line_tells_it_again(past in any_past()) {
        let today = day("2025-06-30");
        let Ok(past_log) = try_told(&past, &BESIDE, "2025-06-30") else { return Ok(()) };
        let case = &past_log.case;
        prop_assert_eq!(case.outcome.is_some(), past.outcome.is_some(), "one category, and only at its end");
        prop_assert_eq!(case.outcome.is_some(), !case.stage.is_open());
        prop_assert_eq!(case.ended_on.is_some(), !case.stage.is_open());
        prop_assert!(past_log.events.is_sorted_by_key(Event::on), "the log is in the order of its days");
        prop_assert!(past_log.events.iter().all(|event| event.on() <= today));
        let again = |event: &Event| log::decode(event.kind(), &log::encode(event).unwrap()).unwrap();
        let read: Vec<Event> = past_log.events.iter().map(again).collect();
        prop_assert_eq!(fold(&read), Some(case.clone()));
        let row = on_desk(past_log.clone(), "2025-06-30");
        let owed: Vec<Obligation> =
            row.obligations().into_iter().filter(|duty| duty.status == ObligationStatus::Open).collect();
        prop_assert!(case.stage.is_open() || owed.iter().all(|duty| duty.kind == ObligationKind::ServiceProof));
        let clock = case.reply_clock(Calendar::national(), &row.rules, Some(today)).unwrap().unwrap();
        prop_assert_eq!(past_log.remarks.contains(&Remark::ReplyLate), clock.status == ClockStatus::MetLate);
        // A given-up or withdrawn case has no reply to serve; the day of a letter handed over is its signature's.
        let line = recorded(case, &past_log.events);
        let again = try_told(&line, &BESIDE, "2025-06-30");
        prop_assert_eq!(again.map(|again| (again.case, again.events)), Ok((case.clone(), past_log.events.clone())));
    }
}

#[test]
fn the_random_walk_takes_enough_in_to_prove_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let taken = (0..2_000).filter(|_| {
        let past = any_past().new_tree(&mut runner).unwrap().current();
        try_told(&past, &BESIDE, "2025-06-30").is_ok()
    });
    assert!(taken.count() > 200);
}
