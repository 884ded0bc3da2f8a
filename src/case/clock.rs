//! The case's dates, each by the law's own function: nothing is computed here, facts are only handed over.

use super::context::Context;
use super::rules::OrganRules;
use super::state::{Case, Consultation, Remedy, Task};
use crate::case::vocabulary::{Notice, RemedyKind, Stage};
use crate::law::{
    Calendar, ClockAnswer, ClockError, ClockStatus, ConsultationKind, Fact, Regime, Timeline, WarningLevel,
    WarningThresholds, period, reply_clock as law_reply_clock, warning_level, warning_level_of_due,
};
use chrono::NaiveDate;

/// What is said of a day that is the last one only if a correction notice sent too late does not restart the period (C-7b).
pub const AT_RISK: &str =
    "告知补正超过了七个工作日，收到补正后重新计算期限可能不被认可：这一天是不重新计算时的届满日，请按此掌握。";

impl Case {
    /// The facts of the reply period as the clock wants them; `None` until the day of receipt is fixed.
    #[must_use]
    pub fn timeline(&self, calendar: &Calendar, rules: &OrganRules) -> Option<Timeline> {
        let receipt = self.receipt.filter(|_| self.stage != Stage::Void)?;
        let mut facts = Vec::new();
        if let Some(correction) = &self.correction {
            facts.push(Fact::CorrectionRequested { on: correction.notice.on });
            facts.extend(correction.received_on.map(|on| Fact::CorrectionReceived { on }));
        }
        if let Some(fee) = &self.fee {
            facts.push(Fact::FeeNotified { on: fee.notice.on });
            facts.extend(fee.paid_on.map(|on| Fact::FeePaid { on }));
        }
        for consultation in &self.consultations {
            let id = consultation.number.to_string();
            facts.push(Fact::ConsultationSent {
                id: id.clone(),
                kind: consultation.opened.kind,
                on: consultation.opened.sent_on,
                silent_until: self.silent_until(consultation, calendar),
            });
            facts.extend(consultation.returned.as_ref().map(|r| Fact::ConsultationReturned { id, on: r.on }));
        }
        if let Some(extension) = &self.extension {
            facts.push(Fact::Extension { on: extension.notified_on, days: u32::from(extension.days) });
        }
        if let Some(delay) = &self.delay {
            facts.push(Fact::DelayedReply { on: delay.on, until: delay.until });
        }
        if let Some(order) = self.order() {
            facts.extend(order.orders_reply_within.map(|due| Fact::Reopened { on: order.on, due }));
        }
        match (self.replied_on(), self.ended_on) {
            (Some(on), _) => facts.push(Fact::Replied { on }),
            (None, Some(on)) => facts.push(Fact::Ended { on }),
            (None, None) => {}
        }
        Some(Timeline {
            regime: self.regime.unwrap_or_else(|| Regime::for_receipt(receipt.on)),
            received: receipt.on,
            facts,
            options: rules.clock_options(),
        })
    }

    /// The state of the reply period on `as_of` (all recorded facts when `None`); `None` until receipt is fixed.
    ///
    /// # Errors
    /// [`ClockError`] for a log that `decide` would not have let come about.
    pub fn reply_clock(
        &self,
        calendar: &Calendar,
        rules: &OrganRules,
        as_of: Option<NaiveDate>,
    ) -> Result<Option<ClockAnswer>, ClockError> {
        let Some(timeline) = self.timeline(calendar, rules) else { return Ok(None) };
        self.answer_of(&timeline, calendar, as_of).map(Some)
    }

    /// The answer on a timeline of this case, with the date that holds if a late correction notice did not restart the period (C-7b).
    ///
    /// # Errors
    /// [`ClockError`] for facts that contradict each other.
    pub fn answer_of(
        &self,
        timeline: &Timeline,
        calendar: &Calendar,
        as_of: Option<NaiveDate>,
    ) -> Result<ClockAnswer, ClockError> {
        let mut answer = law_reply_clock(timeline, calendar, as_of)?;
        if answer.risk_due.is_none() && self.restart_may_fail() {
            answer.risk_due = without_restart(timeline.clone(), calendar, as_of);
        }
        Ok(answer)
    }

    /// Whether the period started anew on a correction whose notice came too late (C-7b).
    fn restart_may_fail(&self) -> bool {
        self.correction.as_ref().is_some_and(|correction| correction.late && correction.received_on.is_some())
    }

    /// The current due date with every recorded fact; `None` while the period does not run or lies beyond the calendar.
    #[must_use]
    pub fn due(&self, context: &Context<'_>) -> Option<NaiveDate> {
        self.reply_clock(context.calendar, context.rules, None).ok().flatten().and_then(|answer| answer.due)
    }

    /// The due date on `context.today`; `None` while the period does not run or lies beyond the calendar.
    #[must_use]
    pub fn due_today(&self, context: &Context<'_>) -> Option<NaiveDate> {
        let answer = self.reply_clock(context.calendar, context.rules, Some(context.today)).ok().flatten()?;
        answer.due.filter(|_| answer.status == ClockStatus::Running)
    }

    /// Whether the law says how long an opinion of this kind is waited for (C-6): a third party's and a co-producer's under
    /// Order 711, no other.
    #[must_use]
    pub fn silence_ends(&self, kind: ConsultationKind) -> bool {
        match kind {
            ConsultationKind::ThirdParty | ConsultationKind::JointProducer => self.regime != Some(Regime::Order492),
            ConsultationKind::OtherOrgan | ConsultationKind::SecrecyAuthority => false,
        }
    }

    /// The last day of the stop without an answer (C-6): fifteen working days from the party's own receipt. `None`
    /// without proof of service, or where the law knows no length.
    #[must_use]
    pub fn silent_until(&self, consultation: &Consultation, calendar: &Calendar) -> Option<NaiveDate> {
        let opened = &consultation.opened;
        let served_on = opened.served_on.filter(|_| self.silence_ends(opened.kind))?;
        let due = match opened.kind {
            ConsultationKind::ThirdParty => {
                period::third_party_opinion_due(Regime::Order711, served_on, calendar).ok()?
            }
            ConsultationKind::JointProducer => period::joint_producer_opinion_due(served_on, calendar).ok(),
            ConsultationKind::OtherOrgan | ConsultationKind::SecrecyAuthority => None,
        };
        due.map(|due| due.on)
    }

    /// Whether the organ still has to wait for this opinion on `day`.
    #[must_use]
    pub fn awaits(&self, consultation: &Consultation, calendar: &Calendar, day: NaiveDate) -> bool {
        consultation.returned.is_none() && self.silent_until(consultation, calendar).is_none_or(|last| day <= last)
    }

    /// The un-restarted due date while a correction notice that was sent too late is out: the restart may not hold, so
    /// this is the date to be warned by (C-7b).
    #[must_use]
    pub fn risk_due(&self, answer: &ClockAnswer) -> Option<NaiveDate> {
        answer.risk_due.filter(|_| self.correction_is_late() && answer.status == ClockStatus::AwaitingCorrection)
    }

    /// The last day of a stop that ends by itself. The dates of the case are others on the next day. While a correction
    /// notice is out, only a late one leaves dates that can change (C-7b).
    #[must_use]
    pub fn resumes_on(&self, answer: &ClockAnswer) -> Option<NaiveDate> {
        answer.resumes_on.or_else(|| answer.risk_resumes_on.filter(|_| self.correction_is_late()))
    }

    /// Of the consultations that stop the period, the earliest, if the day on which the period runs again is not known: no statute
    /// limits the consultation, or the day on which the party got the letter is not recorded.
    #[must_use]
    pub fn stopped_by(&self, answer: &ClockAnswer, calendar: &Calendar, day: NaiveDate) -> Option<&Consultation> {
        if answer.status != ClockStatus::Suspended || self.resumes_on(answer).is_some() {
            return None;
        }
        let awaited = self.consultations.iter().filter(|one| self.awaits(one, calendar, day));
        awaited.min_by_key(|one| (one.opened.sent_on, one.number))
    }

    /// Whether the last correction notice went out after the seven working days for it (Art. 30).
    fn correction_is_late(&self) -> bool {
        self.correction.as_ref().is_some_and(|correction| correction.late)
    }

    /// The day the case is warned by: its last day; the earliest it can be while a notice is not out; the risk date while a correction notice sent too late is out.
    #[must_use]
    pub fn warns_on(&self, answer: &ClockAnswer) -> Option<NaiveDate> {
        answer.warns_on().or_else(|| self.risk_due(answer))
    }

    /// The warning level on a day, from the answer computed for that day.
    #[must_use]
    pub fn warning(
        &self,
        answer: &ClockAnswer,
        today: NaiveDate,
        thresholds: &WarningThresholds,
        calendar: &Calendar,
    ) -> WarningLevel {
        match self.risk_due(answer) {
            Some(day) => warning_level_of_due(day, today, thresholds, calendar),
            None => warning_level(answer, today, thresholds, calendar),
        }
    }

    /// The last day for the one correction notice (D1); `None` before receipt or beyond the calendar.
    #[must_use]
    pub fn correction_notice_due(&self, calendar: &Calendar) -> Option<NaiveDate> {
        let receipt = self.receipt?;
        let regime = self.regime.unwrap_or_else(|| Regime::for_receipt(receipt.on));
        period::correction_notice_due(regime, receipt.on, calendar).ok().flatten().map(|due| due.on)
    }

    /// The last day a notice sets the applicant (D4, D9, D11); `None` until it is known that the applicant has it.
    #[must_use]
    pub fn notice_due(&self, notice: Notice, calendar: &Calendar) -> Option<NaiveDate> {
        let due = match notice {
            Notice::Correction => {
                let notice = &self.correction.as_ref()?.notice;
                period::correction_response_due(notice.served_on?, u32::from(notice.respond_days), calendar)
            }
            Notice::Justification => {
                let request = &self.justification.as_ref()?.request;
                period::justification_due(request.served_on?, u32::from(request.respond_days), calendar)
            }
            Notice::Fee => period::fee_payment_due(self.fee.as_ref()?.notice.served_on?, calendar),
        };
        due.ok().map(|due| due.on)
    }
}

/// The last day had the correction not started the period anew: shown as what a court may hold to (C-7b).
fn without_restart(mut timeline: Timeline, calendar: &Calendar, as_of: Option<NaiveDate>) -> Option<NaiveDate> {
    let is_of_correction =
        |fact: &Fact| matches!(fact, Fact::CorrectionRequested { .. } | Fact::CorrectionReceived { .. });
    timeline.facts.retain(|fact| !is_of_correction(fact));
    law_reply_clock(&timeline, calendar, as_of).ok()?.due
}

/// A department's internal last day; `None` beyond the calendar.
#[must_use]
pub fn task_due(task: &Task, rules: &OrganRules, calendar: &Calendar) -> Option<NaiveDate> {
    let days = task.assign.days.unwrap_or(rules.task_days);
    calendar.add_working_days(task.assign.on, u32::from(days)).ok()
}

/// The organ's own last day to respond to a remedy (D21, D22); `None` beyond the calendar.
#[must_use]
pub fn remedy_response_due(remedy: &Remedy, calendar: &Calendar) -> Option<period::DueOn> {
    match remedy.opened.kind {
        RemedyKind::Reconsideration => {
            period::reconsideration_response_due(remedy.opened.received_on, remedy.opened.simplified, calendar)
        }
        RemedyKind::Litigation | RemedyKind::LitigationAfterReconsideration => {
            period::court_answer_due(remedy.opened.received_on, calendar)
        }
    }
    .ok()
}
