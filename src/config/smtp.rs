//! The section `smtp`.

use super::Rule;
use super::list::list;
use super::secret::Secret;
use lettre::message::Mailbox;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// STARTTLS, required.
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// None, for a relay on the same machine.
    None,
}

/// Outgoing mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Server name. Empty to send no mail.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: SmtpTls,
    /// Account. Empty for no authentication.
    pub username: String,
    /// Password of the account.
    pub password: Secret,
    /// Sender, `Name <address>`.
    pub from: String,
    /// Time-out of one connection or command, seconds.
    pub timeout_s: u64,
    /// Name in EHLO. Empty for the host's own name.
    pub hello_name: String,
    /// PEM file of certificates trusted in addition to the system's. Empty for none.
    pub ca_file: PathBuf,
    /// Maximum mails per minute and instance. 0 for no limit.
    pub mails_per_minute: u32,
    /// Seconds between the attempts of a temporarily rejected mail. The last value repeats.
    #[serde(deserialize_with = "list")]
    pub retry_s: Vec<u64>,
    /// Seconds for which no instance uses a relay that was found unusable.
    pub relay_pause_s: u64,
    /// Seconds added to the longest delivery to give the lease of a mail.
    pub lease_s: u64,
    /// Days for which the bytes of a mail are kept after it was sent; 0 = for ever.
    pub keep_sent_days: u32,
}

impl Smtp {
    /// What must hold of the section, with what is said where it does not.
    pub(super) fn rules(&self) -> Vec<Rule> {
        vec![
            (self.port > 0, "smtp.port: 1-65535"),
            (
                self.from.parse::<Mailbox>().is_ok(),
                "smtp.from: 应为 名称 <邮箱地址> / must be a mailbox: Name <address>",
            ),
            (
                !self.sends_password_in_plain(),
                "smtp.tls: none 会以明文向另一台机器发送口令；请改用 starttls 或者 implicit，或者去掉 smtp.username / \
                 none would send the password in plain text to another machine: take starttls or implicit, or no username",
            ),
            ((1..=300).contains(&self.timeout_s), "smtp.timeout_s: 1-300"),
            (matches!(self.mails_per_minute, 0 | 6..=60_000), "smtp.mails_per_minute: 0（不限 / no limit）, 6-60000"),
            (
                (1..=20).contains(&self.retry_s.len()) && self.retry_s.iter().all(|pause| (1..=86_400).contains(pause)),
                "smtp.retry_s: 1-20 × 1-86400",
            ),
            ((1..=3600).contains(&self.relay_pause_s), "smtp.relay_pause_s: 1-3600"),
            ((1..=3600).contains(&self.lease_s), "smtp.lease_s: 1-3600"),
            (self.keep_sent_days <= 36_500, "smtp.keep_sent_days: 0（一直保留 / for ever）-36500"),
        ]
    }

    /// Whether the password would be sent unencrypted over a network.
    fn sends_password_in_plain(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        let is_local = self.host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        let has_account = !self.username.is_empty() || !self.password.is_empty();
        self.tls == SmtpTls::None && has_account && !self.host.is_empty() && !is_local
    }
}
