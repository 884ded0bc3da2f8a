//! What the record of an applicant said before each correction: sealed, in order.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::store::database::db::Db;
use crate::store::database::schema::applicant_versions;
use crate::store::database::seal::{Place, Sealer, Secret};
use crate::store::{ApplicantId, ApplicantVersionId, CaseId, StoreError, Ts, UserId};

/// A row of `applicant_versions`. [`record`] opens the sealed column.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = applicant_versions, treat_none_as_default_value = false)]
pub struct ApplicantVersionRow {
    /// Id, to which the sealed record is bound.
    pub id: ApplicantVersionId,
    /// The applicant.
    pub applicant_id: ApplicantId,
    /// 1, 2, 3 … within the applicant.
    pub n: i32,
    /// The case in which the correction was made. Parts of a split case share an applicant.
    pub case_id: CaseId,
    /// Seq of the event there.
    pub seq: i32,
    /// The day of the correction. The record was valid before it.
    pub replaced_on: NaiveDate,
    /// Who corrected it.
    pub replaced_by: UserId,
    /// When it was corrected.
    pub replaced_at: Ts,
    /// The record, sealed together with the place it belongs to.
    pub sealed: Vec<u8>,
}

/// A record to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Replaced<'a> {
    /// The applicant.
    pub applicant_id: ApplicantId,
    /// The case in which the correction was made.
    pub case_id: CaseId,
    /// Seq of the event there.
    pub seq: i32,
    /// The day of the correction.
    pub on: NaiveDate,
    /// Who corrected it.
    pub by: UserId,
    /// When it was corrected.
    pub at: Ts,
    /// The record before the correction, as JSON.
    pub record: &'a str,
}

/// What is sealed. The ids repeat the columns, so that a row cannot be passed off as that of another applicant or event.
#[derive(Serialize, Deserialize)]
struct Sealed {
    applicant_id: ApplicantId,
    n: i32,
    case_id: CaseId,
    seq: i32,
    replaced_on: NaiveDate,
    record: String,
}

/// Keeps what an applicant's record said before a correction.
///
/// # Errors
/// [`StoreError::Conflict`] if another correction of the applicant was kept first.
pub fn keep(db: &mut Db, sealer: &Sealer, replaced: Replaced<'_>) -> Result<(), StoreError> {
    let theirs = applicant_versions::table.filter(applicant_versions::applicant_id.eq(replaced.applicant_id));
    let last: Option<i32> = theirs.select(diesel::dsl::max(applicant_versions::n)).first(db)?;
    let n = last.unwrap_or(0).saturating_add(1);
    let id = ApplicantVersionId::new();
    let sealed = Sealed {
        applicant_id: replaced.applicant_id,
        n,
        case_id: replaced.case_id,
        seq: replaced.seq,
        replaced_on: replaced.on,
        record: replaced.record.to_owned(),
    };
    let text = serde_json::to_vec(&sealed).map_err(|_| StoreError::Corrupt("applicant_versions.sealed".into()))?;
    let row = ApplicantVersionRow {
        id,
        applicant_id: replaced.applicant_id,
        n,
        case_id: replaced.case_id,
        seq: replaced.seq,
        replaced_on: replaced.on,
        replaced_by: replaced.by,
        replaced_at: replaced.at,
        sealed: sealer.seal(place(id), &text)?,
    };
    diesel::insert_into(applicant_versions::table).values(&row).execute(db)?;
    Ok(())
}

/// The earlier records of an applicant, in order.
pub fn of_applicant(db: &mut Db, applicant: ApplicantId) -> Result<Vec<ApplicantVersionRow>, StoreError> {
    many(db, &[applicant])
}

/// The record of an applicant before its first correction. `None` if it was never corrected.
pub fn first(db: &mut Db, applicant: ApplicantId) -> Result<Option<ApplicantVersionRow>, StoreError> {
    let theirs = applicant_versions::table.filter(applicant_versions::applicant_id.eq(applicant));
    Ok(theirs.order(applicant_versions::n).select(ApplicantVersionRow::as_select()).first(db).optional()?)
}

/// The earlier records of these applicants, each applicant's in order.
pub fn many(db: &mut Db, of: &[ApplicantId]) -> Result<Vec<ApplicantVersionRow>, StoreError> {
    let mut found = Vec::new();
    for some in of.chunks(500) {
        let theirs = applicant_versions::table.filter(applicant_versions::applicant_id.eq_any(some));
        let rows: Vec<ApplicantVersionRow> = theirs
            .order((applicant_versions::applicant_id, applicant_versions::n))
            .select(ApplicantVersionRow::as_select())
            .load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The record (JSON) in clear text. The caller must write an audit entry if a person reads it.
///
/// # Errors
/// [`StoreError::Corrupt`] if it cannot be decrypted, or was sealed for another applicant, event or day.
pub fn record(sealer: &Sealer, row: &ApplicantVersionRow) -> Result<Secret<String>, StoreError> {
    let bytes = sealer.open(place(row.id), &row.sealed)?.into_inner();
    // serde's message would quote parts of the record.
    let sealed: Sealed = serde_json::from_slice(&bytes).map_err(|_| corrupt())?;
    let is_its_own = sealed.applicant_id == row.applicant_id
        && sealed.n == row.n
        && (sealed.case_id, sealed.seq) == (row.case_id, row.seq)
        && sealed.replaced_on == row.replaced_on;
    if is_its_own { Ok(Secret::new(sealed.record)) } else { Err(corrupt()) }
}

/// The same row sealed by `new`.
///
/// # Errors
/// [`StoreError::Corrupt`] if `old` does not open it.
pub(in crate::store) fn resealed(old: &Sealer, new: &Sealer, row: &ApplicantVersionRow) -> Result<Vec<u8>, StoreError> {
    new.seal(place(row.id), &old.open(place(row.id), &row.sealed)?.into_inner())
}

/// The next rows, by id, after `after`.
pub(in crate::store) fn page(
    db: &mut Db,
    after: Option<ApplicantVersionId>,
    limit: i64,
) -> Result<Vec<ApplicantVersionRow>, StoreError> {
    let mut query = applicant_versions::table.select(ApplicantVersionRow::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(applicant_versions::id.gt(after));
    }
    Ok(query.order(applicant_versions::id).limit(limit).load(db)?)
}

/// Replaces the sealed record of a row.
pub(in crate::store) fn reseal(db: &mut Db, id: ApplicantVersionId, sealed: &[u8]) -> Result<(), StoreError> {
    diesel::update(applicant_versions::table.find(id)).set(applicant_versions::sealed.eq(sealed)).execute(db)?;
    Ok(())
}

fn place(id: ApplicantVersionId) -> Place {
    Place { table: "applicant_versions", column: "sealed", row: id.0 }
}

fn corrupt() -> StoreError {
    StoreError::Corrupt("the earlier record of an applicant is not the one of its row".into())
}
