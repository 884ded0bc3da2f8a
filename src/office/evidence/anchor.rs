//! The anchor: once a day the head over all new hashes leaves the database, as a line of a file and in a mail to the
//! auditors. Who writes the whole database anew, chains included, cannot write that line anew.

use super::finding::{Finding, FindingKind};
use crate::office::{Evidence, OfficeError};
use crate::store::evidence::{anchors, chain};
use crate::store::service::meta;
use crate::store::{Db, OrganId};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use uuid::Uuid;

/// The keys in `meta` for the lines, each followed by its day: an instance that could not write the file, or had none,
/// leaves its line to the next.
const LINES: &str = "evidence.anchor/";

/// The version of a line.
const VERSION: u32 = 1;

/// The anchor of a day: a line of the file, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The version of its form.
    pub v: u32,
    /// The day, in Asia/Shanghai.
    pub day: NaiveDate,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The number of cases with new events.
    pub cases: u64,
    /// SHA-256 over case, last seq and last hash of each, in hexadecimal.
    pub head: String,
    /// The end of each chain of the audit log.
    pub audit: Vec<AuditEnd>,
    /// SHA-256 of the line before, in hexadecimal. Empty for the first.
    pub before: String,
}

/// The end of a chain of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    /// The organ; absent for entries without one.
    pub organ: Option<Uuid>,
    /// The number of its last entry.
    pub seq: i64,
    /// The hash of that entry, in hexadecimal.
    pub hash: String,
}

impl Evidence<'_> {
    /// Makes the anchor of today, writes it and every earlier line that the file lacks, and mails it to the auditors.
    /// Returns the line; `None` if today has one.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the file cannot be written: the line is kept, and the next call writes it. Otherwise an
    /// error of the database.
    pub fn anchor(&self) -> Result<Option<String>, OfficeError> {
        let today = self.clock().today();
        let key = format!("{LINES}{today}");
        if self.store().read(|db| meta::get(db, &key))?.is_some() {
            self.write_lines()?;
            return Ok(None);
        }
        while self.store().write(|db| anchors::cover(db, today))? > 0 {}
        let anchor = self.store().read(|db| self.anchor_of(db, today))?;
        let line = serde_json::to_string(&anchor).map_err(|error| OfficeError::Internal(error.to_string()))?;
        self.store().write(|db| {
            meta::set(db, &key, &line)?;
            self.mail_anchor(db, &anchor, &line)
        })?;
        self.write_lines()?;
        Ok(Some(line))
    }

    fn anchor_of(&self, db: &mut Db, day: NaiveDate) -> Result<Anchor, OfficeError> {
        let head = anchors::head_of(db, day)?;
        let audit = chain::heads(db)?.into_iter().map(|end| AuditEnd {
            organ: Some(end.chain.0).filter(|organ| !organ.is_nil()),
            seq: end.seq,
            hash: hex::encode(end.hash),
        });
        let before = lines(db)?.last().map(|line| hash_of(line)).unwrap_or_default();
        Ok(Anchor {
            v: VERSION,
            day,
            at: self.clock().now().0,
            cases: head.cases,
            head: hex::encode(head.head),
            audit: audit.collect(),
            before,
        })
    }

    /// Appends the lines that the file lacks. Does nothing without a file.
    fn write_lines(&self) -> Result<(), OfficeError> {
        let settings = self.settings();
        let Some(path) = settings.evidence.anchors(&settings.database) else { return Ok(()) };
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let missing: Vec<String> =
            self.store().read(lines)?.into_iter().filter(|line| !written.lines().any(|one| one == line)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        append(&path, &missing).map_err(|error| OfficeError::Internal(format!("{}: {error}", path.display())))
    }

    /// Compares the database with its anchors: the rows that say what each covers, and the lines of `file`. Without a
    /// file only the rows are compared.
    ///
    /// # Errors
    /// An error of the database.
    pub(super) fn compare_with_anchors(
        db: &mut Db,
        file: Option<&Path>,
        note: &mut dyn FnMut(Finding),
    ) -> Result<(), OfficeError> {
        anchors::changed(db, &mut |row, now| {
            let written = now.map_or_else(|| "-".to_owned(), hex::encode);
            let finding = Finding::new(FindingKind::AnchorChanged, "case_events").of(row.case_id.0).at(row.seq);
            note(finding.on("hash").says(written, hex::encode(row.hash)));
        })?;
        let kept = lines(db)?;
        let Some(file) = file else { return Ok(()) };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && kept.is_empty() => return Ok(()),
            Err(error) => {
                note(missing(0).says(error.to_string(), file.display().to_string()));
                return Ok(());
            }
        };
        let written: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if let Some(last) = kept.last().filter(|last| !written.contains(&last.as_str())) {
            note(missing(i64::try_from(written.len()).unwrap_or(i64::MAX)).says("-", last));
        }
        let (mut before, mut ends) = (String::new(), Vec::new());
        for (number, line) in (1_i64..).zip(written) {
            compare_line(db, number, line, &before, &mut ends, note)?;
            before = hash_of(line);
        }
        Ok(())
    }
}

/// Compares a line with the database. `before` is the hash of the line before it, `ends` are the ends of the audit log in
/// that line, which need no second look.
fn compare_line(
    db: &mut Db,
    number: i64,
    line: &str,
    before: &str,
    ends: &mut Vec<AuditEnd>,
    note: &mut dyn FnMut(Finding),
) -> Result<(), OfficeError> {
    let anchor: Anchor = match serde_json::from_str(line) {
        Ok(anchor) => anchor,
        Err(error) => {
            note(missing(number).says(error.to_string(), "-"));
            return Ok(());
        }
    };
    if anchor.before != before {
        note(missing(number).on("before").says(&anchor.before, before));
    }
    let broken = |what: String| Finding::new(FindingKind::AnchorBroken, "case_events").at(number).on(what);
    let now = anchors::head_of(db, anchor.day)?;
    if (now.cases, hex::encode(&now.head)) != (anchor.cases, anchor.head.clone()) {
        note(broken(anchor.day.to_string()).says(hex::encode(now.head), anchor.head));
    }
    for end in anchor.audit.iter().filter(|end| !ends.contains(end)) {
        let stored = anchors::audit_hash(db, end.organ.map(OrganId), end.seq)?.map(hex::encode);
        if stored.as_ref() != Some(&end.hash) {
            let chain = end.organ.map_or_else(|| "-".to_owned(), |organ| organ.to_string());
            let finding = Finding::new(FindingKind::AnchorBroken, "audit_log").of(chain).at(end.seq);
            note(finding.on(anchor.day.to_string()).says(stored.unwrap_or_else(|| "-".to_owned()), end.hash.clone()));
        }
    }
    *ends = anchor.audit;
    Ok(())
}

fn missing(line: i64) -> Finding {
    Finding::new(FindingKind::AnchorMissing, "anchors").at(line)
}

/// The lines of all days, the earliest first.
fn lines(db: &mut Db) -> Result<Vec<String>, OfficeError> {
    Ok(meta::beginning_with(db, LINES)?.into_iter().map(|(_, line)| line).collect())
}

fn hash_of(line: &str) -> String {
    hex::encode(digest(&SHA256, line.as_bytes()).as_ref())
}

/// Appends lines to a file and waits until they are on the disk.
fn append(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{}\n", lines.join("\n")).as_bytes())?;
    file.sync_all()
}
