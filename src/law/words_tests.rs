//! The words of the law's tables, as a person reads them: each snapshot was read against the Regulations.

use super::*;
use chrono::NaiveDate;
use std::fmt::Write;

#[test]
fn each_category_has_its_words_and_its_article() {
    let mut lines = String::new();
    for outcome in Outcome::all() {
        writeln!(lines, "{}  {}  {}", outcome.code(), outcome.label(), outcome.article()).unwrap();
    }
    insta::assert_snapshot!("outcomes", lines);
}

#[test]
fn what_a_category_rests_on_has_its_words_and_its_article() {
    let mut lines = String::new();
    for requirement in Requirement::ALL {
        writeln!(lines, "{}  {}", requirement.label(), requirement.article()).unwrap();
    }
    insta::assert_snapshot!("requirements", lines);
}

#[test]
fn each_channel_and_each_rule_of_receipt_has_its_words() {
    let mut lines = String::new();
    for channel in Channel::ALL {
        writeln!(lines, "{}  {}", channel.code(), channel.label()).unwrap();
    }
    for rule in ReceiptRule::ALL {
        let [old, new] = Regime::ALL.map(|regime| rule.article(regime));
        writeln!(lines, "{}  {}  {new}  {old}", rule.code(), rule.why()).unwrap();
    }
    insta::assert_snapshot!("receipt", lines);
}

#[test]
fn each_fact_has_its_word() {
    let on = NaiveDate::from_ymd_opt(2024, 3, 1).unwrap();
    let (id, kind) = (String::new(), ConsultationKind::ThirdParty);
    let facts = [
        Fact::ConsultationSent { id: id.clone(), kind, on, silent_until: None },
        Fact::ConsultationReturned { id, on },
        Fact::CorrectionRequested { on },
        Fact::CorrectionReceived { on },
        Fact::FeeNotified { on },
        Fact::FeePaid { on },
        Fact::Extension { on, days: 1 },
        Fact::DelayedReply { on, until: on },
        Fact::Reopened { on, due: ReopenedPeriod::Days(1) },
        Fact::Replied { on },
        Fact::Ended { on },
    ];
    assert_eq!(
        facts.map(|fact| fact.label()),
        [
            "征求意见发出",
            "意见收到",
            "补正告知",
            "收到补正",
            "收费通知",
            "缴费",
            "延期告知",
            "延迟答复告知",
            "责令（重新）答复",
            "答复",
            "终结"
        ]
    );
}

#[test]
fn each_way_of_service_and_each_warning_has_its_words() {
    let ways = ServiceMethod::ALL.map(|way| (way.code(), way.label()));
    let levels = WarningLevel::ALL.map(|level| (level.code(), level.label()));
    insta::assert_snapshot!("service_and_warnings", format!("{ways:#?}\n{levels:#?}"));
}
