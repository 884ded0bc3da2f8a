//! What becomes of each row, counted and told.

use super::{LedgerImport, LineResult, LineStatus, MOST_FAULTS, RemarkCount};
use crate::case::historical::Remark;
use crate::office::files::CaseFile;
use crate::report::ledger::{LedgerRow, RowFault, Unmapped};
use std::collections::BTreeMap;

/// Lines told of a remark.
const LINES: usize = 20;

/// A report in the making.
#[derive(Debug, Default)]
pub(super) struct Telling {
    /// As far as it has come.
    pub(super) report: LedgerImport,
    remarks: BTreeMap<Remark, (u64, Vec<u32>)>,
    /// How many rows are told one by one.
    lines: usize,
}

impl Telling {
    pub(super) fn new(lines: usize, unknown_headings: Vec<String>) -> Self {
        let report = LedgerImport { unknown_headings, ..LedgerImport::default() };
        Self { report, lines, ..Self::default() }
    }

    fn remark(&mut self, line: u32, remarks: &[Remark]) {
        for remark in remarks {
            let (count, lines) = self.remarks.entry(*remark).or_default();
            *count += 1;
            if lines.len() < LINES {
                lines.push(line);
            }
        }
    }

    pub(super) fn created(&mut self, row: &LedgerRow, file: &CaseFile, remarks: &[Remark]) {
        self.report.created += 1;
        self.report.created_open += u64::from(file.row.is_open);
        self.remark(row.line, remarks);
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
        let counted = |(code, (count, lines)): (Remark, (u64, Vec<u32>))| RemarkCount {
            code,
            label: code.label().to_owned(),
            count,
            lines,
        };
        self.report.remarks = self.remarks.into_iter().map(counted).collect();
        self.report.unmapped = unmapped;
        self.report.faults.sort_by_key(|fault| fault.line);
        self.report.lines.sort_by_key(|line| line.line);
        self.report.is_written = writes && self.report.created > 0;
        self.report
    }
}

fn line(row: &LedgerRow, status: LineStatus) -> LineResult {
    LineResult {
        line: row.line,
        status,
        number: row.past.number.clone(),
        received_on: Some(row.past.received_on),
        stage: None,
        outcome: row.past.outcome.map(|outcome| outcome.label().to_owned()),
        ended_on: row.past.end(),
        due_on: None,
        remarks: Vec::new(),
    }
}
