//! Asks whether the database would take a change.

use diesel::prelude::*;

use super::schema::meta;
use super::{Store, StoreError};

impl Store {
    /// Takes the writer's turn and changes no row: a full queue, a standby and a lost server all show here.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`], or what the database says.
    pub fn probe(&self) -> Result<(), StoreError> {
        self.write(|db| {
            let nothing = meta::table.filter(meta::key.eq(""));
            diesel::update(nothing).set(meta::value.eq("")).execute(db)?;
            Ok(())
        })
    }
}
