//! The members of the stored payloads. They are declared here and not taken from the commands, so that a route may change
//! its body without changing what the log says.
//!
//! A member that a command and its stored form do not both have does not compile.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::case::obligation::ObligationKind;
use crate::case::vocabulary::{
    AmendmentCause, ApplicantKind, ContactResult, DeliveryForm, DeliveryWay, FeeBasis, InternalAffairs, LinkRelation,
    Notice, Opinion, ProcessKind, RemedyKind, RemedyResult, ReviewKind, SecrecyLevel, ServiceResult,
};
use crate::law::{Channel, ConsultationKind, Outcome, ReopenedPeriod, ServiceMethod};

/// The types of the case that have a stored form here, under the same names.
mod case {
    pub use crate::case::calendar_shift::MovedDuty;
    pub use crate::case::command::*;
    pub use crate::case::event::{EntryChange, ProposedAmendment, RefusedAmendment};
    pub use crate::case::vocabulary::Delivery;
}

/// Converts a value between its stored form and the form the case works with.
pub(super) trait Carry<T> {
    /// The same value in the other form.
    fn carry(self) -> T;
}

impl<T> Carry<T> for T {
    fn carry(self) -> T {
        self
    }
}

/// Declares the stored form of types of the case, with both conversions.
macro_rules! stored {
    ($($name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty,)* })*) => {$(
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub(super) struct $name { $($(#[$meta])* $field: $kind,)* }

        impl Carry<$name> for case::$name {
            fn carry(self) -> $name {
                let Self { $($field),* } = self;
                $name { $($field: $field.carry()),* }
            }
        }

        impl Carry<case::$name> for $name {
            fn carry(self) -> case::$name {
                let Self { $($field),* } = self;
                case::$name { $($field: $field.carry()),* }
            }
        }
    )*};
}

/// Converts what holds a stored type: a list of it, or an optional one, boxed or not.
macro_rules! held {
    ($($holder:ident of $name:ident;)*) => {$(
        held!(@$holder $name, case::$name);
        held!(@$holder case::$name, $name);
    )*};
    (@List $from:ty, $to:ty) => {
        impl Carry<Vec<$to>> for Vec<$from> {
            fn carry(self) -> Vec<$to> {
                self.into_iter().map(Carry::carry).collect()
            }
        }
    };
    (@Optional $from:ty, $to:ty) => {
        impl Carry<Option<$to>> for Option<$from> {
            fn carry(self) -> Option<$to> {
                self.map(Carry::carry)
            }
        }
    };
    (@Boxed $from:ty, $to:ty) => {
        impl Carry<Option<Box<$to>>> for Option<Box<$from>> {
            fn carry(self) -> Option<Box<$to>> {
                self.map(|held| Box::new((*held).carry()))
            }
        }
    };
}

held! {
    Optional of Delivery;
    List of ItemText;
    List of ItemOutcome;
    Boxed of RightOrgan;
    Boxed of SecretMarking;
    Boxed of ProcessRecord;
    Boxed of Publication;
    List of MovedDuty;
    List of EntryChange;
}

stored! {
    Delivery {
        form: DeliveryForm,
        way: DeliveryWay,
        #[serde(default)]
        accepts_other: bool,
    }
    MovedDuty {
        key: String,
        kind: ObligationKind,
        #[serde(default)]
        due_before: Option<NaiveDate>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        was_provisional: bool,
        #[serde(default)]
        due_after: Option<NaiveDate>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_provisional: bool,
    }
    Receive {
        applicant_id: Uuid,
        applicant_kind: ApplicantKind,
        title: String,
        request: String,
        channel: Channel,
        misdirected: bool,
        submitted_on: NaiveDate,
        #[serde(default)]
        signed_on: Option<NaiveDate>,
        #[serde(default)]
        arrived_on: Option<NaiveDate>,
        #[serde(default)]
        acknowledged_on: Option<NaiveDate>,
        #[serde(default)]
        confirmed_on: Option<NaiveDate>,
        #[serde(default)]
        delivery: Option<Delivery>,
    }
    LogContact {
        on: NaiveDate,
        means: String,
        result: ContactResult,
        #[serde(default)]
        note: Option<String>,
    }
    ItemText {
        text: String,
    }
    DefineItems {
        on: NaiveDate,
        items: Vec<ItemText>,
    }
    RequestCorrection {
        on: NaiveDate,
        items: Vec<String>,
        respond_days: u16,
        #[serde(default)]
        served_on: Option<NaiveDate>,
    }
    ReceiveCorrection {
        on: NaiveDate,
        request: String,
    }
    ServeNotice {
        notice: Notice,
        on: NaiveDate,
    }
    Lapse {
        on: NaiveDate,
        reason: String,
    }
    Assign {
        on: NaiveDate,
        department_id: Uuid,
        #[serde(default)]
        handler_id: Option<Uuid>,
        #[serde(default)]
        days: Option<u16>,
    }
    AnswerTask {
        task: u16,
        on: NaiveDate,
        opinion: String,
    }
    RecordSearch {
        on: NaiveDate,
        places: Vec<String>,
        terms: Vec<String>,
        searched_by: String,
        found: bool,
    }
    OpenConsultation {
        kind: ConsultationKind,
        party: String,
        subject: String,
        sent_on: NaiveDate,
        #[serde(default)]
        served_on: Option<NaiveDate>,
        #[serde(default)]
        applicant_told_on: Option<NaiveDate>,
    }
    ServeConsultation {
        consultation: u16,
        on: NaiveDate,
    }
    ReturnConsultation {
        consultation: u16,
        on: NaiveDate,
        opinion: Opinion,
        #[serde(default)]
        reasons: Option<String>,
    }
    RequestJustification {
        on: NaiveDate,
        facts: String,
        respond_days: u16,
        #[serde(default)]
        served_on: Option<NaiveDate>,
    }
    ReceiveJustification {
        on: NaiveDate,
        reasonable: bool,
        reasons: String,
    }
    DelayReply {
        on: NaiveDate,
        until: NaiveDate,
        reason: String,
    }
    NotifyFee {
        on: NaiveDate,
        basis: FeeBasis,
        count: u32,
        #[serde(default)]
        counted_before: u32,
        #[serde(default)]
        served_on: Option<NaiveDate>,
    }
    PayFee {
        on: NaiveDate,
    }
    Extend {
        days: u16,
        reason: String,
        approved_on: NaiveDate,
        notified_on: NaiveDate,
    }
    RightOrgan {
        name: String,
        contact: String,
    }
    ItemOutcome {
        item: u16,
        outcome: Outcome,
    }
    ProposeOutcome {
        on: NaiveDate,
        outcome: Outcome,
        reasons: String,
        #[serde(default)]
        items: Vec<ItemOutcome>,
        #[serde(default)]
        withheld: Vec<Outcome>,
        #[serde(default)]
        right_organ: Option<Box<RightOrgan>>,
        #[serde(default)]
        right_organ_unknown: Option<String>,
        #[serde(default)]
        earlier_reply_number: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        earlier_reply_before_system: bool,
        #[serde(default)]
        public_location: Option<String>,
        #[serde(default)]
        legal_basis: Option<String>,
        #[serde(default)]
        secret: Option<Box<SecretMarking>>,
        #[serde(default)]
        adverse_effect: Option<String>,
        #[serde(default)]
        process: Option<Box<ProcessRecord>>,
        #[serde(default)]
        internal_affairs: Option<InternalAffairs>,
        #[serde(default)]
        file_paper: Option<String>,
        #[serde(default)]
        publication: Option<Box<Publication>>,
    }
    SecretMarking {
        level: SecrecyLevel,
        marking: String,
        term: String,
    }
    ProcessRecord {
        kind: ProcessKind,
        made_on: NaiveDate,
        decision: String,
        #[serde(default)]
        decided_on: Option<NaiveDate>,
    }
    Publication {
        on: NaiveDate,
        place: String,
        #[serde(default)]
        url: Option<String>,
    }
    RecallProposal {
        on: NaiveDate,
        reason: String,
    }
    Review {
        kind: ReviewKind,
        on: NaiveDate,
        approve: bool,
        #[serde(default)]
        comment: Option<String>,
    }
    Dispatch {
        method: ServiceMethod,
        on: NaiveDate,
        #[serde(default)]
        carrier: Option<String>,
        #[serde(default)]
        tracking_number: Option<String>,
    }
    ProveService {
        on: NaiveDate,
        result: ServiceResult,
        #[serde(default)]
        signatory: Option<String>,
    }
    Archive {
        on: NaiveDate,
        file_number: String,
    }
    Withdraw {
        on: NaiveDate,
        identity_checked: bool,
    }
    Close {
        on: NaiveDate,
        reason: String,
    }
    Merge {
        on: NaiveDate,
        into_case: Uuid,
        reason: String,
    }
    Link {
        on: NaiveDate,
        other_case: Uuid,
        relation: LinkRelation,
    }
    OpenRemedy {
        kind: RemedyKind,
        received_on: NaiveDate,
        reference: String,
        #[serde(default)]
        simplified: bool,
    }
    RespondRemedy {
        remedy: u16,
        on: NaiveDate,
    }
    DecideRemedy {
        remedy: u16,
        on: NaiveDate,
        result: RemedyResult,
        #[serde(default)]
        orders_reply_within: Option<ReopenedPeriod>,
    }
    EntryChange {
        seq: i32,
        #[serde(default)]
        change: Option<Value>,
        #[serde(default)]
        void: bool,
    }
    ProposedAmendment {
        number: u16,
        on: NaiveDate,
        reason: String,
        #[serde(default)]
        evidence: Option<String>,
        asked_by: Uuid,
        entries: Vec<EntryChange>,
        #[serde(default)]
        replaced_by: Option<Uuid>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revoked_on: Option<NaiveDate>,
        because: Vec<AmendmentCause>,
    }
    RefusedAmendment {
        number: u16,
        on: NaiveDate,
        comment: String,
    }
}
