//! Lists of duties: what a person has to do, and what the organs below have to do.

use super::next_steps::settling;
use crate::case::{Action, Case, ObligationKind, ReviewKind, Role, Stage, actions};
use crate::law::{DueRange, WarningLevel, warning_level_between};
use crate::office::cases::applicants::masked_name;
use crate::office::cases::case_file::{CaseFile, OrganContext, OrganContexts, actor};
use crate::office::people::access::seats_with;
use crate::office::supervision::watched::OVERDUE_READERS;
use crate::office::{Caller, OfficeError, Reminders};
use crate::store::cases::obligations::{ORDER, ObligationRow, SUSPENDED};
use crate::store::people::organs::{self, Seat};
use crate::store::reminders::duties::{self, After, DutyFilter, DutyQuery, Group, GroupOf, Listed, Watch};
use crate::store::{
    CaseId, Db, DepartmentId, OrganId, UserId, cases,
    people::{departments, users},
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Who has duties of their own: everybody who works on cases.
pub const WORKERS: &[Role] = &[Role::Clerk, Role::Handler, Role::Reviewer, Role::OfficeHead, Role::Leader];

/// Working days that the group "near" reaches, the last one included.
const NEAR_DAYS: u32 = 3;

/// The organs that a caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DutyOrgans {
    /// Only this organ. `None` for all.
    pub organ: Option<OrganId>,
    /// With the organs below it.
    pub with_subordinates: bool,
}

/// Why a duty has no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDay {
    /// The reply period is stopped.
    Stopped,
    /// The day of service that the period runs from is not recorded.
    NotServed,
    /// The case cannot be read, or the record does not say.
    Unknown,
}

/// A duty as a list shows it.
#[derive(Debug, Clone)]
pub struct DutyLine {
    /// Its row.
    pub row: ObligationRow,
    /// Name of the organ.
    pub organ: String,
    /// The case: number, title and masked applicant. `None` for a duty of the organ itself.
    pub case: Option<DutyCase>,
    /// Name of the department in charge.
    pub department: Option<String>,
    /// Name of the person in charge.
    pub owner: Option<String>,
    /// The part of the list that it is in.
    pub group: Group,
    /// Its warning level. `None` for a follow-up, without a day, and if the settings of the organ cannot be read.
    pub level: Option<WarningLevel>,
    /// Why it has no day.
    pub no_day: Option<NoDay>,
    /// Since when it waits.
    pub since: Option<NaiveDate>,
    /// Whom it waits for. `None`: the handler, the department or the office.
    pub waits_for: Option<WaitsFor>,
    /// The caller's actions that settle it or lead to it, the usual one first.
    pub settled_by: Vec<Action>,
    /// The number of the amendment that the caller may confirm.
    pub amendment: Option<u16>,
    /// The 督办单 that the caller may answer.
    pub order: Option<Uuid>,
    /// The line about both days, while a holiday notice is not published.
    pub estimate: Option<String>,
}

/// The case of a duty.
#[derive(Debug, Clone)]
pub struct DutyCase {
    /// Its id.
    pub id: CaseId,
    /// 受理编号, once there is one.
    pub number: Option<String>,
    /// Its title.
    pub title: String,
    /// The applicant, a person's name masked.
    pub applicant: String,
    /// The last day for the reply. `None` while its period is stopped.
    pub reply_due_on: Option<NaiveDate>,
}

/// Whom a duty waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitsFor {
    /// The applicant.
    Applicant,
    /// A party asked for an opinion, by name.
    Asked(String),
    /// The holders of a role.
    Role(Role),
    /// The disclosure office, although the case has a handler or a department.
    Office,
}

/// A list of duties.
#[derive(Debug, Clone)]
pub struct DutyPage {
    /// The rows, and one more if there are more than asked for.
    pub lines: Vec<DutyLine>,
    /// How many each group has under the same filters, whatever group was asked for.
    pub counts: DutyCounts,
    /// The day of the list.
    pub today: NaiveDate,
}

/// How many duties each group has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DutyCounts {
    /// Due today or overdue.
    pub now: i64,
    /// Due within three working days.
    pub near: i64,
    /// Due later, or without a day.
    pub later: i64,
    /// Waiting for somebody else.
    pub waiting: i64,
}

/// Duties of one organ, department and person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyTotal {
    /// The organ.
    pub organ: String,
    /// The department in charge; `None` for the disclosure office.
    pub department: Option<String>,
    /// The person in charge, if one is named.
    pub owner: Option<String>,
    /// Open and suspended ones.
    pub open: i64,
    /// Those whose last day has passed.
    pub overdue: i64,
}

/// The duties a person is responsible for: the own ones; as handler or clerk the unowned ones of the department or office; as
/// reviewer or leader the steps that wait for the role; as office head all of the organ; as supervisor the overdue ones of the
/// organs supervised.
pub(super) fn watch(
    db: &mut Db,
    user: UserId,
    department: Option<DepartmentId>,
    roles: &[(OrganId, Role)],
) -> Result<Watch, OfficeError> {
    let mut watch = Watch { owner: Some(user), ..Watch::default() };
    for (organ, role) in roles.iter().copied() {
        if role.reaches_down() {
            watch.own_in.extend(organs::subtree(db, organ)?);
        } else if role.hears_of_duties() {
            watch.own_in.push(organ);
        }
        match role {
            Role::Handler => watch.departments.extend(department),
            Role::Clerk => watch.unassigned_in.push(organ),
            Role::Reviewer => watch.reviews_in.push(organ),
            Role::Leader => watch.decides_in.push(organ),
            Role::OfficeHead => {
                watch.heads_in.push(organ);
                watch.all_in.push(organ);
            }
            // A duty without a last day is never overdue.
            Role::Supervisor => watch.overdue_in.extend(organs::subtree(db, organ)?),
            Role::Intake | Role::Auditor | Role::Admin => {}
        }
    }
    Ok(watch)
}

impl Reminders<'_> {
    /// A page of the caller's own duties, by last day, with one row more than `limit` if there are more.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read the organ asked for.
    pub fn my_duties(
        &self,
        caller: &Caller,
        organ: Option<OrganId>,
        filter: &DutyFilter,
        after: Option<After>,
        limit: i64,
    ) -> Result<DutyPage, OfficeError> {
        self.store().read(|db| {
            let seats = seats_with(db, caller, WORKERS, organ, false)?;
            let mut watch = watch(db, caller.user_id, caller.department_id, &caller.roles)?;
            // What a supervisor watches has a list of its own.
            watch.overdue_in.clear();
            // The office answers for whatever a department has in hand.
            let offices = caller.roles.iter().filter(|(_, role)| *role == Role::Clerk).map(|(organ, _)| *organ);
            watch.all_in.extend(offices);
            let here = |organ: &OrganId| seats.iter().any(|seat| seat.organ.id == *organ);
            let parts = [
                &mut watch.own_in,
                &mut watch.unassigned_in,
                &mut watch.reviews_in,
                &mut watch.decides_in,
                &mut watch.heads_in,
                &mut watch.all_in,
            ];
            parts.into_iter().for_each(|organs| organs.retain(here));
            self.page(db, caller, (watch, seats), filter, after, limit)
        })
    }

    /// A page of the duties of the organs the caller supervises, with totals by organ, department and person.
    ///
    /// # Errors
    /// As [`Reminders::my_duties`].
    pub fn duties_below(
        &self,
        caller: &Caller,
        organs: DutyOrgans,
        filter: &DutyFilter,
        after: Option<After>,
        limit: i64,
    ) -> Result<(DutyPage, Vec<DutyTotal>), OfficeError> {
        self.store().read(|db| {
            let seats = seats_with(db, caller, OVERDUE_READERS, organs.organ, organs.with_subordinates)?;
            let watch = Watch { all_in: seats.iter().map(|seat| seat.organ.id).collect(), ..Watch::default() };
            let names: HashMap<OrganId, String> =
                seats.iter().map(|seat| (seat.organ.id, seat.organ.name.clone())).collect();
            let query = query_of(watch.clone(), filter, self.clock().today());
            let totals = totals(db, &query, &names)?;
            Ok((self.page(db, caller, (watch, seats), filter, after, limit)?, totals))
        })
    }

    fn page(
        &self,
        db: &mut Db,
        caller: &Caller,
        (watch, seats): (Watch, Vec<Seat>),
        filter: &DutyFilter,
        after: Option<After>,
        limit: i64,
    ) -> Result<DutyPage, OfficeError> {
        let today = self.clock().today();
        let mut desks = OrganContexts::of_seats(seats.clone());
        let mut query = query_of(watch, filter, today);
        query.near = self.near(db, &seats, &mut desks, today)?;
        let rows = duties::page(db, &query, after, limit)?;
        let mut counts = DutyCounts::default();
        for (group, count) in [
            (Group::Now, &mut counts.now),
            (Group::Near, &mut counts.near),
            (Group::Later, &mut counts.later),
            (Group::Waiting, &mut counts.waiting),
        ] {
            *count = duties::count(db, &query, group)?;
        }
        let lines = self.lines(db, caller, &query, rows, &mut desks)?;
        Ok(DutyPage { lines, counts, today })
    }

    /// The last day of the group "near" by calendar. Organs whose calendar cannot be read use the national one.
    fn near(
        &self,
        db: &mut Db,
        seats: &[Seat],
        desks: &mut OrganContexts,
        today: NaiveDate,
    ) -> Result<Vec<(Vec<OrganId>, NaiveDate)>, OfficeError> {
        let mut near: BTreeMap<NaiveDate, Vec<OrganId>> = BTreeMap::new();
        for seat in seats {
            let desk = desks.of(self, db, seat.organ.id)?;
            let calendar = desk.map_or(crate::law::Calendar::national(), |desk| &*desk.calendar);
            near.entry(calendar.add_estimated(today, NEAR_DAYS)).or_default().push(seat.organ.id);
        }
        Ok(near.into_iter().map(|(until, organs)| (organs, until)).collect())
    }

    fn lines(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &DutyQuery,
        rows: Vec<Listed>,
        desks: &mut OrganContexts,
    ) -> Result<Vec<DutyLine>, OfficeError> {
        let of: BTreeSet<CaseId> = rows.iter().filter_map(|(row, _)| row.case_id).collect();
        let case_rows = cases::many(db, &of.into_iter().collect::<Vec<_>>())?;
        let files: HashMap<CaseId, (cases::CaseRow, Option<CaseFile>)> =
            self.cases().files_of(db, case_rows)?.into_iter().map(|(row, file)| (row.id, (row, file.ok()))).collect();
        let names = Names::of(db, &rows)?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let desk = desks.of(self, db, row.0.organ_id)?.ok();
            let file = row.0.case_id.and_then(|id| files.get(&id));
            lines.push(line(caller, query, row, desk, file, &names));
        }
        Ok(lines)
    }
}

fn query_of(watch: Watch, filter: &DutyFilter, today: NaiveDate) -> DutyQuery {
    DutyQuery { watch, today, near: Vec::new(), filter: filter.clone() }
}

/// Names of the departments and people of a page.
struct Names {
    departments: HashMap<DepartmentId, String>,
    people: HashMap<UserId, String>,
}

impl Names {
    fn of(db: &mut Db, rows: &[Listed]) -> Result<Self, OfficeError> {
        Self::of_ids(
            db,
            rows.iter().filter_map(|(row, _)| row.department_id).collect(),
            rows.iter().filter_map(|(row, _)| row.owner_id).collect(),
        )
    }

    fn of_ids(db: &mut Db, of: BTreeSet<DepartmentId>, people: BTreeSet<UserId>) -> Result<Self, OfficeError> {
        let of: Vec<DepartmentId> = of.into_iter().collect();
        let people: Vec<UserId> = people.into_iter().collect();
        Ok(Self {
            departments: departments::names(db, &of)?.into_iter().collect(),
            people: users::names(db, &people)?.into_iter().collect(),
        })
    }
}

fn line(
    caller: &Caller,
    query: &DutyQuery,
    (row, is_waiting): Listed,
    desk: Option<&OrganContext>,
    case: Option<&(cases::CaseRow, Option<CaseFile>)>,
    names: &Names,
) -> DutyLine {
    let kind = ObligationKind::ALL.iter().copied().find(|kind| kind.code() == row.kind);
    let file = case.and_then(|(_, file)| file.as_ref());
    let derived = file.and_then(|file| file.duties(query.today).into_iter().find(|duty| duty.key == row.key));
    let roles = caller.roles.iter().filter(|(organ, _)| *organ == row.organ_id).map(|(_, role)| *role).collect();
    let person = actor(caller, &roles);
    let settled_by = match (file, kind) {
        (Some(file), Some(kind)) => {
            settling(kind, &actions(&file.case, &file.context(&person, query.today)), query.today)
        }
        _ => Vec::new(),
    };
    let level = desk.zip(row.due_on).filter(|_| !kind.is_some_and(ObligationKind::is_follow_up));
    let level = level.map(|(desk, due)| {
        let thresholds = desk.rules.warning_thresholds();
        warning_level_between(due, row.latest_on.unwrap_or(due), query.today, &thresholds, &desk.calendar)
    });
    let holder = file.zip(kind).and_then(|(file, kind)| match (row.status == SUSPENDED, kind) {
        (true, _) => stop_of(file, query.today),
        (false, ObligationKind::Reply | ObligationKind::RenewedReply) => holder_of_reply(&file.case),
        (false, _) => None,
    });
    let may_confirm = person.roles.contains(&Role::Leader) && row.not_by_id != Some(caller.user_id);
    let is_office = person.roles.contains(&Role::Clerk) || person.roles.contains(&Role::OfficeHead);
    let is_of_department = row.department_id.is_none_or(|id| Some(id) == caller.department_id);
    let may_answer = is_office || (person.roles.contains(&Role::Handler) && is_of_department);
    let order = row.key.strip_prefix(ORDER).and_then(|id| id.parse().ok());
    let range = row.due_on.zip(row.latest_on).map(|(earliest, latest)| DueRange { earliest, latest });
    let estimate = range.zip(desk).map(|(range, desk)| range.said(desk.calendar.awaited_year()));
    let amendment = || row.key.rsplit(':').next()?.parse().ok();
    DutyLine {
        group: group(query, &row, is_waiting),
        organ: desk.map_or_else(String::new, |desk| desk.organ.name.clone()),
        case: case.map(|(case, _)| DutyCase {
            id: case.id,
            number: case.number.clone(),
            title: case.title.clone(),
            applicant: masked_name(&case.applicant_kind, &case.applicant_name),
            reply_due_on: case.due_on.or(case.warns_on),
        }),
        department: row.department_id.and_then(|id| names.departments.get(&id)).cloned(),
        owner: row.owner_id.and_then(|id| names.people.get(&id)).cloned(),
        level,
        no_day: row.due_on.is_none().then(|| no_day(&row, kind)),
        since: holder.as_ref().map(|(since, _)| *since).or_else(|| derived.and_then(|duty| duty.since)),
        waits_for: match holder {
            Some((_, waits_for)) => Some(waits_for),
            None => file.zip(kind).and_then(|(file, kind)| waits_for(&file.case, kind, &row.key)),
        },
        settled_by,
        order: order.filter(|_| may_answer),
        estimate,
        amendment: (kind == Some(ObligationKind::AmendmentConfirmation) && may_confirm).then(amendment).flatten(),
        row,
    }
}

fn no_day(row: &ObligationRow, kind: Option<ObligationKind>) -> NoDay {
    match kind {
        _ if row.status == SUSPENDED => NoDay::Stopped,
        Some(kind) if kind.is_of_others() => NoDay::NotServed,
        _ => NoDay::Unknown,
    }
}

/// The group of a duty.
fn group(query: &DutyQuery, row: &ObligationRow, is_waiting: bool) -> Group {
    if is_waiting {
        return Group::Waiting;
    }
    let near = query.near.iter().find(|(organs, _)| organs.contains(&row.organ_id)).map(|(_, until)| *until);
    match row.due_on {
        Some(due) if due <= query.today => Group::Now,
        Some(due) if near.is_some_and(|near| due <= near) => Group::Near,
        _ => Group::Later,
    }
}

/// Since when the period of the case is stopped, and whom it waits for.
fn stop_of(file: &CaseFile, today: NaiveDate) -> Option<(NaiveDate, WaitsFor)> {
    let case = &file.case;
    match case.stage {
        Stage::AwaitingCorrection => Some((case.correction.as_ref()?.notice.on, WaitsFor::Applicant)),
        Stage::AwaitingJustification => Some((case.justification.as_ref()?.request.on, WaitsFor::Applicant)),
        Stage::AwaitingFee => Some((case.fee.as_ref()?.notice.on, WaitsFor::Applicant)),
        _ => {
            let awaited = case.consultations.iter().filter(|one| case.awaits(one, &file.desk.calendar, today));
            let first = awaited.min_by_key(|one| (one.opened.sent_on, one.number))?;
            Some((first.opened.sent_on, WaitsFor::Asked(first.opened.party.clone())))
        }
    }
}

/// Who has the next step of a reply that was proposed, and since when.
fn holder_of_reply(case: &Case) -> Option<(NaiveDate, WaitsFor)> {
    let proposal = case.proposal.as_ref()?;
    match (case.stage, proposal.next_review()) {
        (Stage::InReview, Some(ReviewKind::Leader)) => Some((proposal.last_on(), WaitsFor::Role(Role::Leader))),
        (Stage::InReview, Some(_)) => Some((proposal.last_on(), WaitsFor::Role(Role::Reviewer))),
        (Stage::Approved, _) => Some((proposal.last_on(), WaitsFor::Office)),
        _ => None,
    }
}

/// Whom a duty of this kind waits for.
fn waits_for(case: &Case, kind: ObligationKind, key: &str) -> Option<WaitsFor> {
    match kind {
        ObligationKind::CorrectionResponse | ObligationKind::JustificationResponse | ObligationKind::FeePayment => {
            Some(WaitsFor::Applicant)
        }
        ObligationKind::ThirdPartyOpinion | ObligationKind::OrganOpinion | ObligationKind::OpinionFollowUp => {
            let number: u16 = key.rsplit(':').next()?.parse().ok()?;
            let asked = case.consultations.iter().find(|asked| asked.number == number)?;
            Some(WaitsFor::Asked(asked.opened.party.clone()))
        }
        kind => kind.acting_role().map(WaitsFor::Role),
    }
}

/// Totals by organ, department and person, those with the most overdue first.
fn totals(db: &mut Db, query: &DutyQuery, organs: &HashMap<OrganId, String>) -> Result<Vec<DutyTotal>, OfficeError> {
    let all = duties::totals(db, query)?;
    let overdue: HashMap<GroupOf, i64> = duties::totals(
        db,
        &DutyQuery { filter: DutyFilter { is_overdue: true, ..query.filter.clone() }, ..query.clone() },
    )?
    .into_iter()
    .collect();
    let names = Names::of_ids(
        db,
        all.iter().filter_map(|((_, department, _), _)| *department).collect(),
        all.iter().filter_map(|((.., owner), _)| *owner).collect(),
    )?;
    let mut totals: Vec<DutyTotal> = all
        .into_iter()
        .map(|(of, open)| DutyTotal {
            organ: organs.get(&of.0).cloned().unwrap_or_default(),
            department: of.1.and_then(|id| names.departments.get(&id)).cloned(),
            owner: of.2.and_then(|id| names.people.get(&id)).cloned(),
            open,
            overdue: overdue.get(&of).copied().unwrap_or(0),
        })
        .collect();
    totals.sort_by(|a, b| {
        (b.overdue, b.open, &a.organ, &a.department, &a.owner).cmp(&(
            a.overdue,
            a.open,
            &b.organ,
            &b.department,
            &b.owner,
        ))
    });
    Ok(totals)
}
