//! PURE. The law: calendar, clock, regimes, outcomes, fees, remedies. No I/O, no clock of its own.
//!
//! Every function takes values and returns values; a lawyer should be able to read along. `docs/law.md` says which rule of the
//! Regulations is which function and which reading was chosen where the text is silent.

mod calendar;
mod calendar_check;
mod clock;
mod overlay;
mod receipt;
mod regime;

pub use calendar::{Calendar, CalendarYear, Gap, OffDay};
pub use calendar_check::CalendarError;
pub use clock::{
    ClockAnswer, ClockError, ClockOptions, ClockStatus, ConsultationKind, DueIfReturned, Fact, IneffectiveReason,
    ReopenedPeriod, StartRule, Step, StepKind, Timeline, WarningLevel, WarningThresholds, explain, reply_clock,
    warning_level,
};
pub use overlay::Overlay;
pub use receipt::{Channel, Receipt, ReceiptFacts, ReceiptRule, ReceiptRuling, receipt};
pub use regime::Regime;
