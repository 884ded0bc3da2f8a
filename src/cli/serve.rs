//! `gongkai serve`: the service. With no configuration at all it makes its database and its administrator.

use super::carried::mail_pause;
use super::common::{ConfigArgs, bring_up_to_date, finish, open};
use super::init::explain;
use crate::api;
use crate::cli::out::say;
use crate::config::Settings;
use crate::office::{Clock, Office, reminders};
use crate::store::{StoreError, mail::outbox};
use std::net::TcpListener;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(prepare_and_serve(&args.config))
}

fn prepare_and_serve(config: &ConfigArgs) -> Result<(), String> {
    let settings = config.settings()?;
    // Before the database is made: a port that is taken must not leave an administrator whose password was printed.
    let listener = listen(&settings)?;
    let office = &open(settings, Clock::system())?;
    bring_up_to_date(office)?;
    // No date is better than a wrong one: with an unreadable calendar every case would fail, so better not to start.
    office.store().read(|db| office.calendars().calendar(db, "")).map_err(|error| error.to_string())?;
    if let Some((username, password)) = office.people().first_administrator().map_err(|error| explain(&error))? {
        say!("已建立管理员，口令只显示这一次，请登录后修改 / administrator made, password shown once");
        say!("  用户名 / username: {username}");
        say!("  口令 / password: {password}");
    }
    serve(office, listener)
}

/// Takes the address that the settings name.
///
/// # Errors
/// A text for the operator.
fn listen(settings: &Settings) -> Result<TcpListener, String> {
    let bind = &settings.server.bind;
    TcpListener::bind(bind).map_err(|error| format!("server.bind: 不能监听 / cannot listen on {bind}: {error}"))
}

/// Serves on the listener until SIGTERM or ctrl-c, with everything that runs beside the requests.
///
/// # Errors
/// A text for the operator.
pub(crate) fn serve(office: &Office, listener: TcpListener) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let office = office.clone();
    actix_web::rt::System::new().block_on(async move {
        let server = api::server(office.clone(), listener).map_err(|error| error.to_string())?;
        let clock = office.clock().clone();
        let mailroom = office.reminders().mailroom().map_err(|error| error.to_string())?;
        for broken in mailroom.broken_templates() {
            say!("{broken}");
        }
        let mail = reminders::start(&mailroom, office.settings(), move || clock.office_time())
            .map_err(|error| error.to_string())?;
        say!("gongkai 正在运行 / listening on http://{address}  文档 / docs: http://{address}/docs/");
        if let Some(pause) = office.store().read(outbox::paused).map_err(|error: StoreError| error.to_string())? {
            say!("{}", mail_pause(&pause));
            tracing::warn!(since = %pause.since, reason = pause.reason, "mail is paused until `gongkai mail resume`");
        }
        if !mail.is_sending() {
            say!("未配置邮件服务器，提醒邮件保留在队列中 / no mail server (smtp.host): reminders stay queued");
        }
        let keepers = [
            actix_web::rt::spawn(housekeeping(office.clone())),
            actix_web::rt::spawn(calendar_keeping(office.clone())),
            actix_web::rt::spawn(evidence_keeping(office)),
        ];
        let served = server.await.map_err(|error| error.to_string());
        keepers.iter().for_each(actix_web::rt::task::JoinHandle::abort);
        mail.stop().await;
        tracing::info!("stopped");
        served
    })
}

/// Once an hour: forgets expired logins and old answers, puts old mail away, lets periods run again whose stop had its last lawful day, and
/// writes what rows of an earlier release lack. Each on its own.
async fn housekeeping(office: Office) {
    let mut hour = tokio::time::interval(std::time::Duration::from_secs(3600));
    loop {
        hour.tick().await;
        let office = office.clone();
        if actix_web::web::block(move || keep_house(&office)).await.is_err() {
            return;
        }
    }
}

fn keep_house(office: &Office) {
    if let Err(error) = office.service().forget_expired() {
        tracing::warn!(%error, "expired logins and old answers are not forgotten");
    }
    match office.cases().resume_silent() {
        Ok(0) => {}
        Ok(resumed) => tracing::info!(resumed, "periods run again after a silent consultation"),
        Err(error) => tracing::warn!(%error, "periods do not run again after a silent consultation"),
    }
    match office.mail().put_mail_away() {
        Ok(0) => {}
        Ok(emptied) => tracing::info!(emptied, "the bytes of old mails were deleted"),
        Err(error) => tracing::warn!(%error, "the bytes of old mails stay"),
    }
    if let Err(error) = office.cases().fill_warnings() {
        tracing::warn!(%error, "rows without a day to be warned by stay so");
    }
}

/// Every minute: [`WorkCalendars::keep_calendar`].
async fn calendar_keeping(office: Office) {
    let mut minute = tokio::time::interval(std::time::Duration::from_secs(60));
    loop {
        minute.tick().await;
        let office = office.clone();
        match actix_web::web::block(move || office.calendars().keep_calendar()).await {
            Ok(None) => {}
            Ok(Some(check)) => {
                tracing::info!(cases = check.cases, differences = check.differences, "every date was checked");
            }
            Err(_) => return,
        }
    }
}

/// Every five minutes: [`Evidence::nightly`].
async fn evidence_keeping(office: Office) {
    let mut interval = tokio::time::interval(std::time::Duration::from_secs(300));
    loop {
        interval.tick().await;
        let office = office.clone();
        match actix_web::web::block(move || office.evidence().nightly()).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(done))) => {
                tracing::info!(cases = done.cases, findings = done.findings, "the whole database was checked");
            }
            Ok(Err(error)) => tracing::warn!(%error, "the nightly check of the whole database did not end"),
            Err(_) => return,
        }
    }
}
