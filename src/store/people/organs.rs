//! 行政机关: the organs, in a tree (主管/下级) with a separate reporting line.

use crate::store::database::verbatim::{Verbatim, verbatim};
use chrono::NaiveDate;
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
    /// Short code, unique across all organs.
    pub code: String,
    /// 机关名称.
    pub name: String,
    /// 主管机关.
    pub parent_id: Option<OrganId>,
    /// The organ it reports its annual figures to, if not the parent.
    pub reports_to: Option<OrganId>,
    /// `/` and the ids from the root down to this organ, each followed by `/`.
    pub path: String,
    /// Name of the calendar overlay. Empty for the national calendar.
    pub region: String,
    /// JSON of the organ's rules.
    pub settings: String,
    /// When it was added.
    pub created_at: Ts,
    /// Incremented by each change.
    pub version: i64,
    /// The day another organ took its place. `None` while it exists.
    pub ended_on: Option<NaiveDate>,
    /// The organ that answers for it today, at the end of the line of successors.
    pub successor_id: Option<OrganId>,
}

impl OrganRow {
    /// This organ and those above it, from the root down.
    #[must_use]
    pub fn with_ancestors(&self) -> Vec<OrganId> {
        self.path.split('/').filter_map(|id| id.parse().ok().map(OrganId)).collect()
    }
}

/// An organ with the calendars in force for it, by which its cases are decided.
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

/// Subquery next to a row of `organs`: the version in force in the organ's region.
pub(in crate::store) fn version_here() -> Verbatim<Nullable<Text>> {
    verbatim(
        "(SELECT v.version FROM calendar_versions v WHERE v.region = organs.region ORDER BY v.revision DESC LIMIT 1)",
    )
}

/// Subquery next to any row: the national version in force.
pub(in crate::store) fn version_nationally() -> Verbatim<Nullable<Text>> {
    verbatim("(SELECT v.version FROM calendar_versions v WHERE v.region = '' ORDER BY v.revision DESC LIMIT 1)")
}

/// Loads an organ by id with the calendars in force for it.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist.
pub fn seat(db: &mut Db, id: OrganId) -> Result<Seat, StoreError> {
    let (organ, here, nationally) = organs::table
        .filter(organs::id.eq(id))
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .first(db)?;
    Ok(Seat::new(organ, here, nationally))
}

/// Every organ with the calendars in force for it, parents before their children.
pub fn seats(db: &mut Db) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<(OrganRow, Option<String>, Option<String>)> = organs::table
        .order(organs::path)
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .load(db)?;
    Ok(rows.into_iter().map(|(organ, here, nationally)| Seat::new(organ, here, nationally)).collect())
}

/// These organs with the calendars in force for them, in any order.
pub fn seats_of(db: &mut Db, ids: &[OrganId]) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<(OrganRow, Option<String>, Option<String>)> = organs::table
        .filter(organs::id.eq_any(ids))
        .select((<OrganRow as Selectable<MultiBackend>>::construct_selection(), version_here(), version_nationally()))
        .load(db)?;
    Ok(rows.into_iter().map(|(organ, here, nationally)| Seat::new(organ, here, nationally)).collect())
}

/// The values of a new organ.
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
/// [`StoreError::Conflict`] if the code is taken, [`StoreError::NotFound`] if the parent does not exist.
pub fn insert(db: &mut Db, new: NewOrgan<'_>, at: Ts) -> Result<OrganRow, StoreError> {
    let id = OrganId::new();
    let above = match new.parent_id {
        // Locked, because the parent may be moving.
        Some(parent) => lock(db, parent)?.path,
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
        ended_on: None,
        successor_id: None,
    };
    diesel::insert_into(organs::table).values(&row).execute(db)?;
    Ok(row)
}

/// Updates code, name, parent, reporting line, end, region and settings. The path stays: see [`move_below`]. `row.version` is
/// the version the change is based on. Returns the row with its new version.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs or the code is taken, [`StoreError::NotFound`] if the organ does not
/// exist, [`StoreError::Dangling`] if `reports_to` does not exist.
pub fn update(db: &mut Db, row: &OrganRow) -> Result<OrganRow, StoreError> {
    let current = organs::table.filter(organs::id.eq(row.id)).filter(organs::version.eq(row.version));
    let changed = diesel::update(current)
        .set((
            organs::code.eq(&row.code),
            organs::name.eq(&row.name),
            organs::parent_id.eq(row.parent_id),
            organs::reports_to.eq(row.reports_to),
            organs::ended_on.eq(row.ended_on),
            organs::successor_id.eq(row.successor_id),
            organs::region.eq(&row.region),
            organs::settings.eq(&row.settings),
            organs::version.eq(row.version + 1),
        ))
        .execute(db)?;
    let now = find(db, row.id)?;
    if changed == 1 { Ok(now) } else { Err(StoreError::Conflict) }
}

/// Makes the path of an organ the one that its parent gives, and moves every organ below along. `row.path` is the path
/// until now. Returns how many organs moved, this one included.
///
/// # Errors
/// [`StoreError::NotFound`] if the parent does not exist.
pub fn move_below(db: &mut Db, row: &OrganRow) -> Result<usize, StoreError> {
    let above = match row.parent_id {
        Some(parent) => find(db, parent)?.path,
        None => "/".to_owned(),
    };
    let (from, to) = (&row.path, format!("{above}{}/", row.id));
    let theirs: Vec<(OrganId, String)> = organs::table
        .filter(organs::path.like(format!("{from}%")))
        .order(organs::path)
        .select((organs::id, organs::path))
        .load(db)?;
    for (id, path) in &theirs {
        let moved = format!("{to}{}", path.get(from.len()..).unwrap_or_default());
        diesel::update(organs::table.filter(organs::id.eq(id))).set(organs::path.eq(moved)).execute(db)?;
    }
    Ok(theirs.len())
}

/// Locks every organ until the transaction ends, so that of two changes of places the later one sees the earlier, and no
/// two make a circle.
///
/// # Errors
/// [`StoreError::Busy`] if the wait times out.
pub fn lock_tree(db: &mut Db) -> Result<(), StoreError> {
    let rows = organs::table.order(organs::id).select(organs::id);
    // On SQLite the write transaction already excludes every other writer.
    if let Db::Pg(db) = db {
        let _: Vec<OrganId> = rows.for_no_key_update().load(db)?;
    }
    Ok(())
}

/// Loads an organ by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist.
pub fn find(db: &mut Db, id: OrganId) -> Result<OrganRow, StoreError> {
    Ok(organs::table.find(id).select(OrganRow::as_select()).first(db)?)
}

/// Like [`find`], and locks the row until the transaction ends. Other transactions may still add rows that refer to the
/// organ.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist; [`StoreError::Busy`] if the wait times out.
pub fn lock(db: &mut Db, id: OrganId) -> Result<OrganRow, StoreError> {
    let row = organs::table.filter(organs::id.eq(id)).select(organs::id);
    let _: OrganId = match db {
        Db::Pg(db) => row.for_no_key_update().first(db)?,
        Db::Lite(db) => row.first(db)?,
    };
    find(db, id)
}

/// Loads an organ by code.
///
/// # Errors
/// [`StoreError::NotFound`] if no organ has this code.
pub fn find_by_code(db: &mut Db, code: &str) -> Result<OrganRow, StoreError> {
    Ok(organs::table.filter(organs::code.eq(code)).select(OrganRow::as_select()).first(db)?)
}

/// The organ with this code, or else the one with this id. `None` if there is neither.
pub fn find_named(db: &mut Db, code: &str, id: Option<OrganId>) -> Result<Option<OrganRow>, StoreError> {
    let mut query = organs::table.filter(organs::code.eq(code)).select(OrganRow::as_select()).into_boxed();
    if let Some(id) = id {
        query = query.or_filter(organs::id.eq(id));
    }
    let mut found: Vec<OrganRow> = query.load(db)?;
    found.sort_by_key(|row| row.code != code);
    Ok(found.into_iter().next())
}

/// The organs with these ids, parents before their children.
pub fn list(db: &mut Db, ids: &[OrganId]) -> Result<Vec<OrganRow>, StoreError> {
    Ok(organs::table.filter(organs::id.eq_any(ids)).order(organs::path).select(OrganRow::as_select()).load(db)?)
}

/// Every organ, parents before their children.
pub fn all(db: &mut Db) -> Result<Vec<OrganRow>, StoreError> {
    Ok(organs::table.order(organs::path).select(OrganRow::as_select()).load(db)?)
}

/// The ids of an organ and of every organ below it.
///
/// # Errors
/// [`StoreError::NotFound`] if the organ does not exist.
pub fn subtree(db: &mut Db, root: OrganId) -> Result<Vec<OrganId>, StoreError> {
    let path = find(db, root)?.path; // hexadecimal digits, '-' and '/': nothing that LIKE reads as a pattern
    let below = organs::path.like(format!("{path}%"));
    Ok(organs::table.filter(below).order(organs::path).select(organs::id).load(db)?)
}
