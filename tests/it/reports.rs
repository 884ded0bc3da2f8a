//! The annual report: published tables checked, and our own.

mod annual;
mod cells;
mod check;
mod docket;
mod figures;
mod publish;
mod seed;
