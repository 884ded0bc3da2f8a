//! A second, deliberately slow reading of the law for the tests: one day after the other, straight from the files.

use chrono::{Datelike, NaiveDate, Weekday};
use std::collections::HashSet;
use std::sync::LazyLock;

struct Files {
    off: HashSet<NaiveDate>,
    work: HashSet<NaiveDate>,
}

static FILES: LazyLock<Files> = LazyLock::new(|| {
    let mut files = Files { off: HashSet::new(), work: HashSet::new() };
    for year in 2008..=2026 {
        let path = format!("{}/config/calendar/cn-{year}.json", env!("CARGO_MANIFEST_DIR"));
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        files.off.extend(json["off"].as_array().unwrap().iter().map(|day| d(day["date"].as_str().unwrap())));
        files.work.extend(json["work"].as_array().unwrap().iter().map(|day| d(day.as_str().unwrap())));
    }
    files
});

pub(in crate::law) fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// None outside 2008-2026.
pub(in crate::law) fn works(day: NaiveDate) -> Option<bool> {
    let rest = FILES.off.contains(&day) || matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    (2008..=2026).contains(&day.year()).then(|| FILES.work.contains(&day) || !rest)
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
