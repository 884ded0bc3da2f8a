//! Integration tests: the database as a whole, and what proves that it is what was recorded.

mod backup;
mod carry;
mod whole;
