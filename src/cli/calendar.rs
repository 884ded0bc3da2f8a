//! `gongkai calendar`: working days for scripts.

use super::lines::{LineError, Lines, each_line, parse_date};
use crate::law::{Calendar, CalendarError, CalendarYear, Gap, Overlay};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 逐行读入 {"from","n"}，输出 {"date"}；日历不足时输出 {"gap"}
    AddWorkdays {
        #[command(flatten)]
        calendar: CalendarArgs,
    },
}

/// Which calendar to use.
#[derive(Debug, clap::Args)]
pub(super) struct CalendarArgs {
    /// 用该目录中的 cn-YYYY.json 替换或补充内置年份
    #[arg(long, value_name = "DIR")]
    calendar_dir: Option<PathBuf>,
    /// 叠加内置的地方日历，如 CN-GX
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

impl CalendarArgs {
    /// The embedded calendar, with the years of a directory and the overlay of a region where they are asked for.
    pub(super) fn load(&self) -> Result<Cow<'static, Calendar>, String> {
        let mut calendar = Cow::Borrowed(Calendar::national());
        if let Some(dir) = &self.calendar_dir {
            let years = with_years_of(calendar.years().to_vec(), dir)?;
            calendar = Cow::Owned(Calendar::from_years(years).map_err(|error| error.to_string())?);
        }
        if let Some(region) = &self.region {
            let overlay = Overlay::of_region(region).ok_or_else(|| unknown_region(region))?;
            calendar = Cow::Owned(calendar.with_overlay(overlay).map_err(|error| error.to_string())?);
        }
        Ok(calendar)
    }
}

fn unknown_region(region: &str) -> String {
    let known: Vec<&str> = Overlay::known().iter().map(|overlay| overlay.region.as_str()).collect();
    format!("没有名为“{region}”的地方日历；内置的有：{}", known.join("、"))
}

fn with_years_of(mut years: Vec<CalendarYear>, dir: &Path) -> Result<Vec<CalendarYear>, String> {
    let unreadable = |error: std::io::Error| format!("无法读取{}：{error}", dir.display());
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("cn-") || !name.ends_with(".json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let year = CalendarYear::from_json(&text).map_err(|error: CalendarError| format!("{name}：{error}"))?;
        years.retain(|known| known.year != year.year);
        years.push(year);
    }
    Ok(years)
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match args.command {
        Command::AddWorkdays { calendar } => match calendar.load() {
            Ok(calendar) => each_line(|line, lines| add(line, &calendar, lines)),
            Err(detail) => super::lines::refuse(&detail),
        },
    }
}

#[derive(Deserialize)]
struct Question<'a> {
    #[serde(borrow)]
    from: Cow<'a, str>,
    n: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Date(NaiveDate),
    Gap(NaiveDate),
}

fn add(line: &[u8], calendar: &Calendar, lines: &mut Lines<'_>) -> std::io::Result<()> {
    let answer = serde_json::from_slice::<Question<'_>>(line).map_err(LineError::from).and_then(|question| {
        Ok(match calendar.add_working_days(parse_date("from", &question.from)?, question.n) {
            Ok(date) => Answer::Date(date),
            Err(Gap { missing }) => Answer::Gap(missing),
        })
    });
    lines.answer(answer)
}
