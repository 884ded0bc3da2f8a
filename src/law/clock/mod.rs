//! The reply clock: from the facts of a case to its due date, with a derivation a court could re-add.
//!
//! The answer is a function of the set of facts: they are put in the order of their dates first. Facts dated after `as_of` have not
//! happened. Day 0 is the day of receipt (C-1); a day inside `(sent, returned]` of a consultation does not count (C-4).

mod answer;
mod error;
mod evaluate;
mod explain;
mod history;
#[cfg(test)]
pub(in crate::law) mod naive;
#[cfg(test)]
mod properties;
mod stops;
#[cfg(test)]
mod tests;
mod walk;
mod warning;

pub use answer::{ClockAnswer, ClockStatus, DueIfReturned, IneffectiveReason, StartRule, Step, StepKind};
pub use error::ClockError;
pub use explain::explain;
pub use warning::{WarningLevel, WarningThresholds, warning_level, warning_level_between, warning_level_of_due};

use super::calendar::Calendar;
use super::regime::Regime;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// All that the reply period of one case depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The Order that governs it (C-10); see [`Timeline::regime_for`].
    pub regime: Regime,
    /// 收到申请之日 (R1 to R4c).
    pub received: NaiveDate,
    /// What happened, in any order.
    pub facts: Vec<Fact>,
    /// Readings the organ has chosen.
    #[serde(default)]
    pub options: ClockOptions,
}

impl Timeline {
    /// The Order by the effective date of receipt: that of the latest corrected application, if any (C-10). A correction
    /// that only stops the period makes no new application (C-7).
    #[must_use]
    pub fn regime_for(received: NaiveDate, facts: &[Fact], as_of: Option<NaiveDate>, options: ClockOptions) -> Regime {
        let of_receipt = Regime::for_receipt(received);
        if options.correction_pauses(of_receipt) {
            return of_receipt;
        }
        let corrected = facts.iter().filter_map(|fact| match fact {
            Fact::CorrectionReceived { on } => Some(*on),
            Fact::ConsultationSent { .. }
            | Fact::ConsultationReturned { .. }
            | Fact::CorrectionRequested { .. }
            | Fact::FeeNotified { .. }
            | Fact::FeePaid { .. }
            | Fact::Extension { .. }
            | Fact::DelayedReply { .. }
            | Fact::Reopened { .. }
            | Fact::Replied { .. }
            | Fact::Ended { .. } => None,
        });
        let effective = corrected.filter(|on| as_of.is_none_or(|day| *on <= day)).max().unwrap_or(received);
        Regime::for_receipt(effective.max(received))
    }
}

/// Readings where the text leaves a choice (C-4, C-5, C-7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ClockOptions {
    /// The day the opinion returns counts: days in `(sent, returned)` are taken out instead of `(sent, returned]`.
    pub count_return_day: bool,
    /// Under Order 492 an organ's opinion stops the clock too; its text names third parties only.
    pub organ_stops_492: bool,
    /// Under Order 492 waiting for a change of the application stops the clock, days in `(asked, received]`, instead of
    /// ending it with a reply and starting a new application.
    pub correction_pauses_492: bool,
}

impl ClockOptions {
    /// Whether a correction stops the period instead of starting it anew (C-7).
    #[must_use]
    pub const fn correction_pauses(self, regime: Regime) -> bool {
        match regime {
            Regime::Order492 => self.correction_pauses_492,
            Regime::Order711 => false,
        }
    }
}

/// Who is asked for an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsultationKind {
    /// 第三方 (711 Art. 32; 492 Art. 23): silence leaves the decision to the organ.
    ThirdParty,
    /// 共同制作机关 (711 Art. 34): silence is consent.
    JointProducer,
    /// 其他机关.
    #[serde(alias = "organ")]
    OtherOrgan,
    /// 保密行政管理部门 (711 Art. 17).
    SecrecyAuthority,
}

impl ConsultationKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::ThirdParty, Self::JointProducer, Self::OtherOrgan, Self::SecrecyAuthority];

    /// The code used in rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ThirdParty => "third_party",
            Self::JointProducer => "joint_producer",
            Self::OtherOrgan => "other_organ",
            Self::SecrecyAuthority => "secrecy_authority",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ThirdParty => "第三方",
            Self::JointProducer => "共同制作机关",
            Self::OtherOrgan => "其他机关",
            Self::SecrecyAuthority => "保密行政管理部门",
        }
    }

    /// The kind of a code; `organ` is another word for `other_organ`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        if code == "organ" {
            return Some(Self::OtherOrgan);
        }
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether waiting for this opinion stops the reply clock (C-5).
    #[must_use]
    pub const fn stops(self, regime: Regime, options: ClockOptions) -> bool {
        match (regime, self) {
            (Regime::Order711, _) | (Regime::Order492, Self::ThirdParty) => true,
            (Regime::Order492, Self::JointProducer | Self::OtherOrgan | Self::SecrecyAuthority) => {
                options.organ_stops_492
            }
        }
    }
}

/// Something that happened in a case and may move its reply period. All dates are civil dates in Asia/Shanghai.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// A letter asking for an opinion was sent.
    ConsultationSent {
        /// Names the consultation within the case.
        id: String,
        /// Who was asked.
        kind: ConsultationKind,
        /// Day of sending; itself counted.
        on: NaiveDate,
        /// Last day of the stop without an answer: the 15th working day from their receipt (C-6).
        #[serde(default)]
        silent_until: Option<NaiveDate>,
    },
    /// The opinion came back.
    ConsultationReturned {
        /// The consultation.
        id: String,
        /// Day of arrival.
        on: NaiveDate,
    },
    /// 补正告知 was given.
    CorrectionRequested {
        /// Day of the notice.
        on: NaiveDate,
    },
    /// The corrected application arrived: the period starts anew.
    CorrectionReceived {
        /// Its own date of receipt.
        on: NaiveDate,
    },
    /// 收费通知 was sent.
    FeeNotified {
        /// Day of the notice.
        on: NaiveDate,
    },
    /// The fee was paid: the period starts anew.
    FeePaid {
        /// Day the payment was complete.
        on: NaiveDate,
    },
    /// The extension was approved and the applicant notified.
    Extension {
        /// Day the applicant was notified.
        on: NaiveDate,
        /// Working days added.
        days: u32,
    },
    /// A reasonable delayed date was fixed and the applicant notified (711 Art. 35).
    DelayedReply {
        /// Day the applicant was notified.
        on: NaiveDate,
        /// The new due date.
        until: NaiveDate,
    },
    /// A court or reconsideration organ ordered a (new) reply.
    Reopened {
        /// Day the order took effect on the organ; day 0 of its period.
        on: NaiveDate,
        /// The period it set.
        due: ReopenedPeriod,
    },
    /// The reply counts as given on that day (235号).
    Replied {
        /// Day of signature or of posting.
        on: NaiveDate,
    },
    /// The case ended without a reply: abandoned, withdrawn, merged.
    Ended {
        /// The day.
        on: NaiveDate,
    },
}

impl Fact {
    /// The day it happened.
    #[must_use]
    pub const fn on(&self) -> NaiveDate {
        match self {
            Self::ConsultationSent { on, .. }
            | Self::ConsultationReturned { on, .. }
            | Self::CorrectionRequested { on }
            | Self::CorrectionReceived { on }
            | Self::FeeNotified { on }
            | Self::FeePaid { on }
            | Self::Extension { on, .. }
            | Self::DelayedReply { on, .. }
            | Self::Reopened { on, .. }
            | Self::Replied { on }
            | Self::Ended { on } => *on,
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ConsultationSent { .. } => "征求意见发出",
            Self::ConsultationReturned { .. } => "意见收到",
            Self::CorrectionRequested { .. } => "补正告知",
            Self::CorrectionReceived { .. } => "收到补正",
            Self::FeeNotified { .. } => "收费通知",
            Self::FeePaid { .. } => "缴费",
            Self::Extension { .. } => "延期告知",
            Self::DelayedReply { .. } => "延迟答复告知",
            Self::Reopened { .. } => "责令（重新）答复",
            Self::Replied { .. } => "答复",
            Self::Ended { .. } => "终结",
        }
    }
}

/// The period a decision sets for a new reply. It is the decision's own: neither stops nor extensions move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReopenedPeriod {
    /// So many working days after the day the order took effect.
    Days(u32),
    /// By that day.
    Until(NaiveDate),
}

/// The state of the reply period, as of a day or, without one, with every fact taken as having happened.
///
/// # Errors
/// [`ClockError`] when the facts contradict each other or the law's limits; never for a missing calendar year, which is the status
/// [`ClockStatus::Gap`].
pub fn reply_clock(
    timeline: &Timeline,
    calendar: &Calendar,
    as_of: Option<NaiveDate>,
) -> Result<ClockAnswer, ClockError> {
    let period = history::read(timeline, as_of)?;
    evaluate::evaluate(period, timeline.options, calendar, as_of)
}
