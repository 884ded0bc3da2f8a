//! The supervision overview: the state of all cases by organ, department and handler, and who held late cases for how
//! long.
//!
//! Everything is computed from the logs, for today as for any past day.

use super::watched::{merged, watched};
use crate::case::{Counting, Delay, Entry, Figures, Holder, Role, Stretch, Tally, add_up_the_tree, delay, used};
use crate::office::cases::as_of::{CaseAsOf, Viewpoint};
use crate::office::{Caller, OfficeError, Supervision, Word};
use crate::store::people::organs::OrganRow;
use crate::store::{
    CaseId, Db, DepartmentId, OrganId, UserId, cases,
    people::{departments, users},
};
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use utoipa::ToSchema;
use uuid::Uuid;

/// The roles that may ask: those who supervise deadlines and those responsible for an organ's.
pub const OVERSEERS: &[Role] = &[Role::Supervisor, Role::OfficeHead, Role::Leader, Role::Auditor];

/// Maximum number of cases per answer. Beyond it, the answer is marked as incomplete.
const MOST_CASES: i64 = 100_000;

/// A query for the overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverviewQuery {
    /// The day. `None` for today.
    pub as_of: Option<NaiveDate>,
    /// The day whose knowledge the figures show. `None` for today's.
    pub known_on: Option<NaiveDate>,
    /// First day of the period. `None` for 1 January of the year of `until` or `as_of`, whichever is earlier.
    pub from: Option<NaiveDate>,
    /// Last day of the period. `None` for `as_of`.
    pub until: Option<NaiveDate>,
    /// Which cases belong to the period.
    pub counting: Counting,
    /// Restricts to this organ …
    pub organ: Option<OrganId>,
    /// … and the organs below it.
    pub with_subordinates: bool,
}

impl Default for OverviewQuery {
    fn default() -> Self {
        Self {
            as_of: None,
            known_on: None,
            from: None,
            until: None,
            counting: Counting::Closing,
            organ: None,
            with_subordinates: true,
        }
    }
}

/// 一个机关
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganOverview {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关代码
    pub organ_code: String,
    /// 机关名称
    pub organ_name: String,
    /// 主管机关
    pub parent_id: Option<Uuid>,
    /// 在所列机关中的层级，最上级为 0
    pub depth: usize,
    /// 本级
    pub own: Figures,
    /// 本级及所列的全部下级
    pub with_subordinates: Figures,
}

/// 一个科室；案件按截至当日最近一次分办归入科室
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DepartmentOverview {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关名称
    pub organ_name: String,
    /// 科室标识；尚未分办的为空
    pub department_id: Option<Uuid>,
    /// 科室名称
    pub department: Option<String>,
    /// 件数与用时
    pub figures: Figures,
    /// 逾期案件（不论现归何科室）滞留在本科室的工作日；尚未分办的一行为分办之前的
    pub delay_working_days: u32,
    /// 其中届满之后的工作日
    pub delay_overdue_working_days: u32,
}

/// 一个承办人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandlerOverview {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关名称
    pub organ_name: String,
    /// 承办人标识；未指定的为空
    pub handler_id: Option<Uuid>,
    /// 承办人
    pub handler: Option<String>,
    /// 件数与用时
    pub figures: Figures,
}

/// 案件在谁手中
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HolderName {
    /// 类别：nobody 尚未分办、office 公开工作机构、department 承办科室、review 审核环节、consulted 征求意见、applicant 申请人
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// 名称
    pub name: String,
    /// 科室标识
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_id: Option<Uuid>,
    /// 审核环节
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub review: Option<&'static str>,
}

/// 逾期案件的工作日在谁手中
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelayShare {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关名称
    pub organ_name: String,
    /// 在谁手中
    pub holder: HolderName,
    /// 涉及的逾期案件
    pub cases: u32,
    /// 计入期限的工作日，含届满之后的
    pub working_days: u32,
    /// 其中届满之后的
    pub overdue_working_days: u32,
}

/// 概览
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Overview {
    /// 截止日：晚于此日的事实视为尚未发生
    pub as_of: NaiveDate,
    /// 按哪一日所知：此日以后登记、更正的内容不计
    pub known_on: NaiveDate,
    /// 期间的首日
    pub from: NaiveDate,
    /// 期间的末日
    pub until: NaiveDate,
    /// 期间按什么计算
    pub counting: Word,
    /// 是否已查遍全部案件；false 表示案件过多，请按机关分别查询，或者有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 所列机关合计
    pub total: Figures,
    /// 各机关，上级在前
    pub organs: Vec<OrganOverview>,
    /// 各科室
    pub departments: Vec<DepartmentOverview>,
    /// 各承办人
    pub handlers: Vec<HandlerOverview>,
    /// 逾期案件（逾期未办、逾期答复）的工作日在谁手中；各项相加等于这些案件用去的工作日
    pub delays: Vec<DelayShare>,
}

/// 一段连续的工作日
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelayStretch {
    /// 在谁手中
    pub holder: HolderName,
    /// 首日
    pub from: NaiveDate,
    /// 末日
    pub through: NaiveDate,
    /// 计入期限的工作日
    pub working_days: u32,
    /// 是否在届满之后
    pub is_overdue: bool,
}

/// 一个案件的工作日在谁手中
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseDelay {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 截止日
    pub as_of: NaiveDate,
    /// 按哪一日所知：此日以后登记、更正的内容不计
    pub known_on: NaiveDate,
    /// 所处状态
    pub standing: Word,
    /// 是否逾期（逾期未办或者逾期答复）
    pub is_late: bool,
    /// 现行期限的起算日（不计入）；补正、缴费、责令重新答复后重新起算的，此前的工作日不计
    pub start_on: NaiveDate,
    /// 届满日；缺少年度日历时为暂定日
    pub due_on: Option<NaiveDate>,
    /// 答复日期
    pub replied_on: Option<NaiveDate>,
    /// 用去的工作日＝各段之和；期限内的与届满之后的合计，停止计算的不计
    pub working_days: u32,
    /// 其中届满之后的
    pub overdue_working_days: u32,
    /// 按在谁手中合计
    pub holders: Vec<HolderDays>,
    /// 逐段：某日办理的事项，当日仍计在前一手
    pub stretches: Vec<DelayStretch>,
}

/// 在某人手中的工作日
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HolderDays {
    /// 在谁手中
    pub holder: HolderName,
    /// 计入期限的工作日，含届满之后的
    pub working_days: u32,
    /// 其中届满之后的
    pub overdue_working_days: u32,
}

/// Cases, working days held, and working days held after the due date.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    cases: u32,
    working_days: u32,
    overdue_working_days: u32,
}

/// The running sums.
#[derive(Default)]
struct Sums {
    organs: HashMap<OrganId, Tally>,
    departments: BTreeMap<(OrganId, Option<DepartmentId>), Tally>,
    handlers: BTreeMap<(OrganId, Option<UserId>), Tally>,
    delays: BTreeMap<(OrganId, Holder), Share>,
}

impl Sums {
    fn add(&mut self, stood: &CaseAsOf<'_>, counting: Counting, period: &RangeInclusive<NaiveDate>, as_of: NaiveDate) {
        let CaseAsOf { row, case, position, .. } = stood;
        if !counting.has(case, period) {
            return;
        }
        let replied = stood.answer.filter(|_| position.standing.is_replied());
        let entry = Entry {
            standing: position.standing,
            used: replied.map(|answer| used(case, answer, as_of, stood.calendar)),
            is_extended: case.extension.is_some(),
            is_corrected: case.correction.is_some(),
        };
        let organ = row.organ_id;
        self.organs.entry(organ).or_default().add(entry);
        self.departments.entry((organ, case.department_id.map(DepartmentId))).or_default().add(entry);
        self.handlers.entry((organ, case.handler_id.map(UserId))).or_default().add(entry);
        if let Some(answer) = stood.answer.filter(|_| position.standing.is_late()) {
            let delay = delay(stood.log, case, answer, as_of, stood.calendar);
            for (holder, days) in shares(&delay) {
                let sum = self.delays.entry((organ, holder)).or_default();
                sum.cases += 1;
                sum.working_days += days.working_days;
                sum.overdue_working_days += days.overdue_working_days;
            }
        }
    }
}

/// The days of one case by holder.
fn shares(delay: &Delay) -> BTreeMap<Holder, Share> {
    let mut shares: BTreeMap<Holder, Share> = BTreeMap::new();
    for Stretch { holder, working_days, is_overdue, .. } in &delay.stretches {
        let share = shares.entry(*holder).or_default();
        share.working_days += working_days;
        share.overdue_working_days += if *is_overdue { *working_days } else { 0 };
    }
    shares
}

impl Supervision<'_> {
    /// Like [`Supervision::overview`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Supervision::overview`].
    pub fn show_overview(&self, caller: &Caller, query: &OverviewQuery) -> Result<Overview, OfficeError> {
        self.store().read(|db| self.overview(db, caller, query))
    }

    /// The overview of the organs visible to the caller.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ is not visible to the caller; [`OfficeError::Invalid`] for a future day
    /// or a period that ends before it begins.
    pub fn overview(&self, db: &mut Db, caller: &Caller, query: &OverviewQuery) -> Result<Overview, OfficeError> {
        let organs = watched(db, caller, OVERSEERS, query.organ, query.with_subordinates)?;
        self.overview_of(db, organs, query)
    }

    /// Like [`Supervision::overview`], for the organ with this code, without authorisation. For the command line.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if no organ has this code; [`OfficeError::Invalid`] as in [`Supervision::overview`].
    pub fn overview_by_code(&self, db: &mut Db, code: &str, query: &OverviewQuery) -> Result<Overview, OfficeError> {
        let mut rows = crate::store::people::organs::all(db)?;
        let root = rows.iter().find(|row| row.code == code).map(|row| row.path.clone()).ok_or(OfficeError::NotFound)?;
        rows.retain(|row| row.path == root || (query.with_subordinates && row.path.starts_with(&root)));
        self.overview_of(db, rows, query)
    }

    fn overview_of(
        &self,
        db: &mut Db,
        mut organs: Vec<OrganRow>,
        query: &OverviewQuery,
    ) -> Result<Overview, OfficeError> {
        let today = self.clock().today();
        let at = Viewpoint::asked(query.as_of, query.known_on, today)?;
        let as_of = at.as_of;
        let until = query.until.unwrap_or(as_of);
        let first_of_year = NaiveDate::from_yo_opt(until.min(as_of).year(), 1).unwrap_or(until);
        let from = query.from.unwrap_or(first_of_year);
        if from > until {
            return Err(OfficeError::invalid("?from", "after_until", "期间的首日不得晚于末日"));
        }
        organs.sort_by(|a, b| a.path.cmp(&b.path));
        let ids: Vec<OrganId> = organs.iter().map(|organ| organ.id).collect();
        let rows = match query.counting {
            Counting::Receipt => cases::received_in(db, &ids, from, until.min(as_of), MOST_CASES + 1)?,
            Counting::Closing => cases::open_or_closed_since(db, &ids, from.min(as_of), as_of, MOST_CASES + 1)?,
        };
        let changed = self.changed_since_known(db, &ids, at.known_on, MOST_CASES + 1)?;
        let (rows, mut is_complete) = merged([rows, changed], MOST_CASES, |row| row.id.0);
        let mut sums = Sums::default();
        let period = from..=until;
        is_complete &=
            self.cases().each_as_it_stood(db, &rows, at, |stood| sums.add(stood, query.counting, &period, as_of))?;
        let counting = Word::of(query.counting.code(), query.counting.label());
        let names = Names::of(db, &organs, &sums)?;
        Ok(names.overview(
            sums,
            &organs,
            Overview { counting, is_complete, ..Overview::empty(at, today, (from, until)) },
        ))
    }

    /// Who held a case for how many days, as of a day and as it was known.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] for a day before the request came in or was recorded; [`OfficeError::Invalid`] for a
    /// future day;
    /// [`OfficeError::Refused`] `receipt_not_fixed` if no period is running yet; [`OfficeError::Unreadable`] if the
    /// case cannot be computed.
    pub fn case_delay(
        &self,
        id: CaseId,
        as_of: Option<NaiveDate>,
        known_on: Option<NaiveDate>,
    ) -> Result<CaseDelay, OfficeError> {
        self.store().read(|db| {
            let today = self.clock().today();
            let at = Viewpoint::asked(as_of, known_on, today)?;
            let days = (at.as_of, at.known_on(today));
            let row = cases::find(db, id)?;
            let named: HashMap<DepartmentId, String> =
                departments::naming(db, &[row.organ_id])?.into_iter().map(|row| (row.id, row.name)).collect();
            let mut found = Err(OfficeError::NotFound);
            if !self.cases().each_as_it_stood(db, &[row], at, |stood| found = delay_of(stood, days, &named))? {
                return Err(OfficeError::unreadable(format!("case {} cannot be computed", id.0)));
            }
            found
        })
    }
}

fn delay_of(
    stood: &CaseAsOf<'_>,
    (as_of, known_on): (NaiveDate, NaiveDate),
    named: &HashMap<DepartmentId, String>,
) -> Result<CaseDelay, OfficeError> {
    let CaseAsOf { row, case, position, .. } = stood;
    let answer = stood.answer.ok_or_else(|| OfficeError::Refused {
        code: "receipt_not_fixed".into(),
        article: None,
        detail: "收到申请之日尚未确定，答复期限未起算".into(),
        errors: Vec::new(),
    })?;
    let delay = delay(stood.log, case, answer, as_of, stood.calendar);
    let shares = shares(&delay);
    Ok(CaseDelay {
        case_id: row.id.0,
        number: case.number.clone(),
        as_of,
        known_on,
        standing: Word::of(position.standing.code(), position.standing.label()),
        is_late: position.standing.is_late(),
        start_on: answer.start,
        due_on: position.due_on,
        replied_on: case.replied_on(),
        working_days: delay.total(),
        overdue_working_days: shares.values().map(|share| share.overdue_working_days).sum(),
        holders: shares
            .into_iter()
            .map(|(holder, share)| HolderDays {
                holder: holder_name(holder, named),
                working_days: share.working_days,
                overdue_working_days: share.overdue_working_days,
            })
            .collect(),
        stretches: delay
            .stretches
            .iter()
            .map(|stretch| DelayStretch {
                holder: holder_name(stretch.holder, named),
                from: stretch.from,
                through: stretch.through,
                working_days: stretch.working_days,
                is_overdue: stretch.is_overdue,
            })
            .collect(),
    })
}

fn holder_name(holder: Holder, named: &HashMap<DepartmentId, String>) -> HolderName {
    let (department_id, review) = match holder {
        Holder::Department(id) => (Some(id), None),
        Holder::Review(kind) => (None, Some(kind.code())),
        Holder::Nobody | Holder::Office | Holder::Consulted | Holder::Applicant => (None, None),
    };
    let name = department_id.and_then(|id| named.get(&DepartmentId(id)).cloned());
    HolderName { kind: holder.code(), name: name.unwrap_or_else(|| holder.label().to_owned()), department_id, review }
}

/// The names behind the ids.
struct Names {
    organs: HashMap<OrganId, String>,
    departments: HashMap<DepartmentId, String>,
    people: HashMap<UserId, String>,
}

impl Names {
    fn of(db: &mut Db, organs: &[OrganRow], sums: &Sums) -> Result<Self, OfficeError> {
        let ids: Vec<OrganId> = organs.iter().map(|organ| organ.id).collect();
        let departments = departments::naming(db, &ids)?.into_iter().map(|row| (row.id, row.name)).collect();
        let handlers: BTreeSet<UserId> = sums.handlers.keys().filter_map(|(_, handler)| *handler).collect();
        let people = users::names(db, &handlers.into_iter().collect::<Vec<_>>())?.into_iter().collect();
        Ok(Self { organs: organs.iter().map(|organ| (organ.id, organ.name.clone())).collect(), departments, people })
    }

    fn organ(&self, id: OrganId) -> String {
        self.organs.get(&id).cloned().unwrap_or_default()
    }

    fn overview(&self, sums: Sums, organs: &[OrganRow], frame: Overview) -> Overview {
        let own: Vec<(&str, Tally)> = organs
            .iter()
            .map(|organ| (organ.path.as_str(), sums.organs.get(&organ.id).cloned().unwrap_or_default()))
            .collect();
        let rolled = add_up_the_tree(&own);
        let mut total = Tally::default();
        own.iter().for_each(|(_, tally)| total.merge(tally));
        let depth = |path: &str| own.iter().filter(|(other, _)| *other != path && path.starts_with(other)).count();
        let organs = organs.iter().zip(&own).zip(&rolled).map(|((organ, (path, own)), rolled)| OrganOverview {
            organ_id: organ.id.0,
            organ_code: organ.code.clone(),
            organ_name: organ.name.clone(),
            parent_id: organ.parent_id.map(|id| id.0),
            depth: depth(path),
            own: own.figures(),
            with_subordinates: rolled.figures(),
        });
        Overview {
            total: total.figures(),
            organs: organs.collect(),
            departments: self.departments(&sums),
            handlers: self.handlers(&sums),
            delays: self.delays(&sums),
            ..frame
        }
    }

    /// Departments with cases or with days of late cases, and the unassigned cases.
    fn departments(&self, sums: &Sums) -> Vec<DepartmentOverview> {
        let mut tallies = sums.departments.clone();
        for (organ, holder) in sums.delays.keys() {
            match holder {
                Holder::Nobody => tallies.entry((*organ, None)).or_default(),
                Holder::Department(id) => tallies.entry((*organ, Some(DepartmentId(*id)))).or_default(),
                Holder::Office | Holder::Review(_) | Holder::Consulted | Holder::Applicant => continue,
            };
        }
        let rows = tallies.into_iter().map(|((organ, department), tally)| {
            let holder = department.map_or(Holder::Nobody, |id| Holder::Department(id.0));
            let share = sums.delays.get(&(organ, holder)).copied().unwrap_or_default();
            DepartmentOverview {
                organ_id: organ.0,
                organ_name: self.organ(organ),
                department_id: department.map(|id| id.0),
                department: department.and_then(|id| self.departments.get(&id).cloned()),
                figures: tally.figures(),
                delay_working_days: share.working_days,
                delay_overdue_working_days: share.overdue_working_days,
            }
        });
        rows.collect()
    }

    fn handlers(&self, sums: &Sums) -> Vec<HandlerOverview> {
        let rows = sums.handlers.iter().map(|((organ, handler), tally)| HandlerOverview {
            organ_id: organ.0,
            organ_name: self.organ(*organ),
            handler_id: handler.map(|id| id.0),
            handler: handler.and_then(|id| self.people.get(&id).cloned()),
            figures: tally.figures(),
        });
        rows.collect()
    }

    fn delays(&self, sums: &Sums) -> Vec<DelayShare> {
        let rows = sums.delays.iter().map(|((organ, holder), share)| DelayShare {
            organ_id: organ.0,
            organ_name: self.organ(*organ),
            holder: holder_name(*holder, &self.departments),
            cases: share.cases,
            working_days: share.working_days,
            overdue_working_days: share.overdue_working_days,
        });
        rows.collect()
    }
}

impl Overview {
    fn empty(at: Viewpoint, today: NaiveDate, (from, until): (NaiveDate, NaiveDate)) -> Self {
        Self {
            as_of: at.as_of,
            known_on: at.known_on(today),
            from,
            until,
            counting: Word::of("", ""),
            is_complete: true,
            total: Tally::default().figures(),
            organs: Vec::new(),
            departments: Vec::new(),
            handlers: Vec::new(),
            delays: Vec::new(),
        }
    }
}
