//! A second, deliberately slow reading of the law for the tests: one day after the other, straight from the notices.

use crate::law::calendar::EMBEDDED;
use chrono::{Datelike, NaiveDate, Weekday};
use std::collections::HashSet;
use std::sync::LazyLock;

struct Notices {
    off: HashSet<NaiveDate>,
    work: HashSet<NaiveDate>,
}

static NOTICES: LazyLock<Notices> = LazyLock::new(|| {
    let mut notices = Notices { off: HashSet::new(), work: HashSet::new() };
    for text in EMBEDDED {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        notices.off.extend(json["off"].as_array().unwrap().iter().map(|day| d(day["date"].as_str().unwrap())));
        notices.work.extend(json["work"].as_array().unwrap().iter().map(|day| d(day.as_str().unwrap())));
    }
    notices
});

pub(in crate::law) fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// None outside 2008-2026.
pub(in crate::law) fn works(day: NaiveDate) -> Option<bool> {
    let rest = NOTICES.off.contains(&day) || matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    (2008..=2026).contains(&day.year()).then(|| NOTICES.work.contains(&day) || !rest)
}

/// The due date of `total` working days after `start`; days in `(sent, returned]` of a stop do not count. Also how many did not.
pub(in crate::law) fn due(start: NaiveDate, total: u32, stops: &[(NaiveDate, NaiveDate)]) -> Option<(NaiveDate, u32)> {
    let (mut day, mut counted, mut excluded) = (start, 0, 0);
    while counted < total {
        day = day.succ_opt().unwrap();
        match (works(day)?, stops.iter().any(|(sent, returned)| *sent < day && day <= *returned)) {
            (true, true) => excluded += 1,
            (true, false) => counted += 1,
            (false, _) => {}
        }
    }
    Some((day, excluded))
}
