//! PURE. Which reminder a person is owed today, and nothing else: no clock, no database, no mail.
//!
//! The question is always a level ("what is due and not yet sent?"), never an edge ("is it that day now?"): a pass that
//! did not run is made good by the next one, a pass that runs twice sends nothing twice.

use super::days::Days;
use chrono::NaiveDate;

/// Working days before the due day on which the office has to be reminded, when the configuration names none.
pub const DEFAULT_LEADS: [u16; 5] = [10, 5, 3, 1, 0];

/// From this many working days left on, the head of the disclosure office is told too.
pub const OFFICE_HEAD_FROM: u16 = 3;

/// How many steps after the due day are looked back at to find the ones that were never sent.
const LOOK_BACK: u32 = 60;

/// One step of the ladder of reminders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// So many working days before the due day (at least 1).
    Lead(u16),
    /// The due day itself.
    DueToday,
    /// The n-th working day after the due day (from 1).
    Overdue(u32),
}

impl Rule {
    /// The code in the key of the outbox: `lead_10`, `due_today`, `overdue_3`.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Lead(days) => format!("lead_{days}"),
            Self::DueToday => "due_today".to_owned(),
            Self::Overdue(days) => format!("overdue_{days}"),
        }
    }
}

/// Who is told, in the order in which they come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// 承办人: from the first lead day on.
    Handler,
    /// 公开工作机构负责人: from [`OFFICE_HEAD_FROM`] working days left on.
    OfficeHead,
    /// 监督, in the organ and those above it: once overdue.
    Supervisor,
}

impl Audience {
    /// Every audience, nearest to the work first.
    pub const ALL: [Self; 3] = [Self::Handler, Self::OfficeHead, Self::Supervisor];

    /// Whether this audience hears of `rule`.
    #[must_use]
    pub const fn hears(self, rule: Rule) -> bool {
        match (self, rule) {
            (Self::Handler, _)
            | (Self::OfficeHead, Rule::DueToday | Rule::Overdue(_))
            | (Self::Supervisor, Rule::Overdue(_)) => true,
            (Self::OfficeHead, Rule::Lead(days)) => days <= OFFICE_HEAD_FROM,
            (Self::Supervisor, Rule::Lead(_) | Rule::DueToday) => false,
        }
    }
}

/// A rule and the day it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// Its day.
    pub on: NaiveDate,
}

/// Where a duty stands on a day, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// So many working days are left, the due day included.
    Left(u32),
    /// The due day is today.
    Today,
    /// The due day has passed, so many working days ago (0: no working day since).
    Overdue(u32),
}

impl Standing {
    /// What a clerk reads.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Left(days) => format!("还剩{days}个工作日"),
            Self::Today => "今天到期".to_owned(),
            Self::Overdue(0) => "期限已过".to_owned(),
            Self::Overdue(days) => format!("已逾期{days}个工作日"),
        }
    }

    /// Whether the due day has passed.
    #[must_use]
    pub const fn is_overdue(self) -> bool {
        matches!(self, Self::Overdue(_))
    }
}

/// Where a duty due on `due_on` stands on `today`.
#[must_use]
pub fn standing(days: &Days<'_>, due_on: NaiveDate, today: NaiveDate) -> Standing {
    match today.cmp(&due_on) {
        std::cmp::Ordering::Less => Standing::Left(days.count(today, due_on)),
        std::cmp::Ordering::Equal => Standing::Today,
        std::cmp::Ordering::Greater => Standing::Overdue(days.count(due_on, today)),
    }
}

/// The steps of a duty that have come by `today`, earliest first; of the overdue ones the latest sixty.
///
/// `leads` are working days before `due_on`; 0 asks for a reminder on the day itself.
#[must_use]
pub fn steps(days: &Days<'_>, leads: &[u16], due_on: NaiveDate, today: NaiveDate) -> Vec<Step> {
    let mut leads = leads.to_vec();
    leads.sort_unstable_by(|a, b| b.cmp(a));
    leads.dedup();
    let before = leads.into_iter().map(|lead| match lead {
        0 => Step { rule: Rule::DueToday, on: due_on },
        lead => Step { rule: Rule::Lead(lead), on: days.before(due_on, lead) },
    });
    let mut steps: Vec<Step> = before.filter(|step| step.on <= today).collect();
    if today > due_on {
        let passed = days.count(due_on, today);
        let first = passed.saturating_sub(LOOK_BACK - 1).max(1);
        steps.extend((first..=passed).map(|n| Step { rule: Rule::Overdue(n), on: days.after(due_on, n) }));
    }
    steps
}

/// A reminder that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The most recent rule that applies.
    pub rule: Rule,
    /// Reminder days that went by without a mail, earliest first; empty when the mail is on its day and nothing was missed.
    pub missed: Vec<NaiveDate>,
}

/// What a person is owed out of `steps` on `today`: at most one mail, the most recent rule, unless `is_sent` knows it.
///
/// `since` is the day from which the duty has stood as it stands. Steps before it were not missed, the duty was not there;
/// only when little time is left is the most recent of them told all the same: a duty entered late, a new handler. Steps
/// since then that brought no mail are named in [`Owed::missed`].
pub fn owed(
    steps: &[Step],
    audience: Audience,
    since: NaiveDate,
    today: NaiveDate,
    is_sent: impl Fn(Rule) -> bool,
) -> Option<Owed> {
    let mut heard = steps.iter().rev().filter(|step| audience.hears(step.rule));
    let last = heard.next()?;
    if is_sent(last.rule) || (last.on < since && !Audience::OfficeHead.hears(last.rule)) {
        return None;
    }
    let earlier = heard.take_while(|step| step.on >= since && !is_sent(step.rule));
    let late = std::iter::once(last).chain(earlier).map(|step| step.on).filter(|on| *on < today);
    let mut missed: Vec<NaiveDate> = late.collect();
    missed.reverse();
    Some(Owed { rule: last.rule, missed })
}

#[cfg(test)]
mod tests;
