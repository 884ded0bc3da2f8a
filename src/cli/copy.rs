//! `gongkai copy --from URL --to URL`: moves everything between SQLite and PostgreSQL.

use super::carried::{chains, mail_is_paused};
use super::common::ConfigArgs;
use crate::cli::out::{note, say};
use crate::office::database_options;
use crate::store::carry;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 来源数据库（sqlite:… 或者 postgres://…）；不作改动。口令请用 PGPASSWORD 或者 ~/.pgpass
    #[arg(long, value_name = "URL")]
    from: String,
    /// 目标数据库，必须是空的：不存在的文件，或者没有表的数据库
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match copy(&args) {
        Ok(code) => code,
        Err(reason) => {
            note!("{reason}");
            ExitCode::from(super::WRONG_USAGE)
        }
    }
}

fn copy(args: &Args) -> Result<ExitCode, String> {
    let key = database_options(&args.config.settings()?).sealing_key;
    let done = carry::copy(&args.from, &args.to, key.as_deref()).map_err(|error| error.to_string())?;
    say!("已复制 / copied: {} → {}", done.from, done.to);
    say!("  {} 个表，{} 行；逐行核对一致", done.tables, done.rows);
    let code = chains(&done.verified);
    mail_is_paused();
    say!("启用新库前请停止使用来源数据库的服务，停止后再有改动的，要重新复制");
    Ok(code)
}
