//! What surrounds the database: settings, address, mail server, files, disk.

use super::{Check, Examination, Topic};
use crate::config::{Settings, Smtp};
use crate::mail::smtp::Relay;
use crate::office::check_settings;
use crate::store::service::inspection;
use std::time::Duration;

/// Longest wait for the mail server, seconds.
const GREETING_S: u64 = 5;
/// Space below which filings begin to fail, bytes.
const LITTLE_SPACE: u64 = 64 << 20;

/// Connects to the mail server and leaves. Returns why it cannot be used; `None` if it can, or if none is configured.
pub async fn greet(smtp: &Smtp) -> Option<String> {
    match Relay::from_settings(smtp) {
        // The settings are judged by the check of the settings.
        Err(_) | Ok(None) => None,
        Ok(Some(relay)) => {
            let limit = Duration::from_secs(smtp.timeout_s.min(GREETING_S));
            relay.greet(limit).await.err().map(|failure| failure.to_string())
        }
    }
}

pub(super) fn config(settings: &Settings) -> Check {
    let mut faults = settings.faults();
    faults.extend(check_settings(settings).err());
    let faults: Vec<&str> = faults.iter().map(|fault| fault.trim()).collect();
    if !faults.is_empty() {
        let advice = "按提示改正配置文件或者 GONGKAI_ 环境变量；各项说明见 docs/reference.md";
        return Check::fault(Topic::Config, faults.join("；"), advice);
    }
    if settings.has_weak_secret() {
        let found = "token_secret 或者 sealing_key 容易猜到，只能在本机试用";
        let advice = "正式使用前用 openssl rand -hex 32 生成；已有数据的，更换 sealing_key 用 gongkai rekey";
        return Check::notice(Topic::Config, found, advice);
    }
    Check::ok(Topic::Config, "可以读取，各项合规")
}

pub(super) fn network(settings: &Settings) -> Check {
    let bind = &settings.server.bind;
    let Ok(address) = bind.parse::<std::net::SocketAddr>() else {
        let found = format!("server.bind 不是“地址:端口”：{bind}");
        return Check::fault(Topic::Network, found, "改正 server.bind（GONGKAI_BIND），例如 127.0.0.1:8080");
    };
    if !address.ip().is_loopback() && settings.server.trusted_proxies.is_empty() {
        let found = format!("在 {bind} 上对外监听，没有设置代理：口令和个人信息以明文传输");
        let advice = "在前面放置 TLS 反向代理，只让代理访问本服务，并设置 server.trusted_proxies";
        return Check::notice(Topic::Network, found, advice);
    }
    Check::ok(Topic::Network, format!("监听 {bind}"))
}

pub(super) fn mail_server(of: &Examination<'_>) -> Check {
    let smtp = &of.settings.smtp;
    if smtp.host.is_empty() {
        let found = "没有配置邮件服务器：提醒邮件留在队列中";
        return Check::notice(Topic::MailServer, found, "设置 smtp.host、smtp.port、smtp.from 等项");
    }
    let name = format!("{}:{}", smtp.host, smtp.port);
    match &of.mail_fault {
        Some(fault) => Check::fault(
            Topic::MailServer,
            format!("{name} 不能使用：{fault}"),
            "核对 smtp.host、smtp.port、smtp.tls，检查网络和防火墙；恢复后邮件自动补发",
        ),
        None => Check::ok(Topic::MailServer, format!("{name} 有应答（没有登录，没有发信）")),
    }
}

pub(super) fn file_modes(settings: &Settings) -> Check {
    let Some(files) = inspection::files(settings.database.url.expose()) else {
        return Check::ok(Topic::FileModes, "数据库不是文件，本机没有要检查的文件");
    };
    if files.open_to_others.is_empty() {
        return Check::ok(Topic::FileModes, "数据库和密钥文件只有所有者可以读写");
    }
    let names: Vec<String> = files.open_to_others.iter().map(|path| path.display().to_string()).collect();
    let names = names.join(" ");
    Check::fault(Topic::FileModes, format!("其他用户可以读写：{names}"), format!("运行 chmod 600 {names}"))
}

pub(super) fn disk(settings: &Settings) -> Check {
    let Some(files) = inspection::files(settings.database.url.expose()) else {
        return Check::ok(Topic::Disk, "数据库在服务器上：磁盘空间请在数据库服务器上查看");
    };
    let Some(disk) = files.disk else {
        let found = "数据库所在的目录不存在或者不能查看";
        return Check::fault(Topic::Disk, found, "核对 GONGKAI_DATABASE_URL，或者建立目录");
    };
    let (free, size) = (disk.free >> 20, files.size_bytes >> 20);
    let found = format!("{} 剩余 {free} MiB，数据库 {size} MiB", disk.mount.display());
    if disk.free < LITTLE_SPACE {
        return Check::fault(Topic::Disk, found, "清理或者扩大磁盘：空间用完后不能登记和办理");
    }
    if disk.free < files.size_bytes.saturating_add(LITTLE_SPACE) {
        let advice = "扩大磁盘：容不下第二份数据库，删除记录中的文字后不能整理文件，也不能在此备份";
        return Check::notice(Topic::Disk, found, advice);
    }
    Check::ok(Topic::Disk, found)
}
