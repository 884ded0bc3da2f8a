//! The audit log: every action and every read of sealed data. Holds ids and facts, never personal data. Append-only and
//! chained (see [`super::chain`]).

use diesel::prelude::*;

use super::chain;
use crate::case::AuditAction;
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::{audit_log, cases, organs, users};
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
    /// The number in the chain of its organ, from 1. `None` until the database has chained it.
    pub seq: Option<i64>,
    /// The hash of the row before it in the chain.
    pub prev_hash: Option<Vec<u8>>,
    /// The hash of this row.
    pub hash: Option<Vec<u8>>,
}

/// First byte of the hashed data (see [`chain::digest`]).
const LAYOUT: u8 = 1;

impl AuditRow {
    /// Computes the hash of the row as number `seq` of its chain, after a row with the hash `prev_hash`: over id (16
    /// bytes), seq (8), instant in microseconds since 1970 (8), actor, organ, case (16 each), action, detail, subject
    /// (16), address, request id, previous hash.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a field is 4 GiB or longer.
    pub fn computed_hash(&self, seq: i64, prev_hash: &[u8]) -> Result<[u8; chain::HASH_BYTES], StoreError> {
        let (seq, at) = (seq.to_be_bytes(), self.at.0.timestamp_micros().to_be_bytes());
        chain::digest(
            LAYOUT,
            &[
                Some(self.id.0.as_bytes()),
                Some(&seq),
                Some(&at),
                self.actor_id.as_ref().map(|id| id.0.as_bytes().as_slice()),
                self.organ_id.as_ref().map(|id| id.0.as_bytes().as_slice()),
                self.case_id.as_ref().map(|id| id.0.as_bytes().as_slice()),
                Some(self.action.as_bytes()),
                Some(self.detail.as_bytes()),
                self.subject_id.as_ref().map(|id| id.0.as_bytes().as_slice()),
                self.address.as_deref().map(str::as_bytes),
                self.request_id.as_deref().map(str::as_bytes),
                Some(prev_hash),
            ],
        )
    }
}

/// An entry with the names to display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAudit {
    /// The entry.
    pub row: AuditRow,
    /// The login name and the display name of the acting user.
    pub actor: Option<(String, String)>,
    /// The name of the organ.
    pub organ_name: Option<String>,
    /// 受理编号 of the case.
    pub case_number: Option<String>,
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
    /// The action.
    pub action: AuditAction,
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
    /// Entries of these organs. Excludes entries without an organ, unless `with_general`.
    pub organs: Option<Vec<OrganId>>,
    /// With `organs`: the entries without an organ too.
    pub with_general: bool,
    /// Entries of this acting user.
    pub actor: Option<UserId>,
    /// Entries on this case.
    pub case: Option<CaseId>,
    /// Entries with this action.
    pub action: Option<AuditAction>,
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
    let mut row = AuditRow {
        id: AuditId::new(),
        at,
        actor_id: new.actor_id,
        organ_id: new.organ_id,
        case_id: new.case_id,
        action: new.action.code().to_owned(),
        detail: new.detail.to_owned(),
        subject_id: whence.subject_id,
        address: whence.address.map(str::to_owned),
        request_id: whence.request_id.map(str::to_owned),
        seq: None,
        prev_hash: None,
        hash: None,
    };
    // PostgreSQL chains the row itself, at the commit.
    if matches!(db, Db::Lite(_)) {
        chain::link(db, &mut row)?;
    }
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
pub fn instants(db: &mut Db, actor: UserId, action: AuditAction, since: Ts, limit: i64) -> Result<Vec<Ts>, StoreError> {
    let done = audit_log::table
        .filter(audit_log::actor_id.eq(Some(actor)))
        .filter(audit_log::action.eq(action.code()))
        .filter(audit_log::at.gt(since));
    Ok(done.order(audit_log::at.desc()).select(audit_log::at).limit(limit).load(db)?)
}

/// The conditions of an [`AuditFilter`] on a boxed query. A macro, because queries with and without joins differ in
/// type.
macro_rules! filtered {
    ($query:expr, $filter:expr, $after:expr) => {{
        let filter: &AuditFilter = $filter;
        let mut query = $query;
        if let Some(organs) = &filter.organs {
            let theirs = audit_log::organ_id.eq_any(organs.iter().copied().map(Some).collect::<Vec<_>>());
            query = match filter.with_general {
                true => query.filter(audit_log::organ_id.is_null().or(theirs.assume_not_null())),
                false => query.filter(theirs),
            };
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit_log::actor_id.eq(actor));
        }
        if let Some(case) = filter.case {
            query = query.filter(audit_log::case_id.eq(case));
        }
        if let Some(action) = filter.action {
            query = query.filter(audit_log::action.eq(action.code()));
        }
        if let Some(from) = filter.from {
            query = query.filter(audit_log::at.ge(from));
        }
        if let Some(until) = filter.until {
            query = query.filter(audit_log::at.lt(until));
        }
        if let Some((at, id)) = $after {
            query = query.filter(audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id))));
        }
        query.order((audit_log::at.desc(), audit_log::id.desc()))
    }};
}

/// A page of entries, newest first. `after` holds instant and id of the last entry of the previous page.
pub fn list(
    db: &mut Db,
    filter: &AuditFilter,
    after: Option<(Ts, AuditId)>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let query = audit_log::table.select(AuditRow::as_select()).into_boxed::<MultiBackend>();
    Ok(filtered!(query, filter, after).limit(limit).load(db)?)
}

type Named = (AuditRow, Option<String>, Option<String>, Option<String>, Option<String>);

/// Like [`list`], with the names to display, in one statement. A user, an organ or a case that no longer exists has no
/// name.
pub fn list_named(
    db: &mut Db,
    filter: &AuditFilter,
    after: Option<(Ts, AuditId)>,
    limit: i64,
) -> Result<Vec<NamedAudit>, StoreError> {
    let query = audit_log::table
        .left_join(users::table.on(audit_log::actor_id.eq(users::id.nullable())))
        .left_join(organs::table.on(audit_log::organ_id.eq(organs::id.nullable())))
        .left_join(cases::table.on(audit_log::case_id.eq(cases::id.nullable())))
        .select((
            <AuditRow as Selectable<MultiBackend>>::construct_selection(),
            users::username.nullable(),
            users::display_name.nullable(),
            organs::name.nullable(),
            cases::number.nullable(),
        ))
        .into_boxed::<MultiBackend>();
    let rows: Vec<Named> = filtered!(query, filter, after).limit(limit).load(db)?;
    let named = |(row, username, display_name, organ_name, case_number): Named| NamedAudit {
        row,
        actor: username.zip(display_name),
        organ_name,
        case_number,
    };
    Ok(rows.into_iter().map(named).collect())
}
