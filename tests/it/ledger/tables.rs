//! Published tables, turned into the ledgers that would have made them: every row label is understood, and the annual report
//! of the cases made of them is the table they came from.

use chrono::{Days, NaiveDate};
use gongkai::case::ApplicantKind;
use gongkai::law::Regime;
use gongkai::office::Office;
use gongkai::office::reports::ReportQuery;
use gongkai::report::ledger::outcome_of;
use serde_json::Value;
use std::collections::BTreeMap;

use super::Books;
use crate::support::{day, on_both_databases};

const NEW: &str = "一、本年新收政府信息公开申请数量";
const CARRIED_IN: &str = "二、上年结转政府信息公开申请数量";
const TOTAL: &str = "三(七)总计";
const CARRIED_OUT: &str = "四、结转下年度继续办理";
const GRANTED: &str = "三(一)予以公开";
const OTHER: &str = "三(六)其他处理";

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

    /// The cases that make just this table: who was carried over was received in the last December, who is carried over is
    /// still open or answered in the next January.
    pub fn entries(&self) -> Vec<Entry> {
        let first =
            day(&format!("{}-01-02", self.year)).max(day("2019-05-16").min(day(&format!("{}-12-01", self.year))));
        let last_december = day(&format!("{}-12-20", self.year - 1));
        let mut entries = Vec::new();
        for kind in ApplicantKind::ALL.iter().copied() {
            let column = kind.label();
            let mut left = self.results(column);
            let mut ended = |received_on: NaiveDate, replied_on: NaiveDate| {
                let regime = Regime::for_receipt(received_on);
                let fits = |(label, count): &&mut (&str, usize)| *count > 0 && outcome_of(label, regime).is_some();
                let (label, count) = left.iter_mut().find(fits).unwrap();
                *count -= 1;
                Entry { kind, received_on, end: Some(((*label).to_owned(), replied_on)) }
            };
            let (carried_in, new) = (self.cell(CARRIED_IN, column), self.cell(NEW, column));
            let open = self.cell(CARRIED_OUT, column);
            for _ in 0..carried_in {
                entries.push(ended(last_december, day(&format!("{}-01-10", self.year))));
            }
            for place in 0..new - open {
                let received_on = first + Days::new(u64::try_from(place % 190).unwrap());
                entries.push(ended(received_on, received_on + Days::new(12)));
            }
            for place in 0..open {
                let received_on = day(&format!("{}-12-20", self.year));
                let next_january = day(&format!("{}-01-10", self.year + 1));
                let end = (place % 2 == 1).then(|| (GRANTED.to_owned(), next_january));
                entries.push(Entry { kind, received_on, end });
            }
            assert!(left.iter().all(|(_, count)| *count == 0), "{}: {left:?}", self.name);
        }
        entries
    }

    /// That the annual report of the organ is this table, cell by cell, and hands on what the next year takes over.
    #[track_caller]
    pub fn is_reported(&self, office: &Office, code: &str) {
        let reported = |year: i32| {
            let query = ReportQuery::of_year(year);
            let report = office.store().read(|db| office.reports().report_by_code(db, code, &query)).unwrap();
            serde_json::to_value(report).unwrap()["table3"].take()
        };
        let (this, next) = (reported(self.year), reported(self.year + 1));
        for (label, row) in &self.rows {
            // A published form may have one row where the official one has three.
            let parts = format!("{label}-");
            let is_it = |name: &String| name == label || (label == OTHER && name.starts_with(&parts));
            let rows: Vec<&Value> =
                this.as_object().unwrap().iter().filter(|(name, _)| is_it(name)).map(|(_, row)| row).collect();
            assert!(!rows.is_empty(), "{}: the report has no row {label}", self.name);
            for (column, expected) in row {
                let found: usize = rows.iter().map(|row| count(&row[*column])).sum();
                assert_eq!(found, *expected, "{} {label} {column}", self.name);
            }
        }
        for kind in ApplicantKind::ALL {
            let handed_on = count(&next[CARRIED_IN][kind.label()]);
            assert_eq!(handed_on, self.cell(CARRIED_OUT, kind.label()), "{} {}", self.name, kind.label());
        }
    }
}

/// A case of a table.
#[derive(Debug, Clone)]
pub struct Entry {
    pub kind: ApplicantKind,
    pub received_on: NaiveDate,
    /// The row it ended in, and the day.
    pub end: Option<(String, NaiveDate)>,
}

/// Cases as a ledger.
pub fn ledger(entries: &[Entry]) -> String {
    let mut text = String::from("收到日期,申请人类型,申请内容,处理结果,答复日期\n");
    for Entry { kind, received_on, end } in entries {
        let (label, on) =
            end.as_ref().map_or((String::new(), String::new()), |(label, on)| (label.clone(), on.to_string()));
        text += &format!("{received_on},{},某件,{label},{on}\n", kind.label());
    }
    text
}

/// A blank cell is nothing.
fn count(cell: &Value) -> usize {
    cell.as_u64().map_or(0, |count| usize::try_from(count).unwrap())
}

#[test]
fn a_ledger_made_of_a_published_table_is_reported_as_that_table_cell_by_cell() {
    let tables = Published::all();
    assert!(tables.len() >= 6, "only {} complete tables", tables.len());
    on_both_databases(|database| {
        for table in &tables {
            let books = Books::of(database, "2026-06-30", &table.name);
            let entries = table.entries();
            let report = books.import(ledger(&entries).as_bytes());
            assert_eq!(report.created, u64::try_from(entries.len()).unwrap());
            table.is_reported(&books.office, &table.name);
        }
    });
}
