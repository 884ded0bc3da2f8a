//! Cases that went over to the organ that took the place of theirs.

use chrono::NaiveDate;
use diesel::prelude::*;
use std::collections::BTreeMap;

use crate::store::cases::CaseRow;
use crate::store::database::db::Db;
use crate::store::database::schema::{case_transfers, cases, obligations, organs, outbox, supervision_orders};
use crate::store::{CaseId, OrganId, StoreError, Ts, UserId};

/// A row of `case_transfers`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_transfers, treat_none_as_default_value = false)]
pub struct TransferRow {
    /// The case.
    pub case_id: CaseId,
    /// 1, 2, 3 … within the case.
    pub n: i32,
    /// The organ that had it.
    pub from_organ_id: OrganId,
    /// The organ that has it from then on.
    pub to_organ_id: OrganId,
    /// Seq of the last event before the transfer.
    pub seq: i32,
    /// The day of it.
    pub transferred_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who recorded it. `None` for a case that was reopened after its organ had ended.
    pub recorded_by: Option<UserId>,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// A transfer with the names of both organs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTransfer {
    /// The transfer.
    pub row: TransferRow,
    /// The name of the organ that had the case.
    pub from_name: String,
    /// The name of the organ that got it.
    pub to_name: String,
}

/// Why and by whom cases go over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The day of it.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who recorded it.
    pub by: Option<UserId>,
    /// When it was recorded.
    pub at: Ts,
}

/// Gives a locked case with all its duties, 督办单 and waiting mails to another organ, and records it. Dates and owners
/// must be derived again afterwards.
///
/// # Errors
/// [`StoreError::Conflict`] if the version of the case differs from `row`.
pub fn hand_over(db: &mut Db, row: &CaseRow, to: OrganId, why: &HandOver) -> Result<(), StoreError> {
    let earlier: i64 = case_transfers::table.filter(case_transfers::case_id.eq(row.id)).count().get_result(db)?;
    let small = |n: i64| i32::try_from(n).map_err(|_| StoreError::Corrupt("case_transfers.n".into()));
    let transfer = TransferRow {
        case_id: row.id,
        n: small(earlier.saturating_add(1))?,
        from_organ_id: row.organ_id,
        to_organ_id: to,
        seq: small(row.version)?,
        transferred_on: why.on,
        reason: why.reason.clone(),
        recorded_by: why.by,
        recorded_at: why.at,
    };
    diesel::insert_into(case_transfers::table).values(&transfer).execute(db)?;
    let from = Some(row.organ_id);
    let moved = CaseRow {
        organ_id: to,
        filed_with: row.filed_with.or(from),
        numbered_by: row.numbered_by.or(from.filter(|_| row.number.is_some())),
        ..row.clone()
    };
    super::update(db, &moved, row.version)?;
    let duties = obligations::table.filter(obligations::case_id.eq(row.id));
    diesel::update(duties).set(obligations::organ_id.eq(to)).execute(db)?;
    let orders = supervision_orders::table.filter(supervision_orders::case_id.eq(row.id));
    diesel::update(orders).set(supervision_orders::organ_id.eq(to)).execute(db)?;
    let waiting = outbox::table.filter(outbox::case_id.eq(row.id)).filter(outbox::state.eq_any(["queued", "parked"]));
    diesel::update(waiting).set(outbox::organ_id.eq(Some(to))).execute(db)?;
    Ok(())
}

/// The transfers of a case, in order.
pub fn of_case(db: &mut Db, case: CaseId) -> Result<Vec<NamedTransfer>, StoreError> {
    let rows: Vec<TransferRow> = case_transfers::table
        .filter(case_transfers::case_id.eq(case))
        .order(case_transfers::n)
        .select(TransferRow::as_select())
        .load(db)?;
    let named: Vec<OrganId> = rows.iter().flat_map(|row| [row.from_organ_id, row.to_organ_id]).collect();
    let names: Vec<(OrganId, String)> =
        organs::table.filter(organs::id.eq_any(named)).select((organs::id, organs::name)).load(db)?;
    let names: BTreeMap<OrganId, String> = names.into_iter().collect();
    let name = |organ: OrganId| names.get(&organ).cloned().unwrap_or_default();
    let named =
        |row: TransferRow| NamedTransfer { from_name: name(row.from_organ_id), to_name: name(row.to_organ_id), row };
    Ok(rows.into_iter().map(named).collect())
}

/// The last organ that each of these cases went over to. Cases that never did are left out.
pub fn last_of(db: &mut Db, of: &[CaseId]) -> Result<BTreeMap<CaseId, OrganId>, StoreError> {
    let rows: Vec<(CaseId, OrganId)> = case_transfers::table
        .filter(case_transfers::case_id.eq_any(of))
        .order((case_transfers::case_id, case_transfers::n))
        .select((case_transfers::case_id, case_transfers::to_organ_id))
        .load(db)?;
    Ok(rows.into_iter().collect())
}

/// Open cases of an organ, by id, after `after`.
pub fn to_move(db: &mut Db, organ: OrganId, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    let mut query = cases::table.filter(cases::organ_id.eq(organ)).filter(cases::is_open.eq(true)).into_boxed();
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).select(cases::id).limit(limit).load(db)?)
}
