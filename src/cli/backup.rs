//! `gongkai backup FILE`: a backup of a database in use, in one file, read back before it counts.

use super::carried::contents;
use super::common::{ConfigArgs, finish};
use crate::cli::out::{note, say};
use crate::office::database_options;
use crate::store::carry::{self, Backup};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 备份文件；不能是已有的文件（见 --force）
    file: PathBuf,
    /// 覆盖同名的旧备份；其他文件不覆盖
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(backup(&args))
}

fn backup(args: &Args) -> Result<(), String> {
    let options = database_options(&args.config.settings()?);
    let done = carry::backup(&options, &args.file, args.force).map_err(|error| error.to_string())?;
    let Backup { database, contents: held, at, key_file, is_remembered } = done;
    note!("数据库 / database: {database}");
    say!("备份已完成 / backed up: {}", args.file.display());
    contents(&held, Some(at));
    let key = key_file.unwrap_or_else(|| "security.sealing_key（GONGKAI_SECURITY__SEALING_KEY）".to_owned());
    say!("密钥不在备份中，没有密钥就打不开身份证件号码和联系方式。请另行保存，不要与备份放在一处：{key}");
    if !is_remembered {
        note!("数据库不能写入，没有记下本次备份的时间；备份本身是完整的");
    }
    Ok(())
}
