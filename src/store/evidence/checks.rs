//! Reads for `gongkai audit verify` over all rows of a table, page by page, and over what refers to nothing.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::cases::obligations::ObligationRow;
use crate::store::database::db::{Db, MultiBackend, on_each};
use crate::store::database::schema::{
    applicants, audit_log, case_events, cases, ledger_imports, ledger_rows, mail_answers, obligations, outbox,
    report_snapshots, supervision_order_steps, supervision_orders, users,
};
use crate::store::reports::SnapshotRow;
use crate::store::supervision::orders::{OrderRow, OrderStepRow};
use crate::store::{ApplicantId, CaseId, ImportId, ObligationId, OrderId, OrganId, OutboxId, StoreError, Ts, UserId};

/// The ids of a page of cases, after `after`.
pub fn case_ids(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    let mut query = cases::table.select(cases::id).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(cases::id.gt(after));
    }
    Ok(query.order(cases::id).limit(limit).load(db)?)
}

/// Cases that have events but no row, by id, after `after`.
pub fn events_without_case(db: &mut Db, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>, StoreError> {
    let row = cases::table.filter(cases::id.eq(case_events::case_id)).select(cases::id);
    let mut query = case_events::table
        .filter(diesel::dsl::not(diesel::dsl::exists(row)))
        .select(case_events::case_id)
        .distinct()
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(case_events::case_id.gt(after));
    }
    Ok(query.order(case_events::case_id).limit(limit).load(db)?)
}

/// Applicants without a case, by id, after `after`.
pub fn applicants_without_case(
    db: &mut Db,
    after: Option<ApplicantId>,
    limit: i64,
) -> Result<Vec<ApplicantId>, StoreError> {
    let row = cases::table.filter(cases::applicant_id.eq(applicants::id)).select(cases::id);
    let mut query = applicants::table
        .filter(diesel::dsl::not(diesel::dsl::exists(row)))
        .select(applicants::id)
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(applicants::id.gt(after));
    }
    Ok(query.order(applicants::id).limit(limit).load(db)?)
}

/// A reference to a row that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Dangling {
    /// The id or key of the row that refers.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// The id that does not exist.
    #[diesel(sql_type = Text)]
    pub target: String,
}

/// Columns that name a row of another table: table, its id, column, the other table, the other id.
pub const REFERENCES: [(&str, &str, &str, &str, &str); 13] = [
    ("applicant_versions", "id", "applicant_id", "applicants", "id"),
    ("applicant_versions", "id", "case_id", "cases", "id"),
    ("case_transfers", "case_id", "case_id", "cases", "id"),
    ("obligations", "id", "case_id", "cases", "id"),
    ("supervision_orders", "id", "case_id", "cases", "id"),
    ("supervision_orders", "id", "obligation_id", "obligations", "id"),
    ("supervision_order_steps", "order_id", "order_id", "supervision_orders", "id"),
    ("outbox", "id", "case_id", "cases", "id"),
    ("audit_log", "id", "case_id", "cases", "id"),
    ("case_tags", "case_id", "case_id", "cases", "id"),
    ("ledger_rows", "fingerprint", "case_id", "cases", "id"),
    ("reminder_steps", "key", "mail_key", "outbox", "dedupe_key"),
    ("reminder_steps", "key", "obligation_id", "obligations", "id"),
];

/// The references in a row of [`REFERENCES`] that lead nowhere: at most `limit`.
pub fn dangling(
    db: &mut Db,
    (table, id, column, other, other_id): (&str, &str, &str, &str, &str),
    limit: i64,
) -> Result<Vec<Dangling>, StoreError> {
    let sql = format!(
        "SELECT CAST(t.{id} AS TEXT) AS id, CAST(t.{column} AS TEXT) AS target FROM {table} t
         WHERE t.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {other} o WHERE o.{other_id} = t.{column})
         ORDER BY 1 LIMIT {limit}"
    );
    Ok(on_each!(db => diesel::sql_query(sql).load(db))?)
}

/// A figure of `tallies`.
#[derive(QueryableByName)]
struct Figure {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The figures of `tallies`, each with what a count over the tables gives: stored, counted.
pub fn tallies(db: &mut Db) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
    let load = |db: &mut Db, sql: &str| -> Result<Vec<Figure>, StoreError> {
        Ok(on_each!(db => diesel::sql_query(sql).load(db))?)
    };
    let stored = load(db, "SELECT name, CAST(sum(n) AS BIGINT) AS n FROM tallies GROUP BY name")?;
    let counted = load(
        db,
        "SELECT 'mail.' || state AS name, count(*) AS n FROM outbox WHERE state IN ('sent', 'cancelled') GROUP BY state
         UNION ALL SELECT 'reminders.missed', CAST(coalesce(sum(missed), 0) AS BIGINT) FROM reminder_steps
         UNION ALL SELECT 'personal_data.alarms', count(*) FROM audit_log WHERE action IN
           ('alarm.reveals_half', 'alarm.reveals_limit', 'alarm.clear_ledgers_half', 'alarm.clear_ledgers_limit')",
    )?;
    let mut figures: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for figure in stored {
        figures.entry(figure.name).or_default().0 = figure.n;
    }
    for figure in counted {
        figures.entry(figure.name).or_default().1 = figure.n;
    }
    Ok(figures)
}

/// The rows of imported ledgers of each organ.
pub fn imported_rows(db: &mut Db) -> Result<BTreeMap<OrganId, i64>, StoreError> {
    let counted: Vec<(OrganId, i64)> = ledger_rows::table
        .group_by(ledger_rows::organ_id)
        .select((ledger_rows::organ_id, diesel::dsl::count_star()))
        .load(db)?;
    Ok(counted.into_iter().collect())
}

/// The number of cases of each import of a ledger. An import whose row is missing is missing here.
///
/// # Errors
/// As every read.
pub fn import_sizes(db: &mut Db) -> Result<BTreeMap<ImportId, i64>, StoreError> {
    let counted: Vec<(ImportId, i64)> = ledger_imports::table
        .inner_join(ledger_rows::table.on(ledger_rows::import_id.eq(ledger_imports::id.nullable())))
        .group_by(ledger_imports::id)
        .select((ledger_imports::id, diesel::dsl::count_star()))
        .load(db)?;
    Ok(counted.into_iter().collect())
}

/// Organ and detail of every audit entry of an action.
pub fn details(db: &mut Db, action: &str) -> Result<Vec<(Option<OrganId>, String)>, StoreError> {
    let theirs = audit_log::table.filter(audit_log::action.eq(action));
    Ok(theirs.order(audit_log::id).select((audit_log::organ_id, audit_log::detail)).load(db)?)
}

/// The login names of these users.
pub fn usernames(db: &mut Db, of: &[UserId]) -> Result<BTreeMap<UserId, String>, StoreError> {
    let mut found = BTreeMap::new();
    for some in of.chunks(500) {
        let rows: Vec<(UserId, String)> =
            users::table.filter(users::id.eq_any(some)).select((users::id, users::username)).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// A page of orders by id, after `after`.
pub fn orders(db: &mut Db, after: Option<OrderId>, limit: i64) -> Result<Vec<OrderRow>, StoreError> {
    let mut query = supervision_orders::table.select(OrderRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(supervision_orders::id.gt(after));
    }
    Ok(query.order(supervision_orders::id).limit(limit).load(db)?)
}

/// The steps of these orders, each order's in order.
pub fn steps(db: &mut Db, of: &[OrderId]) -> Result<Vec<OrderStepRow>, StoreError> {
    let theirs = supervision_order_steps::table.filter(supervision_order_steps::order_id.eq_any(of));
    Ok(theirs
        .order((supervision_order_steps::order_id, supervision_order_steps::seq))
        .select(OrderStepRow::as_select())
        .load(db)?)
}

/// Duties by id, in any order.
pub fn duties(db: &mut Db, of: &[ObligationId]) -> Result<Vec<ObligationRow>, StoreError> {
    let theirs = obligations::table.filter(obligations::id.eq_any(of));
    Ok(theirs.select(ObligationRow::as_select()).load(db)?)
}

/// Duties whose key names an order and that no order owns: at most `limit`.
pub fn duties_without_order(db: &mut Db, limit: i64) -> Result<Vec<ObligationRow>, StoreError> {
    let owner = supervision_orders::table
        .filter(supervision_orders::obligation_id.eq(obligations::id))
        .select(supervision_orders::id);
    let lost = obligations::table
        .filter(obligations::key.like("order:%"))
        .filter(diesel::dsl::not(diesel::dsl::exists(owner)));
    Ok(lost.order(obligations::id).select(ObligationRow::as_select()).limit(limit).load(db)?)
}

/// Duties that belong neither to a case nor to an order.
pub fn organ_duties(db: &mut Db) -> Result<Vec<ObligationRow>, StoreError> {
    let theirs = obligations::table.filter(obligations::case_id.is_null()).filter(obligations::key.not_like("order:%"));
    Ok(theirs.order(obligations::id).select(ObligationRow::as_select()).load(db)?)
}

/// What is checked of a mail.
#[derive(Debug, Clone, Queryable)]
pub struct MailRow {
    /// Id.
    pub id: OutboxId,
    /// Its key.
    pub dedupe_key: String,
    /// Its state, as a code.
    pub state: String,
    /// The number of attempts.
    pub attempts: i32,
    /// The address it goes to.
    pub to_address: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Its bytes. Empty once they were deleted.
    pub message: Vec<u8>,
    /// SHA-256 of the deleted bytes.
    pub message_sha256: Option<String>,
    /// The holder of the lease.
    pub lease_owner: Option<String>,
    /// The end of the lease.
    pub lease_until: Option<Ts>,
    /// When it was accepted.
    pub sent_at: Option<Ts>,
}

/// A page of mails by id, after `after`.
pub fn mails(db: &mut Db, after: Option<OutboxId>, limit: i64) -> Result<Vec<MailRow>, StoreError> {
    let mut query = outbox::table
        .select((
            outbox::id,
            outbox::dedupe_key,
            outbox::state,
            outbox::attempts,
            outbox::to_address,
            outbox::message_id,
            outbox::message,
            outbox::message_sha256,
            outbox::lease_owner,
            outbox::lease_until,
            outbox::sent_at,
        ))
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(outbox::id.gt(after));
    }
    Ok(query.order(outbox::id).limit(limit).load(db)?)
}

/// The mails among these that a server accepted, by its stored answers.
pub fn accepted(db: &mut Db, of: &[OutboxId]) -> Result<Vec<OutboxId>, StoreError> {
    let theirs = mail_answers::table.filter(mail_answers::mail_id.eq_any(of));
    Ok(theirs.filter(mail_answers::outcome.eq("sent")).select(mail_answers::mail_id).distinct().load(db)?)
}

/// The instant of the first stored answer of a mail server.
pub fn first_answer(db: &mut Db) -> Result<Option<Ts>, StoreError> {
    Ok(mail_answers::table.select(diesel::dsl::min(mail_answers::at)).first(db)?)
}

/// Organ and year of every published report.
pub fn snapshots(db: &mut Db) -> Result<Vec<(OrganId, i32)>, StoreError> {
    let all = report_snapshots::table.order((report_snapshots::organ_id, report_snapshots::year));
    Ok(all.select((report_snapshots::organ_id, report_snapshots::year)).load(db)?)
}

/// A published report.
///
/// # Errors
/// [`StoreError::NotFound`] if it does not exist.
pub fn snapshot(db: &mut Db, (organ, year): (OrganId, i32)) -> Result<SnapshotRow, StoreError> {
    Ok(report_snapshots::table.find((organ, year)).select(SnapshotRow::as_select()).first(db)?)
}
