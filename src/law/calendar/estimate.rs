//! Last days beyond the published notices: the earliest and the latest they can be.
//!
//! A period that ends where next year's notice may still change days has no certain last day. Warnings, lists and reminders go by
//! the earliest, because a reply by then is in time whatever the notice says; it is never called a due date.

use super::envelope::{Envelope, Precedents};
use super::holiday::{holidays_of, is_statutory, is_usual_working_day};
use crate::law::calendar::{Calendar, CalendarYear, Gap, embedded_years, is_weekend};
use crate::law::dates::chinese_date;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Days looked at one by one, at most: whatever lies beyond is as good as never.
const LONGEST_LOOK: usize = 50 * 366;

/// Years estimated after the last one known: more than any period of the law can reach into.
const ESTIMATED_YEARS: i32 = 3;

/// The month in which days may still come under the notice of the year after.
const LAST_MONTH: u32 = 12;

/// The earliest and the latest day a period may end on, while a notice is not out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DueRange {
    /// 最早.
    pub earliest: NaiveDate,
    /// 最晚.
    pub latest: NaiveDate,
}

impl DueRange {
    /// The one line that case, lists and mails say, `awaited` being the year whose notice is not out.
    #[must_use]
    pub fn said(self, awaited: i32) -> String {
        format!("{}；按最早提醒", self.between(awaited))
    }

    /// As [`Self::said`], of a period that the office is not reminded of: that of an applicant.
    #[must_use]
    pub fn between(self, awaited: i32) -> String {
        let Self { earliest, latest } = self;
        if earliest == latest {
            return format!("{awaited}年放假安排未公布，届满日估算为{}", chinese_date(earliest));
        }
        let latest = match latest.year() == earliest.year() {
            true => format!("{}月{}日", latest.month(), latest.day()),
            false => chinese_date(latest),
        };
        format!("{awaited}年放假安排未公布，届满日估算：最早{}、最晚{latest}", chinese_date(earliest))
    }
}

/// The last day of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastDay {
    /// By the notices.
    Certain(NaiveDate),
    /// While a notice is not out.
    Estimated(DueRange),
}

impl LastDay {
    /// The day to be warned and reminded by: the last day, or the earliest it can be.
    #[must_use]
    pub const fn warns_on(self) -> NaiveDate {
        match self {
            Self::Certain(day) => day,
            Self::Estimated(range) => range.earliest,
        }
    }

    /// The latest it can be, while it is not certain.
    #[must_use]
    pub const fn latest(self) -> Option<NaiveDate> {
        match self {
            Self::Certain(_) => None,
            Self::Estimated(range) => Some(range.latest),
        }
    }
}

/// Which way an estimate errs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// As many working days as there can be.
    Earliest,
    /// As few.
    Latest,
}

/// What a calendar of estimated days counts by, besides Monday to Friday.
#[derive(Debug, Clone)]
pub(in crate::law) struct Estimate {
    bound: Bound,
    around: Arc<Around>,
}

/// The holidays to come.
struct Around {
    /// The first day that is not settled by a notice.
    from: NaiveDate,
    envelopes: Vec<Envelope>,
}

impl std::fmt::Debug for Around {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Around").field("from", &self.from).finish_non_exhaustive()
    }
}

/// A calendar continued by estimate, once for each bound.
#[derive(Debug, Clone)]
pub(in crate::law) struct Estimates {
    /// The first day that is not settled by a notice.
    from: NaiveDate,
    earliest: Calendar,
    latest: Calendar,
}

impl Estimates {
    /// `calendar` continued by what the notices of `years` did.
    pub(in crate::law) fn new(calendar: &Calendar, years: &[CalendarYear]) -> Self {
        let precedents = Precedents::of(years);
        let first = calendar.years().last().map_or(i32::MAX, |last| last.year.saturating_add(1));
        let from = precedents.first_unsettled(first).unwrap_or(NaiveDate::MAX);
        let coming = (0..ESTIMATED_YEARS).filter_map(|n| first.checked_add(n));
        let holidays = coming.flat_map(holidays_of);
        let envelopes = holidays.map(|holiday| Envelope::new(holiday, &precedents, from)).collect();
        let around = Arc::new(Around { from, envelopes });
        let continued = |bound| calendar.continued(ESTIMATED_YEARS, Estimate { bound, around: Arc::clone(&around) });
        Self { from, earliest: continued(Bound::Earliest), latest: continued(Bound::Latest) }
    }

    /// The last day of a period that ends on `known` by the notices, or beyond them.
    fn last_day(&self, known: Option<NaiveDate>, period: impl Fn(&Calendar) -> Option<NaiveDate>) -> Option<LastDay> {
        if let Some(day) = known.filter(|day| *day < self.from) {
            return Some(LastDay::Certain(day));
        }
        let (earliest, latest) = (period(&self.earliest)?, period(&self.latest)?);
        // That the notice changes nothing is always possible.
        let earliest = known.map_or(earliest, |known| known.min(earliest));
        let latest = known.map_or(latest, |known| known.max(latest)).max(earliest);
        Some(LastDay::Estimated(DueRange { earliest, latest }))
    }
}

impl Estimate {
    /// The day `n` counted days after `from`; `usual` counts working days in a stretch by the notices and Monday to Friday.
    pub(in crate::law) fn add(
        &self,
        from: NaiveDate,
        n: u32,
        end: NaiveDate,
        usual: impl Fn(NaiveDate, NaiveDate) -> Result<u32, Gap>,
    ) -> Result<NaiveDate, Gap> {
        let beyond = Gap { missing: end };
        let enough = |day: &NaiveDate| usual(from, *day).is_ok_and(|days| self.with_gain(days, from, *day) >= n);
        let mut days = from.iter_days().skip(1).take_while(|day| *day < end);
        let day = days.by_ref().find(enough).ok_or(beyond)?;
        let possible = |day: &NaiveDate| usual(previous(*day), *day).is_ok_and(|usual| self.may_work(*day, usual > 0));
        match self.bound {
            Bound::Earliest => std::iter::once(day).chain(days).find(possible).ok_or(beyond),
            Bound::Latest => Ok(std::iter::successors(Some(day), NaiveDate::pred_opt)
                .take_while(|day| *day > from)
                .find(possible)
                .unwrap_or(day)),
        }
    }

    /// Working days in `(after, through]` of which `usual` are so by the notices and Monday to Friday.
    pub(in crate::law) fn with_gain(&self, usual: u32, after: NaiveDate, through: NaiveDate) -> u32 {
        let gain = |envelope: &Envelope| {
            let (most, fewest) = envelope.gain(after, through);
            i32::from(match self.bound {
                Bound::Earliest => most,
                Bound::Latest => fewest,
            })
        };
        usual.saturating_add_signed(self.around.envelopes.iter().map(gain).sum())
    }

    /// Whether a last day may stay where it is instead of moving to the next working day.
    pub(in crate::law) fn is_working_day(&self, day: NaiveDate, usual: bool) -> bool {
        match self.bound {
            Bound::Earliest => self.may_work(day, usual),
            Bound::Latest => usual && self.with_gain(1, previous(day), day) > 0,
        }
    }

    /// Whether the notice may make it, or leave it, a working day.
    fn may_work(&self, day: NaiveDate, usual: bool) -> bool {
        if day < self.around.from {
            return usual;
        }
        let may_be_worked = |envelope: &Envelope| envelope.gain(previous(day), day).0 > 0;
        !is_statutory(day) && (!is_weekend(day) || self.around.envelopes.iter().any(may_be_worked))
    }
}

fn previous(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(day)
}

impl Calendar {
    /// The last day of a period of the law: certain, or the earliest and the latest it can be where it needs a notice that is
    /// not out. `None` where it gives nothing by either.
    pub fn last_day_of(&self, period: impl Fn(&Self) -> Option<NaiveDate>) -> Option<LastDay> {
        match period(self) {
            Some(day) if self.is_settled(day) => Some(LastDay::Certain(day)),
            known => self.estimates().last_day(known, period),
        }
    }

    /// The earliest and the latest end of what ends on `known` by this calendar, or beyond it; `None` where it is certain.
    pub(in crate::law) fn range_of(
        &self,
        known: Option<NaiveDate>,
        period: impl Fn(&Self) -> Option<NaiveDate>,
    ) -> Option<DueRange> {
        if known.is_some_and(|day| self.is_settled(day)) {
            return None;
        }
        match self.estimates().last_day(known, period)? {
            LastDay::Certain(_) => None,
            LastDay::Estimated(range) => Some(range),
        }
    }

    /// Whether no notice to come can move what ends on that day. The notice of a year may still change the last days of the year
    /// before (2011-12-31 and 2018-12-29 to 31 came so).
    #[must_use]
    pub fn is_settled(&self, day: NaiveDate) -> bool {
        let last = self.last_day();
        day <= last && (day.year() < last.year() || day.month() < LAST_MONTH || day < self.estimates().from)
    }

    /// The first year whose notice is not out.
    #[must_use]
    pub fn awaited_year(&self) -> i32 {
        self.years().last().map_or(self.last_day().year(), |last| last.year).saturating_add(1)
    }

    fn estimates(&self) -> &Estimates {
        self.estimates.get_or_init(|| {
            // The notices of all years are precedents, those of this calendar before what was embedded.
            let own = |year: i32| self.years().iter().any(|known| known.year == year);
            let embedded = embedded_years().iter().filter(|year| !own(year.year));
            let years: Vec<_> = self.years().iter().chain(embedded).cloned().collect();
            Box::new(Estimates::new(self, &years))
        })
    }

    /// Whether a day is a working day, by the notice or as far as is known without one: Monday to Friday, except statutory
    /// holidays.
    #[must_use]
    pub fn is_estimated_working_day(&self, day: NaiveDate) -> bool {
        self.is_working_day(day).unwrap_or_else(|_| is_usual_working_day(day))
    }

    /// The `n`-th working day after `from`.
    #[must_use]
    pub fn add_estimated(&self, from: NaiveDate, n: u32) -> NaiveDate {
        self.add_working_days(from, n).unwrap_or_else(|_| self.walk_estimated(from, n, NaiveDate::succ_opt))
    }

    /// The `n`-th working day before `from`.
    #[must_use]
    pub fn subtract_estimated(&self, from: NaiveDate, n: u32) -> NaiveDate {
        self.subtract_working_days(from, n).unwrap_or_else(|_| self.walk_estimated(from, n, NaiveDate::pred_opt))
    }

    /// Working days in `(after, through]`; no more than those of the first fifty years.
    #[must_use]
    pub fn count_estimated(&self, after: NaiveDate, through: NaiveDate) -> u32 {
        self.count_working_days(after, through).unwrap_or_else(|_| {
            let days = after.iter_days().skip(1).take(LONGEST_LOOK).take_while(|day| *day <= through);
            days.filter(|day| self.is_estimated_working_day(*day)).fold(0, |n, _| n + 1)
        })
    }

    fn walk_estimated(&self, from: NaiveDate, n: u32, step: impl Fn(&NaiveDate) -> Option<NaiveDate>) -> NaiveDate {
        let (mut day, mut left) = (from, n);
        while left > 0 {
            let Some(next) = step(&day) else { return day };
            day = next;
            if self.is_estimated_working_day(day) {
                left -= 1;
            }
        }
        day
    }
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
