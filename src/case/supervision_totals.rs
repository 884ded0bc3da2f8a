//! Adding up where cases stand: whatever is counted is counted once, and the parts make the whole.

use super::state::Case;
use crate::case::supervision_status::Standing;
use crate::case::vocabulary::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use utoipa::ToSchema;

words! {
    /// Which cases a period has.
    Counting {
        /// Those received in it.
        Receipt = "receipt", "按收到日期：期间内收到的申请，截至当日的状态";
        /// Those ended in it, and all still open on the day asked about.
        Closing = "closing", "按办结日期：期间内办结的申请，加上截至当日仍在办的全部申请";
    }
}

impl Counting {
    /// Whether the case, as it stood, belongs to the period. As long as the day of receipt is not fixed, the day it came
    /// in stands for it.
    #[must_use]
    pub fn has(self, case: &Case, period: &RangeInclusive<NaiveDate>) -> bool {
        match self {
            Self::Receipt => {
                period.contains(&case.receipt.map_or_else(|| case.intake.came_in_on(), |receipt| receipt.on))
            }
            Self::Closing => case.ended_on.is_none_or(|ended| period.contains(&ended)),
        }
    }
}

/// What one case adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the table.
    pub standing: Standing,
    /// Counted working days its reply took; `None` without one.
    pub used: Option<u32>,
    /// Whether its one extension was given, in whichever of its periods.
    pub is_extended: bool,
    /// Whether it was sent back to be corrected.
    pub is_corrected: bool,
}

/// Many cases. Adding and merging come to the same in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Standing, u32>,
    /// How many replies took so many working days: exact under merging, as averages and percentiles are not.
    used: BTreeMap<u32, u32>,
    extended: u32,
    corrected: u32,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, entry: Entry) {
        *self.counts.entry(entry.standing).or_default() += 1;
        if let Some(days) = entry.used {
            *self.used.entry(days).or_default() += 1;
        }
        self.extended += u32::from(entry.is_extended);
        self.corrected += u32::from(entry.is_corrected);
    }

    /// All of another.
    pub fn merge(&mut self, other: &Self) {
        for (standing, count) in &other.counts {
            *self.counts.entry(*standing).or_default() += count;
        }
        for (days, count) in &other.used {
            *self.used.entry(*days).or_default() += count;
        }
        self.extended += other.extended;
        self.corrected += other.corrected;
    }

    /// How many stand there.
    #[must_use]
    pub fn count(&self, standing: Standing) -> u32 {
        self.counts.get(&standing).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.counts.values().sum()
    }

    fn count_where(&self, is_meant: impl Fn(Standing) -> bool) -> u32 {
        self.counts.iter().filter(|(standing, _)| is_meant(**standing)).map(|(_, count)| count).sum()
    }

    fn replies(&self) -> u32 {
        self.used.values().sum()
    }

    /// The mean of the working days the replies took.
    #[must_use]
    pub fn average_used(&self) -> Option<Tenths> {
        let sum: u32 = self.used.iter().map(|(days, count)| days * count).sum();
        Tenths::ratio(sum, self.replies())
    }

    /// The working days within which `percent` of the replies were given, by nearest rank: the value at place
    /// ⌈percent × n ÷ 100⌉ of the n values in ascending order. Always a value that occurred.
    #[must_use]
    pub fn percentile_used(&self, percent: u32) -> Option<u32> {
        let rank = (self.replies() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.used.iter().find_map(|(days, count)| {
            seen += count;
            (seen >= rank).then_some(*days)
        })
    }

    /// The figures a reader gets.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let percent = |part: u32| Tenths::ratio(part * 100, self.total());
        Figures {
            total: self.total(),
            open: self.count_where(Standing::is_open),
            not_started: self.count(Standing::NotStarted),
            running: self.count(Standing::Running),
            due_soon: self.count(Standing::DueSoon),
            due_today: self.count(Standing::DueToday),
            overdue: self.count(Standing::Overdue) + self.count(Standing::LongOverdue),
            overdue_red: self.count(Standing::Overdue),
            overdue_black: self.count(Standing::LongOverdue),
            suspended: self.count(Standing::Suspended),
            awaiting_applicant: self.count(Standing::AwaitingApplicant),
            reply_revoked: self.count(Standing::Renewing) + self.count(Standing::RenewingLate),
            reply_revoked_late: self.count(Standing::RenewingLate),
            closed: self.count_where(|standing| !standing.is_open()),
            replied_on_time: self.count(Standing::OnTime),
            replied_late: self.count(Standing::Late),
            replied_unjudged: self.count(Standing::Unjudged),
            closed_otherwise: self.count(Standing::ClosedOtherwise),
            average_working_days: self.average_used(),
            percentile_90_working_days: self.percentile_used(90),
            extended: self.extended,
            extension_percent: percent(self.extended),
            corrected: self.corrected,
            correction_percent: percent(self.corrected),
        }
    }
}

/// A number with one decimal, exact to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenths(pub u32);

impl Tenths {
    /// `part / whole`, rounded half up to one decimal; `None` for a whole of nothing.
    #[must_use]
    pub const fn ratio(part: u32, whole: u32) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        Some(Self((part * 20 + whole) / (whole * 2)))
    }

    /// For formats that know only such numbers.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl Serialize for Tenths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

/// 件数与用时
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// 总件数＝在办＋办结
    pub total: u32,
    /// 在办＝待确认收到＋期限内＋即将到期＋今日到期＋逾期未办＋停止计算＋待申请人＋重新答复
    pub open: u32,
    /// 待确认收到，期限未起算
    pub not_started: u32,
    /// 期限内，尚未临近届满
    pub running: u32,
    /// 即将到期
    pub due_soon: u32,
    /// 今日到期
    pub due_today: u32,
    /// 逾期未办＝红＋黑
    pub overdue: u32,
    /// 逾期未办，红
    pub overdue_red: u32,
    /// 逾期未办，黑（严重逾期）
    pub overdue_black: u32,
    /// 征求意见，停止计算
    pub suspended: u32,
    /// 待补正、待缴费
    pub awaiting_applicant: u32,
    /// 原答复已撤销，重新答复中；答复期限已因首次答复终了
    pub reply_revoked: u32,
    /// 重新答复中的，原答复逾期的件数
    pub reply_revoked_late: u32,
    /// 办结＝按期答复＋逾期答复＋不能判断＋未经答复终结
    pub closed: u32,
    /// 按期答复
    pub replied_on_time: u32,
    /// 逾期答复
    pub replied_late: u32,
    /// 已答复，因年度日历未公布不能判断是否按期
    pub replied_unjudged: u32,
    /// 未经答复终结（视为放弃、撤回、并案、拆分、其他）
    pub closed_otherwise: u32,
    /// 已答复案件平均用时，计入期限的工作日
    #[schema(value_type = Option<f64>)]
    pub average_working_days: Option<Tenths>,
    /// 已答复案件用时的第90百分位（最近序位法：升序第⌈0.9n⌉个），计入期限的工作日
    pub percentile_90_working_days: Option<u32>,
    /// 延长过答复期限的件数
    pub extended: u32,
    /// 延期率，%
    #[schema(value_type = Option<f64>)]
    pub extension_percent: Option<Tenths>,
    /// 告知过补正的件数
    pub corrected: u32,
    /// 补正率，%
    #[schema(value_type = Option<f64>)]
    pub correction_percent: Option<Tenths>,
}

/// For each place of a tree the sum of its own and of all below it. A place is named by its path from the root, `/a/b/`.
#[must_use]
pub fn add_up_the_tree(own: &[(&str, Tally)]) -> Vec<Tally> {
    let below = |root: &str| {
        let mut sum = Tally::default();
        own.iter().filter(|(path, _)| path.starts_with(root)).for_each(|(_, tally)| sum.merge(tally));
        sum
    };
    own.iter().map(|(path, _)| below(path)).collect()
}
