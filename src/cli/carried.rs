//! What the commands say alike of backups and of what was made of them.

use crate::cli::out::{note, say};
use crate::law::civil_time;
use crate::store::Ts;
use crate::store::carry::{Contents, Verified};
use crate::store::mail::outbox::MailPause;
use std::process::ExitCode;

/// Exit code when a chain is broken.
const FINDINGS: u8 = 1;

/// What a backup holds.
pub(super) fn contents(held: &Contents, at: Option<Ts>) {
    if let Some(at) = at {
        say!("  时间：{}（北京时间）", civil_time(at.0).format("%Y-%m-%d %H:%M:%S"));
    }
    let newest = held.migrations.last().map_or("", String::as_str);
    say!(
        "  {}；迁移 {} 项，最新 {newest}；本程序版本 {}",
        held.kind.name(),
        held.migrations.len(),
        env!("CARGO_PKG_VERSION")
    );
    say!("  案件 {} 件，案件记录 {} 条", held.cases, held.events);
    say!("  {} 字节，SHA-256 {}", held.size_bytes, held.sha256);
}

/// The result of checking the chains, and the exit code for it.
pub(super) fn chains(verified: &Verified) -> ExitCode {
    let (cases, events) = (verified.cases, verified.events);
    if verified.broken == 0 {
        say!("  核对：案件 {cases} 件、案件记录 {events} 条，每一件的记录链完整");
        return ExitCode::SUCCESS;
    }
    note!("核对：案件 {cases} 件中有 {} 件的记录链不完整，数据在备份（来源）中已被改动：", verified.broken);
    for broken in &verified.listed {
        let number = broken.number.as_deref().unwrap_or("（无编号）");
        note!("  {number}  {}  自第 {} 条记录起", broken.case, broken.seq);
    }
    ExitCode::from(FINDINGS)
}

/// That no mail is sent, and how that is changed.
pub(super) fn mail_is_paused() {
    say!("邮件已暂停发送。确认由本库办理、原来的服务不再发信之后，运行 gongkai mail resume");
}

/// That mail is paused, since when, why, and what to do.
pub(super) fn mail_pause(pause: &MailPause) -> String {
    let (since, reason) = (minute(pause.since), &pause.reason);
    format!("邮件自 {since} 起暂停发送：{reason}。确认原来的服务不再发信之后，运行 gongkai mail resume")
}

/// The minute of an instant, in Beijing.
pub(super) fn minute(at: Ts) -> impl std::fmt::Display {
    civil_time(at.0).format("%Y-%m-%d %H:%M")
}
