//! The tables and columns of a database, read from its own catalog: what a later migration adds is carried without a
//! change here.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::store::StoreError;
use crate::store::database::db::{Db, on_each};

/// diesel's table, which each database writes for itself.
const OWN: &str = "__diesel_schema_migrations";

/// The type of a column, as both databases can carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// `uuid`; hyphenated text on SQLite.
    Uuid,
    /// `timestamptz`; text in UTC with six decimals on SQLite.
    Instant,
    /// `date`; `YYYY-MM-DD` on SQLite.
    Day,
    /// `boolean`; 0 or 1 on SQLite.
    Flag,
    /// 32 bits.
    Integer,
    /// 64 bits, or any whole number of SQLite.
    Long,
    Bytes,
}

/// How a value is handed from one database to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Number,
    Bytes,
}

impl Kind {
    fn in_postgres(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "uuid" => Self::Uuid,
            "timestamp with time zone" => Self::Instant,
            "date" => Self::Day,
            "boolean" => Self::Flag,
            "integer" => Self::Integer,
            "bigint" => Self::Long,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }

    fn in_sqlite(name: &str) -> Option<Self> {
        Some(match name {
            "TEXT" => Self::Text,
            "INTEGER" => Self::Long,
            "BLOB" => Self::Bytes,
            _ => return None,
        })
    }

    pub(super) const fn form(self) -> Form {
        match self {
            Self::Text | Self::Uuid | Self::Instant | Self::Day => Form::Text,
            Self::Flag | Self::Integer | Self::Long => Form::Number,
            Self::Bytes => Form::Bytes,
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The tables with their columns, in the order of the columns. Without diesel's own table.
pub(super) type Tables = BTreeMap<String, Vec<Column>>;

const POSTGRES: &str = "SELECT c.relname::text AS of_table, a.attname::text AS name,
        format_type(a.atttypid, a.atttypmod) AS kind
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, a.attnum";
const SQLITE: &str = "SELECT t.name AS of_table, c.name AS name, c.type AS kind
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_'
    ORDER BY 1, c.cid";

/// Reads the catalog.
///
/// # Errors
/// [`StoreError::Refused`] for a column of a type that cannot be carried.
pub(super) fn tables(db: &mut Db) -> Result<Tables, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        of_table: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let is_sqlite = matches!(db, Db::Lite(_));
    let query = diesel::sql_query(if is_sqlite { SQLITE } else { POSTGRES });
    let rows: Vec<Row> = on_each!(db => query.load(db))?;
    let mut tables = Tables::new();
    for Row { of_table, name, kind } in rows.into_iter().filter(|row| row.of_table != OWN) {
        let known = if is_sqlite { Kind::in_sqlite(&kind) } else { Kind::in_postgres(&kind) };
        let Some(kind) = known else {
            return Err(StoreError::Refused(format!("{of_table}.{name} 的类型 {kind} 不能复制（unknown_column）")));
        };
        tables.entry(of_table).or_default().push(Column { name, kind });
    }
    Ok(tables)
}

/// Refuses a source that has not exactly the tables and columns of the target: nothing may be left out.
///
/// # Errors
/// [`StoreError::Refused`] with the first difference.
pub(super) fn require_equal(source: &Tables, target: &Tables) -> Result<(), StoreError> {
    let differs =
        |what: String| StoreError::Refused(format!("来源数据库与本版本的表不一致，没有改动：{what}（unknown_table）"));
    if let Some(name) = source.keys().find(|name| !target.contains_key(*name)) {
        return Err(differs(format!("多出表 {name}")));
    }
    for (name, columns) in target {
        let there = source.get(name).ok_or_else(|| differs(format!("缺少表 {name}")))?;
        let find = |of: &[Column], column: &Column| of.iter().find(|other| other.name == column.name).cloned();
        if let Some(extra) = there.iter().find(|column| find(columns, column).is_none()) {
            return Err(differs(format!("多出列 {name}.{}", extra.name)));
        }
        for column in columns {
            match find(there, column) {
                None => return Err(differs(format!("缺少列 {name}.{}", column.name))),
                Some(other) if other.kind.form() != column.kind.form() => {
                    return Err(differs(format!("列 {name}.{} 的类型不同", column.name)));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// A name in SQL. Both databases quote alike.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
