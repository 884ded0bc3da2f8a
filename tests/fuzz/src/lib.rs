//! What the fuzz targets share: a limit on memory, and what must hold for every ledger whatever file it came from.

pub mod ledger;
pub mod memory;
