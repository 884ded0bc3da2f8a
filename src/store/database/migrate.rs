//! Migrations, each reversible, run under a lock so that several instances may start at once. diesel's own functions
//! take no lock.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::db::{Begin, Db, transaction_begun};
use super::schema::meta;
use crate::store::{StoreError, database::db::on_each};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// An arbitrary number that every instance must share.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7110492)";

/// Key in `meta` for the check value of the sealing key.
pub(in crate::store) const KEY_CHECK: &str = "sealing_key_check";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What SQL alone cannot do, done after the migration of this version and in its transaction.
pub(in crate::store) type Step = (&'static str, fn(&mut Db) -> Result<(), StoreError>);

/// Runs the pending migrations, with the steps that follow them, and records the check value of the sealing key.
pub(in crate::store) fn run(db: &mut Db, key_check: &str, steps: &[Step]) -> Result<Vec<String>, StoreError> {
    run_then(db, key_check, steps, |_| Ok(())).map(|(applied, ())| applied)
}

/// Like [`run`], followed by `work` in the same transaction.
pub(in crate::store) fn run_then<T>(
    db: &mut Db,
    key_check: &str,
    steps: &[Step],
    work: impl FnOnce(&mut Db) -> Result<T, StoreError>,
) -> Result<(Vec<String>, T), StoreError> {
    locked(db, |db| {
        let applied = pending(db)?;
        for version in &applied {
            let next = match db {
                Db::Pg(c) => c.run_next_migration(POSTGRES).map(|ran| ran.to_string()),
                Db::Lite(c) => c.run_next_migration(SQLITE).map(|ran| ran.to_string()),
            };
            let ran = next.map_err(failed)?;
            if ran != *version {
                return Err(StoreError::Database(format!("migration {ran} ran, {version} was expected")));
            }
            for (_, step) in steps.iter().filter(|(after, _)| *after == ran) {
                step(db)?;
            }
        }
        remember_key(db, key_check)?;
        let done = work(db)?;
        Ok((applied, done))
    })
}

/// Reverts every migration.
pub(in crate::store) fn revert_all(db: &mut Db) -> Result<Vec<String>, StoreError> {
    locked(db, |db| {
        let reverted = match db {
            Db::Pg(c) => c.revert_all_migrations(POSTGRES).map(names),
            Db::Lite(c) => c.revert_all_migrations(SQLITE).map(names),
        };
        reverted.map_err(failed)
    })
}

/// The migrations that are not applied yet. Does not write, so it may run on a reader.
pub(in crate::store) fn pending(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let applied = applied(db)?;
    let mut missing = of_release(matches!(db, Db::Lite(_)))?;
    missing.retain(|version| !applied.contains(version));
    Ok(missing)
}

/// The migrations of this release, oldest first.
pub(in crate::store) fn of_release(is_sqlite: bool) -> Result<Vec<String>, StoreError> {
    let mut all = if is_sqlite { known::<Sqlite>(&SQLITE)? } else { known::<Pg>(&POSTGRES)? };
    all.sort();
    Ok(all)
}

/// The migrations that are applied, oldest first.
pub(in crate::store) fn applied(db: &mut Db) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    if !table_exists(db, "__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version").load(db)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

/// The check value of the key the database was sealed with. `None` before the first migration.
pub(in crate::store) fn key_check(db: &mut Db) -> Result<Option<String>, StoreError> {
    if !table_exists(db, "meta")? {
        return Ok(None);
    }
    Ok(meta::table.find(KEY_CHECK).select(meta::value).first(db).optional()?)
}

fn remember_key(db: &mut Db, check: &str) -> Result<(), StoreError> {
    match key_check(db)? {
        None => {
            let row = (meta::key.eq(KEY_CHECK), meta::value.eq(check));
            diesel::insert_into(meta::table).values(row).execute(db)?;
            Ok(())
        }
        Some(known) if known == check => Ok(()),
        Some(_) => Err(super::seal::other_key()),
    }
}

/// Runs `work` in one transaction that excludes every other migrating instance.
fn locked<T>(db: &mut Db, work: impl FnOnce(&mut Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
    match db {
        Db::Pg(c) => {
            AnsiTransactionManager::begin_transaction(c)?;
            if let Err(error) = c.batch_execute(LOCK) {
                AnsiTransactionManager::rollback_transaction(c)?;
                return Err(error.into());
            }
        }
        Db::Lite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN EXCLUSIVE")?,
    }
    transaction_begun(db, Begin::Write, work)
}

pub(in crate::store) fn table_exists(db: &mut Db, name: &str) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let sql = match db {
        Db::Pg(_) => "SELECT count(*) AS n FROM pg_catalog.pg_class WHERE oid = to_regclass($1)",
        Db::Lite(_) => "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name = $1",
    };
    let found: Found = on_each!(db => diesel::sql_query(sql).bind::<Text, _>(name).get_result(db))?;
    Ok(found.n > 0)
}

fn known<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn failed(cause: Failure) -> StoreError {
    StoreError::Database(format!("migration failed: {cause}"))
}
