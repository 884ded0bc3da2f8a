//! `gongkai copy`: one database into another, of the same kind or of the other.

use std::path::Path;

use diesel::connection::SimpleConnection;

use super::catalog::{self, Tables};
use super::chains::{self, Verified};
use super::pause_mail;
use super::place::Unfinished;
use super::rows::{Digest, Writer, read};
use super::sqlite;
use super::target::{analyse, empty_database, empty_file, key_at_hand, require_known};
use super::unchecked::unchecked;
use crate::store::StoreError;
use crate::store::database::db::{Begin, ConnectionRole, Db, Manager, Session, on_each, transaction};
use crate::store::database::options::Address;
use crate::store::database::{foreign, migrate};
use crate::store::evidence::upgrade::STEPS;

/// A finished copy.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The database that was copied, for display.
    pub from: String,
    /// The new database, for display.
    pub to: String,
    /// Tables.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
    /// The check of all chains in the new database.
    pub verified: Verified,
}

/// Copies one consistent state of the database at `from` to the empty place `to`: every table with every value. Both
/// sides are read back and compared before the copy is committed. `key` is the configured sealing key.
///
/// # Errors
/// [`StoreError::Refused`] if the place is not empty, the source is not of this release, or the sealing key at hand is
/// not that of the source; [`StoreError::Database`] if what was written is not what was read.
pub fn copy(from: &str, to: &str, key: Option<&str>) -> Result<Copied, StoreError> {
    let (source, target) = (Address::parse(from)?, Address::parse(to)?);
    let (mut db, known) = open_source(&source)?;
    let plan = Plan { source: &mut db, key_check: known, reason: format!("本数据库由 {source} 复制而来") };
    let (copied, verified) = match &target {
        Address::Sqlite(path) => {
            let is_there = empty_file(path)?;
            key_at_hand(&target, key, &plan.key_check)?;
            plan.into_file(path, is_there)?
        }
        Address::Postgres(_) => {
            key_at_hand(&target, key, &plan.key_check)?;
            let mut db = empty_database(&target)?;
            foreign::refuse_unfinished(&mut db)?;
            let copied = plan.fill(&mut db)?;
            analyse(&mut db)?;
            (copied, chains::verify(&mut db)?)
        }
    };
    let (tables, rows) = copied;
    Ok(Copied { from: source.to_string(), to: target.to_string(), tables, rows, verified })
}

/// The source, and the check value of its sealing key.
///
/// # Errors
/// [`StoreError::Refused`] if there is none, or it is not of exactly this release: a copy does not change its source.
fn open_source(address: &Address) -> Result<(Db, String), StoreError> {
    address.require_file()?;
    foreign::refuse(address, true)?;
    let role = match address {
        Address::Sqlite(_) => ConnectionRole::Reader,
        Address::Postgres(_) => ConnectionRole::Writer,
    };
    let mut db = Manager::new(address.clone(), Session::MIGRATION, role).open()?;
    foreign::refuse_unfinished(&mut db)?;
    let known = migrate::key_check(&mut db)?.ok_or_else(|| address.holds_nothing())?;
    let is_sqlite = matches!(db, Db::Lite(_));
    require_known(&migrate::applied(&mut db)?, is_sqlite, &address.to_string())?;
    if !migrate::pending(&mut db)?.is_empty() {
        return Err(StoreError::Refused(format!(
            "{address} 尚未升级到本版本，没有改动：请先在来源数据库运行 gongkai migrate，再复制（pending_migrations）"
        )));
    }
    Ok((db, known))
}

/// What a copy needs.
struct Plan<'a> {
    source: &'a mut Db,
    key_check: String,
    reason: String,
}

/// The number of tables and of rows.
type Amount = (usize, u64);

impl Plan<'_> {
    fn into_file(self, path: &Path, is_there: bool) -> Result<(Amount, Verified), StoreError> {
        let unfinished = Unfinished::beside(path)?;
        let place = Address::Sqlite(unfinished.path().to_owned());
        let mut db = Manager::new(place, Session::MIGRATION, ConnectionRole::Writer).open()?;
        let copied = self.fill(&mut db)?;
        let verified = chains::verify(&mut db)?;
        sqlite::close(db)?;
        unfinished.put_in_place(path, is_there)?;
        Ok((copied, verified))
    }

    /// Makes the tables and fills them, in one transaction: a copy that breaks off leaves the target empty.
    fn fill(self, target: &mut Db) -> Result<Amount, StoreError> {
        let Self { source, key_check, reason } = self;
        without_limit(source)?;
        without_limit(target)?;
        let (_, copied) = migrate::run_then(target, &key_check, STEPS, |target| {
            let copied = transaction(source, Begin::Snapshot, |source| carry_all(source, target))?;
            pause_mail(target, reason)?;
            Ok(copied)
        })?;
        Ok(copied)
    }
}

/// Reading a large table takes longer than any other statement.
fn without_limit(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Pg(db) => Ok(db.batch_execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")?),
        Db::Lite(_) => Ok(()),
    }
}

fn carry_all(source: &mut Db, target: &mut Db) -> Result<Amount, StoreError> {
    let (from, to) = (catalog::tables(source)?, catalog::tables(target)?);
    catalog::require_equal(&from, &to)?;
    let rows = unchecked(target, &to, |target| carry(source, target, &from, &to))?;
    Ok((to.len(), rows))
}

/// Replaces what the migrations wrote into the target by the rows of the source, and compares.
fn carry(source: &mut Db, target: &mut Db, from: &Tables, to: &Tables) -> Result<u64, StoreError> {
    let mut total = 0;
    for (table, columns) in to {
        let there = from.get(table).map_or(&[][..], Vec::as_slice);
        // The columns of the source in the order of the target.
        let ordered: Vec<_> =
            columns.iter().filter_map(|column| there.iter().find(|other| other.name == column.name).cloned()).collect();
        empty(target, table)?;
        let mut read_from = Digest::default();
        let mut writer = Writer::new(target, table, columns);
        read(source, table, &ordered, |row| {
            read_from.add(&row);
            writer.add(row)
        })?;
        writer.flush()?;
        if Digest::of(target, table, columns)? != read_from {
            return Err(StoreError::Database(format!(
                "{table}: what was written is not what was read; nothing is kept"
            )));
        }
        total += read_from.rows;
    }
    Ok(total)
}

fn empty(db: &mut Db, table: &str) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {}", catalog::quoted(table));
    on_each!(db => db.batch_execute(&sql))?;
    Ok(())
}
