//! The section `security`.

use super::Rule;
use super::secret::TEST_SEALING_KEY;
use super::secret::{Secret, is_random_text, is_varied};
use serde::Deserialize;

/// Minimum length of the token secret in bytes (HS256: the length of the hash).
pub const TOKEN_SECRET_MIN_BYTES: usize = 32;

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

impl Security {
    /// What must hold of the section, with what is said where it does not.
    ///
    /// `is_postgres`: secrets are required. `is_trial`: secrets that can be guessed are accepted.
    pub(super) fn rules(&self, is_postgres: bool, is_trial: bool) -> Vec<Rule> {
        let secret_bytes = self.token_secret.expose().len();
        let sealing = self.sealing_key.expose();
        vec![
            (
                secret_bytes == 0 || secret_bytes >= TOKEN_SECRET_MIN_BYTES,
                "security.token_secret: 令牌密钥过短，至少 32 字节 / too short, at least 32 bytes",
            ),
            (
                !self.has_weak_token_secret() || is_trial,
                "security.token_secret: 容易猜到（重复、空白或者示例），请用 openssl rand -hex 32 生成 / can be guessed \
                 (repetitions, blanks or an example): make one with openssl rand -hex 32",
            ),
            (
                !is_postgres || secret_bytes > 0,
                "security.token_secret: 使用 PostgreSQL 时必须设置（GONGKAI_SECURITY__TOKEN_SECRET，至少 32 字节）/ \
                 required with PostgreSQL, at least 32 bytes",
            ),
            (
                sealing.is_empty() || hex::decode(sealing).is_ok_and(|key| key.len() == 32),
                "security.sealing_key: 应为 64 位十六进制 / must be 64 hex digits",
            ),
            (
                !self.has_weak_sealing_key() || is_trial,
                "security.sealing_key: 容易猜到（重复或者示例），请用 openssl rand -hex 32 生成 / can be guessed \
                 (repetitions or an example): make one with openssl rand -hex 32",
            ),
            (
                !is_postgres || !sealing.is_empty(),
                "security.sealing_key: 使用 PostgreSQL 时必须设置（GONGKAI_SECURITY__SEALING_KEY，64 位十六进制）/ \
                 required with PostgreSQL, 64 hex digits",
            ),
            ((1..=900).contains(&self.access_token_s), "security.access_token_s: 1-900"),
            ((1..=43_200).contains(&self.refresh_token_s), "security.refresh_token_s: 1-43200"),
            (self.token_leeway_s <= 5, "security.token_leeway_s: 0-5"),
            ((1..=100).contains(&self.login_failures), "security.login_failures: 1-100"),
            (
                (self.login_failures..=10_000).contains(&self.login_failures_per_address),
                "security.login_failures_per_address: login_failures-10000",
            ),
            ((1..=10_000).contains(&self.login_failures_per_account), "security.login_failures_per_account: 1-10000"),
            ((1..=400).contains(&self.known_address_days), "security.known_address_days: 1-400"),
            ((1..=86_400).contains(&self.login_window_s), "security.login_window_s: 1-86400"),
            ((1..=100_000).contains(&self.reveals_per_hour), "security.reveals_per_hour: 1-100000"),
            ((1..=100_000).contains(&self.clear_exports_per_day), "security.clear_exports_per_day: 1-100000"),
            ((8192..=1 << 20).contains(&self.argon2_memory_kib), "security.argon2_memory_kib: 8192-1048576"),
            ((1..=20).contains(&self.argon2_passes), "security.argon2_passes: 1-20"),
            ((1..=16).contains(&self.argon2_lanes), "security.argon2_lanes: 1-16"),
        ]
    }

    pub(super) fn has_weak_token_secret(&self) -> bool {
        let secret = self.token_secret.expose();
        secret.len() >= TOKEN_SECRET_MIN_BYTES && !is_random_text(secret)
    }

    pub(super) fn has_weak_sealing_key(&self) -> bool {
        let sealing = self.sealing_key.expose();
        hex::decode(sealing).is_ok_and(|key| !key.is_empty() && (sealing == TEST_SEALING_KEY || !is_varied(&key)))
    }
}
