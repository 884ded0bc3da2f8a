//! Why a set of facts cannot be true.

use chrono::NaiveDate;

/// Facts that contradict each other, or a limit of the law.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Something happened before the application was there.
    #[error("{fact}（{on}）早于收到申请之日（{received}）")]
    FactBeforeReceipt {
        /// What.
        fact: &'static str,
        /// When.
        on: NaiveDate,
        /// The date of receipt.
        received: NaiveDate,
    },
    /// The day asked about lies before receipt.
    #[error("查询日（{as_of}）早于收到申请之日（{received}）")]
    AsOfBeforeReceipt {
        /// The day asked about.
        as_of: NaiveDate,
        /// The date of receipt.
        received: NaiveDate,
    },
    /// An opinion on a consultation that was not sent.
    #[error("没有发出编号为“{id}”的征求意见")]
    UnknownConsultation {
        /// Its id.
        id: String,
    },
    /// Two consultations with one id, or two opinions on one.
    #[error("征求意见编号“{id}”重复")]
    DuplicateConsultation {
        /// The id.
        id: String,
    },
    /// The opinion, or the end of the stop, is older than the letter.
    #[error("征求意见“{id}”于{sent}发出，不能在{returned}结束")]
    ReturnedBeforeSent {
        /// The consultation.
        id: String,
        /// Day of sending.
        sent: NaiveDate,
        /// Day of return.
        returned: NaiveDate,
    },
    /// A corrected application without a correction notice.
    #[error("{on}收到补正，但此前没有待补正的告知")]
    CorrectionNotRequested {
        /// Day of arrival.
        on: NaiveDate,
    },
    /// A payment without a fee notice.
    #[error("{on}缴费，但此前没有待缴费的通知")]
    FeeNotNotified {
        /// Day of payment.
        on: NaiveDate,
    },
    /// Extensions together exceed the maximum, or one has no length.
    #[error("延长答复期限应为1至{max}个工作日，合计{days}个工作日不合规定（{article}）")]
    ExtensionDays {
        /// Working days asked for, all extensions of the period together.
        days: u32,
        /// The maximum.
        max: u32,
        /// The article it rests on.
        article: &'static str,
    },
    /// The delayed date lies before the notice that fixes it.
    #[error("{on}告知的延迟答复日期{until}早于告知之日")]
    DelayedIntoPast {
        /// Day of the notice.
        on: NaiveDate,
        /// The date in the notice.
        until: NaiveDate,
    },
    /// A decision's period must be 1 to 366 working days or end after it took effect.
    #[error("{on}生效的决定、裁判所定答复期限不成立")]
    OrderPeriod {
        /// Day the order took effect.
        on: NaiveDate,
    },
}

impl ClockError {
    /// A stable code for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FactBeforeReceipt { .. } => "fact_before_receipt",
            Self::AsOfBeforeReceipt { .. } => "as_of_before_receipt",
            Self::UnknownConsultation { .. } => "unknown_consultation",
            Self::DuplicateConsultation { .. } => "duplicate_consultation",
            Self::ReturnedBeforeSent { .. } => "returned_before_sent",
            Self::CorrectionNotRequested { .. } => "correction_not_requested",
            Self::FeeNotNotified { .. } => "fee_not_notified",
            Self::ExtensionDays { .. } => "extension_days",
            Self::DelayedIntoPast { .. } => "delayed_into_past",
            Self::OrderPeriod { .. } => "order_period",
        }
    }

    /// The article, where a limit of the law is the reason.
    #[must_use]
    pub const fn article(&self) -> Option<&'static str> {
        match self {
            Self::ExtensionDays { article, .. } => Some(article),
            Self::FactBeforeReceipt { .. }
            | Self::AsOfBeforeReceipt { .. }
            | Self::UnknownConsultation { .. }
            | Self::DuplicateConsultation { .. }
            | Self::ReturnedBeforeSent { .. }
            | Self::CorrectionNotRequested { .. }
            | Self::FeeNotNotified { .. }
            | Self::DelayedIntoPast { .. }
            | Self::OrderPeriod { .. } => None,
        }
    }
}
