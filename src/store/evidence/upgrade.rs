//! Migrations with the part of them that is not SQL: rows of earlier releases get their hashes.

use super::{chain, numbers};
use crate::store::cases::log_form;
use crate::store::database::migrate::{self, Step};
use crate::store::{Db, Store, StoreError, now};

/// The part of each migration that is not SQL, by version.
pub(in crate::store) const STEPS: &[Step] =
    &[("00000000000020", chain_audit_log), ("00000000000022", log_form::bring_over)];

impl Store {
    /// Runs the pending migrations and returns their versions. Instances that start at once wait for each other: one
    /// migrates, the others find nothing pending.
    ///
    /// # Errors
    /// [`StoreError::Database`] if a migration fails, in which case everything is rolled back; [`StoreError::Refused`]
    /// if the database was sealed with another key.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let mut db = self.migration_connection()?;
        migrate::run(&mut db, self.inner.sealer.check(), STEPS)
    }
}

/// Chains the entries that were written before, and records how far counters are ahead.
fn chain_audit_log(db: &mut Db) -> Result<(), StoreError> {
    chain::bring_over(db)?;
    numbers::record_earlier_raises(db, now())
}
