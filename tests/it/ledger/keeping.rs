//! What an import keeps and what it leaves alone: nothing twice, nothing by halves, nothing in the clear.

use diesel::prelude::*;
use gongkai::office::OfficeError;
use gongkai::office::ledger::{ImportOptions, LineStatus, Personal};
use gongkai::store::Db;
use gongkai::store::cases::counters;
use gongkai::store::database::schema::{applicants, audit_log, case_events, counters as counter_rows};

use super::{Books, MIXED};
use crate::support::{add_bureau, add_case, on_both_databases};
use std::time::{Duration, Instant};

const PARTIAL: ImportOptions = ImportOptions { dry_run: false, partial: true, lines: 0, most_rows: None };
const LOOK: ImportOptions = ImportOptions { dry_run: true, partial: false, lines: 100, most_rows: None };

/// Two good rows and two bad ones; the bad ones would make a department and take a number.
const SPOILT: &str = "受理编号,收到日期,申请人类型,申请内容,承办科室,答复日期,处理结果\n\
                      甲1,2024-3-1,自然人,某图,信息科,,\n\
                      ,2024-3-1,自然人,某图,幽灵科,2024-2-1,公开\n\
                      ,2024-3-1,自然人,某图,,,\n\
                      甲2,2024-3-1,外星人,某图,,,\n";

#[test]
fn the_same_file_again_changes_nothing_and_says_so_whatever_it_is_saved_as() {
    on_both_databases(|database| {
        let books = Books::open(database);
        books.import(MIXED.as_bytes());
        let before = (books.counts(), books.rows(Personal::Clear));
        let (gb18030, ..) = encoding_rs::GB18030.encode(MIXED);
        let moved: Vec<&str> =
            MIXED.lines().take(1).chain(MIXED.lines().skip(1).collect::<Vec<_>>().into_iter().rev()).collect();
        for again in [MIXED.as_bytes(), &gb18030, moved.join("\n").as_bytes()] {
            let report = books.import(again);
            assert_eq!((report.created, report.existing, report.is_written), (0, 11, false));
        }
        assert_eq!((books.counts(), books.rows(Personal::Clear)), before);
    });
}

/// Within its one transaction PostgreSQL would plan for empty tables to the end.
#[test]
fn a_long_ledger_tells_postgres_that_its_tables_grow() {
    let database = crate::support::TestDatabase::postgres();
    let books = Books::open(&database);
    let rows: String = (0..600).map(|number| format!("长{number},2024-3-1,自然人,某图{number}\n")).collect();
    assert_eq!(books.import(format!("受理编号,收到日期,申请人类型,申请内容\n{rows}").as_bytes()).created, 600);
    let known = |db: &mut Db| -> Result<f32, OfficeError> {
        let tuples =
            diesel::dsl::sql::<diesel::sql_types::Float>("SELECT reltuples FROM pg_class WHERE relname = 'cases'");
        Ok(tuples.get_result(db).map_err(gongkai::store::StoreError::from)?)
    };
    let known = books.office.store().read(known).unwrap();
    assert!(known >= 500.0, "{known}");
}

/// SQLite has one writer. On PostgreSQL an import holds the series of its own organ and nothing of another's.
#[test]
fn an_import_under_way_holds_up_nobody_who_writes_in_another_organ() {
    let database = crate::support::TestDatabase::postgres();
    let books = Books::open(&database);
    let beside = database.open();
    let bureau = add_bureau(&beside, "beside", None);
    let rows: String = (0..600).map(|number| format!("长{number},2024-3-1,自然人,某图{number}\n")).collect();
    let ledger = format!("受理编号,收到日期,申请人类型,申请内容\n{rows}");
    let work = |db: &mut Db| -> Result<u64, OfficeError> {
        let options = ImportOptions::default();
        let report =
            books.office.ledger().import_ledger(db, None, books.organ, ledger.as_bytes(), options, &mut |_, _| {})?;
        let begun = Instant::now();
        add_case(&beside, &bureau, 3);
        let number = beside.write(|db| counters::next(db, bureau.organ, 2024, "registration")).unwrap();
        assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
        assert_eq!(number, 1);
        Ok(report.created)
    };
    assert_eq!(books.office.store().write(work).unwrap(), 600);
}

#[test]
fn rows_that_say_the_same_are_as_many_cases_and_stay_as_many() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let row = "2024-3-1,自然人,某图\n";
        let ledger = |rows: usize| format!("收到日期,申请人类型,申请内容\n{}", row.repeat(rows));
        assert_eq!(books.import(ledger(3).as_bytes()).created, 3);
        let more = books.import(ledger(5).as_bytes());
        assert_eq!((more.existing, more.created), (3, 2));
    });
}

#[test]
fn one_bad_row_and_nothing_is_kept_unless_the_rest_is_wanted() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let nothing = books.counts();
        let refused = books.take(SPOILT.as_bytes(), ImportOptions::default());
        assert_eq!((refused.created, refused.rejected, refused.is_written), (2, 2, false));
        assert_eq!(books.counts(), nothing);
        let kept = books.take(SPOILT.as_bytes(), PARTIAL);
        assert_eq!((kept.created, kept.rejected, kept.is_written), (2, 2, true));
        assert_eq!(kept.departments, ["信息科"], "a department of a row that was refused is not made");
        assert_eq!(books.case("依申请〔2024〕1号").stage, "registered", "a row that was refused takes no number");
        books.agrees();
        let again = books.take(SPOILT.as_bytes(), PARTIAL);
        assert_eq!((again.created, again.existing, again.rejected), (0, 2, 2));
    });
}

#[test]
fn looking_first_says_what_will_come_and_writes_nothing() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let nothing = books.counts();
        let seen = books.take(SPOILT.as_bytes(), LOOK);
        assert_eq!(books.counts(), nothing);
        let lines: Vec<(u32, LineStatus)> = seen.lines.iter().map(|line| (line.line, line.status)).collect();
        assert_eq!(
            lines,
            [(2, LineStatus::Created), (3, LineStatus::Rejected), (4, LineStatus::Created), (5, LineStatus::Rejected)]
        );
        let done = books.take(SPOILT.as_bytes(), PARTIAL);
        assert_eq!((seen.created, seen.rejected, seen.departments), (done.created, done.rejected, done.departments));
        assert_eq!(seen.faults, done.faults);
        assert_eq!(seen.lines[0].due_on, Some(crate::support::day("2024-03-29")));
    });
}

#[test]
fn new_numbers_go_on_behind_the_old_ones_and_an_old_one_is_not_given_twice() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let ledger = "受理编号,收到日期,申请人类型,申请内容\n\
                      ,2024-3-1,自然人,甲\n\
                      依申请〔2024〕7号,2024-3-1,自然人,乙\n\
                      ,2023-3-1,自然人,丙\n\
                      ,2024-3-1,自然人,丁\n";
        books.import(ledger.as_bytes());
        for number in ["依申请〔2024〕8号", "依申请〔2023〕1号", "依申请〔2024〕9号"] {
            books.case(number);
        }
        let last = |db: &mut Db| -> Result<Vec<(i32, i64)>, OfficeError> {
            Ok(counter_rows::table
                .order(counter_rows::year)
                .select((counter_rows::year, counter_rows::last))
                .load(db)?)
        };
        assert_eq!(books.office.store().read(last).unwrap(), [(2023, 1), (2024, 9)]);
        let taken = "受理编号,收到日期,申请人类型,申请内容\n依申请〔2024〕7号,2024-3-1,自然人,别的\n";
        let refused = books.take(taken.as_bytes(), ImportOptions::default());
        assert_eq!((refused.rejected, refused.faults[0].code.as_str()), (1, "number_taken"));
        assert_eq!((refused.faults[0].line, refused.faults[0].column.as_str()), (2, "受理编号"));
        let twice = "受理编号,收到日期,申请人类型,申请内容\n乙1,2024-3-1,自然人,甲\n乙1,2024-3-1,自然人,乙\n";
        let refused = books.take(twice.as_bytes(), ImportOptions::default());
        let fault = &refused.faults[0];
        assert_eq!((fault.line, fault.code.as_str(), fault.detail.contains("第2行")), (3, "duplicate_number", true));
    });
}

#[test]
fn who_asked_is_sealed_and_an_export_in_the_clear_is_on_record() {
    on_both_databases(|database| {
        let books = Books::open(database);
        books.import(MIXED.as_bytes());
        let sealed = |db: &mut Db| -> Result<Vec<Option<Vec<u8>>>, OfficeError> {
            Ok(applicants::table.select(applicants::contact_sealed).load(db)?)
        };
        let bodies = |db: &mut Db| -> Result<Vec<String>, OfficeError> {
            Ok(case_events::table.select(case_events::body).load(db)?)
        };
        let sealed = books.office.store().read(sealed).unwrap();
        let bodies = books.office.store().read(bodies).unwrap();
        for hidden in ["11010519491231002X", "13800138000", "z@example.cn"] {
            let has = |bytes: &[u8]| bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes());
            assert!(sealed.iter().flatten().all(|bytes| !has(bytes)), "{hidden}");
            assert!(bodies.iter().all(|body| !body.contains(hidden)), "{hidden}");
        }
        let masked = books.rows(Personal::Masked);
        assert_eq!(masked[0].person.name, "张**");
        assert_eq!(masked[0].person.identity.as_ref().unwrap().1, "110***********002X");
        assert_eq!(masked[0].person.address.as_deref(), Some("***"));
        assert_eq!(books.rows(Personal::Clear)[0].person.address.as_deref(), Some("某路1号"));
        let query = gongkai::office::ledger::ExportQuery::default();
        let write = |reason: &str| {
            books
                .office
                .store()
                .write(|db| books.office.ledger().record_clear_ledger(db, None, books.organ, &query, reason))
        };
        assert!(matches!(write(" "), Err(OfficeError::Invalid(_))));
        write("移交档案馆").unwrap();
        let audited = |db: &mut Db| -> Result<Vec<(String, String)>, OfficeError> {
            let others = audit_log::table.filter(audit_log::action.ne("counter.raised"));
            Ok(others.order(audit_log::at).select((audit_log::action, audit_log::detail)).load(db)?)
        };
        let audited = books.office.store().read(audited).unwrap();
        let actions: Vec<&str> = audited.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["ledger.imported", "ledger.exported_in_clear"]);
        assert!(audited[1].1.contains("移交档案馆") && audited[0].1.contains("\"created\":11"));
    });
}
