//! PURE. The state machine of a case: state, commands, events, `decide`, `evolve`, what is allowed next.

mod role;

pub use role::Role;
