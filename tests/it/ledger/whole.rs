//! Each fact of a ledger is taken, or its row, column or sheet is named, and then nothing is written unless the rest alone
//! is wanted. The export holds every case.

use gongkai::case::historical::Remark;
use gongkai::office::ledger::{ImportOptions, LedgerImport, Personal};
use gongkai::report::ledger::{LedgerRow, ledger_sheet};
use gongkai::report::{csv, xlsx};
use serde_json::json;

use super::{Books, TODAY};
use crate::support::bureau::Bureau;
use crate::support::{TestDatabase, on_both_databases};

const PARTIAL: ImportOptions = ImportOptions { dry_run: false, partial: true, lines: 0, most_rows: None };

fn office_file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// How many cases come of a file, and how many of its rows, columns and sheets are named.
fn came(report: &LedgerImport) -> (u64, u64, usize) {
    (report.created, report.rejected, report.unread.len())
}

#[test]
fn the_files_of_offices_are_taken_in_as_they_should_be() {
    on_both_databases(|database| {
        for (name, cases) in [
            ("B8c_one_reply_for_three.xlsx", 3),
            ("B3b_two_years_two_sheets.xlsx", 6),
            ("B4c_zone.xlsx", 5),
            ("B1_two_heading_rows.xlsx", 3),
            ("B14_official_row_names.xlsx", 120),
        ] {
            let books = Books::of(database, TODAY, &name[..3].replace('_', "x").to_lowercase());
            let report = books.import(&office_file(name));
            assert_eq!((came(&report), report.is_written), ((cases, 0, 0), true), "{name}");
            books.agrees();
        }
        let books = Books::of(database, TODAY, "gongshi");
        let formulas = books.take(&office_file("B13c_formulas_reply_and_result.xlsx"), ImportOptions::default());
        assert_eq!((came(&formulas), formulas.is_written), ((0, 2, 0), false));
        assert!(formulas.faults.iter().all(|fault| fault.code == "formula_without_value"), "{:?}", formulas.faults);
    });
}

#[test]
fn what_is_not_taken_is_named_and_then_nothing_is_written_unless_the_rest_is_wanted() {
    on_both_databases(|database| {
        for (code, text, named) in [
            ("lie", "受理编号,收到日期,申请人类型,申请内容,领导批示\n甲1,2024-3-5,自然人,甲,已阅\n", "领导批示"),
            ("yanqi", "受理编号,收到日期,申请人类型,申请内容,延期日期\n甲1,2024-3-5,自然人,甲,2024-4-1\n", "延期日期"),
            ("wuming", "受理编号,收到日期,申请人类型,申请内容,\n甲1,2024-3-5,自然人,甲,另\n", "E列（没有列名）"),
        ] {
            let books = Books::of(database, TODAY, code);
            let nothing = books.counts();
            let refused = books.take(text.as_bytes(), ImportOptions::default());
            let columns: Vec<&str> = refused.unread.iter().filter_map(|unread| unread.column.as_deref()).collect();
            assert_eq!((came(&refused), refused.is_written, columns), ((1, 0, 1), false, vec![named]));
            assert_eq!(books.counts(), nothing);
            let kept = books.take(text.as_bytes(), PARTIAL);
            assert_eq!((came(&kept), kept.is_written), ((1, 0, 1), true), "{code}");
        }
        let books = Books::of(database, TODAY, "hebing");
        let rows =
            "受理编号,收到日期,申请人类型,申请内容,环节\n甲1,2024-3-5,自然人,甲,已办结\n甲2,2024-3-5,自然人,乙,办理\n";
        let refused = books.take(rows.as_bytes(), ImportOptions::default());
        assert_eq!((came(&refused), refused.faults[0].column.as_str()), ((1, 1, 0), "环节"));
        // An empty column, one that is computed here and a note below the table stop nothing.
        let text = "序号,受理编号,收到日期,申请人类型,申请内容,领导批示,法定期限\n1,甲3,2024-3-5,自然人,甲,,2024-4-2\n合计,1,,,,,\n";
        let taken = books.import(text.as_bytes());
        assert_eq!((came(&taken), taken.unknown_headings, taken.asides.len()), ((1, 0, 0), vec!["领导批示".into()], 1));
        assert_eq!(taken.ignored_headings, ["序号", "法定期限"]);
    });
}

#[test]
fn a_masked_number_is_told_and_no_identity_is_stored() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let text = "受理编号,收到日期,申请人类型,申请内容,证件类型,证件号码\n\
                    甲1,2024-3-5,自然人,甲,身份证,3201**********1234\n\
                    甲2,2024-3-5,自然人,甲,身份证,3.20102E+17\n\
                    甲3,2024-3-5,自然人,甲,身份证,110105194912310021\n\
                    甲4,2024-3-5,自然人,甲,身份证,11010519491231002X\n";
        let report = books.import(text.as_bytes());
        let told: Vec<(Remark, &[u32])> = report.remarks.iter().map(|one| (one.code, &one.lines[..])).collect();
        assert_eq!(
            told[1..],
            [
                (Remark::IdentityNotTaken, &[4][..]),
                (Remark::IdentityMasked, &[2][..]),
                (Remark::IdentityRounded, &[3][..])
            ]
        );
        let stored: Vec<bool> = books.rows(Personal::Clear).iter().map(|row| row.person.identity.is_some()).collect();
        assert_eq!(stored.iter().filter(|is| **is).count(), 1);
    });
}

/// An office with a case of every standing.
fn busy(database: &TestDatabase) -> (Bureau, Vec<LedgerRow>) {
    let bureau = Bureau::open(database, "2025-03-03");
    let received = "2025-03-03";
    bureau.file(bureau.application(received));
    let mut online = bureau.application(received);
    online["channel"] = json!("online");
    bureau.file(online.clone());
    let mut letter = bureau.application("2025-02-28");
    letter["channel"] = json!("ordinary_mail");
    letter["arrived_on"] = json!(received);
    bureau.file(letter);
    let mut misdirected = bureau.application("2025-02-27");
    misdirected["misdirected"] = json!(true);
    misdirected["arrived_on"] = json!("2025-02-28");
    bureau.file(misdirected);
    bureau.registered(received);
    let mut case = bureau.registered(received);
    let outcome = json!({ "on": received, "outcome": "disclosed.provided", "reasons": "依法可以公开" });
    case.clerk("outcome", outcome);
    case.approve(received);
    case.clerk("reply", json!({ "on": received }));
    case.clerk(
        "dispatches",
        json!({ "method": "post", "on": received, "carrier": "EMS", "tracking_number": "1234567890123" }),
    );
    bureau.on("2025-04-10");
    let rows = exported(&bureau);
    (bureau, rows)
}

fn exported(bureau: &Bureau) -> Vec<LedgerRow> {
    let office = &bureau.service.office;
    let mut rows = Vec::new();
    let export = |db: &mut gongkai::store::Db| {
        office.ledger().export_ledger(db, bureau.organ, &Default::default(), Personal::Clear, |page| {
            rows.extend(page);
            Ok(())
        })
    };
    office.store().read(export).unwrap();
    rows
}

#[test]
fn the_export_holds_every_case_with_where_it_stands_and_reads_back() {
    on_both_databases(|database| {
        let (bureau, rows) = busy(database);
        let stages: Vec<&str> = rows.iter().filter_map(|row| row.derived.stage).collect();
        assert_eq!(stages.iter().filter(|stage| **stage == "待确认收到").count(), 3, "{stages:?}");
        assert_eq!(rows.len(), 6);
        let replied = rows.iter().find(|row| row.past.outcome.is_some()).unwrap();
        let derived = &replied.derived;
        assert_eq!(derived.mail_number.as_deref(), Some("1234567890123"));
        assert_eq!((derived.warning, derived.remaining.as_deref()), (Some("按期答复"), None));
        assert_eq!(derived.registered_on.map(|day| day.to_string()).as_deref(), Some("2025-03-03"));
        let approvals = derived.approvals.as_deref().unwrap();
        assert!(approvals.contains("分管领导签批") && approvals.contains("2025-03-03"), "{approvals}");
        let open = rows.iter().find(|row| row.past.number.is_some() && row.past.outcome.is_none()).unwrap();
        assert_eq!(open.derived.due_on.map(|day| day.to_string()).as_deref(), Some("2025-03-31"));
        assert_eq!((open.derived.warning, open.derived.remaining.as_deref()), (Some("逾期未办（红）"), Some("逾期7")));
        for file in [csv(&ledger_sheet(&rows)).unwrap(), xlsx(&[ledger_sheet(&rows)]).unwrap()] {
            // Where it came from nothing is new.
            let office = &bureau.service.office;
            let options = ImportOptions::default();
            let take =
                |db: &mut _| office.ledger().import_ledger(db, None, bureau.organ, &file, options, &mut |_, _| {});
            let again = office.store().write(take).unwrap();
            assert_eq!((came(&again), again.existing, again.faults), ((0, 0, 0), 6, vec![]));
            // Elsewhere they are the same cases, those to be confirmed too.
            let elsewhere = TestDatabase::sqlite();
            let there = Books::on(&elsewhere, "2025-04-10");
            let report = there.import(&file);
            assert_eq!((came(&report), report.unknown_headings.len()), ((6, 0, 0), 0));
            there.agrees();
            let back = there.rows(Personal::Clear);
            let awaited = |rows: &[LedgerRow]| {
                let of = rows.iter().filter(|row| row.past.awaits_confirmation);
                let mut of: Vec<String> =
                    of.map(|row| format!("{} {:?}", row.past.received_on, row.past.channel)).collect();
                of.sort();
                of
            };
            assert_eq!((awaited(&back).len(), awaited(&back)), (3, awaited(&rows)));
        }
    });
}
