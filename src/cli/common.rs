//! What the commands share: settings, the log, an open office.

use crate::config::{LogFormat, Settings};
use crate::office::{Clock, Office, check_settings};
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the settings come from; every command that opens the database takes it.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// 配置文件（默认：GONGKAI_CONFIG，或当前目录的 gongkai.toml）
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Reads the settings, checks them with the files they name, and starts the log. Nothing is opened or made yet.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let settings = Settings::from_process(self.config.as_deref()).map_err(|error| error.to_string())?;
        start_log(&settings)?;
        checked(settings)
    }

    /// Opens the database of the settings and brings it up to date.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn office(&self, clock: Clock) -> Result<Office, String> {
        open_current(self.settings()?, clock)
    }
}

/// The settings, if the files and directories they name can be used.
///
/// # Errors
/// A text for the operator.
pub(crate) fn checked(settings: Settings) -> Result<Settings, String> {
    check_settings(&settings).map_err(|error| format!("配置项不能使用 / unusable settings:\n  {error}"))?;
    Ok(settings)
}

/// Opens the database of the settings and brings it up to date.
///
/// # Errors
/// A text for the operator.
pub(crate) fn open_current(settings: Settings, clock: Clock) -> Result<Office, String> {
    let office = open(settings, clock)?;
    office.store().migrate().map_err(|error| format!("数据库迁移失败 / migration failed: {error}"))?;
    office.adopt_calendars().map_err(|error| format!("工作日历不能使用 / unusable calendar: {error}"))?;
    Ok(office)
}

/// Opens the database of the settings.
///
/// # Errors
/// A text for the operator.
pub(crate) fn open(settings: Settings, clock: Clock) -> Result<Office, String> {
    Office::open(settings, clock).map_err(|error| format!("数据库无法打开 / the database cannot be opened: {error}"))
}

/// Logs go to stderr: stdout belongs to what the command prints.
fn start_log(settings: &Settings) -> Result<(), String> {
    let filter =
        tracing_subscriber::EnvFilter::try_new(&settings.log.level).map_err(|error| format!("log.level: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.log.format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.try_init(),
    };
    // A second command in the same process (tests) keeps the first one's log.
    started.or(Ok(()))
}

/// Prints why a command did not happen and says so in its exit code.
pub(crate) fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(super::WRONG_USAGE)
        }
    }
}
