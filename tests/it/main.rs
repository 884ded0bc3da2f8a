//! One binary for all integration tests: each test binary links the whole service once more.

mod architecture;
mod auth;
mod cli;
mod e2e;
mod intake;
mod law_vectors;
mod mail;
mod routes;
mod smtp_sink;
mod store;
mod support;
