//! What the audit log records: one code and one label for each action.

use super::vocabulary::words;
use serde::{Deserialize, Serialize};

words! {
    /// What an entry of the audit log records.
    AuditAction {
        /// A correct password was entered.
        SignedIn = "sign_in.succeeded", "登录";
        /// A login, or every login of the user, was ended by the user.
        SignedOut = "sign_out", "退出登录";
        /// A sign-in was refused.
        SignInFailed = "sign_in.failed", "登录失败";
        /// Attempts to sign in were locked out.
        SignInLocked = "sign_in.locked", "登录被锁定";
        /// A lock-out ended; the entry has the number of refused attempts.
        SignInLockEnded = "sign_in.lock_ended", "登录锁定结束";
        /// An operator ended a lock-out.
        SignInUnlocked = "sign_in.unlocked", "解除登录锁定";
        /// A refresh token was used twice.
        RefreshTokenReused = "refresh_token.reused", "刷新令牌被重复使用";
        /// A person changed the own password.
        PasswordChanged = "password.changed", "修改口令";
        /// The present password was wrong at a change.
        PasswordChangeFailed = "password.change_failed", "修改口令失败";
        /// An administrator set a new password.
        PasswordReset = "user.password_reset", "重置口令";
        /// A user was added to an organ.
        UserAdded = "user.added", "新增用户";
        /// Name, address or department of a user changed.
        UserChanged = "user.changed", "修改用户";
        /// A user may no longer sign in.
        UserDeactivated = "user.deactivated", "停用用户";
        /// A user may sign in again.
        UserReactivated = "user.reactivated", "恢复用户";
        /// The roles of a user in an organ were set.
        UserRolesSet = "user.roles_set", "设置角色";
        /// Digest, absence or deputy of a person changed.
        MailChoiceSet = "user.mail_choice", "设置邮件偏好";
        /// A new private calendar address.
        FeedRenewed = "feed.renewed", "更换日历订阅地址";
        /// The private calendar address was withdrawn.
        FeedEnded = "feed.ended", "停用日历订阅";
        /// An organ was added.
        OrganAdded = "organ.added", "新增机关";
        /// An organ or its settings changed.
        OrganChanged = "organ.changed", "修改机关";
        /// An organ ended and another took its place. In the logs of both.
        OrganSucceeded = "organ.succeeded", "机关撤并、承继";
        /// A case went over to the organ that took the place of its own.
        CaseTransferred = "case.transferred", "案件移交承继机关";
        /// A department was added.
        DepartmentAdded = "department.added", "新增科室";
        /// A department changed.
        DepartmentChanged = "department.changed", "修改科室";
        /// The reminder settings of an organ changed.
        RemindersSet = "reminders.settled", "设置提醒";
        /// A calendar was put in force.
        CalendarActivated = "calendar_activated", "启用工作日历";
        /// Identity number and contacts of an applicant were read in clear text.
        ApplicantRevealed = "applicant.revealed", "查看个人信息";
        /// The record of an applicant was corrected.
        ApplicantCorrected = "applicant.corrected", "更正申请人信息";
        /// Names of applicants were searched.
        ApplicantsSearched = "applicants.searched", "按姓名查找申请人";
        /// A ledger with personal data was exported.
        LedgerExportedInClear = "ledger.exported_in_clear", "导出含个人信息的台账";
        /// A ledger was imported.
        LedgerImported = "ledger.imported", "导入台账";
        /// An import was undone: its cases that nobody had worked on are void.
        ImportUndone = "ledger.import_undone", "撤销导入";
        /// A series of numbers was raised without drawing its numbers.
        CounterRaised = "counter.raised", "编号序列提高";
        /// An administrator set the next number of a series.
        CounterSet = "counter.set", "设定编号";
        /// Half of the reveals allowed in an hour.
        RevealsHalf = "alarm.reveals_half", "查看个人信息达到上限一半";
        /// All of the reveals allowed in an hour.
        RevealsLimit = "alarm.reveals_limit", "查看个人信息达到上限";
        /// Half of the exports in clear text allowed in a day.
        ClearLedgersHalf = "alarm.clear_ledgers_half", "导出个人信息达到上限一半";
        /// All of the exports in clear text allowed in a day.
        ClearLedgersLimit = "alarm.clear_ledgers_limit", "导出个人信息达到上限";
        /// The subject tags of a case changed.
        CaseTagged = "case.tagged", "设置主题标签";
        /// A new file of anchors was begun.
        AnchorFileBegun = "anchors.begun", "另起锚定文件";
        /// A text was erased from the log of a case.
        CaseRedacted = "case.redacted", "删除记录中的文字";
        /// A 督办单 was issued.
        OrderIssued = "order.issued", "签发督办单";
        /// A 督办单 was answered.
        OrderAnswered = "order.answered", "答复督办单";
        /// The answer to a 督办单 was returned.
        OrderReturned = "order.returned", "退回督办单答复";
        /// A 督办单 was closed.
        OrderClosed = "order.closed", "办结督办单";
        /// A 督办单 was cancelled.
        OrderCancelled = "order.cancelled", "撤销督办单";
        /// A parked mail was queued again.
        MailReleased = "mail.released", "重新发送邮件";
        /// An outdated parked mail was withdrawn.
        MailWithdrawn = "mail.withdrawn", "撤回过时邮件";
        /// A database that was restored or copied may send mail again.
        MailResumed = "mail.resumed", "恢复发送邮件";
        /// Everything sealed was sealed with another key.
        SealingKeyChanged = "sealing_key.changed", "更换密钥";
        /// Figures of an annual report were entered.
        ReportFiguresSet = "report_figures.set", "填报年度报告数据";
        /// The publication of an annual report was recorded.
        AnnualReportPublished = "annual_report.published", "登记年度报告公布";
    }
}
