//! Codes and labels, and the settings an organ may not choose.

use crate::case::*;

/// The code in rows is the one in JSON.
fn is_its_json<T: serde::Serialize>(value: T, code: &str) {
    assert_eq!(serde_json::to_value(value).unwrap(), code);
}

#[test]
fn every_role_has_its_code_and_its_label() {
    let labels: Vec<&str> = Role::ALL.iter().map(|role| role.label()).collect();
    assert_eq!(
        labels,
        ["窗口收件", "经办人", "承办科室", "审核人", "公开工作机构负责人", "分管领导", "监督", "审计", "管理员"]
    );
    for role in Role::ALL {
        is_its_json(role, role.code());
        assert_eq!(Role::from_code(role.code()), Some(role));
    }
    assert_eq!(Role::from_code("king"), None);
}

#[test]
fn every_code_in_rows_is_the_one_in_json() {
    use ObligationStatus::{Cancelled, Met, Open, Suspended};
    for status in [Open, Suspended, Met, Cancelled] {
        is_its_json(status, status.code());
    }
    for kind in ObligationKind::ALL {
        is_its_json(kind, kind.code());
        assert!(!kind.label().is_empty());
    }
    for stage in Stage::ALL {
        is_its_json(stage, stage.code());
        assert!(!stage.label().is_empty());
    }
}

#[test]
fn a_refusal_reads_as_its_detail() {
    assert_eq!(NotAllowed::new("wrong_stage", "案件已归档").to_string(), "案件已归档");
}

/// The members that are wrong.
fn faults(change: impl FnOnce(&mut OrganRules)) -> Vec<&'static str> {
    let mut rules = OrganRules::default();
    change(&mut rules);
    rules.faults().into_iter().map(|(member, _)| member).collect()
}

#[test]
fn settings_no_case_could_be_decided_by_are_named() {
    assert_eq!(faults(|_| {}), Vec::<&str>::new());
    for days in [1, 20] {
        assert_eq!(faults(|rules| rules.task_days = days), Vec::<&str>::new());
    }
    for days in [0, 21] {
        assert_eq!(faults(|rules| rules.task_days = days), ["task_days"]);
    }
    assert_eq!(faults(|rules| rules.yellow_days = 365), Vec::<&str>::new());
    assert_eq!(faults(|rules| rules.yellow_days = 366), ["yellow_days"]);
    for days in [1, 365] {
        assert_eq!(faults(|rules| rules.black_days = days), Vec::<&str>::new());
    }
    for days in [0, 366] {
        assert_eq!(faults(|rules| rules.black_days = days), ["black_days"]);
    }
    assert_eq!(faults(|rules| rules.review_chain = vec![ReviewKind::Leader]), Vec::<&str>::new());
    assert_eq!(faults(|rules| rules.review_chain = Vec::new()), ["review_chain"]);
    assert_eq!(faults(|rules| rules.review_chain = vec![ReviewKind::Leader; 2]), ["review_chain"]);
}

#[test]
fn a_pattern_that_would_repeat_a_number_is_refused() {
    let number = |pattern: &str| faults(|rules| rules.number_pattern = pattern.to_owned());
    let document = |pattern: &str| faults(|rules| rules.document_pattern = pattern.to_owned());
    assert_eq!(number("{year}-{seq}"), Vec::<&str>::new());
    assert_eq!(document("{year}-{seq}"), Vec::<&str>::new());
    for pattern in ["{year}", "{seq}", ""] {
        assert_eq!(number(pattern), ["number_pattern"], "{pattern:?}");
        assert_eq!(document(pattern), ["document_pattern"], "{pattern:?}");
    }
    let of_length = |length: usize| format!("{{year}}{{seq}}{}", "号".repeat(length - 11));
    assert_eq!(number(&of_length(60)), Vec::<&str>::new());
    assert_eq!(number(&of_length(61)), ["number_pattern"]);
    assert_eq!(document("{word}〔{year}〕{seq:4}号"), Vec::<&str>::new());
    assert_eq!(number("{word}〔{year}〕{seq:4}号"), ["number_pattern"], "an application has no word");
    let word = |word: &str| faults(|rules| rules.document_words.notice = word.to_owned());
    assert_eq!(word("公开告"), Vec::<&str>::new());
    for bad in ["", " ", "{seq}", "甲\n乙", "\u{200b}"] {
        assert_eq!(word(bad), ["document_words/notice"], "{bad:?}");
    }
}
