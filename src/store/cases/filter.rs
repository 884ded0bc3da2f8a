//! Filters of cases, and how many cases match one.

use chrono::NaiveDate;
use diesel::dsl::{count_star, not};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use crate::case::{ApplicantKind, Stage};
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::deadline;
use crate::store::database::schema::{case_tags, cases};
use crate::store::database::verbatim::verbatim;
use crate::store::{ApplicantId, DepartmentId, OrganId, StoreError, UserId};

/// A warning level, expressed as conditions on the columns of `cases`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Open, with `warns_on` within these bounds (both inclusive).
    Within(NaiveDate, NaiveDate),
    /// Open, with the day after which it is certainly overdue within these bounds (both inclusive; `None` for no lower
    /// bound).
    Over(Option<NaiveDate>, NaiveDate),
    /// Open, with `warns_on` on or before this day, and not certainly overdue before it.
    Reached(NaiveDate),
    /// Open and received, with no `warns_on` or one after this day.
    After(NaiveDate),
    /// Closed, or not yet received.
    Silent,
}

/// Organs whose cases are at a warning level under the same condition: they share thresholds and calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarnedIn {
    /// The organs.
    pub organs: Vec<OrganId>,
    /// The condition. `None` for every open case: the thresholds cannot be read.
    pub level: Option<Warning>,
}

/// Filter for cases. `organs` holds the organs visible to the caller and always restricts: empty matches nothing. Every
/// other field restricts only if it is neither empty nor `None`.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Of these organs.
    pub organs: Vec<OrganId>,
    /// In one of these stages.
    pub stages: Vec<String>,
    /// With one of these clock states.
    pub clock_statuses: Vec<String>,
    /// Due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Due on this day or earlier.
    pub due_until: Option<NaiveDate>,
    /// At one of these departments.
    pub departments: Vec<DepartmentId>,
    /// With this 经办人.
    pub handler: Option<UserId>,
    /// By one of these channels.
    pub channels: Vec<String>,
    /// From one of these kinds of applicant.
    pub applicant_kinds: Vec<String>,
    /// Closed with one of these outcomes.
    pub outcomes: Vec<String>,
    /// Received on this day or later.
    pub received_from: Option<NaiveDate>,
    /// Received on this day or earlier.
    pub received_until: Option<NaiveDate>,
    /// Replied to on this day or later.
    pub replied_from: Option<NaiveDate>,
    /// Replied to on this day or earlier.
    pub replied_until: Option<NaiveDate>,
    /// Open or closed.
    pub is_open: Option<bool>,
    /// Filed by this front-desk system.
    pub source: Option<String>,
    /// From one of these applicants. One person may have several records.
    pub applicants: Vec<ApplicantId>,
    /// With this subject tag.
    pub tag: Option<String>,
    /// Contained in the number, the title, or an applicant's name that is not masked.
    pub text: Option<String>,
    /// Organs in which `text` is matched against all applicants' names, masked or not.
    pub names_in: Vec<OrganId>,
    /// At a warning level: in one of these groups of organs, under its condition.
    pub warned: Vec<WarnedIn>,
}

pub(super) type Query<'a> = cases::BoxedQuery<'a, MultiBackend>;

/// Counts the cases that match a filter.
pub fn count(db: &mut Db, filter: &CaseFilter) -> Result<i64, StoreError> {
    Ok(filtered(filter).select(count_star()).first(db)?)
}

/// How many cases are in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct InStage {
    /// The stage, as a code.
    pub stage: String,
    /// Whether these are open.
    pub is_open: bool,
    /// How many.
    pub count: i64,
}

/// Counts the cases that match a filter by their stages, in any order. A stage without a case is left out.
pub fn count_by_stage(db: &mut Db, filter: &CaseFilter) -> Result<Vec<InStage>, StoreError> {
    // A boxed query takes no GROUP BY any more.
    let count = verbatim::<BigInt>("count(*) OVER (PARTITION BY cases.stage, cases.is_open)");
    Ok(filtered(filter).select((cases::stage, cases::is_open, count)).distinct().load(db)?)
}

pub(super) fn filtered(filter: &CaseFilter) -> Query<'_> {
    let mut query = warned(filter);
    // A bare column, not a bound value: the planner uses a partial index only if it can see the condition.
    query = match filter.is_open {
        Some(true) => query.filter(cases::is_open),
        Some(false) => query.filter(not(cases::is_open)),
        None => query,
    };
    query = by_codes(query, filter);
    query = by_days(query, filter);
    if !filter.departments.is_empty() {
        query = query.filter(cases::department_id.eq_any(&filter.departments));
    }
    if !filter.applicants.is_empty() {
        query = query.filter(cases::applicant_id.eq_any(&filter.applicants));
    }
    if let Some(handler) = filter.handler {
        query = query.filter(cases::handler_id.eq(handler));
    }
    if let Some(source) = &filter.source {
        query = query.filter(cases::source.eq(source));
    }
    if let Some(tag) = &filter.tag {
        let tagged = case_tags::table.filter(case_tags::tag.eq(tag)).select(case_tags::case_id);
        query = query.filter(cases::id.eq_any(tagged));
    }
    match &filter.text {
        Some(text) => by_text(query, text, &filter.names_in),
        None => query,
    }
}

/// Compares a single organ with `=` instead of `IN`, so that PostgreSQL reads the page in index order.
pub(in crate::store) fn of_organs(organs: &[OrganId]) -> Query<'_> {
    let query: Query<'_> = match organs {
        [one] => cases::table.into_boxed().filter(cases::organ_id.eq(one)),
        many => cases::table.into_boxed().filter(cases::organ_id.eq_any(many)),
    };
    in_time(query)
}

/// Lets the limit of the work end the query, where the database does not do so itself.
fn in_time(query: Query<'_>) -> Query<'_> {
    if deadline::is_interruptible() { query.filter(deadline::in_time()) } else { query }
}

pub(super) fn of_organ(organ: OrganId) -> Query<'static> {
    cases::table.into_boxed().filter(cases::organ_id.eq(organ))
}

fn by_codes<'a>(mut query: Query<'a>, filter: &'a CaseFilter) -> Query<'a> {
    if filter.stages.is_empty() {
        // A void case stands in a list only if it is asked for.
        query = query.filter(cases::stage.ne(Stage::Void.code()));
    } else {
        query = query.filter(cases::stage.eq_any(&filter.stages));
    }
    if !filter.clock_statuses.is_empty() {
        query = query.filter(cases::clock_status.eq_any(&filter.clock_statuses));
    }
    if !filter.channels.is_empty() {
        query = query.filter(cases::channel.eq_any(&filter.channels));
    }
    if !filter.applicant_kinds.is_empty() {
        query = query.filter(cases::applicant_kind.eq_any(&filter.applicant_kinds));
    }
    if !filter.outcomes.is_empty() {
        query = query.filter(cases::outcome.eq_any(&filter.outcomes));
    }
    query
}

fn by_days<'a>(mut query: Query<'a>, filter: &CaseFilter) -> Query<'a> {
    if let Some(day) = filter.due_from {
        query = query.filter(cases::due_on.ge(day).or(cases::latest_on.ge(day)));
    }
    if let Some(day) = filter.due_until {
        // An estimated due date counts from its earliest possible day.
        let may_be = cases::latest_on.is_not_null().and(cases::warns_on.le(day));
        query = query.filter(cases::due_on.le(day).or(may_be));
    }
    if let Some(day) = filter.received_from {
        query = query.filter(cases::received_on.ge(day));
    }
    if let Some(day) = filter.received_until {
        query = query.filter(cases::received_on.le(day));
    }
    if let Some(day) = filter.replied_from {
        query = query.filter(cases::replied_on.ge(day));
    }
    if let Some(day) = filter.replied_until {
        query = query.filter(cases::replied_on.le(day));
    }
    query
}

/// The cases of the organs, at the warning level if the filter has one.
fn warned(filter: &CaseFilter) -> Query<'_> {
    match filter.warned.as_slice() {
        [] => of_organs(&filter.organs),
        [alone] if alone.organs == filter.organs => of_organs(&filter.organs).filter(at(alone.level)),
        groups => {
            let none: Query<'_> = cases::table.into_boxed();
            let any = groups
                .iter()
                .fold(none, |query, group| query.or_filter(cases::organ_id.eq_any(&group.organs).and(at(group.level))));
            let query = any.filter(cases::organ_id.eq_any(&filter.organs));
            // Redundant: it lets SQLite use the indexes on open cases, which it does not see behind OR.
            let query = if groups.iter().all(WarnedIn::is_of_open) { query.filter(cases::is_open) } else { query };
            in_time(query)
        }
    }
}

impl WarnedIn {
    fn is_of_open(&self) -> bool {
        self.level != Some(Warning::Silent)
    }
}

type Condition = Box<dyn BoxableExpression<cases::table, MultiBackend, SqlType = Nullable<Bool>>>;

/// The condition of a warning level.
fn at(level: Option<Warning>) -> Condition {
    match level {
        None => Box::new(cases::is_open.nullable()),
        Some(Warning::Within(from, until)) => Box::new(cases::is_open.and(cases::warns_on.between(from, until))),
        // `warns_on` is never later than the certain day. The redundant condition lets the index on open cases serve.
        Some(Warning::Over(from, until)) => {
            let over = cases::is_open.and(cases::warns_on.le(until)).and(certain_day().le(until));
            match from {
                Some(from) => Box::new(over.and(certain_day().ge(from))),
                None => Box::new(over),
            }
        }
        Some(Warning::Reached(day)) => Box::new(cases::is_open.and(cases::warns_on.le(day)).and(certain_day().ge(day))),
        // Of an open case whose reply was revoked the period was answered.
        Some(Warning::After(day)) => {
            let is_later = cases::warns_on.is_null().or(cases::warns_on.assume_not_null().gt(day));
            let is_owed = cases::is_open.and(cases::replied_on.is_null()).and(cases::received_on.is_not_null());
            Box::new(is_owed.and(is_later).nullable())
        }
        Some(Warning::Silent) => Box::new(
            not(cases::is_open).or(cases::received_on.is_null()).or(cases::replied_on.is_not_null()).nullable(),
        ),
    }
}

/// The day after which an open case is certainly overdue.
fn certain_day() -> coalesce<cases::due_on, cases::latest_on, cases::warns_on> {
    coalesce(cases::due_on, cases::latest_on, cases::warns_on)
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The first of three days that is not null.
    fn coalesce(
        first: diesel::sql_types::Nullable<diesel::sql_types::Date>,
        second: diesel::sql_types::Nullable<diesel::sql_types::Date>,
        third: diesel::sql_types::Nullable<diesel::sql_types::Date>,
    ) -> diesel::sql_types::Nullable<diesel::sql_types::Date>;
    /// The text in lower case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Does not match names that are masked on display ([`mask_name`](crate::store::seal::mask_name)): a search would
/// reveal them.
fn by_text<'a>(query: Query<'a>, text: &str, names_in: &'a [OrganId]) -> Query<'a> {
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    // Ignores case for ASCII on both databases: SQLite's LIKE does so by itself, PostgreSQL's does not.
    let pattern = format!("%{}%", literal.to_ascii_lowercase());
    let is_shown = cases::applicant_kind.ne(ApplicantKind::NaturalPerson.code()).or(cases::organ_id.eq_any(names_in));
    query.filter(
        lower(cases::title)
            .like(pattern.clone())
            .escape('\\')
            .or(is_shown.and(lower(cases::applicant_name).like(pattern.clone()).escape('\\')))
            .or(cases::number.is_not_null().and(lower(cases::number.assume_not_null()).like(pattern).escape('\\'))),
    )
}
