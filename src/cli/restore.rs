//! `gongkai restore FILE`: makes a database from a backup, in an empty place.

use super::carried::{chains, contents, mail_is_paused};
use super::common::ConfigArgs;
use crate::cli::out::{note, say};
use crate::office::database_options;
use crate::store::carry;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// gongkai backup 生成的备份
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match restore(&args) {
        Ok(code) => code,
        Err(reason) => {
            note!("{reason}");
            ExitCode::from(super::WRONG_USAGE)
        }
    }
}

fn restore(args: &Args) -> Result<ExitCode, String> {
    let options = database_options(&args.config.settings()?);
    let done = carry::restore(&options, &args.file).map_err(|error| error.to_string())?;
    note!("数据库 / database: {}", done.database);
    say!("已从备份恢复 / restored from: {}", args.file.display());
    contents(&done.contents, None);
    for version in &done.migrated {
        say!("  已执行迁移 / applied: {version}");
    }
    say!("  密钥：与备份相符");
    let code = chains(&done.verified);
    mail_is_paused();
    Ok(code)
}
