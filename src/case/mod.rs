//! PURE. The state machine of a case: state, commands, events, `decide`, `evolve`, what is allowed next.
//!
//! `decide` may say no; `evolve` never does. Every date is the law's (`crate::law`), every "may I" is [`guard`]'s, so that what
//! the service offers, accepts and stores cannot disagree.

mod annual;
mod basis;
mod challenge;
mod choices;
mod clock;
pub mod command;
mod course;
mod decide;
mod delay;
mod event;
mod evolve;
mod guard;
pub mod historical;
mod identity;
pub mod likeness;
mod moved;
mod obligation;
mod order;
mod proof;
mod record;
mod refusal;
pub mod reminder_days;
pub mod reminder_policy;
pub mod reminder_window;
mod role;
mod rules;
mod secrecy;
mod standing;
mod state;
mod summary;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
mod topic;

pub use annual::{AnnualDuty, AnnualReport, annual_report_key, annual_reports};
pub use basis::FIRST_DAY_IN_FORCE;
pub use challenge::{Challenge, ChallengeTerm, ChallengeWay, challenges};
pub use choices::choices;
pub use clock::{AT_RISK, remedy_response_due, task_due};
pub use command::{Command, CommandKind};
pub use course::{Conclusion, Course, RemedyCourse, TURNS, course, fees_paid, is_turned, remedy_courses};
pub use decide::{Drawn, decide, missing_evidence};
pub use delay::{Delay, Holder, Stretch, delay, used};
pub use event::Event;
pub use evolve::{as_it_stood, evolve, fold};
pub use guard::{Action, Permit, actions, extension_is_possible, permit, review_roles, roles_for};
pub use identity::{is_credit_code, is_id_card, read_identity};
pub use moved::{MovedDuty, moved_duties};
pub use obligation::{Obligation, ObligationKind, ObligationStatus, obligations, obligations_under};
pub use order::{Order, OrderCommand};
pub use record::{
    ApplicantKind, ContactResult, Delivery, DeliveryForm, DeliveryWay, FeeBasis, IdentityKind, InternalAffairs,
    LinkRelation, Notice, Opinion, OrderAct, OrderStatus, ProcessKind, RemedyKind, RemedyResult, ReviewKind,
    SecrecyLevel, ServiceResult, Stage,
};
pub use refusal::NotAllowed;
pub use role::Role;
pub use rules::{Actor, Context, OrganRules};
pub use standing::{Position, Standing, position};
pub use state::{
    CameBack, Case, Consultation, Correction, FeeDemand, Justification, Proposal, Receipt, Remedy, Reply, Task,
};
pub use summary::{Summary, summary};
pub use tally::{Counting, Entry, Figures, Tally, Tenths, roll_up};
pub use topic::Candidacy;
