//! Exporting cases as a ledger. Personal data is masked; in clear text only with a recorded reason.

use super::derived::Deriving;
use crate::case::historical::recorded;
use crate::case::{AuditAction, Event, fold};
use crate::office::cases::applicants::{stored_contact, stored_identity_kind};
use crate::office::cases::case_file::read_log;
use crate::office::people::reading_limits::Brake;
use crate::office::{Caller, Ledgers, OfficeError, Origin, people::reason};
use crate::report::ledger::{Derived, LedgerRow, Person};
use crate::store::cases::CaseRow;
use crate::store::cases::applicants::{self, ApplicantRow};
use crate::store::cases::events::{self, EventRow};
use crate::store::database::seal::{mask_identity, mask_name, mask_phone};
use crate::store::evidence::audit::NewAudit;
use crate::store::ledger::{imports, page, unconfirmed};
use crate::store::{ApplicantId, CaseId, Db, DepartmentId, OrganId, cases, people::departments};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Cases read per page.
const PAGE: i64 = 500;
/// Replaces a hidden contact.
const HIDDEN: &str = "***";

/// The days of receipt to export; without them, all cases. A case whose receipt is not confirmed counts by its
/// day of submission.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportQuery {
    /// First day of receipt.
    pub from: Option<NaiveDate>,
    /// Last day of receipt.
    pub until: Option<NaiveDate>,
}

/// How personal data is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// Names by their first character, numbers by a few digits, other contacts hidden.
    Masked,
    /// In clear text.
    Clear,
}

impl Ledgers<'_> {
    /// Records that a ledger is about to be exported in clear text, and why. Must be called before reading.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] without a reason; [`OfficeError::TooOften`] above the daily limit, which does not apply
    /// to the command line (no `caller`).
    pub fn record_clear_ledger(
        &self,
        db: &mut Db,
        caller: Option<&Caller>,
        organ: OrganId,
        query: &ExportQuery,
        reason: &str,
    ) -> Result<(), OfficeError> {
        let reason = reason::checked("?reason", reason, "导出个人信息", reason::POSTING)?;
        if let Some(caller) = caller {
            self.people().brake(db, Brake::ClearLedgers, caller, organ)?;
        }
        let detail = serde_json::json!({ "reason": reason, "from": query.from, "until": query.until }).to_string();
        let entry = NewAudit {
            actor_id: caller.map(|caller| caller.user_id),
            organ_id: Some(organ),
            case_id: None,
            action: AuditAction::LedgerExportedInClear,
            detail: &detail,
        };
        let origin = caller.map_or_else(Origin::default, |caller| caller.origin.clone());
        self.service().note_from(db, &origin, entry)
    }

    /// Like [`Ledgers::record_clear_ledger`], in its own transaction.
    ///
    /// # Errors
    /// As [`Ledgers::record_clear_ledger`].
    pub fn admit_clear_ledger(
        &self,
        caller: &Caller,
        organ: OrganId,
        query: &ExportQuery,
        reason: &str,
    ) -> Result<(), OfficeError> {
        self.store().write(|db| self.record_clear_ledger(db, Some(caller), organ, query, reason))
    }

    /// Like [`Ledgers::export_ledger`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Ledgers::export_ledger`].
    pub fn write_ledger(
        &self,
        organ: OrganId,
        query: &ExportQuery,
        personal: Personal,
        each: impl FnMut(Vec<LedgerRow>) -> Result<(), OfficeError>,
    ) -> Result<(), OfficeError> {
        self.store().read(|db| self.export_ledger(db, organ, query, personal, each))
    }

    /// Exports the ledger of an organ by day of receipt and passes it to `each` page by page. Cases whose receipt is
    /// not confirmed come last.
    ///
    /// # Errors
    /// The errors of `each`; [`OfficeError::Unreadable`] if a case or an applicant cannot be read, because a ledger
    /// without it would look complete.
    pub fn export_ledger(
        &self,
        db: &mut Db,
        organ: OrganId,
        query: &ExportQuery,
        personal: Personal,
        mut each: impl FnMut(Vec<LedgerRow>) -> Result<(), OfficeError>,
    ) -> Result<(), OfficeError> {
        let named = departments::naming(db, &[organ])?;
        let named: HashMap<DepartmentId, String> = named.into_iter().map(|row| (row.id, row.name)).collect();
        let mut deriving = Deriving::new(self.cases().desk(db, organ)?, self.clock().today());
        let days = (query.from, query.until);
        let mut line = 2;
        let mut after = None;
        loop {
            let rows = page(db, organ, days, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = last.received_on.map(|day| (day, last.id));
            let read = self.ledger_rows(db, &rows, &named, personal, (&mut line, Some(&mut deriving)))?;
            each(read.into_iter().map(|(_, row)| row).collect())?;
        }
        let mut after = None;
        loop {
            let rows = unconfirmed(db, organ, days, after, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some((last.submitted_on, last.id));
            let read = self.ledger_rows(db, &rows, &named, personal, (&mut line, Some(&mut deriving)))?;
            each(read.into_iter().map(|(_, row)| row).collect())?;
        }
    }

    /// The canonical text of the ledger rows an export of these cases would contain: in clear text and masked.
    pub(super) fn said_of(
        &self,
        db: &mut Db,
        organ: OrganId,
        of: &[CaseId],
    ) -> Result<HashMap<CaseId, [String; 2]>, OfficeError> {
        let rows = cases::many(db, of)?;
        let named = departments::naming(db, &[organ])?;
        let named: HashMap<DepartmentId, String> = named.into_iter().map(|row| (row.id, row.name)).collect();
        let clear = self.ledger_rows(db, &rows, &named, Personal::Clear, (&mut 2, None))?;
        let masked = self.ledger_rows(db, &rows, &named, Personal::Masked, (&mut 2, None))?;
        // An import reads only the name of a masked row.
        let masked = masked.into_iter().map(|(_, row)| LedgerRow { person: only_named(row.person), ..row });
        let said = clear.into_iter().zip(masked);
        Ok(said.map(|((id, clear), masked)| (id, [clear.canonical(), masked.canonical()])).collect())
    }

    fn ledger_rows(
        &self,
        db: &mut Db,
        rows: &[CaseRow],
        named: &HashMap<DepartmentId, String>,
        personal: Personal,
        (line, mut deriving): (&mut u32, Option<&mut Deriving>),
    ) -> Result<Vec<(CaseId, LedgerRow)>, OfficeError> {
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let logs = events::load_many(db, &ids)?;
        let of: Vec<ApplicantId> = rows.iter().map(|row| row.applicant_id).collect();
        let people: HashMap<ApplicantId, ApplicantRow> =
            applicants::many(db, &of)?.into_iter().map(|row| (row.id, row)).collect();
        let imported = if deriving.is_some() { imports::imported_at(db, &ids)? } else { HashMap::new() };
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            let written: &[EventRow] = logs.get(&row.id).map_or(&[], Vec::as_slice);
            let log: Vec<Event> = read_log(written)?;
            let case = fold(&log).ok_or_else(|| OfficeError::unreadable(format!("case {} without a log", row.id.0)))?;
            let past = recorded(&case, &log);
            let missing = || OfficeError::unreadable(format!("case {} without an applicant", row.id.0));
            let person = self.person(people.get(&row.applicant_id).ok_or_else(missing)?, personal)?;
            let department = row.department_id.and_then(|id| named.get(&id).cloned());
            let derived = match &mut deriving {
                Some(deriving) => {
                    let recorded_late = deriving.recorded_late(written, imported.get(&row.id).copied())?;
                    Derived { recorded_late, ..deriving.of(db, row, &case, &log)? }
                }
                None => Derived::default(),
            };
            let remarks = Vec::new();
            read.push((row.id, LedgerRow { sheet: None, line: *line, past, person, department, remarks, derived }));
            *line = line.saturating_add(1);
        }
        Ok(read)
    }

    fn person(&self, found: &ApplicantRow, personal: Personal) -> Result<Person, OfficeError> {
        let sealer = self.store().sealer();
        let number = applicants::identity(sealer, found)?.map(|number| number.into_inner());
        let contact = stored_contact(sealer, found)?;
        let identity = stored_identity_kind(found)?.zip(number);
        let hidden = |_: String| HIDDEN.to_owned();
        Ok(match personal {
            Personal::Clear => Person {
                name: found.name.clone(),
                identity,
                telephone: contact.telephone,
                email: contact.email,
                address: contact.address,
            },
            Personal::Masked => Person {
                name: mask_name(&found.kind, &found.name),
                identity: identity.map(|(kind, number)| (kind, mask_identity(&number))),
                telephone: contact.telephone.as_deref().map(mask_phone),
                email: contact.email.map(hidden),
                address: contact.address.map(hidden),
            },
        })
    }
}

/// Keeps only the name, masked as it is.
fn only_named(person: Person) -> Person {
    Person { name: person.name, ..Person::default() }
}
