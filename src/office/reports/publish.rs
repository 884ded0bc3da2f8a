//! 公布: the published report is stored unchanged. Events of its cases recorded later are shown as adjustments.

use super::super::{Caller, OfficeError, Reports};
use super::count::Count;
use super::{FIRST_YEAR, ReportQuery, ReportScope};
use crate::case::{
    AMENDING_EVENTS, AnnualReport, ApplicantKind, Event, RemedyCourse, as_it_stood, course, remedy_courses,
};
use crate::law::ClockStatus;
use crate::office::cases::case_file::{read_event, read_log};
use crate::report::annual::{
    Form, Period, Table, TableLine, form, is_in_remedy_cell, selector, table_four, table_three,
};
use crate::store::cases::CaseRow;
use crate::store::cases::events::EventRow;
use crate::store::reports::{self, SnapshotRow};
use crate::store::{Db, OrganId, Ts, cases::events, people::organs};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// 公布后变动的一格
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedCell {
    /// 表：三、四
    #[schema(value_type = String)]
    pub table: &'static str,
    /// 行
    pub row: String,
    /// 栏目
    pub column: String,
    /// 公布的数
    pub published: u32,
    /// 现在的数
    pub now: u32,
}

/// 公布后登记的一件事
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaterEvent {
    /// 事项
    #[schema(value_type = String)]
    pub label: &'static str,
    /// 发生日期
    pub occurred_on: NaiveDate,
    /// 登记时间
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Ts,
}

/// 公布后使数字变动的一件案件
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedCase {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 栏目，即申请人类型
    #[schema(value_type = String)]
    pub column: &'static str,
    /// 公布时所在的各行（合计除外）
    #[schema(value_type = Vec<String>)]
    pub from: Vec<&'static str>,
    /// 现在所在的各行（合计除外）
    #[schema(value_type = Vec<String>)]
    pub to: Vec<&'static str>,
    /// 公布后登记的有关事项
    pub events: Vec<LaterEvent>,
}

/// 年度报告中增减的一格
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportMove {
    /// 报告年度
    pub year: i32,
    /// 行；表四的为栏目
    #[schema(value_type = String)]
    pub row: &'static str,
    /// 栏目，即申请人类型
    #[schema(value_type = String)]
    pub column: &'static str,
    /// 增加（1）或者减少（-1）
    pub change: i32,
}

/// 公布之后的调整
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Adjustments {
    /// 报告年度
    pub year: i32,
    /// 格式
    pub form: Form,
    /// 是否连同下级机关
    pub with_subordinates: bool,
    /// 公布的数字留存的时间
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Ts,
    /// 变动的各格；没有变动的为空
    pub cells: Vec<MovedCell>,
    /// 使其变动的各件案件
    pub cases: Vec<MovedCase>,
}

impl Reports<'_> {
    /// Stores the report on a year as it is now: a government's with the organs below it, a department's alone. Returns
    /// the SHA-256 of what is stored, in hexadecimal, for the audit log.
    pub(in super::super) fn keep_report(
        &self,
        db: &mut Db,
        caller: &Caller,
        organ: OrganId,
        year: i32,
    ) -> Result<String, OfficeError> {
        let with_subordinates = self.cases().desk(db, organ)?.rules.annual_report == AnnualReport::Government;
        let query = ReportQuery { with_subordinates, ..ReportQuery::of_year(year) };
        let organ_row = organs::find(db, organ)?;
        let scope = self.scope(db, organ_row, &query)?;
        let report = self.count_report(db, &scope)?;
        let row = SnapshotRow {
            organ_id: organ,
            year,
            with_subordinates,
            body: serde_json::to_string(&report).map_err(|error| OfficeError::Internal(error.to_string()))?,
            taken_by: Some(caller.user_id),
            taken_at: self.clock().recorded_at(),
        };
        reports::keep(db, &row)?;
        Ok(hex::encode(digest(&SHA256, row.body.as_bytes())))
    }

    /// The report on a year as it was published.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if it was not published, [`OfficeError::Unreadable`] if the stored report does not
    /// parse.
    pub fn published_report(&self, organ: OrganId, year: i32) -> Result<Value, OfficeError> {
        self.store().read(|db| self.published(db, organ, year))
    }

    fn published(&self, db: &mut Db, organ: OrganId, year: i32) -> Result<Value, OfficeError> {
        let row = reports::kept(db, organ, year)?.ok_or(OfficeError::NotFound)?;
        serde_json::from_str(&row.body).map_err(|error| OfficeError::unreadable(format!("a kept report: {error}")))
    }

    /// The changes since the report on a year was published, with the cases and events that caused them.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if it was not published, [`OfficeError::Unreadable`] if the stored report or a log
    /// does not parse.
    pub fn adjustments(&self, organ: OrganId, year: i32) -> Result<Adjustments, OfficeError> {
        self.store().read(|db| {
            let row = reports::kept(db, organ, year)?.ok_or(OfficeError::NotFound)?;
            let published = self.published(db, organ, year)?;
            let query = ReportQuery { with_subordinates: row.with_subordinates, ..ReportQuery::of_year(year) };
            let organ_row = organs::find(db, organ)?;
            let scope = self.scope(db, organ_row, &query)?;
            let count = Count::of(self, db, &scope.ids(), &scope.period)?;
            let three = table_three(scope.form, &scope.period, &count.lines);
            let four = table_four(scope.form, &scope.period, &count.remedies());
            let mut cells = moved_cells("三", &published["table3"], &three)?;
            cells.extend(moved_cells("四", &published["table4"], &four)?);
            Ok(Adjustments {
                year,
                form: scope.form,
                with_subordinates: row.with_subordinates,
                taken_at: row.taken_at,
                cells,
                cases: self.moved_cases(db, &scope, row.taken_at)?,
            })
        })
    }

    /// The cases that moved to other rows because of events recorded after `since` that happened by the end of the
    /// period.
    fn moved_cases(&self, db: &mut Db, scope: &ReportScope, since: Ts) -> Result<Vec<MovedCase>, OfficeError> {
        let ids = reports::recorded_since(db, &scope.ids(), since, scope.period.until)?;
        let rows = reports::rows_of(db, &ids)?;
        let logs = events::load_many(db, &ids)?;
        let mut moved = Vec::new();
        for row in rows {
            let log = logs.get(&row.id).map_or(&[][..], Vec::as_slice);
            let known = log.iter().position(|event| event.recorded_at > since).unwrap_or(log.len());
            let Some((before, later)) = log.split_at_checked(known) else { continue };
            let (then, now) = (self.places(db, &row, before, scope)?, self.places(db, &row, log, scope)?);
            if then == now {
                continue;
            }
            moved.push(MovedCase {
                case_id: row.id.0,
                number: row.number,
                column: ApplicantKind::from_code(&row.applicant_kind).map_or("", ApplicantKind::label),
                from: then,
                to: now,
                events: later_events(later, scope.period)?,
            });
        }
        Ok(moved)
    }

    /// The rows of the form a case is counted in by its log, without sums.
    fn places(
        &self,
        db: &mut Db,
        row: &CaseRow,
        log: &[EventRow],
        scope: &ReportScope,
    ) -> Result<Vec<&'static str>, OfficeError> {
        self.places_of(db, row, &read_log(log)?, scope)
    }

    /// Like [`Reports::places`], of the events in effect.
    fn places_of(
        &self,
        db: &mut Db,
        row: &CaseRow,
        log: &[Event],
        scope: &ReportScope,
    ) -> Result<Vec<&'static str>, OfficeError> {
        let ReportScope { form, period, .. } = scope;
        let is_late = self.was_late(db, row, log, period.until)?;
        let line = course(log).map(|course| TableLine { course, is_late, count: 1 });
        let sums = [form::RESULTS, form::SHEET_RECEIVED, form::SHEET_ENDED, form::SHEET_ANSWERED, form::SHEET_REFUSED];
        let stands = |row: &&'static str| {
            let selector = selector(*form, row, form::TOTAL);
            line.as_ref().zip(selector).is_some_and(|(line, selector)| selector.takes(line, period))
        };
        let mut found: Vec<&'static str> =
            form.rows().into_iter().filter(|row| !sums.contains(row)).filter(stands).collect();
        let remedies = remedy_courses(log);
        found.extend(remedies.iter().filter_map(|remedy| remedy_place(*form, remedy, period)));
        Ok(found)
    }

    /// The cells of the organ's annual reports that a case leaves and enters if its log becomes `after`, sums left out.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub(in crate::office) fn moved_by(
        &self,
        db: &mut Db,
        row: &CaseRow,
        before: &[Event],
        after: &[Event],
    ) -> Result<Vec<ReportMove>, OfficeError> {
        let year_of = |log: &[Event]| course(log).map(|course| course.entered_on.year());
        let Some(first) = [before, after].into_iter().filter_map(year_of).min() else { return Ok(Vec::new()) };
        let organ = organs::find(db, row.organ_id)?;
        let mut moves = Vec::new();
        for year in first.max(FIRST_YEAR)..=self.clock().today().year() {
            let scope = self.scope(db, organ.clone(), &ReportQuery::of_year(year))?;
            let mut cells = |log: &[Event]| -> Result<Vec<(&'static str, &'static str)>, OfficeError> {
                let column = course(log).map_or("", |course| course.applicant_kind.label());
                Ok(self.places_of(db, row, log, &scope)?.into_iter().map(|row| (row, column)).collect())
            };
            let (then, now) = (cells(before)?, cells(after)?);
            let moved = |change: i32| {
                move |(row, column): (&'static str, &'static str)| ReportMove { year, row, column, change }
            };
            moves.extend(then.iter().copied().filter(|cell| !now.contains(cell)).map(moved(-1)));
            moves.extend(now.iter().copied().filter(|cell| !then.contains(cell)).map(moved(1)));
        }
        Ok(moves)
    }

    /// Whether the case was answered late as of a day. Only the form of 2014 lists late replies separately.
    fn was_late(&self, db: &mut Db, row: &CaseRow, log: &[Event], day: NaiveDate) -> Result<bool, OfficeError> {
        let Some(case) = as_it_stood(log, day) else { return Ok(false) };
        let desk = self.cases().desk(db, row.organ_id)?;
        let calendar = self.calendars().calendar_as_of(db, row, &desk, day)?;
        let answer = case.reply_clock(&calendar, &desk.rules, Some(day));
        let answer = answer.map_err(|error| OfficeError::unreadable(format!("clock of case {}: {error}", row.id.0)))?;
        Ok(answer.is_some_and(|answer| answer.status == ClockStatus::MetLate))
    }
}

fn moved_cells(table: &'static str, published: &Value, now: &Table) -> Result<Vec<MovedCell>, OfficeError> {
    let mut moved = Vec::new();
    for (row, cells) in &now.rows {
        for (column, now) in now.columns.iter().zip(cells) {
            let then = published[*row][*column].as_u64().and_then(|count| u32::try_from(count).ok());
            let unreadable = || OfficeError::unreadable(format!("a kept report: table {table}, {row}, {column}"));
            let then = then.ok_or_else(unreadable)?;
            if then != *now {
                moved.push(MovedCell {
                    table,
                    row: (*row).to_owned(),
                    column: (*column).to_owned(),
                    published: then,
                    now: *now,
                });
            }
        }
    }
    Ok(moved)
}

fn later_events(rows: &[EventRow], period: Period) -> Result<Vec<LaterEvent>, OfficeError> {
    // An amendment moves what happened earlier, whatever day it was recorded on.
    let told =
        rows.iter().filter(|row| row.occurred_on <= period.until || AMENDING_EVENTS.contains(&row.kind.as_str()));
    let event = |row: &EventRow| {
        let label = read_event(row)?.label();
        Ok(LaterEvent { label, occurred_on: row.occurred_on, recorded_at: row.recorded_at })
    };
    told.map(event).collect()
}

/// The column of table four a remedy is counted in.
fn remedy_place(form: Form, remedy: &RemedyCourse, period: &Period) -> Option<&'static str> {
    let block = form.remedy_block(remedy.kind);
    let columns = form.remedy_columns().into_iter().filter(|column| *column != form::TOTAL);
    columns.into_iter().find(|column| is_in_remedy_cell(form, block, column, remedy, period))
}
