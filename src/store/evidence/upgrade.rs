//! Migrations with the part of them that is not SQL: rows of earlier releases get their hashes.

use super::{chain, numbers};
use crate::store::database::migrate;
use crate::store::{Db, Store, StoreError, now};

/// The migration that chains the audit log.
const AUDIT_CHAIN: &str = "00000000000020";

impl Store {
    /// Runs the pending migrations and returns their versions. Instances that start at once wait for each other: one
    /// migrates, the others find nothing pending.
    ///
    /// # Errors
    /// [`StoreError::Database`] if a migration fails, in which case everything is rolled back; [`StoreError::Refused`]
    /// if the database was sealed with another key.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let mut db = self.migration_connection()?;
        migrate::run(&mut db, self.inner.sealer.check(), bring_over)
    }
}

/// The part of the applied migrations that is not SQL, in the same transaction.
fn bring_over(db: &mut Db, applied: &[String]) -> Result<(), StoreError> {
    if applied.iter().any(|version| version == AUDIT_CHAIN) {
        chain::bring_over(db)?;
        numbers::record_earlier_raises(db, now())?;
    }
    Ok(())
}
