//! Laying a number of working days over the calendar, around the stops.

use super::stops::{Stop, next, previous};
use crate::law::calendar::estimate::DueRange;
use crate::law::calendar::{Calendar, Gap};
use chrono::NaiveDate;

/// A stretch of calendar days that counted, or did not.
pub(super) struct Span {
    /// Place of the stop in the list; none for days that counted.
    pub stop: Option<usize>,
    pub from: NaiveDate,
    pub through: NaiveDate,
    /// Working days in it.
    pub days: u32,
}

/// Where the period ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Due(NaiveDate),
    /// Stopped by the stop at that place after `used` days.
    Suspended {
        stop: usize,
        used: u32,
    },
    Gap {
        counted: u32,
        missing: NaiveDate,
    },
}

pub(super) struct Walk {
    pub spans: Vec<Span>,
    pub end: End,
}

impl Walk {
    /// Working days that did not count.
    pub(super) fn excluded(&self) -> u32 {
        self.spans.iter().filter(|span| span.stop.is_some()).map(|span| span.days).sum()
    }

    /// Days counted up to and including a day; none when the calendar does not reach it.
    pub(super) fn used_through(&self, calendar: &Calendar, day: NaiveDate) -> Option<u32> {
        let mut used = 0;
        for span in self.spans.iter().filter(|span| span.stop.is_none() && span.from <= day) {
            used += match span.through <= day {
                true => span.days,
                false => calendar.count_working_days(previous(span.from), day).ok()?,
            };
        }
        Some(used)
    }
}

/// Counts `total` working days after `start`, leaving out the stops. A stop that begins after the last day has been counted is
/// never reached: it moves nothing.
pub(super) fn walk(calendar: &Calendar, start: NaiveDate, total: u32, stops: &[Stop<'_>]) -> Walk {
    let mut spans = Vec::with_capacity(stops.len() * 2 + 1);
    let end =
        lay(calendar, start, total, stops, &mut spans).unwrap_or_else(|_| gap(calendar, start, stops, &mut spans));
    Walk { spans, end }
}

fn lay(
    calendar: &Calendar,
    start: NaiveDate,
    total: u32,
    stops: &[Stop<'_>],
    spans: &mut Vec<Span>,
) -> Result<End, Gap> {
    let mut counted = 0;
    let mut cursor = start;
    for (place, stop) in stops.iter().enumerate() {
        let before = previous(stop.from);
        // Asked before the days are counted up to the stop: the stop may lie beyond the calendar though the due date does not.
        if calendar.add_working_days(cursor, total - counted).is_ok_and(|due| due <= before) {
            break;
        }
        // By an estimate as many may be counted as there are; the last one is not before the stop.
        let days = calendar.count_working_days(cursor, before)?.min((total - counted).saturating_sub(1));
        push_counted(spans, cursor, before, days);
        counted += days;
        let Some(through) = stop.through else { return Ok(End::Suspended { stop: place, used: counted }) };
        let days = calendar.count_working_days(before, through)?;
        spans.push(Span { stop: Some(place), from: stop.from, through, days });
        cursor = through;
    }
    let due = calendar.add_working_days(cursor, total - counted)?;
    push_counted(spans, cursor, due, total - counted);
    Ok(End::Due(due))
}

fn push_counted(spans: &mut Vec<Span>, after: NaiveDate, through: NaiveDate, days: u32) {
    if through > after {
        spans.push(Span { stop: None, from: next(after), through, days });
    }
}

/// The calendar ended: what was counted up to its last day, and the first day it lacks.
fn gap(calendar: &Calendar, start: NaiveDate, stops: &[Stop<'_>], spans: &mut Vec<Span>) -> End {
    let (first, last) = (calendar.first_day(), calendar.last_day());
    let counted = |spans: &[Span]| spans.iter().filter(|span| span.stop.is_none()).map(|span| span.days).sum();
    if start < first || start > last {
        return End::Gap { counted: counted(spans), missing: start };
    }
    let cursor = spans.last().map_or(start, |span| span.through);
    let days = calendar.count_working_days(cursor, last).unwrap_or(0);
    let stop = stops.iter().position(|stop| stop.from == next(cursor));
    match stop {
        Some(place) if last > cursor => {
            spans.push(Span { stop: Some(place), from: next(cursor), through: last, days });
        }
        Some(_) | None => push_counted(spans, cursor, last, days),
    }
    End::Gap { counted: counted(spans), missing: next(last) }
}

/// The earliest and the latest day the same walk can end on while a notice is not out; `None` where its end is certain, or where the
/// clock stands.
pub(super) fn range(
    calendar: &Calendar,
    known: End,
    start: NaiveDate,
    total: u32,
    stops: &[Stop<'_>],
) -> Option<DueRange> {
    let due = |end| match end {
        End::Due(due) => Some(due),
        End::Suspended { .. } | End::Gap { .. } => None,
    };
    calendar.range_of(due(known), |calendar| due(walk(calendar, start, total, stops).end))
}
