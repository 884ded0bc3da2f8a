//! The annual report: published tables checked, and our own.

mod check;
