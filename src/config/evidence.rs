//! The section `evidence`.

use super::Database;
use serde::Deserialize;
use std::path::PathBuf;

/// What proves that the database is what was recorded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The file that takes a line each day. Empty: beside the SQLite database, with the suffix `.anchors`; none on
    /// PostgreSQL.
    pub anchor_file: String,
}

impl Evidence {
    /// The file of the anchors. `None` if there is none.
    #[must_use]
    pub fn anchors(&self, database: &Database) -> Option<PathBuf> {
        if !self.anchor_file.is_empty() {
            return Some(PathBuf::from(&self.anchor_file));
        }
        database.url.expose().strip_prefix("sqlite:").map(|path| PathBuf::from(format!("{path}.anchors")))
    }
}
