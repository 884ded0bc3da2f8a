//! Rows of any table, in a form that is the same for both databases.

use aws_lc_rs::digest::{Context, SHA256};
use diesel::connection::DefaultLoadingMode;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::prelude::*;
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteType};

use super::catalog::{Column, Form, Kind, quoted};
use crate::store::StoreError;
use crate::store::database::db::Db;

/// Rows and bytes that are written at once.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 8 << 20;
/// The parameters SQLite takes in one statement (its default limit is 32,766).
const PARAMETERS: usize = 30_000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

impl Cell {
    /// A tag for its form, and its bytes.
    fn bytes(&self) -> (u8, &[u8], [u8; 8]) {
        match self {
            Self::Null => (0, &[], [0; 8]),
            Self::Text(text) => (1, text.as_bytes(), [0; 8]),
            Self::Number(number) => (2, &[], number.to_be_bytes()),
            Self::Bytes(bytes) => (3, bytes, [0; 8]),
        }
    }
}

/// A row, its values in the order of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line(pub(super) Vec<Cell>);

/// The types of PostgreSQL that [`selection`] leaves.
const INT8: u32 = 20;
const BYTEA: u32 = 17;

impl QueryableByName<Pg> for Line {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let cell = |at: usize| -> deserialize::Result<Cell> {
            let field = Row::get(row, at).ok_or("no such column")?;
            let Some(value) = field.value() else { return Ok(Cell::Null) };
            Ok(match value.get_oid().get() {
                INT8 => Cell::Number(FromSql::<BigInt, Pg>::from_sql(value)?),
                BYTEA => Cell::Bytes(FromSql::<Binary, Pg>::from_sql(value)?),
                _ => Cell::Text(FromSql::<Text, Pg>::from_sql(value)?),
            })
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<_>>().map(Self)
    }
}

impl QueryableByName<Sqlite> for Line {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let cell = |at: usize| -> deserialize::Result<Cell> {
            let field = Row::get(row, at).ok_or("no such column")?;
            let Some(value) = field.value() else { return Ok(Cell::Null) };
            Ok(match value.value_type() {
                None => Cell::Null,
                Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
                    Cell::Number(FromSql::<BigInt, Sqlite>::from_sql(value)?)
                }
                Some(SqliteType::Binary) => Cell::Bytes(FromSql::<Binary, Sqlite>::from_sql(value)?),
                Some(SqliteType::Text) => Cell::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
                Some(other) => return Err(format!("a value of type {other:?}").into()),
            })
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<_>>().map(Self)
    }
}

/// The statement that reads a table: every value as text, a 64-bit number or bytes, the texts as SQLite has them.
fn selection(table: &str, columns: &[Column], is_sqlite: bool) -> String {
    let column = |column: &Column| {
        let name = quoted(&column.name);
        match column.kind {
            _ if is_sqlite => name,
            Kind::Uuid => format!("{name}::text"),
            Kind::Instant => format!(r#"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#),
            Kind::Day => format!("to_char({name}, 'YYYY-MM-DD')"),
            Kind::Flag => format!("{name}::integer::bigint"),
            Kind::Integer => format!("{name}::bigint"),
            Kind::Text | Kind::Long | Kind::Bytes => name,
        }
    };
    let columns: Vec<String> = columns.iter().map(column).collect();
    format!("SELECT {} FROM {}", columns.join(", "), quoted(table))
}

/// Reads a table row by row, without holding it in memory.
pub(super) fn read(
    db: &mut Db,
    table: &str,
    columns: &[Column],
    mut each: impl FnMut(Vec<Cell>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    match db {
        Db::Pg(db) => {
            let query = diesel::sql_query(selection(table, columns, false));
            for row in query.load_iter::<Line, PgRowByRowLoadingMode>(db)? {
                each(row?.0)?;
            }
        }
        Db::Lite(db) => {
            let query = diesel::sql_query(selection(table, columns, true));
            for row in query.load_iter::<Line, DefaultLoadingMode>(db)? {
                each(row?.0)?;
            }
        }
    }
    Ok(())
}

/// Writes rows of one table in batches.
pub(super) struct Writer<'a> {
    db: &'a mut Db,
    table: &'a str,
    columns: &'a [Column],
    rows: Vec<Vec<Cell>>,
    size: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(db: &'a mut Db, table: &'a str, columns: &'a [Column]) -> Self {
        Self { db, table, columns, rows: Vec::new(), size: 0 }
    }

    /// Takes a row, and writes when enough are there.
    pub(super) fn add(&mut self, row: Vec<Cell>) -> Result<(), StoreError> {
        self.size += row.iter().map(|cell| cell.bytes().1.len()).sum::<usize>();
        self.rows.push(row);
        let most = BATCH_ROWS.min(PARAMETERS / self.columns.len().max(1));
        if self.rows.len() >= most || self.size >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is left.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.size = 0;
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let written = match self.db {
            Db::Pg(db) => insert_into_postgres(db, self.table, self.columns, rows),
            Db::Lite(db) => insert_into_sqlite(db, self.table, self.columns, rows),
        };
        written.map_err(|cause| match cause {
            StoreError::Database(said) => StoreError::Database(format!("{}: {said}", self.table)),
            other => other,
        })
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

/// One array a column, so that the statement is the same for any number of rows.
fn insert_into_postgres(
    db: &mut PgConnection,
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Cell>>,
) -> Result<(), StoreError> {
    let arrays: Vec<String> = columns.iter().enumerate().map(|(at, column)| array(at, column)).collect();
    let aliases: Vec<String> = (0..columns.len()).map(|at| format!("c{at}")).collect();
    let values: Vec<String> = columns.iter().enumerate().map(|(at, column)| value(at, column)).collect();
    let sql = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS r ({})",
        quoted(table),
        names(columns),
        values.join(", "),
        arrays.join(", "),
        aliases.join(", ")
    );
    let mut by_column: Vec<Vec<Cell>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        by_column.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    let mut query = diesel::sql_query(sql).into_boxed::<Pg>();
    for (column, cells) in columns.iter().zip(by_column) {
        query = match column.kind.form() {
            Form::Text => query.bind::<Array<Nullable<Text>>, _>(all(cells, |cell| text(table, column, cell))?),
            Form::Number => query.bind::<Array<Nullable<BigInt>>, _>(all(cells, |cell| number(table, column, cell))?),
            Form::Bytes => query.bind::<Array<Nullable<Binary>>, _>(all(cells, |cell| bytes(table, column, cell))?),
        };
    }
    query.execute(db)?;
    Ok(())
}

fn array(at: usize, column: &Column) -> String {
    let kind = match column.kind.form() {
        Form::Text => "text",
        Form::Number => "int8",
        Form::Bytes => "bytea",
    };
    format!("${}::{kind}[]", at + 1)
}

fn value(at: usize, column: &Column) -> String {
    match column.kind {
        Kind::Uuid => format!("c{at}::uuid"),
        Kind::Instant => format!("c{at}::timestamptz"),
        Kind::Day => format!("c{at}::date"),
        Kind::Flag => format!("c{at} <> 0"),
        Kind::Integer => format!("c{at}::integer"),
        Kind::Text | Kind::Long | Kind::Bytes => format!("c{at}"),
    }
}

fn insert_into_sqlite(
    db: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Cell>>,
) -> Result<(), StoreError> {
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let all = vec![row.as_str(); rows.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES {all}", quoted(table), names(columns));
    let mut query = diesel::sql_query(sql).into_boxed::<Sqlite>();
    for row in rows {
        for (column, cell) in columns.iter().zip(row) {
            query = match column.kind.form() {
                Form::Text => query.bind::<Nullable<Text>, _>(text(table, column, cell)?),
                Form::Number => query.bind::<Nullable<BigInt>, _>(number(table, column, cell)?),
                Form::Bytes => query.bind::<Nullable<Binary>, _>(bytes(table, column, cell)?),
            };
        }
    }
    query.execute(db)?;
    Ok(())
}

fn all<T>(cells: Vec<Cell>, of: impl Fn(Cell) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    cells.into_iter().map(of).collect()
}

fn text(table: &str, column: &Column, cell: Cell) -> Result<Option<String>, StoreError> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) => Ok(Some(text)),
        Cell::Number(_) | Cell::Bytes(_) => Err(unexpected(table, column)),
    }
}

fn number(table: &str, column: &Column, cell: Cell) -> Result<Option<i64>, StoreError> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Number(number) => Ok(Some(number)),
        Cell::Text(_) | Cell::Bytes(_) => Err(unexpected(table, column)),
    }
}

fn bytes(table: &str, column: &Column, cell: Cell) -> Result<Option<Vec<u8>>, StoreError> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Bytes(bytes) => Ok(Some(bytes)),
        Cell::Text(_) | Cell::Number(_) => Err(unexpected(table, column)),
    }
}

fn unexpected(table: &str, column: &Column) -> StoreError {
    StoreError::Corrupt(format!("{table}.{} holds a value of another type", column.name))
}

/// What a table holds, whatever the order of its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    /// The sum of the SHA-256 of the rows, as two numbers of 128 bits.
    sum: (u128, u128),
}

impl Digest {
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut context = Context::new(&SHA256);
        for cell in row {
            let (tag, bytes, number) = cell.bytes();
            context.update(&[tag]);
            context.update(&number);
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(bytes);
        }
        let digest = context.finish();
        let half = |bytes: &[u8]| bytes.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let (high, low) = digest.as_ref().split_at(16);
        self.rows += 1;
        self.sum = (self.sum.0.wrapping_add(half(high)), self.sum.1.wrapping_add(half(low)));
    }

    /// Of a table as it is in the database.
    pub(super) fn of(db: &mut Db, table: &str, columns: &[Column]) -> Result<Self, StoreError> {
        let mut digest = Self::default();
        read(db, table, columns, |row| {
            digest.add(&row);
            Ok(())
        })?;
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_knows_every_value_and_not_the_order() {
        let of = |rows: &[Vec<Cell>]| {
            let mut digest = Digest::default();
            rows.iter().for_each(|row| digest.add(row));
            digest
        };
        let text = |text: &str| Cell::Text(text.to_owned());
        let (one, two) = (vec![text("a"), Cell::Null], vec![text("b"), Cell::Number(1)]);
        assert_eq!(of(&[one.clone(), two.clone()]), of(&[two.clone(), one.clone()]));
        for other in [
            vec![one.clone(), vec![text("b"), Cell::Number(2)]],
            vec![one.clone(), vec![text("b"), Cell::Null]],
            vec![one.clone(), vec![text("b"), Cell::Bytes(vec![1])]],
            vec![one.clone(), two.clone(), two.clone()],
            vec![one.clone(), one.clone()],
        ] {
            assert_ne!(of(&[one.clone(), two.clone()]), of(&other), "{other:?}");
        }
        assert_ne!(of(&[vec![text("ab"), text("c")]]), of(&[vec![text("a"), text("bc")]]));
    }
}
