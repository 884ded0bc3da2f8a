//! Open duties as lists of work: those of a person, and those of the organs a person supervises.

use chrono::NaiveDate;
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::case::ObligationKind;
use crate::store::cases::obligations::{ObligationRow, SUSPENDED};
use crate::store::database::db::{Db, MultiBackend};
use crate::store::database::schema::obligations;
use crate::store::database::verbatim::verbatim;
use crate::store::{DepartmentId, ObligationId, OrganId, StoreError, UserId};

/// Which duties somebody watches. One that several parts select is selected once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// Duties owned by this person, in the organs of `own_in`.
    pub owner: Option<UserId>,
    /// Duties without an owner in these departments, in the organs of `own_in`.
    pub departments: Vec<DepartmentId>,
    /// The organs in which the person holds a role today.
    pub own_in: Vec<OrganId>,
    /// Duties with neither owner nor department in these organs, but for those that a role decides.
    pub unassigned_in: Vec<OrganId>,
    /// The steps of reviewers in these organs.
    pub reviews_in: Vec<OrganId>,
    /// The steps and confirmations of leaders in these organs.
    pub decides_in: Vec<OrganId>,
    /// The steps of section heads in these organs: a head of the office may take them too.
    pub heads_in: Vec<OrganId>,
    /// All duties of these organs.
    pub all_in: Vec<OrganId>,
    /// Overdue duties of these organs.
    pub overdue_in: Vec<OrganId>,
}

/// The part of a list of work that a duty is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Due today or overdue.
    Now,
    /// Due within three working days.
    Near,
    /// Due later, or without a day.
    Later,
    /// It waits for somebody else: its clock is stopped, a party's own period runs, or another person decides.
    Waiting,
}

/// What a list is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DutyFilter {
    /// Only of these kinds, by code; empty for all.
    pub kinds: Vec<String>,
    /// Only of this department.
    pub department: Option<DepartmentId>,
    /// Only with this person in charge.
    pub owner: Option<UserId>,
    /// Only of this group.
    pub group: Option<Group>,
    /// Only those whose last day has passed. A follow-up is never overdue.
    pub is_overdue: bool,
}

/// A query for open and suspended duties.
#[derive(Debug, Clone)]
pub struct DutyQuery {
    /// Whose.
    pub watch: Watch,
    /// The day of the list.
    pub today: NaiveDate,
    /// The last day of the group "near", for the organs of each calendar.
    pub near: Vec<(Vec<OrganId>, NaiveDate)>,
    /// What it is narrowed to.
    pub filter: DutyFilter,
}

/// A duty of a list, and whether it waits for somebody else.
pub type Listed = (ObligationRow, bool);

/// The last row of a page. Rows without a day come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub Option<NaiveDate>, pub ObligationId);

/// A condition on rows of `obligations`.
type Condition<'a> = Box<dyn BoxableExpression<obligations::table, MultiBackend, SqlType = Bool> + 'a>;

/// The keys of the steps of section heads.
const SECTION_HEADS: &str = "review:section_head:%";

fn codes(is_one: fn(ObligationKind) -> bool) -> Vec<&'static str> {
    ObligationKind::ALL.iter().copied().filter(|kind| is_one(*kind)).map(ObligationKind::code).collect()
}

fn decided() -> Vec<&'static str> {
    codes(|kind| kind.acting_role().is_some())
}

/// Whether the person of `watch` may take the step.
fn is_decided_by(watch: &Watch) -> Condition<'_> {
    let review = obligations::kind.eq(ObligationKind::Review.code());
    let may = obligations::not_by_id.is_null().or(obligations::not_by_id.assume_not_null().nullable().ne(watch.owner));
    let reviews = review.and(obligations::organ_id.eq_any(&watch.reviews_in));
    let of_section_head = obligations::key.like(SECTION_HEADS).and(obligations::organ_id.eq_any(&watch.heads_in));
    let decides =
        obligations::kind.eq_any(decided()).and(not(review)).and(obligations::organ_id.eq_any(&watch.decides_in));
    Box::new(may.assume_not_null().and(reviews.or(decides).or(of_section_head)))
}

/// Whether `watch` selects the duty.
fn is_watched(watch: &Watch, today: NaiveDate) -> Condition<'_> {
    let unowned = obligations::owner_id.is_null();
    let departments: Vec<Option<DepartmentId>> = watch.departments.iter().copied().map(Some).collect();
    let own = obligations::owner_id
        .is_not_null()
        .and(obligations::owner_id.eq(watch.owner))
        .or(unowned.and(obligations::department_id.eq_any(departments)))
        .and(obligations::organ_id.eq_any(&watch.own_in));
    let unassigned = unowned
        .and(obligations::department_id.is_null())
        .and(obligations::kind.ne_all(decided()))
        .and(obligations::organ_id.eq_any(&watch.unassigned_in));
    let all = obligations::organ_id.eq_any(&watch.all_in);
    let overdue = obligations::organ_id.eq_any(&watch.overdue_in).and(is_overdue(today));
    Box::new(own.or(unassigned).or(all).or(overdue).assume_not_null().or(is_decided_by(watch)))
}

/// Whether the last day has passed. A follow-up has no last day.
fn is_overdue(today: NaiveDate) -> Condition<'static> {
    let passed = obligations::due_on.is_not_null().and(obligations::due_on.assume_not_null().lt(today));
    Box::new(passed.and(obligations::kind.ne_all(codes(ObligationKind::is_follow_up))))
}

fn is_waiting(query: &DutyQuery) -> Condition<'_> {
    let others = obligations::kind.eq_any(codes(ObligationKind::is_of_others));
    let not_over = obligations::due_on.is_null().or(obligations::due_on.assume_not_null().ge(query.today));
    let stopped = obligations::status.eq(SUSPENDED);
    let by_another = obligations::kind.eq_any(decided()).and(not(is_decided_by(&query.watch)));
    // A supervisor decides nothing: in that list a review is in the group of its day.
    if query.watch.owner.is_none() {
        return Box::new(stopped.or(others.and(not_over)));
    }
    Box::new(stopped.or(others.and(not_over)).or(by_another))
}

fn is_near(query: &DutyQuery) -> Condition<'_> {
    let mut near: Condition<'_> = Box::new(verbatim::<Bool>("1 = 0"));
    for (organs, until) in &query.near {
        near = Box::new(near.or(obligations::organ_id.eq_any(organs).and(on_or_before(*until))));
    }
    near
}

fn on_or_before(day: NaiveDate) -> Condition<'static> {
    Box::new(obligations::due_on.is_not_null().and(obligations::due_on.assume_not_null().le(day)))
}

fn is_in(group: Group, query: &DutyQuery) -> Condition<'_> {
    let waits = is_waiting(query);
    match group {
        Group::Waiting => waits,
        Group::Now => Box::new(not(waits).and(on_or_before(query.today))),
        Group::Near => Box::new(not(waits).and(not(on_or_before(query.today))).and(is_near(query))),
        Group::Later => Box::new(not(waits).and(not(on_or_before(query.today))).and(not(is_near(query)))),
    }
}

type Query<'a> = obligations::BoxedQuery<'a, MultiBackend>;

/// The organs within which all parts of the watch are: with the organs alone one index serves them all.
fn within(watch: &Watch) -> Vec<OrganId> {
    let parts = [
        &watch.own_in,
        &watch.unassigned_in,
        &watch.reviews_in,
        &watch.decides_in,
        &watch.heads_in,
        &watch.all_in,
        &watch.overdue_in,
    ];
    parts.into_iter().flatten().copied().collect()
}

/// Narrows a boxed query of `obligations`, grouped or not, to what a [`DutyQuery`] asks for, but for the group.
macro_rules! narrowed {
    ($rows:expr, $query:expr) => {{
        let query: &DutyQuery = $query;
        let mut rows = $rows
            // A literal, not bound: the partial indexes serve only a literal condition.
            .filter(verbatim::<Bool>("obligations.status IN ('open', 'suspended')"))
            .filter(obligations::organ_id.eq_any(within(&query.watch)))
            .filter(is_watched(&query.watch, query.today));
        if !query.filter.kinds.is_empty() {
            rows = rows.filter(obligations::kind.eq_any(&query.filter.kinds));
        }
        if let Some(department) = query.filter.department {
            rows = rows.filter(obligations::department_id.eq(department));
        }
        if let Some(owner) = query.filter.owner {
            rows = rows.filter(obligations::owner_id.eq(owner));
        }
        // A department or a person has no duty that a role decides.
        if query.filter.department.is_some() || query.filter.owner.is_some() {
            rows = rows.filter(obligations::kind.ne_all(decided()));
        }
        if query.filter.is_overdue {
            rows = rows.filter(is_overdue(query.today)).filter(obligations::status.ne(SUSPENDED));
        }
        rows
    }};
}

fn filtered(query: &DutyQuery) -> Query<'_> {
    narrowed!(obligations::table.into_boxed(), query)
}

/// A page of duties, by last day and id. Those without a day come last.
///
/// # Errors
/// As every read.
pub fn page(db: &mut Db, query: &DutyQuery, after: Option<After>, limit: i64) -> Result<Vec<Listed>, StoreError> {
    let mut rows = filtered(query);
    if let Some(group) = query.filter.group {
        rows = rows.filter(is_in(group, query));
    }
    rows = match after {
        None => rows,
        Some(After(None, id)) => rows.filter(obligations::due_on.is_null()).filter(obligations::id.gt(id)),
        Some(After(Some(day), id)) => {
            let same = obligations::due_on.assume_not_null().eq(day).and(obligations::id.gt(id));
            let later = obligations::due_on.assume_not_null().gt(day);
            rows.filter(obligations::due_on.is_null().or(later).or(same))
        }
    };
    let order = (obligations::due_on.is_null(), obligations::due_on, obligations::id);
    let row = <ObligationRow as Selectable<MultiBackend>>::construct_selection();
    Ok(rows.order(order).limit(limit).select((row, is_waiting(query))).load(db)?)
}

/// How many duties each group has, whatever group the query asks for.
///
/// # Errors
/// As every read.
pub fn count(db: &mut Db, query: &DutyQuery, group: Group) -> Result<i64, StoreError> {
    Ok(filtered(query).filter(is_in(group, query)).count().get_result(db)?)
}

/// The open duties of a calendar, the earliest first. Those without a day are left out, and those that wait for another person
/// to decide.
///
/// # Errors
/// As every read.
pub fn dated(db: &mut Db, watch: &Watch, today: NaiveDate, limit: i64) -> Result<Vec<ObligationRow>, StoreError> {
    let query = DutyQuery { watch: watch.clone(), today, near: Vec::new(), filter: DutyFilter::default() };
    Ok(filtered(&query)
        .filter(verbatim::<Bool>("obligations.status = 'open'"))
        .filter(obligations::due_on.is_not_null())
        .filter(obligations::kind.ne_all(decided()).or(is_decided_by(watch)))
        .order((obligations::due_on, obligations::id))
        .limit(limit)
        .select(ObligationRow::as_select())
        .load(db)?)
}

/// Organ, department and person in charge.
pub type GroupOf = (OrganId, Option<DepartmentId>, Option<UserId>);

/// How many duties each organ, department and person has, whatever group the query asks for. Steps that a role decides are not
/// counted: no department and no person has them.
///
/// # Errors
/// As every read.
pub fn totals(db: &mut Db, query: &DutyQuery) -> Result<Vec<(GroupOf, i64)>, StoreError> {
    let of = (obligations::organ_id, obligations::department_id, obligations::owner_id);
    let totals = obligations::table.group_by(of).select((of, diesel::dsl::count_star())).into_boxed::<MultiBackend>();
    Ok(narrowed!(totals, query).filter(obligations::kind.ne_all(decided())).load(db)?)
}
