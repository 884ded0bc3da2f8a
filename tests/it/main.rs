//! One binary for all integration tests: each test binary links the whole service once more.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails; clippy sees that only in #[test] functions"
)]

mod architecture;
mod auth;
mod bad_input;
mod calendar_change;
mod cli;
mod court_days;
mod demo;
mod desk;
mod document;
mod e2e;
mod feeds;
mod fuzz;
mod house;
mod intake;
mod lapsing;
mod law_vectors;
mod ledger;
mod mail;
mod mails;
mod nightly;
mod orders;
mod overdue;
mod overview;
mod payloads;
mod probes;
mod refusals;
mod reports;
mod routes;
mod running;
mod service;
mod smtp_sink;
mod store;
mod support;
mod topics;
mod unreadable;
