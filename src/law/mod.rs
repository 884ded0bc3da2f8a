//! PURE. The law: calendar, clock, regimes, outcomes, fees, remedies. No I/O, no clock of its own.
//!
//! Every function takes values and returns values; a lawyer should be able to read along. `docs/law.md` says which rule of the
//! Regulations is which function and which reading was chosen where the text is silent.

mod calendar;
mod carrier;
mod civil;
mod clock;
mod dates;
pub mod fee;
mod outcome;
pub mod period;
mod receipt;
mod regime;
mod remedy;
mod service;
mod vocabulary;
#[cfg(test)]
mod words_tests;

pub use calendar::check::{CalendarError, CalendarFault};
pub use calendar::estimate::{DueRange, LastDay};
pub use calendar::overlay::Overlay;
pub use calendar::{Calendar, CalendarYear, DayChange, Gap, OffDay};
pub use carrier::{is_other_courier, is_postal_enterprise};
pub use civil::{civil_day, civil_time, instant_of};
pub use clock::{
    ClockAnswer, ClockError, ClockOptions, ClockStatus, ConsultationKind, DueIfReturned, Fact, IneffectiveReason,
    ReopenedPeriod, StartRule, Step, StepKind, Timeline, WarningLevel, WarningThresholds, explain, reply_clock,
    warning_level, warning_level_between, warning_level_of_due,
};
pub use dates::{chinese_date, weekday};
pub use outcome::{Outcome, RemedyText, Requirement, roll_up};
pub use receipt::{Channel, Receipt, ReceiptFacts, ReceiptRule, ReceiptRuling, receipt};
pub use regime::{CORRECTION_PAUSE_ARTICLE, Regime};
pub use remedy::{
    LetterTitle, RECONSIDERATION_FIRST_ARTICLE, RemedyBodies, reconsideration_comes_first, remedies,
    third_party_remedies,
};
pub use service::{ReplyDate, ServiceError, ServiceMethod, refuses_couriers, replied_on};
pub use vocabulary::{described, labels, vocabulary};
