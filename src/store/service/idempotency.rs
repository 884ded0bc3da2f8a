//! Idempotent requests: the answer is stored under the caller's key in the same transaction as the effects of the
//! request.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;

use crate::store::database::db::Db;
use crate::store::database::schema::idempotency_keys;
use crate::store::{CaseId, StoreError, Ts, UserId};

/// Days for which an answer is kept.
pub const KEEP_DAYS: i64 = 7;

/// Identifies a request. The same key from another user or for another route is another request.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// The caller.
    pub user: UserId,
    /// Method and path.
    pub route: &'a str,
    /// The caller's `Idempotency-Key`.
    pub key: &'a str,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct Answer {
    /// HTTP status.
    pub status: i32,
    /// ETag, if the answer had one.
    pub etag: Option<String>,
    /// Location, if the answer had one.
    pub location: Option<String>,
    /// The body, byte for byte.
    pub body: String,
}

/// The result of looking a request up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Not seen before: execute it and [`store`] the answer.
    Never,
    /// Executed before: repeat this answer.
    Before(Answer),
    /// The key was used before with another body.
    WithOtherBody,
}

/// Looks the request up at the start of the transaction that will execute it. On PostgreSQL this waits for an equal
/// request in flight; SQLite has a single writer anyway. The primary key is what guarantees single execution.
///
/// # Errors
/// [`StoreError::Busy`] if the equal request does not end in time.
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

/// Stores the answer. Call it in the transaction that executed the request.
///
/// # Errors
/// [`StoreError::Conflict`] if an equal request was stored first: roll back and look it up again.
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

/// Replaces a text in the stored answers that name a case. Returns how many changed.
///
/// # Errors
/// [`StoreError::Corrupt`] if a stored answer is no JSON.
pub fn replace_text(db: &mut Db, case: CaseId, text: &str, by: &str) -> Result<usize, StoreError> {
    let answers = idempotency_keys::table.filter(idempotency_keys::body.like(format!("%{case}%"))).select((
        idempotency_keys::user_id,
        idempotency_keys::route,
        idempotency_keys::key,
        idempotency_keys::body,
    ));
    let mut changed = 0;
    for (user, route, key, body) in answers.load::<(UserId, String, String, String)>(db)? {
        let mut answer: Value = serde_json::from_str(&body)
            .map_err(|error| StoreError::Corrupt(format!("the answer to '{route}': {error}")))?;
        if replace_in(&mut answer, text, by) {
            let row = idempotency_keys::table.find((user, route, key));
            diesel::update(row).set(idempotency_keys::body.eq(answer.to_string())).execute(db)?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Replaces a text wherever a string of the value contains it. `false` if none does.
fn replace_in(value: &mut Value, text: &str, by: &str) -> bool {
    match value {
        Value::String(string) if string.contains(text) => {
            *string = string.replace(text, by);
            true
        }
        // Every member, even after the first that contains it.
        Value::Array(elements) => {
            elements.iter_mut().filter_map(|one| replace_in(one, text, by).then_some(())).count() > 0
        }
        Value::Object(members) => {
            members.values_mut().filter_map(|one| replace_in(one, text, by).then_some(())).count() > 0
        }
        _ => false,
    }
}

/// Deletes answers older than [`KEEP_DAYS`]. Returns how many.
pub fn purge(db: &mut Db, at: Ts) -> Result<usize, StoreError> {
    let limit = Ts(at.0 - chrono::Duration::days(KEEP_DAYS));
    Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(limit))).execute(db)?)
}
