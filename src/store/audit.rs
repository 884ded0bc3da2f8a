//! Who did what, and who read what: never personal data, only ids and facts.

use diesel::prelude::*;

use super::db::Db;
use super::schema::audit_log;
use super::{AuditId, CaseId, OrganId, StoreError, Ts, UserId};

/// A row of `audit_log`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Ts,
    /// Who; none: the program.
    pub actor_id: Option<UserId>,
    /// In which organ.
    pub organ_id: Option<OrganId>,
    /// On which case.
    pub case_id: Option<CaseId>,
    /// What, as a code.
    pub action: String,
    /// JSON, without personal data.
    pub detail: String,
    /// Which user it is about.
    pub subject_id: Option<UserId>,
    /// The client's address.
    pub address: Option<String>,
    /// The request, as in the log of requests.
    pub request_id: Option<String>,
}

/// An entry to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewAudit<'a> {
    /// Who; none: the program.
    pub actor_id: Option<UserId>,
    /// In which organ.
    pub organ_id: Option<OrganId>,
    /// On which case.
    pub case_id: Option<CaseId>,
    /// What, as a code.
    pub action: &'a str,
    /// JSON, without personal data.
    pub detail: &'a str,
}

/// Whom an entry is about and where the request came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whence<'a> {
    /// Which user it is about.
    pub subject_id: Option<UserId>,
    /// The client's address.
    pub address: Option<&'a str>,
    /// The request, as in the log of requests.
    pub request_id: Option<&'a str>,
}

/// Which entries; what is `None` does not restrict.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of these organs (entries without an organ are then left out).
    pub organs: Option<Vec<OrganId>>,
    /// Of this person.
    pub actor: Option<UserId>,
    /// On this case.
    pub case: Option<CaseId>,
    /// This action.
    pub action: Option<String>,
    /// From this instant on.
    pub from: Option<Ts>,
    /// Before this instant.
    pub until: Option<Ts>,
}

/// Writes an entry of the program itself or of a command.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn append(db: &mut Db, new: NewAudit<'_>, at: Ts) -> Result<AuditId, StoreError> {
    append_from(db, new, Whence::default(), at)
}

/// Writes an entry of a request.
///
/// # Errors
/// As every statement: [`StoreError`].
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

/// The entry of an id.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn find(db: &mut Db, id: AuditId) -> Result<AuditRow, StoreError> {
    Ok(audit_log::table.filter(audit_log::id.eq(id)).select(AuditRow::as_select()).first(db)?)
}

/// When a person did this, since an instant: the latest `limit` instants, the newest first.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn instants(db: &mut Db, actor: UserId, action: &str, since: Ts, limit: i64) -> Result<Vec<Ts>, StoreError> {
    let done = audit_log::table
        .filter(audit_log::actor_id.eq(Some(actor)))
        .filter(audit_log::action.eq(action))
        .filter(audit_log::at.gt(since));
    Ok(done.order(audit_log::at.desc()).select(audit_log::at).limit(limit).load(db)?)
}

/// A page of entries, the newest first; `after` is instant and id of the last one of the page before.
///
/// # Errors
/// As every statement: [`StoreError`].
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
