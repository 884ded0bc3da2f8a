//! PURE. The state machine of a case: state, commands, events, `decide`, `evolve`, what is allowed next.
//!
//! `decide` may say no; `evolve` never does. Every date is the law's (`crate::law`), every "may I" is [`permissions`]'s, so that what
//! the service offers, accepts and stores cannot disagree.

mod actors;
pub mod amendment;
mod annual;
mod articles;
mod audit_action;
mod calendar_shift;
mod challenge;
mod choices;
mod clock;
pub mod command;
mod context;
mod decide;
mod event;
mod evolve;
mod grounds;
pub mod historical;
mod identity;
mod late_record;
pub mod log;
pub mod numbering;
mod obligation;
mod order;
mod permissions;
mod preconditions;
mod proof;
pub mod redaction;
mod refusal;
pub mod reminder_days;
pub mod reminder_policy;
pub mod reminder_window;
mod responsibility;
mod role;
mod rules;
mod secrecy;
pub mod similarity;
mod state;
mod statistics;
mod summary;
mod supervision_status;
mod supervision_totals;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
mod topic;
mod vocabulary;

pub use actors::review_roles;
pub use annual::{AnnualDuty, annual_report_key, annual_reports};
pub use articles::{FIRST_DAY_IN_FORCE, WORKING_RULES};
pub use audit_action::AuditAction;
pub use calendar_shift::{MovedDuty, moved_duties};
pub use challenge::{Challenge, ChallengeTerm, ChallengeWay, challenges};
pub use choices::choices;
pub use clock::{AT_RISK, remedy_response_due, task_due};
pub use command::{Command, CommandKind};
pub use context::{Actor, Context};
pub use decide::{Drawn, decide, missing_evidence};
pub use event::Event;
pub use evolve::{as_it_stood, evolve, fold};
pub use identity::{is_credit_code, is_id_card, read_identity};
pub use late_record::{RECORDED_WITHIN_DAYS, late_by, late_mark, late_steps};
pub use numbering::{DocumentWords, NumberKind};
pub use obligation::{Obligation, ObligationKind, ObligationStatus, obligations, obligations_under};
pub use order::{Order, OrderCommand};
pub use permissions::{Action, Permit, actions, permit, preview_roles_for, roles_for};
pub use preconditions::extension_is_possible;
pub use refusal::NotAllowed;
pub use responsibility::{Delay, Holder, Stretch, delay, used};
pub use role::Role;
pub use rules::{AnnualReport, OrganRules};
pub use state::{
    Assignment, CameBack, Case, CaseAmendment, Consultation, Correction, EarlierReply, FeeDemand, Justification,
    Proposal, RecalledReply, Receipt, Remedy, Reply, Task, VoidCase, WithdrawnTask,
};
pub use statistics::{
    AMENDING_EVENTS, COUNTED_EVENTS, Conclusion, Course, RemedyCourse, course, fees_paid, is_turned, remedy_courses,
};
pub use summary::{Summary, summary};
pub use supervision_status::{Position, Standing, position};
pub use supervision_totals::{Counting, Entry, Figures, Tally, Tenths, add_up_the_tree};
pub use topic::Candidacy;
pub use vocabulary::{
    AmendmentCause, AmendmentKind, AmendmentStatus, ApplicantKind, ApplicantMember, ContactResult, Delivery,
    DeliveryForm, DeliveryWay, FeeBasis, IdentityKind, InternalAffairs, LinkRelation, Notice, Opinion, OrderAct,
    OrderStatus, ProcessKind, RemedyKind, RemedyResult, ReviewKind, SecrecyLevel, ServiceResult, Stage,
};
