//! A ledger as `ledger import --dry-run` goes through it, without the database.

use chrono::NaiveDate;
use gongkai::case::historical::{Beside, PastLog, past_log};
use gongkai::case::{Actor, Context, Event, OrganRules, fold, log};
use gongkai::law::{Calendar, ClockOptions};
use gongkai::report::csv;
use gongkai::report::ledger::{Headings, LedgerReader, LedgerRow, RowFault, Source, Unreadable, ledger_sheet};
use std::collections::BTreeSet;
use uuid::Uuid;

type Read = Result<LedgerRow, Vec<RowFault>>;

/// Reads a ledger and checks every row of it.
pub fn check(bytes: &[u8]) {
    for row in rows(bytes).unwrap_or_default() {
        match row {
            Err(faults) => {
                assert!(!faults.is_empty(), "a row that is refused says why");
                assert!(faults.iter().all(|fault| !fault.code.is_empty() && !fault.detail.is_empty()), "{faults:?}");
            }
            Ok(row) => {
                check_case(&row);
                check_written(&row);
            }
        }
    }
}

/// The rows of a file, as far as it is one.
pub fn rows(bytes: &[u8]) -> Result<Vec<Read>, Unreadable> {
    let source = Source::of(bytes)?;
    let headings = Headings::of(&source)?;
    let mut reader = LedgerReader::new(headings, ClockOptions::default());
    let mut rows = Vec::new();
    source.rows(|row| {
        let seen = reader.glance(&row);
        let read = reader.read(row);
        assert_eq!(seen.is_some(), read.is_some(), "both passes over a file see the same rows");
        if let (Some((number, received_on)), Some(Ok(row))) = (seen, &read) {
            assert_eq!(number, row.past.number, "both passes see the same number");
            let confirmed_on = Some(row.past.received_on).filter(|_| !row.past.awaits_confirmation);
            assert_eq!(received_on, confirmed_on);
        }
        rows.extend(read);
        Ok::<(), Unreadable>(())
    })?;
    Ok(rows)
}

/// What is taken in is a lawful log that is read back as it was written.
fn check_case(row: &LedgerRow) {
    let rules = OrganRules::default();
    let actor = Actor { user: Uuid::nil(), roles: BTreeSet::new(), department: None };
    let today = NaiveDate::from_ymd_opt(2025, 6, 30).unwrap();
    let context = Context { actor: &actor, today, calendar: Calendar::national(), rules: &rules };
    let beside = Beside { applicant: Uuid::nil(), department: None, number: "补1" };
    let PastLog { events, case, .. } = match past_log(&row.past, &beside, &context) {
        Ok(past_log) => past_log,
        Err(faults) => return assert!(!faults.is_empty(), "a case that is refused says why"),
    };
    assert!(events.is_sorted_by_key(Event::on), "the log is in the order of its days");
    assert!(events.iter().all(|event| event.on() <= today), "no event lies ahead");
    assert_eq!(case.outcome.is_some(), !case.stage.is_open(), "a category, and only at the end");
    let stored = |event: &Event| log::decode(event.kind(), &log::encode(event).unwrap()).unwrap();
    let read: Vec<Event> = events.iter().map(stored).collect();
    assert_eq!(read, events, "an event is stored as it is");
    assert_eq!(fold(&read), Some(case));
}

/// A row that is exported is read again as the same row.
fn check_written(row: &LedgerRow) {
    let file = csv(&ledger_sheet(std::slice::from_ref(row))).unwrap();
    let again = rows(&file).unwrap();
    let [Ok(again)] = again.as_slice() else { panic!("one row was written: {again:?}") };
    let past_log = |row: &LedgerRow| (row.past.clone(), row.person.clone(), row.department.clone());
    assert_eq!(past_log(again), past_log(row));
}
