//! 行政机关: the bureaus, in a tree (主管/下级) with a separate line of reporting.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use crate::store::calendar::InForce;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::organs;
use crate::store::{OrganId, StoreError, Ts};

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

/// An organ with the calendars in force for it: what its cases are decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The organ.
    pub organ: OrganRow,
    /// The versions of the calendars in force.
    pub in_force: InForce,
}

impl Seat {
    pub(in crate::store) const fn new(organ: OrganRow, here: Option<String>, nationally: Option<String>) -> Self {
        Self { organ, in_force: InForce { here, nationally } }
    }
}

/// The version of the calendar in force in the region of an organ, beside its row.
pub(in crate::store) fn version_here() -> SqlLiteral<Nullable<Text>> {
    sql("(SELECT v.version FROM calendar_versions v WHERE v.region = organs.region ORDER BY v.revision DESC LIMIT 1)")
}

/// The version of the national calendar in force, beside any row.
pub(in crate::store) fn version_nationally() -> SqlLiteral<Nullable<Text>> {
    sql("(SELECT v.version FROM calendar_versions v WHERE v.region = '' ORDER BY v.revision DESC LIMIT 1)")
}

/// The organ of an id with the calendars in force for it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn seat(db: &mut Db, id: OrganId) -> Result<Seat, StoreError> {
    let (organ, here, nationally) = organs::table
        .filter(organs::id.eq(id))
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .first(db)?;
    Ok(Seat::new(organ, here, nationally))
}

/// Every organ with the calendars in force for it, parents before their children.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn seats(db: &mut Db) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<(OrganRow, Option<String>, Option<String>)> = organs::table
        .order(organs::path)
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .load(db)?;
    Ok(rows.into_iter().map(|(organ, here, nationally)| Seat::new(organ, here, nationally)).collect())
}

/// These organs with the calendars in force for them, in any order.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn seats_of(db: &mut Db, ids: &[OrganId]) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<(OrganRow, Option<String>, Option<String>)> = organs::table
        .filter(organs::id.eq_any(ids))
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .load(db)?;
    Ok(rows.into_iter().map(|(organ, here, nationally)| Seat::new(organ, here, nationally)).collect())
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

/// The organ of a code, else the one of an id, if there is one.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn find_named(db: &mut Db, code: &str, id: Option<OrganId>) -> Result<Option<OrganRow>, StoreError> {
    let mut query = organs::table.filter(organs::code.eq(code)).select(OrganRow::as_select()).into_boxed();
    if let Some(id) = id {
        query = query.or_filter(organs::id.eq(id));
    }
    let mut found: Vec<OrganRow> = query.load(db)?;
    found.sort_by_key(|row| row.code != code);
    Ok(found.into_iter().next())
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
