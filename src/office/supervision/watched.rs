//! The organs that a person supervises, and the bounds of what is read for them.

use crate::case::Role;
use crate::office::people::access::seats_with;
use crate::office::{Caller, OfficeError};
use crate::store::people::departments;
use crate::store::people::organs::{OrganRow, Seat};
use crate::store::{Db, DepartmentId, OrganId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The roles that may ask: those responsible for deadlines and those who supervise them (who also see the organs
/// below).
pub const OVERDUE_READERS: &[Role] = &[Role::Supervisor, Role::OfficeHead, Role::Leader, Role::Clerk, Role::Auditor];

pub(super) fn ids_of(seats: &[Seat]) -> Vec<OrganId> {
    seats.iter().map(|seat| seat.organ.id).collect()
}

/// The organs in which the caller holds one of `roles`, restricted as requested.
///
/// # Errors
/// [`OfficeError::NotFound`] if the requested organ is not among them.
pub(in crate::office) fn watched(
    db: &mut Db,
    caller: &Caller,
    roles: &[Role],
    organ: Option<OrganId>,
    with_subordinates: bool,
) -> Result<Vec<OrganRow>, OfficeError> {
    let seats = seats_with(db, caller, roles, organ, with_subordinates)?;
    Ok(seats.into_iter().map(|seat| seat.organ).collect())
}

pub(super) fn check_department(
    db: &mut Db,
    watched: &[Seat],
    department: Option<DepartmentId>,
) -> Result<(), OfficeError> {
    let Some(department) = department else { return Ok(()) };
    let found = departments::find(db, department)?;
    if watched.iter().any(|seat| seat.organ.id == found.organ_id) { Ok(()) } else { Err(OfficeError::NotFound) }
}

/// Merges the parts by id. Returns `false` if a part exceeds `most`: each query is limited to one row more.
pub(super) fn merged<T, const N: usize>(parts: [Vec<T>; N], most: i64, id: impl Fn(&T) -> Uuid) -> (Vec<T>, bool) {
    let parts = parts.map(|part| cut(part, most));
    let is_complete = parts.iter().all(|(_, is_whole)| *is_whole);
    let rows = parts.into_iter().flat_map(|(rows, _)| rows);
    let by_id: BTreeMap<Uuid, T> = rows.map(|row| (id(&row), row)).collect();
    (by_id.into_values().collect(), is_complete)
}

/// Truncates rows that were queried with a limit of `most + 1`. Returns whether they are complete.
pub(in crate::office) fn cut<T>(mut rows: Vec<T>, most: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let is_whole = rows.len() <= most;
    rows.truncate(most);
    (rows, is_whole)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn exactly_the_bound_is_complete_and_one_more_is_not() {
        assert_eq!(cut(vec![1, 2], 3), (vec![1, 2], true));
        assert_eq!(cut(vec![1, 2, 3], 3), (vec![1, 2, 3], true));
        assert_eq!(cut(vec![1, 2, 3, 4], 3), (vec![1, 2, 3], false));
    }
}
