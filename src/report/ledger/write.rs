//! Writes ledgers: the empty template, and the export of cases.

use super::columns::{COLUMNS, Field};
use super::{LedgerRow, name_of};
use crate::case::historical::{Past, PastConsultation, Term};
use crate::law::{ConsultationKind, Outcome, ServiceMethod};
use crate::report::{Cell, Column, Sheet};

const NAME: &str = "依申请公开台账";

/// The rows as a table.
#[must_use]
pub fn ledger_sheet(rows: &[LedgerRow]) -> Sheet {
    Sheet { name: NAME, columns: columns(), rows: rows.iter().map(LedgerRow::cells).collect() }
}

/// An empty ledger, and a sheet that explains each column.
#[must_use]
pub fn template_sheets() -> [Sheet; 2] {
    let explain = |column: &super::LedgerColumn| -> Vec<Cell> {
        vec![column.heading.into(), column.is_required.into(), column.takes.into()]
    };
    let column = |heading, width| Column { heading, width };
    let outcomes = Outcome::all().map(|outcome| -> Vec<Cell> {
        vec!["处理结果的代码".into(), Cell::Empty, format!("{}　{}", outcome.code(), name_of(outcome)).into()]
    });
    let notes = Sheet {
        name: "填写说明",
        columns: vec![column("列名", 20), column("必须填写", 10), column("填写什么", 80)],
        rows: COLUMNS.iter().map(explain).chain(outcomes).collect(),
    };
    [Sheet { name: NAME, columns: columns(), rows: Vec::new() }, notes]
}

fn columns() -> Vec<Column> {
    COLUMNS.iter().map(|column| Column { heading: column.heading, width: column.width }).collect()
}

impl LedgerRow {
    /// The cells, in the order of the columns.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        COLUMNS.iter().map(|column| self.cell(column.field)).collect()
    }

    fn cell(&self, field: Field) -> Cell {
        let Self { past, person, derived, .. } = self;
        let correction = past.correction;
        match field {
            Field::Number => past.number.clone().into(),
            Field::ReceivedOn => Some(past.received_on).filter(|_| !past.awaits_confirmation).into(),
            Field::Channel => past.channel.label().into(),
            Field::ApplicantKind => past.applicant_kind.label().into(),
            Field::Applicant => Some(person.name.clone()).filter(|name| !name.is_empty()).into(),
            Field::IdentityKind => person.identity.as_ref().map(|(kind, _)| kind.label()).into(),
            Field::IdentityNumber => person.identity.as_ref().map(|(_, number)| number.clone()).into(),
            Field::Telephone => person.telephone.clone().into(),
            Field::Email => person.email.clone().into(),
            Field::Address => person.address.clone().into(),
            Field::Request => past.request.clone().into(),
            Field::Department => self.department.clone().into(),
            Field::CorrectionOn => correction.map(|correction| correction.on).into(),
            Field::CorrectionTerm => match correction.and_then(|correction| correction.term) {
                None => Cell::Empty,
                Some(Term::Days(days)) => u32::from(days).into(),
                Some(Term::Until(day)) => day.into(),
            },
            Field::CorrectionReceivedOn => correction.and_then(|correction| correction.received_on).into(),
            Field::ConsultationParty => joined(past, |one| one.party.clone().into()),
            Field::ConsultationKind => joined(past, |one| ConsultationKind::label(one.kind).into()),
            Field::ConsultationSentOn => joined(past, |one| one.sent_on.into()),
            Field::ConsultationReturnedOn => joined(past, |one| one.returned_on.into()),
            Field::ExtensionDays => past.extension.map(|extension| u32::from(extension.days)).into(),
            Field::ExtensionOn => past.extension.map(|extension| extension.on).into(),
            Field::FeeOn => past.fee.map(|fee| fee.on).into(),
            Field::FeePaidOn => past.fee.and_then(|fee| fee.paid_on).into(),
            Field::RepliedOn => past.replied_on.into(),
            Field::Outcome => past.outcome.map(name_of).into(),
            Field::DocumentNumber => past.document_number.clone().into(),
            Field::Method => past.method.map(ServiceMethod::label).into(),
            Field::ServedOn => past.served_on.into(),
            Field::Note => past.note.clone().into(),
            Field::SubmittedOn if past.awaits_confirmation => past.received_on.into(),
            Field::SubmittedOn => derived.submitted_on.into(),
            Field::Stage => derived.stage.into(),
            Field::RegisteredOn => derived.registered_on.into(),
            Field::Handler => derived.handler.clone().into(),
            Field::MailNumber => derived.mail_number.clone().into(),
            // An uncertain date is written as text: a date here would pass for the last day.
            Field::DueOn => derived.estimate.clone().map_or_else(|| derived.due_on.into(), Cell::from),
            Field::Remaining => derived.remaining.clone().into(),
            Field::Warning => derived.warning.into(),
            Field::Approvals => derived.approvals.clone().into(),
            Field::Remedies => derived.remedies.clone().into(),
            Field::FileNumber => derived.file_number.clone().into(),
            Field::RecordedLate => derived.recorded_late.clone().into(),
        }
    }

    /// The row's value under a heading, shortened. `None` for personal data and columns that are not facts of the case.
    #[must_use]
    pub fn shown(&self, heading: &str) -> Option<String> {
        let column = COLUMNS.iter().find(|column| column.heading == heading && !column.at.is_empty())?;
        let text: String = spelled(self.cell(column.field)).chars().take(60).collect();
        Some(text).filter(|text| !text.is_empty())
    }

    /// The row in a canonical spelling, independent of the file format. Identifies rows without a number.
    #[must_use]
    pub fn canonical(&self) -> String {
        let taken = COLUMNS.iter().filter(|column| column.is_taken);
        let mut cells: Vec<String> = taken.map(|column| spelled(self.cell(column.field))).collect();
        if self.past.awaits_confirmation {
            cells.push(format!("awaits {}", self.past.received_on));
        }
        cells.join("\u{1f}")
    }
}

fn spelled(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Cell::Count(count) | Cell::Tenths(count) => count.to_string(),
        Cell::Date(day) => day.to_string(),
    }
}

/// The value of a single consultation as it is, or those of several joined in one cell.
fn joined(past: &Past, of: impl Fn(&PastConsultation) -> Cell) -> Cell {
    if let [one] = past.consultations.as_slice() {
        return of(one);
    }
    let parts: Vec<String> = past
        .consultations
        .iter()
        .map(|one| match of(one) {
            Cell::Text(text) => text.replace('；', "、"),
            Cell::Date(day) => day.to_string(),
            Cell::Empty | Cell::Count(_) | Cell::Tenths(_) => String::new(),
        })
        .collect();
    if parts.iter().all(String::is_empty) { Cell::Empty } else { parts.join("；").into() }
}
