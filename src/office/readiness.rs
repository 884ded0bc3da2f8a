//! Whether the service can do its work, asked by whoever watches it.

use super::clock_check::ClockCheck;
use super::{Office, OfficeError};
use crate::store::cases;
use chrono::NaiveDate;
use serde::Serialize;

/// What was found.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// 可以办理业务：数据库可写且迁移已完成
    pub is_ready: bool,
    /// 数据库可读可写
    pub is_database_writable: bool,
    /// 尚未执行的迁移
    pub pending_migrations: Vec<String>,
    /// 工作日历的覆盖情况；数据库不可用时为空
    pub calendar: Option<CalendarReach>,
    /// 最近一次期限自查：差异应为 0；尚未自查或者数据库不可用时为空
    pub clocks: Option<ClockCheck>,
}

/// How far the calendar reaches.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CalendarReach {
    /// 日历版本
    pub version: String,
    /// 日历覆盖到的最后一天
    pub last_day: NaiveDate,
    /// 在办案件中最晚的期限
    pub latest_open_due: Option<NaiveDate>,
    /// 期限落在日历之外、只有暂定日期的在办案件数
    pub cases_in_gap: i64,
    /// 覆盖今天和全部在办期限
    pub is_sufficient: bool,
    /// 自哪一天起没有日历（不足时给出）
    pub missing_since: Option<NaiveDate>,
}

impl Office {
    /// Asks the database, with a write that changes nothing, and the calendar.
    ///
    /// A calendar that ends too early is reported and does not make the service unready: the days it knows can be
    /// worked, and cases beyond it show as `gap`.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let is_database_writable = self.store().probe().is_ok();
        let pending = self.store().pending_migrations();
        let is_migrated = pending.as_ref().is_ok_and(Vec::is_empty);
        let migrated = Some(()).filter(|()| is_migrated);
        let calendar = migrated.and_then(|()| self.calendar_reach().ok());
        let clocks = migrated.and_then(|()| self.store().read(|db| self.last_clock_check(db)).ok().flatten());
        Readiness {
            is_ready: is_database_writable && is_migrated,
            is_database_writable,
            pending_migrations: pending.unwrap_or_default(),
            calendar,
            clocks,
        }
    }

    fn calendar_reach(&self) -> Result<CalendarReach, OfficeError> {
        self.store().read(|db| {
            let latest_open_due = cases::latest_open_due(db)?;
            let calendar = self.calendar(db, "")?;
            let last_day = calendar.last_day();
            let cases_in_gap = cases::count_in_gap(db)?;
            let reaches = latest_open_due.max(Some(self.clock().today())) <= Some(last_day);
            let is_sufficient = reaches && cases_in_gap == 0;
            let missing_since = last_day.succ_opt().filter(|_| !is_sufficient);
            let version = calendar.version().to_owned();
            Ok(CalendarReach { version, last_day, latest_open_due, cases_in_gap, is_sufficient, missing_since })
        })
    }
}
