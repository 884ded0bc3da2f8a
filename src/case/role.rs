//! Who a person is in an organ.

use serde::{Deserialize, Serialize};

/// A role held in one organ; a person may hold several, each for an organ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 窗口/收件系统: files applications, asks after its own.
    Intake,
    /// 经办人 of the disclosure office.
    Clerk,
    /// 承办科室: answers the tasks of its department.
    Handler,
    /// 审核人: secrecy and legal review, section head.
    Reviewer,
    /// 公开工作机构负责人: the only one who may approve an extension (Order 711, Art. 33).
    OfficeHead,
    /// 分管领导.
    Leader,
    /// 监督: reads its organ and all below.
    Supervisor,
    /// 审计: reads the logs.
    Auditor,
    /// 管理员: users, organs, calendar; decides no case.
    Admin,
}

impl Role {
    /// Every role, in the order above.
    pub const ALL: [Self; 9] = [
        Self::Intake,
        Self::Clerk,
        Self::Handler,
        Self::Reviewer,
        Self::OfficeHead,
        Self::Leader,
        Self::Supervisor,
        Self::Auditor,
        Self::Admin,
    ];

    /// The code used in tokens, rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Clerk => "clerk",
            Self::Handler => "handler",
            Self::Reviewer => "reviewer",
            Self::OfficeHead => "office_head",
            Self::Leader => "leader",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Intake => "窗口收件",
            Self::Clerk => "经办人",
            Self::Handler => "承办科室",
            Self::Reviewer => "审核人",
            Self::OfficeHead => "公开工作机构负责人",
            Self::Leader => "分管领导",
            Self::Supervisor => "监督",
            Self::Auditor => "审计",
            Self::Admin => "管理员",
        }
    }

    /// Whether the role counts in the organs below its own: those that watch and administer, not those that decide cases.
    #[must_use]
    pub const fn reaches_down(self) -> bool {
        match self {
            Self::Supervisor | Self::Auditor | Self::Admin => true,
            Self::Intake | Self::Clerk | Self::Handler | Self::Reviewer | Self::OfficeHead | Self::Leader => false,
        }
    }

    /// Whether who holds only this role may be written to about the duties of the organ: everybody but the front desk, which
    /// asks after its own filings.
    #[must_use]
    pub const fn hears_of_duties(self) -> bool {
        !matches!(self, Self::Intake)
    }

    /// The role of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}
