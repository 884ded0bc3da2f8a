//! Tests of the state machine: rules by name, an exhaustive walk over what can be reached, random walks over dates.

mod answer;
mod applicant;
mod calendars;
mod challenges;
mod courses;
mod dates;
mod duties;
mod evidence;
pub(crate) mod exhaustive;
mod handling;
mod historical;
mod intake;
mod last_days;
mod offers;
mod permits;
mod positions;
mod random;
mod served;
mod supervision;
pub(crate) mod support;
mod watching;
mod words;
