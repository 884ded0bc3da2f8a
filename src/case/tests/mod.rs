//! Tests of the state machine: rules by name, an exhaustive walk over what can be reached, random walks over dates.

mod answer;
mod applicant;
mod duties;
mod exhaustive;
mod handling;
mod historical;
mod intake;
mod offers;
mod random;
mod supervision;
pub(crate) mod support;
mod watching;
mod words;
