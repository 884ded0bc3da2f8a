//! A request that is sent twice is done once: what was answered is kept under the caller's key, in the same transaction
//! as what the request did.

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::store::database::db::Db;
use crate::store::database::schema::idempotency_keys;
use crate::store::{StoreError, Ts, UserId};

/// Days for which an answer is kept.
pub const KEEP_DAYS: i64 = 7;

/// What names a request: the same key of another user or for another route is another request.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// Who asks.
    pub user: UserId,
    /// Method and path.
    pub route: &'a str,
    /// The caller's `Idempotency-Key`.
    pub key: &'a str,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct Answer {
    /// HTTP status.
    pub status: i32,
    /// ETag, if one was sent.
    pub etag: Option<String>,
    /// Location, if one was sent.
    pub location: Option<String>,
    /// The body, byte for byte.
    pub body: String,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: do it and [`store`] the answer.
    Never,
    /// It was done: give this again.
    Before(Answer),
    /// The key was used for a request with another body.
    WithOtherBody,
}

/// Looks the request up at the start of the transaction that will do it. On PostgreSQL an equal request in flight is
/// waited for; SQLite has one writer anyway. The primary key is what guarantees "once".
///
/// # Errors
/// [`StoreError::Busy`] when the equal request does not end in time.
pub fn begin(db: &mut Db, request: RequestKey<'_>, fingerprint: &str) -> Result<Seen, StoreError> {
    if let Db::Pg(connection) = db {
        let name = format!("{} {} {}", request.user, request.route, request.key);
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<Text, _>(name)
            .execute(connection)?;
    }
    let row: Option<(String, Answer)> = idempotency_keys::table
        .find((request.user, request.route, request.key))
        .select((idempotency_keys::fingerprint, Answer::as_select()))
        .first(db)
        .optional()?;
    Ok(match row {
        None => Seen::Never,
        Some((known, answer)) if known == fingerprint => Seen::Before(answer),
        Some(_) => Seen::WithOtherBody,
    })
}

/// Keeps the answer. Call it in the transaction of what the request did.
///
/// # Errors
/// [`StoreError::Conflict`] when an equal request was quicker: roll back and look up again.
pub fn store(
    db: &mut Db,
    request: RequestKey<'_>,
    fingerprint: &str,
    answer: &Answer,
    at: Ts,
) -> Result<(), StoreError> {
    let row = (
        idempotency_keys::user_id.eq(request.user),
        idempotency_keys::route.eq(request.route),
        idempotency_keys::key.eq(request.key),
        idempotency_keys::fingerprint.eq(fingerprint),
        idempotency_keys::status.eq(answer.status),
        idempotency_keys::etag.eq(&answer.etag),
        idempotency_keys::location.eq(&answer.location),
        idempotency_keys::body.eq(&answer.body),
        idempotency_keys::created_at.eq(at),
    );
    diesel::insert_into(idempotency_keys::table).values(row).execute(db)?;
    Ok(())
}

/// Forgets what is older than [`KEEP_DAYS`] and says how many.
///
/// # Errors
/// As every statement: [`StoreError`].
pub fn purge(db: &mut Db, at: Ts) -> Result<usize, StoreError> {
    let limit = Ts(at.0 - chrono::Duration::days(KEEP_DAYS));
    Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(limit))).execute(db)?)
}
