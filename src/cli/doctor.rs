//! `gongkai doctor`: what is wrong with an installation, and what to do. Exit code 1 when something is wrong.

use super::common::ConfigArgs;
use crate::cli::out::say;
use crate::config::Settings;
use crate::office::Clock;
use crate::office::service::doctor::{Check, Examination, Level, examine, greet, unreadable_settings};
use std::process::ExitCode;

/// Exit code when something is wrong.
const FAULTS: u8 = 1;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// 按 JSON 输出，每行一项
    #[arg(long)]
    json: bool,
    /// 核对全部记录，不只是最近的案件（同 gongkai audit verify）
    #[arg(long)]
    full: bool,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let checks = match args.config.unchecked_settings() {
        Ok(settings) => examined(&settings, args.full),
        Err(reason) => unreadable_settings(&reason),
    };
    for check in &checks {
        // A check holds only texts, so it can be serialised.
        say!("{}", if args.json { serde_json::to_string(check).unwrap_or_default() } else { shown(check) });
    }
    let count = |level| checks.iter().filter(|check| check.level == level).count();
    let faults = count(Level::Fault);
    if !args.json {
        say!("检查 {} 项：异常 {faults} 项，注意 {} 项", checks.len(), count(Level::Notice));
    }
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAULTS) }
}

fn examined(settings: &Settings, is_full: bool) -> Vec<Check> {
    let mail_fault = actix_web::rt::System::new().block_on(greet(&settings.smtp));
    examine(&Examination { settings, clock: &Clock::system(), is_full, mail_fault })
}

fn shown(check: &Check) -> String {
    let (level, topic, found) = (check.level.label(), check.topic.label(), &check.found);
    let advice = check.advice.as_ref().map(|advice| format!("\n      办法：{advice}")).unwrap_or_default();
    format!("{level}  {topic}：{found}{advice}")
}
