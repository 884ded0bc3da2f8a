//! The section `database`.

use super::Rule;
use super::secret::Secret;
use serde::Deserialize;

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
    /// What must hold of the section, with what is said where it does not.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let is_sqlite = self.url.expose().starts_with("sqlite:");
        vec![
            (
                is_sqlite || self.is_postgres(),
                "database.url: 应为 sqlite:路径 或 postgres://… / must be sqlite:PATH or postgres://…",
            ),
            ((1..=200).contains(&self.pool_size), "database.pool_size: 1-200"),
            ((50..=30_000).contains(&self.pool_timeout_ms), "database.pool_timeout_ms: 50-30000"),
        ]
    }

    /// Whether the address names PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.expose().starts_with("postgres://") || self.url.expose().starts_with("postgresql://")
    }
}
