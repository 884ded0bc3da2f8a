//! What a series of numbers must have reached: the numbers that were drawn, and the raises on record.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use serde::{Deserialize, Serialize};

use super::audit::{self, NewAudit};
use crate::case::AuditAction;
use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::{audit_log, case_events, cases, counters};
use crate::store::database::sqltypes::UuidT;
use crate::store::database::verbatim::verbatim;
use crate::store::{AuditId, OrganId, StoreError, Ts, UserId};

/// A series: organ, year and kind of number.
pub type SeriesName = (OrganId, i32, String);

/// A raise of a series without drawing its numbers, as the audit log has it in `detail`. A series that was set back has
/// a smaller number after than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// The year of the series.
    pub year: i32,
    /// The kind of number.
    pub series: String,
    /// The last number before.
    pub from: i64,
    /// The last number after.
    pub to: i64,
    /// `ledger` (numbers of an imported ledger), `skipped` (a case had the number), `set` (an administrator set the
    /// next number) or `upgrade` (the series was further than its drawn numbers when raises began to be recorded).
    pub why: String,
}

/// Records a raise of an organ's series in the audit log.
///
/// # Errors
/// As every write.
pub fn record_raise(
    db: &mut Db,
    organ: OrganId,
    raise: &Raise,
    actor: Option<UserId>,
    at: Ts,
) -> Result<(), StoreError> {
    let detail = serde_json::to_string(raise).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let action = AuditAction::CounterRaised;
    let entry = NewAudit { actor_id: actor, organ_id: Some(organ), case_id: None, action, detail: &detail };
    audit::append(db, entry, at)?;
    Ok(())
}

/// Records in the audit log that an administrator set a series, and why.
///
/// # Errors
/// As every write.
pub fn record_set(
    db: &mut Db,
    organ: OrganId,
    raise: &Raise,
    reason: &str,
    actor: UserId,
    at: Ts,
) -> Result<(), StoreError> {
    let mut detail = serde_json::to_value(raise).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    detail["reason"] = reason.into();
    let detail = detail.to_string();
    let action = AuditAction::CounterSet;
    let entry = NewAudit { actor_id: Some(actor), organ_id: Some(organ), case_id: None, action, detail: &detail };
    audit::append(db, entry, at)?;
    Ok(())
}

/// A group of drawn numbers.
#[derive(QueryableByName)]
struct Drawn {
    #[diesel(sql_type = UuidT)]
    organ_id: OrganId,
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many numbers of each series were drawn: by events that a ledger did not bring in, and by orders. An event of a
/// ledger was recorded at the instant of its import. A number is of the series of the organ that had the case then.
pub fn drawn(db: &mut Db) -> Result<BTreeMap<SeriesName, i64>, StoreError> {
    let had_it = "coalesce((SELECT t.from_organ_id FROM case_transfers t
                             WHERE t.case_id = e.case_id AND t.seq >= e.seq ORDER BY t.n LIMIT 1), c.organ_id)";
    drawn_by(db, had_it)
}

/// Like [`drawn`]. `organ` is the SQL for the organ of an event `e` of a case `c`.
fn drawn_by(db: &mut Db, organ: &str) -> Result<BTreeMap<SeriesName, i64>, StoreError> {
    let year = |column: &str| match db {
        Db::Pg(_) => format!("CAST(extract(year FROM {column}) AS INTEGER)"),
        Db::Lite(_) => format!("CAST(substr({column}, 1, 4) AS INTEGER)"),
    };
    let sql = format!(
        "SELECT {organ} AS organ_id, {} AS year,
                CASE e.kind WHEN 'registered' THEN 'registration' ELSE 'reply' END AS kind, count(*) AS n
           FROM case_events e JOIN cases c ON c.id = e.case_id
           LEFT JOIN ledger_rows l ON l.case_id = e.case_id AND l.imported_at = e.recorded_at
           WHERE e.kind IN ('registered', 'reply_issued') AND l.case_id IS NULL
           GROUP BY 1, 2, 3
         UNION ALL
         SELECT issuer_organ_id, {}, 'supervision_order', count(*) FROM supervision_orders GROUP BY 1, 2",
        year("e.occurred_on"),
        year("issued_on")
    );
    let rows: Vec<Drawn> = on_each!(db => diesel::sql_query(sql).load(db))?;
    Ok(rows.into_iter().map(|row| ((row.organ_id, row.year, row.kind), row.n)).collect())
}

/// The last number of every series.
///
/// # Errors
/// As every read.
pub fn reached(db: &mut Db) -> Result<BTreeMap<SeriesName, i64>, StoreError> {
    let rows: Vec<(OrganId, i32, String, i64)> =
        counters::table.select((counters::organ_id, counters::year, counters::kind, counters::last)).load(db)?;
    Ok(rows.into_iter().map(|(organ, year, kind, last)| ((organ, year, kind), last)).collect())
}

/// A raise on record: the id of the entry, its organ, and the raise, or `None` if its detail cannot be read.
pub type RecordedRaise = (AuditId, Option<OrganId>, Option<Raise>);

/// The raises on record.
pub fn raises(db: &mut Db) -> Result<Vec<RecordedRaise>, StoreError> {
    let rows: Vec<(AuditId, Option<OrganId>, String)> = audit_log::table
        .filter(audit_log::action.eq_any([AuditAction::CounterRaised.code(), AuditAction::CounterSet.code()]))
        .order(audit_log::id)
        .select((audit_log::id, audit_log::organ_id, audit_log::detail))
        .load(db)?;
    Ok(rows.into_iter().map(|(id, organ, detail)| (id, organ, serde_json::from_str(&detail).ok())).collect())
}

/// 受理编号 of an organ that are in use, in any order.
pub fn in_use(db: &mut Db, organ: OrganId) -> Result<Vec<String>, StoreError> {
    let by = verbatim::<UuidT>("coalesce(cases.numbered_by, cases.organ_id)");
    let theirs = cases::table.filter(by.eq(organ)).filter(cases::number.is_not_null());
    Ok(theirs.select(cases::number.assume_not_null()).load(db)?)
}

/// The code of the stage of a void case, whose number is not in effective use and never given again.
const VOID: &str = "void";

/// A number of an organ that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedNumber {
    /// The number as written.
    pub number: String,
    /// Whether its case is void.
    pub is_void: bool,
}

/// 受理编号 of an organ with the state of their cases, in any order.
///
/// # Errors
/// As every read.
pub fn registrations(db: &mut Db, organ: OrganId) -> Result<Vec<UsedNumber>, StoreError> {
    let theirs = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::number.is_not_null());
    let rows: Vec<(String, String)> = theirs.select((cases::number.assume_not_null(), cases::stage)).load(db)?;
    Ok(rows.into_iter().map(|(number, stage)| UsedNumber { number, is_void: stage == VOID }).collect())
}

/// 答复文号 of an organ with the state of their cases, in any order: of every reply that was ever issued.
///
/// # Errors
/// As every read.
pub fn replies(db: &mut Db, organ: OrganId) -> Result<Vec<UsedNumber>, StoreError> {
    #[derive(Deserialize)]
    struct Issued {
        document_number: Option<String>,
    }
    // A literal, so that the partial index applies.
    let is_reply = verbatim::<Bool>("case_events.kind = 'reply_issued'");
    let rows: Vec<(String, String)> = case_events::table
        .inner_join(cases::table.on(cases::id.eq(case_events::case_id)))
        .filter(is_reply)
        .filter(cases::organ_id.eq(organ))
        .select((case_events::body, cases::stage))
        .load(db)?;
    let used = |(body, stage): (String, String)| {
        let issued: Issued = serde_json::from_str(&body).ok()?;
        Some(UsedNumber { number: issued.document_number?, is_void: stage == VOID })
    };
    Ok(rows.into_iter().filter_map(used).collect())
}

/// Records by how much each series is ahead of its drawn numbers, for a database in which raises were not recorded. For
/// the migrating transaction.
///
/// # Errors
/// As every write.
pub(in crate::store) fn record_earlier_raises(db: &mut Db, at: Ts) -> Result<(), StoreError> {
    // Before cases could go over to another organ.
    let drawn = drawn_by(db, "c.organ_id")?;
    for ((organ, year, series), to) in reached(db)? {
        let key = (organ, year, series);
        let from = drawn.get(&key).copied().unwrap_or(0);
        if to > from {
            let raise = Raise { year, series: key.2, from, to, why: "upgrade".to_owned() };
            record_raise(db, organ, &raise, None, at)?;
        }
    }
    Ok(())
}
