//! Which end of which log each day's anchor covers. The rows say what belongs to an anchor; what proves them is outside the
//! database.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer};

use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::{audit_log, case_anchors, case_events};
use crate::store::database::sqltypes::UuidT;
use crate::store::{CaseId, OrganId, StoreError};

/// Rows written or read at once.
const PAGE: i64 = 1_000;

/// A row of `case_anchors`: the end of a case's log on a day.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_anchors)]
pub struct AnchorRow {
    /// The case.
    pub case_id: CaseId,
    /// The seq of its last event.
    pub seq: i32,
    /// The day of the anchor.
    pub day: NaiveDate,
    /// The hash of that event.
    pub hash: Vec<u8>,
}

/// The head over the ends of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayHead {
    /// The number of cases.
    pub cases: u64,
    /// SHA-256 over case, seq and hash of each, in the order of case and seq.
    pub head: Vec<u8>,
}

#[derive(QueryableByName)]
struct End {
    #[diesel(sql_type = UuidT)]
    case_id: CaseId,
    #[diesel(sql_type = Integer)]
    seq: i32,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// Ends of logs that no anchor covers yet. The version of a case is the seq of its last event.
const PENDING: &str = "SELECT e.case_id, e.seq, e.hash FROM cases c
    JOIN case_events e ON e.case_id = c.id AND e.seq = c.version
    WHERE NOT EXISTS (SELECT 1 FROM case_anchors a WHERE a.case_id = c.id AND a.seq = c.version)
    ORDER BY c.id LIMIT $1";

/// Puts up to a page of ends that no anchor covers under the anchor of `day`. Returns how many. None are left when it
/// returns 0.
pub fn cover(db: &mut Db, day: NaiveDate) -> Result<usize, StoreError> {
    let ends: Vec<End> = on_each!(db => diesel::sql_query(PENDING).bind::<BigInt, _>(PAGE).load(db))?;
    let rows: Vec<AnchorRow> =
        ends.into_iter().map(|end| AnchorRow { case_id: end.case_id, seq: end.seq, day, hash: end.hash }).collect();
    on_each!(db => diesel::insert_into(case_anchors::table).values(&rows).execute(db))?;
    Ok(rows.len())
}

/// The days with anchors, the earliest first.
pub fn days(db: &mut Db) -> Result<Vec<NaiveDate>, StoreError> {
    Ok(case_anchors::table.select(case_anchors::day).distinct().order(case_anchors::day).load(db)?)
}

/// The head over the ends that the anchor of a day covers.
pub fn head_of(db: &mut Db, day: NaiveDate) -> Result<DayHead, StoreError> {
    let mut context = Context::new(&SHA256);
    let (mut cases, mut after) = (0, None::<(CaseId, i32)>);
    loop {
        let rows = page_of(db, after, Some(day))?;
        let Some(last) = rows.last() else { break };
        after = Some((last.case_id, last.seq));
        for row in &rows {
            cases += 1;
            context.update(row.case_id.0.as_bytes());
            context.update(&row.seq.to_be_bytes());
            context.update(&row.hash);
        }
    }
    Ok(DayHead { cases, head: context.finish().as_ref().to_vec() })
}

/// A page of the rows after a case and seq, of one day or of all.
fn page_of(db: &mut Db, after: Option<(CaseId, i32)>, day: Option<NaiveDate>) -> Result<Vec<AnchorRow>, StoreError> {
    let mut page = case_anchors::table.into_boxed().select(AnchorRow::as_select());
    if let Some(day) = day {
        page = page.filter(case_anchors::day.eq(day));
    }
    if let Some((case, seq)) = after {
        page = page
            .filter(case_anchors::case_id.gt(case).or(case_anchors::case_id.eq(case).and(case_anchors::seq.gt(seq))));
    }
    Ok(page.order((case_anchors::case_id, case_anchors::seq)).limit(PAGE).load(db)?)
}

/// Passes each row whose event is missing or has another hash to `found`, with the hash that is stored now.
pub fn changed(db: &mut Db, found: &mut dyn FnMut(AnchorRow, Option<Vec<u8>>)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let rows = page_of(db, after, None)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some((last.case_id, last.seq));
        let cases: Vec<CaseId> = rows.iter().map(|row| row.case_id).collect();
        let stored: std::collections::HashMap<(CaseId, i32), Vec<u8>> = case_events::table
            .filter(case_events::case_id.eq_any(&cases))
            .select(((case_events::case_id, case_events::seq), case_events::hash))
            .load::<((CaseId, i32), Vec<u8>)>(db)?
            .into_iter()
            .collect();
        for row in rows {
            let now = stored.get(&(row.case_id, row.seq));
            if now != Some(&row.hash) {
                found(row.clone(), now.cloned());
            }
        }
    }
}

/// The hash of an entry of the audit log, by its place in the chain of an organ (`None`: the entries without an organ).
pub fn audit_hash(db: &mut Db, organ: Option<OrganId>, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut one = audit_log::table.into_boxed().filter(audit_log::seq.eq(Some(seq))).select(audit_log::hash);
    one = match organ {
        Some(organ) => one.filter(audit_log::organ_id.eq(Some(organ))),
        None => one.filter(audit_log::organ_id.is_null()),
    };
    Ok(one.first::<Option<Vec<u8>>>(db).optional()?.flatten())
}
