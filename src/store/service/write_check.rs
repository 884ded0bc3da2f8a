//! Probes whether the database accepts writes and returns its data.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::database::db::{Begin, transaction_begun};
use crate::store::database::health::{Disk, StorageFault};
use crate::store::database::migrate::key_check;
use crate::store::database::options::Address;
use crate::store::database::seal::other_key;
use crate::store::{Db, Store, StoreError, service::meta};

/// The key in `meta` that each probe overwrites.
const PROBE: &str = "probe";
/// Size of the probe's write. A filing writes about ten kilobytes, so a database that accepts the probe accepts a
/// filing.
const AS_MUCH_AS_A_FILING: usize = 32 * 1024;

impl Store {
    /// Writes more than a filing does, reads a case and a random section of the tables, and checks whether damage met
    /// by a request is still there. Returns every fault; empty if all is well.
    #[must_use]
    pub fn probe(&self) -> Vec<StoreError> {
        let checks = [self.write_probe(), self.read_reserved(read_some), self.look_again(), self.key_probe()];
        let mut faults: Vec<StoreError> = Vec::new();
        for fault in checks.into_iter().filter_map(Result::err) {
            if !faults.iter().any(|known| is_alike(known, &fault)) {
                faults.push(fault);
            }
        }
        faults
    }

    /// The disk of an SQLite file. `None` on PostgreSQL, which may run on another machine.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        match &self.inner.address {
            Address::Sqlite(path) => Disk::of(path),
            Address::Postgres(_) => None,
        }
    }

    fn write_probe(&self) -> Result<(), StoreError> {
        match &self.inner.writer {
            Some(_) => self.write(write),
            None => {
                let mut db = self.inner.reserved.begin(Begin::Write)?;
                transaction_begun(&mut db, Begin::Write, write)
            }
        }
    }

    /// Fails if the sealing key was changed under the running service.
    fn key_probe(&self) -> Result<(), StoreError> {
        match self.read_reserved(key_check)? {
            Some(check) if check != self.inner.sealer.check() => Err(other_key()),
            Some(_) | None => Ok(()),
        }
    }

    /// Fails while damage met by a request has not been seen repaired.
    fn look_again(&self) -> Result<(), StoreError> {
        let health = &self.inner.health;
        let Some(damage) = health.damage() else { return Ok(()) };
        if damage.is_due() {
            let is_whole = self.read_reserved(|db| are_whole(db, &damage.names)).unwrap_or(false);
            health.looked_again(is_whole);
            if is_whole {
                return Ok(());
            }
        }
        Err(StoreError::Storage(StorageFault::Damaged, damage.said))
    }
}

/// Writes as much as a filing does.
pub(super) fn write(db: &mut Db) -> Result<(), StoreError> {
    meta::set(db, PROBE, &padding())
}

/// Whether the two are the same fault.
fn is_alike(one: &StoreError, other: &StoreError) -> bool {
    match (one, other) {
        (StoreError::Storage(one, _), StoreError::Storage(other, _)) => one == other,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Random text, which compression cannot shrink.
fn padding() -> String {
    let mut text = String::with_capacity(AS_MUCH_AS_A_FILING);
    while text.len() < AS_MUCH_AS_A_FILING {
        text.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    text
}

/// Runs a query that reads data and returns only its length.
fn read_through(db: &mut Db, query: &str) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Length {
        #[diesel(sql_type = BigInt)]
        length: i64,
    }
    let Length { length } = diesel::sql_query(query).get_result(db)?;
    Ok(length)
}

/// Reads the newest case with its log, by index and table. On SQLite, also reads a random section of each large table.
fn read_some(db: &mut Db) -> Result<(), StoreError> {
    let newest = "SELECT coalesce(sum(length(e.body)) + min(length(c.title)), 0) AS length FROM case_events e
                  JOIN cases c ON c.id = e.case_id WHERE c.id = (SELECT id FROM cases ORDER BY id DESC LIMIT 1)";
    read_through(db, newest)?;
    if matches!(db, Db::Lite(_)) {
        for (table, column) in [("cases", "title"), ("case_events", "body"), ("obligations", "article")] {
            let stretch = format!(
                "SELECT coalesce(sum(length({column})), 0) AS length FROM (SELECT {column} FROM {table}
                 WHERE rowid >= (SELECT abs(random()) % max(coalesce(max(rowid), 1), 1) FROM {table})
                 ORDER BY rowid LIMIT 64)"
            );
            read_through(db, &stretch)?;
        }
    }
    Ok(())
}

/// Reads the tables among `names` completely, or all tables if no name matches.
fn are_whole(db: &mut Db, names: &BTreeSet<String>) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let all = match db {
        Db::Lite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL",
        Db::Pg(_) => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
    };
    let all: Vec<Name> = diesel::sql_query(all).load(db)?;
    let mut met: Vec<&Name> = all.iter().filter(|table| names.contains(&table.name)).collect();
    if met.is_empty() {
        met = all.iter().collect();
    }
    for table in met {
        if !is_whole(db, &table.name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_whole(db: &mut Db, table: &str) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Said {
        #[diesel(sql_type = Text)]
        said: String,
    }
    match db {
        Db::Lite(_) => {
            let check = format!("SELECT quick_check AS said FROM pragma_quick_check('{table}') LIMIT 1");
            let said: Option<Said> = diesel::sql_query(check).get_result(db).optional()?;
            Ok(said.is_none_or(|one| one.said == "ok"))
        }
        Db::Pg(_) => {
            let all = format!("SELECT coalesce(sum(length(t::text)), 0)::bigint AS length FROM \"{table}\" t");
            read_through(db, &all)?;
            Ok(true)
        }
    }
}
