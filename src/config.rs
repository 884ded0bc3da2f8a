//! Typed settings from config/default.toml, an optional file and the environment.
//!
//! One struct per section. `config/default.toml` is compiled in, holds every default and documents every key. An
//! unknown key, a value of the wrong type or a value out of range prevents the start.

mod database;
mod evidence;
mod list;
mod reminders;
mod secret;
mod security;
mod server;
mod smtp;

pub use database::Database;
pub use evidence::Evidence;
pub use reminders::{ApplicantInMail, Reminders};
pub use secret::Secret;
pub use security::{PasswordProfile, Security, TOKEN_SECRET_MIN_BYTES};
pub use server::Server;
pub use smtp::{Smtp, SmtpTls};

use secret::{TEST_SEALING_KEY, TEST_TOKEN_SECRET};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A rule of a section: whether it holds, and what is said where it does not.
type Rule = (bool, &'static str);

/// The documented defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The file read from the working directory if no other is named.
const USUAL_FILE: &str = "gongkai.toml";

/// Environment variables with fixed names, and their keys. `GONGKAI_CONFIG` names the file itself.
const FIXED_NAMES: [(&str, &str); 2] = [("GONGKAI_DATABASE_URL", "database__url"), ("GONGKAI_BIND", "server__bind")];

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
    /// What proves that the database is what was recorded.
    pub evidence: Evidence,
    /// Logging.
    pub log: Log,
    /// The working-day calendar.
    pub calendar: CalendarSettings,
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
        Self::unchecked_from_process(file)?.checked()
    }

    /// Like [`Settings::from_process`], without checking the values: for a diagnosis, see [`Settings::faults`].
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] if a source cannot be read.
    pub fn unchecked_from_process(file: Option<&Path>) -> Result<Self, ConfigError> {
        let named = file.map(Path::to_path_buf).or_else(|| std::env::var_os("GONGKAI_CONFIG").map(PathBuf::from));
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists());
        Self::parse(named.or_else(usual).as_deref(), variables())
    }

    /// What values of these settings are out of range. Empty if they can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let rules = [
            self.server.rules(),
            self.database.rules(),
            self.security.rules(self.database.is_postgres(), self.is_trial()),
            self.smtp.rules(),
        ];
        let broken = rules.into_iter().flatten().filter(|(holds, _)| !holds).map(|(_, rule)| rule.to_owned());
        broken.chain(self.reminders.faults()).map(|fault| format!("  {fault}")).collect()
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
        Self::parse(file, variables)?.checked()
    }

    fn parse(file: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut builder =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        // No type guessing, so that a password of digits stays text.
        let environment = config::Environment::default().separator("__").source(Some(ours(variables)));
        builder
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError::Unreadable(error.to_string()))
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
        // Each reminder in a mail of its own, so that a test sees it by itself.
        settings.reminders.digest = false;
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
        self.security.has_weak_token_secret() || self.security.has_weak_sealing_key()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(self) } else { Err(ConfigError::OutOfRange(faults)) }
    }
}

/// The environment of this process. A variable that is not Unicode cannot be a valid setting of ours. If its name is one
/// of ours, reading the settings reports it.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.to_string_lossy().into_owned())))
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

#[cfg(test)]
mod tests {
    use super::secret::{is_random_text, is_varied};
    use super::*;
    use crate::case::ObligationKind;
    use std::net::IpAddr;

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
        assert!(settings.reminders.digest, "one mail a person and working day");
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
            ("GONGKAI_SMTP__KEEP_SENT_DAYS", "36501"),
        ])
        .unwrap_err()
        .to_string();
        let security = ["access_token_s", "refresh_token_s", "token_leeway_s", "database.url"];
        let smtp = ["mails_per_minute", "retry_s", "relay_pause_s", "lease_s", "keep_sent_days"];
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
