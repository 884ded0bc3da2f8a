//! The connection: both databases behind one type, with pool, migrations, schema and sealing.

pub mod db;
pub(super) mod deadline;
pub(super) mod foreign;
pub(super) mod health;
pub(super) mod json;
pub(super) mod migrate;
pub(super) mod options;
pub(super) mod pool;
pub mod schema;
pub mod seal;
pub mod sqltypes;
pub(super) mod verbatim;
pub(super) mod writer;
