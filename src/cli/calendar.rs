//! `gongkai calendar`: working days for scripts.

use super::common::{ConfigArgs, finish};
use super::lines::{LineError, Lines, each_line, parse_date};
use crate::case::MovedDuty;
use crate::cli::out::{note, say};
use crate::law::{Calendar, CalendarError, CalendarYear, Gap, Overlay, weekday};
use crate::office::calendar::change::{CalendarPreview, ChangedDay};
use crate::office::{Clock, OfficeError};
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
    /// 预览一年的放假安排（cn-YYYY.json）：逐日变化和期限变动的案件；加 --activate 启用
    Import {
        #[command(flatten)]
        config: ConfigArgs,
        /// 按国务院办公厅通知录入的 cn-YYYY.json
        file: PathBuf,
        /// 启用，并重新计算在办案件的期限
        #[arg(long)]
        activate: bool,
        /// 只启用与这一预览（confirmation）相同的变动
        #[arg(long, value_name = "CONFIRMATION", requires = "activate")]
        confirm: Option<String>,
        /// 按 JSON 输出
        #[arg(long)]
        json: bool,
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
        Command::Import { config, file, activate, confirm, json } => {
            let confirm = confirm.as_deref();
            match import(&config, &file, activate, confirm, json) {
                Ok(faults) if !faults.is_empty() => {
                    faults.iter().for_each(|fault| note!("{fault}"));
                    ExitCode::from(REJECTED)
                }
                Ok(_) => ExitCode::SUCCESS,
                Err(reason) => finish(Err(reason)),
            }
        }
    }
}

/// Exit code for a file that can be read and contradicts what a notice can say.
const REJECTED: u8 = 1;

/// Shows what the file would change, or puts it in force; gives the faults of the file, if it has any.
fn import(
    config: &ConfigArgs,
    file: &Path,
    activate: bool,
    confirm: Option<&str>,
    json: bool,
) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("无法读取{}：{error}", file.display()))?;
    let year = CalendarYear::from_json(&text).map_err(|error| error.to_string())?;
    let office = match activate {
        true => config.office(Clock::system()),
        false => config.office_to_read(Clock::system()),
    }?;
    let shown = office.store().read(|db| office.calendars().preview_calendar(db, None, &year));
    let done = match shown {
        Ok(preview) if activate => {
            let confirmation = confirm.unwrap_or(&preview.confirmation).to_owned();
            office.calendars().activate_calendar(None, &year, &confirmation)
        }
        other => other,
    };
    match done {
        Ok(preview) if json => {
            say!("{}", serde_json::to_string_pretty(&preview).map_err(|error| error.to_string())?);
            Ok(Vec::new())
        }
        Ok(preview) => {
            print(&preview);
            Ok(Vec::new())
        }
        Err(OfficeError::Invalid(faults)) => {
            Ok(faults.into_iter().map(|fault| format!("{}：{}", fault.pointer, fault.detail)).collect())
        }
        Err(OfficeError::Stale) => Err("现行日历或者文件已与预览时不同，请重新预览".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn print(preview: &CalendarPreview) {
    say!("{} 年：{}", preview.year, preview.notice);
    say!("现行版本 {}，启用后 {}", preview.version_in_force, preview.version_after);
    say!("逐日变化 {} 天", preview.days.len());
    for day in &preview.days {
        say!("  {}", day_line(day));
    }
    say!("查看案件 {} 件，期限变动 {} 件", preview.cases_looked_at, preview.cases_moved);
    for case in &preview.items {
        for moved in &case.moved {
            let number = case.number.as_deref().unwrap_or("（无编号）");
            say!("  {}  {number}  {}", case.organ_code, moved_line(moved));
        }
    }
    if preview.cases_unreadable > 0 {
        say!("{} 件案件的记录不能读取，期限未能重新计算，见日志", preview.cases_unreadable);
    }
    match (preview.is_active, preview.cases_pending) {
        (false, _) => say!("以上为预览，尚未启用。确认无误后加 --activate（--confirm {}）", preview.confirmation),
        (true, 0) if preview.cases_unreadable > 0 => say!("已启用，其余案件的期限已全部更新"),
        (true, 0) => say!("已启用，案件期限已全部更新"),
        (true, pending) => say!("已启用；{pending} 件正在由他人办理，随后自动更新"),
    }
}

fn day_line(day: &ChangedDay) -> String {
    let kind = |code: &str| match code {
        "work" => "上班",
        "rest" => "休息",
        _ => "未定",
    };
    let name = day.name.as_deref().unwrap_or("");
    format!("{} 周{}  {} → {}  {name}", day.date, weekday(day.date), kind(day.before), kind(day.after))
}

fn moved_line(moved: &MovedDuty) -> String {
    let told = |day: Option<NaiveDate>, is_provisional: bool| match day {
        Some(day) if is_provisional => format!("{day}（暂定）"),
        Some(day) => day.to_string(),
        None => "未定".to_owned(),
    };
    let before = told(moved.due_before, moved.was_provisional);
    format!("{}  {before} → {}", moved.kind.label(), told(moved.due_after, moved.is_provisional))
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
