//! The cases behind a cell of a report.

use super::super::{Caller, OfficeError, Reports};
use super::count::{Count, stock_of};
use super::{ReportQuery, ReportScope};
use crate::case::{ApplicantKind, Stage};
use crate::law::Outcome;
use crate::office::Word;
use crate::office::cases::applicants::masked_name;
use crate::report::annual::{Selector, TableLine, is_in_remedy_cell, selector};
use crate::store::cases::CaseRow;
use crate::store::{CaseId, Db, OrganId, reports};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A cell, and the page of its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellQuery {
    /// The report.
    pub report: ReportQuery,
    /// The row of table three, or the block of table four.
    pub row: String,
    /// The column.
    pub column: String,
    /// The last case of the previous page.
    pub after: Option<CaseId>,
    /// Cases per page.
    pub limit: usize,
}

/// 一个数字背后的一件案件
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CellCase {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 机关名称
    pub organ_name: String,
    /// 标题
    pub title: String,
    /// 申请人，自然人只显示姓
    pub applicant: String,
    /// 申请人类型
    pub applicant_kind: Word,
    /// 收到申请之日
    pub received_on: Option<NaiveDate>,
    /// 现在的阶段
    pub stage: Word,
    /// 计入报告的处理结果；结转的为空
    pub outcome: Option<Word>,
    /// 计入报告的办结日期
    pub concluded_on: Option<NaiveDate>,
    /// 表四：该案中计入这一格的复议、诉讼件数
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedies: Option<usize>,
}

impl Reports<'_> {
    /// The cases behind a cell of a report, by id: one more than the limit if there are more. The flag is `false` if
    /// some cases could not be read and are missing from both the count and this list.
    ///
    /// # Errors
    /// As [`Reports::report`]; [`OfficeError::Invalid`] also for a row or column that the form does not have.
    pub fn report_cell(
        &self,
        caller: &Caller,
        organ: Option<OrganId>,
        query: &CellQuery,
    ) -> Result<(Vec<CellCase>, bool), OfficeError> {
        self.store().read(|db| {
            let scope = self.report_scope(db, caller, organ, &query.report)?;
            let count = Count::of(self, db, &scope.ids(), &scope.period)?;
            if scope.form.remedy_blocks().contains(&query.row.as_str()) {
                return Ok((remedy_page(db, &scope, &count, query)?, count.is_complete));
            }
            let selector = selector(scope.form, &query.row, &query.column).ok_or_else(|| {
                let is_row = scope.form.rows().contains(&query.row.as_str());
                let (at, what) = if is_row { ("?column", "栏目") } else { ("?row", "行") };
                OfficeError::invalid(
                    at,
                    "invalid_value",
                    format!("{}年格式没有这一{what}，请按报告中的名称填写", scope.form.code()),
                )
            })?;
            let mut cell = ReportCell { scope: &scope, count: &count, selector: &selector, names: names(&scope) };
            Ok((cell.page(db, query)?, count.is_complete))
        })
    }
}

fn names(scope: &ReportScope) -> HashMap<OrganId, String> {
    scope.organs.iter().map(|organ| (organ.id, organ.name.clone())).collect()
}

struct ReportCell<'a> {
    scope: &'a ReportScope,
    count: &'a Count,
    selector: &'a Selector,
    names: HashMap<OrganId, String>,
}

impl ReportCell<'_> {
    /// Selects cases by their rows, and merges in those whose logs say more than their rows.
    fn page(&mut self, db: &mut Db, query: &CellQuery) -> Result<Vec<CellCase>, OfficeError> {
        let wanted = query.limit.saturating_add(1);
        let stock = stock_of(&self.scope.ids(), &self.scope.period, self.selector);
        let mut found: Vec<CaseRow> = Vec::new();
        let mut after = query.after;
        while found.len() < wanted {
            let batch = reports::rows(db, &stock, after, i64::try_from(wanted).unwrap_or(i64::MAX))?;
            let is_last = batch.len() < wanted;
            after = batch.last().map(|row| row.id).or(after);
            found.extend(batch.into_iter().filter(|row| !self.count.turned.contains_key(&row.id)));
            if is_last {
                break;
            }
        }
        let period = &self.scope.period;
        let is_there = |line: &Option<TableLine>| line.is_some_and(|line| self.selector.takes(&line, period));
        let is_next = |id: &CaseId| query.after.is_none_or(|after| *id > after);
        let turned: Vec<CaseId> =
            self.count.turned.iter().filter(|(id, line)| is_next(id) && is_there(line)).map(|(id, _)| *id).collect();
        found.extend(reports::rows_of(db, &turned)?);
        found.sort_by_key(|row| row.id);
        found.truncate(wanted);
        Ok(found.iter().map(|row| self.case(row)).collect())
    }

    fn case(&self, row: &CaseRow) -> CellCase {
        let (ended, outcome) = match self.count.turned.get(&row.id).copied().flatten() {
            Some(line) => (line.course.concluded.map(|end| end.on), line.course.concluded.map(|end| end.outcome)),
            None => (row.closed_on, row.outcome.as_deref().and_then(Outcome::from_code)),
        };
        let ended = ended.filter(|on| *on <= self.scope.period.until);
        shown(row, &self.names, outcome.filter(|_| ended.is_some()), ended)
    }
}

fn shown(
    row: &CaseRow,
    names: &HashMap<OrganId, String>,
    outcome: Option<Outcome>,
    concluded_on: Option<NaiveDate>,
) -> CellCase {
    let kind = ApplicantKind::from_code(&row.applicant_kind);
    let stage = Stage::from_code(&row.stage);
    CellCase {
        case_id: row.id.0,
        number: row.number.clone(),
        organ_name: names.get(&row.organ_id).cloned().unwrap_or_default(),
        title: row.title.clone(),
        applicant: masked_name(&row.applicant_kind, &row.applicant_name),
        applicant_kind: Word::of(kind.map_or("", ApplicantKind::code), kind.map_or("", ApplicantKind::label)),
        received_on: row.received_on,
        stage: Word::of(stage.map_or("", Stage::code), stage.map_or("", Stage::label)),
        outcome: outcome.map(|outcome| Word::of(outcome.code(), outcome.label())),
        concluded_on,
        remedies: None,
    }
}

/// The cases whose remedies are counted in a cell of table four. Their numbers of remedies add up to the cell.
fn remedy_page(
    db: &mut Db,
    scope: &ReportScope,
    count: &Count,
    query: &CellQuery,
) -> Result<Vec<CellCase>, OfficeError> {
    if !scope.form.remedy_columns().contains(&query.column.as_str()) {
        let detail = format!("表四没有这一栏，应为：{}", scope.form.remedy_columns().join("、"));
        return Err(OfficeError::invalid("?column", "invalid_value", detail));
    }
    let in_cell = |id: &CaseId| {
        let of_case = count.remedies.get(id).into_iter().flatten();
        of_case.filter(|remedy| is_in_remedy_cell(scope.form, &query.row, &query.column, remedy, &scope.period)).count()
    };
    let is_next = |id: &&CaseId| query.after.is_none_or(|after| **id > after);
    let found: Vec<(CaseId, usize)> =
        count.remedies.keys().filter(is_next).map(|id| (*id, in_cell(id))).filter(|(_, there)| *there > 0).collect();
    let there: HashMap<CaseId, usize> = found.into_iter().take(query.limit.saturating_add(1)).collect();
    let ids: Vec<CaseId> = there.keys().copied().collect();
    let names = names(scope);
    let item = |row: &CaseRow| {
        let outcome = row.outcome.as_deref().and_then(Outcome::from_code);
        CellCase { remedies: there.get(&row.id).copied(), ..shown(row, &names, outcome, row.closed_on) }
    };
    Ok(reports::rows_of(db, &ids)?.iter().map(item).collect())
}
