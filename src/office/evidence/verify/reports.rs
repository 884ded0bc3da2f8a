//! Published annual reports against the digests that the audit log has of them.

use super::Checker;
use crate::case::AuditAction;
use crate::office::OfficeError;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::store::evidence::checks;
use crate::store::reports::annual_reports;
use crate::store::{Db, OrganId};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::{BTreeMap, BTreeSet};

impl Checker<'_> {
    pub(super) fn reports(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let mut recorded: BTreeMap<(OrganId, i32), String> = BTreeMap::new();
        for (organ, detail) in checks::details(db, AuditAction::AnnualReportPublished.code())? {
            let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
            let year = detail["year"].as_i64().and_then(|year| i32::try_from(year).ok());
            // An earlier release recorded no digest.
            if let (Some(organ), Some(year), Some(sha256)) = (organ, year, detail["sha256"].as_str()) {
                recorded.insert((organ, year), sha256.to_owned());
            }
        }
        let published: BTreeSet<(OrganId, i32)> = annual_reports::published(db)?.into_iter().collect();
        let stored = checks::snapshots(db)?;
        let of = |kind, (organ, year): (OrganId, i32)| {
            Finding::new(kind, "report_snapshots").of(organ.0).numbered(Some(&year.to_string()))
        };
        for key in &stored {
            let body = checks::snapshot(db, *key)?.body;
            let computed = hex::encode(digest(&SHA256, body.as_bytes()));
            if let Some(expected) = recorded.get(key).filter(|expected| **expected != computed) {
                self.note(of(FindingKind::SnapshotChanged, *key).on("body").says(computed, expected));
            }
            if let Err(error) = serde_json::from_str::<serde_json::Value>(&body) {
                self.note(of(FindingKind::RowUnreadable, *key).on("body").says(error.to_string(), "-"));
            }
            if !published.contains(key) {
                self.note(of(FindingKind::Dangling, *key).on("annual_reports"));
            }
        }
        for (key, expected) in recorded.into_iter().filter(|(key, _)| !stored.contains(key)) {
            self.note(of(FindingKind::SnapshotMissing, key).says("-", expected));
        }
        Ok(())
    }
}
