//! `gongkai doctor`: what is wrong with an installation, and what to do. Works without an open [`Office`], because a
//! lost key, a damaged file or a missing migration must not hide what else is wrong.

mod data;
mod database;
mod records;
mod setup;

use crate::config::Settings;
use crate::office::{Clock, OfficeError};
use crate::store::service::inspection::Inspection;
use crate::store::{StoreError, Ts};
use serde::Serialize;

pub use setup::greet;

/// How well one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do.
    Ok,
    /// To be done in good time, or not checked.
    Notice,
    /// To be done now.
    Fault,
}

impl Level {
    /// What the operator reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "正常",
            Self::Notice => "注意",
            Self::Fault => "异常",
        }
    }
}

macro_rules! topics {
    ($($(#[$doc:meta])+ $member:ident = $code:literal, $label:literal;)+) => {
        /// What is checked. Codes are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Topic { $($(#[$doc])+ $member,)+ }

        impl Topic {
            /// Every topic, in the order of the output.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];
            /// The code in the output.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$member => $code,)+ } }
            /// What the operator reads.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$member => $label,)+ } }
        }
    };
}

topics! {
    /// The settings and the files they name.
    Config = "config", "配置";
    /// The address of the service.
    Network = "network", "网络";
    /// Whether the database answers, accepts writes and is whole.
    Database = "database", "数据库";
    /// Whether database and program are of one release.
    Migrations = "migrations", "数据库版本";
    /// The sealing key.
    SealingKey = "sealing_key", "加密密钥";
    /// Who may read the files.
    FileModes = "file_modes", "文件权限";
    /// Free space.
    Disk = "disk", "磁盘";
    /// The clocks of this machine, of the database, and of the records.
    Clock = "clock", "时钟";
    /// Whether the logs of cases were changed.
    Chain = "chain", "记录链";
    /// The last check of all dates.
    SelfCheck = "self_check", "期限自查";
    /// Until when last days can be computed.
    Calendar = "calendar", "工作日历";
    /// The mail server.
    MailServer = "mail_server", "邮件服务器";
    /// Mails that wait or are parked.
    MailQueue = "mail_queue", "邮件队列";
    /// The last pass of reminders.
    Reminders = "reminders", "提醒";
    /// The last backup.
    Backup = "backup", "备份";
    /// Administrators, office heads, and handlers of open cases.
    People = "people", "人员";
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    #[serde(rename = "check", serialize_with = "code")]
    pub topic: Topic,
    /// How well it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do. `None` if there is nothing to do.
    pub advice: Option<String>,
}

fn code<S: serde::Serializer>(topic: &Topic, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(topic.code())
}

impl Check {
    fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self { topic, level: Level::Ok, found: found.into(), advice: None }
    }

    fn notice(topic: Topic, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { topic, level: Level::Notice, found: found.into(), advice: Some(advice.into()) }
    }

    fn fault(topic: Topic, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { topic, level: Level::Fault, found: found.into(), advice: Some(advice.into()) }
    }

    /// A check that could not be made because of another one.
    fn skipped(topic: Topic, because: Topic) -> Self {
        let reason = format!("没有检查：先解决“{}”一项", because.label());
        Self::notice(topic, reason, "解决后再运行 gongkai doctor")
    }
}

/// What is examined.
#[derive(Debug)]
pub struct Examination<'a> {
    /// The settings, which may be out of range.
    pub settings: &'a Settings,
    /// The clock of the office.
    pub clock: &'a Clock,
    /// Whether everything stored is verified, not only the newest cases.
    pub is_full: bool,
    /// Why the mail server cannot be used, from [`greet`].
    pub mail_fault: Option<String>,
}

/// Makes every check. Each topic appears once, in the order of [`Topic::ALL`].
#[must_use]
pub fn examine(of: &Examination<'_>) -> Vec<Check> {
    let settings = of.settings;
    let mut checks = vec![setup::config(settings), setup::network(settings), setup::mail_server(of)];
    checks.extend([setup::file_modes(settings), setup::disk(settings)]);
    let url = settings.database.url.expose();
    match Inspection::open(url) {
        Ok(mut open) => inside(of, &mut open, &mut checks),
        Err(cause) => {
            checks.push(database::unreachable(&cause));
            let missing = Topic::ALL.iter().filter(|topic| !checks.iter().any(|check| check.topic == **topic));
            let skipped: Vec<Check> = missing.map(|topic| Check::skipped(*topic, Topic::Database)).collect();
            checks.extend(skipped);
        }
    }
    sorted(checks)
}

/// The checks when the settings cannot be read: where the database is, is not known.
#[must_use]
pub fn unreadable_settings(reason: &str) -> Vec<Check> {
    let advice = "按提示改正配置文件或者 GONGKAI_ 环境变量；各项说明见 docs/reference.md";
    let rest = Topic::ALL.iter().filter(|topic| **topic != Topic::Config);
    let skipped = rest.map(|topic| Check::skipped(*topic, Topic::Config));
    std::iter::once(Check::fault(Topic::Config, reason, advice)).chain(skipped).collect()
}

fn inside(of: &Examination<'_>, open: &mut Inspection, checks: &mut Vec<Check>) {
    let (migrations, is_current) = database::migrations(open);
    let (key, is_key_good) = database::sealing_key(of.settings, open);
    checks.extend([database::health(open), migrations, key]);
    let judge =
        |topic, result: Result<Check, OfficeError>| result.unwrap_or_else(|e| unanswered(topic, &e, is_current));
    let rest = [
        (Topic::Clock, records::clock(of, open)),
        (Topic::Chain, records::chain(of, open, is_key_good && is_current)),
        (Topic::SelfCheck, records::self_check(of, open)),
        (Topic::Calendar, data::calendar(of, open)),
        (Topic::MailQueue, data::mail_queue(open)),
        (Topic::Reminders, data::reminders(of, open)),
        (Topic::Backup, data::backup(of, open)),
        (Topic::People, data::people(open)),
    ];
    checks.extend(rest.into_iter().map(|(topic, result)| judge(topic, result)));
}

/// A check whose statements failed: without all migrations that says nothing about the data.
fn unanswered(topic: Topic, error: &OfficeError, is_current: bool) -> Check {
    if !is_current {
        return Check::skipped(topic, Topic::Migrations);
    }
    let advice = match error {
        OfficeError::Storage(fault) => super::readiness::advice(*fault),
        _ => "运行 gongkai audit verify 查明哪些数据不能读取，必要时从备份恢复",
    };
    let said = match error {
        OfficeError::Unreadable(why) => why.to_string(),
        other => other.to_string(),
    };
    Check::fault(topic, format!("数据不能读取：{said}"), advice)
}

fn sorted(mut checks: Vec<Check>) -> Vec<Check> {
    checks.sort_by_key(|check| Topic::ALL.iter().position(|topic| *topic == check.topic));
    checks
}

/// Days between two instants, rounded down.
fn days_between(from: Ts, to: Ts) -> i64 {
    (to.0 - from.0).num_days()
}

fn said(error: &StoreError) -> String {
    match error {
        StoreError::Refused(text) => text.clone(),
        other => other.to_string(),
    }
}
