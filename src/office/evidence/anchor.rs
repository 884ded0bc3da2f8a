//! The anchor: once a day the head over all new hashes leaves the database, as a line of a file and in a mail to the
//! auditors. Who writes the whole database anew, chains included, cannot write that line anew.

use super::finding::{Finding, FindingKind};
use crate::case::AuditAction;
use crate::office::{Evidence, OfficeError};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::evidence::{anchors, chain};
use crate::store::service::meta;
use crate::store::{Db, OrganId};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

/// The keys in `meta` for the lines, each followed by its day: an instance that could not write the file, or had none,
/// leaves its line to the next.
const LINES: &str = "evidence.anchor/";

/// The key in `meta` for the lease of who makes a line: two at once would make two lines of a day.
const LEASE: &str = "evidence.anchor.lease";
/// The term of the lease.
const TERM: Duration = Duration::from_secs(1800);

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
    /// [`OfficeError::Conflict`]: `anchor_running` if another process makes it; `anchor_file_ahead` or
    /// `anchor_file_missing` (see [`Evidence::begin_anchor_file`]) and `anchor_file_unwritable`: the line is kept and mailed,
    /// and the next call writes it. Otherwise an error of the database.
    pub fn anchor(&self) -> Result<Option<String>, OfficeError> {
        let today = self.clock().today();
        if self.is_anchored()? {
            self.write_lines()?;
            return Ok(None);
        }
        let key = format!("{LINES}{today}");
        let owner = Uuid::new_v4().to_string();
        if !self.store().write(|db| meta::take_lease(db, LEASE, &owner, TERM))? {
            let detail = "另一个进程正在锚定，请稍后再试".to_owned();
            return Err(OfficeError::Conflict { code: "anchor_running".into(), detail });
        }
        let line = self.make_line(today, &key);
        let written = line.and_then(|line| self.write_lines().map(|()| line));
        self.store().write(|db| meta::end_lease(db, LEASE, &owner))?;
        written
    }

    /// Whether today has a line.
    ///
    /// # Errors
    /// An error of the database.
    pub(super) fn is_anchored(&self) -> Result<bool, OfficeError> {
        let key = format!("{LINES}{}", self.clock().today());
        Ok(self.store().read(|db| meta::get(db, &key))?.is_some())
    }

    /// Covers what is new, keeps the line of the day and mails it. `None` if another process did so meanwhile.
    fn make_line(&self, today: NaiveDate, key: &str) -> Result<Option<String>, OfficeError> {
        if self.store().read(|db| meta::get(db, key))?.is_some() {
            return Ok(None);
        }
        while self.store().write(|db| anchors::cover(db, today))? > 0 {}
        let anchor = self.store().read(|db| self.anchor_of(db, today))?;
        let line = serde_json::to_string(&anchor).map_err(|error| OfficeError::Internal(error.to_string()))?;
        self.store().write(|db| {
            meta::set(db, key, &line)?;
            self.mail_anchor(db, &anchor, &line)
        })?;
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
        let Some(path) = self.anchor_file() else { return Ok(()) };
        let kept = self.store().read(lines)?;
        let written = std::fs::read_to_string(&path).ok();
        let refused = |code: &str, detail: &str| {
            let advice = "原因查明之后，执行 gongkai audit anchor --begin：原文件改名保存，另起新文件，并记入审计";
            let detail = format!("{detail}：{}。{advice}", path.display());
            Err(OfficeError::Conflict { code: code.to_owned().into(), detail })
        };
        match &written {
            Some(text) if text.lines().last().is_some_and(|last| !kept.iter().any(|line| line == last)) => {
                return refused(
                    "anchor_file_ahead",
                    "锚定文件的最后一行不在数据库中，没有写入：数据库可能由备份恢复、被退回到以前的状态，或者该行没有写完",
                );
            }
            None if kept.len() > 1 && !self.settings().evidence.anchor_file.is_empty() => {
                return refused(
                    "anchor_file_missing",
                    "数据库已有以前各日的锚定，而锚定文件不在，没有写入：请放回原文件",
                );
            }
            _ => {}
        }
        let written = written.unwrap_or_default();
        let missing: Vec<String> = kept.into_iter().filter(|line| !written.lines().any(|one| one == line)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        append(&path, &missing).map_err(|error| OfficeError::Conflict {
            code: "anchor_file_unwritable".into(),
            detail: format!(
                "锚定文件不能写入：{}（{error}）。当日的锚定已保存在数据库中，下次运行时补写；请检查目录和权限",
                path.display()
            ),
        })
    }

    /// The file of the anchors. `None` if there is none.
    #[must_use]
    pub fn anchor_file(&self) -> Option<PathBuf> {
        self.settings().evidence.anchors(&self.settings().database)
    }

    /// The file of the anchors that a check compares with. `None` without a file, and for the default file beside the
    /// SQLite database if it is not there: a restored or copied database has none yet.
    #[must_use]
    pub fn expected_anchors(&self) -> Option<PathBuf> {
        let is_named = !self.settings().evidence.anchor_file.is_empty();
        self.anchor_file().filter(|path| is_named || path.exists())
    }

    /// Begins a new file with the lines of the database, after a restore. The file that is there gets another name, which
    /// is returned. Goes on record.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the file cannot be renamed or written. Otherwise an error of the database.
    pub fn begin_anchor_file(&self) -> Result<Option<PathBuf>, OfficeError> {
        let Some(path) = self.anchor_file() else { return Ok(None) };
        let failed = |error: std::io::Error| OfficeError::Internal(format!("{}: {error}", path.display()));
        let now = self.clock().now();
        let put_away = PathBuf::from(format!("{}.{}", path.display(), now.0.format("%Y%m%dT%H%M%SZ")));
        let was_there = path.exists();
        if was_there {
            std::fs::rename(&path, &put_away).map_err(failed)?;
        }
        let kept = self.store().read(lines)?;
        let detail = serde_json::json!({ "lines": kept.len(), "had_file": was_there }).to_string();
        let entry = NewAudit {
            actor_id: None,
            organ_id: None,
            case_id: None,
            action: AuditAction::AnchorFileBegun,
            detail: &detail,
        };
        self.store().write(|db| audit::append(db, entry, now))?;
        append(&path, &kept).map_err(failed)?;
        Ok(was_there.then_some(put_away))
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
            // Before the first anchor there is no file.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && kept.is_empty() => return Ok(()),
            Err(error) => {
                note(missing(0).on(file.display().to_string()).says(format!("文件不能读取（{error}）"), "各日的锚定"));
                return Ok(());
            }
        };
        let written: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if let Some(last) = kept.last().filter(|last| !written.contains(&last.as_str())) {
            let place = i64::try_from(written.len()).unwrap_or(i64::MAX);
            note(missing(place).on("最后一行").says("-", last));
        }
        let (mut before, mut ends) = (String::new(), Vec::new());
        let last_day = kept.last().and_then(|line| serde_json::from_str::<Anchor>(line).ok()).map(|last| last.day);
        for (number, line) in (1_i64..).zip(written) {
            if let Some(day) = day_after(line, last_day) {
                // One finding says it: the lines after it are ahead as well.
                let expected = last_day.map_or_else(|| "-".to_owned(), |day| day.to_string());
                note(Finding::new(FindingKind::AnchorAhead, "anchors").at(number).says(expected, day.to_string()));
                break;
            }
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

/// The day of a line that is later than the last anchor of the database.
fn day_after(line: &str, last: Option<NaiveDate>) -> Option<NaiveDate> {
    let day = serde_json::from_str::<Anchor>(line).ok()?.day;
    (last.is_none_or(|last| day > last)).then_some(day)
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
