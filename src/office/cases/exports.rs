//! Lists and the overview as spreadsheet tables.

use super::applicants::masked_name;
use crate::case::{AT_RISK, ApplicantKind, Figures, Stage, Tenths, late_mark};
use crate::law::{Channel, ClockStatus, Outcome, WarningLevel};
use crate::office::cases::case_file::OrganContexts;
use crate::office::cases::queries::{CaseQuery, ListedCase};
use crate::office::supervision::overdue::{OverdueList, OverdueReport, OverdueRow, StoppedRow};
use crate::office::supervision::overview::{DelayShare, Overview};
use crate::office::{Caller, Cases, OfficeError};
use crate::report::{Cell, Column, ReportError, Sheet};
use crate::store::cases::{CaseCursor, CaseRow};
use crate::store::{
    CaseId, Db, DepartmentId, OrganId, UserId,
    people::{departments, organs, users},
};
use std::collections::{BTreeSet, HashMap};

/// Replaces a warning level that depends on unreadable settings.
const UNKNOWN_LEVEL: &str = "（设置不能读取）";

impl From<ReportError> for OfficeError {
    fn from(error: ReportError) -> Self {
        Self::Internal(error.to_string())
    }
}

fn columns(columns: &[(&'static str, u16)]) -> Vec<Column> {
    columns.iter().map(|(heading, width)| Column { heading, width: *width }).collect()
}

const OVERDUE: [(&str, u16); 24] = [
    ("清单", 10),
    ("受理编号", 20),
    ("标题", 36),
    ("机关", 22),
    ("承办科室", 16),
    ("承办人", 12),
    ("环节", 10),
    ("收到日期", 12),
    ("届满日", 12),
    ("届满日为暂定", 9),
    ("最晚届满日", 12),
    ("届满日说明", 36),
    ("预警级别", 16),
    ("剩余工作日", 8),
    ("逾期工作日", 8),
    ("逾期天数", 8),
    ("期限状态", 14),
    ("答复日期", 12),
    ("处理结果", 20),
    ("其后登记有变动", 10),
    ("等待哪一方的意见", 22),
    ("发出征求意见日期", 12),
    ("送达日期已登记", 9),
    ("已停止工作日数", 9),
];

/// The lists in one table. The first column names the list.
#[must_use]
pub fn overdue_sheet(report: &OverdueReport) -> Sheet {
    let lists =
        [("即将逾期", &report.due_soon), ("逾期未办", &report.overdue_open), ("逾期已办", &report.replied_late)];
    let rows = |(name, list): (&'static str, &OverdueList)| -> Vec<Vec<Cell>> {
        list.items.iter().map(|row| overdue_row(name, row)).collect()
    };
    let mut rows: Vec<Vec<Cell>> = lists.into_iter().flat_map(rows).collect();
    rows.extend(report.stopped_long.items.iter().map(stopped_row));
    Sheet { name: "督办清单", columns: columns(&OVERDUE), rows }
}

fn stopped_row(row: &StoppedRow) -> Vec<Cell> {
    let mut cells: Vec<Cell> = vec![
        "停止计算已久".into(),
        row.number.clone().into(),
        row.title.clone().into(),
        row.organ_name.clone().into(),
        row.department.clone().into(),
        row.handler.clone().into(),
        (&row.stage.label).into(),
        row.received_on.into(),
    ];
    cells.resize_with(16, || Cell::Empty);
    cells.extend([ClockStatus::Suspended.label().into(), Cell::Empty, Cell::Empty, row.has_changed_since.into()]);
    cells.extend([row.party.clone().into(), row.since.into(), row.is_served.into(), row.working_days.into()]);
    cells
}

fn overdue_row(list: &str, row: &OverdueRow) -> Vec<Cell> {
    vec![
        list.into(),
        row.number.clone().into(),
        row.title.clone().into(),
        row.organ_name.clone().into(),
        row.department.clone().into(),
        row.handler.clone().into(),
        (&row.stage.label).into(),
        row.received_on.into(),
        row.due_on.into(),
        row.is_provisional.into(),
        row.latest_on.into(),
        row.estimate.clone().or_else(|| row.is_at_risk.then(|| AT_RISK.to_owned())).into(),
        (&row.warning.label).into(),
        row.remaining_working_days.into(),
        row.overdue_working_days.into(),
        row.overdue_days.into(),
        (&row.clock_status.label).into(),
        row.replied_on.into(),
        row.outcome.as_ref().map(|outcome| &outcome.label).into(),
        row.has_changed_since.into(),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
    ]
}

const CASES: [(&str, u16); 21] = [
    ("受理编号", 20),
    ("标题", 36),
    ("机关", 22),
    ("申请人", 14),
    ("申请人类型", 12),
    ("申请方式", 12),
    ("环节", 10),
    ("期限状态", 14),
    ("预警级别", 16),
    ("收到日期", 12),
    ("届满日", 12),
    ("最早届满日", 12),
    ("最晚届满日", 12),
    ("届满日说明", 36),
    ("答复日期", 12),
    ("是否逾期答复", 8),
    ("是否延期", 8),
    ("处理结果", 20),
    ("承办科室", 16),
    ("承办人", 12),
    ("补录", 18),
];

/// The empty table of cases.
#[must_use]
pub fn case_table() -> Sheet {
    Sheet { name: "案件", columns: columns(&CASES), rows: Vec::new() }
}

impl Cases<'_> {
    /// Passes all cases of a query to `each` as rows of [`case_table`], `size` at a time, in one read transaction.
    ///
    /// # Errors
    /// As [`Cases::list_cases`]; the errors of `each`.
    pub fn each_page_of_case_rows(
        &self,
        caller: &Caller,
        query: &CaseQuery,
        size: i64,
        mut each: impl FnMut(&[Vec<Cell>]) -> Result<(), OfficeError>,
    ) -> Result<(), OfficeError> {
        self.store().read(|db| {
            let mut after = None;
            loop {
                let lines = self.list_cases(db, caller, query, after.as_ref(), size)?;
                let Some(last) = lines.last() else { return Ok(()) };
                after = Some(CaseCursor::of(query.order, &last.row));
                let shown: Vec<CaseRow> = lines.iter().map(|line| line.row.clone()).collect();
                let mut desks = OrganContexts::of_rows(db, &shown)?;
                let late = self.late_receipts(db, &shown, &mut desks)?;
                each(&case_rows(db, &lines, &late)?)?;
            }
        })
    }
}

/// Cases as rows, with masked applicants' names.
fn case_rows(db: &mut Db, lines: &[ListedCase], late: &HashMap<CaseId, u32>) -> Result<Vec<Vec<Cell>>, OfficeError> {
    let mut ids: Vec<OrganId> = lines.iter().map(|line| line.row.organ_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let organs: HashMap<OrganId, String> = organs::all(db)?.into_iter().map(|row| (row.id, row.name)).collect();
    let named: HashMap<DepartmentId, String> =
        departments::naming(db, &ids)?.into_iter().map(|row| (row.id, row.name)).collect();
    let handlers: BTreeSet<UserId> = lines.iter().filter_map(|line| line.row.handler_id).collect();
    let people: HashMap<UserId, String> =
        users::names(db, &handlers.into_iter().collect::<Vec<_>>())?.into_iter().collect();
    let mut rows = Vec::with_capacity(lines.len());
    for ListedCase { row, warning, estimate } in lines {
        let handler = row.handler_id.and_then(|id| people.get(&id).cloned());
        let known = |label: Option<&'static str>, code: &str| Cell::from(label.unwrap_or(code));
        rows.push(vec![
            row.number.clone().into(),
            row.title.clone().into(),
            organs.get(&row.organ_id).cloned().into(),
            masked_name(&row.applicant_kind, &row.applicant_name).into(),
            known(ApplicantKind::from_code(&row.applicant_kind).map(ApplicantKind::label), &row.applicant_kind),
            known(Channel::from_code(&row.channel).map(Channel::label), &row.channel),
            known(Stage::from_code(&row.stage).map(Stage::label), &row.stage),
            known(ClockStatus::from_code(&row.clock_status).map(ClockStatus::label), ""),
            warning.map_or(UNKNOWN_LEVEL, WarningLevel::label).into(),
            row.received_on.into(),
            row.due_on.into(),
            row.warns_on.filter(|_| row.latest_on.is_some()).into(),
            row.latest_on.into(),
            estimate.clone().into(),
            row.replied_on.into(),
            row.is_late.into(),
            row.is_extended.into(),
            row.outcome.as_deref().and_then(Outcome::from_code).map(Outcome::label).into(),
            row.department_id.and_then(|id| named.get(&id).cloned()).into(),
            handler.into(),
            late.get(&row.id).copied().map(late_mark).into(),
        ]);
    }
    Ok(rows)
}

const WHOSE: [(&str, u16); 4] = [("范围", 14), ("机关", 24), ("科室", 18), ("承办人", 12)];

const FIGURES: [(&str, u16); 20] = [
    ("总件数", 8),
    ("在办", 8),
    ("待确认收到", 8),
    ("期限内", 8),
    ("即将到期", 8),
    ("今日到期", 8),
    ("逾期未办（红）", 9),
    ("严重逾期（黑）", 9),
    ("停止计算", 8),
    ("待申请人", 8),
    ("重新答复", 8),
    ("办结", 8),
    ("按期答复", 8),
    ("逾期答复", 8),
    ("不能判断是否按期", 9),
    ("未经答复终结", 8),
    ("平均用时（工作日）", 10),
    ("用时第90百分位（工作日）", 12),
    ("延期率%", 8),
    ("补正率%", 8),
];

const HELD: [(&str, u16); 2] = [("逾期案件滞留工作日", 10), ("其中届满之后", 10)];

fn figure_cells(figures: &Figures) -> Vec<Cell> {
    let tenths = |value: Option<Tenths>| value.map_or(Cell::Empty, |Tenths(tenths)| Cell::Tenths(tenths));
    let counts = [
        figures.total,
        figures.open,
        figures.not_started,
        figures.running,
        figures.due_soon,
        figures.due_today,
        figures.overdue_red,
        figures.overdue_black,
        figures.suspended,
        figures.awaiting_applicant,
        figures.reply_revoked,
        figures.closed,
        figures.replied_on_time,
        figures.replied_late,
        figures.replied_unjudged,
        figures.closed_otherwise,
    ];
    let mut cells: Vec<Cell> = counts.into_iter().map(Cell::Count).collect();
    cells.extend([
        tenths(figures.average_working_days),
        figures.percentile_90_working_days.into(),
        tenths(figures.extension_percent),
        tenths(figures.correction_percent),
    ]);
    cells
}

/// The overview as tables, the figures first.
#[must_use]
pub fn overview_sheets(overview: &Overview) -> [Sheet; 3] {
    [figure_sheet(overview), delay_sheet(overview), note_sheet(overview)]
}

/// The figures of organs, departments and handlers in one table.
fn figure_sheet(overview: &Overview) -> Sheet {
    let row = |whose: [Cell; 4], figures: &Figures, held: [Cell; 2]| -> Vec<Cell> {
        whose.into_iter().chain(figure_cells(figures)).chain(held).collect()
    };
    let none = || [Cell::Empty, Cell::Empty];
    let mut rows = vec![row(["合计".into(), Cell::Empty, Cell::Empty, Cell::Empty], &overview.total, none())];
    for organ in &overview.organs {
        let name = || Cell::from(organ.organ_name.clone());
        rows.push(row(["机关本级".into(), name(), Cell::Empty, Cell::Empty], &organ.own, none()));
        let all = ["机关含下级".into(), name(), Cell::Empty, Cell::Empty];
        rows.push(row(all, &organ.with_subordinates, none()));
    }
    for of in &overview.departments {
        let name = of.department.clone().unwrap_or_else(|| "（尚未分办）".to_owned());
        let held = [of.delay_working_days.into(), of.delay_overdue_working_days.into()];
        rows.push(row(["科室".into(), of.organ_name.clone().into(), name.into(), Cell::Empty], &of.figures, held));
    }
    for of in &overview.handlers {
        let name = of.handler.clone().unwrap_or_else(|| "（未指定）".to_owned());
        rows.push(row(["承办人".into(), of.organ_name.clone().into(), Cell::Empty, name.into()], &of.figures, none()));
    }
    let mut headings = WHOSE.to_vec();
    headings.extend(FIGURES);
    headings.extend(HELD);
    Sheet { name: "概览", columns: columns(&headings), rows }
}

/// Who held the late cases for how many days.
fn delay_sheet(overview: &Overview) -> Sheet {
    let row = |share: &DelayShare| -> Vec<Cell> {
        vec![
            share.organ_name.clone().into(),
            share.holder.name.clone().into(),
            share.cases.into(),
            share.working_days.into(),
            share.overdue_working_days.into(),
        ]
    };
    let headings = [("机关", 24), ("在谁手中", 20), ("逾期案件", 10), ("滞留工作日", 12), ("其中届满之后", 12)];
    Sheet { name: "滞留", columns: columns(&headings), rows: overview.delays.iter().map(row).collect() }
}

/// The parameters of the figures, so that a printed table is self-explanatory.
fn note_sheet(overview: &Overview) -> Sheet {
    let complete = if overview.is_complete {
        "是"
    } else {
        "否：案件过多，请按机关分别查询；或者有案件的记录不能读取"
    };
    let rows = [
        ("截至", overview.as_of.into()),
        ("按哪一日所知", overview.known_on.into()),
        ("期间首日", overview.from.into()),
        ("期间末日", overview.until.into()),
        ("计算方式", (&overview.counting.label).into()),
        ("是否查遍全部案件", complete.into()),
        ("用时", "计入期限的工作日，逾期后的工作日一并计入；停止计算的不计".into()),
        ("第90百分位", "最近序位法：全部用时由小到大排列，第⌈0.9n⌉个".into()),
        ("延期率、补正率", "延长过答复期限的、告知过补正的件数，除以总件数".into()),
    ];
    let rows = rows.into_iter().map(|(what, value): (&str, Cell)| vec![what.into(), value]).collect();
    Sheet { name: "说明", columns: columns(&[("项目", 20), ("内容", 70)]), rows }
}
