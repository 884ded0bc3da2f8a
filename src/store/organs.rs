//! 行政机关: the bureaus, in a tree (主管/下级) with a separate line of reporting.

use diesel::prelude::*;

use super::db::Db;
use super::schema::organs;
use super::{OrganId, StoreError, Ts};

/// A row of `organs`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organs, treat_none_as_default_value = false)]
pub struct OrganRow {
    /// Id.
    pub id: OrganId,
    /// Short code, unique in the whole house.
    pub code: String,
    /// 机关名称.
    pub name: String,
    /// 主管机关.
    pub parent_id: Option<OrganId>,
    /// The organ it reports its annual figures to, when not the parent.
    pub reports_to: Option<OrganId>,
    /// `/` and the ids from the root down, each followed by `/`.
    pub path: String,
    /// Name of the calendar overlay; empty: the national calendar.
    pub region: String,
    /// JSON of the organ's rules.
    pub settings: String,
    /// When it was added.
    pub created_at: Ts,
    /// Rises with each change.
    pub version: i64,
}

/// What an organ is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewOrgan<'a> {
    /// Short code.
    pub code: &'a str,
    /// 机关名称.
    pub name: &'a str,
    /// 主管机关.
    pub parent_id: Option<OrganId>,
    /// The organ it reports to.
    pub reports_to: Option<OrganId>,
    /// Calendar overlay.
    pub region: &'a str,
    /// JSON of the organ's rules.
    pub settings: &'a str,
}

/// Adds an organ below its parent.
///
/// # Errors
/// [`StoreError::Conflict`] when the code is taken, [`StoreError::NotFound`] when the parent is not there.
pub fn insert(db: &mut Db, new: NewOrgan<'_>, at: Ts) -> Result<OrganRow, StoreError> {
    let id = OrganId::new();
    let above = match new.parent_id {
        Some(parent) => find(db, parent)?.path,
        None => "/".to_owned(),
    };
    let row = OrganRow {
        id,
        code: new.code.to_owned(),
        name: new.name.to_owned(),
        parent_id: new.parent_id,
        reports_to: new.reports_to,
        path: format!("{above}{id}/"),
        region: new.region.to_owned(),
        settings: new.settings.to_owned(),
        created_at: at,
        version: 1,
    };
    diesel::insert_into(organs::table).values(&row).execute(db)?;
    Ok(row)
}

/// Changes code, name, reporting line, region and settings; `row.version` is the version the change was made on.
/// Parent and path stay. Returns the row with its new version.
///
/// # Errors
/// [`StoreError::Conflict`] when it was changed meanwhile, [`StoreError::NotFound`] when it is not there.
pub fn update(db: &mut Db, row: &OrganRow) -> Result<OrganRow, StoreError> {
    let current = organs::table.filter(organs::id.eq(row.id)).filter(organs::version.eq(row.version));
    let changed = diesel::update(current)
        .set((
            organs::code.eq(&row.code),
            organs::name.eq(&row.name),
            organs::reports_to.eq(row.reports_to),
            organs::region.eq(&row.region),
            organs::settings.eq(&row.settings),
            organs::version.eq(row.version + 1),
        ))
        .execute(db)?;
    let now = find(db, row.id)?;
    if changed == 1 { Ok(now) } else { Err(StoreError::Conflict) }
}

/// The organ of an id.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find(db: &mut Db, id: OrganId) -> Result<OrganRow, StoreError> {
    Ok(organs::table.find(id).select(OrganRow::as_select()).first(db)?)
}

/// As [`find`], held against other writers until the transaction ends. Rows that name the organ may still be added.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn lock(db: &mut Db, id: OrganId) -> Result<OrganRow, StoreError> {
    let row = organs::table.filter(organs::id.eq(id)).select(organs::id);
    let _: OrganId = match db {
        Db::Pg(db) => row.for_no_key_update().first(db)?,
        Db::Lite(db) => row.first(db)?,
    };
    find(db, id)
}

/// The organ of a code.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find_by_code(db: &mut Db, code: &str) -> Result<OrganRow, StoreError> {
    Ok(organs::table.filter(organs::code.eq(code)).select(OrganRow::as_select()).first(db)?)
}

/// The organs of a set of ids, parents before their children.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn list(db: &mut Db, ids: &[OrganId]) -> Result<Vec<OrganRow>, StoreError> {
    Ok(organs::table.filter(organs::id.eq_any(ids)).order(organs::path).select(OrganRow::as_select()).load(db)?)
}

/// Every organ, parents before their children.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn all(db: &mut Db) -> Result<Vec<OrganRow>, StoreError> {
    Ok(organs::table.order(organs::path).select(OrganRow::as_select()).load(db)?)
}

/// The organ itself and every one below it.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such organ.
pub fn subtree(db: &mut Db, root: OrganId) -> Result<Vec<OrganId>, StoreError> {
    let path = find(db, root)?.path; // hexadecimal digits, '-' and '/': nothing that LIKE reads as a pattern
    let below = organs::path.like(format!("{path}%"));
    Ok(organs::table.filter(below).order(organs::path).select(organs::id).load(db)?)
}
