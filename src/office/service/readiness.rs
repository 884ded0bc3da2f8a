//! Readiness of the service, for monitoring.

use crate::office::calendar::self_check::ClockCheck;
use crate::office::{FieldError, OfficeError, Service};
use crate::store::mail::outbox::{self, MailPause};
use crate::store::{StorageFault, StoreError, Ts, cases};
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
    /// 邮件暂停发送（恢复或者复制而来的数据库，在运行 gongkai mail resume 之前）；照常发送或者数据库不可用时为空
    pub mail_paused: Option<MailPaused>,
    /// What is wrong and what to do about it; empty when ready.
    #[serde(skip)]
    pub faults: Vec<FieldError>,
}

/// The pause of all mail.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MailPaused {
    /// 自何时起
    pub since: Ts,
    /// 原因
    pub reason: String,
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

/// Code of a fault without a specific one.
const UNEXPLAINED: &str = "unavailable";

/// The advice to the operator for a fault.
#[must_use]
pub fn advice(fault: StorageFault) -> &'static str {
    match fault {
        StorageFault::Full => "数据库所在磁盘已满：请清理或者扩大磁盘，之后无需重新启动",
        StorageFault::Damaged => "数据库有损坏的页：请停止服务，保留现有文件，从备份恢复",
        StorageFault::Io => "数据库所在磁盘读写出错：请检查磁盘和系统日志",
        StorageFault::FileGone => {
            "数据库文件（或者旁边的 -wal、-shm 文件）已被移走或者删除：请把原文件放回原处；不能放回的，停止服务，核对数据后再启动，或者从备份恢复"
        }
        StorageFault::FileReplaced => "数据库文件已被换成另一个文件：请停止服务，确认应当使用哪一个文件，再启动",
    }
}

impl Service<'_> {
    /// Probes the database (with a write as large as a filing and a read of stored data) and the calendar.
    ///
    /// A calendar that ends too early is reported but does not make the service unready: the known days work, and cases
    /// beyond them have the status `gap`.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let pending = self.store().pending_migrations();
        let is_migrated = pending.as_ref().is_ok_and(Vec::is_empty);
        let pending_migrations = pending.unwrap_or_default();
        let found = self.store().probe();
        let mut faults: Vec<FieldError> = found.iter().map(|fault| self.told(fault)).collect();
        if !pending_migrations.is_empty() {
            // Without its tables the database cannot answer any query. That is not a separate fault.
            faults.retain(|fault| fault.code != UNEXPLAINED);
            faults.push(FieldError::new("migrations", "pending", "有尚未执行的迁移：请运行 gongkai migrate"));
        }
        let is_database_writable = found.is_empty();
        let is_ready = is_database_writable && is_migrated;
        let calendar = Some(()).filter(|()| is_ready).and_then(|()| self.calendar_reach().ok());
        let noted = Some(()).filter(|()| is_ready).and_then(|()| self.noted().ok());
        let (clocks, mail_paused) = noted.unwrap_or_default();
        Readiness { is_ready, is_database_writable, pending_migrations, calendar, clocks, mail_paused, faults }
    }

    /// The last check of all dates, and the pause of all mail.
    fn noted(&self) -> Result<(Option<ClockCheck>, Option<MailPaused>), OfficeError> {
        self.store().read_reserved(|db| {
            let clocks = self.calendars().last_clock_check(db)?;
            let paused = outbox::paused(db)?;
            Ok((clocks, paused.map(|MailPause { since, reason }| MailPaused { since, reason })))
        })
    }

    /// The fault in words for the operator.
    fn told(&self, fault: &StoreError) -> FieldError {
        let (code, detail) = match fault {
            StoreError::Storage(StorageFault::Full, _) => (StorageFault::Full.code(), self.full_disk()),
            StoreError::Storage(fault, _) => (fault.code(), advice(*fault).to_owned()),
            StoreError::Busy | StoreError::OutOfTime => ("busy", "数据库繁忙：连接用尽或者写入排队过长".to_owned()),
            StoreError::Unavailable(_) => ("no_answer", "数据库没有应答：请检查数据库服务器和网络".to_owned()),
            StoreError::Refused(_) => ("sealing_key_changed", "加密密钥已经更换：请用新密钥重新启动服务".to_owned()),
            StoreError::NotFound
            | StoreError::Conflict
            | StoreError::Dangling
            | StoreError::Corrupt(_)
            | StoreError::Database(_) => (UNEXPLAINED, "数据库不可读写：原因见日志".to_owned()),
        };
        tracing::warn!(code, %fault, "the service is not ready");
        FieldError::new("database", code, detail)
    }

    fn full_disk(&self) -> String {
        match self.store().disk() {
            Some(disk) => {
                let (mount, free) = (disk.mount.display(), disk.free / (1 << 20));
                format!("数据库所在磁盘（挂载于 {mount}）已满，剩余 {free} MiB：请清理或者扩大磁盘，之后无需重新启动")
            }
            None => "数据库服务器的磁盘已满：请清理或者扩大磁盘，之后无需重新启动".to_owned(),
        }
    }

    fn calendar_reach(&self) -> Result<CalendarReach, OfficeError> {
        self.store().read_reserved(|db| {
            let latest_open_due = cases::latest_open_due(db)?;
            let calendar = self.calendars().calendar(db, "")?;
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
