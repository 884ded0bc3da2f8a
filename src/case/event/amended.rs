//! What an event says that puts earlier events right; see [`crate::case::amendment`].

use super::Event;
use crate::case::calendar_shift::MovedDuty;
use crate::case::vocabulary::AmendmentCause;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// 对一步记录的更正
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryChange {
    /// 更正哪一步：该步第一条记录的 `seq`
    #[schema(minimum = 1)]
    pub seq: i32,
    /// 更正的内容：对该步办理时所提交内容的 JSON merge patch（RFC 7386），只写要改的成员；为 null 的成员删去
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub change: Option<Value>,
    /// 这一步没有发生
    #[serde(default)]
    pub void: bool,
}

/// An amendment that was recorded, and took effect with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// From 1 within the case, voids of the case included.
    pub number: u16,
    /// The day it took effect.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// What proves the right facts.
    pub evidence: Option<String>,
    /// Who asked for it.
    pub asked_by: Uuid,
    /// The leader who confirmed it. `None` if it needed no confirmation.
    pub confirmed_by: Option<Uuid>,
    /// What the leader said with it.
    pub comment: Option<String>,
    /// The steps that are other ones from now on, by `seq`: those that were asked for and what follows from them.
    pub entries: Vec<AmendedEntry>,
    /// Running duties with another last day since.
    pub moved: Vec<MovedDuty>,
}

/// A step as it is after an amendment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendedEntry {
    /// The recorded events it stands for, in order. The first names the step.
    pub seqs: Vec<i32>,
    /// Whether a person asked for it; otherwise it follows from another.
    pub is_asked: bool,
    /// What it is from now on. Empty: it never happened.
    pub events: Vec<AmendedEvent>,
}

impl AmendedEntry {
    /// The `seq` that names the step.
    #[must_use]
    pub fn seq(&self) -> i32 {
        self.seqs.first().copied().unwrap_or_default()
    }
}

/// An event of an amended step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmendedEvent {
    /// A recorded event, with a JSON merge patch over its stored payload. `None`: as it was recorded.
    Recorded {
        /// Which.
        seq: i32,
        /// What differs from the stored payload.
        patch: Option<Value>,
    },
    /// An event that was not recorded before.
    Added(Box<Event>),
}

/// An amendment, the void of a case, or the revocation of a reply, that waits for the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedAmendment {
    /// From 1 within the case.
    pub number: u16,
    /// The day it was asked for.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// What proves the right facts.
    pub evidence: Option<String>,
    /// Who asks.
    pub asked_by: Uuid,
    /// The changes. Empty: the reply is revoked, or the whole case is void.
    pub entries: Vec<EntryChange>,
    /// Of a void case: the one that carries the application on.
    pub replaced_by: Option<Uuid>,
    /// The day on which the organ revokes its reply. `None` for anything else.
    pub revoked_on: Option<NaiveDate>,
    /// Why it needs the leader.
    pub because: Vec<AmendmentCause>,
}

/// What became of a proposed amendment that did not take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAmendment {
    /// Which.
    pub number: u16,
    /// The day.
    pub on: NaiveDate,
    /// Why.
    pub comment: String,
}
