//! What the commands share: settings, the log, an open office.

use crate::cli::out::note;
use crate::config::{LogFormat, Settings};
use crate::office::{Clock, Office, check_settings};
use crate::store::StoreError;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

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
        if settings.has_weak_secret() {
            tracing::warn!(
                "token_secret 或者 sealing_key 容易猜到，只能在本机试用 / can be guessed: for a trial on this machine only"
            );
        }
        checked(settings)
    }

    /// Reads the settings without checking them and without starting the log: for a diagnosis.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn unchecked_settings(&self) -> Result<Settings, String> {
        Settings::unchecked_from_process(self.config.as_deref()).map_err(|error| error.to_string())
    }

    /// Opens the database of the settings, creates it if it is missing, and brings it up to date: for the commands that set up.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn office_or_new(&self, clock: Clock) -> Result<Office, String> {
        let office = open(self.settings()?, clock)?;
        bring_up_to_date(&office)?;
        Ok(office)
    }

    /// Opens the database of the settings, which must be there, and brings it up to date: for the commands that change.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn office(&self, clock: Clock) -> Result<Office, String> {
        let office = open_existing(self.settings()?, clock)?;
        bring_up_to_date(&office)?;
        Ok(office)
    }

    /// Opens the database of the settings, which must be there and up to date: for the commands that only read.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn office_to_read(&self, clock: Clock) -> Result<Office, String> {
        let office = open_existing(self.settings()?, clock)?;
        require_current(&office)?;
        Ok(office)
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

/// Runs the migrations that are missing and adopts the calendars of the settings.
///
/// # Errors
/// A text for the operator.
pub(crate) fn bring_up_to_date(office: &Office) -> Result<(), String> {
    office.store().migrate().map_err(|error| format!("数据库迁移失败 / migration failed: {error}"))?;
    office.calendars().adopt_calendars().map_err(|error| format!("工作日历不能使用 / unusable calendar: {error}"))
}

/// A command that only reads runs no migration: the service that uses the database may be an older one.
///
/// # Errors
/// A text for the operator.
pub(crate) fn require_current(office: &Office) -> Result<(), String> {
    match office.store().pending_migrations() {
        Ok(pending) if pending.is_empty() => Ok(()),
        Ok(_) => Err("数据库尚未升级到本版本，请先运行 gongkai migrate / run `gongkai migrate` first".to_owned()),
        Err(error) => Err(unopened(error)),
    }
}

/// Opens the database of the settings, creates it if it is missing, and notes which it is.
///
/// # Errors
/// A text for the operator.
pub(crate) fn open(settings: Settings, clock: Clock) -> Result<Office, String> {
    Office::open(settings, clock).map(named).map_err(unopened)
}

/// Opens the database of the settings, which must be there, and notes which it is.
///
/// # Errors
/// A text for the operator.
pub(crate) fn open_existing(settings: Settings, clock: Clock) -> Result<Office, String> {
    Office::open_existing(settings, clock).map(named).map_err(unopened)
}

/// On standard error: a command run in the wrong directory, or without its environment, must not pass for the right one.
fn named(office: Office) -> Office {
    note!("数据库 / database: {}", office.store().address());
    office
}

fn unopened(error: StoreError) -> String {
    format!("数据库无法打开 / the database cannot be opened: {error}")
}

/// Logs go to stderr: stdout belongs to what the command prints.
fn start_log(settings: &Settings) -> Result<(), String> {
    let filter =
        tracing_subscriber::EnvFilter::try_new(&settings.log.level).map_err(|error| format!("log.level: {error}"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = tracing_subscriber::registry().with(filter);
    let started = match settings.log.format {
        LogFormat::Json => log.with(lines.json().flatten_event(true).with_filter(NoNoise)).try_init(),
        LogFormat::Text => log.with(lines.with_filter(NoNoise)).try_init(),
    };
    // A second command in the same process (tests) keeps the first one's log.
    started.or(Ok(()))
}

/// The bytes of a file, whose reported size may be wrong (a device, a pipe).
///
/// # Errors
/// A text for the operator when it cannot be read, or is larger than `most`.
pub(crate) fn file_bytes(file: &Path, most: usize) -> Result<Vec<u8>, String> {
    let name = file.display();
    let unreadable = |error: std::io::Error| format!("{name}：不能读取：{error}");
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(unreadable)?.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(format!("{name}：文件超过{}MB，请分成几个文件（file_too_large）", most >> 20));
    }
    Ok(bytes)
}

/// Leaves out what the HTTP library logs as an error when a client sends what is not HTTP. Every client can send that, as often
/// as it likes. It is no error of this service and must not fill its log.
struct NoNoise;

impl<S> Filter<S> for NoNoise {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let mut message = Message(String::new());
        if event.metadata().target().starts_with("actix_http::h1") {
            event.record(&mut message);
        }
        !CLIENT_NOISE.iter().any(|noise| message.0.starts_with(noise))
    }
}

/// How those messages begin: of the dispatcher, and of the decoder.
const CLIENT_NOISE: &[&str] = &["stream error: ", "MAX_BUFFER_SIZE unprocessed data reached"];

/// The words of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Prints why a command did not happen and says so in its exit code.
pub(crate) fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            note!("{reason}");
            ExitCode::from(super::WRONG_USAGE)
        }
    }
}
