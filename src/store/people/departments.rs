//! 承办科室: the departments inside an organ.

use diesel::prelude::*;

use crate::store::database::db::Db;
use crate::store::database::schema::departments;
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
    /// No new case goes to one that is not.
    pub is_active: bool,
    /// 科室负责人.
    pub head_id: Option<UserId>,
    /// Rises with each change.
    pub version: i64,
}

/// Adds an active department.
///
/// # Errors
/// [`StoreError::Conflict`] when the organ has that code, [`StoreError::Dangling`] when there is no such organ.
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

/// Changes name, head and whether it is active; `row.version` is the version the change was made on. Returns the row
/// with its new version.
///
/// # Errors
/// [`StoreError::Conflict`] when it was changed meanwhile, [`StoreError::NotFound`] when it is not there,
/// [`StoreError::Dangling`] when the head is not there.
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

/// The department of an id.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find(db: &mut Db, id: DepartmentId) -> Result<DepartmentRow, StoreError> {
    Ok(departments::table.find(id).select(DepartmentRow::as_select()).first(db)?)
}

/// The department of an organ with a code.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find_by_code(db: &mut Db, organ: OrganId, code: &str) -> Result<DepartmentRow, StoreError> {
    let named = departments::table.filter(departments::organ_id.eq(organ)).filter(departments::code.eq(code));
    Ok(named.select(DepartmentRow::as_select()).first(db)?)
}

/// The departments of some organs, by code.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn list(db: &mut Db, of: &[OrganId]) -> Result<Vec<DepartmentRow>, StoreError> {
    let theirs = departments::table.filter(departments::organ_id.eq_any(of));
    Ok(theirs.order((departments::organ_id, departments::code)).select(DepartmentRow::as_select()).load(db)?)
}

/// In these organs the person heads no department any more.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn drop_head(db: &mut Db, head: UserId, organs: &[OrganId]) -> Result<usize, StoreError> {
    let headed = departments::table.filter(departments::head_id.eq(Some(head)));
    let headed = headed.filter(departments::organ_id.eq_any(organs));
    Ok(diesel::update(headed).set(departments::head_id.eq(None::<UserId>)).execute(db)?)
}
