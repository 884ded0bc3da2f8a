//! Whether the service can do its work, asked by whoever watches it.

use super::Office;
use crate::store::StoreError;
use serde::Serialize;

/// What was found; the service is ready when nothing is in the way.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// 可以办理业务
    pub is_ready: bool,
    /// 数据库可读可写
    pub is_database_writable: bool,
    /// 尚未执行的迁移
    pub pending_migrations: Vec<String>,
}

impl Office {
    /// Asks the database, with a write that changes nothing.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let is_database_writable = self.store().probe().is_ok();
        let pending = if is_database_writable { self.store().pending_migrations() } else { Ok(Vec::new()) };
        let pending_migrations = pending.unwrap_or_else(|error: StoreError| vec![error.to_string()]);
        Readiness {
            is_ready: is_database_writable && pending_migrations.is_empty(),
            is_database_writable,
            pending_migrations,
        }
    }
}
