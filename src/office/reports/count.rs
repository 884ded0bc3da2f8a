//! Counts the cases of a period. Most are counted by their rows, in the database; the few that were split or reopened
//! by an order are counted by their logs.

use super::super::{Office, OfficeError};
use crate::case::{
    ApplicantKind, Conclusion, Course, RemedyCourse, Standing, course, fees_paid, is_turned, remedy_courses,
};
use crate::law::{Channel, Outcome};
use crate::office::cases::as_of::Viewpoint;
use crate::office::cases::case_file::read_log;
use crate::report::annual::{Form, Mix, Period, Selector, TableLine, When};
use crate::store::cases::CaseRow;
use crate::store::people::organs::OrganRow;
use crate::store::reports::{self, CountGroup, Ended, Stock};
use crate::store::{CaseId, Db, DepartmentId, OrganId, people::departments};
use std::collections::{BTreeMap, HashMap};

/// The cases of organs in a period.
pub(super) struct Count {
    /// All cases, grouped by equal attributes.
    pub lines: Vec<TableLine>,
    /// The cases whose rows are not sufficient, with the line computed from the log. `None` if the case does not count
    /// in the period.
    pub turned: BTreeMap<CaseId, Option<TableLine>>,
    /// Reconsiderations and lawsuits, by case.
    pub remedies: BTreeMap<CaseId, Vec<RemedyCourse>>,
    /// The closed cases of each department by outcome. `None` for cases without a department.
    shares: BTreeMap<Option<DepartmentId>, BTreeMap<Outcome, i64>>,
    /// Payments.
    fees: Vec<(chrono::NaiveDate, u64)>,
    /// `false` if a log or row could not be read.
    pub is_complete: bool,
}

/// The attributes by which lines are grouped. Days are reduced to before, within or after the period.
type Key = (ApplicantKind, Channel, When, When, Option<Outcome>, bool, bool);

impl Count {
    pub(super) fn of(office: &Office, db: &mut Db, organs: &[OrganId], period: &Period) -> Result<Self, OfficeError> {
        let mut count = Self {
            lines: Vec::new(),
            turned: BTreeMap::new(),
            remedies: BTreeMap::new(),
            shares: BTreeMap::new(),
            fees: Vec::new(),
            is_complete: true,
        };
        count.read_turns(office, db, organs, period)?;
        let mut sums: HashMap<Key, i64> = HashMap::new();
        for entered in [When::Before, When::Within] {
            for ended in [When::Within, When::Later] {
                let stock = stock(organs, period, entered, ended);
                for group in reports::groups(db, &stock)? {
                    count.add(&mut sums, &group, entered, ended);
                }
            }
        }
        let ids: Vec<CaseId> = count.turned.keys().copied().collect();
        for row in reports::rows_of(db, &ids)? {
            // Already counted by its row above: subtract that and add the line of its log.
            if let Some(key) = key_of_row(&row, period) {
                *sums.entry(key).or_default() -= 1;
                count.share(row.department_id, key.4, -1);
            }
            let line = count.turned.get(&row.id).copied().flatten();
            let ended = line.and_then(|line| line.course.concluded).filter(|end| period.has(end.on));
            count.share(row.department_id, ended.map(|end| end.outcome), 1);
        }
        let lines = sums.into_iter().filter_map(|(key, count)| line(key, u32::try_from(count).ok()?, period));
        count.lines = lines.filter(|line| line.count > 0).chain(count.turned.values().flatten().copied()).collect();
        Ok(count)
    }

    /// Reads remedies, fees, and the cases whose rows do not show their course.
    fn read_turns(
        &mut self,
        office: &Office,
        db: &mut Db,
        organs: &[OrganId],
        period: &Period,
    ) -> Result<(), OfficeError> {
        let mut turned = Vec::new();
        for (id, rows) in reports::turning_events(db, organs)? {
            let events = match read_log(&rows) {
                Ok(events) => events,
                Err(error) => {
                    tracing::error!(case = %id.0, %error, "a case is counted by its row: its log cannot be read");
                    self.is_complete = false;
                    continue;
                }
            };
            let remedies = remedy_courses(&events);
            if !remedies.is_empty() {
                self.remedies.insert(id, remedies);
            }
            self.fees.extend(fees_paid(&events));
            if is_turned(&events) {
                turned.push(id);
            }
        }
        self.turned = turned.iter().map(|id| (*id, None)).collect();
        let rows = reports::rows_of(db, &turned)?;
        let as_of = period.until.min(office.clock().today());
        let known = &mut self.turned;
        self.is_complete &= office.cases().each_as_it_stood(db, &rows, Viewpoint::known_today(as_of), |stood| {
            let found = course(stood.log);
            let line = found.map(|course| TableLine {
                course,
                is_late: matches!(stood.position.standing, Standing::Late | Standing::RenewingLate),
                count: 1,
            });
            known.insert(stood.row.id, line);
        })?;
        Ok(())
    }

    fn add(&mut self, sums: &mut HashMap<Key, i64>, group: &CountGroup, entered: When, ended: When) {
        let kind = ApplicantKind::from_code(&group.applicant_kind);
        let channel = Channel::from_code(&group.channel);
        let outcome = group.outcome.as_deref().map(Outcome::from_code);
        match (kind, channel, outcome) {
            (Some(kind), Some(channel), outcome) if outcome != Some(None) => {
                // A case that ends after the period has no outcome in it.
                let outcome = outcome.flatten().filter(|_| ended == When::Within);
                let is_within = ended == When::Within;
                let key = (
                    kind,
                    channel,
                    entered,
                    ended,
                    outcome,
                    group.is_extended && is_within,
                    group.is_late && is_within,
                );
                *sums.entry(key).or_default() += group.count;
                self.share(group.department, outcome, group.count);
            }
            _ => {
                tracing::error!(?group, "cases are left out of a report: their rows have codes of another release");
                self.is_complete = false;
            }
        }
    }

    /// Adds `count` to the department's cases with this outcome. Ignores cases without one.
    fn share(&mut self, department: Option<DepartmentId>, outcome: Option<Outcome>, count: i64) {
        if let Some(outcome) = outcome {
            *self.shares.entry(department).or_default().entry(outcome).or_default() += count;
        }
    }

    /// The closed cases of each department, by organ; those without a department last.
    pub(super) fn departments(&self, db: &mut Db, form: Form, organs: &[OrganRow]) -> Result<Vec<Mix>, OfficeError> {
        let ids: Vec<OrganId> = organs.iter().map(|organ| organ.id).collect();
        let mut known = departments::naming(db, &ids)?;
        known.sort_by_key(|row| organs.iter().position(|organ| organ.id == row.organ_id));
        let counts = |shares: &BTreeMap<Outcome, i64>| {
            shares.iter().filter_map(|(outcome, count)| Some((*outcome, u32::try_from(*count).ok()?))).collect()
        };
        let named = known.into_iter().filter_map(|row| {
            // A department that went over is named with the organ that has it, if that one is counted too.
            let has = organs.iter().find(|organ| organ.id == row.organ_id);
            let had = || organs.iter().find(|organ| organ.successor_id == Some(row.organ_id));
            let organ = has.or_else(had).map(|organ| organ.name.clone());
            Some(Mix::of(form, organ, Some(row.name), &counts(self.shares.get(&Some(row.id))?)))
        });
        let nobody = self.shares.get(&None).map(|shares| Mix::of(form, None, None, &counts(shares)));
        Ok(named.chain(nobody).filter(|mix| mix.ended > 0).collect())
    }

    /// All remedies.
    pub(super) fn remedies(&self) -> Vec<RemedyCourse> {
        self.remedies.values().flatten().copied().collect()
    }

    /// Fees paid in the period, in yuan.
    pub(super) fn fee_yuan(&self, period: &Period) -> u64 {
        self.fees.iter().filter(|(on, _)| period.has(*on)).map(|(_, yuan)| yuan).sum()
    }
}

/// The cases of organs received and closed at these times, by their rows.
fn stock(organs: &[OrganId], period: &Period, entered: When, ended: When) -> Stock {
    let any = Selector {
        entered: Some(entered),
        ended: Some(ended),
        outcomes: Vec::new(),
        channels: Vec::new(),
        is_in_time: None,
        kind: None,
    };
    stock_of(organs, period, &any)
}

/// Translates a cell's selector to days and codes of rows.
pub(super) fn stock_of(organs: &[OrganId], period: &Period, selector: &Selector) -> Stock {
    let eve = period.from.pred_opt().unwrap_or(period.from);
    let (received_from, received_until) = match selector.entered {
        Some(When::Before) => (None, eve),
        Some(When::Within) => (Some(period.from), period.until),
        Some(When::Later) | None => (None, period.until),
    };
    let ended = match selector.ended {
        Some(When::Within) => Ended::Within(period.from, period.until),
        Some(When::Later) => Ended::After(period.until),
        Some(When::Before) | None => Ended::NotBefore(period.from),
    };
    Stock {
        organs: organs.to_vec(),
        received_from,
        received_until,
        ended,
        kind: selector.kind.map(|kind| kind.code().to_owned()),
        channels: selector.channels.iter().map(|channel| channel.code().to_owned()).collect(),
        outcomes: selector.outcomes.iter().map(|outcome| outcome.code().to_owned()).collect(),
        is_in_time: selector.is_in_time,
    }
}

/// The group of a case by its row alone. `None` if the case does not count in the period by its row.
fn key_of_row(row: &CaseRow, period: &Period) -> Option<Key> {
    let entered = When::of(row.received_on, period);
    let ended = When::of(row.closed_on, period);
    if entered == When::Later || ended == When::Before {
        return None;
    }
    let is_within = ended == When::Within;
    let outcome = row.outcome.as_deref().and_then(Outcome::from_code).filter(|_| is_within);
    let kind = ApplicantKind::from_code(&row.applicant_kind)?;
    let channel = Channel::from_code(&row.channel)?;
    Some((kind, channel, entered, ended, outcome, row.is_extended && is_within, row.is_late && is_within))
}

/// A line with one representative day for its group.
fn line(key: Key, count: u32, period: &Period) -> Option<TableLine> {
    let (applicant_kind, channel, entered, ended, outcome, is_extended, is_late) = key;
    let entered_on = if entered == When::Before { period.from.pred_opt()? } else { period.from };
    let concluded = match (ended, outcome) {
        (When::Within, Some(outcome)) => Some(Conclusion { on: period.until, outcome, is_extended }),
        (When::Within | When::Before | When::Later, _) => None,
    };
    Some(TableLine { course: Course { applicant_kind, channel, entered_on, concluded }, is_late, count })
}
