//! diesel. The only place that knows SQL and which database it is.

pub mod schema;
pub mod sqltypes;
