//! What goes over when an organ ends: roles, departments, reporting lines, 督办单, waiting mails. Cases go one by one: see
//! [`crate::store::cases::transfers`].

use chrono::NaiveDate;
use diesel::prelude::*;

use super::departments::{self, DepartmentRow};
use super::organs::OrganRow;
use super::users;
use crate::store::database::db::Db;
use crate::store::database::schema::{
    departments as department_table, obligations, organ_successions, organs, outbox, supervision_orders, user_roles,
    users as user_table,
};
use crate::store::{OrderId, OrganId, StoreError, Ts, UserId};

/// A row of `organ_successions`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organ_successions, treat_none_as_default_value = false)]
pub struct SuccessionRow {
    /// The organ that ended.
    pub organ_id: OrganId,
    /// The organ that took its place.
    pub successor_id: OrganId,
    /// The day of it.
    pub ended_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// The decision it rests on.
    pub basis: Option<String>,
    /// Who recorded it.
    pub recorded_by: UserId,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// Records that an organ took the place of another.
///
/// # Errors
/// [`StoreError::Conflict`] if the other has a successor already.
pub fn insert(db: &mut Db, row: &SuccessionRow) -> Result<(), StoreError> {
    diesel::insert_into(organ_successions::table).values(row).execute(db)?;
    Ok(())
}

/// The organs whose place an organ took itself, by the day, with their names.
pub fn of_successor(db: &mut Db, successor: OrganId) -> Result<Vec<(SuccessionRow, String)>, StoreError> {
    Ok(organ_successions::table
        .inner_join(organs::table.on(organs::id.eq(organ_successions::organ_id)))
        .filter(organ_successions::successor_id.eq(successor))
        .order((organ_successions::ended_on, organ_successions::organ_id))
        .select((SuccessionRow::as_select(), organs::name))
        .load(db)?)
}

/// The organ, and those it answers for today because they ended.
pub fn with_predecessors(db: &mut Db, organ: OrganId) -> Result<Vec<OrganId>, StoreError> {
    let all = organs::table.filter(organs::id.eq(organ).or(organs::successor_id.eq(organ)));
    Ok(all.order(organs::id).select(organs::id).load(db)?)
}

/// Each ended organ with the one that answers for it today.
pub fn lines(db: &mut Db) -> Result<Vec<(OrganId, OrganId)>, StoreError> {
    let ended = organs::table.filter(organs::successor_id.is_not_null());
    Ok(ended.order(organs::id).select((organs::id, organs::successor_id.assume_not_null())).load(db)?)
}

/// Makes `to` answer for everything that `from` answered for.
pub fn lengthen_lines(db: &mut Db, from: OrganId, to: OrganId) -> Result<(), StoreError> {
    let theirs = organs::table.filter(organs::successor_id.eq(from));
    diesel::update(theirs).set(organs::successor_id.eq(Some(to))).execute(db)?;
    Ok(())
}

/// Whether an organ below `organ` still exists.
pub fn has_subordinates(db: &mut Db, organ: OrganId) -> Result<bool, StoreError> {
    let below = organs::table.filter(organs::parent_id.eq(organ)).filter(organs::ended_on.is_null());
    Ok(below.select(organs::id).first::<OrganId>(db).optional()?.is_some())
}

/// Makes those who report to `from` report to `to`, and `to` itself to its parent. Returns how many.
pub fn move_reporting(db: &mut Db, from: OrganId, to: OrganId) -> Result<usize, StoreError> {
    let own = organs::table.filter(organs::id.eq(to)).filter(organs::reports_to.eq(from));
    let own = diesel::update(own).set(organs::reports_to.eq(None::<OrganId>)).execute(db)?;
    let others = organs::table.filter(organs::reports_to.eq(from));
    Ok(own + diesel::update(others).set(organs::reports_to.eq(Some(to))).execute(db)?)
}

/// Gives every role held in `from` in `to`, and ends the logins of its holders, who hold other roles now. Returns the
/// holders.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored role is unknown.
pub fn move_roles(db: &mut Db, from: OrganId, to: OrganId) -> Result<Vec<UserId>, StoreError> {
    let there = user_roles::table.filter(user_roles::organ_id.eq(from));
    let holders: Vec<UserId> = there.select(user_roles::user_id).distinct().order(user_roles::user_id).load(db)?;
    for holder in &holders {
        let held = users::roles(db, *holder)?;
        let mut roles: Vec<_> =
            held.into_iter().filter(|(organ, _)| *organ == from || *organ == to).map(|(_, role)| role).collect();
        roles.sort_unstable();
        roles.dedup();
        users::set_roles(db, *holder, from, &[])?;
        users::set_roles(db, *holder, to, &roles)?;
        let row = user_table::table.filter(user_table::id.eq(holder));
        let set =
            (user_table::token_epoch.eq(user_table::token_epoch + 1), user_table::version.eq(user_table::version + 1));
        diesel::update(row).set(set).execute(db)?;
    }
    Ok(holders)
}

/// Moves every department. One whose code or, while active, name is taken there gets another: the code of its organ
/// before the code, the name of its organ behind the name. Returns how many moved.
pub fn move_departments(db: &mut Db, from: &OrganRow, to: OrganId) -> Result<usize, StoreError> {
    let mut there = departments::list(db, &[to])?;
    let moving = departments::list(db, &[from.id])?;
    for row in &moving {
        let (code, name) = (free_code(&there, from, row), free_name(&there, from, row));
        let set = (
            department_table::organ_id.eq(to),
            department_table::code.eq(&code),
            department_table::name.eq(&name),
            department_table::version.eq(department_table::version + 1),
        );
        diesel::update(department_table::table.filter(department_table::id.eq(row.id))).set(set).execute(db)?;
        there.push(DepartmentRow { organ_id: to, code, name, ..row.clone() });
    }
    Ok(moving.len())
}

fn free_code(there: &[DepartmentRow], from: &OrganRow, row: &DepartmentRow) -> String {
    let is_free = |code: &String| there.iter().all(|other| other.code != *code);
    let wanted = std::iter::once(row.code.clone()).chain((1..).map(|n| match n {
        1 => format!("{}-{}", from.code, row.code),
        n => format!("{}-{}-{n}", from.code, row.code),
    }));
    wanted.into_iter().find(is_free).unwrap_or_else(|| row.id.0.to_string())
}

fn free_name(there: &[DepartmentRow], from: &OrganRow, row: &DepartmentRow) -> String {
    let is_taken = there.iter().any(|other| other.is_active && other.name == row.name);
    if row.is_active && is_taken { format!("{}（{}）", row.name, from.name) } else { row.name.clone() }
}

/// Moves the 督办单 to departments that are not done, with their duties. Those on a case go with the case. Returns how
/// many moved.
pub fn move_orders(db: &mut Db, from: OrganId, to: OrganId) -> Result<usize, StoreError> {
    let pending = supervision_orders::table
        .filter(supervision_orders::organ_id.eq(from))
        .filter(supervision_orders::case_id.is_null())
        .filter(supervision_orders::status.eq_any(["open", "answered"]));
    let moving: Vec<(OrderId, crate::store::ObligationId)> =
        pending.select((supervision_orders::id, supervision_orders::obligation_id)).load(db)?;
    for (order, duty) in &moving {
        let row = supervision_orders::table.filter(supervision_orders::id.eq(order));
        diesel::update(row).set(supervision_orders::organ_id.eq(to)).execute(db)?;
        let row = obligations::table.filter(obligations::id.eq(duty));
        diesel::update(row).set(obligations::organ_id.eq(to)).execute(db)?;
    }
    Ok(moving.len())
}

/// Moves the mails that wait and are about an organ but no case. Those about a case go with the case.
pub fn move_mails(db: &mut Db, from: OrganId, to: OrganId) -> Result<usize, StoreError> {
    let waiting = outbox::table
        .filter(outbox::organ_id.eq(from))
        .filter(outbox::case_id.is_null())
        .filter(outbox::state.eq_any(["queued", "parked"]));
    Ok(diesel::update(waiting).set(outbox::organ_id.eq(Some(to))).execute(db)?)
}
