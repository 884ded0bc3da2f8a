//! Out of one database and into another: the same cases by their facts.

use gongkai::office::ledger::Personal;
use gongkai::report::ledger::{LedgerRow, ledger_sheet};
use gongkai::report::{csv, xlsx};
use gongkai::store::Db;
use serde_json::json;

use super::{Books, MIXED};
use crate::support::bureau::Bureau;
use crate::support::{TestDatabase, on_both_databases};

/// What the rows say, by number: those without one have been given theirs.
fn said(rows: &[LedgerRow]) -> Vec<String> {
    let mut said: Vec<String> = rows.iter().map(LedgerRow::canonical).collect();
    said.sort();
    said
}

#[test]
fn what_was_imported_goes_out_and_into_another_database_as_the_same_cases() {
    on_both_databases(|database| {
        let (here, there) = (Books::open(database), TestDatabase::sqlite());
        here.import(MIXED.as_bytes());
        let rows = here.rows(Personal::Clear);
        let there = Books::open(&there);
        let report = there.import(&csv(&ledger_sheet(&rows)).unwrap());
        assert_eq!((report.created, report.unknown_headings.len()), (11, 0));
        there.agrees();
        assert_eq!(said(&there.rows(Personal::Clear)), said(&rows));
        for number in ["旧2017-1", "旧2017-2", "旧2024-1", "旧2024-4", "旧2025-2", "依申请〔2025〕1号"] {
            let (mine, theirs) = (here.case(number), there.case(number));
            let facts = |row: &gongkai::store::cases::CaseRow| {
                let days = (row.received_on, row.start_on, row.due_on, row.replied_on, row.closed_on);
                let words = (row.regime.clone(), row.stage.clone(), row.clock_status.clone(), row.outcome.clone());
                (days, words, row.is_late, row.is_extended, row.channel.clone(), row.applicant_kind.clone())
            };
            assert_eq!(facts(&mine), facts(&theirs), "{number}");
        }
        // The same file where it came from: nothing new, in the clear and masked, as CSV and as a workbook.
        for file in [
            csv(&ledger_sheet(&rows)).unwrap(),
            xlsx(&[ledger_sheet(&rows)]).unwrap(),
            csv(&ledger_sheet(&here.rows(Personal::Masked))).unwrap(),
        ] {
            let back = here.import(&file);
            assert_eq!((back.created, back.existing), (0, 11));
        }
    });
}

#[test]
fn a_case_carried_by_hand_goes_out_and_comes_back_as_an_old_case_with_its_days() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-03-03");
        let mut case = bureau.registered("2025-03-03");
        case.clerk(
            "corrections",
            json!({ "on": "2025-03-03", "items": ["文号"], "respond_days": 10, "served_on": "2025-03-03" }),
        );
        bureau.on("2025-03-10");
        case.clerk("corrected-application", json!({ "on": "2025-03-10", "request": "公开某文号批复" }));
        case.clerk(
            "outcome",
            json!({ "on": "2025-03-10", "outcome": "disclosed.provided", "reasons": "依法可以公开" }),
        );
        bureau.on("2025-03-12");
        case.approve("2025-03-11");
        case.clerk("reply", json!({ "on": "2025-03-12" }));
        case.clerk("dispatches", json!({ "method": "post", "on": "2025-03-12", "carrier": "EMS" }));
        let number = case.last.json["number"].as_str().unwrap().to_owned();
        let office = &bureau.service.office;
        let mut rows = Vec::new();
        let out = |db: &mut Db| {
            office.ledger().export_ledger(db, bureau.organ, &Default::default(), Personal::Clear, |page| {
                rows.extend(page);
                Ok(())
            })
        };
        office.store().read(out).unwrap();
        let elsewhere = TestDatabase::sqlite();
        let there = Books::open(&elsewhere);
        there.import(&xlsx(&[ledger_sheet(&rows)]).unwrap());
        let came = there.case(&number);
        assert_eq!(came.replied_on.map(|day| day.to_string()).as_deref(), Some("2025-03-12"));
        assert_eq!(came.due_on.map(|day| day.to_string()).as_deref(), case.last.json["clock"]["due"].as_str());
        assert_eq!(said(&there.rows(Personal::Clear)), said(&rows));
    });
}
