//! What a check of the stored data finds: one place, what is written there, and what is expected.

use serde::{Serialize, Serializer};

macro_rules! kinds {
    ($($(#[$doc:meta])+ $member:ident = $code:literal, $label:literal;)+) => {
        /// The kind of a finding. Codes are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingKind { $($(#[$doc])+ $member,)+ }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];
            /// The code in the output.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$member => $code,)+ } }
            /// What an auditor reads.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$member => $label,)+ } }
        }
    };
}

kinds! {
    /// The fields of an event do not have its hash.
    EventChanged = "event_changed", "案件记录被改动";
    /// Events are missing between two others or at the end.
    EventMissing = "event_missing", "案件记录缺失";
    /// An event does not follow the one before it.
    EventMisplaced = "event_misplaced", "案件记录不相衔接";
    /// The payload of an event cannot be read.
    EventUnreadable = "event_unreadable", "案件记录不能读取";
    /// Kind or day of an event are not those of its payload.
    EventMismatch = "event_mismatch", "案件记录的栏目与内容不符";
    /// An event was recorded before the one before it, or in the future.
    EventTime = "event_time", "案件记录的时间不合顺序";
    /// Events of a case that does not exist.
    EventOrphan = "event_orphan", "案件记录没有案件";
    /// A case without events.
    CaseWithoutLog = "case_without_log", "案件没有记录";
    /// A column of a case is not what its log gives.
    CaseChanged = "case_changed", "案件与其记录不符";
    /// A case cannot be computed.
    CaseUncomputable = "case_uncomputable", "案件不能重新计算";
    /// A duty that must be there is not.
    DutyMissing = "duty_missing", "事项缺失";
    /// A duty that the log never gave.
    DutyExtra = "duty_extra", "多出的事项";
    /// A duty is not what the log gives.
    DutyChanged = "duty_changed", "事项与其记录不符";
    /// The applicant of a case does not exist.
    ApplicantMissing = "applicant_missing", "申请人缺失";
    /// An applicant is not the one of the case.
    ApplicantChanged = "applicant_changed", "申请人与案件不符";
    /// An applicant without a case.
    ApplicantOrphan = "applicant_orphan", "申请人没有案件";
    /// Sealed data cannot be opened, or does not fit its index.
    ApplicantUnsound = "applicant_unsound", "申请人加密内容不能核实";
    /// A log has a correction of the applicant, and what was there before is not kept.
    ApplicantVersionMissing = "applicant_version_missing", "申请人更正以前的内容缺失";
    /// What is kept of before a correction cannot be opened, or no correction in a log belongs to it.
    ApplicantVersionUnsound = "applicant_version_unsound", "申请人更正以前的内容不能核实";
    /// A series is not where its numbers and recorded raises put it.
    CounterChanged = "counter_changed", "编号序列与已编号码不符";
    /// A number was drawn, and no case has it.
    NumberMissing = "number_missing", "编号缺失";
    /// Fewer cases than the ledger imports on record.
    ImportMissing = "import_missing", "导入的案件缺失";
    /// A reference to a row that does not exist.
    Dangling = "dangling", "所指的内容不存在";
    /// The fields of an audit entry do not have its hash.
    AuditChanged = "audit_changed", "审计记录被改动";
    /// Audit entries are missing between two others or at the end.
    AuditMissing = "audit_missing", "审计记录缺失";
    /// An audit entry does not follow the one before it.
    AuditMisplaced = "audit_misplaced", "审计记录不相衔接";
    /// An audit entry outside its chain.
    AuditUnchained = "audit_unchained", "审计记录未入链";
    /// The stored end of a chain is not its last entry.
    AuditHead = "audit_head", "审计链的末端不符";
    /// The end of a log that an anchor covers is missing or another one.
    AnchorChanged = "anchor_changed", "案件记录与锚定不符";
    /// The anchor outside the database says something else.
    AnchorBroken = "anchor_broken", "与库外锚定不符";
    /// The file of the anchors has days that the database does not know.
    AnchorAhead = "anchor_ahead", "锚定文件比数据库新：数据库由备份恢复，或者被退回到以前的状态";
    /// A line of the anchors is missing, out of order or unreadable.
    AnchorMissing = "anchor_missing", "锚定缺失或者不相衔接";
    /// The fields of a mail contradict its state.
    MailState = "mail_state", "邮件状态与栏目矛盾";
    /// The bytes of a mail are not those it says.
    MailBytes = "mail_bytes", "邮件内容不符";
    /// A figure over all history is not its count.
    Tally = "tally", "累计数不符";
    /// A 督办单 is not what its steps give.
    OrderChanged = "order_changed", "督办单与其经过不符";
    /// A published report is not the one on record.
    SnapshotChanged = "snapshot_changed", "公布的报告与登记不符";
    /// A published report on record is not stored.
    SnapshotMissing = "snapshot_missing", "公布的报告缺失";
    /// The settings of an organ cannot be read.
    SettingsUnreadable = "settings_unreadable", "机关设置不能读取";
    /// A row cannot be read.
    RowUnreadable = "row_unreadable", "存储的行不能读取";
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One place where what is stored is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// The kind in Chinese.
    pub label: &'static str,
    /// The table.
    pub table: &'static str,
    /// The id of the row or of its case.
    pub id: Option<String>,
    /// 受理编号, the number of the order, or the code of the organ.
    pub number: Option<String>,
    /// The place in the log or the chain.
    pub seq: Option<i64>,
    /// The column, the key of the duty, or another part of the row.
    pub what: Option<String>,
    /// What is stored. `-` for nothing.
    pub written: String,
    /// What is expected. `-` for nothing.
    pub expected: String,
}

impl Finding {
    /// A finding in a table.
    #[must_use]
    pub fn new(kind: FindingKind, table: &'static str) -> Self {
        let nothing = || "-".to_owned();
        Self {
            kind,
            label: kind.label(),
            table,
            id: None,
            number: None,
            seq: None,
            what: None,
            written: nothing(),
            expected: nothing(),
        }
    }

    /// With the id of the row.
    #[must_use]
    pub fn of(mut self, id: impl ToString) -> Self {
        self.id = Some(id.to_string());
        self
    }

    /// With the number people know the row by.
    #[must_use]
    pub fn numbered(mut self, number: Option<&str>) -> Self {
        self.number = number.map(str::to_owned);
        self
    }

    /// With the place in the log or the chain.
    #[must_use]
    pub fn at(mut self, seq: impl Into<i64>) -> Self {
        self.seq = Some(seq.into());
        self
    }

    /// With the part of the row.
    #[must_use]
    pub fn on(mut self, what: impl Into<String>) -> Self {
        self.what = Some(what.into());
        self
    }

    /// With what is stored and what is expected.
    #[must_use]
    pub fn says(mut self, written: impl Into<String>, expected: impl Into<String>) -> Self {
        self.written = written.into();
        self.expected = expected.into();
        self
    }
}
