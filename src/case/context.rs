//! What `decide` gets besides the case: who asks, what day it is, the calendar, and the organ's settings.

use super::role::Role;
use super::rules::OrganRules;
use crate::law::Calendar;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Who asks, with the roles held in the organ of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person or machine.
    pub user: Uuid,
    /// Roles in the organ of the case.
    pub roles: BTreeSet<Role>,
    /// Own department, for its tasks.
    pub department: Option<Uuid>,
}

/// Everything `decide` may look at besides the case.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The day at the organ's seat.
    pub today: NaiveDate,
    /// The organ's calendar.
    pub calendar: &'a Calendar,
    /// The organ's settings.
    pub rules: &'a OrganRules,
}
