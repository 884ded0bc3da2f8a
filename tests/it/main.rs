//! One binary for all integration tests: each test binary links the whole service once more.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails; clippy sees that only in #[test] functions"
)]

mod acts;
mod amendments;
mod applicants;
mod architecture;
mod auth;
mod bad_input;
mod brake;
mod calendar_change;
mod case_lists;
mod circles;
mod cli;
mod commands;
mod corrupt_logs;
mod counters;
mod court_days;
mod demo;
mod doctor;
mod duties;
mod e2e;
mod evidence;
mod examples;
mod feeds;
mod fuzz;
mod heavy_reads;
mod hostile_files;
mod intake;
mod known_on;
mod lapsing;
mod law_vectors;
mod ledger;
mod limits;
mod long_case;
mod mail;
mod mails;
mod names;
mod nightly;
mod orders;
mod organs;
mod overdue;
mod overview;
mod races;
mod recalls;
mod redactions;
mod refusals;
mod reports;
mod revocations;
mod rights;
mod routes;
mod served;
mod server_lifecycle;
mod sign_in;
mod slow;
mod starting;
mod statements;
mod storage;
mod store;
mod support;
mod texts;
mod topics;
