//! Preview of a calendar change: changed days, and moved duties of cases. Writes nothing.

use super::short_hash;
use crate::case::{MovedDuty, Role};
use crate::law::{Calendar, CalendarFault, CalendarYear, Overlay};
use crate::office::{Caller, FieldError, OfficeError, WorkCalendars};
use crate::store::people::organs::OrganRow;
use crate::store::{Db, cases, people::organs};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Cases read per page for a preview.
const PAGE: i64 = 500;
/// Maximum number of cases listed in a preview. The counts cover all.
pub const MOST_SHOWN: usize = 1_000;

/// 一日的变化
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangedDay {
    /// 日期
    pub date: NaiveDate,
    /// 现行日历：work 上班，rest 放假或者公休；该年尚无日历的为 unknown
    #[schema(value_type = String)]
    pub before: &'static str,
    /// 新日历：work 上班，rest 放假或者公休
    #[schema(value_type = String)]
    pub after: &'static str,
    /// 放假的节日
    pub name: Option<String>,
}

/// 期限变动的在办案件
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShownCase {
    /// 标识
    pub case_id: Uuid,
    /// 机关代码
    pub organ_code: String,
    /// 受理编号
    pub number: Option<String>,
    /// 变动的期限
    pub moved: Vec<MovedDuty>,
}

/// 新日历的预览
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalendarPreview {
    /// 年份
    pub year: i32,
    /// 通知
    pub notice: String,
    /// 现行全国日历的版本
    pub version_in_force: String,
    /// 启用后的版本
    pub version_after: String,
    /// 启用时填入 activate 参数：所启用的就是所预览的
    pub confirmation: String,
    /// 是否已经启用
    pub is_active: bool,
    /// 逐日的变化
    pub days: Vec<ChangedDay>,
    /// 查看的案件数
    pub cases_looked_at: usize,
    /// 期限变动的案件数
    pub cases_moved: usize,
    /// 期限变动的案件，只列本人管理的机关的；超过 1000 件的只列前 1000 件
    pub items: Vec<ShownCase>,
    /// 启用后尚未更新的案件数：正在由他人办理，随后自动更新
    pub cases_pending: usize,
    /// 记录不能读取、期限未能重新计算的案件数，见服务日志；修复之后自动更新
    pub cases_unreadable: usize,
}

impl WorkCalendars<'_> {
    /// Like [`WorkCalendars::preview_calendar`], in its own read transaction.
    ///
    /// # Errors
    /// As [`WorkCalendars::preview_calendar`].
    pub fn preview_for(&self, caller: &Caller, year: &CalendarYear) -> Result<CalendarPreview, OfficeError> {
        self.store().read(|db| self.preview_calendar(db, Some(caller), year))
    }

    /// The effects of `year`: changed days, and moved duties of cases. Writes nothing. Cases of organs that `caller`
    /// does not administer are counted but not listed. Without a caller (the operator on the command line) all are
    /// listed.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] with every fault of the arrangement.
    pub fn preview_calendar(
        &self,
        db: &mut Db,
        caller: Option<&Caller>,
        year: &CalendarYear,
    ) -> Result<CalendarPreview, OfficeError> {
        let in_force = self.calendar(db, "")?;
        let after = in_force.with_year(year).map_err(|faults| invalid(year, faults))?;
        let mut preview = CalendarPreview {
            year: year.year,
            notice: year.notice.trim().to_owned(),
            version_in_force: in_force.version().to_owned(),
            version_after: after.version().to_owned(),
            confirmation: confirmation(in_force.version(), after.version()),
            is_active: false,
            days: changed_days(&in_force, &after, year),
            cases_looked_at: 0,
            cases_moved: 0,
            items: Vec::new(),
            cases_pending: 0,
            cases_unreadable: 0,
        };
        let mut of_regions: BTreeMap<String, Arc<Calendar>> = BTreeMap::new();
        for organ in organs::all(db)? {
            let to = match of_regions.get(&organ.region) {
                Some(known) => Arc::clone(known),
                None => {
                    let laid_upon = Arc::new(with_region(&after, &organ.region)?);
                    of_regions.insert(organ.region.clone(), Arc::clone(&laid_upon));
                    laid_upon
                }
            };
            let is_shown = caller.is_none_or(|caller| caller.roles_at(&organ.path).contains(&Role::Admin));
            self.preview_organ(db, &organ, &to, is_shown, &mut preview)?;
        }
        Ok(preview)
    }

    fn preview_organ(
        &self,
        db: &mut Db,
        organ: &OrganRow,
        to: &Arc<Calendar>,
        is_shown: bool,
        preview: &mut CalendarPreview,
    ) -> Result<(), OfficeError> {
        for read in [cases::open_by_id, cases::ended_with_duties] {
            let mut after = None;
            loop {
                let page = read(db, organ.id, after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for (row, file) in self.cases().files_of(db, page)? {
                    let file = match file {
                        Ok(file) => file,
                        Err(error) => {
                            tracing::error!(case = %row.id.0, %error, "a case is not in the preview: it cannot be read");
                            preview.cases_unreadable += 1;
                            continue;
                        }
                    };
                    let (_, moved) = self.recomputed(file, to);
                    preview.cases_looked_at += 1;
                    if moved.is_empty() {
                        continue;
                    }
                    preview.cases_moved += 1;
                    if is_shown && preview.items.len() < MOST_SHOWN {
                        let (case_id, number) = (row.id.0, row.number);
                        preview.items.push(ShownCase { case_id, organ_code: organ.code.clone(), number, moved });
                    }
                }
            }
        }
        Ok(())
    }
}

fn with_region(national: &Calendar, region: &str) -> Result<Calendar, OfficeError> {
    match Overlay::of_region(region) {
        Some(overlay) => national.with_overlay(overlay).map_err(|error| OfficeError::Internal(error.to_string())),
        None => Ok(national.clone()),
    }
}

pub(super) fn invalid(year: &CalendarYear, faults: Vec<CalendarFault>) -> OfficeError {
    let field = |fault: CalendarFault| FieldError::new(fault.pointer.clone(), fault.error.code(), fault.detail(year));
    OfficeError::Invalid(faults.into_iter().map(field).collect())
}

fn changed_days(before: &Calendar, after: &Calendar, year: &CalendarYear) -> Vec<ChangedDay> {
    let kind = |is_worked: Option<bool>| match is_worked {
        Some(true) => "work",
        Some(false) => "rest",
        None => "unknown",
    };
    let name = |date: NaiveDate| year.off.iter().find(|day| day.date == date).map(|day| day.name.clone());
    let changes = before.changes_to(after).into_iter();
    changes
        .map(|change| ChangedDay {
            date: change.date,
            before: kind(change.before),
            after: kind(change.after),
            name: name(change.date),
        })
        .collect()
}

/// Identifies the change from one calendar version to another.
pub(super) fn confirmation(before: &str, after: &str) -> String {
    short_hash(&format!("{before} {after}"))
}
