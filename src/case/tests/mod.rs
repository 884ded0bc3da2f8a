//! Tests of the state machine: rules by name, an exhaustive walk over what can be reached, random walks over dates.

mod answer;
mod applicant;
mod exhaustive;
mod handling;
mod intake;
mod random;
mod supervision;
mod support;
