//! The audit log: every action and every read of sealed data. Holds ids and facts, never personal data.

use diesel::prelude::*;

use crate::store::database::db::Db;
use crate::store::database::schema::audit_log;
use crate::store::{AuditId, CaseId, OrganId, StoreError, Ts, UserId};

/// A row of `audit_log`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Ts,
    /// The acting user. `None` for the program itself.
    pub actor_id: Option<UserId>,
    /// The organ concerned.
    pub organ_id: Option<OrganId>,
    /// The case concerned.
    pub case_id: Option<CaseId>,
    /// The action, as a code.
    pub action: String,
    /// JSON, without personal data.
    pub detail: String,
    /// The user the entry is about.
    pub subject_id: Option<UserId>,
    /// The client's address.
    pub address: Option<String>,
    /// The request id, as in the request log.
    pub request_id: Option<String>,
}

/// An entry to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewAudit<'a> {
    /// The acting user. `None` for the program itself.
    pub actor_id: Option<UserId>,
    /// The organ concerned.
    pub organ_id: Option<OrganId>,
    /// The case concerned.
    pub case_id: Option<CaseId>,
    /// The action, as a code.
    pub action: &'a str,
    /// JSON, without personal data.
    pub detail: &'a str,
}

/// The user an entry is about, and the origin of the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whence<'a> {
    /// The user the entry is about.
    pub subject_id: Option<UserId>,
    /// The client's address.
    pub address: Option<&'a str>,
    /// The request id, as in the request log.
    pub request_id: Option<&'a str>,
}

/// Filter for audit entries. A `None` field does not restrict.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Entries of these organs. Excludes entries without an organ.
    pub organs: Option<Vec<OrganId>>,
    /// Entries of this acting user.
    pub actor: Option<UserId>,
    /// Entries on this case.
    pub case: Option<CaseId>,
    /// Entries with this action.
    pub action: Option<String>,
    /// Entries at or after this instant.
    pub from: Option<Ts>,
    /// Entries before this instant.
    pub until: Option<Ts>,
}

/// Writes an entry without request data, for the program itself or a command.
pub fn append(db: &mut Db, new: NewAudit<'_>, at: Ts) -> Result<AuditId, StoreError> {
    append_from(db, new, Whence::default(), at)
}

/// Writes an entry with the origin of its request.
pub fn append_from(db: &mut Db, new: NewAudit<'_>, whence: Whence<'_>, at: Ts) -> Result<AuditId, StoreError> {
    let row = AuditRow {
        id: AuditId::new(),
        at,
        actor_id: new.actor_id,
        organ_id: new.organ_id,
        case_id: new.case_id,
        action: new.action.to_owned(),
        detail: new.detail.to_owned(),
        subject_id: whence.subject_id,
        address: whence.address.map(str::to_owned),
        request_id: whence.request_id.map(str::to_owned),
    };
    diesel::insert_into(audit_log::table).values(&row).execute(db)?;
    Ok(row.id)
}

/// Loads an entry by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the entry does not exist.
pub fn find(db: &mut Db, id: AuditId) -> Result<AuditRow, StoreError> {
    Ok(audit_log::table.filter(audit_log::id.eq(id)).select(AuditRow::as_select()).first(db)?)
}

/// The instants after `since` at which a user performed an action: the latest `limit`, newest first.
pub fn instants(db: &mut Db, actor: UserId, action: &str, since: Ts, limit: i64) -> Result<Vec<Ts>, StoreError> {
    let done = audit_log::table
        .filter(audit_log::actor_id.eq(Some(actor)))
        .filter(audit_log::action.eq(action))
        .filter(audit_log::at.gt(since));
    Ok(done.order(audit_log::at.desc()).select(audit_log::at).limit(limit).load(db)?)
}

/// A page of entries, newest first. `after` holds instant and id of the last entry of the previous page.
pub fn list(
    db: &mut Db,
    filter: &AuditFilter,
    after: Option<(Ts, AuditId)>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit_log::table.select(AuditRow::as_select()).into_boxed();
    if let Some(organs) = &filter.organs {
        query = query.filter(audit_log::organ_id.eq_any(organs));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(audit_log::actor_id.eq(actor));
    }
    if let Some(case) = filter.case {
        query = query.filter(audit_log::case_id.eq(case));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit_log::action.eq(action));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_log::at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_log::at.lt(until));
    }
    if let Some((at, id)) = after {
        query = query.filter(audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id))));
    }
    Ok(query.order((audit_log::at.desc(), audit_log::id.desc())).limit(limit).load(db)?)
}
