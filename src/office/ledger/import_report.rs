//! The result of an import: counts, and the result of each row.

use super::series::SeriesLine;
use super::{AsideRow, LedgerImport, LineResult, LineStatus, MOST_FAULTS, RemarkCount};
use crate::case::historical::Remark;
use crate::office::cases::case_file::CaseFile;
use crate::report::ledger::{Aside, Headings, LedgerReader, LedgerRow, RowFault, Unmapped};
use std::collections::BTreeMap;

/// Maximum number of lines listed per remark.
const LINES: usize = 20;
/// Maximum number of non-case rows listed.
const ASIDES: usize = 100;

/// A report under construction.
#[derive(Debug, Default)]
pub(super) struct Telling {
    /// The report so far.
    pub(super) report: LedgerImport,
    remarks: BTreeMap<Remark, (u64, Vec<SeriesLine>)>,
    /// Maximum number of rows reported individually.
    lines: usize,
    /// The sheets that are read, in order.
    sheets: Vec<String>,
}

impl Telling {
    pub(super) fn new(lines: usize, headings: &Headings) -> Self {
        let others = headings.unread.iter().filter(|(_, holds_cases)| !holds_cases);
        let report = LedgerImport {
            unknown_headings: headings.unknown(),
            ignored_headings: headings.ignored(),
            other_sheets: others.filter_map(|(unread, _)| unread.sheet.clone()).collect(),
            ..LedgerImport::default()
        };
        let sheets = headings.sheets.iter().filter_map(|sheet| sheet.name.as_deref().map(str::to_owned)).collect();
        Self { report, lines, sheets, ..Self::default() }
    }

    /// Adds the findings of the first pass: columns and sheets that are not imported, and rows that are not cases.
    pub(super) fn looked(&mut self, reader: &LedgerReader) {
        self.report.unread = reader.unread();
        let told = |aside: &Aside| AsideRow {
            sheet: aside.sheet.as_deref().map(str::to_owned),
            line: aside.line,
            text: aside.text.clone(),
        };
        self.report.asides = reader.asides().iter().take(ASIDES).map(told).collect();
    }

    fn remark(&mut self, row: &LedgerRow, remarks: &[Remark]) {
        for remark in remarks {
            let (count, lines) = self.remarks.entry(*remark).or_default();
            *count += 1;
            if lines.len() < LINES {
                lines.push((row.sheet.clone(), row.line));
            }
        }
    }

    pub(super) fn created(&mut self, row: &LedgerRow, file: &CaseFile, remarks: &[Remark]) {
        self.report.created += 1;
        self.report.created_open += u64::from(file.row.is_open);
        self.remark(row, remarks);
        let mut line = line(row, LineStatus::Created);
        line.number.clone_from(&row.past.number);
        line.stage = Some(file.case.stage.label().to_owned());
        line.ended_on = file.case.ended_on;
        line.due_on = file.row.due_on;
        line.remarks = remarks.iter().map(|remark| remark.label().to_owned()).collect();
        self.told(line);
    }

    pub(super) fn exists(&mut self, row: &LedgerRow) {
        self.report.existing += 1;
        self.told(line(row, LineStatus::Existing));
    }

    pub(super) fn reject(&mut self, faults: Vec<RowFault>) {
        self.report.rejected += 1;
        if let Some(first) = faults.first() {
            self.told(LineResult {
                sheet: first.sheet.clone(),
                line: first.line,
                status: LineStatus::Rejected,
                number: None,
                received_on: None,
                stage: None,
                outcome: None,
                ended_on: None,
                due_on: None,
                remarks: Vec::new(),
            });
        }
        self.report.faults_total += u64::try_from(faults.len()).unwrap_or(u64::MAX);
        let room = MOST_FAULTS.saturating_sub(self.report.faults.len());
        self.report.faults.extend(faults.into_iter().take(room));
    }

    fn told(&mut self, line: LineResult) {
        if self.report.lines.len() < self.lines {
            self.report.lines.push(line);
        }
    }

    pub(super) fn finish(mut self, unmapped: Vec<Unmapped>, writes: bool) -> LedgerImport {
        let counted = |(code, (count, lines)): (Remark, (u64, Vec<SeriesLine>))| RemarkCount {
            code,
            label: code.label().to_owned(),
            count,
            sheets: lines.iter().filter_map(|(sheet, _)| sheet.as_deref().map(str::to_owned)).collect(),
            lines: lines.into_iter().map(|(_, line)| line).collect(),
        };
        self.report.remarks = self.remarks.into_iter().map(counted).collect();
        self.report.unmapped = unmapped;
        // Sorted, because batches mix faults of rows with those of cases. Sheets keep their order.
        self.report.faults.sort_by_key(|fault| (place(&self.sheets, fault.sheet.as_deref()), fault.line));
        self.report.lines.sort_by_key(|line| (place(&self.sheets, line.sheet.as_deref()), line.line));
        self.report.is_written = writes && self.report.created > 0;
        self.report
    }
}

fn place(sheets: &[String], sheet: Option<&str>) -> Option<usize> {
    sheets.iter().position(|name| Some(name.as_str()) == sheet)
}

fn line(row: &LedgerRow, status: LineStatus) -> LineResult {
    LineResult {
        sheet: row.sheet.as_deref().map(str::to_owned),
        line: row.line,
        status,
        number: row.past.number.clone(),
        received_on: Some(row.past.received_on).filter(|_| !row.past.awaits_confirmation),
        stage: None,
        outcome: row.past.outcome.map(|outcome| outcome.label().to_owned()),
        ended_on: row.past.end(),
        due_on: None,
        remarks: Vec::new(),
    }
}
