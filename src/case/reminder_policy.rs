//! PURE. Which reminder a person is owed today, and nothing else: no clock, no database, no mail.
//!
//! A policy is data: on which working days before and after its day a duty of one kind is spoken of, and from when on
//! each part in it hears of that. The question is always a level ("what is due and not yet sent?"), never an edge ("is
//! it that day now?"): a pass that did not run is made good by the next one, a pass that runs twice sends nothing twice.

mod data;

use super::reminder_days::Days;
use chrono::{NaiveDate, TimeDelta};

pub use data::{Onset, Policies, Policy, PolicyChange, Recipients, When};

/// How many steps after the due day are looked back at to find the ones that were never sent.
const LOOK_BACK: u32 = 60;

/// With so many working days left or fewer, whoever joins is told at once and does not wait for the next step.
const CLOSE: u16 = 3;

/// One step of the ladder of reminders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReminderRule {
    /// So many working days before the due day (at least 1).
    Lead(u16),
    /// The due day itself; where it is no working day, the last one before it.
    DueToday,
    /// The n-th working day after the due day (from 1).
    Overdue(u32),
    /// The first working day on which the duty is overdue by the days of the black level.
    Black,
}

impl ReminderRule {
    /// The code in the key of a step: `lead_10`, `due_today`, `overdue_3`, `black`.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Lead(days) => format!("lead_{days}"),
            Self::DueToday => "due_today".to_owned(),
            Self::Overdue(days) => format!("overdue_{days}"),
            Self::Black => "black".to_owned(),
        }
    }

    const fn is_close(self) -> bool {
        match self {
            Self::Lead(days) => days <= CLOSE,
            Self::DueToday | Self::Overdue(_) | Self::Black => true,
        }
    }
}

/// Who is told, in the order of escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// 承办人.
    Handler,
    /// 科室负责人: the head of the department that has to act.
    SectionHead,
    /// 公开工作机构负责人.
    OfficeHead,
    /// 分管领导.
    Leader,
    /// 监督: in the organ, in the one it reports to, and above either.
    Supervisor,
}

impl Audience {
    /// Every audience, nearest to the work first.
    pub const ALL: [Self; 5] = [Self::Handler, Self::SectionHead, Self::OfficeHead, Self::Leader, Self::Supervisor];

    /// From when on this audience hears of a duty under `policy`; `None`: never.
    #[must_use]
    pub const fn onset(self, policy: &Policy) -> Option<Onset> {
        let recipients = &policy.recipients;
        match self {
            Self::Handler => recipients.handler,
            Self::SectionHead => recipients.section_head,
            Self::OfficeHead => recipients.office_head,
            Self::Leader => recipients.leader,
            Self::Supervisor => recipients.supervisor,
        }
    }

    /// Whether this audience hears of `rule` under `policy`.
    #[must_use]
    pub fn hears(self, policy: &Policy, rule: ReminderRule) -> bool {
        self.onset(policy).is_some_and(|onset| onset.reaches(rule))
    }
}

impl Onset {
    fn reaches(self, rule: ReminderRule) -> bool {
        match (self.when, rule) {
            (When::Before, ReminderRule::Lead(left)) => left <= self.days,
            (When::Before, ReminderRule::DueToday | ReminderRule::Overdue(_)) | (_, ReminderRule::Black) => true,
            (When::After, ReminderRule::Lead(_) | ReminderRule::DueToday) => false,
            (When::After, ReminderRule::Overdue(passed)) => passed >= u32::from(self.days),
        }
    }
}

/// A rule and the day it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReminderStep {
    /// The rule.
    pub rule: ReminderRule,
    /// Its day.
    pub on: NaiveDate,
}

/// Where a duty stands on a day, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyTiming {
    /// So many working days are left, the due day included.
    Left(u32),
    /// The due day is no working day, and today is the last one before it.
    LastWorkingDay,
    /// The due day is today.
    Today,
    /// Today is the earliest day it can be due: only the notice to come will say whether it is.
    EarliestToday,
    /// The earliest day it may have been due has passed, the latest has not: only the notice to come will say.
    Between,
    /// The due day has passed, so many working days ago (0: no working day since).
    Overdue(u32),
}

impl DutyTiming {
    /// What a clerk reads.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Left(0) => "期限前已没有工作日".to_owned(),
            Self::LastWorkingDay => "今天是期限前最后一个工作日".to_owned(),
            Self::Left(days) => format!("还剩{days}个工作日"),
            Self::Today => "今天到期".to_owned(),
            Self::EarliestToday => "今天是最早的届满日，请今天办理".to_owned(),
            Self::Between => "已过最早的届满日，未过最晚的届满日，请立即办理".to_owned(),
            Self::Overdue(0) => "已过届满日，今天不是工作日".to_owned(),
            Self::Overdue(days) => format!("已逾期{days}个工作日"),
        }
    }

    /// Whether the due day has passed.
    #[must_use]
    pub const fn is_overdue(self) -> bool {
        matches!(self, Self::Overdue(_))
    }
}

/// What the day of a duty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// 期限: its last day, or the earliest it can be.
    LastDay,
    /// 风险日: the last day of the reply if a correction notice sent too late restarts nothing (C-7b). No reply can be proposed
    /// while the correction is awaited.
    Risk,
    /// 核查日: it has no last day, only a day to look after it.
    FollowUp,
}

impl DayKind {
    /// What the day is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastDay => "期限",
            Self::Risk => "风险日",
            Self::FollowUp => "核查日",
        }
    }

    /// How far away the day is, as a clerk reads it.
    #[must_use]
    pub fn standing(self, standing: DutyTiming) -> String {
        let day = self.name();
        match (self, standing) {
            (Self::LastDay, _) => standing.label(),
            (_, DutyTiming::Left(0)) => format!("{day}前已没有工作日"),
            (_, DutyTiming::LastWorkingDay) => format!("今天是{day}前最后一个工作日"),
            (Self::FollowUp, DutyTiming::Left(days)) => format!("{days}个工作日后核查"),
            (Self::Risk, DutyTiming::Left(days)) => format!("距风险日还剩{days}个工作日"),
            (Self::FollowUp, DutyTiming::Today | DutyTiming::EarliestToday | DutyTiming::Between) => {
                "今天核查".to_owned()
            }
            (Self::Risk, DutyTiming::Today | DutyTiming::EarliestToday | DutyTiming::Between) => {
                "今天是风险日".to_owned()
            }
            (_, DutyTiming::Overdue(0)) => format!("已过{day}，今天不是工作日"),
            (Self::FollowUp, DutyTiming::Overdue(days)) => format!("核查日已过{days}个工作日，仍未办理"),
            (Self::Risk, DutyTiming::Overdue(days)) => format!("风险日已过{days}个工作日"),
        }
    }

    /// A rule of its reminders, as a clerk reads it.
    #[must_use]
    pub fn rule(self, rule: ReminderRule) -> String {
        match (self, rule) {
            (_, ReminderRule::Lead(days)) => format!("提前{days}个工作日"),
            (Self::LastDay, ReminderRule::DueToday) => "到期当日".to_owned(),
            (Self::Risk | Self::FollowUp, ReminderRule::DueToday) => format!("{}当日", self.name()),
            (Self::LastDay, ReminderRule::Overdue(days)) => format!("逾期第{days}个工作日"),
            (Self::Risk | Self::FollowUp, ReminderRule::Overdue(days)) => format!("{}后第{days}个工作日", self.name()),
            (_, ReminderRule::Black) => "黑色预警".to_owned(),
        }
    }
}

/// Where a duty due on `due_on` stands on `today`.
#[must_use]
pub fn standing(days: &Days<'_>, due_on: NaiveDate, today: NaiveDate) -> DutyTiming {
    match today.cmp(&due_on) {
        std::cmp::Ordering::Less if today == last_working_day(days, due_on) => DutyTiming::LastWorkingDay,
        std::cmp::Ordering::Less => DutyTiming::Left(days.count(today, due_on)),
        std::cmp::Ordering::Equal => DutyTiming::Today,
        std::cmp::Ordering::Greater => DutyTiming::Overdue(days.count(due_on, today)),
    }
}

/// As [`standing`], of a duty that may be due as late as `latest_on` while a notice is not out.
#[must_use]
pub fn standing_between(
    days: &Days<'_>,
    due_on: NaiveDate,
    latest_on: Option<NaiveDate>,
    today: NaiveDate,
) -> DutyTiming {
    match latest_on {
        Some(latest) if today == due_on && today < latest => DutyTiming::EarliestToday,
        Some(latest) if today > due_on && today <= latest => DutyTiming::Between,
        Some(latest) if today > latest => standing(days, latest, today),
        Some(_) | None => standing(days, due_on, today),
    }
}

/// The due day, or, if it is not a working day, the last one before it: the steps before the due day count from there, so
/// that a duty due on a rest day is told of in time where no mail goes out on rest days.
fn last_working_day(days: &Days<'_>, due_on: NaiveDate) -> NaiveDate {
    if days.works(due_on) { due_on } else { days.before(due_on, 1) }
}

/// Whether a duty due on `due_on` is at the black level on `today`: overdue by the policy's calendar days or more.
#[must_use]
pub fn is_black(policy: &Policy, due_on: NaiveDate, today: NaiveDate) -> bool {
    black_from(policy, due_on).is_some_and(|from| today >= from)
}

fn black_from(policy: &Policy, due_on: NaiveDate) -> Option<NaiveDate> {
    let days = Some(policy.black_days).filter(|days| *days > 0)?;
    due_on.checked_add_signed(TimeDelta::days(i64::from(days)))
}

/// The steps of a duty under `policy` that have come by `today`, earliest first; of the overdue ones the latest sixty.
#[must_use]
pub fn steps(days: &Days<'_>, policy: &Policy, due_on: NaiveDate, today: NaiveDate) -> Vec<ReminderStep> {
    steps_between(days, policy, due_on, None, today)
}

/// As [`steps`], of a duty that may be due as late as `latest_on` while a notice is not out: black counts from there.
#[must_use]
pub fn steps_between(
    days: &Days<'_>,
    policy: &Policy,
    due_on: NaiveDate,
    latest_on: Option<NaiveDate>,
    today: NaiveDate,
) -> Vec<ReminderStep> {
    let mut leads = policy.lead_days.clone();
    leads.sort_unstable_by(|a, b| b.cmp(a));
    leads.dedup();
    let last = last_working_day(days, due_on);
    let before = leads.into_iter().map(|lead| match lead {
        0 => ReminderStep { rule: ReminderRule::DueToday, on: last },
        lead => ReminderStep { rule: ReminderRule::Lead(lead), on: days.before(last, lead) },
    });
    let mut steps: Vec<ReminderStep> = before.filter(|step| step.on <= today).collect();
    if today > due_on {
        steps.extend(repetitions(days, policy, due_on, today));
        steps.extend(black(days, policy, latest_on.unwrap_or(due_on)).filter(|step| step.on <= today));
        // Stable: the black step comes after the repetition of its day and speaks for it.
        steps.sort_by_key(|step| step.on);
    }
    steps
}

/// The 1st working day after the due day and every `repeat_every`-th after it, up to `repeat_until`.
fn repetitions(days: &Days<'_>, policy: &Policy, due_on: NaiveDate, today: NaiveDate) -> Vec<ReminderStep> {
    let every = u32::from(policy.repeat_every);
    if every == 0 {
        return Vec::new();
    }
    let until = Some(u32::from(policy.repeat_until)).filter(|until| *until > 0).unwrap_or(u32::MAX);
    let passed = days.count(due_on, today).min(until);
    let Some(latest) = passed.checked_sub(1).map(|n| n / every) else { return Vec::new() };
    let first = latest.saturating_sub(LOOK_BACK - 1);
    (first..=latest)
        .map(|k| k.saturating_mul(every).saturating_add(1))
        .map(|n| ReminderStep { rule: ReminderRule::Overdue(n), on: days.after(due_on, n) })
        .collect()
}

fn black(days: &Days<'_>, policy: &Policy, due_on: NaiveDate) -> impl Iterator<Item = ReminderStep> {
    let from = black_from(policy, due_on);
    let first_working = from.and_then(|from| from.pred_opt()).map(|eve| days.after(eve, 1));
    first_working.into_iter().map(|on| ReminderStep { rule: ReminderRule::Black, on })
}

/// A reminder that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The most recent rule that applies.
    pub rule: ReminderRule,
    /// Reminder days that went by without a mail, earliest first; empty when the mail is on its day and nothing was missed.
    pub missed: Vec<NaiveDate>,
}

/// What a person is owed out of `steps` on `today`: at most one mail, the most recent rule, unless `is_sent` knows it.
///
/// `since` is the day from which the duty has stood as it stands and the person had this part in it. Steps before it were
/// not missed, there was nobody to tell; only when little time is left is the most recent of them told all the same: a
/// duty entered late, a new handler. Steps since then that brought no mail are named in [`Owed::missed`].
pub fn owed(
    steps: &[ReminderStep],
    hears: impl Fn(ReminderRule) -> bool,
    since: NaiveDate,
    today: NaiveDate,
    is_sent: impl Fn(ReminderRule) -> bool,
) -> Option<Owed> {
    let mut heard = steps.iter().rev().filter(|step| hears(step.rule));
    let last = heard.next()?;
    if is_sent(last.rule) || (last.on < since && !last.rule.is_close()) {
        return None;
    }
    let earlier = heard.take_while(|step| step.on >= since && !is_sent(step.rule));
    // A step that falls on the day of a later one is said by that, not missed.
    let late = std::iter::once(last).chain(earlier.filter(|step| step.on < last.on));
    let mut missed: Vec<NaiveDate> = late.map(|step| step.on).filter(|on| *on < today).collect();
    missed.reverse();
    missed.dedup();
    Some(Owed { rule: last.rule, missed })
}

#[cfg(test)]
mod tests;
