//! `gongkai audit`: whether what is stored is what it must be. Exit code 1 when it is not.

use super::common::ConfigArgs;
use crate::cli::out::{note, say};
use crate::office::Clock;
use crate::office::calendar::self_check::Difference;
use std::process::ExitCode;

/// Exit code when something was found.
const FINDINGS: u8 = 1;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 重新计算每个案件、每个事项的期限，列出与库中不一致的各处
    Clocks {
        #[command(flatten)]
        config: ConfigArgs,
        /// 按 JSON 输出，每行一处
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match args.command {
        Command::Clocks { config, json } => match clocks(&config, json) {
            Ok(0) => ExitCode::SUCCESS,
            Ok(_) => ExitCode::from(FINDINGS),
            Err(reason) => {
                note!("{reason}");
                ExitCode::from(super::WRONG_USAGE)
            }
        },
    }
}

fn clocks(config: &ConfigArgs, json: bool) -> Result<u64, String> {
    let office = config.office_to_read(Clock::system())?;
    let (check, listed) = office.calendars().check_clocks().map_err(|error| error.to_string())?;
    for one in &listed {
        say!("{}", if json { serde_json::to_string(one).map_err(|error| error.to_string())? } else { line(one) });
    }
    if !json {
        let (cases, duties, differences) = (check.cases, check.duties, check.differences);
        say!("{} 自查：案件 {cases} 件，事项 {duties} 项，不一致 {differences} 处", check.checked_on);
    }
    Ok(check.differences)
}

fn line(one: &Difference) -> String {
    let number = one.number.as_deref().unwrap_or("（无编号）");
    let case = one.case_id.map_or_else(|| "（无案件）".to_owned(), |id| id.to_string());
    format!("  {number}  {case}  {}：库中 {}，重新计算 {}", one.what, one.written, one.computed)
}
