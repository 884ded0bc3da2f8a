//! What the yearly statistics count of a case: when it came into their stock, when and in what category it left it.
//!
//! An application is counted once. It leaves the stock in the first year at whose end it stands ended, in the category it then
//! stands in. An order that sets the reply aside in a later year takes nothing back: that year was reported as it stood, and
//! the order is what table four is for. Set aside within the same year, it is in stock again.

use super::event::Event;
use super::evolve::as_it_stood;
use super::state::Case;
use crate::case::vocabulary::{ApplicantKind, LinkRelation, RemedyKind, RemedyResult, Stage};
use crate::law::{Channel, Outcome};
use chrono::{Datelike, NaiveDate};

/// How a case left the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conclusion {
    /// The day that counts for a reply, else the day of the end.
    pub on: NaiveDate,
    /// The one category.
    pub outcome: Outcome,
    /// Whether the period was extended.
    pub is_extended: bool,
}

/// A case as the statistics see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// Its column.
    pub applicant_kind: ApplicantKind,
    /// The way it came.
    pub channel: Channel,
    /// The day of receipt; of a part that was split off: the day of the split, until then it was its parent's business.
    pub entered_on: NaiveDate,
    /// How it left, if it did.
    pub concluded: Option<Conclusion>,
}

/// The course of a case; `None` for what is no application in stock: not received yet, or split in the very year it came in,
/// so that its parts stand in its place.
#[must_use]
pub fn course(log: &[Event]) -> Option<Course> {
    let case = super::fold(log).filter(|case| case.stage != Stage::Void)?;
    let split_off = case.links.iter().filter(|link| link.relation == LinkRelation::SplitFrom).map(|link| link.on).max();
    let entered_on = case.receipt?.on.max(split_off.unwrap_or(NaiveDate::MIN));
    let last = log.iter().map(|event| event.on().year()).max()?;
    let concluded = (entered_on.year()..=last).find_map(|year| ended_by(log, NaiveDate::from_ymd_opt(year, 12, 31)?));
    let split_on = log.iter().find_map(|event| if let Event::Split { on, .. } = event { Some(*on) } else { None });
    if split_on.is_some_and(|on| on.year() == entered_on.year()) {
        return None;
    }
    Some(Course { applicant_kind: case.intake.applicant_kind, channel: case.intake.channel, entered_on, concluded })
}

/// How it has ended by the end of a day, if it has.
fn ended_by(log: &[Event], day: NaiveDate) -> Option<Conclusion> {
    let Case { outcome, ended_on, extension, .. } = as_it_stood(log, day)?;
    let on = ended_on.filter(|on| *on <= day)?;
    Some(Conclusion { on, outcome: outcome?, is_extended: extension.is_some() })
}

/// Reconsideration or a suit as table four sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemedyCourse {
    /// Its block.
    pub kind: RemedyKind,
    /// The day it reached the organ.
    pub opened_on: NaiveDate,
    /// The day of the decision and what it says.
    pub decided: Option<(NaiveDate, RemedyResult)>,
}

/// The remedies of a case in their order, from its log or from those of its events that are about remedies.
#[must_use]
pub fn remedy_courses<'a>(log: impl IntoIterator<Item = &'a Event>) -> Vec<RemedyCourse> {
    let mut courses: Vec<(u16, RemedyCourse)> = Vec::new();
    for event in log {
        if matches!(event, Event::Voided { .. }) {
            return Vec::new();
        }
        if let Event::RemedyOpened { number, remedy } = event {
            courses.push((*number, RemedyCourse { kind: remedy.kind, opened_on: remedy.received_on, decided: None }));
        }
        if let Event::RemedyDecided(decision) = event {
            let found = courses.iter_mut().find(|(number, _)| *number == decision.remedy);
            if let Some((_, course)) = found {
                course.decided = Some((decision.on, decision.result));
            }
        }
    }
    courses.into_iter().map(|(_, course)| course).collect()
}

/// Fees paid, by the day: whole yuan. From a log or from those of its events that are about fees.
#[must_use]
pub fn fees_paid<'a>(log: impl IntoIterator<Item = &'a Event>) -> Vec<(NaiveDate, u64)> {
    let mut paid = Vec::new();
    let mut asked = 0;
    for event in log {
        if matches!(event, Event::Voided { .. }) {
            return Vec::new();
        }
        if let Event::FeeNotified { amount_yuan, .. } = event {
            asked = *amount_yuan;
        }
        if let Event::FeePaid(payment) = event {
            paid.push((payment.on, asked));
        }
    }
    paid
}

/// The kinds of events that make a case more than its row says: [`course`] and [`remedy_courses`] must read its log.
pub const COUNTED_EVENTS: [&str; 9] = [
    "remedy_opened",
    "remedy_decided",
    "reply_revoked",
    "split",
    "linked",
    "fee_notified",
    "fee_paid",
    "amended",
    "voided",
];

/// The kinds of events that change what earlier events say.
pub const AMENDING_EVENTS: [&str; 2] = ["amended", "voided"];

/// Whether the row alone does not tell the course: an order set a reply aside, the organ revoked one, or the case was split or
/// split off.
#[must_use]
pub fn is_turned(events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::RemedyDecided(decision) => decision.orders_reply_within.is_some(),
        Event::Linked(link) => link.relation == LinkRelation::SplitFrom,
        Event::Split { .. } | Event::ReplyRevoked { .. } => true,
        _ => false,
    })
}
