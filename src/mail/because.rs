//! PURE. Why a person gets a reminder, and how the mail explains it.

use crate::case::reminder_policy::{Audience, Onset};
use crate::law::chinese_date;
use chrono::NaiveDate;

/// Why a person gets a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Has this role in the case, for which reminders begin at the onset. As handler: the one named in the case.
    Is(Audience, Option<Onset>),
    /// A handler of the responsible department. The case names no handler who can be reached.
    OfDepartment(String),
    /// A clerk of the disclosure office, which is responsible.
    OfOffice,
    /// A clerk of the disclosure office, in place of the responsible department: it has no member with a usable
    /// address.
    ForDepartment(String),
    /// Holds the role that reviews, approves or confirms it.
    Decides,
    /// The last resort: no person who may review, approve or confirm it can be reached by mail.
    NobodyDecides,
    /// The deputy of a person who reviews, approves or confirms it, and is away until that day.
    DecidesFor(String, NaiveDate),
    /// The deputy of a person with this role, who is away until that day.
    StandsIn(Audience, String, NaiveDate),
    /// The head of the disclosure office: the handler is away until that day.
    HandlerAway(String, NaiveDate),
    /// Has this role and is away, but the deputy may not read the cases of this organ.
    DeputyElsewhere(Audience),
    /// The head of the disclosure office: the handler named in the case is locked, or has lost every role in the organ.
    HandlerLeft(String),
    /// The last resort: no person nearer to the work can be reached by mail.
    NobodyElse,
}

impl Because {
    /// Whether the work is the recipient's own. Every other recipient is asked to urge it on.
    #[must_use]
    pub const fn is_own_work(&self) -> bool {
        match self {
            Self::Is(audience, _) | Self::StandsIn(audience, ..) | Self::DeputyElsewhere(audience) => {
                matches!(audience, Audience::Handler)
            }
            Self::OfDepartment(_) | Self::OfOffice | Self::Decides | Self::DecidesFor(..) | Self::NobodyElse => true,
            Self::ForDepartment(_) | Self::HandlerAway(..) | Self::HandlerLeft(_) | Self::NobodyDecides => false,
        }
    }

    /// The explanation in the mail.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Is(Audience::Handler, _) => "您是这一事项的承办人员。".to_owned(),
            Self::OfDepartment(name) => format!("您是承办科室（{name}）的承办人员。"),
            Self::Decides => "这一事项由您审核、签批或者确认。".to_owned(),
            Self::NobodyDecides => {
                "系统中没有能够审核、签批或者确认这一事项而又能收到邮件的人员（拟办、提请的人自己不能），\
                                    因此改发给您；请指定人员。"
                    .to_owned()
            }
            Self::DecidesFor(of, until) => {
                format!("这一事项由{of}审核、签批或者确认；其离岗（至{}），您是其指定的代理人。", chinese_date(*until))
            }
            Self::OfOffice => "您是本机关公开工作机构的经办人员。".to_owned(),
            Self::ForDepartment(name) => format!(
                "您是本机关公开工作机构的经办人员；这一事项由{name}承办，系统中该科室没有能够收到邮件的承办人员，因此发给您。"
            ),
            Self::Is(audience, onset) => {
                let from = onset.map(|onset| format!("；此类事项自{}起，直至办结，同时提醒您", onset.label()));
                format!("您是{}{}。", part(*audience), from.unwrap_or_default())
            }
            Self::StandsIn(Audience::Handler, of, until) => {
                format!("承办人员{of}离岗（至{}），您是其指定的代理人。", chinese_date(*until))
            }
            Self::StandsIn(audience, of, until) => {
                format!("{}{of}离岗（至{}），您是其指定的代理人。", part(*audience), chinese_date(*until))
            }
            Self::HandlerAway(of, until) => {
                format!("承办人员{of}离岗（至{}），其提醒同时发给公开工作机构负责人。", chinese_date(*until))
            }
            Self::DeputyElsewhere(audience) => format!("您是{}。{DEPUTY_ELSEWHERE}", part(*audience)),
            Self::HandlerLeft(of) => {
                format!(
                    "案件所列承办人员{of}在本机关已没有角色，或者账号已停用，请另行指定承办人员；在此之前，提醒发给您。"
                )
            }
            Self::NobodyElse => {
                "系统中没有能够收到邮件的承办人员，因此改发给您；请指定承办人员并登记其邮箱。".to_owned()
            }
        }
    }
}

/// The explanation for a person whose deputy has no role in this organ.
pub(super) const DEPUTY_ELSEWHERE: &str =
    "您已登记离岗，但指定的代理人在本机关没有角色，不能代收本机关的提醒，因此仍发给您。";

const fn part(audience: Audience) -> &'static str {
    match audience {
        Audience::Handler => "承办人员",
        Audience::SectionHead => "承办科室负责人",
        Audience::OfficeHead => "本机关公开工作机构负责人",
        Audience::Leader => "本机关分管领导",
        Audience::Supervisor => "负责监督该机关政府信息公开工作的人员",
    }
}
