//! Chains of hashes: the hash over the fields of a row, and the end of each chain of the audit log.
//!
//! The audit log has one chain per organ, and one for rows without an organ, so that organs do not wait for each other.
//! On PostgreSQL a trigger of migration 20 chains the rows when their transaction commits. It has the same hash in SQL.
//! On SQLite, which has no SHA-256, [`link`] does it.

use aws_lc_rs::digest::{Context, SHA256};
use diesel::prelude::*;
use uuid::Uuid;

use super::audit::AuditRow;
use crate::store::database::db::{Both, Db};
use crate::store::database::schema::{audit_heads, audit_log};
use crate::store::{AuditId, OrganId, StoreError, Ts};

/// The length of a hash in bytes.
pub const HASH_BYTES: usize = 32;

/// The predecessor hash of a chain's first row.
pub const NOTHING: [u8; HASH_BYTES] = [0; HASH_BYTES];

/// The length that stands for an absent field. No field is that long.
const ABSENT: u32 = u32::MAX;

/// Rows that the migration chains per statement.
const BATCH: i64 = 500;

/// SHA-256 over the layout byte and then each field, prefixed with its length (four bytes, big endian). An absent field
/// has the length 0xffffffff and no bytes. `layout` names algorithm and order of the fields, so that both can change
/// later.
///
/// # Errors
/// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
pub fn digest(layout: u8, fields: &[Option<&[u8]>]) -> Result<[u8; HASH_BYTES], StoreError> {
    let mut context = Context::new(&SHA256);
    context.update(&[layout]);
    for field in fields {
        let length = field.map_or(Ok(ABSENT), |field| u32::try_from(field.len()));
        let length = length.ok().filter(|length| field.is_none() || *length != ABSENT);
        let length = length.ok_or_else(|| StoreError::Corrupt("a field of 4 GiB or more".into()))?;
        context.update(&length.to_be_bytes());
        context.update(field.unwrap_or_default());
    }
    let mut hash = NOTHING;
    hash.copy_from_slice(context.finish().as_ref());
    Ok(hash)
}

/// The key of an organ's chain in `audit_heads`. Rows without an organ have the nil UUID.
#[must_use]
pub fn chain_of(organ: Option<OrganId>) -> OrganId {
    organ.unwrap_or(OrganId(Uuid::nil()))
}

/// A row of `audit_heads`: the end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_heads)]
pub struct Head {
    /// The organ, or the nil UUID (see [`chain_of`]).
    pub chain: OrganId,
    /// The number of the last row.
    pub seq: i64,
    /// The hash of the last row.
    pub hash: Vec<u8>,
}

/// The end of a chain, which may be empty.
fn head(db: &mut Db, chain: OrganId) -> Result<Head, StoreError> {
    let found = audit_heads::table.find(chain).select(Head::as_select()).first(db).optional()?;
    Ok(found.unwrap_or_else(|| Head { chain, seq: 0, hash: NOTHING.to_vec() }))
}

fn put_head(db: &mut Db, head: &Head) -> Result<(), StoreError> {
    let set = (audit_heads::seq.eq(head.seq), audit_heads::hash.eq(&head.hash));
    Both(diesel::insert_into(audit_heads::table).values(head).on_conflict(audit_heads::chain).do_update().set(set))
        .execute(db)?;
    Ok(())
}

/// Appends a row to its chain: fills its chain columns and moves the end of the chain. Must run in a transaction that
/// excludes every other appender.
///
/// # Errors
/// [`StoreError::Corrupt`] if the chain has no next number, or a field is 4 GiB or longer.
pub(super) fn link(db: &mut Db, row: &mut AuditRow) -> Result<(), StoreError> {
    let mut end = head(db, chain_of(row.organ_id))?;
    follow(&mut end, row)?;
    put_head(db, &end)
}

/// Makes the row the next one after `end`, and `end` that row.
fn follow(end: &mut Head, row: &mut AuditRow) -> Result<(), StoreError> {
    let seq = end.seq.checked_add(1).ok_or_else(|| StoreError::Corrupt("a chain without a next number".into()))?;
    let hash = row.computed_hash(seq, &end.hash)?.to_vec();
    row.seq = Some(seq);
    row.prev_hash = Some(std::mem::replace(&mut end.hash, hash.clone()));
    row.hash = Some(hash);
    end.seq = seq;
    Ok(())
}

/// Chains the rows that were written before migration 20, in the order of time and id. For the migrating transaction.
///
/// # Errors
/// As every write.
pub(in crate::store) fn bring_over(db: &mut Db) -> Result<(), StoreError> {
    let mut ends = std::collections::HashMap::new();
    let mut after: Option<(Ts, AuditId)> = None;
    loop {
        let mut page = audit_log::table.filter(audit_log::hash.is_null()).select(AuditRow::as_select()).into_boxed();
        if let Some((at, id)) = after {
            page = page.filter(audit_log::at.gt(at).or(audit_log::at.eq(at).and(audit_log::id.gt(id))));
        }
        let rows: Vec<AuditRow> = page.order((audit_log::at, audit_log::id)).limit(BATCH).load(db)?;
        let Some(last) = rows.last() else { break };
        after = Some((last.at, last.id));
        for mut row in rows {
            let chain = chain_of(row.organ_id);
            let end = ends.entry(chain).or_insert_with(|| Head { chain, seq: 0, hash: NOTHING.to_vec() });
            follow(end, &mut row)?;
            diesel::update(audit_log::table.find(row.id))
                .set((audit_log::seq.eq(row.seq), audit_log::prev_hash.eq(row.prev_hash), audit_log::hash.eq(row.hash)))
                .execute(db)?;
        }
    }
    ends.values().try_for_each(|end| put_head(db, end))
}

/// All ends of chains, by chain.
pub fn heads(db: &mut Db) -> Result<Vec<Head>, StoreError> {
    Ok(audit_heads::table.order(audit_heads::chain).select(Head::as_select()).load(db)?)
}

/// The organs with audit rows, and `None` if there are rows without an organ.
pub fn chains(db: &mut Db) -> Result<Vec<Option<OrganId>>, StoreError> {
    Ok(audit_log::table.select(audit_log::organ_id).distinct().load(db)?)
}

/// A page of a chain by number and id, after `after`. Rows without a number are not in it.
pub fn page(
    db: &mut Db,
    organ: Option<OrganId>,
    after: Option<(i64, AuditId)>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit_log::table.filter(audit_log::seq.is_not_null()).select(AuditRow::as_select()).into_boxed();
    query = match organ {
        Some(organ) => query.filter(audit_log::organ_id.eq(organ)),
        None => query.filter(audit_log::organ_id.is_null()),
    };
    if let Some((seq, id)) = after {
        query = query.filter(audit_log::seq.gt(seq).or(audit_log::seq.eq(seq).and(audit_log::id.gt(id))));
    }
    Ok(query.order((audit_log::seq, audit_log::id)).limit(limit).load(db)?)
}

/// The rows without a number or a hash, by id: at most `limit`.
pub fn unchained(db: &mut Db, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    let loose = audit_log::table.filter(audit_log::seq.is_null().or(audit_log::hash.is_null()));
    Ok(loose.order(audit_log::id).select(AuditRow::as_select()).limit(limit).load(db)?)
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn an_absent_field_and_an_empty_one_have_different_hashes() {
        let hash = |fields: &[Option<&[u8]>]| digest(1, fields).unwrap();
        assert_ne!(hash(&[None]), hash(&[Some(b"")]));
        assert_ne!(hash(&[Some(b"ab"), Some(b"c")]), hash(&[Some(b"a"), Some(b"bc")]));
        assert_ne!(digest(1, &[None]).unwrap(), digest(2, &[None]).unwrap());
    }
}
