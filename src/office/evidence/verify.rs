//! `gongkai audit verify`: everything that can be computed is computed again and compared with what is stored. Writes
//! nothing, so that what was changed is neither mended nor lost before it is named.

mod audit_log;
mod cases;
mod events;
mod mails;
mod numbers;
mod orders;
mod reports;

use super::finding::{Finding, FindingKind};
use crate::office::calendar::self_check::check_settings;
use crate::office::{Evidence, Office, OfficeError};
use crate::store::people::successions;
use crate::store::{CaseId, Db, OrganId, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Rows read at once.
const PAGE: i64 = 500;
/// Rows listed of a kind that needs no paging: more of them is no more evidence.
const MOST_LISTED: i64 = 1_000;

/// How much was checked, and how much was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Cases.
    pub cases: u64,
    /// Events of cases.
    pub events: u64,
    /// Duties.
    pub duties: u64,
    /// Entries of the audit log.
    pub audit_entries: u64,
    /// Mails.
    pub mails: u64,
    /// 督办单.
    pub orders: u64,
    /// Findings.
    pub findings: u64,
}

impl Evidence<'_> {
    /// Checks everything in one snapshot, page by page, and passes each finding to `found`. With `only`, checks one
    /// case with its events, duties and applicant. `anchors` is the file of the anchors, with which the whole is compared.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if there is neither a row nor an event of `only`; an error of the database. A row that
    /// cannot be read is a finding, except one of the organs or of the calendars.
    pub fn verify(
        &self,
        only: Option<CaseId>,
        anchors: Option<&Path>,
        found: &mut dyn FnMut(Finding),
    ) -> Result<Verified, OfficeError> {
        self.store().read(|db| {
            let lines = successions::lines(db)?.into_iter().collect();
            let mut checker = Checker { office: self, found, verified: Verified::default(), lines };
            match only {
                Some(case) => checker.one_case(db, case)?,
                None => {
                    checker.everything(db)?;
                    Evidence::compare_with_anchors(db, anchors, &mut |finding| checker.note(finding))?;
                }
            }
            Ok(checker.verified)
        })
    }
}

/// A check in progress.
struct Checker<'a> {
    office: &'a Office,
    found: &'a mut dyn FnMut(Finding),
    verified: Verified,
    /// Each organ that ended, with the one that answers for it.
    lines: BTreeMap<OrganId, OrganId>,
}

impl Checker<'_> {
    /// Whether the second organ answers for the first.
    fn is_in_line(&self, before: OrganId, after: OrganId) -> bool {
        self.lines.get(&before) == Some(&after) || self.lines.get(&before) == self.lines.get(&after) && before != after
    }

    fn everything(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        self.settings(db)?;
        self.cases(db)?;
        self.strays(db)?;
        self.numbers(db)?;
        self.orders(db)?;
        self.organ_duties(db)?;
        self.mails(db)?;
        self.reports(db)?;
        self.audit_log(db)
    }

    fn note(&mut self, finding: Finding) {
        self.verified.findings += 1;
        (self.found)(finding);
    }

    fn settings(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        for one in check_settings(db)? {
            let finding = Finding::new(FindingKind::SettingsUnreadable, "organs").numbered(one.number.as_deref());
            self.note(finding.on(one.what).says(one.written, one.computed));
        }
        Ok(())
    }

    /// Loads the rows of these ids. If one of them cannot be read, loads each by itself and names those that cannot.
    fn readable<I: Copy + ToString, T>(
        &mut self,
        db: &mut Db,
        table: &'static str,
        ids: &[I],
        load: impl Fn(&mut Db, &[I]) -> Result<Vec<T>, StoreError>,
    ) -> Result<Vec<T>, OfficeError> {
        match load(db, ids) {
            Err(StoreError::Corrupt(_)) => {}
            done => return Ok(done?),
        }
        let mut rows = Vec::new();
        for id in ids {
            match load(db, &[*id]) {
                Ok(some) => rows.extend(some),
                Err(StoreError::Corrupt(cause)) => {
                    self.note(Finding::new(FindingKind::RowUnreadable, table).of(*id).says(cause, "-"));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(rows)
    }
}
