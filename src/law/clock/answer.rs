//! What the clock answers.

use crate::law::calendar::estimate::{DueRange, LastDay};
use chrono::{Datelike, NaiveDate};
use serde::{Serialize, Serializer};

/// State of the reply period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockStatus {
    /// Days are being counted, or the due date has passed without a reply.
    Running,
    /// A consultation is open.
    Suspended,
    /// The applicant has been asked to correct the application.
    AwaitingCorrection,
    /// The applicant has been asked to pay.
    AwaitingFee,
    /// The due date needs a year whose holiday notice is not loaded.
    Gap,
    /// Replied in time.
    Met,
    /// Replied late.
    MetLate,
    /// Ended without a reply.
    Ended,
}

impl ClockStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Suspended,
        Self::AwaitingCorrection,
        Self::AwaitingFee,
        Self::Gap,
        Self::Met,
        Self::MetLate,
        Self::Ended,
    ];

    /// The code used in rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::AwaitingCorrection => "awaiting_correction",
            Self::AwaitingFee => "awaiting_fee",
            Self::Gap => "gap",
            Self::Met => "met",
            Self::MetLate => "met_late",
            Self::Ended => "ended",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Running => "计算中",
            Self::Suspended => "征求意见，停止计算",
            Self::AwaitingCorrection => "待补正",
            Self::AwaitingFee => "待缴费",
            Self::Gap => "缺少年度日历",
            Self::Met => "按期答复",
            Self::MetLate => "逾期答复",
            Self::Ended => "已终结",
        }
    }

    /// The status of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Whether a reply is still owed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Running | Self::Suspended | Self::AwaitingCorrection | Self::AwaitingFee | Self::Gap => true,
            Self::Met | Self::MetLate | Self::Ended => false,
        }
    }
}

/// What started the period that now runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartRule {
    /// The application was received (R1 to R4c).
    Receipt,
    /// The corrected application was received (D3).
    Correction,
    /// The fee was paid (D12).
    FeePayment,
    /// A decision ordered a reply.
    Order,
}

/// The due date if every open consultation came back today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueIfReturned {
    /// That day.
    On(NaiveDate),
    /// It needs a year whose notice is not loaded.
    Gap,
}

impl Serialize for DueIfReturned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::On(day) => iso(day, serializer),
            Self::Gap => serializer.serialize_str("gap"),
        }
    }
}

/// Kind of a step of the derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Day 0: `from`; `days` is the length of the period.
    Start,
    /// Day 0 moved to `from`; what was counted before is void.
    Restart,
    /// An extension given on `from` for `days` lost its effect with the restart.
    Voided,
    /// A consultation sent on `from` does not stop the clock under this Order.
    NoStop,
    /// `days` were added by a notice of `from`.
    Extended,
    /// The applicant was notified of a delayed date on `from`: due on `through`.
    Delayed,
    /// A fact of `from` has no effect, for the reason given.
    Ineffective,
    /// `days` working days of `from..=through` counted.
    Counted,
    /// `days` working days of `from..=through` did not count.
    Excluded,
    /// The clock is stopped since `from`, the day after a letter was sent.
    Suspended,
    /// The applicant had the word since `from`, up to the answer on `through` if there is one.
    Waiting,
    /// The calendar ends before `from`.
    Gap,
    /// The reply is due on `from`.
    Due,
    /// The reply counts as given on `from`.
    Replied,
    /// The case ended on `from`.
    Ended,
}

/// Why a fact did not move the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IneffectiveReason {
    /// The applicant was notified after the due date had passed.
    AfterDue,
    /// The reply was already given, or the case ended.
    AfterClose,
    /// The period was set by a decision, or a delayed date was fixed.
    PeriodFixed,
    /// The fee rules were not in force before 2021-01-01.
    FeeRulesNotInForce,
}

impl IneffectiveReason {
    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AfterDue => "告知时答复期限已届满",
            Self::AfterClose => "已答复或已终结",
            Self::PeriodFixed => "期限已由决定、裁判或延迟答复告知确定",
            Self::FeeRulesNotInForce => "《政府信息公开信息处理费管理办法》2021年1月1日起施行，此前收费不影响答复期限",
        }
    }
}

/// One step of the derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// What kind of step.
    pub kind: StepKind,
    /// The day, or the first day.
    #[serde(serialize_with = "iso")]
    pub from: NaiveDate,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub through: Option<NaiveDate>,
    /// Working days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Rule of the decision table (`D2`, `D8`, …) or reading (`C-6`, …), where one has a number.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub rule: &'static str,
    /// The article of the rule; empty where the step only carries out what an earlier one laid down.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub article: &'static str,
    /// The consultations concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consultations: Vec<String>,
    /// Why a fact had no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<IneffectiveReason>,
}

impl Step {
    pub(super) const fn new(kind: StepKind, from: NaiveDate, rule: &'static str, article: &'static str) -> Self {
        Self { kind, from, through: None, days: None, rule, article, consultations: Vec::new(), reason: None }
    }

    pub(super) const fn through(mut self, day: NaiveDate) -> Self {
        self.through = Some(day);
        self
    }

    pub(super) const fn days(mut self, days: u32) -> Self {
        self.days = Some(days);
        self
    }

    pub(super) const fn because(mut self, reason: IneffectiveReason) -> Self {
        self.reason = Some(reason);
        self
    }
}

/// The state of the reply period with its derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClockAnswer {
    /// Day 0 of the period that runs.
    #[serde(serialize_with = "iso")]
    pub start: NaiveDate,
    /// What started it.
    pub start_rule: StartRule,
    /// Last day for the reply; null while it cannot be said.
    #[serde(serialize_with = "iso_or_null")]
    pub due: Option<NaiveDate>,
    /// State of the period.
    pub status: ClockStatus,
    /// Length of the period in working days, extensions included. Absent where a date was fixed instead of a length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// Working days after the start up to the due date that did not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<u32>,
    /// Working days counted up to the day asked about, or to the stop. `used + remaining = total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u32>,
    /// Working days left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// Suspended: the due date if every open opinion came back on the day asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due_if_returned_today: Option<DueIfReturned>,
    /// Suspended by consultations that all have a last day: the last day of the stop.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub resumes_on: Option<NaiveDate>,
    /// Suspended: the due date if no opinion comes by `resumes_on`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due_if_silent: Option<DueIfReturned>,
    /// Gap: working days counted up to the end of the calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<u32>,
    /// Gap: first day the calendar lacks.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub missing: Option<NaiveDate>,
    /// Gap: the earliest day the period may end on (`due_range.earliest`). Not a due date.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub provisional_due: Option<NaiveDate>,
    /// While a notice that may move the last day is not out: the earliest and the latest it can be. Also of a due date at the end
    /// of the last published year, which the notice of the next year may still move.
    #[serde(skip_serializing_if = "Option::is_none", rename = "due_range")]
    pub range: Option<DueRange>,
    /// Awaiting correction: the due date if the notice did not restart the period (C-7b).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub risk_due: Option<NaiveDate>,
    /// Awaiting correction, `risk_due` not known because consultations are open that all have a last day: the last day of
    /// that stop. `risk_due` is known after it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "iso_or_null")]
    pub risk_resumes_on: Option<NaiveDate>,
    /// Working days after the due date, up to the day asked about or the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_working_days: Option<u32>,
    /// Calendar days after the due date, up to the day asked about or the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_days: Option<u32>,
    /// How the date came about.
    pub derivation: Vec<Step>,
    /// The calendar it rests on.
    pub calendar_version: String,
}

impl ClockAnswer {
    /// The last day, certain or estimated; `None` while none can be said.
    #[must_use]
    pub fn last_day(&self) -> Option<LastDay> {
        self.range.map(LastDay::Estimated).or(self.due.map(LastDay::Certain))
    }

    /// What a clerk reads of a last day that is not certain.
    #[must_use]
    pub fn estimate(&self) -> Option<String> {
        let range = self.range?;
        let awaited = self.missing.map(|day| day.year()).or(self.due.map(|due| due.year().saturating_add(1)))?;
        Some(range.said(awaited))
    }

    /// The day the period is warned by: its last day, or the earliest it can be while that is not certain.
    #[must_use]
    pub fn warns_on(&self) -> Option<NaiveDate> {
        self.last_day().map(LastDay::warns_on)
    }
}

/// `YYYY-MM-DD` without the general formatter, which takes a fifth of the time of a batch.
fn iso<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    let year = u32::try_from(day.year()).ok().filter(|year| *year <= 9999);
    let Some(year) = year else { return day.serialize(serializer) };
    let digit = |number: u32, unit: u32| b'0' + u8::try_from(number / unit % 10).unwrap_or(0);
    let (month, of_month) = (day.month(), day.day());
    let text = [
        digit(year, 1000),
        digit(year, 100),
        digit(year, 10),
        digit(year, 1),
        b'-',
        digit(month, 10),
        digit(month, 1),
        b'-',
        digit(of_month, 10),
        digit(of_month, 1),
    ];
    match std::str::from_utf8(&text) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => day.serialize(serializer),
    }
}

fn iso_or_null<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match day {
        Some(day) => iso(day, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_chrono_writes_them() {
        let first = NaiveDate::from_ymd_opt(2023, 12, 1).unwrap();
        let odd = [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::from_ymd_opt(0, 1, 1).unwrap()];
        let edge = [NaiveDate::from_ymd_opt(9999, 12, 31).unwrap(), NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap()];
        for day in first.iter_days().take(500).chain(odd).chain(edge) {
            let written = serde_json::to_value(DueIfReturned::On(day)).unwrap();
            assert_eq!(written, serde_json::to_value(day).unwrap());
        }
        assert_eq!(serde_json::to_value(DueIfReturned::Gap).unwrap(), "gap");
    }
}
