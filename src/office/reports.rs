//! 年度报告与统计: counted from the cases and completed by figures an office enters, for an organ alone or with those below
//! it.

pub mod annual_reports;
mod cells;
mod count;
mod figures;
pub mod publish;
pub mod topics;

pub use cells::{CellCase, CellQuery};
pub use figures::{FIGURE_WRITERS, FiguresView};
pub use publish::{Adjustments, LaterEvent, MovedCase, MovedCell};

use super::{Caller, OfficeError, Reports};
use crate::case::Role;
use crate::office::supervision::watched::{OVERDUE_READERS, watched};
use crate::report::annual::{
    Counted, Form, OrganName, OwnFigures, Period, Previous, Report, TopicCount, table_four, table_three,
};
use crate::store::people::organs::OrganRow;
use crate::store::{Db, OrganId, people::organs};
use chrono::Datelike;
use count::Count;

/// The roles that may request reports.
pub const REPORTERS: &[Role] = OVERDUE_READERS;

/// The first year with a report: Order 492 came into force in it.
pub(super) const FIRST_YEAR: i32 = 2008;

/// Maximum number of topics in a report.
const MOST_TOPICS: usize = 30;

/// A query for a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuery {
    /// The year.
    pub year: i32,
    /// The whole year or a part of it, as a code of [`Period::named`].
    pub part: String,
    /// The form. `None` for that of the year.
    pub form: Option<Form>,
    /// Whether to include the organs below.
    pub with_subordinates: bool,
    /// Whether to show the previous period for comparison. `None`: for parts of a year, but not for a year.
    pub with_previous: Option<bool>,
}

impl ReportQuery {
    /// The report on a year in its own form, for the organ alone.
    #[must_use]
    pub fn of_year(year: i32) -> Self {
        Self { year, part: "year".to_owned(), form: None, with_subordinates: false, with_previous: None }
    }
}

/// A query with all defaults resolved.
#[derive(Debug, Clone)]
struct ReportScope {
    organ: OrganRow,
    organs: Vec<OrganRow>,
    with_subordinates: bool,
    year: i32,
    period: Period,
    name: String,
    form: Form,
}

impl ReportScope {
    fn ids(&self) -> Vec<OrganId> {
        self.organs.iter().map(|organ| organ.id).collect()
    }
}

impl Reports<'_> {
    /// The previous year, the last one a report can be due for.
    #[must_use]
    pub fn last_year(&self) -> i32 {
        self.clock().today().year().saturating_sub(1)
    }

    /// The report or statistics of an organ the caller supervises. Without an organ, of the caller's own; of several,
    /// the highest.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ is not visible to the caller; [`OfficeError::RoleRequired`] if the organs
    /// below are requested and the caller does not supervise all of them; [`OfficeError::Invalid`] for an invalid year
    /// or part.
    pub fn report(&self, caller: &Caller, organ: Option<OrganId>, query: &ReportQuery) -> Result<Report, OfficeError> {
        self.store().read(|db| {
            let scope = self.report_scope(db, caller, organ, query)?;
            self.counted(db, &scope, query)
        })
    }

    /// Like [`Reports::report`], for the organ with this code, without authorisation. For the command line.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if no organ has this code; [`OfficeError::Invalid`] for an invalid year or part.
    pub fn report_by_code(&self, db: &mut Db, code: &str, query: &ReportQuery) -> Result<Report, OfficeError> {
        let organ = organs::find_by_code(db, code)?;
        let scope = self.scope(db, organ, query)?;
        self.counted(db, &scope, query)
    }

    fn report_scope(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: Option<OrganId>,
        query: &ReportQuery,
    ) -> Result<ReportScope, OfficeError> {
        let watched = watched(db, caller, REPORTERS, organ, false)?;
        let organ = watched.into_iter().next().ok_or(OfficeError::NotFound)?;
        let scope = self.scope(db, organ, query)?;
        let watches = |organ: &OrganRow| caller.roles_at(&organ.path).iter().any(|role| REPORTERS.contains(role));
        if !scope.organs.iter().all(watches) {
            return Err(OfficeError::RoleRequired { roles: vec![Role::Supervisor, Role::Auditor] });
        }
        Ok(scope)
    }

    fn scope(&self, db: &mut Db, organ: OrganRow, query: &ReportQuery) -> Result<ReportScope, OfficeError> {
        let today = self.clock().today();
        if !(FIRST_YEAR..=today.year()).contains(&query.year) {
            let detail = format!("应为{FIRST_YEAR}年至今年（{}年）的年度", today.year());
            return Err(OfficeError::invalid("?year", "out_of_range", detail));
        }
        let (period, name) = Period::named(query.year, &query.part).ok_or_else(|| {
            OfficeError::invalid("?period", "invalid_value", "应为以下之一：year、h1、h2、q1至q4、m1至m12")
        })?;
        let organs = if query.with_subordinates { reporting_to(organs::all(db)?, &organ) } else { vec![organ.clone()] };
        let form = query.form.unwrap_or(Form::of_year(query.year));
        let with_subordinates = query.with_subordinates;
        Ok(ReportScope { organ, organs, with_subordinates, year: query.year, period, name, form })
    }

    fn counted(&self, db: &mut Db, scope: &ReportScope, query: &ReportQuery) -> Result<Report, OfficeError> {
        let mut report = self.count_report(db, scope)?;
        let is_wanted = query.with_previous.unwrap_or(query.part != "year");
        let before = Period::before(query.year, &query.part).filter(|(year, _)| is_wanted && *year >= FIRST_YEAR);
        if let Some((period, name)) = before.and_then(|(year, part)| Period::named(year, &part)) {
            // Uses the form of the requested period, so that the rows correspond.
            let count = Count::of(self, db, &scope.ids(), &period)?;
            report.previous = Some(Previous {
                period: name,
                table3: table_three(scope.form, &period, &count.lines),
                table4: table_four(scope.form, &period, &count.remedies()),
                fee_yuan: count.fee_yuan(&period),
            });
        }
        Ok(report)
    }

    fn count_report(&self, db: &mut Db, scope: &ReportScope) -> Result<Report, OfficeError> {
        let count = Count::of(self, db, &scope.ids(), &scope.period)?;
        let ReportScope { period, form, .. } = scope;
        let own = OwnFigures::of(db, scope)?;
        let tags = crate::store::reports::tags(db, &scope.ids(), period.from, period.until)?;
        let topics = tags
            .into_iter()
            .take(MOST_TOPICS)
            .map(|(topic, count)| TopicCount { topic, applications: u32::try_from(count).unwrap_or(u32::MAX) });
        let departments = count.departments(db, *form, &scope.organs)?;
        let named = |organ: &OrganRow| OrganName { code: organ.code.clone(), name: organ.name.clone() };
        Ok(Report::from(Counted {
            organ: named(&scope.organ),
            organs: scope.organs.iter().map(named).collect(),
            with_subordinates: scope.with_subordinates,
            form: *form,
            period: *period,
            name: scope.name.clone(),
            as_of: self.clock().today(),
            is_complete: count.is_complete,
            three: table_three(*form, period, &count.lines),
            four: table_four(*form, period, &count.remedies()),
            topics: topics.collect(),
            departments,
            fee_yuan: count.fee_yuan(period),
            own,
        }))
    }
}

/// The organ and those below it that report to it. Excludes an organ that reports elsewhere (垂直管理) and those below
/// that.
fn reporting_to(all: Vec<OrganRow>, root: &OrganRow) -> Vec<OrganRow> {
    let mut counted: Vec<OrganRow> = Vec::new();
    // Parents come before children, but an organ may report to a sibling that comes later. Hence the loop.
    let below: Vec<OrganRow> = all.into_iter().filter(|row| row.path.starts_with(&root.path)).collect();
    let superior = |row: &OrganRow| row.reports_to.or(row.parent_id);
    counted.push(root.clone());
    loop {
        let is_new = |row: &&OrganRow, counted: &[OrganRow]| {
            let known = |id: OrganId| counted.iter().any(|organ| organ.id == id);
            !known(row.id) && superior(row).is_some_and(known)
        };
        let more: Vec<OrganRow> = below.iter().filter(|row| is_new(row, &counted)).cloned().collect();
        if more.is_empty() {
            counted.sort_by(|a, b| a.path.cmp(&b.path));
            return counted;
        }
        counted.extend(more);
    }
}
