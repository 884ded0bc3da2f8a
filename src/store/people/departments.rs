//! 承办科室: the departments inside an organ.

use diesel::prelude::*;

use crate::store::database::db::Db;
use crate::store::database::schema::{departments, organs};
use crate::store::{DepartmentId, OrganId, StoreError, UserId};

/// A row of `departments`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = departments, treat_none_as_default_value = false)]
pub struct DepartmentRow {
    /// Id.
    pub id: DepartmentId,
    /// The organ it belongs to.
    pub organ_id: OrganId,
    /// Short code, unique in its organ.
    pub code: String,
    /// 科室名称.
    pub name: String,
    /// Whether it accepts new cases.
    pub is_active: bool,
    /// 科室负责人.
    pub head_id: Option<UserId>,
    /// Incremented by each change.
    pub version: i64,
}

/// Adds an active department.
///
/// # Errors
/// [`StoreError::Conflict`] if the organ already uses the code, [`StoreError::Dangling`] if the organ does not exist.
pub fn insert(db: &mut Db, organ: OrganId, code: &str, name: &str) -> Result<DepartmentRow, StoreError> {
    let row = DepartmentRow {
        id: DepartmentId::new(),
        organ_id: organ,
        code: code.to_owned(),
        name: name.to_owned(),
        is_active: true,
        head_id: None,
        version: 1,
    };
    diesel::insert_into(departments::table).values(&row).execute(db)?;
    Ok(row)
}

/// Updates name, head and active flag. `row.version` is the version the change is based on. Returns the row with its
/// new version.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs, [`StoreError::NotFound`] if the department does not exist,
/// [`StoreError::Dangling`] if the head does not exist.
pub fn update(db: &mut Db, row: &DepartmentRow) -> Result<DepartmentRow, StoreError> {
    let current = departments::table.filter(departments::id.eq(row.id)).filter(departments::version.eq(row.version));
    let changed = diesel::update(current)
        .set((
            departments::name.eq(&row.name),
            departments::is_active.eq(row.is_active),
            departments::head_id.eq(row.head_id),
            departments::version.eq(departments::version + 1),
        ))
        .execute(db)?;
    let now = find(db, row.id)?;
    if changed == 1 { Ok(now) } else { Err(StoreError::Conflict) }
}

/// Loads a department by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the department does not exist.
pub fn find(db: &mut Db, id: DepartmentId) -> Result<DepartmentRow, StoreError> {
    Ok(departments::table.find(id).select(DepartmentRow::as_select()).first(db)?)
}

/// Loads a department of an organ by code.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ has no department with this code.
pub fn find_by_code(db: &mut Db, organ: OrganId, code: &str) -> Result<DepartmentRow, StoreError> {
    let named = departments::table.filter(departments::organ_id.eq(organ)).filter(departments::code.eq(code));
    Ok(named.select(DepartmentRow::as_select()).first(db)?)
}

/// The departments of these organs, ordered by organ and code.
pub fn list(db: &mut Db, of: &[OrganId]) -> Result<Vec<DepartmentRow>, StoreError> {
    let theirs = departments::table.filter(departments::organ_id.eq_any(of));
    Ok(theirs.order((departments::organ_id, departments::code)).select(DepartmentRow::as_select()).load(db)?)
}

/// The departments that cases of these organs may name: their own, and for an organ that ended those that went over.
pub fn naming(db: &mut Db, of: &[OrganId]) -> Result<Vec<DepartmentRow>, StoreError> {
    let after = organs::table.filter(organs::id.eq_any(of)).filter(organs::successor_id.is_not_null());
    let after = after.select(organs::successor_id.assume_not_null());
    let theirs = departments::table
        .filter(departments::organ_id.eq_any(of).or(departments::organ_id.eq_any(after)))
        .order((departments::organ_id, departments::code));
    Ok(theirs.select(DepartmentRow::as_select()).load(db)?)
}

/// The names of departments.
pub fn names(db: &mut Db, of: &[DepartmentId]) -> Result<Vec<(DepartmentId, String)>, StoreError> {
    Ok(departments::table.filter(departments::id.eq_any(of)).select((departments::id, departments::name)).load(db)?)
}

/// Removes the person as head of all departments of these organs. Returns how many were changed.
pub fn drop_head(db: &mut Db, head: UserId, organs: &[OrganId]) -> Result<usize, StoreError> {
    let headed = departments::table.filter(departments::head_id.eq(Some(head)));
    let headed = headed.filter(departments::organ_id.eq_any(organs));
    Ok(diesel::update(headed).set(departments::head_id.eq(None::<UserId>)).execute(db)?)
}
