//! Spans of days that do not count: the union of the consultations (D8, C-4, C-6) and of corrections that pause (C-7).

use super::ClockOptions;
use super::history::{ClockPeriod, KnownConsultation};
use crate::law::regime::Regime;
use chrono::NaiveDate;

/// Days `from..=through` that do not count. Without `through` the stop is still open.
pub(super) struct Stop<'a> {
    pub from: NaiveDate,
    pub through: Option<NaiveDate>,
    /// The consultations in it; none when the applicant's correction alone was awaited.
    pub ids: Vec<&'a str>,
}

impl Stop<'_> {
    /// The rule and article it rests on.
    pub fn source(&self, regime: Regime) -> (&'static str, &'static str) {
        if self.ids.is_empty() { regime.correction_source("C-7", true) } else { ("D8", regime.stop_article()) }
    }
}

/// What ends a consultation without an answer.
#[derive(Clone, Copy)]
pub(super) enum Unanswered {
    /// As of that day: open, unless its last day has passed.
    AsOf(NaiveDate),
    /// Timeless: its last day where it has one.
    Timeless,
    /// What if the opinion came back that day.
    ReturnedOn(NaiveDate),
}

/// The stops of the running period, merged, oldest first.
pub(super) fn stops<'a>(period: &ClockPeriod<'a>, options: ClockOptions, unanswered: Unanswered) -> Vec<Stop<'a>> {
    let mut stops: Vec<Stop<'a>> = Vec::new();
    let stopping = period.consultations.iter().filter(|known| known.kind.stops(period.regime, options));
    for consultation in stopping {
        let through = end(consultation, period, options, unanswered);
        let from = next(consultation.sent.max(period.start));
        if through.is_none_or(|last| last >= from) {
            stops.push(Stop { from, through, ids: vec![consultation.id] });
        }
    }
    for (asked, received) in &period.pauses {
        let through = if options.count_return_day { previous(*received) } else { *received };
        let from = next((*asked).max(period.start));
        if through >= from {
            stops.push(Stop { from, through: Some(through), ids: Vec::new() });
        }
    }
    stops.sort_by_key(|stop| stop.from);
    merge(stops)
}

/// Overlapping stops are one: a day is taken out once.
fn merge(stops: Vec<Stop<'_>>) -> Vec<Stop<'_>> {
    let mut merged: Vec<Stop<'_>> = Vec::with_capacity(stops.len());
    for stop in stops {
        match merged.last_mut() {
            Some(last) if last.through.is_none_or(|through| stop.from <= through) => {
                last.through = last.through.zip(stop.through).map(|(a, b)| a.max(b));
                last.ids.extend(stop.ids);
            }
            Some(_) | None => merged.push(stop),
        }
    }
    merged
}

/// Last day that does not count; none while the consultation is open. The end of the case ends it too.
fn end(
    consultation: &KnownConsultation<'_>,
    period: &ClockPeriod<'_>,
    options: ClockOptions,
    unanswered: Unanswered,
) -> Option<NaiveDate> {
    let not_after = |day: NaiveDate, limit: Option<NaiveDate>| limit.map_or(day, |limit| day.min(limit));
    let returned = |day: NaiveDate| {
        let last = if options.count_return_day { previous(day) } else { day };
        not_after(last, consultation.silent_until)
    };
    let closed = period.closed.map(|closed| closed.on);
    match (consultation.returned, closed, unanswered, consultation.silent_until) {
        (Some(day), _, _, _) => Some(not_after(returned(day), closed)),
        (None, Some(closed), _, silent) => Some(not_after(closed, silent)),
        (None, None, Unanswered::ReturnedOn(day), _) => Some(returned(day)),
        (None, None, Unanswered::AsOf(day), Some(silent)) => (day > silent).then_some(silent),
        (None, None, Unanswered::AsOf(_), None) => None,
        (None, None, Unanswered::Timeless, silent) => silent,
    }
}

/// The last day of the stop when every open consultation has one.
pub(super) fn resumes_on(period: &ClockPeriod<'_>, options: ClockOptions, as_of: NaiveDate) -> Option<NaiveDate> {
    let mut last = None;
    for consultation in period.consultations.iter().filter(|known| known.kind.stops(period.regime, options)) {
        if end(consultation, period, options, Unanswered::AsOf(as_of)).is_none() {
            last = last.max(Some(consultation.silent_until?));
        }
    }
    last
}

pub(super) fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

pub(super) fn previous(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(day)
}
