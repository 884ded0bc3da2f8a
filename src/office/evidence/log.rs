//! Reading the audit log: who may, by which conditions, and as a table.

use crate::case::{AuditAction, Role};
use crate::law::{civil_time, instant_of};
use crate::office::people::access::seats_with;
use crate::office::{Caller, Evidence, OfficeError};
use crate::report::{Cell, Column, Sheet};
use crate::store::evidence::audit::{self, AuditFilter, NamedAudit};
use crate::store::people::{organs, users};
use crate::store::{AuditId, CaseId, Db, OrganId, Ts, UserId};
use chrono::{NaiveDate, NaiveTime};

/// The roles that may read the audit log of their organ and of those below it.
pub const AUDIT_READERS: &[Role] = &[Role::Auditor, Role::Supervisor];

/// Filter for audit entries. A `None` field does not restrict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Entries of this organ.
    pub organ: Option<OrganId>,
    /// With `organ`: those of the organs below it too.
    pub with_subordinates: bool,
    /// Entries of this acting user.
    pub actor: Option<UserId>,
    /// Entries on this case.
    pub case: Option<CaseId>,
    /// Entries with this action.
    pub action: Option<AuditAction>,
    /// From this day, in Asia/Shanghai.
    pub from: Option<NaiveDate>,
    /// Until this day, inclusive.
    pub until: Option<NaiveDate>,
}

/// The last entry of the previous page.
pub type AuditCursor = (Ts, AuditId);

impl AuditQuery {
    fn filter(&self, organs: Option<Vec<OrganId>>, with_general: bool) -> AuditFilter {
        // Further days have no instant that both databases can compare.
        let [first, last] = [1, 9_999].map(|year| NaiveDate::from_ymd_opt(year, 1, 2).unwrap_or_default());
        let midnight = |day: NaiveDate| Ts(instant_of(day.clamp(first, last).and_time(NaiveTime::MIN)));
        AuditFilter {
            organs,
            with_general,
            actor: self.actor,
            case: self.case,
            action: self.action,
            from: self.from.map(midnight),
            until: self.until.and_then(|day| day.succ_opt()).map(midnight),
        }
    }
}

impl Evidence<'_> {
    /// Entries of the organs visible to the caller, older than `after`, newest first. An auditor of a root organ also
    /// sees the entries without an organ (signing in, accounts, the calendar), unless an organ is named.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read the log of the requested organ.
    pub fn entries(
        &self,
        caller: &Caller,
        query: &AuditQuery,
        after: Option<AuditCursor>,
        limit: i64,
    ) -> Result<Vec<NamedAudit>, OfficeError> {
        self.store().read(|db| {
            let seats = seats_with(db, caller, AUDIT_READERS, query.organ, query.with_subordinates)?;
            let mut roots = seats.iter().filter(|seat| seat.organ.parent_id.is_none());
            let is_auditor = roots.any(|seat| caller.roles_at(&seat.organ.path).contains(&Role::Auditor));
            let organs = seats.iter().map(|seat| seat.organ.id).collect();
            let filter = query.filter(Some(organs), is_auditor && query.organ.is_none());
            Ok(audit::list_named(db, &filter, after, limit)?)
        })
    }

    /// Like [`Evidence::entries`], for the operator at the machine, who sees every entry.
    ///
    /// # Errors
    /// An error of the database.
    pub fn all_entries(
        &self,
        query: &AuditQuery,
        after: Option<AuditCursor>,
        limit: i64,
    ) -> Result<Vec<NamedAudit>, OfficeError> {
        self.store().read(|db| {
            let organs = query
                .organ
                .map(|organ| if query.with_subordinates { organs::subtree(db, organ) } else { Ok(vec![organ]) });
            let filter = query.filter(organs.transpose()?, false);
            Ok(audit::list_named(db, &filter, after, limit)?)
        })
    }

    /// The organ with this code and the user with this login name.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] with `organ` or `actor` as pointer if there is none.
    pub fn named(
        &self,
        organ: Option<&str>,
        actor: Option<&str>,
    ) -> Result<(Option<OrganId>, Option<UserId>), OfficeError> {
        self.store().read(|db: &mut Db| {
            let organ = organ.map(|code| match organs::find_named(db, code, None)? {
                Some(found) => Ok(found.id),
                None => Err(OfficeError::invalid("organ", "not_found", format!("没有代码为 {code} 的机关"))),
            });
            let actor = actor.map(|name| match users::find_by_username(db, name)? {
                Some(found) => Ok(found.id),
                None => Err(OfficeError::invalid("actor", "not_found", format!("没有用户 {name}"))),
            });
            Ok((organ.transpose()?, actor.transpose()?))
        })
    }
}

/// The label of a stored action. An action of another release has no label, so its code is shown.
#[must_use]
pub fn action_label(code: &str) -> &str {
    match AuditAction::from_code(code) {
        Some(action) => action.label(),
        None => code,
    }
}

const COLUMNS: [(&str, u16); 11] = [
    ("时间", 20),
    ("机关", 22),
    ("操作人", 12),
    ("用户名", 14),
    ("操作", 22),
    ("操作代码", 24),
    ("受理编号", 20),
    ("案件标识", 38),
    ("说明", 60),
    ("来源地址", 18),
    ("链内序号", 10),
];

/// The entries as a table. Times are those of Asia/Shanghai.
#[must_use]
pub fn audit_sheet(entries: &[NamedAudit]) -> Sheet {
    let columns = COLUMNS.iter().map(|(heading, width)| Column { heading, width: *width }).collect();
    Sheet { name: "审计记录", columns, rows: entries.iter().map(audit_row).collect() }
}

fn audit_row(entry: &NamedAudit) -> Vec<Cell> {
    let row = &entry.row;
    let (username, name) = entry.actor.clone().unzip();
    vec![
        civil_time(row.at.0).format("%Y-%m-%d %H:%M:%S").to_string().into(),
        entry.organ_name.clone().into(),
        name.into(),
        username.into(),
        action_label(&row.action).into(),
        row.action.as_str().into(),
        entry.case_number.clone().into(),
        row.case_id.map(|id| id.0.to_string()).into(),
        row.detail.as_str().into(),
        row.address.clone().into(),
        row.seq.and_then(|seq| u32::try_from(seq).ok()).into(),
    ]
}
