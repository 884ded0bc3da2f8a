//! A person or a department with work in hand does not go without a word about it.

use crate::office::OfficeError;
use crate::store::people::holding::{self, Holding};
use crate::store::{Db, DepartmentId, UserId};

/// Numbers named in a refusal.
const MOST_NAMED: i64 = 5;

/// What a person has in hand.
///
/// # Errors
/// [`OfficeError::Refused`] `user_has_open_cases` if it is anything and shall not be left as it is.
pub(super) fn of_leaving_user(db: &mut Db, id: UserId, is_left: bool) -> Result<usize, OfficeError> {
    let held = holding::of_user(db, id)?;
    if held.is_empty() || is_left {
        return Ok(held.cases.len());
    }
    let what = named(db, &held)?;
    let detail = format!(
        "此人还在承办{what}：请先把这些案件交办给其他人员再停用；确需先停用的，请填写 leave_as_is 为 true，案件仍记在此人名下，\
         提醒改发公开工作机构负责人"
    );
    Err(refused("user_has_open_cases", detail))
}

/// Checks that a department that is to be closed has nothing in hand.
///
/// # Errors
/// [`OfficeError::Refused`] `department_has_open_tasks`.
pub(super) fn refuse_busy_department(db: &mut Db, id: DepartmentId) -> Result<(), OfficeError> {
    let held = holding::of_department(db, id)?;
    if held.is_empty() {
        return Ok(());
    }
    let what = named(db, &held)?;
    let detail = format!("本科室还有{what}：请先把案件交办给其他科室，督办单先答复、办结或者撤销，再停用");
    Err(refused("department_has_open_tasks", detail))
}

fn named(db: &mut Db, held: &Holding) -> Result<String, OfficeError> {
    let mut parts = Vec::new();
    if !held.cases.is_empty() {
        let mut numbers = holding::numbers(db, &held.cases, MOST_NAMED)?.join("、");
        if numbers.is_empty() {
            "尚未编号".clone_into(&mut numbers);
        } else if usize::try_from(MOST_NAMED).is_ok_and(|most| held.cases.len() > most) {
            numbers.push('等');
        }
        parts.push(format!("未结案件{}件（{numbers}）", held.cases.len()));
    }
    if held.orders > 0 {
        parts.push(format!("未办结的督办单{}件", held.orders));
    }
    Ok(parts.join("、"))
}

fn refused(code: &'static str, detail: String) -> OfficeError {
    OfficeError::Refused { code: code.into(), article: None, detail, errors: Vec::new() }
}
