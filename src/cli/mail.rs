//! `gongkai mail send`: delivers what is queued, once or until it is stopped, beside or without a running service.
//! `gongkai mail status` and `gongkai mail resume`: the pause of a restored or copied database.

use super::carried::{mail_pause, minute};
use super::common::{ConfigArgs, finish};
use super::init::explain;
use super::remind;
use crate::cli::out::{note, say};
use crate::mail::worker;
use crate::office::reminders::{MailError, OfficeTime};
use crate::office::{Clock, Office};
use crate::store::StoreError;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code when nothing can be sent.
const FAILED: u8 = 1;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 发送队列中到时的邮件；可以与 serve 同时运行，也可以同时运行多个
    Send(SendArgs),
    /// 邮件是否暂停发送、邮件服务器能否使用、各状态的件数
    Status {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// 解除暂停：恢复或者复制而来的数据库从此发送邮件
    Resume {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

#[derive(Debug, clap::Args)]
struct SendArgs {
    /// 持续发送，直到收到 SIGTERM 或 ctrl-c
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match args.what {
        What::Send(args) => send(args),
        What::Status { config } => finish(status(&config)),
        What::Resume { config } => finish(resume(&config)),
    }
}

fn send(SendArgs { follow, config }: SendArgs) -> ExitCode {
    let office = match config.office(Clock::system()) {
        Ok(office) => office,
        Err(reason) => {
            note!("{reason}");
            return ExitCode::from(super::WRONG_USAGE);
        }
    };
    let done = if follow { send_until_told(&office) } else { send_once(&office) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            note!("邮件未能发送：{cause}");
            ExitCode::from(FAILED)
        }
    }
}

fn status(config: &ConfigArgs) -> Result<(), String> {
    let office = config.office_to_read(Clock::system())?;
    let status = office.mail().status().map_err(|error| explain(&error))?;
    match &status.paused {
        Some(pause) => say!("{}", mail_pause(pause)),
        None => say!("邮件没有暂停"),
    }
    if let Some(circuit) = &status.circuit {
        say!("邮件服务器自 {} 起不能使用：{}", minute(circuit.since), circuit.reason);
    }
    if office.settings().smtp.host.is_empty() {
        say!("未配置邮件服务器（smtp.host）");
    }
    let counts = status.counts;
    say!(
        "待发 {} 封，发送中 {} 封，待人工处理 {} 封，已送出 {} 封，已撤回 {} 封",
        counts.queued,
        counts.sending,
        counts.parked,
        counts.sent,
        counts.cancelled
    );
    Ok(())
}

fn resume(config: &ConfigArgs) -> Result<(), String> {
    let office = config.office(Clock::system())?;
    match office.mail().resume().map_err(|error| explain(&error))? {
        Some(pause) => {
            let waiting = office.mail().status().map_err(|error| explain(&error))?.counts;
            say!("邮件恢复发送（自 {} 起暂停）", minute(pause.since));
            say!("队列中待发 {} 封；备份之后原来的服务可能已经发过其中一些", waiting.queued + waiting.sending);
        }
        None => say!("邮件没有暂停"),
    }
    Ok(())
}

fn office_time(office: &Office) -> OfficeTime {
    let clock = office.clock().clone();
    Arc::new(move || clock.office_time())
}

fn send_once(office: &Office) -> Result<(), MailError> {
    remind::send(&office.reminders().mailroom()?, office.settings(), &office_time(office))
}

fn send_until_told(office: &Office) -> Result<(), MailError> {
    let unavailable = |cause: std::io::Error| StoreError::Unavailable(cause.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
    runtime.block_on(async {
        let Some(relay) = office.reminders().mailroom()?.relay(office.settings(), &office_time(office))? else {
            return Err(StoreError::Refused("未配置邮件服务器（smtp.host）".to_owned()).into());
        };
        let mut terminated = signal(SignalKind::terminate()).map_err(unavailable)?;
        let cancel = CancellationToken::new();
        let owner = format!("send-{}", uuid::Uuid::new_v4());
        let sending = worker::run(office.store().clone(), relay, owner, cancel.clone());
        let stopping = async {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            cancel.cancel();
        };
        tokio::join!(sending, stopping);
        Ok(())
    })
}
