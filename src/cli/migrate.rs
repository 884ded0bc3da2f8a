//! `gongkai migrate`: brings the database up to date and says what was done.

use super::common::{ConfigArgs, finish, open};
use crate::cli::out::say;
use crate::office::Clock;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(migrate(&args))
}

fn migrate(args: &Args) -> Result<(), String> {
    let office = open(args.config.settings()?, Clock::system())?;
    let done = office.store().migrate().map_err(|error| format!("数据库迁移失败 / migration failed: {error}"))?;
    if done.is_empty() {
        say!("数据库已是最新 / the database is current");
    }
    for version in done {
        say!("已执行迁移 / applied: {version}");
    }
    Ok(())
}
