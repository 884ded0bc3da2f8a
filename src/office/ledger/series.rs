//! The organ's number series during an import: the end of each series, numbers too far beyond it, and gaps.

use super::SeriesJump;
use crate::case::NotAllowed;
use crate::case::historical::{Past, at};
use crate::case::numbering::place_of;
use crate::report::ledger::half_width;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far beyond a series a number may be, in addition to the rows of its ledger. A series grows by hundreds a year; a
/// mistyped date or telephone number is further off.
const MOST_AHEAD: i64 = 10_000;

/// A kind of number with a pattern of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SeriesKind {
    /// 受理编号.
    Registration,
    /// 答复文号.
    Reply,
}

impl SeriesKind {
    const ALL: [Self; 2] = [Self::Registration, Self::Reply];

    /// Its code in `counters`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Reply => "reply",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Registration => "受理编号",
            Self::Reply => "答复文号",
        }
    }

    const fn pointer(self) -> &'static str {
        match self {
            Self::Registration => at::NUMBER,
            Self::Reply => at::DOCUMENT_NUMBER,
        }
    }

    /// The number of this kind in a row.
    fn of(self, past: &Past) -> Option<&str> {
        match self {
            Self::Registration => past.number.as_deref(),
            Self::Reply => past.document_number.as_deref(),
        }
    }
}

/// One series: kind and year.
pub(super) type SeriesKey = (SeriesKind, i32);

/// A place in a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeriesPlace {
    /// The series.
    pub(super) key: SeriesKey,
    /// The number in it. [`i64::MAX`] if it has more digits than fit.
    pub(super) seq: i64,
}

/// The position of a row: its sheet (if the workbook has several) and its line.
pub(super) type SeriesLine = (Option<Arc<str>>, u32);

/// The series of an organ during an import.
#[derive(Debug)]
pub(super) struct Series {
    patterns: [(SeriesKind, String); 2],
    /// The number of rows in the ledger.
    rows: i64,
    /// The last number of each series before the ledger.
    before: BTreeMap<SeriesKey, i64>,
    /// The imported numbers, each with its line.
    given: BTreeMap<SeriesKey, BTreeMap<i64, SeriesLine>>,
}

impl Series {
    pub(super) fn new(number_pattern: &str, document_pattern: &str) -> Self {
        Self {
            patterns: [
                (SeriesKind::Registration, number_pattern.to_owned()),
                (SeriesKind::Reply, document_pattern.to_owned()),
            ],
            rows: 0,
            before: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }

    pub(super) fn set_rows(&mut self, rows: u64) {
        self.rows = i64::try_from(rows).unwrap_or(i64::MAX);
    }

    /// The place of a number, if it follows the organ's pattern for this kind.
    pub(super) fn place(&self, kind: SeriesKind, number: &str) -> Option<SeriesPlace> {
        let (_, pattern) = self.patterns.iter().find(|(of, _)| *of == kind)?;
        let (year, seq) = own_place(pattern, number)?;
        Some(SeriesPlace { key: (kind, year), seq })
    }

    /// The places of a row's numbers.
    pub(super) fn places(&self, past: &Past) -> Vec<SeriesPlace> {
        SeriesKind::ALL.into_iter().filter_map(|kind| self.place(kind, kind.of(past)?)).collect()
    }

    /// The last number of a series before the ledger, if already loaded.
    pub(super) fn before(&self, key: SeriesKey) -> Option<i64> {
        self.before.get(&key).copied()
    }

    pub(super) fn set_before(&mut self, key: SeriesKey, last: i64) {
        self.before.insert(key, last);
    }

    /// The highest number accepted.
    fn limit(&self, key: SeriesKey) -> i64 {
        self.before(key).unwrap_or(0).saturating_add(self.rows).saturating_add(MOST_AHEAD)
    }

    pub(super) fn is_within(&self, place: SeriesPlace) -> bool {
        place.seq <= self.limit(place.key)
    }

    /// The refusal for a number too far beyond its series.
    pub(super) fn too_far(&self, place: SeriesPlace) -> NotAllowed {
        let (kind, year) = place.key;
        let (last, limit) = (self.before(place.key).unwrap_or(0), self.limit(place.key));
        let pattern = self.patterns.iter().find(|(of, _)| *of == kind).map_or("", |(_, pattern)| pattern);
        let detail = format!(
            "{year}年的{}到第{last}号为止，一次导入至多到第{limit}号，本行远在其后，请核对；编号无误、但不是按“{pattern}”连续编的，\
             请先改正机关设置中的编号格式",
            kind.label()
        );
        NotAllowed::new("number_out_of_series", detail).at(kind.pointer())
    }

    /// Adds the row's numbers to the imported ones.
    pub(super) fn give(&mut self, places: &[SeriesPlace], line: &SeriesLine) {
        for place in places {
            self.given.entry(place.key).or_default().entry(place.seq).or_insert_with(|| line.clone());
        }
    }

    /// The highest imported number of each series.
    pub(super) fn reached(&self) -> impl Iterator<Item = (SeriesKey, i64)> {
        self.given.iter().filter_map(|(key, given)| Some((*key, *given.last_key_value()?.0)))
    }

    /// The gaps between the end of each series and its highest imported number.
    pub(super) fn jumps(&self) -> Vec<SeriesJump> {
        self.given.iter().filter_map(|(key, given)| self.jump(*key, given)).collect()
    }

    fn jump(&self, key: SeriesKey, given: &BTreeMap<i64, SeriesLine>) -> Option<SeriesJump> {
        let (kind, year) = key;
        let mut last = self.before(key).unwrap_or(0);
        let mut jump: Option<SeriesJump> = None;
        for (number, (sheet, line)) in given {
            let missing = number.saturating_sub(last).saturating_sub(1);
            if missing > 0 {
                let told = jump.get_or_insert_with(|| SeriesJump {
                    series: kind.code().to_owned(),
                    label: kind.label().to_owned(),
                    year,
                    after: last,
                    number: *number,
                    sheet: sheet.as_deref().map(str::to_owned),
                    line: *line,
                    missing: 0,
                });
                if missing > told.number.saturating_sub(told.after).saturating_sub(1) {
                    (told.after, told.number, told.line) = (last, *number, *line);
                    told.sheet = sheet.as_deref().map(str::to_owned);
                }
                told.missing = told.missing.saturating_add(missing);
            }
            last = last.max(*number);
        }
        jump
    }
}

/// Year and place of a number that follows the organ's own pattern. Treats full-width characters as half-width.
pub(in crate::office) fn own_place(pattern: &str, number: &str) -> Option<(i32, i64)> {
    place_of(&half_width(pattern), &half_width(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_gap_is_told_and_all_that_is_missing_counted() {
        let mut series = Series::new("{year}-{seq}", "{year}/{seq}");
        series.set_before((SeriesKind::Registration, 2024), 3);
        let place = |number: &str| series.place(SeriesKind::Registration, number).unwrap();
        let places = ["2024-1", "2024-4", "2024-6", "2024-10"].map(place);
        for (place, line) in places.into_iter().zip(2..) {
            series.give(&[place], &(None, line));
        }
        let jumps = series.jumps();
        assert_eq!(jumps.len(), 1);
        assert_eq!((jumps[0].after, jumps[0].number, jumps[0].line, jumps[0].missing), (6, 10, 5, 4));
    }
}
