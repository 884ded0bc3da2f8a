//! The last administrator and the last office head: without them nobody can give roles, or extend, delay and close.

use crate::case::Role;
use crate::office::OfficeError;
use crate::store::people::{organs, users};
use crate::store::{Db, OrganId, UserId};

/// Refuses a change that leaves an organ without an active administrator or office head. `lost` are the roles that the
/// user no longer has in effect after it. An administrator of an organ above counts for the organs below.
///
/// # Errors
/// [`OfficeError::Refused`] `last_administrator` or `last_office_head`.
pub(in crate::office) fn refuse_last(db: &mut Db, id: UserId, lost: &[(OrganId, Role)]) -> Result<(), OfficeError> {
    for (organ, role) in lost {
        let (code, detail) = match role {
            Role::Admin => (
                "last_administrator",
                "这是本机关唯一的系统管理员（含上级机关的管理员）：停用或取消后无人能管理用户，请先另设一名管理员",
            ),
            Role::OfficeHead => (
                "last_office_head",
                "这是本机关唯一的公开工作机构负责人：停用或取消后无人能批准延期、终结案件，请先另设一名负责人",
            ),
            _ => continue,
        };
        // Locked, so that two people cannot take the role from each other at once.
        let place = organs::lock(db, *organ)?;
        let among = if *role == Role::Admin { place.with_ancestors() } else { vec![*organ] };
        if !users::is_held_by_another(db, &among, *role, id)? {
            return Err(OfficeError::Refused {
                code: code.into(),
                article: None,
                detail: detail.to_owned(),
                errors: Vec::new(),
            });
        }
    }
    Ok(())
}
