//! Published tables, turned into the ledgers that would have made them: every row label is understood, and the cases made
//! of them stand in the cells they came from.

use chrono::{Days, NaiveDate};
use gongkai::case::ApplicantKind;
use gongkai::law::{Outcome, Regime};
use gongkai::office::OfficeError;
use gongkai::report::ledger::outcome_of;
use gongkai::store::Db;
use gongkai::store::cases;
use serde_json::Value;
use std::collections::BTreeMap;

use super::Books;
use crate::support::{day, on_both_databases};

const NEW: &str = "一、本年新收政府信息公开申请数量";
const CARRIED_IN: &str = "二、上年结转政府信息公开申请数量";
const TOTAL: &str = "三(七)总计";
const CARRIED_OUT: &str = "四、结转下年度继续办理";
const GRANTED: &str = "三(一)予以公开";

/// A table that was published whole.
pub struct Published {
    pub name: String,
    pub year: i32,
    rows: BTreeMap<String, BTreeMap<&'static str, usize>>,
}

impl Published {
    /// Every complete table there is.
    pub fn all() -> Vec<Self> {
        let directory = format!("{}/tests/data/tables", env!("CARGO_MANIFEST_DIR"));
        let mut found: Vec<Self> =
            std::fs::read_dir(directory).unwrap().filter_map(|entry| Self::read(&entry.unwrap().path())).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    fn read(path: &std::path::Path) -> Option<Self> {
        let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        if table["reconciliation"]["checked"] != "full" {
            return None;
        }
        let cells =
            |row: &Value| ApplicantKind::ALL.iter().map(|kind| (kind.label(), count(&row[kind.label()]))).collect();
        let rows = table["table3"].as_object().unwrap().iter().map(|(label, row)| (label.clone(), cells(row)));
        let year = i32::try_from(table["year"].as_i64().unwrap()).unwrap();
        Some(Self { name: path.file_stem().unwrap().to_string_lossy().into_owned(), year, rows: rows.collect() })
    }

    fn cell(&self, label: &str, column: &str) -> usize {
        self.rows[label][column]
    }

    /// The rows of results, each with its cell in a column.
    pub fn results(&self, column: &str) -> Vec<(&str, usize)> {
        let is_result = |label: &str| label.starts_with("三(") && label != TOTAL;
        self.rows
            .iter()
            .filter(|(label, _)| is_result(label))
            .map(|(label, row)| (label.as_str(), row[column]))
            .collect()
    }

    /// A ledger that makes just this table: who was carried over was received in the last December, who is carried over is
    /// still open or answered in the next January.
    pub fn ledger(&self) -> String {
        let first =
            day(&format!("{}-01-02", self.year)).max(day("2019-05-16").min(day(&format!("{}-12-01", self.year))));
        let last_december = day(&format!("{}-12-20", self.year - 1));
        let mut text = String::from("收到日期,申请人类型,申请内容,处理结果,答复日期\n");
        for kind in ApplicantKind::ALL {
            let column = kind.label();
            let mut left = self.results(column);
            let mut ended = |received: NaiveDate, replied: NaiveDate, text: &mut String| {
                let regime = Regime::for_receipt(received);
                let fits = |(label, count): &&mut (&str, usize)| *count > 0 && outcome_of(label, regime).is_some();
                let (label, count) = left.iter_mut().find(fits).unwrap();
                *count -= 1;
                *text += &format!("{received},{column},某件,{label},{replied}\n");
            };
            let (carried_in, new) = (self.cell(CARRIED_IN, column), self.cell(NEW, column));
            let open = self.cell(CARRIED_OUT, column);
            for _ in 0..carried_in {
                ended(last_december, day(&format!("{}-01-10", self.year)), &mut text);
            }
            for place in 0..new - open {
                let received = first + Days::new(u64::try_from(place % 190).unwrap());
                ended(received, received + Days::new(12), &mut text);
            }
            for place in 0..open {
                let received = day(&format!("{}-12-20", self.year));
                let end = if place % 2 == 0 { String::new() } else { format!("{GRANTED},{}-01-10", self.year + 1) };
                let end = if end.is_empty() { ",".to_owned() } else { end };
                text += &format!("{received},{column},某件,{end}\n");
            }
            assert!(left.iter().all(|(_, count)| *count == 0), "{}: {left:?}", self.name);
        }
        text
    }
}

/// A blank cell is nothing.
fn count(cell: &Value) -> usize {
    cell.as_u64().map_or(0, |count| usize::try_from(count).unwrap())
}

/// The row of an outcome in the form of a year.
fn row_of(outcome: Outcome, year: i32) -> &'static str {
    if year >= 2021 { outcome.row_2021() } else { outcome.row_2019() }.unwrap()
}

#[test]
fn a_ledger_made_of_a_published_table_gives_its_cells_back() {
    let tables = Published::all();
    assert!(tables.len() >= 6, "only {} complete tables", tables.len());
    on_both_databases(|database| {
        for table in &tables {
            let books = Books::of(database, "2026-06-30", &table.name);
            let report = books.import(table.ledger().as_bytes());
            let year = |day: NaiveDate| chrono::Datelike::year(&day);
            let rows = |db: &mut Db| -> Result<_, OfficeError> { Ok(cases::page_by_id(db, None, 100_000)?) };
            let cases: Vec<_> = books.office.store().read(rows).unwrap();
            let cases: Vec<_> = cases.into_iter().filter(|case| case.organ_id == books.organ).collect();
            assert_eq!(report.created, u64::try_from(cases.len()).unwrap());
            for kind in ApplicantKind::ALL {
                let theirs = || cases.iter().filter(|case| case.applicant_kind == kind.code());
                let new = theirs().filter(|case| case.received_on.map(year) == Some(table.year)).count();
                let open = theirs().filter(|case| case.closed_on.is_none_or(|day| year(day) > table.year)).count();
                let name = &table.name;
                assert_eq!(new, table.cell(NEW, kind.label()), "{name} {}", kind.label());
                assert_eq!(open, table.cell(CARRIED_OUT, kind.label()), "{name} {}", kind.label());
                for (label, expected) in table.results(kind.label()) {
                    // A form of one row for what is three since: the first of them holds its cases.
                    let first =
                        Outcome::all().find(|outcome| Some(*outcome) == outcome_of(label, Regime::Order711)).unwrap();
                    let found = theirs().filter(|case| {
                        let outcome = case.outcome.as_deref().and_then(Outcome::from_code);
                        let is_there =
                            outcome.is_some_and(|outcome| row_of(outcome, table.year) == row_of(first, table.year));
                        is_there && case.closed_on.map(year) == Some(table.year)
                    });
                    assert_eq!(found.count(), expected, "{name} {label} {}", kind.label());
                }
            }
        }
    });
}
