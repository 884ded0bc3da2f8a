//! PURE. What a policy is made of, what is wrong with one, and how an organ changes it.

use crate::case::ObligationKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The longest lead, working days.
pub const LEAD_MAX: u16 = 60;
/// The longest repetition and the latest onset after the due day, working days; the latest black level, calendar days.
pub const LATE_MAX: u16 = 1000;
/// How many leads there may be.
const LEADS_MAX: usize = 12;

/// 提前或者逾期
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// 期限届满前
    Before,
    /// 逾期后
    After,
}

/// 从何时起提醒
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Onset {
    /// before：期限届满前；after：逾期后
    pub when: When,
    /// 工作日数；before 0 为期限当日，after 1 为逾期后第一个工作日
    pub days: u16,
}

impl Onset {
    /// What a reader is told: since when this part hears of a duty.
    #[must_use]
    pub fn label(self) -> String {
        match (self.when, self.days) {
            (When::Before, 0) => "期限当日".to_owned(),
            (When::Before, days) => format!("期限前{days}个工作日"),
            (When::After, 0 | 1) => "逾期后第一个工作日".to_owned(),
            (When::After, days) => format!("逾期后第{days}个工作日"),
        }
    }
}

/// 各环节人员从何时起得到提醒；未列出的不提醒
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "BTreeMap<Part, Option<Onset>>")]
pub struct Recipients {
    /// 承办人
    pub handler: Option<Onset>,
    /// 承办科室负责人
    pub section_head: Option<Onset>,
    /// 公开工作机构负责人
    pub office_head: Option<Onset>,
    /// 分管领导
    pub leader: Option<Onset>,
    /// 监督：本机关、报送机关及其上级
    pub supervisor: Option<Onset>,
}

/// A member of [`Recipients`]. They are read by name: a list of five onsets must not pass for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Handler,
    SectionHead,
    OfficeHead,
    Leader,
    Supervisor,
}

impl From<BTreeMap<Part, Option<Onset>>> for Recipients {
    fn from(parts: BTreeMap<Part, Option<Onset>>) -> Self {
        let of = |part| parts.get(&part).copied().flatten();
        Self {
            handler: of(Part::Handler),
            section_head: of(Part::SectionHead),
            office_head: of(Part::OfficeHead),
            leader: of(Part::Leader),
            supervisor: of(Part::Supervisor),
        }
    }
}

impl Recipients {
    fn onsets(&self) -> [Option<Onset>; 5] {
        [self.handler, self.section_head, self.office_head, self.leader, self.supervisor]
    }
}

/// How one kind of duty is spoken of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Working days before the due day; 0 is the day itself.
    pub lead_days: Vec<u16>,
    /// Every so many working days after the due day, from the first on; 0: not at all.
    pub repeat_every: u16,
    /// The last working day after the due day that is repeated on; 0: until it is done.
    pub repeat_until: u16,
    /// Calendar days after which it is at the black level; 0: never.
    pub black_days: u16,
    /// Who hears of it, and from when on.
    pub recipients: Recipients,
}

impl Default for Policy {
    /// On the day itself and each working day after it, to whoever does the work.
    fn default() -> Self {
        let handler = Some(Onset { when: When::Before, days: LEAD_MAX });
        let recipients = Recipients { handler, ..Recipients::default() };
        Self { lead_days: vec![0], repeat_every: 1, repeat_until: 0, black_days: 0, recipients }
    }
}

impl Policy {
    /// What is wrong with it for duties of `kind`: member and detail.
    #[must_use]
    pub fn faults(&self, kind: ObligationKind) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        if self.lead_days.len() > LEADS_MAX || self.lead_days.iter().any(|days| *days > LEAD_MAX) {
            faults.push(("lead_days", "提前天数为0至60个工作日，至多12个"));
        }
        // A correction notice can no longer be given after its day: of nothing else may the office fall silent.
        let may_end = kind == ObligationKind::CorrectionNotice;
        if self.repeat_every > LEAD_MAX || (self.repeat_every == 0 && !may_end) {
            faults.push(("repeat_every", "应为1至60个工作日；逾期后须继续提醒，只有告知补正可以为0（不再提醒）"));
        }
        if self.repeat_until > LATE_MAX {
            faults.push(("repeat_until", "应为0至1000个工作日，0为直至办结"));
        }
        if self.black_days > LATE_MAX {
            faults.push(("black_days", "应为0至1000日，0为不设黑色预警"));
        }
        let onsets = self.recipients.onsets();
        let is_too_far = |onset: &Onset| match onset.when {
            When::Before => onset.days > LEAD_MAX,
            When::After => onset.days > LATE_MAX,
        };
        if onsets.iter().flatten().any(is_too_far) {
            faults.push(("recipients", "届满前为0至60个工作日，逾期后为0至1000个工作日"));
        }
        if !self.lead_days.contains(&0) {
            faults.push(("lead_days", "须含0（当日提醒），不得使期限无声经过"));
        }
        if !onsets.iter().flatten().any(|onset| onset.when == When::Before) {
            faults.push(("recipients", "至少须有一方在期限届满前或者当日得到提醒，不得使期限无声经过"));
        }
        faults
    }
}

/// 一类期限的提醒办法；不填的项取默认值
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// 期限种类
    pub kind: ObligationKind,
    /// 期限届满前若干个工作日提醒，0 为当日
    #[serde(default)]
    pub lead_days: Option<Vec<u16>>,
    /// 逾期后每若干个工作日重复一次；只有告知补正可以为 0（不重复）
    #[serde(default)]
    pub repeat_every: Option<u16>,
    /// 重复到逾期后第若干个工作日为止，0 为直至办结
    #[serde(default)]
    pub repeat_until: Option<u16>,
    /// 逾期若干日起为黑色预警，0 为不设
    #[serde(default)]
    pub black_days: Option<u16>,
    /// 提醒谁，从何时起；填写时整体替换
    #[serde(default)]
    pub recipients: Option<Recipients>,
}

/// The house's policies: one for each kind.
pub type Policies = BTreeMap<ObligationKind, Policy>;

impl PolicyChange {
    /// Changes `policy` where this says something else.
    pub fn apply(&self, policy: &mut Policy) {
        if let Some(lead_days) = &self.lead_days {
            policy.lead_days.clone_from(lead_days);
        }
        policy.repeat_every = self.repeat_every.unwrap_or(policy.repeat_every);
        policy.repeat_until = self.repeat_until.unwrap_or(policy.repeat_until);
        policy.black_days = self.black_days.unwrap_or(policy.black_days);
        policy.recipients = self.recipients.unwrap_or(policy.recipients);
    }
}
