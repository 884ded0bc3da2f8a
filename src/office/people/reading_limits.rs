//! Rate limit and alarm for personal data in clear text: limited disclosures per hour and ledger exports per day, per
//! person. At half of the limit and at the limit, administrators and auditors are notified.
//!
//! Counts entries of the audit log itself, so that all instances agree and no disclosure goes uncounted.

use crate::case::AuditAction;
use crate::law::civil_day;
use crate::mail::alarm::{self, InTheClear};
use crate::mail::notice::Post;
use crate::mail::smtp;
use crate::office::{Caller, OfficeError, People};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::service::tallies;
use crate::store::{Db, OrganId, StoreError, Ts, people::users};
use chrono::TimeDelta;

/// A limited action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::office) enum Brake {
    /// Disclosure of an applicant's identity and contacts.
    Reveals,
    /// Export of a ledger with personal data.
    ClearLedgers,
}

/// The threshold a person reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Half,
    Limit,
}

impl Brake {
    /// The audit action that is counted.
    const fn action(self) -> AuditAction {
        match self {
            Self::Reveals => AuditAction::ApplicantRevealed,
            Self::ClearLedgers => AuditAction::LedgerExportedInClear,
        }
    }

    fn window(self) -> TimeDelta {
        match self {
            Self::Reveals => TimeDelta::hours(1),
            Self::ClearLedgers => TimeDelta::days(1),
        }
    }

    const fn alarm(self, level: Level) -> AuditAction {
        match (self, level) {
            (Self::Reveals, Level::Half) => AuditAction::RevealsHalf,
            (Self::Reveals, Level::Limit) => AuditAction::RevealsLimit,
            (Self::ClearLedgers, Level::Half) => AuditAction::ClearLedgersHalf,
            (Self::ClearLedgers, Level::Limit) => AuditAction::ClearLedgersLimit,
        }
    }

    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Reveals => ("查看申请人证件号码和联系方式", "一小时", "security.reveals_per_hour"),
            Self::ClearLedgers => ("导出含个人信息的台账", "一日（二十四小时）", "security.clear_exports_per_day"),
        }
    }
}

impl People<'_> {
    fn most(&self, brake: Brake) -> u32 {
        match brake {
            Brake::Reveals => self.settings().security.reveals_per_hour,
            Brake::ClearLedgers => self.settings().security.clear_exports_per_day,
        }
    }

    /// Checks the limit and raises the alarm at a threshold. Call it before writing the entry, in the same transaction.
    ///
    /// # Errors
    /// [`OfficeError::TooOften`] with the time to wait, if the limit is reached.
    pub(in crate::office) fn brake(
        &self,
        db: &mut Db,
        brake: Brake,
        caller: &Caller,
        organ: OrganId,
    ) -> Result<(), OfficeError> {
        // Serialises concurrent requests of one person, so that two cannot both take the last place.
        users::lock(db, caller.user_id)?;
        let (now, most) = (self.clock().now(), self.most(brake));
        let done = audit::instants(db, caller.user_id, brake.action(), Ts(now.0 - brake.window()), most.into())?;
        let count = u32::try_from(done.len()).unwrap_or(u32::MAX);
        if let Some(first) = done.last().filter(|_| count >= most) {
            let left = (first.0 + brake.window() - now.0).num_seconds();
            let (what, span, _) = brake.words();
            return Err(OfficeError::TooOften {
                code: "personal_data_brake".into(),
                retry_after_s: u64::try_from(left).unwrap_or(0).saturating_add(1),
                detail: format!(
                    "{what}每人{span}内至多{most}次，您已达到，系统已告知管理员和审计人员；\
                     请在 Retry-After 所示的秒数之后再试，确因工作需要的，请管理员调高上限"
                ),
            });
        }
        let level = match count.saturating_add(1) {
            reached if reached == most => Some(Level::Limit),
            reached if reached == most.div_ceil(2) => Some(Level::Half),
            _ => None,
        };
        level.map_or(Ok(()), |level| self.raise_alarm(db, brake, level, caller, organ))
    }

    /// Writes one audit entry and queues one mail per watcher, at most once per person, level and day.
    fn raise_alarm(
        &self,
        db: &mut Db,
        brake: Brake,
        level: Level,
        caller: &Caller,
        organ: OrganId,
    ) -> Result<(), OfficeError> {
        let now = self.clock().now();
        let action = brake.alarm(level);
        let today = |at: &Ts| civil_day(at.0) == civil_day(now.0);
        if audit::instants(db, caller.user_id, action, Ts(now.0 - TimeDelta::days(1)), 1)?.iter().any(today) {
            return Ok(());
        }
        let most = self.most(brake);
        let count = match level {
            Level::Half => most.div_ceil(2),
            Level::Limit => most,
        };
        let queued = self.mail_alarm(db, brake, level, caller, organ, count)?;
        tracing::warn!(user_id = %caller.user_id.0, action = action.code(), count, "personal data is read often");
        let detail = serde_json::json!({ "count": count, "limit": most, "mails": queued }).to_string();
        let actor_id = Some(caller.user_id);
        let entry = NewAudit { actor_id, organ_id: Some(organ), case_id: None, action, detail: &detail };
        self.service().note_from(db, &caller.origin, entry)
    }

    fn mail_alarm(
        &self,
        db: &mut Db,
        brake: Brake,
        level: Level,
        caller: &Caller,
        organ: OrganId,
        count: u32,
    ) -> Result<usize, OfficeError> {
        let from = match smtp::sender(&self.settings().smtp) {
            Ok(from) => from,
            Err(cause) => {
                tracing::error!(%cause, "no alarm can be mailed: the sender is no mailbox");
                return Ok(0);
            }
        };
        let (what, span, setting) = brake.words();
        let told = InTheClear {
            key: brake.alarm(level).code(),
            user: (caller.user_id, &caller.display_name, &caller.username),
            organ,
            what,
            span,
            setting,
            count,
            limit: self.most(brake),
            at: self.clock().office_time(),
        };
        // Sent at once, outside any window, because a theft may be in progress.
        let post = Post { templates: self.templates(), from: &from, today: self.clock().today(), opens: None };
        Ok(alarm::in_the_clear(db, &post, &told)?)
    }

    /// The number of these alarms so far.
    pub(in crate::office) fn personal_data_alarms(&self, db: &mut Db) -> Result<i64, StoreError> {
        tallies::total(db, tallies::PERSONAL_DATA_ALARMS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_triggers_of_both_databases_count_every_alarm() {
        const TRIGGERS: [&str; 2] = [
            include_str!("../../../migrations/postgres/00000000000019_growth/up.sql"),
            include_str!("../../../migrations/sqlite/00000000000019_growth/up.sql"),
        ];
        for brake in [Brake::Reveals, Brake::ClearLedgers] {
            for level in [Level::Half, Level::Limit] {
                let quoted = format!("'{}'", brake.alarm(level).code());
                // Once where earlier alarms are counted, once in the trigger.
                assert!(TRIGGERS.iter().all(|sql| sql.matches(&quoted).count() == 2), "{quoted}");
            }
        }
    }
}
