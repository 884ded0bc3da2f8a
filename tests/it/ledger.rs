//! Ledgers taken in and written out, on both databases, over the command line and over HTTP.

mod carried;
mod command;
mod http;
mod imports;
mod keeping;
mod numbers;
mod round_trip;
mod tables;
mod whole;

use diesel::prelude::*;
use gongkai::config::Settings;
use gongkai::office::ledger::{ExportQuery, ImportOptions, LedgerImport, Personal};
use gongkai::office::people::organs::OrganDraft;
use gongkai::office::{Clock, Office, OfficeError};
use gongkai::report::ledger::LedgerRow;
use gongkai::store::cases::{self, CaseRow};
use gongkai::store::database::schema::{
    applicants, audit_log, case_events, cases as case_rows, counters, departments, ledger_rows, obligations,
};
use gongkai::store::{Db, OrganId, cases::events};
use serde_json::json;

use crate::support::{TestDatabase, day};

/// The day on which the ledgers of these tests are taken in.
const TODAY: &str = "2025-06-30";

/// An office with an organ.
struct Books {
    office: Office,
    organ: OrganId,
}

/// How an import ends without anything written.
enum Undone {
    Refused(Box<LedgerImport>),
    Office(OfficeError),
}

impl<E: Into<OfficeError>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Office(error.into())
    }
}

impl Books {
    fn open(database: &TestDatabase) -> Self {
        Self::on(database, TODAY)
    }

    fn on(database: &TestDatabase, today: &str) -> Self {
        Self::of(database, today, "zrzy")
    }

    fn of(database: &TestDatabase, today: &str, code: &str) -> Self {
        let settings = Settings::for_tests(&database.options.url).unwrap();
        let office = Office::with_store(database.open(), settings, Clock::fixed(day(today))).unwrap();
        let draft = OrganDraft {
            code: code.into(),
            name: "自然资源局".into(),
            parent_id: None,
            reports_to: None,
            region: String::new(),
            settings: json!({}),
        };
        let organ = office.store().write(|db| office.people().insert_organ(db, &draft)).unwrap().id;
        Self { office, organ }
    }

    fn take(&self, bytes: &[u8], options: ImportOptions) -> LedgerImport {
        let work = |db: &mut Db| -> Result<LedgerImport, Undone> {
            let report = self.office.ledger().import_ledger(db, None, self.organ, bytes, options, &mut |_, _| {})?;
            if report.is_refused(&options) { Err(Undone::Refused(Box::new(report))) } else { Ok(report) }
        };
        let store = self.office.store();
        match if options.dry_run { store.read(work) } else { store.write(work) } {
            Ok(report) => report,
            Err(Undone::Refused(report)) => *report,
            Err(Undone::Office(error)) => panic!("{error:?}"),
        }
    }

    /// Takes in what must be good.
    #[track_caller]
    fn import(&self, bytes: &[u8]) -> LedgerImport {
        let report = self.take(bytes, ImportOptions::default());
        assert_eq!(report.faults, []);
        report
    }

    fn rows(&self, personal: Personal) -> Vec<LedgerRow> {
        let mut found = Vec::new();
        let store = self.office.store();
        let query = ExportQuery::default();
        store
            .read(|db| {
                self.office.ledger().export_ledger(db, self.organ, &query, personal, |rows| {
                    found.extend(rows);
                    Ok(())
                })
            })
            .unwrap();
        found
    }

    fn case(&self, number: &str) -> CaseRow {
        self.office.store().read(|db| cases::find_by_number(db, self.organ, number)).unwrap()
    }

    /// How many rows each table has that an import writes to.
    fn counts(&self) -> [i64; 8] {
        let count = |db: &mut Db| -> Result<[i64; 8], OfficeError> {
            Ok([
                applicants::table.count().get_result(db)?,
                case_rows::table.count().get_result(db)?,
                case_events::table.count().get_result(db)?,
                obligations::table.count().get_result(db)?,
                ledger_rows::table.count().get_result(db)?,
                departments::table.count().get_result(db)?,
                counters::table.count().get_result(db)?,
                audit_log::table
                    .filter(audit_log::action.ne_all(["ledger.imported", "counter.raised"]))
                    .count()
                    .get_result(db)?,
            ])
        };
        self.office.store().read(count).unwrap()
    }

    /// That every log is whole, and every row and duty what its log and the calendar say.
    #[track_caller]
    fn agrees(&self) {
        let (check, listed) = self.office.calendars().check_clocks().unwrap();
        assert_eq!((check.differences, listed), (0, Vec::new()));
        let broken = |db: &mut Db| -> Result<usize, OfficeError> {
            let mut broken = 0;
            for row in cases::page_by_id(db, None, 10_000)? {
                broken += usize::from(events::verify(db, row.id)?.is_some());
            }
            Ok(broken)
        };
        assert_eq!(self.office.store().read(broken).unwrap(), 0, "every log is chained");
    }
}

/// A ledger of every kind of case there is.
const MIXED: &str = "\
受理编号,收到日期,申请方式,申请人类型,申请人,证件类型,证件号码,联系电话,电子邮件,联系地址,申请内容,承办科室,补正通知日期,补正期限,补正收到日期,征求意见对象,征求意见类型,征求意见发出日期,征求意见收到日期,延期工作日数,延期告知日期,收费通知日期,缴费日期,答复日期,处理结果,答复文号,送达方式,送达日期,备注
旧2017-1,2017-3-6,当面,公民,张三,身份证,11010519491231002X,13800138000,z@example.cn,某路1号,某地块批复,耕地科,,,,,,,,,,,,2017-3-20,同意公开,〔2017〕1号,邮寄,2017-3-23,原件在档案室
旧2017-2,2017/3/6,信函,公司,某公司,营业执照,91110000X,,,,某合同,,2017-3-10,,,,,,,,,,,,告知更改补充,,,,
旧2024-1,2024年3月1日,网络,自然人,李四,,,,,,某图,信息科,2024.3.5,10,2024.3.12,甲公司；某局,第三方；其他机关,2024-3-13；2024-3-14,2024-3-20；2024-3-22,20,2024-4-12,,,20240520,部分公开,〔2024〕3号,直接送达,2024-5-22,
旧2024-2,2024-3-1,EMS,律师事务所,某所,,,,,,=cmd,信息科,,,,,,,,,,,,2024-4-10,不存在,,,,
旧2024-3,2024-3-1,平信,其他,,,,,,,某表,,2024-3-5,15,,,,,,,,,,2024-4-10,逾期不补正,,,,
旧2024-4,2024-3-1,传真,自然人,王五,,,,,,某卷,,,,,,,,,,,2024-3-11,,2024-4-20,逾期未缴费,,,,
旧2024-5,2024-3-1,邮箱,自然人,王五,,,,,,某卷,,,,,,,,,,,,,2024-3-8,撤回,,,,
旧2024-6,2024-3-1,口头,自然人,王五,,,,,,某卷,,,,,,,,,,,,,2024-3-8,其他,,,,
旧2025-1,2025-6-20,网站,自然人,赵六,,,,,,新卷,信息科,,,,,,,,,,,,,,,,,
旧2025-2,2025-6-20,网站,自然人,赵六,,,,,,另一卷,,2025-6-23,10,,,,,,,,,,,,,,,
,2025-6-20,,自然人,孙七,,,,,,无号卷,,,,,丙公司,,2025-6-24,,,,,,,,,,,
";

#[test]
fn a_ledger_of_every_kind_of_case_becomes_cases_whose_log_row_and_duties_agree() {
    crate::support::on_both_databases(|database| {
        let books = Books::open(database);
        let report = books.import(MIXED.as_bytes());
        assert_eq!((report.rows, report.created, report.created_open, report.existing), (11, 11, 3, 0));
        assert_eq!(report.departments, ["耕地科", "信息科"]);
        books.agrees();
        let late = books.case("旧2024-2");
        assert_eq!(
            (late.stage.as_str(), late.is_late, late.outcome.as_deref()),
            ("replied", true, Some("unavailable.does_not_exist"))
        );
        let changed = books.case("旧2017-2");
        assert_eq!(changed.outcome.as_deref(), Some("o492.amend_requested"));
        assert_eq!((changed.regime.as_deref(), changed.closed_on), (Some("492"), Some(day("2017-03-10"))));
        let handed = books.case("旧2024-1");
        assert_eq!((handed.replied_on, handed.is_extended), (Some(day("2024-05-22")), true), "D13");
        assert_eq!(
            (handed.due_on, handed.is_late),
            (Some(day("2024-05-20")), true),
            "written in time, signed for too late"
        );
        assert_eq!(books.case("旧2025-2").stage, "awaiting_correction");
        assert_eq!(books.case("依申请〔2025〕1号").clock_status, "suspended");
        let told: Vec<(&str, u64)> = report.remarks.iter().map(|one| (one.code.code(), one.count)).collect();
        assert_eq!(told, [("reply_late", 2), ("channel_assumed", 1), ("consultation_kind_assumed", 1)]);
    });
}
