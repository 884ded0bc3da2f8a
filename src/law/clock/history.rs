//! From a set of facts to the period that now runs: restarts, what they void, what waits for the applicant.

use super::answer::{IneffectiveReason, StartRule, Step, StepKind};
use super::error::ClockError;
use super::{ConsultationKind, Fact, ReopenedPeriod, Timeline};
use crate::law::regime::Regime;
use chrono::NaiveDate;

/// 《政府信息公开信息处理费管理办法》 in force.
const FEE_RULES_IN_FORCE: NaiveDate = match NaiveDate::from_ymd_opt(2021, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
const FEE_RESTART_ARTICLE: &str = "《政府信息公开信息处理费管理办法》第七条";
const FEE_NOTICE_ARTICLE: &str = "《政府信息公开信息处理费管理办法》第六条";
const DELAY_ARTICLE: &str = "《条例》第三十五条";
const ORDER_ARTICLE: &str = "行政复议决定或人民法院裁判";
const NO_ARTICLE: &str = "";
/// The longest period a decision is believed to set.
const LONGEST_ORDER_DAYS: u32 = 366;

/// The period that runs as of a day, and what may still move it.
pub(super) struct ClockPeriod<'a> {
    pub regime: Regime,
    pub start: NaiveDate,
    pub start_rule: StartRule,
    /// A decision's own period.
    pub order: Option<ReopenedPeriod>,
    pub consultations: Vec<KnownConsultation<'a>>,
    /// Corrections that stopped the period: asked, received (C-7).
    pub pauses: Vec<(NaiveDate, NaiveDate)>,
    /// Extensions and delayed dates of this period, oldest first.
    pub changes: Vec<Change>,
    pub awaiting_correction: Option<NaiveDate>,
    pub awaiting_fee: Option<NaiveDate>,
    pub closed: Option<Closed>,
    pub steps: Vec<Step>,
}

/// A consultation that was sent by the day asked about.
pub(super) struct KnownConsultation<'a> {
    pub id: &'a str,
    pub kind: ConsultationKind,
    pub sent: NaiveDate,
    pub returned: Option<NaiveDate>,
    pub silent_until: Option<NaiveDate>,
}

/// A notice that changes the due date.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Extension { on: NaiveDate, days: u32 },
    Delayed { on: NaiveDate, until: NaiveDate },
}

/// How the case ended.
#[derive(Clone, Copy)]
pub(super) struct Closed {
    pub on: NaiveDate,
    pub replied: bool,
}

/// Reads the facts dated up to `as_of`; the whole set must be possible.
pub(super) fn read(timeline: &Timeline, as_of: Option<NaiveDate>) -> Result<ClockPeriod<'_>, ClockError> {
    if let Some(as_of) = as_of.filter(|day| *day < timeline.received) {
        return Err(ClockError::AsOfBeforeReceipt { as_of, received: timeline.received });
    }
    let mut facts: Vec<&Fact> = timeline.facts.iter().collect();
    facts.sort_unstable_by(|a, b| (a.on(), rank(a), a).cmp(&(b.on(), rank(b), b)));
    check(timeline, &facts)?;
    facts.retain(|fact| as_of.is_none_or(|day| fact.on() <= day));
    Ok(Reader::new(timeline, &facts).read())
}

/// Order within one day. A restart comes before what may be built on it the same day; the reply comes last.
const fn rank(fact: &Fact) -> u8 {
    match fact {
        Fact::Reopened { .. } => 0,
        Fact::CorrectionReceived { .. } => 1,
        Fact::CorrectionRequested { .. } => 2,
        Fact::FeePaid { .. } => 3,
        Fact::FeeNotified { .. } => 4,
        Fact::ConsultationSent { .. } => 5,
        Fact::ConsultationReturned { .. } => 6,
        Fact::Extension { .. } => 7,
        Fact::DelayedReply { .. } => 8,
        Fact::Replied { .. } => 9,
        Fact::Ended { .. } => 10,
    }
}

/// A question to the applicant: asked, then answered.
#[derive(Default)]
struct Question {
    asked_on: Option<NaiveDate>,
    /// A question of this day was answered the same day, and its asking is still to be read.
    answered_on: Option<NaiveDate>,
}

impl Question {
    fn ask(&mut self, on: NaiveDate) {
        if self.answered_on.take() != Some(on) && self.asked_on.is_none() {
            self.asked_on = Some(on);
        }
    }

    /// The day it was asked; `None` without a notice.
    fn answer(&mut self, on: NaiveDate, asked_the_same_day: bool) -> Option<NaiveDate> {
        if let Some(asked_on) = self.asked_on.take() {
            return Some(asked_on);
        }
        let answers = asked_the_same_day && self.answered_on != Some(on);
        answers.then(|| *self.answered_on.insert(on))
    }
}

fn correction_asked(facts: &[&Fact], day: NaiveDate) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::CorrectionRequested { on } if *on == day))
}

fn fee_asked(facts: &[&Fact], day: NaiveDate) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::FeeNotified { on } if *on == day))
}

/// Refuses sets of facts that cannot have happened.
fn check(timeline: &Timeline, facts: &[&Fact]) -> Result<(), ClockError> {
    if let Some(early) = facts.first().filter(|fact| fact.on() < timeline.received) {
        return Err(ClockError::FactBeforeReceipt { fact: early.label(), on: early.on(), received: timeline.received });
    }
    let (mut correction, mut fee) = (Question::default(), Question::default());
    for (place, fact) in facts.iter().enumerate() {
        match fact {
            Fact::ConsultationSent { id, on, silent_until, .. } => check_sent(facts, place, id, *on, *silent_until)?,
            Fact::ConsultationReturned { id, on } => check_returned(facts, place, id, *on)?,
            Fact::CorrectionRequested { on } => correction.ask(*on),
            Fact::CorrectionReceived { on } => {
                if correction.answer(*on, correction_asked(facts, *on)).is_none() {
                    return Err(ClockError::CorrectionNotRequested { on: *on });
                }
            }
            Fact::FeeNotified { on } => fee.ask(*on),
            Fact::FeePaid { on } => {
                if fee.answer(*on, fee_asked(facts, *on)).is_none() {
                    return Err(ClockError::FeeNotNotified { on: *on });
                }
            }
            Fact::Extension { days, .. } => {
                let (max, article) = (timeline.regime.extension_max_days(), timeline.regime.reply_article());
                if *days == 0 || *days > max {
                    return Err(ClockError::ExtensionDays { days: *days, max, article });
                }
            }
            Fact::DelayedReply { on, until } if until < on => {
                return Err(ClockError::DelayedIntoPast { on: *on, until: *until });
            }
            Fact::Reopened { on, due } => {
                let possible = match due {
                    ReopenedPeriod::Days(days) => (1..=LONGEST_ORDER_DAYS).contains(days),
                    ReopenedPeriod::Until(until) => until >= on,
                };
                if !possible {
                    return Err(ClockError::OrderPeriod { on: *on });
                }
            }
            Fact::DelayedReply { .. } | Fact::Replied { .. } | Fact::Ended { .. } => {}
        }
    }
    Ok(())
}

fn check_sent(
    facts: &[&Fact],
    place: usize,
    id: &str,
    sent: NaiveDate,
    silent_until: Option<NaiveDate>,
) -> Result<(), ClockError> {
    let earlier = facts.iter().take(place);
    if earlier.into_iter().any(|fact| matches!(fact, Fact::ConsultationSent { id: other, .. } if other == id)) {
        return Err(ClockError::DuplicateConsultation { id: id.to_owned() });
    }
    match silent_until.filter(|day| *day < sent) {
        Some(returned) => Err(ClockError::ReturnedBeforeSent { id: id.to_owned(), sent, returned }),
        None => Ok(()),
    }
}

fn check_returned(facts: &[&Fact], place: usize, id: &str, returned: NaiveDate) -> Result<(), ClockError> {
    let earlier = facts.iter().take(place);
    if earlier.into_iter().any(|fact| matches!(fact, Fact::ConsultationReturned { id: other, .. } if other == id)) {
        return Err(ClockError::DuplicateConsultation { id: id.to_owned() });
    }
    let sent = facts.iter().find_map(|fact| match fact {
        Fact::ConsultationSent { id: other, on, .. } if other == id => Some(*on),
        _ => None,
    });
    match sent {
        None => Err(ClockError::UnknownConsultation { id: id.to_owned() }),
        Some(sent) if returned < sent => Err(ClockError::ReturnedBeforeSent { id: id.to_owned(), sent, returned }),
        Some(_) => Ok(()),
    }
}

/// Folds possible facts, oldest first, into the period.
struct Reader<'a, 'f> {
    facts: &'f [&'a Fact],
    correction_pauses: bool,
    period: ClockPeriod<'a>,
    correction: Question,
    fee: Question,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn new(timeline: &Timeline, facts: &'f [&'a Fact]) -> Self {
        let regime = timeline.regime;
        let rule = match regime {
            Regime::Order492 => "D2b",
            Regime::Order711 => "D2",
        };
        let mut steps = Vec::with_capacity(8);
        let start = Step::new(StepKind::Start, timeline.received, rule, regime.reply_article());
        steps.push(start.days(regime.reply_days()));
        let period = ClockPeriod {
            regime,
            start: timeline.received,
            start_rule: StartRule::Receipt,
            order: None,
            consultations: Vec::new(),
            pauses: Vec::new(),
            changes: Vec::new(),
            awaiting_correction: None,
            awaiting_fee: None,
            closed: None,
            steps,
        };
        let correction_pauses = timeline.options.correction_pauses(regime);
        Self { facts, correction_pauses, period, correction: Question::default(), fee: Question::default() }
    }

    fn read(mut self) -> ClockPeriod<'a> {
        for fact in self.facts {
            self.read_fact(fact);
        }
        self.period.awaiting_correction = self.correction.asked_on;
        self.period.awaiting_fee = self.fee.asked_on;
        self.period
    }

    fn read_fact(&mut self, fact: &'a Fact) {
        if let Fact::Reopened { on, due } = fact {
            return self.reopen(*on, *due);
        }
        if let Fact::ConsultationReturned { id, on } = fact {
            return self.returned(id, *on);
        }
        if self.period.closed.is_some() {
            return self.ineffective(fact, IneffectiveReason::AfterClose);
        }
        match fact {
            Fact::Replied { on } => self.period.closed = Some(Closed { on: *on, replied: true }),
            Fact::Ended { on } => self.period.closed = Some(Closed { on: *on, replied: false }),
            _ if self.period.order.is_some() => self.ineffective(fact, IneffectiveReason::PeriodFixed),
            Fact::ConsultationSent { id, kind, on, silent_until } => self
                .period
                .consultations
                .push(KnownConsultation { id, kind: *kind, sent: *on, returned: None, silent_until: *silent_until }),
            Fact::CorrectionRequested { on } => self.correction.ask(*on),
            Fact::CorrectionReceived { on } => {
                if let Some(asked_on) = self.correction.answer(*on, correction_asked(self.facts, *on)) {
                    self.corrected(asked_on, *on);
                }
            }
            Fact::FeeNotified { on } if *on < FEE_RULES_IN_FORCE => {
                self.ineffective(fact, IneffectiveReason::FeeRulesNotInForce);
            }
            Fact::FeeNotified { on } => self.fee.ask(*on),
            Fact::FeePaid { on } => {
                let asked = *on >= FEE_RULES_IN_FORCE && fee_asked(self.facts, *on);
                if let Some(asked_on) = self.fee.answer(*on, asked) {
                    self.answered(asked_on, *on, "D10", FEE_NOTICE_ARTICLE);
                    self.restart(*on, StartRule::FeePayment, "D12", FEE_RESTART_ARTICLE);
                } else {
                    self.ineffective(fact, IneffectiveReason::FeeRulesNotInForce);
                }
            }
            Fact::Extension { on, days } => self.period.changes.push(Change::Extension { on: *on, days: *days }),
            Fact::DelayedReply { on, until } => {
                self.period.changes.push(Change::Delayed { on: *on, until: *until });
            }
            Fact::Reopened { .. } | Fact::ConsultationReturned { .. } => {}
        }
    }

    fn returned(&mut self, id: &str, on: NaiveDate) {
        if let Some(consultation) = self.period.consultations.iter_mut().find(|known| known.id == id) {
            consultation.returned = Some(on);
        }
    }

    fn corrected(&mut self, asked_on: NaiveDate, on: NaiveDate) {
        let (rule, article) = self.period.regime.correction_source("D1", self.correction_pauses);
        self.answered(asked_on, on, rule, article);
        if self.correction_pauses {
            self.period.pauses.push((asked_on, on));
            return;
        }
        let rule = match self.period.regime {
            Regime::Order492 => "C-7",
            Regime::Order711 => "D3",
        };
        self.restart(on, StartRule::Correction, rule, article);
    }

    fn restart(&mut self, on: NaiveDate, start_rule: StartRule, rule: &'static str, article: &'static str) {
        self.void_changes();
        self.period.start = on;
        self.period.start_rule = start_rule;
        let step = Step::new(StepKind::Restart, on, rule, article).days(self.period.regime.reply_days());
        self.period.steps.push(step);
    }

    /// A decision starts a period of its own; what stood before it is history.
    fn reopen(&mut self, on: NaiveDate, due: ReopenedPeriod) {
        if let Some(closed) = self.period.closed.take() {
            let kind = if closed.replied { StepKind::Replied } else { StepKind::Ended };
            self.period.steps.push(Step::new(kind, closed.on, NO_ARTICLE, NO_ARTICLE));
        }
        self.void_changes();
        self.period.consultations.clear();
        self.period.pauses.clear();
        self.correction = Question::default();
        self.fee = Question::default();
        self.period.start = on;
        self.period.start_rule = StartRule::Order;
        self.period.order = Some(due);
        let step = Step::new(StepKind::Restart, on, "", ORDER_ARTICLE);
        self.period.steps.push(match due {
            ReopenedPeriod::Days(days) => step.days(days),
            ReopenedPeriod::Until(until) => step.through(until),
        });
    }

    fn answered(&mut self, asked_on: NaiveDate, on: NaiveDate, rule: &'static str, article: &'static str) {
        self.period.steps.push(Step::new(StepKind::Waiting, asked_on, rule, article).through(on));
    }

    fn void_changes(&mut self) {
        for change in self.period.changes.drain(..) {
            let (rule, article) = change_source(change, self.period.regime);
            self.period.steps.push(match change {
                Change::Extension { on, days } => Step::new(StepKind::Voided, on, rule, article).days(days),
                Change::Delayed { on, until } => Step::new(StepKind::Voided, on, rule, article).through(until),
            });
        }
    }

    fn ineffective(&mut self, fact: &Fact, reason: IneffectiveReason) {
        let (rule, article) = match fact {
            Fact::ConsultationSent { .. } | Fact::ConsultationReturned { .. } => {
                ("D8", self.period.regime.stop_article())
            }
            Fact::CorrectionRequested { .. } | Fact::CorrectionReceived { .. } => {
                self.period.regime.correction_source("D3", self.correction_pauses)
            }
            Fact::FeeNotified { .. } => ("D10", FEE_NOTICE_ARTICLE),
            Fact::FeePaid { .. } => ("D12", FEE_RESTART_ARTICLE),
            Fact::Extension { .. } => ("D5", self.period.regime.reply_article()),
            Fact::DelayedReply { .. } => ("D9", DELAY_ARTICLE),
            Fact::Reopened { .. } | Fact::Replied { .. } | Fact::Ended { .. } => (NO_ARTICLE, NO_ARTICLE),
        };
        let mut step = Step::new(StepKind::Ineffective, fact.on(), rule, article).because(reason);
        if let Fact::ConsultationSent { id, .. } = fact {
            step.consultations.push(id.clone());
        }
        self.period.steps.push(step);
    }
}

/// The rule and article of a change.
pub(super) const fn change_source(change: Change, regime: Regime) -> (&'static str, &'static str) {
    match (change, regime) {
        (Change::Extension { .. }, Regime::Order711) => ("D5", regime.reply_article()),
        (Change::Extension { .. }, Regime::Order492) => ("D5b", regime.reply_article()),
        (Change::Delayed { .. }, Regime::Order492 | Regime::Order711) => ("D9", DELAY_ARTICLE),
    }
}

/// The article of the notice that the applicant has to answer.
pub(super) const fn fee_notice_article() -> &'static str {
    FEE_NOTICE_ARTICLE
}
