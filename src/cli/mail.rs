//! `gongkai mail send`: delivers what is queued, once or until it is stopped, beside or without a running service.

use super::common::ConfigArgs;
use super::remind;
use crate::cli::out::note;
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
    let What::Send(SendArgs { follow, config }) = args.what;
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
