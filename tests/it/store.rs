//! Integration tests: the store, on SQLite and on PostgreSQL.

mod append_only;
mod concurrency;
mod deadline;
mod errors;
mod faults;
mod growth;
mod lists;
mod log_form;
mod migrations;
mod rows;
mod silence;
