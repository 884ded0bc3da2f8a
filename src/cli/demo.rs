//! `gongkai demo`: a fresh embedded database, a bureau with its people, the courts' cases and a docket around today,
//! typed in through the office's commands; then what a supervisor sees, and the service.

mod docket;
mod house;
mod mails;
mod report;
mod sink;
mod typist;

pub use house::{House, Login};

use super::common::{finish, open};
use super::init::explain;
use super::serve::serve;
use crate::cli::out::say;
use crate::config::Settings;
use crate::office::{Clock, Office, OfficeError};
use crate::store::CaseId;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The courts' latest fact lies before this day, and the rules the docket follows have been in force for long.
const EARLIEST: NaiveDate = match NaiveDate::from_ymd_opt(2025, 7, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The database in the demonstration's directory.
const FILE: &str = "gongkai.db";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 数据库所在目录；不填则用临时目录，结束时删除
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// 监听地址；不填则按 GONGKAI_BIND，没有的为 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// 只录入并显示，不启动服务
    #[arg(long)]
    no_serve: bool,
    /// 以这一天为今天（YYYY-MM-DD，不早于 2025-07-01）
    #[arg(long, value_name = "DATE")]
    today: Option<NaiveDate>,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(demo(&args))
}

fn demo(args: &Args) -> Result<(), String> {
    let today = args.today.unwrap_or_else(|| Clock::system().today());
    if today < EARLIEST {
        return Err(format!("--today 不得早于 {EARLIEST} / must not be earlier than {EARLIEST}"));
    }
    let bind = address(args)?;
    // Taken before the docket is typed in, not after.
    let taken = |error| format!("不能监听 / cannot listen on {bind}: {error}");
    let listener = (!args.no_serve).then(|| TcpListener::bind(&bind).map_err(taken)).transpose()?;
    let place = Place::prepare(args.dir.as_deref())?;
    let variables = [
        ("GONGKAI_DATABASE_URL".to_owned(), format!("sqlite:{}", place.directory.join(FILE).display())),
        ("GONGKAI_BIND".to_owned(), bind.clone()),
    ];
    // Nothing else of this process's own configuration: a demonstration must not write to real people.
    let mut settings = Settings::load(None, variables).map_err(|error| error.to_string())?;
    let sink = sink::Sink::start(&place.directory).map_err(|error| format!("演示邮件服务器：{error}"))?;
    mails::use_sink(&mut settings, &sink);
    let office = open(settings.clone(), Clock::fixed(today))?;
    office.store().migrate().map_err(|error| format!("数据库迁移失败 / migration failed: {error}"))?;
    let loaded = load(&office, &mut |_, _| ())?;
    let mails = mails::remind(&office)?.text(&sink);
    let shown = report::text(&office, &loaded, &mails, &place.directory, &bind);
    say!("{}", shown.map_err(|error| explain(&error))?);
    let Some(listener) = listener else { return Ok(()) };
    let clock = if args.today.is_some() { Clock::fixed(today) } else { Clock::system() };
    let office = Office::with_store(office.store().clone(), settings, clock).map_err(|error| explain(&error))?;
    serve(&office, listener)
}

/// The address to listen on: of the command, of the environment, or the default.
fn address(args: &Args) -> Result<String, String> {
    let given = args.bind.clone().or_else(|| std::env::var("GONGKAI_BIND").ok());
    let variables = given.map(|bind| ("GONGKAI_BIND".to_owned(), bind));
    Settings::load(None, variables).map(|settings| settings.server.bind).map_err(|error| error.to_string())
}

/// The docket after it was typed in.
#[derive(Debug)]
pub struct Loaded {
    /// The bureau and its people.
    pub house: House,
    /// The cases by their key in `config/demo`.
    pub cases: BTreeMap<String, CaseId>,
    /// Where the cases come from.
    pub sources: Vec<String>,
    /// What could not be typed in, and why.
    pub left_out: Vec<String>,
}

/// Makes the bureau in an empty, migrated database and types the docket in. The office's clock must be a fixed one: it
/// stands on the day of each fact while that is typed in, and again on its first day afterwards. `after_day` is called
/// at the end of each day on which something was typed in.
///
/// # Errors
/// A text for the operator.
pub fn load(office: &Office, after_day: &mut dyn FnMut(&House, NaiveDate)) -> Result<Loaded, String> {
    let today = office.clock().today();
    let calendar = office.store().read(|db| office.calendars().calendar(db, "")).map_err(|error| explain(&error))?;
    let agenda = docket::agenda(today, &calendar)?;
    let house = House::build(office).map_err(|error| explain(&error))?;
    let cases = typist::type_in(office, &house, &agenda, after_day)?;
    office.clock().set(today);
    refresh(office).map_err(|error| explain(&error))?;
    Ok(Loaded { house, cases, sources: agenda.sources, left_out: agenda.left_out })
}

/// What the passing of days alone has changed since the last fact: stops that ran out.
fn refresh(office: &Office) -> Result<(), OfficeError> {
    office.cases().resume_silent()?;
    Ok(())
}

/// The directory of the database; a temporary one goes when this goes.
struct Place {
    directory: PathBuf,
    is_temporary: bool,
}

impl Place {
    fn prepare(asked: Option<&Path>) -> Result<Self, String> {
        let is_temporary = asked.is_none();
        let directory = asked.map_or_else(
            || std::env::temp_dir().join(format!("gongkai-demo-{}", uuid::Uuid::now_v7().simple())),
            Path::to_path_buf,
        );
        if directory.join(FILE).exists() {
            return Err(format!("{} 已有数据库，演示须从空目录开始 / not empty", directory.display()));
        }
        std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Self { directory, is_temporary })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_temporary {
            // Whatever cannot be removed is left to the cleaning of the temporary directory.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
