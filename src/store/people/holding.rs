//! What a person or a department still has in hand: what nobody would do if they went.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::store::cases::obligations::{OPEN, SUSPENDED};
use crate::store::database::db::Db;
use crate::store::database::schema::{cases, obligations, supervision_orders};
use crate::store::{CaseId, DepartmentId, StoreError, UserId};

/// Statuses of a 督办单 that is not done yet.
const PENDING: [&str; 2] = ["open", "answered"];

/// What is still in hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    /// Open cases, and closed ones with a duty still running.
    pub cases: BTreeSet<CaseId>,
    /// 督办单 that are not done, on departments only.
    pub orders: i64,
}

impl Holding {
    /// Whether nothing is in hand.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.orders == 0
    }
}

/// The cases that a person handles or has a running duty in.
pub fn of_user(db: &mut Db, user: UserId) -> Result<Holding, StoreError> {
    let handled = cases::table.filter(cases::handler_id.eq(user)).filter(cases::is_open.eq(true));
    let handled: Vec<CaseId> = handled.select(cases::id).load(db)?;
    let owed = obligations::table.filter(obligations::owner_id.eq(user));
    let owed = owed.filter(obligations::status.eq_any([OPEN, SUSPENDED])).filter(obligations::case_id.is_not_null());
    let owed: Vec<CaseId> = owed.select(obligations::case_id.assume_not_null()).distinct().load(db)?;
    Ok(Holding { cases: handled.into_iter().chain(owed).collect(), orders: 0 })
}

/// The cases that a department handles or has a running duty in, and the 督办单 that name it.
pub fn of_department(db: &mut Db, department: DepartmentId) -> Result<Holding, StoreError> {
    let handled = cases::table.filter(cases::department_id.eq(department)).filter(cases::is_open.eq(true));
    let handled: Vec<CaseId> = handled.select(cases::id).load(db)?;
    let owed = obligations::table.filter(obligations::department_id.eq(department));
    let owed = owed.filter(obligations::status.eq_any([OPEN, SUSPENDED])).filter(obligations::case_id.is_not_null());
    let owed: Vec<CaseId> = owed.select(obligations::case_id.assume_not_null()).distinct().load(db)?;
    let named = supervision_orders::table.filter(supervision_orders::department_id.eq(department));
    let orders = named.filter(supervision_orders::status.eq_any(PENDING)).count().get_result(db)?;
    Ok(Holding { cases: handled.into_iter().chain(owed).collect(), orders })
}

/// 受理编号 of some of these cases, at most `limit`, in order. Cases without a number are left out.
pub fn numbers(db: &mut Db, of: &BTreeSet<CaseId>, limit: i64) -> Result<Vec<String>, StoreError> {
    let some: Vec<CaseId> = of.iter().copied().take(500).collect();
    let numbered = cases::table.filter(cases::id.eq_any(some)).filter(cases::number.is_not_null());
    let numbers = numbered.order((cases::created_at, cases::id)).limit(limit);
    Ok(numbers.select(cases::number.assume_not_null()).load(db)?)
}
