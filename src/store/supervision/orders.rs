//! 督办单, the duty each of them is, and the record of what was done about it.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::cases::obligations::{self, ObligationRow};
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{
    cases, departments, obligations as duties, organs, supervision_order_steps, supervision_orders, users,
};
use crate::store::{CaseId, DepartmentId, ObligationId, OrderId, OrganId, StoreError, Ts, UserId};

/// A row of `supervision_orders`; codes are those of `case`.
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
    /// The department the issuer named; none: whoever has the case.
    pub department_id: Option<DepartmentId>,
    /// The duty to answer it.
    pub obligation_id: ObligationId,
    /// Who issued it.
    pub issuer_id: UserId,
    /// The organ in which the issuer holds the role it was issued by.
    pub issuer_organ_id: OrganId,
    /// That role.
    pub issuer_role: String,
    /// What is asked.
    pub text: String,
    /// On what it rests.
    pub article: String,
    /// The day it was issued.
    pub issued_on: NaiveDate,
    /// The day to answer.
    pub due_on: NaiveDate,
    /// Where it stands.
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
pub struct StepRow {
    /// The order.
    pub order_id: OrderId,
    /// 1, 2, 3 …
    pub seq: i32,
    /// What was done, as a code.
    pub act: String,
    /// The day.
    pub acted_on: NaiveDate,
    /// Who.
    pub actor_id: UserId,
    /// What was written.
    pub text: Option<String>,
    /// The day to answer that it set.
    pub due_on: Option<NaiveDate>,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// An order with what a reader calls its parts.
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

/// Which orders. `organs` always restricts; of the rest, what is empty or `None` does not.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// To these organs.
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

/// Who has the duty to answer an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user: Option<UserId>,
    /// The department.
    pub department: Option<DepartmentId>,
}

/// Adds an order, its duty and its first step. `row.obligation_id` names the duty to be made.
///
/// # Errors
/// [`StoreError::Conflict`] when the number is taken.
pub fn insert(db: &mut Db, row: &OrderRow, owner: Owner, kind: &str, step: &StepRow) -> Result<(), StoreError> {
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
        article: format!("{}，{}", row.number, row.article),
        updated_at: row.updated_at,
        latest_on: None,
    };
    diesel::insert_into(duties::table).values(&duty).execute(db)?;
    diesel::insert_into(supervision_orders::table).values(row).execute(db)?;
    diesel::insert_into(supervision_order_steps::table).values(step).execute(db)?;
    Ok(())
}

/// Writes status, day and version of `row` over the order of version `expected`, its duty with it, and the step.
///
/// # Errors
/// [`StoreError::Conflict`] when the version is another by now.
pub fn update(db: &mut Db, row: &OrderRow, expected: i64, duty: &str, step: &StepRow) -> Result<(), StoreError> {
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

/// The open duties of a case's orders follow whoever has the case, unless the issuer named a department.
///
/// # Errors
/// As every statement: [`StoreError`].
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

/// Who has the duty to answer an order.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn owner(db: &mut Db, row: &OrderRow) -> Result<Owner, StoreError> {
    let (user, department) = duties::table
        .find(row.obligation_id)
        .select((duties::owner_id, duties::department_id))
        .first::<(Option<UserId>, Option<DepartmentId>)>(db)?;
    Ok(Owner { user, department })
}

/// Orders after `after` by id, each with its duty.
///
/// # Errors
/// As every statement: [`StoreError`].
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

/// The order of an id, held against other writers until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Busy`] when it is held too long.
pub fn lock(db: &mut Db, id: OrderId) -> Result<OrderRow, StoreError> {
    let one = supervision_orders::table.find(id);
    match db {
        Db::Pg(connection) => Ok(one.for_update().select(OrderRow::as_select()).first(connection)?),
        // The write transaction holds the whole database.
        Db::Lite(connection) => Ok(one.select(OrderRow::as_select()).first(connection)?),
    }
}

/// The steps of an order, in order, each with the name of who took it.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn steps(db: &mut Db, id: OrderId) -> Result<Vec<(StepRow, String)>, StoreError> {
    Ok(supervision_order_steps::table
        .inner_join(users::table.on(users::id.eq(supervision_order_steps::actor_id)))
        .filter(supervision_order_steps::order_id.eq(id))
        .order(supervision_order_steps::seq)
        .select((StepRow::as_select(), users::display_name))
        .load(db)?)
}

type Row = (OrderRow, String, Option<String>, Option<String>, String);

fn named((row, organ_name, case_number, department_name, issuer_name): Row) -> NamedOrder {
    NamedOrder { row, organ_name, case_number, department_name, issuer_name }
}

/// Orders with the names of their parts.
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

/// The order of an id.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find(db: &mut Db, id: OrderId) -> Result<NamedOrder, StoreError> {
    Ok(named(named_orders!().filter(supervision_orders::id.eq(id)).first(db)?))
}

/// A page of orders, the newest first; `after` is the last one of the page before.
///
/// # Errors
/// As every statement: [`StoreError`].
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
