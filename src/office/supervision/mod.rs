//! What supervisors ask: overdue lists, the overview, and orders (督办单).

pub mod late_records;
pub mod orders;
pub mod overdue;
pub mod overview;
pub mod watched;
