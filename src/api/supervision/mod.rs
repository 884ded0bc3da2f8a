//! Overdue lists, the overview and orders (督办单) over HTTP.

pub(super) mod late_records;
pub(super) mod order_view;
pub(super) mod orders;
pub(super) mod overdue;
pub(super) mod overview;
