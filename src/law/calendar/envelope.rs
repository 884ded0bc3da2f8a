//! What a notice may still do to the working days around a holiday, judged by what the notices of other years did.
//!
//! For each holiday of the past: which weekdays were off and which weekend days were worked, by their distance from its first
//! statutory day. Such a pattern is laid on the holiday to come, as it lies and moved to the same days of the week. Over all patterns:
//! the most and the fewest working days that any stretch of days may gain.

use super::holiday::{Holiday, HolidayKind, holidays_of, nearest};
use crate::law::calendar::{CalendarYear, is_weekend};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::BTreeMap;

/// Days before and after the first statutory day that a pattern may reach: 12 at most in 2008-2026, and room to be moved.
const REACH: usize = 16;
const SPAN: usize = 2 * REACH + 1;
/// A long holiday resembles one that begins at most so many days of the week earlier or later.
const LONG_HOLIDAY_WEEKDAYS: i64 = 2;
/// 劳动节 is short in some years and long in others: its own patterns are moved by up to so many days either way.
const LABOUR_DAY_SHIFT: i64 = 2;
/// What a notice did to the end of December may come again up to so many days earlier or later.
const DECEMBER_SHIFT: i64 = 2;
/// How much earlier in December than ever before a notice may begin.
const YEAR_END_MARGIN_DAYS: u64 = 3;

/// Changes against plain Monday to Friday, a working day gained or lost; the first statutory day has the place `REACH`.
type Pattern = [i8; SPAN];

/// One holiday of one past year.
struct Precedent {
    holiday: Holiday,
    pattern: Pattern,
}

/// What the notices of some years did.
pub(in crate::law) struct Precedents {
    list: Vec<Precedent>,
    /// The most days before 1 January on which a notice changed a day of the December before.
    year_end_days: u64,
}

impl Precedents {
    pub fn of(years: &[CalendarYear]) -> Self {
        let known = |year: i32| years.iter().any(|other| other.year == year);
        // What a notice did to the December before it is in the file of the year before.
        let whole = |holiday: &Holiday| {
            holiday.kind != HolidayKind::NewYear || holiday.first.pred_opt().is_some_and(|day| known(day.year()))
        };
        let mut patterns: BTreeMap<_, _> = years
            .iter()
            .flat_map(|year| holidays_of(year.year))
            .filter(|holiday| whole(holiday))
            .map(|holiday| ((holiday.first, holiday.kind), Precedent { holiday: *holiday, pattern: [0; SPAN] }))
            .collect();
        let mut year_end_days = 0;
        for (day, change) in years.iter().flat_map(changes) {
            let Some(holiday) = nearest(day) else { continue };
            let Some(precedent) = patterns.get_mut(&(holiday.first, holiday.kind)) else { continue };
            let offset = holiday.offset(day);
            if let Some(at) = place(offset).and_then(|place| precedent.pattern.get_mut(place)) {
                *at = change;
            }
            if holiday.kind == HolidayKind::NewYear {
                year_end_days = year_end_days.max(u64::try_from(-offset).unwrap_or(0));
            }
        }
        Self { list: patterns.into_values().collect(), year_end_days }
    }

    /// The first day that the notice of `year`, which is not out, may still change.
    pub fn first_unsettled(&self, year: i32) -> Option<NaiveDate> {
        let days = self.year_end_days.saturating_add(YEAR_END_MARGIN_DAYS);
        NaiveDate::from_yo_opt(year, 1)?.checked_sub_days(Days::new(days))
    }

    /// The patterns that may come again at `holiday`.
    fn patterns_for(&self, holiday: &Holiday) -> Vec<Pattern> {
        let mut found = Vec::new();
        for precedent in &self.list {
            for shift in shifts(&precedent.holiday, holiday) {
                let moved = moved(&precedent.pattern, shift);
                found.push(moved);
                found.extend(with_days_of(moved, &precedent.holiday, holiday));
            }
            if (precedent.holiday.kind, holiday.kind) == (HolidayKind::NewYear, HolidayKind::NewYear) {
                found.extend((-DECEMBER_SHIFT..=DECEMBER_SHIFT).map(|shift| december_moved(&precedent.pattern, shift)));
            }
        }
        found
    }
}

/// Weekdays off and weekend days worked.
fn changes(year: &CalendarYear) -> impl Iterator<Item = (NaiveDate, i8)> + '_ {
    let off = year.off.iter().map(|day| day.date).filter(|day| !is_weekend(*day)).map(|day| (day, -1));
    off.chain(year.work.iter().map(|day| (*day, 1)))
}

/// The place of a day at `offset` from the first statutory day.
fn place(offset: i64) -> Option<usize> {
    let reach = i64::try_from(REACH).ok()?;
    usize::try_from(offset + reach).ok().filter(|place| *place < SPAN)
}

/// By how many days a precedent is moved to tell of `holiday`: not at all, and to the same day of the week. None when it is no
/// precedent for it: a long holiday is for none but its like, and a short one depends on its day of the week.
fn shifts(precedent: &Holiday, holiday: &Holiday) -> Vec<i64> {
    let to_weekday = days_of_week_between(holiday.first.weekday(), precedent.first.weekday());
    let resembles = match (is_short(holiday.kind), is_short(precedent.kind)) {
        (true, true) => is_like(holiday.first.weekday(), precedent.first.weekday()),
        (false, false) => precedent.kind == holiday.kind && to_weekday.abs() <= LONG_HOLIDAY_WEEKDAYS,
        (true, false) | (false, true) => false,
    };
    let mut shifts = if resembles { vec![0, to_weekday] } else { Vec::new() };
    if (precedent.kind, holiday.kind) == (HolidayKind::LabourDay, HolidayKind::LabourDay) {
        shifts.extend(-LABOUR_DAY_SHIFT..=LABOUR_DAY_SHIFT);
    }
    shifts.sort_unstable();
    shifts.dedup();
    shifts
}

const fn is_short(kind: HolidayKind) -> bool {
    match kind {
        HolidayKind::SpringFestival | HolidayKind::NationalDay => false,
        HolidayKind::NewYear
        | HolidayKind::Qingming
        | HolidayKind::LabourDay
        | HolidayKind::DragonBoat
        | HolidayKind::MidAutumn => true,
    }
}

/// Whether a holiday of one day on `other` tells what becomes of one on `day`. On Monday and Friday it makes a long weekend by
/// itself; on Saturday and Sunday a day is owed; in the middle of the week days are exchanged.
fn is_like(day: Weekday, other: Weekday) -> bool {
    match day {
        Weekday::Mon => other == Weekday::Mon,
        Weekday::Tue | Weekday::Wed | Weekday::Thu => matches!(other, Weekday::Tue | Weekday::Wed | Weekday::Thu),
        Weekday::Fri => other == Weekday::Fri,
        Weekday::Sat => matches!(other, Weekday::Fri | Weekday::Sat | Weekday::Sun),
        Weekday::Sun => matches!(other, Weekday::Sat | Weekday::Sun),
    }
}

/// From `from` to `to` within a week, the shorter way: -3 to 3.
fn days_of_week_between(from: Weekday, to: Weekday) -> i64 {
    let ahead = (i64::from(to.num_days_from_monday()) - i64::from(from.num_days_from_monday())).rem_euclid(7);
    if ahead > 3 { ahead - 7 } else { ahead }
}

fn moved(pattern: &Pattern, shift: i64) -> Pattern {
    let mut moved = [0; SPAN];
    for (from, change) in pattern.iter().enumerate() {
        let to = i64::try_from(from).ok().map(|from| from + shift).and_then(|to| usize::try_from(to).ok());
        if let Some(at) = to.and_then(|to| moved.get_mut(to)) {
            *at = *change;
        }
    }
    moved
}

/// The pattern of a New Year with its days in December moved and those in January as they lie.
fn december_moved(pattern: &Pattern, shift: i64) -> Pattern {
    let mut moved = moved(pattern, shift);
    for (at, change) in moved.iter_mut().zip(pattern).skip(REACH) {
        *at = *change;
    }
    moved
}

/// The pattern with the number of days that the holiday has by its own year's rule, where the precedent had another.
fn with_days_of(mut pattern: Pattern, precedent: &Holiday, holiday: &Holiday) -> Option<Pattern> {
    let more = i8::try_from(i16::from(holiday.days) - i16::from(precedent.days)).ok().filter(|more| *more != 0)?;
    let last = i64::from(holiday.days.saturating_sub(1));
    *pattern.get_mut(place(last)?)? -= more;
    Some(pattern)
}

/// What may become of the working days around one holiday to come.
pub(in crate::law) struct Envelope {
    holiday: Holiday,
    /// The first day that may still change.
    from: NaiveDate,
    /// The most and the fewest working days gained in `(after, through]`, by the places of the two.
    gains: Vec<(i8, i8)>,
}

impl Envelope {
    /// What `precedents` say of `holiday`, days before `from` being settled.
    pub fn new(holiday: &Holiday, precedents: &Precedents, from: NaiveDate) -> Self {
        let mut gains: Option<Vec<(i8, i8)>> = None;
        for pattern in precedents.patterns_for(holiday) {
            let sums = sums(&pattern);
            let differences = sums.iter().flat_map(|after| sums.iter().map(move |through| through - after));
            match &mut gains {
                None => gains = Some(differences.map(|gain| (gain, gain)).collect()),
                Some(gains) => {
                    for ((most, fewest), gain) in gains.iter_mut().zip(differences) {
                        (*most, *fewest) = ((*most).max(gain), (*fewest).min(gain));
                    }
                }
            }
        }
        Self { holiday: *holiday, from, gains: gains.unwrap_or_default() }
    }

    /// The most and the fewest working days that `(after, through]` may gain.
    pub fn gain(&self, after: NaiveDate, through: NaiveDate) -> (i8, i8) {
        let (after, through) = (self.place_of(after), self.place_of(through));
        if after >= through {
            return (0, 0);
        }
        self.gains.get(after * SPAN + through).copied().unwrap_or((0, 0))
    }

    /// The place of a day; of the first or last one when it lies beyond.
    fn place_of(&self, day: NaiveDate) -> usize {
        let settled = self.from.pred_opt().unwrap_or(self.from);
        let offset = self.holiday.offset(day.max(settled));
        place(offset).unwrap_or(if offset < 0 { 0 } else { SPAN - 1 })
    }
}

/// Sums from the first place up to each.
fn sums(pattern: &Pattern) -> Pattern {
    let mut sum = 0;
    pattern.map(|change| {
        sum += change;
        sum
    })
}
