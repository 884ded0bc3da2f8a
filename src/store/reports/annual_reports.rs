//! 年度报告: the publications of each organ, and the duty to publish, which belongs to no case.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::cases::obligations::{CurrentDuty, MET, ObligationRow};
use crate::store::database::db::{Db, on_each};
use crate::store::database::schema::{annual_reports, obligations};
use crate::store::{ObligationId, OrganId, StoreError, Ts, UserId};

/// A row of `annual_reports`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = annual_reports, treat_none_as_default_value = false)]
pub struct AnnualReportRow {
    /// The organ.
    pub organ_id: OrganId,
    /// The year the report covers.
    pub year: i32,
    /// When it was published.
    pub published_on: NaiveDate,
    /// Who recorded it.
    pub recorded_by: Option<UserId>,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// Records a publication.
///
/// # Errors
/// [`StoreError::Conflict`] if that year's publication is already recorded.
pub fn insert(db: &mut Db, row: &AnnualReportRow) -> Result<(), StoreError> {
    diesel::insert_into(annual_reports::table).values(row).execute(db)?;
    Ok(())
}

/// The publications of an organ, latest year first.
pub fn list(db: &mut Db, organ: OrganId) -> Result<Vec<AnnualReportRow>, StoreError> {
    let theirs = annual_reports::table.filter(annual_reports::organ_id.eq(organ));
    Ok(theirs.order(annual_reports::year.desc()).select(AnnualReportRow::as_select()).load(db)?)
}

/// Every publication as a pair of organ and year.
pub fn published(db: &mut Db) -> Result<Vec<(OrganId, i32)>, StoreError> {
    Ok(annual_reports::table.select((annual_reports::organ_id, annual_reports::year)).load(db)?)
}

/// The duties of one kind that belong to no case, of one organ or of all.
pub fn duties(db: &mut Db, organ: Option<OrganId>, kind: &str) -> Result<Vec<ObligationRow>, StoreError> {
    let mut query = obligations::table
        .filter(obligations::case_id.is_null())
        .filter(obligations::kind.eq(kind.to_owned()))
        .select(ObligationRow::as_select())
        .into_boxed();
    if let Some(organ) = organ {
        query = query.filter(obligations::organ_id.eq(organ));
    }
    Ok(query.order((obligations::organ_id, obligations::key)).load(db)?)
}

/// Inserts or updates a duty of the organ itself. A met duty is left unchanged. Returns whether a row was written.
///
/// # Errors
/// [`StoreError::Dangling`] if the organ does not exist.
pub fn put_duty(db: &mut Db, organ: OrganId, duty: &CurrentDuty, at: Ts) -> Result<bool, StoreError> {
    let row = ObligationRow {
        id: ObligationId::new(),
        organ_id: organ,
        case_id: None,
        key: duty.key.clone(),
        kind: duty.kind.clone(),
        due_on: duty.due_on,
        latest_on: duty.latest_on,
        status: duty.status.clone(),
        owner_id: duty.owner_id,
        department_id: duty.department_id,
        not_by_id: duty.not_by_id,
        article: duty.article.clone(),
        updated_at: at,
    };
    // No conflict target, because the unique index is partial.
    let inserted = on_each!(db => diesel::insert_into(obligations::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(db))?;
    if inserted == 1 {
        return Ok(true);
    }
    let other = obligations::due_on
        .ne(duty.due_on)
        .or(obligations::status.ne(duty.status.clone()))
        .or(obligations::article.ne(duty.article.clone()));
    let theirs = obligations::table
        .filter(obligations::case_id.is_null())
        .filter(obligations::organ_id.eq(organ))
        .filter(obligations::key.eq(&duty.key));
    let changed = diesel::update(theirs.filter(obligations::status.ne(MET)).filter(other))
        .set((
            obligations::due_on.eq(duty.due_on),
            obligations::status.eq(&duty.status),
            obligations::article.eq(&duty.article),
            obligations::updated_at.eq(at),
        ))
        .execute(db)?;
    Ok(changed == 1)
}
