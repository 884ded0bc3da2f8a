//! The supervision lists as they are answered: rows, counts by organ and department, and whether they are complete.

use super::line::{Found, OverdueKind};
use crate::office::Word;
use crate::store::people::organs::Seat;
use crate::store::{DepartmentId, OrganId, UserId};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// 此后登记、更正的内容是否使这一行与现在所知的不同；按过去某日所知查询时才有，相同的省略
    #[serde(skip_serializing_if = "is_false")]
    pub has_changed_since: bool,
}

/// A flag that is left out where it is not set.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
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

/// 停止计算已久、没有终了之日的一件
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoppedRow {
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
    pub received_on: Option<NaiveDate>,
    /// 等待其意见的一方
    pub party: String,
    /// 这一方是谁
    pub party_kind: Word,
    /// 征求意见书的送达日期是否已经登记；没有登记的，对方的期限没有起算
    pub is_served: bool,
    /// 发出征求意见书的日期
    pub since: NaiveDate,
    /// 停止计算的工作日数，不计发出之日
    pub working_days: u32,
    /// 此后登记、更正的内容是否使这一行与现在所知的不同；按过去某日所知查询时才有，相同的省略
    #[serde(skip_serializing_if = "is_false")]
    pub has_changed_since: bool,
}

/// 停止计算已久的清单
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoppedList {
    /// 总件数
    pub total: usize,
    /// 是否因条数限制未全部列出
    pub is_capped: bool,
    /// 各件，停止最久的在前
    pub items: Vec<StoppedRow>,
}

/// 各清单的件数
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverdueCounts {
    /// 即将逾期
    pub due_soon: usize,
    /// 逾期未办
    pub overdue_open: usize,
    /// 逾期已办
    pub replied_late: usize,
    /// 停止计算已久（15个工作日以上，没有终了之日）
    pub stopped_long: usize,
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
    /// 按哪一日所知：此日以后登记、更正的内容不计
    pub known_on: NaiveDate,
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
    /// 停止计算已久：为征求意见停止15个工作日以上，对方没有法定期限或者送达日期没有登记，不会自行恢复
    pub stopped_long: StoppedList,
}

impl OverdueReport {
    /// Whether a list shows fewer cases than were found.
    #[must_use]
    pub const fn is_capped(&self) -> bool {
        self.due_soon.is_capped
            || self.overdue_open.is_capped
            || self.replied_late.is_capped
            || self.stopped_long.is_capped
    }
}

/// The cases found for the lists.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) found: Vec<Found>,
    /// Those that were stopped long ago.
    pub(super) stopped: Vec<StoppedRow>,
    pub(super) names: Names,
    /// Whether every case was judged.
    pub(super) is_complete: bool,
}

/// The names of departments and people.
#[derive(Default)]
pub(super) struct Names {
    pub(super) departments: HashMap<DepartmentId, String>,
    pub(super) people: HashMap<UserId, String>,
}

/// Counts all cases, and lists at most `limit` rows each with names.
pub(super) fn report(
    watched: &[Seat],
    judged: Judged,
    (as_of, known_on): (NaiveDate, NaiveDate),
    late_from: NaiveDate,
    limit: usize,
) -> OverdueReport {
    let Judged { found, stopped, names, is_complete } = judged;
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
    let mut stopped_long = StoppedList { total: stopped.len(), is_capped: stopped.len() > limit, items: Vec::new() };
    totals.stopped_long = stopped.len();
    for (place, one) in stopped.into_iter().enumerate() {
        per_organ.entry(OrganId(one.organ_id)).or_default().stopped_long += 1;
        per_department.entry((one.organ_id, one.department_id)).or_default().stopped_long += 1;
        if place < limit {
            let department = one.department_id.and_then(|id| names.departments.get(&DepartmentId(id)).cloned());
            let handler = one.handler_id.and_then(|id| names.people.get(&UserId(id)).cloned());
            stopped_long.items.push(StoppedRow { department, handler, ..one });
        }
    }
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
        known_on,
        late_from,
        is_complete,
        totals,
        organs: organs.collect(),
        departments: departments.collect(),
        due_soon,
        overdue_open,
        replied_late,
        stopped_long,
    }
}
