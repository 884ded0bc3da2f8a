//! Typed settings from config/default.toml, an optional file and the environment.
//!
//! One struct per section. `config/default.toml` is compiled in, holds every default and documents every key. An
//! unknown key, a value of the wrong type or a value out of range prevents the start.

use crate::case::ObligationKind;
use crate::case::reminder_policy::{Policies, Policy, Recipients};
use crate::case::reminder_window::Window;
use lettre::message::Mailbox;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The documented defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The file read from the working directory if no other is named.
const USUAL_FILE: &str = "gongkai.toml";

/// Environment variables with fixed names, and their keys. `GONGKAI_CONFIG` names the file itself.
const FIXED_NAMES: [(&str, &str); 2] = [("GONGKAI_DATABASE_URL", "database__url"), ("GONGKAI_BIND", "server__bind")];

/// Minimum length of the token secret in bytes (HS256: the length of the hash).
pub const TOKEN_SECRET_MIN_BYTES: usize = 32;

/// Test secrets. They are public and therefore refused as configuration.
const TEST_TOKEN_SECRET: &str = "a token secret that only tests know!";
const TEST_SEALING_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Minimum number of different bytes in a secret. 32 random bytes, or as many hexadecimal digits, have more.
const DIFFERENT_BYTES: usize = 8;

/// Maximum number of worker threads: far more than cores, far fewer than a machine can run.
const MOST_WORKERS: usize = 256;

/// A value that must not appear in logs or error messages.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the code that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no value is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "(empty)" } else { "(secret)" })
    }
}

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The HTTP service.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Tokens, passwords and keys.
    pub security: Security,
    /// Outgoing mail.
    pub smtp: Smtp,
    /// The reminder schedule.
    pub reminders: Reminders,
    /// Logging.
    pub log: Log,
    /// The working-day calendar.
    pub calendar: CalendarSettings,
}

/// The HTTP service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub bind: String,
    /// Worker threads. 0 for one per core.
    pub workers: usize,
    /// Seconds a shutdown waits for running requests.
    pub shutdown_s: u64,
    /// Milliseconds after which a request is answered with 503.
    pub request_deadline_ms: u64,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// Largest request body of a file upload.
    pub upload_limit_bytes: usize,
    /// Default length of a list page.
    pub page_default: u32,
    /// Longest list page.
    pub page_max: u32,
    /// Proxies whose `X-Forwarded-For` is trusted.
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<IpAddr>,
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`. A secret, because it may contain a password.
    pub url: Secret,
    /// Connections in the pool.
    pub pool_size: u32,
    /// Milliseconds a request waits for a connection.
    pub pool_timeout_ms: u64,
}

impl Database {
    /// Whether the address names PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.expose().starts_with("postgres://") || self.url.expose().starts_with("postgresql://")
    }
}

/// The password policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProfile {
    /// GB/T 22239: requires complexity.
    Dengbao,
    /// OWASP ASVS 5.0: requires length, not composition.
    Asvs,
}

/// Tokens, passwords and keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// Signs access tokens; at least [`TOKEN_SECRET_MIN_BYTES`] bytes.
    pub token_secret: Secret,
    /// Seals personal data; 64 hex digits.
    pub sealing_key: Secret,
    /// Lifetime of an access token, seconds.
    pub access_token_s: u32,
    /// Absolute lifetime of a login, seconds.
    pub refresh_token_s: u32,
    /// Leeway when a token's times are checked, seconds.
    pub token_leeway_s: u32,
    /// The password policy.
    pub password_profile: PasswordProfile,
    /// Failed logins allowed per account and address within the window.
    pub login_failures: u32,
    /// Failed logins allowed per account within the window, over all addresses from which the account never signed in.
    pub login_failures_per_account: u32,
    /// Failed logins allowed per address within the window, over all accounts that never signed in from it.
    pub login_failures_per_address: u32,
    /// Days for which an address stays known to an account after a sign-in from it.
    pub known_address_days: u32,
    /// The window, seconds.
    pub login_window_s: u32,
    /// Reads of applicants' personal data allowed per person and hour.
    pub reveals_per_hour: u32,
    /// Ledger exports with personal data allowed per person and day.
    pub clear_exports_per_day: u32,
    /// Argon2id memory, KiB.
    pub argon2_memory_kib: u32,
    /// Argon2id passes.
    pub argon2_passes: u32,
    /// Argon2id lanes.
    pub argon2_lanes: u32,
}

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
    /// Whether the password would be sent unencrypted over a network.
    fn sends_password_in_plain(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        let is_local = self.host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        let has_account = !self.username.is_empty() || !self.password.is_empty();
        self.tls == SmtpTls::None && has_account && !self.host.is_empty() && !is_local
    }
}

/// How much of the applicant's name a mail shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantInMail {
    /// Nothing.
    None,
    /// The first character of a natural person's name; other names in full.
    Initial,
    /// The full name.
    Full,
}

/// The reminder schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// Whether `serve` runs the schedule.
    pub enabled: bool,
    /// Hour of the daily pass, Asia/Shanghai.
    pub hour: u8,
    /// How much of the applicant's name the body shows.
    pub applicant: ApplicantInMail,
    /// Directory whose files replace the built-in templates. Empty for none.
    pub templates: PathBuf,
    /// The sending window, unless an organ has its own.
    pub window: Window,
    /// The reminder policy for each kind of duty, unless an organ has its own.
    #[serde(deserialize_with = "policies")]
    pub policies: Policies,
}

impl Reminders {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.hour > 23 {
            faults.push("reminders.hour: 0-23".to_owned());
        }
        if !self.window.is_sound() {
            faults.push("reminders.window: from_hour < until_hour <= 24".to_owned());
        }
        for kind in ObligationKind::ALL {
            let Some(policy) = self.policies.get(kind) else {
                faults.push(format!("reminders.policies.{}: 缺少 / missing", kind.code()));
                continue;
            };
            let wrong = policy.faults(*kind);
            faults.extend(wrong.iter().map(|(name, why)| format!("reminders.policies.{}.{name}: {why}", kind.code())));
        }
        faults
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for a terminal.
    Text,
}

/// Logging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The format of a line.
    pub format: LogFormat,
    /// A level, or a tracing filter.
    pub level: String,
}

/// The working-day calendar.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSettings {
    /// Directory whose files override the embedded years. Empty for none.
    pub directory: PathBuf,
}

/// Invalid configuration. Messages never repeat values, which may be secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is missing or not valid TOML, a key is unknown, or a value has the wrong type.
    #[error("配置无法读取 / the configuration cannot be read: {0}")]
    Unreadable(String),
    /// One or more values are out of range.
    #[error("配置项不合规 / settings out of range:\n{}", .0.join("\n"))]
    OutOfRange(Vec<String>),
}

impl Settings {
    /// Reads the settings of this process from defaults, file and environment.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] if a source cannot be read, [`ConfigError::OutOfRange`] with every invalid key.
    pub fn from_process(file: Option<&Path>) -> Result<Self, ConfigError> {
        let named = file.map(Path::to_path_buf).or_else(|| std::env::var_os("GONGKAI_CONFIG").map(PathBuf::from));
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists());
        // A variable that is not Unicode cannot be a valid setting of ours. If its name is one of ours, `load` reports
        // it.
        let vars =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.to_string_lossy().into_owned())));
        Self::load(named.or_else(usual).as_deref(), vars)
    }

    /// Reads the settings from the defaults, `file` and `variables`. Ignores variables without the prefix `GONGKAI_`,
    /// and those with `GONGKAI_TEST_`.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] if a source cannot be read, [`ConfigError::OutOfRange`] with every invalid key.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut builder =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        // No type guessing, so that a password of digits stays text.
        let environment = config::Environment::default().separator("__").source(Some(ours(variables)));
        let settings: Self = builder
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError::Unreadable(error.to_string()))?;
        settings.checked()
    }

    /// The defaults with the given database and a cheap password hash, for tests and in-process demonstrations.
    ///
    /// # Errors
    /// [`ConfigError`] if the embedded defaults are broken.
    pub fn for_tests(database_url: &str) -> Result<Self, ConfigError> {
        let mut settings = Self::load(None, [])?;
        settings.database.url = Secret::new(database_url);
        settings.security.token_secret = Secret::new(TEST_TOKEN_SECRET);
        settings.security.sealing_key = Secret::new(TEST_SEALING_KEY);
        settings.security.argon2_memory_kib = 64;
        settings.security.argon2_passes = 1;
        settings.server.workers = 2;
        settings.server.shutdown_s = 1;
        Ok(settings)
    }

    /// Whether this is a trial of PostgreSQL on one machine: the service listens on loopback only and has no trusted
    /// proxy. Only then are weak secrets accepted, with a warning.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        let listens_here = self.server.bind.parse::<std::net::SocketAddr>().is_ok_and(|bind| bind.ip().is_loopback());
        let url = self.database.url.expose();
        let is_here = self.database.is_postgres() && crate::store::is_on_this_machine(url);
        listens_here && is_here && self.server.trusted_proxies.is_empty()
    }

    /// Whether a secret can be guessed. Refused unless [`Settings::is_trial`].
    #[must_use]
    pub fn has_weak_secret(&self) -> bool {
        self.has_weak_token_secret() || self.has_weak_sealing_key()
    }

    fn has_weak_token_secret(&self) -> bool {
        let secret = self.security.token_secret.expose();
        secret.len() >= TOKEN_SECRET_MIN_BYTES && !is_random_text(secret)
    }

    fn has_weak_sealing_key(&self) -> bool {
        let sealing = self.security.sealing_key.expose();
        hex::decode(sealing).is_ok_and(|key| !key.is_empty() && (sealing == TEST_SEALING_KEY || !is_varied(&key)))
    }

    fn checked(self) -> Result<Self, ConfigError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(self) } else { Err(ConfigError::OutOfRange(faults)) }
    }

    fn faults(&self) -> Vec<String> {
        let (server, database, security) = (&self.server, &self.database, &self.security);
        let secret_bytes = security.token_secret.expose().len();
        let sealing = security.sealing_key.expose();
        let url = database.url.expose();
        let (has_weak_token_secret, has_weak_sealing_key) = (self.has_weak_token_secret(), self.has_weak_sealing_key());
        let is_trial = self.is_trial();
        let rules = [
            (server.workers <= MOST_WORKERS, "server.workers: 0-256"),
            (server.shutdown_s <= 300, "server.shutdown_s: 0-300"),
            ((100..=120_000).contains(&server.request_deadline_ms), "server.request_deadline_ms: 100-120000"),
            ((1024..=16 << 20).contains(&server.body_limit_bytes), "server.body_limit_bytes: 1024-16777216"),
            ((1024..=64 << 20).contains(&server.upload_limit_bytes), "server.upload_limit_bytes: 1024-67108864"),
            ((1..=1000).contains(&server.page_max), "server.page_max: 1-1000"),
            ((1..=server.page_max).contains(&server.page_default), "server.page_default: 1-page_max"),
            (
                url.starts_with("sqlite:") || database.is_postgres(),
                "database.url: 应为 sqlite:路径 或 postgres://… / must be sqlite:PATH or postgres://…",
            ),
            ((1..=200).contains(&database.pool_size), "database.pool_size: 1-200"),
            ((50..=30_000).contains(&database.pool_timeout_ms), "database.pool_timeout_ms: 50-30000"),
            (
                secret_bytes == 0 || secret_bytes >= TOKEN_SECRET_MIN_BYTES,
                "security.token_secret: 令牌密钥过短，至少 32 字节 / too short, at least 32 bytes",
            ),
            (
                !has_weak_token_secret || is_trial,
                "security.token_secret: 容易猜到（重复、空白或者示例），请用 openssl rand -hex 32 生成 / can be guessed \
                 (repetitions, blanks or an example): make one with openssl rand -hex 32",
            ),
            (
                !database.is_postgres() || secret_bytes > 0,
                "security.token_secret: 使用 PostgreSQL 时必须设置（GONGKAI_SECURITY__TOKEN_SECRET，至少 32 字节）/ \
                 required with PostgreSQL, at least 32 bytes",
            ),
            (
                sealing.is_empty() || hex::decode(sealing).is_ok_and(|key| key.len() == 32),
                "security.sealing_key: 应为 64 位十六进制 / must be 64 hex digits",
            ),
            (
                !has_weak_sealing_key || is_trial,
                "security.sealing_key: 容易猜到（重复或者示例），请用 openssl rand -hex 32 生成 / can be guessed \
                 (repetitions or an example): make one with openssl rand -hex 32",
            ),
            (
                !database.is_postgres() || !sealing.is_empty(),
                "security.sealing_key: 使用 PostgreSQL 时必须设置（GONGKAI_SECURITY__SEALING_KEY，64 位十六进制）/ \
                 required with PostgreSQL, 64 hex digits",
            ),
            ((1..=900).contains(&security.access_token_s), "security.access_token_s: 1-900"),
            ((1..=43_200).contains(&security.refresh_token_s), "security.refresh_token_s: 1-43200"),
            (security.token_leeway_s <= 5, "security.token_leeway_s: 0-5"),
            ((1..=100).contains(&security.login_failures), "security.login_failures: 1-100"),
            (
                (security.login_failures..=10_000).contains(&security.login_failures_per_address),
                "security.login_failures_per_address: login_failures-10000",
            ),
            (
                (1..=10_000).contains(&security.login_failures_per_account),
                "security.login_failures_per_account: 1-10000",
            ),
            ((1..=400).contains(&security.known_address_days), "security.known_address_days: 1-400"),
            ((1..=86_400).contains(&security.login_window_s), "security.login_window_s: 1-86400"),
            ((1..=100_000).contains(&security.reveals_per_hour), "security.reveals_per_hour: 1-100000"),
            ((1..=100_000).contains(&security.clear_exports_per_day), "security.clear_exports_per_day: 1-100000"),
            ((8192..=1 << 20).contains(&security.argon2_memory_kib), "security.argon2_memory_kib: 8192-1048576"),
            ((1..=20).contains(&security.argon2_passes), "security.argon2_passes: 1-20"),
            ((1..=16).contains(&security.argon2_lanes), "security.argon2_lanes: 1-16"),
            (self.smtp.port > 0, "smtp.port: 1-65535"),
            (
                self.smtp.from.parse::<Mailbox>().is_ok(),
                "smtp.from: 应为 名称 <邮箱地址> / must be a mailbox: Name <address>",
            ),
            (
                !self.smtp.sends_password_in_plain(),
                "smtp.tls: none 会以明文向另一台机器发送口令；请改用 starttls 或者 implicit，或者去掉 smtp.username / \
                 none would send the password in plain text to another machine: take starttls or implicit, or no username",
            ),
            ((1..=300).contains(&self.smtp.timeout_s), "smtp.timeout_s: 1-300"),
            (
                matches!(self.smtp.mails_per_minute, 0 | 6..=60_000),
                "smtp.mails_per_minute: 0（不限 / no limit）, 6-60000",
            ),
            (
                (1..=20).contains(&self.smtp.retry_s.len())
                    && self.smtp.retry_s.iter().all(|pause| (1..=86_400).contains(pause)),
                "smtp.retry_s: 1-20 × 1-86400",
            ),
            ((1..=3600).contains(&self.smtp.relay_pause_s), "smtp.relay_pause_s: 1-3600"),
            ((1..=3600).contains(&self.smtp.lease_s), "smtp.lease_s: 1-3600"),
            (self.smtp.keep_sent_days <= 36_500, "smtp.keep_sent_days: 0（一直保留 / for ever）-36500"),
        ];
        let broken = rules.into_iter().filter(|(is_good, _)| !is_good).map(|(_, rule)| rule.to_owned());
        broken.chain(self.reminders.faults()).map(|fault| format!("  {fault}")).collect()
    }
}

/// Whether a secret may be random: no surrounding blanks, no control characters, not the test secret, and varied.
fn is_random_text(secret: &str) -> bool {
    let is_plain = secret.trim() == secret && !secret.chars().any(char::is_control);
    is_plain && secret != TEST_TOKEN_SECRET && is_varied(secret.as_bytes())
}

/// Whether the bytes have enough different values and are not the repetition of one piece.
fn is_varied(bytes: &[u8]) -> bool {
    let different: std::collections::BTreeSet<&u8> = bytes.iter().collect();
    let repeats = |length: usize| bytes.iter().zip(bytes.iter().skip(length)).all(|(one, next)| one == next);
    different.len() >= DIFFERENT_BYTES && !(1..=bytes.len() / 2).any(repeats)
}

/// The variables that are settings, as `section__key`.
fn ours(variables: impl IntoIterator<Item = (String, String)>) -> config::Map<String, String> {
    let mut found = config::Map::new();
    for (name, value) in variables {
        let fixed = FIXED_NAMES.iter().find(|(fixed, _)| *fixed == name).map(|(_, key)| (*key).to_owned());
        let sectioned = || name.strip_prefix("GONGKAI_").filter(|rest| *rest != "CONFIG" && !rest.starts_with("TEST_"));
        if let Some(key) = fixed.or_else(|| sectioned().map(str::to_lowercase)) {
            found.insert(key, value);
        }
    }
    found
}

/// Deserialises a list from TOML, or from a variable as `a,b,c`.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Items(Vec<Item>),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Item {
        Number(i64),
        Text(String),
    }
    let items = match Either::deserialize(deserializer)? {
        Either::Text(text) => {
            text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        }
        Either::Items(items) => items
            .into_iter()
            .map(|item| match item {
                Item::Number(number) => number.to_string(),
                Item::Text(text) => text,
            })
            .collect::<Vec<_>>(),
    };
    items.iter().map(|item| item.parse().map_err(serde::de::Error::custom)).collect()
}

/// The format of a [`Policy`] in the settings.
#[derive(Deserialize)]
#[serde(remote = "Policy", deny_unknown_fields)]
struct PolicySettings {
    #[serde(deserialize_with = "list")]
    lead_days: Vec<u16>,
    repeat_every: u16,
    repeat_until: u16,
    black_days: u16,
    recipients: Recipients,
}

/// Deserialises one policy for each kind of duty.
fn policies<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Policies, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(with = "PolicySettings")] Policy);
    let written = BTreeMap::<ObligationKind, Written>::deserialize(deserializer)?;
    Ok(written.into_iter().map(|(kind, Written(policy))| (kind, policy)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::load(None, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_defaults_are_complete() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.server.bind, "127.0.0.1:8080");
        assert_eq!(settings.database.url.expose(), "sqlite:gongkai.db");
        assert_eq!(settings.reminders.policies[&ObligationKind::Reply].lead_days, [10, 5, 3, 1, 0]);
        assert_eq!(settings.smtp.tls, SmtpTls::Starttls);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("g.toml");
        std::fs::write(&file, "[smtp]\nhost = \"from-file\"\nport = 2525\n").unwrap();
        let vars = [
            ("GONGKAI_SMTP__HOST", "from-env"),
            ("GONGKAI_SMTP__PASSWORD", "0012"),
            ("GONGKAI_BIND", "0.0.0.0:9"),
            ("GONGKAI_DATABASE_URL", "sqlite:x.db"),
            ("GONGKAI_REMINDERS__POLICIES__REPLY__LEAD_DAYS", "7, 0"),
            ("GONGKAI_SERVER__TRUSTED_PROXIES", "10.0.0.1"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let settings = Settings::load(Some(&file), vars).unwrap();
        assert_eq!((settings.smtp.host.as_str(), settings.smtp.port), ("from-env", 2525));
        assert_eq!(settings.smtp.password.expose(), "0012", "digits stay text");
        assert_eq!((settings.server.bind.as_str(), settings.database.url.expose()), ("0.0.0.0:9", "sqlite:x.db"));
        let reply = &settings.reminders.policies[&ObligationKind::Reply];
        assert_eq!((reply.lead_days.as_slice(), reply.repeat_every), ([7, 0].as_slice(), 1));
        assert_eq!(settings.server.trusted_proxies, [IpAddr::from([10, 0, 0, 1])]);
    }

    #[test]
    fn an_unknown_key_stops_the_start() {
        let message = load(&[("GONGKAI_SMTP__HOTS", "x")]).unwrap_err().to_string();
        assert!(message.contains("hots"), "{message}");
        assert!(load(&[("GONGKAI_BINDD", "x")]).unwrap_err().to_string().contains("bindd"));
    }

    #[test]
    fn postgres_without_secrets_or_with_a_short_one_stops_the_start() {
        let pg = ("GONGKAI_DATABASE_URL", "postgres://u:hidden@h/d");
        let message = load(&[pg]).unwrap_err().to_string();
        assert!(message.contains("security.token_secret") && message.contains("security.sealing_key"), "{message}");
        assert!(message.contains("必须设置") && message.contains("required with PostgreSQL"), "{message}");
        let message = load(&[pg, ("GONGKAI_SECURITY__TOKEN_SECRET", "short-secret")]).unwrap_err().to_string();
        assert!(
            message.contains("过短") && !message.contains("short-secret") && !message.contains("hidden"),
            "{message}"
        );
    }

    #[test]
    fn a_secret_is_random_or_refused() {
        let random = "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f";
        assert!(is_random_text(random) && is_random_text("Xw3/9kQ+z0aB7yTn5vLdEoPq1RmS2uG="));
        for weak in
            ["a".repeat(40), "ab".repeat(20), "abcdefghij".repeat(4), format!(" {random}"), format!("{random}\n")]
        {
            assert!(!is_random_text(&weak), "{weak:?}");
        }
        assert!(!is_random_text(TEST_TOKEN_SECRET) && !is_varied(&hex::decode(TEST_SEALING_KEY).unwrap()));
        assert!(is_varied(&hex::decode(random).unwrap()) && !is_varied(&[7; 32]));
    }

    #[test]
    fn values_out_of_range_are_all_named_at_once() {
        let message = load(&[
            ("GONGKAI_SECURITY__ACCESS_TOKEN_S", "901"),
            ("GONGKAI_SECURITY__REFRESH_TOKEN_S", "43201"),
            ("GONGKAI_SECURITY__TOKEN_LEEWAY_S", "6"),
            ("GONGKAI_DATABASE_URL", "mysql://x"),
            ("GONGKAI_REMINDERS__WINDOW__UNTIL_HOUR", "7"),
            ("GONGKAI_REMINDERS__POLICIES__REPLY__LEAD_DAYS", "61"),
            ("GONGKAI_REMINDERS__POLICIES__FEE_PAYMENT__LEAD_DAYS", ""),
            ("GONGKAI_SMTP__MAILS_PER_MINUTE", "5"),
            ("GONGKAI_SMTP__RETRY_S", "60, 0"),
            ("GONGKAI_SMTP__RELAY_PAUSE_S", "0"),
            ("GONGKAI_SMTP__LEASE_S", "0"),
        ])
        .unwrap_err()
        .to_string();
        let security = ["access_token_s", "refresh_token_s", "token_leeway_s", "database.url"];
        let smtp = ["mails_per_minute", "retry_s", "relay_pause_s", "lease_s"];
        let reminders = ["reminders.window", "policies.reply.lead_days", "policies.fee_payment.lead_days"];
        for key in security.into_iter().chain(smtp).chain(reminders) {
            assert!(message.contains(key), "{key} in {message}");
        }
    }

    #[test]
    fn every_key_of_the_defaults_is_explained_in_chinese_and_english() {
        let mut comment = String::new();
        for line in DEFAULTS.lines() {
            if line.starts_with('#') {
                comment.push_str(line);
            } else if line.starts_with('[') || line.is_empty() {
                comment.clear();
            } else {
                assert!(!comment.is_empty(), "no comment before {line}");
            }
        }
    }
}
