//! Open duties as the reminder pass reads them, the steps already sent, and the last completed pass.

pub mod duties;
pub mod feeds;
pub mod preferences;
pub mod recipients;
pub mod settings;

use crate::store::database::verbatim::verbatim;
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::store::database::schema::{cases, obligations, organs, outbox, reminder_steps};
use crate::store::mail::outbox::Claimed;
use crate::store::service::tallies;
use crate::store::{
    CaseId, Db, DepartmentId, ObligationId, OrganId, StoreError, Ts, UserId, people::users, service::meta,
};
use std::collections::{BTreeSet, HashSet};

/// The key in `meta` for the last day with a completed pass.
const PASS_DONE: &str = "reminders.pass_done";

/// An open duty with a date and the data its mail shows. Only kind and name of the applicant are read.
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
    /// Its case. `None` for duties of the organ itself.
    pub case_id: Option<CaseId>,
    /// 受理编号, once there is one.
    pub case_number: Option<String>,
    /// The title of the case.
    pub case_title: Option<String>,
    /// Kind and name of the applicant.
    pub applicant: Option<(String, String)>,
    /// The stage of the case, as a code.
    pub case_stage: Option<String>,
    /// The kind of duty, as a code.
    pub kind: String,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The latest possible last day, while a holiday notice is not published.
    pub latest_on: Option<NaiveDate>,
    /// The person in charge.
    pub owner_id: Option<UserId>,
    /// The department in charge.
    pub department_id: Option<DepartmentId>,
    /// The person who may not do it, whatever the role.
    pub not_by_id: Option<UserId>,
    /// The article it rests on.
    pub article: String,
    /// When the row last changed.
    pub updated_at: Ts,
}

type Row = (
    (ObligationId, OrganId, String, String),
    (Option<CaseId>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>),
    (String, Option<NaiveDate>, Option<NaiveDate>, Option<UserId>, Option<DepartmentId>, Option<UserId>, String, Ts),
);

/// The position after a page of duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub NaiveDate, pub ObligationId);

/// Selects among the open duties.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All of them.
    All,
    /// Those changed at this instant or later.
    Changed(Ts),
    /// Those with these ids.
    These(&'a [ObligationId]),
}

/// Selects duties with the data their mails show.
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
                    cases::stage.nullable(),
                ),
                (
                    obligations::kind,
                    obligations::due_on,
                    obligations::latest_on,
                    obligations::owner_id,
                    obligations::department_id,
                    obligations::not_by_id,
                    obligations::article,
                    obligations::updated_at,
                ),
            ))
    };
}

/// A duty in any status, with `due_on` as its last day.
///
/// # Errors
/// [`StoreError::NotFound`] if the duty does not exist.
pub fn as_if_due(db: &mut Db, id: ObligationId, due_on: NaiveDate) -> Result<DutyRow, StoreError> {
    let (of, case, mut what): Row = duty_rows!().filter(obligations::id.eq(id)).first(db)?;
    what.1 = Some(due_on);
    duty((of, case, what)).ok_or(StoreError::NotFound)
}

/// Up to `limit` open duties due on or before `horizon`, earliest first, after `after`. Excludes met, cancelled and
/// suspended duties.
pub fn open_duties(
    db: &mut Db,
    horizon: NaiveDate,
    which: Which<'_>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<DutyRow>, StoreError> {
    let mut query = duty_rows!()
        // A literal, not bound: SQLite uses the partial index only for the literal condition.
        .filter(verbatim::<diesel::sql_types::Bool>("obligations.status = 'open'"))
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
    let (case_id, case_number, case_title, applicant_kind, applicant_name, case_stage) = case;
    let (kind, due_on, latest_on, owner_id, department_id, not_by_id, article, updated_at) = what;
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
        case_stage,
        kind,
        due_on,
        latest_on,
        owner_id,
        department_id,
        not_by_id,
        article,
        updated_at,
    })
}

/// Whether the duty is still open and due on `due_on`. On PostgreSQL, locks that until the transaction ends: a command
/// that closes the duty waits, so no reminder is queued after it. Locks the case before the duty, in the same order as
/// commands do, to avoid a deadlock.
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
        .filter(obligations::status.eq(crate::store::cases::obligations::OPEN))
        .filter(obligations::due_on.eq(Some(due_on)))
        .select(obligations::id);
    let found: Option<ObligationId> = match db {
        Db::Pg(db) => same.for_share().first(db).optional()?,
        Db::Lite(db) => same.first(db).optional()?,
    };
    Ok(found.is_some())
}

/// One reminder step of one duty for one person, and the mail that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = reminder_steps)]
pub struct ReminderStepRow {
    /// Built from obligation, rule, due date and person.
    pub key: String,
    /// The key of the mail in the outbox.
    pub mail_key: String,
    /// The duty.
    pub obligation_id: ObligationId,
    /// Its last day when the mail was written.
    pub due_on: NaiveDate,
    /// The day for which the mail was written.
    pub told_for: NaiveDate,
    /// The number of missed reminder days it makes up for.
    pub missed: i32,
}

/// Records the steps that a queued mail carries.
///
/// # Errors
/// [`StoreError::Conflict`] if another mail already carries one of them.
pub fn record_steps(db: &mut Db, steps: &[ReminderStepRow]) -> Result<(), StoreError> {
    for step in steps {
        diesel::insert_into(reminder_steps::table).values(step).execute(db)?;
    }
    Ok(())
}

/// The steps among these that need no new mail on `today`: sent, being sent, parked, possibly delivered, or queued in a
/// mail written for `today` or later.
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

/// Queued mails whose content is out of date: written for a day before `today`, or about a duty that is no longer open
/// or has another last day. Excludes mails that the recipient may already have.
pub fn outdated_mails(db: &mut Db, today: NaiveDate) -> Result<BTreeSet<String>, StoreError> {
    // A literal for the partial index, as in the outbox.
    let waiting = verbatim::<diesel::sql_types::Bool>("outbox.state IN ('queued', 'sending')");
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

/// Whether the mail with this key, in any state, is out of date on `today` (see [`outdated_mails`]). Always `false` for
/// mails that are not reminders.
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

/// The condition of [`outdated_mails`].
#[diesel::dsl::auto_type(no_type_alias)]
fn says_what_is_no_longer_so(today: NaiveDate) -> _ {
    let open: &'static str = crate::store::cases::obligations::OPEN;
    reminder_steps::told_for
        .lt(today)
        .or(obligations::status.ne(open))
        .or(obligations::due_on.is_null())
        .or(obligations::due_on.ne(reminder_steps::due_on.nullable()))
}

/// Withdraws a queued or parked mail and deletes its steps, so that they can be sent again. Returns its duties, or
/// `None` if the mail can no longer be withdrawn.
pub fn withdraw(db: &mut Db, mail_key: &str) -> Result<Option<Vec<ObligationId>>, StoreError> {
    if !crate::store::mail::outbox::withdraw(db, mail_key)? {
        return Ok(None);
    }
    let said = reminder_steps::table.filter(reminder_steps::mail_key.eq(mail_key));
    let duties = said.select(reminder_steps::obligation_id).load(db)?;
    diesel::delete(reminder_steps::table.filter(reminder_steps::mail_key.eq(mail_key))).execute(db)?;
    Ok(Some(duties))
}

/// The keys of the mails that were queued about duties of a case.
pub fn mails_about(db: &mut Db, case: CaseId) -> Result<BTreeSet<String>, StoreError> {
    let said = reminder_steps::table
        .inner_join(obligations::table.on(obligations::id.eq(reminder_steps::obligation_id)))
        .filter(obligations::case_id.eq(Some(case)))
        .select(reminder_steps::mail_key);
    Ok(said.load::<String>(db)?.into_iter().collect())
}

/// The keys of the mails that were queued about duties of these cases.
pub fn mails_about_any(db: &mut Db, of: &[CaseId]) -> Result<BTreeSet<String>, StoreError> {
    let mut keys = BTreeSet::new();
    for some in of.chunks(500) {
        let said = reminder_steps::table
            .inner_join(obligations::table.on(obligations::id.eq(reminder_steps::obligation_id)))
            .filter(obligations::case_id.eq_any(some.iter().copied().map(Some)))
            .select(reminder_steps::mail_key);
        keys.extend(said.load::<String>(db)?);
    }
    Ok(keys)
}

/// A queued, parked or leased mail: its key and the organ it is about.
type Waiting = (String, Option<OrganId>);

/// The queued and parked mails to a person.
pub fn waiting_for(db: &mut Db, recipient: UserId) -> Result<Vec<Waiting>, StoreError> {
    let theirs = outbox::table.filter(outbox::recipient_id.eq(Some(recipient)));
    let theirs = theirs.filter(outbox::state.eq_any(["queued", "parked"]));
    Ok(theirs.order(outbox::id).select((outbox::dedupe_key, outbox::organ_id)).load(db)?)
}

/// Whether the person may receive the mail: requires [`recipients::hears_of`] for each organ it concerns. A mail about
/// no organ may go to any active person.
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

/// Whether a leased mail may still be sent. Withdraws it if its recipient may no longer receive it. A mail that may
/// already have been delivered always goes on.
pub fn may_still_go(db: &mut Db, claim: &Claimed) -> Result<bool, StoreError> {
    let row = outbox::table.filter(outbox::id.eq(claim.id)).select(outbox::recipient_id);
    let recipient: Option<UserId> = row.first(db)?;
    let Some(recipient) = recipient.filter(|_| !claim.suspect) else { return Ok(true) };
    if may_have(db, recipient, &(claim.dedupe_key.clone(), claim.organ_id))? {
        return Ok(true);
    }
    crate::store::mail::outbox::hand_back(db, claim)?;
    withdraw(db, &claim.dedupe_key)?;
    Ok(false)
}

/// The total number of missed reminder days that later mails made up for.
pub fn missed_total(db: &mut Db) -> Result<i64, StoreError> {
    tallies::total(db, tallies::REMINDERS_MISSED)
}

/// The last day with a completed pass.
///
/// # Errors
/// [`StoreError::Corrupt`] if the stored value is not a date.
pub fn pass_done(db: &mut Db) -> Result<Option<NaiveDate>, StoreError> {
    let value = meta::get(db, PASS_DONE)?;
    value
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("meta '{PASS_DONE}' = '{text}'"))))
        .transpose()
}

/// If the pass of `day` is complete, marks it for repetition. For changes of persons.
pub fn pass_again(db: &mut Db, day: NaiveDate) -> Result<(), StoreError> {
    match (pass_done(db)?, day.pred_opt()) {
        (Some(done), Some(before)) if done >= day => record_pass(db, before),
        _ => Ok(()),
    }
}

/// Records that the pass of `day` is complete.
pub fn record_pass(db: &mut Db, day: NaiveDate) -> Result<(), StoreError> {
    meta::set(db, PASS_DONE, &day.to_string())
}
