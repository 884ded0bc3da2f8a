//! Rows are carried as they are: triggers must not act on them a second time, and foreign keys may point forward, also in
//! a circle (departments and their heads).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::catalog::{Tables, quoted};
use crate::store::StoreError;
use crate::store::database::db::{Db, on_each};

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Foreign keys that are checked at once, in the form `ALTER TABLE … ALTER CONSTRAINT …`.
const FOREIGN_KEYS: &str = "SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I', conrelid::regclass, conname) AS sql
    FROM pg_constraint WHERE contype = 'f' AND NOT condeferrable ORDER BY 1";
/// Sequences of identity columns, set behind the highest value.
const IDENTITIES: &str =
    "SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) FROM %s',
        a.attrelid::regclass, a.attname, a.attname, a.attrelid::regclass) AS sql
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attidentity <> '' AND c.relkind IN ('r', 'p') ORDER BY 1";
const TRIGGERS: &str = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
const NO_TRIGGERS: &str =
    "SELECT 'DROP TRIGGER \"' || replace(name, '\"', '\"\"') || '\"' AS sql FROM sqlite_schema WHERE type = 'trigger'";

/// Runs `work` in the current transaction with triggers off and foreign keys checked at its end. Identity columns go on
/// after the highest value.
///
/// # Errors
/// The errors of `work`; [`StoreError::Dangling`] if a row refers to one that is not there (SQLite: at the commit).
pub(super) fn unchecked<T>(
    db: &mut Db,
    tables: &Tables,
    work: impl FnOnce(&mut Db) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match db {
        Db::Pg(_) => {
            let keys = statements(db, FOREIGN_KEYS)?;
            run(db, keys.iter().map(|key| format!("{key} DEFERRABLE INITIALLY DEFERRED")))?;
            run(db, tables.keys().map(|table| format!("ALTER TABLE {} DISABLE TRIGGER USER", quoted(table))))?;
            let done = work(db)?;
            run(db, ["SET CONSTRAINTS ALL IMMEDIATE".to_owned()])?;
            run(db, tables.keys().map(|table| format!("ALTER TABLE {} ENABLE TRIGGER USER", quoted(table))))?;
            run(db, keys.iter().map(|key| format!("{key} NOT DEFERRABLE")))?;
            let identities = statements(db, IDENTITIES)?;
            run(db, identities)?;
            Ok(done)
        }
        Db::Lite(_) => {
            run(db, ["PRAGMA defer_foreign_keys = ON".to_owned()])?;
            let triggers = statements(db, TRIGGERS)?;
            let drops = statements(db, NO_TRIGGERS)?;
            run(db, drops)?;
            let done = work(db)?;
            run(db, triggers)?;
            Ok(done)
        }
    }
}

fn statements(db: &mut Db, query: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Statement> = on_each!(db => diesel::sql_query(query).load(db))?;
    Ok(rows.into_iter().map(|row| row.sql).collect())
}

fn run(db: &mut Db, statements: impl IntoIterator<Item = String>) -> Result<(), StoreError> {
    for statement in statements {
        on_each!(db => db.batch_execute(&statement))?;
    }
    Ok(())
}
