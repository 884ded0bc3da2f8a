//! 督办单, the duty that each creates, and the record of its steps.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::cases::obligations::{self, ObligationRow};
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{
    cases, departments, obligations as duties, organs, supervision_order_steps, supervision_orders, users,
};
use crate::store::{CaseId, DepartmentId, ObligationId, OrderId, OrganId, StoreError, Ts, UserId};

/// A row of `supervision_orders`. Codes are those of `case`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = supervision_orders, treat_none_as_default_value = false)]
pub struct OrderRow {
    /// Id.
    pub id: OrderId,
    /// Its number: 督办〔year〕n号, a series of the issuing organ.
    pub number: String,
    /// The organ that has to answer.
    pub organ_id: OrganId,
    /// The case it is about.
    pub case_id: Option<CaseId>,
    /// The department named by the issuer. `None` for the one in charge of the case.
    pub department_id: Option<DepartmentId>,
    /// The duty to answer it.
    pub obligation_id: ObligationId,
    /// Who issued it.
    pub issuer_id: UserId,
    /// The organ in which the issuer held the role used to issue it.
    pub issuer_organ_id: OrganId,
    /// The role used to issue it.
    pub issuer_role: String,
    /// What the order asks for.
    pub text: String,
    /// The article it rests on.
    pub article: String,
    /// The day it was issued.
    pub issued_on: NaiveDate,
    /// The day by which to answer.
    pub due_on: NaiveDate,
    /// Its status, as a code.
    pub status: String,
    /// Seq of its last step.
    pub version: i64,
    /// When it was added.
    pub created_at: Ts,
    /// When it last changed.
    pub updated_at: Ts,
}

/// A row of `supervision_order_steps`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = supervision_order_steps, treat_none_as_default_value = false)]
pub struct OrderStepRow {
    /// The order.
    pub order_id: OrderId,
    /// 1, 2, 3 …
    pub seq: i32,
    /// The action, as a code.
    pub act: String,
    /// The day of the step.
    pub acted_on: NaiveDate,
    /// The acting user.
    pub actor_id: UserId,
    /// The text written with it.
    pub text: Option<String>,
    /// The day to answer that the step set.
    pub due_on: Option<NaiveDate>,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// An order with the names to display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedOrder {
    /// The order.
    pub row: OrderRow,
    /// The name of the organ that has to answer.
    pub organ_name: String,
    /// 受理编号 of its case, once there is one.
    pub case_number: Option<String>,
    /// The name of the department the issuer named.
    pub department_name: Option<String>,
    /// The name of the issuer.
    pub issuer_name: String,
}

/// Filter for orders. `organs` always restricts; every other field restricts only if it is neither empty nor `None`.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// To one of these organs.
    pub organs: Vec<OrganId>,
    /// In one of these statuses.
    pub statuses: Vec<String>,
    /// On this case.
    pub case: Option<CaseId>,
    /// To this department.
    pub department: Option<DepartmentId>,
    /// To be answered on this day or later.
    pub due_from: Option<NaiveDate>,
    /// To be answered on this day or earlier.
    pub due_until: Option<NaiveDate>,
}

/// The owner of the duty to answer an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user: Option<UserId>,
    /// The department.
    pub department: Option<DepartmentId>,
}

/// Inserts an order with its duty and first step. `row.obligation_id` becomes the id of the duty.
///
/// # Errors
/// [`StoreError::Conflict`] if the number is taken.
pub fn insert(db: &mut Db, row: &OrderRow, owner: Owner, kind: &str, step: &OrderStepRow) -> Result<(), StoreError> {
    let duty = ObligationRow {
        id: row.obligation_id,
        organ_id: row.organ_id,
        case_id: row.case_id,
        key: format!("{}{}", obligations::ORDER, row.id),
        kind: kind.to_owned(),
        due_on: Some(row.due_on),
        status: obligations::OPEN.to_owned(),
        owner_id: owner.user,
        department_id: owner.department,
        not_by_id: None,
        article: format!("{}，{}", row.number, row.article),
        updated_at: row.updated_at,
        latest_on: None,
    };
    diesel::insert_into(duties::table).values(&duty).execute(db)?;
    diesel::insert_into(supervision_orders::table).values(row).execute(db)?;
    diesel::insert_into(supervision_order_steps::table).values(step).execute(db)?;
    Ok(())
}

/// Updates status, day and version of an order and of its duty, and inserts the step. The stored order must have
/// version `expected`.
///
/// # Errors
/// [`StoreError::Conflict`] if the version differs.
pub fn update(db: &mut Db, row: &OrderRow, expected: i64, duty: &str, step: &OrderStepRow) -> Result<(), StoreError> {
    let current = supervision_orders::table
        .filter(supervision_orders::id.eq(row.id))
        .filter(supervision_orders::version.eq(expected));
    let set = (
        supervision_orders::status.eq(&row.status),
        supervision_orders::due_on.eq(row.due_on),
        supervision_orders::version.eq(row.version),
        supervision_orders::updated_at.eq(row.updated_at),
    );
    if diesel::update(current).set(set).execute(db)? != 1 {
        return Err(StoreError::Conflict);
    }
    let set = (duties::status.eq(duty), duties::due_on.eq(Some(row.due_on)), duties::updated_at.eq(row.updated_at));
    diesel::update(duties::table.find(row.obligation_id)).set(set).execute(db)?;
    diesel::insert_into(supervision_order_steps::table).values(step).execute(db)?;
    Ok(())
}

/// Reassigns the open duties of a case's orders to the case's new owner, except orders for which the issuer named a
/// department.
pub fn follow_case(db: &mut Db, case: CaseId, owner: Owner, at: Ts) -> Result<(), StoreError> {
    let unnamed = supervision_orders::table
        .filter(supervision_orders::case_id.eq(case))
        .filter(supervision_orders::department_id.is_null())
        .select(supervision_orders::obligation_id);
    let theirs = duties::table.filter(duties::id.eq_any(unnamed)).filter(duties::status.eq(obligations::OPEN));
    let rows: Vec<ObligationRow> = theirs.select(ObligationRow::as_select()).load(db)?;
    for row in rows.iter().filter(|row| (row.owner_id, row.department_id) != (owner.user, owner.department)) {
        let set =
            (duties::owner_id.eq(owner.user), duties::department_id.eq(owner.department), duties::updated_at.eq(at));
        diesel::update(duties::table.find(row.id)).set(set).execute(db)?;
    }
    Ok(())
}

/// The owner of the duty to answer an order.
///
/// # Errors
/// [`StoreError::NotFound`] if the duty does not exist.
pub fn owner(db: &mut Db, row: &OrderRow) -> Result<Owner, StoreError> {
    let (user, department) = duties::table
        .find(row.obligation_id)
        .select((duties::owner_id, duties::department_id))
        .first::<(Option<UserId>, Option<DepartmentId>)>(db)?;
    Ok(Owner { user, department })
}

/// Orders with their duties, by id, after `after`.
pub fn with_duties(
    db: &mut Db,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<(OrderRow, ObligationRow)>, StoreError> {
    let mut query = supervision_orders::table
        .inner_join(duties::table.on(duties::id.eq(supervision_orders::obligation_id)))
        .select((
            <OrderRow as Selectable<MultiBackend>>::construct_selection(),
            <ObligationRow as Selectable<MultiBackend>>::construct_selection(),
        ))
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(supervision_orders::id.gt(after));
    }
    Ok(query.order(supervision_orders::id).limit(limit).load(db)?)
}

/// Loads an order by id and locks its row until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] if the order does not exist; [`StoreError::Busy`] if the wait times out.
pub fn lock(db: &mut Db, id: OrderId) -> Result<OrderRow, StoreError> {
    let one = supervision_orders::table.find(id);
    match db {
        Db::Pg(connection) => Ok(one.for_update().select(OrderRow::as_select()).first(connection)?),
        // On SQLite the write transaction already excludes every other writer.
        Db::Lite(connection) => Ok(one.select(OrderRow::as_select()).first(connection)?),
    }
}

/// The steps of an order, in order, each with the name of the acting user.
pub fn steps(db: &mut Db, id: OrderId) -> Result<Vec<(OrderStepRow, String)>, StoreError> {
    Ok(supervision_order_steps::table
        .inner_join(users::table.on(users::id.eq(supervision_order_steps::actor_id)))
        .filter(supervision_order_steps::order_id.eq(id))
        .order(supervision_order_steps::seq)
        .select((OrderStepRow::as_select(), users::display_name))
        .load(db)?)
}

type Row = (OrderRow, String, Option<String>, Option<String>, String);

fn named((row, organ_name, case_number, department_name, issuer_name): Row) -> NamedOrder {
    NamedOrder { row, organ_name, case_number, department_name, issuer_name }
}

/// Selects orders with the names to display.
macro_rules! named_orders {
    () => {
        supervision_orders::table
            .inner_join(organs::table.on(organs::id.eq(supervision_orders::organ_id)))
            .inner_join(users::table.on(users::id.eq(supervision_orders::issuer_id)))
            .left_join(cases::table.on(supervision_orders::case_id.eq(cases::id.nullable())))
            .left_join(departments::table.on(supervision_orders::department_id.eq(departments::id.nullable())))
            .select((
                <OrderRow as Selectable<MultiBackend>>::construct_selection(),
                organs::name,
                cases::number.nullable(),
                departments::name.nullable(),
                users::display_name,
            ))
    };
}

/// Loads an order by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the order does not exist.
pub fn find(db: &mut Db, id: OrderId) -> Result<NamedOrder, StoreError> {
    Ok(named(named_orders!().filter(supervision_orders::id.eq(id)).first(db)?))
}

/// A page of orders, newest first. `after` is the last order of the previous page.
pub fn list(
    db: &mut Db,
    filter: &OrderFilter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<NamedOrder>, StoreError> {
    let mut query = named_orders!().filter(supervision_orders::organ_id.eq_any(filter.organs.clone())).into_boxed();
    if !filter.statuses.is_empty() {
        query = query.filter(supervision_orders::status.eq_any(filter.statuses.clone()));
    }
    if let Some(case) = filter.case {
        query = query.filter(supervision_orders::case_id.eq(case));
    }
    if let Some(department) = filter.department {
        query = query.filter(supervision_orders::department_id.eq(department));
    }
    if let Some(day) = filter.due_from {
        query = query.filter(supervision_orders::due_on.ge(day));
    }
    if let Some(day) = filter.due_until {
        query = query.filter(supervision_orders::due_on.le(day));
    }
    if let Some(after) = after {
        query = query.filter(supervision_orders::id.lt(after));
    }
    let rows: Vec<Row> = query.order(supervision_orders::id.desc()).limit(limit).load(db)?;
    Ok(rows.into_iter().map(named).collect())
}
