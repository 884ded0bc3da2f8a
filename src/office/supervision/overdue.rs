//! The supervision lists: cases due soon, overdue cases, and late replies, as of any day up to today.
//!
//! Today's lists come from the rows, which are derived from the logs. Only a case whose suspension expired since its
//! row was written is computed from its log. For a past day, every case is computed from its log: facts dated later are
//! ignored, and the rows only select the cases that were open then.

use crate::case::{Position, Role, Stage, Standing, Summary};
use crate::law::{Calendar, ClockStatus, Outcome};
use crate::office::Word;
use crate::office::cases::as_of::CaseAsOf;
use crate::office::cases::case_file::{OrganContext, OrganContexts, derived_of};
use crate::office::cases::queries::{estimate_of, last_day_with_left};
use crate::office::people::access::seats_with;
use crate::office::{Caller, OfficeError, Supervision};
use crate::store::cases::{CaseRow, NamedCase};
use crate::store::people::organs::{OrganRow, Seat};
use crate::store::{
    Db, DepartmentId, OrganId, UserId, cases,
    people::{departments, users},
};
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// The roles that may ask: those responsible for deadlines and those who supervise them (who also see the organs
/// below).
pub const OVERDUE_READERS: &[Role] = &[Role::Supervisor, Role::OfficeHead, Role::Leader, Role::Clerk, Role::Auditor];

/// Default maximum number of rows per list. The counts cover all cases.
pub const MOST_ROWS: usize = 1_000;

/// Maximum number of cases per answer. Beyond it, the answer is marked as incomplete.
const MOST_CASES: i64 = 10_000;

/// Default period of the late replies, in days.
const LATE_DAYS: u64 = 365;

/// A query for the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverdueQuery {
    /// The day. `None` for today.
    pub as_of: Option<NaiveDate>,
    /// Restricts to this organ …
    pub organ: Option<OrganId>,
    /// … and the organs below it.
    pub with_subordinates: bool,
    /// Restricts to this department.
    pub department: Option<DepartmentId>,
    /// First day of the late replies. `None` for 365 days before `as_of`.
    pub late_from: Option<NaiveDate>,
    /// Maximum number of rows per list.
    pub limit: usize,
}

impl OverdueQuery {
    /// Everything visible to the caller, today.
    #[must_use]
    pub const fn today() -> Self {
        Self { as_of: None, organ: None, with_subordinates: true, department: None, late_from: None, limit: MOST_ROWS }
    }

    /// Everything visible to the caller, on a day.
    #[must_use]
    pub const fn on(day: NaiveDate) -> Self {
        Self { as_of: Some(day), ..Self::today() }
    }
}

/// 一件案件在清单中的一行
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverdueRow {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号；尚未登记的为空
    pub number: Option<String>,
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关代码
    pub organ_code: String,
    /// 机关名称
    pub organ_name: String,
    /// 承办科室标识
    pub department_id: Option<Uuid>,
    /// 承办科室
    pub department: Option<String>,
    /// 承办人标识
    pub handler_id: Option<Uuid>,
    /// 承办人
    pub handler: Option<String>,
    /// 标题
    pub title: String,
    /// 当日所处阶段
    pub stage: Word,
    /// 收到申请之日
    pub received_on: NaiveDate,
    /// 答复期限届满日；缺少年度日历时为暂定日
    pub due_on: NaiveDate,
    /// 届满日是否因年度放假安排未公布而为暂定：此时 due_on 为最早
    pub is_provisional: bool,
    /// 届满日为暂定时，最晚的届满日
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_on: Option<NaiveDate>,
    /// 届满日是否为风险日：告知补正超期，补正后重新计算期限可能不被认可，due_on 是不重新计算时的届满日
    pub is_at_risk: bool,
    /// 届满日为暂定时的说明，一行：最早、最晚
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<String>,
    /// 期限状态
    pub clock_status: Word,
    /// 距届满的工作日数（今日到期为 0；届满日为暂定的，至最早的届满日）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_working_days: Option<u32>,
    /// 距届满的日历天数
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<u32>,
    /// 逾期的工作日数
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_working_days: Option<u32>,
    /// 逾期的日历天数
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_days: Option<u32>,
    /// 预警级别；逾期已办的为答复当日的级别
    pub warning: Word,
    /// 处理结果（逾期已办）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Word>,
    /// 答复日期（逾期已办）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replied_on: Option<NaiveDate>,
}

/// 一个清单
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverdueList {
    /// 总件数
    pub total: usize,
    /// 是否因条数限制未全部列出
    pub is_capped: bool,
    /// 各件，最紧急的在前
    pub items: Vec<OverdueRow>,
}

/// 三个清单的件数
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverdueCounts {
    /// 即将逾期
    pub due_soon: usize,
    /// 逾期未办
    pub overdue_open: usize,
    /// 逾期已办
    pub replied_late: usize,
}

impl OverdueCounts {
    fn add(&mut self, kind: OverdueKind) {
        let count = match kind {
            OverdueKind::DueSoon => &mut self.due_soon,
            OverdueKind::OverdueOpen => &mut self.overdue_open,
            OverdueKind::RepliedLate => &mut self.replied_late,
        };
        *count += 1;
    }
}

/// 一个机关的件数
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganCounts {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关代码
    pub organ_code: String,
    /// 机关名称
    pub organ_name: String,
    /// 件数
    #[serde(flatten)]
    pub counts: OverdueCounts,
}

/// 一个科室的件数
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DepartmentCounts {
    /// 机关标识
    pub organ_id: Uuid,
    /// 科室标识；尚未分办的为空
    pub department_id: Option<Uuid>,
    /// 科室名称
    pub department: Option<String>,
    /// 件数
    #[serde(flatten)]
    pub counts: OverdueCounts,
}

/// 督办清单
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverdueReport {
    /// 截止日
    pub as_of: NaiveDate,
    /// 逾期已办自此日起
    pub late_from: NaiveDate,
    /// 是否已查遍全部案件；false 表示在办案件过多，请按机关分别查询，或者有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 合计
    pub totals: OverdueCounts,
    /// 各机关
    pub organs: Vec<OrganCounts>,
    /// 各科室
    pub departments: Vec<DepartmentCounts>,
    /// 即将逾期
    pub due_soon: OverdueList,
    /// 逾期未办
    pub overdue_open: OverdueList,
    /// 逾期已办
    pub replied_late: OverdueList,
}

impl OverdueReport {
    /// Whether a list shows fewer cases than were found.
    #[must_use]
    pub const fn is_capped(&self) -> bool {
        self.due_soon.is_capped || self.overdue_open.is_capped || self.replied_late.is_capped
    }
}

/// The list a case belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OverdueKind {
    DueSoon,
    OverdueOpen,
    RepliedLate,
}

/// How cases are selected and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By their rows, for today.
    Rows,
    /// By the logs of all cases open on the day.
    Logs,
}

/// A case that belongs to a list.
struct Found {
    kind: OverdueKind,
    organ: OrganId,
    department: Option<DepartmentId>,
    handler: Option<UserId>,
    row: OverdueRow,
}

impl Supervision<'_> {
    /// Like [`Supervision::overdue`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Supervision::overdue`].
    pub fn overdue_lists(&self, caller: &Caller, query: &OverdueQuery) -> Result<OverdueReport, OfficeError> {
        self.store().read(|db| self.overdue(db, caller, query))
    }

    /// The three lists for the organs the caller supervises.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ or department is not visible to the caller; [`OfficeError::Invalid`] for
    /// a future day.
    pub fn overdue(&self, db: &mut Db, caller: &Caller, query: &OverdueQuery) -> Result<OverdueReport, OfficeError> {
        let today = self.clock().today();
        let way = if query.as_of.is_none_or(|day| day == today) { Way::Rows } else { Way::Logs };
        self.overdue_by(db, caller, query, way)
    }

    /// Like [`Supervision::overdue`], but computed from the logs even for today. Both must give the same result.
    ///
    /// # Errors
    /// As [`Supervision::overdue`].
    pub fn overdue_from_logs(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &OverdueQuery,
    ) -> Result<OverdueReport, OfficeError> {
        self.overdue_by(db, caller, query, Way::Logs)
    }

    fn overdue_by(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &OverdueQuery,
        way: Way,
    ) -> Result<OverdueReport, OfficeError> {
        let today = self.clock().today();
        let as_of = query.as_of.unwrap_or(today);
        if as_of > today {
            return Err(OfficeError::invalid("?as_of", "in_the_future", "只能查询今天或者过去某日"));
        }
        let late_from = query.late_from.unwrap_or_else(|| earlier(as_of, LATE_DAYS));
        let watched = seats_with(db, caller, OVERDUE_READERS, query.organ, query.with_subordinates)?;
        check_department(db, &watched, query.department)?;
        let mut judged = match way {
            Way::Rows => self.judge_rows(db, &watched, as_of, late_from)?,
            Way::Logs => self.judge_logs(db, &watched, as_of, late_from)?,
        };
        judged.found.retain(|one| query.department.is_none_or(|wanted| one.department == Some(wanted)));
        judged.found.sort_by_key(urgency);
        Ok(report(&watched, judged, as_of, late_from, query.limit))
    }

    /// Today's lists by the rows: cases with `warns_on` within the yellow days, late replies, and cases whose
    /// suspension expired since their row was written. The last are computed from their logs.
    fn judge_rows(
        &self,
        db: &mut Db,
        watched: &[Seat],
        today: NaiveDate,
        late_from: NaiveDate,
    ) -> Result<Judged, OfficeError> {
        let ids = ids_of(watched);
        let mut desks = OrganContexts::of_seats(watched.to_vec());
        let mut until = today;
        for id in &ids {
            // Its cases, if any, are left out below, which marks the answer as incomplete.
            let Ok(OrganContext { rules, calendar, .. }) = desks.of(self, db, *id)? else { continue };
            until = until.max(last_day_with_left(calendar, today, rules.yellow_days));
        }
        let most = MOST_CASES + 1;
        let parts = [
            cases::warned_until(db, &ids, until, today, most)?,
            cases::named_late_replies(db, &ids, late_from, today, most)?,
        ];
        let (cases, mut is_complete) = merged(parts, |one| one.row.id.0);
        let mut names = Names::default();
        let mut found = Vec::new();
        let mut ran_out = Vec::new();
        for NamedCase { row, department, handler } in cases {
            names.departments.extend(row.department_id.zip(department));
            names.people.extend(row.handler_id.zip(handler));
            if row.is_open && row.resumes_on.is_some_and(|last| last < today) {
                ran_out.push(row);
                continue;
            }
            match self.placed_by_row(db, &mut desks, &row, today, late_from) {
                Ok(placed) => found.extend(placed),
                Err(OfficeError::Unreadable(reason)) => {
                    tracing::error!(case = %row.id.0, reason, "a case is left out of the lists: its row cannot be read");
                    is_complete = false;
                }
                Err(other) => return Err(other),
            }
        }
        if !ran_out.is_empty() {
            let is_read = self.cases().each_as_it_stood(db, &ran_out, today, |stood| {
                found.extend(OverdueLine::of_log(stood).and_then(|line| placed(&line, late_from)));
            })?;
            is_complete &= is_read;
        }
        Ok(Judged { found, names, is_complete })
    }

    fn placed_by_row(
        &self,
        db: &mut Db,
        desks: &mut OrganContexts,
        row: &CaseRow,
        today: NaiveDate,
        late_from: NaiveDate,
    ) -> Result<Option<Found>, OfficeError> {
        let desk = match desks.of(self, db, row.organ_id)? {
            Ok(desk) => desk,
            Err(reason) => return Err(OfficeError::Unreadable(reason.to_owned())),
        };
        let calendar = self.calendars().calendar_of(db, row, desk)?;
        let says = derived_of(row)?;
        let position = says.position(today, &desk.rules.warning_thresholds(), &calendar);
        let line = OverdueLine::of_row(row, &says, desk, &calendar, position);
        Ok(line.and_then(|line| placed(&line, late_from)))
    }

    /// The lists of a day by the logs of the cases that were open on it or were replied to late by then.
    fn judge_logs(
        &self,
        db: &mut Db,
        watched: &[Seat],
        as_of: NaiveDate,
        late_from: NaiveDate,
    ) -> Result<Judged, OfficeError> {
        let ids = ids_of(watched);
        let most = MOST_CASES + 1;
        let parts = [cases::open_as_of(db, &ids, as_of, most)?, cases::late_replies(db, &ids, late_from, as_of, most)?];
        let (rows, mut is_complete) = merged(parts, |row| row.id.0);
        let mut found: Vec<Found> = Vec::new();
        is_complete &= self.cases().each_as_it_stood(db, &rows, as_of, |stood| {
            found.extend(OverdueLine::of_log(stood).and_then(|line| placed(&line, late_from)));
        })?;
        let departments = departments::list(db, &ids)?.into_iter().map(|row| (row.id, row.name)).collect();
        let handlers: BTreeSet<UserId> = found.iter().filter_map(|one| one.handler).collect();
        let people = users::names(db, &handlers.into_iter().collect::<Vec<_>>())?.into_iter().collect();
        Ok(Judged { found, names: Names { departments, people }, is_complete })
    }
}

/// The cases found for the lists.
struct Judged {
    found: Vec<Found>,
    names: Names,
    /// Whether every case was judged.
    is_complete: bool,
}

/// The names of departments and people.
#[derive(Default)]
struct Names {
    departments: HashMap<DepartmentId, String>,
    people: HashMap<UserId, String>,
}

fn ids_of(seats: &[Seat]) -> Vec<OrganId> {
    seats.iter().map(|seat| seat.organ.id).collect()
}

/// The organs in which the caller holds one of `roles`, restricted as requested.
///
/// # Errors
/// [`OfficeError::NotFound`] if the requested organ is not among them.
pub(in crate::office) fn watched(
    db: &mut Db,
    caller: &Caller,
    roles: &[Role],
    organ: Option<OrganId>,
    with_subordinates: bool,
) -> Result<Vec<OrganRow>, OfficeError> {
    let seats = seats_with(db, caller, roles, organ, with_subordinates)?;
    Ok(seats.into_iter().map(|seat| seat.organ).collect())
}

fn check_department(db: &mut Db, watched: &[Seat], department: Option<DepartmentId>) -> Result<(), OfficeError> {
    let Some(department) = department else { return Ok(()) };
    let found = departments::find(db, department)?;
    if watched.iter().any(|seat| seat.organ.id == found.organ_id) { Ok(()) } else { Err(OfficeError::NotFound) }
}

/// Merges the parts by id. Returns `false` if a part exceeds [`MOST_CASES`]: each query is limited to one row more.
fn merged<T, const N: usize>(parts: [Vec<T>; N], id: impl Fn(&T) -> Uuid) -> (Vec<T>, bool) {
    let parts = parts.map(|part| cut(part, MOST_CASES));
    let is_complete = parts.iter().all(|(_, is_whole)| *is_whole);
    let rows = parts.into_iter().flat_map(|(rows, _)| rows);
    let by_id: BTreeMap<Uuid, T> = rows.map(|row| (id(&row), row)).collect();
    (by_id.into_values().collect(), is_complete)
}

/// Truncates rows that were queried with a limit of `most + 1`. Returns whether they are complete.
pub(in crate::office) fn cut<T>(mut rows: Vec<T>, most: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let is_whole = rows.len() <= most;
    rows.truncate(most);
    (rows, is_whole)
}

/// A case on a day, by its row or by its log.
struct OverdueLine<'a> {
    row: &'a CaseRow,
    desk: &'a OrganContext,
    calendar: &'a Calendar,
    position: Position,
    number: Option<&'a str>,
    stage: Stage,
    received_on: NaiveDate,
    status: ClockStatus,
    /// The due date, if it is certain.
    due: Option<NaiveDate>,
    /// The line with the range of the due date, while a holiday notice is not published.
    estimate: Option<String>,
    department: Option<Uuid>,
    handler: Option<Uuid>,
    outcome: Option<Outcome>,
    replied_on: Option<NaiveDate>,
}

impl<'a> OverdueLine<'a> {
    /// `None` if the day of receipt is not fixed.
    fn of_log(stood: &CaseAsOf<'a>) -> Option<Self> {
        let CaseAsOf { row, case, desk, calendar, answer, position, .. } = *stood;
        let answer = answer?;
        Some(Self {
            row,
            desk,
            calendar,
            position,
            number: case.number.as_deref(),
            stage: case.stage,
            received_on: case.receipt?.on,
            status: answer.status,
            due: answer.due,
            estimate: answer.estimate(),
            department: case.department_id,
            handler: case.handler_id,
            outcome: case.outcome,
            replied_on: case.replied_on(),
        })
    }

    /// `None` if the day of receipt is not fixed.
    fn of_row(
        row: &'a CaseRow,
        says: &'a Summary,
        desk: &'a OrganContext,
        calendar: &'a Calendar,
        position: Position,
    ) -> Option<Self> {
        Some(Self {
            row,
            desk,
            calendar,
            position,
            number: says.number.as_deref(),
            stage: says.stage,
            received_on: says.received_on?,
            status: says.clock_status?,
            due: says.due_on,
            estimate: estimate_of(row, calendar),
            department: says.department_id,
            handler: says.handler_id,
            outcome: says.outcome,
            replied_on: says.replied_on,
        })
    }
}

/// The list a case belongs to, with its row. `None` if it belongs to none.
fn placed(line: &OverdueLine<'_>, late_from: NaiveDate) -> Option<Found> {
    let OverdueLine { row, desk, calendar, .. } = line;
    let Position { level, due_on, latest_on, on, standing } = line.position;
    let (kind, due_on) = (kind_of(standing)?, due_on?);
    if kind == OverdueKind::RepliedLate && on < late_from {
        return None;
    }
    let is_closed = kind == OverdueKind::RepliedLate;
    let left = (on <= due_on)
        .then(|| Distance { working_days: calendar.count_estimated(on, due_on), days: days_between(on, due_on) });
    let passed = match kind {
        OverdueKind::DueSoon => None,
        // An open case is certainly overdue only after its latest possible day.
        OverdueKind::OverdueOpen => line.due.or(latest_on).or(Some(due_on)),
        OverdueKind::RepliedLate => Some(due_on),
    };
    let passed = passed
        .map(|since| Distance { working_days: calendar.count_estimated(since, on), days: days_between(since, on) });
    Some(Found {
        kind,
        organ: row.organ_id,
        department: line.department.map(DepartmentId),
        handler: line.handler.map(UserId),
        row: OverdueRow {
            case_id: row.id.0,
            number: line.number.map(str::to_owned),
            organ_id: row.organ_id.0,
            organ_code: desk.organ.code.clone(),
            organ_name: desk.organ.name.clone(),
            department_id: line.department,
            department: None,
            handler_id: line.handler,
            handler: None,
            title: row.title.clone(),
            stage: stage_word(line.stage),
            received_on: line.received_on,
            due_on,
            is_provisional: latest_on.is_some(),
            latest_on,
            is_at_risk: line.status == ClockStatus::AwaitingCorrection,
            estimate: line.estimate.clone().filter(|_| latest_on.is_some()),
            clock_status: Word::of(line.status.code(), line.status.label()),
            remaining_working_days: left.map(|left| left.working_days),
            remaining_days: left.map(|left| left.days),
            overdue_working_days: passed.map(|passed| passed.working_days),
            overdue_days: passed.map(|passed| passed.days),
            warning: Word::of(level.code(), level.label()),
            outcome: line.outcome.filter(|_| is_closed).map(outcome_word),
            replied_on: line.replied_on.filter(|_| is_closed),
        },
    })
}

/// The distance between two days.
#[derive(Clone, Copy)]
struct Distance {
    working_days: u32,
    days: u32,
}

fn days_between(first: NaiveDate, last: NaiveDate) -> u32 {
    u32::try_from((last - first).num_days()).unwrap_or(0)
}

const fn kind_of(standing: Standing) -> Option<OverdueKind> {
    match standing {
        Standing::DueSoon | Standing::DueToday => Some(OverdueKind::DueSoon),
        Standing::Overdue | Standing::LongOverdue => Some(OverdueKind::OverdueOpen),
        Standing::Late => Some(OverdueKind::RepliedLate),
        Standing::NotStarted
        | Standing::Running
        | Standing::Suspended
        | Standing::AwaitingApplicant
        | Standing::OnTime
        | Standing::Unjudged
        | Standing::ClosedOtherwise => None,
    }
}

const fn stage_word(stage: Stage) -> Word {
    Word::of(stage.code(), stage.label())
}

fn outcome_word(outcome: Outcome) -> Word {
    Word::of(outcome.code(), outcome.label())
}

/// The sort key: open cases by due date; late replies by reply date, latest first. The case id makes the order stable.
fn urgency(found: &Found) -> (NaiveDate, std::cmp::Reverse<Option<NaiveDate>>, NaiveDate, Uuid) {
    let row = &found.row;
    let first = if found.kind == OverdueKind::RepliedLate { NaiveDate::MIN } else { row.due_on };
    (first, std::cmp::Reverse(row.replied_on), row.due_on, row.case_id)
}

fn earlier(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

/// Counts all cases, and lists at most `limit` rows each with names.
fn report(watched: &[Seat], judged: Judged, as_of: NaiveDate, late_from: NaiveDate, limit: usize) -> OverdueReport {
    let Judged { found, names, is_complete } = judged;
    let mut totals = OverdueCounts::default();
    let mut per_organ: HashMap<OrganId, OverdueCounts> = HashMap::new();
    let mut per_department: BTreeMap<(Uuid, Option<Uuid>), OverdueCounts> = BTreeMap::new();
    let mut lists = [OverdueList::default(), OverdueList::default(), OverdueList::default()];
    for one in found {
        totals.add(one.kind);
        per_organ.entry(one.organ).or_default().add(one.kind);
        per_department.entry((one.organ.0, one.row.department_id)).or_default().add(one.kind);
        let [due_soon, overdue_open, replied_late] = &mut lists;
        let list = match one.kind {
            OverdueKind::DueSoon => due_soon,
            OverdueKind::OverdueOpen => overdue_open,
            OverdueKind::RepliedLate => replied_late,
        };
        list.total += 1;
        if list.items.len() >= limit {
            list.is_capped = true;
            continue;
        }
        let department = one.department.and_then(|id| names.departments.get(&id).cloned());
        let handler = one.handler.and_then(|id| names.people.get(&id).cloned());
        list.items.push(OverdueRow { department, handler, ..one.row });
    }
    let [due_soon, overdue_open, replied_late] = lists;
    let organs = watched.iter().filter_map(|Seat { organ, .. }| {
        let counts = per_organ.get(&organ.id).copied()?;
        Some(OrganCounts {
            organ_id: organ.id.0,
            organ_code: organ.code.clone(),
            organ_name: organ.name.clone(),
            counts,
        })
    });
    let departments = per_department.into_iter().map(|((organ_id, department_id), counts)| DepartmentCounts {
        organ_id,
        department_id,
        department: department_id.and_then(|id| names.departments.get(&DepartmentId(id)).cloned()),
        counts,
    });
    OverdueReport {
        as_of,
        late_from,
        is_complete,
        totals,
        organs: organs.collect(),
        departments: departments.collect(),
        due_soon,
        overdue_open,
        replied_late,
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn exactly_the_bound_is_complete_and_one_more_is_not() {
        assert_eq!(cut(vec![1, 2], 3), (vec![1, 2], true));
        assert_eq!(cut(vec![1, 2, 3], 3), (vec![1, 2, 3], true));
        assert_eq!(cut(vec![1, 2, 3, 4], 3), (vec![1, 2, 3], false));
    }
}
