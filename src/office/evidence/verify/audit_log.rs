//! The chains of the audit log, and their ends.

use super::{Checker, MOST_LISTED, PAGE};
use crate::office::OfficeError;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::store::evidence::audit::AuditRow;
use crate::store::evidence::chain::{self, Head, NOTHING, chain_of};
use crate::store::people::organs;
use crate::store::{AuditId, Db, OrganId, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where a walk along a chain is.
struct Walk<'a> {
    code: Option<&'a str>,
    /// The number and the hash of the last row.
    seq: i64,
    hash: Vec<u8>,
}

impl Checker<'_> {
    pub(super) fn audit_log(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let codes: HashMap<OrganId, String> = organs::all(db)?.into_iter().map(|row| (row.id, row.code)).collect();
        let mut heads: BTreeMap<OrganId, Head> = chain::heads(db)?.into_iter().map(|head| (head.chain, head)).collect();
        let written: BTreeSet<OrganId> = chain::chains(db)?.into_iter().map(chain_of).collect();
        let all: BTreeSet<OrganId> = written.into_iter().chain(heads.keys().copied()).collect();
        for of in all {
            let head = heads.remove(&of);
            let organ = (of != chain_of(None)).then_some(of);
            self.audit_chain(db, organ, head, codes.get(&of).map(String::as_str))?;
        }
        for row in chain::unchained(db, MOST_LISTED)? {
            self.verified.audit_entries += 1;
            let finding = Finding::new(FindingKind::AuditUnchained, "audit_log").of(row.id.0);
            self.note(finding.on("hash").says("-", "SHA-256"));
        }
        Ok(())
    }

    fn audit_chain(
        &mut self,
        db: &mut Db,
        organ: Option<OrganId>,
        head: Option<Head>,
        code: Option<&str>,
    ) -> Result<(), OfficeError> {
        let mut walk = Walk { code, seq: 0, hash: NOTHING.to_vec() };
        let mut after: Option<(i64, AuditId)> = None;
        loop {
            let rows = match chain::page(db, organ, after, PAGE) {
                Err(StoreError::Corrupt(cause)) => {
                    let finding = Finding::new(FindingKind::RowUnreadable, "audit_log").numbered(code);
                    self.note(finding.at(walk.seq.saturating_add(1)).says(cause, "-"));
                    return Ok(());
                }
                done => done?,
            };
            let Some(last) = rows.last() else { break };
            after = last.seq.map(|seq| (seq, last.id));
            for row in &rows {
                self.audit_row(row, &mut walk)?;
            }
        }
        self.audit_end(organ, head, &walk);
        Ok(())
    }

    fn audit_row(&mut self, row: &AuditRow, walk: &mut Walk<'_>) -> Result<(), OfficeError> {
        self.verified.audit_entries += 1;
        let (Some(seq), Some(prev), Some(hash)) = (row.seq, &row.prev_hash, &row.hash) else { return Ok(()) };
        let next = walk.seq.saturating_add(1);
        let finding = |kind| Finding::new(kind, "audit_log").of(row.id.0).numbered(walk.code).at(seq);
        if seq > next {
            let range = format!("第{next}至{}条", seq.saturating_sub(1));
            let lost = Finding::new(FindingKind::AuditMissing, "audit_log").numbered(walk.code).at(next);
            self.note(lost.says("-", range));
        } else if seq < next {
            self.note(finding(FindingKind::AuditMisplaced).on("seq").says(seq.to_string(), next.to_string()));
        } else if *prev != walk.hash {
            let expected = hex::encode(&walk.hash);
            self.note(finding(FindingKind::AuditMisplaced).on("prev_hash").says(hex::encode(prev), expected));
        }
        let computed = row.computed_hash(seq, prev)?;
        if hash[..] != computed {
            let expected = hex::encode(computed);
            self.note(finding(FindingKind::AuditChanged).on("hash").says(hex::encode(hash), expected));
        }
        (walk.seq, walk.hash) = (seq, hash.clone());
        Ok(())
    }

    fn audit_end(&mut self, organ: Option<OrganId>, head: Option<Head>, walk: &Walk<'_>) {
        let of = |kind| Finding::new(kind, "audit_heads").of(chain_of(organ).0).numbered(walk.code);
        let Some(head) = head else {
            self.note(of(FindingKind::AuditHead).says("-", walk.seq.to_string()));
            return;
        };
        if head.seq > walk.seq {
            let range = format!("第{}至{}条", walk.seq.saturating_add(1), head.seq);
            let lost = Finding::new(FindingKind::AuditMissing, "audit_log").numbered(walk.code);
            self.note(lost.at(walk.seq.saturating_add(1)).says("-", range));
        } else if (head.seq, &head.hash) != (walk.seq, &walk.hash) {
            let says = |seq: i64, hash: &[u8]| format!("{seq} {}", hex::encode(hash));
            let (written, expected) = (says(head.seq, &head.hash), says(walk.seq, &walk.hash));
            self.note(of(FindingKind::AuditHead).says(written, expected));
        }
    }
}
