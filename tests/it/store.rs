//! Integration tests: the store, on SQLite and on PostgreSQL.

mod append_only;
mod concurrency;
mod errors;
mod faults;
mod lists;
mod migrations;
mod rows;
