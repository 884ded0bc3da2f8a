//! `gongkai rekey`: seals identity numbers and contacts with a new key, while the old one is at hand.

use super::common::{ConfigArgs, file_bytes, finish};
use crate::cli::out::{note, say};
use crate::config::{Secret, Settings};
use crate::office::database_options;
use crate::store::carry::{self, Rekeyed};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A file with a key is smaller.
const KEY_FILE_BYTES: usize = 1024;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 新密钥的文件，内容为 64 位十六进制（openssl rand -hex 32）；使用密钥文件的 SQLite 可以不给，自动生成
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(rekey(&args))
}

fn rekey(args: &Args) -> Result<(), String> {
    let settings = args.config.settings()?;
    let new_key = args.new_key_file.as_deref().map(|file| new_key(file, &settings)).transpose()?;
    let options = database_options(&settings);
    let new_key = new_key.as_ref().map(Secret::expose);
    let done = carry::rekey(&options, new_key).map_err(|error| format!("密钥没有更换：{error}"))?;
    tell(&done);
    Ok(())
}

/// The new key, if the settings would take it.
fn new_key(file: &Path, settings: &Settings) -> Result<Secret, String> {
    let text =
        String::from_utf8(file_bytes(file, KEY_FILE_BYTES)?).map_err(|_| format!("{}：不是密钥", file.display()))?;
    let key = Secret::new(text.trim());
    let mut with_it = settings.clone();
    with_it.security.sealing_key = key.clone();
    let faults = with_it.faults();
    if key.is_empty() || !faults.is_empty() {
        return Err(format!("{}：不能用作密钥\n{}", file.display(), faults.join("\n")));
    }
    Ok(key)
}

fn tell(done: &Rekeyed) {
    note!("数据库 / database: {}", done.database);
    match done.applicants {
        Some(count) => say!("已更换密钥：{count} 名申请人的身份证件号码和联系方式已用新密钥加密"),
        None => say!("数据库先前已改用这个密钥，没有再作改动"),
    }
    if !done.unopened.is_empty() {
        let ids: Vec<String> = done.unopened.iter().take(20).map(ToString::to_string).collect();
        note!("旧密钥打不开的 {} 名申请人保持原样，新密钥也打不开：{}", done.unopened.len(), ids.join(" "));
    }
    match &done.files {
        Some((new, old)) => {
            say!("新密钥：{new}。请立即另行保存一份");
            say!("旧密钥：{old}。以前的备份要用它打开：与那些备份分开保存，不再需要时销毁");
        }
        None => say!(
            "现在把 security.sealing_key（GONGKAI_SECURITY__SEALING_KEY）改为新密钥，再启动服务；旧密钥留给以前的备份"
        ),
    }
    if !done.is_scrubbed {
        note!("数据库文件没有整理，空闲页中可能还有旧密文：磁盘有空间时再运行一次");
    }
    say!("不能重新计算的：台账导入的行标识（再次导入同一台账时，没有受理编号的行会重复，不要再导入）；");
    say!("审计记录中姓名查找的哈希；已知登录地址。请运行 gongkai backup 做一次新的备份");
}
