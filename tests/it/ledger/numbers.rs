//! Numbers of a ledger and the series they belong to: what is too far is refused, what leaves a gap is told, and the next
//! number can always be given.

use diesel::prelude::*;
use gongkai::office::ledger::{ImportOptions, LedgerImport};
use gongkai::store::database::schema::counters as rows;
use gongkai::store::{StoreError, cases::counters};
use serde_json::{Value, json};

use super::{Books, TODAY};
use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

const HEADINGS: &str = "受理编号,收到日期,申请人类型,申请内容,答复日期,处理结果,答复文号\n";

/// A ledger of open cases with these numbers, each on a line of its own from the second on.
fn ledger(numbers: &[&str]) -> String {
    let row = |number: &&str| format!("{number},2025-03-05,自然人,某信息,,,\n");
    HEADINGS.to_owned() + &numbers.iter().map(row).collect::<String>()
}

/// A ledger of answered cases with these 答复文号.
fn answered(numbers: &[&str]) -> String {
    let row = |(at, number): (usize, &&str)| format!("旧{at},2025-03-05,自然人,某信息,2025-03-20,同意公开,{number}\n");
    HEADINGS.to_owned() + &numbers.iter().enumerate().map(row).collect::<String>()
}

/// Line, column and code of each fault.
fn faults(report: &LedgerImport) -> Vec<(u32, &str, &str)> {
    report.faults.iter().map(|fault| (fault.line, fault.column.as_str(), fault.code.as_str())).collect()
}

/// The jumps a report tells: series, year, after, number, line, how many are missing.
fn jumps(report: &LedgerImport) -> Vec<(String, i64, i64, i64, i64, i64)> {
    let report = serde_json::to_value(report).unwrap();
    let number = |value: &Value| value.as_i64().unwrap();
    let told = |jump: &Value| {
        let [year, after, to, line, missing] =
            ["year", "after", "number", "line", "missing"].map(|name| number(&jump[name]));
        (jump["series"].as_str().unwrap().to_owned(), year, after, to, line, missing)
    };
    report["jumps"].as_array().unwrap().iter().map(told).collect()
}

impl Books {
    /// The last number of a series.
    fn last(&self, year: i32, kind: &str) -> i64 {
        self.office.store().read(|db| counters::last(db, self.organ, year, kind)).unwrap()
    }

    fn refused(&self, text: &str) -> LedgerImport {
        let before = self.counts();
        let report = self.take(text.as_bytes(), ImportOptions::default());
        assert!(!report.is_written && !report.faults.is_empty(), "{report:?}");
        assert_eq!(self.counts(), before, "nothing is kept");
        report
    }
}

#[test]
fn a_number_far_beyond_the_series_is_refused_with_its_row() {
    on_both_databases(|database| {
        let books = Books::open(database);
        // Two rows: the series may reach 2 + 10,000.
        for far in [
            "2147483647",
            "2147483648",
            "1380013800",
            "10003",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "0099999999999",
            "9999999999999999999999999999999999999999",
            "２１４７４８３６４７",
        ] {
            for numbers in [["旧1", far], [far, "旧1"]].map(|pair| {
                pair.map(|part| if part == far { format!("依申请〔2025〕{far}号") } else { part.to_owned() })
            }) {
                let line = if numbers[0] == "旧1" { 3 } else { 2 };
                let report = books.refused(&ledger(&numbers.each_ref().map(String::as_str)));
                assert_eq!(faults(&report), [(line, "受理编号", "number_out_of_series")], "{far} {}", database.name);
                assert!(report.faults[0].detail.contains("请核对"), "{report:?}");
                assert_eq!(report.faults[0].found.as_deref(), Some(format!("依申请〔2025〕{far}号").as_str()));
                assert_eq!(jumps(&report), [], "what is refused is no jump");
            }
        }
        let report = books.refused(&answered(&["公开复〔2025〕1号", "公开复〔2025〕2147483647号"]));
        assert_eq!(faults(&report), [(3, "答复文号", "number_out_of_series")]);
        assert_eq!((books.last(2025, "registration"), books.last(2025, "reply")), (0, 0));
    });
}

#[test]
fn a_far_number_is_left_out_alone_and_moves_no_series() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let text = ledger(&["依申请〔2025〕2号", "依申请〔2025〕99999号", "", "依申请〔2025〕1号"]);
        let shown = books.take(text.as_bytes(), ImportOptions { dry_run: true, ..ImportOptions::default() });
        assert_eq!((shown.created, shown.rejected), (3, 1));
        let report = books.take(text.as_bytes(), ImportOptions { partial: true, ..ImportOptions::default() });
        assert_eq!((report.created, faults(&report)), (3, vec![(3, "受理编号", "number_out_of_series")]));
        assert_eq!(books.case("依申请〔2025〕3号").title, "某信息", "the row without a number is the next");
        assert_eq!(books.last(2025, "registration"), 3);
        books.agrees();
    });
}

#[test]
fn a_number_within_reach_is_taken_and_its_jump_told() {
    on_both_databases(|database| {
        let books = Books::open(database);
        // In any order; gap after 2 and after 5: the wider one is named.
        let numbers = ["5", "1", "10005", "2"].map(|seq| format!("依申请〔2025〕{seq}号"));
        let text = ledger(&numbers.each_ref().map(String::as_str));
        let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
        assert_eq!(faults(&books.take(text.as_bytes(), dry)), [(4, "受理编号", "number_out_of_series")]);
        let numbers = ["5", "1", "10004", "2"].map(|seq| format!("依申请〔2025〕{seq}号"));
        let text = ledger(&numbers.each_ref().map(String::as_str));
        let expected = [("registration".to_owned(), 2025, 5, 10_004, 4, 2 + 9_998)];
        assert_eq!(jumps(&books.take(text.as_bytes(), dry)), expected, "the preview tells it");
        assert_eq!(jumps(&books.import(text.as_bytes())), expected, "{}", database.name);
        assert_eq!(books.last(2025, "registration"), 10_004);
        // What lies before the end of the series, or follows it, is no jump; from there it reaches further.
        let more = ledger(&["依申请〔2025〕10005号", "依申请〔2025〕77号", "依申请〔2024〕1号"]);
        assert_eq!(jumps(&books.import(more.as_bytes())), []);
        assert_eq!(faults(&books.refused(&ledger(&["依申请〔2025〕20007号"]))).len(), 1);
        books.import(ledger(&["依申请〔2025〕20006号"]).as_bytes());
        assert_eq!((books.last(2025, "registration"), books.last(2024, "registration")), (20_006, 1));
        books.agrees();
    });
}

#[test]
fn old_reply_numbers_carry_their_series_on() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let report =
            books.import(answered(&["公开复〔2025〕1号", "公开复〔2025〕4号", "某函〔2025〕99999999号"]).as_bytes());
        assert_eq!(jumps(&report), [("reply".to_owned(), 2025, 1, 4, 3, 2)], "another kind of number is no part of it");
        assert_eq!(books.last(2025, "reply"), 4, "{}", database.name);
    });
}

#[test]
fn nought_and_leading_noughts_are_places_of_the_series_too() {
    on_both_databases(|database| {
        let books = Books::open(database);
        books.import(ledger(&["依申请〔2025〕0号", "依申请〔2025〕007号", "依申请〔２０２５〕８号"]).as_bytes());
        assert_eq!(books.last(2025, "registration"), 8, "{}", database.name);
        books.import(ledger(&[""]).as_bytes());
        assert_eq!(books.case("依申请〔2025〕9号").title, "某信息");
    });
}

#[test]
fn the_next_number_is_one_that_no_case_has() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        let service = &bureau.service;
        let admin = service.user_token("guanli", bureau.organ, &[gongkai::case::Role::Admin]);
        let path = format!("/api/v1/organs/{}", bureau.organ.0);
        let settle = |pattern: &str| {
            let etag = service.get(&path, &admin).header("etag").to_owned();
            let body = json!({ "settings": { "number_pattern": pattern } });
            let done = service.call_with("PATCH", &path, &admin, &[("if-match", &etag)], Some(body));
            assert_eq!(done.status, 200, "{done:?}");
        };
        let import = |text: String| {
            let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
            let preview = service.call(
                "POST",
                &format!("{path}/ledger/preview"),
                &bureau.clerk,
                Some(json!({ "content": content })),
            );
            let body = json!({ "content": content, "confirmation": preview.json["confirmation"] });
            let done = service.create(&format!("{path}/ledger/imports"), &bureau.clerk, body);
            assert_eq!(done.status, 201, "{done:?}");
        };
        let number = |case: &crate::support::bureau::CaseAt<'_>| case.last.json["number"].as_str().unwrap().to_owned();
        // Numbers of another pattern when they came in, of the organ's own later.
        import(ledger(&["2025-1", "2025-2", "2025-4"]));
        settle("{year}-{seq}");
        assert_eq!(number(&bureau.registered(TODAY)), "2025-3", "{}", database.name);
        assert_eq!(number(&bureau.registered(TODAY)), "2025-5");
        import(ledger(&["2025-6", "", "2025-8"]));
        assert_eq!(number(&bureau.registered(TODAY)), "2025-10", "the row without a number took 2025-9");
        // The place before the year, the year twice.
        settle("{seq}/{year}年〔{year}〕");
        import(ledger(&["11/2025年〔2025〕", "12/2025年〔2024〕"]));
        assert_eq!(number(&bureau.registered(TODAY)), "12/2025年〔2025〕");
    });
}

#[test]
fn a_series_that_came_to_its_end_or_is_damaged_says_so_and_gives_no_number() {
    on_both_databases(|database| {
        let books = Books::open(database);
        let store = books.office.store();
        let set = |last: i64| {
            let sql = format!("UPDATE counters SET last = {last}");
            let run =
                |db: &mut gongkai::store::Db| -> Result<usize, StoreError> { Ok(diesel::sql_query(&sql).execute(db)?) };
            assert_eq!(store.write(run).unwrap(), 1);
        };
        let draw = || store.write(|db| counters::next(db, books.organ, 2025, "registration"));
        assert_eq!(draw().unwrap(), 1);
        set(2_147_483_647);
        assert_eq!(draw().unwrap(), 2_147_483_648, "{}", database.name);
        assert_eq!(draw().unwrap(), 2_147_483_649);
        for damaged in [i64::MAX, -1, i64::MIN] {
            set(damaged);
            assert!(matches!(draw(), Err(StoreError::Corrupt(_))), "{damaged}: {:?}", draw());
            let kept: Vec<i64> =
                store.read(|db| -> Result<_, StoreError> { Ok(rows::table.select(rows::last).load(db)?) }).unwrap();
            assert_eq!(kept, [damaged], "nothing is written");
        }
    });
}
