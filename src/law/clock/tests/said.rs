//! What is said of an answer: warning levels, codes, the derivation in words.

use super::*;

fn level(received: &str, facts: &[Fact], today: &str) -> WarningLevel {
    let answer = clock_as_of(received, facts, today);
    warning_level(&answer, d(today), &WarningThresholds::default(), Calendar::national())
}

/// T23, T24: zero days late is not thirty.
#[test]
fn warning_levels_at_their_boundaries() {
    // due 2024-03-29
    let expected = [
        ("2024-03-01", WarningLevel::Blue),
        ("2024-03-21", WarningLevel::Blue),
        ("2024-03-22", WarningLevel::Yellow),
        ("2024-03-28", WarningLevel::Yellow),
        ("2024-03-29", WarningLevel::Orange),
        ("2024-03-30", WarningLevel::Red),
        ("2024-04-27", WarningLevel::Red),
        ("2024-04-28", WarningLevel::Black),
        ("2024-04-29", WarningLevel::Black),
    ];
    for (today, expected) in expected {
        assert_eq!(level("2024-03-01", &[], today), expected, "{today}");
    }
}

#[test]
fn warning_thresholds_are_the_organs_choice() {
    let answer = clock_as_of("2024-03-01", &[], "2024-03-21");
    let thresholds = WarningThresholds { yellow_days: 6, black_days: 1 };
    assert_eq!(warning_level(&answer, d("2024-03-21"), &thresholds, Calendar::national()), WarningLevel::Yellow);
    assert_eq!(warning_level(&answer, d("2024-03-30"), &thresholds, Calendar::national()), WarningLevel::Black);
    let none = WarningThresholds { yellow_days: 0, black_days: 0 };
    assert_eq!(warning_level(&answer, d("2024-03-29"), &none, Calendar::national()), WarningLevel::Orange);
    assert_eq!(warning_level(&answer, d("2024-03-28"), &none, Calendar::national()), WarningLevel::Blue);
}

/// T25, T27: a closed case is silent.
#[test]
fn a_closed_case_warns_of_nothing_and_a_waiting_one_of_nothing_urgent() {
    assert_eq!(level("2024-03-01", &[replied("2024-04-20")], "2024-09-01"), WarningLevel::None);
    assert_eq!(level("2024-03-01", &[ended("2024-03-20")], "2024-09-01"), WarningLevel::None);
    assert_eq!(level("2024-03-01", &[asked("c1", "2024-03-11")], "2024-09-01"), WarningLevel::Blue);
    assert_eq!(level("2024-03-01", &[correction("2024-03-11")], "2024-09-01"), WarningLevel::Blue);
}

#[test]
fn a_gap_warns_by_its_provisional_date() {
    assert_eq!(level("2026-12-07", &[], "2026-12-18"), WarningLevel::Blue, "11 days left");
    assert_eq!(level("2026-12-07", &[], "2026-12-28"), WarningLevel::Yellow, "5 days left, wherever they fall");
    assert_eq!(level("2026-12-07", &[], "2027-01-04"), WarningLevel::Orange, "the earliest day it can end on");
    assert_eq!(level("2026-12-07", &[], "2027-01-05"), WarningLevel::Orange, "it may be over, and it may not");
    assert_eq!(level("2026-12-07", &[], "2027-01-07"), WarningLevel::Orange, "the latest day it can end on");
    assert_eq!(level("2026-12-07", &[], "2027-01-08"), WarningLevel::Red);
}

#[test]
fn a_due_date_that_the_next_notice_may_move_warns_early_and_is_not_overdue_before_it() {
    let level = |today: &str| level("2026-11-30", &[], today);
    assert_eq!(level("2026-12-26"), WarningLevel::Yellow, "2026-12-27 at the earliest");
    assert_eq!(level("2026-12-27"), WarningLevel::Orange);
    assert_eq!(level("2026-12-28"), WarningLevel::Orange, "due by the notices that are out");
    assert_eq!(level("2026-12-29"), WarningLevel::Red);
}

#[test]
fn codes_name_statuses_levels_and_kinds_one_to_one() {
    for status in ClockStatus::ALL {
        assert_eq!(ClockStatus::from_code(status.code()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.code());
    }
    for level in WarningLevel::ALL {
        assert_eq!(WarningLevel::from_code(level.code()), Some(level));
        assert_eq!(serde_json::to_value(level).unwrap(), level.code());
    }
    for kind in ConsultationKind::ALL {
        assert_eq!(ConsultationKind::from_code(kind.code()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
    }
    assert_eq!(ConsultationKind::from_code("organ"), Some(ConsultationKind::OtherOrgan));
    assert_eq!(serde_json::from_str::<ConsultationKind>(r#""organ""#).unwrap(), ConsultationKind::OtherOrgan);
    assert_eq!(ConsultationKind::from_code("department"), None, "own departments never stop the clock");
}

fn explained(case: &Timeline, as_of: Option<&str>) -> String {
    let answer = reply_clock(case, Calendar::national(), as_of.map(d)).unwrap();
    // The version changes with every notice; the snapshot is about the words.
    explain(case, &answer, Calendar::national()).replace(Calendar::national().version(), "(版本)")
}

/// T29: a moved date names the rule that moved it.
#[test]
fn the_derivation_reads_as_a_court_would_re_add_it() {
    let facts = [
        extended("2024-03-05", 5),
        correction("2024-03-12"),
        corrected("2024-03-25"),
        asked("公司甲", "2024-04-01"),
        returned("公司甲", "2024-04-16"),
        sent("市林业局", ConsultationKind::OtherOrgan, "2024-04-10"),
        returned("市林业局", "2024-04-18"),
        extended("2024-05-11", 10),
        extended("2024-06-03", 5),
        replied("2024-05-31"),
    ];
    insta::assert_snapshot!("explain_course", explained(&timeline("2024-03-01", &facts), None));
}

#[test]
fn the_derivation_of_an_open_case_says_what_is_awaited() {
    let suspended = [asked_until("公司甲", "2024-09-23", "2024-10-18")];
    insta::assert_snapshot!("explain_suspended", explained(&timeline("2024-09-12", &suspended), Some("2024-10-08")));
    insta::assert_snapshot!(
        "explain_correction",
        explained(&timeline("2024-03-01", &[correction("2024-03-12")]), None)
    );
    insta::assert_snapshot!("explain_fee", explained(&timeline("2024-03-01", &[fee("2024-03-12")]), None));
    insta::assert_snapshot!("explain_gap", explained(&timeline("2026-12-14", &[]), Some("2026-12-21")));
}

#[test]
fn the_derivation_of_old_and_odd_cases() {
    let old =
        [sent("规划局", ConsultationKind::OtherOrgan, "2011-06-07"), fee("2011-06-08"), extended("2011-07-01", 15)];
    insta::assert_snapshot!("explain_492", explained(&timeline("2011-06-01", &old), Some("2011-07-28")));
    let ordered = [delayed("2025-03-03", "2025-03-31"), ordered("2025-06-03", 20), replied("2025-07-02")];
    insta::assert_snapshot!("explain_order", explained(&timeline("2025-02-20", &ordered), None));
}

#[test]
fn what_moves_nothing_is_named_with_its_reason() {
    let facts = [
        correction("2021-03-02"),
        ordered("2021-06-03", 20),
        corrected("2021-06-04"),
        asked("公司甲", "2021-06-07"),
        delayed("2021-06-08", "2021-08-31"),
        fee("2021-06-09"),
        paid("2021-06-10"),
        extended("2021-06-11", 5),
    ];
    insta::assert_snapshot!("explain_ineffective", explained(&timeline("2021-02-22", &facts), None));
    let early = [fee("2020-03-10"), paid("2020-03-12")];
    insta::assert_snapshot!("explain_fee_before_its_rules", explained(&timeline("2020-03-02", &early), None));
}

#[test]
fn the_end_is_told_as_a_reply_in_time_a_late_one_or_no_reply() {
    for (name, end) in [
        ("explain_in_time", replied("2024-03-29")),
        ("explain_late", replied("2024-04-01")),
        ("explain_ended", ended("2024-03-20")),
    ] {
        insta::assert_snapshot!(name, explained(&timeline("2024-03-01", &[end]), None));
    }
}

#[test]
fn a_period_that_has_run_out_is_called_overdue_and_not_running() {
    let status = |as_of| {
        let text = explained(&timeline("2024-03-01", &[]), as_of);
        let line = text.lines().find_map(|line| line.trim().strip_prefix("状态：")).unwrap().to_owned();
        (line, text.contains("逾期3日（1个工作日）"))
    };
    assert_eq!(status(Some("2024-03-29")), ("计算中".to_owned(), false), "the last day");
    assert_eq!(status(Some("2024-03-30")).0, "已逾期", "a day of rest after it");
    assert_eq!(status(Some("2024-04-01")), ("已逾期".to_owned(), true));
    assert_eq!(status(None), ("计算中".to_owned(), false), "no day is asked about");
}

/// C-2: one court took the working day after a Sunday as day 0.
#[test]
fn a_receipt_on_a_day_of_rest_says_that_one_court_began_a_working_day_later() {
    let explained = |received: &str, facts: &[Fact]| {
        let timeline = timeline(received, facts);
        let answer = reply_clock(&timeline, Calendar::national(), None).unwrap();
        (answer.status, explain(&timeline, &answer, Calendar::national()))
    };
    let (status, text) = explained("2017-06-18", &[replied("2017-07-10")]);
    assert_eq!(status, ClockStatus::MetLate);
    let said = "第0日是休息日：仍为收到之日，自下一工作日起计入（规则C-2）。有一例裁判另以下一工作日为第0日\
                （2017-06-18收到、2017-07-10交邮，认定按期），届满日为2017-07-10；恰在2017-07-10答复的，此处按逾期计";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("电子送达以成功发送之日为准；被退回的不是发送（规则D13、D14、C-8）"), "{text}");
    assert!(!explained("2017-06-19", &[]).1.contains("C-2"), "a Monday");
}
