//! Open duties as the reminder pass reads them, and the record that a day's pass is done.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::outbox::Claimed;
use super::schema::{cases, obligations, organs, outbox, reminder_steps};
use super::{
    CaseId, Db, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId, meta, recipients, tallies, users,
};
use std::collections::{BTreeSet, HashSet};

/// The key in `meta` of the last day whose pass is done.
const PASS_DONE: &str = "reminders.pass_done";

/// An open duty with a date, and what a mail says of it. Of the applicant only the name is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRow {
    /// The obligation.
    pub id: ObligationId,
    /// Its organ.
    pub organ_id: OrganId,
    /// The organ's name.
    pub organ_name: String,
    /// The organ's calendar overlay.
    pub region: String,
    /// Its case; an annual report has none.
    pub case_id: Option<CaseId>,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// What the application is about.
    pub case_title: Option<String>,
    /// Who applies: kind and name.
    pub applicant: Option<(String, String)>,
    /// What kind of duty it is.
    pub kind: String,
    /// Its date.
    pub due_on: NaiveDate,
    /// While a notice is not out: the latest that date can be.
    pub latest_on: Option<NaiveDate>,
    /// Whose it is.
    pub owner_id: Option<UserId>,
    /// Whose department's.
    pub department_id: Option<DepartmentId>,
    /// On which article.
    pub article: String,
    /// Since when it stands as it stands.
    pub updated_at: Ts,
}

type Row = (
    (ObligationId, OrganId, String, String),
    (Option<CaseId>, Option<String>, Option<String>, Option<String>, Option<String>),
    (String, Option<NaiveDate>, Option<NaiveDate>, Option<UserId>, Option<DepartmentId>, String, Ts),
);

/// Where a page of duties ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub NaiveDate, pub ObligationId);

/// Which open duties are read.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All.
    All,
    /// Those that changed at that instant or later.
    Changed(Ts),
    /// These.
    These(&'a [ObligationId]),
}

/// What is read of duties: one with another.
macro_rules! duty_rows {
    () => {
        obligations::table
            .inner_join(organs::table.on(organs::id.eq(obligations::organ_id)))
            .left_join(cases::table.on(obligations::case_id.eq(cases::id.nullable())))
            .select((
                (obligations::id, obligations::organ_id, organs::name, organs::region),
                (
                    obligations::case_id,
                    cases::number.nullable(),
                    cases::title.nullable(),
                    cases::applicant_kind.nullable(),
                    cases::applicant_name.nullable(),
                ),
                (
                    obligations::kind,
                    obligations::due_on,
                    obligations::latest_on,
                    obligations::owner_id,
                    obligations::department_id,
                    obligations::article,
                    obligations::updated_at,
                ),
            ))
    };
}

/// A duty in whatever status, as if it were due on `due_on`.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn as_if_due(db: &mut Db, id: ObligationId, due_on: NaiveDate) -> Result<DutyRow, StoreError> {
    let (of, case, mut what): Row = duty_rows!().filter(obligations::id.eq(id)).first(db)?;
    what.1 = Some(due_on);
    duty((of, case, what)).ok_or(StoreError::NotFound)
}

/// Up to `limit` open duties due on or before `horizon`, the earliest first, after `after`. Met, cancelled and suspended
/// duties are not among them.
///
/// # Errors
/// As every read.
pub fn open_duties(
    db: &mut Db,
    horizon: NaiveDate,
    which: Which<'_>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<DutyRow>, StoreError> {
    let mut query = duty_rows!()
        // Spelt out, not bound: SQLite uses the partial index only for the literal condition.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("obligations.status = 'open'"))
        .filter(obligations::due_on.le(Some(horizon)))
        .into_boxed();
    match which {
        Which::All => {}
        Which::Changed(since) => query = query.filter(obligations::updated_at.ge(since)),
        Which::These(ids) => query = query.filter(obligations::id.eq_any(ids.to_vec())),
    }
    if let Some(After(due_on, id)) = after {
        let same_day = obligations::due_on.eq(Some(due_on)).and(obligations::id.gt(id));
        query = query.filter(obligations::due_on.gt(Some(due_on)).or(same_day));
    }
    let rows: Vec<Row> = query.order((obligations::due_on, obligations::id)).limit(limit).load(db)?;
    Ok(rows.into_iter().filter_map(duty).collect())
}

fn duty((of, case, what): Row) -> Option<DutyRow> {
    let (id, organ_id, organ_name, region) = of;
    let (case_id, case_number, case_title, applicant_kind, applicant_name) = case;
    let (kind, due_on, latest_on, owner_id, department_id, article, updated_at) = what;
    let due_on = due_on?;
    Some(DutyRow {
        id,
        organ_id,
        organ_name,
        region,
        case_id,
        case_number,
        case_title,
        applicant: applicant_kind.zip(applicant_name),
        kind,
        due_on,
        latest_on,
        owner_id,
        department_id,
        article,
        updated_at,
    })
}

/// Whether the duty is still open and due on `due_on`. On PostgreSQL it stays so until the transaction ends: a command
/// that closes it waits, so no reminder is queued after the closing. The case is held first, as a command does: who takes
/// the two the other way round waits for ever.
///
/// # Errors
/// As every read.
pub fn still_stands(
    db: &mut Db,
    id: ObligationId,
    case: Option<CaseId>,
    due_on: NaiveDate,
) -> Result<bool, StoreError> {
    if let (Db::Pg(db), Some(case)) = (&mut *db, case) {
        let row = cases::table.filter(cases::id.eq(case)).select(cases::id);
        let _: Option<CaseId> = row.for_key_share().first(db).optional()?;
    }
    let same = obligations::table
        .filter(obligations::id.eq(id))
        .filter(obligations::status.eq(super::obligations::OPEN))
        .filter(obligations::due_on.eq(Some(due_on)))
        .select(obligations::id);
    let found: Option<ObligationId> = match db {
        Db::Pg(db) => same.for_share().first(db).optional()?,
        Db::Lite(db) => same.first(db).optional()?,
    };
    Ok(found.is_some())
}

/// One step of one duty that one person is told of, and the mail that says it.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = reminder_steps)]
pub struct StepRow {
    /// Obligation, rule, due date and person.
    pub key: String,
    /// The key of the mail in the outbox.
    pub mail_key: String,
    /// The duty.
    pub obligation_id: ObligationId,
    /// Its date when the mail was written.
    pub due_on: NaiveDate,
    /// The day the mail is written for.
    pub told_for: NaiveDate,
    /// Reminder days it makes good.
    pub missed: i32,
}

/// Writes down that a queued mail says these steps.
///
/// # Errors
/// [`StoreError::Conflict`] when another mail says one of them.
pub fn record_steps(db: &mut Db, steps: &[StepRow]) -> Result<(), StoreError> {
    for step in steps {
        diesel::insert_into(reminder_steps::table).values(step).execute(db)?;
    }
    Ok(())
}

/// Which of the steps are told on `today`: sent, on their way, or waiting in a mail that is not out of date.
///
/// # Errors
/// As every read.
pub fn told(db: &mut Db, keys: &[String], today: NaiveDate) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for some in keys.chunks(200) {
        let rows: Vec<String> = reminder_steps::table
            .inner_join(outbox::table.on(outbox::dedupe_key.eq(reminder_steps::mail_key)))
            .filter(reminder_steps::key.eq_any(some))
            .filter(outbox::state.ne("queued").or(outbox::suspect.eq(true)).or(reminder_steps::told_for.ge(today)))
            .select(reminder_steps::key)
            .load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The waiting mails that would say what is no longer so: written for a day before `today`, or about a duty that is not
/// open any more or has another date. Mails that a receiver may already hold are not among them.
///
/// # Errors
/// As every read.
pub fn outdated_mails(db: &mut Db, today: NaiveDate) -> Result<BTreeSet<String>, StoreError> {
    // Spelt out for the partial index, as in the outbox.
    let waiting = diesel::dsl::sql::<diesel::sql_types::Bool>("outbox.state IN ('queued', 'sending')");
    let rows: Vec<String> = reminder_steps::table
        .inner_join(outbox::table.on(outbox::dedupe_key.eq(reminder_steps::mail_key)))
        .inner_join(obligations::table.on(obligations::id.eq(reminder_steps::obligation_id)))
        .filter(waiting)
        .filter(outbox::state.eq("queued"))
        .filter(outbox::suspect.eq(false))
        .filter(says_what_is_no_longer_so(today))
        .select(reminder_steps::mail_key)
        .load(db)?;
    Ok(rows.into_iter().collect())
}

/// Whether the mail of that key, in whatever state, says of `today` what is no longer so. A mail that is no reminder never
/// does.
///
/// # Errors
/// As every read.
pub fn is_outdated(db: &mut Db, mail_key: &str, today: NaiveDate) -> Result<bool, StoreError> {
    let found: Option<String> = reminder_steps::table
        .inner_join(obligations::table.on(obligations::id.eq(reminder_steps::obligation_id)))
        .filter(reminder_steps::mail_key.eq(mail_key))
        .filter(says_what_is_no_longer_so(today))
        .select(reminder_steps::key)
        .first(db)
        .optional()?;
    Ok(found.is_some())
}

/// A step told for a day before `today`, or of a duty that is not open any more or has another date.
#[diesel::dsl::auto_type(no_type_alias)]
fn says_what_is_no_longer_so(today: NaiveDate) -> _ {
    let open: &'static str = super::obligations::OPEN;
    reminder_steps::told_for
        .lt(today)
        .or(obligations::status.ne(open))
        .or(obligations::due_on.is_null())
        .or(obligations::due_on.ne(reminder_steps::due_on.nullable()))
}

/// Withdraws a waiting or parked mail: what it says is untold again. Answers the duties it spoke of; `None` when it can no longer
/// be withdrawn.
///
/// # Errors
/// As every write.
pub fn withdraw(db: &mut Db, mail_key: &str) -> Result<Option<Vec<ObligationId>>, StoreError> {
    if !super::outbox::withdraw(db, mail_key)? {
        return Ok(None);
    }
    let said = reminder_steps::table.filter(reminder_steps::mail_key.eq(mail_key));
    let duties = said.select(reminder_steps::obligation_id).load(db)?;
    diesel::delete(reminder_steps::table.filter(reminder_steps::mail_key.eq(mail_key))).execute(db)?;
    Ok(Some(duties))
}

/// A mail to a person that can still be taken back, or that its sender holds: its key, and the organ it is about.
type Waiting = (String, Option<OrganId>);

/// The mails to a person that wait or are parked.
///
/// # Errors
/// As every read.
pub fn waiting_for(db: &mut Db, recipient: UserId) -> Result<Vec<Waiting>, StoreError> {
    let theirs = outbox::table.filter(outbox::recipient_id.eq(Some(recipient)));
    let theirs = theirs.filter(outbox::state.eq_any(["queued", "parked"]));
    Ok(theirs.order(outbox::id).select((outbox::dedupe_key, outbox::organ_id)).load(db)?)
}

/// Whether the person may have a mail: one who hears of each organ that it speaks of, or any active person where it speaks of
/// none.
///
/// # Errors
/// As [`recipients::hears_of`].
pub fn may_have(db: &mut Db, recipient: UserId, (key, organ): &Waiting) -> Result<bool, StoreError> {
    let named: Vec<OrganId> = reminder_steps::table
        .inner_join(obligations::table.on(obligations::id.eq(reminder_steps::obligation_id)))
        .filter(reminder_steps::mail_key.eq(key))
        .select(obligations::organ_id)
        .load(db)?;
    let organs: BTreeSet<OrganId> = named.into_iter().chain(*organ).collect();
    if organs.is_empty() {
        return users::is_active(db, recipient);
    }
    for organ in organs {
        if !recipients::hears_of(db, recipient, organ)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a mail that a sender holds may still go out; if its recipient may not have it any more it is withdrawn. A mail that
/// the receiver may already hold goes on to its end.
///
/// # Errors
/// As every write.
pub fn may_still_go(db: &mut Db, claim: &Claimed) -> Result<bool, StoreError> {
    let row = outbox::table.filter(outbox::id.eq(claim.id)).select(outbox::recipient_id);
    let recipient: Option<UserId> = row.first(db)?;
    let Some(recipient) = recipient.filter(|_| !claim.suspect) else { return Ok(true) };
    if may_have(db, recipient, &(claim.dedupe_key.clone(), claim.organ_id))? {
        return Ok(true);
    }
    super::outbox::hand_back(db, claim)?;
    withdraw(db, &claim.dedupe_key)?;
    Ok(false)
}

/// How many reminder days were made good by later mails, ever.
///
/// # Errors
/// As every read.
pub fn missed_total(db: &mut Db) -> Result<i64, StoreError> {
    tallies::total(db, tallies::REMINDERS_MISSED)
}

/// The last day whose pass is done.
///
/// # Errors
/// As every read; [`StoreError::Corrupt`] when the record is no date.
pub fn pass_done(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    let value = meta::get(db, PASS_DONE)?;
    value
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("meta '{PASS_DONE}' = '{text}'"))))
        .transpose()
}

/// The pass of `day`, if it is done, is to be made again: people changed.
///
/// # Errors
/// As every write.
pub fn pass_again(db: &mut Db, day: NaiveDate) -> Result<(), StoreError> {
    match (pass_done(db)?, day.pred_opt()) {
        (Some(done), Some(before)) if done >= day => record_pass(db, before),
        _ => Ok(()),
    }
}

/// Records that the pass of `day` is done.
///
/// # Errors
/// As every write.
pub fn record_pass(db: &mut Db, day: NaiveDate) -> Result<(), StoreError> {
    meta::set(db, PASS_DONE, &day.to_string())
}
